/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/values: what the value of one CSS property comes to here: is it zero, is it far away, is it a line's worth?
 *
 * Judged for both sides: what is no such value is STYLE_INVALID, and the declaration counts for nothing. Pure.
 */
#include "values.h"

#include <string.h>

#define TINY_PIXELS 1.0
#define SOME_SPACE_PIXELS 5.0  /* below: lines of one paragraph, as Outlook's margin:0 has them */
#define LINE_SPACE_PIXELS 10.0 /* from here on people see a paragraph's end */
#define TINY_FONT_PIXELS 2.0   /* nobody reads that; bodies of 8px are common */
#define FAR_PIXELS 500.0
#define HIGH_PIXELS 5000.0 /* a text far down the page is moved up by less */
#define NEARLY_CLEAR 0.05

/* What one of a unit is in about pixels, or 0. Percentages count as of a font: 100% is 16. */
static double unit_pixels (Slice unit) {
  static const struct {
    const char *name;
    double pixels;
  } units[] = {
    { "px", 1 },   { "em", 16 },  { "rem", 16 }, { "ex", 16 }, { "ch", 16 }, { "pt", 1.33 }, { "%", 0.16 },
    { "mm", 3.8 }, { "pc", 3.8 }, { "in", 38 },  { "cm", 38 }, { "vw", 38 }, { "vh", 38 },
  };

  if (unit.length == 0)
    return 1;
  for (gsize i = 0; i < G_N_ELEMENTS (units); i++) {
    if (slice_is (unit, units[i].name))
      return units[i].pixels;
  }
  return 0;
}

static gboolean read_length (Slice slice, double *ret_pixels) {
  Slice unit;
  double factor;

  if (!slice_read_number (slice, ret_pixels, &unit))
    return FALSE;
  factor = unit_pixels (unit);
  *ret_pixels *= factor;
  return factor > 0;
}

/* "1px - 0.5em * 2": what is between the brackets of calc (); words with blanks between them, from left to right. */
static gboolean read_calc (Slice slice, double *ret_pixels) {
  const char *end = slice.text + slice.length;
  double sum = 0, term = 0;
  char operator= '+';

  for (const char *p = slice.text; p < end;) {
    const char *word = p;
    double number;

    for (; p < end && !g_ascii_isspace (*p); p++)
      ;
    if (!read_length (slice_trim (word, p), &number) || (operator== '/' && number == 0))
      return FALSE;
    if (operator== '+' || operator== '-') {
      sum += term;
      term = operator== '-' ? -number : number;
    } else
      term = operator== '*' ? term * number : term / number;
    for (; p < end && g_ascii_isspace (*p); p++)
      ;
    operator= p<end ? *p++ : 0;
    if (operator!= 0 && strchr ("+-*/", operator) == NULL)
      return FALSE;
    for (; p < end && g_ascii_isspace (*p); p++)
      ;
  }
  *ret_pixels = sum + term;
  return slice.length > 0;
}

static gboolean read_pixels (Slice slice, double *ret_pixels) {
  const char *end = slice.text + slice.length;

  if (slice.length > 6 && end[-1] == ')' && slice_is ((Slice){ slice.text, 5 }, "calc("))
    return read_calc (slice_trim (slice.text + 5, end - 1), ret_pixels);
  return read_length (slice, ret_pixels);
}

static guint32 gone_up_to (Slice slice, double limit) {
  double pixels;

  if (!read_pixels (slice, &pixels))
    return slice.length > 0 && g_ascii_isalpha (*slice.text) ? STYLE_NORMAL : STYLE_INVALID; /* auto, small, calc () */
  return pixels < 0 ? STYLE_INVALID : pixels <= limit ? STYLE_GONE : STYLE_NORMAL;
}

/* Of a box. Heights in per cent are of a page that has none, and count as auto. */
static guint32 parse_size (StyleProperty property, Slice slice) {
  if (slice.length > 0 && slice.text[slice.length - 1] == '%')
    return property == STYLE_WIDTH || property == STYLE_MAX_WIDTH ? gone_up_to (slice, 0) : STYLE_NORMAL;
  return gone_up_to (slice, TINY_PIXELS);
}

