/* SPDX-License-Identifier: GPL-2.0-only
 *
 * scan/members: see members.h. Each byte that comes out is counted before it is kept; what goes over a budget makes the
 * archive over-limit, and what cannot be read makes it unparsable: never clean.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "members.h"

#include <archive.h>
#include <archive_entry.h>
#include <zlib.h>

#include "mugai/base/unicode.h"

#include "flags.h"
#include "rar.h"
#include "zip.h"

#define READ_CHUNK_BYTES 65536u
#define MAX_RAW_NAME_BYTES 4096u /* longer ones are cut: a path of 255 characters in the longest encoding is 1,530 */
#define BOMB_DIVISOR 4u
#define EMPTY_7Z_BYTES 32u
#define METHOD_LZMA 14u
#define LZMA_DICTIONARY_AT 5u                    /* behind version, length and one byte of properties */
#define MAX_DICTIONARY_BYTES (64u * 1024 * 1024) /* what 7-Zip writes at its highest level; a sender may claim 4 GiB */
#define EXTRA_UNICODE_PATH 0x7075u

struct MugaiArchive {
  MugaiScanner *scanner;
  MugaiBudget *budget;
  GBytes *content;
  char *fallback_name;
  MugaiZip *zip; /* one of these three, or none when it could not be opened */
  MugaiRar *rar; /* listed, not unpacked */
  struct archive *reader;
  gboolean spent;        /* it failed for good: asked for more, the reader of CAB follows a null pointer */
  gboolean raw;          /* gzip and its like: one member without a name of its own */
  gboolean seals_closed; /* 7z: what is encrypted in it could not be opened with a password either */
  const struct Reader *how;
  const char *charset; /* (nullable) of names, where the format has its own idea and that failed */
  guint next_entry;
  guint64 packed_bytes, unpacked_bytes; /* of the members so far, for the ratio */
  guint64 flags;
  MugaiScan scan;
};

void mugai_member_clear (MugaiMember *member) {
  g_clear_pointer (&member->names, g_ptr_array_unref);
  g_clear_pointer (&member->content, g_bytes_unref);
}

static void add_flag (MugaiArchive *archive, MugaiFlag flag) {
  archive->flags |= MUGAI_BIT (flag);
}

static void worsen (MugaiScan *scan, MugaiScan to) {
  *scan = MIN (*scan, to); /* the list stands worst first */
}

static void hit_limit (MugaiArchive *archive, gboolean bomb) {
  worsen (&archive->scan, MUGAI_SCAN_OVER_LIMIT);
  if (bomb)
    add_flag (archive, MUGAI_FLAG_BOMB);
}

/* ---- names ---- */

static char *from_cp932 (MugaiScanner *scanner, const char *raw, gsize length_bytes) {
  gsize used = 0;
  (void) g_iconv (scanner->cp932, NULL, NULL, NULL, NULL);
  char *text = g_convert_with_iconv (raw, (gssize) length_bytes, scanner->cp932, &used, NULL, NULL);
  return text && used == length_bytes ? text : (g_free (text), NULL);
}

static char *finish_name (char *decoded, guint64 *flags) {
  *flags |= mugai_flags_of_raw_name (decoded);
  g_autofree char *joined = mugai_unicode_join_voice_marks (decoded);
  for (char *c = joined; *c; c++) {
    if (*c == '\\')
      *c = '/';
  }
  return mugai_unicode_make_safe (joined, -1, MUGAI_FACTS_MAX_NAME_BYTES - 8);
}

char *mugai_archive_decode_name (MugaiScanner *scanner, MugaiBytes raw, guint64 *flags) {
  gsize length = MIN (raw.length_bytes, MAX_RAW_NAME_BYTES);
  g_autofree char *text = g_strndup ((const char *) raw.data, length);
  gsize used = strlen (text);
  g_autofree char *decoded = NULL;
  if (used < length)
    *flags |= MUGAI_BIT (MUGAI_FLAG_AMBIGUOUS); /* a NUL: some readers end the name there */
  if (g_utf8_validate (text, -1, NULL))
    decoded = g_strdup (text);
  else
    decoded = from_cp932 (scanner, text, used);
  if (!decoded)
    decoded = g_utf8_make_valid (text, -1);
  return finish_name (decoded, flags);
}

