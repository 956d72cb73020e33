/* SPDX-License-Identifier: GPL-2.0-only
 *
 * The first step: what the message IS. Reads the structure, scans every leaf and every other reading of it, converts what
 * a person would read. Judges nothing. Runs in the sandbox.
 */
#include "mugai/sanitize.h"

#include <string.h>

#include "mugai/base/base.h"
#include "mugai/flow.h"

#include "inspection.h"

G_DEFINE_QUARK (mugai - sanitize - error - quark, mugai_sanitize_error)

static void leaf_free (gpointer data) {
  MugaiLeaf *leaf = data;
  g_free (leaf->text);
  g_clear_pointer (&leaf->tnef, mugai_tnef_free);
  g_free (leaf);
}

void mugai_inspection_free (MugaiInspection *inspection) {
  if (inspection == NULL)
    return;
  g_clear_pointer (&inspection->mail, mugai_mail_free);
  g_clear_pointer (&inspection->facts, mugai_facts_free);
  g_clear_pointer (&inspection->leaves, g_ptr_array_unref);
  g_free (inspection);
}

const MugaiFacts *mugai_inspection_facts (const MugaiInspection *inspection) {
  return inspection->facts;
}

MugaiPart *mugai_leaf_part (const MugaiInspection *inspection, const MugaiLeaf *leaf) {
  return g_ptr_array_index (inspection->facts->parts, leaf->part);
}

MugaiPart *mugai_new_part (const MugaiEntity *entity) {
  MugaiPart *part = mugai_part_new ();
  g_free (part->path);
  part->path = g_strdup (entity->path);
  g_free (part->declared);
  part->declared = g_strdup (entity->declared);
  g_strfreev (part->names);
  part->names = g_strdupv (entity->names);
  part->flags = entity->flags;
  return part;
}

/* A mail, unless it came sealed in a signature (S/MIME): that was opened for what is in it, but is what it is. */
static const char *type_of_container (const MugaiEntity *entity, const MugaiScanner *scanner) {
  if (entity->kind != MUGAI_ENTITY_MESSAGE)
    return entity->declared;
  const char *type = mugai_scan_detect (scanner, entity->content);
  return g_str_equal (type, "application/pkcs7-mime") ? type : "message/rfc822";
}

/* A container is described, not scanned by itself: its leaves are, and the message as a whole was. */
static void describe_container (const MugaiEntity *entity, MugaiScanner *scanner, MugaiPart *part) {
  gsize length_bytes = 0;
  const void *data = g_bytes_get_data (entity->content, &length_bytes);
  g_free (part->detected);
  part->detected = g_strdup (type_of_container (entity, scanner));
  g_free (part->sha256);
  part->sha256 = mugai_sha256_hex (data, length_bytes);
  part->size_bytes = length_bytes;
  part->role = MUGAI_ROLE_CONTAINER;
  part->scan = mugai_scanner_version (scanner) != NULL ? MUGAI_SCAN_CLEAN : MUGAI_SCAN_NOT_SCANNED;
}

/* Other readers may decode the same part otherwise: what they would get is scanned as well, and the worst verdict counts. */
void mugai_scan_views (const MugaiEntity *entity, MugaiScanner *scanner, MugaiPart *part) {
  for (guint i = 0; entity->views != NULL && i < entity->views->len; i++) {
    g_autofree char *signature = NULL;
    MugaiScan scan = mugai_scan_bytes (scanner, g_ptr_array_index (entity->views, i), &signature);
    if (scan >= part->scan)
      continue;
    part->scan = scan;
    g_free (part->signature);
    part->signature = g_steal_pointer (&signature);
  }
}

static void inspect_entity (MugaiInspection *inspection, MugaiEntity *entity, MugaiScanner *scanner) {
  MugaiLeaf *leaf = g_new0 (MugaiLeaf, 1);
  leaf->entity = entity;
  leaf->part = inspection->facts->parts->len;
  g_ptr_array_add (inspection->leaves, leaf);
  MugaiPart *part = mugai_new_part (entity);
  g_ptr_array_add (inspection->facts->parts, part);
  if (entity->kind != MUGAI_ENTITY_LEAF) {
    describe_container (entity, scanner, part);
    return;
  }
  mugai_scan_part (scanner, part, entity->content, inspection->facts->parts);
  mugai_scan_views (entity, scanner, part);
  if (!entity->undecodable && g_str_equal (part->detected, "application/vnd.ms-tnef"))
    mugai_tnef_inspect (inspection, leaf, scanner);
  if (entity->undecodable)
    part->flags |= MUGAI_BIT (MUGAI_FLAG_MALFORMED);
}

/* libclamav read the whole message, too. A verdict there that no part explains means that it saw something that we did
   not: it stands on the root, and the message counts as one that readers read differently. */
