/* SPDX-License-Identifier: GPL-2.0-only
 *
 * The closed vocabulary of conditions: one row per fact. The parser, the record (mugai_policy_facts_to_json ()), the list
 * of words for people and a later schema all come from these rows; decide.c reads each fact by its enumerator.
 */
#pragma once

#include "mugai/base/facts.h"

/* How a condition on a fact is written, and what it is in the record. */
typedef enum {
  MUGAI_FACT_BOOLEAN, /* true or false */
  MUGAI_FACT_NUMBER,  /* 5, or {over: 5, under: 10} */
  MUGAI_FACT_SIZE,    /* {over: 20MiB}, {over: limit} */
  MUGAI_FACT_AGE,     /* {over: 72h} */
  MUGAI_FACT_WORD,    /* one of a closed list; several mean any of them */
  MUGAI_FACT_WORDS,   /* a set out of a closed list; holds when it has one of those named */
  MUGAI_FACT_TEXT,    /* globs with * and ?, any case, group:NAME */
  MUGAI_FACT_ADDRESS, /* user@domain, domain, .domain (all below), globs, group:NAME */
  MUGAI_FACT_HOST,    /* domain, .domain, globs, group:NAME */
  MUGAI_FACT_NETWORK, /* 192.0.2.0/24, 2001:db8::/32, group:NAME */
  MUGAI_FACT_CLOCK,   /* 08:30-17:15, in the organisation's zone; may span midnight */
  MUGAI_N_FACT_TYPES
} MugaiFactType;

/* When a fact is known. A rule whose facts are all known at MAIL or RCPT refuses there. */
enum {
  MUGAI_STAGE_MAIL = 1 << 0,
  MUGAI_STAGE_RCPT = 1 << 1,
  MUGAI_STAGE_END = 1 << 2, /* the message is there */
  MUGAI_STAGE_ALL = 7
};

