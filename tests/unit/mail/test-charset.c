/* SPDX-License-Identifier: GPL-2.0-only
 *
 * test-charset: the charset rows of the catalogue of Japanese mail, and the bugs others had with them.
 *
 * Expected text was made with Python's codecs and by hand, never with the code under test.
 */
#include "mugai/mail/charset.h"

#include <string.h>

typedef struct {
  const char *title;
  const char *bytes;
  gsize length;
  const char *declared;
  const char *text;
  const char *used;
  MugaiCharsetOutcome outcome;
} Case;

/* clang-format off */
static const Case cases[] = {
  { "C3-1 NEC row 13", "A \x1B$B-!\x1B(B Z", 12, "iso-2022-jp", "A ① Z", "iso-2022-jp", MUGAI_CHARSET_OK },
  { "C3-1 company and era", "\x1B$B-j\x1B(B", 8, "iso-2022-jp", "㈱", "iso-2022-jp", MUGAI_CHARSET_OK },
  { "jakarta 114: millimetre sign", "\x1B$B-@\x1B(B", 8, "iso-2022-jp", "㍉", "iso-2022-jp", MUGAI_CHARSET_OK },
  { "C3-2 IBM extensions", "\x1B$B|byu\x1B(B", 10, "iso-2022-jp", "髙﨑", "iso-2022-jp", MUGAI_CHARSET_OK },
  { "C3-3 half-width kana", "\x1B(I123\x1B(Bx", 10, "iso-2022-jp", "ｱｲｳx", "iso-2022-jp", MUGAI_CHARSET_OK },
  { "C3-4 JIS-Roman", "\x1B(Jhttp://x/~u\\\x1B(B", 18, "iso-2022-jp", "http://x/~u\\", "iso-2022-jp", MUGAI_CHARSET_OK },
  { "C3-5 wave dash and friends", "\x1B$B!A!]!B!=\x1B(B", 14, "iso-2022-jp", "～－∥―", "iso-2022-jp", MUGAI_CHARSET_OK },
  { "C3-8 words each opening ESC", "\x1B$B$\"\x1B(B\x1B$B$$\x1B(B", 16, "iso-2022-jp", "あい", "iso-2022-jp", MUGAI_CHARSET_OK },
  { "C3-17 docomo sun", "\x82\xA0\xF8\x9F\x82\xA2", 6, "shift_jis", "あ☀い", "cp932", MUGAI_CHARSET_OK },
  { "C3-17 au sun", "\xF6`", 2, "shift_jis", "☀", "cp932", MUGAI_CHARSET_OK },
  { "C3-17 SoftBank web code", "a\x1B$Gj\x0F" "b", 7, "iso-2022-jp", "a☀b", "iso-2022-jp", MUGAI_CHARSET_OK },
  { "C3-17 unknown user-defined", "\x82\xA0\xF0@\x82\xA2", 6, "shift_jis", "あ〓い", "cp932", MUGAI_CHARSET_REPAIRED },
  { "C3-19 UTF-8 labelled JIS", "\xE3\x81\x8A\xE7\x9F\xA5\xE3\x82\x89\xE3\x81\x9B", 12, "iso-2022-jp", "お知らせ", "utf-8", MUGAI_CHARSET_GUESSED },
  { "C3-19 UTF-8 labelled Shift_JIS", "\xE3\x81\x8A\xE7\x9F\xA5\xE3\x82\x89\xE3\x81\x9B", 12, "shift_jis", "お知らせ", "utf-8", MUGAI_CHARSET_GUESSED },
  { "C1-2 Shift_JIS labelled UTF-8", "\x82\xA8\x92m\x82\xE7\x82\xB9", 8, "utf-8", "お知らせ", "cp932", MUGAI_CHARSET_GUESSED },
  { "C1-13 Shift_JIS labelled us-ascii", "\x89\xEF\x8B" "c", 4, "us-ascii", "会議", "cp932", MUGAI_CHARSET_GUESSED },
  { "C3-19 EUC labelled Shift_JIS", "\xA4\xAA\xC3\xCE\xA4\xE9\xA4\xBB\xA4\xCE\xA4\xB1\xA4\xF3", 14, "shift_jis", "お知らせのけん", "cp51932", MUGAI_CHARSET_GUESSED },
  { "JIS without a label", "\x1B$B7oL>\x1B(B", 10, NULL, "件名", "iso-2022-jp", MUGAI_CHARSET_GUESSED },
  { "JIS labelled UTF-8", "\x1B$B7oL>\x1B(B", 10, "utf-8", "件名", "iso-2022-jp", MUGAI_CHARSET_GUESSED },
  { "C3-20 escapes survive until decoding", "\x1B$BF|K\\\x1B(B", 10, "iso-2022-jp", "日本", "iso-2022-jp", MUGAI_CHARSET_OK },
  { "zbateson 50: half-width in Shift_JIS", "\xB1\xB2\xB3", 3, "shift_jis", "ｱｲｳ", "cp932", MUGAI_CHARSET_OK },
  { "C1-5 shift_jis keeps ASCII", "http://x/~u\\", 12, "shift_jis", "http://x/~u\\", "cp932", MUGAI_CHARSET_OK },
  { "C1-6 windows-31j", "\x87@\xFB\xFC", 4, "windows-31j", "①髙", "cp932", MUGAI_CHARSET_OK },
  { "x-euc-jp, row 13 and 92", "\xAD\xA1\xFC\xE2", 4, "x-euc-jp", "①髙", "cp51932", MUGAI_CHARSET_OK },
  { "eucJP-ms three bytes", "\x8F\xB0\xA1\x8E\xB1", 5, "eucjp-ms", "丂ｱ", "cp51932", MUGAI_CHARSET_OK },
  { "JIS X 0212", "\x1B$(D0!\x1B(B", 9, "iso-2022-jp", "丂", "iso-2022-jp", MUGAI_CHARSET_OK },
  { "old JIS, new line resets", "\x1B$@$\"\nabc", 9, "iso-2022-jp", "あ\nabc", "iso-2022-jp", MUGAI_CHARSET_OK },
  { "truncated pair", "\x1B$B$\"$", 6, "iso-2022-jp", "あ�", "iso-2022-jp", MUGAI_CHARSET_REPAIRED },
  { "bad pair costs one", "\x1B$B$\"/~$$\x1B(B", 12, "iso-2022-jp", "あ�い", "iso-2022-jp", MUGAI_CHARSET_REPAIRED },
  { "lone lead before a quote", "\x82\xA0\x82\"x\"\x82\xA2\x82\xA0\x82\xA2", 12, "shift_jis", "あ�\"x\"いあい", "cp932", MUGAI_CHARSET_REPAIRED },
  { "8-bit kana in JIS", "\x1B$B$\"\x1B(B\xB1\xB2", 10, "iso-2022-jp", "あｱｲ", "iso-2022-jp", MUGAI_CHARSET_OK },
  { "8-bit kana in JIS without a label", "\x1B$B$\"\x1B(B\xB1\xB2", 10, NULL, "あｱｲ", "iso-2022-jp", MUGAI_CHARSET_GUESSED },
  { "Netscape's x-user-defined says nothing", "\x89\xEF\x8B" "c", 4, "x-user-defined", "会議", "cp932", MUGAI_CHARSET_GUESSED },
  { "UTF-8 in JIS", "\x1B$B$\"\x1B(B\xE3\x81\x84", 11, "iso-2022-jp", "あい", "iso-2022-jp", MUGAI_CHARSET_OK },
  { "unknown escape stays", "\x1B[31m\x1B$B$\"\x1B(B", 13, "iso-2022-jp", "\x1B[31mあ", "iso-2022-jp", MUGAI_CHARSET_REPAIRED },
  { "NUL", "a\x00" "b", 3, "utf-8", "a�b", "utf-8", MUGAI_CHARSET_REPAIRED },
  { "truncated UTF-8", "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA", 8, "utf-8", "日本�", "utf-8", MUGAI_CHARSET_REPAIRED },
  { "BOM", "\xEF\xBB\xBF" "a\xC3\xA9", 6, "utf-8", "aé", "utf-8", MUGAI_CHARSET_OK },
  { "Latin-1", "Gr\xFC\xDF" "e", 5, "iso-8859-1", "Grüße", "windows-1252", MUGAI_CHARSET_OK },
  { "KOI8-R", "\xF0\xD2\xC9\xD7\xC5\xD4", 6, "koi8-r", "Привет", "koi8-r", MUGAI_CHARSET_OK },
  { "GBK", "\xD6\xD0\xB9\xFA", 4, "gb2312", "中国", "gb18030", MUGAI_CHARSET_OK },
  { "Big5", "\xA4\xA4\xB0\xEA", 4, "big5", "中國", "big5", MUGAI_CHARSET_OK },
  { "EUC-KR", "\xC7\xD1\xB1\xB9", 4, "ks_c_5601-1987", "한국", "euc-kr", MUGAI_CHARSET_OK },
  { "language suffix", "\x1B$B7oL>\x1B(B", 10, "ISO-2022-JP*ja", "件名", "iso-2022-jp", MUGAI_CHARSET_OK },
  { "unknown label, ASCII", "abc", 3, "x-bogus", "abc", "us-ascii", MUGAI_CHARSET_GUESSED },
  { "UTF-7", "+ADw-", 5, "utf-7", "", "refused", MUGAI_CHARSET_REFUSED },
  { "UTF-16", "a\x00", 2, "UTF-16LE", "", "refused", MUGAI_CHARSET_REFUSED },
  { "HZ", "~{", 2, "hz-gb-2312", "", "refused", MUGAI_CHARSET_REFUSED },
  { "EBCDIC", "\xC1", 1, "ibm037", "", "refused", MUGAI_CHARSET_REFUSED },
  { "ISO-2022-KR", "\x0E", 1, "iso-2022-kr", "", "refused", MUGAI_CHARSET_REFUSED },
};
/* clang-format on */

