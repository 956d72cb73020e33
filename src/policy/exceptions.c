/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Reads exceptions. Each names its rule (or the ceiling), its scope, a reason, who approved it (not who asked) and its end; one in an
 * emergency is by one person and short. What it weakens is said. Any thread.
 */
#include "loader.h"

#include <string.h>

void exception_free (Exception *exception) {
  if (!exception)
    return;
  g_free (exception->id);
  g_free (exception->rule);
  g_free (exception->reason);
  g_free (exception->approved_by);
  g_free (exception->requested_by);
  condition_free (exception->scope);
  condition_free (exception->parts);
  g_free (exception);
}

typedef struct {
  Exception *exception;
  const MugaiYamlNode *node, *rule, *scope, *parts, *to, *approved_by, *until, *emergency;
  gboolean has_level;
} ExceptionTarget;

static void read_exception_id (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  claim_id (loader, node, &((ExceptionTarget *) target)->exception->id);
}

static void read_exception_rule (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  ExceptionTarget *exception = target;
  exception->rule = node;
  (void) value_id (loader, node, &exception->exception->rule);
}

static void read_scope (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  (void) loader;
  ((ExceptionTarget *) target)->scope = node;
}

static void read_parts (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  (void) loader;
  ((ExceptionTarget *) target)->parts = node;
}

static void read_to (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  static const char *const levels[] = { "text", "parts", "untouched", NULL };
  ExceptionTarget *exception = target;
  int level = value_word (loader, node, levels);
  exception->to = node;
  exception->has_level = level >= 0;
  exception->exception->ceiling = level < 0 ? MUGAI_CEILING_TEXT : (MugaiCeiling) level;
}

static void read_reason (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  (void) value_text (loader, node, &((ExceptionTarget *) target)->exception->reason);
}

static void read_approved_by (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  ((ExceptionTarget *) target)->approved_by = node;
  (void) value_text (loader, node, &((ExceptionTarget *) target)->exception->approved_by);
}

static void read_requested_by (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  (void) value_text (loader, node, &((ExceptionTarget *) target)->exception->requested_by);
}

/* It holds to the end of that day, in the organisation's zone. */
static void read_until (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  ((ExceptionTarget *) target)->until = node;
  (void) value_moment (loader, node, TRUE, &((ExceptionTarget *) target)->exception->until_us);
}

static void read_since (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  (void) value_moment (loader, node, FALSE, &((ExceptionTarget *) target)->exception->since_us);
}

static void read_emergency (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  ((ExceptionTarget *) target)->emergency = node;
  (void) value_boolean (loader, node, &((ExceptionTarget *) target)->exception->emergency);
}

static gboolean is_envelope_fact (MugaiFact fact) {
  return fact <= FACT_RECIPIENT && fact != FACT_DIRECTION && fact != FACT_NULL_SENDER;
}

static gboolean is_strong_scope (MugaiFact fact) { /* what a stranger cannot write */
  return fact == FACT_CLIENT || fact == FACT_CLIENT_INSIDE || fact == FACT_AUTH || fact == FACT_AUTHENTICATED
         || fact == FACT_RECIPIENT;
}

static void check_raise (Loader *loader, const ExceptionTarget *target) {
  const Exception *exception = target->exception;
  if (!target->to)
    mugai_yaml_problem_at (&loader->problems, target->node, "上限を上げる例外には to（parts か untouched）が要ります。",
                           "an exception to the ceiling needs to: parts or untouched");
  if (target->has_level && exception->ceiling == MUGAI_CEILING_PARTS && !target->parts)
    mugai_yaml_problem_at (&loader->problems, target->node, "どの部品を通すかを parts に書いてください。",
                           "say under parts which parts may pass");
  if (exception->scope && !condition_names (exception->scope, is_envelope_fact))
    mugai_yaml_problem_at (
        &loader->problems, target->scope,
        "上限を上げる例外の scope には、封筒の条件（client、from、recipient など）が要ります。",
        "the scope of an exception to the ceiling needs something of the envelope (client, from, recipient ...)");
  else if (exception->scope && !condition_names (exception->scope, is_strong_scope))
    mugai_yaml_warn_at (&loader->problems, target->scope,
                        "この scope は差出人だけで決まります。差出人は誰でも書けるので、client も書いてください。",
                        "this scope rests on a sender that anyone can write: add client");
}

