/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Tests of the signed chain: a thousand random tamperings, each found and placed with the public key alone; retention; what a
 * restart does not launder.
 */
#include <stdlib.h>
#include <string.h>

#include <glib/gstdio.h>

#include "mugai/audit.h"
#include "mugai/audit/search.h"
#include "mugai/base/base.h"

#define TAMPERINGS 200u /* 1,000 with -m slow */
#define DAYS 4u
#define LINES_A_DAY 40u
#define DAY_US (G_GINT64_CONSTANT (86400) * G_USEC_PER_SEC)
#define BEGIN_US (G_GINT64_CONSTANT (1790000000) * G_USEC_PER_SEC) /* 2026-09-21 */

typedef struct {
  char *folder, *audit, *keys, *public_key;
} Fixture;

static char *shell (const char *format, const char *a, const char *b) {
  g_autofree char *words = g_strdup_printf (format, a, b);
  char *out = NULL;
  int status = 0;
  const char *argv[] = { "sh", "-c", words, NULL };

  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out, NULL, &status, NULL));
  g_assert_cmpint (status, ==, 0);
  return out;
}

static MugaiAudit *open_signed (Fixture *fixture) {
  g_autoptr (GError) error = NULL;
  MugaiAudit *audit = mugai_audit_open (fixture->audit, &error);

  g_assert_no_error (error);
  g_assert_true (mugai_audit_use_key (audit, fixture->keys, &error));
  return audit;
}

static void write_lines (MugaiAudit *audit, guint days, guint lines_a_day) {
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < days * lines_a_day; i++) {
    g_autofree char *subject = g_strdup_printf ("件名 %u", i);
    g_autoptr (MugaiJson) body =
        json_pack ("{s:s, s:s, s:{s:s}, s:[{s:s}], s:s, s:[{s:s, s:s}]}", "id", "01K", "subject", subject, "envelope",
                   "from", "a@example.com", "recipients", "address", "hana@city.example.lg.jp", "action",
                   i % 10 == 0 ? "hold" : "deliver", "reasons", "rule", "macro", "clause", "5.5(1)");
    gint64 at_us = BEGIN_US + i / lines_a_day * DAY_US + i % lines_a_day * 20 * G_USEC_PER_SEC;
    g_assert_true (mugai_audit_append (audit, "record", "mugaid", body, at_us, &error));
    if (i % 7 == 0)
      g_assert_true (mugai_audit_sync (audit, &error));
  }
  g_assert_true (mugai_audit_sync (audit, &error));
}

static void set_up (Fixture *fixture, gconstpointer data) {
  (void) data;
  fixture->folder = g_dir_make_tmp ("mugai-sign-XXXXXX", NULL);
  fixture->audit = g_build_filename (fixture->folder, "audit", NULL);
  fixture->keys = g_build_filename (fixture->folder, "keys", NULL);
  fixture->public_key = g_build_filename (fixture->folder, "elsewhere.pub", NULL);
  g_assert_cmpint (g_mkdir (fixture->audit, 0700), ==, 0);
  MugaiAudit *audit = open_signed (fixture);
  write_lines (audit, DAYS, LINES_A_DAY);
  mugai_audit_close (audit);
  g_free (shell ("cp %s/audit.pub %s", fixture->audit, fixture->public_key));
}

static void tear_down (Fixture *fixture, gconstpointer data) {
  (void) data;
  g_free (shell ("rm -rf '%s'%s", fixture->folder, ""));
  g_free (fixture->folder);
  g_free (fixture->audit);
  g_free (fixture->keys);
  g_free (fixture->public_key);
}

static gboolean is_good (Fixture *fixture, const char *anchor, MugaiAuditReport *ret_report) {
  g_autoptr (GError) error = NULL;

  g_assert_true (mugai_audit_verify_signed (fixture->audit, fixture->public_key, anchor, ret_report, &error));
  g_assert_no_error (error);
  return ret_report->ok;
}