static void add_name (MugaiMember *member, char *name) {
  for (guint i = 0; i < member->names->len; i++) {
    if (g_str_equal (member->names->pdata[i], name)) {
      g_free (name);
      return;
    }
  }
  g_ptr_array_add (member->names, name);
}

/* Info-ZIP's extra field holds the name in UTF-8, and the CRC of the plain one it belongs to. */
static char *unicode_path (const MugaiZipEntry *entry, guint64 *flags) {
  for (gsize at = 0; at + 4 <= entry->extra.length_bytes;) {
    gsize length = mugai_bytes_u16 (entry->extra, at + 2);
    MugaiBytes value = mugai_bytes_slice (entry->extra, at + 4, length);
    if (mugai_bytes_u16 (entry->extra, at) == EXTRA_UNICODE_PATH && value.length_bytes > 5) {
      guint32 crc = (guint32) crc32 (0, entry->name.data, (uInt) entry->name.length_bytes);
      g_autofree char *text = g_strndup ((const char *) value.data + 5, value.length_bytes - 5);
      if (mugai_bytes_u32 (value, 1) == crc && g_utf8_validate (text, -1, NULL))
        return finish_name (text, flags);
      return NULL;
    }
    at += 4 + length;
  }
  return NULL;
}

/* ---- opening ---- */

static gboolean has_disc_filesystem (GBytes *content) {
  MugaiBytes bytes = mugai_bytes_of (content);
  return MUGAI_BYTES_AT (bytes, 0x8001, "CD001") || MUGAI_BYTES_AT (bytes, 0x8801, "CD001");
}

typedef struct Reader {
  const char *type;
  int (*format) (struct archive *);
  int (*filter) (struct archive *);
} Reader;

static const Reader readers[] = {
  { "application/x-7z-compressed", archive_read_support_format_7zip, NULL },
  { "application/x-tar", archive_read_support_format_tar, NULL },
  { "application/vnd.ms-cab-compressed", archive_read_support_format_cab, NULL },
  { "application/x-lzh", archive_read_support_format_lha, NULL },
  { "application/x-disk-image", archive_read_support_format_iso9660, NULL },
  { "application/x-cpio", archive_read_support_format_cpio, NULL },
  { "application/x-archive", archive_read_support_format_ar, NULL },
  { "application/gzip", archive_read_support_format_raw, archive_read_support_filter_gzip },
  { "application/x-bzip2", archive_read_support_format_raw, archive_read_support_filter_bzip2 },
  { "application/x-xz", archive_read_support_format_raw, archive_read_support_filter_xz },
  { "application/zstd", archive_read_support_format_raw, archive_read_support_filter_zstd },
  { "application/x-lzip", archive_read_support_format_raw, archive_read_support_filter_lzip },
  { "application/x-compress", archive_read_support_format_raw, archive_read_support_filter_compress },
};

/* libarchive answers this only when it has settled on a format; before, it follows a null pointer. */
static gboolean has_encrypted_entries (struct archive *reader) {
  return archive_format (reader) != 0 && archive_read_has_encrypted_entries (reader) == 1;
}

static void note_encrypted (MugaiArchive *archive) {
  add_flag (archive, MUGAI_FLAG_ENCRYPTED);
  if (archive->seals_closed)
    add_flag (archive, MUGAI_FLAG_UNSUPPORTED_FORMAT);
  worsen (&archive->scan, MUGAI_SCAN_ENCRYPTED);
}

