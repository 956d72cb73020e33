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
#include "mugai/audit.h"
#include "mugai/base/base.h"
#include "mugai/quarantine.h"

#include "counters.h"
#include "export.h"
#include "known.h"
#include "notices.h"
#include "upkeep.h"

struct MugaiKeeperStore {
  const MugaiKeeperOptions *options;
  MugaiQuarantine *quarantine;
  MugaiAudit *audit;
  MugaiKnown *known;
  MugaiKeeperCounters *counters; /* NULL before the first open; kept over a failure: what is on the chain was counted */
  MugaiExport *export;
  gboolean disposing; /* the group has a disposal */
  gint64 upkeep_at_us;
  gboolean swept; /* blobs without rows were looked for: once a life, they come from a death only */
};

MugaiKeeperStore *mugai_keeper_store_new (const MugaiKeeperOptions *options) {
  MugaiKeeperStore *store = g_new0 (MugaiKeeperStore, 1);

  store->options = options;
  store->export = mugai_export_new ();
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
  mugai_export_free (store->export);
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

/* Acts whose rows are there and whose line is not: nobody was answered, but the states have moved: the line follows. */
static gboolean complete_acts (MugaiKeeperStore *store, MugaiKnown *known, GError **error) {
  g_autoptr (MugaiJson) acts = mugai_quarantine_unconfirmed_acts (store->quarantine, error);
  json_t *act;
  size_t i;

  json_array_foreach (acts, i, act) {
    const char *text = json_string_value (json_object_get (act, "body"));
    g_autoptr (MugaiJson) body = json_loads (text, JSON_REJECT_DUPLICATES, NULL);
    gboolean has = FALSE;
    if (!mugai_known_has (known, json_string_value (json_object_get (act, "act_id")), &has, error))
      return FALSE;
    if (!has && body != NULL
        && !mugai_audit_append (store->audit, json_string_value (json_object_get (act, "kind")),
                                json_string_value (json_object_get (act, "actor")), body, g_get_real_time (), error))
      return FALSE;
    if (!has)
      mugai_known_add (known, json_string_value (json_object_get (act, "act_id")), g_get_real_time ());
  }
  return acts != NULL && mugai_audit_sync (store->audit, error);
}

/* Taking the head away before a cut hides the cut: then that it was gone is what everybody hears of. */
static gboolean tell_head_missing (MugaiKeeperStore *store, GError **error) {
  const char words[] = "the chain's signed head was missing: verify the chain with an anchor kept elsewhere";
  g_autofree char *id = mugai_id_new ();
  g_autoptr (MugaiJson) body = json_pack ("{s:s, s:s}", "act_id", id, "because", words);

  if (!mugai_audit_head_was_missing (store->audit))
    return TRUE;
  if (store->options->alarm != NULL)
    store->options->alarm ("audit-head-missing", words, store->options->alarm_data);
  return mugai_audit_append (store->audit, "head-missing", "keeper", body, g_get_real_time (), error)
         && mugai_audit_sync (store->audit, error);
}

static char *keys_folder (const MugaiKeeperStore *store) {
  const char *keys = store->options->keys;

  return keys != NULL && keys[0] != '\0' ? g_strdup (keys) : mugai_quarantine_default_keys (store->options->store);
}

gboolean mugai_keeper_store_open (MugaiKeeperStore *store, GError **error) {
  if (mugai_keeper_store_is_open (store))
    return TRUE;
  close_both (store);
  g_autofree char *keys = keys_folder (store);
  store->audit = mugai_audit_open (store->options->audit, error);
  if (store->audit == NULL || !mugai_audit_use_key (store->audit, keys, error))
    return FALSE;
  g_autoptr (MugaiKnown) known = mugai_known_new (store->options->audit, error);
  if (known == NULL)
    return FALSE;
  store->quarantine = mugai_quarantine_open_with_keys (store->options->store, keys, FALSE, error);
  if (store->quarantine == NULL || !repair (store, known, error) || !complete_acts (store, known, error)
      || !tell_head_missing (store, error) || !mugai_quarantine_destroy_disposed (store->quarantine, error))
    return FALSE;
  if (store->counters == NULL)
    store->counters = mugai_keeper_counters_new (store->options->audit, store->options->store, error);
  if (store->counters == NULL)
    return FALSE;
  store->known = g_steal_pointer (&known); /* from here on it is open */
  return TRUE;
}

/* ---- keeping ---- */

/* The answer was lost with the keeper's life, or the client's patience: it is given again. */
static gboolean answer_again (MugaiKeeperStore *store, MugaiKeeperRequest *request, GError **error) {
  g_autoptr (GError) cause = NULL;

  if (request->doer == NULL || mugai_quarantine_act_again (store->quarantine, request->id, &request->answer, &cause))
    return TRUE;
  if (cause->domain == MUGAI_ACT_ERROR)
    request->refused = g_steal_pointer (&cause);
  else
    g_propagate_error (error, g_steal_pointer (&cause));
  return request->refused != NULL;
}

/* Takes out what the chain knows already, and the second of two with one id: (transfer container): the rest. */
static GPtrArray *choose_new (MugaiKeeperStore *store, GPtrArray *group, GError **error) {
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) fresh = g_ptr_array_new ();

  for (guint i = 0; i < group->len; i++) {
    MugaiKeeperRequest *request = g_ptr_array_index (group, i);
    gboolean has = FALSE;
    if (!mugai_known_has (store->known, request->id, &has, error))
      return NULL;
    if (has && !answer_again (store, request, error))
      return NULL;
    if (!has && g_hash_table_add (seen, request->id))
      g_ptr_array_add (fresh, request);
  }
  return g_steal_pointer (&fresh);
}

