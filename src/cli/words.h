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

typedef struct {
  const char *id, *ja, *en;
} MugaiCliWord;
/** mugai_cli_word: (transfer none): what a person calls @id; @id itself where the table has it not. */
const char *mugai_cli_word (const MugaiCliWord *words, gsize n_words, const char *id);

/** mugai_cli_keeper_words: (transfer none): what the keeper said, without who said it. */
const char *mugai_cli_keeper_words (const GError *error);

/** mugai_cli_local_time: (transfer full): "2026-11-21 19:41" where the reader is (TZ), of a moment in RFC 3339; what is none as it is. */
char *mugai_cli_local_time (const char *rfc3339);

/**
 * mugai_cli_parse:
 * @what: the command as it is typed, "mugai quarantine list"
 * @argument: (nullable): what stands behind the options
 * @words: what it does
 *
 * As g_option_context_parse (), but for --help, which is printed whole whatever charset the locale claims to have, and ends the process with 0.
 */
gboolean mugai_cli_parse (const char *what, const char *argument, const char *words, const GOptionEntry *entries,
                          int *argc, char ***argv, GError **error) G_GNUC_WARN_UNUSED_RESULT;

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
