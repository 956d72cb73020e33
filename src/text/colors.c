/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/colors: CSS colours, and whether two of them look the same. Pure; threads: any.
 */
#include "colors.h"

#include <string.h>

#define NEARLY_CLEAR 0.05
#define SAME_COLOR_DISTANCE 6

/* clang-format off */
static const struct {
  const char *name;
  guint32 color;
} color_names[] = { /* sorted */
  { "aliceblue", 0xF0F8FF },
  { "antiquewhite", 0xFAEBD7 },
  { "aqua", 0x00FFFF },
  { "aquamarine", 0x7FFFD4 },
  { "azure", 0xF0FFFF },
  { "beige", 0xF5F5DC },
  { "bisque", 0xFFE4C4 },
  { "black", 0x000000 },
  { "blanchedalmond", 0xFFEBCD },
  { "blue", 0x0000FF },
  { "blueviolet", 0x8A2BE2 },
  { "brown", 0xA52A2A },
  { "burlywood", 0xDEB887 },
  { "cadetblue", 0x5F9EA0 },
  { "chartreuse", 0x7FFF00 },
  { "chocolate", 0xD2691E },
  { "coral", 0xFF7F50 },
  { "cornflowerblue", 0x6495ED },
  { "cornsilk", 0xFFF8DC },
  { "crimson", 0xDC143C },
  { "cyan", 0x00FFFF },
  { "darkblue", 0x00008B },
  { "darkcyan", 0x008B8B },
  { "darkgoldenrod", 0xB8860B },
  { "darkgray", 0xA9A9A9 },
  { "darkgreen", 0x006400 },
  { "darkgrey", 0xA9A9A9 },
  { "darkkhaki", 0xBDB76B },
  { "darkmagenta", 0x8B008B },
  { "darkolivegreen", 0x556B2F },
  { "darkorange", 0xFF8C00 },
  { "darkorchid", 0x9932CC },
  { "darkred", 0x8B0000 },
  { "darksalmon", 0xE9967A },
  { "darkseagreen", 0x8FBC8F },
  { "darkslateblue", 0x483D8B },
  { "darkslategray", 0x2F4F4F },
  { "darkslategrey", 0x2F4F4F },
  { "darkturquoise", 0x00CED1 },
  { "darkviolet", 0x9400D3 },
  { "deeppink", 0xFF1493 },
  { "deepskyblue", 0x00BFFF },
  { "dimgray", 0x696969 },
  { "dimgrey", 0x696969 },
  { "dodgerblue", 0x1E90FF },
  { "firebrick", 0xB22222 },
  { "floralwhite", 0xFFFAF0 },
  { "forestgreen", 0x228B22 },
  { "fuchsia", 0xFF00FF },
  { "gainsboro", 0xDCDCDC },
  { "ghostwhite", 0xF8F8FF },
  { "gold", 0xFFD700 },
  { "goldenrod", 0xDAA520 },
  { "gray", 0x808080 },
  { "green", 0x008000 },
  { "greenyellow", 0xADFF2F },
  { "grey", 0x808080 },
  { "honeydew", 0xF0FFF0 },
  { "hotpink", 0xFF69B4 },
  { "indianred", 0xCD5C5C },
  { "indigo", 0x4B0082 },
  { "ivory", 0xFFFFF0 },
  { "khaki", 0xF0E68C },
  { "lavender", 0xE6E6FA },
  { "lavenderblush", 0xFFF0F5 },
  { "lawngreen", 0x7CFC00 },
  { "lemonchiffon", 0xFFFACD },
  { "lightblue", 0xADD8E6 },
  { "lightcoral", 0xF08080 },
  { "lightcyan", 0xE0FFFF },
  { "lightgoldenrodyellow", 0xFAFAD2 },
  { "lightgray", 0xD3D3D3 },
  { "lightgreen", 0x90EE90 },
  { "lightgrey", 0xD3D3D3 },
  { "lightpink", 0xFFB6C1 },
  { "lightsalmon", 0xFFA07A },
  { "lightseagreen", 0x20B2AA },
  { "lightskyblue", 0x87CEFA },
  { "lightslategray", 0x778899 },
  { "lightslategrey", 0x778899 },
  { "lightsteelblue", 0xB0C4DE },
  { "lightyellow", 0xFFFFE0 },
  { "lime", 0x00FF00 },
  { "limegreen", 0x32CD32 },
  { "linen", 0xFAF0E6 },
  { "magenta", 0xFF00FF },
  { "maroon", 0x800000 },
  { "mediumaquamarine", 0x66CDAA },
  { "mediumblue", 0x0000CD },
  { "mediumorchid", 0xBA55D3 },
  { "mediumpurple", 0x9370DB },
  { "mediumseagreen", 0x3CB371 },
  { "mediumslateblue", 0x7B68EE },
  { "mediumspringgreen", 0x00FA9A },
  { "mediumturquoise", 0x48D1CC },
  { "mediumvioletred", 0xC71585 },
  { "midnightblue", 0x191970 },
  { "mintcream", 0xF5FFFA },
  { "mistyrose", 0xFFE4E1 },
  { "moccasin", 0xFFE4B5 },
  { "navajowhite", 0xFFDEAD },
  { "navy", 0x000080 },
  { "oldlace", 0xFDF5E6 },
  { "olive", 0x808000 },
  { "olivedrab", 0x6B8E23 },
  { "orange", 0xFFA500 },
  { "orangered", 0xFF4500 },
  { "orchid", 0xDA70D6 },
  { "palegoldenrod", 0xEEE8AA },
  { "palegreen", 0x98FB98 },
  { "paleturquoise", 0xAFEEEE },
  { "palevioletred", 0xDB7093 },
  { "papayawhip", 0xFFEFD5 },
  { "peachpuff", 0xFFDAB9 },
  { "peru", 0xCD853F },
  { "pink", 0xFFC0CB },
  { "plum", 0xDDA0DD },
  { "powderblue", 0xB0E0E6 },
  { "purple", 0x800080 },
  { "rebeccapurple", 0x663399 },
  { "red", 0xFF0000 },
  { "rosybrown", 0xBC8F8F },
  { "royalblue", 0x4169E1 },
  { "saddlebrown", 0x8B4513 },
  { "salmon", 0xFA8072 },
  { "sandybrown", 0xF4A460 },
  { "seagreen", 0x2E8B57 },
  { "seashell", 0xFFF5EE },
  { "sienna", 0xA0522D },
  { "silver", 0xC0C0C0 },
  { "skyblue", 0x87CEEB },
  { "slateblue", 0x6A5ACD },
  { "slategray", 0x708090 },
  { "slategrey", 0x708090 },
  { "snow", 0xFFFAFA },
  { "springgreen", 0x00FF7F },
  { "steelblue", 0x4682B4 },
  { "tan", 0xD2B48C },
  { "teal", 0x008080 },
  { "thistle", 0xD8BFD8 },
  { "tomato", 0xFF6347 },
  { "transparent", COLOR_TRANSPARENT },
  { "turquoise", 0x40E0D0 },
  { "violet", 0xEE82EE },
  { "wheat", 0xF5DEB3 },
  { "white", 0xFFFFFF },
  { "whitesmoke", 0xF5F5F5 },
  { "yellow", 0xFFFF00 },
  { "yellowgreen", 0x9ACD32 },
};
/* clang-format on */

