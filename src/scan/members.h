/* SPDX-License-Identifier: GPL-2.0-only
 *
 * scan/members: one archive, member by member, within the message's budget.
 *
 * ZIP by our own reader (zip.h), everything else by libarchive with each format and filter named, so that it never runs a
 * program. Does not descend: the caller keeps the stack. Nothing is written to disk; a path is shown, never followed.
 */
#pragma once

#include "bytes.h"
#include "scanner.h"

typedef struct {
  GPtrArray *names;   /* of char*: decoded and safe, most credible first */
  GBytes *content;    /* NULL: could not be read (see @scan) */
  guint64 size_bytes; /* as read, else as announced */
  guint64 flags;      /* MugaiFlag set */
  MugaiScan scan;     /* worst that is known without a scanner; CLEAN: nothing against it */
  gboolean directory;
} MugaiMember;

void mugai_member_clear (MugaiMember *member);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (MugaiMember, mugai_member_clear)

typedef struct MugaiArchive MugaiArchive;

/**
 * mugai_archive_open:
 * @type: detected media type
 * @fallback_name: (nullable): name of the one member of gzip and its like
 *
 * Never fails: an archive that cannot be opened has no members, and says so by its flags and scan.
 */
MugaiArchive *mugai_archive_open (MugaiScanner *scanner, const char *type, GBytes *content, const char *fallback_name);
void mugai_archive_free (MugaiArchive *archive);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiArchive, mugai_archive_free)

/** mugai_archive_next: FALSE at the end, or when the budget is spent. @member is cleared by the caller. */
gboolean mugai_archive_next (MugaiArchive *archive, MugaiMember *member);
/** mugai_archive_flags, _scan: what is known of the container up to here. */
guint64 mugai_archive_flags (const MugaiArchive *archive);
MugaiScan mugai_archive_scan (const MugaiArchive *archive);

/** mugai_archive_decode_name: (transfer full): bytes of a name to safe UTF-8; flags of the raw name are or-ed. */
char *mugai_archive_decode_name (MugaiScanner *scanner, MugaiBytes raw, guint64 *flags);
