/* SPDX-License-Identifier: GPL-2.0-only
 *
 * audit/sign: signed statements about the chain, ed25519.
 *
 *     checkpoint   a line on the chain, about the line before it: every MUGAI_AUDIT_CHECKPOINT_LINES lines or _S seconds, and first of each day
 *     head.json    the last line there is; written over in place with each group: a tail cut off is seen
 *     base.json    the last line that retention took away: where the chain begins now
 *
 * The signed text is "mugai KIND\nSEQ\nHASH\n"; KIND keeps one statement from being passed off as another.
 */
#pragma once

#include "mugai/audit.h"
#include "mugai/base/base.h"

#define MUGAI_AUDIT_CHECKPOINT_LINES 1000u
#define MUGAI_AUDIT_CHECKPOINT_S 300
#define MUGAI_AUDIT_PUBLIC_NAME "audit.pub"
#define MUGAI_AUDIT_HEAD_NAME "head.json"
#define MUGAI_AUDIT_BASE_NAME "base.json"
#define MUGAI_AUDIT_SIGNATURE_HEX 128

typedef struct MugaiAuditSigner MugaiAuditSigner;

/** mugai_audit_signer_open: the secret key in @keys_folder; made, with its public half in @directory_fd, when neither is there. */
MugaiAuditSigner *mugai_audit_signer_open (const char *keys_folder, int directory_fd, GError **error);
void mugai_audit_signer_close (MugaiAuditSigner *signer);
/** mugai_audit_sign: (transfer full): {"seq","head","key","signature"}. */
json_t *mugai_audit_sign (const MugaiAuditSigner *signer, const char *kind, guint64 seq, const char *hash);

/** mugai_audit_signer_mac: (transfer full): keyed BLAKE2b of @text, hexadecimal, under a key derived from the secret one for @purpose. */
char *mugai_audit_signer_mac (const MugaiAuditSigner *signer, const char *purpose, const char *text);

/** mugai_audit_read_public: hexadecimal key of a file; @directory_fd may be AT_FDCWD. */
gboolean mugai_audit_read_public (int directory_fd, const char *name, char **ret_key, GError **error);
/** mugai_audit_check_signature: @statement says so about @ret_seq and @ret_hash, signed by @key (hex). */
gboolean mugai_audit_check_signature (json_t *statement, const char *kind, const char *key, guint64 *ret_seq,
                                      char ret_hash[MUGAI_SHA256_HEX_LENGTH + 1]);
/** mugai_audit_read_statement: (transfer full) (nullable): head.json, base.json or a kept copy of one; NULL: not there or not JSON. @ret_there. */
json_t *mugai_audit_read_statement (int directory_fd, const char *name, gboolean *ret_there);
/** mugai_audit_read_head: (transfer full) (nullable): head.json, signed by @key; NULL: not there (@ret_there) or not good. May be read while the
 * keeper writes it. */
json_t *mugai_audit_read_head (int directory_fd, const char *key, guint64 *ret_seq,
                               char ret_hash[MUGAI_SHA256_HEX_LENGTH + 1], gboolean *ret_there);
