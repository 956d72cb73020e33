/* SPDX-License-Identifier: GPL-2.0-only
 *
 * audit/line: one line of the chain: how it is made, and what a good one looks like.
 */
#pragma once

#include "mugai/audit.h"
#include "mugai/base/base.h"

typedef struct {
  json_t *json;
  guint64 seq;
  char prev[MUGAI_SHA256_HEX_LENGTH + 1];
  char hash[MUGAI_SHA256_HEX_LENGTH + 1];
} MugaiAuditLine;

void mugai_audit_line_clear (MugaiAuditLine *line);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (MugaiAuditLine, mugai_audit_line_clear)

/** mugai_audit_line_make: (transfer full): the line without line end; its hash goes to @ret_hash. NULL: longer than MUGAI_AUDIT_MAX_LINE_BYTES. */
char *mugai_audit_line_make (guint64 seq, const char *prev, const char *kind, const char *at, const char *actor,
                             json_t *body, char ret_hash[MUGAI_SHA256_HEX_LENGTH + 1]);

/** mugai_audit_line_check: TRUE when the line is exactly as made; else @ret_fault (transfer none) says what is wrong. */
gboolean mugai_audit_line_check (const char *text, gsize length_bytes, MugaiAuditLine *ret_line,
                                 const char **ret_fault);

/** mugai_audit_first_prev: what the first line has as "prev": 64 zeros. */
const char *mugai_audit_first_prev (void);
