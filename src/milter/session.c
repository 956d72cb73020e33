/* SPDX-License-Identifier: GPL-2.0-only
 *
 * libmilter's callbacks: stage 1 (envelope: direction, relay, size, limits; may refuse before DATA) and stage 2 (spool).
 * Every callback but end-of-message is short: Debian's libmilter binds threads per command and can lose wake-ups.
 */
#include "session.h"

#include <arpa/inet.h>
#include <string.h>

#include "mugai/base/base.h"
#include "mugai/base/unicode.h"
#include "mugai/flow.h"

#define MAX_HELO_BYTES 512u
#define MAX_ADDRESS_BYTES 1000u /* RFC 5321 4.5.3.1.3: a path is at most 256 octets */
#define PROGRESS_US (10 * G_USEC_PER_SEC)
/* Steps that are never answered: with each answer MTA and front wait for each other. What is wrong with header or body is answered at the end
 * of the message, which the MTA has in full before it tells us of it. Where the MTA cannot do without, libmilter answers in our place. */
#define QUIET_STEPS                                                                                                    \
  (SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_HDR | SMFIP_NR_EOH | SMFIP_NR_BODY | SMFIP_NODATA | SMFIP_NOUNKNOWN)
#define BUSY_REPLY "451 4.3.2 The mail relay is busy, try again later"
#define ERROR_REPLY "451 4.3.0 The mail relay has a problem, try again later"

static pthread_mutex_t progress_lock = PTHREAD_MUTEX_INITIALIZER; /* of in_step_sessions and each in_step */
static GPtrArray *in_step_sessions = NULL;

/* ---- progress ---- */

void mugai_session_begin_step (MugaiSession *session) {
  pthread_mutex_lock (&progress_lock);
  if (in_step_sessions == NULL)
    in_step_sessions = g_ptr_array_new ();
  session->last_progress_us = g_get_monotonic_time ();
  session->in_step = TRUE;
  g_ptr_array_add (in_step_sessions, session);
  pthread_mutex_unlock (&progress_lock);
}

void mugai_session_end_step (MugaiSession *session) {
  pthread_mutex_lock (&progress_lock);
  if (session->in_step)
    (void) g_ptr_array_remove_fast (in_step_sessions, session);
  session->in_step = FALSE;
  pthread_mutex_unlock (&progress_lock);
}

/* Called every second by the control thread. The session's own thread waits for a worker meanwhile and touches no ctx. */
void mugai_session_tell_progress (void) {
  gint64 now_us = g_get_monotonic_time (), oldest_us = 0;
  pthread_mutex_lock (&progress_lock);
  for (guint i = 0; in_step_sessions != NULL && i < in_step_sessions->len; i++) {
    MugaiSession *session = g_ptr_array_index (in_step_sessions, i);
    oldest_us = MAX (oldest_us, now_us - session->start_us);
    if (now_us - session->last_progress_us < PROGRESS_US)
      continue;
    session->last_progress_us = now_us;
    (void) smfi_progress (session->ctx);
  }
  pthread_mutex_unlock (&progress_lock);
  g_atomic_int_set (&mugai_front.counters[MUGAI_COUNTER_oldest_ms], (gint) (oldest_us / 1000));
}

/* ---- life of a session and of a mail ---- */

void mugai_session_end_mail (MugaiSession *session) {
  if (!session->in_mail)
    return;
  session->in_mail = FALSE;
  g_clear_pointer (&session->id, g_free);
  g_clear_pointer (&session->policy, mugai_policy_unref);
  g_clear_pointer (&session->envelope, mugai_envelope_free);
  g_clear_pointer (&session->sender, g_free);
  g_clear_pointer (&session->message_id, g_free);
  g_clear_pointer (&session->recipients, g_ptr_array_unref);
  g_clear_pointer (&session->fields, g_ptr_array_unref);
  mugai_spool_clear (&session->spool);
  g_clear_pointer (&session->token, g_free);
  (void) g_atomic_int_add (&mugai_front.in_hand, -1);
}

static char *without_brackets (const char *given) {
  gsize length = strlen (given);
  if (length >= 2 && given[0] == '<' && given[length - 1] == '>')
    return mugai_unicode_make_safe (given + 1, (gssize) length - 2, MAX_ADDRESS_BYTES);
  return mugai_unicode_make_safe (given, -1, MAX_ADDRESS_BYTES);
}

static void set (char **member, char *value) {
  g_free (*member);
  *member = value;
}

