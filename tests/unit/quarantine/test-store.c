/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Tests of the quarantine: a group is there whole or not at all, the same id is one item, what is left by a death is
 * named, and an original is handed out only when it is the one that came.
 */
#include <sys/stat.h>

#include "mugai/quarantine.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include <glib/gstdio.h>

#include "mugai/base/base.h"
#include "mugai/base/fd.h"

typedef struct {
  char *folder;
  MugaiQuarantine *store;
} Fixture;

static MugaiQuarantine *open_store (Fixture *fixture, gboolean read_only) {
  g_autoptr (GError) error = NULL;
  MugaiQuarantine *store = mugai_quarantine_open (fixture->folder, read_only, &error);

  g_assert_no_error (error);
  return store;
}

static void set_up (Fixture *fixture, gconstpointer data) {
  (void) data;
  fixture->folder = g_dir_make_tmp ("mugai-store-XXXXXX", NULL);
  fixture->store = open_store (fixture, FALSE);
}

static void tear_down (Fixture *fixture, gconstpointer data) {
  g_autofree char *command = g_strdup_printf ("rm -rf '%s'", fixture->folder);

  (void) data;
  mugai_quarantine_close (fixture->store);
  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
  g_free (fixture->folder);
}

static int make_original (const char *text, gsize length) {
  int fd = mugai_fd_new_memory ("test", NULL);

  g_assert_true (mugai_fd_write_all (fd, text, length, NULL));
  g_assert_true (mugai_fd_seal (fd, NULL));
  return fd;
}

static json_t *make_record (const char *id, const char *time, const char *from, const char *subject) {
  return json_pack (
      "{s:s, s:s, s:s, s:s, s:{s:s, s:s}, s:s, s:[{s:s, s:s}], s:[{s:s, s:s}], s:[{s:s, s:s, s:[s], s:i, s:[]}]}", "id",
      id, "time", time, "subject", subject, "direction", "inbound", "envelope", "from", from, "client", "192.0.2.1",
      "action", "hold", "recipients", "address", "hana@city.example.lg.jp", "action", "hold", "reasons", "rule",
      "macro", "because", "x", "parts", "path", "1", "sha256", "ab", "names", "見積.xls", "size_bytes", 5, "flags");
}

static gboolean put (Fixture *fixture, const char *id, const char *text, GError **error) {
  g_auto (MugaiFd) fd = make_original (text, strlen (text));
  g_autoptr (MugaiJson) record = make_record (id, "2026-11-21T10:00:00.000+09:00", "a@example.com", "件名 100%");

  g_assert_nonnull (record);
  return mugai_quarantine_put (fixture->store, id, fd, record, error);
}

static void put_one (Fixture *fixture, const char *id, const char *text) {
  g_autoptr (GError) error = NULL;

  g_assert_true (mugai_quarantine_begin (fixture->store, &error));
  g_assert_true (put (fixture, id, text, &error));
  g_assert_true (mugai_quarantine_commit (fixture->store, &error));
  g_assert_no_error (error);
}

static guint count (Fixture *fixture, const char *text) {
  MugaiQuarantineQuery query = { .text = text, .limit = 1000 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) items = mugai_quarantine_list (fixture->store, &query, &error);

  g_assert_no_error (error);
  return items->len;
}

/* Text that does not compress below three quarters. */
static char *random_text (gsize length) {
  char *text = g_malloc (length + 1);

  for (gsize i = 0; i < length; i++)
    text[i] = (char) g_random_int_range (33, 127);
  text[length] = '\0';
  return text;
}

static char *blob_path (Fixture *fixture, const char *id) {
  g_autofree char *command = g_strdup_printf ("find '%s' -name %s", fixture->folder, id);
  char *out = NULL;

  g_assert_true (g_spawn_command_line_sync (command, &out, NULL, NULL, NULL));
  return g_strchomp (out);
}

