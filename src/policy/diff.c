/* SPDX-License-Identifier: GPL-2.0-only
 *
 * What changes between two policies, in words that can be read aloud before the new one is loaded. It compares what was
 * compiled, not the text: comments and layout are no change. Changes that let more pass are marked "weaker". Any thread.
 */
#include <string.h>

#include "mugai/policy/tools.h"

#include "condition.h"
#include "words.h"

#define MAX_NAMED_ITEMS 10u /* entries of a group told one by one */

typedef struct {
  const MugaiPolicy *before, *after;
  gboolean japanese;
  json_t *changes;
} Diff;

static void tell (Diff *diff, const char *section, const char *kind, const char *name, gboolean weaker, const char *ja,
                  const char *en, ...) G_GNUC_PRINTF (7, 8);

static void tell (Diff *diff, const char *section, const char *kind, const char *name, gboolean weaker, const char *ja,
                  const char *en, ...) {
  va_list arguments;
  va_start (arguments, en);
  g_autofree char *words = g_strdup_vprintf (diff->japanese ? ja : en, arguments);
  va_end (arguments);
  json_array_append_new (diff->changes,
                         json_pack ("{s:s, s:s, s:o, s:o, s:b}", "section", section, "kind", kind, "name",
                                    mugai_json_string (name), "words", mugai_json_string (words), "weaker", weaker));
}

static void tell_text (Diff *diff, const char *section, const char *name, const char *before, const char *after) {
  if (g_strcmp0 (before ? before : "", after ? after : "") != 0)
    tell (diff, section, "changed", name, FALSE, "%s：「%s」から「%s」へ", "%s: from \"%s\" to \"%s\"", name,
          before ? before : "", after ? after : "");
}

/* ---- lists ---- */

static gboolean in_list (char **list, const char *text) {
  return list && g_strv_contains ((const char *const *) list, text);
}

static void tell_list (Diff *diff, const char *section, const char *name, char **before, char **after) {
  for (char **one = before; one && *one; one++)
    if (!in_list (after, *one))
      tell (diff, section, "removed", name, FALSE, "%s から「%s」を外す", "%s: \"%s\" taken out", name, *one);
  for (char **one = after; one && *one; one++)
    if (!in_list (before, *one))
      tell (diff, section, "added", name, strcmp (name, "networks") == 0, "%s に「%s」を加える", "%s: \"%s\" added",
            name, *one);
}

static void tell_organisation (Diff *diff) {
  const MugaiOrganisation *a = &diff->before->organisation, *b = &diff->after->organisation;
  tell_text (diff, "organisation", "policy", diff->before->name, diff->after->name);
  tell_text (diff, "organisation", "name", a->name, b->name);
  tell_list (diff, "organisation", "domains", a->domains, b->domains);
  tell_list (diff, "organisation", "networks", a->networks, b->networks);
  tell_list (diff, "organisation", "trusted_relays", diff->before->trusted_relays, diff->after->trusted_relays);
  tell_text (diff, "organisation", "reviewers", a->reviewers, b->reviewers);
  tell_text (diff, "organisation", "notice_from", a->notice_from, b->notice_from);
  tell_text (diff, "organisation", "postmaster", a->postmaster, b->postmaster);
  if (diff->before->utc_offset_s != diff->after->utc_offset_s)
    tell (diff, "organisation", "changed", "time_zone", FALSE, "time_zone が変わる%s", "time_zone changes%s", "");
}

/* ---- ceilings, limits, failures ---- */

static void tell_ceiling (Diff *diff, const char *section, MugaiDirection direction, const CeilingRow *a,
                          const CeilingRow *b) {
  const char *name = mugai_direction_name (direction);
  if (a->level != b->level)
    tell (diff, section, "changed", name, b->level > a->level, "%s の上限を %s から %s へ%s",
          "ceiling of %s: from %s to %s%s", name, mugai_ceiling_name (a->level), mugai_ceiling_name (b->level),
          b->level > a->level ? (diff->japanese ? "（緩くなる）" : " (weaker)") : "");
  if (strcmp (a->said.clause, b->said.clause) != 0 || strcmp (a->said.ja, b->said.ja) != 0
      || strcmp (a->said.en, b->said.en) != 0)
    tell (diff, section, "changed", name, FALSE, "%s の上限の条項か説明が変わる", "words of the ceiling of %s change",
          name);
}

