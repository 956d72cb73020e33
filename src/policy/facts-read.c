/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Facts by their names in the vocabulary, back into an envelope and facts: for replay of records, and for cases that people write.
 * The mirror of vocabulary.c's mugai_policy_facts_to_json (). Facts that follow from others or from the policy are passed over.
 */
#include "mugai/policy/tools.h"

#include <string.h>

#include "condition.h"
#include "loader.h"

typedef struct {
  const MugaiPolicy *policy;
  gboolean strict;
  MugaiEnvelope *envelope;
  MugaiFacts *facts;
  gboolean scanned, knows_inside, knows_from;
  GError **error;
} Reading;

static gboolean wrong (Reading *reading, const char *name, const char *wanted) {
  g_set_error (reading->error, MUGAI_POLICY_ERROR, MUGAI_POLICY_ERROR_INVALID, "%s: not %s", name, wanted);
  return FALSE;
}

static gboolean take_text (Reading *reading, const char *name, json_t *value, char **ret_text) {
  if (!json_is_string (value))
    return wrong (reading, name, "a text");
  g_free (*ret_text);
  *ret_text = g_strdup (json_string_value (value));
  return TRUE;
}

static gboolean take_number (Reading *reading, const char *name, json_t *value, gint64 *ret_number) {
  if (!json_is_integer (value))
    return wrong (reading, name, "a whole number");
  *ret_number = json_integer_value (value);
  return TRUE;
}

/* One text stands for a list of one. */
static gboolean take_list (Reading *reading, const char *name, json_t *value, char ***ret_list) {
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  json_t *item;
  size_t i;
  if (json_is_string (value))
    g_strv_builder_add (builder, json_string_value (value));
  else if (!json_is_array (value))
    return wrong (reading, name, "a list of texts");
  json_array_foreach (value, i, item) {
    if (!json_is_string (item))
      return wrong (reading, name, "a list of texts");
    g_strv_builder_add (builder, json_string_value (item));
  }
  g_strfreev (*ret_list);
  *ret_list = g_strv_builder_end (builder);
  return TRUE;
}

static int index_of (const char *const *words, const char *word) {
  for (int i = 0; words[i]; i++)
    if (strcmp (words[i], word) == 0)
      return i;
  return -1;
}

static gboolean unknown_word (Reading *reading, const char *name, const char *word, const char *const *words) {
  const char *near = mugai_yaml_nearest_word (word, words);
  if (near)
    g_set_error (reading->error, MUGAI_POLICY_ERROR, MUGAI_POLICY_ERROR_INVALID,
                 "%s: there is no \"%s\": did you mean \"%s\"?", name, word, near);
  else
    g_set_error (reading->error, MUGAI_POLICY_ERROR, MUGAI_POLICY_ERROR_INVALID, "%s: there is no \"%s\"", name, word);
  return FALSE;
}

static gboolean take_set (Reading *reading, MugaiFact fact, json_t *value, guint64 *ret_set) {
  const FactRow *row = mugai_vocabulary_row (fact);
  g_auto (GStrv) names = NULL;
  if (!take_list (reading, row->name, value, &names))
    return FALSE;
  *ret_set = 0;
  for (char **name = names; *name; name++) {
    int word = index_of (row->words, *name);
    if (word < 0)
      return unknown_word (reading, row->name, *name, row->words);
    *ret_set |= MUGAI_BIT (word);
  }
  return TRUE;
}

static gboolean take_word (Reading *reading, MugaiFact fact, json_t *value, guint *ret_word) {
  const FactRow *row = mugai_vocabulary_row (fact);
  if (!json_is_string (value))
    return wrong (reading, row->name, "a word");
  int word = index_of (row->words, json_string_value (value));
  if (word < 0)
    return unknown_word (reading, row->name, json_string_value (value), row->words);
  *ret_word = (guint) word;
  return TRUE;
}

/* ---- recipients, headers, links ---- */

