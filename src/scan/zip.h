/* SPDX-License-Identifier: GPL-2.0-only
 *
 * scan/zip: a strict reader of ZIP files that tells where two readers would differ.
 *
 * The central directory says what is there; every local header is compared with it. libarchive trusts the local names and
 * drops entries that share an offset, and libzip would bring a library whose licence does not fit: so this is our own.
 * Stored and deflated members are read here; other methods are the caller's business. Pure; any thread.
 */
#pragma once

#include "budget.h"
#include "bytes.h"

#define MUGAI_ZIP_MAX_ENTRIES 20000u /* twice the members of a message */

typedef enum {
  MUGAI_ZIP_MALFORMED = 1 << 0, /* local and central headers disagree, or one is missing */
  MUGAI_ZIP_AMBIGUOUS = 1 << 1, /* entries that only some readers see, bytes before or behind, two directories */
  MUGAI_ZIP_OVERLAP = 1 << 2,   /* entries share data: a bomb's way of repeating itself */
  MUGAI_ZIP_TOO_MANY = 1 << 3   /* entries over the limit were not listed */
} MugaiZipProblem;

typedef struct {
  MugaiBytes name;       /* as in the central directory */
  MugaiBytes local_name; /* as in the local header */
  MugaiBytes extra;      /* of the central directory */
  MugaiBytes central;    /* the whole record there */
  guint32 crc;
  guint16 flags, method;
  guint64 packed_bytes, size_bytes, local_offset, data_offset;
  gboolean encrypted, directory, broken; /* broken: no local header where it should be */
} MugaiZipEntry;

typedef struct {
  MugaiBytes bytes;
  GArray *entries; /* of MugaiZipEntry, in the directory's order */
  guint problems;  /* set of MugaiZipProblem */
} MugaiZip;

gboolean mugai_zip_is (MugaiBytes bytes);
/** mugai_zip_is_behind: TRUE when a whole ZIP ends the file, but something else begins it: two readers, two files. */
gboolean mugai_zip_is_behind (MugaiBytes bytes);
/** mugai_zip_open: NULL when there is no central directory. @bytes must outlive it. */
MugaiZip *mugai_zip_open (MugaiBytes bytes);
void mugai_zip_free (MugaiZip *zip);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiZip, mugai_zip_free)

/** mugai_zip_find: (nullable): entry of that exact name, ASCII case ignored. */
const MugaiZipEntry *mugai_zip_find (const MugaiZip *zip, const char *name);

typedef enum {
  MUGAI_ZIP_READ_OK,
  MUGAI_ZIP_READ_BROKEN,      /* not what its headers promise */
  MUGAI_ZIP_READ_OVER_LIMIT,  /* over @max_bytes */
  MUGAI_ZIP_READ_BOMB,        /* the budget's ratio */
  MUGAI_ZIP_READ_LATE,        /* the budget's deadline */
  MUGAI_ZIP_READ_UNSUPPORTED, /* another method */
  MUGAI_ZIP_READ_ENCRYPTED
} MugaiZipRead;

/** mugai_zip_read: @ret_content (transfer full): what came out up to the failure; never NULL. @budget (nullable). */
MugaiZipRead mugai_zip_read (const MugaiZip *zip, const MugaiZipEntry *entry, gsize max_bytes, MugaiBudget *budget,
                             GBytes **ret_content);

/** mugai_zip_excerpt: (transfer full) (nullable): a ZIP of this one entry, byte for byte, for another reader; NULL for ZIP64. */
GBytes *mugai_zip_excerpt (const MugaiZip *zip, const MugaiZipEntry *entry);

/** mugai_inflate: zlib (@raw FALSE) or raw deflate data; as mugai_zip_read (). */
MugaiZipRead mugai_inflate (MugaiBytes packed, gboolean raw, gsize max_bytes, MugaiBudget *budget, GByteArray *out);
