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

#include "mugai/base/config.h"
#include "mugai/base/unicode.h"

#include "cli.h"
#include "words.h"

#define DEFAULT_CONFIG "/etc/mugai/mugai.yaml"
#define DEFAULT_LINES 20
#define EXIT_FAULT 1

typedef struct {
  char *config, *audit, *kind;
  int limit;
  gboolean json;
} Options;

static void options_clear (Options *options) {
  g_free (options->config);
  g_free (options->audit);
  g_free (options->kind);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static void print_usage (FILE *out) {
  fputs (
      MUGAI_CLI_WORDS ("使い方:\n"
                       "  mugai audit show [--config FILE | --audit DIR] [--kind 種類] [--limit 件数] [--json]\n"
                       "  mugai audit verify [--config FILE | DIR] [--json]\n\n"
                       "show    記録を古い順に表示します（既定は最新の 20 件、--limit 0 は全件）\n"
                       "verify  ハッシュの連鎖を検証し、最初の異常の場所を示します\n",
                       "Usage:\n"
                       "  mugai audit show [--config FILE | --audit DIR] [--kind KIND] [--limit N] [--json]\n"
                       "  mugai audit verify [--config FILE | DIR] [--json]\n\n"
                       "show    prints lines of the chain, oldest first (the last 20; --limit 0: all)\n"
                       "verify  proves the chain, and names the first line that is altered, missing, moved or torn\n"),
      out);
}

static gboolean parse (Options *options, int *argc, char ***argv, const char *name, GError **error) {
  const GOptionEntry entries[] = {
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &options->config, "mugai.yaml (" DEFAULT_CONFIG ")", "FILE" },
    { "audit", 0, 0, G_OPTION_ARG_FILENAME, &options->audit,
      MUGAI_CLI_WORDS ("監査記録のフォルダ", "folder of the chain"), "DIR" },
    { "kind", 0, 0, G_OPTION_ARG_FILENAME, &options->kind,
      MUGAI_CLI_WORDS ("この種類だけ（record など）", "lines of this kind only (record, ...)"), "KIND" },
    { "limit", 0, 0, G_OPTION_ARG_INT, &options->limit, MUGAI_CLI_WORDS ("件数", "how many; 0: all"), "N" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &options->json, MUGAI_CLI_WORDS ("JSON で出力", "JSON for programs"), NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("[DIR]");
  g_autofree char *program = g_strdup_printf ("mugai audit %s", name);

  g_set_prgname (program);
  g_option_context_add_main_entries (context, entries, NULL);
  return g_option_context_parse (context, argc, argv, error);
}

/* (transfer full): the folder of the chain; NULL and @error. */
static char *find_folder (const Options *options, const char *given, GError **error) {
  if (given != NULL)
    return g_strdup (given);
  if (options->audit != NULL)
    return g_strdup (options->audit);
  g_autoptr (MugaiConfig) config =
      mugai_config_load (options->config != NULL ? options->config : DEFAULT_CONFIG, error);
  return config != NULL ? g_strdup (config->audit) : NULL;
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

/* (transfer full): a line's body in one line for people. */
static char *summarise (json_t *line) {
  json_t *body = json_object_get (line, "body");
  json_t *recipients = json_object_get (body, "recipients");

  if (strcmp (text_at (line, "kind"), "record") != 0)
    return mugai_json_line (body);
  const char *rule = text_at (json_array_get (json_object_get (body, "reasons"), 0), "rule");
  size_t n = json_array_size (recipients);
  g_autofree char *more = n > 1 ? g_strdup_printf (" +%" G_GSIZE_FORMAT, n - 1) : g_strdup ("");
  return g_strdup_printf ("%s %s%s%s%s <%s> → <%s>%s %s", text_at (body, "id"), text_at (body, "action"),
                          rule[0] != '\0' ? " (" : "", rule, rule[0] != '\0' ? ")" : "",
                          text_at (json_object_get (body, "envelope"), "from"),
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
    row[1] = g_strdup (text_at (line, "at"));
    row[2] = g_strdup (text_at (line, "kind"));
    row[3] = g_strdup (text_at (line, "actor"));
    row[4] = summarise (line);
    g_ptr_array_add (rows, row);
  }
  mugai_cli_table (columns, G_N_ELEMENTS (columns), rows);
}

static int show (const Options *options, const char *folder) {
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func ((GDestroyNotify) json_decref);
  Collection collection = { options, lines };
  g_autoptr (GError) error = NULL;

  if (!mugai_audit_each_back (folder, collect, &collection, &error))
    return mugai_cli_fail (EX_IOERR, "audit show", "%s", error->message);
  if (options->json)
    print_json (lines);
  else
    print_table (lines);
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
  g_autofree char *text = mugai_json_line (object);
  puts (text);
}

static void print_report (const MugaiAuditReport *report) {
  if (report->ok)
    printf (MUGAI_CLI_WORDS ("正常: %" G_GUINT64_FORMAT " 件すべてを検証しました\n",
                             "ok: %" G_GUINT64_FORMAT " lines proven\n"),
            report->lines);
  else
    printf (MUGAI_CLI_WORDS ("異常: %s の %" G_GUINT64_FORMAT " 行目: %s\nその前の %" G_GUINT64_FORMAT
                             " 件は正常です\n",
                             "FAULT: %s line %" G_GUINT64_FORMAT ": %s\nthe %" G_GUINT64_FORMAT
                             " lines before it are proven\n"),
            report->file, report->line, report->fault, report->lines);
}

static int verify (const Options *options, const char *folder) {
  g_autoptr (GError) error = NULL;
  MugaiAuditReport report;

  if (!mugai_audit_verify (folder, &report, &error))
    return mugai_cli_fail (EX_IOERR, "audit verify", "%s", error->message);
  if (options->json)
    print_report_json (&report);
  else
    print_report (&report);
  int status = report.ok ? 0 : EXIT_FAULT;
  mugai_audit_report_clear (&report);
  return status;
}

static int run (const char *name, int argc, char **argv) {
  g_auto (Options) options = { .limit = DEFAULT_LINES };
  g_autoptr (GError) error = NULL;
  gboolean verifying = strcmp (name, "verify") == 0;

  if (!parse (&options, &argc, &argv, name, &error))
    return mugai_cli_fail (EX_USAGE, "audit", "%s", error->message);
  if (options.limit < 0 || argc > (verifying ? 2 : 1))
    return mugai_cli_fail (EX_USAGE, "audit", "%s", MUGAI_CLI_WORDS ("引数が正しくありません", "wrong arguments"));
  g_autofree char *folder = find_folder (&options, argc > 1 ? argv[1] : NULL, &error);
  if (folder == NULL)
    return mugai_cli_fail (EX_CONFIG, "audit", "%s", error->message);
  return verifying ? verify (&options, folder) : show (&options, folder);
}

int mugai_cli_audit (int argc, char **argv) {
  const char *name = argc > 1 ? argv[1] : NULL;

  if (g_strcmp0 (name, "--help") == 0 || g_strcmp0 (name, "-h") == 0) {
    print_usage (stdout);
    return 0;
  }
  if (g_strcmp0 (name, "show") == 0 || g_strcmp0 (name, "verify") == 0)
    return run (name, argc - 1, argv + 1);
  print_usage (stderr);
  return EX_USAGE;
}
