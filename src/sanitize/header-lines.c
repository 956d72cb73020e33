/* SPDX-License-Identifier: GPL-2.0-only
 *
 * The header of a message as lines.
 */
#include "header-lines.h"

#include <string.h>

const char *mugai_header_lines_next (const char *at, const char *end, MugaiHeaderLine *ret_line,
                                     const char **ret_body) {
  const char *stop = at;
  *ret_body = NULL;
  if (at < end && (*at == '\n' || (*at == '\r' && at + 1 < end && at[1] == '\n')))
    *ret_body = *at == '\n' ? at + 1 : at + 2;
  if (at >= end || *ret_body != NULL)
    return NULL;
  do {
    const char *line_end = memchr (stop, '\n', (gsize) (end - stop));
    stop = line_end != NULL ? line_end + 1 : end;
  } while (stop < end && (*stop == ' ' || *stop == '\t'));
  const char *colon = memchr (at, ':', (gsize) (stop - at));
  if (colon == NULL)
    return NULL;
  *ret_line = (MugaiHeaderLine){ at, (gsize) (colon - at), colon + 1, (gsize) (stop - colon - 1) };
  return stop;
}

gboolean mugai_header_line_is (const MugaiHeaderLine *line, const char *name) {
  return line->name_bytes == strlen (name) && g_ascii_strncasecmp (line->name, name, line->name_bytes) == 0;
}