static gboolean add_recipient (Reading *reading, json_t *value) {
  json_t *address = json_is_object (value) ? json_object_get (value, "recipient") : value;
  json_t *direction = json_object_get (value, "direction"), *inside = json_object_get (value, "inside");
  guint word = G_MAXUINT;
  if (!json_is_string (address))
    return wrong (reading, "recipient", "an address, or {recipient, direction, inside}");
  if (direction && !take_word (reading, FACT_DIRECTION, direction, &word))
    return FALSE;
  MugaiRecipient *recipient = mugai_recipient_new (json_string_value (address));
  recipient->inside = inside ? json_is_true (inside) : is_own_address (reading->policy, recipient->address);
  recipient->direction = word == G_MAXUINT ? MUGAI_N_DIRECTIONS : (MugaiDirection) word; /* settled when all is read */
  g_ptr_array_add (reading->envelope->recipients, recipient);
  return TRUE;
}

static gboolean take_recipients (Reading *reading, json_t *value) {
  json_t *item;
  size_t i;
  if (!json_is_array (value))
    return add_recipient (reading, value);
  json_array_foreach (value, i, item) {
    if (!add_recipient (reading, item))
      return FALSE;
  }
  return TRUE;
}

static gboolean take_headers (Reading *reading, json_t *value) {
  g_auto (GStrv) lines = NULL;
  if (!take_list (reading, "header", value, &lines))
    return FALSE;
  for (char **line = lines; *line; line++) {
    const char *colon = strchr (*line, ':');
    if (!colon)
      return wrong (reading, "header", "\"name: value\"");
    MugaiHeaderFact *header = g_new0 (MugaiHeaderFact, 1);
    g_autofree char *name = g_strndup (*line, (gsize) (colon - *line));
    header->name = g_ascii_strdown (name, -1);
    header->value = g_strdup (colon[1] == ' ' ? colon + 2 : colon + 1);
    g_ptr_array_add (reading->facts->headers, header);
  }
  return TRUE;
}

static gboolean take_hosts (Reading *reading, json_t *value) {
  g_auto (GStrv) hosts = NULL;
  if (!take_list (reading, "link-host", value, &hosts))
    return FALSE;
  for (char **host = hosts; *host; host++) {
    MugaiLinkFact *link = g_new0 (MugaiLinkFact, 1);
    link->host = g_strdup (*host);
    g_ptr_array_add (reading->facts->links, link);
  }
  return TRUE;
}

/* ---- parts ---- */

static gboolean take_part_fact (Reading *reading, MugaiPart *part, MugaiFact fact, json_t *value) {
  const char *name = mugai_vocabulary_row (fact)->name;
  gint64 number = 0;
  guint word = 0;
  switch (fact) {
  case FACT_PART_PATH:
    return take_text (reading, name, value, &part->path);
  case FACT_PART_DECLARED:
    return take_text (reading, name, value, &part->declared);
  case FACT_PART_TYPE:
    return take_text (reading, name, value, &part->detected);
  case FACT_PART_NAME:
    return take_list (reading, name, value, &part->names);
  case FACT_PART_SHA256:
    return take_text (reading, name, value, &part->sha256);
  case FACT_PART_SIGNATURE:
    return take_text (reading, name, value, &part->signature);
  case FACT_PART_FLAGS:
    return take_set (reading, fact, value, &part->flags);
  case FACT_PART_SIZE:
    if (!take_number (reading, name, value, &number))
      return FALSE;
    part->size_bytes = (guint64) MAX (number, 0);
    return TRUE;
  case FACT_PART_ROLE:
    if (!take_word (reading, fact, value, &word))
      return FALSE;
    part->role = (MugaiRole) word;
    return TRUE;
  case FACT_PART_SCAN:
    if (!take_word (reading, fact, value, &word))
      return FALSE;
    part->scan = (MugaiScan) word;
    return TRUE;
  default:
    return wrong (reading, name, "a fact of a part");
  }
}

