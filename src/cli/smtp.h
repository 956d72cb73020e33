/* SPDX-License-Identifier: GPL-2.0-only
 *
 * cli/smtp: one mail for one recipient, to the MTA's listener for releases.
 *
 * The MTA may be dead, silent, or send a byte a second: each call ends within MUGAI_SMTP_TOTAL_S, and says what is known.
 */
#pragma once

#include <glib.h>

#define MUGAI_SMTP_TOTAL_S                                                                                             \
  300u /* for one mail, whatever the MTA does: a person waits, and the token lives twice as long */
#define MUGAI_SMTP_SILENCE_S 120u       /* without a byte either way: the MTA's milter may take a minute */
#define MUGAI_SMTP_MAX_REPLY_LINES 100u /* of one reply; EHLO's are about ten */
#define MUGAI_SMTP_MAX_LINE_BYTES 4096u /* RFC 5321, 4.5.3.1.5 says 512; some say more */

typedef struct {
  const char *listener; /* HOST:PORT */
  const char *from, *to;
  const char *token; /* of a release; NULL: a mail of our own */
  GBytes *message;
  guint total_s; /* 0: MUGAI_SMTP_TOTAL_S */
} MugaiSmtpMail;

typedef struct {
  gboolean accepted; /* the MTA has it, and said so */
  gboolean answered; /* FALSE: it fell silent; what became of the mail is not known from here */
  char *reply;       /* its last words, "250 2.0.0 Ok: queued as 123", or ours; made safe */
} MugaiSmtpOutcome;

void mugai_smtp_outcome_clear (MugaiSmtpOutcome *outcome);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (MugaiSmtpOutcome, mugai_smtp_outcome_clear)

/** mugai_smtp_send: a conversation from its greeting to the answer to the message's end, with one recipient. */
void mugai_smtp_send (const MugaiSmtpMail *mail, MugaiSmtpOutcome *ret_outcome);