static gboolean needs_index (GPtrArray *requests) {
  for (guint i = 0; i < requests->len; i++) {
    const MugaiKeeperRequest *request = g_ptr_array_index (requests, i);
    if (request->original_fd >= 0 || request->doer != NULL)
      return TRUE;
  }
  return FALSE;
}

/* A refused act is a line too, of a kind of its own; only what goes wrong beyond it fails the group. */
static gboolean do_act (MugaiKeeperStore *store, MugaiKeeperRequest *request, gint64 now_us, GError **error) {
  g_autoptr (GError) cause = NULL;
  json_t *line = NULL;
  gboolean done = mugai_quarantine_act (store->quarantine, request->kind, request->doer, request->body, now_us, &line,
                                        &request->answer, &cause);

  g_free (request->actor);
  request->actor = g_strdup (request->doer->name);
  json_decref (request->body);
  request->body = line;
  store->disposing = store->disposing || strcmp (request->kind, "delete") == 0 || strcmp (request->kind, "expire") == 0;
  if (done)
    return TRUE;
  if (cause->domain != MUGAI_ACT_ERROR) {
    g_propagate_error (error, g_steal_pointer (&cause));
    return FALSE;
  }
  json_object_set_new (line, "act", json_string (request->kind));
  json_object_set_new (line, "because", mugai_json_string (cause->message));
  g_free (request->kind);
  request->kind = g_strdup ("act-refused");
  request->refused = g_steal_pointer (&cause);
  return TRUE;
}

static gboolean put_rows (MugaiKeeperStore *store, GPtrArray *requests, gint64 now_us, GError **error) {
  if (!mugai_quarantine_begin (store->quarantine, error))
    return FALSE;
  for (guint i = 0; i < requests->len; i++) {
    MugaiKeeperRequest *request = g_ptr_array_index (requests, i);
    if (request->original_fd >= 0
        && !mugai_quarantine_put (store->quarantine, request->id, request->original_fd, request->body, error))
      return FALSE;
    if (request->doer != NULL && !do_act (store, request, now_us, error))
      return FALSE;
  }
  return mugai_quarantine_commit (store->quarantine, error);
}

typedef struct {
  guint64 seq;
  char hash[65];
} Place;

static gboolean write_lines (MugaiKeeperStore *store, GPtrArray *requests, gint64 now_us, GError **error) {
  g_autoptr (GArray) places = g_array_new (FALSE, TRUE, sizeof (Place));
  Place place;
  const char *hash;

  for (guint i = 0; i < requests->len; i++) {
    const MugaiKeeperRequest *request = g_ptr_array_index (requests, i);
    if (!mugai_audit_append (store->audit, request->kind, request->actor, request->body, now_us, error)
        || (strcmp (request->kind, "checkpoint-ask") == 0 && !mugai_audit_checkpoint (store->audit, now_us, error)))
      return FALSE;
    place.seq = mugai_audit_pending (store->audit, &hash);
    g_strlcpy (place.hash, hash, sizeof place.hash);
    g_array_append_val (places, place);
  }
  if (!mugai_audit_sync (store->audit, error))
    return FALSE;
  for (guint i = 0; i < requests->len; i++) {
    const MugaiKeeperRequest *request = g_ptr_array_index (requests, i);
    const Place *at = &g_array_index (places, Place, i);
    mugai_export_line (store->export, at->seq, at->hash, request->kind, request->actor, request->body);
  }
  return TRUE;
}

static gboolean keep_new (MugaiKeeperStore *store, GPtrArray *requests, GError **error) {
  gint64 now_us = g_get_real_time ();

  if (needs_index (requests) && !put_rows (store, requests, now_us, error))
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
  if (strcmp (request->kind, MUGAI_KEEPER_ASK_MARK) == 0)
    return mugai_keeper_mark_answer (store->audit, request, error);
  return mugai_keeper_counters_answer (store->counters, request, g_get_real_time (), error);
}

/* ---- beside requests ---- */

void mugai_keeper_store_after (MugaiKeeperStore *store) {
  g_autoptr (GError) error = NULL;

  if (store->disposing && !mugai_quarantine_destroy_disposed (store->quarantine, &error))
    g_message ("%s", error->message); /* and again at the next upkeep */
  else
    store->disposing = FALSE;
}

gboolean mugai_keeper_store_upkeep (MugaiKeeperStore *store, GError **error) {
  gint64 now_us = g_get_real_time ();
  gboolean more = FALSE;

  if (now_us < store->upkeep_at_us && !store->disposing)
    return TRUE;
  store->disposing = TRUE; /* also what was left over, a reader being in the way */
  mugai_keeper_store_after (store);
  g_autoptr (GPtrArray) acts =
      mugai_upkeep_acts (store->quarantine, store->audit, store->options, now_us, &more, error);
  if (acts == NULL)
    return FALSE;
  store->upkeep_at_us = more ? 0 : now_us + MUGAI_UPKEEP_S * G_USEC_PER_SEC;
  if (acts->len == 0)
    return TRUE;
  if (!mugai_keeper_store_keep (store, acts, error))
    return FALSE;
  mugai_keeper_store_after (store);
  return TRUE;
}
