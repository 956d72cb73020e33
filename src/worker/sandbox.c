/* SPDX-License-Identifier: GPL-2.0-only
 *
 * sandbox: no new rights, limits, Landlock, then the filter: an allow-list of system calls, everything else kills the process.
 *
 * The list is what libclamav, GMime, libmagic, libarchive and GLib are seen to call on the fixtures, and a few with a reason; a call that is missing shows as a
 * dead worker (SIGSYS) in the log. What path-taking calls may touch is Landlock's and the file permissions' business.
 */
#include "sandbox.h"

#include <errno.h>
#include <linux/capability.h>
#include <locale.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <gio/gio.h>
#include <seccomp.h>

#include "mugai/base/base.h"

#define MAX_OPEN_FILES 64

static gboolean fail_errno (GError **error, const char *what, int number) {
  g_set_error (error, G_IO_ERROR, (gint) g_io_error_from_errno (number), "sandbox: %s: %s", what, g_strerror (number));
  return FALSE;
}

void mugai_sandbox_warm_up (void) {
  guint8 bytes[8];
  time_t now = time (NULL);
  struct tm local;

  (void) setlocale (LC_ALL, "C.UTF-8"); /* archives' member names: libarchive converts by the locale */
  mugai_mail_init ();                   /* GMime, and every converter of iconv */
  tzset ();
  (void) localtime_r (&now, &local);
  g_date_time_unref (g_date_time_new_now_local ());
  (void) g_get_charset (NULL);
  (void) g_get_tmp_dir ();
  (void) g_random_int (); /* GLib opens /dev/urandom once */
  mugai_random (bytes, sizeof bytes);
}

/* ---- limits ---- */

static gboolean set_limit (int resource, rlim_t value, const char *name, GError **error) {
  struct rlimit limit = { .rlim_cur = value, .rlim_max = value };

  return setrlimit ((__rlimit_resource_t) resource, &limit) == 0 || fail_errno (error, name, errno);
}

/* What is mapped now, in bytes: the engine, mostly, shared with the zygote. */
static guint64 mapped_bytes (void) {
  g_autofree char *text = NULL;

  if (!g_file_get_contents ("/proc/self/statm", &text, NULL, NULL))
    return 0;
  return g_ascii_strtoull (text, NULL, 10) * (guint64) sysconf (_SC_PAGESIZE);
}

static gboolean set_limits (const MugaiSandboxOptions *options, GError **error) {
  /* Answers go into memory files, which RLIMIT_FSIZE binds too. */
  guint64 file_bytes = MAX (options->scratch_bytes, MUGAI_WORKER_MAX_REPLY_BYTES);
  guint cpu_s = options->cpu_s != 0 ? options->cpu_s : MUGAI_WORKER_CPU_S;
  guint64 mapped = mapped_bytes ();

  if (!SANDBOX_SANITIZER && options->memory_bytes != 0 && mapped != 0
      && !set_limit (RLIMIT_AS, mapped + options->memory_bytes, "RLIMIT_AS", error))
    return FALSE;
  return set_limit (RLIMIT_FSIZE, file_bytes, "RLIMIT_FSIZE", error)
         && set_limit (RLIMIT_CPU, cpu_s, "RLIMIT_CPU", error) && set_limit (RLIMIT_CORE, 0, "RLIMIT_CORE", error)
         && set_limit (RLIMIT_NOFILE, MAX_OPEN_FILES, "RLIMIT_NOFILE", error)
         && set_limit (RLIMIT_NPROC, 0, "RLIMIT_NPROC", error) && set_limit (RLIMIT_MEMLOCK, 0, "RLIMIT_MEMLOCK", error)
         && set_limit (RLIMIT_MSGQUEUE, 0, "RLIMIT_MSGQUEUE", error);
}

/* Run as root by hand, a worker is still root by its user id; at least it has none of root's powers. */
static gboolean drop_capabilities (GError **error) {
  struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
  struct __user_cap_data_struct none[2] = { 0 };

  return syscall (SYS_capset, &header, none) == 0 || fail_errno (error, "capset", errno);
}

/* ---- the filter ---- */

