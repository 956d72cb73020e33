/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/media: does a media query hold for who reads this mail: a wide, light, colour screen?
 *
 * What we do not know does not hold: such rules neither hide nor paint. Pure; threads: any.
 */
#include <string.h>

#include "style.h"

#define WINDOW_WIDTH 1024.0

static gboolean has_word (const char *text, gsize length, const char *word) {
  gsize word_length = strlen (word);

  for (gsize i = 0; i + word_length <= length; i++) {
    if (g_ascii_strncasecmp (text + i, word, word_length) == 0)
      return TRUE;
  }
  return FALSE;
}

/* One (feature: value): does a wide, light, colour screen have it? What we do not know it has not. */
static gboolean feature_applies (const char *text, gsize length) {
  const char *colon = memchr (text, ':', length);
  double width;

  if (colon == NULL)
    return FALSE;
  width = g_ascii_strtod (colon + 1, NULL); /* stops at the unit; the text goes on at least to ')' or its NUL */
  if (has_word (colon, length - (gsize) (colon - text), "em"))
    width *= 16;
  if (has_word (text, (gsize) (colon - text), "max-width")
      || has_word (text, (gsize) (colon - text), "max-device-width"))
    return width >= WINDOW_WIDTH;
  if (has_word (text, (gsize) (colon - text), "min-width")
      || has_word (text, (gsize) (colon - text), "min-device-width"))
    return width <= WINDOW_WIDTH;
  return FALSE;
}

static gboolean media_query_applies (const char *text, const char *end) {
  gsize length = (gsize) (end - text);
  const char *open = text;

  if (has_word (text, length, "not ") || has_word (text, length, "print") || has_word (text, length, "speech")
      || has_word (text, length, "tty") || has_word (text, length, "handheld"))
    return FALSE;
  while ((open = memchr (open, '(', (gsize) (end - open))) != NULL) {
    const char *close = memchr (open, ')', (gsize) (end - open));

    if (close == NULL || !feature_applies (open, (gsize) (close - open)))
      return FALSE;
    open = close;
  }
  return length == 0 || has_word (text, length, "screen") || has_word (text, length, "all")
         || memchr (text, '(', length) != NULL;
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
