/* SPDX-License-Identifier: GPL-2.0-only
 *
 * cli/audit-report: a month for people: what its figures are called; text and CSV. HTML is audit-page.c's.
 *
 * Texts of senders stand in it: made safe for a terminal, quoted for CSV (and never a formula).
 */
#include "audit-report.h"

#include <stdio.h>
#include <string.h>

#include "mugai/base/unicode.h"

#include "audit.h"
#include "cli.h"
#include "quarantine-words.h"

#define MAX_NAME_BYTES 300u

/* ---- words ---- */

static const MugaiCliWord failures[] = {
  { "no-worker", "検査工程に空きがなかった", "no worker was idle" },
  { "worker-died", "検査工程が 1 度落ちた", "a worker died once" },
  { "worker-died-twice", "検査工程が 2 度落ちた", "a worker died twice" },
  { "message-unreadable", "メールを読み取れなかった", "the message could not be read" },
  { "scanner-missing", "ウイルス定義がなかった", "no signatures were loaded" },
  { "signatures-stale", "ウイルス定義が古かった", "the signatures were old" },
  { "facts-invalid", "検査結果が壊れていた", "what a worker found was not well-formed" },
  { "gate-refused", "最終確認で止めた", "the last check refused it" },
  { "keeper-failed", "保管・記録ができなかった", "it could not be kept or recorded" },
};

static char *direction_name (const char *id) {
  return g_strdup (mugai_cli_words_direction (id));
}

static char *scan_name (const char *id) {
  return g_strdup (mugai_cli_words_scan (id));
}

static char *act_name (const char *id) {
  return g_strdup (mugai_cli_words_act_kind (id));
}

static char *failure_name (const char *id) {
  return g_strdup (mugai_cli_word (failures, G_N_ELEMENTS (failures), id));
}

const MugaiCliMonthTable mugai_cli_month_tables[MUGAI_CLI_N_MONTH_TABLES] = {
  { "directions", "方向別", "By direction", direction_name },
  { "verdicts", "検査結果別", "By verdict", scan_name },
  { "senders", "送信者（上位 20）", "Top senders", NULL },
  { "rules", "規則別", "By rule", NULL },
  { "clauses", "条項別（適用された条項）", "Clauses that rules served", NULL },
  { "exceptions", "使用された例外", "Exceptions used", NULL },
  { "exceptions_standing", "例外の現況（使用回数、期限）", "Exceptions as they stand (uses, end)", NULL },
  { "coverage", "基準の条項ごとの適用件数", "Clauses of the standards, with uses", NULL },
  { "approvers", "承認者別の解除", "Releases by approver", mugai_cli_words_person },
  { "failures", "障害", "Failures", failure_name },
  { "acts", "操作", "Acts", act_name },
};

const MugaiCliMonthTotal mugai_cli_month_totals[MUGAI_CLI_N_MONTH_TOTALS] = {
  { "total", "受付", "Mails", "判定したメールの総数", "all that were decided on" },
  { "delivered", "配達", "delivered", "配達したメール（無害化したものを含む）", "as they were, or made harmless" },
  { "held", "保管", "held", "配達せず、隔離領域に保管したメール", "kept in the quarantine, not delivered" },
  { "refused", "拒否", "refused", "受け取らず、送信側にその旨を返したメール", "not taken; the sending side was told" },
  { "tempfailed", "一時エラー", "put off", "今は受け取れず、送り直しを求めたメール",
    "to be sent again; nothing is lost" },
  { "infected", "ウイルス検出", "infected", "ウイルスが見つかったメール（上のいずれかに含まれます）",
    "a virus was found (counted above, too)" },
};

char *mugai_cli_month_count (json_int_t n) {
  g_autofree char *digits = g_strdup_printf ("%" JSON_INTEGER_FORMAT, n);
  GString *text = g_string_new (digits);

  for (gssize at = (gssize) strlen (digits) - 3; at > 0; at -= 3)
    g_string_insert_c (text, at, ',');
  return g_string_free (text, FALSE);
}

/* Whether a section without a row is worth a line: that there was none is news, that nothing stands beside a copy of a chain is none. */
gboolean mugai_cli_month_has (json_t *report, const MugaiCliMonthTable *table) {
  return json_object_get (report, table->key) != NULL;
}

