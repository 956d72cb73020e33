/* SPDX-License-Identifier: GPL-2.0-only
 *
 * `mugai policy replay` and `coverage`, and what a tried policy would have done: read from the records of the audit chain, newest first,
 * back to --since. Nothing is written.
 */
#include <stdio.h>
#include <string.h>

#include "mugai/audit.h"
#include "mugai/base/config.h"
#include "mugai/base/yaml.h"

#include "cli.h"
#include "offline.h"
#include "policy.h"
#include "policy-records.h"
#include "words.h"

#define DEFAULT_SINCE "7d"
#define MAX_CLAUSES_BYTES (1024u * 1024)

/* ---- the records of a period ---- */

typedef struct {
  gint64 since_us; /* 0: all */
  void (*take) (json_t *record, gpointer data);
  gpointer data;
} Period;

static gboolean parse_since (const char *text, gint64 *ret_us, GError **error) {
  static const struct {
    char unit;
    gint64 seconds;
  } units[] = { { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 7 * 86400 } };
  char *end = NULL;
  gint64 number = g_ascii_isdigit (text[0]) ? g_ascii_strtoll (text, &end, 10) : -1;
  *ret_us = 0;
  if (strcmp (text, "all") == 0)
    return TRUE;
  for (gsize i = 0; number >= 0 && number < 100000 && i < G_N_ELEMENTS (units); i++)
    if (end[0] == units[i].unit && end[1] == '\0') {
      *ret_us = g_get_real_time () - number * units[i].seconds * G_USEC_PER_SEC;
      return TRUE;
    }
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               MUGAI_CLI_WORDS ("--since %s：7d、24h、2w、all のように書いてください",
                                "--since %s: write 7d, 24h, 2w or all"),
               text);
  return FALSE;
}

static gint64 time_of (json_t *line) {
  const char *text = json_string_value (json_object_get (line, "at"));
  g_autoptr (GDateTime) time = text ? g_date_time_new_from_iso8601 (text, NULL) : NULL;
  return time ? g_date_time_to_unix (time) * G_USEC_PER_SEC : G_MAXINT64;
}

static gboolean visit (json_t *line, gpointer data) {
  Period *period = data;
  if (period->since_us && time_of (line) < period->since_us)
    return FALSE;
  if (strcmp (mugai_policy_cli_text (line, "kind"), "record") == 0)
    period->take (json_object_get (line, "body"), period->data);
  return TRUE;
}

gboolean mugai_policy_cli_records (const MugaiPolicyOptions *options, void (*take) (json_t *record, gpointer data),
                                   gpointer data, GError **error) {
  Period period = { .take = take, .data = data };
  if (!parse_since (options->since ? options->since : DEFAULT_SINCE, &period.since_us, error))
    return FALSE;
  g_autoptr (MugaiConfig) config =
      options->audit ? NULL : mugai_config_load (options->config ? options->config : MUGAI_CLI_CONFIG, error);
  if (!options->audit && !config)
    return FALSE;
  return mugai_audit_each_back (config ? config->audit : options->audit, visit, &period, error);
}

/* ---- replay ---- */

typedef struct {
  const MugaiPolicy *policy;
  guint records, passed_over;
  json_t *differences; /* array */
} Replay;

static void replay_one (json_t *record, gpointer data) {
  Replay *replay = data;
  g_autoptr (GError) error = NULL;
  json_t *difference = NULL;
  replay->records++;
  if (!mugai_policy_would_differ (replay->policy, record, &difference, &error))
    replay->passed_over++;
  else if (difference)
    json_array_append_new (replay->differences, difference);
}

static void count_up (json_t *groups, const char *key) {
  json_object_set_new (groups, key, json_integer (json_integer_value (json_object_get (groups, key)) + 1));
}

