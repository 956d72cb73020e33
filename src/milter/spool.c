/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Stage 2: headers and body into one memory file, in large writes, counted against the front's room for spooled mail.
 */
#include "session.h"

#include "mugai/base/fd.h"

#define WRITE_BYTES (256u * 1024)

void mugai_spool_init (MugaiSpool *spool) {
  *spool = (MugaiSpool){ .fd = -1 };
}

static gboolean flush (MugaiSpool *spool, GError **error) {
  if (spool->fd < 0 && (spool->fd = mugai_fd_new_memory ("message", error)) < 0)
    return FALSE;
  if (!mugai_fd_write_all (spool->fd, spool->pending->str, spool->pending->len, error))
    return FALSE;
  g_string_truncate (spool->pending, 0);
  return TRUE;
}

MugaiSpoolResult mugai_spool_append (MugaiSpool *spool, const void *data, gsize length_bytes) {
  g_autoptr (GError) error = NULL;
  if (spool->pending == NULL)
    spool->pending = g_string_sized_new (4096);
  if (!mugai_front_reserve (&mugai_front, (gint64) length_bytes))
    return MUGAI_SPOOL_BUSY;
  spool->reserved_bytes += length_bytes;
  spool->size_bytes += length_bytes;
  g_string_append_len (spool->pending, data, (gssize) length_bytes);
  if (spool->pending->len < WRITE_BYTES || flush (spool, &error))
    return MUGAI_SPOOL_OK;
  mugai_front_log ("spool: %s", error->message);
  return MUGAI_SPOOL_ERROR;
}

gboolean mugai_spool_finish (MugaiSpool *spool, GError **error) {
  if (spool->pending == NULL)
    spool->pending = g_string_new (NULL);
  return flush (spool, error) && mugai_fd_seal (spool->fd, error);
}

void mugai_spool_clear (MugaiSpool *spool) {
  mugai_fd_close (spool->fd);
  if (spool->pending != NULL)
    g_string_free (spool->pending, TRUE);
  (void) mugai_front_reserve (&mugai_front, -(gint64) spool->reserved_bytes);
  mugai_spool_init (spool);
}
