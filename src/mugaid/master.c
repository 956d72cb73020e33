/* SPDX-License-Identifier: GPL-2.0-only
 *
 * master: the loop: signals, children, control connections, and what has its time. See master.h.
 *
 * Stopping goes in the order of need: fronts finish their mails with workers and keeper still there, then the workers go, then the keeper.
 */
#include "master.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "mugai/base/control.h"
#include "mugai/base/fd.h"

#include "setup.h"

#define TICK_MS 1000
#define STOP_GRACE_US (5 * G_TIME_SPAN_SECOND)      /* beyond the fronts' own deadline */
#define STOP_GENERATION_US (3 * G_TIME_SPAN_SECOND) /* no front is left: nobody waits for a worker */
#define STOP_KEEPER_US (15 * G_TIME_SPAN_SECOND)    /* it finishes the group in hand */

void master_log (int priority, const char *format, ...) {
  /* Under systemd the priority goes in front; a terminal needs none. */
  g_autofree char *prefix =
      g_getenv ("JOURNAL_STREAM") != NULL ? g_strdup_printf ("<%d>", priority) : g_strdup ("mugaid: ");
  va_list arguments;

  va_start (arguments, format);
  g_autofree char *text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_autofree char *line = g_strdup_printf ("%s%s\n", prefix, text);
  (void) !write (STDERR_FILENO, line, strlen (line)); /* one write: lines of several processes do not mix */
}

gboolean master_send (int fd, json_t *message, const int *fds, guint n_fds) {
  g_autoptr (MugaiJson) owned = message;
  g_autofree char *line = mugai_json_line (owned);

  return fd >= 0 && mugai_fd_send (fd, line, strlen (line), fds, n_fds, NULL);
}

/* ---- reload ---- */

void master_reload_signatures (Master *master) {
  master->generation_wanted = TRUE;
  master->generation_at_us = 0;
  master->generation_retry_us = 0;
}

