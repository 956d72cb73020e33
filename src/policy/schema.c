/* SPDX-License-Identifier: GPL-2.0-only
 *
 * The JSON Schema of a policy, for editors (JSON Schema 2020-12): schema.json beside this file, compiled in, and to it the conditions and
 * failures, which come from the rows of the vocabulary, so none can be forgotten. A policy with an include may leave out what the
 * included file says. Any thread.
 */
#include "mugai/policy/tools.h"
#include "policy-schema.h"

#include "words.h"

#define RESOURCE "/mugai/policy/schema.json"

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

static json_t *failures_schema (void) {
  json_t *properties = json_object ();
  for (guint i = 0; i < MUGAI_N_FAILURES; i++)
    json_object_set_new (properties, mugai_failure_name ((MugaiFailure) i), reference ("outcome"));
  json_object_set_new (properties, "stale_after", string_like (AGE_PATTERN));
  return json_pack ("{s:s, s:o, s:b}", "type", "object", "properties", properties, "additionalProperties", 0);
}

/* (transfer full): what does not follow from the vocabulary, as it stands in schema.json. */
static json_t *fixed_part (void) {
  g_autoptr (GBytes) bytes =
      g_resource_lookup_data (policy_schema_get_resource (), RESOURCE, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  g_assert (bytes); /* compiled in */
  gsize size;
  const char *text = g_bytes_get_data (bytes, &size);
  json_t *schema = json_loadb (text, size, JSON_REJECT_DUPLICATES, NULL);
  g_assert (schema); /* our own file: a test reads it */
  return schema;
}

json_t *mugai_policy_schema (gboolean japanese) {
  json_t *schema = fixed_part ();
  json_t *definitions = json_object_get (schema, "$defs");
  json_object_set_new (definitions, "condition", condition_schema (japanese));
  json_object_set_new (definitions, "failures", failures_schema ());
  return schema;
}
