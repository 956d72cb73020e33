/* SPDX-License-Identifier: GPL-2.0-only
 *
 * What inspect holds in the worker between the two steps: the parsed message, its facts, and for each entity the
 * fact that describes it and the text that a person would read there. Private to src/sanitize.
 *
 *     inspect.c  the first step          rebuild.c  the second one        run.c   the way of a message, outside the sandbox
 *     tnef.c     winmail.dat's members   roles.c    what a leaf is        convert.c  what it says
 *     legs.c     which leg speaks        body.c     the new body          quoted.c   old notices in quotations
 *     notice.c   the notice              held.c     the held mail's       words.c    words for types and sizes
 *     context.c  what notices say beside the decision                     enclosed.c  mails in archives
 */
#pragma once

#include "mugai/sanitize.h"

#include "mugai/mail/tnef.h"

/* How a leaf is turned into text. */
typedef enum {
  MUGAI_READING_NONE,
  MUGAI_READING_PLAIN,
  MUGAI_READING_HTML,
  MUGAI_READING_CALENDAR,
  MUGAI_READING_CARD,
  MUGAI_READING_REPORT,
  MUGAI_READING_TNEF
} MugaiReading;

typedef struct {
  MugaiEntity *entity; /* (transfer none) */
  guint part;          /* index into facts->parts */
  MugaiReading reading;
  MugaiTnef *tnef; /* of a winmail.dat; its files are the parts that follow it; else NULL */
  char *text;      /* UTF-8 with LF, for leaves that can be read; else NULL */
  guint images;    /* pictures that the HTML shows and the text does not */
} MugaiLeaf;

struct MugaiInspection {
  MugaiMail *mail;
  MugaiFacts *facts;
  GPtrArray *leaves; /* of MugaiLeaf: one for each entity, in reading order, containers too */
  guint tnef_files;  /* of the whole message */
};

MugaiPart *mugai_leaf_part (const MugaiInspection *inspection, const MugaiLeaf *leaf);

/* tnef.c */

/** mugai_tnef_inspect: opens the leaf's winmail.dat: its files become parts behind it, scanned like any other. */
void mugai_tnef_inspect (MugaiInspection *inspection, MugaiLeaf *leaf, MugaiScanner *scanner);
/** mugai_tnef_extract: (transfer full) (nullable): the file at @path ("1.2/3") of some leaf. */
GBytes *mugai_tnef_extract (const MugaiInspection *inspection, const char *path);

/* enclosed.c */

/** mugai_enclosed_inspect: a mail that lies in an archive: its parts become members behind it, scanned like any other. A MugaiScanMailFunc. */
void mugai_enclosed_inspect (MugaiScanner *scanner, MugaiPart *mail, GBytes *content, GPtrArray *members);
/** mugai_new_part: (transfer full): what the mail says of @entity: path, declared type, names, flags. */
MugaiPart *mugai_new_part (const MugaiEntity *entity);
/** mugai_scan_views: the other readings of @entity; the worst verdict counts. */
void mugai_scan_views (const MugaiEntity *entity, MugaiScanner *scanner, MugaiPart *part);

/* roles.c */

gboolean mugai_is_multipart (const MugaiEntity *entity, const char *subtype);
gboolean mugai_is_signature (const MugaiEntity *entity);
/** mugai_body_assign_roles: body, related, attachment, control ...: from structure and what was detected. */
void mugai_body_assign_roles (MugaiInspection *inspection);

/* convert.c */

/** mugai_body_convert: text of each body leaf, with the facts that HTML shows (links, hidden text, active content). */
void mugai_body_convert (MugaiInspection *inspection);
/** mugai_body_convert_tnef: what each winmail.dat says beyond the bodies that are there already. After the legs were chosen. */
void mugai_body_convert_tnef (MugaiInspection *inspection);

/* legs.c */

/** mugai_body_choose_legs: of each multipart/alternative one leg speaks; the others' bodies become alternates. */
void mugai_body_choose_legs (MugaiInspection *inspection);
/** mugai_body_says_the_same: TRUE when @text says (nearly) all that @other says. */
gboolean mugai_body_says_the_same (const char *text, const char *other);

/* body.c */

/** mugai_body_text: (transfer full): the body of the new message, without notice. */
char *mugai_body_text (const MugaiInspection *inspection, const MugaiDecision *decision);

/* quoted.c */

#define MUGAI_NOTICE_BEGIN "======【メール無害化のお知らせ】======"
#define MUGAI_NOTICE_END "======【お知らせここまで／End of notice】======"
#define MUGAI_NOTICE_OMITTED "[以前のお知らせは省略 / earlier notice omitted]"

/** mugai_quoted_shorten: (transfer full): @text with the earlier notices of ours in it (quoted or not) made one line in all. */
char *mugai_quoted_shorten (const char *text);

/* words.c */

/** mugai_words_name: (transfer full): the part's name as shown. */
char *mugai_words_name (const MugaiPart *part, gboolean japanese);
/** mugai_words_dead: (transfer full): @text with its links made dead (hxxp). */
char *mugai_words_dead (const char *text);

/* notice.c */

/** mugai_notice_append: what was taken out and why, Japanese then English, to the end of @body. Nothing when nothing was. */
void mugai_notice_append (GString *body, const MugaiInspection *inspection, const MugaiDecision *decision,
                          const MugaiNoticeContext *context);
/** mugai_notice_append_contact: whom to ask. */
void mugai_notice_append_contact (GString *out, const MugaiNoticeContext *context, gboolean japanese);
/** mugai_notice_text: (transfer none): the organisation's words, else ours. */
const char *mugai_notice_text (const MugaiNoticeContext *context, MugaiNoticeText text, gboolean japanese);

/* held.c */

/** mugai_notice_header: (transfer full): header of a notice of ours to @to; NULL: to several, who are not to see each other. @kind: "held",
 * "digest". */
GString *mugai_notice_header (const MugaiNoticeContext *context, const char *to, const char *subject, const char *kind);
/** mugai_notice_held: (transfer full): the message that goes in the place of a held one. @facts: nullable. */
GBytes *mugai_notice_held (const MugaiEnvelope *envelope, const MugaiFacts *facts, const MugaiDecision *decision,
                           const MugaiNoticeContext *context);
