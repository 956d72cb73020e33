/* SPDX-License-Identifier: GPL-2.0-only
 *
 * What holds for every policy and every mail, tried with random ones: an exception changes nothing outside its scope; a policy that check
 * has no word against delivers no infected part, whichever rules are taken out; facts written to a record and read back are
 * decided as before; a decision is the same in another copy of the policy; and no short cut through a thousand rules misses one.
 */
#include "mugai/policy/tools.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "policy-path.h"

#define MAILS 400
#define REPLAYED 10000

/* ---- random mails ---- */

static void set (char **place, const char *text) {
  g_free (*place);
  *place = g_strdup (text);
}

static const char *pick (GRand *random, const char *const *texts, int n) {
  return texts[g_rand_int_range (random, 0, n)];
}
#define PICK(random, texts) pick (random, texts, G_N_ELEMENTS (texts))

static MugaiEnvelope *random_envelope (GRand *random) {
  static const char *const clients[] = { "192.0.2.25", "203.0.113.9", "10.1.2.3", "2001:db8::1" };
  static const char *const senders[] = { "",
                                         "a@vendor.example.co.jp",
                                         "b@example.com",
                                         "kakari@city.example.lg.jp",
                                         "itaku-1@city.example.lg.jp",
                                         "x@gikai.city.example.lg.jp" };
  static const char *const recipients[] = { "kakari@city.example.lg.jp", "giin@gikai.city.example.lg.jp", "a@gmail.com",
                                            "c@gmai.com", "d@example.org" };
  MugaiEnvelope *envelope = mugai_envelope_new ();
  envelope->direction = (MugaiDirection) g_rand_int_range (random, 0, MUGAI_N_DIRECTIONS);
  set (&envelope->client, PICK (random, clients));
  set (&envelope->from, PICK (random, senders));
  envelope->client_inside = strcmp (envelope->client, "10.1.2.3") == 0;
  envelope->from_inside = strstr (envelope->from, "city.example.lg.jp") != NULL;
  for (int i = g_rand_int_range (random, 1, 4); i > 0; i--) {
    MugaiRecipient *recipient = mugai_recipient_new (PICK (random, recipients));
    recipient->direction = envelope->direction;
    recipient->inside = strstr (recipient->address, "city.example.lg.jp") != NULL;
    g_ptr_array_add (envelope->recipients, recipient);
  }
  envelope->size_bytes = (guint64) g_rand_int_range (random, 0, 32 * 1024 * 1024);
  envelope->time_us = G_GINT64_CONSTANT (1790000000) * G_USEC_PER_SEC + g_rand_int (random);
  envelope->attempt = 1;
  envelope->signatures_age_s = g_rand_int_range (random, -1, 100000);
  return envelope;
}

static MugaiPart *random_part (GRand *random, int number) {
  static const char *const types[] = { "text/plain",      "text/html",     "application/pdf",
                                       "application/zip", "text/calendar", "application/x-executable-pe" };
  static const char *const names[] = { "見積.pdf", "a.txt", "b.exe", "図面.zip" };
  static const MugaiRole roles[] = { MUGAI_ROLE_BODY, MUGAI_ROLE_ATTACHMENT, MUGAI_ROLE_RELATED, MUGAI_ROLE_ALTERNATE };
  MugaiPart *part = mugai_part_new ();
  g_autofree char *path = g_strdup_printf ("%d", number);
  set (&part->path, path);
  set (&part->detected, PICK (random, types));
  set (&part->declared, g_rand_boolean (random) ? part->detected : "application/octet-stream");
  set (&part->sha256, "0000000000000000000000000000000000000000000000000000000000000000");
  g_strfreev (part->names);
  part->names = g_strsplit (PICK (random, names), "|", -1);
  part->size_bytes = (guint64) g_rand_int_range (random, 0, 4 * 1024 * 1024);
  part->role = roles[g_rand_int_range (random, 0, G_N_ELEMENTS (roles))];
  part->scan = (MugaiScan) g_rand_int_range (random, 0, MUGAI_N_SCANS);
  /* one in four locked: what a policy may well keep */
  part->flags = g_rand_boolean (random) ? 0 : MUGAI_BIT (g_rand_int_range (random, 0, MUGAI_N_FLAGS));
  if (g_rand_int_range (random, 0, 4) == 0)
    part->flags |= MUGAI_BIT (MUGAI_FLAG_ENCRYPTED);
  return part;
}

