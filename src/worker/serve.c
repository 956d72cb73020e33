/* SPDX-License-Identifier: GPL-2.0-only
 *
 * serve: a worker's life: close what is not ours, enter the sandbox, offer the channel, answer until it is closed.
 *
 * From the first message on this process counts as the enemy's: nothing after that may matter to anybody but the one who asked. It
 * leaves by _exit () only: no handlers of the parent's run here.
 */
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "mugai/base/fd.h"

#include "sandbox.h"
#include "wire.h"

#define OFFER_WAIT_MS 10000
#define FIRST_HIGH_FD 16 /* above the ones that are given fixed numbers */

typedef struct {
  MugaiScanner *scanner;
  MugaiInspection *inspection; /* of the message in hand, or NULL */
  const MugaiSanitizeLimits *limits;
  guint cpu_s;
} Server;

/* ---- answering ---- */

static void take_error (WireReply *reply, const GError *error) {
  reply->code = WIRE_CODE_INTERNAL;
  if (g_error_matches (error, MUGAI_SANITIZE_ERROR, MUGAI_SANITIZE_ERROR_UNREADABLE))
    reply->code = WIRE_CODE_UNREADABLE;
  else if (g_error_matches (error, MUGAI_SANITIZE_ERROR, MUGAI_SANITIZE_ERROR_DECISION))
    reply->code = WIRE_CODE_DECISION;
  else if (g_error_matches (error, MUGAI_SANITIZE_ERROR, MUGAI_SANITIZE_ERROR_NOT_FOUND))
    reply->code = WIRE_CODE_NOT_FOUND;
  reply->text = g_strdup (error->message);
}

static GBytes *inspect (Server *server, const WireRequest *request, GError **error) {
  g_clear_pointer (&server->inspection, mugai_inspection_free);

  g_autoptr (GBytes) message = mugai_fd_map (request->input_fd, error);
  if (message == NULL)
    return NULL;
  server->inspection = mugai_sanitize_inspect (message, server->scanner, server->limits, error);
  if (server->inspection == NULL)
    return NULL;
  g_autoptr (MugaiJson) facts = mugai_facts_to_json (mugai_inspection_facts (server->inspection));
  g_autofree char *line = mugai_json_line (facts);
  gsize length = strlen (line);
  return g_bytes_new_take (g_steal_pointer (&line), length);
}

static GBytes *rebuild (Server *server, const WireRequest *request, GError **error) {
  g_autoptr (GBytes) orders_bytes = mugai_fd_map (request->input_fd, error);
  if (orders_bytes == NULL)
    return NULL;
  g_autoptr (MugaiJson) orders =
      mugai_json_parse (g_bytes_get_data (orders_bytes, NULL), g_bytes_get_size (orders_bytes), error);
  if (orders == NULL)
    return NULL;
  g_autoptr (MugaiDecision) decision = mugai_decision_from_json (json_object_get (orders, "decision"), error);
  if (decision == NULL)
    return NULL;
  g_autoptr (MugaiNoticeContext) context = mugai_notice_context_from_json (json_object_get (orders, "context"), error);
  return context != NULL ? mugai_sanitize_rebuild (server->inspection, decision, context, error) : NULL;
}

static GBytes *answer (Server *server, const WireRequest *request, GError **error) {
  if (request->op == WIRE_OP_INSPECT)
    return inspect (server, request, error);
  if (server->inspection == NULL) {
    g_set_error_literal (error, MUGAI_WORKER_ERROR, MUGAI_WORKER_ERROR_PROTOCOL, "no message was inspected");
    return NULL;
  }
  if (request->op == WIRE_OP_REBUILD)
    return rebuild (server, request, error);
  return mugai_sanitize_extract (server->inspection, request->path, error);
}

/* RLIMIT_CPU would kill it in the middle of a mail: it asks for its rest in time. */
static gboolean is_tired (const Server *server) {
  struct rusage usage;

  return getrusage (RUSAGE_SELF, &usage) == 0
         && (guint64) usage.ru_utime.tv_sec + (guint64) usage.ru_stime.tv_sec >= server->cpu_s / 2;
}

/* FALSE: the channel is closed or broken. */
static gboolean serve_one (Server *server, int channel) {
  WireRequest request;
  WireReply reply = { .code = WIRE_CODE_OK };
  g_autoptr (GError) error = NULL;

  if (!wire_receive_request (channel, &request, NULL))
    return FALSE;
  g_autoptr (GBytes) output = answer (server, &request, &error);
  if (output != NULL
      && !mugai_fd_write_all (request.output_fd, g_bytes_get_data (output, NULL), g_bytes_get_size (output), &error))
    g_clear_pointer (&output, g_bytes_unref);
  if (output == NULL)
    take_error (&reply, error);
  reply.tired = is_tired (server);
  wire_request_clear (&request);
  gboolean sent = wire_send_reply (channel, &reply, NULL);
  wire_reply_clear (&reply);
  return sent;
}

