/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/leaf-text: a text leaf's content as UTF-8 lines that people may see.
 *
 * Order matters: charset first (controls inside JIS are no controls), then controls out, then encoded blocks out
 * (an invisible character must not hide one), then format=flowed (RFC 3676), then encoded blocks once more, because unfolding
 * may have joined one. Pure; any thread.
 */
#include <string.h>

#include "mugai/base/unicode.h"
#include "mugai/mail/charset.h"
#include "mugai/mail/mail.h"
#include "charset-labels.h"
#include "encoding.h"

/* Both languages: which one the reader of the mail speaks is not known here. */
#define CUT_LINE "[符号化されたデータを取り除きました / encoded data removed]\n"

/* ---- encoded blocks ---- */

/* TRUE when @block goes; notes it. In text of our own layout (@oddities is NULL) a single line is a long token that folding put there. */
static gboolean must_go (const MugaiInBody *block, const char *text, guint64 *oddities) {
  if (oddities == NULL)
    return block->kind != MUGAI_IN_BODY_BASE64
           || memchr (text + block->start, '\n', MAX (block->end - block->start, 1) - 1) != NULL;
  if (block->kind != MUGAI_IN_BODY_ARMOUR)
    *oddities |= MUGAI_BIT (MUGAI_ODDITY_IN_BODY_ENCODING);
  return TRUE;
}

static char *cut_plain (const char *text, guint64 *oddities) {
  gsize length = strlen (text);
  g_autoptr (GPtrArray) blocks = mugai_encoding_find_in_body (text, length);
  if (blocks->len == 0)
    return g_strdup (text);
  GString *out = g_string_sized_new (length);
  gsize at = 0;
  for (guint i = 0; i < blocks->len; i++) {
    const MugaiInBody *block = g_ptr_array_index (blocks, i);
    if (!must_go (block, text, oddities))
      continue;
    g_string_append_len (out, text + at, (gssize) (block->start - at));
    if (out->len > 0 && out->str[out->len - 1] != '\n')
      g_string_append_c (out, '\n');
    g_string_append (out, CUT_LINE);
    at = block->end;
  }
  g_string_append_len (out, text + at, (gssize) (length - at));
  return g_string_free (out, FALSE);
}

/* ---- the same in disguise ---- */

/* Characters that are not seen: between those of an encoded block they hide it from us, not from who copies it. */
static gboolean is_invisible (gunichar c) {
  return c == 0x00AD || c == 0x034F || c == 0x180E || (c >= 0x200B && c <= 0x200F) || (c >= 0x2060 && c <= 0x2064)
         || (c >= 0xFE00 && c <= 0xFE0F) || c == 0xFEFF || (c >= 0xE0100 && c <= 0xE01EF);
}

/* "TVqQ AAMA AAAE": blanks between groups of one length go. */
static void join_groups (GString *line) {
  gsize group = strcspn (line->str, " "), n = 0;
  const char *at = line->str;
  for (; *at != '\0'; n++) {
    gsize length = strcspn (at, " ");
    gboolean last = at[length] == '\0' || at[length + 1] == '\0';
    if (length == 0 || length > group || (length < group && !last))
      return;
    for (gsize i = 0; i < length; i++)
      if (mugai_encoding_base64_value ((guchar) at[i]) < 0 && at[i] != '=')
        return;
    at += length + (at[length] == ' ' ? 1 : 0);
  }
  if (group >= 4 && n >= 4)
    g_string_replace (line, " ", "", 0);
}

/* What normalising leaves alone, and everybody sees: ASCII, kana, kanji. */
static gboolean is_settled (const char *text, gsize length) {
  for (const char *at = text, *end = text + length; at < end; at = g_utf8_next_char (at)) {
    if ((guint8) *at < 0x80)
      continue;
    gunichar c = g_utf8_get_char (at);
    if (!((c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3041 && c <= 0x3096) || (c >= 0x30A1 && c <= 0x30FE)
          || (c >= 0x3001 && c <= 0x3011)))
      return FALSE;
  }
  return TRUE;
}

