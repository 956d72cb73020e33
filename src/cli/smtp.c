/* SPDX-License-Identifier: GPL-2.0-only
 *
 * cli/smtp: one mail for one recipient, to the MTA's listener for releases.
 *
 * Every wait ends at the same moment, however little and often the other side sends; so a mail is in hand for a known time. Whatever is read
 * is bounded, and what is not a reply is none.
 */
#include "smtp.h"

#include <string.h>

#include <gio/gio.h>

#include "mugai/base/unicode.h"
#include "mugai/milter.h"
#include "mugai/quarantine/acts.h"

#define DEFAULT_PORT 10027
#define TOKEN_LINE_BYTES 256u /* more than the field with the token, at the head of what is sent */

/* Else a token could be given anew while a mail with the old one is still in hand. */
G_STATIC_ASSERT (MUGAI_SMTP_TOTAL_S < MUGAI_QUARANTINE_TOKEN_S);

typedef struct {
  GSocketConnection *connection;
  GSocket *socket; /* the connection's */
  gint64 end_us;   /* monotonic */
  GString *unread; /* what came after the line that was read last */
  gboolean eight_bit, utf8;
  MugaiSmtpOutcome *outcome;
} Smtp;

static void smtp_clear (Smtp *smtp) {
  g_clear_object (&smtp->connection);
  g_string_free (smtp->unread, TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Smtp, smtp_clear)

void mugai_smtp_outcome_clear (MugaiSmtpOutcome *outcome) {
  g_clear_pointer (&outcome->reply, g_free);
}

/* ---- bytes, until the end ---- */

static gint64 left_us (const Smtp *smtp) {
  return smtp->end_us - g_get_monotonic_time ();
}

static gboolean fail_silent (Smtp *smtp, const char *words) {
  g_free (smtp->outcome->reply);
  smtp->outcome->reply = g_strdup_printf ("no answer: %s", words);
  smtp->outcome->answered = FALSE;
  return FALSE;
}

static gboolean wait_for (Smtp *smtp, GIOCondition condition) {
  gint64 silence_us = (gint64) MUGAI_SMTP_SILENCE_S * G_USEC_PER_SEC, left = left_us (smtp);
  g_autoptr (GError) error = NULL;

  if (left <= 0)
    return fail_silent (smtp, "its time is over");
  if (g_socket_condition_timed_wait (smtp->socket, condition, MIN (left, silence_us), NULL, &error))
    return TRUE;
  gboolean over = left <= silence_us && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  return fail_silent (smtp, over ? "its time is over" : error->message);
}

static gboolean send_bytes (Smtp *smtp, const char *data, gsize length_bytes) {
  while (length_bytes > 0) {
    g_autoptr (GError) error = NULL;
    if (!wait_for (smtp, G_IO_OUT))
      return FALSE;
    gssize sent = g_socket_send (smtp->socket, data, length_bytes, NULL, &error);
    if (sent < 0 && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
      return fail_silent (smtp, error->message);
    data += MAX (sent, 0);
    length_bytes -= (gsize) MAX (sent, 0);
  }
  return TRUE;
}

static gboolean receive_more (Smtp *smtp) {
  char buffer[1024];
  g_autoptr (GError) error = NULL;

  if (!wait_for (smtp, G_IO_IN))
    return FALSE;
  gssize got = g_socket_receive (smtp->socket, buffer, sizeof buffer, NULL, &error);
  if (got == 0)
    return fail_silent (smtp, "the MTA has gone");
  if (got < 0 && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return fail_silent (smtp, error->message);
  g_string_append_len (smtp->unread, buffer, MAX (got, 0));
  return TRUE;
}

/* (transfer full): without its end; NULL: there is none. */
static char *read_line (Smtp *smtp) {
  const char *end;

  while ((end = memchr (smtp->unread->str, '\n', smtp->unread->len)) == NULL) {
    if (smtp->unread->len > MUGAI_SMTP_MAX_LINE_BYTES) {
      (void) fail_silent (smtp, "a line without an end");
      return NULL;
    }
    if (!receive_more (smtp))
      return NULL;
  }
  gsize length_bytes = (gsize) (end - smtp->unread->str);
  char *line = g_strndup (smtp->unread->str, length_bytes);
  g_string_erase (smtp->unread, 0, (gssize) length_bytes + 1);
  return g_strchomp (line);
}

/* ---- replies and commands ---- */

static gboolean is_reply (const char *line) {
  return g_ascii_isdigit (line[0]) && g_ascii_isdigit (line[1]) && g_ascii_isdigit (line[2])
         && (line[3] == '\0' || line[3] == ' ' || line[3] == '-');
}

static void note_extension (Smtp *smtp, const char *line) {
  const char *name = line[3] != '\0' ? line + 4 : "";

  smtp->eight_bit = smtp->eight_bit || g_ascii_strcasecmp (name, "8BITMIME") == 0;
  smtp->utf8 = smtp->utf8 || g_ascii_strcasecmp (name, "SMTPUTF8") == 0;
}

/* TRUE: the reply begins with @wanted. Else the outcome says why, whoever said it. */
static gboolean read_reply (Smtp *smtp, char wanted) {
  for (guint i = 0; i < MUGAI_SMTP_MAX_REPLY_LINES; i++) {
    g_autofree char *line = read_line (smtp);
    if (line == NULL)
      return FALSE;
    if (!is_reply (line))
      return fail_silent (smtp, "what it says is no reply");
    note_extension (smtp, line);
    if (line[3] == '-')
      continue;
    g_free (smtp->outcome->reply);
    smtp->outcome->reply = mugai_unicode_make_safe (line, -1, MUGAI_QUARANTINE_MAX_REASON_BYTES);
    smtp->outcome->answered = TRUE;
    return line[0] == wanted;
  }
  return fail_silent (smtp, "a reply without an end");
}

G_GNUC_PRINTF (3, 4) static gboolean command (Smtp *smtp, char wanted, const char *format, ...) {
  va_list arguments;

  va_start (arguments, format);
  g_autofree char *words = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_autofree char *line = g_strconcat (words, "\r\n", NULL);
  return send_bytes (smtp, line, strlen (line)) && read_reply (smtp, wanted);
}

static gboolean greet (Smtp *smtp, const char *listener) {
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GError) error = NULL;

  g_socket_client_set_timeout (client, (guint) CLAMP (left_us (smtp) / G_USEC_PER_SEC, 1, MUGAI_SMTP_SILENCE_S));
  smtp->connection = g_socket_client_connect_to_host (client, listener, DEFAULT_PORT, NULL, &error);
  if (smtp->connection == NULL)
    return fail_silent (smtp, error->message);
  smtp->socket = g_socket_connection_get_socket (smtp->connection);
  g_socket_set_blocking (smtp->socket, FALSE);
  return read_reply (smtp, '2') && command (smtp, '2', "EHLO mugai-release.localdomain");
}

/* ---- a mail ---- */

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

/* The message with dots doubled, and its end (RFC 5321, 4.5.2). */
static GString *stuffed (GBytes *message, const char *token) {
  gsize length_bytes = 0;
  const char *data = g_bytes_get_data (message, &length_bytes);
  GString *text = g_string_sized_new (length_bytes + TOKEN_LINE_BYTES);

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

static gboolean send_envelope (Smtp *smtp, const MugaiSmtpMail *mail) {
  gsize length_bytes = 0;
  const char *data = g_bytes_get_data (mail->message, &length_bytes);
  gboolean wide = !is_ascii (mail->from, strlen (mail->from)) || !is_ascii (mail->to, strlen (mail->to));

  return command (smtp, '2', "MAIL FROM:<%s>%s%s", mail->from,
                  smtp->eight_bit && !is_ascii (data, length_bytes) ? " BODY=8BITMIME" : "",
                  smtp->utf8 && wide ? " SMTPUTF8" : "")
         && command (smtp, '2', "RCPT TO:<%s>", mail->to) && command (smtp, '3', "DATA");
}

static gboolean send_message (Smtp *smtp, const MugaiSmtpMail *mail) {
  GString *text = stuffed (mail->message, mail->token);
  gboolean accepted = send_bytes (smtp, text->str, text->len) && read_reply (smtp, '2');

  memset (text->str, 0, MIN (text->len, (gsize) TOKEN_LINE_BYTES));
  g_string_free (text, TRUE);
  return accepted;
}

/* Its reply to the message's end is kept; what comes after that does not matter. */
static void say_goodbye (Smtp *smtp) {
  (void) g_socket_send (smtp->socket, "QUIT\r\n", 6, NULL, NULL);
}

void mugai_smtp_send (const MugaiSmtpMail *mail, MugaiSmtpOutcome *ret_outcome) {
  guint total_s = mail->total_s > 0 ? MIN (mail->total_s, MUGAI_SMTP_TOTAL_S) : MUGAI_SMTP_TOTAL_S;
  g_auto (Smtp) smtp = { .end_us = g_get_monotonic_time () + (gint64) total_s * G_USEC_PER_SEC,
                         .unread = g_string_new (NULL),
                         .outcome = ret_outcome };

  *ret_outcome = (MugaiSmtpOutcome){ 0 };
  if (!is_sendable (mail->from) || !is_sendable (mail->to)) {
    *ret_outcome = (MugaiSmtpOutcome){ .answered = TRUE, .reply = g_strdup ("an address that cannot be sent") };
    return;
  }
  ret_outcome->accepted = greet (&smtp, mail->listener) && send_envelope (&smtp, mail) && send_message (&smtp, mail);
  if (ret_outcome->accepted)
    say_goodbye (&smtp);
}
