/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/enriched: text/enriched (RFC 1896) to plain text: commands go, line ends count as the RFC says.
 *
 * Linear, no nesting to keep but that of <nofill> and <param>. Threads: any.
 */
#include <string.h>

#include "mugai/text.h"

#define MAX_COMMAND_BYTES 60u /* RFC 1896: a command has at most 60 characters; what is longer is text */

typedef struct {
  GString *out;
  guint no_fill; /* <nofill> now open: each line end is one */
  guint params;  /* <param> now open: nothing of it is text */
} Enriched;

/* Length of the command at @text, "<...>", or 0. */
static gsize command_length (const char *text) {
  gsize i = text[1] == '/' ? 2 : 1;
  gsize name = i;

  while (g_ascii_isalnum (text[i]) || text[i] == '-')
    i++;
  return i > name && i <= MAX_COMMAND_BYTES && text[i] == '>' ? i + 1 : 0;
}

static void count_command (guint *open, const char *command, const char *name) {
  gboolean ends = command[1] == '/';
  gsize length = strlen (name);

  if (g_ascii_strncasecmp (command + 1 + ends, name, length) != 0 || command[1 + ends + length] != '>')
    return;
  if (!ends)
    (*open)++;
  else if (*open > 0)
    (*open)--;
}

/* One line end is a blank, n of them are n - 1. */
static void append_line_ends (Enriched *self, guint count) {
  if (self->params > 0)
    return;
  if (count == 1 && self->no_fill == 0)
    g_string_append_c (self->out, ' ');
  for (guint i = self->no_fill > 0 ? 0 : 1; i < count; i++)
    g_string_append_c (self->out, '\n');
}

char *mugai_text_from_enriched (const char *text) {
  Enriched self = { .out = g_string_sized_new (strlen (text)) };

  while (*text != '\0') {
    gsize run = strcspn (text, "<\n");
    gsize length;

    if (run > 0 || *text == '<') {
      length = run > 0 ? run : text[1] == '<' ? 2 : command_length (text);
      if (run == 0 && text[1] != '<' && length > 0) {
        count_command (&self.no_fill, text, "nofill");
        count_command (&self.params, text, "param");
      } else if (self.params == 0)
        g_string_append_len (self.out, text, run > 0 ? (gssize) run : 1);
      text += MAX (length, 1);
      continue;
    }
    length = strspn (text, "\n");
    append_line_ends (&self, (guint) length);
    text += length;
  }
  return g_string_free (self.out, FALSE);
}
