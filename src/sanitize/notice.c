/* SPDX-License-Identifier: GPL-2.0-only
 *
 * The notice at the end of a rebuilt body: what was taken out and why. Japanese first, then English, whatever the locale. Reviewers
 * and citizens are not programmers: plain words for types, one line for all pictures. It accounts for every part of the
 * facts, each exactly once (account_of ()). Never quotes a rule's condition: replies carry notices outside. Who is outside gets one
 * neutral line and nothing else.
 */
#include "inspection.h"

#include <string.h>

#include "mugai/base/base.h"
#include "mugai/base/unicode.h"

#define MAX_LISTED 100u       /* by name; the others are counted in one line */
#define MAX_MEMBERS_NAMED 3u  /* of an archive; the others are counted */
#define MAX_REASON_BYTES 500u /* of a rule's sentence */

/* ---- every part has one place ---- */

typedef enum {
  ACCOUNT_TEXT,      /* the reader has it as text, or another part says the same, or it only held others together */
  ACCOUNT_CONVERTED, /* a file whose content is now text: calendar, card, winmail.dat */
  ACCOUNT_KEPT,
  ACCOUNT_LISTED, /* taken out, by name */
  ACCOUNT_PICTURE,
  ACCOUNT_SIGNATURE,
  ACCOUNT_INSIDE /* a member of an archive that is listed */
} Account;

typedef struct {
  const MugaiInspection *inspection;
  const MugaiDecision *decision;
  GArray *accounts;        /* of Account, one for each part */
  GPtrArray *leaf_of_part; /* of MugaiLeaf (transfer none), NULL for members */
  guint listed, pictures, signatures, converted;
  gboolean one_reason; /* all listed parts have the same */
} Survey;

static gboolean is_in_archive (const Survey *survey, const MugaiPart *part, const MugaiPart *top) {
  if (part->role != MUGAI_ROLE_MEMBER || top == NULL)
    return FALSE;
  const char *slash = strchr (part->path, '/');
  return top->role != MUGAI_ROLE_CONTROL || (slash != NULL && strchr (slash + 1, '/') != NULL);
}

/* @top: the part that is no member, at or before this one. */
static Account account_of (const Survey *survey, guint i, const MugaiPart *top) {
  const MugaiPart *part = g_ptr_array_index (survey->inspection->facts->parts, i);
  const MugaiPartDecision *choice = g_ptr_array_index (survey->decision->parts, i);
  const MugaiLeaf *leaf = g_ptr_array_index (survey->leaf_of_part, i);
  gboolean file = leaf != NULL && leaf->text != NULL
                  && (leaf->reading == MUGAI_READING_CALENDAR || leaf->reading == MUGAI_READING_CARD
                      || leaf->reading == MUGAI_READING_TNEF);
  if (is_in_archive (survey, part, top))
    return ACCOUNT_INSIDE;
  if (choice->action == MUGAI_PART_KEEP)
    return ACCOUNT_KEPT;
  if (choice->action == MUGAI_PART_REMOVE)
    return part->role == MUGAI_ROLE_RELATED && part->scan != MUGAI_SCAN_INFECTED ? ACCOUNT_PICTURE : ACCOUNT_LISTED;
  if (leaf != NULL && mugai_is_signature (leaf->entity))
    return ACCOUNT_SIGNATURE;
  return file && part->role != MUGAI_ROLE_ALTERNATE ? ACCOUNT_CONVERTED : ACCOUNT_TEXT;
}

/* ---- reasons ---- */

static const char *scan_words (MugaiScan scan, gboolean japanese) {
  switch (scan) {
  case MUGAI_SCAN_INFECTED:
    return japanese ? "ウイルスが見つかりました。" : "a virus was found in it";
  case MUGAI_SCAN_ENCRYPTED:
    return japanese ? "暗号化されていて、中を検査できません。" : "it is encrypted and could not be inspected";
  case MUGAI_SCAN_OVER_LIMIT:
    return japanese ? "大きすぎて、すべてを検査できません。" : "it is too large to be inspected in full";
  case MUGAI_SCAN_UNPARSABLE:
    return japanese ? "壊れていて検査できません。" : "it is broken and could not be inspected";
  default:
    return NULL;
  }
}

static const char *reason_words (const Survey *survey, guint i, gboolean japanese) {
  const MugaiPart *part = g_ptr_array_index (survey->inspection->facts->parts, i);
  const MugaiPartDecision *choice = g_ptr_array_index (survey->decision->parts, i);
  const char *scan = scan_words (part->scan, japanese);
  const char *rule = japanese ? choice->ja : choice->en;
  if (scan != NULL)
    return scan;
  if (rule != NULL && *rule != '\0')
    return rule;
  return japanese ? "添付ファイルは隔離庫に保管します。" : "attachments stay in the quarantine";
}

static Account account_at (const Survey *survey, guint i) {
  return g_array_index (survey->accounts, Account, i);
}

/* ---- the survey ---- */

