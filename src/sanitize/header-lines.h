/* SPDX-License-Identifier: GPL-2.0-only
 *
 * The header of a message as lines: names and values where they stand, nothing decoded. Nothing here reads MIME, so it may look at a
 * stranger's mail outside the sandbox. One pass, no recursion. Any thread.
 */
#pragma once

#include <glib.h>

/* Borrows from the message. */
typedef struct {
  const char *name;
  gsize name_bytes;
  const char *value; /* behind the colon, with folds and line end */
  gsize value_bytes;
} MugaiHeaderLine;

/** mugai_header_lines_next: (transfer none): the field at @at; where the next one begins. NULL: the header is over (*@ret_body: where the body
 * begins), or what stands there is no header (*@ret_body is NULL). */
const char *mugai_header_lines_next (const char *at, const char *end, MugaiHeaderLine *ret_line, const char **ret_body);
/** mugai_header_line_is: its name, whatever the case, is @name. */
gboolean mugai_header_line_is (const MugaiHeaderLine *line, const char *name);
