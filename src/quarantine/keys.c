/* SPDX-License-Identifier: GPL-2.0-only
 *
 * quarantine/keys: the master keys, which wrap the key of each item.
 *
 * One file a key, master-NNNN.key, 32 random bytes, readable by the keeper's user alone; or systemd credentials of the names
 * mugai-master-NNNN.key. The highest number wraps what comes; older ones are kept until no item needs them and no backup may hold
 * an item wrapped by them. A key is made by itself only for a store that has no sealed item: a lost folder of
 * keys is an error, not a new beginning. Key bytes live in memory that is locked, guarded and left out of core files.
 */
#include "keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <sodium.h>

#include "mugai/quarantine.h"
#include "mugai/base/base.h"
#include "mugai/base/fd.h"

#define SERVICE_CREDENTIALS "/run/credentials/mugaid.service"
#define MAX_KEYS 4096u /* a rotation a month for 300 years */

typedef struct {
  guint number;
  guint8 *bytes; /* sodium_malloc */
} Key;

struct MugaiKeys {
  char *folder;
  GArray *keys; /* of Key, by number */
};

static void key_clear (gpointer data) {
  sodium_free (((Key *) data)->bytes);
}

static gboolean fail (GError **error, const char *path, const char *words) {
  g_set_error (error, MUGAI_QUARANTINE_ERROR, MUGAI_QUARANTINE_ERROR_IO, "quarantine keys: %s: %s", path, words);
  return FALSE;
}

static int compare_keys (const void *a, const void *b) {
  guint x = ((const Key *) a)->number, y = ((const Key *) b)->number;

  return x < y ? -1 : x > y;
}

/* The number in PREFIXmaster-NNNN.key; 0: another file. */
static guint number_of (const char *name, const char *prefix) {
  guint number = 0;
  int end = 0;

  if (!g_str_has_prefix (name, prefix))
    return 0;
  name += strlen (prefix);
  return sscanf (name, "master-%4u.key%n", &number, &end) == 1 && end > 0 && name[end] == '\0' ? number : 0;
}

static gboolean read_key (MugaiKeys *keys, const char *folder, const char *name, guint number, GError **error) {
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_auto (MugaiFd) fd = open (path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  struct stat status;

  if (fd < 0 || fstat (fd, &status) < 0)
    return fail (error, path, g_strerror (errno));
  if ((status.st_mode & 077) != 0)
    return fail (error, path, "others may read it: chmod 0400");
  if (status.st_size != MUGAI_KEYS_BYTES)
    return fail (error, path, "not a key of 32 bytes");
  Key key = { .number = number, .bytes = sodium_malloc (MUGAI_KEYS_BYTES) };
  if (key.bytes == NULL)
    return fail (error, path, "no locked memory");
  g_array_append_val (keys->keys, key);
  return read (fd, key.bytes, MUGAI_KEYS_BYTES) == MUGAI_KEYS_BYTES || fail (error, path, "cannot be read");
}

static gboolean has_number (const MugaiKeys *keys, guint number) {
  for (guint i = 0; i < keys->keys->len; i++)
    if (g_array_index (keys->keys, Key, i).number == number)
      return TRUE;
  return FALSE;
}

static gboolean read_folder (MugaiKeys *keys, const char *folder, const char *prefix, GError **error) {
  g_autoptr (GDir) directory = g_dir_open (folder, 0, NULL);
  const char *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL) {
    guint number = number_of (name, prefix);
    if (number > 0 && !has_number (keys, number) && keys->keys->len < MAX_KEYS
        && !read_key (keys, folder, name, number, error))
      return FALSE;
  }
  return TRUE;
}

/* "NUMBER=FD ...": credentials are root's, and the keeper is not: its master opened them for it. */
static gboolean read_handed_over (MugaiKeys *keys, const char *list, GError **error) {
  g_auto (GStrv) pairs = g_strsplit (list, " ", -1);

  for (char **pair = pairs; *pair != NULL; pair++) {
    int number = 0, fd = -1;
    if (sscanf (*pair, "%d=%d", &number, &fd) != 2 || number <= 0 || has_number (keys, (guint) number))
      continue;
    Key key = { .number = (guint) number, .bytes = sodium_malloc (MUGAI_KEYS_BYTES) };
    if (key.bytes == NULL)
      return fail (error, *pair, "no locked memory");
    g_array_append_val (keys->keys, key);
    if (pread (fd, key.bytes, MUGAI_KEYS_BYTES, 0) != MUGAI_KEYS_BYTES)
      return fail (error, *pair, "not a key of 32 bytes");
  }
  return TRUE;
}

