/* SPDX-License-Identifier: GPL-2.0-only
 *
 * keeper/peer: who is at the other end of a socket, and what that one may ask for.
 */
#pragma once

#include "request.h"

/** mugai_keeper_admit: may the process at @fd ask for it? Sets @request's doer where a person acts. FALSE: refused, with words. What a person
 * may do with an item is looked at later, by the act itself, and a refusal there is a line on the chain. */
gboolean mugai_keeper_admit (int fd, const MugaiKeeperOptions *options, MugaiKeeperRequest *request, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