/* What a reader's failure means: a flag, and a verdict. */
static MugaiScan judge_error (struct archive *reader, MugaiFlag *ret_flag) {
  const char *text = archive_error_string (reader);
  if (has_encrypted_entries (reader) || (text && (strcasestr (text, "crypt") || strcasestr (text, "passphrase")))) {
    *ret_flag = MUGAI_FLAG_ENCRYPTED;
    return MUGAI_SCAN_ENCRYPTED;
  }
  gboolean unsupported = text && (strcasestr (text, "unsupported") || strcasestr (text, "not supported"));
  *ret_flag = unsupported ? MUGAI_FLAG_UNSUPPORTED_FORMAT : MUGAI_FLAG_MALFORMED;
  return unsupported ? MUGAI_SCAN_NOT_SCANNED : MUGAI_SCAN_UNPARSABLE;
}

static void note_reader_error (MugaiArchive *archive) {
  MugaiFlag flag;
  MugaiScan scan = judge_error (archive->reader, &flag);
  if (flag == MUGAI_FLAG_ENCRYPTED) {
    note_encrypted (archive);
    return;
  }
  add_flag (archive, flag);
  worsen (&archive->scan, scan);
}

static void open_reader (MugaiArchive *archive, const Reader *how) {
  archive->reader = archive_read_new ();
  gsize length_bytes;
  const void *data = g_bytes_get_data (archive->content, &length_bytes);
  archive->how = how;
  archive->raw = how->filter != NULL;
  int ok = archive->reader ? ARCHIVE_OK : ARCHIVE_FATAL;
  /* A filter that answers less than OK would run a program. */
  if (ok == ARCHIVE_OK && how->filter)
    ok = how->filter (archive->reader);
  if (ok == ARCHIVE_OK)
    ok = how->format (archive->reader);
  if (ok == ARCHIVE_OK && archive->charset)
    ok = archive_read_set_option (archive->reader, NULL, "hdrcharset", archive->charset);
  if (ok == ARCHIVE_OK && archive_read_open_memory (archive->reader, data, length_bytes) == ARCHIVE_OK)
    return;
  if (archive->reader)
    note_reader_error (archive);
  g_clear_pointer (&archive->reader, archive_read_free);
}

/* LZH and CAB convert names before we see the bytes, as UTF-8 here: what fails is read again as what Japan writes. */
static gboolean reopen_with_charset (MugaiArchive *archive) {
  const char *text = archive_error_string (archive->reader);
  gboolean names = text ? strstr (text, "be converted") != NULL : g_str_equal (archive->how->type, "application/x-lzh");
  if (archive->charset || !names) /* LZH's reader fails without a word */
    return FALSE;
  archive->charset = "CP932";
  archive_read_free (archive->reader);
  archive->reader = NULL;
  open_reader (archive, archive->how);
  struct archive_entry *entry;
  for (guint i = 0; archive->reader && i < archive->next_entry; i++) {
    if (archive_read_next_header (archive->reader, &entry) < ARCHIVE_WARN)
      break;
  }
  return archive->reader != NULL;
}

static void open_zip (MugaiArchive *archive) {
  archive->zip = mugai_zip_open (mugai_bytes_of (archive->content));
  if (!archive->zip) {
    /* No directory: what a reader of local headers finds is listed, but it is no proper ZIP. */
    static const Reader streaming = { "application/zip", archive_read_support_format_zip_streamable, NULL };
    add_flag (archive, MUGAI_FLAG_MALFORMED);
    worsen (&archive->scan, MUGAI_SCAN_UNPARSABLE);
    open_reader (archive, &streaming);
    return;
  }
  guint problems = archive->zip->problems;
  if (problems & MUGAI_ZIP_MALFORMED)
    add_flag (archive, MUGAI_FLAG_MALFORMED);
  if (problems & MUGAI_ZIP_AMBIGUOUS)
    add_flag (archive, MUGAI_FLAG_AMBIGUOUS);
  if (problems & MUGAI_ZIP_TOO_MANY)
    hit_limit (archive, FALSE);
  if (problems & MUGAI_ZIP_OVERLAP)
    hit_limit (archive, TRUE);
}

