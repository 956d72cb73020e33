/* SPDX-License-Identifier: GPL-2.0-only
 *
 * cli/audit-page: a month as a page of HTML, with charts in plain SVG: for a section head, who prints it.
 *
 * What is unlike other months comes first. Texts of senders are escaped; the page loads nothing and runs nothing.
 */
#include "audit-report.h"

#include <stdio.h>
#include <string.h>

#define CHART_WIDTH 620
#define CHART_HEIGHT 120
#define CHART_LEFT 60 /* for the numbers at its side */
#define MAX_BARS 31

static const char style[] =
    "body{font-family:sans-serif;max-width:50em;margin:2em auto;line-height:1.5}h2{margin:1.6em 0 .3em;font-size:1.1em}"
    "table{border-collapse:collapse}td,th{padding:.15em 1em .15em 0;text-align:left;vertical-align:top}"
    "td:first-child,th:first-child{text-align:right}tr{border-bottom:1px solid #ddd}p{margin:.3em 0}"
    ".meaning{color:#555}text{font-size:10px;fill:#555}@media print{body{margin:0}svg,tr{break-inside:avoid}}";

/* ---- charts ---- */

static json_int_t most_of (json_t *days, const char *key) {
  json_int_t most = 0;
  json_t *row;
  size_t i;

  json_array_foreach (days, i, row) most = MAX (most, mugai_cli_month_number (row, key));
  return most;
}

static void print_bar (json_t *day, const char *key, size_t at, json_int_t most) {
  int width = (CHART_WIDTH - CHART_LEFT) / MAX_BARS, x = CHART_LEFT + (int) at * width;
  json_int_t n = mugai_cli_month_number (day, key);
  int height = (int) ((double) n / (double) most * CHART_HEIGHT);
  const char *date = json_string_value (json_object_get (day, "day"));

  if (date == NULL || strlen (date) != strlen ("2026-11-21"))
    return;
  printf ("<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"#36c\"><title>%s: %" JSON_INTEGER_FORMAT
          "</title></rect><text x=\"%d\" y=\"%d\">%d</text>\n",
          x, 10 + CHART_HEIGHT - height, width - 3, height, date, n, x + 2, CHART_HEIGHT + 24, atoi (date + 8));
}

/* Numbers at the side: without them a day with one looks like a day with a thousand. */
static void print_scale (json_int_t most) {
  g_autofree char *top = mugai_cli_month_count (most);

  printf (
      "<line x1=\"%d\" y1=\"10\" x2=\"%d\" y2=\"10\" stroke=\"#ccc\"/><line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" "
      "stroke=\"#555\"/><text x=\"%d\" y=\"14\" text-anchor=\"end\">%s</text><text x=\"%d\" y=\"%d\" "
      "text-anchor=\"end\">0</text>\n",
      CHART_LEFT, CHART_WIDTH, CHART_LEFT, 10 + CHART_HEIGHT, CHART_WIDTH, 10 + CHART_HEIGHT, CHART_LEFT - 6, top,
      CHART_LEFT - 6, 14 + CHART_HEIGHT);
}

static void print_chart (json_t *days, const MugaiCliMonthTotal *total) {
  const char *title = MUGAI_CLI_WORDS (total->ja, total->en);
  json_int_t most = most_of (days, total->key);
  json_t *day;
  size_t i;

  printf (MUGAI_CLI_WORDS ("<h2>日ごとの件数: %s</h2>\n", "<h2>By day: %s</h2>\n"), title);
  if (most == 0) {
    printf ("<p>%s</p>\n", MUGAI_CLI_WORDS ("ありませんでした", "none"));
    return;
  }
  printf (
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" role=\"img\" aria-label=\"%s\">\n",
      CHART_WIDTH, CHART_HEIGHT + 30, CHART_WIDTH, title);
  print_scale (most);
  json_array_foreach (days, i, day) {
    if (i < MAX_BARS)
      print_bar (day, total->key, i, most);
  }
  fputs ("</svg>\n", stdout);
}

/* ---- tables ---- */

static void print_escaped (const char *text) {
  g_autofree char *escaped = g_markup_escape_text (text, -1);

  fputs (escaped, stdout);
}

