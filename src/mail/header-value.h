/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/header-value: a percent-coded parameter value being decoded (RFC 2231 and what web browsers write).
 *
 * init, take_charset of the first section, add for each, end. Pure; any thread.
 */
#pragma once

#include <glib.h>

typedef struct {
  GString *text;  /* decoded */
  GString *bytes; /* still to be decoded with charset */
  char *charset;  /* (nullable) */
  const char *hint;
  guint *odd;
} MugaiHeaderValue;

/** mugai_header_value_init: @odd (inout): MugaiHeaderOdd bits; must outlive @decoder. */
void mugai_header_value_init (MugaiHeaderValue *decoder, const char *hint, guint *odd);

/** mugai_header_value_take_charset: splits "charset'language'text" of the first section. Returns: the text; all of @value when the
 * apostrophes are missing. */
const char *mugai_header_value_take_charset (MugaiHeaderValue *decoder, const char *value);

/** mugai_header_value_add: appends a section's text; @percent: FALSE for a section that is written plainly. */
void mugai_header_value_add (MugaiHeaderValue *decoder, const char *at, gboolean percent);

/** mugai_header_value_end: (transfer full): the whole text in UTF-8, NOT safe yet; @decoder is over. */
char *mugai_header_value_end (MugaiHeaderValue *decoder);
