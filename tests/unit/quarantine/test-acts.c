/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Tests of what people do with items, and of what time does: every role by every act, states, two approvers, disposal, keys,
 * repair, backup, migration. Without a keeper: the room alone.
 */
#include "mugai/quarantine/acts.h"

#include <fcntl.h>
#include <string.h>

#include <glib/gstdio.h>
#include <sqlite3.h>

#include "mugai/base/base.h"
#include "mugai/base/fd.h"
#include "mugai/quarantine/check.h"

#define NOW_US (G_GINT64_CONSTANT (1795000000) * G_USEC_PER_SEC)
#define DAY_US (G_GINT64_CONSTANT (86400) * G_USEC_PER_SEC)

typedef struct {
  char *folder, *directory;
  MugaiQuarantine *store;
} Fixture;

static const char accounts_text[] =
    "1001 reviewer @city.example.lg.jp # one\n1002 approver *\n1003 approver,reviewer *\n"
    "1004 administrator *\n1005 auditor *\n1006 approver,reviewer @elsewhere.example\n";

static void set_up (Fixture *fixture, gconstpointer data) {
  g_autoptr (GError) error = NULL;

  (void) data;
  fixture->folder = g_dir_make_tmp ("mugai-acts-XXXXXX", NULL);
  fixture->directory = g_build_filename (fixture->folder, "store", NULL);
  g_assert_cmpint (g_mkdir (fixture->directory, 0700), ==, 0);
  fixture->store = mugai_quarantine_open (fixture->directory, FALSE, &error);
  g_assert_no_error (error);
}

static void run (const char *format, const char *a) {
  g_autofree char *words = g_strdup_printf (format, a);
  const char *argv[] = { "sh", "-c", words, NULL };
  int status = 0;

  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status, NULL));
  g_assert_cmpint (status, ==, 0);
}

static void tear_down (Fixture *fixture, gconstpointer data) {
  (void) data;
  mugai_quarantine_close (fixture->store);
  run ("rm -rf '%s'", fixture->folder);
  g_free (fixture->folder);
  g_free (fixture->directory);
}

static char *put (Fixture *fixture, const char *scan, const char *text) {
  char *id = mugai_id_new ();
  g_auto (MugaiFd) fd = mugai_fd_new_memory ("test", NULL);
  g_autofree char *at = mugai_time_rfc3339 (NOW_US);
  g_autoptr (MugaiJson) record =
      json_pack ("{s:s, s:s, s:s, s:{s:s}, s:[{s:s}, {s:s}], s:[{s:s, s:s}]}", "id", id, "time", at, "subject", "件名",
                 "envelope", "from", "a@example.com", "recipients", "address", "hana@city.example.lg.jp", "address",
                 "ken@city.example.lg.jp", "parts", "path", "1", "scan", scan);
  g_autoptr (GError) error = NULL;

  g_assert_true (mugai_fd_write_all (fd, text, strlen (text), NULL));
  g_assert_true (mugai_fd_seal (fd, NULL));
  g_assert_true (mugai_quarantine_begin (fixture->store, &error));
  g_assert_true (mugai_quarantine_put (fixture->store, id, fd, record, &error));
  g_assert_true (mugai_quarantine_commit (fixture->store, &error));
  g_assert_no_error (error);
  return id;
}

static MugaiActor *actor_of (guint uid) {
  g_autoptr (MugaiAccounts) accounts = mugai_accounts_parse (accounts_text, "accounts", NULL);

  g_assert_nonnull (accounts);
  return mugai_actor_new (accounts, uid, uid == 0);
}

/* (transfer full): the answer; NULL and @error. @more: (transfer full) (nullable). */
static json_t *act_as (Fixture *fixture, guint uid, const char *kind, const char *id, json_t *more, GError **error) {
  g_autoptr (MugaiActor) actor = actor_of (uid);
  g_autoptr (MugaiJson) body = more != NULL ? more : json_object (), line = NULL;
  g_autofree char *act_id = mugai_id_new ();
  json_t *answer = NULL;

  if (uid == G_MAXUINT - 1)
    actor->roles = MUGAI_ROLE_KEEPER;
  json_object_set_new (body, "act_id", json_string (act_id));
  json_object_set_new (body, "item", json_string (id));
  json_object_set_new (body, "reason", json_string ("because"));
  if (strcmp (kind, "release-request") == 0 && json_object_get (body, "form") == NULL)
    json_object_set_new (body, "form", json_string ("original"));
  if (strcmp (kind, "extend") == 0)
    json_object_set_new (body, "days", json_integer (100));
  if (g_str_has_prefix (kind, "flow-"))
    json_object_set_new (body, "key", json_string ("outbound:sender:hana@city.example.lg.jp"));
  g_assert_true (mugai_quarantine_begin (fixture->store, NULL));
  (void) !mugai_quarantine_act (fixture->store, kind, actor, body, NOW_US, &line, &answer, error);
  g_assert_true (mugai_quarantine_commit (fixture->store, NULL));
  g_autofree char *text = mugai_json_line (line);
  g_assert_null (strstr (text, "token"));
  return answer;
}

