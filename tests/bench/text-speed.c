/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Speed of the HTML conversion in process: MB/s and ms of CPU per document over the files named, best of several rounds.
 *
 * Run by tests/bench/text-speed.py, never asserted. With --profile it goes on for five seconds and prints nothing.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "mugai/text.h"

#define SECONDS 2 /* the best round counts: on a shared machine short runs may be all slow ones */

/* Of this process alone: on a shared machine the clock on the wall says little. */
static gint64 cpu_us (void) {
  struct timespec now;

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static gsize convert_all (GPtrArray *documents) {
  gsize out_bytes = 0;

  for (guint i = 0; i < documents->len; i++) {
    const GString *html = g_ptr_array_index (documents, i);
    g_autoptr (MugaiTextResult) result = NULL;

    if (mugai_text_from_html (html->str, html->len, NULL, &result, NULL))
      out_bytes += strlen (result->text);
  }
  return out_bytes;
}

static GPtrArray *read_all (int count, char **paths, gsize *ret_bytes) {
  GPtrArray *documents = g_ptr_array_new ();

  *ret_bytes = 0;
  for (int i = 0; i < count; i++) {
    char *text;
    gsize length;

    if (!g_file_get_contents (paths[i], &text, &length, NULL))
      g_error ("%s cannot be read", paths[i]);
    g_ptr_array_add (documents, g_string_new_len (text, (gssize) length));
    *ret_bytes += length;
    g_free (text);
  }
  return documents;
}

int main (int argc, char **argv) {
  gboolean profile = argc > 1 && g_str_equal (argv[1], "--profile");
  gsize bytes, out_bytes = 0;
  GPtrArray *documents = read_all (argc - 1 - profile, argv + 1 + profile, &bytes);
  gint64 began_us = g_get_monotonic_time (), best_us = G_MAXINT64;

  while (g_get_monotonic_time () - began_us < (profile ? 5 : SECONDS) * G_USEC_PER_SEC) {
    gint64 start_us = cpu_us ();

    out_bytes = convert_all (documents);
    best_us = MIN (best_us, cpu_us () - start_us);
  }
  if (!profile)
    printf ("%u documents, %zu bytes, %zu out: %.1f MB/s, %.4f ms per document\n", documents->len, bytes, out_bytes,
            (double) bytes / (double) best_us, (double) best_us / 1000.0 / documents->len);
  return 0;
}
