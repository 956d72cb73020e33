/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Evidence that a mail on its way out was forwarded by a rule and not by a person. Each piece has a name, so that a refusal says
 * what was seen. Near misses that are none: automatic replies, lists of our own, redirecting by an authenticated
 * person's own hand, an X-Forwarded-For that a web server wrote. Any thread.
 */
#include "mugai/flow.h"

#include <string.h>

#include "flow.h"

typedef struct {
  const MugaiOrganisation *organisation;
  const MugaiEnvelope *envelope;
  const MugaiFacts *facts; /* NULL: no headers known */
  gboolean authenticated, own_list;
} Case;

/* ---- headers ---- */

/* The next value of header @name from *@at on; NULL: no more. */
static const char *next_value (const Case *c, const char *name, guint *at) {
  while (c->facts && c->facts->headers && *at < c->facts->headers->len) {
    const MugaiHeaderFact *header = g_ptr_array_index (c->facts->headers, (*at)++);
    if (g_ascii_strcasecmp (header->name, name) == 0)
      return header->value ? header->value : "";
  }
  return NULL;
}

static const char *first_value (const Case *c, const char *name) {
  guint at = 0;
  return next_value (c, name, &at);
}

static gboolean has_any (const Case *c, const char *const *names) {
  for (; *names; names++)
    if (first_value (c, *names))
      return TRUE;
  return FALSE;
}

/* The first word of a value, before blanks, comments and parameters, is @word. */
static gboolean says (const char *value, const char *word) {
  gsize length = strlen (word);
  if (!value)
    return FALSE;
  value += strspn (value, " \t");
  return g_ascii_strncasecmp (value, word, length) == 0 && (!value[length] || strchr (" \t;(", value[length]));
}

static char *address_in (const char *value) {
  const char *open = strrchr (value, '<'), *close = open ? strchr (open, '>') : NULL;
  g_autofree char *text = close ? g_strndup (open + 1, (gsize) (close - open - 1)) : g_strdup (value);
  return flow_address_strip (text);
}

static gboolean value_is_ours (const Case *c, const char *value) {
  g_autofree char *address = address_in (value);
  return strchr (address, '@') && mugai_flow_address_inside (c->organisation, address);
}

static gboolean any_value_ours (const Case *c, const char *name) {
  guint at = 0;
  for (const char *value; (value = next_value (c, name, &at));)
    if (value_is_ours (c, value))
      return TRUE;
  return FALSE;
}

/* ---- near misses ---- */

static gboolean is_null_sender (const Case *c) {
  return !c->envelope->from || !*c->envelope->from;
}

static gboolean is_automatic_reply (const Case *c) {
  return is_null_sender (c) && says (first_value (c, "auto-submitted"), "auto-replied");
}

/* A list that we run: it sends in our name, and its List-Id is in a domain of ours. */
static gboolean is_own_list (const Case *c) {
  const char *id = first_value (c, "list-id");
  if (!id || !c->envelope->from_inside)
    return FALSE;
  g_autofree char *name = address_in (id); /* "Staff <staff.city.example.lg.jp>" */
  for (const char *dot = strchr (name, '.'); dot; dot = strchr (dot + 1, '.'))
    if (flow_domain_is_ours (c->organisation, dot + 1))
      return TRUE;
  return flow_domain_is_ours (c->organisation, name);
}

/* ---- pieces of evidence ---- */

static gboolean sees_auto_submitted (const Case *c) {
  return says (first_value (c, "auto-submitted"), "auto-forwarded");
}

static gboolean sees_outside_sender (const Case *c) {
  return c->envelope->client_inside && !c->authenticated && !is_null_sender (c) && !c->envelope->from_inside;
}

/* Resent-* by an authenticated person, in that person's own name, is done by hand. */
static gboolean sees_resent (const Case *c) {
  static const char *const names[] = { "resent-from", "resent-sender", "resent-to", NULL };
  if (!has_any (c, names))
    return FALSE;
  const char *from = first_value (c, "resent-from");
  if (!c->authenticated || !from || sees_auto_submitted (c))
    return TRUE;
  g_autofree char *address = address_in (from);
  g_autofree char *sender = flow_address_strip (c->envelope->from);
  return g_ascii_strcasecmp (address, sender) != 0;
}

