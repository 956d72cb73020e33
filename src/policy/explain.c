/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Why a mail fares as it does: each rule in order, for each recipient and each part, with every fact that it asked and what was there.
 * The decision itself is decide's own; this only looks over its shoulder. Any thread.
 */
#include <string.h>

#include "mugai/policy/tools.h"

#include "condition.h"
#include "words.h"

#define MAX_TRACED 20000u /* rules × recipients × parts told; a person reads far fewer */

typedef struct {
  const MugaiPolicy *policy;
  const MugaiEnvelope *envelope;
  const MugaiFacts *facts;
  gboolean japanese;
  Summary summary;
  Cache cache;
  json_t *rules;
  gboolean parts_by_recipient; /* part rules tell recipients apart */
} Telling;

/* One entry a fact; @negated: under an odd number of "not". Recursion as deep as a policy nests. */
static void tell_condition (json_t *why, const Condition *condition, const View *view, gboolean negated,
                            gboolean japanese) {
  if (!condition)
    return;
  if (condition->kind != CONDITION_FACT) {
    for (guint i = 0; i < condition->children->len; i++)
      tell_condition (why, g_ptr_array_index (condition->children, i), view,
                      negated != (condition->kind == CONDITION_NOT), japanese);
    return;
  }
  g_autofree char *wants = condition_words (condition, FALSE);
  g_autofree char *words = condition_words (condition, japanese);
  g_autofree char *seen = condition_seen (condition, view);
  json_array_append_new (why,
                         json_pack ("{s:s, s:o, s:o, s:o, s:b, s:b}", "fact",
                                    mugai_vocabulary_row (condition->fact)->name, "wants", mugai_json_string (wants),
                                    "words", mugai_json_string (words), "seen", mugai_json_string (seen), "holds",
                                    condition_holds (condition, view), "not", negated));
}

static const Exception *exception_for (const Rule *rule, const View *view, gboolean ended) {
  gint64 now_us = view->envelope->time_us;
  for (guint i = 0; i < rule->exceptions->len; i++) {
    const Exception *exception = g_ptr_array_index (rule->exceptions, i);
    gboolean active = now_us >= exception->since_us && now_us < exception->until_us;
    if (active != ended && condition_holds (exception->scope, view))
      return exception;
  }
  return NULL;
}

static const char *result_of (const Rule *rule, const View *view, const char **ret_exception) {
  const Exception *exception;
  *ret_exception = NULL;
  if (rule->branch && rule->branch != view->branch)
    return "other-organisation";
  if (rule->until_us && view->envelope->time_us >= rule->until_us)
    return "ended";
  if (!condition_holds (rule->when, view))
    return "no";
  if ((exception = exception_for (rule, view, FALSE)) != NULL) {
    *ret_exception = exception->id;
    return "excepted";
  }
  if ((exception = exception_for (rule, view, TRUE)) != NULL)
    *ret_exception = exception->id;
  return rule->monitor ? "would" : "yes";
}

/* TRUE: the rule ends the search. */
static gboolean tell_rule (Telling *telling, const Rule *rule, const View *view, gboolean reached) {
  const char *exception = NULL;
  const char *result = reached ? result_of (rule, view, &exception) : "not-reached";
  json_t *one = json_pack ("{s:s, s:s, s:s, s:s}", "id", rule->said.id, "on", rule->on_part ? "part" : "message",
                           "result", result, "action", verb_name (rule->verb));
  g_autofree char *words = rule_words (rule, telling->policy->utc_offset_s, telling->japanese);
  json_object_set_new (one, "clause", mugai_json_string (rule->said.clause));
  json_object_set_new (one, "words", mugai_json_string (words));
  json_object_set_new (one, "file", mugai_json_string (rule->file));
  json_object_set_new (one, "line", json_integer (rule->line));
  if (view->recipient && (!rule->on_part || telling->parts_by_recipient))
    json_object_set_new (one, "recipient", mugai_json_string (view->recipient->address));
  if (view->part)
    json_object_set_new (one, "part", mugai_json_string (view->part->path));
  if (exception)
    json_object_set_new (one, "exception", mugai_json_string (exception));
  json_t *why = json_array ();
  if (reached)
    tell_condition (why, rule->when, view, FALSE, telling->japanese);
  json_object_set_new (one, "why", why);
  json_array_append_new (telling->rules, one);
  return strcmp (result, "yes") == 0 && rule->verb != VERB_CONTINUE;
}

static void tell_rules (Telling *telling, const GPtrArray *rules, const View *view) {
  gboolean reached = TRUE;
  for (guint i = 0; i < rules->len && json_array_size (telling->rules) < MAX_TRACED; i++)
    if (tell_rule (telling, g_ptr_array_index (rules, i), view, reached))
      reached = FALSE;
}

static View view_for (Telling *telling, guint index) {
  GPtrArray *recipients = telling->envelope->recipients;
  const MugaiRecipient *recipient = index < recipients->len ? g_ptr_array_index (recipients, index) : NULL;
  View view = {
    .policy = telling->policy,
    .envelope = telling->envelope,
    .facts = telling->facts,
    .summary = &telling->summary,
    .cache = &telling->cache,
    .direction = recipient ? recipient->direction : telling->envelope->direction,
    .recipient = recipient,
  };
  view.branch = branch_of (telling->policy, telling->envelope, view.direction, recipient ? recipient->address : NULL);
  return view;
}

