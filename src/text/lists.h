/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/lists: what stands before a list's items: numbers, letters, Roman numbers, bullets.
 */
#pragma once

#include <glib.h>

#include "attributes.h"
#include "flow.h"

typedef struct {
  gboolean ordered;
  gboolean nested;
  char type; /* '1' 'a' 'A' 'i' 'I' */
  gint step; /* -1 when reversed */
  gint64 next;
} List;

/* @css_type: what list-style says, as in style.h; '\0' for nothing */
List list_begin (const Attributes *attributes, gboolean ordered, char css_type);
/* The next item's marker, and blanks as wide; @list may be NULL: an item without one. */
void list_marker (List *list, const Attributes *attributes, char css_type, char marker[FLOW_FRAME_BYTES],
                  char indent[FLOW_FRAME_BYTES]);
