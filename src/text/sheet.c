/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/sheet: style sheets, as far as mail uses them to hide.
 *
 * Rules are found by the id, class or tag that their selector's last compound asks for; a budget of steps keeps many
 * rules on many elements linear: when it is used up, nothing matches any more and the text shows.
 */
#include "style.h"

#include <string.h>

#define MAX_RULES 4096u
#define N_BUCKETS 512u
#define FEW_RULES 32u /* room for so many at first */

typedef struct {
  Selector selector;
  guint declarations; /* index */
  guint32 weight;
  guint64 key; /* selectors_key () */
  guint next;  /* rule of the same bucket, plus one; 0: none. Weights, not places, say which is stronger */
} Rule;

struct _Sheet {
  Selectors *selectors;
  Variables *variables;
  GArray *rules;            /* of Rule */
  GArray *declarations;     /* of Declarations */
  guint buckets[N_BUCKETS]; /* the last rule of each, plus one, by key; those without a key are in the first one */
  gboolean paints_unknown;
};

Sheet *sheet_new (gsize work_budget) {
  Sheet *sheet = g_new0 (Sheet, 1);

  sheet->selectors = selectors_new (work_budget);
  sheet->variables = variables_new (NULL);
  sheet->rules = g_array_sized_new (FALSE, FALSE, sizeof (Rule), FEW_RULES);
  sheet->declarations = g_array_sized_new (FALSE, FALSE, sizeof (Declarations), FEW_RULES);
  return sheet;
}

void sheet_free (Sheet *sheet) {
  if (sheet == NULL)
    return;
  selectors_free (sheet->selectors);
  variables_free (sheet->variables);
  g_array_unref (sheet->rules);
  g_array_unref (sheet->declarations);
  g_free (sheet);
}

gboolean sheet_is_empty (const Sheet *sheet) {
  return sheet->rules->len == 0;
}

gboolean sheet_paints_unknown (const Sheet *sheet) {
  return sheet->paints_unknown;
}

/* Takes the rules in from the first on that is not among them yet. */
static void link_rules (Sheet *sheet, guint first) {
  for (guint i = first; i < sheet->rules->len; i++) {
    Rule *rule = &g_array_index (sheet->rules, Rule, i);
    guint *bucket;

    rule->weight = rule->selector.weight | (i + 1);
    rule->key = selectors_key (sheet->selectors, &rule->selector);
    bucket = &sheet->buckets[rule->key % N_BUCKETS];
    rule->next = *bucket;
    *bucket = i + 1;
  }
}

/* One selector that is none makes the whole list void, as browsers have it. FALSE: some are beyond us. */
static gboolean read_selectors (Sheet *sheet, const char *p, const char *end, guint declarations) {
  guint first = sheet->rules->len;
  gboolean known = TRUE;

  while (p < end) {
    const char *stop = selectors_end (p, end);
    Rule rule = { .declarations = declarations };
    SelectorVerdict verdict = selectors_parse (sheet->selectors, slice_trim (p, stop), &rule.selector);

    if (verdict == SELECTOR_INVALID) {
      g_array_set_size (sheet->rules, first);
      return TRUE;
    }
    if (verdict == SELECTOR_KNOWN && sheet->rules->len < MAX_RULES)
      g_array_append_val (sheet->rules, rule);
    else
      known = FALSE;
    p = stop + 1;
  }
  return known;
}

static void add_rules (Sheet *sheet, const char *selectors, const char *end, const Declarations *declarations) {
  const guint32 paint = 1u << STYLE_BACKGROUND | 1u << STYLE_BACKGROUND_IMAGE;
  guint first = sheet->rules->len;

  if (declarations->set == 0)
    return;
  if (!read_selectors (sheet, selectors, end, sheet->declarations->len) && (declarations->set & paint) != 0)
    sheet->paints_unknown = TRUE;
  if (sheet->rules->len == first)
    return;
  g_array_append_vals (sheet->declarations, declarations, 1);
  link_rules (sheet, first);
}

