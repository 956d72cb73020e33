/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/slices: pieces of CSS, by pointer and length: trimmed, compared, read as numbers. Pure; threads: any.
 */
#include "slices.h"

#include <string.h>

Slice slice_trim (const char *text, const char *end) {
  while (text < end && g_ascii_isspace (*text))
    text++;
  while (end > text && g_ascii_isspace (end[-1]))
    end--;
  return (Slice){ text, (gsize) (end - text) };
}

gboolean slice_is (Slice slice, const char *word) {
  return slice.length == strlen (word) && g_ascii_strncasecmp (slice.text, word, slice.length) == 0;
}

gboolean slice_contains (Slice slice, const char *word) {
  gsize length = strlen (word);

  for (gsize i = 0; i + length <= slice.length; i++) {
    if (g_ascii_strncasecmp (slice.text + i, word, length) == 0)
      return TRUE;
  }
  return FALSE;
}

/* A plain decimal number at the start of @slice; what follows it goes to @ret_rest. */
gboolean slice_read_number (Slice slice, double *ret_number, Slice *ret_rest) {
  const char *p = slice.text;
  const char *end = p + slice.length;
  gboolean negative = p < end && *p == '-';
  gboolean digits = FALSE;
  double number = 0, scale = 0.1;

  if (p < end && (*p == '-' || *p == '+'))
    p++;
  for (; p < end && g_ascii_isdigit (*p); p++, digits = TRUE)
    number = number < 1e12 ? number * 10 + (*p - '0') : number;
  if (p < end && *p == '.') {
    for (p++; p < end && g_ascii_isdigit (*p); p++, scale /= 10, digits = TRUE)
      number += scale * (*p - '0');
  }
  *ret_number = negative ? -number : number;
  *ret_rest = slice_trim (p, end);
  return digits;
}
