/* SPDX-License-Identifier: GPL-2.0-only
 *
 * pool: the queue of idle workers: a pair of datagram sockets; each datagram carries one end of a worker's channel.
 *
 * A socket pair, because datagrams between two connected ends are bound by the send buffer (about 270 of ours) and not by
 * net.unix.max_dgram_qlen, which is 10. Any number of processes and threads may take and offer at once.
 */
#include "worker.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include <gio/gio.h>

#include "mugai/base/fd.h"

#define OFFER_MAGIC 0x6d756761u /* a datagram of another kind or version is refused */
#define PUT_BACK_WAIT_MS 100

typedef struct {
  guint32 magic;
  gint32 pid;
  guint32 served;
} Offer;

gboolean mugai_pool_new (int *ret_take_fd, int *ret_put_fd, GError **error) {
  int ends[2];

  if (socketpair (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0) {
    g_set_error (error, G_IO_ERROR, (gint) g_io_error_from_errno (errno), "socketpair: %s", g_strerror (errno));
    return FALSE;
  }
  *ret_take_fd = ends[0];
  *ret_put_fd = ends[1];
  return TRUE;
}

gboolean pool_offer (int put_fd, int front_end, pid_t pid, guint served, int timeout_ms, GError **error) {
  const Offer offer = { OFFER_MAGIC, pid, served };

  for (;;) {
    g_autoptr (GError) cause = NULL;
    if (mugai_fd_send (put_fd, &offer, sizeof offer, &front_end, 1, &cause))
      return TRUE;
    struct pollfd item = { .fd = put_fd, .events = POLLOUT };
    if (!g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK) || poll (&item, 1, timeout_ms) <= 0) {
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }
  }
}

/* Nothing to read and not hung up: a worker that speaks unasked is as useless as a dead one. */
static gboolean is_idle (int channel) {
  struct pollfd item = { .fd = channel, .events = POLLIN | POLLRDHUP };

  return poll (&item, 1, 0) == 0;
}

/* One datagram from the pool; NULL without @error: what came was no idle worker. */
static MugaiWorker *take_one (int take_fd, int timeout_ms, GError **error) {
  Offer offer;
  int fds[MUGAI_FD_MAX_PASSED];
  guint n_fds;
  gssize length = mugai_fd_receive (take_fd, &offer, sizeof offer, fds, &n_fds, timeout_ms, error);

  if (length == sizeof offer && n_fds == 1 && offer.magic == OFFER_MAGIC && is_idle (fds[0]))
    return worker_new (fds[0], offer.pid, offer.served);
  for (guint i = 0; length > 0 && i < n_fds; i++)
    mugai_fd_close (fds[i]);
  return NULL;
}

MugaiWorker *mugai_worker_take (int take_fd, int timeout_ms, GError **error) {
  gint64 deadline_us = g_get_monotonic_time () + (gint64) timeout_ms * 1000;

  for (;;) {
    g_autoptr (GError) cause = NULL;
    gint64 left_us = deadline_us - g_get_monotonic_time ();
    MugaiWorker *worker = take_one (take_fd, (int) CLAMP ((left_us + 999) / 1000, 0, G_MAXINT), &cause);
    if (worker != NULL)
      return worker;
    if (cause != NULL) {
      g_set_error (error, MUGAI_WORKER_ERROR, MUGAI_WORKER_ERROR_NONE_IDLE, "no idle worker: %s", cause->message);
      return NULL;
    }
  }
}

void mugai_worker_put_back (MugaiWorker *worker, int put_fd, guint max_messages, gboolean suspicious) {
  if (worker == NULL)
    return;
  gboolean fit = put_fd >= 0 && !suspicious && !worker->broken && !worker->tired && !worker->spawned
                 && worker->served + 1 < max_messages && is_idle (worker->channel);
  /* When the offer fails (a generation that is over) the close below ends the worker: nothing is lost. */
  if (fit && !pool_offer (put_fd, worker->channel, worker->pid, worker->served + 1, PUT_BACK_WAIT_MS, NULL))
    g_debug ("worker %d: its pool takes no more", (int) worker->pid);
  mugai_worker_close (worker);
}