static void reload (Master *master, guint uid) {
  g_autoptr (GError) error = NULL;
  g_autofree char *who = status_actor (uid, NULL);

  (void) sd_notifyf (0, "RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT, g_get_monotonic_time ());
  master_log (5, "reload");
  if (!policy_load (master, who, &error))
    alarm_raise (master, "policy-not-loaded", error->message);
  master_reload_signatures (master);
  (void) sd_notify (0, "READY=1");
}

/* ---- stopping ---- */

static void stop_fronts (Master *master) {
  guint stop_ms = master->config->stop_ms;

  master->state = MASTER_STOP_FRONTS;
  master->state_until_us = g_get_monotonic_time () + stop_ms * G_TIME_SPAN_MILLISECOND + STOP_GRACE_US;
  (void) sd_notify (0, "STOPPING=1");
  master_log (5, "stopping: mails in hand get up to %u ms", stop_ms);
  for (guint i = 0; i < master->fronts->len; i++) {
    Front *front = master->fronts->pdata[i];
    /* When the order does not get through, the end of file says the same. */
    if (!master_send (front->child.control_fd, json_pack ("{s:i}", "stop", (int) stop_ms), NULL, 0))
      mugai_fd_close (mugai_fd_steal (&front->child.control_fd));
  }
}

static guint running_fronts (const Master *master) {
  guint n = 0;

  for (guint i = 0; i < master->fronts->len; i++)
    n += ((const Front *) master->fronts->pdata[i])->child.pid != 0;
  return n;
}

static void stop_generations (Master *master) {
  master->state = MASTER_STOP_GENERATIONS;
  master->state_until_us = g_get_monotonic_time () + STOP_GENERATION_US;
  alarm_log_act (master, "stop", "mugaid", json_object ());
  for (guint i = 0; i < master->generations->len; i++) {
    Generation *generation = master->generations->pdata[i];
    generation_stop (master, generation, STOP_GENERATION_US);
  }
}

static void stop_keeper (Master *master) {
  master->state = MASTER_STOP_KEEPER;
  master->state_until_us = g_get_monotonic_time () + STOP_KEEPER_US;
  mugai_fd_close (mugai_fd_steal (&master->keeper.control_fd));
}

/* Whoever is still there when the time of this state is over. */
static void kill_late (Master *master) {
  if (master->state == MASTER_RUNNING || g_get_monotonic_time () < master->state_until_us)
    return;
  for (guint i = 0; i < master->fronts->len; i++) {
    const Front *front = master->fronts->pdata[i];
    if (front->child.pid != 0)
      (void) kill (front->child.pid, SIGKILL);
  }
  if (master->state == MASTER_STOP_KEEPER && master->keeper.pid != 0)
    (void) kill (master->keeper.pid, SIGKILL);
}

static void kill_late_generations (const Master *master) {
  for (guint i = 0; i < master->generations->len; i++) {
    const Generation *generation = master->generations->pdata[i];
    if (generation->kill_at_us != 0 && g_get_monotonic_time () >= generation->kill_at_us)
      (void) kill (generation->pid, SIGKILL);
  }
}

/* An errand (the stop act) still needs the keeper. */
static void step_stop (Master *master) {
  kill_late (master);
  if (master->state == MASTER_STOP_FRONTS && running_fronts (master) == 0)
    stop_generations (master);
  gboolean errands_over =
      (master->errands == 0 && master->acts->len == 0) || g_get_monotonic_time () >= master->state_until_us;
  if (master->state == MASTER_STOP_GENERATIONS && master->generations->len == 0 && errands_over)
    stop_keeper (master);
  if (master->state == MASTER_STOP_KEEPER && master->keeper.pid == 0)
    master->state = MASTER_DONE;
}

/* ---- children that end ---- */

static int plain_status (int status) {
  return WIFSIGNALED (status) ? 128 + WTERMSIG (status) : WEXITSTATUS (status);
}

static void front_ended (Master *master, Front *front, int status) {
  gboolean expected = master->state != MASTER_RUNNING && status == 0;

  while (front->child.control_fd >= 0) { /* its last report */
    struct pollfd item = { .fd = front->child.control_fd, .events = POLLIN };
    if (poll (&item, 1, 0) <= 0 || (item.revents & POLLIN) == 0)
      break;
    children_hear_front (master, front);
  }
  status_add_totals (master, front);
  g_clear_pointer (&front->report, json_decref);
  front->ready = FALSE;
  children_end (&front->child);
  master_log (expected ? 6 : 3, "front %u ended, status %d", front->index, status);
  if (!expected) {
    g_autofree char *text = g_strdup_printf ("front %u ended with status %d", front->index, status);
    alarm_raise (master, "front-died", text);
  }
}

static void keeper_ended (Master *master, int status) {
  gboolean expected = master->state == MASTER_STOP_KEEPER && status == 0;

  children_end (&master->keeper);
  master_log (expected ? 6 : 3, "keeper ended, status %d", status);
  if (!expected) {
    g_autofree char *text = g_strdup_printf ("the keeper ended with status %d", status);
    alarm_raise (master, "keeper-died", text);
  }
}

static void child_ended (Master *master, pid_t pid, int status) {
  if (pid == master->keeper.pid) {
    keeper_ended (master, status);
    return;
  }
  for (guint i = 0; i < master->fronts->len; i++) {
    Front *front = master->fronts->pdata[i];
    if (front->child.pid == pid) {
      front_ended (master, front, status);
      return;
    }
  }
  for (guint i = 0; i < master->generations->len; i++) {
    Generation *generation = master->generations->pdata[i];
    if (generation->pid == pid) {
      generation_ended (master, generation, status);
      return;
    }
  }
  if (pid == master->acts_pid)
    master->acts_pid = 0;
  if (master->errands > 0)
    master->errands--;
}

static void reap (Master *master) {
  int status;
  pid_t pid;

  while ((pid = waitpid (-1, &status, WNOHANG)) > 0)
    child_ended (master, pid, plain_status (status));
}

/* ---- signals ---- */

static void hear_signals (Master *master) {
  struct signalfd_siginfo info;

  while (read (master->signal_fd, &info, sizeof info) == sizeof info) {
    if (info.ssi_signo == SIGCHLD)
      reap (master);
    else if (info.ssi_signo == SIGHUP && master->state == MASTER_RUNNING)
      reload (master, info.ssi_uid);
    else if (info.ssi_signo == SIGHUP)
      continue;
    else if (master->state == MASTER_RUNNING)
      stop_fronts (master);
    else
      master->state_until_us = 0; /* a second SIGTERM or Ctrl-C: at once */
  }
}

/* ---- control connections ---- */

static void accept_client (Master *master) {
  int fd = accept4 (master->control_listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

  if (fd < 0)
    return;
  /* The oldest gives way: silent connections must not keep an administrator out. */
  if (master->clients->len >= MASTER_MAX_CLIENTS) {
    mugai_fd_close (g_array_index (master->clients, int, 0));
    g_array_remove_index (master->clients, 0);
  }
  g_array_append_val (master->clients, fd);
}

static void answer_client (Master *master, int fd) {
  for (guint i = 0; i < master->clients->len; i++) {
    if (g_array_index (master->clients, int, i) != fd)
      continue;
    g_array_remove_index (master->clients, i);
    mugai_control_serve (fd, status_answer, master);
    mugai_fd_close (fd);
    return;
  }
}

/* ---- the loop ---- */

static void start_due (Master *master) {
  gint64 now_us = g_get_monotonic_time ();

  alarm_send_acts (master);
  if (master->keeper.pid == 0 && master->state < MASTER_STOP_KEEPER && now_us >= master->keeper.restart_at_us)
    children_start_keeper (master);
  if (master->state != MASTER_RUNNING)
    return;
  exceptions_tick (master);
  if (master->generation_wanted && master->next == NULL && now_us >= master->generation_at_us)
    generation_start (master);
  for (guint i = 0; i < master->fronts->len; i++) {
    Front *front = master->fronts->pdata[i];
    if (front->child.pid == 0 && now_us >= front->child.restart_at_us)
      children_start_front (master, front);
    else
      children_tell_front (master, front);
  }
}

/* READY once the fronts answer and the first generation serves. Until then a mail waits or gets a 4xx. */
static void announce (Master *master) {
  if (master->announced || master->serving == NULL)
    return;
  for (guint i = 0; i < master->fronts->len; i++) {
    if (!((const Front *) master->fronts->pdata[i])->ready)
      return;
  }
  master->announced = TRUE;
  (void) sd_notify (0, "READY=1");
  master_log (5, "ready: %u fronts, %u workers%s", master->fronts->len, master->config->workers,
              master->separated ? "" : "; SEPARATION OF USERS IS OFF");
  json_t *body = policy_body (master);
  json_object_set_new (body, "separation", json_boolean (master->separated));
  json_object_set_new (body, "config_sha256", mugai_json_string (master->config->sha256));
  alarm_log_act (master, "start", "mugaid", body);
  exceptions_look (master);
}

static void add_poll (GArray *items, int fd) {
  struct pollfd item = { .fd = fd, .events = POLLIN };
  if (fd >= 0)
    g_array_append_val (items, item);
}

static void collect (const Master *master, GArray *items) {
  g_array_set_size (items, 0);
  add_poll (items, master->signal_fd);
  add_poll (items, master->control_listen_fd);
  add_poll (items, master->keeper.control_fd);
  for (guint i = 0; i < master->clients->len; i++)
    add_poll (items, g_array_index (master->clients, int, i));
  for (guint i = 0; i < master->fronts->len; i++)
    add_poll (items, ((const Front *) master->fronts->pdata[i])->child.control_fd);
  for (guint i = 0; i < master->generations->len; i++)
    add_poll (items, ((const Generation *) master->generations->pdata[i])->control_fd);
}

/* Found by descriptor, not by position: an earlier event of the same round may have taken its owner away. */
static void dispatch (Master *master, int fd) {
  if (fd == master->control_listen_fd)
    accept_client (master);
  if (fd == master->keeper.control_fd) {
    children_hear_keeper (master);
    return;
  }
  for (guint i = 0; i < master->fronts->len; i++) {
    Front *front = master->fronts->pdata[i];
    if (front->child.control_fd == fd) {
      children_hear_front (master, front);
      return;
    }
  }
  for (guint i = 0; i < master->generations->len; i++) {
    Generation *generation = master->generations->pdata[i];
    if (generation->control_fd == fd) {
      generation_hear (master, generation);
      return;
    }
  }
  answer_client (master, fd);
}

static int next_timeout_ms (const Master *master) {
  gint64 now_us = g_get_monotonic_time (), at_us = now_us + TICK_MS * G_TIME_SPAN_MILLISECOND;

  if (master->keeper.pid == 0)
    at_us = MIN (at_us, master->keeper.restart_at_us);
  for (guint i = 0; i < master->fronts->len; i++) {
    const Front *front = master->fronts->pdata[i];
    if (front->child.pid == 0 && master->state == MASTER_RUNNING)
      at_us = MIN (at_us, front->child.restart_at_us);
  }
  if (master->generation_wanted && master->next == NULL)
    at_us = MIN (at_us, master->generation_at_us);
  return (int) CLAMP ((at_us - now_us + 999) / 1000, 10, TICK_MS);
}

static void run_loop (Master *master) {
  g_autoptr (GArray) items = g_array_new (FALSE, FALSE, sizeof (struct pollfd));

  while (master->state != MASTER_DONE) {
    start_due (master);
    announce (master);
    collect (master, items);
    if (poll ((struct pollfd *) (void *) items->data, items->len, next_timeout_ms (master)) > 0) {
      /* Signals last: words that a child left behind are heard before its death. */
      for (guint i = 1; i < items->len; i++) {
        if (g_array_index (items, struct pollfd, i).revents != 0)
          dispatch (master, g_array_index (items, struct pollfd, i).fd);
      }
      if (g_array_index (items, struct pollfd, 0).revents != 0)
        hear_signals (master);
    }
    kill_late_generations (master);
    generation_check_age (master, g_get_real_time () / G_USEC_PER_SEC);
    step_stop (master);
  }
}

int master_run (MugaiConfig *config) {
  Master master;
  g_autoptr (GError) error = NULL;

  setup_init (&master, config);
  /* The policy first: with a wrong one nothing is opened. */
  gboolean good = policy_load (&master, "mugaid", &error) && setup_open (&master, &error);
  if (good) {
    if (!master.separated)
      master_log (4, "separation of users is off: %s",
                  geteuid () == 0 ? "three users of mugai's own are not configured" : "not started by root");
    master.generation_wanted = TRUE;
    run_loop (&master);
    master_log (5, "stopped");
  } else {
    master_log (2, "%s", error->message);
  }
  setup_close (&master);
  return good ? 0 : 78;
}
