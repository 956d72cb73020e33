/* SPDX-License-Identifier: GPL-2.0-only
 *
 * generation: signature sets that serve, load beside the serving one, or finish.
 *
 * One that does not load never serves: the old one goes on, with an alarm. The fronts are switched before the old one is told to
 * end; its idle workers end when the last front has closed its ends of the pool.
 */
#include "master.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mugai/base/fd.h"
#include "mugai/base/unicode.h"
#include "mugai/worker.h"

#define EXIT_SCRATCH 72
#define OLD_AGAIN_S 3600
#define OLD_US (150 * G_TIME_SPAN_SECOND) /* a little longer than the zygote's own patience */

static void free_generation (Generation *generation) {
  mugai_fd_close (generation->control_fd);
  mugai_fd_close (generation->take_fd);
  mugai_fd_close (generation->put_fd);
  g_free (generation->version);
  g_free (generation);
}

static Generation *new_generation (Master *master, int *ret_theirs) {
  g_autoptr (GError) error = NULL;
  int ends[2];

  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
    master_log (3, "socketpair: %s", g_strerror (errno));
    return NULL;
  }
  Generation *generation = g_new0 (Generation, 1);
  generation->number = ++master->last_generation;
  generation->control_fd = ends[0];
  generation->take_fd = generation->put_fd = -1;
  *ret_theirs = ends[1];
  if (mugai_pool_new (&generation->take_fd, &generation->put_fd, &error))
    return generation;
  master_log (3, "%s", error->message);
  mugai_fd_close (ends[1]);
  free_generation (generation);
  return NULL;
}

/* In the child, still as the master's user: the folder, and where we are root one tmpfs a worker in it. */
static void prepare_scratch (const Master *master, const MugaiZygoteOptions *options) {
  g_autoptr (GError) error = NULL;

  if (mkdir (options->scratch_root, 0700) < 0 && errno != EEXIST)
    _exit (EXIT_SCRATCH);
  if (geteuid () != 0)
    return;
  if (chown (options->scratch_root, master->scan_user.uid, master->scan_user.gid) < 0)
    _exit (EXIT_SCRATCH);
  if (!mugai_zygote_mount_scratch (options, master->scan_user.uid, master->scan_user.gid, &error))
    master_log (4, "scratch folders without a size of their own: %s", error->message);
}

static MugaiMailLimits reading_limits (const MugaiConfig *config) {
  return (MugaiMailLimits){ .max_depth = config->read_depth,
                            .max_parts = config->read_parts,
                            .max_headers = config->read_headers,
                            .max_header_bytes = config->read_header_bytes,
                            .max_decoded_bytes = config->read_decoded_bytes };
}

static G_NORETURN void run_zygote (Master *master, const Generation *generation, int control_fd) {
  const MugaiConfig *config = master->config;
  /* Of this zygote alone: that of a master that was killed may still be clearing its own away. */
  g_autofree char *root = g_strdup_printf ("%s/g%u-%d", master->scratch, generation->number, (int) getpid ());
  const MugaiZygoteOptions options = { .signatures = *config->signatures != '\0' ? config->signatures : NULL,
                                       .scratch_root = root,
                                       .workers = config->workers,
                                       .scratch_bytes = config->scratch_bytes,
                                       .memory_bytes = config->worker_memory_bytes,
                                       .limits.mail = reading_limits (config),
                                       .max_cached =
                                           config->worker_cached != 0 ? config->worker_cached : MUGAI_SCAN_NO_CACHE,
                                       .generation = generation->number };

  (void) prctl (PR_SET_NAME, "mugai-zygote");
  prepare_scratch (master, &options);
  if (!user_become (&master->scan_user)) {
    master_log (2, "cannot become user %s: %s", master->scan_user.name, g_strerror (errno));
    _exit (EXIT_SCRATCH);
  }
  int status = mugai_zygote_run (&options, control_fd, generation->put_fd);
  (void) rmdir (root);
  _exit (status);
}

static void try_later (Master *master) {
  master->generation_retry_us = CLAMP (master->generation_retry_us * 2, MASTER_RETRY_MIN_US, 6 * MASTER_RETRY_MAX_US);
  master->generation_at_us = g_get_monotonic_time () + master->generation_retry_us;
}

void generation_start (Master *master) {
  int theirs;
  Generation *generation = new_generation (master, &theirs);

  if (generation == NULL) {
    try_later (master);
    return;
  }
  const int keep[] = { theirs, generation->put_fd };
  pid_t pid = children_fork (master, NULL, keep, G_N_ELEMENTS (keep));
  if (pid == 0)
    run_zygote (master, generation, theirs);
  mugai_fd_close (theirs);
  if (pid < 0) {
    free_generation (generation);
    try_later (master);
    return;
  }
  generation->pid = pid;
  g_ptr_array_add (master->generations, generation);
  master->next = generation;
  master->generation_wanted = FALSE;
  master_log (6, "generation %u loads, pid %d", generation->number, (int) pid);
}

static void switch_fronts (Master *master) {
  for (guint i = 0; i < master->fronts->len; i++) {
    Front *front = master->fronts->pdata[i];
    front->generation_due = TRUE;
    children_tell_front (master, front);
  }
}

