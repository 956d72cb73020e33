/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Tests of the chain: it continues over restarts, days and torn lines; a group is all or nothing; and every tampering of
 * a random kind is found and placed.
 */
#include "mugai/audit.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "mugai/base/base.h"

#define DAY_US (G_GINT64_CONSTANT (86400) * G_USEC_PER_SEC)
#define NOON_US (G_GINT64_CONSTANT (1700017200) * G_USEC_PER_SEC) /* far enough from midnight in any zone we test in */
#define FIRST_DAY "audit-2023-11-15.jsonl"
#define LINES_A_DAY 20u
#define DAYS 3u
#define TAMPERINGS 1000u

typedef struct {
  char *folder;
} Fixture;

static void set_up (Fixture *fixture, gconstpointer data) {
  (void) data;
  fixture->folder = g_dir_make_tmp ("mugai-chain-XXXXXX", NULL);
}

static void empty_folder (const char *folder) {
  GDir *dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);
    (void) g_remove (path);
  }
  g_dir_close (dir);
}

static void tear_down (Fixture *fixture, gconstpointer data) {
  (void) data;
  empty_folder (fixture->folder);
  (void) g_rmdir (fixture->folder);
  g_free (fixture->folder);
}

static MugaiAudit *open_chain (Fixture *fixture) {
  g_autoptr (GError) error = NULL;
  MugaiAudit *audit = mugai_audit_open (fixture->folder, &error);

  g_assert_no_error (error);
  return audit;
}

static void append (MugaiAudit *audit, guint number, gint64 at_us) {
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiJson) body = json_object ();

  json_object_set_new (body, "n", json_integer (number));
  json_object_set_new (body, "text", mugai_json_string ("件名 \"x\" ,\"hash\":\"\n"));
  g_assert_true (mugai_audit_append (audit, "record", "mugaid", body, at_us, &error));
  g_assert_no_error (error);
}

static void sync_chain (MugaiAudit *audit) {
  g_autoptr (GError) error = NULL;

  g_assert_true (mugai_audit_sync (audit, &error));
  g_assert_no_error (error);
}

static void write_days (Fixture *fixture) {
  g_autoptr (MugaiAudit) audit = open_chain (fixture);

  for (guint i = 0; i < LINES_A_DAY * DAYS; i++) {
    append (audit, i + 1, NOON_US + (i / LINES_A_DAY) * DAY_US + i);
    if (i % 3 == 2 || i % LINES_A_DAY == LINES_A_DAY - 1)
      sync_chain (audit);
  }
}

/* Verifies; @fault NULL: clean. */
static void assert_verdict (Fixture *fixture, guint64 lines, const char *file, guint64 line, const char *fault) {
  g_autoptr (GError) error = NULL;
  MugaiAuditReport report;

  g_assert_true (mugai_audit_verify (fixture->folder, &report, &error));
  g_assert_no_error (error);
  if (fault == NULL && !report.ok)
    g_error ("%s:%" G_GUINT64_FORMAT ": %s", report.file, report.line, report.fault);
  g_assert_cmpint (report.ok, ==, fault == NULL);
  g_assert_cmpuint (report.lines, ==, lines);
  if (fault != NULL) {
    g_assert_cmpstr (report.file, ==, file);
    g_assert_cmpuint (report.line, ==, line);
    g_assert_true (g_str_has_prefix (report.fault, fault));
  }
  mugai_audit_report_clear (&report);
}

static void append_raw (Fixture *fixture, const char *name, const char *text) {
  g_autofree char *path = g_build_filename (fixture->folder, name, NULL);
  FILE *file = fopen (path, "ae");

  g_assert_nonnull (file);
  fputs (text, file);
  fclose (file);
}

static void test_continues (Fixture *fixture, gconstpointer data) {
  (void) data;
  assert_verdict (fixture, 0, NULL, 0, NULL);
  for (guint i = 0; i < 5; i++) {
    g_autoptr (MugaiAudit) audit = open_chain (fixture);
    g_assert_cmpuint (mugai_audit_last_seq (audit), ==, i * 2);
    append (audit, i, NOON_US);
    append (audit, i, NOON_US);
    g_assert_cmpuint (mugai_audit_last_seq (audit), ==, i * 2);
    sync_chain (audit);
    g_assert_cmpuint (mugai_audit_last_seq (audit), ==, i * 2 + 2);
  }
  assert_verdict (fixture, 10, NULL, 0, NULL);
}

