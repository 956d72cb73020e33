/* SPDX-License-Identifier: GPL-2.0-only
 *
 * audit/chain: the one writer of the chain, and the readers that walk it.
 *
 * A group of lines is built in memory, written in one go and synced: that is the commit point of the house. What cannot
 * be written is cut off again, so that a line on disk is either answered or gone. Invariant: the file is as long as we
 * think, and its last line has the hash that the next one names; when it is not, nothing is ever appended.
 * Threads: one, the keeper's.
 */
#include "mugai/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "mugai/base/base.h"
#include "mugai/base/fd.h"

#include "line.h"
#include "segment.h"
#include "sign.h"

#define SEGMENT_MODE 0640 /* the auditors' group may read */

G_DEFINE_QUARK (mugai - audit - error - quark, mugai_audit_error)

/* Where the chain stands. */
typedef struct {
  guint64 seq;
  char hash[MUGAI_SHA256_HEX_LENGTH + 1];
} Head;

struct MugaiAudit {
  int directory_fd; /* holds the lock that keeps a second writer out */
  char *directory;
  char *segment; /* name of the newest; NULL: there is none */
  int segment_fd;
  guint64 size_bytes; /* of the newest, all of it synced */
  Head synced;
  Head pending;
  char *pending_segment; /* where the group goes; NULL: no group */
  GString *group;
  MugaiAuditSigner *signer; /* NULL: nothing is signed */
  guint64 signed_seq;       /* of the last checkpoint; of this life, or 0 */
  gint64 signed_at_us;
  gboolean was_signed, head_missing; /* when the key was taken into use */
};

static gboolean fail_broken (GError **error, const char *name, const char *fault) {
  g_set_error (error, MUGAI_AUDIT_ERROR, MUGAI_AUDIT_ERROR_BROKEN, "audit chain: %s: %s", name, fault);
  return FALSE;
}

/* ---- opening ---- */

static gboolean lock_directory (MugaiAudit *audit, GError **error) {
  if (flock (audit->directory_fd, LOCK_EX | LOCK_NB) == 0)
    return TRUE;
  return mugai_audit_fail_io (error, "another writer has", audit->directory);
}

/* Takes the head from the last whole line of @name; @ret_found is FALSE when the file has none. */
static gboolean read_head (MugaiAudit *audit, const char *name, guint64 *ret_whole_bytes, gboolean *ret_found,
                           GError **error) {
  g_auto (MugaiAuditReader) reader = { .fd = -1 };
  g_auto (MugaiAuditLine) line = { 0 };
  const char *text = NULL, *fault = NULL;
  gsize length_bytes = 0;

  if (!mugai_audit_reader_open (&reader, audit->directory_fd, name, TRUE, error)
      || !mugai_audit_reader_previous (&reader, &text, &length_bytes, error))
    return FALSE;
  *ret_whole_bytes = reader.whole_bytes;
  *ret_found = text != NULL;
  if (text == NULL)
    return TRUE;
  if (!mugai_audit_line_check (text, length_bytes, &line, &fault))
    return fail_broken (error, name, fault);
  audit->synced.seq = line.seq;
  memcpy (audit->synced.hash, line.hash, sizeof line.hash);
  return TRUE;
}

