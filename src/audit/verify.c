/* SPDX-License-Identifier: GPL-2.0-only
 *
 * audit/verify: proves a chain line by line, and names the first that is altered, missing, moved, doubled or torn.
 *
 * Needs nothing but the files: works on a copy elsewhere. Each line must have its own hash, the next number and the hash
 * of the line before. The end of the chain is where the file ends: that lines were cut off there, whole ones, only a signed
 * checkpoint can tell. Reads only.
 */
#include "mugai/audit.h"

#include <errno.h>
#include <string.h>
#include <sys/file.h>

#include "mugai/base/fd.h"

#include "line.h"
#include "segment.h"

typedef struct {
  int directory_fd;
  GPtrArray *names;
  guint64 seq; /* of the last good line */
  char hash[MUGAI_SHA256_HEX_LENGTH + 1];
  MugaiAuditReport *report;
} Proof;

static void set_fault (Proof *proof, const char *name, guint64 number, char *fault) {
  proof->report->ok = FALSE;
  proof->report->file = g_strdup (name);
  proof->report->line = number;
  proof->report->fault = fault;
}

/* Is a good line with the number @seq anywhere in the chain? Then it was moved, else it is missing. */
static gboolean is_elsewhere (Proof *proof, guint64 seq) {
  for (guint i = 0; i < proof->names->len; i++) {
    g_auto (MugaiAuditReader) reader = { .fd = -1 };
    const char *text = NULL, *fault = NULL;
    gsize length_bytes = 0;
    gboolean whole = FALSE;
    if (!mugai_audit_reader_open (&reader, proof->directory_fd, g_ptr_array_index (proof->names, i), FALSE, NULL))
      continue;
    while (mugai_audit_reader_next (&reader, &text, &length_bytes, &whole, NULL) && text != NULL) {
      g_auto (MugaiAuditLine) line = { 0 };
      if (mugai_audit_line_check (text, length_bytes, &line, &fault) && line.seq == seq)
        return TRUE;
    }
  }
  return FALSE;
}

/* Returns: (transfer full): what is wrong with the place of a line that is good by itself; NULL: nothing. */
static char *misplaced (Proof *proof, const MugaiAuditLine *line) {
  guint64 wanted = proof->seq + 1;

  if (line->seq == wanted && strcmp (line->prev, proof->hash) == 0)
    return NULL;
  if (line->seq == wanted)
    return g_strdup ("altered: the line before was replaced: it is not the one whose hash is named here");
  if (line->seq <= proof->seq)
    return g_strdup_printf ("repeated: number %" G_GUINT64_FORMAT " again, where %" G_GUINT64_FORMAT " belongs",
                            line->seq, wanted);
  if (is_elsewhere (proof, wanted))
    return g_strdup_printf ("reordered: number %" G_GUINT64_FORMAT " stands where %" G_GUINT64_FORMAT " belongs",
                            line->seq, wanted);
  return g_strdup_printf ("missing: number %" G_GUINT64_FORMAT " follows; %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
                          " are not there",
                          line->seq, wanted, line->seq - 1);
}

/* A writer at work may be in the middle of a group: then the torn end is none yet. */
static gboolean writer_at_work (int directory_fd) {
  if (flock (directory_fd, LOCK_SH | LOCK_NB) < 0)
    return errno == EWOULDBLOCK;
  (void) flock (directory_fd, LOCK_UN);
  return FALSE;
}

/* FALSE: the line is at fault, and the report says so. */
static gboolean prove_line (Proof *proof, const char *name, guint64 number, const char *text, gsize length_bytes) {
  g_auto (MugaiAuditLine) line = { 0 };
  const char *fault = NULL;

  if (!mugai_audit_line_check (text, length_bytes, &line, &fault)) {
    set_fault (proof, name, number, g_strdup (fault));
    return FALSE;
  }
  char *place = misplaced (proof, &line);
  if (place != NULL) {
    set_fault (proof, name, number, place);
    return FALSE;
  }
  proof->seq = line.seq;
  memcpy (proof->hash, line.hash, sizeof line.hash);
  proof->report->lines++;
  return TRUE;
}

static gboolean prove_segment (Proof *proof, const char *name, gboolean newest, GError **error) {
  g_auto (MugaiAuditReader) reader = { .fd = -1 };

  if (!mugai_audit_reader_open (&reader, proof->directory_fd, name, FALSE, error))
    return FALSE;
  for (guint64 number = 1;; number++) {
    const char *text = NULL;
    gsize length_bytes = 0;
    gboolean whole = FALSE;
    g_autoptr (GError) cause = NULL;
    if (!mugai_audit_reader_next (&reader, &text, &length_bytes, &whole, &cause)) {
      if (!g_error_matches (cause, MUGAI_AUDIT_ERROR, MUGAI_AUDIT_ERROR_BROKEN)) {
        g_propagate_error (error, g_steal_pointer (&cause));
        return FALSE;
      }
      set_fault (proof, name, number, g_strdup ("altered: longer than any line that mugai writes"));
      return TRUE;
    }
    if (text == NULL)
      return TRUE;
    if (!whole && !(newest && writer_at_work (proof->directory_fd)))
      set_fault (proof, name, number, g_strdup ("torn: the file ends in the middle of this line"));
    if (!whole || !prove_line (proof, name, number, text, length_bytes))
      return TRUE;
  }
}

gboolean mugai_audit_verify (const char *directory, MugaiAuditReport *ret_report, GError **error) {
  g_auto (MugaiFd) fd = mugai_audit_open_directory (directory, error);
  g_autoptr (GPtrArray) names = fd >= 0 ? mugai_audit_segments (fd, error) : NULL;
  Proof proof = { .directory_fd = fd, .names = names, .report = ret_report };

  if (names == NULL)
    return FALSE;
  *ret_report = (MugaiAuditReport){ .ok = TRUE };
  g_strlcpy (proof.hash, mugai_audit_first_prev (), sizeof proof.hash);
  for (guint i = 0; i < names->len && ret_report->ok; i++) {
    if (!prove_segment (&proof, g_ptr_array_index (names, i), i + 1 == names->len, error)) {
      mugai_audit_report_clear (ret_report);
      return FALSE;
    }
  }
  return TRUE;
}

void mugai_audit_report_clear (MugaiAuditReport *report) {
  g_free (report->file);
  g_free (report->fault);
  *report = (MugaiAuditReport){ 0 };
}
