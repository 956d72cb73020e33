/* SPDX-License-Identifier: GPL-2.0-only
 *
 * test-header: the header rows of the catalogue of Japanese mail, the bugs others had with them, and hostile fields.
 *
 * Expected text was made with Python's codecs and by hand, never with the code under test.
 */
#include "mugai/mail/header.h"

#include <string.h>

#include "mugai/mail/charset.h"

typedef struct {
  const char *title;
  const char *raw;
  gsize length;
  const char *expected; /* text, or entries "name <address>" joined by '|' */
  guint odd;
} Case;

typedef struct {
  const char *title;
  const char *raw;
  gsize length;
  const char *value;
  const char *names; /* the likely ones, joined by '|'; other readings may follow */
  guint odd;
} ParameterCase;

/* clang-format off */
static const Case texts[] = {
  { "C1-1 padding between words (GMime 133, postal-mime 68)", "=?UTF-8?B?44GCYQ==?= =?UTF-8?B?44GE?=", 37, "あaい", 0 },
  { "C1-1 in JIS", "=?ISO-2022-JP?B?GyRCJCIbKEI=?= =?ISO-2022-JP?B?GyRCJCQbKEI=?=", 61, "あい", 0 },
  { "C3-7 cut inside a JIS pair (node-imap 360, vmime 103)", "=?ISO-2022-JP?B?GyRCJA==?= =?ISO-2022-JP?B?IhsoQg==?=", 53, "あ", 0 },
  { "C3-7 JIS left open over three words", "=?ISO-2022-JP?B?GyRCRnw=?=\r\n =?iso-2022-jp?B?S1w4bA==?=\r\n\t=?iso-2022-jp?B?JE43b0w+GyhC?=", 88, "日本語の件名", 0 },
  { "C3-7 cut inside UTF-8, in Q", "=?utf-8?Q?=E3=81?=\r\n =?utf-8?Q?=82?=", 36, "あ", 0 },
  { "C3-7 base64 cut inside a quantum", "=?utf-8?B?44G?= =?utf-8?B?C44GE?=", 33, "あい", MUGAI_HEADER_ODD_BAD_WORD },
  { "C3-8 open word, then an ASCII one", "=?ISO-2022-JP?B?GyRCJCI=?= =?ISO-2022-JP?B?YWJj?=", 49, "あabc", 0 },
  { "C3-9 in quotes", "\"=?utf-8?B?5Lu25ZCN?=\"", 22, "\"件名\"", 0 },
  { "C3-9 glued (sisimai 327)", "Re:=?ISO-2022-JP?B?GyRCRnxLXDhsJE43b0w+GyhC?=abc", 48, "Re:日本語の件名abc", 0 },
  { "C3-9 words glued", "=?UTF-8?B?44GC?==?UTF-8?B?44GE?=", 32, "あい", 0 },
  { "C3-9 no padding", "=?utf-8?B?44GCYQ?= =?utf-8?B?44GE?=", 35, "あaい", MUGAI_HEADER_ODD_BAD_WORD },
  { "C3-9 raw blanks in Q", "=?utf-8?Q?=E3=81=82 b_c?= d", 27, "あ b c d", MUGAI_HEADER_ODD_BAD_WORD },
  { "C3-9 TAB fold, lower case, language", "=?iso-2022-jp*ja?B?GyRCN28bKEI=?=\r\n\t=?iso-2022-jp*ja?B?GyRCTD4bKEI=?=", 69, "件名", 0 },
  { "C3-9 blanks in the opening", "=? ISO-2022-JP? B?GyRCRnxLXDhsJE43b0w+GyhC?=", 44, "日本語の件名", MUGAI_HEADER_ODD_BAD_WORD },
  { "C3-10 raw JIS", "\x1B$BF|K\\8l$N7oL>\x1B(B", 18, "日本語の件名", 0 },
  { "C3-10 raw Shift_JIS", "\x95\\\x8E\xA6 \x8F\\\x8C\x8E \x97\\\x8EZ", 14, "表示 十月 予算", MUGAI_HEADER_ODD_RAW_8BIT },
  { "C3-10 raw EUC-JP", "\xA4\xA2\xC6\xFC\xCB\xDC\xB8\xEC", 8, "あ日本語", MUGAI_HEADER_ODD_RAW_8BIT },
  { "C3-10 raw UTF-8", "\xE4\xBB\xB6\xE5\x90\x8D", 6, "件名", MUGAI_HEADER_ODD_RAW_8BIT },
  { "C3-10 raw JIS with =? inside a pair", "\x1B$B=?Bt\x1B(B", 10, "戎沢", 0 },
  { "C3-6 emoji", "=?utf-8?B?8J+YgOONv+OLgA==?=", 28, "😀㍿㋀", 0 },
  { "C3-3 and 1 in a word (rspamd 1669)", "=?ISO-2022-JP?B?GyRCLSEbKEkxMjMbKEp+GyRCfGIbKEI=?=", 50, "①ｱｲｳ~髙", 0 },
  { "wrong label", "=?ISO-2022-JP?B?44OG44K544OI?=", 30, "テスト", MUGAI_HEADER_ODD_BAD_WORD },
  { "Shift_JIS in us-ascii", "=?us-ascii?B?lVyOpg==?=", 23, "表示", MUGAI_HEADER_ODD_BAD_WORD },
  { "JIS in Q", "=?ISO-2022-JP?Q?=1B$B$\"$$=1B(B?=", 32, "あい", 0 },
  { "blank between words goes, beside text stays", "=?UTF-8?Q?a?= b =?UTF-8?Q?c?=", 29, "a b c", 0 },
  { "decoded field", "=?utf-8?Q?a=0D=0ABcc:_x?=", 25, "a", MUGAI_HEADER_ODD_CONTROL },
  { "decoded end of the header", "=?utf-8?Q?a=0A=0D=0Ab?=", 23, "a", MUGAI_HEADER_ODD_CONTROL },
  { "decoded field behind U+2028", "=?utf-8?B?YeKAqEJjYzogeA==?=", 28, "a", MUGAI_HEADER_ODD_CONTROL },
  { "decoded CR, LF in words", "=?utf-8?Q?a=0D=0Ab_c:_x?=", 25, "a  b c: x", MUGAI_HEADER_ODD_CONTROL },
  { "decoded NUL and RLO", "=?utf-8?Q?a=00=E2=80=AEb?=", 26, "a�b", MUGAI_HEADER_ODD_CONTROL | MUGAI_HEADER_ODD_BAD_WORD | MUGAI_HEADER_ODD_BIDI },
  { "ESC that is no JIS", "a\x1B[31mb", 7, "a[31mb", MUGAI_HEADER_ODD_CONTROL },
  { "bare CR in the field", "a\rb", 3, "a b", MUGAI_HEADER_ODD_CONTROL },
  { "refused charset", "=?utf-7?Q?+ADw-?=", 17, "�", MUGAI_HEADER_ODD_REFUSED_CHARSET },
  { "no end", "hello =?utf-8?B?", 16, "hello =?utf-8?B?", 0 },
  { "no end, then a good word", "=?utf-8?Q?abc =?utf-8?Q?d?=", 27, "=?utf-8?Q?abc d", 0 },
};

