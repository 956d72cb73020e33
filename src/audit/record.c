/* SPDX-License-Identifier: GPL-2.0-only
 *
 * audit/record: the record of one message as JSON: exactly the object of design.md 6.
 *
 * Every member is always there: what is not known is null, never left out, so that a reader needs one shape only. Pure:
 * the caller brings the facts, the decision and the times. What was read by decide is in "facts", the failure that
 * decided in its place among them.
 */
#include "mugai/audit.h"

#include <string.h>

#include "mugai/base/base.h"

static json_t *null_below_zero (gint64 value) {
  return value < 0 ? json_null () : json_integer (value);
}

static json_t *flag_names (guint64 flags) {
  json_t *names = json_array ();

  for (guint i = 0; i < MUGAI_N_FLAGS; i++) {
    if (flags & MUGAI_BIT (i))
      json_array_append_new (names, mugai_json_string (mugai_flag_name ((MugaiFlag) i)));
  }
  return names;
}

static json_t *oddity_names (guint64 oddities) {
  json_t *names = json_array ();

  for (guint i = 0; i < MUGAI_N_ODDITIES; i++) {
    if (oddities & MUGAI_BIT (i))
      json_array_append_new (names, mugai_json_string (mugai_oddity_name ((MugaiOddity) i)));
  }
  return names;
}

static json_t *from_header (const MugaiFacts *facts) {
  json_t *from = json_object ();

  json_object_set_new (from, "name", mugai_json_string (facts != NULL ? facts->from_name : NULL));
  json_object_set_new (from, "address", mugai_json_string (facts != NULL ? facts->from_address : NULL));
  return from;
}

static json_t *envelope_object (const MugaiEnvelope *envelope) {
  json_t *object = json_object ();

  json_object_set_new (object, "client", mugai_json_string (envelope->client));
  json_object_set_new (object, "helo", mugai_json_string (envelope->helo));
  json_object_set_new (object, "auth", mugai_json_string (envelope->auth));
  json_object_set_new (object, "from", mugai_json_string (envelope->from));
  json_object_set_new (object, "size_bytes", json_integer ((json_int_t) envelope->size_bytes));
  return object;
}

/* A decision made before every recipient was known has no row for the later ones: the message's own action holds for them. */
static json_t *recipient_objects (const MugaiEnvelope *envelope, const MugaiDecision *decision) {
  json_t *array = json_array ();
  const MugaiReason *reason = decision->reasons->len > 0 ? g_ptr_array_index (decision->reasons, 0) : NULL;

  for (guint i = 0; i < envelope->recipients->len; i++) {
    const MugaiRecipient *recipient = g_ptr_array_index (envelope->recipients, i);
    const MugaiRecipientDecision *own =
        i < decision->recipients->len ? g_ptr_array_index (decision->recipients, i) : NULL;
    const char *rule = own != NULL ? own->rule : reason != NULL ? reason->rule : NULL;
    json_t *object = json_object ();

    json_object_set_new (object, "address", mugai_json_string (recipient->address));
    json_object_set_new (object, "direction", mugai_json_string (mugai_direction_name (recipient->direction)));
    json_object_set_new (object, "action",
                         mugai_json_string (mugai_action_name (own != NULL ? own->action : decision->action)));
    json_object_set_new (object, "rule", mugai_json_string (rule));
    json_array_append_new (array, object);
  }
  return array;
}

static json_t *reason_objects (const GPtrArray *reasons) {
  json_t *array = json_array ();

  for (guint i = 0; i < reasons->len; i++) {
    const MugaiReason *reason = g_ptr_array_index (reasons, i);
    json_t *object = json_object ();

    json_object_set_new (object, "rule", mugai_json_string (reason->rule));
    json_object_set_new (object, "clause", mugai_json_string (reason->clause));
    json_object_set_new (object, "because", mugai_json_string (reason->because));
    json_array_append_new (array, object);
  }
  return array;
}

static json_t *exception_names (const GPtrArray *exceptions) {
  json_t *array = json_array ();

  for (guint i = 0; i < exceptions->len; i++)
    json_array_append_new (array, mugai_json_string (g_ptr_array_index (exceptions, i)));
  return array;
}

#define POLICY_PREFIX                                                                                                  \
  "policy:" /* "policy:VERSION=action", "policy:VERSION part PATH=action": of a policy that is tried */

