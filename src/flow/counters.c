/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Token buckets. A bucket holds what was sent and not yet forgotten: it drains evenly, so that a limit of 200 an hour lets
 * 200 go at once and then one every 18 s. Limits come with each question, so a new policy holds from the next mail on.
 */
#include "mugai/flow/counters.h"

#include <string.h>

typedef struct {
  char *key;
  double messages, recipients; /* at at_us */
  gint64 at_us;
  gint64 window_s;
  GList *link; /* in the table's order */
} Bucket;

typedef struct {
  GHashTable *buckets; /* key -> Bucket */
  GQueue *order;       /* of Bucket, longest unused first */
} Table;

struct MugaiCounters {
  Table inside, outside;
  GHashTable *stopped; /* key -> gint64: since when [µs] */
};

static void bucket_free (gpointer data) {
  Bucket *bucket = data;
  g_free (bucket->key);
  g_free (bucket);
}

static void table_init (Table *table) {
  table->buckets = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, bucket_free);
  table->order = g_queue_new ();
}

static void table_clear (Table *table) {
  g_queue_free (table->order);
  g_hash_table_unref (table->buckets);
}

MugaiCounters *mugai_counters_new (void) {
  MugaiCounters *counters = g_new0 (MugaiCounters, 1);
  table_init (&counters->inside);
  table_init (&counters->outside);
  counters->stopped = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return counters;
}

void mugai_counters_free (MugaiCounters *counters) {
  if (!counters)
    return;
  table_clear (&counters->inside);
  table_clear (&counters->outside);
  g_hash_table_unref (counters->stopped);
  g_free (counters);
}

static const Table *table_of (const MugaiCounters *counters, const char *key) {
  return g_str_has_prefix (key, "inbound:") ? &counters->outside : &counters->inside;
}

/* ---- buckets ---- */

/* What is left at @now_us of @level; a clock that was set back drains nothing. */
static double drained (const Bucket *bucket, double level, double limit, gint64 now_us) {
  double elapsed_s = (double) MAX (0, now_us - bucket->at_us) / G_USEC_PER_SEC;
  return MAX (0.0, level - elapsed_s * limit / (double) MAX (1, bucket->window_s));
}

/* Without a limit a count is shown all the same: it drains as if what is in it were the limit. */
static double limit_or_level (guint limit, double level) {
  return limit > 0 ? (double) limit : level;
}

static Bucket *get_bucket (Table *table, const char *key, gint64 at_us) {
  Bucket *bucket = g_hash_table_lookup (table->buckets, key);
  if (bucket) {
    g_queue_unlink (table->order, bucket->link);
    g_queue_push_tail_link (table->order, bucket->link);
    return bucket;
  }
  if (g_hash_table_size (table->buckets) >= MUGAI_COUNTERS_MAX_KEYS) {
    Bucket *oldest = g_queue_pop_head (table->order);
    g_hash_table_remove (table->buckets, oldest->key);
  }
  bucket = g_new0 (Bucket, 1);
  bucket->key = g_strdup (key);
  bucket->at_us = at_us;
  g_queue_push_tail (table->order, bucket);
  bucket->link = g_queue_peek_tail_link (table->order);
  g_hash_table_insert (table->buckets, bucket->key, bucket);
  return bucket;
}

void mugai_counters_add (MugaiCounters *counters, const MugaiRate *rate, guint recipients, gint64 at_us) {
  Bucket *bucket = get_bucket ((Table *) table_of (counters, rate->key), rate->key, at_us);
  bucket->window_s = rate->window_s;
  bucket->messages = drained (bucket, bucket->messages, limit_or_level (rate->messages, bucket->messages), at_us) + 1;
  bucket->recipients =
      drained (bucket, bucket->recipients, limit_or_level (rate->recipients, bucket->recipients), at_us) + recipients;
  bucket->at_us = MAX (bucket->at_us, at_us);
}

