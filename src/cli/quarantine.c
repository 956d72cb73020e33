/* SPDX-License-Identifier: GPL-2.0-only
 *
 * cli/quarantine: mugai quarantine: the table of its commands, their options, and where the store is.
 *
 * Who may do what is the keeper's to say; an act that cannot be recorded is not done.
 */
#include "mugai/quarantine.h"

#include <stdio.h>
#include <string.h>

#include "mugai/base/base.h"

#include "cli.h"
#include "quarantine.h"
#include "words.h"

#define DEFAULT_ITEMS 50
static void options_clear (MugaiCliQuarantine *options) {
  char **texts[] = { &options->config_path, &options->store, &options->keys,         &options->since,  &options->until,
                     &options->text,        &options->state, &options->part,         &options->output, &options->reason,
                     &options->form,        &options->month, &options->keeper_socket };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (*texts[i]);
  g_strfreev (options->to);
  mugai_config_free (options->config);
}
typedef MugaiCliQuarantine Options;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (MugaiCliQuarantine, options_clear)

/* Fills in store and keeper from the configuration, where it is needed or asked for. */
static gboolean find_store (MugaiCliQuarantine *options, GError **error) {
  if (options->store != NULL && options->config_path == NULL)
    return TRUE;
  options->config =
      mugai_config_load (options->config_path != NULL ? options->config_path : MUGAI_CLI_DEFAULT_CONFIG, error);
  if (options->config == NULL)
    return FALSE;
  if (options->store == NULL)
    options->store = g_strdup (options->config->store);
  if (options->keys == NULL && options->config->keys[0] != '\0')
    options->keys = g_strdup (options->config->keys);
  options->keeper_socket = mugai_config_keeper_socket (options->config);
  return TRUE;
}

int mugai_cli_fail_store (const char *name, const GError *error) {
  gboolean unknown = g_error_matches (error, MUGAI_QUARANTINE_ERROR, MUGAI_QUARANTINE_ERROR_NOT_FOUND);
  gboolean corrupt = g_error_matches (error, MUGAI_QUARANTINE_ERROR, MUGAI_QUARANTINE_ERROR_CORRUPT);

  const char *words =
      unknown   ? MUGAI_CLI_WORDS ("その受付番号のメールはありません", "no such item")
      : corrupt ? MUGAI_CLI_WORDS ("保管されたデータに異常があります", "not as it was written")
                : MUGAI_CLI_WORDS ("隔離領域を読み書きできません", "the quarantine cannot be read or written");

  return mugai_cli_fail (unknown ? EX_NOINPUT : corrupt ? EX_DATAERR : EX_IOERR, name, "%s: %s", words, error->message);
}

MugaiQuarantine *mugai_cli_open_store (const MugaiCliQuarantine *options, const char *name, int *ret_status) {
  g_autoptr (GError) error = NULL;
  MugaiQuarantine *quarantine = mugai_quarantine_open_with_keys (options->store, options->keys, TRUE, &error);

  if (quarantine == NULL)
    *ret_status = mugai_cli_fail_store (name, error);
  return quarantine;
}

/* ---- the commands ---- */

static const struct {
  const char *name, *argument; /* NULL: none */
  const char *options;         /* those besides the common ones: see choices */
  int (*run) (const MugaiCliQuarantine *options, const char *argument);
  const char *ja, *en;
} commands[] = {
  { "list", NULL, "since until text state limit offset json", mugai_cli_quarantine_list, "一覧を表示します",
    "lists items, newest first" },
  { "show", "ID", "json", mugai_cli_quarantine_show, "1 件の記録と経過を表示します",
    "one item: its record and history" },
  { "request", "ID", "reason to as json", mugai_cli_quarantine_request, "解除（宛先への送信）を申請します",
    "asks for a release" },
  { "approve", "ID", "reason json", mugai_cli_quarantine_approve, "申請を承認します（申請者とは別の人）",
    "approves it: not who asked; for class high two" },
  { "refuse", "ID", "reason json", mugai_cli_quarantine_refuse, "申請を却下します", "refuses it" },
  { "release", "ID", "reason again timeout json", mugai_cli_quarantine_release, "承認されたメールを送ります",
    "sends what was approved" },
  { "recall", "ID", "reason json", mugai_cli_quarantine_recall, "送信を取り消します（差出人）",
    "the sender takes a waiting mail back" },
  { "send-due", NULL, "timeout json", mugai_cli_quarantine_send_due, "待ち時間が過ぎたメールを送ります",
    "sends what a delay has let go (a timer does)" },
  { "digest", NULL, "", mugai_cli_quarantine_digest, "知らせていない隔離のまとめを今すぐ送ります",
    "sends the summaries of held mails now" },
  { "delete", "ID", "reason json", mugai_cli_quarantine_delete, "廃棄し、鍵を破壊します",
    "disposes of it: its key is destroyed" },
  { "hold", "ID", "reason end json", mugai_cli_quarantine_hold, "保全します（--end で終了）",
    "legal hold (--end ends it)" },
  { "extend", "ID", "reason days json", mugai_cli_quarantine_extend, "保存期間を延長します",
    "keeps it longer: --days from now" },
  { "export", "ID", "part output reason", mugai_cli_quarantine_export, "原本または部分を取り出します",
    "takes out the original or a part" },
  { "disposals", NULL, "month json", mugai_cli_quarantine_disposals, "廃棄の一覧（--month）",
    "what was disposed of in a --month" },
  { "verify", NULL, "repair json", mugai_cli_quarantine_verify, "すべての項目を検証します（--repair で索引を修復）",
    "proves every item (--repair mends the index)" },
  { "backup", "DIR", "", mugai_cli_quarantine_backup, "DIR へバックアップします", "backs up to DIR" },
  { "restore", "DIR", "", mugai_cli_quarantine_restore, "DIR から空の隔離領域へ復元します",
    "restores DIR into an empty store" },
  { "rotate-key", NULL, "reason json", mugai_cli_quarantine_rotate, "マスター鍵を切り替えます", "a new master key" },
};

