/* SPDX-License-Identifier: GPL-2.0-only
 *
 * The writer: which fields come out and in which form, bodies in both encodings, parts with names. That all of it is
 * in the gate's language is the fuzzer's invariant and the gate's own tests'.
 */
#include <string.h>

#include "mugai/mail/mail.h"

static MugaiMail *parse (const char *text) {
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  MugaiMail *mail = mugai_mail_parse (bytes, NULL, NULL);
  g_assert_nonnull (mail);
  return mail;
}

static char *fields_of (const char *message, guint *ret_dropped) {
  g_autoptr (MugaiMail) mail = parse (message);
  return g_string_free (mugai_mail_write_fields (mail, NULL, ret_dropped), FALSE);
}

/* ---- fields ---- */

typedef struct {
  const char *name, *in, *out;
} FieldCase;

static const FieldCase field_cases[] = {
  { "subject", "Subject: =?UTF-8?B?44GCYQ==?= =?UTF-8?B?44GE?=\n", "Subject: =?UTF-8?B?44GCYeOBhA==?=\r\n" },
  { "subject-injection", "Subject: =?UTF-8?Q?a=0D=0ABcc:_x@example.com?=\n", "Subject: a\r\n" },
  { "order", "Subject: x\nReceived: from a by b; Sat, 21 Nov 2026 10:00:00 +0900\n",
    "Received: from a by b; Sat, 21 Nov 2026 10:00:00 +0900\r\nSubject: x\r\n" },
  { "first-of-two", "Subject: one\nSubject: two\n", "Subject: one\r\n" },
  { "date", "Date: sat, 21 nov 26 1:02 JST (comment)\n", "Date: Sat, 21 Nov 2026 01:02:00 +0900\r\n" },
  { "date-wrong-weekday", "Date: Mon, 21 Nov 2026 10:00:00 -0330\n", "Date: Sat, 21 Nov 2026 10:00:00 -0330\r\n" },
  { "date-none", "Date: tomorrow\n", "" },
  { "date-impossible", "Date: 31 Feb 2026 10:00:00 +0000\n", "" },
  { "message-id", "Message-ID: <a.b@example.com> junk\n", "Message-ID: <a.b@example.com>\r\n" },
  { "message-id-bad", "Message-ID: <a b\\c@example.com>\n", "" },
  { "message-id-word", "Message-ID: <=?UTF-8?B?AAAA?=@example.com>\n", "" },
  { "references", "References: <a@b>\n <c@d> (x) <e@f>\n", "References: <a@b> <c@d> <e@f>\r\n" },
  { "trace-text", "Received: \xE3\x81\x82 $%^&*; Sat, 21 Nov 2026 10:00:00 +0900\n",
    "Received: ? ?????; Sat, 21 Nov 2026 10:00:00 +0900\r\n" },
  { "trace-no-date", "Received: anything at all\n", "" },
  { "list", "List-Unsubscribe: <https://example.com/u?x=1>, <mailto:u@example.com>, <javascript:x>\n",
    "List-Unsubscribe: <https://example.com/u?x=1>, <mailto:u@example.com>\r\n" },
  { "list-id", "List-Id: =?UTF-8?B?44GC?= <l.example.com>\n", "List-Id: <l.example.com>\r\n" },
  { "token", "Auto-Submitted: auto-replied; x=1\n", "Auto-Submitted: auto-replied; x=1\r\n" },
  { "token-bad", "Precedence: \"bulk\xE3\x81\x82\"\n", "" },
  { "thread-index", "Thread-Index: AdABCD\n EFGH==\n", "Thread-Index: AdABCDEFGH==\r\n" },
  { "dropped", "X-Mugai-Id: x\nAuthentication-Results: a; spf=pass\nX-Any: y\nDKIM-Signature: z\nBcc: b@example.com\n",
    "" },
  { "addresses", "To: \"A, B\" <a@example.com>, =?UTF-8?B?44GC?= <b@example.com>\n",
    "To: \"A, B\" <a@example.com>, =?UTF-8?B?44GC?= <b@example.com>\r\n" },
};

