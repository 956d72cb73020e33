/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/reader-in-body-framed: encoded files inside text in formats with a frame or a form of line of their own: uuencode and xxencode,
 * yEnc, BinHex (RFC 1741), ascii85 (Adobe's and btoa's). Any thread.
 */
#include "reader-in-body.h"

#include <string.h>

#define MIN_UU_LINE 21u    /* a column of uuencode without its first line: 15 bytes each, */
#define MIN_UU_LINES 3u    /* so many lines, */
#define MIN_UU_DISTINCT 20 /* and so many different characters */

/* ---- uuencode ---- */

/* A data line: its first character says how many bytes follow; trailing blanks may be lost, one or two
 * characters of any kind (a check, the line's end) may be added. */
static gboolean uu_line (const BodyLine *line, guint *ret_n_bytes) {
  if (line->length < 2)
    return FALSE;
  guint n_bytes = ((guint) line->start[0] - 0x20) & 0x3F;
  gsize expected = (n_bytes + 2) / 3 * 4;
  for (gsize i = 0; i < MIN (line->length, 1 + expected); i++)
    if (line->start[i] < 0x20 || line->start[i] > 0x60)
      return FALSE;
  *ret_n_bytes = n_bytes;
  return n_bytes > 0 && line->length - 1 <= expected + 2 && line->length - 1 + 8 >= expected;
}

/* xxencode is uuencode in another alphabet; both begin alike. */
static int xx_value (char c) {
  static const char alphabet[] = "+-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  const char *p = c != '\0' ? strchr (alphabet, c) : NULL;
  return p != NULL ? (int) (p - alphabet) : -1;
}

static gboolean xx_line (const BodyLine *line, guint *ret_n_bytes) {
  for (gsize i = 0; i < line->length; i++)
    if (xx_value (line->start[i]) < 0)
      return FALSE;
  if (line->length < 2)
    return FALSE;
  *ret_n_bytes = (guint) xx_value (line->start[0]);
  return *ret_n_bytes > 0 && line->length - 1 == (*ret_n_bytes + 2) / 3 * 4;
}

static guint uu_value (char c, gboolean xx) {
  return (xx ? (guint) xx_value (c) : (guint) c - 0x20) & 0x3F;
}

static void uu_decode_line (const BodyLine *line, guint n_bytes, gboolean xx, GByteArray *out) {
  guint32 bits = 0;
  for (guint i = 0; n_bytes > 0; i++) {
    guint value = i + 1 < line->length ? uu_value (line->start[i + 1], xx) : 0;
    bits = bits << 6 | value;
    if (i % 4 != 3)
      continue;
    guint8 bytes[3] = { (guint8) (bits >> 16), (guint8) (bits >> 8), (guint8) bits };
    guint n = MIN (n_bytes, 3);
    g_byte_array_append (out, bytes, n);
    n_bytes -= n;
    bits = 0;
  }
}

/* Mode and name are not looked at: some programs take "begin" and a blank alone. The line behind it has to be data. */
static gboolean uu_begin (const BodyLine *line) {
  return body_line_begins (line, "begin ") || body_line_begins (line, "begin\t")
         || body_line_begins (line, "begin-base64 ");
}

/* Exactly as long as it says. */
static gboolean uu_exact_line (const BodyLine *line) {
  guint n_bytes;
  return uu_line (line, &n_bytes) && line->length - 1 >= (n_bytes + 2) / 3 * 4;
}

/* Without its first line: a full line and another one, or a column of shorter ones, all of exactly the length they claim, without a
 * small letter; and of as many different characters as only encoded data has. */
static gboolean uu_without_begin (const BodyText *text, gsize offset) {
  guint64 used = 0;
  guint n = 0;
  gsize first = 0;
  while (n < MIN_UU_LINES && offset < text->length) {
    BodyLine line = body_line_at (text, offset);
    if (line.length == 0 || !uu_exact_line (&line) || (n == 0 && line.length < MIN_UU_LINE))
      break;
    first = n == 0 ? line.length : first;
    for (gsize i = 0; i < line.length; i++)
      used |= G_GUINT64_CONSTANT (1) << ((line.start[i] - 0x20) & 0x3F);
    offset = line.next;
    n++;
  }
  return (n == MIN_UU_LINES || (n == 2 && first >= 60)) && __builtin_popcountll (used) >= MIN_UU_DISTINCT;
}

