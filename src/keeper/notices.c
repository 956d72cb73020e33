/* SPDX-License-Identifier: GPL-2.0-only
 *
 * keeper/notices: who may have one more notice today, whose digest is due, and marks.
 *
 *     ask-notices  {"boxes", "forwarded"}  ->  {"send": [bool, ...]}
 *     ask-digest   {"all": bool}           ->  {"box", "count", "ids"}, or without them: none is due
 *     ask-mark     {"digest"}              ->  {"mark"};  {"digest", "mark"}  ->  {"valid": bool}
 *
 * The mark is a MAC by the key that signs the chain: nobody but the keeper can make one, and it asks nobody but our own fronts.
 */
#include "notices.h"

#include <string.h>

#include "mugai/base/base.h"

#define MARK_PURPOSE "mugai notice mark"
#define MAX_BOXES 10000u /* recipients of one mail */
#define MAX_ADDRESS_BYTES 1024u

static gboolean fail (GError **error, const char *what) {
  g_set_error (error, MUGAI_KEEPER_ERROR, MUGAI_KEEPER_ERROR_FAILED, "request refused: %s", what);
  return FALSE;
}

static const char *text_of (json_t *object, const char *name) {
  const char *text = json_string_value (json_object_get (object, name));
  return text != NULL ? text : "";
}

/* ---- lines ---- */

static void note_record (MugaiNotices *notices, json_t *body, gint64 at_us) {
  json_t *told = json_object_get (body, "notices"), *box;
  MugaiNoticeKind kind =
      json_is_true (json_object_get (told, "forwarded")) ? MUGAI_NOTICE_FORWARDED_MAIL : MUGAI_NOTICE_HELD_MAIL;
  size_t i;

  json_array_foreach (json_object_get (told, "sent"), i, box) if (json_is_string (box))
      mugai_notices_sent (notices, json_string_value (box), kind, at_us);
  json_array_foreach (json_object_get (told, "withheld"), i, box) if (json_is_string (box))
      mugai_notices_withheld (notices, json_string_value (box), text_of (body, "id"), at_us);
}

void mugai_keeper_notices_note (MugaiNotices *notices, const char *kind, json_t *body, gint64 at_us) {
  if (strcmp (kind, MUGAI_KEEPER_KIND_RECORD) == 0)
    note_record (notices, body, at_us);
  else if (strcmp (kind, MUGAI_KEEPER_ACT_DIGEST) == 0)
    mugai_notices_told (notices, text_of (body, "box"),
                        (guint64) MAX (0, json_integer_value (json_object_get (body, "count"))));
}

/* ---- questions ---- */

static json_t *answer_notices (MugaiNotices *notices, json_t *body, gint64 now_us, GError **error) {
  g_auto (GStrv) boxes = NULL;
  MugaiNoticeKind kind =
      json_is_true (json_object_get (body, "forwarded")) ? MUGAI_NOTICE_FORWARDED_MAIL : MUGAI_NOTICE_HELD_MAIL;
  json_t *send = json_array ();

  if (!mugai_json_get_strv (body, "boxes", MAX_BOXES, MAX_ADDRESS_BYTES, &boxes, error)) {
    json_decref (send);
    return NULL;
  }
  for (char **box = boxes; *box != NULL; box++)
    json_array_append_new (send, json_boolean (mugai_notices_claim (notices, *box, kind, now_us)));
  return json_pack ("{s:b, s:o}", "ok", 1, "send", send);
}

static json_t *answer_digest (const MugaiNotices *notices, json_t *body, gint64 now_us) {
  gboolean all = json_is_true (json_object_get (body, "all"));
  json_t *answer = json_pack ("{s:b}", "ok", 1), *ids = json_array ();
  MugaiNoticeDigest digest;

  if (!mugai_notices_due (notices, all ? now_us + (gint64) MUGAI_NOTICE_DAY_S * G_USEC_PER_SEC : now_us, &digest)) {
    json_decref (ids);
    return answer;
  }
  for (guint i = 0; i < digest.ids->len; i++)
    json_array_append_new (ids, mugai_json_string (g_ptr_array_index (digest.ids, i)));
  json_object_set_new (answer, "box", mugai_json_string (digest.box));
  json_object_set_new (answer, "count", json_integer ((json_int_t) digest.count));
  json_object_set_new (answer, "ids", ids);
  return answer;
}

json_t *mugai_keeper_notices_answer (MugaiNotices *notices, const MugaiKeeperRequest *request, gint64 now_us,
                                     GError **error) {
  if (strcmp (request->kind, MUGAI_KEEPER_ASK_DIGEST) == 0)
    return answer_digest (notices, request->body, now_us);
  return answer_notices (notices, request->body, now_us, error);
}

json_t *mugai_keeper_mark_answer (const MugaiAudit *audit, const MugaiKeeperRequest *request, GError **error) {
  const char *digest = text_of (request->body, "digest"), *given = text_of (request->body, "mark");

  if (!mugai_sha256_is_valid (digest)) {
    (void) fail (error, "digest");
    return NULL;
  }
  g_autofree char *mark = mugai_audit_mac (audit, MARK_PURPOSE, digest);
  if (mark == NULL) {
    (void) fail (error, "no key is in use");
    return NULL;
  }
  if (*given == '\0')
    return json_pack ("{s:b, s:s}", "ok", 1, "mark", mark);
  return json_pack ("{s:b, s:b}", "ok", 1, "valid", mugai_audit_mac_is_same (mark, given) ? 1 : 0);
}
