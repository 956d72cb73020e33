/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/sheet: style sheets, as far as mail uses them to hide.
 *
 * Selectors of tags, classes and ids, joined by blanks or '>'; all others match nothing, nor do parts of a class or id
 * ([class*=x]) but in the last compound. Rules are found by
 * the last compound's id, class or tag; a budget of steps keeps many rules on many elements linear: when it
 * is used up, nothing matches any more and the text shows.
 */
#include "style.h"

#include <string.h>

#define MAX_RULES 4096u
#define MAX_COMPOUNDS 4u
#define MAX_COMPOUND_CLASSES 3u
#define STEP_BYTES 8u /* of a class that a part is searched in: one step */

typedef struct {
  guint64 tag;
  guint64 id;
  guint64 classes[MAX_COMPOUND_CLASSES];
  guint n_classes;
  guint64 all_classes; /* [class="a b"]: the whole attribute */
  gboolean child;      /* of the compound to its left: '>' */
  char part_match;     /* '*', '^', '$' or '|': how @part must stand in the class, or the id; 0: no such condition */
  gboolean part_of_id;
  guint part_start; /* in the sheet's texts */
  guint part_length;
} Compound;

typedef struct {
  Compound compounds[MAX_COMPOUNDS]; /* the last one of the selector first */
  guint n_compounds;
  guint declarations; /* index */
  guint32 weight;
  guint next; /* rule of the same key, plus one; 0: none. Weights, not places, say which is stronger */
} Rule;

struct _Sheet {
  GString *texts;       /* of parts in [class*=part] */
  GArray *rules;        /* of Rule */
  GArray *declarations; /* of Declarations */
  GHashTable *by_key;   /* hash of id, class or tag -> its last rule, plus one */
  guint universal;      /* the last rule without a key, plus one */
  gsize budget;
  gboolean paints_unknown;
};

Sheet *sheet_new (gsize work_budget) {
  Sheet *sheet = g_new0 (Sheet, 1);

  sheet->texts = g_string_new (NULL);
  sheet->rules = g_array_new (FALSE, FALSE, sizeof (Rule));
  sheet->declarations = g_array_new (FALSE, FALSE, sizeof (Declarations));
  sheet->by_key = g_hash_table_new (NULL, NULL);
  sheet->budget = work_budget;
  return sheet;
}

void sheet_free (Sheet *sheet) {
  if (sheet == NULL)
    return;
  g_string_free (sheet->texts, TRUE);
  g_array_unref (sheet->rules);
  g_array_unref (sheet->declarations);
  g_hash_table_unref (sheet->by_key);
  g_free (sheet);
}

gboolean sheet_is_empty (const Sheet *sheet) {
  return sheet->rules->len == 0;
}

gboolean sheet_paints_unknown (const Sheet *sheet) {
  return sheet->paints_unknown;
}

/* Selectors */

static gboolean is_name_byte (char byte) {
  return g_ascii_isalnum (byte) || byte == '-' || byte == '_' || (guchar) byte >= 0x80;
}

static const char *skip_name (const char *p, const char *end) {
  while (p < end && is_name_byte (*p))
    p++;
  return p;
}

/* [class*=x] and its like. FALSE: not of class or id, or the second one in a compound. */
static gboolean set_part (Sheet *sheet, Compound *compound, Slice name, char match, Slice value) {
  if ((!slice_is (name, "class") && !slice_is (name, "id")) || compound->part_match != 0 || value.length == 0)
    return FALSE;
  compound->part_match = match;
  compound->part_of_id = slice_is (name, "id");
  compound->part_start = (guint) sheet->texts->len;
  compound->part_length = (guint) value.length;
  g_string_append_len (sheet->texts, value.text, (gssize) value.length);
  return TRUE;
}

/* [class=x], [class~=x], [class*=x], [id=x]; the value in quotes or not. NULL for all other attributes and comparisons. */
static const char *parse_attribute (Sheet *sheet, const char *p, const char *end, Compound *compound) {
  const char *close = memchr (p, ']', (gsize) (end - p));
  const char *equals = memchr (p, '=', (gsize) (end - p));
  Slice name, value;
  gboolean word, part;

  if (close == NULL || equals == NULL || equals > close)
    return NULL;
  word = equals[-1] == '~';
  part = strchr ("*^$|", equals[-1]) != NULL;
  name = slice_trim (p + 1, word || part ? equals - 1 : equals);
  value = slice_trim (equals + 1, close);
  if (value.length >= 2 && (*value.text == '"' || *value.text == '\'') && value.text[value.length - 1] == *value.text)
    value = (Slice){ value.text + 1, value.length - 2 };
  if (part)
    return set_part (sheet, compound, name, equals[-1], value) ? close + 1 : NULL;
  if (slice_is (name, "class") && word && compound->n_classes < MAX_COMPOUND_CLASSES)
    compound->classes[compound->n_classes++] = style_hash (value.text, value.length);
  else if (slice_is (name, "class") && !word)
    compound->all_classes = style_hash (value.text, value.length);
  else if (slice_is (name, "id") && !word)
    compound->id = style_hash (value.text, value.length);
  else
    return NULL;
  return close + 1;
}