static void assert_good (Fixture *fixture) {
  MugaiAuditReport report;

  if (!is_good (fixture, NULL, &report))
    g_error ("%s:%" G_GUINT64_FORMAT ": %s", report.file, report.line, report.fault);
  g_assert_true (report.signatures);
  mugai_audit_report_clear (&report);
}

/* ---- a thousand tamperings ---- */

typedef struct {
  GPtrArray *names;    /* of segments */
  GPtrArray *contents; /* of GPtrArray of lines with their ends */
} Copy;

static Copy read_copy (Fixture *fixture) {
  Copy copy = { g_ptr_array_new_with_free_func (g_free),
                g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref) };
  g_autofree char *list = shell ("ls %s | grep jsonl%s", fixture->audit, "");
  g_auto (GStrv) names = g_strsplit (g_strchomp (list), "\n", -1);

  for (char **name = names; *name != NULL; name++) {
    g_autofree char *path = g_build_filename (fixture->audit, *name, NULL);
    g_autofree char *text = NULL;
    g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
    GPtrArray *lines = g_ptr_array_new_with_free_func (g_free);
    for (char *at = text; *at != '\0'; at = strchr (at, '\n') + 1)
      g_ptr_array_add (lines, g_strndup (at, (gsize) (strchr (at, '\n') + 1 - at)));
    g_ptr_array_add (copy.names, g_strdup (*name));
    g_ptr_array_add (copy.contents, lines);
  }
  return copy;
}

static void clear_copy (Copy *copy) {
  g_ptr_array_unref (copy->names);
  g_ptr_array_unref (copy->contents);
}

static void write_segment (Fixture *fixture, const char *name, GPtrArray *lines) {
  g_autofree char *path = g_build_filename (fixture->audit, name, NULL);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < lines->len; i++)
    g_string_append (text, lines->pdata[i]);
  g_assert_true (g_file_set_contents (path, text->str, (gssize) text->len, NULL));
}

/* A line with its number and "prev" as it is, another body, and a hash that fits: what a forger without the key can do. */
static char *forge (const char *line, const char *prev) {
  g_autoptr (MugaiJson) json = json_loads (line, 0, NULL);
  g_autofree char *text = NULL;

  json_object_set_new (json_object_get (json, "body"), "subject", json_string ("forged"));
  if (prev != NULL)
    json_object_set_new (json, "prev", json_string (prev));
  json_object_del (json, "hash");
  text = mugai_json_line (json);
  gsize length = strlen (text) - 1;
  g_autofree char *hash = mugai_sha256_hex (text, length);
  text[length] = '\0';
  return g_strdup_printf ("%s,\"hash\":\"%s\"}\n", text, hash);
}

static char *hash_of (const char *line) {
  return g_strndup (line + strlen (line) - 67, 64);
}

/* From line @at of segment @which on, all made anew. */
static void rebuild_from (Fixture *fixture, Copy *copy, guint which, guint at) {
  g_autofree char *prev = NULL;

  for (guint s = which; s < copy->names->len; s++) {
    g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
    GPtrArray *old = copy->contents->pdata[s];
    for (guint i = 0; i < old->len; i++) {
      gboolean before = s == which && i < at;
      char *line = before ? g_strdup (old->pdata[i]) : forge (old->pdata[i], prev);
      g_ptr_array_add (lines, line);
      g_free (prev);
      prev = hash_of (line);
    }
    write_segment (fixture, copy->names->pdata[s], lines);
  }
}

