/* SPDX-License-Identifier: GPL-2.0-only
 *
 * From files, or from a bundle, to a policy. Each file is read once, into memory, and what was read is what the version and the
 * bundle are made of, so that a file that changes meanwhile changes nothing. Names in a policy are relative to its
 * folder and stay in it. Any thread.
 */
#include "mugai/policy/tools.h"

#include "loader.h"
#include "sieve.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <gio/gio.h>

#include "mugai/base/base.h"
#include "mugai/base/fd.h"

G_DEFINE_QUARK (mugai - policy - error - quark, mugai_policy_error)

#define BUNDLE_MAGIC "mugai-policy-bundle 1\n"
#define MAX_FILE_NAME_BYTES 255u

void source_file_free (SourceFile *file) {
  if (!file)
    return;
  g_free (file->name);
  g_clear_pointer (&file->text, g_bytes_unref);
  g_free (file);
}

/* ---- reading files ---- */

/* A name that stays in the folder: no "..", not absolute, nothing hidden. */
static gboolean is_inner_name (const char *name) {
  g_auto (GStrv) steps = g_strsplit (name, "/", -1);
  if (!*name || strlen (name) > MAX_FILE_NAME_BYTES)
    return FALSE;
  for (char **step = steps; *step; step++) {
    if (!**step || (*step)[0] == '.')
      return FALSE;
    for (const char *p = *step; *p; p++)
      if (g_ascii_iscntrl (*p) || *p == '\\')
        return FALSE;
  }
  return TRUE;
}

static GBytes *read_from_folder (const char *folder, const char *name, GError **error) {
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_auto (MugaiFd) fd = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  struct stat status;
  if (fd < 0 || fstat (fd, &status) != 0) {
    g_set_error (error, MUGAI_POLICY_ERROR, MUGAI_POLICY_ERROR_READ, "%s: %s", path, g_strerror (errno));
    return NULL;
  }
  if (!S_ISREG (status.st_mode)) {
    g_set_error (error, MUGAI_POLICY_ERROR, MUGAI_POLICY_ERROR_READ, "%s: not a file", path);
    return NULL;
  }
  GBytes *bytes = mugai_fd_read_all (fd, MUGAI_POLICY_MAX_BYTES, error);
  if (!bytes)
    g_prefix_error (error, "%s: ", path);
  return bytes;
}

static GBytes *find_given (GPtrArray *given, const char *name, GError **error) {
  for (guint i = 0; i < given->len; i++) {
    const SourceFile *file = g_ptr_array_index (given, i);
    if (strcmp (file->name, name) == 0)
      return g_bytes_ref (file->text);
  }
  g_set_error (error, MUGAI_POLICY_ERROR, MUGAI_POLICY_ERROR_READ, "%s: not in the bundle", name);
  return NULL;
}

static gsize files_size (const Loader *loader) {
  gsize size = 0;
  for (guint i = 0; i < loader->files->len; i++)
    size += g_bytes_get_size (((SourceFile *) g_ptr_array_index (loader->files, i))->text);
  return size;
}

/* Reads @name, remembers it, and gives its tree; NULL and @error when it cannot be read. */
static MugaiYamlFile *read_file (Loader *loader, const char *name, GError **error) {
  g_autoptr (GBytes) bytes =
      loader->given ? find_given (loader->given, name, error) : read_from_folder (loader->folder, name, error);
  if (!bytes)
    return NULL;
  if (files_size (loader) + g_bytes_get_size (bytes) > MUGAI_POLICY_MAX_BYTES || loader->files->len >= MAX_FILES) {
    g_set_error (error, MUGAI_POLICY_ERROR, MUGAI_POLICY_ERROR_READ,
                 "%s: the policy's files are over %u bytes or more than %u", name, MUGAI_POLICY_MAX_BYTES, MAX_FILES);
    return NULL;
  }
  SourceFile *file = g_new0 (SourceFile, 1);
  file->name = g_strdup (name);
  file->text = g_bytes_ref (bytes);
  g_ptr_array_add (loader->files, file);
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);
  g_autofree char *text = g_strndup (data ? data : "", size); /* NUL-ended; a NUL inside is found as no UTF-8 */
  g_autofree char *shown = loader->folder && strcmp (loader->folder, ".") != 0
                               ? g_build_filename (loader->folder, name, NULL)
                               : g_strdup (name);
  if (data && memchr (data, '\0', size))
    size = strlen (text) + 1;
  MugaiYamlFile *tree = mugai_yaml_parse (shown, text, size, &loader->problems);
  g_ptr_array_add (loader->trees, tree);
  loader->cut |= tree->broken || !tree->root;
  return tree;
}

