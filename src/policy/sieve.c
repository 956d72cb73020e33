/* SPDX-License-Identifier: GPL-2.0-only
 *
 * sieve: texts to rules; see sieve.h. One screen for each fact that rules ask for: exact texts and domains by hash, groups once each
 * however many rules name them, networks one by one, globs by three bytes in a row that they need: the rarest among all globs, so that
 * few other globs share it. A glob without three such bytes passes with any text.
 */
#include "sieve.h"

#include <string.h>

#define GRAM_BYTES 3
#define SEEN_BITS 12 /* 4,096 bits say for most bytes of a text that no glob needs them */

/* A few rules under one key. */
typedef struct {
  gconstpointer key; /* a Matcher of a group, or a Network */
  GArray *rules;     /* of guint */
} Listed;

typedef struct {
  MugaiFact fact;
  MugaiFactType type;
  GHashTable *exact, *below; /* text (transfer none: the matcher's) -> GArray of guint */
  GHashTable *grams;         /* three bytes as a number -> GArray of guint */
  guint64 seen[(1 << SEEN_BITS) / 64];
  GArray *any;         /* of guint: rules that pass with any text */
  GPtrArray *groups;   /* of Listed: Matcher */
  GPtrArray *networks; /* of Listed: Network */
} Screen;

struct Sieve {
  guint n_rules, words;
  guint64 *unscreened;
  guint64 *directions[MUGAI_N_DIRECTIONS], *scans[MUGAI_N_SCANS];
  GPtrArray *screens[SIEVE_PART + 1]; /* of Screen */
};

/* ---- which facts a rule cannot hold without ---- */

static gboolean is_screenable (const Condition *condition) {
  return condition->matcher && condition->fact != FACT_ORGANISATION && condition->fact != FACT_AUTH_RESULTS;
}

/* Adds to @found fact conditions of which one at least holds whenever @condition does. FALSE: there are none, @found is as it was. */
static gboolean find_needed (const Condition *condition, GPtrArray *found) {
  guint before = found->len;
  switch (condition->kind) {
  case CONDITION_FACT:
    if (is_screenable (condition))
      g_ptr_array_add (found, (gpointer) condition);
    return found->len > before;
  case CONDITION_ALL: /* any one of them will do: a part's own facts tell most apart */
    for (guint i = condition->by_cost->len; i > 0; i--)
      if (find_needed (g_ptr_array_index (condition->by_cost, i - 1), found))
        return TRUE;
    return FALSE;
  case CONDITION_ANY:
    for (guint i = 0; i < condition->children->len; i++)
      if (!find_needed (g_ptr_array_index (condition->children, i), found)) {
        g_ptr_array_set_size (found, (gint) before);
        return FALSE;
      }
    return found->len > before;
  default:
    return FALSE;
  }
}

/* ---- building ---- */

static void listed_free (Listed *listed) {
  g_array_unref (listed->rules);
  g_free (listed);
}

static Screen *screen_new (MugaiFact fact) {
  Screen *screen = g_new0 (Screen, 1);
  screen->fact = fact;
  screen->type = mugai_vocabulary_row (fact)->type;
  screen->exact = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) g_array_unref);
  screen->below = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) g_array_unref);
  screen->grams = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_array_unref);
  screen->any = g_array_new (FALSE, FALSE, sizeof (guint));
  screen->groups = g_ptr_array_new_with_free_func ((GDestroyNotify) listed_free);
  screen->networks = g_ptr_array_new_with_free_func ((GDestroyNotify) listed_free);
  return screen;
}

static void screen_free (Screen *screen) {
  g_hash_table_unref (screen->exact);
  g_hash_table_unref (screen->below);
  g_hash_table_unref (screen->grams);
  g_array_unref (screen->any);
  g_ptr_array_unref (screen->groups);
  g_ptr_array_unref (screen->networks);
  g_free (screen);
}

static void list_rule (GHashTable *table, gconstpointer key, guint rule) {
  GArray *rules = g_hash_table_lookup (table, key);
  if (!rules) {
    rules = g_array_new (FALSE, FALSE, sizeof (guint));
    g_hash_table_insert (table, (gpointer) key, rules);
  }
  g_array_append_val (rules, rule);
}

