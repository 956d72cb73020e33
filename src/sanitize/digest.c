/* SPDX-License-Identifier: GPL-2.0-only
 *
 * The day's summary to a mail box: held mails that it was not told of one by one. Written from records alone, outside the sandbox, and
 * looked at by the gate like any other mail of ours.
 */
#include "inspection.h"

#include "mugai/base/unicode.h"
#include "mugai/gate.h"

#define RULER "------------------------------------------------------------\n"
#define MAX_WORD_BYTES 300u

static void append_item (GString *text, const char *label, const char *value) {
  g_autofree char *safe = mugai_unicode_make_safe (value, -1, MAX_WORD_BYTES);
  g_autofree char *dead = mugai_words_dead (safe);
  g_string_append_printf (text, "    %s: %s\n", label, dead);
}

static void append_items (GString *text, guint64 count, const GArray *items, gboolean japanese) {
  for (guint i = 0; i < items->len; i++) {
    const MugaiDigestItem *item = &g_array_index (items, MugaiDigestItem, i);
    g_string_append_printf (text, "  [%u] %s\n", i + 1, item->id);
    append_item (text, japanese ? "受付" : "Received", item->time);
    append_item (text, japanese ? "差出人" : "From", item->from);
    append_item (text, japanese ? "件名" : "Subject", item->subject);
  }
  if (count > items->len)
    g_string_append_printf (text, japanese ? "  ほか %" G_GUINT64_FORMAT " 通\n" : "  and %" G_GUINT64_FORMAT " more\n",
                            count - items->len);
}

static char *digest_text (guint64 count, const GArray *items, const MugaiNoticeContext *context) {
  GString *text = g_string_new (NULL);
  g_string_append_printf (text, "%s メール無害化システムからのお知らせです。\n\n", context->organisation);
  for (guint english = 0; english < 2; english++) {
    gboolean japanese = english == 0;
    g_string_append_printf (text, "%s%s\n\n", english ? "\n" RULER "\n" : "",
                            mugai_notice_text (context, MUGAI_NOTICE_DIGEST, japanese));
    append_items (text, count, items, japanese);
    g_string_append_c (text, '\n');
    mugai_notice_append_contact (text, context, japanese);
  }
  return g_string_free (text, FALSE);
}

GBytes *mugai_notice_digest (const char *box, guint64 count, const GArray *items, const MugaiNoticeContext *context,
                             GError **error) {
  const MugaiGateExpect expect = { .ceiling = MUGAI_CEILING_TEXT };
  MugaiGateResult result = { 0 };
  g_autofree char *subject = g_strdup_printf ("【お預かり】隔離したメールのまとめ（%" G_GUINT64_FORMAT
                                              " 通） / %" G_GUINT64_FORMAT " mails held",
                                              count, count);
  GString *header = mugai_notice_header (context, box, subject, "digest");
  g_autofree char *text = digest_text (count, items, context);
  MugaiMailDraft draft = { .header = header, .text = text, .kept = NULL };
  g_autoptr (GBytes) mail = mugai_mail_write (&draft);
  gsize length_bytes = 0;
  const char *data = g_bytes_get_data (mail, &length_bytes);
  g_string_free (header, TRUE);
  return mugai_gate_check (data, length_bytes, &expect, &result, error) ? g_steal_pointer (&mail) : NULL;
}
