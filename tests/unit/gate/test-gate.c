/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Unit tests of the gate: sentences of the language, and a table of near-misses. Each near-miss is an accepted
 * message with one rule broken, made by replacing one piece of it, so nothing but that rule refuses it.
 */
#include "mugai/gate.h"

#include <string.h>

#include "mugai/base/base.h"

#define B "=_mugai-0123456789abcdef0123456789abcdef"
#define TEXT_B64 "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
#define TEXT_QP "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"

/* 57 bytes to a line: "0123..." ; the second line is short */
#define B64_LINES                                                                                                      \
  "44GT44KT44Gr44Gh44Gv44CC44GT44KT44Gr44Gh44Gv44CC44GT44KT44Gr44Gh44Gv44CCYWJj\r\n"                                   \
  "ZGVm\r\n"

static const char plain[] = "Received: from a.example (a.example [192.0.2.1])\r\n\tby mx.example with ESMTP id 1;\r\n"
                            " Sat, 21 Nov 2026 14:31:49 +0900\r\n"
                            "Received: by b.example\r\n"
                            "From: =?UTF-8?B?5bGx55Sw?= <a@example.jp>\r\n"
                            "Subject: =?UTF-8?B?44GT44KT?=\r\n =?UTF-8?B?44Gr44Gh44Gv?=\r\n"
                            "References:\r\n <1@example>\r\n <2@example>\r\n"
                            "X-Mugai-Id: 01JD0000000000000000000000\r\n"
                            "X-Mugai-Extra: yes\r\n"
                            "MIME-Version: 1.0\r\n" TEXT_B64 B64_LINES;

static const char quoted[] = "Subject: a\r\nMIME-Version: 1.0\r\n" TEXT_QP "caf=C3=A9 and=\r\n more =3D=20\r\n"
                             "\tlast line\r\n";

/* Parts: "hello\n" named 資料.pdf, the bytes 00 FF named b.bin, and one empty without a name */
#define PART_1                                                                                                         \
  "--" B "\r\nContent-Type: application/pdf;\r\n name=\"=?UTF-8?B?6LOH5paZ?= =?UTF-8?B?LnBkZg==?=\"\r\n"               \
  "Content-Transfer-Encoding: base64\r\n"                                                                              \
  "Content-Disposition: attachment;\r\n filename*0*=UTF-8''%E8%B3%87;\r\n filename*1*=%E6%96%99.pdf\r\n\r\n"           \
  "aGVsbG8K\r\n"
#define PART_2                                                                                                         \
  "--" B "\r\nContent-Type: application/octet-stream; name=\"b.bin\"\r\nContent-Transfer-Encoding: base64\r\n"         \
  "Content-Disposition: attachment; filename=\"b.bin\"\r\n\r\nAP8=\r\n"
#define PART_3                                                                                                         \
  "--" B "\r\nContent-Type: text/csv\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment\r\n\r\n"  \
  "\r\n"
static const char mixed[] = "Subject: a\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n boundary=\"" B
                            "\"\r\n\r\n--" B "\r\n" TEXT_QP "text\r\n" PART_1 PART_2 PART_3 "--" B "--\r\n";