static void list_keys (GHashTable *table, GHashTable *keys, guint rule) {
  GHashTableIter iter;
  gpointer key;
  g_hash_table_iter_init (&iter, keys);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    list_rule (table, key, rule);
}

static void list_under (GPtrArray *lists, gconstpointer key, gsize key_bytes, guint rule) {
  Listed *listed = NULL;
  for (guint i = 0; i < lists->len && !listed; i++) {
    Listed *one = g_ptr_array_index (lists, i);
    if (one->key == key || (key_bytes > 0 && memcmp (one->key, key, key_bytes) == 0))
      listed = one;
  }
  if (!listed) {
    listed = g_new0 (Listed, 1);
    listed->key = key;
    listed->rules = g_array_new (FALSE, FALSE, sizeof (guint));
    g_ptr_array_add (lists, listed);
  }
  g_array_append_val (listed->rules, rule);
}

static inline guint gram_at (const char *text) {
  const guint8 *bytes = (const guint8 *) text;
  return (guint) bytes[0] << 16 | (guint) bytes[1] << 8 | bytes[2];
}

static inline guint gram_bit (guint gram) {
  return (gram * 2654435761u) >> (32 - SEEN_BITS);
}

/* Every three bytes that a text which matches @glob has in a row. */
static void visit_grams (const char *glob, void (*visit) (guint gram, gpointer data), gpointer data) {
  for (const char *from = glob; *from; from++)
    if (strcspn (from, "*?") >= GRAM_BYTES)
      visit (gram_at (from), data);
}

static void count_gram (guint gram, gpointer data) {
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (data, GUINT_TO_POINTER (gram)));
  g_hash_table_insert (data, GUINT_TO_POINTER (gram), GUINT_TO_POINTER (n + 1));
}

typedef struct {
  GHashTable *counts;
  guint gram, count; /* the rarest so far; count 0: none */
} Rarest;

static void take_rarer (guint gram, gpointer data) {
  Rarest *rarest = data;
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (rarest->counts, GUINT_TO_POINTER (gram)));
  if (rarest->count && rarest->count <= n)
    return;
  rarest->gram = gram;
  rarest->count = n;
}

static void list_glob (Screen *screen, const char *glob, GHashTable *counts, guint rule) {
  Rarest rarest = { .counts = counts };
  visit_grams (glob, take_rarer, &rarest);
  if (!rarest.count) {
    g_array_append_val (screen->any, rule);
    return;
  }
  list_rule (screen->grams, GUINT_TO_POINTER (rarest.gram), rule);
  screen->seen[gram_bit (rarest.gram) / 64] |= MUGAI_BIT (gram_bit (rarest.gram) % 64);
}

static void list_matcher (Screen *screen, const Matcher *matcher, GHashTable *counts, guint rule) {
  list_keys (screen->exact, matcher->exact, rule);
  list_keys (screen->below, matcher->below, rule);
  for (guint i = 0; i < matcher->globs->len; i++)
    list_glob (screen, g_ptr_array_index (matcher->globs, i), counts, rule);
  for (guint i = 0; i < matcher->networks->len; i++)
    list_under (screen->networks, g_ptr_array_index (matcher->networks, i), sizeof (Network), rule);
  for (guint i = 0; matcher->groups && i < matcher->groups->len; i++)
    list_under (screen->groups, g_ptr_array_index (matcher->groups, i), 0, rule);
}

static SieveLevel level_of (MugaiFact fact) {
  if (mugai_vocabulary_row (fact)->of_part)
    return SIEVE_PART;
  return fact == FACT_RECIPIENT ? SIEVE_RECIPIENT : SIEVE_MESSAGE;
}

static Screen *screen_for (Sieve *sieve, MugaiFact fact) {
  GPtrArray *screens = sieve->screens[level_of (fact)];
  for (guint i = 0; i < screens->len; i++)
    if (((Screen *) g_ptr_array_index (screens, i))->fact == fact)
      return g_ptr_array_index (screens, i);
  g_ptr_array_add (screens, screen_new (fact));
  return g_ptr_array_index (screens, screens->len - 1);
}

