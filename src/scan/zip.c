/* SPDX-License-Identifier: GPL-2.0-only
 *
 * scan/zip: see zip.h. Every offset comes from the sender; arithmetic is on 64 bits and checked against the length.
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "zip.h"

#include <zlib.h>

#define END_BYTES 22u
#define END64_BYTES 56u
#define LOCATOR64_BYTES 20u
#define CENTRAL_BYTES 46u
#define LOCAL_BYTES 30u
#define DESCRIPTOR_BYTES 24u
#define FLAG_ENCRYPTED 0x0001u
#define FLAG_DESCRIPTOR 0x0008u
#define FLAG_MASKED 0x2000u
#define METHOD_AES 99u
#define MAX_HIDDEN 100u /* entries no directory names that are listed */
#define LIKELY_RATIO 8u
#define CHUNK_BYTES 65536u

gboolean mugai_zip_is (MugaiBytes bytes) {
  return MUGAI_BYTES_AT (bytes, 0, "PK\3\4") || MUGAI_BYTES_AT (bytes, 0, "PK\5\6")
         || MUGAI_BYTES_AT (bytes, 0, "PK\7\bPK\3\4") || MUGAI_BYTES_AT (bytes, 0, "PK00PK\3\4");
}

gboolean mugai_zip_is_behind (MugaiBytes bytes) {
  /* What carries files unpacked may end in one of them. */
  gboolean carrier = MUGAI_BYTES_AT (bytes, 0, "MSCF") || MUGAI_BYTES_AT (bytes, 257, "ustar")
                     || MUGAI_BYTES_AT (bytes, 0, "Rar!") || MUGAI_BYTES_AT (bytes, 0, "7z\xbc\xaf")
                     || MUGAI_BYTES_AT (bytes, 2, "-lh");
  if (carrier || mugai_zip_is (bytes) || bytes.length_bytes < END_BYTES + CENTRAL_BYTES)
    return FALSE;
  gsize lowest = bytes.length_bytes > END_BYTES + 65535 ? bytes.length_bytes - END_BYTES - 65535 : 0;
  MugaiBytes tail = mugai_bytes_slice (bytes, lowest, bytes.length_bytes);
  for (gssize at = 0; (at = MUGAI_BYTES_FIND (tail, (gsize) at, "PK\5\6")) >= 0; at++) {
    guint64 end = lowest + (guint64) at, directory_bytes = mugai_bytes_u32 (bytes, end + 12);
    if (end + END_BYTES + mugai_bytes_u16 (bytes, end + 20) == bytes.length_bytes && directory_bytes >= CENTRAL_BYTES
        && directory_bytes <= end && MUGAI_BYTES_AT (bytes, end - directory_bytes, "PK\1\2"))
      return TRUE;
  }
  return FALSE;
}

/* The last record whose comment ends with the file is what most readers take; another candidate is another reading. */
static gssize find_end (MugaiZip *zip) {
  gsize length = zip->bytes.length_bytes;
  if (length < END_BYTES)
    return -1;
  gsize lowest = length > END_BYTES + 65535 ? length - END_BYTES - 65535 : 0;
  gssize exact = -1, any = -1;
  guint n_exact = 0; /* others may belong to a ZIP that is stored in this one */
  for (gsize at = length - END_BYTES + 1; at-- > lowest;) {
    if (!MUGAI_BYTES_AT (zip->bytes, at, "PK\5\6"))
      continue;
    if (any < 0)
      any = (gssize) at;
    if (at + END_BYTES + mugai_bytes_u16 (zip->bytes, at + 20) != length)
      continue;
    n_exact++;
    if (exact < 0)
      exact = (gssize) at;
  }
  if (n_exact != 1)
    zip->problems |= MUGAI_ZIP_AMBIGUOUS;
  return exact >= 0 ? exact : any;
}

typedef struct {
  guint64 offset, size_bytes, n_entries, end; /* of the central directory; end: where its end record begins */
} Directory;

