/* SPDX-License-Identifier: GPL-2.0-only
 *
 * fuzz-charset: any bytes under any label give valid UTF-8, and never nothing out of something.
 *
 * The first byte picks the label, the second the hint.
 */
#include "mugai/mail/charset.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static const char *const labels[] = {
  NULL,   "us-ascii", "utf-8", "iso-2022-jp", "shift_jis",    "euc-jp", "windows-1252", "gb2312",
  "big5", "euc-kr",   "utf-7", "x-nothing",   "windows-1255", "koi8-r", "big5-hkscs",   "gb18030",
};

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  if (size < 2)
    return 0;
  const char *declared = labels[data[0] % G_N_ELEMENTS (labels)], *hint = labels[data[1] % G_N_ELEMENTS (labels)];
  const char *bytes = (const char *) data + 2;
  gsize length = size - 2;
  g_autoptr (MugaiCharsetResult) result = mugai_mail_charset_decode (bytes, length, declared, hint);
  g_assert_true (g_utf8_validate (result->text, -1, NULL));
  g_assert_nonnull (result->used);
  if (result->outcome == MUGAI_CHARSET_REFUSED) {
    g_assert_cmpstr (result->text, ==, "");
    return 0;
  }
  if (result->outcome == MUGAI_CHARSET_OK)
    g_assert_cmpuint (result->repaired, ==, 0);
  /* Escapes, shifts and a BOM may vanish; visible text may not. */
  gboolean plain = length != 0;
  for (gsize i = 0; i < length; i++)
    plain = plain && bytes[i] >= 0x20 && bytes[i] < 0x7F && bytes[i] != '$'; /* "$B": JIS that lost its ESC */
  if (plain) {
    g_autofree char *copy = g_strndup (bytes, length);
    g_assert_cmpstr (result->text, ==, copy);
  }
  return 0;
}