static void test_days (Fixture *fixture, gconstpointer data) {
  (void) data;
  write_days (fixture);
  assert_verdict (fixture, LINES_A_DAY * DAYS, NULL, 0, NULL);
  /* A clock that goes back does not open an older day again. */
  g_autoptr (MugaiAudit) audit = open_chain (fixture);
  append (audit, 0, NOON_US - 5 * DAY_US);
  sync_chain (audit);
  assert_verdict (fixture, LINES_A_DAY * DAYS + 1, NULL, 0, NULL);
}

static void test_abandon (Fixture *fixture, gconstpointer data) {
  (void) data;
  g_autoptr (MugaiAudit) audit = open_chain (fixture);
  append (audit, 1, NOON_US);
  mugai_audit_abandon (audit);
  sync_chain (audit);
  append (audit, 2, NOON_US);
  sync_chain (audit);
  assert_verdict (fixture, 1, NULL, 0, NULL);
}

static void test_torn (Fixture *fixture, gconstpointer data) {
  (void) data;
  write_days (fixture);
  append_raw (fixture, "audit-2023-11-17.jsonl", "{\"seq\":61,\"prev");
  assert_verdict (fixture, 60, "audit-2023-11-17.jsonl", 21, "torn");
  /* A crash before the first line of a day leaves an empty file, or one with half a line. */
  append_raw (fixture, "audit-2023-11-18.jsonl", "{\"seq\"");
  append_raw (fixture, "notes.txt", "not ours\n");
  empty_folder (fixture->folder);
  write_days (fixture);
  append_raw (fixture, "audit-2023-11-18.jsonl", "{\"seq\"");
  g_autoptr (MugaiAudit) audit = open_chain (fixture);
  g_assert_cmpuint (mugai_audit_last_seq (audit), ==, 60);
  append (audit, 61, NOON_US + 3 * DAY_US);
  sync_chain (audit);
  assert_verdict (fixture, 61, NULL, 0, NULL);
}

static void test_broken_not_continued (Fixture *fixture, gconstpointer data) {
  (void) data;
  write_days (fixture);
  append_raw (fixture, "audit-2023-11-17.jsonl", "{\"seq\":61}\n");
  g_autoptr (GError) error = NULL;
  g_assert_null (mugai_audit_open (fixture->folder, &error));
  g_assert_error (error, MUGAI_AUDIT_ERROR, MUGAI_AUDIT_ERROR_BROKEN);
}

static void test_changed_under_writer (Fixture *fixture, gconstpointer data) {
  (void) data;
  g_autoptr (MugaiAudit) audit = open_chain (fixture);
  g_autoptr (GError) error = NULL;
  append (audit, 1, NOON_US);
  sync_chain (audit);
  append_raw (fixture, FIRST_DAY, "x\n");
  append (audit, 2, NOON_US);
  g_assert_false (mugai_audit_sync (audit, &error));
  g_assert_error (error, MUGAI_AUDIT_ERROR, MUGAI_AUDIT_ERROR_BROKEN);
}

static void test_one_writer (Fixture *fixture, gconstpointer data) {
  (void) data;
  g_autoptr (MugaiAudit) audit = open_chain (fixture);
  g_autoptr (GError) error = NULL;
  g_assert_null (mugai_audit_open (fixture->folder, &error));
  g_assert_error (error, MUGAI_AUDIT_ERROR, MUGAI_AUDIT_ERROR_IO);
  g_assert_cmpuint (mugai_audit_last_seq (audit), ==, 0);
}

