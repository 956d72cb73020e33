/* SPDX-License-Identifier: GPL-2.0-only
 *
 * cli/quarantine-words: what is kept and done, in words for a reviewer.
 *
 * In English most names are words already, and stay; programs read --json, where no name is ever translated.
 */
#include "quarantine-words.h"

#include <string.h>

#include "words.h"

#define WORD(table, id) mugai_cli_word (table, G_N_ELEMENTS (table), id)

static const MugaiCliWord directions[] = {
  { "inbound", "庁外から庁内へ", "inbound" },
  { "outbound", "庁内から庁外へ", "outbound" },
  { "internal", "庁内どうし", "internal" },
  { "relay", "中継", "relay" },
};

static const MugaiCliWord mail_actions[] = {
  { "deliver", "無害化して配達", "delivered, made harmless" },
  { "hold", "配達せず保管", "held" },
  { "refuse", "受取拒否", "refused" },
  { "tempfail", "一時エラー", "put off" },
};

static const MugaiCliWord part_actions[] = {
  { "keep", "そのまま", "kept" },
  { "text", "文字だけにした", "made text" },
  { "replace", "作り直した", "written anew" },
  { "remove", "取り除いた", "taken out" },
};

static const MugaiCliWord scans[] = {
  { "infected", "ウイルス検出", "infected" },
  { "encrypted", "暗号化（検査不可）", "encrypted" },
  { "over-limit", "大きすぎて検査不可", "over a limit" },
  { "unparsable", "壊れていて検査不可", "unparsable" },
  { "not-scanned", "未検査", "not scanned" },
  { "clean", "異常なし", "clean" },
};

static const MugaiCliWord classes[] = {
  { "normal", "通常", "normal" },
  { "high", "要注意（検査しきれない部分あり。承認者 2 名）", "high (two approvers)" },
  { "infected", "ウイルス（解除できません）", "infected (never released)" },
};

static const MugaiCliWord kinds[] = {
  { "record", "メールの判定", "record" },
  { "release-request", "解除を申請", "release-request" },
  { "release-approve", "承認", "release-approve" },
  { "release-refuse", "却下", "release-refuse" },
  { "release-queue", "送信を開始", "release-queue" },
  { "release-redeem", "再検査して通過", "release-redeem" },
  { "release-result", "送信の結果を記録", "release-result" },
  { "recall", "送信の取り消し", "recall" },
  { "delete", "廃棄", "delete" },
  { "expire", "期限により廃棄", "expire" },
  { "legal-hold", "保全", "legal-hold" },
  { "legal-hold-end", "保全を終了", "legal-hold-end" },
  { "extend", "保存期間を延長", "extend" },
  { "export", "原本の取り出し", "export" },
  { "view", "閲覧", "view" },
  { "list", "一覧の表示", "list" },
  { "search", "監査記録の検索", "search" },
  { "report", "月次報告の作成", "report" },
  { "act-refused", "拒否された操作", "act-refused" },
  { "backup", "バックアップ", "backup" },
  { "repair", "索引の修復", "repair" },
  { "rotate-key", "鍵の切り替え", "rotate-key" },
  { "key-forgotten", "古い鍵の破棄", "key-forgotten" },
  { "checkpoint", "記録への署名", "checkpoint" },
  { "checkpoint-ask", "控えの出力", "checkpoint-ask" },
  { "audit-retention", "保存期間を過ぎた記録の削除", "audit-retention" },
  { "head-missing", "署名の控えの紛失", "head-missing" },
  { "flow-stop", "送信の停止", "flow-stop" },
  { "flow-resume", "送信の再開", "flow-resume" },
  { "policy-load", "ポリシーの読み込み", "policy-load" },
  { "exception-open", "例外の開始", "exception-open" },
  { "exception-close", "例外の終了", "exception-close" },
  { "signatures-load", "ウイルス定義の更新", "signatures-load" },
  { "start", "起動", "start" },
  { "stop", "停止", "stop" },
  { "alarm", "警報", "alarm" },
  { "acknowledge", "警報の確認", "acknowledge" },
};

static const MugaiCliWord roles[] = {
  { "reviewer", "審査担当", "reviewer" },
  { "approver", "承認者", "approver" },
  { "administrator", "管理者", "administrator" },
  { "auditor", "監査担当", "auditor" },
  { "root", "システム管理者", "root" },
  { "front", "mugai", "front" },
  { "keeper", "mugai", "keeper" },
  { "clerk", "mugai", "clerk" },
};

