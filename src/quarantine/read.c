/* SPDX-License-Identifier: GPL-2.0-only
 *
 * quarantine/read: listing, and one item with its record and its original.
 *
 * Texts in rows are safe already (the facts made them so); who shows them makes them safe again. An original is handed
 * out only when its bytes still have the SHA-256 and the length that were written down when it came.
 */
#include "store.h"

#include <string.h>

#include "mugai/base/fd.h"

#include "seal.h"

#define DEFAULT_LIMIT 100u

void mugai_quarantine_item_free (MugaiQuarantineItem *item) {
  if (item == NULL)
    return;
  g_free (item->id);
  g_free (item->time);
  g_free (item->from);
  g_free (item->subject);
  g_free (item->action);
  g_free (item->direction);
  g_free (item->reason);
  g_free (item->state);
  g_free (item->sha256);
  g_free (item->item_class);
  g_free (item->scan);
  g_strfreev (item->recipients);
  g_free (item);
}

static sqlite3_stmt *prepare (MugaiQuarantine *quarantine, const char *sql, GError **error) {
  sqlite3_stmt *statement = NULL;

  if (sqlite3_prepare_v2 (quarantine->index, sql, -1, &statement, NULL) != SQLITE_OK)
    (void) mugai_quarantine_fail_index (quarantine, "cannot read", error);
  return statement;
}

static void bind_text (sqlite3_stmt *statement, const char *name, const char *text) {
  int column = sqlite3_bind_parameter_index (statement, name);

  if (column > 0)
    (void) sqlite3_bind_text (statement, column, text, -1, SQLITE_TRANSIENT);
}

static char *column_text (sqlite3_stmt *statement, int column) {
  const char *text = (const char *) sqlite3_column_text (statement, column);

  return g_strdup (text != NULL ? text : "");
}

/* (transfer full): the first column of every row; finalizes @statement. */
static char **take_column (MugaiQuarantine *quarantine, sqlite3_stmt *statement, GError **error) {
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  int result;

  while ((result = sqlite3_step (statement)) == SQLITE_ROW)
    g_ptr_array_add (texts, column_text (statement, 0));
  if (result != SQLITE_DONE)
    (void) mugai_quarantine_fail_index (quarantine, "cannot read", error);
  sqlite3_finalize (statement);
  if (result != SQLITE_DONE)
    return NULL;
  g_ptr_array_add (texts, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&texts), FALSE);
}

char **mugai_quarantine_unconfirmed (MugaiQuarantine *quarantine, GError **error) {
  sqlite3_stmt *statement = prepare (quarantine, "SELECT id FROM items WHERE on_chain = 0 ORDER BY id", error);

  return statement != NULL ? take_column (quarantine, statement, error) : NULL;
}

/* ---- states ---- */

static const struct {
  const char *state, *ja, *en;
  gboolean is_items; /* else of a recipient alone */
} states[] = {
  { "held", "保管中", "held", TRUE },
  { "requested", "承認待ち", "requested", TRUE },
  { "approved", "承認済み・未送信", "approved", TRUE },
  { "delayed", "送信待ち", "delayed", TRUE },
  { "queued", "送信中", "queued", TRUE },
  { "failed", "送信失敗", "failed", TRUE },
  { "done", "送信済み", "done", TRUE },
  { "refused", "却下", "refused", TRUE },
  { "recalled", "差出人が取り消し", "recalled", TRUE },
  { "deleted", "廃棄済み", "deleted", TRUE },
  { "expired", "期限により廃棄済み", "expired", TRUE },
  { "redeemed", "送信中（結果未確認）", "redeemed", FALSE },
  { "accepted", "送信済み", "accepted", FALSE },
};

const char *mugai_quarantine_state_words (const char *state, gboolean japanese) {
  for (gsize i = 0; i < G_N_ELEMENTS (states); i++)
    if (strcmp (states[i].state, state) == 0)
      return japanese ? states[i].ja : states[i].en;
  return state;
}

gboolean mugai_quarantine_is_state (const char *state) {
  for (gsize i = 0; i < G_N_ELEMENTS (states); i++)
    if (strcmp (states[i].state, state) == 0)
      return states[i].is_items;
  return FALSE;
}

/* ---- list ---- */

/* (transfer full): for LIKE ... ESCAPE '\': @text as it is, anywhere. */
static char *like_pattern (const char *text) {
  GString *pattern = g_string_new ("%");

  for (; *text != '\0'; text++) {
    if (strchr ("%_\\", *text) != NULL)
      g_string_append_c (pattern, '\\');
    g_string_append_c (pattern, *text);
  }
  g_string_append_c (pattern, '%');
  return g_string_free (pattern, FALSE);
}

