/* SPDX-License-Identifier: GPL-2.0-only
 *
 * The sandbox from inside: each forbidden act in a child of its own that entered it as a worker does. An act has failed when the
 * child was killed by SIGSYS, or was told EACCES or EPERM. Also: what a worker needs still works.
 */
#include "mugai/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>

/* What the child tells by its exit status. */
enum { DENIED = 0, SUCCEEDED = 1, OTHER_ERROR = 2, NO_SANDBOX = 3 };

static char *outside; /* a file of our own, not in the scratch folder */

static int judge (long result) {
  if (result >= 0)
    return SUCCEEDED;
  return errno == EACCES || errno == EPERM ? DENIED : OTHER_ERROR;
}

static int act_open_read (void) {
  return judge (open (outside, O_RDONLY | O_CLOEXEC));
}

static int act_open_write (void) {
  return judge (open (outside, O_WRONLY | O_APPEND | O_CLOEXEC));
}

static int act_create (void) {
  return judge (open ("/tmp/mugai-sandbox-was-open", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static int act_connect (void) {
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons (25) };
  int fd = socket (AF_INET, SOCK_STREAM, 0);
  return fd < 0 ? judge (fd) : judge (connect (fd, (struct sockaddr *) &address, sizeof address));
}

static int act_unix_socket (void) {
  return judge (socket (AF_UNIX, SOCK_STREAM, 0));
}

static int act_execve (void) {
  char *arguments[] = { (char *) "/bin/true", NULL };
  return judge (execve (arguments[0], arguments, NULL));
}

static int act_fork (void) {
  pid_t pid = (pid_t) syscall (SYS_clone, SIGCHLD, 0, 0, 0, 0);
  if (pid == 0)
    _exit (0);
  return judge (pid);
}

static int act_ptrace (void) {
  return judge (ptrace (PTRACE_ATTACH, getppid (), 0, 0));
}

static int act_kill (void) {
  return judge (kill (getppid (), 0));
}

static int act_mount (void) {
  return judge (mount ("none", ".", "tmpfs", 0, NULL));
}

static int act_chmod_outside (void) {
  return judge (chmod (outside, 0777));
}

static int act_truncate_outside (void) {
  return judge (truncate (outside, 0));
}

static int act_bpf (void) {
  union bpf_attr attributes = { 0 };
  return judge (syscall (SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes));
}

static int act_io_uring (void) {
  char parameters[256] = { 0 };
  return judge (syscall (SYS_io_uring_setup, 1, parameters));
}

static int act_keyctl (void) {
  return judge (syscall (SYS_keyctl, 0, -3, 0));
}

static int act_executable_mapping (void) {
  return mmap (NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED ? SUCCEEDED
                                                                                                    : judge (-1);
}

static int act_make_executable (void) {
  void *page = mmap (NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return judge (mprotect (page, 4096, PROT_READ | PROT_EXEC));
}

static int act_raise_limit (void) {
  struct {
    guint64 now, max;
  } limit = { 1 << 20, 1 << 20 };
  return judge (syscall (SYS_prlimit64, 0, 7, &limit, NULL));
}

static int act_i386 (void) {
#ifdef __x86_64__
  long result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory"); /* getpid of the other ABI */
  return result >= 0 ? SUCCEEDED : DENIED;
#else
  return DENIED;
#endif
}

static int act_work (void) {
  char path[] = "inside", text[4];
  int fd = open (path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

  if (fd < 0 || write (fd, "abc", 3) != 3 || lseek (fd, 0, SEEK_SET) != 0 || read (fd, text, 3) != 3)
    return OTHER_ERROR;
  close (fd);
  g_autofree char *large = g_malloc0 (8 * 1024 * 1024);
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  return now != NULL && large != NULL && mkdir ("folder", 0700) == 0 && rmdir ("folder") == 0 && unlink (path) == 0
             ? SUCCEEDED
             : OTHER_ERROR;
}

typedef struct {
  const char *name;
  int (*act) (void);
  int expected;
} Act;

static const Act acts[] = {
  { "open-to-read", act_open_read, DENIED },
  { "open-to-write", act_open_write, DENIED },
  { "create", act_create, DENIED },
  { "connect", act_connect, DENIED },
  { "unix-socket", act_unix_socket, DENIED },
  { "execve", act_execve, DENIED },
  { "fork", act_fork, DENIED },
  { "ptrace", act_ptrace, DENIED },
  { "kill", act_kill, DENIED },
  { "mount", act_mount, DENIED },
  { "chmod-outside", act_chmod_outside, DENIED },
  { "truncate-outside", act_truncate_outside, DENIED },
  { "bpf", act_bpf, DENIED },
  { "io_uring", act_io_uring, DENIED },
  { "keyctl", act_keyctl, DENIED },
  { "executable-mapping", act_executable_mapping, DENIED },
  { "make-executable", act_make_executable, DENIED },
  { "raise-limit", act_raise_limit, DENIED },
  { "other-abi", act_i386, DENIED },
  { "work-in-scratch", act_work, SUCCEEDED },
};

static int run_child (const Act *act, const char *scratch) {
  const MugaiSandboxOptions options = { .scratch = scratch, .scratch_bytes = 1 << 20, .memory_bytes = 256u << 20 };
  pid_t pid = fork ();

  if (pid == 0) {
    g_autoptr (GError) error = NULL;
    if (!mugai_sandbox_enter (&options, &error)) {
      g_printerr ("%s\n", error->message);
      _exit (NO_SANDBOX);
    }
    _exit (act->act ());
  }
  int status;
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  return status;
}

/* SIGSYS from the filter. The other ABI's calls end as SIGSYS too; without that ABI in the kernel as SIGSEGV. */
static void test_act (gconstpointer data) {
  const Act *act = data;
  g_autoptr (GError) error = NULL;
  char *scratch = mugai_scratch_new (NULL, &error);

  g_assert_no_error (error);
  int status = run_child (act, scratch);
  if (WIFSIGNALED (status)) {
    g_test_message ("killed by %s", g_strsignal (WTERMSIG (status)));
    g_assert_cmpint (act->expected, ==, DENIED);
    g_assert_true (WTERMSIG (status) == SIGSYS || (act->act == act_i386 && WTERMSIG (status) == SIGSEGV));
  } else {
    g_assert_cmpint (WEXITSTATUS (status), ==, act->expected);
  }
  g_assert_false (g_file_test ("/tmp/mugai-sandbox-was-open", G_FILE_TEST_EXISTS));
  mugai_scratch_free (scratch);
}

/* A hostile worker's folder: a deep chain, a link to outside, a folder without rights. */
static void test_scratch_empty (void) {
  g_autoptr (GError) error = NULL;
  char *scratch = mugai_scratch_new (NULL, &error);
  int at = open (scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  g_assert_no_error (error);
  g_assert_cmpint (symlinkat (outside, at, "link"), ==, 0);
  g_assert_cmpint (symlinkat ("/", at, "folder-link"), ==, 0);
  for (guint i = 0; i < 3000; i++) {
    g_assert_cmpint (mkdirat (at, "d", 0700), ==, 0);
    int next = openat (at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    close (at);
    at = next;
  }
  g_assert_cmpint (fchmod (at, 0), ==, 0);
  close (at);
  g_assert_true (mugai_scratch_empty (scratch, &error));
  g_assert_no_error (error);
  g_assert_cmpint (g_rmdir (scratch), ==, 0);
  g_assert_true (g_file_test (outside, G_FILE_TEST_IS_REGULAR));
  mugai_scratch_free (scratch);
}

int main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);

  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("mugai-sandbox-XXXXXX", &error);
  g_assert_no_error (error);
  outside = g_build_filename (folder, "outside", NULL);
  g_assert_true (g_file_set_contents (outside, "secret", -1, NULL));
  mugai_sandbox_warm_up ();
  for (gsize i = 0; i < G_N_ELEMENTS (acts); i++) {
    g_autofree char *path = g_strdup_printf ("/worker/sandbox/%s", acts[i].name);
    g_test_add_data_func (path, &acts[i], test_act);
  }
  g_test_add_func ("/worker/scratch/empty-hostile", test_scratch_empty);
  int result = g_test_run ();
  (void) g_unlink (outside);
  (void) g_rmdir (folder);
  g_free (outside);
  return result;
}
