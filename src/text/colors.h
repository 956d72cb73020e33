/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/colors: CSS colours as 0xRRGGBB, or one of the two values below. Pure; threads: any.
 */
#pragma once

#include <glib.h>

#include "slices.h"

#define COLOR_UNKNOWN 0x1000000u /* there is one, but which? equals none */
#define COLOR_TRANSPARENT 0x2000000u

/* Names, #rgb to #rrggbbaa, rrggbb, rgb () and hsl (): COLOR_UNKNOWN for all else. */
guint32 color_parse (const char *text, gsize length);
/* The `background` shorthand: any picture makes it unknown, else the first word that is a colour counts. */
guint32 color_of_background (Slice slice);
gboolean colors_look_same (guint32 a, guint32 b);
