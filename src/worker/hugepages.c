/* SPDX-License-Identifier: GPL-2.0-only
 *
 * hugepages: the loaded signatures in huge pages.
 *
 * Looking for hundreds of thousands of patterns at once jumps about in hundreds of megabytes: in pages of 4 KiB the
 * processor spends 5 to 8 % of a scan (measured) finding where they lie, and each fork copies the list of them all.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "worker.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* Linux 6.1; the C library of Debian 12 does not know its name yet */
#endif

#define HUGE_PAGE_BYTES (2u * 1024 * 1024)
#define MAX_REGION_BYTES (G_GUINT64_CONSTANT (16) << 30) /* no signatures are as large: a sanitizer's shadow is */

/* Piece by piece: one that cannot be (never touched, pinned) ends a longer call. */
static void collapse (guintptr start, guintptr end) {
  guintptr page = (start + HUGE_PAGE_BYTES - 1) / HUGE_PAGE_BYTES * HUGE_PAGE_BYTES;

  for (; page + HUGE_PAGE_BYTES <= end; page += HUGE_PAGE_BYTES)
    (void) madvise ((void *) page, HUGE_PAGE_BYTES, MADV_COLLAPSE);
}

/* proc_pid_maps(5): address range, permissions, offset, device, inode, path. */
static gboolean is_own_memory (const char *line, guintptr *start, guintptr *end) {
  char permissions[5];
  gulong inode;

  return sscanf (line, "%" G_GINTPTR_MODIFIER "x-%" G_GINTPTR_MODIFIER "x %4s %*s %*s %lu", start, end, permissions,
                 &inode)
             == 4
         && g_str_equal (permissions, "rw-p") && inode == 0;
}

void worker_memory_collapse (void) {
  g_autofree char *text = NULL;
  guintptr start, end;

  if (!g_file_get_contents ("/proc/self/maps", &text, NULL, NULL))
    return;
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    if (is_own_memory (*line, &start, &end) && end - start <= MAX_REGION_BYTES)
      collapse (start, end);
}
