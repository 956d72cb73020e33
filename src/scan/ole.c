/* SPDX-License-Identifier: GPL-2.0-only
 *
 * scan/ole: see ole.h. Chains are followed at most as long as the file has sectors, so a loop ends.
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "ole.h"

static const guint8 ole_magic[] = { 0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1 };

#define END_OF_CHAIN 0xfffffff0u /* and everything above: free, FAT, DIFAT */
#define ENTRY_BYTES 128u
#define HEADER_DIFAT_SLOTS 109u
#define NAME_UNITS 32u

struct MugaiOle {
  MugaiBytes bytes;
  guint sector_bytes, mini_sector_bytes;
  guint32 mini_cutoff_bytes;
  GArray *fat;      /* of guint32 */
  GArray *mini_fat; /* of guint32 */
  GByteArray *mini_stream;
  GArray *entries; /* of MugaiOleEntry */
};

gboolean mugai_ole_is (MugaiBytes bytes) {
  return mugai_bytes_at (bytes, 0, ole_magic, sizeof ole_magic);
}

static MugaiBytes sector (const MugaiOle *ole, guint32 number) {
  return mugai_bytes_slice (ole->bytes, ((gsize) number + 1) * ole->sector_bytes, ole->sector_bytes);
}

static guint32 next_in (const GArray *table, guint32 number) {
  return number < table->len ? g_array_index (table, guint32, number) : END_OF_CHAIN;
}

/* All bytes of a chain of sectors, at most @max_bytes. */
static GByteArray *read_chain (const MugaiOle *ole, guint32 start, gsize max_bytes) {
  GByteArray *out = g_byte_array_new ();
  guint32 number = start;
  for (guint n = 0; n <= ole->fat->len && number < END_OF_CHAIN && out->len < max_bytes; n++) {
    MugaiBytes piece = sector (ole, number);
    if (piece.length_bytes == 0)
      break;
    g_byte_array_append (out, piece.data, (guint) MIN (piece.length_bytes, max_bytes - out->len));
    number = next_in (ole->fat, number);
  }
  return out;
}

static GByteArray *read_mini_chain (const MugaiOle *ole, guint32 start, gsize max_bytes) {
  GByteArray *out = g_byte_array_new ();
  MugaiBytes stream = { ole->mini_stream->data, ole->mini_stream->len };
  guint32 number = start;
  for (guint n = 0; n <= ole->mini_fat->len && number < END_OF_CHAIN && out->len < max_bytes; n++) {
    MugaiBytes piece = mugai_bytes_slice (stream, (gsize) number * ole->mini_sector_bytes, ole->mini_sector_bytes);
    if (piece.length_bytes == 0)
      break;
    g_byte_array_append (out, piece.data, (guint) MIN (piece.length_bytes, max_bytes - out->len));
    number = next_in (ole->mini_fat, number);
  }
  return out;
}

static void add_fat_sector (MugaiOle *ole, guint32 number) {
  MugaiBytes piece = number < END_OF_CHAIN ? sector (ole, number) : (MugaiBytes){ (const guint8 *) "", 0 };
  for (gsize at = 0; at + 4 <= piece.length_bytes; at += 4) {
    guint32 value = mugai_bytes_u32 (piece, at);
    g_array_append_val (ole->fat, value);
  }
}

/* The FAT's own sectors: 109 in the header, the others in a chain of DIFAT sectors. */
static void read_fat (MugaiOle *ole) {
  gsize most_sectors = ole->bytes.length_bytes / ole->sector_bytes + 1;
  gsize most_fat = most_sectors * 4 / ole->sector_bytes + 1;
  gsize n_fat = 0;
  for (guint i = 0; i < HEADER_DIFAT_SLOTS && n_fat < most_fat; i++, n_fat++)
    add_fat_sector (ole, mugai_bytes_u32 (ole->bytes, 76 + (gsize) i * 4));
  guint32 difat = mugai_bytes_u32 (ole->bytes, 68);
  for (gsize n = 0; n < most_sectors && difat < END_OF_CHAIN && n_fat < most_fat; n++) {
    MugaiBytes piece = sector (ole, difat);
    if (piece.length_bytes < ole->sector_bytes)
      return;
    for (gsize at = 0; at + 8 <= ole->sector_bytes && n_fat < most_fat; at += 4, n_fat++)
      add_fat_sector (ole, mugai_bytes_u32 (piece, at));
    difat = mugai_bytes_u32 (piece, ole->sector_bytes - 4);
  }
}

static char *entry_name (MugaiBytes entry) {
  gunichar2 units[NAME_UNITS + 1] = { 0 };
  guint length = MIN (mugai_bytes_u16 (entry, 64) / 2u, NAME_UNITS);
  for (guint i = 0; i + 1 < length; i++)
    units[i] = mugai_bytes_u16 (entry, (gsize) i * 2);
  char *name = g_utf16_to_utf8 (units, -1, NULL, NULL, NULL);
  return name ? name : g_strdup ("");
}

static void clear_entry (void *data) {
  g_free (((MugaiOleEntry *) data)->name);
}

