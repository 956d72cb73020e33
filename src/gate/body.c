/* SPDX-License-Identifier: GPL-2.0-only
 *
 * gate/body: the rules `base64`, `qp` and `body` of the grammar: see body.h and gate.c.
 *
 * Neither rule can run over a delimiter: "--=_" is no base64, and "=_" no quoted-printable.
 */
#include "body.h"

#include <string.h>

#include "decode.h"

#define DELIMITER_HEAD "--=_mugai-"

gboolean gate_body_base64 (GateCursor *cursor, GString *out) {
  if (cursor->line == NULL)
    return gate_cursor_fail (cursor, MUGAI_GATE_ERROR_GRAMMAR, 0, "base64 or one empty line");
  if (cursor->line_bytes == 0)
    return gate_cursor_advance (cursor);

  for (;;) {
    gsize length = cursor->line_bytes;
    if (length > GATE_BODY_LINE_BYTES || !gate_base64 (cursor->line, length, out))
      return gate_cursor_fail (cursor, MUGAI_GATE_ERROR_GRAMMAR, 0, "a line of canonical base64, at most 76 octets");
    gboolean last = length < GATE_BODY_LINE_BYTES || cursor->line[length - 1] == '=';
    if (!gate_cursor_advance (cursor))
      return FALSE;
    if (last || cursor->line == NULL || gate_cursor_begins (cursor, DELIMITER_HEAD))
      return TRUE;
  }
}

/* One line; *@ret_soft: it ends in a soft break. Returns the column of what is wrong, or -1. */
static gssize qp_line (const char *line, gsize length, GString *out, gboolean *ret_soft) {
  *ret_soft = FALSE;
  for (gsize i = 0; i < length; i++) {
    if (line[i] != '=') {
      if (i + 1 == length && (line[i] == ' ' || line[i] == '\t')) /* a relay may strip it */
        return (gssize) i;
      g_string_append_c (out, line[i]);
      continue;
    }
    if (i + 1 == length) {
      *ret_soft = TRUE;
      return -1;
    }
    int byte = i + 2 < length ? gate_hex (line[i + 1], line[i + 2]) : -1;
    if (byte < 0 || byte == '\r' || byte == '\n')
      return (gssize) i;
    g_string_append_c (out, (char) byte);
    i += 2;
  }
  return -1;
}

static gboolean body_qp (GateCursor *cursor, GString *out) {
  gboolean soft = FALSE;

  do {
    if (cursor->line == NULL)
      return gate_cursor_fail (cursor, MUGAI_GATE_ERROR_GRAMMAR, 0, "a line of quoted-printable");
    if (cursor->line_bytes > GATE_BODY_LINE_BYTES)
      return gate_cursor_fail (cursor, MUGAI_GATE_ERROR_GRAMMAR, GATE_BODY_LINE_BYTES, "a line of at most 76 octets");
    gssize wrong = qp_line (cursor->line, cursor->line_bytes, out, &soft);
    if (wrong >= 0)
      return gate_cursor_fail (cursor, MUGAI_GATE_ERROR_GRAMMAR, (gsize) wrong, "strict quoted-printable");
    if (!soft)
      g_string_append (out, "\r\n");
    if (!gate_cursor_advance (cursor))
      return FALSE;
    /* A line that continues a soft break is text even where it looks like a delimiter: then it fails on "=_". */
  } while (soft || (cursor->line != NULL && !gate_cursor_begins (cursor, DELIMITER_HEAD)));
  return TRUE;
}

/* ---- a file within the text ---- */

static gsize text_line (const char *text, gsize left) {
  const char *lf = memchr (text, '\n', left);
  gsize length = lf == NULL ? left : (gsize) (lf - text);
  return length > 0 && text[length - 1] == '\r' ? length - 1 : length;
}

static gboolean line_begins (const char *line, gsize length, const char *head) {
  return length > strlen (head) && g_ascii_strncasecmp (line, head, strlen (head)) == 0;
}

/* The rule uu-line: as long as its first character says; blanks at its end may be lost, a check character may be there. */
static gboolean is_uu_line (const char *line, gsize length) {
  gsize n_bytes = length < 2 ? 0 : ((guint) line[0] - 0x20) & 0x3F;
  gsize expected = (n_bytes + 2) / 3 * 4 + 1;

  if (n_bytes == 0 || length > expected + 1 || length + 2 < expected)
    return FALSE;
  for (gsize i = 0; i < length; i++) {
    if (line[i] < 0x20 || line[i] > 0x60)
      return FALSE;
  }
  return TRUE;
}

/* What mail programs of today still open although it stands in plain text. *@ret_at: where it begins. */
static gboolean holds_file (const char *text, gsize length_bytes, gsize *ret_at) {
  for (gsize at = 0; at < length_bytes;) {
    gsize length = text_line (text + at, length_bytes - at);
    const char *lf = memchr (text + at + length, '\n', length_bytes - at - length);
    gsize next = lf == NULL ? length_bytes : (gsize) (lf - text) + 1;
    gboolean begins = line_begins (text + at, length, "begin ") || line_begins (text + at, length, "begin\t");
    *ret_at = at;
    if (line_begins (text + at, length, "=ybegin "))
      return TRUE;
    if (begins && is_uu_line (text + next, text_line (text + next, length_bytes - next)))
      return TRUE;
    at = next;
  }
  return FALSE;
}

gboolean gate_body_text (GateCursor *cursor, gboolean base64) {
  g_autoptr (GString) text = g_string_new (NULL);
  GateCursor start = *cursor; /* errors in the text name the line where it begins */
  gsize at = 0;

  if (!(base64 ? gate_body_base64 (cursor, text) : body_qp (cursor, text)))
    return FALSE;
  if (gate_is_safe (text->str, text->len, TRUE, &at)) {
    if (!holds_file (text->str, text->len, &at))
      return TRUE;
    g_autofree char *without = g_strdup_printf ("text without uuencode and yEnc (decoded byte %" G_GSIZE_FORMAT
                                                " of the body that begins here)",
                                                at);
    return gate_cursor_fail (&start, MUGAI_GATE_ERROR_GRAMMAR, 0, without);
  }
  g_autofree char *expected =
      g_strdup_printf ("UTF-8 text without controls (decoded byte %" G_GSIZE_FORMAT " of the body that begins here)",
                       at);
  return gate_cursor_fail (&start, MUGAI_GATE_ERROR_GRAMMAR, 0, expected);
}