static void open_other (MugaiArchive *archive, const char *type) {
  gboolean closed_image = g_str_equal (type, "application/x-disk-image") && !has_disc_filesystem (archive->content);
  archive->seals_closed = g_str_equal (type, "application/x-7z-compressed");
  for (gsize i = 0; !closed_image && i < G_N_ELEMENTS (readers); i++) {
    if (g_str_equal (type, readers[i].type)) {
      open_reader (archive, &readers[i]);
      return;
    }
  }
  add_flag (archive, MUGAI_FLAG_UNSUPPORTED_FORMAT);
  worsen (&archive->scan, MUGAI_SCAN_NOT_SCANNED);
}

/* Members in RAR are named, never unpacked. */
static void open_rar (MugaiArchive *archive) {
  archive->rar = mugai_rar_open (mugai_bytes_of (archive->content));
  archive->seals_closed = TRUE;
  add_flag (archive, MUGAI_FLAG_UNSUPPORTED_FORMAT);
  worsen (&archive->scan, MUGAI_SCAN_NOT_SCANNED);
  if (archive->rar->headers_encrypted)
    note_encrypted (archive);
  if (archive->rar->malformed) {
    add_flag (archive, MUGAI_FLAG_MALFORMED);
    worsen (&archive->scan, MUGAI_SCAN_UNPARSABLE);
  }
}

MugaiArchive *mugai_archive_open (MugaiScanner *scanner, const char *type, GBytes *content, const char *fallback_name) {
  MugaiArchive *archive = g_new0 (MugaiArchive, 1);
  archive->scanner = scanner;
  archive->budget = &scanner->budget;
  archive->content = g_bytes_ref (content);
  archive->fallback_name = g_strdup (fallback_name);
  archive->scan = MUGAI_SCAN_CLEAN;
  locale_t before = uselocale (scanner->locale);
  if (mugai_zip_is (mugai_bytes_of (content)) || mugai_zip_is_behind (mugai_bytes_of (content)))
    open_zip (archive);
  else if (g_str_equal (type, "application/vnd.rar"))
    open_rar (archive);
  else
    open_other (archive, type);
  (void) uselocale (before);
  return archive;
}

void mugai_archive_free (MugaiArchive *archive) {
  if (!archive)
    return;
  g_clear_pointer (&archive->zip, mugai_zip_free);
  g_clear_pointer (&archive->rar, mugai_rar_free);
  g_clear_pointer (&archive->reader, archive_read_free);
  g_bytes_unref (archive->content);
  g_free (archive->fallback_name);
  g_free (archive);
}

guint64 mugai_archive_flags (const MugaiArchive *archive) {
  return archive->flags;
}

MugaiScan mugai_archive_scan (const MugaiArchive *archive) {
  return archive->scan;
}

/* ---- members ---- */

static void charge (MugaiArchive *archive, MugaiMember *member) {
  gsize bytes = member->content ? g_bytes_get_size (member->content) : 0;
  archive->unpacked_bytes += bytes;
  archive->budget->unpacked_bytes -= MIN (bytes, archive->budget->unpacked_bytes);
  if (member->content)
    member->size_bytes = bytes;
}

static gsize allowance (const MugaiArchive *archive) {
  return (gsize) MIN (archive->budget->unpacked_bytes, archive->budget->max_file_bytes);
}

/* What a failed member says about itself and about its archive. */
static void fail_member (MugaiArchive *archive, MugaiMember *member, MugaiScan scan, guint64 flags) {
  worsen (&member->scan, scan);
  worsen (&archive->scan, scan);
  member->flags |= flags;
  archive->flags |= flags;
  g_clear_pointer (&member->content, g_bytes_unref);
}