static guint32 parse_hex_color (const char *digits, gsize length) {
  guint32 value = 0;

  for (gsize i = 0; i < length; i++) {
    if (!g_ascii_isxdigit (digits[i]))
      return COLOR_UNKNOWN;
    value = value << 4 | (guint32) g_ascii_xdigit_value (digits[i]);
  }
  if (length == 4 || length == 8) {
    guint32 alpha = length == 4 ? (value & 0xF) * 17 : value & 0xFF;

    if (alpha != 255)
      return alpha <= 255 * NEARLY_CLEAR ? COLOR_TRANSPARENT : COLOR_UNKNOWN;
    value >>= length == 4 ? 4 : 8;
    length = length == 4 ? 3 : 6;
  }
  if (length == 3)
    return (value >> 8) * 0x110000 + (value >> 4 & 0xF) * 0x1100 + (value & 0xF) * 0x11;
  return length == 6 ? value : COLOR_UNKNOWN;
}

/* The numbers in "name (a, b, c, d)", with commas, blanks or a slash between; percentages as of @percent. How many. */
static guint read_parts (Slice slice, const double percent[4], double part[4]) {
  const char *end = slice.text + slice.length;
  const char *p = memchr (slice.text, '(', slice.length);
  guint n = 0;

  part[3] = 1;
  for (p = p != NULL ? p + 1 : end; p < end && n < 4; n++) {
    Slice rest = slice_trim (p, end);
    double number;

    if (!slice_read_number (rest, &number, &rest))
      break;
    part[n] = number;
    if (rest.length > 0 && *rest.text == '%') {
      part[n] *= percent[n];
      rest = slice_trim (rest.text + 1, end);
    } else if (rest.length > 3 && g_ascii_strncasecmp (rest.text, "deg", 3) == 0)
      rest = slice_trim (rest.text + 3, end);
    p = rest.text + (rest.length > 0 && (*rest.text == ',' || *rest.text == '/') ? 1 : 0);
  }
  return n;
}

