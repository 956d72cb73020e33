/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Records of a period, for the sub-commands that ask what has happened.
 */
#pragma once

#include "policy.h"

/** mugai_policy_cli_records: each record of the chain back to --since, newest first. */
gboolean mugai_policy_cli_records (const MugaiPolicyOptions *options, void (*take) (json_t *record, gpointer data),
                                   gpointer data, GError **error);
/** mugai_policy_cli_cover: (transfer full): of clauses.yaml, [{"clause","asks","rules":[{"id","there","hits"}],"served","hits"}]; @hits: {rule: n}. */
json_t *mugai_policy_cli_cover (const MugaiPolicy *policy, const MugaiPolicyOptions *options, json_t *hits,
                                GError **error);
/** mugai_policy_cli_print_would: what monitored rules and a tried policy would have done, with counts. Returns: exit status. */
int mugai_policy_cli_print_would (const MugaiPolicyOptions *options);
