/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/slices: pieces of HTML and CSS, by pointer and length: trimmed, compared, read as numbers. Pure; threads: any.
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

static guchar lower (char byte) {
  guchar b = (guchar) byte;

  return (guint) (b - 'A') < 26 ? b + ('a' - 'A') : b;
}

int slice_compare (Slice slice, const char *word, gsize length) {
  gsize common = MIN (slice.length, length);

  for (gsize i = 0; i < common; i++) {
    int order = (int) lower (slice.text[i]) - (int) (guchar) word[i];

    if (order != 0)
      return order;
  }
  return slice.length == length ? 0 : slice.length < length ? -1 : 1;
}

gboolean slice_is (Slice slice, const char *word) {
  gsize i = 0;

  while (i < slice.length && word[i] != '\0' && (slice.text[i] == word[i] || lower (slice.text[i]) == (guchar) word[i]))
    i++;
  return i == slice.length && word[i] == '\0';
}

gboolean slice_contains (Slice slice, const char *word) {
  gsize length = strlen (word);

  for (gsize i = 0; i + length <= slice.length; i++) {
    if (lower (slice.text[i]) == (guchar) *word && slice_compare ((Slice){ slice.text + i, length }, word, length) == 0)
      return TRUE;
  }
  return FALSE;
}

gboolean text_begins (const char *text, const char *end, const char *word) {
  gsize length = strlen (word);

  return (gsize) (end - text) >= length && slice_compare ((Slice){ text, length }, word, length) == 0;
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

const char *slice_read_escape (const char *p, const char *end, char ret_bytes[8], gsize *ret_count) {
  gunichar code = 0;
  guint digits = 0;

  for (p++; p < end && digits < 6 && g_ascii_isxdigit (*p); p++, digits++)
    code = code << 4 | (gunichar) g_ascii_xdigit_value (*p);
  if (digits == 0) {
    *ret_count = p < end ? 1 : 0; /* of several bytes the others follow as they are */
    ret_bytes[0] = p < end ? *p : '\0';
    return MIN (p + 1, end);
  }
  *ret_count = (gsize) g_unichar_to_utf8 (code != 0 && g_unichar_validate (code) ? code : 0xFFFD, ret_bytes);
  return p < end && g_ascii_isspace (*p) ? p + 1 : p;
}