const MugaiYamlNode *read_include (Loader *loader, const MugaiYamlNode *where) {
  g_autoptr (GError) error = NULL;
  if (!is_inner_name (where->text)) {
    mugai_yaml_problem_at (&loader->problems, where,
                           "「%s」は使えません。ポリシーと同じフォルダーの下のファイル名を書いてください。",
                           "\"%s\" is not allowed: name a file in the policy's own folder", where->text);
    return NULL;
  }
  for (guint i = 0; i < loader->files->len; i++)
    if (strcmp (((SourceFile *) g_ptr_array_index (loader->files, i))->name, where->text) == 0)
      return ((MugaiYamlFile *) g_ptr_array_index (loader->trees, i))->root;
  guint before = loader->problems.errors;
  MugaiYamlFile *file = read_file (loader, where->text, &error);
  if (!file)
    mugai_yaml_problem_at (&loader->problems, where, "ファイル「%s」を読めません：%s",
                           "cannot read the file \"%s\": %s", where->text, error->message);
  else if (!file->root && before == loader->problems.errors)
    mugai_yaml_problem_at (&loader->problems, where, "ファイル「%s」は空です。", "the file \"%s\" is empty",
                           where->text);
  return file ? file->root : NULL;
}

/* ---- the bundle ---- */

/* @main_name: (nullable): of the policy itself in place of its own. */
static GBytes *make_bundle (GPtrArray *files, const char *main_name) {
  GByteArray *bundle = g_byte_array_new ();
  g_byte_array_append (bundle, (const guint8 *) BUNDLE_MAGIC, strlen (BUNDLE_MAGIC));
  for (guint i = 0; i < files->len; i++) {
    const SourceFile *file = g_ptr_array_index (files, i);
    gsize size;
    const guint8 *data = g_bytes_get_data (file->text, &size);
    g_autofree char *head =
        g_strdup_printf ("%" G_GSIZE_FORMAT " %s\n", size, i == 0 && main_name ? main_name : file->name);
    g_byte_array_append (bundle, (const guint8 *) head, (guint) strlen (head));
    g_byte_array_append (bundle, data ? data : (const guint8 *) "", (guint) size);
  }
  return g_byte_array_free_to_bytes (bundle);
}

/* One "size name\n" and its bytes; FALSE at anything else. */
static gboolean take_bundled (const char **data, gsize *left, GPtrArray *files) {
  const char *end = memchr (*data, '\n', MIN (*left, MAX_FILE_NAME_BYTES + 16));
  g_autofree char *head = end ? g_strndup (*data, (gsize) (end - *data)) : NULL;
  char *blank = head ? strchr (head, ' ') : NULL;
  guint64 size;
  if (!blank)
    return FALSE;
  *blank = '\0';
  gsize head_bytes = (gsize) (end - *data) + 1;
  if (!g_ascii_string_to_unsigned (head, 10, 0, MUGAI_POLICY_MAX_BYTES, &size, NULL) || !is_inner_name (blank + 1)
      || size > *left - head_bytes || files->len >= MAX_FILES)
    return FALSE;
  SourceFile *file = g_new0 (SourceFile, 1);
  file->name = g_strdup (blank + 1);
  file->text = g_bytes_new (*data + head_bytes, size);
  g_ptr_array_add (files, file);
  *data += head_bytes + size;
  *left -= head_bytes + size;
  return TRUE;
}

GPtrArray *mugai_policy_bundle_files (GBytes *bundle, GError **error) {
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func ((GDestroyNotify) source_file_free);
  gsize left;
  const char *data = g_bytes_get_data (bundle, &left);
  gsize magic = strlen (BUNDLE_MAGIC);
  gboolean good = left > magic && memcmp (data, BUNDLE_MAGIC, magic) == 0;
  if (good) {
    data += magic;
    left -= magic;
  }
  while (good && left > 0)
    good = take_bundled (&data, &left, files);
  if (good && files->len > 0)
    return g_steal_pointer (&files);
  g_set_error (error, MUGAI_POLICY_ERROR, MUGAI_POLICY_ERROR_INVALID, "not a policy bundle");
  return NULL;
}

/* "shadow SIZE\n" and the other policy's bundle, behind our own: the version is of our files alone. */
#define SHADOW_MAGIC "mugai-policy-shadow "

