/* SPDX-License-Identifier: GPL-2.0-only
 *
 * cli/quarantine-export: mugai quarantine export: the original as received, or one part of it.
 *
 * A part is taken out by a sandboxed worker, and is handed out only when it has the SHA-256 of the record. An export is an act on the audit
 * chain, before the first byte leaves. Hostile bytes never go to a terminal.
 */
#include "quarantine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "mugai/base/base.h"
#include "mugai/base/fd.h"
#include "mugai/worker.h"

#include "cli.h"
#include "offline.h"
#include "words.h"

#define EXTRACT_S 60 /* a person waits */
#define EXTRACT_CPU_S 60u
#define EXTRACT_SCRATCH_BYTES (512u * 1024 * 1024)

#if defined(__SANITIZE_ADDRESS__)
#define EXTRACT_MEMORY_BYTES 0 /* its shadow is larger than any limit */
#else
#define EXTRACT_MEMORY_BYTES (G_GUINT64_CONSTANT (2) * 1024 * 1024 * 1024)
#endif

static const char *text_at (json_t *object, const char *key) {
  const char *text = json_string_value (json_object_get (object, key));

  return text != NULL ? text : "";
}

/* On the chain before the first byte leaves; not allowed, or no keeper: nothing leaves. */
static gboolean log_export (const MugaiCliQuarantine *options, const char *id, GBytes *content, int *ret_status) {
  g_autofree char *sha256 = mugai_sha256_hex (g_bytes_get_data (content, NULL), g_bytes_get_size (content));
  json_t *body = json_object ();

  json_object_set_new (body, "quarantine_id", mugai_json_string (id));
  json_object_set_new (body, "part", mugai_json_string (options->part));
  json_object_set_new (body, "sha256", mugai_json_string (sha256));
  json_object_set_new (body, "size_bytes", json_integer ((json_int_t) g_bytes_get_size (content)));
  json_object_set_new (body, "output", mugai_json_string (options->output));
  g_autoptr (MugaiJson) answer = mugai_cli_act (options, "quarantine export", "export", id, body, ret_status);
  return answer != NULL;
}

/* (transfer full): what the record says the part's bytes are; NULL: no such part. */
static char *find_part_sha256 (json_t *record, const char *path) {
  json_t *part;
  size_t i;

  json_array_foreach (json_object_get (record, "parts"), i, part) {
    if (strcmp (text_at (part, "path"), path) == 0)
      return g_strdup (text_at (part, "sha256"));
  }
  return NULL;
}

static GBytes *extract_in (MugaiWorker *worker, int message_fd, const char *path, GError **error) {
  MugaiSteps *steps = mugai_worker_steps (worker, g_get_monotonic_time () + EXTRACT_S * G_USEC_PER_SEC);
  g_autoptr (MugaiFacts) facts = NULL;
  g_autofree char *words = NULL;

  if (!steps->inspect (steps->self, message_fd, &facts, &words, error))
    return NULL;
  if (facts != NULL)
    return mugai_worker_extract (worker, path, error);
  g_set_error (error, MUGAI_QUARANTINE_ERROR, MUGAI_QUARANTINE_ERROR_CORRUPT, "the message cannot be read: %s", words);
  return NULL;
}

/* The sender's bytes are read by a sandboxed child, never here. */
static GBytes *extract_part (GBytes *message, const char *path, GError **error) {
  char *scratch = mugai_scratch_new (NULL, error);
  if (scratch == NULL)
    return NULL;
  const MugaiSandboxOptions sandbox = { .scratch = scratch,
                                        .scratch_bytes = EXTRACT_SCRATCH_BYTES,
                                        .memory_bytes = EXTRACT_MEMORY_BYTES,
                                        .cpu_s = EXTRACT_CPU_S };
  GBytes *content = NULL;
  g_auto (MugaiFd) message_fd = mugai_offline_seal (message, error);
  g_autoptr (MugaiScanner) scanner = message_fd >= 0 ? mugai_scanner_new (NULL, scratch, NULL, error) : NULL;
  MugaiWorker *worker = scanner != NULL ? mugai_worker_spawn (scanner, &sandbox, error) : NULL;

  if (worker != NULL)
    content = extract_in (worker, message_fd, path, error);
  mugai_worker_close (worker);
  mugai_scratch_free (scratch);
  return content;
}

/* (transfer full): the part, with the very SHA-256 that the record has for it. */
static GBytes *take_part (MugaiQuarantine *quarantine, const char *id, GBytes *message, const char *path,
                          GError **error) {
  g_autoptr (MugaiJson) record = mugai_quarantine_record (quarantine, id, error);
  g_autofree char *wanted = record != NULL ? find_part_sha256 (record, path) : NULL;

  if (record == NULL)
    return NULL;
  if (wanted == NULL) {
    g_set_error (error, MUGAI_QUARANTINE_ERROR, MUGAI_QUARANTINE_ERROR_NOT_FOUND, "no part %s in %s", path, id);
    return NULL;
  }
  g_autoptr (GBytes) content = extract_part (message, path, error);
  if (content == NULL)
    return NULL;
  g_autofree char *sha256 = mugai_sha256_hex (g_bytes_get_data (content, NULL), g_bytes_get_size (content));
  if (strcmp (sha256, wanted) == 0)
    return g_steal_pointer (&content);
  g_set_error (error, MUGAI_QUARANTINE_ERROR, MUGAI_QUARANTINE_ERROR_CORRUPT,
               "part %s of %s is not the one on the record: SHA-256 %s, not %s", path, id, sha256, wanted);
  return NULL;
}

static int write_output (const char *output, GBytes *content) {
  g_autoptr (GError) error = NULL;
  gboolean to_file = output != NULL && strcmp (output, "-") != 0;
  g_auto (MugaiFd) file_fd = to_file ? open (output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;

  if (to_file && file_fd < 0)
    return mugai_cli_fail (EX_CANTCREAT, "quarantine export", "%s: %s", output, g_strerror (errno));
  gsize length_bytes = 0;
  const void *data = g_bytes_get_data (content, &length_bytes);
  if (mugai_fd_write_all (to_file ? file_fd : STDOUT_FILENO, data, length_bytes, &error))
    return 0;
  if (to_file)
    (void) g_unlink (output);
  return mugai_cli_fail (EX_IOERR, "quarantine export", "%s", error->message);
}

int mugai_cli_quarantine_export (const MugaiCliQuarantine *options, const char *id) {
  g_autoptr (GError) error = NULL;
  int status = 0;

  if ((options->output == NULL || strcmp (options->output, "-") == 0) && isatty (STDOUT_FILENO))
    return mugai_cli_fail (EX_USAGE, "quarantine export", "%s",
                           MUGAI_CLI_WORDS ("原本は端末に出力できません。-o FILE を指定してください",
                                            "not to a terminal: say -o FILE"));
  g_autoptr (MugaiQuarantine) quarantine = mugai_cli_open_store (options, "quarantine export", &status);
  if (quarantine == NULL)
    return status;
  g_autoptr (GBytes) message = mugai_quarantine_original (quarantine, id, &error);
  if (message == NULL)
    return mugai_cli_fail_store ("quarantine export", error);
  g_autoptr (GBytes) content =
      options->part != NULL ? take_part (quarantine, id, message, options->part, &error) : g_bytes_ref (message);
  if (content == NULL)
    return mugai_cli_fail_store ("quarantine export", error);
  if (!log_export (options, id, content, &status))
    return status;
  return write_output (options->output, content);
}
