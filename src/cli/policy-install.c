/* SPDX-License-Identifier: GPL-2.0-only
 *
 * `mugai policy load`, `rollback` and `shadow`: what changes the serving policy. Every version that was ever installed is kept as one bundle
 * in versions/ beside the policy, by its hash. Included files are written first, the policy itself last and atomically; a
 * master that does not take the new one makes us put the old one back.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

#include "mugai/base/base.h"
#include "mugai/base/config.h"
#include "mugai/base/fd.h"

#include "cli.h"
#include "policy.h"
#include "policy-records.h"
#include "words.h"

#define VERSIONS "versions"
#define BUNDLE_SUFFIX ".policy"
#define MIN_HASH 6 /* characters of a version that name it */
#define FRONTS_TAKE_US (5 * G_USEC_PER_SEC)
#define ASK_AGAIN_US 20000

/* ---- files ---- */

static gboolean write_file (const char *path, GBytes *text, GError **error) {
  g_autofree char *folder = g_path_get_dirname (path), *name = g_path_get_basename (path);
  gsize size;
  const void *data = g_bytes_get_data (text, &size);
  if (g_mkdir_with_parents (folder, 0755) != 0) {
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), "%s: %s", folder, g_strerror (errno));
    return FALSE;
  }
  g_auto (MugaiFd) fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0 && mugai_file_write_durable (fd, name, data ? data : "", size, 0644, error))
    return TRUE;
  if (fd < 0)
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), "%s: %s", folder, g_strerror (errno));
  g_prefix_error (error, "%s: ", path);
  return FALSE;
}

/* The first file of a bundle is the policy itself: written last, under the name that the master reads. */
static gboolean write_bundle (GBytes *bundle, const char *policy_path, GError **error) {
  g_autofree char *folder = g_path_get_dirname (policy_path);
  g_autoptr (GPtrArray) files = mugai_policy_bundle_files (bundle, error);
  for (guint i = files ? files->len : 0; i > 0; i--) {
    const MugaiPolicyFile *file = g_ptr_array_index (files, i - 1);
    g_autofree char *path = i == 1 ? g_strdup (policy_path) : g_build_filename (folder, file->name, NULL);
    if (!write_file (path, file->text, error))
      return FALSE;
  }
  return files != NULL;
}

static char *versions_folder (const char *policy_path) {
  g_autofree char *folder = g_path_get_dirname (policy_path);
  return g_build_filename (folder, VERSIONS, NULL);
}

static gboolean keep_version (const MugaiPolicy *policy, const char *policy_path, GError **error) {
  g_autofree char *folder = versions_folder (policy_path);
  g_autofree char *name = g_strconcat (mugai_policy_version (policy), BUNDLE_SUFFIX, NULL);
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GBytes) bundle = mugai_policy_own_bytes (policy);
  return g_file_test (path, G_FILE_TEST_EXISTS) || write_file (path, bundle, error);
}

/* ---- asking ---- */

static gboolean is_agreed (const MugaiPolicyOptions *options, const char *question) {
  char answer[16] = "";
  if (options->yes)
    return TRUE;
  printf ("%s [y/N] ", question);
  fflush (stdout);
  return fgets (answer, sizeof answer, stdin) != NULL && (answer[0] == 'y' || answer[0] == 'Y');
}

typedef enum { MASTER_TOOK, MASTER_AWAY, MASTER_REFUSED } MasterAnswer;

static MasterAnswer ask_master (const MugaiConfig *config) {
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiJson) request = json_pack ("{s:s, s:s}", "do", "reload", "what", "policy");
  g_autoptr (MugaiJson) answer = mugai_policy_cli_ask (config, request, &error);
  if (!answer) {
    fprintf (stderr,
             MUGAI_CLI_WORDS ("mugaid は動いていません（次に起動したときから効きます）: %s\n",
                              "mugaid is not running (the policy holds from its next start): %s\n"),
             error->message);
    return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND)
                   || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED)
               ? MASTER_AWAY
               : MASTER_REFUSED;
  }
  if (json_is_true (json_object_get (answer, "ok")))
    return MASTER_TOOK;
  fprintf (stderr, MUGAI_CLI_WORDS ("mugaid が受け付けませんでした: %s\n", "mugaid did not take it: %s\n"),
           mugai_policy_cli_text (answer, "error"));
  return MASTER_REFUSED;
}

