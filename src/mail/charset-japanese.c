/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/charset-japanese: ISO-2022-JP, Shift_JIS and EUC-JP as Japanese mail programs really write them.
 *
 * glibc's converters are strict where the senders are not: they reject NEC row 13 (①㈱) and rows 89 to 92 (髙﨑), pass
 * ESC ( I through, and turn 0x5C into a yen sign. So iconv serves here only once, to fill tables; the walking is ours.
 * Invariant: every function below consumes at least one byte a step and at most one character on an error.
 */
#include "charset-japanese.h"

#include <iconv.h>
#include <string.h>

#define CELLS 94u
#define LEAD_FIRST 0x81u
#define LEAD_LAST 0xFCu
#define TRAIL_FIRST 0x40u
#define TRAIL_LAST 0xFCu
#define TRAILS (TRAIL_LAST - TRAIL_FIRST + 1)
#define CJK_FIRST 0x4E00u
#define CJK_LAST 0x9FFFu
#define LEVEL_1_FIRST_ROW 16u
#define LEVEL_1_LAST_ROW 47u

typedef struct {
  guint32 first;  /* 0: not assigned */
  guint32 second; /* a combining mark (JIS X 0213 has 25 such pairs), else 0 */
} Character;

typedef Character Plane[CELLS][CELLS];

typedef enum {
  SET_ASCII,
  SET_KANA,
  SET_JIS_0208,
  SET_JIS_0212,
  SET_JIS_0213_1,
  SET_JIS_0213_2,
  SET_GB_2312,
  SET_KS_5601,
  SET_SOFTBANK,
  SET_LATIN_1, /* G2 only */
  SET_GREEK,   /* G2 only */
  SET_NONE     /* an announcer: changes nothing */
} JisSet;

/* Written by mugai_charset_japanese_init () alone, read-only afterwards. */
static guint16 cp932[LEAD_LAST - LEAD_FIRST + 1][TRAILS];
static Plane jis_0212, jis_0213_1, jis_0213_2, gb_2312, ks_5601;
static guint8 common_kanji[(CJK_LAST - CJK_FIRST) / 8 + 1];

/* ---- tables ---- */

/* Asks iconv for one character. It must swallow all of @code and give one or two code points. */
static Character ask_iconv (iconv_t converter, const guint8 *code, gsize length) {
  char in[4] = { 0 };
  guint32 out[3] = { 0 };
  memcpy (in, code, length);
  char *in_at = in, *out_at = (char *) out;
  gsize in_left = length, out_left = sizeof out;
  (void) iconv (converter, NULL, NULL, NULL, NULL);
  gsize done = iconv (converter, &in_at, &in_left, &out_at, &out_left);
  /* JIS X 0213 converters hold a character back until they see whether a mark follows: flush. */
  if (done == (gsize) -1 || in_left != 0 || iconv (converter, NULL, NULL, &out_at, &out_left) == (gsize) -1)
    return (Character){ 0, 0 };
  gsize count = (sizeof out - out_left) / sizeof out[0];
  return count == 1 || count == 2 ? (Character){ out[0], out[1] } : (Character){ 0, 0 };
}

static iconv_t open_converter (const char *name) {
  return iconv_open (G_BYTE_ORDER == G_LITTLE_ENDIAN ? "UCS-4LE" : "UCS-4BE", name);
}

static gboolean is_private (guint32 code_point) {
  return (code_point >= 0xE000 && code_point <= 0xF8FF) || code_point >= 0xF0000;
}

/* Fills @plane from an EUC encoding: @single_shift (0: none) comes before the two bytes. */
static void fill_plane (Plane plane, const char *name, guint8 single_shift) {
  iconv_t converter = open_converter (name);
  if (converter == (iconv_t) -1)
    return;
  for (guint row = 0; row < CELLS; row++)
    for (guint cell = 0; cell < CELLS; cell++) {
      guint8 code[3] = { single_shift, (guint8) (row + 0xA1), (guint8) (cell + 0xA1) };
      guint skip = single_shift == 0 ? 1 : 0;
      Character character = ask_iconv (converter, code + skip, sizeof code - skip);
      plane[row][cell] = is_private (character.first) ? (Character){ 0, 0 } : character;
    }
  iconv_close (converter);
}

static void fill_cp932 (void) {
  iconv_t converter = open_converter ("CP932");
  if (converter == (iconv_t) -1)
    return;
  for (guint lead = LEAD_FIRST; lead <= LEAD_LAST; lead++)
    for (guint trail = TRAIL_FIRST; trail <= TRAIL_LAST; trail++) {
      if (trail == 0x7F || (lead >= 0xA0 && lead <= 0xDF))
        continue;
      guint8 code[2] = { (guint8) lead, (guint8) trail };
      Character character = ask_iconv (converter, code, sizeof code);
      gboolean usable = character.second == 0 && character.first <= 0xFFFF && !is_private (character.first);
      cp932[lead - LEAD_FIRST][trail - TRAIL_FIRST] = usable ? (guint16) character.first : 0;
    }
  iconv_close (converter);
}

/* Row and cell (1 to 94) to Shift_JIS: two rows share a lead byte; 0x7F and the kana's 0xA0 to 0xDF are left out. */
static guint row_cell_to_sjis (guint row, guint cell) {
  guint lead = (row - 1) / 2 + LEAD_FIRST;
  if (lead > 0x9F)
    lead += 0x40;
  if (row % 2 == 0)
    return lead << 8 | (0x9E + cell);
  guint trail = 0x3F + cell;
  return lead << 8 | (trail >= 0x7F ? trail + 1 : trail);
}

static guint lookup_cp932 (guint code) {
  return cp932[(code >> 8) - LEAD_FIRST][(code & 0xFF) - TRAIL_FIRST];
}

static void fill_common_kanji (void) {
  for (guint row = LEVEL_1_FIRST_ROW; row <= LEVEL_1_LAST_ROW; row++)
    for (guint cell = 1; cell <= CELLS; cell++) {
      guint character = lookup_cp932 (row_cell_to_sjis (row, cell));
      if (character >= CJK_FIRST && character <= CJK_LAST)
        common_kanji[(character - CJK_FIRST) / 8] |= (guint8) (1u << (character - CJK_FIRST) % 8);
    }
}

void mugai_charset_japanese_init (void) {
  fill_cp932 ();
  fill_plane (jis_0212, "EUC-JP-MS", 0x8F);
  fill_plane (jis_0213_1, "EUC-JISX0213", 0);
  fill_plane (jis_0213_2, "EUC-JISX0213", 0x8F);
  fill_plane (gb_2312, "EUC-CN", 0);
  fill_plane (ks_5601, "EUC-KR", 0);
  fill_common_kanji ();
}

gboolean mugai_charset_is_common_kanji (gunichar character) {
  if (character < CJK_FIRST || character > CJK_LAST)
    return FALSE;
  return (common_kanji[(character - CJK_FIRST) / 8] >> (character - CJK_FIRST) % 8 & 1) != 0;
}

/* ---- one character ---- */

static void put (MugaiCharsetSink *sink, gunichar character) {
  g_string_append_unichar (sink->text, character);
}

static void put_bad (MugaiCharsetSink *sink) {
  put (sink, MUGAI_CHARSET_REPLACEMENT);
  sink->bad++;
}

static void put_geta (MugaiCharsetSink *sink) {
  put (sink, MUGAI_CHARSET_GETA);
  sink->geta++;
}

/* @code is a Shift_JIS pair in range. F0 to F9 is the user-defined area, where carriers put their emoji. */
static void put_sjis (MugaiCharsetSink *sink, guint code) {
  guint lead = code >> 8;
  if (lead >= 0xF0 && lead <= 0xF9) {
    if (!mugai_charset_emoji (code, MUGAI_EMOJI_ANY, sink->text))
      put_geta (sink);
    return;
  }
  guint character = lookup_cp932 (code);
  if (character == 0)
    put_bad (sink);
  else
    put (sink, character);
}

/* Rows 75h to 78h are where au's gateway put its emoji in ISO-2022-JP: 22 double rows below its Shift_JIS
 * F640 to F7FC. Its further rows 79h to 7Ch lie on the IBM extensions, whose kanji are names of people: those win. */
static void put_row_cell (MugaiCharsetSink *sink, guint row, guint cell) {
  guint code = row_cell_to_sjis (row, cell);
  if (row < 85 || (row >= 89 && row <= 92)) {
    put_sjis (sink, code);
    return;
  }
  guint kddi_code = row <= 88 ? row_cell_to_sjis (row + 22, cell) : 0;
  if (row > 88 || !mugai_charset_emoji (kddi_code, MUGAI_EMOJI_KDDI, sink->text))
    put_geta (sink);
}

static void put_plane (MugaiCharsetSink *sink, Plane plane, guint row, guint cell) {
  const Character *character = &plane[row - 1][cell - 1];
  if (character->first == 0) {
    put_bad (sink);
    return;
  }
  put (sink, character->first);
  if (character->second != 0)
    put (sink, character->second);
}

static void put_half_width_kana (MugaiCharsetSink *sink, guint8 byte) {
  put (sink, 0xFF61u + ((byte & 0x7Fu) - 0x21u));
}

/* Returns: bytes used, at least 1. A lead byte without a possible trail byte is bad alone, so that what follows it
 * (a quote, a line end) keeps its meaning. */
static gsize step_cp932 (const guint8 *at, gsize left, MugaiCharsetSink *sink) {
  guint8 lead = at[0];
  if (lead < 0x80) {
    g_string_append_c (sink->text, (char) lead);
    return 1;
  }
  if (lead >= 0xA1 && lead <= 0xDF) {
    put_half_width_kana (sink, lead);
    return 1;
  }
  gboolean paired = left >= 2 && lead != 0x80 && lead != 0xA0 && lead <= LEAD_LAST && at[1] >= TRAIL_FIRST
                    && at[1] <= TRAIL_LAST && at[1] != 0x7F;
  if (!paired) {
    put_bad (sink);
    return 1;
  }
  put_sjis (sink, (guint) lead << 8 | at[1]);
  return 2;
}

static gboolean is_euc_byte (guint8 byte) {
  return byte >= 0xA1 && byte <= 0xFE;
}

static gsize step_cp51932 (const guint8 *at, gsize left, MugaiCharsetSink *sink) {
  guint8 lead = at[0];
  if (lead < 0x80) {
    g_string_append_c (sink->text, (char) lead);
    return 1;
  }
  if (lead == 0x8E && left >= 2 && at[1] >= 0xA1 && at[1] <= 0xDF) {
    put_half_width_kana (sink, at[1]);
    return 2;
  }
  if (lead == 0x8F && left >= 3 && is_euc_byte (at[1]) && is_euc_byte (at[2])) {
    if (at[1] >= 0xF5) /* rows 85 to 94: user-defined */
      put_geta (sink);
    else
      put_plane (sink, jis_0212, at[1] - 0xA0u, at[2] - 0xA0u);
    return 3;
  }
  if (left >= 2 && is_euc_byte (lead) && is_euc_byte (at[1])) {
    put_row_cell (sink, lead - 0xA0u, at[1] - 0xA0u);
    return 2;
  }
  put_bad (sink);
  return 1;
}

void mugai_charset_decode_cp932 (const char *bytes, gsize length_bytes, MugaiCharsetSink *sink) {
  for (gsize i = 0; i < length_bytes;)
    i += step_cp932 ((const guint8 *) bytes + i, length_bytes - i, sink);
}

void mugai_charset_decode_cp51932 (const char *bytes, gsize length_bytes, MugaiCharsetSink *sink) {
  for (gsize i = 0; i < length_bytes;)
    i += step_cp51932 ((const guint8 *) bytes + i, length_bytes - i, sink);
}

/* ---- ISO-2022-JP ---- */

typedef struct {
  const char *sequence; /* after ESC */
  JisSet set;
} Escape;

/* ESC $ G and its sisters open SoftBank's web codes, which SI closes; the letter is the page. */
static const Escape escapes[] = {
  { "$B", SET_JIS_0208 },  { "$@", SET_JIS_0208 },    { "(B", SET_ASCII },       { "(J", SET_ASCII },
  { "(I", SET_KANA },      { "(H", SET_ASCII },       { "$(B", SET_JIS_0208 },   { "$(@", SET_JIS_0208 },
  { "$(D", SET_JIS_0212 }, { "$(O", SET_JIS_0213_1 }, { "$(Q", SET_JIS_0213_1 }, { "$(P", SET_JIS_0213_2 },
  { "$A", SET_GB_2312 },   { "$(A", SET_GB_2312 },    { "$(C", SET_KS_5601 },    { ".A", SET_LATIN_1 },
  { ".F", SET_GREEK },     { "&@", SET_NONE },        { "$G", SET_SOFTBANK },    { "$E", SET_SOFTBANK },
  { "$F", SET_SOFTBANK },  { "$O", SET_SOFTBANK },    { "$P", SET_SOFTBANK },    { "$Q", SET_SOFTBANK },
};

typedef struct {
  JisSet set;
  JisSet g2;
  JisSet before; /* the set that SI returns to */
  char page;     /* of SoftBank's web codes */
} JisState;

static const Escape *match_escape (const guint8 *at, gsize left) {
  for (gsize i = 0; i < G_N_ELEMENTS (escapes); i++) {
    gsize length = strlen (escapes[i].sequence);
    if (left > length && memcmp (at + 1, escapes[i].sequence, length) == 0)
      return &escapes[i];
  }
  return NULL;
}

/* Returns: bytes used. An escape sequence that is none of ours stays in the text: it is for the caller to strip. */
static gsize step_escape (const guint8 *at, gsize left, JisState *state, MugaiCharsetSink *sink) {
  const Escape *escape = match_escape (at, left);
  if (escape == NULL) {
    g_string_append_c (sink->text, (char) at[0]);
    sink->bad++;
    return 1;
  }
  if (escape->set == SET_LATIN_1 || escape->set == SET_GREEK)
    state->g2 = escape->set;
  else if (escape->set == SET_SOFTBANK) {
    state->before = state->set == SET_SOFTBANK ? state->before : state->set;
    state->set = SET_SOFTBANK;
    state->page = escape->sequence[1];
  } else if (escape->set != SET_NONE)
    state->set = escape->set;
  return strlen (escape->sequence) + 1;
}

/* One character of G2, after ESC N (ISO-2022-JP-2: Latin-1 and Greek). Returns: bytes used, 0 when it is none. */
static gsize step_single_shift (const guint8 *at, gsize left, const JisState *state, MugaiCharsetSink *sink) {
  if (left < 3 || at[1] != 'N' || state->g2 == SET_NONE || at[2] < 0x20 || at[2] > 0x7F)
    return 0;
  guint byte = at[2] | 0x80u;
  if (state->g2 == SET_LATIN_1 || byte < 0xB4 || byte == 0xB7 || byte == 0xBB || byte == 0xBD)
    put (sink, byte);
  else
    put (sink, byte + 0x2D0);
  return 3;
}

/* Page and cell to the carrier's Shift_JIS: G and O share lead F9, E and F share F7, P and Q share FB. */
static void put_softbank (MugaiCharsetSink *sink, char page, guint8 byte) {
  guint lead = page == 'G' || page == 'O' ? 0xF9 : page == 'E' || page == 'F' ? 0xF7 : 0xFB;
  guint cell = byte - 0x20u;
  gboolean upper = page == 'O' || page == 'F' || page == 'Q';
  guint trail = upper ? 0xA0 + cell : 0x40 + cell + (cell >= 0x3F ? 1 : 0);
  if (!mugai_charset_emoji (lead << 8 | trail, MUGAI_EMOJI_SOFTBANK, sink->text))
    put_geta (sink);
}

static void put_pair (MugaiCharsetSink *sink, JisSet set, guint row, guint cell) {
  switch (set) {
  case SET_JIS_0212:
    put_plane (sink, jis_0212, row, cell);
    break;
  case SET_JIS_0213_1:
    put_plane (sink, jis_0213_1, row, cell);
    break;
  case SET_JIS_0213_2:
    put_plane (sink, jis_0213_2, row, cell);
    break;
  case SET_GB_2312:
    put_plane (sink, gb_2312, row, cell);
    break;
  case SET_KS_5601:
    put_plane (sink, ks_5601, row, cell);
    break;
  default:
    put_row_cell (sink, row, cell);
  }
}

static gboolean is_jis_byte (guint8 byte) {
  return byte >= 0x21 && byte <= 0x7E;
}

/* Raw 8-bit bytes in JIS text: UTF-8 when the whole run is, else Shift_JIS (half-width kana above all). The run is
 * judged once and then used up, which keeps this linear. */
static gsize step_8bit (const guint8 *at, gsize left, MugaiCharsetSink *sink) {
  gsize run = 0;
  while (run < left && at[run] >= 0x80)
    run++;
  if (run >= 3 && g_utf8_validate_len ((const char *) at, run, NULL)) {
    g_string_append_len (sink->text, (const char *) at, (gssize) run);
    return run;
  }
  gsize used = 0;
  while (used < run)
    used += step_cp932 (at + used, left - used, sink);
  return used;
}

static gsize step_two_bytes (const guint8 *at, gsize left, const JisState *state, MugaiCharsetSink *sink) {
  if (left >= 2 && is_jis_byte (at[0]) && is_jis_byte (at[1])) {
    put_pair (sink, state->set, at[0] - 0x20u, at[1] - 0x20u);
    return 2;
  }
  /* A relay or gateway that set the eighth bit: EUC in JIS clothes. */
  if (left >= 2 && is_euc_byte (at[0]) && is_euc_byte (at[1])) {
    put_pair (sink, state->set, at[0] - 0xA0u, at[1] - 0xA0u);
    return 2;
  }
  if (at[0] >= 0x80)
    return step_8bit (at, left, sink);
  if (is_jis_byte (at[0]))
    put_bad (sink);
  else
    g_string_append_c (sink->text, (char) at[0]);
  return 1;
}

static gsize step_one_byte (const guint8 *at, gsize left, const JisState *state, MugaiCharsetSink *sink) {
  if (at[0] >= 0x80)
    return step_8bit (at, left, sink);
  if (state->set == SET_KANA && at[0] >= 0x21 && at[0] <= 0x5F)
    put_half_width_kana (sink, at[0]);
  else if (state->set == SET_SOFTBANK && at[0] >= 0x21 && at[0] <= 0x7A)
    put_softbank (sink, state->page, at[0]);
  else if ((state->set == SET_KANA || state->set == SET_SOFTBANK) && is_jis_byte (at[0]))
    put_bad (sink);
  else
    g_string_append_c (sink->text, (char) at[0]);
  return 1;
}

#define BYTE_ESC 0x1B
#define LONGEST_ESCAPE 4u /* ESC $ ( D */
#define BYTE_SO 0x0E
#define BYTE_SI 0x0F

static gsize step_jis (const guint8 *at, gsize left, JisState *state, MugaiCharsetSink *sink) {
  if (at[0] == BYTE_ESC) {
    gsize used = step_single_shift (at, left, state, sink);
    return used != 0 ? used : step_escape (at, left, state, sink);
  }
  if (at[0] == '\n' || at[0] == '\r') { /* each line starts in ASCII */
    state->set = SET_ASCII;
    state->g2 = SET_NONE;
    g_string_append_c (sink->text, (char) at[0]);
    return 1;
  }
  if (at[0] == BYTE_SO && state->set == SET_ASCII) { /* 7-bit kana of CP50222 */
    state->before = SET_ASCII;
    state->set = SET_KANA;
    return 1;
  }
  if (at[0] == BYTE_SI && (state->set == SET_KANA || state->set == SET_SOFTBANK)) {
    state->set = state->set == SET_KANA ? SET_ASCII : state->before;
    return 1;
  }
  if (state->set >= SET_JIS_0208 && state->set <= SET_KS_5601)
    return step_two_bytes (at, left, state, sink);
  return step_one_byte (at, left, state, sink);
}

MugaiJisEnd mugai_charset_decode_iso_2022_jp (const char *bytes, gsize length_bytes, MugaiCharsetSink *sink) {
  JisState state = { SET_ASCII, SET_NONE, SET_ASCII, 0 };
  gboolean dangling = FALSE;
  for (gsize i = 0; i < length_bytes;) {
    const guint8 *at = (const guint8 *) bytes + i;
    gboolean pairs = state.set >= SET_JIS_0208 && state.set <= SET_KS_5601;
    dangling = pairs && i + 1 == length_bytes && is_jis_byte (at[0]);
    i += step_jis (at, length_bytes - i, &state, sink);
  }
  if (dangling)
    return MUGAI_JIS_DANGLING;
  return state.set == SET_ASCII ? MUGAI_JIS_CLOSED : MUGAI_JIS_OPEN;
}

/* ---- looking at bytes ---- */

gboolean mugai_charset_has_jis_escape (const char *bytes, gsize length_bytes) {
  const guint8 *at = (const guint8 *) bytes, *end = at + length_bytes;
  while (at < end && (at = memchr (at, BYTE_ESC, (gsize) (end - at))) != NULL) {
    const Escape *escape = match_escape (at, (gsize) (end - at));
    if (escape != NULL && escape->set != SET_NONE && escape->set != SET_ASCII)
      return TRUE;
    at++;
  }
  return FALSE;
}

gboolean mugai_charset_jis_continues (const char *bytes, gsize length_bytes) {
  const guint8 *at = memchr (bytes, BYTE_ESC, length_bytes);
  if (at == NULL)
    return FALSE;
  gsize before = (gsize) ((const char *) at - bytes);
  const Escape *escape = match_escape (at, length_bytes - before);
  if (escape == NULL)
    return FALSE;
  return escape->set == SET_ASCII || mugai_charset_reads_as_pairs (bytes, before);
}

#define MIN_PAIRS_BYTES 2u

gboolean mugai_charset_reads_as_pairs (const char *bytes, gsize length_bytes) {
  guint likely = 0;
  gsize pairs = length_bytes / 2; /* a last byte alone may belong to a pair that goes on in the next word */
  if (length_bytes < MIN_PAIRS_BYTES)
    return FALSE;
  for (gsize i = 0; i < length_bytes; i++)
    if (!is_jis_byte ((guint8) bytes[i]))
      return FALSE;
  for (gsize i = 0; i < pairs; i++) {
    guint row = (guint8) bytes[2 * i] - 0x20u, cell = (guint8) bytes[2 * i + 1] - 0x20u;
    guint character = lookup_cp932 (row_cell_to_sjis (row, cell));
    likely += row <= 5 || row == 13 || mugai_charset_is_common_kanji (character) ? 1 : 0;
  }
  return likely * 4 >= pairs * 3;
}

gsize mugai_charset_jis_cut_escape (const char *bytes, gsize length_bytes) {
  for (gsize tail = MIN (length_bytes, LONGEST_ESCAPE - 1); tail > 0; tail--) {
    const char *at = bytes + length_bytes - tail;
    if (*at != BYTE_ESC)
      continue;
    for (gsize i = 0; i < G_N_ELEMENTS (escapes); i++)
      if (strlen (escapes[i].sequence) + 1 > tail && memcmp (at + 1, escapes[i].sequence, tail - 1) == 0)
        return tail;
  }
  return 0;
}

#define MAX_STRIPPED_RUN_BYTES 998u /* a line of mail */

/* "$B...(B" or "$@...(J" at @at, on one line. Returns: length of the pairs between, 0 when it is none. */
static gsize stripped_run (const char *at, gsize left) {
  gsize end = 2;
  left = MIN (left, MAX_STRIPPED_RUN_BYTES);
  if (left < 6 || at[0] != '$' || (at[1] != 'B' && at[1] != '@'))
    return 0;
  while (end + 1 < left && is_jis_byte ((guint8) at[end]) && is_jis_byte ((guint8) at[end + 1])
         && !(at[end] == '(' && (at[end + 1] == 'B' || at[end + 1] == 'J')))
    end += 2;
  gboolean closed = end + 1 < left && at[end] == '(' && (at[end + 1] == 'B' || at[end + 1] == 'J');
  return closed && mugai_charset_reads_as_pairs (at + 2, end - 2) ? end - 2 : 0;
}

GString *mugai_charset_restore_escapes (const char *bytes, gsize length_bytes) {
  GString *out = g_string_sized_new (length_bytes + length_bytes / 16);
  guint runs = 0;
  for (gsize i = 0; i < length_bytes;) {
    gsize run = stripped_run (bytes + i, length_bytes - i);
    if (run == 0) {
      g_string_append_c (out, bytes[i++]);
      continue;
    }
    g_string_append_printf (out, "\x1B$B%.*s\x1B(B", (int) run, bytes + i + 2);
    i += run + 4;
    runs++;
  }
  if (runs != 0)
    return out;
  g_string_free (out, TRUE);
  return NULL;
}
