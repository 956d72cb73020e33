/* SPDX-License-Identifier: GPL-2.0-only
 *
 * decide: what the policy SAYS about a message. Pure: the same policy, envelope and facts give the same decision, byte
 * for byte, in any process; time comes in envelope->time_us. Each recipient is judged on its own; then the lowest
 * ceiling and the strictest action of all win. Whatever no rule speaks of falls to the ceiling's defaults, which
 * never keep a part that was not found clean.
 */
#include "mugai/policy.h"

#include <string.h>

#include "condition.h"

#define RULE_CEILING "ceiling"     /* named as the rule where the ceiling alone decided */
#define RULE_NOT_CLEAN "not-clean" /* where a part was kept by no rule because of its scan verdict */
#define RULE_RELAY "relay"
#define RULE_STRICTEST "strictest" /* reason where several recipients differ */
#define MAX_WOULD 100u             /* lines of what would have been done */
#define NOT_CLEAN_JA "安全を確認できないため、取り除きました。"
#define NOT_CLEAN_EN "It could not be shown to be harmless and was taken out."

/* Outside to outside is refused even by a policy that forgot to say so. */
static const Rule builtin_relay = {
  .directions = 1u << MUGAI_DIRECTION_RELAY,
  .said = { .id = (char *) RULE_RELAY, .clause = (char *) "", .ja = (char *) "", .en = (char *) "" },
  .verb = VERB_REFUSE,
  .code = 550,
  .enhanced = (char *) "5.7.1",
  .text = (char *) "Relaying denied",
};

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
  gboolean held_fast; /* by a rule that waits for nothing, or not all of it would have gone as it is */
  GHashTable *said;   /* rules that have a reason already, or "would" */
  MugaiDecision *decision;
} Judge;

static void addressee_free (Addressee *addressee) {
  g_ptr_array_unref (addressee->raises);
  g_free (addressee);
}

static MugaiAction verb_action (Verb verb) {
  switch (verb) {
  case VERB_HOLD:
  case VERB_APPROVE:
  case VERB_DELAY:
    return MUGAI_ACTION_HOLD;
  case VERB_REFUSE:
    return MUGAI_ACTION_REFUSE;
  case VERB_TEMPFAIL:
    return MUGAI_ACTION_TEMPFAIL;
  default:
    return MUGAI_ACTION_DELIVER;
  }
}

/* What decides where two speak: the stricter action, and a hold before what only waits. */
static guint verb_strength (Verb verb) {
  return 3 * (guint) verb_action (verb) + (verb == VERB_APPROVE ? 1 : verb == VERB_DELAY ? 0 : 2);
}

const char *verb_name (Verb verb) {
  static const char *const names[N_VERBS] = { "deliver", "hold",   "refuse",  "tempfail", "keep",
                                              "text",    "remove", "approve", "delay",    "continue" };
  return names[verb];
}

/* ---- what is written into the decision ---- */

static MugaiReason *new_reason (const Sentence *said, const char *because) {
  MugaiReason *reason = mugai_reason_new (said->id, said->clause, because);
  g_free (reason->ja);
  g_free (reason->en);
  reason->ja = g_strdup (said->ja);
  reason->en = g_strdup (said->en);
  return reason;
}

static void add_text (GPtrArray *texts, const char *text) {
  for (guint i = 0; i < texts->len; i++)
    if (strcmp (g_ptr_array_index (texts, i), text) == 0)
      return;
  g_ptr_array_add (texts, g_strdup (text));
}

/* A rule that only waits lets go by itself or by an approver; one that holds does not, whatever the others say. */
static void note_waiting (Judge *judge, const Rule *rule) {
  MugaiDecision *decision = judge->decision;
  judge->held_fast |= rule->verb == VERB_HOLD;
  if (rule->verb == VERB_APPROVE)
    decision->awaits = MUGAI_AWAITS_APPROVAL;
  else if (rule->verb == VERB_DELAY && decision->awaits == MUGAI_AWAITS_NOTHING)
    decision->awaits = MUGAI_AWAITS_DELAY;
  decision->delay_s = MAX (decision->delay_s, rule->delay_s);
  for (char **address = rule->approvers; address && *address; address++)
    add_text (decision->approvers, *address);
}

