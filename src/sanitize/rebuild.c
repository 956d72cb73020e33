/* SPDX-License-Identifier: GPL-2.0-only
 *
 * The second step in the sandbox: a NEW message from decoded content and the decision. Nothing of the original's bytes is
 * copied into it but the content of kept parts, re-encoded. The gate judges what comes out.
 */
#include "mugai/sanitize.h"

#include "inspection.h"

static void free_kept (gpointer data) {
  g_free (data);
}

static const MugaiLeaf *leaf_of_part (const MugaiInspection *inspection, guint part) {
  for (guint i = 0; i < inspection->leaves->len; i++) {
    const MugaiLeaf *leaf = g_ptr_array_index (inspection->leaves, i);
    if (leaf->part == part)
      return leaf;
  }
  return NULL;
}

/* Containers cannot be kept: what is in them is kept or not, part by part. */
static GPtrArray *collect_kept (const MugaiInspection *inspection, const MugaiDecision *decision) {
  GPtrArray *kept = g_ptr_array_new_with_free_func (free_kept);
  for (guint i = 0; i < decision->parts->len; i++) {
    const MugaiPartDecision *choice = g_ptr_array_index (decision->parts, i);
    const MugaiLeaf *leaf = leaf_of_part (inspection, i);
    if (choice->action != MUGAI_PART_KEEP || leaf == NULL || leaf->entity->kind != MUGAI_ENTITY_LEAF)
      continue;
    const MugaiPart *fact = g_ptr_array_index (inspection->facts->parts, i);
    MugaiMailKeptPart *part = g_new0 (MugaiMailKeptPart, 1);
    part->media_type = fact->detected;
    part->file_name = fact->names[0];
    part->content = leaf->entity->content;
    g_ptr_array_add (kept, part);
  }
  return kept;
}

static void append_own_fields (GString *header, const MugaiDecision *decision, const MugaiNoticeContext *context) {
  mugai_header_write_text (header, "X-Mugai-Id", context->id);
  for (guint i = 0; i < decision->add_headers->len; i++) {
    const MugaiHeaderFact *field = g_ptr_array_index (decision->add_headers, i);
    mugai_header_write_text (header, field->name, field->value);
  }
}

GBytes *mugai_sanitize_rebuild (const MugaiInspection *inspection, const MugaiDecision *decision,
                                const MugaiNoticeContext *context, GError **error) {
  if (decision->parts->len != inspection->facts->parts->len) {
    g_set_error (error, MUGAI_SANITIZE_ERROR, MUGAI_SANITIZE_ERROR_DECISION,
                 "the decision speaks of %u parts, the message has %u", decision->parts->len,
                 inspection->facts->parts->len);
    return NULL;
  }
  guint dropped = 0;
  GString *header = mugai_mail_write_fields (inspection->mail, decision->subject_tag, &dropped);
  (void) mugai_mail_write_results (header, inspection->mail, (const char *const *) context->relays);
  append_own_fields (header, decision, context);
  g_autofree char *text = mugai_body_text (inspection, decision);
  GString *body = g_string_new (text);
  mugai_notice_append (body, inspection, decision, context);
  g_autoptr (GPtrArray) kept = collect_kept (inspection, decision);
  MugaiMailDraft draft = { .header = header, .text = body->str, .kept = kept };
  GBytes *mail = mugai_mail_write (&draft);
  g_string_free (header, TRUE);
  g_string_free (body, TRUE);
  return mail;
}
