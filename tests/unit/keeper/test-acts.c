/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Tests of acts on a disk that fails: each step of an item's life, from a hold over its release to its disposal, with every call that
 * reaches the disk failing, every one from there on (a full disk), or being the keeper's last.
 *
 * Whatever happens, the item's rows and the chain say the same, its one line or none; and who asked again after a death is answered.
 */
#include "faulty-disk.h"

#include <sqlite3.h>

#define ADMINISTRATOR "54321"
#define REVIEWER "54322"
#define APPROVER "54323"
#define RECIPIENT "a@b"
#define QUICK_STEP 24 /* each so manieth call, from a random one on; all of them with -m slow */
#define ANSWER_MS 10000

/* A life, in this order: each step needs those before it. */
static const struct {
  const char *kind, *person;
  const char *more; /* members of its own, as JSON; TOKEN and RELEASE are of the answer before */
} life[] = {
  { "legal-hold", ADMINISTRATOR, "{}" },
  { "legal-hold-end", ADMINISTRATOR, "{}" },
  { "extend", ADMINISTRATOR, "{\"days\":400}" },
  { "release-request", REVIEWER, "{\"form\":\"original\"}" },
  { "release-refuse", APPROVER, "{}" },
  { "release-request", REVIEWER, "{\"form\":\"original\"}" },
  { "release-approve", APPROVER, "{}" },
  { "release-queue", REVIEWER, "{}" },
  { "release-result", REVIEWER,
    "{\"recipient\":\"" RECIPIENT "\",\"accepted\":false,\"answered\":true,\"reply\":\"452 full\"}" },
  { "release-queue", REVIEWER, "{}" },
  { "release-redeem", REVIEWER, "{\"recipient\":\"" RECIPIENT "\"}" },
  { "release-result", REVIEWER,
    "{\"recipient\":\"" RECIPIENT "\",\"accepted\":true,\"answered\":true,\"reply\":\"250 ok\"}" },
  { "delete", ADMINISTRATOR, "{}" },
};

typedef struct {
  Fixture *fixture;
  char *id, *sha256, *release, *token; /* of an item, and of its release */
} Item;

static void item_clear (Item *item) {
  g_free (item->id);
  g_free (item->sha256);
  g_free (item->release);
  g_free (item->token);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Item, item_clear)

/* Root's process, for a person by SUDO_UID: only where there is no login uid that says who we are. */
static gboolean can_play_people (Fixture *fixture) {
  g_autofree char *accounts = g_build_filename (fixture->folder, "accounts", NULL);
  g_autofree char *login = NULL;

  if (geteuid () != 0 || !g_file_get_contents ("/proc/self/loginuid", &login, NULL, NULL)
      || strcmp (g_strchomp (login), "4294967295") != 0) {
    g_test_skip ("nobody else can be played here");
    return FALSE;
  }
  return g_file_set_contents (accounts,
                              ADMINISTRATOR " administrator *\n" REVIEWER " reviewer *\n" APPROVER " approver *\n", -1,
                              NULL);
}

/* ---- asking ---- */

static json_t *make_body (const Item *item, gsize step) {
  json_t *body = json_loads (life[step].more, 0, NULL);

  json_object_set_new (body, "item", json_string (item->id));
  json_object_set_new (body, "reason", json_string ("test"));
  json_object_set_new (body, "sha256", json_string (item->sha256));
  if (item->release != NULL)
    json_object_set_new (body, "release", json_string (item->release));
  if (item->token != NULL)
    json_object_set_new (body, "token", json_string (item->token));
  return body;
}

/* (transfer full) (nullable): the answer. */
static json_t *ask_step (const Item *item, gsize step, GError **error) {
  g_autoptr (MugaiJson) body = make_body (item, step);

  (void) g_setenv ("SUDO_UID", life[step].person, TRUE);
  return mugai_keeper_act (item->fixture->socket, life[step].kind, body, ANSWER_MS, error);
}

