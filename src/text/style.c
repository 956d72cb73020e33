/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/style: declarations, colours and what they come to on an element.
 *
 * Values are reduced on reading to what matters here (is it zero? is it far off the window?), so that a
 * cascade is a handful of integers. Judged for both sides: text must look hidden in a browser to count as it.
 */
#include "style.h"

#include <string.h>

#define TINY_PIXELS 1.0
#define FAR_PIXELS 500.0
#define NEARLY_CLEAR 0.05
#define SAME_COLOR_DISTANCE 6

const Style style_initial = { .color = 0x000000, .background = COLOR_TRANSPARENT };

typedef struct {
  const char *text;
  gsize length;
} Slice;

static Slice trim (const char *text, const char *end) {
  while (text < end && g_ascii_isspace (*text))
    text++;
  while (end > text && g_ascii_isspace (end[-1]))
    end--;
  return (Slice){ text, (gsize) (end - text) };
}

static gboolean is_word (Slice slice, const char *word) {
  return slice.length == strlen (word) && g_ascii_strncasecmp (slice.text, word, slice.length) == 0;
}

static gboolean contains (Slice slice, const char *word) {
  gsize length = strlen (word);

  for (gsize i = 0; i + length <= slice.length; i++) {
    if (g_ascii_strncasecmp (slice.text + i, word, length) == 0)
      return TRUE;
  }
  return FALSE;
}

guint64 style_hash (const char *text, gsize length) {
  guint64 hash = G_GUINT64_CONSTANT (14695981039346656037);

  for (gsize i = 0; i < length; i++)
    hash = (hash ^ (guchar) g_ascii_tolower (text[i])) * G_GUINT64_CONSTANT (1099511628211);
  return hash == 0 ? 1 : hash;
}

/* A plain decimal number at the start of @slice; what follows it goes to @ret_rest. */
static gboolean read_number (Slice slice, double *ret_number, Slice *ret_rest) {
  const char *p = slice.text;
  const char *end = p + slice.length;
  gboolean negative = p < end && *p == '-';
  gboolean digits = FALSE;
  double number = 0, scale = 0.1;

  if (p < end && (*p == '-' || *p == '+'))
    p++;
  for (; p < end && g_ascii_isdigit (*p); p++, digits = TRUE)
    number = number < 1e12 ? number * 10 + (*p - '0') : number;
  if (p < end && *p == '.') {
    for (p++; p < end && g_ascii_isdigit (*p); p++, scale /= 10, digits = TRUE)
      number += scale * (*p - '0');
  }
  *ret_number = negative ? -number : number;
  *ret_rest = trim (p, end);
  return digits;
}

/* A length in about pixels. Percentages count as of a font: 100% is 16. */
static gboolean read_pixels (Slice slice, double *ret_pixels) {
  Slice unit;
  double factor = 1;

  if (!read_number (slice, ret_pixels, &unit))
    return FALSE;
  if (is_word (unit, "em") || is_word (unit, "rem") || is_word (unit, "ex") || is_word (unit, "ch"))
    factor = 16;
  else if (is_word (unit, "pt"))
    factor = 1.33;
  else if (is_word (unit, "%"))
    factor = 0.16;
  else if (is_word (unit, "in") || is_word (unit, "cm") || is_word (unit, "vw") || is_word (unit, "vh"))
    factor = 38;
  *ret_pixels *= factor;
  return TRUE;
}

static guint32 zero_when_tiny (Slice slice) {
  double pixels;

  return read_pixels (slice, &pixels) && pixels >= 0 && pixels <= TINY_PIXELS ? STYLE_GONE : STYLE_NORMAL;
}

static guint32 gone_when_far (Slice slice) {
  double pixels;

  return read_pixels (slice, &pixels) && (pixels <= -FAR_PIXELS || pixels >= 20 * FAR_PIXELS) ? STYLE_GONE
                                                                                              : STYLE_NORMAL;
}

/* Colours */