/* Returns the kind; *ret_line counts from 1; 0: any place at or behind the segment will do. */
static const char *tamper (Fixture *fixture, Copy *copy, guint *ret_segment, guint *ret_line) {
  guint which = (guint) g_test_rand_int_range (0, (gint) copy->names->len);
  GPtrArray *lines = copy->contents->pdata[which];
  guint at = (guint) g_test_rand_int_range (0, (gint) lines->len);
  const char *name = copy->names->pdata[which];
  char *line = lines->pdata[at];

  *ret_segment = which;
  *ret_line = at + 1;
  switch (g_test_rand_int_range (0, 8)) {
  case 0: {
    gsize byte = (gsize) g_test_rand_int_range (0, (gint) strlen (line));
    line[byte] = (char) (line[byte] ^ (1 << g_test_rand_int_range (0, 7)));
    if (line[byte] == '\0')
      line[byte] = 'x';
    write_segment (fixture, name, lines);
    return "byte";
  }
  case 1:
    g_ptr_array_remove_index (lines, at);
    write_segment (fixture, name, lines);
    return "removed";
  case 2: {
    guint other = (at + 1) % lines->len;
    gpointer swap = lines->pdata[at];
    lines->pdata[at] = lines->pdata[other];
    lines->pdata[other] = swap;
    *ret_line = MIN (at, other) + 1;
    write_segment (fixture, name, lines);
    return "swapped";
  }
  case 3: /* all behind a line, to the chain's end */
    g_ptr_array_set_size (lines, (gint) at);
    write_segment (fixture, name, lines);
    for (guint s = which + 1; s < copy->names->len; s++)
      g_free (shell ("rm %s/%s", fixture->audit, copy->names->pdata[s]));
    return "tail";
  case 4: { /* by another day's lines */
    guint other = (which + 1) % copy->names->len;
    write_segment (fixture, name, copy->contents->pdata[other]);
    *ret_line = 0;
    return "segment replaced";
  }
  case 5:
    g_free (shell ("rm %s/%s", fixture->audit, name));
    *ret_line = 0;
    return "segment removed";
  case 6: {
    char *forged = forge (line, NULL);
    g_free (line);
    lines->pdata[at] = forged;
    write_segment (fixture, name, lines);
    return "line forged";
  }
  default:
    rebuild_from (fixture, copy, which, at);
    *ret_line = 0;
    return "made anew";
  }
}

static guint segment_number (const Copy *copy, const char *name) {
  for (guint i = 0; i < copy->names->len; i++)
    if (strcmp (copy->names->pdata[i], name) == 0)
      return i;
  return copy->names->len;
}

/* At the line, or where the one behind it is missed: next line, or the first of the next day. */
static gboolean is_placed (const Copy *copy, guint segment, guint line, const MugaiAuditReport *report) {
  guint found = segment_number (copy, report->file);

  if (line == 0)
    return found + 1 >= segment; /* whole days: an empty or missing one is named by its neighbour */
  if (found == segment)
    return report->line == line || report->line == line + 1 || g_str_has_prefix (report->fault, "truncated");
  return (found == segment + 1 && report->line == 1) || g_str_has_prefix (report->fault, "truncated");
}

static void restore (Fixture *fixture, const char *kept) {
  g_autofree char *words = g_strdup_printf ("rm -f %s/* && cp %s/* %s", fixture->audit, kept, fixture->audit);

  g_free (shell ("%s%s", words, ""));
}

static void test_tamperings (Fixture *fixture, gconstpointer data) {
  g_autofree char *kept = g_strconcat (fixture->audit, ".kept", NULL);

  (void) data;
  assert_good (fixture);
  g_free (shell ("cp -r %s %s", fixture->audit, kept));
  for (guint i = 0; i < (g_test_slow () ? 1000 : TAMPERINGS); i++) {
    Copy copy = read_copy (fixture);
    MugaiAuditReport report;
    guint segment = 0, line = 0;
    const char *kind = tamper (fixture, &copy, &segment, &line);
    if (is_good (fixture, NULL, &report))
      g_error ("%u: %s at %u:%u was not found", i, kind, segment, line);
    if (!is_placed (&copy, segment, line, &report))
      g_error ("%u: %s at %u:%u was placed at %s:%" G_GUINT64_FORMAT " (%s)", i, kind, segment, line, report.file,
               report.line, report.fault);
    mugai_audit_report_clear (&report);
    clear_copy (&copy);
    restore (fixture, kept);
  }
  assert_good (fixture);
}

