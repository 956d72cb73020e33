/* SPDX-License-Identifier: GPL-2.0-only
 *
 * `mugai policy`: finds the sub-command, reads its options, hands over. What each does stands in policy-*.c.
 */
#include "policy.h"

#include <stdio.h>
#include <string.h>

#include "mugai/base/control.h"
#include "mugai/base/unicode.h"

#include "cli.h"
#include "words.h"

typedef struct {
  const char *name, *arguments;
  guint min, max; /* arguments */
  guint options;
  int (*run) (MugaiPolicyOptions *options);
  const char *ja, *en;
} Command;

static const Command commands[] = {
  { "check", "FILE", 1, 1, 0, mugai_policy_check_command, "誤りと注意を一度にすべて、場所と直し方つきで示す",
    "every mistake and warning in one run, with its place and what to write instead" },
  { "explain", "MESSAGE|-", 1, 1, POLICY_OPTION_POLICY | POLICY_OPTION_SCAN | POLICY_OPTION_ENVELOPE,
    mugai_policy_explain_command, "一通のメールについて、規則ごとに当てはまった・当てはまらない理由を示す",
    "why a mail fares as it does: each rule in order, and the parts before and after" },
  { "test", "DIR|FILE", 0, 1, POLICY_OPTION_POLICY | POLICY_OPTION_SCAN, mugai_policy_test_command,
    "試験（メールか事実と、期待する判定）を実行する",
    "runs cases: a mail or facts, and the decision that is expected" },
  { "diff", "OLD NEW", 2, 2, 0, mugai_policy_diff_command, "二つのポリシーの違いを文で示す",
    "what changes from one policy to another, in words" },
  { "replay", "NEW", 1, 1, POLICY_OPTION_RECORDS, mugai_policy_replay_command,
    "記録されたメールのうち、新しいポリシーで扱いが変わるものを示す",
    "which recorded mails would fare differently, by rule and by sender's domain" },
  { "coverage", "", 0, 0, POLICY_OPTION_POLICY | POLICY_OPTION_RECORDS | POLICY_OPTION_CLAUSES,
    mugai_policy_coverage_command, "条項ごとに、応える規則と、期間中に当てはまった件数を示す",
    "clause → rules → how often each was applied in a period" },
  { "load", "NEW", 1, 1, POLICY_OPTION_CONFIG | POLICY_OPTION_YES | POLICY_OPTION_SCAN, mugai_policy_load_command,
    "確かめ、試し、違いを示し、尋ねてから入れ替える", "checks, tests, shows the difference, asks, and installs" },
  { "rollback", "[HASH]", 0, 1, POLICY_OPTION_CONFIG | POLICY_OPTION_YES, mugai_policy_rollback_command,
    "前の版に戻す（HASH なしなら、ある版の一覧）", "back to an earlier version (without HASH: lists them)" },
  { "shadow", "[NEW]", 0, 1, POLICY_OPTION_RECORDS | POLICY_OPTION_OFF | POLICY_OPTION_YES, mugai_policy_shadow_command,
    "新しいポリシーを並べて試す（NEW なしなら、これまでの結果）",
    "tries a policy beside the serving one (without NEW: what it would have done)" },
  { "exceptions", "[FILE]", 0, 1, POLICY_OPTION_CONFIG | POLICY_OPTION_CLOSE, mugai_policy_exceptions_command,
    "例外と、その期限・状態の一覧", "exceptions, with their ends and states" },
  { "format", "FILE", 1, 1, POLICY_OPTION_WRITE, mugai_policy_format_command, "決まった書き方に整える（注釈は残す）",
    "canonical layout; comments stay" },
  { "schema", "", 0, 0, 0, mugai_policy_schema_command, "編集ソフトのための JSON Schema", "JSON Schema for editors" },
  { "vocabulary", "", 0, 0, 0, mugai_policy_vocabulary_command, "使える条件と動作の一覧（例つき）",
    "every condition and action, with an example" },
};