/* A sender of one bomb gets little more of our time: the message's budget of bytes shrinks with each. */
static void fail_as_bomb (MugaiArchive *archive, MugaiMember *member) {
  fail_member (archive, member, MUGAI_SCAN_OVER_LIMIT, MUGAI_BIT (MUGAI_FLAG_BOMB));
  archive->budget->unpacked_bytes /= BOMB_DIVISOR;
}

static guint64 locked_flags (const MugaiArchive *archive) {
  return MUGAI_BIT (MUGAI_FLAG_ENCRYPTED) | (archive->seals_closed ? MUGAI_BIT (MUGAI_FLAG_UNSUPPORTED_FORMAT) : 0);
}

static void judge_zip_read (MugaiArchive *archive, MugaiMember *member, MugaiZipRead outcome) {
  switch (outcome) {
  case MUGAI_ZIP_READ_OK:
    break;
  case MUGAI_ZIP_READ_ENCRYPTED:
    fail_member (archive, member, MUGAI_SCAN_ENCRYPTED, MUGAI_BIT (MUGAI_FLAG_ENCRYPTED));
    break;
  case MUGAI_ZIP_READ_UNSUPPORTED:
    fail_member (archive, member, MUGAI_SCAN_NOT_SCANNED, MUGAI_BIT (MUGAI_FLAG_UNSUPPORTED_FORMAT));
    break;
  case MUGAI_ZIP_READ_BROKEN:
    fail_member (archive, member, MUGAI_SCAN_UNPARSABLE, MUGAI_BIT (MUGAI_FLAG_MALFORMED));
    break;
  case MUGAI_ZIP_READ_BOMB:
    fail_as_bomb (archive, member);
    break;
  case MUGAI_ZIP_READ_OVER_LIMIT:
  case MUGAI_ZIP_READ_LATE:
    fail_member (archive, member, MUGAI_SCAN_OVER_LIMIT, 0);
    archive->budget->unpacked_bytes /= BOMB_DIVISOR;
    break;
  }
}

/* Everything of the present member; the ratio is taken over the whole archive, as solid formats pack across members. */
static void read_member (MugaiArchive *archive, MugaiMember *member, struct archive *reader, guint64 packed_bytes) {
  g_autoptr (GByteArray) out = g_byte_array_new ();
  guint8 chunk[READ_CHUNK_BYTES];
  gsize most = allowance (archive);
  for (;;) {
    la_ssize_t got = archive_read_data (reader, chunk, sizeof chunk);
    if (got < 0) {
      MugaiFlag flag;
      MugaiScan scan = judge_error (reader, &flag);
      gboolean closed = flag == MUGAI_FLAG_ENCRYPTED && archive->seals_closed;
      fail_member (archive, member, scan, MUGAI_BIT (flag) | (closed ? MUGAI_BIT (MUGAI_FLAG_UNSUPPORTED_FORMAT) : 0));
      archive->spent = got == ARCHIVE_FATAL;
      return;
    }
    if (got == 0)
      break;
    if ((gsize) got > most - out->len || mugai_budget_late (archive->budget)) {
      fail_member (archive, member, MUGAI_SCAN_OVER_LIMIT, 0);
      return;
    }
    g_byte_array_append (out, chunk, (guint) got);
    guint64 read_bytes = archive->reader ? (guint64) MAX (archive_filter_bytes (reader, -1), 0) : packed_bytes;
    if (mugai_budget_is_bomb (archive->budget, packed_bytes, archive->unpacked_bytes + out->len)
        || mugai_budget_is_bomb_already (archive->budget, read_bytes, archive->unpacked_bytes + out->len)) {
      fail_as_bomb (archive, member);
      return;
    }
  }
  g_clear_pointer (&member->content, g_bytes_unref);
  member->content = g_byte_array_free_to_bytes (g_steal_pointer (&out));
}

