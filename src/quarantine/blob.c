/* SPDX-License-Identifier: GPL-2.0-only
 *
 * quarantine/blob: the bytes as received, one file an item: <store>/blobs/YY/MM/<id>.
 *
 * The bytes are sealed (seal.h). The path follows from the id alone (its time, in UTC), so that no row is needed to find a blob. A blob is written below
 * <store>/new, synced, and renamed into its place with the folder synced: half of one is never seen there. Nothing
 * here is ever changed after that; it is read or removed.
 */
#include "store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "mugai/base/fd.h"

#include "seal.h"

#define FOLDER_MODE 0700
#define BLOB_MODE 0600
#define NEW_FOLDER "new"
#define ORPHAN_MONTHS 2u /* a group that never was is of now; over a month's end, of the one before */
#define MAX_ORPHANS 100000u

static const char id_alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

gboolean mugai_quarantine_fail_errno (GError **error, const char *what, const char *name) {
  int number = errno;
  gboolean full = number == ENOSPC || number == EDQUOT || number == EFBIG;
  MugaiQuarantineError code = full               ? MUGAI_QUARANTINE_ERROR_FULL
                              : number == ENOENT ? MUGAI_QUARANTINE_ERROR_NOT_FOUND
                                                 : MUGAI_QUARANTINE_ERROR_IO;

  g_set_error (error, MUGAI_QUARANTINE_ERROR, (gint) code, "quarantine: %s %s: %s", what, name, g_strerror (number));
  return FALSE;
}

/* (transfer full): "blobs/26/11" of the id's first ten characters, which are milliseconds since 1970. */
static char *folder_of (const char *id) {
  gint64 ms = 0;

  for (guint i = 0; i < 10; i++)
    ms = ms << 5 | (strchr (id_alphabet, id[i]) - id_alphabet);
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (ms / 1000);
  if (time == NULL) /* after the year 9999: not an id of ours, but a valid one */
    return g_strdup ("blobs/99/99");
  return g_strdup_printf ("blobs/%02d/%02d", g_date_time_get_year (time) % 100, g_date_time_get_month (time));
}

/* Makes @name and syncs its parent, when it is not there yet. */
static gboolean make_folder (int directory_fd, const char *name, GError **error) {
  if (mkdirat (directory_fd, name, FOLDER_MODE) < 0)
    return errno == EEXIST || mugai_quarantine_fail_errno (error, "cannot make folder", name);

  g_autofree char *parent = g_path_get_dirname (name);
  g_auto (MugaiFd) fd = openat (directory_fd, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 || fsync (fd) < 0)
    return mugai_quarantine_fail_errno (error, "cannot sync folder", parent);
  return TRUE;
}

static gboolean make_folders (int directory_fd, const char *folder, GError **error) {
  g_autofree char *year = g_path_get_dirname (folder);

  return make_folder (directory_fd, NEW_FOLDER, error) && make_folder (directory_fd, "blobs", error)
         && make_folder (directory_fd, year, error) && make_folder (directory_fd, folder, error);
}

/* The copy below new/, whole and synced. */
static gboolean write_copy (MugaiQuarantine *quarantine, const char *copy, const char *id, int message_fd,
                            const char *record, char **ret_sha256, guint64 *ret_size_bytes, GError **error) {
  g_auto (MugaiFd) fd =
      openat (quarantine->directory_fd, copy, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, BLOB_MODE);

  if (fd < 0)
    return mugai_quarantine_fail_errno (error, "cannot create", copy);
  g_autofree char *sha256 = NULL;
  if (!mugai_seal_write (message_fd, fd, id, record, quarantine->keys, &sha256, ret_size_bytes, error))
    return FALSE;
  if (fdatasync (fd) < 0)
    return mugai_quarantine_fail_errno (error, "cannot sync", copy);
  *ret_sha256 = g_steal_pointer (&sha256);
  return TRUE;
}

/* After a failure nothing of the blob is left; the rename is the last thing that can have happened. */
gboolean mugai_quarantine_blob_write (MugaiQuarantine *quarantine, const char *id, int message_fd, const char *record,
                                      char **ret_sha256, guint64 *ret_size_bytes, GError **error) {
  int top = quarantine->directory_fd;
  g_autofree char *folder = folder_of (id);
  g_autofree char *copy = g_strdup_printf (NEW_FOLDER "/%s", id);
  g_autofree char *place = g_strdup_printf ("%s/%s", folder, id);
  g_autofree char *sha256 = NULL;

  if (!make_folders (top, folder, error))
    return FALSE;
  if (!write_copy (quarantine, copy, id, message_fd, record, &sha256, ret_size_bytes, error)) {
    (void) unlinkat (top, copy, 0);
    return FALSE;
  }
  if (renameat (top, copy, top, place) < 0) {
    (void) mugai_quarantine_fail_errno (error, "cannot rename", copy);
    (void) unlinkat (top, copy, 0);
    return FALSE;
  }
  g_auto (MugaiFd) folder_fd = openat (top, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder_fd < 0 || fsync (folder_fd) < 0) {
    (void) mugai_quarantine_fail_errno (error, "cannot sync folder", folder);
    (void) unlinkat (top, place, 0);
    return FALSE;
  }
  *ret_sha256 = g_steal_pointer (&sha256);
  return TRUE;
}

