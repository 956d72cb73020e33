/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/build: tokens to the element stack.
 *
 * Of tree construction it has what text needs: implied ends, scopes that stray end tags do not leave, formatting
 * that goes on behind a block's end, foreign content. See html.h for threads.
 */
#include "html.h"

#include <string.h>

#include "names.h"

static void set_content_mode (Html *self, Tag tag, guint kind) {
  if (tag == TAG_SCRIPT)
    tokenizer_set_mode (&self->tokenizer, TOKENIZER_SCRIPT);
  else if (tag == TAG_PLAINTEXT)
    tokenizer_set_mode (&self->tokenizer, TOKENIZER_PLAINTEXT);
  else if ((kind & KIND_RAWTEXT) != 0)
    tokenizer_set_mode (&self->tokenizer, TOKENIZER_RAWTEXT);
  else if ((kind & KIND_RCDATA) != 0)
    tokenizer_set_mode (&self->tokenizer, TOKENIZER_RCDATA);
  self->skip_newline = tag == TAG_PRE || tag == TAG_LISTING || tag == TAG_TEXTAREA;
}

static void note_active (Html *self, Tag tag) {
  switch (tag) {
  case TAG_SCRIPT:
  case TAG_IFRAME:
  case TAG_FRAME:
  case TAG_FRAMESET:
  case TAG_OBJECT:
  case TAG_EMBED:
  case TAG_APPLET:
  case TAG_FORM:
    self->result->active = TRUE;
    break;
  case TAG_META:
    self->result->active |= attributes_is (&self->attributes.values[ATTRIBUTE_HTTP_EQUIV], "refresh");
    break;
  default:
    break;
  }
  self->result->active |= self->attributes.has_handler;
}

/* html, head and body are there anyway; what is said of html and body counts for the whole page. */
static void merge_page (Html *self, Tag tag) {
  Element *root = stack_at (self, 0);
  Element html = { .tag = TAG_HTML, .kind = KIND_BLOCK, .style = self->html_style };
  Element body;
  StyleNames names;

  if (tag == TAG_HTML) {
    dress_element (self, tag, &html.declared, &names);
    stack_compute (self, &html, &(Element){ .style = style_initial });
    self->html_style = html.style;
  } else {
    dress_element (self, tag, &root->declared, &names);
    if (self->names->len > 0)
      g_array_index (self->names, StyleNames, 0) = names;
  }
  body = *root;
  body.kind = KIND_BLOCK;
  stack_compute (self, &body, &html);
  root->style = body.style;
  root->hidden = body.hidden;
}

/* As if <html><body> stood there: rules for them hold in pages that leave them out, too. */
void build_page (Html *self) {
  static const char *const names[] = { "html", "body" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    gsize length = strlen (names[i]);

    self->token = (Token){ TOKEN_START_TAG, .text = names[i], .length = length, .hash = name_hash (names[i], length) };
    build_start_tag (self);
  }
}

static gboolean breaks_out (Html *self, Tag tag, guint kind) {
  if (tag == TAG_FONT)
    return self->attributes.values[ATTRIBUTE_COLOR].text != NULL || self->attributes.values[ATTRIBUTE_FACE].text != NULL
           || self->attributes.values[ATTRIBUTE_SIZE].text != NULL;
  return (kind & KIND_BREAKS_OUT) != 0 || tag == TAG_TABLE;
}

static void leave_foreign (Html *self) {
  static const Tag roots[] = { TAG_SVG, TAG_MATH };

  while (stack_in_foreign (self))
    stack_pop_to (self, stack_highest (self, roots, 2));
}

static guint foreign_kind (Html *self, Tag tag) {
  if (tag == TAG_STYLE || tag == TAG_SCRIPT || tag == TAG_TITLE || tag == TAG_DESC)
    return KIND_SILENT;
  if (tag == TAG_OTHER && self->token.length >= 10 && memcmp (self->token.text, "annotation", 10) == 0
      && stack_top (self)->name == name_hash ("semantics", strlen ("semantics")))
    return KIND_SILENT; /* the other notation of what stands before it */
  return tag == TAG_FOREIGNOBJECT ? KIND_SCOPE | KIND_BLOCK : 0;
}

static void open_element (Html *self, Tag tag, guint kind, gboolean empty) {
  Element element;
  StyleNames names;

  memset (&element, 0, offsetof (Element, declared));
  element.tag = tag;
  element.kind = kind;
  element.name = self->token.hash;
  dress_element (self, tag, &element.declared, &names);
  stack_compute (self, &element, stack_top (self));
  if ((kind & KIND_VOID) != 0) {
    void_write (self, &element);
    return;
  }
  if (empty)
    return;
  stack_push (self, &element);
  if (self->names->len > 0) {
    g_array_set_size (self->names, self->stack->len - 1);
    g_array_append_vals (self->names, &names, 1);
  }
  element_enter (self, stack_top (self));
}

static void start_foreign (Html *self, Tag tag) {
  if (tag == TAG_SCRIPT)
    self->result->active = TRUE;
  if (tag == TAG_A)
    anchor_end (self);
  open_element (self,
                tag == TAG_A || tag == TAG_SVG || tag == TAG_MATH || tag == TAG_FOREIGNOBJECT || tag == TAG_DESC
                    ? tag
                    : TAG_OTHER,
                foreign_kind (self, tag), self->token.self_closing);
}

