/* SPDX-License-Identifier: GPL-2.0-only
 *
 * quarantine/release: a release asked for, approved or refused; nobody decides on what they asked for themselves.
 *
 * An item has at most one release that is not over. High classes need two approvers; an infected mail is not released at all.
 */
#include <string.h>

#include "act.h"
#include "await.h"

#define N_APPROVALS_HIGH 2

/* (transfer full): the newest release of the item that is not over; an empty object: there is none. */
json_t *mugai_act_open_release (MugaiAct *act) {
  g_autoptr (MugaiJson) rows = mugai_quarantine_query (
      act->quarantine, act->error,
      "SELECT * FROM releases WHERE item = ?1 AND state NOT IN ('done', 'refused') ORDER BY release DESC LIMIT 1", "s",
      act->id);

  if (rows == NULL)
    return NULL;
  json_t *row = json_array_get (rows, 0);
  return row != NULL ? json_incref (row) : json_object ();
}

static gboolean is_recipient (MugaiAct *act, const char *address, gboolean *ret_is) {
  g_autoptr (MugaiJson) rows =
      mugai_quarantine_query (act->quarantine, act->error,
                              "SELECT address FROM recipients WHERE id = ?1 AND address = ?2 COLLATE NOCASE", "ss",
                              act->id, address);

  *ret_is = rows != NULL && json_array_size (rows) > 0;
  return rows != NULL;
}

/* (transfer full): those asked for, all of them the item's own; without a list all it was for. */
static json_t *choose_recipients (MugaiAct *act) {
  json_t *wanted = json_object_get (act->body, "recipients");
  json_t *value;
  size_t i;
  g_autoptr (MugaiJson) chosen = json_array ();

  if (json_array_size (wanted) == 0) {
    g_autoptr (MugaiJson) rows =
        mugai_quarantine_query (act->quarantine, act->error,
                                "SELECT DISTINCT address FROM recipients WHERE id = ?1 AND address <> '' ORDER BY n",
                                "s", act->id);
    json_array_foreach (rows, i, value) json_array_append (chosen, json_object_get (value, "address"));
    return rows != NULL ? g_steal_pointer (&chosen) : NULL;
  }
  json_array_foreach (wanted, i, value) {
    gboolean is = FALSE;
    const char *address = json_string_value (value);
    if (address == NULL || !is_recipient (act, address, &is))
      return NULL;
    if (!is) {
      (void) mugai_act_fail (act, MUGAI_ACT_ERROR_STATE,
                             MUGAI_ACT_WORDS (act, "%s はこのメールの宛先ではありません",
                                              "%s is not a recipient of this mail"),
                             address);
      return NULL;
    }
    json_array_append (chosen, value);
  }
  return g_steal_pointer (&chosen);
}

static gboolean put_release (MugaiAct *act, const char *release, const char *form, json_t *recipients) {
  json_t *value;
  size_t i;

  if (!mugai_quarantine_change (act->quarantine, act->error,
                                "INSERT INTO releases VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'requested')", "ssssss", release,
                                act->id, form, act->actor->name, mugai_act_text (act->body, "reason"), act->at))
    return FALSE;
  json_array_foreach (recipients, i, value) {
    if (!mugai_quarantine_change (act->quarantine, act->error,
                                  "INSERT OR IGNORE INTO release_recipients (release, address, state)"
                                  " VALUES (?1, ?2, 'requested')",
                                  "ss", release, json_string_value (value)))
      return FALSE;
  }
  return TRUE;
}

gboolean mugai_act_request (MugaiAct *act) {
  const char *form = mugai_act_text (act->body, "form");
  g_autoptr (MugaiJson) open = mugai_act_open_release (act);
  const char *release = mugai_act_text (act->body, "act_id");

  if (open == NULL)
    return FALSE;
  if (strcmp (mugai_act_text (act->item, "state"), "recalled") == 0)
    return mugai_act_fail (act, MUGAI_ACT_ERROR_STATE,
                           MUGAI_ACT_WORDS (act, "差出人が送信を取り消したメールです。もう送れません",
                                            "recalled by its sender: it is not sent any more"));
  if (strcmp (act->item_class, "infected") == 0)
    return mugai_act_fail (act, MUGAI_ACT_ERROR_NOT_ALLOWED,
                           MUGAI_ACT_WORDS (act, "ウイルスが見つかったメールは解除できません",
                                            "infected: an infected mail is not released"));
  if (json_object_size (open) > 0)
    return mugai_act_fail (act, MUGAI_ACT_ERROR_STATE,
                           MUGAI_ACT_WORDS (act, "すでに申請されています（申請番号 %s、申請者 %s、%s）",
                                            "there is a request already: %s by %s, %s"),
                           mugai_act_text (open, "release"), mugai_act_text (open, "requester"),
                           mugai_quarantine_state_words (mugai_act_text (open, "state"), act->japanese));
  if (strcmp (form, "original") != 0 && strcmp (form, "attachment") != 0 && strcmp (form, "text") != 0)
    return mugai_act_fail (act, MUGAI_ACT_ERROR_STATE,
                           MUGAI_ACT_WORDS (act, "--as は original、attachment、text のいずれかです",
                                            "the form is original, attachment or text"));
  g_autoptr (MugaiJson) recipients = choose_recipients (act);
  if (recipients == NULL)
    return FALSE;
  if (json_array_size (recipients) == 0)
    return mugai_act_fail (act, MUGAI_ACT_ERROR_STATE,
                           MUGAI_ACT_WORDS (act, "このメールには宛先がありません", "the mail has no recipient"));
  mugai_act_say (act, "release", json_string (release));
  json_object_set (act->line, "recipients", recipients);
  json_object_set_new (act->line, "form", json_string (form));
  return put_release (act, release, form, recipients) && mugai_act_set_item (act, "requested");
}

