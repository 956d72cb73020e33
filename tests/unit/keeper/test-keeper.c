/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Tests of the keeper as a process of its own: what it answered is there, once, after every death and every failure.
 *
 * Clients are processes too; what they were answered is noted in shared memory.
 */
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "faulty-disk.h"

#define CLIENTS 6u
#define KILLS 40u /* 500 with -m slow */

/* ---- what is there ---- */

static gboolean count_line (json_t *line, gpointer data) {
  json_t *body = json_object_get (line, "body");
  const char *id = json_string_value (json_object_get (body, "id"));

  if (id != NULL && !g_hash_table_insert (data, g_strdup (id), json_incref (body)))
    g_error ("%s has two lines", id);
  return TRUE;
}

static void assert_item (MugaiQuarantine *store, const char *id) {
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) blob = mugai_quarantine_original (store, id, &error);

  g_assert_no_error (error);
  g_assert_true (strncmp ((const char *) g_bytes_get_data (blob, NULL) + 9, id, MUGAI_ID_LENGTH) == 0);
}

/* Chain proven; every answered id has its one line, and blob and row when it had an original; no row that the chain does not know,
 * no blob without a row. The keeper has stopped. */
static void assert_consistent (Fixture *fixture) {
  g_autoptr (GError) error = NULL;
  g_autoptr (GHashTable) lines = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) json_decref);
  MugaiAuditReport report;

  g_assert_true (mugai_audit_verify (fixture->audit, &report, &error));
  if (!report.ok)
    g_error ("%s:%" G_GUINT64_FORMAT ": %s", report.file, report.line, report.fault);
  g_assert_true (mugai_audit_each (fixture->audit, count_line, lines, &error));
  g_assert_no_error (error);
  g_autoptr (MugaiQuarantine) store = mugai_quarantine_open (fixture->store, TRUE, &error);
  g_assert_no_error (error);
  for (int i = 0; i < shared->n_answered; i++) {
    const char *id = shared->answered[i].id;
    if (!g_hash_table_contains (lines, id))
      g_error ("%s was answered and has no line", id);
    if (shared->answered[i].original)
      assert_item (store, id);
  }
  MugaiQuarantineQuery query = { .limit = G_MAXINT };
  g_autoptr (GPtrArray) items = mugai_quarantine_list (store, &query, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < items->len; i++) {
    const MugaiQuarantineItem *item = g_ptr_array_index (items, i);
    if (!g_hash_table_contains (lines, item->id))
      g_error ("%s has a row and no line", item->id);
    assert_item (store, item->id);
  }
  g_auto (GStrv) orphans = mugai_quarantine_orphans (store, &error);
  g_assert_cmpuint (g_strv_length (orphans), ==, 0);
  mugai_audit_report_clear (&report);
}

/* ---- plain ---- */