static void print_help (FILE *out) {
  fputs (MUGAI_CLI_WORDS ("使い方: mugai policy 命令 [引数] [--json]\n\n",
                          "usage: mugai policy COMMAND [ARGUMENT...] [--json]\n\n"),
         out);
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    fprintf (out, "  %-11s %-10s %s\n", commands[i].name, commands[i].arguments,
             MUGAI_CLI_WORDS (commands[i].ja, commands[i].en));
  fputs (MUGAI_CLI_WORDS ("\n`mugai policy 命令 --help` で詳しく。\n", "\n`mugai policy COMMAND --help` says more.\n"),
         out);
}

/* ---- options ---- */

/* Bytes as they were typed: whatever the locale, words are UTF-8. */
static void add_file (GArray *entries, const char *name, char **place, const char *words, const char *value) {
  const GOptionEntry entry = { name, 0, 0, G_OPTION_ARG_FILENAME, place, words, value };
  g_array_append_val (entries, entry);
}

static void add_switch (GArray *entries, const char *name, gboolean *place, const char *words) {
  const GOptionEntry entry = { name, 0, 0, G_OPTION_ARG_NONE, place, words, NULL };
  g_array_append_val (entries, entry);
}

static void add_options (MugaiPolicyOptions *options, guint which, GArray *entries) {
  add_switch (entries, "json", &options->json, MUGAI_CLI_WORDS ("JSON で出力", "JSON for programs"));
  if (which & POLICY_OPTION_POLICY)
    add_file (entries, "policy", &options->policy,
              MUGAI_CLI_WORDS ("ポリシー（既定は設置済みのもの）", "policy file (default: the installed one)"), "FILE");
  if (which & POLICY_OPTION_SCAN)
    add_file (entries, "signatures", &options->signatures,
              MUGAI_CLI_WORDS ("ウイルス定義", "ClamAV signatures; without it nothing is scanned"), "DIR");
  if (which & (POLICY_OPTION_CONFIG | POLICY_OPTION_RECORDS))
    add_file (entries, "config", &options->config, "mugai.yaml (" MUGAI_CLI_CONFIG ")", "FILE");
  if (which & POLICY_OPTION_RECORDS) {
    add_file (entries, "audit", &options->audit, MUGAI_CLI_WORDS ("監査記録のフォルダ", "folder of the audit chain"),
              "DIR");
    add_file (entries, "since", &options->since,
              MUGAI_CLI_WORDS ("さかのぼる期間（7d など）", "how far back (7d, 24h, all)"), "TIME");
  }
  if (which & POLICY_OPTION_CLAUSES)
    add_file (entries, "clauses", &options->clauses, MUGAI_CLI_WORDS ("条項の表", "table of clauses"), "FILE");
  if (which & POLICY_OPTION_YES)
    add_switch (entries, "yes", &options->yes, MUGAI_CLI_WORDS ("尋ねずに進める", "do not ask"));
  if (which & POLICY_OPTION_WRITE)
    add_switch (entries, "write", &options->write, MUGAI_CLI_WORDS ("ファイルを書き直す", "rewrite the file in place"));
  if (which & POLICY_OPTION_OFF)
    add_switch (entries, "off", &options->off, MUGAI_CLI_WORDS ("試すのをやめる", "stop trying"));
  if (which & POLICY_OPTION_CLOSE) {
    add_file (entries, "close", &options->close, MUGAI_CLI_WORDS ("緊急の例外を閉じる", "close an emergency exception"),
              "ID");
    add_file (entries, "report", &options->report, MUGAI_CLI_WORDS ("何をしたか", "what was done"), "TEXT");
    add_file (entries, "approved-by", &options->approved_by, MUGAI_CLI_WORDS ("承認した人", "who approved it"), "NAME");
  }
  if (which & POLICY_OPTION_ENVELOPE)
    mugai_cli_envelope_add_options (&options->envelope, entries);
}

