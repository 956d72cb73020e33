/* SPDX-License-Identifier: GPL-2.0-only
 *
 * base/unicode: makes foreign text safe to show, measures it in display columns and folds it.
 *
 * Invariants: every result is valid UTF-8; nothing here depends on a locale; each function is linear in its
 * input. A "cluster" below is what a terminal draws in one place: a base character with what combines with
 * it, or an emoji sequence. Threads: any.
 */
#include "mugai/base/unicode.h"

#include <string.h>

#include "unicode-tables.h"

#define ELLIPSIS "\xE2\x80\xA6"
#define REPLACEMENT "\xEF\xBF\xBD"
#define MIN_FOLD_WIDTH 20u
#define HANGING_COLUMNS 2u

enum { CODE_ZWJ = 0x200D, CODE_TEXT_STYLE = 0xFE0E, CODE_EMOJI_STYLE = 0xFE0F, CODE_KEYCAP = 0x20E3, CODE_NBSP = 0xA0 };

static gboolean in_ranges (const Range *ranges, gsize count, gunichar code) {
  gsize low = 0, high = count;

  while (low < high) {
    gsize middle = (low + high) / 2;

    if (code > ranges[middle].last)
      low = middle + 1;
    else
      high = middle;
  }
  return low < count && code >= ranges[low].first;
}

#define IN(table, code) in_ranges (table, G_N_ELEMENTS (table), code)

/* One character, decoded; bytes that are no character give U+FFFD and a length of 1. */
static gunichar decode (const char *text, gsize left, gsize *ret_length, gboolean *ret_valid) {
  guchar first = (guchar) *text;
  gunichar code;

  *ret_length = 1;
  *ret_valid = TRUE;
  if (first < 0x80)
    return first;
  code = g_utf8_get_char_validated (text, (gssize) MIN (left, 6));
  if (code == (gunichar) -1 || code == (gunichar) -2) {
    *ret_valid = FALSE;
    return 0xFFFD;
  }
  *ret_length = (gsize) (g_utf8_next_char (text) - text);
  return code;
}

/* What takes the place of a line-breaking or white control: 0 when @code is neither. */
static char white_for (gunichar code, gboolean keep_lines) {
  switch (code) {
  case '\t':
    return keep_lines ? '\t' : ' ';
  case '\n':
  case '\r':
  case 0x85:
  case 0x2028:
  case 0x2029:
    return keep_lines ? '\n' : ' ';
  case '\v':
  case '\f':
    return keep_lines ? '\n' : 0;
  default:
    return 0;
  }
}

/* U+3000 to U+30FF and U+4000 to U+9FFF: CJK punctuation, kana, ideographs: nearly all of Japanese text. All have three bytes,
   and none of them is dropped, white or of zero width but the two voicing marks U+3099 and U+309A. */
static gboolean is_japanese (const guchar *text, gsize left) {
  return left >= 3 && ((text[0] >= 0xE4 && text[0] <= 0xE9) || (text[0] == 0xE3 && text[1] <= 0x83))
         && (text[1] & 0xC0) == 0x80 && (text[2] & 0xC0) == 0x80;
}

static gunichar japanese_code (const char *text) {
  const guchar *at = (const guchar *) text;
  return (gunichar) (at[0] & 0x0F) << 12 | (gunichar) (at[1] & 0x3F) << 6 | (at[2] & 0x3F);
}

/* Length of the plain run at the start: printable ASCII and Japanese, which need no second look. */
static gsize plain_run (const char *text, gsize length, gboolean keep_lines) {
  gsize i = 0;

  while (i < length)
    if ((text[i] >= 0x20 && text[i] < 0x7F) || (keep_lines && text[i] == '\n'))
      i++;
    else if (is_japanese ((const guchar *) text + i, length - i))
      i += 3;
    else
      break;
  return i;
}

static void cut_with_ellipsis (GString *text, gsize max_bytes) {
  gsize ellipsis_bytes = max_bytes >= strlen (ELLIPSIS) ? strlen (ELLIPSIS) : 0;
  gsize end = max_bytes - ellipsis_bytes;

  while (end > 0 && ((guchar) text->str[end] & 0xC0) == 0x80)
    end--;
  g_string_truncate (text, end);
  if (ellipsis_bytes > 0)
    g_string_append (text, ELLIPSIS);
}

