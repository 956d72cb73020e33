/* SPDX-License-Identifier: GPL-2.0-only
 *
 * scan/active-office: what one member of a ZIP-based document says: its name, and its XML.
 *
 * Relationships are parsed, as character references could hide their words; the rest is searched. Pure.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "active.h"

#include "mugai/base/facts.h"

#define MAX_FIELD_BYTES 512u /* of one field's instruction */
#define MAX_TAG_BYTES 4096u

#define BIT(name) MUGAI_BIT (MUGAI_FLAG_##name)

static gboolean contains (MugaiBytes bytes, const char *lower) {
  return mugai_active_contains (bytes, lower);
}

/* ---- relationships ---- */

typedef struct {
  guint64 flags;
  gboolean of_chart; /* a chart keeps its numbers in a workbook of its own: no object */
} RelsState;

static gboolean is_object (const char *type) {
  return type
         && (g_str_has_suffix (type, "/oleObject") || g_str_has_suffix (type, "/package")
             || g_str_has_suffix (type, "/aFChunk"));
}

/* "file:///C:\\Templates\\x.dotx": on the reader's own disk. */
static gboolean is_local (const char *target) {
  const char *path = g_ascii_strncasecmp (target, "file:///", 8) == 0 ? target + 8 : target;
  return g_ascii_isalpha (path[0]) && path[1] == ':' && (path[2] == '\\' || path[2] == '/');
}

static void read_relationship (GMarkupParseContext *context, const char *element, const char **names,
                               const char **values, void *data, GError **error) {
  RelsState *state = data;
  const char *mode = NULL, *type = NULL, *target = "";
  (void) context, (void) error;
  if (!g_str_has_suffix (element, "Relationship"))
    return;
  for (guint i = 0; names[i]; i++) {
    if (g_ascii_strcasecmp (names[i], "TargetMode") == 0)
      mode = values[i];
    else if (g_ascii_strcasecmp (names[i], "Type") == 0)
      type = values[i];
    else if (g_ascii_strcasecmp (names[i], "Target") == 0)
      target = values[i];
  }
  gboolean external = mode && g_ascii_strcasecmp (mode, "External") == 0;
  gboolean link = type && g_str_has_suffix (type, "/hyperlink");
  gboolean own_template = type && g_str_has_suffix (type, "/attachedTemplate") && is_local (target);
  if (external && !link && !own_template)
    state->flags |= BIT (EXTERNAL_REFERENCE);
  if (!external && is_object (type) && !state->of_chart)
    state->flags |= BIT (EMBEDDED_OBJECT);
}

