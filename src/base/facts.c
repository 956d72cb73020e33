/* SPDX-License-Identifier: GPL-2.0-only
 *
 * base/facts: the closed lists and the life of the plain data: see mugai/base/facts.h.
 *
 * How they travel stands in facts-json.c and decision.c. Invariant: constructors leave every string and list
 * that may not be NULL empty; destructors accept NULL and half-built objects. Threads: any.
 */
#include "mugai/base/facts.h"

#include <string.h>

#define NAME_ENTRY(c, n) n,

static int find_name (const char *const *names, int n_names, const char *name) {
  for (int i = 0; i < n_names; i++) {
    if (g_strcmp0 (names[i], name) == 0)
      return i;
  }
  return -1;
}

/* For one list X of facts.h: its table, mugai_<noun>_name () and mugai_<noun>_from_name (). */
#define DEFINE_NAMES(noun, Type, LIST, N)                                                                              \
  static const char *const noun##_names[] = { LIST (NAME_ENTRY) };                                                     \
  G_STATIC_ASSERT (G_N_ELEMENTS (noun##_names) == N);                                                                  \
  const char *mugai_##noun##_name (Type value) {                                                                       \
    g_return_val_if_fail ((guint) value < N, "");                                                                      \
    return noun##_names[value];                                                                                        \
  }                                                                                                                    \
  int mugai_##noun##_from_name (const char *name) {                                                                    \
    return find_name (noun##_names, N, name);                                                                          \
  }

DEFINE_NAMES (flag, MugaiFlag, MUGAI_FLAGS, MUGAI_N_FLAGS)
DEFINE_NAMES (oddity, MugaiOddity, MUGAI_ODDITIES, MUGAI_N_ODDITIES)
DEFINE_NAMES (scan, MugaiScan, MUGAI_SCANS, MUGAI_N_SCANS)
DEFINE_NAMES (role, MugaiRole, MUGAI_ROLES, MUGAI_N_ROLES)
DEFINE_NAMES (action, MugaiAction, MUGAI_ACTIONS, MUGAI_N_ACTIONS)
DEFINE_NAMES (part_action, MugaiPartAction, MUGAI_PART_ACTIONS, MUGAI_N_PART_ACTIONS)
DEFINE_NAMES (direction, MugaiDirection, MUGAI_DIRECTIONS, MUGAI_N_DIRECTIONS)
DEFINE_NAMES (ceiling, MugaiCeiling, MUGAI_CEILINGS, MUGAI_N_CEILINGS)

G_STATIC_ASSERT (MUGAI_N_FLAGS <= 64 && MUGAI_N_ODDITIES <= 64); /* sets are a guint64 */

gboolean mugai_oddity_is_ambiguous (MugaiOddity oddity) {
  /* What is over a limit is read by others but not by us; what is malformed, each reader mends in its own way. */
  static const guint64 ambiguous =
      MUGAI_BIT (MUGAI_ODDITY_HEADER_LIMIT) | MUGAI_BIT (MUGAI_ODDITY_NESTING_LIMIT)
      | MUGAI_BIT (MUGAI_ODDITY_PART_LIMIT) | MUGAI_BIT (MUGAI_ODDITY_DECODED_LIMIT)
      | MUGAI_BIT (MUGAI_ODDITY_DUPLICATE_HEADER) | MUGAI_BIT (MUGAI_ODDITY_BAD_HEADER)
      | MUGAI_BIT (MUGAI_ODDITY_BAD_PARAMETER) | MUGAI_BIT (MUGAI_ODDITY_BAD_BOUNDARY)
      | MUGAI_BIT (MUGAI_ODDITY_UNCLOSED_MULTIPART) | MUGAI_BIT (MUGAI_ODDITY_HIDDEN_TEXT_IN_MULTIPART)
      | MUGAI_BIT (MUGAI_ODDITY_BAD_BASE64) | MUGAI_BIT (MUGAI_ODDITY_BAD_QUOTED_PRINTABLE)
      | MUGAI_BIT (MUGAI_ODDITY_UNKNOWN_ENCODING) | MUGAI_BIT (MUGAI_ODDITY_ENCODED_CONTAINER)
      | MUGAI_BIT (MUGAI_ODDITY_BARE_CR_LF) | MUGAI_BIT (MUGAI_ODDITY_NUL) | MUGAI_BIT (MUGAI_ODDITY_REFUSED_CHARSET)
      | MUGAI_BIT (MUGAI_ODDITY_PARSER_DIFFERS);

  return (ambiguous & MUGAI_BIT (oddity)) != 0;
}

/* ---- facts ---- */

MugaiPart *mugai_part_new (void) {
  MugaiPart *part = g_new0 (MugaiPart, 1);

  part->path = g_strdup ("");
  part->declared = g_strdup ("");
  part->detected = g_strdup ("");
  part->names = g_new0 (char *, 1);
  part->sha256 = g_strdup ("");
  part->scan = MUGAI_SCAN_NOT_SCANNED;
  part->role = MUGAI_ROLE_ATTACHMENT;
  return part;
}

void mugai_part_free (MugaiPart *part) {
  if (part == NULL)
    return;
  g_free (part->path);
  g_free (part->declared);
  g_free (part->detected);
  g_strfreev (part->names);
  g_free (part->sha256);
  g_free (part->signature);
  g_free (part);
}

void mugai_header_fact_free (MugaiHeaderFact *header) {
  if (header == NULL)
    return;
  g_free (header->name);
  g_free (header->value);
  g_free (header);
}

void mugai_link_fact_free (MugaiLinkFact *link) {
  if (link == NULL)
    return;
  g_free (link->host);
  g_free (link->shown_host);
  g_free (link);
}

MugaiFacts *mugai_facts_new (void) {
  MugaiFacts *facts = g_new0 (MugaiFacts, 1);

  facts->subject = g_strdup ("");
  facts->message_id = g_strdup ("");
  facts->from_name = g_strdup ("");
  facts->from_address = g_strdup ("");
  facts->shown_addresses = g_new0 (char *, 1);
  facts->headers = g_ptr_array_new_with_free_func ((GDestroyNotify) mugai_header_fact_free);
  facts->parts = g_ptr_array_new_with_free_func ((GDestroyNotify) mugai_part_free);
  facts->links = g_ptr_array_new_with_free_func ((GDestroyNotify) mugai_link_fact_free);
  return facts;
}

void mugai_facts_free (MugaiFacts *facts) {
  if (facts == NULL)
    return;
  g_free (facts->subject);
  g_free (facts->message_id);
  g_free (facts->from_name);
  g_free (facts->from_address);
  g_strfreev (facts->shown_addresses);
  g_clear_pointer (&facts->headers, g_ptr_array_unref);
  g_clear_pointer (&facts->parts, g_ptr_array_unref);
  g_clear_pointer (&facts->links, g_ptr_array_unref);
  g_free (facts->signatures_version);
  g_free (facts);
}

/* ---- envelope ---- */

MugaiRecipient *mugai_recipient_new (const char *address) {
  MugaiRecipient *recipient = g_new0 (MugaiRecipient, 1);

  recipient->address = g_strdup (address);
  return recipient;
}

void mugai_recipient_free (MugaiRecipient *recipient) {
  if (recipient == NULL)
    return;
  g_free (recipient->address);
  g_free (recipient);
}

MugaiEnvelope *mugai_envelope_new (void) {
  MugaiEnvelope *envelope = g_new0 (MugaiEnvelope, 1);

  envelope->client = g_strdup ("");
  envelope->helo = g_strdup ("");
  envelope->auth = g_strdup ("");
  envelope->from = g_strdup ("");
  envelope->queue_id = g_strdup ("");
  envelope->forwarding = g_new0 (char *, 1);
  envelope->recipients = g_ptr_array_new_with_free_func ((GDestroyNotify) mugai_recipient_free);
  envelope->attempt = 1;
  envelope->signatures_age_s = -1;
  return envelope;
}

void mugai_envelope_free (MugaiEnvelope *envelope) {
  if (envelope == NULL)
    return;
  g_free (envelope->client);
  g_free (envelope->helo);
  g_free (envelope->auth);
  g_free (envelope->from);
  g_free (envelope->queue_id);
  g_strfreev (envelope->forwarding);
  g_free (envelope->forwarding_owner);
  g_clear_pointer (&envelope->rates, g_ptr_array_unref);
  g_clear_pointer (&envelope->recipients, g_ptr_array_unref);
  g_free (envelope);
}
