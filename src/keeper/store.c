/* SPDX-License-Identifier: GPL-2.0-only
 *
 * keeper/store: quarantine and chain together.
 *
 * The order: blobs synced, rows committed, audit lines synced. The last is the commit point: an item that the chain does
 * not know was never answered, and is undone when the store is opened. So every failure has one answer: close, open
 * again, look at what is on disk. An id that the chain knows is durable whole, and is answered without another line.
 */
#include "store.h"

#include <string.h>

#include "mugai/audit.h"
#include "mugai/quarantine.h"

#include "counters.h"
#include "known.h"

struct MugaiKeeperStore {
  const MugaiKeeperOptions *options;
  MugaiQuarantine *quarantine;
  MugaiAudit *audit;
  MugaiKnown *known;
  MugaiKeeperCounters *counters; /* NULL before the first open; kept over a failure: what is on the chain was counted */
  gboolean swept;                /* blobs without rows were looked for: once a life, they come from a death only */
};

MugaiKeeperStore *mugai_keeper_store_new (const MugaiKeeperOptions *options) {
  MugaiKeeperStore *store = g_new0 (MugaiKeeperStore, 1);

  store->options = options;
  return store;
}

static void close_both (MugaiKeeperStore *store) {
  g_clear_pointer (&store->known, mugai_known_free);
  g_clear_pointer (&store->quarantine, mugai_quarantine_close);
  g_clear_pointer (&store->audit, mugai_audit_close);
}

void mugai_keeper_store_free (MugaiKeeperStore *store) {
  if (store == NULL)
    return;
  close_both (store);
  mugai_keeper_counters_free (store->counters);
  g_free (store);
}

gboolean mugai_keeper_store_is_open (const MugaiKeeperStore *store) {
  return store->known != NULL;
}

/* ---- opening ---- */

static gboolean undo_unknown (MugaiKeeperStore *store, MugaiKnown *known, char **ids, GError **error) {
  for (gsize i = 0; ids[i] != NULL; i++) {
    gboolean has = FALSE;
    if (!mugai_known_has (known, ids[i], &has, error))
      return FALSE;
    if (has)
      continue;
    g_debug ("item %s was never answered: undone", ids[i]);
    if (!mugai_quarantine_remove (store->quarantine, ids[i], error))
      return FALSE;
  }
  return TRUE;
}

/* Blobs without a row that the chain knows are left alone: then it is the index that was lost, not a group that never was. */
static gboolean repair (MugaiKeeperStore *store, MugaiKnown *known, GError **error) {
  g_auto (GStrv) unconfirmed = mugai_quarantine_unconfirmed (store->quarantine, error);

  if (unconfirmed == NULL || !undo_unknown (store, known, unconfirmed, error))
    return FALSE;
  if (store->swept)
    return TRUE;
  g_auto (GStrv) orphans = mugai_quarantine_orphans (store->quarantine, error);
  if (orphans == NULL || !undo_unknown (store, known, orphans, error))
    return FALSE;
  store->swept = TRUE;
  return TRUE;
}

gboolean mugai_keeper_store_open (MugaiKeeperStore *store, GError **error) {
  if (mugai_keeper_store_is_open (store))
    return TRUE;
  close_both (store);
  store->audit = mugai_audit_open (store->options->audit, error);
  if (store->audit == NULL)
    return FALSE;
  g_autoptr (MugaiKnown) known = mugai_known_new (store->options->audit, error);
  if (known == NULL)
    return FALSE;
  store->quarantine = mugai_quarantine_open (store->options->store, FALSE, error);
  if (store->quarantine == NULL || !repair (store, known, error))
    return FALSE;
  if (store->counters == NULL)
    store->counters = mugai_keeper_counters_new (store->options->audit, store->options->store, error);
  if (store->counters == NULL)
    return FALSE;
  store->known = g_steal_pointer (&known); /* from here on it is open */
  return TRUE;
}

/* ---- keeping ---- */

/* Takes out what the chain knows already, and the second of two with one id: (transfer container): the rest. */
static GPtrArray *choose_new (MugaiKeeperStore *store, GPtrArray *group, GError **error) {
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) fresh = g_ptr_array_new ();

  for (guint i = 0; i < group->len; i++) {
    MugaiKeeperRequest *request = g_ptr_array_index (group, i);
    gboolean has = FALSE;
    if (!mugai_known_has (store->known, request->id, &has, error))
      return NULL;
    if (!has && g_hash_table_add (seen, request->id))
      g_ptr_array_add (fresh, request);
  }
  return g_steal_pointer (&fresh);
}

static gboolean has_original (GPtrArray *requests) {
  for (guint i = 0; i < requests->len; i++) {
    const MugaiKeeperRequest *request = g_ptr_array_index (requests, i);
    if (request->original_fd >= 0)
      return TRUE;
  }
  return FALSE;
}

static gboolean put_originals (MugaiKeeperStore *store, GPtrArray *requests, GError **error) {
  if (!mugai_quarantine_begin (store->quarantine, error))
    return FALSE;
  for (guint i = 0; i < requests->len; i++) {
    const MugaiKeeperRequest *request = g_ptr_array_index (requests, i);
    if (request->original_fd >= 0
        && !mugai_quarantine_put (store->quarantine, request->id, request->original_fd, request->body, error))
      return FALSE;
  }
  return mugai_quarantine_commit (store->quarantine, error);
}

static gboolean write_lines (MugaiKeeperStore *store, GPtrArray *requests, gint64 now_us, GError **error) {
  for (guint i = 0; i < requests->len; i++) {
    const MugaiKeeperRequest *request = g_ptr_array_index (requests, i);
    if (!mugai_audit_append (store->audit, request->kind, request->actor, request->body, now_us, error))
      return FALSE;
  }
  return mugai_audit_sync (store->audit, error);
}

static gboolean keep_new (MugaiKeeperStore *store, GPtrArray *requests, GError **error) {
  gint64 now_us = g_get_real_time ();

  if (has_original (requests) && !put_originals (store, requests, error))
    return FALSE;
  if (!write_lines (store, requests, now_us, error))
    return FALSE;
  for (guint i = 0; i < requests->len; i++) {
    const MugaiKeeperRequest *request = g_ptr_array_index (requests, i);
    mugai_known_add (store->known, request->id, now_us);
    mugai_keeper_counters_note (store->counters, request->kind, request->body, now_us);
  }
  return TRUE;
}

gboolean mugai_keeper_store_keep (MugaiKeeperStore *store, GPtrArray *group, GError **error) {
  if (!mugai_keeper_store_open (store, error))
    return FALSE;
  g_autoptr (GPtrArray) fresh = choose_new (store, group, error);
  if (fresh != NULL && keep_new (store, fresh, error))
    return TRUE;
  close_both (store); /* rolls back what was not committed; what was is undone by the next open */
  return FALSE;
}

void mugai_keeper_store_finish (MugaiKeeperStore *store) {
  if (!mugai_keeper_store_is_open (store))
    return;
  /* An empty group says that the one before is on the chain. Without it the next start only has a little more to read. */
  if (!mugai_quarantine_begin (store->quarantine, NULL) || !mugai_quarantine_commit (store->quarantine, NULL))
    mugai_quarantine_rollback (store->quarantine);
}

json_t *mugai_keeper_store_answer (MugaiKeeperStore *store, const MugaiKeeperRequest *request, GError **error) {
  if (!mugai_keeper_store_open (store, error))
    return NULL;
  return mugai_keeper_counters_answer (store->counters, request, g_get_real_time (), error);
}
