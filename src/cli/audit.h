/* SPDX-License-Identifier: GPL-2.0-only
 *
 * cli/audit: what the sub-commands of mugai audit share.
 */
#pragma once

#include "mugai/base/config.h"
#include "mugai/base/json.h"

typedef struct {
  char *config_path, *audit, *index, *key, *anchor;
  char *since, *until, *address, *subject, *queue_id, *message_id, *id, *sha256, *rule, *action, *verdict, *actor,
      *kind;
  char *month, *format;
  MugaiConfig *config; /* NULL: a folder was named */
  char *keeper_socket;
  int limit, offset;
  gboolean json, rebuild, print;
} MugaiCliAudit;

/** mugai_cli_audit_note: the act on the chain, where there is a keeper to ask; @ret_status: the exit status when it says no. */
gboolean mugai_cli_audit_note (const MugaiCliAudit *options, const char *kind, json_t *more, int *ret_status);
/** mugai_cli_audit_print: lines, newest first in @lines (of json_t), printed oldest first. */
void mugai_cli_audit_print (GPtrArray *lines, gboolean json);

/** mugai_cli_audit_month: (transfer full): the figures of a month. */
json_t *mugai_cli_audit_month (const MugaiCliAudit *options, const char *folder, const char *month, int *ret_status);
/** mugai_cli_audit_add_standing: "exceptions_standing" and "coverage" to the report, where a policy is configured. */
void mugai_cli_audit_add_standing (const MugaiCliAudit *options, json_t *report);
int mugai_cli_audit_search (const MugaiCliAudit *options, const char *folder);
int mugai_cli_audit_report (const MugaiCliAudit *options, const char *folder);
int mugai_cli_audit_checkpoint (const MugaiCliAudit *options, const char *folder);
int mugai_cli_audit_policy (const MugaiCliAudit *options, const char *folder);
