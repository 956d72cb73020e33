/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/elements: what an element's start and end do to the text.
 *
 * One switch for blocks, one for what stands in a line. Writes through flow and tables only. See html.h for threads.
 */
#include "html.h"

#include <string.h>

/* Ends the paragraph; an open link gets its mark while its text is still at hand. */
void element_end_paragraph (Html *self, guint blanks) {
  if (self->link != NULL && self->flow.paragraph->len > 0 && self->shown->len > 0)
    anchor_mark (self);
  flow_block (&self->flow, blanks);
  if (self->link != NULL)
    self->link_start = 0;
}

/* In <rtc><rt> one pair of brackets is enough. */
static gboolean is_ruby_text (Html *self, const Element *element) {
  return element->tag == TAG_RTC || (element->tag == TAG_RT && self->last[TAG_RTC] <= self->last[TAG_RUBY]);
}

static void close_ruby_text (Html *self, const Element *element) {
  if (element->hidden || element->silent)
    return;
  if (self->flow.paragraph->len > element->mark)
    flow_literal (&self->flow, "）");
  else if (self->flow.paragraph->len == element->mark && flow_ends_with (&self->flow, "（"))
    g_string_truncate (self->flow.paragraph, element->mark - strlen ("（"));
}

/* 10<sup>6</sup> is not 106. */
static void close_superscript (Html *self, const Element *element) {
  GString *paragraph = self->flow.paragraph;

  if (element->mark == 0 || paragraph->len <= element->mark || !g_ascii_isalnum (paragraph->str[element->mark - 1])
      || strspn (paragraph->str + element->mark, "0123456789+-") != paragraph->len - element->mark)
    return;
  g_string_insert_c (paragraph, (gssize) element->mark, '^');
}

/* What is struck out must not read as if it held. */
static void close_strike (Html *self, const Element *element) {
  GString *paragraph = self->flow.paragraph;

  if (self->flow.n_paragraphs != element->n_before || paragraph->len <= element->mark
      || strspn (paragraph->str + element->mark, " \n") == paragraph->len - element->mark)
    return;
  g_string_insert (paragraph, (gssize) element->mark, "［取消: ");
  g_string_append (paragraph, "］");
}

static void end_table (Html *self, Element *element) {
  Table *outer = NULL;

  element_end_paragraph (self, 0);
  for (gint i = element->previous; i >= 0 && outer == NULL; i = stack_at (self, i)->previous)
    outer = stack_at (self, i)->table;
  table_end (g_steal_pointer (&element->table));
  self->table = outer;
}

/* Empty lines that an element has above or below: as its margins say, else as its kind has them. */
static guint blanks_at (const Element *element, StyleProperty side) {
  gboolean usual = (element->kind & KIND_MARGIN) != 0 && !element->list.nested;

  if ((element->kind & KIND_HEADING) != 0 || element->tag == TAG_LI || (element->declared.set >> side & 1) == 0)
    return usual ? 1 : 0;
  return element->declared.value[side] == SPACE_LINE || (usual && element->declared.value[side] == SPACE_SOME) ? 1 : 0;
}

/* What an element's end does to the text. */
void element_leave (Html *self, Element *element) {
  gboolean shows = !element->style.gone && !element->silent;

  if (element->table != NULL)
    end_table (self, element);
  if (!shows)
    return;
  if (is_ruby_text (self, element))
    close_ruby_text (self, element);
  else if (element->tag == TAG_SUP && !element->hidden)
    close_superscript (self, element);
  else if (element->tag == TAG_Q && !element->hidden)
    flow_literal (&self->flow, "\"");
  else if ((element->tag == TAG_BUTTON || element->tag == TAG_SELECT || element->tag == TAG_TEXTAREA)
           && !element->hidden)
    flow_literal (&self->flow, "］");
  if (element->strikes)
    close_strike (self, element);
  if (element->block)
    element_end_paragraph (self, blanks_at (element, STYLE_SPACE_BELOW));
  if (element->frame)
    flow_pop_frame (&self->flow);
  if (self->table != NULL && (element->tag == TAG_TD || element->tag == TAG_TH))
    table_end_cell (self->table);
  else if (self->table != NULL && element->tag == TAG_CAPTION)
    table_end_caption (self->table);
}

static const Tag list_tags[] = { TAG_OL, TAG_UL, TAG_MENU, TAG_DIR };

/* The list that @element stands in, not counting itself; -1 when there is none. */
static gint outer_list (Html *self, const Element *element) {
  gint index = element->previous;

  for (gsize i = 0; i < G_N_ELEMENTS (list_tags); i++)
    index = list_tags[i] != element->tag ? MAX (index, self->last[list_tags[i]]) : index;
  return index > stack_scope (self) ? index : -1;
}

/* How many items follow before the list ends: <ol reversed> begins with that number. Looks ahead a bounded way. */
static guint count_items (Html *self) {
  const char *p = self->tokenizer.position;
  const char *end = p + MIN ((gsize) (self->tokenizer.end - p), self->look_ahead);
  guint items = 0, depth = 0;

  for (; (p = memchr (p, '<', (gsize) (end - p))) != NULL && end - p > 4; p++) {
    if (g_ascii_strncasecmp (p, "<li", 3) == 0 && !g_ascii_isalnum (p[3]))
      items += depth == 0 ? 1 : 0;
    else if (g_ascii_strncasecmp (p, "<ol", 3) == 0 || g_ascii_strncasecmp (p, "<ul", 3) == 0)
      depth++;
    else if ((g_ascii_strncasecmp (p, "</ol", 4) == 0 || g_ascii_strncasecmp (p, "</ul", 4) == 0) && depth-- == 0)
      break;
  }
  self->look_ahead -= (gsize) ((p != NULL ? p : end) - self->tokenizer.position);
  return items;
}

