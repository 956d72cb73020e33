/* SPDX-License-Identifier: GPL-2.0-only
 *
 * scan/type: the media type of some bytes, by what they are. Names and declarations have no say.
 *
 * An IANA name where one exists, else one of a closed list (application/x-executable-pe, x-ole-storage, ...).
 * Not thread-safe: libmagic's cookie keeps state.
 */
#pragma once

#include <magic.h>

#include "bytes.h"

#define MUGAI_TYPE_UNKNOWN "application/octet-stream"
#define MUGAI_TYPE_TEXT "text/plain"

/** mugai_type_open: loads libmagic's data; MUGAI_SCAN_ERROR_INTERNAL when there is none. */
magic_t mugai_type_open (GError **error);
void mugai_type_close (magic_t magic);

/** mugai_type_detect: (transfer none): interned, never NULL. */
const char *mugai_type_detect (magic_t magic, MugaiBytes bytes);

/** mugai_type_refine_text: (transfer none): a table or JSON where the file's extension (lower case) says so and the text bears it out; else text/plain. */
const char *mugai_type_refine_text (MugaiBytes text, const char *extension);

/** mugai_type_of_binary, _of_text: (transfer none) (nullable): pieces of the above: by first bytes; by first words (ASCII or narrowed). */
const char *mugai_type_of_binary (MugaiBytes bytes);
const char *mugai_type_of_text (MugaiBytes text);
