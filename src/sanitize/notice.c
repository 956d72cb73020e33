/* SPDX-License-Identifier: GPL-2.0-only
 *
 * What people read about a decision: the notice at the end of a rebuilt body, and the message that goes in the place of a
 * held one. Japanese first, then English, whatever the locale. Reviewers and citizens are not programmers: no media types
 * where a plain word exists. Never quotes a rule's condition: replies carry notices outside.
 */
#include "mugai/sanitize.h"

#include <string.h>

#include "mugai/base/base.h"
#include "mugai/base/unicode.h"

#include "inspection.h"

#define NOTICE_MAX_PARTS 100u      /* listed by name; the others are counted in one line */
#define NOTICE_MAX_NAME_BYTES 200u /* of a name as shown */
#define RULER "------------------------------------------------------------\n"

/* ---- context ---- */

MugaiNoticeContext *mugai_notice_context_new (const char *id, const MugaiOrganisation *organisation, gint64 time_us) {
  MugaiNoticeContext *context = g_new0 (MugaiNoticeContext, 1);
  context->id = g_strdup (id);
  context->organisation = g_strdup (organisation->name);
  context->notice_from = g_strdup (organisation->notice_from);
  context->reviewers = g_strdup (organisation->reviewers != NULL ? organisation->reviewers : "");
  context->time_us = time_us;
  return context;
}

void mugai_notice_context_free (MugaiNoticeContext *context) {
  if (context == NULL)
    return;
  g_free (context->id);
  g_free (context->organisation);
  g_free (context->notice_from);
  g_free (context->reviewers);
  g_free (context);
}

json_t *mugai_notice_context_to_json (const MugaiNoticeContext *context) {
  return json_pack ("{s:o, s:o, s:o, s:o, s:I}", "id", mugai_json_string (context->id), "organisation",
                    mugai_json_string (context->organisation), "notice_from", mugai_json_string (context->notice_from),
                    "reviewers", mugai_json_string (context->reviewers), "time_us", (json_int_t) context->time_us);
}

MugaiNoticeContext *mugai_notice_context_from_json (json_t *json, GError **error) {
  g_autoptr (MugaiNoticeContext) context = g_new0 (MugaiNoticeContext, 1);
  if (!mugai_json_get_string (json, "id", MUGAI_ID_LENGTH, &context->id, error)
      || !mugai_json_get_string (json, "organisation", 1024, &context->organisation, error)
      || !mugai_json_get_string (json, "notice_from", 1024, &context->notice_from, error)
      || !mugai_json_get_string (json, "reviewers", 1024, &context->reviewers, error)
      || !mugai_json_get_int (json, "time_us", 0, G_MAXINT64, &context->time_us, error))
    return NULL;
  return g_steal_pointer (&context);
}

/* ---- words ---- */

static char *size_words (guint64 size_bytes) {
  if (size_bytes < 1024)
    return g_strdup_printf ("%u B", (guint) size_bytes);
  if (size_bytes < 1024 * 1024)
    return g_strdup_printf ("%u.%u KB", (guint) (size_bytes / 1024), (guint) (size_bytes % 1024 * 10 / 1024));
  guint64 kib = size_bytes / 1024;
  return g_strdup_printf ("%u.%u MB", (guint) (kib / 1024), (guint) (kib % 1024 * 10 / 1024));
}

static char *shown_name (const MugaiPart *part, gboolean japanese) {
  if (part->names[0] != NULL && *part->names[0] != '\0')
    return mugai_unicode_make_safe (part->names[0], -1, NOTICE_MAX_NAME_BYTES);
  return g_strdup (japanese ? "（名前なし）" : "(no name)");
}

static const char *scan_words (MugaiScan scan, gboolean japanese) {
  switch (scan) {
  case MUGAI_SCAN_INFECTED:
    return japanese ? "ウイルスが見つかりました" : "a virus was found in it";
  case MUGAI_SCAN_ENCRYPTED:
    return japanese ? "暗号化されていて中を検査できません" : "it is encrypted and could not be inspected";
  case MUGAI_SCAN_OVER_LIMIT:
    return japanese ? "大きすぎて、すべてを検査できません" : "it is too large to be inspected in full";
  case MUGAI_SCAN_UNPARSABLE:
    return japanese ? "壊れていて検査できません" : "it is broken and could not be inspected";
  default:
    return NULL;
  }
}

