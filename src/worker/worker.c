/* SPDX-License-Identifier: GPL-2.0-only
 *
 * worker: the caller's end of one worker: its steps, each one exchange on the channel: see mugai/worker.h.
 *
 * Whatever goes wrong in an exchange marks the worker broken: half an answer cannot be told from a lie. Threads: a worker
 * belongs to whoever took it.
 */
#include "worker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "mugai/base/fd.h"

#include "wire.h"

#define END_MS 1000 /* a spawned worker that was closed ends within it, or is killed */

/* One exchange. TRUE: an answer came, good or bad: @ret_output only with WIRE_CODE_OK. */
static gboolean exchange (MugaiWorker *worker, WireRequest *request, gsize max_bytes, WireReply *ret_reply,
                          GBytes **ret_output, GError **error) {
  g_auto (MugaiFd) output_fd = mugai_fd_new_memory ("mugai-answer", error);

  *ret_output = NULL;
  if (output_fd < 0)
    return FALSE;
  request->output_fd = output_fd;
  worker->broken = TRUE; /* until it has proved otherwise */
  if (!wire_send_request (worker->channel, request, error)
      || !wire_receive_reply (worker->channel, worker->deadline_us, ret_reply, error))
    return FALSE;
  worker->tired = worker->tired || ret_reply->tired;
  if (ret_reply->code == WIRE_CODE_OK) {
    *ret_output = wire_take_output (output_fd, max_bytes, error);
    if (*ret_output == NULL) {
      wire_reply_clear (ret_reply);
      return FALSE;
    }
  }
  worker->broken = FALSE;
  return TRUE;
}

/* An answer that does not belong to this step, or says that it cannot. */
static gboolean refuse_reply (MugaiWorker *worker, const char *step, const WireReply *reply, GError **error) {
  worker->broken = TRUE;
  g_set_error (error, MUGAI_WORKER_ERROR, MUGAI_WORKER_ERROR_PROTOCOL, "worker: %s: %s", step,
               *reply->text != '\0' ? reply->text : "no reason given");
  return FALSE;
}

static gboolean read_facts (MugaiWorker *worker, GBytes *output, MugaiFacts **ret_facts, GError **error) {
  gsize length;
  const char *text = g_bytes_get_data (output, &length);
  g_autoptr (MugaiJson) object = mugai_json_parse (text, length, error);

  *ret_facts = object != NULL ? mugai_facts_from_json (object, error) : NULL;
  if (*ret_facts != NULL)
    return TRUE;
  worker->broken = TRUE;
  g_prefix_error (error, "worker: facts: ");
  return FALSE;
}

static gboolean step_inspect (gpointer self, int message_fd, MugaiFacts **ret_facts, char **ret_error_text,
                              GError **error) {
  MugaiWorker *worker = self;
  WireRequest request = { .op = WIRE_OP_INSPECT, .input_fd = message_fd };
  WireReply reply = { 0 };
  g_autoptr (GBytes) output = NULL;
  gboolean good = TRUE;

  *ret_facts = NULL;
  *ret_error_text = NULL;
  if (!exchange (worker, &request, MUGAI_JSON_MAX_BYTES, &reply, &output, error))
    return FALSE;
  if (reply.code == WIRE_CODE_OK)
    good = read_facts (worker, output, ret_facts, error);
  else if (reply.code == WIRE_CODE_UNREADABLE)
    *ret_error_text = g_steal_pointer (&reply.text);
  else
    good = refuse_reply (worker, "inspect", &reply, error);
  wire_reply_clear (&reply);
  return good;
}

