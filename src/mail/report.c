/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/report: see mugai/mail/report.h. Groups of header-like fields, parted by empty lines: the first speaks of the mail, each further
 * one of a recipient. Labels are Japanese with the field's own name beside it. Pure; any thread.
 */
#include "mugai/mail/report.h"

#include <string.h>

#include "mugai/base/unicode.h"
#include "mugai/mail/header.h"

typedef struct {
  const char *name, *label;
  gboolean hidden; /* says nothing to a person */
} Label;

static const Label labels[] = {
  { "final-recipient", "宛先 (Recipient)", FALSE },
  { "original-recipient", "もとの宛先 (Original recipient)", FALSE },
  { "action", "結果 (Result)", FALSE },
  { "status", "状態コード (Status)", FALSE },
  { "diagnostic-code", "理由 (Reason)", FALSE },
  { "remote-mta", "相手のサーバー (Remote server)", FALSE },
  { "reporting-mta", "報告したサーバー (Reported by)", FALSE },
  { "reporting-ua", "報告したソフト (Reported by)", FALSE },
  { "arrival-date", "受け付けた日時 (Accepted)", FALSE },
  { "last-attempt-date", "最後に試した日時 (Last attempt)", FALSE },
  { "will-retry-until", "再送の期限 (Will retry until)", FALSE },
  { "original-message-id", "もとのメールの番号 (Original Message-ID)", FALSE },
  { "disposition", "扱い (Disposition)", FALSE },
  { "feedback-type", "報告の種類 (Feedback type)", FALSE },
  { "received-from-mta", "送信元のサーバー (Received from)", FALSE },
  { "original-envelope-id", "", TRUE },
  { "version", "", TRUE },
};

static const struct {
  const char *type, *title;
} titles[] = {
  { "message/delivery-status", "配送の結果 / Delivery status" },
  { "message/global-delivery-status", "配送の結果 / Delivery status" },
  { "message/disposition-notification", "開封通知 / Read receipt" },
  { "message/global-disposition-notification", "開封通知 / Read receipt" },
  { "message/feedback-report", "迷惑メール等の報告 / Feedback report" },
  { "text/rfc822-headers", "もとのメールのヘッダー / Headers of the original mail" },
  { "message/global-headers", "もとのメールのヘッダー / Headers of the original mail" },
};

static const struct {
  const char *word, *words;
} results[] = {
  { "failed", "届きませんでした (failed)" },
  { "delayed", "遅れています。まだ届いていません (delayed)" },
  { "delivered", "届きました (delivered)" },
  { "relayed", "次のサーバーに渡しました。その先の結果は分かりません (relayed)" },
  { "expanded", "複数の宛先に配られました (expanded)" },
};

static const char *title_of (const char *media_type) {
  for (guint i = 0; i < G_N_ELEMENTS (titles); i++)
    if (g_str_equal (media_type, titles[i].type))
      return titles[i].title;
  return NULL;
}

gboolean mugai_report_is_type (const char *media_type) {
  return title_of (media_type) != NULL;
}

static const Label *label_of (const char *name) {
  for (guint i = 0; i < G_N_ELEMENTS (labels); i++)
    if (g_ascii_strcasecmp (labels[i].name, name) == 0)
      return &labels[i];
  return NULL;
}