/* Part rules see no difference between it and a recipient before it. */
static gboolean like_another (Telling *telling, guint index) {
  View view = view_for (telling, index);
  for (guint i = 0; i < index && !telling->policy->parts_ask_recipient; i++) {
    View other = view_for (telling, i);
    if (other.direction == view.direction && other.branch == view.branch)
      return TRUE;
  }
  return FALSE;
}

static void tell_all (Telling *telling) {
  guint n = MAX (telling->envelope->recipients->len, 1);
  for (guint i = 0; i < n; i++) {
    View view = view_for (telling, i);
    tell_rules (telling, telling->policy->message_rules, &view);
  }
  for (guint i = 1; i < n; i++)
    telling->parts_by_recipient |= !like_another (telling, i);
  for (guint i = 0; i < telling->facts->parts->len; i++)
    for (guint j = 0; j < n; j++) {
      View view = view_for (telling, j);
      view.part = g_ptr_array_index (telling->facts->parts, i);
      if (!like_another (telling, j))
        tell_rules (telling, telling->policy->part_rules, &view);
    }
}

static json_t *parts_of (const MugaiFacts *facts, const MugaiDecision *decision) {
  json_t *parts = json_array ();
  for (guint i = 0; i < facts->parts->len && i < decision->parts->len; i++) {
    const MugaiPart *part = g_ptr_array_index (facts->parts, i);
    const MugaiPartDecision *one = g_ptr_array_index (decision->parts, i);
    json_t *object = json_pack ("{s:s, s:s, s:s, s:s, s:I}", "role", mugai_role_name (part->role), "scan",
                                mugai_scan_name (part->scan), "action", mugai_part_action_name (one->action), "rule",
                                one->rule, "size_bytes", (json_int_t) part->size_bytes);
    json_object_set_new (object, "path", mugai_json_string (part->path));
    json_object_set_new (object, "declared", mugai_json_string (part->declared));
    json_object_set_new (object, "detected", mugai_json_string (part->detected));
    json_object_set_new (object, "names", mugai_json_strv ((const char *const *) part->names));
    json_array_append_new (parts, object);
  }
  return parts;
}

static json_t *texts_of (const GPtrArray *texts) {
  json_t *array = json_array ();
  for (guint i = 0; i < texts->len; i++)
    json_array_append_new (array, mugai_json_string (g_ptr_array_index (texts, i)));
  return array;
}

static json_t *recipients_of (const MugaiEnvelope *envelope, const MugaiDecision *decision) {
  json_t *array = json_array ();
  for (guint i = 0; i < envelope->recipients->len && i < decision->recipients->len; i++) {
    const MugaiRecipient *recipient = g_ptr_array_index (envelope->recipients, i);
    const MugaiRecipientDecision *one = g_ptr_array_index (decision->recipients, i);
    json_array_append_new (array, json_pack ("{s:o, s:s, s:s, s:s}", "address", mugai_json_string (recipient->address),
                                             "direction", mugai_direction_name (recipient->direction), "action",
                                             mugai_action_name (one->action), "rule", one->rule));
  }
  return array;
}

static json_t *reasons_of (const MugaiDecision *decision, gboolean japanese) {
  json_t *array = json_array ();
  for (guint i = 0; i < decision->reasons->len; i++) {
    const MugaiReason *reason = g_ptr_array_index (decision->reasons, i);
    const char *words = japanese ? reason->ja : reason->en;
    json_array_append_new (array, json_pack ("{s:s, s:o, s:o, s:o}", "rule", reason->rule, "clause",
                                             mugai_json_string (reason->clause), "because",
                                             mugai_json_string (reason->because), "words",
                                             mugai_json_string (words ? words : "")));
  }
  return array;
}

json_t *mugai_policy_explain (const MugaiPolicy *policy, const MugaiEnvelope *envelope, const MugaiFacts *facts,
                              gboolean japanese) {
  Telling telling = { .policy = policy, .envelope = envelope, .facts = facts, .japanese = japanese };
  g_autoptr (MugaiDecision) decision = mugai_policy_decide (policy, envelope, facts);
  const MugaiReason *first = decision->reasons->len ? g_ptr_array_index (decision->reasons, 0) : NULL;
  telling.rules = json_array ();
  summary_init (&telling.summary, policy, envelope, facts);
  cache_init (&telling.cache);
  tell_all (&telling);
  cache_clear (&telling.cache);
  json_t *object = json_pack ("{s:s, s:s, s:s, s:b, s:s}", "action", mugai_action_name (decision->action), "rule",
                              first ? first->rule : "", "ceiling", mugai_ceiling_name (decision->ceiling), "changed",
                              decision->changed, "direction", mugai_direction_name (envelope->direction));
  json_object_set_new (object, "reply", decision->reply ? mugai_json_string (decision->reply) : json_null ());
  json_object_set_new (object, "recipients", recipients_of (envelope, decision));
  json_object_set_new (object, "reasons", reasons_of (decision, japanese));
  json_object_set_new (object, "rules", telling.rules);
  json_object_set_new (object, "parts", parts_of (facts, decision));
  json_object_set_new (object, "exceptions", texts_of (decision->exceptions));
  json_object_set_new (object, "would", texts_of (decision->would));
  return object;
}
