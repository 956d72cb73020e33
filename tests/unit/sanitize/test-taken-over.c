/* SPDX-License-Identifier: GPL-2.0-only
 *
 * A worker that a hostile message took over: it inspects as it should and then hands back, instead of the new message, what its
 * new master wants delivered. Under every ceiling the answer is a 4xx and an alarm, and nothing of it goes anywhere.
 */
#include "mugai/sanitize.h"

#include <string.h>

#include <glib/gstdio.h>

#include "mugai/base/base.h"
#include "mugai/base/fd.h"
#include "mugai/flow.h"

#define TEXT "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
#define B "=_mugai-0123456789abcdef0123456789abcdef"
#define MIXED                                                                                                          \
  "MIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n boundary=\"" B "\"\r\n\r\n--" B "\r\n" TEXT "words\r\n"
#define PART "Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment"

static const char original[] =
    "From: a@example.com\r\nTo: kakari@city.example.lg.jp\r\nSubject: case\r\nMIME-Version: 1.0\r\n"
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nwords\r\n--b\r\n"
    "Content-Type: text/csv\r\nContent-Disposition: attachment; filename=a.csv\r\n"
    "Content-Transfer-Encoding: base64\r\n\r\naGVsbG8K\r\n--b--\r\n";

typedef struct {
  const char *what;
  const char *mail;
} Forged;

static const Forged forged[] = {
  { "nothing", "" },
  { "the original", original },
  { "HTML", "MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: "
            "quoted-printable\r\n\r\n<b>\r\n" },
  { "HTML by case", "MIME-Version: 1.0\r\nContent-type: text/html\r\n\r\n<b>\r\n" },
  { "other charset", "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-7\r\nContent-Transfer-Encoding: "
                     "quoted-printable\r\n\r\na\r\n" },
  { "8bit",
    "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\na\r\n" },
  { "a further field", "Bcc: victim@example.net\r\nMIME-Version: 1.0\r\n" TEXT "a\r\n" },
  { "a further Content-Type", "MIME-Version: 1.0\r\nContent-Type: text/html\r\n" TEXT "a\r\n" },
  { "a Content-Type before", "Content-Type: text/html\r\nMIME-Version: 1.0\r\n" TEXT "a\r\n" },
  { "a Content-Disposition",
    "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: "
    "base64\r\nContent-Disposition: attachment; filename=a.exe\r\n\r\nTVqQ\r\n" },
  { "an encoded word with a line end", "Subject: =?UTF-8?B?YQ0KQmNjOiB4?=\r\nMIME-Version: 1.0\r\n" TEXT "a\r\n" },
  { "bare LF", "Subject: a\nBcc: b\r\nMIME-Version: 1.0\r\n" TEXT "a\r\n" },
  { "smuggling", "MIME-Version: 1.0\r\n" TEXT "a\n.\nMAIL FROM:<x>\r\n" },
  { "raw UTF-8", "MIME-Version: 1.0\r\n" TEXT "\xE3\x81\x82\r\n" },
  { "escape sequence", "MIME-Version: 1.0\r\n" TEXT "=1B[2J\r\n" },
  { "bidi override", "MIME-Version: 1.0\r\n" TEXT "=E2=80=AE\r\n" },
  { "uuencode", "MIME-Version: 1.0\r\n" TEXT "begin 644 a.exe\r\n#86)C\r\n`\r\nend\r\n" },
  { "yEnc", "MIME-Version: 1.0\r\n" TEXT "=3Dybegin line=3D128 size=3D3 name=3Da.exe\r\n=8B=8C=8D\r\n" },
  { "a part nobody listed", MIXED "--" B "\r\nContent-Type: application/x-msdownload; name=\"a.exe\"\r\n" PART
                                  "; filename=\"a.exe\"\r\n\r\nTVqQAAMA\r\n--" B "--\r\n" },
  { "a part by its name alone", MIXED "--" B "\r\nContent-Type: text/csv; name=\"a.csv\"\r\n" PART
                                      "; filename=\"a.exe\"\r\n\r\naGVsbG8K\r\n--" B "--\r\n" },
  { "the listed part, one byte more", MIXED "--" B "\r\nContent-Type: text/csv; name=\"a.csv\"\r\n" PART
                                            "; filename=\"a.csv\"\r\n\r\naGVsbG8KIQ==\r\n--" B "--\r\n" },
  { "the listed part twice", MIXED "--" B "\r\nContent-Type: text/csv\r\n" PART "\r\n\r\naGVsbG8K\r\n--" B
                                   "\r\nContent-Type: text/csv\r\n" PART "\r\n\r\naGVsbG8K\r\n--" B "--\r\n" },
  { "a message within", MIXED "--" B "\r\nContent-Type: message/rfc822\r\n" PART "\r\n\r\naGVsbG8K\r\n--" B "--\r\n" },
  { "a second boundary", "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x;\r\n boundary=\"" B
                         "\"\r\n\r\n--" B "\r\n" TEXT "words\r\n--" B "--\r\n" },
  { "an epilogue", MIXED "--" B "\r\nContent-Type: text/csv\r\n" PART "\r\n\r\naGVsbG8K\r\n--" B
                         "--\r\nContent-Type: text/html\r\n\r\n<b>\r\n" },
  { "a preamble", "MIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n boundary=\"" B "\"\r\n\r\n<b>\r\n--" B
                  "\r\n" TEXT "words\r\n--" B "--\r\n" },
};

typedef struct {
  MugaiSteps steps;
  MugaiSteps *honest;
  const Forged *forged;
} TakenOver;

