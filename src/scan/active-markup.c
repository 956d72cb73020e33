/* SPDX-License-Identifier: GPL-2.0-only
 *
 * scan/active-markup: what text formats can do: HTML, SVG, RTF, tables, office XML, and the fields of Word.
 *
 * Searched, not parsed: a hit is a flag, not a proof. Linear in the length; pure.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "active.h"

#include "mugai/base/facts.h"

#include "embedded.h"

#define MAX_MARKUP_BYTES (8u * 1024 * 1024) /* of HTML, SVG, RTF that is searched */
#define MAX_TAG_BYTES 4096u                 /* back from an attribute to its element */
#define MAX_OBJECTS 16u                     /* of one RTF that are unwrapped; each copies at most what it is long */
#define MAX_FIELD_BYTES 512u /* of one field's instruction: its word and where it points stand in front */

#define BIT(name) MUGAI_BIT (MUGAI_FLAG_##name)

gboolean mugai_active_contains (MugaiBytes lower_bytes, const char *lower) {
  return mugai_bytes_find (lower_bytes, 0, lower, strlen (lower)) >= 0;
}

static gboolean contains (MugaiBytes bytes, const char *lower) {
  return mugai_active_contains (bytes, lower);
}

/* UTF-16 parts are legal in Office; the searches want bytes that read as ASCII. */
GByteArray *mugai_active_as_ascii (MugaiBytes bytes) {
  gboolean little = MUGAI_BYTES_AT (bytes, 0, "\xff\xfe");
  gboolean wide = little || MUGAI_BYTES_AT (bytes, 0, "\xfe\xff");
  GByteArray *out = g_byte_array_sized_new ((guint) MIN (bytes.length_bytes, MUGAI_ACTIVE_MAX_PART_BYTES));
  if (!wide) {
    g_byte_array_append (out, bytes.data, (guint) MIN (bytes.length_bytes, MUGAI_ACTIVE_MAX_PART_BYTES));
    return out;
  }
  for (gsize at = 2; at + 1 < bytes.length_bytes; at += 2) {
    guint8 low = bytes.data[at + (little ? 0 : 1)], high = bytes.data[at + (little ? 1 : 0)];
    guint8 one = high == 0 ? low : '?';
    g_byte_array_append (out, &one, 1);
  }
  return out;
}

GByteArray *mugai_active_as_lower (MugaiBytes bytes) {
  GByteArray *out = mugai_active_as_ascii (bytes);
  /* By hand: a call for each byte of each document is a tenth of what looking at mail costs. */
  for (guint i = 0; i < out->len; i++)
    out->data[i] |= (guint8) ((guint8) (out->data[i] - 'A') < 26 ? 0x20 : 0);
  return out;
}

/* ---- fields of Word ---- */

static gboolean points_elsewhere (MugaiBytes text) {
  return contains (text, "://") || contains (text, "\\\\") || contains (text, "file:");
}

guint64 mugai_active_field (MugaiBytes text) {
  gsize at = 0;
  while (at < text.length_bytes && (g_ascii_isspace ((char) text.data[at]) || text.data[at] == '"'))
    at++;
  char word[16] = { 0 };
  for (gsize i = 0; i + 1 < sizeof word && g_ascii_isalpha ((char) mugai_bytes_u8 (text, at + i)); i++)
    word[i] = g_ascii_tolower ((char) text.data[at + i]);
  if (g_str_equal (word, "dde") || g_str_equal (word, "ddeauto"))
    return BIT (ACTIVE_CONTENT);
  if (g_str_equal (word, "link"))
    return BIT (EXTERNAL_REFERENCE);
  gboolean fetches = g_str_equal (word, "includepicture") || g_str_equal (word, "includetext")
                     || g_str_equal (word, "include") || g_str_equal (word, "import") || g_str_equal (word, "rd");
  g_autoptr (GByteArray) lower = mugai_active_as_lower (text);
  return fetches && points_elsewhere ((MugaiBytes){ lower->data, lower->len }) ? BIT (EXTERNAL_REFERENCE) : 0;
}

/* ---- markup ---- */

/* The attribute at @at (its blank): onload= and the like. */
static gboolean is_handler (MugaiBytes text, gsize at) {
  if (g_ascii_tolower ((char) mugai_bytes_u8 (text, at + 1)) != 'o'
      || g_ascii_tolower ((char) mugai_bytes_u8 (text, at + 2)) != 'n')
    return FALSE;
  gsize end = at + 3;
  while (end < at + 30 && g_ascii_isalpha ((char) mugai_bytes_u8 (text, end)))
    end++;
  gsize word = end - at - 3;
  while (end < at + 40 && g_ascii_isspace ((char) mugai_bytes_u8 (text, end)))
    end++;
  return word >= 3 && mugai_bytes_u8 (text, end) == '=';
}