static const MugaiCliWord flags[] = {
  { "type-mismatch", "名前や表示と中身が違う", "not what it says it is" },
  { "double-extension", "拡張子が二重", "two extensions" },
  { "bidi-name", "文字の向きを変える名前", "a name that changes direction" },
  { "name-conflict", "名前が二通りある", "two names" },
  { "executable", "実行できる", "a program" },
  { "script", "スクリプト", "a script" },
  { "macro", "マクロあり", "macros" },
  { "embedded-object", "埋め込みあり", "embedded objects" },
  { "active-content", "動く内容あり", "active content" },
  { "external-reference", "外部を参照", "refers to elsewhere" },
  { "encrypted", "暗号化", "encrypted" },
  { "bomb", "展開すると巨大", "unpacks to a great size" },
  { "too-deep", "入れ子が深すぎる", "nested too deep" },
  { "malformed", "壊れている", "malformed" },
  { "ambiguous", "読み方が定まらない", "ambiguous" },
  { "unsupported-format", "未対応の形式", "a format not supported" },
  { "unseen-by-scanner", "検査の目が届かない", "not seen by the scanner" },
};

const char *mugai_cli_words_state (const char *state) {
  return mugai_quarantine_state_words (state, mugai_cli_japanese ());
}

const char *mugai_cli_words_direction (const char *direction) {
  return WORD (directions, direction);
}

const char *mugai_cli_words_mail_action (const char *action) {
  return WORD (mail_actions, action);
}

const char *mugai_cli_words_part_action (const char *action) {
  return WORD (part_actions, action);
}

const char *mugai_cli_words_scan (const char *scan) {
  return WORD (scans, scan);
}

const char *mugai_cli_words_class (const char *item_class) {
  return WORD (classes, item_class);
}

const char *mugai_cli_words_act_kind (const char *kind) {
  return WORD (kinds, kind);
}

char *mugai_cli_words_roles (const char *given) {
  g_auto (GStrv) names = g_strsplit (given, ",", -1);
  g_autoptr (GPtrArray) words = g_ptr_array_new ();

  for (char **name = names; *name != NULL; name++)
    g_ptr_array_add (words, (char *) WORD (roles, *name));
  g_ptr_array_add (words, NULL);
  return g_strjoinv (MUGAI_CLI_WORDS ("・", ","), (char **) words->pdata);
}

char *mugai_cli_words_person (const char *actor) {
  const char *number = g_str_has_prefix (actor, "uid:") ? actor + strlen ("uid:") : NULL;
  const char *name = number != NULL ? strchr (number, ':') : NULL;

  if (g_str_has_prefix (actor, "mail:")) /* who wrote a mail, and so asked for it to be sent */
    return g_strdup_printf (MUGAI_CLI_WORDS ("差出人 %s", "its sender %s"), actor + strlen ("mail:"));
  if (name != NULL)
    return g_strdup (name + 1);
  return number != NULL ? g_strdup_printf (MUGAI_CLI_WORDS ("利用者番号 %s", "uid %s"), number) : g_strdup (actor);
}

char *mugai_cli_words_why (const char *scan, const char *action, const char *state, const char *rule) {
  gboolean waits = strcmp (state, "requested") == 0 || strcmp (state, "delayed") == 0;
  const char *words = strcmp (action, "hold") != 0 ? mugai_cli_words_mail_action (action)
                      : waits                      ? mugai_cli_words_state (state)
                                                   : MUGAI_CLI_WORDS ("規則により保管", "held by rule");

  if (scan[0] != '\0' && strcmp (scan, "clean") != 0) /* what was found says more than any rule's name */
    return g_strdup (mugai_cli_words_scan (scan));
  return rule[0] != '\0' ? g_strdup_printf (MUGAI_CLI_WORDS ("%s（%s）", "%s (%s)"), words, rule) : g_strdup (words);
}

char *mugai_cli_words_flags (json_t *list) {
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  json_t *value;
  size_t i;

  json_array_foreach (list, i, value) {
    const char *flag = json_string_value (value);
    if (flag != NULL)
      g_ptr_array_add (words, (char *) WORD (flags, flag));
  }
  g_ptr_array_add (words, NULL);
  return g_strjoinv (MUGAI_CLI_WORDS ("、", ", "), (char **) words->pdata);
}
