/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/header: unstructured text.
 *
 * The other readers and the writers of the face are in header-address.c, header-parameter.c and header-write.c; what
 * they share, and the encoded words, is in header-words.c.
 */
#include "mugai/mail/header.h"

#include <string.h>

#include "header-words.h"

char *mugai_header_decode_text (const char *raw, gsize length_bytes, const char *hint, guint *ret_odd) {
  guint odd = 0;
  g_autofree char *text = mugai_header_to_utf8 (raw, length_bytes, hint, &odd);
  g_autofree char *decoded = mugai_header_decode_words (text, strlen (text), hint, &odd);
  char *safe = mugai_header_finish (mugai_header_cut_injected (decoded, &odd), 0, &odd);
  if (ret_odd != NULL)
    *ret_odd |= odd;
  return safe;
}
