/* SPDX-License-Identifier: GPL-2.0-only
 *
 * flow: who sends what to whom: direction of each recipient and of the message, evidence of auto-forwarding.
 *
 * Pure functions on the envelope and on header facts; judged by the policy. Any thread.
 */
#pragma once

#include "mugai/base/facts.h"

/** mugai_flow_address_inside: TRUE when the address (any form of RFC 5321: source route, percent hack, bang path, quoted local part, trailing dot,
 * any case, IDN) ends up in one of our domains and nowhere else. Tricks that another MTA could route outside are outside. */
gboolean mugai_flow_address_inside (const MugaiOrganisation *organisation, const char *address);
/** mugai_flow_client_inside: TRUE when the IP address (v4, v6, v4-mapped, "IPv6:" prefix) is in an inside network. */
gboolean mugai_flow_client_inside (const MugaiOrganisation *organisation, const char *client);
/** mugai_flow_client_network: (transfer full): whom to count: the IPv4 address, or the /64 of an IPv6 one; other text as it is. */
char *mugai_flow_client_network (const char *client);

/**
 * mugai_flow_classify:
 * @envelope: client, auth, from, recipients' addresses are set; client_inside, from_inside, direction (message and recipients) are filled
 *
 * inside sender (client inside, or authenticated): to outside = outbound, to inside = internal; outside client: to inside = inbound, to outside = relay. An outside
 * client that writes an inside sender address is outside all the same. Any outside recipient makes an inside message outbound.
 * An inside client relaying an outside sender (from not ours, not null, not authenticated) to outside stays outbound here: auto-forward judges it.
 */
void mugai_flow_classify (const MugaiOrganisation *organisation, MugaiEnvelope *envelope);

/** mugai_flow_recipient_direction: as above, for one recipient before the rest is known (RCPT). */
MugaiDirection mugai_flow_recipient_direction (const MugaiOrganisation *organisation, const MugaiEnvelope *envelope,
                                               const char *address);

/**
 * mugai_flow_forwarding:
 * @facts: (nullable): header facts
 *
 * Names of the evidence of auto-forwarding seen: MUGAI_FORWARDINGS in base/facts.h. For outbound mail; for internal mail too,
 * except what each internal hop leaves (whether forwarding inside is allowed is the policy's switch: the rule's direction).
 * An absence note (RFC 3834: null sender, Auto-Submitted: auto-replied, From of ours) is none.
 * Returns: (transfer full): never NULL.
 */
char **mugai_flow_forwarding (const MugaiOrganisation *organisation, const MugaiEnvelope *envelope,
                              const MugaiFacts *facts);

/**
 * mugai_flow_forwarding_owner:
 *
 * The mail box of ours whose rule forwards, as the evidence names it: who gets the notice. A header says so, and a sender can write
 * headers: good for a notice to one of ours, not for a verdict on that person. Returns: (transfer full) (nullable): NULL: none is
 * named; "": none, and the envelope sender is no mail box either (SRS), so nothing may be sent there.
 */
char *mugai_flow_forwarding_owner (const MugaiOrganisation *organisation, const MugaiEnvelope *envelope,
                                   const MugaiFacts *facts);

/**
 * mugai_flow_has_my_number:
 *
 * TRUE when @text (UTF-8, or any bytes) holds an individual number (個人番号): 12 digits, ASCII or full-width, in one run or in three groups of
 * four with the same separator, nothing like a digit on either side, whose last digit is the check digit of 番号法施行令 8条 and
 * 総務省令 5条. One number in eleven of that length has it by chance.
 */
gboolean mugai_flow_has_my_number (const char *text, gsize length_bytes);

/** mugai_flow_rates: (transfer full): of MugaiRate: the buckets this mail is counted in, with the limits of its direction. No relaying is. */
GPtrArray *mugai_flow_rates (const MugaiEnvelope *envelope, const MugaiRateLimit limits[MUGAI_N_RATE_SUBJECTS]);
