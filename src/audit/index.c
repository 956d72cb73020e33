/* SPDX-License-Identifier: GPL-2.0-only
 *
 * audit/index: filling the search index from the chain, from where it stopped.
 *
 * Each line has its segment and place, so that it is read from the chain when it is found. One transaction for each batch: an update that
 * was broken off goes on at the next. No sync: what is lost is made again. Addresses and hashes come in any order: a batch of them is sorted
 * before it goes to its tree, or each of them would bring a page of it in and out again.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "mugai/base/fd.h"

#include "search.h"
#include "segment.h"

#define BATCH_LINES 100000u /* in a transaction: other searches wait for it */
#define MAX_HASHES 200u     /* of one line */
#define HASH_DIGITS 15u     /* of a SHA-256: 60 bits find it; the line itself is looked at then */

enum { LINE, PERSON, HASH, SUBJECT, GRAMS, RULE, N_STATEMENTS };

static const char *const sql[N_STATEMENTS] = {
  "INSERT OR REPLACE INTO lines VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
  "INSERT INTO new_people VALUES (?1, ?2)",
  "INSERT INTO new_hashes VALUES (?1, ?2)",
  "INSERT OR REPLACE INTO subjects VALUES (?1, ?2)",
  "INSERT INTO grams (rowid, pairs) VALUES (?1, ?2)",
  "INSERT OR IGNORE INTO rules VALUES (?1, ?2, ?3)",
};

static const char batch_begin[] = "CREATE TEMP TABLE IF NOT EXISTS new_people (address TEXT, seq INTEGER);"
                                  "CREATE TEMP TABLE IF NOT EXISTS new_hashes (hash INTEGER, seq INTEGER);"
                                  "BEGIN";
static const char batch_end[] =
    "INSERT OR IGNORE INTO people SELECT address, seq FROM new_people ORDER BY address, seq;"
    "INSERT OR IGNORE INTO hashes SELECT hash, seq FROM new_hashes ORDER BY hash, seq;"
    "DELETE FROM new_people; DELETE FROM new_hashes; COMMIT";

typedef struct {
  MugaiAuditSearch *search;
  sqlite3_stmt *statements[N_STATEMENTS];
  gint64 segment, offset;
  guint n;                    /* lines in the batch */
  gint64 first_seq, last_seq; /* of the segment, 0: none yet */
  char *first_at, *last_at;   /* the earliest and the latest in it: clocks are set back, too */
  gboolean failed;
} Filler;

static const char *text_at (json_t *object, const char *key) {
  return json_string_value (json_object_get (object, key));
}

static void bind (sqlite3_stmt *statement, int column, const char *text) {
  if (text != NULL)
    (void) sqlite3_bind_text (statement, column, text, -1, SQLITE_TRANSIENT);
}

static void step (Filler *filler, int which) {
  filler->failed = filler->failed || sqlite3_step (filler->statements[which]) != SQLITE_DONE;
  (void) sqlite3_reset (filler->statements[which]);
  (void) sqlite3_clear_bindings (filler->statements[which]);
}

static void add_person (Filler *filler, gint64 seq, const char *address) {
  if (address == NULL || address[0] == '\0')
    return;
  g_autofree char *lower = g_ascii_strdown (address, -1);
  bind (filler->statements[PERSON], 1, lower);
  (void) sqlite3_bind_int64 (filler->statements[PERSON], 2, seq);
  step (filler, PERSON);
  const char *domain = strrchr (lower, '@');
  if (domain == NULL)
    return;
  bind (filler->statements[PERSON], 1, domain);
  (void) sqlite3_bind_int64 (filler->statements[PERSON], 2, seq);
  step (filler, PERSON);
}

static void add_hash (Filler *filler, gint64 seq, const char *sha256) {
  if (!mugai_sha256_is_valid (sha256))
    return;
  g_autofree char *head = g_strndup (sha256, HASH_DIGITS);
  (void) sqlite3_bind_int64 (filler->statements[HASH], 1, (gint64) g_ascii_strtoull (head, NULL, 16));
  (void) sqlite3_bind_int64 (filler->statements[HASH], 2, seq);
  step (filler, HASH);
}

