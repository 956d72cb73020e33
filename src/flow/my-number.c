/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Individual numbers (個人番号, "My Number") in a text: by their form and their check digit (see flow.h). Linear in the text; what stands
 * in front of a number and behind it decides whether it is one: a card number has four groups of four. Any thread.
 */
#include "mugai/flow.h"

#include <string.h>

#define N_DIGITS 12u
#define GROUP 4u

/* The digit at @at, ASCII or U+FF10..FF19; -1: none. @ret_bytes: its length. */
static int digit_at (const char *at, const char *end, gsize *ret_bytes) {
  *ret_bytes = 1;
  if (at < end && g_ascii_isdigit (*at))
    return *at - '0';
  if (end - at < 3 || memcmp (at, "\xEF\xBC", 2) != 0)
    return -1;
  guchar last = (guchar) at[2];
  *ret_bytes = 3;
  return last >= 0x90 && last <= 0x99 ? last - 0x90 : -1;
}

/* Length of one separator at @at; 0: none. */
static gsize separator_at (const char *at, const char *end) {
  static const char *const separators[] = {
    "-", " ", "\xE3\x80\x80", "\xE2\x80\x90", "\xE2\x88\x92", "\xEF\xBC\x8D", "\xE3\x83\xBC"
  };
  for (gsize i = 0; i < G_N_ELEMENTS (separators); i++) {
    if (at >= end || *at != *separators[i])
      continue;
    gsize length = strlen (separators[i]);
    if ((gsize) (end - at) >= length && memcmp (at, separators[i], length) == 0)
      return length;
  }
  return 0;
}

/* 総務省令 5条: 11 less the rest by 11 of the sum of P(n) Q(n), P(n) the n-th digit from the right of the eleven; a rest of 0 or 1 gives 0. */
static gboolean checks (const guint8 digits[N_DIGITS]) {
  guint sum = 0;
  gboolean all_zero = TRUE;
  for (guint n = 1; n < N_DIGITS; n++) {
    guint digit = digits[N_DIGITS - 1 - n];
    sum += digit * (n <= 6 ? n + 1 : n - 5);
    all_zero = all_zero && digit == 0;
  }
  guint rest = sum % 11;
  return !all_zero && digits[N_DIGITS - 1] == (rest <= 1 ? 0 : 11 - rest);
}

/* Reads digits in a row, at most one more than @wanted. Returns: how many; *@at is behind them. */
static guint read_run (const char **at, const char *end, guint wanted, guint8 *digits) {
  guint n = 0;
  gsize bytes;
  for (int digit; n <= wanted && (digit = digit_at (*at, end, &bytes)) >= 0; *at += bytes, n++)
    if (n < wanted)
      digits[n] = (guint8) digit;
  return n;
}

/* One digit group of four behind a separator: a fourth one makes it another number. */
static gboolean has_fourth_group (const char *at, const char *end) {
  guint8 unused[GROUP];
  gsize separator = separator_at (at, end);
  at += separator;
  return separator > 0 && read_run (&at, end, GROUP, unused) == GROUP;
}

/* @at: the first digit of a run. TRUE: the run is a number. */
static gboolean is_number (const char *at, const char *end) {
  guint8 digits[N_DIGITS];
  return read_run (&at, end, N_DIGITS, digits) == N_DIGITS && checks (digits);
}

/* TRUE: it is the first group of a number. */
static gboolean begins_number (const char *behind, const char *end) {
  guint8 digits[N_DIGITS];
  const char *first = NULL; /* the separator behind the first group: the other one is the same */
  for (guint group = 0; group < N_DIGITS / GROUP; group++) {
    gsize separator = group > 0 ? separator_at (behind, end) : 0;
    if (group > 0 && (separator == 0 || (first != NULL && memcmp (behind, first, separator) != 0)))
      return FALSE;
    first = group == 1 ? behind : first;
    behind += separator;
    if (read_run (&behind, end, GROUP, digits + group * GROUP) != GROUP)
      return FALSE;
  }
  return !has_fourth_group (behind, end) && checks (digits);
}

gboolean mugai_flow_has_my_number (const char *text, gsize length_bytes) {
  const char *end = text + length_bytes;
  gsize bytes;
  guint groups = 0; /* of four digits with separators between them, that end here */
  for (const char *at = text; at < end;) {
    if (digit_at (at, end, &bytes) < 0) {
      gsize separator = separator_at (at, end);
      groups = separator > 0 ? groups : 0;
      at += separator > 0 ? separator : 1;
      continue;
    }
    if (is_number (at, end) || (groups == 0 && begins_number (at, end)))
      return TRUE;
    guint n = 0;
    for (; digit_at (at, end, &bytes) >= 0; at += bytes)
      n++;
    groups = n == GROUP ? groups + 1 : 0;
  }
  return FALSE;
}
