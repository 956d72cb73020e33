/* SPDX-License-Identifier: GPL-2.0-only
 *
 * The mark on our own notices: what it covers, where it stands.
 *
 * A digest is taken of every header field but those that a mail collects on its way, in order, blanks folded, and of the body. So whoever
 * changes, adds or takes away anything that a reader sees has another mail, with a mark that is not its own. One pass, no
 * recursion. Any thread.
 */
#include <string.h>

#include "mugai/base/base.h"
#include "mugai/sanitize.h"

#include "header-lines.h"

static gboolean begins (const MugaiHeaderLine *field, const char *prefix) {
  return field->name_bytes >= strlen (prefix) && g_ascii_strncasecmp (field->name, prefix, strlen (prefix)) == 0;
}

/* What a mail collects on its way, and no mail program acts upon. Our own X-Mugai-* are not among it. */
static gboolean is_trace (const MugaiHeaderLine *field) {
  static const char *const names[] = { "received",      "return-path",   "delivered-to",           "x-original-to",
                                       "envelope-to",   "received-spf",  "authentication-results", "dkim-signature",
                                       "delivery-date", "content-length" };
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if (mugai_header_line_is (field, names[i]))
      return TRUE;
  return begins (field, "arc-") || begins (field, "resent-") || (begins (field, "x-") && !begins (field, "x-mugai-"));
}

/* "name:value" in small letters, runs of blanks and folds as one blank. */
static void add_field (GChecksum *checksum, const MugaiHeaderLine *field) {
  g_autoptr (GString) line = g_string_sized_new (field->name_bytes + field->value_bytes + 2);
  for (gsize i = 0; i < field->name_bytes; i++)
    g_string_append_c (line, g_ascii_tolower (field->name[i]));
  g_string_append_c (line, ':');
  gsize begin = line->len;
  for (gsize i = 0; i < field->value_bytes; i++) {
    gboolean blank = strchr (" \t\r\n", field->value[i]) != NULL && field->value[i] != '\0';
    if (!blank)
      g_string_append_c (line, field->value[i]);
    else if (line->len > begin && line->str[line->len - 1] != ' ')
      g_string_append_c (line, ' ');
  }
  while (line->len > begin && line->str[line->len - 1] == ' ')
    g_string_truncate (line, line->len - 1);
  g_string_append_c (line, '\n');
  g_checksum_update (checksum, (const guchar *) line->str, (gssize) line->len);
}

/* Line ends as LF, none at the end: an MTA may add or take one there. */
static void add_body (GChecksum *checksum, const char *body, const char *end) {
  while (end > body && (end[-1] == '\n' || end[-1] == '\r'))
    end--;
  for (const char *at = body; at < end;) {
    const char *line_end = memchr (at, '\n', (gsize) (end - at));
    const char *stop = line_end != NULL ? line_end : end;
    gsize length_bytes = (gsize) (stop - at) - (line_end != NULL && stop > at && stop[-1] == '\r' ? 1 : 0);
    g_checksum_update (checksum, (const guchar *) at, (gssize) length_bytes);
    g_checksum_update (checksum, (const guchar *) "\n", 1);
    at = line_end != NULL ? line_end + 1 : end;
  }
}

static char *mark_of (const MugaiHeaderLine *field) {
  g_autofree char *value = g_strndup (field->value, MIN (field->value_bytes, MUGAI_MARK_MAX_BYTES));
  return g_strdup (g_strstrip (value));
}

char *mugai_mark_digest (const char *message, gsize length_bytes, char **ret_mark) {
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree char *mark = NULL;
  const char *end = message + length_bytes, *body = NULL;
  MugaiHeaderLine field;
  for (const char *at = message; (at = mugai_header_lines_next (at, end, &field, &body)) != NULL;) {
    if (mugai_header_line_is (&field, MUGAI_MARK_FIELD)) {
      if (mark != NULL)
        return NULL; /* two marks are none */
      mark = mark_of (&field);
    } else if (!is_trace (&field)) {
      add_field (checksum, &field);
    }
  }
  if (body == NULL)
    return NULL;
  g_checksum_update (checksum, (const guchar *) "\n", 1);
  add_body (checksum, body, end);
  if (ret_mark != NULL)
    *ret_mark = mark != NULL ? g_steal_pointer (&mark) : g_strdup ("");
  return g_strdup (g_checksum_get_string (checksum));
}

GBytes *mugai_mark_put (GBytes *notice, const char *mark) {
  gsize length_bytes = 0;
  const char *data = g_bytes_get_data (notice, &length_bytes);
  GString *marked = g_string_sized_new (length_bytes + 128);
  g_string_append_printf (marked, MUGAI_MARK_FIELD ": %s\r\n", mark);
  g_string_append_len (marked, data, (gssize) length_bytes);
  return g_string_free_to_bytes (marked);
}
