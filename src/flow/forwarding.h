/* SPDX-License-Identifier: GPL-2.0-only
 *
 * What the finders of evidence look at, and how they read header facts.
 */
#pragma once

#include "flow.h"

typedef struct {
  const MugaiOrganisation *organisation;
  const MugaiEnvelope *envelope;
  const MugaiFacts *facts;  /* NULL: no headers known */
  gboolean leaving;         /* outbound; else internal */
  gboolean authenticated;   /* the client has logged in */
  gboolean by_hand;         /* a person who has logged in sends it on in that person's own name */
  gboolean automatic_reply; /* ours: an absence note, a delivery report */
  gboolean own_list;        /* our list server sends it to the list's members */
} Case;

/** flow_next_value: the next value of header @name from *@at on; NULL: no more. */
const char *flow_next_value (const Case *c, const char *name, guint *at);
const char *flow_first_value (const Case *c, const char *name);
/** flow_has_any: is there a header of one of these @names (NULL-terminated)? */
gboolean flow_has_any (const Case *c, const char *const *names);
/** flow_value_says: the first word of @value, before blanks, comments and parameters, is @word. */
gboolean flow_value_says (const char *value, const char *word);
gboolean flow_any_says (const Case *c, const char *name, const char *word);
/** flow_address_in: (transfer full): what stands in the last <>, or all of it. */
char *flow_address_in (const char *value);
/** flow_our_address_in: (transfer full): the same when it is an address of ours, else NULL. */
char *flow_our_address_in (const Case *c, const char *value);
/** flow_received_for: (transfer full): the address of ours that a Received value is "for", or NULL. */
char *flow_received_for (const Case *c, const char *value);