static void print_totals (json_t *report) {
  fputs ("<table>\n", stdout);
  for (gsize t = 0; t < MUGAI_CLI_N_MONTH_TOTALS; t++) {
    const MugaiCliMonthTotal *total = &mugai_cli_month_totals[t];
    g_autofree char *count =
        mugai_cli_month_count (mugai_cli_month_number (json_object_get (report, "totals"), total->key));
    printf ("<tr><td>%s</td><td>%s</td><td class=\"meaning\">%s</td></tr>\n", count,
            MUGAI_CLI_WORDS (total->ja, total->en), MUGAI_CLI_WORDS (total->meaning_ja, total->meaning_en));
  }
  printf (MUGAI_CLI_WORDS ("</table>\n<p>ウイルス定義は、もっとも古いときで %" JSON_INTEGER_FORMAT
                           " 時間前のものでした。</p>\n",
                           "</table>\n<p>The oldest signatures in use were %" JSON_INTEGER_FORMAT " hours old.</p>\n"),
          mugai_cli_month_number (report, "signature_age_s") / 3600);
}

static void print_anomalies (json_t *report) {
  json_t *row;
  size_t i;

  printf ("<h2>%s</h2>\n", MUGAI_CLI_WORDS (MUGAI_CLI_ANOMALIES_JA, MUGAI_CLI_ANOMALIES_EN));
  if (json_array_size (json_object_get (report, "anomalies")) == 0)
    printf ("<p>%s</p>\n", MUGAI_CLI_WORDS ("ありませんでした", "none"));
  json_array_foreach (json_object_get (report, "anomalies"), i, row) {
    g_autofree char *words = mugai_cli_month_anomaly (row);
    fputs ("<p>", stdout);
    print_escaped (words);
    fputs ("</p>\n", stdout);
  }
}

static void print_table (json_t *report, const MugaiCliMonthTable *table) {
  json_t *rows = json_object_get (report, table->key), *row;
  size_t i;

  printf ("<h2>%s</h2>\n", MUGAI_CLI_WORDS (table->ja, table->en));
  if (json_array_size (rows) == 0) {
    printf ("<p>%s</p>\n", MUGAI_CLI_WORDS ("ありませんでした", "none"));
    return;
  }
  fputs ("<table>\n", stdout);
  json_array_foreach (rows, i, row) {
    g_autofree char *name = mugai_cli_month_name (table, row);
    g_autofree char *count = mugai_cli_month_count (mugai_cli_month_number (row, "n"));
    printf ("<tr><td>%s</td><td>", count);
    print_escaped (name);
    fputs ("</td></tr>\n", stdout);
  }
  fputs ("</table>\n", stdout);
}

/* ---- the page ---- */

static void print_heading (json_t *report) {
  const char *month = json_string_value (json_object_get (report, "month"));
  const char *organisation = json_string_value (json_object_get (report, "organisation"));
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *made = g_date_time_format (now, "%Y-%m-%d %H:%M");

  printf ("<!DOCTYPE html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\"><title>mugai %s</title>\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
          "<style>%s</style></head><body>\n<h1>%s %s</h1>\n<p>",
          mugai_cli_japanese () ? "ja" : "en", month, style,
          MUGAI_CLI_WORDS ("メール無害化 月次報告", "Mail sanitisation: report on"), month);
  print_escaped (organisation != NULL ? organisation : "");
  printf (MUGAI_CLI_WORDS ("</p>\n<p>作成 %s。監査記録から集計しました。単位は件です。</p>\n",
                           "</p>\n<p>Made %s from the audit chain. Figures are mails.</p>\n"),
          made);
}

void mugai_cli_month_print_page (json_t *report) {
  print_heading (report);
  print_totals (report);
  print_anomalies (report);
  for (gsize t = 0; t < MUGAI_CLI_N_MONTH_TOTALS; t++)
    print_chart (json_object_get (report, "days"), &mugai_cli_month_totals[t]);
  for (gsize t = 0; t < MUGAI_CLI_N_MONTH_TABLES; t++)
    if (mugai_cli_month_has (report, &mugai_cli_month_tables[t]))
      print_table (report, &mugai_cli_month_tables[t]);
  fputs ("</body></html>\n", stdout);
}