static const Case address_lists[] = {
  { "plain and quoted", "Taro <taro@example.jp>, \"Hana, Ko\" <hana@x.jp>", 46, "Taro <taro@example.jp>|Hana, Ko <hana@x.jp>", 0 },
  { "C1-8 raw JIS name", "\x1B$B;3EDB@O:\x1B(B <a@b.jp>", 23, "山田太郎 <a@b.jp>", 0 },
  { "C3-11 raw Shift_JIS, 0x5C before the quote", "\"\x97\\\x8EZ\x82\xCC\x95\\\" <a@b.jp>", 19, "予算の表 <a@b.jp>", MUGAI_HEADER_ODD_RAW_8BIT },
  { "C3-11 unquoted", "\x94\\\x94\xFC <a@b.jp>", 13, "能美 <a@b.jp>", MUGAI_HEADER_ODD_RAW_8BIT },
  { "C3-12 raw JIS in quotes", "\"\x1B$B$\"%\"\x1B(B\" <a@b.jp>", 21, "あア <a@b.jp>", 0 },
  { "C3-18 docomo in quotes", "\"a..b\"@docomo.ne.jp", 19, " <a..b@docomo.ne.jp>", 0 },
  { "C3-18 a local part that needs its quotes", "\"a b\"@docomo.ne.jp", 18, " <\"a b\"@docomo.ne.jp>", 0 },
  { "C3-18 docomo", "a..b@docomo.ne.jp, .@ezweb.ne.jp, a.@docomo.ne.jp", 49, " <a..b@docomo.ne.jp>| <.@ezweb.ne.jp>| <a.@docomo.ne.jp>", 0 },
  { "C3-28 full-width @ is no address", "=?utf-8?B?Y2Vv77ygY29ycC5qcA==?= <e@x>", 38, "ceo＠corp.jp <e@x>", 0 },
  { "word in quotes", "\"=?utf-8?B?5bGx55Sw?=\" <a@b>", 28, "山田 <a@b>", 0 },
  { "comma inside a word", "=?utf-8?B?5bGx55SwLCDlpKrpg44=?= <a@b>", 38, "山田, 太郎 <a@b>", 0 },
  { "words over a fold", "=?iso-2022-jp?B?GyRCOzNFRBsoQg==?=\r\n =?iso-2022-jp?B?GyRCQkBPOhsoQg==?=\r\n <a@b>", 79, "山田太郎 <a@b>", 0 },
  { "groups", "u:;, grp: a@b, C <d@e>;, f@g", 28, "u <>| <a@b>|C <d@e>| <f@g>", 0 },
  { "groups do not nest", "a:b:c <d@e>;", 12, "b:c <d@e>", MUGAI_HEADER_ODD_LIMIT },
  { "comments", "a@b (Taro (x)), (Hana) c@d, Taro (sales) <e@f>", 46, "Taro (x) <a@b>|Hana <c@d>|Taro (sales) <e@f>", 0 },
  { "route", "<@r1,@r2:u@h>", 13, " <u@h>", 0 },
  { "no closing quote", "\"unclosed <a@b>, c@d", 20, "unclosed <a@b>| <c@d>", MUGAI_HEADER_ODD_SYNTAX },
  { "two angles", "a <b@c> <d@e>", 13, "a <b@c>| <d@e>", MUGAI_HEADER_ODD_SYNTAX },
  { "no closing angle", "x <a@b", 6, "x <a@b>", MUGAI_HEADER_ODD_SYNTAX },
  { "obsolete blanks", "john . doe @ example . com", 26, " <john.doe@example.com>", 0 },
  { "semicolons", "a@b; c@d", 8, " <a@b>| <c@d>", MUGAI_HEADER_ODD_SYNTAX },
  { "CR LF in a name", "=?utf-8?Q?a=0D=0Ab?= <a@b>", 26, "a  b <a@b>", MUGAI_HEADER_ODD_CONTROL },
  { "null path", "<>", 2, "", 0 },
};

