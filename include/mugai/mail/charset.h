/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/charset: bytes in a declared, missing or lying charset to UTF-8, Japanese first.
 *
 * ISO-2022-JP and EUC-JP families by our own decoders (CP932 semantics: NEC row 13, IBM extensions,
 * half-width kana, carrier emoji); the rest by iconv, whose converters mugai_mail_charset_init () opens
 * before a sandbox closes (glibc maps its modules at first use). One bad character costs one character.
 */
#pragma once

#include <glib.h>

typedef enum {
  MUGAI_CHARSET_OK,       /* decoded as declared */
  MUGAI_CHARSET_REPAIRED, /* as declared, but some characters were replaced by U+FFFD or 〓 */
  MUGAI_CHARSET_GUESSED,  /* the label was missing, unknown or wrong: detected from the bytes */
  MUGAI_CHARSET_REFUSED   /* a charset that mail has no need of and that readers read differently:
                            UTF-7, UTF-16/32 declared in mail, EBCDIC, HZ, ISO-2022-KR/CN; text is empty */
} MugaiCharsetOutcome;

typedef struct {
  char *text;       /* UTF-8, valid, line ends as in the bytes; never NULL; controls NOT stripped */
  const char *used; /* static canonical name of what decoded it: "utf-8", "iso-2022-jp", "cp932", ... */
  MugaiCharsetOutcome outcome;
  guint repaired; /* characters replaced */
} MugaiCharsetResult;

/** mugai_mail_charset_init: opens every permitted converter once; call before threads and sandbox. Idempotent. */
void mugai_mail_charset_init (void);

/**
 * mugai_mail_charset_decode:
 * @bytes: (nullable): may hold NUL
 * @declared: (nullable): label as written by the sender, any case, may carry a language suffix ("iso-2022-jp*ja")
 * @hint: (nullable): a weaker label (HTML meta, a sibling's charset), used when @declared fails
 *
 * Rules: see the table in the source. Never shrinks: when the declared charset gives nothing or more than 2 %
 * replacements, the best other candidate is taken (outcome GUESSED). Linear time.
 *
 * Returns: (transfer full). Threads: any, after init.
 */
MugaiCharsetResult *mugai_mail_charset_decode (const char *bytes, gsize length_bytes, const char *declared,
                                               const char *hint);
void mugai_charset_result_free (MugaiCharsetResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiCharsetResult, mugai_charset_result_free)

/** mugai_mail_charset_is_refused: TRUE when @label (nullable) names a charset of the class REFUSED. */
gboolean mugai_mail_charset_is_refused (const char *label);