/* As an act on one item is looked at (acts.c): somebody it was from or for is of the unit. */
#define IN_UNITS                                                                                                       \
  " AND EXISTS (SELECT 1 FROM json_each (:units) u, (SELECT r.address AS a FROM recipients r WHERE r.id = items.id"    \
  " UNION ALL SELECT items.sender) WHERE lower (a) = u.value"                                                          \
  " OR (substr (u.value, 1, 1) = '@' AND lower (substr (a, -length (u.value))) = u.value))"

static sqlite3_stmt *prepare_list (MugaiQuarantine *quarantine, const MugaiQuarantineQuery *query, GError **error) {
  g_autoptr (GString) sql = g_string_new ("SELECT id, time, sender, subject, action, direction, reason, state, sha256,"
                                          " size_bytes, n_parts, class, legal_hold, kept_until_s,"
                                          " (SELECT scan FROM parts p WHERE p.id = items.id AND scan <> 'clean'"
                                          " ORDER BY scan <> 'infected', n LIMIT 1) FROM items WHERE 1");

  if (query->since != NULL)
    g_string_append (sql, " AND time >= :since");
  if (query->until != NULL) /* a prefix: the whole of that day, hour ... */
    g_string_append (sql, " AND substr (time, 1, length (:until)) <= :until");
  if (query->state != NULL)
    g_string_append (sql, " AND state = :state");
  if (query->id != NULL)
    g_string_append (sql, " AND id = :id");
  if (query->units != NULL)
    g_string_append (sql, IN_UNITS);
  if (query->text != NULL)
    g_string_append (sql,
                     " AND (sender LIKE :text ESCAPE '\\' OR subject LIKE :text ESCAPE '\\' OR id LIKE :text ESCAPE "
                     "'\\' OR message_id LIKE :text ESCAPE '\\' OR queue_id LIKE :text ESCAPE '\\' OR EXISTS (SELECT 1 "
                     "FROM recipients r WHERE r.id = items.id AND r.address LIKE :text ESCAPE '\\'))");
  g_string_append (sql, " ORDER BY id DESC LIMIT :limit OFFSET :offset");

  sqlite3_stmt *statement = prepare (quarantine, sql->str, error);
  if (statement == NULL)
    return NULL;
  g_autofree char *pattern = query->text != NULL ? like_pattern (query->text) : NULL;
  bind_text (statement, ":since", query->since);
  bind_text (statement, ":until", query->until);
  bind_text (statement, ":text", pattern);
  bind_text (statement, ":state", query->state);
  bind_text (statement, ":id", query->id);
  bind_text (statement, ":units", query->units);
  guint limit = query->limit > 0 ? query->limit : DEFAULT_LIMIT;
  (void) sqlite3_bind_int64 (statement, sqlite3_bind_parameter_index (statement, ":limit"), limit);
  (void) sqlite3_bind_int64 (statement, sqlite3_bind_parameter_index (statement, ":offset"), query->offset);
  return statement;
}

static char **read_recipients (MugaiQuarantine *quarantine, const char *id, GError **error) {
  sqlite3_stmt *statement = prepare (quarantine, "SELECT address FROM recipients WHERE id = :id ORDER BY n", error);

  if (statement == NULL)
    return NULL;
  bind_text (statement, ":id", id);
  return take_column (quarantine, statement, error);
}

static MugaiQuarantineItem *read_item (sqlite3_stmt *statement) {
  MugaiQuarantineItem *item = g_new0 (MugaiQuarantineItem, 1);

  item->id = column_text (statement, 0);
  item->time = column_text (statement, 1);
  item->from = column_text (statement, 2);
  item->subject = column_text (statement, 3);
  item->action = column_text (statement, 4);
  item->direction = column_text (statement, 5);
  item->reason = column_text (statement, 6);
  item->state = column_text (statement, 7);
  item->sha256 = column_text (statement, 8);
  item->size_bytes = (guint64) sqlite3_column_int64 (statement, 9);
  item->n_parts = (guint) sqlite3_column_int64 (statement, 10);
  item->item_class = column_text (statement, 11);
  item->legal_hold = sqlite3_column_int64 (statement, 12) != 0;
  item->kept_until_s = sqlite3_column_int64 (statement, 13);
  item->scan = column_text (statement, 14);
  return item;
}

