/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Cases: a mail, or the facts of one, and the decision that is expected. Written by people beside a policy and run whenever it is
 * loaded, so that a change cannot quietly undo what was agreed. Facts have the names of the vocabulary: those of a record
 * can be copied into a case as they are. Any thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "mugai/base/fd.h"
#include "mugai/policy/tools.h"

#include "loader.h"

#define MAX_CASE_FILES 1000u
#define MAX_CASES 20000u

typedef struct {
  const MugaiPolicy *policy;
  gboolean japanese;
  MugaiPolicyMailStep step;
  gpointer data;
  json_t *cases;
  guint passed, failed, skipped;
  char *folder; /* of the file in hand: mails are relative to it */
} Trial;

/* ---- YAML to JSON ---- */

static json_t *amount_to_json (const MugaiYamlNode *node) {
  static const struct {
    const char *unit;
    gint64 factor;
  } units[] = { { "", 1 },  { "B", 1 },  { "KiB", 1 << 10 }, { "MiB", 1 << 20 }, { "GiB", 1 << 30 },
                { "s", 1 }, { "m", 60 }, { "h", 3600 },      { "d", 86400 } };
  gsize digits = strspn (node->text, "0123456789");
  if (digits == 0 || digits > 9)
    return NULL;
  gint64 number = g_ascii_strtoll (node->text, NULL, 10);
  for (gsize i = 0; i < G_N_ELEMENTS (units); i++)
    if (strcmp (node->text + digits, units[i].unit) == 0)
      return json_integer (number * units[i].factor);
  return NULL;
}

static gboolean is_amount (const char *key) {
  static const char *const keys[] = { "size", "part-size", "signatures-age", "attempt", "time-us", NULL };
  return key && g_strv_contains (keys, key);
}

static json_t *scalar_to_json (const MugaiYamlNode *node, const char *key) {
  if (node->plain && (strcmp (node->text, "true") == 0 || strcmp (node->text, "false") == 0))
    return json_boolean (node->text[0] == 't');
  json_t *number = node->plain && is_amount (key) ? amount_to_json (node) : NULL;
  return number ? number : mugai_json_string (node->text);
}

/* Recursion is limited by MUGAI_YAML_MAX_DEPTH. */
static json_t *node_to_json (const MugaiYamlNode *node, const char *key) {
  if (node->kind == MUGAI_YAML_SCALAR)
    return scalar_to_json (node, key);
  json_t *json = node->kind == MUGAI_YAML_LIST ? json_array () : json_object ();
  for (guint i = 0; i < node->values->len; i++) {
    const MugaiYamlNode *value = g_ptr_array_index (node->values, i);
    const MugaiYamlNode *name = node->keys && i < node->keys->len ? g_ptr_array_index (node->keys, i) : NULL;
    if (node->kind == MUGAI_YAML_LIST)
      json_array_append_new (json, node_to_json (value, key));
    else if (name && name->kind == MUGAI_YAML_SCALAR)
      json_object_set_new (json, name->text, node_to_json (value, name->text));
  }
  return json;
}

/* ---- what is expected ---- */

typedef struct {
  const MugaiFacts *facts;
  const MugaiEnvelope *envelope;
  const MugaiDecision *decision;
  gboolean japanese;
  GString *faults;
} Verdict;

static void fault (Verdict *verdict, const char *what, const char *wanted, const char *got) {
  if (g_strcmp0 (wanted, got) == 0)
    return;
  g_string_append_printf (verdict->faults,
                          verdict->japanese ? "%s%s は「%s」のはずが「%s」" : "%s%s: \"%s\" expected, is \"%s\"",
                          verdict->faults->len ? (verdict->japanese ? "、" : "; ") : "", what, wanted, got ? got : "");
}

static const char *rule_of (const MugaiDecision *decision) {
  return decision->reasons->len ? ((MugaiReason *) g_ptr_array_index (decision->reasons, 0))->rule : "";
}

