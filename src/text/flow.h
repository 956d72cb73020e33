/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/flow: inline text in, folded lines with margins, quote marks and list markers out.
 *
 * Collects one paragraph at a time and writes it when it ends; never goes over its output bound. What goes
 * out is valid UTF-8 with no control but LF and no bidi control. Threads: one flow, one thread.
 */
#pragma once

#include <glib.h>

#define FLOW_FRAME_BYTES 40u

typedef struct {
  GString *out;
  gsize limit; /* of out, in bytes */
  gboolean truncated;
  guint width;
  GString *paragraph; /* its LFs are forced breaks; NBSP still stands in it */
  gboolean space;     /* a blank is due before the next text */
  gboolean newline;   /* the white space that is due held a line's end */
  gboolean keep;      /* preformatted text is in the paragraph: not to be folded */
  guint blanks;       /* empty lines due before the next paragraph */
  GArray *frames;     /* quote marks and indentation around the paragraph */
  GString *prefix;    /* of the frames, as continuation lines have it */
  gsize prefix_columns;
  GString *previous_prefix; /* of the paragraph before: what the empty line between shares with it */
  GString *cell;            /* (nullable): where a table records what is written */
  gsize cell_start;         /* in there: of the cell now open */
  guint n_paragraphs;       /* written so far */
  guint n_recorded;         /* of them in cells */
  gsize padding_bytes;      /* invisible characters dropped */
} Flow;

void flow_init (Flow *self, guint width, gsize limit);
void flow_clear (Flow *self);

/* @white: WHITE_NORMAL, ... as in style.h */
void flow_text (Flow *self, const char *text, gsize length, guint white);
/* Text of our own, as it is: "［画像］". */
void flow_literal (Flow *self, const char *text);
/* A remark that sticks to the text before it: "[1]". */
void flow_mark (Flow *self, const char *text);
void flow_break (Flow *self);
/* Ends the paragraph; @blanks empty lines at least before the next one. */
void flow_block (Flow *self, guint blanks);
/* Writes a finished line, unfolded unless @fold. */
void flow_line (Flow *self, const char *text, gboolean fold);
gboolean flow_at_start (const Flow *self);                    /* of a paragraph */
gboolean flow_ends_with (const Flow *self, const char *text); /* the paragraph so far */

/* @prefix goes before each line from here on; @marker, when there, before the first one instead. */
void flow_push_frame (Flow *self, const char *prefix, const char *marker);
void flow_pop_frame (Flow *self);
/* Index of the first frame whose marker is still due, and a way to make them due again. */
guint flow_first_due (const Flow *self);
void flow_restore_due (Flow *self, guint first);
gsize flow_available_columns (const Flow *self);