static void test_cases (void) {
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    const Case *c = &cases[i];
    g_test_message ("%s", c->title);
    g_autoptr (MugaiCharsetResult) result = mugai_mail_charset_decode (c->bytes, c->length, c->declared, NULL);
    g_assert_cmpstr (result->text, ==, c->text);
    g_assert_cmpstr (result->used, ==, c->used);
    g_assert_cmpint (result->outcome, ==, c->outcome);
  }
}

static void test_hint (void) {
  /* Two bytes that are good Shift_JIS, EUC-JP and Latin-1. */
  g_autoptr (MugaiCharsetResult) euc = mugai_mail_charset_decode ("\xB1\xB2", 2, NULL, "euc-jp");
  g_assert_cmpstr (euc->text, ==, "渦");
  g_assert_cmpint (euc->outcome, ==, MUGAI_CHARSET_GUESSED);
  g_autoptr (MugaiCharsetResult) kana = mugai_mail_charset_decode ("\xB1\xB2", 2, NULL, "shift_jis");
  g_assert_cmpstr (kana->text, ==, "ｱｲ");
}

static void test_nothing (void) {
  g_autoptr (MugaiCharsetResult) result = mugai_mail_charset_decode (NULL, 0, NULL, NULL);
  g_assert_cmpstr (result->text, ==, "");
  g_assert_cmpint (result->outcome, ==, MUGAI_CHARSET_OK);
}

