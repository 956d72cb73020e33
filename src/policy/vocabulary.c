/* SPDX-License-Identifier: GPL-2.0-only
 *
 * The vocabulary as a table, and every fact of a message by its name in it, for the record and for replay. Facts that
 * follow from the policy too (shown-outside, time-of-day, weekday) are not recorded: replay finds them again from what is.
 * Pure; any thread.
 */
#include "mugai/policy.h"

#include "vocabulary.h"

#define NAME(c, n) n,
static const char *const words_DIRECTIONS[] = { MUGAI_DIRECTIONS (NAME) NULL };
static const char *const words_ODDITIES[] = { MUGAI_ODDITIES (NAME) NULL };
static const char *const words_FLAGS[] = { MUGAI_FLAGS (NAME) NULL };
static const char *const words_SCANS[] = { MUGAI_SCANS (NAME) NULL };
static const char *const words_ROLES[] = { MUGAI_ROLES (NAME) NULL };
static const char *const words_FORWARDINGS[] = { MUGAI_FORWARDINGS (NAME) NULL };
static const char *const words_WEEKDAYS[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun", NULL };
#define words_NONE NULL

#define M MUGAI_STAGE_MAIL
#define R MUGAI_STAGE_RCPT
#define E MUGAI_STAGE_END
#define ROW(c, name, type, list, of_part, stages, ja, en)                                                              \
  { name, MUGAI_FACT_##type, words_##list, of_part, stages, ja, en },
static const FactRow rows[N_FACTS] = { MUGAI_POLICY_FACTS (ROW) };
#undef M
#undef R
#undef E

G_STATIC_ASSERT (MUGAI_N_ODDITIES <= 63 && MUGAI_N_FLAGS <= 63); /* a set is a guint64 */

const FactRow *mugai_vocabulary_row (MugaiFact fact) {
  return &rows[fact];
}

int mugai_vocabulary_find (const char *name) {
  for (int i = 0; i < N_FACTS; i++)
    if (strcmp (rows[i].name, name) == 0)
      return i;
  return -1;
}

/* ---- facts as JSON ---- */

static void put (json_t *object, MugaiFact fact, json_t *value) {
  json_object_set_new (object, rows[fact].name, value);
}

static void put_text (json_t *object, MugaiFact fact, const char *text) {
  put (object, fact, mugai_json_string (text ? text : ""));
}

static json_t *set_to_json (guint64 set, const char *const *words) {
  json_t *array = json_array ();
  for (guint i = 0; words[i]; i++)
    if (set & MUGAI_BIT (i))
      json_array_append_new (array, json_string (words[i]));
  return array;
}

static void put_set (json_t *object, MugaiFact fact, guint64 set) {
  put (object, fact, set_to_json (set, rows[fact].words));
}

static json_t *recipients_to_json (const MugaiEnvelope *envelope) {
  json_t *array = json_array ();
  for (guint i = 0; i < envelope->recipients->len; i++) {
    const MugaiRecipient *recipient = g_ptr_array_index (envelope->recipients, i);
    json_t *one = json_object ();
    put_text (one, FACT_RECIPIENT, recipient->address);
    put_text (one, FACT_DIRECTION, mugai_direction_name (recipient->direction));
    json_object_set_new (one, "inside", json_boolean (recipient->inside));
    json_array_append_new (array, one);
  }
  return array;
}

gboolean mugai_vocabulary_rate_exceeded (const MugaiEnvelope *envelope) {
  for (guint i = 0; envelope->rates && i < envelope->rates->len; i++)
    if (((const MugaiRate *) g_ptr_array_index (envelope->rates, i))->exceeded)
      return TRUE;
  return FALSE;
}

static void put_envelope (json_t *object, const MugaiEnvelope *envelope) {
  put_text (object, FACT_DIRECTION, mugai_direction_name (envelope->direction));
  put_text (object, FACT_CLIENT, envelope->client);
  put (object, FACT_CLIENT_INSIDE, json_boolean (envelope->client_inside));
  put_text (object, FACT_HELO, envelope->helo);
  put (object, FACT_AUTHENTICATED, json_boolean (envelope->auth && *envelope->auth));
  put_text (object, FACT_AUTH, envelope->auth);
  put_text (object, FACT_FROM, envelope->from);
  put (object, FACT_FROM_INSIDE, json_boolean (envelope->from_inside));
  put (object, FACT_NULL_SENDER, json_boolean (!envelope->from || !*envelope->from));
  put (object, FACT_RECIPIENT, recipients_to_json (envelope));
  put (object, FACT_RECIPIENTS, json_integer (envelope->recipients->len));
  put (object, FACT_SIZE, json_integer ((json_int_t) envelope->size_bytes));
  put (object, FACT_FORWARDING, mugai_json_strv ((const char *const *) envelope->forwarding));
  json_object_set_new (object, "forwarding-owner",
                       envelope->forwarding_owner ? mugai_json_string (envelope->forwarding_owner) : json_null ());
  put (object, FACT_RATE_EXCEEDED, json_boolean (mugai_vocabulary_rate_exceeded (envelope)));
  /* The keeper counts by these when the record is durable, and finds its counters again from them: flow/counters.h. */
  json_object_set_new (object, "rates", mugai_rates_to_json (envelope->rates));
  put (object, FACT_SIGNATURES_AGE, json_integer (envelope->signatures_age_s));
  put (object, FACT_SCANNED, json_boolean (envelope->signatures_age_s >= 0));
  put (object, FACT_ATTEMPT, json_integer (envelope->attempt));
  json_object_set_new (object, "time-us", json_integer (envelope->time_us));
}

static json_t *part_to_json (const MugaiPart *part) {
  json_t *one = json_object ();
  put_text (one, FACT_PART_PATH, part->path);
  put_text (one, FACT_PART_DECLARED, part->declared);
  put_text (one, FACT_PART_TYPE, part->detected);
  put (one, FACT_PART_NAME, mugai_json_strv ((const char *const *) part->names));
  put (one, FACT_PART_SIZE, json_integer ((json_int_t) part->size_bytes));
  put_text (one, FACT_PART_SHA256, part->sha256);
  put_text (one, FACT_PART_ROLE, mugai_role_name (part->role));
  put_text (one, FACT_PART_SCAN, mugai_scan_name (part->scan));
  put_text (one, FACT_PART_SIGNATURE, part->signature);
  put_set (one, FACT_PART_FLAGS, part->flags);
  return one;
}

static void put_headers (json_t *object, const MugaiFacts *facts) {
  json_t *headers = json_array (), *hosts = json_array ();
  for (guint i = 0; i < facts->headers->len; i++) {
    const MugaiHeaderFact *header = g_ptr_array_index (facts->headers, i);
    g_autofree char *line = g_strconcat (header->name, ": ", header->value, NULL);
    json_array_append_new (headers, mugai_json_string (line));
  }
  for (guint i = 0; i < facts->links->len; i++) {
    const MugaiLinkFact *link = g_ptr_array_index (facts->links, i);
    json_array_append_new (hosts, mugai_json_string (link->host ? link->host : ""));
  }
  put (object, FACT_HEADER, headers);
  put (object, FACT_LINK_HOST, hosts);
  put (object, FACT_LINKS, json_integer (facts->links->len));
}

static gboolean is_ambiguous (guint64 oddities) {
  for (guint i = 0; i < MUGAI_N_ODDITIES; i++)
    if ((oddities & MUGAI_BIT (i)) && mugai_oddity_is_ambiguous ((MugaiOddity) i))
      return TRUE;
  return FALSE;
}

/* What the parts say together, as decide.c's summary () reads it. */
static void put_parts (json_t *object, const MugaiFacts *facts) {
  guint64 scans = 0, flags = 0, attachment_bytes = 0;
  guint attachments = 0;
  json_t *parts = json_array ();
  for (guint i = 0; i < facts->parts->len; i++) {
    const MugaiPart *part = g_ptr_array_index (facts->parts, i);
    scans |= MUGAI_BIT (part->scan);
    flags |= part->flags;
    if (part->role == MUGAI_ROLE_ATTACHMENT) {
      attachments++;
      attachment_bytes += part->size_bytes;
    }
    json_array_append_new (parts, part_to_json (part));
  }
  put (object, FACT_ATTACHMENTS, json_integer (attachments));
  put (object, FACT_ATTACHMENT_SIZE, json_integer ((json_int_t) attachment_bytes));
  put (object, FACT_PROTECTED,
       json_boolean ((scans & MUGAI_BIT (MUGAI_SCAN_ENCRYPTED)) || (flags & MUGAI_BIT (MUGAI_FLAG_ENCRYPTED))
                     || (facts->oddities & MUGAI_BIT (MUGAI_ODDITY_ENCRYPTED_MESSAGE))));
  put_set (object, FACT_SCANS, scans);
  put_set (object, FACT_FLAGS, flags);
  json_object_set_new (object, "parts", parts);
}

json_t *mugai_policy_facts_to_json (const MugaiEnvelope *envelope, const MugaiFacts *facts) {
  json_t *object = json_object ();
  put_envelope (object, envelope);
  if (!facts)
    return object;
  put_text (object, FACT_SUBJECT, facts->subject);
  put_text (object, FACT_MESSAGE_ID, facts->message_id);
  put_text (object, FACT_FROM_NAME, facts->from_name);
  put_text (object, FACT_FROM_HEADER, facts->from_address);
  put (object, FACT_SHOWN_ADDRESS, mugai_json_strv ((const char *const *) facts->shown_addresses));
  put_headers (object, facts);
  put_set (object, FACT_ODDITIES, facts->oddities);
  put (object, FACT_AMBIGUOUS, json_boolean (is_ambiguous (facts->oddities)));
  put (object, FACT_MY_NUMBER, json_boolean ((facts->oddities & MUGAI_BIT (MUGAI_ODDITY_MY_NUMBER)) != 0));
  put (object, FACT_SCANNED, json_boolean (envelope->signatures_age_s >= 0 || facts->signatures_version));
  put_parts (object, facts);
  return object;
}
