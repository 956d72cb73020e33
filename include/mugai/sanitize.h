/* SPDX-License-Identifier: GPL-2.0-only
 *
 * sanitize: the three steps in one call, for the daemon, the command line, the tests and the fuzzers alike.
 *
 * inspect and rebuild touch the sender's bytes: they run in a worker's sandbox, behind MugaiSteps. decide and the
 * gate run in the caller. mugai_sanitize_run () is the one way of a message through the house. It answers nobody and stores
 * nothing. A MugaiInspection belongs to one thread.
 */
#pragma once

#include "mugai/base/facts.h"
#include "mugai/mail/mail.h"
#include "mugai/policy.h"
#include "mugai/scan.h"

/* ---- inside the sandbox ---- */

typedef struct MugaiInspection MugaiInspection;

typedef struct {
  MugaiMailLimits mail; /* zeros: defaults; scan limits belong to the scanner */
} MugaiSanitizeLimits;

typedef enum {
  MUGAI_SANITIZE_ERROR_UNREADABLE, /* the reader gave up: MUGAI_FAILURE_MESSAGE_UNREADABLE */
  MUGAI_SANITIZE_ERROR_DECISION,   /* the decision does not fit the facts: our mistake */
  MUGAI_SANITIZE_ERROR_NOT_FOUND   /* no part of that path */
} MugaiSanitizeError;
#define MUGAI_SANITIZE_ERROR (mugai_sanitize_error_quark ())
GQuark mugai_sanitize_error_quark (void);

/** mugai_sanitize_inspect: (transfer full): what the message is; NULL and MUGAI_SANITIZE_ERROR_UNREADABLE. */
MugaiInspection *mugai_sanitize_inspect (GBytes *message, MugaiScanner *scanner, const MugaiSanitizeLimits *limits,
                                         GError **error);
void mugai_inspection_free (MugaiInspection *inspection);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiInspection, mugai_inspection_free)
const MugaiFacts *mugai_inspection_facts (const MugaiInspection *inspection);

/* What the new message says beside the decision; from policy and front, never from the message. */
typedef struct {
  char *id;           /* mugai's id of this message: the quarantine id */
  char *organisation; /* name for people */
  char *notice_from;  /* address of our notices */
  char *contact;      /* address for questions, "" when none */
  gint64 time_us;
  gboolean outside;                     /* the rebuilt mail goes to people outside: one neutral line */
  char **relays;                        /* whose Authentication-Results are written again; NULL: nobody's */
  char *texts[MUGAI_N_NOTICE_TEXTS][2]; /* the policy's: Japanese, English; "" where it says nothing */
} MugaiNoticeContext;

MugaiNoticeContext *mugai_notice_context_new (const char *id, const MugaiPolicy *policy, gint64 time_us);
void mugai_notice_context_free (MugaiNoticeContext *context);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiNoticeContext, mugai_notice_context_free)
json_t *mugai_notice_context_to_json (const MugaiNoticeContext *context);
MugaiNoticeContext *mugai_notice_context_from_json (json_t *json, GError **error);

/** mugai_words_type: (transfer none): what a person calls such a file, by "detected" and "declared": 「表計算ファイル (Excel)」. */
const char *mugai_words_type (const MugaiPart *part, gboolean japanese);
/** mugai_words_size: (transfer full): "1.5 MB". */
char *mugai_words_size (guint64 size_bytes);

/** mugai_sanitize_rebuild: (transfer full): the new message: body texts, the notice at their end, kept parts. */
GBytes *mugai_sanitize_rebuild (const MugaiInspection *inspection, const MugaiDecision *decision,
                                const MugaiNoticeContext *context, GError **error);

/** mugai_sanitize_extract: (transfer full): decoded content of the part @path, for export, preview and release. */
GBytes *mugai_sanitize_extract (const MugaiInspection *inspection, const char *path, GError **error);

/* ---- outside the sandbox ---- */

/**
 * MugaiSteps: the two steps that touch hostile bytes, wherever they run. One object serves one message: inspect once, then
 * rebuild at most once. FALSE means the worker is dead, late or out of step (its @error says which): the message may be tried with another.
 * @ret_error_text: inspect: when the reader gave up, its words; @ret_facts is then NULL and the call TRUE.
 */
typedef struct {
  gpointer self;
  gboolean (*inspect) (gpointer self, int message_fd, MugaiFacts **ret_facts, char **ret_error_text, GError **error);
  gboolean (*rebuild) (gpointer self, const MugaiDecision *decision, const MugaiNoticeContext *context,
                       GBytes **ret_mail, GError **error);
} MugaiSteps;

