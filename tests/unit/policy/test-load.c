/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Broken policies: each is the small sound one below with one thing replaced, and must be answered at the right line and column
 * with a sentence that holds the right words, in both languages. Then bundles, versions, and all mistakes in one run.
 */
#include "mugai/policy.h"

#include <string.h>

#include <glib/gstdio.h>

#include "policy-path.h"

static const char sound[] = "policy: small\n"                       /* 1 */
                            "organisation:\n"                       /* 2 */
                            "  name: City\n"                        /* 3 */
                            "  domains: [city.example.lg.jp]\n"     /* 4 */
                            "  networks: [10.0.0.0/8]\n"            /* 5 */
                            "  notice_from: m@city.example.lg.jp\n" /* 6 */
                            "ceilings:\n"                           /* 7 */
                            "  inbound: text\n"                     /* 8 */
                            "  outbound: untouched\n"               /* 9 */
                            "  internal: untouched\n"               /* 10 */
                            "limits:\n"                             /* 11 */
                            "  inbound: {max_size: 20MiB}\n"        /* 12 */
                            "  outbound: {max_size: 10MiB}\n"       /* 13 */
                            "  internal: {max_size: 20MiB}\n"       /* 14 */
                            "groups:\n"                             /* 15 */
                            "  webmail: [mail.example.com]\n"       /* 16 */
                            "rules:\n"                              /* 17 */
                            "  - id: relay\n"                       /* 18 */
                            "    on: message\n"                     /* 19 */
                            "    when:\n"                           /* 20 */
                            "      direction: relay\n"              /* 21 */
                            "    then: refuse\n"                    /* 22 */
                            "    ja: 中継\n"                        /* 23 */
                            "    en: relay\n"                       /* 24 */
                            "  - id: webmail\n"                     /* 25 */
                            "    on: part\n"                        /* 26 */
                            "    when:\n"                           /* 27 */
                            "      link-host: group:webmail\n"      /* 28 */
                            "      part-size: {over: 1MiB}\n"       /* 29 */
                            "    then: remove\n"                    /* 30 */
                            "    ja: ウェブメール\n"                /* 31 */
                            "    en: webmail\n"                     /* 32 */
                            "exceptions:\n"                         /* 33 */
                            "  - id: vendor\n"                      /* 34 */
                            "    rule: webmail\n"                   /* 35 */
                            "    scope: {client: 192.0.2.1}\n"      /* 36 */
                            "    reason: contract\n"                /* 37 */
                            "    requested_by: A\n"                 /* 38 */
                            "    approved_by: B\n"                  /* 39 */
                            "    until: 2099-03-31\n"               /* 40 */
                            "failures:\n"                           /* 41 */
                            "  worker-died-twice: hold\n"           /* 42 */
                            "  stale_after: 72h\n";                 /* 43 */

