/* SPDX-License-Identifier: GPL-2.0-only
 *
 * The reader: structure, strict decoding, and one oddity for each way in which readers differ. Every ambiguous message
 * stands here with the reading that must never pass unmarked.
 */
#include <string.h>

#include "mugai/mail/mail.h"

static MugaiMail *parse (const char *text) {
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  g_autoptr (GError) error = NULL;
  MugaiMail *mail = mugai_mail_parse (bytes, NULL, &error);
  g_assert_no_error (error);
  return mail;
}

static const MugaiEntity *entity (const MugaiMail *mail, const char *path) {
  for (guint i = 0; i < mail->entities->len; i++) {
    const MugaiEntity *found = g_ptr_array_index (mail->entities, i);
    if (g_str_equal (found->path, path))
      return found;
  }
  g_test_message ("no entity %s", path);
  g_assert_not_reached ();
}

static void assert_content (const MugaiMail *mail, const char *path, const char *expected) {
  gsize length;
  const char *data = g_bytes_get_data (entity (mail, path)->content, &length);
  g_assert_cmpmem (data, length, expected, strlen (expected));
}

static char *oddity_names (guint64 oddities) {
  g_autoptr (GString) names = g_string_new (NULL);
  for (guint i = 0; i < MUGAI_N_ODDITIES; i++)
    if ((oddities & MUGAI_BIT (i)) != 0)
      g_string_append_printf (names, "%s ", mugai_oddity_name (i));
  return g_strdup (g_strchomp (names->str));
}

/* ---- oddities, one message each ---- */

typedef struct {
  const char *name, *message, *oddities;
} OddCase;

#define MIXED "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
#define BASE64 "Content-Transfer-Encoding: base64\r\n\r\n"
#define QP "Content-Transfer-Encoding: quoted-printable\r\n\r\n"

