/* SPDX-License-Identifier: GPL-2.0-only
 *
 * keeper/upkeep: what time asks for, as acts of the keeper itself.
 */
#pragma once

#include "mugai/audit.h"

#include "request.h"

#define MUGAI_UPKEEP_S 30
#define MUGAI_UPKEEP_ITEMS 64u /* in one turn: a group, so that mail waits no longer than behind other mail */

/** mugai_upkeep_acts: (transfer full): of MugaiKeeperRequest: items to expire, and notes of keys forgotten and segments removed, which is done by
 * then. @ret_more: come again soon. */
GPtrArray *mugai_upkeep_acts (MugaiQuarantine *quarantine, MugaiAudit *audit, const MugaiKeeperOptions *options,
                              gint64 now_us, gboolean *ret_more, GError **error);