/* X-Forwarded-For of a web form holds IP addresses; a mail box server's holds mail addresses. */
static gboolean sees_x_forwarded (const Case *c) {
  static const char *const names[] = { "x-forwarded-to", "x-forwarded-for", NULL };
  for (gsize i = 0; names[i]; i++) {
    guint at = 0;
    for (const char *value; (value = next_value (c, names[i], &at));)
      if (strchr (value, '@'))
        return TRUE;
  }
  return first_value (c, "x-forwarded-encrypted") != NULL;
}

static gboolean sees_exchange (const Case *c) {
  const char *source = first_value (c, "x-ms-exchange-generated-message-source");
  g_autofree char *folded = source ? g_ascii_strdown (source, -1) : NULL;
  static const char *const loops[] = { "x-ms-exchange-inbox-rules-loop", "x-ms-exchange-forwardingloop",
                                       "x-ms-exchange-forwarding-loop", NULL };
  return has_any (c, loops) || (folded && strstr (folded, "mailbox rules agent"))
         || says (first_value (c, "x-ms-exchange-organization-autoforwarded"), "true")
         || says (first_value (c, "x-ms-exchange-autoforwarded"), "true");
}

static gboolean sees_sieve (const Case *c) {
  static const char *const names[] = { "x-sieve", "x-sieve-redirected-from", NULL };
  return has_any (c, names);
}

static gboolean sees_delivered_to (const Case *c) {
  return !c->own_list && (any_value_ours (c, "delivered-to") || any_value_ours (c, "x-original-to"));
}

/* "... by mx.city.example.lg.jp ... for <user@city.example.lg.jp>; date" */
static gboolean received_for_ours (const Case *c, const char *value) {
  const char *place = strstr (value, " for ");
  if (!place)
    return FALSE;
  place += strlen (" for ");
  place += strspn (place, " <");
  g_autofree char *address = g_strndup (place, strcspn (place, ">; \t"));
  return strchr (address, '@') && mugai_flow_address_inside (c->organisation, address);
}

static gboolean sees_received (const Case *c) {
  guint at = 0;
  if (c->own_list)
    return FALSE;
  for (const char *value; (value = next_value (c, "received", &at));)
    if (received_for_ours (c, value))
      return TRUE;
  return FALSE;
}

static gboolean sees_srs (const Case *c) {
  const char *from = c->envelope->from ? c->envelope->from : "";
  return (g_ascii_strncasecmp (from, "SRS0", 4) == 0 || g_ascii_strncasecmp (from, "SRS1", 4) == 0) && from[4]
         && strchr ("=+-", from[4]);
}

static gboolean sees_caf (const Case *c) {
  g_autofree char *from = g_ascii_strdown (c->envelope->from ? c->envelope->from : "", -1);
  return strstr (from, "+caf_=") != NULL;
}

static const struct {
  const char *name;
  gboolean (*sees) (const Case *c);
} evidence[MUGAI_N_FORWARDINGS] = {
  [MUGAI_FORWARDING_AUTO_SUBMITTED] = { "auto-submitted", sees_auto_submitted },
  [MUGAI_FORWARDING_OUTSIDE_SENDER] = { "outside-sender-leaving", sees_outside_sender },
  [MUGAI_FORWARDING_RESENT] = { "resent", sees_resent },
  [MUGAI_FORWARDING_X_FORWARDED] = { "x-forwarded", sees_x_forwarded },
  [MUGAI_FORWARDING_EXCHANGE] = { "exchange-rule", sees_exchange },
  [MUGAI_FORWARDING_SIEVE] = { "sieve", sees_sieve },
  [MUGAI_FORWARDING_DELIVERED_TO] = { "delivered-to-ours", sees_delivered_to },
  [MUGAI_FORWARDING_RECEIVED] = { "received-for-ours", sees_received },
  [MUGAI_FORWARDING_SRS] = { "srs", sees_srs },
  [MUGAI_FORWARDING_CAF] = { "caf", sees_caf },
};

char **mugai_flow_forwarding (const MugaiOrganisation *organisation, const MugaiEnvelope *envelope,
                              const MugaiFacts *facts) {
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  Case c = {
    .organisation = organisation,
    .envelope = envelope,
    .facts = facts,
    .authenticated = envelope->auth && *envelope->auth,
  };
  if (envelope->direction != MUGAI_DIRECTION_OUTBOUND || is_automatic_reply (&c))
    return g_strv_builder_end (builder);
  c.own_list = is_own_list (&c);
  for (guint i = 0; i < MUGAI_N_FORWARDINGS; i++)
    if (evidence[i].sees (&c))
      g_strv_builder_add (builder, evidence[i].name);
  return g_strv_builder_end (builder);
}
