/* SPDX-License-Identifier: GPL-2.0-only
 *
 * cli/quarantine: what the sub-commands of mugai quarantine share.
 */
#pragma once

#include "mugai/base/config.h"
#include "mugai/base/json.h"
#include "mugai/quarantine.h"

#define MUGAI_CLI_DEFAULT_CONFIG "/etc/mugai/mugai.yaml"
#define MUGAI_CLI_KEEPER_WAIT_MS 3000

typedef struct {
  char *config_path, *store, *keys, *since, *until, *text, *state, *part, *output, *reason, *form, *month;
  char **to;
  MugaiConfig *config; /* NULL: only a store was named, so there is no keeper to ask */
  char *keeper_socket;
  int limit, offset, days, timeout_s;
  gboolean json, repair, again, end;
} MugaiCliQuarantine;

/** mugai_cli_act: (transfer full): asks the keeper for an act on @id (nullable), with @more members (transfer full, nullable); NULL: *ret_status is
 * the exit status, and standard error has the words. */
json_t *mugai_cli_act (const MugaiCliQuarantine *options, const char *name, const char *kind, const char *id,
                       json_t *more, int *ret_status);
/** mugai_cli_open_store: (transfer full): for reading; NULL: likewise. */
MugaiQuarantine *mugai_cli_open_store (const MugaiCliQuarantine *options, const char *name, int *ret_status);
int mugai_cli_fail_store (const char *name, const GError *error);

/* quarantine-acts.c: request, approve, refuse, delete, hold, extend, rotate-key, disposals, history */
int mugai_cli_quarantine_request (const MugaiCliQuarantine *options, const char *id);
int mugai_cli_quarantine_approve (const MugaiCliQuarantine *options, const char *id);
int mugai_cli_quarantine_refuse (const MugaiCliQuarantine *options, const char *id);
int mugai_cli_quarantine_delete (const MugaiCliQuarantine *options, const char *id);
int mugai_cli_quarantine_hold (const MugaiCliQuarantine *options, const char *id);
int mugai_cli_quarantine_extend (const MugaiCliQuarantine *options, const char *id);
int mugai_cli_quarantine_rotate (const MugaiCliQuarantine *options, const char *none);
int mugai_cli_quarantine_disposals (const MugaiCliQuarantine *options, const char *none);
int mugai_cli_quarantine_recall (const MugaiCliQuarantine *options, const char *id);
/* quarantine-view.c */
int mugai_cli_quarantine_list (const MugaiCliQuarantine *options, const char *none);
int mugai_cli_quarantine_show (const MugaiCliQuarantine *options, const char *id);
/* quarantine-export.c */
int mugai_cli_quarantine_export (const MugaiCliQuarantine *options, const char *id);
/* quarantine-release.c */
int mugai_cli_quarantine_send_due (const MugaiCliQuarantine *options, const char *none);
int mugai_cli_quarantine_release (const MugaiCliQuarantine *options, const char *id);
/* quarantine-digest.c */
int mugai_cli_quarantine_digest (const MugaiCliQuarantine *options, const char *none);
/** mugai_cli_send_digests: those that are due, or @all. Exit status. */
int mugai_cli_send_digests (const MugaiCliQuarantine *options, gboolean all);
/* quarantine-store.c */
int mugai_cli_quarantine_verify (const MugaiCliQuarantine *options, const char *none);
int mugai_cli_quarantine_backup (const MugaiCliQuarantine *options, const char *directory);
int mugai_cli_quarantine_restore (const MugaiCliQuarantine *options, const char *directory);
