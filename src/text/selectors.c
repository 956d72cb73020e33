/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/selectors: selectors as text to rows of compounds and numbered conditions.
 *
 * Matching is in match.c. Bounded: so many conditions, compounds and classes; brackets stand in brackets once.
 */
#include "selectors.h"

#include <string.h>

#include "conditions.h"

#define MAX_NAME_BYTES 128u
#define MAX_NESTING 1u /* :not (:first-child) is read, :not (:is (...)) is not */
#define CLASS_MAX 31u

typedef struct {
  guint ids, classes, tags;
} Weight;

/* What is being read: one selector, or one in the brackets of another. */
typedef struct {
  Selectors *self;
  const char *p;
  const char *end;
  guint nesting;
  SelectorVerdict verdict; /* why it ended early */
  Weight weight;
  guint n_compounds;
  Compound compounds[SELECTORS_MAX_COMPOUNDS];
} Reader;

static SelectorVerdict read_selector (Reader *reader, Selector *ret_selector);

/* Words */

static gboolean is_name_byte (char byte) {
  return g_ascii_isalnum (byte) || byte == '-' || byte == '_' || (guchar) byte >= 0x80;
}

static gboolean fail (Reader *reader, SelectorVerdict verdict) {
  reader->verdict = verdict;
  return FALSE;
}

static void skip_spaces (Reader *reader) {
  while (reader->p < reader->end && g_ascii_isspace (*reader->p))
    reader->p++;
}

/* A name, its escapes (sm\:hidden, \31 0) resolved, into @name. */
static gboolean read_name (Reader *reader, char name[MAX_NAME_BYTES], gsize *ret_length) {
  gsize length = 0;

  while (reader->p < reader->end && (is_name_byte (*reader->p) || *reader->p == '\\')) {
    char bytes[8];
    const char *part = reader->p;
    gsize count;

    if (*reader->p == '\\') {
      reader->p = slice_read_escape (reader->p, reader->end, bytes, &count);
      part = bytes;
    } else {
      while (reader->p < reader->end && is_name_byte (*reader->p))
        reader->p++;
      count = (gsize) (reader->p - part);
    }
    if (length + count > MAX_NAME_BYTES)
      return fail (reader, SELECTOR_UNKNOWN);
    memcpy (name + length, part, count);
    length += count;
  }
  *ret_length = length;
  return length > 0 || fail (reader, SELECTOR_INVALID);
}

/* At the bracket at reader->p: what is inside it; the reader goes behind it. */
static gboolean read_brackets (Reader *reader, char close, Slice *ret_inside) {
  const char *start = reader->p + 1;
  char open = *reader->p;
  char quote = 0;
  guint depth = 0;

  for (const char *p = reader->p; p < reader->end; p++) {
    if (quote != 0)
      quote = *p == quote ? 0 : quote;
    else if (*p == '"' || *p == '\'')
      quote = *p;
    else if (*p == open)
      depth++;
    else if (*p == close && --depth == 0) {
      *ret_inside = slice_trim (start, p);
      reader->p = p + 1;
      return TRUE;
    }
  }
  return fail (reader, SELECTOR_INVALID);
}

enum { MARK_COMMA = 1, MARK_QUOTE, MARK_OPEN, MARK_CLOSE };

static const guint8 marks[256] = {
  [','] = MARK_COMMA, ['"'] = MARK_QUOTE, ['\''] = MARK_QUOTE, ['('] = MARK_OPEN,
  ['['] = MARK_OPEN,  [')'] = MARK_CLOSE, [']'] = MARK_CLOSE,
};

const char *selectors_end (const char *text, const char *end) {
  char quote = 0;
  guint depth = 0;

  for (; text < end; text++) {
    guint8 mark = marks[(guchar) *text];

    if (mark == 0)
      continue;
    if (quote != 0)
      quote = *text == quote ? 0 : quote;
    else if (mark == MARK_QUOTE)
      quote = *text;
    else if (mark == MARK_OPEN)
      depth++;
    else if (mark == MARK_CLOSE)
      depth -= depth > 0 ? 1 : 0;
    else if (depth == 0)
      break;
  }
  return text;
}

/* Conditions */

static gboolean same_condition (const Condition *a, const Condition *b) {
  return a->kind == b->kind && a->operator== b->operator&& a->text == b->text && a->name == b->name
         && a->name_length == b->name_length && a->text_length == b->text_length && a->ignore_case == b->ignore_case
         && a->step == b->step && a->offset == b->offset && a->first == b->first && a->count == b->count;
}

/* The number of @condition, or -1 when there are too many. */
static gint number_condition (Selectors *self, const Condition *condition) {
  for (guint i = 0; i < self->n_conditions; i++) {
    if (same_condition (&self->conditions[i], condition))
      return (gint) i;
  }
  if (self->n_conditions == SELECTORS_MAX_CONDITIONS)
    return -1;
  self->conditions[self->n_conditions] = *condition;
  return (gint) self->n_conditions++;
}

