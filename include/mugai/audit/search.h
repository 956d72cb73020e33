/* SPDX-License-Identifier: GPL-2.0-only
 *
 * audit/search: an index of the chain, made from it and thrown away at will: it proves nothing, it only finds.
 *
 * What is found is read from the chain itself, and shown only when the line still has its own hash. Any thread, one at a time.
 */
#pragma once

#include "mugai/audit.h"

typedef struct MugaiAuditSearch MugaiAuditSearch;

/** mugai_audit_search_open: the index of the chain in @directory, in the file @index; brought up to date, or with @rebuild made anew. */
MugaiAuditSearch *mugai_audit_search_open (const char *directory, const char *index, gboolean rebuild, GError **error);
void mugai_audit_search_close (MugaiAuditSearch *search);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiAuditSearch, mugai_audit_search_close)
guint64 mugai_audit_search_lines (MugaiAuditSearch *search);

/* Each (nullable): all that are given must fit. */
typedef struct {
  const char *since, *until; /* RFC 3339 or a prefix of it: a day, an hour */
  const char *address;       /* sender or recipient, whole, or "@domain" */
  const char *subject;       /* anywhere in it, case does not matter */
  const char *queue_id, *message_id, *id, *sha256, *rule, *action, *verdict, *actor, *kind;
  guint limit, offset; /* limit 0: 50 */
} MugaiAuditQuery;

/** mugai_audit_search: newest first; @visit as in mugai_audit_each (). */
gboolean mugai_audit_search (MugaiAuditSearch *search, const MugaiAuditQuery *query, MugaiAuditVisit visit,
                             gpointer data, GError **error);

/** mugai_audit_search_month: (transfer full): figures of the month "YYYY-MM": {"month","days":[{"day","delivered",...}],"totals","directions",
 * "verdicts","senders","rules","clauses","exceptions","approvers","failures","acts","signature_age_s","anomalies"}. */
json_t *mugai_audit_search_month (MugaiAuditSearch *search, const char *month, GError **error);
