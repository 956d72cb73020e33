/* SPDX-License-Identifier: GPL-2.0-only
 *
 * The whole way of a message in one process: leaves in are verdicts out, whatever was sent; what is delivered has passed the gate;
 * notices say what happened in the organisation's words and no more.
 */
#include "mugai/sanitize.h"

#include <string.h>

#include "mugai/base/base.h"
#include "mugai/base/fd.h"
#include "mugai/flow.h"
#include "mugai/gate.h"

#define POLICY MUGAI_SOURCE_POLICY
#define CORPUS "tests/corpus"

static const char head[] = "From: Taro <taro@mail.example.com>\r\nTo: kakari@city.example.lg.jp\r\nSubject: test\r\n"
                           "Date: Sat, 21 Nov 2026 10:00:00 +0900\r\nMessage-ID: <t1@mail.example.com>\r\n"
                           "MIME-Version: 1.0\r\n";

typedef struct {
  MugaiPolicy *policy;
  MugaiScanner *scanner;
} Fixture;

static void set_up (Fixture *fixture, gconstpointer data) {
  g_autoptr (GError) error = NULL;
  fixture->policy = mugai_policy_load (POLICY, FALSE, NULL, &error);
  g_assert_no_error (error);
  fixture->scanner = mugai_scanner_new (NULL, NULL, NULL, &error);
  g_assert_no_error (error);
}

static void tear_down (Fixture *fixture, gconstpointer data) {
  mugai_policy_unref (fixture->policy);
  mugai_scanner_free (fixture->scanner);
}

static MugaiEnvelope *make_envelope (const Fixture *fixture, const char *client, const char *from, const char *to) {
  MugaiEnvelope *envelope = mugai_envelope_new ();
  g_free (envelope->client);
  envelope->client = g_strdup (client);
  g_free (envelope->from);
  envelope->from = g_strdup (from);
  g_ptr_array_add (envelope->recipients, mugai_recipient_new (to));
  envelope->time_us = G_GINT64_CONSTANT (1795222800) * G_USEC_PER_SEC;
  mugai_flow_classify (mugai_policy_organisation (fixture->policy), envelope);
  return envelope;
}

static MugaiOutcome *run (const Fixture *fixture, const void *message, gsize length, MugaiEnvelope *envelope) {
  g_autoptr (GError) error = NULL;
  g_autofree char *id = mugai_id_new ();
  g_autoptr (MugaiNoticeContext) context = mugai_notice_context_new (id, fixture->policy, envelope->time_us);
  g_auto (MugaiFd) fd = mugai_fd_new_memory ("message", &error);
  g_assert_no_error (error);
  g_assert_true (mugai_fd_write_all (fd, message, length, &error));
  g_assert_true (mugai_fd_seal (fd, &error));
  MugaiSteps *steps = mugai_sanitize_steps_here (fixture->scanner);
  MugaiOutcome *outcome = NULL;
  g_assert_true (mugai_sanitize_run (steps, fixture->policy, envelope, fd, context, &outcome, &error));
  g_assert_no_error (error);
  mugai_sanitize_steps_here_free (steps);
  return outcome;
}

static MugaiOutcome *run_inbound (const Fixture *fixture, const void *message, gsize length) {
  g_autoptr (MugaiEnvelope) envelope =
      make_envelope (fixture, "192.0.2.1", "taro@mail.example.com", "kakari@city.example.lg.jp");
  return run (fixture, message, length, envelope);
}

/* The text of what is delivered, read by our own reader, without its folds. */
static char *text_of (const MugaiOutcome *outcome) {
  guint64 odd = 0;
  g_assert_nonnull (outcome->mail);
  g_autoptr (MugaiMail) mail = mugai_mail_parse (outcome->mail, NULL, NULL);
  g_autofree char *text = mugai_mail_leaf_text (mail->root, NULL, &odd);
  GString *flat = g_string_new (NULL);
  for (const char *p = text; *p != '\0'; p++)
    if (*p != '\n' && *p != ' ')
      g_string_append_c (flat, *p);
  return g_string_free (flat, FALSE);
}

