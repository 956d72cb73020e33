/* SPDX-License-Identifier: GPL-2.0-only
 *
 * scan/rar: see rar.h. Layouts after the format's own technical note (RAR 5) and unrar's published headers (RAR 4). Each step
 * goes forward by at least one header, so that a file of n bytes ends after at most n steps.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "rar.h"

#define SIGNATURE4_BYTES 7u
#define SIGNATURE5_BYTES 8u
#define MAX_NAME_BYTES 4096u

#define BLOCK4_BYTES 7u
#define BLOCK4_MAIN 0x73u
#define BLOCK4_FILE 0x74u
#define BLOCK4_END 0x7bu
#define MAIN4_ENCRYPTED 0x0080u
#define FILE4_ENCRYPTED 0x0004u
#define FILE4_DIRECTORY 0x00e0u
#define FILE4_LARGE 0x0100u
#define FILE4_UNICODE 0x0200u
#define BLOCK4_HAS_DATA 0x8000u

enum { BLOCK5_FILE = 2, BLOCK5_ENCRYPTION = 4, BLOCK5_END = 5 };
#define EXTRA5_ENCRYPTION 1u

static void clear_entry (void *data) {
  g_free (((MugaiRarEntry *) data)->name);
}

static void add_entry (MugaiRar *rar, MugaiRarEntry entry) {
  if (rar->entries->len < MUGAI_RAR_MAX_ENTRIES)
    g_array_append_val (rar->entries, entry);
  else
    g_free (entry.name);
}

/* ---- RAR 1.5 to 4 ---- */

