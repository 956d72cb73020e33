/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/limits: fills the defaults into what a caller left at 0, so that the rest of the reader never asks again.
 *
 * Pure; any thread.
 */
#include "limits.h"

MugaiMailLimits mugai_mail_limits_resolve (const MugaiMailLimits *limits) {
  MugaiMailLimits resolved = { 0 };
  if (limits != NULL)
    resolved = *limits;
  if (resolved.max_header_bytes == 0)
    resolved.max_header_bytes = MUGAI_MAIL_MAX_HEADER_BYTES;
  if (resolved.max_field_bytes == 0)
    resolved.max_field_bytes = MUGAI_MAIL_MAX_FIELD_BYTES;
  if (resolved.max_decoded_bytes == 0)
    resolved.max_decoded_bytes = MUGAI_MAIL_MAX_DECODED_BYTES;
  if (resolved.max_headers == 0)
    resolved.max_headers = MUGAI_MAIL_MAX_HEADERS;
  if (resolved.max_depth == 0)
    resolved.max_depth = MUGAI_MAIL_MAX_DEPTH;
  if (resolved.max_parts == 0)
    resolved.max_parts = MUGAI_MAIL_MAX_PARTS;
  return resolved;
}
