/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Evidence that a mail on its way out was forwarded by a rule and not by a person. Each piece has a name, so that a refusal says
 * what was seen. Near misses that are none: automatic replies, lists of our own, redirecting by an authenticated
 * person's own hand, an X-Forwarded-For that a web server wrote. Any thread.
 */
#include "forwarding.h"

#include <string.h>

/* ---- near misses ---- */

static gboolean is_null_sender (const Case *c) {
  return !c->envelope->from || !*c->envelope->from;
}

/* Somebody else's automatic reply that a mail box sends on has our envelope, but not our From. */
static gboolean is_automatic_reply (const Case *c) {
  const char *author = c->facts && c->facts->from_address ? c->facts->from_address : "";
  return is_null_sender (c) && flow_any_says (c, "auto-submitted", "auto-replied")
         && !flow_any_says (c, "auto-submitted", "auto-forwarded")
         && (!*author || mugai_flow_address_inside (c->organisation, author));
}

/* "Staff <staff.city.example.lg.jp>": a list of ours by its id. */
static gboolean is_our_list_id (const Case *c, const char *id) {
  g_autofree char *name = flow_address_in (id);
  for (const char *dot = strchr (name, '.'); dot; dot = strchr (dot + 1, '.'))
    if (flow_domain_is_ours (c->organisation, dot + 1))
      return TRUE;
  return flow_domain_is_ours (c->organisation, name);
}

/* The address of ours that the list's members write to; NULL: none is named. Older servers (ezmlm, fml, SmartList) write no List-Id. */
static char *own_list_post (const Case *c) {
  static const char *const names[] = { "list-post", "x-beenthere", "x-mailing-list" };
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    const char *value = flow_first_value (c, names[i]);
    char *post = value ? flow_our_address_in (c, value) : NULL;
    if (post)
      return post;
  }
  return NULL;
}

/* A list that we run: it sends in our name, and it is named by an id or an address of ours. */
static gboolean is_own_list (const Case *c) {
  const char *id = flow_first_value (c, "list-id");
  g_autofree char *post = c->envelope->from_inside ? own_list_post (c) : NULL;
  return c->envelope->from_inside && (post || (id && is_our_list_id (c, id)));
}

/* Was it the list that @address of ours stands for, and not a member whose mail box sends the list's mail on? */
static gboolean is_list_address (const Case *c, const char *address) {
  const char *at = strrchr (address, '@');
  if (!c->own_list || !at)
    return FALSE;
  g_autofree char *post = own_list_post (c);
  const char *id = flow_first_value (c, "list-id");
  g_autofree char *name = flow_address_in (id ? id : "");
  gsize label = strcspn (name, ".");
  return (post && g_ascii_strcasecmp (post, address) == 0)
         || (label == (gsize) (at - address) && g_ascii_strncasecmp (name, address, label) == 0);
}

/* Resent-* in the sender's own name, by somebody who has logged in or whose own mail it was in the first place: a person's own hand. A
 * mail box sends on what others wrote. */
static gboolean is_by_hand (const Case *c) {
  const char *from = flow_first_value (c, "resent-from");
  if (!from || flow_any_says (c, "auto-submitted", "auto-forwarded"))
    return FALSE;
  g_autofree char *address = flow_address_in (from);
  g_autofree char *sender = flow_address_strip (c->envelope->from);
  gboolean own_mail = c->facts && g_ascii_strcasecmp (c->facts->from_address, address) == 0;
  return (c->authenticated || own_mail) && *sender && g_ascii_strcasecmp (address, sender) == 0;
}

/* A list server of ours that signs with Resent-* for the list. */
static gboolean is_by_list (const Case *c) {
  const char *from = flow_first_value (c, "resent-from");
  g_autofree char *address = from ? flow_address_in (from) : NULL;
  return address && is_list_address (c, address);
}

