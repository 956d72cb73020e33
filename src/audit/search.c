/* SPDX-License-Identifier: GPL-2.0-only
 *
 * audit/search: asking the index, and reading what was found from the chain.
 */
#include "search.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <glib/gstdio.h>

#include "mugai/base/fd.h"

#include "line.h"
#include "segment.h"

#define DEFAULT_LIMIT 50u
#define SCHEMA_VERSION 2
#define MAX_QUERY_GRAMS 64u /* of a subject asked for: they narrow it down, the subject itself is looked at then */

static const char schema[] =
    "CREATE TABLE segments (n INTEGER PRIMARY KEY, name TEXT UNIQUE, done INTEGER, first_seq INTEGER, last_seq INTEGER,"
    "  first_at TEXT, last_at TEXT);"
    "CREATE TABLE lines (seq INTEGER PRIMARY KEY, segment INTEGER, offset INTEGER, length INTEGER, at TEXT, kind TEXT,"
    "  actor TEXT, id TEXT, sender TEXT, message_id TEXT, queue_id TEXT, direction TEXT, action TEXT, verdict TEXT,"
    "  exceptions TEXT, failure TEXT, age_s INTEGER);"
    "CREATE INDEX lines_id ON lines (id);"
    "CREATE INDEX lines_queue ON lines (queue_id) WHERE queue_id IS NOT NULL;"
    "CREATE INDEX lines_message ON lines (message_id) WHERE message_id IS NOT NULL;"
    "CREATE INDEX lines_actor ON lines (actor) WHERE kind <> 'record';"
    "CREATE INDEX lines_kind ON lines (kind) WHERE kind <> 'record';"
    "CREATE INDEX lines_verdict ON lines (verdict) WHERE verdict <> 'clean';"
    "CREATE INDEX lines_action ON lines (action) WHERE action <> 'deliver';"
    "CREATE TABLE people (address TEXT, seq INTEGER, PRIMARY KEY (address, seq)) WITHOUT ROWID;"
    "CREATE TABLE hashes (hash INTEGER, seq INTEGER, PRIMARY KEY (hash, seq)) WITHOUT ROWID;"
    "CREATE TABLE subjects (seq INTEGER PRIMARY KEY, subject TEXT);"
    "CREATE VIRTUAL TABLE grams USING fts5 (pairs, content = '', detail = none, columnsize = 0, tokenize = 'ascii');"
    "CREATE TABLE rules (rule TEXT, seq INTEGER, clause TEXT, PRIMARY KEY (rule, seq)) WITHOUT ROWID;"
    "PRAGMA user_version = " G_STRINGIFY (SCHEMA_VERSION) ";";

gboolean mugai_audit_search_fail (MugaiAuditSearch *search, const char *what, GError **error) {
  g_set_error (error, MUGAI_AUDIT_ERROR, MUGAI_AUDIT_ERROR_IO, "audit search: %s: %s", what,
               search->index != NULL ? sqlite3_errmsg (search->index) : "no memory");
  return FALSE;
}

static void put_value (json_t *row, sqlite3_stmt *statement, int column) {
  const char *name = sqlite3_column_name (statement, column);

  switch (sqlite3_column_type (statement, column)) {
  case SQLITE_INTEGER:
    json_object_set_new (row, name, json_integer (sqlite3_column_int64 (statement, column)));
    break;
  case SQLITE_FLOAT:
    json_object_set_new (row, name, json_real (sqlite3_column_double (statement, column)));
    break;
  default:
    json_object_set_new (row, name, mugai_json_string ((const char *) sqlite3_column_text (statement, column)));
  }
}

