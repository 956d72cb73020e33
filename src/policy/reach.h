/* SPDX-License-Identifier: GPL-2.0-only
 *
 * What is certain about conditions before any mail is there: for check's warnings.
 */
#pragma once

#include "policy.h"

/** condition_can_hold: FALSE: no mail can make it hold. */
gboolean condition_can_hold (const Condition *condition);
/** condition_values: the words of a fact of one word (direction, part-scan ...) with which it may hold. */
guint64 condition_values (const Condition *condition, MugaiFact fact);
/** condition_implies: TRUE: whenever @narrow holds, @wide does. FALSE: perhaps not. */
gboolean condition_implies (const Condition *narrow, const Condition *wide);
/** condition_asks_only: TRUE: nothing but facts that are named has to hold, all of them. */
gboolean condition_asks_only (const Condition *condition, gboolean (*is_named) (MugaiFact fact));
/** condition_names_word: @word of @fact is asked for somewhere, and not under a "not". */
gboolean condition_names_word (const Condition *condition, MugaiFact fact, guint word);
gboolean matcher_is_empty (const Matcher *matcher);
