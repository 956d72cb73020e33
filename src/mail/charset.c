/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/charset: chooses the decoder: what the sender declared, unless the bytes say otherwise.
 *
 * The bytes are judged, not only the result: Shift_JIS read as something else may look like harmless ASCII. Every
 * candidate decodes the whole text once and gets a cost, so the work is a small multiple of the input.
 *
 *   declared                     decoded as                    unless
 *   iso-2022-jp, cp5022x, jis    own ISO-2022-JP decoder       8-bit bytes and no escape: detected
 *   shift_jis, windows-31j, ...  CP932                         clean UTF-8 or kana-rich EUC-JP
 *   euc-jp, cp51932, eucjp-ms    CP51932 and eucJP-ms's codes  clean UTF-8
 *   utf-8                        UTF-8, BOM dropped            more than 2 % bad
 *   other permitted ones         iconv                         more than 2 % bad, clean UTF-8, kana-rich CP932 or EUC-JP
 *   any but iso-2022-jp          as above                      no 8-bit byte but a JIS escape: ISO-2022-JP
 *   none, us-ascii, unknown      detected: ISO-2022-JP, UTF-8, CP932, EUC-JP, the hint, at last windows-1252
 *   UTF-7, UTF-16, EBCDIC, ...   refused
 */
#include "mugai/mail/charset.h"

#include <pthread.h>
#include <string.h>

#include "charset-japanese.h"
#include "charset-labels.h"

/* Costs of one character, in proportion to how seldom right text holds it. */
#define COST_BAD 20u
#define COST_GETA 6u
#define COST_CONTROL 10u
#define COST_PRIVATE 8u /* nobody's character: GB18030 and Big5 have thousands */
#define COST_RARE 3u    /* kanji outside JIS level 1, Greek, Cyrillic, box drawing */
#define COST_PHONETIC 4u
#define COST_HALF_WIDTH 2u
#define COST_COMMON 1u
#define COST_WESTERN 4u  /* one 8-bit character of a one-byte charset: any bytes decode there */
#define COST_ISOLATED 8u /* one such character between lower case letters: Gr館e is Grüße */
#define DECLARED_BONUS 10u
#define UTF8_DIVISOR 8u /* text that happens to be well-formed UTF-8 is UTF-8 */
#define BAD_PER_CENT 2u

typedef struct {
  const MugaiCodec *codec;
  MugaiCharsetSink sink;
  guint characters; /* not ASCII */
  guint kana;       /* full-width */
  guint half_width; /* kana */
  guint phonetic;   /* letters of Latin Extended-B and IPA: 表 of EUC-JP is well-formed UTF-8 for one */
  guint voiced;     /* half-width kana with a voicing mark that belongs there ... */
  guint misvoiced;  /* ... and marks that do not */
  guint wide;       /* three or four bytes in UTF-8 */
  guint64 cost;
} Attempt;

typedef struct {
  const char *bytes;
  gsize length;
  gboolean has_8bit;
  gboolean has_jis_escape;
} Source;

/* ---- decoding ---- */

/* Bytes of the broken character at @at: its lead byte and the continuation bytes that belong to it. */
static gsize broken_utf8_length (const guint8 *at, gsize left) {
  gsize expected = at[0] >= 0xF0 ? 4 : at[0] >= 0xE0 ? 3 : at[0] >= 0xC0 ? 2 : 1;
  gsize length = 1;
  while (length < expected && length < left && (at[length] & 0xC0) == 0x80)
    length++;
  return length;
}

static void decode_utf8 (const char *bytes, gsize length, MugaiCharsetSink *sink) {
  const char *at = bytes, *end = bytes + length;
  if (length >= 3 && memcmp (at, "\xEF\xBB\xBF", 3) == 0)
    at += 3;
  while (at < end) {
    const char *stop;
    gboolean valid = g_utf8_validate_len (at, (gsize) (end - at), &stop);
    g_string_append_len (sink->text, at, stop - at);
    if (valid)
      return;
    if (*stop == '\0') { /* odd, but no sign of another charset */
      g_string_append_c (sink->text, '\0');
      at = stop + 1;
      continue;
    }
    at = stop + broken_utf8_length ((const guint8 *) stop, (gsize) (end - stop));
    g_string_append_unichar (sink->text, MUGAI_CHARSET_REPLACEMENT);
    sink->bad++;
  }
}

