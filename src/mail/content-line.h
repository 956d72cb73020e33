/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/content-line: the lines that calendars and visiting cards are made of: "NAME;PARAMETER=value:value", folded.
 *
 * Reads iCalendar (RFC 5545 3.1), vCalendar 1.0, vCard 2.1 (quoted-printable with its own charset), 3.0 and 4.0 (RFC 6350 3.3).
 * Hostile input: a line over its limit is cut, never joined without end. Linear time. One reader, one thread.
 */
#pragma once

#include <glib.h>

#define CONTENT_LINE_MAX_BYTES (16u * 1024) /* unfolded; longer ones are pictures and descriptions nobody reads on */
#define CONTENT_LINE_MAX_PARAMETERS 32u     /* of one line; real ones have under 8 */

typedef struct {
  const char *at, *end;
} ContentReader;

typedef struct {
  char *name;        /* upper case, without a group ("item1.") */
  GPtrArray *names;  /* of char*: parameters, upper case; a bare word of vCard 2.1 is TYPE */
  GPtrArray *values; /* of char*: theirs, quotes taken off */
  char *value;       /* raw, unfolded; UTF-8 */
} ContentLine;

void content_reader_init (ContentReader *reader, const char *text, gsize length_bytes);
/** content_reader_next: FALSE at the end; content_line_clear () what it gave. Lines that are none are passed over. */
gboolean content_reader_next (ContentReader *reader, ContentLine *ret_line);
void content_line_clear (ContentLine *line);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ContentLine, content_line_clear)

/** content_line_parameter: (transfer none) (nullable): the first of @name. */
const char *content_line_parameter (const ContentLine *line, const char *name);
/** content_line_has_type: TRUE when a TYPE parameter lists @type (any case). */
gboolean content_line_has_type (const ContentLine *line, const char *type);
/** content_line_field: (transfer full): the @index-th of the value's fields parted by ';' ("" when there are fewer), decoded, unescaped,
 * safe on one line, at most @max_bytes. G_MAXUINT: the value whole. */
char *content_line_field (const ContentLine *line, guint index, gsize max_bytes);
/** content_line_text: (transfer full): the value whole, decoded and unescaped, its line breaks kept, safe. */
char *content_line_text (const ContentLine *line, gsize max_bytes);
