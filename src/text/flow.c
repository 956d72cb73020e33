/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/flow: white space, paragraphs and lines.
 *
 * The inner loop looks at each byte once, by class; only characters that may have to go are decoded.
 * A paragraph is folded and written at once, so memory is that of the text. See flow.h for the invariant.
 */
#include "flow.h"

#include <string.h>

#include "mugai/base/unicode.h"

#include "style.h"

#define NBSP "\xC2\xA0"
#define TAB_COLUMNS 8u
#define MAX_BLANKS 2u
#define FIRST_BYTES 8192u /* of output: enough for most mails */
#define HANGING_COLUMNS 2u

typedef struct {
  char prefix[FLOW_FRAME_BYTES];
  char marker[FLOW_FRAME_BYTES];
  gboolean marker_due;
  gsize columns;
} Frame;

enum { BYTE_PLAIN, BYTE_WHITE, BYTE_CONTROL, BYTE_LEAD };

/* Leads: of the blocks that hold NBSP, SHY, C1; CGJ; ALM; U+180E, U+17B4; U+20xx; U+FDD0, U+FEFF; planes 1 to 16. */
static const guint8 byte_class[256] = {
  [0 ... 8] = BYTE_CONTROL,
  ['\t'] = BYTE_WHITE,
  ['\n'] = BYTE_WHITE,
  [0x0B] = BYTE_CONTROL,
  ['\f'] = BYTE_WHITE,
  ['\r'] = BYTE_WHITE,
  [0x0E ... 0x1F] = BYTE_CONTROL,
  [' '] = BYTE_WHITE,
  [0x7F] = BYTE_CONTROL,
  [0xC2] = BYTE_LEAD,
  [0xCD] = BYTE_LEAD,
  [0xD8] = BYTE_LEAD,
  [0xE1] = BYTE_LEAD,
  [0xE2] = BYTE_LEAD,
  [0xEF ... 0xF7] = BYTE_LEAD,
};

void flow_init (Flow *self, guint width, gsize limit) {
  memset (self, 0, sizeof *self);
  self->out = g_string_sized_new (MIN (limit, FIRST_BYTES));
  self->limit = limit;
  self->width = width;
  self->paragraph = g_string_sized_new (1024);
  self->frames = g_array_new (FALSE, FALSE, sizeof (Frame));
  self->prefix = g_string_new (NULL);
  self->previous_prefix = g_string_new (NULL);
}

void flow_clear (Flow *self) {
  if (self->out != NULL)
    g_string_free (self->out, TRUE);
  g_string_free (self->paragraph, TRUE);
  g_array_unref (self->frames);
  g_string_free (self->prefix, TRUE);
  g_string_free (self->previous_prefix, TRUE);
}

gsize flow_available_columns (const Flow *self) {
  return self->width - MIN (self->prefix_columns, self->width / 2);
}

gboolean flow_at_start (const Flow *self) {
  return self->paragraph->len == 0;
}

/* Without measuring the paragraph: it may be megabytes long and asked about at every tag. */
gboolean flow_ends_with (const Flow *self, const char *text) {
  gsize length = strlen (text);

  return self->paragraph->len >= length
         && memcmp (self->paragraph->str + self->paragraph->len - length, text, length) == 0;
}

/* Frames */

/* Frames past half the width take no room: deep nesting must not squeeze the text or blow up the output. */
void flow_push_frame (Flow *self, const char *prefix, const char *marker) {
  Frame frame = { .columns = mugai_unicode_columns (prefix, -1) };

  if (self->prefix_columns + frame.columns > self->width / 2) {
    frame.columns = 0;
    marker = NULL;
  } else
    g_strlcpy (frame.prefix, prefix, sizeof frame.prefix);
  if (marker != NULL) {
    g_strlcpy (frame.marker, marker, sizeof frame.marker);
    frame.marker_due = TRUE;
  }
  g_array_append_val (self->frames, frame);
  g_string_append (self->prefix, frame.prefix);
  self->prefix_columns += frame.columns;
}

void flow_pop_frame (Flow *self) {
  const Frame *frame;

  if (self->frames->len == 0)
    return;
  frame = &g_array_index (self->frames, Frame, self->frames->len - 1);
  g_string_truncate (self->prefix, self->prefix->len - strlen (frame->prefix));
  self->prefix_columns -= frame->columns;
  g_array_set_size (self->frames, self->frames->len - 1);
}

guint flow_first_due (const Flow *self) {
  guint i = self->frames->len;

  while (i > 0 && g_array_index (self->frames, Frame, i - 1).marker_due)
    i--;
  return i;
}

