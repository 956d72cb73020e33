/* SPDX-License-Identifier: GPL-2.0-only
 *
 * The language for people and editors: every condition and action with an example, a JSON Schema, and the rules and exceptions of
 * a policy as a list. Conditions come from the rows of the vocabulary, so none can be forgotten. Any thread.
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
  { "hide_recipients", "message", "To と Cc の宛先を隠して送る（元の宛先は記録と隔離庫に残る）",
    "deliver with undisclosed recipients in To and Cc (the original is in quarantine)",
    "then: {hide_recipients: true}" },
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

/* ---- schema ---- */

static json_t *one_or_many (json_t *item) {
  json_t *schema = json_pack ("{s:[O, {s:s, s:O}]}", "anyOf", item, "type", "array", "items", item);
  json_decref (item);
  return schema;
}

static json_t *string_like (const char *pattern) {
  return pattern ? json_pack ("{s:s, s:s}", "type", "string", "pattern", pattern)
                 : json_pack ("{s:s}", "type", "string");
}

static json_t *range_of (const char *pattern) {
  json_t *value = pattern ? string_like (pattern) : json_pack ("{s:s, s:i}", "type", "integer", "minimum", 0);
  json_t *schema = json_pack ("{s:s, s:{s:O, s:O}, s:b, s:i}", "type", "object", "properties", "over", value, "under",
                              value, "additionalProperties", 0, "minProperties", 1);
  json_decref (value);
  return schema;
}

#define SIZE_PATTERN "^([0-9]+ *(B|KiB|MiB|GiB)|limit)$"
#define AGE_PATTERN "^[0-9]+ *[smhd]$"

static json_t *fact_schema (const FactRow *row) {
  switch (row->type) {
  case MUGAI_FACT_BOOLEAN:
    return json_pack ("{s:s}", "type", "boolean");
  case MUGAI_FACT_NUMBER:
    return json_pack ("{s:[o, {s:s, s:i}]}", "anyOf", range_of (NULL), "type", "integer", "minimum", 0);
  case MUGAI_FACT_SIZE:
    return range_of (SIZE_PATTERN);
  case MUGAI_FACT_AGE:
    return range_of (AGE_PATTERN);
  case MUGAI_FACT_CLOCK:
    return string_like ("^[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]$");
  case MUGAI_FACT_WORD:
  case MUGAI_FACT_WORDS: {
    json_t *words = mugai_json_strv (row->words);
    if (row->type == MUGAI_FACT_WORDS)
      json_array_append_new (words, json_string ("any"));
    return one_or_many (json_pack ("{s:o}", "enum", words));
  }
  default:
    return one_or_many (string_like (NULL));
  }
}

static json_t *reference (const char *name) {
  g_autofree char *path = g_strconcat ("#/$defs/", name, NULL);
  return json_pack ("{s:s}", "$ref", path);
}

static json_t *condition_schema (gboolean japanese) {
  json_t *properties = json_object ();
  for (int i = 0; i < N_FACTS; i++) {
    const FactRow *row = mugai_vocabulary_row ((MugaiFact) i);
    json_t *schema = fact_schema (row);
    json_object_set_new (schema, "description", json_string (japanese ? row->ja : row->en));
    json_object_set_new (properties, row->name, schema);
  }
  json_object_set_new (properties, "all", json_pack ("{s:s, s:o}", "type", "array", "items", reference ("condition")));
  json_object_set_new (properties, "any", json_pack ("{s:s, s:o}", "type", "array", "items", reference ("condition")));
  json_object_set_new (properties, "not", reference ("condition"));
  return json_pack ("{s:s, s:o, s:b, s:i}", "type", "object", "properties", properties, "additionalProperties", 0,
                    "minProperties", 1);
}

/* @text: JSON with ' for ", as a schema reads easier without backslashes. */
static json_t *literal (const char *text) {
  g_autofree char *json = g_strdelimit (g_strdup (text), "'", '"');
  json_error_t error;
  json_t *value = json_loads (json, 0, &error);
  if (!value)
    g_error ("schema: %s at %d", error.text, error.position); /* our own mistake: a test reads the schema */
  return value;
}

