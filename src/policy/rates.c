/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Reads the section rates: how much a sender, user, client or the organisation may send in each direction. A subject
 * that is not named has no limit; it is counted all the same, and can be stopped by hand. Any thread.
 */
#include "loader.h"

static void read_messages (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  gint64 number = 0;
  if (value_number (loader, node, 1, 1000000, &number))
    ((MugaiRateLimit *) target)->messages = (guint) number;
}

static void read_recipients (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  gint64 number = 0;
  if (value_number (loader, node, 1, 10000000, &number))
    ((MugaiRateLimit *) target)->recipients = (guint) number;
}

static void read_window (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  gint64 seconds = 0;
  if (!value_age (loader, node, &seconds))
    return;
  if (seconds < 1 || seconds > (gint64) MUGAI_RATE_MAX_WINDOW_S)
    mugai_yaml_problem_at (&loader->problems, node, "1sから1dまでで書いてください。", "write from 1s to 1d");
  ((MugaiRateLimit *) target)->window_s = seconds;
}

static void read_stop (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  (void) value_boolean (loader, node, &((MugaiRateLimit *) target)->stop);
}

static void read_rate (Loader *loader, const MugaiYamlNode *node, MugaiRateLimit *limit) {
  static const Key keys[] = { { "messages", FALSE, read_messages },
                              { "recipients", FALSE, read_recipients },
                              { "window", TRUE, read_window },
                              { "stop", FALSE, read_stop },
                              { NULL, FALSE, NULL } };
  (void) read_mapping (loader, node, keys, limit);
}

#define SUBJECT_READER(c, name)                                                                                        \
  static void read_##name (Loader *loader, const MugaiYamlNode *node, gpointer target) {                               \
    read_rate (loader, node, (MugaiRateLimit *) target + MUGAI_RATE_##c);                                              \
  }
SUBJECT_READER (SENDER, sender)
SUBJECT_READER (USER, user)
SUBJECT_READER (CLIENT, client)
SUBJECT_READER (ORGANISATION, organisation)

#define DIRECTION_READER(c, name)                                                                                      \
  static void read_##name (Loader *loader, const MugaiYamlNode *node, gpointer target) {                               \
    static const Key keys[] = { { "sender", FALSE, read_sender },                                                      \
                                { "user", FALSE, read_user },                                                          \
                                { "client", FALSE, read_client },                                                      \
                                { "organisation", FALSE, read_organisation },                                          \
                                { NULL, FALSE, NULL } };                                                               \
    (void) read_mapping (loader, node, keys, ((MugaiPolicy *) target)->rates[MUGAI_DIRECTION_##c]);                    \
  }
DIRECTION_READER (INBOUND, inbound)
DIRECTION_READER (OUTBOUND, outbound)
DIRECTION_READER (INTERNAL, internal)

void read_rates (Loader *loader, const MugaiYamlNode *node, gpointer target) {
  static const Key keys[] = { { "inbound", FALSE, read_inbound },
                              { "outbound", FALSE, read_outbound },
                              { "internal", FALSE, read_internal },
                              { NULL, FALSE, NULL } };
  (void) read_mapping (loader, node, keys, target);
}
