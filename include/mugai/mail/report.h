/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/report: what mail programs tell each other about a mail, as text that people read: delivery status (RFC 3464), read receipts
 * (RFC 8098), abuse reports (RFC 5965).
 *
 * Pure; any thread after mugai_mail_charset_init ().
 */
#pragma once

#include <glib.h>

#define MUGAI_REPORT_MAX_RECIPIENTS 50u    /* shown, of one report; the others are counted */
#define MUGAI_REPORT_MAX_VALUE_BYTES 1000u /* of one field; SMTP replies stay under 512 */

/** mugai_report_is_type: TRUE for media types that mugai_report_to_text () reads. */
gboolean mugai_report_is_type (const char *media_type);

/**
 * mugai_report_to_text:
 * @media_type: of the part
 * @text: its content in UTF-8
 *
 * Returns: (transfer full) (nullable): the report in words, with every field that it has no words for left as it stands; NULL when
 * there is no field in it.
 */
char *mugai_report_to_text (const char *media_type, const char *text, gsize length_bytes);
