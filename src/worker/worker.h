/* SPDX-License-Identifier: GPL-2.0-only
 *
 * worker: the caller's end of one worker; and the child's life behind the other end.
 *
 * The caller's struct is shared by worker.c (steps), pool.c (take, put back) and spawn.c (one of our own).
 */
#pragma once

#include <sys/types.h>

#include "mugai/worker.h"

struct MugaiWorker {
  int channel;
  pid_t pid;
  guint served;     /* messages before this one */
  gboolean spawned; /* our own child: to be waited for */
  gboolean broken;  /* late, dead or out of step: never back to the pool */
  gboolean tired;   /* it said so itself */
  gint64 deadline_us;
  MugaiSteps steps;
};

/** worker_new: steals @channel. */
MugaiWorker *worker_new (int channel, pid_t pid, guint served);

/* What a forked child needs to become a worker. */
typedef struct {
  MugaiScanner *scanner;
  const MugaiSandboxOptions *sandbox;
  int channel;   /* its own end */
  int front_end; /* the end to offer, or -1 */
  int put_fd;    /* the pool to offer it on, or -1 */
  pid_t parent;
} ChildOptions;

/* Exit statuses of a child that did not get as far as serving. */
enum { CHILD_EXIT_ORPHAN = 81, CHILD_EXIT_FDS, CHILD_EXIT_SANDBOX, CHILD_EXIT_OFFER };

/** worker_child_run: closes everything else, enters the sandbox, offers itself, serves. Never returns. */
G_NORETURN void worker_child_run (const ChildOptions *options);

/**
 * worker_memory_collapse: puts this process's own memory into huge pages where the kernel can (Linux 6.1, MADV_COLLAPSE); elsewhere nothing
 * happens, and all works as before. For a zygote that has loaded its signatures: takes seconds for hundreds of megabytes.
 */
void worker_memory_collapse (void);

/* ---- pool ---- */

/** pool_offer: one datagram on @put_fd: @front_end, @pid, @served. Waits up to @timeout_ms for room. */
gboolean pool_offer (int put_fd, int front_end, pid_t pid, guint served, int timeout_ms, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
