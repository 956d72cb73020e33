/* SPDX-License-Identifier: GPL-2.0-only
 *
 * The language for people: every condition and action with an example, and the rules and exceptions of a policy as a list.
 * Conditions come from the rows of the vocabulary, so none can be forgotten. Any thread.
 */
#include <string.h>

#include "mugai/policy/tools.h"

#include "words.h"

/* ---- conditions ---- */

static const char *type_name (MugaiFactType type) {
  static const char *const names[MUGAI_N_FACT_TYPES] = { "boolean", "number",  "size", "age",     "word", "words",
                                                         "text",    "address", "host", "network", "clock" };
  return names[type];
}

/* An example that loads: a test writes a rule with each of them. */
static char *example_of (const FactRow *row) {
  static const char *const values[MUGAI_N_FACT_TYPES] = {
    "true",       "{over: 5}",         "{over: 1MiB}", "{over: 72h}",  NULL,          NULL,
    "\"*見積*\"", "vendor.example.jp", ".example.jp",  "192.0.2.0/24", "08:30-17:15",
  };
  if (!row->words)
    return g_strdup_printf ("%s: %s", row->name, values[row->type]);
  return row->words[1] ? g_strdup_printf ("%s: [%s, %s]", row->name, row->words[0], row->words[1])
                       : g_strdup_printf ("%s: %s", row->name, row->words[0]);
}

static json_t *known_at (guint stages) {
  json_t *known = json_array ();
  if (stages & MUGAI_STAGE_MAIL)
    json_array_append_new (known, json_string ("mail"));
  if (stages & MUGAI_STAGE_RCPT)
    json_array_append_new (known, json_string ("rcpt"));
  json_array_append_new (known, json_string ("end"));
  return known;
}

static json_t *conditions (gboolean japanese) {
  json_t *list = json_array ();
  for (int i = 0; i < N_FACTS; i++) {
    const FactRow *row = mugai_vocabulary_row ((MugaiFact) i);
    g_autofree char *example = example_of (row);
    json_t *values = row->words ? mugai_json_strv (row->words) : json_array ();
    json_array_append_new (list, json_pack ("{s:s, s:s, s:o, s:b, s:o, s:s, s:s}", "name", row->name, "type",
                                            type_name (row->type), "values", values, "of_part", row->of_part, "known",
                                            known_at (row->stages), "words", japanese ? row->ja : row->en, "example",
                                            example));
  }
  return list;
}

/* ---- actions ---- */

static const struct {
  const char *name, *on, *ja, *en, *example;
} actions[] = {
  { "deliver", "message", "届ける（上限までは。untouched なら一字一句そのまま）",
    "deliver, up to the ceiling (under untouched: byte for byte)", "then: deliver" },
  { "keep", "part", "部品をそのまま通す（上限が parts か untouched のとき）",
    "keep the part (under the ceilings parts and untouched)", "then: keep" },
  { "text", "part", "文字だけにする", "reduce the part to text", "then: text" },
  { "remove", "part", "部品を取り除く（原本は隔離庫に残る）", "take the part out (the original is in quarantine)",
    "then: remove" },
  { "hold", "both", "丸ごと止めて隔離し、庁内に知らせる", "hold the whole in quarantine and tell somebody inside",
    "then: hold" },
  { "approve", "both", "承認があるまで止める", "hold until somebody else approves",
    "then: {action: approve, approvers: [kacho@city.example.lg.jp, dairi@city.example.lg.jp]}" },
  { "delay", "message", "一定の時間だけ待たせ、その間は差出人が取り消せる（mugai flow recall）",
    "wait for a time in which the sender can recall it (mugai flow recall)", "then: {action: delay, for: 10m}" },
  { "refuse", "both", "断る（応答コードと文を添えて）", "refuse, with code and text",
    "then: {action: refuse, code: 550, enhanced: 5.7.1, text: Not accepted}" },
  { "tempfail", "both", "待ってもらう", "refuse for now: the sender tries again", "then: tempfail" },
  { "tag_subject", "both", "件名の前に印を付ける", "put a tag before the subject", "then: {tag_subject: \"[外部]\"}" },
  { "add_header", "both", "X-Mugai- で始まるヘッダーを足す", "add a header X-Mugai-...",
    "then: {add_header: {name: X-Mugai-Note, value: checked}}" },
  { "add_recipient", "message", "庁内の宛先にも届ける", "deliver to an address of ours too",
    "then: {add_recipient: kacho@city.example.lg.jp}" },
  { "drop_recipient", "message", "その宛先を外す（原本は隔離庫に残る）",
    "take that recipient off (the original is in quarantine)", "then: {drop_recipient: true}" },
};

static json_t *action_list (gboolean japanese) {
  json_t *list = json_array ();
  for (gsize i = 0; i < G_N_ELEMENTS (actions); i++)
    json_array_append_new (list,
                           json_pack ("{s:s, s:s, s:s, s:s}", "name", actions[i].name, "type", actions[i].on, "words",
                                      japanese ? actions[i].ja : actions[i].en, "example", actions[i].example));
  return list;
}

json_t *mugai_policy_vocabulary (gboolean japanese) {
  return json_pack ("{s:o, s:o}", "conditions", conditions (japanese), "actions", action_list (japanese));
}

/* ---- rules and exceptions as a list ---- */

static void list_rules (json_t *list, const GPtrArray *rules) {
  for (guint i = 0; i < rules->len; i++) {
    const Rule *rule = g_ptr_array_index (rules, i);
    json_array_append_new (list,
                           json_pack ("{s:s, s:o, s:s, s:s, s:b}", "id", rule->said.id, "clause",
                                      mugai_json_string (rule->said.clause), "on", rule->on_part ? "part" : "message",
                                      "action", verb_name (rule->verb), "monitor", rule->monitor));
  }
}

static json_t *exception_to_json (const Exception *exception, gint32 utc_offset_s, gint64 now_us) {
  g_autofree char *until = moment_words (exception->until_us, utc_offset_s);
  const char *state = now_us < exception->since_us ? "coming" : now_us < exception->until_us ? "active" : "ended";
  return json_pack ("{s:s, s:s, s:s, s:s, s:I, s:o, s:o, s:o, s:b}", "id", exception->id, "rule", exception->rule,
                    "state", state, "until", until, "until_us", (json_int_t) exception->until_us, "reason",
                    mugai_json_string (exception->reason), "approved_by", mugai_json_string (exception->approved_by),
                    "requested_by", mugai_json_string (exception->requested_by ? exception->requested_by : ""),
                    "emergency", exception->emergency);
}

json_t *mugai_policy_list (const MugaiPolicy *policy, gint64 now_us) {
  json_t *rules = json_array (), *exceptions = json_array ();
  list_rules (rules, policy->message_rules);
  list_rules (rules, policy->part_rules);
  for (guint i = 0; i < policy->exceptions->len; i++)
    json_array_append_new (exceptions,
                           exception_to_json (g_ptr_array_index (policy->exceptions, i), policy->utc_offset_s, now_us));
  return json_pack ("{s:o, s:o}", "rules", rules, "exceptions", exceptions);
}
