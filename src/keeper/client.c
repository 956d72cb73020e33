/* SPDX-License-Identifier: GPL-2.0-only
 *
 * keeper/client: asking the keeper, and asking again after its death.
 *
 * The keeper's socket outlives it (the master holds it), so a request may wait in the socket's queue for the next keeper.
 * End of file before the answer says only that nobody knows: the same request goes out again, and the id makes that
 * harmless. A connection that has its answer waits for the next request. Threads: any.
 */
#include "mugai/keeper.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <gio/gio.h>

#include "mugai/base/base.h"
#include "mugai/base/fd.h"

#include "request.h"

#define PAUSE_MS 20  /* between two tries */
#define MAX_IDLE 16u /* of a process: all of them together stay far below MUGAI_KEEPER_MAX_CLIENTS */

static gint64 left_ms (gint64 end_us) {
  return (end_us - g_get_monotonic_time () + 999) / 1000;
}

static gboolean fail_gone (GError **error, const char *words) {
  g_set_error (error, MUGAI_KEEPER_ERROR, MUGAI_KEEPER_ERROR_GONE, "keeper: %s", words);
  return FALSE;
}

static int connect_socket (const char *path, gint64 end_us, GError **error) {
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  gint64 wait_ms = MAX (left_ms (end_us), 1);
  /* A full queue of a listening socket makes connect () wait; this bounds it. */
  struct timeval wait = { .tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000 };
  g_auto (MugaiFd) fd = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

  if (strlen (path) >= sizeof address.sun_path)
    errno = ENAMETOOLONG;
  if (fd < 0 || strlen (path) >= sizeof address.sun_path) {
    (void) fail_gone (error, g_strerror (errno));
    return -1;
  }
  memcpy (address.sun_path, path, strlen (path));
  (void) setsockopt (fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
  if (connect (fd, (struct sockaddr *) &address, sizeof address) < 0) {
    (void) fail_gone (error, g_strerror (errno));
    return -1;
  }
  return mugai_fd_steal (&fd);
}

/* ---- connections that wait for the next request ---- */

typedef struct {
  int fd;
  pid_t pid; /* whose it is: a child of ours must not talk on it too */
  struct sockaddr_un to;
} Idle;

static pthread_mutex_t idle_lock = PTHREAD_MUTEX_INITIALIZER; /* of the two below */
static Idle idle[MAX_IDLE];
static guint n_idle;

/* -1: there is none to @path. */
static int take_idle (const char *path) {
  pid_t pid = getpid ();
  int fd = -1;

  pthread_mutex_lock (&idle_lock);
  for (guint i = n_idle; i > 0 && fd < 0; i--) {
    if (idle[i - 1].pid != pid || strcmp (idle[i - 1].to.sun_path, path) != 0)
      continue;
    fd = idle[i - 1].fd;
    idle[i - 1] = idle[--n_idle];
  }
  pthread_mutex_unlock (&idle_lock);
  return fd;
}

/* Takes @fd over. */
static void put_idle (int fd, const char *path) {
  Idle one = { .fd = fd, .pid = getpid () };
  gboolean kept = FALSE;

  g_strlcpy (one.to.sun_path, path, sizeof one.to.sun_path);
  pthread_mutex_lock (&idle_lock);
  if ((kept = n_idle < MAX_IDLE))
    idle[n_idle++] = one;
  pthread_mutex_unlock (&idle_lock);
  if (!kept)
    mugai_fd_close (fd);
}

static gboolean read_answer (const char *text, gsize length_bytes, json_t **ret_answer, GError **error) {
  g_autoptr (MugaiJson) object = mugai_json_parse (text, length_bytes, NULL);
  const char *words = json_string_value (json_object_get (object, "error"));

  if (json_is_true (json_object_get (object, "ok"))) {
    if (ret_answer != NULL)
      *ret_answer = g_steal_pointer (&object);
    return TRUE;
  }
  g_set_error (error, MUGAI_KEEPER_ERROR, MUGAI_KEEPER_ERROR_FAILED, "keeper: %s",
               words != NULL ? words : "unreadable answer");
  return FALSE;
}

/* One try: GONE may be tried again. */
static gboolean ask_once (const char *path, const char *head, const int *fds, guint n_fds, gint64 end_us,
                          json_t **ret_answer, GError **error) {
  g_auto (MugaiFd) fd = take_idle (path);
  g_autoptr (GError) cause = NULL;
  g_autofree char *text = g_malloc (MUGAI_KEEPER_MAX_ANSWER_BYTES);
  int no_fds[MUGAI_FD_MAX_PASSED];
  guint n_no_fds = 0;

  if (fd < 0 && (fd = connect_socket (path, end_us, error)) < 0)
    return FALSE;
  if (!mugai_fd_send (fd, head, strlen (head), fds, n_fds, &cause))
    return fail_gone (error, cause->message);
  gssize got = mugai_fd_receive (fd, text, MUGAI_KEEPER_MAX_ANSWER_BYTES, no_fds, &n_no_fds,
                                 (int) MAX (left_ms (end_us), 0), &cause);
  for (guint i = 0; i < n_no_fds; i++)
    mugai_fd_close (no_fds[i]);
  if (got > 0) {
    put_idle (mugai_fd_steal (&fd), path);
    return read_answer (text, (gsize) got, ret_answer, error);
  }
  if (got == 0)
    return fail_gone (error, "it ended before it answered");
  if (!g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    return fail_gone (error, cause->message);
  g_set_error_literal (error, MUGAI_KEEPER_ERROR, MUGAI_KEEPER_ERROR_LATE, "keeper: no answer in time");
  return FALSE;
}

static gboolean ask (const char *path, const char *head, const int *fds, guint n_fds, int timeout_ms,
                     json_t **ret_answer, GError **error) {
  gint64 end_us = g_get_monotonic_time () + (gint64) timeout_ms * 1000;

  for (;;) {
    g_autoptr (GError) cause = NULL;
    if (ask_once (path, head, fds, n_fds, end_us, ret_answer, &cause))
      return TRUE;
    if (!g_error_matches (cause, MUGAI_KEEPER_ERROR, MUGAI_KEEPER_ERROR_GONE) || left_ms (end_us) <= PAUSE_MS) {
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }
    g_usleep (PAUSE_MS * 1000);
  }
}

/* ---- requests ---- */

/* A sealed memory file with the body's line. */
static int make_body (json_t *body, GError **error) {
  g_autofree char *text = mugai_json_line (body);
  g_auto (MugaiFd) fd = mugai_fd_new_memory ("mugai-record", error);

  if (fd < 0 || !mugai_fd_write_all (fd, text, strlen (text), error) || !mugai_fd_seal (fd, error))
    return -1;
  return mugai_fd_steal (&fd);
}

/* With the body where it fits; else it goes beside in a memory file. */
static char *make_head (const char *kind, const char *actor, json_t *body, gboolean *ret_has_body) {
  g_autoptr (MugaiJson) head = json_object ();

  json_object_set_new (head, "kind", mugai_json_string (kind));
  json_object_set_new (head, "actor", mugai_json_string (actor));
  json_object_set (head, "body", body);
  g_autofree char *whole = mugai_json_line (head);
  *ret_has_body = strlen (whole) <= MUGAI_KEEPER_MAX_REQUEST_BYTES;
  if (*ret_has_body)
    return g_steal_pointer (&whole);
  json_object_del (head, "body");
  return mugai_json_line (head);
}

static gboolean send_request (const char *path, const char *kind, const char *actor, json_t *body, int message_fd,
                              int timeout_ms, json_t **ret_answer, GError **error) {
  g_autoptr (GError) cause = NULL;
  gboolean has_body = FALSE;
  g_autofree char *head = make_head (kind, actor, body, &has_body);
  g_auto (MugaiFd) body_fd = has_body ? -1 : make_body (body, &cause);
  int fds[2];
  guint n_fds = 0;

  if (cause != NULL) {
    g_set_error (error, MUGAI_KEEPER_ERROR, MUGAI_KEEPER_ERROR_FAILED, "keeper: %s", cause->message);
    return FALSE;
  }
  if (body_fd >= 0)
    fds[n_fds++] = body_fd;
  if (message_fd >= 0)
    fds[n_fds++] = message_fd;
  return ask (path, head, fds, n_fds, timeout_ms, ret_answer, error);
}

gboolean mugai_keeper_keep (const char *socket_path, json_t *record, int message_fd, int timeout_ms, GError **error) {
  return send_request (socket_path, MUGAI_KEEPER_KIND_RECORD, MUGAI_KEEPER_SERVICE, record, message_fd, timeout_ms,
                       NULL, error);
}

gboolean mugai_keeper_log_act (const char *socket_path, const char *kind, const char *actor, json_t *body,
                               int timeout_ms, GError **error) {
  g_autoptr (MugaiJson) act = body != NULL ? json_copy (body) : json_object ();
  g_autofree char *id = mugai_id_new ();

  json_object_set_new (act, "act_id", mugai_json_string (id));
  return send_request (socket_path, kind, actor, act, -1, timeout_ms, NULL, error);
}

/* ---- questions ---- */

static json_t *ask_question (const char *path, const char *kind, json_t *body, int timeout_ms, GError **error) {
  g_autofree char *id = mugai_id_new ();
  json_t *answer = NULL;

  json_object_set_new (body, "act_id", mugai_json_string (id));
  return send_request (path, kind, MUGAI_KEEPER_SERVICE, body, -1, timeout_ms, &answer, error) ? answer : NULL;
}

/* The only recipient outside; NULL: none, or several. */
static const char *lone_outsider (const MugaiEnvelope *envelope) {
  const char *found = NULL;
  for (guint i = 0; i < envelope->recipients->len; i++) {
    const MugaiRecipient *recipient = g_ptr_array_index (envelope->recipients, i);
    if (!recipient->inside && found != NULL)
      return NULL;
    found = recipient->inside ? found : recipient->address;
  }
  return found;
}

gboolean mugai_keeper_ask_flow (const char *socket_path, MugaiEnvelope *envelope, const char *message_id,
                                gboolean *ret_stopped, int timeout_ms, GError **error) {
  g_autoptr (MugaiJson) body = json_object ();
  json_object_set_new (body, "rates", mugai_rates_to_json (envelope->rates));
  json_object_set_new (body, "recipients", json_integer (envelope->recipients->len));
  json_object_set_new (body, "message_id", mugai_json_string (message_id));
  json_object_set_new (body, "from", mugai_json_string (envelope->from));
  json_object_set_new (body, "to", mugai_json_string (lone_outsider (envelope)));
  g_autoptr (MugaiJson) answer = ask_question (socket_path, MUGAI_KEEPER_ASK_RATES, body, timeout_ms, error);
  if (answer == NULL)
    return FALSE;
  for (guint i = 0; envelope->rates != NULL && i < envelope->rates->len; i++) {
    MugaiRate *rate = g_ptr_array_index (envelope->rates, i);
    rate->exceeded = json_is_true (json_array_get (json_object_get (answer, "exceeded"), i));
    if (ret_stopped != NULL)
      ret_stopped[i] = json_is_true (json_array_get (json_object_get (answer, "stopped"), i));
  }
  envelope->message_id_seen = json_is_true (json_object_get (answer, "message_id_seen"));
  envelope->mail_box_echo = json_is_true (json_object_get (answer, "mail_box_echo"));
  return TRUE;
}

json_t *mugai_keeper_ask_counters (const char *socket_path, int timeout_ms, GError **error) {
  g_autoptr (MugaiJson) body = json_object ();
  return ask_question (socket_path, MUGAI_KEEPER_ASK_COUNTERS, body, timeout_ms, error);
}

gboolean mugai_keeper_ask_notices (const char *socket_path, const char *const *boxes, gboolean forwarded,
                                   gboolean *ret_send, int timeout_ms, GError **error) {
  g_autoptr (MugaiJson) body = json_object ();
  json_object_set_new (body, "boxes", mugai_json_strv (boxes));
  json_object_set_new (body, "forwarded", json_boolean (forwarded));
  g_autoptr (MugaiJson) answer = ask_question (socket_path, MUGAI_KEEPER_ASK_NOTICES, body, timeout_ms, error);
  for (guint i = 0; answer != NULL && boxes[i] != NULL; i++)
    ret_send[i] = json_is_true (json_array_get (json_object_get (answer, "send"), i));
  return answer != NULL;
}

json_t *mugai_keeper_ask_digest (const char *socket_path, gboolean all, int timeout_ms, GError **error) {
  g_autoptr (MugaiJson) body = json_object ();
  json_object_set_new (body, "all", json_boolean (all));
  return ask_question (socket_path, MUGAI_KEEPER_ASK_DIGEST, body, timeout_ms, error);
}

/* @mark: NULL: to be made. */
static json_t *ask_mark (const char *socket_path, const char *digest, const char *mark, int timeout_ms,
                         GError **error) {
  g_autoptr (MugaiJson) body = json_object ();
  json_object_set_new (body, "digest", mugai_json_string (digest));
  if (mark != NULL)
    json_object_set_new (body, "mark", mugai_json_string (mark));
  return ask_question (socket_path, MUGAI_KEEPER_ASK_MARK, body, timeout_ms, error);
}

char *mugai_keeper_make_mark (const char *socket_path, const char *digest, int timeout_ms, GError **error) {
  g_autoptr (MugaiJson) answer = ask_mark (socket_path, digest, NULL, timeout_ms, error);
  return answer != NULL ? g_strdup (json_string_value (json_object_get (answer, "mark"))) : NULL;
}

gboolean mugai_keeper_check_mark (const char *socket_path, const char *digest, const char *mark, gboolean *ret_valid,
                                  int timeout_ms, GError **error) {
  g_autoptr (MugaiJson) answer = ask_mark (socket_path, digest, mark, timeout_ms, error);
  if (answer == NULL)
    return FALSE;
  *ret_valid = json_is_true (json_object_get (answer, "valid"));
  return TRUE;
}

/* ---- acts ---- */

json_t *mugai_keeper_act (const char *socket_path, const char *kind, json_t *body, int timeout_ms, GError **error) {
  g_autoptr (MugaiJson) act = body != NULL ? json_copy (body) : json_object ();
  g_autofree char *id = mugai_id_new ();
  const char *sudo = g_getenv ("SUDO_UID"), *origin = g_getenv ("SSH_CONNECTION");
  json_t *answer = NULL;

  json_object_set_new (act, "act_id", mugai_json_string (id));
  if (sudo != NULL)
    json_object_set_new (act, "sudo_uid", mugai_json_string (sudo));
  json_object_set_new (act, "origin", mugai_json_string (origin != NULL ? origin : "local"));
  /* The keeper names the actor itself; what stands here is only for one that would not know the kind. */
  return send_request (socket_path, kind, "", act, -1, timeout_ms, &answer, error) ? answer : NULL;
}
