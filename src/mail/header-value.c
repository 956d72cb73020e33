/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/header-value: percent-coded values (RFC 2231), section by section: see header-value.h.
 *
 * Bytes are collected over all sections and decoded once, so that a character cut by a section's end survives. Linear time.
 */
#include "header-value.h"

#include <string.h>

#include "mugai/mail/charset.h"
#include "mugai/mail/header.h"

void mugai_header_value_init (MugaiHeaderValue *decoder, const char *hint, guint *odd) {
  *decoder = (MugaiHeaderValue){ g_string_new (NULL), g_string_new (NULL), NULL, hint, odd };
}

static void flush_bytes (MugaiHeaderValue *decoder) {
  if (decoder->bytes->len == 0)
    return;
  g_autoptr (MugaiCharsetResult) result =
      mugai_mail_charset_decode (decoder->bytes->str, decoder->bytes->len, decoder->charset, decoder->hint);
  if (memchr (decoder->bytes->str, '\0', decoder->bytes->len) != NULL)
    *decoder->odd |= MUGAI_HEADER_ODD_CONTROL;
  if (result->outcome == MUGAI_CHARSET_REFUSED)
    *decoder->odd |= MUGAI_HEADER_ODD_REFUSED_CHARSET;
  else if (result->outcome != MUGAI_CHARSET_OK && decoder->charset != NULL)
    *decoder->odd |= MUGAI_HEADER_ODD_BAD_WORD;
  g_string_append (decoder->text, result->text);
  g_string_truncate (decoder->bytes, 0);
}

/* Text over 0x7F was raw in the field and is UTF-8 by now, whatever the charset of the percent-coded bytes is. */
void mugai_header_value_add (MugaiHeaderValue *decoder, const char *at, gboolean percent) {
  for (; *at != '\0'; at++) {
    if (percent && *at == '%' && g_ascii_isxdigit (at[1]) && g_ascii_isxdigit (at[2])) {
      g_string_append_c (decoder->bytes, (char) (g_ascii_xdigit_value (at[1]) << 4 | g_ascii_xdigit_value (at[2])));
      at += 2;
    } else if (((guint8) *at & 0x80) != 0) {
      flush_bytes (decoder);
      g_string_append_c (decoder->text, *at);
    } else {
      if (percent && *at == '%')
        *decoder->odd |= MUGAI_HEADER_ODD_SYNTAX;
      g_string_append_c (decoder->bytes, *at);
    }
  }
}

/* Splits "charset'language'text". Returns: the text; all of @value when the apostrophes are missing. */
const char *mugai_header_value_take_charset (MugaiHeaderValue *decoder, const char *value) {
  const char *first = strchr (value, '\'');
  const char *second = first != NULL ? strchr (first + 1, '\'') : NULL;
  if (second == NULL) {
    *decoder->odd |= MUGAI_HEADER_ODD_SYNTAX;
    return value;
  }
  decoder->charset = g_strndup (value, (gsize) (first - value));
  return second + 1;
}

char *mugai_header_value_end (MugaiHeaderValue *decoder) {
  flush_bytes (decoder);
  g_string_free (decoder->bytes, TRUE);
  g_clear_pointer (&decoder->charset, g_free);
  return g_string_free (decoder->text, FALSE);
}
