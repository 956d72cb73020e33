/* SPDX-License-Identifier: GPL-2.0-only
 *
 * A front process: libmilter in its main thread, and one control thread that hears the master (policy, generation, stop),
 * tells it the counters each second, and sends progress for mail in hand.
 */
#include "front.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

#include "mugai/base/fd.h"
#include "mugai/base/unicode.h"
#include "mugai/mail/mail.h"

#include "refusals.h"

#define TICK_MS 1000
#define BACKLOG 100
#define MAX_LOG_BYTES 8000u

MugaiFront mugai_front = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* ---- shared state ---- */

void mugai_generation_unref (MugaiGeneration *generation) {
  if (generation == NULL || !g_atomic_int_dec_and_test (&generation->refs))
    return;
  mugai_fd_close (generation->take_fd);
  mugai_fd_close (generation->put_fd);
  g_free (generation->signatures);
  g_free (generation);
}

static MugaiGeneration *generation_new (guint number, int take_fd, int put_fd, const char *signatures, gint64 time_s) {
  MugaiGeneration *generation = g_new0 (MugaiGeneration, 1);
  *generation = (MugaiGeneration){ .refs = 1,
                                   .number = number,
                                   .take_fd = take_fd,
                                   .put_fd = put_fd,
                                   .signatures = g_strdup (signatures),
                                   .time_s = time_s };
  return generation;
}

MugaiPolicy *mugai_front_policy (MugaiFront *front) {
  pthread_mutex_lock (&front->lock);
  MugaiPolicy *policy = mugai_policy_ref (front->policy);
  pthread_mutex_unlock (&front->lock);
  return policy;
}

MugaiGeneration *mugai_front_generation (MugaiFront *front) {
  pthread_mutex_lock (&front->lock);
  MugaiGeneration *generation = front->generation;
  g_atomic_int_inc (&generation->refs);
  pthread_mutex_unlock (&front->lock);
  return generation;
}

gboolean mugai_front_is_current (MugaiFront *front, const MugaiGeneration *generation) {
  pthread_mutex_lock (&front->lock);
  gboolean current = front->generation == generation;
  pthread_mutex_unlock (&front->lock);
  return current;
}

gboolean mugai_front_reserve (MugaiFront *front, gint64 bytes) {
  pthread_mutex_lock (&front->lock);
  gboolean room = bytes <= 0 || front->spool_bytes + (guint64) bytes <= front->config->max_spool_bytes;
  if (room)
    front->spool_bytes = (guint64) ((gint64) front->spool_bytes + bytes);
  pthread_mutex_unlock (&front->lock);
  return room;
}

void mugai_front_log (const char *format, ...) {
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *words = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_autofree char *line = mugai_unicode_make_safe (words, -1, MAX_LOG_BYTES); /* a sender's words never forge a line */
  g_autofree char *whole = g_strdup_printf ("mugaid[front %u]: %s\n", mugai_front.index, line);
  (void) !write (STDERR_FILENO, whole, strlen (whole)); /* a log that cannot be written stops no mail: the record can */
}

/* ---- to the master ---- */

static void tell_master (MugaiFront *front, json_t *message) {
  g_autoptr (MugaiJson) owned = message;
  g_autofree char *line = mugai_json_line (owned);
  g_autoptr (GError) error = NULL;
  if (!mugai_fd_send (front->control_fd, line, strlen (line), NULL, 0, &error))
    g_debug ("master: %s", error->message); /* it is gone: the control thread sees the end of file */
}

void mugai_front_alarm (MugaiFront *front, const char *code, const char *text) {
  tell_master (front, json_pack ("{s:o, s:o}", "alarm", mugai_json_string (code), "text", mugai_json_string (text)));
}

static void tell_counters (MugaiFront *front) {
  static const char *const names[] = {
#define COUNTER_NAME(name) #name,
    MUGAI_FRONT_COUNTERS (COUNTER_NAME)
  };
  g_atomic_int_set (&front->counters[MUGAI_COUNTER_sessions], g_atomic_int_get (&front->sessions));
  pthread_mutex_lock (&front->lock);
  g_atomic_int_set (&front->counters[MUGAI_COUNTER_spool_bytes], (gint) MIN (front->spool_bytes, G_MAXINT));
  pthread_mutex_unlock (&front->lock);
  json_t *counters = json_object ();
  for (guint i = 0; i < MUGAI_N_COUNTERS; i++)
    json_object_set_new (counters, names[i], json_integer (g_atomic_int_get (&front->counters[i])));
  g_autoptr (MugaiPolicy) policy = mugai_front_policy (front);
  g_autoptr (MugaiGeneration) generation = mugai_front_generation (front);
  tell_master (front,
               json_pack ("{s:o, s:o, s:i}", "counters", counters, "policy",
                          mugai_json_string (mugai_policy_version (policy)), "generation", (int) generation->number));
}

