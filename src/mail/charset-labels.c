/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/charset-labels: the allow-list of charsets and the iconv converters behind part of it.
 *
 * Labels are compared by their letters and digits alone ("Shift-JIS", "shift_jis" and "SHIFTJIS" are one). Converters
 * are opened once and kept: glibc maps a module from disk at its first use, and a sandbox may have no disk.
 */
#include "charset-labels.h"

#include <errno.h>
#include <iconv.h>
#include <pthread.h>
#include <string.h>

#define LABEL_MAX 64u /* the longest registered name has 45 characters */

#define OWN(kind, name, aliases)                                                                                       \
  { MUGAI_CODEC_##kind, name, NULL, aliases }
#define SINGLE(name, iconv, aliases)                                                                                   \
  { MUGAI_CODEC_ICONV_SINGLE, name, iconv, aliases }
#define MULTI(name, iconv, aliases)                                                                                    \
  { MUGAI_CODEC_ICONV_MULTI, name, iconv, aliases }

/* The order of the first six is that of MugaiCodecKind. ISO-8859-1 and -9 are read as their Windows supersets, GB2312
 * and GBK as GB18030, EUC-KR as CP949: what mail programs do. */
static const MugaiCodec codecs[] = {
  OWN (ASCII, "us-ascii",
       "usascii ascii ansix341968 iso646us cp367 ibm367 csascii unknown8bit xunknown unknown defaultcharset 8bit 7bit "
       "none binary xascii xuserdefined"),
  OWN (UTF8, "utf-8", "utf8 unicode11utf8 utf8mb4 xutf8 utf8bom utf8n cp65001 windows65001 csutf8 unicode20utf8"),
  OWN (ISO_2022_JP, "iso-2022-jp",
       "iso2022jp csiso2022jp iso2022jp1 iso2022jp2 csiso2022jp2 iso2022jp3 iso2022jp2004 iso2022jpms cp50220 cp50221 "
       "cp50222 xwindowsiso2022jp windows50220 windows50221 windows50222 jis xiso2022jp iso2022jpkddi iso2022jpmobile "
       "xjis jis7 cp50220raw xwindows50220 xwindows50221 xmsw50221"),
  OWN (CP932, "cp932",
       "cp932 shiftjis sjis xsjis mskanji ms932 windows31j cswindows31j cp943 cp943c sjiswin xmscp932 windows932 "
       "csshiftjis xshiftjis ibm943 shiftjis2004 shiftjisx0213 sjisdocomo sjiskddi sjissoftbank sjismobile xsjiscp932 "
       "xmswin932 xxsjis mssjis"),
  OWN (CP51932, "cp51932",
       "cp51932 eucjp xeucjp xeuc ujis xujis eucjpms eucjpwin cseucpkdfmtjapanese cseucpkdfmtjapan "
       "extendedunixcodepackedformatforjapanese eucjis eucjisx0213 eucjis2004 windows51932 xeucjpms euc"),
  SINGLE (
      "windows-1252", "CP1252",
      "windows1252 cp1252 xcp1252 iso88591 iso885911987 latin1 l1 isoir100 csisolatin1 cp819 ibm819 88591 xansi ansi "
      "western iso8859 windows28591"),
  SINGLE ("iso-8859-2", "ISO-8859-2", "iso88592 iso885921987 latin2 l2 isoir101 csisolatin2"),
  SINGLE ("iso-8859-3", "ISO-8859-3", "iso88593 iso885931988 latin3 l3 csisolatin3"),
  SINGLE ("iso-8859-4", "ISO-8859-4", "iso88594 iso885941988 latin4 l4 csisolatin4"),
  SINGLE ("iso-8859-5", "ISO-8859-5", "iso88595 iso885951988 cyrillic csisolatincyrillic"),
  SINGLE ("iso-8859-6", "ISO-8859-6", "iso88596 iso885961987 iso88596i iso88596e arabic asmo708 csisolatinarabic"),
  SINGLE ("iso-8859-7", "ISO-8859-7", "iso88597 iso885971987 greek greek8 ecma118 elot928 csisolatingreek"),
  SINGLE ("iso-8859-8", "ISO-8859-8",
          "iso88598 iso885981988 iso88598i iso88598e hebrew csisolatinhebrew visual logical"),
  SINGLE ("windows-1254", "CP1254", "windows1254 cp1254 xcp1254 iso88599 iso885991989 latin5 l5 csisolatin5"),
  SINGLE ("iso-8859-10", "ISO-8859-10", "iso885910 latin6 l6 csisolatin6"),
  SINGLE ("iso-8859-13", "ISO-8859-13", "iso885913"),
  SINGLE ("iso-8859-14", "ISO-8859-14", "iso885914"),
  SINGLE ("iso-8859-15", "ISO-8859-15", "iso885915 latin9 l9 csisolatin9"),
  SINGLE ("iso-8859-16", "ISO-8859-16", "iso885916"),
  SINGLE ("windows-874", "CP874", "windows874 cp874 dos874 iso885911 tis620"),
  SINGLE ("windows-1250", "CP1250", "windows1250 cp1250 xcp1250"),
  SINGLE ("windows-1251", "CP1251", "windows1251 cp1251 xcp1251"),
  SINGLE ("windows-1253", "CP1253", "windows1253 cp1253 xcp1253"),
  SINGLE ("windows-1255", "CP1255", "windows1255 cp1255 xcp1255"),
  SINGLE ("windows-1256", "CP1256", "windows1256 cp1256 xcp1256"),
  SINGLE ("windows-1257", "CP1257", "windows1257 cp1257 xcp1257"),
  SINGLE ("windows-1258", "CP1258", "windows1258 cp1258 xcp1258"),
  SINGLE ("koi8-r", "KOI8-R", "koi8r koi8 koi cskoi8r"),
  SINGLE ("koi8-u", "KOI8-U", "koi8u koi8ru"),
  SINGLE ("ibm437", "CP437", "cp437 ibm437 437"),
  SINGLE ("ibm850", "CP850", "cp850 ibm850 850"),
  SINGLE ("ibm852", "CP852", "cp852 ibm852 852"),
  SINGLE ("ibm855", "CP855", "cp855 ibm855 855"),
  SINGLE ("ibm866", "CP866", "cp866 ibm866 866 csibm866"),
  SINGLE ("macintosh", "MACINTOSH", "macintosh mac xmacroman csmacintosh"),
  SINGLE ("x-mac-cyrillic", "MAC-CYRILLIC", "xmaccyrillic xmacukrainian"),
  SINGLE ("viscii", "VISCII", "viscii csviscii"),
  MULTI ("gb18030", "GB18030",
         "gb18030 gbk gb2312 cp936 windows936 xgbk chinese csgb2312 csiso58gb231280 gb231280 euccn xeuccn"),
  MULTI ("big5", "BIG5", "big5 csbig5 cnbig5 xxbig5 cp950 windows950"),
  MULTI ("big5-hkscs", "BIG5-HKSCS", "big5hkscs"),
  MULTI ("euc-kr", "CP949",
         "euckr cseuckr ksc56011987 ksc56011989 ksc5601 ks56011987 ks5601 korean csksc56011987 windows949 cp949 uhc "
         "xwindows949"),
};

/* What starts like this (squeezed) and is not in the table above is refused: stateful or not ASCII based, readers
 * differ on them, and no honest mail program of this century sends them. */
static const char *const refused_starts[] = {
  "utf7",        "utf16",   "utf32",     "utf1",   "ucs2",   "ucs4",     "iso10646",     "csunicode", "unicode",
  "unicodefffe", "cesu8",   "scsu",      "bocu",   "ebcdic", "csebcdic", "xebcdic",      "ibm",       "csibm",
  "hz",          "iso2022", "csiso2022", "cp0",    "cp37",   "cp500",    "cp875",        "cp1026",    "cp1047",
  "cp114",       "cp273",   "cp27",      "cp28",   "cp29",   "cp42",     "xiso2022",     "utfebcdic", "xcp50227",
  "cp50225",     "cp50227", "cp52936",   "cp1200", "cp1201", "cp65000",  "windows65000", "cp12000",   "cp12001",
};

typedef struct {
  pthread_mutex_t lock;
  iconv_t converter;
} Converter;

/* Written by mugai_charset_labels_init () alone; a converter is used under its lock. */
static Converter converters[G_N_ELEMENTS (codecs)];
static GHashTable *by_label; /* of squeezed labels to MugaiCodec; lives as long as the process */

static void add_aliases (const MugaiCodec *codec) {
  g_auto (GStrv) aliases = g_strsplit (codec->aliases, " ", -1);
  for (gsize i = 0; aliases[i] != NULL; i++)
    g_hash_table_insert (by_label, g_strdup (aliases[i]), (gpointer) codec);
}

void mugai_charset_labels_init (void) {
  by_label = g_hash_table_new (g_str_hash, g_str_equal);
  for (gsize i = 0; i < G_N_ELEMENTS (codecs); i++) {
    add_aliases (&codecs[i]);
    pthread_mutex_init (&converters[i].lock, NULL);
    converters[i].converter = codecs[i].iconv != NULL ? iconv_open ("UTF-8", codecs[i].iconv) : (iconv_t) -1;
  }
}

/* "ISO_8859-1:1987", "iso-2022-jp*ja" and "=?Shift_JIS" down to letters and digits. FALSE when nothing is left or too
 * much is. */
static gboolean squeeze (const char *label, char squeezed[static LABEL_MAX]) {
  gsize length = 0;
  for (; label != NULL && *label != '\0' && *label != '*'; label++) {
    if (!g_ascii_isalnum (*label))
      continue;
    if (length + 1 == LABEL_MAX)
      return FALSE;
    squeezed[length++] = g_ascii_tolower (*label);
  }
  squeezed[length] = '\0';
  return length != 0;
}

/* Vendors put their own words around the Japanese names ("x-windows-31j", "ISO-2022-JP-EXT", "IBM943C", "_iso-2022-jp$ESC"):
 * what holds such a name is of that family, and our decoders read all of each. */
static const MugaiCodec *find_family (const char *squeezed) {
  static const struct {
    const char *holds;
    MugaiCodecKind kind;
  } families[] = { { "iso2022jp", MUGAI_CODEC_ISO_2022_JP },
                   { "cp5022", MUGAI_CODEC_ISO_2022_JP },
                   { "shiftjis", MUGAI_CODEC_CP932 },
                   { "sjis", MUGAI_CODEC_CP932 },
                   { "windows31j", MUGAI_CODEC_CP932 },
                   { "ms932", MUGAI_CODEC_CP932 },
                   { "cp932", MUGAI_CODEC_CP932 },
                   { "ibm943", MUGAI_CODEC_CP932 },
                   { "eucjp", MUGAI_CODEC_CP51932 },
                   { "japaneseeuc", MUGAI_CODEC_CP51932 },
                   { "utf8", MUGAI_CODEC_UTF8 } };
  for (gsize i = 0; i < G_N_ELEMENTS (families); i++)
    if (strstr (squeezed, families[i].holds) != NULL && strstr (squeezed, "ebcdic") == NULL)
      return mugai_charset_codec (families[i].kind);
  return NULL;
}

static const MugaiCodec *find_squeezed (const char *squeezed) {
  const MugaiCodec *codec = g_hash_table_lookup (by_label, squeezed);
  return codec != NULL ? codec : find_family (squeezed);
}

const MugaiCodec *mugai_charset_find_codec (const char *label) {
  char squeezed[LABEL_MAX];
  return squeeze (label, squeezed) ? find_squeezed (squeezed) : NULL;
}

const MugaiCodec *mugai_charset_codec (MugaiCodecKind kind) {
  return &codecs[kind];
}

gboolean mugai_charset_label_says_nothing (const char *label) {
  const MugaiCodec *codec = mugai_charset_find_codec (label);
  return (codec == NULL || codec->kind == MUGAI_CODEC_ASCII) && !mugai_charset_label_is_refused (label);
}

gboolean mugai_charset_label_is_refused (const char *label) {
  char squeezed[LABEL_MAX];
  if (!squeeze (label, squeezed) || find_squeezed (squeezed) != NULL)
    return FALSE;
  if (strstr (squeezed, "utf7") != NULL) /* x-imap4-modified-utf7, unicode-1-1-utf-7 */
    return TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (refused_starts); i++)
    if (g_str_has_prefix (squeezed, refused_starts[i]))
      return TRUE;
  return FALSE;
}

