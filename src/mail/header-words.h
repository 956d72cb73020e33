/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/header-words: encoded words (RFC 2047), and what the header readers share.
 *
 * A raw field is first brought to UTF-8 as a whole; only then is it parsed. So no byte inside a Shift_JIS or JIS
 * character is ever taken for a quote, a backslash or a parenthesis. Pure functions: any thread.
 */
#pragma once

#include <glib.h>

/* One encoded word; the pointers go into the text it was found in. */
typedef struct {
  const char *charset;
  gsize charset_length;
  const char *text;
  gsize text_length;
  gsize length;  /* of the whole word, "=?" to "?=" */
  char encoding; /* 'B' or 'Q' */
} MugaiHeaderWord;

/* Remembers where a search failed, so that hostile input is searched once. Start with { NULL }. */
typedef struct {
  const char *no_end_before;
} MugaiHeaderWordScan;

/** mugai_header_find_word: TRUE when an encoded word starts at @at. Liberal: blanks around charset and encoding. */
gboolean mugai_header_find_word (const char *at, const char *end, MugaiHeaderWordScan *scan, MugaiHeaderWord *word);

/** mugai_header_to_utf8: Returns: (transfer full): @raw unfolded, in valid UTF-8 without NUL; encoded words stay. */
char *mugai_header_to_utf8 (const char *raw, gsize length_bytes, const char *hint, guint *odd);

/** mugai_header_decode_words: Returns: (transfer full): @text (UTF-8) with its encoded words decoded; NOT safe yet. */
char *mugai_header_decode_words (const char *text, gsize length_bytes, const char *hint, guint *odd);

/** mugai_header_cut_injected: (transfer none): @text, cut where decoding brought forth a line break with an empty line or another field
 * behind it: that was never part of this field. A line break in mere words stays, to become a blank. Notes the control. */
char *mugai_header_cut_injected (char *text, guint *odd);

/** mugai_header_finish: @text made safe and stripped of blanks at its ends; notes controls, bidi and the limit
 * (@max_bytes, 0: none). Returns: (transfer full). */
char *mugai_header_finish (const char *text, gsize max_bytes, guint *odd);

/** mugai_header_is_blank: a blank of header syntax: space, TAB, CR or LF. */
gboolean mugai_header_is_blank (char c);

/** mugai_header_quoted_end: @at is a '"'. Returns: (nullable): its closing quote, or NULL when there is none. */
const char *mugai_header_quoted_end (const char *at, const char *end);

/** mugai_header_comment_end: @at is a '('. Returns: (nullable): its closing parenthesis; nesting is counted. */
const char *mugai_header_comment_end (const char *at, const char *end);

/** mugai_header_append_unescaped: appends [@at, @end) without the backslashes of quoted pairs. */
void mugai_header_append_unescaped (GString *out, const char *at, const char *end);
