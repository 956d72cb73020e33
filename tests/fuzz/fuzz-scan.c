/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Fuzzer of the room scan without ClamAV: type by content, active content, archives and their members. The invariants: it
 * ends, nothing is clean without a scanner, every member has a path below its container and a name that is UTF-8.
 *
 * One harness for libFuzzer and, with FUZZ_MAIN, for a list of files as a plain test.
 */

#include "mugai/scan.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t length);

static MugaiScanner *make_scanner (void) {
  static const MugaiScanLimits limits = { .max_members = 500, .max_ms = 2000, .max_unpacked_bytes = 32u * 1024 * 1024 };
  g_autoptr (GError) error = NULL;
  MugaiScanner *scanner = mugai_scanner_new (NULL, NULL, &limits, &error);
  g_assert_no_error (error);
  return scanner;
}

static void check (const MugaiPart *part) {
  g_assert_true (part->scan != MUGAI_SCAN_CLEAN && part->scan != MUGAI_SCAN_INFECTED);
  g_assert_true (part->detected && *part->detected && part->sha256);
  g_assert_true (g_str_has_prefix (part->path, "1"));
  for (char **name = part->names; *name; name++)
    g_assert_true (g_utf8_validate (*name, -1, NULL));
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t length) {
  static MugaiScanner *scanner;
  if (!scanner)
    scanner = make_scanner ();
  g_autoptr (GBytes) content = g_bytes_new (data, length);
  g_autoptr (GPtrArray) members = g_ptr_array_new_with_free_func ((GDestroyNotify) mugai_part_free);
  g_autoptr (MugaiPart) part = mugai_part_new ();
  g_free (part->path);
  part->path = g_strdup ("1");
  mugai_scanner_begin_message (scanner, content);
  mugai_scan_part (scanner, part, content, members);
  check (part);
  g_assert_cmpuint (members->len, <=, 500);
  for (guint i = 0; i < members->len; i++)
    check (members->pdata[i]);
  return 0;
}

#ifdef FUZZ_MAIN
int main (int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    g_autofree char *data = NULL;
    gsize length;
    if (g_file_get_contents (argv[i], &data, &length, NULL))
      (void) LLVMFuzzerTestOneInput ((const uint8_t *) data, length);
  }
  return 0;
}
#endif
