/* SPDX-License-Identifier: GPL-2.0-only
 *
 * cli/words: the language of our own words, and texts for a terminal.
 *
 * Whatever a sender wrote is made safe at the last moment before it is printed: no control characters, no direction
 * overrides, one line a cell. Written with stdio, not g_print (), which would translate it to the locale's charset.
 */
#include "words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mugai/base/unicode.h"

#define MAX_MESSAGE_BYTES 4096u

gboolean mugai_cli_japanese (void) {
  static const char *const variables[] = { "LC_ALL", "LC_MESSAGES", "LANG" };

  for (gsize i = 0; i < G_N_ELEMENTS (variables); i++) {
    const char *value = g_getenv (variables[i]);
    if (value != NULL && value[0] != '\0')
      return g_str_has_prefix (value, "ja");
  }
  return FALSE;
}

int mugai_cli_fail (int status, const char *name, const char *format, ...) {
  va_list arguments;

  va_start (arguments, format);
  g_autofree char *words = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_autofree char *safe = mugai_unicode_make_safe_lines (words, -1, MAX_MESSAGE_BYTES);
  fprintf (stderr, "mugai %s: %s\n", name, safe);
  return status;
}

const char *mugai_cli_word (const MugaiCliWord *words, gsize n_words, const char *id) {
  for (gsize i = 0; i < n_words; i++)
    if (strcmp (words[i].id, id) == 0)
      return MUGAI_CLI_WORDS (words[i].ja, words[i].en);
  return id;
}

const char *mugai_cli_keeper_words (const GError *error) {
  const char *prefix = "keeper: ";

  return g_str_has_prefix (error->message, prefix) ? error->message + strlen (prefix) : error->message;
}

char *mugai_cli_local_time (const char *rfc3339) {
  g_autoptr (GDateTime) moment = g_date_time_new_from_iso8601 (rfc3339, NULL);
  g_autoptr (GDateTime) local = moment != NULL ? g_date_time_to_local (moment) : NULL;

  return local != NULL ? g_date_time_format (local, "%Y-%m-%d %H:%M") : g_strdup (rfc3339);
}

/* ---- options ---- */

/* (transfer full): "-o, --output=FILE". */
static char *option_text (const GOptionEntry *entry) {
  g_autofree char *argument = entry->arg_description != NULL ? g_strconcat ("=", entry->arg_description, NULL) : NULL;

  return entry->short_name != 0
             ? g_strdup_printf ("-%c, --%s%s", entry->short_name, entry->long_name, argument != NULL ? argument : "")
             : g_strdup_printf ("--%s%s", entry->long_name, argument != NULL ? argument : "");
}

static G_NORETURN void print_options (const char *what, const char *argument, const char *words,
                                      const GOptionEntry *entries) {
  printf ("%s\n  %s %s%s%s\n\n%s\n\n%s\n", MUGAI_CLI_WORDS ("使い方:", "Usage:"), what,
          MUGAI_CLI_WORDS ("[オプション]", "[OPTION...]"), argument != NULL ? " " : "",
          argument != NULL ? argument : "", words, MUGAI_CLI_WORDS ("オプション:", "Options:"));
  for (const GOptionEntry *entry = entries; entry->long_name != NULL; entry++) {
    if (*entry->long_name == '\0') /* what stands behind the options: @argument says it */
      continue;
    g_autofree char *text = option_text (entry);
    printf ("  %-22s  %s\n", text, entry->description);
  }
  exit (0);
}

gboolean mugai_cli_parse (const char *what, const char *argument, const char *words, const GOptionEntry *entries,
                          int *argc, char ***argv, GError **error) {
  gboolean help = FALSE;
  const GOptionEntry own[] = { { "help", 'h', 0, G_OPTION_ARG_NONE, &help, NULL, NULL }, G_OPTION_ENTRY_NULL };
  g_autoptr (GOptionContext) context = g_option_context_new (argument);

  g_set_prgname (what);
  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_main_entries (context, own, NULL);
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;
  if (help)
    print_options (what, argument, words, entries);
  return TRUE;
}

/* ---- tables ---- */

/* (transfer full): @text safe, and cut to @max_columns with "…". */
static char *make_cell (const char *text, guint max_columns) {
  char *safe = mugai_unicode_make_safe (text, -1, 0);

  if (max_columns == 0 || mugai_unicode_columns (safe, -1) <= max_columns)
    return safe;
  const char *end = safe;
  /* "…" may be two columns wide in a Japanese font. */
  while (*end != '\0' && mugai_unicode_columns (safe, g_utf8_next_char (end) - safe) + 2 <= max_columns)
    end = g_utf8_next_char (end);
  char *cut = g_strdup_printf ("%.*s…", (int) (end - safe), safe);
  g_free (safe);
  return cut;
}

static void print_row (char *const *cells, const gsize *widths, guint n_columns) {
  for (guint i = 0; i < n_columns; i++) {
    gsize columns = mugai_unicode_columns (cells[i], -1);
    gboolean last = i + 1 == n_columns;
    printf ("%s%*s", cells[i], last ? 0 : (int) (widths[i] - columns) + 2, "");
  }
  putchar ('\n');
}

void mugai_cli_table (const MugaiCliColumn *columns, guint n_columns, GPtrArray *rows) {
  g_return_if_fail (n_columns <= MUGAI_CLI_MAX_COLUMNS);

  g_autoptr (GPtrArray) cells = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  gsize widths[MUGAI_CLI_MAX_COLUMNS] = { 0 };
  char **heading = g_new0 (char *, n_columns + 1);
  for (guint i = 0; i < n_columns; i++)
    heading[i] = g_strdup (columns[i].heading);
  g_ptr_array_add (cells, heading);
  for (guint j = 0; j < rows->len; j++) {
    char *const *row = g_ptr_array_index (rows, j);
    char **line = g_new0 (char *, n_columns + 1);
    for (guint i = 0; i < n_columns; i++)
      line[i] = make_cell (row[i], columns[i].max_columns);
    g_ptr_array_add (cells, line);
  }
  for (guint j = 0; j < cells->len; j++) {
    char *const *line = g_ptr_array_index (cells, j);
    for (guint i = 0; i < n_columns; i++)
      widths[i] = MAX (widths[i], mugai_unicode_columns (line[i], -1));
  }
  for (guint j = 0; j < cells->len; j++)
    print_row (g_ptr_array_index (cells, j), widths, n_columns);
}
