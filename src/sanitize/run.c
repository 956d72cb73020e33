/* SPDX-License-Identifier: GPL-2.0-only
 *
 * The one way of a message through the house, outside the sandbox: facts from a worker, decision, new message from the same
 * worker, gate. Whatever is unexpected becomes a row of the policy's table of failures; nothing here can end in
 * delivering what the gate did not see.
 */
#include "mugai/sanitize.h"

#include "mugai/base/base.h"
#include "mugai/flow.h"
#include "mugai/gate.h"

#include "inspection.h"

MugaiOutcome *mugai_outcome_new (void) {
  MugaiOutcome *outcome = g_new0 (MugaiOutcome, 1);
  outcome->took = (MugaiTookMs){ .wait = -1, .spool = -1, .inspect = -1, .decide = -1, .rebuild = -1, .keep = -1 };
  return outcome;
}

void mugai_outcome_free (MugaiOutcome *outcome) {
  if (outcome == NULL)
    return;
  g_clear_pointer (&outcome->facts, mugai_facts_free);
  g_clear_pointer (&outcome->decision, mugai_decision_free);
  g_clear_pointer (&outcome->mail, g_bytes_unref);
  g_free (outcome->out_sha256);
  g_free (outcome->failure);
  g_free (outcome);
}

static gint64 ms_since (gint64 start_us) {
  return (g_get_monotonic_time () - start_us) / 1000;
}

/* ---- what goes out ---- */

static char **kept_digests (const MugaiFacts *facts, const MugaiDecision *decision) {
  GPtrArray *digests = g_ptr_array_new ();
  for (guint i = 0; facts != NULL && i < decision->parts->len; i++) {
    const MugaiPartDecision *choice = g_ptr_array_index (decision->parts, i);
    const MugaiPart *part = g_ptr_array_index (facts->parts, i);
    if (choice->action == MUGAI_PART_KEEP && part->role != MUGAI_ROLE_CONTAINER && part->role != MUGAI_ROLE_MEMBER)
      g_ptr_array_add (digests, g_strdup (part->sha256));
  }
  g_ptr_array_add (digests, NULL);
  return (char **) g_ptr_array_free (digests, FALSE);
}

/* Takes @mail into the outcome when the gate lets it pass. A notice is text whatever the ceiling. */
static gboolean pass_gate (MugaiOutcome *outcome, GBytes *mail, gboolean is_notice, GError **error) {
  g_auto (GStrv) kept = is_notice ? g_new0 (char *, 1) : kept_digests (outcome->facts, outcome->decision);
  MugaiGateExpect expect = { .ceiling = is_notice ? MUGAI_CEILING_TEXT : outcome->decision->ceiling,
                             .kept_sha256 = (const char *const *) kept };
  MugaiGateResult result = { 0 };
  gsize length_bytes = 0;
  const char *data = g_bytes_get_data (mail, &length_bytes);
  if (!mugai_gate_check (data, length_bytes, &expect, &result, error))
    return FALSE;
  outcome->mail = g_bytes_ref (mail);
  outcome->body_offset = result.body_offset;
  outcome->out_sha256 = mugai_sha256_hex (data, length_bytes);
  return TRUE;
}

static void tempfail (MugaiOutcome *outcome, const char *because) {
  g_clear_pointer (&outcome->decision, mugai_decision_free);
  outcome->decision = mugai_decision_new ();
  outcome->decision->action = MUGAI_ACTION_TEMPFAIL;
  outcome->decision->reply = g_strdup ("451 4.3.0 Message not processed, try again later");
  g_ptr_array_add (outcome->decision->reasons, mugai_reason_new ("failure", "", because));
  outcome->alarm = TRUE;
}

/* A held message is answered by a notice to those whom the decision names; to nobody, when it names none. */
static void write_held_notice (MugaiOutcome *outcome, const MugaiEnvelope *envelope,
                               const MugaiNoticeContext *context) {
  g_autoptr (GError) error = NULL;
  if (outcome->decision->action != MUGAI_ACTION_HOLD || outcome->decision->notify == NULL
      || outcome->decision->notify[0] == NULL)
    return;
  g_autoptr (GBytes) notice = mugai_notice_held (envelope, outcome->facts, outcome->decision, context);
  if (!pass_gate (outcome, notice, TRUE, &error))
    tempfail (outcome, error->message);
}

gboolean mugai_outcome_mark (MugaiOutcome *outcome, const char *mark, GError **error) {
  g_autoptr (GBytes) plain = g_steal_pointer (&outcome->mail);
  g_autofree char *sha256 = g_steal_pointer (&outcome->out_sha256);
  g_autoptr (GBytes) marked = mugai_mark_put (plain, mark);
  if (pass_gate (outcome, marked, TRUE, error))
    return TRUE;
  outcome->mail = g_steal_pointer (&plain);
  outcome->out_sha256 = g_steal_pointer (&sha256);
  return FALSE;
}

static void decide_failure (MugaiOutcome *outcome, const MugaiPolicy *policy, const MugaiEnvelope *envelope,
                            MugaiFailure failure, const char *because, const MugaiNoticeContext *context) {
  g_clear_pointer (&outcome->decision, mugai_decision_free);
  g_free (outcome->failure);
  outcome->decision = mugai_policy_decide_failure (policy, envelope, failure, because);
  outcome->failure = g_strdup (mugai_failure_name (failure));
  for (guint i = outcome->decision->parts->len; outcome->facts != NULL && i < outcome->facts->parts->len; i++)
    g_ptr_array_add (outcome->decision->parts, mugai_part_decision_new (MUGAI_PART_REMOVE, outcome->failure));
  write_held_notice (outcome, envelope, context);
}

