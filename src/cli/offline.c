/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Offline looks: everything the daemon has, for one message and one process.
 */
#include "offline.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <glib/gstdio.h>

#include "mugai/base/fd.h"

#include "words.h"

#define SCRATCH_BYTES (1024u * 1024 * 1024) /* as a daemon's worker */
#define WORKER_CPU_S 60                     /* twice the deadline: a spinning child ends by itself */
#define SMALL_SIGNATURE_SET 100000u         /* an official set has millions */
#define POLICY_INSTALLED "/etc/mugai/policy/default.yaml"

GBytes *mugai_offline_read (const char *path, gsize max_bytes, GError **error) {
  if (g_str_equal (path, "-"))
    return mugai_fd_read_all (STDIN_FILENO, max_bytes, error);
  g_auto (MugaiFd) fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), "%s: %s", path, g_strerror (errno));
    return NULL;
  }
  return mugai_fd_read_all (fd, max_bytes, error);
}

int mugai_offline_seal (GBytes *message, GError **error) {
  g_auto (MugaiFd) fd = mugai_fd_new_memory ("message", error);
  if (fd < 0 || !mugai_fd_write_all (fd, g_bytes_get_data (message, NULL), g_bytes_get_size (message), error)
      || !mugai_fd_seal (fd, error))
    return -1;
  return mugai_fd_steal (&fd);
}

static const char *default_policy (void) {
  return g_access (POLICY_INSTALLED, R_OK) == 0 ? POLICY_INSTALLED : MUGAI_SOURCE_POLICY;
}

MugaiPolicy *mugai_offline_policy (const char *path) {
  g_autoptr (GPtrArray) problems = NULL;
  g_autoptr (GError) error = NULL;
  MugaiPolicy *policy =
      mugai_policy_load (path != NULL ? path : default_policy (), mugai_cli_japanese (), &problems, &error);
  for (guint i = 0; policy == NULL && problems != NULL && i < problems->len; i++) {
    g_autofree char *text = mugai_policy_problem_format (g_ptr_array_index (problems, i));
    fprintf (stderr, "%s\n", text);
  }
  if (policy == NULL)
    fprintf (stderr, "mugai: %s\n", error != NULL ? error->message : "policy does not load");
  return policy;
}

MugaiScanner *mugai_offline_scanner (const char *signatures, GError **error) {
  MugaiScanner *scanner = mugai_scanner_new (signatures, NULL, NULL, error);
  if (scanner == NULL)
    return NULL;
  if (signatures == NULL)
    fprintf (stderr, "%s\n",
             MUGAI_CLI_WORDS ("mugai: --signatures がないため、ウイルス検査はしていません（not-scanned）",
                              "mugai: no --signatures: nothing was scanned (not-scanned)"));
  else if (mugai_scanner_signatures (scanner) < SMALL_SIGNATURE_SET)
    fprintf (stderr,
             MUGAI_CLI_WORDS ("mugai: 注意: %s のシグネチャは %u 件だけです\n",
                              "mugai: warning: %s holds only %u signatures\n"),
             signatures, mugai_scanner_signatures (scanner));
  return scanner;
}

MugaiWorker *mugai_offline_worker (MugaiScanner *scanner, char **ret_scratch, GError **error) {
  char *scratch = mugai_scratch_new (NULL, error);
  if (scratch == NULL)
    return NULL;
  MugaiSandboxOptions sandbox = {
    .scratch = scratch, .scratch_bytes = SCRATCH_BYTES, .memory_bytes = 0, .cpu_s = WORKER_CPU_S
  };
  MugaiWorker *worker = mugai_worker_spawn (scanner, &sandbox, error);
  *ret_scratch = scratch;
  return worker;
}
