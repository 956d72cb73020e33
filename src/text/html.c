/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/html: tokens to text: the element stack, and what each element does to the flow.
 *
 * Of tree construction it has what text needs: implied ends, scopes that stray end tags do not leave,
 * formatting that goes on behind a block's end, foreign content. The stack is bounded: at its limit a new
 * element takes the place of the top one, so deep text is kept and only its nesting lost. Every look-up in
 * the stack goes by `last`, the index of the topmost element of each kind. Threads: any, no global state.
 */
#include "mugai/text.h"

#include <string.h>

#include "mugai/base/unicode.h"

#include "attributes.h"
#include "flow.h"
#include "links.h"
#include "lists.h"
#include "style.h"
#include "tables.h"
#include "tags.h"
#include "tokenizer.h"

#define MAX_PENDING 32u /* formatting elements to go on in the next block */
#define MAX_SHOWN_BYTES 4096u
#define OUTPUT_FACTOR 4u
#define OUTPUT_EXTRA (64u * 1024)
#define OUTPUT_RESERVE 512u /* for the words that say where it was cut */
#define RULE_COLUMNS 40u

typedef struct {
  Tag tag;
  guint kind;
  guint64 name;  /* hash; tells unknown elements apart */
  gint previous; /* index of the element of the same tag below, or -1 */
  gint special;  /* index of the topmost block or scope element, itself included */
  Style style;
  Declarations declared;
  gboolean hidden;
  gboolean silent; /* not for readers at all: script, style, template */
  gboolean block;
  gboolean frame; /* it has pushed one */
  guint mark;     /* paragraph length at its start */
  List list;
  Table *table;
} Element;

typedef struct {
  MugaiTextOptions options;
  MugaiTextResult *result;
  Tokenizer tokenizer;
  Token token;
  Attributes attributes;
  Flow flow;
  Links links;
  Sheet *sheet;
  gboolean white_page;
  GArray *stack;   /* of Element; [0] stands for html and body */
  GArray *names;   /* of StyleNames, like stack; empty without a sheet */
  GArray *pending; /* of Element */
  gint last[TAG_N];
  Table *table;     /* the innermost */
  LinkTarget *link; /* open, with a target */
  gint link_depth;
  GString *shown;   /* what the open link shows */
  gsize link_start; /* in the paragraph; G_MAXSIZE when that was written since */
  gboolean link_marked;
  gboolean link_image;   /* it has shown a picture only */
  gboolean skip_newline; /* the first one in pre and textarea */
} Html;

static Element *element_at (Html *self, gint index) {
  return &g_array_index (self->stack, Element, index);
}

static Element *top (Html *self) {
  return element_at (self, (gint) self->stack->len - 1);
}

/* Links */

static void number_link (Html *self, const char *warning) {
  g_autofree char *mark = NULL;

  if (self->options.links == MUGAI_TEXT_LINKS_NONE)
    return;
  if (self->options.links == MUGAI_TEXT_LINKS_INLINE)
    mark = g_strdup_printf ("<%s>%s", self->link->display, warning != NULL ? warning : "");
  else
    mark = g_strdup_printf ("[%u]", links_number (&self->links, self->link, warning));
  flow_mark (&self->flow, mark);
}

/* Writes the link's mark behind what it has shown so far. */
static void mark_link (Html *self) {
  g_autofree char *shown_host = NULL;
  g_autofree char *warning = NULL;
  gboolean space = self->flow.space;

  if (self->link == NULL || self->link_marked || (self->shown->len == 0 && !self->link_image))
    return;
  self->link_marked = TRUE;
  self->flow.space = FALSE;
  shown_host = links_shown_host (self->shown->str);
  if (self->link->kind == LINK_SCRIPT)
    flow_mark (&self->flow, "［スクリプトのリンク: 削除］");
  else if (links_shows_target (self->link, self->shown->str) && self->link_start <= self->flow.paragraph->len
           && self->link->note == NULL) {
    g_string_truncate (self->flow.paragraph, self->link_start);
    g_string_append (self->flow.paragraph, self->link->display);
  } else {
    if (shown_host != NULL && *self->link->host != '\0' && links_differ (self->link, shown_host))
      warning = g_strdup_printf ("※表示（%s）と異なるリンク先です / not the site shown", shown_host);
    number_link (self, warning);
  }
  self->flow.space = space;
}

static void end_link (Html *self) {
  if (self->link == NULL)
    return;
  mark_link (self);
  if (self->shown->len > 0 || self->link_image)
    (void) links_record (&self->links, self->link, self->shown->str);
  g_clear_pointer (&self->link, link_target_free);
}

static void begin_link (Html *self, const AttributeValue *href) {
  end_link (self);
  if (href->text == NULL)
    return;
  self->link = links_resolve (&self->links, href->text, href->length);
  if (self->link->kind == LINK_NOWHERE) {
    g_clear_pointer (&self->link, link_target_free);
    return;
  }
  self->result->active |= self->link->kind == LINK_SCRIPT;
  self->link_depth = (gint) self->stack->len;
  self->link_marked = FALSE;
  self->link_image = FALSE;
  if (self->flow.space)
    flow_literal (&self->flow, "");
  self->link_start = self->flow.paragraph->len;
  g_string_truncate (self->shown, 0);
}

static void show_in_link (Html *self, const char *text, gsize length) {
  if (self->link != NULL && self->shown->len + length <= MAX_SHOWN_BYTES)
    g_string_append_len (self->shown, text, (gssize) length);
}