static gboolean read_end (MugaiZip *zip, Directory *directory) {
  gssize end = find_end (zip);
  if (end < 0)
    return FALSE;
  MugaiBytes bytes = zip->bytes;
  directory->end = (guint64) end;
  directory->n_entries = mugai_bytes_u16 (bytes, (gsize) end + 10);
  directory->size_bytes = mugai_bytes_u32 (bytes, (gsize) end + 12);
  directory->offset = mugai_bytes_u32 (bytes, (gsize) end + 16);
  if (end < (gssize) LOCATOR64_BYTES || !MUGAI_BYTES_AT (bytes, (gsize) end - LOCATOR64_BYTES, "PK\6\7"))
    return TRUE;
  guint64 at = mugai_bytes_u64 (bytes, (gsize) end - LOCATOR64_BYTES + 8);
  if (at > bytes.length_bytes - END64_BYTES || !MUGAI_BYTES_AT (bytes, at, "PK\6\6"))
    return TRUE;
  directory->end = at;
  directory->n_entries = mugai_bytes_u64 (bytes, at + 32);
  directory->size_bytes = mugai_bytes_u64 (bytes, at + 40);
  directory->offset = mugai_bytes_u64 (bytes, at + 48);
  return TRUE;
}

/* Zip64 extra field: only the values that are all ones in the header, in this order. */
static void read_zip64 (MugaiZipEntry *entry) {
  for (gsize at = 0; at + 4 <= entry->extra.length_bytes;) {
    gsize length = mugai_bytes_u16 (entry->extra, at + 2);
    if (mugai_bytes_u16 (entry->extra, at) == 1) {
      gsize value = at + 4;
      guint64 *fields[] = { &entry->size_bytes, &entry->packed_bytes, &entry->local_offset };
      for (guint i = 0; i < G_N_ELEMENTS (fields); i++) {
        if (*fields[i] != 0xffffffffu || value + 8 > at + 4 + length)
          continue;
        *fields[i] = mugai_bytes_u64 (entry->extra, value);
        value += 8;
      }
      return;
    }
    at += 4 + length;
  }
}

static gboolean same_bytes (MugaiBytes a, MugaiBytes b) {
  return a.length_bytes == b.length_bytes && (a.length_bytes == 0 || memcmp (a.data, b.data, a.length_bytes) == 0);
}

static void compare_local (MugaiZip *zip, MugaiZipEntry *entry) {
  MugaiBytes bytes = zip->bytes;
  guint64 at = entry->local_offset;
  if (at > bytes.length_bytes || !MUGAI_BYTES_AT (bytes, at, "PK\3\4")) {
    entry->broken = TRUE;
    zip->problems |= MUGAI_ZIP_MALFORMED;
    return;
  }
  guint16 flags = mugai_bytes_u16 (bytes, at + 6);
  gsize name_bytes = mugai_bytes_u16 (bytes, at + 26);
  entry->local_name = mugai_bytes_slice (bytes, at + LOCAL_BYTES, name_bytes);
  entry->data_offset = at + LOCAL_BYTES + name_bytes + mugai_bytes_u16 (bytes, at + 28);
  if (flags & FLAG_ENCRYPTED)
    entry->encrypted = TRUE;
  gboolean masked = (flags | entry->flags) & FLAG_MASKED;
  gboolean sizes_later = flags & FLAG_DESCRIPTOR;
  guint32 packed = mugai_bytes_u32 (bytes, at + 18), size = mugai_bytes_u32 (bytes, at + 22);
  gboolean sizes_differ = !sizes_later && packed != 0xffffffffu && size != 0xffffffffu
                          && (packed != entry->packed_bytes || size != entry->size_bytes);
  if ((!masked && !same_bytes (entry->name, entry->local_name)) || mugai_bytes_u16 (bytes, at + 8) != entry->method
      || ((flags ^ entry->flags) & FLAG_ENCRYPTED) || sizes_differ)
    zip->problems |= MUGAI_ZIP_MALFORMED;
  if (entry->data_offset > bytes.length_bytes || entry->packed_bytes > bytes.length_bytes - entry->data_offset) {
    entry->broken = TRUE;
    zip->problems |= MUGAI_ZIP_MALFORMED;
  }
}

