/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Counted refusals: groups by client, rule and reply, in one table under one lock. The keeper is asked outside the lock, so that a
 * slow disk holds up nobody's RCPT.
 */
#include "refusals.h"

#include "mugai/base/base.h"
#include "mugai/flow.h"
#include "mugai/keeper.h"

#define TELL_TIMEOUT_MS 2000 /* and again the next time */

typedef struct {
  char *client, *rule, *reply;
  char *id;                 /* of the line to come; NULL: nothing is counted */
  guint recorded;           /* with a record of their own */
  guint64 counted;          /* since the last line */
  gint64 begin_us;          /* of the window, monotonic */
  gint64 first_us, last_us; /* of those counted, since 1970 */
  json_t *samples;
} Group;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of all below */
static GHashTable *groups;                               /* key -> Group */
static guint recorded_all;
static gint64 begin_all_us;

static void group_free (gpointer data) {
  Group *group = data;
  g_free (group->client);
  g_free (group->rule);
  g_free (group->reply);
  g_free (group->id);
  json_decref (group->samples);
  g_free (group);
}

static gboolean is_over (gint64 begin_us, gint64 now_us, gint64 seconds) {
  return now_us - begin_us >= seconds * G_USEC_PER_SEC;
}

/* ---- counting ---- */

static Group *get_group (const char *client, const char *rule, const char *reply, gint64 now_us) {
  if (groups == NULL)
    groups = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, group_free);
  g_autofree char *key = g_strjoin (" ", client, rule, reply, NULL);
  Group *group = g_hash_table_lookup (groups, key);
  if (group == NULL && g_hash_table_size (groups) >= MUGAI_REFUSALS_CLIENTS && *client != '\0')
    return get_group ("", rule, reply, now_us); /* one for all others */
  if (group != NULL)
    return group;
  group = g_new0 (Group, 1);
  group->client = g_strdup (client);
  group->rule = g_strdup (rule);
  group->reply = g_strdup (reply);
  group->samples = json_array ();
  group->begin_us = now_us;
  g_hash_table_insert (groups, g_steal_pointer (&key), group);
  return group;
}

/* TRUE: there is room for one more record, and it is taken. */
static gboolean take_record (Group *group, gint64 now_us) {
  if (is_over (group->begin_us, now_us, MUGAI_REFUSALS_WINDOW_S)) {
    group->begin_us = now_us;
    group->recorded = 0;
  }
  if (is_over (begin_all_us, now_us, MUGAI_REFUSALS_WINDOW_S)) {
    begin_all_us = now_us;
    recorded_all = 0;
  }
  if (group->recorded >= MUGAI_REFUSALS_RECORDED || recorded_all >= MUGAI_REFUSALS_RECORDED_ALL)
    return FALSE;
  group->recorded++;
  recorded_all++;
  return TRUE;
}

static void add_to_group (Group *group, const MugaiEnvelope *envelope, const char *what) {
  if (group->counted++ == 0) {
    group->first_us = envelope->time_us;
    group->id = group->id != NULL ? group->id : mugai_id_new ();
  }
  group->last_us = envelope->time_us;
  if (json_array_size (group->samples) < MUGAI_REFUSALS_SAMPLES) {
    g_autofree char *sample = g_strdup_printf ("from=<%s> %s", envelope->from, what);
    json_array_append_new (group->samples, mugai_json_string (sample));
  }
}

gboolean mugai_refusals_count (const MugaiEnvelope *envelope, const MugaiDecision *decision, const char *what,
                               char **ret_id) {
  const MugaiReason *reason = decision->reasons->len > 0 ? g_ptr_array_index (decision->reasons, 0) : NULL;
  g_autofree char *client = mugai_flow_client_network (envelope->client);
  gint64 now_us = g_get_monotonic_time ();
  pthread_mutex_lock (&lock);
  Group *group = get_group (client, reason != NULL ? reason->rule : "", decision->reply, now_us);
  gboolean counted = !take_record (group, now_us);
  if (counted) {
    add_to_group (group, envelope, what);
    *ret_id = g_strdup (group->id);
  }
  pthread_mutex_unlock (&lock);
  return counted;
}

/* ---- telling ---- */

static json_t *line_of (const Group *group) {
  g_autofree char *first = mugai_time_rfc3339 (group->first_us);
  g_autofree char *last = mugai_time_rfc3339 (group->last_us);
  json_t *body = json_object ();
  json_object_set_new (body, "id", mugai_json_string (group->id));
  json_object_set_new (body, "client", mugai_json_string (group->client));
  json_object_set_new (body, "rule", mugai_json_string (group->rule));
  json_object_set_new (body, "reply", mugai_json_string (group->reply));
  json_object_set_new (body, "count", json_integer ((json_int_t) group->counted));
  json_object_set_new (body, "first", mugai_json_string (first));
  json_object_set_new (body, "last", mugai_json_string (last));
  json_object_set_new (body, "samples", json_deep_copy (group->samples));
  return body;
}

/* (transfer full): the keys of groups that have something to tell; groups that are over and told go. */
static GPtrArray *due_keys (gboolean all) {
  GPtrArray *keys = g_ptr_array_new_with_free_func (g_free);
  gint64 now_us = g_get_monotonic_time (), real_us = g_get_real_time ();
  GHashTableIter iter;
  gpointer key, value;
  g_hash_table_iter_init (&iter, groups);
  while (g_hash_table_iter_next (&iter, &key, &value)) {
    const Group *group = value;
    if (group->counted > 0 && (all || is_over (group->first_us, real_us, MUGAI_REFUSALS_TOLD_S)))
      g_ptr_array_add (keys, g_strdup (key));
    else if (group->counted == 0 && is_over (group->begin_us, now_us, MUGAI_REFUSALS_WINDOW_S))
      g_hash_table_iter_remove (&iter);
  }
  return keys;
}

/* What came in while the keeper was asked stays for the next line. */
static void forget_told (Group *group, guint64 told) {
  group->counted -= told;
  group->first_us = group->last_us;
  g_clear_pointer (&group->id, g_free);
  if (group->counted > 0)
    group->id = mugai_id_new ();
  json_array_clear (group->samples);
}

static gboolean tell (const char *key) {
  g_autoptr (GError) error = NULL;
  pthread_mutex_lock (&lock);
  Group *group = g_hash_table_lookup (groups, key); /* only this thread takes groups out */
  guint64 count = group->counted;
  g_autoptr (MugaiJson) body = line_of (group);
  pthread_mutex_unlock (&lock);
  if (!mugai_keeper_log_act (mugai_front.keeper_socket, MUGAI_REFUSALS_KIND, MUGAI_KEEPER_SERVICE, body,
                             TELL_TIMEOUT_MS, &error)) {
    mugai_front_log ("refusals: %s", error->message);
    return FALSE;
  }
  mugai_front_log ("refusals client=%s rule=%s count=%" G_GUINT64_FORMAT, group->client, group->rule, count);
  pthread_mutex_lock (&lock);
  forget_told (group, count);
  pthread_mutex_unlock (&lock);
  return TRUE;
}

void mugai_refusals_tell (gboolean all) {
  pthread_mutex_lock (&lock);
  g_autoptr (GPtrArray) keys = groups != NULL ? due_keys (all) : NULL;
  pthread_mutex_unlock (&lock);
  for (guint i = 0; keys != NULL && i < keys->len; i++)
    if (!tell (g_ptr_array_index (keys, i)))
      return; /* the keeper is away: none of the others would do better */
}
