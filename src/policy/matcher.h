/* SPDX-License-Identifier: GPL-2.0-only
 *
 * matcher: texts of a message against the lists of a policy. Pure; any thread, each with a cache of its own.
 */
#pragma once

#include "policy.h"

/* A text as it is compared. */
typedef struct {
  char *whole;  /* text, host, or local@domain; NULL for a network */
  char *domain; /* of an address; NULL: none */
  guint8 address[16];
  gboolean is_network;
  GHashTable *groups; /* group's Matcher -> 1 or 2: not in it, in it; NULL: none was asked yet */
} Folded;

/* Texts of one message, folded once: a thousand rules ask for the same sender. */
typedef struct {
  GHashTable *texts, *domains, *addresses, *networks; /* the text's own place -> Folded */
} Cache;

void cache_init (Cache *cache);
void cache_clear (Cache *cache);
/** cache_fold: (transfer none): @text, which has to live as long as the cache, as facts of @type are compared. */
Folded *cache_fold (Cache *cache, MugaiFactType type, const char *text);
/** cache_fold_header: the same for "name: value". */
Folded *cache_fold_header (Cache *cache, const MugaiHeaderFact *header);

/** text_fold: (transfer full): NFKC and case folding, whatever the locale: "．ＥＸＥ" is ".exe". */
char *text_fold (const char *text);
/** domain_fold: (transfer full): lower case A-labels without a final dot. */
char *domain_fold (const char *domain);
/** network_parse: "192.0.2.0/24", "2001:db8::1"; FALSE when it is none, or has bits behind its prefix. */
gboolean network_parse (const char *text, Network *network);
gboolean network_has (const Network *network, const Folded *folded);
/** matcher_matches: @cache: NULL: nothing is remembered. FALSE for no text. */
gboolean matcher_matches (const Matcher *matcher, const char *text, Cache *cache);
/** matcher_matches_header: the same for "name: value". */
gboolean matcher_matches_header (const Matcher *matcher, const MugaiHeaderFact *header, Cache *cache);
/** group_matches: asked once a message and text, however many rules name the group. */
gboolean group_matches (const Matcher *group, Folded *folded);