static void assert_says (const MugaiOutcome *outcome, const char *wanted, gboolean said) {
  g_autofree char *text = text_of (outcome);
  g_autofree char *flat = g_strdup (wanted);
  char *to = flat;
  for (const char *p = wanted; *p != '\0'; p++)
    if (*p != ' ')
      *to++ = *p;
  *to = '\0';
  if ((strstr (text, flat) != NULL) != said)
    g_test_message ("%s: %s", said ? "missing" : "there", wanted);
  g_assert_cmpint (strstr (text, flat) != NULL, ==, said);
}

/* ---- accounts ---- */

static void assert_balanced (const MugaiOutcome *outcome) {
  g_assert_false (outcome->alarm);
  g_assert_nonnull (outcome->decision);
  if (outcome->facts != NULL)
    g_assert_cmpuint (outcome->facts->parts->len, ==, outcome->decision->parts->len);
  if (outcome->decision->action == MUGAI_ACTION_DELIVER && outcome->decision->changed)
    g_assert_nonnull (outcome->mail);
}

static void mutate (GByteArray *bytes, GRand *random) {
  for (int i = g_rand_int_range (random, 1, 5); i > 0 && bytes->len > 1; i--) {
    guint at = (guint) g_rand_int_range (random, 0, (gint) bytes->len - 1),
          n = (guint) g_rand_int_range (random, 1, 40);
    switch (g_rand_int_range (random, 0, 3)) {
    case 0:
      bytes->data[at] = (guint8) g_rand_int (random);
      break;
    case 1:
      g_byte_array_remove_range (bytes, at, MIN (n, bytes->len - at));
      break;
    default:
      bytes->data[at] ^= (guint8) (1u << g_rand_int_range (random, 0, 8));
    }
  }
}

/* A container of the corpus as an attachment, in base64. */
static GByteArray *wrap (const char *name, const char *content, gsize length) {
  const char *type = g_str_has_suffix (name, ".ics")    ? "text/calendar"
                     : g_str_has_suffix (name, ".vcf")  ? "text/x-vcard"
                     : g_str_has_suffix (name, ".tnef") ? "application/ms-tnef"
                     : g_str_has_suffix (name, ".p7m")  ? "application/pkcs7-mime"
                                                        : "message/delivery-status";
  g_autofree char *encoded = g_base64_encode ((const guchar *) content, length);
  GString *message = g_string_new (head);
  g_string_append_printf (message, "Content-Type: %s\r\nContent-Transfer-Encoding: base64\r\n\r\n", type);
  for (const char *p = encoded; *p != '\0'; p += MIN (strlen (p), 76))
    g_string_append_printf (message, "%.76s\r\n", p);
  GByteArray *bytes = g_byte_array_new ();
  g_byte_array_append (bytes, (const guint8 *) message->str, (guint) message->len);
  g_string_free (message, TRUE);
  return bytes;
}

