/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Releases: a mail that people let out of the quarantine comes back through a listener of the MTA's own (milter.h names it).
 *
 * Nothing about such a connection is trusted, not its address, sender or content: the keeper is asked whether the token in the first header field
 * was given for exactly these bytes and this one recipient, has not been used, and is not late. Before that the mail is scanned
 * again with today's signatures. Without a token nothing gets through here, not even what would be harmless.
 */
#include "session.h"

#include <string.h>

#include "mugai/base/base.h"
#include "mugai/base/fd.h"
#include "mugai/keeper.h"

#define MAX_TOKEN_BYTES 128u
#define NOT_A_RELEASE_REPLY "550 5.7.1 Not a release"
#define INFECTED_REPLY "550 5.7.1 Infected: not released"
#define TRY_AGAIN_REPLY "451 4.3.0 The release could not be checked, try again later"

gboolean mugai_release_is_listener (SMFICTX *ctx) {
  return g_strcmp0 (smfi_getsymval (ctx, (char *) "{daemon_name}"), MUGAI_RELEASE_DAEMON) == 0;
}

gboolean mugai_release_take_field (MugaiSession *session, const char *name, const char *value) {
  if (session->fields->len > 0 || session->token != NULL || g_ascii_strcasecmp (name, MUGAI_RELEASE_FIELD) != 0)
    return FALSE;
  session->token = g_strstrip (g_strndup (value, MAX_TOKEN_BYTES));
  return TRUE;
}

static char *digest_of (int fd) {
  g_autoptr (GBytes) bytes = mugai_fd_map (fd, NULL);
  gsize length_bytes = 0;
  const void *data = bytes != NULL ? g_bytes_get_data (bytes, &length_bytes) : NULL;

  return bytes != NULL ? mugai_sha256_hex (data, length_bytes) : NULL;
}

/* @ret_gone: nobody could be asked; else the answer is no. */
static gboolean redeem (MugaiSession *session, gboolean *ret_gone) {
  const MugaiRecipient *recipient = g_ptr_array_index (session->envelope->recipients, 0);
  g_autofree char *sha256 = digest_of (session->spool.fd);
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiJson) body = json_object ();

  json_object_set_new (body, "token", mugai_json_string (session->token));
  json_object_set_new (body, "recipient", mugai_json_string (recipient->address));
  json_object_set_new (body, "sha256", mugai_json_string (sha256));
  json_object_set_new (body, "mail", mugai_json_string (session->id));
  g_autoptr (MugaiJson) answer =
      mugai_keeper_act (mugai_front.keeper_socket, "release-redeem", body, MUGAI_KEEPER_TIMEOUT_MS, &error);
  *ret_gone = answer == NULL && !g_error_matches (error, MUGAI_KEEPER_ERROR, MUGAI_KEEPER_ERROR_FAILED);
  if (answer == NULL)
    mugai_front_log ("%s release refused: %s", session->id, error->message);
  return answer != NULL;
}

/* What the record says of it: let through as it is, by the hand of people. */
static MugaiDecision *make_decision (const MugaiSession *session, const MugaiFacts *facts, const char *reply,
                                     const char *because) {
  MugaiDecision *decision = mugai_decision_new ();

  decision->action = reply == NULL     ? MUGAI_ACTION_DELIVER
                     : reply[0] == '5' ? MUGAI_ACTION_REFUSE
                                       : MUGAI_ACTION_TEMPFAIL;
  decision->ceiling = MUGAI_CEILING_UNTOUCHED;
  decision->reply = g_strdup (reply);
  g_ptr_array_add (decision->reasons, mugai_reason_new ("release", "", because));
  for (guint i = 0; facts != NULL && i < facts->parts->len; i++)
    g_ptr_array_add (decision->parts, mugai_part_decision_new (MUGAI_PART_KEEP, "release"));
  for (guint i = 0; i < session->envelope->recipients->len; i++) {
    MugaiRecipientDecision *each = g_new0 (MugaiRecipientDecision, 1);
    each->action = decision->action;
    each->rule = g_strdup ("release");
    g_ptr_array_add (decision->recipients, each);
  }
  return decision;
}

static gboolean is_infected (const MugaiFacts *facts) {
  for (guint i = 0; i < facts->parts->len; i++)
    if (((const MugaiPart *) g_ptr_array_index (facts->parts, i))->scan == MUGAI_SCAN_INFECTED)
      return TRUE;
  return FALSE;
}

/* NULL: it may pass. @ret_because: for the record. */
static const char *judge (MugaiSession *session, MugaiFacts **ret_facts, const char **ret_because) {
  g_autoptr (GError) error = NULL;
  gboolean gone = FALSE;

  *ret_because = "no token of a release";
  if (session->token == NULL || session->envelope->recipients->len != 1)
    return NOT_A_RELEASE_REPLY;
  *ret_facts = mugai_message_inspect (session, &error);
  *ret_because = "it could not be scanned again";
  if (*ret_facts == NULL || (*ret_facts)->signatures_version == NULL) {
    mugai_front_log ("%s release: %s", session->id, error != NULL ? error->message : "no signatures are loaded");
    return TRY_AGAIN_REPLY;
  }
  *ret_because = "a part is infected by today's signatures";
  if (is_infected (*ret_facts))
    return INFECTED_REPLY;
  *ret_because = "the token is not of this mail and recipient, was used, or is late";
  if (!redeem (session, &gone))
    return gone ? TRY_AGAIN_REPLY : NOT_A_RELEASE_REPLY;
  *ret_because = "released from the quarantine, scanned again";
  return NULL;
}

sfsistat mugai_release_finish (MugaiSession *session) {
  g_autoptr (MugaiFacts) facts = NULL;
  const char *because = NULL;

  if (!mugai_message_seal (session))
    return mugai_answer_reply (session, TRY_AGAIN_REPLY);
  if (session->token == NULL && mugai_notice_is_ours (session)) /* a digest, which the same timer sends */
    return mugai_notice_finish (session);
  mugai_session_begin_step (session);
  const char *reply = judge (session, &facts, &because);
  g_autoptr (MugaiDecision) decision = make_decision (session, facts, reply, because);
  MugaiOutcome outcome = { .facts = facts, .decision = decision, .took = { -1, -1, -1, -1, -1, -1 } };
  gboolean kept = mugai_message_keep (session, session->id, &outcome);
  mugai_session_end_step (session);
  if (!kept)
    reply = TRY_AGAIN_REPLY;
  if (reply == NULL && smfi_chgheader (session->ctx, (char *) MUGAI_RELEASE_FIELD, 1, NULL) != MI_SUCCESS)
    reply = TRY_AGAIN_REPLY;
  mugai_front_log ("%s queue=%s release=%s: %s", session->id, session->envelope->queue_id,
                   reply == NULL ? "accepted" : "refused", because);
  mugai_front_count (&mugai_front, messages, 1);
  if (reply == NULL)
    mugai_front_count (&mugai_front, delivered, 1);
  else
    mugai_front_count (&mugai_front, refused, 1);
  return reply == NULL ? SMFIS_CONTINUE : mugai_answer_reply (session, reply);
}