/* ---- from the master ---- */

static MugaiPolicy *read_policy (int fd, GError **error) {
  g_autoptr (GBytes) bundle = mugai_fd_map (fd, error);
  return bundle != NULL ? mugai_policy_load_bytes (bundle, error) : NULL;
}

static void take_policy (MugaiFront *front, int fd) {
  g_autoptr (GError) error = NULL;
  MugaiPolicy *policy = read_policy (fd, &error);
  if (policy == NULL) {
    mugai_front_alarm (front, "policy-rejected", error->message);
    return;
  }
  pthread_mutex_lock (&front->lock);
  MugaiPolicy *old = front->policy;
  front->policy = policy;
  pthread_mutex_unlock (&front->lock);
  mugai_policy_unref (old);
  tell_counters (front); /* the version is in there: somebody waits for it */
}

static void take_generation (MugaiFront *front, json_t *message, int *fds) {
  gint64 number = 0, time_s = 0;
  g_autofree char *version = NULL;
  g_autoptr (GError) error = NULL;
  if (!mugai_json_get_int (message, "generation", 0, G_MAXINT, &number, &error))
    return;
  if (number > 0
      && (!mugai_json_get_string (message, "signatures", 1000, &version, &error)
          || !mugai_json_get_int (message, "time", 0, G_MAXINT64, &time_s, &error))) {
    mugai_front_log ("master: %s", error->message);
    return;
  }
  MugaiGeneration *generation =
      generation_new ((guint) number, mugai_fd_steal (&fds[0]), mugai_fd_steal (&fds[1]), version, time_s);
  pthread_mutex_lock (&front->lock);
  MugaiGeneration *old = front->generation;
  front->generation = generation;
  pthread_mutex_unlock (&front->lock);
  mugai_generation_unref (old);
}

static void hear (MugaiFront *front, const char *text, gsize length_bytes, int *fds, gint64 *ret_stop_us) {
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiJson) message = mugai_json_parse (text, length_bytes, &error);
  if (message == NULL)
    mugai_front_log ("master: %s", error->message);
  else if (json_object_get (message, "policy") != NULL)
    take_policy (front, fds[0]);
  else if (json_object_get (message, "generation") != NULL)
    take_generation (front, message, fds);
  else if (json_is_integer (json_object_get (message, "stop")))
    *ret_stop_us = g_get_monotonic_time () + json_integer_value (json_object_get (message, "stop")) * 1000;
}

/* One datagram, or a second without. FALSE: the master is gone. */
static gboolean listen_once (MugaiFront *front, gint64 *ret_stop_us) {
  g_autofree char *text = g_malloc (MUGAI_FRONT_MAX_MESSAGE_BYTES);
  int fds[MUGAI_FD_MAX_PASSED] = { -1, -1, -1, -1 };
  guint n_fds = 0;
  g_autoptr (GError) error = NULL;
  gssize got = mugai_fd_receive (front->control_fd, text, MUGAI_FRONT_MAX_MESSAGE_BYTES, fds, &n_fds, TICK_MS, &error);
  if (got > 0)
    hear (front, text, (gsize) got, fds, ret_stop_us);
  for (guint i = 0; i < MUGAI_FD_MAX_PASSED; i++)
    mugai_fd_close (fds[i]);
  return got > 0 || (got < 0 && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT));
}

/* smfi_main () itself waits five seconds at most for callbacks: so mail in hand is waited for here. */
static void wait_for_mail_in_hand (MugaiFront *front, gint64 stop_us) {
  g_atomic_int_set (&front->stopping, 1);
  while (g_atomic_int_get (&front->in_hand) > 0 && g_get_monotonic_time () < stop_us)
    g_usleep (10000);
  mugai_refusals_tell (TRUE);
  tell_counters (front);
  (void) smfi_stop ();
}

