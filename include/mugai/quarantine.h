/* SPDX-License-Identifier: GPL-2.0-only
 *
 * quarantine: originals as received, one blob a message, and the index of items and parts.
 *
 * <store>/blobs/YY/MM/<id> holds the bytes; <store>/index.sqlite (WAL, FULL) the rows. One writer, the keeper; readers open it read-only.
 * The index can be rebuilt from blobs and audit chain. An interface with two stores in mind.
 */
#pragma once

#include "mugai/base/facts.h"

typedef struct MugaiQuarantine MugaiQuarantine;

typedef enum {
  MUGAI_QUARANTINE_ERROR_IO,   /* try later: tempfail */
  MUGAI_QUARANTINE_ERROR_FULL, /* no space: tempfail and alarm */
  MUGAI_QUARANTINE_ERROR_NOT_FOUND,
  MUGAI_QUARANTINE_ERROR_CORRUPT /* blob and row disagree */
} MugaiQuarantineError;
/* Master keys that came as open descriptors: "NUMBER=FD NUMBER=FD ..." in this variable of the keeper's. */
#define MUGAI_KEYS_VARIABLE "MUGAI_MASTER_KEYS"
#define MUGAI_QUARANTINE_ERROR (mugai_quarantine_error_quark ())
GQuark mugai_quarantine_error_quark (void);

MugaiQuarantine *mugai_quarantine_open (const char *directory, gboolean read_only, GError **error);
/** mugai_quarantine_open_with_keys: @keys: folder of the master keys; NULL or "": mugai_quarantine_default_keys (). */
MugaiQuarantine *mugai_quarantine_open_with_keys (const char *directory, const char *keys, gboolean read_only,
                                                  GError **error);
/** mugai_quarantine_default_keys: (transfer full): the folder beside the store with ".keys" at its end: never in the store, which is backed up. */
char *mugai_quarantine_default_keys (const char *directory);
void mugai_quarantine_close (MugaiQuarantine *quarantine);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiQuarantine, mugai_quarantine_close)

#define MUGAI_QUARANTINE_MAX_BLOB_BYTES (1024u * 1024 * 1024) /* no policy lets a mail of that size in */

/* Writing, by the keeper, a group at a time: begin, put*, commit (durable) or rollback (blobs of the group removed). begin says that the
 * group before is on the audit chain. */
gboolean mugai_quarantine_begin (MugaiQuarantine *quarantine, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** mugai_quarantine_put: @message_fd: sealed original; @record: the record. The same id twice is one item. Blob synced before it returns. */
gboolean mugai_quarantine_put (MugaiQuarantine *quarantine, const char *id, int message_fd, json_t *record,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean mugai_quarantine_commit (MugaiQuarantine *quarantine, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void mugai_quarantine_rollback (MugaiQuarantine *quarantine);
/** mugai_quarantine_remove: undoes one item that the audit chain does not know (the last group, at start). */
gboolean mugai_quarantine_remove (MugaiQuarantine *quarantine, const char *id, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
/** mugai_quarantine_unconfirmed: (transfer full): ids of items of the last group: no later group was begun, so the chain may not know them. */
char **mugai_quarantine_unconfirmed (MugaiQuarantine *quarantine, GError **error);
/** mugai_quarantine_orphans: (transfer full): ids of blobs of the two newest months that no row names: of a group that never was, or of a lost index. */
char **mugai_quarantine_orphans (MugaiQuarantine *quarantine, GError **error);

typedef struct {
  char *id, *time, *from, *subject, *action, *direction, *reason, *state, *sha256;
  char **recipients;
  char *item_class; /* "normal", "high": not all could be looked into, "infected" */
  char *scan;       /* the worst of its parts: "infected", "encrypted" ...; "": all are clean, or it was disposed of */
  guint64 size_bytes;
  gint64 kept_until_s; /* by hand; 0: by its class */
  guint n_parts;
  gboolean legal_hold;
} MugaiQuarantineItem;
void mugai_quarantine_item_free (MugaiQuarantineItem *item);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiQuarantineItem, mugai_quarantine_item_free)

/** mugai_quarantine_state_words: (transfer none): a state of an item, a release or a recipient as a person calls it: "requested": 承認待ち. */
const char *mugai_quarantine_state_words (const char *state, gboolean japanese);
/** mugai_quarantine_is_state: one of an item's states. */
gboolean mugai_quarantine_is_state (const char *state);

typedef struct {
  const char *since, *until; /* RFC 3339 prefixes, (nullable) */
  const char *state;         /* (nullable) */
  const char *id;            /* this one (nullable) */
  const char *text;          /* in address, subject, id (nullable) */
  const char
      *units; /* only mail from or for these, a JSON array of "@domain" and addresses, in lower case (nullable) */
  guint limit, offset;
} MugaiQuarantineQuery;

/** mugai_quarantine_list: (transfer full): of MugaiQuarantineItem, newest first. */
GPtrArray *mugai_quarantine_list (MugaiQuarantine *quarantine, const MugaiQuarantineQuery *query, GError **error);
/** mugai_quarantine_record: (transfer full): the record of an item. */
json_t *mugai_quarantine_record (MugaiQuarantine *quarantine, const char *id, GError **error);
/** mugai_quarantine_original: (transfer full): the bytes as received, checked against their SHA-256. */
GBytes *mugai_quarantine_original (MugaiQuarantine *quarantine, const char *id, GError **error);
