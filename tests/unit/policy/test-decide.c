/* SPDX-License-Identifier: GPL-2.0-only
 *
 * What the shipped policy decides on hand-made facts: each rule, the ceilings, who is told of a held mail, and what a few
 * policies of our own say about exceptions, monitoring and archives.
 */
#include "mugai/policy.h"

#include <string.h>

#include <glib/gstdio.h>

#include "policy-path.h"

#define DAY_US (G_GINT64_CONSTANT (86400) * G_USEC_PER_SEC)
#define NOON_2026_11_21_JST (G_GINT64_CONSTANT (1795230000) * G_USEC_PER_SEC) /* 2026-11-21T12:00:00+09:00 */

static MugaiPolicy *shipped (void) {
  g_autoptr (GPtrArray) problems = NULL;
  g_autofree char *path = policy_path ("default.yaml");
  g_autoptr (GError) error = NULL;
  MugaiPolicy *policy = mugai_policy_load (path, FALSE, &problems, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (problems->len, ==, 0);
  return policy;
}

/* The shipped policy with @from replaced by @to, loaded from a folder that is gone again afterwards. */
static MugaiPolicy *altered (const char *from, const char *to) {
  g_autoptr (GError) error = NULL;
  g_autofree char *path = policy_path ("default.yaml"), *text = NULL;
  g_assert_true (g_file_get_contents (path, &text, NULL, &error));
  g_assert_nonnull (strstr (text, from));
  g_autoptr (GString) changed = g_string_new (text);
  g_string_replace (changed, from, to, 1);
  g_autofree char *folder = g_dir_make_tmp ("mugai-policy-XXXXXX", &error);
  static const char *const names[] = {
    "groups/look-alike.yaml", "notices/ja.yaml", "notices/en.yaml", "groups", "notices", "default.yaml", NULL
  };
  for (guint i = 0; i < 3; i++) {
    g_autofree char *source = policy_path (names[i]), *content = NULL;
    g_autofree char *target = g_build_filename (folder, names[i], NULL), *parent = g_path_get_dirname (target);
    g_assert_true (g_file_get_contents (source, &content, NULL, NULL));
    g_mkdir_with_parents (parent, 0700);
    g_assert_true (g_file_set_contents (target, content, -1, NULL));
  }
  g_autofree char *main_file = g_build_filename (folder, "default.yaml", NULL);
  g_assert_true (g_file_set_contents (main_file, changed->str, -1, NULL));
  g_autoptr (GPtrArray) problems = NULL;
  MugaiPolicy *loaded = mugai_policy_load (main_file, FALSE, &problems, &error);
  for (guint i = 0; i < problems->len; i++) {
    g_autofree char *line = mugai_policy_problem_format (g_ptr_array_index (problems, i));
    g_test_message ("%s", line);
  }
  g_assert_no_error (error);
  for (guint i = 0; names[i]; i++) {
    g_autofree char *target = g_build_filename (folder, names[i], NULL);
    g_remove (target);
  }
  g_rmdir (folder);
  return loaded;
}

static void set (char **text, const char *value) {
  g_free (*text);
  *text = g_strdup (value);
}

/* Classified as flow would: policy is tested without it. */
static MugaiEnvelope *envelope_of (MugaiDirection direction, const char *from, const char *recipients) {
  MugaiEnvelope *envelope = mugai_envelope_new ();
  g_auto (GStrv) list = g_strsplit (recipients, ",", -1);
  gboolean from_us = direction == MUGAI_DIRECTION_OUTBOUND || direction == MUGAI_DIRECTION_INTERNAL;
  set (&envelope->client, from_us ? "10.0.0.1" : "192.0.2.1");
  set (&envelope->from, from);
  envelope->client_inside = from_us;
  envelope->from_inside = g_str_has_suffix (from, "city.example.lg.jp");
  envelope->direction = direction;
  envelope->size_bytes = 5000;
  envelope->time_us = NOON_2026_11_21_JST;
  envelope->signatures_age_s = 3600;
  envelope->attempt = 1;
  for (char **one = list; *one; one++) {
    MugaiRecipient *recipient = mugai_recipient_new (*one);
    recipient->inside = g_str_has_suffix (*one, "@city.example.lg.jp");
    recipient->direction = from_us             ? recipient->inside ? MUGAI_DIRECTION_INTERNAL : MUGAI_DIRECTION_OUTBOUND
                           : recipient->inside ? MUGAI_DIRECTION_INBOUND
                                               : MUGAI_DIRECTION_RELAY;
    g_ptr_array_add (envelope->recipients, recipient);
  }
  return envelope;
}

static MugaiPart *add_part (MugaiFacts *facts, const char *path, const char *type, MugaiRole role, MugaiScan scan) {
  MugaiPart *part = mugai_part_new ();
  set (&part->path, path);
  set (&part->declared, type);
  set (&part->detected, type);
  set (&part->sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  part->size_bytes = 100;
  part->role = role;
  part->scan = scan;
  g_ptr_array_add (facts->parts, part);
  return part;
}

/* multipart/mixed of a text body and a PDF. */
static MugaiFacts *plain_facts (void) {
  MugaiFacts *facts = mugai_facts_new ();
  set (&facts->subject, "件名");
  set (&facts->from_address, "a@example.com");
  set (&facts->signatures_version, "1");
  add_part (facts, "0", "multipart/mixed", MUGAI_ROLE_CONTAINER, MUGAI_SCAN_NOT_SCANNED);
  add_part (facts, "1", "text/plain", MUGAI_ROLE_BODY, MUGAI_SCAN_CLEAN);
  add_part (facts, "2", "application/pdf", MUGAI_ROLE_ATTACHMENT, MUGAI_SCAN_CLEAN);
  return facts;
}

static MugaiPart *part_at (MugaiFacts *facts, guint index) {
  return g_ptr_array_index (facts->parts, index);
}

static const MugaiPartDecision *said_of (const MugaiDecision *decision, guint index) {
  return g_ptr_array_index (decision->parts, index);
}

static const MugaiReason *first_reason (const MugaiDecision *decision) {
  g_assert_cmpuint (decision->reasons->len, >, 0);
  return g_ptr_array_index (decision->reasons, 0);
}

static void assert_held (const MugaiDecision *decision, const char *rule, const char *notify) {
  g_autofree char *told = g_strjoinv (",", decision->notify);
  g_assert_cmpstr (first_reason (decision)->rule, ==, rule);
  g_assert_cmpint (decision->action, ==, MUGAI_ACTION_HOLD);
  g_assert_cmpstr (told, ==, notify);
  g_assert_true (decision->changed);
  for (guint i = 0; i < decision->parts->len; i++)
    g_assert_cmpint (said_of (decision, i)->action, >=, MUGAI_PART_REPLACE);
  for (guint i = 0; i < decision->recipients->len; i++)
    g_assert_cmpint (((MugaiRecipientDecision *) g_ptr_array_index (decision->recipients, i))->action, ==,
                     MUGAI_ACTION_HOLD);
}

static MugaiDecision *decide (MugaiDirection direction, const char *from, const char *recipients, MugaiFacts *facts) {
  g_autoptr (MugaiPolicy) policy = shipped ();
  g_autoptr (MugaiEnvelope) envelope = envelope_of (direction, from, recipients);
  return mugai_policy_decide (policy, envelope, facts);
}

#define INSIDE "t@city.example.lg.jp"
#define OUTSIDE "a@example.com"
#define IN MUGAI_DIRECTION_INBOUND
#define OUT MUGAI_DIRECTION_OUTBOUND
#define INTERNAL MUGAI_DIRECTION_INTERNAL

static void test_inbound (void) {
  g_autoptr (MugaiFacts) facts = plain_facts ();
  add_part (facts, "3", "text/html", MUGAI_ROLE_ALTERNATE, MUGAI_SCAN_CLEAN);
  g_autoptr (MugaiDecision) decision = decide (IN, OUTSIDE, INSIDE, facts);
  static const MugaiPartAction expected[] = { MUGAI_PART_REPLACE, MUGAI_PART_TEXT, MUGAI_PART_REMOVE,
                                              MUGAI_PART_REPLACE };
  g_assert_cmpint (decision->action, ==, MUGAI_ACTION_DELIVER);
  g_assert_cmpint (decision->ceiling, ==, MUGAI_CEILING_TEXT);
  g_assert_true (decision->changed);
  g_assert_cmpuint (decision->parts->len, ==, facts->parts->len);
  for (guint i = 0; i < decision->parts->len; i++)
    g_assert_cmpint (said_of (decision, i)->action, ==, expected[i]);
  g_assert_cmpstr (first_reason (decision)->rule, ==, "ceiling");
  g_assert_true (*first_reason (decision)->clause);
  g_assert_true (*said_of (decision, 2)->ja && *said_of (decision, 2)->en);
}

static void test_untouched (void) {
  static const MugaiDirection directions[] = { OUT, INTERNAL };
  for (guint i = 0; i < 2; i++) {
    g_autoptr (MugaiFacts) facts = plain_facts ();
    g_autoptr (MugaiDecision) decision = decide (directions[i], INSIDE, i == 0 ? OUTSIDE : INSIDE, facts);
    g_assert_cmpint (decision->action, ==, MUGAI_ACTION_DELIVER);
    g_assert_cmpint (decision->ceiling, ==, MUGAI_CEILING_UNTOUCHED);
    g_assert_false (decision->changed);
    for (guint j = 0; j < decision->parts->len; j++)
      g_assert_cmpint (said_of (decision, j)->action, ==, MUGAI_PART_KEEP);
  }
}

/* An offline look scans nothing and still shows an internal mail as it is. */
static void test_untouched_without_signatures (void) {
  g_autoptr (MugaiPolicy) policy = shipped ();
  g_autoptr (MugaiEnvelope) envelope = envelope_of (INTERNAL, INSIDE, INSIDE);
  g_autoptr (MugaiFacts) facts = plain_facts ();
  envelope->signatures_age_s = -1;
  g_clear_pointer (&facts->signatures_version, g_free);
  for (guint i = 0; i < facts->parts->len; i++)
    part_at (facts, i)->scan = MUGAI_SCAN_NOT_SCANNED;
  g_autoptr (MugaiDecision) decision = mugai_policy_decide (policy, envelope, facts);
  g_assert_false (decision->changed);
  envelope->signatures_age_s = 60; /* signatures there, and yet not scanned */
  g_autoptr (MugaiDecision) held = mugai_policy_decide (policy, envelope, facts);
  assert_held (held, "unscannable", INSIDE);
}

static void test_infected (void) {
  g_autoptr (MugaiFacts) facts = plain_facts ();
  part_at (facts, 2)->scan = MUGAI_SCAN_INFECTED;
  g_autoptr (MugaiDecision) inbound = decide (IN, OUTSIDE, INSIDE, facts);
  g_assert_cmpint (inbound->action, ==, MUGAI_ACTION_DELIVER);
  g_assert_cmpint (said_of (inbound, 2)->action, ==, MUGAI_PART_REMOVE);
  g_assert_cmpstr (said_of (inbound, 2)->rule, ==, "infected-part");
  g_autoptr (MugaiDecision) outbound = decide (OUT, INSIDE, OUTSIDE, facts);
  assert_held (outbound, "infected", INSIDE);
  g_autoptr (MugaiDecision) internal = decide (INTERNAL, INSIDE, "u@city.example.lg.jp", facts);
  assert_held (internal, "infected", "u@city.example.lg.jp");
  part_at (facts, 1)->scan = MUGAI_SCAN_INFECTED;
  g_autoptr (MugaiDecision) body = decide (IN, OUTSIDE, INSIDE, facts);
  assert_held (body, "infected-body", INSIDE);
}

static void test_encrypted_and_unscannable (void) {
  g_autoptr (MugaiFacts) facts = plain_facts ();
  part_at (facts, 2)->scan = MUGAI_SCAN_ENCRYPTED;
  g_autoptr (MugaiDecision) passes = decide (OUT, INSIDE, OUTSIDE, facts);
  g_assert_cmpint (passes->action, ==, MUGAI_ACTION_DELIVER);
  g_assert_false (passes->changed);
  g_autoptr (MugaiDecision) arrives = decide (IN, OUTSIDE, INSIDE, facts);
  g_assert_cmpint (said_of (arrives, 2)->action, ==, MUGAI_PART_REMOVE);
  part_at (facts, 2)->scan = MUGAI_SCAN_OVER_LIMIT;
  g_autoptr (MugaiDecision) held = decide (OUT, INSIDE, OUTSIDE, facts);
  assert_held (held, "unscannable", INSIDE);
}

static void test_ambiguous (void) {
  g_autoptr (MugaiFacts) facts = plain_facts ();
  facts->oddities = MUGAI_BIT (MUGAI_ODDITY_BAD_BOUNDARY);
  g_autoptr (MugaiDecision) held = decide (IN, OUTSIDE, INSIDE, facts);
  assert_held (held, "ambiguous", INSIDE);
  static const MugaiOddity harmless[] = { MUGAI_ODDITY_RAW_8BIT_HEADER,  MUGAI_ODDITY_CHARSET_GUESSED,
                                          MUGAI_ODDITY_CHARSET_REPAIRED, MUGAI_ODDITY_NO_TEXT,
                                          MUGAI_ODDITY_LONG_LINE,        MUGAI_ODDITY_HIDDEN_TEXT,
                                          MUGAI_ODDITY_LEGS_DIFFER,      MUGAI_ODDITY_LINK_MISMATCH };
  facts->oddities = 0;
  for (gsize i = 0; i < G_N_ELEMENTS (harmless); i++)
    facts->oddities |= MUGAI_BIT (harmless[i]);
  g_autoptr (MugaiDecision) fine = decide (IN, OUTSIDE, INSIDE, facts);
  g_assert_cmpint (fine->action, ==, MUGAI_ACTION_DELIVER);
}

static void test_relay (void) {
  g_autoptr (MugaiPolicy) policy = shipped ();
  g_autoptr (MugaiFacts) facts = plain_facts ();
  g_autoptr (MugaiEnvelope) envelope = envelope_of (MUGAI_DIRECTION_RELAY, OUTSIDE, "b@example.net");
  g_autoptr (MugaiDecision) early = mugai_policy_decide_recipient (policy, envelope);
  g_autoptr (MugaiDecision) late = mugai_policy_decide (policy, envelope, facts);
  g_assert_cmpstr (early->reply, ==, "550 5.7.1 Relaying denied");
  g_assert_cmpstr (late->reply, ==, "550 5.7.1 Relaying denied");
  g_assert_cmpstr (first_reason (early)->rule, ==, "relay");
  g_assert_cmpint (late->action, ==, MUGAI_ACTION_REFUSE);
  /* one of two: refused alone */
  g_autoptr (MugaiEnvelope) mixed = envelope_of (IN, OUTSIDE, INSIDE ",b@example.net");
  g_autoptr (MugaiDecision) both = mugai_policy_decide (policy, mixed, facts);
  g_assert_cmpint (both->action, ==, MUGAI_ACTION_DELIVER);
  g_assert_cmpint (((MugaiRecipientDecision *) g_ptr_array_index (both->recipients, 0))->action, ==,
                   MUGAI_ACTION_DELIVER);
  g_assert_cmpint (((MugaiRecipientDecision *) g_ptr_array_index (both->recipients, 1))->action, ==,
                   MUGAI_ACTION_REFUSE);
}

/* Even a policy without the rule does not relay. */
static void test_relay_built_in (void) {
  g_autoptr (MugaiPolicy) policy =
      altered ("      direction: relay\n", "      direction: relay\n      helo: never.example\n");
  g_autoptr (MugaiFacts) facts = plain_facts ();
  g_autoptr (MugaiEnvelope) envelope = envelope_of (MUGAI_DIRECTION_RELAY, OUTSIDE, "b@example.net");
  g_autoptr (MugaiDecision) early = mugai_policy_decide_recipient (policy, envelope);
  g_autoptr (MugaiDecision) late = mugai_policy_decide (policy, envelope, facts);
  g_assert_cmpint (early->action, ==, MUGAI_ACTION_REFUSE);
  g_assert_cmpint (late->action, ==, MUGAI_ACTION_REFUSE);
}

static void test_over_size (void) {
  g_autoptr (MugaiPolicy) policy = shipped ();
  g_autoptr (MugaiFacts) facts = plain_facts ();
  g_autoptr (MugaiEnvelope) envelope = envelope_of (IN, OUTSIDE, INSIDE);
  guint64 limit = mugai_policy_max_size (policy, IN);
  g_assert_cmpuint (limit, ==, 20u * 1024 * 1024);
  g_autoptr (MugaiDecision) fits = mugai_policy_decide_sender (policy, envelope, limit);
  g_autoptr (MugaiDecision) over = mugai_policy_decide_sender (policy, envelope, limit + 1);
  g_assert_cmpint (fits->action, ==, MUGAI_ACTION_DELIVER);
  g_assert_cmpint (over->action, ==, MUGAI_ACTION_REFUSE);
  g_assert_cmpstr (over->reply, ==, "552 5.3.4 Message is larger than the limit of 20971520 bytes (20 MiB)");
  envelope->size_bytes = limit + 1;
  g_autoptr (MugaiDecision) late = mugai_policy_decide (policy, envelope, facts);
  g_assert_cmpstr (first_reason (late)->rule, ==, "over-size");
  g_assert_cmpstr (late->reply, ==, over->reply);
  /* From inside, before a recipient is known, only the larger limit refuses. */
  g_autoptr (MugaiEnvelope) inside = envelope_of (OUT, INSIDE, OUTSIDE);
  g_autoptr (MugaiDecision) outbound = mugai_policy_decide_sender (policy, inside, 15u * 1024 * 1024);
  g_assert_cmpint (outbound->action, ==, MUGAI_ACTION_REFUSE);
  g_ptr_array_set_size (inside->recipients, 0);
  g_autoptr (MugaiDecision) unknown = mugai_policy_decide_sender (policy, inside, 15u * 1024 * 1024);
  g_assert_cmpint (unknown->action, ==, MUGAI_ACTION_DELIVER);
  g_autoptr (MugaiDecision) huge = mugai_policy_decide_sender (policy, inside, limit + 1);
  g_assert_cmpint (huge->action, ==, MUGAI_ACTION_REFUSE);
}

static void test_auto_forward (void) {
  g_autoptr (MugaiPolicy) policy = shipped ();
  g_autoptr (MugaiFacts) facts = plain_facts ();
  g_autoptr (MugaiEnvelope) envelope = envelope_of (OUT, "citizen@example.net", OUTSIDE);
  static const char *const evidence[] = { "outside-sender-leaving", NULL };
  g_strfreev (envelope->forwarding);
  envelope->forwarding = g_strdupv ((char **) evidence);
  g_autoptr (MugaiDecision) decision = mugai_policy_decide (policy, envelope, facts);
  assert_held (decision, "auto-forward", "mail-review@city.example.lg.jp");
  g_assert_nonnull (strstr (first_reason (decision)->because, "outside-sender-leaving"));
  set (&envelope->from, INSIDE);
  envelope->from_inside = TRUE;
  g_autoptr (MugaiDecision) own = mugai_policy_decide (policy, envelope, facts);
  assert_held (own, "auto-forward", INSIDE);
}

static void test_look_alike (void) {
  g_autoptr (MugaiFacts) facts = plain_facts ();
  g_autoptr (MugaiDecision) held = decide (OUT, INSIDE, "x@example.com,Y@DOCOM.ne.jp.", facts);
  assert_held (held, "look-alike", INSIDE);
  g_autoptr (MugaiDecision) fine = decide (OUT, INSIDE, "x@gmail.com,y@docomo.ne.jp", facts);
  g_assert_cmpint (fine->action, ==, MUGAI_ACTION_DELIVER);
}

static void test_recipients_exposed (void) {
  g_autoptr (MugaiFacts) facts = plain_facts ();
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  for (guint i = 0; i < 11; i++) {
    g_autofree char *address = g_strdup_printf ("p%u@example.com", i);
    g_strv_builder_add (builder, address);
  }
  g_strfreev (facts->shown_addresses);
  facts->shown_addresses = g_strv_builder_end (builder);
  g_autoptr (MugaiDecision) held = decide (OUT, INSIDE, OUTSIDE, facts);
  assert_held (held, "recipients-exposed", INSIDE);
  set (&facts->shown_addresses[0], "u@city.example.lg.jp");
  g_autoptr (MugaiDecision) fine = decide (OUT, INSIDE, OUTSIDE, facts);
  g_assert_cmpint (fine->action, ==, MUGAI_ACTION_DELIVER);
  g_autoptr (MugaiDecision) inbound = decide (IN, OUTSIDE, INSIDE, facts);
  g_assert_cmpint (inbound->action, ==, MUGAI_ACTION_DELIVER);
}

static void test_held_refused_when_nobody_to_tell (void) {
  g_autoptr (MugaiPolicy) policy = altered ("  reviewers: mail-review@city.example.lg.jp\n", "");
  g_autoptr (MugaiFacts) facts = plain_facts ();
  g_autoptr (MugaiEnvelope) envelope = envelope_of (OUT, "", OUTSIDE);
  facts->oddities = MUGAI_BIT (MUGAI_ODDITY_BAD_BOUNDARY);
  g_autoptr (MugaiDecision) decision = mugai_policy_decide (policy, envelope, facts);
  g_assert_cmpint (decision->action, ==, MUGAI_ACTION_REFUSE);
  g_assert_true (g_str_has_prefix (decision->reply, "550 5.7.1 "));
  g_assert_null (decision->notify[0]);
}

static void test_strictest_recipient (void) {
  g_autoptr (MugaiFacts) facts = plain_facts ();
  g_autoptr (MugaiDecision) decision = decide (OUT, INSIDE, "u@city.example.lg.jp,x@gmai.com", facts);
  assert_held (decision, "look-alike", INSIDE); /* and not the inside recipient */
}

static void test_failures (void) {
  g_autoptr (MugaiPolicy) policy = shipped ();
  g_autoptr (MugaiEnvelope) envelope = envelope_of (IN, OUTSIDE, INSIDE);
  for (guint i = 0; i < MUGAI_N_FAILURES; i++) {
    g_autoptr (MugaiDecision) decision = mugai_policy_decide_failure (policy, envelope, (MugaiFailure) i, "seen");
    g_assert_cmpint (decision->action, !=, MUGAI_ACTION_DELIVER);
    g_assert_cmpstr (first_reason (decision)->because, ==, "seen");
  }
  g_autoptr (MugaiDecision) twice =
      mugai_policy_decide_failure (policy, envelope, MUGAI_FAILURE_WORKER_DIED_TWICE, "died");
  assert_held (twice, "failure-worker-died-twice", INSIDE);
  g_autoptr (MugaiDecision) none = mugai_policy_decide_failure (policy, envelope, MUGAI_FAILURE_NO_WORKER, "busy");
  g_assert_true (g_str_has_prefix (none->reply, "451 4.3.2 "));
  g_assert_cmpint (mugai_policy_stale_after_s (policy), ==, 72 * 3600);
}

#define VENDOR                                                                                                         \
  "exceptions:\n  - id: vendor-pdf\n    rule: ceiling\n    to: parts\n    scope:\n      from: vendor.example.co.jp\n"  \
  "      client: 192.0.2.0/28\n    parts:\n      part-type: application/pdf\n    reason: drawings\n"                   \
  "    requested_by: A\n    approved_by: B\n    until: 2026-11-21\n"

static void test_exception (void) {
  g_autoptr (MugaiPolicy) policy = altered ("exceptions: []\n", VENDOR);
  g_autoptr (MugaiFacts) facts = plain_facts ();
  MugaiPart *named = add_part (facts, "3", "application/zip", MUGAI_ROLE_ATTACHMENT, MUGAI_SCAN_CLEAN);
  g_autoptr (MugaiEnvelope) envelope = envelope_of (IN, "x@vendor.example.co.jp", INSIDE);
  g_autoptr (MugaiDecision) raised = mugai_policy_decide (policy, envelope, facts);
  g_assert_cmpint (raised->ceiling, ==, MUGAI_CEILING_PARTS);
  g_assert_cmpstr (g_ptr_array_index (raised->exceptions, 0), ==, "vendor-pdf");
  g_assert_cmpint (said_of (raised, 1)->action, ==, MUGAI_PART_TEXT);
  g_assert_cmpint (said_of (raised, 2)->action, ==, MUGAI_PART_KEEP);
  g_assert_cmpint (said_of (raised, 3)->action, ==, MUGAI_PART_REMOVE);
  set (&named->detected, "application/pdf"); /* infected or not scanned: never */
  named->scan = MUGAI_SCAN_UNPARSABLE;
  g_autoptr (MugaiDecision) unclean = mugai_policy_decide (policy, envelope, facts);
  g_assert_cmpint (said_of (unclean, 3)->action, ==, MUGAI_PART_REMOVE);
  /* it ends with its day, in Japan */
  envelope->time_us = NOON_2026_11_21_JST + DAY_US / 2 - 1;
  g_autoptr (MugaiDecision) last = mugai_policy_decide (policy, envelope, facts);
  g_assert_cmpint (last->ceiling, ==, MUGAI_CEILING_PARTS);
  envelope->time_us++;
  g_autoptr (MugaiDecision) ended = mugai_policy_decide (policy, envelope, facts);
  g_assert_cmpint (ended->ceiling, ==, MUGAI_CEILING_TEXT);
  /* and the lowest ceiling of all recipients wins elsewhere: another client has none */
  envelope->time_us = NOON_2026_11_21_JST;
  set (&envelope->client, "198.51.100.1");
  g_autoptr (MugaiDecision) other = mugai_policy_decide (policy, envelope, facts);
  g_assert_cmpint (other->ceiling, ==, MUGAI_CEILING_TEXT);
}

static void test_exception_to_rule (void) {
  g_autoptr (MugaiPolicy) policy =
      altered ("exceptions: []\n",
               "exceptions:\n  - id: fax\n    rule: auto-forward\n    scope:\n      client: 10.0.0.1\n"
               "    reason: fax\n    approved_by: B\n    until: 2099-03-31\n");
  g_autoptr (MugaiFacts) facts = plain_facts ();
  g_autoptr (MugaiEnvelope) envelope = envelope_of (OUT, INSIDE, OUTSIDE);
  static const char *const evidence[] = { "auto-submitted", NULL };
  g_strfreev (envelope->forwarding);
  envelope->forwarding = g_strdupv ((char **) evidence);
  g_autoptr (MugaiDecision) decision = mugai_policy_decide (policy, envelope, facts);
  g_assert_cmpint (decision->action, ==, MUGAI_ACTION_DELIVER);
  g_assert_cmpstr (g_ptr_array_index (decision->exceptions, 0), ==, "fax");
  set (&envelope->client, "10.0.0.2");
  g_autoptr (MugaiDecision) held = mugai_policy_decide (policy, envelope, facts);
  assert_held (held, "auto-forward", INSIDE);
}

static void test_monitor (void) {
  g_autoptr (MugaiPolicy) policy = altered ("  - id: look-alike\n", "  - id: look-alike\n    monitor: true\n");
  g_autoptr (MugaiFacts) facts = plain_facts ();
  g_autoptr (MugaiEnvelope) envelope = envelope_of (OUT, INSIDE, "x@gmai.com");
  g_autoptr (MugaiDecision) decision = mugai_policy_decide (policy, envelope, facts);
  g_assert_cmpint (decision->action, ==, MUGAI_ACTION_DELIVER);
  g_assert_cmpstr (g_ptr_array_index (decision->would, 0), ==, "look-alike=hold");
}

/* An archive goes whole or not at all, and what is left untouched is then rebuilt. */
static void test_archive (void) {
  g_autoptr (MugaiPolicy) policy =
      altered ("  - id: infected-body\n", "  - id: no-exe\n    on: part\n    when:\n      part-name: \"*.exe\"\n"
                                          "    then: remove\n    ja: x\n    en: x\n  - id: infected-body\n");
  g_autoptr (MugaiFacts) facts = plain_facts ();
  add_part (facts, "3", "application/zip", MUGAI_ROLE_CONTAINER, MUGAI_SCAN_CLEAN);
  add_part (facts, "3/1", "text/plain", MUGAI_ROLE_MEMBER, MUGAI_SCAN_CLEAN);
  MugaiPart *bad = add_part (facts, "3/2", "application/x-executable-pe", MUGAI_ROLE_MEMBER, MUGAI_SCAN_CLEAN);
  static const char *const names[] = { "ＳＥＴＵＰ．ＥＸＥ", NULL };
  g_strfreev (bad->names);
  bad->names = g_strdupv ((char **) names);
  g_autoptr (MugaiEnvelope) envelope = envelope_of (INTERNAL, INSIDE, INSIDE);
  g_autoptr (MugaiDecision) decision = mugai_policy_decide (policy, envelope, facts);
  static const MugaiPartAction expected[] = { MUGAI_PART_REPLACE, MUGAI_PART_TEXT,   MUGAI_PART_KEEP,
                                              MUGAI_PART_REMOVE,  MUGAI_PART_REMOVE, MUGAI_PART_REMOVE };
  g_assert_true (decision->changed);
  for (guint i = 0; i < decision->parts->len; i++)
    g_assert_cmpint (said_of (decision, i)->action, ==, expected[i]);
}

/* A nested mail that a rule takes out takes what is attached to it along, however deep; a mail beside it keeps its own. */
static void test_nested_mail (void) {
  g_autoptr (MugaiPolicy) policy =
      altered ("  - id: infected-body\n",
               "  - id: no-big-mail\n    on: part\n    when:\n      part-type: message/rfc822\n"
               "      part-size: {over: 1KiB}\n    then: remove\n    ja: x\n    en: x\n"
               "  - id: infected-body\n");
  g_autoptr (MugaiFacts) facts = plain_facts ();
  add_part (facts, "3", "message/rfc822", MUGAI_ROLE_CONTAINER, MUGAI_SCAN_NOT_SCANNED)->size_bytes = 5000;
  add_part (facts, "3.1", "application/pdf", MUGAI_ROLE_ATTACHMENT, MUGAI_SCAN_CLEAN);
  add_part (facts, "3.2", "message/rfc822", MUGAI_ROLE_CONTAINER, MUGAI_SCAN_NOT_SCANNED);
  add_part (facts, "3.2.1", "application/zip", MUGAI_ROLE_CONTAINER, MUGAI_SCAN_CLEAN);
  add_part (facts, "3.2.1/1", "text/plain", MUGAI_ROLE_MEMBER, MUGAI_SCAN_CLEAN);
  add_part (facts, "4", "message/rfc822", MUGAI_ROLE_CONTAINER, MUGAI_SCAN_NOT_SCANNED);
  add_part (facts, "4.1", "application/pdf", MUGAI_ROLE_ATTACHMENT, MUGAI_SCAN_CLEAN);
  g_autoptr (MugaiEnvelope) envelope = envelope_of (INTERNAL, INSIDE, INSIDE);
  g_autoptr (MugaiDecision) decision = mugai_policy_decide (policy, envelope, facts);
  for (guint i = 0; i < decision->parts->len; i++) {
    gboolean below = g_str_has_prefix (part_at (facts, i)->path, "3");
    g_assert_cmpint (said_of (decision, i)->action == MUGAI_PART_KEEP, ==, !below && (i == 2 || i == 9));
    if (below && i != 5)
      g_assert_cmpstr (said_of (decision, i)->rule, ==, "no-big-mail");
  }
}

/* The same again and from the bundle: byte for byte. */
static void test_same (void) {
  g_autoptr (MugaiPolicy) policy = shipped ();
  g_autoptr (GBytes) bundle = mugai_policy_to_bytes (policy);
  g_autoptr (MugaiPolicy) other = mugai_policy_load_bytes (bundle, NULL);
  g_assert_nonnull (other);
  g_assert_cmpstr (mugai_policy_version (policy), ==, mugai_policy_version (other));
  g_autoptr (MugaiFacts) facts = plain_facts ();
  part_at (facts, 2)->scan = MUGAI_SCAN_INFECTED;
  facts->oddities = MUGAI_BIT (MUGAI_ODDITY_BAD_BASE64);
  g_autoptr (MugaiEnvelope) envelope = envelope_of (OUT, INSIDE, "x@gmai.com,u@city.example.lg.jp");
  g_autoptr (MugaiDecision) one = mugai_policy_decide (policy, envelope, facts);
  g_autoptr (MugaiDecision) two = mugai_policy_decide (other, envelope, facts);
  g_autoptr (MugaiJson) json_one = mugai_decision_to_json (one), json_two = mugai_decision_to_json (two);
  g_autofree char *line_one = mugai_json_line (json_one), *line_two = mugai_json_line (json_two);
  g_assert_cmpstr (line_one, ==, line_two);
  g_autoptr (MugaiJson) seen = mugai_policy_facts_to_json (envelope, facts);
  g_assert_cmpstr (json_string_value (json_object_get (seen, "direction")), ==, "outbound");
  g_assert_true (json_is_true (json_object_get (seen, "ambiguous")));
}

int main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/policy/decide/inbound", test_inbound);
  g_test_add_func ("/policy/decide/untouched", test_untouched);
  g_test_add_func ("/policy/decide/untouched-without-signatures", test_untouched_without_signatures);
  g_test_add_func ("/policy/decide/infected", test_infected);
  g_test_add_func ("/policy/decide/encrypted-and-unscannable", test_encrypted_and_unscannable);
  g_test_add_func ("/policy/decide/ambiguous", test_ambiguous);
  g_test_add_func ("/policy/decide/relay", test_relay);
  g_test_add_func ("/policy/decide/relay-built-in", test_relay_built_in);
  g_test_add_func ("/policy/decide/over-size", test_over_size);
  g_test_add_func ("/policy/decide/auto-forward", test_auto_forward);
  g_test_add_func ("/policy/decide/look-alike", test_look_alike);
  g_test_add_func ("/policy/decide/recipients-exposed", test_recipients_exposed);
  g_test_add_func ("/policy/decide/nobody-to-tell", test_held_refused_when_nobody_to_tell);
  g_test_add_func ("/policy/decide/strictest-recipient", test_strictest_recipient);
  g_test_add_func ("/policy/decide/failures", test_failures);
  g_test_add_func ("/policy/decide/exception", test_exception);
  g_test_add_func ("/policy/decide/exception-to-rule", test_exception_to_rule);
  g_test_add_func ("/policy/decide/monitor", test_monitor);
  g_test_add_func ("/policy/decide/archive", test_archive);
  g_test_add_func ("/policy/decide/nested-mail", test_nested_mail);
  g_test_add_func ("/policy/decide/same", test_same);
  return g_test_run ();
}
