/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Unit tests of text: what the reader sees is there, what he does not is not, and links are dead.
 *
 * Each row is a document and its whole text; facts are checked beside them.
 */
#include <string.h>

#include "mugai/text.h"

typedef struct {
  const char *html;
  const char *text;
} Pair;

static MugaiTextResult *convert (const char *html, guint width) {
  MugaiTextOptions options = { .width = width };
  MugaiTextResult *result = NULL;
  g_autoptr (GError) error = NULL;
  gboolean done = mugai_text_from_html (html, strlen (html), &options, &result, &error);

  g_assert_no_error (error);
  g_assert_true (done);
  return result;
}

static void check_pairs (const Pair *pairs, gsize count) {
  for (gsize i = 0; i < count; i++) {
    g_autoptr (MugaiTextResult) result = convert (pairs[i].html, 0);

    g_assert_cmpstr (result->text, ==, pairs[i].text);
  }
}

static void test_structure (void) {
  static const Pair pairs[] = {
    { "", "" },
    { "a<p>b<p>c", "a\n\nb\n\nc\n" },
    { "<div>a</div><div>b</div>", "a\nb\n" },
    { "<div>a</div><div><br></div><div>b</div>", "a\n\nb\n" },
    { "<h1>見出し</h1>本文", "見出し\n\n本文\n" },
    { "<ol start=3><li>a<li>b<ul><li>c</ul></ol>", "3. a\n4. b\n   * c\n" },
    { "<ol type=i><li>a<li value=9>b</ol>", "i. a\nix. b\n" },
    { "<blockquote>a<blockquote>b</blockquote></blockquote>c", "> a\n>\n> > b\n\nc\n" },
    { "<pre>\n a\n  b</pre>", " a\n  b\n" },
    { "<div style='white-space:pre-wrap'>a\n  b</div>", "a\n  b\n" },
    { "<ruby>漢字<rp>(</rp><rt>かんじ</rt><rp>)</rp></ruby>", "漢字（かんじ）\n" },
    { "<dl><dt>a<dd>b</dl>", "a\n  b\n" },
    { "a<!-->b<!-- -->c<!--x--!>d<![if !mso]>e<![endif]>f", "abcdef\n" },
    { "<script><!--<script></script>x--></script>y", "y\n" },
    { "&ampX &copy2025 &#150; &#x3042;", "&X ©2025 – あ\n" },
    { "<svg><title>t</title><text>s</text></svg><math><mi>x</mi></math>", "sx\n" },
    { "<title>no</title><textarea>v</textarea><input value=w>", "［入力欄: v］［入力欄: w］\n" },
    { "a\xE2\x80\xAE"
      "b\xE2\x80\x8B\x01"
      "c",
      "abc\n" },
  };

  check_pairs (pairs, G_N_ELEMENTS (pairs));
}

static void test_hidden (void) {
  static const char *const rows[] = {
    "a<br><div style='display:none'>X</div>b",
    "<style>.p{display:none}</style>a<br><div class='q p'>X</div>b",
    "<style>td#i, div.x{display:none!important}</style>a<br><div class=x style='display:block'>X</div>b",
    "a<br><div hidden>X</div>b",
    "a<br><div style='visibility:hidden'>X</div>b",
    "a<br><div style='font-size:0'>X</div>b",
    "a<br><div style='max-height:0;overflow:hidden'>X</div>b",
    "a<br><div style='opacity:0'>X</div>b",
    "a<br><div style='position:absolute;left:-9999px'>X</div>b",
    "a<br><div style='text-indent:-9999px'>X</div>b",
    "a<br><div style='color:#fff'>X</div>b",
    "a<br><div style='background:#123456'><font color='#123456'>X</font></div>b",
    "a<br><div style=\"color:'; (';display:none\">X</div>b",
    "a<br><div style='background:url(x;y:z);display : none ! important'>X</div>b",
    "<title></</titl></ title</</title><style>/</stylex>.p{}.q{display:none}</style>a<br><p class=q>X</p>b",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (MugaiTextResult) result = convert (rows[i], 0);

    g_assert_cmpstr (result->text, ==, "a\nb\n");
    g_assert_cmpuint (result->hidden_bytes, ==, 1);
  }
}

