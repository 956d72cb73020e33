/* SPDX-License-Identifier: GPL-2.0-only
 *
 * scan/type: see type.h. Our own looks come first, strongest magic before weak: containers (ZIP, compound files) are
 * opened as far as their type needs, text is told by its first words; libmagic names what is left.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "type.h"

#include <stdlib.h>

#include "mugai/scan.h"

#include "ole.h"
#include "zip.h"

#define MAX_CONTENT_TYPES_BYTES (1024u * 1024) /* [Content_Types].xml: some 10 KB in real documents */
#define MAX_SNIFF_BYTES (64u * 1024)           /* of text: enough to pass a licence comment or a long preamble */
#define MAX_MAGIC_BYTES (1024u * 1024)         /* libmagic looks for tar, ISO, fonts ... within this */
#define MAX_WEAK_MAGIC_BYTES 4u                /* short numbers: chance finds them in text */
#define MAX_PDF_JUNK_BYTES 1024u               /* readers accept that much before %PDF- */

typedef struct {
  guint offset;
  const char *magic;
  guint magic_bytes;
  const char *type;
} Magic;

#define M(offset, literal, type)                                                                                       \
  { offset, literal, sizeof (literal) - 1, type }

static const Magic magics[] = {
  M (0,
     "\x7f"
     "ELF",
     "application/x-elf"),
  M (0, "\xfe\xed\xfa\xce", "application/x-mach-o"),
  M (0, "\xfe\xed\xfa\xcf", "application/x-mach-o"),
  M (0, "\xce\xfa\xed\xfe", "application/x-mach-o"),
  M (0, "\xcf\xfa\xed\xfe", "application/x-mach-o"),
  M (0, "L\0\0\0\1\x14\2\0\0\0\0\0\xc0\0\0\0\0\0\0F", "application/x-lnk"),
  M (0, "ITSF\3\0\0\0", "application/x-chm"),
  M (0, "ITSF", "application/x-chm"),
  M (0, "\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3", "application/x-onenote"),
  M (0, "\xa1\x2f\xff\x43\xd9\xef\x76\x4c\x9e\xe4\x10\xea\x57\x22\x76\x5f", "application/x-onenote"), /* .onetoc2 */
  M (0, "7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
  M (0, "Rar!\x1a\7", "application/vnd.rar"),
  M (0, "RE~^", "application/vnd.rar"),
  M (0, "MSCF\0\0\0\0", "application/vnd.ms-cab-compressed"),
  M (0, "\x1f\x8b\x08", "application/gzip"),
  M (0, "BZh", "application/x-bzip2"),
  M (0,
     "\xfd"
     "7zXZ\0",
     "application/x-xz"),
  M (0, "\x28\xb5\x2f\xfd", "application/zstd"),
  M (0, "LZIP", "application/x-lzip"),
  M (0, "\x1f\x9d", "application/x-compress"),
  M (0, "\x60\xea", "application/x-arj"),
  M (0, "xar!\0\x1c", "application/x-xar"),
  M (7, "**ACE**", "application/x-ace-compressed"),
  M (0, "ALZ\1", "application/x-alz-compressed"),
  M (0, "EGGA", "application/x-egg"),
  M (20, "\xdc\xa7\xc4\xfd", "application/x-zoo"),
  M (0, "StuffIt (c)1997-", "application/x-stuffit"),
  M (0, "SIT!", "application/x-stuffit"),
  M (0, "\x89LZO\0\r\n\x1a\n", "application/x-lzop"),
  M (0, "\xed\xab\xee\xdb", "application/x-rpm"),
  M (0, "ActiveMime\0", "application/x-activemime"),
  M (0, "\0\5\x16\7\0\2\0\0", "application/applefile"),
  M (0, "\0\5\x16\0\0\2\0\0", "application/applefile"),
  M (0, "!<arch>\n", "application/x-archive"),
  M (0, "SZDD\x88\xf0\x27\x33", "application/x-ms-compress-szdd"),
  M (257, "ustar", "application/x-tar"),
  M (0, "070701", "application/x-cpio"),
  M (0, "070702", "application/x-cpio"),
  M (0, "070707", "application/x-cpio"),
  M (0x8001, "CD001", "application/x-disk-image"),
  M (0x8801, "CD001", "application/x-disk-image"),
  M (0x9001, "CD001", "application/x-disk-image"),
  M (0x8001, "BEA01", "application/x-disk-image"),
  M (0x8001, "NSR0", "application/x-disk-image"),
  M (0, "conectix", "application/x-disk-image"),
  M (0, "vhdxfile", "application/x-disk-image"),
  M (0, "KDMV", "application/x-disk-image"),
  M (0, "QFI\xfb", "application/x-disk-image"),
  M (0, "MSWIM\0\0\0", "application/x-disk-image"),
  M (0, "<<< Oracle VM VirtualBox Disk Image", "application/x-disk-image"),
  M (0, "\x78\x9f\x3e\x22", "application/vnd.ms-tnef"),
  M (0, "!BDN", "application/vnd.ms-outlook-pst"),
  M (4, "Standard Jet DB\0", "application/x-msaccess"),
  M (4, "Standard ACE DB\0", "application/x-msaccess"),
  M (0, "FWS", "application/vnd.adobe.flash.movie"),
  M (0, "CWS", "application/vnd.adobe.flash.movie"),
  M (0, "ZWS", "application/vnd.adobe.flash.movie"),
  M (0, "JwwData.", "application/x-jww"),
  M (0, "JWWDATA.", "application/x-jww"),
  M (0, "AutoCAD Binary DXF\r\n\x1a\0", "image/vnd.dxf"),
  M (0, "AC10", "image/vnd.dwg"),
  M (0, "\x60\x0e\x82", "application/x-docuworks"),
  M (0, "\x89PNG\r\n\x1a\n", "image/png"),
  M (0, "\xff\xd8\xff", "image/jpeg"),
  M (0, "GIF87a", "image/gif"),
  M (0, "GIF89a", "image/gif"),
  M (0, "II*\0", "image/tiff"),
  M (0, "MM\0*", "image/tiff"),
  M (8, "WEBPVP8", "image/webp"),
  M (4, "ftypheic", "image/heic"),
  M (4, "ftypheix", "image/heic"),
  M (4, "ftypmif1", "image/heif"),
  M (4, "ftypavif", "image/avif"),
  M (0, "8BPS", "image/vnd.adobe.photoshop"),
  M (40, " EMF", "image/emf"),
  M (0, "\xd7\xcd\xc6\x9a", "image/wmf"),
  M (0, "{\\rt", "application/rtf"),
  M (0, "%!PS", "application/postscript"),
  M (0, "wOFF", "font/woff"),
  M (0, "wOF2", "font/woff2"),
  M (0, "regf", "application/x-registry-hive"),
  M (0, "dex\n0", "application/x-executable-dex"),
  M (0, "\0asm", "application/wasm"),
  M (0, "-----BEGIN PGP MESSAGE-----", "application/pgp-encrypted"),
  M (0, "-----BEGIN PGP SIGNATURE-----", "application/pgp-signature"),
  M (0, "-----BEGIN PGP PUBLIC KEY BLOCK-----", "application/pgp-keys"),
};

/* ---- binary formats that need more than one comparison ---- */

/* A text may begin with MZ; a program has a header that points on to PE, NE, LE or LX, or bytes no text has. */
static gboolean is_dos_program (MugaiBytes bytes) {
  if (!MUGAI_BYTES_AT (bytes, 0, "MZ") && !MUGAI_BYTES_AT (bytes, 0, "ZM"))
    return FALSE;
  guint32 next = mugai_bytes_u32 (bytes, 60);
  if (MUGAI_BYTES_AT (bytes, next, "PE\0\0") || MUGAI_BYTES_AT (bytes, next, "NE") || MUGAI_BYTES_AT (bytes, next, "LE")
      || MUGAI_BYTES_AT (bytes, next, "LX"))
    return TRUE;
  return memchr (bytes.data, 0, MIN (bytes.length_bytes, 64)) != NULL;
}

static const char *cafebabe_type (MugaiBytes bytes) {
  if (!MUGAI_BYTES_AT (bytes, 0, "\xca\xfe\xba\xbe"))
    return NULL;
  guint count = (guint) mugai_bytes_u8 (bytes, 4) << 24 | (guint) mugai_bytes_u8 (bytes, 5) << 16
                | (guint) mugai_bytes_u8 (bytes, 6) << 8 | mugai_bytes_u8 (bytes, 7);
  return count < 40 ? "application/x-mach-o" : "application/java-vm"; /* class files: version 45 and up */
}

/* "-lh5-" at 2: level, checksum and size before it. */
static gboolean is_lzh (MugaiBytes bytes) {
  if (bytes.length_bytes < 21 || !(MUGAI_BYTES_AT (bytes, 2, "-lh") || MUGAI_BYTES_AT (bytes, 2, "-lz")))
    return FALSE;
  return mugai_bytes_u8 (bytes, 6) == '-' && mugai_bytes_u8 (bytes, 20) <= 3;
}

static gboolean is_fat_image (MugaiBytes bytes) {
  return bytes.length_bytes >= 512 && MUGAI_BYTES_AT (bytes, 510, "\x55\xaa")
         && (MUGAI_BYTES_AT (bytes, 54, "FAT") || MUGAI_BYTES_AT (bytes, 82, "FAT")
             || MUGAI_BYTES_AT (bytes, 3, "NTFS"));
}

static gboolean has_image_trailer (MugaiBytes bytes) {
  return bytes.length_bytes >= 512
         && (MUGAI_BYTES_AT (bytes, bytes.length_bytes - 512, "koly")
             || MUGAI_BYTES_AT (bytes, bytes.length_bytes - 512, "conectix"));
}

/* ---- CMS (RFC 5652) ---- */

/* One DER or BER header: its tag's content begins at the result; 0: there is none. */
static gsize der_enter (MugaiBytes bytes, gsize at, guint8 tag, gsize *ret_end) {
  if (mugai_bytes_u8 (bytes, at) != tag || at + 2 > bytes.length_bytes)
    return 0;
  guint8 length = mugai_bytes_u8 (bytes, at + 1);
  gsize n = length > 0x80 ? length & 0x7fu : 0, value = length < 0x80 ? length : 0;
  if (n > 4)
    return 0;
  for (gsize i = 0; i < n; i++)
    value = value << 8 | mugai_bytes_u8 (bytes, at + 2 + i);
  gsize content = at + 2 + n;
  *ret_end =
      length == 0x80 ? bytes.length_bytes : MIN (content + value, bytes.length_bytes); /* 0x80: to be closed later */
  return content;
}

/* SignedData without the content that was signed, but with who signed it: what goes beside a message. */
static gboolean is_detached (MugaiBytes bytes, gsize at) {
  static const guint8 data_oid[] = { 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01 };
  gsize end;
  at = der_enter (bytes, at, 0xa0, &end);
  at = at ? der_enter (bytes, at, 0x30, &end) : 0;
  at = at && der_enter (bytes, at, 0x02, &end) ? end : 0;
  at = at && der_enter (bytes, at, 0x31, &end) ? end : 0;
  if (!at)
    return FALSE;
  gsize info_end;
  gsize info = der_enter (bytes, at, 0x30, &info_end);
  if (!info || !mugai_bytes_at (bytes, info, data_oid, sizeof data_oid))
    return FALSE;
  gsize behind = info + sizeof data_oid;
  gboolean open_length = mugai_bytes_u8 (bytes, at + 1) == 0x80;
  if (open_length ? !MUGAI_BYTES_AT (bytes, behind, "\0\0") : info_end != behind)
    return FALSE;
  /* certificates only have an empty set of signers: the last bytes of what there is */
  return open_length || !MUGAI_BYTES_AT (bytes, bytes.length_bytes - 2, "\x31\0");
}

/* ContentInfo: SEQUENCE { OID 1.2.840.113549.1.7.n ... */
static const char *cms_type (MugaiBytes bytes) {
  static const guint8 oid[] = { 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07 };
  static const guint8 compressed[] = { 0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01 };
  gsize end;
  gsize at = der_enter (bytes, 0, 0x30, &end);
  if (at && mugai_bytes_at (bytes, at, compressed, sizeof compressed))
    return "application/pkcs7-mime";
  if (!at || !mugai_bytes_at (bytes, at, oid, sizeof oid))
    return NULL;
  gboolean signed_data = mugai_bytes_u8 (bytes, at + sizeof oid) == 2;
  return signed_data && is_detached (bytes, at + sizeof oid + 1) ? "application/pkcs7-signature"
                                                                 : "application/pkcs7-mime";
}

static const char *binary_type (MugaiBytes bytes) {
  if (is_dos_program (bytes))
    return "application/x-executable-pe";
  for (gsize i = 0; i < G_N_ELEMENTS (magics); i++) {
    if (mugai_bytes_at (bytes, magics[i].offset, magics[i].magic, magics[i].magic_bytes))
      return magics[i].type;
  }
  const char *type = cafebabe_type (bytes);
  if (!type && is_lzh (bytes))
    type = "application/x-lzh";
  if (!type && (is_fat_image (bytes) || has_image_trailer (bytes)))
    type = "application/x-disk-image";
  if (!type && MUGAI_BYTES_AT (bytes, 0, "BM") && mugai_bytes_u32 (bytes, 6) == 0 && mugai_bytes_u32 (bytes, 14) <= 124
      && mugai_bytes_u32 (bytes, 14) >= 12)
    type = "image/bmp";
  return type ? type : cms_type (bytes);
}

/* ---- compound files ---- */

static const struct {
  const char *stream;
  const char *type;
} ole_streams[] = {
  { "WordDocument", "application/msword" },         { "Workbook", "application/vnd.ms-excel" },
  { "Book", "application/vnd.ms-excel" },           { "PowerPoint Document", "application/vnd.ms-powerpoint" },
  { "PP40", "application/vnd.ms-powerpoint" },      { "VisioDocument", "application/vnd.visio" },
  { "Quill", "application/x-mspublisher" },         { "__properties_version1.0", "application/vnd.ms-outlook" },
  { "HwpSummaryInformation", "application/x-hwp" }, { "\005HwpSummaryInformation", "application/x-hwp" },
  { "DocumentText", "application/x-jtd" },
};

static gboolean is_installer (const MugaiOle *ole) {
  static const guint8 tail[] = { 0xc0, 0, 0, 0, 0, 0, 0, 0x46 }; /* {000C108x-0000-0000-C000-000000000046} */
  const guint8 *clsid = mugai_ole_entry (ole, 0)->clsid;
  return clsid[1] == 0x10 && clsid[2] == 0x0c && clsid[3] == 0 && clsid[0] >= 0x82 && clsid[0] <= 0x8f
         && memcmp (clsid + 8, tail, sizeof tail) == 0;
}

static const char *ole_type (MugaiBytes bytes) {
  g_autoptr (MugaiOle) ole = mugai_ole_open (bytes);
  if (!ole)
    return "application/x-ole-storage";
  if (is_installer (ole))
    return "application/x-msi";
  if (mugai_ole_find_prefix (ole, "JSRV_") || mugai_ole_find (ole, "LineMark", 2))
    return "application/x-jtd";
  for (gsize i = 0; i < G_N_ELEMENTS (ole_streams); i++) {
    if (mugai_ole_find (ole, ole_streams[i].stream, 2))
      return ole_streams[i].type;
  }
  return "application/x-ole-storage";
}

/* ---- ZIP-based documents ---- */

#define OOXML "application/vnd.openxmlformats-officedocument."
static const struct {
  const char *part; /* content type of the main part, lower case */
  const char *type; /* of the document */
} ooxml_parts[] = {
  { "wordprocessingml.document.main+xml", OOXML "wordprocessingml.document" },
  { "wordprocessingml.template.main+xml", OOXML "wordprocessingml.template" },
  { "spreadsheetml.sheet.main+xml", OOXML "spreadsheetml.sheet" },
  { "spreadsheetml.template.main+xml", OOXML "spreadsheetml.template" },
  { "presentationml.presentation.main+xml", OOXML "presentationml.presentation" },
  { "presentationml.slideshow.main+xml", OOXML "presentationml.slideshow" },
  { "presentationml.template.main+xml", OOXML "presentationml.template" },
  { "ms-word.document.macroenabled.main+xml", "application/vnd.ms-word.document.macroenabled.12" },
  { "ms-word.template.macroenabledtemplate.main+xml", "application/vnd.ms-word.template.macroenabled.12" },
  { "ms-word.document.macroenabledtemplate.main+xml", "application/vnd.ms-word.template.macroenabled.12" },
  { "ms-excel.sheet.macroenabled.main+xml", "application/vnd.ms-excel.sheet.macroenabled.12" },
  { "ms-excel.template.macroenabled.main+xml", "application/vnd.ms-excel.template.macroenabled.12" },
  { "ms-excel.addin.macroenabled.main+xml", "application/vnd.ms-excel.addin.macroenabled.12" },
  { "ms-excel.sheet.binary.macroenabled.main", "application/vnd.ms-excel.sheet.binary.macroenabled.12" },
  { "ms-powerpoint.presentation.macroenabled.main+xml", "application/vnd.ms-powerpoint.presentation.macroenabled.12" },
  { "ms-powerpoint.slideshow.macroenabled.main+xml", "application/vnd.ms-powerpoint.slideshow.macroenabled.12" },
  { "ms-powerpoint.template.macroenabled.main+xml", "application/vnd.ms-powerpoint.template.macroenabled.12" },
  { "ms-powerpoint.addin.macroenabled.main+xml", "application/vnd.ms-powerpoint.addin.macroenabled.12" },
  { "ms-visio.drawing", "application/vnd.ms-visio.drawing" },
  { "package.xps-fixeddocumentsequence+xml", "application/vnd.ms-xpsdocument" },
};

static const struct {
  const char *entry;
  const char *type;
} zip_markers[] = {
  { "AndroidManifest.xml", "application/vnd.android.package-archive" },
  { "AppxManifest.xml", "application/x-appx" },
  { "AppxMetadata/AppxBundleManifest.xml", "application/x-appx" },
  { "META-INF/MANIFEST.MF", "application/java-archive" },
  { "word/document.xml", OOXML "wordprocessingml.document" },
  { "xl/workbook.xml", OOXML "spreadsheetml.sheet" },
  { "xl/workbook.bin", "application/vnd.ms-excel.sheet.binary.macroenabled.12" },
  { "ppt/presentation.xml", OOXML "presentationml.presentation" },
};

static const char *ooxml_type (const MugaiZip *zip) {
  const MugaiZipEntry *entry = mugai_zip_find (zip, "[Content_Types].xml");
  if (!entry)
    return NULL;
  g_autoptr (GBytes) content = NULL;
  (void) mugai_zip_read (zip, entry, MAX_CONTENT_TYPES_BYTES, NULL, &content);
  for (gsize i = 0; i < G_N_ELEMENTS (ooxml_parts); i++) {
    if (mugai_bytes_find_nocase (mugai_bytes_of (content), 0, ooxml_parts[i].part) >= 0)
      return ooxml_parts[i].type;
  }
  return NULL;
}

/* ODF, EPUB and their like store their type as the first, unpacked member. */
static const char *mimetype_member (const MugaiZip *zip) {
  const MugaiZipEntry *entry = mugai_zip_find (zip, "mimetype");
  if (!entry || entry->size_bytes > 100)
    return NULL;
  g_autoptr (GBytes) content = NULL;
  (void) mugai_zip_read (zip, entry, 100, NULL, &content);
  MugaiBytes bytes = mugai_bytes_of (content);
  if (!MUGAI_BYTES_AT (bytes, 0, "application/vnd.oasis.opendocument.")
      && !MUGAI_BYTES_AT (bytes, 0, "application/epub+zip"))
    return NULL;
  g_autofree char *text = g_strndup ((const char *) bytes.data, bytes.length_bytes);
  for (char *c = g_strchomp (text); *c; c++) {
    if (!g_ascii_isalnum (*c) && !strchr ("/.+-", *c))
      return NULL;
  }
  return g_intern_string (text);
}

static const char *zip_type (MugaiBytes bytes) {
  g_autoptr (MugaiZip) zip = mugai_zip_open (bytes);
  if (!zip)
    return "application/zip";
  const char *type = ooxml_type (zip);
  if (!type)
    type = mimetype_member (zip);
  for (gsize i = 0; !type && i < G_N_ELEMENTS (zip_markers); i++) {
    if (mugai_zip_find (zip, zip_markers[i].entry))
      type = zip_markers[i].type;
  }
  return type ? type : "application/zip";
}

/* ---- text ---- */

typedef struct {
  const char *start; /* lower case; after white space, byte order mark and comments */
  const char *type;
} TextStart;

static const TextStart text_starts[] = {
  { "begin:vcalendar", "text/calendar" },
  { "begin:vcard", "text/vcard" },
  { "[internetshortcut]", "application/x-mswinurl" },
  { "[desktop entry]", "application/x-desktop" },
  { "windows registry editor", "application/x-windows-registry" },
  { "regedit4", "application/x-windows-registry" },
  { "id;p", "application/x-sylk" },
  { "@echo off", "application/x-bat" },
  { "@echo on", "application/x-bat" },
  { "#@~^", "application/x-encoded-script" },
  { "<job", "application/x-windows-script" },
  { "<package", "application/x-windows-script" },
  { "<scriptlet", "application/x-windows-script" },
  { "<component", "application/x-windows-script" },
  { "<?php", "application/x-php" },
};

static const TextStart markup_starts[] = {
  { "<!doctype html", "text/html" },
  { "<!doctype svg", "image/svg+xml" },
  { "<html", "text/html" },
  { "<svg", "image/svg+xml" },
  { "<head", "text/html" },
  { "<body", "text/html" },
  { "<script", "text/html" },
  { "<iframe", "text/html" },
  { "<table", "text/html" },
  { "<div", "text/html" },
  { "<title", "text/html" },
  { "<meta", "text/html" },
  { "<img", "text/html" },
  { "<font", "text/html" },
  { "<p>", "text/html" },
  { "<br", "text/html" },
  { "<a href", "text/html" },
  { "<style", "text/html" },
  { "<h1", "text/html" },
  { "<form", "text/html" },
  { "<center", "text/html" },
  { "<span", "text/html" },
  { "<b>", "text/html" },
  { "<object", "text/html" },
  { "<embed", "text/html" },
  { "<!--", NULL },
};

static gboolean starts_with (MugaiBytes text, gsize at, const char *lower) {
  gsize length = strlen (lower);
  return at + length <= text.length_bytes && g_ascii_strncasecmp ((const char *) text.data + at, lower, length) == 0;
}

static gsize skip_blank (MugaiBytes text, gsize at) {
  while (at < text.length_bytes && (g_ascii_isspace ((char) text.data[at]) || text.data[at] == 0))
    at++;
  return at;
}

/* Steps over what may stand before the first element: blanks, comments, the XML declaration, other doctypes' prologue. */
static gsize skip_prologue (MugaiBytes text, gboolean *ret_xml) {
  gsize at = skip_blank (text, MUGAI_BYTES_AT (text, 0, "\xef\xbb\xbf") ? 3 : 0);
  *ret_xml = FALSE;
  for (;;) {
    gssize end = -1;
    if (starts_with (text, at, "<!--"))
      end = MUGAI_BYTES_FIND (text, at + 4, "-->");
    else if (starts_with (text, at, "<?xml")) {
      *ret_xml = TRUE;
      end = MUGAI_BYTES_FIND (text, at, "?>");
    }
    if (end < 0)
      return at;
    at = skip_blank (text, (gsize) end + (starts_with (text, (gsize) end, "-->") ? 3 : 2));
  }
}

static const char *markup_type (MugaiBytes text) {
  gboolean xml;
  gsize at = skip_prologue (text, &xml);
  if (mugai_bytes_find_nocase (text, 0, "<hta:application") >= 0)
    return "application/hta";
  for (gsize i = 0; i < G_N_ELEMENTS (markup_starts); i++) {
    if (starts_with (text, at, markup_starts[i].start) && markup_starts[i].type)
      return markup_starts[i].type;
  }
  for (gsize i = 0; i < G_N_ELEMENTS (text_starts); i++) {
    if (text_starts[i].start[0] == '<' && starts_with (text, at, text_starts[i].start))
      return text_starts[i].type;
  }
  if (xml && (MUGAI_BYTES_FIND (text, at, "<svg") >= 0 || MUGAI_BYTES_FIND (text, at, ":svg") >= 0)
      && MUGAI_BYTES_FIND (text, at, "http://www.w3.org/2000/svg") >= 0)
    return "image/svg+xml";
  if (xml && MUGAI_BYTES_FIND (text, at, "progid=\"Word.Document\"") >= 0)
    return "application/msword+xml";
  if (xml && MUGAI_BYTES_FIND (text, at, "progid=\"Excel.Sheet\"") >= 0)
    return "application/vnd.ms-excel+xml";
  if (xml && MUGAI_BYTES_FIND (text, at, "<office:document") >= 0)
    return "application/vnd.oasis.opendocument.text-flat-xml";
  return xml ? "application/xml" : NULL;
}

/* STEP files: SXF's Level 2 exchange (SFC) puts its features into comments, P21 into entities. */
static const char *step_type (MugaiBytes text) {
  return MUGAI_BYTES_FIND (text, 0, "/*SXF") >= 0 ? "application/x-sfc" : "application/p21";
}

/* DXF: pairs of lines, a group code and a value; comments (999) may come first. */
static gboolean is_dxf (MugaiBytes text) {
  gsize at = skip_blank (text, 0);
  for (guint pair = 0; pair < 20; pair++) {
    char digits[8] = { 0 };
    for (guint i = 0; i < 7 && at + i < text.length_bytes && g_ascii_isdigit ((char) text.data[at + i]); i++)
      digits[i] = (char) text.data[at + i];
    gsize line = skip_blank (text, at + strlen (digits));
    if (digits[0] == 0 || line == at + strlen (digits))
      return FALSE;
    if (strcmp (digits, "0") == 0)
      return starts_with (text, line, "section");
    if (strcmp (digits, "999") != 0)
      return FALSE;
    gssize end = MUGAI_BYTES_FIND (text, line, "\n");
    if (end < 0)
      return FALSE;
    at = skip_blank (text, (gsize) end);
  }
  return FALSE;
}

/* A mail as an attachment: at least two fields that every mail has, before the first empty line. */
static gboolean is_mail (MugaiBytes text) {
  static const char *const fields[] = {
    "received:", "from:",         "to:",          "date:",         "message-id:",
    "subject:",  "mime-version:", "return-path:", "delivered-to:", "content-type:"
  };
  guint seen = 0;
  gsize at = MUGAI_BYTES_AT (text, 0, "\xef\xbb\xbf") ? 3 : 0;
  for (guint line = 0; line < 200 && at < text.length_bytes; line++) {
    if (text.data[at] == '\n' || text.data[at] == '\r')
      break;
    guint found = 0;
    for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
      found += starts_with (text, at, fields[i]);
    gboolean folded = text.data[at] == ' ' || text.data[at] == '\t';
    const guint8 *end = memchr (text.data + at, '\n', text.length_bytes - at);
    gsize stop = end ? (gsize) (end - text.data) : text.length_bytes;
    if (!folded && !memchr (text.data + at, ':', stop - at) && !(line == 0 && starts_with (text, at, "from ")))
      return FALSE;
    seen += found;
    at = stop + 1;
  }
  return seen >= 3;
}

/* "#!/usr/bin/env python3": the first line names who runs it. */
static const char *interpreted_type (MugaiBytes text) {
  gssize end = MUGAI_BYTES_FIND (text, 0, "\n");
  MugaiBytes line = mugai_bytes_slice (text, 0, end < 0 ? text.length_bytes : (gsize) end);
  if (MUGAI_BYTES_FIND (line, 0, "python") >= 0)
    return "text/x-python";
  if (MUGAI_BYTES_FIND (line, 0, "perl") >= 0)
    return "text/x-perl";
  return MUGAI_BYTES_FIND (line, 0, "php") >= 0 ? "application/x-php" : "text/x-shellscript";
}

static const char *text_type (MugaiBytes text) {
  gsize at = skip_blank (text, MUGAI_BYTES_AT (text, 0, "\xef\xbb\xbf") ? 3 : 0);
  for (gsize i = 0; i < G_N_ELEMENTS (text_starts); i++) {
    if (text_starts[i].start[0] != '<' && starts_with (text, at, text_starts[i].start))
      return text_starts[i].type;
  }
  if (starts_with (text, at, "#!"))
    return interpreted_type (mugai_bytes_slice (text, at, 128));
  if (starts_with (text, at, "iso-10303-21;"))
    return step_type (text);
  if (is_dxf (text))
    return "image/vnd.dxf";
  if (starts_with (text, at, "mime-version:") && mugai_bytes_find_nocase (text, at, "multipart/related") >= 0
      && mugai_bytes_find_nocase (text, at, "content-location:") >= 0)
    return "application/x-mimearchive";
  if (is_mail (text))
    return "message/rfc822";
  return markup_type (text);
}

/* ---- the order of looks ---- */

static gboolean is_pdf (MugaiBytes bytes) {
  return MUGAI_BYTES_FIND (mugai_bytes_slice (bytes, 0, MAX_PDF_JUNK_BYTES), 0, "%PDF-") >= 0;
}

/* UTF-16 text, told to be what it would be in ASCII: HTML and scripts hide that way. */
static GByteArray *narrow_utf16 (MugaiBytes bytes) {
  gboolean little = MUGAI_BYTES_AT (bytes, 0, "\xff\xfe");
  if (!little && !MUGAI_BYTES_AT (bytes, 0, "\xfe\xff"))
    return NULL;
  GByteArray *out = g_byte_array_new ();
  for (gsize at = 2; at + 1 < bytes.length_bytes; at += 2) {
    guint8 low = bytes.data[at + (little ? 0 : 1)], high = bytes.data[at + (little ? 1 : 0)];
    guint8 one = high == 0 ? low : 0xff;
    g_byte_array_append (out, &one, 1);
  }
  return out;
}

/* What libmagic says, put into our names: guesses at programming languages are text. */
static const char *name_of_magic (const char *found) {
  static const char *const scripts[] = { "text/x-shellscript", "text/x-python", "text/x-script.python",
                                         "text/x-perl",        "text/x-php",    "text/x-msdos-batch",
                                         "text/x-powershell" };
  if (!found || !strchr (found, '/') || g_str_has_prefix (found, "inode/"))
    return MUGAI_TYPE_UNKNOWN;
  for (gsize i = 0; i < G_N_ELEMENTS (scripts); i++) {
    if (g_str_equal (found, scripts[i]))
      return scripts[i];
  }
  if (g_str_equal (found, "application/x-dosexec") || g_str_equal (found, "application/x-msdownload")
      || g_str_equal (found, "application/vnd.microsoft.portable-executable"))
    return "application/x-executable-pe";
  if (g_str_equal (found, "application/x-lzh-compressed") || g_str_equal (found, "application/x-lharc"))
    return "application/x-lzh";
  if (g_str_equal (found, "text/rtf"))
    return "application/rtf";
  if (g_str_equal (found, "text/html") || g_str_equal (found, "text/csv") || g_str_equal (found, "application/json")
      || g_str_has_prefix (found, "text/"))
    return MUGAI_TYPE_TEXT;
  return g_intern_string (found);
}

/* Very short or oddly spaced text is data to libmagic. */
static gboolean reads_as_text (MugaiBytes bytes) {
  const char *end = NULL;
  gboolean whole = g_utf8_validate_len ((const char *) bytes.data, bytes.length_bytes, &end);
  if (!whole && bytes.length_bytes - (gsize) (end - (const char *) bytes.data) > 3)
    return FALSE;
  for (gsize i = 0; i < bytes.length_bytes; i++) {
    if (bytes.data[i] < 0x20 && !strchr ("\t\n\r\f\033\x1a", bytes.data[i]))
      return FALSE;
  }
  return TRUE;
}

/* Text that begins in Shift_JIS, EUC or UTF-8: libmagic knows two-byte numbers of old machines that are kanji, too ("見" is
 * an executable, "予" a bitmap). No such format does without a single control byte. */
static gboolean begins_as_legacy_text (MugaiBytes bytes) {
  gboolean high = FALSE;
  for (gsize i = 0; i < bytes.length_bytes; i++) {
    guint8 byte = bytes.data[i];
    if ((byte < 0x20 && !strchr ("\t\n\r\f\016\017\033\x1a", byte)) || byte == 0 || byte == 0x7F || byte == 0xFF)
      return FALSE;
    high = high || (i < MAX_WEAK_MAGIC_BYTES && byte >= 0x80);
  }
  return high;
}

static const char *library_type (magic_t magic, MugaiBytes bytes) {
  MugaiBytes head = mugai_bytes_slice (bytes, 0, MAX_MAGIC_BYTES);
  if (begins_as_legacy_text (head))
    return MUGAI_TYPE_TEXT;
  const char *type = name_of_magic (magic_buffer (magic, head.data, head.length_bytes));
  if (g_str_equal (type, MUGAI_TYPE_UNKNOWN) && reads_as_text (head))
    return MUGAI_TYPE_TEXT;
  return type;
}

const char *mugai_type_detect (magic_t magic, MugaiBytes bytes) {
  if (bytes.length_bytes == 0)
    return "application/x-empty";
  if (mugai_zip_is (bytes))
    return zip_type (bytes);
  if (mugai_ole_is (bytes))
    return ole_type (bytes);
  const char *type = binary_type (bytes);
  if (type)
    return type;
  if (is_pdf (bytes))
    return "application/pdf";

  MugaiBytes head = mugai_bytes_slice (bytes, 0, MAX_SNIFF_BYTES);
  g_autoptr (GByteArray) narrow = narrow_utf16 (head);
  if (narrow)
    head = (MugaiBytes){ narrow->data, narrow->len };
  type = head.length_bytes > 0 ? text_type (head) : NULL;
  if (type)
    return type;
  type = narrow ? MUGAI_TYPE_TEXT : library_type (magic, bytes);
  return g_str_equal (type, MUGAI_TYPE_UNKNOWN) && mugai_zip_is_behind (bytes) ? "application/zip" : type;
}

magic_t mugai_type_open (GError **error) {
  magic_t magic = magic_open (MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_ELF | MAGIC_NO_CHECK_CDF);
  if (magic && magic_load (magic, NULL) == 0)
    return magic;
  g_set_error (error, MUGAI_SCAN_ERROR, MUGAI_SCAN_ERROR_INTERNAL, "the data of libmagic does not load: %s",
               magic ? magic_error (magic) : "out of memory");
  mugai_type_close (magic);
  return NULL;
}

void mugai_type_close (magic_t magic) {
  if (magic)
    magic_close (magic);
}