void generation_stop (Master *master, Generation *generation, gint64 within_us) {
  json_t *message = json_object ();

  if (master->serving == generation)
    master->serving = NULL;
  if (master->next == generation)
    master->next = NULL;
  /* First the pool: idle workers end with its last holder. */
  mugai_fd_close (mugai_fd_steal (&generation->take_fd));
  mugai_fd_close (mugai_fd_steal (&generation->put_fd));
  json_object_set_new (message, "stop", json_true ());
  if (generation->control_fd >= 0)
    (void) master_send (generation->control_fd, message, NULL, 0);
  else
    json_decref (message);
  generation->kill_at_us = g_get_monotonic_time () + within_us;
}

static void becomes_ready (Master *master, Generation *generation, json_t *message) {
  Generation *old = master->serving;
  gint64 time_s = 0, signatures = 0;

  if (generation != master->next)
    return;
  (void) !mugai_json_get_string (message, "version", 1024, &generation->version, NULL);
  (void) !mugai_json_get_int (message, "time", 0, G_MAXINT64, &time_s, NULL);
  (void) !mugai_json_get_int (message, "signatures", 0, G_MAXUINT32, &signatures, NULL);
  generation->time_s = time_s;
  generation->signatures = (guint) signatures;
  generation->ready = TRUE;
  master->serving = generation;
  master->next = NULL;
  master->generation_retry_us = 0;
  master_log (5, "generation %u serves: %s", generation->number,
              generation->version != NULL ? generation->version : "no signatures");
  alarm_log_act (master, "signatures-load", "mugaid",
                 json_pack ("{s:i, s:o, s:I, s:i}", "generation", (int) generation->number, "version",
                            mugai_json_string (generation->version), "time", (json_int_t) time_s, "signatures",
                            (int) signatures));
  switch_fronts (master);
  if (old != NULL)
    generation_stop (master, old, OLD_US);
}

/* By the newest header or file time of the set. A clock that was set back makes no set older than it is. */
void generation_check_age (Master *master, gint64 now_s) {
  const Generation *serving = master->serving;
  if (serving == NULL || serving->time_s == 0)
    return;
  gint64 age_s = now_s - serving->time_s;
  if (age_s * 1000 <= (gint64) master->config->signatures_alarm_ms)
    master->old_told_s = 0;
  else if (master->old_told_s == 0 || now_s - master->old_told_s >= OLD_AGAIN_S) {
    g_autofree char *text = g_strdup_printf ("the newest signatures are %" G_GINT64_FORMAT " h %" G_GINT64_FORMAT
                                             " min old (%s): are they still fetched?",
                                             age_s / 3600, age_s / 60 % 60, serving->version);
    master->old_told_s = now_s;
    alarm_raise (master, "signatures-old", text);
  }
}

static void has_failed (Master *master, Generation *generation, json_t *message) {
  g_autofree char *words = NULL, *safe = NULL, *text = NULL;

  (void) !mugai_json_get_string (message, "error", 8192, &words, NULL);
  safe = mugai_unicode_make_safe (words, -1, 1000);
  text = g_strdup_printf ("generation %u does not load, %s: %s", generation->number,
                          master->serving != NULL ? "the old one goes on" : "nothing is scanned or delivered", safe);
  alarm_raise (master, "signatures-not-loaded", text);
}

static void workers_changed (Generation *generation, json_t *message) {
  gint64 workers, pid, status;
  gboolean expected;

  if (!mugai_json_get_int (message, "workers", 0, G_MAXINT, &workers, NULL))
    return;
  generation->workers = (guint) workers;
  if (mugai_json_get_int (message, "died", 0, G_MAXINT, &pid, NULL)
      && mugai_json_get_int (message, "status", 0, 255, &status, NULL)
      && mugai_json_get_bool (message, "expected", &expected, NULL) && !expected)
    master_log (4, "generation %u: worker %d died, status %d", generation->number, (int) pid, (int) status);
}

void generation_hear (Master *master, Generation *generation) {
  char data[4096];
  int fds[MUGAI_FD_MAX_PASSED];
  guint n_fds = 0;
  gssize length = mugai_fd_receive (generation->control_fd, data, sizeof data, fds, &n_fds, 0, NULL);

  for (guint i = 0; length > 0 && i < n_fds; i++)
    mugai_fd_close (fds[i]);
  if (length == 0) {
    mugai_fd_close (mugai_fd_steal (&generation->control_fd));
    return;
  }
  g_autoptr (MugaiJson) message = length > 0 ? mugai_json_parse (data, (gsize) length, NULL) : NULL;
  json_t *ready = json_object_get (message, "ready");
  if (json_is_true (ready))
    becomes_ready (master, generation, message);
  else if (json_is_false (ready))
    has_failed (master, generation, message);
  else
    workers_changed (generation, message);
}

static void died_serving (Master *master, const Generation *generation, int status) {
  g_autofree char *text =
      g_strdup_printf ("the zygote of generation %u died (status %d); a new one loads", generation->number, status);

  master->serving = NULL;
  alarm_raise (master, "zygote-died", text);
  switch_fronts (master);
  master->generation_wanted = TRUE;
}

void generation_ended (Master *master, Generation *generation, int status) {
  if (generation->control_fd >= 0)
    generation_hear (master, generation); /* its last words may still be there */
  if (generation == master->serving)
    died_serving (master, generation, status);
  if (generation == master->next) {
    master->next = NULL;
    /* Asked for by a person and refused: said so, and not tried again by itself while the old one serves. */
    master->generation_wanted = master->generation_wanted || master->serving == NULL;
    try_later (master);
  }
  master_log (6, "generation %u ended, status %d", generation->number, status);
  g_ptr_array_remove (master->generations, generation);
  free_generation (generation);
}
