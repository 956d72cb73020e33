/* SPDX-License-Identifier: GPL-2.0-only
 *
 * `mugai policy check`, `diff`, `format`, `schema`, `vocabulary`: what is done with the text of a policy alone.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mugai/base/base.h"
#include "mugai/base/config.h"
#include "mugai/base/fd.h"

#include "cli.h"
#include "offline.h"
#include "policy.h"
#include "words.h"

/* ---- check ---- */

static json_t *problem_to_json (const MugaiPolicyProblem *problem) {
  return json_pack ("{s:o, s:i, s:i, s:s, s:o, s:o}", "file", mugai_json_string (problem->file), "line",
                    (int) problem->line, "column", (int) problem->column, "severity",
                    problem->warning ? "warning" : "error", "message", mugai_json_string (problem->message), "source",
                    mugai_json_string (problem->source));
}

static void print_check_json (const char *path, const MugaiPolicy *policy, const GPtrArray *problems, guint errors) {
  g_autoptr (MugaiJson) object = json_object ();
  json_t *list = json_array ();
  for (guint i = 0; i < problems->len; i++)
    json_array_append_new (list, problem_to_json (g_ptr_array_index (problems, i)));
  json_object_set_new (object, "file", mugai_json_string (path));
  json_object_set_new (object, "ok", json_boolean (policy != NULL));
  json_object_set_new (object, "errors", json_integer (errors));
  json_object_set_new (object, "warnings", json_integer (problems->len - errors));
  json_object_set_new (object, "name", policy ? mugai_json_string (mugai_policy_name (policy)) : json_null ());
  json_object_set_new (object, "version", policy ? mugai_json_string (mugai_policy_version (policy)) : json_null ());
  json_object_set_new (object, "problems", list);
  mugai_policy_cli_print_json (object);
}

static void print_check (const char *path, const MugaiPolicy *policy, const GPtrArray *problems, guint errors) {
  guint warnings = problems->len - errors;
  for (guint i = 0; i < problems->len; i++) {
    g_autofree char *text = mugai_policy_problem_format (g_ptr_array_index (problems, i));
    puts (text);
  }
  if (!policy)
    printf (MUGAI_CLI_WORDS ("%s: 誤り%u件、注意%u件\n", "%s: %u error(s), %u warning(s)\n"), path, errors, warnings);
  else if (warnings)
    printf (MUGAI_CLI_WORDS ("%s: 誤りはありません、注意%u件（%s、版 %.12s）\n",
                             "%s: no errors, %u warning(s) (%s, version %.12s)\n"),
            path, warnings, mugai_policy_name (policy), mugai_policy_version (policy));
  else
    printf (MUGAI_CLI_WORDS ("%s: 誤りはありません（%s、版 %.12s）\n", "%s: no errors (%s, version %.12s)\n"), path,
            mugai_policy_name (policy), mugai_policy_version (policy));
}

int mugai_policy_check_command (MugaiPolicyOptions *options) {
  const char *path = options->arguments[0];
  g_autoptr (GPtrArray) problems = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiPolicy) policy = mugai_policy_load (path, mugai_cli_japanese (), &problems, &error);
  guint errors = 0;
  for (guint i = 0; i < problems->len; i++)
    errors += ((MugaiPolicyProblem *) g_ptr_array_index (problems, i))->warning ? 0 : 1;
  if (options->json)
    print_check_json (path, policy, problems, errors);
  else
    print_check (path, policy, problems, errors);
  return policy ? EX_OK : EX_CONFIG;
}

/* ---- diff ---- */

void mugai_policy_cli_print_diff (json_t *changes) {
  size_t i;
  json_t *one;
  gboolean weaker = FALSE;
  json_array_foreach (changes, i, one) {
    gboolean is_weaker = json_is_true (json_object_get (one, "weaker"));
    printf ("%s %s: %s\n", is_weaker ? "!" : " ", mugai_policy_cli_text (one, "section"),
            mugai_policy_cli_text (one, "words"));
    weaker |= is_weaker;
  }
  if (json_array_size (changes) == 0)
    puts (MUGAI_CLI_WORDS ("違いはありません。", "No difference."));
  if (weaker)
    puts (
        MUGAI_CLI_WORDS ("「!」は、今より多くを通すようになる変更です。", "\"!\" marks what lets more pass than now."));
}