/* Opens the newest segment for appending, without what a crash left of a line. */
static gboolean open_newest (MugaiAudit *audit, const char *name, guint64 whole_bytes, GError **error) {
  audit->segment_fd = openat (audit->directory_fd, name, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
  if (audit->segment_fd < 0)
    return mugai_audit_fail_io (error, "cannot open", name);
  audit->segment = g_strdup (name);
  audit->size_bytes = whole_bytes;
  if (mugai_fd_size (audit->segment_fd) != (gint64) whole_bytes
      && ftruncate (audit->segment_fd, (off_t) whole_bytes) < 0)
    return mugai_audit_fail_io (error, "cannot cut the torn line off", name);
  /* Lines that a dead writer wrote may be in memory only: from here on they count as answered. */
  if (fsync (audit->segment_fd) < 0 || fsync (audit->directory_fd) < 0)
    return mugai_audit_fail_io (error, "cannot sync", name);
  return TRUE;
}

static gboolean open_chain (MugaiAudit *audit, GError **error) {
  g_autoptr (GPtrArray) names = mugai_audit_segments (audit->directory_fd, error);
  gboolean found = FALSE;

  if (names == NULL)
    return FALSE;
  for (guint i = names->len; i > 0 && !found; i--) {
    const char *name = g_ptr_array_index (names, i - 1);
    guint64 whole_bytes = 0;
    if (!read_head (audit, name, &whole_bytes, &found, error))
      return FALSE;
    if (i == names->len && !open_newest (audit, name, whole_bytes, error))
      return FALSE;
  }
  audit->pending = audit->synced;
  return TRUE;
}

MugaiAudit *mugai_audit_open (const char *directory, GError **error) {
  g_autoptr (MugaiAudit) audit = g_new0 (MugaiAudit, 1);

  audit->segment_fd = -1;
  audit->directory = g_strdup (directory);
  audit->group = g_string_new (NULL);
  g_strlcpy (audit->synced.hash, mugai_audit_first_prev (), sizeof audit->synced.hash);
  audit->directory_fd = mugai_audit_open_directory (directory, error);
  if (audit->directory_fd < 0)
    return NULL;
  if (!lock_directory (audit, error) || !open_chain (audit, error))
    return NULL;
  return g_steal_pointer (&audit);
}

void mugai_audit_close (MugaiAudit *audit) {
  if (audit == NULL)
    return;
  mugai_audit_signer_close (audit->signer);
  mugai_fd_close (audit->segment_fd);
  mugai_fd_close (audit->directory_fd);
  g_string_free (audit->group, TRUE);
  g_free (audit->pending_segment);
  g_free (audit->segment);
  g_free (audit->directory);
  g_free (audit);
}

guint64 mugai_audit_last_seq (const MugaiAudit *audit) {
  return audit->synced.seq;
}

guint64 mugai_audit_pending (const MugaiAudit *audit, const char **ret_hash) {
  *ret_hash = audit->pending.hash;
  return audit->pending.seq;
}

/* ---- appending ---- */

/* The day's segment; but never an older one than the newest, whatever the clock says: the order of names is the order of lines. */
static char *choose_segment (const MugaiAudit *audit, const char *at) {
  char *name = mugai_audit_segment_name (at);

  if (audit->segment != NULL && strcmp (name, audit->segment) < 0) {
    g_free (name);
    return g_strdup (audit->segment);
  }
  return name;
}

static gboolean add_line (MugaiAudit *audit, const char *kind, const char *at, const char *actor, json_t *body,
                          GError **error) {
  char hash[MUGAI_SHA256_HEX_LENGTH + 1];
  g_autofree char *line =
      mugai_audit_line_make (audit->pending.seq + 1, audit->pending.hash, kind, at, actor, body, hash);

  if (line == NULL) {
    g_set_error (error, MUGAI_AUDIT_ERROR, MUGAI_AUDIT_ERROR_IO, "audit chain: a line over %u bytes is not written",
                 MUGAI_AUDIT_MAX_LINE_BYTES);
    return FALSE;
  }
  if (audit->pending_segment == NULL)
    audit->pending_segment = choose_segment (audit, at);
  g_string_append (audit->group, line);
  g_string_append_c (audit->group, '\n');
  audit->pending.seq++;
  memcpy (audit->pending.hash, hash, sizeof hash);
  return TRUE;
}

static gboolean add_checkpoint (MugaiAudit *audit, const char *at, gint64 now_us, GError **error) {
  g_autoptr (MugaiJson) body = mugai_audit_sign (audit->signer, "checkpoint", audit->pending.seq, audit->pending.hash);

  if (!add_line (audit, "checkpoint", at, "keeper", body, error))
    return FALSE;
  audit->signed_seq = audit->pending.seq;
  audit->signed_at_us = now_us;
  return TRUE;
}

/* By number, by time, and as the first line of a day, which signs the day before. Before any line of the group, so that a group that
 * fails loses nothing but a statement about what is there anyway. */
static gboolean checkpoint_is_due (const MugaiAudit *audit, const char *at, gint64 now_us) {
  if (audit->signer == NULL || audit->group->len > 0)
    return FALSE;
  g_autofree char *segment = choose_segment (audit, at);
  return g_strcmp0 (segment, audit->segment) != 0 || audit->signed_at_us == 0
         || audit->pending.seq >= audit->signed_seq + MUGAI_AUDIT_CHECKPOINT_LINES
         || now_us >= audit->signed_at_us + MUGAI_AUDIT_CHECKPOINT_S * G_USEC_PER_SEC;
}

gboolean mugai_audit_append (MugaiAudit *audit, const char *kind, const char *actor, json_t *body, gint64 now_us,
                             GError **error) {
  g_return_val_if_fail (json_is_object (body), FALSE);

  g_autofree char *at = mugai_time_rfc3339 (now_us);
  if (checkpoint_is_due (audit, at, now_us) && !add_checkpoint (audit, at, now_us, error))
    return FALSE;
  return add_line (audit, kind, at, actor, body, error);
}

gboolean mugai_audit_checkpoint (MugaiAudit *audit, gint64 now_us, GError **error) {
  g_autofree char *at = mugai_time_rfc3339 (now_us);

  return audit->signer == NULL || add_checkpoint (audit, at, now_us, error);
}

/* ---- signing ---- */

/* In place: a new file for each group costs more than all else here. Not synced: after a power cut an older one may be there, which says
 * less, and nothing false. It lies within one sector; who reads it meanwhile reads it again (verify.c). */
static void write_head (MugaiAudit *audit) {
  if (audit->signer == NULL)
    return;
  g_autoptr (MugaiJson) head = mugai_audit_sign (audit->signer, "head", audit->synced.seq, audit->synced.hash);
  g_autofree char *line = mugai_json_line (head);
  g_autofree char *text = g_strconcat (line, "\n", NULL);
  gsize length_bytes = strlen (text);
  g_auto (MugaiFd) fd =
      openat (audit->directory_fd, MUGAI_AUDIT_HEAD_NAME, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, SEGMENT_MODE);
  if (fd < 0 || !mugai_fd_write_all (fd, text, length_bytes, NULL)
      || (mugai_fd_size (fd) != (gint64) length_bytes && ftruncate (fd, (off_t) length_bytes) < 0))
    g_debug ("audit chain: " MUGAI_AUDIT_HEAD_NAME " is behind: %s", g_strerror (errno));
}

/* What we signed once must still be there: else the tail was cut off while nobody wrote. */
static gboolean check_head (MugaiAudit *audit, GError **error) {
  gboolean there = FALSE;
  g_autoptr (MugaiJson) head = mugai_audit_read_statement (audit->directory_fd, MUGAI_AUDIT_HEAD_NAME, &there);
  g_autofree char *key = NULL;
  char hash[MUGAI_SHA256_HEX_LENGTH + 1];
  guint64 seq = 0;

  audit->head_missing = audit->synced.seq > 0 && audit->was_signed && head == NULL;
  if (!mugai_audit_read_public (audit->directory_fd, MUGAI_AUDIT_PUBLIC_NAME, &key, error))
    return FALSE;
  if (head == NULL || !mugai_audit_check_signature (head, "head", key, &seq, hash))
    return TRUE; /* none yet, or torn by a power cut */
  if (seq > audit->synced.seq || (seq == audit->synced.seq && strcmp (hash, audit->synced.hash) != 0))
    return fail_broken (error, MUGAI_AUDIT_HEAD_NAME, "truncated: it names a later line than the chain has");
  return TRUE;
}

gboolean mugai_audit_use_key (MugaiAudit *audit, const char *keys_folder, GError **error) {
  audit->was_signed = faccessat (audit->directory_fd, MUGAI_AUDIT_PUBLIC_NAME, F_OK, 0) == 0;
  audit->signer = mugai_audit_signer_open (keys_folder, audit->directory_fd, error);
  if (audit->signer == NULL || !check_head (audit, error))
    return FALSE;
  write_head (audit);
  return TRUE;
}

char *mugai_audit_mac (const MugaiAudit *audit, const char *purpose, const char *text) {
  return audit->signer != NULL ? mugai_audit_signer_mac (audit->signer, purpose, text) : NULL;
}

gboolean mugai_audit_head_was_missing (const MugaiAudit *audit) {
  return audit->head_missing;
}

/* The last line of the segment @name. */
static gboolean read_end (MugaiAudit *audit, const char *name, Head *ret_head, GError **error) {
  Head synced = audit->synced;
  guint64 whole_bytes = 0;
  gboolean found = FALSE;
  gboolean done = read_head (audit, name, &whole_bytes, &found, error);

  *ret_head = audit->synced;
  audit->synced = synced;
  return done && (found || fail_broken (error, name, "has no line"));
}

gboolean mugai_audit_expire (MugaiAudit *audit, const char *before_day, char **ret_last, GError **error) {
  g_autoptr (GPtrArray) names = mugai_audit_segments (audit->directory_fd, error);
  g_autofree char *limit = names != NULL ? mugai_audit_segment_name (before_day) : NULL;
  g_autoptr (GError) cause = NULL;
  Head end;
  guint n = 0;

  *ret_last = NULL;
  if (names == NULL)
    return FALSE;
  while (n + 1 < names->len && strcmp (g_ptr_array_index (names, n), limit) < 0)
    n++;
  if (n == 0 || audit->signer == NULL)
    return TRUE;
  if (!read_end (audit, g_ptr_array_index (names, n - 1), &end, error))
    return FALSE;
  g_autoptr (MugaiJson) base = mugai_audit_sign (audit->signer, "base", end.seq, end.hash);
  g_autofree char *line = mugai_json_line (base);
  g_autofree char *text = g_strconcat (line, "\n", NULL);
  /* The statement first: a chain that begins late without one is a broken chain. */
  if (!mugai_file_write_durable (audit->directory_fd, MUGAI_AUDIT_BASE_NAME, text, strlen (text), SEGMENT_MODE, &cause))
    return mugai_audit_fail_io (error, cause->message, MUGAI_AUDIT_BASE_NAME);
  for (guint i = 0; i < n; i++)
    if (unlinkat (audit->directory_fd, g_ptr_array_index (names, i), 0) < 0)
      return mugai_audit_fail_io (error, "cannot remove", g_ptr_array_index (names, i));
  *ret_last = g_strdup (g_ptr_array_index (names, n - 1));
  return TRUE;
}

void mugai_audit_abandon (MugaiAudit *audit) {
  if (audit->pending.seq != audit->synced.seq)
    audit->signed_at_us = 0; /* a checkpoint may have gone with the group */
  g_string_set_size (audit->group, 0);
  g_clear_pointer (&audit->pending_segment, g_free);
  audit->pending = audit->synced;
}

/* The first line of a day: its file must be there after a power cut, so the folder is synced too. */
static int create_segment (MugaiAudit *audit, GError **error) {
  const char *name = audit->pending_segment;
  g_auto (MugaiFd) fd =
      openat (audit->directory_fd, name, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, SEGMENT_MODE);

  if (fd < 0) {
    (void) mugai_audit_fail_io (error, "cannot create", name);
    return -1;
  }
  if (fsync (audit->directory_fd) < 0) {
    (void) mugai_audit_fail_io (error, "cannot sync the folder of", name);
    (void) unlinkat (audit->directory_fd, name, 0);
    return -1;
  }
  return mugai_fd_steal (&fd);
}

static gboolean write_group (MugaiAudit *audit, int fd, guint64 size_bytes, GError **error) {
  const char *name = audit->pending_segment;

  if (mugai_fd_size (fd) != (gint64) size_bytes)
    return fail_broken (error, name, "its length is not what the writer left");
  if (!mugai_fd_write_all (fd, audit->group->str, audit->group->len, NULL))
    return mugai_audit_fail_io (error, "cannot write", name);
  if (fdatasync (fd) < 0)
    return mugai_audit_fail_io (error, "cannot sync", name);
  return TRUE;
}

/* Undoes a write that failed half-way. What cannot be undone now is undone or kept, as a whole line, by the next open. */
static void take_back (MugaiAudit *audit, int fd, guint64 size_bytes, gboolean created) {
  (void) !ftruncate (fd, (off_t) size_bytes);
  (void) fdatasync (fd);
  if (created && mugai_fd_size (fd) == 0)
    (void) unlinkat (audit->directory_fd, audit->pending_segment, 0);
}

gboolean mugai_audit_sync (MugaiAudit *audit, GError **error) {
  g_auto (MugaiFd) created_fd = -1;
  GError *cause = NULL;

  if (audit->pending_segment == NULL)
    return TRUE;
  gboolean create = audit->segment == NULL || strcmp (audit->segment, audit->pending_segment) != 0;
  if (create) {
    created_fd = create_segment (audit, error);
    if (created_fd < 0) {
      mugai_audit_abandon (audit);
      return FALSE;
    }
  }
  int fd = create ? created_fd : audit->segment_fd;
  guint64 size_bytes = create ? 0 : audit->size_bytes;
  if (!write_group (audit, fd, size_bytes, &cause)) {
    if (!g_error_matches (cause, MUGAI_AUDIT_ERROR, MUGAI_AUDIT_ERROR_BROKEN))
      take_back (audit, fd, size_bytes, create);
    g_propagate_error (error, cause);
    mugai_audit_abandon (audit);
    return FALSE;
  }
  if (create) {
    mugai_fd_close (audit->segment_fd);
    audit->segment_fd = mugai_fd_steal (&created_fd);
    g_free (audit->segment);
    audit->segment = g_steal_pointer (&audit->pending_segment);
  }
  audit->size_bytes = size_bytes + audit->group->len;
  audit->synced = audit->pending;
  mugai_audit_abandon (audit);
  write_head (audit);
  return TRUE;
}

/* ---- reading ---- */

/* One segment, in either direction. @ret_more: the visitor wants to go on. */
static gboolean each_line (int directory_fd, const char *name, gboolean backwards, MugaiAuditVisit visit, gpointer data,
                           gboolean *ret_more, GError **error) {
  g_auto (MugaiAuditReader) reader = { .fd = -1 };

  if (!mugai_audit_reader_open (&reader, directory_fd, name, backwards, error))
    return FALSE;
  *ret_more = TRUE;
  while (*ret_more) {
    const char *text = NULL;
    gsize length_bytes = 0;
    gboolean whole = TRUE;
    if (backwards ? !mugai_audit_reader_previous (&reader, &text, &length_bytes, error)
                  : !mugai_audit_reader_next (&reader, &text, &length_bytes, &whole, error))
      return FALSE;
    if (text == NULL || !whole) /* half a line is one being written, or never answered */
      return TRUE;
    g_autoptr (MugaiJson) line = json_loadb (text, length_bytes, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object (line))
      return fail_broken (error, name, "a line is not JSON; see mugai audit verify");
    *ret_more = visit (line, data);
  }
  return TRUE;
}

static gboolean each (const char *directory, gboolean backwards, MugaiAuditVisit visit, gpointer data, GError **error) {
  g_auto (MugaiFd) fd = mugai_audit_open_directory (directory, error);
  g_autoptr (GPtrArray) names = fd >= 0 ? mugai_audit_segments (fd, error) : NULL;
  gboolean more = TRUE;

  if (names == NULL)
    return FALSE;
  for (guint i = 0; i < names->len && more; i++) {
    const char *name = g_ptr_array_index (names, backwards ? names->len - 1 - i : i);
    if (!each_line (fd, name, backwards, visit, data, &more, error))
      return FALSE;
  }
  return TRUE;
}

gboolean mugai_audit_each (const char *directory, MugaiAuditVisit visit, gpointer data, GError **error) {
  return each (directory, FALSE, visit, data, error);
}

gboolean mugai_audit_each_back (const char *directory, MugaiAuditVisit visit, gpointer data, GError **error) {
  return each (directory, TRUE, visit, data, error);
}
