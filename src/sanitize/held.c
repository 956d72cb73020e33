/* SPDX-License-Identifier: GPL-2.0-only
 *
 * The message that goes in the place of a held one: to people inside only, from us, with the original's sender and subject in its
 * text. Written outside the sandbox, from checked facts and the envelope alone.
 */
#include "inspection.h"

#include <string.h>

#include "mugai/base/base.h"
#include "mugai/base/unicode.h"

#define RULER "------------------------------------------------------------\n"
#define MAX_SUBJECT_BYTES 500u
#define MAX_ADDRESS_BYTES 300u
#define MAX_REASON_BYTES 500u
#define MAX_FILES 20u /* named; the others are counted */

/* ---- reasons ---- */

/* A rule without a sentence of its own must not show its condition; nor a failure its cause. */
static const char *reason_words (const MugaiReason *reason, gboolean japanese) {
  const char *said = japanese ? reason->ja : reason->en;
  if (said != NULL && *said != '\0')
    return said;
  if (g_str_has_prefix (reason->rule, "failure"))
    return japanese ? "安全に検査することができませんでした。" : "The message could not be inspected safely.";
  return japanese ? "組織の取り決めによります。" : "By the organisation's rules.";
}

/* The ceiling says what a delivered mail may hold; of one that is held it says nothing. */
static void append_reasons (GString *text, const MugaiDecision *decision, gboolean japanese) {
  for (guint i = 0; i < decision->reasons->len; i++) {
    const MugaiReason *reason = g_ptr_array_index (decision->reasons, i);
    if (g_str_equal (reason->rule, "ceiling"))
      continue;
    g_autofree char *safe = mugai_unicode_make_safe (reason_words (reason, japanese), -1, MAX_REASON_BYTES);
    g_string_append_printf (text, japanese ? "  理由: %s\n" : "  Reason: %s\n", safe);
  }
}

/* ---- what it was ---- */

static void append_line (GString *text, const char *label, const char *value) {
  g_autofree char *dead = mugai_words_dead (value);
  g_string_append_printf (text, "  %s: %s\n", label, dead);
}

static char *from_words (const MugaiFacts *facts) {
  g_autofree char *name = mugai_unicode_make_safe (facts->from_name, -1, MAX_ADDRESS_BYTES);
  g_autofree char *address = mugai_unicode_make_safe (facts->from_address, -1, MAX_ADDRESS_BYTES);
  return *name != '\0' ? g_strdup_printf ("%s <%s>", name, address) : g_strdup (address);
}

static void append_files (GString *text, const MugaiFacts *facts, gboolean japanese) {
  guint n = 0;
  for (guint i = 0; i < facts->parts->len; i++) {
    const MugaiPart *part = g_ptr_array_index (facts->parts, i);
    if (part->role != MUGAI_ROLE_ATTACHMENT || ++n > MAX_FILES)
      continue;
    g_autofree char *name = mugai_words_name (part, japanese);
    g_autofree char *size = mugai_words_size (part->size_bytes);
    g_autofree char *words =
        g_strdup_printf (japanese ? "%s ── %s、%s" : "%s -- %s, %s", name, mugai_words_type (part, japanese), size);
    append_line (text, japanese ? "添付" : "Attachment", words);
  }
  if (n > MAX_FILES)
    g_string_append_printf (text, japanese ? "  ほか %u 件\n" : "  and %u more\n", n - MAX_FILES);
}

static void append_facts (GString *text, const MugaiEnvelope *envelope, const MugaiFacts *facts, gboolean japanese) {
  g_autofree char *envelope_from = mugai_unicode_make_safe (envelope->from, -1, MAX_ADDRESS_BYTES);
  g_autofree char *size = mugai_words_size (envelope->size_bytes);
  if (facts != NULL) {
    g_autofree char *subject = mugai_unicode_make_safe (facts->subject, -1, MAX_SUBJECT_BYTES);
    g_autofree char *from = from_words (facts);
    append_line (text, japanese ? "件名" : "Subject", subject);
    append_line (text, japanese ? "差出人" : "From", from);
  }
  g_autofree char *bracketed = g_strdup_printf ("<%s>", envelope_from);
  append_line (text, japanese ? "送信元アドレス（配送上の差出人）" : "Envelope sender", bracketed);
  append_line (text, japanese ? "大きさ" : "Size", size);
  if (facts != NULL)
    append_files (text, facts, japanese);
}

