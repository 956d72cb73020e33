/* SPDX-License-Identifier: GPL-2.0-only
 *
 * spawn: one worker of our own, for the command line: the same child, wire and sandbox as the zygote's.
 *
 * Single-threaded callers only: the child goes on with the parent's memory.
 */
#include "worker.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gio/gio.h>

#include "mugai/base/fd.h"

MugaiWorker *mugai_worker_spawn (MugaiScanner *scanner, const MugaiSandboxOptions *options, GError **error) {
  int ends[2];

  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
    g_set_error (error, G_IO_ERROR, (gint) g_io_error_from_errno (errno), "socketpair: %s", g_strerror (errno));
    return NULL;
  }
  g_auto (MugaiFd) child_end = ends[0];
  g_auto (MugaiFd) our_end = ends[1];
  pid_t parent = getpid ();

  mugai_sandbox_warm_up ();
  pid_t pid = fork ();
  if (pid < 0) {
    g_set_error (error, G_IO_ERROR, (gint) g_io_error_from_errno (errno), "fork: %s", g_strerror (errno));
    return NULL;
  }
  if (pid == 0)
    worker_child_run (&(ChildOptions){ scanner, options, child_end, -1, -1, parent });
  MugaiWorker *worker = worker_new (mugai_fd_steal (&our_end), pid, 0);
  worker->spawned = TRUE;
  return worker;
}
