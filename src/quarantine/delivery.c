/* SPDX-License-Identifier: GPL-2.0-only
 *
 * quarantine/delivery: an approved release on its way to the MTA, each recipient by itself.
 *
 * A token is shown once, in the answer to "queue"; the index keeps its digest, and the chain nothing of it. It is bound to item, recipient
 * and content, and good once.
 */
#include <string.h>

#include <sodium.h>

#include "mugai/base/unicode.h"

#include "act.h"
#include "await.h"

#define TOKEN_BYTES 32u

static char *digest_of (const char *token) {
  return mugai_sha256_hex (token, strlen (token));
}

/* One recipient: a token for it, or why not. */
static gboolean queue_one (MugaiAct *act, const char *release, json_t *row, const char *sha256, json_t *tokens) {
  guint8 bytes[TOKEN_BYTES];
  char token[2 * TOKEN_BYTES + 1];
  const char *state = mugai_act_text (row, "state"), *address = mugai_act_text (row, "address");
  gboolean late = strcmp (state, "queued") == 0 && json_integer_value (json_object_get (row, "until_s")) < act->now_s;
  /* Let in, and nobody said what became of it: only who has looked may have it sent again. */
  gboolean again = strcmp (state, "redeemed") == 0 && json_is_true (json_object_get (act->body, "again"));

  if (strcmp (state, "approved") != 0 && strcmp (state, "failed") != 0 && !late && !again)
    return TRUE;
  mugai_random (bytes, sizeof bytes);
  (void) sodium_bin2hex (token, sizeof token, bytes, sizeof bytes);
  g_autofree char *digest = digest_of (token);
  if (!mugai_quarantine_change (act->quarantine, act->error,
                                "UPDATE release_recipients SET state = 'queued', token = ?3, until_s = ?4, sha256 = ?5,"
                                " tries = tries + 1 WHERE release = ?1 AND address = ?2",
                                "sssis", release, address, digest, act->now_s + MUGAI_QUARANTINE_TOKEN_S, sha256))
    return FALSE;
  json_array_append_new (tokens, json_pack ("{s:s, s:s}", "address", address, "token", token));
  sodium_memzero (token, sizeof token);
  sodium_memzero (bytes, sizeof bytes);
  return TRUE;
}

static gboolean fail_queue (MugaiAct *act, const char *release, json_t *rows) {
  g_autoptr (GString) words = g_string_new (NULL);
  json_t *row;
  size_t i;

  json_array_foreach (rows, i, row)
      g_string_append_printf (words, "%s%s: %s", i > 0 ? ", " : "", mugai_act_text (row, "address"),
                              mugai_quarantine_state_words (mugai_act_text (row, "state"), act->japanese));
  return mugai_act_fail (act, MUGAI_ACT_ERROR_STATE,
                         MUGAI_ACT_WORDS (act, "今送るものはありません（申請番号 %s、%s）",
                                          "release %s: nothing to send now (%s)"),
                         release, words->str);
}

/* Who is no person sends what a delay has let go, and nothing else; and nobody sends it before. */
static gboolean check_due (MugaiAct *act, const char *kind) {
  g_autoptr (MugaiJson) awaits = mugai_quarantine_awaits (act->quarantine, act->id, act->error);
  gboolean delay = awaits != NULL && mugai_quarantine_awaits_delay (awaits);
  g_autofree char *roles = mugai_quarantine_role_names (act->actor->roles);

  if (awaits == NULL)
    return FALSE;
  if (!delay && (act->actor->roles & (MUGAI_ROLE_REVIEWER | MUGAI_ROLE_APPROVER)) == 0)
    return mugai_act_fail (act, MUGAI_ACT_ERROR_NOT_ALLOWED,
                           MUGAI_ACT_WORDS (act, "権限がありません（操作 %s、利用者 %s、役割 %s）",
                                            "%s: not for the role of %s (%s)"),
                           kind, act->actor->name, roles);
  if (delay && act->now_s < json_integer_value (json_object_get (awaits, "until_s")))
    return mugai_act_fail (act, MUGAI_ACT_ERROR_STATE,
                           MUGAI_ACT_WORDS (act, "送信待ちです。差出人がまだ取り消せます",
                                            "delayed: its sender may still recall it"));
  return TRUE;
}

gboolean mugai_act_queue (MugaiAct *act) {
  g_autoptr (MugaiJson) open = mugai_act_open_release (act);
  g_autoptr (MugaiJson) tokens = json_array ();
  const char *sha256 = mugai_act_text (act->body, "sha256");

  if (open == NULL || !check_due (act, "release-queue"))
    return FALSE;
  const char *release = mugai_act_text (open, "release"), *state = mugai_act_text (open, "state");
  if (strcmp (state, "approved") != 0 && strcmp (state, "queued") != 0 && strcmp (state, "failed") != 0)
    return mugai_act_fail (act, MUGAI_ACT_ERROR_STATE,
                           MUGAI_ACT_WORDS (act, "承認されていません（現在の状態: %s）",
                                            "not approved: the item is %s"),
                           mugai_act_state (act));
  if (!mugai_sha256_is_valid (sha256)
      || (strcmp (mugai_act_text (open, "form"), "original") == 0
          && strcmp (sha256, mugai_act_text (act->item, "sha256")) != 0))
    return mugai_act_fail (act, MUGAI_ACT_ERROR_STATE,
                           MUGAI_ACT_WORDS (act, "送ろうとした内容が原本と一致しません",
                                            "what is to be sent is not the original"));
  g_autoptr (MugaiJson) rows =
      mugai_quarantine_query (act->quarantine, act->error,
                              "SELECT * FROM release_recipients WHERE release = ?1 ORDER BY address", "s", release);
  json_t *row;
  size_t i;
  if (rows == NULL)
    return FALSE;
  json_array_foreach (rows, i, row) {
    if (!queue_one (act, release, row, sha256, tokens))
      return FALSE;
  }
  if (json_array_size (tokens) == 0)
    return fail_queue (act, release, rows);
  mugai_act_say (act, "release", json_string (release));
  json_object_set_new (act->line, "sha256", json_string (sha256));
  json_object_set_new (act->line, "recipients", json_integer ((json_int_t) json_array_size (tokens)));
  json_object_set (act->answer, "tokens", tokens);
  return mugai_act_set_release (act, release, "", "queued") && mugai_act_set_item (act, "queued");
}

