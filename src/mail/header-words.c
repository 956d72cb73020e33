/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/header-words: reads encoded words as their writers meant them.
 *
 * The hard part is adjacent words of one charset. Writers split characters between words, or leave ISO-2022-JP open at a
 * word's end and go on in the next; others end each word properly, padding included. So each word's bytes are decoded
 * from their own base64, then joined, and the JIS state is closed between two words unless the next one goes on.
 */
#include "header-words.h"

#include <string.h>

#include "mugai/base/unicode.h"
#include "mugai/mail/charset.h"
#include "mugai/mail/header.h"

#include "charset-japanese.h"
#include "charset-labels.h"

#define CHARSET_LABEL_MAX 60u
#define OVERHEAD 7u        /* of an encoded word: "=?", "?", "B", "?", "?=" */
#define WORD_BLANKS_MAX 4u /* around charset and encoding */

/* ---- shared syntax ---- */

gboolean mugai_header_is_blank (char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

const char *mugai_header_quoted_end (const char *at, const char *end) {
  for (at++; at < end; at++) {
    if (*at == '"')
      return at;
    if (*at == '\\')
      at++;
  }
  return NULL;
}

const char *mugai_header_comment_end (const char *at, const char *end) {
  gsize depth = 0;
  for (; at < end; at++) {
    if (*at == '\\')
      at++;
    else if (*at == '(')
      depth++;
    else if (*at == ')' && --depth == 0)
      return at;
  }
  return NULL;
}

void mugai_header_append_unescaped (GString *out, const char *at, const char *end) {
  for (; at < end; at++) {
    if (*at == '\\' && at + 1 < end)
      at++;
    g_string_append_c (out, *at);
  }
}

/* ---- raw bytes ---- */

static gsize fold_length (const char *at, const char *end) {
  gsize length = at[0] == '\r' ? 2 : 1;
  gsize left = (gsize) (end - at);
  if (length == 2 && (left < 2 || at[1] != '\n'))
    return 0;
  return left == length || at[length] == ' ' || at[length] == '\t' ? length : 0;
}

/* Drops the line ends of folding. Any other CR or LF stays, to be noticed and made a blank later. */
static char *unfold (const char *text) {
  const char *end = text + strlen (text);
  GString *out = g_string_sized_new ((gsize) (end - text));
  while (text < end) {
    gsize skip = *text == '\r' || *text == '\n' ? fold_length (text, end) : 0;
    if (skip == 0)
      g_string_append_c (out, *text++);
    text += skip;
  }
  return g_string_free (out, FALSE);
}

char *mugai_header_to_utf8 (const char *raw, gsize length_bytes, const char *hint, guint *odd) {
  gboolean plain = TRUE;
  for (gsize i = 0; i < length_bytes; i++) {
    if (((guint8) raw[i] & 0x80) != 0)
      *odd |= MUGAI_HEADER_ODD_RAW_8BIT;
    if (raw[i] == '\0')
      *odd |= MUGAI_HEADER_ODD_CONTROL;
    plain = plain && ((guint8) raw[i] & 0x80) == 0 && raw[i] != '\0' && raw[i] != 0x1B;
  }
  if (plain) {
    g_autofree char *copy = g_strndup (raw != NULL ? raw : "", length_bytes);
    return unfold (copy);
  }
  g_autoptr (MugaiCharsetResult) result = mugai_mail_charset_decode (raw, length_bytes, NULL, hint);
  return unfold (result->text);
}

/* ---- making safe ---- */

static gboolean is_control (gunichar c) {
  return (c < 0x20 && c != '\t') || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029;
}

static gboolean is_bidi_or_invisible (gunichar c) {
  return c == 0x061C || c == 0x200B || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E)
         || (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || c == 0x00AD || (c >= 0xE0000 && c <= 0xE007F);
}

char *mugai_header_finish (const char *text, gsize max_bytes, guint *odd) {
  for (const char *at = text; *at != '\0'; at = g_utf8_next_char (at)) {
    gunichar c = g_utf8_get_char (at);
    if (is_control (c))
      *odd |= MUGAI_HEADER_ODD_CONTROL;
    if (is_bidi_or_invisible (c))
      *odd |= MUGAI_HEADER_ODD_BIDI;
  }
  if (max_bytes != 0 && strlen (text) > max_bytes)
    *odd |= MUGAI_HEADER_ODD_LIMIT;
  return g_strstrip (mugai_unicode_make_safe (text, -1, max_bytes));
}

/* Length of the line break at @at, whatever program takes it for one; 0: none. */
static gsize line_break (const char *at) {
  if (*at >= '\n' && *at <= '\r')
    return 1;
  if (g_str_has_prefix (at, "\xC2\x85"))
    return 2;
  return g_str_has_prefix (at, "\xE2\x80\xA8") || g_str_has_prefix (at, "\xE2\x80\xA9") ? 3 : 0;
}

/* A field name and its colon. */
static gboolean begins_field (const char *at) {
  gsize length = strspn (at, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
  return length > 0 && at[length + strspn (at + length, " \t")] == ':';
}

char *mugai_header_cut_injected (char *text, guint *odd) {
  for (char *at = text; *at != '\0'; at++) {
    gsize length = line_break (at);
    if (length == 0)
      continue;
    const char *next = at + length;
    if (*at == '\r' && *next == '\n')
      next++;
    next += strspn (next, " \t");
    if (line_break (next) == 0 && !begins_field (next))
      continue;
    *odd |= MUGAI_HEADER_ODD_CONTROL;
    *at = '\0';
    break;
  }
  return text;
}

/* ---- finding words ---- */

static const char *skip_blanks (const char *at, const char *end) {
  for (guint n = 0; n < WORD_BLANKS_MAX && at < end && mugai_header_is_blank (*at); n++)
    at++;
  return at;
}

/* Reads "=?charset?B?". Returns: (nullable): where the text starts. */
static const char *read_opening (const char *at, const char *end, MugaiHeaderWord *word) {
  if (end - at < 2 || at[0] != '=' || at[1] != '?')
    return NULL;
  at = skip_blanks (at + 2, end);
  word->charset = at;
  while (at < end && *at != '?' && (guint8) *at > 0x20 && (guint8) *at < 0x7F && at - word->charset < CHARSET_LABEL_MAX)
    at++;
  word->charset_length = (gsize) (at - word->charset);
  at = skip_blanks (at, end);
  if (word->charset_length == 0 || at >= end || *at != '?')
    return NULL;
  at = skip_blanks (at + 1, end);
  word->encoding = at < end ? g_ascii_toupper (*at) : '\0';
  if (word->encoding != 'B' && word->encoding != 'Q')
    return NULL;
  at = skip_blanks (at + 1, end);
  return at < end && *at == '?' ? at + 1 : NULL;
}

static int base64_digit (char c) {
  if (c >= 'A' && c <= 'Z')
    return c - 'A';
  if (c >= 'a' && c <= 'z')
    return c - 'a' + 26;
  if (c >= '0' && c <= '9')
    return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

#define MIN_CUT_WORD_TEXT 4u

/* A field cut off by some program in the middle of its last word: all that is left is text of the encoding. */
static gboolean is_cut_off (MugaiHeaderWord *word, const char *text, const char *end) {
  gboolean escape = FALSE;
  if (end > text && end[-1] == '?')
    end--;
  for (const char *p = text; p < end; p++) {
    if (word->encoding == 'B' ? base64_digit (*p) < 0 && *p != '=' : (guint8) *p <= 0x20 || (guint8) *p >= 0x7F)
      return FALSE;
    escape = escape || *p == '=';
  }
  word->text_length = (gsize) (end - text);
  return word->text_length >= MIN_CUT_WORD_TEXT && (word->encoding == 'B' || escape);
}

/* Q text may hold raw blanks, against the rules; but another word after a blank ends the search. */
gboolean mugai_header_find_word (const char *at, const char *end, MugaiHeaderWordScan *scan, MugaiHeaderWord *word) {
  const char *text = read_opening (at, end, word);
  if (text == NULL || text < scan->no_end_before)
    return FALSE;
  word->text = text;
  for (const char *p = text; p + 1 < end; p++) {
    if (p[0] == '?' && p[1] == '=') {
      word->text_length = (gsize) (p - text);
      word->length = (gsize) (p + 2 - at);
      return TRUE;
    }
    MugaiHeaderWord next;
    if (mugai_header_is_blank (p[0]) && read_opening (p + 1, end, &next) != NULL) {
      scan->no_end_before = p;
      return FALSE;
    }
  }
  scan->no_end_before = end;
  if (!is_cut_off (word, text, end))
    return FALSE;
  word->length = (gsize) (end - at);
  return TRUE;
}

/* ---- B and Q ---- */

/* TRUE when @text cannot be a whole base64 text: one digit too many, or bits left over that an encoder sets to 0. */
static gboolean is_cut_base64 (const char *text, gsize length) {
  guint digits = 0;
  int last = 0;
  for (gsize i = 0; i < length && text[i] != '='; i++) {
    int digit = base64_digit (text[i]);
    digits += digit >= 0 ? 1 : 0;
    last = digit >= 0 ? digit : last;
  }
  return digits % 4 == 1 || (digits % 4 == 2 && (last & 15) != 0) || (digits % 4 == 3 && (last & 3) != 0);
}

/* Goes on after padding: a reader that does so too would see that text. Returns: FALSE when it was not strict. */
static gboolean decode_base64 (const char *text, gsize length, GString *out) {
  gboolean strict = TRUE, padded = FALSE;
  guint32 bits = 0;
  guint count = 0, digits = 0;
  for (gsize i = 0; i < length; i++) {
    int digit = base64_digit (text[i]);
    if (digit < 0) {
      strict = strict && text[i] == '=';
      padded = padded || text[i] == '=';
      digits += text[i] == '=' ? 1 : 0;
      count = text[i] == '=' ? 0 : count;
      continue;
    }
    strict = strict && !padded;
    bits = bits << 6 | (guint32) digit;
    digits++;
    if (++count % 4 == 0)
      count = 0;
    if (count != 1)
      g_string_append_c (out, (char) (bits >> (count == 2 ? 4 : count == 3 ? 2 : 0)));
  }
  return strict && digits % 4 == 0;
}

static gboolean decode_q (const char *text, gsize length, GString *out) {
  gboolean strict = TRUE;
  for (gsize i = 0; i < length; i++) {
    if (text[i] == '=' && i + 2 < length && g_ascii_isxdigit (text[i + 1]) && g_ascii_isxdigit (text[i + 2])) {
      g_string_append_c (out, (char) (g_ascii_xdigit_value (text[i + 1]) << 4 | g_ascii_xdigit_value (text[i + 2])));
      i += 2;
      continue;
    }
    strict = strict && text[i] != '=' && !mugai_header_is_blank (text[i]);
    g_string_append_c (out, text[i] == '_' ? ' ' : text[i]);
  }
  return strict;
}

/* ---- groups of adjacent words of one charset ---- */

typedef struct {
  GString *out;
  GArray *words; /* of MugaiHeaderWord: the group being collected */
  const char *hint;
  guint *odd;
} Decoder;

static gboolean decode_word_bytes (const MugaiHeaderWord *word, GString *out) {
  return word->encoding == 'B' ? decode_base64 (word->text, word->text_length, out)
                               : decode_q (word->text, word->text_length, out);
}

static const MugaiHeaderWord *group_word (const Decoder *decoder, guint i) {
  return &g_array_index (decoder->words, MugaiHeaderWord, i);
}

/* For each word: does it go on in the set that the one before it left open? A word without an escape does what the
 * first later word with one does. */
static gboolean *find_continuations (GPtrArray *parts) {
  gboolean *continues = g_new0 (gboolean, parts->len + 1);
  for (guint i = parts->len; i-- > 0;) {
    const GString *part = g_ptr_array_index (parts, i);
    gboolean has_escape = memchr (part->str, 0x1B, part->len) != NULL;
    continues[i] = has_escape ? mugai_charset_jis_continues (part->str, part->len)
                              : continues[i + 1] || mugai_charset_reads_as_pairs (part->str, part->len);
  }
  return continues;
}

/* An escape sequence cut by a word's end belongs to the next word. */
static void mend_cut_escapes (GPtrArray *parts) {
  for (guint i = 0; i + 1 < parts->len; i++) {
    GString *part = g_ptr_array_index (parts, i);
    GString *next = g_ptr_array_index (parts, i + 1);
    gsize tail = mugai_charset_jis_cut_escape (part->str, part->len);
    g_string_prepend_len (next, part->str + part->len - tail, (gssize) tail);
    g_string_truncate (part, part->len - tail);
  }
}

static MugaiJisEnd find_jis_end (const GString *part) {
  MugaiCharsetSink sink = { g_string_new (NULL), 0, 0 };
  MugaiJisEnd end = mugai_charset_decode_iso_2022_jp (part->str, part->len, &sink);
  g_string_free (sink.text, TRUE);
  return end;
}

static void free_string (gpointer string) {
  g_string_free (string, TRUE);
}

static GString *join_jis (GPtrArray *parts) {
  GString *joined = g_string_new (NULL);
  mend_cut_escapes (parts);
  g_autofree gboolean *continues = find_continuations (parts);
  for (guint i = 0; i < parts->len; i++) {
    const GString *part = g_ptr_array_index (parts, i);
    g_string_append_len (joined, part->str, (gssize) part->len);
    if (i + 1 < parts->len && !continues[i + 1] && find_jis_end (part) == MUGAI_JIS_OPEN)
      g_string_append (joined, "\x1B(B");
  }
  return joined;
}

static GString *join_bytes (const Decoder *decoder, gboolean is_jis) {
  g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func (free_string);
  for (guint i = 0; i < decoder->words->len; i++) {
    GString *part = g_string_new (NULL);
    g_ptr_array_add (parts, part);
    if (!decode_word_bytes (group_word (decoder, i), part))
      *decoder->odd |= MUGAI_HEADER_ODD_BAD_WORD;
  }
  if (is_jis)
    return join_jis (parts);
  GString *joined = g_string_new (NULL);
  for (guint i = 0; i < parts->len; i++) {
    const GString *part = g_ptr_array_index (parts, i);
    g_string_append_len (joined, part->str, (gssize) part->len);
  }
  return joined;
}

/* Some writers cut one base64 stream anywhere: a quantum goes on in the next word. NULL when this is none of those. */
static GString *join_base64 (const Decoder *decoder) {
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < decoder->words->len; i++) {
    const MugaiHeaderWord *word = group_word (decoder, i);
    if (word->encoding != 'B')
      return NULL;
    g_string_append_len (text, word->text, (gssize) word->text_length);
  }
  GString *joined = g_string_new (NULL);
  if (decode_base64 (text->str, text->len, joined))
    return joined;
  g_string_free (joined, TRUE);
  return NULL;
}

static gboolean has_cut_word (const Decoder *decoder) {
  for (guint i = 0; i < decoder->words->len; i++) {
    const MugaiHeaderWord *word = group_word (decoder, i);
    if (word->encoding == 'B' && is_cut_base64 (word->text, word->text_length))
      return TRUE;
  }
  return FALSE;
}

static MugaiCharsetResult *decode_group (const Decoder *decoder, const char *label) {
  const MugaiCodec *codec = mugai_charset_find_codec (label);
  g_autoptr (GString) joined = join_bytes (decoder, codec != NULL && codec->kind == MUGAI_CODEC_ISO_2022_JP);
  if (memchr (joined->str, '\0', joined->len) != NULL)
    *decoder->odd |= MUGAI_HEADER_ODD_CONTROL;
  g_autoptr (MugaiCharsetResult) result = mugai_mail_charset_decode (joined->str, joined->len, label, decoder->hint);
  gboolean cut = decoder->words->len > 1 && has_cut_word (decoder);
  if ((result->outcome == MUGAI_CHARSET_OK && !cut) || result->outcome == MUGAI_CHARSET_REFUSED
      || decoder->words->len < 2)
    return g_steal_pointer (&result);
  g_autoptr (GString) stream = join_base64 (decoder);
  if (stream == NULL)
    return g_steal_pointer (&result);
  MugaiCharsetResult *second = mugai_mail_charset_decode (stream->str, stream->len, label, decoder->hint);
  if (second->outcome == MUGAI_CHARSET_OK)
    return second;
  mugai_charset_result_free (second);
  return g_steal_pointer (&result);
}

static void flush_group (Decoder *decoder) {
  if (decoder->words->len == 0)
    return;
  const MugaiHeaderWord *first = group_word (decoder, 0);
  g_autofree char *label = g_strndup (first->charset, first->charset_length);
  g_autoptr (MugaiCharsetResult) result = decode_group (decoder, label);
  if (result->outcome == MUGAI_CHARSET_REFUSED) {
    *decoder->odd |= MUGAI_HEADER_ODD_REFUSED_CHARSET;
    g_string_append_unichar (decoder->out, MUGAI_CHARSET_REPLACEMENT);
  } else if (result->outcome != MUGAI_CHARSET_OK)
    *decoder->odd |= MUGAI_HEADER_ODD_BAD_WORD;
  g_string_append (decoder->out, result->text);
  g_array_set_size (decoder->words, 0);
}

static gboolean same_charset (const MugaiHeaderWord *a, const MugaiHeaderWord *b) {
  const char *star_a = memchr (a->charset, '*', a->charset_length),
             *star_b = memchr (b->charset, '*', b->charset_length);
  gsize length_a = star_a != NULL ? (gsize) (star_a - a->charset) : a->charset_length;
  gsize length_b = star_b != NULL ? (gsize) (star_b - b->charset) : b->charset_length;
  return length_a == length_b && g_ascii_strncasecmp (a->charset, b->charset, length_a) == 0;
}

static void add_word (Decoder *decoder, const MugaiHeaderWord *word) {
  if (decoder->words->len != 0 && !same_charset (group_word (decoder, 0), word))
    flush_group (decoder);
  gsize strict_length = word->charset_length + word->text_length + OVERHEAD;
  if (word->length != strict_length) /* blanks in the opening */
    *decoder->odd |= MUGAI_HEADER_ODD_BAD_WORD;
  g_array_append_val (decoder->words, *word);
}

char *mugai_header_decode_words (const char *text, gsize length_bytes, const char *hint, guint *odd) {
  mugai_mail_charset_init ();
  g_autoptr (GArray) words = g_array_new (FALSE, FALSE, sizeof (MugaiHeaderWord));
  Decoder decoder = { g_string_sized_new (length_bytes), words, hint, odd };
  MugaiHeaderWordScan scan = { NULL };
  const char *end = text + length_bytes, *blanks = text;
  for (const char *at = text; at < end;) {
    MugaiHeaderWord word;
    if (mugai_header_find_word (at, end, &scan, &word)) {
      if (words->len == 0) /* the blanks between two words are not text */
        g_string_append_len (decoder.out, blanks, at - blanks);
      add_word (&decoder, &word);
      at += word.length;
      blanks = at;
    } else if (mugai_header_is_blank (*at)) {
      at++;
    } else {
      flush_group (&decoder);
      at++;
      g_string_append_len (decoder.out, blanks, at - blanks);
      blanks = at;
    }
  }
  flush_group (&decoder);
  g_string_append_len (decoder.out, blanks, end - blanks);
  return g_string_free (decoder.out, FALSE);
}
