/* SPDX-License-Identifier: GPL-2.0-only
 *
 * sieve: which of a thousand rules can hold at all for the texts in hand. A rule that asks for a text (alone, or beside others that must
 * hold too) is listed under what it asks for; a message then looks up its few texts instead of asking every rule. What passes is asked
 * in full, so a sieve may let too much through, never too little. Immutable; pure; any thread.
 */
#pragma once

#include "condition.h"

/* When the texts of a screen are known: once a message, once a recipient, once a part. */
typedef enum { SIEVE_MESSAGE, SIEVE_RECIPIENT, SIEVE_PART } SieveLevel;

typedef struct Sieve Sieve;

/** sieve_new: @rules: of Rule (transfer none), alive and unchanged as long as the sieve. */
Sieve *sieve_new (const GPtrArray *rules);
void sieve_free (Sieve *sieve);
/** sieve_words: how many guint64 a set of its rules takes; at least 1. */
guint sieve_words (const Sieve *sieve);
/** sieve_start: @bits: the rules that no sieve can hold back, and those that pass by the texts of the message. */
void sieve_start (const Sieve *sieve, const View *view, guint64 *bits);
/** sieve_add: @to: what is in @from, and what passes by the texts of @level. */
void sieve_add (const Sieve *sieve, SieveLevel level, const View *view, const guint64 *from, guint64 *to);
/** sieve_next: the first rule from @index on that is in @bits and speaks of the direction (and scan verdict) in hand; G_MAXUINT: none. */
guint sieve_next (const Sieve *sieve, const View *view, const guint64 *bits, guint index);