/* One compound such as td.a.b, #x or p[class=x]. NULL when it holds what we do not know (a pseudo-class, ...). */
static const char *parse_compound (Sheet *sheet, const char *p, const char *end, Compound *compound) {
  const char *start = p;

  memset (compound, 0, sizeof *compound);
  if (p < end && *p == '*')
    p++;
  else if ((p = skip_name (p, end)) > start)
    compound->tag = style_hash (start, (gsize) (p - start));
  while (p < end && (*p == '.' || *p == '#' || *p == '[')) {
    const char *name = p + 1;
    guint64 hash;

    if (*p == '[') {
      p = parse_attribute (sheet, p, end, compound);
      if (p == NULL)
        return NULL;
      continue;
    }
    p = skip_name (name, end);
    if (p == name || (name[-1] == '.' && compound->n_classes == MAX_COMPOUND_CLASSES))
      return NULL;
    hash = style_hash (name, (gsize) (p - name));
    if (name[-1] == '#')
      compound->id = hash;
    else
      compound->classes[compound->n_classes++] = hash;
  }
  return p == start ? NULL : p;
}

static const char *skip_spaces (const char *p, const char *end) {
  while (p < end && g_ascii_isspace (*p))
    p++;
  return p;
}

/* Everything is in html: as an ancestor it says nothing. */
static gboolean is_page (const Compound *compound) {
  return compound->tag == style_hash ("html", strlen ("html")) && compound->id == 0 && compound->n_classes == 0
         && compound->all_classes == 0 && compound->part_match == 0;
}

static gboolean parse_selector (Sheet *sheet, const char *p, const char *end, Rule *rule) {
  guint ids = 0, classes = 0, tags = 0;
  gboolean child = FALSE;

  rule->n_compounds = 0;
  for (p = skip_spaces (p, end); p < end; p = skip_spaces (p, end)) {
    Compound compound;

    if (*p == '>') {
      child = TRUE;
      p++;
      continue;
    }
    p = parse_compound (sheet, p, end, &compound);
    if (p == NULL || rule->n_compounds == MAX_COMPOUNDS || (p < end && !g_ascii_isspace (*p) && *p != '>'))
      return FALSE;
    if (p < end && is_page (&compound)) {
      child = FALSE;
      tags++;
      continue;
    }
    compound.child = child;
    child = FALSE;
    memmove (rule->compounds + 1, rule->compounds, rule->n_compounds * sizeof compound);
    rule->compounds[0] = compound;
    rule->n_compounds++;
    ids += compound.id != 0;
    classes += compound.n_classes + (compound.all_classes != 0) + (compound.part_match != 0);
    tags += compound.tag != 0;
  }
  rule->weight = MIN (ids, 15) << 26 | MIN (classes, 31) << 21 | MIN (tags, 15) << 17;
  return rule->n_compounds > 0;
}

/* On a narrow machine two keys may fall together: their rules are compared in full anyway. */
static gpointer table_key (guint64 key) {
  return (gpointer) (guintptr) (key ^ key >> 32);
}

static void add_rule (Sheet *sheet, Rule *rule) {
  const Compound *last = &rule->compounds[0];
  guint64 key = last->id != 0 ? last->id : last->n_classes > 0 ? last->classes[0] : last->tag;
  guint number = sheet->rules->len + 1;

  rule->weight |= number;
  if (key == 0) {
    rule->next = sheet->universal;
    sheet->universal = number;
  } else {
    rule->next = GPOINTER_TO_UINT (g_hash_table_lookup (sheet->by_key, table_key (key)));
    g_hash_table_insert (sheet->by_key, table_key (key), GUINT_TO_POINTER (number));
  }
  g_array_append_val (sheet->rules, *rule);
}

