/* SPDX-License-Identifier: GPL-2.0-only
 *
 * keeper/peer: who is at the other end of a socket.
 *
 * The kernel's login uid follows a person through su and sudo, and cannot be set again: it comes first. Where there is none (a container, a
 * service) root's word for SUDO_UID is taken: root could lie there, and the manual says so; a process of another user is that user.
 */
#include "peer.h"

#include <sys/socket.h>
#include <unistd.h>

#define NO_LOGIN_UID 4294967295u
#define MAX_LOGIN_UID_BYTES 16u

static guint login_uid (pid_t pid) {
  g_autofree char *path = g_strdup_printf ("/proc/%d/loginuid", (int) pid);
  g_autofree char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return NO_LOGIN_UID;
  return (guint) g_ascii_strtoull (text, NULL, 10);
}

static gboolean read_uid (const char *text, guint *ret_uid) {
  guint64 uid = 0;

  if (text == NULL || !g_ascii_string_to_unsigned (text, 10, 0, NO_LOGIN_UID - 1, &uid, NULL))
    return FALSE;
  *ret_uid = (guint) uid;
  return TRUE;
}

MugaiActor *mugai_keeper_peer (int fd, json_t *body, const MugaiAccounts *accounts) {
  struct ucred peer;
  socklen_t length = sizeof peer;
  guint uid;

  if (getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0)
    return NULL;
  uid = login_uid (peer.pid);
  if (uid == NO_LOGIN_UID
      && (peer.uid != 0 || !read_uid (json_string_value (json_object_get (body, "sudo_uid")), &uid)))
    uid = peer.uid;
  MugaiActor *actor = mugai_actor_new (accounts, uid, peer.uid == 0);
  /* No person is behind it, and it is the very user that we are: a timer's work. */
  if (actor->roles == MUGAI_ROLE_FRONT && uid == peer.uid && uid == geteuid ())
    actor->roles |= MUGAI_ROLE_CLERK;
  return actor;
}
