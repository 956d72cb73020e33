/* SPDX-License-Identifier: GPL-2.0-only
 *
 * `mugai sanitize`: one message through the three steps, in a sandboxed child; nothing is stored. The exit status says
 * what would become of it: 0 delivered, 20 refused, 21 held, 75 temporary failure (design.md 6).
 */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "mugai/audit.h"
#include "mugai/base/base.h"
#include "mugai/base/fd.h"
#include "mugai/worker.h"

#include "envelope.h"
#include "offline.h"
#include "words.h"

#define EXIT_REFUSED 20
#define EXIT_HELD 21
#define MAX_MESSAGE_BYTES (200u * 1024 * 1024) /* read at all; the policy's own limits are lower */
#define DEADLINE_MS 30000                      /* attacks.md: every message decided within 30 s, per worker */

typedef struct {
  char *policy, *signatures, *record;
  MugaiCliEnvelope envelope;
  char **files;
} Options;

static void options_clear (Options *options) {
  g_free (options->policy);
  g_free (options->signatures);
  mugai_cli_envelope_clear (&options->envelope);
  g_free (options->record);
  g_strfreev (options->files);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static gboolean parse_options (Options *options, int argc, char **argv, GError **error) {
  const GOptionEntry own[] = {
    { "policy", 0, 0, G_OPTION_ARG_FILENAME, &options->policy,
      MUGAI_CLI_WORDS ("ポリシー（既定は付属のもの）", "policy file (default: the shipped one)"), "FILE" },
    { "signatures", 0, 0, G_OPTION_ARG_FILENAME, &options->signatures,
      MUGAI_CLI_WORDS ("ClamAVのウイルス定義（なければ、ウイルス検査はしません）",
                       "ClamAV signatures; without it nothing is scanned"),
      "DIR" },
    { "record", 0, 0, G_OPTION_ARG_FILENAME, &options->record,
      MUGAI_CLI_WORDS ("判断の記録を書くファイル", "write the record of the decision there"), "FILE" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->files, NULL, "[MESSAGE|-]" },
  };
  const char *words = MUGAI_CLI_WORDS (
      "メール一通（RFC 5322）を無害化し、新しいメールを標準出力に書きます。\n"
      "終了コード: 0 届ける、20 断る、21 止める（通知を書きます）、75 待ってもらう、\n"
      "64 使い方の誤り、73 記録を書けない、78 ポリシーか設定の誤り。",
      "Sanitises one message (RFC 5322) and writes the new one to standard output.\n"
      "Exit: 0 would be delivered, 20 refused, 21 held (the notice is written), 75 temporary failure,\n"
      "64 usage, 73 the record cannot be written, 78 policy or configuration error.");
  g_autoptr (GArray) entries = g_array_new (TRUE, TRUE, sizeof (GOptionEntry));
  g_array_append_vals (entries, own, G_N_ELEMENTS (own));
  mugai_cli_envelope_add_options (&options->envelope, entries);
  if (!mugai_cli_parse ("mugai sanitize", "[MESSAGE|-]", words, (const GOptionEntry *) (void *) entries->data, &argc,
                        &argv, error))
    return FALSE;
  if (options->files != NULL && g_strv_length (options->files) > 1) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "one message at a time");
    return FALSE;
  }
  return mugai_cli_envelope_check (&options->envelope, error);
}

/* ---- the way of the message ---- */

static MugaiOutcome *sanitize (const MugaiPolicy *policy, MugaiScanner *scanner, MugaiEnvelope *envelope,
                               int message_fd, const MugaiNoticeContext *context) {
  g_autoptr (GError) error = NULL;
  for (envelope->attempt = 1; envelope->attempt <= 2; envelope->attempt++) {
    MugaiOutcome *outcome = NULL;
    char *scratch = NULL;
    g_clear_error (&error);
    MugaiWorker *worker = mugai_offline_worker (scanner, &scratch, &error);
    if (worker == NULL)
      outcome = mugai_sanitize_failed (policy, envelope, MUGAI_FAILURE_NO_WORKER, error->message, context);
    else if (!mugai_sanitize_run (mugai_worker_steps (worker,
                                                      g_get_monotonic_time () + DEADLINE_MS * G_TIME_SPAN_MILLISECOND),
                                  policy, envelope, message_fd, context, &outcome, &error))
      outcome = NULL; /* it died or was late: once more */
    mugai_worker_close (worker);
    mugai_scratch_free (scratch);
    if (outcome != NULL)
      return outcome;
  }
  envelope->attempt = 2;
  return mugai_sanitize_failed (policy, envelope, MUGAI_FAILURE_WORKER_DIED_TWICE, error->message, context);
}

