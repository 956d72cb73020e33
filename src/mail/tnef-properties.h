/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/tnef-properties: lists of MAPI properties within a TNEF stream (MS-OXTNEF 2.1.3.4), and bounded reading of little-endian bytes.
 *
 * A cursor never leaves its slice: a read beyond the end gives 0 and marks it broken. One cursor, one thread.
 */
#pragma once

#include <glib.h>

typedef struct {
  const guint8 *data;
  gsize length, at;
  gboolean broken;
} TnefCursor;

guint16 tnef_u16 (TnefCursor *cursor);
guint32 tnef_u32 (TnefCursor *cursor);
guint64 tnef_u64 (TnefCursor *cursor);
/** tnef_slice: (transfer none): @length bytes, or an empty slice when they are not there. */
TnefCursor tnef_slice (TnefCursor *cursor, gsize length);

#define TNEF_STRING8 0x001eu
#define TNEF_UNICODE 0x001fu
#define TNEF_BINARY 0x0102u
#define TNEF_OBJECT 0x000du
#define TNEF_SYSTIME 0x0040u
#define TNEF_BOOLEAN 0x000bu
#define TNEF_LONG 0x0003u

typedef struct {
  guint16 type, id; /* id: of a named property by number, that number */
  gboolean named;
  TnefCursor value; /* of the first value, without length and padding */
} TnefProperty;

typedef struct {
  TnefCursor cursor;
  guint32 left;
} TnefProperties;

/** tnef_properties_init: reads the count; rows of a recipient table follow each other in one cursor. */
void tnef_properties_init (TnefProperties *properties, TnefCursor cursor);
/** tnef_properties_next: FALSE at the end or where the list is broken (cursor.broken). */
gboolean tnef_properties_next (TnefProperties *properties, TnefProperty *ret_property);

/** tnef_text: (transfer full): a STRING8 (in @charset) or UNICODE value as UTF-8, not yet safe. */
char *tnef_text (const TnefProperty *property, const char *charset);
char *tnef_bytes_text (TnefCursor bytes, const char *charset);

/** tnef_unpack_rtf: (transfer full) (nullable): PR_RTF_COMPRESSED (MS-OXRTFCP), at most @max_bytes. */
GString *tnef_unpack_rtf (TnefCursor packed, gsize max_bytes);
