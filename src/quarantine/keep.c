/* SPDX-License-Identifier: GPL-2.0-only
 *
 * quarantine/keep: keeping and ending an item: held, extended, deleted, expired; and acts that change nothing but the chain.
 *
 * A disposal's record says what and of what digest; the key is destroyed once that line is durable (retain.c).
 */
#include <string.h>

#include "act.h"
#include "await.h"

#define MAX_EXTENSION_DAYS 3650

static gboolean is_on_its_way (MugaiAct *act, gboolean *ret_is) {
  g_autoptr (MugaiJson) rows = mugai_quarantine_query (
      act->quarantine, act->error,
      "SELECT 1 AS one FROM releases r JOIN release_recipients p USING (release) WHERE r.item = ?1"
      " AND p.state IN ('queued', 'redeemed')",
      "s", act->id);

  *ret_is = rows != NULL && json_array_size (rows) > 0;
  return rows != NULL;
}

/* The sender takes a mail back that was not sent to anybody yet; whoever else has to do with it may do so for the sender. */
gboolean mugai_act_recall (MugaiAct *act) {
  const MugaiRoles others = MUGAI_ROLE_REVIEWER | MUGAI_ROLE_APPROVER | MUGAI_ROLE_ADMINISTRATOR;
  static const char *const waiting[] = { "held", "requested", "approved", "delayed", "failed", "refused", NULL };
  g_autoptr (MugaiJson) record = mugai_quarantine_record (act->quarantine, act->id, act->error);
  gboolean on_its_way = FALSE;

  if (record == NULL || !is_on_its_way (act, &on_its_way))
    return FALSE;
  if (!mugai_actor_is_sender (act->actor, record) && (act->actor->roles & others) == 0)
    return mugai_act_fail (act, MUGAI_ACT_ERROR_NOT_ALLOWED,
                           MUGAI_ACT_WORDS (act, "%s はこのメールの差出人ではないため、取り消せません",
                                            "recall: not for %s, who did not send it"),
                           act->actor->name);
  if (strcmp (mugai_act_text (record, "direction"), "inbound") == 0
      || strcmp (mugai_act_text (record, "action"), "hold") != 0)
    return mugai_act_fail (act, MUGAI_ACT_ERROR_STATE,
                           MUGAI_ACT_WORDS (act, "取り消せるのは、庁内から送って止められているメールだけです",
                                            "only a mail of ours that is held can be recalled"));
  if (on_its_way || !g_strv_contains (waiting, mugai_act_text (act->item, "state")))
    return mugai_act_fail (act, MUGAI_ACT_ERROR_STATE,
                           MUGAI_ACT_WORDS (act, "取り消しに間に合いませんでした（現在の状態: %s）",
                                            "too late to recall it: the item is %s"),
                           mugai_act_state (act));
  return mugai_quarantine_change (
             act->quarantine, act->error,
             "UPDATE release_recipients SET state = 'refused' WHERE state <> 'accepted' AND release IN"
             " (SELECT release FROM releases WHERE item = ?1)",
             "s", act->id)
         && mugai_quarantine_change (act->quarantine, act->error,
                                     "UPDATE releases SET state = 'refused' WHERE item = ?1 AND state <> 'done'", "s",
                                     act->id)
         && mugai_act_set_item (act, "recalled");
}

static gboolean dispose (MugaiAct *act, const char *state) {
  gboolean on_its_way = FALSE;

  if (json_integer_value (json_object_get (act->item, "legal_hold")) != 0)
    return mugai_act_fail (act, MUGAI_ACT_ERROR_STATE,
                           MUGAI_ACT_WORDS (act, "保全中のため廃棄できません", "a legal hold keeps this item"));
  if (!is_on_its_way (act, &on_its_way))
    return FALSE;
  if (on_its_way)
    return mugai_act_fail (act, MUGAI_ACT_ERROR_STATE,
                           MUGAI_ACT_WORDS (act, "解除の送信中です", "it is being released just now"));
  /* The disposal record: what, of what digest; when, who, why and with which role stand in every line. */
  json_object_set (act->line, "sha256", json_object_get (act->item, "sha256"));
  json_object_set (act->line, "size_bytes", json_object_get (act->item, "size_bytes"));
  json_object_set (act->line, "class", json_object_get (act->item, "class"));
  json_object_set (act->line, "received", json_object_get (act->item, "time"));
  return mugai_quarantine_change (act->quarantine, act->error,
                                  "UPDATE releases SET state = 'refused' WHERE item = ?1 AND state <> 'done'", "s",
                                  act->id)
         && mugai_act_set_item (act, state);
}

gboolean mugai_act_delete (MugaiAct *act) {
  return dispose (act, "deleted");
}

gboolean mugai_act_expire (MugaiAct *act) {
  return dispose (act, "expired");
}

