/* SPDX-License-Identifier: GPL-2.0-only
 *
 * quarantine/acts: the table of acts: who may, in which state, and what it changes (the states are drawn in acts.h).
 *
 * Every act is looked at whole before it changes a row, so that a refused one leaves nothing. A token is shown once, in the answer to "queue";
 * the index keeps its digest, and the chain nothing of it. No clock but the one handed in.
 */
#include "mugai/quarantine/acts.h"

#include <string.h>

#include <sodium.h>

#include "mugai/base/unicode.h"

#include "await.h"
#include "store.h"

#define TOKEN_BYTES 32u
#define N_APPROVALS_HIGH 2
#define MAX_EXTENSION_DAYS 3650

#define READERS                                                                                                        \
  (MUGAI_ROLE_REVIEWER | MUGAI_ROLE_APPROVER | MUGAI_ROLE_ADMINISTRATOR | MUGAI_ROLE_AUDITOR | MUGAI_ROLE_ROOT)

#define SENDERS (MUGAI_ROLE_REVIEWER | MUGAI_ROLE_APPROVER | MUGAI_ROLE_ROOT | MUGAI_ROLE_CLERK)

G_DEFINE_QUARK (mugai - act - error - quark, mugai_act_error)

typedef struct {
  MugaiQuarantine *quarantine;
  const MugaiActor *actor;
  json_t *body;   /* what is asked */
  json_t *line;   /* for the chain */
  json_t *answer; /* for who asked */
  json_t *item;   /* its row; NULL where the kind needs none */
  const char *id, *item_class;
  char *at;
  gint64 now_s;
  GError **error;
} Act;

G_GNUC_PRINTF (3, 4) static gboolean refuse (Act *act, MugaiActError code, const char *format, ...) {
  va_list arguments;

  va_start (arguments, format);
  g_autofree char *words = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error_literal (act->error, MUGAI_ACT_ERROR, (gint) code, words);
  return FALSE;
}

static const char *text_at (json_t *object, const char *key) {
  const char *text = json_string_value (json_object_get (object, key));

  return text != NULL ? text : "";
}

/* Says it to both: the chain and who asked. */
static void say (Act *act, const char *key, json_t *value) {
  json_object_set (act->line, key, value);
  json_object_set_new (act->answer, key, value);
}

static gboolean set_item_state (Act *act, const char *state) {
  json_object_set_new (act->line, "before", json_string (text_at (act->item, "state")));
  say (act, "state", json_string (state));
  return mugai_quarantine_change (act->quarantine, act->error, "UPDATE items SET state = ?2 WHERE id = ?1", "ss",
                                  act->id, state);
}

/* ---- releases ---- */

/* (transfer full): the newest release of the item that is not over; an empty object: there is none. */
static json_t *find_open (Act *act) {
  g_autoptr (MugaiJson) rows = mugai_quarantine_query (
      act->quarantine, act->error,
      "SELECT * FROM releases WHERE item = ?1 AND state NOT IN ('done', 'refused') ORDER BY release DESC LIMIT 1", "s",
      act->id);

  if (rows == NULL)
    return NULL;
  json_t *row = json_array_get (rows, 0);
  return row != NULL ? json_incref (row) : json_object ();
}

static gboolean is_recipient (Act *act, const char *address, gboolean *ret_is) {
  g_autoptr (MugaiJson) rows =
      mugai_quarantine_query (act->quarantine, act->error,
                              "SELECT address FROM recipients WHERE id = ?1 AND address = ?2 COLLATE NOCASE", "ss",
                              act->id, address);

  *ret_is = rows != NULL && json_array_size (rows) > 0;
  return rows != NULL;
}

/* (transfer full): those asked for, all of them the item's own; without a list all it was for. */
static json_t *choose_recipients (Act *act) {
  json_t *wanted = json_object_get (act->body, "recipients");
  json_t *value;
  size_t i;
  g_autoptr (MugaiJson) chosen = json_array ();

  if (json_array_size (wanted) == 0) {
    g_autoptr (MugaiJson) rows =
        mugai_quarantine_query (act->quarantine, act->error,
                                "SELECT DISTINCT address FROM recipients WHERE id = ?1 AND address <> '' ORDER BY n",
                                "s", act->id);
    json_array_foreach (rows, i, value) json_array_append (chosen, json_object_get (value, "address"));
    return rows != NULL ? g_steal_pointer (&chosen) : NULL;
  }
  json_array_foreach (wanted, i, value) {
    gboolean is = FALSE;
    const char *address = json_string_value (value);
    if (address == NULL || !is_recipient (act, address, &is))
      return NULL;
    if (!is) {
      (void) refuse (act, MUGAI_ACT_ERROR_STATE, "%s is not a recipient of this mail", address);
      return NULL;
    }
    json_array_append (chosen, value);
  }
  return g_steal_pointer (&chosen);
}

