/* SPDX-License-Identifier: GPL-2.0-only
 *
 * `mugai policy exceptions`: which exceptions there are, their ends and states, and which emergency ones still wait for report and approval;
 * and closing those: an act that mugaid puts on the audit chain under the name that the kernel gives it.
 */
#include <stdio.h>
#include <string.h>

#include "mugai/base/config.h"
#include "mugai/base/control.h"

#include "cli.h"
#include "policy.h"
#include "words.h"

/* ---- the list ---- */

static const char *state_words (const char *state) {
  static const char *const words[][2] = { { "active", "有効" }, { "ended", "終了" }, { "coming", "開始前" } };
  for (gsize i = 0; mugai_cli_japanese () && i < G_N_ELEMENTS (words); i++)
    if (strcmp (words[i][0], state) == 0)
      return words[i][1];
  return state;
}

static void print_exceptions (json_t *exceptions) {
  const MugaiCliColumn columns[] = {
    { MUGAI_CLI_WORDS ("例外", "EXCEPTION"), 0 },    { MUGAI_CLI_WORDS ("規則", "RULE"), 0 },
    { MUGAI_CLI_WORDS ("状態", "STATE"), 0 },        { MUGAI_CLI_WORDS ("期限", "UNTIL"), 0 },
    { MUGAI_CLI_WORDS ("承認", "APPROVED BY"), 24 }, { MUGAI_CLI_WORDS ("理由", "REASON"), 40 }
  };
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  size_t i;
  json_t *one;
  json_array_foreach (exceptions, i, one) {
    char **row = g_new0 (char *, G_N_ELEMENTS (columns) + 1);
    row[0] = g_strdup (mugai_policy_cli_text (one, "id"));
    row[1] = g_strdup (mugai_policy_cli_text (one, "rule"));
    row[2] =
        g_strconcat (state_words (mugai_policy_cli_text (one, "state")),
                     json_is_true (json_object_get (one, "emergency")) ? MUGAI_CLI_WORDS ("・緊急", ", emergency") : "",
                     NULL);
    row[3] = g_strdup (mugai_policy_cli_text (one, "until"));
    row[4] = g_strdup (mugai_policy_cli_text (one, "approved_by"));
    row[5] = g_strdup (mugai_policy_cli_text (one, "reason"));
    g_ptr_array_add (rows, row);
  }
  mugai_cli_table (columns, G_N_ELEMENTS (columns), rows);
}

static void print_open (json_t *open) {
  size_t i;
  json_t *one;
  json_array_foreach (open, i, one) {
    printf (MUGAI_CLI_WORDS ("\n緊急の例外「%s」（%s まで、%s が入れたもの）は、報告と承認がまだです。\n",
                             "\nThe emergency exception %s (until %s, let in by %s) waits for report and approval.\n"),
            mugai_policy_cli_text (one, "id"), mugai_policy_cli_text (one, "until"),
            mugai_policy_cli_text (one, "approved_by"));
    printf (MUGAI_CLI_WORDS (
                "済んだら: mugai policy exceptions --close %s --report '何をしたか' --approved-by '承認した人'\n",
                "When done: mugai policy exceptions --close %s --report 'what was done' --approved-by 'who'\n"),
            mugai_policy_cli_text (one, "id"));
  }
}

/* (transfer full): the installed policy's open items, from mugaid; an empty list when it does not run. */
static json_t *ask_open (const MugaiConfig *config) {
  g_autofree char *socket_path = mugai_config_control_socket (config);
  g_autoptr (MugaiJson) request = json_pack ("{s:s}", "do", "status");
  g_autoptr (MugaiJson) answer = mugai_control_ask (socket_path, request, MUGAI_CONTROL_TIMEOUT_MS, NULL);
  json_t *open = json_object_get (answer, "open_exceptions");
  return json_is_array (open) ? json_incref (open) : json_array ();
}

static void mark_open (json_t *exceptions, json_t *open) {
  size_t i, j;
  json_t *one, *item;
  json_array_foreach (exceptions, i, one) {
    json_array_foreach (open, j, item) {
      if (strcmp (mugai_policy_cli_text (one, "id"), mugai_policy_cli_text (item, "id")) == 0)
        json_object_set_new (one, "open", json_true ());
    }
  }
}

static int list (const MugaiPolicyOptions *options, const MugaiConfig *config) {
  g_autoptr (MugaiPolicy) policy = mugai_policy_cli_load (config ? config->policy : options->arguments[0]);
  if (!policy)
    return EX_CONFIG;
  g_autoptr (MugaiJson) all = mugai_policy_list (policy, g_get_real_time ());
  g_autoptr (MugaiJson) open = config ? ask_open (config) : json_array ();
  json_t *exceptions = json_object_get (all, "exceptions");
  mark_open (exceptions, open);
  if (options->json) {
    mugai_policy_cli_print_json (exceptions);
    return EX_OK;
  }
  print_exceptions (exceptions);
  print_open (open);
  return EX_OK;
}

/* ---- closing ---- */

static int close_item (const MugaiPolicyOptions *options, const MugaiConfig *config) {
  g_autoptr (GError) error = NULL;
  if (!options->report || !*options->report || !options->approved_by || !*options->approved_by)
    return mugai_cli_fail (
        EX_USAGE, "policy exceptions", "%s",
        MUGAI_CLI_WORDS ("--close には --report（何をしたか）と --approved-by（承認した人）も要ります",
                         "--close takes --report (what was done) and --approved-by (who approved it), too"));
  g_autoptr (MugaiJson) request =
      json_pack ("{s:s, s:s, s:s, s:s}", "do", "close-exception", "exception", options->close, "report",
                 options->report, "approved_by", options->approved_by);
  if (!request)
    return mugai_cli_fail (EX_USAGE, "policy exceptions", "%s",
                           MUGAI_CLI_WORDS ("UTF-8 で書いてください", "write UTF-8"));
  g_autoptr (MugaiJson) answer = mugai_policy_cli_ask (config, request, &error);
  if (!answer)
    return mugai_cli_fail (EX_UNAVAILABLE, "policy exceptions", "%s", error->message);
  if (!json_is_true (json_object_get (answer, "ok")))
    return mugai_cli_fail (EX_NOPERM, "policy exceptions", "%s", mugai_policy_cli_text (answer, "error"));
  printf (MUGAI_CLI_WORDS ("例外「%s」の報告と承認を監査記録に残しました。\n",
                           "%s: report and approval are on the audit chain.\n"),
          options->close);
  return EX_OK;
}

int mugai_policy_exceptions_command (MugaiPolicyOptions *options) {
  g_autoptr (GError) error = NULL;
  const char *config_path = options->config ? options->config : MUGAI_CLI_CONFIG;
  if (options->close && options->n_arguments)
    return mugai_cli_fail (EX_USAGE, "policy exceptions", "%s",
                           MUGAI_CLI_WORDS ("--close は設置済みのポリシーの例外に使います",
                                            "--close is for the installed policy"));
  g_autoptr (MugaiConfig) config = options->n_arguments ? NULL : mugai_config_load (config_path, &error);
  if (!options->n_arguments && !config) {
    fprintf (stderr, "%s\n", error->message);
    return EX_CONFIG;
  }
  return options->close ? close_item (options, config) : list (options, config);
}
