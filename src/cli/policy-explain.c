/* SPDX-License-Identifier: GPL-2.0-only
 *
 * `mugai policy explain` and `mugai policy test`: what needs the facts of a mail. Each mail is inspected in a sandboxed child, as `mugai sanitize`
 * does; nothing is rebuilt or stored.
 */
#include <stdio.h>
#include <string.h>

#include "mugai/base/fd.h"
#include "mugai/base/unicode.h"
#include "mugai/flow.h"

#include "cli.h"
#include "offline.h"
#include "policy.h"
#include "words.h"

#define MAX_MESSAGE_BYTES (200u * 1024 * 1024)
#define DEADLINE_MS 30000

/* (transfer full): facts of @message; NULL and @error, also when the reader gave up. */
static MugaiFacts *inspect (MugaiScanner *scanner, GBytes *message, GError **error) {
  char *scratch = NULL;
  MugaiFacts *facts = NULL;
  g_autofree char *unreadable = NULL;
  g_auto (MugaiFd) fd = mugai_offline_seal (message, error);
  if (fd < 0)
    return NULL;
  MugaiWorker *worker = mugai_offline_worker (scanner, &scratch, error);
  if (worker) {
    MugaiSteps *steps = mugai_worker_steps (worker, g_get_monotonic_time () + DEADLINE_MS * G_TIME_SPAN_MILLISECOND);
    if (steps->inspect (steps->self, fd, &facts, &unreadable, error) && !facts)
      g_set_error (error, MUGAI_POLICY_ERROR, MUGAI_POLICY_ERROR_READ,
                   MUGAI_CLI_WORDS ("メールを読めません（message-unreadable）：%s",
                                    "the message cannot be read (message-unreadable): %s"),
                   unreadable ? unreadable : "?");
  }
  mugai_worker_close (worker);
  mugai_scratch_free (scratch);
  return facts;
}

static void fill_forwarding (const MugaiPolicy *policy, MugaiEnvelope *envelope, const MugaiFacts *facts) {
  g_strfreev (envelope->forwarding);
  envelope->forwarding = mugai_flow_forwarding (mugai_policy_organisation (policy), envelope, facts);
}

/* ---- explain, for people ---- */