/* The file may not grow: the group is taken back whole, and the chain goes on when there is room again. */
static void test_full (Fixture *fixture, gconstpointer data) {
  struct rlimit limit, old;

  (void) data;
  signal (SIGXFSZ, SIG_IGN);
  g_autoptr (MugaiAudit) audit = open_chain (fixture);
  append (audit, 1, NOON_US);
  sync_chain (audit);
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &old), ==, 0);
  for (rlim_t extra = 0; extra < 900; extra += 50) {
    g_autoptr (GError) error = NULL;
    g_autofree char *path = g_build_filename (fixture->folder, FIRST_DAY, NULL);
    struct stat status;
    g_assert_cmpint (stat (path, &status), ==, 0);
    limit = (struct rlimit){ (rlim_t) status.st_size + extra, old.rlim_max };
    for (guint i = 0; i < 4; i++)
      append (audit, 2, NOON_US);
    g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
    g_assert_false (mugai_audit_sync (audit, &error));
    g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &old), ==, 0);
    g_assert_error (error, MUGAI_AUDIT_ERROR, MUGAI_AUDIT_ERROR_IO);
    g_assert_cmpuint (mugai_audit_last_seq (audit), ==, 1);
    assert_verdict (fixture, 1, NULL, 0, NULL);
  }
  append (audit, 2, NOON_US);
  sync_chain (audit);
  assert_verdict (fixture, 2, NULL, 0, NULL);
}

typedef struct {
  guint n, max;
  json_int_t last;
  int step;
} Walk;

static gboolean visit (json_t *line, gpointer data) {
  Walk *walk = data;
  json_int_t seq = json_integer_value (json_object_get (line, "seq"));

  g_assert_cmpint (seq, ==, walk->last + walk->step);
  walk->last = seq;
  return ++walk->n < walk->max;
}

static void test_each (Fixture *fixture, gconstpointer data) {
  g_autoptr (GError) error = NULL;
  Walk all = { 0, G_MAXUINT, 0, 1 }, some = { 0, 25, 0, 1 };
  Walk back = { 0, G_MAXUINT, LINES_A_DAY * DAYS + 1, -1 }, newest = { 0, 25, LINES_A_DAY * DAYS + 1, -1 };

  (void) data;
  write_days (fixture);
  g_assert_true (mugai_audit_each (fixture->folder, visit, &all, &error));
  g_assert_true (mugai_audit_each (fixture->folder, visit, &some, &error));
  g_assert_true (mugai_audit_each_back (fixture->folder, visit, &back, &error));
  g_assert_true (mugai_audit_each_back (fixture->folder, visit, &newest, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (all.n, ==, LINES_A_DAY * DAYS);
  g_assert_cmpuint (back.n, ==, LINES_A_DAY * DAYS);
  g_assert_cmpuint (some.n, ==, 25);
  g_assert_cmpuint (newest.n, ==, 25);
}

/* Lines around and over the readers' chunk, in both directions. */
static void test_long_lines (Fixture *fixture, gconstpointer data) {
  static const gsize sizes[] = { 65300, 65536, 10, 131072, 1, 500000, 65535, 3000000 };
  Walk all = { 0, G_MAXUINT, 0, 1 }, back = { 0, G_MAXUINT, G_N_ELEMENTS (sizes) + 1, -1 };
  g_autoptr (GError) error = NULL;

  (void) data;
  g_autoptr (MugaiAudit) audit = open_chain (fixture);
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autofree char *text = g_strnfill (sizes[i], 'x');
    g_autoptr (MugaiJson) body = json_object ();
    json_object_set_new (body, "text", json_string (text));
    g_assert_true (mugai_audit_append (audit, "record", "mugaid", body, NOON_US, NULL));
    sync_chain (audit);
  }
  g_assert_true (mugai_audit_each (fixture->folder, visit, &all, &error));
  g_assert_true (mugai_audit_each_back (fixture->folder, visit, &back, &error));
  g_assert_cmpuint (all.n, ==, G_N_ELEMENTS (sizes));
  g_assert_cmpuint (back.n, ==, G_N_ELEMENTS (sizes));
  assert_verdict (fixture, G_N_ELEMENTS (sizes), NULL, 0, NULL);
}

static void test_too_long (Fixture *fixture, gconstpointer data) {
  (void) data;
  g_autoptr (MugaiAudit) audit = open_chain (fixture);
  g_autofree char *text = g_strnfill (MUGAI_AUDIT_MAX_LINE_BYTES, 'x');
  g_autoptr (MugaiJson) body = json_object ();
  g_autoptr (GError) error = NULL;
  json_object_set_new (body, "text", json_string (text));
  g_assert_false (mugai_audit_append (audit, "record", "mugaid", body, NOON_US, &error));
  g_assert_error (error, MUGAI_AUDIT_ERROR, MUGAI_AUDIT_ERROR_IO);
  append (audit, 1, NOON_US);
  sync_chain (audit);
  assert_verdict (fixture, 1, NULL, 0, NULL);
}

/* ---- tampering ---- */

typedef struct {
  char *names[DAYS];
  char *clean[DAYS]; /* contents */
} Chain;

static void restore (Fixture *fixture, const Chain *chain) {
  for (guint day = 0; day < DAYS; day++) {
    g_autofree char *path = g_build_filename (fixture->folder, chain->names[day], NULL);
    g_assert_true (g_file_set_contents (path, chain->clean[day], -1, NULL));
  }
}

/* Writes the day anew from @lines, each with its line end. */
static void put_lines (Fixture *fixture, const Chain *chain, guint day, GPtrArray *lines) {
  g_autofree char *path = g_build_filename (fixture->folder, chain->names[day], NULL);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < lines->len; i++)
    g_string_append_printf (text, "%s\n", (char *) g_ptr_array_index (lines, i));
  g_assert_true (g_file_set_contents (path, text->str, -1, NULL));
}

