/* SPDX-License-Identifier: GPL-2.0-only
 *
 * quarantine/await: mails that wait for an approval or the end of a delay: the record's member "awaits", {"kind": "approval"|"delay",
 * "approvers": [addresses], "until_s": with a delay}.
 */
#pragma once

#include "mugai/quarantine/acts.h"

#include "store.h"

#define MUGAI_AWAIT_REQUESTER "mail:" /* and the envelope sender: who asks, by writing the mail */
#define MUGAI_AWAIT_DELAY_REASON "by rule: delay"

/** mugai_quarantine_awaits: (transfer full): what @id waits for; an empty object: nothing; NULL and @error. */
json_t *mugai_quarantine_awaits (MugaiQuarantine *quarantine, const char *id, GError **error);
gboolean mugai_quarantine_awaits_delay (json_t *awaits);
/** mugai_quarantine_put_await: in the item's own group: opens its release, where @record says that it waits, and it is not infected. */
gboolean mugai_quarantine_put_await (MugaiQuarantine *quarantine, const char *id, json_t *record, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/** mugai_actor_is: is this person the owner of @address? */
gboolean mugai_actor_is (const MugaiActor *actor, const char *address);
/** mugai_actor_is_sender: by envelope sender, login at the MTA, or From. */
gboolean mugai_actor_is_sender (const MugaiActor *actor, json_t *record);
/** mugai_actor_may_approve: one of the approvers that the rule named, or it named none. */
gboolean mugai_actor_may_approve (const MugaiActor *actor, json_t *awaits);
