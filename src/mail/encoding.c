/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/encoding: base64 and quoted-printable, strictly, with the lenient readings beside them.
 *
 * Readers disagree about base64 with padding in the middle or strangers in it, and about "=" that
 * begins no escape. So a part that needs leniency never passes as a part: it is marked, and each known
 * reader's result is a view for the scanner. Linear time; at most six readings in memory. Any thread.
 */
#include <string.h>

#include "encoding.h"

#define MAX_BLOCK_VIEWS 64u /* each is scanned for itself, which costs milliseconds; the rest is one view */

void mugai_decoded_free (MugaiDecoded *decoded) {
  if (decoded == NULL)
    return;
  g_clear_pointer (&decoded->content, g_bytes_unref);
  g_clear_pointer (&decoded->views, g_ptr_array_unref);
  g_free (decoded);
}

static MugaiDecoded *decoded_new (GByteArray *content) {
  MugaiDecoded *decoded = g_new0 (MugaiDecoded, 1);
  decoded->content = g_byte_array_free_to_bytes (content);
  decoded->views = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  decoded->strict = TRUE;
  return decoded;
}

void mugai_encoding_add_blocks (GPtrArray *views, GBytes *content, const GPtrArray *blocks) {
  GByteArray *rest = g_byte_array_new ();
  for (guint i = 0; i < blocks->len; i++) {
    const MugaiInBody *block = g_ptr_array_index (blocks, i);
    gsize length;
    const guint8 *data = g_bytes_get_data (block->decoded, &length);
    if (i < MAX_BLOCK_VIEWS)
      mugai_encoding_add_view (views, content, g_bytes_ref (block->decoded));
    else if (length <= G_MAXUINT / 2 - rest->len)
      g_byte_array_append (rest, data, (guint) length);
  }
  mugai_encoding_add_view (views, content, g_byte_array_free_to_bytes (rest));
}

void mugai_encoding_add_view (GPtrArray *views, GBytes *content, GBytes *view) {
  gboolean known = g_bytes_get_size (view) == 0 || g_bytes_equal (view, content);
  for (guint i = 0; !known && i < views->len; i++)
    known = g_bytes_equal (view, g_ptr_array_index (views, i));
  if (known)
    g_bytes_unref (view);
  else
    g_ptr_array_add (views, view);
}

/* ---- base64 ---- */

/* What each byte stands for, and one more than that: 0 is what is not in the alphabet. */
static const guint8 base64_places[256] = {
  ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
  ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
  ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
  ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
  ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
  ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
  ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
  ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64,
};

int mugai_encoding_base64_value (guchar c) {
  return base64_places[c] - 1;
}

