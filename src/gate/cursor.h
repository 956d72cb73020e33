/* SPDX-License-Identifier: GPL-2.0-only
 *
 * gate/cursor: the message as a sequence of lines. What every line of the language must be (ends in CRLF, at most 998
 * octets, printable ASCII and TAB only) is checked here once, so that no rule above can forget it.
 */
#pragma once

#include "mugai/gate.h"

typedef struct {
  const char *bytes;
  gsize length_bytes;
  const char *line; /* the current line without its CRLF; NULL: behind the last one */
  gsize line_bytes;
  gsize line_offset;   /* of the current line's first byte */
  gsize next_offset;   /* of the byte behind its CRLF */
  guint64 line_number; /* 1: the first */
  GError **error;
} GateCursor;

/* Makes the first line the current one. */
gboolean gate_cursor_init (GateCursor *cursor, const char *bytes, gsize length_bytes, GError **error);
/* Goes to the next line; behind the last one, line is NULL. */
gboolean gate_cursor_advance (GateCursor *cursor);
/* The current line must be exactly @text; then goes on. */
gboolean gate_cursor_expect (GateCursor *cursor, const char *text);
/* TRUE when the current line is exactly @text / begins with it; reports nothing. */
gboolean gate_cursor_is (const GateCursor *cursor, const char *text);
gboolean gate_cursor_begins (const GateCursor *cursor, const char *text);
/* Sets the error: where (@column of the current line) and what was expected. Returns FALSE. */
gboolean gate_cursor_fail (const GateCursor *cursor, MugaiGateError code, gsize column, const char *expected);
