/* SPDX-License-Identifier: GPL-2.0-only
 *
 * The new body: the texts of all leaves that the decision shows, in reading order, nested messages under their own head.
 */
#include "inspection.h"

#include "mugai/base/unicode.h"

#define MAX_HEAD_BYTES 1000u /* of one field of a nested message's head: a dozen addresses */

/* A nested message begins with who wrote it and when, as mail clients print a forwarded one. */
static void append_nested_head (GString *body, const MugaiEntity *message) {
  static const char *const names[] = { "From", "Date", "To", "Subject" };
  if (message->children == NULL || message->children->len == 0)
    return;
  const MugaiEntity *root = g_ptr_array_index (message->children, 0);
  gboolean known = FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    known |= mugai_mail_field (root, names[i]) != NULL;
  if (!known) /* what S/MIME signed is no message of its own */
    return;
  g_string_append (body, "\n---------- 添付されていたメール / attached message ----------\n");
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    const MugaiMailField *field = mugai_mail_field (root, names[i]);
    if (field == NULL)
      continue;
    g_autofree char *value = mugai_header_decode_text (field->raw, field->raw_bytes, NULL, NULL);
    g_autofree char *cut = mugai_unicode_make_safe (value, -1, MAX_HEAD_BYTES);
    g_autofree char *dead = mugai_words_dead (cut);
    g_string_append_printf (body, "%s: %s\n", names[i], dead);
  }
  g_string_append_c (body, '\n');
}

/* What stands in a container that is taken out goes with it. @removed: set of such entities. */
static gboolean is_in_removed (const MugaiLeaf *leaf, GHashTable *removed) {
  for (const MugaiEntity *above = leaf->entity->parent; above != NULL; above = above->parent)
    if (g_hash_table_contains (removed, above))
      return TRUE;
  return FALSE;
}

/* A wrapper is replaced by what it says; a text is shown as such. */
static gboolean is_shown (const MugaiInspection *inspection, const MugaiLeaf *leaf, const MugaiPartDecision *choice) {
  if (leaf->text == NULL)
    return FALSE;
  return choice->action == MUGAI_PART_TEXT
         || (choice->action == MUGAI_PART_REPLACE && leaf->tnef != NULL
             && mugai_leaf_part (inspection, leaf)->role == MUGAI_ROLE_CONTROL);
}

char *mugai_body_text (const MugaiInspection *inspection, const MugaiDecision *decision) {
  GString *body = g_string_new (NULL);
  g_autoptr (GHashTable) removed = g_hash_table_new (NULL, NULL);
  for (guint i = 0; i < inspection->leaves->len; i++) {
    const MugaiLeaf *leaf = g_ptr_array_index (inspection->leaves, i);
    const MugaiPartDecision *part = g_ptr_array_index (decision->parts, leaf->part);
    if (leaf->entity->kind != MUGAI_ENTITY_LEAF && part->action == MUGAI_PART_REMOVE)
      g_hash_table_add (removed, leaf->entity);
    if (is_in_removed (leaf, removed))
      continue;
    if (leaf->entity->kind == MUGAI_ENTITY_MESSAGE && part->action != MUGAI_PART_REMOVE)
      append_nested_head (body, leaf->entity);
    if (!is_shown (inspection, leaf, part))
      continue;
    if (body->len > 0 && !g_str_has_suffix (body->str, "\n\n"))
      g_string_append_c (body, '\n');
    g_string_append (body, leaf->text);
    if (body->len > 0 && body->str[body->len - 1] != '\n')
      g_string_append_c (body, '\n');
  }
  char *shortened = mugai_quoted_shorten (body->str);
  g_string_free (body, TRUE);
  return shortened;
}