static const char *reason_words (const MugaiPart *part, const MugaiPartDecision *choice, gboolean japanese) {
  const char *scan = scan_words (part->scan, japanese);
  const char *rule = japanese ? choice->ja : choice->en;
  if (scan != NULL)
    return scan;
  if (rule != NULL && *rule != '\0')
    return rule;
  return japanese ? "添付ファイルは隔離庫に保管します" : "attachments stay in the quarantine";
}

/* ---- the notice at the end of a body ---- */

static gboolean is_listed (const MugaiPart *part, const MugaiPartDecision *choice) {
  if (choice->action != MUGAI_PART_REMOVE || part->role == MUGAI_ROLE_CONTAINER || part->role == MUGAI_ROLE_MEMBER)
    return FALSE;
  return part->role != MUGAI_ROLE_RELATED || part->scan == MUGAI_SCAN_INFECTED;
}

static guint count_inline (const MugaiFacts *facts, const MugaiDecision *decision) {
  guint n = 0;
  for (guint i = 0; i < facts->parts->len; i++) {
    const MugaiPart *part = g_ptr_array_index (facts->parts, i);
    const MugaiPartDecision *choice = g_ptr_array_index (decision->parts, i);
    n += choice->action == MUGAI_PART_REMOVE && part->role == MUGAI_ROLE_RELATED && !is_listed (part, choice) ? 1 : 0;
  }
  return n;
}

static guint count_listed (const MugaiFacts *facts, const MugaiDecision *decision) {
  guint n = 0;
  for (guint i = 0; i < facts->parts->len; i++)
    n += is_listed (g_ptr_array_index (facts->parts, i), g_ptr_array_index (decision->parts, i)) ? 1 : 0;
  return n;
}

static void append_part (GString *out, guint number, const MugaiPart *part, const MugaiPartDecision *choice,
                         gboolean japanese) {
  g_autofree char *name = shown_name (part, japanese);
  g_autofree char *size = size_words (part->size_bytes);
  g_autofree char *reason = mugai_unicode_make_safe (reason_words (part, choice, japanese), -1, 0);
  g_string_append_printf (out, japanese ? "  %u. %s（%s）\n     理由: %s\n" : "  %u. %s (%s)\n     reason: %s\n",
                          number, name, size, reason);
}

static void append_list (GString *out, const MugaiFacts *facts, const MugaiDecision *decision, gboolean japanese) {
  guint number = 0;
  for (guint i = 0; i < facts->parts->len; i++) {
    const MugaiPart *part = g_ptr_array_index (facts->parts, i);
    const MugaiPartDecision *choice = g_ptr_array_index (decision->parts, i);
    if (is_listed (part, choice) && ++number <= NOTICE_MAX_PARTS)
      append_part (out, number, part, choice, japanese);
  }
  if (number > NOTICE_MAX_PARTS)
    g_string_append_printf (out, japanese ? "  ほか %u 件\n" : "  and %u more\n", number - NOTICE_MAX_PARTS);
  guint inline_images = count_inline (facts, decision);
  if (inline_images > 0)
    g_string_append_printf (out, japanese ? "  ・本文中の画像など %u 点\n" : "  - %u inline image(s) and the like\n",
                            inline_images);
}

static void append_contact (GString *out, const MugaiNoticeContext *context, gboolean japanese) {
  g_string_append_printf (out, japanese ? "隔離番号: %s\n" : "Quarantine id: %s\n", context->id);
  if (*context->reviewers != '\0')
    g_string_append_printf (out,
                            japanese ? "お問い合わせ: %s（隔離番号をお知らせください）\n"
                                     : "Contact: %s (please give the id)\n",
                            context->reviewers);
}

void mugai_notice_append (GString *body, const MugaiFacts *facts, const MugaiDecision *decision,
                          const MugaiNoticeContext *context) {
  if (count_listed (facts, decision) + count_inline (facts, decision) == 0)
    return;
  if (body->len > 0 && body->str[body->len - 1] != '\n')
    g_string_append_c (body, '\n');
  g_string_append (body,
                   "\n" RULER "【メール無害化のお知らせ】\n"
                   "安全のため、次のものを取り除いて文字だけでお届けしました。元のメールは隔離庫に保管しています。\n");
  append_list (body, facts, decision, TRUE);
  append_contact (body, context, TRUE);
  g_string_append (body, "\n[Mail sanitisation]\n"
                         "For safety the following was removed. The original message is kept in the quarantine.\n");
  append_list (body, facts, decision, FALSE);
  append_contact (body, context, FALSE);
  g_string_append (body, RULER);
}

/* ---- the message in the place of a held one ---- */