static const OddCase odd_cases[] = {
  { "plain", "From: a@example.com\r\nSubject: x\r\n\r\nhello\r\n", "" },
  { "lf", "From: a@example.com\nSubject: x\n\nhello\n", "" },
  { "empty", "", "" },
  { "mbox", "From a@example.com Sat Nov 21 2026\r\nSubject: x\r\n\r\nhello\r\n", "" },
  { "multipart", MIXED "This is a multi-part message in MIME format.\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n", "" },
  { "padding-blanks", MIXED "--b \t\r\n\r\nx\r\n--b-- \r\n", "" },
  { "bare-lf", "From: a@example.com\r\nSubject: x\n\r\nhello\r\n", "bare-cr-lf" },
  { "bare-cr", "From: a@example.com\r\n\r\nhel\rlo\r\n", "bare-cr-lf" },
  { "long-line-tolerated", "From: a@example.com\r\n\r\nhello\r\r\n", "" },
  { "two-types", "Content-Type: text/plain\r\nContent-Type: text/html\r\n\r\nx", "duplicate-header" },
  { "two-from", "From: a@example.com\r\nFrom: b@example.com\r\n\r\nx", "duplicate-header" },
  { "two-received", "Received: a; x\r\nReceived: b; x\r\n\r\nx", "" },
  { "blank-before-colon", "Subject : x\r\n\r\nx", "bad-header" },
  { "no-header", "Subject: x\r\nthis is none\r\n\r\nx", "bad-header parser-differs" },
  { "blank-fold", "Subject: x\r\n \r\nContent-Type: text/html\r\n\r\nx", "bad-header" },
  { "no-boundary", "Content-Type: multipart/mixed\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n", "bad-boundary parser-differs" },
  { "two-boundaries", "Content-Type: multipart/mixed; boundary=a; boundary=b\r\n\r\n--a\r\n\r\nx\r\n--a--\r\n",
    "bad-parameter bad-boundary" },
  { "encoded-boundary", "Content-Type: multipart/mixed; boundary*=us-ascii''b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n",
    "bad-boundary" },
  { "prefix-boundary", MIXED "--b\r\n\r\nx\r\n--bb\r\n\r\ny\r\n--b--\r\n", "bad-boundary" },
  { "nested-prefix",
    MIXED
    "--b\r\nContent-Type: multipart/related; boundary=\"b.REL\"\r\n\r\n--b.REL\r\n\r\nx\r\n--b.REL--\r\n--b--\r\n",
    "" },
  { "same-boundary", MIXED "--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n--b--\r\n",
    "bad-boundary" },
  { "unclosed", MIXED "--b\r\n\r\nx\r\n", "unclosed-multipart" },
  { "closed-twice", MIXED "--b\r\n\r\nx\r\n--b--\r\n\r\n--b--\r\n", "" },
  { "part-after-close", MIXED "--b\r\n\r\nx\r\n--b--\r\n--b\r\n\r\ny\r\n--b--\r\n",
    "bad-boundary hidden-in-multipart" },
  { "hidden-preamble", MIXED "Content-Type: text/html\r\n\r\n<b>\r\n--b\r\n\r\nx\r\n--b--\r\n", "hidden-in-multipart" },
  { "base64", BASE64 "aGVsbG8=\r\n", "" },
  { "base64-blanks", BASE64 "aGVs bG8= \r\n\r\n", "" },
  { "base64-unpadded", BASE64 "aGVsbG8\r\n", "bad-base64" },
  { "base64-after-padding", BASE64 "QUI=\r\nQ0Q=\r\n", "bad-base64" },
  { "base64-junk", BASE64 "aGV!sbG8=\r\n", "bad-base64" },
  { "base64-one-left", BASE64 "aGVsb\r\n", "bad-base64" },
  { "qp", QP "a=3Db=\r\nc =\t\r\nd=c3=a9\r\n", "" },
  { "qp-careless", QP "<a href=\"x\">\r\n", "" },
  { "qp-bad", QP "a=4 b\r\n", "bad-quoted-printable" },
  { "qp-blank", QP "a= 41\r\n", "bad-quoted-printable" },
  { "encoding-unknown", "Content-Transfer-Encoding: x-mystery\r\n\r\nx\r\n", "unknown-encoding" },
  { "encoding-comment", "Content-Transfer-Encoding: base64 (no)\r\n\r\naGVsbG8=\r\n", "unknown-encoding" },
  { "encoded-message", "Content-Type: message/rfc822\r\n" BASE64 "U3ViamVjdDogeAoKaGVsbG8K\r\n",
    "encoded-container parser-differs" },
  { "partial", "Content-Type: message/partial; id=a; number=1; total=2\r\n\r\nx\r\n", "partial" },
  { "external", "Content-Type: message/external-body; access-type=local-file; name=x\r\n\r\nx\r\n", "external-body" },
  { "pkcs7", "Content-Type: application/pkcs7-mime; name=smime.p7m\r\n" BASE64 "aGVsbG8=\r\n", "encrypted-message" },
  { "uuencode", "\r\nhi\r\nbegin 644 a.txt\r\n#0V%T\r\n`\r\nend\r\n", "in-body-encoding" },
  { "prose", "\r\nbegin 100 percent\r\nwith words\r\n", "" },
  { "yenc", "\r\n=ybegin line=128 size=3 name=a\r\nmnop\r\n=yend size=3\r\n", "in-body-encoding" },
  { "base64-in-body", "\r\nsee\r\nUEsDBBQAAAAIAGZvb2JhcmJhemZvb2JhcmJhemZvb2JhcmJhemZvb2JhcmJhemZvb2Jhcg==\r\n",
    "in-body-encoding" },
  { "uuencode-with-check", "\r\nbegin 644 a.txt\r\n#0V%Tx\r\n`\r\nend\r\n", "in-body-encoding" },
  { "qp-in-body", "\r\nsee\r\n=E3=81=93=E3=82=8C=E3=81=AF=E8=A9=A6=E9=A8=93=\r\n=E3=81=A7=E3=81=99\r\n",
    "in-body-encoding" },
  { "blank-qp-in-body", "\r\n= E3= 81= 93= E3= 82= 8C= E3= 81= AF= E8= A9= A6= E9= A8= 93\r\n", "in-body-encoding" },
  { "few-escapes", "\r\nx=3D1 y=3D2 in what somebody quoted from elsewhere\r\n", "" },
  { "btoa-in-body", "\r\nxbtoa Begin\r\n9jqo^BlbD-BleB1DJ+*+F(f,q\r\nxbtoa End N 20 14 E 0 S 0 R 0\r\n",
    "in-body-encoding" },
  { "base64-word",
    "\r\nNote: "
    "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB1L9RIvNEVUxTveLruM0rfj0WAK1jHDhaXXzOI8d4VFmtvBtMkA/+SNV1tdpcY4BAEl9l2w/"
    "j4kSUt2 end\r\n",
    "in-body-encoding" },
  { "base64-in-url",
    "\r\nsee "
    "https://a.example/bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB1L9RIvNEVUxTveLruM0rfj0WAK1jHDhaXXzOI8d4VFmtvBtMkA/"
    "+SNV1tdpcY4BAEl9l2w/"
    "j4kSUt2?t=bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB1L9RIvNEVUxTveLruM0rfj0WAK1jHDhaXXzOI8d4VFmtvBtMkA/"
    "+SNV1tdpcY4BAEl9l2w/j4kSUt2 end\r\n",
    "" },
  { "rule", "\r\n++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++\r\n", "" },
  { "group", "To: undisclosed-recipients:;\r\n\r\nx", "" },
  { "nested-groups", "To: a:a:a:a:a:a:a:a:a:a:a:a:b@c;\r\n\r\nx", "header-limit" },
  { "raw-8bit", "Subject: \xE3\x81\x82\r\n\r\nx", "raw-8bit-header" },
};