/* {"rule: deliver → hold": {"domain": n}} */
static json_t *group (json_t *differences) {
  json_t *groups = json_object (), *one;
  size_t i;
  json_array_foreach (differences, i, one) {
    gboolean same_action = strcmp (mugai_policy_cli_text (one, "was"), mugai_policy_cli_text (one, "is")) == 0;
    g_autofree char *key = g_strdup_printf ("%s: %s → %s%s", mugai_policy_cli_text (one, "rule"),
                                            mugai_policy_cli_text (one, "was"), mugai_policy_cli_text (one, "is"),
                                            same_action ? MUGAI_CLI_WORDS ("（部品の扱い）", " (parts)") : "");
    json_t *domains = json_object_get (groups, key);
    if (!domains) {
      domains = json_object ();
      json_object_set_new (groups, key, domains);
    }
    count_up (domains, mugai_policy_cli_text (one, "domain"));
  }
  return groups;
}

static void print_groups (json_t *groups) {
  const char *rule, *domain;
  json_t *domains, *count;
  json_object_foreach (groups, rule, domains) {
    gint64 sum = 0;
    json_object_foreach (domains, domain, count) {
      sum += json_integer_value (count);
    }
    printf (MUGAI_CLI_WORDS ("%s  %d通\n", "%s  %d mails\n"), rule, (int) sum);
    json_object_foreach (domains, domain, count) {
      printf ("    %6d  %s\n", (int) json_integer_value (count), domain);
    }
  }
}

int mugai_policy_replay_command (MugaiPolicyOptions *options) {
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiPolicy) policy = mugai_policy_cli_load (options->arguments[0]);
  if (!policy)
    return EX_CONFIG;
  g_autoptr (MugaiJson) differences = json_array ();
  Replay replay = { .policy = policy, .differences = differences };
  if (!mugai_policy_cli_records (options, replay_one, &replay, &error))
    return mugai_cli_fail (EX_NOINPUT, "policy replay", "%s", error->message);
  g_autoptr (MugaiJson) groups = group (differences);
  if (options->json) {
    g_autoptr (MugaiJson) object =
        json_pack ("{s:s, s:i, s:i, s:i, s:O, s:O}", "version", mugai_policy_version (policy), "records",
                   (int) replay.records, "passed_over", (int) replay.passed_over, "different",
                   (int) json_array_size (differences), "groups", groups, "mails", differences);
    mugai_policy_cli_print_json (object);
    return EX_OK;
  }
  print_groups (groups);
  printf (MUGAI_CLI_WORDS ("記録%u通のうち、扱いが変わるもの%u通（規則で決まっていない%u通は除く）\n",
                           "of %u records %u would fare differently (%u were not decided by rules)\n"),
          replay.records, (guint) json_array_size (differences), replay.passed_over);
  return EX_OK;
}

/* ---- what a tried policy or rule would have done ---- */

/* The row of @rows that equals @wanted in all of @wanted's members; added when there is none. */
static json_t *row_like (json_t *rows, json_t *wanted) {
  size_t i;
  json_t *row, *value;
  const char *name;
  json_array_foreach (rows, i, row) {
    gboolean same = TRUE;
    json_object_foreach (wanted, name, value) same &= json_equal (json_object_get (row, name), value);
    if (same)
      return row;
  }
  json_array_append (rows, wanted);
  return wanted;
}

static const char *part_action (json_t *record, const char *path) {
  size_t i;
  json_t *part;
  json_array_foreach (json_object_get (record, "parts"), i, part) {
    if (strcmp (mugai_policy_cli_text (part, "path"), path) == 0)
      return mugai_policy_cli_text (part, "action");
  }
  return "";
}

