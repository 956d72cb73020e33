/* SPDX-License-Identifier: GPL-2.0-only
 *
 * quarantine/act: one act in hand, for the files that do them: release.c (asked for, decided), delivery.c (on its way), keep.c (kept, ended, looked at).
 *
 * A do-er looks at everything before it changes a row: one that fails with MUGAI_ACT_ERROR has changed nothing. The table in acts.c
 * has looked at role, unit, item and reason before.
 */
#pragma once

#include "mugai/quarantine/acts.h"

#include "store.h"

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
  gboolean japanese; /* who asked reads it: the body's "language" */
  GError **error;
} MugaiAct;

/* ---- acts.c ---- */

/* Words in the language of the person who asked; the chain keeps what the person was told. */
#define MUGAI_ACT_WORDS(act, ja, en) ((act)->japanese ? (ja) : (en))
/** mugai_act_fail: refuses it, with words for people; FALSE. */
gboolean mugai_act_fail (MugaiAct *act, MugaiActError code, const char *format, ...) G_GNUC_PRINTF (3, 4);
/** mugai_act_text: (transfer none): a member that is text; "" otherwise. */
const char *mugai_act_text (json_t *object, const char *key);
/** mugai_act_state: (transfer none): the state of the item, in words. */
const char *mugai_act_state (MugaiAct *act);
/** mugai_act_say: to both: the chain and who asked. Takes @value. */
void mugai_act_say (MugaiAct *act, const char *key, json_t *value);
gboolean mugai_act_set_item (MugaiAct *act, const char *state);

/* ---- release.c ---- */

/** mugai_act_open_release: (transfer full): the newest release of the item that is not over; an empty object: there is none; NULL and error. */
json_t *mugai_act_open_release (MugaiAct *act);
/** mugai_act_set_release: the release, and those of its recipients that are in @from, to @to. */
gboolean mugai_act_set_release (MugaiAct *act, const char *release, const char *from, const char *to);
/** mugai_act_is_same_person: "uid:1001:hana" and "uid:1001:hanako" are one: a login can be called otherwise overnight. */
gboolean mugai_act_is_same_person (const char *a, const char *b);
gboolean mugai_act_request (MugaiAct *act);
gboolean mugai_act_approve (MugaiAct *act);
gboolean mugai_act_refuse (MugaiAct *act);

/* ---- delivery.c ---- */

gboolean mugai_act_queue (MugaiAct *act);
gboolean mugai_act_redeem (MugaiAct *act);
gboolean mugai_act_result (MugaiAct *act);

/* ---- keep.c ---- */

gboolean mugai_act_delete (MugaiAct *act);
gboolean mugai_act_expire (MugaiAct *act);
gboolean mugai_act_hold (MugaiAct *act);
gboolean mugai_act_unhold (MugaiAct *act);
/** mugai_act_recall: its sender, or who has to do with it, takes a mail back that was not sent to anybody yet. */
gboolean mugai_act_recall (MugaiAct *act);
gboolean mugai_act_extend (MugaiAct *act);
gboolean mugai_act_note (MugaiAct *act);
/** mugai_act_list: the answer says whose items may be listed: "units", for the query; none: all. */
gboolean mugai_act_list (MugaiAct *act);
gboolean mugai_act_export (MugaiAct *act);
gboolean mugai_act_rotate (MugaiAct *act);
/** mugai_act_flow: a stop or a resumption of whose mail goes out; the keeper's counters obey its line. */
gboolean mugai_act_flow (MugaiAct *act);
