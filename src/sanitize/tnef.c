/* SPDX-License-Identifier: GPL-2.0-only
 *
 * winmail.dat as what it is to its reader: a wrapper around files. Each file is a member with a path below the wrapper's
 * ("1.2/3") and is scanned like an attachment; the worst of them is also said of the wrapper. libclamav has read the wrapper, too.
 */
#include "inspection.h"

#include <string.h>

#include "mugai/mail/tnef.h"

static void worsen (MugaiPart *wrapper, const MugaiPart *file) {
  if (file->scan >= wrapper->scan || file->scan >= MUGAI_SCAN_NOT_SCANNED)
    return;
  wrapper->scan = file->scan;
  g_free (wrapper->signature);
  wrapper->signature = g_strdup (file->signature);
}

static void inspect_file (MugaiInspection *inspection, const MugaiLeaf *leaf, guint number, const MugaiTnefFile *file,
                          MugaiScanner *scanner) {
  MugaiPart *part = mugai_part_new ();
  g_free (part->path);
  part->path = g_strdup_printf ("%s/%u", leaf->entity->path, number);
  if (*file->name != '\0') {
    g_strfreev (part->names);
    part->names = g_new0 (char *, 2);
    part->names[0] = g_strdup (file->name);
  }
  part->role = MUGAI_ROLE_MEMBER;
  g_ptr_array_add (inspection->facts->parts, part);
  mugai_scan_part (scanner, part, file->content, inspection->facts->parts);
  worsen (mugai_leaf_part (inspection, leaf), part);
}

void mugai_tnef_inspect (MugaiInspection *inspection, MugaiLeaf *leaf, MugaiScanner *scanner) {
  MugaiPart *wrapper = mugai_leaf_part (inspection, leaf);
  leaf->tnef = mugai_tnef_open (leaf->entity->content);
  if (leaf->tnef == NULL)
    return;
  for (guint i = 0; i < leaf->tnef->files->len; i++) {
    if (inspection->tnef_files++ >= MUGAI_TNEF_MAX_FILES) {
      leaf->tnef->over_limit = TRUE;
      break;
    }
    inspect_file (inspection, leaf, i + 1, g_ptr_array_index (leaf->tnef->files, i), scanner);
  }
  if (leaf->tnef->damaged)
    wrapper->flags |= MUGAI_BIT (MUGAI_FLAG_MALFORMED);
  if (leaf->tnef->over_limit)
    wrapper->scan = MIN (wrapper->scan, MUGAI_SCAN_OVER_LIMIT);
}

GBytes *mugai_tnef_extract (const MugaiInspection *inspection, const char *path) {
  const char *slash = strchr (path, '/');
  for (guint i = 0; slash != NULL && i < inspection->leaves->len; i++) {
    const MugaiLeaf *leaf = g_ptr_array_index (inspection->leaves, i);
    gsize length = strlen (leaf->entity->path);
    if (leaf->tnef == NULL || (gsize) (slash - path) != length || strncmp (path, leaf->entity->path, length) != 0)
      continue;
    char *end = NULL;
    guint64 number = g_ascii_strtoull (slash + 1, &end, 10);
    if (*end != '\0' || number == 0 || number > leaf->tnef->files->len)
      return NULL;
    const MugaiTnefFile *file = g_ptr_array_index (leaf->tnef->files, (guint) number - 1);
    return g_bytes_ref (file->content);
  }
  return NULL;
}
