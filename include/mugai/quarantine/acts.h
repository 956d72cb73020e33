/* SPDX-License-Identifier: GPL-2.0-only
 *
 * quarantine/acts: who may do what with an item, and doing it: request, approve, release, delete, hold, extend ...
 *
 *     held ─request─▶ requested ─approve─▶ approved ─queue─▶ queued ─▶ done       each recipient by itself: approved, queued, redeemed
 *       ▲ ◀──refuse────┘  (two of them for "high")             └────▶ failed ─queue─▶ ...  (the front let it in), accepted, failed
 *     A mail that a rule holds for an approval begins as requested, by its sender; one that a rule delays as delayed, and its
 *     release as approved: due later. Its sender may recall either: "recalled", which nobody releases any more.
 *     delete and expire end in "deleted" and "expired": the item's key is destroyed, the disposal stays on the chain.
 *
 * The keeper alone calls this, in a group: each act is a row in the index and a line on the chain, both or neither.
 */
#pragma once

#include "mugai/quarantine.h"

/* Roles, in the account file by these names. */
typedef enum {
  MUGAI_ROLE_NONE = 0,
  MUGAI_ROLE_REVIEWER = 1 << 0,      /* looks, and asks for a release */
  MUGAI_ROLE_APPROVER = 1 << 1,      /* approves or refuses what another asked for */
  MUGAI_ROLE_ADMINISTRATOR = 1 << 2, /* holds, extends, deletes, backs up, rotates keys */
  MUGAI_ROLE_AUDITOR = 1 << 3,       /* reads */
  MUGAI_ROLE_ROOT = 1 << 4,          /* uid 0 without an account: keeps the machine going; approves nothing */
  MUGAI_ROLE_FRONT = 1 << 5,         /* no account: what proves itself by a token */
  MUGAI_ROLE_KEEPER = 1 << 6,        /* by rule, not by hand */
  MUGAI_ROLE_CLERK = 1 << 7          /* the keeper's own user at work: sends what a delay has let go, nothing else */
} MugaiRoles;

#define MUGAI_ACCOUNTS_MAX_BYTES (1024u * 1024)
#define MUGAI_ACCOUNTS_MAX 10000u
#define MUGAI_QUARANTINE_TOKEN_S 600 /* a release that has not come through by then may be begun again */
#define MUGAI_QUARANTINE_MAX_REASON_BYTES 2000u

/* Days kept, by class; a legal hold and an extension are by hand. */
typedef struct {
  guint normal_days, high_days, infected_days;
} MugaiRetention;
#define MUGAI_RETENTION_DEFAULT ((MugaiRetention){ .normal_days = 90, .high_days = 180, .infected_days = 30 })

typedef struct MugaiAccounts MugaiAccounts;

/**
 * mugai_accounts_load: the account file: lines of "LOGIN ROLE[,ROLE...] UNIT... [mail=ADDRESS...]", "#" begins a comment. LOGIN is a user name
 * or a number; UNIT is "*", "@domain" or an address: whose items the account may act on. mail= says which mail boxes are that person's own
 * (without it: the one named like the login): who sent a mail does not approve it, and may recall it. A file that others than its owner may write is refused.
 * A file that is not there is an empty one.
 */
MugaiAccounts *mugai_accounts_load (const char *path, GError **error);
/** mugai_accounts_parse: the same from memory; @name for messages. */
MugaiAccounts *mugai_accounts_parse (const char *text, const char *name, GError **error);
void mugai_accounts_free (MugaiAccounts *accounts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiAccounts, mugai_accounts_free)

typedef struct {
  char *name; /* "uid:1001:hana": what the chain says */
  MugaiRoles roles;
  char **units;     /* (nullable): NULL: all */
  char **addresses; /* (nullable): the person's mail boxes, by the account file */
} MugaiActor;

/** mugai_actor_new: (transfer full): the person behind @uid. @is_root: the process is root's. */
MugaiActor *mugai_actor_new (const MugaiAccounts *accounts, guint uid, gboolean is_root);
void mugai_actor_free (MugaiActor *actor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiActor, mugai_actor_free)