static gboolean require (Reader *reader, Compound *compound, const Condition *condition) {
  gint number = number_condition (reader->self, condition);

  if (number < 0)
    return fail (reader, SELECTOR_UNKNOWN);
  compound->required |= G_GUINT64_CONSTANT (1) << number;
  return TRUE;
}

static const char *keep (Selectors *self, const char *text, gsize length) {
  g_autofree char *copy = g_strndup (text, length);

  return g_string_chunk_insert_const (self->texts, copy);
}

/* The value of [name=value] with what may follow it: quotes, and the i that makes capitals equal. */
static Slice read_value (Slice value, gboolean *ret_ignore_case) {
  const char *end = value.text + value.length;
  const char *close;

  *ret_ignore_case = FALSE;
  if (value.length >= 2 && (*value.text == '"' || *value.text == '\'')
      && (close = memchr (value.text + 1, *value.text, value.length - 1)) != NULL) {
    *ret_ignore_case = slice_is (slice_trim (close + 1, end), "i");
    return (Slice){ value.text + 1, (gsize) (close - value.text - 1) };
  }
  if (value.length > 2 && g_ascii_isspace (end[-2]) && (end[-1] | 0x20) == 'i') {
    *ret_ignore_case = TRUE;
    return slice_trim (value.text, end - 2);
  }
  return value;
}

/* [name], [name=value], [name~=value] and their like. */
static gboolean read_attribute (Reader *reader, Compound *compound) {
  Condition condition = { .kind = CONDITION_ATTRIBUTE };
  const char *equals;
  g_autofree char *name = NULL;
  Slice inside, left, value = { "", 0 };

  if (!read_brackets (reader, ']', &inside))
    return FALSE;
  equals = memchr (inside.text, '=', inside.length);
  left = inside;
  if (equals != NULL) {
    gboolean marked = equals > inside.text && strchr ("~|^$*", equals[-1]) != NULL;

    condition.operator= marked ? equals[-1] : '=';
    left = slice_trim (inside.text, marked ? equals - 1 : equals);
    value = read_value (slice_trim (equals + 1, inside.text + inside.length), &condition.ignore_case);
  }
  if (left.length == 0)
    return fail (reader, SELECTOR_INVALID);
  name = g_ascii_strdown (left.text, (gssize) left.length);
  condition.name = keep (reader->self, name, left.length);
  condition.name_length = left.length;
  condition.text = keep (reader->self, value.text, value.length);
  condition.text_length = value.length;
  reader->weight.classes++;
  return require (reader, compound, &condition);
}

/* "odd", "even", "3", "2n+1", "-n + 3". */
static gboolean read_nth (Slice text, gint *ret_step, gint *ret_offset) {
  char clean[32];
  gsize length = 0;
  char *n, *rest;

  for (gsize i = 0; i < text.length; i++) {
    if (length + 1 >= sizeof clean)
      return FALSE;
    if (!g_ascii_isspace (text.text[i]))
      clean[length++] = g_ascii_tolower (text.text[i]);
  }
  clean[length] = '\0';
  *ret_step = strcmp (clean, "odd") == 0 || strcmp (clean, "even") == 0 ? 2 : 0;
  *ret_offset = strcmp (clean, "odd") == 0;
  if (*ret_step != 0)
    return TRUE;
  n = strchr (clean, 'n');
  rest = n != NULL ? n + 1 : clean;
  if (n != NULL) {
    *n = '\0';
    *ret_step = strcmp (clean, "") == 0 || strcmp (clean, "+") == 0 ? 1
                : strcmp (clean, "-") == 0                          ? -1
                                                                    : (gint) g_ascii_strtoll (clean, NULL, 10);
  }
  *ret_offset = (gint) g_ascii_strtoll (rest, NULL, 10);
  return n != NULL || *ret_offset > 0;
}