static const struct {
  const char *from, *to;
  guint line, column;
  const char *word;
} broken[] = {
  { "policy: small", "polcy: small", 1, 1, "policy" },
  { "  domains:", "  domain:", 4, 3, "domains" },
  { "[city.example.lg.jp]", "[city]", 4, 13, "city.example.lg.jp" },
  { "[10.0.0.0/8]", "[10.0.0.1/8]", 5, 14, "10.0.0.0/8" },
  { "[10.0.0.0/8]", "[10.0.0.0/33]", 5, 14, "10.0.0.0/8" },
  { "m@city.example.lg.jp", "m.city.example.lg.jp", 6, 16, "@" },
  { "m@city.example.lg.jp", "m@example.com", 6, 16, "notice_from" },
  { "inbound: text", "inbound: txt", 8, 12, "text" },
  { "outbound: untouched", "outbound: pass", 9, 13, "untouched" },
  { "  internal: untouched\n", "", 8, 3, "internal" },
  { "{max_size: 20MiB}\n  outbound", "{max_size: 20MB}\n  outbound", 12, 23, "20MiB" },
  { "{max_size: 20MiB}\n  outbound", "{max_size: ２０MiB}\n  outbound", 12, 23, "20MiB" },
  { "{max_size: 20MiB}\n  outbound", "{max_size: 20}\n  outbound", 12, 23, "20MiB" },
  { "{max_size: 20MiB}\n  outbound", "{maxsize: 20MiB}\n  outbound", 12, 13, "max_size" },
  { "  - id: relay", "  - id: Relay", 18, 9, "Relay" },
  { "on: message", "on: mesage", 19, 9, "message" },
  { "direction: relay", "directon: relay", 21, 7, "direction" },
  { "direction: relay", "direction: outgoing", 21, 18, "outbound" },
  { "direction: relay", "direction： relay", 21, 7, "：" },
  { "direction: relay", "part-scan: infected", 21, 7, "part" },
  { "direction: relay", "client-inside: yes", 21, 22, "true" },
  { "direction: relay", "size: 20MiB", 21, 13, "over" },
  { "direction: relay", "any: {direction: relay}", 21, 12, "any" },
  { "direction: relay", "not: [{direction: relay}, {scanned: true}]", 21, 12, "any" },
  { "direction: relay", "time-of-day: 8:30-17:15", 21, 20, "08:30-17:15" },
  { "direction: relay", "client: 192.0.2.300", 21, 15, "192.0.2.0/24" },
  { "then: refuse", "then: reject", 22, 11, "refuse" },
  { "then: refuse", "then: keep", 22, 11, "deliver" },
  { "then: refuse", "then: {action: refuse, code: 450}", 22, 11, "450" },
  { "then: refuse", "then: {action: refuse, text: 中継はできません}", 22, 34, "ASCII" },
  { "then: refuse", "then: {action: hold, add_header: {name: Subject, value: x}}", 22, 45, "X-Mugai-" },
  { "    en: relay\n", "", 18, 5, "en" },
  { "ja: 中継", "ja: 中継\n    ja: 中継", 24, 5, "ja" },
  { "  - id: webmail", "  - id: relay", 25, 9, "18" },
  { "group:webmail", "group:webmal", 28, 18, "webmail" },
  { "{over: 1MiB}", "{over: 1 mega}", 29, 25, "1MiB" },
  { "rule: webmail", "rule: webmial", 35, 11, "webmail" },
  { "approved_by: B", "approved_by: A", 39, 18, "A" },
  { "    approved_by: B\n", "", 34, 5, "approved_by" },
  { "2099-03-31", "2099-02-30", 40, 12, "2027-03-31" },
  { "2099-03-31", "2099/03/31", 40, 12, "2027-03-31" },
  { "    until: 2099-03-31\n", "", 34, 5, "until" },
  { "rule: webmail", "rule: ceiling", 34, 5, "to" },
  { "twice: hold", "twice: deliver", 42, 22, "tempfail" },
  { "worker-died-twice: hold", "keeper-failed: hold", 42, 18, "tempfail" },
  { "72h", "72", 43, 16, "72h" },
  { "72h", "365d", 43, 16, "30d" },
  { "name: City", "name: &a City", 3, 12, "&" },
  { "name: City", "name: *a", 3, 9, "*" },
  { "name: City", "name: !!str City", 3, 15, "!" },
  { "  name: City", "  <<: {name: City}\n  name: City", 3, 3, "<<" },
  { "  name: City", "\tname: City", 3, 1, "" },
  { "  name: City", "　　name: City", 3, 1, "" },
  { "name: City", "name: \xff", 3, 9, "UTF-8" },
  { "webmail: [mail.example.com]", "webmail: ../secret.yaml", 16, 12, "../secret.yaml" },
  { "webmail: [mail.example.com]", "webmail: nowhere.yaml", 16, 12, "nowhere.yaml" },
  { "policy: small\n", "policy: small\n---\n", 0, 0, "" },
  { "name: City", "name: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[x", 0, 0, "24" },
};

static char *write_policy (const char *text, gssize length) {
  g_autofree char *folder = g_dir_make_tmp ("mugai-load-XXXXXX", NULL);
  char *path = g_build_filename (folder, "p.yaml", NULL);
  g_assert_true (g_file_set_contents (path, text, length, NULL));
  return path;
}

static void remove_policy (const char *path) {
  g_autofree char *folder = g_path_get_dirname (path);
  g_remove (path);
  g_rmdir (folder);
}

static char *replaced (const char *from, const char *to) {
  const char *place = strstr (sound, from);
  g_assert_nonnull (place);
  g_autofree char *before = g_strndup (sound, (gsize) (place - sound));
  return g_strconcat (before, to, place + strlen (from), NULL);
}

/* Is there an error at the place, with the word in it? */
static gboolean is_answered (GPtrArray *problems, guint line, guint column, const char *word, gboolean japanese) {
  for (guint i = 0; i < problems->len; i++) {
    const MugaiPolicyProblem *problem = g_ptr_array_index (problems, i);
    if (problem->warning || (line && (problem->line != line || problem->column != column)))
      continue;
    if (strstr (problem->message, word) && g_str_is_ascii (problem->message) <= !japanese)
      return TRUE;
  }
  return FALSE;
}

static void show (GPtrArray *problems, const char *title) {
  g_test_message ("%s", title);
  for (guint i = 0; i < problems->len; i++) {
    g_autofree char *text = mugai_policy_problem_format (g_ptr_array_index (problems, i));
    g_test_message ("%s", text);
  }
}

static void test_broken (void) {
  for (gsize i = 0; i < 2 * G_N_ELEMENTS (broken); i++) {
    gboolean japanese = i % 2 == 1;
    g_autofree char *text = replaced (broken[i / 2].from, broken[i / 2].to);
    g_autofree char *path = write_policy (text, -1);
    g_autoptr (GPtrArray) problems = NULL;
    g_autoptr (GError) error = NULL;
    g_autoptr (MugaiPolicy) policy = mugai_policy_load (path, japanese, &problems, &error);
    remove_policy (path);
    if (policy || !is_answered (problems, broken[i / 2].line, broken[i / 2].column, broken[i / 2].word, japanese)) {
      show (problems, broken[i / 2].to);
      g_test_fail ();
    }
    g_assert_true (policy || g_error_matches (error, MUGAI_POLICY_ERROR, MUGAI_POLICY_ERROR_INVALID));
  }
}

