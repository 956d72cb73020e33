/* SPDX-License-Identifier: GPL-2.0-only
 *
 * decide: what the policy SAYS about a message. Pure: the same policy, envelope and facts give the same decision, byte
 * for byte, in any process; time comes in envelope->time_us. Each recipient is judged on its own; then the lowest
 * ceiling and the strictest action of all win. Whatever no rule speaks of falls to the ceiling's defaults, which
 * never keep a part that was not found clean.
 */
#include "mugai/policy.h"
#include "judge.h"

#include <string.h>

#define RULE_STRICTEST "strictest" /* reason where several recipients differ */
#define MAX_WOULD 100u             /* lines of what would have been done */

/* Outside to outside is refused even by a policy that forgot to say so. */
const Rule builtin_relay = {
  .directions = 1u << MUGAI_DIRECTION_RELAY,
  .said = { .id = (char *) RULE_RELAY, .clause = (char *) "", .ja = (char *) "", .en = (char *) "" },
  .verb = VERB_REFUSE,
  .code = 550,
  .enhanced = (char *) "5.7.1",
  .text = (char *) "Relaying denied",
};
static void addressee_free (Addressee *addressee) {
  g_ptr_array_unref (addressee->raises);
  g_free (addressee);
}

/* ---- recipients ---- */

static void judge_messages (Judge *judge, Addressee *addressee) {
  const GPtrArray *rules = judge->policy->message_rules;
  const Sieve *sieve = judge->policy->message_sieve;
  const View *view = &addressee->view;
  sieve_add (sieve, SIEVE_RECIPIENT, view, judge->message_bits, judge->bits);
  guint i = sieve_next (sieve, view, judge->bits, 0);
  for (; i < rules->len && !addressee->rule; i = sieve_next (sieve, view, judge->bits, i + 1)) {
    const Rule *rule = g_ptr_array_index (rules, i);
    Match match = cached_match (judge, i, rule, &addressee->view);
    if (match == MATCH_EXCEPTED && strcmp (rule->said.id, RULE_RELAY) == 0)
      addressee->relay_excepted = TRUE;
    if (match != MATCH_YES)
      continue;
    note_rule (judge, rule, &addressee->view);
    for (guint j = 0; j < rule->exceptions->len; j++)
      note_ended (judge, g_ptr_array_index (rule->exceptions, j), &addressee->view);
    addressee->dropped |= rule->drop_recipient && !rule->monitor;
    if (!rule->monitor && rule->verb != VERB_CONTINUE)
      addressee->rule = rule;
  }
  addressee->action = addressee->rule ? verb_action (addressee->rule->verb) : MUGAI_ACTION_DELIVER;
  if (addressee->view.direction != MUGAI_DIRECTION_RELAY || addressee->relay_excepted
      || addressee->action >= MUGAI_ACTION_REFUSE)
    return;
  addressee->rule = &builtin_relay;
  addressee->action = MUGAI_ACTION_REFUSE;
  note_rule (judge, &builtin_relay, &addressee->view);
}

static void judge_ceiling (Judge *judge, Addressee *addressee) {
  GPtrArray *exceptions = judge->policy->exceptions;
  addressee->ceiling = branch_ceiling (judge->policy, addressee->view.branch, addressee->view.direction)->level;
  for (guint i = 0; i < exceptions->len; i++) {
    Exception *exception = g_ptr_array_index (exceptions, i);
    if (exception->raises)
      note_ended (judge, exception, &addressee->view);
    if (!exception->raises || !exception_is_active (exception, judge->envelope)
        || !condition_holds (exception->scope, &addressee->view))
      continue;
    add_text (judge->decision->exceptions, exception->id);
    g_ptr_array_add (addressee->raises, exception);
    addressee->ceiling = MAX (addressee->ceiling, exception->ceiling);
  }
}

/* Of the whole, nobody's yet. */
static View view_of (Judge *judge) {
  return (View){
    .policy = judge->policy,
    .envelope = judge->envelope,
    .facts = judge->facts,
    .summary = &judge->summary,
    .cache = &judge->cache,
    .direction = judge->envelope->direction,
  };
}