/* What was handed over; else the credentials of whoever runs this; else the service's, which root may read. */
static gboolean read_credentials (MugaiKeys *keys, GError **error) {
  const char *handed_over = g_getenv (MUGAI_KEYS_VARIABLE), *own = g_getenv ("CREDENTIALS_DIRECTORY");

  if (handed_over != NULL)
    return read_handed_over (keys, handed_over, error);
  return read_folder (keys, own != NULL ? own : SERVICE_CREDENTIALS, "mugai-", error);
}

static gboolean load (MugaiKeys *keys, GError **error) {
  g_array_set_size (keys->keys, 0);
  if (!read_folder (keys, keys->folder, "", error) || !read_credentials (keys, error))
    return FALSE;
  if (keys->keys->len > 1)
    qsort (keys->keys->data, keys->keys->len, sizeof (Key), compare_keys);
  return TRUE;
}

static gboolean make_key (MugaiKeys *keys, guint number, GError **error) {
  g_autofree char *name = g_strdup_printf ("master-%04u.key", number);
  guint8 bytes[MUGAI_KEYS_BYTES];
  g_autoptr (GError) cause = NULL;

  if (g_mkdir_with_parents (keys->folder, 0700) < 0)
    return fail (error, keys->folder, g_strerror (errno));
  g_auto (MugaiFd) fd = open (keys->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return fail (error, keys->folder, g_strerror (errno));
  mugai_random (bytes, sizeof bytes);
  gboolean written = mugai_file_write_durable (fd, name, bytes, sizeof bytes, 0400, &cause);
  sodium_memzero (bytes, sizeof bytes);
  return written ? load (keys, error) : fail (error, keys->folder, cause->message);
}

MugaiKeys *mugai_keys_open (const char *folder, gboolean may_make, GError **error) {
  g_autoptr (MugaiKeys) keys = g_new0 (MugaiKeys, 1);

  if (sodium_init () < 0) {
    (void) fail (error, folder, "libsodium cannot start");
    return NULL;
  }
  keys->folder = g_strdup (folder);
  keys->keys = g_array_new (FALSE, TRUE, sizeof (Key));
  g_array_set_clear_func (keys->keys, key_clear);
  if (!load (keys, error))
    return NULL;
  if (keys->keys->len == 0 && may_make && !make_key (keys, 1, error))
    return NULL;
  if (keys->keys->len > 0)
    return g_steal_pointer (&keys);
  (void) fail (error, folder, "no master key is here, and the store has items that need one");
  return NULL;
}

void mugai_keys_close (MugaiKeys *keys) {
  if (keys == NULL)
    return;
  g_array_unref (keys->keys);
  g_free (keys->folder);
  g_free (keys);
}

guint mugai_keys_current (const MugaiKeys *keys) {
  return g_array_index (keys->keys, Key, keys->keys->len - 1).number;
}

guint mugai_keys_oldest (const MugaiKeys *keys) {
  return g_array_index (keys->keys, Key, 0).number;
}

const guint8 *mugai_keys_get (const MugaiKeys *keys, guint number) {
  for (guint i = 0; i < keys->keys->len; i++)
    if (g_array_index (keys->keys, Key, i).number == number)
      return g_array_index (keys->keys, Key, i).bytes;
  return NULL;
}

gboolean mugai_keys_rotate (MugaiKeys *keys, GError **error) {
  return make_key (keys, mugai_keys_current (keys) + 1, error);
}

gboolean mugai_keys_forget (MugaiKeys *keys, guint number, gint64 made_before_s, gboolean *ret_forgotten,
                            GError **error) {
  g_autofree char *path = g_strdup_printf ("%s/master-%04u.key", keys->folder, number + 1);
  g_autofree char *old = g_strdup_printf ("%s/master-%04u.key", keys->folder, number);
  struct stat status;

  *ret_forgotten = FALSE;
  /* The next key's birth is when this one stopped wrapping what comes. */
  if (stat (path, &status) < 0 || status.st_mtime > made_before_s || number >= mugai_keys_current (keys))
    return TRUE;
  g_auto (MugaiFd) fd = open (old, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
  static const guint8 zeros[MUGAI_KEYS_BYTES];
  if (fd < 0 && chmod (old, 0600) == 0)
    fd = open (old, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT)
    return TRUE; /* a credential: whoever gave it takes it away */
  if (fd < 0 || !mugai_fd_write_all (fd, zeros, sizeof zeros, NULL) || fsync (fd) < 0 || unlink (old) < 0)
    return fail (error, old, g_strerror (errno));
  *ret_forgotten = TRUE;
  return load (keys, error);
}