static gboolean read_directory (MugaiZip *zip, const Directory *directory, guint64 shift) {
  MugaiBytes bytes = zip->bytes;
  guint64 at = directory->offset + shift;
  for (guint64 n = 0; n < directory->n_entries || MUGAI_BYTES_AT (bytes, at, "PK\1\2"); n++) {
    if (!MUGAI_BYTES_AT (bytes, at, "PK\1\2") || at + CENTRAL_BYTES > bytes.length_bytes) {
      zip->problems |= MUGAI_ZIP_MALFORMED;
      break;
    }
    if (zip->entries->len >= MUGAI_ZIP_MAX_ENTRIES) {
      zip->problems |= MUGAI_ZIP_TOO_MANY;
      break;
    }
    gsize name_bytes = mugai_bytes_u16 (bytes, at + 28), extra_bytes = mugai_bytes_u16 (bytes, at + 30);
    MugaiZipEntry entry = {
      .name = mugai_bytes_slice (bytes, at + CENTRAL_BYTES, name_bytes),
      .extra = mugai_bytes_slice (bytes, at + CENTRAL_BYTES + name_bytes, extra_bytes),
      .central = mugai_bytes_slice (bytes, at, CENTRAL_BYTES + name_bytes + extra_bytes),
      .crc = mugai_bytes_u32 (bytes, at + 16),
      .flags = mugai_bytes_u16 (bytes, at + 8),
      .method = mugai_bytes_u16 (bytes, at + 10),
      .packed_bytes = mugai_bytes_u32 (bytes, at + 20),
      .size_bytes = mugai_bytes_u32 (bytes, at + 24),
      .local_offset = mugai_bytes_u32 (bytes, at + 42),
    };
    read_zip64 (&entry);
    if (entry.local_offset > G_MAXUINT32 * G_GUINT64_CONSTANT (1024))
      entry.local_offset = G_MAXUINT32 * G_GUINT64_CONSTANT (1024);
    entry.local_offset += shift;
    entry.encrypted = (entry.flags & FLAG_ENCRYPTED) || entry.method == METHOD_AES;
    entry.directory = entry.name.length_bytes > 0 && entry.name.data[entry.name.length_bytes - 1] == '/';
    entry.local_name = mugai_bytes_slice (bytes, bytes.length_bytes, 0);
    compare_local (zip, &entry);
    g_array_append_val (zip->entries, entry);
    if (n >= directory->n_entries)
      zip->problems |= MUGAI_ZIP_AMBIGUOUS;
    at += CENTRAL_BYTES + name_bytes + extra_bytes + mugai_bytes_u16 (bytes, at + 32);
  }
  return zip->entries->len > 0 || directory->n_entries == 0;
}

static int by_offset (const void *a, const void *b) {
  const MugaiZipEntry *x = *(const MugaiZipEntry *const *) a, *y = *(const MugaiZipEntry *const *) b;
  return x->local_offset < y->local_offset ? -1 : x->local_offset > y->local_offset;
}

/* What the local header at @at alone says; one that leaves its sizes for later has what is there up to @to. */
static MugaiZipEntry entry_of_local (const MugaiZip *zip, guint64 at, guint64 to) {
  MugaiBytes bytes = zip->bytes;
  gsize name_bytes = mugai_bytes_u16 (bytes, at + 26);
  MugaiZipEntry entry = {
    .name = mugai_bytes_slice (bytes, at + LOCAL_BYTES, name_bytes),
    .crc = mugai_bytes_u32 (bytes, at + 14),
    .flags = mugai_bytes_u16 (bytes, at + 6),
    .method = mugai_bytes_u16 (bytes, at + 8),
    .packed_bytes = mugai_bytes_u32 (bytes, at + 18),
    .size_bytes = mugai_bytes_u32 (bytes, at + 22),
    .local_offset = at,
    .data_offset = at + LOCAL_BYTES + name_bytes + mugai_bytes_u16 (bytes, at + 28),
  };
  entry.local_name = entry.name;
  entry.extra = entry.central = mugai_bytes_slice (bytes, bytes.length_bytes, 0);
  entry.encrypted = (entry.flags & FLAG_ENCRYPTED) || entry.method == METHOD_AES;
  entry.broken = entry.data_offset > to || entry.packed_bytes > to - entry.data_offset;
  return entry;
}

/* Entries that only a reader of local headers finds between @from and @to: listed as well, for whoever reads so unpacks them. */
static void add_hidden (MugaiZip *zip, GArray *hidden, guint64 from, guint64 to) {
  while (to > from && to - from >= LOCAL_BYTES && hidden->len < MAX_HIDDEN) {
    gssize at = MUGAI_BYTES_FIND (mugai_bytes_slice (zip->bytes, from, to - from), 0, "PK\3\4");
    if (at < 0)
      return;
    zip->problems |= MUGAI_ZIP_AMBIGUOUS;
    MugaiZipEntry entry = entry_of_local (zip, from + (guint64) at, to);
    g_array_append_val (hidden, entry);
    from = entry.broken ? entry.local_offset + 4 : entry.data_offset + entry.packed_bytes;
  }
}

