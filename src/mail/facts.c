/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/facts: what the root message's header says, decoded and bounded, for flow and policy.
 *
 * Only fields of the list below become facts; which fields the writer drops is counted by the writer. Pure; any thread.
 */
#include <string.h>

#include "mugai/base/unicode.h"
#include "mugai/mail/mail.h"

/* The closed list: evidence of forwarding, loops and lists, and what rules may ask for. */
static const char *const fact_headers[] = { "auto-submitted",
                                            "resent-from",
                                            "resent-to",
                                            "resent-sender",
                                            "resent-cc",
                                            "resent-bcc",
                                            "resent-date",
                                            "resent-message-id",
                                            "autoforwarded",
                                            "auto-forwarded",
                                            "x-forwarded-by",
                                            "x-forwarded-from",
                                            "x-ms-exchange-forwarding-loop",
                                            "x-delivered-to",
                                            "envelope-to",
                                            "list-post",
                                            "x-beenthere",
                                            "x-mailing-list",
                                            "x-zimbra-forwarded",
                                            "x-forwarded-to",
                                            "x-forwarded-for",
                                            "x-forwarded-encrypted",
                                            "delivered-to",
                                            "x-autoreply",
                                            "x-ms-exchange-generated-message-source",
                                            "x-ms-exchange-inbox-rules-loop",
                                            "x-ms-exchange-organization-autoforwarded",
                                            "x-ms-exchange-autoforwarded",
                                            "x-ms-exchange-forwardingloop",
                                            "x-sieve",
                                            "x-sieve-redirected-from",
                                            "x-original-to",
                                            "x-loop",
                                            "return-path",
                                            "received",
                                            "list-id",
                                            "in-reply-to",
                                            "references",
                                            "precedence",
                                            "reply-to",
                                            "sender",
                                            "authentication-results",
                                            "date",
                                            "x-mailer",
                                            "x-mugai-id",
                                            "x-mugai-notice" };

static void note_odd (MugaiFacts *facts, guint odd) {
  if ((odd & MUGAI_HEADER_ODD_RAW_8BIT) != 0)
    facts->oddities |= MUGAI_BIT (MUGAI_ODDITY_RAW_8BIT_HEADER);
  if ((odd & MUGAI_HEADER_ODD_CONTROL) != 0)
    facts->oddities |= MUGAI_BIT (MUGAI_ODDITY_HEADER_CONTROL);
  if ((odd & MUGAI_HEADER_ODD_BIDI) != 0)
    facts->oddities |= MUGAI_BIT (MUGAI_ODDITY_BIDI_TEXT);
  if ((odd & MUGAI_HEADER_ODD_REFUSED_CHARSET) != 0)
    facts->oddities |= MUGAI_BIT (MUGAI_ODDITY_REFUSED_CHARSET);
  if ((odd & MUGAI_HEADER_ODD_LIMIT) != 0)
    facts->oddities |= MUGAI_BIT (MUGAI_ODDITY_HEADER_LIMIT);
}

static char *decoded_field (const MugaiMail *mail, const char *name, MugaiFacts *facts) {
  const MugaiMailField *field = mugai_mail_field (mail->root, name);
  if (field == NULL)
    return g_strdup ("");
  guint odd = 0;
  g_autofree char *text = mugai_header_decode_text (field->raw, field->raw_bytes, NULL, &odd);
  note_odd (facts, odd);
  return mugai_unicode_make_safe (text, -1, MUGAI_FACTS_MAX_HEADER_BYTES);
}

static void set_string (char **place, char *value) {
  g_free (*place);
  *place = value;
}

/* ---- addresses ---- */

