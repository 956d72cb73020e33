/* SPDX-License-Identifier: GPL-2.0-only
 *
 * base/control: question and answer over a SOCK_SEQPACKET socket: see mugai/base/control.h.
 *
 * Both sides bound what they read, and the server never waits: a client that does not read its answer loses it. Threads: any.
 */
#include "mugai/base/control.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <gio/gio.h>

#include "mugai/base/fd.h"

#define BACKLOG 16

static gboolean fill_address (const char *path, struct sockaddr_un *address, GError **error) {
  *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
  if (strlen (path) < sizeof address->sun_path) {
    strcpy (address->sun_path, path);
    return TRUE;
  }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FILENAME_TOO_LONG, "%s: longer than a socket's name may be", path);
  return FALSE;
}

static int fail_errno (GError **error, const char *path, const char *what) {
  g_set_error (error, G_IO_ERROR, (gint) g_io_error_from_errno (errno), "%s: %s: %s", path, what, g_strerror (errno));
  return -1;
}

static int connect_to (const char *path, GError **error) {
  struct sockaddr_un address;

  if (!fill_address (path, &address, error))
    return -1;
  g_auto (MugaiFd) fd = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect (fd, (struct sockaddr *) &address, sizeof address) < 0)
    return fail_errno (error, path, "cannot connect");
  return mugai_fd_steal (&fd);
}

static gboolean send_object (int fd, json_t *object, GError **error) {
  g_autofree char *line = mugai_json_line (object);
  gsize length = strlen (line);

  if (length <= MUGAI_CONTROL_MAX_BYTES)
    return mugai_fd_send (fd, line, length, NULL, 0, error);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE, "too long for a datagram");
  return FALSE;
}

static json_t *receive_object (int fd, int timeout_ms, GError **error) {
  g_autofree char *data = g_malloc (MUGAI_CONTROL_MAX_BYTES);
  int fds[MUGAI_FD_MAX_PASSED];
  guint n_fds = 0;
  gssize length = mugai_fd_receive (fd, data, MUGAI_CONTROL_MAX_BYTES, fds, &n_fds, timeout_ms, error);

  for (guint i = 0; length > 0 && i < n_fds; i++)
    mugai_fd_close (fds[i]); /* none are agreed */
  if (length == 0)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, "closed without an answer");
  if (length <= 0)
    return NULL;
  g_autoptr (MugaiJson) object = mugai_json_parse (data, (gsize) length, error);
  if (object == NULL || json_is_object (object))
    return g_steal_pointer (&object);
  g_set_error_literal (error, MUGAI_JSON_ERROR, MUGAI_JSON_ERROR_SHAPE, "not an object");
  return NULL;
}

json_t *mugai_control_ask (const char *socket_path, json_t *request, int timeout_ms, GError **error) {
  g_auto (MugaiFd) fd = connect_to (socket_path, error);
  gboolean ok;

  if (fd < 0 || !send_object (fd, request, error))
    return NULL;
  g_autoptr (MugaiJson) answer = receive_object (fd, timeout_ms, error);
  if (answer == NULL || !mugai_json_get_bool (answer, "ok", &ok, error))
    return NULL;
  return g_steal_pointer (&answer);
}

int mugai_control_listen (const char *socket_path, guint mode, GError **error) {
  struct sockaddr_un address;
  struct stat status;

  if (!fill_address (socket_path, &address, error))
    return -1;
  if (lstat (socket_path, &status) == 0 && S_ISSOCK (status.st_mode))
    (void) unlink (socket_path);
  g_auto (MugaiFd) fd = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0 || bind (fd, (struct sockaddr *) &address, sizeof address) < 0)
    return fail_errno (error, socket_path, "cannot bind");
  if (chmod (socket_path, mode) < 0 || listen (fd, BACKLOG) < 0)
    return fail_errno (error, socket_path, "cannot listen");
  return mugai_fd_steal (&fd);
}

static json_t *refusal (const char *words) {
  json_t *answer = json_object ();

  json_object_set_new (answer, "ok", json_false ());
  json_object_set_new (answer, "error", mugai_json_string (words));
  return answer;
}

void mugai_control_serve (int client_fd, MugaiControlAnswer answer, gpointer data) {
  struct ucred peer = { .uid = (uid_t) -1 };
  socklen_t length = sizeof peer;
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiJson) request = receive_object (client_fd, 0, &error);
  g_autoptr (MugaiJson) reply = NULL;

  if (request == NULL)
    reply = refusal (error->message);
  else if (getsockopt (client_fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0)
    reply = refusal ("the kernel does not say who asks");
  else
    reply = answer (request, peer.uid, data);
  g_clear_error (&error);
  if (!send_object (client_fd, reply, &error))
    g_debug ("control: no answer sent: %s", error->message);
}