static gboolean fronts_serve (const MugaiConfig *config, const char *version) {
  g_autoptr (MugaiJson) request = json_pack ("{s:s}", "do", "status");
  g_autoptr (MugaiJson) answer = mugai_policy_cli_ask (config, request, NULL);
  json_t *front;
  size_t i;

  json_array_foreach (json_object_get (answer, "fronts"), i,
                      front) if (json_is_true (json_object_get (front, "ready"))
                                 && strcmp (mugai_policy_cli_text (front, "policy"), version) != 0) return FALSE;
  return TRUE;
}

/* The fronts take it within moments of the master. Who loads a policy may count on it from our last line on. */
static void wait_for_fronts (const MugaiConfig *config, const char *version) {
  gint64 end_us = g_get_monotonic_time () + FRONTS_TAKE_US;

  while (!fronts_serve (config, version)) {
    if (g_get_monotonic_time () >= end_us) {
      fprintf (stderr, "%s\n",
               MUGAI_CLI_WORDS ("まだ前の版を使っているフロントがあります。mugai status で確かめてください。",
                                "Some of the fronts still use the version before: look at mugai status."));
      return;
    }
    g_usleep (ASK_AGAIN_US);
  }
}

/* ---- installing ---- */

static int put_back (const MugaiPolicy *old, const char *path) {
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bundle = old ? mugai_policy_own_bytes (old) : NULL;
  if (bundle && write_bundle (bundle, path, &error))
    fprintf (stderr, "%s\n", MUGAI_CLI_WORDS ("前のポリシーに戻しました。", "The earlier policy was put back."));
  else
    fprintf (stderr, "%s: %s\n", path, error ? error->message : MUGAI_CLI_WORDS ("戻せません", "cannot be put back"));
  return EX_UNAVAILABLE;
}

static int install (const MugaiConfig *config, const MugaiPolicy *old, GBytes *bundle) {
  g_autoptr (GError) error = NULL;
  if ((old && !keep_version (old, config->policy, &error)) || !write_bundle (bundle, config->policy, &error)) {
    fprintf (stderr, "mugai policy: %s\n", error->message);
    return EX_CANTCREAT;
  }
  g_autoptr (MugaiPolicy) installed = mugai_policy_cli_load (config->policy);
  MasterAnswer answer = installed ? ask_master (config) : MASTER_REFUSED;
  if (answer == MASTER_REFUSED)
    return put_back (old, config->policy);
  if (answer == MASTER_TOOK)
    wait_for_fronts (config, mugai_policy_version (installed));
  if (!keep_version (installed, config->policy, &error))
    fprintf (stderr, "mugai policy: %s\n", error->message);
  printf (MUGAI_CLI_WORDS ("入れ替えました: %s、版 %.12s\n", "installed: %s, version %.12s\n"),
          mugai_policy_name (installed), mugai_policy_version (installed));
  if (old)
    printf (MUGAI_CLI_WORDS ("戻すには: mugai policy rollback %.12s\n", "to go back: mugai policy rollback %.12s\n"),
            mugai_policy_version (old));
  return EX_OK;
}

static MugaiConfig *load_config (const MugaiPolicyOptions *options) {
  g_autoptr (GError) error = NULL;
  MugaiConfig *config = mugai_config_load (options->config ? options->config : MUGAI_CLI_CONFIG, &error);
  if (!config)
    fprintf (stderr, "%s\n", error->message);
  return config;
}

