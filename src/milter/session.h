/* SPDX-License-Identifier: GPL-2.0-only
 *
 * One connection of the MTA and the mail in hand on it. libmilter binds a thread per command, not per connection: all
 * state is here.
 */
#pragma once

#include "front.h"

#define MUGAI_SESSION_MAX_RECIPIENTS 10000u /* of one mail; Postfix's smtpd_recipient_limit is 1,000 */
#define MUGAI_SESSION_MAX_FIELDS 5000u      /* header fields of one mail; mail's own limit is lower, and an oddity */

/* stage 2: the message as received, one memory file. */
typedef struct {
  int fd;             /* -1: none */
  GString *pending;   /* not written yet */
  guint64 size_bytes; /* pending included */
  guint64 reserved_bytes;
} MugaiSpool;

typedef enum {
  MUGAI_SPOOL_OK,
  MUGAI_SPOOL_BUSY, /* no room in this front at present: 451 4.3.2 */
  MUGAI_SPOOL_ERROR
} MugaiSpoolResult;

void mugai_spool_init (MugaiSpool *spool);
MugaiSpoolResult mugai_spool_append (MugaiSpool *spool, const void *data, gsize length_bytes);
/** Writes what is pending and seals. */
gboolean mugai_spool_finish (MugaiSpool *spool, GError **error);
void mugai_spool_clear (MugaiSpool *spool);

typedef struct {
  SMFICTX *ctx;
  char *client, *helo;
  gboolean release;       /* came in by the listener for releases: a token or nothing */
  gboolean leading_space; /* SMFIP_HDR_LEADSPC was agreed: values begin as written */
  /* the mail in hand; cleared between mails */
  gboolean in_mail;
  char *id;
  MugaiPolicy *policy;
  MugaiEnvelope *envelope;
  char *sender;          /* as the MTA gave it, with <> */
  GPtrArray *recipients; /* of char*: as the MTA gave them, same order as the envelope's */
  GPtrArray *fields;     /* of char*: names of the header fields seen, in order: to be deleted by */
  char *token;           /* of a release; never in the spool, nor in any log */
  MugaiSpool spool;
  gboolean marked;  /* a header field says that it is a notice of ours: to be checked */
  char *message_id; /* as given; NULL: none yet */
  /* Of the first field or piece of the body that cannot be taken: answered at the end of the message, with the reply set for it. */
  sfsistat content_status;
  gboolean body_begun;
  gint64 start_us, last_progress_us;
  gboolean in_step; /* progress may be told from another thread; under the progress lock */
} MugaiSession;

/* session.c */
extern struct smfiDesc mugai_session_callbacks;
void mugai_session_end_mail (MugaiSession *session);
/** Brackets the steps, while smfi_progress () may be called for the session every 10 s. */
void mugai_session_begin_step (MugaiSession *session);
void mugai_session_end_step (MugaiSession *session);
void mugai_session_tell_progress (void);

/* message.c: stages 3 to 7 */
sfsistat mugai_message_finish (MugaiSession *session);
/**
 * A refusal before the end of the message (@what: where, for the log): a record of its own with an id of its own, durable before the
 * answer; 4xx when it cannot be kept. Its recipients are those that the envelope has at this moment.
 */
sfsistat mugai_message_refuse (MugaiSession *session, MugaiDecision *decision, const char *what);

/** The same for a mail on the listener for releases: scanned again, its token redeemed, and let through as it is. */
sfsistat mugai_release_finish (MugaiSession *session);
/** TRUE: the field is the token's, on the listener for releases: taken, not spooled. */
gboolean mugai_release_take_field (MugaiSession *session, const char *name, const char *value);
/** TRUE: the MTA calls this listener MUGAI_RELEASE_DAEMON. */
gboolean mugai_release_is_listener (SMFICTX *ctx);

/** What the keeper's counters say of the mail in hand, onto its envelope; stops and alarms as the policy says. */
void mugai_message_ask_flow (MugaiSession *session);

/* notice.c */
/** Before it is kept: a held mail's notice gets our mark, and goes to nobody who had enough of them today. */
void mugai_notice_settle (MugaiSession *session, MugaiOutcome *outcome);
/** TRUE: the spooled, sealed mail bears a good mark. */
gboolean mugai_notice_is_ours (MugaiSession *session);
/** Such a mail's end: as it is to people inside, to nobody outside. */
sfsistat mugai_notice_finish (MugaiSession *session);

/* message.c, for release.c and notice.c */
gboolean mugai_message_seal (MugaiSession *session);
gboolean mugai_message_keep (const MugaiSession *session, const char *id, MugaiOutcome *outcome);
/** One attempt to have the spooled message looked at; NULL and @error. (transfer full) */
MugaiFacts *mugai_message_inspect (MugaiSession *session, GError **error);

/* answer.c */
/** "552 5.3.4 text" with @id behind it, onto the connection; the status that goes with it. */
sfsistat mugai_answer_reply_as (MugaiSession *session, const char *id, const char *reply);
/** The same with the id of the mail in hand. */
sfsistat mugai_answer_reply (MugaiSession *session, const char *reply);
/** Envelope and header edits, then the body in one go. FALSE: some call failed: 4xx, nothing counts. */
gboolean mugai_answer_mail (MugaiSession *session, GBytes *mail, gsize body_offset);
/** The notice's envelope: sender <>, nobody but @notify. */
gboolean mugai_answer_redirect (MugaiSession *session, char **notify);
/** mugai_answer_hide_recipients: of a mail that goes on as it is: its header names no recipient any more. */
gboolean mugai_answer_hide_recipients (MugaiSession *session);
/** mugai_answer_recipients: a delivered mail's copies for others of ours, and recipients that a rule takes off. */
gboolean mugai_answer_recipients (MugaiSession *session, const MugaiDecision *decision);