static const struct {
  const char *name, *schema;
} definitions[] = {
  { "id", "{'type':'string','pattern':'^[a-z][a-z0-9-]{0,63}$'}" },
  { "address", "{'type':'string','pattern':'^[^@ ]+@[^@ ]+$'}" },
  { "texts", "{'anyOf':[{'type':'string'},{'type':'array','items':{'type':'string'}}]}" },
  { "size", "{'type':'string','pattern':'^[0-9]+ *(B|KiB|MiB|GiB)$'}" },
  { "moment", "{'type':'string','pattern':'^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2})?$'}" },
  { "level", "{'enum':['text','parts','untouched']}" },
  { "ceiling",
    "{'anyOf':[{'$ref':'#/$defs/"
    "level'},{'type':'object','required':['level'],'additionalProperties':false,'properties':"
    "{'level':{'$ref':'#/$defs/level'},'clause':{'type':'string'},'ja':{'type':'string'},'en':{'type':'string'}}}]}" },
  { "ceilings", "{'type':'object','additionalProperties':false,'properties':{'inbound':{'$ref':'#/$defs/ceiling'},"
                "'outbound':{'$ref':'#/$defs/ceiling'},'internal':{'$ref':'#/$defs/ceiling'}}}" },
  { "limit", "{'type':'object','required':['max_size'],'additionalProperties':false,'properties':{'max_size':{'$ref':'#"
             "/$defs/size'}}}" },
  { "rate",
    "{'type':'object','required':['window'],'additionalProperties':false,'properties':{'messages':{'type':'integer'},"
    "'recipients':{'type':'integer'},'window':{'type':'string'},'stop':{'type':'boolean'}}}" },
  { "subjects",
    "{'type':'object','additionalProperties':false,'properties':{'sender':{'$ref':'#/$defs/rate'},"
    "'user':{'$ref':'#/$defs/rate'},'client':{'$ref':'#/$defs/rate'},'organisation':{'$ref':'#/$defs/rate'}}}" },
  { "rates", "{'type':'object','additionalProperties':false,'properties':{'inbound':{'$ref':'#/$defs/subjects'},"
             "'outbound':{'$ref':'#/$defs/subjects'},'internal':{'$ref':'#/$defs/subjects'}}}" },
  { "limits", "{'type':'object','additionalProperties':false,'properties':{'inbound':{'$ref':'#/$defs/limit'},"
              "'outbound':{'$ref':'#/$defs/limit'},'internal':{'$ref':'#/$defs/limit'}}}" },
  { "header", "{'type':'object','required':['name','value'],'additionalProperties':false,'properties':{'name':{'type':'"
              "string'},'value':"
              "{'type':'string'}}}" },
  { "verb", "{'enum':['deliver','hold','refuse','tempfail','approve','delay','keep','text','remove']}" },
  { "then", "{'anyOf':[{'$ref':'#/$defs/"
            "verb'},{'type':'object','additionalProperties':false,'properties':{'action':{'$ref':'#/$defs/verb'},"
            "'code':{'type':'integer','minimum':400,'maximum':599},'enhanced':{'type':'string','pattern':'^[45][.][0-9]"
            "{1,3}[.][0-9]{1,3}$'},"
            "'text':{'type':'string','maxLength':200},'tag_subject':{'type':'string'},'add_header':{'anyOf':[{'$ref':'#"
            "/$defs/header'},"
            "{'type':'array','items':{'$ref':'#/$defs/header'}}]},'add_recipient':{'$ref':'#/$defs/"
            "texts'},'drop_recipient':{'type':"
            "'boolean'},'hide_recipients':{'type':'boolean'},'approvers':{'$ref':'#/$defs/"
            "texts'},'for':{'type':'string'}}}]}" },
  { "rule",
    "{'type':'object','required':['id','on','then','ja','en'],'additionalProperties':false,'properties':{'id':{'$ref':'"
    "#/$defs/id'},"
    "'clause':{'type':'string'},'on':{'enum':['message','part']},'when':{'$ref':'#/$defs/condition'},'then':{'$ref':'#/"
    "$defs/then'},"
    "'ja':{'type':'string'},'en':{'type':'string'},'monitor':{'type':'boolean'},'until':{'$ref':'#/$defs/moment'}}}" },
  { "rules", "{'type':'array','items':{'$ref':'#/$defs/rule'}}" },
  { "exception", "{'type':'object','required':['id','rule','scope','reason','approved_by','until'],'"
                 "additionalProperties':false,'properties':{"
                 "'id':{'$ref':'#/$defs/id'},'rule':{'$ref':'#/$defs/id'},'scope':{'$ref':'#/$defs/"
                 "condition'},'reason':{'type':'string'},"
                 "'approved_by':{'type':'string'},'requested_by':{'type':'string'},'since':{'$ref':'#/$defs/"
                 "moment'},'until':{'$ref':"
                 "'#/$defs/moment'},'emergency':{'type':'boolean'},'to':{'$ref':'#/$defs/level'},'parts':{'$ref':'#/"
                 "$defs/condition'}}}" },
  { "organisation", "{'type':'object','required':['name','domains','networks','notice_from'],'additionalProperties':"
                    "false,'properties':{"
                    "'name':{'type':'string'},'domains':{'$ref':'#/$defs/texts'},'networks':{'$ref':'#/$defs/"
                    "texts'},'reviewers':{'$ref':"
                    "'#/$defs/address'},'notice_from':{'$ref':'#/$defs/address'},'postmaster':{'$ref':'#/$defs/"
                    "address'},'time_zone':{'type':"
                    "'string','pattern':'^[+-][0-9]{2}:[0-9]{2}$'},'trusted_relays':{'$ref':'#/$defs/texts'}}}" },
  { "branch", "{'type':'object','required':['id','name','domains'],'additionalProperties':false,'properties':{'id':{'$"
              "ref':'#/$defs/id'},"
              "'name':{'type':'string'},'domains':{'$ref':'#/$defs/texts'},'reviewers':{'$ref':'#/$defs/"
              "address'},'ceilings':{'$ref':"
              "'#/$defs/ceilings'},'limits':{'$ref':'#/$defs/limits'},'rules':{'$ref':'#/$defs/rules'}}}" },
};

