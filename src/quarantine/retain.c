/* SPDX-License-Identifier: GPL-2.0-only
 *
 * quarantine/retain: what happens to items with time: they expire, their keys change hands, and are destroyed.
 *
 * A disposal is on the chain before a key is touched; from there on it is only a matter of doing it, now or after the next start.
 * The item's key stands wrapped in its blob and in backups of that blob. Both open with a master key alone, and masters are in no backup:
 * so a backup holds a destroyed item until its master is forgotten: the next rotation, and the days that backups are kept.
 */
#include <fcntl.h>
#include <string.h>

#include "mugai/quarantine/acts.h"

#include "mugai/base/fd.h"

#include "seal.h"
#include "store.h"

#define DAY_S 86400

/* (transfer full): the texts of one column. */
static char **column (json_t *rows, const char *name) {
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  json_t *row;
  size_t i;

  json_array_foreach (rows, i, row) g_ptr_array_add (texts, g_strdup (json_string_value (json_object_get (row, name))));
  g_ptr_array_add (texts, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&texts), FALSE);
}

/* One class, oldest first, straight from its index: what is due is not sorted again at every turn. */
#define DUE(class, before)                                                                                             \
  "SELECT id FROM (SELECT id FROM items WHERE class = '" class "' AND at_s < " before                                  \
                                                               " AND state NOT IN ('deleted', 'expired') AND "         \
                                                               "legal_hold = 0 AND kept_until_s < ?1"                  \
                                                               " AND NOT EXISTS (SELECT 1 FROM releases r JOIN "       \
                                                               "release_recipients p USING (release) WHERE r.item = "  \
                                                               "items.id"                                              \
                                                               "   AND p.state IN ('queued', 'redeemed')) ORDER BY "   \
                                                               "at_s LIMIT ?5)"

char **mugai_quarantine_due (MugaiQuarantine *quarantine, const MugaiRetention *retention, gint64 now_us, guint limit,
                             GError **error) {
  gint64 now_s = now_us / G_USEC_PER_SEC;
  g_autoptr (MugaiJson) rows = mugai_quarantine_query (
      quarantine, error,
      DUE ("normal", "?2") " UNION ALL " DUE ("high", "?3") " UNION ALL " DUE ("infected", "?4") " LIMIT ?5", "iiiii",
      now_s, now_s - (gint64) retention->normal_days * DAY_S, now_s - (gint64) retention->high_days * DAY_S,
      now_s - (gint64) retention->infected_days * DAY_S, (gint64) limit);

  return rows != NULL ? column (rows, "id") : NULL;
}

/* ---- disposal ---- */

/* The key first, where it stands, then the blob. */
static gboolean destroy_blob (MugaiQuarantine *quarantine, const char *id, GError **error) {
  g_autoptr (GError) cause = NULL;
  g_auto (MugaiFd) fd = mugai_quarantine_blob_open (quarantine, id, TRUE, &cause);

  if (fd < 0 && !g_error_matches (cause, MUGAI_QUARANTINE_ERROR, MUGAI_QUARANTINE_ERROR_NOT_FOUND)) {
    g_propagate_error (error, g_steal_pointer (&cause));
    return FALSE;
  }
  if (fd >= 0 && mugai_seal_is_sealed (fd) && !mugai_seal_destroy (fd, error))
    return FALSE;
  return mugai_quarantine_blob_remove (quarantine, id, error);
}

/* What a disposal leaves in the index: what its record says (id, digest, size, class, times), and who did what. Of its people only the
 * domain, by which a unit's own auditor still finds the disposal. */
static const char *const forget[] = {
  "DELETE FROM records WHERE id = ?1",
  "DELETE FROM parts WHERE id = ?1",
  "DELETE FROM releases WHERE item = ?1",
  "UPDATE acts SET body = json_remove (body, '$.recipients', '$.recipient', '$.reply') WHERE item = ?1",
  "UPDATE recipients SET address = CASE instr (address, '@') WHEN 0 THEN ''"
  " ELSE substr (address, length (rtrim (address, replace (address, '@', '')))) END WHERE id = ?1",
  "UPDATE items SET master = -1, subject = NULL, sender = NULL, message_id = NULL, queue_id = NULL, client = NULL"
  " WHERE id = ?1",
};

static gboolean forget_rows (MugaiQuarantine *quarantine, char **ids, GError **error) {
  for (char **id = ids; *id != NULL; id++)
    for (gsize i = 0; i < G_N_ELEMENTS (forget); i++)
      if (!mugai_quarantine_change (quarantine, error, forget[i], "s", *id))
        return FALSE;
  return TRUE;
}

gboolean mugai_quarantine_destroy_disposed (MugaiQuarantine *quarantine, GError **error) {
  g_autoptr (MugaiJson) rows =
      mugai_quarantine_query (quarantine, error,
                              "SELECT id FROM items WHERE state IN ('deleted', 'expired') AND master <> -1", "");

  if (rows == NULL)
    return FALSE;
  g_auto (GStrv) ids = column (rows, "id");
  for (char **id = ids; *id != NULL; id++)
    if (!destroy_blob (quarantine, *id, error))
      return FALSE;
  if (ids[0] == NULL)
    return mugai_quarantine_empty_log (quarantine, error);
  quarantine->log_is_empty = FALSE;
  if (!mugai_quarantine_run (quarantine, MUGAI_STATEMENT_BEGIN, error))
    return FALSE;
  if (forget_rows (quarantine, ids, error) && mugai_quarantine_run (quarantine, MUGAI_STATEMENT_COMMIT, error))
    return mugai_quarantine_empty_log (quarantine, error);
  (void) !mugai_quarantine_run (quarantine, MUGAI_STATEMENT_ROLLBACK, NULL);
  return FALSE;
}