void flow_restore_due (Flow *self, guint first) {
  for (; first < self->frames->len; first++) {
    Frame *frame = &g_array_index (self->frames, Frame, first);

    frame->marker_due = frame->marker[0] != '\0';
  }
}

/* Blanks of a width of their own (U+2000 to 200A, 202F, 205F, 2800): kept between letters, never in a row. */
static gboolean is_odd_blank (gunichar code) {
  return (code >= 0x2000 && code <= 0x200A) || code == 0x202F || code == 0x205F || code == 0x2800;
}

/* Bytes of a blank, of whatever width, at the end of @text; 0 when none stands there. */
static gsize blank_at_end (const char *text, gsize length) {
  const guchar *p = (const guchar *) text + length;

  if (length > 0 && p[-1] == ' ')
    return 1;
  if (length > 1 && p[-2] == 0xC2 && p[-1] == 0xA0)
    return 2;
  if (length < 3 || p[-3] < 0xE2 || p[-3] > 0xE3)
    return 0;
  return memcmp (p - 3, "\xE3\x80\x80", 3) == 0
                 || (p[-3] == 0xE2 && is_odd_blank (g_utf8_get_char ((const char *) p - 3)))
             ? 3
             : 0;
}

/* Output */

static void emit (Flow *self, const char *text, gsize length) {
  if (self->truncated)
    return;
  if (self->out->len + length > self->limit) {
    length = self->limit - MIN (self->limit, self->out->len);
    while (length > 0 && ((guchar) text[length] & 0xC0) == 0x80)
      length--;
    self->truncated = TRUE;
  }
  g_string_append_len (self->out, text, (gssize) length);
}

static void emit_trimmed (Flow *self, const GString *text) {
  gsize length = text->len;

  while (length > 0 && text->str[length - 1] == ' ')
    length--;
  emit (self, text->str, length);
}

static void emit_blanks (Flow *self) {
  gsize shared = 0;

  if (self->out->len == 0)
    self->blanks = 0;
  while (shared < self->prefix->len && shared < self->previous_prefix->len
         && self->prefix->str[shared] == self->previous_prefix->str[shared])
    shared++;
  g_string_truncate (self->previous_prefix, shared);
  for (; self->blanks > 0; self->blanks--) {
    emit_trimmed (self, self->previous_prefix);
    emit (self, "\n", 1);
  }
}

/* The prefix of a paragraph's first line: due markers take the place of their frame's indentation. */
static void emit_first_prefix (Flow *self) {
  for (guint i = 0; i < self->frames->len; i++) {
    Frame *frame = &g_array_index (self->frames, Frame, i);
    const char *text = frame->marker_due ? frame->marker : frame->prefix;

    emit (self, text, strlen (text));
    frame->marker_due = FALSE;
  }
}

/* One line of the paragraph: NBSP has done its work, and blanks at the end go. */
static void emit_line (Flow *self, const char *line, gsize length, gboolean first) {
  const char *nbsp;
  gsize blank;

  while ((blank = blank_at_end (line, length)) > 0)
    length -= blank;
  if (first)
    emit_first_prefix (self);
  else if (length > 0)
    emit (self, self->prefix->str, self->prefix->len);
  else
    emit_trimmed (self, self->prefix);
  while (length > 0 && (nbsp = memchr (line, NBSP[0], length)) != NULL) {
    gboolean found = length - (gsize) (nbsp - line) > 1 && nbsp[1] == NBSP[1];
    gsize taken = (gsize) (nbsp - line) + (found ? 2 : 1);

    emit (self, line, found ? taken - 2 : taken);
    if (found)
      emit (self, " ", 1);
    length -= taken;
    line += taken;
  }
  emit (self, line, length);
  emit (self, "\n", 1);
}

static void emit_lines (Flow *self, const char *text) {
  gboolean first = TRUE;
  guint empty = 0;

  while (*text != '\0') {
    gsize length = strcspn (text, "\n");

    empty = length == 0 ? empty + 1 : 0;
    if (empty <= MAX_BLANKS || self->keep)
      emit_line (self, text, length, first);
    first = FALSE;
    text += length + (text[length] == '\n' ? 1 : 0);
  }
  g_string_assign (self->previous_prefix, self->prefix->str);
}

static void record_cell (Flow *self) {
  if (self->cell->len > self->cell_start)
    g_string_append_c (self->cell, '\n');
  g_string_append_len (self->cell, self->paragraph->str, (gssize) self->paragraph->len);
}