static void tell_size (Diff *diff, const char *section, MugaiDirection direction, guint64 a, guint64 b) {
  const char *name = mugai_direction_name (direction);
  if (a != b)
    tell (diff, section, "changed", name, b > a,
          "%s の大きさの上限を %" G_GUINT64_FORMAT " バイトから %" G_GUINT64_FORMAT " バイトへ",
          "size limit of %s: from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT " bytes", name, a, b);
}

static void tell_failures (Diff *diff) {
  for (guint i = 0; i < MUGAI_N_FAILURES; i++) {
    MugaiAction a = diff->before->failures[i], b = diff->after->failures[i];
    if (a != b)
      tell (diff, "failures", "changed", mugai_failure_name ((MugaiFailure) i), FALSE,
            "故障「%s」のとき：%s から %s へ", "on failure %s: from %s to %s", mugai_failure_name ((MugaiFailure) i),
            mugai_action_name (a), mugai_action_name (b));
  }
  if (diff->before->stale_after_s != diff->after->stale_after_s)
    tell (diff, "failures", "changed", "stale_after", diff->after->stale_after_s > diff->before->stale_after_s,
          "ウイルス定義が古いと見なすまで：%" G_GINT64_FORMAT "時間から%" G_GINT64_FORMAT "時間へ",
          "signatures are stale after %" G_GINT64_FORMAT "h, now after %" G_GINT64_FORMAT "h",
          diff->before->stale_after_s / 3600, diff->after->stale_after_s / 3600);
}

/* ---- groups ---- */

static const NamedGroup *group_named (const MugaiPolicy *policy, const char *name) {
  for (guint i = 0; i < policy->groups->len; i++)
    if (strcmp (((NamedGroup *) g_ptr_array_index (policy->groups, i))->name, name) == 0)
      return g_ptr_array_index (policy->groups, i);
  return NULL;
}

/* Items of @items that are not in @others: how many, and the first ones by name. */
static guint missing (const GPtrArray *items, const GPtrArray *others, GString *names) {
  g_autoptr (GHashTable) known = g_hash_table_new (g_str_hash, g_str_equal);
  guint n = 0;
  for (guint i = 0; i < others->len; i++)
    g_hash_table_add (known, g_ptr_array_index (others, i));
  for (guint i = 0; i < items->len; i++) {
    if (g_hash_table_contains (known, g_ptr_array_index (items, i)))
      continue;
    if (n++ < MAX_NAMED_ITEMS)
      g_string_append_printf (names, "%s%s", names->len ? ", " : "", (char *) g_ptr_array_index (items, i));
  }
  return n;
}

static void tell_group (Diff *diff, const NamedGroup *a, const NamedGroup *b) {
  g_autoptr (GString) gone = g_string_new (NULL), come = g_string_new (NULL);
  guint n_gone = missing (a->items, b->items, gone), n_come = missing (b->items, a->items, come);
  if (n_come)
    tell (diff, "groups", "changed", a->name, FALSE, "グループ「%s」に%u件を加える：%s", "group \"%s\": %u added: %s",
          a->name, n_come, come->str);
  if (n_gone)
    tell (diff, "groups", "changed", a->name, FALSE, "グループ「%s」から%u件を外す：%s",
          "group \"%s\": %u taken out: %s", a->name, n_gone, gone->str);
}

static void tell_groups (Diff *diff) {
  for (guint i = 0; i < diff->before->groups->len; i++) {
    const NamedGroup *a = g_ptr_array_index (diff->before->groups, i), *b = group_named (diff->after, a->name);
    if (b)
      tell_group (diff, a, b);
    else
      tell (diff, "groups", "removed", a->name, FALSE, "グループ「%s」をなくす", "group \"%s\" goes", a->name);
  }
  for (guint i = 0; i < diff->after->groups->len; i++) {
    const NamedGroup *b = g_ptr_array_index (diff->after->groups, i);
    if (!group_named (diff->before, b->name))
      tell (diff, "groups", "added", b->name, FALSE, "グループ「%s」を加える（%u件）",
            "group \"%s\" comes (%u entries)", b->name, b->items->len);
  }
}

/* ---- rules ---- */

static gboolean tightens (const Rule *rule) {
  return !rule->monitor && rule->verb != VERB_DELIVER && rule->verb != VERB_KEEP && rule->verb != VERB_CONTINUE;
}

static gint find_rule (const GPtrArray *rules, const char *id) {
  for (guint i = 0; i < rules->len; i++)
    if (strcmp (((Rule *) g_ptr_array_index (rules, i))->said.id, id) == 0)
      return (gint) i;
  return -1;
}

static void tell_rule (Diff *diff, const Rule *a, const Rule *b) {
  g_autofree char *was = rule_words (a, diff->before->utc_offset_s, diff->japanese);
  g_autofree char *is = rule_words (b, diff->after->utc_offset_s, diff->japanese);
  if (strcmp (was, is) != 0 || !condition_equal (a->when, b->when))
    tell (diff, "rules", "changed", b->said.id, tightens (a) && !tightens (b), "規則「%s」が変わる。前：%s　後：%s",
          "rule \"%s\" changes. Before: %s. After: %s", b->said.id, was, is);
  if (strcmp (a->said.clause, b->said.clause) != 0)
    tell (diff, "rules", "changed", b->said.id, FALSE, "規則「%s」の条項：「%s」から「%s」へ",
          "clause of rule \"%s\": from \"%s\" to \"%s\"", b->said.id, a->said.clause, b->said.clause);
  if (g_strcmp0 (a->said.ja, b->said.ja) != 0 || g_strcmp0 (a->said.en, b->said.en) != 0)
    tell (diff, "rules", "changed", b->said.id, FALSE, "規則「%s」の説明の文が変わる：%s",
          "the sentence of rule \"%s\" changes: %s", b->said.id, diff->japanese ? b->said.ja : b->said.en);
}

/* The rule that stands before @index and is in both: where order changes, it does. */
static const char *before_it (const GPtrArray *rules, guint index, const GPtrArray *others) {
  for (guint i = index; i > 0; i--) {
    const char *id = ((Rule *) g_ptr_array_index (rules, i - 1))->said.id;
    if (find_rule (others, id) >= 0)
      return id;
  }
  return "";
}

static void tell_moves (Diff *diff, const GPtrArray *before, const GPtrArray *after) {
  for (guint i = 0; i < after->len; i++) {
    const Rule *rule = g_ptr_array_index (after, i);
    gint was = find_rule (before, rule->said.id);
    if (was < 0)
      continue;
    const char *above = before_it (before, (guint) was, after), *now = before_it (after, i, before);
    if (strcmp (above, now) != 0)
      tell (diff, "rules", "moved", rule->said.id, FALSE, "規則「%s」の順番が変わる：「%s」の次から「%s」の次へ",
            "rule \"%s\" moves: it followed \"%s\", now \"%s\"", rule->said.id, above, now);
  }
}

static void tell_rules (Diff *diff, const GPtrArray *before, const GPtrArray *after) {
  for (guint i = 0; i < before->len; i++) {
    const Rule *a = g_ptr_array_index (before, i);
    gint now = find_rule (after, a->said.id);
    g_autofree char *words = rule_words (a, diff->before->utc_offset_s, diff->japanese);
    if (now >= 0)
      tell_rule (diff, a, g_ptr_array_index (after, (guint) now));
    else
      tell (diff, "rules", "removed", a->said.id, tightens (a), "規則「%s」をなくす（%s）", "rule \"%s\" goes (%s)",
            a->said.id, words);
  }
  for (guint i = 0; i < after->len; i++) {
    const Rule *b = g_ptr_array_index (after, i);
    g_autofree char *words = rule_words (b, diff->after->utc_offset_s, diff->japanese);
    if (find_rule (before, b->said.id) < 0)
      tell (diff, "rules", "added", b->said.id, b->verb == VERB_DELIVER || b->verb == VERB_KEEP,
            "規則「%s」を加える：%s", "rule \"%s\" comes: %s", b->said.id, words);
  }
  tell_moves (diff, before, after);
}

/* ---- exceptions ---- */

static char *exception_words (const Exception *exception, gint32 utc_offset_s, gboolean japanese) {
  g_autofree char *scope = condition_words (exception->scope, japanese);
  g_autofree char *until = moment_words (exception->until_us, utc_offset_s);
  g_autofree char *parts = exception->parts ? condition_words (exception->parts, japanese) : NULL;
  GString *text = g_string_new (NULL);
  if (exception->raises)
    g_string_append_printf (text,
                            japanese ? "「%s」の場合、%s まで、上限を %s に上げる" : "when %s, until %s: ceiling %s",
                            scope, until, mugai_ceiling_name (exception->ceiling));
  else
    g_string_append_printf (text, japanese ? "規則「%s」を、「%s」の場合、%s まで外す" : "no %s when %s, until %s",
                            exception->rule, scope, until);
  if (parts)
    g_string_append_printf (text, japanese ? "、通す部品は %s" : ", letting through parts with %s", parts);
  g_string_append_printf (text, japanese ? "。理由：%s。承認：%s" : "; reason: %s; approved by %s", exception->reason,
                          exception->approved_by);
  if (exception->emergency)
    g_string_append (text, japanese ? "（緊急）" : " (emergency)");
  return g_string_free (text, FALSE);
}

static const Exception *find_exception (const MugaiPolicy *policy, const char *id) {
  for (guint i = 0; i < policy->exceptions->len; i++)
    if (strcmp (((Exception *) g_ptr_array_index (policy->exceptions, i))->id, id) == 0)
      return g_ptr_array_index (policy->exceptions, i);
  return NULL;
}

static void tell_exceptions (Diff *diff) {
  for (guint i = 0; i < diff->before->exceptions->len; i++) {
    const Exception *a = g_ptr_array_index (diff->before->exceptions, i), *b = find_exception (diff->after, a->id);
    g_autofree char *was = exception_words (a, diff->before->utc_offset_s, diff->japanese);
    g_autofree char *is = b ? exception_words (b, diff->after->utc_offset_s, diff->japanese) : NULL;
    if (!b)
      tell (diff, "exceptions", "removed", a->id, FALSE, "例外「%s」をなくす（%s）", "exception \"%s\" goes (%s)",
            a->id, was);
    else if (strcmp (was, is) != 0 || !condition_equal (a->scope, b->scope) || !condition_equal (a->parts, b->parts))
      tell (diff, "exceptions", "changed", a->id, TRUE, "例外「%s」が変わる。前：%s　後：%s",
            "exception \"%s\" changes. Before: %s. After: %s", a->id, was, is);
  }
  for (guint i = 0; i < diff->after->exceptions->len; i++) {
    const Exception *b = g_ptr_array_index (diff->after->exceptions, i);
    g_autofree char *is = exception_words (b, diff->after->utc_offset_s, diff->japanese);
    if (!find_exception (diff->before, b->id))
      tell (diff, "exceptions", "added", b->id, TRUE, "例外「%s」を加える：%s", "exception \"%s\" comes: %s", b->id,
            is);
  }
}

/* ---- organisations under the same roof, notices ---- */

static const Branch *find_branch (const MugaiPolicy *policy, const char *id) {
  for (guint i = 0; i < policy->branches->len; i++)
    if (strcmp (((Branch *) g_ptr_array_index (policy->branches, i))->id, id) == 0)
      return g_ptr_array_index (policy->branches, i);
  return NULL;
}

static guint branch_number (const MugaiPolicy *policy, const Branch *branch) {
  guint index = 0;
  return g_ptr_array_find (policy->branches, branch, &index) ? index + 1 : 0;
}

static void tell_branch (Diff *diff, const Branch *a, const Branch *b) {
  tell_text (diff, b->id, "name", a->name, b->name);
  tell_text (diff, b->id, "reviewers", a->reviewers, b->reviewers);
  tell_list (diff, b->id, "domains", a->domains, b->domains);
  for (guint i = 0; i < MUGAI_DIRECTION_RELAY; i++) {
    MugaiDirection direction = (MugaiDirection) i;
    guint was = branch_number (diff->before, a), is = branch_number (diff->after, b);
    tell_ceiling (diff, b->id, direction, branch_ceiling (diff->before, was, direction),
                  branch_ceiling (diff->after, is, direction));
    tell_size (diff, b->id, direction, branch_max_size (diff->before, was, direction),
               branch_max_size (diff->after, is, direction));
  }
}

static void tell_branches (Diff *diff) {
  for (guint i = 0; i < diff->before->branches->len; i++) {
    const Branch *a = g_ptr_array_index (diff->before->branches, i), *b = find_branch (diff->after, a->id);
    if (b)
      tell_branch (diff, a, b);
    else
      tell (diff, "organisations", "removed", a->id, FALSE, "組織「%s」の別扱いをなくす",
            "organisation \"%s\" has no settings of its own any more", a->id);
  }
  for (guint i = 0; i < diff->after->branches->len; i++) {
    const Branch *b = g_ptr_array_index (diff->after->branches, i);
    if (!find_branch (diff->before, b->id))
      tell (diff, "organisations", "added", b->id, FALSE, "組織「%s」（%s）を別扱いにする",
            "organisation \"%s\" (%s) gets settings of its own", b->id, b->name);
  }
}

static void tell_notices (Diff *diff) {
  for (guint i = 0; i < MUGAI_N_NOTICE_TEXTS; i++)
    for (guint j = 0; j < NOTICE_TEXTS; j++)
      if (strcmp (diff->before->notices[i][j], diff->after->notices[i][j]) != 0)
        tell (diff, "notices", "changed", j ? "en" : "ja", FALSE, "通知の文（%s）が変わる：%s",
              "the text of notices (%s) changes: %s", j ? "en" : "ja", diff->after->notices[i][j]);
}

json_t *mugai_policy_diff (const MugaiPolicy *before, const MugaiPolicy *after, gboolean japanese) {
  Diff diff = { .before = before, .after = after, .japanese = japanese, .changes = json_array () };
  tell_organisation (&diff);
  for (guint i = 0; i < MUGAI_DIRECTION_RELAY; i++) {
    tell_ceiling (&diff, "ceilings", (MugaiDirection) i, &before->ceilings[i], &after->ceilings[i]);
    tell_size (&diff, "limits", (MugaiDirection) i, before->max_size[i], after->max_size[i]);
  }
  tell_groups (&diff);
  tell_branches (&diff);
  tell_rules (&diff, before->message_rules, after->message_rules);
  tell_rules (&diff, before->part_rules, after->part_rules);
  tell_exceptions (&diff);
  tell_notices (&diff);
  tell_failures (&diff);
  return diff.changes;
}