/* Methods that are not ours, and members a password opens: libarchive gets a ZIP of that one entry. FALSE: it was not asked. */
static gboolean read_by_library (MugaiArchive *archive, MugaiMember *member, const MugaiZipEntry *entry) {
  guint32 dictionary_bytes = mugai_bytes_u32 (archive->zip->bytes, entry->data_offset + LZMA_DICTIONARY_AT);
  if (entry->method == METHOD_LZMA && !entry->encrypted && dictionary_bytes > MAX_DICTIONARY_BYTES) {
    fail_member (archive, member, MUGAI_SCAN_OVER_LIMIT, 0);
    return TRUE;
  }
  g_autoptr (GBytes) excerpt = mugai_zip_excerpt (archive->zip, entry);
  struct archive *reader = excerpt ? archive_read_new () : NULL;
  if (!reader)
    return FALSE;
  struct archive_entry *header;
  gboolean open = archive_read_support_format_zip_seekable (reader) == ARCHIVE_OK;
  if (open && archive->scanner->password)
    open = archive_read_add_passphrase (reader, archive->scanner->password) == ARCHIVE_OK;
  open =
      open
      && archive_read_open_memory (reader, g_bytes_get_data (excerpt, NULL), g_bytes_get_size (excerpt)) == ARCHIVE_OK
      && archive_read_next_header (reader, &header) >= ARCHIVE_WARN;
  if (open)
    read_member (archive, member, reader, g_bytes_get_size (excerpt));
  archive_read_free (reader);
  return open;
}

static gboolean next_in_zip (MugaiArchive *archive, MugaiMember *member) {
  if (archive->next_entry >= archive->zip->entries->len)
    return FALSE;
  const MugaiZipEntry *entry = &g_array_index (archive->zip->entries, MugaiZipEntry, archive->next_entry++);
  char *unicode = unicode_path (entry, &member->flags);
  if (unicode)
    add_name (member, unicode);
  else
    add_name (member, mugai_archive_decode_name (archive->scanner, entry->name, &member->flags));
  if (entry->local_name.length_bytes > 0 && !entry->broken
      && (entry->local_name.length_bytes != entry->name.length_bytes
          || memcmp (entry->local_name.data, entry->name.data, entry->name.length_bytes) != 0)) {
    add_name (member, mugai_archive_decode_name (archive->scanner, entry->local_name, &member->flags));
    member->flags |= MUGAI_BIT (MUGAI_FLAG_NAME_CONFLICT);
  }
  member->size_bytes = entry->size_bytes;
  member->directory = entry->directory && entry->packed_bytes == 0;
  if (member->directory)
    return TRUE;
  /* Overlapping data is never unpacked: reading it once a name is the bomb. */
  MugaiZipRead outcome = MUGAI_ZIP_READ_BOMB;
  if (!(archive->zip->problems & MUGAI_ZIP_OVERLAP))
    outcome = mugai_zip_read (archive->zip, entry, allowance (archive), archive->budget, &member->content);
  gboolean other_method = outcome == MUGAI_ZIP_READ_UNSUPPORTED;
  gboolean unlock = outcome == MUGAI_ZIP_READ_ENCRYPTED && archive->scanner->password;
  if (!(other_method || unlock) || !read_by_library (archive, member, entry))
    judge_zip_read (archive, member, outcome);
  charge (archive, member);
  archive->packed_bytes += entry->packed_bytes + entry->name.length_bytes;
  if (member->content && mugai_budget_is_bomb_already (archive->budget, archive->packed_bytes, archive->unpacked_bytes))
    fail_as_bomb (archive, member);
  return TRUE;
}

static void name_member (MugaiArchive *archive, MugaiMember *member, struct archive_entry *entry) {
  if (archive->raw) {
    add_name (member, g_strdup (archive->fallback_name ? archive->fallback_name : "data"));
    return;
  }
  const char *raw = archive_entry_pathname (entry);
  if (!raw)
    raw = archive_entry_pathname_utf8 (entry);
  MugaiBytes bytes = { (const guint8 *) (raw ? raw : ""), raw ? strlen (raw) : 0 };
  add_name (member, mugai_archive_decode_name (archive->scanner, bytes, &member->flags));
}

