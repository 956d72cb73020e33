/* SPDX-License-Identifier: GPL-2.0-only
 *
 * cli/words: which language our own words are in, and texts for a terminal.
 *
 * Only the command line's own words follow the locale; notices are always in both languages.
 */
#pragma once

#include <glib.h>

/** mugai_cli_japanese: TRUE when LC_ALL, LC_MESSAGES or LANG (the first that is set) asks for Japanese. */
gboolean mugai_cli_japanese (void);

#define MUGAI_CLI_WORDS(ja, en) (mugai_cli_japanese () ? (ja) : (en))

/** mugai_cli_fail: "mugai NAME: words" on standard error, made safe; returns @status. */
int mugai_cli_fail (int status, const char *name, const char *format, ...) G_GNUC_PRINTF (3, 4);

#define MUGAI_CLI_MAX_COLUMNS 8u

/* One column of a table: its heading, and the widest it may be [columns]; 0: as wide as it is. */
typedef struct {
  const char *heading;
  guint max_columns;
} MugaiCliColumn;

/**
 * mugai_cli_table:
 * @rows: (element-type GStrv): texts of any origin; made safe here
 *
 * Prints a table whose columns line up where East Asian characters are two columns wide.
 */
void mugai_cli_table (const MugaiCliColumn *columns, guint n_columns, GPtrArray *rows);
