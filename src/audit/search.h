/* SPDX-License-Identifier: GPL-2.0-only
 *
 * audit/search: what an open index is, for this room.
 */
#pragma once

#include <sqlite3.h>

#include "mugai/audit/search.h"
#include "mugai/base/base.h"

struct MugaiAuditSearch {
  int directory_fd;
  sqlite3 *index;
};

gboolean mugai_audit_search_fail (MugaiAuditSearch *search, const char *what, GError **error);
/** mugai_audit_search_rows: (transfer full): an array of objects, named as the columns. @a and @b: ?1 and ?2. */
json_t *mugai_audit_search_rows (MugaiAuditSearch *search, const char *sql, const char *a, const char *b,
                                 GError **error);
/** mugai_audit_search_grams: (transfer full): @folded's pairs of neighbouring characters, each as one word of hexadecimal digits: Japanese has no
 * spaces between words, and two characters are a word there. At most @max of them (0: all); @asking: of a text looked for, in a query's grammar. */
char *mugai_audit_search_grams (const char *folded, guint max, gboolean asking);
/** mugai_audit_search_update: reads what the chain has more than the index. */
gboolean mugai_audit_search_update (MugaiAuditSearch *search, GError **error) G_GNUC_WARN_UNUSED_RESULT;
