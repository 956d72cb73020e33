/* SPDX-License-Identifier: GPL-2.0-only
 *
 * keeper/peer: who is at the other end of a socket: the person, not only the process.
 */
#pragma once

#include "mugai/quarantine/acts.h"
#include "mugai/base/json.h"

/** mugai_keeper_peer: (transfer full): by the kernel's word; @body's "sudo_uid" counts only from root without a login uid. NULL: nobody there. */
MugaiActor *mugai_keeper_peer (int fd, json_t *body, const MugaiAccounts *accounts);