char *mugai_audit_search_grams (const char *folded, guint max, gboolean asking) {
  GString *text = g_string_new (NULL);
  guint n = 0;

  for (const char *at = folded; *at != '\0' && (max == 0 || n < max); n++) {
    const char *next = g_utf8_next_char (at);
    if (asking && *next == '\0' && n > 0)
      break; /* what follows its last character is not known */
    g_string_append_printf (text, "%s%xx", n > 0 ? " " : "", g_utf8_get_char (at));
    if (*next != '\0')
      g_string_append_printf (text, "%x", g_utf8_get_char (next));
    else if (asking)
      g_string_append_c (text, '*'); /* one character: whatever follows it */
    at = next;
  }
  return g_string_free (text, FALSE);
}

static void add_subject (Filler *filler, gint64 seq, const char *subject) {
  if (subject == NULL || subject[0] == '\0')
    return;
  g_autofree char *folded = g_utf8_casefold (subject, -1);
  (void) sqlite3_bind_int64 (filler->statements[SUBJECT], 1, seq);
  bind (filler->statements[SUBJECT], 2, folded);
  step (filler, SUBJECT);
  g_autofree char *grams = mugai_audit_search_grams (folded, 0, FALSE);
  (void) sqlite3_bind_int64 (filler->statements[GRAMS], 1, seq);
  bind (filler->statements[GRAMS], 2, grams);
  step (filler, GRAMS);
}

static void add_rule (Filler *filler, gint64 seq, const char *rule, const char *clause) {
  if (rule == NULL || rule[0] == '\0')
    return;
  bind (filler->statements[RULE], 1, rule);
  (void) sqlite3_bind_int64 (filler->statements[RULE], 2, seq);
  bind (filler->statements[RULE], 3, clause);
  step (filler, RULE);
}

/* The worst that scanning found. */
static const char *verdict_of (json_t *body) {
  static const char *const order[] = { "infected", "encrypted", "over-limit", "unparsable", "not-scanned", "clean" };
  gsize worst = G_N_ELEMENTS (order) - 1;
  json_t *part;
  size_t i;

  json_array_foreach (json_object_get (body, "parts"), i, part) {
    const char *scan = text_at (part, "scan");
    for (gsize j = 0; scan != NULL && j < worst; j++)
      if (strcmp (scan, order[j]) == 0)
        worst = j;
  }
  return order[worst];
}

static void add_record (Filler *filler, gint64 seq, json_t *body) {
  json_t *item;
  size_t i;

  add_person (filler, seq, text_at (json_object_get (body, "envelope"), "from"));
  json_array_foreach (json_object_get (body, "recipients"), i, item)
      add_person (filler, seq, text_at (item, "address"));
  json_array_foreach (json_object_get (body, "parts"), i, item) {
    if (i < MAX_HASHES)
      add_hash (filler, seq, text_at (item, "sha256"));
    add_rule (filler, seq, text_at (item, "rule"), NULL);
  }
  json_array_foreach (json_object_get (body, "reasons"), i, item)
      add_rule (filler, seq, text_at (item, "rule"), text_at (item, "clause"));
  add_subject (filler, seq, text_at (body, "subject"));
}

static void note_extent (Filler *filler, gint64 seq, const char *at) {
  filler->first_seq = filler->first_seq == 0 ? seq : MIN (filler->first_seq, seq);
  filler->last_seq = MAX (filler->last_seq, seq);
  if (at == NULL)
    return;
  if (filler->first_at == NULL || strcmp (at, filler->first_at) < 0) {
    g_free (filler->first_at);
    filler->first_at = g_strdup (at);
  }
  if (filler->last_at == NULL || strcmp (at, filler->last_at) > 0) {
    g_free (filler->last_at);
    filler->last_at = g_strdup (at);
  }
}

