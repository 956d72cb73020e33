/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/voids: pictures, fields of forms, rules: elements without content, as words.
 *
 * A picture speaks by its alt text; a tracking pixel is counted, not printed. See html.h for threads.
 */
#include "html.h"

#include <string.h>

#include "mugai/base/unicode.h"

#define RULE_COLUMNS 40u

static gboolean is_tracker (Html *self, const Declarations *declared, gboolean hidden) {
  const AttributeValue *values = self->attributes.values;
  guint32 width = attributes_number (&values[ATTRIBUTE_WIDTH], G_MAXUINT32);
  guint32 height = attributes_number (&values[ATTRIBUTE_HEIGHT], G_MAXUINT32);
  gboolean thin = (declared->set >> STYLE_WIDTH & 1 && declared->value[STYLE_WIDTH] == STYLE_GONE) || width <= 2;
  gboolean flat = (declared->set >> STYLE_HEIGHT & 1 && declared->value[STYLE_HEIGHT] == STYLE_GONE) || height <= 2;

  return hidden || (thin && flat);
}

static void write_image (Html *self, const Element *element) {
  const AttributeValue *values = self->attributes.values;
  const AttributeValue *alt = &values[values[ATTRIBUTE_ALT].text != NULL ? ATTRIBUTE_ALT : ATTRIBUTE_TITLE];
  g_autofree char *safe = NULL;

  if (is_tracker (self, &element->declared, element->style.gone || element->style.invisible)) {
    self->result->trackers++;
    return;
  }
  self->result->dropped_images++;
  safe = alt->text != NULL ? g_strstrip (mugai_unicode_make_safe (alt->text, (gssize) alt->length, 0)) : NULL;
  if (safe != NULL && *safe != '\0') {
    g_autofree char *text = g_strdup_printf ("［画像: %s］", safe);

    flow_literal (&self->flow, text);
    anchor_show (self, safe, strlen (safe));
    self->link_image = TRUE;
  } else
    self->link_bare_image = TRUE;
}

static void write_input (Html *self) {
  const AttributeValue *values = self->attributes.values;
  const AttributeValue *type = &values[ATTRIBUTE_TYPE];
  const AttributeValue *value = values[ATTRIBUTE_VALUE].length > 0         ? &values[ATTRIBUTE_VALUE]
                                : values[ATTRIBUTE_PLACEHOLDER].length > 0 ? &values[ATTRIBUTE_PLACEHOLDER]
                                                                           : &values[ATTRIBUTE_ALT];
  g_autofree char *safe = mugai_unicode_make_safe (value->text, (gssize) value->length, 0);
  g_autofree char *text = NULL;

  if (attributes_is (type, "hidden"))
    return;
  if (attributes_is (type, "checkbox") || attributes_is (type, "radio"))
    text = g_strdup (values[ATTRIBUTE_CHECKED].text != NULL ? "［×］" : "［ ］");
  else if (attributes_is (type, "submit") || attributes_is (type, "button") || attributes_is (type, "reset")
           || attributes_is (type, "image"))
    text = g_strdup_printf ("［ボタン%s%s］", *safe != '\0' ? ": " : "", safe);
  else
    text = g_strdup_printf ("［入力欄%s%s］", *safe != '\0' ? ": " : "", safe);
  flow_literal (&self->flow, text);
}

static void write_area (Html *self) {
  const AttributeValue *alt = &self->attributes.values[ATTRIBUTE_ALT];
  g_autofree char *safe = mugai_unicode_make_safe (alt->text, (gssize) alt->length, 0);
  g_autofree char *text = g_strdup_printf (*safe != '\0' ? "［画像のリンク: %s］" : "［画像のリンク］", safe);

  anchor_begin (self, &self->attributes.values[ATTRIBUTE_HREF]);
  if (self->link == NULL)
    return;
  flow_literal (&self->flow, text);
  anchor_show (self, safe, strlen (safe));
  self->link_image = TRUE;
  anchor_end (self);
}

static void write_rule (Html *self) {
  g_autofree char *line = g_strnfill (MIN (RULE_COLUMNS, flow_available_columns (&self->flow)), '-');

  element_end_paragraph (self, 1);
  flow_line (&self->flow, line, FALSE);
  flow_block (&self->flow, 1);
}

void void_write (Html *self, const Element *element) {
  if (element->tag == TAG_BASE && self->attributes.values[ATTRIBUTE_HREF].text != NULL)
    links_set_base (&self->links, self->attributes.values[ATTRIBUTE_HREF].text,
                    self->attributes.values[ATTRIBUTE_HREF].length);
  if (element->tag == TAG_IMG || element->tag == TAG_IMAGE) {
    if (!element->silent)
      write_image (self, element);
    return;
  }
  if (element->hidden || element->silent)
    return;
  if (element->tag == TAG_BR)
    flow_break (&self->flow);
  else if (element->tag == TAG_HR)
    write_rule (self);
  else if (element->tag == TAG_INPUT)
    write_input (self);
  else if (element->tag == TAG_AREA)
    write_area (self);
}
