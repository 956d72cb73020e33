/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Stages 3 to 7 of one message: worker, decision, new message, keep, answer. Nothing is answered before it is durable; what
 * fails before that is a row of the policy's table of failures, and what fails after it a 4xx: the MTA keeps the mail.
 */
#include "refusals.h"
#include "session.h"

#include "mugai/audit.h"
#include "mugai/base/base.h"
#include "mugai/base/fd.h"
#include "mugai/flow.h"
#include "mugai/keeper.h"

#define TRY_AGAIN_REPLY "451 4.3.0 The mail could not be processed, try again later"
#define NOBODY_TO_TELL_REPLY "550 5.7.1 The message is not accepted here"
#define KEEP_FAILED_REPLY "451 4.3.0 The mail could not be recorded, try again later"

#define FLOW_TIMEOUT_MS 2000                           /* the counters are in the keeper's memory */
#define ZYGOTE_NEWS_US (500 * G_TIME_SPAN_MILLISECOND) /* from a zygote's death to the master's word of it */

static gint64 ms_since (gint64 start_us) {
  return (g_get_monotonic_time () - start_us) / 1000;
}

/* A worker that has met something hostile is not used again. */
static gboolean is_suspicious (const MugaiOutcome *outcome) {
  if (outcome->facts == NULL || outcome->alarm)
    return TRUE;
  for (guint i = 0; i < MUGAI_N_ODDITIES; i++)
    if ((outcome->facts->oddities & MUGAI_BIT (i)) != 0 && mugai_oddity_is_ambiguous ((MugaiOddity) i))
      return TRUE;
  for (guint i = 0; i < outcome->facts->parts->len; i++)
    if (((const MugaiPart *) g_ptr_array_index (outcome->facts->parts, i))->scan == MUGAI_SCAN_INFECTED)
      return TRUE;
  return FALSE;
}

static void describe_generation (MugaiEnvelope *envelope, const MugaiGeneration *generation) {
  envelope->generation = generation->number;
  envelope->signatures_age_s =
      generation->signatures != NULL ? MAX (0, envelope->time_us / G_USEC_PER_SEC - generation->time_s) : -1;
}

static void give_back (MugaiWorker *worker, const MugaiGeneration *generation, const MugaiOutcome *outcome) {
  if (mugai_front_is_current (&mugai_front, generation))
    mugai_worker_put_back (worker, generation->put_fd, mugai_front.config->worker_messages, is_suspicious (outcome));
  else
    mugai_worker_close (worker);
}

/* One attempt with one worker. NULL: it died or was late, or none was idle (@error says which). */
static MugaiOutcome *attempt (MugaiSession *session, const MugaiNoticeContext *context, gint64 deadline_us,
                              GError **error) {
  MugaiOutcome *outcome = NULL;
  gint64 start_us = g_get_monotonic_time ();
  g_autoptr (MugaiGeneration) generation = mugai_front_generation (&mugai_front);
  mugai_front_count (&mugai_front, waiting, 1);
  g_autoptr (MugaiWorker) worker = mugai_worker_take (generation->take_fd, (int) mugai_front.config->wait_ms, error);
  mugai_front_count (&mugai_front, waiting, -1);
  if (worker == NULL)
    return NULL;
  gint64 wait_ms = ms_since (start_us);
  describe_generation (session->envelope, generation);
  if (!mugai_sanitize_run (mugai_worker_steps (worker, deadline_us), session->policy, session->envelope,
                           session->spool.fd, context, &outcome, error))
    return NULL;
  outcome->took.wait = wait_ms;
  give_back (g_steal_pointer (&worker), generation, outcome);
  return outcome;
}

/* The worker is not used again: it has half a message in hand. */
MugaiFacts *mugai_message_inspect (MugaiSession *session, GError **error) {
  const MugaiConfig *config = mugai_front.config;
  gint64 deadline_us = g_get_monotonic_time () + (gint64) config->first_worker_ms * G_TIME_SPAN_MILLISECOND;
  g_autoptr (MugaiGeneration) generation = mugai_front_generation (&mugai_front);
  g_autoptr (MugaiWorker) worker = mugai_worker_take (generation->take_fd, (int) config->wait_ms, error);
  g_autoptr (MugaiFacts) facts = NULL;
  g_autofree char *words = NULL;

  if (worker == NULL)
    return NULL;
  describe_generation (session->envelope, generation);
  MugaiSteps *steps = mugai_worker_steps (worker, deadline_us);
  if (!steps->inspect (steps->self, session->spool.fd, &facts, &words, error))
    return NULL;
  if (facts == NULL)
    g_set_error (error, MUGAI_SANITIZE_ERROR, MUGAI_SANITIZE_ERROR_UNREADABLE, "%s", words);
  return g_steal_pointer (&facts);
}