static void assert_done (Fixture *fixture, guint uid, const char *kind, const char *id) {
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiJson) answer = act_as (fixture, uid, kind, id, NULL, &error);

  g_assert_no_error (error);
  g_assert_nonnull (answer);
}

static void assert_refused (Fixture *fixture, guint uid, const char *kind, const char *id, MugaiActError code) {
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiJson) answer = act_as (fixture, uid, kind, id, NULL, &error);

  g_assert_null (answer);
  g_assert_error (error, MUGAI_ACT_ERROR, (gint) code);
}

static char *state_of (Fixture *fixture, const char *id) {
  const MugaiQuarantineQuery query = { .text = id, .limit = 1 };
  g_autoptr (GPtrArray) items = mugai_quarantine_list (fixture->store, &query, NULL);

  return g_strdup (items->len == 1 ? ((MugaiQuarantineItem *) items->pdata[0])->state : "none");
}

static void assert_state (Fixture *fixture, const char *id, const char *state) {
  g_autofree char *now = state_of (fixture, id);

  g_assert_cmpstr (now, ==, state);
}

/* ---- who may ---- */

static void test_roles (Fixture *fixture, gconstpointer data) {
  static const guint uids[] = { 1001, 1002, 1003, 1004, 1005, 1006, 0, 4711 };
  static const struct {
    const char *kind;
    const char *may; /* as uids */
  } table[] = {
    { "release-request", "YYY....." },
    { "release-approve", ".YY....." },
    { "release-refuse", ".YY....." },
    { "release-queue", "YYY....." },
    { "release-result", "YYY....." },
    { "delete", "...Y...." },
    { "expire", "........" },
    { "legal-hold", ".YYY..Y." },
    { "legal-hold-end", "...Y...." },
    { "extend", ".YYY..Y." },
    { "export", ".YYY..Y." },
    { "view", "YYYYY.Y." },
    { "list", "YYYYYYY." },
    { "search", "...YY.Y." },
    { "report", "...YY.Y." },
    { "backup", "...Y..Y." },
    { "repair", "...Y..Y." },
    { "rotate-key", "...Y..Y." },
    { "checkpoint-ask", "...YY.Y." },
    { "flow-stop", "...Y..Y." },
    { "flow-resume", "...Y..Y." },
    { "recall", "YYYY...." },         /* besides its sender, whose right is no role's */
    { "release-redeem", "........" }, /* the token is the right: without one, for nobody */
  };

  (void) data;
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++) {
    for (gsize j = 0; j < G_N_ELEMENTS (uids); j++) {
      g_autofree char *id = put (fixture, "clean", "text");
      g_autoptr (GError) error = NULL;
      g_autoptr (MugaiJson) answer = act_as (fixture, uids[j], table[i].kind, id, NULL, &error);
      g_assert_true ((answer == NULL) == (error != NULL));
      gboolean forbidden = g_error_matches (error, MUGAI_ACT_ERROR, MUGAI_ACT_ERROR_NOT_ALLOWED);
      if (forbidden == (table[i].may[j] == 'Y'))
        g_error ("%s by %u: %s", table[i].kind, uids[j], error != NULL ? error->message : "done");
    }
  }
}

static guint n_listed (Fixture *fixture, guint uid) {
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiJson) answer = act_as (fixture, uid, "list", "", NULL, &error);
  json_t *own = json_object_get (answer, "units");
  g_autofree char *units = own != NULL ? mugai_json_line (own) : NULL;
  const MugaiQuarantineQuery query = { .units = units };
  g_autoptr (GPtrArray) items = mugai_quarantine_list (fixture->store, &query, &error);

  g_assert_no_error (error);
  return items->len;
}

/* A list has the mail from and for a person's own units, and no other. */
static void test_units (Fixture *fixture, gconstpointer data) {
  g_autofree char *id = put (fixture, "clean", "text");

  (void) data, (void) id;
  g_assert_cmpuint (n_listed (fixture, 1001), ==, 1);
  g_assert_cmpuint (n_listed (fixture, 1002), ==, 1);
  g_assert_cmpuint (n_listed (fixture, 1006), ==, 0);
  g_assert_cmpuint (n_listed (fixture, 0), ==, 1);
  const MugaiQuarantineQuery queries[] = { { .units = "[\"ken@city.example.lg.jp\"]" },
                                           { .units = "[\"@example.com\"]" }, /* its sender's */
                                           { .units = "[\"@x\",\"en@city.example.lg.jp\",\"@ample.com\"]" } };
  for (gsize i = 0; i < G_N_ELEMENTS (queries); i++) {
    g_autoptr (GPtrArray) items = mugai_quarantine_list (fixture->store, &queries[i], NULL);
    g_assert_cmpuint (items->len, ==, i < 2 ? 1 : 0);
  }
}

/* What a person is told is in the language of who asked, by the same table of refusals. */
static void test_language (Fixture *fixture, gconstpointer data) {
  g_autofree char *id = put (fixture, "infected", "text");
  g_autoptr (GError) ja = NULL, en = NULL;
  g_autoptr (MugaiJson) a = act_as (fixture, 1003, "release-request", id, json_pack ("{s:s}", "language", "ja"), &ja);
  g_autoptr (MugaiJson) b = act_as (fixture, 1003, "release-request", id, NULL, &en);

  (void) data;
  g_assert_null (a);
  g_assert_null (b);
  g_assert_nonnull (strstr (ja->message, "ウイルス"));
  g_assert_null (strstr (ja->message, "infected"));
  g_assert_nonnull (strstr (en->message, "infected"));
  g_assert_true (g_str_is_ascii (en->message));
}