static gsize append_safe_character (GString *out, const char *text, gsize left, gboolean keep_lines) {
  gsize length;
  gboolean valid;
  gunichar code = decode (text, left, &length, &valid);
  char white = white_for (code, keep_lines);

  if (white != 0)
    g_string_append_c (out, white);
  else if (!valid)
    g_string_append (out, REPLACEMENT);
  else if (!IN (dropped_ranges, code))
    g_string_append_len (out, text, (gssize) length);
  if (keep_lines && code == '\r' && left > 1 && text[1] == '\n')
    return 2;
  return length;
}

static char *make_safe (const char *text, gssize length_bytes, gsize max_bytes, gboolean keep_lines) {
  gsize length = text == NULL ? 0 : length_bytes < 0 ? strlen (text) : (gsize) length_bytes;
  GString *out = g_string_sized_new (MIN (length, max_bytes > 0 ? max_bytes : length) + 8);
  gsize i = 0;

  while (i < length && (max_bytes == 0 || out->len <= max_bytes)) {
    gsize room = max_bytes > 0 ? MIN (length - i, max_bytes - out->len + 1) : length - i;
    gsize run = plain_run (text + i, room, keep_lines);

    g_string_append_len (out, text + i, (gssize) run);
    i += run;
    if (i < length && (max_bytes == 0 || out->len <= max_bytes))
      i += append_safe_character (out, text + i, length - i, keep_lines);
  }
  if (max_bytes > 0 && out->len > max_bytes)
    cut_with_ellipsis (out, max_bytes);
  return g_string_free (out, FALSE);
}

char *mugai_unicode_make_safe (const char *text, gssize length_bytes, gsize max_bytes) {
  return make_safe (text, length_bytes, max_bytes, FALSE);
}

/* Only those pairs are joined: normalising all of it would change kanji of people's names. */
char *mugai_unicode_join_voice_marks (const char *text) {
  if (strstr (text, "\xE3\x82\x99") == NULL && strstr (text, "\xE3\x82\x9A") == NULL)
    return g_strdup (text);
  GString *out = g_string_new (NULL);
  for (const char *at = text; *at != '\0';) {
    const char *next = g_utf8_next_char (at);
    gunichar mark = *next != '\0' ? g_utf8_get_char (next) : 0;
    if (mark == 0x3099 || mark == 0x309A) {
      next = g_utf8_next_char (next);
      g_autofree char *joined = g_utf8_normalize (at, next - at, G_NORMALIZE_DEFAULT_COMPOSE);
      g_string_append (out, joined != NULL ? joined : "");
    } else {
      g_string_append_len (out, at, next - at);
    }
    at = next;
  }
  return g_string_free (out, FALSE);
}

char *mugai_unicode_make_safe_lines (const char *text, gssize length_bytes, gsize max_bytes) {
  return make_safe (text, length_bytes, max_bytes, TRUE);
}

static gboolean is_wide_symbol (gunichar code) {
  if (code >= 0x2015 && code < 0x2800)
    return g_unichar_iswide_cjk (code) && !IN (narrow_ambiguous_ranges, code);
  return code >= 0xE000 && code <= 0xF8FF; /* private use: Japanese gaiji */
}

static guint character_columns (gunichar code) {
  if (code < 0x300)
    return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0xAD ? 0 : 1;
  if ((code >= 0x3041 && code <= 0x3096) || (code >= 0x30A1 && code <= 0x30FA) || (code >= 0x4E00 && code <= 0x9FFF))
    return 2;
  if ((code >= 0x370 && code <= 0x482) || (code >= 0x48A && code <= 0x52F)) /* Greek, Cyrillic */
    return 1;
  if (g_unichar_iszerowidth (code))
    return 0;
  return g_unichar_iswide (code) || is_wide_symbol (code) || IN (emoji_ranges, code) ? 2 : 1;
}

static gboolean is_regional_indicator (gunichar code) {
  return code >= 0x1F1E6 && code <= 0x1F1FF;
}

static gboolean is_pictograph (gunichar code) {
  return IN (emoji_ranges, code) || (code >= 0x2190 && code < 0x2C00 && code != 0x2500) || code == 0xA9 || code == 0xAE;
}

typedef struct {
  gunichar base;
  guint columns;
  const char *end;
} Cluster;

