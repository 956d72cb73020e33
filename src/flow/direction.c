/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Which way a mail goes: by the network the client is in, whether it has authenticated, and whose the recipients are. What the
 * sender writes of itself decides nothing. Any thread.
 */
#include "mugai/flow.h"

#include <string.h>

#include <gio/gio.h>

#include "flow.h"

/* "IPv6:..." and "[...]" as MTAs write them, a zone behind %, and v4-mapped v6 as plain v4. */
static GInetAddress *parse_client (const char *client) {
  g_autofree char *copy = g_strdup (client ? client : "");
  char *text = g_strstrip (copy);
  gsize length = strlen (text);
  if (length >= 2 && text[0] == '[' && text[length - 1] == ']') {
    text[length - 1] = '\0';
    text++;
  }
  if (g_ascii_strncasecmp (text, "IPv6:", 5) == 0)
    text += 5;
  char *zone = strchr (text, '%');
  if (zone)
    *zone = '\0';
  g_autoptr (GInetAddress) address = *text ? g_inet_address_new_from_string (text) : NULL;
  if (!address || g_inet_address_get_family (address) != G_SOCKET_FAMILY_IPV6)
    return g_steal_pointer (&address);
  const guint8 *bytes = g_inet_address_to_bytes (address);
  static const guint8 mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
  if (memcmp (bytes, mapped, sizeof mapped) != 0)
    return g_steal_pointer (&address);
  return g_inet_address_new_from_bytes (bytes + 12, G_SOCKET_FAMILY_IPV4);
}

gboolean mugai_flow_client_inside (const MugaiOrganisation *organisation, const char *client) {
  g_autoptr (GInetAddress) address = parse_client (client);
  if (!address)
    return FALSE;
  for (char **network = organisation->networks; network && *network; network++) {
    g_autoptr (GInetAddressMask) mask = g_inet_address_mask_new_from_string (*network, NULL);
    if (mask && g_inet_address_mask_matches (mask, address))
      return TRUE;
  }
  return FALSE;
}

char *mugai_flow_client_network (const char *client) {
  g_autoptr (GInetAddress) address = parse_client (client);
  if (!address)
    return g_strdup (client ? client : "");
  if (g_inet_address_get_family (address) != G_SOCKET_FAMILY_IPV6)
    return g_inet_address_to_string (address);
  guint8 bytes[16] = { 0 };
  memcpy (bytes, g_inet_address_to_bytes (address), 8);
  g_autoptr (GInetAddress) network = g_inet_address_new_from_bytes (bytes, G_SOCKET_FAMILY_IPV6);
  g_autofree char *text = g_inet_address_to_string (network);
  return g_strconcat (text, "/64", NULL);
}

static gboolean is_authenticated (const MugaiEnvelope *envelope) {
  return envelope->auth && *envelope->auth;
}

static MugaiDirection direction_of (gboolean sender_inside, gboolean recipient_inside) {
  if (sender_inside)
    return recipient_inside ? MUGAI_DIRECTION_INTERNAL : MUGAI_DIRECTION_OUTBOUND;
  return recipient_inside ? MUGAI_DIRECTION_INBOUND : MUGAI_DIRECTION_RELAY;
}

MugaiDirection mugai_flow_recipient_direction (const MugaiOrganisation *organisation, const MugaiEnvelope *envelope,
                                               const char *address) {
  gboolean sender_inside = is_authenticated (envelope) || mugai_flow_client_inside (organisation, envelope->client);
  return direction_of (sender_inside, mugai_flow_address_inside (organisation, address));
}

void mugai_flow_classify (const MugaiOrganisation *organisation, MugaiEnvelope *envelope) {
  gboolean any_inside = envelope->recipients->len == 0, any_outside = FALSE;
  envelope->client_inside = mugai_flow_client_inside (organisation, envelope->client);
  envelope->from_inside = mugai_flow_address_inside (organisation, envelope->from);
  gboolean sender_inside = envelope->client_inside || is_authenticated (envelope);
  for (guint i = 0; i < envelope->recipients->len; i++) {
    MugaiRecipient *recipient = g_ptr_array_index (envelope->recipients, i);
    recipient->inside = mugai_flow_address_inside (organisation, recipient->address);
    recipient->direction = direction_of (sender_inside, recipient->inside);
    any_inside |= recipient->inside;
    any_outside |= !recipient->inside;
  }
  /* From inside, one outside recipient makes it outbound; from outside, relaying is refused recipient by recipient. */
  envelope->direction = direction_of (sender_inside, sender_inside ? !any_outside : any_inside);
}