static void expect_part (Verdict *verdict, json_t *wanted) {
  const char *path = json_string_value (json_object_get (wanted, "path"));
  const char *action = json_string_value (json_object_get (wanted, "action"));
  const char *rule = json_string_value (json_object_get (wanted, "rule"));
  for (guint i = 0; path && i < verdict->facts->parts->len && i < verdict->decision->parts->len; i++) {
    if (strcmp (((MugaiPart *) g_ptr_array_index (verdict->facts->parts, i))->path, path) != 0)
      continue;
    const MugaiPartDecision *part = g_ptr_array_index (verdict->decision->parts, i);
    g_autofree char *what = g_strdup_printf ("parts %s action", path);
    g_autofree char *why = g_strdup_printf ("parts %s rule", path);
    if (action)
      fault (verdict, what, action, mugai_part_action_name (part->action));
    if (rule)
      fault (verdict, why, rule, part->rule);
    return;
  }
  fault (verdict, "parts", path ? path : "path: ...", "");
}

/* Each text of @wanted has to be among @got. */
static void expect_texts (Verdict *verdict, const char *what, json_t *wanted, const GPtrArray *got) {
  g_autoptr (GString) all = g_string_new (NULL);
  size_t i;
  json_t *item;
  for (guint j = 0; j < got->len; j++)
    g_string_append_printf (all, "%s%s", j ? ", " : "", (char *) g_ptr_array_index (got, j));
  json_array_foreach (wanted, i, item) {
    gboolean found = FALSE;
    for (guint j = 0; j < got->len; j++)
      found |= g_strcmp0 (json_string_value (item), g_ptr_array_index (got, j)) == 0;
    if (!found)
      fault (verdict, what, json_string_value (item) ? json_string_value (item) : "?", all->str);
  }
  if (json_array_size (wanted) == 0)
    fault (verdict, what, "", all->str);
}

static void expect_one (Verdict *verdict, const char *name, json_t *wanted) {
  const MugaiDecision *decision = verdict->decision;
  const char *text = json_string_value (wanted);
  size_t i;
  json_t *item;
  if (strcmp (name, "action") == 0)
    fault (verdict, name, text, mugai_action_name (decision->action));
  else if (strcmp (name, "rule") == 0)
    fault (verdict, name, text, rule_of (decision));
  else if (strcmp (name, "ceiling") == 0)
    fault (verdict, name, text, mugai_ceiling_name (decision->ceiling));
  else if (strcmp (name, "changed") == 0)
    fault (verdict, name, json_is_true (wanted) ? "true" : "false", decision->changed ? "true" : "false");
  else if (strcmp (name, "reply") == 0)
    fault (verdict, name, text, decision->reply ? decision->reply : "");
  else if (strcmp (name, "subject_tag") == 0)
    fault (verdict, name, text, decision->subject_tag ? decision->subject_tag : "");
  else if (strcmp (name, "hide_recipients") == 0)
    fault (verdict, name, json_is_true (wanted) ? "true" : "false", decision->hide_recipients ? "true" : "false");
  else if (strcmp (name, "exceptions") == 0)
    expect_texts (verdict, name, wanted, decision->exceptions);
  else if (strcmp (name, "would") == 0)
    expect_texts (verdict, name, wanted, decision->would);
  else if (strcmp (name, "add_recipient") == 0)
    expect_texts (verdict, name, wanted, decision->add_recipients);
  else
    json_array_foreach (wanted, i, item) expect_part (verdict, item);
}

static const char *const expectations[] = { "action",      "rule",       "ceiling", "changed",       "reply",
                                            "subject_tag", "exceptions", "would",   "add_recipient", "hide_recipients",
                                            "parts",       NULL };

/* (transfer full): what is wrong; "" when all is as expected. */
static char *compare (const Trial *trial, json_t *expect, const MugaiEnvelope *envelope, const MugaiFacts *facts) {
  g_autoptr (MugaiDecision) decision = mugai_policy_decide (trial->policy, envelope, facts);
  Verdict verdict = { facts, envelope, decision, trial->japanese, g_string_new (NULL) };
  const char *name;
  json_t *wanted;
  json_object_foreach (expect, name, wanted) {
    expect_one (&verdict, name, wanted);
  }
  if (verdict.faults->len)
    g_string_append_printf (verdict.faults, trial->japanese ? "（規則 %s：%s）" : " (rule %s: %s)", rule_of (decision),
                            decision->reasons->len ? ((MugaiReason *) g_ptr_array_index (decision->reasons, 0))->because
                                                   : "");
  return g_string_free (verdict.faults, FALSE);
}

