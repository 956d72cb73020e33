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
#define SOME_SPACE_PIXELS 5.0  /* below: lines of one paragraph, as Outlook's margin:0 has them */
#define LINE_SPACE_PIXELS 10.0 /* from here on people see a paragraph's end */
#define TINY_FONT_PIXELS 2.0   /* nobody reads that; bodies of 8px are common */
#define FAR_PIXELS 500.0
#define NEARLY_CLEAR 0.05

const Style style_initial = { .color = 0x000000, .background = COLOR_TRANSPARENT };

guint64 style_hash (const char *text, gsize length) {
  guint64 hash = G_GUINT64_CONSTANT (14695981039346656037);

  for (gsize i = 0; i < length; i++)
    hash = (hash ^ (guchar) g_ascii_tolower (text[i])) * G_GUINT64_CONSTANT (1099511628211);
  return hash == 0 ? 1 : hash;
}

/* A length in about pixels. Percentages count as of a font: 100% is 16. */
static gboolean read_pixels (Slice slice, double *ret_pixels) {
  Slice unit;
  double factor = 1;

  if (!slice_read_number (slice, ret_pixels, &unit))
    return FALSE;
  if (slice_is (unit, "em") || slice_is (unit, "rem") || slice_is (unit, "ex") || slice_is (unit, "ch"))
    factor = 16;
  else if (slice_is (unit, "pt"))
    factor = 1.33;
  else if (slice_is (unit, "%"))
    factor = 0.16;
  else if (slice_is (unit, "mm") || slice_is (unit, "pc"))
    factor = 3.8;
  else if (slice_is (unit, "in") || slice_is (unit, "cm") || slice_is (unit, "vw") || slice_is (unit, "vh"))
    factor = 38;
  else if (unit.length > 0 && !slice_is (unit, "px"))
    return FALSE;
  *ret_pixels *= factor;
  return TRUE;
}

static guint32 gone_up_to (Slice slice, double limit) {
  double pixels;

  if (!read_pixels (slice, &pixels))
    return slice.length > 0 && g_ascii_isalpha (*slice.text) ? STYLE_NORMAL : STYLE_INVALID; /* auto, small, calc () */
  return pixels < 0 ? STYLE_INVALID : pixels <= limit ? STYLE_GONE : STYLE_NORMAL;
}

static guint32 gone_when_far (Slice slice) {
  double pixels;

  return read_pixels (slice, &pixels) && (pixels <= -FAR_PIXELS || pixels >= 20 * FAR_PIXELS) ? STYLE_GONE
                                                                                              : STYLE_NORMAL;
}

/* Declarations */