static gboolean taken_over_inspect (gpointer self, int message_fd, MugaiFacts **ret_facts, char **ret_error_text,
                                    GError **error) {
  MugaiSteps *honest = ((TakenOver *) self)->honest;
  return honest->inspect (honest->self, message_fd, ret_facts, ret_error_text, error);
}

static gboolean taken_over_rebuild (gpointer self, const MugaiDecision *decision, const MugaiNoticeContext *context,
                                    GBytes **ret_mail, GError **error) {
  const Forged *answer = ((TakenOver *) self)->forged;
  if (answer == NULL) {
    MugaiSteps *honest = ((TakenOver *) self)->honest;
    return honest->rebuild (honest->self, decision, context, ret_mail, error);
  }
  *ret_mail = g_bytes_new_static (answer->mail, strlen (answer->mail));
  return TRUE;
}

/* The shipped policy with one ceiling for mail from outside; under "parts" CSV files may pass. */
static MugaiPolicy *policy_with (const char *ceiling) {
  g_autofree char *text = NULL, *path = NULL, *folder = g_dir_make_tmp ("mugai-XXXXXX", NULL);
  g_autoptr (GError) error = NULL;
  path = g_build_filename (folder, "policy.yaml", NULL);
  text = g_strdup_printf (
      "policy: test\norganisation:\n  name: test\n  domains: [city.example.lg.jp]\n  networks: [127.0.0.0/8]\n"
      "  reviewers: r@city.example.lg.jp\n  notice_from: m@city.example.lg.jp\n"
      "ceilings:\n  inbound:\n    level: %s\n  outbound:\n    level: text\n  internal:\n    level: text\n"
      "limits:\n  inbound:\n    max_size: 1MiB\n  outbound:\n    max_size: 1MiB\n  internal:\n    max_size: 1MiB\n"
      "rules:\n  - id: keep-csv\n    on: part\n    when:\n      part-declared: text/csv\n    then: keep\n    ja: a\n   "
      " en: a\n"
      "  - id: html\n    on: part\n    when:\n      part-declared: text/html\n    then: remove\n    ja: a\n    en: a\n",
      ceiling);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_autoptr (GPtrArray) problems = NULL;
  MugaiPolicy *policy = mugai_policy_load (path, FALSE, &problems, &error);
  for (guint i = 0; policy == NULL && problems != NULL && i < problems->len; i++) {
    g_autofree char *problem = mugai_policy_problem_format (g_ptr_array_index (problems, i));
    g_test_message ("%s", problem);
  }
  g_assert_nonnull (policy);
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
  return policy;
}

static MugaiOutcome *sanitize (const MugaiPolicy *policy, const Forged *answer) {
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiScanner) scanner = mugai_scanner_new (NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  TakenOver worker = { .honest = mugai_sanitize_steps_here (scanner), .forged = answer };
  worker.steps = (MugaiSteps){ &worker, taken_over_inspect, taken_over_rebuild };
  g_auto (MugaiFd) fd = mugai_fd_new_memory ("message", &error);
  g_assert_true (mugai_fd_write_all (fd, original, strlen (original), &error) && mugai_fd_seal (fd, &error));
  g_autoptr (MugaiEnvelope) envelope = mugai_envelope_new ();
  g_free (envelope->client);
  envelope->client = g_strdup ("203.0.113.5");
  g_ptr_array_add (envelope->recipients, mugai_recipient_new ("kakari@city.example.lg.jp"));
  envelope->time_us = 1;
  mugai_flow_classify (mugai_policy_organisation (policy), envelope);
  g_autofree char *id = mugai_id_new ();
  g_autoptr (MugaiNoticeContext) context = mugai_notice_context_new (id, policy, 1);
  MugaiOutcome *outcome = NULL;
  g_assert_true (mugai_sanitize_run (&worker.steps, policy, envelope, fd, context, &outcome, &error));
  mugai_sanitize_steps_here_free (worker.honest);
  return outcome;
}

static void test_refused (gconstpointer ceiling) {
  g_autoptr (MugaiPolicy) policy = policy_with (ceiling);
  for (gsize i = 0; i < G_N_ELEMENTS (forged); i++) {
    g_autoptr (MugaiOutcome) outcome = sanitize (policy, &forged[i]);
    g_test_message ("%s: %s", forged[i].what, outcome->decision->reply);
    g_assert_cmpint (outcome->decision->action, ==, MUGAI_ACTION_TEMPFAIL);
    g_assert_true (g_str_has_prefix (outcome->decision->reply, "4"));
    g_assert_true (outcome->alarm);
    g_assert_null (outcome->mail);
    g_assert_cmpstr (outcome->failure, ==, "gate-refused");
  }
}

/* The same way with an honest worker delivers: so it is the answer that was refused above. */
static void test_honest (gconstpointer ceiling) {
  g_autoptr (MugaiPolicy) policy = policy_with (ceiling);
  g_autoptr (MugaiOutcome) outcome = sanitize (policy, NULL);
  g_assert_cmpint (outcome->decision->action, ==, MUGAI_ACTION_DELIVER);
  g_assert_false (outcome->alarm);
  g_assert_nonnull (outcome->mail);
  const char *mail = g_bytes_get_data (outcome->mail, NULL);
  gboolean has_part = g_strstr_len (mail, (gssize) g_bytes_get_size (outcome->mail), "\r\naGVsbG8K\r\n") != NULL;
  g_assert_cmpint (has_part, ==, g_str_equal (ceiling, "parts"));
}

int main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/sanitize/taken-over/text", "text", test_refused);
  g_test_add_data_func ("/sanitize/taken-over/parts", "parts", test_refused);
  g_test_add_data_func ("/sanitize/honest/text", "text", test_honest);
  g_test_add_data_func ("/sanitize/honest/parts", "parts", test_honest);
  return g_test_run ();
}
