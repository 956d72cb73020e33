/* SPDX-License-Identifier: GPL-2.0-only
 *
 * What becomes of each part: the first part rule that holds, capped by the ceiling; else the ceiling's default. Then what lies
 * in something is kept with it or not at all. Pure, as decide.c is.
 */
#include "judge.h"

#include <string.h>

#define RULE_NOT_CLEAN "not-clean" /* where a part was kept by no rule because of its scan verdict */
#define NOT_CLEAN_JA "安全を確認できないため、取り除きました。"
#define NOT_CLEAN_EN "It could not be shown to be harmless and was taken out."

static gboolean is_mail_container (const MugaiPart *part) {
  return part->role == MUGAI_ROLE_CONTAINER
         && (g_str_has_prefix (part->declared ? part->declared : "", "multipart/")
             || g_str_has_prefix (part->detected ? part->detected : "", "multipart/")
             || g_str_has_prefix (part->declared ? part->declared : "", "message/")
             || g_str_has_prefix (part->detected ? part->detected : "", "message/"));
}

/*
 * Without signatures everything is not-scanned: that is the table of failures' business, and not the part's. A multipart or
 * a nested mail is judged by what is in it.
 */
static gboolean is_clean (const Judge *judge, const MugaiPart *part) {
  return part->scan == MUGAI_SCAN_CLEAN
         || (part->scan == MUGAI_SCAN_NOT_SCANNED && (!judge->summary.scanned || is_mail_container (part)));
}

/* What becomes of a part in a rebuilt mail when nothing keeps it. */
MugaiPartAction rebuilt_default (const MugaiPart *part) {
  switch (part->role) {
  case MUGAI_ROLE_BODY:
    return part->scan == MUGAI_SCAN_INFECTED ? MUGAI_PART_REMOVE : MUGAI_PART_TEXT;
  case MUGAI_ROLE_ALTERNATE:
  case MUGAI_ROLE_CONTAINER:
  case MUGAI_ROLE_CONTROL:
    return MUGAI_PART_REPLACE;
  default:
    return MUGAI_PART_REMOVE;
  }
}

/* May a part of this role stand in a rebuilt mail as it is? Bodies are text there, and mail structure is ours. */
gboolean can_be_kept (const MugaiPart *part) {
  if (part->role == MUGAI_ROLE_CONTAINER)
    return !is_mail_container (part);
  return part->role == MUGAI_ROLE_ATTACHMENT || part->role == MUGAI_ROLE_RELATED || part->role == MUGAI_ROLE_MEMBER;
}

static MugaiPartDecision *new_part (MugaiPartAction action, const Sentence *said) {
  MugaiPartDecision *decision = mugai_part_decision_new (action, said->id);
  g_free (decision->ja);
  g_free (decision->en);
  decision->ja = g_strdup (said->ja);
  decision->en = g_strdup (said->en);
  return decision;
}

static MugaiPartDecision *new_ceiling_part (const Judge *judge, const Addressee *addressee, MugaiPartAction action) {
  Sentence said = branch_ceiling (judge->policy, addressee->view.branch, addressee->view.direction)->said;
  said.id = (char *) RULE_CEILING;
  return new_part (action, &said);
}

static MugaiPartDecision *new_unclean_part (const MugaiPart *part) {
  static const Sentence said = { (char *) RULE_NOT_CLEAN, (char *) "", (char *) NOT_CLEAN_JA, (char *) NOT_CLEAN_EN };
  return new_part (rebuilt_default (part), &said);
}

/* The part is let through by an exception to the ceiling? */
static const Exception *find_keeper (const Judge *judge, const Addressee *addressee, const View *view) {
  for (guint i = 0; i < addressee->raises->len; i++) {
    const Exception *exception = g_ptr_array_index (addressee->raises, i);
    if (exception->parts && (is_clean (judge, view->part) || exception->names_scan)
        && condition_holds (exception->parts, view))
      return exception;
  }
  return NULL;
}