static GPtrArray *get_lines (const Chain *chain, guint day) {
  GPtrArray *lines = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) split = g_strsplit (chain->clean[day], "\n", -1);

  for (guint i = 0; i < LINES_A_DAY; i++)
    g_ptr_array_add (lines, g_strdup (split[i]));
  return lines;
}

/* One byte of the day: becomes another. The first line at fault is that byte's. */
static void tamper_byte (Fixture *fixture, const Chain *chain, guint day) {
  gsize length = strlen (chain->clean[day]);
  gsize at = (gsize) g_random_int_range (0, (gint32) length);
  g_autofree char *text = g_strdup (chain->clean[day]);
  g_autofree char *path = g_build_filename (fixture->folder, chain->names[day], NULL);
  guint line = 1;

  for (gsize i = 0; i < at; i++)
    line += text[i] == '\n';
  char old = text[at];
  while (text[at] == old)
    text[at] = (char) g_random_int_range (-128, 128);
  g_assert_true (g_file_set_contents (path, text, (gssize) length, NULL));
  gboolean last_end = at == length - 1;
  assert_verdict (fixture, day * LINES_A_DAY + line - 1, chain->names[day], line,
                  last_end && day == DAYS - 1 ? "torn"
                  : last_end                  ? "torn"
                                              : "altered");
}

static void tamper_lines (Fixture *fixture, const Chain *chain, guint day, guint kind) {
  g_autoptr (GPtrArray) lines = get_lines (chain, day);
  guint at = (guint) g_random_int_range (0, LINES_A_DAY - 1), other;

  if (kind == 0) { /* a line is gone */
    g_ptr_array_remove_index (lines, at);
    put_lines (fixture, chain, day, lines);
    assert_verdict (fixture, day * LINES_A_DAY + at, chain->names[day], at + 1, "missing");
  } else if (kind == 1) { /* two are swapped */
    other = (guint) g_random_int_range ((gint32) at + 1, LINES_A_DAY);
    gpointer moved = lines->pdata[at];
    lines->pdata[at] = lines->pdata[other];
    lines->pdata[other] = moved;
    put_lines (fixture, chain, day, lines);
    assert_verdict (fixture, day * LINES_A_DAY + at, chain->names[day], at + 1, "reordered");
  } else if (kind == 2) { /* one is there twice */
    g_ptr_array_insert (lines, (gint) at + 1, g_strdup (lines->pdata[at]));
    put_lines (fixture, chain, day, lines);
    assert_verdict (fixture, day * LINES_A_DAY + at + 1, chain->names[day], at + 2, "repeated");
  } else { /* one is made anew with a good hash of its own */
    json_t *json = json_loads (lines->pdata[at], 0, NULL);
    json_object_set_new (json_object_get (json, "body"), "n", json_integer (999));
    json_object_del (json, "hash");
    g_autofree char *text = mugai_json_line (json);
    text[strlen (text) - 1] = '\0';
    g_autofree char *hash = mugai_sha256_hex (text, strlen (text));
    g_free (lines->pdata[at]);
    lines->pdata[at] = g_strdup_printf ("%s,\"hash\":\"%s\"}", text, hash);
    json_decref (json);
    put_lines (fixture, chain, day, lines);
    assert_verdict (fixture, day * LINES_A_DAY + at + 1, chain->names[day], at + 2, "altered: the line before");
  }
}

