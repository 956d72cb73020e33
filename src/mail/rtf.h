/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/rtf: RTF to plain text: the words, no pictures, no objects, no fields' instructions.
 *
 * Outlook wraps HTML mail in RTF, too: its tags stand in groups that RTF readers pass over, so the words are the same. Linear time, no
 * recursion. Pure; any thread after mugai_mail_charset_init ().
 */
#pragma once

#include <glib.h>

#define RTF_MAX_DEPTH 256u /* groups in groups; deeper ones share the state of the last */
#define RTF_MAX_FONTS 1000u

/** rtf_to_text: (transfer full): lines of UTF-8, not yet safe. @charset: (nullable): of bytes, when the document names none. */
char *rtf_to_text (const char *rtf, gsize length_bytes, const char *charset);