static gboolean put_release (Act *act, const char *release, const char *form, json_t *recipients) {
  json_t *value;
  size_t i;

  if (!mugai_quarantine_change (act->quarantine, act->error,
                                "INSERT INTO releases VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'requested')", "ssssss", release,
                                act->id, form, act->actor->name, text_at (act->body, "reason"), act->at))
    return FALSE;
  json_array_foreach (recipients, i, value) {
    if (!mugai_quarantine_change (act->quarantine, act->error,
                                  "INSERT OR IGNORE INTO release_recipients (release, address, state)"
                                  " VALUES (?1, ?2, 'requested')",
                                  "ss", release, json_string_value (value)))
      return FALSE;
  }
  return TRUE;
}

static gboolean do_request (Act *act) {
  const char *form = text_at (act->body, "form");
  g_autoptr (MugaiJson) open = find_open (act);
  const char *release = text_at (act->body, "act_id");

  if (open == NULL)
    return FALSE;
  if (strcmp (text_at (act->item, "state"), "recalled") == 0)
    return refuse (act, MUGAI_ACT_ERROR_STATE, "recalled by its sender: it is not sent any more");
  if (strcmp (act->item_class, "infected") == 0)
    return refuse (act, MUGAI_ACT_ERROR_NOT_ALLOWED, "infected: an infected mail is not released");
  if (json_object_size (open) > 0)
    return refuse (act, MUGAI_ACT_ERROR_STATE, "there is a request already: %s by %s, %s", text_at (open, "release"),
                   text_at (open, "requester"), text_at (open, "state"));
  if (strcmp (form, "original") != 0 && strcmp (form, "attachment") != 0 && strcmp (form, "text") != 0)
    return refuse (act, MUGAI_ACT_ERROR_STATE, "the form is original, attachment or text");
  g_autoptr (MugaiJson) recipients = choose_recipients (act);
  if (recipients == NULL)
    return FALSE;
  if (json_array_size (recipients) == 0)
    return refuse (act, MUGAI_ACT_ERROR_STATE, "the mail has no recipient");
  say (act, "release", json_string (release));
  json_object_set (act->line, "recipients", recipients);
  json_object_set_new (act->line, "form", json_string (form));
  return put_release (act, release, form, recipients) && set_item_state (act, "requested");
}

/* "uid:1001:hana" and "uid:1001:hanako" are one: a login can be called otherwise overnight. */
static gboolean is_same_person (const char *a, const char *b) {
  const char *end_a = g_str_has_prefix (a, "uid:") ? strchr (a + 4, ':') : NULL;
  const char *end_b = g_str_has_prefix (b, "uid:") ? strchr (b + 4, ':') : NULL;
  gsize length_a = end_a != NULL ? (gsize) (end_a - a) : strlen (a);
  gsize length_b = end_b != NULL ? (gsize) (end_b - b) : strlen (b);

  return length_a == length_b && memcmp (a, b, length_a) == 0;
}

/* Whoever asked: the sender decides on no release of the own mail; and where the rule names approvers, nobody else does. */
static gboolean check_sides (Act *act) {
  g_autoptr (MugaiJson) record = mugai_quarantine_record (act->quarantine, act->id, act->error);
  json_t *awaits = json_object_get (record, "awaits");

  if (record == NULL)
    return FALSE;
  if (mugai_actor_is_sender (act->actor, record))
    return refuse (act, MUGAI_ACT_ERROR_NOT_ALLOWED, "who sent the mail cannot decide on its release");
  if (!mugai_actor_may_approve (act->actor, awaits))
    return refuse (act, MUGAI_ACT_ERROR_NOT_ALLOWED, "the rule names its approvers, and you are none of them");
  if (awaits != NULL)
    say (act, "awaits", json_incref (json_object_get (awaits, "kind")));
  return TRUE;
}

static gboolean find_requested (Act *act, json_t **ret_open) {
  *ret_open = find_open (act);
  if (*ret_open == NULL)
    return FALSE;
  if (strcmp (text_at (*ret_open, "state"), "requested") != 0)
    return refuse (act, MUGAI_ACT_ERROR_STATE, "nothing waits for an approval: the item is %s",
                   text_at (act->item, "state"));
  if (is_same_person (text_at (*ret_open, "requester"), act->actor->name))
    return refuse (act, MUGAI_ACT_ERROR_NOT_ALLOWED, "who asked for a release cannot decide on it");
  if (!check_sides (act))
    return FALSE;
  say (act, "release", json_string (text_at (*ret_open, "release")));
  return TRUE;
}