static void begin_mail (MugaiSession *session, const char *sender) {
  const char *auth = smfi_getsymval (session->ctx, (char *) "{auth_authen}");
  mugai_session_end_mail (session);
  session->in_mail = TRUE;
  (void) g_atomic_int_add (&mugai_front.in_hand, 1);
  session->id = mugai_id_new ();
  session->policy = mugai_front_policy (&mugai_front);
  session->sender = g_strdup (sender);
  session->recipients = g_ptr_array_new_with_free_func (g_free);
  session->fields = g_ptr_array_new_with_free_func (g_free);
  session->content_status = SMFIS_CONTINUE;
  session->body_begun = FALSE;
  session->marked = FALSE;
  session->start_us = g_get_monotonic_time ();
  session->envelope = mugai_envelope_new ();
  set (&session->envelope->client, g_strdup (session->client));
  set (&session->envelope->helo, g_strdup (session->helo));
  set (&session->envelope->auth, mugai_unicode_make_safe (auth, -1, MAX_ADDRESS_BYTES));
  set (&session->envelope->from, without_brackets (sender));
  session->envelope->time_us = g_get_real_time ();
  session->envelope->attempt = 1;
  mugai_flow_classify (mugai_policy_organisation (session->policy), session->envelope);
}

/* ---- connect, helo ---- */

/* A connection without an address (sendmail(1), a unix socket) comes from this very machine. */
static char *client_address (const _SOCK_ADDR *address) {
  char text[INET6_ADDRSTRLEN] = "127.0.0.1";
  if (address != NULL && address->sa_family == AF_INET)
    inet_ntop (AF_INET, &((const struct sockaddr_in *) (const void *) address)->sin_addr, text, sizeof text);
  else if (address != NULL && address->sa_family == AF_INET6)
    inet_ntop (AF_INET6, &((const struct sockaddr_in6 *) (const void *) address)->sin6_addr, text, sizeof text);
  return g_strdup (text);
}

static sfsistat on_negotiate (SMFICTX *ctx, unsigned long f0, unsigned long f1, unsigned long f2, unsigned long f3,
                              unsigned long *pf0, unsigned long *pf1, unsigned long *pf2, unsigned long *pf3) {
  const unsigned long needed = mugai_session_callbacks.xxfi_flags;
  if ((f0 & needed) != needed) {
    mugai_front_log ("the MTA does not offer the milter actions that sanitising needs (0x%lx of 0x%lx)", f0, needed);
    return SMFIS_REJECT;
  }
  MugaiSession *session = g_new0 (MugaiSession, 1);
  session->ctx = ctx;
  session->client = g_strdup ("127.0.0.1");
  session->helo = g_strdup ("");
  session->leading_space = (f1 & SMFIP_HDR_LEADSPC) != 0;
  mugai_spool_init (&session->spool);
  (void) g_atomic_int_add (&mugai_front.sessions, 1);
  if (smfi_setpriv (ctx, session) != MI_SUCCESS)
    return SMFIS_REJECT;
  *pf0 = needed;
  *pf1 = (f1 & SMFIP_HDR_LEADSPC) | QUIET_STEPS;
  *pf2 = 0;
  *pf3 = 0;
  return SMFIS_CONTINUE;
}

static sfsistat on_connect (SMFICTX *ctx, char *host, _SOCK_ADDR *address) {
  MugaiSession *session = smfi_getpriv (ctx);
  set (&session->client, client_address (address));
  session->release = mugai_release_is_listener (ctx);
  return SMFIS_NOREPLY;
}

static sfsistat on_helo (SMFICTX *ctx, char *name) {
  MugaiSession *session = smfi_getpriv (ctx);
  set (&session->helo, mugai_unicode_make_safe (name, -1, MAX_HELO_BYTES));
  return SMFIS_NOREPLY;
}

static sfsistat on_close (SMFICTX *ctx) {
  MugaiSession *session = smfi_getpriv (ctx);
  if (session == NULL)
    return SMFIS_CONTINUE;
  mugai_session_end_mail (session);
  g_free (session->client);
  g_free (session->helo);
  g_free (session);
  (void) smfi_setpriv (ctx, NULL);
  (void) g_atomic_int_add (&mugai_front.sessions, -1);
  return SMFIS_CONTINUE;
}

/* ---- stage 1 ---- */

static gboolean is_busy (const MugaiFront *front) {
  return g_atomic_int_get (&front->stopping)
         || (guint) g_atomic_int_get (&front->sessions) > front->config->max_sessions;
}