/* What is installed now; NULL when there is none, or it does not load any more. */
static MugaiPolicy *load_installed (const MugaiConfig *config) {
  return g_file_test (config->policy, G_FILE_TEST_EXISTS) ? mugai_policy_load (config->policy, FALSE, NULL, NULL)
                                                          : NULL;
}

/* Shows what @policy would change, asks, installs. */
static int offer (const MugaiPolicyOptions *options, const MugaiConfig *config, const MugaiPolicy *policy,
                  GBytes *bundle) {
  g_autoptr (MugaiPolicy) old = load_installed (config);
  g_autoptr (MugaiJson) changes = old ? mugai_policy_diff (old, policy, mugai_cli_japanese ()) : NULL;
  if (changes)
    mugai_policy_cli_print_diff (changes);
  else
    puts (MUGAI_CLI_WORDS ("今のポリシーがないので、違いは示せません。", "There is no policy now to compare with."));
  if (!is_agreed (options, MUGAI_CLI_WORDS ("このとおりに入れ替えますか。", "Install it?"))) {
    puts (MUGAI_CLI_WORDS ("何も変えていません。", "Nothing was changed."));
    return 1;
  }
  return install (config, old, bundle);
}

static gboolean warn_and_test (const MugaiPolicyOptions *options, const MugaiPolicy *policy, const char *path,
                               const GPtrArray *problems) {
  g_autoptr (GError) error = NULL;
  g_autofree char *cases = mugai_policy_cases_path (path);
  for (guint i = 0; i < problems->len; i++) {
    g_autofree char *text = mugai_policy_problem_format (g_ptr_array_index (problems, i));
    puts (text);
  }
  if (!cases)
    return TRUE;
  g_autoptr (MugaiJson) results = mugai_policy_cli_run_cases (policy, cases, options->signatures, &error);
  if (results)
    return mugai_policy_cli_print_cases (results);
  fprintf (stderr, "%s\n", error->message);
  return FALSE;
}

int mugai_policy_load_command (MugaiPolicyOptions *options) {
  const char *path = options->arguments[0];
  g_autoptr (GPtrArray) problems = NULL;
  g_autoptr (MugaiConfig) config = load_config (options);
  if (!config)
    return EX_CONFIG;
  g_autoptr (MugaiPolicy) policy = mugai_policy_load (path, mugai_cli_japanese (), &problems, NULL);
  if (!policy)
    return mugai_policy_cli_load (path) ? EX_SOFTWARE : EX_CONFIG; /* prints what is wrong */
  if (!warn_and_test (options, policy, path, problems))
    return EX_CONFIG;
  g_autoptr (GBytes) bundle = mugai_policy_own_bytes (policy);
  return offer (options, config, policy, bundle);
}

/* ---- rollback ---- */

static int list_versions (const MugaiPolicyOptions *options, const MugaiConfig *config) {
  g_autofree char *folder = versions_folder (config->policy);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  g_autoptr (MugaiPolicy) now = load_installed (config);
  g_autoptr (MugaiJson) list = json_array ();
  const char *name;
  while (dir && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);
    struct stat status;
    if (!g_str_has_suffix (name, BUNDLE_SUFFIX) || stat (path, &status) != 0)
      continue;
    g_autofree char *version = g_strndup (name, strlen (name) - strlen (BUNDLE_SUFFIX));
    g_autofree char *kept = mugai_time_rfc3339 ((gint64) status.st_mtime * G_USEC_PER_SEC);
    json_array_append_new (list, json_pack ("{s:o, s:s, s:b}", "version", mugai_json_string (version), "kept", kept,
                                            "serving", now && strcmp (mugai_policy_version (now), version) == 0));
  }
  if (options->json) {
    mugai_policy_cli_print_json (list);
    return EX_OK;
  }
  for (size_t i = 0; i < json_array_size (list); i++) {
    json_t *one = json_array_get (list, i);
    g_autofree char *kept = mugai_cli_local_time (mugai_policy_cli_text (one, "kept"));
    printf ("%.16s  %s%s\n", mugai_policy_cli_text (one, "version"), kept,
            json_is_true (json_object_get (one, "serving")) ? MUGAI_CLI_WORDS ("  ← 今の版", "  ← serving") : "");
  }
  return EX_OK;
}