/* The list in :is (), :where () or :not (): a condition that one of them matches. */
static gboolean read_list (Reader *reader, Compound *compound, Slice list, PseudoClass pseudo) {
  Selectors *self = reader->self;
  const char *end = list.text + list.length;
  GArray *found = g_array_new (FALSE, FALSE, sizeof (Selector));
  Condition condition = { .kind = CONDITION_ANY_OF };
  SelectorVerdict verdict = SELECTOR_KNOWN;
  guint32 heaviest = 0;

  for (const char *p = list.text; p < end;) {
    const char *stop = selectors_end (p, end);
    Reader inner = { .self = self, .p = p, .end = stop, .nesting = reader->nesting + 1 };
    Selector selector;
    SelectorVerdict own = read_selector (&inner, &selector);

    if (own == SELECTOR_KNOWN) {
      g_array_append_val (found, selector);
      heaviest = MAX (heaviest, selector.weight);
    } else
      verdict = MAX (verdict, own);
    p = stop + 1;
  }
  condition.first = self->selectors->len;
  condition.count = found->len;
  g_array_append_vals (self->selectors, found->data, found->len);
  g_array_unref (found);
  if (pseudo == PSEUDO_NOT && (verdict != SELECTOR_KNOWN || condition.count == 0))
    return fail (reader, verdict == SELECTOR_KNOWN ? SELECTOR_INVALID : verdict);
  if (pseudo != PSEUDO_WHERE) {
    reader->weight.ids += heaviest >> 26 & 15;
    reader->weight.classes += heaviest >> 21 & CLASS_MAX;
    reader->weight.tags += heaviest >> 17 & 15;
  }
  if (pseudo != PSEUDO_NOT)
    return require (reader, compound, &condition);
  Compound negated = { 0 };
  if (!require (reader, &negated, &condition))
    return FALSE;
  compound->forbidden |= negated.required;
  return TRUE;
}

static gboolean require_attribute (Reader *reader, Compound *compound, const char *name) {
  Condition condition = { .kind = CONDITION_ATTRIBUTE,
                          .name = keep (reader->self, name, strlen (name)),
                          .name_length = strlen (name),
                          .text = keep (reader->self, "", 0) };

  return require (reader, compound, &condition);
}

static gboolean read_functional (Reader *reader, Compound *compound, PseudoClass pseudo, Slice inside) {
  Condition condition = { .kind = pseudo == PSEUDO_NTH_OF_TYPE ? CONDITION_NTH_OF_TYPE : CONDITION_NTH };

  if (pseudo == PSEUDO_NTH || pseudo == PSEUDO_NTH_OF_TYPE) {
    reader->weight.classes++;
    if (slice_contains (inside, " of "))
      return fail (reader, SELECTOR_UNKNOWN);
    if (!read_nth (inside, &condition.step, &condition.offset))
      return fail (reader, SELECTOR_INVALID);
    return require (reader, compound, &condition);
  }
  if (pseudo != PSEUDO_IS && pseudo != PSEUDO_WHERE && pseudo != PSEUDO_NOT)
    return fail (reader, pseudo == PSEUDO_UNKNOWN ? SELECTOR_UNKNOWN : SELECTOR_INVALID);
  if (reader->nesting >= MAX_NESTING)
    return fail (reader, SELECTOR_UNKNOWN);
  return read_list (reader, compound, inside, pseudo);
}

/* :first-child, :not (...), ::before. */
static gboolean read_pseudo (Reader *reader, Compound *compound) {
  char name[MAX_NAME_BYTES];
  gsize length;
  PseudoClass pseudo;
  Slice inside;

  reader->p++;
  if (reader->p < reader->end && *reader->p == ':') /* a part of the element, or text that is not in the page */
    return fail (reader, SELECTOR_UNKNOWN);
  if (!read_name (reader, name, &length))
    return FALSE;
  pseudo = pseudo_class ((Slice){ name, length });
  if (reader->p < reader->end && *reader->p == '(')
    return read_brackets (reader, ')', &inside) && read_functional (reader, compound, pseudo, inside);
  reader->weight.classes++;
  switch (pseudo) {
  case PSEUDO_ROOT:
    compound->tag = selectors_hash_tag ("html", 4);
    return TRUE;
  case PSEUDO_FIRST:
    return require (reader, compound, &(Condition){ .kind = CONDITION_NTH, .offset = 1 });
  case PSEUDO_FIRST_OF_TYPE:
    return require (reader, compound, &(Condition){ .kind = CONDITION_NTH_OF_TYPE, .offset = 1 });
  case PSEUDO_LINK:
    return require_attribute (reader, compound, "href");
  case PSEUDO_CHECKED:
    return require_attribute (reader, compound, "checked");
  case PSEUDO_NEVER:
    return require (reader, compound, &(Condition){ .kind = CONDITION_NEVER });
  case PSEUDO_UNKNOWN:
    return fail (reader, SELECTOR_UNKNOWN);
  default:
    return fail (reader, SELECTOR_INVALID);
  }
}

/* Compounds and what joins them */

static gboolean read_class_or_id (Reader *reader, Compound *compound) {
  char mark = *reader->p++;
  char name[MAX_NAME_BYTES];
  gsize length;
  guint64 hash;

  if (!read_name (reader, name, &length))
    return FALSE;
  hash = selectors_hash_name (reader->self, name, length);
  if (mark == '#') {
    compound->id = hash;
    reader->weight.ids++;
    return TRUE;
  }
  if (compound->n_classes == COMPOUND_MAX_CLASSES)
    return fail (reader, SELECTOR_UNKNOWN);
  compound->classes[compound->n_classes++] = hash;
  reader->weight.classes++;
  return TRUE;
}