static void test_round (Fixture *fixture, gconstpointer data) {
  g_autofree char *id = mugai_id_new ();
  g_autoptr (GError) error = NULL;

  (void) data;
  put_one (fixture, id, "From: x\r\n\r\nhello");
  g_autoptr (MugaiQuarantine) reader = open_store (fixture, TRUE);
  MugaiQuarantineQuery query = { 0 };
  g_autoptr (GPtrArray) items = mugai_quarantine_list (reader, &query, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (items->len, ==, 1);
  const MugaiQuarantineItem *item = g_ptr_array_index (items, 0);
  g_assert_cmpstr (item->id, ==, id);
  g_assert_cmpstr (item->from, ==, "a@example.com");
  g_assert_cmpstr (item->reason, ==, "macro");
  g_assert_cmpstr (item->state, ==, "held");
  g_assert_cmpstr (item->recipients[0], ==, "hana@city.example.lg.jp");
  g_assert_cmpuint (item->size_bytes, ==, 16);
  g_assert_cmpuint (item->n_parts, ==, 1);
  g_autoptr (GBytes) original = mugai_quarantine_original (reader, id, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (original, NULL), g_bytes_get_size (original), "From: x\r\n\r\nhello", 16);
  g_autofree char *sha256 = mugai_sha256_hex ("From: x\r\n\r\nhello", 16);
  g_assert_cmpstr (item->sha256, ==, sha256);
  g_autoptr (MugaiJson) record = mugai_quarantine_record (reader, id, &error);
  g_assert_cmpstr (json_string_value (json_object_get (record, "subject")), ==, "件名 100%");
}

/* Pieces with and without repeats in turn: all comes back, and what can be packed is packed. */
static void test_packed (Fixture *fixture, gconstpointer data) {
  g_autofree char *id = mugai_id_new ();
  g_autofree char *noise = random_text (10 * 20011);
  g_autoptr (GString) text = g_string_new (NULL);
  struct stat status;

  (void) data;
  for (guint i = 0; i < 10; i++) {
    g_string_append_len (text, noise + (gsize) i * 20011, 20011);
    for (guint line = 0; line < 1000; line++)
      g_string_append (text, "いつもお世話になっております。\r\n");
  }
  put_one (fixture, id, text->str);
  g_autoptr (GBytes) original = mugai_quarantine_original (fixture->store, id, NULL);
  g_assert_nonnull (original);
  g_assert_cmpmem (g_bytes_get_data (original, NULL), g_bytes_get_size (original), text->str, text->len);
  g_autofree char *path = blob_path (fixture, id);
  g_assert_cmpint (stat (path, &status), ==, 0);
  g_assert_cmpint (status.st_size, <, 10 * 20011 + ((goffset) text->len - 10 * 20011) / 4);
}

static void test_search (Fixture *fixture, gconstpointer data) {
  (void) data;
  for (guint i = 0; i < 5; i++) {
    g_autofree char *id = mugai_id_new ();
    put_one (fixture, id, "x");
    g_assert_cmpuint (count (fixture, id), ==, 1);
  }
  g_assert_cmpuint (count (fixture, "100%"), ==, 5);
  g_assert_cmpuint (count (fixture, "1%0"), ==, 0);
  g_assert_cmpuint (count (fixture, "件名"), ==, 5);
  g_assert_cmpuint (count (fixture, "HANA@"), ==, 5);
  g_assert_cmpuint (count (fixture, "'; DROP TABLE items; --"), ==, 0);
  MugaiQuarantineQuery queries[] = { { .since = "2026-11-21" },
                                     { .since = "2026-11-22" },
                                     { .until = "2026-11-21" },
                                     { .until = "2026-11-20" },
                                     { .limit = 2, .offset = 4 } };
  static const guint wanted[] = { 5, 0, 5, 0, 1 };
  for (gsize i = 0; i < G_N_ELEMENTS (queries); i++) {
    g_autoptr (GPtrArray) items = mugai_quarantine_list (fixture->store, &queries[i], NULL);
    g_assert_cmpuint (items->len, ==, wanted[i]);
  }
}

static void test_same_id (Fixture *fixture, gconstpointer data) {
  g_autofree char *id = mugai_id_new ();

  (void) data;
  put_one (fixture, id, "one");
  put_one (fixture, id, "one");
  g_assert_cmpuint (count (fixture, id), ==, 1);
}

static void test_rollback (Fixture *fixture, gconstpointer data) {
  g_autofree char *id = mugai_id_new ();

  (void) data;
  g_assert_true (mugai_quarantine_begin (fixture->store, NULL));
  g_assert_true (put (fixture, id, "x", NULL));
  mugai_quarantine_rollback (fixture->store);
  g_autofree char *path = blob_path (fixture, id);
  g_assert_cmpstr (path, ==, "");
  g_assert_cmpuint (count (fixture, NULL), ==, 0);
}

static void test_unconfirmed (Fixture *fixture, gconstpointer data) {
  g_autofree char *first = mugai_id_new ();
  g_autofree char *second = mugai_id_new ();

  (void) data;
  put_one (fixture, first, "x");
  put_one (fixture, second, "x");
  g_auto (GStrv) ids = mugai_quarantine_unconfirmed (fixture->store, NULL);
  g_assert_cmpuint (g_strv_length (ids), ==, 1);
  g_assert_cmpstr (ids[0], ==, second);
  g_assert_true (mugai_quarantine_remove (fixture->store, second, NULL));
  g_assert_true (mugai_quarantine_remove (fixture->store, second, NULL));
  g_autofree char *path = blob_path (fixture, second);
  g_assert_cmpstr (path, ==, "");
  g_assert_cmpuint (count (fixture, NULL), ==, 1);
  g_autoptr (GError) error = NULL;
  g_assert_null (mugai_quarantine_record (fixture->store, second, &error));
  g_assert_error (error, MUGAI_QUARANTINE_ERROR, MUGAI_QUARANTINE_ERROR_NOT_FOUND);
}

static void test_orphans (Fixture *fixture, gconstpointer data) {
  g_autofree char *kept = mugai_id_new ();
  g_autofree char *orphan = mugai_id_new ();

  (void) data;
  put_one (fixture, kept, "x");
  g_autofree char *path = blob_path (fixture, kept);
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *litter = g_build_filename (folder, orphan, NULL);
  g_autofree char *half = g_build_filename (fixture->folder, "new", orphan, NULL);
  g_assert_true (g_file_set_contents (litter, "y", 1, NULL));
  g_assert_true (g_file_set_contents (half, "y", 1, NULL));
  g_auto (GStrv) ids = mugai_quarantine_orphans (fixture->store, NULL);
  g_assert_cmpuint (g_strv_length (ids), ==, 1);
  g_assert_cmpstr (ids[0], ==, orphan);
  g_assert_false (g_file_test (half, G_FILE_TEST_EXISTS));
  g_assert_true (mugai_quarantine_remove (fixture->store, orphan, NULL));
  g_assert_false (g_file_test (litter, G_FILE_TEST_EXISTS));
}

static void test_changed_blob (Fixture *fixture, gconstpointer data) {
  g_autofree char *id = mugai_id_new ();
  g_autoptr (GError) error = NULL;

  (void) data;
  put_one (fixture, id, "hello");
  g_autofree char *path = blob_path (fixture, id);
  g_assert_true (g_file_set_contents (path, "hellO", 5, NULL));
  g_assert_null (mugai_quarantine_original (fixture->store, id, &error));
  g_assert_error (error, MUGAI_QUARANTINE_ERROR, MUGAI_QUARANTINE_ERROR_CORRUPT);
}

static void test_bad_ids (Fixture *fixture, gconstpointer data) {
  static const char *const ids[] = { "", "../../etc/passwd", "x", "01ARZ3NDEKTSV4RRFFQ69G5FA\n" };

  (void) data;
  for (gsize i = 0; i < G_N_ELEMENTS (ids); i++) {
    g_autoptr (GError) error = NULL;
    g_assert_null (mugai_quarantine_original (fixture->store, ids[i], &error));
    g_assert_error (error, MUGAI_QUARANTINE_ERROR, MUGAI_QUARANTINE_ERROR_NOT_FOUND);
    g_assert_false (mugai_quarantine_remove (fixture->store, ids[i], NULL));
  }
}

/* No room for the blob: the error says so, and after the rollback nothing is left. */
static void test_full (Fixture *fixture, gconstpointer data) {
  g_autofree char *id = mugai_id_new ();
  g_autofree char *text = random_text (300000);
  g_autoptr (GError) error = NULL;
  struct rlimit old, limit;

  (void) data;
  signal (SIGXFSZ, SIG_IGN);
  g_assert_true (mugai_quarantine_begin (fixture->store, NULL));
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &old), ==, 0);
  g_auto (MugaiFd) fd = make_original (text, strlen (text));
  g_autoptr (MugaiJson) record = make_record (id, "2026", "a", "b");
  limit = (struct rlimit){ 200000, old.rlim_max };
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  gboolean done = mugai_quarantine_put (fixture->store, id, fd, record, &error);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &old), ==, 0);
  g_assert_false (done);
  g_assert_error (error, MUGAI_QUARANTINE_ERROR, MUGAI_QUARANTINE_ERROR_FULL);
  mugai_quarantine_rollback (fixture->store);
  g_autofree char *path = blob_path (fixture, id);
  g_assert_cmpstr (path, ==, "");
  put_one (fixture, id, text);
  g_assert_cmpuint (count (fixture, NULL), ==, 1);
}