static void check_emergency (Loader *loader, const ExceptionTarget *target) {
  const Exception *exception = target->exception;
  gint64 longest_us = (gint64) MAX_EMERGENCY_HOURS * 3600 * G_USEC_PER_SEC;
  if (!exception->since_us)
    mugai_yaml_problem_at (&loader->problems, target->emergency,
                           "緊急の例外には、始まり（since: 2026-04-01T09:00 の形）も書いてください。",
                           "an emergency exception says when it began: since: 2026-04-01T09:00");
  else if (exception->until_us && exception->until_us - exception->since_us > longest_us)
    mugai_yaml_problem_at (&loader->problems, target->until,
                           "緊急の例外は最長%d時間です。それより長いものは、承認を得て通常の例外にしてください。",
                           "an emergency exception lasts at most %d hours: longer ones need an ordinary approval",
                           MAX_EMERGENCY_HOURS);
  else
    mugai_yaml_warn_at (&loader->problems, target->emergency,
                        "例外「%s」は緊急のものです。報告と承認が済むまで未処理のままです。",
                        "exception \"%s\" is an emergency: open until it is reported and approved",
                        exception->id ? exception->id : "");
}

static void check_persons (Loader *loader, const ExceptionTarget *target) {
  const Exception *exception = target->exception;
  if (exception->approved_by && exception->requested_by && !exception->emergency
      && strcmp (exception->approved_by, exception->requested_by) == 0)
    mugai_yaml_problem_at (&loader->problems, target->approved_by,
                           "承認した人と申請した人が同じです（%s）。別の人の承認が要ります。",
                           "approved and requested by the same person (%s): somebody else has to approve",
                           exception->approved_by);
}

static void check_end (Loader *loader, const ExceptionTarget *target) {
  const Exception *exception = target->exception;
  const char *id = exception->id ? exception->id : "";
  gint64 left_us = exception->until_us - loader->now_us;
  if (exception->since_us && exception->until_us && exception->since_us >= exception->until_us)
    mugai_yaml_problem_at (&loader->problems, target->until, "例外「%s」の終わりが始まりより前です。",
                           "exception \"%s\" ends before it begins", id);
  else if (exception->until_us && left_us <= 0)
    mugai_yaml_warn_at (&loader->problems, target->node, "例外「%s」は期限が過ぎていて、効きません。",
                        "exception \"%s\" is past its end and has no effect", id);
  else if (exception->until_us && left_us < (gint64) ENDS_SOON_DAYS * 86400 * G_USEC_PER_SEC && !exception->emergency)
    mugai_yaml_warn_at (&loader->problems, target->until,
                        "例外「%s」は%d日以内に終わります。続けるなら、あらためて承認を得てください。",
                        "exception \"%s\" ends within %d days: have it approved anew if it is to go on", id,
                        ENDS_SOON_DAYS);
  else if (left_us > (gint64) ENDS_LATE_DAYS * 86400 * G_USEC_PER_SEC)
    mugai_yaml_warn_at (&loader->problems, target->until,
                        "例外「%s」の期限は%d日より先です。年度末までなど、見直せる長さにしてください。",
                        "exception \"%s\" ends over %d days from now: choose an end that makes somebody look again", id,
                        ENDS_LATE_DAYS);
}

static void check_exception (Loader *loader, const ExceptionTarget *target) {
  const Exception *exception = target->exception;
  if (exception->raises)
    check_raise (loader, target);
  else if (target->to || target->parts)
    mugai_yaml_problem_at (&loader->problems, target->to ? target->to : target->parts,
                           "to と parts は rule: ceiling の例外だけに書けます。",
                           "to and parts go with rule: ceiling only");
  check_persons (loader, target);
  if (exception->emergency)
    check_emergency (loader, target);
  check_end (loader, target);
}

