/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/reader-in-body: recognises encoded files inside text: uuencode, yEnc, BinHex, ascii85, base64 and quoted-printable.
 *
 * Mail programs of all ages turn such blocks into attachments, and a text converter hands them through
 * untouched; so they are content, found here and cut out by leaf-text.c. Recognised generously (a block
 * without its first line too), but prose, tables and URLs must never match. Each recogniser looks at the lines
 * from the cursor on and says how many bytes it takes; whatever it looked at in vain is bounded or skipped, so time is linear.
 */
#include <string.h>

#include "encoding.h"

#define MIN_UU_LINE 21u        /* a column of uuencode without its first line: 15 bytes each, */
#define MIN_UU_LINES 3u        /* so many lines, */
#define MIN_UU_DISTINCT 20     /* and so many different characters */
#define MIN_BASE64_LINE 40u    /* a shorter line counts only when it ends in padding: real encoders write 60 to 76 */
#define MIN_BASE64_ALONE 60u   /* a line that makes a block by itself */
#define MIN_BASE64_PADDED 24u  /* "…=" of valid length */
#define MIN_BASE64_COLUMN 48u  /* in four lines or more of one length */
#define MIN_BASE64_DISTINCT 24 /* different characters in it */
#define MIN_BASE64_BELOW_HEADER 8u /* below "Content-Transfer-Encoding: base64" anything goes */
#define MIN_BASE64_TOKEN 100u      /* within a line: longer than any code that people hand on, outside URLs */
#define MIN_ESCAPES 12u            /* "=3D" in one line, most of it: no prose, no formula */
#define MAX_ARMOUR_HEADER_LINES 6u
#define MAX_HEADER_LINES 20u /* between such a header line and the empty line */

void mugai_in_body_free (MugaiInBody *block) {
  if (block == NULL)
    return;
  g_clear_pointer (&block->decoded, g_bytes_unref);
  g_free (block);
}

/* ---- lines ---- */

typedef struct {
  const char *text;
  gsize length;
} Text;

typedef struct {
  const char *start;
  gsize length; /* without line end and trailing CR */
  gsize next;   /* offset of the line after it */
} Line;

static Line line_at (const Text *text, gsize offset) {
  const char *start = text->text + offset;
  const char *lf = memchr (start, '\n', text->length - offset);
  gsize length = lf != NULL ? (gsize) (lf - start) : text->length - offset;
  Line line = { start, length, offset + length + (lf != NULL ? 1 : 0) };
  if (line.length > 0 && start[line.length - 1] == '\r')
    line.length--;
  return line;
}

static gboolean line_begins (const Line *line, const char *prefix) {
  gsize length = strlen (prefix);
  return line->length >= length && g_ascii_strncasecmp (line->start, prefix, length) == 0;
}

static gboolean line_is_blank (const Line *line) {
  for (gsize i = 0; i < line->length; i++)
    if (line->start[i] != ' ' && line->start[i] != '\t')
      return FALSE;
  return TRUE;
}

static Line line_stripped (Line line) {
  while (line.length > 0 && (line.start[line.length - 1] == ' ' || line.start[line.length - 1] == '\t'))
    line.length--;
  return line;
}

static MugaiInBody *block_new (MugaiInBodyKind kind, gsize start, gsize end, GByteArray *decoded) {
  MugaiInBody *block = g_new0 (MugaiInBody, 1);
  block->kind = kind;
  block->start = start;
  block->end = end;
  block->decoded = g_byte_array_free_to_bytes (decoded);
  return block;
}

/* ---- uuencode ---- */

/* A data line: its first character says how many bytes follow; trailing blanks may be lost, one or two
 * characters of any kind (a check, the line's end) may be added. */