static void run_codec (const MugaiCodec *codec, const Source *source, MugaiCharsetSink *sink) {
  switch (codec->kind) {
  case MUGAI_CODEC_ISO_2022_JP:
    (void) mugai_charset_decode_iso_2022_jp (source->bytes, source->length, sink);
    break;
  case MUGAI_CODEC_CP932:
    mugai_charset_decode_cp932 (source->bytes, source->length, sink);
    break;
  case MUGAI_CODEC_CP51932:
    mugai_charset_decode_cp51932 (source->bytes, source->length, sink);
    break;
  case MUGAI_CODEC_ICONV_SINGLE:
  case MUGAI_CODEC_ICONV_MULTI:
    mugai_charset_run_iconv (codec, source->bytes, source->length, sink);
    break;
  case MUGAI_CODEC_ASCII:
  case MUGAI_CODEC_UTF8:
  default:
    decode_utf8 (source->bytes, source->length, sink);
  }
}

/* ---- judging ---- */

static gboolean is_kana (gunichar c) {
  return (c >= 0x3041 && c <= 0x3096) || (c >= 0x30A1 && c <= 0x30FC);
}

static gboolean is_half_width_kana (gunichar c) {
  return c >= 0xFF61 && c <= 0xFF9F;
}

/* ﾞ follows ｳ, ｶ to ﾄ and ﾊ to ﾎ, ﾟ only the latter: chance does not know that. */
static gboolean may_be_voiced (gunichar before, gunichar mark) {
  gboolean h_row = before >= 0xFF8A && before <= 0xFF8E;
  return h_row || (mark == 0xFF9E && (before == 0xFF73 || (before >= 0xFF76 && before <= 0xFF84)));
}

/* What NEC and IBM added to Japanese is common in Japan: ①, Ⅳ, ㌔, ㈱, ㊤, ㍻, №, ℡, and 髙, 﨑 of names. */
static gboolean is_japanese_extra (gunichar c) {
  return (c >= 0x2460 && c <= 0x2473) || (c >= 0x2160 && c <= 0x2179) || (c >= 0x3231 && c <= 0x33CD) || c == 0x2116
         || c == 0x2121 || c == 0x9AD9 || (c >= 0xFA0E && c <= 0xFA2D);
}

static guint character_cost (gunichar c) {
  if (c == MUGAI_CHARSET_REPLACEMENT)
    return COST_BAD;
  if (c < 0xA0)
    return COST_CONTROL;
  if (is_kana (c))
    return 0;
  if (is_half_width_kana (c))
    return COST_HALF_WIDTH;
  if (c >= 0xE000 && c <= 0xF8FF)
    return COST_PRIVATE;
  if (mugai_charset_is_common_kanji (c) || is_japanese_extra (c) || (c >= 0x3000 && c <= 0x303F)
      || (c >= 0xFF01 && c <= 0xFF5E))
    return COST_COMMON;
  return COST_RARE;
}

#define MIN_HALF_WIDTH_SHIFTED 3u /* each behind an SS2 of its own in EUC: kanji do not line up so */
#define MIN_HALF_WIDTH_VOICED 6u

/* Text of half-width kana alone reads as kanji in the other charset, and as cheaply: here structure has to speak. */
static gboolean is_kana_script (const Attempt *attempt) {
  if (attempt->half_width != attempt->characters || attempt->misvoiced != 0)
    return FALSE;
  if (attempt->codec->kind == MUGAI_CODEC_CP51932)
    return attempt->half_width >= MIN_HALF_WIDTH_SHIFTED;
  return attempt->codec->kind == MUGAI_CODEC_CP932 && attempt->half_width >= MIN_HALF_WIDTH_VOICED
         && attempt->voiced > 0;
}

