/* SPDX-License-Identifier: GPL-2.0-only
 *
 * cli/audit-search: search, checkpoint and policy.
 *
 * The index stands beside the chain (DIR.search) unless --index says where; whoever searches brings it up to date.
 */
#include "mugai/audit/search.h"

#include <stdio.h>
#include <string.h>

#include "mugai/base/base.h"
#include "mugai/keeper.h"

#include "audit.h"
#include "cli.h"
#include "words.h"

#define ANCHOR_DIGITS 32u

static gboolean collect (json_t *line, gpointer data) {
  g_ptr_array_add (data, json_incref (line));
  return TRUE;
}

static json_t *describe (const MugaiCliAudit *options) {
  const struct {
    const char *name, *value;
  } members[] = {
    { "since", options->since },     { "until", options->until },       { "address", options->address },
    { "subject", options->subject }, { "queue_id", options->queue_id }, { "message_id", options->message_id },
    { "id", options->id },           { "sha256", options->sha256 },     { "rule", options->rule },
    { "action", options->action },   { "verdict", options->verdict },   { "by", options->actor },
    { "lines_of", options->kind }
  };
  json_t *query = json_object ();

  for (gsize i = 0; i < G_N_ELEMENTS (members); i++)
    if (members[i].value != NULL)
      json_object_set_new (query, members[i].name, mugai_json_string (members[i].value));
  return query;
}

static MugaiAuditSearch *open_search (const MugaiCliAudit *options, const char *folder, const char *name,
                                      int *ret_status) {
  g_autofree char *whole = g_canonicalize_filename (folder, NULL);
  g_autofree char *standard = g_strconcat (whole, ".search/index.sqlite", NULL);
  g_autoptr (GError) error = NULL;
  MugaiAuditSearch *search =
      mugai_audit_search_open (folder, options->index != NULL ? options->index : standard, options->rebuild, &error);

  if (search == NULL)
    *ret_status = mugai_cli_fail (EX_IOERR, name, "%s", error->message);
  return search;
}

int mugai_cli_audit_search (const MugaiCliAudit *options, const char *folder) {
  const MugaiAuditQuery query = { .since = options->since,
                                  .until = options->until,
                                  .address = options->address,
                                  .subject = options->subject,
                                  .queue_id = options->queue_id,
                                  .message_id = options->message_id,
                                  .id = options->id,
                                  .sha256 = options->sha256,
                                  .rule = options->rule,
                                  .action = options->action,
                                  .verdict = options->verdict,
                                  .actor = options->actor,
                                  .kind = options->kind,
                                  .limit = (guint) options->limit,
                                  .offset = (guint) options->offset };
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func ((GDestroyNotify) json_decref);
  g_autoptr (GError) error = NULL;
  int status = 0;

  if (!mugai_cli_audit_note (options, "search", describe (options), &status))
    return status;
  g_autoptr (MugaiAuditSearch) search = open_search (options, folder, "audit search", &status);
  if (search == NULL)
    return status;
  if (!mugai_audit_search (search, &query, collect, lines, &error))
    return mugai_cli_fail (EX_IOERR, "audit search", "%s", error->message);
  mugai_cli_audit_print (lines, options->json);
  return 0;
}

/* ---- checkpoint ---- */

/* For paper, a text message, the telephone: 32 digits of the hash, four by four. */
static int print_anchor (json_t *head) {
  const char *hash = json_string_value (json_object_get (head, "head"));
  g_autofree char *at = mugai_time_rfc3339 (g_get_real_time ());

  printf ("%s  %" JSON_INTEGER_FORMAT ":", at, json_integer_value (json_object_get (head, "seq")));
  for (guint i = 0; i < ANCHOR_DIGITS; i += 4)
    printf ("%s%.4s", i > 0 ? "-" : "", hash + i);
  fputs (MUGAI_CLI_WORDS ("\n別の場所に書き留め、mugai audit verify --anchor 番号:数字 で照合してください\n",
                          "\nwrite it down elsewhere; prove with: mugai audit verify --anchor NUMBER:DIGITS\n"),
         stdout);
  return 0;
}

/* The signed head, for keeping elsewhere: an anchor for verify. */
int mugai_cli_audit_checkpoint (const MugaiCliAudit *options, const char *folder) {
  g_autoptr (GError) error = NULL;
  int status = 0;

  if (!mugai_cli_audit_note (options, "checkpoint-ask", NULL, &status))
    return status;
  g_autoptr (MugaiJson) head = mugai_audit_head (folder, &error);
  if (head == NULL)
    return mugai_cli_fail (EX_IOERR, "audit checkpoint", "%s", error->message);
  if (options->print)
    return print_anchor (head);
  g_autofree char *text = mugai_json_line (head);
  puts (text);
  return 0;
}