/* (transfer full): the one kept bundle whose hash begins with @hash. */
static GBytes *find_version (const MugaiConfig *config, const char *hash, GError **error) {
  g_autofree char *folder = versions_folder (config->policy), *found = NULL, *text = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, error);
  const char *name;
  gsize size;
  guint n = 0;
  while (dir && (name = g_dir_read_name (dir)) != NULL)
    if (strlen (hash) >= MIN_HASH && g_str_has_prefix (name, hash) && g_str_has_suffix (name, BUNDLE_SUFFIX)) {
      g_free (found);
      found = g_build_filename (folder, name, NULL);
      n++;
    }
  if (n == 1)
    return g_file_get_contents (found, &text, &size, error) ? g_bytes_new_take (g_steal_pointer (&text), size) : NULL;
  if (dir)
    g_set_error (error, MUGAI_POLICY_ERROR, MUGAI_POLICY_ERROR_READ,
                 MUGAI_CLI_WORDS ("「%s」で始まる版は%u件あります（%d文字以上で、一つに決まるように）",
                                  "%s: %u kept versions begin so (write at least %d characters that name one)"),
                 hash, n, MIN_HASH);
  return NULL;
}

int mugai_policy_rollback_command (MugaiPolicyOptions *options) {
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiConfig) config = load_config (options);
  if (!config)
    return EX_CONFIG;
  if (options->n_arguments == 0)
    return list_versions (options, config);
  g_autoptr (GBytes) bundle = find_version (config, options->arguments[0], &error);
  g_autoptr (MugaiPolicy) policy = bundle ? mugai_policy_load_bytes (bundle, &error) : NULL;
  if (!policy)
    return mugai_cli_fail (EX_NOINPUT, "policy rollback", "%s", error->message);
  return offer (options, config, policy, bundle);
}

/* ---- shadow ---- */

static int stop_shadow (const MugaiConfig *config) {
  g_autofree char *path = mugai_policy_shadow_path (config->policy);
  if (g_unlink (path) != 0 && errno != ENOENT)
    return mugai_cli_fail (EX_CANTCREAT, "policy shadow", "%s: %s", path, g_strerror (errno));
  puts (MUGAI_CLI_WORDS ("試すのをやめました。", "Nothing is tried any more."));
  return ask_master (config) == MASTER_REFUSED ? EX_UNAVAILABLE : EX_OK;
}

int mugai_policy_shadow_command (MugaiPolicyOptions *options) {
  g_autoptr (GError) error = NULL;
  if (options->n_arguments == 0 && !options->off)
    return mugai_policy_cli_print_would (options);
  g_autoptr (MugaiConfig) config = load_config (options);
  if (!config)
    return EX_CONFIG;
  if (options->off)
    return stop_shadow (config);
  g_autoptr (MugaiPolicy) policy = mugai_policy_cli_load (options->arguments[0]);
  if (!policy)
    return EX_CONFIG;
  g_autofree char *path = mugai_policy_shadow_path (config->policy);
  g_autoptr (GBytes) bundle = mugai_policy_own_bytes (policy);
  if (!write_bundle (bundle, path, &error))
    return mugai_cli_fail (EX_CANTCREAT, "policy shadow", "%s", error->message);
  g_autoptr (MugaiPolicy) serving = mugai_policy_cli_load (config->policy);
  if (!serving || ask_master (config) == MASTER_REFUSED) {
    (void) g_unlink (path);
    return EX_UNAVAILABLE;
  }
  printf (MUGAI_CLI_WORDS ("%s（版 %.12s）を並べて試しています。届くメールの扱いは変わりません。\n",
                           "%s (version %.12s) is being tried; what happens to mail does not change.\n"),
          mugai_policy_name (policy), mugai_policy_version (policy));
  return EX_OK;
}