static const char *const mixed_sha256[] = { "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03",
                                            "06eb7d6a69ee19e5fbdf749018d3d2abfa04bcbd1365db312eb86dc7169389b8",
                                            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", NULL };

static gboolean check (const char *mail, gsize length, MugaiCeiling ceiling, const char *const *sha256,
                       MugaiGateResult *result, GError **error) {
  MugaiGateExpect expect = { .ceiling = ceiling, .kept_sha256 = sha256 };
  /* An exact copy: the sanitizer then sees a read behind the end. */
  g_autofree char *copy = g_malloc (MAX (length, 1));
  memcpy (copy, mail, length);
  return mugai_gate_check (copy, length, &expect, result, error);
}

static void assert_accepted (const char *mail, gsize length, MugaiCeiling ceiling, const char *const *sha256,
                             const char *body, guint n_fields) {
  g_autoptr (GError) error = NULL;
  MugaiGateResult result;

  gboolean accepted = check (mail, length, ceiling, sha256, &result, &error);
  g_assert_no_error (error);
  g_assert_true (accepted);
  g_assert_cmpuint (result.n_fields, ==, n_fields);
  g_assert_cmpint (strncmp (mail + result.body_offset, body, strlen (body)), ==, 0);
  g_assert_cmpint (strncmp (mail + result.body_offset - 4, "\r\n\r\n", 4), ==, 0);
}

static void test_accepted (void) {
  assert_accepted (plain, strlen (plain), MUGAI_CEILING_TEXT, NULL, "44GT", 10);
  assert_accepted (plain, strlen (plain), MUGAI_CEILING_PARTS, NULL, "44GT", 10);
  assert_accepted (quoted, strlen (quoted), MUGAI_CEILING_TEXT, NULL, "caf=C3", 4);
  assert_accepted (mixed, strlen (mixed), MUGAI_CEILING_PARTS, mixed_sha256, "--" B, 3);
  assert_accepted (mixed, strlen (mixed), MUGAI_CEILING_UNTOUCHED, mixed_sha256, "--" B, 3);

  /* words, not uuencode */
  g_autofree char *words = g_strdup_printf ("MIME-Version: 1.0\r\n" TEXT_QP "%s",
                                            "begin the day\r\nDEAR SIR,\r\nbegin 644\r\n\r\n#86)C\r\n");
  assert_accepted (words, strlen (words), MUGAI_CEILING_TEXT, NULL, "begin", 3);

  static const char empty[] = "MIME-Version: 1.0\r\n" TEXT_QP;
  assert_accepted (empty, strlen (empty), MUGAI_CEILING_TEXT, NULL, "", 3);
}

/* Every length but the whole one is refused: the language has no sentence that begins another of these. */
static void test_cut (void) {
  for (gsize n = 0; n < strlen (mixed); n++)
    g_assert_false (check (mixed, n, MUGAI_CEILING_PARTS, mixed_sha256, NULL, NULL));
  for (gsize n = 0; n < strlen (plain); n++) {
    gboolean at_line = n >= 2 && plain[n - 1] == '\n' && n >= strlen (plain) - strlen (B64_LINES);
    g_assert_true (check (plain, n, MUGAI_CEILING_TEXT, NULL, NULL, NULL) == at_line);
  }
}

typedef struct {
  const char *rule;
  const char *mail, *old, *new;
  const char *expected; /* part of the error's text */
} NearMiss;

static const NearMiss near_misses[] = {
  { "uuencode in text", quoted, "\tlast line", "begin 644 a.exe\r\n#86)C\r\n`\r\nend", "uuencode" },
  { "uuencode, upper case", quoted, "\tlast line", "BEGIN\ta.exe\r\n#86)C", "uuencode" },
  { "uuencode behind an encoded line end", plain, "YWJj\r\nZGVm", "CmJl\r\nZ2luIDY0NCBhLmV4ZQojODYpQwo=", "uuencode" },
  { "yEnc in text", quoted, "\tlast line", "=3Dybegin line=3D128 size=3D3 name=3Da.exe", "yEnc" },
  { "LF alone", plain, "X-Mugai-Extra: yes\r\n", "X-Mugai-Extra: yes\n", "CRLF at" },
  { "CR alone", plain, "yes\r\n", "y\res\r\n", "LF behind CR" },
  { "NUL (see below)", plain, "yes", "\x01", "printable ASCII" },
  { "DEL", plain, "yes", "\x7f", "printable ASCII" },
  { "8 bit", plain, "yes", "caf\xC3\xA9", "printable ASCII" },
  { "unknown field", plain, "X-Mugai-Extra", "X-Other", "known field" },
  { "other case", plain, "Subject", "SUBJECT", "known field" },
  { "other case of ours", plain, "X-Mugai-Extra", "X-MUGAI-Id", "known field" },
  { "other case of ours", plain, "X-Mugai-Extra", "X-Mugai-ID", "known field" },
  { "nothing behind X-Mugai-", plain, "X-Mugai-Extra", "X-Mugai-", "known field" },
  { "blank before colon", plain, "Subject:", "Subject :", "known field" },
  { "no space behind colon", plain, "Subject: ", "Subject:", "space behind" },
  { "no colon", plain, "X-Mugai-Extra: yes", "X-Mugai-Extra", "header field or" },
  { "twice", plain, "X-Mugai-Extra", "Subject", "not there before" },
  { "blank continuation", plain, "References:\r\n <1", "References:\r\n \t\r\n <1", "not blank" },
  { "empty line in header", plain, "X-Mugai-Extra: yes\r\n", "\r\n", "header field or" },
  { "Q word", plain, "=?UTF-8?B?44GT44KT?=", "=?UTF-8?Q?a?=", "encoded word" },
  { "other charset", plain, "=?UTF-8?B?44GT44KT?=", "=?ISO-2022-JP?B?44GT44KT?=", "encoded word" },
  { "lower-case word", plain, "=?UTF-8?B?44GT44KT?=", "=?utf-8?B?44GT44KT?=", "encoded word" },
  { "language suffix", plain, "=?UTF-8?B?44GT44KT?=", "=?UTF-8*ja?B?44GT44KT?=", "encoded word" },
  { "unpadded word", plain, "=?UTF-8?B?44GT44KT?=", "=?UTF-8?B?YQ?=", "encoded word" },
  { "unused bits in word", plain, "=?UTF-8?B?44GT44KT?=", "=?UTF-8?B?YR==?=", "encoded word" },
  { "empty word", plain, "=?UTF-8?B?44GT44KT?=",
    "=?UTF-8?B?"
    "?=",
    "encoded word" },
  { "open word", plain, "=?UTF-8?B?44GT44KT?=", "=?UTF-8?B?44GT44KT", "encoded word" },
  { "split character", plain, "=?UTF-8?B?44GT44KT?=", "=?UTF-8?B?44GT44I=?=", "encoded word" },
  { "LF in word", plain, "=?UTF-8?B?44GT44KT?=", "=?UTF-8?B?YQpi?=", "encoded word" },
  { "TAB in word", plain, "=?UTF-8?B?44GT44KT?=", "=?UTF-8?B?YQli?=", "encoded word" },
  { "NUL in word", plain, "=?UTF-8?B?44GT44KT?=", "=?UTF-8?B?YQBi?=", "encoded word" },
  { "NEL in word", plain, "=?UTF-8?B?44GT44KT?=", "=?UTF-8?B?woU=?=", "encoded word" },
  { "RLO in word", plain, "=?UTF-8?B?44GT44KT?=", "=?UTF-8?B?4oCu?=", "encoded word" },
  { "surrogate in word", plain, "=?UTF-8?B?44GT44KT?=", "=?UTF-8?B?7aCA?=", "encoded word" },
  { "overlong in word", plain, "=?UTF-8?B?44GT44KT?=", "=?UTF-8?B?wK8=?=", "encoded word" },
  { "word over 75", plain, "=?UTF-8?B?44GT44KT?=",
    "=?UTF-8?B?YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh?=", "encoded word" },
  { "glued before", plain, "=?UTF-8?B?44GT44KT?=", "x=?UTF-8?B?44GT44KT?=", "blanks around" },
  { "glued behind", plain, "=?UTF-8?B?44GT44KT?=", "=?UTF-8?B?44GT44KT?=x", "blanks around" },
  { "other version", plain, "MIME-Version: 1.0", "MIME-Version: 1.1", "known field" },
  { "MIME-Version twice", plain, "MIME-Version: 1.0\r\n", "MIME-Version: 1.0\r\nMIME-Version: 1.0\r\n",
    "Content-Type" },
  { "no MIME-Version", plain, "MIME-Version: 1.0\r\n", "", "known field" },
  { "HTML", plain, "text/plain", "text/html", "charset=utf-8" },
  { "other charset", plain, "charset=utf-8", "charset=utf-7", "charset=utf-8" },
  { "parameter", plain, "charset=utf-8", "charset=utf-8; name=a.html", "charset=utf-8" },
  { "8bit", plain, ": base64", ": 8bit", "base64 or quoted-printable" },
  { "field behind", plain, ": base64\r\n", ": base64\r\nSubject: x\r\n", "empty line" },
  { "encoding twice", plain, ": base64\r\n", ": base64\r\nContent-Transfer-Encoding: 7bit\r\n", "empty line" },
  { "short base64 line inside", plain, "44GT44KT44Gr44Gh44Gv44CC44GT", "44GT", "the end of the message" },
  { "padding inside", plain, "YWJj\r\nZGVm", "YWI=\r\nZGVm", "the end of the message" },
  { "blank in base64", plain, "ZGVm", "ZG m", "canonical base64" },
  { "wrong length", plain, "ZGVm", "ZGVmZ", "canonical base64" },
  { "unused bits", plain, "ZGVm", "ZGV=", "canonical base64" },
  { "three paddings", plain, "ZGVm", "Z===", "canonical base64" },
  { "line of 80", plain, "YWJj\r\n", "YWJjYWJj\r\n", "canonical base64" },
  { "behind base64", plain, "ZGVm\r\n", "ZGVm\r\n\r\n", "the end of the message" },
  { "not UTF-8", plain, "ZGVm", "/w==", "UTF-8 text" },
  { "cut character", plain, "ZGVm", "44E=", "UTF-8 text" },
  { "escape in text", plain, "ZGVm", "Gw==", "UTF-8 text" },
  { "CR in text", plain, "ZGVm", "DWE=", "UTF-8 text" },
  { "CR at text's end", plain, "ZGVm", "YQ0=", "UTF-8 text" },
  { "NUL in text", plain, "ZGVm", "AAAA", "UTF-8 text" },
  { "LRI in text", plain, "ZGVm", "4oGm", "UTF-8 text" },
  { "line separator in text", plain, "ZGVm", "4oCo", "UTF-8 text" },
  { "noncharacter in text", plain, "ZGVm", "77+/", "UTF-8 text" },
  { "tag character in text", plain, "ZGVm", "86CBgQ==", "UTF-8 text" },
  { "over U+10FFFF", plain, "ZGVm", "9JCAgA==", "UTF-8 text" },
  { "lower-case hex", quoted, "=C3=A9", "=c3=a9", "quoted-printable" },
  { "bare =", quoted, "=3D", "=", "quoted-printable" },
  { "cut hex", quoted, "=20\r\n", "=2\r\n", "quoted-printable" },
  { "encoded LF", quoted, "=3D", "=0A", "quoted-printable" },
  { "encoded CR", quoted, "=3D", "=0D", "quoted-printable" },
  { "blank at end", quoted, "last line", "last line ", "quoted-printable" },
  { "soft break at end", quoted, "last line", "last line=", "a line of quoted-printable" },
  { "encoded control", quoted, "=3D", "=00", "UTF-8 text" },
  { "encoded bidi", quoted, "=3D", "=E2=80=AE", "UTF-8 text" },
  { "77 octets", quoted, "last line", "12345678901234567890123456789012345678901234567890123456789012345678901234567",
    "76 octets" },
  { "boundary in upper case", mixed, "boundary=\"=_mugai-0123456789abcdef", "boundary=\"=_mugai-0123456789ABCDEF",
    "lower-case hex" },
  { "boundary on the same line", mixed, "mixed;\r\n", "mixed;", "Content-Type: multipart/mixed;" },
  { "short boundary", mixed, "cdef\"", "cde\"", "lower-case hex" },
  { "boundary twice", mixed, "cdef\"\r\n", "cdef\";\r\n boundary=x\r\n", "lower-case hex" },
  { "encoding of multipart", mixed, "cdef\"\r\n", "cdef\"\r\nContent-Transfer-Encoding: base64\r\n", "empty line" },
  { "other multipart", mixed, "multipart/mixed", "multipart/related", "Content-Type: multipart/mixed;" },
  { "preamble", mixed, "\r\n\r\n--", "\r\n\r\nhidden\r\n--", "\"--=_mugai" },
  { "epilogue", mixed, "--\r\n", "--\r\nhidden\r\n", "the end of the message" },
  { "not closed", mixed, B "--\r\n", B "\r\n", "Content-Type: " },
  { "blank behind delimiter", mixed, B "\r\nContent-Type: text/csv", B " \r\nContent-Type: text/csv", "\"--=_mugai" },
  { "text is not first", mixed, "Content-Type: text/plain; charset=utf-8", "Content-Type: text/plain",
    "charset=utf-8" },
  { "multipart part", mixed, "text/csv", "multipart/csv", "no container" },
  { "message part", mixed, "text/csv", "message/rfc822", "no container" },
  { "upper-case type", mixed, "text/csv", "Text/csv", "lower-case media type" },
  { "no subtype", mixed, "text/csv", "text/", "lower-case media type" },
  { "inline", mixed, "attachment\r\n", "inline\r\n", "attachment" },
  { "part as quoted-printable", mixed, "base64\r\nContent-Disposition: attachment\r\n",
    "quoted-printable\r\nContent-Disposition: attachment\r\n", "base64" },
  { "field behind part head", mixed, "attachment\r\n", "attachment\r\nContent-ID: <1@a>\r\n", "empty line" },
  { "disposition twice", mixed, "attachment\r\n", "attachment\r\nContent-Disposition: inline\r\n", "empty line" },
  { "names differ", mixed, "filename=\"b.bin\"", "filename=\"b.exe\"", "same safe text" },
  { "decoded names differ", mixed, "%99.pdf", "%98.pdf", "same safe text" },
  { "name alone", mixed, "attachment; filename=\"b.bin\"", "attachment", "filename where" },
  { "filename alone", mixed, "text/csv", "text/csv; x=\"a\"", "name=" },
  { "filename without name", mixed, "attachment\r\n", "attachment; filename=\"a\"\r\n", "filename where" },
  { "second parameter", mixed, " name=\"b.bin\"", " name=\"b.bin\"; name=\"c.exe\"", "name=" },
  { "bare name", mixed, "name=\"b.bin\"", "name=b.bin", "name=" },
  { "escape in name", mixed, "name=\"b.bin\"", "name=\"b\\\".bin\"", "name=" },
  { "slash in name", mixed,
    "name=\"b.bin\"\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"b.bin\"",
    "name=\"../b\"\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"../b\"",
    "same safe text" },
  { "word inside ASCII name", mixed, "name=\"b.bin\"", "name=\"a =?UTF-8?B?YQ==?=\"", "name=" },
  { "Q word in name", mixed, "=?UTF-8?B?6LOH5paZ?=", "=?UTF-8?Q?a?=", "name=" },
  { "missing section", mixed, "filename*1*", "filename*2*", "filename where" },
  { "leading zero of section", mixed, "filename*1*", "filename*01*", "filename where" },
  { "section not extended", mixed, "filename*1*=", "filename*1=", "filename where" },
  { "other charset of filename", mixed, "UTF-8''", "utf-8''", "filename where" },
  { "language of filename", mixed, "UTF-8''", "UTF-8'ja'", "filename where" },
  { "lower-case pct", mixed, "%E8%B3%87", "%e8%b3%87", "filename where" },
  { "pct of a control", mixed, "%99.pdf", "%99%0A.pdf", "same safe text" },
  { "fold in ASCII name", mixed, "name=\"b.bin\"", "name=\"b\r\n in\"", "name=" },
  { "content not listed", mixed, "aGVsbG8K", "aGVsbG8h", "listed part" },
  { "listed part twice", mixed, "AP8=\r\n", "aGVsbG8K\r\n", "listed part" },
  { "listed part missing", mixed, PART_2, "", "missing" },
};

static char *replace_last (const char *mail, const char *old, const char *new) {
  const char *at = g_strrstr (mail, old);
  g_assert_nonnull (at);
  return g_strdup_printf ("%.*s%s%s", (int) (at - mail), mail, new, at + strlen (old));
}

static char *replace_first (const char *mail, const char *old, const char *new) {
  const char *at = strstr (mail, old);
  g_assert_nonnull (at);
  return g_strdup_printf ("%.*s%s%s", (int) (at - mail), mail, new, at + strlen (old));
}

static void test_near_miss (gconstpointer data) {
  const NearMiss *miss = data;
  gboolean is_mixed = miss->mail == mixed;
  /* What stands at both ends of the mail is meant at the front, but closing delimiters at the back. */
  gboolean last = strstr (miss->old, "--\r\n") != NULL || g_str_has_prefix (miss->old, "attachment\r\n");
  g_autofree char *mail = (last ? replace_last : replace_first) (miss->mail, miss->old, miss->new);
  g_autoptr (GError) error = NULL;
  MugaiGateResult result = { 7, 7 };

  g_assert_false (check (mail, strlen (mail), is_mixed ? MUGAI_CEILING_PARTS : MUGAI_CEILING_TEXT,
                         is_mixed ? mixed_sha256 : NULL, &result, &error));
  g_assert_nonnull (error);
  g_assert_true (error->domain == MUGAI_GATE_ERROR);
  g_test_message ("%s: %s", miss->rule, error->message);
  g_assert_nonnull (strstr (error->message, miss->expected));
  g_assert_cmpuint (result.body_offset, ==, 7); /* untouched on failure */
}

static void test_nul (void) {
  g_autofree char *mail = g_strdup (plain);
  *strstr (mail, "yes") = '\0';
  g_autoptr (GError) error = NULL;

  g_assert_false (check (mail, strlen (plain), MUGAI_CEILING_TEXT, NULL, NULL, &error));
  g_assert_nonnull (strstr (error->message, "printable ASCII"));
}

static void test_ceiling (void) {
  g_autoptr (GError) error = NULL, other = NULL;

  g_assert_false (check (mixed, strlen (mixed), MUGAI_CEILING_TEXT, mixed_sha256, NULL, &error));
  g_assert_error (error, MUGAI_GATE_ERROR, MUGAI_GATE_ERROR_GRAMMAR);
  g_assert_false (check (mixed, strlen (mixed), MUGAI_CEILING_PARTS, NULL, NULL, &other));
  g_assert_error (other, MUGAI_GATE_ERROR, MUGAI_GATE_ERROR_PART);
}

static void test_multiplicity (void) {
  const char *const twice[] = { mixed_sha256[0], mixed_sha256[1], mixed_sha256[0], mixed_sha256[2], NULL };
  g_autofree char *mail = replace_first (mixed, PART_2, PART_2 PART_1);
  g_autoptr (GError) error = NULL;

  g_assert_true (check (mail, strlen (mail), MUGAI_CEILING_PARTS, twice, NULL, NULL));
  g_assert_false (check (mixed, strlen (mixed), MUGAI_CEILING_PARTS, twice, NULL, &error));
  g_assert_error (error, MUGAI_GATE_ERROR, MUGAI_GATE_ERROR_PART);
  g_assert_false (check (mail, strlen (mail), MUGAI_CEILING_PARTS, mixed_sha256, NULL, NULL));
}

static void assert_too_large (GString *mail, gsize max_bytes) {
  MugaiGateExpect expect = { .ceiling = MUGAI_CEILING_TEXT, .max_bytes = max_bytes };
  g_autoptr (GError) error = NULL;

  g_assert_false (mugai_gate_check (mail->str, mail->len, &expect, NULL, &error));
  g_assert_error (error, MUGAI_GATE_ERROR, MUGAI_GATE_ERROR_SIZE);
  g_string_free (mail, TRUE);
}

/* A message with @n lines of @line in front. */
static GString *with_lines (const char *first, const char *line, guint n) {
  GString *mail = g_string_new (first);
  for (guint i = 0; i < n; i++)
    g_string_append (mail, line);
  g_string_append (mail, plain);
  return mail;
}

static void test_sizes (void) {
  g_autofree char *long_text = g_strnfill (999 - strlen ("X-Loop: "), 'a');
  g_autofree char *long_line = g_strdup_printf ("X-Loop: %s\r\n", long_text);

  assert_too_large (g_string_new (plain), strlen (plain) - 1);
  assert_too_large (with_lines (long_line, "", 0), 0);
  assert_too_large (with_lines ("X-Loop: a\r\n", " 0123456789012345678901234567890123456789\r\n", 600), 0);
  assert_too_large (with_lines ("", "X-Loop: 0123456789012345678901234567890123456789\r\n", 700), 0);

  GString *fits = with_lines ("X-Loop: a\r\n", " 0123456789012345678901234567890123456789\r\n", 400);
  g_assert_true (check (fits->str, fits->len, MUGAI_CEILING_TEXT, NULL, NULL, NULL));
  g_string_free (fits, TRUE);
}

static void test_error_place (void) {
  g_autofree char *mail = replace_first (quoted, "=3D", "=zz");
  g_autofree char *place = g_strdup_printf ("byte %d, line 7: ", (int) (strstr (mail, "=zz") - mail));
  g_autoptr (GError) error = NULL;

  g_assert_false (check (mail, strlen (mail), MUGAI_CEILING_TEXT, NULL, NULL, &error));
  g_assert_true (g_str_has_prefix (error->message, place));
}

int main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/gate/accepted", test_accepted);
  g_test_add_func ("/gate/cut", test_cut);
  g_test_add_func ("/gate/nul", test_nul);
  g_test_add_func ("/gate/ceiling", test_ceiling);
  g_test_add_func ("/gate/multiplicity", test_multiplicity);
  g_test_add_func ("/gate/sizes", test_sizes);
  g_test_add_func ("/gate/error-place", test_error_place);
  for (gsize i = 0; i < G_N_ELEMENTS (near_misses); i++) {
    g_autofree char *path = g_strdup_printf ("/gate/near-miss/%03d %s", (int) i, near_misses[i].rule);
    g_test_add_data_func (path, &near_misses[i], test_near_miss);
  }
  return g_test_run ();
}
