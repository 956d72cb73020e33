/* SPDX-License-Identifier: GPL-2.0-only
 *
 * gate/decode: the few decoders that the language needs: strict, and only as large as its canonical forms.
 */
#pragma once

#include <glib.h>

#define GATE_MAX_WORD_BYTES 75u /* RFC 2047 2 */

/* Appends what @text (whole quanta, at least one, canonical) decodes to; FALSE: it is not that. */
gboolean gate_base64 (const char *text, gsize length_bytes, GString *out);
/* The value of "=XX" or "%XX" digits, upper case only; -1: none. */
int gate_hex (char high, char low);
/* The length of the encoded word that @text begins with; what it says is appended to @out. 0: not one of the language. */
gsize gate_word (const char *text, gsize length_bytes, GString *out);
/* TRUE when @text is safe-text; with @lines TAB, LF and CRLF may be in it. *@ret_at: the first byte that is not. */
gboolean gate_is_safe (const char *text, gsize length_bytes, gboolean lines, gsize *ret_at);
