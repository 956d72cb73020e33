/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/vcard: electronic visiting cards (vCard 2.1, 3.0, 4.0) as text that people read.
 *
 * Name and its reading, organisation, telephone, mail, address, web page; pictures and keys are not shown. Pure; any thread after
 * mugai_mail_charset_init ().
 */
#pragma once

#include <glib.h>

#define MUGAI_VCARD_MAX_BYTES (4u * 1024 * 1024) /* of a file that is looked at; a picture takes some 100 KiB */
#define MUGAI_VCARD_MAX_CARDS 50u                /* shown; whole address books are counted */
#define MUGAI_VCARD_MAX_LINES 40u                /* shown of one card */
#define MUGAI_VCARD_MAX_VALUE_BYTES 1000u

/**
 * mugai_vcard_to_text:
 * @text: the file, decoded to UTF-8
 *
 * Returns: (transfer full) (nullable): its cards in words; NULL when there is none in it.
 */
char *mugai_vcard_to_text (const char *text, gsize length_bytes);
