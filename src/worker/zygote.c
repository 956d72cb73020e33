/* SPDX-License-Identifier: GPL-2.0-only
 *
 * zygote: one generation: loads the signatures once, then forks workers, refills their number, cleans up behind them.
 *
 * It touches no mail and stays single-threaded. It keeps a copy of each worker's own end of the channel, only to see it hang up: a worker
 * whose channel was closed and which does not end within END_MS hangs, and is killed. That copy is closed as soon as the worker is dead, so that
 * whoever waits for an answer sees the end of file. When the zygote dies, its workers die with it (PDEATHSIG).
 */
#include "worker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gio/gio.h>

#include "mugai/base/fd.h"
#include "mugai/base/unicode.h"

#define END_US (1000 * G_TIME_SPAN_MILLISECOND) /* from the channel's end to the worker's */
#define MAX_RETRY_US (5 * G_TIME_SPAN_SECOND)   /* between forks when workers do not even get started */
#define STOP_US (120 * G_TIME_SPAN_SECOND) /* a generation that is over is gone after so long: twice a mail's budget */
#define MAX_ERROR_BYTES 2048u

typedef struct {
  pid_t pid; /* 0: the slot is free */
  int pidfd;
  int channel; /* copy of the worker's own end */
  gboolean hung_up;
  gint64 kill_at_us; /* 0: not yet */
  char *scratch;
} Slot;

typedef struct {
  const MugaiZygoteOptions *options;
  MugaiScanner *scanner;
  int control_fd, put_fd;
  Slot *slots;
  guint running, told; /* workers now; as the master knows */
  gboolean stopping;
  gint64 stop_at_us;
  gint64 fork_at_us; /* not before */
  gint64 retry_us;   /* next delay after a worker that did not get started */
} Zygote;

/* ---- to the master ---- */

static void say (const Zygote *zygote, json_t *message) {
  g_autoptr (MugaiJson) owned = message;
  g_autofree char *line = mugai_json_line (owned);

  /* A master that is gone shows as the end of control_fd in the loop. */
  if (!mugai_fd_send (zygote->control_fd, line, strlen (line), NULL, 0, NULL))
    g_debug ("zygote: the master does not listen");
}

static void say_ready (const Zygote *zygote) {
  json_t *message = json_object ();

  json_object_set_new (message, "ready", json_true ());
  json_object_set_new (message, "version", mugai_json_string (mugai_scanner_version (zygote->scanner)));
  json_object_set_new (message, "time", json_integer (mugai_scanner_time (zygote->scanner)));
  json_object_set_new (message, "signatures", json_integer (mugai_scanner_signatures (zygote->scanner)));
  say (zygote, message);
}

static void say_failed (const Zygote *zygote, const char *words) {
  g_autofree char *safe = mugai_unicode_make_safe (words, -1, MAX_ERROR_BYTES);
  json_t *message = json_object ();

  json_object_set_new (message, "ready", json_false ());
  json_object_set_new (message, "error", mugai_json_string (safe));
  say (zygote, message);
}

/* "expected": its channel had been closed, so it was put to rest and did not die in somebody's hands. */
static void say_ended (Zygote *zygote, const Slot *slot, pid_t pid, int status) {
  json_t *message = json_object ();

  json_object_set_new (message, "workers", json_integer (zygote->running));
  json_object_set_new (message, "died", json_integer (pid));
  json_object_set_new (message, "status",
                       json_integer (WIFSIGNALED (status) ? 128 + WTERMSIG (status) : WEXITSTATUS (status)));
  json_object_set_new (message, "expected", json_boolean (slot->hung_up));
  zygote->told = zygote->running;
  say (zygote, message);
}

static void say_running (Zygote *zygote) {
  if (zygote->told == zygote->running)
    return;
  json_t *message = json_object ();
  json_object_set_new (message, "workers", json_integer (zygote->running));
  zygote->told = zygote->running;
  say (zygote, message);
}

/* ---- workers ---- */

static G_NORETURN void run_child (const Zygote *zygote, const Slot *slot, const int *ends, pid_t parent) {
  const MugaiSandboxOptions sandbox = { .scratch = slot->scratch,
                                        .scratch_bytes = zygote->options->scratch_bytes,
                                        .memory_bytes = zygote->options->memory_bytes,
                                        .limits = zygote->options->limits };

  worker_child_run (&(ChildOptions){ zygote->scanner, &sandbox, ends[0], ends[1], zygote->put_fd, parent });
}

static gboolean start_worker (Zygote *zygote, Slot *slot) {
  pid_t parent = getpid ();
  int ends[2];

  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
    return FALSE;
  pid_t pid = fork ();
  if (pid == 0)
    run_child (zygote, slot, ends, parent);
  close (ends[1]);
  int pidfd = pid > 0 ? (int) syscall (SYS_pidfd_open, pid, 0) : -1;
  if (pidfd < 0) {
    if (pid > 0)
      (void) kill (pid, SIGKILL), (void) waitpid (pid, NULL, 0);
    close (ends[0]);
    return FALSE;
  }
  slot->pid = pid;
  slot->pidfd = pidfd;
  slot->channel = ends[0];
  slot->hung_up = FALSE;
  slot->kill_at_us = 0;
  zygote->running++;
  return TRUE;
}

