/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/smime: the content of an opaque-signed S/MIME part (CMS SignedData, RFC 5652 5): readable without any key.
 *
 * Reads BER as far as the content; signature and certificates are not looked at, nothing is verified. Pure; any thread.
 */
#pragma once

#include <glib.h>

#define SMIME_MAX_CHUNKS 1000000u /* of a content written in pieces; OpenSSL writes one for each 1,000 bytes */
#define SMIME_MAX_DEPTH 16u       /* of what is stepped over */

/** mugai_smime_signed_content: (transfer full) (nullable): the entity that was signed; NULL when @cms is anything else (enveloped, detached, broken). */
GBytes *mugai_smime_signed_content (GBytes *cms);