static void print_usage (FILE *out) {
  fputs (MUGAI_CLI_WORDS ("使い方:\n", "Usage:\n"), out);
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    fprintf (out, "  mugai quarantine %-10s %-3s  %s\n", commands[i].name,
             commands[i].argument != NULL ? commands[i].argument : "",
             MUGAI_CLI_WORDS (commands[i].ja, commands[i].en));
  fputs (
      MUGAI_CLI_WORDS (
          "\n各コマンドのオプションは mugai quarantine コマンド --help で表示します\n共通: --config "
          "FILE（既定 " MUGAI_CLI_DEFAULT_CONFIG "）または --store DIR\n"
          "表示と取り出しを含め、行ったことは監査記録に残ります。記録できないときは行いません\n",
          "\nmugai quarantine COMMAND --help lists its options.\nAll: --config FILE (default " MUGAI_CLI_DEFAULT_CONFIG
          ") or --store DIR\n"
          "Every act, a look and an export too, is put on the audit chain; what cannot be recorded is not done.\n"),
      out);
}

#define MAX_CHOICES 24u

/* Whether @name is among the words of @list. */
static gboolean is_listed (const char *list, const char *name) {
  g_auto (GStrv) words = g_strsplit (list, " ", -1);

  return g_strv_contains ((const char *const *) words, name);
}

