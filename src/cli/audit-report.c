/* SPDX-License-Identifier: GPL-2.0-only
 *
 * cli/audit-report: a month for people: text, CSV, or HTML with plain SVG charts.
 *
 * Texts of senders stand in it: made safe for a terminal, quoted for CSV (and never a formula), escaped for HTML. The HTML loads
 * nothing and runs nothing.
 */
#include <stdio.h>
#include <string.h>

#include "mugai/base/unicode.h"

#include "audit.h"
#include "cli.h"
#include "words.h"

#define MAX_NAME_BYTES 300u
#define CHART_WIDTH 640
#define CHART_HEIGHT 160
#define MAX_BARS 31

static const struct {
  const char *key, *ja, *en;
} tables[] = {
  { "directions", "方向別", "By direction" },
  { "verdicts", "検査結果別", "By verdict" },
  { "senders", "送信者（上位 20）", "Top senders" },
  { "rules", "規則別", "By rule" },
  { "clauses", "条項別（適用された条項）", "Clauses that rules served" },
  { "exceptions", "使用された例外", "Exceptions used" },
  { "exceptions_standing", "例外の現況（使用回数、期限）", "Exceptions as they stand (uses, end)" },
  { "coverage", "基準の条項ごとの適用件数", "Clauses of the standards, with uses" },
  { "approvers", "承認者別の解除", "Releases by approver" },
  { "failures", "障害", "Failures" },
  { "acts", "操作", "Acts" },
};

static const struct {
  const char *key, *ja, *en;
} totals[] = {
  { "total", "受付", "Mails" },     { "delivered", "配送", "delivered" },         { "held", "隔離", "held" },
  { "refused", "拒否", "refused" }, { "tempfailed", "一時エラー", "tempfailed" }, { "infected", "感染", "infected" },
};

static char *name_of (json_t *row, const char *key) {
  const char *name = json_string_value (json_object_get (row, key));

  return mugai_unicode_make_safe (name != NULL && name[0] != '\0' ? name : "-", -1, MAX_NAME_BYTES);
}

static json_int_t number_of (json_t *row, const char *key) {
  json_t *value = json_object_get (row, key);

  return json_is_real (value) ? (json_int_t) json_real_value (value) : json_integer_value (value);
}

static char *anomaly_words (json_t *anomaly) {
  g_autofree char *day = name_of (anomaly, "day"), *what = name_of (anomaly, "what");

  return g_strdup_printf (MUGAI_CLI_WORDS ("%s: %s が %" JSON_INTEGER_FORMAT " 件（それまでの平均 %.1f 件）",
                                           "%s: %s: %" JSON_INTEGER_FORMAT ", the mean of the days before is %.1f"),
                          day, what, number_of (anomaly, "count"),
                          json_number_value (json_object_get (anomaly, "mean_before")));
}

/* ---- text ---- */

static void print_text (json_t *report) {
  json_t *row;
  size_t i;

  printf (MUGAI_CLI_WORDS ("監査報告 %s\n\n", "Audit report %s\n\n"),
          json_string_value (json_object_get (report, "month")));
  for (gsize t = 0; t < G_N_ELEMENTS (totals); t++)
    printf ("  %s: %" JSON_INTEGER_FORMAT "\n", MUGAI_CLI_WORDS (totals[t].ja, totals[t].en),
            number_of (json_object_get (report, "totals"), totals[t].key));
  printf (MUGAI_CLI_WORDS ("  定義ファイルの最大経過時間: %" JSON_INTEGER_FORMAT " 時間\n",
                           "  oldest signatures in use: %" JSON_INTEGER_FORMAT " hours\n"),
          number_of (report, "signature_age_s") / 3600);
  for (gsize t = 0; t < G_N_ELEMENTS (tables); t++) {
    json_t *rows = json_object_get (report, tables[t].key);
    if (json_array_size (rows) > 0)
      printf ("\n%s\n", MUGAI_CLI_WORDS (tables[t].ja, tables[t].en));
    json_array_foreach (rows, i, row) {
      g_autofree char *name = name_of (row, "name");
      printf ("  %8" JSON_INTEGER_FORMAT "  %s\n", number_of (row, "n"), name);
    }
  }
  json_t *anomalies = json_object_get (report, "anomalies");
  if (json_array_size (anomalies) > 0)
    printf ("\n%s\n", MUGAI_CLI_WORDS ("通常と異なる日", "Days unlike those before"));
  json_array_foreach (anomalies, i, row) {
    g_autofree char *words = anomaly_words (row);
    printf ("  %s\n", words);
  }
}

/* ---- CSV ---- */

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