/* Takes what follows a base: marks, selectors, and for emoji the modifier or the partner behind a ZWJ. */
static void extend_cluster (Cluster *cluster, const char *end) {
  gboolean picture = (cluster->base < 0x3000 || cluster->base >= 0xA000) && is_pictograph (cluster->base);

  while (cluster->end < end && (guchar) *cluster->end >= 0xC0) {
    gboolean japanese = is_japanese ((const guchar *) cluster->end, (gsize) (end - cluster->end));
    gunichar code = japanese ? japanese_code (cluster->end) : g_utf8_get_char (cluster->end);

    if (code >= 0x3041 && code <= 0x9FFF && code != 0x3099 && code != 0x309A)
      return;
    if (code == CODE_EMOJI_STYLE && picture)
      cluster->columns = 2;
    else if (code == CODE_KEYCAP && cluster->base < 0x80)
      cluster->columns = 2;
    else if (!(picture && code >= 0x1F3FB && code <= 0x1F3FF) && character_columns (code) != 0)
      return;
    cluster->end = g_utf8_next_char (cluster->end);
    if (code == CODE_ZWJ && picture && cluster->end < end && is_pictograph (g_utf8_get_char (cluster->end)))
      cluster->end = g_utf8_next_char (cluster->end);
  }
}

static Cluster next_cluster (const char *text, const char *end) {
  Cluster cluster = { (guchar) *text, 1, text + 1 };

  if (cluster.base >= ' ' && cluster.base < 0x7F && (cluster.end == end || (guchar) *cluster.end < 0xC0))
    return cluster;
  if (is_japanese ((const guchar *) text, (gsize) (end - text))) {
    cluster.base = japanese_code (text);
    cluster.end = text + 3;
  } else if (cluster.base >= 0x80) {
    cluster.base = g_utf8_get_char (text);
    cluster.end = g_utf8_next_char (text);
  }
  cluster.columns = character_columns (cluster.base);
  if (is_regional_indicator (cluster.base)) {
    cluster.columns = 2;
    if (end - cluster.end >= 4 && is_regional_indicator (g_utf8_get_char (cluster.end)))
      cluster.end = g_utf8_next_char (cluster.end);
  }
  if (cluster.end < end && (guchar) *cluster.end >= 0xC0)
    extend_cluster (&cluster, end);
  return cluster;
}

/* Letters of printable ASCII from @first on at @text, each a cluster: the last one only when no mark can follow it. */
static gsize ascii_run (const char *text, const char *end, char first) {
  const char *p = text;

  while (p < end && *p >= first && *p < 0x7F)
    p++;
  return (gsize) (p - text) - (p > text && p < end && (guchar) *p >= 0x80 ? 1 : 0);
}

static gsize columns_of (const char *text, const char *end) {
  gsize columns = 0;

  while (text < end) {
    gsize letters = ascii_run (text, end, ' ');
    Cluster cluster = { 0, (guint) letters, text + letters };

    if (letters == 0)
      cluster = next_cluster (text, end);
    columns += cluster.columns;
    text = cluster.end;
  }
  return columns;
}

gsize mugai_unicode_columns (const char *text, gssize length_bytes) {
  return columns_of (text, text + (length_bytes < 0 ? strlen (text) : (gsize) length_bytes));
}

/* A place where a line may end: the next one begins at @next. */
typedef struct {
  const char *next;
  gsize columns; /* of what stands before @next in this line */
} Break;

typedef struct {
  GString *out;
  const char *end;        /* of the source line */
  const char *line_start; /* of the output line being filled, in the source */
  const char *prefix;     /* quote marks repeated on each continuation */
  gsize prefix_bytes;
  gsize prefix_columns;
  gsize width;
  gsize columns; /* filled so far, with the prefix */
  Break last;    /* next == NULL: none in this line yet */
  gboolean break_words;
} Folder;

static gboolean is_blank (gunichar code) {
  return code == ' ' || code == '\t' || code == 0x3000;
}

static gboolean breaks_freely (const Cluster *cluster) {
  return (cluster->columns == 2 && cluster->base >= 0x80) || (cluster->base >= 0xFF61 && cluster->base <= 0xFF9F);
}

static gboolean is_ideograph (gunichar code) {
  return code >= 0x4E00 && code <= 0x9FFF;
}

/* Whether a line may end between the two: East Asian on either side, and kinsoku does not object. */
static gboolean may_break_between (const Cluster *before, const Cluster *after) {
  if (!breaks_freely (before) && !breaks_freely (after))
    return FALSE;
  if (before->base == CODE_NBSP || after->base == CODE_NBSP)
    return FALSE;
  return (is_ideograph (before->base) || !IN (no_end_ranges, before->base))
         && (is_ideograph (after->base) || !IN (no_start_ranges, after->base));
}