/* To the one who sent it? Then other words than to those who were to get it. */
static gboolean is_for_sender (const MugaiEnvelope *envelope, const MugaiDecision *decision) {
  return envelope->direction == MUGAI_DIRECTION_OUTBOUND && g_strv_length (decision->notify) == 1
         && g_str_equal (decision->notify[0], envelope->from);
}

static char *held_text (const MugaiEnvelope *envelope, const MugaiFacts *facts, const MugaiDecision *decision,
                        const MugaiNoticeContext *context) {
  MugaiNoticeText words = is_for_sender (envelope, decision) ? MUGAI_NOTICE_HELD_OUT : MUGAI_NOTICE_HELD;
  GString *text = g_string_new (NULL);
  g_string_append_printf (text, "%s メール無害化システムからのお知らせです。\n\n", context->organisation);
  for (guint english = 0; english < 2; english++) {
    gboolean japanese = english == 0;
    g_string_append_printf (text, "%s%s\n\n", english ? "\n" RULER "\n" : "",
                            mugai_notice_text (context, words, japanese));
    append_facts (text, envelope, facts, japanese);
    append_reasons (text, decision, japanese);
    g_string_append_c (text, '\n');
    mugai_notice_append_contact (text, context, japanese);
  }
  return g_string_free (text, FALSE);
}

GString *mugai_notice_header (const MugaiNoticeContext *context, const char *to, const char *subject,
                              const char *kind) {
  GString *header = g_string_new (NULL);
  g_autofree char *date = mugai_time_rfc5322 (context->time_us);
  const char *at = strrchr (context->notice_from, '@');
  g_autofree char *message_id = g_strdup_printf ("<%s.%s@%s>", context->id, kind, at != NULL ? at + 1 : "localhost");
  MugaiHeaderAddress from = { .name = context->organisation, .address = context->notice_from };
  MugaiHeaderAddress addressee = { .name = (char *) "", .address = (char *) to };
  g_autoptr (GPtrArray) list = g_ptr_array_new ();
  g_ptr_array_add (list, &from);
  mugai_header_write_addresses (header, "From", list);
  list->pdata[0] = &addressee;
  if (to != NULL)
    mugai_header_write_addresses (header, "To", list);
  else
    mugai_header_write_text (header, "To", "undisclosed-recipients:;");
  mugai_header_write_text (header, "Subject", subject);
  mugai_header_write_text (header, "Date", date);
  mugai_header_write_text (header, "Message-ID", message_id);
  mugai_header_write_text (header, "Auto-Submitted", "auto-generated");
  mugai_header_write_text (header, "X-Mugai-Id", context->id);
  mugai_header_write_text (header, "X-Mugai-Notice", kind);
  return header;
}

GBytes *mugai_notice_held (const MugaiEnvelope *envelope, const MugaiFacts *facts, const MugaiDecision *decision,
                           const MugaiNoticeContext *context) {
  g_autofree char *subject = g_strdup_printf ("【お預かり】メールを隔離しました / Message held [%s]", context->id);
  gboolean single = g_strv_length (decision->notify) == 1;
  GString *header = mugai_notice_header (context, single ? decision->notify[0] : NULL, subject, "held");
  g_autofree char *text = held_text (envelope, facts, decision, context);
  MugaiMailDraft draft = { .header = header, .text = text, .kept = NULL };
  GBytes *mail = mugai_mail_write (&draft);
  g_string_free (header, TRUE);
  return mail;
}