/* A mail box of ours that this mail has been through, by header @name; NULL: none. */
static char *mail_box_in (const Case *c, const char *name, char *(*read) (const Case *c, const char *value)) {
  guint at = 0;
  for (const char *value; (value = flow_next_value (c, name, &at));) {
    g_autofree char *address = read (c, value);
    if (address && !is_list_address (c, address))
      return g_steal_pointer (&address);
  }
  return NULL;
}

/* ---- pieces of evidence ---- */

static gboolean sees_auto_submitted (const Case *c) {
  return flow_any_says (c, "auto-submitted", "auto-forwarded") || flow_any_says (c, "autoforwarded", "true")
         || flow_any_says (c, "auto-forwarded", "true") || flow_any_says (c, "auto-forwarded", "yes");
}

static gboolean sees_outside_sender (const Case *c) {
  return c->leaving && c->envelope->client_inside && !c->authenticated && !is_null_sender (c)
         && !c->envelope->from_inside;
}

static gboolean sees_resent (const Case *c) {
  static const char *const names[] = { "resent-from", "resent-sender", "resent-to",         "resent-cc",
                                       "resent-bcc",  "resent-date",   "resent-message-id", NULL };
  return !c->by_hand && !is_by_list (c) && flow_has_any (c, names);
}

/* X-Forwarded-For of a web form holds IP addresses; a mail box server's holds mail addresses. X-Forwarded-Message-Id is none
 * of them: Thunderbird writes it when a person forwards. */
static gboolean sees_x_forwarded (const Case *c) {
  static const char *const names[] = { "x-forwarded-to", "x-forwarded-for", "x-forwarded-by", "x-forwarded-from",
                                       NULL };
  static const char *const forwarders[] = { "x-forwarded-encrypted", "x-zimbra-forwarded", NULL };
  for (gsize i = 0; names[i]; i++) {
    guint at = 0;
    for (const char *value; (value = flow_next_value (c, names[i], &at));)
      if (strchr (value, '@'))
        return TRUE;
  }
  return flow_has_any (c, forwarders);
}

/* Exchange marks its absence notes the same way. */
static gboolean sees_exchange (const Case *c) {
  static const char *const loops[] = { "x-ms-exchange-inbox-rules-loop", "x-ms-exchange-forwardingloop",
                                       "x-ms-exchange-forwarding-loop", NULL };
  const char *source = flow_first_value (c, "x-ms-exchange-generated-message-source");
  g_autofree char *folded = source ? g_ascii_strdown (source, -1) : NULL;
  return !c->automatic_reply
         && (flow_has_any (c, loops) || (folded && strstr (folded, "mailbox rules agent"))
             || flow_any_says (c, "x-ms-exchange-organization-autoforwarded", "true")
             || flow_any_says (c, "x-ms-exchange-autoforwarded", "true"));
}

/* Cyrus writes X-Sieve on all that it delivers, and on its vacation replies too: what a person or the list then sends on has it. */
static gboolean sees_sieve (const Case *c) {
  if (c->automatic_reply)
    return FALSE;
  return flow_first_value (c, "x-sieve-redirected-from")
         || (!c->by_hand && !c->own_list && flow_first_value (c, "x-sieve"));
}

static const char *const delivery_headers[] = { "delivered-to", "x-original-to", "x-delivered-to", "envelope-to",
                                                NULL };

static gboolean is_recipient (const Case *c, const char *address) {
  for (guint i = 0; i < c->envelope->recipients->len; i++) {
    const MugaiRecipient *recipient = g_ptr_array_index (c->envelope->recipients, i);
    if (g_ascii_strcasecmp (recipient->address, address) == 0)
      return TRUE;
  }
  return FALSE;
}

static gboolean sees_delivered_to (const Case *c) {
  if (c->automatic_reply || c->by_hand)
    return FALSE;
  for (const char *const *name = delivery_headers; *name; name++) {
    g_autofree char *mail_box = mail_box_in (c, *name, flow_our_address_in);
    if (mail_box && (c->leaving || !is_recipient (c, mail_box)))
      return TRUE;
  }
  return FALSE;
}