/** mugai_sanitize_steps_here: steps in this very process, unprotected: for tests and fuzzers. @scanner is borrowed. */
MugaiSteps *mugai_sanitize_steps_here (MugaiScanner *scanner);
void mugai_sanitize_steps_here_free (MugaiSteps *steps);

typedef struct {
  gint64 wait, spool, inspect, decide, rebuild, keep; /* [ms]; -1: did not happen */
} MugaiTookMs;

/* All that is known of a message once the way has been gone: what the record, the answer and the keeper need. */
typedef struct {
  MugaiFacts *facts;       /* NULL: the message could not be read */
  MugaiDecision *decision; /* never NULL */
  GBytes *
      mail; /* what is delivered when changed: the new message or the notice; NULL: nothing, or byte for byte the old one */
  gsize body_offset; /* of mail */
  char *out_sha256;  /* of mail; NULL without one */
  MugaiTookMs took;
  char *failure;  /* name of the row of the table of failures that decided, or NULL */
  gboolean alarm; /* gate refused, accounts do not balance: somebody must look */
} MugaiOutcome;

MugaiOutcome *mugai_outcome_new (void);
void mugai_outcome_free (MugaiOutcome *outcome);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiOutcome, mugai_outcome_free)

/**
 * mugai_sanitize_run:
 * @steps: a worker
 * @message_fd: sealed memory file, the message as received
 * @envelope: classified by flow; forwarding is filled in here, once the headers are facts
 * @ret_outcome: (out) (transfer full): whenever a decision was reached, of whatever kind
 *
 * inspect, decide, rebuild (or the held notice), gate, leaves in = verdicts out. FALSE: the worker died or was late: try another, or decide
 * by mugai_sanitize_failed ().
 */
gboolean mugai_sanitize_run (MugaiSteps *steps, const MugaiPolicy *policy, MugaiEnvelope *envelope, int message_fd,
                             const MugaiNoticeContext *context, MugaiOutcome **ret_outcome, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/** mugai_sanitize_failed: (transfer full): the outcome by the table of failures: with HOLD the notice is written, with nothing read. */
MugaiOutcome *mugai_sanitize_failed (const MugaiPolicy *policy, const MugaiEnvelope *envelope, MugaiFailure failure,
                                     const char *because, const MugaiNoticeContext *context);

/* ---- recipients that are not to see each other ---- */

#define MUGAI_HIDDEN_RECIPIENTS "undisclosed-recipients:;"
/** mugai_names_recipients: header field @field (To, Cc, Bcc, Resent-To ...) names recipients. */
gboolean mugai_names_recipients (const char *field);
/** mugai_hide_recipients: (transfer full): @mail (CRLF) with MUGAI_HIDDEN_RECIPIENTS in place of such fields; all else byte for byte. */
GBytes *mugai_hide_recipients (GBytes *mail);

/* ---- our own notices ---- */

#define MUGAI_MARK_FIELD "X-Mugai-Mark"
#define MUGAI_MARK_MAX_BYTES 128u

/**
 * mugai_mark_digest: (transfer full): SHA-256 [hex] of what a mark stands for: all header fields but those that a mail collects on its
 * way (Received, Delivered-To, X-...), and the body. @ret_mark: (optional) (transfer full): the mark it bears, "" for none. NULL: it can have
 * none: no header's end, or two marks. @message may be a stranger's.
 */
char *mugai_mark_digest (const char *message, gsize length_bytes, char **ret_mark);
/** mugai_mark_put: (transfer full): the notice with the mark in its header. */
GBytes *mugai_mark_put (GBytes *notice, const char *mark);

/** mugai_outcome_mark: the mark onto the notice of a held mail; the gate looks at it once more. FALSE and @error: it stays as it was. */
gboolean mugai_outcome_mark (MugaiOutcome *outcome, const char *mark, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* One held mail that a mail box was not told of. Borrowed. */
typedef struct {
  const char *id, *time, *from, *subject;
} MugaiDigestItem;

/** mugai_notice_digest: (transfer full): one mail to @box about @count held mails, of which @items (MugaiDigestItem) are named. Passed by the
 * gate, or NULL and @error. */
GBytes *mugai_notice_digest (const char *box, guint64 count, const GArray *items, const MugaiNoticeContext *context,
                             GError **error);
