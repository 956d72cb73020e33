/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/tnef: winmail.dat (MS-OXTNEF) opened: its texts, its meeting request, its files.
 *
 * A reader of our own over bounded slices: libytnef 2.0 refuses what Outlook opens (a wrong checksum) and, on 9,000 mutated streams with
 * their checksums mended, crashed 123 times and hung 18 times. Never fails: what is broken or over a limit is said by damaged and over_limit, and what
 * could be read before stands. Pure; any thread after mugai_mail_charset_init ().
 */
#pragma once

#include "mugai/mail/calendar.h"

#define MUGAI_TNEF_MAX_ATTRIBUTES 5000u                /* of one stream; Outlook writes about 20 and 5 a file */
#define MUGAI_TNEF_MAX_PROPERTIES 2000u                /* of one list; Outlook writes under 200 */
#define MUGAI_TNEF_MAX_FILES 500u                      /* as the parts of a mail */
#define MUGAI_TNEF_MAX_MESSAGES 20u                    /* embedded ones, all together */
#define MUGAI_TNEF_MAX_DEPTH 4u                        /* message in message */
#define MUGAI_TNEF_MAX_TEXT_BYTES (4u * 1024 * 1024)   /* of one text, unpacked */
#define MUGAI_TNEF_MAX_FILE_BYTES (100u * 1024 * 1024) /* all files together; they point into the given bytes */
#define MUGAI_TNEF_MAX_NAME_BYTES 1000u

typedef struct {
  char *name; /* safe; "" when none */
  GBytes *content;
} MugaiTnefFile;

typedef struct {
  guint depth;       /* 0: the mail itself; above: embedded in it */
  char *subject;     /* safe, or NULL */
  char *text;        /* lines of UTF-8, safe; NULL when there is none */
  char *html;        /* UTF-8, to be converted; NULL when there is none */
  MugaiEvent *event; /* a meeting request or its like, or NULL */
  char *method;      /* of the event: "REQUEST", ... */
} MugaiTnefMessage;

typedef struct {
  GPtrArray *messages; /* of MugaiTnefMessage: the mail's own first */
  GPtrArray *files;    /* of MugaiTnefFile */
  gboolean damaged;    /* checksums or lengths are wrong: other readers may see something else */
  gboolean over_limit; /* something was left out */
} MugaiTnef;

/** mugai_tnef_open: (transfer full): NULL when @content does not begin as a TNEF stream does. */
MugaiTnef *mugai_tnef_open (GBytes *content);
void mugai_tnef_free (MugaiTnef *tnef);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiTnef, mugai_tnef_free)
