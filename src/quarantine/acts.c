/* SPDX-License-Identifier: GPL-2.0-only
 *
 * quarantine/acts: the table of acts: who may, what it needs, and who does it (the states are drawn in acts.h).
 *
 * Every act is looked at whole before it changes a row, so that a refused one leaves nothing. No clock but the one handed in.
 */
#include "mugai/quarantine/acts.h"

#include <string.h>

#include "mugai/base/unicode.h"

#include "act.h"

#define READERS                                                                                                        \
  (MUGAI_ROLE_REVIEWER | MUGAI_ROLE_APPROVER | MUGAI_ROLE_ADMINISTRATOR | MUGAI_ROLE_AUDITOR | MUGAI_ROLE_ROOT)

#define SENDERS (MUGAI_ROLE_REVIEWER | MUGAI_ROLE_APPROVER | MUGAI_ROLE_ROOT | MUGAI_ROLE_CLERK)

G_DEFINE_QUARK (mugai - act - error - quark, mugai_act_error)

gboolean mugai_act_fail (MugaiAct *act, MugaiActError code, const char *format, ...) {
  va_list arguments;

  va_start (arguments, format);
  g_autofree char *words = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error_literal (act->error, MUGAI_ACT_ERROR, (gint) code, words);
  return FALSE;
}

const char *mugai_act_text (json_t *object, const char *key) {
  const char *text = json_string_value (json_object_get (object, key));

  return text != NULL ? text : "";
}

/* Says it to both: the chain and who asked. */
void mugai_act_say (MugaiAct *act, const char *key, json_t *value) {
  json_object_set (act->line, key, value);
  json_object_set_new (act->answer, key, value);
}

const char *mugai_act_state (MugaiAct *act) {
  return mugai_quarantine_state_words (mugai_act_text (act->item, "state"), act->japanese);
}

gboolean mugai_act_set_item (MugaiAct *act, const char *state) {
  json_object_set_new (act->line, "before", json_string (mugai_act_text (act->item, "state")));
  mugai_act_say (act, "state", json_string (state));
  return mugai_quarantine_change (act->quarantine, act->error, "UPDATE items SET state = ?2 WHERE id = ?1", "ss",
                                  act->id, state);
}

/* ---- the table ---- */

typedef enum { NEEDS_NOTHING = 0, NEEDS_ITEM = 1, NEEDS_REASON = 2, NEEDS_BLOB = 4 } Needs;

static const struct {
  const char *kind;
  MugaiRoles roles;
  Needs needs;
  gboolean (*run) (MugaiAct *act);
} acts[] = {
  { "release-request", MUGAI_ROLE_REVIEWER | MUGAI_ROLE_APPROVER, NEEDS_ITEM | NEEDS_REASON | NEEDS_BLOB,
    mugai_act_request },
  { "release-approve", MUGAI_ROLE_APPROVER, NEEDS_ITEM | NEEDS_REASON | NEEDS_BLOB, mugai_act_approve },
  { "release-refuse", MUGAI_ROLE_APPROVER, NEEDS_ITEM | NEEDS_REASON | NEEDS_BLOB, mugai_act_refuse },
  { "release-queue", SENDERS, NEEDS_ITEM | NEEDS_BLOB, mugai_act_queue },
  { "release-result", SENDERS, NEEDS_ITEM, mugai_act_result },
  /* Being the sender is the right. */
  { "recall", (MugaiRoles) ~0u, NEEDS_ITEM | NEEDS_REASON | NEEDS_BLOB, mugai_act_recall },
  /* The token is the right. */
  { "release-redeem", (MugaiRoles) ~0u, NEEDS_NOTHING, mugai_act_redeem },
  { "delete", MUGAI_ROLE_ADMINISTRATOR, NEEDS_ITEM | NEEDS_REASON | NEEDS_BLOB, mugai_act_delete },
  { "expire", MUGAI_ROLE_KEEPER, NEEDS_ITEM | NEEDS_REASON | NEEDS_BLOB, mugai_act_expire },
  { "legal-hold", MUGAI_ROLE_APPROVER | MUGAI_ROLE_ADMINISTRATOR | MUGAI_ROLE_ROOT,
    NEEDS_ITEM | NEEDS_REASON | NEEDS_BLOB, mugai_act_hold },
  { "legal-hold-end", MUGAI_ROLE_ADMINISTRATOR, NEEDS_ITEM | NEEDS_REASON | NEEDS_BLOB, mugai_act_unhold },
  { "extend", MUGAI_ROLE_APPROVER | MUGAI_ROLE_ADMINISTRATOR | MUGAI_ROLE_ROOT, NEEDS_ITEM | NEEDS_REASON | NEEDS_BLOB,
    mugai_act_extend },
  { "export", MUGAI_ROLE_APPROVER | MUGAI_ROLE_ADMINISTRATOR | MUGAI_ROLE_ROOT, NEEDS_ITEM | NEEDS_BLOB,
    mugai_act_export },
  { "view", READERS, NEEDS_ITEM, mugai_act_note },
  { "list", READERS, NEEDS_NOTHING, mugai_act_list },
  { "search", MUGAI_ROLE_AUDITOR | MUGAI_ROLE_ADMINISTRATOR | MUGAI_ROLE_ROOT, NEEDS_NOTHING, mugai_act_note },
  { "report", MUGAI_ROLE_AUDITOR | MUGAI_ROLE_ADMINISTRATOR | MUGAI_ROLE_ROOT, NEEDS_NOTHING, mugai_act_note },
  { "flow-stop", MUGAI_ROLE_ADMINISTRATOR | MUGAI_ROLE_ROOT, NEEDS_REASON, mugai_act_flow },
  { "flow-resume", MUGAI_ROLE_ADMINISTRATOR | MUGAI_ROLE_ROOT, NEEDS_REASON, mugai_act_flow },
  { "backup", MUGAI_ROLE_ADMINISTRATOR | MUGAI_ROLE_ROOT, NEEDS_NOTHING, mugai_act_note },
  { "repair", MUGAI_ROLE_ADMINISTRATOR | MUGAI_ROLE_ROOT, NEEDS_NOTHING, mugai_act_note },
  { "rotate-key", MUGAI_ROLE_ADMINISTRATOR | MUGAI_ROLE_ROOT, NEEDS_NOTHING, mugai_act_rotate },
  { "checkpoint-ask", MUGAI_ROLE_AUDITOR | MUGAI_ROLE_ADMINISTRATOR | MUGAI_ROLE_ROOT, NEEDS_NOTHING, mugai_act_note },
};

