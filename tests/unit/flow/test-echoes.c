/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Echoes: forwarding that has left no header behind is found at its fifth mail, or at once by its id; people at work are not.
 */
#include "mugai/flow/echoes.h"

#define SECOND G_GINT64_CONSTANT (1000000)
#define START (G_GINT64_CONSTANT (1795000000) * SECOND)
#define BOX "kakari@city.example.lg.jp"
#define FRIEND "private@gmai.com"

static gint64 now_us;

static void come_in (MugaiEchoes *echoes, const char *sender) {
  static const char *const to[] = { BOX, NULL };
  g_autofree char *id = g_strdup_printf ("<%" G_GINT64_FORMAT "@x>", now_us);
  mugai_echoes_came_in (echoes, id, sender, to, now_us);
}

/* TRUE: seen as an echo. */
static gboolean go_out (MugaiEchoes *echoes, const char *to, const char *and_to) {
  const char *const all[] = { to, and_to, NULL };
  gboolean seen = mugai_echoes_is_echo (echoes, BOX, all, now_us);
  mugai_echoes_went_out (echoes, BOX, all, now_us);
  return seen;
}

/* 4,890 mails over ten months, each sent on within seconds, no header left: which is the first to be stopped? */
static void test_leak (void) {
  g_autoptr (MugaiEchoes) echoes = mugai_echoes_new ();
  guint stopped = 0, first = 0;
  now_us = START;
  for (guint i = 1; i <= 4890; i++) {
    g_autofree char *sender = g_strdup_printf ("citizen%u@mail.example.com", i % 700);
    now_us += (60 + i * 7919 % 10000) * SECOND;
    come_in (echoes, sender);
    now_us += (1 + i % 20) * SECOND;
    if (!go_out (echoes, FRIEND, NULL))
      continue;
    stopped++;
    first = first ? first : i;
  }
  g_test_message ("stopped from mail %u on: %u of 4,890", first, stopped);
  g_assert_cmpuint (first, ==, MUGAI_ECHO_MAILS);
  g_assert_cmpuint (stopped, ==, 4890 - MUGAI_ECHO_MAILS + 1);
}

/* Two at a time: each has its echo all the same. */
static void test_bursts (void) {
  g_autoptr (MugaiEchoes) echoes = mugai_echoes_new ();
  guint first = 0;
  now_us = START;
  for (guint i = 1; i <= 10; i += 2) {
    now_us += 1000 * SECOND;
    come_in (echoes, "a@x.example");
    come_in (echoes, "b@x.example");
    for (guint j = 0; j < 2; j++)
      if (go_out (echoes, FRIEND, NULL) && !first)
        first = i + j;
  }
  g_assert_cmpuint (first, ==, MUGAI_ECHO_MAILS);
}

static void test_people (void) {
  g_autoptr (MugaiEchoes) echoes = mugai_echoes_new ();
  now_us = START;
  for (guint i = 0; i < 50; i++) { /* a conversation: the answer goes to whom the mail came from */
    now_us += 600 * SECOND;
    come_in (echoes, FRIEND);
    now_us += 60 * SECOND;
    g_assert_false (go_out (echoes, FRIEND, NULL));
  }
  for (guint i = 0; i < 50; i++) { /* something else between */
    now_us += 600 * SECOND;
    come_in (echoes, "citizen@mail.example.com");
    now_us += 60 * SECOND;
    g_assert_false (go_out (echoes, FRIEND, NULL));
    if (i % 3 == 2)
      g_assert_false (go_out (echoes, "other@example.org", NULL));
  }
  for (guint i = 0; i < 50; i++) { /* only some are sent on: four come in for each */
    for (guint j = 0; j < 4; j++) {
      now_us += 30 * SECOND;
      come_in (echoes, "citizen@mail.example.com");
    }
    g_assert_false (go_out (echoes, FRIEND, NULL));
  }
  for (guint i = 0; i < 50; i++) { /* after a while, not at once */
    come_in (echoes, "citizen@mail.example.com");
    now_us += 1200 * SECOND;
    g_assert_false (go_out (echoes, FRIEND, NULL));
  }
  for (guint i = 0; i < 50; i++) { /* to two */
    come_in (echoes, "citizen@mail.example.com");
    now_us += 10 * SECOND;
    g_assert_false (go_out (echoes, FRIEND, "other@example.org"));
  }
}

static void test_ids (void) {
  static const char *const to[] = { BOX, NULL };
  g_autoptr (MugaiEchoes) echoes = mugai_echoes_new ();
  mugai_echoes_came_in (echoes, "<a@x.example>", "c@x.example", to, START);
  g_assert_true (mugai_echoes_knows_id (echoes, " <a@x.example>\r\n", START + 3600 * SECOND));
  g_assert_false (mugai_echoes_knows_id (echoes, "<A@x.example>", START));
  g_assert_false (mugai_echoes_knows_id (echoes, "", START));
  g_assert_false (mugai_echoes_knows_id (echoes, "<a@x.example>", START + 25 * 3600 * SECOND));
  for (guint i = 0; i < 2 * MUGAI_ECHO_MAX_IDS; i++) {
    g_autofree char *id = g_strdup_printf ("<%u@flood.example>", i);
    mugai_echoes_came_in (echoes, id, "c@x.example", to, START);
  }
  g_assert_false (mugai_echoes_knows_id (echoes, "<a@x.example>", START));
  g_assert_true (mugai_echoes_knows_id (echoes, "<199999@flood.example>", START));
}

int main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/echoes/leak", test_leak);
  g_test_add_func ("/echoes/bursts", test_bursts);
  g_test_add_func ("/echoes/people", test_people);
  g_test_add_func ("/echoes/ids", test_ids);
  return g_test_run ();
}
