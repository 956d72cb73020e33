/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Fuzz target of text: any bytes in; valid UTF-8 within the bound out, no control but LF, no bidi control.
 *
 * The first byte chooses width and kind of links, the rest is the document.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mugai/text.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static gboolean is_forbidden (gunichar code) {
  return (code < 0x20 && code != '\n') || (code >= 0x7F && code < 0xA0) || code == 0x61C || code == 0x200E
         || code == 0x200F || (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  MugaiTextOptions options = { 0 };
  MugaiTextResult *result = NULL;

  if (size < 1)
    return 0;
  options.width = 20 + data[0] % 64;
  options.links = (MugaiTextLinks) (data[0] >> 6) % 3;
  if (!mugai_text_from_html ((const char *) data + 1, size - 1, &options, &result, NULL))
    abort ();
  if (!g_utf8_validate (result->text, -1, NULL) || strlen (result->text) > 4 * (size - 1) + 65536)
    abort ();
  for (const char *p = result->text; *p != '\0'; p = g_utf8_next_char (p)) {
    if (is_forbidden (g_utf8_get_char (p)))
      abort ();
  }
  mugai_text_result_free (result);
  g_free (mugai_text_sniff_charset ((const char *) data, size));
  return 0;
}
