/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/style: declarations, colours and what they come to on an element.
 *
 * Values are reduced on reading to what matters here (is it zero? is it far off the window?), so that a
 * cascade is a handful of integers. Judged for both sides: text must look hidden in a browser to count as it.
 */
#include "style.h"

#include <string.h>

#include "slices.h"
#include "values.h"

const Style style_initial = { .color = 0x000000, .background = COLOR_TRANSPARENT };

guint64 style_hash (const char *text, gsize length) {
  guint64 hash = G_GUINT64_CONSTANT (14695981039346656037);

  for (gsize i = 0; i < length; i++) {
    guchar byte = (guchar) text[i];

    byte += (guint) (byte - 'A') < 26 ? 'a' - 'A' : 0;
    hash = (hash ^ byte) * G_GUINT64_CONSTANT (1099511628211);
  }
  return hash == 0 ? 1 : hash;
}

guint64 style_hash_exact (const char *text, gsize length) {
  guint64 hash = G_GUINT64_CONSTANT (14695981039346656037);

  for (gsize i = 0; i < length; i++)
    hash = (hash ^ (guchar) text[i]) * G_GUINT64_CONSTANT (1099511628211);
  return hash == 0 ? 1 : hash;
}

typedef enum { SHORTHAND_NONE, SHORTHAND_FONT, SHORTHAND_MARGIN } Shorthand;

