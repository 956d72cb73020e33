/* SPDX-License-Identifier: GPL-2.0-only
 *
 * policy/tools: what people do with a policy before and after it serves: explain, try, compare, replay, write.
 *
 * All of it works on plain data; nothing here changes a policy. Words are in the language asked for, names of facts, rules and
 * actions are never translated. JSON is for programs and the same in every language but for members called "words". Any thread.
 */
#pragma once

#include "mugai/policy.h"

/* ---- facts ---- */

/**
 * mugai_policy_facts_from_json:
 * @json: facts by their names in the vocabulary, as the record has them
 * @strict: a name that is in no vocabulary is an error (a case written by a person), else it is passed over (a record of another version)
 *
 * What is left out is as in an ordinary mail: from outside, scanned, clean. "time" (2026-04-01T09:00) may stand for "time-us", a text for a recipient.
 * Returns: FALSE and MUGAI_POLICY_ERROR_INVALID when a value has the wrong type.
 */
gboolean mugai_policy_facts_from_json (const MugaiPolicy *policy, json_t *json, gboolean strict,
                                       MugaiEnvelope **ret_envelope, MugaiFacts **ret_facts, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* ---- explain ---- */

/**
 * mugai_policy_explain:
 *
 * {"action", "rule", "ceiling", "changed", "reply", "recipients", "rules": [{"id","on","recipient"|"part","result","why":[{"fact","wants","seen","holds"}]}],
 *  "parts": [{"path","type","action","rule"}], "exceptions", "would"}: each rule in order for each recipient and part.
 */
json_t *mugai_policy_explain (const MugaiPolicy *policy, const MugaiEnvelope *envelope, const MugaiFacts *facts,
                              gboolean japanese);

/* ---- compare ---- */

/** mugai_policy_diff: (transfer full): array of {"section","kind":"added"|"removed"|"changed"|"moved","name","words","weaker"}. */
json_t *mugai_policy_diff (const MugaiPolicy *before, const MugaiPolicy *after, gboolean japanese);

/** mugai_policy_would_differ: (transfer full) (nullable): how a recorded mail would fare under @policy: {"was","is","rule","domain"};
 * NULL when it would fare the same. FALSE: the record cannot be replayed (decided by the table of failures, or before its facts were known). */
gboolean mugai_policy_would_differ (const MugaiPolicy *policy, json_t *record, json_t **ret_difference, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* ---- cases ---- */

/** MugaiPolicyMailStep: facts of the mail in file @path for @envelope's case; FALSE and @error when it cannot be inspected. */
typedef gboolean (*MugaiPolicyMailStep) (const MugaiPolicy *policy, const char *path, json_t *given,
                                         MugaiEnvelope **ret_envelope, MugaiFacts **ret_facts, gpointer data,
                                         GError **error);

/**
 * mugai_policy_run_cases:
 * @path: a file of cases, or a folder of such files
 * @step: (nullable): without it cases that name a mail are passed over
 *
 * Returns: (transfer full): {"passed","failed","skipped","cases":[{"file","line","name","result","words"}]}; NULL and @error when nothing could be read.
 */
json_t *mugai_policy_run_cases (const MugaiPolicy *policy, const char *path, gboolean japanese,
                                MugaiPolicyMailStep step, gpointer data, GError **error);
/** mugai_policy_cases_path: (transfer full) (nullable): the cases beside a policy: tests/NAME for NAME.yaml, file or folder; NULL: it has none. */
char *mugai_policy_cases_path (const char *policy_path);

/** mugai_policy_shadow_path: (transfer full): where the policy that is tried beside @policy_path stands: NAME.shadow/policy.yaml. */
char *mugai_policy_shadow_path (const char *policy_path);

/* ---- read and write ---- */

/** mugai_policy_load_without_cases: as mugai_policy_load (), but its own cases are not run: for who runs them next, mails too. */
MugaiPolicy *mugai_policy_load_without_cases (const char *path, gboolean japanese, GPtrArray **ret_problems,
                                              GError **error);

typedef struct {
  char *name; /* relative to the policy's folder, and inside it */
  GBytes *text;
} MugaiPolicyFile;

/** mugai_policy_own_bytes: (transfer full): the bundle of the policy alone, without one that is tried: what its version is of. */
GBytes *mugai_policy_own_bytes (const MugaiPolicy *policy);
/** mugai_policy_bundle_files: (transfer full): of MugaiPolicyFile: the policy itself first; NULL and @error when it is no bundle. */
GPtrArray *mugai_policy_bundle_files (GBytes *bundle, GError **error);

/** mugai_policy_vocabulary: (transfer full): {"conditions":[{"name","type","values","of","known","words","example"}], "actions":[...]}. */
json_t *mugai_policy_vocabulary (gboolean japanese);
/** mugai_policy_schema: (transfer full): JSON Schema (2020-12) of a policy, for editors. */
json_t *mugai_policy_schema (gboolean japanese);
/** mugai_policy_list: (transfer full): {"rules":[{"id","clause","on","action","monitor"}], "exceptions":[{"id","rule","until","state","emergency",...}]}. @now_us: for the states. */
json_t *mugai_policy_list (const MugaiPolicy *policy, gint64 now_us);
/** mugai_policy_format: (transfer full): @text in canonical layout, comments kept; NULL and @error when it is no YAML of ours or would read otherwise. */
char *mugai_policy_format (const char *text, gsize length_bytes, GError **error);
