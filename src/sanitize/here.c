/* SPDX-License-Identifier: GPL-2.0-only
 *
 * The two sandboxed steps in this very process, for tests and fuzzers, and the words that travel with a decision.
 */
#include "mugai/sanitize.h"

#include "mugai/base/fd.h"

typedef struct {
  MugaiSteps steps;
  MugaiScanner *scanner; /* borrowed */
  MugaiInspection *inspection;
} Here;

static gboolean here_inspect (gpointer self, int message_fd, MugaiFacts **ret_facts, char **ret_error_text,
                              GError **error) {
  Here *here = self;
  g_autoptr (GError) reason = NULL;
  g_autoptr (GBytes) message = mugai_fd_map (message_fd, error);
  if (message == NULL)
    return FALSE;
  g_clear_pointer (&here->inspection, mugai_inspection_free);
  here->inspection = mugai_sanitize_inspect (message, here->scanner, NULL, &reason);
  if (here->inspection == NULL) {
    *ret_error_text = g_strdup (reason->message);
    return TRUE;
  }
  /* By the same door as a worker's facts, so that the door is tested wherever the steps are. */
  g_autoptr (MugaiJson) json = mugai_facts_to_json (mugai_inspection_facts (here->inspection));
  *ret_facts = mugai_facts_from_json (json, error);
  return *ret_facts != NULL;
}

static gboolean here_rebuild (gpointer self, const MugaiDecision *decision, const MugaiNoticeContext *context,
                              GBytes **ret_mail, GError **error) {
  Here *here = self;
  *ret_mail = mugai_sanitize_rebuild (here->inspection, decision, context, error);
  return *ret_mail != NULL;
}

MugaiSteps *mugai_sanitize_steps_here (MugaiScanner *scanner) {
  Here *here = g_new0 (Here, 1);
  here->scanner = scanner;
  here->steps = (MugaiSteps){ .self = here, .inspect = here_inspect, .rebuild = here_rebuild };
  return &here->steps;
}

void mugai_sanitize_steps_here_free (MugaiSteps *steps) {
  if (steps == NULL)
    return;
  Here *here = steps->self;
  g_clear_pointer (&here->inspection, mugai_inspection_free);
  g_free (here);
}