static int find_kind (const char *kind) {
  for (gsize i = 0; i < G_N_ELEMENTS (acts); i++)
    if (strcmp (acts[i].kind, kind) == 0)
      return (int) i;
  return -1;
}

gboolean mugai_quarantine_is_act (const char *kind) {
  return find_kind (kind) >= 0;
}

static gboolean in_unit (const char *unit, const char *address) {
  if (strcmp (unit, "*") == 0)
    return TRUE;
  g_autofree char *lower = g_ascii_strdown (address, -1);
  return unit[0] == '@' ? g_str_has_suffix (lower, unit) : strcmp (lower, unit) == 0;
}

/* An account has an item when one of the people it was from or for is its unit's. */
static gboolean has_item (MugaiAct *act, gboolean *ret_has) {
  g_autoptr (MugaiJson) rows = mugai_quarantine_query (
      act->quarantine, act->error,
      "SELECT address FROM recipients WHERE id = ?1 UNION SELECT sender FROM items WHERE id = ?1", "s", act->id);
  json_t *row;
  size_t i;

  if (rows == NULL)
    return FALSE;
  *ret_has = act->actor->units == NULL;
  json_array_foreach (rows, i, row) for (char **unit = act->actor->units; unit != NULL && *unit != NULL;
                                         unit++) *ret_has =
      *ret_has || in_unit (*unit, mugai_act_text (row, "address"));
  return TRUE;
}

static gboolean read_item (MugaiAct *act, Needs needs) {
  gboolean has = FALSE;

  act->id = mugai_act_text (act->body, "item");
  g_autoptr (MugaiJson) rows =
      mugai_quarantine_query (act->quarantine, act->error, "SELECT * FROM items WHERE id = ?1", "s", act->id);
  if (rows == NULL)
    return FALSE;
  if (json_array_size (rows) == 0)
    return mugai_act_fail (act, MUGAI_ACT_ERROR_STATE,
                           MUGAI_ACT_WORDS (act, "その ID のメールはありません", "no such item"));
  act->item = json_incref (json_array_get (rows, 0));
  act->item_class = mugai_act_text (act->item, "class");
  json_object_set_new (act->line, "item", json_string (act->id));
  const char *state = mugai_act_text (act->item, "state");
  if ((needs & NEEDS_BLOB) != 0 && (strcmp (state, "deleted") == 0 || strcmp (state, "expired") == 0))
    return mugai_act_fail (act, MUGAI_ACT_ERROR_STATE,
                           MUGAI_ACT_WORDS (act, "廃棄済みです（%s）", "it was disposed of: %s"),
                           mugai_act_state (act));
  if (!has_item (act, &has))
    return FALSE;
  return has
         || mugai_act_fail (act, MUGAI_ACT_ERROR_NOT_ALLOWED,
                            MUGAI_ACT_WORDS (act, "ほかの所属のメールのため、扱えません",
                                             "this item is of another unit"));
}