static void wait_longer (Zygote *zygote) {
  zygote->retry_us = CLAMP (zygote->retry_us * 2, 50 * G_TIME_SPAN_MILLISECOND, MAX_RETRY_US);
  zygote->fork_at_us = g_get_monotonic_time () + zygote->retry_us;
}

static void refill (Zygote *zygote) {
  for (guint i = 0; i < zygote->options->workers; i++) {
    if (zygote->stopping || g_get_monotonic_time () < zygote->fork_at_us)
      return;
    if (zygote->slots[i].pid == 0 && !start_worker (zygote, &zygote->slots[i]))
      wait_longer (zygote);
  }
}

/* The channel may hang up in the very moment of a normal end: asked once more before it counts as unexpected. */
static gboolean is_hung_up (int channel) {
  struct pollfd item = { .fd = channel };

  return poll (&item, 1, 0) > 0 && (item.revents & POLLHUP) != 0;
}

static void bury (Zygote *zygote, Slot *slot) {
  pid_t pid = slot->pid;
  int status = 0;
  g_autoptr (GError) error = NULL;

  while (waitpid (pid, &status, 0) < 0 && errno == EINTR)
    ;
  slot->hung_up = slot->hung_up || is_hung_up (slot->channel);
  mugai_fd_close (mugai_fd_steal (&slot->channel));
  mugai_fd_close (mugai_fd_steal (&slot->pidfd));
  slot->pid = 0;
  zygote->running--;
  if (WIFEXITED (status) && WEXITSTATUS (status) >= CHILD_EXIT_ORPHAN && WEXITSTATUS (status) <= CHILD_EXIT_OFFER)
    wait_longer (zygote);
  else
    zygote->retry_us = 0;
  if (!mugai_scratch_empty (slot->scratch, &error))
    g_printerr ("mugai: zygote: %s\n", error->message);
  say_ended (zygote, slot, pid, status);
}

/* ---- the loop ---- */

static void stop (Zygote *zygote) {
  if (!zygote->stopping)
    zygote->stop_at_us = g_get_monotonic_time () + STOP_US;
  zygote->stopping = TRUE;
}

static void hear_master (Zygote *zygote) {
  char data[256];
  int fds[MUGAI_FD_MAX_PASSED];
  guint n_fds;
  gssize length = mugai_fd_receive (zygote->control_fd, data, sizeof data, fds, &n_fds, 0, NULL);

  for (guint i = 0; length > 0 && i < n_fds; i++)
    mugai_fd_close (fds[i]);
  /* There is only one order, {"stop": true}; and an end of file means the same. */
  stop (zygote);
}

/* Milliseconds to the next thing that has its time: a kill, a fork, the end. */
static int next_timeout_ms (const Zygote *zygote) {
  gint64 at_us = zygote->stopping ? zygote->stop_at_us : G_MAXINT64;

  for (guint i = 0; i < zygote->options->workers; i++) {
    const Slot *slot = &zygote->slots[i];
    if (slot->pid != 0 && slot->kill_at_us != 0)
      at_us = MIN (at_us, slot->kill_at_us);
    if (slot->pid == 0 && !zygote->stopping)
      at_us = MIN (at_us, zygote->fork_at_us);
  }
  if (at_us == G_MAXINT64)
    return -1;
  return (int) CLAMP ((at_us - g_get_monotonic_time () + 999) / 1000, 0, G_MAXINT);
}

static void kill_late (Zygote *zygote) {
  gint64 now_us = g_get_monotonic_time ();

  for (guint i = 0; i < zygote->options->workers; i++) {
    Slot *slot = &zygote->slots[i];
    gboolean late = slot->kill_at_us != 0 && now_us >= slot->kill_at_us;
    if (slot->pid == 0 || !(late || (zygote->stopping && now_us >= zygote->stop_at_us)))
      continue;
    (void) kill (slot->pid, SIGKILL);
    slot->kill_at_us = now_us + END_US;
  }
}

/* items[0] is the master; then two for each slot: the process and its channel. */
static void poll_once (Zygote *zygote, struct pollfd *items) {
  guint n = zygote->options->workers;

  items[0] = (struct pollfd){ .fd = zygote->stopping ? -1 : zygote->control_fd, .events = POLLIN };
  for (guint i = 0; i < n; i++) {
    const Slot *slot = &zygote->slots[i];
    items[1 + 2 * i] = (struct pollfd){ .fd = slot->pid != 0 ? slot->pidfd : -1, .events = POLLIN };
    /* No events: only a hang-up is of interest, and only once. */
    items[2 + 2 * i] = (struct pollfd){ .fd = slot->pid != 0 && !slot->hung_up ? slot->channel : -1 };
  }
  if (poll (items, 1 + 2 * n, next_timeout_ms (zygote)) <= 0)
    return;
  if (items[0].revents != 0)
    hear_master (zygote);
  for (guint i = 0; i < n; i++) {
    Slot *slot = &zygote->slots[i];
    if ((items[2 + 2 * i].revents & POLLHUP) != 0) {
      slot->hung_up = TRUE;
      slot->kill_at_us = g_get_monotonic_time () + END_US;
    }
    if (items[1 + 2 * i].revents != 0)
      bury (zygote, slot);
  }
}

