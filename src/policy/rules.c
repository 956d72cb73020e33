/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Reads rules and exceptions. A rule is whole or it is a mistake: an id, where it looks, what it does, and a sentence
 * for people in both languages. An exception names its rule, its scope, who approved it, and its end. Any thread.
 */
#include "loader.h"

#include <string.h>

#include "mugai/base/unicode.h"

void rule_free (Rule *rule) {
  if (!rule)
    return;
  g_free (rule->said.id);
  g_free (rule->said.clause);
  g_free (rule->said.ja);
  g_free (rule->said.en);
  condition_free (rule->when);
  g_free (rule->enhanced);
  g_free (rule->text);
  g_free (rule->subject_tag);
  g_clear_pointer (&rule->add_headers, g_ptr_array_unref);
  g_clear_pointer (&rule->exceptions, g_ptr_array_unref);
  g_free (rule);
}

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
  Rule *rule;
  const MugaiYamlNode *when;   /* read last: whether part facts may stand there depends on "on" */
  const MugaiYamlNode *action; /* where the verb stands */
  const MugaiYamlNode *monitor;
} RuleTarget;

/* ---- then ---- */

static const char *const message_verbs[] = { "deliver", "hold", "refuse", "tempfail", NULL };
static const char *const part_verbs[] = { "keep", "text", "remove", "hold", "refuse", "tempfail", NULL };

static Verb verb_from_name (const char *name) {
  static const char *const names[] = { "deliver", "hold", "refuse", "tempfail", "keep", "text", "remove" };
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if (strcmp (names[i], name) == 0)
      return (Verb) i;
  return VERB_CONTINUE;
}

static void read_action (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  RuleTarget *rule = target;
  const char *const *verbs = rule->rule->on_part ? part_verbs : message_verbs;
  int word = value_word (loader, node, verbs);
  rule->action = node;
  if (word >= 0)
    rule->rule->verb = verb_from_name (verbs[word]);
}

static void read_code (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  gint64 code = 0;
  if (value_number (loader, node, 400, 599, &code))
    ((RuleTarget *) target)->rule->code = (guint) code;
}

static gboolean is_enhanced (const char *text) {
  g_auto (GStrv) parts = g_strsplit (text, ".", 4);
  if (g_strv_length (parts) != 3 || strlen (parts[0]) != 1 || !strchr ("45", parts[0][0]))
    return FALSE;
  for (guint i = 1; i < 3; i++)
    if (!*parts[i] || strlen (parts[i]) > 3 || strspn (parts[i], "0123456789") != strlen (parts[i]))
      return FALSE;
  return TRUE;
}

static void read_enhanced (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  Rule *rule = ((RuleTarget *) target)->rule;
  if (!value_text (loader, node, &rule->enhanced) || is_enhanced (rule->enhanced))
    return;
  mugai_yaml_problem_at (&loader->problems, node,
                         "「%s」は拡張応答コードではありません。例えば 5.7.1 と書いてください。",
                         "\"%s\" is no enhanced status code: write for instance 5.7.1", node->text);
  g_clear_pointer (&rule->enhanced, g_free);
}

static void read_reply_text (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  Rule *rule = ((RuleTarget *) target)->rule;
  if (!value_text (loader, node, &rule->text))
    return;
  for (const char *p = rule->text; *p; p++)
    if (*p < ' ' || *p > '~') {
      mugai_yaml_problem_at (&loader->problems, node, "SMTPの応答文は一行の半角英数字（ASCII）で書きます。",
                             "the text of an SMTP reply is one line of ASCII");
      return;
    }
  if (strlen (rule->text) > MAX_REPLY_BYTES)
    mugai_yaml_problem_at (&loader->problems, node, "SMTPの応答文が長すぎます（%u文字まで）。",
                           "the reply is too long (at most %u)", MAX_REPLY_BYTES);
}

static void read_tag (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  Rule *rule = ((RuleTarget *) target)->rule;
  if (value_text (loader, node, &rule->subject_tag) && strlen (rule->subject_tag) > 60)
    mugai_yaml_problem_at (&loader->problems, node, "件名に付ける印が長すぎます（60バイトまで）。",
                           "the tag is too long (at most 60 bytes)");
}