/* Without a list of members libarchive calls it empty; 7-Zip looks for the list at the end, and finds it. */
static gboolean is_headless_7z (const MugaiArchive *archive) {
  MugaiBytes bytes = mugai_bytes_of (archive->content);
  return MUGAI_BYTES_AT (bytes, 0, "7z\xbc\xaf\x27\x1c") && bytes.length_bytes > EMPTY_7Z_BYTES;
}

static gboolean next_in_reader (MugaiArchive *archive, MugaiMember *member) {
  struct archive_entry *entry = NULL;
  if (archive->spent)
    return FALSE;
  int result = archive_read_next_header (archive->reader, &entry);
  if (result != ARCHIVE_OK && result != ARCHIVE_EOF && reopen_with_charset (archive))
    result = archive_read_next_header (archive->reader, &entry);
  if (!archive->reader)
    return FALSE;
  if (has_encrypted_entries (archive->reader))
    note_encrypted (archive);
  archive->next_entry++;
  if (result == ARCHIVE_EOF) {
    if (archive->next_entry == 1 && is_headless_7z (archive)) {
      add_flag (archive, MUGAI_FLAG_MALFORMED);
      worsen (&archive->scan, MUGAI_SCAN_UNPARSABLE);
    }
    return FALSE;
  }
  if (result != ARCHIVE_OK && result != ARCHIVE_WARN) {
    note_reader_error (archive);
    return FALSE;
  }
  name_member (archive, member, entry);
  member->size_bytes = archive_entry_size_is_set (entry) ? (guint64) MAX (archive_entry_size (entry), 0) : 0;
  member->directory = archive_entry_filetype (entry) == AE_IFDIR;
  if (member->directory)
    return TRUE;
  if (archive_entry_is_encrypted (entry))
    fail_member (archive, member, MUGAI_SCAN_ENCRYPTED, locked_flags (archive));
  else
    read_member (archive, member, archive->reader, g_bytes_get_size (archive->content));
  charge (archive, member);
  return TRUE;
}

static gboolean next_in_rar (MugaiArchive *archive, MugaiMember *member) {
  if (archive->next_entry >= archive->rar->entries->len)
    return FALSE;
  const MugaiRarEntry *entry = &g_array_index (archive->rar->entries, MugaiRarEntry, archive->next_entry++);
  MugaiBytes name = { (const guint8 *) entry->name, strlen (entry->name) };
  add_name (member, mugai_archive_decode_name (archive->scanner, name, &member->flags));
  member->size_bytes = entry->size_bytes;
  member->directory = entry->directory;
  if (entry->encrypted)
    fail_member (archive, member, MUGAI_SCAN_ENCRYPTED, locked_flags (archive));
  else if (!entry->directory)
    fail_member (archive, member, MUGAI_SCAN_NOT_SCANNED, MUGAI_BIT (MUGAI_FLAG_UNSUPPORTED_FORMAT));
  return TRUE;
}

gboolean mugai_archive_next (MugaiArchive *archive, MugaiMember *member) {
  *member = (MugaiMember){ .scan = MUGAI_SCAN_CLEAN };
  if (!archive->zip && !archive->rar && !archive->reader)
    return FALSE;
  if (archive->budget->members == 0 || archive->budget->unpacked_bytes == 0 || mugai_budget_late (archive->budget)
      || (archive->flags & MUGAI_BIT (MUGAI_FLAG_BOMB) && archive->reader)) {
    hit_limit (archive, FALSE);
    return FALSE;
  }
  archive->budget->members--;
  member->names = g_ptr_array_new_with_free_func (g_free);
  locale_t before = uselocale (archive->scanner->locale);
  gboolean more = archive->zip   ? next_in_zip (archive, member)
                  : archive->rar ? next_in_rar (archive, member)
                                 : next_in_reader (archive, member);
  (void) uselocale (before);
  if (!more) {
    archive->budget->members++;
    mugai_member_clear (member);
  }
  return more;
}