static json_t *make_record (const MugaiPolicy *policy, const MugaiEnvelope *envelope, const MugaiOutcome *outcome,
                            const char *id) {
  g_autoptr (MugaiJson) facts = mugai_policy_facts_to_json (envelope, outcome->facts);
  const MugaiRecordInput input = {
    .id = id,
    .envelope = envelope,
    .facts = outcome->facts,
    .decision = outcome->decision,
    .vocabulary_facts = facts,
    .policy_name = mugai_policy_name (policy),
    .policy_version = mugai_policy_version (policy),
    .failure = outcome->failure,
    .took_wait = outcome->took.wait,
    .took_spool = outcome->took.spool,
    .took_inspect = outcome->took.inspect,
    .took_decide = outcome->took.decide,
    .took_rebuild = outcome->took.rebuild,
    .took_keep = outcome->took.keep,
    .out_sha256 = outcome->out_sha256,
    .out_size_bytes = outcome->mail != NULL ? g_bytes_get_size (outcome->mail) : 0,
  };
  return mugai_audit_record (&input);
}

static gboolean write_record (const char *path, json_t *record, GError **error) {
  g_autofree char *line = mugai_json_line (record);
  g_autofree char *text = g_strconcat (line, "\n", NULL);
  g_auto (MugaiFd) fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) {
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), "%s: %s", path, g_strerror (errno));
    return FALSE;
  }
  return mugai_fd_write_all (fd, text, strlen (text), error);
}

static int write_result (const MugaiOutcome *outcome, GBytes *original) {
  g_autoptr (GError) error = NULL;
  MugaiAction action = outcome->decision->action;
  g_autoptr (GBytes) hidden = outcome->decision->hide_recipients ? mugai_hide_recipients (original) : NULL;
  GBytes *mail = outcome->mail;
  if (mail == NULL && action == MUGAI_ACTION_DELIVER)
    mail = hidden != NULL ? hidden : original;
  if (mail != NULL && (action == MUGAI_ACTION_DELIVER || action == MUGAI_ACTION_HOLD)
      && !mugai_fd_write_all (STDOUT_FILENO, g_bytes_get_data (mail, NULL), g_bytes_get_size (mail), &error)) {
    g_printerr ("mugai sanitize: standard output: %s\n", error->message);
    return EX_IOERR;
  }
  if (outcome->decision->reply != NULL)
    g_printerr ("%s\n", outcome->decision->reply);
  switch (action) {
  case MUGAI_ACTION_DELIVER:
    return EX_OK;
  case MUGAI_ACTION_HOLD:
    return EXIT_HELD;
  case MUGAI_ACTION_REFUSE:
    return EXIT_REFUSED;
  default:
    return EX_TEMPFAIL;
  }
}

static int run (const Options *options, const MugaiPolicy *policy, MugaiScanner *scanner, GBytes *message) {
  g_autoptr (GError) error = NULL;
  g_autofree char *id = mugai_id_new ();
  const MugaiOrganisation *organisation = mugai_policy_organisation (policy);
  g_autoptr (MugaiEnvelope) envelope =
      mugai_cli_envelope_new (&options->envelope, organisation, g_bytes_get_size (message));
  g_autoptr (MugaiNoticeContext) context = mugai_notice_context_new (id, policy, envelope->time_us);
  if (mugai_scanner_version (scanner) != NULL) {
    envelope->generation = 1;
    envelope->signatures_age_s = MAX (0, envelope->time_us / G_USEC_PER_SEC - mugai_scanner_time (scanner));
  }
  g_auto (MugaiFd) message_fd = mugai_offline_seal (message, &error);
  if (message_fd < 0) {
    g_printerr ("mugai sanitize: %s\n", error->message);
    return EX_TEMPFAIL;
  }
  g_autoptr (MugaiOutcome) outcome = sanitize (policy, scanner, envelope, message_fd, context);
  if (options->record != NULL) {
    g_autoptr (MugaiJson) record = make_record (policy, envelope, outcome, id);
    if (!write_record (options->record, record, &error)) {
      g_printerr ("mugai sanitize: --record: %s\n", error->message);
      return EX_CANTCREAT;
    }
  }
  return write_result (outcome, message);
}

int mugai_cli_sanitize (int argc, char **argv) {
  g_auto (Options) options = { 0 };
  g_autoptr (GError) error = NULL;
  if (!parse_options (&options, argc, argv, &error)) {
    g_printerr ("mugai sanitize: %s\n", error->message);
    return EX_USAGE;
  }
  g_autoptr (MugaiPolicy) policy = mugai_offline_policy (options.policy);
  if (policy == NULL)
    return EX_CONFIG;
  g_autoptr (MugaiScanner) scanner = mugai_offline_scanner (options.signatures, &error);
  if (scanner == NULL) {
    g_printerr ("mugai sanitize: %s\n", error->message);
    return EX_CONFIG;
  }
  g_autoptr (GBytes) message =
      mugai_offline_read (options.files != NULL ? options.files[0] : "-", MAX_MESSAGE_BYTES, &error);
  if (message == NULL) {
    g_printerr ("mugai sanitize: %s\n", error->message);
    return EX_USAGE;
  }
  return run (&options, policy, scanner, message);
}
