/* SPDX-License-Identifier: GPL-2.0-only
 *
 * What inspect holds in the worker between the two steps: the parsed message, its facts, and for each entity the
 * fact that describes it and the text that a person would read there. Private to src/sanitize.
 */
#pragma once

#include "mugai/sanitize.h"

typedef struct {
  MugaiEntity *entity; /* (transfer none) */
  guint part;          /* index into facts->parts */
  char *text;          /* UTF-8 with LF, for leaves that can be read; else NULL */
  gboolean from_html;  /* text was converted from HTML */
} MugaiLeaf;

struct MugaiInspection {
  MugaiMail *mail;
  MugaiFacts *facts;
  GPtrArray *leaves; /* of MugaiLeaf: one for each entity, in reading order, containers too */
};

MugaiPart *mugai_leaf_part (const MugaiInspection *inspection, const MugaiLeaf *leaf);

/* body.c */

/** mugai_body_assign_roles: body, related, attachment, control ...: from structure and what was detected. */
void mugai_body_assign_roles (MugaiInspection *inspection);
/** mugai_body_convert: text of each body leaf, with the facts that HTML shows (links, hidden text, active content). */
void mugai_body_convert (MugaiInspection *inspection);
/** mugai_body_choose_legs: of each multipart/alternative one leg speaks; the others' bodies become alternates. */
void mugai_body_choose_legs (MugaiInspection *inspection);
/** mugai_body_text: (transfer full): the body of the new message, without notice. */
char *mugai_body_text (const MugaiInspection *inspection, const MugaiDecision *decision);

/* notice.c */

/** mugai_notice_append: what was taken out and why, Japanese then English, to the end of @body. Nothing when nothing was. */
void mugai_notice_append (GString *body, const MugaiFacts *facts, const MugaiDecision *decision,
                          const MugaiNoticeContext *context);
/** mugai_notice_held: (transfer full): the message that goes in the place of a held one. @facts: nullable. */
GBytes *mugai_notice_held (const MugaiEnvelope *envelope, const MugaiFacts *facts, const MugaiDecision *decision,
                           const MugaiNoticeContext *context);