/* A NUL in a sheet ends nothing, with comments or without. */
static void test_nul_in_style (void) {
  static const char html[] = "<style>/* */u{}\0u{}.h{display:none}</style>a<br><div class=h>X</div>b";
  g_autoptr (MugaiTextResult) result = NULL;

  g_assert_true (mugai_text_from_html (html, sizeof html - 1, NULL, &result, NULL));
  g_assert_cmpstr (result->text, ==, "a\nb\n");
}

/* A style element counts wherever it stands, and the search for the last one goes by blocks. */
static void test_late_style (void) {
  for (guint before = 0; before < 150; before += 7)
    for (guint after = 0; after < 150; after++) {
      g_autofree char *front = g_strnfill (before, 'b'), *back = g_strnfill (after, 's');
      g_autofree char *html = g_strdup_printf ("a<p class=h>X</p>%s<sTyle>.h{display:none}</style>%s", front, back);
      g_autoptr (MugaiTextResult) result = convert (html, 0);
      g_assert_null (strchr (result->text, 'X'));
    }
}

static void test_visible (void) {
  static const char *const rows[] = {
    "<style>@media print{p{display:none}}</style><p>V",
    "<style>@media (max-width:600px){p{display:none}}</style><p>V",
    "<style>@media (prefers-color-scheme:dark){p{color:#fff}}</style><p>V",
    "<style>p{display:none}p{display:block}</style><p>V",
    "<style>.a{display:none}</style><p class=a style='display:block'>V",
    "<div style='visibility:hidden'><p style='visibility:visible'>V</p></div>",
    "<table><tr><td style='background:#000'><p style='color:#fff'>V",
    "<div style='font-size:0'><p style='font-size:14px'>V</p></div>",
    "<span style='height:0;overflow:hidden'>V</span>",
    "<div style='height:0'>V</div>",
    "<table><tr><td style='height:0;overflow:hidden'>V",
    "<style>p:hover{display:none}</style><p>V",
    "<div style='background:url(x);color:#fff'>V</div>",
    "<div style='color:#fff'><a href='#x'>V</a></div>",
    "<b style='display:none'></b>V",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (MugaiTextResult) result = convert (rows[i], 0);

    g_assert_cmpstr (result->text, ==, "V\n");
    g_assert_cmpuint (result->hidden_bytes, ==, 0);
  }
}

static void test_tables (void) {
  static const Pair pairs[] = {
    { "<table border=1><tr><th>品名<th>数<tr><td>りんご<td>3</table>", "品名   | 数\nりんご | 3\n" },
    { "<table role=presentation><tr><th>a<th>b<tr><td>c<td>d</table>", "a\nb\nc\nd\n" },
    { "<table><tr><td><p>a<p>b<td><ul><li>c</ul></table>", "a\n\nb\n\n* c\n" },
    { "<table><caption>表</caption><tr><td>a<td>b</table>", "表\na | b\n" },
    { "<table><tr><td>a<td>bb<tr><td>ccc<td>d</table>", "a   | bb\nccc | d\n" },
    { "<table>x<tr><td>a<td>b<tr><td>c<td>d</table>", "x\na\nb\nc\nd\n" },
  };
  g_autoptr (MugaiTextResult) named =
      convert ("<table><tr><th>見出しその一<th>見出しその二<tr><td>あいうえお<td>かきくけこ</table>", 20);

  check_pairs (pairs, G_N_ELEMENTS (pairs));
  g_assert_nonnull (strstr (named->text, "見出しその一: "));
}

static void test_links (void) {
  static const Pair pairs[] = {
    { "<a href='https://a.jp/x'>t</a>", "t [1]\n\nリンク先:\n[1] hxxps://a.jp/x\n" },
    { "<a href='ht\ntps://a.jp/'>https://a.jp</a>", "hxxps://a.jp/\n" },
    { "<base href='https://b.jp/d/'><a href=x>t</a>", "t [1]\n\nリンク先:\n[1] hxxps://b.jp/d/x\n" },
    { "<a href=javascript:x>t</a>", "t ［スクリプトのリンク: 削除］\n" },
    { "<a href='mailto:a@b.jp'>a@b.jp</a>", "a@b.jp\n" },
    { "<a href='#x'>t</a>", "t\n" },
    { "<a href='https://a.jp/' href='https://b.jp/'>t</a>", "t [1]\n\nリンク先:\n[1] hxxps://a.jp/\n" },
    { "<a href='https://xn--r8jz45g.jp/'>t</a>", "t [1]\n\nリンク先:\n[1] hxxps://xn--r8jz45g.jp/（例え.jp）\n" },
  };
  g_autoptr (MugaiTextResult) result = convert ("<a href='https://evil.example'>www.bank.jp</a>", 0);
  const MugaiTextLink *link = g_ptr_array_index (result->links, 0);

  check_pairs (pairs, G_N_ELEMENTS (pairs));
  g_assert_cmpstr (link->host, ==, "evil.example");
  g_assert_cmpstr (link->shown_host, ==, "www.bank.jp");
  g_assert_true (link->mismatch);
  g_assert_nonnull (strstr (result->text, "異なるリンク先"));
}

