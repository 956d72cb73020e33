/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Who is told of a held mail: somebody inside, always; with nobody inside to tell, the mail is refused. Pure, as decide.c is.
 */
#include "judge.h"

static gboolean is_known_inside_sender (const MugaiEnvelope *envelope) {
  return envelope->from && *envelope->from && envelope->from_inside
         && (envelope->client_inside || (envelope->auth && *envelope->auth));
}

/* The reviewers of the first branch that the mail concerns, else the whole's. */
static const char *reviewers_of (const MugaiPolicy *policy, const MugaiEnvelope *envelope) {
  for (guint i = 0; i < MAX (envelope->recipients->len, 1); i++) {
    const MugaiRecipient *recipient =
        i < envelope->recipients->len ? g_ptr_array_index (envelope->recipients, i) : NULL;
    guint branch = branch_of (policy, envelope, recipient ? recipient->direction : envelope->direction,
                              recipient ? recipient->address : NULL);
    const Branch *ours = branch ? g_ptr_array_index (policy->branches, branch - 1) : NULL;
    if (ours && *ours->reviewers)
      return ours->reviewers;
  }
  return policy->organisation.reviewers;
}

/* Who is told of a held mail: somebody inside, always. */
static void fill_notify (const MugaiPolicy *policy, const MugaiEnvelope *envelope, MugaiDecision *decision) {
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  gboolean outbound = envelope->direction == MUGAI_DIRECTION_OUTBOUND;
  guint n = 0;
  if (outbound && envelope->forwarding_owner) { /* a sender kept on the way may be a colleague who knows of nothing */
    if (*envelope->forwarding_owner) {
      g_strv_builder_add (builder, envelope->forwarding_owner);
      n++;
    }
  } else if (outbound && is_known_inside_sender (envelope)) {
    g_strv_builder_add (builder, envelope->from);
    n++;
  }
  for (guint i = 0; !outbound && i < envelope->recipients->len; i++) {
    const MugaiRecipient *recipient = g_ptr_array_index (envelope->recipients, i);
    if (!recipient->inside || recipient->direction == MUGAI_DIRECTION_RELAY)
      continue;
    g_strv_builder_add (builder, recipient->address);
    n++;
  }
  const char *reviewers = reviewers_of (policy, envelope);
  if (n == 0 && reviewers && *reviewers)
    g_strv_builder_add (builder, reviewers);
  g_strfreev (decision->notify);
  decision->notify = g_strv_builder_end (builder);
}

/* Held, but nobody inside to tell: the sender's MTA has to know. */
void settle_hold (const MugaiPolicy *policy, const MugaiEnvelope *envelope, MugaiDecision *decision) {
  if (decision->action != MUGAI_ACTION_HOLD)
    return;
  fill_notify (policy, envelope, decision);
  if (decision->notify[0])
    return;
  decision->awaits = MUGAI_AWAITS_NOTHING;
  decision->action = MUGAI_ACTION_REFUSE;
  g_free (decision->reply);
  decision->reply = g_strdup ("550 5.7.1 Message refused by policy");
}