/* ---- the signed end ---- */

static void test_head (Fixture *fixture, gconstpointer data) {
  g_autoptr (GError) error = NULL;
  MugaiAuditReport report;

  (void) data;
  g_free (shell ("cp %s/head.json %s/anchor.json", fixture->audit, fixture->folder));
  g_free (shell ("sed -i '$d' %s/audit-*%s.jsonl", fixture->audit, "24"));
  /* A restart does not sign what is left as if it were all. */
  MugaiAudit *audit = mugai_audit_open (fixture->audit, &error);
  g_assert_no_error (error);
  g_assert_false (mugai_audit_use_key (audit, fixture->keys, &error));
  g_assert_error (error, MUGAI_AUDIT_ERROR, MUGAI_AUDIT_ERROR_BROKEN);
  mugai_audit_close (audit);
  /* Without head.json the restart knows nothing; an anchor kept elsewhere does. */
  g_free (shell ("rm %s/head.json%s", fixture->audit, ""));
  g_assert_false (is_good (fixture, NULL, &report));
  g_assert_cmpstr (report.file, ==, "head.json");
  mugai_audit_report_clear (&report);
  audit = open_signed (fixture);
  g_assert_true (mugai_audit_head_was_missing (audit)); /* but that it was gone is said */
  mugai_audit_close (audit);
  audit = open_signed (fixture);
  g_assert_false (mugai_audit_head_was_missing (audit));
  mugai_audit_close (audit);
  assert_good (fixture);
  g_autofree char *anchor = g_build_filename (fixture->folder, "anchor.json", NULL);
  g_assert_false (is_good (fixture, anchor, &report));
  g_assert_true (g_str_has_prefix (report.fault, "truncated"));
  mugai_audit_report_clear (&report);
}

/* Another hand's line at the end, with a good hash: not signed. */
static void test_unsigned_end (Fixture *fixture, gconstpointer data) {
  Copy copy = read_copy (fixture);
  GPtrArray *last = copy.contents->pdata[copy.contents->len - 1];
  const char *end = last->pdata[last->len - 1];
  g_autofree char *hash = hash_of (end);
  g_autoptr (MugaiJson) json = json_loads (end, 0, NULL);
  MugaiAuditReport report;

  (void) data;
  json_object_set_new (json, "seq", json_integer (json_integer_value (json_object_get (json, "seq")) + 1));
  g_autofree char *next = mugai_json_line (json);
  g_ptr_array_add (last, forge (next, hash));
  write_segment (fixture, copy.names->pdata[copy.names->len - 1], last);
  g_assert_false (is_good (fixture, NULL, &report));
  g_assert_cmpuint (report.line, ==, last->len);
  g_assert_true (g_str_has_prefix (report.fault, "unsigned"));
  mugai_audit_report_clear (&report);
  clear_copy (&copy);
}

static void test_other_key (Fixture *fixture, gconstpointer data) {
  g_autoptr (GError) error = NULL;

  (void) data;
  g_free (shell ("rm -rf %s%s", fixture->keys, ""));
  MugaiAudit *audit = mugai_audit_open (fixture->audit, &error);
  g_assert_false (mugai_audit_use_key (audit, fixture->keys, &error));
  g_assert_error (error, MUGAI_AUDIT_ERROR, MUGAI_AUDIT_ERROR_IO);
  mugai_audit_close (audit);
}

/* Old days go, the rest is proven still; that they went is signed: taking more is seen. */
static void test_retention (Fixture *fixture, gconstpointer data) {
  g_autoptr (GError) error = NULL;
  g_autofree char *last = NULL, *day = mugai_time_rfc3339 (BEGIN_US + 2 * DAY_US);
  MugaiAuditReport report;
  MugaiAudit *audit = open_signed (fixture);

  (void) data;
  g_assert_true (mugai_audit_expire (audit, day, &last, &error));
  g_assert_nonnull (last);
  mugai_audit_close (audit);
  Copy copy = read_copy (fixture);
  g_assert_cmpuint (copy.names->len, ==, 2);
  assert_good (fixture);
  g_free (shell ("rm %s/%s", fixture->audit, copy.names->pdata[0]));
  g_assert_false (is_good (fixture, NULL, &report));
  g_assert_true (g_str_has_prefix (report.fault, "missing"));
  mugai_audit_report_clear (&report);
  clear_copy (&copy);
}

