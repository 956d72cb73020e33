/* SPDX-License-Identifier: GPL-2.0-only
 *
 * quarantine/store: what an open store is, for this room.
 */
#pragma once

#include <sqlite3.h>

#include "mugai/quarantine.h"
#include "mugai/base/base.h"

/* Statements prepared once, by what they do. */
typedef enum {
  MUGAI_STATEMENT_BEGIN,
  MUGAI_STATEMENT_COMMIT,
  MUGAI_STATEMENT_ROLLBACK,
  MUGAI_STATEMENT_CONFIRM,
  MUGAI_STATEMENT_HAS,
  MUGAI_STATEMENT_PUT_ITEM,
  MUGAI_STATEMENT_PUT_RECORD,
  MUGAI_STATEMENT_PUT_RECIPIENT,
  MUGAI_STATEMENT_PUT_PART,
  MUGAI_STATEMENT_REMOVE,
  MUGAI_N_STATEMENTS
} MugaiStatement;

struct MugaiQuarantine {
  int directory_fd;
  sqlite3 *index;
  sqlite3_stmt *statements[MUGAI_N_STATEMENTS]; /* NULL until first used */
  gboolean in_group;
  GPtrArray *group; /* ids whose blobs this group wrote */
};

/* ---- index.c ---- */

gboolean mugai_quarantine_index_open (MugaiQuarantine *quarantine, const char *directory, gboolean read_only,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
void mugai_quarantine_index_close (MugaiQuarantine *quarantine);
/** mugai_quarantine_statement: (transfer none): reset and unbound; NULL and @error. */
sqlite3_stmt *mugai_quarantine_statement (MugaiQuarantine *quarantine, MugaiStatement which, GError **error);
/** mugai_quarantine_run: one step of a statement that gives no rows. */
gboolean mugai_quarantine_run (MugaiQuarantine *quarantine, MugaiStatement which, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
/** mugai_quarantine_fail_index: sets the error that SQLite's last one is for us; FALSE. */
gboolean mugai_quarantine_fail_index (MugaiQuarantine *quarantine, const char *what, GError **error);
/** mugai_quarantine_has: @ret_sha256 (out) (transfer full): of the item's blob; NULL when there is no such item. */
gboolean mugai_quarantine_has (MugaiQuarantine *quarantine, const char *id, char **ret_sha256, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
/** mugai_quarantine_put_rows: item, record, recipients and parts. */
gboolean mugai_quarantine_put_rows (MugaiQuarantine *quarantine, const char *id, json_t *record, const char *sha256,
                                    guint64 size_bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- blob.c ---- */

/** mugai_quarantine_blob_open: for reading; -1 and @error (NOT_FOUND, IO). */
int mugai_quarantine_blob_open (MugaiQuarantine *quarantine, const char *id, GError **error);
/** mugai_quarantine_blob_write: copies, hashes, syncs, renames. @id is valid. */
gboolean mugai_quarantine_blob_write (MugaiQuarantine *quarantine, const char *id, int message_fd, char **ret_sha256,
                                      guint64 *ret_size_bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** mugai_quarantine_blob_remove: TRUE also when there is none. */
gboolean mugai_quarantine_blob_remove (MugaiQuarantine *quarantine, const char *id, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
/** mugai_quarantine_fail_errno: NOT_FOUND, FULL or IO by errno; FALSE. */
gboolean mugai_quarantine_fail_errno (GError **error, const char *what, const char *name);