json_t *mugai_quarantine_disposals (MugaiQuarantine *quarantine, const char *month, GError **error) {
  return mugai_quarantine_query (
      quarantine, error,
      "SELECT act_id, item, kind, actor, at, body FROM acts WHERE kind IN ('delete', 'expire')"
      " AND substr (at, 1, 7) = ?1 ORDER BY act_id",
      "s", month);
}

/* ---- keys ---- */

gboolean mugai_quarantine_rotate_key (MugaiQuarantine *quarantine, guint *ret_number, GError **error) {
  if (!mugai_quarantine_need_keys (quarantine, error) || !mugai_keys_rotate (quarantine->keys, error))
    return FALSE;
  *ret_number = mugai_keys_current (quarantine->keys);
  return TRUE;
}

static gboolean rewrap_one (MugaiQuarantine *quarantine, const char *id, GError **error) {
  g_auto (MugaiFd) fd = mugai_quarantine_blob_open (quarantine, id, TRUE, error);

  return fd >= 0 && mugai_seal_rewrap (fd, id, quarantine->keys, error)
         && mugai_quarantine_change (quarantine, error, "UPDATE items SET master = ?2 WHERE id = ?1", "si", id,
                                     (gint64) mugai_keys_current (quarantine->keys));
}

gboolean mugai_quarantine_rewrap (MugaiQuarantine *quarantine, guint limit, gboolean *ret_left, GError **error) {
  gint64 current = mugai_keys_current (quarantine->keys);
  g_autoptr (MugaiJson) rows =
      mugai_quarantine_query (quarantine, error,
                              "SELECT id FROM items WHERE master > 0 AND master < ?1 ORDER BY master LIMIT ?2", "ii",
                              current, (gint64) limit);
  g_auto (GStrv) ids = rows != NULL ? column (rows, "id") : NULL;

  *ret_left = ids != NULL && g_strv_length (ids) == limit;
  for (char **id = ids; id != NULL && *id != NULL; id++)
    if (!rewrap_one (quarantine, *id, error))
      return FALSE;
  return ids != NULL;
}

gboolean mugai_quarantine_forget_keys (MugaiQuarantine *quarantine, guint backup_days, gint64 now_us, guint *ret_number,
                                       GError **error) {
  gint64 before_s = now_us / G_USEC_PER_SEC - (gint64) backup_days * DAY_S;

  *ret_number = 0;
  for (;;) {
    guint oldest = mugai_keys_oldest (quarantine->keys);
    gboolean forgotten = FALSE;
    g_autoptr (MugaiJson) rows =
        mugai_quarantine_query (quarantine, error, "SELECT id FROM items WHERE master > 0 AND master <= ?1 LIMIT 1",
                                "i", (gint64) oldest);
    if (rows == NULL)
      return FALSE;
    if (json_array_size (rows) > 0 || oldest == mugai_keys_current (quarantine->keys))
      return TRUE;
    if (!mugai_keys_forget (quarantine->keys, oldest, before_s, &forgotten, error))
      return FALSE;
    if (!forgotten)
      return TRUE;
    *ret_number = oldest;
  }
}

/* ---- looking back ---- */

json_t *mugai_quarantine_unconfirmed_acts (MugaiQuarantine *quarantine, GError **error) {
  return mugai_quarantine_query (quarantine, error,
                                 "SELECT act_id, kind, actor, body FROM acts WHERE on_chain = 0 ORDER BY act_id", "");
}

json_t *mugai_quarantine_history (MugaiQuarantine *quarantine, const char *id, GError **error) {
  return mugai_quarantine_query (quarantine, error,
                                 "SELECT at, kind, actor, body FROM acts WHERE item = ?1 ORDER BY act_id", "s", id);
}

json_t *mugai_quarantine_releases (MugaiQuarantine *quarantine, const char *id, GError **error) {
  g_autoptr (MugaiJson) releases =
      mugai_quarantine_query (quarantine, error, "SELECT * FROM releases WHERE item = ?1 ORDER BY release DESC", "s",
                              id);
  json_t *row;
  size_t i;

  json_array_foreach (releases, i, row) {
    const char *release = json_string_value (json_object_get (row, "release"));
    json_t *recipients = mugai_quarantine_query (
        quarantine, error,
        "SELECT address, state, reply, tries FROM release_recipients WHERE release = ?1 ORDER BY address", "s",
        release);
    json_t *approvals =
        recipients != NULL
            ? mugai_quarantine_query (quarantine, error,
                                      "SELECT approver, reason, at FROM approvals WHERE release = ?1", "s", release)
            : NULL;
    json_object_set_new (row, "recipients", recipients);
    json_object_set_new (row, "approvals", approvals);
    if (approvals == NULL)
      return NULL;
  }
  return g_steal_pointer (&releases);
}
