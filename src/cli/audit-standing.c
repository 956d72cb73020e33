/* SPDX-License-Identifier: GPL-2.0-only
 *
 * cli/audit-standing: what the policy in force says beside a month's figures: the exceptions that are used, ending or over, and which
 * clauses of the cities' standards its rules served.
 *
 * A copy of a chain elsewhere has no policy beside it: then the report has the month alone.
 */
#include "audit.h"

#include <string.h>

#include "cli.h"
#include "offline.h"
#include "policy-records.h"
#include "words.h"

#define ENDING_DAYS 60 /* so long before its end somebody should think of what comes then */

static const char *text_at (json_t *object, const char *key) {
  const char *text = json_string_value (json_object_get (object, key));

  return text != NULL ? text : "";
}

/* (transfer full): {name: n} of rows of {"name","n"}. */
static json_t *by_name (json_t *rows) {
  json_t *table = json_object (), *row;
  size_t i;

  json_array_foreach (rows, i, row) json_object_set (table, text_at (row, "name"), json_object_get (row, "n"));
  return table;
}

static const char *state_of (json_t *exception, const char *soon) {
  const char *state = text_at (exception, "state");

  return strcmp (state, "active") == 0 && strcmp (text_at (exception, "until"), soon) <= 0 ? "ending" : state;
}

static const char *state_words (const char *state) {
  if (strcmp (state, "ending") == 0)
    return MUGAI_CLI_WORDS ("まもなく終了", "ending soon");
  if (strcmp (state, "ended") == 0)
    return MUGAI_CLI_WORDS ("終了", "ended");
  return strcmp (state, "coming") == 0 ? MUGAI_CLI_WORDS ("開始前", "coming") : MUGAI_CLI_WORDS ("有効", "active");
}

static json_t *standing_exceptions (json_t *exceptions, json_t *used) {
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autoptr (GDateTime) later = g_date_time_add_days (now, ENDING_DAYS);
  g_autofree char *soon = g_date_time_format (later, "%Y-%m-%dT%H:%M");
  json_t *rows = json_array (), *exception;
  size_t i;

  json_array_foreach (exceptions, i, exception) {
    const char *state = state_of (exception, soon), *id = text_at (exception, "id");
    g_autofree char *name =
        g_strdup_printf (MUGAI_CLI_WORDS ("%s（規則 %s、%s まで、%s）", "%s (rule %s, until %s, %s)"), id,
                         text_at (exception, "rule"), text_at (exception, "until"), state_words (state));
    json_array_append_new (rows, json_pack ("{s:o, s:I, s:s, s:s, s:s}", "name", mugai_json_string (name), "n",
                                            json_integer_value (json_object_get (used, id)), "id", id, "state", state,
                                            "until", text_at (exception, "until")));
  }
  return rows;
}

/* One row a clause, with how often its rules were used; one that no rule serves names what does. */
static json_t *standing_clauses (json_t *covered) {
  json_t *rows = json_array (), *clause, *rule;
  size_t i, j;

  json_array_foreach (covered, i, clause) {
    g_autoptr (GString) name = g_string_new (text_at (clause, "clause"));
    json_t *rules = json_object_get (clause, "rules");
    g_string_append_printf (name, ": %s", json_array_size (rules) == 0 ? text_at (clause, "served") : "");
    json_array_foreach (rules, j, rule)
        g_string_append_printf (name, "%s%s%s", j > 0 ? ", " : "", text_at (rule, "id"),
                                json_is_true (json_object_get (rule, "there"))
                                    ? ""
                                    : MUGAI_CLI_WORDS ("（ポリシーになし）", " (not in the policy)"));
    json_array_append_new (rows, json_pack ("{s:o, s:O}", "name", mugai_json_string (name->str), "n",
                                            json_object_get (clause, "hits")));
  }
  return rows;
}

void mugai_cli_audit_add_standing (const MugaiCliAudit *options, json_t *report) {
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiPolicy) policy = options->config != NULL ? mugai_offline_policy (options->config->policy) : NULL;

  if (policy == NULL)
    return;
  json_object_set_new (report, "organisation", mugai_json_string (mugai_policy_organisation (policy)->name));
  MugaiPolicyOptions asked = { .policy = options->config->policy };
  g_autoptr (MugaiJson) list = mugai_policy_list (policy, g_get_real_time ());
  g_autoptr (MugaiJson) used = by_name (json_object_get (report, "exceptions"));
  g_autoptr (MugaiJson) hits = by_name (json_object_get (report, "rules"));
  g_autoptr (MugaiJson) covered = mugai_policy_cli_cover (policy, &asked, hits, &error);
  json_object_set_new (report, "exceptions_standing", standing_exceptions (json_object_get (list, "exceptions"), used));
  if (covered != NULL)
    json_object_set_new (report, "coverage", standing_clauses (covered));
  else
    (void) mugai_cli_fail (0, "audit report", "%s", error->message);
}