static Addressee *add_addressee (Judge *judge, const MugaiRecipient *recipient) {
  Addressee *addressee = g_new0 (Addressee, 1);
  addressee->raises = g_ptr_array_new ();
  addressee->view = view_of (judge);
  addressee->view.recipient = recipient;
  if (recipient)
    addressee->view.direction = recipient->direction;
  addressee->view.branch =
      branch_of (judge->policy, judge->envelope, addressee->view.direction, recipient ? recipient->address : NULL);
  g_ptr_array_add (judge->addressees, addressee);
  return addressee;
}

/* A recipient that relay rules refuse alone: the others' mail goes on. */
static gboolean is_refused_alone (const Addressee *addressee) {
  return addressee->view.recipient && addressee->view.direction == MUGAI_DIRECTION_RELAY
         && addressee->action == MUGAI_ACTION_REFUSE;
}

static gboolean all_refused_alone (const Judge *judge) {
  for (guint i = 0; i < judge->addressees->len; i++)
    if (!is_refused_alone (g_ptr_array_index (judge->addressees, i)))
      return FALSE;
  return TRUE;
}

static gboolean same_to_parts (const Judge *judge, const Addressee *a, const Addressee *b) {
  if (judge->policy->parts_ask_recipient || a->view.direction != b->view.direction || a->view.branch != b->view.branch
      || a->raises->len != b->raises->len)
    return FALSE;
  for (guint i = 0; i < a->raises->len; i++)
    if (g_ptr_array_index (a->raises, i) != g_ptr_array_index (b->raises, i))
      return FALSE;
  return TRUE;
}

static void add_for_parts (Judge *judge, Addressee *addressee) {
  for (guint i = 0; i < judge->for_parts->len; i++)
    if (same_to_parts (judge, addressee, g_ptr_array_index (judge->for_parts, i)))
      return;
  g_ptr_array_add (judge->for_parts, addressee);
}

static void judge_recipients (Judge *judge) {
  GPtrArray *recipients = judge->envelope->recipients;
  View view = view_of (judge);
  sieve_start (judge->policy->message_sieve, &view, judge->message_bits);
  for (guint i = 0; i < MAX (recipients->len, 1); i++) {
    Addressee *addressee = add_addressee (judge, i < recipients->len ? g_ptr_array_index (recipients, i) : NULL);
    judge_messages (judge, addressee);
    judge_ceiling (judge, addressee);
  }
  gboolean all = all_refused_alone (judge);
  judge->decision->ceiling = MUGAI_CEILING_UNTOUCHED;
  for (guint i = 0; i < judge->addressees->len; i++) {
    Addressee *addressee = g_ptr_array_index (judge->addressees, i);
    if (!all && is_refused_alone (addressee))
      continue;
    judge->decision->action = MAX (judge->decision->action, addressee->action);
    judge->decision->ceiling = MIN (judge->decision->ceiling, addressee->ceiling);
    add_for_parts (judge, addressee);
  }
}

/* ---- the whole ---- */

/* Untouched means whole: as soon as one part goes, or a header comes, the mail is rebuilt. */
static void settle_changed (Judge *judge) {
  MugaiDecision *decision = judge->decision;
  decision->changed = decision->ceiling != MUGAI_CEILING_UNTOUCHED || decision->subject_tag
                      || decision->add_headers->len > 0 || decision->action == MUGAI_ACTION_HOLD;
  for (guint i = 0; i < decision->parts->len; i++)
    if (((MugaiPartDecision *) g_ptr_array_index (decision->parts, i))->action != MUGAI_PART_KEEP)
      decision->changed = TRUE;
  if (!decision->changed)
    return;
  for (guint i = 0; i < decision->parts->len; i++) {
    MugaiPartDecision *one = g_ptr_array_index (decision->parts, i);
    const MugaiPart *part = g_ptr_array_index (judge->facts->parts, i);
    if (one->action == MUGAI_PART_KEEP && !can_be_kept (part))
      one->action = rebuilt_default (part);
  }
}

/* A mail that is not delivered delivers no part of itself. */
static void settle_undelivered (Judge *judge) {
  if (judge->decision->action == MUGAI_ACTION_DELIVER)
    return;
  for (guint i = 0; i < judge->decision->parts->len; i++) {
    MugaiPartDecision *one = g_ptr_array_index (judge->decision->parts, i);
    const MugaiPart *part = g_ptr_array_index (judge->facts->parts, i);
    if (one->action != MUGAI_PART_REMOVE)
      one->action = rebuilt_default (part) == MUGAI_PART_REPLACE ? MUGAI_PART_REPLACE : MUGAI_PART_REMOVE;
  }
}

