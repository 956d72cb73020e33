/* SPDX-License-Identifier: GPL-2.0-only
 *
 * gate/decode: base64, hexadecimal, encoded words, and what text may say: see decode.h.
 *
 * Written anew for the gate, on purpose: a fault in the reader's or writer's decoders must not be repeated by
 * the wall behind them. Each accepts one form only: for every content there is just one base64. Pure; any thread.
 */
#include "decode.h"

#include <string.h>

#define WORD_HEAD "=?UTF-8?B?"

/* The place of each byte in the alphabet, from 1; 0: not in it. */
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

static int base64_value (char character) {
  return base64_places[(guint8) character] - 1;
}

/* The last quantum: "xx==", "xxx=" or full, its unused bits 0. */
static gboolean base64_last (const char *quantum, GString *out) {
  int a = base64_value (quantum[0]), b = base64_value (quantum[1]);
  int c = base64_value (quantum[2]), d = base64_value (quantum[3]);

  if (a < 0 || b < 0)
    return FALSE;
  g_string_append_c (out, (char) (a << 2 | b >> 4));
  if (quantum[2] == '=')
    return quantum[3] == '=' && (b & 15) == 0;
  if (c < 0)
    return FALSE;
  g_string_append_c (out, (char) ((b & 15) << 4 | c >> 2));
  if (quantum[3] == '=')
    return (c & 3) == 0;
  if (d < 0)
    return FALSE;
  g_string_append_c (out, (char) ((c & 3) << 6 | d));
  return TRUE;
}

gboolean gate_base64 (const char *text, gsize length_bytes, GString *out) {
  if (length_bytes == 0 || length_bytes % 4 != 0)
    return FALSE;
  gsize start = out->len, whole = length_bytes - 4;
  g_string_set_size (out, start + whole / 4 * 3);
  char *bytes = out->str + start;
  for (gsize i = 0; i < whole; i += 4, bytes += 3) {
    int a = base64_value (text[i]), b = base64_value (text[i + 1]);
    int c = base64_value (text[i + 2]), d = base64_value (text[i + 3]);
    if ((a | b | c | d) < 0) {
      g_string_set_size (out, (gsize) (bytes - out->str));
      return FALSE;
    }
    bytes[0] = (char) (a << 2 | b >> 4);
    bytes[1] = (char) ((b & 15) << 4 | c >> 2);
    bytes[2] = (char) ((c & 3) << 6 | d);
  }
  return base64_last (text + length_bytes - 4, out);
}

static int hex_digit (char character) {
  if (character >= '0' && character <= '9')
    return character - '0';
  return character >= 'A' && character <= 'F' ? character - 'A' + 10 : -1;
}

int gate_hex (char high, char low) {
  int a = hex_digit (high), b = hex_digit (low);
  return a < 0 || b < 0 ? -1 : a << 4 | b;
}

gsize gate_word (const char *text, gsize length_bytes, GString *out) {
  const gsize head = strlen (WORD_HEAD), limit = MIN (length_bytes, GATE_MAX_WORD_BYTES);
  gsize end = head, at, start = out->len;

  if (limit < head || memcmp (text, WORD_HEAD, head) != 0)
    return 0;
  while (end < limit && text[end] != '?')
    end++;
  if (end + 2 > limit || text[end + 1] != '=')
    return 0;
  if (!gate_base64 (text + head, end - head, out))
    return 0;
  return gate_is_safe (out->str + start, out->len - start, FALSE, &at) ? end + 2 : 0;
}

/* One character of UTF-8 in its shortest form, no surrogate; returns its length, 0 when it is none. */
static gsize utf8_character (const guint8 *bytes, gsize left, gunichar *ret_code) {
  static const gunichar smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
  gsize length = bytes[0] < 0x80 ? 1 : bytes[0] < 0xC2 ? 0 : bytes[0] < 0xE0 ? 2 : bytes[0] < 0xF0 ? 3 : 4;

  if (length == 1)
    *ret_code = bytes[0];
  if (length <= 1)
    return length;
  if (bytes[0] > 0xF4 || length > left)
    return 0;
  gunichar code = bytes[0] & (0x7Fu >> length);
  for (gsize i = 1; i < length; i++) {
    if ((bytes[i] & 0xC0) != 0x80)
      return 0;
    code = code << 6 | (bytes[i] & 0x3F);
  }
  if (code < smallest[length] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
    return 0;
  *ret_code = code;
  return length;
}

static gboolean code_is_safe (gunichar code) {
  if (code < 0x20 || (code >= 0x7F && code <= 0x9F)) /* C0, DEL, C1 */
    return FALSE;
  if (code == 0x061C || code == 0x200E || code == 0x200F || (code >= 0x2028 && code <= 0x202E)
      || (code >= 0x2066 && code <= 0x2069)) /* bidirectional controls, line and paragraph separator */
    return FALSE;
  if (code >= 0xE0000 && code <= 0xE007F) /* tags: invisible ASCII */
    return FALSE;
  return !((code >= 0xFDD0 && code <= 0xFDEF) || (code & 0xFFFE) == 0xFFFE); /* noncharacters */
}

gboolean gate_is_safe (const char *text, gsize length_bytes, gboolean lines, gsize *ret_at) {
  const guint8 *bytes = (const guint8 *) text;

  for (gsize i = 0, length; i < length_bytes; i += length) {
    gunichar code = 0;
    length = utf8_character (bytes + i, length_bytes - i, &code);
    gboolean line_end = code == '\n' || (code == '\r' && i + 1 < length_bytes && bytes[i + 1] == '\n');
    *ret_at = i;
    if (length == 0)
      return FALSE;
    if (!code_is_safe (code) && !(lines && (code == '\t' || line_end)))
      return FALSE;
  }
  return TRUE;
}
