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
#include <sys/resource.h>

#include <gio/gio.h>

#include "mugai/base/base.h"
#include "mugai/base/fd.h"
#include "mugai/base/unicode.h"
#include "mugai/gate.h"
#include "mugai/milter.h"
#include "mugai/quarantine/acts.h"

#include "cli.h"
#include "offline.h"
#include "words.h"

#define NAME "quarantine release"
#define SMTP_TIMEOUT_S 120      /* the MTA's milter may take a minute */
#define NO_ANSWER "no answer: " /* what our own words for a silent MTA begin with: no reply does */
#define MAX_REPLY_LINES 100u
#define DEFAULT_PORT 10027
#define MAX_DUE 1000u /* in one run; the next one is a minute later */

typedef struct {
  GSocketConnection *connection;
  GDataInputStream *in;
  GOutputStream *out;
  char *reply; /* the last one: "250 2.0.0 Ok: queued as 123" */
  gboolean eight_bit, utf8;
} Smtp;

static void smtp_clear (Smtp *smtp) {
  g_clear_object (&smtp->in);
  g_clear_object (&smtp->connection);
  g_clear_pointer (&smtp->reply, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Smtp, smtp_clear)

/* ---- SMTP ---- */

static void set_reply (Smtp *smtp, char *reply) {
  g_free (smtp->reply);
  smtp->reply = reply;
}

/* TRUE: the reply begins with @wanted. Else smtp->reply says why, whoever said it. */
static gboolean read_reply (Smtp *smtp, char wanted) {
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) reply = g_string_new (NULL);

  for (guint i = 0; i < MAX_REPLY_LINES; i++) {
    g_autofree char *line = g_data_input_stream_read_line (smtp->in, NULL, NULL, &error);
    if (line == NULL || strlen (line) < 3) {
      set_reply (smtp, g_strdup_printf (NO_ANSWER "%s", error != NULL ? error->message : "the MTA has gone"));
      return FALSE;
    }
    smtp->eight_bit = smtp->eight_bit || g_ascii_strcasecmp (line + 3, "-8BITMIME") == 0
                      || g_ascii_strcasecmp (line + 3, " 8BITMIME") == 0;
    smtp->utf8 = smtp->utf8 || g_ascii_strcasecmp (line + 3, "-SMTPUTF8") == 0
                 || g_ascii_strcasecmp (line + 3, " SMTPUTF8") == 0;
    g_string_append_printf (reply, "%s%s", i > 0 ? " / " : "", line);
    if (line[3] != '-') {
      set_reply (smtp, mugai_unicode_make_safe (line, -1, MUGAI_QUARANTINE_MAX_REASON_BYTES));
      return line[0] == wanted;
    }
  }
  set_reply (smtp, g_strdup (NO_ANSWER "a reply without an end"));
  return FALSE;
}

static gboolean send_bytes (Smtp *smtp, const char *data, gsize length_bytes) {
  g_autoptr (GError) error = NULL;

  if (g_output_stream_write_all (smtp->out, data, length_bytes, NULL, NULL, &error))
    return TRUE;
  set_reply (smtp, g_strdup_printf (NO_ANSWER "%s", error->message));
  return FALSE;
}

G_GNUC_PRINTF (3, 4) static gboolean command (Smtp *smtp, char wanted, const char *format, ...) {
  va_list arguments;

  va_start (arguments, format);
  g_autofree char *words = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_autofree char *line = g_strconcat (words, "\r\n", NULL);
  return send_bytes (smtp, line, strlen (line)) && read_reply (smtp, wanted);
}

static gboolean connect_mta (Smtp *smtp, const char *listener) {
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GError) error = NULL;

  g_socket_client_set_timeout (client, SMTP_TIMEOUT_S);
  smtp->connection = g_socket_client_connect_to_host (client, listener, DEFAULT_PORT, NULL, &error);
  if (smtp->connection == NULL) {
    set_reply (smtp, g_strdup_printf (NO_ANSWER "%s", error->message));
    return FALSE;
  }
  smtp->in = g_data_input_stream_new (g_io_stream_get_input_stream (G_IO_STREAM (smtp->connection)));
  g_data_input_stream_set_newline_type (smtp->in, G_DATA_STREAM_NEWLINE_TYPE_CR_LF);
  smtp->out = g_io_stream_get_output_stream (G_IO_STREAM (smtp->connection));
  return read_reply (smtp, '2') && command (smtp, '2', "EHLO mugai-release.localdomain");
}

/* What an address must not have to stand between < and >: a sender chose these characters. */
static gboolean is_sendable (const char *address) {
  for (const char *at = address; *at != '\0'; at++)
    if ((guchar) *at <= 0x20 || *at == '<' || *at == '>' || *at == 0x7F)
      return FALSE;
  return strlen (address) <= 1000;
}

static gboolean is_ascii (const char *data, gsize length_bytes) {
  for (gsize i = 0; i < length_bytes; i++)
    if ((guchar) data[i] >= 0x80)
      return FALSE;
  return TRUE;
}

