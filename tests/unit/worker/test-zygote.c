/* SPDX-License-Identifier: GPL-2.0-only
 *
 * A real zygote with real workers, without signatures: a mail goes through one, a dead one and a hung one are replaced, their scratch is
 * emptied, and the generation ends when nobody holds its pool. Also the worker that the command line spawns.
 */
#include "mugai/worker.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "mugai/base/fd.h"

#define MAIL "From: a@example.org\nSubject: hello\nContent-Type: text/plain\n\nworld\n"
#define N_WORKERS 2u

typedef struct {
  char *root;
  int control_fd, take_fd, put_fd;
  pid_t pid;
} Fixture;

static void set_up (Fixture *fixture, gconstpointer data G_GNUC_UNUSED) {
  g_autoptr (GError) error = NULL;
  int ends[2];

  fixture->root = mugai_scratch_new (NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), ==, 0);
  g_assert_true (mugai_pool_new (&fixture->take_fd, &fixture->put_fd, &error));
  const MugaiZygoteOptions options = {
    .scratch_root = fixture->root, .workers = N_WORKERS, .scratch_bytes = 1 << 20, .generation = 1
  };
  fixture->pid = fork ();
  if (fixture->pid == 0) {
    mugai_fd_close (ends[0]);
    mugai_fd_close (fixture->take_fd);
    _exit (mugai_zygote_run (&options, ends[1], fixture->put_fd));
  }
  mugai_fd_close (ends[1]);
  fixture->control_fd = ends[0];
}

/* Closing pool and control must be enough. */
static void tear_down (Fixture *fixture, gconstpointer data G_GNUC_UNUSED) {
  int status;

  mugai_fd_close (fixture->take_fd);
  mugai_fd_close (fixture->put_fd);
  mugai_fd_close (fixture->control_fd);
  g_assert_cmpint (waitpid (fixture->pid, &status, 0), ==, fixture->pid);
  g_assert_true (WIFEXITED (status) && WEXITSTATUS (status) == 0);
  g_autoptr (GDir) folder = g_dir_open (fixture->root, 0, NULL);
  g_assert_null (g_dir_read_name (folder));
  mugai_scratch_free (fixture->root);
}

static json_t *hear (Fixture *fixture) {
  char data[4096];
  int fds[MUGAI_FD_MAX_PASSED];
  guint n_fds;
  g_autoptr (GError) error = NULL;
  gssize length = mugai_fd_receive (fixture->control_fd, data, sizeof data, fds, &n_fds, 60000, &error);

  g_assert_no_error (error);
  g_assert_cmpint (length, >, 0);
  g_test_message ("%.*s", (int) length, data);
  return mugai_json_parse (data, (gsize) length, NULL);
}

/* Words until one says that a worker ended: its pid. */
static gint64 hear_death (Fixture *fixture, gboolean *ret_expected) {
  for (;;) {
    g_autoptr (MugaiJson) message = hear (fixture);
    gint64 pid;
    if (!mugai_json_get_int (message, "died", 1, G_MAXINT, &pid, NULL))
      continue;
    g_assert_true (mugai_json_get_bool (message, "expected", ret_expected, NULL));
    return pid;
  }
}

static MugaiWorker *take (Fixture *fixture) {
  g_autoptr (GError) error = NULL;
  MugaiWorker *worker = mugai_worker_take (fixture->take_fd, 60000, &error);

  g_assert_no_error (error);
  return worker;
}

static gboolean inspect (MugaiWorker *worker, const char *mail, GError **error) {
  g_auto (MugaiFd) fd = mugai_fd_new_memory ("test", NULL);
  g_autoptr (MugaiFacts) facts = NULL;
  g_autofree char *text = NULL;
  MugaiSteps *steps = mugai_worker_steps (worker, g_get_monotonic_time () + 20 * G_TIME_SPAN_SECOND);

  g_assert_true (mugai_fd_write_all (fd, mail, strlen (mail), NULL) && mugai_fd_seal (fd, NULL));
  if (!steps->inspect (steps->self, fd, &facts, &text, error))
    return FALSE;
  g_assert_nonnull (facts);
  g_assert_cmpstr (facts->subject, ==, "hello");
  g_assert_cmpuint (facts->parts->len, ==, 1);
  return TRUE;
}

static void check_extract (MugaiWorker *worker) {
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) content = mugai_worker_extract (worker, "1", &error);

  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (content), >=, strlen ("world"));
  g_assert_null (mugai_worker_extract (worker, "7.7", &error));
  g_assert_error (error, MUGAI_SANITIZE_ERROR, MUGAI_SANITIZE_ERROR_NOT_FOUND);
}

static void test_mail (Fixture *fixture, gconstpointer data G_GNUC_UNUSED) {
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiJson) ready = hear (fixture);
  gboolean expected;

  g_assert_true (json_is_true (json_object_get (ready, "ready")));
  MugaiWorker *worker = take (fixture);
  gint64 pid = mugai_worker_pid (worker);
  g_assert_true (inspect (worker, MAIL, &error));
  g_assert_no_error (error);
  check_extract (worker);
  /* Back, then the other, then the same again; its second mail is its last. */
  mugai_worker_put_back (worker, fixture->put_fd, 2, FALSE);
  worker = take (fixture);
  g_assert_cmpint (mugai_worker_pid (worker), !=, pid);
  mugai_worker_put_back (worker, fixture->put_fd, 100, TRUE); /* suspicious: not back */
  worker = take (fixture);
  while (mugai_worker_pid (worker) != pid) { /* the replacement of the suspicious one may be faster */
    mugai_worker_put_back (worker, fixture->put_fd, 100, FALSE);
    worker = take (fixture);
  }
  g_assert_true (inspect (worker, MAIL, &error));
  mugai_worker_put_back (worker, fixture->put_fd, 2, FALSE);
  while (hear_death (fixture, &expected) != pid)
    g_assert_true (expected);
  g_assert_true (expected);
}

