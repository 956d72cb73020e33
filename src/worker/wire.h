/* SPDX-License-Identifier: GPL-2.0-only
 *
 * wire: what front and worker say to each other on a worker's channel (SOCK_SEQPACKET): one small JSON datagram a request, one a reply.
 *
 * The bulk goes through memory files: what the worker reads is sealed by the front beforehand; what it writes goes into a file
 * that the front made and seals before it reads a byte. The front trusts nothing in a reply. One channel, one thread.
 */
#pragma once

#include "mugai/worker.h"

#define WIRE_MAX_DATAGRAM_BYTES 4096u /* the longest holds a path of a part or an error's words */
#define WIRE_MAX_TEXT_BYTES 1024u
#define WIRE_MAX_PATH_BYTES 512u

#define WIRE_OPS(X)                                                                                                    \
  X (INSPECT, "inspect") /* input: the message; output: facts */                                                       \
  X (REBUILD, "rebuild") /* input: decision and context; output: the new message */                                    \
  X (EXTRACT, "extract") /* no input; output: the part's content */
#define WIRE_ENUM_OP(c, n) WIRE_OP_##c,
typedef enum { WIRE_OPS (WIRE_ENUM_OP) WIRE_N_OPS } WireOp;

#define WIRE_CODES(X)                                                                                                  \
  X (OK, "ok")                                                                                                         \
  X (UNREADABLE, "unreadable") /* inspect: the reader gave up */                                                       \
  X (DECISION, "decision")     /* rebuild: it does not fit the facts */                                                \
  X (NOT_FOUND, "not-found")   /* extract */                                                                           \
  X (INTERNAL, "internal")     /* out of space and the like */
#define WIRE_ENUM_CODE(c, n) WIRE_CODE_##c,
typedef enum { WIRE_CODES (WIRE_ENUM_CODE) WIRE_N_CODES } WireCode;

typedef struct {
  WireOp op;
  char *path;   /* EXTRACT only */
  int input_fd; /* -1 for EXTRACT */
  int output_fd;
} WireRequest;

typedef struct {
  WireCode code;
  char *text;     /* words about what went wrong, "" when OK */
  gboolean tired; /* the worker is near the end of its CPU time: do not use it again */
} WireReply;

/** wire_send_request: descriptors stay the caller's. MUGAI_WORKER_ERROR_DIED when nobody is there. */
gboolean wire_send_request (int channel, const WireRequest *request, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** wire_receive_request: FALSE without @error: the front has closed. wire_request_clear () it after TRUE. */
gboolean wire_receive_request (int channel, WireRequest *ret_request, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void wire_request_clear (WireRequest *request);

gboolean wire_send_reply (int channel, const WireReply *reply, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** wire_receive_reply: from an enemy. MUGAI_WORKER_ERROR_DIED, _LATE, _PROTOCOL. wire_reply_clear () it after TRUE. */
gboolean wire_receive_reply (int channel, gint64 deadline_us, WireReply *ret_reply, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void wire_reply_clear (WireReply *reply);

/**
 * wire_take_output:
 * @output_fd: written by the worker
 *
 * Seals it, so that nobody changes it any more, and maps it. MUGAI_WORKER_ERROR_PROTOCOL when it is longer than @max_bytes or
 * the worker still holds a writable mapping. Returns: (transfer full).
 */
GBytes *wire_take_output (int output_fd, gsize max_bytes, GError **error);