static const ParameterCase parameterised[] = {
  { "C3-11 Shift_JIS name ending in 0x5C", "attachment; filename=\"\x88\xEA\x97\x97\x95\\\"; x=y", 34, "attachment", "一覧表", MUGAI_HEADER_ODD_RAW_8BIT },
  { "C3-11 more of them", "attachment; filename=\"\x90\\\x90\xBF\x8F\x91\x8F\\\x8C\x8E\x97\\\x8EZ.xls\"", 41, "attachment", "申請書十月予算.xls", MUGAI_HEADER_ODD_RAW_8BIT },
  { "C3-12 JIS name with 0x22", "attachment; filename=\"\x1B$B$\"%\"$\\%\\\x1B(B.exe\"", 41, "attachment", "あアぼボ.exe", 0 },
  { "EUC-JP name", "attachment; filename=\"\xC6\xFC\xCB\xDC\xB8\xEC\xA5\xBD\xA5\xD5\xA5\xC8.doc\"", 39, "attachment", "日本語ソフト.doc", MUGAI_HEADER_ODD_RAW_8BIT },
  { "C3-13 RFC 2231", "attachment; filename*=UTF-8''%E8%A1%A8.xls", 42, "attachment", "表.xls", 0 },
  { "C3-13 continued, cut inside a character", "attachment; filename*0*=UTF-8''%E8; filename*1*=%A1%A8; filename*2=.xls", 71, "attachment", "表.xls", 0 },
  { "C3-13 out of order, with a plain name", "attachment; filename*1*=%A1%A8.xls; filename*0*=UTF-8''%E8; filename=\"x.xls\"", 76, "attachment", "表.xls|x.xls", MUGAI_HEADER_ODD_CONFLICTING_NAME },
  { "C3-13 Outlook", "application/pdf; name=\"=?ISO-2022-JP?B?GyRCSnM5cD1xGyhCLnBkZg==?=\"", 66, "application/pdf", "報告書.pdf", 0 },
  { "C3-13 bare words", "a/b; name==?utf-8?B?44GC?=.txt; x=y", 35, "a/b", "あ.txt", 0 },
  { "C3-13 words over a fold", "attachment; filename=\"=?utf-8?B?44GC?=\r\n =?utf-8?B?44GE?=.txt\"", 62, "attachment", "あい.txt", 0 },
  { "C1-9 row 13 in RFC 2231", "attachment; filename*=iso-2022-jp''%1B%24%42%2D%21%1B%28%42.txt", 63, "attachment", "①.txt", 0 },
  { "C1-9 Shift_JIS in RFC 2231", "attachment; filename*=shift_jis''%87%40.xls", 43, "attachment", "①.xls", 0 },
  { "C1-10 two names", "attachment; filename=\"=?UTF-8?B?44GC?=.exe\"; filename*=UTF-8''%E8%A1%A8.xls", 75, "attachment", "表.xls|あ.exe", MUGAI_HEADER_ODD_CONFLICTING_NAME },
  { "all forms, by credibility", "a/b; name=d; filename=b; filename*=''a; name*=''c", 49, "a/b", "a|b|c|d", MUGAI_HEADER_ODD_CONFLICTING_NAME },
  { "unquoted with blanks", "attachment; filename=my file (1).pdf; size=1", 44, "attachment", "my file (1).pdf", MUGAI_HEADER_ODD_NAME_SYNTAX },
  { "RLO", "attachment; filename*=UTF-8''a%E2%80%AEgpj.exe", 46, "attachment", "agpj.exe", MUGAI_HEADER_ODD_BIDI },
  { "CR LF NUL", "attachment; filename*=UTF-8''a%0D%0Ab%00", 40, "attachment", "a  b�", MUGAI_HEADER_ODD_CONTROL | MUGAI_HEADER_ODD_BAD_WORD },
  { "refused charset", "attachment; filename*=utf-7''+ADw-; filename=x", 46, "attachment", "x", MUGAI_HEADER_ODD_REFUSED_CHARSET },
  { "duplicate", "attachment; filename=a; filename=b", 34, "attachment", "a|b", MUGAI_HEADER_ODD_DUPLICATE_PARAMETER | MUGAI_HEADER_ODD_CONFLICTING_NAME },
  { "C1-12 long parameter name", "a/b; xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx=yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; name=n", 236, "a/b", "n", MUGAI_HEADER_ODD_LIMIT },
  { "no value", "; name=x", 8, "", "x", MUGAI_HEADER_ODD_SYNTAX },
  { "missing semicolon", "text/plain charset=utf-8", 24, "text/plain", "", MUGAI_HEADER_ODD_SYNTAX },
  { "no closing quote", "attachment; filename=\"a.exe", 27, "attachment", "a.exe", MUGAI_HEADER_ODD_SYNTAX },
};
/* clang-format on */

