/* SPDX-License-Identifier: GPL-2.0-only
 *
 * base/fd: memory files, whole reads and writes, descriptors over unix sockets: see mugai/base/fd.h.
 *
 * What arrives on a socket may be an enemy's: its length, its descriptors and their number are checked
 * before anything is handed out, and whatever is refused is closed here. Threads: any.
 */
#include "mugai/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <gio/gio.h>

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define READ_CHUNK_BYTES (64u * 1024)

static void set_errno (GError **error, const char *what) {
  int number = errno;
  g_set_error (error, G_IO_ERROR, (gint) g_io_error_from_errno (number), "%s: %s", what, g_strerror (number));
}

int mugai_fd_new_memory (const char *name, GError **error) {
  int fd = memfd_create (name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

  if (fd < 0)
    set_errno (error, "memfd_create");
  return fd;
}

gboolean mugai_fd_seal (int fd, GError **error) {
  if (fcntl (fd, F_ADD_SEALS, SEALS | F_SEAL_SEAL) == 0)
    return TRUE;
  set_errno (error, "cannot seal memory file");
  return FALSE;
}

gboolean mugai_fd_is_sealed (int fd) {
  int seals = fcntl (fd, F_GET_SEALS);
  return seals >= 0 && (seals & SEALS) == SEALS;
}

gint64 mugai_fd_size (int fd) {
  struct stat status;

  if (fstat (fd, &status) < 0 || !S_ISREG (status.st_mode))
    return -1;
  return (gint64) status.st_size;
}

gboolean mugai_fd_write_all (int fd, const void *data, gsize length_bytes, GError **error) {
  const guint8 *at = data;

  while (length_bytes > 0) {
    ssize_t written = write (fd, at, length_bytes);
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0) {
      set_errno (error, "write");
      return FALSE;
    }
    at += written;
    length_bytes -= (gsize) written;
  }
  return TRUE;
}

GBytes *mugai_fd_read_all (int fd, gsize max_bytes, GError **error) {
  gsize capacity = READ_CHUNK_BYTES, length = 0;
  g_autofree guint8 *buffer = g_malloc (capacity);

  for (;;) {
    if (length == capacity) {
      capacity *= 2;
      buffer = g_realloc (buffer, capacity);
    }
    ssize_t got = read (fd, buffer + length, capacity - length);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0) {
      set_errno (error, "read");
      return NULL;
    }
    if (got == 0)
      break;
    length += (gsize) got;
    if (length > max_bytes) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE, "longer than %" G_GSIZE_FORMAT " bytes", max_bytes);
      return NULL;
    }
  }
  return g_bytes_new_take (g_steal_pointer (&buffer), length);
}

typedef struct {
  void *address;
  gsize length_bytes;
} Mapping;

static void unmap (gpointer data) {
  Mapping *mapping = data;

  (void) munmap (mapping->address, mapping->length_bytes);
  g_free (mapping);
}

GBytes *mugai_fd_map (int fd, GError **error) {
  gint64 size_bytes = mugai_fd_size (fd);

  /* Unsealed, its owner could change it between check and use, or shrink it and kill us with SIGBUS. */
  if (size_bytes < 0 || !mugai_fd_is_sealed (fd)) {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "not a sealed memory file");
    return NULL;
  }
  if (size_bytes == 0)
    return g_bytes_new_static ("", 0);

  /* MAP_PRIVATE: kernels before 6.7 refuse any shared mapping of a file sealed against writes. */
  void *address = mmap (NULL, (gsize) size_bytes, PROT_READ, MAP_PRIVATE, fd, 0);
  if (address == MAP_FAILED) {
    set_errno (error, "mmap");
    return NULL;
  }
  Mapping *mapping = g_new (Mapping, 1);
  *mapping = (Mapping){ address, (gsize) size_bytes };
  return g_bytes_new_with_free_func (address, (gsize) size_bytes, unmap, mapping);
}