static void set_bit (guint64 *bits, guint index) {
  bits[index / 64] |= MUGAI_BIT (index % 64);
}

static void add_rule (Sieve *sieve, const Rule *rule, GHashTable *counts, guint index) {
  g_autoptr (GPtrArray) needed = g_ptr_array_new ();
  for (guint i = 0; i < MUGAI_N_DIRECTIONS; i++)
    if (rule->directions & (1u << i))
      set_bit (sieve->directions[i], index);
  for (guint i = 0; i < MUGAI_N_SCANS; i++)
    if (rule->scans & (1u << i))
      set_bit (sieve->scans[i], index);
  if (!rule->when || !find_needed (rule->when, needed))
    set_bit (sieve->unscreened, index);
  for (guint i = 0; i < needed->len; i++) {
    const Condition *one = g_ptr_array_index (needed, i);
    list_matcher (screen_for (sieve, one->fact), one->matcher, counts, index);
  }
}

/* How many globs of all rules need each three bytes. */
static void count_grams (const Rule *rule, GHashTable *counts) {
  g_autoptr (GPtrArray) needed = g_ptr_array_new ();
  if (!rule->when || !find_needed (rule->when, needed))
    return;
  for (guint i = 0; i < needed->len; i++) {
    GPtrArray *globs = ((const Condition *) g_ptr_array_index (needed, i))->matcher->globs;
    for (guint j = 0; j < globs->len; j++)
      visit_grams (g_ptr_array_index (globs, j), count_gram, counts);
  }
}

Sieve *sieve_new (const GPtrArray *rules) {
  g_autoptr (GHashTable) counts = g_hash_table_new (NULL, NULL);
  Sieve *sieve = g_new0 (Sieve, 1);
  sieve->n_rules = rules->len;
  sieve->words = rules->len / 64 + 1;
  sieve->unscreened = g_new0 (guint64, sieve->words);
  for (guint i = 0; i < MUGAI_N_DIRECTIONS; i++)
    sieve->directions[i] = g_new0 (guint64, sieve->words);
  for (guint i = 0; i < MUGAI_N_SCANS; i++)
    sieve->scans[i] = g_new0 (guint64, sieve->words);
  for (guint i = 0; i < G_N_ELEMENTS (sieve->screens); i++)
    sieve->screens[i] = g_ptr_array_new_with_free_func ((GDestroyNotify) screen_free);
  for (guint i = 0; i < rules->len; i++)
    count_grams (g_ptr_array_index (rules, i), counts);
  for (guint i = 0; i < rules->len; i++)
    add_rule (sieve, g_ptr_array_index (rules, i), counts, i);
  return sieve;
}

void sieve_free (Sieve *sieve) {
  if (!sieve)
    return;
  for (guint i = 0; i < MUGAI_N_DIRECTIONS; i++)
    g_free (sieve->directions[i]);
  for (guint i = 0; i < MUGAI_N_SCANS; i++)
    g_free (sieve->scans[i]);
  for (guint i = 0; i < G_N_ELEMENTS (sieve->screens); i++)
    g_ptr_array_unref (sieve->screens[i]);
  g_free (sieve->unscreened);
  g_free (sieve);
}

guint sieve_words (const Sieve *sieve) {
  return sieve->words;
}

/* ---- asking ---- */

static void set_all (guint64 *bits, const GArray *rules) {
  for (guint i = 0; rules && i < rules->len; i++)
    set_bit (bits, g_array_index (rules, guint, i));
}

static void pass_globs (const Screen *screen, const char *text, guint64 *bits) {
  set_all (bits, screen->any);
  if (g_hash_table_size (screen->grams) == 0)
    return;
  gsize length = strlen (text);
  for (gsize i = 0; i + GRAM_BYTES <= length; i++) {
    guint gram = gram_at (text + i), bit = gram_bit (gram);
    if (screen->seen[bit / 64] & MUGAI_BIT (bit % 64))
      set_all (bits, g_hash_table_lookup (screen->grams, GUINT_TO_POINTER (gram)));
  }
}