char *mugai_cli_month_name (const MugaiCliMonthTable *table, json_t *row) {
  const char *name = json_string_value (json_object_get (row, "name"));
  g_autofree char *word = table->word != NULL && name != NULL ? table->word (name) : g_strdup (name);

  return mugai_unicode_make_safe (word != NULL && word[0] != '\0' ? word : "-", -1, MAX_NAME_BYTES);
}

json_int_t mugai_cli_month_number (json_t *row, const char *key) {
  json_t *value = json_object_get (row, key);

  return json_is_real (value) ? (json_int_t) json_real_value (value) : json_integer_value (value);
}

static const char *total_words (const char *key) {
  for (gsize i = 0; i < MUGAI_CLI_N_MONTH_TOTALS; i++)
    if (strcmp (mugai_cli_month_totals[i].key, key) == 0)
      return MUGAI_CLI_WORDS (mugai_cli_month_totals[i].ja, mugai_cli_month_totals[i].en);
  return key;
}

char *mugai_cli_month_anomaly (json_t *anomaly) {
  const char *day = json_string_value (json_object_get (anomaly, "day")),
             *what = json_string_value (json_object_get (anomaly, "what"));
  g_autofree char *safe = mugai_unicode_make_safe (day != NULL ? day : "-", -1, MAX_NAME_BYTES);
  g_autofree char *count = mugai_cli_month_count (mugai_cli_month_number (anomaly, "count"));

  return g_strdup_printf (MUGAI_CLI_WORDS ("%s: %s が %s 件（その前 4 週間の平均は 1 日 %.1f 件）",
                                           "%s: %s: %s; the mean of the four weeks before is %.1f a day"),
                          safe, total_words (what != NULL ? what : "-"), count,
                          json_number_value (json_object_get (anomaly, "mean_before")));
}

/* ---- text ---- */

/* A number at the right of its column, in front of what it counts. */
static void print_count (json_int_t n, const char *name) {
  g_autofree char *count = mugai_cli_month_count (n);

  printf ("  %12s  %s\n", count, name);
}

static void print_totals (json_t *report) {
  printf (MUGAI_CLI_WORDS ("月次報告 %s\n\n", "Report on %s\n\n"),
          json_string_value (json_object_get (report, "month")));
  for (gsize t = 0; t < MUGAI_CLI_N_MONTH_TOTALS; t++) {
    const MugaiCliMonthTotal *total = &mugai_cli_month_totals[t];
    g_autofree char *name =
        g_strdup_printf (MUGAI_CLI_WORDS ("%s: %s", "%s: %s"), MUGAI_CLI_WORDS (total->ja, total->en),
                         MUGAI_CLI_WORDS (total->meaning_ja, total->meaning_en));
    print_count (mugai_cli_month_number (json_object_get (report, "totals"), total->key), name);
  }
  print_count (mugai_cli_month_number (report, "signature_age_s") / 3600,
               MUGAI_CLI_WORDS ("時間: ウイルス定義がもっとも古かったとき", "hours: the oldest signatures in use"));
}

static void print_anomalies (json_t *report) {
  json_t *row;
  size_t i;

  printf ("\n%s\n", MUGAI_CLI_WORDS (MUGAI_CLI_ANOMALIES_JA, MUGAI_CLI_ANOMALIES_EN));
  if (json_array_size (json_object_get (report, "anomalies")) == 0)
    printf ("  %s\n", MUGAI_CLI_WORDS ("ありませんでした", "none"));
  json_array_foreach (json_object_get (report, "anomalies"), i, row) {
    g_autofree char *words = mugai_cli_month_anomaly (row);
    printf ("  %s\n", words);
  }
}

static void print_text (json_t *report) {
  json_t *row;
  size_t i;

  print_totals (report);
  print_anomalies (report);
  for (gsize t = 0; t < MUGAI_CLI_N_MONTH_TABLES; t++) {
    const MugaiCliMonthTable *table = &mugai_cli_month_tables[t];
    json_t *rows = json_object_get (report, table->key);
    if (!mugai_cli_month_has (report, table))
      continue;
    printf ("\n%s\n", MUGAI_CLI_WORDS (table->ja, table->en));
    if (json_array_size (rows) == 0)
      printf ("  %s\n", MUGAI_CLI_WORDS ("ありませんでした", "none"));
    json_array_foreach (rows, i, row) {
      g_autofree char *name = mugai_cli_month_name (table, row);
      print_count (mugai_cli_month_number (row, "n"), name);
    }
  }
}

