/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/writer: what the files of the writer share. The language they write is the gate's (src/gate/gate.c); a field that
 * does not fit it is left out, never bent.
 *
 *     writer.c        bodies, parts, the whole message
 *     writer-fields.c which header fields are written again, and in what budget
 *     writer-values.c structured values: dates, message ids, trace lines, URLs
 */
#pragma once

#include <glib.h>

/** mugai_writer_date: (transfer full) (nullable): an RFC 5322 date (obsolete forms too) written canonically; NULL when it is none. */
char *mugai_writer_date (const char *text);

/** mugai_writer_message_ids: (transfer full): the well-formed <ids> in @text, at most @max, the first and then the newest ones. */
GPtrArray *mugai_writer_message_ids (const char *text, guint max);

/** mugai_writer_urls: (transfer full): the <https:…>, <http:…> and <mailto:…> in @text. */
GPtrArray *mugai_writer_urls (const char *text);

/** mugai_writer_trace: (transfer full) (nullable): a trace line in plain ASCII with a canonical date; NULL when it has none. */
char *mugai_writer_trace (const char *text);

/** mugai_writer_token: (transfer full) (nullable): @text when it is short, plain ASCII of the kind such fields hold. */
char *mugai_writer_token (const char *text);

/** mugai_writer_put_tokens: "Name: a b CRLF", folded between tokens at 76 octets; nothing when there is none. FALSE then. */
gboolean mugai_writer_put_tokens (GString *out, const char *name, const GPtrArray *tokens, const char *separator);
