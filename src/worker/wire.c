/* SPDX-License-Identifier: GPL-2.0-only
 *
 * wire: datagrams between front and worker: see wire.h.
 *
 * A reply is read as an enemy's: length, descriptors (none), shape and words are checked here, contents of the output file by
 * whoever asked for it. Threads: one a channel.
 */
#include "wire.h"

#include <string.h>

#include <gio/gio.h>

#include "mugai/base/fd.h"
#include "mugai/base/unicode.h"

G_DEFINE_QUARK (mugai - worker - error - quark, mugai_worker_error)

#define NAME(c, n) n,
static const char *const op_names[] = { WIRE_OPS (NAME) };
static const char *const code_names[] = { WIRE_CODES (NAME) };
#undef NAME

static gboolean name_to_index (const char *name, const char *const *names, guint n_names, guint *ret_index) {
  for (guint i = 0; i < n_names; i++) {
    if (g_strcmp0 (name, names[i]) == 0) {
      *ret_index = i;
      return TRUE;
    }
  }
  return FALSE;
}

/* An error of the socket as what it means to the caller. */
static gboolean fail (GError **error, GError *cause) {
  MugaiWorkerError code = MUGAI_WORKER_ERROR_PROTOCOL;

  if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    code = MUGAI_WORKER_ERROR_LATE;
  else if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE)
           || g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED)
           || g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED))
    code = MUGAI_WORKER_ERROR_DIED;
  g_set_error (error, MUGAI_WORKER_ERROR, (gint) code, "worker: %s", cause->message);
  g_error_free (cause);
  return FALSE;
}

static gboolean send_json (int channel, json_t *object, const int *fds, guint n_fds, GError **error) {
  g_autofree char *line = mugai_json_line (object);
  GError *cause = NULL;

  if (mugai_fd_send (channel, line, strlen (line), fds, n_fds, &cause))
    return TRUE;
  return fail (error, cause);
}

static void close_all (int *fds, guint n_fds) {
  for (guint i = 0; i < n_fds; i++)
    mugai_fd_close (fds[i]);
}

/* ---- requests ---- */

gboolean wire_send_request (int channel, const WireRequest *request, GError **error) {
  g_autoptr (MugaiJson) object = json_object ();
  int fds[2];
  guint n_fds = 0;

  json_object_set_new (object, "op", json_string (op_names[request->op]));
  if (request->op == WIRE_OP_EXTRACT)
    json_object_set_new (object, "path", mugai_json_string (request->path));
  if (request->input_fd >= 0)
    fds[n_fds++] = request->input_fd;
  fds[n_fds++] = request->output_fd;
  return send_json (channel, object, fds, n_fds, error);
}

static gboolean parse_request (const char *data, gsize length, WireRequest *request, GError **error) {
  g_autoptr (MugaiJson) object = mugai_json_parse (data, length, error);
  g_autofree char *op = NULL;
  guint index;

  if (object == NULL || !mugai_json_get_string (object, "op", 32, &op, error))
    return FALSE;
  if (!name_to_index (op, op_names, WIRE_N_OPS, &index)) {
    g_set_error_literal (error, MUGAI_WORKER_ERROR, MUGAI_WORKER_ERROR_PROTOCOL, "unknown request");
    return FALSE;
  }
  request->op = (WireOp) index;
  return index != WIRE_OP_EXTRACT || mugai_json_get_string (object, "path", WIRE_MAX_PATH_BYTES, &request->path, error);
}

gboolean wire_receive_request (int channel, WireRequest *ret_request, GError **error) {
  char data[WIRE_MAX_DATAGRAM_BYTES];
  int fds[MUGAI_FD_MAX_PASSED];
  guint n_fds;
  WireRequest request = { .input_fd = -1, .output_fd = -1 };
  gssize length = mugai_fd_receive (channel, data, sizeof data, fds, &n_fds, -1, error);

  if (length <= 0)
    return FALSE;
  gboolean good = parse_request (data, (gsize) length, &request, error);
  if (good && n_fds != (request.op == WIRE_OP_EXTRACT ? 1u : 2u)) {
    g_set_error_literal (error, MUGAI_WORKER_ERROR, MUGAI_WORKER_ERROR_PROTOCOL, "wrong number of descriptors");
    good = FALSE;
  }
  if (!good) {
    close_all (fds, n_fds);
    wire_request_clear (&request);
    return FALSE;
  }
  request.input_fd = n_fds == 2 ? fds[0] : -1;
  request.output_fd = fds[n_fds - 1];
  *ret_request = request;
  return TRUE;
}