/* The message with dots doubled, and its end; @token: NULL: a mail of our own. */
static GString *stuffed (GBytes *message, const char *token) {
  gsize length_bytes = 0;
  const char *data = g_bytes_get_data (message, &length_bytes);
  GString *text = g_string_sized_new (length_bytes + 256);

  if (token != NULL)
    g_string_append_printf (text, MUGAI_RELEASE_FIELD ": %s\r\n", token);
  for (gsize i = 0; i < length_bytes; i++) {
    if (data[i] == '.' && (i == 0 || data[i - 1] == '\n'))
      g_string_append_c (text, '.');
    g_string_append_c (text, data[i]);
  }
  if (length_bytes < 2 || memcmp (data + length_bytes - 2, "\r\n", 2) != 0)
    g_string_append (text, "\r\n");
  g_string_append (text, ".\r\n");
  return text;
}

/* TRUE: the MTA has it. */
static gboolean transmit (Smtp *smtp, const char *listener, const char *from, const char *to, const char *token,
                          GBytes *message) {
  gsize length_bytes = 0;
  const char *data = g_bytes_get_data (message, &length_bytes);

  if (!is_sendable (from) || !is_sendable (to)) {
    set_reply (smtp, g_strdup ("an address that cannot be sent"));
    return FALSE;
  }
  if (!connect_mta (smtp, listener))
    return FALSE;
  gboolean wide = !is_ascii (from, strlen (from)) || !is_ascii (to, strlen (to));
  if (!command (smtp, '2', "MAIL FROM:<%s>%s%s", from,
                smtp->eight_bit && !is_ascii (data, length_bytes) ? " BODY=8BITMIME" : "",
                smtp->utf8 && wide ? " SMTPUTF8" : "")
      || !command (smtp, '2', "RCPT TO:<%s>", to) || !command (smtp, '3', "DATA"))
    return FALSE;
  GString *text = stuffed (message, token);
  gboolean accepted = send_bytes (smtp, text->str, text->len) && read_reply (smtp, '2');
  memset (text->str, 0, MIN (text->len, (gsize) 256));
  g_string_free (text, TRUE);
  if (accepted) /* its reply is kept; what comes after it does not matter */
    (void) send_bytes (smtp, "QUIT\r\n", 6);
  return accepted;
}

gboolean mugai_cli_transmit (const char *listener, const char *to, GBytes *message, char **ret_reply) {
  g_auto (Smtp) smtp = { 0 };
  gboolean accepted = transmit (&smtp, listener, "", to, NULL, message);

  *ret_reply = mugai_unicode_make_safe (smtp.reply, -1, 0);
  return accepted;
}

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
  if (message_id[0] == '<' && is_ascii (message_id, strlen (message_id)) && strpbrk (message_id, " \t\r\n") == NULL
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
  MugaiSteps *steps = mugai_worker_steps (worker, g_get_monotonic_time () + SMTP_TIMEOUT_S * G_USEC_PER_SEC);
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

/* TRUE: accepted, and the keeper knows. */
static gboolean release_one (const MugaiCliQuarantine *options, const char *id, const char *release, json_t *due,
                             const char *from, GBytes *mail) {
  g_auto (Smtp) smtp = { 0 };
  const char *to = text_at (due, "address");
  int status = 0;
  gboolean accepted = transmit (&smtp, options->config->release_listener, from, to, text_at (due, "token"), mail);
  json_t *more = json_object ();

  json_object_set_new (more, "release", mugai_json_string (release));
  json_object_set_new (more, "recipient", mugai_json_string (to));
  json_object_set_new (more, "accepted", json_boolean (accepted));
  json_object_set_new (more, "answered", json_boolean (!g_str_has_prefix (smtp.reply, NO_ANSWER)));
  json_object_set_new (more, "reply", mugai_json_string (smtp.reply));
  g_autoptr (MugaiJson) answer = mugai_cli_act (options, NAME, "release-result", id, more, &status);
  g_autofree char *safe = mugai_unicode_make_safe (to, -1, 320);
  g_autofree char *reply = mugai_unicode_make_safe (smtp.reply, -1, 0);
  if (!options->json)
    printf ("%s: %s: %s\n", safe, accepted ? "accepted" : "failed", reply);
  if (accepted && answer != NULL && json_is_false (json_object_get (answer, "scanned_again")))
    (void) mugai_cli_fail (0, NAME, "%s",
                           MUGAI_CLI_WORDS ("警告: 解除用の待ち受けに mugai が接続されていません",
                                            "warning: the listener for releases has no mugai behind it"));
  if (json_is_true (json_object_get (answer, "unknown")))
    (void) mugai_cli_fail (
        0, NAME, "%s",
        MUGAI_CLI_WORDS ("結果が不明です。MTA のログを確認し、届いていなければ --again を付けて再送してください",
                         "outcome unknown: look at the MTA's log; where it has not arrived, say --again"));
  return accepted && answer != NULL;
}

static char *form_of (MugaiQuarantine *quarantine, const char *id, GError **error) {
  g_autoptr (MugaiJson) releases = mugai_quarantine_releases (quarantine, id, error);
  json_t *newest = json_array_get (releases, 0);

  if (releases == NULL)
    return NULL;
  return g_strdup (newest != NULL ? text_at (newest, "form") : "original");
}

int mugai_cli_quarantine_release (const MugaiCliQuarantine *options, const char *id) {
  static const struct rlimit no_core = { 0, 0 };
  int status = 0;
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiQuarantine) quarantine = mugai_cli_open_store (options, NAME, &status);

  (void) setrlimit (RLIMIT_CORE, &no_core); /* tokens and a whole mail are in our memory */
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