MugaiInBody *body_find_uuencode (const BodyText *text, gsize offset) {
  BodyLine line = body_line_at (text, offset);
  gboolean begins = uu_begin (&line);
  if (!begins && !uu_without_begin (text, offset))
    return NULL;
  if (body_line_begins (&line, "begin-base64 "))
    return NULL; /* its lines are found as base64 */
  gsize at = begins ? line.next : offset;
  gsize data_start = at;
  g_autoptr (GByteArray) out = g_byte_array_new ();
  guint n_bytes;
  gboolean xx = FALSE;
  if (begins && at < text->length) {
    line = body_line_at (text, at);
    xx = !uu_line (&line, &n_bytes) && xx_line (&line, &n_bytes);
  }
  while (at < text->length) {
    line = body_line_at (text, at);
    if (body_line_begins (&line, "end") && line.length <= 4) {
      at = line.next;
      break;
    }
    gboolean last = body_line_is_blank (&line) || (line.length <= 2 && strchr ("` +", line.start[0]) != NULL);
    if (!last && !(xx ? xx_line (&line, &n_bytes) : uu_line (&line, &n_bytes)))
      break;
    if (!last)
      uu_decode_line (&line, n_bytes, xx, out);
    at = line.next;
  }
  if (at == data_start || (out->len == 0 && !begins))
    return NULL;
  if (out->len == 0)
    return NULL;
  return body_block_new (MUGAI_IN_BODY_UUENCODE, offset, at, g_steal_pointer (&out));
}

/* ---- yEnc ---- */

static void yenc_decode_line (const BodyLine *line, GByteArray *out) {
  for (gsize i = 0; i < line->length; i++) {
    guint8 c = (guint8) line->start[i];
    if (c == '=' && i + 1 < line->length)
      c = (guint8) ((guint8) line->start[++i] - 64);
    c = (guint8) (c - 42);
    g_byte_array_append (out, &c, 1);
  }
}

MugaiInBody *body_find_yenc (const BodyText *text, gsize offset) {
  BodyLine line = body_line_at (text, offset);
  if (!body_line_begins (&line, "=ybegin "))
    return NULL;
  gsize at = line.next;
  GByteArray *out = g_byte_array_new ();
  gboolean ended = FALSE;
  while (at < text->length && !ended) {
    line = body_line_at (text, at);
    ended = body_line_begins (&line, "=yend");
    if (!ended && !body_line_begins (&line, "=ypart "))
      yenc_decode_line (&line, out);
    at = line.next;
  }
  return body_block_new (MUGAI_IN_BODY_YENC, offset, at, out);
}

/* ---- BinHex 4.0 ---- */

static int binhex_value (char c) {
  static const char alphabet[] = "!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr";
  const char *p = c != '\0' ? strchr (alphabet, c) : NULL;
  return p != NULL ? (int) (p - alphabet) : -1;
}

static gboolean binhex_line (const BodyLine *line, gsize from) {
  for (gsize i = from; i < line->length; i++)
    if (binhex_value (line->start[i]) < 0 && !(line->start[i] == ':' && i + 1 == line->length))
      return FALSE;
  return TRUE;
}

/* 0x90 n repeats the byte before; 0x90 0 is 0x90 itself. */
static GByteArray *binhex_expand (const GByteArray *packed) {
  GByteArray *out = g_byte_array_new ();
  for (guint i = 0; i < packed->len; i++) {
    if (packed->data[i] != 0x90 || i + 1 == packed->len || out->len == 0) {
      g_byte_array_append (out, packed->data + i, 1);
      continue;
    }
    guint8 count = packed->data[++i];
    guint8 byte = count == 0 ? 0x90 : out->data[out->len - 1];
    for (guint n = count == 0 ? 0 : 1; n < MAX (count, 1); n++)
      g_byte_array_append (out, &byte, 1);
  }
  return out;
}