static json_t *failures_schema (void) {
  json_t *properties = json_object ();
  for (guint i = 0; i < MUGAI_N_FAILURES; i++)
    json_object_set_new (properties, mugai_failure_name ((MugaiFailure) i),
                         literal ("{'enum':['tempfail','hold','refuse']}"));
  json_object_set_new (properties, "stale_after", string_like (AGE_PATTERN));
  return json_pack ("{s:s, s:o, s:b}", "type", "object", "properties", properties, "additionalProperties", 0);
}

json_t *mugai_policy_schema (gboolean japanese) {
  json_t *defs = json_object ();
  json_t *schema =
      literal ("{'$schema':'https://json-schema.org/draft/2020-12/schema','title':'mugai "
               "policy','type':'object','additionalProperties':false,"
               "'properties':{'policy':{'type':'string'},'include':{'$ref':'#/$defs/"
               "texts'},'organisation':{'$ref':'#/$defs/organisation'},"
               "'ceilings':{'$ref':'#/$defs/ceilings'},'rates':{'$ref':'#/$defs/rates'},'limits':{'$ref':'#/$defs/"
               "limits'},'groups':{'type':'object','additionalProperties':"
               "{'$ref':'#/$defs/texts'}},'organisations':{'type':'array','items':{'$ref':'#/$defs/"
               "branch'}},'rules':{'$ref':'#/$defs/rules'},"
               "'exceptions':{'type':'array','items':{'$ref':'#/$defs/"
               "exception'}},'notices':{'type':'object','additionalProperties':false,"
               "'properties':{'ja':{},'en':{}}},'failures':{'$ref':'#/$defs/failures'}}}");
  for (gsize i = 0; i < G_N_ELEMENTS (definitions); i++)
    json_object_set_new (defs, definitions[i].name, literal (definitions[i].schema));
  json_object_set_new (defs, "condition", condition_schema (japanese));
  json_object_set_new (defs, "failures", failures_schema ());
  json_object_set_new (schema, "$defs", defs);
  return schema;
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