static void add_shadow_to_bundle (MugaiPolicy *policy) {
  GByteArray *bundle = g_byte_array_new ();
  GBytes *const halves[] = { policy->bundle, policy->shadow->bundle };
  gsize sizes[2];
  const guint8 *own = g_bytes_get_data (halves[0], &sizes[0]), *other = g_bytes_get_data (halves[1], &sizes[1]);
  g_autofree char *head = g_strdup_printf (SHADOW_MAGIC "%" G_GSIZE_FORMAT "\n", sizes[0]);
  g_byte_array_append (bundle, (const guint8 *) head, (guint) strlen (head));
  g_byte_array_append (bundle, own, (guint) sizes[0]);
  g_byte_array_append (bundle, other, (guint) sizes[1]);
  g_bytes_unref (policy->bundle);
  policy->bundle = g_byte_array_free_to_bytes (bundle);
}

/* (transfer full): the serving policy's bundle; @ret_shadow: (transfer full): the one that is tried, or NULL. */
static GBytes *split_shadow (GBytes *bundle, GBytes **ret_shadow) {
  gsize size, own;
  const char *data = g_bytes_get_data (bundle, &size);
  gsize magic = strlen (SHADOW_MAGIC);
  const char *end = size > magic && memcmp (data, SHADOW_MAGIC, magic) == 0
                        ? memchr (data + magic, '\n', MIN (size - magic, 20))
                        : NULL;
  g_autofree char *number = end ? g_strndup (data + magic, (gsize) (end - data) - magic) : NULL;
  guint64 value;
  if (!number || !g_ascii_string_to_unsigned (number, 10, 1, size, &value, NULL)
      || value > size - ((gsize) (end - data) + 1))
    return g_bytes_ref (bundle);
  own = (gsize) (end - data) + 1;
  *ret_shadow = g_bytes_new_from_bytes (bundle, own + value, size - own - value);
  return g_bytes_new_from_bytes (bundle, own, value);
}

/* ---- loading ---- */

static MugaiPolicy *policy_new (void) {
  MugaiPolicy *policy = g_new0 (MugaiPolicy, 1);
  policy->references = 1;
  policy->utc_offset_s = 9 * 3600;
  policy->stale_after_s = 72 * 3600;
  policy->message_rules = g_ptr_array_new_with_free_func ((GDestroyNotify) rule_free);
  policy->part_rules = g_ptr_array_new_with_free_func ((GDestroyNotify) rule_free);
  policy->branches = g_ptr_array_new_with_free_func ((GDestroyNotify) branch_free);
  policy->groups = g_ptr_array_new_with_free_func ((GDestroyNotify) named_group_free);
  policy->group_matchers = g_ptr_array_new_with_free_func ((GDestroyNotify) matcher_free);
  policy->file_names = g_ptr_array_new_with_free_func (g_free);
  policy->trusted_relays = g_new0 (char *, 1);
  policy->exceptions = g_ptr_array_new_with_free_func ((GDestroyNotify) exception_free);
  for (guint i = 0; i < MUGAI_N_FAILURES; i++)
    policy->failures[i] = MUGAI_ACTION_TEMPFAIL;
  policy->failures[MUGAI_FAILURE_WORKER_DIED_TWICE] = MUGAI_ACTION_HOLD;
  policy->failures[MUGAI_FAILURE_MESSAGE_UNREADABLE] = MUGAI_ACTION_HOLD;
  return policy;
}

static void fill_text (char **text) {
  if (!*text)
    *text = g_strdup ("");
}

/* Whatever was left out reads as "", so that nobody has to ask for NULL. */
static void policy_fill (MugaiPolicy *policy) {
  MugaiOrganisation *ours = &policy->organisation;
  fill_text (&policy->name);
  fill_text (&ours->name);
  fill_text (&ours->reviewers);
  fill_text (&ours->notice_from);
  fill_text (&ours->postmaster);
  if (!ours->domains)
    ours->domains = g_new0 (char *, 1);
  if (!ours->networks)
    ours->networks = g_new0 (char *, 1);
  for (guint i = 0; i < MUGAI_N_DIRECTIONS; i++) {
    fill_text (&policy->ceilings[i].said.clause);
    fill_text (&policy->ceilings[i].said.ja);
    fill_text (&policy->ceilings[i].said.en);
  }
  policy->ceilings[MUGAI_DIRECTION_RELAY].level = MUGAI_CEILING_TEXT;
  policy->max_size[MUGAI_DIRECTION_RELAY] = policy->max_size[MUGAI_DIRECTION_INBOUND];
  for (guint i = 0; i < MUGAI_N_NOTICE_TEXTS; i++)
    for (guint j = 0; j < NOTICE_TEXTS; j++)
      fill_text (&policy->notices[i][j]);
  for (guint i = 0; i < policy->part_rules->len; i++)
    policy->parts_ask_recipient |= ((Rule *) g_ptr_array_index (policy->part_rules, i))->per_recipient;
}

