/* SPDX-License-Identifier: GPL-2.0-only
 *
 * quarantine/backup: a copy of the store while the keeper works, and its way back.
 *
 * The index is taken by SQLite's own backup, at one moment; then every blob that it names. Blobs never change but for their wrapped keys, so one
 * that is there with the same length needs only its head anew. Sealed as they are, they are copied without a key, and a backup
 * without master keys is noise: so keep the keys elsewhere.
 */
#include "mugai/quarantine/check.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <glib/gstdio.h>

#include "mugai/base/fd.h"

#include "store.h"

#define COPY_BYTES (256u * 1024)
#define PAGES_A_STEP 1024

static gboolean make_parents (const char *path, GError **error) {
  g_autofree char *folder = g_path_get_dirname (path);

  return g_mkdir_with_parents (folder, 0700) == 0 || mugai_quarantine_fail_errno (error, "cannot make folder", folder);
}

static gboolean copy_bytes (int from_fd, int to_fd, const char *name, GError **error) {
  g_autofree guint8 *buffer = g_malloc (COPY_BYTES);
  ssize_t got;

  while ((got = read (from_fd, buffer, COPY_BYTES)) > 0)
    if (!mugai_fd_write_all (to_fd, buffer, (gsize) got, NULL))
      return mugai_quarantine_fail_errno (error, "cannot write", name);
  return (got == 0 && fdatasync (to_fd) == 0) || mugai_quarantine_fail_errno (error, "cannot copy", name);
}

/* Atomically: a backup that was broken off has whole blobs only. */
static gboolean copy_file (const char *from, const char *to, GError **error) {
  g_autofree char *half = g_strconcat (to, ".new", NULL);
  g_auto (MugaiFd) from_fd = open (from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

  if (from_fd < 0)
    return mugai_quarantine_fail_errno (error, "cannot open", from);
  if (!make_parents (to, error))
    return FALSE;
  g_auto (MugaiFd) to_fd = open (half, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (to_fd < 0)
    return mugai_quarantine_fail_errno (error, "cannot create", half);
  if (!copy_bytes (from_fd, to_fd, half, error) || rename (half, to) < 0) {
    (void) mugai_quarantine_fail_errno (error != NULL && *error == NULL ? error : NULL, "cannot rename", half);
    (void) g_unlink (half);
    return FALSE;
  }
  return TRUE;
}

static gboolean same_file (const char *a, const char *b) {
  g_autofree char *x = NULL, *y = NULL;
  gsize n = 0, m = 0;

  return g_file_get_contents (a, &x, &n, NULL) && g_file_get_contents (b, &y, &m, NULL) && n == m
         && memcmp (x, y, n) == 0;
}

static gboolean copy_index (sqlite3 *from, const char *to, GError **error) {
  sqlite3 *copy = NULL;
  sqlite3_backup *backup = NULL;
  int result = sqlite3_open (to, &copy);

  if (result == SQLITE_OK && (backup = sqlite3_backup_init (copy, "main", from, "main")) != NULL) {
    do
      result = sqlite3_backup_step (backup, PAGES_A_STEP);
    while (result == SQLITE_OK || result == SQLITE_BUSY || result == SQLITE_LOCKED);
    (void) sqlite3_backup_finish (backup);
  }
  (void) sqlite3_close (copy);
  if (result == SQLITE_DONE)
    return TRUE;
  g_set_error (error, MUGAI_QUARANTINE_ERROR, MUGAI_QUARANTINE_ERROR_IO, "quarantine backup: %s: %s", to,
               sqlite3_errstr (result));
  return FALSE;
}

typedef struct {
  const char *from_folder, *to_folder;
  guint64 n;
} Copying;

static gboolean copy_blob (const char *id, gint64 master, gpointer data, GError **error) {
  Copying *copying = data;
  g_autofree char *place = mugai_quarantine_blob_path (id);
  g_autofree char *from = g_build_filename (copying->from_folder, place, NULL);
  g_autofree char *to = g_build_filename (copying->to_folder, place, NULL);

  if (master == -1) {
    (void) g_unlink (to); /* disposed of: not in a backup from now on */
    return TRUE;
  }
  if (!g_file_test (from, G_FILE_TEST_EXISTS)) /* disposed of while we copied */
    return TRUE;
  copying->n++;
  return same_file (from, to) || copy_file (from, to, error);
}

/* @from_folder is the store that @quarantine, the copy of its index, names blobs of. */
static gboolean copy_blobs (MugaiQuarantine *quarantine, const char *from_folder, const char *to_folder, guint64 *ret_n,
                            GError **error) {
  Copying copying = { .from_folder = from_folder, .to_folder = to_folder };
  gboolean done = mugai_quarantine_each_item (quarantine, copy_blob, &copying, error);

  *ret_n = copying.n;
  return done;
}

static char *store_path (MugaiQuarantine *quarantine) {
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", quarantine->directory_fd);

  return g_file_read_link (link, NULL);
}

gboolean mugai_quarantine_backup (MugaiQuarantine *quarantine, const char *directory, guint64 *ret_n, GError **error) {
  g_autofree char *half = g_build_filename (directory, "index.sqlite.new", NULL);
  g_autofree char *whole = g_build_filename (directory, "index.sqlite", NULL);
  g_autofree char *from = store_path (quarantine);

  if (g_mkdir_with_parents (directory, 0700) < 0 || from == NULL)
    return mugai_quarantine_fail_errno (error, "cannot make folder", directory);
  (void) g_unlink (half);
  if (!copy_index (quarantine->index, half, error))
    return FALSE;
  if (rename (half, whole) < 0)
    return mugai_quarantine_fail_errno (error, "cannot rename", half);
  g_autoptr (MugaiQuarantine) copy = mugai_quarantine_open (directory, TRUE, error);
  return copy != NULL && copy_blobs (copy, from, directory, ret_n, error);
}

gboolean mugai_quarantine_restore (const char *backup, const char *directory, guint64 *ret_n, GError **error) {
  g_autofree char *to = g_build_filename (directory, "index.sqlite", NULL);

  if (g_file_test (to, G_FILE_TEST_EXISTS)) {
    errno = EEXIST;
    return mugai_quarantine_fail_errno (error, "will not restore over", to);
  }
  g_autoptr (MugaiQuarantine) source = mugai_quarantine_open (backup, TRUE, error);
  if (source == NULL || !make_parents (to, error) || !copy_blobs (source, backup, directory, ret_n, error))
    return FALSE;
  /* The index last: a restore that was broken off is none. */
  if (!copy_index (source->index, to, error))
    return FALSE;
  g_autoptr (MugaiJson) rows =
      mugai_quarantine_query (source, error, "SELECT count (*) AS n FROM items WHERE master <> -1", "");
  guint64 n = (guint64) json_integer_value (json_object_get (json_array_get (rows, 0), "n"));
  if (rows == NULL || n == *ret_n)
    return rows != NULL;
  g_set_error (error, MUGAI_QUARANTINE_ERROR, MUGAI_QUARANTINE_ERROR_CORRUPT,
               "quarantine: the backup has %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " blobs", *ret_n, n);
  return FALSE;
}

gboolean mugai_quarantine_dispose_again (MugaiQuarantine *quarantine, const char *id, const char *state,
                                         GError **error) {
  g_return_val_if_fail (quarantine->in_group, FALSE);

  return mugai_quarantine_change (quarantine, error,
                                  "UPDATE items SET state = ?2 WHERE id = ?1 AND state NOT IN ('deleted', 'expired')",
                                  "ss", id, state);
}