MugaiInBody *body_find_binhex (const BodyText *text, gsize offset) {
  BodyLine line = body_line_at (text, offset);
  gsize at = offset;
  gboolean banner = body_line_begins (&line, "(This file must be converted with BinHex");
  for (guint i = 0; banner && i < 4 && at < text->length && !(line.length > 0 && line.start[0] == ':'); i++) {
    at = line.next;
    if (at < text->length)
      line = body_line_at (text, at);
  }
  if (at >= text->length || line.length < (banner ? 2 : 60) || line.start[0] != ':' || !binhex_line (&line, 1))
    return NULL;
  g_autoptr (GByteArray) packed = g_byte_array_new ();
  guint32 bits = 0;
  guint n_bits = 0;
  gboolean ended = FALSE;
  for (gsize from = 1; !ended && binhex_line (&line, from); from = 0) {
    for (gsize i = from; i < line.length && !ended; i++) {
      ended = line.start[i] == ':';
      if (ended)
        break;
      bits = bits << 6 | (guint) binhex_value (line.start[i]);
      n_bits += 6;
      if (n_bits < 8)
        continue;
      n_bits -= 8;
      guint8 byte = (guint8) (bits >> n_bits);
      g_byte_array_append (packed, &byte, 1);
    }
    at = line.next;
    if (at >= text->length)
      break;
    line = body_line_at (text, at);
  }
  return body_block_new (MUGAI_IN_BODY_BINHEX, offset, at, binhex_expand (packed));
}

/* ---- ascii85 (Adobe's frame, and btoa's) ---- */

/* Behind the frame's opening, or 0. btoa's check sums are on its last line, so that its end is where '~' would be. */
static gsize ascii85_start (const BodyText *text, gsize offset, char *ret_closing) {
  BodyLine line = body_line_at (text, offset);
  gboolean btoa = body_line_begins (&line, "xbtoa Begin");
  *ret_closing = btoa ? 'x' : '~';
  if (!btoa && !body_line_begins (&line, "<~"))
    return 0;
  return btoa ? line.next : offset + 2;
}

MugaiInBody *body_find_ascii85 (const BodyText *text, gsize offset) {
  char closing;
  gsize at = ascii85_start (text, offset, &closing);
  if (at == 0)
    return NULL;
  g_autoptr (GByteArray) out = g_byte_array_new ();
  guint64 value = 0;
  guint n = 0;
  for (; at < text->length && text->text[at] != closing; at++) {
    guchar c = (guchar) text->text[at];
    if (c == 'z' && n == 0) {
      g_byte_array_append (out, (const guint8 *) "\0\0\0\0", 4);
    } else if (c >= '!' && c <= 'u') {
      value = value * 85 + (guint) (c - '!');
      if (++n < 5)
        continue;
      guint8 bytes[4] = { (guint8) (value >> 24), (guint8) (value >> 16), (guint8) (value >> 8), (guint8) value };
      g_byte_array_append (out, bytes, 4);
      value = n = 0;
    } else if (!g_ascii_isspace ((char) c)) {
      break;
    }
  }
  gboolean closed = at + 1 < text->length && text->text[at] == '~' && text->text[at + 1] == '>';
  if (closing == 'x' && at < text->length && text->text[at] == 'x')
    at = body_line_at (text, at).next;
  if (!closed && out->len < 16)
    return NULL;
  for (guint pad = n; n > 0 && pad < 5; pad++)
    value = value * 85 + 84;
  for (guint i = 0; n > 1 && i < n - 1; i++) {
    guint8 byte = (guint8) (value >> (24 - 8 * i));
    g_byte_array_append (out, &byte, 1);
  }
  return body_block_new (MUGAI_IN_BODY_ASCII85, offset, at + (closed ? 2 : 0), g_steal_pointer (&out));
}