/* The rule that gave the final action, and for whom; NULL: no rule, the ceiling alone. */
static const Rule *deciding_rule (const Judge *judge, const Addressee **ret_addressee) {
  MugaiAction action = judge->decision->action;
  gboolean all = all_refused_alone (judge);
  const Rule *strongest = NULL;
  for (guint i = 0; i < judge->addressees->len; i++) {
    const Addressee *addressee = g_ptr_array_index (judge->addressees, i);
    if (!addressee->rule || addressee->action != action || (!all && is_refused_alone (addressee)))
      continue;
    if (strongest && verb_strength (addressee->rule->verb) <= verb_strength (strongest->verb))
      continue;
    *ret_addressee = addressee;
    strongest = addressee->rule;
  }
  if (!judge->part_rule || verb_action (judge->part_rule->verb) != action
      || (strongest && verb_strength (judge->part_rule->verb) <= verb_strength (strongest->verb)))
    return strongest;
  *ret_addressee = judge->part_rule_for;
  return judge->part_rule;
}

static void add_ceiling_reason (Judge *judge) {
  const CeilingRow *row = NULL;
  for (guint i = 0; i < judge->for_parts->len; i++) {
    const Addressee *addressee = g_ptr_array_index (judge->for_parts, i);
    if (addressee->ceiling == judge->decision->ceiling)
      row = row ? row : branch_ceiling (judge->policy, addressee->view.branch, addressee->view.direction);
  }
  Sentence said = row ? row->said : builtin_relay.said;
  said.id = (char *) RULE_CEILING;
  g_autofree char *because = g_strdup_printf ("ceiling %s for %s", mugai_ceiling_name (judge->decision->ceiling),
                                              mugai_direction_name (judge->envelope->direction));
  g_ptr_array_add (judge->decision->reasons, new_reason (&said, because));
}

static void put_first (GPtrArray *reasons, const char *rule) {
  for (guint i = 0; i < reasons->len; i++) {
    MugaiReason *reason = g_ptr_array_index (reasons, i);
    if (strcmp (reason->rule, rule) != 0)
      continue;
    for (guint j = i; j > 0; j--)
      reasons->pdata[j] = reasons->pdata[j - 1];
    reasons->pdata[0] = reason;
    return;
  }
}

void add_recipient (MugaiDecision *decision, MugaiAction action, const char *rule) {
  MugaiRecipientDecision *one = g_new0 (MugaiRecipientDecision, 1);
  one->action = action;
  one->rule = g_strdup (rule);
  g_ptr_array_add (decision->recipients, one);
}

static const Rule *dropping_rule (const Judge *judge, const Addressee *addressee) {
  GPtrArray *rules = judge->policy->message_rules;
  for (guint i = 0; i < rules->len; i++) {
    const Rule *rule = g_ptr_array_index (rules, i);
    if (rule->drop_recipient && !rule->monitor && rule_match (rule, &addressee->view, NULL) == MATCH_YES)
      return rule;
  }
  return &builtin_relay; /* not reached: it was dropped by one of them */
}

/* Taken off: it gets nothing, so the original is kept for it as for a held mail. */
static void drop_recipient (Judge *judge, const Addressee *addressee) {
  add_text (judge->decision->drop_recipients, addressee->view.recipient->address);
  add_recipient (judge->decision, MUGAI_ACTION_HOLD, dropping_rule (judge, addressee)->said.id);
}

/* Recipients that alone would have fared better are told apart in the record. */
static void note_strictest (Judge *judge) {
  const Addressee *first = NULL;
  gboolean differ = FALSE;
  guint n = 0;
  for (guint i = 0; i < judge->addressees->len; i++) {
    const Addressee *one = g_ptr_array_index (judge->addressees, i);
    if (is_refused_alone (one))
      continue;
    differ |= first && (first->action != one->action || first->ceiling != one->ceiling);
    first = first ? first : one;
    n++;
  }
  if (!differ)
    return;
  g_autofree char *because = g_strdup_printf (
      "%u recipients fall under different rules or ceilings: the strictest holds for all (%s, ceiling %s)", n,
      mugai_action_name (judge->decision->action), mugai_ceiling_name (judge->decision->ceiling));
  g_ptr_array_add (judge->decision->reasons, mugai_reason_new (RULE_STRICTEST, "", because));
}