/* Seen: tests/e2e/test-sandbox.py asks that some fixture uses each of them. */
static const int allowed_calls[] = {
  /* memory; mmap and mprotect have conditions, see below */
  SCMP_SYS (brk),
  SCMP_SYS (munmap),
  SCMP_SYS (mremap),
  /* files that are open */
  SCMP_SYS (read),
  SCMP_SYS (pread64),
  SCMP_SYS (write),
  SCMP_SYS (lseek),
  SCMP_SYS (close),
  SCMP_SYS (fcntl),
  SCMP_SYS (getdents64),
  /* files by name */
  SCMP_SYS (openat),
  SCMP_SYS (newfstatat),
  SCMP_SYS (unlink),
  SCMP_SYS (mkdir),
  SCMP_SYS (rmdir),
  /* the channel */
  SCMP_SYS (sendmsg),
  SCMP_SYS (recvmsg),
  SCMP_SYS (poll),
  /* time, locks, itself */
  SCMP_SYS (getrusage),
  SCMP_SYS (futex),
  SCMP_SYS (exit_group),
};

/* Not seen on the fixtures, allowed for a reason; none opens anything that the others do not. */
static const int spare_calls[] = {
  /* the same by another name: other versions of the C library, other machines */
  SCMP_SYS (fstat),
  SCMP_SYS (statx),
  SCMP_SYS (unlinkat),
  SCMP_SYS (mkdirat),
  SCMP_SYS (ppoll),
  SCMP_SYS (readv),
  SCMP_SYS (pwrite64),
  SCMP_SYS (exit),
  /* malloc () giving pages back */
  SCMP_SYS (madvise),
  /* libclamav: zlib on a copy of a descriptor, temporary files cut to their length */
  SCMP_SYS (dup),
  SCMP_SYS (ftruncate),
  /* the clock where the kernel's page for it cannot be used (some virtual machines); waiting; names of temporary files */
  SCMP_SYS (clock_gettime),
  SCMP_SYS (gettimeofday),
  SCMP_SYS (time),
  SCMP_SYS (clock_nanosleep),
  SCMP_SYS (nanosleep),
  SCMP_SYS (getrandom),
  /* a call the kernel interrupted; locks that spin; qsort () asks for the memory's size; glibc asks for its own limits */
  SCMP_SYS (restart_syscall),
  SCMP_SYS (sched_yield),
  SCMP_SYS (sysinfo),
  SCMP_SYS (getrlimit),
  SCMP_SYS (uname),
  /* abort () and its last words, so that the log tells it from a forbidden call */
  SCMP_SYS (writev),
  SCMP_SYS (rt_sigaction),
  SCMP_SYS (rt_sigprocmask),
  SCMP_SYS (rt_sigreturn),
  SCMP_SYS (gettid),
  /* who am I */
  SCMP_SYS (getpid),
  SCMP_SYS (getuid),
  SCMP_SYS (geteuid),
  SCMP_SYS (getgid),
  SCMP_SYS (getegid),
};

/* Refused, not deadly: libraries try these in passing and live with a no. */
static const struct {
  int call;
  int answer;
} refused_calls[] = {
  { SCMP_SYS (chmod), EPERM },  { SCMP_SYS (fchmod), EPERM },    { SCMP_SYS (fchmodat), EPERM },
  { SCMP_SYS (chown), EPERM },  { SCMP_SYS (fchown), EPERM },    { SCMP_SYS (utimensat), EPERM },
  { SCMP_SYS (ioctl), ENOTTY }, { SCMP_SYS (rename), EPERM },    { SCMP_SYS (sched_setaffinity), EPERM },
  { SCMP_SYS (access), EPERM }, { SCMP_SYS (faccessat), EPERM }, { SCMP_SYS (faccessat2), EPERM },
  { SCMP_SYS (stat), EPERM },   { SCMP_SYS (lstat), EPERM },     { SCMP_SYS (open), EPERM },
  { SCMP_SYS (umask), EPERM },  { SCMP_SYS (readlink), EPERM },  { SCMP_SYS (readlinkat), EPERM },
  { SCMP_SYS (getcwd), EPERM }, { SCMP_SYS (fadvise64), EPERM }, { SCMP_SYS (clock_getres), EPERM },
  { SCMP_SYS (fsync), EPERM },  { SCMP_SYS (fdatasync), EPERM }, { SCMP_SYS (fstatfs), EPERM },
};

