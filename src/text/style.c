/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/style: declarations, colours and what they come to on an element.
 *
 * Values are reduced on reading to what matters here (is it zero? is it far off the window?), so that a
 * cascade is a handful of integers. Judged for both sides: text must look hidden in a browser to count as it.
 */
#include "style.h"

#include <string.h>

#include "names.h"
#include "slices.h"
#include "values.h"

const Style style_initial = { .color = 0x000000, .background = COLOR_TRANSPARENT };

typedef enum { SHORTHAND_NONE, SHORTHAND_FONT, SHORTHAND_MARGIN } Shorthand;

#define PROPERTIES(X)                                                                                                  \
  X ("top", STYLE_OFFSET, SHORTHAND_NONE)                                                                              \
  X ("clip", STYLE_CLIP, SHORTHAND_NONE)                                                                               \
  X ("font", STYLE_FONT_SIZE, SHORTHAND_FONT)                                                                          \
  X ("left", STYLE_OFFSET, SHORTHAND_NONE)                                                                             \
  X ("color", STYLE_COLOR, SHORTHAND_NONE)                                                                             \
  X ("inset", STYLE_OFFSET, SHORTHAND_NONE)                                                                            \
  X ("right", STYLE_OFFSET, SHORTHAND_NONE)                                                                            \
  X ("scale", STYLE_TRANSFORM, SHORTHAND_NONE)                                                                         \
  X ("width", STYLE_WIDTH, SHORTHAND_NONE)                                                                             \
  X ("filter", STYLE_FILTER, SHORTHAND_NONE)                                                                           \
  X ("height", STYLE_HEIGHT, SHORTHAND_NONE)                                                                           \
  X ("margin", STYLE_MARGIN, SHORTHAND_MARGIN)                                                                         \
  X ("display", STYLE_DISPLAY, SHORTHAND_NONE)                                                                         \
  X ("opacity", STYLE_OPACITY, SHORTHAND_NONE)                                                                         \
  X ("overflow", STYLE_OVERFLOW, SHORTHAND_NONE)                                                                       \
  X ("position", STYLE_POSITION, SHORTHAND_NONE)                                                                       \
  X ("clip-path", STYLE_CLIP_PATH, SHORTHAND_NONE)                                                                     \
  X ("font-size", STYLE_FONT_SIZE, SHORTHAND_NONE)                                                                     \
  X ("max-width", STYLE_MAX_WIDTH, SHORTHAND_NONE)                                                                     \
  X ("transform", STYLE_TRANSFORM, SHORTHAND_NONE)                                                                     \
  X ("background", STYLE_BACKGROUND, SHORTHAND_NONE)                                                                   \
  X ("list-style", STYLE_LIST_TYPE, SHORTHAND_NONE)                                                                    \
  X ("margin-top", STYLE_SPACE_ABOVE, SHORTHAND_NONE)                                                                  \
  X ("max-height", STYLE_MAX_HEIGHT, SHORTHAND_NONE)                                                                   \
  X ("overflow-x", STYLE_OVERFLOW, SHORTHAND_NONE)                                                                     \
  X ("overflow-y", STYLE_OVERFLOW, SHORTHAND_NONE)                                                                     \
  X ("visibility", STYLE_VISIBILITY, SHORTHAND_NONE)                                                                   \
  X ("margin-left", STYLE_MARGIN, SHORTHAND_NONE)                                                                      \
  X ("text-indent", STYLE_TEXT_INDENT, SHORTHAND_NONE)                                                                 \
  X ("white-space", STYLE_WHITE_SPACE, SHORTHAND_NONE)                                                                 \
  X ("margin-bottom", STYLE_SPACE_BELOW, SHORTHAND_NONE)                                                               \
  X ("list-style-type", STYLE_LIST_TYPE, SHORTHAND_NONE)                                                               \
  X ("text-decoration", STYLE_DECORATION, SHORTHAND_NONE)                                                              \
  X ("background-color", STYLE_BACKGROUND, SHORTHAND_NONE)                                                             \
  X ("background-image", STYLE_BACKGROUND_IMAGE, SHORTHAND_NONE)                                                       \
  X ("content-visibility", STYLE_CONTENT, SHORTHAND_NONE)                                                              \
  X ("text-decoration-line", STYLE_DECORATION, SHORTHAND_NONE)                                                         \
  X ("-webkit-text-fill-color", STYLE_TEXT_FILL, SHORTHAND_NONE)

#define PROPERTY_NAME(name, property, shorthand) name,
static const char *const property_names[] = { PROPERTIES (PROPERTY_NAME) };
#undef PROPERTY_NAME
static NameList property_list = { property_names, G_N_ELEMENTS (property_names) };

#define PROPERTY_ROW(name, property, shorthand) { property, shorthand },
static const struct {
  StyleProperty property;
  Shorthand shorthand;
} properties[] = { PROPERTIES (PROPERTY_ROW) };
#undef PROPERTY_ROW

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
  Slice sides[4];
  guint32 above, below;

  value_sides (value, sides);
  above = value_of_space (sides[0]);
  below = value_of_space (sides[2]);
  if (above != STYLE_INVALID)
    set_declaration (declarations, STYLE_SPACE_ABOVE, above, important);
  if (below != STYLE_INVALID)
    set_declaration (declarations, STYLE_SPACE_BELOW, below, important);
  set_declaration (declarations, STYLE_MARGIN,
                   value_of_rise (sides[0]) == STYLE_GONE ? STYLE_GONE : value_of_distance (sides[3]), important);
}

