/* SPDX-License-Identifier: GPL-2.0-only
 *
 * `mugai scan`: what one file or mail is: types, names, members, flags, verdicts, as a tree or as JSON. Nothing is stored or changed.
 *
 * The file is read in a sandboxed child of its own; what the child says is checked like any worker's facts. A password comes in by
 * a descriptor, lives in the child's memory, and dies with it.
 */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mugai/base/fd.h"
#include "mugai/base/unicode.h"
#include "mugai/sanitize.h"

#include "offline.h"
#include "words.h"

#define EXIT_INFECTED 1
#define MAX_FILE_BYTES (200u * 1024 * 1024)
#define MAX_PASSWORD_BYTES 1024u
#define SCRATCH_BYTES (1024u * 1024 * 1024) /* as a daemon's worker */
#define CHILD_CPU_S 60                      /* twice the deadline of a mail */

typedef struct {
  char *signatures;
  int password_fd;
  gboolean json;
  char **files;
} Options;

static void options_clear (Options *options) {
  g_free (options->signatures);
  g_strfreev (options->files);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static gboolean parse_options (Options *options, int argc, char **argv, GError **error) {
  const GOptionEntry entries[] = {
    { "signatures", 0, 0, G_OPTION_ARG_FILENAME, &options->signatures,
      MUGAI_CLI_WORDS ("ClamAVのウイルス定義（なければ、ウイルス検査はしません）",
                       "ClamAV signatures; without it nothing is scanned"),
      "DIR" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &options->json,
      MUGAI_CLI_WORDS ("JSON一行で出力", "the facts as one line of JSON"), NULL },
    { "password-fd", 0, 0, G_OPTION_ARG_INT, &options->password_fd,
      MUGAI_CLI_WORDS ("パスワードをこのファイル記述子から読む",
                       "read a password for locked members from this descriptor"),
      "N" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->files, NULL, "FILE|-" },
    G_OPTION_ENTRY_NULL,
  };
  const char *words = MUGAI_CLI_WORDS ("ファイルかメールが本当は何で、中に何があるかを調べます。\n"
                                       "終了コード: 0 感染なし、1 感染あり、64 使い方の誤り、66 読めない、75 "
                                       "調べられない、78 ウイルス定義を読み込めない。",
                                       "Says what one file or mail really is, with all that is in it.\n"
                                       "Exit: 0 nothing infected, 1 infected, 64 usage, 66 no input, 75 it could not "
                                       "be looked into, 78 the signatures do "
                                       "not load.");
  if (!mugai_cli_parse ("mugai scan", "FILE|-", words, entries, &argc, &argv, error))
    return FALSE;
  if (options->files != NULL && g_strv_length (options->files) == 1)
    return TRUE;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "name one file, or - for standard input");
  return FALSE;
}

/* One line from the descriptor; the copies here are wiped. */
static gboolean read_password (MugaiScanner *scanner, int fd, GError **error) {
  char text[MAX_PASSWORD_BYTES + 1];
  gsize length = 0;
  for (ssize_t got = 1; got != 0 && length < MAX_PASSWORD_BYTES;) {
    got = read (fd, text + length, MAX_PASSWORD_BYTES - length);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0) {
      g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), "--password-fd %d: %s", fd,
                   g_strerror (errno));
      return FALSE;
    }
    length += (gsize) got;
  }
  text[length] = 0;
  text[strcspn (text, "\r\n")] = 0;
  mugai_scanner_set_password (scanner, text);
  explicit_bzero (text, sizeof text);
  return TRUE;
}

/* ---- the child ---- */

static MugaiFacts *look_at_file (MugaiScanner *scanner, const char *name, GBytes *content) {
  MugaiFacts *facts = mugai_facts_new ();
  MugaiPart *part = mugai_part_new ();
  g_free (part->path);
  part->path = g_strdup ("1");
  if (name != NULL) {
    g_strfreev (part->names);
    part->names = g_new0 (char *, 2);
    part->names[0] = mugai_unicode_make_safe (name, -1, MUGAI_FACTS_MAX_NAME_BYTES);
  }
  g_ptr_array_add (facts->parts, part);
  mugai_scanner_begin_message (scanner, NULL);
  mugai_scan_part (scanner, part, content, facts->parts);
  facts->signatures_version = g_strdup (mugai_scanner_version (scanner));
  return facts;
}

