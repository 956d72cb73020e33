/* SPDX-License-Identifier: GPL-2.0-only
 *
 * What can be said before the message is there, at MAIL and RCPT, and what is said when a step failed: the table of failures. Pure,
 * as decide.c is.
 */
#include "judge.h"

#include <string.h>

/* ---- at MAIL and RCPT ---- */

/*
 * The first rule that ends the search among those that are known to hold now. A rule that needs more than is known is
 * passed over, so one that refuses on the envelope alone refuses at once, whatever stands before it that looks at content.
 * A rule with an exception that cannot be judged yet waits for the end of the message.
 */
static const Rule *early_rule (const MugaiPolicy *policy, const View *view, guint stage, gboolean *ret_relay_open) {
  for (guint i = 0; i < policy->message_rules->len; i++) {
    const Rule *rule = g_ptr_array_index (policy->message_rules, i);
    gboolean is_relay = strcmp (rule->said.id, RULE_RELAY) == 0;
    if (!(rule->stages & stage) || rule->monitor || rule->verb == VERB_CONTINUE)
      continue;
    Match match = rule_match (rule, view, NULL);
    for (guint j = 0; match == MATCH_YES && rule->exceptions && j < rule->exceptions->len; j++) {
      const Exception *exception = g_ptr_array_index (rule->exceptions, j);
      if (!(exception->stages & stage) && exception_is_active (exception, view->envelope))
        match = MATCH_EXCEPTED;
    }
    if (match == MATCH_EXCEPTED && is_relay)
      *ret_relay_open = TRUE;
    if (match == MATCH_YES)
      return rule;
  }
  return NULL;
}

/* Later is said to the whole mail at MAIL, never to one of its recipients: then the others would get it without that one. */
static gboolean answers_early (const Rule *rule, const View *view) {
  return rule->verb == VERB_REFUSE || (rule->verb == VERB_TEMPFAIL && !view->recipient);
}

static MugaiDecision *early_decision (const MugaiPolicy *policy, const View *view, const Rule *rule) {
  MugaiDecision *decision = mugai_decision_new ();
  decision->action = MUGAI_ACTION_DELIVER;
  decision->ceiling = branch_ceiling (policy, view->branch, view->direction)->level;
  if (rule && answers_early (rule, view)) {
    g_autofree char *because = condition_because (rule->when, view);
    decision->action = verb_action (rule->verb);
    decision->reply = reply_of (rule, view);
    g_ptr_array_add (decision->reasons, new_reason (&rule->said, because));
  }
  if (view->recipient)
    add_recipient (decision, decision->action, decision->action == MUGAI_ACTION_DELIVER ? RULE_CEILING : rule->said.id);
  return decision;
}

MugaiDecision *mugai_policy_decide_sender (const MugaiPolicy *policy, const MugaiEnvelope *envelope,
                                           guint64 claimed_bytes) {
  static const MugaiDirection inside[] = { MUGAI_DIRECTION_OUTBOUND, MUGAI_DIRECTION_INTERNAL };
  static const MugaiDirection outside[] = { MUGAI_DIRECTION_INBOUND, MUGAI_DIRECTION_INBOUND };
  MugaiEnvelope claimed = *envelope;
  claimed.size_bytes = claimed_bytes;
  gboolean is_inside = envelope->client_inside || (envelope->auth && *envelope->auth);
  const MugaiDirection *possible = is_inside ? inside : outside;
  Summary summary;
  Cache cache;
  summary_init (&summary, policy, &claimed, NULL);
  cache_init (&cache);
  View view = { .policy = policy, .envelope = &claimed, .summary = &summary, .cache = &cache };
  const Rule *rule = NULL;
  /* While no recipient is known: refused only when it would be in every direction it could take. */
  for (guint i = 0; i < G_N_ELEMENTS (inside); i++) {
    gboolean open = FALSE;
    view.direction = envelope->recipients->len > 0 ? envelope->direction : possible[i];
    view.branch = branch_of (policy, envelope, view.direction, NULL);
    rule = early_rule (policy, &view, MUGAI_STAGE_MAIL, &open);
    if (!rule || !answers_early (rule, &view))
      break;
  }
  MugaiDecision *decision = early_decision (policy, &view, rule);
  cache_clear (&cache);
  return decision;
}

MugaiDecision *mugai_policy_decide_recipient (const MugaiPolicy *policy, const MugaiEnvelope *envelope) {
  const MugaiRecipient *recipient =
      envelope->recipients->len > 0 ? g_ptr_array_index (envelope->recipients, envelope->recipients->len - 1) : NULL;
  Summary summary;
  Cache cache;
  summary_init (&summary, policy, envelope, NULL);
  cache_init (&cache);
  View view = {
    .policy = policy,
    .envelope = envelope,
    .summary = &summary,
    .cache = &cache,
    .direction = recipient ? recipient->direction : envelope->direction,
    .recipient = recipient,
  };
  view.branch = branch_of (policy, envelope, view.direction, recipient ? recipient->address : NULL);
  gboolean relay_open = FALSE;
  const Rule *rule = early_rule (policy, &view, MUGAI_STAGE_RCPT, &relay_open);
  if (view.direction == MUGAI_DIRECTION_RELAY && !relay_open && (!rule || rule->verb != VERB_REFUSE))
    rule = &builtin_relay;
  MugaiDecision *decision = early_decision (policy, &view, rule);
  cache_clear (&cache);
  return decision;
}

/* ---- failures ---- */

static MugaiCeiling lowest_ceiling (const MugaiPolicy *policy, const MugaiEnvelope *envelope) {
  MugaiCeiling lowest = policy->ceilings[envelope->direction].level;
  for (guint i = 0; i < envelope->recipients->len; i++) {
    const MugaiRecipient *recipient = g_ptr_array_index (envelope->recipients, i);
    guint branch = branch_of (policy, envelope, recipient->direction, recipient->address);
    lowest = MIN (lowest, branch_ceiling (policy, branch, recipient->direction)->level);
  }
  return lowest;
}

MugaiDecision *mugai_policy_decide_failure (const MugaiPolicy *policy, const MugaiEnvelope *envelope,
                                            MugaiFailure failure, const char *because) {
  MugaiDecision *decision = mugai_decision_new ();
  g_autofree char *rule = g_strconcat ("failure-", mugai_failure_name (failure), NULL);
  decision->action = mugai_policy_on_failure (policy, failure);
  decision->ceiling = lowest_ceiling (policy, envelope);
  decision->changed = TRUE;
  if (decision->action == MUGAI_ACTION_TEMPFAIL)
    decision->reply =
        g_strdup (failure == MUGAI_FAILURE_NO_WORKER ? "451 4.3.2 The mail relay is busy, try again later"
                                                     : "451 4.3.0 Mail sanitising is not available, try again later");
  if (decision->action == MUGAI_ACTION_REFUSE)
    decision->reply = g_strdup ("554 5.7.1 Message could not be inspected");
  settle_hold (policy, envelope, decision);
  g_ptr_array_add (decision->reasons, mugai_reason_new (rule, "", because ? because : ""));
  for (guint i = 0; i < envelope->recipients->len; i++)
    add_recipient (decision, decision->action, rule);
  return decision;
}
