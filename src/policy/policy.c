/* SPDX-License-Identifier: GPL-2.0-only
 *
 * A loaded policy: counted, immutable, asked for its plain values. The count is the only thing that changes, with
 * g_atomic_int (), so threads share a policy freely.
 */
#include "sieve.h"

MugaiPolicy *mugai_policy_ref (MugaiPolicy *policy) {
  g_atomic_int_inc (&policy->references);
  return policy;
}

static void organisation_clear (MugaiOrganisation *ours) {
  g_free (ours->name);
  g_strfreev (ours->domains);
  g_strfreev (ours->networks);
  g_free (ours->reviewers);
  g_free (ours->notice_from);
  g_free (ours->postmaster);
}

void mugai_policy_unref (MugaiPolicy *policy) {
  if (!policy || !g_atomic_int_dec_and_test (&policy->references))
    return;
  organisation_clear (&policy->organisation);
  for (guint i = 0; i < MUGAI_N_DIRECTIONS; i++) {
    g_free (policy->ceilings[i].said.clause);
    g_free (policy->ceilings[i].said.ja);
    g_free (policy->ceilings[i].said.en);
  }
  for (guint i = 0; i < MUGAI_N_NOTICE_TEXTS; i++)
    for (guint j = 0; j < NOTICE_TEXTS; j++)
      g_free (policy->notices[i][j]);
  sieve_free (policy->message_sieve);
  sieve_free (policy->part_sieve);
  g_ptr_array_unref (policy->message_rules);
  g_ptr_array_unref (policy->part_rules);
  g_ptr_array_unref (policy->exceptions);
  g_ptr_array_unref (policy->branches);
  g_ptr_array_unref (policy->groups);
  g_ptr_array_unref (policy->group_matchers);
  g_ptr_array_unref (policy->file_names);
  g_strfreev (policy->trusted_relays);
  mugai_policy_unref (policy->shadow);
  g_clear_pointer (&policy->bundle, g_bytes_unref);
  g_clear_pointer (&policy->own_bundle, g_bytes_unref);
  g_free (policy->version);
  g_free (policy->name);
  g_free (policy);
}

GBytes *mugai_policy_to_bytes (const MugaiPolicy *policy) {
  return g_bytes_ref (policy->bundle);
}

GBytes *mugai_policy_own_bytes (const MugaiPolicy *policy) {
  return g_bytes_ref (policy->own_bundle);
}

const char *mugai_policy_name (const MugaiPolicy *policy) {
  return policy->name;
}

const char *mugai_policy_version (const MugaiPolicy *policy) {
  return policy->version;
}

const MugaiOrganisation *mugai_policy_organisation (const MugaiPolicy *policy) {
  return &policy->organisation;
}

const MugaiRateLimit *mugai_policy_rates (const MugaiPolicy *policy, MugaiDirection direction) {
  return policy->rates[direction];
}

const char *const *mugai_policy_trusted_relays (const MugaiPolicy *policy) {
  return (const char *const *) policy->trusted_relays;
}

MugaiCeiling mugai_policy_ceiling (const MugaiPolicy *policy, MugaiDirection direction) {
  return policy->ceilings[direction].level;
}

guint64 mugai_policy_max_size (const MugaiPolicy *policy, MugaiDirection direction) {
  guint64 largest = policy->max_size[direction];
  for (guint i = 0; i < policy->branches->len; i++)
    largest = MAX (largest, branch_max_size (policy, i + 1, direction));
  return largest;
}

const char *mugai_failure_name (MugaiFailure failure) {
#define NAME(c, n) n,
  static const char *const names[] = { MUGAI_FAILURES (NAME) };
#undef NAME
  return names[failure];
}

MugaiAction mugai_policy_on_failure (const MugaiPolicy *policy, MugaiFailure failure) {
  return policy->failures[failure];
}

gint64 mugai_policy_stale_after_s (const MugaiPolicy *policy) {
  return policy->stale_after_s;
}

const char *mugai_policy_notice_text (const MugaiPolicy *policy, MugaiNoticeText text, gboolean japanese) {
  return policy->notices[text][japanese ? 0 : 1];
}

void mugai_policy_problem_free (MugaiPolicyProblem *problem) {
  mugai_yaml_problem_free (problem);
}

char *mugai_policy_problem_format (const MugaiPolicyProblem *problem) {
  return mugai_yaml_problem_format (problem);
}
