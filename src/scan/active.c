/* SPDX-License-Identifier: GPL-2.0-only
 *
 * scan/active: see active.h. Documents within documents are put on a list of work, three deep; what an object deeper
 * down could do is covered by embedded-object. Text formats are searched, not parsed: a hit is a flag, not a proof.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "active.h"

#include "mugai/base/facts.h"

#include "ole.h"
#include "zip.h"

#define MAX_PART_BYTES (32u * 1024 * 1024)   /* one part of a document, unpacked: big sheets have that */
#define MAX_STREAM_BYTES (64u * 1024 * 1024) /* of a compound file */
#define MAX_MARKUP_BYTES (8u * 1024 * 1024)  /* of HTML, SVG, RTF that is searched */
#define MAX_NESTING 3u
#define MAX_EMBEDDED 64u

#define BIT(name) MUGAI_BIT (MUGAI_FLAG_##name)

typedef struct {
  GBytes *content;
  guint depth;
} Work;

static void clear_work (void *data) {
  g_bytes_unref (((Work *) data)->content);
}

static gboolean contains (MugaiBytes bytes, const char *lower) {
  return mugai_bytes_find_nocase (bytes, 0, lower) >= 0;
}

/* ---- markup ---- */

/* UTF-16 parts are legal in Office; the searches want bytes that read as ASCII. */
static GByteArray *as_ascii (MugaiBytes bytes) {
  gboolean little = MUGAI_BYTES_AT (bytes, 0, "\xff\xfe");
  gboolean wide = little || MUGAI_BYTES_AT (bytes, 0, "\xfe\xff");
  GByteArray *out = g_byte_array_sized_new ((guint) MIN (bytes.length_bytes, MAX_PART_BYTES));
  if (!wide) {
    g_byte_array_append (out, bytes.data, (guint) MIN (bytes.length_bytes, MAX_PART_BYTES));
    return out;
  }
  for (gsize at = 2; at + 1 < bytes.length_bytes; at += 2) {
    guint8 low = bytes.data[at + (little ? 0 : 1)], high = bytes.data[at + (little ? 1 : 0)];
    guint8 one = high == 0 ? low : '?';
    g_byte_array_append (out, &one, 1);
  }
  return out;
}

typedef struct {
  guint64 flags;
} RelsState;

static void read_relationship (GMarkupParseContext *context, const char *element, const char **names,
                               const char **values, void *data, GError **error) {
  RelsState *state = data;
  const char *mode = NULL, *type = NULL;
  (void) context, (void) error;
  if (!g_str_has_suffix (element, "Relationship"))
    return;
  for (guint i = 0; names[i]; i++) {
    if (g_ascii_strcasecmp (names[i], "TargetMode") == 0)
      mode = values[i];
    else if (g_ascii_strcasecmp (names[i], "Type") == 0)
      type = values[i];
  }
  if (!mode || g_ascii_strcasecmp (mode, "External") != 0)
    return;
  if (!type || !g_str_has_suffix (type, "/hyperlink"))
    state->flags |= BIT (EXTERNAL_REFERENCE);
}