/* ---- iconv ---- */

/* How many bytes one bad character takes: in a multi-byte charset the pair, when the second byte cannot be ASCII. */
static gsize bad_length (const MugaiCodec *codec, const char *at, gsize left) {
  return codec->kind == MUGAI_CODEC_ICONV_MULTI && left >= 2 && ((guint8) at[1] & 0x80) != 0 ? 2 : 1;
}

static void convert_all (const MugaiCodec *codec, iconv_t converter, const char *bytes, gsize length,
                         MugaiCharsetSink *sink) {
  char *in = (char *) bytes; /* iconv's prototype lacks the const; it does not write */
  gsize in_left = length;
  (void) iconv (converter, NULL, NULL, NULL, NULL);
  while (in_left > 0) {
    char buffer[4096];
    char *out = buffer;
    gsize out_left = sizeof buffer;
    gsize done = iconv (converter, &in, &in_left, &out, &out_left);
    int cause = errno;
    g_string_append_len (sink->text, buffer, out - buffer);
    if (done != (gsize) -1 || cause == E2BIG)
      continue;
    gsize skip = bad_length (codec, in, in_left);
    in += skip;
    in_left -= skip;
    g_string_append_unichar (sink->text, MUGAI_CHARSET_REPLACEMENT);
    sink->bad++;
  }
  char rest[64];
  char *out = rest;
  gsize out_left = sizeof rest;
  (void) iconv (converter, NULL, NULL, &out, &out_left); /* windows-1255 and -1258 hold a character back */
  g_string_append_len (sink->text, rest, out - rest);
}

void mugai_charset_run_iconv (const MugaiCodec *codec, const char *bytes, gsize length_bytes, MugaiCharsetSink *sink) {
  Converter *converter = &converters[codec - codecs];
  if (converter->converter == (iconv_t) -1) {
    sink->bad += (guint) MIN (length_bytes, G_MAXINT); /* a system without this module: another candidate is taken */
    return;
  }
  pthread_mutex_lock (&converter->lock);
  convert_all (codec, converter->converter, bytes, length_bytes, sink);
  pthread_mutex_unlock (&converter->lock);
}