/* No rule spoke of the part. */
static MugaiPartDecision *default_part (const Judge *judge, const Addressee *addressee, const View *view) {
  const MugaiPart *part = view->part;
  if (judge->decision->ceiling == MUGAI_CEILING_TEXT)
    return part->role == MUGAI_ROLE_BODY && part->scan == MUGAI_SCAN_INFECTED
               ? new_unclean_part (part)
               : new_ceiling_part (judge, addressee, rebuilt_default (part));
  if (judge->decision->ceiling == MUGAI_CEILING_UNTOUCHED)
    return is_clean (judge, part) ? new_ceiling_part (judge, addressee, MUGAI_PART_KEEP) : new_unclean_part (part);
  const Exception *keeper = can_be_kept (part) ? find_keeper (judge, addressee, view) : NULL;
  if (!keeper)
    return new_ceiling_part (judge, addressee, rebuilt_default (part));
  return mugai_part_decision_new (MUGAI_PART_KEEP, keeper->id);
}

/* @rule spoke: what it says, capped by the ceiling. */
static MugaiPartDecision *ruled_part (const Judge *judge, const Addressee *addressee, const View *view,
                                      const Rule *rule) {
  const MugaiPart *part = view->part;
  if (rule->verb == VERB_TEXT)
    return new_part (rebuilt_default (part), &rule->said);
  if (rule->verb != VERB_KEEP)
    return new_part (MUGAI_PART_REMOVE, &rule->said);
  if (judge->decision->ceiling == MUGAI_CEILING_TEXT)
    return default_part (judge, addressee, view);
  if (!is_clean (judge, part) && !rule->names_scan)
    return new_unclean_part (part);
  if (judge->decision->ceiling == MUGAI_CEILING_PARTS && !can_be_kept (part))
    return new_ceiling_part (judge, addressee, rebuilt_default (part));
  return new_part (MUGAI_PART_KEEP, &rule->said);
}

static const Rule *find_part_rule (Judge *judge, const View *view) {
  const GPtrArray *rules = judge->policy->part_rules;
  const Sieve *sieve = judge->policy->part_sieve;
  sieve_add (sieve, SIEVE_RECIPIENT, view, judge->part_bits, judge->bits);
  sieve_add (sieve, SIEVE_PART, view, judge->bits, judge->more_bits);
  guint i = sieve_next (sieve, view, judge->more_bits, 0);
  for (; i < rules->len; i = sieve_next (sieve, view, judge->more_bits, i + 1)) {
    const Rule *rule = g_ptr_array_index (rules, i);
    if (rule_match (rule, view, judge->decision->exceptions) != MATCH_YES)
      continue;
    note_rule (judge, rule, view);
    if (!rule->monitor && rule->verb != VERB_CONTINUE)
      return rule;
  }
  return NULL;
}

static MugaiPartDecision *judge_part_for (Judge *judge, const Addressee *addressee, const MugaiPart *part) {
  View view = addressee->view;
  view.part = part;
  const Rule *rule = find_part_rule (judge, &view);
  if (!rule) {
    MugaiPartDecision *by_default = default_part (judge, addressee, &view);
    judge->held_fast |= by_default->action != MUGAI_PART_KEEP;
    return by_default;
  }
  judge->held_fast |= rule->verb == VERB_TEXT || rule->verb == VERB_REMOVE;
  if (verb_action (rule->verb) != MUGAI_ACTION_DELIVER
      && (!judge->part_rule || verb_strength (rule->verb) > verb_strength (judge->part_rule->verb))) {
    judge->part_rule = rule;
    judge->part_rule_for = addressee;
  }
  return ruled_part (judge, addressee, &view, rule);
}

void judge_parts (Judge *judge) {
  if (judge->facts && judge->for_parts->len > 0)
    sieve_start (judge->policy->part_sieve, &((const Addressee *) g_ptr_array_index (judge->for_parts, 0))->view,
                 judge->part_bits);
  for (guint i = 0; judge->facts && i < judge->facts->parts->len; i++) {
    const MugaiPart *part = g_ptr_array_index (judge->facts->parts, i);
    g_autoptr (MugaiPartDecision) strictest = NULL;
    for (guint j = 0; j < judge->for_parts->len; j++) {
      g_autoptr (MugaiPartDecision) one = judge_part_for (judge, g_ptr_array_index (judge->for_parts, j), part);
      if (!strictest || one->action > strictest->action) {
        g_clear_pointer (&strictest, mugai_part_decision_free);
        strictest = g_steal_pointer (&one);
      }
    }
    g_ptr_array_add (judge->decision->parts, g_steal_pointer (&strictest));
  }
  if (judge->part_rule)
    judge->decision->action = MAX (judge->decision->action, verb_action (judge->part_rule->verb));
}