/* Per cent are of the window: a whole one for what is placed, ten for what only moves a part of its content. */
static gboolean is_far_by_share (Slice slice, double far_windows) {
  double number;
  Slice unit;

  return slice.length > 0 && slice.text[slice.length - 1] == '%' && slice_read_number (slice, &number, &unit)
         && slice_is (unit, "%") && number <= -100 * far_windows;
}

guint32 value_of_distance (Slice slice) {
  double pixels;

  if (is_far_by_share (slice, 10))
    return STYLE_GONE;
  return read_pixels (slice, &pixels) && (pixels <= -FAR_PIXELS || pixels >= 20 * FAR_PIXELS) ? STYLE_GONE
                                                                                              : STYLE_NORMAL;
}

guint32 value_of_rise (Slice slice) {
  double pixels;

  return read_pixels (slice, &pixels) && pixels <= -HIGH_PIXELS ? STYLE_GONE : STYLE_NORMAL;
}

static guint32 parse_display (Slice slice) {
  static const struct {
    const char *word;
    guint32 value;
  } words[] = {
    { "none", DISPLAY_NONE },         { "block", DISPLAY_BLOCK },    { "inline", DISPLAY_INLINE },
    { "contents", DISPLAY_INLINE },   { "ruby", DISPLAY_INLINE },    { "list-item", DISPLAY_BLOCK },
    { "flex", DISPLAY_BLOCK },        { "grid", DISPLAY_BLOCK },     { "flow-root", DISPLAY_BLOCK },
    { "-webkit-box", DISPLAY_BLOCK }, { "initial", DISPLAY_INLINE }, { "unset", DISPLAY_INLINE },
    { "revert", DISPLAY_INLINE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++) {
    if (slice_is (slice, words[i].word))
      return words[i].value;
  }
  if (slice_contains (slice, "inline-"))
    return DISPLAY_INLINE_BLOCK;
  return slice_contains (slice, "table") ? DISPLAY_TABLE : STYLE_INVALID;
}

static guint32 parse_white_space (Slice slice) {
  if (slice_is (slice, "pre"))
    return WHITE_PRE;
  if (slice_is (slice, "pre-wrap") || slice_is (slice, "break-spaces") || slice_is (slice, "-moz-pre-wrap"))
    return WHITE_PRE_WRAP;
  if (slice_is (slice, "pre-line"))
    return WHITE_PRE_LINE;
  return slice_is (slice, "normal") || slice_is (slice, "nowrap") || slice_is (slice, "initial") ? WHITE_NORMAL
                                                                                                 : STYLE_INVALID;
}

/* rect (0 0 0 0), rect (1px, 1px, 1px, 1px): all the same small number. */
static guint32 parse_clip (Slice slice) {
  double first;
  Slice rest;
  const char *open = memchr (slice.text, '(', slice.length);

  if (open == NULL || !slice_contains (slice, "rect(") || slice_contains (slice, "auto"))
    return STYLE_NORMAL;
  rest = slice_trim (open + 1, slice.text + slice.length);
  return slice_read_number (rest, &first, &rest) && first <= TINY_PIXELS ? STYLE_GONE : STYLE_NORMAL;
}

static gboolean has_any_of (const char *text, const char *end, const char *any) {
  while (text < end && strchr (any, *text) == NULL)
    text++;
  return text < end;
}

static guint32 parse_clip_path (Slice slice) {
  double first;
  Slice rest;
  const char *open = memchr (slice.text, '(', slice.length);

  if (open == NULL)
    return STYLE_NORMAL;
  rest = slice_trim (open + 1, slice.text + slice.length);
  if (!slice_read_number (rest, &first, &rest))
    return STYLE_NORMAL;
  if (slice_contains (slice, "inset"))
    return first >= 50 && rest.length > 0 && *rest.text == '%' ? STYLE_GONE : STYLE_NORMAL;
  if (slice_contains (slice, "polygon")) /* all in one point */
    return has_any_of (open, slice.text + slice.length, "123456789") ? STYLE_NORMAL : STYLE_GONE;
  return slice_contains (slice, "circle") && first <= 0 ? STYLE_GONE : STYLE_NORMAL;
}

static guint32 parse_opacity (Slice slice) {
  double number;
  Slice rest;

  if (!slice_read_number (slice, &number, &rest))
    return STYLE_INVALID;
  return number <= (rest.length > 0 ? 100 * NEARLY_CLEAR : NEARLY_CLEAR) ? STYLE_GONE : STYLE_NORMAL;
}

/* filter: opacity (0), alpha (opacity=0). */
static guint32 parse_filter (Slice slice) {
  const char *end = slice.text + slice.length;
  const char *open = memchr (slice.text, '(', slice.length);

  if (open == NULL || !slice_contains (slice, "opacity(") || slice_contains (slice, "alpha("))
    return STYLE_NORMAL;
  return parse_opacity (slice_trim (open + 1, memchr (open, ')', (gsize) (end - open)) != NULL
                                                  ? memchr (open, ')', (gsize) (end - open))
                                                  : end))
                 == STYLE_GONE
             ? STYLE_GONE
             : STYLE_NORMAL;
}

/* The size in the `font` shorthand: the first word that is a length, up to the slash ("bold 1px/1px Arial"). */
guint32 value_of_font (Slice slice) {
  const char *end = slice.text + slice.length;

  for (const char *p = slice.text; p < end;) {
    const char *word = p;
    double pixels;

    while (p < end && !g_ascii_isspace (*p) && *p != '/')
      p++;
    if (read_pixels (slice_trim (word, p), &pixels) && (pixels < 100 || !g_ascii_isdigit (p[-1])))
      return pixels <= TINY_FONT_PIXELS ? STYLE_GONE : STYLE_NORMAL;
    if (p < end && *p == '/')
      break;
    for (; p < end && g_ascii_isspace (*p); p++)
      ;
  }
  return STYLE_NORMAL;
}

guint32 value_of_space (Slice slice) {
  double pixels;

  if (!read_pixels (slice, &pixels))
    return STYLE_INVALID;
  return pixels < SOME_SPACE_PIXELS ? SPACE_NONE : pixels < LINE_SPACE_PIXELS ? SPACE_SOME : SPACE_LINE;
}

void value_sides (Slice slice, Slice ret_sides[4]) {
  const char *end = slice.text + slice.length;
  guint count = 0;

  ret_sides[0] = slice;
  for (const char *p = slice.text; p < end && count < 4; count++) {
    const char *word = p;

    for (; p < end && !g_ascii_isspace (*p); p++)
      ;
    ret_sides[count] = (Slice){ word, (gsize) (p - word) };
    for (; p < end && g_ascii_isspace (*p); p++)
      ;
  }
  if (count < 2)
    ret_sides[1] = ret_sides[0];
  if (count < 3)
    ret_sides[2] = ret_sides[0];
  if (count < 4)
    ret_sides[3] = ret_sides[1];
}

static guint32 parse_list_type (Slice slice) {
  static const struct {
    const char *word;
    char type;
  } words[] = {
    { "none", LIST_NONE },        { "disc", LIST_BULLET }, { "circle", LIST_BULLET }, { "square", LIST_BULLET },
    { "upper-alpha", 'A' },       { "upper-latin", 'A' },  { "lower-alpha", 'a' },    { "lower-latin", 'a' },
    { "upper-roman", 'I' },       { "lower-roman", 'i' },  { "decimal", '1' },        { "cjk-ideographic", '1' },
    { "japanese-informal", '1' },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++) {
    if (slice_contains (slice, words[i].word))
      return (guint32) words[i].type;
  }
  return STYLE_INVALID;
}

static guint32 parse_color (Slice slice) {
  guint32 color = color_parse (slice.text, slice.length);

  if (color == COLOR_UNKNOWN && slice_is (slice, "currentcolor"))
    return STYLE_INVALID;
  return color;
}

/* scale (0), or moved far to the left or up. */
static guint32 parse_transform (Slice slice) {
  const char *open = memchr (slice.text, '(', slice.length);
  double number;
  Slice rest;

  if (open == NULL && slice_read_number (slice, &number, &rest)) /* the property `scale` */
    return number <= NEARLY_CLEAR && number >= 0 ? STYLE_GONE : STYLE_NORMAL;
  if (open != NULL && slice_contains (slice, "scale")
      && slice_read_number (slice_trim (open + 1, slice.text + slice.length), &number, &rest))
    return number <= NEARLY_CLEAR && number >= 0 ? STYLE_GONE : STYLE_NORMAL;
  if (open == NULL || !slice_contains (slice, "translate"))
    return STYLE_NORMAL;
  open++;
  for (const char *end = slice.text + slice.length; open < end; open++) {
    const char *stop = open;

    while (stop < end && *stop != ',' && *stop != ')')
      stop++;
    if (value_of_distance (slice_trim (open, stop)) == STYLE_GONE)
      return STYLE_GONE;
    open = stop;
  }
  return STYLE_NORMAL;
}

static guint32 parse_position (Slice slice) {
  return slice_is (slice, "absolute") || slice_is (slice, "fixed") || slice_is (slice, "relative") ? STYLE_GONE
                                                                                                   : STYLE_NORMAL;
}

guint32 value_parse (StyleProperty property, Slice slice) {
  switch (property) {
  case STYLE_DISPLAY:
    return parse_display (slice);
  case STYLE_VISIBILITY:
    return slice_is (slice, "hidden") || slice_is (slice, "collapse") ? STYLE_GONE : STYLE_NORMAL;
  case STYLE_FONT_SIZE:
    return gone_up_to (slice, TINY_FONT_PIXELS);
  case STYLE_WIDTH:
  case STYLE_HEIGHT:
  case STYLE_MAX_WIDTH:
  case STYLE_MAX_HEIGHT:
    return parse_size (property, slice);
  case STYLE_OVERFLOW:
    return slice_contains (slice, "hidden") || slice_contains (slice, "clip") ? STYLE_GONE : STYLE_NORMAL;
  case STYLE_OPACITY:
    return parse_opacity (slice);
  case STYLE_POSITION:
    return parse_position (slice);
  case STYLE_OFFSET:
    return is_far_by_share (slice, 1) ? STYLE_GONE : value_of_distance (slice);
  case STYLE_MARGIN:
  case STYLE_TEXT_INDENT:
    return value_of_distance (slice);
  case STYLE_COLOR:
  case STYLE_TEXT_FILL:
    return parse_color (slice);
  case STYLE_BACKGROUND:
    return color_of_background (slice);
  case STYLE_BACKGROUND_IMAGE:
    return slice_is (slice, "none") ? STYLE_NORMAL : STYLE_GONE;
  case STYLE_WHITE_SPACE:
    return parse_white_space (slice);
  case STYLE_CLIP:
    return parse_clip (slice);
  case STYLE_CLIP_PATH:
    return parse_clip_path (slice);
  case STYLE_FILTER:
    return parse_filter (slice);
  case STYLE_SPACE_ABOVE:
  case STYLE_SPACE_BELOW:
    return value_of_space (slice);
  case STYLE_LIST_TYPE:
    return parse_list_type (slice);
  case STYLE_CONTENT:
    return slice_is (slice, "hidden") ? STYLE_GONE : STYLE_NORMAL;
  case STYLE_DECORATION:
    return slice_contains (slice, "line-through") ? STYLE_GONE : STYLE_NORMAL;
  case STYLE_TRANSFORM:
    return parse_transform (slice);
  case STYLE_N_PROPERTIES:
  default:
    return STYLE_NORMAL;
  }
}
