/* SPDX-License-Identifier: GPL-2.0-only
 *
 * scan/pdf-crypt: can anyone open this PDF? Many are encrypted only to forbid printing: their user password is empty, every
 * reader opens them, and what they can do must be seen. ISO 32000-2 7.6: the standard handler, revisions 2 to 6.
 *
 * Pure; any thread.
 */
#pragma once

#include "bytes.h"

typedef struct {
  gboolean opens; /* with the empty password */
  enum { MUGAI_PDF_CIPHER_NONE, MUGAI_PDF_CIPHER_RC4, MUGAI_PDF_CIPHER_AES } streams;
  gboolean plain_key; /* revisions 5 and 6: the file's key is every object's */
  guint8 key[32];
  guint key_bytes;
} MugaiPdfKey;

/** mugai_pdf_crypt_open: @at: behind the name Encrypt in the trailer. What is not understood does not open. */
MugaiPdfKey mugai_pdf_crypt_open (MugaiBytes file, gsize at);
/** mugai_pdf_crypt_decrypt: (transfer full): the stream of object @number @generation, decrypted. @key opens. */
GByteArray *mugai_pdf_crypt_decrypt (const MugaiPdfKey *key, guint number, guint generation, MugaiBytes data);
