/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/encoding: transfer encodings read strictly, and what more lenient readers would make of the same bytes.
 *
 * Never fails: what is not strict comes back as a lenient reading, marked. Linear time. Pure; any thread.
 */
#pragma once

#include <glib.h>

typedef struct {
  GBytes *content;  /* never NULL; the strict reading, or (strict is FALSE) that of the most generous reader */
  gboolean strict;  /* every strict reader gets @content */
  gboolean odd;     /* not as the RFC wants it: always when not strict; also base64 that only lacks its padding */
  GPtrArray *views; /* of GBytes: readings of other readers that differ from @content and each other; may be empty */
} MugaiDecoded;

void mugai_decoded_free (MugaiDecoded *decoded);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiDecoded, mugai_decoded_free)

/** mugai_encoding_base64: RFC 2045 6.8; line breaks and blanks anywhere are allowed, any other stranger is not. */
MugaiDecoded *mugai_encoding_base64 (const char *data, gsize length_bytes);

/** mugai_encoding_quoted_printable: RFC 2045 6.7; lower-case digits, long lines and raw 8-bit are let pass (all read them alike). */
MugaiDecoded *mugai_encoding_quoted_printable (const char *data, gsize length_bytes);

/** mugai_encoding_add_view: (transfer full) @view: adds it unless it is empty, @content, or already there. */
void mugai_encoding_add_view (GPtrArray *views, GBytes *content, GBytes *view);

/** mugai_encoding_base64_generous: (transfer full): what the most generous reader gets, strict or not. */
GByteArray *mugai_encoding_base64_generous (const char *data, gsize length_bytes);

/** mugai_encoding_base64_value: 0..63, or -1 for what is not in the alphabet ('=' neither). */
int mugai_encoding_base64_value (guchar c);

/* ---- encodings inside text ---- */

typedef enum {
  MUGAI_IN_BODY_UUENCODE,
  MUGAI_IN_BODY_YENC,
  MUGAI_IN_BODY_BINHEX,
  MUGAI_IN_BODY_BASE64,
  MUGAI_IN_BODY_ASCII85,
  MUGAI_IN_BODY_QUOTED_PRINTABLE,
  MUGAI_IN_BODY_ARMOUR /* base64 below "-----BEGIN …": a signature, key or certificate; no reader opens it */
} MugaiInBodyKind;

typedef struct {
  MugaiInBodyKind kind;
  gsize start, end; /* of the block within the text; whole lines, but for a data: URI or a long word of base64 */
  GBytes *decoded;  /* what a reader that honours it gets */
} MugaiInBody;

void mugai_in_body_free (MugaiInBody *block);

/**
 * mugai_encoding_find_in_body:
 * @text: lines ended by LF or CRLF, any bytes
 *
 * Blocks of uuencode, yEnc, BinHex, base64 (bare, below a quoted MIME header, in a data: URI, or a long word that is no URL),
 * ascii85, and lines that are mostly escapes of quoted-printable. Linear time.
 *
 * Returns: (transfer full) (element-type MugaiInBody): in order, not overlapping.
 */
GPtrArray *mugai_encoding_find_in_body (const char *text, gsize length_bytes);

/** mugai_encoding_add_blocks: adds what each of @blocks (of MugaiInBody) decodes to; of very many, the later ones as one view. */
void mugai_encoding_add_blocks (GPtrArray *views, GBytes *content, const GPtrArray *blocks);
