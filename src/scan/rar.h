/* SPDX-License-Identifier: GPL-2.0-only
 *
 * scan/rar: what a RAR file says of itself: names, sizes, locks. Nothing is unpacked: the only free readers of the format
 * read some of it, and what half a reader skips would pass as clean.
 *
 * Headers of RAR 1.5 to 4 and of RAR 5, stepped through within the file's bounds. Pure; any thread.
 */
#pragma once

#include "bytes.h"

#define MUGAI_RAR_MAX_ENTRIES 20000u /* twice the members of a message */

typedef struct {
  char *name;         /* bytes as stored, or UTF-8 where the header holds Unicode */
  guint64 size_bytes; /* announced */
  gboolean encrypted, directory;
} MugaiRarEntry;

typedef struct {
  GArray *entries; /* of MugaiRarEntry */
  gboolean headers_encrypted, malformed;
} MugaiRar;

/** mugai_rar_open: never NULL; what cannot be read is malformed. */
MugaiRar *mugai_rar_open (MugaiBytes bytes);
void mugai_rar_free (MugaiRar *rar);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiRar, mugai_rar_free)