/* The front's: the token is the right; it is bound to item, recipient and content, and good once. */
gboolean mugai_act_redeem (MugaiAct *act) {
  g_autofree char *digest = digest_of (mugai_act_text (act->body, "token"));
  g_autoptr (MugaiJson) rows = mugai_quarantine_query (
      act->quarantine, act->error,
      "SELECT r.release, r.item, p.address FROM release_recipients p JOIN releases r USING (release) WHERE p.token = ?1"
      " AND p.state = 'queued' AND p.until_s >= ?2 AND p.sha256 = ?3 AND p.address = ?4 COLLATE NOCASE",
      "siss", digest, act->now_s, mugai_act_text (act->body, "sha256"), mugai_act_text (act->body, "recipient"));

  if (rows == NULL)
    return FALSE;
  json_t *row = json_array_get (rows, 0);
  if (row == NULL)
    return mugai_act_fail (act, MUGAI_ACT_ERROR_NOT_ALLOWED,
                           MUGAI_ACT_WORDS (act, "そのような解除はありません", "no such release"));
  mugai_act_say (act, "item", json_string (mugai_act_text (row, "item")));
  mugai_act_say (act, "release", json_string (mugai_act_text (row, "release")));
  json_object_set_new (act->line, "recipient", json_string (mugai_act_text (row, "address")));
  json_object_set_new (act->line, "sha256", json_string (mugai_act_text (act->body, "sha256")));
  return mugai_quarantine_change (act->quarantine, act->error,
                                  "UPDATE release_recipients SET state = 'redeemed', token = NULL"
                                  " WHERE release = ?1 AND address = ?2",
                                  "ss", mugai_act_text (row, "release"), mugai_act_text (row, "address"));
}

/* From its recipients: one that failed makes it "failed", one on the way "queued", all accepted "done". */
static gboolean settle (MugaiAct *act, const char *release) {
  g_autoptr (MugaiJson) rows = mugai_quarantine_query (
      act->quarantine, act->error,
      "SELECT sum (state IN ('queued', 'redeemed', 'approved')) AS waiting, sum (state = 'failed') AS failed"
      " FROM release_recipients WHERE release = ?1",
      "s", release);

  if (rows == NULL)
    return FALSE;
  json_t *row = json_array_get (rows, 0);
  const char *state = json_integer_value (json_object_get (row, "waiting")) > 0  ? "queued"
                      : json_integer_value (json_object_get (row, "failed")) > 0 ? "failed"
                                                                                 : "done";
  return mugai_quarantine_change (act->quarantine, act->error, "UPDATE releases SET state = ?2 WHERE release = ?1",
                                  "ss", release, state)
         && mugai_act_set_item (act, state);
}

gboolean mugai_act_result (MugaiAct *act) {
  if (!check_due (act, "release-result"))
    return FALSE;
  const char *address = mugai_act_text (act->body, "recipient"), *release = mugai_act_text (act->body, "release");
  gboolean accepted = json_is_true (json_object_get (act->body, "accepted"));
  g_autofree char *reply =
      mugai_unicode_make_safe (mugai_act_text (act->body, "reply"), -1, MUGAI_QUARANTINE_MAX_REASON_BYTES);
  g_autoptr (MugaiJson) rows = mugai_quarantine_query (
      act->quarantine, act->error,
      "SELECT p.state FROM release_recipients p JOIN releases r USING (release)"
      " WHERE release = ?1 AND address = ?2 AND item = ?3 AND p.state IN ('queued', 'redeemed')",
      "sss", release, address, act->id);

  if (rows == NULL)
    return FALSE;
  if (json_array_size (rows) == 0)
    return mugai_act_fail (act, MUGAI_ACT_ERROR_STATE,
                           MUGAI_ACT_WORDS (act, "送信中の解除はありません", "no such release is on its way"));
  gboolean seen = strcmp (mugai_act_text (json_array_get (rows, 0), "state"), "redeemed") == 0;
  /* Let in by us, and then no word from the MTA: it may have it. To call that failed would be to send it twice. */
  gboolean unknown = !accepted && seen && !json_is_true (json_object_get (act->body, "answered"));
  mugai_act_say (act, "release", json_string (release));
  json_object_set_new (act->line, "recipient", json_string (address));
  json_object_set_new (act->line, "accepted", json_boolean (accepted));
  json_object_set_new (act->line, "reply", mugai_json_string (reply));
  mugai_act_say (act, "unknown", json_boolean (unknown));
  mugai_act_say (act, "scanned_again",
                 json_boolean (seen)); /* FALSE and accepted: a listener without mugai behind it */
  return mugai_quarantine_change (act->quarantine, act->error,
                                  "UPDATE release_recipients SET state = ?3, reply = ?4, token = NULL"
                                  " WHERE release = ?1 AND address = ?2",
                                  "ssss", release, address,
                                  accepted  ? "accepted"
                                  : unknown ? "redeemed"
                                            : "failed",
                                  reply)
         && settle (act, release);
}