/* ---- becoming a worker ---- */

static void reset_signals (void) {
  sigset_t none;

  sigemptyset (&none);
  for (int number = 1; number < NSIG; number++)
    (void) signal (number, SIG_DFL);
  (void) signal (SIGPIPE, SIG_IGN);
  /* Ctrl-C and a stop of the service are the front's business: it lets the mail in hand finish, and then closes. */
  (void) signal (SIGINT, SIG_IGN);
  (void) signal (SIGHUP, SIG_IGN);
  (void) signal (SIGTERM, SIG_IGN);
  /* A file that grows over RLIMIT_FSIZE: the write fails and is answered, instead of a death. */
  (void) signal (SIGXFSZ, SIG_IGN);
  (void) sigprocmask (SIG_SETMASK, &none, NULL);
}

/* Standard streams to nowhere: what a taken-over worker says must not reach a log as ours. Sanitizers need theirs. */
static gboolean close_streams (void) {
  g_auto (MugaiFd) null_fd = open ("/dev/null", O_RDWR | O_CLOEXEC);

  if (null_fd < 0 || dup2 (null_fd, 0) < 0 || dup2 (null_fd, 1) < 0)
    return FALSE;
  return SANDBOX_SANITIZER || dup2 (null_fd, 2) >= 0;
}

/* Moves *@fd to @number; everything that was there is gone. -1 stays -1. */
static gboolean move_fd (int *fd, int number) {
  if (*fd < 0)
    return TRUE;
  int moved = dup3 (*fd, number, O_CLOEXEC);
  *fd = number;
  return moved == number;
}

static gboolean raise_fd (int *fd) {
  if (*fd < 0)
    return TRUE;
  *fd = fcntl (*fd, F_DUPFD_CLOEXEC, FIRST_HIGH_FD);
  return *fd >= 0;
}

/* Afterwards 0-2 are /dev/null, then the channel, the offer and the pool, the old standard error; and nothing else is open. */
enum { FD_CHANNEL = 3, FD_FRONT_END, FD_PUT, FD_COMPLAINTS, FD_END };

static gboolean arrange_fds (int *channel, int *front_end, int *put_fd) {
  int complaints = 2;

  if (!raise_fd (channel) || !raise_fd (front_end) || !raise_fd (put_fd) || !raise_fd (&complaints))
    return FALSE;
  for (int number = FD_CHANNEL; number < FD_END; number++)
    (void) close (number);
  return close_streams () && move_fd (channel, FD_CHANNEL) && move_fd (front_end, FD_FRONT_END)
         && move_fd (put_fd, FD_PUT) && move_fd (&complaints, FD_COMPLAINTS) && close_range (FD_END, ~0u, 0) == 0;
}

static gboolean offer (int front_end, int put_fd) {
  if (put_fd < 0)
    return TRUE;
  gboolean offered = pool_offer (put_fd, front_end, getpid (), 0, OFFER_WAIT_MS, NULL);
  mugai_fd_close (front_end);
  mugai_fd_close (put_fd);
  return offered;
}

void worker_child_run (const ChildOptions *options) {
  int channel = options->channel, front_end = options->front_end, put_fd = options->put_fd;
  GError *error = NULL;
  Server server = { .scanner = options->scanner,
                    .limits = &options->sandbox->limits,
                    .cpu_s = options->sandbox->cpu_s };

  if (server.cpu_s == 0)
    server.cpu_s = MUGAI_WORKER_CPU_S;
  reset_signals ();
  (void) prctl (PR_SET_NAME, "mugai-worker");
  /* Dies with its parent; which may have died before we said so. */
  if (prctl (PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid () != options->parent)
    _exit (CHILD_EXIT_ORPHAN);
  mugai_scanner_set_scratch (options->scanner, options->sandbox->scratch);
  if (!arrange_fds (&channel, &front_end, &put_fd))
    _exit (CHILD_EXIT_FDS);
  if (!mugai_sandbox_enter (options->sandbox, &error)) {
    (void) dprintf (FD_COMPLAINTS, "mugai: worker: %s\n", error->message);
    _exit (CHILD_EXIT_SANDBOX);
  }
  (void) close (FD_COMPLAINTS);
  if (!offer (front_end, put_fd))
    _exit (CHILD_EXIT_OFFER);
  while (serve_one (&server, channel))
    ;
  _exit (0);
}