static void read_header_name (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  MugaiHeaderFact *header = target;
  if (!value_text (loader, node, &header->name))
    return;
  gboolean ours = g_ascii_strncasecmp (header->name, "X-Mugai-", 8) == 0
                  && strspn (header->name + 8, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")
                         == strlen (header->name + 8)
                  && strlen (header->name) > 8 && strlen (header->name) <= 40;
  if (!ours && g_ascii_strcasecmp (header->name, "Auto-Submitted") != 0)
    mugai_yaml_problem_at (&loader->problems, node, "足せるヘッダーは X-Mugai- で始まるものだけです。",
                           "only headers named X-Mugai-... can be added");
}

static void read_header_value (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  MugaiHeaderFact *header = target;
  if (!value_text (loader, node, &header->value))
    return;
  g_free (header->value);
  header->value = mugai_unicode_make_safe (node->text, -1, 200);
}

static void read_add_header (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  static const Key keys[] = { { "name", TRUE, read_header_name },
                              { "value", TRUE, read_header_value },
                              { NULL, FALSE, NULL } };
  Rule *rule = ((RuleTarget *) target)->rule;
  if (!rule->add_headers)
    rule->add_headers = g_ptr_array_new_with_free_func ((GDestroyNotify) mugai_header_fact_free);
  for (guint i = 0; i < node_items (node); i++) {
    MugaiHeaderFact *header = g_new0 (MugaiHeaderFact, 1);
    g_ptr_array_add (rule->add_headers, header);
    (void) read_mapping (loader, node_item (node, i), keys, header);
  }
}

static void settle_reply (Loader *loader, const MugaiYamlNode *node, Rule *rule) {
  gboolean refuse = rule->verb == VERB_REFUSE;
  if (!refuse && rule->verb != VERB_TEMPFAIL) {
    if (rule->code || rule->enhanced || rule->text)
      mugai_yaml_problem_at (&loader->problems, node, "code、enhanced、text は refuse か tempfail だけに書けます。",
                             "code, enhanced and text go with refuse or tempfail only");
    return;
  }
  rule->code = rule->code ? rule->code : refuse ? 550 : 451;
  rule->enhanced = rule->enhanced ? rule->enhanced : g_strdup (refuse ? "5.7.1" : "4.7.1");
  rule->text = rule->text ? rule->text : g_strdup (refuse ? "Refused by policy" : "Try again later");
  guint class = refuse ? 5 : 4;
  if (rule->code / 100 != class || (guint) (rule->enhanced[0] - '0') != class)
    mugai_yaml_problem_at (&loader->problems, node, "%sの応答コードは%uで始まらなければなりません（今は %u %s）。",
                           "the codes of %s have to begin with %u (now %u %s)", refuse ? "refuse" : "tempfail", class,
                           rule->code, rule->enhanced);
}

static void read_then (Loader *loader, const MugaiYamlNode *node, RuleTarget *target) {
  static const Key keys[] = { { "action", FALSE, read_action },
                              { "code", FALSE, read_code },
                              { "enhanced", FALSE, read_enhanced },
                              { "text", FALSE, read_reply_text },
                              { "tag_subject", FALSE, read_tag },
                              { "add_header", FALSE, read_add_header },
                              { NULL, FALSE, NULL } };
  target->rule->verb = VERB_CONTINUE;
  if (node->kind != MUGAI_YAML_MAPPING) {
    read_action (loader, node, target);
  } else {
    guint errors = loader->problems.errors;
    (void) read_mapping (loader, node, keys, target);
    if (errors == loader->problems.errors && target->rule->verb == VERB_CONTINUE && !target->rule->subject_tag
        && !target->rule->add_headers)
      mugai_yaml_problem_at (&loader->problems, node, "何をするかがありません。action（hold など）を書いてください。",
                             "it does nothing: write an action (hold, for instance)");
  }
  settle_reply (loader, node, target->rule);
}

/* ---- rules ---- */

static void claim_id (Loader *loader, const MugaiYamlNode *node, char **ret_id) {
  if (!value_id (loader, node, ret_id))
    return;
  const MugaiYamlNode *first = g_hash_table_lookup (loader->ids, node->text);
  if (first)
    mugai_yaml_problem_at (&loader->problems, node, "id「%s」は%u行目で使われています。別の名前にしてください。",
                           "id \"%s\" is taken on line %u: choose another", node->text, first->line);
  else
    g_hash_table_insert (loader->ids, node->text, (gpointer) node);
}

static void read_id (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  Rule *rule = ((RuleTarget *) target)->rule;
  claim_id (loader, node, &rule->said.id);
  if (rule->said.id && strcmp (rule->said.id, "ceiling") == 0)
    mugai_yaml_problem_at (&loader->problems, node, "「ceiling」は規則の名前に使えません。",
                           "\"ceiling\" is not free as a name");
}

static void read_clause (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  (void) value_text (loader, node, &((RuleTarget *) target)->rule->said.clause);
}

static void read_ja (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  (void) value_text (loader, node, &((RuleTarget *) target)->rule->said.ja);
}

static void read_en (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  (void) value_text (loader, node, &((RuleTarget *) target)->rule->said.en);
}

static void read_when (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  (void) loader;
  ((RuleTarget *) target)->when = node;
}

static void read_monitor (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  RuleTarget *rule = target;
  rule->monitor = node;
  (void) value_boolean (loader, node, &rule->rule->monitor);
}

static void read_later (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  (void) loader;
  (void) node;
  (void) target;
}

static gboolean is_scan (MugaiFact fact) {
  return fact == FACT_PART_SCAN || fact == FACT_SCANS;
}

static void check_monitor (Loader *loader, const RuleTarget *target) {
  const Rule *rule = target->rule;
  if (!rule->monitor)
    return;
  if (rule->verb == VERB_DELIVER || rule->verb == VERB_KEEP)
    mugai_yaml_problem_at (&loader->problems, target->monitor, "monitor は厳しくする規則だけに使えます。",
                           "monitor is for rules that tighten only");
  if (condition_names (rule->when, is_scan))
    mugai_yaml_problem_at (&loader->problems, target->monitor,
                           "ウイルス検査の結果についての規則は monitor にできません。",
                           "a rule on scan verdicts cannot be monitored only");
}

static Rule *read_rule (Loader *loader, const MugaiYamlNode *node) {
  static const char *const places[] = { "message", "part", NULL };
  static const Key keys[] = { { "id", TRUE, read_id },      { "clause", FALSE, read_clause },
                              { "on", TRUE, read_later },   { "when", FALSE, read_when },
                              { "then", TRUE, read_later }, { "ja", TRUE, read_ja },
                              { "en", TRUE, read_en },      { "monitor", FALSE, read_monitor },
                              { NULL, FALSE, NULL } };
  g_autoptr (Rule) rule = g_new0 (Rule, 1);
  RuleTarget target = { .rule = rule };
  const MugaiYamlNode *on = mugai_yaml_value (node, "on"), *then = mugai_yaml_value (node, "then");
  rule->line = node->line;
  rule->exceptions = g_ptr_array_new ();
  rule->on_part = on && value_word (loader, on, places) == 1;
  if (!read_mapping (loader, node, keys, &target))
    return NULL;
  if (then)
    read_then (loader, then, &target);
  if (target.when)
    rule->when = read_condition (loader, target.when, rule->on_part);
  rule->stages = MUGAI_STAGE_ALL;
  condition_stages (rule->when, &rule->stages, &rule->names_scan, &rule->per_recipient);
  check_monitor (loader, &target);
  rule->said.id = rule->said.id ? rule->said.id : g_strdup ("");
  rule->said.clause = rule->said.clause ? rule->said.clause : g_strdup ("");
  return g_steal_pointer (&rule);
}

static gboolean is_list (Loader *loader, const MugaiYamlNode *node) {
  if (node->kind == MUGAI_YAML_LIST)
    return TRUE;
  mugai_yaml_problem_at (&loader->problems, node, "ここには「- 」で始まる項目を並べます。",
                         "a list is expected: items begin with \"- \"");
  return FALSE;
}

void read_rules (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  MugaiPolicy *policy = target;
  if (!is_list (loader, node))
    return;
  if (node->values->len > MUGAI_POLICY_MAX_RULES) {
    mugai_yaml_problem_at (&loader->problems, node, "規則が多すぎます（%u個まで）。", "too many rules (at most %u)",
                           MUGAI_POLICY_MAX_RULES);
    return;
  }
  for (guint i = 0; i < node->values->len; i++) {
    Rule *rule = read_rule (loader, g_ptr_array_index (node->values, i));
    if (rule)
      g_ptr_array_add (rule->on_part ? policy->part_rules : policy->message_rules, rule);
  }
}

/* ---- exceptions ---- */

typedef struct {
  Exception *exception;
  const MugaiYamlNode *node, *rule, *scope, *parts, *to, *approved_by;
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
  gint64 days = 0;
  if (value_date (loader, node, &days))
    ((ExceptionTarget *) target)->exception->until_us =
        ((days + 1) * 86400 - loader->policy->utc_offset_s) * G_USEC_PER_SEC;
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

static void check_exception (Loader *loader, const ExceptionTarget *target) {
  const Exception *exception = target->exception;
  if (exception->raises)
    check_raise (loader, target);
  else if (target->to || target->parts)
    mugai_yaml_problem_at (&loader->problems, target->to ? target->to : target->parts,
                           "to と parts は rule: ceiling の例外だけに書けます。",
                           "to and parts go with rule: ceiling only");
  if (exception->approved_by && exception->requested_by
      && strcmp (exception->approved_by, exception->requested_by) == 0)
    mugai_yaml_problem_at (&loader->problems, target->approved_by,
                           "承認した人と申請した人が同じです（%s）。別の人の承認が要ります。",
                           "approved and requested by the same person (%s): somebody else has to approve",
                           exception->approved_by);
  if (exception->until_us && exception->until_us <= g_get_real_time ())
    mugai_yaml_warn_at (&loader->problems, target->node, "例外「%s」は期限が過ぎていて、効きません。",
                        "exception \"%s\" is past its end and has no effect", exception->id ? exception->id : "");
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
  if (exception->rule && !exception->raises && !rule)
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
  if (!is_list (loader, node))
    return;
  for (guint i = 0; i < node->values->len; i++) {
    Exception *exception = read_exception (loader, g_ptr_array_index (node->values, i));
    if (exception)
      g_ptr_array_add (policy->exceptions, exception);
  }
}
