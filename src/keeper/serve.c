/* SPDX-License-Identifier: GPL-2.0-only
 *
 * keeper/serve: the keeper's life: clients, and groups of their requests.
 *
 * One thread, one poll loop. A request waits for others for at most MUGAI_KEEPER_GROUP_MS, then all of them share their syncs; each is
 * answered when the whole group is durable, or could not be made so. A client has one request in hand at a time. A
 * store that fails is tried again at the next request, and once a second: it comes back by itself when there is space.
 */
#include "mugai/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#include "mugai/audit.h"
#include "mugai/base/base.h"
#include "mugai/base/fd.h"

#include "counters.h"
#include "peer.h"
#include "store.h"

#define RETRY_MS 1000
#define UPKEEP_MS 500 /* so long without a request: time for expiry, keys and retention */
#define MAX_ERROR_BYTES 1024u

G_DEFINE_QUARK (mugai - keeper - error - quark, mugai_keeper_error)

typedef struct {
  int fd;
  MugaiKeeperRequest *request; /* in the group; the group's */
} Client;

typedef struct {
  int listen_fd, stop_fd;
  const MugaiKeeperOptions *options;
  MugaiKeeperStore *store;
  GPtrArray *clients;  /* of Client */
  GPtrArray *group;    /* of MugaiKeeperRequest */
  gint64 group_end_us; /* monotonic: when the group in hand is written */
  GError *broken;      /* the chain does not continue: the end */
} Keeper;

static void client_free (gpointer data) {
  Client *client = data;

  if (client->request != NULL)
    client->request->answer_fd = -1; /* what it asked for is kept all the same */
  mugai_fd_close (client->fd);
  g_free (client);
}

/* A client that does not read its answer loses it: it will ask again, and the id is known. */
static void answer (int fd, json_t *more, const GError *error) {
  g_autoptr (MugaiJson) object = more != NULL && error == NULL ? json_copy (more) : json_object ();
  g_autofree char *words = error != NULL ? g_strndup (error->message, MAX_ERROR_BYTES) : NULL;

  json_object_set_new (object, "ok", json_boolean (error == NULL));
  if (words != NULL)
    json_object_set_new (object, "error", mugai_json_string (words));
  g_autofree char *text = mugai_json_line (object);
  if (fd >= 0)
    (void) !mugai_fd_send (fd, text, strlen (text), NULL, 0, NULL);
}

/* ---- the store ---- */

static void note_error (Keeper *keeper, const GError *error) {
  if (keeper->broken == NULL && g_error_matches (error, MUGAI_AUDIT_ERROR, MUGAI_AUDIT_ERROR_BROKEN))
    keeper->broken = g_error_copy (error);
}

static void try_open (Keeper *keeper) {
  g_autoptr (GError) error = NULL;

  if (!mugai_keeper_store_open (keeper->store, &error)) {
    g_debug ("%s", error->message);
    note_error (keeper, error);
  }
}

static void forget_requests (Keeper *keeper) {
  for (guint i = 0; i < keeper->clients->len; i++)
    ((Client *) g_ptr_array_index (keeper->clients, i))->request = NULL;
  g_ptr_array_set_size (keeper->group, 0);
}

static void write_group (Keeper *keeper) {
  g_autoptr (GError) error = NULL;

  if (keeper->group->len == 0)
    return;
  if (!mugai_keeper_store_keep (keeper->store, keeper->group, &error))
    note_error (keeper, error);
  else
    mugai_keeper_store_after (keeper->store);
  for (guint i = 0; i < keeper->group->len; i++) {
    const MugaiKeeperRequest *request = g_ptr_array_index (keeper->group, i);
    answer (request->answer_fd, request->answer, error != NULL ? error : request->refused);
  }
  forget_requests (keeper);
  if (error != NULL && keeper->broken == NULL)
    try_open (keeper); /* undoes the group's rows at once, when it can */
}

/* What has no client: in the quiet between requests, a little at a time. */
static void look_after (Keeper *keeper) {
  g_autoptr (GError) error = NULL;

  if (mugai_keeper_store_is_open (keeper->store) && !mugai_keeper_store_upkeep (keeper->store, &error)) {
    g_debug ("%s", error->message);
    note_error (keeper, error);
  }
}

/* ---- clients ---- */

static void accept_client (Keeper *keeper) {
  int fd = accept4 (keeper->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0)
    return;

  Client *client = g_new0 (Client, 1);
  client->fd = fd;
  g_ptr_array_add (keeper->clients, client);
}

static void add_to_group (Keeper *keeper, Client *client, MugaiKeeperRequest *request) {
  if (keeper->group->len == 0)
    keeper->group_end_us = g_get_monotonic_time () + MUGAI_KEEPER_GROUP_MS * 1000;
  request->answer_fd = client->fd;
  client->request = request;
  g_ptr_array_add (keeper->group, request);
}

/* A question waits for no group: it leaves nothing behind. */
static void answer_question (Keeper *keeper, const Client *client, MugaiKeeperRequest *request) {
  g_autoptr (MugaiKeeperRequest) owned = request;
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiJson) object = mugai_keeper_store_answer (keeper->store, owned, &error);
  answer (client->fd, object, error);
}