static void fill_from (const MugaiMail *mail, MugaiFacts *facts) {
  const MugaiMailField *field = mugai_mail_field (mail->root, "from");
  if (field == NULL)
    return;
  guint odd = 0;
  g_autoptr (GPtrArray) from = mugai_header_parse_addresses (field->raw, field->raw_bytes, NULL, &odd);
  note_odd (facts, odd);
  for (guint i = 0; i < from->len; i++) {
    const MugaiHeaderAddress *address = g_ptr_array_index (from, i);
    if (i == 0) {
      set_string (&facts->from_name, mugai_unicode_make_safe (address->name, -1, MUGAI_FACTS_MAX_HEADER_BYTES));
      set_string (&facts->from_address, mugai_unicode_make_safe (address->address, -1, MUGAI_FACTS_MAX_HEADER_BYTES));
    }
    if (mugai_header_name_imitates (address->name, address->address))
      facts->oddities |= MUGAI_BIT (MUGAI_ODDITY_LOOKS_LIKE_OURS);
  }
}

/* To and Cc, every field of these names: a second To is odd, but its addresses are shown all the same. */
static void fill_shown_addresses (const MugaiMail *mail, MugaiFacts *facts) {
  g_autoptr (GPtrArray) shown = g_ptr_array_new ();
  for (guint i = 0; mail->root->fields != NULL && i < mail->root->fields->len; i++) {
    const MugaiMailField *field = g_ptr_array_index (mail->root->fields, i);
    if (g_ascii_strcasecmp (field->name, "to") != 0 && g_ascii_strcasecmp (field->name, "cc") != 0)
      continue;
    guint odd = 0;
    g_autoptr (GPtrArray) list = mugai_header_parse_addresses (field->raw, field->raw_bytes, NULL, &odd);
    note_odd (facts, odd);
    for (guint n = 0; n < list->len && shown->len < MUGAI_FACTS_MAX_ADDRESSES; n++) {
      const MugaiHeaderAddress *address = g_ptr_array_index (list, n);
      if (*address->address != '\0')
        g_ptr_array_add (shown, mugai_unicode_make_safe (address->address, -1, MUGAI_FACTS_MAX_NAME_BYTES));
    }
  }
  g_ptr_array_add (shown, NULL);
  g_strfreev (facts->shown_addresses);
  facts->shown_addresses = (char **) g_ptr_array_free (g_steal_pointer (&shown), FALSE);
}

/* ---- the list ---- */

static gboolean is_fact_header (const char *lower) {
  for (guint i = 0; i < G_N_ELEMENTS (fact_headers); i++)
    if (g_str_equal (lower, fact_headers[i]))
      return TRUE;
  return FALSE;
}

static void fill_headers (const MugaiMail *mail, MugaiFacts *facts) {
  for (guint i = 0; mail->root->fields != NULL && i < mail->root->fields->len; i++) {
    const MugaiMailField *field = g_ptr_array_index (mail->root->fields, i);
    g_autofree char *lower = g_ascii_strdown (field->name, -1);
    if (g_str_has_prefix (lower, "x-mugai-"))
      facts->oddities |= MUGAI_BIT (MUGAI_ODDITY_LOOKS_LIKE_OURS);
    if (!is_fact_header (lower))
      continue;
    if (facts->headers->len >= MUGAI_FACTS_MAX_HEADERS) { /* what follows would not be seen by any rule */
      facts->oddities |= MUGAI_BIT (MUGAI_ODDITY_HEADER_LIMIT);
      continue;
    }
    g_autofree char *text = mugai_header_decode_text (field->raw, field->raw_bytes, NULL, NULL);
    MugaiHeaderFact *fact = g_new0 (MugaiHeaderFact, 1);
    fact->name = g_steal_pointer (&lower);
    fact->value = mugai_unicode_make_safe (text, -1, MUGAI_FACTS_MAX_HEADER_BYTES);
    g_ptr_array_add (facts->headers, fact);
  }
}

void mugai_mail_fill_facts (const MugaiMail *mail, MugaiFacts *facts) {
  facts->oddities |= mail->oddities;
  set_string (&facts->subject, decoded_field (mail, "subject", facts));
  set_string (&facts->message_id, decoded_field (mail, "message-id", facts));
  fill_from (mail, facts);
  fill_shown_addresses (mail, facts);
  fill_headers (mail, facts);
}