static gboolean set_release_state (Act *act, const char *release, const char *from, const char *to) {
  return mugai_quarantine_change (act->quarantine, act->error, "UPDATE releases SET state = ?2 WHERE release = ?1",
                                  "ss", release, to)
         && mugai_quarantine_change (act->quarantine, act->error,
                                     "UPDATE release_recipients SET state = ?3 WHERE release = ?1 AND state = ?2",
                                     "sss", release, from, to);
}

static gboolean do_approve (Act *act) {
  g_autoptr (MugaiJson) open = NULL;

  if (!find_requested (act, &open))
    return FALSE;
  const char *release = text_at (open, "release");
  g_autoptr (MugaiJson) others =
      mugai_quarantine_query (act->quarantine, act->error, "SELECT approver FROM approvals WHERE release = ?1", "s",
                              release);
  if (others == NULL)
    return FALSE;
  json_t *value;
  size_t i;
  json_array_foreach (others, i, value) {
    if (is_same_person (text_at (value, "approver"), act->actor->name))
      return refuse (act, MUGAI_ACT_ERROR_NOT_ALLOWED, "you have approved this already; another approver is needed");
  }
  if (!mugai_quarantine_change (act->quarantine, act->error, "INSERT INTO approvals VALUES (?1, ?2, ?3, ?4)", "ssss",
                                release, act->actor->name, text_at (act->body, "reason"), act->at))
    return FALSE;
  int needed = strcmp (act->item_class, "normal") == 0 ? 1 : N_APPROVALS_HIGH;
  int there = (int) json_array_size (others) + 1;
  say (act, "approvals", json_integer (there));
  say (act, "needed", json_integer (needed));
  if (there < needed)
    return set_item_state (act, "requested");
  return set_release_state (act, release, "requested", "approved") && set_item_state (act, "approved");
}

static gboolean do_refuse (Act *act) {
  g_autoptr (MugaiJson) open = NULL;

  return find_requested (act, &open) && set_release_state (act, text_at (open, "release"), "requested", "refused")
         && set_item_state (act, "refused");
}

/* ---- on the way to the MTA ---- */

static char *digest_of (const char *token) {
  return mugai_sha256_hex (token, strlen (token));
}

/* One recipient: a token for it, or why not. */
static gboolean queue_one (Act *act, const char *release, json_t *row, const char *sha256, json_t *tokens) {
  guint8 bytes[TOKEN_BYTES];
  char token[2 * TOKEN_BYTES + 1];
  const char *state = text_at (row, "state"), *address = text_at (row, "address");
  gboolean late = strcmp (state, "queued") == 0 && json_integer_value (json_object_get (row, "until_s")) < act->now_s;
  /* Let in, and nobody said what became of it: only who has looked may have it sent again. */
  gboolean again = strcmp (state, "redeemed") == 0 && json_is_true (json_object_get (act->body, "again"));

  if (strcmp (state, "approved") != 0 && strcmp (state, "failed") != 0 && !late && !again)
    return TRUE;
  mugai_random (bytes, sizeof bytes);
  (void) sodium_bin2hex (token, sizeof token, bytes, sizeof bytes);
  g_autofree char *digest = digest_of (token);
  if (!mugai_quarantine_change (act->quarantine, act->error,
                                "UPDATE release_recipients SET state = 'queued', token = ?3, until_s = ?4, sha256 = ?5,"
                                " tries = tries + 1 WHERE release = ?1 AND address = ?2",
                                "sssis", release, address, digest, act->now_s + MUGAI_QUARANTINE_TOKEN_S, sha256))
    return FALSE;
  json_array_append_new (tokens, json_pack ("{s:s, s:s}", "address", address, "token", token));
  sodium_memzero (token, sizeof token);
  sodium_memzero (bytes, sizeof bytes);
  return TRUE;
}

static gboolean fail_queue (Act *act, const char *release, json_t *rows) {
  g_autoptr (GString) words = g_string_new (NULL);
  json_t *row;
  size_t i;

  json_array_foreach (rows, i, row)
      g_string_append_printf (words, "%s%s: %s", i > 0 ? ", " : "", text_at (row, "address"), text_at (row, "state"));
  return refuse (act, MUGAI_ACT_ERROR_STATE, "release %s: nothing to send now (%s)", release, words->str);
}