static gboolean unknown_fact (Reading *reading, const char *name) {
  const char *words[N_FACTS + 4];
  if (!reading->strict)
    return TRUE;
  for (int i = 0; i < N_FACTS; i++)
    words[i] = mugai_vocabulary_row ((MugaiFact) i)->name;
  words[N_FACTS] = "parts";
  words[N_FACTS + 1] = "time";
  words[N_FACTS + 2] = "time-us";
  words[N_FACTS + 3] = NULL;
  return unknown_word (reading, "facts", name, words);
}

/* A part of which nothing is said is an attachment that was found clean; the first one is the body. */
static gboolean take_part (Reading *reading, json_t *value) {
  MugaiPart *part = mugai_part_new ();
  const char *name;
  json_t *member;
  guint number = reading->facts->parts->len + 1;
  g_ptr_array_add (reading->facts->parts, part);
  if (!json_is_object (value))
    return wrong (reading, "parts", "a list of {part-type: ..., part-name: ...}");
  part->role = number == 1 ? MUGAI_ROLE_BODY : MUGAI_ROLE_ATTACHMENT;
  part->scan = MUGAI_SCAN_CLEAN;
  json_object_foreach (value, name, member) {
    int fact = mugai_vocabulary_find (name);
    gboolean good = fact >= 0 ? json_is_null (member) || take_part_fact (reading, part, (MugaiFact) fact, member)
                              : unknown_fact (reading, name);
    if (!good)
      return FALSE;
  }
  if (!part->path || !*part->path) {
    g_free (part->path);
    part->path = g_strdup_printf ("%u", number);
  }
  if (!part->declared || !*part->declared) {
    g_free (part->declared);
    part->declared = g_strdup (part->detected ? part->detected : "");
  }
  return TRUE;
}

static gboolean take_parts (Reading *reading, json_t *value) {
  json_t *item;
  size_t i;
  if (!json_is_array (value))
    return wrong (reading, "parts", "a list");
  if (json_array_size (value) > MUGAI_FACTS_MAX_PARTS)
    return wrong (reading, "parts", "a list within its limit");
  json_array_foreach (value, i, item) {
    if (!take_part (reading, item))
      return FALSE;
  }
  return TRUE;
}

/* ---- the envelope ---- */

/* "2026-04-01T09:00" in the organisation's zone. */
static gboolean take_time (Reading *reading, json_t *value) {
  const char *text = json_is_string (value) ? json_string_value (value) : "";
  g_autoptr (GTimeZone) zone = g_time_zone_new_utc ();
  g_autofree char *whole = strlen (text) == 16 ? g_strconcat (text, ":00", NULL) : g_strdup (text);
  g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (whole, zone);
  if (!time)
    return wrong (reading, "time", "a time: write 2026-04-01T09:00");
  reading->envelope->time_us = (g_date_time_to_unix (time) - reading->policy->utc_offset_s) * G_USEC_PER_SEC;
  return TRUE;
}

static gboolean take_amount (Reading *reading, MugaiFact fact, json_t *value) {
  gint64 number = 0;
  if (!take_number (reading, mugai_vocabulary_row (fact)->name, value, &number))
    return FALSE;
  if (fact == FACT_SIZE)
    reading->envelope->size_bytes = (guint64) MAX (number, 0);
  else if (fact == FACT_ATTEMPT)
    reading->envelope->attempt = (guint) CLAMP (number, 0, 1000);
  else
    reading->envelope->signatures_age_s = number;
  return TRUE;
}

static gboolean take_flag (Reading *reading, MugaiFact fact, json_t *value) {
  if (!json_is_boolean (value))
    return wrong (reading, mugai_vocabulary_row (fact)->name, "true or false");
  gboolean flag = json_is_true (value);
  if (fact == FACT_CLIENT_INSIDE) {
    reading->envelope->client_inside = flag;
    reading->knows_inside = TRUE;
  } else if (fact == FACT_FROM_INSIDE) {
    reading->envelope->from_inside = flag;
    reading->knows_from = TRUE;
  } else if (fact == FACT_SCANNED) {
    reading->scanned = flag;
  }
  return TRUE;
}

