/* SPDX-License-Identifier: GPL-2.0-only
 *
 * cli/flow: mugai flow list, stop and resume; recall and send-due are acts on waiting mail, in cli/quarantine.
 *
 * The counters are the keeper's; a stop and a resumption are acts on the audit chain, with who did it and why. The brake of the
 * whole relay is a stop like any other: of "outbound:organisation" (or inbound).
 */
#include <stdio.h>
#include <string.h>

#include "mugai/base/config.h"
#include "mugai/keeper.h"

#include "cli.h"
#include "words.h"

#define DEFAULT_CONFIG "/etc/mugai/mugai.yaml"
#define KEEPER_WAIT_MS 5000
#define MAX_REASON_BYTES 1000u

typedef struct {
  char *config, *reason;
  gboolean json;
} Options;

static void options_clear (Options *options) {
  g_free (options->config);
  g_free (options->reason);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static void print_usage (FILE *out) {
  fputs (MUGAI_CLI_WORDS (
             "使い方:\n"
             "  mugai flow list [--config FILE] [--json]\n"
             "  mugai flow stop KEY --reason 理由 [--config FILE]\n"
             "  mugai flow resume KEY --reason 理由 [--config FILE]\n"
             "  mugai flow recall ID --reason 理由 [--config FILE]\n"
             "  mugai flow send-due [--config FILE]\n"
             "  mugai flow digest [--config FILE]\n\n"
             "list    送信量の計数と、止めている送信者を表示します\n"
             "stop    KEY のメールを止めます（outbound:organisation は庁外への送信すべて）\n"
             "resume  止めた KEY を再開します。どちらも監査記録に残ります\n"
             "recall  承認待ち、時間待ちのメールを、差出人が取り消します\n"
             "send-due  待ち時間が過ぎたメールと、一日分のお知らせのまとめを送ります（タイマーが毎分行います）\n"
             "digest  お知らせのまとめを、一日を待たずに送ります\n",
             "Usage:\n"
             "  mugai flow list [--config FILE] [--json]\n"
             "  mugai flow stop KEY --reason TEXT [--config FILE]\n"
             "  mugai flow resume KEY --reason TEXT [--config FILE]\n"
             "  mugai flow recall ID --reason TEXT [--config FILE]\n"
             "  mugai flow send-due [--config FILE]\n"
             "  mugai flow digest [--config FILE]\n\n"
             "list    shows the counters of sent mail, and who is stopped\n"
             "stop    stops the mail of KEY (outbound:organisation: everything that leaves)\n"
             "resume  lets a stopped KEY send again. Both are on the audit chain\n"
             "recall  the sender takes back a mail that waits for an approval or for its time\n"
             "send-due  sends what has waited long enough, and each day's summaries of held mail (a timer does)\n"
             "digest  sends those summaries now\n"),
         out);
}

static gboolean parse (Options *options, int *argc, char ***argv, const char *name, GError **error) {
  const GOptionEntry entries[] = {
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &options->config, "mugai.yaml (" DEFAULT_CONFIG ")", "FILE" },
    { "reason", 0, 0, G_OPTION_ARG_STRING, &options->reason, MUGAI_CLI_WORDS ("理由", "why"), "TEXT" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &options->json, MUGAI_CLI_WORDS ("JSON で出力", "JSON for programs"), NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autofree char *what = g_strdup_printf ("mugai flow %s", name);

  return mugai_cli_parse (what, "[KEY]",
                          MUGAI_CLI_WORDS ("`mugai flow --help` をご覧ください。", "See `mugai flow --help`."), entries,
                          argc, argv, error);
}

/* ---- list ---- */

static char **row_of (json_t *counter) {
  char **row = g_new0 (char *, 6);
  g_autoptr (GDateTime) utc =
      g_date_time_new_from_unix_utc (json_integer_value (json_object_get (counter, "at_us")) / G_USEC_PER_SEC);
  g_autoptr (GDateTime) local = utc != NULL ? g_date_time_to_local (utc) : NULL;

  row[0] = g_strdup (json_string_value (json_object_get (counter, "key")));
  row[1] = g_strdup (json_is_true (json_object_get (counter, "stopped")) ? MUGAI_CLI_WORDS ("停止中", "stopped") : "");
  row[2] = g_strdup_printf ("%" JSON_INTEGER_FORMAT, json_integer_value (json_object_get (counter, "messages")));
  row[3] = g_strdup_printf ("%" JSON_INTEGER_FORMAT, json_integer_value (json_object_get (counter, "recipients")));
  row[4] = local != NULL ? g_date_time_format_iso8601 (local) : g_strdup ("");
  return row;
}

static int list (const Options *options, const char *socket) {
  const MugaiCliColumn columns[] = { { MUGAI_CLI_WORDS ("対象", "KEY"), 80 },
                                     { MUGAI_CLI_WORDS ("状態", "STATE"), 10 },
                                     { MUGAI_CLI_WORDS ("通数", "MAILS"), 10 },
                                     { MUGAI_CLI_WORDS ("宛先数", "RECIPIENTS"), 10 },
                                     { MUGAI_CLI_WORDS ("最後", "LAST"), 30 } };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  g_autoptr (MugaiJson) answer = mugai_keeper_ask_counters (socket, KEEPER_WAIT_MS, &error);

  if (answer == NULL)
    return mugai_cli_fail (EX_TEMPFAIL, "flow list", "%s", error->message);
  json_t *counters = json_object_get (answer, "counters");
  if (options->json) {
    g_autofree char *text = mugai_json_line (counters);
    puts (text);
    return 0;
  }
  for (size_t i = 0; i < json_array_size (counters); i++)
    g_ptr_array_add (rows, row_of (json_array_get (counters, i)));
  mugai_cli_table (columns, G_N_ELEMENTS (columns), rows);
  return 0;
}

/* ---- stop, resume ---- */

static int act (const Options *options, const char *socket, const char *name, const char *key) {
  g_autoptr (MugaiJson) body = json_object ();
  g_autoptr (GError) error = NULL;
  gboolean stop = strcmp (name, "stop") == 0;

  if (options->reason == NULL || *options->reason == '\0' || strlen (options->reason) > MAX_REASON_BYTES)
    return mugai_cli_fail (EX_USAGE, "flow", "%s",
                           MUGAI_CLI_WORDS ("理由を --reason に書いてください", "say why: --reason TEXT"));
  g_autofree char *folded = g_utf8_strdown (key, -1);
  json_object_set_new (body, "key", mugai_json_string (folded));
  json_object_set_new (body, "reason", mugai_json_string (options->reason));
  g_autoptr (MugaiJson) answer =
      mugai_keeper_act (socket, stop ? MUGAI_KEEPER_ACT_STOP : MUGAI_KEEPER_ACT_RESUME, body, KEEPER_WAIT_MS, &error);
  if (answer == NULL) {
    gboolean refused = g_error_matches (error, MUGAI_KEEPER_ERROR, MUGAI_KEEPER_ERROR_FAILED);
    return mugai_cli_fail (refused ? EX_NOPERM : EX_TEMPFAIL, "flow", "%s", error->message);
  }
  printf (stop ? MUGAI_CLI_WORDS ("%s を止めました\n", "%s is stopped\n")
               : MUGAI_CLI_WORDS ("%s を再開しました\n", "%s may send again\n"),
          folded);
  return 0;
}

static int run (const char *name, int argc, char **argv) {
  g_auto (Options) options = { 0 };
  g_autoptr (GError) error = NULL;
  gboolean listing = strcmp (name, "list") == 0;

  if (!parse (&options, &argc, &argv, name, &error))
    return mugai_cli_fail (EX_USAGE, "flow", "%s", error->message);
  if (argc != (listing ? 1 : 2)
      || (!listing
          && (*argv[1] == '\0' || strlen (argv[1]) > MUGAI_RATE_MAX_KEY_BYTES || !g_utf8_validate (argv[1], -1, NULL))))
    return mugai_cli_fail (EX_USAGE, "flow", "%s", MUGAI_CLI_WORDS ("引数が正しくありません", "wrong arguments"));
  g_autoptr (MugaiConfig) config = mugai_config_load (options.config != NULL ? options.config : DEFAULT_CONFIG, &error);
  if (config == NULL)
    return mugai_cli_fail (EX_CONFIG, "flow", "%s", error->message);
  g_autofree char *socket = mugai_config_keeper_socket (config);
  return listing ? list (&options, socket) : act (&options, socket, name, argv[1]);
}

int mugai_cli_flow (int argc, char **argv) {
  const char *name = argc > 1 ? argv[1] : NULL;

  if (g_strcmp0 (name, "--help") == 0 || g_strcmp0 (name, "-h") == 0) {
    print_usage (stdout);
    return 0;
  }
  if (g_strcmp0 (name, "list") == 0 || g_strcmp0 (name, "stop") == 0 || g_strcmp0 (name, "resume") == 0)
    return run (name, argc - 1, argv + 1);
  if (g_strcmp0 (name, "recall") == 0 || g_strcmp0 (name, "send-due") == 0 || g_strcmp0 (name, "digest") == 0)
    return mugai_cli_quarantine (argc, argv); /* the waiting mail lies in the quarantine */
  print_usage (stderr);
  return EX_USAGE;
}
