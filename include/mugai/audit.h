/* SPDX-License-Identifier: GPL-2.0-only
 *
 * audit: the record of one message (design.md 6), and the chain of lines that cannot be quietly changed.
 *
 * A chain is a folder of segments, one a day (audit-YYYY-MM-DD.jsonl), one JSON object a line: {"seq","prev","kind","at","actor","body","hash"},
 * hash = SHA-256 over the line's other members as written, prev = the hash of the line before (64 zeros for the first). One writer (the keeper).
 */
#pragma once

#include "mugai/base/facts.h"

#define MUGAI_RECORD_VERSION 1

#define MUGAI_AUDIT_MAX_BODY_BYTES                                                                                     \
  (48u * 1024 * 1024) /* a record: facts of 16 MiB, said twice, and the decision on each part */
#define MUGAI_AUDIT_MAX_LINE_BYTES (MUGAI_AUDIT_MAX_BODY_BYTES + 64u * 1024)

/* What the record needs beside facts and decision. Strings are borrowed. */
typedef struct {
  const char *id;
  const MugaiEnvelope *envelope;
  const MugaiFacts *facts; /* (nullable) */
  const MugaiDecision *decision;
  json_t *vocabulary_facts; /* (nullable) mugai_policy_facts_to_json () */
  const char *policy_name, *policy_version;
  const char *quarantine_id;                                                        /* (nullable) */
  const char *failure;                                                              /* (nullable) */
  gint64 took_wait, took_spool, took_inspect, took_decide, took_rebuild, took_keep; /* [ms], -1: null */
  const char *out_sha256;                                                           /* (nullable) */
  guint64 out_size_bytes;
} MugaiRecordInput;

/** mugai_audit_record: (transfer full): exactly the object of design.md 6, every member there. */
json_t *mugai_audit_record (const MugaiRecordInput *input);

typedef struct MugaiAudit MugaiAudit;

typedef enum {
  MUGAI_AUDIT_ERROR_IO,    /* cannot be written or synced: tempfail and alarm */
  MUGAI_AUDIT_ERROR_BROKEN /* the chain on disk does not continue: never append to it; alarm */
} MugaiAuditError;
#define MUGAI_AUDIT_ERROR (mugai_audit_error_quark ())
GQuark mugai_audit_error_quark (void);

/** mugai_audit_open: for appending; reads the last line; a torn last line (no line end) is cut off, it was never answered. */
MugaiAudit *mugai_audit_open (const char *directory, GError **error);
void mugai_audit_close (MugaiAudit *audit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiAudit, mugai_audit_close)

/** mugai_audit_append: adds a line to the group in hand; not durable yet. @body is not changed. */
gboolean mugai_audit_append (MugaiAudit *audit, const char *kind, const char *actor, json_t *body, gint64 now_us,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** mugai_audit_sync: writes and syncs the group: the commit point. On failure the group is taken back, file and state. */
gboolean mugai_audit_sync (MugaiAudit *audit, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** mugai_audit_use_key: from now on checkpoints, head and retention are signed; a first key is made, and its public half put beside the chain.
 * BROKEN: the signed head names a line that is not there. */
gboolean mugai_audit_use_key (MugaiAudit *audit, const char *keys_folder, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** mugai_audit_mac: (transfer full): 64 hexadecimal digits: only who has the keeper's key can make them for @text; each @purpose has a key
 * of its own. NULL: no key is in use. */
char *mugai_audit_mac (const MugaiAudit *audit, const char *purpose, const char *text);
/** mugai_audit_mac_is_same: in a time that tells nothing of where they differ. */
gboolean mugai_audit_mac_is_same (const char *mac, const char *other);
/** mugai_audit_head_was_missing: when the key was taken into use, a signed chain with lines had no readable signed head: somebody may have cut
 * its end off and removed the head that would tell. A new head has been written; only an anchor kept elsewhere shows what is gone. */
gboolean mugai_audit_head_was_missing (const MugaiAudit *audit);
/** mugai_audit_head: (transfer full): the signed head, for keeping elsewhere as an anchor. May be asked for while the keeper writes. */
json_t *mugai_audit_head (const char *directory, GError **error);
/** mugai_audit_checkpoint: one more line in the group: a signed statement about the line before. */
gboolean mugai_audit_checkpoint (MugaiAudit *audit, gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** mugai_audit_expire: removes whole segments of days before @before_day (YYYY-MM-DD), never the newest; @ret_last: (transfer full): the
 * last one that went, or NULL. Only of a signed chain: where it begins now is signed. */
gboolean mugai_audit_expire (MugaiAudit *audit, const char *before_day, char **ret_last, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
/** mugai_audit_abandon: forgets the group in hand. */
void mugai_audit_abandon (MugaiAudit *audit);
guint64 mugai_audit_last_seq (const MugaiAudit *audit);
/** mugai_audit_pending: number and hash of the last line appended, synced or not; @ret_hash (transfer none). */
guint64 mugai_audit_pending (const MugaiAudit *audit, const char **ret_hash);

/** mugai_audit_each: calls @visit for each line in order, until it returns FALSE. Reads only. */
typedef gboolean (*MugaiAuditVisit) (json_t *line, gpointer data);
gboolean mugai_audit_each (const char *directory, MugaiAuditVisit visit, gpointer data, GError **error);
/** mugai_audit_each_back: the same, newest first: for "the last ten", and for the keeper's look at what it answered lately. */
gboolean mugai_audit_each_back (const char *directory, MugaiAuditVisit visit, gpointer data, GError **error);

typedef struct {
  guint64 lines; /* proven good */
  gboolean ok;
  char *file;          /* of the first fault */
  guint64 line;        /* in that file, from 1 */
  gboolean signatures; /* a public key was there, and all that is signed was proven with it */
  char *fault;         /* what is wrong there: "altered", "missing", "reordered", "repeated", "torn", ... with words */
} MugaiAuditReport;
#define MUGAI_AUDIT_TYPED_MIN_DIGITS                                                                                   \
  16u /* 64 bits of a line's hash: nobody finds another line for them in the years a chain is kept */
/**
 * mugai_audit_verify_signed:
 * @key_file: (nullable): the public key, kept elsewhere; NULL: the folder's own audit.pub, which whoever rebuilt the chain could have
 *   rebuilt too; without that one no signature is looked at
 * @anchor: (nullable): a head.json of this chain that was kept elsewhere; or from paper "SEQ:HEX", at least MUGAI_AUDIT_TYPED_MIN_DIGITS digits
 */
gboolean mugai_audit_verify_signed (const char *directory, const char *key_file, const char *anchor,
                                    MugaiAuditReport *ret_report, GError **error);
/** mugai_audit_verify: FALSE only when the folder cannot be read; otherwise see the report. mugai_audit_report_clear () it. */
gboolean mugai_audit_verify (const char *directory, MugaiAuditReport *ret_report, GError **error);
void mugai_audit_report_clear (MugaiAuditReport *report);
