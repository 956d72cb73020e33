/* SPDX-License-Identifier: GPL-2.0-only
 *
 * One rule and one message: does the rule hold here, does an exception take it out of the way, what is noted and answered
 * when it does. Pure, as decide.c is.
 */
#include "judge.h"

#include <string.h>

MugaiAction verb_action (Verb verb) {
  switch (verb) {
  case VERB_HOLD:
  case VERB_APPROVE:
  case VERB_DELAY:
    return MUGAI_ACTION_HOLD;
  case VERB_REFUSE:
    return MUGAI_ACTION_REFUSE;
  case VERB_TEMPFAIL:
    return MUGAI_ACTION_TEMPFAIL;
  default:
    return MUGAI_ACTION_DELIVER;
  }
}

guint verb_strength (Verb verb) {
  return 3 * (guint) verb_action (verb) + (verb == VERB_APPROVE ? 1 : verb == VERB_DELAY ? 0 : 2);
}

const char *verb_name (Verb verb) {
  static const char *const names[N_VERBS] = { "deliver", "hold",   "refuse",  "tempfail", "keep",
                                              "text",    "remove", "approve", "delay",    "continue" };
  return names[verb];
}

/* ---- what is written into the decision ---- */

MugaiReason *new_reason (const Sentence *said, const char *because) {
  MugaiReason *reason = mugai_reason_new (said->id, said->clause, because);
  g_free (reason->ja);
  g_free (reason->en);
  reason->ja = g_strdup (said->ja);
  reason->en = g_strdup (said->en);
  return reason;
}

void add_text (GPtrArray *texts, const char *text) {
  for (guint i = 0; i < texts->len; i++)
    if (strcmp (g_ptr_array_index (texts, i), text) == 0)
      return;
  g_ptr_array_add (texts, g_strdup (text));
}

/* The first time that @rule matched: its reason, tag and headers, or only what it would have done. */
void note_rule (Judge *judge, const Rule *rule, const View *view) {
  if (!g_hash_table_add (judge->said, (gpointer) rule))
    return;
  if (rule->monitor) {
    g_autofree char *would = g_strdup_printf ("%s=%s", rule->said.id, verb_name (rule->verb));
    add_text (judge->decision->would, would);
    return;
  }
  g_autofree char *because = condition_because (rule->when, view);
  g_autofree char *approval =
      rule->verb == VERB_APPROVE ? g_strconcat (because, *because ? "; " : "", "approval required", NULL) : NULL;
  g_ptr_array_add (judge->decision->reasons, new_reason (&rule->said, approval ? approval : because));
  note_waiting (judge, rule);
  for (char **address = rule->add_recipients; address && *address; address++)
    add_text (judge->decision->add_recipients, *address);
  judge->decision->hide_recipients |= rule->hide_recipients;
  if (rule->subject_tag && !judge->decision->subject_tag)
    judge->decision->subject_tag = g_strdup (rule->subject_tag);
  for (guint i = 0; rule->add_headers && i < rule->add_headers->len; i++) {
    const MugaiHeaderFact *from = g_ptr_array_index (rule->add_headers, i);
    MugaiHeaderFact *header = g_new0 (MugaiHeaderFact, 1);
    header->name = g_strdup (from->name);
    header->value = g_strdup (from->value);
    g_ptr_array_add (judge->decision->add_headers, header);
  }
}

static void limit_text (GString *text, guint64 limit_bytes) {
  g_string_append_printf (text, "%" G_GUINT64_FORMAT " bytes", limit_bytes);
  if (limit_bytes % (1024 * 1024) == 0)
    g_string_append_printf (text, " (%" G_GUINT64_FORMAT " MiB)", limit_bytes / (1024 * 1024));
}

/* "552 5.3.4 text", with the limit of the direction for {limit}. */
char *reply_of (const Rule *rule, const View *view) {
  g_autoptr (GString) reply = g_string_new (NULL);
  const char *place = strstr (rule->text, "{limit}");
  g_string_printf (reply, "%u %s ", rule->code, rule->enhanced);
  if (!place) {
    g_string_append (reply, rule->text);
  } else {
    g_string_append_len (reply, rule->text, place - rule->text);
    limit_text (reply, branch_max_size (view->policy, view->branch, view->direction));
    g_string_append (reply, place + strlen ("{limit}"));
  }
  return g_string_free (g_steal_pointer (&reply), FALSE);
}

/* ---- one rule ---- */

gboolean exception_is_active (const Exception *exception, const MugaiEnvelope *envelope) {
  return envelope->time_us >= exception->since_us && envelope->time_us < exception->until_us;
}

/* One that would have helped had it not ended: said once, so that nobody wonders why it stopped. */
void note_ended (Judge *judge, const Exception *exception, const View *view) {
  if (view->envelope->time_us < exception->until_us || !condition_holds (exception->scope, view)
      || !g_hash_table_add (judge->said, (gpointer) exception))
    return;
  g_autofree char *because = g_strdup_printf ("exception %s has ended and no longer holds", exception->id);
  g_ptr_array_add (judge->decision->reasons, mugai_reason_new (exception->rule, "", because));
}

/* Does an exception take @rule out of the way here? Its id goes into @ret_ids (nullable). */
static gboolean is_excepted (const Rule *rule, const View *view, GPtrArray *ret_ids) {
  for (guint i = 0; rule->exceptions && i < rule->exceptions->len; i++) {
    const Exception *exception = g_ptr_array_index (rule->exceptions, i);
    if (!exception_is_active (exception, view->envelope) || !condition_holds (exception->scope, view))
      continue;
    if (ret_ids)
      add_text (ret_ids, exception->id);
    return TRUE;
  }
  return FALSE;
}

Match rule_match (const Rule *rule, const View *view, GPtrArray *ret_ids) {
  if (!(rule->directions & (1u << view->direction)) || (view->part && !(rule->scans & (1u << view->part->scan))))
    return MATCH_NO;
  if ((rule->branch && rule->branch != view->branch) || (rule->until_us && view->envelope->time_us >= rule->until_us)
      || !condition_holds (rule->when, view))
    return MATCH_NO;
  return is_excepted (rule, view, ret_ids) ? MATCH_EXCEPTED : MATCH_YES;
}

/* The same, asked once for all recipients of a direction where the rule cannot tell them apart. */
Match cached_match (Judge *judge, guint index, const Rule *rule, const View *view) {
  guint8 *known = judge->matches[view->direction];
  if (rule->per_recipient)
    return rule_match (rule, view, judge->decision->exceptions);
  if (known[index] == MATCH_UNKNOWN)
    known[index] = (guint8) rule_match (rule, view, judge->decision->exceptions);
  return (Match) known[index];
}
