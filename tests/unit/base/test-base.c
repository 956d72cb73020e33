/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Unit tests of base: identifiers, digests, times, durable files.
 */
#include "mugai/base/base.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

#include "mugai/base/fd.h"

static void test_id (void) {
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (int i = 0; i < 10000; i++) {
    char *id = mugai_id_new ();
    g_assert_true (mugai_id_is_valid (id));
    g_assert_true (g_hash_table_add (seen, id));
  }
  g_autofree char *early = mugai_id_new ();
  g_usleep (3000);
  g_autofree char *late = mugai_id_new ();
  g_assert_cmpstr (early, <, late);

  g_assert_false (mugai_id_is_valid (NULL));
  g_assert_false (mugai_id_is_valid (""));
  g_assert_true (mugai_id_is_valid ("7ZZZZZZZZZZZZZZZZZZZZZZZZZ"));
  g_assert_false (mugai_id_is_valid ("8ZZZZZZZZZZZZZZZZZZZZZZZZZ")); /* over 48 bits */
  g_assert_false (mugai_id_is_valid ("01JD000000000000000000000"));
  g_assert_false (mugai_id_is_valid ("01JD00000000000000000000000"));
  g_assert_false (mugai_id_is_valid ("01jd0000000000000000000000"));
  g_assert_false (mugai_id_is_valid ("01JD000000000000000000000U"));
  g_assert_false (mugai_id_is_valid ("01JD0000000000000000/../00"));
}

/* Each of the 16 random characters takes every value: no bit is lost or fixed. */
static void test_id_random (void) {
  guint32 seen[MUGAI_ID_LENGTH] = { 0 };
  static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

  for (int i = 0; i < 3000; i++) {
    g_autofree char *id = mugai_id_new ();
    for (int j = 10; j < MUGAI_ID_LENGTH; j++)
      seen[j] |= 1u << (strchr (alphabet, id[j]) - alphabet);
  }
  for (int j = 10; j < MUGAI_ID_LENGTH; j++)
    g_assert_cmphex (seen[j], ==, 0xFFFFFFFFu);
}

static void test_sha256 (void) {
  g_autofree char *empty = mugai_sha256_hex (NULL, 0);
  g_autofree char *abc = mugai_sha256_hex ("abc", 3);

  g_assert_cmpstr (empty, ==, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  g_assert_cmpstr (abc, ==, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  g_assert_true (mugai_sha256_is_valid (abc));
  g_assert_false (mugai_sha256_is_valid (NULL));
  g_assert_false (mugai_sha256_is_valid (abc + 1));
  abc[5] = 'F';
  g_assert_false (mugai_sha256_is_valid (abc));
}

static void set_zone (const char *zone) {
  g_setenv ("TZ", zone, TRUE);
  tzset ();
}

static void assert_time (gint64 unix_us, const char *rfc3339, const char *rfc5322) {
  g_autofree char *a = mugai_time_rfc3339 (unix_us), *b = mugai_time_rfc5322 (unix_us);

  g_assert_cmpstr (a, ==, rfc3339);
  g_assert_cmpstr (b, ==, rfc5322);
}

static void test_time (void) {
  set_zone ("JST-9");
  assert_time (1795271509123456, "2026-11-21T23:31:49.123+09:00", "Sat, 21 Nov 2026 23:31:49 +0900");
  set_zone ("NST3:30");
  assert_time (1795271509123456, "2026-11-21T11:01:49.123-03:30", "Sat, 21 Nov 2026 11:01:49 -0330");
  set_zone ("UTC0");
  assert_time (-1, "1969-12-31T23:59:59.999+00:00", "Wed, 31 Dec 1969 23:59:59 +0000");
}

typedef struct {
  char *path;
  int fd;
} Folder;

static void folder_set_up (Folder *folder, gconstpointer data) {
  (void) data;
  folder->path = g_dir_make_tmp ("mugai-base-XXXXXX", NULL);
  folder->fd = open (folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_assert_cmpint (folder->fd, >=, 0);
}

static guint count_entries (const Folder *folder) {
  g_autoptr (GDir) dir = g_dir_open (folder->path, 0, NULL);
  guint n = 0;
  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static void folder_tear_down (Folder *folder, gconstpointer data) {
  (void) data;
  (void) unlinkat (folder->fd, "a", 0);
  (void) unlinkat (folder->fd, "a", AT_REMOVEDIR);
  close (folder->fd);
  g_assert_cmpint (g_rmdir (folder->path), ==, 0);
  g_free (folder->path);
}

static void assert_content (const Folder *folder, const char *text) {
  g_autofree char *path = g_build_filename (folder->path, "a", NULL), *content = NULL;
  g_assert_true (g_file_get_contents (path, &content, NULL, NULL));
  g_assert_cmpstr (content, ==, text);
}

static void test_durable (Folder *folder, gconstpointer data) {
  g_autoptr (GError) error = NULL;
  struct stat status;
  (void) data;

  mode_t old_mask = umask (077);
  g_assert_true (mugai_file_write_durable (folder->fd, "a", "one", 3, 0644, &error));
  umask (old_mask);
  g_assert_cmpint (fstatat (folder->fd, "a", &status, 0), ==, 0);
  g_assert_cmphex (status.st_mode & 0777, ==, 0644);
  assert_content (folder, "one");
  g_assert_true (mugai_file_write_durable (folder->fd, "a", "2", 1, 0600, &error));
  assert_content (folder, "2");
  g_assert_cmpuint (count_entries (folder), ==, 1);
}

/* The new name is a folder: rename fails, and nothing is left behind. */
static void test_durable_fails (Folder *folder, gconstpointer data) {
  g_autoptr (GError) error = NULL, closed = NULL;
  (void) data;

  g_assert_cmpint (mkdirat (folder->fd, "a", 0700), ==, 0);
  g_assert_false (mugai_file_write_durable (folder->fd, "a", "one", 3, 0644, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY);
  g_assert_cmpuint (count_entries (folder), ==, 1);
  g_assert_false (mugai_file_write_durable (-1, "a", "one", 3, 0644, &closed));
  g_assert_nonnull (closed);
}

int main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/id", test_id);
  g_test_add_func ("/base/id-random", test_id_random);
  g_test_add_func ("/base/sha256", test_sha256);
  g_test_add_func ("/base/time", test_time);
  g_test_add ("/base/durable", Folder, NULL, folder_set_up, test_durable, folder_tear_down);
  g_test_add ("/base/durable-fails", Folder, NULL, folder_set_up, test_durable_fails, folder_tear_down);
  return g_test_run ();
}
