/* SPDX-License-Identifier: GPL-2.0-only
 *
 * scan/ole: a bounded reader of compound files (MS-CFB): directory and streams.
 *
 * The directory is read as the flat list it is; its trees are not walked, so a loop in them costs nothing
 * and an entry no tree names is seen too. Pure; one thread at a time.
 */
#pragma once

#include "bytes.h"

#define MUGAI_OLE_MAX_ENTRIES 20000u /* a real .doc has under 100, a mail with attachments some 1,000 */

typedef struct {
  char *name;  /* UTF-8, controls as written (U+0001, U+0005 start special names) */
  guint8 kind; /* 1 storage, 2 stream, 5 root */
  guint8 clsid[16];
  guint32 start; /* first sector */
  guint64 size_bytes;
} MugaiOleEntry;

typedef struct MugaiOle MugaiOle;

/** mugai_ole_open: NULL when the bytes are no compound file or its tables do not hold. @bytes must outlive it. */
MugaiOle *mugai_ole_open (MugaiBytes bytes);
void mugai_ole_free (MugaiOle *ole);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiOle, mugai_ole_free)

/** mugai_ole_is: TRUE when the bytes begin as a compound file does. */
gboolean mugai_ole_is (MugaiBytes bytes);
guint mugai_ole_n_entries (const MugaiOle *ole);
const MugaiOleEntry *mugai_ole_entry (const MugaiOle *ole, guint index);
/** mugai_ole_find: (nullable): first entry of that name, ASCII case ignored; @kind 0: any. */
const MugaiOleEntry *mugai_ole_find (const MugaiOle *ole, const char *name, guint8 kind);
/** mugai_ole_find_prefix: (nullable): first entry whose name begins so. */
const MugaiOleEntry *mugai_ole_find_prefix (const MugaiOle *ole, const char *prefix);
/** mugai_ole_read: (transfer full): the stream's bytes, at most @max_bytes; as many as its chain holds. */
GByteArray *mugai_ole_read (const MugaiOle *ole, const MugaiOleEntry *entry, gsize max_bytes);
