/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/charset-japanese: our own decoders of the ISO-2022-JP, Shift_JIS and EUC-JP families.
 *
 * CP932 semantics throughout, as the programs that wrote the mail had them. Each decoder takes any bytes, never fails,
 * is linear, and spends one replacement character on one bad character. Threads: any, after
 * mugai_charset_japanese_init ().
 */
#pragma once

#include <glib.h>

/* Where decoded text goes. A NUL in the bytes arrives here as NUL. */
typedef struct {
  GString *text;
  guint bad;  /* characters that became U+FFFD */
  guint geta; /* user-defined characters that became 〓 */
} MugaiCharsetSink;

typedef enum { MUGAI_EMOJI_ANY, MUGAI_EMOJI_KDDI, MUGAI_EMOJI_SOFTBANK } MugaiEmojiCarrier;

/* How an ISO-2022-JP text ended. */
typedef enum {
  MUGAI_JIS_CLOSED,  /* in ASCII, as it must */
  MUGAI_JIS_OPEN,    /* in another set, after a whole character */
  MUGAI_JIS_DANGLING /* after the first byte of a pair */
} MugaiJisEnd;

#define MUGAI_CHARSET_REPLACEMENT 0xFFFDu
#define MUGAI_CHARSET_GETA 0x3013u

/** mugai_charset_japanese_init: fills the tables from iconv's CP932, EUC-JP-MS and others; once, before use. */
void mugai_charset_japanese_init (void);

MugaiJisEnd mugai_charset_decode_iso_2022_jp (const char *bytes, gsize length_bytes, MugaiCharsetSink *sink);
void mugai_charset_decode_cp932 (const char *bytes, gsize length_bytes, MugaiCharsetSink *sink);
void mugai_charset_decode_cp51932 (const char *bytes, gsize length_bytes, MugaiCharsetSink *sink);

/** mugai_charset_has_jis_escape: TRUE when @bytes hold an escape sequence that leads out of ASCII to a Japanese set. */
gboolean mugai_charset_has_jis_escape (const char *bytes, gsize length_bytes);

/** mugai_charset_jis_continues: TRUE when @bytes go on in a set that an earlier word opened: they return to
 * ASCII before they leave it. */
gboolean mugai_charset_jis_continues (const char *bytes, gsize length_bytes);

/** mugai_charset_reads_as_pairs: TRUE when @bytes, which hold no escape, are kana and common kanji if taken as JIS pairs: hardly ASCII. */
gboolean mugai_charset_reads_as_pairs (const char *bytes, gsize length_bytes);

/** mugai_charset_jis_cut_escape: how many bytes at the end are the beginning of an escape sequence. */
gsize mugai_charset_jis_cut_escape (const char *bytes, gsize length_bytes);

/** mugai_charset_is_common_kanji: TRUE for the 2,965 kanji of JIS level 1. */
gboolean mugai_charset_is_common_kanji (gunichar character);

/** mugai_charset_emoji: appends what the carrier's Shift_JIS @code means; FALSE when nobody knows. */
gboolean mugai_charset_emoji (guint code, MugaiEmojiCarrier carrier, GString *text);

/** mugai_charset_restore_escapes: (transfer full) (nullable): ISO-2022-JP whose ESC bytes some gateway stripped, with them: "$B" and
 * "(B" around what reads as kana and kanji. NULL when there is none of it. */
GString *mugai_charset_restore_escapes (const char *bytes, gsize length_bytes);