static void test_field (gconstpointer data) {
  const FieldCase *field = data;
  g_autofree char *message = g_strdup_printf ("%s\nbody\n", field->in);
  g_autofree char *written = fields_of (message, NULL);
  g_assert_cmpstr (written, ==, field->out);
}

static void test_dropped (void) {
  guint dropped = 0;
  g_autofree char *written = fields_of ("Subject: a\nX-A: 1\nX-B: 2\nMIME-Version: 1.0\nDate: none\n\nx\n", &dropped);
  g_assert_cmpstr (written, ==, "Subject: a\r\n");
  g_assert_cmpuint (dropped, ==, 3);
}

static void test_tag (void) {
  g_autoptr (MugaiMail) mail = parse ("Subject: a\n\nx\n");
  g_autofree char *tagged = g_string_free (mugai_mail_write_fields (mail, "[EXT]", NULL), FALSE);
  g_assert_cmpstr (tagged, ==, "Subject: [EXT] a\r\n");
  g_autofree char *none = g_string_free (mugai_mail_write_fields (NULL, NULL, NULL), FALSE);
  g_assert_cmpstr (none, ==, "");
}

/* An encoded name without a usable address is an empty group. Once the writer mended its form in place and read moved memory:
 * many of them in one field make the string move at every length. */
static void test_names_without_address (void) {
  for (guint n = 1; n < 60; n++) {
    g_autoptr (GString) text = g_string_new ("To: a@example.com");
    for (guint i = 0; i < n; i++)
      g_string_append (text, ",\n =?UTF-8?B?5bGx55Sw?=");
    g_string_append (text, "\n\nx\n");
    g_autofree char *written = fields_of (text->str, NULL);
    g_auto (GStrv) groups = g_strsplit (written, "?= :;", -1);
    g_assert_cmpuint (g_strv_length (groups), ==, n + 1);
    g_assert_null (strstr (written, "?=:;"));
    g_auto (GStrv) lines = g_strsplit (written, "\r\n", -1);
    for (guint i = 0; lines[i] != NULL; i++)
      g_assert_cmpuint (strlen (lines[i]), <=, 76);
  }
}

/* Who hides addresses shows the name alone: then the sender's own address must be in it. */
static void test_imitation (void) {
  g_autofree char *ours = fields_of ("From: \"mayor@city.example.lg.jp\" <x@evil.example>\n\nx\n", NULL);
  g_assert_cmpstr (ours, ==, "From: \"mayor@city.example.lg.jp (x@evil.example)\" <x@evil.example>\r\n");
  g_autofree char *plain = fields_of ("From: \"x@evil.example\" <x@evil.example>\n\nx\n", NULL);
  g_assert_cmpstr (plain, ==, "From: \"x@evil.example\" <x@evil.example>\r\n");
  g_autofree char *wide =
      fields_of ("From: =?UTF-8?B?bWF5b3LvvKBjaXR5LmV4YW1wbGUubGcuanA=?= <x@evil.example>\n\nx\n", NULL);
  g_autoptr (GPtrArray) again = mugai_header_parse_addresses (wide + 6, strlen (wide) - 6, NULL, NULL);
  const MugaiHeaderAddress *sender = g_ptr_array_index (again, 0);
  g_assert_cmpstr (sender->name, ==, "mayor＠city.example.lg.jp (x@evil.example)");
}