/* The first time that @rule matched: its reason, tag and headers, or only what it would have done. */
static void note_rule (Judge *judge, const Rule *rule, const View *view) {
  if (!g_hash_table_add (judge->said, (gpointer) rule))
    return;
  if (rule->monitor) {
    g_autofree char *would = g_strdup_printf ("%s=%s", rule->said.id, verb_name (rule->verb));
    add_text (judge->decision->would, would);
    return;
  }
  g_autofree char *because = condition_because (rule->when, view);
  g_autofree char *approval =
      rule->verb == VERB_APPROVE ? g_strconcat (because, *because ? "; " : "", "approval required", NULL) : NULL;
  g_ptr_array_add (judge->decision->reasons, new_reason (&rule->said, approval ? approval : because));
  note_waiting (judge, rule);
  for (char **address = rule->add_recipients; address && *address; address++)
    add_text (judge->decision->add_recipients, *address);
  if (rule->subject_tag && !judge->decision->subject_tag)
    judge->decision->subject_tag = g_strdup (rule->subject_tag);
  for (guint i = 0; rule->add_headers && i < rule->add_headers->len; i++) {
    const MugaiHeaderFact *from = g_ptr_array_index (rule->add_headers, i);
    MugaiHeaderFact *header = g_new0 (MugaiHeaderFact, 1);
    header->name = g_strdup (from->name);
    header->value = g_strdup (from->value);
    g_ptr_array_add (judge->decision->add_headers, header);
  }
}

static void limit_text (GString *text, guint64 limit_bytes) {
  g_string_append_printf (text, "%" G_GUINT64_FORMAT " bytes", limit_bytes);
  if (limit_bytes % (1024 * 1024) == 0)
    g_string_append_printf (text, " (%" G_GUINT64_FORMAT " MiB)", limit_bytes / (1024 * 1024));
}

/* "552 5.3.4 text", with the limit of the direction for {limit}. */
static char *reply_of (const Rule *rule, const View *view) {
  g_autoptr (GString) reply = g_string_new (NULL);
  const char *place = strstr (rule->text, "{limit}");
  g_string_printf (reply, "%u %s ", rule->code, rule->enhanced);
  if (!place) {
    g_string_append (reply, rule->text);
  } else {
    g_string_append_len (reply, rule->text, place - rule->text);
    limit_text (reply, branch_max_size (view->policy, view->branch, view->direction));
    g_string_append (reply, place + strlen ("{limit}"));
  }
  return g_string_free (g_steal_pointer (&reply), FALSE);
}

/* ---- one rule ---- */

static gboolean exception_is_active (const Exception *exception, const MugaiEnvelope *envelope) {
  return envelope->time_us >= exception->since_us && envelope->time_us < exception->until_us;
}

/* One that would have helped had it not ended: said once, so that nobody wonders why it stopped. */
static void note_ended (Judge *judge, const Exception *exception, const View *view) {
  if (view->envelope->time_us < exception->until_us || !condition_holds (exception->scope, view)
      || !g_hash_table_add (judge->said, (gpointer) exception))
    return;
  g_autofree char *because = g_strdup_printf ("exception %s has ended and no longer holds", exception->id);
  g_ptr_array_add (judge->decision->reasons, mugai_reason_new (exception->rule, "", because));
}

/* Does an exception take @rule out of the way here? Its id goes into @ret_ids (nullable). */
static gboolean is_excepted (const Rule *rule, const View *view, GPtrArray *ret_ids) {
  for (guint i = 0; rule->exceptions && i < rule->exceptions->len; i++) {
    const Exception *exception = g_ptr_array_index (rule->exceptions, i);
    if (!exception_is_active (exception, view->envelope) || !condition_holds (exception->scope, view))
      continue;
    if (ret_ids)
      add_text (ret_ids, exception->id);
    return TRUE;
  }
  return FALSE;
}

static Match rule_match (const Rule *rule, const View *view, GPtrArray *ret_ids) {
  if (!(rule->directions & (1u << view->direction)) || (view->part && !(rule->scans & (1u << view->part->scan))))
    return MATCH_NO;
  if ((rule->branch && rule->branch != view->branch) || (rule->until_us && view->envelope->time_us >= rule->until_us)
      || !condition_holds (rule->when, view))
    return MATCH_NO;
  return is_excepted (rule, view, ret_ids) ? MATCH_EXCEPTED : MATCH_YES;
}