/* Who is no person sends what a delay has let go, and nothing else; and nobody sends it before. */
static gboolean check_due (Act *act, const char *kind) {
  g_autoptr (MugaiJson) awaits = mugai_quarantine_awaits (act->quarantine, act->id, act->error);
  gboolean delay = awaits != NULL && mugai_quarantine_awaits_delay (awaits);
  g_autofree char *roles = mugai_quarantine_role_names (act->actor->roles);

  if (awaits == NULL)
    return FALSE;
  if (!delay && (act->actor->roles & (MUGAI_ROLE_REVIEWER | MUGAI_ROLE_APPROVER)) == 0)
    return refuse (act, MUGAI_ACT_ERROR_NOT_ALLOWED, "%s: not for the role of %s (%s)", kind, act->actor->name, roles);
  if (delay && act->now_s < json_integer_value (json_object_get (awaits, "until_s")))
    return refuse (act, MUGAI_ACT_ERROR_STATE, "delayed: its sender may still recall it");
  return TRUE;
}

static gboolean do_queue (Act *act) {
  g_autoptr (MugaiJson) open = find_open (act);
  g_autoptr (MugaiJson) tokens = json_array ();
  const char *sha256 = text_at (act->body, "sha256");

  if (open == NULL || !check_due (act, "release-queue"))
    return FALSE;
  const char *release = text_at (open, "release"), *state = text_at (open, "state");
  if (strcmp (state, "approved") != 0 && strcmp (state, "queued") != 0 && strcmp (state, "failed") != 0)
    return refuse (act, MUGAI_ACT_ERROR_STATE, "not approved: the item is %s", text_at (act->item, "state"));
  if (!mugai_sha256_is_valid (sha256)
      || (strcmp (text_at (open, "form"), "original") == 0 && strcmp (sha256, text_at (act->item, "sha256")) != 0))
    return refuse (act, MUGAI_ACT_ERROR_STATE, "what is to be sent is not the original");
  g_autoptr (MugaiJson) rows =
      mugai_quarantine_query (act->quarantine, act->error,
                              "SELECT * FROM release_recipients WHERE release = ?1 ORDER BY address", "s", release);
  json_t *row;
  size_t i;
  if (rows == NULL)
    return FALSE;
  json_array_foreach (rows, i, row) {
    if (!queue_one (act, release, row, sha256, tokens))
      return FALSE;
  }
  if (json_array_size (tokens) == 0)
    return fail_queue (act, release, rows);
  say (act, "release", json_string (release));
  json_object_set_new (act->line, "sha256", json_string (sha256));
  json_object_set_new (act->line, "recipients", json_integer ((json_int_t) json_array_size (tokens)));
  json_object_set (act->answer, "tokens", tokens);
  return set_release_state (act, release, "", "queued") && set_item_state (act, "queued");
}

/* The front's: the token is the right; it is bound to item, recipient and content, and good once. */
static gboolean do_redeem (Act *act) {
  g_autofree char *digest = digest_of (text_at (act->body, "token"));
  g_autoptr (MugaiJson) rows = mugai_quarantine_query (
      act->quarantine, act->error,
      "SELECT r.release, r.item, p.address FROM release_recipients p JOIN releases r USING (release) WHERE p.token = ?1"
      " AND p.state = 'queued' AND p.until_s >= ?2 AND p.sha256 = ?3 AND p.address = ?4 COLLATE NOCASE",
      "siss", digest, act->now_s, text_at (act->body, "sha256"), text_at (act->body, "recipient"));

  if (rows == NULL)
    return FALSE;
  json_t *row = json_array_get (rows, 0);
  if (row == NULL)
    return refuse (act, MUGAI_ACT_ERROR_NOT_ALLOWED, "no such release");
  say (act, "item", json_string (text_at (row, "item")));
  say (act, "release", json_string (text_at (row, "release")));
  json_object_set_new (act->line, "recipient", json_string (text_at (row, "address")));
  json_object_set_new (act->line, "sha256", json_string (text_at (act->body, "sha256")));
  return mugai_quarantine_change (act->quarantine, act->error,
                                  "UPDATE release_recipients SET state = 'redeemed', token = NULL"
                                  " WHERE release = ?1 AND address = ?2",
                                  "ss", text_at (row, "release"), text_at (row, "address"));
}

