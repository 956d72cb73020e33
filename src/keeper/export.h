/* SPDX-License-Identifier: GPL-2.0-only
 *
 * keeper/export: each line of the chain to syslog, as it is written.
 */
#pragma once

#include "mugai/audit.h"

typedef struct MugaiExport MugaiExport;

MugaiExport *mugai_export_new (void);
void mugai_export_free (MugaiExport *export);
/** mugai_export_line: "mugai-audit: seq=N hash=H kind=K actor=A id=I action=X". Never waits: what the log does not take is counted, and said. */
void mugai_export_line (MugaiExport *export, guint64 seq, const char *hash, const char *kind, const char *actor,
                        json_t *body);
