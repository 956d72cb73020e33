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
      flags |= mugai_active_compound (view);
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

guint64 mugai_active_flags (const char *type, MugaiBytes bytes, MugaiBudget *budget) {
  if (is_compound (bytes) || is_package (type))
    return flags_of_documents (bytes, budget);
  if (g_str_equal (type, "application/pdf"))
    return mugai_pdf_flags (bytes, budget);
  if (g_str_equal (type, "application/rtf"))
    return mugai_active_rtf (bytes);
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