static void test_two_approvers (Fixture *fixture, gconstpointer data) {
  g_autofree char *id = put (fixture, "encrypted", "text");

  (void) data;
  assert_done (fixture, 1003, "release-request", id);
  assert_refused (fixture, 1003, "release-approve", id, MUGAI_ACT_ERROR_NOT_ALLOWED); /* asked for it */
  assert_done (fixture, 1002, "release-approve", id);
  assert_state (fixture, id, "requested");
  assert_refused (fixture, 1002, "release-approve", id, MUGAI_ACT_ERROR_NOT_ALLOWED); /* the same one again */
  assert_refused (fixture, 1002, "release-queue", id, MUGAI_ACT_ERROR_STATE);
  g_autofree char *other = put (fixture, "encrypted", "text");
  assert_done (fixture, 1001, "release-request", other);
  assert_done (fixture, 1002, "release-approve", other);
  assert_done (fixture, 1003, "release-approve", other);
  assert_state (fixture, other, "approved");
}

static void test_infected (Fixture *fixture, gconstpointer data) {
  g_autofree char *id = put (fixture, "infected", "text");

  (void) data;
  assert_refused (fixture, 1003, "release-request", id, MUGAI_ACT_ERROR_NOT_ALLOWED);
  assert_refused (fixture, 1003, "export", id, MUGAI_ACT_ERROR_NOT_ALLOWED);
  assert_done (fixture, 1004, "export", id);
}

static void test_accounts (Fixture *fixture, gconstpointer data) {
  static const char *const bad[] = {
    "hana",        "hana reviewer", "hana boss *", "hana reviewer city", "a reviewer *\na auditor *",
    "hana root *", "hana keeper *"
  };
  g_autofree char *path = g_build_filename (fixture->folder, "accounts", NULL);
  g_autoptr (GError) error = NULL;

  (void) data;
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_null (mugai_accounts_parse (bad[i], "x", NULL));
  g_assert_true (g_file_set_contents (path, accounts_text, -1, NULL));
  g_assert_cmpint (g_chmod (path, 0666), ==, 0);
  g_assert_null (mugai_accounts_load (path, &error)); /* anybody could make himself an approver */
  g_assert_cmpint (g_chmod (path, 0644), ==, 0);
  g_autoptr (MugaiAccounts) accounts = mugai_accounts_load (path, NULL);
  g_assert_nonnull (accounts);
}

/* ---- release ---- */

static json_t *queue (Fixture *fixture, const char *id, const char *text, GError **error) {
  g_autofree char *sha256 = mugai_sha256_hex (text, strlen (text));

  return act_as (fixture, 1003, "release-queue", id, json_pack ("{s:s}", "sha256", sha256), error);
}

static gboolean redeem (Fixture *fixture, const char *token, const char *to, const char *text) {
  g_autofree char *sha256 = mugai_sha256_hex (text, strlen (text));
  g_autoptr (MugaiJson) answer =
      act_as (fixture, 4711, "release-redeem", "",
              json_pack ("{s:s, s:s, s:s}", "token", token, "recipient", to, "sha256", sha256), NULL);

  return answer != NULL;
}

static const char *member (json_t *object, const char *key) {
  return json_string_value (json_object_get (object, key));
}

static void result (Fixture *fixture, const char *id, const char *release, const char *to, gboolean accepted) {
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiJson) answer = act_as (fixture, 1003, "release-result", id,
                                         json_pack ("{s:s, s:s, s:b, s:s}", "release", release, "recipient", to,
                                                    "accepted", accepted, "reply", "250 ok\r\n\x1b[2J"),
                                         &error);
  g_assert_true ((answer == NULL) == (error != NULL));

  g_assert_no_error (error);
}