/* ---- one case ---- */

static void tell_case (Trial *trial, const MugaiYamlNode *node, const char *name, const char *result,
                       const char *words) {
  json_array_append_new (trial->cases,
                         json_pack ("{s:o, s:i, s:o, s:s, s:o}", "file", mugai_json_string (node->file->name), "line",
                                    (int) node->line, "name", mugai_json_string (name ? name : ""), "result", result,
                                    "words", mugai_json_string (words ? words : "")));
  if (strcmp (result, "passed") == 0)
    trial->passed++;
  else if (strcmp (result, "skipped") == 0)
    trial->skipped++;
  else
    trial->failed++;
}

static gboolean check_keys (const Trial *trial, const MugaiYamlNode *node, const char *const *words, GString *faults) {
  for (guint i = 0; node && node->keys && i < node->keys->len; i++) {
    const MugaiYamlNode *key = g_ptr_array_index (node->keys, i);
    if (key->kind != MUGAI_YAML_SCALAR || g_strv_contains (words, key->text))
      continue;
    const char *near = mugai_yaml_nearest_word (key->text, words);
    g_string_append (faults, faults->len == 0 ? "" : trial->japanese ? "、" : "; ");
    g_string_append_printf (faults,
                            trial->japanese ? "「%s」というキーはありません（%u行目%s%s）"
                                            : "there is no key \"%s\" (line %u%s%s)",
                            key->text, key->line, near ? (trial->japanese ? "、もしかして " : ", did you mean ") : "",
                            near ? near : "");
  }
  return faults->len == 0;
}

static gboolean read_mail (Trial *trial, const char *mail, json_t *given, MugaiEnvelope **envelope, MugaiFacts **facts,
                           GError **error) {
  g_autofree char *path = g_build_filename (trial->folder, mail, NULL);
  return trial->step (trial->policy, path, given, envelope, facts, trial->data, error);
}

static void run_case (Trial *trial, const MugaiYamlNode *node) {
  static const char *const words[] = { "name", "mail", "facts", "expect", NULL };
  g_autoptr (GString) faults = g_string_new (NULL);
  g_autoptr (MugaiEnvelope) envelope = NULL;
  g_autoptr (MugaiFacts) facts = NULL;
  g_autoptr (GError) error = NULL;
  const MugaiYamlNode *given = mugai_yaml_value (node, "facts"), *expect = mugai_yaml_value (node, "expect");
  const char *name = mugai_yaml_text (node, "name"), *mail = mugai_yaml_text (node, "mail");
  if (!check_keys (trial, node, words, faults) || !check_keys (trial, expect, expectations, faults)) {
    tell_case (trial, node, name, "failed", faults->str);
    return;
  }
  if (!expect || expect->kind != MUGAI_YAML_MAPPING || expect->keys->len == 0 || (!given && !mail)) {
    tell_case (trial, node, name, "failed",
               trial->japanese ? "facts（か mail）と expect を書いてください" : "write facts (or mail) and expect");
    return;
  }
  if (mail && !trial->step) {
    tell_case (trial, node, name, "skipped", "");
    return;
  }
  g_autoptr (MugaiJson) json = given ? node_to_json (given, NULL) : json_object ();
  g_autoptr (MugaiJson) wanted = node_to_json (expect, NULL);
  gboolean read = mail ? read_mail (trial, mail, json, &envelope, &facts, &error)
                       : mugai_policy_facts_from_json (trial->policy, json, TRUE, &envelope, &facts, &error);
  g_autofree char *fault_words = read ? compare (trial, wanted, envelope, facts) : g_strdup (error->message);
  tell_case (trial, node, name, *fault_words ? "failed" : "passed", fault_words);
}

/* ---- files ---- */