static gboolean take_fact (Reading *reading, MugaiFact fact, json_t *value) {
  const char *name = mugai_vocabulary_row (fact)->name;
  guint word = 0;
  switch (fact) {
  case FACT_DIRECTION:
    if (!take_word (reading, fact, value, &word))
      return FALSE;
    reading->envelope->direction = (MugaiDirection) word;
    return TRUE;
  case FACT_CLIENT:
    return take_text (reading, name, value, &reading->envelope->client);
  case FACT_HELO:
    return take_text (reading, name, value, &reading->envelope->helo);
  case FACT_AUTH:
    return take_text (reading, name, value, &reading->envelope->auth);
  case FACT_FROM:
    return take_text (reading, name, value, &reading->envelope->from);
  case FACT_CLIENT_INSIDE:
  case FACT_FROM_INSIDE:
  case FACT_SCANNED:
    return take_flag (reading, fact, value);
  case FACT_RECIPIENT:
    return take_recipients (reading, value);
  case FACT_SIZE:
  case FACT_ATTEMPT:
  case FACT_SIGNATURES_AGE:
    return take_amount (reading, fact, value);
  case FACT_FORWARDING:
    return take_list (reading, name, value, &reading->envelope->forwarding);
  case FACT_SUBJECT:
    return take_text (reading, name, value, &reading->facts->subject);
  case FACT_MESSAGE_ID:
    return take_text (reading, name, value, &reading->facts->message_id);
  case FACT_FROM_NAME:
    return take_text (reading, name, value, &reading->facts->from_name);
  case FACT_FROM_HEADER:
    return take_text (reading, name, value, &reading->facts->from_address);
  case FACT_SHOWN_ADDRESS:
    return take_list (reading, name, value, &reading->facts->shown_addresses);
  case FACT_HEADER:
    return take_headers (reading, value);
  case FACT_ODDITIES:
    return take_set (reading, fact, value, &reading->facts->oddities);
  case FACT_LINK_HOST:
    return take_hosts (reading, value);
  default:
    return TRUE; /* follows from the others */
  }
}

static gboolean take_member (Reading *reading, const char *name, json_t *value) {
  gint64 time_us = 0;
  if (strcmp (name, "parts") == 0)
    return take_parts (reading, value);
  if (strcmp (name, "time") == 0)
    return take_time (reading, value);
  if (strcmp (name, "time-us") == 0) {
    gboolean good = take_number (reading, name, value, &time_us);
    reading->envelope->time_us = time_us;
    return good;
  }
  int fact = mugai_vocabulary_find (name);
  return fact < 0 ? unknown_fact (reading, name) : take_fact (reading, (MugaiFact) fact, value);
}

/* What was left out, from what was said. */
static void settle (Reading *reading) {
  MugaiEnvelope *envelope = reading->envelope;
  if (!reading->knows_inside)
    envelope->client_inside =
        envelope->direction == MUGAI_DIRECTION_OUTBOUND || envelope->direction == MUGAI_DIRECTION_INTERNAL;
  if (!reading->knows_from)
    envelope->from_inside = is_own_address (reading->policy, envelope->from ? envelope->from : "");
  for (guint i = 0; i < envelope->recipients->len; i++) {
    MugaiRecipient *recipient = g_ptr_array_index (envelope->recipients, i);
    if (recipient->direction == MUGAI_N_DIRECTIONS)
      recipient->direction = envelope->direction;
  }
  if (reading->scanned && envelope->signatures_age_s < 0)
    reading->facts->signatures_version = g_strdup ("given");
}