/* Sheets */

enum { MARK_OPEN, MARK_CLOSE, MARK_SEMICOLON, MARK_QUOTE, MARK_APOSTROPHE, N_MARKS };

/* Reads a sheet from its start to its end, from mark to mark. */
typedef struct {
  Sheet *sheet;
  const char *end;
  Landmark marks[N_MARKS];
} Scanner;

/* Behind the string that begins at @p: at its closing quote, the line's end or @end. */
static const char *skip_string (const char *p, const char *end) {
  char quote = *p;

  for (p++; p < end && *p != quote && *p != '\n'; p++)
    p += *p == '\\' && p + 1 < end ? 1 : 0;
  return MIN (p, end);
}

static const char *next_mark (Scanner *self, const char *p, guint mark) {
  return landmark_next (&self->marks[mark], p, self->end);
}

/* The next of two marks outside quotes, or the end. */
static const char *find_outside (Scanner *self, const char *p, guint one, guint other) {
  while (p < self->end) {
    const char *found = MIN (next_mark (self, p, one), next_mark (self, p, other));
    const char *quote = MIN (next_mark (self, p, MARK_QUOTE), next_mark (self, p, MARK_APOSTROPHE));

    if (found <= quote)
      return found;
    p = skip_string (quote, self->end);
    p += p < self->end ? 1 : 0;
  }
  return self->end;
}

/* The end of the block whose '{' is at @p: just past its '}'. */
static const char *skip_block (Scanner *self, const char *p) {
  guint depth = 0;

  for (; (p = find_outside (self, p, MARK_OPEN, MARK_CLOSE)) < self->end; p++) {
    depth += *p == '{' ? 1 : 0;
    if (*p == '}' && --depth == 0)
      return p + 1;
  }
  return self->end;
}

static const char *skip_spaces (const char *p, const char *end) {
  while (p < end && g_ascii_isspace (*p))
    p++;
  return p;
}

static gboolean at_rule_is (const char *p, const char *end, const char *name) {
  gsize length = strlen (name);

  return (gsize) (end - p) > length && g_ascii_strncasecmp (p, name, length) == 0 && !g_ascii_isalpha (p[length]);
}

/* Blocks whose rules hold are read as if their rules stood alone; the '}' that is left over is skipped. */
static const char *parse_at_rule (Scanner *self, const char *p) {
  const char *stop = find_outside (self, p, MARK_OPEN, MARK_SEMICOLON);

  if (stop == self->end || *stop == ';')
    return stop < self->end ? stop + 1 : self->end;
  if (at_rule_is (p, stop, "@media") && style_media_applies (p + 6, (gsize) (stop - p - 6)))
    return stop + 1;
  if (at_rule_is (p, stop, "@supports") && style_supports (p + 9, (gsize) (stop - p - 9)))
    return stop + 1;
  return at_rule_is (p, stop, "@layer") ? stop + 1 : skip_block (self, stop);
}

typedef void (*TakeRule) (Sheet *sheet, const char *selectors, const char *open, const char *close);

static void take_rule (Sheet *sheet, const char *selectors, const char *open, const char *close) {
  Declarations declarations;

  style_parse_declarations (open + 1, (gsize) (close - open - 1), sheet->variables, &declarations);
  add_rules (sheet, selectors, open, &declarations);
}

static void take_variables (Sheet *sheet, G_GNUC_UNUSED const char *selectors, const char *open, const char *close) {
  variables_collect (sheet->variables, open + 1, (gsize) (close - open - 1));
}

static const char *parse_rule (Scanner *self, const char *p, TakeRule take) {
  const char *open = find_outside (self, p, MARK_OPEN, MARK_CLOSE);
  const char *close;

  if (open == self->end || *open == '}')
    return open < self->end ? open + 1 : self->end;
  close = find_outside (self, open + 1, MARK_CLOSE, MARK_CLOSE);
  take (self->sheet, p, open, close);
  return close < self->end ? close + 1 : self->end;
}