static void *control (void *data) {
  MugaiFront *front = data;
  gint64 stop_us = 0, next_us = 0;
  while (stop_us == 0) {
    if (!listen_once (front, &stop_us))
      stop_us = g_get_monotonic_time () + (gint64) front->config->stop_ms * 1000;
    mugai_session_tell_progress ();
    mugai_refusals_tell (FALSE);
    if (g_get_monotonic_time () < next_us)
      continue;
    tell_counters (front);
    next_us = g_get_monotonic_time () + TICK_MS * 1000;
  }
  wait_for_mail_in_hand (front, stop_us);
  return NULL;
}

/* ---- life ---- */

static gboolean prepare (MugaiFront *front, const MugaiFrontOptions *options, GError **error) {
  front->config = options->config;
  front->index = options->index;
  front->control_fd = options->control_fd;
  front->keeper_socket = mugai_config_keeper_socket (options->config);
  front->generation = generation_new (options->generation, options->pool_take_fd, options->pool_put_fd,
                                      options->signatures_version, options->signatures_time_s);
  front->policy = read_policy (options->policy_fd, error);
  mugai_fd_close (options->policy_fd);
  return front->policy != NULL;
}

int mugai_front_run (const MugaiFrontOptions *options) {
  g_autoptr (GError) error = NULL;
  pthread_t thread;
  if (!prepare (&mugai_front, options, &error)) {
    mugai_front_log ("policy: %s", error->message);
    return 1;
  }
  mugai_mail_init ();
  if (pthread_create (&thread, NULL, control, &mugai_front) != 0) {
    mugai_front_log ("no thread to hear the master");
    return 1;
  }
  tell_master (&mugai_front, json_pack ("{s:b}", "ready", 1));
  int status = smfi_main ();
  if (!g_atomic_int_get (&mugai_front.stopping))
    return 1; /* libmilter gave up: the master starts another */
  (void) pthread_join (thread, NULL);
  return status == MI_SUCCESS ? 0 : 1;
}

/* ---- the listening socket, in the master ---- */

static const char *unix_path (const MugaiConfig *config) {
  static const char *const prefixes[] = { "unix:", "local:" };
  for (guint i = 0; i < G_N_ELEMENTS (prefixes); i++)
    if (g_str_has_prefix (config->milter_socket, prefixes[i]))
      return config->milter_socket + strlen (prefixes[i]);
  return NULL;
}

static gboolean fail (GError **error, const char *what, const char *name) {
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "milter socket %s: %s: %s", name, what,
               g_strerror (errno));
  return FALSE;
}

static gboolean place (const MugaiConfig *config, const char *bound, const char *path, GError **error) {
  if (*config->milter_socket_group != '\0') {
    const struct group *group = getgrnam (config->milter_socket_group);
    if (group == NULL) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "milter socket %s: no group %s", path,
                   config->milter_socket_group);
      return FALSE;
    }
    if (chown (bound, (uid_t) -1, group->gr_gid) != 0)
      return fail (error, "chown", path);
  }
  if (chmod (bound, config->milter_socket_mode) != 0)
    return fail (error, "chmod", path);
  return rename (bound, path) == 0 || fail (error, "rename", path);
}

/* libmilter hides its descriptor, so every listening socket that is open here gets the flag; the master's own two have it
   already. Fronts share the socket: one that loses the race for a connection must not sleep in accept(). */
static void make_non_blocking (void) {
  for (int fd = 3; fd < 1024; fd++) {
    int listening = 0;
    socklen_t length = sizeof listening;
    if (getsockopt (fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) == 0 && listening)
      (void) fcntl (fd, F_SETFL, fcntl (fd, F_GETFL) | O_NONBLOCK);
  }
}

gboolean mugai_front_open (const MugaiConfig *config, GError **error) {
  const char *path = unix_path (config);
  g_autofree char *bound = path != NULL ? g_strdup_printf ("%s.new", path) : NULL;
  g_autofree char *connection = path != NULL ? g_strdup_printf ("unix:%s", bound) : g_strdup (config->milter_socket);
  if (smfi_register (mugai_session_callbacks) != MI_SUCCESS || smfi_setconn (connection) != MI_SUCCESS
      || smfi_setbacklog (BACKLOG) != MI_SUCCESS || smfi_opensocket (TRUE) != MI_SUCCESS) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "milter socket %s cannot be opened (see the log)",
                 config->milter_socket);
    return FALSE;
  }
  make_non_blocking ();
  return path == NULL || place (config, bound, path, error);
}

void mugai_front_unlink (const MugaiConfig *config) {
  const char *path = unix_path (config);
  if (path != NULL)
    (void) g_unlink (path);
}
