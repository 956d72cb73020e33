/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Tests of scan: types, flags, archives and verdicts on fixtures that are made here, byte by byte, each kind with a
 * benign twin that must stay unflagged. The signature folder holds one line for the EICAR test string, which is put
 * together at run time and never stored whole.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "mugai/scan.h"

#include <string.h>

#include <archive.h>
#include <archive_entry.h>
#include <utime.h>

#include <glib/gstdio.h>
#include <zlib.h>

#define BIT(name) MUGAI_BIT (MUGAI_FLAG_##name)

/* ---- making things ---- */

static void put16 (GByteArray *out, guint value) {
  guint8 two[] = { (guint8) value, (guint8) (value >> 8) };
  g_byte_array_append (out, two, 2);
}

static void put32 (GByteArray *out, guint32 value) {
  put16 (out, value & 0xffff);
  put16 (out, value >> 16);
}

static void put (GByteArray *out, const void *data, gsize length) {
  g_byte_array_append (out, data, (guint) length);
}

typedef struct {
  const char *name;       /* in the central directory */
  const char *local_name; /* NULL: the same */
  const char *data;
  gsize length; /* 0: of the string */
  guint flags;
} Entry;

/* A ZIP of stored members; flags bit 0 makes a member look encrypted. */
static GBytes *make_zip (const Entry *entries, guint n_entries) {
  GByteArray *out = g_byte_array_new ();
  g_autoptr (GByteArray) directory = g_byte_array_new ();
  for (guint i = 0; i < n_entries; i++) {
    const Entry *e = &entries[i];
    const char *local = e->local_name ? e->local_name : e->name;
    gsize length = e->length ? e->length : strlen (e->data);
    guint32 crc = (guint32) crc32 (0, (const Bytef *) e->data, (uInt) length), offset = out->len;
    put (out, "PK\3\4", 4), put16 (out, 20), put16 (out, e->flags), put16 (out, 0), put32 (out, 0), put32 (out, crc);
    put32 (out, (guint32) length), put32 (out, (guint32) length), put16 (out, (guint) strlen (local)), put16 (out, 0);
    put (out, local, strlen (local)), put (out, e->data, length);
    put (directory, "PK\1\2", 4), put16 (directory, 20), put16 (directory, 20), put16 (directory, e->flags);
    put16 (directory, 0), put32 (directory, 0), put32 (directory, crc), put32 (directory, (guint32) length);
    put32 (directory, (guint32) length), put16 (directory, (guint) strlen (e->name)), put16 (directory, 0);
    put16 (directory, 0), put16 (directory, 0), put16 (directory, 0), put32 (directory, 0), put32 (directory, offset);
    put (directory, e->name, strlen (e->name));
  }
  guint32 at = out->len;
  put (out, directory->data, directory->len);
  put (out, "PK\5\6", 4), put16 (out, 0), put16 (out, 0), put16 (out, n_entries), put16 (out, n_entries);
  put32 (out, directory->len), put32 (out, at), put16 (out, 0);
  return g_byte_array_free_to_bytes (out);
}

/* By libarchive, with deflate: for sizes that a stored member cannot have. */
static GBytes *make_archive (int (*format) (struct archive *), int (*filter) (struct archive *), const char *name,
                             gsize zeros) {
  gsize room = zeros + 65536, used = 0;
  guint8 *buffer = g_malloc (room);
  struct archive *writer = archive_write_new ();
  g_assert_cmpint (format (writer), ==, ARCHIVE_OK);
  if (filter)
    g_assert_cmpint (filter (writer), ==, ARCHIVE_OK);
  g_assert_cmpint (archive_write_open_memory (writer, buffer, room, &used), ==, ARCHIVE_OK);
  struct archive_entry *entry = archive_entry_new ();
  archive_entry_set_pathname (entry, name);
  archive_entry_set_size (entry, (la_int64_t) zeros);
  archive_entry_set_filetype (entry, AE_IFREG);
  archive_entry_set_perm (entry, 0644);
  g_assert_cmpint (archive_write_header (writer, entry), ==, ARCHIVE_OK);
  g_autofree guint8 *data = g_malloc0 (zeros);
  g_assert_cmpint (archive_write_data (writer, data, zeros), ==, (la_ssize_t) zeros);
  archive_entry_free (entry);
  archive_write_close (writer);
  archive_write_free (writer);
  return g_bytes_new_take (buffer, used);
}

static char *make_eicar (void) {
  return g_strconcat ("X5O!P%@AP[4\\PZX54(P^)7CC)7}$", "EICAR-STANDARD", "-ANTIVIRUS-", "TEST-FILE!$H+H*", NULL);
}

