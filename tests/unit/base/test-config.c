/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Tests of base/config: defaults, units, relative paths, and that each kind of mistake is named with its place.
 */
#include "mugai/base/config.h"

#include <string.h>

#include <glib/gstdio.h>

typedef struct {
  char *folder, *file;
} Fixture;

static void set_up (Fixture *fixture, gconstpointer data) {
  (void) data;
  fixture->folder = g_dir_make_tmp ("mugai-config-XXXXXX", NULL);
  fixture->file = g_build_filename (fixture->folder, "mugai.yaml", NULL);
}

static void tear_down (Fixture *fixture, gconstpointer data) {
  (void) data;
  (void) g_remove (fixture->file);
  (void) g_rmdir (fixture->folder);
  g_free (fixture->file);
  g_free (fixture->folder);
}

static MugaiConfig *load (Fixture *fixture, const char *text, GError **error) {
  g_assert_true (g_file_set_contents (fixture->file, text, -1, NULL));
  return mugai_config_load (fixture->file, error);
}

/* @expected: "line:column: error: words", several separated by "\n". */
static void assert_mistakes (Fixture *fixture, const char *text, const char *expected) {
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiConfig) config = load (fixture, text, &error);
  g_auto (GStrv) wanted = g_strsplit (expected, "\n", -1);

  g_assert_null (config);
  g_assert_error (error, MUGAI_CONFIG_ERROR, MUGAI_CONFIG_ERROR_INVALID);
  for (gsize i = 0; wanted[i] != NULL; i++) {
    g_autofree char *block = g_strdup_printf ("%s:%s", fixture->file, wanted[i]);
    if (strstr (error->message, block) == NULL)
      g_error ("no \"%s\" in:\n%s", block, error->message);
  }
}

static void test_defaults (Fixture *fixture, gconstpointer data) {
  static const char *const texts[] = { "", "# nothing\n", "---\n", "{}\n" };

  (void) data;
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (MugaiConfig) config = load (fixture, texts[i], &error);
    g_assert_no_error (error);
    g_assert_cmpstr (config->file, ==, fixture->file);
    g_assert_cmpstr (config->milter_socket, ==, "unix:/run/mugai/milter.sock");
    g_assert_cmpuint (config->milter_socket_mode, ==, 0660);
    g_assert_cmpstr (config->alarm_hook, ==, "");
    g_assert_cmpuint (config->fronts, ==, 2);
    g_assert_cmpuint (config->total_ms, ==, 60000);
    g_assert_cmpuint (config->worker_memory_bytes, ==, 1024 * 1024 * 1024);
    g_assert_cmpuint (config->read_depth, ==, 16);
    g_assert_cmpuint (config->read_decoded_bytes, ==, 200 * 1024 * 1024);
  }
}

static void test_values (Fixture *fixture, gconstpointer data) {
  g_autoptr (GError) error = NULL;
  (void) data;
  g_autoptr (MugaiConfig) config = load (fixture,
                                         "milter_socket: inet:8891@127.0.0.1\nmilter_socket_mode: 0600\nstore: data/q\n"
                                         "policy: ../p.yaml\nsignatures: \"\"\nuser: ''\nworkers: 3\nwait: 500ms\n"
                                         "max_spool: 20MiB\nstop: 2min\n",
                                         &error);
  g_assert_no_error (error);
  g_autofree char *store = g_build_filename (fixture->folder, "data/q", NULL);
  g_autofree char *parent = g_path_get_dirname (fixture->folder);
  g_autofree char *policy = g_build_filename (parent, "p.yaml", NULL);
  g_assert_cmpstr (config->milter_socket, ==, "inet:8891@127.0.0.1");
  g_assert_cmpuint (config->milter_socket_mode, ==, 0600);
  g_assert_cmpstr (config->store, ==, store);
  g_assert_cmpstr (config->policy, ==, policy);
  g_assert_cmpstr (config->signatures, ==, "");
  g_assert_cmpstr (config->user, ==, "");
  g_assert_cmpuint (config->workers, ==, 3);
  g_assert_cmpuint (config->wait_ms, ==, 500);
  g_assert_cmpuint (config->max_spool_bytes, ==, 20 * 1024 * 1024);
  g_assert_cmpuint (config->stop_ms, ==, 120000);
}

static void test_sockets (Fixture *fixture, gconstpointer data) {
  g_autoptr (GError) error = NULL;
  (void) data;
  g_autoptr (MugaiConfig) config = load (fixture, "milter_socket: unix:m.sock\nruntime_directory: run\n", &error);
  g_assert_no_error (error);
  g_autofree char *milter = g_strdup_printf ("unix:%s/m.sock", fixture->folder);
  g_autofree char *keeper = g_strdup_printf ("%s/run/keeper.sock", fixture->folder);
  g_autofree char *control = g_strdup_printf ("%s/run/control.sock", fixture->folder);
  g_autofree char *got_keeper = mugai_config_keeper_socket (config);
  g_autofree char *got_control = mugai_config_control_socket (config);
  g_assert_cmpstr (config->milter_socket, ==, milter);
  g_assert_cmpstr (got_keeper, ==, keeper);
  g_assert_cmpstr (got_control, ==, control);
}

