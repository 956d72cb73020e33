/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/media: does a media query hold for who reads this mail: a wide, light, colour screen?
 *
 * What we do not know does not hold: such rules neither hide nor paint. Pure; threads: any.
 */
#include <string.h>

#include "slices.h"
#include "style.h"

#define WINDOW_WIDTH 1024.0
#define WINDOW_HEIGHT 768.0

static gboolean has_word (const char *text, gsize length, const char *word) {
  return slice_contains ((Slice){ text, length }, word);
}

/* What the reader's window is like; "min-" and "max-" are cut off the names. */
static const struct {
  const char *name;
  const char *word; /* the value that the reader's window has ... */
  double number;    /* ... or what it measures */
} features[] = {
  { "width", NULL, WINDOW_WIDTH },
  { "device-width", NULL, WINDOW_WIDTH },
  { "height", NULL, WINDOW_HEIGHT },
  { "device-height", NULL, WINDOW_HEIGHT },
  { "-webkit-device-pixel-ratio", NULL, 1 },
  { "resolution", NULL, 96 },
  { "orientation", "landscape", 0 },
  { "prefers-color-scheme", "light", 0 },
  { "hover", "hover", 0 },
  { "pointer", "fine", 0 },
};

static gint feature_row (Slice name) {
  for (gsize i = 0; i < G_N_ELEMENTS (features); i++) {
    if (slice_is (name, features[i].name))
      return (gint) i;
  }
  return -1;
}

/* "min-" or "max-" in the name, cut out of it into @bare: the sign of what it asks, else 0. */
static gint cut_bound (Slice name, char bare[32], Slice *ret_bare) {
  gsize at = slice_contains (name, "-webkit-min-") || slice_contains (name, "-webkit-max-") ? strlen ("-webkit-") : 0;
  gboolean min = at + 4 <= name.length && g_ascii_strncasecmp (name.text + at, "min-", 4) == 0;
  gboolean max = at + 4 <= name.length && g_ascii_strncasecmp (name.text + at, "max-", 4) == 0;

  *ret_bare = name;
  if ((!min && !max) || name.length >= 32)
    return 0;
  memcpy (bare, name.text, at);
  memcpy (bare + at, name.text + at + 4, name.length - at - 4);
  *ret_bare = (Slice){ bare, name.length - 4 };
  return min ? 1 : -1;
}

static double read_measure (Slice value) {
  double number;
  Slice unit;

  if (!slice_read_number (value, &number, &unit))
    return -1;
  return slice_is (unit, "em") || slice_is (unit, "rem") ? 16 * number : slice_is (unit, "dppx") ? 96 * number : number;
}

/* (width >= 600px): the newer way to write a bound. */
static gboolean range_applies (const char *text, const char *end) {
  const char *sign = memchr (text, '>', (gsize) (end - text));
  gboolean min = sign != NULL;
  gint row;
  double number;

  sign = min ? sign : memchr (text, '<', (gsize) (end - text));
  row = feature_row (slice_trim (text, sign != NULL ? sign : end));
  if (row < 0 || sign == NULL)
    return row >= 0;
  number = read_measure (slice_trim (sign + 1 + (sign + 1 < end && sign[1] == '='), end));
  return number >= 0 && (min ? features[row].number >= number : features[row].number <= number);
}

/* What is in the brackets of one (feature: value): does a wide, light, colour screen have it? */
static gboolean feature_applies (const char *text, gsize length) {
  const char *end = text + length;
  const char *colon = memchr (text, ':', length);
  char bare[32];
  Slice name;
  gint bound, row;
  double number;

  if (colon == NULL)
    return slice_is (slice_trim (text, end), "color") || range_applies (text, end);
  bound = cut_bound (slice_trim (text, colon), bare, &name);
  row = feature_row (name);
  if (row < 0)
    return FALSE;
  if (features[row].word != NULL)
    return slice_is (slice_trim (colon + 1, end), features[row].word);
  number = read_measure (slice_trim (colon + 1, end));
  return number >= 0 && bound != 0 && (bound > 0 ? features[row].number >= number : features[row].number <= number);
}

static gboolean media_query_applies (const char *text, const char *end) {
  gsize length = (gsize) (end - text);
  const char *open = text;

  if (slice_is (slice_trim (text, end), "not print") || slice_is (slice_trim (text, end), "not speech"))
    return TRUE;
  if (has_word (text, length, "not ") || has_word (text, length, "print") || has_word (text, length, "speech")
      || has_word (text, length, "tty") || has_word (text, length, "handheld"))
    return FALSE;
  while ((open = memchr (open, '(', (gsize) (end - open))) != NULL) {
    const char *close = memchr (open, ')', (gsize) (end - open));

    if (close == NULL || !feature_applies (open + 1, (gsize) (close - open - 1)))
      return FALSE;
    open = close;
  }
  return length == 0 || has_word (text, length, "screen") || has_word (text, length, "all")
         || memchr (text, '(', length) != NULL;
}

/* A browser of today knows the properties that mail asks for; what only one make has, it has not. */
gboolean style_supports (const char *condition, gsize length) {
  return !has_word (condition, length, "not") && !has_word (condition, length, "(-")
         && !has_word (condition, length, "selector");
}

gboolean style_media_applies (const char *media, gsize length) {
  g_autofree char *copy = length > 0 ? g_strndup (media, length) : g_strdup ("");
  const char *p = g_strstrip (copy);
  const char *end = p + strlen (p);

  if (p == end)
    return TRUE;
  while (p < end) {
    const char *comma = memchr (p, ',', (gsize) (end - p));

    comma = comma != NULL ? comma : end;
    if (media_query_applies (p, comma))
      return TRUE;
    p = comma + 1;
  }
  return FALSE;
}
