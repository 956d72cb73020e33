/* SPDX-License-Identifier: GPL-2.0-only
 *
 * keeper/notices: notices of held mail beside the chain that says who had them, and the mark that is ours alone to make.
 */
#pragma once

#include "mugai/audit.h"
#include "mugai/flow/notices.h"

#include "request.h"

/** mugai_keeper_notices_note: a line that is durable on the chain. */
void mugai_keeper_notices_note (MugaiNotices *notices, const char *kind, json_t *body, gint64 at_us);
/** mugai_keeper_notices_answer: (transfer full): to MUGAI_KEEPER_ASK_NOTICES and MUGAI_KEEPER_ASK_DIGEST; NULL and @error: not as agreed. */
json_t *mugai_keeper_notices_answer (MugaiNotices *notices, const MugaiKeeperRequest *request, gint64 now_us,
                                     GError **error);
/** mugai_keeper_mark_answer: (transfer full): to MUGAI_KEEPER_ASK_MARK. */
json_t *mugai_keeper_mark_answer (const MugaiAudit *audit, const MugaiKeeperRequest *request, GError **error);