static void enter_list (Html *self, Element *element) {
  gint outer = outer_list (self, element);

  element->list = list_begin (&self->attributes, element->tag == TAG_OL, element->style.list_type);
  if (element->list.step < 0 && self->attributes.values[ATTRIBUTE_START].text == NULL)
    element->list.next = count_items (self);
  element->list.nested = outer >= 0 || self->last[TAG_LI] > stack_scope (self);
  element_end_paragraph (self, element->list.nested ? 0 : 1);
  if (outer >= 0 && self->last[TAG_LI] < outer) { /* straight in a list, as mail programs write it */
    flow_push_frame (&self->flow, "  ", NULL);
    element->frame = TRUE;
  }
}

static void enter_item (Html *self, Element *element) {
  gint index = stack_highest (self, list_tags, G_N_ELEMENTS (list_tags));
  char marker[FLOW_FRAME_BYTES], indent[FLOW_FRAME_BYTES];

  element_end_paragraph (self, 0);
  list_marker (index > stack_scope (self) ? &stack_at (self, index)->list : NULL, &self->attributes,
               element->style.list_type, marker, indent);
  flow_push_frame (&self->flow, indent, marker);
  element->frame = TRUE;
}

static void enter_table (Html *self, Element *element) {
  const AttributeValue *values = self->attributes.values;
  gboolean presentation =
      attributes_is (&values[ATTRIBUTE_ROLE], "presentation") || attributes_is (&values[ATTRIBUTE_ROLE], "none");

  element_end_paragraph (self, 1);
  if (self->table != NULL)
    table_note_nested (self->table);
  element->table = self->table =
      table_begin (&self->flow, presentation,
                   attributes_number (&values[ATTRIBUTE_BORDER], values[ATTRIBUTE_BORDER].text != NULL));
}

static void enter_cell (Html *self, const Element *element) {
  const AttributeValue *values = self->attributes.values;

  element_end_paragraph (self, 0);
  if (self->table == NULL)
    return;
  table_begin_cell (self->table, element->tag == TAG_TH, attributes_number (&values[ATTRIBUTE_COLSPAN], 1),
                    attributes_number (&values[ATTRIBUTE_ROWSPAN], 1));
  if (values[ATTRIBUTE_SCOPE].text != NULL)
    table_note_data (self->table);
}

static gboolean is_block_content (Tag tag) {
  return tag == TAG_UL || tag == TAG_OL || tag == TAG_DL || tag == TAG_BLOCKQUOTE || tag == TAG_PRE || tag == TAG_FORM
         || tag == TAG_FIELDSET || (tag_kind (tag) & KIND_HEADING) != 0;
}

static void enter_block (Html *self, Element *element) {
  switch (element->tag) {
  case TAG_UL:
  case TAG_OL:
  case TAG_MENU:
  case TAG_DIR:
    enter_list (self, element);
    break;
  case TAG_LI:
    enter_item (self, element);
    break;
  case TAG_BLOCKQUOTE:
  case TAG_DD:
    element_end_paragraph (self, element->tag == TAG_DD ? 0 : 1);
    flow_push_frame (&self->flow, element->tag == TAG_DD ? "  " : "> ", NULL);
    element->frame = TRUE;
    break;
  case TAG_TABLE:
    enter_table (self, element);
    break;
  case TAG_TR:
    element_end_paragraph (self, 0);
    if (self->table != NULL)
      table_begin_row (self->table);
    break;
  case TAG_TD:
  case TAG_TH:
    enter_cell (self, element);
    break;
  default:
    element_end_paragraph (self, blanks_at (element, STYLE_SPACE_ABOVE));
    break;
  }
  if (self->table != NULL && is_block_content (element->tag))
    table_note_block (self->table);
}

static void enter_inline (Html *self, Element *element) {
  const AttributeValue *values = self->attributes.values;

  switch (element->tag) {
  case TAG_A:
    anchor_begin (self, &values[values[ATTRIBUTE_HREF].text != NULL ? ATTRIBUTE_HREF : ATTRIBUTE_XLINK_HREF]);
    break;
  case TAG_RT:
  case TAG_RTC:
    if (!is_ruby_text (self, element))
      break;
    self->flow.space = FALSE;
    flow_literal (&self->flow, "（");
    break;
  case TAG_Q:
    flow_literal (&self->flow, "\"");
    break;
  case TAG_BUTTON:
    flow_literal (&self->flow, "［");
    break;
  case TAG_SELECT:
    flow_literal (&self->flow, "［選択: ");
    break;
  case TAG_TEXTAREA:
    flow_literal (&self->flow, "［入力欄: ");
    break;
  case TAG_OPTION:
    if (self->flow.paragraph->len > 0 && !flow_ends_with (&self->flow, ": "))
      flow_literal (&self->flow, " / ");
    self->flow.space = FALSE;
    break;
  case TAG_THEAD:
    if (self->table != NULL)
      table_note_data (self->table);
    break;
  default:
    break;
  }
}

void element_enter (Html *self, Element *element) {
  if (element->style.gone || element->silent)
    return;
  if (element->block)
    enter_block (self, element);
  if (!element->hidden)
    enter_inline (self, element);
  element->strikes = element->style.struck && !stack_at (self, (gint) self->stack->len - 2)->style.struck;
  if ((element->tag == TAG_SUP || element->strikes) && self->flow.space)
    flow_literal (&self->flow, "");
  element->n_before = self->flow.n_paragraphs;
  element->mark = (guint) self->flow.paragraph->len;
}