/* Only within a tag: a text may well say "one onset = ...". One pass, whatever the sender repeats. */
static gboolean has_event_handler (MugaiBytes text) {
  gboolean in_tag = FALSE;
  for (gsize at = 0; at + 4 < text.length_bytes; at++) {
    char c = (char) text.data[at];
    if (c == '<')
      in_tag = g_ascii_isalpha ((char) text.data[at + 1]);
    else if (c == '>')
      in_tag = FALSE;
    gboolean separates = g_ascii_isspace (c) || c == '/' || c == '"' || c == '\'';
    if (in_tag && separates && is_handler (text, at))
      return TRUE;
  }
  return FALSE;
}

/* What an attribute means to a browser: references undone, controls and blanks within a scheme dropped ("java&Tab;script:"). @text is in lower case. */
static GByteArray *undo_references (MugaiBytes text) {
  static const struct {
    const char *name;
    guint8 c;
  } known[] = { { "&tab;", '\t' }, { "&newline;", '\n' }, { "&colon;", ':' }, { "&lpar;", '(' } };
  GByteArray *out = g_byte_array_sized_new ((guint) text.length_bytes);
  for (gsize at = 0; at < text.length_bytes; at++) {
    guint8 c = text.data[at];
    if (c == '&' && mugai_bytes_u8 (text, at + 1) == '#') {
      gboolean hex = mugai_bytes_u8 (text, at + 2) == 'x';
      gsize end = at + (hex ? 3 : 2);
      guint value = 0;
      for (int digit; value < 0x10000 && (digit = g_ascii_xdigit_value ((char) mugai_bytes_u8 (text, end))) >= 0
                      && digit < (hex ? 16 : 10);
           end++)
        value = value * (hex ? 16 : 10) + (guint) digit;
      c = value < 0x80 ? (guint8) g_ascii_tolower ((char) value) : '?';
      at = mugai_bytes_u8 (text, end) == ';' ? end : end - 1;
    }
    for (gsize i = 0; c == '&' && i < G_N_ELEMENTS (known); i++) {
      if (!mugai_bytes_at (text, at, known[i].name, strlen (known[i].name)))
        continue;
      c = known[i].c;
      at += strlen (known[i].name) - 1;
    }
    if (c > 0x20)
      g_byte_array_append (out, &c, 1);
  }
  return out;
}

static gboolean runs_by_address (MugaiBytes text) {
  g_autoptr (GByteArray) plain = undo_references (text);
  MugaiBytes view = { plain->data ? plain->data : (const guint8 *) "", plain->len };
  return contains (view, "javascript:") || contains (view, "vbscript:") || contains (view, "data:text/html")
         || contains (view, "attributename=\"on") || contains (view, "attributename='on");
}

/* An address a drawing fetches; a link (<a>) is for people. */
static gboolean draws_from_elsewhere (MugaiBytes text) {
  for (gssize at = 0; (at = MUGAI_BYTES_FIND (text, (gsize) at, "href=")) >= 0; at++) {
    MugaiBytes value = mugai_bytes_slice (text, (gsize) at + 5, 8);
    gsize quote = mugai_bytes_u8 (value, 0) == '"' || mugai_bytes_u8 (value, 0) == '\'';
    if (!MUGAI_BYTES_AT (value, quote, "http") && !MUGAI_BYTES_AT (value, quote, "//")
        && !MUGAI_BYTES_AT (value, quote, "file:") && !MUGAI_BYTES_AT (value, quote, "ftp:"))
      continue;
    gsize from = (gsize) at > MAX_TAG_BYTES ? (gsize) at - MAX_TAG_BYTES : 0;
    const guint8 *tag = memrchr (text.data + from, '<', (gsize) at - from);
    MugaiBytes name = tag ? mugai_bytes_slice (text, (gsize) (tag - text.data) + 1, 8) : (MugaiBytes){ 0 };
    gsize prefix = MUGAI_BYTES_AT (name, 0, "svg:") ? 4 : 0;
    if (mugai_bytes_u8 (name, prefix) != 'a' || !g_ascii_isspace ((char) mugai_bytes_u8 (name, prefix + 1)))
      return TRUE;
  }
  return FALSE;
}

