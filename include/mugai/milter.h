/* SPDX-License-Identifier: GPL-2.0-only
 *
 * milter: the front: libmilter's callbacks and the seven stages of a message (design.md 2).
 *
 * libmilter keeps its listening socket in a static of its own and cannot be handed one: so the master calls mugai_front_open () once, stays
 * single-threaded, and forks each front, the restarted ones too; a front calls mugai_front_run () and never returns to the master's code. Threads:
 * mugai_front_run () starts some (libmilter's, and one that reads control_fd); the master none.
 */
#pragma once

#include "mugai/base/config.h"

/* The MTA's listener for releases: Postfix's milter_macro_daemon_name, Sendmail's DaemonPortOptions Name. A name only says by which door a
 * mail came; what opens it is the token in the first header field. */
#define MUGAI_RELEASE_DAEMON "mugai-release"
#define MUGAI_RELEASE_FIELD "X-Mugai-Release"

/* ---- in the master ---- */

/**
 * mugai_front_open:
 *
 * smfi_register, smfi_setconn, smfi_opensocket. A unix socket is bound under another name and moved to its place with mode and
 * group from @config: no moment without a socket, and libmilter, which unlinks the name it bound whenever a front ends, finds nothing. The
 * listening descriptor is made non-blocking, for it is shared. Errors: G_IO_ERROR, with the address.
 */
gboolean mugai_front_open (const MugaiConfig *config, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** mugai_front_unlink: removes the unix socket's name: the master's last act. */
void mugai_front_unlink (const MugaiConfig *config);

/* ---- in a front ---- */

#define MUGAI_FRONT_MAX_MESSAGE_BYTES 65536u /* one datagram on control_fd */

/* Counters since this front began, for `mugai status`; X (member) */
#define MUGAI_FRONT_COUNTERS(X)                                                                                        \
  X (sessions)    /* now open */                                                                                       \
  X (waiting)     /* mails now waiting for a worker */                                                                 \
  X (oldest_ms)   /* age of the oldest mail now in hand, 0: none */                                                    \
  X (spool_bytes) /* now in memory files */                                                                            \
  X (messages)    /* answered */                                                                                       \
  X (delivered)                                                                                                        \
  X (changed) /* of delivered */                                                                                       \
  X (held)                                                                                                             \
  X (refused)                                                                                                          \
  X (tempfailed)                                                                                                       \
  X (failures) /* rows of the table of failures that fired, and stages 6 and 7 */

/**
 * MugaiFrontOptions: borrowed; the front owns the descriptors from the call on.
 *
 * On @control_fd (SOCK_SEQPACKET, JSON datagrams) the master says:
 *   {"policy": version} and one descriptor: a sealed bundle as from mugai_policy_to_bytes ()
 *   {"generation": n, "signatures": version or null, "time": s} and two descriptors: pool take end, pool put end. The front closes those of the generation
 *       before at once, and closes (does not put back) workers of it that are still in hand when their mail is done
 *   {"generation": 0}: none serves at present (its zygote died): close both ends
 *   {"stop": ms}: accept no more, finish the sessions in hand within so many ms, then exit 0. End of file: likewise, with config->stop_ms
 * and the front says:
 *   {"ready": true}                         libmilter runs
 *   {"counters": {each of MUGAI_FRONT_COUNTERS: n}, "policy": version, "generation": n}   every second, and at the end
 *   {"alarm": code, "text": words}          see mugaid's alarms: codes are [a-z-]+, words are safe text
 */
typedef struct {
  const MugaiConfig *config;
  guint index; /* from 0 */
  int control_fd;
  int policy_fd;                  /* sealed bundle; never -1 */
  int pool_take_fd, pool_put_fd;  /* -1: no generation yet (every mail 4xx until the master sends one) */
  guint generation;               /* 0: none */
  const char *signatures_version; /* (nullable) */
  gint64 signatures_time_s;       /* 0: none loaded */
} MugaiFrontOptions;

/** mugai_front_run: the front's life: exit status. SIGTERM and SIGINT are ignored or handled by libmilter only in the sense of {"stop"}. */
int mugai_front_run (const MugaiFrontOptions *options);
