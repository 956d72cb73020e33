/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/entities: the named character references of HTML.
 *
 * Serves the tokenizer only. Pure look-up in a constant table. Threads: any.
 */
#pragma once

#include <glib.h>

#define ENTITIES_LONGEST_NAME 32u /* "CounterClockwiseContourIntegral;" */

/**
 * entities_match:
 * @name: what follows the ampersand; not NUL-terminated
 * @length: bytes that may be read there
 * @ret_matched_bytes: (out): length of the match, with its semicolon when it has one
 *
 * Returns: (transfer none) (nullable): the UTF-8 text of the longest name that begins @name.
 */
const char *entities_match (const char *name, gsize length, gsize *ret_matched_bytes);
