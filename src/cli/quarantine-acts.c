/* SPDX-License-Identifier: GPL-2.0-only
 *
 * cli/quarantine-acts: acts on an item: asked of the keeper, who knows the person and says yes or no.
 *
 * Nothing here decides: what is not allowed is refused there, and on the chain either way. Without a keeper nothing is done.
 */
#include "quarantine.h"

#include <stdio.h>
#include <string.h>

#include "mugai/base/unicode.h"
#include "mugai/keeper.h"
#include "mugai/quarantine/acts.h"

#include "cli.h"
#include "quarantine-words.h"
#include "words.h"

json_t *mugai_cli_act (const MugaiCliQuarantine *options, const char *name, const char *kind, const char *id,
                       json_t *more, int *ret_status) {
  g_autoptr (MugaiJson) body = more != NULL ? more : json_object ();
  g_autoptr (GError) error = NULL;

  if (options->keeper_socket == NULL) {
    *ret_status = mugai_cli_fail (EX_CONFIG, name, "%s",
                                  MUGAI_CLI_WORDS ("記録できないため行いません。--config を指定してください",
                                                   "not done, for it could not be recorded: say --config FILE"));
    return NULL;
  }
  if (id != NULL)
    json_object_set_new (body, "item", mugai_json_string (id));
  if (options->reason != NULL)
    json_object_set_new (body, "reason", mugai_json_string (options->reason));
  if (mugai_cli_japanese ())
    json_object_set_new (body, "language", json_string ("ja"));
  json_t *answer = mugai_keeper_act (options->keeper_socket, kind, body, MUGAI_CLI_KEEPER_WAIT_MS, &error);
  if (answer != NULL)
    return answer;
  gboolean refused = g_error_matches (error, MUGAI_KEEPER_ERROR, MUGAI_KEEPER_ERROR_FAILED);
  if (refused) /* the keeper's own words, for the person */
    *ret_status = mugai_cli_fail (EX_NOPERM, name, "%s", mugai_cli_keeper_words (error));
  else
    *ret_status =
        mugai_cli_fail (EX_TEMPFAIL, name, MUGAI_CLI_WORDS ("記録係が応答しないため、行いません（%s）", "not done: %s"),
                        error->message);
  return NULL;
}

/* The answer, for programs or for people. */
static int print_answer (const MugaiCliQuarantine *options, const char *id, json_t *answer, const char *done) {
  const char *state = json_string_value (json_object_get (answer, "state"));

  if (options->json) {
    g_autofree char *text = mugai_json_line (answer);
    puts (text);
    return 0;
  }
  g_autofree char *safe = mugai_unicode_make_safe (id, -1, 64);
  printf ("%s%s%s%s%s%s\n", safe, safe[0] != '\0' ? ": " : "", done,
          state != NULL ? MUGAI_CLI_WORDS ("（現在の状態: ", " (") : "",
          state != NULL ? mugai_cli_words_state (state) : "", state != NULL ? MUGAI_CLI_WORDS ("）", ")") : "");
  return 0;
}

static int simple (const MugaiCliQuarantine *options, const char *name, const char *kind, const char *id, json_t *more,
                   const char *done) {
  int status = 0;
  g_autoptr (MugaiJson) answer = mugai_cli_act (options, name, kind, id, more, &status);

  return answer != NULL ? print_answer (options, id != NULL ? id : "", answer, done) : status;
}

int mugai_cli_quarantine_request (const MugaiCliQuarantine *options, const char *id) {
  json_t *more = json_object ();

  json_object_set_new (more, "form", mugai_json_string (options->form != NULL ? options->form : "original"));
  json_object_set_new (more, "recipients", mugai_json_strv ((const char *const *) options->to));
  return simple (options, "quarantine request", "release-request", id, more,
                 MUGAI_CLI_WORDS ("解除を申請しました", "release requested"));
}

/* A mail that waited for nothing but this goes on its way at once. */
int mugai_cli_quarantine_approve (const MugaiCliQuarantine *options, const char *id) {
  int status = 0;
  g_autoptr (MugaiJson) answer = mugai_cli_act (options, "quarantine approve", "release-approve", id, NULL, &status);

  if (answer == NULL)
    return status;
  (void) print_answer (options, id, answer, MUGAI_CLI_WORDS ("承認しました", "approved"));
  gboolean due = json_object_get (answer, "awaits") != NULL
                 && g_strcmp0 (json_string_value (json_object_get (answer, "state")), "approved") == 0;
  return due ? mugai_cli_quarantine_release (options, id) : 0;
}