static MugaiFacts *random_facts (GRand *random) {
  static const char *const subjects[] = { "hello", "議案（案）第3号", "見積書の送付" };
  MugaiFacts *facts = mugai_facts_new ();
  set (&facts->subject, PICK (random, subjects));
  set (&facts->from_address, "b@example.com");
  facts->oddities = g_rand_int_range (random, 0, 4) ? 0 : MUGAI_BIT (g_rand_int_range (random, 0, MUGAI_N_ODDITIES));
  if (g_rand_boolean (random))
    facts->signatures_version = g_strdup ("1");
  for (int i = g_rand_int_range (random, 0, 6); i > 0; i--)
    g_ptr_array_add (facts->parts, random_part (random, 7 - i));
  return facts;
}

/* ---- policies ---- */

static MugaiPolicy *load_text (const char *text, GPtrArray **ret_problems) {
  g_autofree char *relative = policy_path ("");
  g_autofree char *source = g_canonicalize_filename (relative, NULL);
  g_autofree char *folder = g_dir_make_tmp ("mugai-policy-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "p.yaml", NULL),
                  *groups = g_build_filename (folder, "groups", NULL);
  g_autofree char *notices = g_build_filename (folder, "notices", NULL);
  g_autofree char *old_groups = g_build_filename (source, "groups", NULL);
  g_autofree char *old_notices = g_build_filename (source, "notices", NULL);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_assert_cmpint (symlink (old_groups, groups), ==, 0);
  g_assert_cmpint (symlink (old_notices, notices), ==, 0);
  MugaiPolicy *policy = mugai_policy_load (path, FALSE, ret_problems, NULL);
  g_remove (groups);
  g_remove (notices);
  g_remove (path);
  g_rmdir (folder);
  return policy;
}

static char *shipped_text (const char *name) {
  g_autofree char *path = policy_path (name);
  char *text = NULL;
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return text;
}

static char *decision_text (const MugaiPolicy *policy, const MugaiEnvelope *envelope, const MugaiFacts *facts) {
  g_autoptr (MugaiDecision) decision = mugai_policy_decide (policy, envelope, facts);
  g_autoptr (MugaiJson) json = mugai_decision_to_json (decision);
  return mugai_json_line (json);
}

/* ---- an exception changes nothing outside its scope ---- */

static void test_exception_scope (void) {
  static const char *const rules[] = { "ceiling\n    to: parts\n    parts: {part-type: application/pdf}",
                                       "infected",
                                       "look-alike",
                                       "over-size",
                                       "relay",
                                       "ambiguous" };
  g_autofree char *text = shipped_text ("default.yaml");
  g_autoptr (MugaiPolicy) plain = load_text (text, NULL);
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  guint changed = 0;
  g_assert_nonnull (plain);
  for (gsize i = 0; i < G_N_ELEMENTS (rules); i++) {
    const char *place = strstr (text, "\nexceptions: []");
    g_assert_nonnull (place);
    g_autofree char *before = g_strndup (text, (gsize) (place - text));
    g_autofree char *with =
        g_strdup_printf ("%s\nexceptions:\n  - id: tried\n    rule: %s\n    scope: {client: 192.0.2.25}\n"
                         "    reason: x\n    approved_by: y\n    until: 2099-01-01\n%s",
                         before, rules[i], place + strlen ("\nexceptions: []"));
    g_autoptr (MugaiPolicy) excepted = load_text (with, NULL);
    g_assert_nonnull (excepted);
    for (guint n = 0; n < MAILS; n++) {
      g_autoptr (MugaiEnvelope) envelope = random_envelope (random);
      g_autoptr (MugaiFacts) facts = random_facts (random);
      g_autofree char *one = decision_text (plain, envelope, facts), *other = decision_text (excepted, envelope, facts);
      if (strcmp (envelope->client, "192.0.2.25") != 0)
        g_assert_cmpstr (one, ==, other);
      else
        changed += strcmp (one, other) != 0;
    }
  }
  g_assert_cmpuint (changed, >, 10); /* inside the scope it does something */
}

/* ---- no infected part without a warning ---- */

/* @text without the rules whose bit is set in @gone, and, with @infected_too, without those about infected parts. */
static char *without_rules (const char *text, guint gone, gboolean infected_too) {
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autoptr (GString) left = g_string_new (NULL);
  gboolean in_rules = FALSE, skip = FALSE;
  guint number = 0;
  for (char **line = lines; *line; line++) {
    if (**line && **line != ' ' && **line != '#')
      in_rules = skip = FALSE;
    if (strcmp (*line, "rules:") == 0)
      in_rules = TRUE;
    if (in_rules && g_str_has_prefix (*line, "  - id:"))
      skip = (gone & (1u << number++)) != 0 || (infected_too && strstr (*line, "infected") != NULL);
    if (!skip)
      g_string_append_printf (left, "%s\n", *line);
  }
  return g_string_free (g_steal_pointer (&left), FALSE);
}

static gboolean delivers_infected (const MugaiPolicy *policy, GRand *random) {
  for (guint n = 0; n < MAILS; n++) {
    g_autoptr (MugaiEnvelope) envelope = random_envelope (random);
    g_autoptr (MugaiFacts) facts = random_facts (random);
    g_autoptr (MugaiDecision) decision = mugai_policy_decide (policy, envelope, facts);
    for (guint i = 0; decision->action == MUGAI_ACTION_DELIVER && i < facts->parts->len; i++) {
      const MugaiPart *part = g_ptr_array_index (facts->parts, i);
      const MugaiPartDecision *one = g_ptr_array_index (decision->parts, i);
      if (part->scan == MUGAI_SCAN_INFECTED && (one->action == MUGAI_PART_KEEP || one->action == MUGAI_PART_TEXT))
        return TRUE;
    }
  }
  return FALSE;
}

static void test_removed_rules (void) {
  static const char *const names[] = { "default.yaml", "minimal.yaml" };
  g_autoptr (GRand) random = g_rand_new_with_seed (2);
  guint delivered = 0;
  for (guint tried = 0; tried < 60; tried++) {
    g_autofree char *text = shipped_text (names[tried % G_N_ELEMENTS (names)]);
    g_autofree char *left = without_rules (text, tried < 8 ? 0 : g_rand_int (random), tried < 8);
    g_autoptr (GPtrArray) problems = NULL;
    g_autoptr (MugaiPolicy) policy = load_text (left, &problems);
    g_autoptr (GRand) mails = g_rand_new_with_seed (tried);
    if (!policy) /* no rule is left: that is a mistake of its own */
      continue;
    gboolean warned = FALSE;
    for (guint i = 0; i < problems->len; i++)
      warned |= strstr (((MugaiPolicyProblem *) g_ptr_array_index (problems, i))->message, "infected") != NULL;
    gboolean delivers = delivers_infected (policy, mails);
    delivered += delivers;
    g_assert_true (warned || !delivers);
  }
  g_assert_cmpuint (delivered, >, 0); /* the danger is real: encrypted-by-us alone keeps what is infected too */
}

/* ---- replay ---- */

static json_t *record_of (const MugaiEnvelope *envelope, const MugaiFacts *facts, const MugaiDecision *decision) {
  json_t *parts = json_array ();
  for (guint i = 0; i < decision->parts->len; i++)
    json_array_append_new (parts,
                           json_pack ("{s:s}", "action",
                                      mugai_part_action_name (
                                          ((MugaiPartDecision *) g_ptr_array_index (decision->parts, i))->action)));
  return json_pack ("{s:s, s:s, s:s, s:b, s:[{s:s}], s:o, s:o}", "id", "x", "action",
                    mugai_action_name (decision->action), "ceiling", mugai_ceiling_name (decision->ceiling), "changed",
                    decision->changed, "reasons", "rule",
                    ((MugaiReason *) g_ptr_array_index (decision->reasons, 0))->rule, "parts", parts, "facts",
                    mugai_policy_facts_to_json (envelope, facts));
}

static void test_replay (void) {
  static const char *const names[] = { "default.yaml", "beta.yaml", "gikai.yaml", "alpha-prime.yaml" };
  g_autoptr (GRand) random = g_rand_new_with_seed (3);
  for (gsize p = 0; p < G_N_ELEMENTS (names); p++) {
    g_autofree char *path = policy_path (names[p]);
    g_autoptr (MugaiPolicy) policy = mugai_policy_load (path, FALSE, NULL, NULL);
    g_assert_nonnull (policy);
    for (guint n = 0; n < REPLAYED / G_N_ELEMENTS (names); n++) {
      g_autoptr (MugaiEnvelope) envelope = random_envelope (random), same = NULL;
      g_autoptr (MugaiFacts) facts = random_facts (random), same_facts = NULL;
      g_autoptr (MugaiDecision) decision = mugai_policy_decide (policy, envelope, facts);
      g_autoptr (MugaiJson) record = record_of (envelope, facts, decision);
      json_t *difference = NULL;
      g_assert_true (mugai_policy_would_differ (policy, record, &difference, NULL));
      g_assert_null (difference);
      g_assert_true (
          mugai_policy_facts_from_json (policy, json_object_get (record, "facts"), FALSE, &same, &same_facts, NULL));
      g_autofree char *one = decision_text (policy, envelope, facts), *other = decision_text (policy, same, same_facts);
      g_assert_cmpstr (one, ==, other);
    }
  }
}

static void test_copies (void) {
  g_autofree char *path = policy_path ("gikai.yaml");
  g_autoptr (MugaiPolicy) policy = mugai_policy_load (path, FALSE, NULL, NULL);
  g_autoptr (GBytes) bundle = mugai_policy_to_bytes (policy);
  g_autoptr (MugaiPolicy) copy = mugai_policy_load_bytes (bundle, NULL);
  g_autoptr (GRand) random = g_rand_new_with_seed (4);
  g_assert_cmpstr (mugai_policy_version (policy), ==, mugai_policy_version (copy));
  for (guint n = 0; n < MAILS; n++) {
    g_autoptr (MugaiEnvelope) envelope = random_envelope (random);
    g_autoptr (MugaiFacts) facts = random_facts (random);
    g_autofree char *one = decision_text (policy, envelope, facts), *other = decision_text (copy, envelope, facts);
    g_assert_cmpstr (one, ==, other);
  }
}

/* ---- the sieve ---- */

/* Conditions over what random_envelope () and random_facts () make, in every way of writing that a sieve knows. */
static const char *const asked[] = {
  "{from: a@vendor.example.co.jp}",
  "{from: .example.lg.jp}",
  "{from: \"*itaku*\"}",
  "{from: [example.com, \"x@*\"]}",
  "{from: group:ours}",
  "{recipient: gmail.com}",
  "{recipient: \"*@gma?.com\"}",
  "{recipient: [group:ours, \"ｄ@Example.ORG\"]}",
  "{client: [192.0.2.0/24, \"2001:db8::/32\"]}",
  "{client: 10.0.0.0/8, from: \"*\"}",
  "{subject: \"*第?号\"}",
  "{subject: [hello, \"*見積*\"]}",
  "{any: [{subject: \"*送付\"}, {client: 203.0.113.9}]}",
  "{any: [{subject: hello}, {direction: inbound}]}",
  "{all: [{any: [{from: example.com}, {recipient: \"c@*\"}]}, {not: {subject: hello}}]}",
  "{from-header: example.com, attachments: {over: 1}}",
  "{part-type: application/pdf}",
  "{part-type: \"*/x-*\", part-flags: [encrypted, macro]}",
  "{part-name: \"*.ＥＸＥ\"}",
  "{part-name: [\"図面*\", \"a.*\"], from: group:ours}",
  "{any: [{part-name: \"*見*\"}, {part-declared: text/html}, {recipient: example.org}]}",
};

/* The same policy twice: as it is, and with each condition under two nots, which no sieve looks through. */
static MugaiPolicy *asking_policy (GRand *random, gboolean under_nots) {
  g_autoptr (GString) text = g_string_new (
      "policy: asking\norganisation:\n  name: City\n  domains: [city.example.lg.jp, gikai.city.example.lg.jp]\n"
      "  networks: [10.0.0.0/8]\n  notice_from: m@city.example.lg.jp\n"
      "ceilings: {inbound: parts, outbound: untouched, internal: untouched}\n"
      "limits:\n  inbound: {max_size: 20MiB}\n  outbound: {max_size: 10MiB}\n  internal: {max_size: 20MiB}\n"
      "groups:\n  ours: [kakari@city.example.lg.jp, .gikai.city.example.lg.jp, \"x@*\"]\nrules:\n");
  for (int i = 0; i < 100; i++) {
    static const char *const message_verbs[] = { "hold", "refuse", "tempfail", "deliver" };
    static const char *const part_verbs[] = { "keep", "remove", "text", "hold" };
    const char *when = PICK (random, asked);
    gboolean part = strstr (when, "part-") != NULL;
    const char *verb = part ? PICK (random, part_verbs) : PICK (random, message_verbs);
    gboolean monitor = g_rand_boolean (random) && strcmp (verb, "keep") != 0 && strcmp (verb, "deliver") != 0;
    g_string_append_printf (text, "  - {id: r%d, on: %s, when: %s%s%s, then: %s, monitor: %s, ja: x, en: x}\n", i,
                            part ? "part" : "message", under_nots ? "{not: {not: " : "", when, under_nots ? "}}" : "",
                            verb, monitor ? "true" : "false");
  }
  g_autoptr (GPtrArray) problems = NULL;
  MugaiPolicy *policy = load_text (text->str, &problems);
  for (guint i = 0; !policy && i < problems->len; i++) {
    g_autofree char *problem = mugai_policy_problem_format (g_ptr_array_index (problems, i));
    g_test_message ("%s", problem);
  }
  g_assert_nonnull (policy);
  return policy;
}

/* What was decided and by which rules, without the words on what was seen. */
static char *outcome (const MugaiPolicy *policy, const MugaiEnvelope *envelope, const MugaiFacts *facts) {
  g_autoptr (MugaiDecision) decision = mugai_policy_decide (policy, envelope, facts);
  g_autoptr (GString) text = g_string_new (mugai_action_name (decision->action));
  for (guint i = 0; i < decision->reasons->len; i++)
    g_string_append_printf (text, " %s", ((MugaiReason *) g_ptr_array_index (decision->reasons, i))->rule);
  for (guint i = 0; i < decision->would->len; i++)
    g_string_append_printf (text, " would %s", (char *) g_ptr_array_index (decision->would, i));
  for (guint i = 0; i < decision->parts->len; i++) {
    const MugaiPartDecision *one = g_ptr_array_index (decision->parts, i);
    g_string_append_printf (text, " %s:%s", mugai_part_action_name (one->action), one->rule);
  }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void test_sieve (void) {
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint32 seed = 0; seed < 8; seed++) {
    g_autoptr (GRand) one_way = g_rand_new_with_seed (seed), other_way = g_rand_new_with_seed (seed);
    g_autoptr (GRand) mails = g_rand_new_with_seed (seed);
    g_autoptr (MugaiPolicy) plain = asking_policy (one_way, FALSE), slow = asking_policy (other_way, TRUE);
    for (guint n = 0; n < MAILS; n++) {
      g_autoptr (MugaiEnvelope) envelope = random_envelope (mails);
      g_autoptr (MugaiFacts) facts = random_facts (mails);
      g_autofree char *one = outcome (plain, envelope, facts), *other = outcome (slow, envelope, facts);
      g_assert_cmpstr (one, ==, other);
      g_hash_table_add (seen, g_steal_pointer (&one));
    }
  }
  g_assert_cmpuint (g_hash_table_size (seen), >, 500); /* the rules do decide, in many ways */
}

/* ---- another process ---- */

#define PRINT "--print-decisions"

static char *all_decisions (void) {
  static const char *const names[] = { "default.yaml", "gikai.yaml", "alpha-files.yaml" };
  g_autoptr (GString) text = g_string_new (NULL);
  for (gsize p = 0; p < G_N_ELEMENTS (names); p++) {
    g_autofree char *path = policy_path (names[p]);
    g_autoptr (MugaiPolicy) policy = mugai_policy_load (path, FALSE, NULL, NULL);
    g_autoptr (GRand) random = g_rand_new_with_seed (5);
    g_assert_nonnull (policy);
    for (guint n = 0; n < MAILS; n++) {
      g_autoptr (MugaiEnvelope) envelope = random_envelope (random);
      g_autoptr (MugaiFacts) facts = random_facts (random);
      g_autofree char *one = decision_text (policy, envelope, facts);
      g_string_append_printf (text, "%s\n", one);
    }
  }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* Locale, time zone and environment are the other process's own; its decisions are ours. */
static void test_processes (void) {
  static const char *const others[][4] = {
    { "LC_ALL=ja_JP.UTF-8", "TZ=Asia/Tokyo", "LANGUAGE=ja", NULL },
    { "LC_ALL=tr_TR.UTF-8", "TZ=America/St_Johns", "HOME=/nowhere", NULL },
    { "LC_ALL=C", "TZ=UTC+11", "CHARSET=EUC-JP", NULL },
  };
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL), *ours = all_decisions ();
  char *arguments[] = { program, (char *) PRINT, NULL };
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++) {
    g_auto (GStrv) environment = g_get_environ ();
    g_autofree char *theirs = NULL;
    int status = -1;
    for (const char *const *one = others[i]; *one; one++) {
      g_auto (GStrv) halves = g_strsplit (*one, "=", 2);
      environment = g_environ_setenv (environment, halves[0], halves[1], TRUE);
    }
    g_assert_true (
        g_spawn_sync (NULL, arguments, environment, G_SPAWN_DEFAULT, NULL, NULL, &theirs, NULL, &status, NULL));
    g_assert_cmpint (status, ==, 0);
    g_assert_cmpstr (theirs, ==, ours);
  }
}

int main (int argc, char **argv) {
  if (argc == 2 && strcmp (argv[1], PRINT) == 0) {
    (void) setlocale (LC_ALL, "");
    tzset ();
    g_autofree char *text = all_decisions ();
    fputs (text, stdout);
    return 0;
  }
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/policy/properties/exception-scope", test_exception_scope);
  g_test_add_func ("/policy/properties/removed-rules", test_removed_rules);
  g_test_add_func ("/policy/properties/replay", test_replay);
  g_test_add_func ("/policy/properties/copies", test_copies);
  g_test_add_func ("/policy/properties/sieve", test_sieve);
  g_test_add_func ("/policy/properties/processes", test_processes);
  return g_test_run ();
}
