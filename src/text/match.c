/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/match: does a selector match an element, given its names, its ancestors' and the answers to the conditions?
 *
 * Also the making of Selectors and their vocabulary. Reading them is in selectors.c.
 * Every step is paid for: with the budget used up nothing matches, so that many rules on many elements stay linear.
 */
#include "selectors.h"

#include <string.h>

#include "conditions.h"
#include "names.h"

#define FEW_COMPOUNDS 32u /* room for so many at first */
#define STEP_BYTES 8u     /* of an attribute that a text is searched in: one step */

Selectors *selectors_new (gsize work_budget) {
  Selectors *self = g_new0 (Selectors, 1);

  self->compounds = g_array_sized_new (FALSE, FALSE, sizeof (Compound), FEW_COMPOUNDS);
  self->selectors = g_array_new (FALSE, FALSE, sizeof (Selector));
  self->texts = g_string_chunk_new (256);
  self->budget = work_budget;
  return self;
}

void selectors_free (Selectors *self) {
  if (self == NULL)
    return;
  g_array_unref (self->compounds);
  g_array_unref (self->selectors);
  g_string_chunk_free (self->texts);
  g_free (self);
}

void selectors_set_exact_case (Selectors *self, gboolean exact_case) {
  self->exact_case = exact_case;
}

guint64 selectors_hash_tag (const char *text, gsize length) {
  return name_hash (text, length);
}

guint64 selectors_hash_name (const Selectors *self, const char *text, gsize length) {
  return self->exact_case ? name_hash_exact (text, length) : name_hash (text, length);
}

PseudoClass pseudo_class (Slice name) {
  static const struct {
    const char *name;
    PseudoClass pseudo;
  } names[] = {
    { "root", PSEUDO_ROOT },
    { "first-child", PSEUDO_FIRST },
    { "first-of-type", PSEUDO_FIRST_OF_TYPE },
    { "nth-child", PSEUDO_NTH },
    { "nth-of-type", PSEUDO_NTH_OF_TYPE },
    { "is", PSEUDO_IS },
    { "-webkit-any", PSEUDO_IS },
    { "where", PSEUDO_WHERE },
    { "not", PSEUDO_NOT },
    { "link", PSEUDO_LINK },
    { "any-link", PSEUDO_LINK },
    { "checked", PSEUDO_CHECKED },
    { "visited", PSEUDO_NEVER },
    { "hover", PSEUDO_NEVER },
    { "active", PSEUDO_NEVER },
    { "focus", PSEUDO_NEVER },
    { "focus-within", PSEUDO_NEVER },
    { "focus-visible", PSEUDO_NEVER },
    { "target", PSEUDO_NEVER },
    { "last-child", PSEUDO_UNKNOWN },
    { "last-of-type", PSEUDO_UNKNOWN },
    { "only-child", PSEUDO_UNKNOWN },
    { "only-of-type", PSEUDO_UNKNOWN },
    { "nth-last-child", PSEUDO_UNKNOWN },
    { "nth-last-of-type", PSEUDO_UNKNOWN },
    { "empty", PSEUDO_UNKNOWN },
    { "has", PSEUDO_UNKNOWN },
    { "lang", PSEUDO_UNKNOWN },
    { "dir", PSEUDO_UNKNOWN },
    { "scope", PSEUDO_UNKNOWN },
    { "defined", PSEUDO_UNKNOWN },
    { "enabled", PSEUDO_UNKNOWN },
    { "disabled", PSEUDO_UNKNOWN },
    { "required", PSEUDO_UNKNOWN },
    { "optional", PSEUDO_UNKNOWN },
    { "valid", PSEUDO_UNKNOWN },
    { "invalid", PSEUDO_UNKNOWN },
    { "read-only", PSEUDO_UNKNOWN },
    { "read-write", PSEUDO_UNKNOWN },
    { "placeholder-shown", PSEUDO_UNKNOWN },
    { "indeterminate", PSEUDO_UNKNOWN },
    { "default", PSEUDO_UNKNOWN },
    { "before", PSEUDO_UNKNOWN },
    { "after", PSEUDO_UNKNOWN },
    { "first-line", PSEUDO_UNKNOWN },
    { "first-letter", PSEUDO_UNKNOWN },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    if (slice_is (name, names[i].name))
      return names[i].pseudo;
  }
  return PSEUDO_INVALID;
}

gboolean selectors_spend (Selectors *self) {
  if (self->budget == 0)
    return FALSE;
  self->budget--;
  return TRUE;
}

static gboolean has_class (const StyleNames *names, guint64 hash) {
  for (guint i = 0; i < names->n_classes; i++) {
    if (names->classes[i] == hash)
      return TRUE;
  }
  return FALSE;
}

static gboolean compound_matches (const Compound *compound, const StyleNames *names) {
  if ((compound->tag != 0 && compound->tag != names->tag) || (compound->id != 0 && compound->id != names->id))
    return FALSE;
  if ((names->conditions & compound->required) != compound->required || (names->conditions & compound->forbidden) != 0)
    return FALSE;
  for (guint i = 0; i < compound->n_classes; i++) {
    if (!has_class (names, compound->classes[i]))
      return FALSE;
  }
  return TRUE;
}

/* From the inside out. A row joined by '>' that does not fit is tried again further up: the nearest place where it
 * does fit leaves most to what stands to its left. */
