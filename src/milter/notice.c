/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Our own notices. A held mail's notice gets our mark, and goes to nobody who had enough of them today (flow/notices.h): that one is told by
 * a digest. A mail that bears a good mark is a notice of ours that comes by again: it passes as it is, to people inside only. A mark
 * that is not good counts for nothing: the mail goes the way of every mail.
 */
#include "session.h"

#include "mugai/base/fd.h"
#include "mugai/keeper.h"

#define ASK_TIMEOUT_MS 2000 /* the keeper answers from memory */
#define TRY_AGAIN_REPLY "451 4.3.0 The mail could not be processed, try again later"
#define RULE "own-notice"

/* ---- notices that are sent ---- */

/* Those of decision->notify that @send says no to become decision->withheld. */
static void withhold (MugaiDecision *decision, const gboolean *send) {
  g_autoptr (GStrvBuilder) sent = g_strv_builder_new (), withheld = g_strv_builder_new ();
  for (guint i = 0; decision->notify[i] != NULL; i++)
    g_strv_builder_add (send[i] ? sent : withheld, decision->notify[i]);
  g_strfreev (decision->notify);
  decision->notify = g_strv_builder_end (sent);
  decision->withheld = g_strv_builder_end (withheld);
}

/* A keeper that does not answer here keeps no record either, and then nothing is sent. */
static void limit (MugaiSession *session, MugaiOutcome *outcome) {
  MugaiDecision *decision = outcome->decision;
  g_autofree gboolean *send = g_new0 (gboolean, g_strv_length (decision->notify) + 1);
  g_autoptr (GError) error = NULL;
  if (decision->awaits != MUGAI_AWAITS_NOTHING) /* a request, which somebody has to answer */
    return;
  if (mugai_keeper_ask_notices (mugai_front.keeper_socket, (const char *const *) decision->notify,
                                mugai_decision_is_on_forwarding (decision, session->envelope), send, ASK_TIMEOUT_MS,
                                &error))
    withhold (decision, send);
  else
    mugai_front_log ("%s notices: %s", session->id, error->message);
}

static void mark (MugaiSession *session, MugaiOutcome *outcome) {
  gsize length_bytes = 0;
  const char *data = g_bytes_get_data (outcome->mail, &length_bytes);
  g_autofree char *digest = mugai_mark_digest (data, length_bytes, NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *made =
      digest != NULL ? mugai_keeper_make_mark (mugai_front.keeper_socket, digest, ASK_TIMEOUT_MS, &error) : NULL;
  if (made == NULL || !mugai_outcome_mark (outcome, made, &error))
    mugai_front_log ("%s mark: %s", session->id, error != NULL ? error->message : "no digest");
}

void mugai_notice_settle (MugaiSession *session, MugaiOutcome *outcome) {
  if (outcome->decision->action != MUGAI_ACTION_HOLD || outcome->mail == NULL)
    return;
  limit (session, outcome);
  if (outcome->decision->notify[0] == NULL)
    g_clear_pointer (&outcome->mail, g_bytes_unref);
  else
    mark (session, outcome);
}

/* ---- notices that come by again ---- */

gboolean mugai_notice_is_ours (MugaiSession *session) {
  g_autoptr (GError) error = NULL;
  g_autofree char *given = NULL;
  gboolean valid = FALSE;
  gsize length_bytes = 0;
  /* What a mail collects on its way is not in the mark: an outsider could write into it, past all three steps. */
  if (!session->marked || session->envelope->direction == MUGAI_DIRECTION_INBOUND)
    return FALSE;
  g_autoptr (GBytes) message = mugai_fd_map (session->spool.fd, &error);
  const char *data = message != NULL ? g_bytes_get_data (message, &length_bytes) : NULL;
  g_autofree char *digest = message != NULL ? mugai_mark_digest (data, length_bytes, &given) : NULL;
  if (digest == NULL || *given == '\0')
    return FALSE;
  if (!mugai_keeper_check_mark (mugai_front.keeper_socket, digest, given, &valid, ASK_TIMEOUT_MS, &error))
    mugai_front_log ("%s mark: %s", session->id, error->message);
  return valid;
}

/* Who should know that a notice was on its way out: the mail box that sent it on, else the reviewers. */
static char **whom_to_tell (const MugaiSession *session) {
  const MugaiEnvelope *envelope = session->envelope;
  const char *reviewers = mugai_policy_organisation (session->policy)->reviewers;
  const char *box = envelope->from_inside && *envelope->from != '\0' ? envelope->from : reviewers;
  const char *boxes[] = { box != NULL && *box != '\0' ? box : NULL, NULL };
  return g_strdupv ((char **) boxes);
}

static void judge_recipient (MugaiDecision *decision, const MugaiRecipient *recipient) {
  MugaiRecipientDecision *each = g_new0 (MugaiRecipientDecision, 1);
  each->action = recipient->inside ? MUGAI_ACTION_DELIVER : MUGAI_ACTION_HOLD;
  each->rule = g_strdup (RULE);
  g_ptr_array_add (decision->recipients, each);
  if (!recipient->inside)
    g_ptr_array_add (decision->drop_recipients, g_strdup (recipient->address));
}

static MugaiDecision *decide (const MugaiSession *session) {
  MugaiDecision *decision = mugai_decision_new ();
  const GPtrArray *recipients = session->envelope->recipients;
  decision->ceiling = MUGAI_CEILING_UNTOUCHED;
  decision->changed = FALSE;
  for (guint i = 0; i < recipients->len; i++)
    judge_recipient (decision, g_ptr_array_index (recipients, i));
  gboolean leaves = decision->drop_recipients->len > 0, stays = decision->drop_recipients->len < recipients->len;
  decision->action = stays ? MUGAI_ACTION_DELIVER : MUGAI_ACTION_HOLD;
  if (!stays)
    decision->withheld = whom_to_tell (session); /* a notice about a notice would go round for ever */
  g_ptr_array_add (decision->reasons,
                   mugai_reason_new (RULE, "", leaves ? "a notice of ours, which stays inside" : "a notice of ours"));
  return decision;
}

sfsistat mugai_notice_finish (MugaiSession *session) {
  g_autoptr (MugaiDecision) decision = decide (session);
  MugaiOutcome outcome = { .decision = decision, .took = { -1, -1, -1, -1, -1, -1 } };
  const char *reply = NULL;
  if (!mugai_message_keep (session, session->id, &outcome)
      || (decision->action == MUGAI_ACTION_DELIVER && !mugai_answer_recipients (session, decision)))
    reply = TRY_AGAIN_REPLY;
  mugai_front_log ("%s queue=%s from=<%s> own notice: %s", session->id, session->envelope->queue_id,
                   session->envelope->from, reply == NULL ? mugai_action_name (decision->action) : reply);
  mugai_front_count (&mugai_front, messages, 1);
  if (reply != NULL)
    return mugai_answer_reply (session, reply);
  if (decision->action == MUGAI_ACTION_DELIVER)
    mugai_front_count (&mugai_front, delivered, 1);
  else
    mugai_front_count (&mugai_front, held, 1);
  return decision->action == MUGAI_ACTION_DELIVER ? SMFIS_CONTINUE : SMFIS_DISCARD;
}
