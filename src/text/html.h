/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/html: the state of one conversion, shared by the files that work on it.
 *
 * html.c runs it; build.c takes the tokens; stack.c and implied.c keep the elements; dress.c asks for their style;
 * elements.c, voids.c and anchors.c write what they do to the text. Threads: one Html, one thread.
 */
#pragma once

#include "mugai/text.h"

#include "attributes.h"
#include "flow.h"
#include "links.h"
#include "lists.h"
#include "style.h"
#include "tables.h"
#include "tags.h"
#include "tokenizer.h"

typedef struct {
  Tag tag;
  guint kind;
  guint64 name;  /* hash; tells unknown elements apart */
  gint previous; /* index of the element of the same tag below, or -1 */
  gint special;  /* index of the topmost block or scope element, itself included */
  Style style;
  gboolean hidden;
  gboolean silent; /* not for readers at all: script, style, template */
  gboolean block;
  gboolean frame;   /* it has pushed one */
  guint mark;       /* paragraph length at its start */
  guint n_before;   /* paragraphs written before it */
  gboolean strikes; /* it is where a line through the text begins */
  List list;
  Table *table;
  Declarations declared;
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
  Style html_style; /* of the element around the body */
  GArray *stack;    /* of Element; [0] stands for html and body */
  GArray *names;    /* of StyleNames, like stack; empty without a sheet */
  GArray *pending;  /* of Element */
  gint last[TAG_N];
  Table *table;     /* the innermost */
  LinkTarget *link; /* open, with a target */
  gint link_depth;
  GString *shown;   /* what the open link shows */
  gsize link_start; /* in the paragraph; G_MAXSIZE when that was written since */
  gboolean link_marked;
  gboolean link_image;      /* it has shown a picture that has a name */
  gboolean link_bare_image; /* one that has none: to be named when the link shows nothing else */
  gsize look_ahead;         /* bytes that may still be searched for the items of reversed lists */
  gboolean skip_newline;    /* the first one in pre and textarea */
} Html;

/* The stack, from stack.c. Every look-up goes by `last`, so none costs more than a few steps. */
Element *stack_at (Html *self, gint index);
Element *stack_top (Html *self);
gint stack_highest (Html *self, const Tag *tags, guint count);
gint stack_scope (Html *self);
void stack_compute (Html *self, Element *element, const Element *parent);
void stack_pop_to (Html *self, gint index);
void stack_push (Html *self, const Element *element);
void stack_reopen_formatting (Html *self);
void stack_close_formatting (Html *self, Tag tag);
gboolean stack_in_foreign (Html *self);

/* What a start tag ends before it begins, from implied.c. */
void implied_close_above (Html *self, Tag tag, gint boundary);
void implied_close (Html *self, Tag tag, guint kind);

/* The link now open, from anchors.c. */
void anchor_mark (Html *self);
void anchor_end (Html *self);
void anchor_begin (Html *self, const AttributeValue *href);
void anchor_show (Html *self, const char *text, gsize length);

/* What all sources of style say of the current start tag, from dress.c. @ret_names: only with a sheet. */
void dress_element (Html *self, Tag tag, Declarations *ret_declared, StyleNames *ret_names);

/* What an element does to the text, from elements.c. */
void element_end_paragraph (Html *self, guint blanks);
void element_leave (Html *self, Element *element);
void element_enter (Html *self, Element *element);

/* Elements without content, from voids.c. */
void void_write (Html *self, const Element *element);

/* Tokens, from build.c. */
void build_page (Html *self);
void build_start_tag (Html *self);
void build_end_tag (Html *self);
void build_text (Html *self);
