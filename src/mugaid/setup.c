/* SPDX-License-Identifier: GPL-2.0-only
 *
 * setup: what must be there before the first child: users, folders with the right owners, sockets; and taking it down again.
 */
#include "master.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>

#include "mugai/base/base.h"
#include "mugai/base/control.h"
#include "mugai/base/fd.h"
#include "mugai/quarantine.h"
#include "mugai/worker.h"

#include "setup.h"

static gboolean fail_errno (GError **error, const char *path) {
  g_set_error (error, G_IO_ERROR, (gint) g_io_error_from_errno (errno), "%s: %s", path, g_strerror (errno));
  return FALSE;
}

static gboolean find_users (Master *master, GError **error) {
  const MugaiConfig *config = master->config;

  if (!user_find (&master->user, config->user, error) || !user_find (&master->keeper_user, config->keeper_user, error)
      || !user_find (&master->scan_user, config->scan_user, error))
    return FALSE;
  master->separated = geteuid () == 0 && master->user.uid != 0 && master->keeper_user.uid != 0
                      && master->scan_user.uid != 0 && master->user.uid != master->keeper_user.uid
                      && master->user.uid != master->scan_user.uid && master->keeper_user.uid != master->scan_user.uid;
  return TRUE;
}

/* Makes a folder when it is missing; one that is there keeps owner and mode: the administrator's. */
static gboolean make_folder (const char *path, guint mode, const User *owner, GError **error) {
  if (g_file_test (path, G_FILE_TEST_IS_DIR))
    return TRUE;
  g_autofree char *parent = g_path_get_dirname (path);
  if (g_mkdir_with_parents (parent, 0755) < 0 || mkdir (path, mode) < 0 || chmod (path, mode) < 0)
    return fail_errno (error, path);
  return geteuid () != 0 || chown (path, owner->uid, owner->gid) == 0 || fail_errno (error, path);
}

/* Ours when nobody else could have put it there: /dev/shm is everybody's. */
static gboolean is_ours (const Master *master, const char *path) {
  struct stat status;

  return lstat (path, &status) == 0 && S_ISDIR (status.st_mode)
         && (status.st_uid == geteuid () || status.st_uid == master->scan_user.uid);
}

/* One name for one runtime folder, so that what a killed mugaid left behind is found and emptied. */
static gboolean make_scratch (Master *master, GError **error) {
  const char *runtime = master->config->runtime_directory;
  g_autofree char *hash = mugai_sha256_hex (runtime, strlen (runtime));
  g_autofree char *path = g_strdup_printf ("/dev/shm/mugai-%.12s", hash);

  if (mkdir (path, 0700) == 0 || (errno == EEXIST && is_ours (master, path) && mugai_scratch_empty (path, NULL)))
    master->scratch = g_steal_pointer (&path);
  else
    master->scratch = mugai_scratch_new (NULL, error);
  if (master->scratch == NULL)
    return FALSE;
  return geteuid () != 0 || chown (master->scratch, master->scan_user.uid, master->scan_user.gid) == 0
         || fail_errno (error, master->scratch);
}

static gboolean make_folders (Master *master, GError **error) {
  const MugaiConfig *config = master->config;
  g_autofree char *beside = mugai_quarantine_default_keys (config->store);
  const char *keys = config->keys[0] != '\0' ? config->keys : beside;

  return make_folder (config->runtime_directory, 0755, &master->user, error)
         && make_folder (config->store, 0750, &master->keeper_user, error)
         && make_folder (config->audit, 0750, &master->keeper_user, error)
         && make_folder (keys, 0700, &master->keeper_user, error) && make_scratch (master, error);
}

static int open_socket (const char *path, const User *owner, const User *group, GError **error) {
  g_auto (MugaiFd) fd = mugai_control_listen (path, 0660, error);

  if (fd >= 0 && geteuid () == 0 && chown (path, owner->uid, group->gid) < 0) {
    (void) fail_errno (error, path);
    return -1;
  }
  return mugai_fd_steal (&fd);
}