/* One declaration, and where its parts are. */
typedef struct {
  const char *start;
  const char *colon; /* NULL: there is none */
  const char *end;
} Declaration;

/* Its value, without "!important" at the end. */
static Slice declared_value (const Declaration *found, gboolean *ret_important) {
  const char *value = found->colon + 1;
  const char *bang = memrchr (value, '!', (gsize) (found->end - value));

  *ret_important = bang != NULL && slice_is (slice_trim (bang + 1, found->end), "important");
  return slice_trim (value, *ret_important ? bang : found->end);
}

static void parse_declaration (const Declaration *found, Declarations *declarations) {
  Slice name = slice_trim (found->start, found->colon != NULL ? found->colon : found->start);
  gint row = name_find (&property_list, name);
  gboolean important;
  Slice value;
  guint32 parsed;

  if (row < 0)
    return;
  value = declared_value (found, &important);
  if (value.length == 0 || slice_is (value, "inherit"))
    return;
  if (properties[row].shorthand == SHORTHAND_MARGIN) {
    set_margins (declarations, value, important);
    return;
  }
  parsed = properties[row].shorthand == SHORTHAND_FONT ? value_of_font (value)
                                                       : value_parse (properties[row].property, value);
  if (properties[row].property == STYLE_SPACE_ABOVE && value_of_rise (value) == STYLE_GONE)
    set_declaration (declarations, STYLE_MARGIN, STYLE_GONE, important);
  if (parsed != STYLE_INVALID)
    set_declaration (declarations, properties[row].property, parsed, important);
}

/* Reads declarations from the first to the last. */
typedef struct {
  const char *position;
  const char *end;
  Landmark semicolon, quote, apostrophe, bracket;
} Reader;

static const char *skip_quotes (const char *p, const char *end) {
  const char *close = memchr (p + 1, *p, (gsize) (end - p - 1));

  return close != NULL ? close : end - 1;
}

/* The first semicolon at @p outside quotes and parentheses, or @end. */
static const char *find_outside (const char *p, const char *end) {
  guint depth = 0;

  for (; p < end && (*p != ';' || depth > 0); p++) {
    if (*p == '"' || *p == '\'')
      p = skip_quotes (p, end);
    else if (*p == '(')
      depth++;
    else if (*p == ')')
      depth -= depth > 0 ? 1 : 0;
  }
  return p;
}

static const char *next_byte (Reader *self, Landmark *landmark) {
  return landmark_next (landmark, self->position, self->end);
}

static Declaration read_declaration (Reader *self) {
  Declaration found = { .start = self->position, .end = next_byte (self, &self->semicolon) };

  if (next_byte (self, &self->quote) < found.end || next_byte (self, &self->apostrophe) < found.end
      || next_byte (self, &self->bracket) < found.end)
    found.end = find_outside (self->position, self->end);
  found.colon = memchr (found.start, ':', (gsize) (found.end - found.start));
  self->position = found.end + 1;
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

void style_parse_declarations (const char *text, gsize length, const Variables *variables,
                               Declarations *ret_declarations) {
  g_autofree char *clean = NULL, *resolved = NULL;
  Reader reader = {
    .semicolon = { .byte = ';' }, .quote = { .byte = '"' }, .apostrophe = { .byte = '\'' }, .bracket = { .byte = '(' }
  };

  ret_declarations->set = ret_declarations->important = 0;
  if (memchr (text, '*', length) != NULL || memchr (text, '\\', length) != NULL)
    text = clean = without_comments (text, length, &length);
  if (variables_are_used (text, length)) {
    text = resolved = with_variables (text, length, variables, &length);
    if (text == NULL)
      return;
  }
  reader.position = text;
  reader.end = text + length;
  while (reader.position < reader.end) {
    Declaration found = read_declaration (&reader);

    parse_declaration (&found, ret_declarations);
  }
}

/* Cascade and computed style */

void cascade_init (Cascade *cascade) {
  cascade->declared.set = cascade->declared.important = 0;
}

static guint32 weight_of (const Cascade *cascade, guint property) {
  return (cascade->declared.set >> property & 1) != 0 ? cascade->weight[property] : 0;
}

void cascade_apply (Cascade *cascade, const Declarations *declarations, guint32 weight) {
  for (guint32 left = declarations->set; left != 0; left &= left - 1) {
    guint property = (guint) __builtin_ctz (left);
    guint32 own = weight | ((declarations->important >> property & 1) != 0 ? 0x80000000u : 0);

    if (own < weight_of (cascade, property))
      continue;
    cascade->weight[property] = own;
    cascade->declared.set |= 1u << property;
    cascade->declared.value[property] = declarations->value[property];
  }
}

void cascade_set_hint (Cascade *cascade, StyleProperty property, guint32 value) {
  if (weight_of (cascade, property) > 0)
    return;
  cascade->weight[property] = 0;
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
