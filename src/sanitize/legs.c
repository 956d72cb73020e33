/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Which leg of multipart/alternative speaks for the others: the first that says nearly all that the richest says. Two texts are
 * compared as sets of character pairs: whatever their layout, in linear time.
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

static char *leg_text (const MugaiInspection *inspection, const MugaiEntity *leg) {
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < inspection->leaves->len; i++) {
    const MugaiLeaf *leaf = g_ptr_array_index (inspection->leaves, i);
    if (leaf->text == NULL || !is_below (leaf->entity, leg) || stands_apart (leaf)
        || mugai_leaf_part (inspection, leaf)->role != MUGAI_ROLE_BODY)
      continue;
    g_string_append_printf (text, "%s\n", leaf->text);
  }
  return g_string_free (text, FALSE);
}

/* A text as the set of its character pairs, without blanks, marks and case: how two legs are compared whatever their
   layout. Links are left out: only the converted leg prints them. */
static GHashTable *pairs_of (const char *text) {
  GHashTable *pairs = g_hash_table_new (NULL, NULL);
  g_autofree char *folded = g_utf8_casefold (text, -1);
  gunichar last = 0;
  for (const char *at = folded; *at != '\0'; at = g_utf8_next_char (at)) {
    if (g_str_has_prefix (at, "http") || g_str_has_prefix (at, "hxxp"))
      while (*at != '\0' && (guchar) *at > ' ' && (guchar) *at < 0x7F)
        at++;
    if (*at == '\0')
      break;
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

static void silence_leg (MugaiInspection *inspection, const MugaiEntity *leg) {
  for (guint i = 0; i < inspection->leaves->len; i++) {
    MugaiLeaf *leaf = g_ptr_array_index (inspection->leaves, i);
    MugaiPart *part = mugai_leaf_part (inspection, leaf);
    if (part->role == MUGAI_ROLE_BODY && !stands_apart (leaf) && is_below (leaf->entity, leg))
      part->role = MUGAI_ROLE_ALTERNATE;
  }
}

/* The first leg that says (nearly) all that the richest, the last one, says; RFC 2046 5.1.4 orders them by richness. */
static void choose_leg (MugaiInspection *inspection, const MugaiEntity *alternative) {
  guint n = alternative->children->len, chosen = 0;
  g_autoptr (GHashTable) best = NULL;
  for (guint i = 0; i < n; i++) {
    g_autofree char *text = leg_text (inspection, g_ptr_array_index (alternative->children, i));
    g_autoptr (GHashTable) pairs = pairs_of (text);
    if (best != NULL && (*text == '\0' || coverage (best, pairs) >= LEG_SAYS_THE_SAME))
      continue;
    if (best != NULL && g_hash_table_size (best) > 8 && coverage (pairs, best) < LEG_SAYS_OTHER)
      inspection->facts->oddities |= MUGAI_BIT (MUGAI_ODDITY_LEGS_DIFFER);
    if (*text == '\0')
      continue;
    g_clear_pointer (&best, g_hash_table_unref);
    best = g_steal_pointer (&pairs);
    chosen = i;
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
