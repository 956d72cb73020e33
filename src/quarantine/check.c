/* SPDX-License-Identifier: GPL-2.0-only
 *
 * quarantine/check: every row against every blob, and the index made again from sidecars.
 *
 * A blob is opened whole: decrypted, unpacked and hashed, so what is called good can be read on the day it is needed. States and
 * releases stand in the index alone, and on the chain; a row that is made again begins as held, which nobody can misuse.
 */
#include "mugai/quarantine/check.h"

#include <string.h>

#include "mugai/base/fd.h"

#include "seal.h"
#include "store.h"

typedef struct {
  MugaiQuarantine *quarantine;
  MugaiQuarantineReport *report;
  gboolean repair;
} Check;

void mugai_quarantine_report_clear (MugaiQuarantineReport *report) {
  g_clear_pointer (&report->faults, g_ptr_array_unref);
}

static void add_fault (Check *check, const char *id, const char *words) {
  check->report->n_faults++;
  if (check->report->faults->len < MUGAI_QUARANTINE_MAX_FAULTS)
    g_ptr_array_add (check->report->faults, g_strdup_printf ("%s: %s", id, words));
}

/* @row: (nullable): what stood there: state, hold and extension are people's, and stay. @master wraps the blob that is there: called newer, the
 * key that it needs would be forgotten. */
static gboolean put_rows_again (MugaiQuarantine *quarantine, const char *id, json_t *sidecar, guint master, json_t *row,
                                GError **error) {
  static const char *const tables[] = { "records", "recipients", "parts", "items" };
  const char *state = json_string_value (json_object_get (row, "state"));

  for (gsize i = 0; i < G_N_ELEMENTS (tables); i++) {
    g_autofree char *sql = g_strdup_printf ("DELETE FROM %s WHERE id = ?1", tables[i]);
    if (!mugai_quarantine_change (quarantine, error, sql, "s", id))
      return FALSE;
  }
  json_t *record = json_object_get (sidecar, "record");
  g_autofree char *text = mugai_json_line (record);
  return mugai_quarantine_put_rows (quarantine, id, record, text,
                                    json_string_value (json_object_get (sidecar, "sha256")),
                                    (guint64) json_integer_value (json_object_get (sidecar, "size_bytes")), error)
         && mugai_quarantine_change (quarantine, error,
                                     "UPDATE items SET on_chain = 1, state = ?2, legal_hold = ?3, kept_until_s = ?4,"
                                     " master = ?5 WHERE id = ?1",
                                     "ssiii", id, state != NULL ? state : "held",
                                     (gint64) json_integer_value (json_object_get (row, "legal_hold")),
                                     (gint64) json_integer_value (json_object_get (row, "kept_until_s")),
                                     (gint64) master);
}

static gboolean put_again (Check *check, const char *id, json_t *sidecar, guint master, json_t *row, GError **error) {
  MugaiQuarantine *quarantine = check->quarantine;

  /* Else the releases of the item would go with the row that is put anew. */
  if (!mugai_quarantine_change (quarantine, error, "PRAGMA foreign_keys = OFF", "")
      || !mugai_quarantine_run (quarantine, MUGAI_STATEMENT_BEGIN, error))
    return FALSE;
  gboolean done = put_rows_again (quarantine, id, sidecar, master, row, error)
                  && mugai_quarantine_run (quarantine, MUGAI_STATEMENT_COMMIT, error);
  if (!done)
    (void) !mugai_quarantine_run (quarantine, MUGAI_STATEMENT_ROLLBACK, NULL);
  else
    check->report->repaired++;
  return mugai_quarantine_change (quarantine, done ? error : NULL, "PRAGMA foreign_keys = ON", "") && done;
}

/* The members that rows repeat. */
static const char *difference (json_t *row, json_t *sidecar, GBytes *message) {
  static const char *const keys[] = { "subject", "message_id", "queue_id", "direction", "action" };
  json_t *record = json_object_get (sidecar, "record");

  if (json_integer_value (json_object_get (row, "size_bytes")) != (json_int_t) g_bytes_get_size (message))
    return "the row has another size";
  for (gsize i = 0; sidecar != NULL && i < G_N_ELEMENTS (keys); i++)
    if (g_strcmp0 (json_string_value (json_object_get (row, keys[i])),
                   json_string_value (json_object_get (record, keys[i])))
        != 0)
      return "the row says something else than the sidecar";
  return NULL;
}

static gboolean check_record (Check *check, const char *id, json_t *sidecar, gboolean *ret_same, GError **error) {
  g_autoptr (MugaiJson) rows =
      mugai_quarantine_query (check->quarantine, error, "SELECT record FROM records WHERE id = ?1", "s", id);
  g_autofree char *line = mugai_json_line (json_object_get (sidecar, "record"));

  *ret_same =
      rows != NULL && g_strcmp0 (json_string_value (json_object_get (json_array_get (rows, 0), "record")), line) == 0;
  return rows != NULL;
}

/* One blob that is there. */
static gboolean check_blob (const char *id, gpointer data, GError **error) {
  Check *check = data;
  g_autoptr (MugaiJson) sidecar = NULL;
  g_autoptr (GError) cause = NULL;
  guint master = 0;
  g_autoptr (GBytes) message = mugai_quarantine_blob_read (check->quarantine, id, &sidecar, &master, &cause);
  g_autoptr (MugaiJson) rows =
      mugai_quarantine_query (check->quarantine, error, "SELECT * FROM items WHERE id = ?1", "s", id);

  if (rows == NULL)
    return FALSE;
  if (message == NULL) {
    add_fault (check, id, cause->message);
    return TRUE;
  }
  gsize length_bytes = 0;
  const void *bytes = g_bytes_get_data (message, &length_bytes);
  g_autofree char *sha256 = mugai_sha256_hex (bytes, length_bytes);
  json_t *row = json_array_get (rows, 0);
  const char *fault = row == NULL ? "a blob without a row"
                      : g_strcmp0 (json_string_value (json_object_get (row, "sha256")), sha256) != 0
                          ? "the row has another SHA-256"
                          : difference (row, sidecar, message);
  gboolean same = TRUE;
  if (fault == NULL && sidecar != NULL && !check_record (check, id, sidecar, &same, error))
    return FALSE;
  if (fault == NULL && !same)
    fault = "the record in the index is not the sidecar's";
  if (fault == NULL) {
    check->report->items++;
    check->report->bytes += length_bytes;
    return TRUE;
  }
  add_fault (check, id, fault);
  return !check->repair || sidecar == NULL || put_again (check, id, sidecar, master, row, error);
}

/* One row: has it its blob? */
static gboolean check_row (const char *id, gint64 master, gpointer data, GError **error) {
  Check *check = data;
  g_auto (MugaiFd) fd = -1;

  (void) error;
  if (master == -1)
    check->report->disposed++;
  else if (!mugai_id_is_valid (id))
    add_fault (check, "row", "its id is none");
  else if ((fd = mugai_quarantine_blob_open (check->quarantine, id, FALSE, NULL)) < 0)
    add_fault (check, id, "a row without its blob");
  return TRUE;
}

gboolean mugai_quarantine_verify (MugaiQuarantine *quarantine, gboolean repair, MugaiQuarantineReport *ret_report,
                                  GError **error) {
  Check check = { .quarantine = quarantine, .report = ret_report, .repair = repair };

  *ret_report = (MugaiQuarantineReport){ .faults = g_ptr_array_new_with_free_func (g_free) };
  return mugai_quarantine_blob_each (quarantine, check_blob, &check, error)
         && mugai_quarantine_each_item (quarantine, check_row, &check, error);
}