static gboolean is_mail (MugaiScanner *scanner, const char *name, GBytes *content) {
  g_autofree char *lower = name != NULL ? g_ascii_strdown (name, -1) : NULL;
  return g_str_equal (mugai_scan_detect (scanner, content), "message/rfc822")
         || (lower != NULL && g_str_has_suffix (lower, ".eml"));
}

/* A mail is inspected as the milter would; anything else is one part. */
static json_t *look (MugaiScanner *scanner, const char *name, GBytes *content) {
  if (is_mail (scanner, name, content)) {
    g_autoptr (MugaiInspection) inspection = mugai_sanitize_inspect (content, scanner, NULL, NULL);
    if (inspection != NULL)
      return mugai_facts_to_json (mugai_inspection_facts (inspection));
  }
  g_autoptr (MugaiFacts) facts = look_at_file (scanner, name, content);
  return mugai_facts_to_json (facts);
}

static void run_child (MugaiScanner *scanner, const char *scratch, const char *name, GBytes *content, int out) {
  g_autoptr (GError) error = NULL;
  const MugaiSandboxOptions sandbox = { .scratch = scratch, .scratch_bytes = SCRATCH_BYTES, .cpu_s = CHILD_CPU_S };
  (void) prctl (PR_SET_PDEATHSIG, SIGKILL);
  mugai_scanner_set_scratch (scanner, scratch);
  if (!mugai_sandbox_enter (&sandbox, &error))
    _exit (EX_TEMPFAIL);
  g_autoptr (MugaiJson) facts = look (scanner, name, content);
  g_autofree char *line = mugai_json_line (facts);
  _exit (mugai_fd_write_all (out, line, strlen (line), &error) ? EX_OK : EX_TEMPFAIL);
}

static MugaiFacts *read_child (int in, pid_t pid, GError **error) {
  g_autoptr (GBytes) line = mugai_fd_read_all (in, MUGAI_JSON_MAX_BYTES, error);
  int status = 0;
  while (waitpid (pid, &status, 0) < 0 && errno == EINTR)
    continue;
  if (line == NULL)
    return NULL;
  if (!WIFEXITED (status) || WEXITSTATUS (status) != 0) {
    g_set_error (error, MUGAI_WORKER_ERROR, MUGAI_WORKER_ERROR_DIED, "the child that read it ended with %d", status);
    return NULL;
  }
  g_autoptr (MugaiJson) facts = mugai_json_parse (g_bytes_get_data (line, NULL), g_bytes_get_size (line), error);
  return facts != NULL ? mugai_facts_from_json (facts, error) : NULL;
}

static MugaiFacts *scan_in_child (MugaiScanner *scanner, const char *scratch, const char *name, GBytes *content,
                                  GError **error) {
  int ends[2];
  if (pipe2 (ends, O_CLOEXEC) < 0) {
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), "pipe: %s", g_strerror (errno));
    return NULL;
  }
  g_auto (MugaiFd) in = ends[0];
  g_auto (MugaiFd) out = ends[1];
  mugai_sandbox_warm_up ();
  pid_t pid = fork ();
  if (pid < 0) {
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), "fork: %s", g_strerror (errno));
    return NULL;
  }
  if (pid == 0)
    run_child (scanner, scratch, name, content, out);
  mugai_scanner_set_password (scanner, NULL);
  mugai_fd_close (mugai_fd_steal (&out));
  return read_child (in, pid, error);
}

/* ---- for people ---- */

static guint depth_of (const char *path) {
  guint depth = 0;
  for (; *path; path++)
    depth += *path == '.' || *path == '/';
  return depth;
}

static const char *word_of_scan (MugaiScan scan) {
  static const char *const ja[MUGAI_N_SCANS] = {
    [MUGAI_SCAN_INFECTED] = "ウイルス検出",   [MUGAI_SCAN_ENCRYPTED] = "暗号化",   [MUGAI_SCAN_OVER_LIMIT] = "上限超過",
    [MUGAI_SCAN_UNPARSABLE] = "読み取り不能", [MUGAI_SCAN_NOT_SCANNED] = "未検査", [MUGAI_SCAN_CLEAN] = "異常なし",
  };
  return mugai_cli_japanese () ? ja[scan] : mugai_scan_name (scan);
}