#define M MUGAI_STAGE_MAIL
#define R MUGAI_STAGE_RCPT
#define E MUGAI_STAGE_END
/* enumerator, name, type, closed list, of a part?, stages, meaning ja, meaning en */
#define MUGAI_POLICY_FACTS(X)                                                                                          \
  X (DIRECTION, "direction", WORD, DIRECTIONS, FALSE, M | R | E, "この宛先へのメールの向き",                           \
     "direction of the mail for this recipient")                                                                       \
  X (ORGANISATION, "organisation", TEXT, NONE, FALSE, R | E, "受ける側（送信なら出す側）の組織のid",                   \
     "id of the organisation that the mail is for (outbound: comes from)")                                             \
  X (CLIENT, "client", NETWORK, NONE, FALSE, M | R | E, "接続元のIPアドレス", "IP address of the client")              \
  X (CLIENT_INSIDE, "client-inside", BOOLEAN, NONE, FALSE, M | R | E, "接続元が庁内ネットワーク",                      \
     "client is in an inside network")                                                                                 \
  X (HELO, "helo", HOST, NONE, FALSE, M | R | E, "接続元の名乗り(HELO)", "name given in HELO")                         \
  X (AUTHENTICATED, "authenticated", BOOLEAN, NONE, FALSE, M | R | E, "SMTP認証済み", "client has authenticated")      \
  X (AUTH, "auth", TEXT, NONE, FALSE, M | R | E, "SMTP認証の利用者名", "login name")                                   \
  X (FROM, "from", ADDRESS, NONE, FALSE, M | R | E, "封筒の差出人(誰でも書ける)",                                      \
     "envelope sender (anyone can write it)")                                                                          \
  X (FROM_INSIDE, "from-inside", BOOLEAN, NONE, FALSE, M | R | E, "封筒の差出人が自組織",                              \
     "envelope sender is in a domain of ours")                                                                         \
  X (NULL_SENDER, "null-sender", BOOLEAN, NONE, FALSE, M | R | E, "封筒の差出人が空", "envelope sender is empty")      \
  X (RECIPIENT, "recipient", ADDRESS, NONE, FALSE, R | E, "封筒の宛先(一人ずつ判定)",                                  \
     "envelope recipient, each judged on its own")                                                                     \
  X (RECIPIENTS, "recipients", NUMBER, NONE, FALSE, E, "封筒の宛先の数", "number of envelope recipients")              \
  X (OUTSIDE_RECIPIENTS, "outside-recipients", NUMBER, NONE, FALSE, E, "庁外の封筒の宛先の数",                         \
     "number of envelope recipients outside")                                                                          \
  X (SIZE, "size", SIZE, NONE, FALSE, M | E, "メール全体の大きさ", "size of the message")                              \
  X (FORWARDING, "forwarding", WORDS, FORWARDINGS, FALSE, E, "自動転送の証拠", "evidence of auto-forwarding")          \
  X (RATE_EXCEEDED, "rate-exceeded", BOOLEAN, NONE, FALSE, M | E, "送信量の上限を超えた",                              \
     "a counter of sent mail has run over, or a person has stopped it (section rates)")                                \
  X (TIME_OF_DAY, "time-of-day", CLOCK, NONE, FALSE, M | R | E, "受付の時刻", "time of day")                           \
  X (WEEKDAY, "weekday", WORD, WEEKDAYS, FALSE, M | R | E, "受付の曜日", "day of the week")                            \
  X (SIGNATURES_AGE, "signatures-age", AGE, NONE, FALSE, E, "ウイルス定義の古さ", "age of the virus signatures")       \
  X (SCANNED, "scanned", BOOLEAN, NONE, FALSE, E, "ウイルス検査が動いている", "virus signatures are loaded")           \
  X (ATTEMPT, "attempt", NUMBER, NONE, FALSE, E, "処理の試行回数", "1 for the first worker")                           \
  X (SUBJECT, "subject", TEXT, NONE, FALSE, E, "件名", "Subject")                                                      \
  X (MESSAGE_ID, "message-id", TEXT, NONE, FALSE, E, "Message-ID", "Message-ID")                                       \
  X (FROM_NAME, "from-name", TEXT, NONE, FALSE, E, "差出人欄の表示名", "display name of From")                         \
  X (FROM_HEADER, "from-header", ADDRESS, NONE, FALSE, E, "差出人欄のアドレス", "address of From")                     \
  X (SHOWN_ADDRESS, "shown-address", ADDRESS, NONE, FALSE, E, "To・Ccに見えるアドレス", "an address in To or Cc")      \
  X (SHOWN_OUTSIDE, "shown-outside", NUMBER, NONE, FALSE, E, "To・Ccに見える庁外アドレスの数",                         \
     "number of outside addresses in To and Cc")                                                                       \
  X (HEADER, "header", TEXT, NONE, FALSE, E, "ヘッダー「名前: 値」", "a header as \"name: value\"")                    \
  X (AUTH_RESULTS, "auth-results", TEXT, NONE, FALSE, E, "信頼する中継の認証結果（spf=fail など）",                    \
     "what a trusted relay found, as spf=fail")                                                                        \
  X (ODDITIES, "oddities", WORDS, ODDITIES, FALSE, E, "メールの異常", "oddities of the message")                       \
  X (AMBIGUOUS, "ambiguous", BOOLEAN, NONE, FALSE, E, "読み手によって内容が変わる",                                    \
     "two readers can see different things")                                                                           \
  X (MY_NUMBER, "my-number", BOOLEAN, NONE, FALSE, E, "本文や件名に12桁の個人番号（検査用数字が合うもの）がある",      \
     "its texts or subject hold a 12-digit My Number whose check digit is right")                                      \
  X (LINK_HOST, "link-host", HOST, NONE, FALSE, E, "本文のリンク先ホスト", "host of a link")                           \
  X (LINKS, "links", NUMBER, NONE, FALSE, E, "リンクの数", "number of links")                                          \
  X (ATTACHMENTS, "attachments", NUMBER, NONE, FALSE, E, "添付ファイルの数", "number of attachments")                  \
  X (ATTACHMENT_SIZE, "attachment-size", SIZE, NONE, FALSE, E, "添付ファイルの合計の大きさ",                           \
     "size of all attachments together")                                                                               \
  X (PROTECTED, "protected", BOOLEAN, NONE, FALSE, E, "暗号化された内容がある", "something in it is encrypted")        \
  X (SCANS, "scans", WORDS, SCANS, FALSE, E, "部品の検査結果(いずれか)", "scan verdicts of its parts")                 \
  X (FLAGS, "flags", WORDS, FLAGS, FALSE, E, "部品の特徴(いずれか)", "flags of its parts")                             \
  X (PART_PATH, "part-path", TEXT, NONE, TRUE, E, "部品の位置", "place of the part")                                   \
  X (PART_DECLARED, "part-declared", TEXT, NONE, TRUE, E, "部品の申告された種類", "declared media type")               \
  X (PART_TYPE, "part-type", TEXT, NONE, TRUE, E, "部品の実際の種類", "media type by content")                         \
  X (PART_NAME, "part-name", TEXT, NONE, TRUE, E, "部品のファイル名(候補すべて)", "file name, every candidate")        \
  X (PART_SIZE, "part-size", SIZE, NONE, TRUE, E, "部品の大きさ", "size of the decoded part")                          \
  X (PART_SHA256, "part-sha256", TEXT, NONE, TRUE, E, "部品のSHA-256", "SHA-256 of the decoded part")                  \
  X (PART_ROLE, "part-role", WORD, ROLES, TRUE, E, "部品の役割", "what the part is for")                               \
  X (PART_SCAN, "part-scan", WORD, SCANS, TRUE, E, "部品のウイルス検査の結果", "scan verdict of the part")             \
  X (PART_SIGNATURE, "part-signature", TEXT, NONE, TRUE, E, "検出されたウイルス名", "what ClamAV called it")           \
  X (PART_FLAGS, "part-flags", WORDS, FLAGS, TRUE, E, "部品の特徴", "flags of the part")

#define MUGAI_ENUM_MEMBER_FACT(c, n, t, l, p, s, ja, en) FACT_##c,
typedef enum { MUGAI_POLICY_FACTS (MUGAI_ENUM_MEMBER_FACT) N_FACTS } MugaiFact;

typedef struct {
  const char *name;
  MugaiFactType type;
  const char *const *words; /* of a closed list: NULL-terminated, index = value; NULL for the other types */
  gboolean of_part;
  guint stages;
  const char *ja, *en;
} FactRow;
#undef M
#undef R
#undef E

/** mugai_vocabulary_row: the row of a fact; never NULL. */
const FactRow *mugai_vocabulary_row (MugaiFact fact);
/** mugai_vocabulary_find: the fact of that name, or -1. */
int mugai_vocabulary_find (const char *name);
/** mugai_vocabulary_rate_exceeded: has one of the mail's counters run over? */
gboolean mugai_vocabulary_rate_exceeded (const MugaiEnvelope *envelope);