gboolean mugai_policy_facts_from_json (const MugaiPolicy *policy, json_t *json, gboolean strict,
                                       MugaiEnvelope **ret_envelope, MugaiFacts **ret_facts, GError **error) {
  g_autoptr (MugaiEnvelope) envelope = mugai_envelope_new ();
  g_autoptr (MugaiFacts) facts = mugai_facts_new ();
  Reading reading = { .policy = policy, .strict = strict, .envelope = envelope, .facts = facts, .error = error };
  const char *name;
  json_t *value;
  if (!json_is_object (json))
    return wrong (&reading, "facts", "a mapping of facts");
  reading.scanned = TRUE;
  envelope->signatures_age_s = strict ? 0 : -1;
  envelope->attempt = 1;
  json_object_foreach (json, name, value) {
    if (!take_member (&reading, name, value))
      return FALSE;
  }
  if (!reading.scanned)
    envelope->signatures_age_s = -1;
  settle (&reading);
  *ret_envelope = g_steal_pointer (&envelope);
  *ret_facts = g_steal_pointer (&facts);
  return TRUE;
}

/* ---- replay ---- */

static const char *text_of (json_t *object, const char *key) {
  const char *text = json_string_value (json_object_get (object, key));
  return text ? text : "";
}

/* Paths of parts that would fare otherwise, as "2: remove → keep". */
static char *parts_differ (json_t *record, const MugaiFacts *facts, const MugaiDecision *decision) {
  json_t *parts = json_object_get (record, "parts");
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < facts->parts->len && i < decision->parts->len; i++) {
    const char *was = text_of (json_array_get (parts, i), "action");
    const char *is = mugai_part_action_name (((MugaiPartDecision *) g_ptr_array_index (decision->parts, i))->action);
    if (*was && strcmp (was, is) != 0)
      g_string_append_printf (text, "%s%s: %s → %s", text->len ? ", " : "",
                              ((MugaiPart *) g_ptr_array_index (facts->parts, i))->path, was, is);
  }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static json_t *describe_difference (json_t *record, const MugaiEnvelope *envelope, const MugaiDecision *decision,
                                    const char *parts) {
  const char *at = strrchr (envelope->from ? envelope->from : "", '@');
  const MugaiReason *reason = decision->reasons->len ? g_ptr_array_index (decision->reasons, 0) : NULL;
  json_t *old_reason = json_array_get (json_object_get (record, "reasons"), 0);
  g_autofree char *domain = domain_fold (at ? at + 1 : "<>");
  return json_pack ("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:s}", "id", text_of (record, "id"), "was",
                    text_of (record, "action"), "is", mugai_action_name (decision->action), "rule_was",
                    text_of (old_reason, "rule"), "rule", reason ? reason->rule : "", "because",
                    reason ? reason->because : "", "domain", mugai_json_string (domain), "parts", parts);
}

gboolean mugai_policy_would_differ (const MugaiPolicy *policy, json_t *record, json_t **ret_difference,
                                    GError **error) {
  g_autoptr (MugaiEnvelope) envelope = NULL;
  g_autoptr (MugaiFacts) facts = NULL;
  json_t *old_facts = json_object_get (record, "facts");
  json_t *first = json_array_get (json_object_get (record, "reasons"), 0);
  if (!json_is_object (old_facts) || !json_is_array (json_object_get (old_facts, "parts"))
      || g_str_has_prefix (text_of (first, "rule"), "failure-")) {
    g_set_error_literal (error, MUGAI_POLICY_ERROR, MUGAI_POLICY_ERROR_READ, "was not decided by rules");
    return FALSE;
  }
  if (!mugai_policy_facts_from_json (policy, old_facts, FALSE, &envelope, &facts, error))
    return FALSE;
  g_autoptr (MugaiDecision) decision = mugai_policy_decide (policy, envelope, facts);
  g_autofree char *parts = parts_differ (record, facts, decision);
  gboolean same = strcmp (text_of (record, "action"), mugai_action_name (decision->action)) == 0 && !*parts
                  && strcmp (text_of (record, "ceiling"), mugai_ceiling_name (decision->ceiling)) == 0
                  && json_is_true (json_object_get (record, "changed")) == !!decision->changed;
  *ret_difference = same ? NULL : describe_difference (record, envelope, decision, parts);
  return TRUE;
}