/* Ends the paragraph; an open link gets its mark while its text is still at hand. */
static void block (Html *self, guint blanks) {
  if (self->link != NULL && self->flow.paragraph->len > 0 && self->shown->len > 0)
    mark_link (self);
  flow_block (&self->flow, blanks);
  if (self->link != NULL)
    self->link_start = 0;
}

/* The stack */

static gint highest (Html *self, const Tag *tags, guint count) {
  gint index = -1;

  for (guint i = 0; i < count; i++)
    index = MAX (index, self->last[tags[i]]);
  return index;
}

static gint scope_index (Html *self) {
  static const Tag scopes[] = { TAG_TABLE,  TAG_TD,     TAG_TH,       TAG_CAPTION,      TAG_MARQUEE,
                                TAG_OBJECT, TAG_APPLET, TAG_TEMPLATE, TAG_FOREIGNOBJECT };

  return highest (self, scopes, G_N_ELEMENTS (scopes));
}

static void compute_element (Html *self, Element *element, const Element *parent) {
  guint32 display =
      element->declared.set >> STYLE_DISPLAY & 1 ? element->declared.value[STYLE_DISPLAY] : DISPLAY_INLINE;

  element->style = style_compute (&parent->style, &element->declared, (element->kind & KIND_BLOCK) != 0,
                                  (element->kind & KIND_CELL) != 0);
  element->hidden = style_is_hidden (&element->style, self->white_page);
  element->silent = parent->silent || (element->kind & KIND_SILENT) != 0;
  element->block = (element->kind & KIND_BLOCK) != 0 || display == DISPLAY_BLOCK || display == DISPLAY_TABLE;
}

