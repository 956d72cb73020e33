/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Converts one document after another for the tests in Python: a process for each would take minutes.
 *
 * In: "WIDTH LINKS LENGTH\n" and the bytes; out: "LENGTH HIDDEN TRACKERS\n" and the text. Ends with its input.
 */
#include <stdio.h>
#include <string.h>

#include "mugai/text.h"

static void convert (const MugaiTextOptions *options, const char *html, gsize length) {
  g_autoptr (MugaiTextResult) result = NULL;
  g_autoptr (GError) error = NULL;

  if (!mugai_text_from_html (html, length, options, &result, &error))
    g_error ("%s", error->message);
  printf ("%zu %zu %u\n%s", strlen (result->text), result->hidden_bytes, result->trackers, result->text);
  fflush (stdout);
}

int main (void) {
  unsigned width, links;
  size_t length;

  while (scanf ("%u %u %zu", &width, &links, &length) == 3 && getchar () == '\n') {
    MugaiTextOptions options = { .width = width, .links = (MugaiTextLinks) links };
    g_autofree char *html = g_malloc (length + 1);

    if (fread (html, 1, length, stdin) != length)
      return 1;
    convert (&options, html, length);
  }
  return 0;
}