/* "uid:1001:hana" and "uid:1001:hanako" are one: a login can be called otherwise overnight. */
gboolean mugai_act_is_same_person (const char *a, const char *b) {
  const char *end_a = g_str_has_prefix (a, "uid:") ? strchr (a + 4, ':') : NULL;
  const char *end_b = g_str_has_prefix (b, "uid:") ? strchr (b + 4, ':') : NULL;
  gsize length_a = end_a != NULL ? (gsize) (end_a - a) : strlen (a);
  gsize length_b = end_b != NULL ? (gsize) (end_b - b) : strlen (b);

  return length_a == length_b && memcmp (a, b, length_a) == 0;
}

/* Whoever asked: the sender decides on no release of the own mail; and where the rule names approvers, nobody else does. */
static gboolean check_sides (MugaiAct *act) {
  g_autoptr (MugaiJson) record = mugai_quarantine_record (act->quarantine, act->id, act->error);
  json_t *awaits = json_object_get (record, "awaits");

  if (record == NULL)
    return FALSE;
  if (mugai_actor_is_sender (act->actor, record))
    return mugai_act_fail (act, MUGAI_ACT_ERROR_NOT_ALLOWED,
                           MUGAI_ACT_WORDS (act, "メールの差出人は、その解除を承認・却下できません",
                                            "who sent the mail cannot decide on its release"));
  if (!mugai_actor_may_approve (act->actor, awaits))
    return mugai_act_fail (act, MUGAI_ACT_ERROR_NOT_ALLOWED,
                           MUGAI_ACT_WORDS (act, "承認者が規則で決められており、あなたは含まれていません",
                                            "the rule names its approvers, and you are none of them"));
  if (awaits != NULL)
    mugai_act_say (act, "awaits", json_incref (json_object_get (awaits, "kind")));
  return TRUE;
}

static gboolean find_requested (MugaiAct *act, json_t **ret_open) {
  *ret_open = mugai_act_open_release (act);
  if (*ret_open == NULL)
    return FALSE;
  if (strcmp (mugai_act_text (*ret_open, "state"), "requested") != 0)
    return mugai_act_fail (act, MUGAI_ACT_ERROR_STATE,
                           MUGAI_ACT_WORDS (act, "承認を待っている申請はありません（現在の状態: %s）",
                                            "nothing waits for an approval: the item is %s"),
                           mugai_act_state (act));
  if (mugai_act_is_same_person (mugai_act_text (*ret_open, "requester"), act->actor->name))
    return mugai_act_fail (act, MUGAI_ACT_ERROR_NOT_ALLOWED,
                           MUGAI_ACT_WORDS (act, "申請した人は、その申請を承認・却下できません",
                                            "who asked for a release cannot decide on it"));
  if (!check_sides (act))
    return FALSE;
  mugai_act_say (act, "release", json_string (mugai_act_text (*ret_open, "release")));
  return TRUE;
}

gboolean mugai_act_set_release (MugaiAct *act, const char *release, const char *from, const char *to) {
  return mugai_quarantine_change (act->quarantine, act->error, "UPDATE releases SET state = ?2 WHERE release = ?1",
                                  "ss", release, to)
         && mugai_quarantine_change (act->quarantine, act->error,
                                     "UPDATE release_recipients SET state = ?3 WHERE release = ?1 AND state = ?2",
                                     "sss", release, from, to);
}

gboolean mugai_act_approve (MugaiAct *act) {
  g_autoptr (MugaiJson) open = NULL;

  if (!find_requested (act, &open))
    return FALSE;
  const char *release = mugai_act_text (open, "release");
  g_autoptr (MugaiJson) others =
      mugai_quarantine_query (act->quarantine, act->error, "SELECT approver FROM approvals WHERE release = ?1", "s",
                              release);
  if (others == NULL)
    return FALSE;
  json_t *value;
  size_t i;
  json_array_foreach (others, i, value) {
    if (mugai_act_is_same_person (mugai_act_text (value, "approver"), act->actor->name))
      return mugai_act_fail (act, MUGAI_ACT_ERROR_NOT_ALLOWED,
                             MUGAI_ACT_WORDS (act, "あなたはすでに承認しています。もう 1 人の承認者が必要です",
                                              "you have approved this already; another approver is needed"));
  }
  if (!mugai_quarantine_change (act->quarantine, act->error, "INSERT INTO approvals VALUES (?1, ?2, ?3, ?4)", "ssss",
                                release, act->actor->name, mugai_act_text (act->body, "reason"), act->at))
    return FALSE;
  int needed = strcmp (act->item_class, "normal") == 0 ? 1 : N_APPROVALS_HIGH;
  int there = (int) json_array_size (others) + 1;
  mugai_act_say (act, "approvals", json_integer (there));
  mugai_act_say (act, "needed", json_integer (needed));
  if (there < needed)
    return mugai_act_set_item (act, "requested");
  return mugai_act_set_release (act, release, "requested", "approved") && mugai_act_set_item (act, "approved");
}

gboolean mugai_act_refuse (MugaiAct *act) {
  g_autoptr (MugaiJson) open = NULL;

  return find_requested (act, &open)
         && mugai_act_set_release (act, mugai_act_text (open, "release"), "requested", "refused")
         && mugai_act_set_item (act, "refused");
}
