/* SPDX-License-Identifier: GPL-2.0-only
 *
 * cli/audit: mugai audit show and mugai audit verify.
 *
 * Reads only, and works on a copy of the chain elsewhere. verify's exit status is 0 when every line is proven, 1 when one is at
 * fault.
 */
#include "mugai/audit.h"

#include <stdio.h>
#include <string.h>

#include "mugai/keeper.h"
#include "mugai/base/unicode.h"

#include "audit.h"
#include "cli.h"
#include "quarantine-words.h"
#include "words.h"

#define DEFAULT_CONFIG "/etc/mugai/mugai.yaml"
#define DEFAULT_LINES 20
#define EXIT_FAULT 1
#define KEEPER_WAIT_MS 3000

typedef MugaiCliAudit Options;

static void options_clear (MugaiCliAudit *options) {
  char **texts[] = { &options->config_path,  &options->audit, &options->index,   &options->key,     &options->anchor,
                     &options->since,        &options->until, &options->address, &options->subject, &options->queue_id,
                     &options->message_id,   &options->id,    &options->sha256,  &options->rule,    &options->action,
                     &options->verdict,      &options->actor, &options->kind,    &options->month,   &options->format,
                     &options->keeper_socket };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (*texts[i]);
  mugai_config_free (options->config);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (MugaiCliAudit, options_clear)

/* (transfer full): the folder of the chain; NULL and @error. */
static char *find_folder (MugaiCliAudit *options, const char *given, GError **error) {
  if (given != NULL || (options->audit != NULL && options->config_path == NULL))
    return g_strdup (given != NULL ? given : options->audit);
  options->config = mugai_config_load (options->config_path != NULL ? options->config_path : DEFAULT_CONFIG, error);
  if (options->config == NULL)
    return NULL;
  options->keeper_socket = mugai_config_keeper_socket (options->config);
  return g_strdup (options->audit != NULL ? options->audit : options->config->audit);
}

gboolean mugai_cli_audit_note (const MugaiCliAudit *options, const char *kind, json_t *more, int *ret_status) {
  g_autoptr (MugaiJson) body = more != NULL ? more : json_object ();
  g_autoptr (GError) error = NULL;

  if (options->keeper_socket == NULL) /* a copy elsewhere */
    return TRUE;
  if (mugai_cli_japanese ())
    json_object_set_new (body, "language", json_string ("ja"));
  g_autoptr (MugaiJson) answer = mugai_keeper_act (options->keeper_socket, kind, body, KEEPER_WAIT_MS, &error);
  if (answer != NULL)
    return TRUE;
  gboolean refused = g_error_matches (error, MUGAI_KEEPER_ERROR, MUGAI_KEEPER_ERROR_FAILED);
  *ret_status = mugai_cli_fail (refused ? EX_NOPERM : EX_TEMPFAIL, "audit", "%s", mugai_cli_keeper_words (error));
  return FALSE;
}

/* ---- show ---- */

typedef struct {
  const Options *options;
  GPtrArray *lines; /* of json_t */
} Collection;

static gboolean collect (json_t *line, gpointer data) {
  Collection *collection = data;
  const Options *options = collection->options;
  const char *kind = json_string_value (json_object_get (line, "kind"));

  if (options->kind == NULL || g_strcmp0 (options->kind, kind) == 0)
    g_ptr_array_add (collection->lines, json_incref (line));
  return options->limit == 0 || collection->lines->len < (guint) options->limit;
}

static const char *text_at (json_t *object, const char *key) {
  const char *text = json_string_value (json_object_get (object, key));

  return text != NULL ? text : "";
}

/* (transfer full): what an act was about; of one that is about nothing of these, all that it says. */
static char *summarise_act (json_t *body) {
  static const char *const members[] = { "item", "recipient", "month", "because", "reason", "reply" };
  g_autoptr (GString) text = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (members); i++) {
    const char *value = text_at (body, members[i]);
    if (value[0] != '\0')
      g_string_append_printf (text, "%s%s", text->len > 0 ? " " : "", value);
  }
  return text->len > 0 ? g_strdup (text->str) : mugai_json_line (body);
}

