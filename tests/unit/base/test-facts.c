/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Unit tests of base/facts: closed lists, facts and decisions there and back, and what the border refuses or mends.
 */
#include "mugai/base/facts.h"

#include <string.h>

#define SHA "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void test_names (void) {
  for (int i = 0; i < MUGAI_N_FLAGS; i++)
    g_assert_cmpint (mugai_flag_from_name (mugai_flag_name ((MugaiFlag) i)), ==, i);
  for (int i = 0; i < MUGAI_N_ODDITIES; i++)
    g_assert_cmpint (mugai_oddity_from_name (mugai_oddity_name ((MugaiOddity) i)), ==, i);
  g_assert_cmpstr (mugai_scan_name (MUGAI_SCAN_OVER_LIMIT), ==, "over-limit");
  g_assert_cmpint (mugai_role_from_name ("member"), ==, MUGAI_ROLE_MEMBER);
  g_assert_cmpint (mugai_part_action_from_name ("keep"), ==, MUGAI_PART_KEEP);
  g_assert_cmpint (mugai_action_from_name ("tempfail"), ==, MUGAI_ACTION_TEMPFAIL);
  g_assert_cmpint (mugai_direction_from_name ("relay"), ==, MUGAI_DIRECTION_RELAY);
  g_assert_cmpint (mugai_ceiling_from_name ("parts"), ==, MUGAI_CEILING_PARTS);
  g_assert_cmpint (mugai_ceiling_from_name ("Parts"), ==, -1);
  g_assert_cmpint (mugai_ceiling_from_name (""), ==, -1);
  g_assert_cmpint (mugai_ceiling_from_name (NULL), ==, -1);
  g_assert_true (mugai_oddity_is_ambiguous (MUGAI_ODDITY_BAD_BASE64));
  g_assert_false (mugai_oddity_is_ambiguous (MUGAI_ODDITY_CHARSET_GUESSED));
}

static void replace (char **text, const char *value) {
  g_free (*text);
  *text = g_strdup (value);
}

static MugaiFacts *sample_facts (void) {
  MugaiFacts *facts = mugai_facts_new ();
  MugaiHeaderFact *header = g_new0 (MugaiHeaderFact, 1);
  MugaiLinkFact *link = g_new0 (MugaiLinkFact, 1);

  replace (&facts->subject, "\xE4\xBB\xB6\xE5\x90\x8D");
  replace (&facts->from_address, "a@example.jp");
  g_strfreev (facts->shown_addresses);
  facts->shown_addresses = g_strsplit ("b@example.jp c@example.jp", " ", -1);
  header->name = g_strdup ("list-id");
  header->value = g_strdup ("<x>");
  g_ptr_array_add (facts->headers, header);
  link->host = g_strdup ("example.jp");
  link->mismatch = TRUE;
  g_ptr_array_add (facts->links, link);
  facts->dropped_headers = 3;
  facts->oddities = MUGAI_BIT (MUGAI_ODDITY_NUL) | MUGAI_BIT (MUGAI_ODDITY_NO_TEXT);
  for (int i = 1; i <= 2; i++) {
    MugaiPart *part = mugai_part_new ();
    g_free (part->path);
    part->path = g_strdup_printf ("1.%d/3", i);
    replace (&part->declared, "text/plain");
    replace (&part->sha256, SHA);
    g_strfreev (part->names);
    part->names = g_strsplit ("a.txt", " ", -1);
    part->size_bytes = 5;
    part->role = MUGAI_ROLE_MEMBER;
    part->scan = MUGAI_SCAN_INFECTED;
    part->signature = g_strdup ("Eicar");
    part->flags = MUGAI_BIT (MUGAI_FLAG_MACRO);
    g_ptr_array_add (facts->parts, part);
  }
  return facts;
}