/* Also among the problems: who asked for them reads no GError. */
static void report_unreadable (Loader *loader, const char *name, const GError *error) {
  g_autofree char *path = loader->folder ? g_build_filename (loader->folder, name, NULL) : g_strdup (name);
  MugaiYamlFile file = { .name = path };
  mugai_yaml_problem_add (&loader->problems, &file, 0, 0,
                          "読めません：%s（ポリシーは、取り込むファイルと合わせて%uMiBまでです）",
                          "cannot be read: %s (a policy and its includes may have %u MiB)",
                          error ? error->message : "?", MUGAI_POLICY_MAX_BYTES / (1024 * 1024));
}

static MugaiPolicy *load (Loader *loader, const char *name, GError **error) {
  MugaiYamlFile *file = read_file (loader, name, error);
  if (!file) {
    report_unreadable (loader, name, error ? *error : NULL);
    return NULL;
  }
  if (file->root) {
    const MugaiYamlNode *root = merge_includes (loader, file->root);
    read_policy (loader, root);
    policy_fill (loader->policy);
    check_policy (loader, root);
  } else if (loader->problems.errors == 0) {
    mugai_yaml_problem_add (&loader->problems, file, 0, 0, "ポリシーが空です。%s", "the policy is empty%s", "");
  }
  mugai_yaml_problems_sort (&loader->problems);
  if (loader->problems.errors > 0) {
    g_set_error (error, MUGAI_POLICY_ERROR, MUGAI_POLICY_ERROR_INVALID, "%s: %u mistakes", file->name,
                 loader->problems.errors);
    return NULL;
  }
  MugaiPolicy *policy = g_steal_pointer (&loader->policy);
  policy->message_sieve = sieve_new (policy->message_rules);
  policy->part_sieve = sieve_new (policy->part_rules);
  policy->bundle = make_bundle (loader->files, NULL);
  policy->own_bundle = g_bytes_ref (policy->bundle);
  /* A draft that is checked has the version that it will have when it is installed under another name. */
  g_autoptr (GBytes) unnamed = make_bundle (loader->files, "policy.yaml");
  gsize size;
  const void *data = g_bytes_get_data (unnamed, &size);
  policy->version = mugai_sha256_hex (data, size);
  return policy;
}

static void merged_node_free (MugaiYamlNode *node) {
  g_clear_pointer (&node->keys, g_ptr_array_unref);
  g_ptr_array_unref (node->values);
  g_free (node);
}

static void loader_init (Loader *loader, gboolean japanese) {
  *loader = (Loader){ .policy = policy_new () };
  loader->problems.japanese = japanese;
  loader->problems.list = g_ptr_array_new_with_free_func ((GDestroyNotify) mugai_policy_problem_free);
  loader->files = g_ptr_array_new_with_free_func ((GDestroyNotify) source_file_free);
  loader->trees = g_ptr_array_new_with_free_func ((GDestroyNotify) mugai_yaml_file_free);
  loader->groups = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) group_free);
  loader->ids = g_hash_table_new (g_str_hash, g_str_equal);
  loader->included = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  loader->merged = g_ptr_array_new_with_free_func ((GDestroyNotify) merged_node_free);
  loader->now_us = g_get_real_time ();
}

static void loader_clear (Loader *loader) {
  mugai_policy_unref (loader->policy);
  g_free (loader->folder);
  g_clear_pointer (&loader->problems.list, g_ptr_array_unref);
  g_ptr_array_unref (loader->files);
  g_hash_table_unref (loader->groups);
  g_hash_table_unref (loader->ids);
  g_hash_table_unref (loader->included);
  g_ptr_array_unref (loader->merged);
  g_ptr_array_unref (loader->trees);
}

/* A policy whose own cases fail does not load: each failed case is one of its mistakes. */
static void run_own_cases (Loader *loader, const MugaiPolicy *policy, const char *path) {
  g_autofree char *cases = mugai_policy_cases_path (path);
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiJson) results =
      cases ? mugai_policy_run_cases (policy, cases, loader->problems.japanese, NULL, NULL, &error) : NULL;
  json_t *one;
  size_t i;
  if (error)
    mugai_yaml_problem_add (&loader->problems, NULL, 0, 0, "試験を読めません：%s", "cannot read the cases: %s",
                            error->message);
  json_array_foreach (json_object_get (results, "cases"), i, one) {
    const char *name = json_string_value (json_object_get (one, "file"));
    MugaiYamlFile file = { .name = (char *) name };
    if (g_strcmp0 (json_string_value (json_object_get (one, "result")), "failed") == 0)
      mugai_yaml_problem_add (&loader->problems, &file, (guint) json_integer_value (json_object_get (one, "line")), 1,
                              "試験「%s」：%s", "case \"%s\": %s", json_string_value (json_object_get (one, "name")),
                              json_string_value (json_object_get (one, "words")));
  }
}

