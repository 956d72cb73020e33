/* SPDX-License-Identifier: GPL-2.0-only
 *
 * How long decide takes: 1,000 rules of several kinds, groups of 10,000 entries, a mail with five parts. Run by hand, never asserted:
 *
 *     policy-speed [ROUNDS]      prints the fastest, the median and the 99th percentile of one decision, in CPU time
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <glib/gstdio.h>

#include "mugai/policy.h"

#define RULES 1000
#define GROUP_ENTRIES 10000
#define GROUPS 10
#define PARTS 5

static void write_groups (GString *text) {
  g_string_append (text, "groups:\n");
  for (int i = 0; i < GROUPS; i++) {
    g_string_append_printf (text, "  group-%d:\n", i);
    for (int j = 0; j < GROUP_ENTRIES / (i < 2 ? 1 : 100); j++)
      g_string_append_printf (text,
                              j % 3 ? "    - user%d@partner%d-%d.example.jp\n" : "    - .partner%d-%d.example.jp\n", j,
                              j, i);
  }
}

static void write_rule (GString *text, int number) {
  static const char *const whens[] = { "{direction: outbound, recipient: group:group-0}",
                                       "{from: group:group-1}",
                                       "{direction: inbound, from: group:group-0, size: {over: 30MiB}}",
                                       "{subject: \"*invoice %d*\"}",
                                       "{direction: inbound, header: \"list-id: *news%d*\"}",
                                       "{client: 198.51.100.0/24, direction: inbound}",
                                       "{direction: inbound, oddities: [nul], attachments: {over: 3}}",
                                       "{part-type: \"application/x-%d\"}",
                                       "{part-name: \"*.x%d\", direction: inbound}",
                                       "{part-scan: infected, part-flags: [macro, script]}" };
  gboolean part = strstr (whens[number % 10], "part-") != NULL;
  g_string_append_printf (text, "  - id: rule-%d\n    on: %s\n    when: ", number, part ? "part" : "message");
  g_auto (GStrv) halves = g_strsplit (whens[number % 10], "%d", 2);
  g_string_append (text, halves[0]);
  if (halves[1])
    g_string_append_printf (text, "%d%s", number, halves[1]);
  g_string_append_printf (text, "\n    then: hold\n    ja: 規則\n    en: rule\n");
}

static MugaiPolicy *make_policy (void) {
  g_autoptr (GString) text = g_string_new (
      "policy: speed\norganisation:\n  name: City\n  domains: [city.example.lg.jp]\n  networks: [10.0.0.0/8]\n"
      "  notice_from: m@city.example.lg.jp\nceilings: {inbound: text, outbound: untouched, internal: untouched}\n"
      "limits:\n  inbound: {max_size: 20MiB}\n  outbound: {max_size: 10MiB}\n  internal: {max_size: 20MiB}\n");
  write_groups (text);
  g_string_append (text, "rules:\n");
  for (int i = 0; i < RULES; i++)
    write_rule (text, i);
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("mugai-speed-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "p.yaml", NULL);
  g_autoptr (GPtrArray) problems = NULL;
  if (!g_file_set_contents (path, text->str, (gssize) text->len, &error))
    g_error ("%s", error->message);
  gint64 start_us = g_get_monotonic_time ();
  MugaiPolicy *policy = mugai_policy_load (path, FALSE, &problems, &error);
  if (!policy)
    g_error ("%s: %s", error->message, problems->len ? ((MugaiPolicyProblem *) problems->pdata[0])->message : "");
  printf ("loaded %zu bytes in %.0f ms\n", text->len, (double) (g_get_monotonic_time () - start_us) / 1000);
  g_remove (path);
  g_rmdir (folder);
  return policy;
}

static void set (char **place, const char *text) {
  g_free (*place);
  *place = g_strdup (text);
}

static MugaiFacts *make_facts (void) {
  MugaiFacts *facts = mugai_facts_new ();
  set (&facts->subject, "見積書の送付について");
  facts->signatures_version = g_strdup ("1");
  for (int i = 0; i < PARTS; i++) {
    MugaiPart *part = mugai_part_new ();
    g_autofree char *path = g_strdup_printf ("%d", i + 1);
    set (&part->path, path);
    set (&part->declared, "application/pdf");
    set (&part->detected, "application/pdf");
    g_strfreev (part->names);
    part->names = g_strsplit ("見積書.pdf", "|", -1);
    part->role = i ? MUGAI_ROLE_ATTACHMENT : MUGAI_ROLE_BODY;
    part->scan = MUGAI_SCAN_CLEAN;
    g_ptr_array_add (facts->parts, part);
  }
  static const char *const names[] = { "list-id", "auto-submitted", "received", "delivered-to", "reply-to" };
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    MugaiHeaderFact *header = g_new0 (MugaiHeaderFact, 1);
    header->name = g_strdup (names[i]);
    header->value = g_strdup ("from mx.example.net by mx.city.example.lg.jp for kakari");
    g_ptr_array_add (facts->headers, header);
  }
  return facts;
}

/* Other work on the machine is not ours. */
static gint64 cpu_us (void) {
  struct timespec now;
  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &now);
  return (gint64) now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static gint compare (gconstpointer a, gconstpointer b) {
  gint64 one = *(const gint64 *) a, other = *(const gint64 *) b;
  return one < other ? -1 : one > other;
}

int main (int argc, char **argv) {
  int rounds = argc > 1 ? atoi (argv[1]) : 2000;
  g_autoptr (MugaiPolicy) policy = make_policy ();
  g_autoptr (MugaiFacts) facts = make_facts ();
  g_autoptr (MugaiEnvelope) envelope = mugai_envelope_new ();
  set (&envelope->client, "192.0.2.9");
  set (&envelope->from, "someone@sender.example.com");
  g_ptr_array_add (envelope->recipients, mugai_recipient_new ("kakari@city.example.lg.jp"));
  envelope->size_bytes = 100000;
  envelope->time_us = 1;
  g_autofree gint64 *took = g_new0 (gint64, rounds);
  for (int i = 0; i < rounds; i++) {
    gint64 start_us = cpu_us ();
    for (int j = 0; j < 10; j++) {
      g_autoptr (MugaiDecision) decision = mugai_policy_decide (policy, envelope, facts);
      if (decision->action != MUGAI_ACTION_DELIVER)
        g_error ("a rule matched");
    }
    took[i] = cpu_us () - start_us;
  }
  qsort (took, (size_t) rounds, sizeof *took, (int (*) (const void *, const void *)) compare);
  printf ("one decision: fastest %.1f µs, median %.1f µs, 99 %% below %.1f µs (%d rules, groups of %d, %d parts)\n",
          (double) took[0] / 10, (double) took[rounds / 2] / 10, (double) took[rounds * 99 / 100] / 10, RULES,
          GROUP_ENTRIES, PARTS);
  return 0;
}
