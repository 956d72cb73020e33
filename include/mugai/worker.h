/* SPDX-License-Identifier: GPL-2.0-only
 *
 * worker: generations of signatures, the pool of idle workers, their sandbox, and the wire between front and worker.
 *
 * The zygote is single-threaded, loads the signatures once, then only forks. Each worker offers itself by a datagram on the generation's
 * pool socket: one end of its own channel, its pid and count. Who takes it owns it for one message and puts it back or closes it.
 */
#pragma once

#include "mugai/sanitize.h"

#define MUGAI_WORKER_MAX_REPLY_BYTES (220u * 1024 * 1024) /* a new message; facts are bound by MUGAI_JSON_MAX_BYTES */

typedef enum {
  MUGAI_WORKER_ERROR_NONE_IDLE, /* no worker in time: 4xx, not an attempt */
  MUGAI_WORKER_ERROR_DIED,      /* end of file on its channel */
  MUGAI_WORKER_ERROR_LATE,      /* deadline; the caller closes it and its parent kills it */
  MUGAI_WORKER_ERROR_PROTOCOL   /* it said something that was not agreed */
} MugaiWorkerError;
#define MUGAI_WORKER_ERROR (mugai_worker_error_quark ())
GQuark mugai_worker_error_quark (void);

/* ---- the front's side ---- */

typedef struct MugaiWorker MugaiWorker;

/** mugai_pool_new: a generation's pool: workers and fronts offer on the put end (non-blocking), fronts take from the take end. */
gboolean mugai_pool_new (int *ret_take_fd, int *ret_put_fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** mugai_worker_take: (transfer full): an idle worker from @take_fd, waiting at most @timeout_ms. Dead ones are passed over. Any thread. */
MugaiWorker *mugai_worker_take (int take_fd, int timeout_ms, GError **error);
/**
 * mugai_worker_put_back: ready for another message; or, when it has served @max_messages, had a detection, oddity or error, or @put_fd is -1:
 * closed. Steals; NULL is fine.
 */
void mugai_worker_put_back (MugaiWorker *worker, int put_fd, guint max_messages, gboolean suspicious);
/** mugai_worker_close: ends it. Steals; NULL is fine. */
void mugai_worker_close (MugaiWorker *worker);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiWorker, mugai_worker_close)
/**
 * mugai_worker_steps: (transfer none): the steps of this worker, each answered before @deadline_us (g_get_monotonic_time ()). Errors:
 * MUGAI_WORKER_ERROR; facts that are not well-formed: MUGAI_JSON_ERROR (MUGAI_FAILURE_FACTS_INVALID).
 */
MugaiSteps *mugai_worker_steps (MugaiWorker *worker, gint64 deadline_us);
/** mugai_worker_extract: (transfer full): one part's content, after inspect; within the deadline of mugai_worker_steps (). MUGAI_SANITIZE_ERROR_NOT_FOUND too. */
GBytes *mugai_worker_extract (MugaiWorker *worker, const char *path, GError **error);
int mugai_worker_pid (const MugaiWorker *worker);

/* ---- sandbox and serving ---- */

typedef struct {
  const char *scratch; /* the worker's own folder on tmpfs, made by its parent */
  guint64 scratch_bytes;
  guint64 memory_bytes; /* beyond what is mapped already (the engine); 0: no limit (as always in sanitizer builds) */
  guint cpu_s;          /* RLIMIT_CPU of the worker's whole life; 0: MUGAI_WORKER_CPU_S */
  MugaiSanitizeLimits limits; /* of reading; zeros: defaults */
} MugaiSandboxOptions;

#define MUGAI_WORKER_CPU_S 600u /* a worker that has used half of it says so and is put to rest after its message */

/** mugai_scratch_new: (transfer full): a new folder (0700) below @root, or, with NULL, on tmpfs (/dev/shm) where there is one; NULL and @error. */
char *mugai_scratch_new (const char *root, GError **error);
/** mugai_scratch_empty: removes all that is in @scratch, whatever a taken-over worker made of it; no recursion, follows no link. */
gboolean mugai_scratch_empty (const char *scratch, GError **error);
/** mugai_scratch_free: empties and removes it, and frees the name. NULL is fine. */
void mugai_scratch_free (char *scratch);

/** mugai_sandbox_enter: rlimits, no_new_privs, Landlock where the kernel has it, seccomp (kill). For ever. Single-threaded process. */
void mugai_sandbox_warm_up (void); /* before it: opens what the C library and GMime open at first use; idempotent */
gboolean mugai_sandbox_enter (const MugaiSandboxOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * mugai_worker_spawn:
 * @scanner: loaded; used by the child
 *
 * Forks one sandboxed worker (for `mugai sanitize`, `mugai scan`, export). The child never returns. Caller is single-threaded; it waits for
 * the child after closing: mugai_worker_close () does both for a spawned one.
 */
MugaiWorker *mugai_worker_spawn (MugaiScanner *scanner, const MugaiSandboxOptions *options, GError **error);

/* ---- zygote ---- */

typedef struct {
  const char *signatures;   /* (nullable) folder */
  const char *scratch_root; /* on tmpfs; a folder a worker is made below it */
  guint workers;
  guint64 scratch_bytes, memory_bytes;
  MugaiSanitizeLimits limits; /* of reading; zeros: defaults */
  guint max_cached;           /* as in MugaiScanLimits */
  guint generation;
} MugaiZygoteOptions;

/**
 * mugai_zygote_mount_scratch:
 *
 * As root, before the zygote takes its own user: a mount namespace of its own, and in it one tmpfs a worker below scratch_root, of scratch_bytes, owned by @uid; gone with
 * the zygote. FALSE where the kernel does not let us: then the folders are plain ones and only RLIMIT_FSIZE bounds them.
 */
gboolean mugai_zygote_mount_scratch (const MugaiZygoteOptions *options, guint uid, guint gid, GError **error);

/**
 * mugai_zygote_run:
 * @control_fd: SOCK_SEQPACKET to the master: out {"ready":true,"version":...,"time":...,"signatures":n} or {"ready":false,"error":...} once, then
 *   {"workers":n,"died":pid,"status":s} as they end; in: end of file or {"stop":true} ends the generation: no new workers, the idle ones end, those in hand finish
 * @pool_fd: put end of the pool, on which workers offer themselves. Nobody but the fronts may hold the take end when the generation is to end
 *
 * Runs until the generation ends. Exit status.
 */
int mugai_zygote_run (const MugaiZygoteOptions *options, int control_fd, int pool_fd);
