/* SPDX-License-Identifier: GPL-2.0-only
 *
 * What the verdict cache saves, and that nothing grows: the mails of a folder through one scanner, over and over, with a Subject
 * of their own each time, so that only their parts are the same. Cache off and on take turns.
 *
 * usage: scan-cache SIGNATURES MESSAGES MAIL...
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mugai/scan.h"

static double cpu_s (void) {
  struct timespec now;
  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

static long resident_kb (void) {
  long pages = 0;
  FILE *file = fopen ("/proc/self/statm", "r");
  if (file == NULL || fscanf (file, "%*d %ld", &pages) != 1)
    abort ();
  fclose (file);
  return pages * 4;
}

static void scan_one (MugaiScanner *scanner, GBytes *mail, guint number) {
  g_autofree char *head = g_strdup_printf ("X-Number: %u\r\n", number);
  GByteArray *bytes = g_byte_array_new ();
  g_byte_array_append (bytes, (const guint8 *) head, (guint) strlen (head));
  g_byte_array_append (bytes, g_bytes_get_data (mail, NULL), (guint) g_bytes_get_size (mail));
  g_autoptr (GBytes) message = g_byte_array_free_to_bytes (bytes);
  g_autoptr (MugaiPart) part = mugai_part_new ();
  g_autoptr (GPtrArray) members = g_ptr_array_new_with_free_func ((GDestroyNotify) mugai_part_free);
  g_free (part->path);
  part->path = g_strdup ("1");
  mugai_scanner_begin_message (scanner, message);
  mugai_scan_part (scanner, part, mail, members);
}

int main (int argc, char **argv) {
  if (argc < 4)
    return 64;
  const char *signatures = strcmp (argv[1], "-") == 0 ? NULL : argv[1];
  guint messages = (guint) atoi (argv[2]);
  for (guint turn = 0; turn < 4; turn++) {
    MugaiScanLimits limits = { .max_cached = turn % 2 == 0 ? MUGAI_SCAN_NO_CACHE : 0 };
    g_autoptr (GError) error = NULL;
    g_autoptr (MugaiScanner) scanner = mugai_scanner_new (signatures, NULL, &limits, &error);
    if (scanner == NULL)
      g_error ("%s", error->message);
    long early_kb = 0;
    double before = cpu_s ();
    for (guint i = 0; i < messages; i++) {
      g_autofree char *data = NULL;
      gsize length;
      if (!g_file_get_contents (argv[3 + i % (guint) (argc - 3)], &data, &length, &error))
        g_error ("%s", error->message);
      g_autoptr (GBytes) mail = g_bytes_new_take (g_steal_pointer (&data), length);
      scan_one (scanner, mail, i);
      if (i == messages / 10)
        early_kb = resident_kb ();
    }
    printf ("cache %s: %u messages, %.2f ms CPU each, resident %ld kB after a tenth, %ld kB at the end\n",
            turn % 2 == 0 ? "off" : "on ", messages, (cpu_s () - before) * 1000 / messages, early_kb, resident_kb ());
    fflush (stdout);
  }
  return 0;
}
