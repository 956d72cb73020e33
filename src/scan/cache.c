/* SPDX-License-Identifier: GPL-2.0-only
 *
 * scan/cache: see cache.h.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "cache.h"

struct MugaiCache {
  guint max_half;
  GHashTable *young, *old;
};

static GHashTable *new_half (void) {
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

MugaiCache *mugai_cache_new (guint max_entries) {
  MugaiCache *cache = g_new0 (MugaiCache, 1);
  cache->max_half = max_entries / 2;
  cache->young = new_half ();
  cache->old = new_half ();
  return cache;
}

void mugai_cache_free (MugaiCache *cache) {
  if (!cache)
    return;
  g_hash_table_unref (cache->young);
  g_hash_table_unref (cache->old);
  g_free (cache);
}

void mugai_cache_add (MugaiCache *cache, const char *key) {
  if (cache->max_half == 0)
    return;
  if (g_hash_table_size (cache->young) >= cache->max_half) {
    g_hash_table_unref (cache->old);
    cache->old = cache->young;
    cache->young = new_half ();
  }
  g_hash_table_add (cache->young, g_strdup (key));
}

gboolean mugai_cache_has (MugaiCache *cache, const char *key) {
  if (g_hash_table_contains (cache->young, key))
    return TRUE;
  if (!g_hash_table_contains (cache->old, key))
    return FALSE;
  mugai_cache_add (cache, key);
  return TRUE;
}

guint mugai_cache_size (const MugaiCache *cache) {
  return g_hash_table_size (cache->young) + g_hash_table_size (cache->old);
}