static GPtrArray *read_items (MugaiQuarantine *quarantine, sqlite3_stmt *statement, GError **error) {
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func ((GDestroyNotify) mugai_quarantine_item_free);
  int result;

  while ((result = sqlite3_step (statement)) == SQLITE_ROW) {
    MugaiQuarantineItem *item = read_item (statement);
    g_ptr_array_add (items, item);
    item->recipients = read_recipients (quarantine, item->id, error);
    if (item->recipients == NULL)
      return NULL;
  }
  if (result == SQLITE_DONE)
    return g_steal_pointer (&items);
  (void) mugai_quarantine_fail_index (quarantine, "cannot read", error);
  return NULL;
}

GPtrArray *mugai_quarantine_list (MugaiQuarantine *quarantine, const MugaiQuarantineQuery *query, GError **error) {
  sqlite3_stmt *statement = prepare_list (quarantine, query, error);

  if (statement == NULL)
    return NULL;
  GPtrArray *items = read_items (quarantine, statement, error);
  sqlite3_finalize (statement);
  return items;
}

/* ---- one item ---- */

static gboolean fail_unknown (const char *id, GError **error) {
  g_autofree char *shown = g_strescape (id, NULL);

  g_set_error (error, MUGAI_QUARANTINE_ERROR, MUGAI_QUARANTINE_ERROR_NOT_FOUND, "quarantine: no item %.64s", shown);
  return FALSE;
}

json_t *mugai_quarantine_record (MugaiQuarantine *quarantine, const char *id, GError **error) {
  sqlite3_stmt *statement = prepare (quarantine, "SELECT record FROM records WHERE id = :id", error);

  if (statement == NULL)
    return NULL;
  bind_text (statement, ":id", id);
  g_auto (GStrv) texts = take_column (quarantine, statement, error);
  if (texts == NULL)
    return NULL;
  if (texts[0] == NULL) {
    (void) fail_unknown (id, error);
    return NULL;
  }
  /* Not mugai_json_parse (): a record may be longer than what crosses a process border. */
  json_t *record = json_loads (texts[0], JSON_REJECT_DUPLICATES, NULL);
  if (record == NULL)
    g_set_error (error, MUGAI_QUARANTINE_ERROR, MUGAI_QUARANTINE_ERROR_CORRUPT,
                 "quarantine: the record of %s is no JSON", id);
  return record;
}

GBytes *mugai_quarantine_blob_read (MugaiQuarantine *quarantine, const char *id, json_t **ret_sidecar,
                                    guint *ret_master, GError **error) {
  g_auto (MugaiFd) fd = mugai_quarantine_blob_open (quarantine, id, FALSE, error);
  g_autoptr (GError) cause = NULL;

  if (fd < 0)
    return NULL;
  if (mugai_seal_is_sealed (fd)) {
    if (!mugai_quarantine_need_keys (quarantine, error))
      return NULL;
    return mugai_seal_read (fd, id, quarantine->keys, ret_sidecar, ret_master, error);
  }
  GBytes *bytes = mugai_fd_read_all (fd, MUGAI_QUARANTINE_MAX_BLOB_BYTES, &cause);
  if (bytes == NULL)
    g_set_error (error, MUGAI_QUARANTINE_ERROR, MUGAI_QUARANTINE_ERROR_IO, "quarantine: %s: %s", id, cause->message);
  return bytes;
}

GBytes *mugai_quarantine_original (MugaiQuarantine *quarantine, const char *id, GError **error) {
  g_autofree char *wanted = NULL;

  if (!mugai_id_is_valid (id)) {
    (void) fail_unknown (id, error);
    return NULL;
  }
  if (!mugai_quarantine_has (quarantine, id, &wanted, error))
    return NULL;
  if (wanted == NULL) {
    (void) fail_unknown (id, error);
    return NULL;
  }
  g_autoptr (GBytes) bytes = mugai_quarantine_blob_read (quarantine, id, NULL, NULL, error);
  if (bytes == NULL)
    return NULL;
  g_autofree char *sha256 = mugai_sha256_hex (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  if (strcmp (sha256, wanted) == 0)
    return g_steal_pointer (&bytes);
  g_set_error (error, MUGAI_QUARANTINE_ERROR, MUGAI_QUARANTINE_ERROR_CORRUPT,
               "quarantine: the original of %s is not the one that was received: SHA-256 %s, not %s", id, sha256,
               wanted);
  return NULL;
}