static void test_round_trip (void) {
  g_autoptr (MugaiFacts) facts = sample_facts ();
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiJson) json = mugai_facts_to_json (facts);
  g_autofree char *line = mugai_json_line (json);
  g_autoptr (MugaiJson) parsed = mugai_json_parse (line, strlen (line), NULL);
  g_autoptr (MugaiFacts) read = mugai_facts_from_json (parsed, &error);

  g_assert_no_error (error);
  g_autoptr (MugaiJson) again = mugai_facts_to_json (read);
  g_assert_true (json_equal (json, again));
  g_assert_cmpuint (read->parts->len, ==, 2);
  MugaiPart *part = g_ptr_array_index (read->parts, 1);
  g_assert_cmpstr (part->path, ==, "1.2/3");
  g_assert_cmpint (part->scan, ==, MUGAI_SCAN_INFECTED);
  g_assert_null (read->signatures_version);

  g_autoptr (MugaiFacts) empty = mugai_facts_new ();
  g_autoptr (MugaiJson) empty_json = mugai_facts_to_json (empty);
  g_autoptr (MugaiFacts) empty_read = mugai_facts_from_json (empty_json, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (empty_read->parts->len, ==, 0);
}

/* The sample's JSON text with one piece replaced. */
static MugaiFacts *read_changed (const char *old, const char *new, GError **error) {
  g_autoptr (MugaiFacts) facts = sample_facts ();
  g_autoptr (MugaiJson) json = mugai_facts_to_json (facts);
  g_autofree char *line = mugai_json_line (json);
  const char *at = strstr (line, old);
  g_assert_nonnull (at);
  g_autofree char *changed = g_strdup_printf ("%.*s%s%s", (int) (at - line), line, new, at + strlen (old));
  g_autoptr (MugaiJson) parsed = mugai_json_parse (changed, strlen (changed), error);
  return parsed == NULL ? NULL : mugai_facts_from_json (parsed, error);
}

static void test_refused (void) {
  static const char *const changes[][2] = {
    { "\"dropped_headers\":3", "\"dropped_headers\":-1" },
    { "\"dropped_headers\":3", "\"dropped_headers\":4294967296" },
    { "\"dropped_headers\":3", "\"dropped_headers\":3.0" },
    { "\"dropped_headers\":3", "\"dropped_headers\":\"3\"" },
    { "\"dropped_headers\":3,", "" },
    { "\"dropped_headers\":3", "\"dropped_headers\":3,\"more\":1" },
    { "\"message_id\":\"\"", "\"message_id\":null" },
    { "\"nul\"", "\"bogus\"" },
    { "\"nul\"", "\"no-text\"" },
    { "\"nul\"", "7" },
    { "\"list-id\"", "\"List-Id\"" },
    { "\"list-id\"", "\"list id\"" },
    { "\"list-id\"", "\"\"" },
    { "\"mismatch\":true", "\"mismatch\":1" },
    { "\"host\":\"example.jp\"", "\"host\":null" },
    { "\"size_bytes\":5", "\"size_bytes\":-5" },
    { "\"" SHA "\"", "\"E3" SHA "\"" },
    { "\"e3b0", "\"E3B0" },
    { "\"" SHA "\"", "null" },
    { "\"member\"", "\"boss\"" },
    { "\"infected\"", "\"fine\"" },
    { "\"infected\"", "null" },
    { "\"macro\"", "\"macro\",\"macro\"" },
    { "\"a.txt\"", "null" },
    { "1.1/3", "1.2/3" },
    { "1.1/3", "" },
    { "1.1/3", "1..1" },
    { "1.1/3", "1/" },
    { "1.1/3", "/1" },
    { "1.1/3", "1.a" },
    { "1.1/3", "01" },
    { "1.1/3", "../1" },
    { "1.1/3", "123456" },
    { "\"parts\":[", "\"parts\":[[]," },
    { "\"names\":[\"a.txt\"]", "\"names\":\"a.txt\"" },
    { "\"a.txt\"",
      "\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\",\"11\",\"12\",\"13\",\"14\",\"15\",\"16\",\"17\"" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (changes); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (MugaiFacts) facts = read_changed (changes[i][0], changes[i][1], &error);
    g_test_message ("%s: %s", changes[i][1], error == NULL ? "accepted" : error->message);
    g_assert_null (facts);
    g_assert_error (error, MUGAI_JSON_ERROR, MUGAI_JSON_ERROR_SHAPE);
  }
  g_autoptr (MugaiJson) list = json_array ();
  g_assert_null (mugai_facts_from_json (list, NULL));
  g_assert_null (mugai_facts_from_json (NULL, NULL));
}

static void test_mended (void) {
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiFacts) facts = read_changed ("a.txt", "a\\r\\n\\u202etxt\\u0007", &error);
  g_assert_no_error (error);
  MugaiPart *part = g_ptr_array_index (facts->parts, 0);
  g_assert_null (strpbrk (part->names[0], "\r\n\a"));
  g_assert_null (strstr (part->names[0], "\xE2\x80\xAE"));

  g_autofree char *name = g_strnfill (5000, 'n');
  g_autoptr (MugaiFacts) cut = read_changed ("a.txt", name, &error);
  g_assert_no_error (error);
  part = g_ptr_array_index (cut->parts, 0);
  g_assert_cmpuint (strlen (part->names[0]), <=, MUGAI_FACTS_MAX_NAME_BYTES);
}

