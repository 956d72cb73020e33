/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/reader-in-body: what the recognisers of encoded files inside text share: a text by lines, and their findings.
 *
 * Each recogniser looks at the lines from @offset on and gives the block that begins there, or NULL. Recognised generously (a block
 * without its first line too), but prose, tables and URLs must never match. Whatever one looked at in vain is bounded or skipped, so time is
 * linear. Any thread.
 */
#pragma once

#include "encoding.h"

typedef struct {
  const char *text;
  gsize length;
} BodyText;

typedef struct {
  const char *start;
  gsize length; /* without line end and trailing CR */
  gsize next;   /* offset of the line after it */
} BodyLine;

/** body_line_at: the line that begins at @offset, which is below @text's length. */
BodyLine body_line_at (const BodyText *text, gsize offset);
/** body_line_begins: with @prefix, in ASCII letters of either case. */
gboolean body_line_begins (const BodyLine *line, const char *prefix);
gboolean body_line_is_blank (const BodyLine *line);
/** body_line_stripped: without blanks at its end. */
BodyLine body_line_stripped (BodyLine line);
/** body_block_new: (transfer full): [@start, @end) of the text; takes @decoded over. */
MugaiInBody *body_block_new (MugaiInBodyKind kind, gsize start, gsize end, GByteArray *decoded);

/* reader-in-body-framed.c: formats with a frame or a form of line of their own. */
MugaiInBody *body_find_uuencode (const BodyText *text, gsize offset);
MugaiInBody *body_find_yenc (const BodyText *text, gsize offset);
MugaiInBody *body_find_binhex (const BodyText *text, gsize offset);
MugaiInBody *body_find_ascii85 (const BodyText *text, gsize offset);

/* reader-in-body-mime.c: MIME's own encodings, where no header or an inner one speaks of them. */
MugaiInBody *body_find_base64_run (const BodyText *text, gsize offset, gboolean strict, gsize *ret_skip);
MugaiInBody *body_find_armour (const BodyText *text, gsize offset);
MugaiInBody *body_find_mime_part (const BodyText *text, gsize offset);
MugaiInBody *body_find_quoted_printable (const BodyText *text, gsize offset);
/** body_find_data_uri, body_find_base64_token: anywhere in @line. */
MugaiInBody *body_find_data_uri (const BodyText *text, const BodyLine *line);
MugaiInBody *body_find_base64_token (const BodyText *text, const BodyLine *line);