static void test_texts (void) {
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++) {
    guint odd = 0;
    g_test_message ("%s", texts[i].title);
    g_autofree char *text = mugai_header_decode_text (texts[i].raw, texts[i].length, NULL, &odd);
    g_assert_cmpstr (text, ==, texts[i].expected);
    g_assert_cmphex (odd, ==, texts[i].odd);
  }
}

static char *show_addresses (GPtrArray *addresses) {
  GString *shown = g_string_new (NULL);
  for (guint i = 0; i < addresses->len; i++) {
    const MugaiHeaderAddress *entry = g_ptr_array_index (addresses, i);
    g_string_append_printf (shown, "%s%s <%s>", i == 0 ? "" : "|", entry->name, entry->address);
  }
  return g_string_free (shown, FALSE);
}

static void test_addresses (void) {
  for (gsize i = 0; i < G_N_ELEMENTS (address_lists); i++) {
    const Case *c = &address_lists[i];
    guint odd = 0;
    g_test_message ("%s", c->title);
    g_autoptr (GPtrArray) addresses = mugai_header_parse_addresses (c->raw, c->length, NULL, &odd);
    g_autofree char *shown = show_addresses (addresses);
    g_assert_cmpstr (shown, ==, c->expected);
    g_assert_cmphex (odd, ==, c->odd);
  }
}

