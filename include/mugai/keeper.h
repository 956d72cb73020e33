/* SPDX-License-Identifier: GPL-2.0-only
 *
 * keeper: the one writer of quarantine, audit and counters, as its own process and user; and its client.
 *
 * A keep request is one datagram and two descriptors (record, original or none). The answer comes when blob, rows and audit line are durable
 * together: group commit after 2 ms or 64 requests; the audit line is the commit point. Idempotent by the record's id.
 */
#pragma once

#include "mugai/base/facts.h"

#define MUGAI_KEEPER_GROUP_REQUESTS 64u
#define MUGAI_KEEPER_GROUP_MS 2u
#define MUGAI_KEEPER_TIMEOUT_MS 10000 /* a client waits so long for one answer */
#define MUGAI_KEEPER_MAX_CLIENTS 1024u

typedef enum {
  MUGAI_KEEPER_ERROR_GONE,   /* no keeper, or it died before it answered: repeat, same id */
  MUGAI_KEEPER_ERROR_FAILED, /* it answered that it could not: disk full, audit not writable ... */
  MUGAI_KEEPER_ERROR_LATE
} MugaiKeeperError;
#define MUGAI_KEEPER_ERROR (mugai_keeper_error_quark ())
GQuark mugai_keeper_error_quark (void);

/**
 * mugai_keeper_keep:
 * @socket_path: the keeper's socket
 * @record: the record; its "id" is the key; "quarantine_id" is the same id when there is an original, else null (anything else is refused)
 * @message_fd: sealed original to keep, or -1: only the record
 *
 * Connects, asks, waits; repeats after the keeper's death within @timeout_ms. TRUE: durable. Threads: any.
 */
gboolean mugai_keeper_keep (const char *socket_path, json_t *record, int message_fd, int timeout_ms, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

#define MUGAI_KEEPER_SERVICE "mugaid" /* the actor of what no person did */
/** mugai_keeper_log_act: what the service itself did or saw ("policy-load", "start", "stop", "alarm", "acknowledge" ...: a-z, 0-9 and "-"; not
 * "record") onto the audit chain, from its own users only. The line's body is @body and an "act_id", by which a repeated request is
 * known. Acts of people go by mugai_keeper_act (): of those no other word is taken for who did it. */
gboolean mugai_keeper_log_act (const char *socket_path, const char *kind, const char *actor, json_t *body,
                               int timeout_ms, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** mugai_keeper_ask_flow: what the keeper remembers that bears on this mail: sets the exceeded of each of envelope->rates (at most 4; one more
 * mail to its recipients), and message_id_seen and mail_box_echo (@message_id as in its header, "" for none). @ret_stopped[i] (nullable): a
 * stop holds already. Counts nothing: the record does, when it is kept. */
gboolean mugai_keeper_ask_flow (const char *socket_path, MugaiEnvelope *envelope, const char *message_id,
                                gboolean *ret_stopped, int timeout_ms, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** mugai_keeper_ask_notices: which of @boxes (NULL-terminated) may have one more notice now: ret_send[i]; @ret_send has room for all. TRUE there is a
 * claim, which the record turns into a count (flow/notices.h). @forwarded: of a mail that a mail box's rule forwards. */
gboolean mugai_keeper_ask_notices (const char *socket_path, const char *const *boxes, gboolean forwarded,
                                   gboolean *ret_send, int timeout_ms, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** mugai_keeper_ask_digest: (transfer full): {"box", "count", "ids"} of a digest that is due, or with @all of any that has something to tell; without
 * "box": none. NULL and @error. Who sent it says so by MUGAI_KEEPER_ACT_DIGEST with "box" and "count". */
json_t *mugai_keeper_ask_digest (const char *socket_path, gboolean all, int timeout_ms, GError **error);
#define MUGAI_KEEPER_ACT_DIGEST "notice-digest"
/** mugai_keeper_make_mark: (transfer full): the mark of a notice of ours with this @digest (sanitize.h); NULL and @error. */
char *mugai_keeper_make_mark (const char *socket_path, const char *digest, int timeout_ms, GError **error);
/** mugai_keeper_check_mark: @ret_valid: it is the mark of that very notice. FALSE: nobody could be asked. */
gboolean mugai_keeper_check_mark (const char *socket_path, const char *digest, const char *mark, gboolean *ret_valid,
                                  int timeout_ms, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** mugai_keeper_ask_counters: (transfer full): {"keys", "counters": [...]}: flow/counters.h's list; NULL and @error. */
json_t *mugai_keeper_ask_counters (const char *socket_path, int timeout_ms, GError **error);
/* Acts that the counters obey; the body's "key" says whom. A person's needs a role (quarantine/acts.h), and a reason; a stop by a rule
 * of the policy is the service's own (mugai_keeper_log_act, MUGAI_KEEPER_SERVICE). */
#define MUGAI_KEEPER_ACT_STOP "flow-stop"
#define MUGAI_KEEPER_ACT_RESUME "flow-resume"
/**
 * mugai_keeper_act: an act of a person (quarantine/acts.h): done, and on the chain, or refused. Who asks is what the kernel says of this very
 * process: its login uid; for root without one, SUDO_UID.
 * Returns: (transfer full): the answer, an object; NULL and @error (FAILED: refused, with the words for people; GONE: no keeper: nothing was done).
 */
json_t *mugai_keeper_act (const char *socket_path, const char *kind, json_t *body, int timeout_ms, GError **error);

typedef struct {
  const char *store;                           /* folder of the quarantine */
  const char *audit;                           /* folder of the chain */
  const char *keys;                            /* (nullable) folder of the keys; NULL or "": beside the store */
  const char *accounts;                        /* (nullable) the account file */
  guint normal_days, high_days, infected_days; /* kept, by class; 0: the default */
  guint audit_days;                            /* the chain; 0: MUGAI_KEEPER_AUDIT_DAYS */
  guint backup_days;                           /* how long backups are kept; 0: MUGAI_KEEPER_BACKUP_DAYS */
  guint front_uid;                             /* of the fronts, when not the keeper's own; 0: the same */
  /* (nullable) what a person must look at; words of at most a line */
  void (*alarm) (const char *code, const char *text, gpointer data);
  gpointer alarm_data;
} MugaiKeeperOptions;

#define MUGAI_KEEPER_AUDIT_DAYS 400u
#define MUGAI_KEEPER_BACKUP_DAYS 35u

/**
 * mugai_keeper_serve:
 * @listen_fd: bound, listening SOCK_SEQPACKET socket
 * @stop_fd: readable: finish the group in hand and return
 *
 * The keeper's life. First completes or undoes the last group. While store or chain cannot be opened, it answers every request with
 * a failure and tries again. FALSE: a chain that does not continue.
 */
gboolean mugai_keeper_serve (int listen_fd, int stop_fd, const MugaiKeeperOptions *options, GError **error);