/* Folding lets 、。 hang over the end of a line; the width that was asked for is kept with them. */
static gboolean may_hang (const char *text) {
  return strstr (text, "\xE3\x80\x81") != NULL || strstr (text, "\xE3\x80\x82") != NULL
         || strstr (text, "\xEF\xBC\x8C") != NULL || strstr (text, "\xEF\xBC\x8E") != NULL;
}

static void write_paragraph (Flow *self) {
  gsize width = flow_available_columns (self);

  self->n_paragraphs++;
  if (self->cell != NULL) {
    record_cell (self);
    self->n_recorded++;
  }
  emit_blanks (self);
  if (self->keep || self->paragraph->len <= width)
    emit_lines (self, self->paragraph->str);
  else {
    gsize spare = may_hang (self->paragraph->str) ? HANGING_COLUMNS : 0;
    g_autofree char *folded = mugai_unicode_fold (self->paragraph->str, (guint) (width - spare), FALSE);

    emit_lines (self, folded);
  }
}

/* Takes LFs (and blanks between them) off the end; the number of LFs. */
static guint trim_end (GString *text) {
  guint breaks = 0;

  while (text->len > 0) {
    char last = text->str[text->len - 1];
    gsize blank;

    if (last == '\n')
      breaks++;
    else if ((blank = blank_at_end (text->str, text->len)) == 0)
      break;
    text->len -= last == '\n' ? 1 : blank;
  }
  g_string_truncate (text, text->len);
  return breaks;
}

static guint trim_start (GString *text) {
  const char *p = text->str;
  const char *line = p;
  guint breaks = 0;

  for (; *p == '\n' || *p == ' ' || g_str_has_prefix (p, NBSP); p += *p == (char) 0xC2 ? 2 : 1) {
    if (*p == '\n') {
      breaks++;
      line = p + 1;
    }
  }
  g_string_erase (text, 0, line - text->str);
  return breaks;
}

void flow_block (Flow *self, guint blanks) {
  gboolean spacer = self->paragraph->len > 0;
  guint before, after;

  self->space = self->newline = FALSE;
  if (spacer) {
    after = trim_end (self->paragraph);
    if (self->paragraph->len > 0) {
      before = trim_start (self->paragraph);
      self->blanks = MIN (MAX_BLANKS, self->blanks + before);
      write_paragraph (self);
      self->blanks = MIN (MAX_BLANKS, after > 1 ? after - 1 : 0);
    } else
      self->blanks = MIN (MAX_BLANKS, self->blanks + MAX (after, 1));
    g_string_truncate (self->paragraph, 0);
    self->keep = FALSE;
  }
  self->blanks = MAX (self->blanks, blanks);
}

void flow_line (Flow *self, const char *text, gboolean fold) {
  flow_block (self, 0);
  g_string_assign (self->paragraph, text);
  self->keep = !fold;
  flow_block (self, 0);
}

/* Inline */

/* Characters that no blank stands between in Japanese and Chinese: kana, ideographs, their marks, full-width forms. */
static gboolean is_ideographic (gunichar code) {
  return (code >= 0x2E80 && code <= 0xA4CF && !(code >= 0x3130 && code <= 0x318F)) || (code >= 0xF900 && code <= 0xFAFF)
         || (code >= 0xFF01 && code <= 0xFF60) || (code >= 0x20000 && code <= 0x3FFFF);
}

/* A line's end between two such characters was only the source's (CSS Text 3, 4.1.3). @next: (nullable). */
static gboolean joins_ideographs (const Flow *self, const char *next) {
  const GString *paragraph = self->paragraph;

  return self->newline && next != NULL && (guchar) *next >= 0xE2 && paragraph->len >= 3
         && is_ideographic (g_utf8_get_char (next))
         && is_ideographic (g_utf8_get_char (g_utf8_prev_char (paragraph->str + paragraph->len)));
}

static void settle_space (Flow *self, const char *next) {
  GString *paragraph = self->paragraph;
  gboolean joins = joins_ideographs (self, next);

  self->space = self->newline = FALSE;
  if (joins)
    return;
  if (paragraph->len > 0 && paragraph->str[paragraph->len - 1] != '\n' && paragraph->str[paragraph->len - 1] != ' ')
    g_string_append_c (paragraph, ' ');
}

void flow_literal (Flow *self, const char *text) {
  if (self->space)
    settle_space (self, NULL);
  g_string_append (self->paragraph, text);
}

void flow_mark (Flow *self, const char *text) {
  if (self->paragraph->len > 0 && self->paragraph->str[self->paragraph->len - 1] != ' ')
    g_string_append (self->paragraph, NBSP);
  g_string_append (self->paragraph, text);
}

