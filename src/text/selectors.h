/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/selectors: which elements a style rule is about, decided on a stream.
 *
 * Tags, classes and ids are compared as hashes, on the element and on its ancestors. Everything else that can be asked
 * of an element ([a=b], :not (), :nth-child (), "the sibling before it was an h2") is a condition with a number:
 * it is answered once, at the start tag, and the answer is a bit that stays with the element. Whoever comes later
 * (a child, a sibling) looks at the bits only. What a start tag cannot tell yet (:last-child, :empty, :has ()) is
 * unknown, and an unknown selector matches nothing: the text shows. Threads: one Selectors, one thread.
 */
#pragma once

#include <glib.h>

#include "slices.h"
#include "tokenizer.h"

#define SELECTORS_MAX_CONDITIONS 64u /* bits; the sheets of mail have some five */
#define SELECTORS_MAX_COMPOUNDS 8u   /* in a row: a b > c is three */
#define SELECTORS_MAX_CLASSES 8u     /* of an element: the first ones count */
#define SELECTORS_MAX_TYPES 8u       /* kinds of children that :nth-of-type counts */

typedef struct {
  guint64 tag;
  guint count;
} TypeCount;

/* An element as selectors see it: hashes, 0 for none. */
typedef struct {
  guint64 tag;
  guint64 id;
  guint n_classes;
  guint place;         /* among its siblings, from 1 */
  guint place_of_type; /* among those of its tag; 0: not counted any more */
  guint64 conditions;  /* the ones that hold */
  /* What its children have been so far. */
  guint n_children;
  guint n_types;
  guint64 children;   /* conditions that held for any of them */
  guint64 last_child; /* for the latest */
  /* As many as n_classes and n_types say; what stands behind those may be anything. */
  guint64 classes[SELECTORS_MAX_CLASSES];
  TypeCount types[SELECTORS_MAX_TYPES];
} StyleNames;

/* a b > c: compounds from the last to the first. */
typedef struct {
  guint first;
  guint n_compounds;
  guint32 weight; /* specificity */
} Selector;

typedef enum {
  SELECTOR_KNOWN,
  SELECTOR_UNKNOWN, /* not for us to say: it matches nothing */
  SELECTOR_INVALID  /* no selector: the whole list it stands in counts for nothing */
} SelectorVerdict;

typedef struct _Selectors Selectors;
/* The @n-th ancestor (1: the parent), or NULL when there is none. */
typedef const StyleNames *(*SelectorAncestor) (gpointer data, guint n);

Selectors *selectors_new (gsize work_budget);
void selectors_free (Selectors *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Selectors, selectors_free)

/* Hash of a tag (whatever its case) and of a class or id (as it stands in pages that follow a standard). */
guint64 selectors_hash_tag (const char *text, gsize length);
guint64 selectors_hash_name (const Selectors *self, const char *text, gsize length);
void selectors_set_exact_case (Selectors *self, gboolean exact_case);

/* The end of the first selector in a list: a comma outside brackets and quotes, or @end. */
const char *selectors_end (const char *text, const char *end);
SelectorVerdict selectors_parse (Selectors *self, Slice text, Selector *ret_selector);
/* What an element must have to match: an id, class or tag; 0 when it may have any. */
guint64 selectors_key (const Selectors *self, const Selector *selector);

/* One step of work; FALSE when the budget is used up, and nothing matches any more. */
gboolean selectors_spend (Selectors *self);
gboolean selectors_match (Selectors *self, const Selector *selector, const StyleNames *names, SelectorAncestor ancestor,
                          gpointer data);

/**
 * selectors_examine:
 * @names: with tag, id and classes; gets its place and conditions
 * @parent: (nullable): learns of its new child
 * @tag: (nullable): at the element's start tag, for the attributes
 */
void selectors_examine (Selectors *self, StyleNames *names, StyleNames *parent, const Tokenizer *tag,
                        SelectorAncestor ancestor, gpointer data);