static void test_odd (gconstpointer data) {
  const OddCase *odd = data;
  g_autoptr (MugaiMail) mail = parse (odd->message);
  g_autofree char *names = oddity_names (mail->oddities);
  g_assert_cmpstr (names, ==, odd->oddities);
}

/* ---- structure ---- */

static void test_paths (void) {
  g_autoptr (MugaiMail) mail = parse (
      "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\none\r\n--a\r\nContent-Type: multipart/alternative; "
      "boundary=i\r\n\r\n--i\r\n\r\ntwo\r\n--i\r\nContent-Type: text/html\r\n\r\n<p>\r\n--i--\r\n--a\r\nContent-Type: "
      "message/rfc822\r\n\r\nSubject: in\r\nContent-Type: multipart/mixed; "
      "boundary=n\r\n\r\n--n\r\n\r\nthree\r\n--n--\r\n"
      "--a\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nfour\r\n--a--\r\n");
  static const char *const paths[] = { "0", "1", "2", "2.1", "2.2", "3", "3.0", "3.1", "4", "4.1" };
  g_assert_cmpuint (mail->entities->len, ==, G_N_ELEMENTS (paths));
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    g_assert_cmpstr (((MugaiEntity *) g_ptr_array_index (mail->entities, i))->path, ==, paths[i]);
  assert_content (mail, "1", "one");
  assert_content (mail, "2.1", "two");
  assert_content (mail, "3.1", "three");
  assert_content (mail, "4.1", "four");
  g_assert_cmpuint (mail->oddities, ==, 0);
  g_assert_nonnull (mugai_mail_field (entity (mail, "3.0"), "SUBJECT"));
}

static void test_digest (void) {
  g_autoptr (MugaiMail) mail =
      parse ("Content-Type: multipart/digest; boundary=a\r\n\r\n--a\r\n\r\nSubject: in\r\n\r\nx\r\n--a--\r\n");
  g_assert_cmpint (entity (mail, "1")->kind, ==, MUGAI_ENTITY_MESSAGE);
  assert_content (mail, "1.1", "x");
}

static void test_saved_message (void) {
  g_autoptr (MugaiMail) mail =
      parse ("Content-Type: application/octet-stream; name=\"a.eml\"\r\n" BASE64 "U3ViamVjdDogeAoKaGVsbG8K\r\n");
  g_assert_cmpint (mail->root->kind, ==, MUGAI_ENTITY_MESSAGE);
  assert_content (mail, "1.1", "hello\n");
  g_assert_cmpuint (mail->oddities, ==, 0);
}

static void test_views (void) {
  g_autoptr (MugaiMail) mail = parse (BASE64 "QUI=\r\nQ0Q=\r\n");
  g_assert_true (mail->root->undecodable);
  assert_content (mail, "1", "ABCD");
  gboolean stopped = FALSE;
  for (guint i = 0; i < mail->root->views->len; i++)
    stopped = stopped || g_bytes_get_size (g_ptr_array_index (mail->root->views, i)) == 2;
  g_assert_true (stopped);
}

