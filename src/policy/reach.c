/* SPDX-License-Identifier: GPL-2.0-only
 *
 * What can be said of conditions without any mail: whether one can hold at all, and whether another always holds with it. Only
 * what is certain is said: where a condition is too clever for this page, it may hold. Any thread.
 */
#include "reach.h"

#include <string.h>

/* Of each fact, the values that are still possible. */
typedef struct {
  guint64 sets[N_FACTS]; /* words, and booleans as bit 0 (false) and 1 (true) */
  gint64 above[N_FACTS], below[N_FACTS];
} Box;

static void box_init (Box *box) {
  for (int i = 0; i < N_FACTS; i++) {
    box->sets[i] = G_MAXUINT64;
    box->above[i] = G_MININT64;
    box->below[i] = G_MAXINT64;
  }
}

static guint64 words_mask (const FactRow *row) {
  guint n = g_strv_length ((char **) row->words);
  return n >= 64 ? G_MAXUINT64 : MUGAI_BIT (n) - 1;
}

static gboolean restrict_fact (Box *box, const Condition *condition, gboolean negated) {
  const FactRow *row = mugai_vocabulary_row (condition->fact);
  guint64 *set = &box->sets[condition->fact];
  switch (row->type) {
  case MUGAI_FACT_BOOLEAN:
    *set &= MUGAI_BIT (condition->flag != negated ? 1 : 0);
    return *set != 0;
  case MUGAI_FACT_WORD: /* one value: sets of several are never empty by being combined */
    *set &= (negated ? ~condition->set : condition->set) & words_mask (row);
    return *set != 0;
  case MUGAI_FACT_NUMBER:
  case MUGAI_FACT_SIZE:
  case MUGAI_FACT_AGE:
    if (negated || condition->above_limit)
      return TRUE;
    box->above[condition->fact] = MAX (box->above[condition->fact], condition->above);
    box->below[condition->fact] = MIN (box->below[condition->fact], condition->below);
    return box->above[condition->fact] == G_MININT64 || box->above[condition->fact] + 1 < box->below[condition->fact];
  case MUGAI_FACT_CLOCK:
  case MUGAI_FACT_WORDS:
    return TRUE;
  default:
    return negated || !matcher_is_empty (condition->matcher);
  }
}

/* FALSE: cannot hold with what @box allows. Recursion as deep as a policy nests (MAX_CONDITION_DEPTH). */
static gboolean restrict_box (Box *box, const Condition *condition) {
  if (!condition)
    return TRUE;
  if (condition->kind == CONDITION_FACT)
    return restrict_fact (box, condition, FALSE);
  if (condition->kind == CONDITION_NOT) {
    const Condition *inner = condition->children->len == 1 ? g_ptr_array_index (condition->children, 0) : NULL;
    while (inner && inner->kind == CONDITION_ALL && inner->children->len == 1)
      inner = g_ptr_array_index (inner->children, 0);
    return !inner || inner->kind != CONDITION_FACT || restrict_fact (box, inner, TRUE);
  }
  gboolean any = condition->kind == CONDITION_ANY, possible = !any;
  for (guint i = 0; i < condition->children->len; i++) {
    const Condition *child = g_ptr_array_index (condition->children, i);
    Box copy = *box;
    if (any)
      possible |= restrict_box (&copy, child);
    else if (!restrict_box (box, child))
      return FALSE;
  }
  return possible;
}

gboolean matcher_is_empty (const Matcher *matcher) {
  if (g_hash_table_size (matcher->exact) || g_hash_table_size (matcher->below) || matcher->globs->len
      || matcher->networks->len)
    return FALSE;
  for (guint i = 0; matcher->groups && i < matcher->groups->len; i++)
    if (!matcher_is_empty (g_ptr_array_index (matcher->groups, i)))
      return FALSE;
  return TRUE;
}

gboolean condition_can_hold (const Condition *condition) {
  Box box;
  box_init (&box);
  return restrict_box (&box, condition);
}