static gboolean may_hang (gunichar code) {
  return code == 0x3001 || code == 0x3002 || code == 0xFF0C || code == 0xFF0E;
}

static gsize quote_prefix_bytes (const char *line, const char *end) {
  const char *p = line;

  while (p < end && *p == '>') {
    p++;
    if (p < end && *p == ' ')
      p++;
  }
  return (gsize) (p - line);
}

static void append_trimmed (GString *out, const char *text, const char *end) {
  while (end > text && end[-1] == ' ')
    end--;
  g_string_append_len (out, text, end - text);
}

/* Ends the output line at @cut; the next one begins at @next, of which @columns are already measured. */
static void folder_cut (Folder *folder, const char *next, gsize columns) {
  append_trimmed (folder->out, folder->line_start, next);
  g_string_append_c (folder->out, '\n');
  g_string_append_len (folder->out, folder->prefix, (gssize) folder->prefix_bytes);
  folder->line_start = next;
  folder->columns = folder->prefix_columns + columns;
  folder->last.next = NULL;
}

static void folder_make_room (Folder *folder, const char *position, const Cluster *cluster) {
  gsize allowed = folder->width + (may_hang (cluster->base) ? HANGING_COLUMNS : 0);

  if (is_blank (cluster->base) || folder->columns + cluster->columns <= allowed)
    return;
  if (folder->last.next != NULL)
    folder_cut (folder, folder->last.next, folder->columns - folder->last.columns);
  if (folder->break_words && folder->columns + cluster->columns > allowed && position > folder->line_start)
    folder_cut (folder, position, 0);
}

/* The next cluster, or an ASCII word: no line ends inside it, so it may be taken at once. Before other letters its last
 * one stands alone: it says whether a line may end there. */
static Cluster next_unit (const Folder *folder, const char *text) {
  gsize letters = folder->break_words ? 0 : ascii_run (text, folder->end, '!');

  if (letters > 1)
    return (Cluster){ (guchar) *text, (guint) letters, text + letters };
  return next_cluster (text, folder->end);
}

static void fold_line (Folder *folder, const char *line) {
  Cluster before = { 0, 0, NULL };
  gboolean seen_text = FALSE;

  folder->line_start = line;
  folder->columns = folder->prefix_columns;
  folder->last.next = NULL;
  for (const char *p = line + folder->prefix_bytes; p < folder->end;) {
    Cluster cluster = next_unit (folder, p);
    gboolean blank = is_blank (cluster.base);

    if (seen_text && !blank && (is_blank (before.base) || may_break_between (&before, &cluster)))
      folder->last = (Break){ p, folder->columns };
    folder_make_room (folder, p, &cluster);
    folder->columns += cluster.columns;
    seen_text |= !blank;
    before = cluster;
    p = cluster.end;
  }
  g_string_append_len (folder->out, folder->line_start, folder->end - folder->line_start);
}

static void fold_one (GString *out, const char *line, const char *end, guint width, gboolean break_words) {
  Folder folder = { .out = out, .end = end, .prefix = line, .width = width, .break_words = break_words };
  gsize prefix_bytes;

  /* A column takes at least one byte, so a short line needs no measuring (wide ones take three). */
  if ((gsize) (end - line) <= width) {
    g_string_append_len (out, line, end - line);
    return;
  }
  prefix_bytes = quote_prefix_bytes (line, end);
  if (prefix_bytes <= width / 2)
    folder.prefix_bytes = folder.prefix_columns = prefix_bytes;
  fold_line (&folder, line);
}

char *mugai_unicode_fold (const char *text, guint width, gboolean break_words) {
  gsize length = strlen (text);
  const char *end = text + length;
  GString *out = g_string_sized_new (length + length / 16 + 16);

  width = MAX (width, MIN_FOLD_WIDTH);
  for (const char *line = text; line < end;) {
    const char *newline = memchr (line, '\n', (gsize) (end - line));

    fold_one (out, line, newline != NULL ? newline : end, width, break_words);
    if (newline == NULL)
      break;
    g_string_append_c (out, '\n');
    line = newline + 1;
  }
  return g_string_free (out, FALSE);
}
