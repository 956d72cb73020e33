/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/reader-in-body-mime: base64 and quoted-printable inside text, where no header or an inner one speaks of them: columns of base64,
 * long words of it, data: URLs, armour, MIME parts that somebody pasted, dense quoted-printable. Any thread.
 */
#include "reader-in-body.h"

#include <string.h>

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

/* ---- base64 ---- */

/* What a line of base64 looks like: nothing else in it, '=' at its end only. */
static gboolean base64_line (const BodyLine *line) {
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
MugaiInBody *body_find_base64_run (const BodyText *text, gsize offset, gboolean strict, gsize *ret_skip) {
  gsize at = offset, n_lines = 0, longest = 0, n_chars = 0;
  gboolean padded = FALSE;
  while (at < text->length && !padded) {
    BodyLine line = body_line_at (text, at);
    line = body_line_stripped (line);
    /* One empty line between two is looked over: mail programs and joined parts bring them in. */
    if (strict && n_lines > 0 && line.length == 0 && line.next < text->length) {
      BodyLine next = body_line_stripped (body_line_at (text, line.next));
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
  return body_block_new (MUGAI_IN_BODY_BASE64, offset, at,
                         mugai_encoding_base64_generous (text->text + offset, at - offset));
}

/* BodyText up to a boundary, or to the next such header: each byte is looked at once, however many headers there are. */
static gsize up_to_boundary (const BodyText *text, gsize offset) {
  while (offset < text->length) {
    BodyLine line = body_line_at (text, offset);
    if (line.length > 2 && body_line_begins (&line, "--") && line.start[2] != ' ')
      break;
    if (body_line_begins (&line, "Content-Transfer-Encoding:"))
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
static MugaiInBody *find_dirty_base64 (const BodyText *text, gsize start, gsize at) {
  gsize digits = 0, end = at;
  while (end < text->length) {
    BodyLine line = body_line_at (text, end);
    if (body_line_is_blank (&line))
      break;
    end = line.next;
  }
  for (gsize i = at; i < end; i++)
    digits += mugai_encoding_base64_value ((guchar) text->text[i]) >= 0 ? 1 : 0;
  if (digits < MIN_BASE64_COLUMN || digits * 2 < end - at || !base64_restless (text->text + at, end - at))
    return NULL;
  g_autoptr (MugaiDecoded) decoded = mugai_encoding_base64 (text->text + at, end - at);
  return body_block_new (MUGAI_IN_BODY_BASE64, start, end,
                         g_bytes_unref_to_array (g_steal_pointer (&decoded->content)));
}

/* "Content-Transfer-Encoding: base64" in a body: somebody's idea of a MIME part in it. */
MugaiInBody *body_find_mime_part (const BodyText *text, gsize offset) {
  BodyLine line = body_line_at (text, offset);
  if (!body_line_begins (&line, "Content-Transfer-Encoding:"))
    return NULL;
  g_autofree char *value = g_ascii_strdown (line.start + 26, (gssize) (line.length - 26));
  gboolean base64 = strstr (value, "base64") != NULL;
  if (!base64 && strstr (value, "quoted-printable") == NULL)
    return NULL;
  gsize at = line.next;
  for (guint i = 0; i < MAX_HEADER_LINES && at < text->length; i++) {
    line = body_line_at (text, at);
    at = line.next;
    if (body_line_is_blank (&line))
      break;
  }
  if (at >= text->length || !body_line_is_blank (&line))
    return NULL;
  if (base64) {
    gsize skip;
    MugaiInBody *block = body_find_base64_run (text, at, FALSE, &skip);
    if (block == NULL)
      return find_dirty_base64 (text, offset, at);
    block->start = offset;
    return block;
  }
  gsize end = up_to_boundary (text, at);
  if (count_escapes (text->text + at, end - at) < 3)
    return NULL;
  g_autoptr (MugaiDecoded) decoded = mugai_encoding_quoted_printable (text->text + at, end - at);
  return body_block_new (MUGAI_IN_BODY_QUOTED_PRINTABLE, offset, end,
                         g_bytes_unref_to_array (g_steal_pointer (&decoded->content)));
}

/* "data:…;base64,…" anywhere in a line. */
MugaiInBody *body_find_data_uri (const BodyText *text, const BodyLine *line) {
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
  return body_block_new (MUGAI_IN_BODY_BASE64, start, at,
                         mugai_encoding_base64_generous (text->text + start + 8, at - start - 8));
}

/* The first long piece of base64 in [@at, @end), or NULL. */
static MugaiInBody *find_base64_piece (const BodyText *text, gsize at, gsize end) {
  while (at < end) {
    gsize run = at;
    while (at < end && mugai_encoding_base64_value ((guchar) text->text[at]) >= 0)
      at++;
    if (at - run >= MIN_BASE64_TOKEN && base64_mixed (text->text + run, at - run)
        && base64_restless (text->text + run, at - run))
      return body_block_new (MUGAI_IN_BODY_BASE64, run, at,
                             mugai_encoding_base64_generous (text->text + run, at - run));
    at++;
  }
  return NULL;
}

/* Words of a line that hold such a piece; URLs are full of them. */
MugaiInBody *body_find_base64_token (const BodyText *text, const BodyLine *line) {
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

static gboolean dense_line (const BodyLine *line) {
  guint n = count_escapes (line->start, line->length);
  return n >= MIN_ESCAPES && (gsize) n * 6 >= line->length;
}

/* Lines of which half and more is "=E3=81=93": a text or file that nobody decoded. What follows a soft line break belongs to it. */
MugaiInBody *body_find_quoted_printable (const BodyText *text, gsize offset) {
  BodyLine line = body_line_at (text, offset);
  if (!dense_line (&line))
    return NULL;
  gboolean soft = FALSE;
  gsize at = offset;
  for (; at < text->length; at = line.next) {
    line = body_line_at (text, at);
    if (!soft && !dense_line (&line))
      break;
    BodyLine bare = body_line_stripped (line);
    soft = bare.length > 0 && bare.start[bare.length - 1] == '=';
  }
  g_autoptr (MugaiDecoded) decoded = mugai_encoding_quoted_printable (text->text + offset, at - offset);
  return body_block_new (MUGAI_IN_BODY_QUOTED_PRINTABLE, offset, at,
                         g_bytes_unref_to_array (g_steal_pointer (&decoded->content)));
}

/* ---- armour ---- */

/* "-----BEGIN PGP SIGNATURE-----": from the line to its END, when base64 stands between. */
MugaiInBody *body_find_armour (const BodyText *text, gsize offset) {
  BodyLine line = body_line_at (text, offset);
  if (!body_line_begins (&line, "-----BEGIN ") || body_line_begins (&line, "-----BEGIN PGP SIGNED"))
    return NULL;
  gsize at = line.next;
  for (guint i = 0; i < MAX_ARMOUR_HEADER_LINES && at < text->length; i++) {
    gsize skip = at;
    MugaiInBody *block = body_find_base64_run (text, at, TRUE, &skip);
    if (block == NULL) {
      at = body_line_at (text, at).next;
      continue;
    }
    block->kind = MUGAI_IN_BODY_ARMOUR;
    block->start = offset;
    for (guint n = 0; n < 3 && block->end < text->length; n++) { /* a short last line, the check sum, END */
      line = body_line_at (text, block->end);
      if (line.length == 0 || line.length > 100)
        break;
      block->end = line.next;
      if (body_line_begins (&line, "-----END "))
        break;
    }
    return block;
  }
  return NULL;
}
