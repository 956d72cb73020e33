/* SPDX-License-Identifier: GPL-2.0-only
 *
 * keeper/store: quarantine and chain together: a group of requests durable in both, or in neither.
 */
#pragma once

#include "request.h"

typedef struct MugaiKeeperStore MugaiKeeperStore;

/** mugai_keeper_store_new: not open yet. @options is borrowed. */
MugaiKeeperStore *mugai_keeper_store_new (const MugaiKeeperOptions *options);
void mugai_keeper_store_free (MugaiKeeperStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiKeeperStore, mugai_keeper_store_free)

/** mugai_keeper_store_open: opens both and undoes what the chain does not know, unless it is open. MUGAI_AUDIT_ERROR_BROKEN is for good. */
gboolean mugai_keeper_store_open (MugaiKeeperStore *store, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean mugai_keeper_store_is_open (const MugaiKeeperStore *store);
/** mugai_keeper_store_keep: the whole group (of MugaiKeeperRequest), or nothing of it and @error; then the store is closed. */
gboolean mugai_keeper_store_keep (MugaiKeeperStore *store, GPtrArray *group, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** mugai_keeper_store_finish: at a clean end: the next start has nothing to look at. */
void mugai_keeper_store_finish (MugaiKeeperStore *store);
/** mugai_keeper_store_answer: (transfer full): to a question about the counters. */
json_t *mugai_keeper_store_answer (MugaiKeeperStore *store, const MugaiKeeperRequest *request, GError **error);
/** mugai_keeper_store_after: what may only be done once the lines are durable: keys of items that were disposed of. */
void mugai_keeper_store_after (MugaiKeeperStore *store);
/** mugai_keeper_store_upkeep: a little of: expiry, rewrapping, forgetting keys, retention of the chain. */
gboolean mugai_keeper_store_upkeep (MugaiKeeperStore *store, GError **error) G_GNUC_WARN_UNUSED_RESULT;