static const struct {
  const char *name;
  guint32 color;
} color_names[] = {
  { "white", 0xFFFFFF },
  { "black", 0x000000 },
  { "red", 0xFF0000 },
  { "green", 0x008000 },
  { "blue", 0x0000FF },
  { "gray", 0x808080 },
  { "grey", 0x808080 },
  { "silver", 0xC0C0C0 },
  { "yellow", 0xFFFF00 },
  { "navy", 0x000080 },
  { "orange", 0xFFA500 },
  { "purple", 0x800080 },
  { "maroon", 0x800000 },
  { "lime", 0x00FF00 },
  { "aqua", 0x00FFFF },
  { "cyan", 0x00FFFF },
  { "teal", 0x008080 },
  { "fuchsia", 0xFF00FF },
  { "magenta", 0xFF00FF },
  { "olive", 0x808000 },
  { "pink", 0xFFC0CB },
  { "brown", 0xA52A2A },
  { "whitesmoke", 0xF5F5F5 },
  { "lightgray", 0xD3D3D3 },
  { "lightgrey", 0xD3D3D3 },
  { "darkgray", 0xA9A9A9 },
  { "darkgrey", 0xA9A9A9 },
  { "dimgray", 0x696969 },
  { "snow", 0xFFFAFA },
  { "ivory", 0xFFFFF0 },
  { "ghostwhite", 0xF8F8FF },
  { "beige", 0xF5F5DC },
  { "gold", 0xFFD700 },
  { "tomato", 0xFF6347 },
  { "darkblue", 0x00008B },
  { "lightblue", 0xADD8E6 },
  { "transparent", COLOR_TRANSPARENT },
};

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

/* rgb (r, g, b) and rgba (r, g, b, a), with commas, blanks or a slash between. */
static guint32 parse_rgb_function (Slice slice) {
  const char *end = slice.text + slice.length;
  const char *p = memchr (slice.text, '(', slice.length);
  double part[4] = { 0, 0, 0, 1 };
  guint n = 0;

  for (p = p != NULL ? p + 1 : end; p < end && n < 4; n++) {
    Slice rest = trim (p, end);

    if (!read_number (rest, &part[n], &rest))
      break;
    if (rest.length > 0 && *rest.text == '%') {
      part[n] *= n < 3 ? 2.55 : 0.01;
      rest = trim (rest.text + 1, end);
    }
    p = rest.text + (rest.length > 0 && (*rest.text == ',' || *rest.text == '/') ? 1 : 0);
  }
  if (n < 3)
    return COLOR_UNKNOWN;
  if (part[3] < 1)
    return part[3] <= NEARLY_CLEAR ? COLOR_TRANSPARENT : COLOR_UNKNOWN;
  for (guint i = 0; i < 3; i++)
    part[i] = CLAMP (part[i] + 0.5, 0, 255);
  return (guint32) part[0] << 16 | (guint32) part[1] << 8 | (guint32) part[2];
}

guint32 style_parse_color (const char *text, gsize length) {
  Slice slice = trim (text, text + length);

  if (slice.length == 0)
    return COLOR_UNKNOWN;
  if (*slice.text == '#')
    return parse_hex_color (slice.text + 1, slice.length - 1);
  if (slice.length > 4 && g_ascii_strncasecmp (slice.text, "rgb", 3) == 0)
    return parse_rgb_function (slice);
  for (gsize i = 0; i < G_N_ELEMENTS (color_names); i++) {
    if (is_word (slice, color_names[i].name))
      return color_names[i].color;
  }
  return slice.length == 6 ? parse_hex_color (slice.text, 6) : COLOR_UNKNOWN; /* bgcolor=ffffff */
}

static gboolean colors_look_same (guint32 a, guint32 b) {
  for (guint shift = 0; shift < 24; shift += 8) {
    if (ABS ((gint) (a >> shift & 0xFF) - (gint) (b >> shift & 0xFF)) > SAME_COLOR_DISTANCE)
      return FALSE;
  }
  return TRUE;
}

/* The `background` shorthand: any picture makes it unknown, else the first word that is a colour counts. */
static guint32 parse_background (Slice slice) {
  const char *end = slice.text + slice.length;

  if (contains (slice, "url(") || contains (slice, "gradient("))
    return COLOR_UNKNOWN;
  if (is_word (slice, "none") || is_word (slice, "initial") || is_word (slice, "unset"))
    return COLOR_TRANSPARENT;
  if (slice.length > 3 && g_ascii_strncasecmp (slice.text, "rgb", 3) == 0)
    return style_parse_color (slice.text, slice.length);
  for (const char *p = slice.text; p < end;) {
    const char *word = p;
    guint32 color;

    while (p < end && !g_ascii_isspace (*p))
      p++;
    color = style_parse_color (word, (gsize) (p - word));
    if (color != COLOR_UNKNOWN)
      return color;
    while (p < end && g_ascii_isspace (*p))
      p++;
  }
  return COLOR_UNKNOWN;
}

/* Declarations */