static void tell_problems (Trial *trial, const MugaiYamlFile *file, const MugaiYamlProblems *problems) {
  for (guint i = 0; i < problems->list->len; i++) {
    const MugaiYamlProblem *problem = g_ptr_array_index (problems->list, i);
    MugaiYamlNode place = { .file = (MugaiYamlFile *) file, .line = problem->line };
    tell_case (trial, &place, "", "failed", problem->message);
  }
}

static void run_tree (Trial *trial, const MugaiYamlFile *file) {
  if (!file->root || (file->root->kind == MUGAI_YAML_SCALAR && !*file->root->text))
    return;
  for (guint i = 0; i < node_items (file->root) && i < MAX_CASES; i++)
    run_case (trial, node_item (file->root, i));
}

static gboolean run_file (Trial *trial, const char *path, GError **error) {
  g_auto (MugaiFd) fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  g_autoptr (GBytes) bytes = fd >= 0 ? mugai_fd_read_all (fd, MUGAI_POLICY_MAX_BYTES, error) : NULL;
  if (fd < 0)
    g_set_error (error, MUGAI_POLICY_ERROR, MUGAI_POLICY_ERROR_READ, "%s: %s", path, g_strerror (errno));
  if (!bytes) {
    g_prefix_error (error, "%s: ", path);
    return FALSE;
  }
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);
  g_autofree char *text = g_malloc0 (size + 1);
  memcpy (text, data ? data : "", size);
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) mugai_yaml_problem_free);
  MugaiYamlProblems problems = { .japanese = trial->japanese, .list = list };
  g_autoptr (MugaiYamlFile) file = mugai_yaml_parse (path, text, size, &problems);
  g_free (trial->folder);
  trial->folder = g_path_get_dirname (path);
  if (problems.errors)
    tell_problems (trial, file, &problems);
  else
    run_tree (trial, file);
  return TRUE;
}

static gint compare_names (gconstpointer a, gconstpointer b) {
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static gboolean run_folder (Trial *trial, const char *path, GError **error) {
  g_autoptr (GDir) folder = g_dir_open (path, 0, error);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  const char *name;
  if (!folder)
    return FALSE;
  while ((name = g_dir_read_name (folder)) != NULL && names->len < MAX_CASE_FILES)
    if (g_str_has_suffix (name, ".yaml"))
      g_ptr_array_add (names, g_build_filename (path, name, NULL));
  g_ptr_array_sort (names, compare_names);
  for (guint i = 0; i < names->len; i++)
    if (!run_file (trial, g_ptr_array_index (names, i), error))
      return FALSE;
  return TRUE;
}

json_t *mugai_policy_run_cases (const MugaiPolicy *policy, const char *path, gboolean japanese,
                                MugaiPolicyMailStep step, gpointer data, GError **error) {
  Trial trial = { .policy = policy, .japanese = japanese, .step = step, .data = data };
  trial.cases = json_array ();
  gboolean read =
      g_file_test (path, G_FILE_TEST_IS_DIR) ? run_folder (&trial, path, error) : run_file (&trial, path, error);
  g_free (trial.folder);
  if (!read) {
    json_decref (trial.cases);
    return NULL;
  }
  return json_pack ("{s:i, s:i, s:i, s:o}", "passed", (int) trial.passed, "failed", (int) trial.failed, "skipped",
                    (int) trial.skipped, "cases", trial.cases);
}

char *mugai_policy_cases_path (const char *policy_path) {
  g_autofree char *folder = g_path_get_dirname (policy_path), *base = g_path_get_basename (policy_path);
  char *dot = strrchr (base, '.');
  if (dot)
    *dot = '\0';
  g_autofree char *file_name = g_strconcat (base, ".yaml", NULL);
  g_autofree char *inner = g_build_filename (folder, "tests", base, NULL);
  if (g_file_test (inner, G_FILE_TEST_IS_DIR))
    return g_steal_pointer (&inner);
  g_autofree char *file = g_build_filename (folder, "tests", file_name, NULL);
  return g_file_test (file, G_FILE_TEST_IS_REGULAR) ? g_steal_pointer (&file) : NULL;
}
