/* SPDX-License-Identifier: GPL-2.0-only
 *
 * flow/notices: how many notices a mail box has had within its day, and which held mails it has not been told of one by one.
 *
 * A day begins with a box's first notice and lasts MUGAI_NOTICE_DAY_S. What is withheld in it is due as one digest when it is over.
 * In memory only, filled by the keeper from records as counters are (flow/counters.h). One thread.
 */
#pragma once

#include <glib.h>

#define MUGAI_NOTICE_DAY_S 86400
#define MUGAI_NOTICE_MAX_HELD 20u     /* of held mails: more than a person reads one by one */
#define MUGAI_NOTICE_MAX_FORWARDED 1u /* that a mail box's rule forwards: the first says it all */
#define MUGAI_NOTICE_MAX_BOXES 20000u /* as many mail boxes as counters know senders */
#define MUGAI_NOTICE_MAX_IDS 50u      /* named in a digest; the others are counted */
#define MUGAI_NOTICE_CLAIM_S 60       /* from the question to the record: the longest way of a mail */
#define MUGAI_NOTICE_REPLAY_S                                                                                          \
  (MUGAI_NOTICE_DAY_S + 7200) /* so far back the keeper reads at a start: a day, and a digest that is late */

typedef enum { MUGAI_NOTICE_HELD_MAIL, MUGAI_NOTICE_FORWARDED_MAIL, MUGAI_N_NOTICE_KINDS } MugaiNoticeKind;

typedef struct MugaiNotices MugaiNotices;

/* One mail box's digest that is due. Borrowed. */
typedef struct {
  const char *box;
  guint64 count;        /* withheld */
  const GPtrArray *ids; /* of char*: of the first MUGAI_NOTICE_MAX_IDS of them */
} MugaiNoticeDigest;

MugaiNotices *mugai_notices_new (void);
void mugai_notices_free (MugaiNotices *notices);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiNotices, mugai_notices_free)

/** mugai_notices_claim: may @box have one more notice now? TRUE: then it counts, until its record comes or MUGAI_NOTICE_CLAIM_S are over. */
gboolean mugai_notices_claim (MugaiNotices *notices, const char *box, MugaiNoticeKind kind, gint64 now_us);
/** mugai_notices_sent: a record says that @box had a notice. */
void mugai_notices_sent (MugaiNotices *notices, const char *box, MugaiNoticeKind kind, gint64 at_us);
/** mugai_notices_withheld: a record says that @box was not told of the mail @id. */
void mugai_notices_withheld (MugaiNotices *notices, const char *box, const char *id, gint64 at_us);
/** mugai_notices_told: @box had a digest of @count mails. */
void mugai_notices_told (MugaiNotices *notices, const char *box, guint64 count);

/** mugai_notices_due: a box with a digest that is due; FALSE: none. */
gboolean mugai_notices_due (const MugaiNotices *notices, gint64 now_us, MugaiNoticeDigest *ret_digest);