static guint32 parse_display (Slice slice) {
  if (is_word (slice, "none"))
    return DISPLAY_NONE;
  if (is_word (slice, "inline") || is_word (slice, "contents") || is_word (slice, "ruby"))
    return DISPLAY_INLINE;
  if (contains (slice, "inline-"))
    return DISPLAY_INLINE_BLOCK;
  return contains (slice, "table") ? DISPLAY_TABLE : DISPLAY_BLOCK;
}

static guint32 parse_white_space (Slice slice) {
  if (is_word (slice, "pre"))
    return WHITE_PRE;
  if (is_word (slice, "pre-wrap") || is_word (slice, "break-spaces") || is_word (slice, "-moz-pre-wrap"))
    return WHITE_PRE_WRAP;
  return is_word (slice, "pre-line") ? WHITE_PRE_LINE : WHITE_NORMAL;
}

static guint32 parse_clip (Slice slice) {
  double first;
  Slice rest;
  const char *open = memchr (slice.text, '(', slice.length);

  if (open == NULL)
    return STYLE_NORMAL;
  rest = trim (open + 1, slice.text + slice.length);
  if (!read_number (rest, &first, &rest))
    return STYLE_NORMAL;
  if (contains (slice, "inset"))
    return first >= 50 && rest.length > 0 && *rest.text == '%' ? STYLE_GONE : STYLE_NORMAL;
  if (contains (slice, "circle"))
    return first <= 0 ? STYLE_GONE : STYLE_NORMAL;
  /* rect (0 0 0 0), rect (1px, 1px, 1px, 1px): all the same small number */
  return contains (slice, "rect(") && first <= TINY_PIXELS && !contains (slice, "auto") ? STYLE_GONE : STYLE_NORMAL;
}

static gboolean opacity_is_zero (Slice slice) {
  double number;
  Slice rest;

  if (!read_number (slice, &number, &rest))
    return FALSE;
  return number <= (rest.length > 0 ? 100 * NEARLY_CLEAR : NEARLY_CLEAR);
}

static guint32 parse_position (Slice slice) {
  return is_word (slice, "absolute") || is_word (slice, "fixed") || is_word (slice, "relative") ? STYLE_GONE
                                                                                                : STYLE_NORMAL;
}

static guint32 parse_value (StyleProperty property, Slice slice) {
  switch (property) {
  case STYLE_DISPLAY:
    return parse_display (slice);
  case STYLE_VISIBILITY:
    return is_word (slice, "hidden") || is_word (slice, "collapse") ? STYLE_GONE : STYLE_NORMAL;
  case STYLE_FONT_SIZE:
  case STYLE_WIDTH:
  case STYLE_HEIGHT:
  case STYLE_MAX_WIDTH:
  case STYLE_MAX_HEIGHT:
    return zero_when_tiny (slice);
  case STYLE_OVERFLOW:
    return contains (slice, "hidden") || contains (slice, "clip") ? STYLE_GONE : STYLE_NORMAL;
  case STYLE_OPACITY:
    return opacity_is_zero (slice) ? STYLE_GONE : STYLE_NORMAL;
  case STYLE_POSITION:
    return parse_position (slice);
  case STYLE_OFFSET:
  case STYLE_MARGIN:
  case STYLE_TEXT_INDENT:
    return gone_when_far (slice);
  case STYLE_COLOR:
    return style_parse_color (slice.text, slice.length);
  case STYLE_BACKGROUND:
    return parse_background (slice);
  case STYLE_BACKGROUND_IMAGE:
    return is_word (slice, "none") ? STYLE_NORMAL : STYLE_GONE;
  case STYLE_MSO_HIDE:
    return is_word (slice, "all") ? STYLE_GONE : STYLE_NORMAL;
  case STYLE_WHITE_SPACE:
    return parse_white_space (slice);
  case STYLE_CLIP:
    return parse_clip (slice);
  case STYLE_TRANSFORM:
    return contains (slice, "scale(0)") || contains (slice, "scale(0,") ? STYLE_GONE : STYLE_NORMAL;
  case STYLE_N_PROPERTIES:
  default:
    return STYLE_NORMAL;
  }
}

