/* SPDX-License-Identifier: GPL-2.0-only
 *
 * A policy in words: conditions, rules and actions as sentences that an officer can read aloud. Names of facts and their
 * values stay as they are written, beside what they mean. Any thread.
 */
#include <string.h>

#include "condition.h"
#include "words.h"

#define MAX_SHOWN_ITEMS 6u /* of a list; the file has the rest */

/* "> 5MiB" as it is said aloud. */
static void append_item (GString *text, const char *item, gboolean japanese) {
  if (g_str_has_prefix (item, "> "))
    g_string_append_printf (text, japanese ? "%s より大きい" : "over %s", item + 2);
  else if (g_str_has_prefix (item, "< "))
    g_string_append_printf (text, japanese ? "%s より小さい" : "under %s", item + 2);
  else
    g_string_append (text, item);
}

static void append_items (GString *text, const GPtrArray *items, gboolean japanese) {
  for (guint i = 0; items && i < MIN (items->len, MAX_SHOWN_ITEMS); i++) {
    g_string_append (text, i ? (japanese ? "、" : ", ") : "");
    append_item (text, g_ptr_array_index (items, i), japanese);
  }
  if (items && items->len > MAX_SHOWN_ITEMS)
    g_string_append_printf (text, japanese ? " ほか%u件" : " and %u more", items->len - MAX_SHOWN_ITEMS);
}

static void append_condition (GString *text, const Condition *condition, gboolean japanese);

static void append_children (GString *text, const Condition *condition, gboolean japanese) {
  const char *between =
      condition->kind == CONDITION_ANY ? (japanese ? " または " : " or ") : (japanese ? " かつ " : " and ");
  for (guint i = 0; i < condition->children->len; i++) {
    const Condition *child = g_ptr_array_index (condition->children, i);
    gboolean brackets = condition->children->len > 1 && child->kind != CONDITION_FACT && child->kind != CONDITION_NOT
                        && child->children->len > 1;
    g_string_append (text, i ? between : "");
    g_string_append (text, brackets ? (japanese ? "（" : "(") : "");
    append_condition (text, child, japanese);
    g_string_append (text, brackets ? (japanese ? "）" : ")") : "");
  }
}

/* Recursion goes as deep as a policy nests (MAX_CONDITION_DEPTH). */
static void append_condition (GString *text, const Condition *condition, gboolean japanese) {
  if (condition->kind == CONDITION_NOT) {
    g_string_append (text, japanese ? "「" : "not (");
    append_children (text, condition, japanese);
    g_string_append (text, japanese ? "」ではない" : ")");
    return;
  }
  if (condition->kind != CONDITION_FACT) {
    append_children (text, condition, japanese);
    return;
  }
  const FactRow *row = mugai_vocabulary_row (condition->fact);
  if (japanese)
    g_string_append_printf (text, "%s（%s）が ", row->ja, row->name);
  else
    g_string_append_printf (text, "%s: ", row->name);
  append_items (text, condition->written, japanese);
}

char *condition_words (const Condition *condition, gboolean japanese) {
  GString *text = g_string_new (NULL);
  if (condition)
    append_condition (text, condition, japanese);
  else
    g_string_append (text, japanese ? "いつも" : "always");
  return g_string_free (text, FALSE);
}

const char *verb_words (Verb verb, gboolean japanese) {
  static const char *const words[N_VERBS][2] = {
    { "届ける", "deliver" },
    { "丸ごと止めて隔離する", "hold it whole in quarantine" },
    { "断る", "refuse" },
    { "待ってもらう（一時的に断る）", "refuse for now (try later)" },
    { "部品をそのまま通す", "keep the part" },
    { "文字だけにする", "reduce to text" },
    { "部品を取り除く", "take the part out" },
    { "承認があるまで止める", "hold until approved" },
    { "一定の時間だけ待たせる", "wait for a time" },
    { "次の規則へ進む", "go on with the next rule" },
  };
  return words[verb][japanese ? 0 : 1];
}

char *rule_words (const Rule *rule, gint32 utc_offset_s, gboolean japanese) {
  g_autofree char *when = condition_words (rule->when, japanese);
  GString *text = g_string_new (NULL);
  g_string_append_printf (text, japanese ? "%sなら、%s" : "when %s: %s", when, verb_words (rule->verb, japanese));
  if (rule->code)
    g_string_append_printf (text, " (%u %s %s)", rule->code, rule->enhanced, rule->text);
  if (rule->subject_tag)
    g_string_append_printf (text, japanese ? "、件名に「%s」を付ける" : ", tag the subject \"%s\"", rule->subject_tag);
  for (guint i = 0; rule->add_headers && i < rule->add_headers->len; i++) {
    const MugaiHeaderFact *header = g_ptr_array_index (rule->add_headers, i);
    g_string_append_printf (text, japanese ? "、ヘッダー「%s: %s」を足す" : ", add header \"%s: %s\"", header->name,
                            header->value);
  }
  for (char **address = rule->add_recipients; address && *address; address++)
    g_string_append_printf (text, japanese ? "、%s にも届ける" : ", copy to %s", *address);
  if (rule->drop_recipient)
    g_string_append (text, japanese ? "、その宛先を外す" : ", take that recipient off");
  if (rule->hide_recipients)
    g_string_append (text, japanese ? "、To と Cc の宛先を隠す" : ", hide the recipients in To and Cc");
  if (rule->monitor)
    g_string_append (text, japanese ? "（記録だけ）" : " (recorded only)");
  if (rule->until_us) {
    g_autofree char *until = moment_words (rule->until_us, utc_offset_s);
    g_string_append_printf (text, japanese ? "（%s まで）" : " (until %s)", until);
  }
  return g_string_free (text, FALSE);
}

char *moment_words (gint64 us, gint32 utc_offset_s) {
  gint64 local_s = us / G_USEC_PER_SEC + utc_offset_s;
  gboolean whole_day = local_s % 86400 == 0;
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (whole_day ? local_s - 86400 : local_s);
  return time ? g_date_time_format (time, whole_day ? "%Y-%m-%d" : "%Y-%m-%dT%H:%M") : g_strdup ("?");
}

static gboolean items_equal (const GPtrArray *a, const GPtrArray *b) {
  if ((a ? a->len : 0) != (b ? b->len : 0))
    return FALSE;
  for (guint i = 0; a && i < a->len; i++)
    if (strcmp (g_ptr_array_index (a, i), g_ptr_array_index (b, i)) != 0)
      return FALSE;
  return TRUE;
}

gboolean condition_equal (const Condition *a, const Condition *b) {
  if (!a || !b)
    return a == b;
  if (a->kind != b->kind)
    return FALSE;
  if (a->kind == CONDITION_FACT)
    return a->fact == b->fact && items_equal (a->written, b->written);
  gboolean equal = a->children->len == b->children->len;
  for (guint i = 0; equal && i < a->children->len; i++)
    equal = condition_equal (g_ptr_array_index (a->children, i), g_ptr_array_index (b->children, i));
  return equal;
}
