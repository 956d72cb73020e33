/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Counters: what a bucket lets pass and when, who is counted in which, what is stopped, and what 10,000 senders cost.
 */
#include "mugai/flow/counters.h"

#include <malloc.h>
#include <string.h>

#include "mugai/flow.h"

#define SECOND G_GINT64_CONSTANT (1000000)
#define START (G_GINT64_CONSTANT (1795000000) * SECOND)

static MugaiRate rate_of (const char *key, guint messages, guint recipients) {
  return (MugaiRate){ .key = (char *) key, .messages = messages, .recipients = recipients, .window_s = 3600 };
}

static void test_messages (void) {
  g_autoptr (MugaiCounters) counters = mugai_counters_new ();
  MugaiRate rate = rate_of ("outbound:sender:a@b", 60, 0);
  for (guint i = 0; i < 60; i++) {
    g_assert_false (mugai_counters_exceeds (counters, &rate, 1, START));
    mugai_counters_add (counters, &rate, 1, START);
  }
  g_assert_true (mugai_counters_exceeds (counters, &rate, 1, START));
  g_assert_true (mugai_counters_exceeds (counters, &rate, 1, START + 59 * SECOND));
  g_assert_false (mugai_counters_exceeds (counters, &rate, 1, START + 60 * SECOND)); /* one a minute */
  mugai_counters_add (counters, &rate, 1, START + 60 * SECOND);
  g_assert_true (mugai_counters_exceeds (counters, &rate, 1, START + 60 * SECOND));
  g_assert_true (mugai_counters_exceeds (counters, &rate, 1, START - 7200 * SECOND)); /* a clock set back */
  g_assert_false (mugai_counters_exceeds (counters, &rate, 1, START + 2 * 3600 * SECOND));
}

/* One mail to 500 is as much as 500 mails to one, for the limit of recipients. */
static void test_recipients (void) {
  g_autoptr (MugaiCounters) counters = mugai_counters_new ();
  MugaiRate rate = rate_of ("outbound:user:a", 1000, 500);
  g_assert_true (mugai_counters_exceeds (counters, &rate, 501, START));
  g_assert_false (mugai_counters_exceeds (counters, &rate, 500, START));
  mugai_counters_add (counters, &rate, 400, START);
  g_assert_false (mugai_counters_exceeds (counters, &rate, 100, START));
  g_assert_true (mugai_counters_exceeds (counters, &rate, 101, START));
}

static void test_no_limit (void) {
  g_autoptr (MugaiCounters) counters = mugai_counters_new ();
  MugaiRate rate = rate_of ("internal:organisation", 0, 0);
  for (guint i = 0; i < 10000; i++)
    mugai_counters_add (counters, &rate, 100, START);
  g_assert_false (mugai_counters_exceeds (counters, &rate, 10000, START));
}

static void test_stopped (void) {
  g_autoptr (MugaiCounters) counters = mugai_counters_new ();
  MugaiRate rate = rate_of ("outbound:organisation", 0, 0), other = rate_of ("internal:organisation", 0, 0);
  g_assert_true (mugai_counters_stop (counters, rate.key, START));
  g_assert_true (mugai_counters_exceeds (counters, &rate, 1, START + 100 * 86400 * SECOND));
  g_assert_false (mugai_counters_exceeds (counters, &other, 1, START));
  g_autoptr (MugaiJson) list = mugai_counters_list (counters, START, 10);
  g_assert_cmpuint (json_array_size (list), ==, 1);
  g_assert_true (json_is_true (json_object_get (json_array_get (list, 0), "stopped")));
  mugai_counters_resume (counters, rate.key);
  g_assert_false (mugai_counters_exceeds (counters, &rate, 1, START));
}

/* A flood of clients from outside makes nobody inside forgotten, and both tables end somewhere. */
static void test_bounds (void) {
  g_autoptr (MugaiCounters) counters = mugai_counters_new ();
  MugaiRate ours = rate_of ("outbound:sender:kakari@city.example.lg.jp", 1, 0);
  mugai_counters_add (counters, &ours, 1, START);
  for (guint i = 0; i < 3 * MUGAI_COUNTERS_MAX_KEYS; i++) {
    g_autofree char *key = g_strdup_printf ("inbound:client:198.51.%u.%u", i / 256, i % 256);
    MugaiRate rate = rate_of (key, 10, 10);
    mugai_counters_add (counters, &rate, 1, START);
  }
  g_assert_cmpuint (mugai_counters_size (counters), ==, MUGAI_COUNTERS_MAX_KEYS + 1);
  g_assert_true (mugai_counters_exceeds (counters, &ours, 1, START));
}

