/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/dress: the style of the current start tag, from attributes of old, style sheets and its own style.
 *
 * Knows the browser's own sheet as far as it matters here. See html.h for threads.
 */
#include "html.h"

#include <string.h>

static const StyleNames *ancestor_names (gpointer data, guint n) {
  Html *self = data;

  return n <= self->names->len ? &g_array_index (self->names, StyleNames, self->names->len - n) : NULL;
}

static gboolean keeps_white (Tag tag) {
  return tag == TAG_PRE || tag == TAG_LISTING || tag == TAG_XMP || tag == TAG_PLAINTEXT;
}

/* What the browser's own style sheet and the old attributes say; any rule of the sender's is stronger. */
static void apply_hints (Html *self, Tag tag, Cascade *cascade) {
  const AttributeValue *values = self->attributes.values;

  if (keeps_white (tag))
    cascade_set_hint (cascade, STYLE_WHITE_SPACE, values[ATTRIBUTE_WRAP].text != NULL ? WHITE_PRE_WRAP : WHITE_PRE);
  if (tag == TAG_TEXTAREA)
    cascade_set_hint (cascade, STYLE_WHITE_SPACE, WHITE_PRE_WRAP);
  if (tag == TAG_DEL || tag == TAG_S || tag == TAG_STRIKE)
    cascade_set_hint (cascade, STYLE_DECORATION, STYLE_GONE);
  if (tag == TAG_A && values[ATTRIBUTE_HREF].text != NULL)
    cascade_set_hint (cascade, STYLE_COLOR, 0x0000EE);
  if (values[ATTRIBUTE_HIDDEN].text != NULL || (tag == TAG_DIALOG && values[ATTRIBUTE_OPEN].text == NULL))
    cascade_set_hint (cascade, STYLE_DISPLAY, DISPLAY_NONE);
  if (values[ATTRIBUTE_BGCOLOR].text != NULL)
    cascade_set_hint (cascade, STYLE_BACKGROUND,
                      color_parse (values[ATTRIBUTE_BGCOLOR].text, values[ATTRIBUTE_BGCOLOR].length));
  if (values[ATTRIBUTE_BACKGROUND].length > 0)
    cascade_set_hint (cascade, STYLE_BACKGROUND_IMAGE, STYLE_GONE);
  if (tag == TAG_FONT && values[ATTRIBUTE_COLOR].text != NULL)
    cascade_set_hint (cascade, STYLE_COLOR, color_parse (values[ATTRIBUTE_COLOR].text, values[ATTRIBUTE_COLOR].length));
  if (tag == TAG_BODY && values[ATTRIBUTE_TEXT].text != NULL)
    cascade_set_hint (cascade, STYLE_COLOR, color_parse (values[ATTRIBUTE_TEXT].text, values[ATTRIBUTE_TEXT].length));
}

/* In the head, and of no account below body, where we have it. */
static gboolean is_head_part (Html *self, Tag tag) {
  return self->names->len == 1 && g_array_index (self->names, StyleNames, 0).n_children == 0
         && (tag == TAG_STYLE || tag == TAG_SCRIPT || tag == TAG_TITLE || tag == TAG_META || tag == TAG_LINK
             || tag == TAG_BASE);
}

/* The element as selectors see it. */
static void read_names (Html *self, Tag tag, StyleNames *names) {
  Selectors *selectors = sheet_selectors (self->sheet);
  gboolean orphan = tag == TAG_HTML || tag == TAG_BODY || is_head_part (self, tag);
  StyleNames *parent = orphan ? NULL : &g_array_index (self->names, StyleNames, self->names->len - 1);
  const AttributeValue *id = &self->attributes.values[ATTRIBUTE_ID];
  const AttributeValue *class = &self->attributes.values[ATTRIBUTE_CLASS];

  memset (names, 0, offsetof (StyleNames, classes));
  names->tag = self->token.hash;
  if (id->length > 0)
    names->id = selectors_hash_name (selectors, id->text, id->length);
  for (gsize i = 0; i < class->length && names->n_classes < G_N_ELEMENTS (names->classes);) {
    gsize start = i;

    while (i < class->length && !g_ascii_isspace (class->text[i]))
      i++;
    if (i > start)
      names->classes[names->n_classes++] = selectors_hash_name (selectors, class->text + start, i - start);
    for (; i < class->length && g_ascii_isspace (class->text[i]); i++)
      ;
  }
  selectors_examine (selectors, names, parent, &self->tokenizer, ancestor_names, self);
}

/* The current start tag's declarations, all sources cascaded. @ret_names: only with a sheet. */
void dress_element (Html *self, Tag tag, Declarations *ret_declared, StyleNames *ret_names) {
  Cascade cascade;
  const AttributeValue *style = &self->attributes.values[ATTRIBUTE_STYLE];

  cascade_init (&cascade);
  apply_hints (self, tag, &cascade);
  if (!sheet_is_empty (self->sheet)) {
    read_names (self, tag, ret_names);
    sheet_match (self->sheet, ret_names, ancestor_names, self, &cascade);
  }
  if (style->length > 0) {
    Declarations declared;

    style_parse_declarations (style->text, style->length, sheet_variables (self->sheet), &declared);
    cascade_apply (&cascade, &declared, STYLE_WEIGHT_INLINE);
  }
  *ret_declared = cascade.declared;
}
