/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Fuzz target of mail's containers: any bytes as calendar, card, report, winmail.dat and signed S/MIME. What comes out for people is
 * valid UTF-8 without controls, within its bounds; files lie within what was given.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mugai/base/unicode.h"
#include "mugai/mail/calendar.h"
#include "mugai/mail/mail.h"
#include "mugai/mail/report.h"
#include "mugai/mail/tnef.h"
#include "mugai/mail/vcard.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

#define MAX_TEXT_BYTES (1024u * 1024) /* 50 cards of 40 lines, or 20 events, from some KiB of input */

/* @text: (transfer full) (nullable) */
static void check_text (char *text) {
  if (text == NULL)
    return;
  if (!g_utf8_validate (text, -1, NULL) || strlen (text) > MAX_TEXT_BYTES)
    abort ();
  g_autofree char *safe = mugai_unicode_make_safe_lines (text, -1, 0);
  if (!g_str_equal (safe, text))
    abort ();
  g_free (text);
}

static void check_event (const MugaiTnefMessage *message) {
  if (message->event == NULL)
    return;
  GString *out = g_string_new (NULL);
  mugai_event_append (out, message->event, message->method);
  check_text (g_string_free (out, FALSE));
}

static void check_tnef (GBytes *bytes) {
  g_autoptr (MugaiTnef) tnef = mugai_tnef_open (bytes);
  gsize total = 0;
  if (tnef == NULL)
    return;
  for (guint i = 0; i < tnef->files->len; i++) {
    const MugaiTnefFile *file = g_ptr_array_index (tnef->files, i);
    total += g_bytes_get_size (file->content);
    check_text (g_strdup (file->name));
  }
  if (tnef->messages->len > MUGAI_TNEF_MAX_MESSAGES + 1 || tnef->files->len > MUGAI_TNEF_MAX_FILES
      || total > MUGAI_TNEF_MAX_FILE_BYTES)
    abort ();
  for (guint i = 0; i < tnef->messages->len; i++) {
    const MugaiTnefMessage *message = g_ptr_array_index (tnef->messages, i);
    check_text (g_strdup (message->subject));
    check_text (g_strdup (message->text));
    check_event (message);
  }
}

static void check_smime (const uint8_t *data, size_t size) {
  static const char head[] = "Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: binary\r\n\r\n";
  GByteArray *message = g_byte_array_new ();
  g_byte_array_append (message, (const guint8 *) head, sizeof head - 1);
  g_byte_array_append (message, data, (guint) size);
  g_autoptr (GBytes) bytes = g_byte_array_free_to_bytes (message);
  g_autoptr (MugaiMail) mail = mugai_mail_parse (bytes, NULL, NULL);
  const guint64 named = MUGAI_BIT (MUGAI_ODDITY_SIGNED_MESSAGE) | MUGAI_BIT (MUGAI_ODDITY_ENCRYPTED_MESSAGE);
  if (mail == NULL || (mail->oddities & named) == 0)
    abort ();
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  static const char *const reports[] = { "message/delivery-status", "message/disposition-notification",
                                         "text/rfc822-headers" };
  const char *text = (const char *) data;
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  mugai_mail_init ();
  check_text (mugai_calendar_to_text (text, size));
  check_text (mugai_vcard_to_text (text, size));
  for (guint i = 0; i < G_N_ELEMENTS (reports); i++)
    check_text (mugai_report_to_text (reports[i], text, size));
  check_tnef (bytes);
  check_smime (data, size);
  return 0;
}