/* Results of our own relay stay for the mail filters behind us; anybody's do not. */
static void test_results (void) {
  g_autoptr (MugaiMail) mail =
      parse ("Authentication-Results: MX.city.example.lg.jp 1;\n spf=pass smtp.mailfrom=example.com\n"
             "Authentication-Results: mx.evil.example; dkim=pass\n"
             "Authentication-Results: mx.city.example.lg.jp.evil.example; dkim=pass\n"
             "Authentication-Results: mx.city.example.lg.jp; none =?UTF-8?B?AAAA?=\n\nx\n");
  static const char *const relays[] = { "mx.city.example.lg.jp", NULL };
  g_autoptr (GString) out = g_string_new (NULL);
  g_assert_cmpuint (mugai_mail_write_results (out, mail, relays), ==, 1);
  g_assert_true (g_str_has_prefix (out->str, "Authentication-Results: MX.city.example.lg.jp 1; spf=pass\r\n"
                                             " smtp.mailfrom=example.com\r\n"));
  g_assert_null (strstr (out->str, "evil"));
  g_assert_null (strstr (out->str, "=?"));
  g_assert_cmpuint (mugai_mail_write_results (out, mail, NULL), ==, 0);
}

/* Sendmail takes 32 KiB of header: long lists are cut with a sign, trace lines go last. */
static void test_budget (void) {
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < 60; i++)
    g_string_append_printf (text, "Received: from host%u; Sat, 21 Nov 2026 10:00:00 +0900\n", i);
  for (guint n = 0; n < 2; n++) {
    g_string_append (text, n == 0 ? "To: a@example.com" : "Cc: a@example.com");
    for (guint i = 0; i < 900; i++)
      g_string_append_printf (text, ",\n recipient%u@example.com", i);
    g_string_append_c (text, '\n');
  }
  g_string_append (text, "\nx\n");
  g_autofree char *written = fields_of (text->str, NULL);
  g_assert_cmpuint (strlen (written), <, 24 * 1024);
  g_assert_nonnull (strstr (written, "(...)\r\n"));
  g_assert_nonnull (strstr (written, "from host0;"));
  g_assert_null (strstr (written, "from host30;"));
}

/* ---- bodies ---- */

/* Writes and reads again. */
static MugaiMail *round_trip (const char *text, const GPtrArray *kept, char **ret_written) {
  g_autoptr (GString) header = g_string_new ("Subject: x\r\n");
  const MugaiMailDraft draft = { header, text, kept };
  g_autoptr (GBytes) written = mugai_mail_write (&draft);
  gsize length;
  const char *data = g_bytes_get_data (written, &length);
  *ret_written = g_strndup (data, length);
  MugaiMail *mail = mugai_mail_parse (written, NULL, NULL);
  g_assert_nonnull (mail);
  g_assert_cmpuint (mail->oddities, ==, 0);
  return mail;
}

static void assert_text (const char *in, const char *out, const char *encoding) {
  g_autofree char *written = NULL;
  g_autoptr (MugaiMail) mail = round_trip (in, NULL, &written);
  guint64 oddities = 0;
  g_autofree char *text = mugai_mail_leaf_text (mail->root, NULL, &oddities);
  g_assert_cmpstr (text, ==, out);
  g_assert_nonnull (strstr (written, encoding));
  for (const char *line = written; line != NULL && *line != '\0'; line = strstr (line, "\r\n") + 2)
    g_assert_cmpuint (strcspn (line, "\r"), <=, 76);
}

static void test_bodies (void) {
  assert_text ("hello\n", "hello\n", "quoted-printable");
  assert_text ("hello", "hello\n", "quoted-printable");
  assert_text ("", "\n", "quoted-printable");
  assert_text ("From me\n.\ntrailing \n\n", "From me\n.\ntrailing \n\n", "quoted-printable");
  assert_text ("日本語の本文です。\n二行目。\n", "日本語の本文です。\n二行目。\n", "base64");
  assert_text ("a\x1B[31mb\n", "a[31mb\n", "quoted-printable");
}

static void test_long_line (void) {
  g_autofree char *word = g_strnfill (3000, 'x');
  g_autofree char *expected = g_strconcat (word, "\n", NULL);
  assert_text (word, expected, "quoted-printable");
}

static void test_folding (void) {
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < 100; i++)
    g_string_append (text, "無害");
  g_autofree char *written = NULL;
  g_autoptr (MugaiMail) mail = round_trip (text->str, NULL, &written);
  guint64 oddities = 0;
  g_autofree char *read = mugai_mail_leaf_text (mail->root, NULL, &oddities);
  g_assert_cmpuint (strcspn (read, "\n"), ==, 38 * 3); /* 76 columns */
}

