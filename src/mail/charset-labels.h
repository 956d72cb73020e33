/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/charset-labels: which label means which decoder, which are refused, and the iconv converters.
 *
 * The allow-list of charsets is the table in the source; whatever is not in it is unknown (and then detected from the
 * bytes) or refused. Threads: any, after mugai_charset_labels_init ().
 */
#pragma once

#include <glib.h>

#include "charset-japanese.h"

typedef enum {
  MUGAI_CODEC_ASCII, /* a label that promises nothing: us-ascii, unknown-8bit, default_charset */
  MUGAI_CODEC_UTF8,
  MUGAI_CODEC_ISO_2022_JP,
  MUGAI_CODEC_CP932,
  MUGAI_CODEC_CP51932,
  MUGAI_CODEC_ICONV_SINGLE, /* one byte, one character */
  MUGAI_CODEC_ICONV_MULTI
} MugaiCodecKind;

typedef struct {
  MugaiCodecKind kind;
  const char *name;    /* canonical, lower case, static */
  const char *iconv;   /* what iconv calls it; NULL for our own decoders */
  const char *aliases; /* squeezed labels (lower case letters and digits only), separated by blanks */
} MugaiCodec;

void mugai_charset_labels_init (void);

/** mugai_charset_find_codec: Returns: (nullable): NULL when @label is NULL, empty, unknown or refused. */
const MugaiCodec *mugai_charset_find_codec (const char *label);

/** mugai_charset_codec: the codec of our own decoder of @kind, or windows-1252 for _ICONV_SINGLE. */
const MugaiCodec *mugai_charset_codec (MugaiCodecKind kind);

/** mugai_charset_label_is_refused: see mugai_mail_charset_is_refused (). */
gboolean mugai_charset_label_is_refused (const char *label);

/** mugai_charset_label_says_nothing: TRUE when @label is NULL, unknown or one like us-ascii: no charset of these bytes follows. */
gboolean mugai_charset_label_says_nothing (const char *label);

/** mugai_charset_run_iconv: decodes with the converter opened at init, one thread at a time for each codec. */
void mugai_charset_run_iconv (const MugaiCodec *codec, const char *bytes, gsize length_bytes, MugaiCharsetSink *sink);