static guint32 parse_display (Slice slice) {
  static const struct {
    const char *word;
    guint32 value;
  } words[] = {
    { "none", DISPLAY_NONE },         { "block", DISPLAY_BLOCK },    { "inline", DISPLAY_INLINE },
    { "contents", DISPLAY_INLINE },   { "ruby", DISPLAY_INLINE },    { "list-item", DISPLAY_BLOCK },
    { "flex", DISPLAY_BLOCK },        { "grid", DISPLAY_BLOCK },     { "flow-root", DISPLAY_BLOCK },
    { "-webkit-box", DISPLAY_BLOCK }, { "initial", DISPLAY_INLINE }, { "unset", DISPLAY_INLINE },
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
static guint32 parse_font (Slice slice) {
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

static guint32 parse_space (Slice slice) {
  double pixels;

  if (!read_pixels (slice, &pixels))
    return STYLE_INVALID;
  return pixels < SOME_SPACE_PIXELS ? SPACE_NONE : pixels < LINE_SPACE_PIXELS ? SPACE_SOME : SPACE_LINE;
}

/* The @n-th of the sides in a shorthand of one to four lengths: 0 top, 1 right, 2 bottom, 3 left. */
static Slice side_of (Slice slice, guint n) {
  const char *end = slice.text + slice.length;
  Slice sides[4];
  guint count = 0;

  for (const char *p = slice.text; p < end && count < G_N_ELEMENTS (sides); count++) {
    const char *word = p;

    for (; p < end && !g_ascii_isspace (*p); p++)
      ;
    sides[count] = (Slice){ word, (gsize) (p - word) };
    for (; p < end && g_ascii_isspace (*p); p++)
      ;
  }
  if (count == 0)
    return slice;
  return n < count ? sides[n] : n == 3 && count > 1 ? sides[1] : sides[0];
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

static guint32 parse_position (Slice slice) {
  return slice_is (slice, "absolute") || slice_is (slice, "fixed") || slice_is (slice, "relative") ? STYLE_GONE
                                                                                                   : STYLE_NORMAL;
}

static guint32 parse_value (StyleProperty property, Slice slice) {
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
    return gone_up_to (slice, TINY_PIXELS);
  case STYLE_OVERFLOW:
    return slice_contains (slice, "hidden") || slice_contains (slice, "clip") ? STYLE_GONE : STYLE_NORMAL;
  case STYLE_OPACITY:
    return parse_opacity (slice);
  case STYLE_POSITION:
    return parse_position (slice);
  case STYLE_OFFSET:
  case STYLE_MARGIN:
  case STYLE_TEXT_INDENT:
    return gone_when_far (slice);
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
    return parse_space (slice);
  case STYLE_LIST_TYPE:
    return parse_list_type (slice);
  case STYLE_TRANSFORM:
    return slice_contains (slice, "scale(0)") || slice_contains (slice, "scale(0,") ? STYLE_GONE : STYLE_NORMAL;
  case STYLE_N_PROPERTIES:
  default:
    return STYLE_NORMAL;
  }
}

static const struct {
  const char *name;
  StyleProperty property;
} property_names[] = {
  { "font", STYLE_FONT_SIZE }, /* FONT_ROW and MARGIN_ROW: shorthands */
  { "margin", STYLE_MARGIN },
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
  { "margin-top", STYLE_SPACE_ABOVE },
  { "margin-bottom", STYLE_SPACE_BELOW },
  { "list-style", STYLE_LIST_TYPE },
  { "list-style-type", STYLE_LIST_TYPE },
  { "text-indent", STYLE_TEXT_INDENT },
  { "white-space", STYLE_WHITE_SPACE },
  { "clip", STYLE_CLIP },
  { "clip-path", STYLE_CLIP_PATH },
  { "filter", STYLE_FILTER },
  { "-webkit-text-fill-color", STYLE_TEXT_FILL },
  { "transform", STYLE_TRANSFORM },
};

#define FONT_ROW 0u
#define MARGIN_ROW 1u

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
  if (mark == NULL || !slice_is (slice_trim (mark + 1, value->text + value->length), "important"))
    return FALSE;
  *value = slice_trim (value->text, mark);
  return TRUE;
}

static void set_margins (Declarations *declarations, Slice value, gboolean important) {
  guint32 above = parse_space (side_of (value, 0));
  guint32 below = parse_space (side_of (value, 2));

  if (above != STYLE_INVALID)
    set_declaration (declarations, STYLE_SPACE_ABOVE, above, important);
  if (below != STYLE_INVALID)
    set_declaration (declarations, STYLE_SPACE_BELOW, below, important);
  set_declaration (declarations, STYLE_MARGIN, gone_when_far (side_of (value, 3)), important);
}

static void parse_declaration (const char *text, const char *end, Declarations *declarations) {
  const char *colon = memchr (text, ':', (gsize) (end - text));
  Slice name, value;
  gboolean important;
  guint32 parsed;

  if (colon == NULL)
    return;
  name = slice_trim (text, colon);
  for (gsize i = 0; i < G_N_ELEMENTS (property_names); i++) {
    if (!slice_is (name, property_names[i].name))
      continue;
    value = slice_trim (colon + 1, end);
    important = cut_important (&value);
    if (value.length == 0 || slice_is (value, "inherit"))
      return;
    if (i == MARGIN_ROW) {
      set_margins (declarations, value, important);
      return;
    }
    parsed = i == FONT_ROW ? parse_font (value) : parse_value (property_names[i].property, value);
    if (parsed != STYLE_INVALID)
      set_declaration (declarations, property_names[i].property, parsed, important);
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

/* "\6e": the character, when it is one that words are made of; '_' stands for all others. */
static const char *append_escape (GString *out, const char *p, const char *end) {
  guint32 code = 0;
  guint digits = 0;

  for (p++; p < end && digits < 6 && g_ascii_isxdigit (*p); p++, digits++)
    code = code << 4 | (guint32) g_ascii_xdigit_value (*p);
  if (digits == 0)
    code = p < end ? (guchar) *p++ : 0;
  else if (p < end && g_ascii_isspace (*p))
    p++;
  g_string_append_c (out, code < 0x80 && (g_ascii_isalnum ((char) code) || code == '-') ? (char) code : '_');
  return p;
}

static char *without_comments (const char *text, gsize length, gsize *ret_length) {
  GString *out = g_string_sized_new (length);
  const char *end = text + length;

  while (text < end) {
    if (*text == '\\')
      text = append_escape (out, text, end);
    else if (end - text < 2 || text[0] != '/' || text[1] != '*')
      g_string_append_c (out, *text++);
    else {
      for (text += 2; text < end && !(end - text >= 2 && text[0] == '*' && text[1] == '/'); text++)
        ;
      text = MIN (text + 2, end);
    }
  }
  *ret_length = out->len;
  return g_string_free (out, FALSE);
}

void style_parse_declarations (const char *text, gsize length, Declarations *declarations) {
  g_autofree char *clean = NULL;
  const char *end;

  if (memchr (text, '*', length) != NULL || memchr (text, '\\', length) != NULL)
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
      || says (declared, STYLE_FILTER, STYLE_GONE) || says (declared, STYLE_CLIP_PATH, STYLE_GONE)
      || says (declared, STYLE_TRANSFORM, STYLE_GONE))
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
  if (declared->set >> STYLE_LIST_TYPE & 1)
    style.list_type = (char) value[STYLE_LIST_TYPE];
  if (declared->set >> STYLE_COLOR & 1)
    style.color = value[STYLE_COLOR];
  if (declared->set >> STYLE_TEXT_FILL & 1)
    style.clear = value[STYLE_TEXT_FILL] == COLOR_TRANSPARENT;
  if ((declared->set >> STYLE_BACKGROUND & 1) && value[STYLE_BACKGROUND] != COLOR_TRANSPARENT)
    style.background = value[STYLE_BACKGROUND];
  if (says (declared, STYLE_BACKGROUND_IMAGE, STYLE_GONE))
    style.background = COLOR_UNKNOWN;
  return style;
}

gboolean style_is_hidden (const Style *style, gboolean white_page) {
  guint32 background = style->background;

  if (style->gone || style->invisible || style->tiny || style->far_indent || style->clear
      || style->color == COLOR_TRANSPARENT)
    return TRUE;
  if (style->color == COLOR_UNKNOWN || background == COLOR_UNKNOWN)
    return FALSE;
  if (background == COLOR_TRANSPARENT && !white_page)
    return FALSE;
  return colors_look_same (style->color, background == COLOR_TRANSPARENT ? 0xFFFFFF : background);
}
