/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Tests of the keeper as a process of its own: what it answered is there, once, after every death and every failure.
 *
 * The calls that reach the disk are interposed below, for the keeper's code and for SQLite alike: the n-th of them can
 * fail, all from the n-th on can fail, or the n-th can be the keeper's last. Clients are processes too; what they were
 * answered is noted in shared memory. The listening socket is the test's, as it is the master's in life.
 */
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
#define CLIENTS 6u
#define KILLS 40u       /* 500 with -m slow */
#define MAX_FAULTS 200u /* more calls than one request makes */

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

static void kill_keeper (Fixture *fixture) {
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

static void note_answered (const char *id, gboolean original) {
  int n = __atomic_fetch_add (&shared->n_answered, 1, __ATOMIC_SEQ_CST);

  g_assert_cmpint (n, <, (int) MAX_ANSWERED);
  shared->answered[n].original = original;
  memcpy (shared->answered[n].id, id, MUGAI_ID_LENGTH + 1);
}

static void keep_new (Fixture *fixture, gboolean original) {
  g_autofree char *id = mugai_id_new ();
  g_autoptr (GError) error = NULL;

  g_assert_true (keep (fixture, id, original, MUGAI_KEEPER_TIMEOUT_MS, &error));
  g_assert_no_error (error);
  note_answered (id, original);
}

/* ---- what is there ---- */

static gboolean count_line (json_t *line, gpointer data) {
  json_t *body = json_object_get (line, "body");
  const char *id = json_string_value (json_object_get (body, "id"));

  if (id != NULL && !g_hash_table_insert (data, g_strdup (id), json_incref (body)))
    g_error ("%s has two lines", id);
  return TRUE;
}

static void assert_item (MugaiQuarantine *store, const char *id) {
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) blob = mugai_quarantine_original (store, id, &error);

  g_assert_no_error (error);
  g_assert_true (strncmp ((const char *) g_bytes_get_data (blob, NULL) + 9, id, MUGAI_ID_LENGTH) == 0);
}

/* Chain proven; every answered id has its one line, and blob and row when it had an original; no row that the chain does not know,
 * no blob without a row. The keeper has stopped. */
static void assert_consistent (Fixture *fixture) {
  g_autoptr (GError) error = NULL;
  g_autoptr (GHashTable) lines = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) json_decref);
  MugaiAuditReport report;

  g_assert_true (mugai_audit_verify (fixture->audit, &report, &error));
  if (!report.ok)
    g_error ("%s:%" G_GUINT64_FORMAT ": %s", report.file, report.line, report.fault);
  g_assert_true (mugai_audit_each (fixture->audit, count_line, lines, &error));
  g_assert_no_error (error);
  g_autoptr (MugaiQuarantine) store = mugai_quarantine_open (fixture->store, TRUE, &error);
  g_assert_no_error (error);
  for (int i = 0; i < shared->n_answered; i++) {
    const char *id = shared->answered[i].id;
    if (!g_hash_table_contains (lines, id))
      g_error ("%s was answered and has no line", id);
    if (shared->answered[i].original)
      assert_item (store, id);
  }
  MugaiQuarantineQuery query = { .limit = G_MAXINT };
  g_autoptr (GPtrArray) items = mugai_quarantine_list (store, &query, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < items->len; i++) {
    const MugaiQuarantineItem *item = g_ptr_array_index (items, i);
    if (!g_hash_table_contains (lines, item->id))
      g_error ("%s has a row and no line", item->id);
    assert_item (store, item->id);
  }
  g_auto (GStrv) orphans = mugai_quarantine_orphans (store, &error);
  g_assert_cmpuint (g_strv_length (orphans), ==, 0);
  mugai_audit_report_clear (&report);
}

/* ---- plain ---- */

