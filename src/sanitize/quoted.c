/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Earlier notices of ours in a text: quoted in a reply, at whatever depth, or standing below a top-posted answer. All of them become one
 * line, so that threads do not pile them up. Recognised by their first and last lines alone; a sender who forges these hides his own words
 * behind that one line, and the true notice stands at the end all the same. Linear time.
 */
#include "inspection.h"

#include <string.h>

#define MAX_NOTICE_LINES 500u /* between first and last; the longest notice has about 250 */

/* Behind quote marks and blanks, as mail programs put them. */
static const char *skip_marks (const char *line, const char *end) {
  static const char *const marks[] = { ">", " ", "\t", "|", "　", "＞", "│", "›" };
  for (gboolean found = TRUE; found && line < end;) {
    found = FALSE;
    for (guint i = 0; i < G_N_ELEMENTS (marks) && !found; i++) {
      gsize length = strlen (marks[i]);
      found = (gsize) (end - line) >= length && memcmp (line, marks[i], length) == 0;
      line += found ? length : 0;
    }
  }
  return line;
}

static gboolean is_line (const char *line, const char *end, const char *wanted) {
  const char *start = skip_marks (line, end);
  while (end > start && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
    end--;
  return (gsize) (end - start) == strlen (wanted) && memcmp (start, wanted, (gsize) (end - start)) == 0;
}

typedef struct {
  GString *out;
  gsize begun;   /* where the first line of a notice stands in @out */
  guint n_lines; /* since then; 0: none is open */
  gboolean told; /* the one line is there */
} Shortener;

/* The one line, behind the quote marks of @line. */
static void tell (Shortener *shortener, const char *line, const char *end) {
  if (shortener->told)
    return;
  shortener->told = TRUE;
  g_string_append_len (shortener->out, line, (gssize) (skip_marks (line, end) - line));
  g_string_append (shortener->out, MUGAI_NOTICE_OMITTED "\n");
}

static void take_line (Shortener *shortener, const char *line, const char *end, const char *next) {
  if (is_line (line, end, MUGAI_NOTICE_OMITTED)) {
    tell (shortener, line, end);
    return;
  }
  if (is_line (line, end, MUGAI_NOTICE_BEGIN)) {
    shortener->begun = shortener->out->len;
    shortener->n_lines = 1;
  } else if (shortener->n_lines > 0 && is_line (line, end, MUGAI_NOTICE_END)) {
    g_string_truncate (shortener->out, shortener->begun);
    shortener->n_lines = 0;
    tell (shortener, line, end);
    return;
  } else if (shortener->n_lines > 0 && ++shortener->n_lines > MAX_NOTICE_LINES) {
    shortener->n_lines = 0;
  }
  g_string_append_len (shortener->out, line, (gssize) (next - line));
}

char *mugai_quoted_shorten (const char *text) {
  Shortener shortener = { .out = g_string_sized_new (strlen (text)) };
  const char *stop = text + strlen (text);
  for (const char *line = text; line < stop;) {
    const char *lf = memchr (line, '\n', (gsize) (stop - line));
    const char *end = lf != NULL ? lf : stop, *next = lf != NULL ? lf + 1 : stop;
    take_line (&shortener, line, end, next);
    line = next;
  }
  return g_string_free (shortener.out, FALSE);
}