static gboolean check (MugaiAct *act, int which) {
  const char *reason = mugai_act_text (act->body, "reason");
  g_autofree char *safe = mugai_unicode_make_safe (reason, -1, MUGAI_QUARANTINE_MAX_REASON_BYTES);
  g_autofree char *roles = mugai_quarantine_role_names (act->actor->roles);
  g_autofree char *origin = mugai_unicode_make_safe (mugai_act_text (act->body, "origin"), -1, 200);

  json_object_set_new (act->line, "act_id", json_string (mugai_act_text (act->body, "act_id")));
  json_object_set_new (act->line, "role", json_string (roles));
  json_object_set_new (act->line, "from", json_string (origin));
  if (reason[0] != '\0')
    json_object_set_new (act->line, "reason", json_string (safe));
  if ((act->actor->roles & acts[which].roles) == 0)
    return mugai_act_fail (act, MUGAI_ACT_ERROR_NOT_ALLOWED,
                           MUGAI_ACT_WORDS (act, "権限がありません（操作 %s、利用者 %s、役割 %s）",
                                            "%s: not for the role of %s (%s)"),
                           acts[which].kind, act->actor->name, roles[0] != '\0' ? roles : "none");
  if ((acts[which].needs & NEEDS_ITEM) != 0 && !read_item (act, acts[which].needs))
    return FALSE;
  g_strstrip (safe);
  return (acts[which].needs & NEEDS_REASON) == 0 || safe[0] != '\0'
         || mugai_act_fail (act, MUGAI_ACT_ERROR_STATE,
                            MUGAI_ACT_WORDS (act, "理由を書いてください（--reason）", "give a reason"));
}

static gboolean put_act (MugaiAct *act, const char *kind) {
  g_autofree char *text = mugai_json_line (act->line);

  return mugai_quarantine_change (
      act->quarantine, act->error,
      "INSERT INTO acts (act_id, item, kind, actor, at, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)", "ssssss",
      mugai_act_text (act->body, "act_id"), json_string_value (json_object_get (act->line, "item")), kind,
      act->actor->name, act->at, text);
}

gboolean mugai_quarantine_act (MugaiQuarantine *quarantine, const char *kind, const MugaiActor *actor, json_t *body,
                               gint64 now_us, json_t **ret_line, json_t **ret_answer, GError **error) {
  int which = find_kind (kind);
  g_autoptr (MugaiJson) line = json_object (), answer = json_object ();
  g_autofree char *at = mugai_time_rfc3339 (now_us);
  MugaiAct act = { .quarantine = quarantine,
                   .actor = actor,
                   .body = body,
                   .line = line,
                   .answer = answer,
                   .at = at,
                   .now_s = now_us / G_USEC_PER_SEC,
                   .japanese = strcmp (mugai_act_text (body, "language"), "ja") == 0,
                   .error = error };

  g_return_val_if_fail (which >= 0 && quarantine->in_group, FALSE);
  gboolean done = check (&act, which) && acts[which].run (&act) && put_act (&act, kind);
  json_decref (act.item);
  *ret_line = g_steal_pointer (&line);
  *ret_answer = done ? g_steal_pointer (&answer) : NULL;
  return done;
}

gboolean mugai_quarantine_act_again (MugaiQuarantine *quarantine, const char *act_id, json_t **ret_answer,
                                     GError **error) {
  g_autoptr (MugaiJson) rows =
      mugai_quarantine_query (quarantine, error, "SELECT kind, body FROM acts WHERE act_id = ?1", "s", act_id);
  json_t *row = json_array_get (rows, 0);

  if (rows == NULL)
    return FALSE;
  if (row != NULL && strcmp (mugai_act_text (row, "kind"), "release-queue") != 0) {
    *ret_answer = json_loads (mugai_act_text (row, "body"), JSON_REJECT_DUPLICATES, NULL);
    return TRUE;
  }
  g_set_error_literal (error, MUGAI_ACT_ERROR, row == NULL ? MUGAI_ACT_ERROR_NOT_ALLOWED : MUGAI_ACT_ERROR_STATE,
                       row == NULL
                           ? "this was asked before, and refused"
                           : "this was asked before, and its tokens were lost with the answer: try again later");
  return FALSE;
}