static void test_parameterised (void) {
  for (gsize i = 0; i < G_N_ELEMENTS (parameterised); i++) {
    const ParameterCase *c = &parameterised[i];
    g_test_message ("%s", c->title);
    g_autoptr (MugaiHeaderParameterised) header = mugai_header_parse_parameterised (c->raw, c->length, NULL);
    g_assert_cmpstr (header->value, ==, c->value);
    g_assert_cmphex (header->odd, ==, c->odd);
    g_auto (GStrv) names = g_strsplit (c->names, "|", -1);
    for (guint k = 0; names[k] != NULL; k++) {
      g_assert_cmpuint (k, <, header->names->len);
      g_assert_cmpstr (g_ptr_array_index (header->names, k), ==, names[k]);
    }
  }
}

static gboolean has_name (const MugaiHeaderParameterised *header, const char *name) {
  for (guint i = 0; i < header->names->len; i++)
    if (strcmp (g_ptr_array_index (header->names, i), name) == 0)
      return TRUE;
  return FALSE;
}

/* What another reader may take for the name is among the names, behind the likely ones. */
static void test_other_readings (void) {
  static const struct {
    const char *raw;
    const char *name;
  } readings[] = {
    { "attachment; filename=\"a\\b.exe\"", "ab.exe" },
    { "attachment; filename=\"a\\b.exe\"", "a\\b.exe" },
    { "attachment; filename=\"a.txt\"b.exe", "a.txt\"b.exe" },
    { "attachment; filename=a.exe b.txt", "a.exe" },
    { "attachment; filename=\"a%2Eexe\"", "a.exe" },
    { "attachment; filename=\"a%2Eexe\"", "a%2Eexe" },
    { "attachment; na\x05me=x.exe", "x.exe" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (readings); i++) {
    g_autoptr (MugaiHeaderParameterised) header =
        mugai_header_parse_parameterised (readings[i].raw, strlen (readings[i].raw), NULL);
    g_assert_true (has_name (header, readings[i].name));
  }
}

static void test_parameters (void) {
  const char *raw = "Multipart/Mixed; boundary=\"a;b=\\\"c\"; charset=us-ascii (comment); format=flowed";
  g_autoptr (MugaiHeaderParameterised) header = mugai_header_parse_parameterised (raw, strlen (raw), NULL);
  g_assert_cmpstr (header->value, ==, "multipart/mixed");
  g_assert_cmpstr (mugai_header_parameter (header, "boundary"), ==, "a;b=\"c");
  g_assert_cmpstr (mugai_header_parameter (header, "charset"), ==, "us-ascii");
  g_assert_cmpstr (mugai_header_parameter (header, "format"), ==, "flowed");
  g_assert_null (mugai_header_parameter (header, "name"));
  g_assert_cmphex (header->odd, ==, 0);
}

/* ---- writing ---- */

static void check_lines (const GString *out) {
  g_assert_true (g_str_has_suffix (out->str, "\r\n"));
  g_auto (GStrv) lines = g_strsplit (out->str, "\r\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    g_assert_cmpuint (strlen (lines[i]), <=, 76);
    g_assert_true (g_str_is_ascii (lines[i]));
    g_assert_true (i == 0 || lines[i][0] == ' ' || lines[i + 1] == NULL);
  }
}

static const char *const written[] = {
  "",
  "plain",
  "=?utf-8?Q?not_a_word?=",
  "two  blanks in a text that is so long that it has to be folded somewhere, as it is over the limit",
  "https://example.jp/a/link/without/any/blank/in/it/which/is/longer/than/one/line/of/a/header/can/be",
  "令和八年度予算（案）についてのお知らせ①②③ 髙橋・山﨑、濵田 ｱｲｳ 😀 ～－∥― 表示 十月 能力",
  "quote \" and backslash \\",
};

static void test_write_text (void) {
  for (gsize i = 0; i < G_N_ELEMENTS (written); i++) {
    g_autoptr (GString) out = g_string_new (NULL);
    mugai_header_write_text (out, "Subject", written[i]);
    check_lines (out);
    guint odd = 0;
    g_autofree char *text = mugai_header_decode_text (out->str + 8, out->len - 8, NULL, &odd);
    g_assert_cmpstr (text, ==, written[i]);
    g_assert_cmphex (odd, ==, 0);
  }
}

static void test_write_makes_safe (void) {
  g_autoptr (GString) out = g_string_new (NULL);
  mugai_header_write_text (out, "Subject", "a\r\nBcc: x\xE2\x80\xAE\x1B");
  g_assert_cmpstr (out->str, ==, "Subject: a  Bcc: x\r\n");
}

static void test_write_file_names (void) {
  for (gsize i = 1; i < G_N_ELEMENTS (written); i++) {
    g_autoptr (GString) type = g_string_new (NULL), disposition = g_string_new (NULL);
    mugai_header_write_parameterised (type, "Content-Type", "application/pdf", "name", written[i]);
    mugai_header_write_parameterised (disposition, "Content-Disposition", "attachment", "filename", written[i]);
    check_lines (type);
    check_lines (disposition);
    g_autoptr (MugaiHeaderParameterised) a = mugai_header_parse_parameterised (type->str + 13, type->len - 13, NULL);
    g_autoptr (MugaiHeaderParameterised) b =
        mugai_header_parse_parameterised (disposition->str + 20, disposition->len - 20, NULL);
    g_assert_cmpstr (mugai_header_parameter (a, "name"), ==, written[i]);
    g_assert_cmpstr (mugai_header_parameter (b, "filename"), ==, written[i]);
    g_assert_cmphex (a->odd | b->odd, ==, 0);
  }
  g_autoptr (GString) bare = g_string_new (NULL);
  mugai_header_write_parameterised (bare, "Content-Type", "text/html", "name", NULL);
  g_assert_cmpstr (bare->str, ==, "Content-Type: text/html\r\n");
  /* The longest real type stays on the field's own line. */
  g_autoptr (GString) type = g_string_new (NULL);
  const char *office = "application/vnd.openxmlformats-officedocument.presentationml.presentation";
  mugai_header_write_parameterised (type, "Content-Type", office, "name", "a.pptx");
  g_autofree char *expected = g_strdup_printf ("Content-Type: %s;\r\n name=\"a.pptx\"\r\n", office);
  g_assert_cmpstr (type->str, ==, expected);
}

static void test_shorten_name (void) {
  static const struct {
    const char *name;
    gsize max_bytes;
    const char *expected;
  } cases[] = { { "short.txt", 20, "short.txt" },
                { "a-very-long-name.exe", 16, "a-very-lo….exe" },
                { "予算予算予算予算.xlsx", 20, "予算予算….xlsx" },
                { "no-extension-at-all-in-it", 12, "no-extens…" },
                { "x.this-is-no-extension-but-a-sentence", 16, "x.this-is-no-…" } };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *shortened = mugai_header_shorten_name (cases[i].name, cases[i].max_bytes);
    g_assert_cmpstr (shortened, ==, cases[i].expected);
    g_assert_cmpuint (strlen (shortened), <=, cases[i].max_bytes);
  }
}