static void test_sound (void) {
  g_autofree char *path = write_policy (sound, -1);
  g_autoptr (GPtrArray) problems = NULL;
  g_autoptr (MugaiPolicy) policy = mugai_policy_load (path, FALSE, &problems, NULL);
  remove_policy (path);
  g_assert_nonnull (policy);
  g_assert_cmpstr (mugai_policy_name (policy), ==, "small");
  g_assert_cmpuint (mugai_policy_max_size (policy, MUGAI_DIRECTION_OUTBOUND), ==, 10u * 1024 * 1024);
  g_assert_cmpuint (problems->len, ==,
                    9); /* warned of: five rules are missing, infected parts in three directions, an end in 2099 */
}

static void test_all_in_one_run (void) {
  g_autoptr (GString) text = g_string_new (sound);
  g_string_replace (text, "inbound: text", "inbound: txt", 1);
  g_string_replace (text, "then: refuse", "then: reject", 1);
  g_string_replace (text, "72h", "72", 1);
  g_autofree char *path = write_policy (text->str, -1);
  g_autoptr (GPtrArray) problems = NULL;
  g_autoptr (MugaiPolicy) policy = mugai_policy_load (path, FALSE, &problems, NULL);
  remove_policy (path);
  g_assert_null (policy);
  g_assert_true (is_answered (problems, 8, 12, "text", FALSE));
  g_assert_true (is_answered (problems, 22, 11, "refuse", FALSE));
  g_assert_true (is_answered (problems, 43, 16, "72h", FALSE));
  g_autofree char *shown = NULL;
  for (guint i = 0; i < problems->len; i++)
    if (((MugaiPolicyProblem *) g_ptr_array_index (problems, i))->line == 8)
      shown = mugai_policy_problem_format (g_ptr_array_index (problems, i));
  g_assert_nonnull (strstr (shown, "p.yaml:8:12: error: "));
  g_assert_nonnull (strstr (shown, "\n    inbound: txt\n             ^"));
}

static void test_not_there (void) {
  g_autoptr (GPtrArray) problems = NULL;
  g_autoptr (GError) error = NULL;
  g_assert_null (mugai_policy_load ("/nowhere/p.yaml", FALSE, &problems, &error));
  g_assert_error (error, MUGAI_POLICY_ERROR, MUGAI_POLICY_ERROR_READ);
  g_clear_error (&error);
  g_autofree char *big = g_strnfill (MUGAI_POLICY_MAX_BYTES + 1, '#');
  g_autofree char *path = write_policy (big, -1);
  g_assert_null (mugai_policy_load (path, FALSE, NULL, &error));
  g_assert_nonnull (error);
  remove_policy (path);
}

static void test_bundles (void) {
  static const char *const bad[] = { "",
                                     "x",
                                     "mugai-policy-bundle 1\n",
                                     "mugai-policy-bundle 1\n5 a\nabc",
                                     "mugai-policy-bundle 1\n99999999999 a\n",
                                     "mugai-policy-bundle 1\n3 ../a\nabc",
                                     "mugai-policy-bundle 1\n-1 a\n",
                                     "mugai-policy-bundle 1\n3 a\nabc" };
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GBytes) bytes = g_bytes_new_static (bad[i], strlen (bad[i]));
    g_autoptr (GError) error = NULL;
    g_assert_null (mugai_policy_load_bytes (bytes, &error));
    g_assert_nonnull (error);
  }
}

/* Every complete policy that is shipped loads without a word, but for the end date that the city has to choose itself. */
static void test_shipped (void) {
  g_autofree char *folder = policy_path ("");
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  g_assert_nonnull (dir);
  for (const char *name; (name = g_dir_read_name (dir));) {
    if (!g_str_has_suffix (name, ".yaml") || strcmp (name, "clauses.yaml") == 0)
      continue;
    g_autofree char *path = g_build_filename (folder, name, NULL);
    g_autoptr (GPtrArray) problems = NULL;
    g_autoptr (GError) error = NULL;
    g_autoptr (MugaiPolicy) policy = mugai_policy_load (path, TRUE, &problems, &error);
    show (problems, path);
    g_assert_no_error (error);
    g_assert_nonnull (policy);
    for (guint i = 0; i < problems->len; i++)
      g_assert_nonnull (strstr (((const MugaiYamlProblem *) g_ptr_array_index (problems, i))->source, "until: 2099"));
  }
}

int main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/policy/load/sound", test_sound);
  g_test_add_func ("/policy/load/broken", test_broken);
  g_test_add_func ("/policy/load/all-in-one-run", test_all_in_one_run);
  g_test_add_func ("/policy/load/not-there", test_not_there);
  g_test_add_func ("/policy/load/bundles", test_bundles);
  g_test_add_func ("/policy/load/shipped", test_shipped);
  return g_test_run ();
}