static void add_rules (Sheet *sheet, const char *selectors, const char *end, const Declarations *declarations) {
  const guint32 paint = 1u << STYLE_BACKGROUND | 1u << STYLE_BACKGROUND_IMAGE;

  if (declarations->set == 0)
    return;
  g_array_append_val (sheet->declarations, *declarations);
  while (selectors < end) {
    const char *comma = memchr (selectors, ',', (gsize) (end - selectors));
    Rule rule = { .declarations = sheet->declarations->len - 1 };

    comma = comma != NULL ? comma : end;
    if (parse_selector (sheet, selectors, comma, &rule) && sheet->rules->len < MAX_RULES)
      add_rule (sheet, &rule);
    else if ((declarations->set & paint) != 0)
      sheet->paints_unknown = TRUE;
    selectors = comma + 1;
  }
}

/* Sheets */

enum { MARK_QUOTE = 1 << 0, MARK_OPEN = 1 << 1, MARK_CLOSE = 1 << 2, MARK_SEMICOLON = 1 << 3 };

static const guint8 marks[256] = {
  ['"'] = MARK_QUOTE, ['\''] = MARK_QUOTE, ['{'] = MARK_OPEN, ['}'] = MARK_CLOSE, [';'] = MARK_SEMICOLON,
};

/* Behind the string that begins at @p: at its closing quote, the line's end or @end. */
static const char *skip_string (const char *p, const char *end) {
  char quote = *p;

  for (p++; p < end && *p != quote && *p != '\n'; p++)
    p += *p == '\\' && p + 1 < end ? 1 : 0;
  return MIN (p, end);
}

/* The next of the marks @stop outside quotes and comments, or @end. */
static const char *find_outside (const char *p, const char *end, guint8 stop) {
  for (; p < end; p++) {
    guint8 mark = marks[(guchar) *p];

    if ((mark & stop) != 0)
      return p;
    if (mark == MARK_QUOTE) {
      p = skip_string (p, end);
      if (p == end)
        return end;
    }
  }
  return end;
}

/* The end of the block whose '{' is at @p: just past its '}'. */
static const char *skip_block (const char *p, const char *end) {
  guint depth = 0;

  for (; (p = find_outside (p, end, MARK_OPEN | MARK_CLOSE)) < end; p++) {
    depth += *p == '{' ? 1 : 0;
    if (*p == '}' && --depth == 0)
      return p + 1;
  }
  return end;
}

static const char *parse_at_rule (const char *p, const char *end) {
  const char *stop = find_outside (p, end, MARK_OPEN | MARK_SEMICOLON);

  if (stop == end || *stop == ';')
    return stop < end ? stop + 1 : end;
  if (end - p > 6 && g_ascii_strncasecmp (p, "@media", 6) == 0 && style_media_applies (p + 6, (gsize) (stop - p - 6)))
    return stop + 1; /* its rules are read as if they stood alone; the '}' that is left over is skipped */
  return skip_block (stop, end);
}

static const char *parse_rule (Sheet *sheet, const char *p, const char *end) {
  const char *open = find_outside (p, end, MARK_OPEN | MARK_CLOSE);
  const char *close;
  Declarations declarations = { 0 };

  if (open == end || *open == '}')
    return open < end ? open + 1 : end;
  close = find_outside (open + 1, end, MARK_CLOSE);
  style_parse_declarations (open + 1, (gsize) (close - open - 1), &declarations);
  add_rules (sheet, p, open, &declarations);
  return close < end ? close + 1 : end;
}

/* Behind a comment, or the "<!--" and "-->" of old pages, at @css; @css itself when none stands there. */
static const char *skip_css_comment (const char *css, const char *end) {
  if (end - css >= 2 && css[0] == '/' && css[1] == '*') {
    for (css += 2; css < end && !(end - css >= 2 && css[0] == '*' && css[1] == '/'); css++)
      ;
    return MIN (css + 2, end);
  }
  if (end - css >= 4 && memcmp (css, "<!--", 4) == 0)
    return css + 4;
  return end - css >= 3 && memcmp (css, "-->", 3) == 0 ? css + 3 : css;
}

/* Comments become nothing. */
static char *clean_css (const char *css, gsize length) {
  GString *out = g_string_sized_new (length);
  const char *end = css + length;

  while (css < end) {
    const char *run = css;
    const char *after;

    while (css < end && *css != '/' && *css != '<' && *css != '-')
      css++;
    g_string_append_len (out, run, css - run);
    after = skip_css_comment (css, end);
    if (css < end && after == css)
      g_string_append_c (out, *css++);
    else
      css = after;
  }
  return g_string_free (out, FALSE);
}