static guint32 color_of_parts (const double part[4]) {
  guint32 color = 0;

  if (part[3] < 1)
    return part[3] <= NEARLY_CLEAR ? COLOR_TRANSPARENT : COLOR_UNKNOWN;
  for (guint i = 0; i < 3; i++)
    color = color << 8 | (guint32) CLAMP (part[i] + 0.5, 0, 255);
  return color;
}

static guint32 parse_rgb_function (Slice slice) {
  double part[4] = { 0 };

  return read_parts (slice, (const double[]){ 2.55, 2.55, 2.55, 0.01 }, part) < 3 ? COLOR_UNKNOWN
                                                                                  : color_of_parts (part);
}

/* Hue in degrees, saturation and lightness in percent (CSS Color 4, 7.1). */
static guint32 parse_hsl_function (Slice slice) {
  double in[4] = { 0 };
  double out[4] = { 0 };

  if (read_parts (slice, (const double[]){ 3.6, 0.01, 0.01, 0.01 }, in) < 3 || in[0] < -3600 || in[0] > 3600)
    return COLOR_UNKNOWN;
  for (guint i = 0; i < 3; i++) {
    double lightness = CLAMP (in[2], 0, 1);
    double chroma = CLAMP (in[1], 0, 1) * MIN (lightness, 1 - lightness);
    double k = (in[0] + 3600) / 30 + (const double[]){ 0, 8, 4 }[i];

    k -= 12 * (double) (guint) (k / 12);
    out[i] = 255 * (lightness - chroma * CLAMP (MIN (k - 3, 9 - k), -1, 1));
  }
  out[3] = in[3];
  return color_of_parts (out);
}

static guint32 find_name (Slice slice) {
  gsize low = 0, high = G_N_ELEMENTS (color_names);

  while (low < high) {
    gsize middle = (low + high) / 2;
    const char *name = color_names[middle].name;
    int order = g_ascii_strncasecmp (name, slice.text, slice.length);

    if (order == 0 && name[slice.length] == '\0')
      return color_names[middle].color;
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return COLOR_UNKNOWN;
}

guint32 color_parse (const char *text, gsize length) {
  Slice slice = slice_trim (text, text + length);
  guint32 named;

  if (slice.length == 0)
    return COLOR_UNKNOWN;
  if (*slice.text == '#')
    return parse_hex_color (slice.text + 1, slice.length - 1);
  if (slice.length > 4 && g_ascii_strncasecmp (slice.text, "rgb", 3) == 0)
    return parse_rgb_function (slice);
  if (slice.length > 4 && g_ascii_strncasecmp (slice.text, "hsl", 3) == 0)
    return parse_hsl_function (slice);
  named = find_name (slice);
  if (named != COLOR_UNKNOWN)
    return named;
  return slice.length == 6 ? parse_hex_color (slice.text, 6) : COLOR_UNKNOWN; /* bgcolor=ffffff */
}

gboolean colors_look_same (guint32 a, guint32 b) {
  for (guint shift = 0; shift < 24; shift += 8) {
    if (ABS ((gint) (a >> shift & 0xFF) - (gint) (b >> shift & 0xFF)) > SAME_COLOR_DISTANCE)
      return FALSE;
  }
  return TRUE;
}

/* The `background` shorthand: any picture makes it unknown, else the first word that is a colour counts. */
guint32 color_of_background (Slice slice) {
  const char *end = slice.text + slice.length;

  if (slice_contains (slice, "url(") || slice_contains (slice, "gradient("))
    return COLOR_UNKNOWN;
  if (slice_is (slice, "none") || slice_is (slice, "initial") || slice_is (slice, "unset"))
    return COLOR_TRANSPARENT;
  if (slice.length > 3
      && (g_ascii_strncasecmp (slice.text, "rgb", 3) == 0 || g_ascii_strncasecmp (slice.text, "hsl", 3) == 0))
    return color_parse (slice.text, slice.length);
  for (const char *p = slice.text; p < end;) {
    const char *word = p;
    guint32 color;

    while (p < end && !g_ascii_isspace (*p))
      p++;
    color = color_parse (word, (gsize) (p - word));
    if (color != COLOR_UNKNOWN)
      return color;
    while (p < end && g_ascii_isspace (*p))
      p++;
  }
  return COLOR_UNKNOWN;
}
