/* SPDX-License-Identifier: GPL-2.0-only
 *
 * quarantine/index: the rows of items, recipients and parts in SQLite: schema, statements, and putting.
 *
 * WAL with synchronous FULL: a commit that returned is on disk. The record stands in a table of its own, so that listing
 * does not drag it along. Ids sort by time, so the newest items are at the primary key's end. on_chain is 0 for
 * the last group only: the next begin says that the chain knows it.
 */
#include "store.h"

#include <string.h>
#include <sys/stat.h>

#define INDEX_MODE 0600
#define SCHEMA_VERSION 2
#define BUSY_MS 5000
#define PAGE_ITEMS 1000 /* so many ids are in memory when all are walked over */

/* clang-format off */
static const char schema_1[] =
  "CREATE TABLE items (id TEXT PRIMARY KEY, time TEXT NOT NULL, sender TEXT, subject TEXT, message_id TEXT, queue_id TEXT,"
  "  client TEXT, direction TEXT, action TEXT, reason TEXT, state TEXT NOT NULL, sha256 TEXT NOT NULL,"
  "  size_bytes INTEGER NOT NULL, n_parts INTEGER NOT NULL, on_chain INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;"
  "CREATE INDEX items_time ON items (time);"
  "CREATE INDEX items_unconfirmed ON items (id) WHERE on_chain = 0;"
  "CREATE TABLE records (id TEXT PRIMARY KEY REFERENCES items ON DELETE CASCADE, record TEXT NOT NULL);"
  "CREATE TABLE recipients (id TEXT NOT NULL REFERENCES items ON DELETE CASCADE, n INTEGER NOT NULL, address TEXT,"
  "  direction TEXT, action TEXT, rule TEXT, PRIMARY KEY (id, n)) WITHOUT ROWID;"
  "CREATE INDEX recipients_address ON recipients (address);"
  "CREATE TABLE parts (id TEXT NOT NULL REFERENCES items ON DELETE CASCADE, n INTEGER NOT NULL, path TEXT, sha256 TEXT,"
  "  names TEXT, declared TEXT, detected TEXT, size_bytes INTEGER, scan TEXT, signature TEXT, flags TEXT, action TEXT,"
  "  rule TEXT, PRIMARY KEY (id, n)) WITHOUT ROWID;"
  "CREATE INDEX parts_sha256 ON parts (sha256);";

/* Sealed blobs, classes, retention; releases, and acts with their place on the chain. master 0: a plain blob of schema 1. */
static const char schema_2[] =
  "ALTER TABLE items ADD COLUMN master INTEGER NOT NULL DEFAULT 0;"
  "ALTER TABLE items ADD COLUMN class TEXT NOT NULL DEFAULT 'normal';"
  "ALTER TABLE items ADD COLUMN at_s INTEGER NOT NULL DEFAULT 0;"
  "ALTER TABLE items ADD COLUMN kept_until_s INTEGER NOT NULL DEFAULT 0;"
  "ALTER TABLE items ADD COLUMN legal_hold INTEGER NOT NULL DEFAULT 0;"
  "UPDATE items SET at_s = CAST (strftime ('%s', time) AS INTEGER), class = CASE"
  "  WHEN EXISTS (SELECT 1 FROM parts p WHERE p.id = items.id AND p.scan = 'infected') THEN 'infected'"
  "  WHEN EXISTS (SELECT 1 FROM parts p WHERE p.id = items.id AND p.scan NOT IN ('clean')) THEN 'high' ELSE 'normal' END;"
  "CREATE INDEX items_master ON items (master);"
  "CREATE INDEX items_age ON items (class, at_s) WHERE state NOT IN ('deleted', 'expired');"
  "CREATE TABLE releases (release TEXT PRIMARY KEY, item TEXT NOT NULL REFERENCES items ON DELETE CASCADE, form TEXT NOT NULL,"
  "  requester TEXT NOT NULL, reason TEXT NOT NULL, at TEXT NOT NULL, state TEXT NOT NULL) WITHOUT ROWID;"
  "CREATE INDEX releases_item ON releases (item);"
  "CREATE TABLE release_recipients (release TEXT NOT NULL REFERENCES releases ON DELETE CASCADE, address TEXT NOT NULL,"
  "  state TEXT NOT NULL, token TEXT, until_s INTEGER NOT NULL DEFAULT 0, sha256 TEXT, reply TEXT, tries INTEGER NOT NULL DEFAULT 0,"
  "  PRIMARY KEY (release, address)) WITHOUT ROWID;"
  "CREATE INDEX release_tokens ON release_recipients (token) WHERE token IS NOT NULL;"
  "CREATE TABLE approvals (release TEXT NOT NULL REFERENCES releases ON DELETE CASCADE, approver TEXT NOT NULL,"
  "  reason TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (release, approver)) WITHOUT ROWID;"
  "CREATE TABLE acts (act_id TEXT PRIMARY KEY, item TEXT, kind TEXT NOT NULL, actor TEXT NOT NULL, at TEXT NOT NULL,"
  "  body TEXT NOT NULL, on_chain INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;"
  "CREATE INDEX acts_item ON acts (item);"
  "CREATE INDEX acts_unconfirmed ON acts (act_id) WHERE on_chain = 0;";