static gboolean is_overloaded (const MugaiFront *front) {
  return (guint) g_atomic_int_get (&front->counters[MUGAI_COUNTER_waiting]) >= front->config->max_waiting;
}

/* All workers die with their zygote: that says nothing against the mail. The master tells us within moments. */
static gboolean lost_generation (const MugaiGeneration *generation) {
  gint64 end_us = g_get_monotonic_time () + ZYGOTE_NEWS_US;
  while (mugai_front_is_current (&mugai_front, generation)) {
    if (g_get_monotonic_time () >= end_us)
      return FALSE;
    g_usleep (10000);
  }
  return TRUE;
}

/* Up to two workers in one transaction; dead or late twice: what the table of failures says, hold by default, unread. */
static MugaiOutcome *go_the_way (MugaiSession *session, const MugaiNoticeContext *context) {
  const MugaiConfig *config = mugai_front.config;
  gint64 begin_us = g_get_monotonic_time ();
  MugaiFailure failure = MUGAI_FAILURE_WORKER_DIED_TWICE;
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiGeneration) generation = mugai_front_generation (&mugai_front);
  if (is_overloaded (&mugai_front))
    return mugai_sanitize_failed (session->policy, session->envelope, MUGAI_FAILURE_NO_WORKER,
                                  "too many mails are waiting for a worker", context);
  for (guint i = 1; i <= 2; i++) {
    gint64 budget_ms = i == 1 ? config->wait_ms + config->first_worker_ms : config->total_ms;
    session->envelope->attempt = i;
    g_clear_error (&error);
    MugaiOutcome *outcome = attempt (session, context, begin_us + budget_ms * G_TIME_SPAN_MILLISECOND, &error);
    if (outcome != NULL)
      return outcome;
    mugai_front_log ("%s attempt=%u worker: %s", session->id, i, error->message);
    if (g_error_matches (error, MUGAI_WORKER_ERROR, MUGAI_WORKER_ERROR_NONE_IDLE)) {
      failure = MUGAI_FAILURE_NO_WORKER;
      break;
    }
    mugai_front_alarm (&mugai_front, "worker-died", error->message);
  }
  if (failure == MUGAI_FAILURE_WORKER_DIED_TWICE && lost_generation (generation))
    failure = MUGAI_FAILURE_NO_WORKER;
  return mugai_sanitize_failed (session->policy, session->envelope, failure, error->message, context);
}

/* ---- stage 6 ---- */

static gboolean keeps_original (const MugaiOutcome *outcome) {
  return outcome->decision->action == MUGAI_ACTION_HOLD
         || (outcome->decision->action == MUGAI_ACTION_DELIVER
             && (outcome->mail != NULL || outcome->decision->drop_recipients->len > 0
                 || outcome->decision->hide_recipients));
}

static json_t *make_record (const MugaiSession *session, const char *id, const MugaiOutcome *outcome) {
  g_autoptr (MugaiJson) facts = mugai_policy_facts_to_json (session->envelope, outcome->facts);
  const MugaiRecordInput input = {
    .id = id,
    .envelope = session->envelope,
    .facts = outcome->facts,
    .decision = outcome->decision,
    .vocabulary_facts = facts,
    .policy_name = mugai_policy_name (session->policy),
    .policy_version = mugai_policy_version (session->policy),
    .quarantine_id = keeps_original (outcome) ? id : NULL,
    .failure = outcome->failure,
    .took_wait = outcome->took.wait,
    .took_spool = outcome->took.spool,
    .took_inspect = outcome->took.inspect,
    .took_decide = outcome->took.decide,
    .took_rebuild = outcome->took.rebuild,
    .took_keep = -1, /* not over yet: the log line has it */
    .out_sha256 = outcome->out_sha256,
    .out_size_bytes = outcome->mail != NULL ? g_bytes_get_size (outcome->mail) : 0,
  };
  return mugai_audit_record (&input);
}

gboolean mugai_message_keep (const MugaiSession *session, const char *id, MugaiOutcome *outcome) {
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiJson) record = make_record (session, id, outcome);
  gint64 start_us = g_get_monotonic_time ();
  gboolean kept =
      mugai_keeper_keep (mugai_front.keeper_socket, record, keeps_original (outcome) ? session->spool.fd : -1,
                         MUGAI_KEEPER_TIMEOUT_MS, &error);
  outcome->took.keep = ms_since (start_us);
  if (!kept) {
    mugai_front_log ("%s keep: %s", id, error->message);
    mugai_front_alarm (&mugai_front, "keeper-failed", error->message);
  }
  return kept;
}