json_t *mugai_audit_search_rows (MugaiAuditSearch *search, const char *sql, const char *a, const char *b,
                                 GError **error) {
  sqlite3_stmt *statement = NULL;
  g_autoptr (MugaiJson) rows = json_array ();
  int result;

  if (sqlite3_prepare_v2 (search->index, sql, -1, &statement, NULL) != SQLITE_OK) {
    (void) mugai_audit_search_fail (search, sql, error);
    return NULL;
  }
  if (a != NULL)
    (void) sqlite3_bind_text (statement, 1, a, -1, SQLITE_TRANSIENT);
  if (b != NULL)
    (void) sqlite3_bind_text (statement, 2, b, -1, SQLITE_TRANSIENT);
  while ((result = sqlite3_step (statement)) == SQLITE_ROW) {
    json_t *row = json_object ();
    for (int i = 0; i < sqlite3_column_count (statement); i++)
      put_value (row, statement, i);
    json_array_append_new (rows, row);
  }
  if (result != SQLITE_DONE)
    (void) mugai_audit_search_fail (search, "cannot read", error);
  (void) sqlite3_finalize (statement);
  return result == SQLITE_DONE ? g_steal_pointer (&rows) : NULL;
}

/* ---- opening ---- */

static gboolean open_index (MugaiAuditSearch *search, const char *path, GError **error) {
  static const char pragmas[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA cache_size = -200000;"
                                "PRAGMA temp_store = MEMORY;";

  if (sqlite3_open (path, &search->index) != SQLITE_OK)
    return mugai_audit_search_fail (search, path, error);
  (void) sqlite3_busy_timeout (search->index, 60000);
  if (sqlite3_exec (search->index, pragmas, NULL, NULL, NULL) != SQLITE_OK)
    return mugai_audit_search_fail (search, path, error);
  g_autoptr (MugaiJson) rows = mugai_audit_search_rows (search, "PRAGMA user_version", NULL, NULL, error);
  if (rows == NULL)
    return FALSE;
  json_int_t version = json_integer_value (json_object_get (json_array_get (rows, 0), "user_version"));
  if (version == SCHEMA_VERSION)
    return TRUE;
  if (version == 0 && sqlite3_exec (search->index, schema, NULL, NULL, NULL) == SQLITE_OK)
    return TRUE;
  return mugai_audit_search_fail (search, "of another version: make it anew with --rebuild", error);
}

static void remove_index (const char *path) {
  static const char *const suffixes[] = { "", "-wal", "-shm" };

  for (gsize i = 0; i < G_N_ELEMENTS (suffixes); i++) {
    g_autofree char *name = g_strconcat (path, suffixes[i], NULL);
    (void) g_unlink (name);
  }
}

MugaiAuditSearch *mugai_audit_search_open (const char *directory, const char *index, gboolean rebuild, GError **error) {
  g_autoptr (MugaiAuditSearch) search = g_new0 (MugaiAuditSearch, 1);
  g_autofree char *folder = g_path_get_dirname (index);

  search->directory_fd = mugai_audit_open_directory (directory, error);
  if (search->directory_fd < 0)
    return NULL;
  if (rebuild)
    remove_index (index);
  (void) g_mkdir_with_parents (folder, 0700);
  if (!open_index (search, index, error) || !mugai_audit_search_update (search, error))
    return NULL;
  return g_steal_pointer (&search);
}

void mugai_audit_search_close (MugaiAuditSearch *search) {
  if (search == NULL)
    return;
  (void) sqlite3_close_v2 (search->index);
  mugai_fd_close (search->directory_fd);
  g_free (search);
}

guint64 mugai_audit_search_lines (MugaiAuditSearch *search) {
  g_autoptr (MugaiJson) rows = mugai_audit_search_rows (search, "SELECT count (*) AS n FROM lines", NULL, NULL, NULL);

  return (guint64) json_integer_value (json_object_get (json_array_get (rows, 0), "n"));
}

/* ---- asking ---- */

typedef struct {
  GString *sql;
  GPtrArray *texts; /* ?1, ?2 ...; owned */
  const char *order;
} Question;

static void ask (Question *question, const char *text, const char *format) {
  if (text == NULL)
    return;
  g_ptr_array_add (question->texts, g_strdup (text));
  g_string_append (question->sql, " AND ");
  for (const char *at = format; *at != '\0'; at++) {
    if (*at == '?')
      g_string_append_printf (question->sql, "?%u", question->texts->len);
    else
      g_string_append_c (question->sql, *at);
  }
}

/* What is asked first: that which few lines have; its own order is the answer's, so the newest come without sorting. The rest is
 * looked up line by line. */
static void build_driver (Question *question, const MugaiAuditQuery *query, const char *address, const char *subject,
                          const char *hash) {
  gboolean by_id = query->id != NULL || query->queue_id != NULL || query->message_id != NULL;
  gboolean by_hash = hash != NULL && !by_id, by_address = address != NULL && !by_id && hash == NULL;
  gboolean by_subject = subject != NULL && !by_id && hash == NULL && address == NULL;
  gboolean by_rule = query->rule != NULL && !by_id && hash == NULL && address == NULL && subject == NULL;
  g_autofree char *grams = by_subject ? mugai_audit_search_grams (subject, MAX_QUERY_GRAMS, TRUE) : NULL;

  g_string_append_printf (question->sql, "SELECT lines.seq, segment, offset, length FROM %s lines WHERE 1",
                          by_hash      ? "hashes d CROSS JOIN"
                          : by_address ? "people d CROSS JOIN"
                          : by_subject ? "grams CROSS JOIN subjects s CROSS JOIN"
                          : by_rule    ? "rules d CROSS JOIN"
                                       : "");
  ask (question, by_hash ? hash : NULL, "lines.seq = d.seq AND d.hash = CAST (? AS INTEGER)");
  ask (question, by_address ? address : NULL, "lines.seq = d.seq AND d.address = ?");
  ask (question, by_rule ? query->rule : NULL, "lines.seq = d.seq AND d.rule = ?");
  ask (question, grams, "lines.seq = grams.rowid AND s.seq = grams.rowid AND grams MATCH ?");
  ask (question, by_subject ? subject : NULL, "instr (s.subject, ?) > 0");
  ask (question, by_hash ? NULL : hash,
       "EXISTS (SELECT 1 FROM hashes x WHERE x.hash = CAST (? AS INTEGER) AND x.seq = lines.seq)");
  ask (question, by_address ? NULL : address,
       "EXISTS (SELECT 1 FROM people x WHERE x.address = ? AND x.seq = lines.seq)");
  ask (question, by_rule ? NULL : query->rule, "EXISTS (SELECT 1 FROM rules x WHERE x.rule = ? AND x.seq = lines.seq)");
  ask (question, by_subject ? NULL : subject,
       "EXISTS (SELECT 1 FROM subjects x WHERE x.seq = lines.seq AND instr (x.subject, ?) > 0)");
  question->order = by_subject ? "grams.rowid" : by_hash || by_address || by_rule ? "d.seq" : "lines.seq";
}

/* Days are found by their segments, which say what times and numbers they hold; "+": no other index is wanted here. A prefix is the whole of
 * that day, hour ... */
static void build_times (Question *question, const MugaiAuditQuery *query) {
  ask (question, query->since,
       "+at >= ? AND lines.seq >= (SELECT coalesce (min (first_seq), 0) FROM segments WHERE last_at >= ?)");
  ask (question, query->until,
       "+at <= ? || '~' AND lines.seq <= (SELECT coalesce (max (last_seq), 0) FROM segments WHERE first_at <= ? || "
       "'~')");
}

static void build (Question *question, const MugaiAuditQuery *query) {
  g_autofree char *address = query->address != NULL ? g_ascii_strdown (query->address, -1) : NULL;
  g_autofree char *subject =
      query->subject != NULL && query->subject[0] != '\0' ? g_utf8_casefold (query->subject, -1) : NULL;
  g_autofree char *head = query->sha256 != NULL ? g_strndup (query->sha256, 15) : NULL;
  g_autofree char *hash =
      head != NULL ? g_strdup_printf ("%" G_GUINT64_FORMAT, g_ascii_strtoull (head, NULL, 16)) : NULL;

  build_driver (question, query, address, subject, hash);
  build_times (question, query);
  ask (question, query->queue_id, "queue_id = ?");
  ask (question, query->message_id, "message_id = ?");
  ask (question, query->id, "id = ?");
  ask (question, query->verdict, "verdict = ?");
  ask (question, query->action, "action = ?");
  ask (question, query->kind, "kind = ?");
  ask (question, query->actor, "actor = ?");
  /* The partial indexes are used only where the condition says so in so many words. */
  if (query->verdict != NULL && strcmp (query->verdict, "clean") != 0)
    g_string_append (question->sql, " AND verdict <> 'clean'");
  if (query->action != NULL && strcmp (query->action, "deliver") != 0)
    g_string_append (question->sql, " AND action <> 'deliver'");
  if ((query->kind != NULL && strcmp (query->kind, "record") != 0)
      || (query->actor != NULL && strcmp (query->actor, "mugaid") != 0))
    g_string_append (question->sql, " AND kind <> 'record'");
  g_string_append_printf (question->sql, " ORDER BY %s DESC LIMIT %u OFFSET %u", question->order,
                          query->limit > 0 ? query->limit : DEFAULT_LIMIT, query->offset);
}

/* (transfer full): NULL: it is not as it was written. */
static json_t *read_line (MugaiAuditSearch *search, gint64 segment, gint64 offset, gsize length_bytes) {
  g_autofree char *number = g_strdup_printf ("%" G_GINT64_FORMAT, segment);
  g_autoptr (MugaiJson) rows =
      mugai_audit_search_rows (search, "SELECT name FROM segments WHERE n = CAST (?1 AS INTEGER)", number, NULL, NULL);
  const char *name = json_string_value (json_object_get (json_array_get (rows, 0), "name"));
  g_auto (MugaiFd) fd = name != NULL ? openat (search->directory_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) : -1;
  g_autofree char *text = length_bytes <= MUGAI_AUDIT_MAX_LINE_BYTES ? g_malloc (length_bytes + 1) : NULL;
  g_auto (MugaiAuditLine) line = { 0 };
  const char *fault = NULL;

  if (fd < 0 || text == NULL || pread (fd, text, length_bytes, (off_t) offset) != (ssize_t) length_bytes
      || !mugai_audit_line_check (text, length_bytes, &line, &fault))
    return NULL;
  return json_incref (line.json);
}

/* 60 bits found it; the line says whether it is really this one. */
static gboolean fits (json_t *line, const MugaiAuditQuery *query) {
  if (query->sha256 == NULL || strlen (query->sha256) <= 15)
    return TRUE;
  g_autofree char *text = mugai_json_line (line);
  return strstr (text, query->sha256) != NULL;
}

gboolean mugai_audit_search (MugaiAuditSearch *search, const MugaiAuditQuery *query, MugaiAuditVisit visit,
                             gpointer data, GError **error) {
  g_autoptr (GString) sql = g_string_new (NULL);
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  Question question = { sql, texts, "lines.seq" };
  sqlite3_stmt *statement = NULL;
  gboolean more = TRUE;
  int result = SQLITE_DONE;

  build (&question, query);
  if (sqlite3_prepare_v2 (search->index, sql->str, -1, &statement, NULL) != SQLITE_OK)
    return mugai_audit_search_fail (search, "cannot ask", error);
  for (guint i = 0; i < texts->len; i++)
    (void) sqlite3_bind_text (statement, (int) i + 1, texts->pdata[i], -1, SQLITE_TRANSIENT);
  while (more && (result = sqlite3_step (statement)) == SQLITE_ROW) {
    g_autoptr (MugaiJson) line =
        read_line (search, sqlite3_column_int64 (statement, 1), sqlite3_column_int64 (statement, 2),
                   (gsize) sqlite3_column_int64 (statement, 3));
    if (line != NULL && fits (line, query))
      more = visit (line, data);
  }
  (void) sqlite3_finalize (statement);
  return !more || result == SQLITE_DONE || mugai_audit_search_fail (search, "cannot read", error);
}
