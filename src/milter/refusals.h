/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Refusals before the end of a message, counted: so that a client that tries on and on cannot fill the disk with records.
 *
 * Each refusal has a record of its own, until one client has had so many by one rule within the window. From then on its equals are
 * counted, and the count is a line of its own on the chain (kind "refusals"), once a minute. What is in memory and not yet
 * on the chain when a front is killed is at most that minute's count. Threads: any.
 */
#pragma once

#include "session.h"

#define MUGAI_REFUSALS_WINDOW_S 3600
#define MUGAI_REFUSALS_RECORDED 300u      /* of one client by one rule: an address book's worth of mistakes */
#define MUGAI_REFUSALS_RECORDED_ALL 3000u /* of a front, however many clients: 6 MiB an hour of records of 2 KiB */
#define MUGAI_REFUSALS_CLIENTS 4096u      /* told apart; the others are counted together */
#define MUGAI_REFUSALS_TOLD_S 60          /* a count goes onto the chain so often */
#define MUGAI_REFUSALS_SAMPLES 5u         /* addresses that stand with a count */
#define MUGAI_REFUSALS_KIND "refusals"

/**
 * mugai_refusals_count:
 * @what: who was refused, for the line
 * @ret_id: (out) (transfer full): of the line that will have the count; only with TRUE
 *
 * One more refusal of @envelope's client by @decision. TRUE: it is counted, and needs no record of its own.
 */
gboolean mugai_refusals_count (const MugaiEnvelope *envelope, const MugaiDecision *decision, const char *what,
                               char **ret_id);

/** mugai_refusals_tell: counts that are old enough, or @all, onto the chain; those that it does not take stay. One thread. */
void mugai_refusals_tell (gboolean all);