static void close_ruby_text (Html *self, const Element *element) {
  if (element->hidden || element->silent)
    return;
  if (self->flow.paragraph->len > element->mark)
    flow_literal (&self->flow, "）");
  else if (self->flow.paragraph->len == element->mark && element->mark >= strlen ("（"))
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

static void end_table (Html *self, Element *element) {
  Table *outer = NULL;

  block (self, 0);
  for (gint i = element->previous; i >= 0 && outer == NULL; i = element_at (self, i)->previous)
    outer = element_at (self, i)->table;
  table_end (g_steal_pointer (&element->table));
  self->table = outer;
}

/* What an element's end does to the text. */
static void leave_element (Html *self, Element *element) {
  gboolean shows = !element->style.gone && !element->silent;

  if (element->table != NULL)
    end_table (self, element);
  if (!shows)
    return;
  if (element->tag == TAG_RT || element->tag == TAG_RTC)
    close_ruby_text (self, element);
  else if (element->tag == TAG_SUP && !element->hidden)
    close_superscript (self, element);
  else if (element->tag == TAG_Q && !element->hidden)
    flow_literal (&self->flow, "\"");
  else if ((element->tag == TAG_BUTTON || element->tag == TAG_SELECT || element->tag == TAG_TEXTAREA)
           && !element->hidden)
    flow_literal (&self->flow, "］");
  if (element->block)
    block (self, (element->kind & KIND_MARGIN) != 0 && !element->list.nested ? 1 : 0);
  if (element->frame)
    flow_pop_frame (&self->flow);
  if (self->table != NULL && (element->tag == TAG_TD || element->tag == TAG_TH))
    table_end_cell (self->table);
  else if (self->table != NULL && element->tag == TAG_CAPTION)
    table_end_caption (self->table);
}

static void unlink_top (Html *self) {
  Element *element = top (self);

  self->last[element->tag] = element->previous;
  g_array_set_size (self->stack, self->stack->len - 1);
  if (self->names->len > self->stack->len)
    g_array_set_size (self->names, self->stack->len);
}

static void pop (Html *self) {
  Element *element = top (self);

  if (self->link != NULL && (element->kind & KIND_SCOPE) != 0 && self->link_depth >= (gint) self->stack->len)
    end_link (self);
  leave_element (self, element);
  if ((element->kind & KIND_SCOPE) != 0)
    g_array_set_size (self->pending, 0);
  unlink_top (self);
}

/* Pops down to and with @index. Formatting elements with a style of their own go on afterwards. */
static void pop_to (Html *self, gint index) {
  while (index > 0 && (gint) self->stack->len > index) {
    const Element *element = top (self);

    if ((element->kind & KIND_FORMATTING) != 0 && element->declared.set != 0 && (gint) self->stack->len > index + 1
        && self->pending->len < MAX_PENDING)
      g_array_insert_vals (self->pending, 0, element, 1);
    pop (self);
  }
}

static void link_top (Html *self) {
  Element *element = top (self);
  gint index = (gint) self->stack->len - 1;

  element->previous = self->last[element->tag];
  self->last[element->tag] = index;
  element->special = (element->kind & (KIND_BLOCK | KIND_SCOPE)) != 0 || element->tag == TAG_P
                         ? index
                         : element_at (self, index - 1)->special;
}

static void push (Html *self, const Element *element) {
  if (self->stack->len >= MUGAI_TEXT_MAX_DEPTH)
    pop (self);
  g_array_append_vals (self->stack, element, 1);
  link_top (self);
}

static void reopen_formatting (Html *self) {
  for (guint i = 0; i < self->pending->len; i++) {
    Element element = g_array_index (self->pending, Element, i);

    compute_element (self, &element, top (self));
    push (self, &element);
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
                            : element_at (self, self->last[tag] - 1)->previous;
  }
  for (gint i = index; i < (gint) self->stack->len; i++) {
    Element *element = element_at (self, i);

    compute_element (self, element, element_at (self, i - 1));
    element->previous = self->last[element->tag];
    self->last[element->tag] = i;
    element->special = (element->kind & (KIND_BLOCK | KIND_SCOPE)) != 0 ? i : element_at (self, i - 1)->special;
  }
}

/* Start tags */

static gboolean in_foreign (Html *self) {
  static const Tag roots[] = { TAG_SVG, TAG_MATH };
  static const Tag exits[] = { TAG_FOREIGNOBJECT, TAG_DESC };
  gint root = highest (self, roots, 2);

  return root >= 0 && root > highest (self, exits, 2);
}

static void close_if_above (Html *self, Tag tag, gint boundary) {
  if (self->last[tag] > boundary)
    pop_to (self, self->last[tag]);
}

static void close_cell (Html *self) {
  gint table = self->last[TAG_TABLE];

  pop_to (self, MAX (MAX (self->last[TAG_TD], self->last[TAG_TH]), self->last[TAG_CAPTION]) > table
                    ? MAX (MAX (self->last[TAG_TD], self->last[TAG_TH]), self->last[TAG_CAPTION])
                    : -1);
}

static void close_section (Html *self) {
  static const Tag sections[] = { TAG_TBODY, TAG_THEAD, TAG_TFOOT, TAG_COLGROUP };
  gint table = self->last[TAG_TABLE];

  close_cell (self);
  close_if_above (self, TAG_TR, table);
  if (highest (self, sections, G_N_ELEMENTS (sections)) > table)
    pop_to (self, highest (self, sections, G_N_ELEMENTS (sections)));
}

/* Parts of a table close their like, within the innermost table. */
static void close_for_table_part (Html *self, Tag tag) {
  switch (tag) {
  case TAG_TD:
  case TAG_TH:
    close_cell (self);
    break;
  case TAG_TR:
    close_cell (self);
    close_if_above (self, TAG_TR, self->last[TAG_TABLE]);
    break;
  case TAG_TBODY:
  case TAG_THEAD:
  case TAG_TFOOT:
  case TAG_CAPTION:
  case TAG_COLGROUP:
    close_section (self);
    break;
  case TAG_TABLE:
    if (self->last[TAG_TABLE] > MAX (MAX (self->last[TAG_TD], self->last[TAG_TH]), self->last[TAG_CAPTION]))
      pop_to (self, self->last[TAG_TABLE]);
    break;
  default:
    break;
  }
}

static void close_for_item (Html *self, Tag tag) {
  static const Tag lists[] = { TAG_OL, TAG_UL, TAG_DL, TAG_MENU, TAG_DIR, TAG_BLOCKQUOTE, TAG_FIELDSET };
  gint boundary = MAX (scope_index (self), highest (self, lists, G_N_ELEMENTS (lists)));

  if (tag == TAG_LI)
    close_if_above (self, TAG_LI, boundary);
  else {
    close_if_above (self, TAG_DD, boundary);
    close_if_above (self, TAG_DT, boundary);
  }
}

/* Ends what the standard ends before a start tag. */
static void close_implied (Html *self, Tag tag, guint kind) {
  gint scope = scope_index (self);

  if (tag == TAG_LI || tag == TAG_DD || tag == TAG_DT)
    close_for_item (self, tag);
  if ((kind & KIND_CLOSES_P) != 0)
    close_if_above (self, TAG_P, MAX (scope, self->last[TAG_BUTTON]));
  if ((kind & KIND_HEADING) != 0 && (top (self)->kind & KIND_HEADING) != 0)
    pop_to (self, (gint) self->stack->len - 1);
  if (tag == TAG_OPTION || tag == TAG_OPTGROUP)
    close_if_above (self, TAG_OPTION, (gint) self->stack->len - 2);
  if (tag == TAG_BUTTON)
    close_if_above (self, TAG_BUTTON, scope);
  if (tag == TAG_RB || tag == TAG_RT || tag == TAG_RP || tag == TAG_RTC) {
    static const Tag parts[] = { TAG_RB, TAG_RT, TAG_RP };

    if (highest (self, parts, 3) > self->last[TAG_RUBY])
      pop_to (self, highest (self, parts, 3));
  }
  if ((kind & KIND_CELL) != 0 || tag == TAG_CAPTION || tag == TAG_COLGROUP)
    close_for_table_part (self, tag);
}

static guint32 attribute_number (const AttributeValue *value, guint32 otherwise) {
  guint32 number = 0;
  gsize i = 0;

  while (i < value->length && g_ascii_isspace (value->text[i]))
    i++;
  if (value->text == NULL || i == value->length || !g_ascii_isdigit (value->text[i]))
    return otherwise;
  for (; i < value->length && g_ascii_isdigit (value->text[i]) && number < 1000000; i++)
    number = number * 10 + (guint32) (value->text[i] - '0');
  return number;
}

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
    cascade_set_hint (cascade, STYLE_WHITE_SPACE, WHITE_PRE);
  if (tag == TAG_TEXTAREA)
    cascade_set_hint (cascade, STYLE_WHITE_SPACE, WHITE_PRE_WRAP);
  if (tag == TAG_A && values[ATTRIBUTE_HREF].text != NULL)
    cascade_set_hint (cascade, STYLE_COLOR, 0x0000EE);
  if (values[ATTRIBUTE_HIDDEN].text != NULL || (tag == TAG_DIALOG && values[ATTRIBUTE_OPEN].text == NULL))
    cascade_set_hint (cascade, STYLE_DISPLAY, DISPLAY_NONE);
  if (values[ATTRIBUTE_BGCOLOR].text != NULL)
    cascade_set_hint (cascade, STYLE_BACKGROUND,
                      style_parse_color (values[ATTRIBUTE_BGCOLOR].text, values[ATTRIBUTE_BGCOLOR].length));
  if (values[ATTRIBUTE_BACKGROUND].length > 0)
    cascade_set_hint (cascade, STYLE_BACKGROUND_IMAGE, STYLE_GONE);
  if (tag == TAG_FONT && values[ATTRIBUTE_COLOR].text != NULL)
    cascade_set_hint (cascade, STYLE_COLOR,
                      style_parse_color (values[ATTRIBUTE_COLOR].text, values[ATTRIBUTE_COLOR].length));
  if (tag == TAG_BODY && values[ATTRIBUTE_TEXT].text != NULL)
    cascade_set_hint (cascade, STYLE_COLOR,
                      style_parse_color (values[ATTRIBUTE_TEXT].text, values[ATTRIBUTE_TEXT].length));
}

