/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Whether a condition holds for a message, one of its recipients, one of its parts. Pure: what it reads is in the view.
 */
#pragma once

#include "policy.h"

/* What the parts of a message say together; found once. */
typedef struct {
  guint64 scans, flags;
  guint attachments;
  guint64 attachment_bytes;
  guint shown_outside;
  guint outside_recipients;
  gboolean ambiguous, my_number, is_protected, scanned;
} Summary;

/* Texts of one message as matchers compare them, folded once: a thousand rules ask for the same sender. */
typedef struct {
  GHashTable *texts, *domains, *addresses, *networks; /* the text's own place -> Folded */
} Cache;

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
/** condition_because: (transfer full): what was seen, in plain words: the facts that @condition names, with their values. */
char *condition_because (const Condition *condition, const View *view);

/** text_fold: (transfer full): NFKC and case folding, whatever the locale: "．ＥＸＥ" is ".exe". */
char *text_fold (const char *text);
/** domain_fold: (transfer full): lower case A-labels without a final dot. */
char *domain_fold (const char *domain);
/** network_parse: "192.0.2.0/24", "2001:db8::1"; FALSE when it is none, or has bits behind its prefix. */
gboolean network_parse (const char *text, Network *network);
gboolean matcher_matches (const Matcher *matcher, const char *text, Cache *cache);
/** matcher_matches_header: the same for "name: value". */
gboolean matcher_matches_header (const Matcher *matcher, const MugaiHeaderFact *header, Cache *cache);
void cache_init (Cache *cache);
void cache_clear (Cache *cache);
/** condition_seen: (transfer full): the value that the fact of @condition has here, whether or not it holds. */
char *condition_seen (const Condition *condition, const View *view);
/** condition_words: (transfer full): the condition as a sentence. */
char *condition_words (const Condition *condition, gboolean japanese);