/* Every reader gets exactly its bytes, cut at each place: under the address sanitizer a look behind them is caught. */
static void test_ends_of_buffers (void) {
  static const char *const fields[] = {
    "text/plain; name=\"\xd7llo u\xff\xff\xfe\xfd-8?=ft?B?",
    "=?utf-8?B?44GC?= =?utf-8?Q?=E3=81",
    "\x1B$B$\"\x1B(B \x1B$(D\"!\x1B.A\x1BNi",
    "\"a\\\" (b\\) <c@d>, e:f@g;",
    "attachment; filename*0*=utf-8'ja'%E3%81; filename*1*=%82.x",
    "\xa4\xa2\x8f\xb0\xa1\x8e\xb1\x82\xa0\xe3\x81\x82\r\n a",
  };
  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    for (gsize length = 0; length <= strlen (fields[i]); length++) {
      g_autofree char *exact = g_memdup2 (fields[i], length);
      guint odd = 0;
      g_autofree char *text = mugai_header_decode_text (exact, length, NULL, &odd);
      g_autoptr (GPtrArray) addresses = mugai_header_parse_addresses (exact, length, NULL, &odd);
      g_autoptr (MugaiHeaderParameterised) header = mugai_header_parse_parameterised (exact, length, NULL);
      g_assert_true (g_utf8_validate (text, -1, NULL));
      g_assert_nonnull (addresses);
      g_assert_nonnull (header->value);
    }
}