/* From its recipients: one that failed makes it "failed", one on the way "queued", all accepted "done". */
static gboolean settle (Act *act, const char *release) {
  g_autoptr (MugaiJson) rows = mugai_quarantine_query (
      act->quarantine, act->error,
      "SELECT sum (state IN ('queued', 'redeemed', 'approved')) AS waiting, sum (state = 'failed') AS failed"
      " FROM release_recipients WHERE release = ?1",
      "s", release);

  if (rows == NULL)
    return FALSE;
  json_t *row = json_array_get (rows, 0);
  const char *state = json_integer_value (json_object_get (row, "waiting")) > 0  ? "queued"
                      : json_integer_value (json_object_get (row, "failed")) > 0 ? "failed"
                                                                                 : "done";
  return mugai_quarantine_change (act->quarantine, act->error, "UPDATE releases SET state = ?2 WHERE release = ?1",
                                  "ss", release, state)
         && set_item_state (act, state);
}

static gboolean do_result (Act *act) {
  if (!check_due (act, "release-result"))
    return FALSE;
  const char *address = text_at (act->body, "recipient"), *release = text_at (act->body, "release");
  gboolean accepted = json_is_true (json_object_get (act->body, "accepted"));
  g_autofree char *reply =
      mugai_unicode_make_safe (text_at (act->body, "reply"), -1, MUGAI_QUARANTINE_MAX_REASON_BYTES);
  g_autoptr (MugaiJson) rows = mugai_quarantine_query (
      act->quarantine, act->error,
      "SELECT p.state FROM release_recipients p JOIN releases r USING (release)"
      " WHERE release = ?1 AND address = ?2 AND item = ?3 AND p.state IN ('queued', 'redeemed')",
      "sss", release, address, act->id);

  if (rows == NULL)
    return FALSE;
  if (json_array_size (rows) == 0)
    return refuse (act, MUGAI_ACT_ERROR_STATE, "no such release is on its way");
  gboolean seen = strcmp (text_at (json_array_get (rows, 0), "state"), "redeemed") == 0;
  /* Let in by us, and then no word from the MTA: it may have it. To call that failed would be to send it twice. */
  gboolean unknown = !accepted && seen && !json_is_true (json_object_get (act->body, "answered"));
  say (act, "release", json_string (release));
  json_object_set_new (act->line, "recipient", json_string (address));
  json_object_set_new (act->line, "accepted", json_boolean (accepted));
  json_object_set_new (act->line, "reply", mugai_json_string (reply));
  say (act, "unknown", json_boolean (unknown));
  say (act, "scanned_again", json_boolean (seen)); /* FALSE and accepted: a listener without mugai behind it */
  return mugai_quarantine_change (act->quarantine, act->error,
                                  "UPDATE release_recipients SET state = ?3, reply = ?4, token = NULL"
                                  " WHERE release = ?1 AND address = ?2",
                                  "ssss", release, address,
                                  accepted  ? "accepted"
                                  : unknown ? "redeemed"
                                            : "failed",
                                  reply)
         && settle (act, release);
}

/* ---- keeping and ending ---- */

static gboolean is_on_its_way (Act *act, gboolean *ret_is);

/* The sender takes a mail back that was not sent to anybody yet; whoever else has to do with it may do so for the sender. */
static gboolean do_recall (Act *act) {
  const MugaiRoles others = MUGAI_ROLE_REVIEWER | MUGAI_ROLE_APPROVER | MUGAI_ROLE_ADMINISTRATOR;
  static const char *const waiting[] = { "held", "requested", "approved", "delayed", "failed", "refused", NULL };
  g_autoptr (MugaiJson) record = mugai_quarantine_record (act->quarantine, act->id, act->error);
  gboolean on_its_way = FALSE;

  if (record == NULL || !is_on_its_way (act, &on_its_way))
    return FALSE;
  if (!mugai_actor_is_sender (act->actor, record) && (act->actor->roles & others) == 0)
    return refuse (act, MUGAI_ACT_ERROR_NOT_ALLOWED, "recall: not for %s, who did not send it", act->actor->name);
  if (strcmp (text_at (record, "direction"), "inbound") == 0 || strcmp (text_at (record, "action"), "hold") != 0)
    return refuse (act, MUGAI_ACT_ERROR_STATE, "only a mail of ours that is held can be recalled");
  if (on_its_way || !g_strv_contains (waiting, text_at (act->item, "state")))
    return refuse (act, MUGAI_ACT_ERROR_STATE, "too late to recall it: the item is %s", text_at (act->item, "state"));
  return mugai_quarantine_change (
             act->quarantine, act->error,
             "UPDATE release_recipients SET state = 'refused' WHERE state <> 'accepted' AND release IN"
             " (SELECT release FROM releases WHERE item = ?1)",
             "s", act->id)
         && mugai_quarantine_change (act->quarantine, act->error,
                                     "UPDATE releases SET state = 'refused' WHERE item = ?1 AND state <> 'done'", "s",
                                     act->id)
         && set_item_state (act, "recalled");
}

