/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/tnef-properties: see tnef-properties.h. Every length is checked against what is left before it is believed.
 */
#include "tnef-properties.h"

#include <string.h>

#include "mugai/mail/charset.h"
#include "mugai/mail/tnef.h"

/* ---- bytes ---- */

static guint64 little_endian (TnefCursor *cursor, guint n_bytes) {
  guint64 value = 0;
  if (cursor->length - cursor->at < n_bytes) {
    cursor->broken = TRUE;
    cursor->at = cursor->length;
    return 0;
  }
  for (guint i = 0; i < n_bytes; i++)
    value |= (guint64) cursor->data[cursor->at++] << (8 * i);
  return value;
}

guint16 tnef_u16 (TnefCursor *cursor) {
  return (guint16) little_endian (cursor, 2);
}

guint32 tnef_u32 (TnefCursor *cursor) {
  return (guint32) little_endian (cursor, 4);
}

guint64 tnef_u64 (TnefCursor *cursor) {
  return little_endian (cursor, 8);
}

TnefCursor tnef_slice (TnefCursor *cursor, gsize length) {
  TnefCursor slice = { cursor->data + cursor->at, length, 0, FALSE };
  if (cursor->length - cursor->at < length) {
    cursor->broken = TRUE;
    slice.length = 0;
    cursor->at = cursor->length;
    return slice;
  }
  cursor->at += length;
  return slice;
}

/* ---- property lists ---- */

#define MULTIPLE 0x1000u

void tnef_properties_init (TnefProperties *properties, TnefCursor cursor) {
  properties->cursor = cursor;
  properties->left = tnef_u32 (&properties->cursor);
  if (properties->left > MUGAI_TNEF_MAX_PROPERTIES) {
    properties->left = 0;
    properties->cursor.broken = TRUE;
  }
}

/* Size of a value of fixed length as it stands in the stream, padded to 4; 0: its length stands before it. */
static guint fixed_size (guint16 type) {
  switch (type) {
  case TNEF_STRING8:
  case TNEF_UNICODE:
  case TNEF_BINARY:
  case TNEF_OBJECT:
    return 0;
  case 0x0005:
  case 0x0006:
  case 0x0007:
  case 0x0014:
  case TNEF_SYSTIME:
    return 8;
  case 0x0048:
    return 16;
  default:
    return 4;
  }
}

static TnefCursor padded_slice (TnefCursor *cursor, guint32 length) {
  TnefCursor value = tnef_slice (cursor, length);
  if (length % 4 != 0)
    cursor->at = MIN (cursor->at + 4 - length % 4, cursor->length);
  return value;
}

/* A property with a GUID: known by a number or by a name. */
static void read_named (TnefCursor *cursor, TnefProperty *property) {
  (void) tnef_slice (cursor, 16);
  property->named = TRUE;
  if (tnef_u32 (cursor) == 0) {
    guint32 number = tnef_u32 (cursor);
    property->id = number <= G_MAXUINT16 ? (guint16) number : 0;
  } else {
    guint32 length = tnef_u32 (cursor);
    (void) padded_slice (cursor, length);
    property->id = 0;
  }
}

gboolean tnef_properties_next (TnefProperties *properties, TnefProperty *ret_property) {
  TnefCursor *cursor = &properties->cursor;
  if (properties->left == 0 || cursor->broken)
    return FALSE;
  properties->left--;
  TnefProperty property = { 0 };
  guint16 type = tnef_u16 (cursor);
  property.type = type & ~MULTIPLE;
  property.id = tnef_u16 (cursor);
  if (property.id >= 0x8000)
    read_named (cursor, &property);
  guint size = fixed_size (property.type);
  guint32 n_values = size == 0 || (type & MULTIPLE) ? tnef_u32 (cursor) : 1;
  if (n_values > (cursor->length - cursor->at) / 4 + 1)
    cursor->broken = TRUE;
  for (guint32 i = 0; i < n_values && !cursor->broken; i++) {
    guint32 length = size == 0 ? tnef_u32 (cursor) : size;
    TnefCursor value = padded_slice (cursor, length);
    if (i == 0)
      property.value = value;
  }
  *ret_property = property;
  return !cursor->broken;
}