/* Inside, every hop of an ordinary mail says so. */
static gboolean sees_received (const Case *c) {
  if (!c->leaving || c->automatic_reply || c->by_hand)
    return FALSE;
  g_autofree char *mail_box = mail_box_in (c, "received", flow_received_for);
  return mail_box != NULL;
}

static gboolean sees_srs (const Case *c) {
  return flow_sender_is_srs (c->envelope->from ? c->envelope->from : "");
}

static gboolean sees_caf (const Case *c) {
  return flow_sender_is_caf (c->envelope->from ? c->envelope->from : "");
}

/* Lists send an id on, and so does a person who redirects. */
static gboolean sees_message_id (const Case *c) {
  return c->leaving && c->envelope->message_id_seen && !c->own_list && !c->by_hand;
}

static gboolean sees_echo (const Case *c) {
  return c->leaving && c->envelope->mail_box_echo && !c->own_list && !c->automatic_reply
         && !flow_any_says (c, "auto-submitted", "auto-replied");
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
  [MUGAI_FORWARDING_MESSAGE_ID_SEEN] = { "message-id-seen", sees_message_id },
  [MUGAI_FORWARDING_MAIL_BOX_ECHO] = { "mail-box-echo", sees_echo },
};

static gboolean case_init (Case *c, const MugaiOrganisation *organisation, const MugaiEnvelope *envelope,
                           const MugaiFacts *facts) {
  *c = (Case){
    .organisation = organisation,
    .envelope = envelope,
    .facts = facts,
    .leaving = envelope->direction == MUGAI_DIRECTION_OUTBOUND,
    .authenticated = envelope->auth && *envelope->auth,
  };
  if (!c->leaving && envelope->direction != MUGAI_DIRECTION_INTERNAL)
    return FALSE;
  c->by_hand = is_by_hand (c);
  c->automatic_reply = is_automatic_reply (c);
  c->own_list = is_own_list (c);
  return TRUE;
}

char **mugai_flow_forwarding (const MugaiOrganisation *organisation, const MugaiEnvelope *envelope,
                              const MugaiFacts *facts) {
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  Case c;
  gboolean looks = case_init (&c, organisation, envelope, facts);
  for (guint i = 0; looks && i < MUGAI_N_FORWARDINGS; i++)
    if (evidence[i].sees (&c))
      g_strv_builder_add (builder, evidence[i].name);
  return g_strv_builder_end (builder);
}

/* "kakari+caf_=private=mail.example.com@city.example.lg.jp" is Kakari's mail box. */
static char *caf_owner (const Case *c) {
  const char *from = c->envelope->from, *at = strrchr (from, '@');
  g_autofree char *folded = g_ascii_strdown (from, -1);
  const char *mark = strstr (folded, "+caf_=");
  if (!at || !mark || !c->envelope->from_inside)
    return NULL;
  g_autofree char *local = g_strndup (from, (gsize) (mark - folded));
  return g_strconcat (local, at, NULL);
}

/* The rule's own marks first: they name its mail box and no earlier one. */
char *mugai_flow_forwarding_owner (const MugaiOrganisation *organisation, const MugaiEnvelope *envelope,
                                   const MugaiFacts *facts) {
  static const char *const marks[] = { "x-ms-exchange-inbox-rules-loop",
                                       "x-ms-exchange-forwardingloop",
                                       "x-ms-exchange-forwarding-loop",
                                       "x-sieve-redirected-from",
                                       "resent-from",
                                       "resent-sender",
                                       "delivered-to",
                                       "x-original-to",
                                       "x-delivered-to",
                                       "envelope-to",
                                       "x-forwarded-for" };
  Case c;
  if (!case_init (&c, organisation, envelope, facts))
    return NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (marks); i++) {
    char *owner = mail_box_in (&c, marks[i], flow_our_address_in);
    if (owner)
      return owner;
  }
  char *owner = mail_box_in (&c, "received", flow_received_for);
  if (!owner && sees_caf (&c))
    owner = caf_owner (&c);
  /* A notice to an SRS address would be rewritten back and leave. */
  return owner || !(sees_srs (&c) || sees_caf (&c)) ? owner : g_strdup ("");
}
