/* SPDX-License-Identifier: GPL-2.0-only
 *
 * base/yaml: mistakes in a file: where, the line itself, what is wrong and what to write instead; and the word that was meant.
 * Texts come in pairs, Japanese and English, with the same arguments in the same order. Any thread.
 */
#include "mugai/base/yaml.h"

#include <string.h>

#include "mugai/base/unicode.h"

#define MAX_MESSAGE_BYTES 800u
#define MAX_WORD 48u /* longer words are not compared */

static void add (MugaiYamlProblems *problems, const MugaiYamlFile *file, guint line, guint column, gboolean warning,
                 const char *format, va_list arguments) G_GNUC_PRINTF (6, 0);

static void add (MugaiYamlProblems *problems, const MugaiYamlFile *file, guint line, guint column, gboolean warning,
                 const char *format, va_list arguments) {
  if (!warning)
    problems->errors++;
  if (problems->list->len >= MUGAI_YAML_MAX_PROBLEMS)
    return;
  MugaiYamlProblem *problem = g_new0 (MugaiYamlProblem, 1);
  g_autofree char *message = g_strdup_vprintf (format, arguments);
  gboolean has_line = file && line > 0 && line <= file->n_lines;
  problem->file = g_strdup (file ? file->name : "");
  problem->line = line;
  problem->column = column;
  problem->warning = warning;
  problem->message = mugai_unicode_make_safe (message, -1, MAX_MESSAGE_BYTES);
  problem->source = mugai_unicode_make_safe (has_line ? file->lines[line - 1] : "", -1, MUGAI_YAML_MAX_SOURCE_BYTES);
  g_ptr_array_add (problems->list, problem);
}

void mugai_yaml_problem_add (MugaiYamlProblems *problems, const MugaiYamlFile *file, guint line, guint column,
                             const char *ja, const char *en, ...) {
  va_list arguments;
  va_start (arguments, en);
  add (problems, file, line, column, FALSE, problems->japanese ? ja : en, arguments);
  va_end (arguments);
}

void mugai_yaml_problem_at (MugaiYamlProblems *problems, const MugaiYamlNode *node, const char *ja, const char *en,
                            ...) {
  va_list arguments;
  if (node->cut)
    return;
  va_start (arguments, en);
  add (problems, node->file, node->line, node->column, FALSE, problems->japanese ? ja : en, arguments);
  va_end (arguments);
}

void mugai_yaml_warn_at (MugaiYamlProblems *problems, const MugaiYamlNode *node, const char *ja, const char *en, ...) {
  va_list arguments;
  if (node->cut)
    return;
  va_start (arguments, en);
  add (problems, node->file, node->line, node->column, TRUE, problems->japanese ? ja : en, arguments);
  va_end (arguments);
}

void mugai_yaml_problem_free (MugaiYamlProblem *problem) {
  if (!problem)
    return;
  g_free (problem->file);
  g_free (problem->message);
  g_free (problem->source);
  g_free (problem);
}

/* Blanks as wide as what stands before @column, so that the caret is under it even behind Japanese. */
static void append_caret (GString *text, const char *source, guint column) {
  const char *end = source;
  for (guint i = 1; i < column && *end; i++)
    end = g_utf8_next_char (end);
  gsize width = mugai_unicode_columns (source, end - source);
  g_string_append (text, "\n  ");
  for (gsize i = 0; i < width; i++)
    g_string_append_c (text, ' ');
  g_string_append_c (text, '^');
}

char *mugai_yaml_problem_format (const MugaiYamlProblem *problem) {
  GString *text = g_string_new (problem->file);
  if (problem->line > 0)
    g_string_append_printf (text, ":%u:%u", problem->line, problem->column);
  g_string_append_printf (text, ": %s: %s", problem->warning ? "warning" : "error", problem->message);
  if (*problem->source) {
    g_string_append_printf (text, "\n  %s", problem->source);
    append_caret (text, problem->source, problem->column);
  }
  return g_string_free (text, FALSE);
}

/* ---- the word that was meant ---- */

/* Edit distance with neighbours swapped counted once; both at most MAX_WORD bytes. */
static guint distance (const char *a, const char *b) {
  gsize n = strlen (a), m = strlen (b);
  guint rows[3][MAX_WORD + 1];
  guint *before = rows[0], *last = rows[1], *now = rows[2];
  for (gsize j = 0; j <= m; j++)
    last[j] = (guint) j;
  for (gsize i = 1; i <= n; i++) {
    now[0] = (guint) i;
    for (gsize j = 1; j <= m; j++) {
      guint cost = a[i - 1] != b[j - 1];
      now[j] = MIN (MIN (last[j] + 1, now[j - 1] + 1), last[j - 1] + cost);
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        now[j] = MIN (now[j], before[j - 2] + 1);
    }
    guint *free_row = before;
    before = last;
    last = now;
    now = free_row;
  }
  return last[m];
}

const char *mugai_yaml_nearest_word (const char *word, const char *const *words) {
  g_autofree char *plain = g_utf8_normalize (word, -1, G_NORMALIZE_ALL_COMPOSE);
  g_autofree char *lower = g_ascii_strdown (plain ? plain : word, -1);
  g_strdelimit (g_strstrip (lower), "_ ", '-');
  const char *best = NULL;
  guint best_distance = G_MAXUINT;
  if (strlen (lower) > MAX_WORD)
    return NULL;
  for (; *words; words++) {
    g_autofree char *one = g_strdelimit (g_strdup (*words), "_", '-');
    if (strlen (one) > MAX_WORD)
      continue;
    guint far = distance (lower, one);
    if (far < best_distance && far <= MAX (1, MIN (strlen (one), strlen (lower)) / 3)) {
      best_distance = far;
      best = *words;
    }
  }
  return best;
}

const char *mugai_yaml_full_width_hint (const char *text, const char **ret_half) {
  static const char *const pairs[][2] = { { "：", ":" }, { "　", " " }, { "－", "-" }, { "，", "," },
                                          { "［", "[" }, { "］", "]" }, { "｛", "{" }, { "｝", "}" },
                                          { "＃", "#" }, { "“", "\"" }, { "”", "\"" }, { "、", "," } };
  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
    if (strstr (text, pairs[i][0])) {
      *ret_half = pairs[i][1];
      return pairs[i][0];
    }
  return NULL;
}

static gint compare_problems (gconstpointer a, gconstpointer b) {
  const MugaiYamlProblem *one = *(MugaiYamlProblem *const *) a, *other = *(MugaiYamlProblem *const *) b;
  int files = strcmp (one->file, other->file);
  if (files != 0)
    return files;
  if (one->line != other->line)
    return one->line < other->line ? -1 : 1;
  if (one->column != other->column)
    return one->column < other->column ? -1 : 1;
  return strcmp (one->message, other->message);
}

void mugai_yaml_problems_sort (MugaiYamlProblems *problems) {
  g_ptr_array_sort (problems->list, compare_problems);
  for (guint i = problems->list->len; i > 1; i--)
    if (compare_problems (&problems->list->pdata[i - 2], &problems->list->pdata[i - 1]) == 0)
      g_ptr_array_remove_index (problems->list, i - 1);
}