/* ---- texts ---- */

char *tnef_bytes_text (TnefCursor bytes, const char *charset) {
  gsize length = strnlen ((const char *) bytes.data, MIN (bytes.length, MUGAI_TNEF_MAX_TEXT_BYTES));
  g_autoptr (MugaiCharsetResult) decoded = mugai_mail_charset_decode ((const char *) bytes.data, length, charset, NULL);
  return g_steal_pointer (&decoded->text);
}

static char *utf16_text (TnefCursor bytes) {
  GString *out = g_string_new (NULL);
  while (bytes.at + 1 < bytes.length && out->len < MUGAI_TNEF_MAX_TEXT_BYTES) {
    gunichar unit = tnef_u16 (&bytes);
    if (unit == 0)
      break;
    if (unit >= 0xD800 && unit < 0xDC00 && bytes.at + 1 < bytes.length) {
      TnefCursor ahead = bytes;
      gunichar low = tnef_u16 (&ahead);
      if (low >= 0xDC00 && low < 0xE000) {
        bytes = ahead;
        unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
      }
    }
    g_string_append_unichar (out, unit >= 0xD800 && unit < 0xE000 ? 0xFFFD : unit);
  }
  return g_string_free (out, FALSE);
}

char *tnef_text (const TnefProperty *property, const char *charset) {
  return property->type == TNEF_UNICODE ? utf16_text (property->value) : tnef_bytes_text (property->value, charset);
}

/* ---- compressed RTF (MS-OXRTFCP 2.1.3): LZ77 over a ring of 4 KiB that begins with well-known RTF ---- */

#define RING 4096u
static const char preset[] =
    "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern "
    "\\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0"
    "\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

typedef struct {
  guint8 bytes[RING];
  guint at;
  GString *out;
  gsize max_bytes;
} Unpacker;

static void emit (Unpacker *unpacker, guint8 byte) {
  unpacker->bytes[unpacker->at] = byte;
  unpacker->at = (unpacker->at + 1) % RING;
  g_string_append_c (unpacker->out, (char) byte);
}

/* FALSE at the end mark. */
static gboolean copy_back (Unpacker *unpacker, TnefCursor *packed) {
  TnefCursor reference = tnef_slice (packed, 2); /* big-endian */
  if (reference.length < 2)
    return FALSE;
  guint offset = (guint) reference.data[0] << 4 | reference.data[1] >> 4, length = (reference.data[1] & 15u) + 2;
  if (offset == unpacker->at)
    return FALSE;
  for (guint i = 0; i < length; i++)
    emit (unpacker, unpacker->bytes[(offset + i) % RING]);
  return TRUE;
}

static GString *unpack (TnefCursor *packed, gsize max_bytes) {
  Unpacker unpacker = { .at = sizeof preset - 1, .out = g_string_new (NULL), .max_bytes = max_bytes };
  memcpy (unpacker.bytes, preset, sizeof preset - 1);
  gboolean more = TRUE;
  while (more && packed->at < packed->length && unpacker.out->len < max_bytes) {
    guint8 control = packed->data[packed->at++];
    for (guint bit = 0; bit < 8 && more && packed->at < packed->length; bit++) {
      if (control & (1u << bit))
        more = copy_back (&unpacker, packed);
      else
        emit (&unpacker, packed->data[packed->at++]);
    }
  }
  return unpacker.out;
}

GString *tnef_unpack_rtf (TnefCursor packed, gsize max_bytes) {
  (void) tnef_u32 (&packed); /* sizes and checksum: the stream's own end counts */
  guint32 raw_bytes = tnef_u32 (&packed), magic = tnef_u32 (&packed);
  (void) tnef_u32 (&packed);
  if (packed.broken)
    return NULL;
  if (magic == 0x414c454d) /* "MELA": stored as it is */
    return g_string_new_len ((const char *) packed.data + packed.at,
                             (gssize) MIN (MIN (packed.length - packed.at, raw_bytes), max_bytes));
  return magic == 0x75465a4c ? unpack (&packed, max_bytes) : NULL; /* "LZFu" */
}