static MugaiDecision *sample_decision (void) {
  MugaiDecision *decision = mugai_decision_new ();
  MugaiRecipientDecision *recipient = g_new0 (MugaiRecipientDecision, 1);
  MugaiHeaderFact *header = g_new0 (MugaiHeaderFact, 1);

  decision->action = MUGAI_ACTION_HOLD;
  decision->ceiling = MUGAI_CEILING_PARTS;
  decision->reply = g_strdup ("550 5.7.1 no");
  g_ptr_array_add (decision->reasons, mugai_reason_new ("r", NULL, "because"));
  g_ptr_array_add (decision->parts, mugai_part_decision_new (MUGAI_PART_KEEP, "k"));
  recipient->action = MUGAI_ACTION_REFUSE;
  recipient->rule = g_strdup ("relay");
  g_ptr_array_add (decision->recipients, recipient);
  g_ptr_array_add (decision->exceptions, g_strdup ("e"));
  g_ptr_array_add (decision->would, g_strdup ("m=hold"));
  g_strfreev (decision->notify);
  decision->notify = g_strsplit ("a@example.jp", " ", -1);
  header->name = g_strdup ("X-Mugai-A");
  header->value = g_strdup ("b");
  g_ptr_array_add (decision->add_headers, header);
  return decision;
}

static void test_decision (void) {
  g_autoptr (MugaiDecision) decision = sample_decision ();
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiJson) json = mugai_decision_to_json (decision);
  g_autoptr (MugaiDecision) read = mugai_decision_from_json (json, &error);

  g_assert_no_error (error);
  g_autoptr (MugaiJson) again = mugai_decision_to_json (read);
  g_assert_true (json_equal (json, again));
  g_assert_null (read->subject_tag);
  g_assert_cmpstr (((MugaiReason *) g_ptr_array_index (read->reasons, 0))->clause, ==, "");

  json_object_set_new (json, "action", json_string ("shred"));
  g_assert_null (mugai_decision_from_json (json, &error));
  g_assert_error (error, MUGAI_JSON_ERROR, MUGAI_JSON_ERROR_SHAPE);
  json_object_set_new (json, "action", json_string ("hold"));
  json_array_append_new (json_object_get (json, "parts"), json_object ());
  g_assert_null (mugai_decision_from_json (json, NULL));
}

static void test_half_built (void) {
  mugai_facts_free (NULL);
  mugai_part_free (NULL);
  mugai_header_fact_free (NULL);
  mugai_link_fact_free (NULL);
  mugai_envelope_free (NULL);
  mugai_recipient_free (NULL);
  mugai_decision_free (NULL);
  mugai_reason_free (NULL);
  mugai_part_decision_free (NULL);
  mugai_facts_free (g_new0 (MugaiFacts, 1));
  mugai_envelope_free (g_new0 (MugaiEnvelope, 1));
  mugai_decision_free (g_new0 (MugaiDecision, 1));

  g_autoptr (MugaiEnvelope) envelope = mugai_envelope_new ();
  g_ptr_array_add (envelope->recipients, mugai_recipient_new ("a@example.jp"));
  g_assert_cmpint (envelope->signatures_age_s, ==, -1);
}

int main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/facts/names", test_names);
  g_test_add_func ("/facts/round-trip", test_round_trip);
  g_test_add_func ("/facts/refused", test_refused);
  g_test_add_func ("/facts/mended", test_mended);
  g_test_add_func ("/facts/decision", test_decision);
  g_test_add_func ("/facts/half-built", test_half_built);
  return g_test_run ();
}
