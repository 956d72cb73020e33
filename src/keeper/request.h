/* SPDX-License-Identifier: GPL-2.0-only
 *
 * keeper/request: what a client asks for, checked on arrival.
 *
 *     request   {"kind": "record" or an act, "actor", "body"} and a descriptor of the original, if there is one;
 *               a body that does not fit is left out there, and comes in a memory file of its own before the original
 *     answer    {"ok": true, ... of an act} or {"ok": false, "error": words}
 */
#pragma once

#include "mugai/keeper.h"
#include "mugai/quarantine/acts.h"

#define MUGAI_KEEPER_MAX_REQUEST_BYTES (32u * 1024) /* of the datagram: a record is of some KiB */
#define MUGAI_KEEPER_MAX_ANSWER_BYTES (160u * 1024) /* tokens for 1,000 recipients */
#define MUGAI_KEEPER_MAX_KIND_BYTES 64u
#define MUGAI_KEEPER_MAX_ACTOR_BYTES 512u
#define MUGAI_KEEPER_KIND_RECORD "record"
#define MUGAI_KEEPER_ASK_RATES "ask-rates" /* questions: answered at once, nothing on the chain */
#define MUGAI_KEEPER_ASK_COUNTERS "ask-counters"
#define MUGAI_KEEPER_ASK_NOTICES "ask-notices" /* notices.c */
#define MUGAI_KEEPER_ASK_DIGEST "ask-digest"
#define MUGAI_KEEPER_ASK_MARK "ask-mark"

typedef struct {
  char *kind, *actor;
  char *id; /* of the record or the act: a repeated request has the same */
  json_t *body;
  int original_fd;  /* sealed; -1: none */
  MugaiActor *doer; /* of an act on the quarantine: who the kernel says it is; else NULL */
  json_t *answer;   /* what the act gave, or NULL */
  GError *refused;  /* why it was not done; NULL */
  int answer_fd;    /* borrowed: the client's socket; -1: it has gone */
} MugaiKeeperRequest;

/** mugai_keeper_request_read: (transfer full): NULL: not what was agreed. Takes @fds over in any case. */
MugaiKeeperRequest *mugai_keeper_request_read (const char *text, gsize length_bytes, int *fds, guint n_fds,
                                               GError **error);
void mugai_keeper_request_free (MugaiKeeperRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiKeeperRequest, mugai_keeper_request_free)
