/* SPDX-License-Identifier: GPL-2.0-only
 *
 * A keeper as a process of its own, on a disk that fails when it is told to: for the tests that include this, each a program of its own.
 *
 * The calls that reach the disk are interposed, for the keeper's code and for SQLite alike: the n-th of them can fail, all from the n-th on
 * can fail, or the n-th can be the keeper's last. The listening socket is the test's, as it is the master's in life.
 */
#pragma once

#include "mugai/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "mugai/audit.h"
#include "mugai/base/base.h"
#include "mugai/base/fd.h"
#include "mugai/quarantine.h"

#define MAX_ANSWERED 200000u
#define MAX_STEPS 4096u
#define MAX_FAULTS 200 /* more calls than one request makes */

typedef enum { FAULT_NONE, FAULT_ONCE, FAULT_FROM, FAULT_KILL } Fault;

typedef struct {
  int fault, at, calls, triggered; /* of the keeper's calls to the disk */
  int stop_clients, n_failed;
  char failure[256];
  int n_answered;
  struct {
    char id[MUGAI_ID_LENGTH + 1];
    gboolean original;
  } answered[MAX_ANSWERED];
  int n_steps;
  char steps[MAX_STEPS]; /* b, i, a: sync of blob, index, audit; d: of a folder; !: answer */
} Shared;

static Shared *shared;
static gboolean in_keeper;

/* ---- the disk ---- */

/* TRUE: this call fails. */
static gboolean strike (void) {
  if (!in_keeper || shared->fault == FAULT_NONE)
    return FALSE;
  int call = ++shared->calls;
  gboolean hit = shared->fault == FAULT_FROM ? call >= shared->at : call == shared->at;
  if (!hit)
    return FALSE;
  shared->triggered = 1;
  if (shared->fault == FAULT_KILL)
    (void) raise (SIGKILL);
  errno = ENOSPC;
  return TRUE;
}

static void note (char step) {
  if (in_keeper && shared->n_steps < (int) MAX_STEPS)
    shared->steps[shared->n_steps++] = step;
}

static void note_sync (int fd) {
  char link[64], path[512] = "";

  if (!in_keeper)
    return;
  g_snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
  if (readlink (link, path, sizeof path - 1) < 0)
    return;
  note (strstr (path, "index.sqlite") != NULL ? 'i'
        : strstr (path, "/audit-") != NULL    ? 'a'
        : strstr (path, "/new/") != NULL      ? 'b'
                                              : 'd');
}

int fsync (int fd) {
  if (strike ())
    return -1;
  note_sync (fd);
  return (int) syscall (SYS_fsync, fd);
}

int fdatasync (int fd) {
  if (strike ())
    return -1;
  note_sync (fd);
  return (int) syscall (SYS_fdatasync, fd);
}

ssize_t write (int fd, const void *data, size_t length) {
  return strike () ? -1 : syscall (SYS_write, fd, data, length);
}

ssize_t pwrite64 (int fd, const void *data, size_t length, off64_t offset) {
  return strike () ? -1 : syscall (SYS_pwrite64, fd, data, length, offset);
}

ssize_t pwrite (int fd, const void *data, size_t length, off_t offset) {
  return strike () ? -1 : syscall (SYS_pwrite64, fd, data, length, offset);
}

int renameat (int from_fd, const char *from, int to_fd, const char *to) {
  return strike () ? -1 : (int) syscall (SYS_renameat, from_fd, from, to_fd, to);
}

int ftruncate (int fd, off_t length) {
  return strike () ? -1 : (int) syscall (SYS_ftruncate, fd, length);
}

ssize_t sendmsg (int fd, const struct msghdr *message, int flags) {
  note ('!');
  return syscall (SYS_sendmsg, fd, message, flags);
}

/* ---- fixture ---- */

typedef struct {
  char *folder, *store, *audit, *socket;
  int listen_fd, stop_fd;
  pid_t keeper;
} Fixture;

static int listen_at (const char *path) {
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (listen (fd, 128), ==, 0);
  return fd;
}

