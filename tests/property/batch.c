/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Many messages through the three steps in one process, for tests that judge by effect and need 100,000 of them: the same way as
 * `mugai sanitize` without signatures, but unsandboxed. It judges nothing itself; the model is the caller's.
 *
 * usage: batch POLICY     standard input: messages, each behind its length (4 octets, big-endian); standard output: for each
 * one its record as JSON and then the mail that would be delivered (empty: none), each behind its length. Ends at end of input.
 */
#include "mugai/audit.h"
#include "mugai/base/base.h"
#include "mugai/base/fd.h"
#include "mugai/flow.h"
#include "mugai/sanitize.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_MESSAGE_BYTES (64u * 1024 * 1024)

static void die (const char *what, const GError *error) {
  g_printerr ("batch: %s%s%s\n", what, error != NULL ? ": " : "", error != NULL ? error->message : "");
  exit (2);
}

/* NULL at the end of input. */
static GBytes *read_message (void) {
  guint8 head[4];
  if (fread (head, 1, sizeof head, stdin) != sizeof head)
    return NULL;
  gsize length = (gsize) head[0] << 24 | (gsize) head[1] << 16 | (gsize) head[2] << 8 | head[3];
  if (length > MAX_MESSAGE_BYTES)
    die ("message too long", NULL);
  guint8 *data = g_malloc (MAX (length, 1));
  if (fread (data, 1, length, stdin) != length)
    die ("input cut off", NULL);
  return g_bytes_new_take (data, length);
}

static void write_block (const void *data, gsize length) {
  const guint8 head[4] = { (guint8) (length >> 24), (guint8) (length >> 16), (guint8) (length >> 8), (guint8) length };
  if (fwrite (head, 1, sizeof head, stdout) != sizeof head || fwrite (data, 1, length, stdout) != length)
    die ("output", NULL);
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

static void write_outcome (const MugaiPolicy *policy, const MugaiEnvelope *envelope, const MugaiOutcome *outcome,
                           const char *id) {
  const MugaiRecordInput input = { .id = id,
                                   .envelope = envelope,
                                   .facts = outcome->facts,
                                   .decision = outcome->decision,
                                   .policy_name = mugai_policy_name (policy),
                                   .policy_version = mugai_policy_version (policy),
                                   .failure = outcome->failure,
                                   .out_sha256 = outcome->out_sha256,
                                   .out_size_bytes = outcome->mail != NULL ? g_bytes_get_size (outcome->mail) : 0 };
  g_autoptr (MugaiJson) record = mugai_audit_record (&input);
  g_autofree char *line = mugai_json_line (record);
  gsize length = 0;
  const void *mail = outcome->mail != NULL ? g_bytes_get_data (outcome->mail, &length) : "";
  write_block (line, strlen (line));
  write_block (mail, length);
  fflush (stdout);
}

static void sanitize (const MugaiPolicy *policy, MugaiScanner *scanner, GBytes *message) {
  g_autoptr (GError) error = NULL;
  const MugaiOrganisation *organisation = mugai_policy_organisation (policy);
  g_autofree char *id = mugai_id_new ();
  g_autoptr (MugaiEnvelope) envelope = make_envelope (organisation, g_bytes_get_size (message));
  g_autoptr (MugaiNoticeContext) context = mugai_notice_context_new (id, policy, envelope->time_us);
  g_auto (MugaiFd) fd = mugai_fd_new_memory ("message", &error);
  if (fd < 0 || !mugai_fd_write_all (fd, g_bytes_get_data (message, NULL), g_bytes_get_size (message), &error)
      || !mugai_fd_seal (fd, &error))
    die ("memory file", error);
  MugaiSteps *steps = mugai_sanitize_steps_here (scanner);
  g_autoptr (MugaiOutcome) outcome = NULL;
  if (!mugai_sanitize_run (steps, policy, envelope, fd, context, &outcome, &error))
    outcome = mugai_sanitize_failed (policy, envelope, MUGAI_FAILURE_FACTS_INVALID, error->message, context);
  write_outcome (policy, envelope, outcome, id);
  mugai_sanitize_steps_here_free (steps);
}

int main (int argc, char **argv) {
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) problems = NULL;
  g_autoptr (MugaiPolicy) policy = argc == 2 ? mugai_policy_load (argv[1], FALSE, &problems, &error) : NULL;
  if (policy == NULL)
    die ("usage: batch POLICY", error);
  g_autoptr (MugaiScanner) scanner = mugai_scanner_new (NULL, NULL, NULL, &error);
  if (scanner == NULL)
    die ("scanner", error);
  for (;;) {
    g_autoptr (GBytes) message = read_message ();
    if (message == NULL)
      return 0;
    sanitize (policy, scanner, message);
  }
}
