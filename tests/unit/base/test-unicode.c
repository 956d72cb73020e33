/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Unit tests of base/unicode: safe text, columns and folding.
 */
#include <string.h>

#include "mugai/base/unicode.h"

static void test_make_safe (void) {
  static const struct {
    const char *in;
    gsize max;
    const char *out;
  } rows[] = {
    { NULL, 0, "" },
    { "a\r\nb\tc", 0, "a  b c" },
    { "x\xE2\x80\xAEgpj.exe\x1B[2J", 0, "xgpj.exe[2J" },
    { "a\xFF"
      "b",
      0,
      "a\xEF\xBF\xBD"
      "b" },
    { "\xEF\xBB\xBF"
      "a\xE2\x80\x8B",
      0, "a" },
    { "\xEF\xA8\x99", 0, "\xEF\xA8\x99" },
    { "日本語", 8, "日…" },
    { "日本語", 9, "日本語" },
    { "abcdef", 2, "ab" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *safe = mugai_unicode_make_safe (rows[i].in, -1, rows[i].max);

    g_assert_cmpstr (safe, ==, rows[i].out);
  }
}

static void test_make_safe_lines (void) {
  g_autofree char *safe = mugai_unicode_make_safe_lines ("a\r\nb\rc\nd\te\xE2\x80\xA8"
                                                         "f\xC2\x85g\fh",
                                                         -1, 0);

  g_assert_cmpstr (safe, ==, "a\nb\nc\nd\te\nf\ng\nh");
}

static void test_columns (void) {
  static const struct {
    const char *text;
    gsize columns;
  } rows[] = {
    { "abc", 3 },      { "日本", 4 },      { "ｱｲｳ", 3 },     { "①※→…", 8 },
    { "é", 1 },        { "e\xCC\x81", 1 }, { "😀", 2 },       { "👨‍👩‍👧", 2 },
    { "👍🏽", 2 }, { "🇯🇵", 2 },        { "1️⃣", 2 }, { "か\xE3\x82\x99", 2 },
    { "❤️", 2 },   { "“x”", 3 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpuint (mugai_unicode_columns (rows[i].text, -1), ==, rows[i].columns);
}

/* か and U+3099 are が; U+FA19 of a person's name stays what it is. */
static void test_voice_marks (void) {
  g_autofree char *joined = mugai_unicode_join_voice_marks ("か\u3099は\u309A\uFA19e\u0301");
  g_assert_cmpstr (joined, ==, "がぱ\uFA19e\u0301");
}

static void check_fold (const char *text, gboolean break_words, const char *wanted) {
  g_autofree char *folded = mugai_unicode_fold (text, 20, break_words);

  g_assert_cmpstr (folded, ==, wanted);
}

static void test_fold (void) {
  check_fold ("short\n", FALSE, "short\n");
  check_fold ("aaaa bbbb cccc dddd eeee", FALSE, "aaaa bbbb cccc dddd\neeee");
  check_fold ("> aaaa bbbb cccc dddd eeee", FALSE, "> aaaa bbbb cccc\n> dddd eeee");
  check_fold ("一二三四五六七八九十。次", FALSE, "一二三四五六七八九十。\n次");
  check_fold ("一二三四五六七八九「次", FALSE, "一二三四五六七八九\n「次");
  check_fold ("一二三四五六七八九十っと", FALSE, "一二三四五六七八九\n十っと");
  check_fold ("aaaaaaaaaaaaaaaaaaaaaaaaa", FALSE, "aaaaaaaaaaaaaaaaaaaaaaaaa");
  check_fold ("aaaaaaaaaaaaaaaaaaaaaaaaa", TRUE, "aaaaaaaaaaaaaaaaaaaa\naaaaa");
}

int main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/unicode/make-safe", test_make_safe);
  g_test_add_func ("/base/unicode/make-safe-lines", test_make_safe_lines);
  g_test_add_func ("/base/unicode/columns", test_columns);
  g_test_add_func ("/base/unicode/voice-marks", test_voice_marks);
  g_test_add_func ("/base/unicode/fold", test_fold);
  return g_test_run ();
}