/* <meta http-equiv="refresh" content="0;url=...">: the page goes elsewhere by itself. */
static gboolean goes_elsewhere (MugaiBytes text) {
  for (gssize at = 0; (at = MUGAI_BYTES_FIND (text, (gsize) at, "http-equiv")) >= 0; at++) {
    MugaiBytes tag = mugai_bytes_slice (text, (gsize) at, 300);
    gssize end = MUGAI_BYTES_FIND (tag, 0, ">");
    tag = mugai_bytes_slice (tag, 0, end < 0 ? tag.length_bytes : (gsize) end);
    if (contains (tag, "refresh") && contains (tag, "url"))
      return TRUE;
  }
  return FALSE;
}

guint64 mugai_active_markup (MugaiBytes bytes, gboolean svg) {
  g_autoptr (GByteArray) text = mugai_active_as_lower (mugai_bytes_slice (bytes, 0, MAX_MARKUP_BYTES));
  MugaiBytes view = { text->data, text->len };
  guint64 flags = 0;
  if (contains (view, "<script") || contains (view, "<applet") || contains (view, ":script") || has_event_handler (view)
      || runs_by_address (view))
    flags |= BIT (ACTIVE_CONTENT);
  if (contains (view, "<object") || contains (view, "<embed") || contains (view, "<foreignobject"))
    flags |= BIT (EMBEDDED_OBJECT) | BIT (ACTIVE_CONTENT);
  if (contains (view, "<iframe") || contains (view, "<frame ") || contains (view, "<frameset") || goes_elsewhere (view))
    flags |= BIT (EXTERNAL_REFERENCE);
  if (svg && (draws_from_elsewhere (view) || contains (view, "<!entity")))
    flags |= BIT (EXTERNAL_REFERENCE);
  return flags;
}

/* ---- RTF ---- */

/* The instruction behind \\fldinst, without groups and control words: "{ DD}{\\b E}" is one word to the reader. */
static void read_instruction (MugaiBytes text, gsize at, GByteArray *out) {
  gsize end = MIN (text.length_bytes, at + 4 * MAX_FIELD_BYTES);
  while (at < end && out->len < MAX_FIELD_BYTES) {
    guint8 c = text.data[at++];
    if (c == '{' || c == '}' || c == '\r' || c == '\n')
      continue;
    if (c != '\\') {
      g_byte_array_append (out, &c, 1);
      continue;
    }
    guint8 next = mugai_bytes_u8 (text, at);
    if (next == '\'') {
      int high = g_ascii_xdigit_value ((char) mugai_bytes_u8 (text, at + 1));
      int low = g_ascii_xdigit_value ((char) mugai_bytes_u8 (text, at + 2));
      c = (guint8) (MAX (high, 0) << 4 | MAX (low, 0));
      g_byte_array_append (out, &c, 1);
      at += 3;
    } else if (!g_ascii_isalpha ((char) next)) {
      if (next == '\\')
        g_byte_array_append (out, &next, 1);
      at++;
    } else if (mugai_bytes_find_nocase (mugai_bytes_slice (text, at, 7), 0, "fldrslt") == 0) {
      return;
    } else {
      while (g_ascii_isalnum ((char) mugai_bytes_u8 (text, at)) || mugai_bytes_u8 (text, at) == '-')
        at++;
      at += mugai_bytes_u8 (text, at) == ' ';
    }
  }
}

static guint64 flags_of_rtf_fields (MugaiBytes text) {
  guint64 flags = 0;
  for (gssize at = 0; (at = MUGAI_BYTES_FIND (text, (gsize) at, "\\fldinst")) >= 0; at++) {
    g_autoptr (GByteArray) instruction = g_byte_array_new ();
    read_instruction (text, (gsize) at + 8, instruction);
    flags |= mugai_active_field ((MugaiBytes){ instruction->data, instruction->len });
  }
  return flags;
}

/* A template on the reader's own disk comes from nowhere. */
static gboolean has_remote_template (MugaiBytes text) {
  for (gssize at = 0; (at = MUGAI_BYTES_FIND (text, (gsize) at, "\\*\\template")) >= 0; at++) {
    MugaiBytes target = mugai_bytes_slice (text, (gsize) at + 11, 300);
    gssize end = MUGAI_BYTES_FIND (target, 0, "}");
    target = mugai_bytes_slice (target, 0, end < 0 ? target.length_bytes : (gsize) end);
    if (contains (target, "//") || contains (target, "\\\\\\\\") || contains (target, "\\'"))
      return TRUE;
  }
  return FALSE;
}