static void print_part (const MugaiPart *part) {
  printf ("%*s%s  %s", (int) (2 * depth_of (part->path)), "", part->path,
          part->names[0] != NULL ? part->names[0] : "-");
  for (char **name = part->names; name[0] != NULL && name[1] != NULL; name++)
    printf (" | %s", name[1]);
  printf ("  %s  %" G_GUINT64_FORMAT " B  %s", part->detected, part->size_bytes, word_of_scan (part->scan));
  if (part->signature != NULL)
    printf (" (%s)", part->signature);
  const char *before = "  [";
  for (guint flag = 0; flag < MUGAI_N_FLAGS; flag++) {
    if (!(part->flags & MUGAI_BIT (flag)))
      continue;
    printf ("%s%s", before, mugai_flag_name ((MugaiFlag) flag));
    before = " ";
  }
  puts (*before == ' ' && before[1] == 0 ? "]" : "");
}

static void print_tree (const MugaiFacts *facts) {
  for (guint i = 0; i < facts->parts->len; i++)
    print_part (g_ptr_array_index (facts->parts, i));
  const char *before = MUGAI_CLI_WORDS ("メールの特異点: ", "oddities of the mail: ");
  for (guint oddity = 0; oddity < MUGAI_N_ODDITIES; oddity++) {
    if (!(facts->oddities & MUGAI_BIT (oddity)))
      continue;
    printf ("%s%s", before, mugai_oddity_name ((MugaiOddity) oddity));
    before = " ";
  }
  if (facts->oddities != 0)
    puts ("");
}

static gboolean is_infected (const MugaiFacts *facts) {
  for (guint i = 0; i < facts->parts->len; i++) {
    const MugaiPart *part = g_ptr_array_index (facts->parts, i);
    if (part->scan == MUGAI_SCAN_INFECTED)
      return TRUE;
  }
  return FALSE;
}

static int report (const MugaiFacts *facts, gboolean json) {
  if (json) {
    g_autoptr (MugaiJson) value = mugai_facts_to_json (facts);
    g_autofree char *line = mugai_json_line (value);
    puts (line);
  } else {
    print_tree (facts);
  }
  if (fflush (stdout) != 0)
    return mugai_cli_fail (EX_IOERR, "scan", "%s", g_strerror (errno));
  return is_infected (facts) ? EXIT_INFECTED : EX_OK;
}

static int scan (MugaiScanner *scanner, const Options *options) {
  g_autoptr (GError) error = NULL;
  const char *file = options->files[0];
  gboolean input = g_str_equal (file, "-");
  g_autoptr (GBytes) content = mugai_offline_read (file, MAX_FILE_BYTES, &error);
  if (content == NULL)
    return mugai_cli_fail (EX_NOINPUT, "scan", "%s", error->message);
  g_autofree char *name = input ? NULL : g_path_get_basename (file);
  char *scratch = mugai_scratch_new (NULL, &error);
  g_autoptr (MugaiFacts) facts = scratch != NULL ? scan_in_child (scanner, scratch, name, content, &error) : NULL;
  mugai_scratch_free (scratch);
  if (facts == NULL)
    return mugai_cli_fail (EX_TEMPFAIL, "scan", "%s", error->message);
  return report (facts, options->json);
}

int mugai_cli_scan (int argc, char **argv) {
  g_auto (Options) options = { .password_fd = -1 };
  g_autoptr (GError) error = NULL;
  if (!parse_options (&options, argc, argv, &error))
    return mugai_cli_fail (EX_USAGE, "scan", "%s", error->message);
  g_autoptr (MugaiScanner) scanner = mugai_offline_scanner (options.signatures, &error);
  if (scanner == NULL)
    return mugai_cli_fail (EX_CONFIG, "scan", "%s", error->message);
  if (options.password_fd >= 0 && !read_password (scanner, options.password_fd, &error))
    return mugai_cli_fail (EX_NOINPUT, "scan", "%s", error->message);
  return scan (scanner, &options);
}