static StyleNames style_names (Html *self) {
  StyleNames names = { .tag = style_hash (self->token.text, self->token.length) };
  const AttributeValue *id = &self->attributes.values[ATTRIBUTE_ID];
  const AttributeValue *class = &self->attributes.values[ATTRIBUTE_CLASS];

  if (id->length > 0)
    names.id = style_hash (id->text, id->length);
  for (gsize i = 0; i < class->length && names.n_classes < G_N_ELEMENTS (names.classes);) {
    gsize start = i;

    while (i < class->length && !g_ascii_isspace (class->text[i]))
      i++;
    if (i > start)
      names.classes[names.n_classes++] = style_hash (class->text + start, i - start);
    for (; i < class->length && g_ascii_isspace (class->text[i]); i++)
      ;
  }
  return names;
}

/* The current start tag's declarations, all sources cascaded. @ret_names: only with a sheet. */
static void cascade_element (Html *self, Tag tag, Declarations *ret_declared, StyleNames *ret_names) {
  Cascade cascade = { 0 };
  const AttributeValue *style = &self->attributes.values[ATTRIBUTE_STYLE];

  apply_hints (self, tag, &cascade);
  if (!sheet_is_empty (self->sheet)) {
    *ret_names = style_names (self);
    sheet_match (self->sheet, ret_names, ancestor_names, self, &cascade);
  }
  if (style->length > 0) {
    Declarations declared = { 0 };

    style_parse_declarations (style->text, style->length, &declared);
    cascade_apply (&cascade, &declared, STYLE_WEIGHT_INLINE);
  }
  *ret_declared = cascade.declared;
}

/* What an element's start does to the text, once it is on the stack. */

static void enter_list (Html *self, Element *element) {
  element->list = list_begin (&self->attributes, element->tag == TAG_OL);
  element->list.nested = self->last[TAG_LI] > scope_index (self);
  block (self, element->list.nested ? 0 : 1);
}

static void enter_item (Html *self, Element *element) {
  static const Tag lists[] = { TAG_OL, TAG_UL, TAG_MENU, TAG_DIR };
  gint index = highest (self, lists, G_N_ELEMENTS (lists));
  char marker[FLOW_FRAME_BYTES], indent[FLOW_FRAME_BYTES];

  block (self, 0);
  list_marker (index > scope_index (self) ? &element_at (self, index)->list : NULL, &self->attributes, marker, indent);
  flow_push_frame (&self->flow, indent, marker);
  element->frame = TRUE;
}

static gboolean attribute_is (const AttributeValue *value, const char *word) {
  return value->text != NULL && value->length == strlen (word)
         && g_ascii_strncasecmp (value->text, word, value->length) == 0;
}

static void enter_table (Html *self, Element *element) {
  const AttributeValue *values = self->attributes.values;
  gboolean presentation =
      attribute_is (&values[ATTRIBUTE_ROLE], "presentation") || attribute_is (&values[ATTRIBUTE_ROLE], "none");

  block (self, 1);
  if (self->table != NULL)
    table_note_nested (self->table);
  element->table = self->table =
      table_begin (&self->flow, presentation,
                   attribute_number (&values[ATTRIBUTE_BORDER], values[ATTRIBUTE_BORDER].text != NULL));
}

static void enter_cell (Html *self, const Element *element) {
  const AttributeValue *values = self->attributes.values;

  block (self, 0);
  if (self->table == NULL)
    return;
  table_begin_cell (self->table, element->tag == TAG_TH, attribute_number (&values[ATTRIBUTE_COLSPAN], 1),
                    attribute_number (&values[ATTRIBUTE_ROWSPAN], 1));
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
    block (self, element->tag == TAG_DD ? 0 : 1);
    flow_push_frame (&self->flow, element->tag == TAG_DD ? "  " : "> ", NULL);
    element->frame = TRUE;
    break;
  case TAG_TABLE:
    enter_table (self, element);
    break;
  case TAG_TR:
    block (self, 0);
    if (self->table != NULL)
      table_begin_row (self->table);
    break;
  case TAG_TD:
  case TAG_TH:
    enter_cell (self, element);
    break;
  default:
    block (self, (element->kind & KIND_MARGIN) != 0 ? 1 : 0);
    break;
  }
  if (self->table != NULL && is_block_content (element->tag))
    table_note_block (self->table);
}