static void apply_message_verdict (MugaiInspection *inspection, MugaiScanner *scanner) {
  const char *signature = NULL;
  MugaiScan verdict = mugai_scanner_message_verdict (scanner, &signature);
  if (verdict == MUGAI_SCAN_CLEAN || verdict == MUGAI_SCAN_NOT_SCANNED)
    return;
  GPtrArray *parts = inspection->facts->parts;
  for (guint i = 0; i < parts->len; i++) {
    const MugaiPart *part = g_ptr_array_index (parts, i);
    if (part->scan <= verdict)
      return;
  }
  MugaiPart *root = g_ptr_array_index (parts, 0);
  root->scan = verdict;
  g_free (root->signature);
  root->signature = g_strdup (signature);
  inspection->facts->oddities |= MUGAI_BIT (MUGAI_ODDITY_PARSER_DIFFERS);
}

static gboolean has_body_text (const MugaiInspection *inspection) {
  for (guint i = 0; i < inspection->leaves->len; i++) {
    const MugaiLeaf *leaf = g_ptr_array_index (inspection->leaves, i);
    if (leaf->text != NULL && *leaf->text != '\0')
      return TRUE;
  }
  return FALSE;
}

/* In what is read as text, and in files that are text by themselves. */
static gboolean has_my_number (const MugaiInspection *inspection) {
  const char *subject = inspection->facts->subject;
  if (subject != NULL && mugai_flow_has_my_number (subject, strlen (subject)))
    return TRUE;
  for (guint i = 0; i < inspection->leaves->len; i++) {
    const MugaiLeaf *leaf = g_ptr_array_index (inspection->leaves, i);
    gsize length_bytes = 0;
    const char *data = leaf->text;
    if (data != NULL)
      length_bytes = strlen (data);
    else if (leaf->entity->kind == MUGAI_ENTITY_LEAF
             && g_str_has_prefix (mugai_leaf_part (inspection, leaf)->detected, "text/"))
      data = g_bytes_get_data (leaf->entity->content, &length_bytes);
    if (data != NULL && mugai_flow_has_my_number (data, length_bytes))
      return TRUE;
  }
  return FALSE;
}

MugaiInspection *mugai_sanitize_inspect (GBytes *message, MugaiScanner *scanner, const MugaiSanitizeLimits *limits,
                                         GError **error) {
  g_autoptr (MugaiInspection) inspection = g_new0 (MugaiInspection, 1);
  g_autoptr (GError) reason = NULL;
  inspection->facts = mugai_facts_new ();
  inspection->leaves = g_ptr_array_new_with_free_func (leaf_free);
  inspection->mail = mugai_mail_parse (message, limits != NULL ? &limits->mail : NULL, &reason);
  if (inspection->mail == NULL) {
    g_set_error (error, MUGAI_SANITIZE_ERROR, MUGAI_SANITIZE_ERROR_UNREADABLE, "%s", reason->message);
    return NULL;
  }
  mugai_mail_fill_facts (inspection->mail, inspection->facts);
  mugai_scanner_set_mail_look (scanner, mugai_enclosed_inspect);
  if (inspection->mail->oddities & MUGAI_BIT (MUGAI_ODDITY_PART_LIMIT))
    mugai_scanner_begin_cut_message (scanner, message);
  else
    mugai_scanner_begin_message (scanner, message);
  for (guint i = 0; i < inspection->mail->entities->len; i++)
    inspect_entity (inspection, g_ptr_array_index (inspection->mail->entities, i), scanner);
  inspection->facts->oddities |= inspection->mail->oddities;
  g_free (inspection->facts->signatures_version);
  inspection->facts->signatures_version = g_strdup (mugai_scanner_version (scanner));
  apply_message_verdict (inspection, scanner);
  mugai_body_assign_roles (inspection);
  mugai_body_convert (inspection);
  mugai_body_choose_legs (inspection);
  mugai_body_convert_tnef (inspection);
  if (has_my_number (inspection))
    inspection->facts->oddities |= MUGAI_BIT (MUGAI_ODDITY_MY_NUMBER);
  if (!has_body_text (inspection))
    inspection->facts->oddities |= MUGAI_BIT (MUGAI_ODDITY_NO_TEXT);
  return g_steal_pointer (&inspection);
}

GBytes *mugai_sanitize_extract (const MugaiInspection *inspection, const char *path, GError **error) {
  for (guint i = 0; i < inspection->leaves->len; i++) {
    const MugaiLeaf *leaf = g_ptr_array_index (inspection->leaves, i);
    if (g_str_equal (leaf->entity->path, path))
      return g_bytes_ref (leaf->entity->content);
  }
  GBytes *file = mugai_tnef_extract (inspection, path);
  if (file != NULL)
    return file;
  g_set_error (error, MUGAI_SANITIZE_ERROR, MUGAI_SANITIZE_ERROR_NOT_FOUND, "the message has no part %s", path);
  return NULL;
}