/* Walks the data in the order it lies: shared stretches, and local headers in the gaps that the directory does not name. */
static void check_layout (MugaiZip *zip, guint64 directory_at) {
  g_autoptr (GPtrArray) order = g_ptr_array_new ();
  for (guint i = 0; i < zip->entries->len; i++)
    g_ptr_array_add (order, &g_array_index (zip->entries, MugaiZipEntry, i));
  if (order->len > 0)
    qsort (order->pdata, order->len, sizeof (void *), by_offset);
  g_autoptr (GArray) hidden = g_array_new (FALSE, FALSE, sizeof (MugaiZipEntry));
  guint64 end = 0;
  for (guint i = 0; i < order->len; i++) {
    const MugaiZipEntry *entry = order->pdata[i];
    if (entry->broken)
      continue;
    if (entry->local_offset < end)
      zip->problems |= MUGAI_ZIP_OVERLAP;
    else
      add_hidden (zip, hidden, end, entry->local_offset);
    end = MAX (end, entry->data_offset + entry->packed_bytes);
  }
  add_hidden (zip, hidden, end, MIN (directory_at, zip->bytes.length_bytes));
  if (hidden->len > 0)
    g_array_append_vals (zip->entries, hidden->data, hidden->len);
}

static void check_duplicates (MugaiZip *zip) {
  g_autoptr (GHashTable) names =
      g_hash_table_new_full (g_bytes_hash, g_bytes_equal, (GDestroyNotify) g_bytes_unref, NULL);
  for (guint i = 0; i < zip->entries->len; i++) {
    const MugaiZipEntry *entry = &g_array_index (zip->entries, MugaiZipEntry, i);
    if (!g_hash_table_add (names, g_bytes_new_static (entry->name.data, entry->name.length_bytes)))
      zip->problems |= MUGAI_ZIP_AMBIGUOUS;
  }
}

MugaiZip *mugai_zip_open (MugaiBytes bytes) {
  g_autoptr (MugaiZip) zip = g_new0 (MugaiZip, 1);
  zip->bytes = bytes;
  zip->entries = g_array_new (FALSE, TRUE, sizeof (MugaiZipEntry));
  Directory directory;
  if (!read_end (zip, &directory))
    return NULL;
  /* Bytes put before the archive shift everything: readers that search find it, readers that do not see something else. */
  guint64 span = directory.offset + directory.size_bytes;
  guint64 shift = 0;
  if (span >= directory.offset && span < directory.end
      && !mugai_bytes_at (bytes, directory.offset, directory.n_entries ? "PK\1\2" : "PK\5\6", 4))
    shift = directory.end - span;
  if (shift > 0 && directory.n_entries > 0)
    zip->problems |= MUGAI_ZIP_AMBIGUOUS;
  if (!read_directory (zip, &directory, shift))
    return NULL;
  check_layout (zip, directory.offset + shift);
  check_duplicates (zip);
  return g_steal_pointer (&zip);
}

void mugai_zip_free (MugaiZip *zip) {
  if (!zip)
    return;
  g_clear_pointer (&zip->entries, g_array_unref);
  g_free (zip);
}

const MugaiZipEntry *mugai_zip_find (const MugaiZip *zip, const char *name) {
  gsize length = strlen (name);
  for (guint i = 0; i < zip->entries->len; i++) {
    const MugaiZipEntry *entry = &g_array_index (zip->entries, MugaiZipEntry, i);
    if (entry->name.length_bytes == length && g_ascii_strncasecmp ((const char *) entry->name.data, name, length) == 0)
      return entry;
  }
  return NULL;
}

