/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/rtf: see rtf.h. One pass over groups, control words and text. Bytes (raw or \'hh) are collected until something else
 * comes and decoded together: a double-byte character may be written as two \'hh, or as one and a letter.
 */
#include "rtf.h"

#include <string.h>

#include "mugai/mail/charset.h"

typedef struct {
  gboolean skip;  /* inside a destination that is no text */
  guint fallback; /* characters that follow \u for older readers: \ucN */
  guint font;     /* index of the font in use */
} Group;

typedef struct {
  const char *at, *end;
  GString *out, *bytes;      /* UTF-8; bytes not yet decoded */
  const char *bytes_charset; /* of those */
  const char *charset;       /* of the document */
  GHashTable *fonts;         /* font number -> charset (static string) */
  gboolean in_fonts;
  guint fonts_depth;
  Group stack[RTF_MAX_DEPTH];
  guint depth;   /* of open groups; above the limit only counted */
  guint to_skip; /* characters left to drop after \u */
  gunichar high; /* first half of a surrogate pair, or 0 */
} Rtf;

static Group *group (Rtf *rtf) {
  return &rtf->stack[MIN (rtf->depth, RTF_MAX_DEPTH - 1)];
}

/* ---- characters ---- */

static const char *charset_of_codepage (int codepage) {
  static const struct {
    int codepage;
    const char *charset;
  } known[] = { { 932, "cp932" },         { 936, "gbk" },           { 949, "euc-kr" },        { 950, "big5" },
                { 1250, "windows-1250" }, { 1251, "windows-1251" }, { 1252, "windows-1252" }, { 1253, "windows-1253" },
                { 1254, "windows-1254" }, { 65001, "utf-8" } };
  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    if (known[i].codepage == codepage)
      return known[i].charset;
  return NULL;
}

static const char *charset_of_font (int number) {
  switch (number) {
  case 128:
    return "cp932";
  case 129:
    return "euc-kr";
  case 134:
    return "gbk";
  case 136:
    return "big5";
  case 204:
    return "windows-1251";
  case 238:
    return "windows-1250";
  default:
    return NULL;
  }
}

static const char *current_charset (Rtf *rtf) {
  const char *of_font = g_hash_table_lookup (rtf->fonts, GUINT_TO_POINTER (group (rtf)->font + 1));
  return of_font != NULL ? of_font : rtf->charset;
}

static void flush (Rtf *rtf) {
  if (rtf->bytes->len == 0)
    return;
  g_autoptr (MugaiCharsetResult) decoded =
      mugai_mail_charset_decode (rtf->bytes->str, rtf->bytes->len, rtf->bytes_charset, NULL);
  g_string_append (rtf->out, decoded->text);
  g_string_truncate (rtf->bytes, 0);
}

static void put_byte (Rtf *rtf, char byte) {
  if (group (rtf)->skip)
    return;
  if (rtf->to_skip > 0) {
    rtf->to_skip--;
    return;
  }
  const char *charset = current_charset (rtf);
  if (rtf->bytes->len > 0 && g_strcmp0 (charset, rtf->bytes_charset) != 0)
    flush (rtf);
  rtf->bytes_charset = charset;
  g_string_append_c (rtf->bytes, byte);
}

static void put_text (Rtf *rtf, const char *text) {
  if (group (rtf)->skip)
    return;
  flush (rtf);
  g_string_append (rtf->out, text);
}

static void put_unicode (Rtf *rtf, int value) {
  gunichar unit = (gunichar) (value < 0 ? value + 65536 : value) & 0xFFFF;
  Group *now = group (rtf);
  rtf->to_skip = now->fallback;
  if (now->skip)
    return;
  flush (rtf);
  if (unit >= 0xD800 && unit < 0xDC00) {
    rtf->high = unit;
    return;
  }
  if (unit >= 0xDC00 && unit < 0xE000)
    unit = rtf->high != 0 ? 0x10000 + ((rtf->high - 0xD800) << 10) + (unit - 0xDC00) : 0xFFFD;
  rtf->high = 0;
  if (unit != 0)
    g_string_append_unichar (rtf->out, unit);
}

/* ---- control words ---- */

static gboolean is_silent_destination (const char *word) {
  static const char *const silent[] = { "fonttbl",   "colortbl", "stylesheet", "info",      "pict",      "object",
                                        "header",    "headerl",  "headerr",    "headerf",   "footer",    "footerl",
                                        "footerr",   "footerf",  "fldinst",    "themedata", "datastore", "listtable",
                                        "listtext",  "xmlnstbl", "rsidtbl",    "generator", "filetbl",   "revtbl",
                                        "bkmkstart", "bkmkend",  "nonshppict", "template",  NULL };
  return g_strv_contains (silent, word);
}

static void open_silent (Rtf *rtf, const char *word) {
  flush (rtf);
  group (rtf)->skip = TRUE;
  if (g_str_equal (word, "fonttbl")) {
    rtf->in_fonts = TRUE;
    rtf->fonts_depth = rtf->depth;
  }
}

static const char *plain_text_of (const char *word) {
  static const struct {
    const char *word, *text;
  } plain[] = { { "par", "\n" },      { "line", "\n" },   { "sect", "\n" },        { "page", "\n" },
                { "row", "\n" },      { "cell", "\t" },   { "tab", "\t" },         { "emdash", "—" },
                { "endash", "–" },    { "lquote", "‘" },  { "rquote", "’" },       { "ldblquote", "“" },
                { "rdblquote", "”" }, { "bullet", "・" }, { "emspace", "\u3000" }, { "enspace", " " } };
  for (guint i = 0; i < G_N_ELEMENTS (plain); i++)
    if (g_str_equal (word, plain[i].word))
      return plain[i].text;
  return NULL;
}

static void obey (Rtf *rtf, const char *word, gboolean has_number, int number) {
  const char *text = plain_text_of (word);
  if (text != NULL) {
    put_text (rtf, text);
  } else if (g_str_equal (word, "u") && has_number) {
    put_unicode (rtf, number);
  } else if (g_str_equal (word, "uc") && has_number) {
    group (rtf)->fallback = (guint) CLAMP (number, 0, 16);
  } else if (g_str_equal (word, "f") && has_number) {
    group (rtf)->font = (guint) CLAMP (number, 0, 1000000);
  } else if (g_str_equal (word, "ansicpg") && has_number) {
    const char *charset = charset_of_codepage (number);
    rtf->charset = charset != NULL ? charset : rtf->charset;
  } else if (g_str_equal (word, "fcharset") && rtf->in_fonts && g_hash_table_size (rtf->fonts) < RTF_MAX_FONTS) {
    g_hash_table_insert (rtf->fonts, GUINT_TO_POINTER (group (rtf)->font + 1), (gpointer) charset_of_font (number));
  } else if (g_str_equal (word, "bin") && number > 0) {
    rtf->at += MIN ((gsize) number, (gsize) (rtf->end - rtf->at));
  } else if (is_silent_destination (word)) {
    open_silent (rtf, word);
  }
}

/* Behind the backslash: a word with its number, or a sign. */
static void read_control (Rtf *rtf) {
  char word[33];
  guint length = 0;
  while (rtf->at < rtf->end && g_ascii_isalpha (*rtf->at)) {
    if (length < sizeof word - 1)
      word[length++] = *rtf->at;
    rtf->at++;
  }
  word[length] = '\0';
  gboolean minus = rtf->at < rtf->end && *rtf->at == '-', has_number = FALSE;
  int number = 0;
  if (minus)
    rtf->at++;
  for (; rtf->at < rtf->end && g_ascii_isdigit (*rtf->at); rtf->at++) {
    number = number < 100000000 ? number * 10 + *rtf->at - '0' : number;
    has_number = TRUE;
  }
  if (rtf->at < rtf->end && *rtf->at == ' ')
    rtf->at++;
  obey (rtf, word, has_number, minus ? -number : number);
}

static void read_sign (Rtf *rtf) {
  char sign = *rtf->at++;
  if (sign == '\'' && rtf->end - rtf->at >= 2 && g_ascii_isxdigit (rtf->at[0]) && g_ascii_isxdigit (rtf->at[1])) {
    put_byte (rtf, (char) (g_ascii_xdigit_value (rtf->at[0]) * 16 + g_ascii_xdigit_value (rtf->at[1])));
    rtf->at += 2;
  } else if (sign == '*') { /* a destination that not every reader knows: we know none of them */
    flush (rtf);
    group (rtf)->skip = TRUE;
  } else if (sign == '~') {
    put_text (rtf, " ");
  } else if (sign == '_') {
    put_text (rtf, "-");
  } else if (sign == '\\' || sign == '{' || sign == '}') {
    put_byte (rtf, sign);
  } else if (sign == '\n' || sign == '\r') {
    put_text (rtf, "\n");
  }
}

static void open_group (Rtf *rtf) {
  Group inherited = *group (rtf);
  flush (rtf);
  rtf->to_skip = 0;
  rtf->depth++;
  *group (rtf) = inherited;
}

static void close_group (Rtf *rtf) {
  flush (rtf);
  rtf->to_skip = 0;
  if (rtf->in_fonts && rtf->depth == rtf->fonts_depth)
    rtf->in_fonts = FALSE;
  rtf->depth -= rtf->depth > 0 ? 1 : 0;
}

char *rtf_to_text (const char *data, gsize length_bytes, const char *charset) {
  g_autofree Rtf *rtf = g_new0 (Rtf, 1);
  rtf->at = data;
  rtf->end = data + length_bytes;
  rtf->out = g_string_new (NULL);
  rtf->bytes = g_string_new (NULL);
  rtf->charset = charset;
  rtf->fonts = g_hash_table_new (NULL, NULL);
  rtf->stack[0].fallback = 1;
  while (rtf->at < rtf->end) {
    char c = *rtf->at++;
    if (c == '{')
      open_group (rtf);
    else if (c == '}')
      close_group (rtf);
    else if (c == '\\' && rtf->at < rtf->end && g_ascii_isalpha (*rtf->at))
      read_control (rtf);
    else if (c == '\\' && rtf->at < rtf->end)
      read_sign (rtf);
    else if (c != '\r' && c != '\n' && c != '\0')
      put_byte (rtf, c);
  }
  flush (rtf);
  g_string_free (rtf->bytes, TRUE);
  g_hash_table_unref (rtf->fonts);
  return g_string_free (rtf->out, FALSE);
}