/* One mugaid for one runtime folder: a second one would take the sockets away from the first. */
static gboolean is_alone (const Master *master, GError **error) {
  g_autoptr (MugaiJson) question = json_pack ("{s:s}", "do", "status");
  g_autoptr (MugaiJson) answer = mugai_control_ask (master->control_socket, question, 1000, NULL);

  if (answer == NULL)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, "%s: another mugaid runs here", master->control_socket);
  return FALSE;
}

static gboolean open_sockets (Master *master, GError **error) {
  master->keeper_socket = mugai_config_keeper_socket (master->config);
  master->control_socket = mugai_config_control_socket (master->config);
  if (!is_alone (master, error))
    return FALSE;
  master->keeper_listen_fd = open_socket (master->keeper_socket, &master->keeper_user, &master->user, error);
  if (master->keeper_listen_fd < 0)
    return FALSE;
  master->control_listen_fd = open_socket (master->control_socket, &master->user, &master->user, error);
  return master->control_listen_fd >= 0 && mugai_front_open (master->config, error);
}

static gboolean open_signals (Master *master, GError **error) {
  sigset_t set;

  sigemptyset (&set);
  sigaddset (&set, SIGCHLD);
  sigaddset (&set, SIGHUP);
  sigaddset (&set, SIGTERM);
  sigaddset (&set, SIGINT);
  (void) signal (SIGPIPE, SIG_IGN);
  if (sigprocmask (SIG_BLOCK, &set, NULL) < 0)
    return fail_errno (error, "sigprocmask");
  master->signal_fd = signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  return master->signal_fd >= 0 || fail_errno (error, "signalfd");
}

static Front *new_front (guint index) {
  Front *front = g_new0 (Front, 1);
  front->index = index;
  front->child.control_fd = -1;
  return front;
}

static void free_front (gpointer data) {
  Front *front = data;
  json_decref (front->report);
  g_free (front);
}

void setup_init (Master *master, MugaiConfig *config) {
  *master = (Master){ .config = config,
                      .signal_fd = -1,
                      .control_listen_fd = -1,
                      .keeper_listen_fd = -1,
                      .policy_fd = -1,
                      .keeper = { .control_fd = -1 },
                      .fronts = g_ptr_array_new_with_free_func (free_front),
                      .generations = g_ptr_array_new (),
                      .clients = g_array_new (FALSE, FALSE, sizeof (int)),
                      .alarms = g_ptr_array_new_with_free_func ((GDestroyNotify) alarm_free),
                      .acts = g_ptr_array_new_with_free_func (act_free),
                      .totals = json_object (),
                      .started_us = g_get_real_time () };
  for (guint i = 0; i < config->fronts; i++)
    g_ptr_array_add (master->fronts, new_front (i));
}

gboolean setup_open (Master *master, GError **error) {
  /* 077 would keep Postfix from the milter socket's folder; each file's own mode is set where it is made. */
  (void) umask (022);
  return find_users (master, error) && make_folders (master, error) && open_sockets (master, error)
         && open_signals (master, error);
}

void setup_close (Master *master) {
  if (master->control_listen_fd >= 0)
    (void) unlink (master->control_socket);
  if (master->keeper_listen_fd >= 0)
    (void) unlink (master->keeper_socket);
  if (master->signal_fd >= 0)
    mugai_front_unlink (master->config);
  mugai_fd_close (master->control_listen_fd);
  mugai_fd_close (master->keeper_listen_fd);
  mugai_fd_close (master->signal_fd);
  mugai_fd_close (master->policy_fd);
  mugai_scratch_free (master->scratch);
  g_clear_pointer (&master->policy, mugai_policy_unref);
  g_ptr_array_unref (master->fronts);
  g_ptr_array_unref (master->generations);
  g_ptr_array_unref (master->alarms);
  g_array_unref (master->clients);
  g_ptr_array_unref (master->acts);
  json_decref (master->emergencies);
  json_decref (master->totals);
  g_free (master->keeper_socket);
  g_free (master->control_socket);
  g_free (master->user.name);
  g_free (master->keeper_user.name);
  g_free (master->scan_user.name);
  mugai_config_free (master->config);
}
