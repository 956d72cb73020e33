/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Reads rules. A rule is whole or it is a mistake: an id, where it looks, what it does, and a sentence for people in both
 * languages. Any thread.
 */
#include "loader.h"

#include <string.h>

#include "mugai/base/unicode.h"

#include "condition.h"
#include "reach.h"

gboolean is_own_address (const MugaiPolicy *policy, const char *address) {
  const char *at = strrchr (address, '@');
  g_autofree char *domain = domain_fold (at ? at + 1 : "");
  for (char **ours = policy->organisation.domains; ours && *ours; ours++)
    if ((*ours)[0] == '.' ? g_str_has_suffix (domain, *ours) : strcmp (domain, *ours) == 0)
      return TRUE;
  return FALSE;
}

gboolean is_foreign_address (const Loader *loader, const char *address) {
  return !loader->cut && !loader->misread && !is_own_address (loader->policy, address);
}

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
  g_strfreev (rule->add_recipients);
  g_strfreev (rule->approvers);
  g_clear_pointer (&rule->add_headers, g_ptr_array_unref);
  g_clear_pointer (&rule->exceptions, g_ptr_array_unref);
  g_free (rule);
}

typedef struct {
  Rule *rule;
  const MugaiYamlNode *when;   /* read last: whether part facts may stand there depends on "on" */
  const MugaiYamlNode *action; /* where the verb stands */
  const MugaiYamlNode *monitor, *until, *copies, *drop, *approvers, *delay;
} RuleTarget;

/* ---- then ---- */

static const char *const message_verbs[] = { "deliver", "hold", "refuse", "tempfail", "approve", "delay", NULL };
static const char *const part_verbs[] = { "keep", "text", "remove", "hold", "refuse", "tempfail", "approve", NULL };

static Verb verb_from_name (const char *name) {
  for (guint i = 0; i < VERB_CONTINUE; i++)
    if (strcmp (verb_name ((Verb) i), name) == 0)
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

static char **read_addresses (Loader *loader, const MugaiYamlNode *node) {
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  for (guint i = 0; i < node_items (node); i++) {
    g_autofree char *address = NULL;
    if (value_address (loader, node_item (node, i), &address))
      g_strv_builder_add (builder, address);
  }
  return g_strv_builder_end (builder);
}

/* Copies stay in the house: check_recipients () sees that each address is ours. */
static void read_add_recipient (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  RuleTarget *rule = target;
  rule->copies = node;
  g_strfreev (rule->rule->add_recipients);
  rule->rule->add_recipients = read_addresses (loader, node);
}

static void read_approvers (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  RuleTarget *rule = target;
  rule->approvers = node;
  g_strfreev (rule->rule->approvers);
  rule->rule->approvers = read_addresses (loader, node);
}

static void read_delay (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  RuleTarget *rule = target;
  rule->delay = node;
  if (value_age (loader, node, &rule->rule->delay_s) && (rule->rule->delay_s < 1 || rule->rule->delay_s > MAX_DELAY_S))
    mugai_yaml_problem_at (&loader->problems, node, "for は1秒から24時間までで書きます。例えば 10m です。",
                           "write 1s to 24h, for instance 10m");
}

/* Who approves, and how long it waits, each with the verb that it belongs to. */
static void check_waiting (Loader *loader, const MugaiYamlNode *node, const RuleTarget *target) {
  const Rule *rule = target->rule;
  if (target->approvers && rule->verb != VERB_APPROVE)
    mugai_yaml_problem_at (&loader->problems, target->approvers, "approvers は approve だけに書けます。",
                           "approvers go with approve only");
  if ((target->delay != NULL) != (rule->verb == VERB_DELAY))
    mugai_yaml_problem_at (&loader->problems, target->delay ? target->delay : node,
                           "delay には for（例えば 10m）が要り、for は delay だけに書けます。",
                           "delay needs for (10m, for instance), and for goes with delay only");
  for (char **address = rule->approvers; address && *address; address++)
    if (is_foreign_address (loader, *address))
      mugai_yaml_problem_at (&loader->problems, target->approvers,
                             "「%s」は自組織のアドレスではありません。承認者は庁内の人です。",
                             "\"%s\" is no address of ours: approvers are our own people", *address);
}

static void read_drop_recipient (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  RuleTarget *rule = target;
  rule->drop = node;
  (void) value_boolean (loader, node, &rule->rule->drop_recipient);
}

/* What a rule does beside its action needs an action that lets it happen. */
static void check_recipients (Loader *loader, const RuleTarget *target) {
  const Rule *rule = target->rule;
  gboolean passes = rule->verb == VERB_CONTINUE || rule->verb == VERB_DELIVER;
  if ((target->copies || target->drop) && (!passes || rule->on_part))
    mugai_yaml_problem_at (&loader->problems, target->copies ? target->copies : target->drop,
                           "add_recipient と drop_recipient は、メール全体の規則（on: message）で、deliver "
                           "か、action なしのときだけ書けます。",
                           "add_recipient and drop_recipient go with on: message, and with deliver or no action only");
  for (char **address = rule->add_recipients; address && *address; address++)
    if (is_foreign_address (loader, *address))
      mugai_yaml_problem_at (&loader->problems, target->copies,
                             "「%s」は自組織のアドレスではありません。写しを庁外へは送れません。",
                             "\"%s\" is no address of ours: copies never leave the house", *address);
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
                              { "add_recipient", FALSE, read_add_recipient },
                              { "drop_recipient", FALSE, read_drop_recipient },
                              { "approvers", FALSE, read_approvers },
                              { "for", FALSE, read_delay },
                              { NULL, FALSE, NULL } };
  target->rule->verb = VERB_CONTINUE;
  if (node->kind != MUGAI_YAML_MAPPING) {
    read_action (loader, node, target);
  } else {
    guint errors = loader->problems.errors;
    (void) read_mapping (loader, node, keys, target);
    if (errors < loader->problems.errors) /* what goes with what is not known then */
      return;
    if (target->rule->verb == VERB_CONTINUE && !target->rule->subject_tag && !target->rule->add_headers
        && !target->rule->add_recipients && !target->rule->drop_recipient)
      mugai_yaml_problem_at (&loader->problems, node, "何をするかがありません。action（hold など）を書いてください。",
                             "it does nothing: write an action (hold, for instance)");
  }
  check_recipients (loader, target);
  check_waiting (loader, node, target);
  settle_reply (loader, node, target->rule);
}