static void judge (Attempt *attempt) {
  guint64 cost = 0;
  const char *end = attempt->sink.text->str + attempt->sink.text->len;
  const char *start = attempt->sink.text->str;
  gunichar before = 0;
  for (const char *at = start; at < end; at = g_utf8_next_char (at)) {
    gunichar c = (guint8) *at < 0x80 ? 0 : g_utf8_get_char (at);
    if (c < 0x80) {
      before = c;
      continue;
    }
    attempt->characters++;
    attempt->wide += c >= 0x800 ? 1 : 0;
    attempt->kana += is_kana (c) ? 1 : 0;
    attempt->phonetic += c >= 0x180 && c < 0x300 ? 1 : 0;
    attempt->half_width += is_half_width_kana (c) ? 1 : 0;
    if (c == 0xFF9E || c == 0xFF9F) {
      attempt->voiced += may_be_voiced (before, c) ? 1 : 0;
      attempt->misvoiced += may_be_voiced (before, c) ? 0 : 1;
    }
    before = c;
    if (at > start && g_ascii_islower (at[-1]) && g_ascii_islower (*g_utf8_next_char (at)))
      cost += COST_ISOLATED;
    cost += character_cost (c);
  }
  if (is_kana_script (attempt))
    cost = 0;
  if (attempt->codec->kind == MUGAI_CODEC_ICONV_SINGLE)
    cost = (guint64) COST_WESTERN * attempt->characters + (guint64) COST_BAD * attempt->sink.bad;
  if (attempt->codec->kind == MUGAI_CODEC_UTF8)
    cost = attempt->characters / UTF8_DIVISOR + (guint64) COST_PHONETIC * attempt->phonetic
           + (guint64) COST_BAD * attempt->sink.bad;
  attempt->cost = cost + (guint64) COST_GETA * attempt->sink.geta;
}

static Attempt *attempt_new (const MugaiCodec *codec, const Source *source) {
  Attempt *attempt = g_new0 (Attempt, 1);
  attempt->codec = codec;
  attempt->sink.text = g_string_sized_new (source->length + source->length / 2 + 1);
  run_codec (codec, source, &attempt->sink);
  judge (attempt);
  return attempt;
}

static void attempt_free (Attempt *attempt) {
  if (attempt == NULL)
    return;
  g_string_free (attempt->sink.text, TRUE);
  g_free (attempt);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Attempt, attempt_free)

/* TRUE when so much is bad, or so little came out, that the label may be wrong. */
static gboolean is_doubtful (const Attempt *attempt, const Source *source) {
  gsize total = MAX (source->length / 2, attempt->sink.text->len / 3);
  return (attempt->sink.text->len == 0 && source->length != 0)
         || (guint64) attempt->sink.bad * 100 > (guint64) BAD_PER_CENT * total;
}

static gboolean is_western (const Attempt *attempt) {
  return attempt->codec->kind == MUGAI_CODEC_ICONV_SINGLE;
}

/* Japanese in one-byte clothes: kana, or so many common kanji that quotes and accents do not explain them. */
static gboolean is_evidently_japanese (const Attempt *rival, const Source *source) {
  guint least = rival->codec->kind == MUGAI_CODEC_CP51932 ? 4 : 2;
  return rival->kana >= 2
         || (rival->characters >= least && rival->cost <= rival->characters
             && (guint64) rival->characters * 4 >= source->length);
}

/* Japanese under a Chinese or Korean label: kana, which those charsets have too, but not among characters that fit them. */
static gboolean beats_east_asian (const Attempt *rival, const Attempt *declared) {
  return declared->codec->kind == MUGAI_CODEC_ICONV_MULTI && rival->kana >= 2 && rival->kana * 6 >= rival->characters
         && rival->cost * 4 + DECLARED_BONUS < declared->cost * 3;
}

/* EUC-JP read as Shift_JIS is a litter of half-width kana. */
static gboolean beats_cp932 (const Attempt *rival, const Attempt *declared) {
  gboolean kana = rival->kana >= 2 && rival->kana * 4 >= rival->characters;
  gboolean litter = rival->characters >= 4 && rival->half_width == 0
                    && rival->cost * 4 <= (guint64) rival->characters * 5
                    && declared->half_width * 3 >= declared->characters;
  return declared->codec->kind == MUGAI_CODEC_CP932 && (kana || litter || is_kana_script (rival));
}

/* A word or two of EUC-JP as Shift_JIS: user-defined characters beside half-width kana. Well-formed UTF-8 is never doubted. */
static gboolean reads_oddly (const Attempt *declared) {
  return declared->codec->kind == MUGAI_CODEC_CP932 && declared->sink.geta != 0 && declared->half_width != 0;
}