MugaiOutcome *mugai_sanitize_failed (const MugaiPolicy *policy, const MugaiEnvelope *envelope, MugaiFailure failure,
                                     const char *because, const MugaiNoticeContext *context) {
  MugaiOutcome *outcome = mugai_outcome_new ();
  decide_failure (outcome, policy, envelope, failure, because, context);
  return outcome;
}

/* ---- the steps ---- */

/* Only where signatures are part of the set-up (a generation is there): an offline look scans nothing and says so. */
static gboolean scanner_failed (const MugaiPolicy *policy, const MugaiEnvelope *envelope, const MugaiFacts *facts,
                                MugaiFailure *ret_failure) {
  if (envelope->generation == 0)
    return FALSE;
  *ret_failure = facts->signatures_version == NULL ? MUGAI_FAILURE_SCANNER_MISSING : MUGAI_FAILURE_SIGNATURES_STALE;
  return facts->signatures_version == NULL || envelope->signatures_age_s >= mugai_policy_stale_after_s (policy);
}

/* Leaves in = verdicts out: checked for each message, not only in tests. */
static gboolean accounts_balance (const MugaiFacts *facts, const MugaiDecision *decision) {
  return decision->parts->len == facts->parts->len;
}

static gboolean goes_outside (const MugaiEnvelope *envelope) {
  for (guint i = 0; i < envelope->recipients->len; i++)
    if (((const MugaiRecipient *) g_ptr_array_index (envelope->recipients, i))->direction == MUGAI_DIRECTION_OUTBOUND)
      return TRUE;
  return envelope->direction == MUGAI_DIRECTION_OUTBOUND;
}

static gboolean rebuild (MugaiSteps *steps, MugaiOutcome *outcome, const MugaiPolicy *policy,
                         const MugaiEnvelope *envelope, const MugaiNoticeContext *context, GError **error) {
  g_autoptr (GBytes) mail = NULL;
  g_autoptr (GError) refused = NULL;
  gint64 start_us = g_get_monotonic_time ();
  MugaiNoticeContext ours = *context; /* borrows its texts */
  ours.outside = goes_outside (envelope);
  if (!steps->rebuild (steps->self, outcome->decision, &ours, &mail, error))
    return FALSE;
  outcome->took.rebuild = ms_since (start_us);
  if (outcome->decision->hide_recipients) {
    g_autoptr (GBytes) shown = g_steal_pointer (&mail);
    mail = mugai_hide_recipients (shown);
  }
  if (pass_gate (outcome, mail, FALSE, &refused))
    return TRUE;
  decide_failure (outcome, policy, envelope, MUGAI_FAILURE_GATE_REFUSED, refused->message, context);
  outcome->alarm = TRUE;
  return TRUE;
}

static gboolean act (MugaiSteps *steps, MugaiOutcome *outcome, const MugaiPolicy *policy, const MugaiEnvelope *envelope,
                     const MugaiNoticeContext *context, GError **error) {
  if (!accounts_balance (outcome->facts, outcome->decision)) {
    tempfail (outcome, "leaves in and verdicts out do not balance");
    return TRUE;
  }
  if (outcome->decision->action == MUGAI_ACTION_DELIVER && outcome->decision->changed)
    return rebuild (steps, outcome, policy, envelope, context, error);
  write_held_notice (outcome, envelope, context);
  return TRUE;
}

gboolean mugai_sanitize_run (MugaiSteps *steps, const MugaiPolicy *policy, MugaiEnvelope *envelope, int message_fd,
                             const MugaiNoticeContext *context, MugaiOutcome **ret_outcome, GError **error) {
  g_autoptr (MugaiOutcome) outcome = mugai_outcome_new ();
  g_autofree char *unreadable = NULL;
  MugaiFailure failure = MUGAI_FAILURE_MESSAGE_UNREADABLE;
  gint64 start_us = g_get_monotonic_time ();
  if (!steps->inspect (steps->self, message_fd, &outcome->facts, &unreadable, error))
    return FALSE;
  outcome->took.inspect = ms_since (start_us);
  if (outcome->facts == NULL) {
    decide_failure (outcome, policy, envelope, failure, unreadable, context);
  } else if (scanner_failed (policy, envelope, outcome->facts, &failure)) {
    decide_failure (outcome, policy, envelope, failure, mugai_failure_name (failure), context);
  } else {
    g_strfreev (envelope->forwarding);
    g_free (envelope->forwarding_owner);
    envelope->forwarding = mugai_flow_forwarding (mugai_policy_organisation (policy), envelope, outcome->facts);
    envelope->forwarding_owner =
        envelope->forwarding[0] != NULL
            ? mugai_flow_forwarding_owner (mugai_policy_organisation (policy), envelope, outcome->facts)
            : NULL;
    start_us = g_get_monotonic_time ();
    outcome->decision = mugai_policy_decide (policy, envelope, outcome->facts);
    outcome->took.decide = ms_since (start_us);
    if (!act (steps, outcome, policy, envelope, context, error))
      return FALSE;
  }
  *ret_outcome = g_steal_pointer (&outcome);
  return TRUE;
}