/* Containers are mutated before they are wrapped, mails as they are. */
static void test_balance (Fixture *fixture, gconstpointer data) {
  static const char *const folders[] = { CORPUS "/mail", CORPUS "/containers" };
  g_autoptr (GRand) random = g_rand_new_with_seed (20261121);
  guint delivered = 0;
  for (guint f = 0; f < G_N_ELEMENTS (folders); f++) {
    g_autofree char *path = g_test_build_filename (G_TEST_DIST, folders[f], NULL);
    g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
    g_assert_nonnull (folder);
    for (const char *name = g_dir_read_name (folder); name != NULL; name = g_dir_read_name (folder)) {
      g_autofree char *file = g_build_filename (path, name, NULL);
      g_autofree char *content = NULL;
      gsize length = 0;
      g_assert_true (g_file_get_contents (file, &content, &length, NULL));
      for (guint i = 0; i < 100; i++) {
        GByteArray *bytes = g_byte_array_new ();
        g_byte_array_append (bytes, (const guint8 *) content, (guint) length);
        if (i > 0)
          mutate (bytes, random);
        GByteArray *message = f == 0 ? g_byte_array_ref (bytes) : wrap (name, (const char *) bytes->data, bytes->len);
        MugaiOutcome *outcome = run_inbound (fixture, message->data, message->len);
        assert_balanced (outcome);
        delivered += outcome->decision->action == MUGAI_ACTION_DELIVER ? 1 : 0;
        mugai_outcome_free (outcome);
        g_byte_array_unref (message);
        g_byte_array_unref (bytes);
      }
    }
  }
  g_assert_cmpuint (delivered, >, 900); /* of some 1,300: a test of refusals alone would prove nothing */
}

/* ---- winmail.dat ---- */

static void test_extract (Fixture *fixture, gconstpointer data) {
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, CORPUS, "containers", "nested.tnef", NULL);
  g_autofree char *content = NULL;
  g_autoptr (GError) error = NULL;
  gsize length = 0;
  g_assert_true (g_file_get_contents (path, &content, &length, NULL));
  GByteArray *message = wrap ("nested.tnef", content, length);
  g_autoptr (GBytes) bytes = g_byte_array_free_to_bytes (message);
  g_autoptr (MugaiInspection) inspection = mugai_sanitize_inspect (bytes, fixture->scanner, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (GBytes) file = mugai_sanitize_extract (inspection, "1/1", &error);
  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (file, NULL), g_bytes_get_size (file), "a", 1);
  static const char *const missing[] = { "1/0", "1/3", "1/", "1/x", "2/1", "1/1/1", "/1", "1/99999999999999999999" };
  for (guint i = 0; i < G_N_ELEMENTS (missing); i++) {
    g_autoptr (GError) refused = NULL;
    g_assert_null (mugai_sanitize_extract (inspection, missing[i], &refused));
    g_assert_error (refused, MUGAI_SANITIZE_ERROR, MUGAI_SANITIZE_ERROR_NOT_FOUND);
  }
}

/* ---- notices ---- */

#define ATTACHMENT                                                                                                     \
  "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nbody\r\n--b\r\n"            \
  "Content-Type: application/pdf; name=\"a.pdf\"\r\n\r\n%%PDF-1.4\r\n--b--\r\n"

static char *with_head (const char *rest) {
  return g_strconcat (head, rest, NULL);
}

static void test_notice (Fixture *fixture, gconstpointer data) {
  g_autofree char *message = with_head (ATTACHMENT);
  g_autoptr (MugaiOutcome) outcome = run_inbound (fixture, message, strlen (message));
  assert_balanced (outcome);
  const char *words = mugai_policy_notice_text (fixture->policy, MUGAI_NOTICE_REMOVED, TRUE);
  g_assert_cmpstr (words, !=, "");
  assert_says (outcome, words, TRUE);
  assert_says (outcome, mugai_policy_notice_text (fixture->policy, MUGAI_NOTICE_CONTACT, FALSE), TRUE);
  assert_says (outcome, "a.pdf", TRUE);
  assert_says (outcome, mugai_policy_notice_text (fixture->policy, MUGAI_NOTICE_OUTSIDE, TRUE), FALSE);
}

/* Nothing taken out: nothing said. */
static void test_no_notice (Fixture *fixture, gconstpointer data) {
  g_autofree char *message = with_head ("Content-Type: text/plain\r\n\r\nonly words\r\n");
  g_autoptr (MugaiOutcome) outcome = run_inbound (fixture, message, strlen (message));
  assert_says (outcome, "only words", TRUE);
  assert_says (outcome, "お知らせ", FALSE);
}