static void test_keeps (Fixture *fixture, gconstpointer data) {
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiJson) body = json_pack ("{s:s}", "what", "policy");

  (void) data;
  for (guint i = 0; i < 20; i++)
    keep_new (fixture, i % 2 == 0);
  g_assert_true (mugai_keeper_log_act (fixture->socket, "policy-load", "uid:0:root", body, 5000, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (json_object_size (body), ==, 1);
  stop_keeper (fixture);
  assert_consistent (fixture);
}

static gboolean count_asked (json_t *line, gpointer data) {
  if (strcmp (json_string_value (json_object_get (line, "kind")), "checkpoint") != 0)
    (*(guint *) data)++;
  return TRUE;
}

/* Those that somebody asked for: the keeper's own checkpoints are proven, not counted. */
static guint count_lines (Fixture *fixture) {
  MugaiAuditReport report;
  guint lines = 0;

  g_assert_true (mugai_audit_verify (fixture->audit, &report, NULL));
  g_assert_true (report.ok && report.signatures);
  g_assert_true (mugai_audit_each (fixture->audit, count_asked, &lines, NULL));
  mugai_audit_report_clear (&report);
  return lines;
}

static void test_idempotent (Fixture *fixture, gconstpointer data) {
  g_autofree char *id = mugai_id_new ();
  g_autoptr (GError) error = NULL;

  (void) data;
  for (guint i = 0; i < 3; i++) {
    g_assert_true (keep (fixture, id, TRUE, 5000, &error));
    g_assert_no_error (error);
  }
  stop_keeper (fixture);
  start_keeper (fixture);
  g_assert_true (keep (fixture, id, TRUE, 5000, &error));
  note_answered (id, TRUE);
  stop_keeper (fixture);
  g_assert_cmpuint (count_lines (fixture), ==, 1);
  assert_consistent (fixture);
}

/* An id from long ago is found on the chain itself, not in what the keeper remembers. */
static void test_old_id (Fixture *fixture, gconstpointer data) {
  g_autofree char *id = mugai_id_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiJson) record = make_record (id, FALSE);

  (void) data;
  memcpy (id, "01JFAKETME", 10); /* 2024 */
  for (char *at = id; *at != '\0'; at++)
    *at = strchr ("ILOU", *at) != NULL ? '0' : *at;
  json_object_set_new (record, "id", json_string (id));
  stop_keeper (fixture);
  g_autoptr (MugaiAudit) audit = mugai_audit_open (fixture->audit, &error);
  g_assert_true (mugai_audit_append (audit, "record", "mugaid", record, G_GINT64_CONSTANT (1734000000000000), &error));
  g_assert_true (mugai_audit_sync (audit, &error));
  g_clear_pointer (&audit, mugai_audit_close);
  start_keeper (fixture);
  g_assert_true (keep (fixture, id, FALSE, 5000, &error));
  g_assert_no_error (error);
  stop_keeper (fixture);
  g_assert_cmpuint (count_lines (fixture), ==, 1);
}

static void test_refused (Fixture *fixture, gconstpointer data) {
  g_autofree char *id = mugai_id_new ();
  g_autoptr (MugaiJson) with = make_record (id, TRUE);
  g_autoptr (MugaiJson) without = make_record (id, FALSE);
  g_autoptr (MugaiJson) no_id = make_record ("../../x", FALSE);
  g_autoptr (MugaiJson) body = json_object ();
  g_auto (MugaiFd) sealed = make_original (id, TRUE);
  g_auto (MugaiFd) open_fd = make_original (id, FALSE);
  struct {
    json_t *record;
    int fd;
  } cases[] = { { with, open_fd }, { with, -1 }, { without, sealed }, { no_id, -1 }, { body, -1 } };

  (void) data;
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    g_assert_false (mugai_keeper_keep (fixture->socket, cases[i].record, cases[i].fd, 5000, &error));
    g_assert_error (error, MUGAI_KEEPER_ERROR, MUGAI_KEEPER_ERROR_FAILED);
  }
  g_assert_false (mugai_keeper_log_act (fixture->socket, "record", "x", body, 5000, NULL));
  g_assert_false (mugai_keeper_log_act (fixture->socket, "Bad kind", "x", body, 5000, NULL));
  keep_new (fixture, TRUE);
  stop_keeper (fixture);
  g_assert_cmpuint (count_lines (fixture), ==, 1);
}

static void test_gone (Fixture *fixture, gconstpointer data) {
  g_autofree char *id = mugai_id_new ();
  g_autofree char *nowhere = g_build_filename (fixture->folder, "none.sock", NULL);
  g_autoptr (GError) error = NULL, late = NULL;
  g_autoptr (MugaiJson) record = make_record (id, FALSE);

  (void) data;
  g_assert_false (mugai_keeper_keep (nowhere, record, -1, 100, &error));
  g_assert_error (error, MUGAI_KEEPER_ERROR, MUGAI_KEEPER_ERROR_GONE);
  kill_keeper (fixture);
  g_assert_false (mugai_keeper_keep (fixture->socket, record, -1, 100, &late));
  g_assert_error (late, MUGAI_KEEPER_ERROR, MUGAI_KEEPER_ERROR_LATE);
}

