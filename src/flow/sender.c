/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Envelope senders that a forwarder has rewritten so that its bounces find the way back: SRS (the Sender Rewriting Scheme, with
 * Exchange Online's form of it) and Gmail's +caf_. Only the whole form counts: people are called srs0tanaka too, and write "+cafe"
 * behind their names. Any thread.
 */
#include "mugai/flow.h"

#include <string.h>

#include "flow.h"

#define MIN_HASH_BYTES 2u /* SRS: at least 2 or 3 characters of HMAC; 4 by default */
#define TIMESTAMP_BYTES 2u

static char *local_part (const char *sender) {
  const char *at = strrchr (sender, '@');
  g_autofree char *local = g_strndup (sender, at ? (gsize) (at - sender) : strlen (sender));
  gsize length = strlen (local);
  if (length >= 2 && local[0] == '"' && local[length - 1] == '"')
    return g_strndup (local + 1, length - 2);
  return g_steal_pointer (&local);
}

static gboolean is_base64_word (const char *text, gsize min_bytes) {
  gsize length = strlen (text);
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isalnum (text[i]) && !strchr ("+/-_.", text[i]))
      return FALSE;
  return length >= min_bytes;
}

static gboolean is_dotted_name (const char *text) {
  const char *dot = strchr (text, '.');
  return dot && dot != text && dot[1] && !strpbrk (text, " @\"");
}

/* "HHH=TT=domain=local", as of SRS0. */
static gboolean is_srs_body (const char *text) {
  g_auto (GStrv) fields = g_strsplit (text, "=", 4);
  return g_strv_length (fields) == 4 && is_base64_word (fields[0], MIN_HASH_BYTES)
         && strlen (fields[1]) == TIMESTAMP_BYTES && is_base64_word (fields[1], TIMESTAMP_BYTES)
         && is_dotted_name (fields[2]) && *fields[3];
}

/* SRS1: "HHH=forwarder=" and then the SRS0 of the hop before, with its separator. */
static gboolean is_srs1_body (const char *text) {
  g_auto (GStrv) fields = g_strsplit (text, "=", 3);
  return g_strv_length (fields) == 3 && is_base64_word (fields[0], MIN_HASH_BYTES) && is_dotted_name (fields[1])
         && fields[2][0] && strchr ("=+-", fields[2][0]) && is_srs_body (fields[2] + 1);
}

/* Exchange Online: "user+SRS=HHHHH=TT=domain=local", and "bounces+SRS=HHHHH=TT" before 2020. */
static gboolean is_exchange_srs (const char *local) {
  g_autofree char *upper = g_ascii_strup (local, -1);
  const char *mark = strstr (upper, "+SRS=");
  if (!mark)
    return FALSE;
  const char *body = local + (mark - upper) + strlen ("+SRS=");
  g_auto (GStrv) fields = g_strsplit (body, "=", -1);
  return is_srs_body (body)
         || (g_str_has_prefix (upper, "BOUNCES+SRS=") && g_strv_length (fields) == 2
             && is_base64_word (fields[0], MIN_HASH_BYTES) && strlen (fields[1]) == TIMESTAMP_BYTES);
}

gboolean flow_sender_is_srs (const char *sender) {
  g_autofree char *local = local_part (sender);
  if (strlen (local) > 5 && strchr ("=+-", local[4])) {
    if (g_ascii_strncasecmp (local, "SRS0", 4) == 0)
      return is_srs_body (local + 5);
    if (g_ascii_strncasecmp (local, "SRS1", 4) == 0)
      return is_srs1_body (local + 5);
  }
  return is_exchange_srs (local);
}

/* "user+caf_=local=domain" */
gboolean flow_sender_is_caf (const char *sender) {
  g_autofree char *local = local_part (sender);
  g_autofree char *folded = g_ascii_strdown (local, -1);
  const char *mark = strstr (folded, "+caf_=");
  if (!mark || mark == folded)
    return FALSE;
  const char *target = mark + strlen ("+caf_="), *last = strrchr (target, '=');
  return last && last != target && is_dotted_name (last + 1);
}