static void test_context_on_the_wire (Fixture *fixture, gconstpointer data) {
  g_autoptr (GError) error = NULL;
  g_autofree char *id = mugai_id_new ();
  g_autoptr (MugaiNoticeContext) context = mugai_notice_context_new (id, fixture->policy, 1);
  context->outside = TRUE;
  g_autoptr (MugaiJson) json = mugai_notice_context_to_json (context);
  g_autoptr (MugaiNoticeContext) read = mugai_notice_context_from_json (json, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (read->contact, ==, "postmaster@city.example.lg.jp");
  g_assert_true (read->outside);
  for (guint i = 0; i < MUGAI_N_NOTICE_TEXTS; i++)
    for (guint english = 0; english < 2; english++)
      g_assert_cmpstr (read->texts[i][english], ==, context->texts[i][english]);
  json_array_remove (json_object_get (json, "texts"), 0);
  g_assert_null (mugai_notice_context_from_json (json, &error));
  g_assert_error (error, MUGAI_JSON_ERROR, MUGAI_JSON_ERROR_SHAPE);
}

static void test_held_to_sender (Fixture *fixture, gconstpointer data) {
  g_autofree char *message = with_head ("Auto-Submitted: auto-forwarded\r\n"
                                        "Content-Type: text/plain\r\n\r\nsecret body https://evil.example.com/\r\n");
  g_autoptr (MugaiEnvelope) envelope =
      make_envelope (fixture, "10.0.0.1", "kakari@city.example.lg.jp", "taro@mail.example.com");
  g_autoptr (MugaiOutcome) outcome = run (fixture, message, strlen (message), envelope);
  g_assert_cmpint (outcome->decision->action, ==, MUGAI_ACTION_HOLD);
  assert_says (outcome, mugai_policy_notice_text (fixture->policy, MUGAI_NOTICE_HELD_OUT, TRUE), TRUE);
  assert_says (outcome, "secret body", FALSE);
  assert_says (outcome, "forwarding", TRUE); /* the rule's sentence */
}

/* A failure's cause is for the log: people read that it could not be inspected. */
static void test_held_for_failure (Fixture *fixture, gconstpointer data) {
  g_autoptr (MugaiEnvelope) envelope =
      make_envelope (fixture, "192.0.2.1", "taro@mail.example.com", "kakari@city.example.lg.jp");
  g_autofree char *id = mugai_id_new ();
  g_autoptr (MugaiNoticeContext) context = mugai_notice_context_new (id, fixture->policy, envelope->time_us);
  g_autoptr (MugaiOutcome) outcome = mugai_sanitize_failed (fixture->policy, envelope, MUGAI_FAILURE_WORKER_DIED_TWICE,
                                                            "worker: signal 11 at 0xdeadbeef", context);
  g_assert_cmpint (outcome->decision->action, ==, MUGAI_ACTION_HOLD);
  assert_says (outcome, "安全に検査することができませんでした。", TRUE);
  assert_says (outcome, "0xdeadbeef", FALSE);
  assert_says (outcome, id, TRUE);
}

int main (int argc, char **argv) {
  mugai_mail_init ();
  /* beside the policy, wherever the test runs */
  g_autofree char *policies = g_path_get_dirname (POLICY);
  g_autofree char *root = g_path_get_dirname (policies);
  g_setenv ("G_TEST_SRCDIR", root, TRUE);
  g_test_init (&argc, &argv, NULL);
#define ADD(path, function) g_test_add ("/sanitize/" path, Fixture, NULL, set_up, function, tear_down)
  ADD ("balance", test_balance);
  ADD ("extract", test_extract);
  ADD ("notice", test_notice);
  ADD ("no-notice", test_no_notice);
  ADD ("context-on-the-wire", test_context_on_the_wire);
  ADD ("held-to-sender", test_held_to_sender);
  ADD ("held-for-failure", test_held_for_failure);
  return g_test_run ();
}