/* As it is meant: full-width letters as ASCII, without what is not seen. */
static GString *normalise_line (const char *start, gsize length) {
  if (is_settled (start, length))
    return g_string_new_len (start, (gssize) length);
  g_autofree char *normal = g_utf8_normalize (start, (gssize) length, G_NORMALIZE_ALL_COMPOSE);
  GString *line = g_string_sized_new (length);
  for (const char *at = normal != NULL ? normal : ""; *at != '\0'; at = g_utf8_next_char (at))
    if (!is_invisible (g_utf8_get_char (at)))
      g_string_append_len (line, at, g_utf8_next_char (at) - at);
  return line;
}

/* ... and without quote marks. */
static void append_meant (GString *out, const char *start, gsize length) {
  g_autoptr (GString) line = normalise_line (start, length);
  g_string_erase (line, 0, (gssize) strspn (line->str, " \t>|"));
  join_groups (line);
  g_string_append_len (out, line->str, (gssize) line->len);
}

typedef struct {
  gsize start; /* of the line in the text */
  gsize meant; /* and in what it means */
} MeantLine;

/* The text's lines as they are meant, and where each begins in both. */
static GString *read_meant (const char *text, GArray *lines) {
  GString *meant = g_string_sized_new (strlen (text));
  const char *at = text;
  while (*at != '\0') {
    gsize length = strcspn (at, "\n");
    MeantLine line = { (gsize) (at - text), meant->len };
    g_array_append_val (lines, line);
    append_meant (meant, at, length);
    if (at[length] == '\n')
      g_string_append_c (meant, '\n');
    at += length + (at[length] == '\n' ? 1 : 0);
  }
  MeantLine end = { (gsize) (at - text), meant->len };
  g_array_append_val (lines, end);
  return meant;
}

/* Quoted, indented, in full-width letters, with invisible ones between: such blocks go, whole lines of them. */
static char *cut_disguised (const char *text, guint64 *oddities) {
  g_autoptr (GArray) lines = g_array_new (FALSE, FALSE, sizeof (MeantLine));
  g_autoptr (GString) meant = read_meant (text, lines);
  g_autoptr (GPtrArray) blocks = mugai_encoding_find_in_body (meant->str, meant->len);
  GString *out = g_string_sized_new (strlen (text));
  gsize at = 0;
  guint line = 0;
  for (guint i = 0; i < blocks->len; i++) {
    const MugaiInBody *block = g_ptr_array_index (blocks, i);
    if (!must_go (block, meant->str, oddities))
      continue;
    while (line + 2 < lines->len && g_array_index (lines, MeantLine, line + 1).meant <= block->start)
      line++;
    gsize start = g_array_index (lines, MeantLine, line).start;
    while (line + 1 < lines->len && g_array_index (lines, MeantLine, line).meant < block->end)
      line++;
    if (start > at)
      g_string_append_len (out, text + at, (gssize) (start - at));
    g_string_append (out, CUT_LINE);
    at = g_array_index (lines, MeantLine, line).start;
  }
  g_string_append (out, text + at);
  return g_string_free (out, FALSE);
}

char *mugai_mail_cut_encoded (const char *text, guint64 *oddities) {
  g_autofree char *plain = cut_plain (text, oddities);
  return cut_disguised (plain, oddities);
}

/* ---- format=flowed ---- */

typedef struct {
  const char *start;
  gsize length;
  guint depth; /* quote marks taken off the front */
} FlowedLine;

static FlowedLine flowed_line (const char *start, gsize length) {
  FlowedLine line = { start, length, 0 };
  while (line.length > 0 && *line.start == '>') {
    line.start++;
    line.length--;
    line.depth++;
  }
  if (line.length > 0 && *line.start == ' ') { /* space-stuffing */
    line.start++;
    line.length--;
  }
  return line;
}

static gboolean is_signature_separator (const FlowedLine *line) {
  return line->length == 3 && memcmp (line->start, "-- ", 3) == 0;
}

static void begin_flowed_line (GString *out, guint depth) {
  for (guint i = 0; i < depth; i++)
    g_string_append_c (out, '>');
  if (depth > 0)
    g_string_append_c (out, ' ');
}