static const struct {
  const char *name;
  StyleProperty property;
} property_names[] = {
  { "color", STYLE_COLOR },
  { "font-size", STYLE_FONT_SIZE },
  { "width", STYLE_WIDTH },
  { "height", STYLE_HEIGHT },
  { "display", STYLE_DISPLAY },
  { "background", STYLE_BACKGROUND },
  { "background-color", STYLE_BACKGROUND },
  { "background-image", STYLE_BACKGROUND_IMAGE },
  { "max-width", STYLE_MAX_WIDTH },
  { "max-height", STYLE_MAX_HEIGHT },
  { "overflow", STYLE_OVERFLOW },
  { "overflow-x", STYLE_OVERFLOW },
  { "overflow-y", STYLE_OVERFLOW },
  { "visibility", STYLE_VISIBILITY },
  { "opacity", STYLE_OPACITY },
  { "position", STYLE_POSITION },
  { "left", STYLE_OFFSET },
  { "top", STYLE_OFFSET },
  { "right", STYLE_OFFSET },
  { "margin-left", STYLE_MARGIN },
  { "margin-top", STYLE_MARGIN },
  { "text-indent", STYLE_TEXT_INDENT },
  { "mso-hide", STYLE_MSO_HIDE },
  { "white-space", STYLE_WHITE_SPACE },
  { "clip", STYLE_CLIP },
  { "clip-path", STYLE_CLIP },
  { "transform", STYLE_TRANSFORM },
};

static void set_declaration (Declarations *declarations, StyleProperty property, guint32 value, gboolean important) {
  guint32 bit = 1u << property;

  /* left and top share a property: one of them far off is enough, whatever the other says. */
  if (property == STYLE_OFFSET && (declarations->set & bit) != 0 && declarations->value[property] == STYLE_GONE)
    return;
  if ((declarations->important & bit) != 0 && !important)
    return;
  declarations->set |= bit;
  declarations->important |= important ? bit : 0;
  declarations->value[property] = value;
}

/* "!important" at the end, which it cuts off. */
static gboolean cut_important (Slice *value) {
  const char *mark = NULL;

  for (gsize i = value->length; i > 0 && mark == NULL; i--)
    mark = value->text[i - 1] == '!' ? value->text + i - 1 : NULL;
  if (mark == NULL || !is_word (trim (mark + 1, value->text + value->length), "important"))
    return FALSE;
  *value = trim (value->text, mark);
  return TRUE;
}

static void parse_declaration (const char *text, const char *end, Declarations *declarations) {
  const char *colon = memchr (text, ':', (gsize) (end - text));
  Slice name, value;
  gboolean important;

  if (colon == NULL)
    return;
  name = trim (text, colon);
  for (gsize i = 0; i < G_N_ELEMENTS (property_names); i++) {
    if (!is_word (name, property_names[i].name))
      continue;
    value = trim (colon + 1, end);
    important = cut_important (&value);
    if (value.length > 0 && !is_word (value, "inherit"))
      set_declaration (declarations, property_names[i].property, parse_value (property_names[i].property, value),
                       important);
    return;
  }
}

/* The end of the declaration at @p: a semicolon outside quotes, parentheses and comments. */
static const char *declaration_end (const char *p, const char *end) {
  char quote = 0;
  guint depth = 0;

  for (; p < end; p++) {
    if (quote != 0)
      quote = *p == quote ? 0 : quote;
    else if (*p == '"' || *p == '\'')
      quote = *p;
    else if (*p == '(')
      depth++;
    else if (*p == ')')
      depth -= depth > 0 ? 1 : 0;
    else if (*p == ';' && depth == 0)
      return p;
  }
  return end;
}

static char *without_comments (const char *text, gsize length, gsize *ret_length) {
  GString *out = g_string_sized_new (length);
  const char *end = text + length;

  while (text < end) {
    const char *open = text;

    while (open + 1 < end && !(open[0] == '/' && open[1] == '*'))
      open++;
    open = open + 1 < end ? open : end;
    g_string_append_len (out, text, open - text);
    for (text = open < end ? open + 2 : end; text < end && !(text[-1] == '/' && text[-2] == '*' && text >= open + 4);)
      text++;
  }
  *ret_length = out->len;
  return g_string_free (out, FALSE);
}

void style_parse_declarations (const char *text, gsize length, Declarations *declarations) {
  g_autofree char *clean = NULL;
  const char *end;

  if (memchr (text, '*', length) != NULL)
    text = clean = without_comments (text, length, &length);
  end = text + length;
  while (text < end) {
    const char *stop = declaration_end (text, end);

    parse_declaration (text, stop, declarations);
    text = stop + 1;
  }
}

/* Cascade and computed style */