static void enter_inline (Html *self, Element *element) {
  switch (element->tag) {
  case TAG_A:
    begin_link (self, &self->attributes.values[ATTRIBUTE_HREF]);
    break;
  case TAG_RT:
  case TAG_RTC:
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
    if (self->flow.paragraph->len > 0 && !g_str_has_suffix (self->flow.paragraph->str, ": "))
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

static void enter_element (Html *self, Element *element) {
  if (element->style.gone || element->silent)
    return;
  if (element->block)
    enter_block (self, element);
  if (!element->hidden)
    enter_inline (self, element);
  if (element->tag == TAG_SUP && self->flow.space)
    flow_literal (&self->flow, "");
  element->mark = (guint) self->flow.paragraph->len;
}

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

/* Void elements */

static gboolean is_tracker (Html *self, const Declarations *declared, gboolean hidden) {
  const AttributeValue *values = self->attributes.values;
  guint32 width = attribute_number (&values[ATTRIBUTE_WIDTH], G_MAXUINT32);
  guint32 height = attribute_number (&values[ATTRIBUTE_HEIGHT], G_MAXUINT32);
  gboolean thin = (declared->set >> STYLE_WIDTH & 1 && declared->value[STYLE_WIDTH] == STYLE_GONE) || width <= 2;
  gboolean flat = (declared->set >> STYLE_HEIGHT & 1 && declared->value[STYLE_HEIGHT] == STYLE_GONE) || height <= 2;

  return hidden || (thin && flat);
}

static void write_image (Html *self, const Element *element) {
  const AttributeValue *alt = &self->attributes.values[ATTRIBUTE_ALT];
  g_autofree char *safe = NULL;

  if (is_tracker (self, &element->declared, element->hidden)) {
    self->result->trackers++;
    return;
  }
  self->result->dropped_images++;
  safe = alt->text != NULL ? g_strstrip (mugai_unicode_make_safe (alt->text, (gssize) alt->length, 0)) : NULL;
  if (safe != NULL && *safe != '\0') {
    g_autofree char *text = g_strdup_printf ("［画像: %s］", safe);

    flow_literal (&self->flow, text);
    show_in_link (self, safe, strlen (safe));
    self->link_image = TRUE;
  } else if (self->link != NULL && alt->text == NULL) {
    flow_literal (&self->flow, "［画像］");
    self->link_image = TRUE;
  }
}

static void write_input (Html *self) {
  const AttributeValue *values = self->attributes.values;
  const AttributeValue *type = &values[ATTRIBUTE_TYPE];
  const AttributeValue *value = values[ATTRIBUTE_VALUE].length > 0 ? &values[ATTRIBUTE_VALUE] : &values[ATTRIBUTE_ALT];
  g_autofree char *safe = mugai_unicode_make_safe (value->text, (gssize) value->length, 0);
  g_autofree char *text = NULL;

  if (attribute_is (type, "hidden"))
    return;
  if (attribute_is (type, "checkbox") || attribute_is (type, "radio"))
    text = g_strdup (values[ATTRIBUTE_CHECKED].text != NULL ? "［×］" : "［ ］");
  else if (attribute_is (type, "submit") || attribute_is (type, "button") || attribute_is (type, "reset")
           || attribute_is (type, "image"))
    text = g_strdup_printf ("［ボタン%s%s］", *safe != '\0' ? ": " : "", safe);
  else
    text = g_strdup_printf ("［入力欄%s%s］", *safe != '\0' ? ": " : "", safe);
  flow_literal (&self->flow, text);
}

static void write_area (Html *self) {
  const AttributeValue *alt = &self->attributes.values[ATTRIBUTE_ALT];
  g_autofree char *safe = mugai_unicode_make_safe (alt->text, (gssize) alt->length, 0);
  g_autofree char *text = g_strdup_printf (*safe != '\0' ? "［画像のリンク: %s］" : "［画像のリンク］", safe);

  begin_link (self, &self->attributes.values[ATTRIBUTE_HREF]);
  if (self->link == NULL)
    return;
  flow_literal (&self->flow, text);
  show_in_link (self, safe, strlen (safe));
  self->link_image = TRUE;
  end_link (self);
}

static void write_rule (Html *self) {
  g_autofree char *line = g_strnfill (MIN (RULE_COLUMNS, flow_available_columns (&self->flow)), '-');

  block (self, 1);
  flow_line (&self->flow, line, FALSE);
  flow_block (&self->flow, 1);
}

static void write_void (Html *self, const Element *element) {
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

/* Start and end tags */

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
    self->result->active |= attribute_is (&self->attributes.values[ATTRIBUTE_HTTP_EQUIV], "refresh");
    break;
  default:
    break;
  }
  self->result->active |= self->attributes.has_handler;
}

/* html, head and body are there anyway; their attributes count for the whole page. */
static void merge_page (Html *self, Tag tag) {
  Element *root = element_at (self, 0);
  Element page = *root;
  StyleNames names = { 0 };

  cascade_element (self, tag, &page.declared, &names);
  page.kind = KIND_BLOCK;
  compute_element (self, &page, root);
  page.block = root->block;
  page.kind = root->kind;
  *root = page;
  if (tag == TAG_BODY && self->names->len > 0)
    g_array_index (self->names, StyleNames, 0) = names;
}

static gboolean breaks_out (Html *self, Tag tag, guint kind) {
  if (tag == TAG_FONT)
    return self->attributes.values[ATTRIBUTE_COLOR].text != NULL || self->attributes.values[ATTRIBUTE_FACE].text != NULL
           || self->attributes.values[ATTRIBUTE_SIZE].text != NULL;
  return (kind & KIND_BREAKS_OUT) != 0 || tag == TAG_TABLE;
}

static void leave_foreign (Html *self) {
  static const Tag roots[] = { TAG_SVG, TAG_MATH };

  while (in_foreign (self))
    pop_to (self, highest (self, roots, 2));
}

static guint foreign_kind (Html *self, Tag tag) {
  if (tag == TAG_STYLE || tag == TAG_SCRIPT || tag == TAG_TITLE || tag == TAG_DESC)
    return KIND_SILENT;
  if (tag == TAG_OTHER && self->token.length >= 10 && memcmp (self->token.text, "annotation", 10) == 0)
    return KIND_SILENT;
  return tag == TAG_FOREIGNOBJECT ? KIND_SCOPE | KIND_BLOCK : 0;
}

static void open_element (Html *self, Tag tag, guint kind, gboolean empty) {
  Element element = { .tag = tag, .kind = kind, .name = style_hash (self->token.text, self->token.length) };
  StyleNames names = { 0 };

  cascade_element (self, tag, &element.declared, &names);
  compute_element (self, &element, top (self));
  if ((kind & KIND_VOID) != 0) {
    write_void (self, &element);
    return;
  }
  if (empty)
    return;
  push (self, &element);
  if (self->names->len > 0) {
    g_array_set_size (self->names, self->stack->len - 1);
    g_array_append_vals (self->names, &names, 1);
  }
  enter_element (self, top (self));
}

static void start_foreign (Html *self, Tag tag) {
  if (tag == TAG_SCRIPT)
    self->result->active = TRUE;
  if (tag == TAG_A)
    end_link (self);
  open_element (self,
                tag == TAG_A || tag == TAG_SVG || tag == TAG_MATH || tag == TAG_FOREIGNOBJECT || tag == TAG_DESC
                    ? tag
                    : TAG_OTHER,
                foreign_kind (self, tag), self->token.self_closing);
}

static void close_formatting (Html *self, Tag tag) {
  gint index = self->last[tag];

  for (guint i = self->pending->len; i > 0; i--) {
    if (g_array_index (self->pending, Element, i - 1).tag == tag) {
      g_array_remove_index (self->pending, i - 1);
      return;
    }
  }
  if (index <= scope_index (self))
    return;
  if (element_at (self, (gint) self->stack->len - 1)->special < index)
    pop_to (self, index);
  else if (element_at (self, index)->declared.set != 0 || tag == TAG_A)
    remove_element (self, index);
}

static void start_tag (Html *self) {
  Tag tag = tag_from_name (self->token.text, self->token.length);
  guint kind = tag_kind (tag);

  attributes_read (&self->attributes, &self->tokenizer);
  note_active (self, tag);
  if (in_foreign (self)) {
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
  close_implied (self, tag, kind);
  if (tag == TAG_A || tag == TAG_NOBR) {
    end_link (self);
    close_formatting (self, tag);
  }
  if ((kind & (KIND_BLOCK | KIND_CELL)) == 0 && self->pending->len > 0)
    reopen_formatting (self);
  if (tag == TAG_SVG || tag == TAG_MATH)
    kind = 0;
  open_element (self, tag, kind, self->token.self_closing && (tag == TAG_SVG || tag == TAG_MATH));
  set_content_mode (self, tag, kind);
}

static void end_other (Html *self, Tag tag) {
  guint64 name = style_hash (self->token.text, self->token.length);
  gint index = self->last[tag];
  gint special = top (self)->special;

  if (in_foreign (self))
    special = 0;
  for (; index > special; index = element_at (self, index)->previous) {
    if (element_at (self, index)->name == name) {
      pop_to (self, index);
      return;
    }
  }
}

static void end_table_part (Html *self, Tag tag) {
  gint index = self->last[tag];

  if (tag == TAG_TABLE || index > self->last[TAG_TABLE])
    pop_to (self, index);
}

static void end_heading (Html *self) {
  static const Tag headings[] = { TAG_H1, TAG_H2, TAG_H3, TAG_H4, TAG_H5, TAG_H6 };
  gint index = highest (self, headings, G_N_ELEMENTS (headings));

  if (index > scope_index (self))
    pop_to (self, index);
}

static void end_p (Html *self) {
  gint index = self->last[TAG_P];

  if (index > MAX (scope_index (self), self->last[TAG_BUTTON]))
    pop_to (self, index);
  else if (!top (self)->style.gone && !top (self)->silent)
    block (self, 1);
}

static void end_tag (Html *self) {
  Tag tag = tag_from_name (self->token.text, self->token.length);
  guint kind = tag_kind (tag);

  if (in_foreign (self) && tag != TAG_P && tag != TAG_BR && self->last[tag] < 0)
    end_other (self, TAG_OTHER);
  else if (tag == TAG_HTML || tag == TAG_BODY || tag == TAG_HEAD)
    return;
  else if (tag == TAG_P)
    end_p (self);
  else if (tag == TAG_BR) {
    if (!top (self)->hidden && !top (self)->silent)
      flow_break (&self->flow);
  } else if ((kind & KIND_HEADING) != 0)
    end_heading (self);
  else if ((kind & KIND_FORMATTING) != 0) {
    if (tag == TAG_A)
      end_link (self);
    close_formatting (self, tag);
  } else if ((kind & KIND_CELL) != 0 || tag == TAG_CAPTION || tag == TAG_COLGROUP)
    end_table_part (self, tag);
  else if ((kind & KIND_SCOPE) != 0)
    pop_to (self, self->last[tag] > self->last[TAG_TABLE] || tag == TAG_TEMPLATE ? self->last[tag] : -1);
  else if (tag == TAG_LI)
    close_if_above (self, TAG_LI, MAX (scope_index (self), MAX (self->last[TAG_OL], self->last[TAG_UL])));
  else if ((kind & KIND_BLOCK) != 0 || tag == TAG_BUTTON)
    close_if_above (self, tag, scope_index (self));
  else if ((kind & (KIND_RAWTEXT | KIND_RCDATA | KIND_SILENT)) != 0)
    close_if_above (self, tag, -1);
  else
    end_other (self, tag);
}

/* Text */

static gsize count_visible_bytes (const char *text, gsize length) {
  gsize count = 0;

  for (gsize i = 0; i < length; i++)
    count += (guchar) text[i] > ' ';
  return count;
}

static void text (Html *self) {
  const char *start = self->token.text;
  gsize length = self->token.length;
  const Element *element;

  if (self->skip_newline && length > 0 && *start == '\n') {
    start++;
    length--;
  }
  self->skip_newline = FALSE;
  if (self->pending->len > 0)
    reopen_formatting (self);
  element = top (self);
  if (element->silent)
    return;
  if (element->hidden) {
    self->result->hidden_bytes += count_visible_bytes (start, length);
    return;
  }
  flow_text (&self->flow, start, length, element->style.white_space);
  if (self->link != NULL)
    show_in_link (self, start, length);
}

/* Whole documents */

static void collect_styles (Html *self, const char *html, gsize length) {
  Tokenizer tokenizer;
  Token token;
  guint foreign = 0;
  g_autoptr (GString) css = g_string_new (NULL);

  tokenizer_init (&tokenizer, html, length, self->attributes.max);
  for (tokenizer_next (&tokenizer, &token); token.type != TOKEN_EOF; tokenizer_next (&tokenizer, &token)) {
    Tag tag = token.type == TOKEN_START_TAG || token.type == TOKEN_END_TAG ? tag_from_name (token.text, token.length)
                                                                           : TAG_OTHER;
    gboolean start = token.type == TOKEN_START_TAG;

    if (tag == TAG_SVG || tag == TAG_MATH)
      foreign = start ? foreign + !token.self_closing : foreign - (foreign > 0);
    if (!start || foreign > 0)
      continue;
    if (tag == TAG_STYLE) {
      Attributes attributes = { .max = self->attributes.max };

      attributes_read (&attributes, &tokenizer);
      tokenizer_set_mode (&tokenizer, TOKENIZER_RAWTEXT);
      if (style_media_applies (attributes.values[ATTRIBUTE_MEDIA].text, attributes.values[ATTRIBUTE_MEDIA].length)) {
        g_string_append_len (css, tokenizer.position, tokenizer.raw_end - tokenizer.position);
        g_string_append_c (css, '\n');
      }
    } else if (tag == TAG_SCRIPT)
      tokenizer_set_mode (&tokenizer, TOKENIZER_SCRIPT);
    else if (tag == TAG_PLAINTEXT)
      break;
    else if ((tag_kind (tag) & KIND_RAWTEXT) != 0)
      tokenizer_set_mode (&tokenizer, TOKENIZER_RAWTEXT);
    else if ((tag_kind (tag) & KIND_RCDATA) != 0)
      tokenizer_set_mode (&tokenizer, TOKENIZER_RCDATA);
  }
  tokenizer_clear (&tokenizer);
  sheet_parse (self->sheet, css->str, css->len);
}

static gboolean has_style_element (const char *html, gsize length) {
  const char *end = html + length;

  while ((html = memchr (html, '<', (gsize) (end - html))) != NULL) {
    if (end - html >= 6 && g_ascii_strncasecmp (html, "<style", 6) == 0)
      return TRUE;
    html++;
  }
  return FALSE;
}

static void html_init (Html *self, const char *html, gsize length, const MugaiTextOptions *options) {
  Element root = { .tag = TAG_HTML, .previous = -1, .style = style_initial };

  memset (self, 0, sizeof *self);
  self->options = *options;
  self->result = g_new0 (MugaiTextResult, 1);
  self->attributes.max = MUGAI_TEXT_MAX_ATTRIBUTES;
  tokenizer_init (&self->tokenizer, html, length, MUGAI_TEXT_MAX_ATTRIBUTES);
  flow_init (&self->flow, options->width, length * OUTPUT_FACTOR + OUTPUT_EXTRA - OUTPUT_RESERVE);
  links_init (&self->links);
  self->sheet = sheet_new (8 * length + 1000000);
  self->stack = g_array_sized_new (FALSE, FALSE, sizeof (Element), MUGAI_TEXT_MAX_DEPTH + 1);
  self->names = g_array_new (FALSE, FALSE, sizeof (StyleNames));
  self->pending = g_array_new (FALSE, FALSE, sizeof (Element));
  self->shown = g_string_new (NULL);
  for (guint i = 0; i < TAG_N; i++)
    self->last[i] = -1;
  g_array_append_val (self->stack, root);
  if (has_style_element (html, length))
    collect_styles (self, html, length);
  if (!sheet_is_empty (self->sheet))
    g_array_append_vals (self->names, &(StyleNames){ 0 }, 1);
  self->white_page = !sheet_paints_unknown (self->sheet);
}

static void html_clear (Html *self) {
  tokenizer_clear (&self->tokenizer);
  flow_clear (&self->flow);
  links_clear (&self->links);
  sheet_free (self->sheet);
  g_array_unref (self->stack);
  g_array_unref (self->names);
  g_array_unref (self->pending);
  g_string_free (self->shown, TRUE);
  link_target_free (self->link);
  mugai_text_result_free (self->result);
}

static void convert (Html *self) {
  do {
    self->tokenizer.foreign = in_foreign (self);
    tokenizer_next (&self->tokenizer, &self->token);
    if (self->token.type == TOKEN_TEXT)
      text (self);
    else if (self->token.type == TOKEN_START_TAG)
      start_tag (self);
    else if (self->token.type == TOKEN_END_TAG)
      end_tag (self);
  } while (self->token.type != TOKEN_EOF);
  pop_to (self, 1);
  end_link (self);
  block (self, 0);
}

static void write_link_list (Html *self) {
  if (self->links.entries->len == 0)
    return;
  flow_block (&self->flow, 1);
  flow_line (&self->flow, "リンク先:", FALSE);
  for (guint i = 0; i < self->links.entries->len && !self->flow.truncated; i++) {
    g_autofree char *line = g_strdup_printf ("[%u] %s", i + 1, (char *) g_ptr_array_index (self->links.entries, i));

    flow_line (&self->flow, line, FALSE);
  }
}

static MugaiTextResult *finish (Html *self) {
  MugaiTextResult *result = self->result;

  write_link_list (self);
  result->truncated = self->flow.truncated;
  if (result->truncated)
    g_string_append (self->flow.out, "\n［長すぎるため、ここから先は省略しました / cut here: too long］\n");
  result->hidden_bytes += self->flow.padding_bytes;
  result->text = g_string_free (g_steal_pointer (&self->flow.out), FALSE);
  result->links = g_steal_pointer (&self->links.facts);
  self->result = NULL;
  return result;
}

/* g_utf8_validate () stops at NUL; here that is a character like another. */
static gboolean is_utf8 (const char *html, gsize length) {
  const char *end = html + length;
  const char *stop;

  while (!g_utf8_validate (html, end - html, &stop)) {
    if (*stop != '\0')
      return FALSE;
    html = stop + 1;
  }
  return TRUE;
}

/* Valid UTF-8 with LF line ends. NULL when @html is that already. */
static char *normalize (const char *html, gsize length, gsize *ret_length) {
  GString *out;

  if (memchr (html, '\r', length) == NULL && is_utf8 (html, length))
    return NULL;
  out = g_string_sized_new (length + 16);
  for (gsize i = 0; i < length;) {
    gsize run = i;

    while (run < length && html[run] != '\r' && (guchar) html[run] < 0x80)
      run++;
    g_string_append_len (out, html + i, (gssize) (run - i));
    i = run;
    if (i < length && html[i] == '\r') {
      g_string_append_c (out, '\n');
      i += i + 1 < length && html[i + 1] == '\n' ? 2 : 1;
    } else if (i < length) {
      gunichar code = g_utf8_get_char_validated (html + i, (gssize) MIN (length - i, 6));
      gsize bytes =
          code == (gunichar) -1 || code == (gunichar) -2 ? 1 : (gsize) (g_utf8_next_char (html + i) - (html + i));

      if (code == (gunichar) -1 || code == (gunichar) -2)
        g_string_append (out, "\xEF\xBF\xBD");
      else
        g_string_append_len (out, html + i, (gssize) bytes);
      i += bytes;
    }
  }
  *ret_length = out->len;
  return g_string_free (out, FALSE);
}

gboolean mugai_text_from_html (const char *html, gsize length_bytes, const MugaiTextOptions *options,
                               MugaiTextResult **ret_result, GError **error) {
  MugaiTextOptions own = options != NULL ? *options : (MugaiTextOptions){ 0 };
  g_autofree char *clean = NULL;
  Html self;

  own.width = MAX (own.width == 0 ? MUGAI_TEXT_DEFAULT_WIDTH : own.width, 20);
  own.max_input_bytes = own.max_input_bytes == 0 ? MUGAI_TEXT_MAX_INPUT_BYTES : own.max_input_bytes;
  if (length_bytes > own.max_input_bytes) {
    g_set_error (error, MUGAI_TEXT_ERROR, MUGAI_TEXT_ERROR_TOO_LARGE,
                 "HTML of %" G_GSIZE_FORMAT " bytes is over the limit of %" G_GSIZE_FORMAT, length_bytes,
                 own.max_input_bytes);
    return FALSE;
  }
  if (length_bytes >= 3 && memcmp (html, "\xEF\xBB\xBF", 3) == 0) {
    html += 3;
    length_bytes -= 3;
  }
  clean = normalize (html, length_bytes, &length_bytes);
  html_init (&self, clean != NULL ? clean : html, length_bytes, &own);
  convert (&self);
  *ret_result = finish (&self);
  html_clear (&self);
  return TRUE;
}

void mugai_text_result_free (MugaiTextResult *result) {
  if (result == NULL)
    return;
  g_free (result->text);
  g_clear_pointer (&result->links, g_ptr_array_unref);
  g_free (result);
}

G_DEFINE_QUARK (mugai - text - error - quark, mugai_text_error)