/* Syncs of blob, index and chain, in this order, and only then the answer. */
static void test_order (Fixture *fixture, gconstpointer data) {
  (void) data;
  keep_new (fixture, TRUE); /* the first makes folders and files */
  shared->n_steps = 0;
  keep_new (fixture, TRUE);
  g_autofree char *steps = g_strndup (shared->steps, (gsize) shared->n_steps);
  g_test_message ("steps: %s", steps);
  const char *answer = strchr (steps, '!');
  g_assert_nonnull (answer);
  g_assert_null (strchr (answer + 1, '!'));
  const char *blob = strchr (steps, 'b'), *folder = strchr (steps, 'd'), *index = strchr (steps, 'i');
  const char *audit = strchr (steps, 'a');
  g_assert_true (blob != NULL && folder > blob && index > folder && audit > index && answer > audit);
}

static void test_broken_chain (Fixture *fixture, gconstpointer data) {
  (void) data;
  keep_new (fixture, FALSE);
  stop_keeper (fixture);
  g_autofree char *command = g_strdup_printf ("sh -c \"sed -i 's/a@b/a@c/' '%s'/audit-*\"", fixture->audit);
  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
  start_keeper (fixture);
  int status = wait_keeper (fixture);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 3);
}

/* Neither folder is there yet: failures, and no restart needed when they are. */
static void test_not_there (Fixture *fixture, gconstpointer data) {
  g_autofree char *away = g_strconcat (fixture->audit, "-away", NULL);
  g_autofree char *id = mugai_id_new ();
  g_autoptr (GError) error = NULL;

  (void) data;
  stop_keeper (fixture);
  g_assert_cmpint (g_rename (fixture->audit, away), ==, 0);
  start_keeper (fixture);
  g_assert_false (keep (fixture, id, TRUE, 5000, &error));
  g_assert_error (error, MUGAI_KEEPER_ERROR, MUGAI_KEEPER_ERROR_FAILED);
  g_assert_cmpint (g_rename (away, fixture->audit), ==, 0);
  keep_new (fixture, TRUE);
  stop_keeper (fixture);
  assert_consistent (fixture);
}

/* ---- failures ---- */

/* One request, with a fault at the n-th call; for every n until the request is through before it. @again: asked again with the same id. */
static void each_fault (Fixture *fixture, Fault fault, gboolean kill, gboolean warm) {
  int n;

  for (n = 1; n < (int) MAX_FAULTS; n++) {
    g_autofree char *id = mugai_id_new ();
    g_autoptr (GError) error = NULL;
    if (warm)
      keep_new (fixture, TRUE);
    shared->calls = shared->triggered = 0;
    shared->at = n;
    __atomic_store_n (&shared->fault, (int) fault, __ATOMIC_SEQ_CST);
    gboolean done = keep (fixture, id, TRUE, kill ? 200 : 5000, &error);
    shared->fault = FAULT_NONE;
    gboolean hit = shared->triggered;
    if (done)
      note_answered (id, TRUE);
    else
      g_assert_true (hit);
    if (kill && hit) {
      (void) wait_keeper (fixture);
      start_keeper (fixture);
    }
    if (!done && n % 2 == 0) { /* the front asks again; else it has given up */
      g_clear_error (&error);
      g_assert_true (keep (fixture, id, TRUE, 5000, &error));
      note_answered (id, TRUE);
    }
    keep_new (fixture, TRUE); /* it comes back by itself */
    stop_keeper (fixture);
    assert_consistent (fixture);
    start_keeper (fixture);
    if (!hit)
      break;
  }
  g_test_message ("%d places", n - 1);
  g_assert_cmpint (n, >, 8);
  g_assert_cmpint (n, <, (int) MAX_FAULTS);
}

static void test_fail_once (Fixture *fixture, gconstpointer data) {
  (void) data;
  each_fault (fixture, FAULT_ONCE, FALSE, TRUE);
}

static void test_fail_once_cold (Fixture *fixture, gconstpointer data) {
  (void) data;
  each_fault (fixture, FAULT_ONCE, FALSE, FALSE);
}

static void test_fail_from (Fixture *fixture, gconstpointer data) {
  (void) data;
  each_fault (fixture, FAULT_FROM, FALSE, TRUE);
}

static void test_kill_at (Fixture *fixture, gconstpointer data) {
  (void) data;
  each_fault (fixture, FAULT_KILL, TRUE, TRUE);
}

/* ---- acts ---- */

#define ADMINISTRATOR "54321"

