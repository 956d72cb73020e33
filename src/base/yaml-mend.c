/* SPDX-License-Identifier: GPL-2.0-only
 *
 * base/yaml: the commonest mistakes of people who type YAML with a Japanese input method or a tab key, found line by line, reported, and
 * mended in a copy of the lines. Called only when a file cannot be read as it is. Any thread.
 */
#include "yaml-mend.h"

#include <string.h>

/* Is the sign at @place in the line's first word, where it can only be a key's colon? "key：", "- key：". */
static const char *find_wide_colon (const char *line) {
  const char *p = line + strspn (line, " ");
  while (*p == '-' && p[1] == ' ')
    p += 1 + strspn (p + 1, " ");
  const char *word = p;
  while (g_ascii_isalnum (*p) || *p == '_' || *p == '-')
    p++;
  return p > word && g_str_has_prefix (p, "：") ? p : NULL;
}

/* "inbound:text": the colon of a key with no blank behind it; NULL: none. */
static const char *find_tight_colon (const char *line) {
  const char *p = line + strspn (line, " ");
  while (*p == '-' && p[1] == ' ')
    p += 1 + strspn (p + 1, " ");
  const char *word = p;
  while (g_ascii_isalnum (*p) || *p == '_' || *p == '-')
    p++;
  return p > word && g_ascii_isalpha (*word) && *p == ':' && p[1] && !strchr (" \t/:", p[1]) ? p : NULL;
}

/* Blanks that the line behind @before is probably meant to have. */
static gsize expected_indent (const char *before) {
  gsize indent = strspn (before, " ");
  gsize length = strlen (before);
  gboolean opens = (length > 0 && before[length - 1] == ':') || g_str_has_prefix (before + indent, "- ");
  return indent + (opens ? 2 : 0);
}

/* Blanks at the start of @line, tabs and full-width ones too; *@ret_bad: where the first of those is, NULL: none. */
static const char *skip_indent (const char *line, const char **ret_bad) {
  const char *p = line;
  for (*ret_bad = NULL;; p = g_utf8_next_char (p)) {
    gboolean bad = *p == '\t' || g_str_has_prefix (p, "　");
    if (*p != ' ' && !bad)
      return p;
    if (bad && !*ret_bad)
      *ret_bad = p;
  }
}

/* A tab or a full-width blank stands for one level. */
static gsize wide_indent (const char *line, const char *bare) {
  gsize indent = 0;
  for (const char *p = line; p < bare; p = g_utf8_next_char (p))
    indent += *p == ' ' ? 1 : 2;
  return indent;
}

static void append_indent (GString *text, gsize n) {
  for (gsize i = 0; i < n; i++)
    g_string_append_c (text, ' ');
}

/* (transfer full): @line as it was meant, its mistakes reported; NULL: nothing to mend. @before: the line above, mended. */
static char *mend_line (const MugaiYamlFile *file, guint number, const char *before, MugaiYamlProblems *problems) {
  const char *line = file->lines[number - 1], *bad;
  const char *bare = skip_indent (line, &bad), *wide = find_wide_colon (bare), *tight = find_tight_colon (bare);
  g_autoptr (GString) mended = g_string_new (NULL);
  gboolean hyphen = g_str_has_prefix (bare, "－ ") || g_str_has_prefix (bare, "－　");
  if (!bad && !wide && !tight && !hyphen)
    return NULL;
  append_indent (mended, bad ? MIN (expected_indent (before), wide_indent (line, bare)) : (gsize) (bare - line));
  if (hyphen)
    mugai_yaml_problem_add (problems, file, number, (guint) g_utf8_strlen (line, bare - line) + 1,
                            "全角の「%s」があります。半角の「%s」に直し、後に空白を一つ置いてください。",
                            "full-width \"%s\" here: write the half-width \"%s\" with a blank behind it", "－", "-");
  if (bad)
    mugai_yaml_problem_add (problems, file, number, (guint) (bad - line) + 1,
                            *bad == '\t' ? "字下げにタブがあります。半角の空白で字下げしてください。%s"
                                         : "字下げに全角の空白があります。半角の空白で字下げしてください。%s",
                            *bad == '\t' ? "tab in the indentation: indent with blanks%s"
                                         : "full-width blank in the indentation: indent with half-width blanks%s",
                            "");
  const char *colon = wide ? wide : tight;
  if (hyphen) {
    g_string_append (mended, "- ");
    bare = g_utf8_next_char (g_utf8_next_char (bare));
  }
  if (!colon) {
    g_string_append (mended, bare);
    return g_string_free (g_steal_pointer (&mended), FALSE);
  }
  guint column = (guint) g_utf8_strlen (line, colon - line) + 1;
  if (wide)
    mugai_yaml_problem_add (problems, file, number, column,
                            "全角の「%s」があります。半角の「%s」に直し、後に空白を一つ置いてください。",
                            "full-width \"%s\" here: write the half-width \"%s\" with a blank behind it", "：", ":");
  else
    mugai_yaml_problem_add (problems, file, number, column, "「:」の後に空白を一つ置いてください。%s",
                            "put a blank behind the \":\"%s", "");
  g_string_append_len (mended, bare, colon - bare);
  g_string_append (mended, ": ");
  g_string_append (mended, g_utf8_next_char (colon));
  return g_string_free (g_steal_pointer (&mended), FALSE);
}

/* The usual mistakes mended in @lines, each reported. */
void mugai_yaml_mend (const MugaiYamlFile *file, char **lines, MugaiYamlProblems *problems) {
  const char *before = "";
  for (guint i = 0; i < file->n_lines; i++) {
    char first = lines[i][strspn (lines[i], " \t")];
    if (!first || first == '#')
      continue;
    char *mended = mend_line (file, i + 1, before, problems);
    if (mended) {
      g_free (lines[i]);
      lines[i] = mended;
    }
    before = lines[i];
  }
}
