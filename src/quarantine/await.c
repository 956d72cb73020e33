/* SPDX-License-Identifier: GPL-2.0-only
 *
 * quarantine/await: mails that wait: for an approval, or for the end of a delay. Who sent them, and who may decide.
 *
 * Such a mail comes with its release opened by the rule that held it: the sender asks, to all its recipients, as the original. From there on it
 * goes the way of every release. Nothing here lets go by time alone but a delay, and that only where the policy said so when the mail came.
 */
#include "await.h"

#include <string.h>

/* (transfer full): of @id's record; an empty object where it waits for nothing. */
json_t *mugai_quarantine_awaits (MugaiQuarantine *quarantine, const char *id, GError **error) {
  g_autoptr (MugaiJson) record = mugai_quarantine_record (quarantine, id, error);
  json_t *awaits = json_object_get (record, "awaits");

  if (record == NULL)
    return NULL;
  return json_is_object (awaits) ? json_incref (awaits) : json_object ();
}

gboolean mugai_quarantine_awaits_delay (json_t *awaits) {
  return g_strcmp0 (json_string_value (json_object_get (awaits, "kind")), "delay") == 0;
}

/* ---- as it comes ---- */

static gboolean is_infected (MugaiQuarantine *quarantine, const char *id, gboolean *ret_is, GError **error) {
  g_autoptr (MugaiJson) rows =
      mugai_quarantine_query (quarantine, error, "SELECT 1 AS one FROM items WHERE id = ?1 AND class = 'infected'", "s",
                              id);

  *ret_is = rows != NULL && json_array_size (rows) > 0;
  return rows != NULL;
}

gboolean mugai_quarantine_put_await (MugaiQuarantine *quarantine, const char *id, json_t *record, GError **error) {
  json_t *awaits = json_object_get (record, "awaits");
  const char *from = json_string_value (json_object_get (json_object_get (record, "envelope"), "from"));
  const char *time = json_string_value (json_object_get (record, "time"));
  gboolean delay = mugai_quarantine_awaits_delay (awaits), infected = FALSE;

  if (!json_is_object (awaits))
    return TRUE;
  if (!is_infected (quarantine, id, &infected, error))
    return FALSE;
  if (infected)
    return TRUE;
  g_autofree char *requester = g_strconcat (MUGAI_AWAIT_REQUESTER, from != NULL ? from : "", NULL);
  const char *state = delay ? "approved" : "requested";
  return mugai_quarantine_change (quarantine, error, "INSERT INTO releases VALUES (?1, ?1, 'original', ?2, ?3, ?4, ?5)",
                                  "sssss", id, requester,
                                  delay ? MUGAI_AWAIT_DELAY_REASON : "by rule: approval required",
                                  time != NULL ? time : "", state)
         && mugai_quarantine_change (quarantine, error,
                                     "INSERT OR IGNORE INTO release_recipients (release, address, state)"
                                     " SELECT id, address, ?2 FROM recipients WHERE id = ?1 AND address <> ''",
                                     "ss", id, state)
         && mugai_quarantine_change (quarantine, error, "UPDATE items SET state = ?2 WHERE id = ?1", "ss", id,
                                     delay ? "delayed" : "requested");
}

char **mugai_quarantine_delayed (MugaiQuarantine *quarantine, gint64 now_us, guint limit, GError **error) {
  g_autoptr (MugaiJson) rows = mugai_quarantine_query (
      quarantine, error,
      "SELECT r.item FROM releases r JOIN records c ON c.id = r.item WHERE r.release = r.item AND r.reason = ?1"
      " AND r.state IN ('approved', 'failed') AND json_extract (c.record, '$.awaits.until_s') <= ?2"
      " ORDER BY r.item LIMIT ?3",
      "sii", MUGAI_AWAIT_DELAY_REASON, now_us / G_USEC_PER_SEC, (gint64) limit);
  g_autoptr (GStrvBuilder) ids = g_strv_builder_new ();
  json_t *row;
  size_t i;

  if (rows == NULL)
    return NULL;
  json_array_foreach (rows, i, row) g_strv_builder_add (ids, json_string_value (json_object_get (row, "item")));
  return g_strv_builder_end (ids);
}

/* ---- people ---- */

static gboolean is_same (const char *a, const char *b, gsize length_b) {
  return strlen (a) == length_b && g_ascii_strncasecmp (a, b, length_b) == 0;
}

/* By an address of the account file; else the login's name stands for the mail box of that name. */
gboolean mugai_actor_is (const MugaiActor *actor, const char *address) {
  const char *at = strrchr (address, '@');
  const char *login = g_str_has_prefix (actor->name, "uid:") ? strchr (actor->name + 4, ':') : NULL;

  for (char **own = actor->addresses; own != NULL && *own != NULL; own++)
    if (is_same (*own, address, strlen (address)))
      return TRUE;
  return login != NULL && *address != '\0'
         && is_same (login + 1, address, at != NULL ? (gsize) (at - address) : strlen (address));
}

gboolean mugai_actor_is_sender (const MugaiActor *actor, json_t *record) {
  json_t *envelope = json_object_get (record, "envelope");
  static const char *const keys[] = { "from", "auth" };

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++) {
    const char *address = json_string_value (json_object_get (envelope, keys[i]));
    if (address != NULL && mugai_actor_is (actor, address))
      return TRUE;
  }
  const char *author = json_string_value (json_object_get (json_object_get (record, "from_header"), "address"));
  return author != NULL && mugai_actor_is (actor, author);
}

gboolean mugai_actor_may_approve (const MugaiActor *actor, json_t *awaits) {
  json_t *approvers = json_object_get (awaits, "approvers"), *value;
  size_t i;

  json_array_foreach (approvers, i, value) {
    if (mugai_actor_is (actor, json_string_value (value)))
      return TRUE;
  }
  return json_array_size (approvers) == 0;
}
