/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Whether a condition holds for a message, one of its recipients, one of its parts. Pure: what it reads is in the view.
 */
#pragma once

#include "matcher.h"

/* What the parts of a message say together; found once. */
typedef struct {
  guint64 scans, flags;
  guint attachments;
  guint64 attachment_bytes;
  guint shown_outside;
  guint outside_recipients;
  gboolean ambiguous, my_number, is_protected, scanned;
} Summary;

typedef struct {
  const MugaiPolicy *policy;
  const MugaiEnvelope *envelope;
  const MugaiFacts *facts; /* NULL before the message is there: then only facts of that stage are asked for */
  const Summary *summary;
  Cache *cache;                    /* NULL: nothing is remembered; texts must live as long as it */
  guint branch;                    /* index + 1; 0: none */
  MugaiDirection direction;        /* of the recipient in hand */
  const MugaiRecipient *recipient; /* NULL: none in hand */
  const MugaiPart *part;           /* NULL for message rules */
} View;

void summary_init (Summary *summary, const MugaiPolicy *policy, const MugaiEnvelope *envelope, const MugaiFacts *facts);
/** condition_holds: NULL always holds. */
gboolean condition_holds (const Condition *condition, const View *view);
/** fact_text: the one text of a fact that has one; NULL for those with several. */
const char *fact_text (MugaiFact fact, const View *view);
/** condition_because: (transfer full): what was seen, in plain words: the facts that @condition names, with their values. */
char *condition_because (const Condition *condition, const View *view);

/** condition_seen: (transfer full): the value that the fact of @condition has here, whether or not it holds. */
char *condition_seen (const Condition *condition, const View *view);
/** condition_words: (transfer full): the condition as a sentence. */
char *condition_words (const Condition *condition, gboolean japanese);
