/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Words for people: what kind of file a part is, how large, under which name. By content, as no label is to be trusted; nobody who
 * reads a notice has to know what a media type is. Pure; any thread.
 */
#include "inspection.h"

#include <string.h>

#include "mugai/base/unicode.h"
#include "mugai/text.h"

#define MAX_NAME_BYTES 200u /* of a name as shown */

typedef struct {
  const char *prefix; /* of the media type */
  const char *ja, *en;
} TypeWords;

#define OOXML "application/vnd.openxmlformats-officedocument."
#define ODF "application/vnd.oasis.opendocument."

/* The first prefix that fits; so the special ones come before the general. */
static const TypeWords type_words[] = {
  { OOXML "spreadsheetml", "表計算ファイル (Excel)", "spreadsheet (Excel)" },
  { "application/vnd.ms-excel.sheet.macroenabled", "マクロ付き表計算ファイル (Excel)",
    "spreadsheet with macros (Excel)" },
  { "application/vnd.ms-excel", "表計算ファイル (Excel)", "spreadsheet (Excel)" },
  { OOXML "wordprocessingml", "文書ファイル (Word)", "document (Word)" },
  { "application/vnd.ms-word", "マクロ付き文書ファイル (Word)", "document with macros (Word)" },
  { "application/msword", "文書ファイル (Word)", "document (Word)" },
  { OOXML "presentationml", "発表資料ファイル (PowerPoint)", "slides (PowerPoint)" },
  { "application/vnd.ms-powerpoint", "発表資料ファイル (PowerPoint)", "slides (PowerPoint)" },
  { "application/vnd.ms-visio", "図面ファイル (Visio)", "drawing (Visio)" },
  { "application/vnd.visio", "図面ファイル (Visio)", "drawing (Visio)" },
  { ODF "spreadsheet", "表計算ファイル (OpenDocument)", "spreadsheet (OpenDocument)" },
  { ODF "text", "文書ファイル (OpenDocument)", "document (OpenDocument)" },
  { ODF, "OpenDocument ファイル", "OpenDocument file" },
  { "application/pdf", "PDF ファイル", "PDF file" },
  { "application/rtf", "文書ファイル (RTF)", "document (RTF)" },
  { "application/x-jtd", "文書ファイル (一太郎)", "document (Ichitaro)" },
  { "application/x-docuworks", "DocuWorks ファイル", "DocuWorks file" },
  { "application/x-jww", "図面ファイル (Jw_cad)", "drawing (Jw_cad)" },
  { "application/x-sfc", "図面ファイル (SXF)", "drawing (SXF)" },
  { "application/p21", "図面ファイル (SXF)", "drawing (SXF)" },
  { "image/vnd.dxf", "図面ファイル (DXF)", "drawing (DXF)" },
  { "image/vnd.dwg", "図面ファイル (AutoCAD)", "drawing (AutoCAD)" },
  { "application/zip", "圧縮ファイル (ZIP)", "archive (ZIP)" },
  { "application/x-7z", "圧縮ファイル (7z)", "archive (7z)" },
  { "application/vnd.rar", "圧縮ファイル (RAR)", "archive (RAR)" },
  { "application/x-lzh", "圧縮ファイル (LZH)", "archive (LZH)" },
  { "application/vnd.ms-cab", "圧縮ファイル (CAB)", "archive (CAB)" },
  { "application/gzip", "圧縮ファイル (gzip)", "archive (gzip)" },
  { "application/x-tar", "まとめたファイル (tar)", "archive (tar)" },
  { "application/x-disk-image", "ディスクイメージ", "disk image" },
  { "application/x-executable", "実行できるファイル (プログラム)", "program" },
  { "application/x-elf", "実行できるファイル (プログラム)", "program" },
  { "application/x-mach-o", "実行できるファイル (プログラム)", "program" },
  { "application/x-msi", "実行できるファイル (プログラム)", "program" },
  { "application/java-archive", "実行できるファイル (プログラム)", "program" },
  { "application/x-lnk", "ショートカット", "shortcut" },
  { "application/x-mswinurl", "ショートカット", "shortcut" },
  { "application/x-chm", "ヘルプファイル (CHM)", "help file (CHM)" },
  { "application/x-onenote", "OneNote ファイル", "OneNote file" },
  { "application/hta", "実行できるファイル (スクリプト)", "script" },
  { "application/x-bat", "実行できるファイル (スクリプト)", "script" },
  { "application/x-windows-script", "実行できるファイル (スクリプト)", "script" },
  { "application/vnd.ms-outlook", "Outlook のメール (.msg)", "Outlook message (.msg)" },
  { "application/vnd.ms-tnef", "Outlook 形式のメール (winmail.dat)", "Outlook message (winmail.dat)" },
  { "application/pkcs7-mime", "S/MIME のメール", "S/MIME message" },
  { "application/x-pkcs7-mime", "S/MIME のメール", "S/MIME message" },
  { "application/pgp-encrypted", "PGP で暗号化されたデータ", "PGP encrypted data" },
  { "application/pgp-keys", "PGP の鍵", "PGP key" },
  { "application/pkcs7-signature", "電子署名", "digital signature" },
  { "application/x-pkcs7-signature", "電子署名", "digital signature" },
  { "application/pgp-signature", "電子署名", "digital signature" },
  { "application/x-ole-storage", "Office などのファイル", "Office or similar file" },
  { "application/xml", "XML ファイル", "XML file" },
  { "application/json", "JSON ファイル", "JSON file" },
  { "image/svg", "画像 (SVG)", "picture (SVG)" },
  { "image/", "画像", "picture" },
  { "audio/", "音声", "sound" },
  { "video/", "動画", "video" },
  { "font/", "フォント", "font" },
  { "text/html", "HTML ファイル", "HTML file" },
  { "text/csv", "表のテキスト (CSV)", "table as text (CSV)" },
  { "text/calendar", "予定表ファイル", "calendar file" },
  { "text/vcard", "電子名刺", "visiting card" },
  { "text/", "テキストファイル", "text file" },
  { "message/partial", "分割されたメールの一部", "piece of a split message" },
  { "message/external-body", "外部にあるファイルへの参照", "reference to a file elsewhere" },
  { "message/", "メール", "message" },
  { "multipart/", "メールの一部", "part of the message" },
};