/* ---- policy: for the city's own paperwork ---- */

int mugai_cli_audit_policy (const MugaiCliAudit *options, const char *folder) {
  guint days = options->config != NULL ? options->config->kept_audit_days : MUGAI_KEEPER_AUDIT_DAYS;

  printf (
      MUGAI_CLI_WORDS (
          "監査記録の取得項目、保存期間および記録が取得できない場合の対処\n\n"
          "1. 取得項目\n"
          "   通番、直前の行のハッシュ、種類、日時、実行者、内容、その行のハッシュ\n"
          "   内容（メール 1 通ごと）: 受付番号、日時、キュー "
          "ID、Message-ID、件名、差出人、方向、接続元、宛先ごとの処理、\n"
          "   "
          "判定と理由（規則と条項）、使用した例外、添付ごとの種類・名前・大きさ・SHA-"
          "256・検査結果、ポリシーと定義ファイルの版\n"
          "   内容（操作ごと）: "
          "閲覧、検索、取り出し、解除の申請・承認・却下・送信と結果、廃棄、保全、延長、設定・ポリシー・定義ファイルの変"
          "更、\n"
          "   拒否された操作。それぞれ実行者、役割、理由、接続元\n"
          "2. 保存場所: %s（1 日 1 ファイル、追記のみ、署名付きチェックポイント）。同時に syslog / journald "
          "へ通番とハッシュを送出\n"
          "3. 保存期間: %u 日。経過した日のファイルを削除し、その旨を署名して記録\n"
          "4. 取扱い: 書き込めるのは keeper だけ。閲覧は監査担当（auditor）と管理者。検証は mugai audit "
          "verify（公開鍵のみで可）\n"
          "5. 記録が取得できない場合: "
          "メールは一時エラー（4xx）とし、送信側が再送するまで受け付けない。操作は行わない。\n"
          "   警報を journald（crit）と警報プログラムへ出す。担当者は (1) 空き容量と書込権限を確認し、(2) 復旧後 mugai "
          "audit verify を実行し、\n"
          "   (3) 停止していた時間と原因を障害記録に残す。異常が見つかった場合は原本を保全し、責任者に報告する。\n",
          "What is logged, for how long, and what is done when it cannot be\n\n"
          "1. Items\n"
          "   number, hash of the line before, kind, time, actor, body, hash of the line\n"
          "   body, for each mail: id, time, queue id, Message-ID, subject, sender, direction, client, what was done "
          "for each recipient,\n"
          "   decision and reasons (rule and clause), exceptions used, each part's type, names, size, SHA-256 and "
          "scan, versions of policy and signatures\n"
          "   body, for each act: view, search, export, release asked for, approved, refused, sent and its outcome, "
          "disposal, hold, extension,\n"
          "   changes of configuration, policy and signatures, refused acts: with actor, role, reason, and from where\n"
          "2. Where: %s (a file a day, appended only, signed checkpoints); number and hash go to syslog/journald as "
          "well\n"
          "3. Kept: %u days; then the day's file is removed, which is signed and recorded\n"
          "4. Handling: the keeper alone writes; auditors and administrators read; mugai audit verify needs the public "
          "key only\n"
          "5. When it cannot be written: mail is answered 4xx and stays with its sender; acts are not done; an alarm "
          "goes to journald (crit) and\n"
          "   the alarm program. Staff (1) look at space and permissions, (2) run mugai audit verify afterwards, (3) "
          "write time and\n"
          "   cause down as an incident; a fault that verify names is preserved as evidence and reported.\n"),
      folder, days);
  return 0;
}

/* ---- report ---- */

json_t *mugai_cli_audit_month (const MugaiCliAudit *options, const char *folder, const char *month, int *ret_status) {
  g_autoptr (MugaiAuditSearch) search = open_search (options, folder, "audit report", ret_status);
  g_autoptr (GError) error = NULL;
  json_t *report = search != NULL ? mugai_audit_search_month (search, month, &error) : NULL;

  if (search != NULL && report == NULL)
    *ret_status = mugai_cli_fail (EX_USAGE, "audit report", "%s", error->message);
  return report;
}