/* Whatever a client writes there, the record holds a number that JSON has. */
static guint64 claimed_size (char **arguments) {
  for (; *arguments != NULL; arguments++)
    if (g_ascii_strncasecmp (*arguments, "SIZE=", 5) == 0)
      return MIN (g_ascii_strtoull (*arguments + 5, NULL, 10), (guint64) G_MAXINT64);
  return 0;
}

/* A flood from outside is answered before it costs anything; our own people's mail is counted when it is whole. */
static gboolean may_flood (const MugaiSession *session) {
  const MugaiRateLimit *limits = mugai_policy_rates (session->policy, MUGAI_DIRECTION_INBOUND);
  gboolean limited = FALSE;
  for (guint i = 0; i < MUGAI_N_RATE_SUBJECTS; i++)
    limited = limited || limits[i].messages > 0 || limits[i].recipients > 0;
  return limited && session->envelope->direction == MUGAI_DIRECTION_INBOUND;
}

static sfsistat on_mail (SMFICTX *ctx, char **arguments) {
  MugaiSession *session = smfi_getpriv (ctx);
  if (is_busy (&mugai_front))
    return mugai_answer_reply (session, BUSY_REPLY);
  begin_mail (session, arguments[0]);
  session->envelope->size_bytes = claimed_size (arguments + 1);
  if (session->release) /* the policy has spoken, and people after it: what counts now is the token */
    return SMFIS_CONTINUE;
  if (may_flood (session))
    mugai_message_ask_flow (session);
  g_autoptr (MugaiDecision) decision =
      mugai_policy_decide_sender (session->policy, session->envelope, session->envelope->size_bytes);
  return decision->action == MUGAI_ACTION_DELIVER ? SMFIS_CONTINUE
                                                  : mugai_message_refuse (session, decision, "at=mail");
}

/* Only the last one is refused, and only that one stands in the record; the others stay in hand. */
static sfsistat refuse_recipient (MugaiSession *session, MugaiDecision *decision) {
  MugaiEnvelope *envelope = session->envelope;
  GPtrArray *all = envelope->recipients;
  const MugaiRecipient *refused = g_ptr_array_index (all, all->len - 1);
  g_autofree char *what = g_strdup_printf ("to=<%s>", refused->address);
  envelope->recipients = g_ptr_array_new ();
  g_ptr_array_add (envelope->recipients, (gpointer) refused);
  sfsistat status = mugai_message_refuse (session, decision, what);
  g_ptr_array_unref (envelope->recipients);
  envelope->recipients = all;
  g_ptr_array_set_size (all, (gint) all->len - 1);
  g_ptr_array_set_size (session->recipients, (gint) session->recipients->len - 1);
  mugai_flow_classify (mugai_policy_organisation (session->policy), envelope);
  return status;
}

static sfsistat on_recipient (SMFICTX *ctx, char **arguments) {
  MugaiSession *session = smfi_getpriv (ctx);
  MugaiEnvelope *envelope = session->envelope;
  if (!session->in_mail)
    return SMFIS_TEMPFAIL;
  if (envelope->recipients->len >= MUGAI_SESSION_MAX_RECIPIENTS)
    return mugai_answer_reply (session, "452 4.5.3 Too many recipients");
  g_autofree char *address = without_brackets (arguments[0]);
  g_ptr_array_add (envelope->recipients, mugai_recipient_new (address));
  g_ptr_array_add (session->recipients, g_strdup (arguments[0]));
  mugai_flow_classify (mugai_policy_organisation (session->policy), envelope);
  if (session->release)
    return SMFIS_CONTINUE;
  g_autoptr (MugaiDecision) decision = mugai_policy_decide_recipient (session->policy, envelope);
  return decision->action == MUGAI_ACTION_DELIVER ? SMFIS_CONTINUE : refuse_recipient (session, decision);
}

/* ---- stage 2 ---- */