static void read_directory (MugaiOle *ole) {
  g_autoptr (GByteArray) all = read_chain (ole, mugai_bytes_u32 (ole->bytes, 48), MUGAI_OLE_MAX_ENTRIES * ENTRY_BYTES);
  MugaiBytes bytes = { all->data, all->len };
  for (gsize at = 0; at + ENTRY_BYTES <= bytes.length_bytes; at += ENTRY_BYTES) {
    MugaiBytes raw = mugai_bytes_slice (bytes, at, ENTRY_BYTES);
    MugaiOleEntry entry = { .kind = mugai_bytes_u8 (raw, 66) };
    if (entry.kind == 0)
      continue;
    entry.name = entry_name (raw);
    memcpy (entry.clsid, raw.data + 80, sizeof entry.clsid);
    entry.start = mugai_bytes_u32 (raw, 116);
    entry.size_bytes = ole->sector_bytes == 512 ? mugai_bytes_u32 (raw, 120) : mugai_bytes_u64 (raw, 120);
    g_array_append_val (ole->entries, entry);
  }
}

static void read_mini (MugaiOle *ole) {
  g_autoptr (GByteArray) table = read_chain (ole, mugai_bytes_u32 (ole->bytes, 60), ole->bytes.length_bytes);
  MugaiBytes bytes = { table->data, table->len };
  for (gsize at = 0; at + 4 <= bytes.length_bytes; at += 4) {
    guint32 value = mugai_bytes_u32 (bytes, at);
    g_array_append_val (ole->mini_fat, value);
  }
  const MugaiOleEntry *root = ole->entries->len > 0 ? mugai_ole_entry (ole, 0) : NULL;
  if (root && root->kind == 5) {
    g_byte_array_unref (ole->mini_stream);
    ole->mini_stream = read_chain (ole, root->start, (gsize) MIN (root->size_bytes, ole->bytes.length_bytes));
  }
}

MugaiOle *mugai_ole_open (MugaiBytes bytes) {
  guint sector_shift = mugai_bytes_u16 (bytes, 30);
  guint mini_shift = mugai_bytes_u16 (bytes, 32);
  if (!mugai_ole_is (bytes) || bytes.length_bytes < 512 || (sector_shift != 9 && sector_shift != 12) || mini_shift < 4
      || mini_shift > 9)
    return NULL;
  g_autoptr (MugaiOle) ole = g_new0 (MugaiOle, 1);
  ole->bytes = bytes;
  ole->sector_bytes = 1u << sector_shift;
  ole->mini_sector_bytes = 1u << mini_shift;
  ole->mini_cutoff_bytes = mugai_bytes_u32 (bytes, 56);
  ole->fat = g_array_new (FALSE, FALSE, sizeof (guint32));
  ole->mini_fat = g_array_new (FALSE, FALSE, sizeof (guint32));
  ole->mini_stream = g_byte_array_new ();
  ole->entries = g_array_new (FALSE, FALSE, sizeof (MugaiOleEntry));
  g_array_set_clear_func (ole->entries, clear_entry);
  read_fat (ole);
  read_directory (ole);
  if (ole->entries->len == 0)
    return NULL;
  read_mini (ole);
  return g_steal_pointer (&ole);
}

void mugai_ole_free (MugaiOle *ole) {
  if (!ole)
    return;
  g_clear_pointer (&ole->fat, g_array_unref);
  g_clear_pointer (&ole->mini_fat, g_array_unref);
  g_clear_pointer (&ole->mini_stream, g_byte_array_unref);
  g_clear_pointer (&ole->entries, g_array_unref);
  g_free (ole);
}

guint mugai_ole_n_entries (const MugaiOle *ole) {
  return ole->entries->len;
}

const MugaiOleEntry *mugai_ole_entry (const MugaiOle *ole, guint index) {
  return &g_array_index (ole->entries, MugaiOleEntry, index);
}

const MugaiOleEntry *mugai_ole_find (const MugaiOle *ole, const char *name, guint8 kind) {
  for (guint i = 0; i < ole->entries->len; i++) {
    const MugaiOleEntry *entry = mugai_ole_entry (ole, i);
    if ((kind == 0 || entry->kind == kind) && g_ascii_strcasecmp (entry->name, name) == 0)
      return entry;
  }
  return NULL;
}

const MugaiOleEntry *mugai_ole_find_prefix (const MugaiOle *ole, const char *prefix) {
  for (guint i = 0; i < ole->entries->len; i++) {
    const MugaiOleEntry *entry = mugai_ole_entry (ole, i);
    if (g_ascii_strncasecmp (entry->name, prefix, strlen (prefix)) == 0)
      return entry;
  }
  return NULL;
}

GByteArray *mugai_ole_read (const MugaiOle *ole, const MugaiOleEntry *entry, gsize max_bytes) {
  gsize wanted = (gsize) MIN (entry->size_bytes, max_bytes);
  if (entry->kind == 2 && entry->size_bytes < ole->mini_cutoff_bytes)
    return read_mini_chain (ole, entry->start, wanted);
  return read_chain (ole, entry->start, wanted);
}