/* Root's process, for a person by SUDO_UID: only where there is no login uid that says who we are. */
static gboolean can_play_people (Fixture *fixture) {
  g_autofree char *accounts = g_build_filename (fixture->folder, "accounts", NULL);
  g_autofree char *login = NULL;

  if (geteuid () != 0 || !g_file_get_contents ("/proc/self/loginuid", &login, NULL, NULL)
      || strcmp (g_strchomp (login), "4294967295") != 0) {
    g_test_skip ("nobody else can be played here");
    return FALSE;
  }
  g_assert_true (g_file_set_contents (accounts, ADMINISTRATOR " administrator *\n", -1, NULL));
  g_assert_true (g_setenv ("SUDO_UID", ADMINISTRATOR, TRUE));
  return TRUE;
}

typedef struct {
  const char *item;
  guint disposals;
} Disposals;

static gboolean count_disposals (json_t *line, gpointer data) {
  Disposals *disposals = data;
  json_t *body = json_object_get (line, "body");

  if (strcmp (json_string_value (json_object_get (line, "kind")), "delete") == 0
      && g_strcmp0 (json_string_value (json_object_get (body, "item")), disposals->item) == 0)
    disposals->disposals++;
  return TRUE;
}

/* One line and no blob, or no line and the item whole. The keeper has stopped. */
static gboolean assert_disposal (Fixture *fixture, const char *item, gboolean answered) {
  Disposals disposals = { .item = item };
  MugaiAuditReport report;
  const MugaiQuarantineQuery query = { .text = item, .limit = 1 };

  g_assert_true (mugai_audit_verify (fixture->audit, &report, NULL));
  g_assert_true (report.ok && report.signatures);
  mugai_audit_report_clear (&report);
  g_assert_true (mugai_audit_each (fixture->audit, count_disposals, &disposals, NULL));
  g_autoptr (MugaiQuarantine) store = mugai_quarantine_open (fixture->store, TRUE, NULL);
  g_autoptr (GPtrArray) items = mugai_quarantine_list (store, &query, NULL);
  gboolean deleted = strcmp (((MugaiQuarantineItem *) items->pdata[0])->state, "deleted") == 0;
  g_assert_cmpuint (disposals.disposals, ==, deleted ? 1 : 0);
  g_assert_true (deleted || !answered);
  g_autoptr (GBytes) original = mugai_quarantine_original (store, item, NULL);
  g_assert_true ((original == NULL) == deleted);
  return deleted;
}

/* A disposal with a fault at the n-th call, for every n: the line, the state and the key end together. */
static void each_act_fault (Fixture *fixture, Fault fault) {
  int n = 1;
  gboolean hit = TRUE;

  for (; hit && n < (int) MAX_FAULTS; n++) {
    g_autofree char *id = mugai_id_new ();
    g_autoptr (GError) error = NULL;
    g_assert_true (keep (fixture, id, TRUE, 5000, &error));
    shared->calls = shared->triggered = 0;
    shared->at = n;
    __atomic_store_n (&shared->fault, (int) fault, __ATOMIC_SEQ_CST);
    g_autoptr (MugaiJson) body = json_pack ("{s:s, s:s}", "item", id, "reason", "test");
    g_autoptr (MugaiJson) answer = mugai_keeper_act (fixture->socket, "delete", body, 300, &error);
    /* What follows the answer, destroying the key, may be struck too: it gets its time. */
    for (guint i = 0; answer != NULL && i < 200 && !shared->triggered && shared->calls < n; i++)
      g_usleep (1000);
    hit = shared->triggered;
    shared->fault = FAULT_NONE;
    if (fault == FAULT_KILL && hit) {
      (void) wait_keeper (fixture);
      start_keeper (fixture);
    }
    keep_new (fixture, TRUE); /* it is back, and has finished what was left */
    stop_keeper (fixture);
    start_keeper (fixture);
    keep_new (fixture, FALSE);
    stop_keeper (fixture);
    (void) assert_disposal (fixture, id, answer != NULL);
    start_keeper (fixture);
  }
  g_test_message ("%d places", n - 1);
  g_assert_cmpint (n, >, 8);
  g_assert_cmpint (n, <, (int) MAX_FAULTS);
}

static void test_act_fail (Fixture *fixture, gconstpointer data) {
  (void) data;
  if (can_play_people (fixture))
    each_act_fault (fixture, FAULT_ONCE);
}

static void test_act_kill (Fixture *fixture, gconstpointer data) {
  (void) data;
  if (can_play_people (fixture))
    each_act_fault (fixture, FAULT_KILL);
}

