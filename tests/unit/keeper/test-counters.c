/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Counters in the keeper: never ahead of what was answered, and behind it by nothing, however often the keeper is killed in the middle;
 * who is stopped stays so over deaths. The listening socket is the test's, as it is the master's in life.
 */
#include "mugai/keeper.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "mugai/base/base.h"

#define CLIENTS 6
#define UPDATES 3000u /* 100,000 with -m slow */
#define UPDATES_SLOW 100000u
#define KEY "outbound:sender:kakari@city.example.lg.jp"

typedef struct {
  char *folder, *store, *audit, *socket;
  int listen_fd;
  pid_t keeper;
} Fixture;

typedef struct {
  int asked, answered; /* mails that a client has begun to have kept; that it was answered for */
} Shared;
static Shared *shared;

static void start_keeper (Fixture *fixture) {
  fixture->keeper = fork ();
  g_assert_cmpint (fixture->keeper, >=, 0);
  if (fixture->keeper != 0)
    return;
  const MugaiKeeperOptions options = { .store = fixture->store, .audit = fixture->audit };
  int never[2];
  _exit (pipe (never) == 0 && mugai_keeper_serve (fixture->listen_fd, never[0], &options, NULL) ? 0 : 1);
}

static void kill_keeper (Fixture *fixture) {
  g_assert_cmpint (kill (fixture->keeper, SIGKILL), ==, 0);
  g_assert_cmpint (waitpid (fixture->keeper, NULL, 0), ==, fixture->keeper);
}

static void set_up (Fixture *fixture, gconstpointer data) {
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  (void) data;
  memset (shared, 0, sizeof *shared);
  fixture->folder = g_dir_make_tmp ("mugai-counters-XXXXXX", NULL);
  fixture->store = g_build_filename (fixture->folder, "store", NULL);
  fixture->audit = g_build_filename (fixture->folder, "audit", NULL);
  fixture->socket = g_build_filename (fixture->folder, "k.sock", NULL);
  g_assert_cmpint (g_mkdir (fixture->store, 0700) | g_mkdir (fixture->audit, 0700), ==, 0);
  fixture->listen_fd = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  g_strlcpy (address.sun_path, fixture->socket, sizeof address.sun_path);
  g_assert_cmpint (bind (fixture->listen_fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (listen (fixture->listen_fd, 128), ==, 0);
  start_keeper (fixture);
}

static void tear_down (Fixture *fixture, gconstpointer data) {
  g_autofree char *command = g_strdup_printf ("rm -rf '%s'", fixture->folder);
  (void) data;
  kill_keeper (fixture);
  close (fixture->listen_fd);
  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
  g_free (fixture->folder);
  g_free (fixture->store);
  g_free (fixture->audit);
  g_free (fixture->socket);
}

/* A limit of one a day drains next to nothing while the test runs: the level is the count. */
static json_t *make_record (const char *id, const char *action) {
  return json_pack ("{s:i, s:s, s:n, s:s, s:[{s:s, s:s}, {s:s, s:s}], s:{s:[{s:s, s:i, s:i, s:i, s:b, s:b}]}}",
                    "record_version", 1, "id", id, "quarantine_id", "action", action, "recipients", "address", "a@b",
                    "action", action, "address", "c@d", "action", "refuse", "facts", "rates", "key", KEY, "messages", 1,
                    "recipients", 1, "window_s", 86400, "stop", 0, "exceeded", 0);
}

static void keep (Fixture *fixture, const char *action) {
  g_autofree char *id = mugai_id_new ();
  g_autoptr (MugaiJson) record = make_record (id, action);
  g_autoptr (GError) error = NULL;
  gboolean kept = mugai_keeper_keep (fixture->socket, record, -1, 60000, &error);
  if (!kept)
    g_error ("%s", error->message);
}

static json_t *find_counter (Fixture *fixture) {
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiJson) answer = mugai_keeper_ask_counters (fixture->socket, 30000, &error);
  g_assert_no_error (error);
  json_t *counters = json_object_get (answer, "counters");
  for (size_t i = 0; i < json_array_size (counters); i++)
    if (g_strcmp0 (json_string_value (json_object_get (json_array_get (counters, i), "key")), KEY) == 0)
      return json_incref (json_array_get (counters, i));
  return json_object ();
}

static int count (Fixture *fixture) {
  g_autoptr (MugaiJson) counter = find_counter (fixture);
  return (int) json_integer_value (json_object_get (counter, "messages"));
}

static void test_counts (Fixture *fixture, gconstpointer data) {
  (void) data;
  g_assert_cmpint (count (fixture), ==, 0);
  for (guint i = 0; i < 5; i++)
    keep (fixture, "deliver");
  keep (fixture, "hold");
  keep (fixture, "tempfail");
  keep (fixture, "refuse");
  g_assert_cmpint (count (fixture), ==, 6);
  g_autoptr (MugaiJson) counter = find_counter (fixture);
  g_assert_cmpint (json_integer_value (json_object_get (counter, "recipients")), ==, 6);
  kill_keeper (fixture);
  start_keeper (fixture);
  g_assert_cmpint (count (fixture), ==, 6);
}

static pid_t start_client (Fixture *fixture, guint updates) {
  pid_t pid = fork ();
  g_assert_cmpint (pid, >=, 0);
  if (pid != 0)
    return pid;
  for (guint i = 0; i < updates / CLIENTS; i++) {
    __atomic_fetch_add (&shared->asked, 1, __ATOMIC_SEQ_CST);
    keep (fixture, "deliver");
    __atomic_fetch_add (&shared->answered, 1, __ATOMIC_SEQ_CST);
  }
  _exit (0);
}

static void test_killed (Fixture *fixture, gconstpointer data) {
  guint updates = g_test_slow () ? UPDATES_SLOW : UPDATES;
  pid_t clients[CLIENTS];
  (void) data;
  for (guint i = 0; i < CLIENTS; i++)
    clients[i] = start_client (fixture, updates);
  for (int kills = 1; kills <= 5; kills++) {
    while (__atomic_load_n (&shared->answered, __ATOMIC_SEQ_CST) < (int) updates / 6 * kills)
      g_usleep (1000);
    kill_keeper (fixture);
    int answered = __atomic_load_n (&shared->answered, __ATOMIC_SEQ_CST);
    start_keeper (fixture);
    int counted = count (fixture), asked = __atomic_load_n (&shared->asked, __ATOMIC_SEQ_CST);
    g_test_message ("kill %d: answered %d, counted %d", kills, answered, counted);
    g_assert_cmpint (counted, >=, answered);
    g_assert_cmpint (counted, <=, asked);
  }
  for (guint i = 0; i < CLIENTS; i++) {
    int status = -1;
    g_assert_cmpint (waitpid (clients[i], &status, 0), ==, clients[i]);
    g_assert_cmpint (status, ==, 0);
  }
  /* each mail once, however often it was asked for */
  g_assert_cmpint (count (fixture), ==, (int) (updates / CLIENTS * CLIENTS));
}

static gboolean exceeds (Fixture *fixture, gboolean *ret_stopped) {
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiEnvelope) envelope = mugai_envelope_new ();
  envelope->rates = g_ptr_array_new_with_free_func ((GDestroyNotify) mugai_rate_free);
  MugaiRate *rate = g_new0 (MugaiRate, 1);
  rate->key = g_strdup (KEY);
  rate->window_s = 60;
  g_ptr_array_add (envelope->rates, rate);
  g_assert_true (mugai_keeper_ask_flow (fixture->socket, envelope, "", ret_stopped, 30000, &error));
  return rate->exceeded;
}

