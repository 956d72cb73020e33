/* SPDX-License-Identifier: GPL-2.0-only
 *
 * base/fd: file descriptors that close themselves, sealed memory files, and descriptors over a socket.
 *
 * Every descriptor is opened close-on-exec. Any thread.
 */
#pragma once

#include <glib.h>
#include <unistd.h>

/** MugaiFd: `g_auto(MugaiFd) fd = -1;` closes at the end of its scope. */
typedef int MugaiFd;

static inline void mugai_fd_close (MugaiFd fd) {
  if (fd >= 0)
    close (fd);
}
G_DEFINE_AUTO_CLEANUP_FREE_FUNC (MugaiFd, mugai_fd_close, -1)

/** mugai_fd_steal: hands *@fd over and leaves -1. */
static inline int mugai_fd_steal (int *fd) {
  int stolen = *fd;
  *fd = -1;
  return stolen;
}

/** mugai_fd_new_memory: an empty memory file that can be sealed; -1 and @error when the system has none left. */
int mugai_fd_new_memory (const char *name, GError **error);

/** mugai_fd_seal: no more write, growth or shrinking, by anyone; fails when somebody still maps it writable. */
gboolean mugai_fd_seal (int fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** mugai_fd_is_sealed: TRUE when nobody can change what is in it any more. */
gboolean mugai_fd_is_sealed (int fd);

/** mugai_fd_size: size in bytes of a regular or memory file, -1 on error. */
gint64 mugai_fd_size (int fd);

/** mugai_fd_write_all: writes at the current offset, whole or @error. */
gboolean mugai_fd_write_all (int fd, const void *data, gsize length_bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * mugai_fd_read_all:
 * @max_bytes: more than that is an error (G_IO_ERROR_MESSAGE_TOO_LARGE), never a cut
 *
 * Reads a file, pipe or socket from its current offset to its end. Returns: (transfer full), or NULL.
 */
GBytes *mugai_fd_read_all (int fd, gsize max_bytes, GError **error);

/**
 * mugai_fd_map:
 * @fd: a sealed memory file
 *
 * Returns: (transfer full): its bytes, mapped read-only (no copy); NULL when it is not sealed.
 */
GBytes *mugai_fd_map (int fd, GError **error);

#define MUGAI_FD_MAX_PASSED 4 /* descriptors in one datagram; more than that is refused on receipt */

/**
 * mugai_fd_send:
 * @socket: a SOCK_SEQPACKET or SOCK_DGRAM unix socket
 * @fds: (array length=n_fds): sent along, still owned by the caller
 *
 * One datagram. Never raises SIGPIPE.
 */
gboolean mugai_fd_send (int socket, const void *data, gsize length_bytes, const int *fds, guint n_fds, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/**
 * mugai_fd_receive:
 * @capacity_bytes: of @data; a longer datagram is an error
 * @ret_fds: (out) (array): room for MUGAI_FD_MAX_PASSED; caller owns; unused ones are -1
 * @timeout_ms: -1 waits for ever
 *
 * One datagram. Returns: its length; 0: the peer has closed; -1: error (G_IO_ERROR_TIMED_OUT among them).
 */
gssize mugai_fd_receive (int socket, void *data, gsize capacity_bytes, int *ret_fds, guint *ret_n_fds, int timeout_ms,
                         GError **error);