sfsistat mugai_message_refuse (MugaiSession *session, MugaiDecision *decision, const char *what) {
  const MugaiReason *reason = decision->reasons->len > 0 ? g_ptr_array_index (decision->reasons, 0) : NULL;
  g_autofree char *group = NULL;
  g_autofree char *id = mugai_id_new ();
  MugaiOutcome outcome = { .decision = decision, .took = { -1, -1, -1, -1, -1, -1 } };
  mugai_front_count (&mugai_front, refused, 1);
  if (mugai_refusals_count (session->envelope, decision, what, &group))
    return mugai_answer_reply_as (session, group, decision->reply);
  gboolean kept = mugai_message_keep (session, id, &outcome);
  const char *reply = kept ? decision->reply : KEEP_FAILED_REPLY;
  mugai_front_log ("%s client=%s from=<%s> %s action=%s rule=%s reply=\"%s\"", id, session->client,
                   session->envelope->from, what, mugai_action_name (decision->action),
                   reason != NULL ? reason->rule : "-", reply);
  return mugai_answer_reply_as (session, id, reply);
}

/* ---- stage 7 ---- */

static void count (const MugaiOutcome *outcome, sfsistat status) {
  MugaiAction action = outcome->decision->action;
  mugai_front_count (&mugai_front, messages, 1);
  if (status == SMFIS_TEMPFAIL)
    mugai_front_count (&mugai_front, tempfailed, 1);
  else if (status == SMFIS_REJECT)
    mugai_front_count (&mugai_front, refused, 1);
  else if (action == MUGAI_ACTION_HOLD)
    mugai_front_count (&mugai_front, held, 1);
  else
    mugai_front_count (&mugai_front, delivered, 1);
  if (status == SMFIS_CONTINUE && action == MUGAI_ACTION_DELIVER && outcome->mail != NULL)
    mugai_front_count (&mugai_front, changed, 1);
  if (outcome->failure != NULL)
    mugai_front_count (&mugai_front, failures, 1);
}

static sfsistat answer (MugaiSession *session, const MugaiOutcome *outcome) {
  const MugaiDecision *decision = outcome->decision;
  if (decision->action == MUGAI_ACTION_REFUSE || decision->action == MUGAI_ACTION_TEMPFAIL)
    return mugai_answer_reply (session, decision->reply != NULL ? decision->reply : TRY_AGAIN_REPLY);
  if (decision->action == MUGAI_ACTION_HOLD && outcome->mail == NULL && decision->withheld != NULL)
    return SMFIS_DISCARD; /* kept; those whom it concerns get a digest */
  if (decision->action == MUGAI_ACTION_HOLD && outcome->mail == NULL)
    return mugai_answer_reply (session, NOBODY_TO_TELL_REPLY); /* the policy refuses instead; never a silent end */
  gboolean hide = outcome->mail == NULL && decision->hide_recipients; /* a new mail's header has it already */
  gboolean done = (decision->action != MUGAI_ACTION_DELIVER || mugai_answer_recipients (session, decision))
                  && (!hide || mugai_answer_hide_recipients (session))
                  && (outcome->mail == NULL
                      || ((decision->action != MUGAI_ACTION_HOLD || mugai_answer_redirect (session, decision->notify))
                          && mugai_answer_mail (session, outcome->mail, outcome->body_offset)));
  if (done)
    return SMFIS_CONTINUE;
  mugai_front_count (&mugai_front, failures, 1);
  return mugai_answer_reply (session, TRY_AGAIN_REPLY);
}

static const char *status_word (sfsistat status) {
  return status == SMFIS_CONTINUE || status == SMFIS_DISCARD ? "accepted"
         : status == SMFIS_REJECT                            ? "refused"
                                                             : "tempfail";
}

/* Why is it late: one line a mail. */
static void log_line (const MugaiSession *session, const MugaiOutcome *outcome, sfsistat status) {
  const MugaiEnvelope *envelope = session->envelope;
  const MugaiDecision *decision = outcome->decision;
  const MugaiReason *reason = decision->reasons->len > 0 ? g_ptr_array_index (decision->reasons, 0) : NULL;
  mugai_front_log ("%s queue=%s client=%s from=<%s> recipients=%u direction=%s size=%" G_GUINT64_FORMAT
                   " action=%s changed=%s rule=%s%s%s status=%s attempt=%u took_ms wait=%" G_GINT64_FORMAT
                   " spool=%" G_GINT64_FORMAT " inspect=%" G_GINT64_FORMAT " decide=%" G_GINT64_FORMAT
                   " rebuild=%" G_GINT64_FORMAT " keep=%" G_GINT64_FORMAT,
                   session->id, envelope->queue_id, envelope->client, envelope->from, envelope->recipients->len,
                   mugai_direction_name (envelope->direction), envelope->size_bytes,
                   mugai_action_name (decision->action), outcome->mail != NULL ? "yes" : "no",
                   reason != NULL ? reason->rule : "-", outcome->failure != NULL ? " failure=" : "",
                   outcome->failure != NULL ? outcome->failure : "", status_word (status), envelope->attempt,
                   outcome->took.wait, outcome->took.spool, outcome->took.inspect, outcome->took.decide,
                   outcome->took.rebuild, outcome->took.keep);
}