char *mugai_quarantine_blob_path (const char *id) {
  g_autofree char *folder = folder_of (id);

  return g_strdup_printf ("%s/%s", folder, id);
}

int mugai_quarantine_blob_open (MugaiQuarantine *quarantine, const char *id, gboolean writable, GError **error) {
  g_autofree char *place = mugai_quarantine_blob_path (id);
  int fd = openat (quarantine->directory_fd, place, (writable ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_CLOEXEC);

  if (fd < 0)
    (void) mugai_quarantine_fail_errno (error, "cannot open", place);
  return fd;
}

gboolean mugai_quarantine_blob_remove (MugaiQuarantine *quarantine, const char *id, GError **error) {
  g_autofree char *folder = folder_of (id);
  g_autofree char *place = g_strdup_printf ("%s/%s", folder, id);

  if (unlinkat (quarantine->directory_fd, place, 0) == 0 || errno == ENOENT)
    return TRUE;
  return mugai_quarantine_fail_errno (error, "cannot remove", place);
}

/* ---- orphans ---- */

static gint newest_first (gconstpointer a, gconstpointer b) {
  return -strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* (transfer full): names in a folder, newest first; empty when it is not there. */
static GPtrArray *names_in (int directory_fd, const char *folder, gboolean (*fits) (const char *name)) {
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_auto (MugaiFd) fd = openat (directory_fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *stream = fd >= 0 ? fdopendir (fd) : NULL;
  struct dirent *entry;

  if (stream == NULL)
    return names;
  (void) mugai_fd_steal (&fd);
  while ((entry = readdir (stream)) != NULL) {
    if (fits (entry->d_name))
      g_ptr_array_add (names, g_strdup (entry->d_name));
  }
  (void) closedir (stream);
  g_ptr_array_sort (names, newest_first);
  return names;
}

static gboolean is_two_digits (const char *name) {
  return strlen (name) == 2 && g_ascii_isdigit (name[0]) && g_ascii_isdigit (name[1]);
}

/* (transfer full): the newest folders of blobs, newest first. */
static GPtrArray *newest_folders (int directory_fd) {
  GPtrArray *folders = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) years = names_in (directory_fd, "blobs", is_two_digits);

  for (guint i = 0; i < years->len && folders->len < ORPHAN_MONTHS; i++) {
    g_autofree char *year = g_strdup_printf ("blobs/%s", (char *) g_ptr_array_index (years, i));
    g_autoptr (GPtrArray) months = names_in (directory_fd, year, is_two_digits);
    for (guint j = 0; j < months->len && folders->len < ORPHAN_MONTHS; j++)
      g_ptr_array_add (folders, g_strdup_printf ("%s/%s", year, (char *) g_ptr_array_index (months, j)));
  }
  return folders;
}

gboolean mugai_quarantine_blob_each (MugaiQuarantine *quarantine, MugaiQuarantineVisit visit, gpointer data,
                                     GError **error) {
  g_autoptr (GPtrArray) years = names_in (quarantine->directory_fd, "blobs", is_two_digits);

  for (guint i = years->len; i > 0; i--) {
    g_autofree char *year = g_strdup_printf ("blobs/%s", (char *) g_ptr_array_index (years, i - 1));
    g_autoptr (GPtrArray) months = names_in (quarantine->directory_fd, year, is_two_digits);
    for (guint j = months->len; j > 0; j--) {
      g_autofree char *month = g_strdup_printf ("%s/%s", year, (char *) g_ptr_array_index (months, j - 1));
      g_autoptr (GPtrArray) ids = names_in (quarantine->directory_fd, month, mugai_id_is_valid);
      for (guint k = ids->len; k > 0; k--)
        if (!visit (g_ptr_array_index (ids, k - 1), data, error))
          return FALSE;
    }
  }
  return TRUE;
}

/* Copies that were being written when a keeper died: nobody waits for them. */
static void empty_new (int directory_fd) {
  g_autoptr (GPtrArray) names = names_in (directory_fd, NEW_FOLDER, mugai_id_is_valid);

  for (guint i = 0; i < names->len; i++) {
    g_autofree char *copy = g_strdup_printf (NEW_FOLDER "/%s", (char *) g_ptr_array_index (names, i));
    (void) unlinkat (directory_fd, copy, 0);
  }
}

char **mugai_quarantine_orphans (MugaiQuarantine *quarantine, GError **error) {
  g_autoptr (GPtrArray) folders = newest_folders (quarantine->directory_fd);
  g_autoptr (GPtrArray) orphans = g_ptr_array_new_with_free_func (g_free);

  empty_new (quarantine->directory_fd);
  for (guint i = 0; i < folders->len; i++) {
    g_autoptr (GPtrArray) ids = names_in (quarantine->directory_fd, g_ptr_array_index (folders, i), mugai_id_is_valid);
    for (guint j = 0; j < ids->len && orphans->len < MAX_ORPHANS; j++) {
      g_autofree char *sha256 = NULL;
      if (!mugai_quarantine_has (quarantine, g_ptr_array_index (ids, j), &sha256, error))
        return NULL;
      if (sha256 == NULL)
        g_ptr_array_add (orphans, g_strdup (g_ptr_array_index (ids, j)));
    }
  }
  g_ptr_array_add (orphans, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&orphans), FALSE);
}