gboolean mugai_fd_send (int socket, const void *data, gsize length_bytes, const int *fds, guint n_fds, GError **error) {
  g_return_val_if_fail (n_fds <= MUGAI_FD_MAX_PASSED, FALSE);
  g_return_val_if_fail (length_bytes > 0, FALSE); /* an empty datagram reads as the end */

  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE (sizeof (int) * MUGAI_FD_MAX_PASSED)];
  } control = { 0 };
  struct iovec part = { .iov_base = (void *) data, .iov_len = length_bytes };
  struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

  if (n_fds > 0) {
    message.msg_control = control.bytes;
    message.msg_controllen = CMSG_SPACE (sizeof (int) * n_fds);
    struct cmsghdr *header = CMSG_FIRSTHDR (&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN (sizeof (int) * n_fds);
    memcpy (CMSG_DATA (header), fds, sizeof (int) * n_fds);
  }
  ssize_t sent;
  do
    sent = sendmsg (socket, &message, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  if (sent >= 0)
    return TRUE; /* a datagram goes whole or not at all */
  set_errno (error, "sendmsg");
  return FALSE;
}

/* Waits until @socket can be read or @deadline_us (monotonic; -1: never) has passed. */
static gboolean wait_readable (int socket, gint64 deadline_us, GError **error) {
  for (;;) {
    int wait_ms = -1;
    if (deadline_us >= 0) {
      gint64 left_us = deadline_us - g_get_monotonic_time ();
      wait_ms = (int) CLAMP ((left_us + 999) / 1000, 0, G_MAXINT);
    }
    struct pollfd item = { .fd = socket, .events = POLLIN };
    int ready = poll (&item, 1, wait_ms);
    if (ready > 0)
      return TRUE;
    if (ready < 0 && errno != EINTR) {
      set_errno (error, "poll");
      return FALSE;
    }
    if (deadline_us >= 0 && g_get_monotonic_time () >= deadline_us) {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "nothing came in time");
      return FALSE;
    }
  }
}

/* Takes the descriptors out of @message; FALSE: there were too many, and all are closed. */
static gboolean take_fds (struct msghdr *message, int *fds, guint *ret_n_fds) {
  guint n = 0;
  gboolean fits = (message->msg_flags & MSG_CTRUNC) == 0;

  for (struct cmsghdr *header = CMSG_FIRSTHDR (message); header != NULL; header = CMSG_NXTHDR (message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
      continue;
    gsize count = (header->cmsg_len - CMSG_LEN (0)) / sizeof (int);
    for (gsize i = 0; i < count; i++) {
      int fd;
      memcpy (&fd, CMSG_DATA (header) + i * sizeof (int), sizeof fd);
      if (n < MUGAI_FD_MAX_PASSED) {
        fds[n++] = fd;
      } else {
        mugai_fd_close (fd);
        fits = FALSE;
      }
    }
  }
  *ret_n_fds = n;
  return fits;
}

static void close_fds (int *fds, guint *n_fds) {
  for (guint i = 0; i < *n_fds; i++) {
    mugai_fd_close (fds[i]);
    fds[i] = -1;
  }
  *n_fds = 0;
}

/* One attempt. Returns the length, 0 at the end, -1 with @error, -2: somebody else took the datagram. */
static gssize receive_once (int socket, void *data, gsize capacity_bytes, int *ret_fds, guint *ret_n_fds,
                            GError **error) {
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE (sizeof (int) * MUGAI_FD_MAX_PASSED)];
  } control = { 0 };
  struct iovec part = { .iov_base = data, .iov_len = capacity_bytes };
  struct msghdr message = {
    .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control
  };
  ssize_t got = recvmsg (socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

  if (got < 0 && (errno == EINTR || errno == EAGAIN))
    return -2;
  if (got < 0 && errno == ECONNRESET) /* closed by the peer with data of ours unread */
    return 0;
  if (got < 0) {
    set_errno (error, "recvmsg");
    return -1;
  }
  gboolean fits = take_fds (&message, ret_fds, ret_n_fds);
  if (fits && (message.msg_flags & MSG_TRUNC) == 0 && (got > 0 || *ret_n_fds == 0))
    return got;
  close_fds (ret_fds, ret_n_fds);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                       "datagram too long, empty with descriptors, or with too many of them");
  return -1;
}

gssize mugai_fd_receive (int socket, void *data, gsize capacity_bytes, int *ret_fds, guint *ret_n_fds, int timeout_ms,
                         GError **error) {
  gint64 deadline_us = timeout_ms < 0 ? -1 : g_get_monotonic_time () + (gint64) timeout_ms * 1000;
  gssize got;

  for (guint i = 0; i < MUGAI_FD_MAX_PASSED; i++)
    ret_fds[i] = -1;
  *ret_n_fds = 0;
  /* Never blocking in recvmsg: several fronts wait on one socket, and another may have been faster. */
  do {
    if (!wait_readable (socket, deadline_us, error))
      return -1;
    got = receive_once (socket, data, capacity_bytes, ret_fds, ret_n_fds, error);
  } while (got == -2);
  return got;
}