/* A rival beats a label that decodes well only when what it reads could hardly have come about by chance. */
static gboolean is_strong (const Attempt *rival, const Attempt *declared, const Source *source) {
  if (rival->sink.bad != 0 || rival->sink.geta != 0)
    return FALSE;
  if (rival->codec->kind >= MUGAI_CODEC_CP932 && rival->codec->kind <= MUGAI_CODEC_CP51932
      && beats_east_asian (rival, declared))
    return TRUE;
  if (rival->cost * 2 >= declared->cost)
    return FALSE;
  if (rival->codec->kind == MUGAI_CODEC_CP51932 && rival->cost <= rival->characters && reads_oddly (declared))
    return TRUE;
  gboolean by_far = rival->cost * 2 + DECLARED_BONUS < declared->cost;
  gboolean latin = declared->codec == mugai_charset_codec (MUGAI_CODEC_ICONV_SINGLE);
  switch (rival->codec->kind) {
  case MUGAI_CODEC_UTF8:
    return by_far || latin || rival->wide >= 2 || (rival->wide == 1 && declared->half_width != 0);
  case MUGAI_CODEC_CP932:
    return is_western (declared) && is_evidently_japanese (rival, source);
  case MUGAI_CODEC_CP51932:
    return (is_western (declared) && is_evidently_japanese (rival, source))
           || (by_far && beats_cp932 (rival, declared));
  default:
    return FALSE;
  }
}

/* Hands the better of two over and frees the other. @strong_only: the source, when the declared one decodes well. */
static void keep_better (Attempt **best, Attempt *rival, gboolean best_is_declared, const Source *strong_only) {
  gboolean better;
  if (*best == NULL)
    better = TRUE;
  else if (strong_only != NULL)
    better = is_strong (rival, *best, strong_only);
  else
    better = rival->cost + (best_is_declared ? DECLARED_BONUS : 0) < (*best)->cost;
  if (!better) {
    attempt_free (rival);
    return;
  }
  attempt_free (*best);
  *best = rival;
}

static gboolean is_japanese (const MugaiCodec *codec) {
  return codec != NULL && codec->kind >= MUGAI_CODEC_ISO_2022_JP && codec->kind <= MUGAI_CODEC_CP51932;
}

/* Compares @declared (nullable; taken) with what else the bytes may be. Ties go to the earlier candidate. */
static Attempt *detect (Attempt *declared, const MugaiCodec *hint, const Source *source) {
  const MugaiCodec *trusted = declared != NULL ? declared->codec : NULL;
  gboolean strong_only = declared != NULL && !is_doubtful (declared, source);
  gboolean western = trusted == NULL || !(is_japanese (trusted) || strong_only);
  const MugaiCodec *candidates[] = {
    source->has_jis_escape ? mugai_charset_codec (MUGAI_CODEC_ISO_2022_JP) : NULL,
    mugai_charset_codec (MUGAI_CODEC_UTF8),
    hint,
    mugai_charset_codec (MUGAI_CODEC_CP932),
    mugai_charset_codec (MUGAI_CODEC_CP51932),
    western ? mugai_charset_codec (MUGAI_CODEC_ICONV_SINGLE) : NULL,
  };
  Attempt *best = declared;
  for (gsize i = 0; i < G_N_ELEMENTS (candidates); i++)
    if (candidates[i] != NULL && candidates[i] != trusted && candidates[i]->kind != MUGAI_CODEC_ASCII)
      keep_better (&best, attempt_new (candidates[i], source), best == declared && best != NULL,
                   strong_only ? source : NULL);
  return best;
}