static gboolean runs_over (const Bucket *bucket, double level, guint limit, guint more, gint64 now_us) {
  /* The small rest of a computed level must not refuse the mail that just fits. */
  return limit > 0 && drained (bucket, level, limit, now_us) + more > (double) limit + 1e-6;
}

gboolean mugai_counters_exceeds (const MugaiCounters *counters, const MugaiRate *rate, guint recipients,
                                 gint64 now_us) {
  static const Bucket empty = { .window_s = 1 };
  if (mugai_counters_is_stopped (counters, rate->key))
    return TRUE;
  const Bucket *bucket = g_hash_table_lookup (table_of (counters, rate->key)->buckets, rate->key);
  if (!bucket)
    bucket = &empty;
  return runs_over (bucket, bucket->messages, rate->messages, 1, now_us)
         || runs_over (bucket, bucket->recipients, rate->recipients, recipients, now_us);
}

guint mugai_counters_size (const MugaiCounters *counters) {
  return g_hash_table_size (counters->inside.buckets) + g_hash_table_size (counters->outside.buckets);
}

/* ---- stopped ---- */

gboolean mugai_counters_stop (MugaiCounters *counters, const char *key, gint64 at_us) {
  if (g_hash_table_contains (counters->stopped, key))
    return TRUE;
  if (g_hash_table_size (counters->stopped) >= MUGAI_COUNTERS_MAX_STOPPED)
    return FALSE;
  gint64 *since = g_new (gint64, 1);
  *since = at_us;
  g_hash_table_insert (counters->stopped, g_strdup (key), since);
  return TRUE;
}

void mugai_counters_resume (MugaiCounters *counters, const char *key) {
  g_hash_table_remove (counters->stopped, key);
}

gboolean mugai_counters_is_stopped (const MugaiCounters *counters, const char *key) {
  return g_hash_table_contains (counters->stopped, key);
}

/* ---- the list ---- */

static int compare_fullest (gconstpointer a, gconstpointer b) {
  const Bucket *left = *(Bucket *const *) a, *right = *(Bucket *const *) b;
  if (left->messages != right->messages)
    return left->messages < right->messages ? 1 : -1;
  return strcmp (left->key, right->key);
}

static json_t *entry (const char *key, const Bucket *bucket, const gint64 *since) {
  json_t *object = json_object ();
  json_object_set_new (object, "key", mugai_json_string (key));
  json_object_set_new (object, "stopped", json_boolean (since != NULL));
  json_object_set_new (object, "messages", json_integer (bucket ? (json_int_t) (bucket->messages + 0.5) : 0));
  json_object_set_new (object, "recipients", json_integer (bucket ? (json_int_t) (bucket->recipients + 0.5) : 0));
  json_object_set_new (object, "at_us", json_integer (since ? *since : bucket ? bucket->at_us : 0));
  return object;
}

static void collect (const Table *table, GPtrArray *all) {
  GHashTableIter iter;
  gpointer bucket;
  g_hash_table_iter_init (&iter, table->buckets);
  while (g_hash_table_iter_next (&iter, NULL, &bucket))
    g_ptr_array_add (all, bucket);
}

json_t *mugai_counters_list (const MugaiCounters *counters, gint64 now_us, guint max) {
  json_t *array = json_array ();
  g_autoptr (GPtrArray) all = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer key, since;
  g_hash_table_iter_init (&iter, counters->stopped);
  while (g_hash_table_iter_next (&iter, &key, &since) && json_array_size (array) < max)
    json_array_append_new (array, entry (key, g_hash_table_lookup (table_of (counters, key)->buckets, key), since));
  collect (&counters->inside, all);
  collect (&counters->outside, all);
  g_ptr_array_sort (all, compare_fullest);
  for (guint i = 0; i < all->len && json_array_size (array) < max; i++) {
    const Bucket *bucket = g_ptr_array_index (all, i);
    gboolean old = now_us - bucket->at_us > bucket->window_s * G_USEC_PER_SEC;
    if (!old && !mugai_counters_is_stopped (counters, bucket->key))
      json_array_append_new (array, entry (bucket->key, bucket, NULL));
  }
  return array;
}