guint64 condition_values (const Condition *condition, MugaiFact fact) {
  Box box;
  box_init (&box);
  (void) restrict_box (&box, condition);
  return box.sets[fact] & words_mask (mugai_vocabulary_row (fact));
}

/* ---- one condition always holds with another ---- */

/* The facts that all have to hold, when that is all that @condition says; FALSE: it says more. */
static gboolean flatten (const Condition *condition, GPtrArray *facts) {
  if (!condition)
    return TRUE;
  if (condition->kind == CONDITION_FACT) {
    g_ptr_array_add (facts, (gpointer) condition);
    return TRUE;
  }
  if (condition->kind != CONDITION_ALL)
    return FALSE;
  for (guint i = 0; i < condition->children->len; i++)
    if (!flatten (g_ptr_array_index (condition->children, i), facts))
      return FALSE;
  return TRUE;
}

/* The facts that have to hold at least. */
static void required_facts (const Condition *condition, GPtrArray *facts) {
  if (condition && condition->kind == CONDITION_FACT)
    g_ptr_array_add (facts, (gpointer) condition);
  for (guint i = 0; condition && condition->kind == CONDITION_ALL && i < condition->children->len; i++)
    required_facts (g_ptr_array_index (condition->children, i), facts);
}

static gboolean has_item (const GPtrArray *items, const char *text) {
  for (guint i = 0; i < items->len; i++)
    if (strcmp (g_ptr_array_index (items, i), text) == 0)
      return TRUE;
  return FALSE;
}

/* Does @wide hold whenever @narrow does? Both ask the same fact. */
static gboolean fact_implies (const Condition *narrow, const Condition *wide) {
  switch (mugai_vocabulary_row (wide->fact)->type) {
  case MUGAI_FACT_BOOLEAN:
    return narrow->flag == wide->flag;
  case MUGAI_FACT_WORD:
  case MUGAI_FACT_WORDS:
    return (narrow->set & ~wide->set) == 0;
  case MUGAI_FACT_NUMBER:
  case MUGAI_FACT_SIZE:
  case MUGAI_FACT_AGE:
    return narrow->above_limit == wide->above_limit && narrow->above >= wide->above && narrow->below <= wide->below;
  case MUGAI_FACT_CLOCK:
    return narrow->above == wide->above && narrow->below == wide->below;
  default:
    for (guint i = 0; i < narrow->written->len; i++)
      if (!has_item (wide->written, g_ptr_array_index (narrow->written, i)))
        return FALSE;
    return narrow->written->len > 0;
  }
}

gboolean condition_implies (const Condition *narrow, const Condition *wide) {
  g_autoptr (GPtrArray) asked = g_ptr_array_new (), known = g_ptr_array_new ();
  if (!flatten (wide, asked))
    return FALSE;
  required_facts (narrow, known);
  for (guint i = 0; i < asked->len; i++) {
    const Condition *one = g_ptr_array_index (asked, i);
    gboolean implied = FALSE;
    for (guint j = 0; j < known->len && !implied; j++) {
      const Condition *other = g_ptr_array_index (known, j);
      implied = other->fact == one->fact && fact_implies (other, one);
    }
    if (!implied)
      return FALSE;
  }
  return TRUE;
}

gboolean condition_asks_only (const Condition *condition, gboolean (*is_named) (MugaiFact fact)) {
  g_autoptr (GPtrArray) facts = g_ptr_array_new ();
  gboolean flat = flatten (condition, facts);
  for (guint i = 0; flat && i < facts->len; i++)
    flat = is_named (((const Condition *) g_ptr_array_index (facts, i))->fact);
  return flat;
}

gboolean condition_names_word (const Condition *condition, MugaiFact fact, guint word) {
  if (!condition || condition->kind == CONDITION_NOT)
    return FALSE;
  if (condition->kind == CONDITION_FACT)
    return condition->fact == fact && (condition->set & MUGAI_BIT (word));
  for (guint i = 0; i < condition->children->len; i++)
    if (condition_names_word (g_ptr_array_index (condition->children, i), fact, word))
      return TRUE;
  return FALSE;
}