/* One change: of the mail, or of one of its parts. */
static void take_change (json_t *tried, json_t *record, json_t *one) {
  const char *path = mugai_policy_cli_text (one, "part");
  const char *was = *path ? part_action (record, path) : mugai_policy_cli_text (record, "action");
  g_autoptr (MugaiJson) wanted =
      json_pack ("{s:s, s:s, s:b}", "was", was, "is", mugai_policy_cli_text (one, "action"), "part", *path != '\0');
  json_t *row = row_like (json_object_get (tried, "changes"), wanted);
  count_up (row, "n");
  if (!json_object_get (row, "latest")) /* the newest comes first */
    json_object_set_new (row, "latest", json_string (mugai_policy_cli_text (record, "id")));
}

/* What one policy or rule says of a mail, from @from on in @list: of the mail itself, then of its parts. Returns where it ends. */
static size_t take_tried (json_t *rows, json_t *record, json_t *list, size_t from) {
  json_t *one = json_array_get (list, from);
  const char *kind = json_object_get (one, "policy") ? "policy" : "rule", *name = mugai_policy_cli_text (one, kind);
  g_autoptr (MugaiJson) wanted = json_pack ("{s:s}", kind, name);
  json_t *tried = row_like (rows, wanted);
  if (!json_object_get (tried, "changes"))
    json_object_update_new (tried, json_pack ("{s:[], s:i, s:i}", "changes", "mails", 0, "differ", 0));
  gboolean differs = FALSE, elsewhere = FALSE;
  size_t i = from;
  for (; (one = json_array_get (list, i)) && strcmp (mugai_policy_cli_text (one, kind), name) == 0; i++) {
    gboolean of_mail = !json_object_get (one, "part");
    if (of_mail)
      elsewhere = strcmp (mugai_policy_cli_text (one, "action"), mugai_policy_cli_text (record, "action")) != 0;
    if (of_mail ? !elsewhere : elsewhere) /* its parts matter where the mail itself goes the same way */
      continue;
    differs = TRUE;
    take_change (tried, record, one);
  }
  count_up (tried, "mails");
  if (differs)
    count_up (tried, "differ");
  return i;
}

/*
 * @rows: [{"policy"|"rule", "mails", "differ", "changes": [{"was","is","part","n","latest"}]}]. A tried policy speaks of every mail, a
 * monitored rule of those that it matches.
 */
static void take_would (json_t *record, gpointer rows) {
  json_t *list = json_object_get (record, "would");
  for (size_t i = 0; i < json_array_size (list);)
    i = take_tried (rows, record, list, i);
}

static void print_tried (json_t *tried) {
  const char *rule = mugai_policy_cli_text (tried, "rule");
  json_int_t mails = json_integer_value (json_object_get (tried, "mails"));
  json_int_t differ = json_integer_value (json_object_get (tried, "differ"));
  json_t *row;
  size_t i;
  if (*rule)
    printf (MUGAI_CLI_WORDS ("規則 %s（記録だけ）: 当てはまったもの%d通、扱いが変わるはずだったもの%d通\n",
                             "rule %s (monitored): matched %d mail(s), %d would have fared differently\n"),
            rule, (int) mails, (int) differ);
  else
    printf (MUGAI_CLI_WORDS ("ポリシー %.12s: 試した%d通のうち、扱いが変わるもの%d通\n",
                             "policy %.12s: of %d mail(s) tried %d would have fared differently\n"),
            mugai_policy_cli_text (tried, "policy"), (int) mails, (int) differ);
  json_array_foreach (json_object_get (tried, "changes"), i, row)
      printf (MUGAI_CLI_WORDS ("%6d  %s%s → %s（最新の記録 %s）\n", "%6d  %s%s → %s (latest record %s)\n"),
              (int) json_integer_value (json_object_get (row, "n")),
              json_is_true (json_object_get (row, "part")) ? MUGAI_CLI_WORDS ("部品: ", "part: ") : "",
              mugai_policy_cli_text (row, "was"), mugai_policy_cli_text (row, "is"),
              mugai_policy_cli_text (row, "latest"));
}