/* Lines that end in a blank go on in the next one of the same depth. */
static char *unfold_flowed (const char *text, gboolean delsp) {
  GString *out = g_string_sized_new (strlen (text));
  gboolean open = FALSE;
  guint open_depth = 0;
  while (*text != '\0') {
    const char *lf = strchr (text, '\n');
    gsize length = lf != NULL ? (gsize) (lf - text) : strlen (text);
    FlowedLine line = flowed_line (text, length);
    gboolean separator = is_signature_separator (&line);
    gboolean soft = !separator && line.length > 0 && line.start[line.length - 1] == ' ';
    if (open && (separator || line.depth != open_depth)) {
      g_string_append_c (out, '\n');
      open = FALSE;
    }
    if (!open)
      begin_flowed_line (out, line.depth);
    g_string_append_len (out, line.start, (gssize) (line.length - (soft && delsp ? 1 : 0)));
    if (!soft && lf != NULL)
      g_string_append_c (out, '\n');
    open = soft;
    open_depth = line.depth;
    text += length + (lf != NULL ? 1 : 0);
  }
  if (open)
    g_string_append_c (out, '\n');
  return g_string_free (out, FALSE);
}

/* ---- the leaf ---- */

/* Embeddings, overrides and isolates: they reorder what is seen. Marks alone (U+200E, U+200F) do not. */
static gboolean has_bidi_control (const char *text) {
  for (const char *p = text; (p = strstr (p, "\xE2\x80")) != NULL; p += 2)
    if ((guchar) p[2] >= 0xAA && (guchar) p[2] <= 0xAE)
      return TRUE;
  for (const char *p = text; (p = strstr (p, "\xE2\x81")) != NULL; p += 2)
    if ((guchar) p[2] >= 0xA6 && (guchar) p[2] <= 0xA9)
      return TRUE;
  return FALSE;
}

/* Some readers drop a NUL within a tag's name and see the tag; many of them are UTF-16 to some. One in a plain text is but a
 * bad character. */
static gboolean has_telling_nul (const MugaiEntity *entity, const char *data, gsize length) {
  gsize n = 0;
  for (gsize i = 0; i < length; i++)
    n += data[i] == '\0' ? 1 : 0;
  return n > 0 && (g_str_equal (entity->declared, "text/html") || n * 10 > length);
}

/* Charset decoded; NULL when it is refused. */
static char *decode_charset (const MugaiEntity *entity, const char *hint, guint64 *oddities) {
  gsize length;
  const char *data = g_bytes_get_data (entity->content, &length);
  if (has_telling_nul (entity, data, length))
    *oddities |= MUGAI_BIT (MUGAI_ODDITY_NUL);
  /* Then readers look for one in the markup. */
  if (hint != NULL && mugai_mail_charset_is_refused (hint) && mugai_charset_label_says_nothing (entity->charset)) {
    *oddities |= MUGAI_BIT (MUGAI_ODDITY_REFUSED_CHARSET);
    return NULL;
  }
  g_autoptr (MugaiCharsetResult) decoded = mugai_mail_charset_decode (data, length, entity->charset, hint);
  switch (decoded->outcome) {
  case MUGAI_CHARSET_REFUSED:
    *oddities |= MUGAI_BIT (MUGAI_ODDITY_REFUSED_CHARSET);
    return NULL;
  case MUGAI_CHARSET_GUESSED:
    *oddities |= MUGAI_BIT (MUGAI_ODDITY_CHARSET_GUESSED);
    break;
  case MUGAI_CHARSET_REPAIRED:
    *oddities |= MUGAI_BIT (MUGAI_ODDITY_CHARSET_REPAIRED);
    break;
  case MUGAI_CHARSET_OK:
    break;
  }
  if (has_bidi_control (decoded->text))
    *oddities |= MUGAI_BIT (MUGAI_ODDITY_BIDI_TEXT);
  return g_steal_pointer (&decoded->text);
}

char *mugai_mail_leaf_text (const MugaiEntity *entity, const char *hint, guint64 *oddities) {
  if (entity->undecodable)
    return NULL;
  g_autofree char *text = decode_charset (entity, hint, oddities);
  if (text == NULL)
    return NULL;
  /* Markup is handed on whole: what looks like an encoded block in it may be an inline image. */
  g_autofree char *safe = mugai_unicode_make_safe_lines (text, -1, 0);
  if (g_str_equal (entity->declared, "text/html"))
    return g_steal_pointer (&safe);
  g_autofree char *cut = mugai_mail_cut_encoded (safe, oddities);
  if (!entity->flowed)
    return g_steal_pointer (&cut);
  g_autofree char *unfolded = unfold_flowed (cut, entity->delsp);
  return mugai_mail_cut_encoded (unfolded, oddities);
}