/* The shadow beside a policy: NAME.shadow/policy.yaml; one that does not load is none, and said. */
static void load_shadow (Loader *loader, MugaiPolicy *policy, const char *path) {
  g_autofree char *shadow_path = mugai_policy_shadow_path (path);
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_path_get_dirname (path);
  if (g_str_has_suffix (folder, ".shadow") || !g_file_test (shadow_path, G_FILE_TEST_IS_REGULAR))
    return; /* a shadow throws none */
  policy->shadow = mugai_policy_load (shadow_path, loader->problems.japanese, NULL, &error);
  if (policy->shadow)
    add_shadow_to_bundle (policy);
  else
    mugai_yaml_problem_add (&loader->problems, NULL, 0, 0, "試行中のポリシーを読めません：%s",
                            "the policy that is tried does not load: %s", error->message);
}

char *mugai_policy_shadow_path (const char *policy_path) {
  g_autofree char *folder = g_path_get_dirname (policy_path), *base = g_path_get_basename (policy_path);
  char *dot = strrchr (base, '.');
  if (dot)
    *dot = '\0';
  g_autofree char *name = g_strconcat (base, ".shadow", NULL);
  return g_build_filename (folder, name, "policy.yaml", NULL);
}

/* TRUE: what the policy is used with is sound too. */
static gboolean load_neighbours (Loader *loader, MugaiPolicy *policy, const char *path, gboolean run_cases,
                                 GError **error) {
  if (run_cases)
    run_own_cases (loader, policy, path);
  load_shadow (loader, policy, path);
  mugai_yaml_problems_sort (&loader->problems);
  if (loader->problems.errors == 0)
    return TRUE;
  g_set_error (error, MUGAI_POLICY_ERROR, MUGAI_POLICY_ERROR_INVALID, "%s: %u mistakes", path, loader->problems.errors);
  return FALSE;
}

static MugaiPolicy *load_path (const char *path, gboolean japanese, gboolean run_cases, GPtrArray **ret_problems,
                               GError **error) {
  Loader loader;
  g_autofree char *name = g_path_get_basename (path);
  loader_init (&loader, japanese);
  loader.folder = g_path_get_dirname (path);
  MugaiPolicy *policy = load (&loader, name, error);
  if (policy && !load_neighbours (&loader, policy, path, run_cases, error))
    g_clear_pointer (&policy, mugai_policy_unref);
  if (ret_problems)
    *ret_problems = g_steal_pointer (&loader.problems.list);
  loader_clear (&loader);
  return policy;
}

MugaiPolicy *mugai_policy_load (const char *path, gboolean japanese, GPtrArray **ret_problems, GError **error) {
  return load_path (path, japanese, TRUE, ret_problems, error);
}

MugaiPolicy *mugai_policy_load_without_cases (const char *path, gboolean japanese, GPtrArray **ret_problems,
                                              GError **error) {
  return load_path (path, japanese, FALSE, ret_problems, error);
}

static MugaiPolicy *load_own_bytes (GBytes *bundle, GError **error) {
  g_autoptr (GPtrArray) files = mugai_policy_bundle_files (bundle, error);
  Loader loader;
  if (!files)
    return NULL;
  loader_init (&loader, FALSE);
  loader.given = files;
  MugaiPolicy *policy = load (&loader, ((SourceFile *) g_ptr_array_index (files, 0))->name, error);
  if (!policy && loader.problems.list->len > 0) {
    g_autofree char *first = mugai_policy_problem_format (g_ptr_array_index (loader.problems.list, 0));
    g_prefix_error (error, "%s: ", first);
  }
  loader_clear (&loader);
  return policy;
}

MugaiPolicy *mugai_policy_load_bytes (GBytes *bundle, GError **error) {
  g_autoptr (GBytes) shadow = NULL;
  g_autoptr (GBytes) own = split_shadow (bundle, &shadow);
  g_autoptr (MugaiPolicy) policy = load_own_bytes (own, error);
  if (!policy || !shadow)
    return g_steal_pointer (&policy);
  policy->shadow = load_own_bytes (shadow, error);
  if (!policy->shadow)
    return NULL;
  add_shadow_to_bundle (policy);
  return g_steal_pointer (&policy);
}
