/* SPDX-License-Identifier: GPL-2.0-only
 *
 * The wire against hostile peers: a thread of ours plays the worker and breaks the agreement in every way; the front's side must
 * answer with the right error, hand out nothing, and never put such a worker back.
 */
#include "mugai/worker.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "mugai/base/fd.h"

#include "../../../src/worker/wire.h"
#include "../../../src/worker/worker.h"

static const char good_reply[] = "{\"code\":\"ok\",\"text\":\"\",\"tired\":false}";

typedef struct Peer Peer;
struct Peer {
  int channel;
  void (*play) (Peer *peer, int output_fd);
  const char *reply;
  gsize reply_bytes;
  void *mapping;
};

static void write_output (int output_fd, const char *text) {
  g_assert_true (mugai_fd_write_all (output_fd, text, strlen (text), NULL));
}

static void write_facts (int output_fd) {
  g_autoptr (MugaiFacts) facts = mugai_facts_new ();
  g_autoptr (MugaiJson) object = mugai_facts_to_json (facts);
  g_autofree char *line = mugai_json_line (object);
  write_output (output_fd, line);
}

static void say (Peer *peer) {
  g_assert_true (mugai_fd_send (peer->channel, peer->reply, peer->reply_bytes, NULL, 0, NULL));
}

static void play_good (Peer *peer, int output_fd) {
  write_facts (output_fd);
  say (peer);
}

static void play_not_facts (Peer *peer, int output_fd) {
  write_output (output_fd, "{\"subject\": 1}");
  say (peer);
}

static void play_not_json (Peer *peer, int output_fd) {
  write_output (output_fd, "{\"subject\": ");
  say (peer);
}

static void play_mapping (Peer *peer, int output_fd) {
  write_facts (output_fd);
  peer->mapping = mmap (NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, output_fd, 0);
  g_assert_true (peer->mapping != MAP_FAILED);
  say (peer);
}

static void play_too_long (Peer *peer, int output_fd) {
  g_assert_cmpint (ftruncate (output_fd, (off_t) MUGAI_JSON_MAX_BYTES + 1), ==, 0);
  say (peer);
}

static void play_sealed (Peer *peer, int output_fd) {
  g_assert_cmpint (fcntl (output_fd, F_ADD_SEALS, F_SEAL_SEAL), ==, 0);
  say (peer);
}

static void play_fds (Peer *peer, int output_fd) {
  write_facts (output_fd);
  g_assert_true (mugai_fd_send (peer->channel, peer->reply, peer->reply_bytes, &output_fd, 1, NULL));
}

static void play_reply_only (Peer *peer, int output_fd G_GNUC_UNUSED) {
  say (peer);
}

static void play_end (Peer *peer, int output_fd G_GNUC_UNUSED) {
  mugai_fd_close (mugai_fd_steal (&peer->channel));
}

static void play_nothing (Peer *peer G_GNUC_UNUSED, int output_fd G_GNUC_UNUSED) {
}

static void *run_peer (void *data) {
  Peer *peer = data;
  WireRequest request;

  if (wire_receive_request (peer->channel, &request, NULL)) {
    peer->play (peer, request.output_fd);
    wire_request_clear (&request);
  }
  return NULL;
}

typedef struct {
  const char *name;
  void (*play) (Peer *peer, int output_fd);
  const char *reply;
  gsize reply_bytes; /* 0: strlen */
  int worker_error;  /* -1: none, -2: MUGAI_JSON_ERROR */
} Case;

static char long_reply[WIRE_MAX_DATAGRAM_BYTES + 100];

static const Case cases[] = {
  { "good", play_good, good_reply, 0, -1 },
  { "facts-of-wrong-shape", play_not_facts, good_reply, 0, -2 },
  { "facts-no-json", play_not_json, good_reply, 0, -2 },
  { "no-facts", play_reply_only, good_reply, 0, -2 },
  { "writable-mapping-kept", play_mapping, good_reply, 0, MUGAI_WORKER_ERROR_PROTOCOL },
  { "output-too-long", play_too_long, good_reply, 0, MUGAI_WORKER_ERROR_PROTOCOL },
  { "output-sealed-against-seals", play_sealed, good_reply, 0, MUGAI_WORKER_ERROR_PROTOCOL },
  { "descriptors-in-reply", play_fds, good_reply, 0, MUGAI_WORKER_ERROR_PROTOCOL },
  { "reply-no-json", play_reply_only, "ok", 0, MUGAI_WORKER_ERROR_PROTOCOL },
  { "reply-too-long", play_reply_only, long_reply, sizeof long_reply, MUGAI_WORKER_ERROR_PROTOCOL },
  { "reply-unknown-code", play_reply_only, "{\"code\":\"fine\",\"text\":\"\",\"tired\":false}", 0,
    MUGAI_WORKER_ERROR_PROTOCOL },
  { "reply-wrong-type", play_reply_only, "{\"code\":0,\"text\":\"\",\"tired\":false}", 0, MUGAI_WORKER_ERROR_PROTOCOL },
  { "reply-null-text", play_reply_only, "{\"code\":\"ok\",\"text\":null,\"tired\":false}", 0,
    MUGAI_WORKER_ERROR_PROTOCOL },
  { "reply-of-another-step", play_reply_only, "{\"code\":\"not-found\",\"text\":\"x\",\"tired\":false}", 0,
    MUGAI_WORKER_ERROR_PROTOCOL },
  { "unreadable", play_reply_only, "{\"code\":\"unreadable\",\"text\":\"a\\u001b[2Jb\",\"tired\":false}", 0, -1 },
  { "end-of-file", play_end, good_reply, 0, MUGAI_WORKER_ERROR_DIED },
  { "silence", play_nothing, good_reply, 0, MUGAI_WORKER_ERROR_LATE },
};