int mugai_cli_quarantine_recall (const MugaiCliQuarantine *options, const char *id) {
  return simple (options, "flow recall", "recall", id, NULL,
                 MUGAI_CLI_WORDS ("取り消しました。だれにも送られません", "recalled: it is sent to nobody"));
}

int mugai_cli_quarantine_refuse (const MugaiCliQuarantine *options, const char *id) {
  return simple (options, "quarantine refuse", "release-refuse", id, NULL, MUGAI_CLI_WORDS ("却下しました", "refused"));
}

int mugai_cli_quarantine_delete (const MugaiCliQuarantine *options, const char *id) {
  return simple (options, "quarantine delete", "delete", id, NULL,
                 MUGAI_CLI_WORDS ("廃棄し、鍵を破壊しました", "disposed of, its key is destroyed"));
}

int mugai_cli_quarantine_hold (const MugaiCliQuarantine *options, const char *id) {
  return options->end ? simple (options, "quarantine hold", "legal-hold-end", id, NULL,
                                MUGAI_CLI_WORDS ("保全を終了しました", "legal hold ended"))
                      : simple (options, "quarantine hold", "legal-hold", id, NULL,
                                MUGAI_CLI_WORDS ("保全しました", "legal hold set"));
}

int mugai_cli_quarantine_extend (const MugaiCliQuarantine *options, const char *id) {
  json_t *more = json_object ();

  json_object_set_new (more, "days", json_integer (options->days));
  return simple (options, "quarantine extend", "extend", id, more,
                 MUGAI_CLI_WORDS ("保存期間を延長しました", "kept longer"));
}

int mugai_cli_quarantine_rotate (const MugaiCliQuarantine *options, const char *none) {
  (void) none;
  return simple (options, "quarantine rotate-key", "rotate-key", NULL, NULL,
                 MUGAI_CLI_WORDS ("新しい鍵に切り替えました。古い項目は順次包み直されます",
                                  "new master key in use; older items are wrapped anew little by little"));
}

/* ---- the monthly list ---- */

static const char *text_at (json_t *object, const char *key) {
  const char *text = json_string_value (json_object_get (object, key));

  return text != NULL ? text : "";
}

static char **disposal_row (json_t *act) {
  g_autoptr (MugaiJson) body = json_loads (text_at (act, "body"), 0, NULL);
  char **row = g_new0 (char *, 8);

  row[0] = mugai_cli_local_time (text_at (act, "at"));
  row[1] = g_strdup (text_at (act, "item"));
  row[2] = g_strdup (mugai_cli_words_act_kind (text_at (act, "kind")));
  row[3] = mugai_cli_words_person (text_at (act, "actor"));
  row[4] = g_strdup (mugai_cli_words_class (text_at (body, "class")));
  row[5] = g_strdup (text_at (body, "reason"));
  row[6] = g_strdup (text_at (body, "sha256"));
  return row;
}

static void print_disposals (json_t *acts) {
  const MugaiCliColumn columns[] = { { MUGAI_CLI_WORDS ("廃棄日時", "TIME"), 0 },
                                     { MUGAI_CLI_WORDS ("受付番号", "ID"), 0 },
                                     { MUGAI_CLI_WORDS ("種類", "KIND"), 0 },
                                     { MUGAI_CLI_WORDS ("実行者", "BY"), 30 },
                                     { MUGAI_CLI_WORDS ("区分", "CLASS"), 30 },
                                     { MUGAI_CLI_WORDS ("理由", "WHY"), 60 },
                                     { MUGAI_CLI_WORDS ("原本のハッシュ (SHA-256)", "SHA-256"), 0 } };
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  json_t *act;
  size_t i;

  json_array_foreach (acts, i, act) g_ptr_array_add (rows, disposal_row (act));
  mugai_cli_table (columns, G_N_ELEMENTS (columns), rows);
}

int mugai_cli_quarantine_disposals (const MugaiCliQuarantine *options, const char *none) {
  int status = 0;
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiQuarantine) quarantine = mugai_cli_open_store (options, "quarantine disposals", &status);
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *month = options->month != NULL ? g_strdup (options->month) : g_date_time_format (now, "%Y-%m");

  (void) none;
  if (quarantine == NULL)
    return status;
  g_autoptr (MugaiJson) acts = mugai_quarantine_disposals (quarantine, month, &error);
  if (acts == NULL)
    return mugai_cli_fail_store ("quarantine disposals", error);
  if (options->json) {
    g_autofree char *text = mugai_json_line (acts);
    puts (text);
    return 0;
  }
  print_disposals (acts);
  return 0;
}
