/* SPDX-License-Identifier: GPL-2.0-only
 *
 * flow/counters: token buckets by key, and keys that a person has stopped; the interface that a shared store can implement later.
 *
 * In memory only: the keeper owns one, fills it from the audit chain at its start, and counts a mail when that mail's record is durable.
 * Inside and outside keys have tables of their own, so that a flood from outside makes nobody inside forgotten. One thread.
 */
#pragma once

#include "mugai/base/facts.h"
#include "mugai/base/json.h"

#define MUGAI_COUNTERS_MAX_KEYS                                                                                        \
  20000u /* of each table: 10,000 senders as sender and user; above it the longest unused goes */
#define MUGAI_COUNTERS_MAX_STOPPED 10000u /* keys stopped at a time */

typedef struct MugaiCounters MugaiCounters;

MugaiCounters *mugai_counters_new (void);
void mugai_counters_free (MugaiCounters *counters);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiCounters, mugai_counters_free)

/** mugai_counters_add: one mail to so many @recipients at @at_us [µs since 1970] into the bucket of @rate->key; it runs dry within @rate->window_s. */
void mugai_counters_add (MugaiCounters *counters, const MugaiRate *rate, guint recipients, gint64 at_us);
/** mugai_counters_exceeds: would one more mail to @recipients run over a limit of @rate (0: none), or is its key stopped? Changes nothing. */
gboolean mugai_counters_exceeds (const MugaiCounters *counters, const MugaiRate *rate, guint recipients, gint64 now_us);

/** mugai_counters_stop: from now on everything by @key exceeds, until resumed. FALSE: too many are. */
gboolean mugai_counters_stop (MugaiCounters *counters, const char *key, gint64 at_us);
void mugai_counters_resume (MugaiCounters *counters, const char *key);
gboolean mugai_counters_is_stopped (const MugaiCounters *counters, const char *key);

guint mugai_counters_size (const MugaiCounters *counters);
/** mugai_counters_list: (transfer full): [{"key", "stopped", "messages", "recipients", "at_us"}]: stopped ones, then the fullest; at most @max. */
json_t *mugai_counters_list (const MugaiCounters *counters, gint64 now_us, guint max);