static void act (Fixture *fixture, const char *kind) {
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiJson) body = json_pack ("{s:s, s:s}", "key", KEY, "reason", "test");
  g_autoptr (MugaiJson) answer = mugai_keeper_act (fixture->socket, kind, body, 30000, &error);
  g_assert_no_error (error);
  g_assert_nonnull (answer);
}

static void test_stops (Fixture *fixture, gconstpointer data) {
  g_autofree char *file = g_build_filename (fixture->store, "flow-stopped.json", NULL);
  gboolean stopped = FALSE;
  (void) data;
  g_assert_false (exceeds (fixture, &stopped));
  g_assert_false (stopped);
  act (fixture, MUGAI_KEEPER_ACT_STOP);
  g_assert_true (exceeds (fixture, &stopped));
  g_assert_true (stopped);
  kill_keeper (fixture);
  start_keeper (fixture);
  g_assert_true (exceeds (fixture, &stopped));
  /* without the file the chain says it */
  kill_keeper (fixture);
  g_assert_cmpint (g_unlink (file), ==, 0);
  start_keeper (fixture);
  g_assert_true (exceeds (fixture, &stopped));
  act (fixture, MUGAI_KEEPER_ACT_RESUME);
  g_assert_false (exceeds (fixture, &stopped));
  kill_keeper (fixture);
  start_keeper (fixture);
  g_assert_false (exceeds (fixture, &stopped));
}

int main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  shared = mmap (NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  g_assert_true (shared != MAP_FAILED);
  g_test_add ("/keeper/counters/counts", Fixture, NULL, set_up, test_counts, tear_down);
  g_test_add ("/keeper/counters/killed", Fixture, NULL, set_up, test_killed, tear_down);
  g_test_add ("/keeper/counters/stops", Fixture, NULL, set_up, test_stops, tear_down);
  return g_test_run ();
}