/* Each recipient for itself: one accepted, one failed and sent again; nobody twice. */
static void test_release (Fixture *fixture, gconstpointer data) {
  g_autofree char *id = put (fixture, "clean", "the mail");
  g_autoptr (GError) error = NULL;

  (void) data;
  assert_done (fixture, 1001, "release-request", id);
  assert_refused (fixture, 1001, "release-request", id, MUGAI_ACT_ERROR_STATE);
  assert_done (fixture, 1002, "release-approve", id);
  g_assert_null (queue (fixture, id, "another mail", NULL));
  g_autoptr (MugaiJson) queued = queue (fixture, id, "the mail", &error);
  g_assert_no_error (error);
  json_t *tokens = json_object_get (queued, "tokens");
  g_assert_cmpuint (json_array_size (tokens), ==, 2);
  g_assert_null (queue (fixture, id, "the mail", NULL)); /* the second click */
  const char *release = member (queued, "release");
  const char *first = member (json_array_get (tokens, 0), "token"),
             *hana = member (json_array_get (tokens, 0), "address");
  const char *second = member (json_array_get (tokens, 1), "token"),
             *ken = member (json_array_get (tokens, 1), "address");
  g_assert_false (redeem (fixture, first, ken, "the mail"));
  g_assert_false (redeem (fixture, first, hana, "The mail"));
  g_assert_false (redeem (fixture, "", hana, "the mail"));
  g_assert_true (redeem (fixture, first, hana, "the mail"));
  g_assert_false (redeem (fixture, first, hana, "the mail"));
  result (fixture, id, release, hana, FALSE); /* no word from the MTA behind the door: it may have it */
  g_assert_null (queue (fixture, id, "the mail", NULL));
  result (fixture, id, release, hana, TRUE);
  assert_state (fixture, id, "queued");
  assert_refused (fixture, 1004, "delete", id, MUGAI_ACT_ERROR_STATE); /* on its way */
  result (fixture, id, release, ken, FALSE);
  assert_state (fixture, id, "failed");
  g_assert_false (redeem (fixture, second, ken, "the mail")); /* its token went with the failure */
  g_autoptr (MugaiJson) again = queue (fixture, id, "the mail", &error);
  g_assert_cmpuint (json_array_size (json_object_get (again, "tokens")), ==, 1);
  g_assert_true (
      redeem (fixture, member (json_array_get (json_object_get (again, "tokens"), 0), "token"), ken, "the mail"));
  result (fixture, id, release, ken, TRUE);
  assert_state (fixture, id, "done");
  g_autoptr (MugaiJson) releases = mugai_quarantine_releases (fixture->store, id, NULL);
  json_t *recipients = json_object_get (json_array_get (releases, 0), "recipients");
  g_assert_null (strchr (member (json_array_get (recipients, 0), "reply"), '\x1b'));
}

static void test_only_recipients (Fixture *fixture, gconstpointer data) {
  g_autofree char *id = put (fixture, "clean", "x");
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiJson) answer = act_as (fixture, 1001, "release-request", id,
                                         json_pack ("{s:[s]}", "recipients", "outsider@example.com"), &error);

  (void) data;
  g_assert_null (answer);
  g_assert_error (error, MUGAI_ACT_ERROR, MUGAI_ACT_ERROR_STATE);
  assert_state (fixture, id, "held");
}

/* ---- time ---- */

static guint n_due (Fixture *fixture, gint64 days) {
  const MugaiRetention retention = MUGAI_RETENTION_DEFAULT;
  g_auto (GStrv) ids = mugai_quarantine_due (fixture->store, &retention, NOW_US + days * DAY_US, 100, NULL);

  return g_strv_length (ids);
}

static void test_retention (Fixture *fixture, gconstpointer data) {
  g_autofree char *normal = put (fixture, "clean", "a"), *high = put (fixture, "unparsable", "b");
  g_autofree char *infected = put (fixture, "infected", "c"), *held = put (fixture, "clean", "d");
  g_autofree char *longer = put (fixture, "clean", "e");

  (void) data, (void) normal, (void) high;
  assert_done (fixture, 1004, "legal-hold", held);
  assert_done (fixture, 1002, "extend", longer);
  const MugaiQuarantineQuery query = { .text = longer, .limit = 1 };
  g_autoptr (GPtrArray) items = mugai_quarantine_list (fixture->store, &query, NULL);
  g_assert_cmpint (((MugaiQuarantineItem *) items->pdata[0])->kept_until_s, ==,
                   (NOW_US + 100 * DAY_US) / G_USEC_PER_SEC);
  g_assert_cmpuint (n_due (fixture, 29), ==, 0);
  g_assert_cmpuint (n_due (fixture, 31), ==, 1);
  g_assert_cmpuint (n_due (fixture, 91), ==, 2);
  g_assert_cmpuint (n_due (fixture, 101), ==, 3);
  g_assert_cmpuint (n_due (fixture, 10000), ==, 4);
  assert_refused (fixture, 1004, "delete", held, MUGAI_ACT_ERROR_STATE);
  assert_done (fixture, G_MAXUINT - 1, "expire", infected);
  assert_state (fixture, infected, "expired");
  g_assert_cmpuint (n_due (fixture, 31), ==, 0);
}

