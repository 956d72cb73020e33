/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Which leg of multipart/alternative speaks for the others: the plainest that says nearly all that the others say. Two texts are
 * compared as sets of character pairs: whatever their layout, in linear time. A stub ("please switch HTML on") says nothing.
 */
#include "inspection.h"

#include <string.h>

static gboolean is_below (const MugaiEntity *entity, const MugaiEntity *ancestor) {
  for (; entity != NULL; entity = entity->parent)
    if (entity == ancestor)
      return TRUE;
  return FALSE;
}

/* An invitation is no other form of the text beside it: both are shown. */
static gboolean stands_apart (const MugaiLeaf *leaf) {
  return leaf->reading == MUGAI_READING_CALENDAR || leaf->reading == MUGAI_READING_CARD
         || leaf->reading == MUGAI_READING_REPORT;
}

static gboolean is_html (const MugaiLeaf *leaf) {
  return leaf->reading == MUGAI_READING_HTML;
}

/* Where the conversion's own list of links begins: it is the same words in every mail. */
static gsize length_without_links (const char *text) {
  const char *list = g_strrstr (text, "リンク先:\n");
  return list != NULL ? (gsize) (list - text) : strlen (text);
}

/* What the legs of an alternative are compared by. */
typedef struct {
  GString *text;
  GHashTable *pairs;
  gboolean html;
  gboolean has_links;
  gboolean has_pictures;
  gboolean is_stub;
} Leg;

static void leg_free (Leg *leg) {
  g_string_free (leg->text, TRUE);
  g_hash_table_unref (leg->pairs);
  g_free (leg);
}

/* Behind what is skipped in a comparison at @at: URLs, which only the converted leg prints, and the words for pictures. */
static const char *skip_own_words (const char *at) {
  const char *end;
  if (g_str_has_prefix (at, "http") || g_str_has_prefix (at, "hxxp"))
    while (*at != '\0' && (guchar) *at > ' ' && (guchar) *at < 0x7F)
      at++;
  else if (g_str_has_prefix (at, "［画像") && (end = strstr (at, "］")) != NULL)
    at = end + strlen ("］");
  return at;
}

/* A text as the set of its character pairs, without blanks, marks and case: how two legs are compared whatever their layout. */
static GHashTable *pairs_of (const char *text) {
  GHashTable *pairs = g_hash_table_new (NULL, NULL);
  g_autofree char *folded = g_utf8_casefold (text, -1);
  gunichar last = 0;
  for (const char *at = skip_own_words (folded); *at != '\0'; at = skip_own_words (g_utf8_next_char (at))) {
    gunichar c = g_utf8_get_char (at);
    if (!g_unichar_isalnum (c))
      continue;
    if (last != 0)
      g_hash_table_add (pairs, GUINT_TO_POINTER ((last << 16) ^ c));
    last = c;
  }
  return pairs;
}

/* Share of what @whole says that @part says, too. [0..1]; 1 when @whole says nothing. */
static double coverage (GHashTable *part, GHashTable *whole) {
  guint found = 0, all = g_hash_table_size (whole);
  GHashTableIter iter;
  gpointer key;
  g_hash_table_iter_init (&iter, whole);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    found += g_hash_table_contains (part, key) ? 1 : 0;
  return all == 0 ? 1.0 : (double) found / all;
}

#define LEG_SAYS_THE_SAME 0.75 /* of the other's character pairs: footers, greetings and buttons' words may differ */
#define LEG_SAYS_OTHER 0.4     /* a plain leg of which the HTML has less than this says something else */
#define LEG_IS_RICHER 4        /* times as much as a leg that says the rest in pictures, which nobody will see */
#define MIN_COMPARED_PAIRS 8   /* fewer: too little said to call it something else */
#define MAX_STUB_PAIRS 200     /* a stub is a sentence or two, in one language or two */

/* What senders write who have nothing to say to readers of plain text; lower case, as g_utf8_casefold () has it. */
static const char *const stub_words[] = {
  "html表示",
  "html形式",
  "htmlメール",
  "html版",
  "htmlに対応",
  "htmlで",
  "テキスト形式では",
  "ブラウザで",
  "ブラウザーで",
  "webで見る",
  "正しく表示",
  "表示されない",
  "表示できない",
  "multi-part message",
  "multipart message",
  "mime format",
  "mime-aware",
  "mime aware",
  "mime compatible",
  "html format",
  "html email",
  "html e-mail",
  "html mail",
  "html message",
  "html version",
  "html content",
  "html-enabled",
  "html-capable",
  "html-compatible",
  "html compatible",
  "html capable",
  "support html",
  "supports html",
  "display html",
  "view html",
  "enable html",
  "in html",
  "view in browser",
  "view in your browser",
  "view this email",
  "view this message",
  "view it in your browser",
  "view online",
  "view it online",
  "cannot read this",
  "can't read this",
  "unable to read this",
  "view the online version",
  "read this email in",
  "read online",
  "web version",
  "trouble viewing",
  "problems viewing",
  "can't see this",
  "cannot see this",
  "unable to view",
};

