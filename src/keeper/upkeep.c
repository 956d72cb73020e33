/* SPDX-License-Identifier: GPL-2.0-only
 *
 * keeper/upkeep: expiry of items, rewrapping after a rotation, forgetting old master keys, retention of the chain.
 *
 * A little at a time between requests. An expiry is an act like a person's, with the keeper as its actor and the rule as its reason.
 */
#include "upkeep.h"

#include "mugai/base/base.h"

#define DAY_US (G_GINT64_CONSTANT (86400) * G_USEC_PER_SEC)

static guint days (guint given, guint otherwise) {
  return given > 0 ? given : otherwise;
}

static MugaiActor *make_keeper (void) {
  MugaiActor *actor = g_new0 (MugaiActor, 1);

  actor->name = g_strdup ("keeper");
  actor->roles = MUGAI_ROLE_KEEPER;
  return actor;
}

static MugaiKeeperRequest *make_act (const char *kind, json_t *body) {
  MugaiKeeperRequest *request = g_new0 (MugaiKeeperRequest, 1);

  request->kind = g_strdup (kind);
  request->actor = g_strdup ("keeper");
  request->id = mugai_id_new ();
  request->body = body;
  request->original_fd = request->answer_fd = -1;
  json_object_set_new (body, "act_id", json_string (request->id));
  return request;
}

static gboolean add_expiries (GPtrArray *acts, MugaiQuarantine *quarantine, const MugaiRetention *retention,
                              guint backup_days, gint64 now_us, GError **error) {
  g_auto (GStrv) ids = mugai_quarantine_due (quarantine, retention, now_us, MUGAI_UPKEEP_ITEMS, error);
  g_autofree char *reason = g_strdup_printf (
      "retention: normal %ud, high %ud, infected %ud; a backup holds it until its master key is forgotten: the next "
      "rotation and %u days",
      retention->normal_days, retention->high_days, retention->infected_days, backup_days);

  for (char **id = ids; id != NULL && *id != NULL; id++) {
    MugaiKeeperRequest *request = make_act ("expire", json_pack ("{s:s, s:s}", "item", *id, "reason", reason));
    request->doer = make_keeper ();
    g_ptr_array_add (acts, request);
  }
  return ids != NULL;
}

static gboolean expire_chain (GPtrArray *acts, MugaiAudit *audit, guint kept_days, gint64 now_us, GError **error) {
  g_autofree char *day = mugai_time_rfc3339 (now_us - (gint64) kept_days * DAY_US);
  g_autofree char *last = NULL;

  if (!mugai_audit_expire (audit, day, &last, error))
    return FALSE;
  if (last != NULL)
    g_ptr_array_add (acts, make_act ("audit-retention",
                                     json_pack ("{s:s, s:i}", "removed_through", last, "kept_days", (int) kept_days)));
  return TRUE;
}

GPtrArray *mugai_upkeep_acts (MugaiQuarantine *quarantine, MugaiAudit *audit, const MugaiKeeperOptions *options,
                              gint64 now_us, gboolean *ret_more, GError **error) {
  g_autoptr (GPtrArray) acts = g_ptr_array_new_with_free_func ((GDestroyNotify) mugai_keeper_request_free);
  const MugaiRetention standard = MUGAI_RETENTION_DEFAULT;
  const MugaiRetention retention = { .normal_days = days (options->normal_days, standard.normal_days),
                                     .high_days = days (options->high_days, standard.high_days),
                                     .infected_days = days (options->infected_days, standard.infected_days) };
  guint backup_days = days (options->backup_days, MUGAI_KEEPER_BACKUP_DAYS), forgotten = 0;

  if (!mugai_quarantine_rewrap (quarantine, MUGAI_UPKEEP_ITEMS, ret_more, error)
      || !add_expiries (acts, quarantine, &retention, backup_days, now_us, error))
    return NULL;
  *ret_more = *ret_more || acts->len == MUGAI_UPKEEP_ITEMS;
  if (!mugai_quarantine_forget_keys (quarantine, backup_days, now_us, &forgotten, error)
      || !expire_chain (acts, audit, days (options->audit_days, MUGAI_KEEPER_AUDIT_DAYS), now_us, error))
    return NULL;
  if (forgotten > 0)
    g_ptr_array_add (acts, make_act ("key-forgotten", json_pack ("{s:i}", "master", (int) forgotten)));
  return g_steal_pointer (&acts);
}
