/* SPDX-License-Identifier: GPL-2.0-only
 *
 * What the sub-commands of `mugai policy` share: their options and how they print.
 */
#pragma once

#include "mugai/base/config.h"
#include "mugai/policy/tools.h"

#include "envelope.h"

#define MUGAI_CLI_CONFIG "/etc/mugai/mugai.yaml"

/* Every option that any of them has; each adds those it knows. */
typedef struct {
  gboolean json, yes, off, write, current;
  char *policy, *signatures, *config, *audit, *since, *clauses, *close, *report, *approved_by;
  MugaiCliEnvelope envelope;
  char **arguments; /* what is left; never NULL after parsing */
  guint n_arguments;
} MugaiPolicyOptions;

enum {
  POLICY_OPTION_POLICY = 1 << 0,   /* --policy FILE */
  POLICY_OPTION_SCAN = 1 << 1,     /* --signatures DIR */
  POLICY_OPTION_ENVELOPE = 1 << 2, /* --from ... */
  POLICY_OPTION_CONFIG = 1 << 3,   /* --config FILE */
  POLICY_OPTION_RECORDS = 1 << 4,  /* --config, --audit DIR, --since 7d */
  POLICY_OPTION_YES = 1 << 5,
  POLICY_OPTION_WRITE = 1 << 6,
  POLICY_OPTION_OFF = 1 << 7,
  POLICY_OPTION_CLAUSES = 1 << 8,
  POLICY_OPTION_CLOSE = 1 << 9, /* --close ID, --report TEXT, --approved-by NAME */
};

int mugai_policy_explain_command (MugaiPolicyOptions *options);
int mugai_policy_test_command (MugaiPolicyOptions *options);
int mugai_policy_diff_command (MugaiPolicyOptions *options);
int mugai_policy_replay_command (MugaiPolicyOptions *options);
int mugai_policy_coverage_command (MugaiPolicyOptions *options);
int mugai_policy_shadow_command (MugaiPolicyOptions *options);
int mugai_policy_load_command (MugaiPolicyOptions *options);
int mugai_policy_rollback_command (MugaiPolicyOptions *options);
int mugai_policy_check_command (MugaiPolicyOptions *options);
int mugai_policy_format_command (MugaiPolicyOptions *options);
int mugai_policy_schema_command (MugaiPolicyOptions *options);
int mugai_policy_vocabulary_command (MugaiPolicyOptions *options);
int mugai_policy_exceptions_command (MugaiPolicyOptions *options);

/** mugai_policy_cli_load: (transfer full): prints problems on standard error; NULL when it does not load. */
MugaiPolicy *mugai_policy_cli_load (const char *path);
MugaiPolicy *mugai_policy_cli_load_without_cases (const char *path);
/** mugai_policy_cli_run_cases: (transfer full): cases with their mails, each inspected in the sandbox. */
json_t *mugai_policy_cli_run_cases (const MugaiPolicy *policy, const char *path, const char *signatures,
                                    GError **error);
/** mugai_policy_cli_print_cases: failed ones and the count; TRUE: all passed. */
gboolean mugai_policy_cli_print_cases (json_t *results);
/** mugai_policy_cli_print_diff: one line a change, "!" before those that let more pass. */
void mugai_policy_cli_print_diff (json_t *changes);
/** mugai_policy_cli_ask: (transfer full): mugaid's answer; sudo's user goes along, for the chain. NULL and @error: it does not run. */
json_t *mugai_policy_cli_ask (const MugaiConfig *config, json_t *request, GError **error);
void mugai_policy_cli_print_json (json_t *value);
/** mugai_policy_cli_text: a member's text, or "". */
const char *mugai_policy_cli_text (json_t *object, const char *key);