static void options_clear (MugaiPolicyOptions *options) {
  g_free (options->policy);
  g_free (options->signatures);
  g_free (options->config);
  g_free (options->audit);
  g_free (options->since);
  g_free (options->clauses);
  g_free (options->close);
  g_free (options->report);
  g_free (options->approved_by);
  mugai_cli_envelope_clear (&options->envelope);
  g_strfreev (options->arguments);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (MugaiPolicyOptions, options_clear)

static gboolean parse (MugaiPolicyOptions *options, const Command *command, int argc, char **argv, GError **error) {
  const GOptionEntry rest = { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->arguments, NULL, NULL };
  g_autoptr (GArray) entries = g_array_new (TRUE, TRUE, sizeof (GOptionEntry));
  g_autofree char *what = g_strdup_printf ("mugai policy %s", command->name);
  add_options (options, command->options, entries);
  g_array_append_val (entries, rest);
  if (!mugai_cli_parse (what, command->arguments, MUGAI_CLI_WORDS (command->ja, command->en),
                        (const GOptionEntry *) (void *) entries->data, &argc, &argv, error)
      || !mugai_cli_envelope_check (&options->envelope, error))
    return FALSE;
  if (!options->arguments)
    options->arguments = g_new0 (char *, 1);
  options->n_arguments = g_strv_length (options->arguments);
  if (options->n_arguments >= command->min && options->n_arguments <= command->max)
    return TRUE;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
               MUGAI_CLI_WORDS ("引数は「%s」です", "the arguments are: %s"),
               *command->arguments ? command->arguments : MUGAI_CLI_WORDS ("なし", "none"));
  return FALSE;
}

static int run (const Command *command, int argc, char **argv) {
  g_auto (MugaiPolicyOptions) options = { 0 };
  g_autoptr (GError) error = NULL;
  g_autofree char *program = g_strdup_printf ("mugai policy %s", command->name);
  g_set_prgname (program);
  if (parse (&options, command, argc, argv, &error))
    return command->run (&options);
  fprintf (stderr, "%s: %s\n", program, error->message);
  return EX_USAGE;
}

int mugai_cli_policy (int argc, char **argv) {
  if (argc >= 2 && (strcmp (argv[1], "--help") == 0 || strcmp (argv[1], "-h") == 0 || strcmp (argv[1], "help") == 0)) {
    print_help (stdout);
    return EX_OK;
  }
  for (gsize i = 0; argc >= 2 && i < G_N_ELEMENTS (commands); i++)
    if (strcmp (commands[i].name, argv[1]) == 0)
      return run (&commands[i], argc - 1, argv + 1);
  print_help (stderr);
  return EX_USAGE;
}

/* ---- what they share ---- */

static MugaiPolicy *told (MugaiPolicy *policy, const GPtrArray *problems) {
  for (guint i = 0; !policy && problems && i < problems->len; i++) {
    g_autofree char *text = mugai_policy_problem_format (g_ptr_array_index (problems, i));
    fprintf (stderr, "%s\n", text);
  }
  return policy;
}

MugaiPolicy *mugai_policy_cli_load (const char *path) {
  g_autoptr (GPtrArray) problems = NULL;
  MugaiPolicy *policy = mugai_policy_load (path, mugai_cli_japanese (), &problems, NULL);
  return told (policy, problems);
}

MugaiPolicy *mugai_policy_cli_load_without_cases (const char *path) {
  g_autoptr (GPtrArray) problems = NULL;
  MugaiPolicy *policy = mugai_policy_load_without_cases (path, mugai_cli_japanese (), &problems, NULL);
  return told (policy, problems);
}

json_t *mugai_policy_cli_ask (const MugaiConfig *config, json_t *request, GError **error) {
  g_autofree char *socket_path = mugai_config_control_socket (config);
  const char *sudo = g_getenv ("SUDO_UID");
  guint64 uid = 0;
  if (sudo && g_ascii_string_to_unsigned (sudo, 10, 1, G_MAXUINT32 - 1, &uid, NULL))
    json_object_set_new (request, "sudo_uid", json_integer ((json_int_t) uid));
  return mugai_control_ask (socket_path, request, MUGAI_CONTROL_TIMEOUT_MS, error);
}

void mugai_policy_cli_print_json (json_t *value) {
  g_autofree char *line = mugai_json_line (value);
  puts (line);
}

const char *mugai_policy_cli_text (json_t *object, const char *key) {
  const char *text = json_string_value (json_object_get (object, key));
  return text ? text : "";
}