static gboolean uu_line (const Line *line, guint *ret_n_bytes) {
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

static gboolean xx_line (const Line *line, guint *ret_n_bytes) {
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

static void uu_decode_line (const Line *line, guint n_bytes, gboolean xx, GByteArray *out) {
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
static gboolean uu_begin (const Line *line) {
  return line_begins (line, "begin ") || line_begins (line, "begin\t") || line_begins (line, "begin-base64 ");
}

/* Exactly as long as it says. */
static gboolean uu_exact_line (const Line *line) {
  guint n_bytes;
  return uu_line (line, &n_bytes) && line->length - 1 >= (n_bytes + 2) / 3 * 4;
}

/* Without its first line: a full line and another one, or a column of shorter ones, all of exactly the length they claim, without a
 * small letter; and of as many different characters as only encoded data has. */
static gboolean uu_without_begin (const Text *text, gsize offset) {
  guint64 used = 0;
  guint n = 0;
  gsize first = 0;
  while (n < MIN_UU_LINES && offset < text->length) {
    Line line = line_at (text, offset);
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

static MugaiInBody *find_uuencode (const Text *text, gsize offset) {
  Line line = line_at (text, offset);
  gboolean begins = uu_begin (&line);
  if (!begins && !uu_without_begin (text, offset))
    return NULL;
  if (line_begins (&line, "begin-base64 "))
    return NULL; /* its lines are found as base64 */
  gsize at = begins ? line.next : offset;
  gsize data_start = at;
  g_autoptr (GByteArray) out = g_byte_array_new ();
  guint n_bytes;
  gboolean xx = FALSE;
  if (begins && at < text->length) {
    line = line_at (text, at);
    xx = !uu_line (&line, &n_bytes) && xx_line (&line, &n_bytes);
  }
  while (at < text->length) {
    line = line_at (text, at);
    if (line_begins (&line, "end") && line.length <= 4) {
      at = line.next;
      break;
    }
    gboolean last = line_is_blank (&line) || (line.length <= 2 && strchr ("` +", line.start[0]) != NULL);
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
  return block_new (MUGAI_IN_BODY_UUENCODE, offset, at, g_steal_pointer (&out));
}

/* ---- yEnc ---- */

static void yenc_decode_line (const Line *line, GByteArray *out) {
  for (gsize i = 0; i < line->length; i++) {
    guint8 c = (guint8) line->start[i];
    if (c == '=' && i + 1 < line->length)
      c = (guint8) ((guint8) line->start[++i] - 64);
    c = (guint8) (c - 42);
    g_byte_array_append (out, &c, 1);
  }
}

static MugaiInBody *find_yenc (const Text *text, gsize offset) {
  Line line = line_at (text, offset);
  if (!line_begins (&line, "=ybegin "))
    return NULL;
  gsize at = line.next;
  GByteArray *out = g_byte_array_new ();
  gboolean ended = FALSE;
  while (at < text->length && !ended) {
    line = line_at (text, at);
    ended = line_begins (&line, "=yend");
    if (!ended && !line_begins (&line, "=ypart "))
      yenc_decode_line (&line, out);
    at = line.next;
  }
  return block_new (MUGAI_IN_BODY_YENC, offset, at, out);
}

/* ---- BinHex 4.0 ---- */

static int binhex_value (char c) {
  static const char alphabet[] = "!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr";
  const char *p = c != '\0' ? strchr (alphabet, c) : NULL;
  return p != NULL ? (int) (p - alphabet) : -1;
}

static gboolean binhex_line (const Line *line, gsize from) {
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

static MugaiInBody *find_binhex (const Text *text, gsize offset) {
  Line line = line_at (text, offset);
  gsize at = offset;
  gboolean banner = line_begins (&line, "(This file must be converted with BinHex");
  for (guint i = 0; banner && i < 4 && at < text->length && !(line.length > 0 && line.start[0] == ':'); i++) {
    at = line.next;
    if (at < text->length)
      line = line_at (text, at);
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
    line = line_at (text, at);
  }
  return block_new (MUGAI_IN_BODY_BINHEX, offset, at, binhex_expand (packed));
}

/* ---- base64 ---- */

/* What a line of base64 looks like: nothing else in it, '=' at its end only. */
static gboolean base64_line (const Line *line) {
  gsize n = line->length;
  for (guint padding = 0; padding < 2 && n > 0 && line->start[n - 1] == '='; padding++)
    n--;
  for (gsize i = 0; i < n; i++)
    if (mugai_encoding_base64_value ((guchar) line->start[i]) < 0)
      return FALSE;
  return n > 0;
}

/* Encoded data mixes capitals, small letters and, but for short pieces, digits; rules ("++++"), words and numbers do not. */
static gboolean base64_mixed (const char *data, gsize length) {
  guint upper = 0, lower = 0, digit = 0, slash = 0, turns = 0;
  for (gsize i = 0; i < length; i++) {
    upper += g_ascii_isupper (data[i]) ? 1 : 0;
    lower += g_ascii_islower (data[i]) ? 1 : 0;
    digit += g_ascii_isdigit (data[i]) ? 1 : 0;
    slash += data[i] == '/' ? 1 : 0;
    turns += i > 0 && g_ascii_islower (data[i - 1]) && g_ascii_isupper (data[i]) ? 1 : 0;
  }
  if ((gsize) slash * 8 > length)
    return FALSE; /* a path */
  return upper >= 2 && lower >= 2 && (digit >= 1 || turns >= 4);
}

/* Encoded data changes between capitals, small letters and digits all the time and uses most of its alphabet; lists of names
 * and of codes do not. */
static gboolean base64_restless (const char *data, gsize length) {
  guint changes = 0, pairs = 0;
  guint64 used = 0;
  int last = -1;
  for (gsize i = 0; i < length; i++) {
    int value = mugai_encoding_base64_value ((guchar) data[i]);
    int kind = value < 0 ? -1 : value < 26 ? 0 : value < 52 ? 1 : value < 62 ? 2 : 3;
    pairs += kind >= 0 && last >= 0 ? 1 : 0;
    changes += kind >= 0 && last >= 0 && kind != last ? 1 : 0;
    used |= value < 0 ? 0 : G_GUINT64_CONSTANT (1) << value;
    last = kind;
  }
  return changes * 5 >= pairs && __builtin_popcountll (used) >= MIN_BASE64_DISTINCT;
}

/* A column of lines of one length, however short. */
static gboolean base64_column (const char *data, gsize length, gsize n_lines, gsize n_chars) {
  return n_lines >= 4 && n_chars >= MIN_BASE64_COLUMN && base64_restless (data, length);
}

/* @strict: FALSE below a quoted MIME header, where a few characters are enough. */
static MugaiInBody *find_base64_run (const Text *text, gsize offset, gboolean strict, gsize *ret_skip) {
  gsize at = offset, n_lines = 0, longest = 0, n_chars = 0;
  gboolean padded = FALSE;
  while (at < text->length && !padded) {
    Line line = line_at (text, at);
    line = line_stripped (line);
    /* One empty line between two is looked over: mail programs and joined parts bring them in. */
    if (strict && n_lines > 0 && line.length == 0 && line.next < text->length) {
      Line next = line_stripped (line_at (text, line.next));
      if (next.length == longest && base64_line (&next))
        line = next;
    }
    /* A block's lines are of one length, and only its last may be shorter. */
    if (!base64_line (&line) || (strict && n_lines > 0 && line.length > longest))
      break;
    gboolean shorter = strict && n_lines > 0 && line.length < longest;
    longest = MAX (longest, line.length);
    n_chars += line.length;
    n_lines++;
    padded = line.start[line.length - 1] == '=';
    at = line.next;
    if (shorter)
      break;
  }
  *ret_skip = MAX (at, offset);
  if (n_lines == 0)
    return NULL;
  gboolean found = !strict ? n_chars >= MIN_BASE64_BELOW_HEADER
                           : (longest >= MIN_BASE64_ALONE || (longest >= MIN_BASE64_LINE && n_lines >= 2)
                              || (padded && n_chars >= MIN_BASE64_PADDED && n_chars % 4 == 0)
                              || base64_column (text->text + offset, at - offset, n_lines, n_chars))
                                 && base64_mixed (text->text + offset, at - offset);
  if (!found)
    return NULL;
  return block_new (MUGAI_IN_BODY_BASE64, offset, at,
                    mugai_encoding_base64_generous (text->text + offset, at - offset));
}

/* Text up to a boundary, or to the next such header: each byte is looked at once, however many headers there are. */
static gsize up_to_boundary (const Text *text, gsize offset) {
  while (offset < text->length) {
    Line line = line_at (text, offset);
    if (line.length > 2 && line_begins (&line, "--") && line.start[2] != ' ')
      break;
    if (line_begins (&line, "Content-Transfer-Encoding:"))
      break;
    offset = line.next;
  }
  return offset;
}

/* Escapes of quoted-printable; some readers look over a blank behind the '='. */
static guint count_escapes (const char *data, gsize length) {
  guint n = 0;
  for (gsize i = 0; i + 2 < length; i++) {
    gsize blank = data[i + 1] == ' ' && i + 3 < length ? 1 : 0;
    n += data[i] == '=' && g_ascii_isxdigit (data[i + 1 + blank]) && g_ascii_isxdigit (data[i + 2 + blank]) ? 1 : 0;
  }
  return n;
}

/* A paragraph below such a header with strangers in its base64; words have more blanks. @start: of the header. */
static MugaiInBody *find_dirty_base64 (const Text *text, gsize start, gsize at) {
  gsize digits = 0, end = at;
  while (end < text->length) {
    Line line = line_at (text, end);
    if (line_is_blank (&line))
      break;
    end = line.next;
  }
  for (gsize i = at; i < end; i++)
    digits += mugai_encoding_base64_value ((guchar) text->text[i]) >= 0 ? 1 : 0;
  if (digits < MIN_BASE64_COLUMN || digits * 2 < end - at || !base64_restless (text->text + at, end - at))
    return NULL;
  g_autoptr (MugaiDecoded) decoded = mugai_encoding_base64 (text->text + at, end - at);
  return block_new (MUGAI_IN_BODY_BASE64, start, end, g_bytes_unref_to_array (g_steal_pointer (&decoded->content)));
}

/* "Content-Transfer-Encoding: base64" in a body: somebody's idea of a MIME part in it. */
static MugaiInBody *find_mime_part (const Text *text, gsize offset) {
  Line line = line_at (text, offset);
  if (!line_begins (&line, "Content-Transfer-Encoding:"))
    return NULL;
  g_autofree char *value = g_ascii_strdown (line.start + 26, (gssize) (line.length - 26));
  gboolean base64 = strstr (value, "base64") != NULL;
  if (!base64 && strstr (value, "quoted-printable") == NULL)
    return NULL;
  gsize at = line.next;
  for (guint i = 0; i < MAX_HEADER_LINES && at < text->length; i++) {
    line = line_at (text, at);
    at = line.next;
    if (line_is_blank (&line))
      break;
  }
  if (at >= text->length || !line_is_blank (&line))
    return NULL;
  if (base64) {
    gsize skip;
    MugaiInBody *block = find_base64_run (text, at, FALSE, &skip);
    if (block == NULL)
      return find_dirty_base64 (text, offset, at);
    block->start = offset;
    return block;
  }
  gsize end = up_to_boundary (text, at);
  if (count_escapes (text->text + at, end - at) < 3)
    return NULL;
  g_autoptr (MugaiDecoded) decoded = mugai_encoding_quoted_printable (text->text + at, end - at);
  return block_new (MUGAI_IN_BODY_QUOTED_PRINTABLE, offset, end,
                    g_bytes_unref_to_array (g_steal_pointer (&decoded->content)));
}

/* "data:…;base64,…" anywhere in a line. */
static MugaiInBody *find_data_uri (const Text *text, const Line *line) {
  const char *mark = g_strstr_len (line->start, (gssize) line->length, ";base64,");
  if (mark == NULL)
    return NULL;
  gsize start = (gsize) (mark - text->text), at = start + 8;
  while (at < text->length
         && (mugai_encoding_base64_value ((guchar) text->text[at]) >= 0 || strchr ("=\r\n", text->text[at]) != NULL)
         && text->text[at] != '\0')
    at++;
  if (at - start < 8 + MIN_BASE64_PADDED)
    return NULL;
  return block_new (MUGAI_IN_BODY_BASE64, start, at,
                    mugai_encoding_base64_generous (text->text + start + 8, at - start - 8));
}

/* The first long piece of base64 in [@at, @end), or NULL. */
static MugaiInBody *find_base64_piece (const Text *text, gsize at, gsize end) {
  while (at < end) {
    gsize run = at;
    while (at < end && mugai_encoding_base64_value ((guchar) text->text[at]) >= 0)
      at++;
    if (at - run >= MIN_BASE64_TOKEN && base64_mixed (text->text + run, at - run)
        && base64_restless (text->text + run, at - run))
      return block_new (MUGAI_IN_BODY_BASE64, run, at, mugai_encoding_base64_generous (text->text + run, at - run));
    at++;
  }
  return NULL;
}

/* Words of a line that hold such a piece; URLs are full of them. */
static MugaiInBody *find_base64_token (const Text *text, const Line *line) {
  gsize at = (gsize) (line->start - text->text), end = at + line->length;
  while (at < end) {
    gsize word = at;
    while (at < end && text->text[at] != ' ' && text->text[at] != '\t')
      at++;
    gboolean url = g_strstr_len (text->text + word, (gssize) (at - word), "://") != NULL;
    MugaiInBody *block = url ? NULL : find_base64_piece (text, word, at);
    if (block != NULL)
      return block;
    at++;
  }
  return NULL;
}

/* ---- quoted-printable ---- */

static gboolean dense_line (const Line *line) {
  guint n = count_escapes (line->start, line->length);
  return n >= MIN_ESCAPES && (gsize) n * 6 >= line->length;
}

/* Lines of which half and more is "=E3=81=93": a text or file that nobody decoded. What follows a soft line break belongs to it. */
static MugaiInBody *find_quoted_printable (const Text *text, gsize offset) {
  Line line = line_at (text, offset);
  if (!dense_line (&line))
    return NULL;
  gboolean soft = FALSE;
  gsize at = offset;
  for (; at < text->length; at = line.next) {
    line = line_at (text, at);
    if (!soft && !dense_line (&line))
      break;
    Line bare = line_stripped (line);
    soft = bare.length > 0 && bare.start[bare.length - 1] == '=';
  }
  g_autoptr (MugaiDecoded) decoded = mugai_encoding_quoted_printable (text->text + offset, at - offset);
  return block_new (MUGAI_IN_BODY_QUOTED_PRINTABLE, offset, at,
                    g_bytes_unref_to_array (g_steal_pointer (&decoded->content)));
}

/* ---- ascii85 (Adobe's frame, and btoa's) ---- */

/* Behind the frame's opening, or 0. btoa's check sums are on its last line, so that its end is where '~' would be. */
static gsize ascii85_start (const Text *text, gsize offset, char *ret_closing) {
  Line line = line_at (text, offset);
  gboolean btoa = line_begins (&line, "xbtoa Begin");
  *ret_closing = btoa ? 'x' : '~';
  if (!btoa && !line_begins (&line, "<~"))
    return 0;
  return btoa ? line.next : offset + 2;
}

static MugaiInBody *find_ascii85 (const Text *text, gsize offset) {
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
    at = line_at (text, at).next;
  if (!closed && out->len < 16)
    return NULL;
  for (guint pad = n; n > 0 && pad < 5; pad++)
    value = value * 85 + 84;
  for (guint i = 0; n > 1 && i < n - 1; i++) {
    guint8 byte = (guint8) (value >> (24 - 8 * i));
    g_byte_array_append (out, &byte, 1);
  }
  return block_new (MUGAI_IN_BODY_ASCII85, offset, at + (closed ? 2 : 0), g_steal_pointer (&out));
}

/* ---- all of them ---- */

/* "-----BEGIN PGP SIGNATURE-----": from the line to its END, when base64 stands between. */
static MugaiInBody *find_armour (const Text *text, gsize offset) {
  Line line = line_at (text, offset);
  if (!line_begins (&line, "-----BEGIN ") || line_begins (&line, "-----BEGIN PGP SIGNED"))
    return NULL;
  gsize at = line.next;
  for (guint i = 0; i < MAX_ARMOUR_HEADER_LINES && at < text->length; i++) {
    gsize skip = at;
    MugaiInBody *block = find_base64_run (text, at, TRUE, &skip);
    if (block == NULL) {
      at = line_at (text, at).next;
      continue;
    }
    block->kind = MUGAI_IN_BODY_ARMOUR;
    block->start = offset;
    for (guint n = 0; n < 3 && block->end < text->length; n++) { /* a short last line, the check sum, END */
      line = line_at (text, block->end);
      if (line.length == 0 || line.length > 100)
        break;
      block->end = line.next;
      if (line_begins (&line, "-----END "))
        break;
    }
    return block;
  }
  return NULL;
}

static MugaiInBody *find_at (const Text *text, gsize offset, gsize *ret_skip) {
  Line line = line_at (text, offset);
  *ret_skip = line.next;
  if (line.length == 0)
    return NULL;
  MugaiInBody *block = NULL;
  switch (line.start[0]) {
  case '=':
    block = find_yenc (text, offset);
    break;
  case '(':
  case ':':
    block = find_binhex (text, offset);
    break;
  case '<':
  case 'x':
    block = find_ascii85 (text, offset);
    break;
  case '-':
    block = find_armour (text, offset);
    break;
  case 'C':
  case 'c':
    block = find_mime_part (text, offset);
    break;
  default:
    break;
  }
  if (block == NULL)
    block = find_uuencode (text, offset);
  if (block == NULL)
    block = find_base64_run (text, offset, TRUE, ret_skip);
  if (block == NULL)
    block = find_data_uri (text, &line);
  if (block == NULL)
    block = find_base64_token (text, &line);
  if (block == NULL)
    block = find_quoted_printable (text, offset);
  if (block == NULL)
    *ret_skip = MAX (*ret_skip, line.next);
  return block;
}

GPtrArray *mugai_encoding_find_in_body (const char *text, gsize length_bytes) {
  GPtrArray *blocks = g_ptr_array_new_with_free_func ((GDestroyNotify) mugai_in_body_free);
  const Text whole = { text, length_bytes };
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