/* The same, asked once for all recipients of a direction where the rule cannot tell them apart. */
static Match cached_match (Judge *judge, guint index, const Rule *rule, const View *view) {
  guint8 *known = judge->matches[view->direction];
  if (rule->per_recipient)
    return rule_match (rule, view, judge->decision->exceptions);
  if (known[index] == MATCH_UNKNOWN)
    known[index] = (guint8) rule_match (rule, view, judge->decision->exceptions);
  return (Match) known[index];
}

/* A thousand rules lie scattered in memory: those that come next are fetched while this one is asked. */
static inline void fetch_ahead (const GPtrArray *rules, guint index) {
  if (index + 8 < rules->len)
    __builtin_prefetch (rules->pdata[index + 8]);
  if (index + 4 < rules->len)
    __builtin_prefetch (((const Rule *) rules->pdata[index + 4])->when);
}

/* ---- recipients ---- */

static void judge_messages (Judge *judge, Addressee *addressee) {
  GPtrArray *rules = judge->policy->message_rules;
  for (guint i = 0; i < rules->len && !addressee->rule; i++) {
    const Rule *rule = g_ptr_array_index (rules, i);
    fetch_ahead (rules, i);
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

static Addressee *add_addressee (Judge *judge, const MugaiRecipient *recipient) {
  Addressee *addressee = g_new0 (Addressee, 1);
  addressee->raises = g_ptr_array_new ();
  addressee->view = (View){
    .policy = judge->policy,
    .envelope = judge->envelope,
    .facts = judge->facts,
    .summary = &judge->summary,
    .cache = &judge->cache,
    .direction = recipient ? recipient->direction : judge->envelope->direction,
    .recipient = recipient,
  };
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

/* ---- parts ---- */

static gboolean is_mail_container (const MugaiPart *part) {
  return part->role == MUGAI_ROLE_CONTAINER
         && (g_str_has_prefix (part->declared ? part->declared : "", "multipart/")
             || g_str_has_prefix (part->detected ? part->detected : "", "multipart/")
             || g_str_has_prefix (part->declared ? part->declared : "", "message/")
             || g_str_has_prefix (part->detected ? part->detected : "", "message/"));
}

/*
 * Without signatures everything is not-scanned: that is the table of failures' business, and not the part's. A multipart or
 * a nested mail is judged by what is in it.
 */
static gboolean is_clean (const Judge *judge, const MugaiPart *part) {
  return part->scan == MUGAI_SCAN_CLEAN
         || (part->scan == MUGAI_SCAN_NOT_SCANNED && (!judge->summary.scanned || is_mail_container (part)));
}

/* What becomes of a part in a rebuilt mail when nothing keeps it. */
static MugaiPartAction rebuilt_default (const MugaiPart *part) {
  switch (part->role) {
  case MUGAI_ROLE_BODY:
    return part->scan == MUGAI_SCAN_INFECTED ? MUGAI_PART_REMOVE : MUGAI_PART_TEXT;
  case MUGAI_ROLE_ALTERNATE:
  case MUGAI_ROLE_CONTAINER:
  case MUGAI_ROLE_CONTROL:
    return MUGAI_PART_REPLACE;
  default:
    return MUGAI_PART_REMOVE;
  }
}

/* May a part of this role stand in a rebuilt mail as it is? Bodies are text there, and mail structure is ours. */
static gboolean can_be_kept (const MugaiPart *part) {
  if (part->role == MUGAI_ROLE_CONTAINER)
    return !is_mail_container (part);
  return part->role == MUGAI_ROLE_ATTACHMENT || part->role == MUGAI_ROLE_RELATED || part->role == MUGAI_ROLE_MEMBER;
}

static MugaiPartDecision *new_part (MugaiPartAction action, const Sentence *said) {
  MugaiPartDecision *decision = mugai_part_decision_new (action, said->id);
  g_free (decision->ja);
  g_free (decision->en);
  decision->ja = g_strdup (said->ja);
  decision->en = g_strdup (said->en);
  return decision;
}

static MugaiPartDecision *new_ceiling_part (const Judge *judge, const Addressee *addressee, MugaiPartAction action) {
  Sentence said = branch_ceiling (judge->policy, addressee->view.branch, addressee->view.direction)->said;
  said.id = (char *) RULE_CEILING;
  return new_part (action, &said);
}

static MugaiPartDecision *new_unclean_part (const MugaiPart *part) {
  static const Sentence said = { (char *) RULE_NOT_CLEAN, (char *) "", (char *) NOT_CLEAN_JA, (char *) NOT_CLEAN_EN };
  return new_part (rebuilt_default (part), &said);
}

/* The part is let through by an exception to the ceiling? */
static const Exception *find_keeper (const Judge *judge, const Addressee *addressee, const View *view) {
  for (guint i = 0; i < addressee->raises->len; i++) {
    const Exception *exception = g_ptr_array_index (addressee->raises, i);
    if (exception->parts && (is_clean (judge, view->part) || exception->names_scan)
        && condition_holds (exception->parts, view))
      return exception;
  }
  return NULL;
}

/* No rule spoke of the part. */
static MugaiPartDecision *default_part (const Judge *judge, const Addressee *addressee, const View *view) {
  const MugaiPart *part = view->part;
  if (judge->decision->ceiling == MUGAI_CEILING_TEXT)
    return part->role == MUGAI_ROLE_BODY && part->scan == MUGAI_SCAN_INFECTED
               ? new_unclean_part (part)
               : new_ceiling_part (judge, addressee, rebuilt_default (part));
  if (judge->decision->ceiling == MUGAI_CEILING_UNTOUCHED)
    return is_clean (judge, part) ? new_ceiling_part (judge, addressee, MUGAI_PART_KEEP) : new_unclean_part (part);
  const Exception *keeper = can_be_kept (part) ? find_keeper (judge, addressee, view) : NULL;
  if (!keeper)
    return new_ceiling_part (judge, addressee, rebuilt_default (part));
  return mugai_part_decision_new (MUGAI_PART_KEEP, keeper->id);
}

/* @rule spoke: what it says, capped by the ceiling. */
static MugaiPartDecision *ruled_part (const Judge *judge, const Addressee *addressee, const View *view,
                                      const Rule *rule) {
  const MugaiPart *part = view->part;
  if (rule->verb == VERB_TEXT)
    return new_part (rebuilt_default (part), &rule->said);
  if (rule->verb != VERB_KEEP)
    return new_part (MUGAI_PART_REMOVE, &rule->said);
  if (judge->decision->ceiling == MUGAI_CEILING_TEXT)
    return default_part (judge, addressee, view);
  if (!is_clean (judge, part) && !rule->names_scan)
    return new_unclean_part (part);
  if (judge->decision->ceiling == MUGAI_CEILING_PARTS && !can_be_kept (part))
    return new_ceiling_part (judge, addressee, rebuilt_default (part));
  return new_part (MUGAI_PART_KEEP, &rule->said);
}

static const Rule *find_part_rule (Judge *judge, const View *view) {
  GPtrArray *rules = judge->policy->part_rules;
  for (guint i = 0; i < rules->len; i++) {
    const Rule *rule = g_ptr_array_index (rules, i);
    fetch_ahead (rules, i);
    if (rule_match (rule, view, judge->decision->exceptions) != MATCH_YES)
      continue;
    note_rule (judge, rule, view);
    if (!rule->monitor && rule->verb != VERB_CONTINUE)
      return rule;
  }
  return NULL;
}

static MugaiPartDecision *judge_part_for (Judge *judge, const Addressee *addressee, const MugaiPart *part) {
  View view = addressee->view;
  view.part = part;
  const Rule *rule = find_part_rule (judge, &view);
  if (!rule) {
    MugaiPartDecision *by_default = default_part (judge, addressee, &view);
    judge->held_fast |= by_default->action != MUGAI_PART_KEEP;
    return by_default;
  }
  MugaiAction action = verb_action (rule->verb);
  judge->held_fast |= rule->verb == VERB_TEXT || rule->verb == VERB_REMOVE;
  if (action != MUGAI_ACTION_DELIVER
      && (!judge->part_rule || verb_strength (rule->verb) > verb_strength (judge->part_rule->verb))) {
    judge->part_rule = rule;
    judge->part_rule_for = addressee;
  }
  return ruled_part (judge, addressee, &view, rule);
}

static void judge_parts (Judge *judge) {
  for (guint i = 0; judge->facts && i < judge->facts->parts->len; i++) {
    const MugaiPart *part = g_ptr_array_index (judge->facts->parts, i);
    g_autoptr (MugaiPartDecision) strictest = NULL;
    for (guint j = 0; j < judge->for_parts->len; j++) {
      g_autoptr (MugaiPartDecision) one = judge_part_for (judge, g_ptr_array_index (judge->for_parts, j), part);
      if (!strictest || one->action > strictest->action) {
        g_clear_pointer (&strictest, mugai_part_decision_free);
        strictest = g_steal_pointer (&one);
      }
    }
    g_ptr_array_add (judge->decision->parts, g_steal_pointer (&strictest));
  }
  if (judge->part_rule)
    judge->decision->action = MAX (judge->decision->action, verb_action (judge->part_rule->verb));
}

/* ---- archives: a container and its members are kept together or not at all ---- */

static void become (MugaiPartDecision *decision, const MugaiPartDecision *example) {
  decision->action = MUGAI_PART_REMOVE;
  g_free (decision->rule);
  g_free (decision->ja);
  g_free (decision->en);
  decision->rule = g_strdup (example->rule);
  decision->ja = g_strdup (example->ja);
  decision->en = g_strdup (example->en);
}

/* Index of the archive that @part is a member of: "1.2/3/1" is one of "1.2/3"; -1: none listed. */
static gint archive_of (GHashTable *places, const MugaiPart *part) {
  const char *slash = part->path ? strrchr (part->path, '/') : NULL;
  if (!slash)
    return -1;
  g_autofree char *path = g_strndup (part->path, (gsize) (slash - part->path));
  return GPOINTER_TO_INT (g_hash_table_lookup (places, path)) - 1;
}

static void settle_member (Judge *judge, GHashTable *places, guint i, gboolean upwards) {
  gint above = archive_of (places, g_ptr_array_index (judge->facts->parts, i));
  if (above < 0 || (guint) above == i)
    return;
  MugaiPartDecision *member = g_ptr_array_index (judge->decision->parts, i);
  MugaiPartDecision *archive = g_ptr_array_index (judge->decision->parts, (guint) above);
  gboolean member_kept = member->action == MUGAI_PART_KEEP, archive_kept = archive->action == MUGAI_PART_KEEP;
  if (upwards && archive_kept && !member_kept)
    become (archive, member);
  if (!upwards && member_kept && !archive_kept)
    become (member, archive);
}

static void settle_archives (Judge *judge) {
  GPtrArray *parts = judge->facts ? judge->facts->parts : NULL;
  if (!parts || judge->decision->ceiling == MUGAI_CEILING_TEXT)
    return;
  g_autoptr (GHashTable) places = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < parts->len; i++)
    if (((MugaiPart *) g_ptr_array_index (parts, i))->path)
      g_hash_table_insert (places, ((MugaiPart *) g_ptr_array_index (parts, i))->path, GINT_TO_POINTER ((gint) i + 1));
  for (guint i = parts->len; i > 0; i--)
    settle_member (judge, places, i - 1, TRUE);
  for (guint i = 0; i < parts->len; i++)
    settle_member (judge, places, i, FALSE);
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

static void add_recipient (MugaiDecision *decision, MugaiAction action, const char *rule) {
  MugaiRecipientDecision *one = g_new0 (MugaiRecipientDecision, 1);
  one->action = action;
  one->rule = g_strdup (rule);
  g_ptr_array_add (decision->recipients, one);
}

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
static void settle_hold (const MugaiPolicy *policy, const MugaiEnvelope *envelope, MugaiDecision *decision) {
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

/* What is let out later is the original: so only where that is what would have gone. */
static void settle_waiting (Judge *judge) {
  MugaiDecision *decision = judge->decision;
  if (decision->action == MUGAI_ACTION_HOLD && decision->ceiling == MUGAI_CEILING_UNTOUCHED && !judge->held_fast
      && !decision->subject_tag && decision->add_headers->len == 0 && decision->drop_recipients->len == 0)
    return;
  decision->awaits = MUGAI_AWAITS_NOTHING;
  g_ptr_array_set_size (decision->approvers, 0);
}

static gboolean is_told (char **notify, const char *address) {
  for (; *notify; notify++)
    if (g_ascii_strcasecmp (*notify, address) == 0)
      return TRUE;
  return FALSE;
}

/* The approvers that a rule names hear of it, too. */
static void tell_approvers (MugaiDecision *decision) {
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  if (decision->awaits != MUGAI_AWAITS_APPROVAL || decision->approvers->len == 0)
    return;
  g_strv_builder_addv (builder, (const char **) decision->notify);
  for (guint i = 0; i < decision->approvers->len; i++)
    if (!is_told (decision->notify, g_ptr_array_index (decision->approvers, i)))
      g_strv_builder_add (builder, g_ptr_array_index (decision->approvers, i));
  g_strfreev (decision->notify);
  decision->notify = g_strv_builder_end (builder);
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
  for (guint i = 0; i < MUGAI_N_DIRECTIONS; i++)
    judge->matches[i] = g_new0 (guint8, MAX (policy->message_rules->len, 1));
}

static MugaiDecision *judge_clear (Judge *judge) {
  g_ptr_array_unref (judge->for_parts);
  g_ptr_array_unref (judge->addressees);
  g_hash_table_unref (judge->said);
  cache_clear (&judge->cache);
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

static MugaiDecision *early_decision (const MugaiPolicy *policy, const View *view, const Rule *rule) {
  MugaiDecision *decision = mugai_decision_new ();
  decision->action = MUGAI_ACTION_DELIVER;
  decision->ceiling = branch_ceiling (policy, view->branch, view->direction)->level;
  if (rule && rule->verb == VERB_REFUSE) {
    g_autofree char *because = condition_because (rule->when, view);
    decision->action = MUGAI_ACTION_REFUSE;
    decision->reply = reply_of (rule, view);
    g_ptr_array_add (decision->reasons, new_reason (&rule->said, because));
  }
  if (view->recipient)
    add_recipient (decision, decision->action, decision->action == MUGAI_ACTION_REFUSE ? rule->said.id : RULE_CEILING);
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
  summary_init (&summary, policy, &claimed, NULL);
  View view = { .policy = policy, .envelope = &claimed, .summary = &summary };
  const Rule *rule = NULL;
  /* While no recipient is known: refused only when it would be in every direction it could take. */
  for (guint i = 0; i < G_N_ELEMENTS (inside); i++) {
    gboolean open = FALSE;
    view.direction = envelope->recipients->len > 0 ? envelope->direction : possible[i];
    view.branch = branch_of (policy, envelope, view.direction, NULL);
    rule = early_rule (policy, &view, MUGAI_STAGE_MAIL, &open);
    if (!rule || rule->verb != VERB_REFUSE)
      break;
  }
  return early_decision (policy, &view, rule);
}

MugaiDecision *mugai_policy_decide_recipient (const MugaiPolicy *policy, const MugaiEnvelope *envelope) {
  const MugaiRecipient *recipient =
      envelope->recipients->len > 0 ? g_ptr_array_index (envelope->recipients, envelope->recipients->len - 1) : NULL;
  Summary summary;
  summary_init (&summary, policy, envelope, NULL);
  View view = {
    .policy = policy,
    .envelope = envelope,
    .summary = &summary,
    .direction = recipient ? recipient->direction : envelope->direction,
    .recipient = recipient,
  };
  view.branch = branch_of (policy, envelope, view.direction, recipient ? recipient->address : NULL);
  gboolean relay_open = FALSE;
  const Rule *rule = early_rule (policy, &view, MUGAI_STAGE_RCPT, &relay_open);
  if (view.direction == MUGAI_DIRECTION_RELAY && !relay_open && (!rule || rule->verb != VERB_REFUSE))
    rule = &builtin_relay;
  return early_decision (policy, &view, rule);
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
