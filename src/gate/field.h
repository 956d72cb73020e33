/* SPDX-License-Identifier: GPL-2.0-only
 *
 * gate/field: header fields of the message, and the head of a kept part. Each begins at the current line and leaves
 * the cursor on the line behind it.
 */
#pragma once

#include "cursor.h"

/* All fields before MIME-Version; *@ret_n_fields: how many. */
gboolean gate_fields (GateCursor *cursor, guint *ret_n_fields);
/* The rule part-head. */
gboolean gate_part_head (GateCursor *cursor);
