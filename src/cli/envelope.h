/* SPDX-License-Identifier: GPL-2.0-only
 *
 * The envelope of a message that is looked at without an MTA: options of sanitize, policy explain and policy test.
 */
#pragma once

#include "mugai/base/facts.h"

typedef struct {
  char *direction, *client, *helo, *auth, *from; /* NULL: not given */
  char **to;
} MugaiCliEnvelope;

void mugai_cli_envelope_clear (MugaiCliEnvelope *given);
/** mugai_cli_envelope_add_options: appends them to @entries, of GOptionEntry. */
void mugai_cli_envelope_add_options (MugaiCliEnvelope *given, GArray *entries);
/** mugai_cli_envelope_check: FALSE and @error when --direction is none. */
gboolean mugai_cli_envelope_check (const MugaiCliEnvelope *given, GError **error);
/** mugai_cli_envelope_new: (transfer full): classified by flow, now; --direction holds whatever flow says. */
MugaiEnvelope *mugai_cli_envelope_new (const MugaiCliEnvelope *given, const MugaiOrganisation *organisation,
                                       guint64 size_bytes);