void build_start_tag (Html *self) {
  Tag tag = tag_of (&self->token);
  guint kind = tag_kind (tag);

  attributes_read (&self->attributes, &self->tokenizer);
  note_active (self, tag);
  if (stack_in_foreign (self)) {
    if (!breaks_out (self, tag, kind)) {
      start_foreign (self, tag);
      return;
    }
    leave_foreign (self);
  }
  if (tag == TAG_HTML || tag == TAG_BODY || tag == TAG_HEAD) {
    if (tag != TAG_HEAD)
      merge_page (self, tag);
    return;
  }
  implied_close (self, tag, kind);
  if (tag == TAG_A || tag == TAG_NOBR) {
    anchor_end (self);
    stack_close_formatting (self, tag);
  }
  if ((kind & (KIND_BLOCK | KIND_CELL)) == 0 && self->pending->len > 0)
    stack_reopen_formatting (self);
  if (tag == TAG_SVG || tag == TAG_MATH)
    kind = 0;
  open_element (self, tag, kind, self->token.self_closing && (tag == TAG_SVG || tag == TAG_MATH));
  set_content_mode (self, tag, kind);
}

static void end_other (Html *self, Tag tag) {
  guint64 name = self->token.hash;
  gint index = self->last[tag];
  gint special = stack_top (self)->special;

  if (stack_in_foreign (self))
    special = 0;
  for (; index > special; index = stack_at (self, index)->previous) {
    if (stack_at (self, index)->name == name) {
      stack_pop_to (self, index);
      return;
    }
  }
}

static void end_table_part (Html *self, Tag tag) {
  gint index = self->last[tag];

  if (tag == TAG_TABLE || index > self->last[TAG_TABLE])
    stack_pop_to (self, index);
}

static void end_heading (Html *self) {
  static const Tag headings[] = { TAG_H1, TAG_H2, TAG_H3, TAG_H4, TAG_H5, TAG_H6 };
  gint index = stack_highest (self, headings, G_N_ELEMENTS (headings));

  if (index > stack_scope (self))
    stack_pop_to (self, index);
}

static void end_p (Html *self) {
  gint index = self->last[TAG_P];

  if (index > MAX (stack_scope (self), self->last[TAG_BUTTON]))
    stack_pop_to (self, index);
  else if (!stack_top (self)->style.gone && !stack_top (self)->silent)
    element_end_paragraph (self, 1);
}

void build_end_tag (Html *self) {
  Tag tag = tag_of (&self->token);
  guint kind = tag_kind (tag);

  if (stack_in_foreign (self) && tag != TAG_P && tag != TAG_BR && self->last[tag] < 0)
    end_other (self, TAG_OTHER);
  else if (tag == TAG_HTML || tag == TAG_BODY || tag == TAG_HEAD)
    return;
  else if (tag == TAG_P)
    end_p (self);
  else if (tag == TAG_BR) {
    if (!stack_top (self)->hidden && !stack_top (self)->silent)
      flow_break (&self->flow);
  } else if ((kind & KIND_HEADING) != 0)
    end_heading (self);
  else if ((kind & KIND_FORMATTING) != 0) {
    if (tag == TAG_A)
      anchor_end (self);
    stack_close_formatting (self, tag);
  } else if ((kind & KIND_CELL) != 0 || tag == TAG_CAPTION || tag == TAG_COLGROUP)
    end_table_part (self, tag);
  else if ((kind & KIND_SCOPE) != 0)
    stack_pop_to (self, self->last[tag] > self->last[TAG_TABLE] || tag == TAG_TEMPLATE ? self->last[tag] : -1);
  else if (tag == TAG_LI)
    implied_close_above (self, TAG_LI, MAX (stack_scope (self), MAX (self->last[TAG_OL], self->last[TAG_UL])));
  else if ((kind & KIND_BLOCK) != 0 || tag == TAG_BUTTON || tag == TAG_SELECT)
    implied_close_above (self, tag, stack_scope (self));
  else if ((kind & (KIND_RAWTEXT | KIND_RCDATA | KIND_SILENT)) != 0)
    implied_close_above (self, tag, -1);
  else
    end_other (self, tag);
}

static gsize count_visible_bytes (const char *text, gsize length) {
  gsize count = 0;

  for (gsize i = 0; i < length; i++)
    count += (guchar) text[i] > ' ';
  return count;
}

void build_text (Html *self) {
  const char *start = self->token.text;
  gsize length = self->token.length;
  const Element *element;

  if (self->skip_newline && length > 0 && *start == '\n') {
    start++;
    length--;
  }
  self->skip_newline = FALSE;
  if (self->pending->len > 0)
    stack_reopen_formatting (self);
  element = stack_top (self);
  if (element->silent)
    return;
  if (element->hidden) {
    self->result->hidden_bytes += count_visible_bytes (start, length);
    return;
  }
  flow_text (&self->flow, start, length, element->style.white_space);
  if (self->link != NULL)
    anchor_show (self, start, length);
}
