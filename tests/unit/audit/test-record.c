/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Tests of the record: exactly the members of design.md 6, in that order, always all of them.
 */
#include "mugai/audit.h"

#include "mugai/base/base.h"

static const char *const members[] = {
  "record_version", "id",         "time",     "queue_id", "message_id", "subject",    "from_header",   "direction",
  "envelope",       "recipients", "action",   "changed",  "ceiling",    "reply",      "reasons",       "exceptions",
  "would",          "parts",      "oddities", "facts",    "policy",     "signatures", "quarantine_id", "attempt",
  "took_ms",        "out",        NULL
};

static void assert_members (json_t *object, const char *const *names) {
  const char *key;
  json_t *value;
  gsize n = 0;

  json_object_foreach (object, key, value) {
    g_assert_nonnull (value);
    g_assert_cmpstr (key, ==, names[n++]);
  }
  g_assert_null (names[n]);
}

static const char *text_at (json_t *object, const char *key) {
  return json_string_value (json_object_get (object, key));
}

static MugaiEnvelope *make_envelope (void) {
  MugaiEnvelope *envelope = mugai_envelope_new ();

  g_free (envelope->from);
  envelope->from = g_strdup ("a@example.com");
  envelope->size_bytes = 1234;
  envelope->attempt = 1;
  envelope->signatures_age_s = -1;
  envelope->time_us = 1700000000000000;
  g_ptr_array_add (envelope->recipients, mugai_recipient_new ("b@city.example.lg.jp"));
  g_ptr_array_add (envelope->recipients, mugai_recipient_new ("c@city.example.lg.jp"));
  return envelope;
}

static MugaiFacts *make_facts (void) {
  MugaiFacts *facts = mugai_facts_new ();
  MugaiPart *part = mugai_part_new ();

  g_free (facts->subject);
  facts->subject = g_strdup ("見積 ①");
  facts->oddities = MUGAI_BIT (MUGAI_ODDITY_NUL) | MUGAI_BIT (MUGAI_ODDITY_NO_TEXT);
  g_free (part->path);
  part->path = g_strdup ("1");
  part->flags = MUGAI_BIT (MUGAI_FLAG_MACRO);
  part->scan = MUGAI_SCAN_CLEAN;
  g_ptr_array_add (facts->parts, part);
  return facts;
}

static MugaiDecision *make_decision (void) {
  MugaiDecision *decision = mugai_decision_new ();
  MugaiRecipientDecision *recipient = g_new0 (MugaiRecipientDecision, 1);

  decision->action = MUGAI_ACTION_HOLD;
  recipient->action = MUGAI_ACTION_DELIVER;
  recipient->rule = g_strdup ("first");
  g_ptr_array_add (decision->recipients, recipient);
  g_ptr_array_add (decision->reasons, mugai_reason_new ("macro", "4.2", "a macro"));
  g_ptr_array_add (decision->parts, mugai_part_decision_new (MUGAI_PART_REMOVE, "macro-part"));
  g_ptr_array_add (decision->would, g_strdup ("a=b=refuse"));
  g_ptr_array_add (decision->exceptions, g_strdup ("x1"));
  return decision;
}

static MugaiRecordInput make_input (const char *id, MugaiEnvelope *envelope, MugaiDecision *decision) {
  return (MugaiRecordInput){ .id = id,
                             .envelope = envelope,
                             .decision = decision,
                             .policy_name = "default",
                             .policy_version = "v",
                             .took_wait = -1,
                             .took_spool = 3,
                             .took_inspect = -1,
                             .took_decide = 0,
                             .took_rebuild = -1,
                             .took_keep = -1 };
}

static void test_full (void) {
  g_autofree char *id = mugai_id_new ();
  g_autoptr (MugaiEnvelope) envelope = make_envelope ();
  g_autoptr (MugaiFacts) facts = make_facts ();
  g_autoptr (MugaiDecision) decision = make_decision ();
  MugaiRecordInput input = make_input (id, envelope, decision);

  input.facts = facts;
  input.out_sha256 = "ab";
  input.out_size_bytes = 7;
  input.quarantine_id = id;
  g_autoptr (MugaiJson) record = mugai_audit_record (&input);
  assert_members (record, members);
  g_assert_cmpstr (text_at (record, "subject"), ==, "見積 ①");
  g_assert_cmpstr (text_at (record, "action"), ==, "hold");
  json_t *recipients = json_object_get (record, "recipients");
  g_assert_cmpstr (text_at (json_array_get (recipients, 0), "action"), ==, "deliver");
  g_assert_cmpstr (text_at (json_array_get (recipients, 1), "action"), ==, "hold");
  g_assert_cmpstr (text_at (json_array_get (recipients, 1), "rule"), ==, "macro");
  json_t *would = json_array_get (json_object_get (record, "would"), 0);
  g_assert_cmpstr (text_at (would, "rule"), ==, "a=b");
  g_assert_cmpstr (text_at (would, "action"), ==, "refuse");
  json_t *part = json_array_get (json_object_get (record, "parts"), 0);
  static const char *const part_members[] = { "path", "declared",  "detected", "names",  "size_bytes", "sha256",
                                              "scan", "signature", "flags",    "action", "rule",       NULL };
  assert_members (part, part_members);
  g_assert_cmpstr (text_at (part, "action"), ==, "remove");
  g_assert_cmpstr (json_string_value (json_array_get (json_object_get (part, "flags"), 0)), ==, "macro");
  g_assert_true (json_is_null (json_object_get (part, "signature")));
  json_t *oddities = json_object_get (record, "oddities");
  g_assert_cmpuint (json_array_size (oddities), ==, 2);
  g_assert_cmpstr (json_string_value (json_array_get (oddities, 0)), ==, "nul");
  json_t *took = json_object_get (record, "took_ms");
  g_assert_true (json_is_null (json_object_get (took, "wait")));
  g_assert_cmpint (json_integer_value (json_object_get (took, "spool")), ==, 3);
  g_assert_cmpint (json_integer_value (json_object_get (json_object_get (record, "out"), "size_bytes")), ==, 7);
}

static void test_nothing_read (void) {
  g_autofree char *id = mugai_id_new ();
  g_autoptr (MugaiEnvelope) envelope = make_envelope ();
  g_autoptr (MugaiDecision) decision = mugai_decision_new ();
  g_autoptr (MugaiJson) vocabulary = json_object ();
  MugaiRecordInput input = make_input (id, envelope, decision);

  input.vocabulary_facts = vocabulary;
  input.failure = "worker-died-twice";
  g_autoptr (MugaiJson) record = mugai_audit_record (&input);
  assert_members (record, members);
  g_assert_true (json_is_null (json_object_get (record, "subject")));
  g_assert_true (json_is_null (json_object_get (record, "quarantine_id")));
  g_assert_true (json_is_null (json_object_get (json_object_get (record, "out"), "size_bytes")));
  g_assert_true (json_is_null (json_object_get (json_object_get (record, "signatures"), "age_s")));
  g_assert_cmpuint (json_array_size (json_object_get (record, "parts")), ==, 0);
  g_assert_cmpstr (text_at (json_object_get (record, "facts"), "failure"), ==, "worker-died-twice");
  g_assert_cmpuint (json_object_size (vocabulary), ==, 0);
}

int main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/audit/record/full", test_full);
  g_test_add_func ("/audit/record/nothing-read", test_nothing_read);
  return g_test_run ();
}
