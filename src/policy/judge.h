/* SPDX-License-Identifier: GPL-2.0-only
 *
 * What the pure steps of decide share: the message in hand, its recipients, and the decision as it grows.
 */
#pragma once

#include "sieve.h"

#define RULE_CEILING "ceiling" /* named as the rule where the ceiling alone decided */
#define RULE_RELAY "relay"

/* One recipient, or several that no condition tells apart. */
typedef struct {
  View view;
  const Rule *rule; /* first message rule that matched and ends the search; NULL: none */
  MugaiAction action;
  MugaiCeiling ceiling;
  gboolean relay_excepted;
  gboolean dropped;  /* a rule takes this recipient off */
  GPtrArray *raises; /* of Exception (transfer none): that raised the ceiling */
} Addressee;

typedef enum { MATCH_UNKNOWN, MATCH_NO, MATCH_YES, MATCH_EXCEPTED } Match;

typedef struct {
  const MugaiPolicy *policy;
  const MugaiEnvelope *envelope;
  const MugaiFacts *facts;
  Summary summary;
  Cache cache;
  GPtrArray *addressees;               /* of Addressee, one for each recipient, or one when there is none */
  GPtrArray *for_parts;                /* of Addressee (transfer none): those that part rules can tell apart */
  guint8 *matches[MUGAI_N_DIRECTIONS]; /* of Match: message rules that do not look at the recipient */
  const Rule *part_rule;               /* strictest part rule that decides on the whole message; NULL */
  const Addressee *part_rule_for;
  guint64 *message_bits, *part_bits; /* sieves: rules that can hold for this message, whoever gets it */
  guint64 *bits, *more_bits;         /* the same for the recipient, and the part, in hand */
  gboolean held_fast;                /* by a rule that waits for nothing, or not all of it would have gone as it is */
  GHashTable *said;                  /* rules that have a reason already, or "would" */
  MugaiDecision *decision;
} Judge;

extern const Rule builtin_relay;

/* match.c */
MugaiAction verb_action (Verb verb);
/** verb_strength: what decides where two speak: the stricter action, and a hold before what only waits. */
guint verb_strength (Verb verb);
MugaiReason *new_reason (const Sentence *said, const char *because);
/** add_text: once, however often it is said. */
void add_text (GPtrArray *texts, const char *text);
/** note_rule: the first time that @rule matched: its reason, tag and headers, or only what it would have done. */
void note_rule (Judge *judge, const Rule *rule, const View *view);
/** note_ended: an exception that would have helped had it not ended: said once, so that nobody wonders why it stopped. */
void note_ended (Judge *judge, const Exception *exception, const View *view);
/** reply_of: (transfer full): "552 5.3.4 text", with the limit of the direction for {limit}. */
char *reply_of (const Rule *rule, const View *view);
gboolean exception_is_active (const Exception *exception, const MugaiEnvelope *envelope);
/** rule_match: ids of exceptions that took it out of the way go into @ret_ids (nullable). */
Match rule_match (const Rule *rule, const View *view, GPtrArray *ret_ids);
/** cached_match: the same, asked once for all recipients of a direction where the rule cannot tell them apart. */
Match cached_match (Judge *judge, guint index, const Rule *rule, const View *view);

/* judge-parts.c */
void judge_parts (Judge *judge);
/** settle_archives: a container and its members are kept together or not at all. */
void settle_archives (Judge *judge);
/** can_be_kept: may a part of this role stand in a rebuilt mail as it is? */
gboolean can_be_kept (const MugaiPart *part);
/** rebuilt_default: what becomes of a part in a rebuilt mail when nothing keeps it. */
MugaiPartAction rebuilt_default (const MugaiPart *part);

/* waiting.c */
/** note_waiting: @rule matched: does the mail wait for a person or for a time, or is it held for good? */
void note_waiting (Judge *judge, const Rule *rule);
/** settle_waiting: what is let out later is the original: so a mail waits only where that is what would have gone. */
void settle_waiting (Judge *judge);
/** tell_approvers: those that a rule names hear of it, too. */
void tell_approvers (MugaiDecision *decision);

/* notify.c */
/** settle_hold: who is told; nobody inside: refused, as the sender's MTA has to know. */
void settle_hold (const MugaiPolicy *policy, const MugaiEnvelope *envelope, MugaiDecision *decision);

/* decide.c */
void add_recipient (MugaiDecision *decision, MugaiAction action, const char *rule);