/* At the counted byte, whatever SIZE= said. */
static sfsistat append (MugaiSession *session, const void *data, gsize length_bytes) {
  if (!session->in_mail)
    return SMFIS_TEMPFAIL;
  switch (mugai_spool_append (&session->spool, data, length_bytes)) {
  case MUGAI_SPOOL_OK:
    break;
  case MUGAI_SPOOL_BUSY:
    return mugai_answer_reply (session, BUSY_REPLY);
  default:
    return mugai_answer_reply (session, ERROR_REPLY);
  }
  if (session->release
      || session->spool.size_bytes <= mugai_policy_max_size (session->policy, session->envelope->direction))
    return SMFIS_CONTINUE;
  session->envelope->size_bytes = session->spool.size_bytes;
  g_autoptr (MugaiDecision) decision =
      mugai_policy_decide_sender (session->policy, session->envelope, session->spool.size_bytes);
  if (decision->action == MUGAI_ACTION_DELIVER)
    return SMFIS_CONTINUE;
  sfsistat status = mugai_message_refuse (session, decision, "at=data");
  mugai_session_end_mail (session);
  return status;
}

/* The MTA unfolds with LF; the file has CRLF throughout, as received by SMTP. */
static sfsistat take_field (MugaiSession *session, const char *name, const char *value) {
  if (!session->in_mail)
    return SMFIS_TEMPFAIL;
  if (session->fields->len >= MUGAI_SESSION_MAX_FIELDS)
    return mugai_answer_reply (session, "552 5.3.4 Too many header fields");
  if (session->release && mugai_release_take_field (session, name, value))
    return SMFIS_CONTINUE;
  g_ptr_array_add (session->fields, g_strdup (name));
  session->marked = session->marked || g_ascii_strcasecmp (name, MUGAI_MARK_FIELD) == 0;
  if (session->message_id == NULL && g_ascii_strcasecmp (name, "message-id") == 0)
    session->message_id = g_strstrip (mugai_unicode_make_safe (value, -1, MAX_ADDRESS_BYTES));
  GString *line = g_string_new (name);
  g_string_append (line, session->leading_space ? ":" : ": ");
  for (const char *at = value; *at != '\0'; at++) {
    if (*at == '\n' && (at == value || at[-1] != '\r'))
      g_string_append_c (line, '\r');
    g_string_append_c (line, *at);
  }
  g_string_append (line, "\r\n");
  sfsistat status = append (session, line->str, line->len);
  g_string_free (line, TRUE);
  return status;
}

static sfsistat on_header (SMFICTX *ctx, char *name, char *value) {
  MugaiSession *session = smfi_getpriv (ctx);
  if (session->content_status == SMFIS_CONTINUE)
    session->content_status = take_field (session, name, value);
  return SMFIS_NOREPLY;
}

static sfsistat on_end_of_headers (SMFICTX *ctx) {
  MugaiSession *session = smfi_getpriv (ctx);
  session->body_begun = TRUE;
  if (session->content_status == SMFIS_CONTINUE)
    session->content_status = append (session, "\r\n", 2);
  return SMFIS_NOREPLY;
}

static sfsistat on_body (SMFICTX *ctx, unsigned char *chunk, size_t length_bytes) {
  MugaiSession *session = smfi_getpriv (ctx);
  if (session->content_status == SMFIS_CONTINUE)
    session->content_status = append (session, chunk, length_bytes);
  return SMFIS_NOREPLY;
}

static sfsistat finish_mail (MugaiSession *session) {
  if (session->content_status != SMFIS_CONTINUE)
    return session->content_status;
  if (!session->in_mail)
    return SMFIS_TEMPFAIL;
  return session->release ? mugai_release_finish (session) : mugai_message_finish (session);
}

static sfsistat on_end_of_message (SMFICTX *ctx) {
  MugaiSession *session = smfi_getpriv (ctx);
  sfsistat status = finish_mail (session);
  session->content_status = SMFIS_CONTINUE;
  mugai_session_end_mail (session);
  return status;
}

static sfsistat on_abort (SMFICTX *ctx) {
  MugaiSession *session = smfi_getpriv (ctx);
  if (session != NULL)
    mugai_session_end_mail (session);
  return SMFIS_CONTINUE;
}

struct smfiDesc mugai_session_callbacks = {
  .xxfi_name = (char *) "mugai",
  .xxfi_version = SMFI_VERSION,
  .xxfi_flags = SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_CHGBODY | SMFIF_ADDRCPT | SMFIF_DELRCPT | SMFIF_CHGFROM,
  .xxfi_connect = on_connect,
  .xxfi_helo = on_helo,
  .xxfi_envfrom = on_mail,
  .xxfi_envrcpt = on_recipient,
  .xxfi_header = on_header,
  .xxfi_eoh = on_end_of_headers,
  .xxfi_body = on_body,
  .xxfi_eom = on_end_of_message,
  .xxfi_abort = on_abort,
  .xxfi_close = on_close,
  .xxfi_negotiate = on_negotiate,
};