/* The policy that is being tried: what it would have done with the whole mail. */
static void note_shadow (Judge *judge) {
  const MugaiPolicy *shadow = judge->policy->shadow;
  if (!shadow)
    return;
  g_autoptr (MugaiDecision) other = mugai_policy_decide (shadow, judge->envelope, judge->facts);
  g_autofree char *would = g_strdup_printf ("policy:%s=%s", shadow->version, mugai_action_name (other->action));
  add_text (judge->decision->would, would);
  for (guint i = 0; i < other->parts->len; i++) {
    const MugaiPartDecision *ours = g_ptr_array_index (judge->decision->parts, i);
    const MugaiPartDecision *theirs = g_ptr_array_index (other->parts, i);
    const MugaiPart *part = g_ptr_array_index (judge->facts->parts, i);
    if (ours->action == theirs->action || judge->decision->would->len >= MAX_WOULD)
      continue;
    g_autofree char *one =
        g_strdup_printf ("policy:%s part %s=%s", shadow->version, part->path, mugai_part_action_name (theirs->action));
    add_text (judge->decision->would, one);
  }
}

static void finish (Judge *judge) {
  const Addressee *addressee = NULL;
  const Rule *rule = deciding_rule (judge, &addressee);
  MugaiDecision *decision = judge->decision;
  add_ceiling_reason (judge);
  put_first (decision->reasons, rule ? rule->said.id : RULE_CEILING);
  if (decision->action >= MUGAI_ACTION_REFUSE && rule)
    decision->reply = reply_of (rule, &addressee->view);
  settle_archives (judge);
  settle_changed (judge);
  settle_waiting (judge);
  settle_hold (judge->policy, judge->envelope, decision);
  tell_approvers (decision);
  settle_undelivered (judge);
  for (guint i = 0; i < judge->envelope->recipients->len; i++) {
    const Addressee *one = g_ptr_array_index (judge->addressees, i);
    if (is_refused_alone (one))
      add_recipient (decision, MUGAI_ACTION_REFUSE, one->rule->said.id);
    else if (one->dropped && decision->action == MUGAI_ACTION_DELIVER)
      drop_recipient (judge, one);
    else
      add_recipient (decision, decision->action, rule ? rule->said.id : RULE_CEILING);
  }
  note_strictest (judge);
  note_shadow (judge);
}

static void judge_init (Judge *judge, const MugaiPolicy *policy, const MugaiEnvelope *envelope,
                        const MugaiFacts *facts) {
  *judge = (Judge){ .policy = policy, .envelope = envelope, .facts = facts };
  summary_init (&judge->summary, policy, envelope, facts);
  cache_init (&judge->cache);
  judge->addressees = g_ptr_array_new_with_free_func ((GDestroyNotify) addressee_free);
  judge->for_parts = g_ptr_array_new ();
  judge->said = g_hash_table_new (NULL, NULL);
  judge->decision = mugai_decision_new ();
  judge->decision->action = MUGAI_ACTION_DELIVER;
  guint words = MAX (sieve_words (policy->message_sieve), sieve_words (policy->part_sieve));
  judge->message_bits = g_new0 (guint64, 4 * words);
  judge->part_bits = judge->message_bits + words;
  judge->bits = judge->message_bits + 2 * words;
  judge->more_bits = judge->message_bits + 3 * words;
  for (guint i = 0; i < MUGAI_N_DIRECTIONS; i++)
    judge->matches[i] = g_new0 (guint8, MAX (policy->message_rules->len, 1));
}

static MugaiDecision *judge_clear (Judge *judge) {
  g_ptr_array_unref (judge->for_parts);
  g_ptr_array_unref (judge->addressees);
  g_hash_table_unref (judge->said);
  cache_clear (&judge->cache);
  g_free (judge->message_bits);
  for (guint i = 0; i < MUGAI_N_DIRECTIONS; i++)
    g_free (judge->matches[i]);
  return g_steal_pointer (&judge->decision);
}

MugaiDecision *mugai_policy_decide (const MugaiPolicy *policy, const MugaiEnvelope *envelope, const MugaiFacts *facts) {
  Judge judge;
  judge_init (&judge, policy, envelope, facts);
  judge_recipients (&judge);
  judge_parts (&judge);
  finish (&judge);
  return judge_clear (&judge);
}