static void test_write_addresses (void) {
  MugaiHeaderAddress entries[] = {
    { (char *) "Taro", (char *) "taro@example.jp" },
    { (char *) "山田, \"太郎\" <ceo@corp.jp>", (char *) "a..b@docomo.ne.jp" },
    { (char *) "", (char *) "x@example.jp" },
    { (char *) "bad", (char *) "a b@example.jp" },
    { (char *) "", (char *) "" },
  };
  g_autoptr (GPtrArray) list = g_ptr_array_new ();
  for (gsize i = 0; i < G_N_ELEMENTS (entries); i++)
    g_ptr_array_add (list, &entries[i]);
  g_autoptr (GString) out = g_string_new (NULL);
  mugai_header_write_addresses (out, "To", list);
  check_lines (out);
  guint odd = 0;
  g_autoptr (GPtrArray) again = mugai_header_parse_addresses (out->str + 3, out->len - 3, NULL, &odd);
  g_autofree char *shown = show_addresses (again);
  g_assert_cmpstr (shown, ==,
                   "Taro <taro@example.jp>|山田, \"太郎\" <ceo@corp.jp> <a..b@docomo.ne.jp>| <x@example.jp>"
                   "|bad a b@example.jp <>");
}

/* ---- limits ---- */

static GString *repeat (const char *unit, gsize length) {
  GString *text = g_string_new (NULL);
  while (text->len < length)
    g_string_append (text, unit);
  return text;
}