/* Sorted by length, then by name: most names that do not matter are told apart by their length. */
static const struct {
  const char *name;
  guint length;
  StyleProperty property;
  Shorthand shorthand;
} property_names[] = {
  { "top", 3, STYLE_OFFSET, SHORTHAND_NONE },
  { "clip", 4, STYLE_CLIP, SHORTHAND_NONE },
  { "font", 4, STYLE_FONT_SIZE, SHORTHAND_FONT },
  { "left", 4, STYLE_OFFSET, SHORTHAND_NONE },
  { "color", 5, STYLE_COLOR, SHORTHAND_NONE },
  { "inset", 5, STYLE_OFFSET, SHORTHAND_NONE },
  { "right", 5, STYLE_OFFSET, SHORTHAND_NONE },
  { "scale", 5, STYLE_TRANSFORM, SHORTHAND_NONE },
  { "width", 5, STYLE_WIDTH, SHORTHAND_NONE },
  { "filter", 6, STYLE_FILTER, SHORTHAND_NONE },
  { "height", 6, STYLE_HEIGHT, SHORTHAND_NONE },
  { "margin", 6, STYLE_MARGIN, SHORTHAND_MARGIN },
  { "display", 7, STYLE_DISPLAY, SHORTHAND_NONE },
  { "opacity", 7, STYLE_OPACITY, SHORTHAND_NONE },
  { "overflow", 8, STYLE_OVERFLOW, SHORTHAND_NONE },
  { "position", 8, STYLE_POSITION, SHORTHAND_NONE },
  { "clip-path", 9, STYLE_CLIP_PATH, SHORTHAND_NONE },
  { "font-size", 9, STYLE_FONT_SIZE, SHORTHAND_NONE },
  { "max-width", 9, STYLE_MAX_WIDTH, SHORTHAND_NONE },
  { "transform", 9, STYLE_TRANSFORM, SHORTHAND_NONE },
  { "background", 10, STYLE_BACKGROUND, SHORTHAND_NONE },
  { "list-style", 10, STYLE_LIST_TYPE, SHORTHAND_NONE },
  { "margin-top", 10, STYLE_SPACE_ABOVE, SHORTHAND_NONE },
  { "max-height", 10, STYLE_MAX_HEIGHT, SHORTHAND_NONE },
  { "overflow-x", 10, STYLE_OVERFLOW, SHORTHAND_NONE },
  { "overflow-y", 10, STYLE_OVERFLOW, SHORTHAND_NONE },
  { "visibility", 10, STYLE_VISIBILITY, SHORTHAND_NONE },
  { "margin-left", 11, STYLE_MARGIN, SHORTHAND_NONE },
  { "text-indent", 11, STYLE_TEXT_INDENT, SHORTHAND_NONE },
  { "white-space", 11, STYLE_WHITE_SPACE, SHORTHAND_NONE },
  { "margin-bottom", 13, STYLE_SPACE_BELOW, SHORTHAND_NONE },
  { "list-style-type", 15, STYLE_LIST_TYPE, SHORTHAND_NONE },
  { "text-decoration", 15, STYLE_DECORATION, SHORTHAND_NONE },
  { "background-color", 16, STYLE_BACKGROUND, SHORTHAND_NONE },
  { "background-image", 16, STYLE_BACKGROUND_IMAGE, SHORTHAND_NONE },
  { "content-visibility", 18, STYLE_CONTENT, SHORTHAND_NONE },
  { "text-decoration-line", 20, STYLE_DECORATION, SHORTHAND_NONE },
  { "-webkit-text-fill-color", 23, STYLE_TEXT_FILL, SHORTHAND_NONE },
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

static void set_margins (Declarations *declarations, Slice value, gboolean important) {
  guint32 above = value_of_space (value_side (value, 0));
  guint32 below = value_of_space (value_side (value, 2));

  if (above != STYLE_INVALID)
    set_declaration (declarations, STYLE_SPACE_ABOVE, above, important);
  if (below != STYLE_INVALID)
    set_declaration (declarations, STYLE_SPACE_BELOW, below, important);
  set_declaration (declarations, STYLE_MARGIN,
                   value_of_rise (value_side (value, 0)) == STYLE_GONE ? STYLE_GONE
                                                                       : value_of_distance (value_side (value, 3)),
                   important);
}

/* The row of a property's name, or -1 for the many that do not matter. */
static gint find_property (Slice name) {
  gint low = 0, high = G_N_ELEMENTS (property_names);

  while (low < high) {
    gint middle = (low + high) / 2;
    guint length = property_names[middle].length;
    int order = name.length != length ? (name.length < length ? -1 : 1)
                                      : slice_compare (name, property_names[middle].name, length);

    if (order == 0)
      return middle;
    if (order > 0)
      low = middle + 1;
    else
      high = middle;
  }
  return -1;
}

/* One declaration, and where its parts are. */
typedef struct {
  const char *start;
  const char *colon; /* NULL: there is none */
  const char *bang;  /* of !important, perhaps; NULL likewise */
  const char *end;
} Declaration;

/* Its value, without "!important" at the end. */
static Slice declared_value (const Declaration *found, gboolean *ret_important) {
  *ret_important = found->bang != NULL && slice_is (slice_trim (found->bang + 1, found->end), "important");
  return slice_trim (found->colon + 1, *ret_important ? found->bang : found->end);
}

static void parse_declaration (const Declaration *found, Declarations *declarations) {
  gint row = found->colon != NULL ? find_property (slice_trim (found->start, found->colon)) : -1;
  gboolean important;
  Slice value;
  guint32 parsed;

  if (row < 0)
    return;
  value = declared_value (found, &important);
  if (value.length == 0 || slice_is (value, "inherit"))
    return;
  if (property_names[row].shorthand == SHORTHAND_MARGIN) {
    set_margins (declarations, value, important);
    return;
  }
  parsed = property_names[row].shorthand == SHORTHAND_FONT ? value_of_font (value)
                                                           : value_parse (property_names[row].property, value);
  if (property_names[row].property == STYLE_SPACE_ABOVE && value_of_rise (value) == STYLE_GONE)
    set_declaration (declarations, STYLE_MARGIN, STYLE_GONE, important);
  if (parsed != STYLE_INVALID)
    set_declaration (declarations, property_names[row].property, parsed, important);
}

enum { MARK_SEMICOLON = 1, MARK_COLON, MARK_BANG, MARK_QUOTE, MARK_OPEN, MARK_CLOSE };

static const guint8 marks[256] = {
  [';'] = MARK_SEMICOLON, [':'] = MARK_COLON, ['!'] = MARK_BANG,  ['"'] = MARK_QUOTE,
  ['\''] = MARK_QUOTE,    ['('] = MARK_OPEN,  [')'] = MARK_CLOSE,
};

static const char *skip_quotes (const char *p, const char *end) {
  const char *close = memchr (p + 1, *p, (gsize) (end - p - 1));

  return close != NULL ? close : end - 1;
}

/* The declaration at @p, up to a semicolon outside quotes and parentheses. */
static Declaration read_declaration (const char *p, const char *end) {
  Declaration found = { .start = p };
  guint depth = 0;

  for (; p < end; p++) {
    guint8 mark = marks[(guchar) *p];

    if (mark == 0)
      continue;
    if (mark == MARK_SEMICOLON && depth == 0)
      break;
    if (mark == MARK_COLON && found.colon == NULL)
      found.colon = p;
    else if (mark == MARK_BANG)
      found.bang = p;
    else if (mark == MARK_QUOTE)
      p = skip_quotes (p, end);
    else if (mark == MARK_OPEN)
      depth++;
    else if (mark == MARK_CLOSE)
      depth -= depth > 0 ? 1 : 0;
  }
  found.end = MIN (p, end);
  return found;
}

/* "\6e": the character, when it is one that words are made of; '_' stands for all others. */
static const char *append_escape (GString *out, const char *p, const char *end) {
  char bytes[8] = { '\0' };
  gsize count;

  p = slice_read_escape (p, end, bytes, &count);
  g_string_append_c (out, g_ascii_isalnum (*bytes) || *bytes == '-' ? *bytes : '_');
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

/* With var () in them: own custom properties first, then the sheet's. */
static char *with_variables (const char *text, gsize length, const Variables *variables, gsize *ret_length) {
  g_autoptr (Variables) own = variables_new (variables);

  variables_collect (own, text, length);
  return variables_resolve (own, text, length, ret_length);
}

void style_parse_declarations (const char *text, gsize length, const Variables *variables, Declarations *declarations) {
  g_autofree char *clean = NULL, *resolved = NULL;
  const char *end;

  if (memchr (text, '*', length) != NULL || memchr (text, '\\', length) != NULL)
    text = clean = without_comments (text, length, &length);
  if (variables_are_used (text, length)) {
    text = resolved = with_variables (text, length, variables, &length);
    if (text == NULL)
      return;
  }
  end = text + length;
  while (text < end) {
    Declaration found = read_declaration (text, end);

    parse_declaration (&found, declarations);
    text = found.end + 1;
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
      || says (declared, STYLE_TRANSFORM, STYLE_GONE) || says (declared, STYLE_CONTENT, STYLE_GONE))
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
  style.struck |= says (declared, STYLE_DECORATION, STYLE_GONE);
  if (declared->set >> STYLE_TEXT_FILL & 1) {
    style.clear = value[STYLE_TEXT_FILL] == COLOR_TRANSPARENT;
    style.color = style.clear ? style.color : value[STYLE_TEXT_FILL];
  }
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