/* FALSE: the client has gone, or talks nonsense. */
static gboolean read_client (Keeper *keeper, Client *client) {
  char text[MUGAI_KEEPER_MAX_REQUEST_BYTES];
  int fds[MUGAI_FD_MAX_PASSED];
  guint n_fds = 0;
  g_autoptr (GError) error = NULL;
  gssize got = mugai_fd_receive (client->fd, text, sizeof text, fds, &n_fds, 0, &error);

  if (got <= 0)
    return FALSE;
  MugaiKeeperRequest *request = mugai_keeper_request_read (text, (gsize) got, fds, n_fds, &error);
  if (request == NULL) {
    answer (client->fd, NULL, error);
    return FALSE;
  }
  if (!mugai_keeper_admit (client->fd, keeper->options, request, &error)) {
    answer (client->fd, NULL, error);
    mugai_keeper_request_free (request);
    return FALSE;
  }
  if (mugai_keeper_counters_is_question (request->kind)) {
    answer_question (keeper, client, request);
    return TRUE;
  }
  add_to_group (keeper, client, request);
  return TRUE;
}

/* ---- the loop ---- */

/* The descriptors to wait for: stop, listen, then the clients in their order. */
static void fill_poll (Keeper *keeper, GArray *items) {
  gboolean room = keeper->clients->len < MUGAI_KEEPER_MAX_CLIENTS;

  g_array_set_size (items, 2 + keeper->clients->len);
  struct pollfd *item = (struct pollfd *) (void *) items->data;
  item[0] = (struct pollfd){ .fd = keeper->stop_fd, .events = POLLIN };
  item[1] = (struct pollfd){ .fd = room ? keeper->listen_fd : -1, .events = POLLIN };
  for (guint i = 0; i < keeper->clients->len; i++) {
    const Client *client = g_ptr_array_index (keeper->clients, i);
    /* One with a request in hand is not listened to: neither more requests nor its end matter now. */
    item[2 + i] = (struct pollfd){ .fd = client->request == NULL ? client->fd : -1, .events = POLLIN };
  }
}

static int wait_ms (const Keeper *keeper) {
  if (keeper->group->len > 0)
    return (int) CLAMP ((keeper->group_end_us - g_get_monotonic_time () + 999) / 1000, 0, MUGAI_KEEPER_GROUP_MS);
  return mugai_keeper_store_is_open (keeper->store) ? UPKEEP_MS : RETRY_MS;
}

static void read_clients (Keeper *keeper, const struct pollfd *items, guint n_clients) {
  /* From the end, so that a removed one does not move those that are still to be looked at. */
  for (guint i = n_clients; i > 0 && keeper->group->len < MUGAI_KEEPER_GROUP_REQUESTS; i--) {
    if (items[i - 1].revents != 0 && !read_client (keeper, g_ptr_array_index (keeper->clients, i - 1)))
      g_ptr_array_remove_index (keeper->clients, i - 1);
  }
}

static gboolean group_is_due (const Keeper *keeper) {
  return keeper->group->len >= MUGAI_KEEPER_GROUP_REQUESTS
         || (keeper->group->len > 0 && g_get_monotonic_time () >= keeper->group_end_us);
}

/* One turn. FALSE: somebody wants us to stop. */
static gboolean turn (Keeper *keeper, GArray *items) {
  fill_poll (keeper, items);
  struct pollfd *item = (struct pollfd *) (void *) items->data;
  guint n_clients = keeper->clients->len;
  int ready = poll (item, items->len, wait_ms (keeper));

  if (ready < 0 && errno != EINTR)
    g_error ("poll: %s", g_strerror (errno));
  if (ready > 0) {
    read_clients (keeper, item + 2, n_clients);
    if (item[1].revents != 0)
      accept_client (keeper);
    if (item[0].revents != 0)
      return FALSE;
  }
  if (ready == 0 && keeper->group->len == 0) {
    try_open (keeper);
    look_after (keeper);
  }
  if (group_is_due (keeper))
    write_group (keeper);
  return TRUE;
}

static void keeper_clear (Keeper *keeper) {
  g_ptr_array_unref (keeper->clients);
  g_ptr_array_unref (keeper->group);
  mugai_keeper_store_free (keeper->store);
}

gboolean mugai_keeper_serve (int listen_fd, int stop_fd, const MugaiKeeperOptions *options, GError **error) {
  Keeper keeper = { .listen_fd = listen_fd,
                    .stop_fd = stop_fd,
                    .options = options,
                    .store = mugai_keeper_store_new (options),
                    .clients = g_ptr_array_new_with_free_func (client_free),
                    .group = g_ptr_array_new_with_free_func ((GDestroyNotify) mugai_keeper_request_free) };
  g_autoptr (GArray) items = g_array_new (FALSE, TRUE, sizeof (struct pollfd));

  mugai_leave_no_core ();
  (void) signal (SIGXFSZ, SIG_IGN); /* a file limit is a full disk: an error of write (), not our death */
  (void) fcntl (listen_fd, F_SETFL, fcntl (listen_fd, F_GETFL) | O_NONBLOCK);
  try_open (&keeper);
  while (keeper.broken == NULL && turn (&keeper, items))
    continue;
  if (keeper.broken == NULL)
    write_group (&keeper);
  mugai_keeper_store_finish (keeper.store);
  keeper_clear (&keeper);
  if (keeper.broken == NULL)
    return TRUE;
  g_propagate_error (error, keeper.broken);
  return FALSE;
}