gboolean selectors_match (Selectors *self, const Selector *selector, const StyleNames *names, SelectorAncestor ancestor,
                          gpointer data) {
  const Compound *compounds = &g_array_index (self->compounds, Compound, selector->first);
  guint row = 0; /* the compound that begins the row now tried, and where it stood */
  guint row_level = 0, level = 0;

  if (!selectors_spend (self) || !compound_matches (&compounds[0], names))
    return FALSE;
  for (guint i = 1; i < selector->n_compounds;) {
    const StyleNames *above = ancestor (data, ++level);
    gboolean child = compounds[i - 1].child;

    if (above == NULL || !selectors_spend (self))
      return FALSE;
    if (compound_matches (&compounds[i], above)) {
      row = child ? row : i;
      row_level = child ? row_level : level;
      i++;
    } else if (child) {
      if (row == 0)
        return FALSE;
      i = row;
      level = row_level;
    }
  }
  return TRUE;
}

/* Conditions */

static gboolean text_is (const Condition *condition, const char *text) {
  return (condition->ignore_case ? g_ascii_strncasecmp (text, condition->text, condition->text_length)
                                 : memcmp (text, condition->text, condition->text_length))
         == 0;
}

static gboolean text_contains (const Condition *condition, const char *text, gsize length) {
  if (!condition->ignore_case)
    return memmem (text, length, condition->text, condition->text_length) != NULL;
  for (gsize i = 0; i + condition->text_length <= length; i++) {
    if (text_is (condition, text + i))
      return TRUE;
  }
  return FALSE;
}

static gboolean text_has_word (const Condition *condition, const char *text, gsize length) {
  const char *end = text + length;

  while (text < end) {
    const char *word = text;

    while (text < end && !g_ascii_isspace (*text))
      text++;
    if ((gsize) (text - word) == condition->text_length && text_is (condition, word))
      return TRUE;
    for (; text < end && g_ascii_isspace (*text); text++)
      ;
  }
  return FALSE;
}

static gboolean value_matches (const Condition *condition, const char *text, gsize length) {
  gsize wanted = condition->text_length;

  if (condition->operator== 0)
    return TRUE;
  if (condition->operator!= '=' && condition->operator!= '|' && wanted == 0)
    return FALSE;
  if (length < wanted)
    return FALSE;
  switch (condition->operator) {
  case '*':
    return text_contains (condition, text, length);
  case '~':
    return text_has_word (condition, text, length);
  case '$':
    return text_is (condition, text + length - wanted);
  case '^':
    return text_is (condition, text);
  case '|':
    return text_is (condition, text) && (length == wanted || text[wanted] == '-');
  default:
    return length == wanted && text_is (condition, text);
  }
}

static gboolean attribute_matches (Selectors *self, const Condition *condition, const Tokenizer *tag) {
  for (guint i = 0; tag != NULL && i < tag->n_attributes; i++) {
    const TokenAttribute *attribute = &tag->attributes[i];

    if (!selectors_spend (self))
      return FALSE;
    if (attribute->name.length != condition->name_length
        || memcmp (attribute->name.text, condition->name, condition->name_length) != 0)
      continue;
    self->budget -= MIN (self->budget, attribute->value.length / STEP_BYTES);
    return value_matches (condition, attribute->value.text, attribute->value.length);
  }
  return FALSE;
}

static gboolean is_nth (const Condition *condition, guint place) {
  gint64 steps = (gint64) place - condition->offset;

  if (place == 0)
    return FALSE;
  return condition->step == 0 ? steps == 0 : steps % condition->step == 0 && steps / condition->step >= 0;
}

typedef struct {
  Selectors *self;
  const StyleNames *names;
  const StyleNames *parent;
  const Tokenizer *tag;
  SelectorAncestor ancestor;
  gpointer data;
} Examination;

static gboolean holds (const Examination *about, const Condition *condition) {
  switch (condition->kind) {
  case CONDITION_ATTRIBUTE:
    return attribute_matches (about->self, condition, about->tag);
  case CONDITION_NTH:
    return is_nth (condition, about->names->place);
  case CONDITION_NTH_OF_TYPE:
    return is_nth (condition, about->names->place_of_type);
  case CONDITION_ANY_OF:
    for (guint i = 0; i < condition->count; i++) {
      if (selectors_match (about->self, &g_array_index (about->self->selectors, Selector, condition->first + i),
                           about->names, about->ancestor, about->data))
        return TRUE;
    }
    return FALSE;
  case CONDITION_AFTER:
    return about->parent != NULL && (about->parent->children >> condition->first & 1) != 0;
  case CONDITION_RIGHT_AFTER:
    return about->parent != NULL && (about->parent->last_child >> condition->first & 1) != 0;
  case CONDITION_NEVER:
  default:
    return FALSE;
  }
}

/* The place of a new child of @tag among those of its type; 0 when there are too many types. */
static guint count_type (StyleNames *parent, guint64 tag) {
  guint i = 0;

  while (i < parent->n_types && parent->types[i].tag != tag)
    i++;
  if (i == SELECTORS_MAX_TYPES)
    return 0;
  if (i == parent->n_types)
    parent->types[parent->n_types++] = (TypeCount){ tag, 0 };
  return ++parent->types[i].count;
}

void selectors_examine (Selectors *self, StyleNames *names, StyleNames *parent, const Tokenizer *tag,
                        SelectorAncestor ancestor, gpointer data) {
  Examination about = { self, names, parent, tag, ancestor, data };

  if (self->n_conditions == 0)
    return;
  if (parent != NULL) {
    names->place = ++parent->n_children;
    names->place_of_type = count_type (parent, names->tag);
  }
  for (guint i = 0; i < self->n_conditions; i++) {
    if (holds (&about, &self->conditions[i]))
      names->conditions |= G_GUINT64_CONSTANT (1) << i;
  }
  if (parent != NULL) {
    parent->children |= names->conditions;
    parent->last_child = names->conditions;
  }
}