/* "rfc822; a@b" and "smtp; 550 ..." without the type in front. */
static const char *without_type (const char *value) {
  const char *semicolon = strchr (value, ';');
  gsize length = semicolon != NULL ? (gsize) (semicolon - value) : 0;
  if (length == 0 || length > 12
      || strspn (value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != length)
    return value;
  return semicolon + 1 + strspn (semicolon + 1, " \t");
}

static const char *disposition_words (const char *value) {
  if (strstr (value, "displayed") != NULL)
    return "開封されました (displayed)";
  if (strstr (value, "deleted") != NULL)
    return "開封されずに削除されました (deleted)";
  return NULL;
}

/* Of the original's header only what tells a person which mail it was. */
static void append_header_field (GString *out, const char *name, const char *value) {
  static const char *const shown[] = { "From", "To", "Cc", "Subject", "Date", "Message-ID" };
  for (guint i = 0; i < G_N_ELEMENTS (shown); i++)
    if (g_ascii_strcasecmp (name, shown[i]) == 0)
      g_string_append_printf (out, "%s: %s\n", shown[i], value);
}

static void append_field (GString *out, const char *name, const char *value) {
  const Label *label = label_of (name);
  const char *words = NULL;
  if (label == NULL) {
    g_string_append_printf (out, "%s: %s\n", name, value);
    return;
  }
  if (label->hidden)
    return;
  for (guint i = 0; g_str_equal (label->name, "action") && i < G_N_ELEMENTS (results); i++)
    if (g_ascii_strncasecmp (value, results[i].word, strlen (results[i].word)) == 0)
      words = results[i].words;
  if (g_str_equal (label->name, "disposition"))
    words = disposition_words (value);
  g_string_append_printf (out, "%s: %s\n", label->label, words != NULL ? words : without_type (value));
}

/* One field with its continuations, decoded; FALSE when the line is none. @at goes behind it. */
static gboolean take_field (const char **at, const char *end, char **ret_name, char **ret_value) {
  const char *start = *at, *stop = start;
  do {
    const char *lf = memchr (stop, '\n', (gsize) (end - stop));
    stop = lf != NULL ? lf + 1 : end;
  } while (stop < end && (*stop == ' ' || *stop == '\t'));
  *at = stop;
  const char *colon = memchr (start, ':', (gsize) (stop - start));
  if (colon == NULL || colon == start || colon - start > 76)
    return FALSE;
  for (const char *p = start; p < colon; p++)
    if (!g_ascii_isgraph (*p))
      return FALSE;
  gsize length = MIN ((gsize) (stop - colon - 1), MUGAI_REPORT_MAX_VALUE_BYTES * 4);
  g_autofree char *decoded = mugai_header_decode_text (colon + 1, length, NULL, NULL);
  g_auto (GStrv) words = g_strsplit_set (decoded, " \t", -1);
  g_autoptr (GString) line = g_string_new (NULL);
  for (char **word = words; *word != NULL; word++)
    if (**word != '\0')
      g_string_append_printf (line, "%s%s", line->len > 0 ? " " : "", *word);
  *ret_value = mugai_unicode_make_safe (line->str, -1, MUGAI_REPORT_MAX_VALUE_BYTES);
  *ret_name = g_strndup (start, (gsize) (colon - start));
  return TRUE;
}

static gboolean is_empty_line (const char *at, const char *end) {
  return *at == '\n' || (*at == '\r' && at + 1 < end && at[1] == '\n');
}

char *mugai_report_to_text (const char *media_type, const char *text, gsize length_bytes) {
  const char *title = title_of (media_type), *at = text, *end = text + length_bytes;
  GString *out = g_string_new (NULL);
  guint groups = 0, fields = 0;
  gboolean open = FALSE, header = g_str_has_suffix (media_type, "headers");
  g_string_append_printf (out, "---------- %s ----------\n", title != NULL ? title : "");
  while (at < end) {
    g_autofree char *name = NULL, *value = NULL;
    if (is_empty_line (at, end)) {
      at = (const char *) memchr (at, '\n', (gsize) (end - at)) + 1;
      open = FALSE;
      continue;
    }
    if (!take_field (&at, end, &name, &value))
      continue;
    groups += open ? 0 : 1;
    if (!open && groups > 1 && groups <= MUGAI_REPORT_MAX_RECIPIENTS + 1)
      g_string_append_c (out, '\n');
    open = TRUE;
    fields++;
    if (header && groups == 1)
      append_header_field (out, name, value);
    else if (!header && groups <= MUGAI_REPORT_MAX_RECIPIENTS + 1)
      append_field (out, name, value);
  }
  if (!header && groups > MUGAI_REPORT_MAX_RECIPIENTS + 1)
    g_string_append_printf (out, "\nほか %u 件 / and %u more\n", groups - MUGAI_REPORT_MAX_RECIPIENTS - 1,
                            groups - MUGAI_REPORT_MAX_RECIPIENTS - 1);
  char *result = g_string_free (out, fields == 0);
  return fields == 0 ? NULL : result;
}