/* ---- parts ---- */

static void test_parts (void) {
  static const char content[] = { 'P', 'K', '\0', '\r', '\n', '\n', '=' };
  g_autoptr (GBytes) bytes = g_bytes_new_static (content, sizeof content), empty = g_bytes_new (NULL, 0);
  MugaiMailKeptPart parts[] = { { "application/zip", "../予定 表.zip", bytes },
                                { "message/rfc822", "plain.eml", empty },
                                { "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "a.docx",
                                  bytes },
                                { "Bad Type", "\xE2\x80\xAE", bytes } };
  g_autoptr (GPtrArray) kept = g_ptr_array_new ();
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    g_ptr_array_add (kept, &parts[i]);
  g_autofree char *written = NULL;
  g_autoptr (MugaiMail) mail = round_trip ("hello\n", kept, &written);
  g_assert_cmpuint (mail->entities->len, ==, 2 + G_N_ELEMENTS (parts));
  static const char *const types[] = { "application/zip", "application/octet-stream",
                                       "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
                                       "application/octet-stream" };
  static const char *const names[] = { ".._予定 表.zip", "plain.eml", "a.docx", NULL };
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++) {
    const MugaiEntity *part = g_ptr_array_index (mail->entities, i + 2);
    g_assert_cmpstr (part->declared, ==, types[i]);
    g_assert_cmpstr (part->names[0], ==, names[i]);
    g_assert_cmpstr (part->disposition, ==, "attachment");
    g_assert_true (g_bytes_equal (part->content, parts[i].content));
    g_assert_cmpuint (part->flags, ==, 0);
  }
}

/* What a file opens with is its extension: a long name is cut before it. */
static void test_long_names (void) {
  g_autoptr (GString) name = g_string_new (NULL);
  while (name->len < 1500)
    g_string_append (name, "予算");
  g_string_append (name, ".xlsx");
  g_autoptr (GBytes) bytes = g_bytes_new_static ("x", 1);
  MugaiMailKeptPart part = { "application/zip", name->str, bytes };
  g_autoptr (GPtrArray) kept = g_ptr_array_new ();
  g_ptr_array_add (kept, &part);
  g_autofree char *written = NULL;
  g_autoptr (MugaiMail) mail = round_trip ("hello\n", kept, &written);
  const MugaiEntity *leaf = g_ptr_array_index (mail->entities, 2);
  g_assert_nonnull (leaf->names[0]);
  g_assert_null (leaf->names[1]); /* name and filename* decode to the same */
  g_assert_true (g_str_has_suffix (leaf->names[0], "….xlsx"));
  g_assert_cmpuint (strlen (leaf->names[0]), <=, 255);
}

int main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  mugai_mail_init ();
  for (guint i = 0; i < G_N_ELEMENTS (field_cases); i++) {
    g_autofree char *path = g_strdup_printf ("/mail/writer/field/%s", field_cases[i].name);
    g_test_add_data_func (path, &field_cases[i], test_field);
  }
  g_test_add_func ("/mail/writer/dropped", test_dropped);
  g_test_add_func ("/mail/writer/tag", test_tag);
  g_test_add_func ("/mail/writer/names-without-address", test_names_without_address);
  g_test_add_func ("/mail/writer/imitation", test_imitation);
  g_test_add_func ("/mail/writer/results", test_results);
  g_test_add_func ("/mail/writer/long-names", test_long_names);
  g_test_add_func ("/mail/writer/budget", test_budget);
  g_test_add_func ("/mail/writer/bodies", test_bodies);
  g_test_add_func ("/mail/writer/long-line", test_long_line);
  g_test_add_func ("/mail/writer/folding", test_folding);
  g_test_add_func ("/mail/writer/parts", test_parts);
  return g_test_run ();
}