/* What the parser refuses Office would too. Relationships are read with a parser, as character references could hide the words. */
static guint64 flags_of_rels (MugaiBytes bytes, gboolean of_chart) {
  g_autoptr (GByteArray) text = mugai_active_as_ascii (bytes);
  static const GMarkupParser parser = { .start_element = read_relationship };
  RelsState state = { 0, of_chart };
  g_autoptr (GMarkupParseContext) context = g_markup_parse_context_new (&parser, 0, &state, NULL);
  gsize skip = text->len >= 3 && memcmp (text->data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
  if (text->len <= skip)
    return 0;
  if (!g_markup_parse_context_parse (context, (const char *) text->data + skip, (gssize) (text->len - skip), NULL)
      || !g_markup_parse_context_end_parse (context, NULL)) {
    state.flags |= BIT (MALFORMED);
    if (mugai_bytes_find_nocase ((MugaiBytes){ text->data, text->len }, 0, "external") >= 0)
      state.flags |= BIT (EXTERNAL_REFERENCE);
  }
  return state.flags;
}

/* ---- names and XML ---- */

static gboolean name_has (const char *name, const char *piece) {
  return strstr (name, piece) != NULL;
}

static guint64 flags_of_ooxml_name (const char *name) {
  guint64 flags = 0;
  if (g_str_has_suffix (name, "vbaproject.bin") || g_str_has_suffix (name, "vbadata.xml")
      || name_has (name, "/macrosheets/") || name_has (name, "intlmacrosheet"))
    flags |= BIT (MACRO);
  if ((name_has (name, "/embeddings/") && g_str_has_suffix (name, ".bin")) || name_has (name, "oleobject"))
    flags |= BIT (EMBEDDED_OBJECT); /* other embedded files count by the relationship that uses them */
  if (name_has (name, "/activex/"))
    flags |= BIT (ACTIVE_CONTENT) | BIT (EMBEDDED_OBJECT);
  return flags;
}

static guint64 flags_of_odf_name (const char *name) {
  gboolean module = g_str_has_prefix (name, "basic/") && !g_str_has_suffix (name, "script-lc.xml")
                    && !g_str_has_suffix (name, "script-lb.xml") && !g_str_has_suffix (name, "/");
  gboolean script = g_str_has_prefix (name, "scripts/") && !g_str_has_suffix (name, "/");
  guint64 flags = module || script ? BIT (MACRO) : 0;
  if (g_str_has_prefix (name, "object ") && !strchr (name, '/'))
    flags |= BIT (EMBEDDED_OBJECT);
  return flags;
}

static guint64 flags_of_content_types (MugaiBytes text) {
  guint64 flags = 0;
  if (contains (text, "vbaproject") || contains (text, "macrosheet"))
    flags |= BIT (MACRO);
  if (contains (text, "activex"))
    flags |= BIT (ACTIVE_CONTENT);
  if (contains (text, ".oleobject"))
    flags |= BIT (EMBEDDED_OBJECT);
  return flags;
}

/* Appends @text with its character references undone. */
static void append_unescaped (GByteArray *out, MugaiBytes text) {
  for (gsize at = 0; at < text.length_bytes && out->len < MAX_FIELD_BYTES; at++) {
    guint8 c = text.data[at];
    gssize end = c == '&' ? MUGAI_BYTES_FIND (mugai_bytes_slice (text, at, 12), 0, ";") : -1;
    if (end > 0) {
      gboolean hex = mugai_bytes_u8 (text, at + 2) == 'x';
      guint64 value = mugai_bytes_u8 (text, at + 1) == '#'
                          ? g_ascii_strtoull ((const char *) text.data + at + (hex ? 3 : 2), NULL, hex ? 16 : 10)
                          : '"';
      c = value < 0x80 ? (guint8) value : '?';
      at += (gsize) end;
    }
    g_byte_array_append (out, &c, 1);
  }
}

static guint64 judge_instruction (GByteArray *text) {
  guint64 flags = mugai_active_field ((MugaiBytes){ text->data, text->len });
  g_byte_array_set_size (text, 0);
  return flags;
}

/* Fields of Word: the pieces of an instruction stand in runs of their own, up to the next field character. */
static guint64 flags_of_fields (MugaiBytes text) {
  g_autoptr (GByteArray) instruction = g_byte_array_new ();
  guint64 flags = 0;
  for (gssize at = 0; (at = MUGAI_BYTES_FIND (text, (gsize) at, "<")) >= 0; at++) {
    gssize close = MUGAI_BYTES_FIND (text, (gsize) at, ">");
    if (close < 0)
      break;
    MugaiBytes tag = mugai_bytes_slice (text, (gsize) at, MIN ((gsize) (close - at), MAX_TAG_BYTES));
    MugaiBytes head = mugai_bytes_slice (tag, 0, 24);
    if (contains (head, ":instrtext")) {
      gssize next = MUGAI_BYTES_FIND (text, (gsize) close, "<");
      gsize length = (next < 0 ? text.length_bytes : (gsize) next) - (gsize) close - 1;
      append_unescaped (instruction, mugai_bytes_slice (text, (gsize) close + 1, length));
    } else if (contains (head, ":fldchar")) {
      flags |= judge_instruction (instruction);
    } else if (contains (head, ":fldsimple")) {
      gssize value = mugai_bytes_find_nocase (tag, 0, "instr=");
      append_unescaped (instruction,
                        mugai_bytes_slice (tag, value < 0 ? tag.length_bytes : (gsize) value + 7, MAX_TAG_BYTES));
      flags |= judge_instruction (instruction);
    }
    at = close;
  }
  return flags | judge_instruction (instruction);
}

/* Connections of a workbook: to the web, to a database, or to a file on another machine; not to the workbook's own tables. */
static gboolean fetches_data (MugaiBytes text) {
  if (contains (text, "<webpr") && contains (text, "url=\""))
    return TRUE;
  if (contains (text, "sourcefile=\"\\\\") || contains (text, "sourcefile=\"http"))
    return TRUE;
  return contains (text, "<dbpr") && !contains (text, "$workbook$") && !contains (text, "thisworkbookdatamodel");
}

static guint64 flags_of_office_xml (const char *name, MugaiBytes text) {
  guint64 flags = 0;
  if (contains (text, "instrtext") || contains (text, "fldsimple"))
    flags |= flags_of_fields (text);
  if (g_str_has_prefix (name, "xl/externallinks/") && contains (text, "ddelink"))
    flags |= BIT (ACTIVE_CONTENT);
  if (g_str_equal (name, "xl/connections.xml") && fetches_data (text))
    flags |= BIT (EXTERNAL_REFERENCE);
  if (g_str_has_prefix (name, "ppt/") && (contains (text, "ppaction://program") || contains (text, "ppaction://macro")))
    flags |= BIT (ACTIVE_CONTENT);
  return flags;
}

/* A chart or a formula is kept as a document of its own within; any other is an object. */
static guint64 flags_of_odf_object (MugaiBytes text) {
  return contains (text, "<office:chart") || contains (text, "<math") ? 0 : BIT (EMBEDDED_OBJECT);
}

/* Links of text (text:a) are for people; what the program fetches by itself is drawn, or a section or a form. */
static guint64 flags_of_odf_xml (MugaiBytes text) {
  static const char *const fetched[] = { "<draw:image",          "<draw:object",        "<draw:plugin",
                                         "<text:section-source", "<table:table-source", "<draw:floating-frame",
                                         "<office:dde-source" };
  guint64 flags = 0;
  if (contains (text, "<script:event-listener") || contains (text, "vnd.sun.star.script:"))
    flags |= BIT (ACTIVE_CONTENT);
  for (gsize i = 0; i < G_N_ELEMENTS (fetched); i++) {
    for (gssize at = 0; (at = mugai_bytes_find (text, (gsize) at, fetched[i], strlen (fetched[i]))) >= 0; at++) {
      gssize end = MUGAI_BYTES_FIND (text, (gsize) at, ">");
      MugaiBytes tag = mugai_bytes_slice (text, (gsize) at, end < 0 ? 4096 : (gsize) (end - at));
      if (contains (tag, "href=\"http") || contains (tag, "href=\"//") || contains (tag, "href=\"file:")
          || contains (tag, "href=\"ftp") || contains (tag, "href=\"\\\\"))
        flags |= BIT (EXTERNAL_REFERENCE);
    }
  }
  return flags;
}

guint64 mugai_active_flat_odf (MugaiBytes lower) {
  gboolean module = contains (lower, "source-code") || contains (lower, "library-linked");
  return flags_of_odf_xml (lower) | (module ? BIT (MACRO) : 0)
         | (contains (lower, "<draw:object") ? flags_of_odf_object (lower) : 0);
}

gboolean mugai_active_is_xml (const char *name) {
  return g_str_has_suffix (name, ".xml") || g_str_has_suffix (name, ".rels");
}

guint64 mugai_active_entry_name (const char *name) {
  return flags_of_ooxml_name (name) | flags_of_odf_name (name);
}

guint64 mugai_active_entry (const char *name, GBytes *content) {
  MugaiBytes bytes = mugai_bytes_of (content);
  if (g_str_has_suffix (name, ".rels"))
    return flags_of_rels (bytes, name_has (name, "/charts/"));
  g_autoptr (GByteArray) text = mugai_active_as_lower (bytes);
  MugaiBytes view = { text->data, text->len };
  if (g_str_equal (name, "[content_types].xml"))
    return flags_of_content_types (view);
  if (g_str_equal (name, "meta-inf/manifest.xml"))
    return contains (view, "encryption-data") ? BIT (ENCRYPTED) : 0;
  if (g_str_equal (name, "content.xml") || g_str_equal (name, "styles.xml"))
    return flags_of_odf_xml (view);
  if (g_str_has_prefix (name, "object ") && g_str_has_suffix (name, "/content.xml"))
    return flags_of_odf_object (view) | flags_of_odf_xml (view);
  return flags_of_office_xml (name, view);
}