static gboolean is_blank (guchar c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Six bits at a time in, whole bytes out. Room for all of them is taken at once. */
typedef struct {
  GByteArray *out;
  guint n_out;
  guint32 bits;
  guint n_bits;
} SixBits;

static SixBits six_bits_new (gsize n_digits) {
  SixBits six = { g_byte_array_new (), 0, 0, 0 };
  g_byte_array_set_size (six.out, (guint) MIN (n_digits / 4 * 3 + 3, G_MAXUINT / 2));
  return six;
}

static void six_bits_put (SixBits *six, guint value) {
  six->bits = (six->bits << 6) | value;
  six->n_bits += 6;
  if (six->n_bits < 8 || six->n_out >= six->out->len)
    return;
  six->n_bits -= 8;
  six->out->data[six->n_out++] = (guint8) (six->bits >> six->n_bits);
}

/* Whole quanta as far as there are any, from a place where none is begun: nearly all of a file goes this way. Returns the
 * number of bytes read. */
static gsize six_bits_put_quanta (SixBits *six, const char *data, gsize length_bytes) {
  gsize at = 0;

  while (six->n_bits == 0 && length_bytes - at >= 4 && six->out->len - six->n_out >= 3) {
    const guint8 *four = (const guint8 *) data + at;
    const guint8 a = base64_places[four[0]], b = base64_places[four[1]];
    const guint8 c = base64_places[four[2]], d = base64_places[four[3]];
    if (a == 0 || b == 0 || c == 0 || d == 0)
      break;
    guint32 bits = (guint32) (a - 1) << 18 | (guint32) (b - 1) << 12 | (guint32) (c - 1) << 6 | (guint32) (d - 1);
    guint8 *out = six->out->data + six->n_out;
    out[0] = (guint8) (bits >> 16);
    out[1] = (guint8) (bits >> 8);
    out[2] = (guint8) bits;
    six->n_out += 3;
    at += 4;
  }
  return at;
}

static GByteArray *six_bits_end (SixBits *six) {
  g_byte_array_set_size (six->out, six->n_out);
  return six->out;
}

/* A padding or a line end: what is left over of the quantum is lost. */
static void six_bits_reset (SixBits *six) {
  six->bits = 0;
  six->n_bits = 0;
}

typedef enum {
  BASE64_ON_AFTER_PADDING, /* strangers skipped, '=' ends a quantum, goes on (Outlook, many phones) */
  BASE64_STOP_AT_PADDING,  /* strangers skipped, ends at the first '=' (GMime 3.2.13, Python, Perl) */
  BASE64_PADDING_SKIPPED,  /* '=' is a stranger like any other */
  BASE64_STOP_AT_STRANGER, /* ends at the first byte that does not belong */
  BASE64_BY_LINE,          /* each line for itself */
  BASE64_URL_SAFE,         /* '-' and '_' are 62 and 63 */
  N_BASE64_READERS
} Base64Reader;

/* Returns FALSE when this reader reads no further. */
static gboolean base64_lenient_byte (SixBits *six, guchar c, Base64Reader reader) {
  int value = mugai_encoding_base64_value (c);
  if (value < 0 && reader == BASE64_URL_SAFE && (c == '-' || c == '_'))
    value = c == '-' ? 62 : 63;
  if (value >= 0) {
    six_bits_put (six, (guint) value);
    return TRUE;
  }
  if (c == '=') {
    if (reader == BASE64_STOP_AT_PADDING || reader == BASE64_STOP_AT_STRANGER)
      return FALSE;
    if (reader != BASE64_PADDING_SKIPPED)
      six_bits_reset (six);
    return TRUE;
  }
  if (c == '\n' && reader == BASE64_BY_LINE)
    six_bits_reset (six);
  return is_blank (c) || reader != BASE64_STOP_AT_STRANGER;
}

static GByteArray *base64_lenient (const char *data, gsize length_bytes, Base64Reader reader) {
  SixBits six = six_bits_new (length_bytes);
  for (gsize i = 0; i < length_bytes; i++)
    if (!base64_lenient_byte (&six, (guchar) data[i], reader))
      break;
  return six_bits_end (&six);
}

GByteArray *mugai_encoding_base64_generous (const char *data, gsize length_bytes) {
  return base64_lenient (data, length_bytes, BASE64_ON_AFTER_PADDING);
}

MugaiDecoded *mugai_encoding_base64 (const char *data, gsize length_bytes) {
  SixBits six = six_bits_new (length_bytes);
  gsize n_digits = 0, n_padding = 0;
  gboolean bad = FALSE;
  for (gsize i = 0; i < length_bytes && !bad; i++) {
    gsize quanta = n_padding == 0 ? six_bits_put_quanta (&six, data + i, length_bytes - i) : 0;
    n_digits += quanta;
    i += quanta;
    if (i >= length_bytes)
      break;
    guchar c = (guchar) data[i];
    int value = mugai_encoding_base64_value (c);
    if (value >= 0 && n_padding == 0) {
      six_bits_put (&six, (guint) value);
      n_digits++;
    } else if (c == '=') {
      n_padding++;
    } else {
      bad = !is_blank (c);
    }
  }
  gsize wanted = n_digits % 4 == 0 ? 0 : 4 - n_digits % 4;
  bad = bad || wanted == 3 || (n_padding != 0 && n_padding != wanted);
  MugaiDecoded *decoded = decoded_new (six_bits_end (&six));
  decoded->odd = bad || n_padding != wanted;
  if (!bad)
    return decoded;

  decoded->strict = FALSE;
  g_bytes_unref (decoded->content);
  decoded->content = g_byte_array_free_to_bytes (mugai_encoding_base64_generous (data, length_bytes));
  for (guint reader = BASE64_STOP_AT_PADDING; reader < N_BASE64_READERS; reader++)
    mugai_encoding_add_view (decoded->views, decoded->content,
                             g_byte_array_free_to_bytes (base64_lenient (data, length_bytes, reader)));
  return decoded;
}

/* ---- quoted-printable ---- */

/* Length of the line end at @i: 0 none, 1 LF, 2 CRLF. */
static gsize line_end_at (const char *data, gsize length_bytes, gsize i) {
  if (i < length_bytes && data[i] == '\n')
    return 1;
  return i + 1 < length_bytes && data[i] == '\r' && data[i + 1] == '\n' ? 2 : 0;
}

typedef enum {
  QP_KEEP,        /* a bad "=" stays as it is: what almost all readers do */
  QP_DROP_EQUALS, /* the "=" goes */
  QP_DROP_THREE,  /* the "=" and what should have been its digits go */
  N_QP_READERS
} QpReader;

typedef struct {
  GByteArray *out;
  QpReader reader;
  gboolean bad;
} QpState;

/* Careless senders leave "=" as it is (href="…", a=z): every reader shows it. Where a digit, a blank, a control or another "="
 * follows, readers differ. */
static gboolean qp_is_plain_equals (const char *data, gsize length_bytes, gsize i) {
  guchar next = i + 1 < length_bytes ? (guchar) data[i + 1] : '\0';
  return next > 0x20 && next < 0x7F && next != '=' && !g_ascii_isxdigit ((char) next);
}

/* An "=" at data[i]. Returns how many bytes were used up. */
static gsize qp_escape (QpState *state, const char *data, gsize length_bytes, gsize i) {
  if (i + 2 < length_bytes && g_ascii_isxdigit (data[i + 1]) && g_ascii_isxdigit (data[i + 2])) {
    guint8 byte = (guint8) (g_ascii_xdigit_value (data[i + 1]) << 4 | g_ascii_xdigit_value (data[i + 2]));
    g_byte_array_append (state->out, &byte, 1);
    return 3;
  }
  /* A soft line break, with the blanks that transports put behind it. */
  gsize j = i + 1;
  while (j < length_bytes && (data[j] == ' ' || data[j] == '\t'))
    j++;
  gsize end = line_end_at (data, length_bytes, j);
  if (end != 0 || j == length_bytes)
    return j + end - i;
  state->bad = state->bad || !qp_is_plain_equals (data, length_bytes, i);
  if (state->reader == QP_KEEP)
    g_byte_array_append (state->out, (const guint8 *) "=", 1);
  return state->reader == QP_DROP_THREE ? MIN ((gsize) 3, length_bytes - i) : 1;
}

/* Blanks at data[i]: kept within a line, gone at its end (RFC 2045 6.7 rule 3). Returns how many bytes were used up. */
static gsize qp_blanks (QpState *state, const char *data, gsize length_bytes, gsize i) {
  gsize j = i;
  while (j < length_bytes && (data[j] == ' ' || data[j] == '\t'))
    j++;
  if (j < length_bytes && line_end_at (data, length_bytes, j) == 0)
    g_byte_array_append (state->out, (const guint8 *) data + i, (guint) (j - i));
  return j - i;
}

static GByteArray *qp_read (const char *data, gsize length_bytes, QpReader reader, gboolean *ret_bad) {
  QpState state = { g_byte_array_sized_new ((guint) MIN (length_bytes, G_MAXUINT / 2)), reader, FALSE };
  gsize i = 0;
  while (i < length_bytes) {
    if (data[i] == '=') {
      i += qp_escape (&state, data, length_bytes, i);
    } else if (data[i] == ' ' || data[i] == '\t') {
      i += qp_blanks (&state, data, length_bytes, i);
    } else {
      gsize start = i;
      while (i < length_bytes && data[i] != '=' && data[i] != ' ' && data[i] != '\t')
        i++;
      g_byte_array_append (state.out, (const guint8 *) data + start, (guint) (i - start));
    }
  }
  if (ret_bad != NULL)
    *ret_bad = state.bad;
  return state.out;
}

MugaiDecoded *mugai_encoding_quoted_printable (const char *data, gsize length_bytes) {
  gboolean bad = FALSE;
  MugaiDecoded *decoded = decoded_new (qp_read (data, length_bytes, QP_KEEP, &bad));
  decoded->strict = !bad;
  decoded->odd = bad;
  if (!bad)
    return decoded;
  for (guint reader = QP_DROP_EQUALS; reader < N_QP_READERS; reader++)
    mugai_encoding_add_view (decoded->views, decoded->content,
                             g_byte_array_free_to_bytes (qp_read (data, length_bytes, reader, NULL)));
  return decoded;
}