/* ---- search ---- */

static gboolean count_line (json_t *line, gpointer data) {
  (void) line;
  (*(guint *) data)++;
  return TRUE;
}

static guint count (MugaiAuditSearch *search, const MugaiAuditQuery *query) {
  g_autoptr (GError) error = NULL;
  guint n = 0;

  g_assert_true (mugai_audit_search (search, query, count_line, &n, &error));
  g_assert_no_error (error);
  return n;
}

/* Found by each of its marks; kept up to date; made anew at will; a line that was altered is not shown. */
static void test_search (Fixture *fixture, gconstpointer data) {
  g_autofree char *index = g_build_filename (fixture->folder, "search", "i.sqlite", NULL);
  g_autoptr (GError) error = NULL;
  const MugaiAuditQuery address = { .address = "HANA@city.example.lg.jp", .limit = 1000 };
  const MugaiAuditQuery domain = { .address = "@example.com", .limit = 1000 };
  const MugaiAuditQuery subject = { .subject = "件名 77", .limit = 1000 };
  const MugaiAuditQuery held = { .action = "hold", .rule = "macro", .limit = 1000 };
  const MugaiAuditQuery day = { .since = "2026-09-22", .until = "2026-09-22", .kind = "record", .limit = 1000 };
  guint all = DAYS * LINES_A_DAY;

  (void) data;
  g_autoptr (MugaiAuditSearch) search = mugai_audit_search_open (fixture->audit, index, FALSE, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (count (search, &address), ==, all);
  g_assert_cmpuint (count (search, &domain), ==, all);
  g_assert_cmpuint (count (search, &subject), ==, 1);
  g_assert_cmpuint (count (search, &held), ==, all / 10);
  g_assert_cmpuint (count (search, &day), >, 0);
  g_clear_pointer (&search, mugai_audit_search_close);
  MugaiAudit *audit = open_signed (fixture);
  g_autoptr (MugaiJson) body = json_pack ("{s:s}", "item", "01X");
  g_assert_true (mugai_audit_append (audit, "view", "uid:7", body, BEGIN_US + 5 * DAY_US, &error));
  g_assert_true (mugai_audit_sync (audit, &error));
  mugai_audit_close (audit);
  search = mugai_audit_search_open (fixture->audit, index, FALSE, &error);
  const MugaiAuditQuery actor = { .actor = "uid:7" };
  g_assert_cmpuint (count (search, &actor), ==, 1);
  g_autoptr (MugaiJson) month = mugai_audit_search_month (search, "2026-09", &error);
  g_assert_no_error (error);
  g_assert_cmpint (json_integer_value (json_object_get (json_object_get (month, "totals"), "total")), ==, all);
  g_clear_pointer (&search, mugai_audit_search_close);
  g_free (shell ("sed -i 's/件名 77/件名 78/' %s/audit-*%s", fixture->audit, ".jsonl"));
  search = mugai_audit_search_open (fixture->audit, index, FALSE, &error);
  g_assert_cmpuint (count (search, &subject), ==, 0);
}

#define ADD(name, function) g_test_add ("/audit/sign/" name, Fixture, NULL, set_up, function, tear_down)

int main (int argc, char **argv) {
  g_setenv ("TZ", "UTC", TRUE);
  g_test_init (&argc, &argv, NULL);
  ADD ("tamperings", test_tamperings);
  ADD ("head", test_head);
  ADD ("unsigned-end", test_unsigned_end);
  ADD ("other-key", test_other_key);
  ADD ("retention", test_retention);
  ADD ("search", test_search);
  return g_test_run ();
}