static void test_keeps (Fixture *fixture, gconstpointer data) {
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiJson) body = json_pack ("{s:s}", "what", "policy");

  (void) data;
  for (guint i = 0; i < 20; i++)
    keep_new (fixture, i % 2 == 0);
  g_assert_true (mugai_keeper_log_act (fixture->socket, "policy-load", "uid:0:root", body, 5000, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (json_object_size (body), ==, 1);
  stop_keeper (fixture);
  assert_consistent (fixture);
}

static gboolean count_asked (json_t *line, gpointer data) {
  if (strcmp (json_string_value (json_object_get (line, "kind")), "checkpoint") != 0)
    (*(guint *) data)++;
  return TRUE;
}

/* Those that somebody asked for: the keeper's own checkpoints are proven, not counted. */
static guint count_lines (Fixture *fixture) {
  MugaiAuditReport report;
  guint lines = 0;

  g_assert_true (mugai_audit_verify (fixture->audit, &report, NULL));
  g_assert_true (report.ok && report.signatures);
  g_assert_true (mugai_audit_each (fixture->audit, count_asked, &lines, NULL));
  mugai_audit_report_clear (&report);
  return lines;
}

static void test_idempotent (Fixture *fixture, gconstpointer data) {
  g_autofree char *id = mugai_id_new ();
  g_autoptr (GError) error = NULL;

  (void) data;
  for (guint i = 0; i < 3; i++) {
    g_assert_true (keep (fixture, id, TRUE, 5000, &error));
    g_assert_no_error (error);
  }
  stop_keeper (fixture);
  start_keeper (fixture);
  g_assert_true (keep (fixture, id, TRUE, 5000, &error));
  note_answered (id, TRUE);
  stop_keeper (fixture);
  g_assert_cmpuint (count_lines (fixture), ==, 1);
  assert_consistent (fixture);
}

/* An id from long ago is found on the chain itself, not in what the keeper remembers. */
static void test_old_id (Fixture *fixture, gconstpointer data) {
  g_autofree char *id = mugai_id_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiJson) record = make_record (id, FALSE);

  (void) data;
  memcpy (id, "01JFAKETME", 10); /* 2024 */
  for (char *at = id; *at != '\0'; at++)
    *at = strchr ("ILOU", *at) != NULL ? '0' : *at;
  json_object_set_new (record, "id", json_string (id));
  stop_keeper (fixture);
  g_autoptr (MugaiAudit) audit = mugai_audit_open (fixture->audit, &error);
  g_assert_true (mugai_audit_append (audit, "record", "mugaid", record, G_GINT64_CONSTANT (1734000000000000), &error));
  g_assert_true (mugai_audit_sync (audit, &error));
  g_clear_pointer (&audit, mugai_audit_close);
  start_keeper (fixture);
  g_assert_true (keep (fixture, id, FALSE, 5000, &error));
  g_assert_no_error (error);
  stop_keeper (fixture);
  g_assert_cmpuint (count_lines (fixture), ==, 1);
}

static void test_refused (Fixture *fixture, gconstpointer data) {
  g_autofree char *id = mugai_id_new ();
  g_autoptr (MugaiJson) with = make_record (id, TRUE);
  g_autoptr (MugaiJson) without = make_record (id, FALSE);
  g_autoptr (MugaiJson) no_id = make_record ("../../x", FALSE);
  g_autoptr (MugaiJson) body = json_object ();
  g_auto (MugaiFd) sealed = make_original (id, TRUE);
  g_auto (MugaiFd) open_fd = make_original (id, FALSE);
  struct {
    json_t *record;
    int fd;
  } cases[] = { { with, open_fd }, { with, -1 }, { without, sealed }, { no_id, -1 }, { body, -1 } };

  (void) data;
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    g_assert_false (mugai_keeper_keep (fixture->socket, cases[i].record, cases[i].fd, 5000, &error));
    g_assert_error (error, MUGAI_KEEPER_ERROR, MUGAI_KEEPER_ERROR_FAILED);
  }
  g_assert_false (mugai_keeper_log_act (fixture->socket, "record", "x", body, 5000, NULL));
  g_assert_false (mugai_keeper_log_act (fixture->socket, "Bad kind", "x", body, 5000, NULL));
  keep_new (fixture, TRUE);
  stop_keeper (fixture);
  g_assert_cmpuint (count_lines (fixture), ==, 1);
}

