/* SPDX-License-Identifier: GPL-2.0-only
 *
 * children: forking the keeper and the fronts, each as its own user with its own descriptors, and the talk with the fronts.
 *
 * A child never returns into the master's code: it leaves by _exit ().
 */
#include "master.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>

#include "mugai/base/base.h"
#include "mugai/base/fd.h"
#include "mugai/keeper.h"

#define EXIT_USER 71

/* ---- users ---- */

gboolean user_find (User *user, const char *name, GError **error) {
  user->name = g_strdup (name);
  user->uid = geteuid ();
  user->gid = getegid ();
  if (*name == '\0' || geteuid () != 0)
    return TRUE;
  const struct passwd *entry = getpwnam (name);
  if (entry == NULL) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "there is no user \"%s\"", name);
    return FALSE;
  }
  user->uid = entry->pw_uid;
  user->gid = entry->pw_gid;
  return TRUE;
}

gboolean user_become (const User *user) {
  if (geteuid () != 0 || user->uid == 0)
    return TRUE;
  return initgroups (user->name, user->gid) == 0 && setresgid (user->gid, user->gid, user->gid) == 0
         && setresuid (user->uid, user->uid, user->uid) == 0 && setuid (0) < 0;
}

/* ---- fork ---- */

static void reset_signals (void) {
  sigset_t none;

  sigemptyset (&none);
  for (int number = 1; number < NSIG; number++)
    (void) signal (number, SIG_DFL);
  (void) signal (SIGPIPE, SIG_IGN);
  (void) sigprocmask (SIG_SETMASK, &none, NULL);
}

static int compare_ints (const void *a, const void *b) {
  int x = *(const int *) a, y = *(const int *) b;
  return x < y ? -1 : x > y;
}

/* Closes everything from 3 on but the given ones. */
static void keep_only (const int *fds, guint n_fds) {
  g_autofree int *sorted = g_new (int, n_fds + 1);
  guint from = 3;

  memcpy (sorted, fds, n_fds * sizeof *fds);
  qsort (sorted, n_fds, sizeof *sorted, compare_ints);
  for (guint i = 0; i < n_fds; i++) {
    if (sorted[i] < (int) from)
      continue;
    if (sorted[i] > (int) from)
      (void) close_range (from, (guint) sorted[i] - 1, 0);
    from = (guint) sorted[i] + 1;
  }
  (void) close_range (from, ~0u, 0);
}

/* For fronts: libmilter's listening socket must stay, and only libmilter knows its number. */
static void close_masters (const Master *master) {
  mugai_fd_close (master->signal_fd);
  mugai_fd_close (master->control_listen_fd);
  mugai_fd_close (master->keeper_listen_fd);
  mugai_fd_close (master->keeper.control_fd);
  for (guint i = 0; i < master->fronts->len; i++)
    mugai_fd_close (((Front *) master->fronts->pdata[i])->child.control_fd);
  for (guint i = 0; i < master->generations->len; i++) {
    const Generation *generation = master->generations->pdata[i];
    mugai_fd_close (generation->control_fd);
    if (generation != master->serving) {
      mugai_fd_close (generation->take_fd);
      mugai_fd_close (generation->put_fd);
    }
  }
  for (guint i = 0; i < master->clients->len; i++)
    mugai_fd_close (g_array_index (master->clients, int, i));
}

pid_t children_fork (Master *master, const User *user, const int *keep_fds, guint n_keep_fds) {
  pid_t pid = fork ();

  if (pid != 0)
    return pid;
  (void) setpgid (0, 0); /* Ctrl-C is for the master alone */
  reset_signals ();
  if (keep_fds != NULL)
    keep_only (keep_fds, n_keep_fds);
  else
    close_masters (master);
  if (user != NULL && !user_become (user)) {
    master_log (2, "cannot become user %s: %s", user->name, g_strerror (errno));
    _exit (EXIT_USER);
  }
  return 0;
}