/* (transfer full): a line's body in one line for people. */
static char *summarise (json_t *line) {
  json_t *body = json_object_get (line, "body");
  json_t *recipients = json_object_get (body, "recipients");

  if (strcmp (text_at (line, "kind"), "record") != 0)
    return summarise_act (body);
  const char *rule = text_at (json_array_get (json_object_get (body, "reasons"), 0), "rule");
  size_t n = json_array_size (recipients);
  g_autofree char *more = n > 1 ? g_strdup_printf (" +%" G_GSIZE_FORMAT, n - 1) : g_strdup ("");
  return g_strdup_printf ("%s %s%s%s%s <%s> → <%s>%s %s", text_at (body, "id"),
                          mugai_cli_words_mail_action (text_at (body, "action")), rule[0] != '\0' ? " (" : "", rule,
                          rule[0] != '\0' ? ")" : "", text_at (json_object_get (body, "envelope"), "from"),
                          text_at (json_array_get (recipients, 0), "address"), more, text_at (body, "subject"));
}

static void print_json (GPtrArray *lines) {
  for (guint i = lines->len; i > 0; i--) {
    g_autofree char *text = mugai_json_line (g_ptr_array_index (lines, i - 1));
    puts (text);
  }
}

static void print_table (GPtrArray *lines) {
  const MugaiCliColumn columns[] = { { MUGAI_CLI_WORDS ("番号", "NO"), 0 },
                                     { MUGAI_CLI_WORDS ("日時", "TIME"), 0 },
                                     { MUGAI_CLI_WORDS ("種類", "KIND"), 20 },
                                     { MUGAI_CLI_WORDS ("実行者", "ACTOR"), 30 },
                                     { MUGAI_CLI_WORDS ("内容", "WHAT"), 160 } };
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);

  for (guint i = lines->len; i > 0; i--) {
    json_t *line = g_ptr_array_index (lines, i - 1);
    char **row = g_new0 (char *, G_N_ELEMENTS (columns) + 1);
    row[0] = g_strdup_printf ("%" JSON_INTEGER_FORMAT, json_integer_value (json_object_get (line, "seq")));
    row[1] = mugai_cli_local_time (text_at (line, "at"));
    row[2] = g_strdup (mugai_cli_words_act_kind (text_at (line, "kind")));
    row[3] = g_strdup (text_at (line, "actor")); /* as --actor finds it */
    row[4] = summarise (line);
    g_ptr_array_add (rows, row);
  }
  mugai_cli_table (columns, G_N_ELEMENTS (columns), rows);
}

void mugai_cli_audit_print (GPtrArray *lines, gboolean json) {
  if (json)
    print_json (lines);
  else
    print_table (lines);
}

static int show (const Options *options, const char *folder) {
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func ((GDestroyNotify) json_decref);
  Collection collection = { options, lines };
  g_autoptr (GError) error = NULL;

  if (!mugai_audit_each_back (folder, collect, &collection, &error))
    return mugai_cli_fail (EX_IOERR, "audit show", "%s", error->message);
  mugai_cli_audit_print (lines, options->json);
  return 0;
}

/* ---- verify ---- */

static void print_report_json (const MugaiAuditReport *report) {
  g_autoptr (MugaiJson) object = json_object ();

  json_object_set_new (object, "ok", json_boolean (report->ok));
  json_object_set_new (object, "lines", json_integer ((json_int_t) report->lines));
  json_object_set_new (object, "file", mugai_json_string (report->file));
  json_object_set_new (object, "line", report->ok ? json_null () : json_integer ((json_int_t) report->line));
  json_object_set_new (object, "fault", mugai_json_string (report->fault));
  json_object_set_new (object, "signatures", json_boolean (report->signatures));
  g_autofree char *text = mugai_json_line (object);
  puts (text);
}

