/* SPDX-License-Identifier: GPL-2.0-only
 *
 * keeper/counters: the counters of sent mail beside the chain they come from.
 */
#pragma once

#include "request.h"

typedef struct MugaiKeeperCounters MugaiKeeperCounters;

/** mugai_keeper_counters_new: as the chain in @audit says: the records of the longest window, and who is stopped. @store: folder for the
 * list of those stopped. NULL and @error: the chain cannot be read. */
MugaiKeeperCounters *mugai_keeper_counters_new (const char *audit, const char *store, GError **error);
void mugai_keeper_counters_free (MugaiKeeperCounters *counters);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiKeeperCounters, mugai_keeper_counters_free)

/** mugai_keeper_counters_note: a line that is durable on the chain: a record is counted, a stop or resumption obeyed. */
void mugai_keeper_counters_note (MugaiKeeperCounters *counters, const char *kind, json_t *body, gint64 at_us);

/** mugai_keeper_counters_is_question: a request that is answered at once and leaves nothing on the chain. */
gboolean mugai_keeper_counters_is_question (const char *kind);
/** mugai_keeper_counters_answer: (transfer full): the answer's object; NULL and @error: not as agreed. */
json_t *mugai_keeper_counters_answer (MugaiKeeperCounters *counters, const MugaiKeeperRequest *request, gint64 now_us,
                                      GError **error);