/* Each view is scanned for itself, at milliseconds each: of very many blocks the later ones are one view, and none is lost. */
static void test_many_blocks (void) {
  g_autoptr (GString) text = g_string_new ("Subject: x\n\n");
  for (guint i = 0; i < 5000; i++) {
    g_autofree char *plain = g_strdup_printf ("block number %05u of so many that nobody scans them one by one", i);
    g_autofree char *encoded = g_base64_encode ((const guchar *) plain, strlen (plain));
    g_string_append_printf (text, "%s\n\nwords\n\n", encoded);
  }
  g_autoptr (MugaiMail) mail = parse (text->str);
  g_assert_cmpuint (mail->root->views->len, <, 100);
  gboolean found = FALSE;
  for (guint i = 0; i < mail->root->views->len; i++) {
    gsize length;
    const char *view = g_bytes_get_data (g_ptr_array_index (mail->root->views, i), &length);
    found = found || g_strstr_len (view, (gssize) length, "block number 04999") != NULL;
  }
  g_assert_true (found);
}

/* GMime takes the square of the encoded words' number: 100 forwarded subjects of 7,000 words are 40 s of it. */
static void test_word_bomb (void) {
  g_autoptr (GString) text = g_string_new ("Content-Type: multipart/mixed; boundary=b\n\n");
  for (guint i = 0; i < 100; i++) {
    g_string_append (text, "--b\nContent-Type: message/rfc822\n\nSubject: ");
    for (guint n = 0; n < 7000; n++)
      g_string_append (text, "=?a?q?b ");
    g_string_append (text, "\n\nx\n");
  }
  g_string_append (text, "--b--\n");
  gint64 start = g_get_monotonic_time ();
  g_autoptr (MugaiMail) mail = parse (text->str);
  g_assert_true ((mail->oddities & MUGAI_BIT (MUGAI_ODDITY_HEADER_LIMIT)) != 0);
  g_assert_cmpint (g_get_monotonic_time () - start, <, 20 * G_USEC_PER_SEC);
}

static void test_uuencoded_part (void) {
  g_autoptr (MugaiMail) mail = parse ("Content-Type: image/gif; name=a.gif\r\nContent-Transfer-Encoding: "
                                      "x-uuencode\r\n\r\nbegin 644 a.gif\r\n#0V%T\r\n`\r\nend\r\n");
  assert_content (mail, "1", "Cat");
  g_assert_cmpuint (mail->oddities, ==, 0);
}

/* ---- limits ---- */

static void test_depth (void) {
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < 3000; i++)
    g_string_append_printf (text, "Content-Type: multipart/mixed; boundary=b%u\n\n--b%u\n", i, i);
  g_string_append (text, "\nx\n");
  g_autoptr (MugaiMail) mail = parse (text->str);
  g_assert_true ((mail->oddities & MUGAI_BIT (MUGAI_ODDITY_NESTING_LIMIT)) != 0);
  g_assert_cmpuint (mail->entities->len, ==, MUGAI_MAIL_MAX_DEPTH + 1);
  const MugaiEntity *last = g_ptr_array_index (mail->entities, mail->entities->len - 1);
  g_assert_true (last->undecodable);
  g_assert_cmpint (last->kind, ==, MUGAI_ENTITY_LEAF);
}

static void test_nested_messages (void) {
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < 3000; i++)
    g_string_append (text, "Content-Type: message/rfc822\n\n");
  g_autoptr (MugaiMail) mail = parse (text->str);
  g_assert_true ((mail->oddities & MUGAI_BIT (MUGAI_ODDITY_NESTING_LIMIT)) != 0);
}

static void test_parts (void) {
  g_autoptr (GString) text = g_string_new ("Content-Type: multipart/mixed; boundary=b\n\n");
  for (guint i = 0; i < 20000; i++)
    g_string_append (text, "--b\n\nx\n");
  g_string_append (text, "--b--\n");
  g_autoptr (MugaiMail) mail = parse (text->str);
  g_assert_true ((mail->oddities & MUGAI_BIT (MUGAI_ODDITY_PART_LIMIT)) != 0);
  g_assert_cmpuint (mail->entities->len, <=, MUGAI_MAIL_MAX_PARTS);
  const MugaiEntity *last = g_ptr_array_index (mail->entities, mail->entities->len - 1);
  g_assert_true (last->undecodable);
  g_assert_cmpuint (g_bytes_get_size (last->content), >, 100000);
}

static void test_headers (void) {
  g_autoptr (GString) text = g_string_new ("Subject: x\n");
  for (guint i = 0; i < 100000; i++)
    g_string_append (text, "X-A: b\n");
  g_string_append (text, "\nbody\n");
  g_autoptr (MugaiMail) mail = parse (text->str);
  g_assert_true ((mail->oddities & MUGAI_BIT (MUGAI_ODDITY_HEADER_LIMIT)) != 0);
  g_assert_true (mail->root->undecodable);
  g_assert_nonnull (mugai_mail_field (mail->root, "subject"));
}