static gboolean is_on_its_way (Act *act, gboolean *ret_is) {
  g_autoptr (MugaiJson) rows = mugai_quarantine_query (
      act->quarantine, act->error,
      "SELECT 1 AS one FROM releases r JOIN release_recipients p USING (release) WHERE r.item = ?1"
      " AND p.state IN ('queued', 'redeemed')",
      "s", act->id);

  *ret_is = rows != NULL && json_array_size (rows) > 0;
  return rows != NULL;
}

static gboolean dispose (Act *act, const char *state) {
  gboolean on_its_way = FALSE;

  if (json_integer_value (json_object_get (act->item, "legal_hold")) != 0)
    return refuse (act, MUGAI_ACT_ERROR_STATE, "a legal hold keeps this item");
  if (!is_on_its_way (act, &on_its_way))
    return FALSE;
  if (on_its_way)
    return refuse (act, MUGAI_ACT_ERROR_STATE, "it is being released just now");
  /* The disposal record: what, of what digest; when, who, why and with which role stand in every line. */
  json_object_set (act->line, "sha256", json_object_get (act->item, "sha256"));
  json_object_set (act->line, "size_bytes", json_object_get (act->item, "size_bytes"));
  json_object_set (act->line, "class", json_object_get (act->item, "class"));
  json_object_set (act->line, "received", json_object_get (act->item, "time"));
  return mugai_quarantine_change (act->quarantine, act->error,
                                  "UPDATE releases SET state = 'refused' WHERE item = ?1 AND state <> 'done'", "s",
                                  act->id)
         && set_item_state (act, state);
}

static gboolean do_delete (Act *act) {
  return dispose (act, "deleted");
}

static gboolean do_expire (Act *act) {
  return dispose (act, "expired");
}

static gboolean set_hold (Act *act, gint64 hold) {
  if (json_integer_value (json_object_get (act->item, "legal_hold")) == hold)
    return refuse (act, MUGAI_ACT_ERROR_STATE, hold ? "it is held already" : "it is not held");
  say (act, "legal_hold", json_boolean (hold != 0));
  return mugai_quarantine_change (act->quarantine, act->error, "UPDATE items SET legal_hold = ?2 WHERE id = ?1", "si",
                                  act->id, hold);
}

static gboolean do_hold (Act *act) {
  return set_hold (act, 1);
}

static gboolean do_unhold (Act *act) {
  return set_hold (act, 0);
}

static gboolean do_extend (Act *act) {
  json_int_t days = json_integer_value (json_object_get (act->body, "days"));
  gint64 until_s = act->now_s + days * 86400;

  if (days < 1 || days > MAX_EXTENSION_DAYS)
    return refuse (act, MUGAI_ACT_ERROR_STATE, "write 1 to %d days, counted from now", MAX_EXTENSION_DAYS);
  if (until_s < json_integer_value (json_object_get (act->item, "kept_until_s")))
    return refuse (act, MUGAI_ACT_ERROR_STATE, "an extension does not shorten");
  say (act, "kept_until_s", json_integer (until_s));
  return mugai_quarantine_change (act->quarantine, act->error, "UPDATE items SET kept_until_s = ?2 WHERE id = ?1", "si",
                                  act->id, until_s);
}

/* Looked at, searched, exported, backed up: nothing changes but the chain. */
static gboolean do_note (Act *act) {
  static const char *const own[] = { "act_id", "item", "reason", "origin", "sudo_uid", "role", "token" };
  const char *key;
  json_t *value;

  json_object_foreach (act->body, key, value) {
    gboolean taken = FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS (own); i++)
      taken = taken || strcmp (key, own[i]) == 0;
    if (!taken)
      json_object_set (act->line, key, value);
  }
  return TRUE;
}

static gboolean do_export (Act *act) {
  if (strcmp (act->item_class, "infected") == 0
      && (act->actor->roles & (MUGAI_ROLE_ADMINISTRATOR | MUGAI_ROLE_ROOT)) == 0)
    return refuse (act, MUGAI_ACT_ERROR_NOT_ALLOWED, "infected: only an administrator takes it out");
  return do_note (act);
}

static gboolean do_rotate (Act *act) {
  guint number = 0;

  if (!mugai_quarantine_rotate_key (act->quarantine, &number, act->error))
    return FALSE;
  say (act, "master", json_integer (number));
  return TRUE;
}

