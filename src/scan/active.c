/* SPDX-License-Identifier: GPL-2.0-only
 *
 * scan/active: see active.h. Documents within documents are put on a list of work, three deep; what an object deeper
 * down could do is covered by embedded-object.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "active.h"

#include "mugai/base/facts.h"

#include "embedded.h"
#include "ole.h"
#include "zip.h"

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

static void add_work (GArray *list, GBytes *content, guint depth) {
  if (depth >= MAX_NESTING || list->len >= MAX_EMBEDDED)
    return;
  Work work = { g_bytes_ref (content), depth };
  g_array_append_val (list, work);
}

/* ---- ZIP-based documents ---- */

static gboolean is_embedded_document (const char *name) {
  return strstr (name, "/embeddings/") && !g_str_has_suffix (name, "/");
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
  guint64 flags = mugai_active_entry_name (name);
  if (entry->encrypted)
    flags |= BIT (ENCRYPTED);
  if (mugai_budget_is_bomb (budget, entry->packed_bytes, entry->size_bytes))
    return flags | BIT (BOMB);
  gboolean nested = is_embedded_document (name) && work->depth + 1 < MAX_NESTING && list->len < MAX_EMBEDDED;
  if (!nested && !mugai_active_is_xml (name))
    return flags;
  g_autoptr (GBytes) content = NULL;
  MugaiZipRead outcome =
      mugai_zip_read (zip, entry, (gsize) MIN (budget->unpacked_bytes, MUGAI_ACTIVE_MAX_PART_BYTES), budget, &content);
  budget->unpacked_bytes -= MIN (g_bytes_get_size (content), budget->unpacked_bytes);
  if (outcome == MUGAI_ZIP_READ_BOMB || outcome == MUGAI_ZIP_READ_LATE)
    flags |= BIT (BOMB);
  if (flags & BIT (BOMB))
    return flags;
  if (outcome == MUGAI_ZIP_READ_BROKEN)
    flags |= BIT (MALFORMED);
  if (outcome == MUGAI_ZIP_READ_OVER_LIMIT)
    budget->cut = TRUE;
  if (mugai_active_is_xml (name))
    flags |= mugai_active_entry (name, content);
  if (nested) {
    flags |= mugai_embedded_flags (mugai_bytes_of (content), name);
    add_work (list, content, work->depth + 1);
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

static guint64 flags_of_compound (const Work *work, MugaiBudget *budget, GArray *list) {
  g_autoptr (GPtrArray) inner = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  guint64 flags = mugai_active_compound (mugai_bytes_of (work->content), budget, inner);
  for (guint i = 0; i < inner->len; i++)
    add_work (list, inner->pdata[i], work->depth + 1);
  return flags;
}

guint64 mugai_active_documents (GBytes *content, MugaiBudget *budget) {
  g_autoptr (GArray) list = g_array_new (FALSE, FALSE, sizeof (Work));
  g_array_set_clear_func (list, clear_work);
  add_work (list, content, 0);
  guint64 flags = 0;
  for (guint i = 0; i < list->len && !mugai_budget_late (budget); i++) {
    Work work = g_array_index (list, Work, i); /* a copy: the list may move while it grows */
    MugaiBytes view = mugai_bytes_of (work.content);
    if (work.depth > 0)
      flags |= mugai_embedded_flags (view, NULL);
    if (mugai_ole_is (view))
      flags |= flags_of_compound (&work, budget, list);
    else if (mugai_zip_is (view))
      flags |= flags_of_package (&work, budget, list);
  }
  return flags;
}

static guint64 flags_of_rtf (MugaiBytes bytes, MugaiBudget *budget) {
  g_autoptr (GPtrArray) inner = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  guint64 flags = mugai_active_rtf (bytes, inner);
  for (guint i = 0; i < inner->len && i < MAX_EMBEDDED; i++) {
    MugaiBytes content;
    flags |= mugai_embedded_package (mugai_bytes_of (inner->pdata[i]), &content) & ~BIT (MALFORMED);
    flags |= mugai_active_documents (inner->pdata[i], budget) & ~BIT (MALFORMED);
  }
  return flags;
}

/* ---- by type ---- */

static gboolean is_package (const char *type) {
  return strstr (type, "openxmlformats") || strstr (type, "macroEnabled") || strstr (type, "opendocument")
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

/* A picture to one program and a script to another: where its size and colours should stand there is text, and no block of a picture follows. */
static gboolean is_false_gif (MugaiBytes bytes) {
  for (gsize at = 6; at < 13; at++) {
    if (!g_ascii_isprint ((char) mugai_bytes_u8 (bytes, at)) && !g_ascii_isspace ((char) mugai_bytes_u8 (bytes, at)))
      return FALSE;
  }
  guint8 packed = mugai_bytes_u8 (bytes, 10);
  guint8 block = mugai_bytes_u8 (bytes, 13 + (packed & 0x80 ? 6u << (packed & 7) : 0));
  return block != 0x21 && block != 0x2c && block != 0x3b;
}

guint64 mugai_active_flags (const char *type, MugaiBytes bytes, MugaiBudget *budget) {
  if (is_compound (bytes) || (is_package (type) && mugai_zip_is (bytes))) {
    g_autoptr (GBytes) content = g_bytes_new_static (bytes.data, bytes.length_bytes);
    return mugai_active_documents (content, budget);
  }
  if (g_str_equal (type, "application/pdf"))
    return mugai_pdf_flags (bytes, budget);
  if (g_str_equal (type, "image/gif"))
    return is_false_gif (bytes) ? BIT (MALFORMED) : 0;
  if (g_str_equal (type, "application/rtf"))
    return flags_of_rtf (bytes, budget);
  if (g_str_equal (type, "text/html") || g_str_equal (type, "application/hta"))
    return mugai_active_markup (bytes, FALSE);
  if (g_str_equal (type, "image/svg+xml"))
    return mugai_active_markup (bytes, TRUE);
  if (g_str_equal (type, "application/x-activemime"))
    return BIT (MACRO);
  if (g_str_equal (type, "application/vnd.adobe.flash.movie") || g_str_equal (type, "application/x-msaccess"))
    return BIT (ACTIVE_CONTENT);
  if (g_str_equal (type, "application/pkcs7-mime"))
    return is_enveloped (bytes) ? BIT (ENCRYPTED) : 0;
  return mugai_active_text (type, bytes);
}