static void survey_count (Survey *survey) {
  const char *first = NULL;
  guint html_images = 0;
  survey->one_reason = TRUE;
  for (guint i = 0; i < survey->accounts->len; i++) {
    Account account = account_at (survey, i);
    const MugaiLeaf *leaf = g_ptr_array_index (survey->leaf_of_part, i);
    html_images += leaf != NULL ? leaf->images : 0;
    survey->pictures += account == ACCOUNT_PICTURE ? 1 : 0;
    survey->signatures += account == ACCOUNT_SIGNATURE ? 1 : 0;
    survey->converted += account == ACCOUNT_CONVERTED ? 1 : 0;
    if (account != ACCOUNT_LISTED)
      continue;
    const char *reason = reason_words (survey, i, TRUE);
    survey->listed++;
    survey->one_reason = survey->one_reason && (first == NULL || g_str_equal (first, reason));
    first = first != NULL ? first : reason;
  }
  /* Pictures that were only linked count where there is something to tell anyway. */
  if (survey->listed + survey->pictures + survey->signatures + survey->converted > 0)
    survey->pictures = MAX (survey->pictures, html_images);
}

static void survey_init (Survey *survey, const MugaiInspection *inspection, const MugaiDecision *decision) {
  const GPtrArray *parts = inspection->facts->parts;
  const MugaiPart *top = NULL;
  *survey = (Survey){ .inspection = inspection, .decision = decision };
  survey->accounts = g_array_sized_new (FALSE, FALSE, sizeof (Account), parts->len);
  survey->leaf_of_part = g_ptr_array_sized_new (parts->len);
  g_ptr_array_set_size (survey->leaf_of_part, (int) parts->len);
  for (guint i = 0; i < inspection->leaves->len; i++) {
    MugaiLeaf *leaf = g_ptr_array_index (inspection->leaves, i);
    survey->leaf_of_part->pdata[leaf->part] = leaf;
  }
  for (guint i = 0; i < parts->len; i++) {
    const MugaiPart *part = g_ptr_array_index (parts, i);
    top = part->role == MUGAI_ROLE_MEMBER ? top : part;
    Account account = account_of (survey, i, top);
    g_array_append_val (survey->accounts, account);
  }
  survey_count (survey);
}

static void survey_clear (Survey *survey) {
  g_array_unref (survey->accounts);
  g_ptr_array_unref (survey->leaf_of_part);
}

/* ---- the list ---- */

/* What is in an archive: how many files, and the first of them by name. Members follow their archive. */
static void append_members (GString *out, const Survey *survey, guint i, gboolean japanese) {
  const GPtrArray *parts = survey->inspection->facts->parts;
  guint n = 0;
  for (guint m = i + 1; m < parts->len && account_at (survey, m) == ACCOUNT_INSIDE; m++)
    n++;
  if (n == 0)
    return;
  g_string_append_printf (out, japanese ? "     中のファイル %u 個: " : "     %u file(s) in it: ", n);
  for (guint m = 0; m < MIN (n, MAX_MEMBERS_NAMED); m++) {
    g_autofree char *name = mugai_words_name (g_ptr_array_index (parts, i + 1 + m), japanese);
    g_string_append_printf (out, "%s%s", m > 0 ? (japanese ? "、" : ", ") : "", name);
  }
  if (n > MAX_MEMBERS_NAMED)
    g_string_append_printf (out, japanese ? "、ほか %u 個" : " and %u more", n - MAX_MEMBERS_NAMED);
  g_string_append_c (out, '\n');
}

static void append_reason (GString *out, const Survey *survey, guint i, const char *indent, gboolean japanese) {
  g_autofree char *reason = mugai_unicode_make_safe (reason_words (survey, i, japanese), -1, MAX_REASON_BYTES);
  g_string_append_printf (out, japanese ? "%s理由: %s\n" : "%sreason: %s\n", indent, reason);
}

static void append_part (GString *out, const Survey *survey, guint number, guint i, gboolean japanese) {
  const MugaiPart *part = g_ptr_array_index (survey->inspection->facts->parts, i);
  const char *type = mugai_words_type (part, japanese);
  g_autofree char *name = mugai_words_name (part, japanese);
  g_autofree char *size = mugai_words_size (part->size_bytes);
  g_string_append_printf (out, japanese ? "  %u. %s ── %s、%s\n" : "  %u. %s -- %s, %s\n", number, name, type, size);
  append_members (out, survey, i, japanese);
  if (!survey->one_reason)
    append_reason (out, survey, i, "     ", japanese);
}

static void append_listed (GString *out, const Survey *survey, gboolean japanese) {
  guint number = 0, last = 0;
  for (guint i = 0; i < survey->accounts->len; i++) {
    if (account_at (survey, i) != ACCOUNT_LISTED)
      continue;
    last = i;
    if (++number <= MAX_LISTED)
      append_part (out, survey, number, i, japanese);
  }
  if (number > MAX_LISTED)
    g_string_append_printf (out, japanese ? "  ほか %u 件\n" : "  and %u more\n", number - MAX_LISTED);
  if (number > 0 && survey->one_reason)
    append_reason (out, survey, last, "  ", japanese);
}

