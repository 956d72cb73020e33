/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Nothing is left behind by a message: one scanner and thousands of messages, each inspected and rebuilt as a worker does it. Bytes in
 * use are compared between the end of the second pass over all mails (caches are full then) and the last message; what nobody points to any
 * more is LeakSanitizer's to report at the end, in a build that has it.
 *
 * usage: leaks SIGNATURES POLICY MESSAGES LEAK_BYTES MAIL...     LEAK_BYTES: lost on purpose with each message, to see that it is seen
 */
#include "mugai/base/base.h"
#include "mugai/base/fd.h"
#include "mugai/flow.h"
#include "mugai/sanitize.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PASSES_BEFORE 2u
#define MAX_GROWTH_BYTES 65536u /* over all messages: tables that rehash */

/* There where a sanitizer is. The one of leaks alone, loaded before, keeps no account: 0. */
extern size_t __sanitizer_get_current_allocated_bytes (void) __attribute__ ((weak));

static gsize bytes_in_use (void) {
  if (__sanitizer_get_current_allocated_bytes != NULL)
    return __sanitizer_get_current_allocated_bytes ();
  struct mallinfo2 info = mallinfo2 ();
  return info.uordblks + info.hblkhd;
}

static void die (const char *what, const GError *error) {
  g_printerr ("leaks: %s%s%s\n", what, error != NULL ? ": " : "", error != NULL ? error->message : "");
  exit (2);
}

static MugaiEnvelope *make_envelope (const MugaiOrganisation *organisation, gsize size_bytes) {
  MugaiEnvelope *envelope = mugai_envelope_new ();
  g_free (envelope->client);
  envelope->client = g_strdup ("203.0.113.5");
  g_free (envelope->from);
  envelope->from = g_strdup ("sender@example.com");
  g_ptr_array_add (envelope->recipients, mugai_recipient_new ("kakari@city.example.lg.jp"));
  envelope->size_bytes = size_bytes;
  envelope->time_us = g_get_real_time ();
  envelope->attempt = 1;
  mugai_flow_classify (organisation, envelope);
  return envelope;
}

static void sanitize (const MugaiPolicy *policy, MugaiScanner *scanner, const char *data, gsize length) {
  g_autoptr (GError) error = NULL;
  g_autofree char *id = mugai_id_new ();
  g_autoptr (MugaiEnvelope) envelope = make_envelope (mugai_policy_organisation (policy), length);
  g_autoptr (MugaiNoticeContext) context = mugai_notice_context_new (id, policy, envelope->time_us);
  g_auto (MugaiFd) fd = mugai_fd_new_memory ("message", &error);
  if (fd < 0 || !mugai_fd_write_all (fd, data, length, &error) || !mugai_fd_seal (fd, &error))
    die ("memory file", error);
  MugaiSteps *steps = mugai_sanitize_steps_here (scanner);
  g_autoptr (MugaiOutcome) outcome = NULL;
  if (!mugai_sanitize_run (steps, policy, envelope, fd, context, &outcome, &error))
    outcome = mugai_sanitize_failed (policy, envelope, MUGAI_FAILURE_FACTS_INVALID, error->message, context);
  mugai_sanitize_steps_here_free (steps);
}

static void sanitize_file (const MugaiPolicy *policy, MugaiScanner *scanner, const char *path) {
  g_autoptr (GError) error = NULL;
  g_autofree char *data = NULL;
  gsize length;
  if (!g_file_get_contents (path, &data, &length, &error))
    die (path, error);
  sanitize (policy, scanner, data, length);
}

int main (int argc, char **argv) {
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) problems = NULL;
  if (argc < 6)
    die ("usage: leaks SIGNATURES POLICY MESSAGES LEAK_BYTES MAIL...", NULL);
  g_autoptr (MugaiPolicy) policy = mugai_policy_load (argv[2], FALSE, &problems, &error);
  g_autoptr (MugaiScanner) scanner = policy != NULL ? mugai_scanner_new (argv[1], NULL, NULL, &error) : NULL;
  if (scanner == NULL)
    die ("start", error);
  guint messages = (guint) atoi (argv[3]), n_mails = (guint) argc - 5;
  gsize leak_bytes = (gsize) atoi (argv[4]), before = 0;
  for (guint i = 0; i < messages; i++) {
    if (i == PASSES_BEFORE * n_mails)
      before = bytes_in_use ();
    sanitize_file (policy, scanner, argv[5 + i % n_mails]);
    if (leak_bytes > 0) {
      char *volatile lost = malloc (leak_bytes);
      (void) lost;
    }
  }
  gssize growth = (gssize) (bytes_in_use () - before);
  printf ("%u messages of %u mails: %" G_GSSIZE_FORMAT " bytes more in use than after %u passes\n", messages, n_mails,
          growth, PASSES_BEFORE);
  return growth > (gssize) MAX_GROWTH_BYTES ? 1 : 0;
}