static void print_csv (json_t *report) {
  json_t *row;
  size_t i;

  fputs ("\"table\",\"name\",\"count\"\r\n", stdout);
  for (gsize t = 0; t < G_N_ELEMENTS (totals); t++)
    print_csv_row ("totals", totals[t].key, number_of (json_object_get (report, "totals"), totals[t].key));
  print_csv_row ("signatures", "oldest_s", number_of (report, "signature_age_s"));
  json_array_foreach (json_object_get (report, "days"), i, row) {
    for (gsize t = 0; t < G_N_ELEMENTS (totals); t++) {
      g_autofree char *day = name_of (row, "day");
      g_autofree char *table = g_strdup_printf ("day-%s", totals[t].key);
      print_csv_row (table, day, number_of (row, totals[t].key));
    }
  }
  for (gsize t = 0; t < G_N_ELEMENTS (tables); t++) {
    json_array_foreach (json_object_get (report, tables[t].key), i, row) {
      g_autofree char *name = name_of (row, "name");
      print_csv_row (tables[t].key, name, number_of (row, "n"));
    }
  }
  json_array_foreach (json_object_get (report, "anomalies"), i, row) {
    g_autofree char *day = name_of (row, "day"), *what = name_of (row, "what");
    g_autofree char *name = g_strdup_printf ("%s %s", day, what);
    print_csv_row ("anomalies", name, number_of (row, "count"));
  }
}

/* ---- HTML ---- */

static void print_chart (json_t *days, const char *key, const char *title) {
  json_int_t most = 1;
  json_t *row;
  size_t i;

  json_array_foreach (days, i, row) most = MAX (most, number_of (row, key));
  printf ("<h2>%s</h2>\n<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" role=\"img\" "
          "aria-label=\"%s\">\n",
          title, CHART_WIDTH, CHART_HEIGHT + 20, CHART_WIDTH, title);
  json_array_foreach (days, i, row) {
    int width = CHART_WIDTH / MAX_BARS;
    int height = (int) ((double) number_of (row, key) / (double) most * CHART_HEIGHT);
    g_autofree char *day = name_of (row, "day");
    if (i >= MAX_BARS)
      break;
    printf ("<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"#36c\"><title>%s: %" JSON_INTEGER_FORMAT
            "</title></rect><text x=\"%d\" y=\"%d\" font-size=\"9\">%.2s</text>\n",
            (int) i * width, CHART_HEIGHT - height, width - 3, height, day, number_of (row, key), (int) i * width,
            CHART_HEIGHT + 14, strlen (day) >= 10 ? day + 8 : day);
  }
  fputs ("</svg>\n", stdout);
}

static void print_html (json_t *report) {
  const char *month = json_string_value (json_object_get (report, "month"));
  json_t *row;
  size_t i;

  printf ("<!DOCTYPE html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\"><title>mugai %s</title>\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
          "<style>body{font-family:sans-serif;max-width:50em;margin:2em auto}td{padding:0 1em 0 "
          "0}td:first-child{text-align:right}</style>"
          "</head><body>\n<h1>%s %s</h1>\n<table>\n",
          mugai_cli_japanese () ? "ja" : "en", month, MUGAI_CLI_WORDS ("監査報告", "Audit report"), month);
  for (gsize t = 0; t < G_N_ELEMENTS (totals); t++)
    printf ("<tr><td>%" JSON_INTEGER_FORMAT "</td><td>%s</td></tr>\n",
            number_of (json_object_get (report, "totals"), totals[t].key),
            MUGAI_CLI_WORDS (totals[t].ja, totals[t].en));
  printf ("<tr><td>%" JSON_INTEGER_FORMAT "</td><td>%s</td></tr>\n</table>\n",
          number_of (report, "signature_age_s") / 3600,
          MUGAI_CLI_WORDS ("定義ファイルの最大経過時間 [時間]", "oldest signatures in use [h]"));
  for (gsize t = 0; t < G_N_ELEMENTS (totals); t++)
    print_chart (json_object_get (report, "days"), totals[t].key, MUGAI_CLI_WORDS (totals[t].ja, totals[t].en));
  for (gsize t = 0; t < G_N_ELEMENTS (tables); t++) {
    printf ("<h2>%s</h2>\n<table>\n", MUGAI_CLI_WORDS (tables[t].ja, tables[t].en));
    json_array_foreach (json_object_get (report, tables[t].key), i, row) {
      g_autofree char *name = name_of (row, "name");
      g_autofree char *escaped = g_markup_escape_text (name, -1);
      printf ("<tr><td>%" JSON_INTEGER_FORMAT "</td><td>%s</td></tr>\n", number_of (row, "n"), escaped);
    }
    fputs ("</table>\n", stdout);
  }
  printf ("<h2>%s</h2>\n<ul>\n", MUGAI_CLI_WORDS ("通常と異なる日", "Days unlike those before"));
  json_array_foreach (json_object_get (report, "anomalies"), i, row) {
    g_autofree char *words = anomaly_words (row);
    printf ("<li>%s</li>\n", words);
  }
  fputs ("</ul>\n</body></html>\n", stdout);
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
    print_html (report);
  else if (strcmp (format, "text") == 0)
    print_text (report);
  else
    return mugai_cli_fail (EX_USAGE, "audit report", "%s",
                           MUGAI_CLI_WORDS ("形式は text、csv、html、json です", "formats are text, csv, html, json"));
  return 0;
}
