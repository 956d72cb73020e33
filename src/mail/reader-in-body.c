/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/reader-in-body: recognises encoded files inside text: uuencode, yEnc, BinHex, ascii85, base64 and quoted-printable.
 *
 * Mail programs of all ages turn such blocks into attachments, and a text converter hands them through
 * untouched; so they are content, found here and cut out by leaf-text.c. Any thread.
 */
#include "reader-in-body.h"

#include <string.h>

void mugai_in_body_free (MugaiInBody *block) {
  if (block == NULL)
    return;
  g_clear_pointer (&block->decoded, g_bytes_unref);
  g_free (block);
}

/* ---- lines ---- */

BodyLine body_line_at (const BodyText *text, gsize offset) {
  const char *start = text->text + offset;
  const char *lf = memchr (start, '\n', text->length - offset);
  gsize length = lf != NULL ? (gsize) (lf - start) : text->length - offset;
  BodyLine line = { start, length, offset + length + (lf != NULL ? 1 : 0) };
  if (line.length > 0 && start[line.length - 1] == '\r')
    line.length--;
  return line;
}

gboolean body_line_begins (const BodyLine *line, const char *prefix) {
  gsize length = strlen (prefix);
  return line->length >= length && g_ascii_strncasecmp (line->start, prefix, length) == 0;
}

gboolean body_line_is_blank (const BodyLine *line) {
  for (gsize i = 0; i < line->length; i++)
    if (line->start[i] != ' ' && line->start[i] != '\t')
      return FALSE;
  return TRUE;
}

BodyLine body_line_stripped (BodyLine line) {
  while (line.length > 0 && (line.start[line.length - 1] == ' ' || line.start[line.length - 1] == '\t'))
    line.length--;
  return line;
}

MugaiInBody *body_block_new (MugaiInBodyKind kind, gsize start, gsize end, GByteArray *decoded) {
  MugaiInBody *block = g_new0 (MugaiInBody, 1);
  block->kind = kind;
  block->start = start;
  block->end = end;
  block->decoded = g_byte_array_free_to_bytes (decoded);
  return block;
}

/* ---- all of them ---- */

static MugaiInBody *find_at (const BodyText *text, gsize offset, gsize *ret_skip) {
  BodyLine line = body_line_at (text, offset);
  *ret_skip = line.next;
  if (line.length == 0)
    return NULL;
  MugaiInBody *block = NULL;
  switch (line.start[0]) {
  case '=':
    block = body_find_yenc (text, offset);
    break;
  case '(':
  case ':':
    block = body_find_binhex (text, offset);
    break;
  case '<':
  case 'x':
    block = body_find_ascii85 (text, offset);
    break;
  case '-':
    block = body_find_armour (text, offset);
    break;
  case 'C':
  case 'c':
    block = body_find_mime_part (text, offset);
    break;
  default:
    break;
  }
  if (block == NULL)
    block = body_find_uuencode (text, offset);
  if (block == NULL)
    block = body_find_base64_run (text, offset, TRUE, ret_skip);
  if (block == NULL)
    block = body_find_data_uri (text, &line);
  if (block == NULL)
    block = body_find_base64_token (text, &line);
  if (block == NULL)
    block = body_find_quoted_printable (text, offset);
  if (block == NULL)
    *ret_skip = MAX (*ret_skip, line.next);
  return block;
}

GPtrArray *mugai_encoding_find_in_body (const char *text, gsize length_bytes) {
  GPtrArray *blocks = g_ptr_array_new_with_free_func ((GDestroyNotify) mugai_in_body_free);
  const BodyText whole = { text, length_bytes };
  gsize offset = 0;
  while (offset < length_bytes) {
    gsize skip = offset;
    MugaiInBody *block = find_at (&whole, offset, &skip);
    if (block != NULL)
      g_ptr_array_add (blocks, block);
    offset = MAX (block != NULL ? block->end : skip, offset + 1);
  }
  return blocks;
}