/* Relationships are read with a parser, as character references could hide the words; what it refuses Office would too. */
static guint64 flags_of_rels (MugaiBytes bytes) {
  g_autoptr (GByteArray) text = as_ascii (bytes);
  static const GMarkupParser parser = { .start_element = read_relationship };
  RelsState state = { 0 };
  g_autoptr (GMarkupParseContext) context = g_markup_parse_context_new (&parser, 0, &state, NULL);
  gsize skip = text->len >= 3 && memcmp (text->data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
  if (text->len <= skip)
    return 0;
  if (!g_markup_parse_context_parse (context, (const char *) text->data + skip, (gssize) (text->len - skip), NULL)
      || !g_markup_parse_context_end_parse (context, NULL)) {
    state.flags |= BIT (MALFORMED);
    if (contains ((MugaiBytes){ text->data, text->len }, "external"))
      state.flags |= BIT (EXTERNAL_REFERENCE);
  }
  return state.flags;
}

static gboolean has_event_handler (MugaiBytes text) {
  for (gsize at = 0; at + 4 < text.length_bytes; at++) {
    if (!g_ascii_isspace ((char) text.data[at]) && text.data[at] != '/' && text.data[at] != '"'
        && text.data[at] != '\'')
      continue;
    if (g_ascii_tolower ((char) text.data[at + 1]) != 'o' || g_ascii_tolower ((char) text.data[at + 2]) != 'n')
      continue;
    gsize end = at + 3;
    while (end < text.length_bytes && end < at + 30 && g_ascii_isalpha ((char) text.data[end]))
      end++;
    gsize word = end - at - 3;
    while (end < text.length_bytes && end < at + 40 && g_ascii_isspace ((char) text.data[end]))
      end++;
    if (word < 3 || mugai_bytes_u8 (text, end) != '=')
      continue;
    /* Only within a tag: a text may well say "one onset = ..." */
    const guint8 *open = memrchr (text.data, '<', at), *close = memrchr (text.data, '>', at);
    if (open && (!close || close < open || text.data[at] != ' '))
      return TRUE;
  }
  return FALSE;
}

static guint64 flags_of_markup (MugaiBytes bytes, gboolean svg) {
  g_autoptr (GByteArray) text = as_ascii (mugai_bytes_slice (bytes, 0, MAX_MARKUP_BYTES));
  MugaiBytes view = { text->data, text->len };
  guint64 flags = 0;
  if (contains (view, "<script") || contains (view, "javascript:") || contains (view, "vbscript:")
      || contains (view, "<applet") || contains (view, "data:text/html") || contains (view, ":script")
      || has_event_handler (view))
    flags |= BIT (ACTIVE_CONTENT);
  if (contains (view, "<object") || contains (view, "<embed") || contains (view, "<foreignobject"))
    flags |= BIT (EMBEDDED_OBJECT) | BIT (ACTIVE_CONTENT);
  if (contains (view, "<iframe") || contains (view, "<frame ") || contains (view, "<frameset"))
    flags |= BIT (EXTERNAL_REFERENCE);
  if (svg && (contains (view, "href=\"http") || contains (view, "href='http") || contains (view, "<!entity")))
    flags |= BIT (EXTERNAL_REFERENCE);
  return flags;
}

static guint64 flags_of_rtf (MugaiBytes bytes) {
  MugaiBytes view = mugai_bytes_slice (bytes, 0, MAX_MARKUP_BYTES);
  guint64 flags = 0;
  if (contains (view, "\\object") || contains (view, "\\objdata") || contains (view, "\\objocx"))
    flags |= BIT (EMBEDDED_OBJECT) | BIT (ACTIVE_CONTENT);
  if (contains (view, "\\objlink") || contains (view, "\\objautlink") || contains (view, "\\*\\template")
      || contains (view, "includepicture") || contains (view, "includetext"))
    flags |= BIT (EXTERNAL_REFERENCE);
  if (contains (view, "\\objupdate") || contains (view, "ddeauto"))
    flags |= BIT (ACTIVE_CONTENT);
  return flags;
}

/* ---- compound files ---- */

#define BIFF_BOUNDSHEET 0x0085u
#define BIFF_FILEPASS 0x002fu
#define BIFF_SHEET_MACRO 1u

/* The workbook's globals: sheets of Excel 4's macro kind, and the record that says all that follows is encrypted. */
static guint64 flags_of_workbook (MugaiBytes bytes) {
  guint64 flags = 0;
  for (gsize at = 0; at + 4 <= bytes.length_bytes;) {
    guint16 id = mugai_bytes_u16 (bytes, at), length = mugai_bytes_u16 (bytes, at + 2);
    if (id == BIFF_FILEPASS)
      flags |= BIT (ENCRYPTED);
    if (id == BIFF_BOUNDSHEET && mugai_bytes_u8 (bytes, at + 4 + 5) == BIFF_SHEET_MACRO)
      flags |= BIT (MACRO);
    at += 4 + (gsize) length;
  }
  return flags;
}

#define PPT_VBA_INFO_ATOM 0x0400u
#define PPT_OLE_OBJECT 0x1011u
#define PPT_CRYPT_SESSION 0x2f14u

/* Records nest; going into a container is stepping over its header only. */
static guint64 flags_of_presentation (MugaiBytes bytes) {
  guint64 flags = 0;
  for (gsize at = 0; at + 8 <= bytes.length_bytes;) {
    guint16 version = mugai_bytes_u16 (bytes, at), type = mugai_bytes_u16 (bytes, at + 2);
    guint32 length = mugai_bytes_u32 (bytes, at + 4);
    if (type == PPT_VBA_INFO_ATOM && mugai_bytes_u32 (bytes, at + 12) != 0)
      flags |= BIT (MACRO);
    if (type == PPT_OLE_OBJECT)
      flags |= BIT (EMBEDDED_OBJECT);
    if (type == PPT_CRYPT_SESSION)
      flags |= BIT (ENCRYPTED);
    at += 8 + ((version & 0xf) == 0xf ? 0 : (gsize) length);
  }
  return flags;
}

static guint64 flags_of_stream (const MugaiOle *ole, const char *name, guint64 (*look) (MugaiBytes)) {
  const MugaiOleEntry *entry = mugai_ole_find (ole, name, 2);
  if (!entry)
    return 0;
  g_autoptr (GByteArray) stream = mugai_ole_read (ole, entry, MAX_STREAM_BYTES);
  return look ((MugaiBytes){ stream->data, stream->len });
}

#define WORD_FIB_ENCRYPTED 0x0100u

static guint64 flags_of_word (MugaiBytes stream) {
  return mugai_bytes_u16 (stream, 10) & WORD_FIB_ENCRYPTED ? BIT (ENCRYPTED) : 0;
}

#define PPT_ENCRYPTED_TOKEN 0xf3d1c4dfu

static guint64 flags_of_current_user (MugaiBytes stream) {
  return mugai_bytes_u32 (stream, 12) == PPT_ENCRYPTED_TOKEN ? BIT (ENCRYPTED) : 0;
}

static guint64 flags_of_ole (MugaiBytes bytes) {
  g_autoptr (MugaiOle) ole = mugai_ole_open (bytes);
  if (!ole)
    return BIT (MALFORMED);
  guint64 flags = 0;
  if (mugai_ole_find (ole, "_VBA_PROJECT", 0) || mugai_ole_find (ole, "_VBA_PROJECT_CUR", 0)
      || mugai_ole_find (ole, "VBA", 1) || mugai_ole_find (ole, "Macros", 1))
    flags |= BIT (MACRO);
  if (mugai_ole_find (ole, "EncryptedPackage", 2) || mugai_ole_find (ole, "EncryptionInfo", 2)
      || mugai_ole_find (ole, "EncryptedSummary", 2))
    flags |= BIT (ENCRYPTED);
  if (mugai_ole_find (ole, "\001Ole10Native", 2) || mugai_ole_find (ole, "Equation Native", 2)
      || mugai_ole_find_prefix (ole, "MBD0") || mugai_ole_find (ole, "\003OCXDATA", 2)
      || (mugai_ole_find (ole, "ObjectPool", 1) && mugai_ole_find_prefix (ole, "_1")))
    flags |= BIT (EMBEDDED_OBJECT);
  if (mugai_ole_find (ole, "\003OCXDATA", 2) || mugai_ole_find (ole, "\003OCXNAME", 2))
    flags |= BIT (ACTIVE_CONTENT);
  flags |= flags_of_stream (ole, "Workbook", flags_of_workbook);
  flags |= flags_of_stream (ole, "Book", flags_of_workbook);
  flags |= flags_of_stream (ole, "WordDocument", flags_of_word);
  flags |= flags_of_stream (ole, "PowerPoint Document", flags_of_presentation);
  flags |= flags_of_stream (ole, "Current User", flags_of_current_user);
  return flags;
}

/* ---- ZIP-based documents ---- */

static gboolean name_has (const char *name, const char *piece) {
  return strstr (name, piece) != NULL;
}

static guint64 flags_of_ooxml_name (const char *name) {
  guint64 flags = 0;
  if (g_str_has_suffix (name, "vbaproject.bin") || g_str_has_suffix (name, "vbadata.xml")
      || name_has (name, "/macrosheets/") || name_has (name, "intlmacrosheet"))
    flags |= BIT (MACRO);
  if (name_has (name, "/embeddings/") || name_has (name, "oleobject"))
    flags |= BIT (EMBEDDED_OBJECT);
  if (name_has (name, "/activex/"))
    flags |= BIT (ACTIVE_CONTENT) | BIT (EMBEDDED_OBJECT);
  return flags;
}

static guint64 flags_of_odf_name (const char *name) {
  gboolean module = g_str_has_prefix (name, "basic/") && !g_str_has_suffix (name, "script-lc.xml")
                    && !g_str_has_suffix (name, "script-lb.xml") && !g_str_has_suffix (name, "/");
  gboolean script = g_str_has_prefix (name, "scripts/") && !g_str_has_suffix (name, "/");
  guint64 flags = module || script ? BIT (MACRO) : 0;
  if (g_str_has_prefix (name, "object ") || g_str_has_prefix (name, "objectreplacements/"))
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

static guint64 flags_of_office_xml (const char *name, MugaiBytes text) {
  guint64 flags = 0;
  if (g_str_has_prefix (name, "word/")
      && (contains (text, "ddeauto") || contains (text, ">dde ") || contains (text, "> dde ")))
    flags |= BIT (ACTIVE_CONTENT);
  if (g_str_has_prefix (name, "word/") && (contains (text, "includepicture") || contains (text, "includetext")))
    flags |= BIT (EXTERNAL_REFERENCE);
  if (g_str_has_prefix (name, "xl/externallinks/") && contains (text, "ddelink"))
    flags |= BIT (ACTIVE_CONTENT);
  return flags;
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
    for (gssize at = 0; (at = mugai_bytes_find_nocase (text, (gsize) at, fetched[i])) >= 0; at++) {
      gssize end = MUGAI_BYTES_FIND (text, (gsize) at, ">");
      MugaiBytes tag = mugai_bytes_slice (text, (gsize) at, end < 0 ? 4096 : (gsize) (end - at));
      if (contains (tag, "href=\"http") || contains (tag, "href=\"//") || contains (tag, "href=\"file:")
          || contains (tag, "href=\"ftp") || contains (tag, "href=\"\\\\"))
        flags |= BIT (EXTERNAL_REFERENCE);
    }
  }
  return flags;
}

static gboolean is_xml (const char *name) {
  return g_str_has_suffix (name, ".xml") || g_str_has_suffix (name, ".rels");
}

static guint64 flags_of_entry (const char *name, GBytes *content) {
  MugaiBytes bytes = mugai_bytes_of (content);
  if (g_str_has_suffix (name, ".rels"))
    return flags_of_rels (bytes);
  g_autoptr (GByteArray) text = as_ascii (bytes);
  MugaiBytes view = { text->data, text->len };
  if (g_str_equal (name, "[content_types].xml"))
    return flags_of_content_types (view);
  if (g_str_equal (name, "meta-inf/manifest.xml"))
    return contains (view, "encryption-data") ? BIT (ENCRYPTED) : 0;
  if (g_str_equal (name, "content.xml") || g_str_equal (name, "styles.xml"))
    return flags_of_odf_xml (view);
  return flags_of_office_xml (name, view);
}

static gboolean is_embedded_document (const char *name) {
  return name_has (name, "/embeddings/") && !g_str_has_suffix (name, "/");
}

static guint64 flags_of_problems (const MugaiZip *zip) {
  guint64 flags = 0;
  if (zip->problems & MUGAI_ZIP_MALFORMED)
    flags |= BIT (MALFORMED);
  if (zip->problems & MUGAI_ZIP_AMBIGUOUS)
    flags |= BIT (AMBIGUOUS);
  if (zip->problems & (MUGAI_ZIP_OVERLAP | MUGAI_ZIP_TOO_MANY))
    flags |= BIT (BOMB);
  return flags;
}

/* One member of a document: its name, and the content of those that matter. */
static guint64 look_at_entry (const MugaiZip *zip, const MugaiZipEntry *entry, MugaiBudget *budget, const Work *work,
                              GArray *list) {
  g_autofree char *raw = g_strndup ((const char *) entry->name.data, MIN (entry->name.length_bytes, 4096));
  g_autofree char *name = g_ascii_strdown (g_strdelimit (raw, "\\", '/'), -1);
  guint64 flags = flags_of_ooxml_name (name) | flags_of_odf_name (name);
  if (entry->encrypted)
    flags |= BIT (ENCRYPTED);
  gboolean nested = is_embedded_document (name) && work->depth + 1 < MAX_NESTING && list->len < MAX_EMBEDDED;
  if (!nested && !is_xml (name))
    return flags;
  g_autoptr (GBytes) content = NULL;
  MugaiZipRead outcome =
      mugai_zip_read (zip, entry, (gsize) MIN (budget->unpacked_bytes, MAX_PART_BYTES), budget, &content);
  budget->unpacked_bytes -= MIN (g_bytes_get_size (content), budget->unpacked_bytes);
  if (outcome == MUGAI_ZIP_READ_BOMB || outcome == MUGAI_ZIP_READ_LATE)
    flags |= BIT (BOMB);
  if (outcome == MUGAI_ZIP_READ_BROKEN)
    flags |= BIT (MALFORMED);
  if (is_xml (name))
    flags |= flags_of_entry (name, content);
  if (nested) {
    Work inner = { g_steal_pointer (&content), work->depth + 1 };
    g_array_append_val (list, inner);
  }
  return flags;
}

static guint64 flags_of_package (const Work *work, MugaiBudget *budget, GArray *list) {
  g_autoptr (MugaiZip) zip = mugai_zip_open (mugai_bytes_of (work->content));
  if (!zip)
    return BIT (MALFORMED);
  guint64 flags = flags_of_problems (zip);
  for (guint i = 0; i < zip->entries->len && !(flags & BIT (BOMB)); i++)
    flags |= look_at_entry (zip, &g_array_index (zip->entries, MugaiZipEntry, i), budget, work, list);
  return flags;
}

static guint64 flags_of_documents (MugaiBytes bytes, MugaiBudget *budget) {
  g_autoptr (GArray) list = g_array_new (FALSE, FALSE, sizeof (Work));
  g_array_set_clear_func (list, clear_work);
  Work first = { g_bytes_new_static (bytes.data, bytes.length_bytes), 0 };
  g_array_append_val (list, first);
  guint64 flags = 0;
  for (guint i = 0; i < list->len && !mugai_budget_late (budget); i++) {
    Work work = g_array_index (list, Work, i); /* a copy: the list may move while it grows */
    MugaiBytes view = mugai_bytes_of (work.content);
    if (mugai_ole_is (view))
      flags |= flags_of_ole (view);
    else if (mugai_zip_is (view))
      flags |= flags_of_package (&work, budget, list);
  }
  return flags;
}

/* ---- by type ---- */

static gboolean is_package (const char *type) {
  return strstr (type, "openxmlformats") || strstr (type, "macroenabled") || strstr (type, "opendocument")
         || strstr (type, "ms-visio.drawing") || strstr (type, "xpsdocument")
         || g_str_equal (type, "application/epub+zip");
}

static gboolean is_compound (MugaiBytes bytes) {
  return mugai_ole_is (bytes);
}

/* EnvelopedData, EncryptedData and AuthEnvelopedData: the content is for a key's owner only. */
static gboolean is_enveloped (MugaiBytes bytes) {
  static const guint8 oid[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07 };
  gssize at = mugai_bytes_find (mugai_bytes_slice (bytes, 0, 32), 0, oid, sizeof oid);
  guint8 kind = at < 0 ? 0 : mugai_bytes_u8 (bytes, (gsize) at + sizeof oid);
  return kind == 3 || kind == 4 || kind == 6;
}

static guint64 flags_of_other_text (const char *type, MugaiBytes bytes) {
  MugaiBytes view = mugai_bytes_slice (bytes, 0, MAX_MARKUP_BYTES);
  if (g_str_equal (type, "application/x-mimearchive"))
    return contains (view, "activemime") || contains (view, "qwn0axzltwltz") ? BIT (MACRO) : 0;
  if (g_str_equal (type, "application/msword+xml") || g_str_equal (type, "application/vnd.ms-excel+xml")
      || g_str_equal (type, "application/xml"))
    return contains (view, "macrospresent=\"yes\"") || contains (view, "<w:bindata w:name=\"editdata.mso\"")
                   || contains (view, "vbaproject.bin")
               ? BIT (MACRO)
               : 0;
  return 0;
}

guint64 mugai_active_flags (const char *type, MugaiBytes bytes, MugaiBudget *budget) {
  if (is_compound (bytes) || is_package (type))
    return flags_of_documents (bytes, budget);
  if (g_str_equal (type, "application/pdf"))
    return mugai_pdf_flags (bytes, budget);
  if (g_str_equal (type, "application/rtf"))
    return flags_of_rtf (bytes);
  if (g_str_equal (type, "text/html") || g_str_equal (type, "application/hta"))
    return flags_of_markup (bytes, FALSE);
  if (g_str_equal (type, "image/svg+xml"))
    return flags_of_markup (bytes, TRUE);
  if (g_str_equal (type, "application/vnd.adobe.flash.movie") || g_str_equal (type, "application/x-msaccess"))
    return BIT (ACTIVE_CONTENT);
  if (g_str_equal (type, "application/pkcs7-mime"))
    return is_enveloped (bytes) ? BIT (ENCRYPTED) : 0;
  return flags_of_other_text (type, bytes);
}