gboolean mugai_message_seal (MugaiSession *session) {
  g_autoptr (GError) error = NULL;
  if (!session->body_begun && mugai_spool_append (&session->spool, "\r\n", 2) != MUGAI_SPOOL_OK)
    return FALSE;
  if (mugai_spool_finish (&session->spool, &error)) {
    const char *queue_id = smfi_getsymval (session->ctx, (char *) "i");
    g_free (session->envelope->queue_id);
    session->envelope->queue_id = g_strdup (queue_id != NULL ? queue_id : "");
    session->envelope->size_bytes = session->spool.size_bytes;
    return TRUE;
  }
  mugai_front_log ("%s spool: %s", session->id, error->message);
  return FALSE;
}

/* ---- counters ---- */

/* Stopped until a person resumes it: an act on the chain, once, and an alarm. */
static void stop_key (MugaiSession *session, const MugaiRate *rate) {
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiJson) body = json_object ();
  json_object_set_new (body, "key", mugai_json_string (rate->key));
  json_object_set_new (body, "because", mugai_json_string ("a limit was run over"));
  json_object_set_new (body, "record_id", mugai_json_string (session->id));
  if (!mugai_keeper_log_act (mugai_front.keeper_socket, MUGAI_KEEPER_ACT_STOP, "mugaid", body, FLOW_TIMEOUT_MS, &error))
    mugai_front_log ("%s flow-stop: %s", session->id, error->message);
  mugai_front_alarm (&mugai_front, "flow-stopped", rate->key);
}

/* A keeper that does not answer here will not keep the record either, and then it is a 4xx: nothing slips by uncounted. */
void mugai_message_ask_flow (MugaiSession *session) {
  MugaiEnvelope *envelope = session->envelope;
  gboolean stopped[MUGAI_N_RATE_SUBJECTS] = { FALSE };
  g_autoptr (GError) error = NULL;
  g_clear_pointer (&envelope->rates, g_ptr_array_unref);
  envelope->rates = mugai_flow_rates (envelope, mugai_policy_rates (session->policy, envelope->direction));
  if (envelope->rates->len == 0)
    return;
  if (!mugai_keeper_ask_flow (mugai_front.keeper_socket, envelope,
                              session->message_id != NULL ? session->message_id : "", stopped, FLOW_TIMEOUT_MS, &error))
    mugai_front_log ("%s counters: %s", session->id, error->message);
  for (guint i = 0; i < envelope->rates->len; i++) {
    const MugaiRate *rate = g_ptr_array_index (envelope->rates, i);
    if (rate->exceeded && !stopped[i] && rate->stop)
      stop_key (session, rate);
    else if (rate->exceeded)
      mugai_front_alarm (&mugai_front, "mass-mail", rate->key);
  }
}

/* What should not happen to any mail has happened to this one: which, and what. */
static void raise_alarm (const MugaiSession *session, const MugaiOutcome *outcome) {
  const GPtrArray *reasons = outcome->decision->reasons;
  const char *because = reasons->len > 0 ? ((const MugaiReason *) g_ptr_array_index (reasons, 0))->because : "";
  g_autofree char *text = g_strdup_printf ("%s: %s", session->id, because);
  mugai_front_alarm (&mugai_front, outcome->failure != NULL ? outcome->failure : "message-alarm", text);
}

sfsistat mugai_message_finish (MugaiSession *session) {
  if (!mugai_message_seal (session))
    return mugai_answer_reply (session, TRY_AGAIN_REPLY);
  if (mugai_notice_is_ours (session))
    return mugai_notice_finish (session);
  g_autoptr (MugaiNoticeContext) context =
      mugai_notice_context_new (session->id, session->policy, session->envelope->time_us);
  gint64 spool_ms = ms_since (session->start_us);
  mugai_session_begin_step (session);
  mugai_message_ask_flow (session);
  g_autoptr (MugaiOutcome) outcome = go_the_way (session, context);
  outcome->took.spool = spool_ms;
  mugai_notice_settle (session, outcome);
  gboolean kept = mugai_message_keep (session, session->id, outcome);
  mugai_session_end_step (session);
  if (outcome->alarm)
    raise_alarm (session, outcome);
  sfsistat status = kept ? answer (session, outcome) : mugai_answer_reply (session, KEEP_FAILED_REPLY);
  count (outcome, status);
  log_line (session, outcome, status);
  return status;
}