static gboolean set_hold (MugaiAct *act, gint64 hold) {
  if (json_integer_value (json_object_get (act->item, "legal_hold")) == hold)
    return mugai_act_fail (act, MUGAI_ACT_ERROR_STATE,
                           hold ? MUGAI_ACT_WORDS (act, "すでに保全されています", "it is held already")
                                : MUGAI_ACT_WORDS (act, "保全されていません", "it is not held"));
  mugai_act_say (act, "legal_hold", json_boolean (hold != 0));
  return mugai_quarantine_change (act->quarantine, act->error, "UPDATE items SET legal_hold = ?2 WHERE id = ?1", "si",
                                  act->id, hold);
}

gboolean mugai_act_hold (MugaiAct *act) {
  return set_hold (act, 1);
}

gboolean mugai_act_unhold (MugaiAct *act) {
  return set_hold (act, 0);
}

gboolean mugai_act_extend (MugaiAct *act) {
  json_int_t days = json_integer_value (json_object_get (act->body, "days"));
  gint64 until_s = act->now_s + days * 86400;

  if (days < 1 || days > MAX_EXTENSION_DAYS)
    return mugai_act_fail (act, MUGAI_ACT_ERROR_STATE,
                           MUGAI_ACT_WORDS (act, "日数は今日から数えて 1 から %d までです（--days）",
                                            "write 1 to %d days, counted from now"),
                           MAX_EXTENSION_DAYS);
  if (until_s < json_integer_value (json_object_get (act->item, "kept_until_s")))
    return mugai_act_fail (act, MUGAI_ACT_ERROR_STATE,
                           MUGAI_ACT_WORDS (act, "延長で保存期間を短くすることはできません",
                                            "an extension does not shorten"));
  mugai_act_say (act, "kept_until_s", json_integer (until_s));
  return mugai_quarantine_change (act->quarantine, act->error, "UPDATE items SET kept_until_s = ?2 WHERE id = ?1", "si",
                                  act->id, until_s);
}

/* Looked at, searched, exported, backed up: nothing changes but the chain. */
gboolean mugai_act_note (MugaiAct *act) {
  static const char *const own[] = { "act_id", "item", "reason", "origin", "sudo_uid", "role", "token", "language" };
  const char *key;
  json_t *value;

  json_object_foreach (act->body, key, value) {
    gboolean taken = FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS (own); i++)
      taken = taken || strcmp (key, own[i]) == 0;
    if (!taken)
      json_object_set (act->line, key, value);
  }
  return TRUE;
}

gboolean mugai_act_list (MugaiAct *act) {
  if (act->actor->units != NULL && !g_strv_contains ((const char *const *) act->actor->units, "*"))
    json_object_set_new (act->answer, "units", mugai_json_strv ((const char *const *) act->actor->units));
  return mugai_act_note (act);
}

gboolean mugai_act_export (MugaiAct *act) {
  if (strcmp (act->item_class, "infected") == 0
      && (act->actor->roles & (MUGAI_ROLE_ADMINISTRATOR | MUGAI_ROLE_ROOT)) == 0)
    return mugai_act_fail (act, MUGAI_ACT_ERROR_NOT_ALLOWED,
                           MUGAI_ACT_WORDS (act, "ウイルスが見つかったメールを取り出せるのは管理者だけです",
                                            "infected: only an administrator takes it out"));
  return mugai_act_note (act);
}

gboolean mugai_act_rotate (MugaiAct *act) {
  guint number = 0;

  if (!mugai_quarantine_rotate_key (act->quarantine, &number, act->error))
    return FALSE;
  mugai_act_say (act, "master", json_integer (number));
  return TRUE;
}

/* Whose key ends in "@domain" or the address of one of the units; an administrator of all has them all. */
static gboolean has_key (const MugaiActor *actor, const char *key) {
  gboolean has = actor->units == NULL;

  for (char **unit = actor->units; unit != NULL && *unit != NULL; unit++) {
    g_autofree char *address = g_strconcat (":", *unit, NULL);
    has = has || strcmp (*unit, "*") == 0 || g_str_has_suffix (key, (*unit)[0] == '@' ? *unit : address);
  }
  return has;
}

gboolean mugai_act_flow (MugaiAct *act) {
  const char *key = mugai_act_text (act->body, "key");

  if (key[0] == '\0' || strlen (key) > MUGAI_RATE_MAX_KEY_BYTES)
    return mugai_act_fail (act, MUGAI_ACT_ERROR_STATE,
                           MUGAI_ACT_WORDS (act, "だれのメールかを mugai flow list のキーで指定してください",
                                            "say whose mail: a key of mugai flow list"));
  if (!has_key (act->actor, key))
    return mugai_act_fail (act, MUGAI_ACT_ERROR_NOT_ALLOWED,
                           MUGAI_ACT_WORDS (act, "%s はほかの所属です", "%s is of another unit"), key);
  return mugai_act_note (act);
}
