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
  { "ms-word.document.macroenabled.main+xml", "application/vnd.ms-word.document.macroEnabled.12" },
  { "ms-word.template.macroenabledtemplate.main+xml", "application/vnd.ms-word.template.macroEnabled.12" },
  { "ms-word.document.macroenabledtemplate.main+xml", "application/vnd.ms-word.template.macroEnabled.12" },
  { "ms-excel.sheet.macroenabled.main+xml", "application/vnd.ms-excel.sheet.macroEnabled.12" },
  { "ms-excel.template.macroenabled.main+xml", "application/vnd.ms-excel.template.macroEnabled.12" },
  { "ms-excel.addin.macroenabled.main+xml", "application/vnd.ms-excel.addin.macroEnabled.12" },
  { "ms-excel.sheet.binary.macroenabled.main", "application/vnd.ms-excel.sheet.binary.macroEnabled.12" },
  { "ms-powerpoint.presentation.macroenabled.main+xml", "application/vnd.ms-powerpoint.presentation.macroEnabled.12" },
  { "ms-powerpoint.slideshow.macroenabled.main+xml", "application/vnd.ms-powerpoint.slideshow.macroEnabled.12" },
  { "ms-powerpoint.template.macroenabled.main+xml", "application/vnd.ms-powerpoint.template.macroEnabled.12" },
  { "ms-powerpoint.addin.macroenabled.main+xml", "application/vnd.ms-powerpoint.addin.macroEnabled.12" },
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
  { "xl/workbook.bin", "application/vnd.ms-excel.sheet.binary.macroEnabled.12" },
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
  if (g_str_has_prefix (found, "application/x-ichitaro")) /* before it took compound files */
    return "application/x-jtd";
  if (g_str_equal (found, "application/msonenote"))
    return "application/x-onenote";
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
  /* It reads text some ten times over, and knows each kind of it by its beginning. */
  gboolean binary = memchr (head.data, 0, head.length_bytes) != NULL;
  gsize length = MIN (head.length_bytes, binary ? MAX_MAGIC_BYTES : MAX_SNIFF_BYTES);
  const char *type = name_of_magic (magic_buffer (magic, head.data, length));
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
  const char *type = mugai_type_of_binary (bytes);
  if (type)
    return type;
  if (is_pdf (bytes))
    return "application/pdf";

  MugaiBytes head = mugai_bytes_slice (bytes, 0, MAX_SNIFF_BYTES);
  g_autoptr (GByteArray) narrow = narrow_utf16 (head);
  if (narrow)
    head = (MugaiBytes){ narrow->data, narrow->len };
  type = head.length_bytes > 0 ? mugai_type_of_text (head) : NULL;
  if (type)
    return type;
  type = narrow ? MUGAI_TYPE_TEXT : library_type (magic, bytes);
  return g_str_equal (type, MUGAI_TYPE_UNKNOWN) && mugai_zip_is_behind (bytes) ? "application/zip" : type;
}

/* Left out: what our own looks tell better, and tables and JSON, which are text to us. */
magic_t mugai_type_open (GError **error) {
  magic_t magic = magic_open (MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_ELF | MAGIC_NO_CHECK_CDF
                              | MAGIC_NO_CHECK_JSON | MAGIC_NO_CHECK_CSV);
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