static void test_hostile_is_linear (void) {
  const char *const units[] = {
    "=?a?Q?x",         "=?utf-8?B?44G?= ",        "(",  "\"",    "<a,",   "a@ b ", ":;",    "\\(", "\x1B$B\"", "; a*0=",
    "; filename*1*=%", "=?iso-2022-jp?B?GyRC?= ", "a:", "\r\n ", "; a=(", "<\"",   "=? a ?"
  };
  for (gsize i = 0; i < G_N_ELEMENTS (units); i++) {
    g_autoptr (GString) raw = repeat (units[i], 256 * 1024);
    guint odd = 0;
    gint64 start = g_get_monotonic_time ();
    g_autofree char *text = mugai_header_decode_text (raw->str, raw->len, NULL, &odd);
    g_autoptr (GPtrArray) addresses = mugai_header_parse_addresses (raw->str, raw->len, NULL, &odd);
    g_autoptr (MugaiHeaderParameterised) header = mugai_header_parse_parameterised (raw->str, raw->len, NULL);
    g_assert_cmpint (g_get_monotonic_time () - start, <, 10 * G_USEC_PER_SEC);
    g_assert_true (g_utf8_validate (text, -1, NULL));
    g_assert_cmpuint (addresses->len, <=, MUGAI_HEADER_MAX_ADDRESSES);
    g_assert_cmpuint (header->parameters->len, <=, MUGAI_HEADER_MAX_PARAMETERS);
  }
}

static void test_limits (void) {
  guint odd = 0;
  g_autoptr (GString) many = repeat ("a@b,", 4 * (MUGAI_HEADER_MAX_ADDRESSES + 10));
  g_autoptr (GPtrArray) addresses = mugai_header_parse_addresses (many->str, many->len, NULL, &odd);
  g_assert_cmpuint (addresses->len, ==, MUGAI_HEADER_MAX_ADDRESSES);
  g_assert_cmphex (odd, ==, MUGAI_HEADER_ODD_LIMIT);
  g_autoptr (GString) parameters = repeat ("; a=b; a=c", 10 * (MUGAI_HEADER_MAX_PARAMETERS + 10));
  g_string_prepend (parameters, "a/b");
  g_autoptr (MugaiHeaderParameterised) header =
      mugai_header_parse_parameterised (parameters->str, parameters->len, NULL);
  g_assert_cmpuint (header->parameters->len, ==, MUGAI_HEADER_MAX_PARAMETERS);
  g_assert_cmphex (header->odd, ==, MUGAI_HEADER_ODD_LIMIT | MUGAI_HEADER_ODD_DUPLICATE_PARAMETER);
}

int main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  mugai_mail_charset_init ();
  g_test_add_func ("/mail/header/text", test_texts);
  g_test_add_func ("/mail/header/addresses", test_addresses);
  g_test_add_func ("/mail/header/parameterised", test_parameterised);
  g_test_add_func ("/mail/header/shorten-name", test_shorten_name);
  g_test_add_func ("/mail/header/ends-of-buffers", test_ends_of_buffers);
  g_test_add_func ("/mail/header/other-readings", test_other_readings);
  g_test_add_func ("/mail/header/parameters", test_parameters);
  g_test_add_func ("/mail/header/write-text", test_write_text);
  g_test_add_func ("/mail/header/write-makes-safe", test_write_makes_safe);
  g_test_add_func ("/mail/header/write-file-names", test_write_file_names);
  g_test_add_func ("/mail/header/write-addresses", test_write_addresses);
  g_test_add_func ("/mail/header/hostile-is-linear", test_hostile_is_linear);
  g_test_add_func ("/mail/header/limits", test_limits);
  return g_test_run ();
}