void flow_break (Flow *self) {
  self->space = self->newline = FALSE;
  g_string_append_c (self->paragraph, '\n');
}

static void append_tab (Flow *self) {
  const GString *paragraph = self->paragraph;
  gsize bytes = 0, columns;

  /* Measuring stays bounded: in a very long line a tab is one stop, wherever it stands. */
  while (bytes < MIN (paragraph->len, 512) && paragraph->str[paragraph->len - bytes - 1] != '\n')
    bytes++;
  columns = bytes < 512 ? mugai_unicode_columns (paragraph->str + paragraph->len - bytes, (gssize) bytes) : 0;
  for (gsize n = TAB_COLUMNS - columns % TAB_COLUMNS; n > 0; n--)
    g_string_append_c (self->paragraph, ' ');
}

static void append_white (Flow *self, char byte, guint white) {
  if (byte == '\r' || byte == '\f')
    byte = ' ';
  if (white == WHITE_NORMAL || (white == WHITE_PRE_LINE && byte != '\n')) {
    self->newline = (self->space && self->newline) || byte == '\n';
    self->space = TRUE;
  } else if (byte == '\n')
    flow_break (self);
  else {
    if (self->space)
      settle_space (self, NULL);
    if (byte == '\t')
      append_tab (self);
    else
      g_string_append_c (self->paragraph, byte);
  }
}

static gboolean is_invisible (gunichar code) {
  return (code >= 0x80 && code < 0xA0) || code == 0xAD || code == 0x34F || code == 0x61C || code == 0x115F
         || code == 0x1160 || code == 0x17B4 || code == 0x17B5 || code == 0x180E || code == 0x200B || code == 0x200E
         || code == 0x200F || (code >= 0x202A && code <= 0x202E) || (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF
         || code == 0xFFA0 || (code >= 0xFFF9 && code <= 0xFFFB) || (code >= 0xFDD0 && code <= 0xFDEF)
         || (code & 0xFFFE) == 0xFFFE || (code >= 0xE0000 && code <= 0xE0FFF);
}

static gboolean joins_something (const Flow *self) {
  const GString *paragraph = self->paragraph;

  if (self->space || paragraph->len == 0)
    return FALSE;
  return paragraph->str[paragraph->len - 1] != '\n' && blank_at_end (paragraph->str, paragraph->len) == 0;
}

static void append_character (Flow *self, const char *text, gsize length) {
  gunichar code = g_utf8_get_char (text);

  if (code == 0x2028 || code == 0x2029)
    flow_break (self);
  else if (is_invisible (code)
           || ((code == 0x200C || code == 0x200D || is_odd_blank (code)) && !joins_something (self)))
    self->padding_bytes += length;
  else {
    if (self->space)
      settle_space (self, text);
    g_string_append_len (self->paragraph, text, (gssize) length);
  }
}

/* A run of blanks, most of them the source's indentation, is one space to come. */
static const char *skip_white (Flow *self, const char *text, const char *end) {
  const char *run = text;

  while (text < end && byte_class[(guchar) *text] == BYTE_WHITE)
    text++;
  self->newline = (self->space && self->newline) || memchr (run, '\n', (gsize) (text - run)) != NULL;
  self->space = TRUE;
  return text;
}

/* Letters from @text on; where blanks do not count, with the single ones between words. */
static const char *skip_plain (const char *text, const char *end, guint white) {
  for (;;) {
    while (text < end && byte_class[(guchar) *text] == BYTE_PLAIN)
      text++;
    if (white != WHITE_NORMAL || end - text < 2 || *text != ' ' || byte_class[(guchar) text[1]] != BYTE_PLAIN)
      return text;
    text++;
  }
}

void flow_text (Flow *self, const char *text, gsize length, guint white) {
  const char *end = text + length;

  self->keep |= white == WHITE_PRE && length > 0;
  while (text < end) {
    const char *run = text;

    if (byte_class[(guchar) *text] == BYTE_PLAIN) {
      text = skip_plain (text, end, white);
      if (self->space)
        settle_space (self, run);
      g_string_append_len (self->paragraph, run, text - run);
      continue;
    }
    if (byte_class[(guchar) *text] == BYTE_LEAD) {
      append_character (self, text, (gsize) (g_utf8_next_char (text) - text));
      text = g_utf8_next_char (text);
      continue;
    }
    if (byte_class[(guchar) *text] == BYTE_WHITE && white == WHITE_NORMAL) {
      text = skip_white (self, text, end);
      continue;
    }
    if (byte_class[(guchar) *text] == BYTE_WHITE)
      append_white (self, *text, white);
    text++;
  }
}