void cascade_apply (Cascade *cascade, const Declarations *declarations, guint32 weight) {
  for (guint32 left = declarations->set; left != 0; left &= left - 1) {
    guint property = (guint) __builtin_ctz (left);
    guint32 own = weight | ((declarations->important >> property & 1) != 0 ? 0x80000000u : 0);

    if (own < cascade->weight[property])
      continue;
    cascade->weight[property] = own;
    cascade->declared.set |= 1u << property;
    cascade->declared.value[property] = declarations->value[property];
  }
}

void cascade_set_hint (Cascade *cascade, StyleProperty property, guint32 value) {
  if (cascade->weight[property] > 0)
    return;
  cascade->declared.set |= 1u << property;
  cascade->declared.value[property] = value;
}

static gboolean says (const Declarations *declarations, StyleProperty property, guint32 value) {
  return (declarations->set >> property & 1) != 0 && declarations->value[property] == value;
}

/* A box with nothing of its content in sight: no size and what overflows is cut off. */
static gboolean box_is_empty (const Declarations *declared, gboolean block, gboolean cell) {
  gboolean placed = says (declared, STYLE_POSITION, STYLE_GONE);

  if (declared->set >> STYLE_DISPLAY & 1) {
    cell = declared->value[STYLE_DISPLAY] == DISPLAY_TABLE;
    block = declared->value[STYLE_DISPLAY] == DISPLAY_BLOCK || declared->value[STYLE_DISPLAY] == DISPLAY_INLINE_BLOCK;
  }
  if ((!block && !placed) || cell || !says (declared, STYLE_OVERFLOW, STYLE_GONE))
    return FALSE;
  return says (declared, STYLE_WIDTH, STYLE_GONE) || says (declared, STYLE_HEIGHT, STYLE_GONE)
         || says (declared, STYLE_MAX_WIDTH, STYLE_GONE) || says (declared, STYLE_MAX_HEIGHT, STYLE_GONE);
}

static gboolean vanishes (const Declarations *declared, gboolean block, gboolean cell) {
  if (says (declared, STYLE_DISPLAY, DISPLAY_NONE) || says (declared, STYLE_OPACITY, STYLE_GONE)
      || says (declared, STYLE_MSO_HIDE, STYLE_GONE) || says (declared, STYLE_TRANSFORM, STYLE_GONE))
    return TRUE;
  if (says (declared, STYLE_POSITION, STYLE_GONE)
      && (says (declared, STYLE_OFFSET, STYLE_GONE) || says (declared, STYLE_CLIP, STYLE_GONE)))
    return TRUE;
  if (block && says (declared, STYLE_MARGIN, STYLE_GONE))
    return TRUE;
  return box_is_empty (declared, block, cell);
}

Style style_compute (const Style *parent, const Declarations *declared, gboolean block, gboolean cell) {
  Style style = *parent;
  const guint32 *value = declared->value;

  if (declared->set == 0)
    return style;
  style.gone |= vanishes (declared, block, cell);
  if (declared->set >> STYLE_VISIBILITY & 1)
    style.invisible = value[STYLE_VISIBILITY] == STYLE_GONE;
  if (declared->set >> STYLE_FONT_SIZE & 1)
    style.tiny = value[STYLE_FONT_SIZE] == STYLE_GONE;
  if (declared->set >> STYLE_TEXT_INDENT & 1)
    style.far_indent = value[STYLE_TEXT_INDENT] == STYLE_GONE;
  if (declared->set >> STYLE_WHITE_SPACE & 1)
    style.white_space = (guint8) value[STYLE_WHITE_SPACE];
  if (declared->set >> STYLE_COLOR & 1)
    style.color = value[STYLE_COLOR];
  if ((declared->set >> STYLE_BACKGROUND & 1) && value[STYLE_BACKGROUND] != COLOR_TRANSPARENT)
    style.background = value[STYLE_BACKGROUND];
  if (says (declared, STYLE_BACKGROUND_IMAGE, STYLE_GONE))
    style.background = COLOR_UNKNOWN;
  return style;
}

gboolean style_is_hidden (const Style *style, gboolean white_page) {
  guint32 background = style->background;

  if (style->gone || style->invisible || style->tiny || style->far_indent || style->color == COLOR_TRANSPARENT)
    return TRUE;
  if (style->color == COLOR_UNKNOWN || background == COLOR_UNKNOWN)
    return FALSE;
  if (background == COLOR_TRANSPARENT && !white_page)
    return FALSE;
  return colors_look_same (style->color, background == COLOR_TRANSPARENT ? 0xFFFFFF : background);
}
