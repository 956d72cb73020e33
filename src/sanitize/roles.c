/* SPDX-License-Identifier: GPL-2.0-only
 *
 * What each leaf is to its reader: body, picture of a body, attachment, machinery. From structure and from what was detected; a
 * label alone makes nothing readable.
 */
#include "inspection.h"

#include <string.h>

#include "mugai/mail/report.h"

#define MAX_PGP_VERSION_BYTES 100u /* "Version: 1" and an empty line */

gboolean mugai_is_multipart (const MugaiEntity *entity, const char *subtype) {
  return entity != NULL && entity->kind == MUGAI_ENTITY_MULTIPART && g_str_has_prefix (entity->declared, "multipart/")
         && g_str_equal (entity->declared + strlen ("multipart/"), subtype);
}

static gboolean is_first_child (const MugaiEntity *entity) {
  return entity->parent != NULL && entity->parent->children != NULL && entity->parent->children->len > 0
         && g_ptr_array_index (entity->parent->children, 0) == entity;
}

/* No program: nothing but what text is made of. What libmagic calls a text by its first words does not matter then. */
static gboolean is_made_of_text (const MugaiEntity *entity) {
  gsize length_bytes = 0;
  const guint8 *data = g_bytes_get_data (entity->content, &length_bytes);
  for (gsize i = 0; i < length_bytes; i++)
    if ((data[i] < 0x20 && (data[i] < '\t' || data[i] > '\r') && data[i] != 0x1B) || data[i] == 0x7F)
      return FALSE;
  return TRUE;
}

/* What was found in the bytes: a "text/plain" that is a program is no body, whatever its label says. Nor is a document whose
 * language happens to be made of letters: who saves it has the document. */
static gboolean content_may_be_text (const MugaiEntity *entity, const MugaiPart *part) {
  static const char *const documents[] = { "application/pdf", "application/rtf", "application/postscript", NULL };
  static const char *const vague[] = { "application/octet-stream",
                                       "application/x-empty",
                                       "application/json",
                                       "application/xml",
                                       "application/x-wine-extension-ini",
                                       "message/rfc822",
                                       NULL };
  if (part->flags & MUGAI_BIT (MUGAI_FLAG_EXECUTABLE)
      || (part->detected != NULL && g_strv_contains (documents, part->detected)))
    return FALSE;
  return part->detected == NULL || *part->detected == '\0' || g_str_has_prefix (part->detected, "text/")
         || g_str_has_prefix (part->detected, "message/") || g_strv_contains (vague, part->detected)
         || is_made_of_text (entity);
}

/* ---- what it can be read as ---- */

static gboolean is_calendar (const MugaiEntity *entity, const MugaiPart *part) {
  static const char *const declared[] = { "text/calendar", "text/x-vcalendar", "application/ics", NULL };
  return g_strv_contains (declared, entity->declared) || g_str_equal (part->detected, "text/calendar");
}

static gboolean is_card (const MugaiEntity *entity, const MugaiPart *part) {
  static const char *const declared[] = { "text/vcard", "text/x-vcard", "text/directory", NULL };
  return g_strv_contains (declared, entity->declared) || g_str_equal (part->detected, "text/vcard");
}

static gboolean is_named (const MugaiEntity *entity) {
  return entity->names[0] != NULL || g_str_equal (entity->disposition, "attachment");
}

/* Calendars and cards are read wherever they stand: what they say fits a mail's text. Plain bodies are what they are. */
static MugaiReading reading_of (const MugaiLeaf *leaf, const MugaiPart *part) {
  const MugaiEntity *entity = leaf->entity;
  gboolean plain = g_str_equal (entity->declared, "text/plain") && !is_named (entity);
  if (entity->undecodable)
    return MUGAI_READING_NONE;
  if (leaf->tnef != NULL) /* opened in part only, it stays a file that nobody has seen all of */
    return leaf->tnef->over_limit ? MUGAI_READING_NONE : MUGAI_READING_TNEF;
  if (!content_may_be_text (entity, part))
    return MUGAI_READING_NONE;
  if (mugai_report_is_type (entity->declared))
    return MUGAI_READING_REPORT;
  if (plain || g_str_equal (entity->declared, "text/enriched"))
    return MUGAI_READING_PLAIN;
  if (g_str_equal (entity->declared, "text/html"))
    return MUGAI_READING_HTML;
  if (is_calendar (entity, part))
    return MUGAI_READING_CALENDAR;
  if (is_card (entity, part))
    return MUGAI_READING_CARD;
  return MUGAI_READING_NONE;
}

/* ---- roles ---- */

/* In multipart/related everything but the first leaf serves the first; a related part below an alternative leg likewise. */
static gboolean is_related (const MugaiEntity *entity) {
  for (const MugaiEntity *at = entity; at->parent != NULL; at = at->parent)
    if (mugai_is_multipart (at->parent, "related"))
      return !is_first_child (at);
  return FALSE;
}

gboolean mugai_is_signature (const MugaiEntity *entity) {
  static const char *const signature[] = { "application/pgp-signature", "application/pkcs7-signature",
                                           "application/x-pkcs7-signature", NULL };
  if (entity->kind == MUGAI_ENTITY_MESSAGE) /* signed in one piece: the wrapper is the signature */
    return g_str_has_suffix (entity->declared, "pkcs7-mime");
  return entity->kind == MUGAI_ENTITY_LEAF
         && (g_strv_contains (signature, entity->declared)
             || (mugai_is_multipart (entity->parent, "signed") && !is_first_child (entity)));
}

/* "Version: 1" of PGP/MIME (RFC 3156 4): says what the part beside it is. */
static gboolean is_pgp_version (const MugaiEntity *entity) {
  return g_str_equal (entity->declared, "application/pgp-encrypted") && mugai_is_multipart (entity->parent, "encrypted")
         && is_first_child (entity) && g_bytes_get_size (entity->content) <= MAX_PGP_VERSION_BYTES;
}

static MugaiRole role_of (const MugaiLeaf *leaf) {
  const MugaiEntity *entity = leaf->entity;
  if (entity->kind != MUGAI_ENTITY_LEAF)
    return MUGAI_ROLE_CONTAINER;
  if (mugai_is_signature (entity) || is_pgp_version (entity))
    return MUGAI_ROLE_CONTROL;
  switch (leaf->reading) {
  case MUGAI_READING_TNEF:
    return MUGAI_ROLE_CONTROL;
  case MUGAI_READING_CALENDAR:
  case MUGAI_READING_CARD:
  case MUGAI_READING_REPORT:
    return MUGAI_ROLE_BODY;
  case MUGAI_READING_PLAIN:
  case MUGAI_READING_HTML:
    if (!is_named (entity) && !is_related (entity))
      return MUGAI_ROLE_BODY;
    break;
  case MUGAI_READING_NONE:
    break;
  }
  return is_related (entity) ? MUGAI_ROLE_RELATED : MUGAI_ROLE_ATTACHMENT;
}

void mugai_body_assign_roles (MugaiInspection *inspection) {
  for (guint i = 0; i < inspection->leaves->len; i++) {
    MugaiLeaf *leaf = g_ptr_array_index (inspection->leaves, i);
    MugaiPart *part = mugai_leaf_part (inspection, leaf);
    leaf->reading = leaf->entity->kind == MUGAI_ENTITY_LEAF ? reading_of (leaf, part) : MUGAI_READING_NONE;
    part->role = role_of (leaf);
  }
}
