/* SPDX-License-Identifier: GPL-2.0-only
 *
 * A mail whose header names no recipient: To says undisclosed-recipients:;, Cc and its like are gone. All else stays byte for byte.
 */
#include <string.h>

#include "mugai/sanitize.h"

#include "header-lines.h"

gboolean mugai_names_recipients (const char *field) {
  static const char *const names[] = { "to", "cc", "bcc", "resent-to", "resent-cc", "resent-bcc", "apparently-to" };
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_ascii_strcasecmp (field, names[i]) == 0)
      return TRUE;
  return FALSE;
}

GBytes *mugai_hide_recipients (GBytes *mail) {
  gsize length_bytes = 0;
  const char *data = g_bytes_get_data (mail, &length_bytes), *end = data + length_bytes, *body = NULL, *next;
  const char *rest = data;
  GString *hidden = g_string_sized_new (length_bytes + 64);
  MugaiHeaderLine line;
  g_string_append (hidden, "To: " MUGAI_HIDDEN_RECIPIENTS "\r\n");
  while ((next = mugai_header_lines_next (rest, end, &line, &body)) != NULL) {
    g_autofree char *name = g_strndup (line.name, line.name_bytes);
    if (!mugai_names_recipients (name))
      g_string_append_len (hidden, rest, next - rest);
    rest = next;
  }
  g_string_append_len (hidden, rest, end - rest);
  return g_string_free_to_bytes (hidden);
}