static int sealed_message (void) {
  int fd = mugai_fd_new_memory ("test", NULL);

  g_assert_true (mugai_fd_write_all (fd, "Subject: x\n\ny\n", 14, NULL));
  g_assert_true (mugai_fd_seal (fd, NULL));
  return fd;
}

static void check (const Case *row, gboolean good, const MugaiFacts *facts, const char *text, const GError *error) {
  if (row->worker_error == -1) {
    g_assert_no_error (error);
    g_assert_true (good);
    g_assert_true ((facts != NULL) != (text != NULL));
    g_assert_true (text == NULL || strchr (text, 0x1b) == NULL);
    return;
  }
  g_assert_false (good);
  g_assert_null (facts);
  g_assert_null (text);
  if (row->worker_error == -2)
    g_assert_true (error->domain == MUGAI_JSON_ERROR);
  else
    g_assert_error (error, MUGAI_WORKER_ERROR, row->worker_error);
  g_test_message ("%s", error->message);
}

static void test_case (gconstpointer data) {
  const Case *row = data;
  int ends[2], take_fd, put_fd;
  pthread_t thread;
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiFacts) facts = NULL;
  g_autofree char *text = NULL;
  g_auto (MugaiFd) message_fd = sealed_message ();

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), ==, 0);
  g_assert_true (mugai_pool_new (&take_fd, &put_fd, NULL));
  Peer peer = { ends[0], row->play, row->reply, row->reply_bytes != 0 ? row->reply_bytes : strlen (row->reply), NULL };
  g_assert_cmpint (pthread_create (&thread, NULL, run_peer, &peer), ==, 0);
  MugaiWorker *worker = worker_new (ends[1], 1, 0);
  MugaiSteps *steps = mugai_worker_steps (worker, g_get_monotonic_time () + 300 * G_TIME_SPAN_MILLISECOND);
  gboolean good = steps->inspect (steps->self, message_fd, &facts, &text, &error);
  check (row, good, facts, text, error);
  g_assert_cmpint (pthread_join (thread, NULL), ==, 0);

  /* A worker that broke the agreement never comes back from the pool. */
  g_clear_error (&error);
  mugai_worker_put_back (worker, put_fd, 10, FALSE);
  worker = mugai_worker_take (take_fd, 0, &error);
  g_assert_true ((worker != NULL) == (row->worker_error == -1));
  mugai_worker_close (worker);
  if (peer.mapping != NULL)
    (void) munmap (peer.mapping, 4096);
  mugai_fd_close (peer.channel);
  mugai_fd_close (take_fd);
  mugai_fd_close (put_fd);
}

/* The worker's side: what a confused front sends ends the channel and leaks nothing. */
static void test_request_refused (void) {
  static const char *const bad[] = { "{\"op\":\"format\"}", "{\"op\":\"extract\"}", "[]", "{", "{\"op\":\"inspect\"}" };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    int ends[2];
    WireRequest request;
    g_autoptr (GError) error = NULL;
    g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), ==, 0);
    g_assert_true (mugai_fd_send (ends[0], bad[i], strlen (bad[i]), ends, 1, NULL));
    g_assert_false (wire_receive_request (ends[1], &request, &error));
    g_assert_nonnull (error);
    mugai_fd_close (ends[0]);
    mugai_fd_close (ends[1]);
  }
}

/* Offers that are none: passed over, closed, and the good one behind them is found. */
static void test_pool_hostile (void) {
  int take_fd, put_fd, dead[2], loud[2], good[2];

  g_assert_true (mugai_pool_new (&take_fd, &put_fd, NULL));
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, dead), ==, 0);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, loud), ==, 0);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, good), ==, 0);
  g_assert_true (mugai_fd_send (put_fd, "x", 1, dead, 2, NULL));
  g_assert_true (pool_offer (put_fd, dead[0], 1, 0, 0, NULL));
  g_assert_true (pool_offer (put_fd, loud[0], 2, 0, 0, NULL));
  g_assert_true (pool_offer (put_fd, good[0], 3, 0, 0, NULL));
  mugai_fd_close (dead[1]);
  mugai_fd_close (dead[0]);
  g_assert_true (mugai_fd_send (loud[1], "x", 1, NULL, 0, NULL));

  g_autoptr (GError) error = NULL;
  MugaiWorker *worker = mugai_worker_take (take_fd, 1000, &error);
  g_assert_no_error (error);
  g_assert_cmpint (mugai_worker_pid (worker), ==, 3);
  /* The last message it may serve: not offered again. */
  mugai_worker_put_back (worker, put_fd, 1, FALSE);
  g_assert_null (mugai_worker_take (take_fd, 0, &error));
  g_assert_error (error, MUGAI_WORKER_ERROR, MUGAI_WORKER_ERROR_NONE_IDLE);
  const int rest[] = { loud[0], loud[1], good[0], good[1], take_fd, put_fd };
  for (gsize i = 0; i < G_N_ELEMENTS (rest); i++)
    mugai_fd_close (rest[i]);
}

int main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  memset (long_reply, ' ', sizeof long_reply);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strdup_printf ("/worker/wire/%s", cases[i].name);
    g_test_add_data_func (path, &cases[i], test_case);
  }
  g_test_add_func ("/worker/wire/request-refused", test_request_refused);
  g_test_add_func ("/worker/pool/hostile-offers", test_pool_hostile);
  return g_test_run ();
}