static void append_held_reasons (GString *text, const MugaiDecision *decision, gboolean japanese) {
  for (guint i = 0; i < decision->reasons->len; i++) {
    const MugaiReason *reason = g_ptr_array_index (decision->reasons, i);
    const char *words = japanese ? reason->ja : reason->en;
    g_autofree char *safe =
        mugai_unicode_make_safe (words != NULL && *words != '\0' ? words : reason->because, -1, 500);
    g_string_append_printf (text, japanese ? "  理由: %s\n" : "  Reason: %s\n", safe);
  }
}

static void append_held_facts (GString *text, const MugaiEnvelope *envelope, const MugaiFacts *facts,
                               gboolean japanese) {
  g_autofree char *sender = mugai_unicode_make_safe (envelope->from, -1, 300);
  g_autofree char *size = size_words (envelope->size_bytes);
  if (facts != NULL) {
    g_autofree char *subject = mugai_unicode_make_safe (facts->subject, -1, 500);
    g_string_append_printf (text, japanese ? "  件名: %s\n" : "  Subject: %s\n", subject);
    g_string_append_printf (text, japanese ? "  差出人: %s <%s>\n" : "  From: %s <%s>\n", facts->from_name,
                            facts->from_address);
  }
  g_string_append_printf (text, japanese ? "  送信元アドレス（エンベロープ）: <%s>\n" : "  Envelope sender: <%s>\n",
                          sender);
  g_string_append_printf (text, japanese ? "  大きさ: %s\n" : "  Size: %s\n", size);
}

static char *held_text (const MugaiEnvelope *envelope, const MugaiFacts *facts, const MugaiDecision *decision,
                        const MugaiNoticeContext *context) {
  GString *text = g_string_new (NULL);
  g_string_append_printf (text,
                          "%s メール無害化システムからのお知らせです。\n\n"
                          "次のメールは、確認が済むまで隔離庫でお預かりしています。まだ届けていません。\n\n",
                          context->organisation);
  append_held_facts (text, envelope, facts, TRUE);
  append_held_reasons (text, decision, TRUE);
  g_string_append_c (text, '\n');
  append_contact (text, context, TRUE);
  g_string_append (
      text, "\n" RULER
            "\nThe following message is held in the quarantine until it has been reviewed. It was not delivered.\n\n");
  append_held_facts (text, envelope, facts, FALSE);
  append_held_reasons (text, decision, FALSE);
  g_string_append_c (text, '\n');
  append_contact (text, context, FALSE);
  return g_string_free (text, FALSE);
}

static GString *held_header (const MugaiDecision *decision, const MugaiNoticeContext *context) {
  GString *header = g_string_new (NULL);
  g_autofree char *date = mugai_time_rfc5322 (context->time_us);
  const char *at = strrchr (context->notice_from, '@');
  g_autofree char *message_id = g_strdup_printf ("<%s.held@%s>", context->id, at != NULL ? at + 1 : "localhost");
  g_autofree char *subject = g_strdup_printf ("【お預かり】メールを隔離しました / Message held [%s]", context->id);
  MugaiHeaderAddress from = { .name = context->organisation, .address = context->notice_from };
  g_autoptr (GPtrArray) list = g_ptr_array_new ();
  g_ptr_array_add (list, &from);
  mugai_header_write_addresses (header, "From", list);
  if (g_strv_length (decision->notify) == 1) { /* several: they are not to see each other */
    MugaiHeaderAddress to = { .name = (char *) "", .address = decision->notify[0] };
    g_ptr_array_set_size (list, 0);
    g_ptr_array_add (list, &to);
    mugai_header_write_addresses (header, "To", list);
  }
  mugai_header_write_text (header, "Subject", subject);
  mugai_header_write_text (header, "Date", date);
  mugai_header_write_text (header, "Message-ID", message_id);
  mugai_header_write_text (header, "Auto-Submitted", "auto-generated");
  mugai_header_write_text (header, "X-Mugai-Id", context->id);
  mugai_header_write_text (header, "X-Mugai-Notice", "held");
  return header;
}

GBytes *mugai_notice_held (const MugaiEnvelope *envelope, const MugaiFacts *facts, const MugaiDecision *decision,
                           const MugaiNoticeContext *context) {
  GString *header = held_header (decision, context);
  g_autofree char *text = held_text (envelope, facts, decision, context);
  MugaiMailDraft draft = { .header = header, .text = text, .kept = NULL };
  GBytes *mail = mugai_mail_write (&draft);
  g_string_free (header, TRUE);
  return mail;
}