/* ---- the table ---- */

typedef enum { NEEDS_NOTHING = 0, NEEDS_ITEM = 1, NEEDS_REASON = 2, NEEDS_BLOB = 4 } Needs;

static const struct {
  const char *kind;
  MugaiRoles roles;
  Needs needs;
  gboolean (*run) (Act *act);
} acts[] = {
  { "release-request", MUGAI_ROLE_REVIEWER | MUGAI_ROLE_APPROVER, NEEDS_ITEM | NEEDS_REASON | NEEDS_BLOB, do_request },
  { "release-approve", MUGAI_ROLE_APPROVER, NEEDS_ITEM | NEEDS_REASON | NEEDS_BLOB, do_approve },
  { "release-refuse", MUGAI_ROLE_APPROVER, NEEDS_ITEM | NEEDS_REASON | NEEDS_BLOB, do_refuse },
  { "release-queue", SENDERS, NEEDS_ITEM | NEEDS_BLOB, do_queue },
  { "release-result", SENDERS, NEEDS_ITEM, do_result },
  /* Being the sender is the right. */
  { "recall", (MugaiRoles) ~0u, NEEDS_ITEM | NEEDS_REASON | NEEDS_BLOB, do_recall },
  /* The token is the right. */
  { "release-redeem", (MugaiRoles) ~0u, NEEDS_NOTHING, do_redeem },
  { "delete", MUGAI_ROLE_ADMINISTRATOR, NEEDS_ITEM | NEEDS_REASON | NEEDS_BLOB, do_delete },
  { "expire", MUGAI_ROLE_KEEPER, NEEDS_ITEM | NEEDS_REASON | NEEDS_BLOB, do_expire },
  { "legal-hold", MUGAI_ROLE_APPROVER | MUGAI_ROLE_ADMINISTRATOR | MUGAI_ROLE_ROOT,
    NEEDS_ITEM | NEEDS_REASON | NEEDS_BLOB, do_hold },
  { "legal-hold-end", MUGAI_ROLE_ADMINISTRATOR, NEEDS_ITEM | NEEDS_REASON | NEEDS_BLOB, do_unhold },
  { "extend", MUGAI_ROLE_APPROVER | MUGAI_ROLE_ADMINISTRATOR | MUGAI_ROLE_ROOT, NEEDS_ITEM | NEEDS_REASON | NEEDS_BLOB,
    do_extend },
  { "export", MUGAI_ROLE_APPROVER | MUGAI_ROLE_ADMINISTRATOR | MUGAI_ROLE_ROOT, NEEDS_ITEM | NEEDS_BLOB, do_export },
  { "view", READERS, NEEDS_ITEM, do_note },
  { "list", READERS, NEEDS_NOTHING, do_note },
  { "search", MUGAI_ROLE_AUDITOR | MUGAI_ROLE_ADMINISTRATOR | MUGAI_ROLE_ROOT, NEEDS_NOTHING, do_note },
  { "report", MUGAI_ROLE_AUDITOR | MUGAI_ROLE_ADMINISTRATOR | MUGAI_ROLE_ROOT, NEEDS_NOTHING, do_note },
  { "backup", MUGAI_ROLE_ADMINISTRATOR | MUGAI_ROLE_ROOT, NEEDS_NOTHING, do_note },
  { "repair", MUGAI_ROLE_ADMINISTRATOR | MUGAI_ROLE_ROOT, NEEDS_NOTHING, do_note },
  { "rotate-key", MUGAI_ROLE_ADMINISTRATOR | MUGAI_ROLE_ROOT, NEEDS_NOTHING, do_rotate },
  { "checkpoint-ask", MUGAI_ROLE_AUDITOR | MUGAI_ROLE_ADMINISTRATOR | MUGAI_ROLE_ROOT, NEEDS_NOTHING, do_note },
};

static int find_kind (const char *kind) {
  for (gsize i = 0; i < G_N_ELEMENTS (acts); i++)
    if (strcmp (acts[i].kind, kind) == 0)
      return (int) i;
  return -1;
}

gboolean mugai_quarantine_is_act (const char *kind) {
  return find_kind (kind) >= 0;
}

static gboolean in_unit (const char *unit, const char *address) {
  if (strcmp (unit, "*") == 0)
    return TRUE;
  g_autofree char *lower = g_ascii_strdown (address, -1);
  return unit[0] == '@' ? g_str_has_suffix (lower, unit) : strcmp (lower, unit) == 0;
}