/* "plain NUL packed": the Unicode name as differences to the plain one, two bits a character. */
static char *unpack_name (MugaiBytes plain, MugaiBytes packed) {
  g_autoptr (GString) out = g_string_new (NULL);
  guint high = mugai_bytes_u8 (packed, 0), flags = 0, bits = 0, n = 0;
  for (gsize at = 1; at < packed.length_bytes && n < MAX_NAME_BYTES;) {
    if (bits == 0) {
      flags = mugai_bytes_u8 (packed, at++);
      bits = 8;
    }
    bits -= 2;
    guint kind = flags >> bits & 3, low = mugai_bytes_u8 (packed, at++);
    if (kind < 3) {
      guint c = kind == 0 ? low : kind == 1 ? low | high << 8 : low | (guint) mugai_bytes_u8 (packed, at++) << 8;
      g_string_append_unichar (out, c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
      n++;
      continue;
    }
    guint correction = low & 0x80 ? mugai_bytes_u8 (packed, at++) : 0;
    for (guint left = (low & 0x7f) + 2; left > 0 && n < plain.length_bytes; left--, n++) {
      guint c = mugai_bytes_u8 (plain, n);
      g_string_append_unichar (out, low & 0x80 ? ((c + correction) & 0xff) | high << 8 : c);
    }
  }
  return g_string_free (g_steal_pointer (&out), FALSE);
}

static char *name_of_file4 (MugaiBytes block, guint flags) {
  MugaiBytes name =
      mugai_bytes_slice (block, flags & FILE4_LARGE ? 40 : 32, MIN (mugai_bytes_u16 (block, 26), MAX_NAME_BYTES));
  gssize nul = MUGAI_BYTES_FIND (name, 0, "\0");
  if (!(flags & FILE4_UNICODE) || nul < 0)
    return g_strndup ((const char *) name.data, name.length_bytes);
  return unpack_name (mugai_bytes_slice (name, 0, (gsize) nul),
                      mugai_bytes_slice (name, (gsize) nul + 1, name.length_bytes));
}

static void read_file4 (MugaiRar *rar, MugaiBytes block, guint flags) {
  guint64 high = flags & FILE4_LARGE ? mugai_bytes_u32 (block, 36) : 0;
  MugaiRarEntry entry = {
    .name = name_of_file4 (block, flags),
    .size_bytes = mugai_bytes_u32 (block, 11) | high << 32,
    .encrypted = (flags & FILE4_ENCRYPTED) != 0,
    .directory = (flags & FILE4_DIRECTORY) == FILE4_DIRECTORY,
  };
  add_entry (rar, entry);
}

static void read_rar4 (MugaiRar *rar, MugaiBytes bytes) {
  for (guint64 at = SIGNATURE4_BYTES; at + BLOCK4_BYTES <= bytes.length_bytes;) {
    guint kind = mugai_bytes_u8 (bytes, at + 2), flags = mugai_bytes_u16 (bytes, at + 3);
    guint size = mugai_bytes_u16 (bytes, at + 5);
    if (kind == BLOCK4_END)
      return;
    if (size < BLOCK4_BYTES || kind < 0x72 || kind > BLOCK4_END) {
      rar->malformed = TRUE;
      return;
    }
    MugaiBytes block = mugai_bytes_slice (bytes, at, size);
    if (kind == BLOCK4_MAIN && flags & MAIN4_ENCRYPTED) {
      rar->headers_encrypted = TRUE;
      return;
    }
    if (kind == BLOCK4_FILE)
      read_file4 (rar, block, flags);
    guint64 data = flags & BLOCK4_HAS_DATA || kind == BLOCK4_FILE ? mugai_bytes_u32 (block, 7) : 0;
    if (kind == BLOCK4_FILE && flags & FILE4_LARGE)
      data |= (guint64) mugai_bytes_u32 (block, 32) << 32;
    if (data > bytes.length_bytes) {
      rar->malformed = TRUE;
      return;
    }
    at += size + data;
  }
}

/* ---- RAR 5 ---- */

/* Seven bits a byte, lowest first; advances @at. */
static guint64 read_vint (MugaiBytes bytes, gsize *at) {
  guint64 value = 0;
  for (guint shift = 0; shift < 63 && *at < bytes.length_bytes; shift += 7) {
    guint8 c = bytes.data[(*at)++];
    value |= (guint64) (c & 0x7f) << shift;
    if (!(c & 0x80))
      break;
  }
  return value;
}

static gboolean has_lock (MugaiBytes extra) {
  for (gsize at = 0; at < extra.length_bytes;) {
    guint64 size = read_vint (extra, &at);
    gsize inside = at;
    if (size == 0 || size > extra.length_bytes)
      return FALSE;
    if (read_vint (extra, &inside) == EXTRA5_ENCRYPTION)
      return TRUE;
    at += (gsize) size;
  }
  return FALSE;
}

static void read_file5 (MugaiRar *rar, MugaiBytes header, gsize at, MugaiBytes extra) {
  guint64 flags = read_vint (header, &at);
  MugaiRarEntry entry = { .size_bytes = read_vint (header, &at), .directory = (flags & 1) != 0 };
  (void) read_vint (header, &at); /* attributes */
  at += (flags & 2 ? 4 : 0) + (flags & 4 ? 4 : 0);
  (void) read_vint (header, &at); /* method */
  (void) read_vint (header, &at); /* system */
  guint64 length = read_vint (header, &at);
  MugaiBytes name = mugai_bytes_slice (header, at, (gsize) MIN (length, MAX_NAME_BYTES));
  entry.name = g_strndup ((const char *) name.data, name.length_bytes);
  entry.encrypted = has_lock (extra);
  add_entry (rar, entry);
}

static void read_rar5 (MugaiRar *rar, MugaiBytes bytes) {
  for (gsize at = SIGNATURE5_BYTES; at + 4 < bytes.length_bytes;) {
    at += 4; /* its CRC */
    guint64 size = read_vint (bytes, &at);
    if (size == 0 || size > bytes.length_bytes - at) {
      rar->malformed = TRUE;
      return;
    }
    MugaiBytes header = mugai_bytes_slice (bytes, at, (gsize) size);
    gsize inside = 0;
    guint64 kind = read_vint (header, &inside), flags = read_vint (header, &inside);
    guint64 extra = flags & 1 ? read_vint (header, &inside) : 0, data = flags & 2 ? read_vint (header, &inside) : 0;
    if (kind == BLOCK5_ENCRYPTION)
      rar->headers_encrypted = TRUE;
    if (kind == BLOCK5_ENCRYPTION || kind == BLOCK5_END)
      return;
    if (kind == BLOCK5_FILE)
      read_file5 (rar, header, inside,
                  mugai_bytes_slice (header, extra > size ? 0 : (gsize) (size - extra), (gsize) MIN (extra, size)));
    if (data > bytes.length_bytes - at - size) {
      rar->malformed = TRUE;
      return;
    }
    at += (gsize) (size + data);
  }
}

MugaiRar *mugai_rar_open (MugaiBytes bytes) {
  MugaiRar *rar = g_new0 (MugaiRar, 1);
  rar->entries = g_array_new (FALSE, FALSE, sizeof (MugaiRarEntry));
  g_array_set_clear_func (rar->entries, clear_entry);
  if (MUGAI_BYTES_AT (bytes, 0, "Rar!\x1a\7\1\0"))
    read_rar5 (rar, bytes);
  else if (MUGAI_BYTES_AT (bytes, 0, "Rar!\x1a\7\0"))
    read_rar4 (rar, bytes);
  else
    rar->malformed = TRUE;
  return rar;
}

void mugai_rar_free (MugaiRar *rar) {
  if (!rar)
    return;
  g_clear_pointer (&rar->entries, g_array_unref);
  g_free (rar);
}