/* The key in the blob is gone, the blob too, and a copy of the blob that somebody kept opens only with the old master. */
static void test_disposal (Fixture *fixture, gconstpointer data) {
  g_autofree char *id = put (fixture, "clean", "a"), *kept = put (fixture, "clean", "b");
  g_autofree char *backup = g_build_filename (fixture->folder, "backup", NULL);
  g_autoptr (GError) error = NULL;
  guint64 n = 0;
  guint number = 0, forgotten = 0;
  gboolean left = TRUE;

  (void) data;
  g_assert_true (mugai_quarantine_backup (fixture->store, backup, &n, &error));
  g_assert_cmpuint (n, ==, 2);
  assert_done (fixture, 1004, "delete", id);
  g_assert_true (mugai_quarantine_destroy_disposed (fixture->store, &error));
  g_assert_null (mugai_quarantine_original (fixture->store, id, NULL));
  assert_refused (fixture, 1003, "release-request", id, MUGAI_ACT_ERROR_STATE);
  g_autofree char *keys = mugai_quarantine_default_keys (fixture->directory);
  g_autoptr (MugaiQuarantine) old = mugai_quarantine_open_with_keys (backup, keys, TRUE, &error);
  g_autoptr (GBytes) still = mugai_quarantine_original (old, id, &error);
  g_assert_nonnull (still); /* a backup holds it: until the key goes */
  g_assert_true (mugai_quarantine_rotate_key (fixture->store, &number, &error));
  g_assert_cmpuint (number, ==, 2);
  g_assert_true (mugai_quarantine_rewrap (fixture->store, 10, &left, &error));
  g_assert_false (left);
  g_assert_true (
      mugai_quarantine_forget_keys (fixture->store, 35, g_get_real_time () + 34 * DAY_US, &forgotten, &error));
  g_assert_cmpuint (forgotten, ==, 0);
  g_assert_true (
      mugai_quarantine_forget_keys (fixture->store, 35, g_get_real_time () + 36 * DAY_US, &forgotten, &error));
  g_assert_cmpuint (forgotten, ==, 1);
  g_autoptr (GBytes) good = mugai_quarantine_original (fixture->store, kept, &error);
  g_assert_no_error (error);
  g_assert_nonnull (good);
  g_autoptr (MugaiQuarantine) older = mugai_quarantine_open_with_keys (backup, keys, TRUE, &error);
  g_assert_null (mugai_quarantine_original (older, id, NULL));
}

/* (transfer full): every byte of the index, and of what SQLite keeps beside it. */
static GString *index_bytes (Fixture *fixture) {
  static const char *const names[] = { "index.sqlite", "index.sqlite-wal", "index.sqlite-shm" };
  GString *all = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *path = g_build_filename (fixture->directory, names[i], NULL), *text = NULL;
    gsize length = 0;
    if (g_file_get_contents (path, &text, &length, NULL))
      g_string_append_len (all, text, (gssize) length);
  }
  return all;
}

static gboolean has_bytes (const GString *all, const char *text) {
  return memmem (all->str, all->len, text, strlen (text)) != NULL;
}

/* After its disposal nothing in the index, used page, free one or log, says whose mail it was and what about; who did what stays. */
static void test_forgotten (Fixture *fixture, gconstpointer data) {
  static const char *const personal[] = { "件名", "a@example.com", "hana@", "ken@" };
  g_autofree char *id = put (fixture, "clean", "the mail");
  g_autoptr (GError) error = NULL;

  (void) data;
  assert_done (fixture, 1001, "release-request", id);
  assert_done (fixture, 1002, "release-approve", id);
  g_autoptr (MugaiJson) queued = queue (fixture, id, "the mail", &error);
  result (fixture, id, member (queued, "release"), "hana@city.example.lg.jp", TRUE);
  result (fixture, id, member (queued, "release"), "ken@city.example.lg.jp", TRUE);
  assert_state (fixture, id, "done");
  g_autoptr (GString) before = index_bytes (fixture);
  for (gsize i = 0; i < G_N_ELEMENTS (personal); i++)
    g_assert_true (has_bytes (before, personal[i]));
  assert_done (fixture, 1004, "delete", id);
  /* A reader that looks at the index of before is not waited for; the next time it is done. */
  g_autofree char *path = g_build_filename (fixture->directory, "index.sqlite", NULL);
  sqlite3 *looking = NULL;
  g_assert_cmpint (sqlite3_open (path, &looking), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (looking, "BEGIN; SELECT * FROM items", NULL, NULL, NULL), ==, SQLITE_OK);
  g_assert_true (mugai_quarantine_destroy_disposed (fixture->store, &error));
  g_assert_cmpint (sqlite3_close (looking), ==, SQLITE_OK);
  g_assert_true (mugai_quarantine_destroy_disposed (fixture->store, &error));
  g_assert_no_error (error);
  g_autoptr (GString) after = index_bytes (fixture);
  for (gsize i = 0; i < G_N_ELEMENTS (personal); i++)
    if (has_bytes (after, personal[i]))
      g_error ("still there: %s", personal[i]);
  assert_done (fixture, 1001, "view", id); /* its unit still finds what is left */
  assert_refused (fixture, 1006, "view", id, MUGAI_ACT_ERROR_NOT_ALLOWED);
  g_autoptr (MugaiJson) acts = mugai_quarantine_history (fixture->store, id, NULL);
  g_assert_cmpuint (json_array_size (acts), ==, 7);
}

/* ---- the store's own health ---- */