static void print_report (const MugaiAuditReport *report) {
  if (report->ok)
    printf (MUGAI_CLI_WORDS ("正常: %" G_GUINT64_FORMAT " 件すべてを検証しました\n",
                             "ok: %" G_GUINT64_FORMAT " lines proven\n"),
            report->lines);
  if (report->ok && !report->signatures)
    fputs (MUGAI_CLI_WORDS ("署名は検証していません（公開鍵がありません。--key FILE）\n",
                            "no signature was looked at: no public key is here (--key FILE)\n"),
           stdout);
  if (!report->ok)
    printf (MUGAI_CLI_WORDS ("異常: %s の %" G_GUINT64_FORMAT " 行目: %s\nその前の %" G_GUINT64_FORMAT
                             " 件は正常です\n",
                             "FAULT: %s line %" G_GUINT64_FORMAT ": %s\nthe %" G_GUINT64_FORMAT
                             " lines before it are proven\n"),
            report->file, report->line, report->fault, report->lines);
}

static int verify (const Options *options, const char *folder) {
  g_autoptr (GError) error = NULL;
  MugaiAuditReport report;

  if (!mugai_audit_verify_signed (folder, options->key, options->anchor, &report, &error))
    return mugai_cli_fail (EX_IOERR, "audit verify", "%s", error->message);
  if (options->json)
    print_report_json (&report);
  else
    print_report (&report);
  int status = report.ok ? 0 : EXIT_FAULT;
  mugai_audit_report_clear (&report);
  return status;
}

/* ---- the commands ---- */

static const struct {
  const char *name;
  int (*run) (const Options *options, const char *folder);
  int limit; /* when none is given */
  const char *ja, *en;
} commands[] = {
  { "show", show, DEFAULT_LINES, "記録を古い順に表示します（既定は最後の 20 件、--limit 0 で全件）",
    "prints lines of the chain, oldest first (the last 20; --limit 0: all)" },
  { "search", mugai_cli_audit_search, 50, "索引で探します（日時、アドレス、件名、ID、ハッシュ、規則、判定、実行者）",
    "finds by time, address, subject, ids, hash, rule, verdict, actor" },
  { "verify", verify, 0, "記録を検証し、最初の異常の場所を示します（--key 公開鍵、--anchor 控え）",
    "proves the chain, and names the first line that is altered, missing, moved or torn" },
  { "report", mugai_cli_audit_report, 0, "月次報告（--month、--format text|csv|html）",
    "a month's figures (--month, --format text|csv|html)" },
  { "checkpoint", mugai_cli_audit_checkpoint, 0, "署名した控えを出力します（別の場所に保管。--print で紙用の短い形）",
    "signs, and prints the signed head: keep it elsewhere, an anchor for verify (--print: short, for paper)" },
  { "policy", mugai_cli_audit_policy, 0, "取得項目、保存期間、記録できない場合の対処",
    "what is logged, for how long, and what is done when it cannot be" },
};

static void print_usage (FILE *out) {
  fputs (MUGAI_CLI_WORDS ("使い方:\n", "Usage:\n"), out);
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    fprintf (out, "  mugai audit %-10s [--config FILE | DIR]  %s\n", commands[i].name,
             MUGAI_CLI_WORDS (commands[i].ja, commands[i].en));
}

#define TEXT(name, field, ja, en, argument)                                                                            \
  { name, 0, 0, G_OPTION_ARG_FILENAME, &options->field, MUGAI_CLI_WORDS (ja, en), argument }

