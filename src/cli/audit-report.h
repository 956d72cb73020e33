/* SPDX-License-Identifier: GPL-2.0-only
 *
 * cli/audit-report: what the figures of a month are called, for the forms in which it is printed.
 */
#pragma once

#include "mugai/base/json.h"

#include "words.h"

#define MUGAI_CLI_N_MONTH_TOTALS 6
#define MUGAI_CLI_N_MONTH_TABLES 11
#define MUGAI_CLI_ANOMALIES_JA "通常と異なる日"
#define MUGAI_CLI_ANOMALIES_EN "Days unlike those before"

typedef struct {
  const char *key, *ja, *en;
  const char *meaning_ja, *meaning_en;
} MugaiCliMonthTotal;
extern const MugaiCliMonthTotal mugai_cli_month_totals[MUGAI_CLI_N_MONTH_TOTALS];

typedef struct {
  const char *key, *ja, *en;
  char *(*word) (const char *name); /* (transfer full): what a person calls it; NULL: as it is */
} MugaiCliMonthTable;
extern const MugaiCliMonthTable mugai_cli_month_tables[MUGAI_CLI_N_MONTH_TABLES];

/** mugai_cli_month_has: FALSE: the report does not know, for no policy stands beside the chain. */
gboolean mugai_cli_month_has (json_t *report, const MugaiCliMonthTable *table);
/** mugai_cli_month_name: (transfer full): of a row, made safe. */
char *mugai_cli_month_name (const MugaiCliMonthTable *table, json_t *row);
json_int_t mugai_cli_month_number (json_t *row, const char *key);
/** mugai_cli_month_count: (transfer full): "106,175". */
char *mugai_cli_month_count (json_int_t n);
/** mugai_cli_month_anomaly: (transfer full): a sentence. */
char *mugai_cli_month_anomaly (json_t *anomaly);

/* ---- audit-page.c ---- */

/** mugai_cli_month_print_page: HTML with charts, which loads nothing and runs nothing. */
void mugai_cli_month_print_page (json_t *report);