int mugai_policy_diff_command (MugaiPolicyOptions *options) {
  g_autoptr (MugaiPolicy) before = mugai_policy_cli_load (options->arguments[0]);
  g_autoptr (MugaiPolicy) after = mugai_policy_cli_load (options->arguments[1]);
  if (!before || !after)
    return EX_CONFIG;
  g_autoptr (MugaiJson) changes = mugai_policy_diff (before, after, mugai_cli_japanese ());
  if (!options->json) {
    mugai_policy_cli_print_diff (changes);
    return EX_OK;
  }
  g_autoptr (MugaiJson) object = json_pack ("{s:s, s:s, s:O}", "before", mugai_policy_version (before), "after",
                                            mugai_policy_version (after), "changes", changes);
  mugai_policy_cli_print_json (object);
  return EX_OK;
}

/* ---- format ---- */

static gboolean rewrite (const char *path, const char *text, GError **error) {
  g_autofree char *folder = g_path_get_dirname (path), *name = g_path_get_basename (path);
  struct stat status = { .st_mode = 0644 };
  (void) stat (path, &status);
  g_auto (MugaiFd) fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return mugai_file_write_durable (fd, name, text, strlen (text), status.st_mode & 07777, error);
}

int mugai_policy_format_command (MugaiPolicyOptions *options) {
  const char *path = options->arguments[0];
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = mugai_offline_read (path, MUGAI_POLICY_MAX_BYTES, &error);
  if (!bytes)
    return mugai_cli_fail (EX_NOINPUT, "policy format", "%s", error->message);
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);
  g_autofree char *text = mugai_policy_format (data ? data : "", size, &error);
  if (!text)
    return mugai_cli_fail (EX_CONFIG, "policy format", "%s: %s", path, error->message);
  if (!options->write || strcmp (path, "-") == 0) {
    if (options->json) {
      g_autoptr (MugaiJson) object =
          json_pack ("{s:b, s:o}", "changed", strlen (text) != size || memcmp (text, data, size) != 0, "text",
                     json_stringn (text, strlen (text)));
      mugai_policy_cli_print_json (object);
    } else {
      fputs (text, stdout);
    }
    return EX_OK;
  }
  if (strlen (text) == size && memcmp (text, data, size) == 0)
    return EX_OK;
  if (!rewrite (path, text, &error))
    return mugai_cli_fail (EX_CANTCREAT, "policy format", "%s", error->message);
  return EX_OK;
}

/* ---- schema, vocabulary ---- */

int mugai_policy_schema_command (MugaiPolicyOptions *options) {
  g_autoptr (MugaiJson) schema = mugai_policy_schema (mugai_cli_japanese ());
  g_autofree char *text = json_dumps (schema, options->json ? JSON_COMPACT : JSON_INDENT (2));
  puts (text);
  return EX_OK;
}

static void print_words (json_t *list, const char *heading) {
  size_t i, j;
  json_t *one, *value;
  printf ("%s\n", heading);
  json_array_foreach (list, i, one) {
    json_t *values = json_object_get (one, "values");
    printf ("\n  %s  (%s%s)\n      %s\n", mugai_policy_cli_text (one, "name"), mugai_policy_cli_text (one, "type"),
            json_is_true (json_object_get (one, "of_part")) ? MUGAI_CLI_WORDS ("、部品の規則だけ", ", part rules only")
                                                            : "",
            mugai_policy_cli_text (one, "words"));
    if (json_array_size (values)) {
      fputs ("      ", stdout);
      json_array_foreach (values, j, value) printf ("%s%s", j ? ", " : "", json_string_value (value));
      putchar ('\n');
    }
    printf (MUGAI_CLI_WORDS ("      例: %s\n", "      example: %s\n"), mugai_policy_cli_text (one, "example"));
  }
}

int mugai_policy_vocabulary_command (MugaiPolicyOptions *options) {
  g_autoptr (MugaiJson) vocabulary = mugai_policy_vocabulary (mugai_cli_japanese ());
  if (options->json) {
    mugai_policy_cli_print_json (vocabulary);
    return EX_OK;
  }
  print_words (json_object_get (vocabulary, "conditions"),
               MUGAI_CLI_WORDS ("条件（when に書くもの）", "Conditions (under when)"));
  putchar ('\n');
  print_words (json_object_get (vocabulary, "actions"),
               MUGAI_CLI_WORDS ("動作（then に書くもの）", "Actions (under then)"));
  return EX_OK;
}