static gboolean parse (Options *options, int *argc, char ***argv, gsize which, GError **error) {
  const GOptionEntry entries[] = {
    TEXT ("config", config_path, "mugai.yaml (" DEFAULT_CONFIG ")", "mugai.yaml (" DEFAULT_CONFIG ")", "FILE"),
    TEXT ("audit", audit, "監査記録のフォルダ", "folder of the chain", "DIR"),
    TEXT ("index", index, "検索用の索引ファイル", "file of the search index", "FILE"),
    TEXT ("key", key, "公開鍵（別に保管したもの）", "public key, kept elsewhere", "FILE"),
    TEXT ("anchor", anchor, "別に保管した控え（ファイル、または番号:数字）",
          "a head kept elsewhere: the file, or NUMBER:DIGITS", "FILE"),
    TEXT ("since", since, "この日時以降", "from then on (2026-11-21T09, ...)", "TIME"),
    TEXT ("until", until, "この日時まで", "until then", "TIME"),
    TEXT ("address", address, "差出人または宛先（@domain も可）", "sender or recipient, or @domain", "ADDR"),
    TEXT ("subject", subject, "件名に含まれる文字列", "in the subject", "TEXT"),
    TEXT ("queue-id", queue_id, "キュー ID", "the MTA's queue id", "ID"),
    TEXT ("message-id", message_id, "Message-ID", "Message-ID", "ID"),
    TEXT ("id", id, "受付番号", "mugai's id", "ID"),
    TEXT ("sha256", sha256, "添付の SHA-256", "SHA-256 of a part or original", "HEX"),
    TEXT ("rule", rule, "規則", "rule", "ID"),
    TEXT ("action", action, "処理", "deliver, hold, refuse, tempfail", "ACTION"),
    TEXT ("verdict", verdict, "検査結果", "infected, encrypted, ...", "VERDICT"),
    TEXT ("actor", actor, "実行者", "who did it (uid:1001:hana)", "ACTOR"),
    TEXT ("kind", kind, "この種類だけ（record など）", "lines of this kind only (record, ...)", "KIND"),
    TEXT ("month", month, "月", "the month", "YYYY-MM"),
    TEXT ("format", format, "text、csv、html、json", "text, csv, html, json", "FORMAT"),
    { "limit", 0, 0, G_OPTION_ARG_INT, &options->limit, MUGAI_CLI_WORDS ("件数", "how many; 0: all (show)"), "N" },
    { "offset", 0, 0, G_OPTION_ARG_INT, &options->offset, MUGAI_CLI_WORDS ("読み飛ばす件数", "skip so many"), "N" },
    { "rebuild", 0, 0, G_OPTION_ARG_NONE, &options->rebuild,
      MUGAI_CLI_WORDS ("索引を作り直す", "make the search index anew"), NULL },
    { "print", 0, 0, G_OPTION_ARG_NONE, &options->print,
      MUGAI_CLI_WORDS ("書き留めやすい短い形で出力（checkpoint）", "short, for paper (checkpoint)"), NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &options->json, MUGAI_CLI_WORDS ("JSON で出力", "JSON for programs"), NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autofree char *what = g_strdup_printf ("mugai audit %s", commands[which].name);

  return mugai_cli_parse (what, "[DIR]", MUGAI_CLI_WORDS (commands[which].ja, commands[which].en), entries, argc, argv,
                          error);
}

static int run (gsize which, int argc, char **argv) {
  g_auto (MugaiCliAudit) options = { .limit = commands[which].limit };
  g_autoptr (GError) error = NULL;

  if (!parse (&options, &argc, &argv, which, &error))
    return mugai_cli_fail (EX_USAGE, "audit", "%s", error->message);
  if (options.limit < 0 || options.offset < 0 || argc > 2)
    return mugai_cli_fail (EX_USAGE, "audit", "%s", MUGAI_CLI_WORDS ("引数が正しくありません", "wrong arguments"));
  g_autofree char *folder = find_folder (&options, argc > 1 ? argv[1] : NULL, &error);
  if (folder == NULL)
    return mugai_cli_fail (EX_CONFIG, "audit", "%s", error->message);
  return commands[which].run (&options, folder);
}

int mugai_cli_audit (int argc, char **argv) {
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