static void run_loop (Zygote *zygote) {
  g_autofree struct pollfd *items = g_new0 (struct pollfd, 1 + 2 * (gsize) zygote->options->workers);

  while (!zygote->stopping || zygote->running > 0) {
    refill (zygote);
    say_running (zygote);
    poll_once (zygote, items);
    kill_late (zygote);
  }
}

/* ---- life ---- */

static char *slot_folder (const MugaiZygoteOptions *options, guint index) {
  return g_strdup_printf ("%s/w%u", options->scratch_root, index);
}

/* The folder of a slot serves one worker after the other. It may be a mount point of its own. */
static gboolean make_slots (Zygote *zygote, GError **error) {
  zygote->slots = g_new0 (Slot, zygote->options->workers);
  for (guint i = 0; i < zygote->options->workers; i++) {
    Slot *slot = &zygote->slots[i];
    slot->pidfd = slot->channel = -1;
    slot->scratch = slot_folder (zygote->options, i);
    if (mkdir (slot->scratch, 0700) < 0 && errno != EEXIST) {
      g_set_error (error, G_IO_ERROR, (gint) g_io_error_from_errno (errno), "cannot make %s: %s", slot->scratch,
                   g_strerror (errno));
      return FALSE;
    }
    if (!mugai_scratch_empty (slot->scratch, error))
      return FALSE;
  }
  return TRUE;
}

static void remove_slots (Zygote *zygote) {
  for (guint i = 0; zygote->slots != NULL && i < zygote->options->workers; i++) {
    if (zygote->slots[i].scratch != NULL)
      (void) rmdir (zygote->slots[i].scratch); /* stays when it is a mount point */
    g_free (zygote->slots[i].scratch);
  }
  g_free (zygote->slots);
}

static gboolean prepare (Zygote *zygote, GError **error) {
  (void) signal (SIGPIPE, SIG_IGN);
  (void) signal (SIGINT, SIG_IGN); /* Ctrl-C in the terminal is for the master */
  (void) signal (SIGHUP, SIG_IGN);
  (void) signal (SIGTERM, SIG_DFL);
  (void) signal (SIGCHLD, SIG_DFL);
  mugai_sandbox_warm_up ();
  if (!make_slots (zygote, error))
    return FALSE;
  /* The canary's temporary files may as well go into the first worker's folder: no worker is there yet. */
  const MugaiScanLimits limits = { .max_cached = zygote->options->max_cached };
  zygote->scanner = mugai_scanner_new (zygote->options->signatures, zygote->slots[0].scratch, &limits, error);
  if (zygote->scanner == NULL)
    return FALSE;
  worker_memory_collapse ();
  return TRUE;
}

int mugai_zygote_run (const MugaiZygoteOptions *options, int control_fd, int pool_fd) {
  Zygote zygote = { .options = options, .control_fd = control_fd, .put_fd = pool_fd };
  g_autoptr (GError) error = NULL;

  g_return_val_if_fail (options->workers > 0, 1);
  gboolean good = prepare (&zygote, &error);
  if (good) {
    say_ready (&zygote);
    run_loop (&zygote);
  } else {
    say_failed (&zygote, error->message);
  }
  g_clear_pointer (&zygote.scanner, mugai_scanner_free);
  remove_slots (&zygote);
  return good ? 0 : 1;
}

static gboolean mount_slot (const MugaiZygoteOptions *options, guint index, guint uid, guint gid, GError **error) {
  g_autofree char *folder = slot_folder (options, index);
  g_autofree char *how = g_strdup_printf ("size=%" G_GUINT64_FORMAT ",nr_inodes=%u,mode=0700,uid=%u,gid=%u",
                                          options->scratch_bytes, 65536u, uid, gid);

  if ((mkdir (folder, 0700) == 0 || errno == EEXIST)
      && mount ("mugai-scratch", folder, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, how) == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, (gint) g_io_error_from_errno (errno), "cannot mount %s: %s", folder,
               g_strerror (errno));
  return FALSE;
}

gboolean mugai_zygote_mount_scratch (const MugaiZygoteOptions *options, guint uid, guint gid, GError **error) {
  if (unshare (CLONE_NEWNS) < 0 || mount (NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0) {
    g_set_error (error, G_IO_ERROR, (gint) g_io_error_from_errno (errno), "no mount namespace of its own: %s",
                 g_strerror (errno));
    return FALSE;
  }
  for (guint i = 0; i < options->workers; i++) {
    if (!mount_slot (options, i, uid, gid, error))
      return FALSE;
  }
  return TRUE;
}
