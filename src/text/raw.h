/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/raw: where content that is not markup ends: that of style, title, script, CDATA. Pure; threads: any.
 */
#pragma once

#include <glib.h>

#include "slices.h"

gboolean raw_ends_tag_name (char byte);

/* Where the end tag of @name begins, at @text or behind it, or @end. */
const char *raw_find_end_tag (const char *text, const char *end, Slice name);
/* Likewise for the content of a script, in which comments may hide end tags. */
const char *raw_find_script_end (const char *text, const char *end, Slice name);
/* Where "]]>" stands, or @end. */
const char *raw_find_cdata_end (const char *text, const char *end);
