/* SPDX-License-Identifier: GPL-2.0-only
 *
 * policy: what the security staff say. Loads, checks and explains policy files; decides.
 *
 * A MugaiPolicy is immutable after loading and counted: threads share it. decide is pure: no clock, locale, environment, file, network;
 * src/policy/decide.c uses base only (checked by the symbols of its object).
 */
#pragma once

#include "mugai/base/facts.h"
#include "mugai/base/yaml.h"

typedef struct MugaiPolicy MugaiPolicy;

#define MUGAI_POLICY_MAX_BYTES (4u * 1024 * 1024) /* all files of one policy */
#define MUGAI_POLICY_MAX_RULES 5000u

typedef MugaiYamlProblem MugaiPolicyProblem; /* base/yaml.h: file, line, column, message */

typedef enum {
  MUGAI_POLICY_ERROR_READ,   /* cannot be read */
  MUGAI_POLICY_ERROR_INVALID /* mistakes; see the problems */
} MugaiPolicyError;
#define MUGAI_POLICY_ERROR (mugai_policy_error_quark ())
GQuark mugai_policy_error_quark (void);

/**
 * mugai_policy_load:
 * @path: policy file; includes are relative to its folder
 * @japanese: language of the problems
 * @ret_problems: (out) (optional) (transfer full): of MugaiPolicyProblem: every mistake in one run, warnings too
 *
 * Returns: (transfer full): NULL when there is an error among the problems.
 */
MugaiPolicy *mugai_policy_load (const char *path, gboolean japanese, GPtrArray **ret_problems, GError **error);
/** mugai_policy_load_bytes: the same from memory: what mugai_policy_to_bytes () made (a sealed file from the master). */
MugaiPolicy *mugai_policy_load_bytes (GBytes *bundle, GError **error);
/** mugai_policy_to_bytes: (transfer full): the policy and its includes as one bundle. */
GBytes *mugai_policy_to_bytes (const MugaiPolicy *policy);

MugaiPolicy *mugai_policy_ref (MugaiPolicy *policy);
void mugai_policy_unref (MugaiPolicy *policy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiPolicy, mugai_policy_unref)
void mugai_policy_problem_free (MugaiPolicyProblem *problem);
/** mugai_policy_problem_format: (transfer full): "file:line:column: error: message", the line, a caret under it. */
char *mugai_policy_problem_format (const MugaiPolicyProblem *problem);

const char *mugai_policy_name (const MugaiPolicy *policy);
/** SHA-256 of the policy's files, hexadecimal. */
const char *mugai_policy_version (const MugaiPolicy *policy);
const MugaiOrganisation *mugai_policy_organisation (const MugaiPolicy *policy);
/** mugai_policy_trusted_relays: (transfer none): authserv-ids whose Authentication-Results count, lower case; never NULL. */
const char *const *mugai_policy_trusted_relays (const MugaiPolicy *policy);
MugaiCeiling mugai_policy_ceiling (const MugaiPolicy *policy, MugaiDirection direction);
/** mugai_policy_rates: (transfer none): MUGAI_N_RATE_SUBJECTS limits of a direction; 0: none. */
const MugaiRateLimit *mugai_policy_rates (const MugaiPolicy *policy, MugaiDirection direction);
/** mugai_policy_max_size: largest message of a direction [bytes]. */
guint64 mugai_policy_max_size (const MugaiPolicy *policy, MugaiDirection direction);

/** Failures that the table of failures has a row for. */
#define MUGAI_FAILURES(X)                                                                                              \
  X (NO_WORKER, "no-worker")                   /* none idle in time: always tempfail, not an attempt */                \
  X (WORKER_DIED, "worker-died")               /* once */                                                              \
  X (WORKER_DIED_TWICE, "worker-died-twice")   /* or late twice: hold by default */                                    \
  X (MESSAGE_UNREADABLE, "message-unreadable") /* the reader gave up: limits, no structure */                          \
  X (SCANNER_MISSING, "scanner-missing")       /* no signatures loaded */                                              \
  X (SIGNATURES_STALE, "signatures-stale")                                                                             \
  X (FACTS_INVALID, "facts-invalid") /* the worker's facts were not well-formed */                                     \
  X (GATE_REFUSED, "gate-refused")                                                                                     \
  X (KEEPER_FAILED, "keeper-failed") /* always tempfail */
