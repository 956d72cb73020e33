/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/stack: the elements now open.
 *
 * Bounded: at its limit a new element takes the place of the top one, so deep text is kept and only its nesting
 * lost. Every look-up goes by `last`, the index of the topmost element of each kind. See html.h for threads.
 */
#include "html.h"

#include <string.h>

#define MAX_PENDING 32u /* formatting elements to go on in the next block */

Element *stack_at (Html *self, gint index) {
  return &g_array_index (self->stack, Element, index);
}

Element *stack_top (Html *self) {
  return stack_at (self, (gint) self->stack->len - 1);
}

gint stack_highest (Html *self, const Tag *tags, guint count) {
  gint index = -1;

  for (guint i = 0; i < count; i++)
    index = MAX (index, self->last[tags[i]]);
  return index;
}

gint stack_scope (Html *self) {
  static const Tag scopes[] = { TAG_TABLE,  TAG_TD,     TAG_TH,       TAG_CAPTION,      TAG_MARQUEE,
                                TAG_OBJECT, TAG_APPLET, TAG_TEMPLATE, TAG_FOREIGNOBJECT };

  return stack_highest (self, scopes, G_N_ELEMENTS (scopes));
}

void stack_compute (Html *self, Element *element, const Element *parent) {
  guint32 display =
      element->declared.set >> STYLE_DISPLAY & 1 ? element->declared.value[STYLE_DISPLAY] : DISPLAY_INLINE;

  element->style = style_compute (&parent->style, &element->declared, (element->kind & KIND_BLOCK) != 0,
                                  (element->kind & KIND_CELL) != 0);
  element->hidden = style_is_hidden (&element->style, self->white_page);
  element->silent = parent->silent || (element->kind & KIND_SILENT) != 0;
  element->block = (element->kind & KIND_BLOCK) != 0 || display == DISPLAY_BLOCK || display == DISPLAY_TABLE;
  if ((element->tag == TAG_DIV || element->tag == TAG_P) && (element->declared.set >> STYLE_DISPLAY & 1)
      && display == DISPLAY_INLINE)
    element->block = FALSE;
}

static void unlink_top (Html *self) {
  Element *element = stack_top (self);

  self->last[element->tag] = element->previous;
  g_array_set_size (self->stack, self->stack->len - 1);
  if (self->names->len > self->stack->len)
    g_array_set_size (self->names, self->stack->len);
}

static void pop (Html *self) {
  Element *element = stack_top (self);

  if (self->link != NULL && (element->kind & KIND_SCOPE) != 0 && self->link_depth >= (gint) self->stack->len)
    anchor_end (self);
  element_leave (self, element);
  if ((element->kind & KIND_SCOPE) != 0)
    g_array_set_size (self->pending, 0);
  unlink_top (self);
}

/* Pops down to and with @index. Formatting elements with a style of their own go on afterwards. */
void stack_pop_to (Html *self, gint index) {
  while (index > 0 && (gint) self->stack->len > index) {
    const Element *element = stack_top (self);

    if ((element->kind & KIND_FORMATTING) != 0 && element->declared.set != 0 && (gint) self->stack->len > index + 1
        && self->pending->len < MAX_PENDING)
      g_array_insert_vals (self->pending, 0, element, 1);
    pop (self);
  }
}

static void link_top (Html *self) {
  Element *element = stack_top (self);
  gint index = (gint) self->stack->len - 1;

  element->previous = self->last[element->tag];
  self->last[element->tag] = index;
  element->special = (element->kind & (KIND_BLOCK | KIND_SCOPE)) != 0 || element->tag == TAG_P
                         ? index
                         : stack_at (self, index - 1)->special;
}

void stack_push (Html *self, const Element *element) {
  if (self->stack->len >= MUGAI_TEXT_MAX_DEPTH)
    pop (self);
  g_array_append_vals (self->stack, element, 1);
  link_top (self);
}

void stack_reopen_formatting (Html *self) {
  for (guint i = 0; i < self->pending->len; i++) {
    Element element = g_array_index (self->pending, Element, i);

    stack_compute (self, &element, stack_top (self));
    element.mark = (guint) self->flow.paragraph->len;
    element.n_before = self->flow.n_paragraphs;
    stack_push (self, &element);
    if (self->names->len > 0)
      g_array_append_vals (self->names, &(StyleNames){ 0 }, 1);
  }
  g_array_set_size (self->pending, 0);
}

/* Takes a formatting element out from under the blocks that stand on it, and computes those anew. */
static void remove_element (Html *self, gint index) {
  g_array_remove_index (self->stack, (guint) index);
  if (self->names->len > (guint) index)
    g_array_remove_index (self->names, (guint) index);
  for (guint tag = 0; tag < TAG_N; tag++) {
    while (self->last[tag] >= index)
      self->last[tag] = self->last[tag] == index || self->last[tag] > (gint) self->stack->len
                            ? -1
                            : stack_at (self, self->last[tag] - 1)->previous;
  }
  for (gint i = index; i < (gint) self->stack->len; i++) {
    Element *element = stack_at (self, i);

    stack_compute (self, element, stack_at (self, i - 1));
    element->previous = self->last[element->tag];
    self->last[element->tag] = i;
    element->special = (element->kind & (KIND_BLOCK | KIND_SCOPE)) != 0 ? i : stack_at (self, i - 1)->special;
  }
}

void stack_close_formatting (Html *self, Tag tag) {
  gint index = self->last[tag];

  for (guint i = self->pending->len; i > 0; i--) {
    if (g_array_index (self->pending, Element, i - 1).tag == tag) {
      g_array_remove_index (self->pending, i - 1);
      return;
    }
  }
  if (index <= stack_scope (self))
    return;
  if (stack_at (self, (gint) self->stack->len - 1)->special < index)
    stack_pop_to (self, index);
  else if (stack_at (self, index)->declared.set != 0 || tag == TAG_A)
    remove_element (self, index);
}

gboolean stack_in_foreign (Html *self) {
  gint root = MAX (self->last[TAG_SVG], self->last[TAG_MATH]);

  return root >= 0 && root > MAX (self->last[TAG_FOREIGNOBJECT], self->last[TAG_DESC]);
}