MugaiZipRead mugai_inflate (MugaiBytes packed, gboolean raw, gsize max_bytes, MugaiBudget *budget, GByteArray *out) {
  z_stream stream = { .next_in = (Bytef *) packed.data, .avail_in = (uInt) MIN (packed.length_bytes, G_MAXUINT32) };
  if (inflateInit2 (&stream, raw ? -MAX_WBITS : MAX_WBITS) != Z_OK)
    return MUGAI_ZIP_READ_BROKEN;
  MugaiZipRead outcome = MUGAI_ZIP_READ_OK;
  guint8 chunk[CHUNK_BYTES];
  int result = Z_OK;
  while (result == Z_OK) {
    stream.next_out = chunk;
    stream.avail_out = sizeof chunk;
    result = inflate (&stream, Z_NO_FLUSH);
    gsize got = sizeof chunk - stream.avail_out;
    if (got > max_bytes - out->len) {
      outcome = MUGAI_ZIP_READ_OVER_LIMIT;
      break;
    }
    g_byte_array_append (out, chunk, (guint) got);
    if (budget
        && (mugai_budget_is_bomb (budget, packed.length_bytes, out->len)
            || mugai_budget_is_bomb_already (budget, stream.total_in, out->len))) {
      outcome = MUGAI_ZIP_READ_BOMB;
      break;
    }
    if (budget && mugai_budget_late (budget)) {
      outcome = MUGAI_ZIP_READ_LATE;
      break;
    }
  }
  (void) inflateEnd (&stream);
  return outcome == MUGAI_ZIP_READ_OK && result != Z_STREAM_END ? MUGAI_ZIP_READ_BROKEN : outcome;
}

MugaiZipRead mugai_zip_read (const MugaiZip *zip, const MugaiZipEntry *entry, gsize max_bytes, MugaiBudget *budget,
                             GBytes **ret_content) {
  *ret_content = g_bytes_new_static ("", 0);
  if (entry->encrypted)
    return MUGAI_ZIP_READ_ENCRYPTED;
  if (entry->broken)
    return MUGAI_ZIP_READ_BROKEN;
  MugaiBytes packed = mugai_bytes_slice (zip->bytes, entry->data_offset, entry->packed_bytes);
  if (entry->method == 0) {
    gboolean over = packed.length_bytes > max_bytes;
    g_bytes_unref (*ret_content);
    *ret_content = g_bytes_new (packed.data, MIN (packed.length_bytes, max_bytes));
    gboolean whole =
        crc32 (0, packed.data, (uInt) packed.length_bytes) == entry->crc && packed.length_bytes == entry->size_bytes;
    return over ? MUGAI_ZIP_READ_OVER_LIMIT : whole ? MUGAI_ZIP_READ_OK : MUGAI_ZIP_READ_BROKEN;
  }
  if (entry->method != 8)
    return MUGAI_ZIP_READ_UNSUPPORTED;
  /* Room at once for what it says it holds, as far as that is likely. */
  gsize likely_bytes = MIN (MIN (entry->size_bytes, max_bytes), LIKELY_RATIO * packed.length_bytes);
  GByteArray *out = g_byte_array_sized_new ((guint) MIN (likely_bytes, G_MAXINT));
  MugaiZipRead outcome = mugai_inflate (packed, TRUE, max_bytes, budget, out);
  if (outcome == MUGAI_ZIP_READ_OK && (out->len != entry->size_bytes || crc32 (0, out->data, out->len) != entry->crc))
    outcome = MUGAI_ZIP_READ_BROKEN;
  g_bytes_unref (*ret_content);
  *ret_content = g_byte_array_free_to_bytes (out);
  return outcome;
}

GBytes *mugai_zip_excerpt (const MugaiZip *zip, const MugaiZipEntry *entry) {
  if (entry->broken || mugai_bytes_u32 (entry->central, 42) == 0xffffffffu
      || entry->central.length_bytes < CENTRAL_BYTES)
    return NULL;
  guint64 local_bytes = entry->data_offset - entry->local_offset + entry->packed_bytes;
  if (local_bytes >= 0xffffffffu)
    return NULL;
  GByteArray *out = g_byte_array_sized_new ((guint) (local_bytes + entry->central.length_bytes + END_BYTES));
  g_byte_array_append (out, zip->bytes.data + entry->local_offset, (guint) local_bytes);
  g_byte_array_append (out, entry->central.data, (guint) entry->central.length_bytes);
  memset (out->data + local_bytes + 32, 0, 2); /* no comment follows */
  memset (out->data + local_bytes + 42, 0, 4); /* its local header now begins the file */
  guint32 size = (guint32) entry->central.length_bytes, at = (guint32) local_bytes;
  guint8 end[END_BYTES] = { 'P', 'K', 5, 6, 0, 0, 0, 0, 1, 0, 1, 0 };
  for (guint i = 0; i < 4; i++) {
    end[12 + i] = (guint8) (size >> (8 * i));
    end[16 + i] = (guint8) (at >> (8 * i));
  }
  g_byte_array_append (out, end, sizeof end);
  return g_byte_array_free_to_bytes (out);
}