void wire_request_clear (WireRequest *request) {
  mugai_fd_close (mugai_fd_steal (&request->input_fd));
  mugai_fd_close (mugai_fd_steal (&request->output_fd));
  g_clear_pointer (&request->path, g_free);
}

/* ---- replies ---- */

gboolean wire_send_reply (int channel, const WireReply *reply, GError **error) {
  g_autofree char *text = mugai_unicode_make_safe (reply->text, -1, WIRE_MAX_TEXT_BYTES);
  g_autoptr (MugaiJson) object = json_object ();

  json_object_set_new (object, "code", json_string (code_names[reply->code]));
  json_object_set_new (object, "text", mugai_json_string (text));
  json_object_set_new (object, "tired", json_boolean (reply->tired));
  return send_json (channel, object, NULL, 0, error);
}

static gboolean parse_reply (const char *data, gsize length, WireReply *reply, GError **error) {
  g_autoptr (MugaiJson) object = mugai_json_parse (data, length, error);
  g_autofree char *code = NULL, *text = NULL;
  gboolean tired;
  guint index;

  if (object == NULL || !mugai_json_get_string (object, "code", 32, &code, error)
      || !mugai_json_get_string (object, "text", WIRE_MAX_TEXT_BYTES, &text, error)
      || !mugai_json_get_bool (object, "tired", &tired, error))
    return FALSE;
  if (!name_to_index (code, code_names, WIRE_N_CODES, &index) || text == NULL) {
    g_set_error_literal (error, MUGAI_WORKER_ERROR, MUGAI_WORKER_ERROR_PROTOCOL, "unknown reply");
    return FALSE;
  }
  *reply = (WireReply){ .code = (WireCode) index, .tired = tired };
  reply->text = mugai_unicode_make_safe (text, -1, WIRE_MAX_TEXT_BYTES);
  return TRUE;
}

gboolean wire_receive_reply (int channel, gint64 deadline_us, WireReply *ret_reply, GError **error) {
  char data[WIRE_MAX_DATAGRAM_BYTES];
  int fds[MUGAI_FD_MAX_PASSED];
  guint n_fds;
  GError *cause = NULL;
  gint64 left_ms = (deadline_us - g_get_monotonic_time () + 999) / 1000;
  gssize length =
      mugai_fd_receive (channel, data, sizeof data, fds, &n_fds, (int) CLAMP (left_ms, 0, G_MAXINT), &cause);

  if (length < 0)
    return fail (error, cause);
  if (length == 0) {
    g_set_error_literal (error, MUGAI_WORKER_ERROR, MUGAI_WORKER_ERROR_DIED, "worker: ended without an answer");
    return FALSE;
  }
  if (n_fds > 0) {
    close_all (fds, n_fds);
    g_set_error_literal (error, MUGAI_WORKER_ERROR, MUGAI_WORKER_ERROR_PROTOCOL, "worker: descriptors in a reply");
    return FALSE;
  }
  if (parse_reply (data, (gsize) length, ret_reply, &cause))
    return TRUE;
  return fail (error, cause);
}

void wire_reply_clear (WireReply *reply) {
  g_clear_pointer (&reply->text, g_free);
}

GBytes *wire_take_output (int output_fd, gsize max_bytes, GError **error) {
  GError *cause = NULL;
  GBytes *output = NULL;

  /* Sealed first: a size that was looked at before could still change. */
  if (mugai_fd_seal (output_fd, &cause)) {
    gint64 size_bytes = mugai_fd_size (output_fd);
    if (size_bytes < 0 || (guint64) size_bytes > max_bytes)
      cause = g_error_new (G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE,
                           "wrote %" G_GINT64_FORMAT " bytes, at most %" G_GSIZE_FORMAT " are agreed", size_bytes,
                           max_bytes);
    else
      output = mugai_fd_map (output_fd, &cause);
  }
  if (output == NULL)
    (void) fail (error, cause);
  return output;
}
