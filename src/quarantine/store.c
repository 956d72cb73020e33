/* SPDX-License-Identifier: GPL-2.0-only
 *
 * quarantine/store: opening, and a group of items put together or not at all.
 *
 * The order is the promise: a blob is on disk before its row is put, the rows before the caller writes its audit line.
 * After a failure in between, what is left is a blob without a row, or a row that the chain does not know: the
 * keeper finds both at its start. Threads: one writer; a reader has a store of its own, open for reading.
 */
#include "await.h"
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "mugai/base/fd.h"

G_DEFINE_QUARK (mugai - quarantine - error - quark, mugai_quarantine_error)

char *mugai_quarantine_default_keys (const char *directory) {
  g_autofree char *whole = g_canonicalize_filename (directory, NULL);

  return g_strconcat (whole, ".keys", NULL);
}

gboolean mugai_quarantine_need_keys (MugaiQuarantine *quarantine, GError **error) {
  if (quarantine->keys != NULL)
    return TRUE;
  g_autoptr (MugaiJson) sealed =
      mugai_quarantine_query (quarantine, error, "SELECT id FROM items WHERE master > 0 LIMIT 1", "");
  if (sealed == NULL)
    return FALSE;
  gboolean may_make = !quarantine->read_only && json_array_size (sealed) == 0;
  quarantine->keys = mugai_keys_open (quarantine->keys_folder, may_make, error);
  return quarantine->keys != NULL;
}

MugaiQuarantine *mugai_quarantine_open (const char *directory, gboolean read_only, GError **error) {
  return mugai_quarantine_open_with_keys (directory, NULL, read_only, error);
}

MugaiQuarantine *mugai_quarantine_open_with_keys (const char *directory, const char *keys, gboolean read_only,
                                                  GError **error) {
  g_autoptr (MugaiQuarantine) quarantine = g_new0 (MugaiQuarantine, 1);

  quarantine->read_only = read_only;
  quarantine->keys_folder =
      keys != NULL && keys[0] != '\0' ? g_strdup (keys) : mugai_quarantine_default_keys (directory);
  quarantine->group = g_ptr_array_new_with_free_func (g_free);
  quarantine->directory_fd = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (quarantine->directory_fd < 0) {
    (void) mugai_quarantine_fail_errno (error, "cannot open", directory);
    return NULL;
  }
  if (!mugai_quarantine_index_open (quarantine, directory, read_only, error)
      || (!read_only && !mugai_quarantine_need_keys (quarantine, error)))
    return NULL;
  return g_steal_pointer (&quarantine);
}

void mugai_quarantine_close (MugaiQuarantine *quarantine) {
  if (quarantine == NULL)
    return;
  mugai_quarantine_rollback (quarantine);
  mugai_quarantine_index_close (quarantine);
  mugai_keys_close (quarantine->keys);
  g_free (quarantine->keys_folder);
  mugai_fd_close (quarantine->directory_fd);
  g_ptr_array_unref (quarantine->group);
  g_free (quarantine);
}

gboolean mugai_quarantine_begin (MugaiQuarantine *quarantine, GError **error) {
  g_return_val_if_fail (!quarantine->in_group, FALSE);

  if (!mugai_quarantine_run (quarantine, MUGAI_STATEMENT_BEGIN, error))
    return FALSE;
  quarantine->in_group = TRUE;
  return mugai_quarantine_run (quarantine, MUGAI_STATEMENT_CONFIRM, error)
         && mugai_quarantine_run (quarantine, MUGAI_STATEMENT_CONFIRM_ACTS, error);
}

static gboolean fail_id (GError **error) {
  g_set_error_literal (error, MUGAI_QUARANTINE_ERROR, MUGAI_QUARANTINE_ERROR_NOT_FOUND, "quarantine: not an id");
  return FALSE;
}

gboolean mugai_quarantine_put (MugaiQuarantine *quarantine, const char *id, int message_fd, json_t *record,
                               GError **error) {
  g_return_val_if_fail (quarantine->in_group, FALSE);

  g_autofree char *known = NULL, *sha256 = NULL;
  guint64 size_bytes = 0;
  if (!mugai_id_is_valid (id))
    return fail_id (error);
  if (!mugai_quarantine_has (quarantine, id, &known, error))
    return FALSE;
  if (known != NULL) /* asked again: it is there, blob and rows */
    return TRUE;
  g_autofree char *text = mugai_json_line (record);
  if (!mugai_quarantine_blob_write (quarantine, id, message_fd, text, &sha256, &size_bytes, error))
    return FALSE;
  g_ptr_array_add (quarantine->group, g_strdup (id));
  return mugai_quarantine_put_rows (quarantine, id, record, text, sha256, size_bytes, error)
         && mugai_quarantine_put_await (quarantine, id, record, error);
}

gboolean mugai_quarantine_commit (MugaiQuarantine *quarantine, GError **error) {
  g_return_val_if_fail (quarantine->in_group, FALSE);

  if (!mugai_quarantine_run (quarantine, MUGAI_STATEMENT_COMMIT, error))
    return FALSE; /* the caller rolls back */
  quarantine->in_group = FALSE;
  g_ptr_array_set_size (quarantine->group, 0);
  return TRUE;
}

/* The rows first: a row without a blob would be a promise broken, a blob without a row is only litter. */
void mugai_quarantine_rollback (MugaiQuarantine *quarantine) {
  g_autoptr (GError) error = NULL;

  if (!quarantine->in_group)
    return;
  quarantine->in_group = FALSE;
  /* SQLite has rolled back by itself after some failures; the connection is out of the transaction either way. */
  if (!sqlite3_get_autocommit (quarantine->index)
      && !mugai_quarantine_run (quarantine, MUGAI_STATEMENT_ROLLBACK, &error))
    g_debug ("%s", error->message);
  for (guint i = 0; i < quarantine->group->len; i++)
    (void) !mugai_quarantine_blob_remove (quarantine, g_ptr_array_index (quarantine->group, i), NULL);
  g_ptr_array_set_size (quarantine->group, 0);
}

gboolean mugai_quarantine_remove (MugaiQuarantine *quarantine, const char *id, GError **error) {
  if (!mugai_id_is_valid (id))
    return fail_id (error);
  sqlite3_stmt *statement = mugai_quarantine_statement (quarantine, MUGAI_STATEMENT_REMOVE, error);
  if (statement == NULL)
    return FALSE;
  (void) sqlite3_bind_text (statement, 1, id, -1, SQLITE_TRANSIENT);
  int result = sqlite3_step (statement);
  if (result != SQLITE_DONE)
    return mugai_quarantine_fail_index (quarantine, "cannot remove", error);
  (void) sqlite3_reset (statement);
  return mugai_quarantine_blob_remove (quarantine, id, error);
}
