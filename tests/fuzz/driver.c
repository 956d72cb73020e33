/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Runs a libFuzzer target as a plain test: each seed file given, then a bounded number of reproducible mutations of each.
 * For real fuzzing: clang -fsanitize=fuzzer,address,undefined with the same target and without this file.
 *
 * usage: fuzz-x RUNS [SEED-FILE-OR-FOLDER...]
 */
#include <glib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t length);

#define MAX_SEED_BYTES (64u * 1024) /* mutations of larger ones take too long for a plain test */

static void add_file (GPtrArray *seeds, const char *path) {
  char *text = NULL;
  gsize length = 0;
  if (g_file_get_contents (path, &text, &length, NULL))
    g_ptr_array_add (seeds, g_bytes_new_take (text, length));
}

static void add_path (GPtrArray *seeds, const char *path) {
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  if (folder == NULL) {
    add_file (seeds, path);
    return;
  }
  for (const char *name = g_dir_read_name (folder); name != NULL; name = g_dir_read_name (folder)) {
    g_autofree char *file = g_build_filename (path, name, NULL);
    add_file (seeds, file);
  }
}

static void splice (GByteArray *bytes, GRand *random, GPtrArray *seeds) {
  gsize length = 0;
  const guint8 *other =
      g_bytes_get_data (g_ptr_array_index (seeds, (guint) g_rand_int_range (random, 0, (gint) seeds->len)), &length);
  if (length == 0)
    return;
  guint from = (guint) g_rand_int_range (random, 0, (gint) length);
  guint n = (guint) g_rand_int_range (random, 1, (gint) MIN (length - from, 64) + 1);
  guint at = bytes->len > 0 ? (guint) g_rand_int_range (random, 0, (gint) bytes->len) : 0;
  GByteArray *tail = g_byte_array_new ();
  if (bytes->len > at) /* an empty array has no data to point into */
    g_byte_array_append (tail, bytes->data + at, bytes->len - at);
  g_byte_array_set_size (bytes, at);
  g_byte_array_append (bytes, other + from, n);
  g_byte_array_append (bytes, tail->data, tail->len);
  g_byte_array_unref (tail);
}

static void mutate (GByteArray *bytes, GRand *random, GPtrArray *seeds) {
  for (int i = g_rand_int_range (random, 1, 6); i > 0; i--) {
    guint at = bytes->len > 0 ? (guint) g_rand_int_range (random, 0, (gint) bytes->len) : 0;
    switch (bytes->len > 0 ? g_rand_int_range (random, 0, 4) : 3) {
    case 0:
      bytes->data[at] = (guint8) g_rand_int (random);
      break;
    case 1:
      g_byte_array_remove_range (bytes, at, (guint) g_rand_int_range (random, 1, (gint) MIN (bytes->len - at, 32) + 1));
      break;
    case 2:
      bytes->data[at] ^= (guint8) (1u << g_rand_int_range (random, 0, 8));
      break;
    default:
      splice (bytes, random, seeds);
    }
  }
}

int main (int argc, char **argv) {
  g_autoptr (GPtrArray) seeds = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (GRand) random = g_rand_new_with_seed (20261121);
  gint64 runs = argc > 1 ? g_ascii_strtoll (argv[1], NULL, 10) : 1000;
  g_ptr_array_add (seeds, g_bytes_new_static ("", 0));
  for (int i = 2; i < argc; i++)
    add_path (seeds, argv[i]);
  for (guint i = 0; i < seeds->len; i++) {
    gsize length = 0;
    const uint8_t *data = g_bytes_get_data (g_ptr_array_index (seeds, i), &length);
    (void) LLVMFuzzerTestOneInput (length > 0 ? data : (const uint8_t *) "", length);
  }
  for (gint64 run = 0; run < runs; run++) {
    gsize length = 0;
    const guint8 *data =
        g_bytes_get_data (g_ptr_array_index (seeds, (guint) g_rand_int_range (random, 0, (gint) seeds->len)), &length);
    GByteArray *bytes = g_byte_array_new ();
    g_byte_array_append (bytes, data, (guint) MIN (length, MAX_SEED_BYTES));
    mutate (bytes, random, seeds);
    (void) LLVMFuzzerTestOneInput (bytes->len > 0 ? bytes->data : (const uint8_t *) "", bytes->len);
    g_byte_array_unref (bytes);
  }
  g_print ("%u seeds, %" G_GINT64_FORMAT " mutations\n", seeds->len, runs);
  return 0;
}