static void test_killed (Fixture *fixture, gconstpointer data G_GNUC_UNUSED) {
  g_autoptr (GError) error = NULL;
  gboolean expected;
  MugaiWorker *worker = take (fixture);
  pid_t pid = mugai_worker_pid (worker);

  g_assert_cmpint (kill (pid, SIGKILL), ==, 0);
  g_assert_false (inspect (worker, MAIL, &error));
  g_assert_error (error, MUGAI_WORKER_ERROR, MUGAI_WORKER_ERROR_DIED);
  mugai_worker_put_back (worker, fixture->put_fd, 100, FALSE); /* refused: broken */
  g_assert_cmpint (hear_death (fixture, &expected), ==, pid);
  g_assert_false (expected);
  g_clear_error (&error);
  for (guint i = 0; i < N_WORKERS; i++) { /* as many as before */
    worker = take (fixture);
    g_assert_true (inspect (worker, MAIL, &error));
    mugai_worker_put_back (worker, fixture->put_fd, 100, FALSE);
  }
}

static void test_hung (Fixture *fixture, gconstpointer data G_GNUC_UNUSED) {
  g_autoptr (GError) error = NULL;
  gboolean expected;
  MugaiWorker *worker = take (fixture);
  pid_t pid = mugai_worker_pid (worker);
  g_autofree char *litter = g_build_filename (fixture->root, "w0", "litter", NULL);
  g_autofree char *other = g_build_filename (fixture->root, "w1", "litter", NULL);

  /* Once it has answered it holds no copy of our end any more: so our closing is its hang-up. */
  g_assert_true (inspect (worker, MAIL, &error));
  g_assert_no_error (error);
  g_assert_true (g_file_set_contents (litter, "x", 1, NULL));
  g_assert_true (g_file_set_contents (other, "x", 1, NULL));
  g_assert_cmpint (kill (pid, SIGSTOP), ==, 0);
  gint64 from_us = g_get_monotonic_time ();
  mugai_worker_close (worker);
  g_assert_cmpint (hear_death (fixture, &expected), ==, pid);
  g_assert_true (expected);
  g_assert_cmpint (g_get_monotonic_time () - from_us, >=, 900 * G_TIME_SPAN_MILLISECOND);
  g_assert_cmpint (g_get_monotonic_time () - from_us, <, 10 * G_TIME_SPAN_SECOND);
  /* Its folder, whichever it was, is empty again. */
  g_assert_false (g_file_test (litter, G_FILE_TEST_EXISTS) && g_file_test (other, G_FILE_TEST_EXISTS));
}

static void test_zygote_killed (void) {
  Fixture fixture;
  g_autoptr (GError) error = NULL;

  set_up (&fixture, NULL);
  MugaiWorker *worker = take (&fixture);
  g_assert_cmpint (kill (fixture.pid, SIGKILL), ==, 0);
  g_assert_cmpint (waitpid (fixture.pid, NULL, 0), ==, fixture.pid);
  g_usleep (200 * 1000); /* its workers go with it */
  g_assert_false (inspect (worker, MAIL, &error));
  g_assert_error (error, MUGAI_WORKER_ERROR, MUGAI_WORKER_ERROR_DIED);
  mugai_worker_close (worker);
  g_clear_error (&error);
  g_assert_null (mugai_worker_take (fixture.take_fd, 100, &error)); /* the dead are passed over */
  g_assert_error (error, MUGAI_WORKER_ERROR, MUGAI_WORKER_ERROR_NONE_IDLE);
  mugai_fd_close (fixture.take_fd);
  mugai_fd_close (fixture.put_fd);
  mugai_fd_close (fixture.control_fd);
  mugai_scratch_free (fixture.root);
}

static void test_spawn (void) {
  g_autoptr (GError) error = NULL;
  char *scratch = mugai_scratch_new (NULL, &error);
  const MugaiSandboxOptions options = { .scratch = scratch, .scratch_bytes = 1 << 20, .memory_bytes = 512u << 20 };
  g_autoptr (MugaiScanner) scanner = mugai_scanner_new (NULL, scratch, NULL, &error);

  g_assert_no_error (error);
  MugaiWorker *worker = mugai_worker_spawn (scanner, &options, &error);
  g_assert_no_error (error);
  pid_t pid = mugai_worker_pid (worker);
  g_assert_true (inspect (worker, MAIL, &error));
  g_assert_no_error (error);
  check_extract (worker);
  mugai_worker_close (worker);
  g_assert_cmpint (kill (pid, 0), <, 0); /* gone and waited for */
  mugai_scratch_free (scratch);
}

int main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/worker/zygote/mail", Fixture, NULL, set_up, test_mail, tear_down);
  g_test_add ("/worker/zygote/worker-killed", Fixture, NULL, set_up, test_killed, tear_down);
  g_test_add ("/worker/zygote/worker-hung", Fixture, NULL, set_up, test_hung, tear_down);
  g_test_add_func ("/worker/zygote/zygote-killed", test_zygote_killed);
  g_test_add_func ("/worker/spawn/mail", test_spawn);
  return g_test_run ();
}