/* What may stand between rules: blanks, and the "<!--" and "-->" of old pages. */
static const char *skip_between (const char *p, const char *end) {
  for (;;) {
    p = skip_spaces (p, end);
    if (end - p >= 4 && memcmp (p, "<!--", 4) == 0)
      p += 4;
    else if (end - p >= 3 && memcmp (p, "-->", 3) == 0)
      p += 3;
    else
      return p;
  }
}

static void parse_rules (Sheet *sheet, const char *p, const char *end, TakeRule take) {
  Scanner self = { sheet,
                   end,
                   { { .byte = '{' }, { .byte = '}' }, { .byte = ';' }, { .byte = '"' }, { .byte = '\'' } } };

  for (p = skip_between (p, end); p < end; p = skip_between (p, end))
    p = *p == '@' ? parse_at_rule (&self, p) : parse_rule (&self, p, take);
}

/* The next "/" and "*" in that order (@open) or "*" and "/": by the asterisk, which is rare in CSS. NULL: none. */
static const char *find_comment_mark (const char *p, const char *end, gboolean open) {
  const char *start = p;
  const char *star;

  for (; (star = memchr (p, '*', (gsize) (end - p))) != NULL; p = star + 1) {
    if (open && star > start && star[-1] == '/')
      return star - 1;
    if (!open && star + 1 < end && star[1] == '/')
      return star;
  }
  return NULL;
}

/* Comments become nothing. NULL when there are none. */
static GString *without_comments (const char *css, gsize length) {
  const char *end = css + length;
  const char *comment = find_comment_mark (css, end, TRUE);
  GString *out;

  if (comment == NULL)
    return NULL;
  out = g_string_sized_new (length);
  while (comment != NULL) {
    const char *close = find_comment_mark (comment + 2, end, FALSE);

    g_string_append_len (out, css, comment - css);
    css = close != NULL ? close + 2 : end;
    comment = find_comment_mark (css, end, TRUE);
  }
  return g_string_append_len (out, css, end - css);
}

void sheet_parse (Sheet *sheet, const char *css, gsize length) {
  g_autoptr (GString) clean = without_comments (css, length);
  const char *p = clean != NULL ? clean->str : css;
  const char *end = p + (clean != NULL ? clean->len : length);

  if (variables_are_used (p, (gsize) (end - p)))
    parse_rules (sheet, p, end, take_variables);
  parse_rules (sheet, p, end, take_rule);
}

/* Matching */

const Variables *sheet_variables (const Sheet *sheet) {
  return sheet->variables;
}

Selectors *sheet_selectors (Sheet *sheet) {
  return sheet->selectors;
}

typedef struct {
  Sheet *sheet;
  const StyleNames *names;
  SelectorAncestor ancestor;
  gpointer data;
  Cascade *cascade;
} Match;

static void match_key (const Match *match, guint64 key) {
  for (guint number = match->sheet->buckets[key % N_BUCKETS]; number > 0;) {
    const Rule *rule = &g_array_index (match->sheet->rules, Rule, number - 1);

    number = rule->next;
    if (!selectors_spend (match->sheet->selectors)) /* also for the others in the bucket: a sender can fill one */
      return;
    if (rule->key == key
        && selectors_match (match->sheet->selectors, &rule->selector, match->names, match->ancestor, match->data))
      cascade_apply (match->cascade, &g_array_index (match->sheet->declarations, Declarations, rule->declarations),
                     rule->weight);
  }
}

void sheet_match (Sheet *sheet, const StyleNames *names, SelectorAncestor ancestor, gpointer data, Cascade *cascade) {
  Match match = { sheet, names, ancestor, data, cascade };

  match_key (&match, 0);
  match_key (&match, names->tag);
  if (names->id != 0)
    match_key (&match, names->id);
  for (guint i = 0; i < names->n_classes; i++)
    match_key (&match, names->classes[i]);
}