/* "rule=action" of each monitored rule; a rule's id may hold "=", an action never does. */
static json_t *would_object (const char *text) {
  json_t *object = json_object ();
  gboolean policy = g_str_has_prefix (text, POLICY_PREFIX);
  const char *equals = strrchr (text, '=');
  g_autofree char *name = g_strndup (text, equals != NULL ? (gsize) (equals - text) : strlen (text));
  char *part = policy ? strstr (name, " part ") : NULL;

  if (part != NULL) {
    json_object_set_new (object, "part", mugai_json_string (part + strlen (" part ")));
    *part = '\0';
  }
  json_object_set_new (object, policy ? "policy" : "rule",
                       mugai_json_string (policy ? name + strlen (POLICY_PREFIX) : name));
  json_object_set_new (object, "action", mugai_json_string (equals != NULL ? equals + 1 : NULL));
  return object;
}

static json_t *would_objects (const GPtrArray *would) {
  json_t *array = json_array ();

  for (guint i = 0; i < would->len; i++)
    json_array_append_new (array, would_object (g_ptr_array_index (would, i)));
  return array;
}

static json_t *part_object (const MugaiPart *part, const MugaiPartDecision *decision) {
  json_t *object = json_object ();

  json_object_set_new (object, "path", mugai_json_string (part->path));
  json_object_set_new (object, "declared", mugai_json_string (part->declared));
  json_object_set_new (object, "detected", mugai_json_string (part->detected));
  json_object_set_new (object, "names", mugai_json_strv ((const char *const *) part->names));
  json_object_set_new (object, "size_bytes", json_integer ((json_int_t) part->size_bytes));
  json_object_set_new (object, "sha256", mugai_json_string (part->sha256));
  json_object_set_new (object, "scan", mugai_json_string (mugai_scan_name (part->scan)));
  json_object_set_new (object, "signature", mugai_json_string (part->signature));
  json_object_set_new (object, "flags", flag_names (part->flags));
  json_object_set_new (object, "action",
                       mugai_json_string (decision != NULL ? mugai_part_action_name (decision->action) : NULL));
  json_object_set_new (object, "rule", mugai_json_string (decision != NULL ? decision->rule : NULL));
  return object;
}

static json_t *part_objects (const MugaiFacts *facts, const MugaiDecision *decision) {
  json_t *array = json_array ();

  for (guint i = 0; facts != NULL && i < facts->parts->len; i++) {
    const MugaiPartDecision *own = i < decision->parts->len ? g_ptr_array_index (decision->parts, i) : NULL;
    json_array_append_new (array, part_object (g_ptr_array_index (facts->parts, i), own));
  }
  return array;
}

static json_t *facts_object (const MugaiRecordInput *input) {
  json_t *object = input->vocabulary_facts != NULL ? json_copy (input->vocabulary_facts) : json_object ();

  if (input->failure != NULL) /* then the table of failures decided, by this fact */
    json_object_set_new (object, "failure", mugai_json_string (input->failure));
  return object;
}

static json_t *policy_object (const MugaiRecordInput *input) {
  json_t *object = json_object ();

  json_object_set_new (object, "name", mugai_json_string (input->policy_name));
  json_object_set_new (object, "version", mugai_json_string (input->policy_version));
  return object;
}

static json_t *signatures_object (const MugaiRecordInput *input) {
  json_t *object = json_object ();
  const char *version = input->facts != NULL ? input->facts->signatures_version : NULL;

  json_object_set_new (object, "version", mugai_json_string (version));
  json_object_set_new (object, "age_s", null_below_zero (input->envelope->signatures_age_s));
  json_object_set_new (object, "generation", json_integer (input->envelope->generation));
  return object;
}

static json_t *took_object (const MugaiRecordInput *input) {
  json_t *object = json_object ();

  json_object_set_new (object, "wait", null_below_zero (input->took_wait));
  json_object_set_new (object, "spool", null_below_zero (input->took_spool));
  json_object_set_new (object, "inspect", null_below_zero (input->took_inspect));
  json_object_set_new (object, "decide", null_below_zero (input->took_decide));
  json_object_set_new (object, "rebuild", null_below_zero (input->took_rebuild));
  json_object_set_new (object, "keep", null_below_zero (input->took_keep));
  return object;
}

static json_t *out_object (const MugaiRecordInput *input) {
  json_t *object = json_object ();
  gboolean any = input->out_sha256 != NULL;

  json_object_set_new (object, "sha256", mugai_json_string (input->out_sha256));
  json_object_set_new (object, "size_bytes", any ? json_integer ((json_int_t) input->out_size_bytes) : json_null ());
  return object;
}

