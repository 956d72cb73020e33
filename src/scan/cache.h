/* SPDX-License-Identifier: GPL-2.0-only
 *
 * scan/cache: objects that libclamav found clean, by SHA-256. One scanner has one signature set and one set of options, so
 * these need no place in the key; a new generation begins with an empty cache.
 *
 * Belongs to one worker: nothing is shared, so one that a message took over can lie to nobody but itself, as it could anyway.
 * Two halves: when the young one is full the old one is dropped, and what is asked for again moves to the young one.
 */
#pragma once

#include <glib.h>

typedef struct MugaiCache MugaiCache;

/** mugai_cache_new: @max_entries: 0: remembers nothing. */
MugaiCache *mugai_cache_new (guint max_entries);
void mugai_cache_free (MugaiCache *cache);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiCache, mugai_cache_free)

/** mugai_cache_add, _has: @key: a digest in hexadecimal, or with a word before it. */
void mugai_cache_add (MugaiCache *cache, const char *key);
gboolean mugai_cache_has (MugaiCache *cache, const char *key);
guint mugai_cache_size (const MugaiCache *cache);
