/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Mail that waits: for an approver, or for its time. A hold that a person or the clock ends, and only where nothing else holds the
 * mail and the original is what would have gone. Pure; any thread.
 */
#include "judge.h"

/* A rule that only waits lets go by itself or by an approver; one that holds does not, whatever the others say. */
void note_waiting (Judge *judge, const Rule *rule) {
  MugaiDecision *decision = judge->decision;
  judge->held_fast |= rule->verb == VERB_HOLD;
  if (rule->verb == VERB_APPROVE)
    decision->awaits = MUGAI_AWAITS_APPROVAL;
  else if (rule->verb == VERB_DELAY && decision->awaits == MUGAI_AWAITS_NOTHING)
    decision->awaits = MUGAI_AWAITS_DELAY;
  decision->delay_s = MAX (decision->delay_s, rule->delay_s);
  for (char **address = rule->approvers; address && *address; address++)
    add_text (decision->approvers, *address);
}

void settle_waiting (Judge *judge) {
  MugaiDecision *decision = judge->decision;
  if (decision->action == MUGAI_ACTION_HOLD && decision->ceiling == MUGAI_CEILING_UNTOUCHED && !judge->held_fast
      && !decision->subject_tag && decision->add_headers->len == 0 && decision->drop_recipients->len == 0
      && !decision->hide_recipients)
    return;
  decision->awaits = MUGAI_AWAITS_NOTHING;
  g_ptr_array_set_size (decision->approvers, 0);
}

static gboolean is_told (char **notify, const char *address) {
  for (; *notify; notify++)
    if (g_ascii_strcasecmp (*notify, address) == 0)
      return TRUE;
  return FALSE;
}

void tell_approvers (MugaiDecision *decision) {
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  if (decision->awaits != MUGAI_AWAITS_APPROVAL || decision->approvers->len == 0)
    return;
  g_strv_builder_addv (builder, (const char **) decision->notify);
  for (guint i = 0; i < decision->approvers->len; i++)
    if (!is_told (decision->notify, g_ptr_array_index (decision->approvers, i)))
      g_strv_builder_add (builder, g_ptr_array_index (decision->approvers, i));
  g_strfreev (decision->notify);
  decision->notify = g_strv_builder_end (builder);
}