static void assert_report (Fixture *fixture, gboolean repair, guint items, guint faults, guint repaired) {
  g_auto (MugaiQuarantineReport) report = { 0 };
  g_autoptr (GError) error = NULL;

  g_assert_true (mugai_quarantine_verify (fixture->store, repair, &report, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (report.n_faults, ==, faults);
  g_assert_cmpuint (report.items, ==, items);
  g_assert_cmpuint (report.repaired, ==, repaired);
}

static void change_index (Fixture *fixture, const char *sql) {
  g_autofree char *path = g_build_filename (fixture->directory, "index.sqlite", NULL);
  sqlite3 *index = NULL;

  g_assert_cmpint (sqlite3_open (path, &index), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (index, sql, NULL, NULL, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_close (index), ==, SQLITE_OK);
}

static void test_repair (Fixture *fixture, gconstpointer data) {
  g_autofree char *a = put (fixture, "clean", "a"), *b = put (fixture, "encrypted", "b"),
                  *c = put (fixture, "clean", "c");
  g_autofree char *sql = g_strdup_printf ("UPDATE items SET subject = 'x' WHERE id = '%s';"
                                          "UPDATE records SET record = '{}' WHERE id = '%s';"
                                          "PRAGMA foreign_keys = ON; DELETE FROM items WHERE id = '%s'",
                                          a, b, c);

  (void) data;
  assert_done (fixture, 1004, "legal-hold", b);
  assert_done (fixture, 1003, "release-request", b);
  assert_report (fixture, FALSE, 3, 0, 0);
  change_index (fixture, sql);
  assert_report (fixture, FALSE, 0, 3, 0);
  assert_report (fixture, TRUE, 0, 3, 3);
  assert_report (fixture, FALSE, 3, 0, 0);
  assert_refused (fixture, 1004, "delete", b, MUGAI_ACT_ERROR_STATE); /* what people said of it stays: the hold */
  assert_done (fixture, 1002, "release-approve", b);                  /* and the request */
  /* The whole index lost. */
  mugai_quarantine_close (fixture->store);
  run ("rm %s/index.sqlite*", fixture->directory);
  fixture->store = mugai_quarantine_open (fixture->directory, FALSE, NULL);
  assert_report (fixture, TRUE, 0, 3, 3);
  assert_report (fixture, FALSE, 3, 0, 0);
}

static guint forget_at (Fixture *fixture, gint64 days) {
  guint number = 0;

  g_assert_true (mugai_quarantine_forget_keys (fixture->store, 35, g_get_real_time () + days * DAY_US, &number, NULL));
  return number;
}

/* A row that is made anew says which master its blob needs, not which one is current: else that one would be forgotten. */
static void test_repair_old_master (Fixture *fixture, gconstpointer data) {
  g_autofree char *id = put (fixture, "clean", "a");
  g_autofree char *sql = g_strdup_printf ("DELETE FROM items WHERE id = '%s'", id);
  g_autoptr (GError) error = NULL;
  guint number = 0;
  gboolean left = TRUE;

  (void) data;
  g_assert_true (mugai_quarantine_rotate_key (fixture->store, &number, &error));
  change_index (fixture, sql);
  assert_report (fixture, TRUE, 0, 1, 1);
  g_assert_cmpuint (forget_at (fixture, 36), ==, 0);
  g_autoptr (GBytes) still = mugai_quarantine_original (fixture->store, id, &error);
  g_assert_no_error (error);
  g_assert_nonnull (still);
  g_assert_true (mugai_quarantine_rewrap (fixture->store, 10, &left, &error));
  g_assert_cmpuint (forget_at (fixture, 36), ==, 1);
  g_autoptr (GBytes) rewrapped = mugai_quarantine_original (fixture->store, id, &error);
  g_assert_no_error (error);
  g_assert_nonnull (rewrapped);
}

static void move_to_credentials (Fixture *fixture, const char *folder, guint number) {
  g_autofree char *words = g_strdup_printf ("mv '%s.keys/master-%04u.key' '%s/mugai-master-%04u.key'",
                                            fixture->directory, number, folder, number);

  run ("%s", words);
}

static void open_again (Fixture *fixture) {
  g_autoptr (GError) error = NULL;

  mugai_quarantine_close (fixture->store);
  fixture->store = mugai_quarantine_open (fixture->directory, FALSE, &error);
  g_assert_no_error (error);
}

/* Both masters come as systemd credentials: the newer wraps, item by item, and of the blobs only their heads change. */
static void test_rotate_credentials (Fixture *fixture, gconstpointer data) {
  g_autofree char *id = put (fixture, "clean", "a mail"),
                  *folder = g_build_filename (fixture->folder, "credentials", NULL);
  g_autofree char *find = g_strdup_printf ("find '%s/blobs' -type f", fixture->directory), *path = NULL;
  g_autofree char *before = NULL, *after = NULL;
  const gsize head_bytes = 8 + 2 * 76; /* magic and two slots: seal.h */
  gsize n_before = 0, n_after = 0;
  g_autoptr (GError) error = NULL;
  guint number = 0;
  gboolean left = TRUE;

  (void) data;
  g_assert_cmpint (g_mkdir (folder, 0700), ==, 0);
  g_assert_true (g_spawn_command_line_sync (find, &path, NULL, NULL, NULL));
  g_assert_true (g_file_get_contents (g_strchomp (path), &before, &n_before, NULL));
  g_assert_true (mugai_quarantine_rotate_key (fixture->store, &number, &error));
  move_to_credentials (fixture, folder, 1);
  move_to_credentials (fixture, folder, 2);
  g_assert_true (g_setenv ("CREDENTIALS_DIRECTORY", folder, TRUE));
  open_again (fixture);
  g_assert_true (mugai_quarantine_rewrap (fixture->store, 10, &left, &error));
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (path, &after, &n_after, NULL));
  g_assert_cmpmem (before + head_bytes, n_before - head_bytes, after + head_bytes, n_after - head_bytes);
  g_assert_cmpint (memcmp (before, after, head_bytes), !=, 0);
  run ("rm '%s/mugai-master-0001.key'", folder); /* the older one is needed by nothing any more */
  open_again (fixture);
  g_autoptr (GBytes) mail = mugai_quarantine_original (fixture->store, id, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (mail, NULL), g_bytes_get_size (mail), "a mail", 6);
  g_autofree char *next = put (fixture, "clean", "b");
  g_assert_nonnull (next);
  assert_report (fixture, FALSE, 2, 0, 0);
  g_unsetenv ("CREDENTIALS_DIRECTORY");
}

/* Any one byte of a blob: seen, whichever it is. */
static void test_every_byte (Fixture *fixture, gconstpointer data) {
  g_autofree char *id = put (fixture, "clean", "a short mail");
  g_autofree char *find = g_strdup_printf ("find '%s/blobs' -type f", fixture->directory);
  g_autofree char *path = NULL, *text = NULL;
  gsize length = 0, missed = 0;

  (void) data;
  g_assert_true (g_spawn_command_line_sync (find, &path, NULL, NULL, NULL));
  g_strchomp (path);
  g_assert_true (g_file_get_contents (path, &text, &length, NULL));
  g_assert_null (g_strstr_len (text, (gssize) length, "short mail"));
  for (gsize i = 0; i < length; i++) {
    text[i] = (char) (text[i] ^ 1);
    g_assert_true (g_file_set_contents (path, text, (gssize) length, NULL));
    g_autoptr (GBytes) bytes = mugai_quarantine_original (fixture->store, id, NULL);
    missed += bytes != NULL;
    text[i] = (char) (text[i] ^ 1);
  }
  g_assert_cmpuint (missed, ==, 76); /* the second slot, which is not in use: 76 bytes of zeros */
  g_assert_true (g_file_set_contents (path, text, (gssize) length - 1, NULL));
  g_assert_null (mugai_quarantine_original (fixture->store, id, NULL));
}

static void test_backup (Fixture *fixture, gconstpointer data) {
  g_autofree char *id = put (fixture, "clean", "a"), *backup = g_build_filename (fixture->folder, "backup", NULL);
  g_autofree char *restored = g_build_filename (fixture->folder, "restored", NULL);
  g_autofree char *keys = mugai_quarantine_default_keys (fixture->directory);
  g_autoptr (GError) error = NULL;
  g_auto (MugaiQuarantineReport) report = { 0 };
  guint64 n = 0;

  (void) data;
  g_assert_true (mugai_quarantine_backup (fixture->store, backup, &n, &error));
  g_assert_true (mugai_quarantine_restore (backup, restored, &n, &error));
  g_assert_cmpuint (n, ==, 1);
  g_assert_false (mugai_quarantine_restore (backup, restored, &n, NULL)); /* never over one that is there */
  g_autoptr (MugaiQuarantine) other = mugai_quarantine_open_with_keys (restored, keys, TRUE, &error);
  g_assert_true (mugai_quarantine_verify (other, FALSE, &report, &error));
  g_assert_cmpuint (report.items, ==, 1);
  g_assert_cmpuint (report.n_faults, ==, 0);
  run ("grep -rqa 'a@example' %s/blobs && exit 1 || exit 0", backup); /* sealed there, too */
  run ("rm -r %s.keys", fixture->directory);
  g_autoptr (MugaiQuarantine) keyless = mugai_quarantine_open_with_keys (restored, keys, TRUE, &error);
  g_assert_null (mugai_quarantine_original (keyless, id, NULL));
  /* Lost keys are not made anew: what is there would be lost without a word. */
  mugai_quarantine_close (fixture->store);
  fixture->store = NULL;
  g_clear_error (&error);
  g_assert_null (mugai_quarantine_open (fixture->directory, FALSE, &error));
  g_assert_error (error, MUGAI_QUARANTINE_ERROR, MUGAI_QUARANTINE_ERROR_IO);
}

/* A store of schema 1, with a blob as it was then: read as it is, and goes on. */
static void test_migration (Fixture *fixture, gconstpointer data) {
  g_autofree char *id = put (fixture, "infected", "plain text of then"), *find = NULL, *path = NULL;
  g_autoptr (GError) error = NULL;

  (void) data;
  mugai_quarantine_close (fixture->store);
  change_index (fixture, "DROP INDEX items_disposed; DROP INDEX items_master; DROP INDEX items_age; DROP TABLE "
                         "approvals; DROP TABLE release_recipients;"
                         "DROP TABLE releases; DROP TABLE acts; ALTER TABLE items DROP COLUMN master;"
                         "ALTER TABLE items DROP COLUMN class; ALTER TABLE items DROP COLUMN at_s;"
                         "ALTER TABLE items DROP COLUMN kept_until_s; ALTER TABLE items DROP COLUMN legal_hold;"
                         "PRAGMA user_version = 1");
  find = g_strdup_printf ("find '%s/blobs' -type f", fixture->directory);
  g_assert_true (g_spawn_command_line_sync (find, &path, NULL, NULL, NULL));
  g_assert_true (g_file_set_contents (g_strchomp (path), "plain text of then", -1, NULL));
  fixture->store = mugai_quarantine_open (fixture->directory, FALSE, &error);
  g_assert_no_error (error);
  g_autoptr (GBytes) bytes = mugai_quarantine_original (fixture->store, id, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (bytes), ==, 18);
  const MugaiQuarantineQuery query = { 0 };
  g_autoptr (GPtrArray) items = mugai_quarantine_list (fixture->store, &query, NULL);
  g_assert_cmpstr (((MugaiQuarantineItem *) items->pdata[0])->item_class, ==, "infected");
  g_assert_cmpuint (n_due (fixture, 31), ==, 1);
  g_autofree char *next = put (fixture, "clean", "b");
  g_assert_nonnull (next);
  assert_report (fixture, FALSE, 2, 0, 0);
}

/* A blob of the form "MUGAIQ1\n", and its master key, as they were written when that was the form. */
static const char deflated_id[] = "01K4FSNGW0M0GA1Q1DEF1ATED0";
static const char deflated_key[] = "fdJvd5eqT65XwnLzq3c4KM7l4BU+sEa7rfA0sEsuW78=";
static const char deflated_blob[] =
    "TVVHQUlRMQoBAAAA078VSr0/0u+uKd4UWJOaIBVrtU8ChXoy8zZfcq/7kvU5A+a8UPti2EWiRTxPYVYGYJlCQVolmAAmEepA6cBH04KzT0jLcvH6"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAJiivj0lPTuo"
    "FO+smFkgiP1TeJDlH91H/0kAAAA1/g17DRKhdRSiezJotFJnOul378L2dPc4HSZpUtYXcFHaKpyZIY0DyYZRFVQgP7GF9ll9vWFuIG8QBbIPmHpi"
    "C9GLqka7TZL3DAEAAM4hC6Lany1AVsSn1ErNovdqhUCXlS4ay08hqK5bjBugjvwZyN45I60MmnNemUxQrQv9yDCiapgK0UzDrPNxEDmQmKghPz7D"
    "BP7IrOEfhDo6SScVK1AZaZ8yD2ZaX4Fg+O69JieVUW8CasDdS43Jn8+ev+QSa2HnqOGNMWcZ+W8dqrE23EoeNQdivhMPTLTG7KMh2mxRI5jww4xu"
    "rbkryW7Q1lVdCFpbNicX7io3NchzzDkjVfYN4Pai4871pNu2JO7cdKNfv97tjFGRAc8W8+NNpLkkPLwCqoxWqdGCQNjuhibLQ8ltDY4189X3WYRg"
    "pj2t8woH9g/Pjw42FyuqPVq0mjc0a/D5yeH6kg4=";

static void write_base64 (const char *path, const char *text) {
  gsize length_bytes = 0;
  g_autofree guchar *bytes = g_base64_decode (text, &length_bytes);

  g_assert_true (g_file_set_contents_full (path, (const char *) bytes, (gssize) length_bytes, G_FILE_SET_CONTENTS_NONE,
                                           0400, NULL));
}

static void test_deflated (Fixture *fixture, gconstpointer data) {
  g_autofree char *key = g_strdup_printf ("%s.keys/master-0001.key", fixture->directory);
  g_autofree char *blob = g_strdup_printf ("%s/blobs/25/09/%s", fixture->directory, deflated_id);
  g_autoptr (GError) error = NULL;

  (void) data;
  mugai_quarantine_close (fixture->store);
  write_base64 (key, deflated_key);
  run ("mkdir -p %s/blobs/25/09", fixture->directory);
  write_base64 (blob, deflated_blob);
  fixture->store = mugai_quarantine_open (fixture->directory, FALSE, &error);
  g_assert_no_error (error);
  assert_report (fixture, TRUE, 0, 1, 1);
  assert_report (fixture, FALSE, 1, 0, 0);
  g_autoptr (GBytes) mail = mugai_quarantine_original (fixture->store, deflated_id, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (mail), ==, 976);
  g_assert_true (g_str_has_prefix (g_bytes_get_data (mail, NULL), "Subject: old\r\n\r\nAn original of before.\r\n"));
  g_autofree char *next = put (fixture, "clean", "b");
  g_assert_nonnull (next);
  assert_report (fixture, FALSE, 2, 0, 0);
}

#define ADD(name, function) g_test_add ("/quarantine/acts/" name, Fixture, NULL, set_up, function, tear_down)

int main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  ADD ("roles", test_roles);
  ADD ("units", test_units);
  ADD ("language", test_language);
  ADD ("two-approvers", test_two_approvers);
  ADD ("infected", test_infected);
  ADD ("accounts", test_accounts);
  ADD ("release", test_release);
  ADD ("only-recipients", test_only_recipients);
  ADD ("retention", test_retention);
  ADD ("disposal", test_disposal);
  ADD ("forgotten", test_forgotten);
  ADD ("repair-old-master", test_repair_old_master);
  ADD ("rotate-credentials", test_rotate_credentials);
  ADD ("repair", test_repair);
  ADD ("every-byte", test_every_byte);
  ADD ("deflated", test_deflated);
  ADD ("backup", test_backup);
  ADD ("migration", test_migration);
  return g_test_run ();
}