/* What the run-time of the sanitizers calls. */
static const int sanitizer_calls[] = {
  SCMP_SYS (sigaltstack), SCMP_SYS (pipe),       SCMP_SYS (pipe2),
  SCMP_SYS (getppid),     SCMP_SYS (tgkill),     SCMP_SYS (prctl),
  SCMP_SYS (personality), SCMP_SYS (arch_prctl), SCMP_SYS (sched_getaffinity),
};

static int add_allowed (scmp_filter_ctx filter) {
  int result = 0;

  for (gsize i = 0; result == 0 && i < G_N_ELEMENTS (allowed_calls); i++)
    result = seccomp_rule_add (filter, SCMP_ACT_ALLOW, allowed_calls[i], 0);
  for (gsize i = 0; result == 0 && i < G_N_ELEMENTS (spare_calls); i++)
    result = seccomp_rule_add (filter, SCMP_ACT_ALLOW, spare_calls[i], 0);
  for (gsize i = 0; SANDBOX_SANITIZER && result == 0 && i < G_N_ELEMENTS (sanitizer_calls); i++)
    result = seccomp_rule_add (filter, SCMP_ACT_ALLOW, sanitizer_calls[i], 0);
  return result;
}

static int add_refused (scmp_filter_ctx filter) {
  int result = 0;

  for (gsize i = 0; result == 0 && i < G_N_ELEMENTS (refused_calls); i++)
    result = seccomp_rule_add (filter, SCMP_ACT_ERRNO ((guint) refused_calls[i].answer), refused_calls[i].call, 0);
  return result;
}

/* mmap and mprotect without PROT_EXEC; with it a refusal, because a library that tries (PCRE's JIT, a late module) can do without.
 * prlimit64 to look, not to set. */
static int add_conditional (scmp_filter_ctx filter) {
  static const int mapping_calls[] = { SCMP_SYS (mmap), SCMP_SYS (mprotect) };
  const struct scmp_arg_cmp not_executable = { .arg = 2, .op = SCMP_CMP_MASKED_EQ, .datum_a = PROT_EXEC, .datum_b = 0 };
  const struct scmp_arg_cmp executable = {
    .arg = 2, .op = SCMP_CMP_MASKED_EQ, .datum_a = PROT_EXEC, .datum_b = PROT_EXEC
  };
  const struct scmp_arg_cmp look_only[] = { { .arg = 0, .op = SCMP_CMP_EQ }, { .arg = 2, .op = SCMP_CMP_EQ } };
  int result = 0;

  for (gsize i = 0; result == 0 && i < G_N_ELEMENTS (mapping_calls); i++) {
    result = seccomp_rule_add_array (filter, SCMP_ACT_ALLOW, mapping_calls[i], 1, &not_executable);
    if (result == 0)
      result = seccomp_rule_add_array (filter, SCMP_ACT_ERRNO (EPERM), mapping_calls[i], 1, &executable);
  }
  if (result == 0)
    result = seccomp_rule_add_array (filter, SCMP_ACT_ALLOW, SCMP_SYS (prlimit64), 2, look_only);
  return result;
}

static gboolean load_filter (GError **error) {
  scmp_filter_ctx filter = seccomp_init (SCMP_ACT_KILL_PROCESS);
  int result = filter != NULL ? 0 : -ENOMEM;

  /* A tree instead of a chain of comparisons. */
  if (result == 0)
    (void) seccomp_attr_set (filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
  if (result == 0)
    result = add_allowed (filter);
  if (result == 0)
    result = add_refused (filter);
  if (result == 0)
    result = add_conditional (filter);
  if (result == 0)
    result = seccomp_load (filter);
  if (filter != NULL)
    seccomp_release (filter);
  return result == 0 || fail_errno (error, "seccomp", -result);
}

gboolean mugai_sandbox_enter (const MugaiSandboxOptions *options, GError **error) {
  /* Memory of a worker holds a citizen's mail: no core, no ptrace by others of the same user. */
  if (!SANDBOX_SANITIZER && prctl (PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
    return fail_errno (error, "PR_SET_DUMPABLE", errno);
  (void) umask (077);
  if (chdir (options->scratch) < 0)
    return fail_errno (error, "cannot enter the scratch folder", errno);
  if (!set_limits (options, error))
    return FALSE;
  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
    return fail_errno (error, "PR_SET_NO_NEW_PRIVS", errno);
  return landlock_restrict (options->scratch, error) && drop_capabilities (error) && load_filter (error);
}