static void test_memory (void) {
  g_autoptr (MugaiCounters) counters = mugai_counters_new ();
  gsize before = mallinfo2 ().uordblks;
  for (guint round = 0; round < 3; round++)
    for (guint i = 0; i < 10000; i++) {
      g_autofree char *key = g_strdup_printf ("outbound:sender:person-%05u@city.example.lg.jp", i);
      MugaiRate rate = rate_of (key, 200, 1000);
      mugai_counters_add (counters, &rate, 5, START + round * SECOND);
    }
  gsize used = mallinfo2 ().uordblks - before;
  g_test_message ("10,000 senders: %" G_GSIZE_FORMAT " KiB", used / 1024);
  g_assert_cmpuint (mugai_counters_size (counters), ==, 10000);
  g_assert_cmpuint (used, <, 4 * 1024 * 1024); /* mallinfo is 0 under a sanitizer */
}

static void test_keys (void) {
  static const MugaiRateLimit limits[MUGAI_N_RATE_SUBJECTS] = {
    { .messages = 1, .window_s = 60 }, { .messages = 2 }, { .messages = 3 }, { .messages = 4 }
  };
  g_autoptr (MugaiEnvelope) envelope = mugai_envelope_new ();
  g_free (envelope->from);
  g_free (envelope->auth);
  g_free (envelope->client);
  envelope->from = g_strdup ("<Kakari@CITY.example.lg.jp>");
  envelope->auth = g_strdup ("Kakari");
  envelope->client = g_strdup ("2001:DB8:1:2:3:4:5:6");
  envelope->direction = MUGAI_DIRECTION_OUTBOUND;
  static const char *const outbound[] = { "outbound:sender:kakari@city.example.lg.jp", "outbound:user:kakari",
                                          "outbound:client:2001:db8:1:2::/64", "outbound:organisation" };
  g_autoptr (GPtrArray) rates = mugai_flow_rates (envelope, limits);
  g_assert_cmpuint (rates->len, ==, 4);
  for (guint i = 0; i < rates->len; i++) {
    const MugaiRate *rate = g_ptr_array_index (rates, i);
    g_assert_cmpstr (rate->key, ==, outbound[i]);
    g_assert_cmpuint (rate->messages, ==, i + 1);
  }
  /* anyone outside can write any sender: the client is counted, and a host's own /64 is one */
  envelope->direction = MUGAI_DIRECTION_INBOUND;
  *envelope->auth = '\0';
  g_autoptr (GPtrArray) inbound = mugai_flow_rates (envelope, limits);
  g_assert_cmpuint (inbound->len, ==, 2);
  g_assert_cmpstr (((MugaiRate *) g_ptr_array_index (inbound, 0))->key, ==, "inbound:client:2001:db8:1:2::/64");
  envelope->direction = MUGAI_DIRECTION_RELAY;
  g_autoptr (GPtrArray) relay = mugai_flow_rates (envelope, limits);
  g_assert_cmpuint (relay->len, ==, 0);
}

static void test_json (void) {
  static const MugaiRateLimit limits[MUGAI_N_RATE_SUBJECTS] = { { .messages = 200, .window_s = 60, .stop = TRUE } };
  g_autoptr (MugaiEnvelope) envelope = mugai_envelope_new ();
  g_free (envelope->from);
  envelope->from = g_strnfill (5000, 'x');
  envelope->direction = MUGAI_DIRECTION_OUTBOUND;
  g_autoptr (GPtrArray) rates = mugai_flow_rates (envelope, limits);
  g_autoptr (MugaiJson) json = mugai_rates_to_json (rates);
  g_autoptr (GPtrArray) back = mugai_rates_from_json (json);
  g_assert_nonnull (back);
  g_assert_cmpuint (back->len, ==, rates->len);
  g_assert_cmpuint (((MugaiRate *) g_ptr_array_index (back, 0))->messages, ==, 200);
  g_assert_true (((MugaiRate *) g_ptr_array_index (back, 0))->stop);
  json_object_set_new (json_array_get (json, 0), "window_s", json_integer (-1));
  g_assert_null (mugai_rates_from_json (json));
}

int main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/counters/messages", test_messages);
  g_test_add_func ("/counters/recipients", test_recipients);
  g_test_add_func ("/counters/no-limit", test_no_limit);
  g_test_add_func ("/counters/stopped", test_stopped);
  g_test_add_func ("/counters/bounds", test_bounds);
  g_test_add_func ("/counters/memory", test_memory);
  g_test_add_func ("/counters/keys", test_keys);
  g_test_add_func ("/counters/json", test_json);
  return g_test_run ();
}
