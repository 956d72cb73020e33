/* SPDX-License-Identifier: GPL-2.0-only
 *
 * quarantine/store: what an open store is, for this room.
 */
#pragma once

#include <sqlite3.h>

#include "mugai/quarantine.h"
#include "mugai/base/base.h"

#include "keys.h"

/* Statements prepared once, by what they do. */
typedef enum {
  MUGAI_STATEMENT_BEGIN,
  MUGAI_STATEMENT_COMMIT,
  MUGAI_STATEMENT_ROLLBACK,
  MUGAI_STATEMENT_CONFIRM,
  MUGAI_STATEMENT_CONFIRM_ACTS,
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
  gboolean read_only;
  char *keys_folder;
  MugaiKeys *keys; /* NULL until needed, when open for reading */
  sqlite3 *index;
  sqlite3_stmt *statements[MUGAI_N_STATEMENTS]; /* NULL until first used */
  gboolean in_group;
  gboolean log_is_empty; /* SQLite's log has no page from before the last disposal */
  GPtrArray *group;      /* ids whose blobs this group wrote */
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
/** mugai_quarantine_put_rows: item, record (@text is its line), recipients and parts. */
gboolean mugai_quarantine_put_rows (MugaiQuarantine *quarantine, const char *id, json_t *record, const char *text,
                                    const char *sha256, guint64 size_bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** mugai_quarantine_need_keys: opens the master keys; a first one is made only for a store without a sealed item. */
gboolean mugai_quarantine_need_keys (MugaiQuarantine *quarantine, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** mugai_quarantine_query: (transfer full): an array of objects, one a row, its members named as the columns; NULL and @error. @format is of
 * "s" (text, NULL allowed) and "i" (gint64), for ?1, ?2 ... */
json_t *mugai_quarantine_query (MugaiQuarantine *quarantine, GError **error, const char *sql, const char *format, ...);
/** mugai_quarantine_change: the same, without rows. */
gboolean mugai_quarantine_change (MugaiQuarantine *quarantine, GError **error, const char *sql, const char *format, ...)
    G_GNUC_WARN_UNUSED_RESULT;

/** mugai_quarantine_each_item: every row's id and master (-1: disposed of), oldest first, a page at a time, until @visit returns FALSE with its @error. */
typedef gboolean (*MugaiQuarantineItemVisit) (const char *id, gint64 master, gpointer data, GError **error);
gboolean mugai_quarantine_each_item (MugaiQuarantine *quarantine, MugaiQuarantineItemVisit visit, gpointer data,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** mugai_quarantine_empty_log: pages as they were before a disposal stand in SQLite's log until it is cut: now, or, where a reader is in the way, at
 * the next call. FALSE: an error, not a reader. */
gboolean mugai_quarantine_empty_log (MugaiQuarantine *quarantine, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- blob.c ---- */

/** mugai_quarantine_blob_open: for reading; -1 and @error (NOT_FOUND, IO). */
int mugai_quarantine_blob_open (MugaiQuarantine *quarantine, const char *id, gboolean writable, GError **error);
/** mugai_quarantine_blob_path: (transfer full): below the store. @id is valid. */
char *mugai_quarantine_blob_path (const char *id);
/** mugai_quarantine_blob_each: every id that has a blob, oldest first, until @visit returns FALSE with its @error. */
typedef gboolean (*MugaiQuarantineVisit) (const char *id, gpointer data, GError **error);
gboolean mugai_quarantine_blob_each (MugaiQuarantine *quarantine, MugaiQuarantineVisit visit, gpointer data,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** mugai_quarantine_blob_read: (transfer full): the bytes as received, sealed or plain; @ret_sidecar (nullable): NULL for a plain one. */
GBytes *mugai_quarantine_blob_read (MugaiQuarantine *quarantine, const char *id, json_t **ret_sidecar,
                                    guint *ret_master, GError **error);
/** mugai_quarantine_blob_write: seals, syncs, renames. @id is valid; @record: its line. */
gboolean mugai_quarantine_blob_write (MugaiQuarantine *quarantine, const char *id, int message_fd, const char *record,
                                      char **ret_sha256, guint64 *ret_size_bytes, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
/** mugai_quarantine_blob_remove: TRUE also when there is none. */
gboolean mugai_quarantine_blob_remove (MugaiQuarantine *quarantine, const char *id, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
/** mugai_quarantine_fail_errno: NOT_FOUND, FULL or IO by errno; FALSE. */
gboolean mugai_quarantine_fail_errno (GError **error, const char *what, const char *name);