/* ---- CSV ---- */

#define BYTE_ORDER_MARK "\xEF\xBB\xBF" /* else a spreadsheet takes UTF-8 for Shift_JIS */

/* Quoted; what a spreadsheet would take for a formula gets an apostrophe. */
static void print_cell (const char *text, gboolean last) {
  printf ("\"%s", strchr ("=+-@\t\r", text[0]) != NULL && text[0] != '\0' ? "'" : "");
  for (; *text != '\0'; text++) {
    if (*text == '"')
      putchar ('"');
    putchar (*text);
  }
  fputs (last ? "\"\r\n" : "\",", stdout);
}

static void print_csv_row (const char *table, const char *name, json_int_t n) {
  g_autofree char *number = g_strdup_printf ("%" JSON_INTEGER_FORMAT, n);

  print_cell (table, FALSE);
  print_cell (name, FALSE);
  print_cell (number, TRUE);
}

static void print_csv_totals (const char *table, json_t *row) {
  for (gsize t = 0; t < MUGAI_CLI_N_MONTH_TOTALS; t++) {
    const MugaiCliMonthTotal *total = &mugai_cli_month_totals[t];
    print_csv_row (table, MUGAI_CLI_WORDS (total->ja, total->key), mugai_cli_month_number (row, total->key));
  }
}

static void print_csv_tables (json_t *report) {
  json_t *row;
  size_t i;

  for (gsize t = 0; t < MUGAI_CLI_N_MONTH_TABLES; t++) {
    const MugaiCliMonthTable *table = &mugai_cli_month_tables[t];
    json_array_foreach (json_object_get (report, table->key), i, row) {
      g_autofree char *name = mugai_cli_month_name (table, row);
      print_csv_row (MUGAI_CLI_WORDS (table->ja, table->key), name, mugai_cli_month_number (row, "n"));
    }
  }
}

static void print_csv (json_t *report) {
  json_t *row;
  size_t i;

  fputs (BYTE_ORDER_MARK, stdout);
  fputs (MUGAI_CLI_WORDS ("\"表\",\"項目\",\"件数\"\r\n", "\"table\",\"name\",\"count\"\r\n"), stdout);
  print_csv_totals (MUGAI_CLI_WORDS ("月の合計", "totals"), json_object_get (report, "totals"));
  print_csv_row (MUGAI_CLI_WORDS ("ウイルス定義", "signatures"), MUGAI_CLI_WORDS ("最大経過秒数", "oldest_s"),
                 mugai_cli_month_number (report, "signature_age_s"));
  json_array_foreach (json_object_get (report, "days"), i, row) {
    const char *day = json_string_value (json_object_get (row, "day"));
    print_csv_totals (day != NULL ? day : "-", row);
  }
  print_csv_tables (report);
  json_array_foreach (json_object_get (report, "anomalies"), i, row) {
    g_autofree char *words = mugai_cli_month_anomaly (row);
    print_csv_row (MUGAI_CLI_WORDS (MUGAI_CLI_ANOMALIES_JA, "anomalies"), words, mugai_cli_month_number (row, "count"));
  }
}

int mugai_cli_audit_report (const MugaiCliAudit *options, const char *folder) {
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *this_month = g_date_time_format (now, "%Y-%m");
  const char *month = options->month != NULL ? options->month : this_month;
  const char *format = options->json ? "json" : options->format != NULL ? options->format : "text";
  int status = 0;
  g_autoptr (MugaiJson) more = json_object ();

  json_object_set_new (more, "month", mugai_json_string (month));
  if (!mugai_cli_audit_note (options, "report", g_steal_pointer (&more), &status))
    return status;
  g_autoptr (MugaiJson) report = mugai_cli_audit_month (options, folder, month, &status);
  if (report == NULL)
    return status;
  mugai_cli_audit_add_standing (options, report);
  if (strcmp (format, "json") == 0) {
    g_autofree char *text = mugai_json_line (report);
    puts (text);
  } else if (strcmp (format, "csv") == 0)
    print_csv (report);
  else if (strcmp (format, "html") == 0)
    mugai_cli_month_print_page (report);
  else if (strcmp (format, "text") == 0)
    print_text (report);
  else
    return mugai_cli_fail (EX_USAGE, "audit report", "%s",
                           MUGAI_CLI_WORDS ("形式は text、csv、html、json です", "formats are text, csv, html, json"));
  return 0;
}