/* Of what upkeep asks each time; no row means anything else by them, so they are no schema of their own. */
static const char lookups[] = "CREATE INDEX IF NOT EXISTS items_disposed ON items (id)"
                              "  WHERE state IN ('deleted', 'expired') AND master <> -1;";

static const char *const schemas[] = { schema_1, schema_2 };
G_STATIC_ASSERT (G_N_ELEMENTS (schemas) == SCHEMA_VERSION);

static const char *const statements[MUGAI_N_STATEMENTS] = {
  [MUGAI_STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
  [MUGAI_STATEMENT_COMMIT] = "COMMIT",
  [MUGAI_STATEMENT_ROLLBACK] = "ROLLBACK",
  [MUGAI_STATEMENT_CONFIRM] = "UPDATE items SET on_chain = 1 WHERE on_chain = 0",
  [MUGAI_STATEMENT_CONFIRM_ACTS] = "UPDATE acts SET on_chain = 1 WHERE on_chain = 0",
  [MUGAI_STATEMENT_HAS] = "SELECT sha256 FROM items WHERE id = ?1",
  [MUGAI_STATEMENT_PUT_ITEM] = ("INSERT INTO items (id, time, sender, subject, message_id, queue_id, client, direction, action,"
                               " reason, state, sha256, size_bytes, n_parts, master, class, at_s)"
                               " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 'held', ?11, ?12, ?13, ?14, ?15, ?16)"),
  [MUGAI_STATEMENT_PUT_RECORD] = "INSERT INTO records (id, record) VALUES (?1, ?2)",
  [MUGAI_STATEMENT_PUT_RECIPIENT] = "INSERT INTO recipients (id, n, address, direction, action, rule) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
  [MUGAI_STATEMENT_PUT_PART] = ("INSERT INTO parts (id, n, path, sha256, names, declared, detected, size_bytes, scan, signature,"
                               " flags, action, rule) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"),
  [MUGAI_STATEMENT_REMOVE] = "DELETE FROM items WHERE id = ?1",
};
/* clang-format on */

gboolean mugai_quarantine_fail_index (MugaiQuarantine *quarantine, const char *what, GError **error) {
  int code = quarantine->index != NULL ? sqlite3_errcode (quarantine->index) : SQLITE_NOMEM;
  const char *words = quarantine->index != NULL ? sqlite3_errmsg (quarantine->index) : sqlite3_errstr (code);

  g_set_error (error, MUGAI_QUARANTINE_ERROR,
               code == SQLITE_FULL ? MUGAI_QUARANTINE_ERROR_FULL : MUGAI_QUARANTINE_ERROR_IO,
               "quarantine index: %s: %s", what, words);
  return FALSE;
}

/* ---- opening ---- */

static gboolean execute (MugaiQuarantine *quarantine, const char *sql, GError **error) {
  if (sqlite3_exec (quarantine->index, sql, NULL, NULL, NULL) == SQLITE_OK)
    return TRUE;
  return mugai_quarantine_fail_index (quarantine, "cannot be set up", error);
}

static gboolean read_version (MugaiQuarantine *quarantine, int *ret_version, GError **error) {
  sqlite3_stmt *statement = NULL;

  if (sqlite3_prepare_v2 (quarantine->index, "PRAGMA user_version", -1, &statement, NULL) != SQLITE_OK
      || sqlite3_step (statement) != SQLITE_ROW) {
    (void) mugai_quarantine_fail_index (quarantine, "cannot be read", error);
    sqlite3_finalize (statement);
    return FALSE;
  }
  *ret_version = sqlite3_column_int (statement, 0);
  sqlite3_finalize (statement);
  return TRUE;
}

/* From any older schema, step by step, in one transaction: it is the old one or the new one, whatever happens. */
static gboolean migrate (MugaiQuarantine *quarantine, int version, GError **error) {
  g_autoptr (GString) sql = g_string_new ("BEGIN IMMEDIATE;");

  for (int i = version; i < SCHEMA_VERSION; i++)
    g_string_append (sql, schemas[i]);
  g_string_append (sql, "PRAGMA user_version = " G_STRINGIFY (SCHEMA_VERSION) ";COMMIT;");
  if (execute (quarantine, sql->str, error))
    return TRUE;
  (void) sqlite3_exec (quarantine->index, "ROLLBACK", NULL, NULL, NULL);
  return FALSE;
}

/* A store that a newer mugai wrote is not touched: its rows may mean more than we know. */
static gboolean check_schema (MugaiQuarantine *quarantine, gboolean read_only, GError **error) {
  int version = 0;

  if (!read_version (quarantine, &version, error))
    return FALSE;
  if (version == SCHEMA_VERSION)
    return TRUE;
  if (version < SCHEMA_VERSION && !read_only)
    return migrate (quarantine, version, error);
  g_set_error (error, MUGAI_QUARANTINE_ERROR, MUGAI_QUARANTINE_ERROR_IO,
               "quarantine index: schema %d, this program knows %d", version, SCHEMA_VERSION);
  return FALSE;
}

gboolean mugai_quarantine_index_open (MugaiQuarantine *quarantine, const char *directory, gboolean read_only,
                                      GError **error) {
  g_autofree char *path = g_build_filename (directory, "index.sqlite", NULL);
  int flags = read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;

  if (sqlite3_open_v2 (path, &quarantine->index, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
    return mugai_quarantine_fail_index (quarantine, path, error);
  (void) sqlite3_busy_timeout (quarantine->index, BUSY_MS);
  /* Envelopes and subjects stand in it as text: for its owner alone. What SQLite puts beside it gets the same mode. */
  if (!read_only && chmod (path, INDEX_MODE) < 0)
    return mugai_quarantine_fail_errno (error, "cannot change the mode of", path);
  if (!read_only
      && !execute (quarantine,
                   "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
                   "PRAGMA secure_delete = ON;",
                   error))
    return FALSE;
  return check_schema (quarantine, read_only, error)
         && (read_only || execute (quarantine, lookups, error)); /* quick where they are there already */
}

void mugai_quarantine_index_close (MugaiQuarantine *quarantine) {
  for (guint i = 0; i < MUGAI_N_STATEMENTS; i++)
    sqlite3_finalize (quarantine->statements[i]);
  (void) sqlite3_close_v2 (quarantine->index);
}

/* ---- statements ---- */

sqlite3_stmt *mugai_quarantine_statement (MugaiQuarantine *quarantine, MugaiStatement which, GError **error) {
  sqlite3_stmt **statement = &quarantine->statements[which];

  if (*statement != NULL) {
    (void) sqlite3_reset (*statement);
    (void) sqlite3_clear_bindings (*statement);
    return *statement;
  }
  if (sqlite3_prepare_v3 (quarantine->index, statements[which], -1, SQLITE_PREPARE_PERSISTENT, statement, NULL)
      != SQLITE_OK) {
    (void) mugai_quarantine_fail_index (quarantine, "cannot prepare", error);
    return NULL;
  }
  return *statement;
}

static gboolean step (MugaiQuarantine *quarantine, sqlite3_stmt *statement, GError **error) {
  gboolean done =
      sqlite3_step (statement) == SQLITE_DONE || mugai_quarantine_fail_index (quarantine, "cannot write", error);

  (void) sqlite3_reset (statement);
  return done;
}

gboolean mugai_quarantine_run (MugaiQuarantine *quarantine, MugaiStatement which, GError **error) {
  sqlite3_stmt *statement = mugai_quarantine_statement (quarantine, which, error);

  return statement != NULL && step (quarantine, statement, error);
}

static void bind_text (sqlite3_stmt *statement, int column, const char *text) {
  if (text != NULL)
    (void) sqlite3_bind_text (statement, column, text, -1, SQLITE_TRANSIENT);
}

/* A member that is a string; anything else is NULL in the row. */
static void bind_member (sqlite3_stmt *statement, int column, json_t *object, const char *key) {
  bind_text (statement, column, json_string_value (json_object_get (object, key)));
}

/* A member that is a list, as JSON. */
static void bind_list (sqlite3_stmt *statement, int column, json_t *object, const char *key) {
  json_t *list = json_object_get (object, key);
  g_autofree char *text = list != NULL ? mugai_json_line (list) : NULL;

  bind_text (statement, column, text);
}

gboolean mugai_quarantine_has (MugaiQuarantine *quarantine, const char *id, char **ret_sha256, GError **error) {
  sqlite3_stmt *statement = mugai_quarantine_statement (quarantine, MUGAI_STATEMENT_HAS, error);

  if (statement == NULL)
    return FALSE;
  bind_text (statement, 1, id);
  int result = sqlite3_step (statement);
  if (result != SQLITE_ROW && result != SQLITE_DONE)
    return mugai_quarantine_fail_index (quarantine, "cannot read", error);
  *ret_sha256 = result == SQLITE_ROW ? g_strdup ((const char *) sqlite3_column_text (statement, 0)) : NULL;
  (void) sqlite3_reset (statement);
  return TRUE;
}

/* ---- seldom statements ---- */

static sqlite3_stmt *prepare (MugaiQuarantine *quarantine, const char *sql, const char *format, va_list arguments,
                              GError **error) {
  sqlite3_stmt *statement = NULL;

  if (sqlite3_prepare_v2 (quarantine->index, sql, -1, &statement, NULL) != SQLITE_OK) {
    (void) mugai_quarantine_fail_index (quarantine, "cannot prepare", error);
    return NULL;
  }
  for (int i = 1; *format != '\0'; format++, i++) {
    if (*format == 's')
      bind_text (statement, i, va_arg (arguments, const char *));
    else
      (void) sqlite3_bind_int64 (statement, i, va_arg (arguments, gint64));
  }
  return statement;
}

static json_t *read_row (sqlite3_stmt *statement) {
  json_t *row = json_object ();

  for (int i = 0; i < sqlite3_column_count (statement); i++) {
    json_t *value = sqlite3_column_type (statement, i) == SQLITE_INTEGER
                        ? json_integer (sqlite3_column_int64 (statement, i))
                        : mugai_json_string ((const char *) sqlite3_column_text (statement, i));
    json_object_set_new (row, sqlite3_column_name (statement, i), value);
  }
  return row;
}

json_t *mugai_quarantine_query (MugaiQuarantine *quarantine, GError **error, const char *sql, const char *format, ...) {
  g_autoptr (MugaiJson) rows = json_array ();
  va_list arguments;
  int result = SQLITE_ERROR;

  va_start (arguments, format);
  sqlite3_stmt *statement = prepare (quarantine, sql, format, arguments, error);
  va_end (arguments);
  if (statement == NULL)
    return NULL;
  while ((result = sqlite3_step (statement)) == SQLITE_ROW)
    json_array_append_new (rows, read_row (statement));
  if (result != SQLITE_DONE)
    (void) mugai_quarantine_fail_index (quarantine, "cannot read", error);
  sqlite3_finalize (statement);
  return result == SQLITE_DONE ? g_steal_pointer (&rows) : NULL;
}

gboolean mugai_quarantine_change (MugaiQuarantine *quarantine, GError **error, const char *sql, const char *format,
                                  ...) {
  va_list arguments;

  va_start (arguments, format);
  sqlite3_stmt *statement = prepare (quarantine, sql, format, arguments, error);
  va_end (arguments);
  if (statement == NULL)
    return FALSE;
  gboolean done =
      sqlite3_step (statement) == SQLITE_DONE || mugai_quarantine_fail_index (quarantine, "cannot write", error);
  sqlite3_finalize (statement);
  return done;
}

/* (transfer full): the page after @after; empty: there is none. */
static json_t *read_page (MugaiQuarantine *quarantine, const char *after, GError **error) {
  return mugai_quarantine_query (quarantine, error, "SELECT id, master FROM items WHERE id > ?1 ORDER BY id LIMIT ?2",
                                 "si", after, (gint64) PAGE_ITEMS);
}

gboolean mugai_quarantine_each_item (MugaiQuarantine *quarantine, MugaiQuarantineItemVisit visit, gpointer data,
                                     GError **error) {
  g_autofree char *after = g_strdup ("");

  for (;;) {
    g_autoptr (MugaiJson) rows = read_page (quarantine, after, error);
    json_t *row;
    size_t i;
    if (rows == NULL || json_array_size (rows) == 0)
      return rows != NULL;
    json_array_foreach (rows, i, row) {
      const char *id = json_string_value (json_object_get (row, "id"));
      if (!visit (id, json_integer_value (json_object_get (row, "master")), data, error))
        return FALSE;
      g_free (after);
      after = g_strdup (id);
    }
  }
}

gboolean mugai_quarantine_empty_log (MugaiQuarantine *quarantine, GError **error) {
  if (quarantine->log_is_empty)
    return TRUE;
  /* Nobody waits for a reader here: mail does not. */
  (void) sqlite3_busy_timeout (quarantine->index, 0);
  g_autoptr (MugaiJson) rows = mugai_quarantine_query (quarantine, error, "PRAGMA wal_checkpoint (TRUNCATE)", "");
  (void) sqlite3_busy_timeout (quarantine->index, BUSY_MS);
  quarantine->log_is_empty =
      rows != NULL && json_integer_value (json_object_get (json_array_get (rows, 0), "busy")) == 0;
  return rows != NULL;
}

/* ---- putting ---- */

/* The worst of its parts: what was infected, what nobody could look into, the rest. */
static const char *class_of (json_t *record) {
  const char *class = "normal";
  json_t *part;
  size_t i;

  json_array_foreach (json_object_get (record, "parts"), i, part) {
    const char *scan = json_string_value (json_object_get (part, "scan"));
    if (g_strcmp0 (scan, "infected") == 0)
      return "infected";
    if (scan != NULL && strcmp (scan, "clean") != 0)
      class = "high";
  }
  return json_array_size (json_object_get (record, "parts")) > 0 ? class : "high"; /* held unread */
}

static gint64 time_of (const char *time) {
  g_autoptr (GDateTime) moment = time != NULL ? g_date_time_new_from_iso8601 (time, NULL) : NULL;

  return moment != NULL ? g_date_time_to_unix (moment) : g_get_real_time () / G_USEC_PER_SEC;
}

static gboolean put_item (MugaiQuarantine *quarantine, const char *id, json_t *record, const char *sha256,
                          guint64 size_bytes, GError **error) {
  sqlite3_stmt *statement = mugai_quarantine_statement (quarantine, MUGAI_STATEMENT_PUT_ITEM, error);
  json_t *envelope = json_object_get (record, "envelope");
  json_t *reason = json_array_get (json_object_get (record, "reasons"), 0);
  const char *time = json_string_value (json_object_get (record, "time"));

  if (statement == NULL)
    return FALSE;
  bind_text (statement, 1, id);
  bind_text (statement, 2, time != NULL ? time : "");
  bind_member (statement, 3, envelope, "from");
  bind_member (statement, 4, record, "subject");
  bind_member (statement, 5, record, "message_id");
  bind_member (statement, 6, record, "queue_id");
  bind_member (statement, 7, envelope, "client");
  bind_member (statement, 8, record, "direction");
  bind_member (statement, 9, record, "action");
  bind_member (statement, 10, reason, "rule");
  bind_text (statement, 11, sha256);
  (void) sqlite3_bind_int64 (statement, 12, (sqlite3_int64) size_bytes);
  (void) sqlite3_bind_int64 (statement, 13, (sqlite3_int64) json_array_size (json_object_get (record, "parts")));
  (void) sqlite3_bind_int64 (statement, 14, mugai_keys_current (quarantine->keys));
  bind_text (statement, 15, class_of (record));
  (void) sqlite3_bind_int64 (statement, 16, time_of (time));
  return step (quarantine, statement, error);
}

static gboolean put_record (MugaiQuarantine *quarantine, const char *id, const char *text, GError **error) {
  sqlite3_stmt *statement = mugai_quarantine_statement (quarantine, MUGAI_STATEMENT_PUT_RECORD, error);

  if (statement == NULL)
    return FALSE;
  bind_text (statement, 1, id);
  bind_text (statement, 2, text);
  return step (quarantine, statement, error);
}

static gboolean put_recipient (MugaiQuarantine *quarantine, const char *id, size_t n, json_t *recipient,
                               GError **error) {
  sqlite3_stmt *statement = mugai_quarantine_statement (quarantine, MUGAI_STATEMENT_PUT_RECIPIENT, error);

  if (statement == NULL)
    return FALSE;
  bind_text (statement, 1, id);
  (void) sqlite3_bind_int64 (statement, 2, (sqlite3_int64) n);
  bind_member (statement, 3, recipient, "address");
  bind_member (statement, 4, recipient, "direction");
  bind_member (statement, 5, recipient, "action");
  bind_member (statement, 6, recipient, "rule");
  return step (quarantine, statement, error);
}

static gboolean put_part (MugaiQuarantine *quarantine, const char *id, size_t n, json_t *part, GError **error) {
  sqlite3_stmt *statement = mugai_quarantine_statement (quarantine, MUGAI_STATEMENT_PUT_PART, error);

  if (statement == NULL)
    return FALSE;
  bind_text (statement, 1, id);
  (void) sqlite3_bind_int64 (statement, 2, (sqlite3_int64) n);
  bind_member (statement, 3, part, "path");
  bind_member (statement, 4, part, "sha256");
  bind_list (statement, 5, part, "names");
  bind_member (statement, 6, part, "declared");
  bind_member (statement, 7, part, "detected");
  (void) sqlite3_bind_int64 (statement, 8, json_integer_value (json_object_get (part, "size_bytes")));
  bind_member (statement, 9, part, "scan");
  bind_member (statement, 10, part, "signature");
  bind_list (statement, 11, part, "flags");
  bind_member (statement, 12, part, "action");
  bind_member (statement, 13, part, "rule");
  return step (quarantine, statement, error);
}

gboolean mugai_quarantine_put_rows (MugaiQuarantine *quarantine, const char *id, json_t *record, const char *text,
                                    const char *sha256, guint64 size_bytes, GError **error) {
  json_t *item;
  size_t i;

  if (!put_item (quarantine, id, record, sha256, size_bytes, error) || !put_record (quarantine, id, text, error))
    return FALSE;
  json_array_foreach (json_object_get (record, "recipients"), i, item) {
    if (!put_recipient (quarantine, id, i, item, error))
      return FALSE;
  }
  json_array_foreach (json_object_get (record, "parts"), i, item) {
    if (!put_part (quarantine, id, i, item, error))
      return FALSE;
  }
  return TRUE;
}