/* An account has an item when one of the people it was from or for is its unit's. */
static gboolean has_item (Act *act, gboolean *ret_has) {
  g_autoptr (MugaiJson) rows = mugai_quarantine_query (
      act->quarantine, act->error,
      "SELECT address FROM recipients WHERE id = ?1 UNION SELECT sender FROM items WHERE id = ?1", "s", act->id);
  json_t *row;
  size_t i;

  if (rows == NULL)
    return FALSE;
  *ret_has = act->actor->units == NULL;
  json_array_foreach (rows, i, row) for (char **unit = act->actor->units; unit != NULL && *unit != NULL;
                                         unit++) *ret_has = *ret_has || in_unit (*unit, text_at (row, "address"));
  return TRUE;
}

static gboolean read_item (Act *act, Needs needs) {
  gboolean has = FALSE;

  act->id = text_at (act->body, "item");
  g_autoptr (MugaiJson) rows =
      mugai_quarantine_query (act->quarantine, act->error, "SELECT * FROM items WHERE id = ?1", "s", act->id);
  if (rows == NULL)
    return FALSE;
  if (json_array_size (rows) == 0)
    return refuse (act, MUGAI_ACT_ERROR_STATE, "no such item");
  act->item = json_incref (json_array_get (rows, 0));
  act->item_class = text_at (act->item, "class");
  json_object_set_new (act->line, "item", json_string (act->id));
  const char *state = text_at (act->item, "state");
  if ((needs & NEEDS_BLOB) != 0 && (strcmp (state, "deleted") == 0 || strcmp (state, "expired") == 0))
    return refuse (act, MUGAI_ACT_ERROR_STATE, "it was disposed of: %s", state);
  if (!has_item (act, &has))
    return FALSE;
  return has || refuse (act, MUGAI_ACT_ERROR_NOT_ALLOWED, "this item is of another unit");
}

static gboolean check (Act *act, int which) {
  const char *reason = text_at (act->body, "reason");
  g_autofree char *safe = mugai_unicode_make_safe (reason, -1, MUGAI_QUARANTINE_MAX_REASON_BYTES);
  g_autofree char *roles = mugai_quarantine_role_names (act->actor->roles);
  g_autofree char *origin = mugai_unicode_make_safe (text_at (act->body, "origin"), -1, 200);

  json_object_set_new (act->line, "act_id", json_string (text_at (act->body, "act_id")));
  json_object_set_new (act->line, "role", json_string (roles));
  json_object_set_new (act->line, "from", json_string (origin));
  if (reason[0] != '\0')
    json_object_set_new (act->line, "reason", json_string (safe));
  if ((act->actor->roles & acts[which].roles) == 0)
    return refuse (act, MUGAI_ACT_ERROR_NOT_ALLOWED, "%s: not for the role of %s (%s)", acts[which].kind,
                   act->actor->name, roles[0] != '\0' ? roles : "none");
  if ((acts[which].needs & NEEDS_ITEM) != 0 && !read_item (act, acts[which].needs))
    return FALSE;
  g_strstrip (safe);
  return (acts[which].needs & NEEDS_REASON) == 0 || safe[0] != '\0'
         || refuse (act, MUGAI_ACT_ERROR_STATE, "give a reason");
}

static gboolean put_act (Act *act, const char *kind) {
  g_autofree char *text = mugai_json_line (act->line);

  return mugai_quarantine_change (
      act->quarantine, act->error,
      "INSERT INTO acts (act_id, item, kind, actor, at, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)", "ssssss",
      text_at (act->body, "act_id"), json_string_value (json_object_get (act->line, "item")), kind, act->actor->name,
      act->at, text);
}

gboolean mugai_quarantine_act (MugaiQuarantine *quarantine, const char *kind, const MugaiActor *actor, json_t *body,
                               gint64 now_us, json_t **ret_line, json_t **ret_answer, GError **error) {
  int which = find_kind (kind);
  g_autoptr (MugaiJson) line = json_object (), answer = json_object ();
  g_autofree char *at = mugai_time_rfc3339 (now_us);
  Act act = { .quarantine = quarantine,
              .actor = actor,
              .body = body,
              .line = line,
              .answer = answer,
              .at = at,
              .now_s = now_us / G_USEC_PER_SEC,
              .error = error };

  g_return_val_if_fail (which >= 0 && quarantine->in_group, FALSE);
  gboolean done = check (&act, which) && acts[which].run (&act) && put_act (&act, kind);
  json_decref (act.item);
  *ret_line = g_steal_pointer (&line);
  *ret_answer = done ? g_steal_pointer (&answer) : NULL;
  return done;
}