/* Who wrote to whom, and when. */
static void put_message (json_t *record, const MugaiRecordInput *input) {
  const MugaiEnvelope *envelope = input->envelope;
  const MugaiFacts *facts = input->facts;
  g_autofree char *time = mugai_time_rfc3339 (envelope->time_us);

  json_object_set_new (record, "record_version", json_integer (MUGAI_RECORD_VERSION));
  json_object_set_new (record, "id", mugai_json_string (input->id));
  json_object_set_new (record, "time", mugai_json_string (time));
  json_object_set_new (record, "queue_id", mugai_json_string (envelope->queue_id));
  json_object_set_new (record, "message_id", mugai_json_string (facts != NULL ? facts->message_id : NULL));
  json_object_set_new (record, "subject", mugai_json_string (facts != NULL ? facts->subject : NULL));
  json_object_set_new (record, "from_header", from_header (facts));
  json_object_set_new (record, "direction", mugai_json_string (mugai_direction_name (envelope->direction)));
  json_object_set_new (record, "envelope", envelope_object (envelope));
  json_object_set_new (record, "recipients", recipient_objects (envelope, input->decision));
}

/* What was decided, and why. */
static void put_decision (json_t *record, const MugaiRecordInput *input) {
  const MugaiDecision *decision = input->decision;

  json_object_set_new (record, "action", mugai_json_string (mugai_action_name (decision->action)));
  json_object_set_new (record, "changed", json_boolean (decision->changed || decision->hide_recipients));
  json_object_set_new (record, "ceiling", mugai_json_string (mugai_ceiling_name (decision->ceiling)));
  json_object_set_new (record, "reply", mugai_json_string (decision->reply));
  json_object_set_new (record, "reasons", reason_objects (decision->reasons));
  json_object_set_new (record, "exceptions", exception_names (decision->exceptions));
  json_object_set_new (record, "would", would_objects (decision->would));
}

/* What it waits for, where it waits: then the quarantine opens a release for it. */
static void put_waiting (json_t *record, const MugaiRecordInput *input) {
  const MugaiDecision *decision = input->decision;
  json_t *awaits = json_object ();
  json_t *approvers = json_array ();

  for (guint i = 0; i < decision->approvers->len; i++)
    json_array_append_new (approvers, mugai_json_string (g_ptr_array_index (decision->approvers, i)));
  json_object_set_new (awaits, "kind", json_string (decision->awaits == MUGAI_AWAITS_APPROVAL ? "approval" : "delay"));
  json_object_set_new (awaits, "approvers", approvers);
  if (decision->awaits == MUGAI_AWAITS_DELAY)
    json_object_set_new (awaits, "until_s",
                         json_integer (input->envelope->time_us / G_USEC_PER_SEC + decision->delay_s));
  json_object_set_new (record, "awaits", awaits);
}

/* Who was told of a held mail, and who was not because that one had enough notices that day. */
static void put_notices (json_t *record, const MugaiRecordInput *input) {
  const MugaiDecision *decision = input->decision;
  json_t *notices = json_object ();

  json_object_set_new (notices, "forwarded",
                       json_boolean (mugai_decision_is_on_forwarding (decision, input->envelope)));
  json_object_set_new (notices, "sent", mugai_json_strv ((const char *const *) decision->notify));
  json_object_set_new (notices, "withheld", mugai_json_strv ((const char *const *) decision->withheld));
  json_object_set_new (record, "notices", notices);
}

json_t *mugai_audit_record (const MugaiRecordInput *input) {
  const MugaiFacts *facts = input->facts;
  json_t *record = json_object ();

  put_message (record, input);
  put_decision (record, input);
  json_object_set_new (record, "parts", part_objects (facts, input->decision));
  json_object_set_new (record, "oddities", oddity_names (facts != NULL ? facts->oddities : 0));
  json_object_set_new (record, "facts", facts_object (input));
  json_object_set_new (record, "policy", policy_object (input));
  json_object_set_new (record, "signatures", signatures_object (input));
  json_object_set_new (record, "quarantine_id", mugai_json_string (input->quarantine_id));
  if (input->decision->awaits != MUGAI_AWAITS_NOTHING)
    put_waiting (record, input);
  if (input->decision->withheld != NULL)
    put_notices (record, input);
  json_object_set_new (record, "attempt", json_integer (input->envelope->attempt));
  json_object_set_new (record, "took_ms", took_object (input));
  json_object_set_new (record, "out", out_object (input));
  return record;
}
