/* SPDX-License-Identifier: GPL-2.0-only
 *
 * gate/cursor: line by line through the message: see cursor.h.
 *
 * Looks at each byte once before any rule does. Never writes to the message. Threads: any, one cursor each.
 */
#include "cursor.h"

#include <string.h>

gboolean gate_cursor_fail (const GateCursor *cursor, MugaiGateError code, gsize column, const char *expected) {
  g_set_error (cursor->error, MUGAI_GATE_ERROR, code,
               "byte %" G_GSIZE_FORMAT ", line %" G_GUINT64_FORMAT ": expected %s", cursor->line_offset + column,
               cursor->line_number, expected);
  return FALSE;
}

gboolean gate_cursor_init (GateCursor *cursor, const char *bytes, gsize length_bytes, GError **error) {
  *cursor = (GateCursor){ .bytes = bytes, .length_bytes = length_bytes, .error = error };
  return gate_cursor_advance (cursor);
}

gboolean gate_cursor_advance (GateCursor *cursor) {
  const char *start = cursor->bytes + cursor->next_offset;
  gsize left = cursor->length_bytes - cursor->next_offset, n = 0;

  cursor->line_offset = cursor->next_offset;
  cursor->line_number++;
  cursor->line = NULL;
  cursor->line_bytes = 0;
  if (left == 0)
    return TRUE;

  while (n < left && (start[n] == '\t' || (start[n] >= ' ' && start[n] <= '~')))
    n++;
  if (n == left || start[n] == '\n')
    return gate_cursor_fail (cursor, MUGAI_GATE_ERROR_GRAMMAR, n, "CRLF at the line's end");
  if (start[n] != '\r')
    return gate_cursor_fail (cursor, MUGAI_GATE_ERROR_GRAMMAR, n, "printable ASCII");
  if (n + 1 == left || start[n + 1] != '\n')
    return gate_cursor_fail (cursor, MUGAI_GATE_ERROR_GRAMMAR, n, "LF behind CR");
  if (n > MUGAI_GATE_MAX_LINE_BYTES)
    return gate_cursor_fail (cursor, MUGAI_GATE_ERROR_SIZE, n, "a line of at most 998 octets");
  cursor->line = start;
  cursor->line_bytes = n;
  cursor->next_offset += n + 2;
  return TRUE;
}

gboolean gate_cursor_begins (const GateCursor *cursor, const char *text) {
  gsize length = strlen (text);
  return cursor->line != NULL && cursor->line_bytes >= length && memcmp (cursor->line, text, length) == 0;
}

gboolean gate_cursor_is (const GateCursor *cursor, const char *text) {
  return gate_cursor_begins (cursor, text) && cursor->line_bytes == strlen (text);
}

gboolean gate_cursor_expect (GateCursor *cursor, const char *text) {
  if (gate_cursor_is (cursor, text))
    return gate_cursor_advance (cursor);

  g_autofree char *expected = g_strdup_printf ("\"%s\"", text);
  return gate_cursor_fail (cursor, MUGAI_GATE_ERROR_GRAMMAR, 0, expected);
}
