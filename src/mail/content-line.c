/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/content-line: see content-line.h. Unfolding and quoted-printable's soft breaks first, then name, parameters and value by
 * one pass; a value is decoded only when somebody asks for it.
 */
#include "content-line.h"

#include <string.h>

#include "mugai/base/unicode.h"
#include "mugai/mail/charset.h"

void content_reader_init (ContentReader *reader, const char *text, gsize length_bytes) {
  reader->at = text;
  reader->end = text + length_bytes;
}

void content_line_clear (ContentLine *line) {
  g_clear_pointer (&line->name, g_free);
  g_clear_pointer (&line->names, g_ptr_array_unref);
  g_clear_pointer (&line->values, g_ptr_array_unref);
  g_clear_pointer (&line->value, g_free);
}

/* ---- unfolding ---- */

/* One physical line without its end. FALSE at the end of the text. */
static gboolean take_line (ContentReader *reader, const char **ret_start, gsize *ret_length) {
  if (reader->at >= reader->end)
    return FALSE;
  const char *lf = memchr (reader->at, '\n', (gsize) (reader->end - reader->at));
  const char *stop = lf != NULL ? lf : reader->end;
  *ret_start = reader->at;
  *ret_length = (gsize) (stop - reader->at);
  if (*ret_length > 0 && stop[-1] == '\r')
    (*ret_length)--;
  reader->at = lf != NULL ? lf + 1 : reader->end;
  return TRUE;
}

static void append_bounded (GString *line, const char *start, gsize length) {
  if (line->len < CONTENT_LINE_MAX_BYTES)
    g_string_append_len (line, start, (gssize) MIN (length, CONTENT_LINE_MAX_BYTES - line->len));
}

static gboolean says_quoted_printable (const GString *line) {
  const char *colon = strchr (line->str, ':');
  g_autofree char *head = g_ascii_strup (line->str, colon != NULL ? colon - line->str : (gssize) line->len);
  return strstr (head, "QUOTED-PRINTABLE") != NULL;
}

/* One logical line. */
static GString *unfold (ContentReader *reader) {
  const char *start;
  gsize length;
  if (!take_line (reader, &start, &length))
    return NULL;
  GString *line = g_string_new (NULL);
  append_bounded (line, start, length);
  gboolean soft = length > 0 && start[length - 1] == '=' && says_quoted_printable (line);
  while (reader->at < reader->end && (soft || *reader->at == ' ' || *reader->at == '\t')) {
    if (soft && line->len > 0 && line->len < CONTENT_LINE_MAX_BYTES)
      g_string_truncate (line, line->len - 1);
    (void) take_line (reader, &start, &length);
    gboolean blank = length > 0 && (*start == ' ' || *start == '\t');
    append_bounded (line, start + (blank ? 1 : 0), length - (blank ? 1 : 0));
    soft = soft && length > 0 && start[length - 1] == '=';
  }
  return line;
}

/* ---- name, parameters, value ---- */

static void add_parameter (ContentLine *line, const char *start, const char *end) {
  if (line->names->len >= CONTENT_LINE_MAX_PARAMETERS || end == start)
    return;
  const char *equals = memchr (start, '=', (gsize) (end - start));
  g_autoptr (GString) value = g_string_new (NULL);
  for (const char *p = equals != NULL ? equals + 1 : start; p < end; p++)
    if (*p != '"')
      g_string_append_c (value, *p);
  static const char *const encodings[] = { "QUOTED-PRINTABLE", "BASE64", "B", "8BIT", "7BIT" };
  const char *name = "TYPE";
  for (guint i = 0; equals == NULL && i < G_N_ELEMENTS (encodings); i++)
    if (g_ascii_strcasecmp (value->str, encodings[i]) == 0)
      name = "ENCODING";
  g_ptr_array_add (line->names, equals != NULL ? g_ascii_strup (start, (gssize) (equals - start)) : g_strdup (name));
  g_ptr_array_add (line->values, g_strdup (value->str));
}

/* FALSE when it is no content line. */
static gboolean parse (ContentLine *line, const char *text) {
  gsize name_length = strcspn (text, ";:");
  if (name_length == 0 || text[name_length] == '\0' || name_length > 100)
    return FALSE;
  g_autofree char *name = g_ascii_strup (text, (gssize) name_length);
  const char *dot = strrchr (name, '.');
  line->name = g_strdup (dot != NULL ? dot + 1 : name);
  line->names = g_ptr_array_new_with_free_func (g_free);
  line->values = g_ptr_array_new_with_free_func (g_free);
  const char *at = text + name_length;
  while (*at == ';') {
    const char *start = ++at;
    gboolean quoted = FALSE;
    for (; *at != '\0' && (quoted || (*at != ';' && *at != ':')); at++)
      quoted ^= *at == '"';
    add_parameter (line, start, at);
  }
  if (*at != ':')
    return FALSE;
  line->value = g_strdup (at + 1);
  return TRUE;
}