static void run_client (Fixture *fixture, guint number) {
  for (guint i = 0; !__atomic_load_n (&shared->stop_clients, __ATOMIC_SEQ_CST); i++) {
    g_autofree char *id = mugai_id_new ();
    g_autoptr (GError) error = NULL;
    gboolean original = (i + number) % 3 != 0;
    if (keep (fixture, id, original, 20000, &error)) {
      note_answered (id, original);
      continue;
    }
    g_strlcpy (shared->failure, error->message, sizeof shared->failure);
    __atomic_fetch_add (&shared->n_failed, 1, __ATOMIC_SEQ_CST);
  }
  _exit (0);
}

static void test_kill_random (Fixture *fixture, gconstpointer data) {
  pid_t clients[CLIENTS];
  guint kills = g_test_slow () ? 500 : KILLS;

  (void) data;
  for (guint i = 0; i < CLIENTS; i++) {
    clients[i] = fork ();
    if (clients[i] == 0)
      run_client (fixture, i);
  }
  for (guint i = 0; i < kills; i++) {
    g_usleep ((gulong) g_random_int_range (0, 100000)); /* a start takes about 20 ms */
    kill_keeper (fixture);
    start_keeper (fixture);
  }
  __atomic_store_n (&shared->stop_clients, 1, __ATOMIC_SEQ_CST);
  for (guint i = 0; i < CLIENTS; i++)
    g_assert_cmpint (waitpid (clients[i], NULL, 0), ==, clients[i]);
  if (shared->n_failed > 0)
    g_error ("%d requests failed: %s", shared->n_failed, shared->failure);
  stop_keeper (fixture);
  g_test_message ("%d answers over %u deaths", shared->n_answered, kills);
  g_assert_cmpint (shared->n_answered, >, 0);
  assert_consistent (fixture);
}

/* ---- a small disk ---- */

/* Fills @folder until nothing more goes in. */
static char *fill_disk (const char *folder) {
  char *path = g_build_filename (folder, "filler", NULL);
  g_auto (MugaiFd) fd = open (path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  static char block[4096];

  g_assert_cmpint (fd, >=, 0);
  while (write (fd, block, sizeof block) > 0)
    continue;
  return path;
}

static void disk_full (Fixture *fixture, const char *folder) {
  stop_keeper (fixture);
  if (geteuid () != 0 || mount ("none", folder, "tmpfs", 0, "size=2m,mode=0700") < 0) {
    g_test_skip ("a small tmpfs cannot be mounted here");
    return;
  }
  start_keeper (fixture);
  keep_new (fixture, TRUE);
  for (guint round = 0; round < 3; round++) {
    g_autofree char *filler = fill_disk (folder);
    for (guint failed = 0; failed < 5;) {
      g_autofree char *id = mugai_id_new ();
      g_autoptr (GError) error = NULL;
      if (keep (fixture, id, TRUE, 5000, &error)) { /* a file's last page had room */
        g_assert_cmpuint (failed, ==, 0);
        note_answered (id, TRUE);
        continue;
      }
      g_assert_error (error, MUGAI_KEEPER_ERROR, MUGAI_KEEPER_ERROR_FAILED);
      failed++;
    }
    g_assert_cmpint (g_remove (filler), ==, 0);
    keep_new (fixture, TRUE);
  }
  stop_keeper (fixture);
  assert_consistent (fixture);
  g_assert_cmpint (umount (folder), ==, 0);
}

static void test_store_full (Fixture *fixture, gconstpointer data) {
  (void) data;
  disk_full (fixture, fixture->store);
}

static void test_audit_full (Fixture *fixture, gconstpointer data) {
  (void) data;
  disk_full (fixture, fixture->audit);
}

#define ADD(name, function) g_test_add ("/keeper/" name, Fixture, NULL, set_up, function, tear_down)

int main (int argc, char **argv) {
  shared = mmap (NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  g_test_init (&argc, &argv, NULL);
  ADD ("keeps", test_keeps);
  ADD ("idempotent", test_idempotent);
  ADD ("old-id", test_old_id);
  ADD ("refused", test_refused);
  ADD ("gone", test_gone);
  ADD ("order", test_order);
  ADD ("broken-chain", test_broken_chain);
  ADD ("not-there", test_not_there);
  ADD ("fail-once", test_fail_once);
  ADD ("fail-once-cold", test_fail_once_cold);
  ADD ("fail-from", test_fail_from);
  ADD ("kill-at", test_kill_at);
  ADD ("act-fail", test_act_fail);
  ADD ("act-kill", test_act_kill);
  ADD ("kill-random", test_kill_random);
  ADD ("store-full", test_store_full);
  ADD ("audit-full", test_audit_full);
  return g_test_run ();
}