static void take_step (Item *item, gsize step) {
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiJson) answer = ask_step (item, step, &error);

  g_assert_no_error (error);
  const char *release = json_string_value (json_object_get (answer, "release"));
  json_t *first = json_array_get (json_object_get (answer, "tokens"), 0);
  if (release != NULL) {
    g_free (item->release);
    item->release = g_strdup (release);
  }
  if (first != NULL) {
    g_free (item->token);
    item->token = g_strdup (json_string_value (json_object_get (first, "token")));
  }
}

/* An item that is ready for @step. */
static void prepare (Item *item, Fixture *fixture, gsize step) {
  item->fixture = fixture;
  item->id = mugai_id_new ();
  g_auto (MugaiFd) fd = make_original (item->id, TRUE);
  g_autoptr (GBytes) bytes = mugai_fd_map (fd, NULL);
  g_autoptr (GError) error = NULL;

  item->sha256 = mugai_sha256_hex (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  g_assert_true (keep (fixture, item->id, TRUE, ANSWER_MS, &error));
  for (gsize i = 0; i < step; i++)
    take_step (item, i);
}

/* ---- what is there ---- */

/* (transfer full): all that the index says of the item's state. */
static char *rows_of (const Item *item) {
  static const char sql[] =
      "SELECT state || '/' || legal_hold || (kept_until_s > 0) || (master = -1) || '/' || coalesce ((SELECT "
      "group_concat"
      " (r.state || (SELECT group_concat (p.state || p.tries || (p.token IS NULL)) FROM release_recipients p"
      "   WHERE p.release = r.release) || (SELECT count (*) FROM approvals a WHERE a.release = r.release))"
      " FROM (SELECT * FROM releases WHERE item = items.id ORDER BY release) r), '') FROM items WHERE id = ?1";
  g_autofree char *path = g_build_filename (item->fixture->store, "index.sqlite", NULL);
  sqlite3 *index = NULL;
  sqlite3_stmt *statement = NULL;

  g_assert_cmpint (sqlite3_open_v2 (path, &index, SQLITE_OPEN_READONLY, NULL), ==, SQLITE_OK);
  (void) sqlite3_busy_timeout (index, ANSWER_MS);
  g_assert_cmpint (sqlite3_prepare_v2 (index, sql, -1, &statement, NULL), ==, SQLITE_OK);
  (void) sqlite3_bind_text (statement, 1, item->id, -1, SQLITE_STATIC);
  g_assert_cmpint (sqlite3_step (statement), ==, SQLITE_ROW);
  char *text = g_strdup ((const char *) sqlite3_column_text (statement, 0));
  (void) sqlite3_finalize (statement);
  (void) sqlite3_close (index);
  return text;
}

typedef struct {
  const char *item, *kind;
  guint n;
} Lines;

static gboolean count_line (json_t *line, gpointer data) {
  Lines *lines = data;
  json_t *body = json_object_get (line, "body");

  lines->n += g_strcmp0 (json_string_value (json_object_get (line, "kind")), lines->kind) == 0
              && g_strcmp0 (json_string_value (json_object_get (body, "item")), lines->item) == 0;
  return TRUE;
}

static guint lines_of (const Item *item, gsize step) {
  Lines lines = { .item = item->id, .kind = life[step].kind };

  g_assert_true (mugai_audit_each_back (item->fixture->audit, count_line, &lines, NULL));
  return lines.n;
}

static void assert_original (const Item *item, gboolean there) {
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiQuarantine) store = mugai_quarantine_open (item->fixture->store, TRUE, &error);

  g_assert_no_error (error);
  g_autoptr (GBytes) original = mugai_quarantine_original (store, item->id, NULL);
  g_assert_true ((original != NULL) == there);
}

/* ---- faults ---- */