static void pass_domain (const Screen *screen, const char *domain, guint64 *bits) {
  set_all (bits, g_hash_table_lookup (screen->exact, domain));
  if (g_hash_table_size (screen->below) == 0)
    return;
  for (const char *dot = strchr (domain, '.'); dot; dot = strchr (dot + 1, '.'))
    set_all (bits, g_hash_table_lookup (screen->below, dot + 1));
}

static void pass_networks (const Screen *screen, const Folded *folded, guint64 *bits) {
  for (guint i = 0; i < screen->networks->len; i++) {
    const Listed *listed = g_ptr_array_index (screen->networks, i);
    if (network_has (listed->key, folded))
      set_all (bits, listed->rules);
  }
}

static void pass_folded (const Screen *screen, Folded *folded, guint64 *bits) {
  for (guint i = 0; i < screen->groups->len; i++) {
    const Listed *listed = g_ptr_array_index (screen->groups, i);
    if (group_matches (listed->key, folded))
      set_all (bits, listed->rules);
  }
  if (screen->type == MUGAI_FACT_NETWORK) {
    pass_networks (screen, folded, bits);
    return;
  }
  if (screen->type == MUGAI_FACT_HOST)
    pass_domain (screen, folded->whole, bits);
  else
    set_all (bits, g_hash_table_lookup (screen->exact, folded->whole));
  if (screen->type == MUGAI_FACT_ADDRESS && folded->domain)
    pass_domain (screen, folded->domain, bits);
  pass_globs (screen, folded->whole, bits);
}

static void pass_text (const Screen *screen, const char *text, const View *view, guint64 *bits) {
  if (text)
    pass_folded (screen, cache_fold (view->cache, screen->type, text), bits);
}

static void pass_screen (const Screen *screen, const View *view, guint64 *bits) {
  switch (screen->fact) {
  case FACT_SHOWN_ADDRESS:
    for (char **text = view->facts->shown_addresses; text && *text; text++)
      pass_text (screen, *text, view, bits);
    break;
  case FACT_PART_NAME:
    for (char **text = view->part->names; text && *text; text++)
      pass_text (screen, *text, view, bits);
    break;
  case FACT_HEADER:
    for (guint i = 0; i < view->facts->headers->len; i++)
      pass_folded (screen, cache_fold_header (view->cache, g_ptr_array_index (view->facts->headers, i)), bits);
    break;
  case FACT_LINK_HOST:
    for (guint i = 0; i < view->facts->links->len; i++)
      pass_text (screen, ((const MugaiLinkFact *) g_ptr_array_index (view->facts->links, i))->host, view, bits);
    break;
  default:
    pass_text (screen, fact_text (screen->fact, view), view, bits);
  }
}

void sieve_add (const Sieve *sieve, SieveLevel level, const View *view, const guint64 *from, guint64 *to) {
  memcpy (to, from, sieve->words * sizeof *to);
  for (guint i = 0; i < sieve->screens[level]->len; i++)
    pass_screen (g_ptr_array_index (sieve->screens[level], i), view, to);
}

/* Before the message is there, or without one at all (facts are none), its rules are all asked. */
void sieve_start (const Sieve *sieve, const View *view, guint64 *bits) {
  if (view->facts)
    sieve_add (sieve, SIEVE_MESSAGE, view, sieve->unscreened, bits);
  else
    memset (bits, 0xff, sieve->words * sizeof *bits);
}

guint sieve_next (const Sieve *sieve, const View *view, const guint64 *bits, guint index) {
  const guint64 *direction = sieve->directions[view->direction];
  const guint64 *scan = view->part ? sieve->scans[view->part->scan] : direction;
  guint64 mask = ~G_GUINT64_CONSTANT (0) << (index % 64);
  for (guint word = index / 64; word < sieve->words; word++, mask = ~G_GUINT64_CONSTANT (0)) {
    guint64 left = bits[word] & direction[word] & scan[word] & mask;
    if (left)
      return word * 64 + (guint) __builtin_ctzll (left);
  }
  return G_MAXUINT;
}
