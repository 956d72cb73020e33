/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Notices by mail box: so many a day one by one, the rest as one digest when the day is over; never more than the limit even when
 * many mails are in hand at once.
 */
#include "mugai/flow/notices.h"

#define SECOND G_GINT64_CONSTANT (1000000)
#define START (G_GINT64_CONSTANT (1795000000) * SECOND)
#define DAY (MUGAI_NOTICE_DAY_S * SECOND)
#define BOX "kakari@city.example.lg.jp"

/* A held mail, told or not. */
static gboolean hold (MugaiNotices *notices, MugaiNoticeKind kind, guint number, gint64 now_us) {
  g_autofree char *id = g_strdup_printf ("ID%u", number);
  gboolean tell = mugai_notices_claim (notices, BOX, kind, now_us);
  if (tell)
    mugai_notices_sent (notices, BOX, kind, now_us);
  else
    mugai_notices_withheld (notices, BOX, id, now_us);
  return tell;
}

static void test_forwarding_tells_once_a_day (void) {
  g_autoptr (MugaiNotices) notices = mugai_notices_new ();
  MugaiNoticeDigest digest;
  g_assert_true (hold (notices, MUGAI_NOTICE_FORWARDED_MAIL, 0, START));
  for (guint i = 1; i <= 99; i++)
    g_assert_false (hold (notices, MUGAI_NOTICE_FORWARDED_MAIL, i, START + i * SECOND));
  g_assert_true (mugai_notices_claim (notices, "Other@city.example.lg.jp", MUGAI_NOTICE_FORWARDED_MAIL, START));
  g_assert_true (hold (notices, MUGAI_NOTICE_HELD_MAIL, 100, START)); /* of another kind */
  g_assert_false (mugai_notices_due (notices, START + DAY - SECOND, &digest));
  g_assert_true (mugai_notices_due (notices, START + DAY, &digest));
  g_assert_cmpstr (digest.box, ==, BOX);
  g_assert_cmpuint (digest.count, ==, 99);
  g_assert_cmpuint (digest.ids->len, ==, MUGAI_NOTICE_MAX_IDS);
  g_assert_cmpstr (g_ptr_array_index (digest.ids, 0), ==, "ID1");
  mugai_notices_told (notices, BOX, digest.count);
  g_assert_false (mugai_notices_due (notices, START + DAY, &digest));
  g_assert_true (hold (notices, MUGAI_NOTICE_FORWARDED_MAIL, 1, START + DAY));
  g_assert_false (hold (notices, MUGAI_NOTICE_FORWARDED_MAIL, 2, START + DAY));
}

static void test_held_mails_up_to_the_limit (void) {
  g_autoptr (MugaiNotices) notices = mugai_notices_new ();
  guint told = 0;
  for (guint i = 0; i < 1000; i++)
    told += hold (notices, MUGAI_NOTICE_HELD_MAIL, i, START + i * 10 * SECOND);
  g_assert_cmpuint (told, ==, MUGAI_NOTICE_MAX_HELD);
}

/* Mails in hand at once are claims; one whose record never came gives its claim back. */
static void test_claims (void) {
  g_autoptr (MugaiNotices) notices = mugai_notices_new ();
  g_assert_true (mugai_notices_claim (notices, BOX, MUGAI_NOTICE_FORWARDED_MAIL, START));
  g_assert_false (
      mugai_notices_claim (notices, "KAKARI@City.Example.LG.jp", MUGAI_NOTICE_FORWARDED_MAIL, START + SECOND));
  g_assert_true (
      mugai_notices_claim (notices, BOX, MUGAI_NOTICE_FORWARDED_MAIL, START + MUGAI_NOTICE_CLAIM_S * SECOND));
}

/* A digest that was on its way takes only what it told of. */
static void test_digest_on_its_way (void) {
  g_autoptr (MugaiNotices) notices = mugai_notices_new ();
  MugaiNoticeDigest digest;
  for (guint i = 0; i < 5; i++)
    (void) hold (notices, MUGAI_NOTICE_FORWARDED_MAIL, i, START);
  g_assert_true (mugai_notices_due (notices, START + DAY, &digest));
  guint64 count = digest.count;
  mugai_notices_withheld (notices, BOX, "LATE", START + DAY);
  mugai_notices_told (notices, BOX, count);
  g_assert_false (mugai_notices_due (notices, START + DAY, &digest));
  g_assert_true (mugai_notices_due (notices, START + 2 * DAY, &digest));
  g_assert_cmpuint (digest.count, ==, 1);
  g_assert_cmpstr (g_ptr_array_index (digest.ids, 0), ==, "LATE");
}

/* Somebody who invents mail boxes silences nobody, and costs a bounded memory. */
static void test_invented_boxes (void) {
  g_autoptr (MugaiNotices) notices = mugai_notices_new ();
  for (guint i = 0; i < MUGAI_NOTICE_MAX_BOXES; i++) {
    g_autofree char *box = g_strdup_printf ("x%u@city.example.lg.jp", i);
    g_assert_true (mugai_notices_claim (notices, box, MUGAI_NOTICE_HELD_MAIL, START));
  }
  for (guint i = 0; i < 3; i++)
    g_assert_true (hold (notices, MUGAI_NOTICE_FORWARDED_MAIL, i, START));
  (void) hold (notices, MUGAI_NOTICE_FORWARDED_MAIL, 4, START + DAY);
  g_assert_false (hold (notices, MUGAI_NOTICE_FORWARDED_MAIL, 5, START + DAY));
}

int main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/flow/notices/forwarding-tells-once-a-day", test_forwarding_tells_once_a_day);
  g_test_add_func ("/flow/notices/held-up-to-the-limit", test_held_mails_up_to_the_limit);
  g_test_add_func ("/flow/notices/claims", test_claims);
  g_test_add_func ("/flow/notices/digest-on-its-way", test_digest_on_its_way);
  g_test_add_func ("/flow/notices/invented-boxes", test_invented_boxes);
  return g_test_run ();
}