static void add_line (Filler *filler, json_t *line, gsize length_bytes) {
  sqlite3_stmt *statement = filler->statements[LINE];
  json_t *body = json_object_get (line, "body");
  gint64 seq = json_integer_value (json_object_get (line, "seq"));
  gboolean record = g_strcmp0 (text_at (line, "kind"), "record") == 0;
  json_t *exceptions = json_object_get (body, "exceptions");
  g_autofree char *used = json_array_size (exceptions) > 0 ? mugai_json_line (exceptions) : NULL;

  (void) sqlite3_bind_int64 (statement, 1, seq);
  (void) sqlite3_bind_int64 (statement, 2, filler->segment);
  (void) sqlite3_bind_int64 (statement, 3, filler->offset);
  (void) sqlite3_bind_int64 (statement, 4, (gint64) length_bytes);
  bind (statement, 5, text_at (line, "at"));
  bind (statement, 6, text_at (line, "kind"));
  bind (statement, 7, text_at (line, "actor"));
  bind (statement, 8, record ? text_at (body, "id") : text_at (body, "item"));
  bind (statement, 9, record ? text_at (json_object_get (body, "envelope"), "from") : NULL);
  bind (statement, 10, text_at (body, "message_id"));
  bind (statement, 11, text_at (body, "queue_id"));
  bind (statement, 12, text_at (body, "direction"));
  bind (statement, 13, record ? text_at (body, "action") : NULL);
  bind (statement, 14, record ? verdict_of (body) : NULL);
  bind (statement, 15, used);
  bind (statement, 16, text_at (body, "failure"));
  (void) sqlite3_bind_int64 (statement, 17,
                             json_integer_value (json_object_get (json_object_get (body, "signatures"), "age_s")));
  step (filler, LINE);
  if (record)
    add_record (filler, seq, body);
  add_hash (filler, seq, record ? NULL : text_at (body, "sha256"));
  note_extent (filler, seq, text_at (line, "at"));
}

/* ---- segments ---- */

static gboolean run (MugaiAuditSearch *search, const char *text, GError **error) {
  return sqlite3_exec (search->index, text, NULL, NULL, NULL) == SQLITE_OK
         || mugai_audit_search_fail (search, text, error);
}

/* How far the segment is read: in the same transaction as what was read of it. */
static gboolean save_place (Filler *filler, GError **error) {
  g_autofree char *text =
      g_strdup_printf ("UPDATE segments SET done = %" G_GINT64_FORMAT ", first_seq = %" G_GINT64_FORMAT
                       ", last_seq = %" G_GINT64_FORMAT ", first_at = ?1, last_at = ?2 WHERE n = %" G_GINT64_FORMAT,
                       filler->offset, filler->first_seq, filler->last_seq, filler->segment);
  g_autoptr (MugaiJson) done = mugai_audit_search_rows (filler->search, text, filler->first_at, filler->last_at, error);

  if (done == NULL || filler->n < BATCH_LINES)
    return done != NULL;
  filler->n = 0;
  return run (filler->search, batch_end, error) && run (filler->search, batch_begin, error);
}

/* From the index: how far the segment is read. */
static gboolean find_segment (Filler *filler, const char *name, GError **error) {
  g_autoptr (MugaiJson) put =
      mugai_audit_search_rows (filler->search, "INSERT OR IGNORE INTO segments (name, done) VALUES (?1, 0)", name, NULL,
                               error);
  g_autoptr (MugaiJson) rows =
      put != NULL
          ? mugai_audit_search_rows (filler->search, "SELECT * FROM segments WHERE name = ?1", name, NULL, error)
          : NULL;
  json_t *row = json_array_get (rows, 0);

  if (rows == NULL)
    return FALSE;
  filler->segment = json_integer_value (json_object_get (row, "n"));
  filler->offset = json_integer_value (json_object_get (row, "done"));
  filler->first_seq = json_integer_value (json_object_get (row, "first_seq"));
  filler->last_seq = json_integer_value (json_object_get (row, "last_seq"));
  g_free (filler->first_at);
  g_free (filler->last_at);
  filler->first_at = g_strdup (text_at (row, "first_at"));
  filler->last_at = g_strdup (text_at (row, "last_at"));
  return TRUE;
}