static gboolean make_channel (int *ret_ours, int *ret_theirs) {
  int ends[2];

  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
    master_log (3, "socketpair: %s", g_strerror (errno));
    return FALSE;
  }
  /* Only our end: a stopped front must not stop the master. */
  (void) fcntl (ends[0], F_SETFL, O_NONBLOCK);
  *ret_ours = ends[0];
  *ret_theirs = ends[1];
  return TRUE;
}

static void started (Child *child, pid_t pid, int control_fd) {
  child->pid = pid;
  child->control_fd = control_fd;
  child->started_us = g_get_monotonic_time ();
}

static void wait_longer (Child *child) {
  child->retry_us = CLAMP (child->retry_us * 2, MASTER_RETRY_MIN_US, MASTER_RETRY_MAX_US);
  child->restart_at_us = g_get_monotonic_time () + child->retry_us;
}

void children_end (Child *child) {
  child->pid = 0;
  mugai_fd_close (mugai_fd_steal (&child->control_fd));
  child->restarts++;
  if (g_get_monotonic_time () - child->started_us >= MASTER_STEADY_US)
    child->retry_us = 0;
  wait_longer (child);
}

/* ---- keeper ---- */

static void send_alarm (const char *code, const char *text, gpointer data) {
  (void) master_send (GPOINTER_TO_INT (data), json_pack ("{s:s, s:o}", "alarm", code, "text", mugai_json_string (text)),
                      NULL, 0);
}

static G_NORETURN void run_keeper (const Master *master, int stop_fd) {
  const MugaiKeeperOptions options = { .store = master->config->store,
                                       .audit = master->config->audit,
                                       .keys = master->config->keys,
                                       .accounts = master->config->accounts,
                                       .normal_days = master->config->kept_normal_days,
                                       .high_days = master->config->kept_high_days,
                                       .infected_days = master->config->kept_infected_days,
                                       .audit_days = master->config->kept_audit_days,
                                       .backup_days = master->config->kept_backup_days,
                                       .front_uid = master->user.uid,
                                       .alarm = send_alarm,
                                       .alarm_data = GINT_TO_POINTER (stop_fd) };
  g_autoptr (GError) error = NULL;

  (void) prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  (void) prctl (PR_SET_NAME, "mugai-keeper");
  mugai_leave_no_core ();
  (void) umask (027);
  if (mugai_keeper_serve (master->keeper_listen_fd, stop_fd, &options, &error))
    _exit (0);
  master_log (2, "keeper: %s", error != NULL ? error->message : "ended without a reason");
  _exit (1);
}

/* Its control_fd is a line of life: our closing it is the order to stop. */
void children_start_keeper (Master *master) {
  int ours, theirs;

  if (!make_channel (&ours, &theirs)) {
    wait_longer (&master->keeper);
    return;
  }
  GArray *keep = credentials_open ();
  guint n_credentials = keep->len;
  g_array_append_val (keep, theirs);
  g_array_append_val (keep, master->keeper_listen_fd);
  pid_t pid = children_fork (master, &master->keeper_user, (const int *) (const void *) keep->data, keep->len);
  if (pid == 0)
    run_keeper (master, theirs);
  g_array_set_size (keep, n_credentials);
  credentials_close (keep);
  mugai_fd_close (theirs);
  if (pid < 0) {
    mugai_fd_close (ours);
    wait_longer (&master->keeper);
    return;
  }
  started (&master->keeper, pid, ours);
  master_log (6, "keeper started, pid %d", (int) pid);
}

/* ---- fronts ---- */

static G_NORETURN void run_front (const Master *master, const Front *front, int control_fd) {
  const Generation *serving = master->serving;
  const MugaiFrontOptions options = { .config = master->config,
                                      .index = front->index,
                                      .control_fd = control_fd,
                                      .policy_fd = master->policy_fd,
                                      .pool_take_fd = serving != NULL ? serving->take_fd : -1,
                                      .pool_put_fd = serving != NULL ? serving->put_fd : -1,
                                      .generation = serving != NULL ? serving->number : 0,
                                      .signatures_version = serving != NULL ? serving->version : NULL,
                                      .signatures_time_s = serving != NULL ? serving->time_s : 0 };

  (void) prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  (void) prctl (PR_SET_NAME, "mugai-front");
  mugai_leave_no_core ();
  int status = mugai_front_run (&options);
  _exit (status);
}

