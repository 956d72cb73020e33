/* SPDX-License-Identifier: GPL-2.0-only
 *
 * audit/segment: the files of a chain, one a day, and their lines read forwards or backwards.
 */
#pragma once

#include "mugai/audit.h"

#define MUGAI_AUDIT_SEGMENT_NAME_BYTES 22 /* audit-YYYY-MM-DD.jsonl */

/** mugai_audit_segment_name: (transfer full): of the day that @at (RFC 3339) begins with. */
char *mugai_audit_segment_name (const char *at);
/** mugai_audit_segments: (transfer full): names of the segments in @directory_fd, oldest first; other files are not ours. */
GPtrArray *mugai_audit_segments (int directory_fd, GError **error);
/** mugai_audit_open_directory: descriptor, or -1 and MUGAI_AUDIT_ERROR_IO. */
int mugai_audit_open_directory (const char *directory, GError **error);
/** mugai_audit_fail_io: sets MUGAI_AUDIT_ERROR_IO from errno and @name; FALSE. */
gboolean mugai_audit_fail_io (GError **error, const char *what, const char *name);

/* Lines of one file. Fields are for segment.c alone, but for @whole_bytes. */
typedef struct {
  int fd;
  const char *name; /* borrowed, for messages */
  GByteArray *buffer;
  gsize start, end; /* of what is not yet handed out */
  guint64 position; /* backwards: of the buffer's first byte in the file */
  gboolean at_end;
  guint64 whole_bytes; /* backwards: length of the file up to its last line end */
} MugaiAuditReader;

gboolean mugai_audit_reader_open (MugaiAuditReader *reader, int directory_fd, const char *name, gboolean backwards,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
void mugai_audit_reader_clear (MugaiAuditReader *reader);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (MugaiAuditReader, mugai_audit_reader_clear)

/**
 * mugai_audit_reader_next, _previous:
 * @ret_line: (out) (transfer none): without its line end; until the next call; NULL: no more
 * @ret_whole: (out): FALSE: the file ends without a line end; what there was of a line is in @ret_line. _previous leaves that out.
 */
gboolean mugai_audit_reader_next (MugaiAuditReader *reader, const char **ret_line, gsize *ret_length_bytes,
                                  gboolean *ret_whole, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean mugai_audit_reader_previous (MugaiAuditReader *reader, const char **ret_line, gsize *ret_length_bytes,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
