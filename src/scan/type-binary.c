/* SPDX-License-Identifier: GPL-2.0-only
 *
 * scan/type-binary: formats that are told by their first bytes, strongest magic before weak; and CMS, which is told by its structure.
 *
 * Tables and comparisons only. Pure; any thread.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "type.h"

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
  M (0, "hsqs", "application/x-disk-image"),
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

/* ---- OpenPGP (RFC 4880, 9580) ---- */

#define PGP_TAG_PUBLIC_KEY_SESSION 1u
#define PGP_TAG_SECRET_SESSION 3u
#define PGP_MAX_PACKETS 64u /* one for each who may read it */

/* The packet at @at: its tag; @ret_body and @ret_next (behind it). 0: there is none. A body of unknown or partial length ends the walk. */
static guint pgp_packet (MugaiBytes bytes, gsize at, gsize *ret_body, gsize *ret_next) {
  guint8 head = mugai_bytes_u8 (bytes, at), first = mugai_bytes_u8 (bytes, at + 1);
  *ret_next = bytes.length_bytes;
  if (!(head & 0x80))
    return 0;
  if (head & 0x40) {
    *ret_body = at + (first < 192 ? 2 : first < 224 ? 3 : first == 255 ? 6 : 2);
    if (first < 192)
      *ret_next = *ret_body + first;
    else if (first < 224)
      *ret_next = *ret_body + ((first - 192u) << 8) + mugai_bytes_u8 (bytes, at + 2) + 192;
    return head & 0x3f;
  }
  guint width = 1u << (head & 3); /* 8: until the end */
  gsize length = 0;
  for (guint i = 0; width < 8 && i < width; i++)
    length = length << 8 | mugai_bytes_u8 (bytes, at + 1 + i);
  *ret_body = at + 1 + (width < 8 ? width : 0);
  if (width < 8)
    *ret_next = *ret_body + length;
  return head >> 2 & 0xf;
}

/* A message for a key's or a password's owner: session keys, then sealed data. */
static gboolean is_pgp_message (MugaiBytes bytes) {
  gsize at = 0, body = 0, next = 0;
  for (guint n = 0; n < PGP_MAX_PACKETS && at < bytes.length_bytes; n++, at = next) {
    guint tag = pgp_packet (bytes, at, &body, &next);
    guint8 version = mugai_bytes_u8 (bytes, body);
    gboolean key = (tag == PGP_TAG_PUBLIC_KEY_SESSION && (version == 3 || version == 6))
                   || (tag == PGP_TAG_SECRET_SESSION && version >= 4 && version <= 6);
    if (!key)
      return n > 0 && (tag == 9 || tag == 18 || tag == 20);
  }
  return FALSE;
}

const char *mugai_type_of_binary (MugaiBytes bytes) {
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
  if (!type)
    type = cms_type (bytes);
  return type || !is_pgp_message (bytes) ? type : "application/pgp-encrypted";
}
