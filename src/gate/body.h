/* SPDX-License-Identifier: GPL-2.0-only
 *
 * gate/body: encoded bodies. Each begins at the current line and leaves the cursor on the line behind it: the delimiter, or the end.
 */
#pragma once

#include "cursor.h"

#define GATE_BODY_LINE_BYTES 76u /* RFC 2045 6.7, 6.8 */

/* Appends the decoded content to @out. */
gboolean gate_body_base64 (GateCursor *cursor, GString *out);
/* safe-text in base64, or in quoted-printable. */
gboolean gate_body_text (GateCursor *cursor, gboolean base64);