static GPtrArray *rules_of (MugaiPolicy *policy, gboolean parts) {
  return parts ? policy->part_rules : policy->message_rules;
}

static Rule *find_rule (MugaiPolicy *policy, const char *id) {
  for (guint i = 0; i < 2; i++) {
    GPtrArray *rules = rules_of (policy, i == 1);
    for (guint j = 0; j < rules->len; j++) {
      Rule *rule = g_ptr_array_index (rules, j);
      if (strcmp (rule->said.id, id) == 0)
        return rule;
    }
  }
  return NULL;
}

static void rule_unknown (Loader *loader, const MugaiYamlNode *node) {
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  for (guint i = 0; i < 2; i++) {
    GPtrArray *rules = rules_of (loader->policy, i == 1);
    for (guint j = 0; j < rules->len; j++)
      g_ptr_array_add (words, ((Rule *) g_ptr_array_index (rules, j))->said.id);
  }
  g_ptr_array_add (words, (gpointer) "ceiling");
  g_ptr_array_add (words, NULL);
  const char *near = mugai_yaml_nearest_word (node->text, (const char *const *) words->pdata);
  if (near)
    mugai_yaml_problem_at (&loader->problems, node, "規則「%s」はありません。もしかして「%s」ですか。",
                           "there is no rule \"%s\": did you mean \"%s\"?", node->text, near);
  else
    mugai_yaml_problem_at (&loader->problems, node, "規則「%s」はありません（上限を上げる例外なら ceiling）。",
                           "there is no rule \"%s\" (to raise the ceiling, write ceiling)", node->text);
}

static void link_exception (const ExceptionTarget *target, Rule *rule) {
  Exception *exception = target->exception;
  if (exception->raises || !rule)
    return;
  g_ptr_array_add (rule->exceptions, exception);
  rule->per_recipient |= exception->per_recipient;
}

static Exception *read_exception (Loader *loader, const MugaiYamlNode *node) {
  static const Key keys[] = { { "id", TRUE, read_exception_id },
                              { "rule", TRUE, read_exception_rule },
                              { "scope", TRUE, read_scope },
                              { "reason", TRUE, read_reason },
                              { "approved_by", TRUE, read_approved_by },
                              { "requested_by", FALSE, read_requested_by },
                              { "until", TRUE, read_until },
                              { "since", FALSE, read_since },
                              { "emergency", FALSE, read_emergency },
                              { "to", FALSE, read_to },
                              { "parts", FALSE, read_parts },
                              { NULL, FALSE, NULL } };
  g_autoptr (Exception) exception = g_new0 (Exception, 1);
  ExceptionTarget target = { .exception = exception, .node = node };
  gboolean unused = FALSE;
  exception->line = node->line;
  if (!read_mapping (loader, node, keys, &target))
    return NULL;
  exception->raises = exception->rule && strcmp (exception->rule, "ceiling") == 0;
  Rule *rule = exception->rule && !exception->raises ? find_rule (loader->policy, exception->rule) : NULL;
  if (exception->rule && !exception->raises && !rule && !loader->cut)
    rule_unknown (loader, target.rule);
  if (target.scope)
    exception->scope = read_condition (loader, target.scope, rule && rule->on_part);
  if (target.parts)
    exception->parts = read_condition (loader, target.parts, TRUE);
  exception->stages = MUGAI_STAGE_ALL;
  condition_stages (exception->scope, &exception->stages, &unused, &exception->per_recipient);
  condition_stages (exception->parts, &(guint){ 0 }, &exception->names_scan, &unused);
  exception->id = exception->id ? exception->id : g_strdup ("");
  check_exception (loader, &target);
  link_exception (&target, rule);
  return g_steal_pointer (&exception);
}

void read_exceptions (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  MugaiPolicy *policy = target;
  if (!expect_list (loader, node))
    return;
  for (guint i = 0; i < node->values->len; i++) {
    Exception *exception = read_exception (loader, g_ptr_array_index (node->values, i));
    if (exception)
      g_ptr_array_add (policy->exceptions, exception);
  }
}
