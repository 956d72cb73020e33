/* SPDX-License-Identifier: GPL-2.0-only
 *
 * quarantine/check: proving that index and blobs agree, mending the index from the blobs' sidecars, and backups.
 */
#pragma once

#include "mugai/quarantine.h"

typedef struct {
  guint64 items, bytes; /* proven: row, blob, digest and sidecar say the same */
  guint64 disposed;     /* rows of items whose key was destroyed */
  GPtrArray *faults;    /* of char*: "ID: words", at most MUGAI_QUARANTINE_MAX_FAULTS */
  guint64 n_faults, repaired;
} MugaiQuarantineReport;
#define MUGAI_QUARANTINE_MAX_FAULTS 1000u
void mugai_quarantine_report_clear (MugaiQuarantineReport *report);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (MugaiQuarantineReport, mugai_quarantine_report_clear)

/** mugai_quarantine_verify: every row against its blob and every blob against its row. @repair (store open for writing): rows that are
 * missing or differ are made again from the sidecar; a blob that does not open stays a fault. */
gboolean mugai_quarantine_verify (MugaiQuarantine *quarantine, gboolean repair, MugaiQuarantineReport *ret_report,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** mugai_quarantine_backup: index (at one moment) and blobs to @directory, while the keeper works; blobs that are there already are kept, those
 * disposed of since are removed. Master keys are never in it. @ret_n: items in the backup. */
gboolean mugai_quarantine_backup (MugaiQuarantine *quarantine, const char *directory, guint64 *ret_n, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
/** mugai_quarantine_restore: into @directory, which is empty or not there; what is restored is byte for byte the backup's, or an error. */
gboolean mugai_quarantine_restore (const char *backup, const char *directory, guint64 *ret_n, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
/** mugai_quarantine_dispose_again: what the chain says was disposed of, and an older backup brought back; @state is "deleted" or "expired". In a group; its key and
 * rows go with mugai_quarantine_destroy_disposed (). */
gboolean mugai_quarantine_dispose_again (MugaiQuarantine *quarantine, const char *id, const char *state, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