void children_start_front (Master *master, Front *front) {
  int ours, theirs;

  if (!make_channel (&ours, &theirs)) {
    wait_longer (&front->child);
    return;
  }
  pid_t pid = children_fork (master, &master->user, NULL, 0);
  if (pid == 0) {
    mugai_fd_close (ours);
    run_front (master, front, theirs);
  }
  mugai_fd_close (theirs);
  if (pid < 0) {
    mugai_fd_close (ours);
    wait_longer (&front->child);
    return;
  }
  started (&front->child, pid, ours);
  front->ready = front->policy_due = front->generation_due = FALSE;
  master_log (6, "front %u started, pid %d", front->index, (int) pid);
}

static gboolean tell_policy (const Master *master, const Front *front) {
  json_t *message = json_object ();

  json_object_set_new (message, "policy", json_string (mugai_policy_version (master->policy)));
  return master_send (front->child.control_fd, message, &master->policy_fd, 1);
}

static gboolean tell_generation (const Master *master, const Front *front) {
  const Generation *serving = master->serving;
  json_t *message = json_object ();

  json_object_set_new (message, "generation", json_integer (serving != NULL ? serving->number : 0));
  if (serving == NULL)
    return master_send (front->child.control_fd, message, NULL, 0);
  json_object_set_new (message, "signatures", mugai_json_string (serving->version));
  json_object_set_new (message, "time", json_integer (serving->time_s));
  const int ends[] = { serving->take_fd, serving->put_fd };
  return master_send (front->child.control_fd, message, ends, G_N_ELEMENTS (ends));
}

void children_tell_front (Master *master, Front *front) {
  if (front->child.pid == 0)
    return; /* it gets everything when it starts */
  if (front->policy_due && tell_policy (master, front))
    front->policy_due = FALSE;
  if (front->generation_due && tell_generation (master, front))
    front->generation_due = FALSE;
}

static void hear_report (Front *front, json_t *message) {
  if (!json_is_object (json_object_get (message, "counters")))
    return;
  g_clear_pointer (&front->report, json_decref);
  front->report = json_incref (message);
}

static void hear_alarm (Master *master, json_t *message) {
  g_autofree char *code = NULL, *text = NULL;

  if (mugai_json_get_string (message, "alarm", 64, &code, NULL) && code != NULL
      && mugai_json_get_string (message, "text", 4096, &text, NULL))
    alarm_raise (master, code, text != NULL ? text : "");
}

/* (transfer full) (nullable): one message; at its end the descriptor is closed: the child's death follows as a signal. */
static json_t *hear (int *control_fd) {
  static char data[MUGAI_FRONT_MAX_MESSAGE_BYTES];
  int fds[MUGAI_FD_MAX_PASSED];
  guint n_fds = 0;
  g_autoptr (GError) error = NULL;
  gssize length = mugai_fd_receive (*control_fd, data, sizeof data, fds, &n_fds, 0, &error);

  for (guint i = 0; length > 0 && i < n_fds; i++)
    mugai_fd_close (fds[i]);
  if (length == 0)
    mugai_fd_close (mugai_fd_steal (control_fd));
  json_t *message = length > 0 ? mugai_json_parse (data, (gsize) length, NULL) : NULL;
  if (json_is_object (message))
    return message;
  json_decref (message);
  return NULL;
}

/* A front reads no mail's structure, but what it says is still checked: nothing here depends on it beyond status and alarms. */
void children_hear_front (Master *master, Front *front) {
  g_autoptr (MugaiJson) message = hear (&front->child.control_fd);

  if (message == NULL)
    return;
  front->ready = front->ready || json_is_true (json_object_get (message, "ready"));
  hear_report (front, message);
  if (json_object_get (message, "alarm") != NULL)
    hear_alarm (master, message);
}

void children_hear_keeper (Master *master) {
  g_autoptr (MugaiJson) message = hear (&master->keeper.control_fd);

  if (message != NULL && json_object_get (message, "alarm") != NULL)
    hear_alarm (master, message);
}
