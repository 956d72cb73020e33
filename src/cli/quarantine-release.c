/* SPDX-License-Identifier: GPL-2.0-only
 *
 * cli/quarantine-release: sends what was approved, by SMTP, to the MTA's listener for releases.
 *
 * The keeper gives a token for each recipient that is due, and nobody else gets one for it: so twenty of us at once deliver once. Each
 * recipient has a transaction of its own, and what the MTA said of it goes to the keeper, word for word. Dies this process in between,
 * the state says "queued" or "redeemed", which is what is known.
 */
#include "quarantine.h"

#include <stdio.h>
#include <string.h>

#include "mugai/base/base.h"
#include "mugai/base/fd.h"
#include "mugai/base/unicode.h"
#include "mugai/gate.h"
#include "mugai/quarantine/acts.h"

#include "cli.h"
#include "offline.h"
#include "smtp.h"
#include "words.h"

#define NAME "quarantine release"
#define REBUILD_S 120 /* a person waits */
#define MAX_DUE 1000u /* in one run; the next one is a minute later */

/* ---- the forms ---- */

static const char *text_at (json_t *object, const char *key) {
  const char *text = json_string_value (json_object_get (object, key));

  return text != NULL ? text : "";
}

/* (transfer full): one message in another, told apart from it by a text of ours. */
static GBytes *wrap (GBytes *original, json_t *record, const MugaiPolicy *policy) {
  const MugaiOrganisation *organisation = mugai_policy_organisation (policy);
  g_autofree char *subject = g_strdup_printf ("[解除 released] %s", text_at (record, "subject"));
  g_autofree char *base64 = NULL, *boundary = mugai_id_new ();
  g_autofree char *date = mugai_time_rfc5322 (g_get_real_time ());
  g_autofree char *words = g_strdup_printf ("隔離されたメールを添付でお届けします。内容に注意して開いてください。\r\n"
                                            "A quarantined mail is attached. Please open it with care.\r\nID: %s\r\n",
                                            text_at (record, "id"));
  gsize length_bytes = 0;
  const char *data = g_bytes_get_data (original, &length_bytes);
  GString *mail = g_string_new (NULL);

  g_string_append_printf (mail, "From: <%s>\r\nTo: undisclosed-recipients:;\r\nDate: %s\r\n", organisation->notice_from,
                          date);
  glong characters = g_utf8_strlen (subject, -1);
  g_string_append (mail, "Subject:");
  for (glong at = 0; at < characters && at < 200; at += 10) { /* 10 characters: at most 40 bytes, 56 of base64 */
    g_autofree char *piece = g_utf8_substring (subject, at, MIN (at + 10, characters));
    g_free (base64);
    base64 = g_base64_encode ((const guint8 *) piece, strlen (piece));
    g_string_append_printf (mail, "%s =?UTF-8?B?%s?=", at > 0 ? "\r\n" : "", base64);
  }
  const char *message_id = text_at (record, "message_id");
  if (message_id[0] == '<' && g_str_is_ascii (message_id) && strpbrk (message_id, " \t\r\n") == NULL
      && strlen (message_id) < 900)
    g_string_append_printf (mail, "\r\nMessage-ID: %s", message_id);
  g_string_append_printf (
      mail,
      "\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"mugai-%s\"\r\n\r\n"
      "--mugai-%s\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n%s\r\n"
      "--mugai-%s\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n"
      "Content-Disposition: attachment; filename=\"original.eml\"\r\n\r\n",
      boundary, boundary, words, boundary);
  g_string_append_len (mail, data, (gssize) length_bytes);
  g_string_append_printf (mail, "\r\n--mugai-%s--\r\n", boundary);
  return g_string_free_to_bytes (mail);
}

/* Bodies as text, all else named in the notice and left where it is. */
static void text_only (const MugaiFacts *facts, MugaiDecision *decision) {
  decision->action = MUGAI_ACTION_DELIVER;
  decision->ceiling = MUGAI_CEILING_TEXT;
  decision->changed = TRUE;
  for (guint i = 0; i < facts->parts->len && i < decision->parts->len; i++) {
    const MugaiPart *part = g_ptr_array_index (facts->parts, i);
    MugaiPartDecision *each = g_ptr_array_index (decision->parts, i);
    if (part->role == MUGAI_ROLE_BODY)
      each->action = MUGAI_PART_TEXT;
    else if (each->action == MUGAI_PART_KEEP && part->role != MUGAI_ROLE_CONTAINER)
      each->action = MUGAI_PART_REPLACE;
  }
}