/* Decision and context as one sealed file: they may be longer than a datagram. */
static int orders_to_fd (const MugaiDecision *decision, const MugaiNoticeContext *context, GError **error) {
  g_autoptr (MugaiJson) orders = json_object ();
  g_auto (MugaiFd) fd = mugai_fd_new_memory ("mugai-orders", error);

  json_object_set_new (orders, "decision", mugai_decision_to_json (decision));
  json_object_set_new (orders, "context", mugai_notice_context_to_json (context));
  g_autofree char *line = mugai_json_line (orders);
  if (fd < 0 || !mugai_fd_write_all (fd, line, strlen (line), error) || !mugai_fd_seal (fd, error))
    return -1;
  return mugai_fd_steal (&fd);
}

static gboolean step_rebuild (gpointer self, const MugaiDecision *decision, const MugaiNoticeContext *context,
                              GBytes **ret_mail, GError **error) {
  MugaiWorker *worker = self;
  g_auto (MugaiFd) orders_fd = orders_to_fd (decision, context, error);
  WireRequest request = { .op = WIRE_OP_REBUILD, .input_fd = orders_fd };
  WireReply reply = { 0 };
  gboolean good = TRUE;

  *ret_mail = NULL;
  if (orders_fd < 0 || !exchange (worker, &request, MUGAI_WORKER_MAX_REPLY_BYTES, &reply, ret_mail, error))
    return FALSE;
  if (reply.code != WIRE_CODE_OK)
    good = refuse_reply (worker, "rebuild", &reply, error);
  wire_reply_clear (&reply);
  return good;
}

GBytes *mugai_worker_extract (MugaiWorker *worker, const char *path, GError **error) {
  WireRequest request = { .op = WIRE_OP_EXTRACT, .path = (char *) path, .input_fd = -1 };
  WireReply reply = { 0 };
  GBytes *content = NULL;

  if (strlen (path) > WIRE_MAX_PATH_BYTES) {
    g_set_error (error, MUGAI_SANITIZE_ERROR, MUGAI_SANITIZE_ERROR_NOT_FOUND, "no part has so long a path");
    return NULL;
  }
  if (!exchange (worker, &request, MUGAI_WORKER_MAX_REPLY_BYTES, &reply, &content, error))
    return NULL;
  if (reply.code == WIRE_CODE_NOT_FOUND)
    g_set_error (error, MUGAI_SANITIZE_ERROR, MUGAI_SANITIZE_ERROR_NOT_FOUND, "%s", reply.text);
  else if (reply.code != WIRE_CODE_OK)
    (void) refuse_reply (worker, "extract", &reply, error);
  wire_reply_clear (&reply);
  return content;
}

MugaiWorker *worker_new (int channel, pid_t pid, guint served) {
  MugaiWorker *worker = g_new0 (MugaiWorker, 1);

  worker->channel = channel;
  worker->pid = pid;
  worker->served = served;
  worker->steps = (MugaiSteps){ .self = worker, .inspect = step_inspect, .rebuild = step_rebuild };
  return worker;
}

MugaiSteps *mugai_worker_steps (MugaiWorker *worker, gint64 deadline_us) {
  worker->deadline_us = deadline_us;
  return &worker->steps;
}

int mugai_worker_pid (const MugaiWorker *worker) {
  return worker->pid;
}

/* Waits for our own child. Its end of the channel closes when it ends, so polling in small steps is only for the hung ones. */
static void reap (pid_t pid) {
  gint64 deadline_us = g_get_monotonic_time () + END_MS * G_TIME_SPAN_MILLISECOND;

  for (;;) {
    pid_t ended = waitpid (pid, NULL, WNOHANG);
    if (ended == pid || (ended < 0 && errno != EINTR))
      return;
    if (g_get_monotonic_time () >= deadline_us)
      break;
    g_usleep (1000);
  }
  (void) kill (pid, SIGKILL);
  while (waitpid (pid, NULL, 0) < 0 && errno == EINTR)
    ;
}

void mugai_worker_close (MugaiWorker *worker) {
  if (worker == NULL)
    return;
  mugai_fd_close (worker->channel);
  if (worker->spawned)
    reap (worker->pid);
  g_free (worker);
}
