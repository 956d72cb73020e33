/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/slices: pieces of HTML and CSS, by pointer and length. They own nothing; nothing here allocates. Threads: any.
 */
#pragma once

#include <glib.h>
#include <string.h>

typedef struct {
  const char *text;
  gsize length;
} Slice;

Slice slice_trim (const char *text, const char *end);
/* @word in lower case, here and below; the slice in any. */
int slice_compare (Slice slice, const char *word, gsize length); /* <0, 0 or >0, by bytes */
gboolean slice_is (Slice slice, const char *word);
gboolean slice_contains (Slice slice, const char *word);
/* Whether @word stands at @text, before @end, in whatever case. */
gboolean text_begins (const char *text, const char *end, const char *word);
/* A plain decimal number at the start of @slice; what follows it goes to @ret_rest. */
gboolean slice_read_number (Slice slice, double *ret_number, Slice *ret_rest);
/* The character of the escape (\6e, \:) whose backslash is at @p, as UTF-8. Returns what stands behind it. */
const char *slice_read_escape (const char *p, const char *end, char ret_bytes[8], gsize *ret_count);

/* Where a byte stands next in a text that is read from its start to its end. */
typedef struct {
  char byte;
  const char *at; /* stale when before the position that is asked about; NULL at first */
} Landmark;

/* The first such byte at @position, which never goes back, or @end: looked for once, however often it is asked for. */
static inline const char *landmark_next (Landmark *self, const char *position, const char *end) {
  if (self->at < position) {
    self->at = memchr (position, self->byte, (gsize) (end - position));
    self->at = self->at != NULL ? self->at : end;
  }
  return self->at;
}