static gboolean is_stub (const char *text, GHashTable *pairs) {
  if (g_hash_table_size (pairs) == 0)
    return TRUE;
  if (g_hash_table_size (pairs) > MAX_STUB_PAIRS)
    return FALSE;
  g_autofree char *normal = g_utf8_normalize (text, -1, G_NORMALIZE_NFKC);
  g_autofree char *folded = normal != NULL ? g_utf8_casefold (normal, -1) : g_strdup ("");
  for (gsize i = 0; i < G_N_ELEMENTS (stub_words); i++)
    if (strstr (folded, stub_words[i]) != NULL)
      return TRUE;
  return FALSE;
}

static Leg *leg_new (const MugaiInspection *inspection, const MugaiEntity *entity) {
  Leg *leg = g_new0 (Leg, 1);
  leg->text = g_string_new (NULL);
  for (guint i = 0; i < inspection->leaves->len; i++) {
    const MugaiLeaf *leaf = g_ptr_array_index (inspection->leaves, i);
    if (leaf->text == NULL || !is_below (leaf->entity, entity) || stands_apart (leaf)
        || mugai_leaf_part (inspection, leaf)->role != MUGAI_ROLE_BODY)
      continue;
    leg->html |= is_html (leaf);
    leg->has_links |= strstr (leaf->text, "://") != NULL;
    leg->has_pictures |= leaf->images > 0;
    g_string_append_len (leg->text, leaf->text,
                         (gssize) (is_html (leaf) ? length_without_links (leaf->text) : strlen (leaf->text)));
    g_string_append_c (leg->text, '\n');
  }
  leg->pairs = pairs_of (leg->text->str);
  leg->is_stub = !leg->html && is_stub (leg->text->str, leg->pairs);
  return leg;
}

/* A leg without a letter, and without so much as a picture or a link. */
static gboolean is_empty (const Leg *leg) {
  return strspn (leg->text->str, " \t\n") == leg->text->len && !leg->has_links;
}

static void silence_leg (MugaiInspection *inspection, const MugaiEntity *leg) {
  for (guint i = 0; i < inspection->leaves->len; i++) {
    MugaiLeaf *leaf = g_ptr_array_index (inspection->leaves, i);
    MugaiPart *part = mugai_leaf_part (inspection, leaf);
    if (part->role == MUGAI_ROLE_BODY && !stands_apart (leaf) && is_below (leaf->entity, leg))
      part->role = MUGAI_ROLE_ALTERNATE;
  }
}

/* Whether @other must speak instead of @best, which is plainer: because it says more, or something else. */
static gboolean is_better (MugaiInspection *inspection, const Leg *best, const Leg *other) {
  guint n_best = g_hash_table_size (best->pairs), n_other = g_hash_table_size (other->pairs);
  if (is_empty (other))
    return FALSE;
  double said = coverage (best->pairs, other->pairs), back = coverage (other->pairs, best->pairs);
  if (best->is_stub && (said < LEG_SAYS_THE_SAME || n_other == 0))
    return TRUE;
  if (said >= LEG_SAYS_THE_SAME) /* where "こちら" goes is said, too */
    return other->has_links && !best->has_links && back >= LEG_SAYS_THE_SAME;
  if (n_best > MIN_COMPARED_PAIRS && back < LEG_SAYS_OTHER)
    inspection->facts->oddities |= MUGAI_BIT (MUGAI_ODDITY_LEGS_DIFFER);
  return !other->has_pictures || n_other * LEG_IS_RICHER >= n_best;
}

/* RFC 2046 5.1.4 orders the legs by richness; not all senders do, so plain ones are asked first in any case. */
static void choose_leg (MugaiInspection *inspection, const MugaiEntity *alternative) {
  guint n = alternative->children->len, chosen = 0;
  g_autoptr (GPtrArray) legs = g_ptr_array_new_with_free_func ((GDestroyNotify) leg_free);
  const Leg *best = NULL;
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (legs, leg_new (inspection, g_ptr_array_index (alternative->children, i)));
  for (guint i = 0; i < 2 * n; i++) {
    const Leg *leg = g_ptr_array_index (legs, i % n);
    if (leg->html != (i >= n) || (best == NULL ? is_empty (leg) : !is_better (inspection, best, leg)))
      continue;
    best = leg;
    chosen = i % n;
  }
  for (guint i = 0; i < n; i++)
    if (i != chosen)
      silence_leg (inspection, g_ptr_array_index (alternative->children, i));
}

/* Innermost first, so that an outer choice compares what the inner one left. */
void mugai_body_choose_legs (MugaiInspection *inspection) {
  for (guint i = inspection->leaves->len; i > 0; i--) {
    const MugaiLeaf *leaf = g_ptr_array_index (inspection->leaves, i - 1);
    if (mugai_is_multipart (leaf->entity, "alternative") && leaf->entity->children->len > 1)
      choose_leg (inspection, leaf->entity);
  }
}

gboolean mugai_body_says_the_same (const char *text, const char *other) {
  g_autoptr (GHashTable) pairs = pairs_of (text), others = pairs_of (other);
  return coverage (pairs, others) >= LEG_SAYS_THE_SAME;
}
