/* SPDX-License-Identifier: GPL-2.0-only
 *
 * flow/echoes: forwarding that has left no header behind: a Message-ID that came in and goes out, and a mail box that answers every mail
 * it gets with a mail to one outside address.
 *
 * In memory only, filled by the keeper from records as counters are (flow/counters.h). One thread.
 */
#pragma once

#include <glib.h>

#define MUGAI_ECHO_ID_WINDOW_S                                                                                         \
  (24 * 3600)                      /* a mail box server's queue may hold a mail for hours; people never send an id on */
#define MUGAI_ECHO_WINDOW_S 300    /* from a mail's arrival to the one it sets off: rules act at once, people seldom */
#define MUGAI_ECHO_MAILS 5u        /* so many in a row, nothing else between them: the fifth is evidence */
#define MUGAI_ECHO_MAX_WAITING 3u  /* mails that set nothing off before the row is broken */
#define MUGAI_ECHO_MAX_IDS 100000u /* about 12 MiB; the oldest half goes first */
#define MUGAI_ECHO_MAX_BOXES 20000u

typedef struct MugaiEchoes MugaiEchoes;

MugaiEchoes *mugai_echoes_new (void);
void mugai_echoes_free (MugaiEchoes *echoes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiEchoes, mugai_echoes_free)

/** mugai_echoes_came_in: @message_id ("" : none) for the mail boxes @to (NULL-terminated) from @sender. */
void mugai_echoes_came_in (MugaiEchoes *echoes, const char *message_id, const char *sender, const char *const *to,
                           gint64 at_us);
/** mugai_echoes_went_out: a mail by mail box @sender to the outside addresses @to. */
void mugai_echoes_went_out (MugaiEchoes *echoes, const char *sender, const char *const *to, gint64 at_us);

/** mugai_echoes_knows_id: did this id come in lately? */
gboolean mugai_echoes_knows_id (MugaiEchoes *echoes, const char *message_id, gint64 now_us);
/** mugai_echoes_is_echo: would a mail by @sender to @to be the MUGAI_ECHO_MAILS-th in a row? Changes nothing. */
gboolean mugai_echoes_is_echo (MugaiEchoes *echoes, const char *sender, const char *const *to, gint64 now_us);