int mugai_policy_cli_print_would (const MugaiPolicyOptions *options) {
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiJson) rows = json_array ();
  size_t i;
  json_t *tried;
  if (!mugai_policy_cli_records (options, take_would, rows, &error))
    return mugai_cli_fail (EX_NOINPUT, "policy shadow", "%s", error->message);
  if (options->json) {
    mugai_policy_cli_print_json (rows);
    return EX_OK;
  }
  json_array_foreach (rows, i, tried) print_tried (tried);
  if (json_array_size (rows) == 0)
    puts (MUGAI_CLI_WORDS ("試した記録はありません。", "Nothing was tried."));
  return EX_OK;
}

/* ---- coverage ---- */

static void take_hits (json_t *record, gpointer data) {
  json_t *hits = data, *reasons = json_object_get (record, "reasons"), *parts = json_object_get (record, "parts"), *one;
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  size_t i;
  json_array_foreach (reasons, i, one) {
    if (g_hash_table_add (seen, (gpointer) mugai_policy_cli_text (one, "rule")))
      count_up (hits, mugai_policy_cli_text (one, "rule"));
  }
  json_array_foreach (parts, i, one) {
    if (g_hash_table_add (seen, (gpointer) mugai_policy_cli_text (one, "rule")))
      count_up (hits, mugai_policy_cli_text (one, "rule"));
  }
}

static gboolean has_rule (json_t *rules, const char *id) {
  size_t i;
  json_t *one;
  if (strcmp (id, "ceiling") == 0)
    return TRUE;
  json_array_foreach (rules, i, one) {
    if (strcmp (mugai_policy_cli_text (one, "id"), id) == 0)
      return TRUE;
  }
  return FALSE;
}

/* The words at @key in the person's language. */
static const char *words_at (const MugaiYamlNode *clause, const char *key) {
  const char *words = mugai_yaml_text (mugai_yaml_value (clause, key), mugai_cli_japanese () ? "ja" : "en");
  return words ? words : "";
}

/* (transfer full): {"clause","asks","rules":[{"id","there","hits"}],"served","hits"} */
static json_t *cover (const MugaiYamlNode *clause, json_t *rules, json_t *hits) {
  const MugaiYamlNode *named = mugai_yaml_value (clause, "rules");
  const char *id = mugai_yaml_text (clause, "id");
  json_t *list = json_array ();
  json_int_t sum = 0;
  for (guint i = 0; named && named->kind == MUGAI_YAML_LIST && i < named->values->len; i++) {
    const MugaiYamlNode *rule = g_ptr_array_index (named->values, i);
    if (rule->kind != MUGAI_YAML_SCALAR)
      continue;
    json_int_t n = json_integer_value (json_object_get (hits, rule->text));
    json_array_append_new (list, json_pack ("{s:s, s:b, s:I}", "id", rule->text, "there", has_rule (rules, rule->text),
                                            "hits", n));
    sum += n;
  }
  return json_pack ("{s:s, s:s, s:o, s:s, s:I}", "clause", id ? id : "", "asks", words_at (clause, "asks"), "rules",
                    list, "served", words_at (clause, "served"), "hits", sum);
}

static void print_coverage (json_t *clauses) {
  size_t i, j;
  json_t *one, *rule;
  json_array_foreach (clauses, i, one) {
    json_t *rules = json_object_get (one, "rules");
    printf ("%s  %s\n", mugai_policy_cli_text (one, "clause"), mugai_policy_cli_text (one, "asks"));
    json_array_foreach (rules, j, rule) {
      gboolean there = json_is_true (json_object_get (rule, "there"));
      printf (MUGAI_CLI_WORDS ("    規則 %s  %d件%s\n", "    rule %s  %d hits%s\n"), mugai_policy_cli_text (rule, "id"),
              (int) json_integer_value (json_object_get (rule, "hits")),
              there ? "" : MUGAI_CLI_WORDS ("  ← このポリシーにありません", "  ← not in this policy"));
    }
    if (json_array_size (rules) == 0)
      printf (MUGAI_CLI_WORDS ("    規則の外で応える: %s\n", "    served outside the rules: %s\n"),
              mugai_policy_cli_text (one, "served"));
  }
}

