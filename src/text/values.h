/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/values: values of CSS properties, reduced to what matters here. Pure; threads: any.
 */
#pragma once

#include <glib.h>

#include "slices.h"
#include "style.h"

/* The value of a property that is no shorthand, or STYLE_INVALID. */
guint32 value_parse (StyleProperty property, Slice slice);
/* STYLE_FONT_SIZE out of the `font` shorthand. */
guint32 value_of_font (Slice slice);
/* The sides in a shorthand of one to four lengths: top, right, bottom, left. */
void value_sides (Slice slice, Slice ret_sides[4]);
guint32 value_of_space (Slice slice); /* SPACE_NONE, ... or STYLE_INVALID */
/* A margin above that lifts what is below it out of any window. */
guint32 value_of_rise (Slice slice);
guint32 value_of_distance (Slice slice); /* STYLE_GONE when that is out of the window */