gboolean content_reader_next (ContentReader *reader, ContentLine *ret_line) {
  for (;;) {
    GString *text = unfold (reader);
    if (text == NULL)
      return FALSE;
    g_auto (ContentLine) line = { 0 };
    g_autofree char *valid = g_utf8_make_valid (text->str, (gssize) strlen (text->str)); /* a NUL ends it */
    g_string_free (text, TRUE);
    if (!parse (&line, valid))
      continue;
    *ret_line = line;
    line = (ContentLine){ 0 };
    return TRUE;
  }
}

const char *content_line_parameter (const ContentLine *line, const char *name) {
  for (guint i = 0; i < line->names->len; i++)
    if (g_str_equal (g_ptr_array_index (line->names, i), name))
      return g_ptr_array_index (line->values, i);
  return NULL;
}

gboolean content_line_has_type (const ContentLine *line, const char *type) {
  for (guint i = 0; i < line->names->len; i++) {
    if (!g_str_equal (g_ptr_array_index (line->names, i), "TYPE"))
      continue;
    g_auto (GStrv) words = g_strsplit (g_ptr_array_index (line->values, i), ",", -1);
    for (char **word = words; *word != NULL; word++)
      if (g_ascii_strcasecmp (g_strstrip (*word), type) == 0)
        return TRUE;
  }
  return FALSE;
}

/* ---- values ---- */

static char *decode_quoted_printable (const ContentLine *line) {
  g_autoptr (GString) bytes = g_string_new (NULL);
  for (const char *p = line->value; *p != '\0'; p++) {
    if (*p == '=' && g_ascii_isxdigit (p[1]) && g_ascii_isxdigit (p[2])) {
      g_string_append_c (bytes, (char) (g_ascii_xdigit_value (p[1]) * 16 + g_ascii_xdigit_value (p[2])));
      p += 2;
    } else {
      g_string_append_c (bytes, *p);
    }
  }
  g_autoptr (MugaiCharsetResult) decoded =
      mugai_mail_charset_decode (bytes->str, bytes->len, content_line_parameter (line, "CHARSET"), NULL);
  return g_steal_pointer (&decoded->text);
}

/* The value in UTF-8, still escaped; "" for pictures and other binaries. */
static char *decoded_value (const ContentLine *line) {
  const char *encoding = content_line_parameter (line, "ENCODING");
  if (encoding == NULL)
    return g_strdup (line->value);
  if (g_ascii_strcasecmp (encoding, "QUOTED-PRINTABLE") == 0)
    return decode_quoted_printable (line);
  if (g_ascii_strcasecmp (encoding, "BASE64") == 0 || g_ascii_strcasecmp (encoding, "B") == 0)
    return g_strdup ("");
  return g_strdup (line->value);
}

/* RFC 5545 3.3.11: \n \, \; \\. @field: which of the fields parted by ';'; G_MAXUINT: all. */
static GString *unescape (const char *text, guint field) {
  GString *out = g_string_new (NULL);
  guint index = 0;
  for (const char *p = text; *p != '\0' && (field == G_MAXUINT || index <= field); p++) {
    gboolean wanted = field == G_MAXUINT || index == field;
    if (*p == ';' && field != G_MAXUINT) {
      index++;
      continue;
    }
    char c = *p;
    if (c == '\\' && p[1] != '\0') {
      c = *++p;
      c = c == 'n' || c == 'N' ? '\n' : c;
    }
    if (wanted)
      g_string_append_c (out, c);
  }
  return out;
}

char *content_line_field (const ContentLine *line, guint index, gsize max_bytes) {
  g_autofree char *value = decoded_value (line);
  GString *field = unescape (value, index);
  char *safe = mugai_unicode_make_safe (field->str, (gssize) field->len, max_bytes);
  g_string_free (field, TRUE);
  return g_strstrip (safe);
}

char *content_line_text (const ContentLine *line, gsize max_bytes) {
  g_autofree char *value = decoded_value (line);
  GString *text = unescape (value, G_MAXUINT);
  char *safe = mugai_unicode_make_safe_lines (text->str, (gssize) text->len, max_bytes);
  g_string_free (text, TRUE);
  return g_strstrip (safe);
}
