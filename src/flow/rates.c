/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Which buckets a mail belongs to: its sender, login, client and direction, as keys that people read ("outbound:sender:a@b").
 * A sender from outside is whoever it says it is, and is not counted: the client is. Any thread.
 */
#include "mugai/flow.h"

#include <string.h>

#include "flow.h"

static void add_rate (GPtrArray *rates, MugaiDirection direction, const char *subject, const char *who,
                      const MugaiRateLimit *limit) {
  MugaiRate *rate = g_new0 (MugaiRate, 1);
  g_autofree char *folded = g_utf8_strdown (who, -1);
  g_autofree char *key = g_strconcat (mugai_direction_name (direction), ":", subject, *folded ? ":" : "", folded, NULL);
  if (strlen (key) > MUGAI_RATE_MAX_KEY_BYTES) /* nobody's address: all of them together */
    key[MUGAI_RATE_MAX_KEY_BYTES - MUGAI_RATE_MAX_KEY_BYTES / 4] = '\0';
  rate->key = g_utf8_make_valid (key, -1);
  rate->messages = limit->messages;
  rate->recipients = limit->recipients;
  rate->window_s = MAX (1, limit->window_s);
  rate->stop = limit->stop;
  g_ptr_array_add (rates, rate);
}

GPtrArray *mugai_flow_rates (const MugaiEnvelope *envelope, const MugaiRateLimit limits[MUGAI_N_RATE_SUBJECTS]) {
  GPtrArray *rates = g_ptr_array_new_with_free_func ((GDestroyNotify) mugai_rate_free);
  MugaiDirection direction = envelope->direction;
  if (direction == MUGAI_DIRECTION_RELAY)
    return rates;
  g_autofree char *sender = flow_address_strip (envelope->from);
  g_autofree char *client = mugai_flow_client_network (envelope->client);
  if (direction != MUGAI_DIRECTION_INBOUND && *sender)
    add_rate (rates, direction, "sender", sender, &limits[MUGAI_RATE_SENDER]);
  if (envelope->auth && *envelope->auth)
    add_rate (rates, direction, "user", envelope->auth, &limits[MUGAI_RATE_USER]);
  add_rate (rates, direction, "client", client, &limits[MUGAI_RATE_CLIENT]);
  add_rate (rates, direction, "organisation", "", &limits[MUGAI_RATE_ORGANISATION]);
  return rates;
}