static char *make_signatures (void) {
  char *folder = g_dir_make_tmp ("mugai-test-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "test.ndb", NULL);
  g_autofree char *eicar = make_eicar ();
  g_autoptr (GString) line = g_string_new ("Test.Eicar:0:*:");
  for (const char *c = eicar; *c; c++)
    g_string_append_printf (line, "%02x", (guint8) *c);
  g_string_append_c (line, '\n');
  g_assert_true (g_file_set_contents (path, line->str, -1, NULL));
  return folder;
}

static void remove_signatures (const char *folder) {
  g_autofree char *path = g_build_filename (folder, "test.ndb", NULL);
  (void) g_unlink (path);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

static MugaiScanner *plain_scanner (void) {
  g_autoptr (GError) error = NULL;
  MugaiScanner *scanner = mugai_scanner_new (NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  return scanner;
}

typedef struct {
  MugaiPart *part;
  GPtrArray *members;
} Result;

static void result_clear (Result *result) {
  mugai_part_free (result->part);
  g_ptr_array_unref (result->members);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Result, result_clear)

static Result scan (MugaiScanner *scanner, const char *name, const char *declared, const void *data, gsize length) {
  Result result = { mugai_part_new (), g_ptr_array_new_with_free_func ((GDestroyNotify) mugai_part_free) };
  const char *names[] = { name, NULL };
  g_free (result.part->path);
  result.part->path = g_strdup ("2");
  g_free (result.part->declared);
  result.part->declared = g_strdup (declared);
  g_strfreev (result.part->names);
  result.part->names = g_strdupv ((char **) names);
  g_autoptr (GBytes) content = g_bytes_new (data, length);
  mugai_scan_part (scanner, result.part, content, result.members);
  return result;
}

static Result scan_zip (MugaiScanner *scanner, const char *name, const Entry *entries, guint n) {
  g_autoptr (GBytes) zip = make_zip (entries, n);
  return scan (scanner, name, "application/octet-stream", g_bytes_get_data (zip, NULL), g_bytes_get_size (zip));
}

static const MugaiPart *member (const Result *result, guint index) {
  g_assert_cmpuint (index, <, result->members->len);
  return result->members->pdata[index];
}

/* ---- types and flags ---- */

typedef struct {
  const char *name, *declared, *data;
  gsize length; /* 0: of the string */
  const char *detected;
  guint64 flags;
} Case;

#define ANY "application/octet-stream"
static const Case cases[] = {
  { "a.txt", "text/plain", "Hello.\n", 0, "text/plain", 0 },
  { "a.txt", "text/plain", "x", 0, "text/plain", 0 },
  { "list.csv", "application/vnd.ms-excel", "a,b\n1,2\n", 0, "text/csv", 0 },
  { "a.pdf", "application/pdf", "%PDF-1.4\n1 0 obj <</OpenAction [3 0 R /Fit]>>", 0, "application/pdf", 0 },
  { "a.pdf", "application/pdf", "%PDF-1.4\n1 0 obj <</OpenAction <</S /J#61vaScript>>>>", 0, "application/pdf",
    BIT (ACTIVE_CONTENT) },
  { "a.pdf", "application/pdf", "%PDF-1.4\n1 0 obj <</OpenAction 4 0 R>> 4 0 obj [3 0 R /Fit]", 0, "application/pdf",
    0 },
  { "a.pdf", "application/pdf", "%PDF-1.4\n1 0 obj <</OpenAction 4 0 R>> 4 0 obj <</S /Launch>>", 0, "application/pdf",
    BIT (ACTIVE_CONTENT) },
  { "a.pdf", "application/pdf", "%PDF-1.4\n9 0 obj <<>>\ntrailer <</Encrypt 9 0 R>>", 0, "application/pdf",
    BIT (ENCRYPTED) },
  { "a.jpg", "image/jpeg", "\xff\xd8\xff\xe0\0\x10JFIF\0\1", 13, "image/jpeg", 0 },
  { "a.jpg", "image/jpeg", "\x89PNG\r\n\x1a\n", 0, "image/png", BIT (TYPE_MISMATCH) },
  { "logo.png", "image/png", "\x89PNG\r\n\x1a\n", 0, "image/png", 0 },
  { "a.jpg", ANY, "MZ\0\0\0\0\0\0", 8, "application/x-executable-pe", BIT (TYPE_MISMATCH) | BIT (EXECUTABLE) },
  { "a.bin", ANY,
    "\x7f"
    "ELF\2\1\1",
    0, "application/x-elf", BIT (EXECUTABLE) },
  { "a.pdf.js", ANY, "alert (1)", 0, "text/plain", BIT (SCRIPT) | BIT (DOUBLE_EXTENSION) },
  { "a.pdf      .exe ", ANY, "MZ\0\0\0\0\0\0", 8, "application/x-executable-pe",
    BIT (EXECUTABLE) | BIT (DOUBLE_EXTENSION) },
  { "a.tar.gz", ANY, "text", 0, "text/plain", BIT (TYPE_MISMATCH) },
  { "report.v2.txt", "text/plain", "text", 0, "text/plain", 0 },
  { "a\xe2\x80\xaetxt.exe", ANY, "text", 0, "text/plain", BIT (BIDI_NAME) | BIT (EXECUTABLE) | BIT (TYPE_MISMATCH) },
  { "a.lnk", ANY, "L\0\0\0\1\x14\2\0\0\0\0\0\xc0\0\0\0\0\0\0F", 20, "application/x-lnk", BIT (EXECUTABLE) },
  { "a.chm", ANY, "ITSF\3\0\0\0", 8, "application/x-chm", BIT (EXECUTABLE) },
  { "a.one", ANY, "\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3", 16, "application/x-onenote",
    BIT (EXECUTABLE) },
  { "a.hta", ANY, "<html><HTA:APPLICATION id=x></html>", 0, "application/hta", BIT (EXECUTABLE) },
  { "a.svg", "image/svg+xml", "<svg xmlns=\"http://www.w3.org/2000/svg\"><path/></svg>", 0, "image/svg+xml", 0 },
  { "a.svg", "image/svg+xml", "<?xml version=\"1.0\"?><!-- x --><svg onload=\"a()\"></svg>", 0, "image/svg+xml",
    BIT (ACTIVE_CONTENT) },
  { NULL, "text/html", "<html><body><p>one onset = 3</p></body></html>", 0, "text/html", 0 },
  { NULL, "text/html", "\xff\xfe<\0s\0c\0r\0i\0p\0t\0>\0", 18, "text/html", BIT (ACTIVE_CONTENT) },
  { NULL, "text/html", "<html><iframe src=x></html>", 0, "text/html", BIT (EXTERNAL_REFERENCE) },
  { "a.rtf", "application/rtf", "{\\rtf1 hello}", 0, "application/rtf", 0 },
  { "a.rtf", "application/rtf", "{\\rtf1 {\\object\\objemb}}", 0, "application/rtf",
    BIT (EMBEDDED_OBJECT) | BIT (ACTIVE_CONTENT) },
  { "a.ics", "text/calendar", "BEGIN:VCALENDAR\nEND:VCALENDAR\n", 0, "text/calendar", 0 },
  { "a.vcf", "text/vcard", "BEGIN:VCARD\nEND:VCARD\n", 0, "text/vcard", 0 },
  { "winmail.dat", "application/ms-tnef", "\x78\x9f\x3e\x22", 0, "application/vnd.ms-tnef", 0 },
  { "a.jww", ANY, "JwwData.\1", 0, "application/x-jww", 0 },
  { "a.p21", ANY, "ISO-10303-21;\nHEADER;\n", 0, "application/p21", 0 },
  { "a.sfc", ANY, "ISO-10303-21;\nHEADER;\n/*SXF\n", 0, "application/x-sfc", 0 },
  { "a.dxf", ANY, "999\nby hand\n  0\nSECTION\n", 0, "image/vnd.dxf", 0 },
  { "a.eml", "message/rfc822", "From: a@b\nTo: c@d\nSubject: x\n\nhello\n", 0, "message/rfc822", 0 },
  { "smime.p7m", "application/pkcs7-mime", "\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03", 13,
    "application/pkcs7-mime", BIT (ENCRYPTED) },
  { "smime.p7s", "application/pkcs7-signature", "\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", 13,
    "application/pkcs7-mime", 0 },
};

static void test_types (void) {
  g_autoptr (MugaiScanner) scanner = plain_scanner ();
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    const Case *c = &cases[i];
    g_test_message ("case %" G_GSIZE_FORMAT ": %s", i, c->name ? c->name : c->detected);
    g_auto (Result) result = scan (scanner, c->name, c->declared, c->data, c->length ? c->length : strlen (c->data));
    g_assert_cmpstr (result.part->detected, ==, c->detected);
    g_assert_cmphex (result.part->flags, ==, c->flags);
    g_assert_cmpint (result.part->scan, ==, c->flags & BIT (ENCRYPTED) ? MUGAI_SCAN_ENCRYPTED : MUGAI_SCAN_NOT_SCANNED);
  }
}

#define TYPES(part) "<Types><Override PartName=\"/x\" ContentType=\"application/" part "\"/></Types>"
#define DOCX TYPES ("vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml")
#define RELS(type)                                                                                                     \
  "<Relationships><Relationship Type=\"http://x/" type                                                                 \
  "\" Target=\"http://x/\" TargetMode=\"&#69;xternal\"/></Relationships>"

static void test_office (void) {
  g_autoptr (MugaiScanner) scanner = plain_scanner ();
  static const struct {
    const char *name;
    Entry entries[3];
    guint n;
    const char *detected;
    guint64 flags;
  } documents[] = {
    { "a.docx",
      { { .name = "[Content_Types].xml", .data = DOCX },
        { .name = "word/_rels/document.xml.rels", .data = RELS ("hyperlink") } },
      2,
      "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
      0 },
    { "a.docx",
      { { .name = "[Content_Types].xml", .data = DOCX },
        { .name = "word/_rels/settings.xml.rels", .data = RELS ("attachedTemplate") } },
      2,
      "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
      BIT (EXTERNAL_REFERENCE) },
    { "a.docx",
      { { .name = "[Content_Types].xml", .data = DOCX }, { .name = "word/vbaProject.bin", .data = "x" } },
      2,
      "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
      BIT (MACRO) },
    { "a.xlsx",
      { { .name = "[Content_Types].xml", .data = TYPES ("vnd.ms-excel.sheet.macroEnabled.main+xml") } },
      1,
      "application/vnd.ms-excel.sheet.macroEnabled.12",
      BIT (TYPE_MISMATCH) },
    { "a.xlsx",
      { { .name = "[Content_Types].xml",
          .data = TYPES ("vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml") },
        { .name = "xl/macrosheets/sheet1.xml", .data = "<x/>" } },
      2,
      "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
      BIT (MACRO) },
    { "a.odt",
      { { .name = "mimetype", .data = "application/vnd.oasis.opendocument.text" },
        { .name = "content.xml", .data = "<a/>" } },
      2,
      "application/vnd.oasis.opendocument.text",
      0 },
    { "a.odt",
      { { .name = "mimetype", .data = "application/vnd.oasis.opendocument.text" },
        { .name = "Basic/Standard/Module1.xml", .data = "<a/>" } },
      2,
      "application/vnd.oasis.opendocument.text",
      BIT (MACRO) },
    { "a.jar", { { .name = "META-INF/MANIFEST.MF", .data = "x" } }, 1, "application/java-archive", BIT (EXECUTABLE) },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (documents); i++) {
    g_test_message ("document %" G_GSIZE_FORMAT, i);
    g_auto (Result) result = scan_zip (scanner, documents[i].name, documents[i].entries, documents[i].n);
    g_assert_cmpstr (result.part->detected, ==, documents[i].detected);
    g_assert_cmphex (result.part->flags, ==, documents[i].flags);
  }
}

/* ---- archives ---- */

static void test_zip_names (void) {
  g_autoptr (MugaiScanner) scanner = plain_scanner ();
  static const Entry entries[] = {
    { .name = "\x97\x5c\x8e\x5a\x95\x5c\x87\x40.txt", .data = "cp932" },
    { .name = "\xe4\xba\x88\xe7\xae\x97.txt", .data = "utf-8", .flags = 0x800 },
    { .name = "\xe3\x81\x8b\xe3\x82\x99.txt", .data = "two code points" },
    { .name = "..\\..\\a.txt", .data = "up" },
  };
  g_auto (Result) result = scan_zip (scanner, "a.zip", entries, G_N_ELEMENTS (entries));
  g_assert_cmphex (result.part->flags, ==, 0);
  g_assert_cmpuint (result.members->len, ==, 4);
  g_assert_cmpstr (member (&result, 0)->names[0], ==, "\xe4\xba\x88\xe7\xae\x97\xe8\xa1\xa8\xe2\x91\xa0.txt");
  g_assert_cmpstr (member (&result, 1)->names[0], ==, "\xe4\xba\x88\xe7\xae\x97.txt");
  g_assert_cmpstr (member (&result, 2)->names[0], ==, "\xe3\x81\x8c.txt");
  g_assert_cmpstr (member (&result, 3)->names[0], ==, "../../a.txt");
  g_assert_cmpstr (member (&result, 3)->path, ==, "2/4");
}

static void test_zip_tricks (void) {
  g_autoptr (MugaiScanner) scanner = plain_scanner ();
  static const Entry conflict[] = { { .name = "good.txt", .local_name = "evil.exe", .data = "x" } };
  g_auto (Result) two = scan_zip (scanner, "a.zip", conflict, 1);
  g_assert_cmphex (two.part->flags, ==, BIT (MALFORMED));
  g_assert_true (member (&two, 0)->flags & BIT (NAME_CONFLICT));
  g_assert_true (member (&two, 0)->flags & BIT (EXECUTABLE));

  static const Entry twice[] = { { .name = "a.txt", .data = "x" }, { .name = "a.txt", .data = "y" } };
  g_auto (Result) doubled = scan_zip (scanner, "a.zip", twice, 2);
  g_assert_cmphex (doubled.part->flags, ==, BIT (AMBIGUOUS));

  static const Entry sealed[] = { { .name = "a.exe", .data = "0123456789ab", .flags = 1 } };
  g_auto (Result) locked = scan_zip (scanner, "a.zip", sealed, 1);
  g_assert_cmphex (locked.part->flags, ==, BIT (ENCRYPTED));
  g_assert_cmpint (locked.part->scan, ==, MUGAI_SCAN_ENCRYPTED);
  g_assert_cmpint (member (&locked, 0)->scan, ==, MUGAI_SCAN_ENCRYPTED);
  g_assert_true (member (&locked, 0)->flags & BIT (EXECUTABLE));
}

static void test_nested (void) {
  g_autoptr (MugaiScanner) scanner = plain_scanner ();
  static const Entry inner[] = { { .name = "bill.pdf.exe", .data = "MZ\0\0\0\0", .length = 6 } };
  GBytes *zip = make_zip (inner, 1);
  for (guint depth = 1; depth < 12; depth++) {
    Entry outer = { .name = "in.zip", .data = g_bytes_get_data (zip, NULL), .length = g_bytes_get_size (zip) };
    GBytes *next = make_zip (&outer, 1);
    g_bytes_unref (zip);
    zip = next;
    g_auto (Result) result = scan (scanner, "a.zip", ANY, g_bytes_get_data (zip, NULL), g_bytes_get_size (zip));
    if (depth < MUGAI_SCAN_MAX_DEPTH) {
      g_assert_cmphex (result.part->flags, ==, 0);
      g_assert_cmphex (member (&result, depth)->flags, ==, BIT (EXECUTABLE) | BIT (DOUBLE_EXTENSION));
    } else {
      g_assert_cmphex (result.part->flags, ==, BIT (TOO_DEEP));
      g_assert_cmpint (result.part->scan, ==, MUGAI_SCAN_OVER_LIMIT);
    }
  }
  g_bytes_unref (zip);
}

static void test_formats (void) {
  g_autoptr (MugaiScanner) scanner = plain_scanner ();
  static const struct {
    const char *name;
    int (*format) (struct archive *);
    int (*filter) (struct archive *);
    const char *detected;
    guint n_members;
    guint64 flags;
  } formats[] = {
    { "a.7z", archive_write_set_format_7zip, NULL, "application/x-7z-compressed", 1, 0 },
    { "a.tar", archive_write_set_format_ustar, NULL, "application/x-tar", 1, 0 },
    { "a.tgz", archive_write_set_format_ustar, archive_write_add_filter_gzip, "application/gzip", 2, 0 },
    { "a.tar.xz", archive_write_set_format_ustar, archive_write_add_filter_xz, "application/x-xz", 2, 0 },
    { "a.tar.bz2", archive_write_set_format_ustar, archive_write_add_filter_bzip2, "application/x-bzip2", 2, 0 },
    { "a.tar.zst", archive_write_set_format_ustar, archive_write_add_filter_zstd, "application/zstd", 2, 0 },
    { "a.iso", archive_write_set_format_iso9660, NULL, "application/x-disk-image", 1, BIT (EXECUTABLE) },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++) {
    g_test_message ("%s", formats[i].name);
    g_autoptr (GBytes) archive = make_archive (formats[i].format, formats[i].filter, "readme.dat", 1000000);
    g_auto (Result) result =
        scan (scanner, formats[i].name, ANY, g_bytes_get_data (archive, NULL), g_bytes_get_size (archive));
    g_assert_cmpstr (result.part->detected, ==, formats[i].detected);
    g_assert_cmphex (result.part->flags, ==, formats[i].flags);
    g_assert_cmpuint (result.members->len, ==, formats[i].n_members);
    g_assert_cmpuint (member (&result, formats[i].n_members - 1)->size_bytes, ==, 1000000);
  }
}

static void test_bombs (void) {
  g_autoptr (MugaiScanner) scanner = plain_scanner ();
  g_autoptr (GBytes) zip = make_archive (archive_write_set_format_zip, NULL, "zeros.dat", 60u * 1024 * 1024);
  g_autoptr (GBytes) gzip =
      make_archive (archive_write_set_format_raw, archive_write_add_filter_gzip, "data", 60u * 1024 * 1024);
  g_auto (Result) flat = scan (scanner, "a.zip", ANY, g_bytes_get_data (zip, NULL), g_bytes_get_size (zip));
  g_assert_cmphex (flat.part->flags, ==, BIT (BOMB));
  g_assert_cmpint (flat.part->scan, ==, MUGAI_SCAN_OVER_LIMIT);
  g_auto (Result) raw = scan (scanner, "a.gz", ANY, g_bytes_get_data (gzip, NULL), g_bytes_get_size (gzip));
  g_assert_cmphex (raw.part->flags, ==, BIT (BOMB));
  g_assert_cmpint (raw.part->scan, ==, MUGAI_SCAN_OVER_LIMIT);
}

static void test_rar (void) {
  g_autoptr (MugaiScanner) scanner = plain_scanner ();
  g_auto (Result) result = scan (scanner, "a.rar", ANY, "Rar!\x1a\7\0rubbish", 14);
  g_assert_true (result.part->flags & BIT (UNSUPPORTED_FORMAT));
  g_assert_cmpint (result.part->scan, !=, MUGAI_SCAN_CLEAN);
}

/* Found by fuzzing: a member without a name, and a type whose archive libarchive settles on no format for. */
static void test_broken (void) {
  g_autoptr (MugaiScanner) scanner = plain_scanner ();
  static const Entry nameless[] = { { .name = "", .data = "x" } };
  g_auto (Result) zip = scan_zip (scanner, "a.zip", nameless, 1);
  g_assert_cmpuint (zip.members->len, ==, 1);
  static const char cab[] =
      "MSCF\0\0\0\0\x57\0\0\0\0\0\0\0\x2c\0\0\0\0\0\0\0\3\1\1\0\1\0\0\0\x34\x12\0\0\x4b\0\0\0\1\0\0\0\4\0\0\0"
      "\0\0\0\0\0\0\x75\x5b\x97\x5c\x97\x5c\x8e\x5a\x87\x40\x8e\x91\x97\xbf.txt\0\0\0\0\4\0\4\0t-e";
  g_auto (Result) cut = scan (scanner, "a.cab", ANY, cab, sizeof cab - 1);
  g_assert_cmpint (cut.part->scan, ==, MUGAI_SCAN_UNPARSABLE);
  static const char *const heads[] = { "7z\xbc\xaf\x27\x1c", "MSCF",   "xar!",      "\x1f\x8b\x08", "BZh9",
                                       "\xfd\x37zXZ",        "070701", "!<arch>\n", "LZIP",         "\x1f\x9d",
                                       "Rar!\x1a\7\1",       "PK\3\4" };
  for (gsize i = 0; i < G_N_ELEMENTS (heads); i++) {
    guint8 data[64] = { 0 };
    memcpy (data, heads[i], strlen (heads[i]));
    g_auto (Result) result = scan (scanner, NULL, ANY, data, sizeof data);
    g_assert_cmpint (result.part->scan, !=, MUGAI_SCAN_CLEAN);
  }
}

/* ---- the scanner ---- */

static void test_engine (void) {
  g_autofree char *folder = make_signatures ();
  g_autofree char *scratch = g_dir_make_tmp ("mugai-scratch-XXXXXX", NULL);
  g_autofree char *eicar = make_eicar ();
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiScanner) scanner = mugai_scanner_new (folder, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (mugai_scanner_signatures (scanner), ==, 1);
  g_assert_cmpint (mugai_scanner_time (scanner), >, 0);
  g_assert_nonnull (mugai_scanner_version (scanner));
  mugai_scanner_set_scratch (scanner, scratch);

  g_autofree char *mail =
      g_strdup_printf ("From: a@b\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nhello\r\n"
                       "--x\r\nContent-Type: application/octet-stream\r\n\r\n%s\r\n--x--\r\n",
                       eicar);
  g_autoptr (GBytes) message = g_bytes_new (mail, strlen (mail));
  mugai_scanner_begin_message (scanner, message);
  const char *signature = NULL;
  g_assert_cmpint (mugai_scanner_message_verdict (scanner, &signature), ==, MUGAI_SCAN_INFECTED);
  g_assert_cmpstr (signature, ==, "Test.Eicar.UNOFFICIAL");
  g_auto (Result) body = scan (scanner, NULL, "text/plain", "hello", 5);
  g_assert_cmpint (body.part->scan, ==, MUGAI_SCAN_CLEAN);
  Entry entries[] = { { .name = "a.txt", .data = "harmless" }, { .name = "b.txt", .data = eicar } };
  g_auto (Result) zip = scan_zip (scanner, "a.zip", entries, 2);
  g_assert_cmpint (zip.part->scan, ==, MUGAI_SCAN_INFECTED);
  g_assert_cmpstr (zip.part->signature, ==, "Test.Eicar.UNOFFICIAL");
  g_assert_cmpint (member (&zip, 0)->scan, ==, MUGAI_SCAN_CLEAN);
  g_assert_cmpint (member (&zip, 1)->scan, ==, MUGAI_SCAN_INFECTED);

  remove_signatures (folder);
  g_assert_cmpint (g_rmdir (scratch), ==, 0); /* nothing was left in it */
}

static void test_seen (void) {
  g_autofree char *folder = make_signatures ();
  g_autoptr (MugaiScanner) scanner = mugai_scanner_new (folder, NULL, NULL, NULL);
  static const char content[] = "\x89PNG\r\n\x1a\n and what follows";
  g_autofree char *packed = g_base64_encode ((const guchar *) content, sizeof content - 1);
  g_autofree char *mail = g_strdup_printf (
      "From: a@b\r\nTo: c@d\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
      "--x\r\n\r\nhello\r\n--x\r\nContent-Type: image/png; name=a.png\r\n"
      "Content-Transfer-Encoding: base64\r\n\r\n%s\r\n--x--\r\n",
      packed);
  g_autoptr (GBytes) message = g_bytes_new (mail, strlen (mail));
  for (guint i = 0; i < 2; i++) { /* the second time as the first: nothing is remembered across messages */
    mugai_scanner_begin_message (scanner, message);
    g_assert_cmpint (mugai_scanner_message_verdict (scanner, NULL), ==, MUGAI_SCAN_CLEAN);
    g_auto (Result) seen = scan (scanner, "a.png", "image/png", content, sizeof content - 1);
    g_assert_cmphex (seen.part->flags, ==, 0);
    g_assert_cmpint (seen.part->scan, ==, MUGAI_SCAN_CLEAN);
    g_auto (Result) other = scan (scanner, "b.png", "image/png", "\x89PNG\r\n\x1a\n other", 14);
    g_assert_cmphex (other.part->flags, ==, BIT (UNSEEN_BY_SCANNER));
    g_assert_cmpint (other.part->scan, ==, MUGAI_SCAN_CLEAN);
  }
  remove_signatures (folder);
}

static GBytes *make_two_part_mail (const char *subject, GBytes *first, const char *second) {
  gsize length;
  const guint8 *data = g_bytes_get_data (first, &length);
  g_autofree char *one = g_base64_encode (data, length);
  g_autofree char *two = g_base64_encode ((const guint8 *) second, strlen (second));
  g_autofree char *text = g_strdup_printf (
      "From: a@example.com\r\nTo: b@example.com\r\nSubject: %s\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; "
      "boundary=q\r\n\r\n--q\r\nContent-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: "
      "base64\r\n\r\n%s\r\n"
      "--q\r\nContent-Type: application/octet-stream; name=b.bin\r\nContent-Transfer-Encoding: "
      "base64\r\n\r\n%s\r\n--q--\r\n",
      subject, one, two);
  return g_bytes_new (text, strlen (text));
}

static MugaiScan scan_mail (MugaiScanner *scanner, const char *subject, GBytes *first, const char *second) {
  g_autoptr (GBytes) mail = make_two_part_mail (subject, first, second);
  mugai_scanner_begin_message (scanner, mail);
  return mugai_scanner_message_verdict (scanner, NULL);
}

/* What was clean in one mail is not opened in the next; what comes behind it is, and what was not clean is never remembered. */
static void test_cache (void) {
  g_autofree char *folder = make_signatures ();
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiScanner) scanner = mugai_scanner_new (folder, NULL, NULL, &error);
  g_assert_no_error (error);
  g_autofree char *eicar = make_eicar ();
  static const Entry good[] = { { .name = "a.txt", .data = "nothing bad in here" } };
  const Entry bad[] = { { .name = "a.txt", .data = eicar } };
  g_autoptr (GBytes) fine = make_zip (good, 1);
  g_autoptr (GBytes) sick = make_zip (bad, 1);
  for (guint round = 0; round < 3; round++) {
    g_autofree char *subject = g_strdup_printf ("round %u", round);
    g_assert_cmpint (scan_mail (scanner, subject, fine, "harmless"), ==, MUGAI_SCAN_CLEAN);
    g_assert_cmpint (scan_mail (scanner, subject, fine, eicar), ==, MUGAI_SCAN_INFECTED);
    g_assert_cmpint (scan_mail (scanner, subject, sick, "harmless"), ==, MUGAI_SCAN_INFECTED);
  }
  remove_signatures (folder);
}

/* What a message holds twice is scanned once; what lies beside its second copy is scanned all the same. */
static void test_twice (void) {
  g_autofree char *folder = make_signatures ();
  g_autoptr (MugaiScanner) scanner = mugai_scanner_new (folder, NULL, NULL, NULL);
  g_autofree char *eicar = make_eicar ();
  const Entry inner[] = { { .name = "a.txt", .data = "nothing bad in here" }, { .name = "b.txt", .data = eicar } };
  g_autoptr (GBytes) sick = make_zip (inner, 2);
  g_autoptr (GBytes) fine = make_zip (inner, 1);
  Entry outer[] = { { .name = "a.txt", .data = "nothing bad in here" },
                    { .name = "in.zip", .data = g_bytes_get_data (sick, NULL), .length = g_bytes_get_size (sick) } };
  g_autoptr (GBytes) both = make_zip (outer, 2);
  outer[1].data = g_bytes_get_data (fine, NULL);
  outer[1].length = g_bytes_get_size (fine);
  g_autoptr (GBytes) none = make_zip (outer, 2);
  g_assert_cmpint (scan_mail (scanner, "sick", both, "nothing bad in here"), ==, MUGAI_SCAN_INFECTED);
  g_assert_cmpint (scan_mail (scanner, "fine", none, "nothing bad in here"), ==, MUGAI_SCAN_CLEAN);
  remove_signatures (folder);
}

static void test_over_limit (void) {
  g_autofree char *folder = make_signatures ();
  MugaiScanLimits limits = { .max_file_bytes = 100000 };
  g_autoptr (MugaiScanner) scanner = mugai_scanner_new (folder, NULL, &limits, NULL);
  g_autoptr (GBytes) zip = make_archive (archive_write_set_format_zip, NULL, "big.dat", 500000);
  mugai_scanner_begin_message (scanner, zip);
  g_assert_cmpint (mugai_scanner_message_verdict (scanner, NULL), ==, MUGAI_SCAN_OVER_LIMIT);
  g_auto (Result) result = scan (scanner, "a.zip", ANY, g_bytes_get_data (zip, NULL), g_bytes_get_size (zip));
  g_assert_cmpint (result.part->scan, ==, MUGAI_SCAN_OVER_LIMIT);
  remove_signatures (folder);
}

static void test_load_fails (void) {
  g_autoptr (GError) error = NULL;
  g_assert_null (mugai_scanner_new ("/nonexistent/signatures", NULL, NULL, &error));
  g_assert_error (error, MUGAI_SCAN_ERROR, MUGAI_SCAN_ERROR_LOAD);
  g_autofree char *folder = make_signatures ();
  g_autofree char *path = g_build_filename (folder, "test.ndb", NULL);
  g_assert_true (g_file_set_contents (path, "no signature at all\n", -1, NULL));
  g_autoptr (GError) broken = NULL;
  g_assert_null (mugai_scanner_new (folder, NULL, NULL, &broken));
  g_assert_error (broken, MUGAI_SCAN_ERROR, MUGAI_SCAN_ERROR_LOAD);
  remove_signatures (folder);
}

/* A set that takes longer to load than one mail may take is as good as any. */
static void test_slow_load (void) {
  g_autofree char *folder = make_signatures ();
  g_autofree char *path = g_build_filename (folder, "many.hdb", NULL);
  g_autoptr (GString) lines = g_string_new (NULL);
  for (guint i = 0; i < 200000; i++)
    g_string_append_printf (lines, "%032x:%u:Made.%u\n", i * 2654435761u, 1000 + i, i);
  g_assert_true (g_file_set_contents (path, lines->str, -1, NULL));
  const MugaiScanLimits limits = { .max_ms = 100 };
  g_autoptr (GError) error = NULL;
  gint64 start_us = g_get_monotonic_time ();
  g_autoptr (MugaiScanner) scanner = mugai_scanner_new (folder, NULL, &limits, &error);
  g_assert_no_error (error);
  g_assert_nonnull (scanner);
  if (g_get_monotonic_time () - start_us < 100 * G_TIME_SPAN_MILLISECOND)
    g_test_skip ("loaded within the time of one mail");
  (void) g_unlink (path);
  remove_signatures (folder);
}

/* The time was up before our own look: whatever it would have found, nobody may call it looked through. */
static void test_late_look (void) {
  const MugaiScanLimits limits = { .max_ms = 1 };
  g_autoptr (MugaiScanner) scanner = mugai_scanner_new (NULL, NULL, &limits, NULL);
  static const char pdf[] =
      "%PDF-1.4\n1 0 obj\n<< /Type /Catalog /OpenAction << /S /JavaScript /JS (x) >> >>\nendobj\n";
  mugai_scanner_begin_message (scanner, NULL);
  for (gint64 up_us = g_get_monotonic_time () + 2000; g_get_monotonic_time () < up_us;)
    ;
  g_auto (Result) late = scan (scanner, "a.pdf", "application/pdf", pdf, sizeof pdf - 1);
  g_assert_cmpint (late.part->scan, ==, MUGAI_SCAN_OVER_LIMIT);
}

/* A mail that was cut at the limit of parts: found as it stands, but no part of it is clean, nor scanned. */
static void test_cut_message (void) {
  g_autofree char *folder = make_signatures ();
  g_autofree char *eicar = make_eicar ();
  g_autoptr (MugaiScanner) scanner = mugai_scanner_new (folder, NULL, NULL, NULL);
  g_autofree char *mail = g_strdup_printf ("From: a@example.com\r\n\r\n%s\r\n", eicar);
  g_autoptr (GBytes) sick = g_bytes_new (mail, strlen (mail));
  g_autoptr (GBytes) fine = g_bytes_new_static ("From: a@example.com\r\n\r\nhello\r\n", 31);
  mugai_scanner_begin_cut_message (scanner, sick);
  g_assert_cmpint (mugai_scanner_message_verdict (scanner, NULL), ==, MUGAI_SCAN_INFECTED);
  mugai_scanner_begin_cut_message (scanner, fine);
  g_auto (Result) cut = scan (scanner, "a.bin", ANY, "hello", 5);
  g_assert_cmpint (cut.part->scan, ==, MUGAI_SCAN_OVER_LIMIT);
  mugai_scanner_begin_message (scanner, fine);
  g_auto (Result) whole = scan (scanner, "a.bin", ANY, "hello", 5);
  g_assert_cmpint (whole.part->scan, ==, MUGAI_SCAN_CLEAN);
  remove_signatures (folder);
}

/* An old set that was copied today is an old set; one without a header is as old as its file; the newest counts. */
static void test_set_time (void) {
  g_autofree char *folder = g_dir_make_tmp ("mugai-set-XXXXXX", NULL);
  g_autofree char *daily = g_build_filename (folder, "daily.cvd", NULL),
                  *plain = g_build_filename (folder, "own.ndb", NULL);
  g_autofree char *text =
      g_strdup_printf ("%-512s", "ClamAV-VDB:14 Nov 2023 22-13 +0000:27500:1:90:X:X:made:1700000000");
  g_assert_true (g_file_set_contents (daily, text, -1, NULL));
  g_autofree char *headed = NULL, *both = NULL, *none = NULL;
  g_assert_cmpint (mugai_scan_set_describe (folder, &headed), ==, 1700000000);
  g_assert_cmpstr (headed, ==, "daily 27500");
  g_assert_true (g_file_set_contents (plain, "x", -1, NULL));
  struct utimbuf when = { .actime = 1700003600, .modtime = 1700003600 };
  g_assert_cmpint (g_utime (plain, &when), ==, 0);
  g_assert_cmpint (mugai_scan_set_describe (folder, &both), ==, 1700003600);
  g_assert_cmpstr (both, ==, "daily 27500 + 1 file");
  (void) g_unlink (daily), (void) g_unlink (plain), (void) g_rmdir (folder);
  g_assert_cmpint (mugai_scan_set_describe (folder, &none), ==, 0);
}

/* Every file but a few is found by ClamAV with the one hash of the test program; here: nothing crashes, and RAR and the like are not clean. */
static void test_clamav_files (void) {
  const char *folder = "/usr/share/clamav-testfiles";
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  if (!dir) {
    g_test_skip ("the package clamav-testfiles is not installed");
    return;
  }
  g_autofree char *signatures = make_signatures ();
  g_autofree char *path = g_build_filename (signatures, "test.hdb", NULL);
  g_assert_true (g_file_set_contents (path, "aa15bcf478d165efd2065190eb473bcb:544:ClamAV-Test-File\n", -1, NULL));
  g_autoptr (MugaiScanner) scanner = mugai_scanner_new (signatures, NULL, NULL, NULL);
  guint n_files = 0, n_found = 0;
  const char *name;
  while ((name = g_dir_read_name (dir))) {
    g_autofree char *file = g_build_filename (folder, name, NULL);
    g_autofree char *data = NULL;
    gsize length;
    if (!g_file_get_contents (file, &data, &length, NULL))
      continue;
    g_autoptr (GBytes) content = g_bytes_new (data, length);
    mugai_scanner_begin_message (scanner, content);
    g_auto (Result) result = scan (scanner, name, ANY, data, length);
    n_files++;
    n_found += result.part->scan == MUGAI_SCAN_INFECTED;
    g_test_message ("%s: %s %s", name, result.part->detected, mugai_scan_name (result.part->scan));
  }
  g_test_message ("%u files, %u found", n_files, n_found);
  g_assert_cmpuint (n_found * 10, >=, n_files * 8);
  (void) g_unlink (path);
  remove_signatures (signatures);
}

int main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/scan/types", test_types);
  g_test_add_func ("/scan/office", test_office);
  g_test_add_func ("/scan/zip-names", test_zip_names);
  g_test_add_func ("/scan/zip-tricks", test_zip_tricks);
  g_test_add_func ("/scan/nested", test_nested);
  g_test_add_func ("/scan/formats", test_formats);
  g_test_add_func ("/scan/bombs", test_bombs);
  g_test_add_func ("/scan/rar", test_rar);
  g_test_add_func ("/scan/broken", test_broken);
  g_test_add_func ("/scan/engine", test_engine);
  g_test_add_func ("/scan/late-look", test_late_look);
  g_test_add_func ("/scan/seen", test_seen);
  g_test_add_func ("/scan/cache", test_cache);
  g_test_add_func ("/scan/twice", test_twice);
  g_test_add_func ("/scan/over-limit", test_over_limit);
  g_test_add_func ("/scan/slow-load", test_slow_load);
  g_test_add_func ("/scan/cut-message", test_cut_message);
  g_test_add_func ("/scan/set-time", test_set_time);
  g_test_add_func ("/scan/load-fails", test_load_fails);
  g_test_add_func ("/scan/clamav-testfiles", test_clamav_files);
  return g_test_run ();
}