static gboolean has_died (pid_t pid) {
  siginfo_t info = { 0 };

  return waitid (P_PID, (id_t) pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

static void raise_keeper (Fixture *fixture) {
  shared->fault = FAULT_NONE;
  (void) wait_keeper (fixture);
  start_keeper (fixture);
}

/* Asks from a process of its own, which asks again when the keeper has died. TRUE: it was answered. */
static gboolean ask_in_child (const Item *item, gsize step) {
  pid_t child = fork ();
  int status = 0;

  g_assert_cmpint (child, >=, 0);
  if (child == 0) {
    g_autoptr (MugaiJson) answer = ask_step (item, step, NULL);
    _exit (answer != NULL ? 0 : 1);
  }
  while (!has_died (child)) {
    if (has_died (item->fixture->keeper))
      raise_keeper (item->fixture);
    g_usleep (500);
  }
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  return WIFEXITED (status) && WEXITSTATUS (status) == 0;
}

/* What follows the answer, destroying a key, may be struck too: it gets its time. */
static gboolean was_struck (Fixture *fixture, int n) {
  for (guint i = 0; i < 200 && !shared->triggered && shared->calls < n; i++)
    g_usleep (1000);
  if (shared->fault == FAULT_KILL && shared->triggered)
    raise_keeper (fixture);
  shared->fault = FAULT_NONE;
  return shared->triggered;
}

/* @after: what the rows say when the step was taken. FALSE: the step makes fewer than @n calls. */
static gboolean strike_at (Fixture *fixture, gsize step, Fault fault, int n, const char *after) {
  g_auto (Item) item = { 0 };

  prepare (&item, fixture, step);
  g_autofree char *before = rows_of (&item);
  guint lines = lines_of (&item, step);
  shared->calls = shared->triggered = 0;
  shared->at = n;
  __atomic_store_n (&shared->fault, (int) fault, __ATOMIC_SEQ_CST);
  gboolean answered = ask_in_child (&item, step), struck = was_struck (fixture, n);
  keep_new (fixture, TRUE); /* it is back, and has finished what was left */
  g_autofree char *now = rows_of (&item);
  gboolean done = strcmp (now, after) == 0;
  if (!done && (answered || fault == FAULT_KILL || strcmp (now, before) != 0))
    g_error ("%s, call %d: %s, which was %s and was to be %s", life[step].kind, n, now, before, after);
  g_assert_cmpuint (lines_of (&item, step), ==, lines + (done ? 1 : 0));
  assert_original (&item, !done || strcmp (life[step].kind, "delete") != 0);
  return struck;
}

/* What the rows say after each step of a life without faults. */
static void live (Fixture *fixture, char **ret_after) {
  g_auto (Item) item = { 0 };

  prepare (&item, fixture, 0);
  for (gsize step = 0; step < G_N_ELEMENTS (life); step++) {
    take_step (&item, step);
    keep_new (fixture, FALSE); /* what follows an answer is done */
    ret_after[step] = rows_of (&item);
  }
}

static void test_fault (Fixture *fixture, gconstpointer data) {
  Fault fault = (Fault) GPOINTER_TO_INT (data);
  int by = g_test_slow () ? 1 : QUICK_STEP, places = 0;
  char *after[G_N_ELEMENTS (life)] = { NULL };
  MugaiAuditReport report;

  if (!can_play_people (fixture))
    return;
  live (fixture, after);
  for (gsize step = 0; step < G_N_ELEMENTS (life); step++) {
    int n = g_test_rand_int_range (1, MIN (by, 8) + 1); /* the shortest act makes more than eight */
    for (; n < MAX_FAULTS && strike_at (fixture, step, fault, n, after[step]); n += by)
      places++;
    g_assert_cmpint (n, >, 8);
    g_assert_cmpint (n, <, MAX_FAULTS);
    g_free (after[step]);
  }
  g_test_message ("%d places in %d steps", places, (int) G_N_ELEMENTS (life));
  stop_keeper (fixture);
  g_assert_true (mugai_audit_verify (fixture->audit, &report, NULL));
  g_assert_true (report.ok && report.signatures);
  mugai_audit_report_clear (&report);
}

#define ADD(name, fault)                                                                                               \
  g_test_add ("/keeper/acts/" name, Fixture, GINT_TO_POINTER (fault), set_up, test_fault, tear_down)

int main (int argc, char **argv) {
  shared = mmap (NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  g_test_init (&argc, &argv, NULL);
  ADD ("fail-once", FAULT_ONCE);
  ADD ("full-from", FAULT_FROM);
  ADD ("kill-at", FAULT_KILL);
  return g_test_run ();
}