static void append_summaries (GString *out, const Survey *survey, gboolean japanese) {
  if (survey->pictures > 0)
    g_string_append_printf (out,
                            japanese ? "  ・本文の中の画像（ロゴや飾りなど） %u 点\n"
                                     : "  - %u picture(s) inside the text (logos and the like)\n",
                            survey->pictures);
  if (survey->signatures > 0)
    g_string_append (out, japanese ? "  ・電子署名（文字に直すと、署名は確かめられなくなるため）\n"
                                   : "  - the digital signature (it cannot be verified on converted text)\n");
  if (survey->converted > 0)
    g_string_append_printf (out,
                            japanese ? "  ・予定表、電子名刺、Outlook 形式のファイル（winmail.dat） 計 %u "
                                       "件は、内容を文字にして本文に書きました\n"
                                     : "  - %u calendar, visiting card or Outlook (winmail.dat) file(s), whose content "
                                       "is written out as text above\n",
                            survey->converted);
}

/* ---- the whole ---- */

static const char *const default_texts[MUGAI_N_NOTICE_TEXTS][2] = {
  [MUGAI_NOTICE_REMOVED] = { "安全のため、次のものを取り除いてお届けしました。元のメールは隔離庫に保管してい"
                             "ます。",
                             "For safety the following was taken out of this message. The original message is kept in "
                             "the "
                             "quarantine." },
  [MUGAI_NOTICE_HELD] = { "次のメールは、確認が済むまで隔離庫でお預かりしています。まだ届けていません。",
                          "The following message is held in the quarantine until it has been reviewed." },
  [MUGAI_NOTICE_HELD_OUT] = { "あなたが送信したメールを止めました。どの宛先にも送られていません。",
                              "A message that you sent was held. It was sent to none of its recipients." },
  [MUGAI_NOTICE_DIGEST] = { "次のメールも隔離庫でお預かりしています。件数が多いため、まとめてお知らせします。",
                            "The following mails are held in the quarantine, too. There were too many to tell you of "
                            "each." },
  [MUGAI_NOTICE_CONTACT] = { "元のメールが必要なときは、下の番号を添えてお問い合わせください。",
                             "If you need the original, please ask and name the number below." },
  [MUGAI_NOTICE_OUTSIDE] = { "このメールの一部は、送信元の組織で取り除かれています。",
                             "Parts of this message were taken out by the sender's organisation." },
};

const char *mugai_notice_text (const MugaiNoticeContext *context, MugaiNoticeText text, gboolean japanese) {
  const char *own = context->texts[text][japanese ? 0 : 1];
  return own != NULL && *own != '\0' ? own : default_texts[text][japanese ? 0 : 1];
}

static void append_paragraph (GString *out, const char *text) {
  g_string_append (out, text);
  if (out->len > 0 && out->str[out->len - 1] != '\n')
    g_string_append_c (out, '\n');
}

void mugai_notice_append_contact (GString *out, const MugaiNoticeContext *context, gboolean japanese) {
  append_paragraph (out, mugai_notice_text (context, MUGAI_NOTICE_CONTACT, japanese));
  g_string_append_printf (out, japanese ? "隔離番号: %s\n" : "Quarantine id: %s\n", context->id);
  if (*context->contact != '\0')
    g_string_append_printf (out, japanese ? "お問い合わせ先: %s\n" : "Contact: %s\n", context->contact);
}

static void append_inside (GString *out, const Survey *survey, const MugaiNoticeContext *context) {
  for (guint english = 0; english < 2; english++) {
    gboolean japanese = english == 0;
    if (english)
      g_string_append_c (out, '\n');
    append_paragraph (out, mugai_notice_text (context, MUGAI_NOTICE_REMOVED, japanese));
    append_listed (out, survey, japanese);
    append_summaries (out, survey, japanese);
    mugai_notice_append_contact (out, context, japanese);
  }
}

/* Who is outside learns that something is missing, and under which number the sender can ask: no rule, no reason. */
static void append_outside (GString *out, const MugaiNoticeContext *context) {
  append_paragraph (out, mugai_notice_text (context, MUGAI_NOTICE_OUTSIDE, TRUE));
  append_paragraph (out, mugai_notice_text (context, MUGAI_NOTICE_OUTSIDE, FALSE));
  g_string_append_printf (out, "(%s)\n", context->id);
}

void mugai_notice_append (GString *body, const MugaiInspection *inspection, const MugaiDecision *decision,
                          const MugaiNoticeContext *context) {
  Survey survey;
  survey_init (&survey, inspection, decision);
  if (survey.listed + survey.pictures + survey.signatures + survey.converted > 0) {
    if (body->len > 0 && body->str[body->len - 1] != '\n')
      g_string_append_c (body, '\n');
    g_string_append (body, "\n" MUGAI_NOTICE_BEGIN "\n");
    if (context->outside)
      append_outside (body, context);
    else
      append_inside (body, &survey, context);
    g_string_append (body, MUGAI_NOTICE_END "\n");
  }
  survey_clear (&survey);
}