void sheet_parse (Sheet *sheet, const char *css, gsize length) {
  gboolean comments = memmem (css, length, "/*", 2) != NULL || memmem (css, length, "--", 2) != NULL;
  g_autofree char *clean = comments ? clean_css (css, length) : NULL;
  const char *p = comments ? clean : css;
  const char *end = p + (comments ? strlen (p) : length);

  for (p = skip_spaces (p, end); p < end; p = skip_spaces (p, end))
    p = *p == '@' ? parse_at_rule (p, end) : parse_rule (sheet, p, end);
}

/* Matching */

static gboolean has_class (const StyleNames *names, guint64 hash) {
  for (guint i = 0; i < names->n_classes; i++) {
    if (names->classes[i] == hash)
      return TRUE;
  }
  return FALSE;
}

/* Its bytes count as steps, too: classes may be long. */
static gboolean part_matches (Sheet *sheet, const Compound *compound, const StyleNames *names) {
  const char *part = sheet->texts->str + compound->part_start;
  const char *text = compound->part_of_id ? names->id_text : names->class_text;
  gsize length = compound->part_of_id ? names->id_length : names->class_length;

  if (text == NULL || length < compound->part_length)
    return FALSE;
  sheet->budget -= MIN (sheet->budget, length / STEP_BYTES);
  switch (compound->part_match) {
  case '*':
    return memmem (text, length, part, compound->part_length) != NULL;
  case '$':
    return memcmp (text + length - compound->part_length, part, compound->part_length) == 0;
  default: /* '^', and '|' with what must follow */
    return memcmp (text, part, compound->part_length) == 0
           && (compound->part_match == '^' || length == compound->part_length || text[compound->part_length] == '-');
  }
}

static gboolean compound_matches (Sheet *sheet, const Compound *compound, const StyleNames *names) {
  if ((compound->tag != 0 && compound->tag != names->tag) || (compound->id != 0 && compound->id != names->id))
    return FALSE;
  for (guint i = 0; i < compound->n_classes; i++) {
    if (!has_class (names, compound->classes[i]))
      return FALSE;
  }
  if (compound->all_classes != 0 && compound->all_classes != names->all_classes)
    return FALSE;
  return compound->part_match == 0 || part_matches (sheet, compound, names);
}

static gboolean spend (Sheet *sheet) {
  if (sheet->budget == 0)
    return FALSE;
  sheet->budget--;
  return TRUE;
}

/* Greedy from the inside out: exact for blanks, and for '>' but in rare mixtures. */
static gboolean rule_matches (Sheet *sheet, const Rule *rule, const StyleNames *names, SheetAncestor ancestor,
                              gpointer data) {
  guint n = 0;

  if (!compound_matches (sheet, &rule->compounds[0], names))
    return FALSE;
  for (guint i = 1; i < rule->n_compounds; i++) {
    const StyleNames *above;

    do {
      above = ancestor (data, ++n);
      if (above == NULL || !spend (sheet))
        return FALSE;
    } while (!compound_matches (sheet, &rule->compounds[i], above) && !rule->compounds[i - 1].child);
    if (!compound_matches (sheet, &rule->compounds[i], above))
      return FALSE;
  }
  return TRUE;
}

typedef struct {
  Sheet *sheet;
  const StyleNames *names;
  SheetAncestor ancestor;
  gpointer data;
  Cascade *cascade;
} Match;

static void match_list (const Match *match, guint number) {
  while (number > 0 && spend (match->sheet)) {
    const Rule *rule = &g_array_index (match->sheet->rules, Rule, number - 1);

    number = rule->next;
    if (rule_matches (match->sheet, rule, match->names, match->ancestor, match->data))
      cascade_apply (match->cascade, &g_array_index (match->sheet->declarations, Declarations, rule->declarations),
                     rule->weight);
  }
}

static void match_key (const Match *match, guint64 key) {
  match_list (match, GPOINTER_TO_UINT (g_hash_table_lookup (match->sheet->by_key, table_key (key))));
}

void sheet_match (Sheet *sheet, const StyleNames *names, SheetAncestor ancestor, gpointer data, Cascade *cascade) {
  Match match = { sheet, names, ancestor, data, cascade };

  match_list (&match, sheet->universal);
  match_key (&match, names->tag);
  if (names->id != 0)
    match_key (&match, names->id);
  for (guint i = 0; i < names->n_classes; i++)
    match_key (&match, names->classes[i]);
}
