/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/conditions: how selectors look inside, for selectors.c, which reads them, and match.c, which asks them.
 *
 * A condition's number is its bit in masks; it may ask for bits of smaller numbers only, which are known by then.
 */
#pragma once

#include "selectors.h"

#define COMPOUND_MAX_CLASSES 3u

typedef enum {
  CONDITION_NEVER, /* :hover: not of a page that only lies there */
  CONDITION_ATTRIBUTE,
  CONDITION_NTH,
  CONDITION_NTH_OF_TYPE,
  CONDITION_ANY_OF,     /* of @count selectors from @first */
  CONDITION_AFTER,      /* a sibling before it fulfils the condition of number @first */
  CONDITION_RIGHT_AFTER /* the one just before it does */
} ConditionKind;

typedef struct {
  ConditionKind kind;
  char operator; /* '=', or the mark before it; 0: the attribute need only be there */
  gboolean ignore_case;
  const char *name; /* kept once: equal texts are one */
  gsize name_length;
  const char *text;
  gsize text_length;
  gint step; /* An+B */
  gint offset;
  guint first;
  guint count;
} Condition;

typedef struct {
  guint64 tag;
  guint64 id;
  guint64 classes[COMPOUND_MAX_CLASSES];
  guint n_classes;
  gboolean child;    /* of the compound to its left: '>' */
  guint64 required;  /* conditions that must hold */
  guint64 forbidden; /* that must not */
} Compound;

struct _Selectors {
  GArray *compounds; /* of Compound */
  GArray *selectors; /* of Selector: those that conditions ask for */
  Condition conditions[SELECTORS_MAX_CONDITIONS];
  guint n_conditions;
  GStringChunk *texts;
  gsize budget;
  gboolean exact_case;
};

typedef enum {
  PSEUDO_INVALID,
  PSEUDO_UNKNOWN,
  PSEUDO_NEVER,
  PSEUDO_ROOT,
  PSEUDO_LINK,
  PSEUDO_CHECKED,
  PSEUDO_FIRST,
  PSEUDO_FIRST_OF_TYPE,
  PSEUDO_NTH,
  PSEUDO_NTH_OF_TYPE,
  PSEUDO_IS,
  PSEUDO_WHERE,
  PSEUDO_NOT
} PseudoClass;

PseudoClass pseudo_class (Slice name);
