/* SPDX-License-Identifier: GPL-2.0-only
 *
 * keeper/peer: who is at the other end of a socket, and what that one may ask for.
 *
 * Records, questions about rates, and lines about the service itself come from the service's own users only; an act of a person is named
 * by the kernel, never by the person.
 * The kernel's login uid follows a person through su and sudo, and cannot be set again: it comes first. Where there is none (a container, a
 * service) root's word for SUDO_UID is taken: root could lie there, and the manual says so; a process of another user is that user.
 */
#include "peer.h"

#include <string.h>
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

static MugaiActor *find_person (const struct ucred *peer, json_t *body, const MugaiAccounts *accounts) {
  guint uid = login_uid (peer->pid);

  if (uid == NO_LOGIN_UID
      && (peer->uid != 0 || !read_uid (json_string_value (json_object_get (body, "sudo_uid")), &uid)))
    uid = peer->uid;
  MugaiActor *actor = mugai_actor_new (accounts, uid, peer->uid == 0);
  /* No person is behind it, and it is the very user that we are: a timer's work. */
  if (actor->roles == MUGAI_ROLE_FRONT && uid == peer->uid && uid == geteuid ())
    actor->roles |= MUGAI_ROLE_CLERK;
  return actor;
}

/* By the account file as it is now. A mistake in it: nobody has a right that stands there. */
static MugaiActor *who (const struct ucred *peer, const MugaiKeeperOptions *options, json_t *body) {
  g_autoptr (GError) error = NULL;
  const char *path = options->accounts;
  g_autoptr (MugaiAccounts) accounts =
      path != NULL && path[0] != '\0' ? mugai_accounts_load (path, &error) : mugai_accounts_parse ("", "", NULL);

  if (accounts == NULL) {
    g_message ("%s", error->message);
    if (options->alarm != NULL)
      options->alarm ("accounts-unreadable", error->message, options->alarm_data);
    accounts = mugai_accounts_parse ("", "", NULL);
  }
  return find_person (peer, body, accounts);
}

/* ---- what may be asked for ---- */

/* Lines that say what the keeper itself found: nobody else writes one. */
static gboolean is_keepers_own (const char *kind) {
  static const char *const kinds[] = { "act-refused", "audit-retention", "key-forgotten", "head-missing" };

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (strcmp (kind, kinds[i]) == 0)
      return TRUE;
  return FALSE;
}

static gboolean is_service (const struct ucred *peer, const MugaiKeeperOptions *options) {
  return peer->uid == geteuid () || (options->front_uid != 0 && peer->uid == options->front_uid);
}

/* A rule of the policy stops a sender, with no person behind it. */
static gboolean is_rules_act (const MugaiKeeperRequest *request) {
  return strcmp (request->kind, MUGAI_KEEPER_ACT_STOP) == 0 && strcmp (request->actor, MUGAI_KEEPER_SERVICE) == 0;
}

static gboolean refuse (GError **error, const char *kind) {
  g_set_error (error, MUGAI_KEEPER_ERROR, MUGAI_KEEPER_ERROR_FAILED, "%s: not yours to ask for", kind);
  return FALSE;
}

gboolean mugai_keeper_admit (int fd, const MugaiKeeperOptions *options, MugaiKeeperRequest *request, GError **error) {
  struct ucred peer;
  socklen_t length = sizeof peer;

  if (getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0)
    return refuse (error, request->kind);
  gboolean service = is_service (&peer, options);
  if (mugai_quarantine_is_act (request->kind) && !(service && is_rules_act (request))) {
    request->doer = who (&peer, options, request->body);
    return TRUE;
  }
  if (service)
    return !is_keepers_own (request->kind) || refuse (error, request->kind);
  if (strcmp (request->kind, MUGAI_KEEPER_ASK_COUNTERS) != 0)
    return refuse (error, request->kind);
  g_autoptr (MugaiActor) actor = who (&peer, options, request->body);
  return (actor->roles & ~(guint) MUGAI_ROLE_FRONT) != 0 || refuse (error, request->kind);
}