static gboolean parse (Options *options, int *argc, char ***argv, gsize which, GError **error) {
  const GOptionEntry choices[] = {
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &options->config_path, "mugai.yaml (" MUGAI_CLI_DEFAULT_CONFIG ")",
      "FILE" },
    { "store", 0, 0, G_OPTION_ARG_FILENAME, &options->store,
      MUGAI_CLI_WORDS ("隔離領域のフォルダ", "folder of the quarantine"), "DIR" },
    { "keys", 0, 0, G_OPTION_ARG_FILENAME, &options->keys, MUGAI_CLI_WORDS ("鍵のフォルダ", "folder of the keys"),
      "DIR" },
    { "since", 0, 0, G_OPTION_ARG_FILENAME, &options->since,
      MUGAI_CLI_WORDS ("この日時以降（2026-11-21T09 など）", "from then on (2026-11-21T09, ...)"), "TIME" },
    { "until", 0, 0, G_OPTION_ARG_FILENAME, &options->until, MUGAI_CLI_WORDS ("この日時まで", "until then"), "TIME" },
    { "text", 0, 0, G_OPTION_ARG_FILENAME, &options->text,
      MUGAI_CLI_WORDS ("アドレス、件名、ID に含まれる文字列", "in an address, the subject, an id"), "TEXT" },
    { "state", 0, 0, G_OPTION_ARG_FILENAME, &options->state,
      MUGAI_CLI_WORDS ("この状態だけ: held 保管中、requested 承認待ち、approved 承認済み、queued 送信中、failed "
                       "送信失敗、done 送信済み、"
                       "refused 却下、delayed 送信待ち、recalled 取り消し、deleted・expired 廃棄済み",
                       "held, requested, approved, queued, failed, done, refused, delayed, recalled, deleted, expired"),
      "STATE" },
    { "limit", 0, 0, G_OPTION_ARG_INT, &options->limit, MUGAI_CLI_WORDS ("件数", "how many"), "N" },
    { "offset", 0, 0, G_OPTION_ARG_INT, &options->offset, MUGAI_CLI_WORDS ("読み飛ばす件数", "skip so many"), "N" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &options->json, MUGAI_CLI_WORDS ("JSON で出力", "JSON for programs"), NULL },
    { "part", 0, 0, G_OPTION_ARG_FILENAME, &options->part,
      MUGAI_CLI_WORDS ("取り出す部分（1.2 など）", "the part to take out (1.2, ...)"), "PATH" },
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &options->output, MUGAI_CLI_WORDS ("出力ファイル", "file to write"),
      "FILE" },
    { "reason", 0, 0, G_OPTION_ARG_FILENAME, &options->reason, MUGAI_CLI_WORDS ("理由", "why"), "TEXT" },
    { "to", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->to,
      MUGAI_CLI_WORDS ("この宛先だけ（既定は全員）", "only to this recipient (all)"), "ADDR" },
    { "as", 0, 0, G_OPTION_ARG_FILENAME, &options->form,
      MUGAI_CLI_WORDS ("original（元のまま）、attachment（添付して）、text（文字だけ）",
                       "original, attachment or text"),
      "FORM" },
    { "days", 0, 0, G_OPTION_ARG_INT, &options->days, MUGAI_CLI_WORDS ("日数", "days from now"), "N" },
    { "month", 0, 0, G_OPTION_ARG_FILENAME, &options->month, MUGAI_CLI_WORDS ("月", "the month"), "YYYY-MM" },
    { "repair", 0, 0, G_OPTION_ARG_NONE, &options->repair,
      MUGAI_CLI_WORDS ("索引を修復", "mend the index from the blobs"), NULL },
    { "again", 0, 0, G_OPTION_ARG_NONE, &options->again,
      MUGAI_CLI_WORDS ("結果が不明なものも再送", "send again what may have arrived"), NULL },
    { "timeout", 0, 0, G_OPTION_ARG_INT, &options->timeout_s,
      MUGAI_CLI_WORDS ("1 通を送るのに待つ秒数（最大 300）", "seconds to wait for the MTA with one mail (at most 300)"),
      "S" },
    { "end", 0, 0, G_OPTION_ARG_NONE, &options->end, MUGAI_CLI_WORDS ("保全を終了", "end the legal hold"), NULL },
  };
  g_autofree char *what = g_strdup_printf ("mugai quarantine %s", commands[which].name);
  g_autofree char *wanted = g_strconcat ("config store keys ", commands[which].options, NULL);
  GOptionEntry entries[MAX_CHOICES + 1] = { 0 };
  guint n = 0;

  G_STATIC_ASSERT (G_N_ELEMENTS (choices) <= MAX_CHOICES);
  for (gsize i = 0; i < G_N_ELEMENTS (choices); i++)
    if (is_listed (wanted, choices[i].long_name))
      entries[n++] = choices[i];
  return mugai_cli_parse (what, commands[which].argument, MUGAI_CLI_WORDS (commands[which].ja, commands[which].en),
                          entries, argc, argv, error);
}

static int run (gsize which, int argc, char **argv) {
  g_auto (MugaiCliQuarantine) options = { .limit = DEFAULT_ITEMS };
  g_autoptr (GError) error = NULL;
  const char *argument = commands[which].argument;

  if (!parse (&options, &argc, &argv, which, &error))
    return mugai_cli_fail (EX_USAGE, "quarantine", MUGAI_CLI_WORDS ("オプションが正しくありません: %s", "%s"),
                           error->message);
  if (options.limit < 1 || options.offset < 0 || options.timeout_s < 0 || argc != (argument == NULL ? 1 : 2))
    return mugai_cli_fail (EX_USAGE, "quarantine", "%s",
                           MUGAI_CLI_WORDS ("引数が正しくありません（--help で使い方を表示します）",
                                            "wrong arguments (--help says how)"));
  if (!find_store (&options, &error))
    return mugai_cli_fail (EX_CONFIG, "quarantine", "%s", error->message);
  mugai_leave_no_core (); /* master keys, whole mails, with a release its tokens, too */
  return commands[which].run (&options, argument != NULL ? argv[1] : NULL);
}

int mugai_cli_quarantine (int argc, char **argv) {
  const char *name = argc > 1 ? argv[1] : NULL;

  if (g_strcmp0 (name, "--help") == 0 || g_strcmp0 (name, "-h") == 0) {
    print_usage (stdout);
    return 0;
  }
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    if (g_strcmp0 (name, commands[i].name) == 0)
      return run (i, argc - 1, argv + 1);
  print_usage (stderr);
  return EX_USAGE;
}
