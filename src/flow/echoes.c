/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Echoes. A mail that leaves a mail box shortly after one came in, to one outside address that is not whom that one came from, is an echo; a row
 * of them to the same address, with nothing else sent between and nothing left without an echo, is a rule at work.
 * Tables have two generations: when the young one is full, the old one goes.
 */
#include "mugai/flow/echoes.h"

#include <string.h>

#include "flow.h"

typedef struct {
  GHashTable *young, *old;
  guint max;
} Generations;

typedef struct {
  gint64 last_in_us;
  guint waiting; /* came in, set nothing off yet */
  guint row;     /* echoes in a row */
  char *sender;  /* of the last that came in */
  char *target;  /* of the row */
} Box;

struct MugaiEchoes {
  Generations ids;   /* digest -> gint64: when it came in */
  Generations boxes; /* address -> Box */
};

static void box_free (gpointer data) {
  Box *box = data;
  g_free (box->sender);
  g_free (box->target);
  g_free (box);
}

static void generations_init (Generations *generations, guint max, GDestroyNotify free_value) {
  generations->max = max;
  generations->young = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_value);
  generations->old = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_value);
}

static void generations_clear (Generations *generations) {
  g_hash_table_unref (generations->young);
  g_hash_table_unref (generations->old);
}

static gpointer find (const Generations *generations, const char *key) {
  gpointer value = g_hash_table_lookup (generations->young, key);
  return value ? value : g_hash_table_lookup (generations->old, key);
}

static void put (Generations *generations, const char *key, gpointer value) {
  if (g_hash_table_size (generations->young) >= generations->max / 2) {
    GHashTable *emptied = generations->old;
    g_hash_table_remove_all (emptied);
    generations->old = generations->young;
    generations->young = emptied;
  }
  g_hash_table_replace (generations->young, g_strdup (key), value);
}

MugaiEchoes *mugai_echoes_new (void) {
  MugaiEchoes *echoes = g_new0 (MugaiEchoes, 1);
  generations_init (&echoes->ids, MUGAI_ECHO_MAX_IDS, g_free);
  generations_init (&echoes->boxes, MUGAI_ECHO_MAX_BOXES, box_free);
  return echoes;
}

void mugai_echoes_free (MugaiEchoes *echoes) {
  if (!echoes)
    return;
  generations_clear (&echoes->ids);
  generations_clear (&echoes->boxes);
  g_free (echoes);
}

/* Addresses of a mail box are compared without case; one digest is as long as the next. */
static char *fold (const char *address) {
  g_autofree char *bare = flow_address_strip (address);
  return g_utf8_strdown (bare, -1);
}

static char *digest (const char *message_id) {
  g_autofree char *bare = g_strstrip (g_strdup (message_id));
  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, bare, -1);
}

/* ---- what happened ---- */

static Box *get_box (MugaiEchoes *echoes, const char *address) {
  Box *box = g_hash_table_lookup (echoes->boxes.young, address);
  if (box)
    return box;
  char *key = NULL;
  if (!g_hash_table_steal_extended (echoes->boxes.old, address, (gpointer *) &key, (gpointer *) &box))
    box = g_new0 (Box, 1);
  g_free (key);
  put (&echoes->boxes, address, box);
  return box;
}

static void note_arrival (MugaiEchoes *echoes, const char *address, const char *sender, gint64 at_us) {
  g_autofree char *folded = fold (address);
  Box *box = get_box (echoes, folded);
  if (++box->waiting > MUGAI_ECHO_MAX_WAITING) {
    box->row = 0;
    box->waiting = 1;
  }
  box->last_in_us = at_us;
  g_free (box->sender);
  box->sender = fold (sender);
}

void mugai_echoes_came_in (MugaiEchoes *echoes, const char *message_id, const char *sender, const char *const *to,
                           gint64 at_us) {
  if (*message_id) {
    g_autofree char *key = digest (message_id);
    gint64 *at = g_new (gint64, 1);
    *at = at_us;
    put (&echoes->ids, key, at);
  }
  for (; *to; to++)
    note_arrival (echoes, *to, sender, at_us);
}

/* An echo of the last that came in: to one address, not an answer to it. */
static gboolean is_echo (const Box *box, const char *const *to, gint64 at_us) {
  if (!box || box->waiting == 0 || !to[0] || to[1] || at_us - box->last_in_us > MUGAI_ECHO_WINDOW_S * G_USEC_PER_SEC)
    return FALSE;
  g_autofree char *target = fold (to[0]);
  return g_strcmp0 (target, box->sender) != 0;
}

static gboolean continues_row (const Box *box, const char *const *to) {
  g_autofree char *target = fold (to[0]);
  return g_strcmp0 (box->target, target) == 0;
}

void mugai_echoes_went_out (MugaiEchoes *echoes, const char *sender, const char *const *to, gint64 at_us) {
  g_autofree char *folded = fold (sender);
  Box *box = *folded && find (&echoes->boxes, folded) ? get_box (echoes, folded) : NULL;
  if (!box)
    return; /* nothing ever came in for it */
  if (!is_echo (box, to, at_us)) {
    box->row = 0; /* a person at work */
    return;
  }
  box->row = continues_row (box, to) ? MIN (box->row + 1, MUGAI_ECHO_MAILS) : 1;
  box->waiting--;
  g_free (box->target);
  box->target = fold (to[0]);
}

/* ---- what is asked ---- */

gboolean mugai_echoes_knows_id (MugaiEchoes *echoes, const char *message_id, gint64 now_us) {
  if (!message_id || !*message_id)
    return FALSE;
  g_autofree char *key = digest (message_id);
  const gint64 *at = find (&echoes->ids, key);
  return at && now_us - *at <= (gint64) MUGAI_ECHO_ID_WINDOW_S * G_USEC_PER_SEC;
}

gboolean mugai_echoes_is_echo (MugaiEchoes *echoes, const char *sender, const char *const *to, gint64 now_us) {
  g_autofree char *folded = fold (sender);
  const Box *box = find (&echoes->boxes, folded);
  return *folded && is_echo (box, to, now_us) && continues_row (box, to) && box->row + 1 >= MUGAI_ECHO_MAILS;
}