/* A URL in running text is dead, and a fact like a link. */
static void test_shown_urls (void) {
  g_autoptr (MugaiTextResult) result = convert (
      "<p>See HTTP://user@A.example:8080/x, ftp://b.example/ and <a href='https://c.example/'>https://c.example/</a>",
      0);
  char text[] = "http://a.example/ FTP://b file:///c shttp://d smb://e x://f https:/g";
  const MugaiTextLink *first;

  g_assert_cmpstr (result->text, ==, "See HXXP://user@A.example:8080/x, fxp://b.example/ and hxxps://c.example/\n");
  g_assert_cmpuint (result->links->len, ==, 3);
  first = g_ptr_array_index (result->links, 1);
  g_assert_cmpstr (first->host, ==, "a.example");
  g_assert_cmpstr (first->shown_host, ==, "a.example");
  g_assert_false (first->mismatch);
  mugai_text_make_dead (text);
  g_assert_cmpstr (text, ==, "hxxp://a.example/ FXP://b fxle:///c shxxp://d sxb://e x://f hxxps:/g");
}

static void test_images (void) {
  g_autoptr (MugaiTextResult) result =
      convert ("<img src=x width=1 height=1><img alt='ロゴ'><img alt=''><img onload=x>", 0);

  g_assert_cmpstr (result->text, ==, "［画像: ロゴ］\n");
  g_assert_cmpuint (result->trackers, ==, 1);
  g_assert_cmpuint (result->dropped_images, ==, 3);
  g_assert_true (result->active);
}

static void test_sniff (void) {
  static const Pair pairs[] = {
    { "<meta charset=Shift_JIS>", "shift_jis" },
    { "<!-- <meta charset=x> --><META http-equiv='Content-Type' content='text/html; charset=\"EUC-JP\"'>", "euc-jp" },
    { "\xEF\xBB\xBF<meta charset=x>", "utf-8" },
    { "<p>none", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++) {
    g_autofree char *label = mugai_text_sniff_charset (pairs[i].html, strlen (pairs[i].html));

    g_assert_cmpstr (label, ==, pairs[i].text);
  }
}

static void test_too_large (void) {
  MugaiTextOptions options = { .max_input_bytes = 3 };
  MugaiTextResult *result = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_false (mugai_text_from_html ("abcd", 4, &options, &result, &error));
  g_assert_error (error, MUGAI_TEXT_ERROR, MUGAI_TEXT_ERROR_TOO_LARGE);
  g_assert_null (result);
}

/* The bound holds, and deep nesting costs no text. */
static void test_deep (void) {
  static const char *const tags[] = { "<div>x", "<blockquote>x", "<table><tr><td>x", "<ul><li>x", "<b>x<p>" };

  for (gsize i = 0; i < G_N_ELEMENTS (tags); i++) {
    g_autoptr (GString) html = g_string_new (NULL);
    g_autoptr (MugaiTextResult) result = NULL;

    for (guint n = 0; n < 20000; n++)
      g_string_append (html, tags[i]);
    result = convert (html->str, 0);
    g_assert_cmpuint (strlen (result->text), <=, 4 * html->len + 65536);
    g_assert_true (g_utf8_validate (result->text, -1, NULL));
  }
}

int main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/text/structure", test_structure);
  g_test_add_func ("/text/hidden", test_hidden);
  g_test_add_func ("/text/late-style", test_late_style);
  g_test_add_func ("/text/nul-in-style", test_nul_in_style);
  g_test_add_func ("/text/visible", test_visible);
  g_test_add_func ("/text/tables", test_tables);
  g_test_add_func ("/text/links", test_links);
  g_test_add_func ("/text/shown-urls", test_shown_urls);
  g_test_add_func ("/text/images", test_images);
  g_test_add_func ("/text/sniff", test_sniff);
  g_test_add_func ("/text/too-large", test_too_large);
  g_test_add_func ("/text/deep", test_deep);
  return g_test_run ();
}