static void test_refused (void) {
  g_assert_true (mugai_mail_charset_is_refused ("UTF-7"));
  g_assert_true (mugai_mail_charset_is_refused ("x-imap4-modified-utf7"));
  g_assert_true (mugai_mail_charset_is_refused ("utf-32be"));
  g_assert_true (mugai_mail_charset_is_refused ("IBM1047"));
  g_assert_false (mugai_mail_charset_is_refused ("ibm866"));
  g_assert_false (mugai_mail_charset_is_refused ("unicode-1-1-utf-8"));
  g_assert_false (mugai_mail_charset_is_refused (NULL));
  g_assert_false (mugai_mail_charset_is_refused ("x-unknown"));
}

/* A bad character in a long text costs one character and no other label is tried. */
static void test_one_bad_in_many (void) {
  g_autoptr (GString) bytes = g_string_new ("\x1B$B");
  for (guint i = 0; i < 200; i++)
    g_string_append (bytes, i == 100 ? "/~" : "$\"");
  g_string_append (bytes, "\x1B(B");
  g_autoptr (MugaiCharsetResult) result = mugai_mail_charset_decode (bytes->str, bytes->len, "iso-2022-jp", NULL);
  g_assert_cmpuint (result->repaired, ==, 1);
  g_assert_cmpint (g_utf8_strlen (result->text, -1), ==, 200);
}

/* The work grows with the input, not with its square. */
static void test_hostile_is_linear (void) {
  const char *const units[] = { "\x1B", "\x1B$B", "\xE3\x81", "\x82", "\xF0\x9F", "\x1B$B\xB1", "\x8F\xA1", "\x1B$G" };
  for (gsize i = 0; i < G_N_ELEMENTS (units); i++) {
    g_autoptr (GString) bytes = g_string_new (NULL);
    while (bytes->len < 1024 * 1024)
      g_string_append (bytes, units[i]);
    gint64 start = g_get_monotonic_time ();
    g_autoptr (MugaiCharsetResult) result = mugai_mail_charset_decode (bytes->str, bytes->len, NULL, NULL);
    g_assert_true (g_utf8_validate (result->text, -1, NULL));
    g_assert_cmpint (g_get_monotonic_time () - start, <, 20 * G_USEC_PER_SEC);
  }
}

int main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  mugai_mail_charset_init ();
  g_test_add_func ("/mail/charset/cases", test_cases);
  g_test_add_func ("/mail/charset/hint", test_hint);
  g_test_add_func ("/mail/charset/nothing", test_nothing);
  g_test_add_func ("/mail/charset/refused", test_refused);
  g_test_add_func ("/mail/charset/one-bad-in-many", test_one_bad_in_many);
  g_test_add_func ("/mail/charset/hostile-is-linear", test_hostile_is_linear);
  return g_test_run ();
}