static void test_newer_schema (Fixture *fixture, gconstpointer data) {
  g_autofree char *index = g_build_filename (fixture->folder, "index.sqlite", NULL);
  g_autoptr (GError) error = NULL;

  (void) data;
  mugai_quarantine_close (fixture->store);
  fixture->store = NULL;
  int fd = open (index, O_RDWR | O_CLOEXEC);
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (pwrite (fd, "\0\0\0\x63", 4, 60), ==, 4); /* user_version, in the file's header */
  close (fd);
  g_assert_null (mugai_quarantine_open (fixture->folder, FALSE, &error));
  g_assert_error (error, MUGAI_QUARANTINE_ERROR, MUGAI_QUARANTINE_ERROR_IO);
}

#define ADD(name, function) g_test_add ("/quarantine/store/" name, Fixture, NULL, set_up, function, tear_down)

int main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  ADD ("round", test_round);
  ADD ("packed", test_packed);
  ADD ("search", test_search);
  ADD ("same-id", test_same_id);
  ADD ("rollback", test_rollback);
  ADD ("unconfirmed", test_unconfirmed);
  ADD ("orphans", test_orphans);
  ADD ("changed-blob", test_changed_blob);
  ADD ("bad-ids", test_bad_ids);
  ADD ("full", test_full);
  ADD ("newer-schema", test_newer_schema);
  return g_test_run ();
}