/* ---- rules ---- */

void claim_id (Loader *loader, const MugaiYamlNode *node, char **ret_id) {
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

static void read_rule_until (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  RuleTarget *rule = target;
  rule->until = node;
  (void) value_moment (loader, node, TRUE, &rule->rule->until_us);
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

/* A rule that ends may only be one that permits: else its end would open a door. */
static void check_until (Loader *loader, const RuleTarget *target) {
  const Rule *rule = target->rule;
  if (!target->until)
    return;
  if (rule->verb != VERB_DELIVER && rule->verb != VERB_KEEP)
    mugai_yaml_problem_at (&loader->problems, target->until,
                           "until は通す規則（deliver、keep）だけに書けます。厳しくする規則が消えないようにです。",
                           "until goes with rules that let pass (deliver, keep): a rule that tightens does not end");
  else if (rule->until_us && rule->until_us <= loader->now_us)
    mugai_yaml_warn_at (&loader->problems, target->until, "規則「%s」は期限が過ぎていて、効きません。",
                        "rule \"%s\" is past its end and has no effect", rule->said.id ? rule->said.id : "");
}

/* (transfer none): @name, kept by the policy: rules outlive the tree. */
static const char *file_name (MugaiPolicy *policy, const char *name) {
  for (guint i = 0; i < policy->file_names->len; i++)
    if (strcmp (g_ptr_array_index (policy->file_names, i), name) == 0)
      return g_ptr_array_index (policy->file_names, i);
  g_ptr_array_add (policy->file_names, g_strdup (name));
  return g_ptr_array_index (policy->file_names, policy->file_names->len - 1);
}

static Rule *read_rule (Loader *loader, const MugaiYamlNode *node) {
  static const char *const places[] = { "message", "part", NULL };
  static const Key keys[] = {
    { "id", TRUE, read_id },      { "clause", FALSE, read_clause },   { "on", TRUE, read_later },
    { "when", FALSE, read_when }, { "then", TRUE, read_later },       { "ja", TRUE, read_ja },
    { "en", TRUE, read_en },      { "monitor", FALSE, read_monitor }, { "until", FALSE, read_rule_until },
    { NULL, FALSE, NULL }
  };
  g_autoptr (Rule) rule = g_new0 (Rule, 1);
  RuleTarget target = { .rule = rule };
  const MugaiYamlNode *on = mugai_yaml_value (node, "on"), *then = mugai_yaml_value (node, "then");
  rule->line = node->line;
  rule->file = file_name (loader->policy, node->file->name);
  rule->branch = loader->branch;
  rule->per_recipient = loader->branch > 0;
  rule->exceptions = g_ptr_array_new ();
  rule->on_part = on && value_word (loader, on, places) == 1;
  if (!read_mapping (loader, node, keys, &target))
    return NULL;
  if (then)
    read_then (loader, then, &target);
  if (target.when)
    rule->when = read_condition (loader, target.when, rule->on_part);
  rule->directions = (guint32) condition_values (rule->when, FACT_DIRECTION);
  rule->scans = (guint32) condition_values (rule->when, FACT_PART_SCAN);
  rule->stages = MUGAI_STAGE_ALL;
  condition_stages (rule->when, &rule->stages, &rule->names_scan, &rule->per_recipient);
  check_monitor (loader, &target);
  check_until (loader, &target);
  rule->said.id = rule->said.id ? rule->said.id : g_strdup ("");
  rule->said.clause = rule->said.clause ? rule->said.clause : g_strdup ("");
  return g_steal_pointer (&rule);
}

gboolean expect_list (Loader *loader, const MugaiYamlNode *node) {
  if (node->kind == MUGAI_YAML_LIST)
    return TRUE;
  mugai_yaml_problem_at (&loader->problems, node, "ここには「- 」で始まる項目を並べます。",
                         "a list is expected: items begin with \"- \"");
  return FALSE;
}

void read_rules (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  MugaiPolicy *policy = target;
  if (!expect_list (loader, node))
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
