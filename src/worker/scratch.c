/* SPDX-License-Identifier: GPL-2.0-only
 *
 * scratch: folders for a worker's temporary files, and their end.
 *
 * What stands in one after a taken-over worker is hostile too: links, folders nested thousands deep, folders without rights. The
 * worker is dead by then, so nothing moves while we work.
 */
#include "mugai/worker.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <gio/gio.h>
#include <linux/magic.h>

#include "mugai/base/fd.h"

#define MAX_PASSES 100000u /* folders removed one after the other: bounds a hostile tree, far above any real one */

static gboolean fail (GError **error, const char *path, int number) {
  g_set_error (error, G_IO_ERROR, (gint) g_io_error_from_errno (number), "scratch: %s: %s", path, g_strerror (number));
  return FALSE;
}

static gboolean is_tmpfs (const char *path) {
  struct statfs status;

  return statfs (path, &status) == 0 && status.f_type == TMPFS_MAGIC;
}

char *mugai_scratch_new (const char *root, GError **error) {
  if (root == NULL)
    root = is_tmpfs ("/dev/shm") ? "/dev/shm" : g_get_tmp_dir ();

  g_autofree char *path = g_build_filename (root, "mugai-XXXXXX", NULL);
  if (g_mkdtemp_full (path, 0700) != NULL)
    return g_steal_pointer (&path);
  (void) fail (error, path, errno);
  return NULL;
}

static gboolean is_dot (const char *name) {
  return g_str_equal (name, ".") || g_str_equal (name, "..");
}

static DIR *open_folder (int parent_fd, const char *name) {
  (void) !fchmodat (parent_fd, name, 0700, 0); /* it may have been left without rights */
  int fd = openat (parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    return NULL;
  DIR *folder = fdopendir (fd);
  if (folder == NULL)
    close (fd);
  return folder;
}

/* Empties the folder @name in @top_fd: files go at once, folders in it are moved up beside it, to be met later. So depth does not matter. */
static gboolean flatten (int top_fd, const char *name, guint *counter) {
  DIR *folder = open_folder (top_fd, name);
  struct dirent *entry;

  if (folder == NULL)
    return FALSE;
  while ((entry = readdir (folder)) != NULL) {
    char moved[32];
    if (is_dot (entry->d_name) || unlinkat (dirfd (folder), entry->d_name, 0) == 0)
      continue;
    /* Moving a folder writes its "..": it needs rights of its own. */
    (void) !fchmodat (dirfd (folder), entry->d_name, 0700, 0);
    (void) g_snprintf (moved, sizeof moved, ".old-%u", (*counter)++);
    if (renameat (dirfd (folder), entry->d_name, top_fd, moved) < 0)
      break;
  }
  (void) closedir (folder);
  return unlinkat (top_fd, name, AT_REMOVEDIR) == 0;
}

/* One pass over the top: TRUE and *@ret_left FALSE when nothing is left. */
static gboolean empty_pass (int top_fd, guint *counter, gboolean *ret_left) {
  DIR *folder = open_folder (top_fd, ".");
  struct dirent *entry;
  gboolean good = TRUE;

  *ret_left = FALSE;
  if (folder == NULL)
    return FALSE;
  while (good && (entry = readdir (folder)) != NULL) {
    if (is_dot (entry->d_name) || unlinkat (top_fd, entry->d_name, 0) == 0)
      continue;
    *ret_left = TRUE;
    good = flatten (top_fd, entry->d_name, counter);
  }
  (void) closedir (folder);
  return good;
}

gboolean mugai_scratch_empty (const char *scratch, GError **error) {
  g_auto (MugaiFd) top_fd = open (scratch, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  guint counter = 0;
  gboolean left = TRUE;

  if (top_fd < 0)
    return fail (error, scratch, errno);
  while (left && counter < MAX_PASSES) {
    if (!empty_pass (top_fd, &counter, &left))
      return fail (error, scratch, errno);
  }
  return !left || fail (error, scratch, ENOTEMPTY);
}

void mugai_scratch_free (char *scratch) {
  if (scratch == NULL)
    return;
  (void) mugai_scratch_empty (scratch, NULL);
  (void) rmdir (scratch);
  g_free (scratch);
}