static const TypeWords *find_words (const char *type) {
  for (guint i = 0; type != NULL && i < G_N_ELEMENTS (type_words); i++)
    if (g_ascii_strncasecmp (type, type_words[i].prefix, strlen (type_words[i].prefix)) == 0)
      return &type_words[i];
  return NULL;
}

/* Where the content is nondescript the label is better than nothing; where it is text that the label says more of, likewise. */
const char *mugai_words_type (const MugaiPart *part, gboolean japanese) {
  gboolean special = g_str_has_prefix (part->declared, "message/partial")
                     || g_str_has_prefix (part->declared, "message/external-body");
  const TypeWords *words = find_words (special ? part->declared : part->detected);
  if (words == NULL)
    words = find_words (part->declared);
  if (words == NULL)
    return japanese ? "種類の分からないファイル" : "file of unknown type";
  return japanese ? words->ja : words->en;
}

char *mugai_words_size (guint64 size_bytes) {
  if (size_bytes < 1024)
    return g_strdup_printf ("%u B", (guint) size_bytes);
  if (size_bytes < 1024 * 1024)
    return g_strdup_printf ("%u.%u KB", (guint) (size_bytes / 1024), (guint) (size_bytes % 1024 * 10 / 1024));
  guint64 kib = size_bytes / 1024;
  return g_strdup_printf ("%u.%u MB", (guint) (kib / 1024), (guint) (kib % 1024 * 10 / 1024));
}

char *mugai_words_name (const MugaiPart *part, gboolean japanese) {
  if (part->names[0] == NULL || *part->names[0] == '\0')
    return g_strdup (japanese ? "（名前なし）" : "(no name)");
  g_autofree char *safe = mugai_unicode_make_safe (part->names[0], -1, MAX_NAME_BYTES);
  return mugai_words_dead (safe);
}

/* The scheme alone makes programs turn text into a link; the two letters can be put back by hand. */
char *mugai_words_dead (const char *text) {
  char *dead = g_strdup (text);
  mugai_text_make_dead (dead);
  return dead;
}