static MugaiYamlFile *read_clauses (const char *path, GError **error) {
  g_autoptr (GBytes) bytes = mugai_offline_read (path, MAX_CLAUSES_BYTES, error);
  if (!bytes)
    return NULL;
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);
  g_autofree char *text = g_malloc0 (size + 1);
  memcpy (text, data ? data : "", size);
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) mugai_yaml_problem_free);
  MugaiYamlProblems problems = { .japanese = mugai_cli_japanese (), .list = list };
  g_autoptr (MugaiYamlFile) file = mugai_yaml_parse (path, text, size, &problems);
  const MugaiYamlNode *clauses = mugai_yaml_value (file->root, "clauses");
  if (problems.errors == 0 && clauses && clauses->kind == MUGAI_YAML_LIST)
    return g_steal_pointer (&file);
  g_autofree char *first = list->len ? mugai_yaml_problem_format (g_ptr_array_index (list, 0)) : NULL;
  g_set_error (error, MUGAI_POLICY_ERROR, MUGAI_POLICY_ERROR_INVALID, "%s", first ? first : path);
  return NULL;
}

static char *clauses_path (const MugaiPolicyOptions *options) {
  g_autofree char *folder = options->policy ? g_path_get_dirname (options->policy) : NULL;
  g_autofree char *beside = folder ? g_build_filename (folder, "clauses.yaml", NULL) : NULL;
  if (options->clauses)
    return g_strdup (options->clauses);
  if (beside && g_file_test (beside, G_FILE_TEST_IS_REGULAR))
    return g_steal_pointer (&beside);
  g_autofree char *source = g_path_get_dirname (MUGAI_SOURCE_POLICY);
  const char *installed = "/etc/mugai/policy/clauses.yaml";
  return g_file_test (installed, G_FILE_TEST_IS_REGULAR) ? g_strdup (installed)
                                                         : g_build_filename (source, "clauses.yaml", NULL);
}

json_t *mugai_policy_cli_cover (const MugaiPolicy *policy, const MugaiPolicyOptions *options, json_t *hits,
                                GError **error) {
  g_autofree char *path = clauses_path (options);
  g_autoptr (MugaiYamlFile) file = read_clauses (path, error);
  if (!file)
    return NULL;
  g_autoptr (MugaiJson) list = mugai_policy_list (policy, g_get_real_time ());
  json_t *covered = json_array ();
  const MugaiYamlNode *clauses = mugai_yaml_value (file->root, "clauses");
  for (guint i = 0; i < clauses->values->len; i++)
    json_array_append_new (covered,
                           cover (g_ptr_array_index (clauses->values, i), json_object_get (list, "rules"), hits));
  return covered;
}

int mugai_policy_coverage_command (MugaiPolicyOptions *options) {
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiPolicy) policy = mugai_offline_policy (options->policy);
  if (!policy)
    return EX_CONFIG;
  g_autoptr (MugaiJson) hits = json_object ();
  if (!mugai_policy_cli_records (options, take_hits, hits, &error)) {
    fprintf (stderr,
             MUGAI_CLI_WORDS ("mugai policy coverage: 記録を読めないため、件数は0です: %s\n",
                              "mugai policy coverage: no records are read, all counts are 0: %s\n"),
             error->message);
    g_clear_error (&error);
  }
  g_autoptr (MugaiJson) covered = mugai_policy_cli_cover (policy, options, hits, &error);
  if (!covered)
    return mugai_cli_fail (EX_CONFIG, "policy coverage", "%s", error->message);
  if (options->json)
    mugai_policy_cli_print_json (covered);
  else
    print_coverage (covered);
  return EX_OK;
}
