/* SPDX-License-Identifier: GPL-2.0-only
 *
 * A policy in words, for explain and diff.
 */
#pragma once

#include "policy.h"

/** rule_words: (transfer full): "when ...: ...". */
char *rule_words (const Rule *rule, gint32 utc_offset_s, gboolean japanese);
const char *verb_words (Verb verb, gboolean japanese);
/** moment_words: (transfer full): an end as it is written in a policy: the last day, or day and time, in the organisation's zone. */
char *moment_words (gint64 us, gint32 utc_offset_s);
/** condition_equal: both ask the same facts for the same, as written, in the same order; NULL is "always". */
gboolean condition_equal (const Condition *a, const Condition *b);