/* What the socket gives back for a datagram of @text: TRUE only where that says "ok". */
static gboolean ask_raw (Fixture *fixture, const char *text, gsize length_bytes) {
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  char answer[4096];
  g_auto (MugaiFd) fd = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

  g_strlcpy (address.sun_path, fixture->socket, sizeof address.sun_path);
  g_assert_cmpint (connect (fd, (const struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (send (fd, text, length_bytes, MSG_NOSIGNAL), ==, length_bytes);
  gssize got = recv (fd, answer, sizeof answer, 0); /* nothing: hung up on */
  g_autoptr (MugaiJson) object = got > 0 ? json_loadb (answer, (gsize) got, 0, NULL) : NULL;
  g_assert_true (got <= 0 || json_object_get (object, "ok") != NULL);
  return json_is_true (json_object_get (object, "ok"));
}

/* Each of them is refused or hung up on, leaves no line, and the next client is served. */
static void test_hostile_datagrams (Fixture *fixture, gconstpointer data) {
#define HEAD "{\"kind\":\"alarm\",\"actor\":\"x\""
  static const char *const texts[] = {
    "",
    "{",
    "[]",
    "null",
    HEAD "}",
    HEAD ",\"body\":null}",
    HEAD ",\"body\":[]}",
    HEAD ",\"body\":\"{}\"}",
    HEAD ",\"body\":{},\"body\":{\"a\":1}}",
    HEAD ",\"body\":{}}",
    HEAD ",\"body\":{\"act_id\":\"../../x\"}}",
    "{\"kind\":\"alarm\",\"actor\":\"\x82\xa0\",\"body\":{}}",
    "{\"kind\":\"record\",\"actor\":\"x\",\"body\":{}}",
  };
  g_autoptr (GString) deep = g_string_new (HEAD ",\"body\":");
  g_autoptr (GString) large = g_string_new (HEAD ",\"body\":{\"x\":\"");

  (void) data;
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    g_assert_false (ask_raw (fixture, texts[i], strlen (texts[i])));
  for (guint i = 0; i < 3000; i++)
    g_string_append (deep, "{\"a\":");
  g_assert_false (ask_raw (fixture, deep->str, deep->len));
  for (guint i = 0; i < 40000; i++)
    g_string_append_c (large, 'y');
  g_string_append (large, "\"}}");
  g_assert_false (ask_raw (fixture, large->str, large->len));
  keep_new (fixture, TRUE);
  stop_keeper (fixture);
  g_assert_cmpuint (count_lines (fixture), ==, 1);
  assert_consistent (fixture);
}

static void test_gone (Fixture *fixture, gconstpointer data) {
  g_autofree char *id = mugai_id_new ();
  g_autofree char *nowhere = g_build_filename (fixture->folder, "none.sock", NULL);
  g_autoptr (GError) error = NULL, late = NULL;
  g_autoptr (MugaiJson) record = make_record (id, FALSE);

  (void) data;
  g_assert_false (mugai_keeper_keep (nowhere, record, -1, 100, &error));
  g_assert_error (error, MUGAI_KEEPER_ERROR, MUGAI_KEEPER_ERROR_GONE);
  kill_keeper (fixture);
  g_assert_false (mugai_keeper_keep (fixture->socket, record, -1, 100, &late));
  g_assert_error (late, MUGAI_KEEPER_ERROR, MUGAI_KEEPER_ERROR_LATE);
}

/* Syncs of blob, index and chain, in this order, and only then the answer. */
static void test_order (Fixture *fixture, gconstpointer data) {
  (void) data;
  keep_new (fixture, TRUE); /* the first makes folders and files */
  shared->n_steps = 0;
  keep_new (fixture, TRUE);
  g_autofree char *steps = g_strndup (shared->steps, (gsize) shared->n_steps);
  g_test_message ("steps: %s", steps);
  const char *answer = strchr (steps, '!');
  g_assert_nonnull (answer);
  g_assert_null (strchr (answer + 1, '!'));
  const char *blob = strchr (steps, 'b'), *folder = strchr (steps, 'd'), *index = strchr (steps, 'i');
  const char *audit = strchr (steps, 'a');
  g_assert_true (blob != NULL && folder > blob && index > folder && audit > index && answer > audit);
}

static void test_broken_chain (Fixture *fixture, gconstpointer data) {
  (void) data;
  keep_new (fixture, FALSE);
  stop_keeper (fixture);
  g_autofree char *command = g_strdup_printf ("sh -c \"sed -i 's/a@b/a@c/' '%s'/audit-*\"", fixture->audit);
  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
  start_keeper (fixture);
  int status = wait_keeper (fixture);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 3);
}

/* Neither folder is there yet: failures, and no restart needed when they are. */
static void test_not_there (Fixture *fixture, gconstpointer data) {
  g_autofree char *away = g_strconcat (fixture->audit, "-away", NULL);
  g_autofree char *id = mugai_id_new ();
  g_autoptr (GError) error = NULL;

  (void) data;
  stop_keeper (fixture);
  g_assert_cmpint (g_rename (fixture->audit, away), ==, 0);
  start_keeper (fixture);
  g_assert_false (keep (fixture, id, TRUE, 5000, &error));
  g_assert_error (error, MUGAI_KEEPER_ERROR, MUGAI_KEEPER_ERROR_FAILED);
  g_assert_cmpint (g_rename (away, fixture->audit), ==, 0);
  keep_new (fixture, TRUE);
  stop_keeper (fixture);
  assert_consistent (fixture);
}

/* ---- failures ---- */

/* One request, with a fault at the n-th call; for every n until the request is through before it. @again: asked again with the same id. */
static void each_fault (Fixture *fixture, Fault fault, gboolean kill, gboolean warm) {
  int n;

  for (n = 1; n < (int) MAX_FAULTS; n++) {
    g_autofree char *id = mugai_id_new ();
    g_autoptr (GError) error = NULL;
    if (warm)
      keep_new (fixture, TRUE);
    shared->calls = shared->triggered = 0;
    shared->at = n;
    __atomic_store_n (&shared->fault, (int) fault, __ATOMIC_SEQ_CST);
    gboolean done = keep (fixture, id, TRUE, kill ? 200 : 5000, &error);
    shared->fault = FAULT_NONE;
    gboolean hit = shared->triggered;
    if (done)
      note_answered (id, TRUE);
    else
      g_assert_true (hit);
    if (kill && hit) {
      (void) wait_keeper (fixture);
      start_keeper (fixture);
    }
    if (!done && n % 2 == 0) { /* the front asks again; else it has given up */
      g_clear_error (&error);
      g_assert_true (keep (fixture, id, TRUE, 5000, &error));
      note_answered (id, TRUE);
    }
    keep_new (fixture, TRUE); /* it comes back by itself */
    stop_keeper (fixture);
    assert_consistent (fixture);
    start_keeper (fixture);
    if (!hit)
      break;
  }
  g_test_message ("%d places", n - 1);
  g_assert_cmpint (n, >, 8);
  g_assert_cmpint (n, <, (int) MAX_FAULTS);
}

static void test_fail_once (Fixture *fixture, gconstpointer data) {
  (void) data;
  each_fault (fixture, FAULT_ONCE, FALSE, TRUE);
}

static void test_fail_once_cold (Fixture *fixture, gconstpointer data) {
  (void) data;
  each_fault (fixture, FAULT_ONCE, FALSE, FALSE);
}

static void test_fail_from (Fixture *fixture, gconstpointer data) {
  (void) data;
  each_fault (fixture, FAULT_FROM, FALSE, TRUE);
}

static void test_kill_at (Fixture *fixture, gconstpointer data) {
  (void) data;
  each_fault (fixture, FAULT_KILL, TRUE, TRUE);
}

static void run_client (Fixture *fixture, guint number) {
  for (guint i = 0; !__atomic_load_n (&shared->stop_clients, __ATOMIC_SEQ_CST); i++) {
    g_autofree char *id = mugai_id_new ();
    g_autoptr (GError) error = NULL;
    gboolean original = (i + number) % 3 != 0;
    if (keep (fixture, id, original, 20000, &error)) {
      note_answered (id, original);
      continue;
    }
    g_strlcpy (shared->failure, error->message, sizeof shared->failure);
    __atomic_fetch_add (&shared->n_failed, 1, __ATOMIC_SEQ_CST);
  }
  _exit (0);
}

static void test_kill_random (Fixture *fixture, gconstpointer data) {
  pid_t clients[CLIENTS];
  guint kills = g_test_slow () ? 500 : KILLS;

  (void) data;
  for (guint i = 0; i < CLIENTS; i++) {
    clients[i] = fork ();
    if (clients[i] == 0)
      run_client (fixture, i);
  }
  for (guint i = 0; i < kills; i++) {
    g_usleep ((gulong) g_random_int_range (0, 100000)); /* a start takes about 20 ms */
    kill_keeper (fixture);
    start_keeper (fixture);
  }
  __atomic_store_n (&shared->stop_clients, 1, __ATOMIC_SEQ_CST);
  for (guint i = 0; i < CLIENTS; i++)
    g_assert_cmpint (waitpid (clients[i], NULL, 0), ==, clients[i]);
  if (shared->n_failed > 0)
    g_error ("%d requests failed: %s", shared->n_failed, shared->failure);
  stop_keeper (fixture);
  g_test_message ("%d answers over %u deaths", shared->n_answered, kills);
  g_assert_cmpint (shared->n_answered, >, 0);
  assert_consistent (fixture);
}

/* ---- a small disk ---- */

/* Fills @folder until nothing more goes in. */
static char *fill_disk (const char *folder) {
  char *path = g_build_filename (folder, "filler", NULL);
  g_auto (MugaiFd) fd = open (path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  static char block[4096];

  g_assert_cmpint (fd, >=, 0);
  while (write (fd, block, sizeof block) > 0)
    continue;
  return path;
}

static void disk_full (Fixture *fixture, const char *folder) {
  stop_keeper (fixture);
  if (geteuid () != 0 || mount ("none", folder, "tmpfs", 0, "size=2m,mode=0700") < 0) {
    g_test_skip ("a small tmpfs cannot be mounted here");
    return;
  }
  start_keeper (fixture);
  keep_new (fixture, TRUE);
  for (guint round = 0; round < 3; round++) {
    g_autofree char *filler = fill_disk (folder);
    for (guint failed = 0; failed < 5;) {
      g_autofree char *id = mugai_id_new ();
      g_autoptr (GError) error = NULL;
      if (keep (fixture, id, TRUE, 5000, &error)) { /* a file's last page had room */
        g_assert_cmpuint (failed, ==, 0);
        note_answered (id, TRUE);
        continue;
      }
      g_assert_error (error, MUGAI_KEEPER_ERROR, MUGAI_KEEPER_ERROR_FAILED);
      failed++;
    }
    g_assert_cmpint (g_remove (filler), ==, 0);
    keep_new (fixture, TRUE);
  }
  stop_keeper (fixture);
  assert_consistent (fixture);
  g_assert_cmpint (umount (folder), ==, 0);
}

static void test_store_full (Fixture *fixture, gconstpointer data) {
  (void) data;
  disk_full (fixture, fixture->store);
}

static void test_audit_full (Fixture *fixture, gconstpointer data) {
  (void) data;
  disk_full (fixture, fixture->audit);
}

#define ADD(name, function) g_test_add ("/keeper/" name, Fixture, NULL, set_up, function, tear_down)

int main (int argc, char **argv) {
  shared = mmap (NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  g_test_init (&argc, &argv, NULL);
  ADD ("keeps", test_keeps);
  ADD ("idempotent", test_idempotent);
  ADD ("old-id", test_old_id);
  ADD ("refused", test_refused);
  ADD ("hostile-datagrams", test_hostile_datagrams);
  ADD ("gone", test_gone);
  ADD ("order", test_order);
  ADD ("broken-chain", test_broken_chain);
  ADD ("not-there", test_not_there);
  ADD ("fail-once", test_fail_once);
  ADD ("fail-once-cold", test_fail_once_cold);
  ADD ("fail-from", test_fail_from);
  ADD ("kill-at", test_kill_at);
  ADD ("kill-random", test_kill_random);
  ADD ("store-full", test_store_full);
  ADD ("audit-full", test_audit_full);
  return g_test_run ();
}