/* The child has read a hostile mail: what it hands out is text by our grammar, or it does not leave. */
static gboolean passes_gate (GBytes *mail, GError **error) {
  const MugaiGateExpect expect = { .ceiling = MUGAI_CEILING_TEXT };
  MugaiGateResult result = { 0 };
  gsize length_bytes = 0;
  const char *data = g_bytes_get_data (mail, &length_bytes);

  return mugai_gate_check (data, length_bytes, &expect, &result, error);
}

static GBytes *rebuild_text (MugaiWorker *worker, const MugaiPolicy *policy, json_t *record, int message_fd,
                             GError **error) {
  MugaiSteps *steps = mugai_worker_steps (worker, g_get_monotonic_time () + REBUILD_S * G_USEC_PER_SEC);
  g_autoptr (MugaiFacts) facts = NULL;
  g_autoptr (MugaiEnvelope) envelope = mugai_envelope_new ();
  g_autofree char *words = NULL;
  GBytes *mail = NULL;

  if (!steps->inspect (steps->self, message_fd, &facts, &words, error))
    return NULL;
  if (facts == NULL) {
    g_set_error (error, MUGAI_QUARANTINE_ERROR, MUGAI_QUARANTINE_ERROR_CORRUPT, "it cannot be read: %s", words);
    return NULL;
  }
  envelope->time_us = g_get_real_time ();
  g_autoptr (MugaiDecision) decision = mugai_policy_decide (policy, envelope, facts);
  g_autoptr (MugaiNoticeContext) context = mugai_notice_context_new (text_at (record, "id"), policy, envelope->time_us);
  text_only (facts, decision);
  if (!steps->rebuild (steps->self, decision, context, &mail, error))
    return NULL;
  if (passes_gate (mail, error))
    return mail;
  g_bytes_unref (mail);
  return NULL;
}

static GBytes *make_text (GBytes *original, const MugaiPolicy *policy, json_t *record, GError **error) {
  g_auto (MugaiFd) fd = mugai_offline_seal (original, error);
  g_autoptr (MugaiScanner) scanner = fd >= 0 ? mugai_scanner_new (NULL, NULL, NULL, error) : NULL;
  char *scratch = NULL;
  MugaiWorker *worker = scanner != NULL ? mugai_offline_worker (scanner, &scratch, error) : NULL;
  GBytes *mail = worker != NULL ? rebuild_text (worker, policy, record, fd, error) : NULL;

  mugai_worker_close (worker);
  mugai_scratch_free (scratch);
  return mail;
}

static GBytes *make_mail (const MugaiCliQuarantine *options, MugaiQuarantine *quarantine, const char *id,
                          json_t *record, const char *form, GError **error) {
  g_autoptr (GBytes) original = mugai_quarantine_original (quarantine, id, error);

  if (original == NULL || strcmp (form, "original") == 0)
    return g_steal_pointer (&original);
  g_autoptr (MugaiPolicy) policy = mugai_offline_policy (options->config->policy);
  if (policy == NULL) {
    g_set_error (error, MUGAI_QUARANTINE_ERROR, MUGAI_QUARANTINE_ERROR_IO, "the policy cannot be loaded");
    return NULL;
  }
  return strcmp (form, "text") == 0 ? make_text (original, policy, record, error) : wrap (original, record, policy);
}

/* ---- the act ---- */

/* Each is said on standard error as well: nothing of it may be overlooked. */
static void warn (const MugaiSmtpOutcome *outcome, json_t *answer) {
  if (outcome->accepted && answer != NULL && json_is_false (json_object_get (answer, "scanned_again")))
    (void) mugai_cli_fail (0, NAME, "%s",
                           MUGAI_CLI_WORDS ("警告: 解除用の待ち受けに mugai が接続されていません",
                                            "warning: the listener for releases has no mugai behind it"));
  if (json_is_true (json_object_get (answer, "unknown")))
    (void) mugai_cli_fail (
        0, NAME, "%s",
        MUGAI_CLI_WORDS (
            "結果が不明です。メールサーバーのログを確認し、届いていなければ --again を付けて再送してください",
            "outcome unknown: look at the MTA's log; where it has not arrived, say --again"));
}

static void print_outcome (const char *to, const MugaiSmtpOutcome *outcome) {
  g_autofree char *safe = mugai_unicode_make_safe (to, -1, 320);

  printf ("%s: %s: %s\n", safe,
          outcome->accepted ? MUGAI_CLI_WORDS ("送りました", "accepted")
                            : MUGAI_CLI_WORDS ("送れませんでした", "failed"),
          outcome->reply);
}