/* A hint counts as a declaration does, but for the outcome. */
static Attempt *choose (const MugaiCodec *declared, const MugaiCodec *hint, const Source *source) {
  const MugaiCodec *jis = mugai_charset_codec (MUGAI_CODEC_ISO_2022_JP);
  if (declared == jis && !source->has_8bit && !source->has_jis_escape) {
    g_autoptr (GString) restored = mugai_charset_restore_escapes (source->bytes, source->length);
    if (restored != NULL) {
      const Source mended = { restored->str, restored->len, FALSE, TRUE };
      return attempt_new (jis, &mended);
    }
  }
  if (source->has_jis_escape && (!source->has_8bit || declared == jis))
    return attempt_new (jis, source);
  if (source->has_jis_escape && (declared == NULL || declared->kind == MUGAI_CODEC_ASCII)) {
    /* Half-width kana in 8 bits among escapes (JIS8): that all of it decodes is no chance. */
    g_autoptr (Attempt) attempt = attempt_new (jis, source);
    if (attempt->sink.bad == 0 && attempt->sink.geta == 0)
      return g_steal_pointer (&attempt);
  }
  const MugaiCodec *trusted = declared != NULL && declared->kind != MUGAI_CODEC_ASCII ? declared : hint;
  if (trusted != NULL && (trusted->kind == MUGAI_CODEC_ASCII || (trusted == jis && source->has_8bit)))
    trusted = NULL;
  if (trusted == NULL && !source->has_8bit)
    trusted = mugai_charset_codec (MUGAI_CODEC_ASCII);
  Attempt *first = trusted != NULL ? attempt_new (trusted, source) : NULL;
  return source->has_8bit ? detect (first, hint, source) : first;
}

/* ---- the face ---- */

static void init_once (void) {
  mugai_charset_japanese_init ();
  mugai_charset_labels_init ();
}

void mugai_mail_charset_init (void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  (void) pthread_once (&once, init_once);
}

gboolean mugai_mail_charset_is_refused (const char *label) {
  mugai_mail_charset_init ();
  return mugai_charset_label_is_refused (label);
}

static Source look_at (const char *bytes, gsize length) {
  Source source = { bytes != NULL ? bytes : "", bytes != NULL ? length : 0, FALSE, FALSE };
  for (gsize i = 0; i < source.length && !source.has_8bit; i++)
    source.has_8bit = ((guint8) bytes[i] & 0x80) != 0;
  source.has_jis_escape = mugai_charset_has_jis_escape (source.bytes, source.length);
  return source;
}

/* Takes the text out of @sink; a NUL, which no C string can hold, becomes a replacement character. */
static char *take_text (MugaiCharsetSink *sink) {
  GString *text = g_steal_pointer (&sink->text);
  sink->text = g_string_new (NULL);
  if (memchr (text->str, '\0', text->len) == NULL)
    return g_string_free (text, FALSE);
  GString *clean = g_string_sized_new (text->len);
  for (gsize i = 0; i < text->len; i++)
    if (text->str[i] == '\0') {
      g_string_append_unichar (clean, MUGAI_CHARSET_REPLACEMENT);
      sink->bad++;
    } else
      g_string_append_c (clean, text->str[i]);
  g_string_free (text, TRUE);
  return g_string_free (clean, FALSE);
}

static MugaiCharsetResult *result_new (char *text, const char *used, MugaiCharsetOutcome outcome, guint repaired) {
  MugaiCharsetResult *result = g_new0 (MugaiCharsetResult, 1);
  result->text = text;
  result->used = used;
  result->outcome = outcome;
  result->repaired = repaired;
  return result;
}

static gboolean label_is_absent (const char *label) {
  return label == NULL || label[strspn (label, " \t\"")] == '\0';
}

MugaiCharsetResult *mugai_mail_charset_decode (const char *bytes, gsize length_bytes, const char *declared,
                                               const char *hint) {
  mugai_mail_charset_init ();
  if (mugai_charset_label_is_refused (declared))
    return result_new (g_strdup (""), "refused", MUGAI_CHARSET_REFUSED, 0);
  Source source = look_at (bytes, length_bytes);
  const MugaiCodec *codec = mugai_charset_find_codec (declared);
  g_autoptr (Attempt) attempt = choose (codec, mugai_charset_find_codec (hint), &source);
  g_autofree char *text = take_text (&attempt->sink);
  guint repaired = attempt->sink.bad + attempt->sink.geta;
  gboolean as_declared =
      attempt->codec == codec || (attempt->codec->kind == MUGAI_CODEC_ASCII && label_is_absent (declared));
  MugaiCharsetOutcome outcome = !as_declared    ? MUGAI_CHARSET_GUESSED
                                : repaired != 0 ? MUGAI_CHARSET_REPAIRED
                                                : MUGAI_CHARSET_OK;
  return result_new (g_steal_pointer (&text), attempt->codec->name, outcome, repaired);
}

void mugai_charset_result_free (MugaiCharsetResult *result) {
  if (result == NULL)
    return;
  g_free (result->text);
  g_free (result);
}