static void test_mistakes (Fixture *fixture, gconstpointer data) {
  (void) data;
  assert_mistakes (fixture, "frunts: 2\n", "1:1: error: unknown key \"frunts\"; did you mean \"fronts\"?");
  assert_mistakes (fixture, "fronts: 2\nfronts: 3\n", "2:1: error: key \"fronts\" is written twice");
  assert_mistakes (fixture, "fronts: 0\n", "1:9: error: fronts: 0 is out of range: 1 to 64");
  assert_mistakes (fixture, "fronts: 99999999999999999999\n", "1:9: error: fronts:");
  assert_mistakes (fixture, "wait: 5\n", "1:7: error: wait: \"5\" is not a duration with its unit");
  assert_mistakes (fixture, "scratch: 5MB\n", "1:10: error: scratch: \"5MB\" is not a size");
  assert_mistakes (fixture, "max_spool: 18446744073709551615GiB\n", "1:12: error: max_spool:");
  assert_mistakes (fixture, "milter_socket_mode: 0888\n", "1:21: error: milter_socket_mode:");
  assert_mistakes (fixture, "store: \"\"\n", "1:8: error: store: must not be empty");
  assert_mistakes (fixture, "alarm_hook:\n", "1:1: error: alarm_hook: no value");
  assert_mistakes (fixture, "milter_socket: /run/x\n", "1:16: error: milter_socket: write unix:/path");
  assert_mistakes (fixture, "fronts: !!int 2\n", "1:15: error: tags (!name) are not allowed");
  assert_mistakes (fixture, "fronts: &a 2\n", "1:12: error: anchors (&name) are not allowed");
  assert_mistakes (fixture, "fronts: &a 2\nworkers: *a\n", "2:10: error: aliases (*name) are not allowed");
  assert_mistakes (fixture, "fronts: [2]\n", "1:9: error: fronts: one value, a list or mapping is not allowed here");
  assert_mistakes (fixture, "fronts:\n  a: 2\n",
                   "2:3: error: fronts: one value, a list or mapping is not allowed here");
  assert_mistakes (fixture, "- fronts\n", "1:1: error: not allowed here");
  assert_mistakes (fixture, "hello\n", "1:1: error: not allowed here");
  assert_mistakes (fixture, "? [a, b]\n: c\nfronts: 0\n", "3:9: error: fronts: 0 is out of range");
  assert_mistakes (fixture, "fronts: 2\n---\nfronts: 3\n", "2:1: error: one document a file");
  assert_mistakes (fixture, "wait: 40s\nfirst_worker: 25s\n", "2:1: error: wait and first_worker together");
  assert_mistakes (fixture, "fronts: [2\n", "1:9: error: not readable as YAML: a bracket is not closed");
  assert_mistakes (fixture, "fronts: \"2\n", "1:");
  assert_mistakes (fixture, "\tfronts: 2\n", "1:");
  assert_mistakes (fixture, "fronts: \xff\n", "1:9: error: not UTF-8");
}

static void test_all_at_once (Fixture *fixture, gconstpointer data) {
  (void) data;
  assert_mistakes (fixture, "frontz: 1\nworkers: x\n合計: 5\nwait: 9\n",
                   "1:1: error: unknown key\n2:10: error: workers:\n3:1: error: unknown key\n4:7: error: wait:");
}

static void test_shows_line (Fixture *fixture, gconstpointer data) {
  g_autoptr (GError) error = NULL;
  (void) data;
  g_autoptr (MugaiConfig) config = load (fixture, "# x\nworkers: many\n", &error);
  g_assert_null (config);
  g_assert_true (g_str_has_suffix (error->message, "\n  workers: many\n           ^"));
}

static void test_missing (Fixture *fixture, gconstpointer data) {
  g_autoptr (GError) error = NULL;
  (void) data;
  g_assert_null (mugai_config_load (fixture->file, &error));
  g_assert_error (error, MUGAI_CONFIG_ERROR, MUGAI_CONFIG_ERROR_READ);
}

/* What describe prints is itself a configuration, once its ranges and help are taken off. */
static void test_describe (Fixture *fixture, gconstpointer data) {
  g_autofree char *text = mugai_config_describe ();
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autoptr (GString) yaml = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  (void) data;
  for (gsize i = 0; lines[i] != NULL; i++) {
    if (lines[i][0] != ' ' && lines[i][0] != '\0')
      g_string_append_printf (yaml, "%s\n", g_strdelimit (lines[i], "(", '#'));
  }
  g_autoptr (MugaiConfig) config = load (fixture, yaml->str, &error);
  g_assert_no_error (error);
  g_assert_nonnull (config);
}

#define ADD(name, function) g_test_add ("/base/config/" name, Fixture, NULL, set_up, function, tear_down)

int main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  ADD ("defaults", test_defaults);
  ADD ("values", test_values);
  ADD ("sockets", test_sockets);
  ADD ("mistakes", test_mistakes);
  ADD ("all-at-once", test_all_at_once);
  ADD ("shows-line", test_shows_line);
  ADD ("missing", test_missing);
  ADD ("describe", test_describe);
  return g_test_run ();
}