/** mugai_quarantine_is_act: @kind is one that mugai_quarantine_act () knows; others are only written down. */
gboolean mugai_quarantine_is_act (const char *kind);
/** mugai_quarantine_role_names: (transfer full): "reviewer,approver". */
char *mugai_quarantine_role_names (MugaiRoles roles);

typedef enum {
  MUGAI_ACT_ERROR_NOT_ALLOWED, /* by role, unit or separation */
  MUGAI_ACT_ERROR_STATE        /* not in this state of the item, or no such item */
} MugaiActError;
#define MUGAI_ACT_ERROR (mugai_act_error_quark ())
GQuark mugai_act_error_quark (void);

/**
 * mugai_quarantine_act:
 * @body: {"act_id", "item", ...}: what is asked
 * @ret_line: (transfer full): the body of the line for the chain: never a token
 * @ret_answer: (transfer full): for who asked
 *
 * In a group. An error of MUGAI_ACT_ERROR changed nothing, and goes on the chain as "act-refused"; any other one fails the group.
 */
gboolean mugai_quarantine_act (MugaiQuarantine *quarantine, const char *kind, const MugaiActor *actor, json_t *body,
                               gint64 now_us, json_t **ret_line, json_t **ret_answer, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/**
 * mugai_quarantine_act_again: the same request a second time, for its answer was lost: nothing is done.
 * @ret_answer: (transfer full): what its line says, where it was done. A refused one is refused again; and one that gave tokens out: they are
 * lost. FALSE: MUGAI_ACT_ERROR, or the index cannot be read.
 */
gboolean mugai_quarantine_act_again (MugaiQuarantine *quarantine, const char *act_id, json_t **ret_answer,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** mugai_quarantine_unconfirmed_acts: (transfer full): array of {"act_id","kind","actor","body"}: of the last group. */
json_t *mugai_quarantine_unconfirmed_acts (MugaiQuarantine *quarantine, GError **error);
/** mugai_quarantine_due: (transfer full): ids of at most @limit items whose time is over and that nothing holds. */
char **mugai_quarantine_due (MugaiQuarantine *quarantine, const MugaiRetention *retention, gint64 now_us, guint limit,
                             GError **error);
/** mugai_quarantine_delayed: (transfer full): ids of at most @limit items whose delay is over and that are still to be sent. */
char **mugai_quarantine_delayed (MugaiQuarantine *quarantine, gint64 now_us, guint limit, GError **error);
/** mugai_quarantine_destroy_disposed: keys and blobs of items whose disposal is on the chain; outside a group. */
gboolean mugai_quarantine_destroy_disposed (MugaiQuarantine *quarantine, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** mugai_quarantine_rotate_key: a new master key; what comes is wrapped by it at once. */
gboolean mugai_quarantine_rotate_key (MugaiQuarantine *quarantine, guint *ret_number, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
/** mugai_quarantine_rewrap: at most @limit items of an older key; *ret_left: some remain. Outside a group. */
gboolean mugai_quarantine_rewrap (MugaiQuarantine *quarantine, guint limit, gboolean *ret_left, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
/** mugai_quarantine_forget_keys: masters that no item needs and that were replaced @backup_days ago are overwritten: then no backup of
 * that age opens. *ret_number: the last one that went; 0: none. */
gboolean mugai_quarantine_forget_keys (MugaiQuarantine *quarantine, guint backup_days, gint64 now_us, guint *ret_number,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** mugai_quarantine_history: (transfer full): the acts on an item, oldest first: {"at","kind","actor","body"}. */
json_t *mugai_quarantine_history (MugaiQuarantine *quarantine, const char *id, GError **error);
/** mugai_quarantine_releases: (transfer full): of an item, newest first, each with "recipients" and "approvals". */
json_t *mugai_quarantine_releases (MugaiQuarantine *quarantine, const char *id, GError **error);
/** mugai_quarantine_disposals: (transfer full): the disposal records of the month YYYY-MM. */
json_t *mugai_quarantine_disposals (MugaiQuarantine *quarantine, const char *month, GError **error);