/* One compound such as td.a.b, #x or p[class=x]:first-child. */
static gboolean read_compound (Reader *reader, Compound *compound) {
  const char *start = reader->p;
  char name[MAX_NAME_BYTES];
  gsize length;

  if (*reader->p == '*')
    reader->p++;
  else if (is_name_byte (*reader->p) || *reader->p == '\\') {
    if (!read_name (reader, name, &length))
      return FALSE;
    compound->tag = selectors_hash_tag (name, length);
    reader->weight.tags++;
  }
  while (reader->p < reader->end) {
    if (*reader->p == '.' || *reader->p == '#') {
      if (!read_class_or_id (reader, compound))
        return FALSE;
    } else if (*reader->p == '[') {
      if (!read_attribute (reader, compound))
        return FALSE;
    } else if (*reader->p == ':') {
      if (!read_pseudo (reader, compound))
        return FALSE;
    } else
      break;
  }
  return reader->p > start || fail (reader, SELECTOR_INVALID);
}

static void store (Reader *reader, Selector *ret_selector) {
  GArray *compounds = reader->self->compounds;

  ret_selector->first = compounds->len;
  ret_selector->n_compounds = reader->n_compounds;
  ret_selector->weight = MIN (reader->weight.ids, 15) << 26 | MIN (reader->weight.classes, CLASS_MAX) << 21
                         | MIN (reader->weight.tags, 15) << 17;
  for (guint i = reader->n_compounds; i > 0; i--)
    g_array_append_val (compounds, reader->compounds[i - 1]);
}

/* What stands before a '+' or '~' becomes a condition, and to come after it another one: of the next compound. */
static gboolean follow (Reader *reader, char combinator, Compound *next) {
  Selectors *self = reader->self;
  Condition before = { .kind = CONDITION_ANY_OF, .first = self->selectors->len, .count = 1 };
  Condition after = { .kind = combinator == '+' ? CONDITION_RIGHT_AFTER : CONDITION_AFTER };
  gint number;
  Selector selector;

  if (reader->n_compounds == 0)
    return fail (reader, SELECTOR_INVALID);
  store (reader, &selector);
  reader->n_compounds = 0;
  g_array_append_val (self->selectors, selector);
  number = number_condition (self, &before);
  if (number < 0)
    return fail (reader, SELECTOR_UNKNOWN);
  after.first = (guint) number;
  return require (reader, next, &after);
}

/* Everything is in html: as an ancestor it says nothing. */
static gboolean is_page (const Compound *compound) {
  return compound->tag == selectors_hash_tag ("html", 4) && compound->id == 0 && compound->n_classes == 0
         && compound->required == 0 && compound->forbidden == 0;
}

/* The combinator at reader->p: '>', '+' or '~', ' ' for blanks alone, 0 at the end. */
static char read_combinator (Reader *reader) {
  char combinator = reader->p < reader->end && g_ascii_isspace (*reader->p) ? ' ' : 0;

  skip_spaces (reader);
  if (reader->p == reader->end)
    return 0;
  if (*reader->p == '>' || *reader->p == '+' || *reader->p == '~') {
    combinator = *reader->p++;
    skip_spaces (reader);
  }
  return combinator;
}

static SelectorVerdict read_selector (Reader *reader, Selector *ret_selector) {
  char combinator = 0;
  gboolean in_page = FALSE;

  for (skip_spaces (reader); reader->p < reader->end; combinator = read_combinator (reader)) {
    Compound compound = { .child = combinator == '>' };

    if (reader->n_compounds == SELECTORS_MAX_COMPOUNDS)
      return SELECTOR_UNKNOWN;
    if (reader->n_compounds > 0 && combinator == 0)
      return SELECTOR_INVALID;
    if ((combinator == '+' || combinator == '~') && !follow (reader, combinator, &compound))
      return reader->verdict;
    if (in_page)
      compound.child = FALSE;
    if (!read_compound (reader, &compound))
      return reader->verdict;
    in_page = reader->p < reader->end && is_page (&compound) && reader->n_compounds == 0;
    if (!in_page)
      reader->compounds[reader->n_compounds++] = compound;
  }
  if (combinator != 0 || reader->n_compounds == 0)
    return SELECTOR_INVALID;
  store (reader, ret_selector);
  return SELECTOR_KNOWN;
}

SelectorVerdict selectors_parse (Selectors *self, Slice text, Selector *ret_selector) {
  Reader reader = { .self = self, .p = text.text, .end = text.text + text.length };

  return read_selector (&reader, ret_selector);
}

guint64 selectors_key (const Selectors *self, const Selector *selector) {
  const Compound *last = &g_array_index (self->compounds, Compound, selector->first);

  return last->id != 0 ? last->id : last->n_classes > 0 ? last->classes[0] : last->tag;
}