guint64 mugai_active_rtf (MugaiBytes bytes, GPtrArray *inner) {
  g_autoptr (GByteArray) text = mugai_active_as_lower (mugai_bytes_slice (bytes, 0, MAX_MARKUP_BYTES));
  MugaiBytes view = { text->data, text->len };
  guint64 flags = flags_of_rtf_fields (view);
  if (contains (view, "\\object") || contains (view, "\\objdata") || contains (view, "\\objocx"))
    flags |= BIT (EMBEDDED_OBJECT) | BIT (ACTIVE_CONTENT);
  if (contains (view, "\\objlink") || contains (view, "\\objautlink") || has_remote_template (view))
    flags |= BIT (EXTERNAL_REFERENCE);
  if (contains (view, "\\objupdate"))
    flags |= BIT (ACTIVE_CONTENT);
  for (gssize at = 0; inner->len < MAX_OBJECTS && (at = MUGAI_BYTES_FIND (view, (gsize) at, "\\objdata")) >= 0; at++)
    g_ptr_array_add (inner, mugai_embedded_rtf (view, (gsize) at + 8));
  return flags;
}

/* ---- tables and other text ---- */

/* "=cmd|'/c calc'!A0": a cell that asks another program by DDE. */
static gboolean has_dde_cell (MugaiBytes text) {
  for (gssize at = 0; (at = MUGAI_BYTES_FIND (text, (gsize) at, "|")) >= 0; at++) {
    gsize start = (gsize) at;
    while (start > 0 && (gsize) at - start < 40
           && (g_ascii_isalnum ((char) text.data[start - 1]) || text.data[start - 1] == '_'))
      start--;
    guint8 before = start > 0 ? text.data[start - 1] : 0, after = mugai_bytes_u8 (text, (gsize) at + 1);
    gssize bang = MUGAI_BYTES_FIND (mugai_bytes_slice (text, (gsize) at, 300), 0, "!");
    if (start < (gsize) at && strchr ("=+-@(", before) && before != 0
        && (after == '\'' || g_ascii_isalnum ((char) after)) && bang > 0)
      return TRUE;
  }
  return FALSE;
}

/* SYLK: the line of options says E when the sheet holds macros. */
static gboolean has_sylk_macro (MugaiBytes text) {
  for (gssize at = 0; (at = MUGAI_BYTES_FIND (text, (gsize) at, "\no;")) >= 0; at++) {
    gssize end = MUGAI_BYTES_FIND (text, (gsize) at + 1, "\n");
    gsize length = end < 0 ? text.length_bytes : (gsize) (end - at);
    if (MUGAI_BYTES_FIND (mugai_bytes_slice (text, (gsize) at, length), 0, ";e") >= 0)
      return TRUE;
  }
  return FALSE;
}

static guint64 flags_of_sylk (MugaiBytes text) {
  return (has_sylk_macro (text) ? BIT (MACRO) : 0) | (has_dde_cell (text) ? BIT (ACTIVE_CONTENT) : 0);
}

static guint64 flags_of_table (MugaiBytes text) {
  return has_dde_cell (text) ? BIT (ACTIVE_CONTENT) : 0;
}

/* Of a page saved whole; the page in it as quoted-printable: tags stand as they are. */
static guint64 flags_of_saved_page (MugaiBytes text) {
  return mugai_active_markup (text, FALSE)
         | (contains (text, "activemime") || contains (text, "qwn0axzltwltz") ? BIT (MACRO) : 0);
}

static guint64 flags_of_word_xml (MugaiBytes text) {
  gboolean macros = contains (text, "macrospresent=\"yes\"") || contains (text, "<w:bindata w:name=\"editdata.mso\"")
                    || contains (text, "vbaproject.bin");
  return macros ? BIT (MACRO) : 0;
}

static const struct {
  const char *type;
  guint64 (*look) (MugaiBytes lower);
} text_looks[] = {
  { "text/plain", flags_of_table },
  { "text/csv", flags_of_table },
  { "text/tab-separated-values", flags_of_table },
  { "application/x-sylk", flags_of_sylk },
  { "application/x-mimearchive", flags_of_saved_page },
  { "application/vnd.oasis.opendocument.text-flat-xml", mugai_active_flat_odf },
  { "application/msword+xml", flags_of_word_xml },
  { "application/vnd.ms-excel+xml", flags_of_word_xml },
  { "application/xml", flags_of_word_xml },
};

guint64 mugai_active_text (const char *type, MugaiBytes bytes) {
  for (gsize i = 0; i < G_N_ELEMENTS (text_looks); i++) {
    if (!g_str_equal (type, text_looks[i].type))
      continue;
    g_autoptr (GByteArray) text = mugai_active_as_lower (mugai_bytes_slice (bytes, 0, MAX_MARKUP_BYTES));
    return text_looks[i].look ((MugaiBytes){ text->data, text->len });
  }
  return 0; /* pictures and the rest: not even copied */
}