static void start_keeper (Fixture *fixture) {
  int pipe_fds[2];

  g_assert_cmpint (pipe2 (pipe_fds, O_CLOEXEC), ==, 0);
  fixture->keeper = fork ();
  g_assert_cmpint (fixture->keeper, >=, 0);
  if (fixture->keeper == 0) {
    g_autofree char *accounts = g_build_filename (fixture->folder, "accounts", NULL);
    const MugaiKeeperOptions options = { .store = fixture->store, .audit = fixture->audit, .accounts = accounts };
    g_autoptr (GError) error = NULL;
    in_keeper = TRUE;
    close (pipe_fds[1]);
    gboolean done = mugai_keeper_serve (fixture->listen_fd, pipe_fds[0], &options, &error);
    _exit (done ? 0 : g_error_matches (error, MUGAI_AUDIT_ERROR, MUGAI_AUDIT_ERROR_BROKEN) ? 3 : 4);
  }
  close (pipe_fds[0]);
  fixture->stop_fd = pipe_fds[1];
}

static int wait_keeper (Fixture *fixture) {
  int status = 0;

  g_assert_cmpint (waitpid (fixture->keeper, &status, 0), ==, fixture->keeper);
  if (fixture->stop_fd >= 0)
    close (fixture->stop_fd);
  fixture->stop_fd = -1;
  fixture->keeper = -1;
  return status;
}

static void stop_keeper (Fixture *fixture) {
  close (fixture->stop_fd);
  fixture->stop_fd = -1;
  int status = wait_keeper (fixture);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);
}

static inline void kill_keeper (Fixture *fixture) {
  g_assert_cmpint (kill (fixture->keeper, SIGKILL), ==, 0);
  (void) wait_keeper (fixture);
}

static void set_up (Fixture *fixture, gconstpointer data) {
  (void) data;
  memset (shared, 0, sizeof *shared);
  fixture->folder = g_dir_make_tmp ("mugai-keeper-XXXXXX", NULL);
  fixture->store = g_build_filename (fixture->folder, "store", NULL);
  fixture->audit = g_build_filename (fixture->folder, "audit", NULL);
  fixture->socket = g_build_filename (fixture->folder, "k.sock", NULL);
  g_assert_cmpint (g_mkdir (fixture->store, 0700), ==, 0);
  g_assert_cmpint (g_mkdir (fixture->audit, 0700), ==, 0);
  fixture->listen_fd = listen_at (fixture->socket);
  start_keeper (fixture);
}

static void tear_down (Fixture *fixture, gconstpointer data) {
  g_autofree char *command = g_strdup_printf ("rm -rf '%s'", fixture->folder);

  (void) data;
  if (fixture->keeper > 0)
    stop_keeper (fixture);
  close (fixture->listen_fd);
  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
  g_free (fixture->folder);
  g_free (fixture->store);
  g_free (fixture->audit);
  g_free (fixture->socket);
}

/* ---- asking ---- */

static int make_original (const char *id, gboolean sealed) {
  int fd = mugai_fd_new_memory ("test", NULL);
  g_autofree char *text = g_strdup_printf ("Subject: %s\r\n\r\n%*s", id, 2000 + id[25] * 100, "x");

  g_assert_true (mugai_fd_write_all (fd, text, strlen (text), NULL));
  if (sealed)
    g_assert_true (mugai_fd_seal (fd, NULL));
  return fd;
}

static json_t *make_record (const char *id, gboolean original) {
  json_t *record = json_pack ("{s:i, s:s, s:s, s:[{s:s}], s:[{s:s}]}", "record_version", 1, "id", id, "time",
                              "2026-11-21T10:00:00.000+09:00", "recipients", "address", "a@b", "parts", "path", "1");

  json_object_set_new (record, "quarantine_id", original ? json_string (id) : json_null ());
  return record;
}

static gboolean keep (Fixture *fixture, const char *id, gboolean original, int timeout_ms, GError **error) {
  g_auto (MugaiFd) fd = original ? make_original (id, TRUE) : -1;
  g_autoptr (MugaiJson) record = make_record (id, original);

  return mugai_keeper_keep (fixture->socket, record, fd, timeout_ms, error);
}

static inline void note_answered (const char *id, gboolean original) {
  int n = __atomic_fetch_add (&shared->n_answered, 1, __ATOMIC_SEQ_CST);

  g_assert_cmpint (n, <, (int) MAX_ANSWERED);
  shared->answered[n].original = original;
  memcpy (shared->answered[n].id, id, MUGAI_ID_LENGTH + 1);
}

static inline void keep_new (Fixture *fixture, gboolean original) {
  g_autofree char *id = mugai_id_new ();
  g_autoptr (GError) error = NULL;

  g_assert_true (keep (fixture, id, original, MUGAI_KEEPER_TIMEOUT_MS, &error));
  g_assert_no_error (error);
  note_answered (id, original);
}