/* GMime 3.2.13 overflows its stack here; in a nested message no MTA cuts the field. */
static void test_group_bomb (void) {
  g_autoptr (GString) bomb = g_string_new ("To: ");
  for (guint i = 0; i < 100000; i++)
    g_string_append (bomb, "a:");
  g_autofree char *nested = g_strdup_printf ("Content-Type: message/rfc822\n\n%s\n\nx\n", bomb->str);
  g_autofree char *in_body =
      g_strdup_printf ("Content-Type: multipart/mixed; boundary=b\n\n--c\n%s\n--b--\n", bomb->str);
  const char *const messages[] = { bomb->str, nested, in_body };
  for (guint i = 0; i < G_N_ELEMENTS (messages); i++) {
    g_autoptr (MugaiMail) mail = parse (messages[i]);
    g_assert_true ((mail->oddities & MUGAI_BIT (MUGAI_ODDITY_HEADER_LIMIT)) != 0);
  }
}

/* GMime 3.2.13 loops when such a parameter is written again (its issue 165). */
static void test_parameter_bomb (void) {
  g_autofree char *name = g_strnfill (72, 'n'), *value = g_strnfill (150, '\xE9');
  g_autofree char *text = g_strdup_printf ("Content-Type: multipart/mixed; %s=\"%s\"\n\nx\n", name, value);
  g_autoptr (MugaiMail) mail = parse (text);
  g_assert_nonnull (mail);
}

static void test_decoded_limit (void) {
  const MugaiMailLimits limits = { .max_decoded_bytes = 3 };
  g_autoptr (GBytes) bytes = g_bytes_new_static ("\n1234567\n", 9);
  g_autoptr (MugaiMail) mail = mugai_mail_parse (bytes, &limits, NULL);
  g_assert_true ((mail->oddities & MUGAI_BIT (MUGAI_ODDITY_DECODED_LIMIT)) != 0);
  g_assert_true (mail->root->undecodable);
}

/* ---- text ---- */

static void test_flowed (void) {
  g_autoptr (MugaiMail) mail =
      parse ("Content-Type: text/plain; format=flowed; delsp=yes\n\nThis is \none.\n> quo \n> ted\n"
             " >stuffed\n-- \nsig\n");
  guint64 oddities = 0;
  g_autofree char *text = mugai_mail_leaf_text (mail->root, NULL, &oddities);
  g_assert_cmpstr (text, ==, "This isone.\n> quoted\n>stuffed\n-- \nsig\n");
  g_assert_cmpuint (oddities, ==, 0);
}

static void test_cut (void) {
  g_autoptr (MugaiMail) mail = parse ("\nbefore\nbegin 644 a.txt\n#0V%T\n`\nend\nafter\n");
  guint64 oddities = 0;
  g_autofree char *text = mugai_mail_leaf_text (mail->root, NULL, &oddities);
  g_assert_nonnull (strstr (text, "before\n["));
  g_assert_nonnull (strstr (text, "]\nafter\n"));
  g_assert_null (strstr (text, "0V%T"));
  g_assert_true ((oddities & MUGAI_BIT (MUGAI_ODDITY_IN_BODY_ENCODING)) != 0);
}

static void test_undecodable_text (void) {
  g_autoptr (MugaiMail) mail = parse (BASE64 "QUI=\nQ0Q=\n");
  guint64 oddities = 0;
  g_assert_null (mugai_mail_leaf_text (mail->root, NULL, &oddities));
}

/* ---- facts ---- */

static void test_facts (void) {
  g_autoptr (MugaiMail) mail =
      parse ("Received: from x by y; Sat, 21 Nov 2026 10:00:00 +0900\nFrom: =?UTF-8?B?5bGx55Sw?= <yamada@example.com>\n"
             "To: a@example.com, b@example.com\nCc: c@example.com\nSubject: =?UTF-8?B?44GCYQ==?= =?UTF-8?B?44GE?=\n"
             "Message-ID: <1@example.com>\nX-Unknown: y\nAuto-Submitted: auto-generated\n\nx\n");
  g_autoptr (MugaiFacts) facts = mugai_facts_new ();
  mugai_mail_fill_facts (mail, facts);
  g_assert_cmpstr (facts->subject, ==, "あaい");
  g_assert_cmpstr (facts->message_id, ==, "<1@example.com>");
  g_assert_cmpstr (facts->from_name, ==, "山田");
  g_assert_cmpstr (facts->from_address, ==, "yamada@example.com");
  g_assert_cmpuint (g_strv_length (facts->shown_addresses), ==, 3);
  g_assert_cmpuint (facts->headers->len, ==, 2);
  g_assert_cmpuint (facts->oddities, ==, 0);
}