static const char *result_words (const char *result) {
  static const char *const words[][3] = {
    { "yes", "○ 当てはまる", "YES" },
    { "no", "－ 当てはまらない", "no" },
    { "excepted", "△ 例外により外れる", "excepted" },
    { "would", "△ 記録だけ", "would (monitor)" },
    { "ended", "－ 期限が過ぎた", "ended" },
    { "not-reached", "・ 見ていない", "not reached" },
    { "other-organisation", "－ 別の組織の規則", "another organisation's" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (strcmp (words[i][0], result) == 0)
      return MUGAI_CLI_WORDS (words[i][1], words[i][2]);
  return result;
}

static void print_why (json_t *why) {
  size_t i;
  json_t *one;
  json_array_foreach (why, i, one) {
    gboolean holds = json_is_true (json_object_get (one, "holds")), not = json_is_true (json_object_get (one, "not"));
    const char *seen = mugai_policy_cli_text (one, "seen");
    g_autofree char *safe = mugai_unicode_make_safe (seen, -1, 200);
    printf (MUGAI_CLI_WORDS ("         %s %s%s  → 実際は %s\n", "         %s %s%s  → is %s\n"),
            holds != not ? "✓" : "✗", not ? MUGAI_CLI_WORDS ("（ではない）", "not ") : "",
            mugai_policy_cli_text (one, "words"), *safe ? safe : MUGAI_CLI_WORDS ("（なし）", "(none)"));
  }
}

/* Rules of one recipient or part follow each other: a heading where it changes. */
static void print_rules (json_t *rules) {
  g_autofree char *heading = g_strdup ("");
  size_t i;
  json_t *one;
  json_array_foreach (rules, i, one) {
    json_t *part = json_object_get (one, "part"), *recipient = json_object_get (one, "recipient");
    g_autofree char *now =
        part && recipient ? g_strdup_printf (MUGAI_CLI_WORDS ("部品 %s（宛先 <%s>）", "part %s for <%s>"),
                                             json_string_value (part), json_string_value (recipient))
        : part            ? g_strdup_printf (MUGAI_CLI_WORDS ("部品 %s", "part %s"), json_string_value (part))
        : recipient ? g_strdup_printf (MUGAI_CLI_WORDS ("宛先 <%s>", "recipient <%s>"), json_string_value (recipient))
                    : g_strdup (MUGAI_CLI_WORDS ("メール全体", "message"));
    const char *result = mugai_policy_cli_text (one, "result"), *exception = mugai_policy_cli_text (one, "exception");
    if (strcmp (now, heading) != 0)
      printf ("\n%s\n", now);
    g_free (heading);
    heading = g_steal_pointer (&now);
    printf ("   %s  %s%s%s%s\n", mugai_policy_cli_text (one, "id"), result_words (result), *exception ? " [" : "",
            exception, *exception ? "]" : "");
    print_why (json_object_get (one, "why"));
  }
}

static guint depth_of (const char *path) {
  guint depth = 0;
  for (; *path; path++)
    depth += *path == '.' || *path == '/';
  return depth;
}

static const char *part_action_words (const char *action) {
  static const char *const words[][3] = { { "keep", "そのまま通す", "kept" },
                                          { "text", "文字だけにする", "made text" },
                                          { "replace", "作り直す", "written anew" },
                                          { "remove", "取り除く", "taken out" } };
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (strcmp (words[i][0], action) == 0)
      return MUGAI_CLI_WORDS (words[i][1], words[i][2]);
  return action;
}

static void print_parts (json_t *parts) {
  size_t i;
  json_t *one;
  puts (MUGAI_CLI_WORDS ("\n部品（左が元、→ の右が届けるとき）", "\nparts (as received → as delivered)"));
  json_array_foreach (parts, i, one) {
    const char *path = mugai_policy_cli_text (one, "path");
    const char *name = json_string_value (json_array_get (json_object_get (one, "names"), 0));
    g_autofree char *safe = mugai_unicode_make_safe (name, -1, 100);
    printf ("   %*s%s  %s  %s%s%s, %s  → %s (%s)\n", (int) (2 * depth_of (path)), "", path,
            mugai_policy_cli_text (one, "detected"), safe, *safe ? ", " : "", mugai_policy_cli_text (one, "role"),
            mugai_policy_cli_text (one, "scan"), part_action_words (mugai_policy_cli_text (one, "action")),
            mugai_policy_cli_text (one, "rule"));
  }
}

static void print_list (json_t *list, const char *heading) {
  size_t i;
  json_t *one;
  json_array_foreach (list, i, one) printf ("%s%s", i ? ", " : heading, json_string_value (one));
  if (json_array_size (list))
    putchar ('\n');
}

static void print_explanation (json_t *told) {
  json_t *reply = json_object_get (told, "reply"), *reasons = json_object_get (told, "reasons"), *one;
  size_t i;
  printf (MUGAI_CLI_WORDS ("判定: %s（向き %s、上限 %s、規則 %s）\n",
                           "decision: %s (direction %s, ceiling %s, rule %s)\n"),
          mugai_policy_cli_text (told, "action"), mugai_policy_cli_text (told, "direction"),
          mugai_policy_cli_text (told, "ceiling"), mugai_policy_cli_text (told, "rule"));
  if (json_is_string (reply))
    printf (MUGAI_CLI_WORDS ("応答: %s\n", "reply: %s\n"), json_string_value (reply));
  json_array_foreach (reasons, i, one) {
    const char *words = mugai_policy_cli_text (one, "words"), *clause = mugai_policy_cli_text (one, "clause");
    printf (MUGAI_CLI_WORDS ("理由: %s%s%s%s — %s\n", "reason: %s%s%s%s — %s\n"), mugai_policy_cli_text (one, "rule"),
            *clause ? " [" : "", clause, *clause ? "]" : "", *words ? words : mugai_policy_cli_text (one, "because"));
  }
  print_list (json_object_get (told, "exceptions"), MUGAI_CLI_WORDS ("使われた例外: ", "exceptions used: "));
  print_list (json_object_get (told, "would"), MUGAI_CLI_WORDS ("試行中なら: ", "would: "));
  print_rules (json_object_get (told, "rules"));
  print_parts (json_object_get (told, "parts"));
}

static void set_age (MugaiEnvelope *envelope, const MugaiScanner *scanner) {
  if (mugai_scanner_version (scanner) == NULL)
    return;
  envelope->generation = 1;
  envelope->signatures_age_s = MAX (0, envelope->time_us / G_USEC_PER_SEC - mugai_scanner_time (scanner));
}

int mugai_policy_explain_command (MugaiPolicyOptions *options) {
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiPolicy) policy = mugai_offline_policy (options->policy);
  if (!policy)
    return EX_CONFIG;
  g_autoptr (MugaiScanner) scanner = mugai_offline_scanner (options->signatures, &error);
  if (!scanner)
    return mugai_cli_fail (EX_CONFIG, "policy explain", "%s", error->message);
  g_autoptr (GBytes) message = mugai_offline_read (options->arguments[0], MAX_MESSAGE_BYTES, &error);
  if (!message)
    return mugai_cli_fail (EX_NOINPUT, "policy explain", "%s", error->message);
  g_autoptr (MugaiFacts) facts = inspect (scanner, message, &error);
  if (!facts)
    return mugai_cli_fail (EX_DATAERR, "policy explain", "%s", error->message);
  g_autoptr (MugaiEnvelope) envelope =
      mugai_cli_envelope_new (&options->envelope, mugai_policy_organisation (policy), g_bytes_get_size (message));
  set_age (envelope, scanner);
  fill_forwarding (policy, envelope, facts);
  g_autoptr (MugaiJson) told = mugai_policy_explain (policy, envelope, facts, mugai_cli_japanese ());
  if (options->json)
    mugai_policy_cli_print_json (told);
  else
    print_explanation (told);
  return EX_OK;
}

/* ---- cases ---- */

/* MugaiPolicyMailStep: the envelope as the case gives it, the rest from the mail. */
static gboolean inspect_case (const MugaiPolicy *policy, const char *path, json_t *given, MugaiEnvelope **ret_envelope,
                              MugaiFacts **ret_facts, gpointer data, GError **error) {
  MugaiScanner *scanner = data;
  g_autoptr (MugaiEnvelope) envelope = NULL;
  g_autoptr (MugaiFacts) unused = NULL;
  if (!mugai_policy_facts_from_json (policy, given, TRUE, &envelope, &unused, error))
    return FALSE;
  g_autoptr (GBytes) message = mugai_offline_read (path, MAX_MESSAGE_BYTES, error);
  g_autoptr (MugaiFacts) facts = message ? inspect (scanner, message, error) : NULL;
  if (!facts)
    return FALSE;
  if (!json_object_get (given, "size"))
    envelope->size_bytes = g_bytes_get_size (message);
  if (!json_object_get (given, "scanned") && !json_object_get (given, "signatures-age")) {
    envelope->signatures_age_s = -1;
    set_age (envelope, scanner);
  }
  if (!json_object_get (given, "direction") && envelope->recipients->len > 0)
    mugai_flow_classify (mugai_policy_organisation (policy), envelope);
  if (!json_object_get (given, "forwarding"))
    fill_forwarding (policy, envelope, facts);
  *ret_envelope = g_steal_pointer (&envelope);
  *ret_facts = g_steal_pointer (&facts);
  return TRUE;
}

json_t *mugai_policy_cli_run_cases (const MugaiPolicy *policy, const char *path, const char *signatures,
                                    GError **error) {
  g_autoptr (MugaiScanner) scanner = mugai_scanner_new (signatures, NULL, NULL, error);
  return scanner ? mugai_policy_run_cases (policy, path, mugai_cli_japanese (), inspect_case, scanner, error) : NULL;
}

gboolean mugai_policy_cli_print_cases (json_t *results) {
  size_t i;
  json_t *one;
  int failed = (int) json_integer_value (json_object_get (results, "failed"));
  json_array_foreach (json_object_get (results, "cases"), i, one) {
    const char *result = mugai_policy_cli_text (one, "result");
    if (strcmp (result, "failed") == 0)
      printf ("%s:%d: %s: %s\n", mugai_policy_cli_text (one, "file"),
              (int) json_integer_value (json_object_get (one, "line")), mugai_policy_cli_text (one, "name"),
              mugai_policy_cli_text (one, "words"));
  }
  printf (MUGAI_CLI_WORDS ("試験: 合格%d件、不合格%d件、見送り%d件\n", "cases: %d passed, %d failed, %d passed over\n"),
          (int) json_integer_value (json_object_get (results, "passed")), failed,
          (int) json_integer_value (json_object_get (results, "skipped")));
  return failed == 0;
}

/* policy/tests/NAME or policy/tests/NAME.yaml belong to policy/NAME.yaml. */
static char *policy_of_cases (const char *cases) {
  g_autofree char *absolute = g_canonicalize_filename (cases, NULL);
  g_autofree char *folder = g_path_get_dirname (absolute), *base = g_path_get_basename (absolute);
  g_autofree char *above = g_path_get_dirname (folder);
  g_autofree char *name = g_str_has_suffix (base, ".yaml") ? g_strdup (base) : g_strconcat (base, ".yaml", NULL);
  g_autofree char *beside = g_build_filename (above, name, NULL);
  g_autofree char *inside = g_build_filename (absolute, "policy.yaml", NULL);
  if (g_file_test (beside, G_FILE_TEST_IS_REGULAR))
    return g_steal_pointer (&beside);
  return g_file_test (inside, G_FILE_TEST_IS_REGULAR) ? g_steal_pointer (&inside) : NULL;
}

/* The cases are run by us, mails too: loading must not fail for them first. */
static MugaiPolicy *load_policy (const char *path) {
  if (path == NULL)
    return mugai_offline_policy (NULL);
  return mugai_policy_cli_load_without_cases (path);
}

int mugai_policy_test_command (MugaiPolicyOptions *options) {
  g_autoptr (GError) error = NULL;
  const char *given = options->n_arguments ? options->arguments[0] : NULL;
  g_autofree char *found = !options->policy && given ? policy_of_cases (given) : NULL;
  const char *policy_path = options->policy ? options->policy : found;
  g_autoptr (MugaiPolicy) policy = load_policy (policy_path);
  if (!policy)
    return EX_CONFIG;
  g_autofree char *beside = !given && policy_path ? mugai_policy_cases_path (policy_path) : NULL;
  if (!given && !beside)
    return mugai_cli_fail (EX_USAGE, "policy test", "%s",
                           MUGAI_CLI_WORDS ("試験のフォルダかファイルを書いてください",
                                            "name a folder or file of cases"));
  g_autoptr (MugaiJson) results =
      mugai_policy_cli_run_cases (policy, given ? given : beside, options->signatures, &error);
  if (!results)
    return mugai_cli_fail (EX_NOINPUT, "policy test", "%s", error->message);
  if (options->json)
    mugai_policy_cli_print_json (results);
  else
    (void) mugai_policy_cli_print_cases (results);
  return json_integer_value (json_object_get (results, "failed")) == 0 ? EX_OK : 1;
}