static gboolean fill_segment (Filler *filler, const char *name, GError **error) {
  g_auto (MugaiAuditReader) reader = { .fd = -1 };

  if (!find_segment (filler, name, error)
      || !mugai_audit_reader_open (&reader, filler->search->directory_fd, name, FALSE, error))
    return FALSE;
  if (lseek (reader.fd, (off_t) filler->offset, SEEK_SET) < 0)
    return mugai_audit_fail_io (error, "cannot read", name);
  for (;;) {
    const char *text = NULL;
    gsize length_bytes = 0;
    gboolean whole = FALSE;
    if (!mugai_audit_reader_next (&reader, &text, &length_bytes, &whole, error))
      return FALSE;
    if (text == NULL || !whole)
      return save_place (filler, error);
    /* A line that is no JSON is verify's to name; here it only cannot be found. */
    g_autoptr (MugaiJson) line = json_loadb (text, length_bytes, 0, NULL);
    if (json_is_object (line))
      add_line (filler, line, length_bytes);
    filler->offset += (gint64) length_bytes + 1;
    if (filler->failed)
      return mugai_audit_search_fail (filler->search, "cannot write", error);
    if (++filler->n >= BATCH_LINES && !save_place (filler, error))
      return FALSE;
  }
}

/* (transfer container): of @names, those with more in them than the index has; NULL and @error. */
static GPtrArray *choose_longer (MugaiAuditSearch *search, GPtrArray *names, GError **error) {
  g_autoptr (MugaiJson) rows = mugai_audit_search_rows (search, "SELECT name, done FROM segments", NULL, NULL, error);
  g_autoptr (GHashTable) done = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) longer = g_ptr_array_new ();
  json_t *row;
  size_t i;

  if (rows == NULL)
    return NULL;
  json_array_foreach (rows, i, row)
      g_hash_table_insert (done, (gpointer) text_at (row, "name"), json_object_get (row, "done"));
  for (guint j = 0; j < names->len; j++) {
    struct stat status;
    char *name = g_ptr_array_index (names, j);
    json_t *known = g_hash_table_lookup (done, name);
    if (known == NULL || fstatat (search->directory_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0
        || status.st_size != json_integer_value (known))
      g_ptr_array_add (longer, name);
  }
  return g_steal_pointer (&longer);
}

static gboolean fill (MugaiAuditSearch *search, GPtrArray *names, GError **error) {
  Filler filler = { .search = search };
  gboolean done = run (search, batch_begin, error);

  for (guint i = 0; done && i < N_STATEMENTS; i++)
    if (sqlite3_prepare_v3 (search->index, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &filler.statements[i], NULL)
        != SQLITE_OK)
      done = mugai_audit_search_fail (search, "cannot prepare", error);
  for (guint i = 0; done && i < names->len; i++)
    done = fill_segment (&filler, g_ptr_array_index (names, i), error);
  for (guint i = 0; i < N_STATEMENTS; i++)
    (void) sqlite3_finalize (filler.statements[i]);
  g_free (filler.first_at);
  g_free (filler.last_at);
  return run (search, batch_end, done ? error : NULL) && done;
}

gboolean mugai_audit_search_update (MugaiAuditSearch *search, GError **error) {
  g_autoptr (GPtrArray) names = mugai_audit_segments (search->directory_fd, error);
  g_autoptr (GPtrArray) longer = names != NULL ? choose_longer (search, names, error) : NULL;

  return longer != NULL && (longer->len == 0 || fill (search, longer, error));
}
