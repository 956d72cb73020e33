/* SPDX-License-Identifier: GPL-2.0-only
 *
 * gate: the recogniser of the small language that rebuild may write. The last wall: a worker that a hostile
 * message took over can hand out nothing but this. Separate from the writer, no GMime, no regular expressions.
 * The grammar stands in src/gate/gate.c. Pure; any thread.
 */
#pragma once

#include "mugai/base/facts.h"

typedef struct {
  MugaiCeiling ceiling; /* TEXT: one text/plain entity and nothing else; PARTS: also the parts listed */
  const char *const
      *kept_sha256; /* (nullable): NULL-terminated; decoded digests that may appear, each as often as listed */
  gsize max_bytes;  /* of the whole message; 0: MUGAI_GATE_MAX_BYTES */
} MugaiGateExpect;

#define MUGAI_GATE_MAX_BYTES (200u * 1024 * 1024)
#define MUGAI_GATE_MAX_HEADER_BYTES (30u * 1024) /* all fields: below Sendmail's 32 KiB */
#define MUGAI_GATE_MAX_FIELD_BYTES (20u * 1024)  /* one field: below Postfix's 60,000 bytes */
#define MUGAI_GATE_MAX_LINE_BYTES 998u /* RFC 5322 2.1.1; the writer keeps 76, References of clients may be longer */

typedef enum {
  MUGAI_GATE_ERROR_GRAMMAR, /* not a sentence of the language: 4xx and an alarm */
  MUGAI_GATE_ERROR_PART,    /* a part that the decision does not list, or one missing: likewise */
  MUGAI_GATE_ERROR_SIZE
} MugaiGateError;
#define MUGAI_GATE_ERROR (mugai_gate_error_quark ())
GQuark mugai_gate_error_quark (void);

typedef struct {
  gsize body_offset; /* where the body begins, behind the empty line [bytes] */
  guint n_fields;    /* header fields */
} MugaiGateResult;

/**
 * mugai_gate_check:
 * @mail: the whole new message, CRLF lines
 *
 * Returns: TRUE when the message is in the language and holds exactly the listed parts; FALSE and @error (byte offset, line and what
 * was expected there) otherwise.
 */
gboolean mugai_gate_check (const char *mail, gsize length_bytes, const MugaiGateExpect *expect,
                           MugaiGateResult *ret_result, GError **error) G_GNUC_WARN_UNUSED_RESULT;
