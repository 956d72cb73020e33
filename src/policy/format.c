/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Canonical layout: two blanks a level, list items two deeper than their key, one blank behind a colon, no blanks at line ends, at most one
 * empty line in a row, a line end at the end. Lines stay lines: comments, quotes, order and flow style are the writer's own, so
 * nothing that a person wrote is lost. What was read again has to be the very same tree, else nothing is written. Any thread.
 */
#include <string.h>

#include "mugai/policy/tools.h"

#include "mugai/base/yaml.h"

typedef struct {
  gboolean starts; /* a node in block style begins here */
  guint depth;     /* blanks before it, canonical */
  guint was;       /* blanks before it, as written */
} Line;

/* Does the mapping or list begin with a bracket? Then its inside keeps its layout. */
static gboolean is_flow (const MugaiYamlNode *node) {
  const char *line = node->file->lines[node->line - 1];
  const char *place = g_utf8_strlen (line, -1) >= (glong) node->column - 1
                          ? g_utf8_offset_to_pointer (line, (glong) node->column - 1)
                          : "";
  return *place == '{' || *place == '[';
}

static gboolean is_first_on_line (const MugaiYamlNode *node) {
  const char *line = node->file->lines[node->line - 1];
  const char *p = line;
  while (*p == ' ' || (*p == '-' && p[1] == ' '))
    p++;
  return g_utf8_strlen (line, p - line) + 1 == (glong) node->column;
}

static void mark (Line *lines, const MugaiYamlNode *node, guint depth) {
  Line *line = &lines[node->line - 1];
  if (line->starts || !is_first_on_line (node))
    return;
  line->starts = TRUE;
  line->was = (guint) strspn (node->file->lines[node->line - 1], " ");
  line->depth = depth;
}

/* The line of a "- " whose item stands behind it. */
static void mark_item (Line *lines, const MugaiYamlNode *item, guint depth) {
  mark (lines, item->kind == MUGAI_YAML_MAPPING && !is_flow (item) && item->keys->len ? item->keys->pdata[0] : item,
        depth);
}

/* Recursion is limited by MUGAI_YAML_MAX_DEPTH. */
static void mark_node (Line *lines, const MugaiYamlNode *node, guint depth) {
  if (node->kind == MUGAI_YAML_SCALAR || is_flow (node))
    return;
  for (guint i = 0; i < node->values->len; i++) {
    const MugaiYamlNode *value = g_ptr_array_index (node->values, i);
    if (node->kind == MUGAI_YAML_LIST)
      mark_item (lines, value, depth);
    else
      mark (lines, g_ptr_array_index (node->keys, i), depth);
    mark_node (lines, value, depth + 2);
  }
}

/* "key:   value" to "key: value", "-   item" to "- item": only before the line's first value. */
static void append_tidy (GString *text, const char *line) {
  while (line[0] == '-' && line[1] == ' ') {
    g_string_append (text, "- ");
    line += 1 + strspn (line + 1, " ");
  }
  gsize word = strspn (line, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
  gsize blanks = word > 0 && line[word] == ':' ? strspn (line + word + 1, " ") : 0;
  if (blanks > 1 && line[word + 1 + blanks] != '#') {
    g_string_append_len (text, line, (gssize) word + 2);
    line += word + 1 + blanks;
  }
  g_string_append (text, line);
}

static void append_blanks (GString *text, gint n) {
  for (gint i = 0; i < n; i++)
    g_string_append_c (text, ' ');
}

/* Depth of the next line that begins a node; 0 at the end. */
static guint next_depth (const Line *lines, guint n, guint from) {
  for (guint i = from; i < n; i++)
    if (lines[i].starts)
      return lines[i].depth;
  return 0;
}

static char *write_lines (const MugaiYamlFile *file, const Line *lines) {
  GString *text = g_string_new (NULL);
  gint shift = 0;
  guint empty = 0;
  gboolean seen = FALSE; /* a node on a line above */
  for (guint i = 0; i < file->n_lines; i++) {
    const char *bare = file->lines[i] + strspn (file->lines[i], " ");
    gint was = (gint) (bare - file->lines[i]);
    if (!*bare) {
      empty++;
      continue;
    }
    if (empty && text->len)
      g_string_append_c (text, '\n');
    empty = 0;
    if (lines[i].starts) {
      shift = (gint) lines[i].depth - (gint) lines[i].was;
      seen = TRUE;
      append_blanks (text, (gint) lines[i].depth);
      append_tidy (text, bare);
    } else {
      gboolean comment = *bare == '#';
      append_blanks (text, comment ? (gint) next_depth (lines, file->n_lines, i + 1)
                           : seen  ? MAX (was + shift, 0)
                                   : was);
      g_string_append (text, bare);
    }
    g_string_append_c (text, '\n');
  }
  return g_string_free (text, FALSE);
}

/* Recursion is limited by MUGAI_YAML_MAX_DEPTH. */
static gboolean nodes_equal (const MugaiYamlNode *a, const MugaiYamlNode *b) {
  if (!a || !b)
    return a == b;
  if (a->kind != b->kind || g_strcmp0 (a->text, b->text) != 0 || a->plain != b->plain)
    return FALSE;
  gboolean equal = (a->keys ? a->keys->len : 0) == (b->keys ? b->keys->len : 0)
                   && (a->values ? a->values->len : 0) == (b->values ? b->values->len : 0);
  for (guint i = 0; equal && a->values && i < a->values->len; i++)
    equal = nodes_equal (g_ptr_array_index (a->values, i), g_ptr_array_index (b->values, i))
            && (!a->keys || nodes_equal (g_ptr_array_index (a->keys, i), g_ptr_array_index (b->keys, i)));
  return equal;
}

static MugaiYamlFile *parse (const char *text, gsize length_bytes, GError **error) {
  g_autofree char *copy = g_malloc0 (length_bytes + 1);
  memcpy (copy, text, length_bytes);
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) mugai_yaml_problem_free);
  MugaiYamlProblems problems = { .list = list };
  MugaiYamlFile *file = mugai_yaml_parse ("", copy, length_bytes, &problems);
  if (problems.errors == 0)
    return file;
  const MugaiYamlProblem *first = g_ptr_array_index (list, 0);
  g_set_error (error, MUGAI_POLICY_ERROR, MUGAI_POLICY_ERROR_INVALID, "%u:%u: %s", first->line, first->column,
               first->message);
  mugai_yaml_file_free (file);
  return NULL;
}

char *mugai_policy_format (const char *text, gsize length_bytes, GError **error) {
  g_autoptr (MugaiYamlFile) file = parse (text, length_bytes, error);
  if (!file)
    return NULL;
  g_autofree Line *lines = g_new0 (Line, file->n_lines + 1);
  if (file->root)
    mark_node (lines, file->root, 0);
  g_autofree char *written = write_lines (file, lines);
  g_autoptr (MugaiYamlFile) again = parse (written, strlen (written), NULL);
  if (again && nodes_equal (file->root, again->root))
    return g_steal_pointer (&written);
  g_set_error_literal (error, MUGAI_POLICY_ERROR, MUGAI_POLICY_ERROR_INVALID,
                       "the layout cannot be changed without changing what it says (a text of several lines, perhaps)");
  return NULL;
}