static void test_imitation (void) {
  static const struct {
    const char *from;
    gboolean imitates;
  } cases[] = { { "\"mayor@city.example.lg.jp\" <x@evil.example>", TRUE },
                { "\"mayor\xEF\xBC\xA0"
                  "city.example.lg.jp\" <x@evil.example>",
                  TRUE },
                { "\"x@evil.example\" <X@evil.example>", FALSE },
                { "Mayor <mayor@city.example.lg.jp>", FALSE } };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *text = g_strdup_printf ("From: %s\n\nx\n", cases[i].from);
    g_autoptr (MugaiMail) mail = parse (text);
    g_autoptr (MugaiFacts) facts = mugai_facts_new ();
    mugai_mail_fill_facts (mail, facts);
    g_assert_cmpint ((facts->oddities & MUGAI_BIT (MUGAI_ODDITY_LOOKS_LIKE_OURS)) != 0, ==, cases[i].imitates);
  }
}

/* ---- real mail ---- */

static void read_file (const char *path) {
  g_autofree char *data = NULL;
  gsize length;
  if (!g_file_get_contents (path, &data, &length, NULL))
    return;
  g_autoptr (GBytes) bytes = g_bytes_new (data, length);
  g_autoptr (MugaiMail) mail = mugai_mail_parse (bytes, NULL, NULL);
  g_assert_nonnull (mail);
  g_autoptr (MugaiFacts) facts = mugai_facts_new ();
  mugai_mail_fill_facts (mail, facts);
  for (guint i = 0; i < mail->entities->len; i++) {
    const MugaiEntity *part = g_ptr_array_index (mail->entities, i);
    g_assert_nonnull (part->path);
    g_assert_nonnull (part->content);
  }
}

static void test_corpus (void) {
  static const char *const folders[] = { "rspamd", "stalwart", "mailparser" };
  const char *shared = g_getenv ("MUGAI_SHARED");
  guint n = 0;
  for (guint i = 0; shared != NULL && i < G_N_ELEMENTS (folders); i++) {
    g_autofree char *folder = g_build_filename (shared, "corpus", folders[i], NULL);
    g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
    const char *name;
    while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      read_file (path);
      n++;
    }
  }
  if (n == 0)
    g_test_skip ("no corpus: MUGAI_SHARED is not set");
}

int main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  mugai_mail_init ();
  for (guint i = 0; i < G_N_ELEMENTS (odd_cases); i++) {
    g_autofree char *path = g_strdup_printf ("/mail/reader/odd/%s", odd_cases[i].name);
    g_test_add_data_func (path, &odd_cases[i], test_odd);
  }
  g_test_add_func ("/mail/reader/paths", test_paths);
  g_test_add_func ("/mail/reader/digest", test_digest);
  g_test_add_func ("/mail/reader/saved-message", test_saved_message);
  g_test_add_func ("/mail/reader/views", test_views);
  g_test_add_func ("/mail/reader/many-blocks", test_many_blocks);
  g_test_add_func ("/mail/reader/word-bomb", test_word_bomb);
  g_test_add_func ("/mail/reader/uuencoded-part", test_uuencoded_part);
  g_test_add_func ("/mail/reader/depth", test_depth);
  g_test_add_func ("/mail/reader/nested-messages", test_nested_messages);
  g_test_add_func ("/mail/reader/parts", test_parts);
  g_test_add_func ("/mail/reader/headers", test_headers);
  g_test_add_func ("/mail/reader/group-bomb", test_group_bomb);
  g_test_add_func ("/mail/reader/parameter-bomb", test_parameter_bomb);
  g_test_add_func ("/mail/reader/decoded-limit", test_decoded_limit);
  g_test_add_func ("/mail/reader/flowed", test_flowed);
  g_test_add_func ("/mail/reader/cut", test_cut);
  g_test_add_func ("/mail/reader/undecodable-text", test_undecodable_text);
  g_test_add_func ("/mail/reader/facts", test_facts);
  g_test_add_func ("/mail/reader/imitation", test_imitation);
  g_test_add_func ("/mail/reader/corpus", test_corpus);
  return g_test_run ();
}