/* A file is gone, or cut in the middle of a line, or another day's stands in its place. */
static void tamper_file (Fixture *fixture, const Chain *chain, guint day, guint kind) {
  g_autofree char *path = g_build_filename (fixture->folder, chain->names[day], NULL);
  gsize length = strlen (chain->clean[day]);

  if (kind == 0 && day < DAYS - 1) {
    g_assert_cmpint (g_remove (path), ==, 0);
    assert_verdict (fixture, day * LINES_A_DAY, chain->names[day + 1], 1, "missing");
  } else if (kind == 1 && day > 0) {
    g_assert_true (g_file_set_contents (path, chain->clean[day - 1], -1, NULL));
    assert_verdict (fixture, day * LINES_A_DAY, chain->names[day], 1, "repeated");
  } else {
    gsize cut = (gsize) g_random_int_range (1, (gint32) length);
    while (chain->clean[day][cut - 1] == '\n')
      cut--;
    g_assert_cmpint (truncate (path, (off_t) cut), ==, 0);
    guint line = 1;
    for (gsize i = 0; i < cut; i++)
      line += chain->clean[day][i] == '\n';
    assert_verdict (fixture, day * LINES_A_DAY + line - 1, chain->names[day], line, "torn");
  }
}

static void test_tampering (Fixture *fixture, gconstpointer data) {
  Chain chain = { { NULL }, { NULL } };

  (void) data;
  write_days (fixture);
  for (guint day = 0; day < DAYS; day++) {
    chain.names[day] = g_strdup_printf ("audit-2023-11-%u.jsonl", 15 + day);
    g_autofree char *path = g_build_filename (fixture->folder, chain.names[day], NULL);
    g_assert_true (g_file_get_contents (path, &chain.clean[day], NULL, NULL));
  }
  for (guint i = 0; i < TAMPERINGS; i++) {
    guint day = (guint) g_random_int_range (0, DAYS), kind = (guint) g_random_int_range (0, 4);
    if (i % 3 == 0)
      tamper_byte (fixture, &chain, day);
    else if (i % 3 == 1)
      tamper_lines (fixture, &chain, day, kind);
    else
      tamper_file (fixture, &chain, day, kind % 3);
    restore (fixture, &chain);
  }
  assert_verdict (fixture, LINES_A_DAY * DAYS, NULL, 0, NULL);
  for (guint day = 0; day < DAYS; day++) {
    g_free (chain.names[day]);
    g_free (chain.clean[day]);
  }
}

#define ADD(name, function) g_test_add ("/audit/chain/" name, Fixture, NULL, set_up, function, tear_down)

int main (int argc, char **argv) {
  g_setenv ("TZ", "UTC", TRUE);
  g_test_init (&argc, &argv, NULL);
  ADD ("continues", test_continues);
  ADD ("days", test_days);
  ADD ("abandon", test_abandon);
  ADD ("torn", test_torn);
  ADD ("broken-not-continued", test_broken_not_continued);
  ADD ("changed-under-writer", test_changed_under_writer);
  ADD ("one-writer", test_one_writer);
  ADD ("full", test_full);
  ADD ("each", test_each);
  ADD ("long-lines", test_long_lines);
  ADD ("too-long", test_too_long);
  ADD ("tampering", test_tampering);
  return g_test_run ();
}