/* ---- archives: a container and its members are kept together or not at all ---- */

static void become (MugaiPartDecision *decision, const MugaiPartDecision *example) {
  decision->action = MUGAI_PART_REMOVE;
  g_free (decision->rule);
  g_free (decision->ja);
  g_free (decision->en);
  decision->rule = g_strdup (example->rule);
  decision->ja = g_strdup (example->ja);
  decision->en = g_strdup (example->en);
}

/* Index of the archive that @part is a member of: "1.2/3/1" is one of "1.2/3"; -1: none listed. */
static gint archive_of (GHashTable *places, const MugaiPart *part) {
  const char *slash = part->path ? strrchr (part->path, '/') : NULL;
  if (!slash)
    return -1;
  g_autofree char *path = g_strndup (part->path, (gsize) (slash - part->path));
  return GPOINTER_TO_INT (g_hash_table_lookup (places, path)) - 1;
}

static void settle_member (Judge *judge, GHashTable *places, guint i, gboolean upwards) {
  gint above = archive_of (places, g_ptr_array_index (judge->facts->parts, i));
  if (above < 0 || (guint) above == i)
    return;
  MugaiPartDecision *member = g_ptr_array_index (judge->decision->parts, i);
  MugaiPartDecision *archive = g_ptr_array_index (judge->decision->parts, (guint) above);
  gboolean member_kept = member->action == MUGAI_PART_KEEP, archive_kept = archive->action == MUGAI_PART_KEEP;
  if (upwards && archive_kept && !member_kept)
    become (archive, member);
  if (!upwards && member_kept && !archive_kept)
    become (member, archive);
}

/* Of what @part lies in, the nearest that is listed: "2.1/3" in "2.1", else in "2"; -1: nothing. */
static gint holder_of (GHashTable *places, const MugaiPart *part) {
  g_autofree char *path = g_strdup (part->path ? part->path : "");
  for (gsize end = strlen (path); end > 0; end--) {
    if (path[end - 1] != '.' && path[end - 1] != '/')
      continue;
    path[end - 1] = '\0';
    gint above = GPOINTER_TO_INT (g_hash_table_lookup (places, path)) - 1;
    if (above >= 0)
      return above;
  }
  return -1;
}

static gboolean is_nested_mail (const MugaiPart *part) {
  return is_mail_container (part) && !g_str_has_prefix (part->declared ? part->declared : "", "multipart/")
         && !g_str_has_prefix (part->detected ? part->detected : "", "multipart/");
}

/* A nested mail that a rule takes out takes its attachments with it; what lies in something comes after it. */
static void settle_nested_mails (Judge *judge, GHashTable *places) {
  const GPtrArray *parts = judge->facts->parts;
  g_autofree gint *gone_with = g_new (gint, parts->len); /* index of the mail it went with; -1: it stays */
  for (guint i = 0; i < parts->len; i++) {
    const MugaiPart *part = g_ptr_array_index (parts, i);
    MugaiPartDecision *one = g_ptr_array_index (judge->decision->parts, i);
    gint above = holder_of (places, part);
    gone_with[i] = above >= 0 && (guint) above < i ? gone_with[above] : -1;
    if (gone_with[i] >= 0 && one->action == MUGAI_PART_KEEP)
      become (one, g_ptr_array_index (judge->decision->parts, (guint) gone_with[i]));
    else if (gone_with[i] < 0 && one->action == MUGAI_PART_REMOVE && is_nested_mail (part))
      gone_with[i] = (gint) i;
  }
}

void settle_archives (Judge *judge) {
  GPtrArray *parts = judge->facts ? judge->facts->parts : NULL;
  if (!parts || judge->decision->ceiling == MUGAI_CEILING_TEXT)
    return;
  g_autoptr (GHashTable) places = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < parts->len; i++)
    if (((MugaiPart *) g_ptr_array_index (parts, i))->path)
      g_hash_table_insert (places, ((MugaiPart *) g_ptr_array_index (parts, i))->path, GINT_TO_POINTER ((gint) i + 1));
  for (guint i = parts->len; i > 0; i--)
    settle_member (judge, places, i - 1, TRUE);
  for (guint i = 0; i < parts->len; i++)
    settle_member (judge, places, i, FALSE);
  settle_nested_mails (judge, places);
}