#define MUGAI_ENUM_MEMBER_FAILURE(c, n) MUGAI_FAILURE_##c,
typedef enum { MUGAI_FAILURES (MUGAI_ENUM_MEMBER_FAILURE) MUGAI_N_FAILURES } MugaiFailure;
const char *mugai_failure_name (MugaiFailure failure);
/** mugai_policy_on_failure: TEMPFAIL, HOLD or REFUSE; never DELIVER. */
MugaiAction mugai_policy_on_failure (const MugaiPolicy *policy, MugaiFailure failure);
/** mugai_policy_stale_after_s: age of the signatures from which they are stale [s]. */
gint64 mugai_policy_stale_after_s (const MugaiPolicy *policy);

/** Texts of a notice that belong to the organisation; the list of parts is the writer's. */
#define MUGAI_NOTICE_TEXTS(X)                                                                                          \
  X (REMOVED, "removed")   /* above the list of removed parts */                                                       \
  X (HELD, "held")         /* first lines of the notice in place of a held mail */                                     \
  X (HELD_OUT, "held-out") /* the same to the inside sender of a held outbound mail */                                 \
  X (DIGEST, "digest")     /* first lines of a day's summary of held mails that nobody was told of one by one */       \
  X (CONTACT, "contact")   /* last lines: whom to ask */                                                               \
  X (OUTSIDE, "outside")   /* all that people outside read of a rebuilt mail */
#define MUGAI_ENUM_MEMBER_NOTICE(c, n) MUGAI_NOTICE_##c,
typedef enum { MUGAI_NOTICE_TEXTS (MUGAI_ENUM_MEMBER_NOTICE) MUGAI_N_NOTICE_TEXTS } MugaiNoticeText;
/** mugai_policy_notice_text: (transfer none): lines of UTF-8 with LF; "" when the policy says nothing. */
const char *mugai_policy_notice_text (const MugaiPolicy *policy, MugaiNoticeText text, gboolean japanese);

/** mugai_policy_decide_sender: at MAIL: over-size by the SIZE= claim. Returns: (transfer full): DELIVER or REFUSE. */
MugaiDecision *mugai_policy_decide_sender (const MugaiPolicy *policy, const MugaiEnvelope *envelope,
                                           guint64 claimed_bytes);
/** mugai_policy_decide_recipient: at RCPT: relay. The recipient is the envelope's last. Returns: (transfer full): DELIVER or REFUSE. */
MugaiDecision *mugai_policy_decide_recipient (const MugaiPolicy *policy, const MugaiEnvelope *envelope);
/**
 * mugai_policy_decide:
 * @envelope: complete, classified by flow, with forwarding evidence
 *
 * First matching message rule decides the action; first matching part rule each part; the ceiling caps both. A recipient whose
 * direction is relay is refused alone (decision->recipients) where others are not: RCPT has refused it, and it must not get the mail.
 * Returns: (transfer full).
 */
MugaiDecision *mugai_policy_decide (const MugaiPolicy *policy, const MugaiEnvelope *envelope, const MugaiFacts *facts);
/** mugai_policy_decide_failure: what the table of failures says, as a decision. Parts of @facts (nullable) are all removed. */
MugaiDecision *mugai_policy_decide_failure (const MugaiPolicy *policy, const MugaiEnvelope *envelope,
                                            MugaiFailure failure, const char *because);

/**
 * mugai_policy_facts_to_json:
 *
 * Every fact that decide reads by its name in the vocabulary ("direction", "from", "size", "oddities", ...), for the record and for replay.
 */
json_t *mugai_policy_facts_to_json (const MugaiEnvelope *envelope, const MugaiFacts *facts);
