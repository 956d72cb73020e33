/* SPDX-License-Identifier: GPL-2.0-only
 *
 * audit/verify: proves a chain line by line, and names the first that is altered, missing, moved, doubled or torn.
 *
 * Needs nothing but the files and the public key: works on a copy elsewhere. Each line must have its own hash, the next number and the
 * hash of the line before; each checkpoint the keeper's signature; head.json, signed too, says which line is the last. A
 * copy of head.json that was kept elsewhere (an anchor) proves besides that nothing before it was made anew. Reads only.
 */
#include "mugai/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

#include "mugai/base/fd.h"

#include "line.h"
#include "segment.h"
#include "sign.h"

typedef struct {
  int directory_fd;
  GPtrArray *names;
  guint64 seq; /* of the last good line */
  char hash[MUGAI_SHA256_HEX_LENGTH + 1];
  MugaiAuditReport *report;
  char *key; /* public, hex; NULL: signatures are not looked at */
  struct {
    gboolean wanted, met;
    guint64 seq;
    char hash[MUGAI_SHA256_HEX_LENGTH + 1];
  } head, base, anchor;
  const char *behind_name; /* the first line behind the head: its segment and place */
  guint64 behind_line;
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

/* A signed statement about the line that was just proven: met, or a fault. */
static gboolean meets (Proof *proof, guint64 seq, const char *hash, gboolean *ret_met) {
  if (proof->seq != seq)
    return TRUE;
  *ret_met = strncmp (proof->hash, hash, strlen (hash)) == 0; /* an anchor from paper is shorter */
  return *ret_met;
}

/* Returns: (transfer full): what is wrong with a checkpoint, or with what was signed about the line. */
static char *badly_signed (Proof *proof, const MugaiAuditLine *line) {
  char hash[MUGAI_SHA256_HEX_LENGTH + 1];
  guint64 seq = 0;

  if (proof->key == NULL)
    return NULL;
  if (strcmp (json_string_value (json_object_get (line->json, "kind")), "checkpoint") == 0
      && (!mugai_audit_check_signature (json_object_get (line->json, "body"), "checkpoint", proof->key, &seq, hash)
          || seq != line->seq - 1 || strcmp (hash, line->prev) != 0))
    return g_strdup ("altered: the signature of this checkpoint is not the keeper's: lines up to here were made anew");
  return NULL;
}

/* Returns: (transfer full): what is wrong with the place of a line that is good by itself; NULL: nothing. */
static char *misplaced (Proof *proof, const MugaiAuditLine *line) {
  /* What retention took away is signed for. */
  if (proof->seq == 0 && proof->base.wanted && line->seq == proof->base.seq + 1) {
    proof->seq = proof->base.seq;
    memcpy (proof->hash, proof->base.hash, sizeof proof->hash);
  }
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
  if (place == NULL)
    place = badly_signed (proof, &line);
  if (place != NULL) {
    set_fault (proof, name, number, place);
    return FALSE;
  }
  proof->seq = line.seq;
  memcpy (proof->hash, line.hash, sizeof line.hash);
  if ((proof->head.wanted && !meets (proof, proof->head.seq, proof->head.hash, &proof->head.met))
      || (proof->anchor.wanted && !meets (proof, proof->anchor.seq, proof->anchor.hash, &proof->anchor.met))) {
    set_fault (proof, name, number, g_strdup ("altered: the keeper signed another line of this number"));
    return FALSE;
  }
  if (proof->head.wanted && proof->seq == proof->head.seq + 1) {
    proof->behind_name = name;
    proof->behind_line = number;
  }
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

/* head.json must be there and good where there is a key; base.json only when lines were taken away. */
static void read_signed (Proof *proof) {
  gboolean there = FALSE;
  g_autoptr (MugaiJson) head =
      mugai_audit_read_head (proof->directory_fd, proof->key, &proof->head.seq, proof->head.hash, &there);

  proof->head.wanted = TRUE;
  if (head == NULL) {
    set_fault (proof, MUGAI_AUDIT_HEAD_NAME, 1,
               g_strdup (there ? "altered: not what the keeper signed" : "missing: the signed end of the chain"));
    return;
  }
  g_autoptr (MugaiJson) base = mugai_audit_read_statement (proof->directory_fd, MUGAI_AUDIT_BASE_NAME, &there);
  proof->base.wanted =
      base != NULL && mugai_audit_check_signature (base, "base", proof->key, &proof->base.seq, proof->base.hash);
  if (there && !proof->base.wanted)
    set_fault (proof, MUGAI_AUDIT_BASE_NAME, 1, g_strdup ("altered: not what the keeper signed"));
}

/* From paper: "SEQ:HEX", "-" and spaces between the digits; trusted because of where it was kept. */
static gboolean read_typed (const char *anchor, guint64 *ret_seq, char hash[MUGAI_SHA256_HEX_LENGTH + 1]) {
  const char *colon = strchr (anchor, ':');
  g_autofree char *number = colon != NULL ? g_strndup (anchor, (gsize) (colon - anchor)) : NULL;
  gsize n = 0;

  if (number == NULL || !g_ascii_string_to_unsigned (number, 10, 1, G_MAXINT64, ret_seq, NULL))
    return FALSE;
  for (const char *at = colon + 1; *at != '\0'; at++) {
    if (*at == '-' || *at == ' ')
      continue;
    if (!g_ascii_isxdigit (*at) || n == MUGAI_SHA256_HEX_LENGTH)
      return FALSE;
    hash[n++] = g_ascii_tolower (*at);
  }
  hash[n] = '\0';
  return n >= MUGAI_AUDIT_TYPED_MIN_DIGITS;
}

static gboolean read_anchor (Proof *proof, const char *anchor, GError **error) {
  gboolean there = FALSE;

  if (anchor == NULL)
    return TRUE;
  proof->anchor.wanted = TRUE;
  if (read_typed (anchor, &proof->anchor.seq, proof->anchor.hash))
    return TRUE;
  g_autoptr (MugaiJson) kept = mugai_audit_read_statement (AT_FDCWD, anchor, &there);
  if (kept != NULL && proof->key != NULL
      && mugai_audit_check_signature (kept, "head", proof->key, &proof->anchor.seq, proof->anchor.hash))
    return TRUE;
  errno = there ? EINVAL : ENOENT;
  return mugai_audit_fail_io (error, "not a head that this key signed:", anchor);
}

static gboolean prove_lines (Proof *proof, GError **error) {
  for (guint i = 0; i < proof->names->len && proof->report->ok; i++)
    if (!prove_segment (proof, g_ptr_array_index (proof->names, i), i + 1 == proof->names->len, error))
      return FALSE;
  return TRUE;
}

/* What was signed about lines that did not come: behind the end, or before the beginning. */
static void check_ends (Proof *proof) {
  const char *last = proof->names->len > 0 ? g_ptr_array_index (proof->names, proof->names->len - 1) : "audit";

  if (proof->base.wanted && proof->seq == 0 && proof->head.seq == proof->base.seq)
    return;
  if (proof->head.wanted && proof->head.seq > proof->seq)
    set_fault (proof, last, proof->seq + 1,
               g_strdup_printf ("truncated: the chain ends at number %" G_GUINT64_FORMAT
                                ", the keeper signed up to %" G_GUINT64_FORMAT,
                                proof->seq, proof->head.seq));
  else if (proof->anchor.wanted && !proof->anchor.met && proof->anchor.seq > proof->seq)
    set_fault (proof, last, proof->seq + 1, g_strdup ("truncated: the anchor names a later line than the chain has"));
}

/* A writer goes on while we read: lines behind the head that we read first are as good as it is old. */
static gboolean behind_head (const Proof *proof) {
  return proof->head.wanted && proof->head.seq < proof->seq && !writer_at_work (proof->directory_fd);
}

gboolean mugai_audit_verify_signed (const char *directory, const char *key_file, const char *anchor,
                                    MugaiAuditReport *ret_report, GError **error) {
  g_auto (MugaiFd) fd = mugai_audit_open_directory (directory, error);
  g_autoptr (GPtrArray) names = fd >= 0 ? mugai_audit_segments (fd, error) : NULL;
  g_autofree char *key = NULL;
  Proof proof = { .directory_fd = fd, .names = names, .report = ret_report };

  if (names == NULL)
    return FALSE;
  gboolean own = key_file == NULL && faccessat (fd, MUGAI_AUDIT_PUBLIC_NAME, F_OK, 0) == 0;
  if (key_file != NULL && !mugai_audit_read_public (AT_FDCWD, key_file, &key, error))
    return FALSE;
  *ret_report = (MugaiAuditReport){ .ok = TRUE };
  g_strlcpy (proof.hash, mugai_audit_first_prev (), sizeof proof.hash);
  if (own && !mugai_audit_read_public (fd, MUGAI_AUDIT_PUBLIC_NAME, &key, NULL))
    set_fault (&proof, MUGAI_AUDIT_PUBLIC_NAME, 1, g_strdup ("altered: not a public key"));
  proof.key = key;
  if (key != NULL)
    read_signed (&proof);
  if (!read_anchor (&proof, anchor, error) || !prove_lines (&proof, error)) {
    mugai_audit_report_clear (ret_report);
    return FALSE;
  }
  if (ret_report->ok)
    check_ends (&proof);
  if (ret_report->ok && behind_head (&proof))
    set_fault (&proof, proof.behind_name != NULL ? proof.behind_name : MUGAI_AUDIT_HEAD_NAME, proof.behind_line,
               g_strdup ("unsigned: from here on nothing is signed: added by another hand, or the keeper died here and "
                         "has not started since"));
  ret_report->signatures = key != NULL;
  return TRUE;
}

gboolean mugai_audit_verify (const char *directory, MugaiAuditReport *ret_report, GError **error) {
  return mugai_audit_verify_signed (directory, NULL, NULL, ret_report, error);
}

void mugai_audit_report_clear (MugaiAuditReport *report) {
  g_free (report->file);
  g_free (report->fault);
  *report = (MugaiAuditReport){ 0 };
}
