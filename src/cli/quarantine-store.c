/* SPDX-License-Identifier: GPL-2.0-only
 *
 * cli/quarantine-store: verify, backup and restore.
 */
#include "mugai/quarantine/check.h"

#include <stdio.h>
#include <string.h>

#include "mugai/audit.h"
#include "mugai/quarantine/acts.h"

#include "cli.h"
#include "quarantine.h"
#include "words.h"

#define EXIT_FAULT 1

static void print_report_json (const MugaiQuarantineReport *report) {
  g_autoptr (MugaiJson) object = json_object ();
  json_t *faults = json_array ();

  for (guint i = 0; i < report->faults->len; i++)
    json_array_append_new (faults, mugai_json_string (g_ptr_array_index (report->faults, i)));
  json_object_set_new (object, "ok", json_boolean (report->n_faults == report->repaired));
  json_object_set_new (object, "items", json_integer ((json_int_t) report->items));
  json_object_set_new (object, "bytes", json_integer ((json_int_t) report->bytes));
  json_object_set_new (object, "disposed", json_integer ((json_int_t) report->disposed));
  json_object_set_new (object, "n_faults", json_integer ((json_int_t) report->n_faults));
  json_object_set_new (object, "repaired", json_integer ((json_int_t) report->repaired));
  json_object_set_new (object, "faults", faults);
  g_autofree char *text = mugai_json_line (object);
  puts (text);
}

static void print_report (const MugaiQuarantineReport *report) {
  for (guint i = 0; i < report->faults->len; i++)
    (void) mugai_cli_fail (0, "quarantine verify", "%s", (char *) g_ptr_array_index (report->faults, i));
  printf (MUGAI_CLI_WORDS ("正常 %" G_GUINT64_FORMAT " 件、廃棄済み %" G_GUINT64_FORMAT " 件、異常 %" G_GUINT64_FORMAT
                           " 件、修復 %" G_GUINT64_FORMAT " 件\n",
                           "%" G_GUINT64_FORMAT " items proven, %" G_GUINT64_FORMAT " disposed of, %" G_GUINT64_FORMAT
                           " faults, %" G_GUINT64_FORMAT " repaired\n"),
          report->items, report->disposed, report->n_faults, report->repaired);
}

int mugai_cli_quarantine_verify (const MugaiCliQuarantine *options, const char *none) {
  g_autoptr (GError) error = NULL;
  g_auto (MugaiQuarantineReport) report = { 0 };
  int status = 0;

  (void) none;
  if (options->repair && options->keeper_socket != NULL) { /* on the chain, before a row changes */
    g_autoptr (MugaiJson) answer = mugai_cli_act (options, "quarantine verify", "repair", NULL, NULL, &status);
    if (answer == NULL)
      return status;
  }
  g_autoptr (MugaiQuarantine) quarantine =
      mugai_quarantine_open_with_keys (options->store, options->keys, !options->repair, &error);
  if (quarantine == NULL || !mugai_quarantine_verify (quarantine, options->repair, &report, &error))
    return mugai_cli_fail_store ("quarantine verify", error);
  if (options->json)
    print_report_json (&report);
  else
    print_report (&report);
  return report.n_faults == report.repaired ? 0 : EXIT_FAULT;
}

int mugai_cli_quarantine_backup (const MugaiCliQuarantine *options, const char *directory) {
  g_autoptr (GError) error = NULL;
  guint64 n = 0;
  int status = 0;
  g_autoptr (MugaiQuarantine) quarantine = mugai_cli_open_store (options, "quarantine backup", &status);

  if (quarantine == NULL)
    return status;
  if (options->keeper_socket != NULL) {
    json_t *more = json_object ();
    json_object_set_new (more, "output", mugai_json_string (directory));
    g_autoptr (MugaiJson) answer = mugai_cli_act (options, "quarantine backup", "backup", NULL, more, &status);
    if (answer == NULL)
      return status;
  }
  if (!mugai_quarantine_backup (quarantine, directory, &n, &error))
    return mugai_cli_fail_store ("quarantine backup", error);
  printf (MUGAI_CLI_WORDS ("%" G_GUINT64_FORMAT " 件を保存しました。鍵は含まれません\n",
                           "%" G_GUINT64_FORMAT " items backed up; keys are not among them\n"),
          n);
  return 0;
}

/* ---- restore ---- */

typedef struct {
  MugaiQuarantine *store;
  GError **error;
  gboolean failed;
} Disposals;

static gboolean dispose_again (json_t *line, gpointer data) {
  Disposals *disposals = data;
  const char *kind = json_string_value (json_object_get (line, "kind"));
  const char *id = json_string_value (json_object_get (json_object_get (line, "body"), "item"));
  const char *state = g_strcmp0 (kind, "delete") == 0 ? "deleted" : g_strcmp0 (kind, "expire") == 0 ? "expired" : NULL;

  if (state == NULL || id == NULL)
    return TRUE;
  disposals->failed = !mugai_quarantine_dispose_again (disposals->store, id, state, disposals->error);
  return !disposals->failed;
}

/* An older backup has what was disposed of since: the chain knows it, and it goes again before anybody sees it. */
static gboolean redo_disposals (const MugaiCliQuarantine *options, GError **error) {
  g_autoptr (MugaiQuarantine) store = mugai_quarantine_open_with_keys (options->store, options->keys, FALSE, error);
  Disposals disposals = { .store = store, .error = error };

  return store != NULL && mugai_quarantine_begin (store, error)
         && mugai_audit_each (options->config->audit, dispose_again, &disposals, error) && !disposals.failed
         && mugai_quarantine_commit (store, error) && mugai_quarantine_destroy_disposed (store, error);
}

/* Into the store named by --store or the configuration, which must be empty. Proven afterwards, when the keys are here. */
int mugai_cli_quarantine_restore (const MugaiCliQuarantine *options, const char *directory) {
  g_autoptr (GError) error = NULL;
  g_auto (MugaiQuarantineReport) report = { 0 };
  guint64 n = 0;

  if (!mugai_quarantine_restore (directory, options->store, &n, &error)
      || (options->config != NULL && !redo_disposals (options, &error)))
    return mugai_cli_fail_store ("quarantine restore", error);
  g_autoptr (MugaiQuarantine) quarantine =
      mugai_quarantine_open_with_keys (options->store, options->keys, TRUE, &error);
  if (quarantine == NULL || !mugai_quarantine_verify (quarantine, FALSE, &report, &error))
    return mugai_cli_fail_store ("quarantine restore", error);
  print_report (&report);
  if (options->config == NULL)
    (void) mugai_cli_fail (0, "quarantine restore", "%s",
                           MUGAI_CLI_WORDS ("--config がないため、バックアップ後に廃棄されたメールも復元されています",
                                            "without --config: what was disposed of since the backup is back, too"));
  return report.n_faults == 0 ? 0 : EXIT_FAULT;
}
