/* SPDX-License-Identifier: GPL-2.0-only
 *
 * keeper/request: what a client asks for, checked on arrival.
 *
 * A front may be taken over: everything is looked at before it comes near the store. A body that does not come in the
 * datagram and an original must be sealed memory files, so that nobody can change them between the hash and the copy. A
 * record says that an original is kept exactly when one came along: a notice never names what is not there.
 */
#include "request.h"

#include <string.h>

#include "mugai/audit.h"
#include "mugai/base/base.h"
#include "mugai/base/fd.h"

void mugai_keeper_request_free (MugaiKeeperRequest *request) {
  if (request == NULL)
    return;
  g_free (request->kind);
  g_free (request->actor);
  g_free (request->id);
  json_decref (request->body);
  json_decref (request->answer);
  g_clear_error (&request->refused);
  mugai_actor_free (request->doer);
  mugai_fd_close (request->original_fd);
  g_free (request);
}

static gboolean refuse (GError **error, const char *words) {
  g_set_error (error, MUGAI_KEEPER_ERROR, MUGAI_KEEPER_ERROR_FAILED, "request refused: %s", words);
  return FALSE;
}

static gboolean is_kind (const char *kind) {
  static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

  return kind != NULL && kind[0] != '\0' && strspn (kind, allowed) == strlen (kind);
}

static gboolean read_head (MugaiKeeperRequest *request, const char *text, gsize length_bytes, GError **error) {
  g_autoptr (MugaiJson) head = mugai_json_parse (text, length_bytes, error);

  if (head == NULL || !mugai_json_get_string (head, "kind", MUGAI_KEEPER_MAX_KIND_BYTES, &request->kind, error)
      || !mugai_json_get_string (head, "actor", MUGAI_KEEPER_MAX_ACTOR_BYTES, &request->actor, error))
    return FALSE;
  /* A checkpoint is the chain's own, and signed: nobody else writes a line of that name. */
  if (!is_kind (request->kind) || request->actor == NULL || strcmp (request->kind, "checkpoint") == 0)
    return refuse (error, "kind or actor");
  request->body = json_incref (json_object_get (head, "body"));
  return request->body == NULL || json_is_object (request->body) || refuse (error, "the body is not a JSON object");
}

/* Not mugai_json_parse (): a record says the facts twice, and may be longer than those. */
static gboolean read_body (MugaiKeeperRequest *request, int fd, GError **error) {
  if (!mugai_fd_is_sealed (fd) || mugai_fd_size (fd) > (gint64) MUGAI_AUDIT_MAX_BODY_BYTES)
    return refuse (error, "the body is not sealed or too long");
  g_autoptr (GBytes) bytes = mugai_fd_map (fd, error);
  if (bytes == NULL)
    return FALSE;
  gsize length_bytes = 0;
  const char *text = g_bytes_get_data (bytes, &length_bytes);
  request->body = json_loadb (text, length_bytes, JSON_REJECT_DUPLICATES, NULL);
  return json_is_object (request->body) || refuse (error, "the body is not a JSON object");
}

static gboolean check_record (const MugaiKeeperRequest *request, GError **error) {
  json_t *quarantine_id = json_object_get (request->body, "quarantine_id");

  if (!json_is_integer (json_object_get (request->body, "record_version")))
    return refuse (error, "not a record");
  if (request->original_fd < 0)
    return json_is_null (quarantine_id) || refuse (error, "a quarantine_id without an original");
  return g_strcmp0 (json_string_value (quarantine_id), request->id) == 0
         || refuse (error, "an original whose quarantine_id is not the record's id");
}

static gboolean read_id (MugaiKeeperRequest *request, GError **error) {
  gboolean record = strcmp (request->kind, MUGAI_KEEPER_KIND_RECORD) == 0;
  const char *id = json_string_value (json_object_get (request->body, record ? "id" : "act_id"));

  if (!mugai_id_is_valid (id))
    return refuse (error, "no id");
  request->id = g_strdup (id);
  if (record)
    return check_record (request, error);
  return request->original_fd < 0 || refuse (error, "an act has no original");
}

MugaiKeeperRequest *mugai_keeper_request_read (const char *text, gsize length_bytes, int *fds, guint n_fds,
                                               GError **error) {
  g_autoptr (MugaiKeeperRequest) request = g_new0 (MugaiKeeperRequest, 1);
  gboolean good = read_head (request, text, length_bytes, error);
  gboolean has_body = request->body != NULL;
  guint used = 0;
  g_auto (MugaiFd) body_fd = !has_body && n_fds > 0 ? mugai_fd_steal (&fds[used++]) : -1;

  request->answer_fd = -1;
  request->original_fd = n_fds > used ? mugai_fd_steal (&fds[used++]) : -1;
  for (guint i = used; i < n_fds; i++)
    mugai_fd_close (mugai_fd_steal (&fds[i]));
  if (!good)
    return NULL;
  if (n_fds > used || (!has_body && body_fd < 0)) {
    (void) refuse (error, "its body and at most one original belong to it");
    return NULL;
  }
  if (request->original_fd >= 0 && !mugai_fd_is_sealed (request->original_fd)) {
    (void) refuse (error, "the original is not sealed");
    return NULL;
  }
  if ((!has_body && !read_body (request, body_fd, error)) || !read_id (request, error))
    return NULL;
  return g_steal_pointer (&request);
}