/* TRUE: accepted, and the keeper knows. */
static gboolean release_one (const MugaiCliQuarantine *options, const char *id, const char *release, json_t *due,
                             const char *from, GBytes *message) {
  const MugaiSmtpMail mail = { .listener = options->config->release_listener,
                               .from = from,
                               .to = text_at (due, "address"),
                               .token = text_at (due, "token"),
                               .message = message,
                               .total_s = (guint) options->timeout_s };
  g_auto (MugaiSmtpOutcome) outcome = { 0 };
  json_t *more = json_object ();
  int status = 0;

  mugai_smtp_send (&mail, &outcome);
  json_object_set_new (more, "release", mugai_json_string (release));
  json_object_set_new (more, "recipient", mugai_json_string (mail.to));
  json_object_set_new (more, "accepted", json_boolean (outcome.accepted));
  json_object_set_new (more, "answered", json_boolean (outcome.answered));
  json_object_set_new (more, "reply", mugai_json_string (outcome.reply));
  g_autoptr (MugaiJson) answer = mugai_cli_act (options, NAME, "release-result", id, more, &status);
  if (!options->json)
    print_outcome (mail.to, &outcome);
  warn (&outcome, answer);
  return outcome.accepted && answer != NULL;
}

static char *form_of (MugaiQuarantine *quarantine, const char *id, GError **error) {
  g_autoptr (MugaiJson) releases = mugai_quarantine_releases (quarantine, id, error);
  json_t *newest = json_array_get (releases, 0);

  if (releases == NULL)
    return NULL;
  return g_strdup (newest != NULL ? text_at (newest, "form") : "original");
}

int mugai_cli_quarantine_release (const MugaiCliQuarantine *options, const char *id) {
  int status = 0;
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiQuarantine) quarantine = mugai_cli_open_store (options, NAME, &status);

  if (quarantine == NULL)
    return status;
  g_autoptr (MugaiJson) record = mugai_quarantine_record (quarantine, id, &error);
  g_autofree char *form = record != NULL ? form_of (quarantine, id, &error) : NULL;
  g_autoptr (GBytes) mail =
      form != NULL && options->config != NULL ? make_mail (options, quarantine, id, record, form, &error) : NULL;
  if (mail == NULL && error != NULL)
    return mugai_cli_fail_store (NAME, error);
  json_t *more = json_object ();
  if (mail != NULL) {
    gsize length_bytes = 0;
    const void *data = g_bytes_get_data (mail, &length_bytes);
    g_autofree char *sha256 = mugai_sha256_hex (data, length_bytes);
    json_object_set_new (more, "sha256", json_string (sha256));
  }
  json_object_set_new (more, "again", json_boolean (options->again));
  g_autoptr (MugaiJson) answer = mugai_cli_act (options, NAME, "release-queue", id, more, &status);
  if (answer == NULL)
    return status;
  json_t *due;
  size_t i;
  gboolean all = TRUE;
  json_array_foreach (json_object_get (answer, "tokens"), i, due) {
    all = release_one (options, id, text_at (answer, "release"), due,
                       text_at (json_object_get (record, "envelope"), "from"), mail)
          && all;
  }
  if (options->json) {
    g_autoptr (MugaiJson) releases = mugai_quarantine_releases (quarantine, id, NULL);
    g_autofree char *text = mugai_json_line (json_array_get (releases, 0));
    puts (text);
  }
  return all ? 0 : EX_TEMPFAIL;
}

/* What a delay has let go, oldest first, and then digests of notices that are due. One that fails is tried again the next time; the others go on. */
int mugai_cli_quarantine_send_due (const MugaiCliQuarantine *options, const char *none) {
  int status = 0;
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiQuarantine) quarantine = mugai_cli_open_store (options, "flow send-due", &status);

  (void) none;
  mugai_leave_no_core (); /* mugai flow comes this way, too */
  if (quarantine == NULL)
    return status;
  g_auto (GStrv) due = mugai_quarantine_delayed (quarantine, g_get_real_time (), MAX_DUE, &error);
  g_clear_pointer (&quarantine, mugai_quarantine_close);
  if (due == NULL)
    return mugai_cli_fail_store ("flow send-due", error);
  for (char **id = due; *id != NULL; id++) {
    int one = mugai_cli_quarantine_release (options, *id);
    status = one != 0 ? one : status;
  }
  int digests = mugai_cli_send_digests (options, FALSE);
  return digests != 0 ? digests : status;
}
