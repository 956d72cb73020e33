/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Which leaves a person reads as the body, what they say as plain text, and which leg of multipart/alternative speaks
 * for the others. Leaves layout of HTML to text, charsets to mail.
 */
#include "mugai/sanitize.h"

#include <string.h>

#include "mugai/text.h"

#include "inspection.h"

/* ---- roles ---- */

static gboolean is_multipart (const MugaiEntity *entity, const char *subtype) {
  return entity != NULL && entity->kind == MUGAI_ENTITY_MULTIPART && g_str_has_prefix (entity->declared, "multipart/")
         && g_str_equal (entity->declared + strlen ("multipart/"), subtype);
}

static gboolean is_first_child (const MugaiEntity *entity) {
  return entity->parent != NULL && entity->parent->children != NULL && entity->parent->children->len > 0
         && g_ptr_array_index (entity->parent->children, 0) == entity;
}

static gboolean is_readable_type (const char *type) {
  static const char *const readable[] = { "text/plain",
                                          "text/html",
                                          "text/enriched",
                                          "message/delivery-status",
                                          "message/disposition-notification",
                                          "message/feedback-report",
                                          NULL };
  return g_strv_contains (readable, type);
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

/* What was found in the bytes: a "text/plain" that is a program is no body, whatever its label says. */
static gboolean content_may_be_text (const MugaiEntity *entity, const MugaiPart *part) {
  static const char *const vague[] = { "application/octet-stream",
                                       "application/x-empty",
                                       "application/json",
                                       "application/xml",
                                       "application/x-wine-extension-ini",
                                       "message/rfc822",
                                       NULL };
  if (part->flags & MUGAI_BIT (MUGAI_FLAG_EXECUTABLE))
    return FALSE;
  return part->detected == NULL || *part->detected == '\0' || g_str_has_prefix (part->detected, "text/")
         || g_str_has_prefix (part->detected, "message/") || g_strv_contains (vague, part->detected)
         || is_made_of_text (entity);
}

/* In multipart/related everything but the first leaf serves the first; a related part below an alternative leg likewise. */
static gboolean is_related (const MugaiEntity *entity) {
  for (const MugaiEntity *at = entity; at->parent != NULL; at = at->parent)
    if (is_multipart (at->parent, "related"))
      return !is_first_child (at);
  return FALSE;
}

static gboolean is_control (const MugaiEntity *entity) {
  static const char *const control[] = { "application/pgp-signature", "application/pkcs7-signature",
                                         "application/x-pkcs7-signature", NULL };
  return g_strv_contains (control, entity->declared)
         || (is_multipart (entity->parent, "signed") && !is_first_child (entity));
}

static MugaiRole role_of (const MugaiEntity *entity, const MugaiPart *part) {
  if (entity->kind != MUGAI_ENTITY_LEAF)
    return MUGAI_ROLE_CONTAINER;
  if (is_control (entity))
    return MUGAI_ROLE_CONTROL;
  gboolean named = entity->names[0] != NULL || g_str_equal (entity->disposition, "attachment");
  gboolean readable = is_readable_type (entity->declared) && content_may_be_text (entity, part) && !entity->undecodable;
  if (readable && !named && !is_related (entity))
    return MUGAI_ROLE_BODY;
  return is_related (entity) ? MUGAI_ROLE_RELATED : MUGAI_ROLE_ATTACHMENT;
}

void mugai_body_assign_roles (MugaiInspection *inspection) {
  for (guint i = 0; i < inspection->leaves->len; i++) {
    const MugaiLeaf *leaf = g_ptr_array_index (inspection->leaves, i);
    MugaiPart *part = mugai_leaf_part (inspection, leaf);
    part->role = role_of (leaf->entity, part);
  }
}

/* ---- text ---- */

static void note_links (MugaiFacts *facts, const GPtrArray *links) {
  for (guint i = 0; i < links->len && facts->links->len < MUGAI_FACTS_MAX_LINKS; i++) {
    const MugaiTextLink *link = g_ptr_array_index (links, i);
    MugaiLinkFact *fact = g_new0 (MugaiLinkFact, 1);
    fact->host = g_strndup (link->host, MUGAI_FACTS_MAX_NAME_BYTES / 4);
    fact->shown_host = link->shown_host != NULL ? g_strndup (link->shown_host, MUGAI_FACTS_MAX_NAME_BYTES / 4) : NULL;
    fact->mismatch = link->mismatch;
    g_ptr_array_add (facts->links, fact);
    if (link->mismatch)
      facts->oddities |= MUGAI_BIT (MUGAI_ODDITY_LINK_MISMATCH);
  }
}

static char *convert_html (MugaiFacts *facts, const char *html) {
  g_autoptr (MugaiTextResult) result = NULL;
  g_autoptr (GError) error = NULL;
  if (!mugai_text_from_html (html, strlen (html), NULL, &result, &error))
    return NULL;
  note_links (facts, result->links);
  if (result->hidden_bytes > 0)
    facts->oddities |= MUGAI_BIT (MUGAI_ODDITY_HIDDEN_TEXT);
  if (result->active)
    facts->oddities |= MUGAI_BIT (MUGAI_ODDITY_ACTIVE_HTML);
  return mugai_mail_cut_encoded (result->text, &facts->oddities);
}

static void convert_leaf (MugaiInspection *inspection, MugaiLeaf *leaf) {
  gboolean html = g_str_equal (leaf->entity->declared, "text/html");
  g_autofree char *hint = NULL;
  if (html) {
    gsize length_bytes = 0;
    const char *data = g_bytes_get_data (leaf->entity->content, &length_bytes);
    hint = mugai_text_sniff_charset (data, length_bytes);
  }
  g_autofree char *text = mugai_mail_leaf_text (leaf->entity, hint, &inspection->facts->oddities);
  if (text != NULL && html)
    leaf->text = convert_html (inspection->facts, text);
  else
    leaf->text = g_steal_pointer (&text);
  leaf->from_html = html;
}

void mugai_body_convert (MugaiInspection *inspection) {
  for (guint i = 0; i < inspection->leaves->len; i++) {
    MugaiLeaf *leaf = g_ptr_array_index (inspection->leaves, i);
    MugaiPart *part = mugai_leaf_part (inspection, leaf);
    if (part->role != MUGAI_ROLE_BODY)
      continue;
    convert_leaf (inspection, leaf);
    if (leaf->text == NULL)
      part->role = MUGAI_ROLE_ATTACHMENT; /* not readable as text: it stays in quarantine, and the notice says so */
  }
}

/* ---- the leg that says more ---- */

static gboolean is_below (const MugaiEntity *entity, const MugaiEntity *ancestor) {
  for (; entity != NULL; entity = entity->parent)
    if (entity == ancestor)
      return TRUE;
  return FALSE;
}

static char *leg_text (const MugaiInspection *inspection, const MugaiEntity *leg) {
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < inspection->leaves->len; i++) {
    const MugaiLeaf *leaf = g_ptr_array_index (inspection->leaves, i);
    if (leaf->text == NULL || !is_below (leaf->entity, leg)
        || mugai_leaf_part (inspection, leaf)->role != MUGAI_ROLE_BODY)
      continue;
    g_string_append_printf (text, "%s\n", leaf->text);
  }
  return g_string_free (text, FALSE);
}

/* A text as the set of its character pairs, without blanks, marks and case: how two legs are compared whatever their
   layout. Links are left out: only the converted leg prints them. */
static GHashTable *pairs_of (const char *text) {
  GHashTable *pairs = g_hash_table_new (NULL, NULL);
  g_autofree char *folded = g_utf8_casefold (text, -1);
  gunichar last = 0;
  for (const char *at = folded; *at != '\0'; at = g_utf8_next_char (at)) {
    if (g_str_has_prefix (at, "http") || g_str_has_prefix (at, "hxxp"))
      while (*at != '\0' && (guchar) *at > ' ' && (guchar) *at < 0x7F)
        at++;
    if (*at == '\0')
      break;
    gunichar c = g_utf8_get_char (at);
    if (!g_unichar_isalnum (c))
      continue;
    if (last != 0)
      g_hash_table_add (pairs, GUINT_TO_POINTER ((last << 16) ^ c));
    last = c;
  }
  return pairs;
}

/* Share of what @whole says that @part says, too. [0..1]; 1 when @whole says nothing. */
static double coverage (GHashTable *part, GHashTable *whole) {
  guint found = 0, all = g_hash_table_size (whole);
  GHashTableIter iter;
  gpointer key;
  g_hash_table_iter_init (&iter, whole);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    found += g_hash_table_contains (part, key) ? 1 : 0;
  return all == 0 ? 1.0 : (double) found / all;
}

#define LEG_SAYS_THE_SAME 0.75 /* of the other's character pairs: footers, greetings and buttons' words may differ */
#define LEG_SAYS_OTHER 0.4     /* a plain leg of which the HTML has less than this says something else */

static void silence_leg (MugaiInspection *inspection, const MugaiEntity *leg) {
  for (guint i = 0; i < inspection->leaves->len; i++) {
    MugaiLeaf *leaf = g_ptr_array_index (inspection->leaves, i);
    MugaiPart *part = mugai_leaf_part (inspection, leaf);
    if (part->role == MUGAI_ROLE_BODY && is_below (leaf->entity, leg))
      part->role = MUGAI_ROLE_ALTERNATE;
  }
}

/* The first leg that says (nearly) all that the richest, the last one, says; RFC 2046 5.1.4 orders them by richness. */
static void choose_leg (MugaiInspection *inspection, const MugaiEntity *alternative) {
  guint n = alternative->children->len, chosen = 0;
  g_autoptr (GHashTable) best = NULL;
  for (guint i = 0; i < n; i++) {
    g_autofree char *text = leg_text (inspection, g_ptr_array_index (alternative->children, i));
    g_autoptr (GHashTable) pairs = pairs_of (text);
    if (best != NULL && (*text == '\0' || coverage (best, pairs) >= LEG_SAYS_THE_SAME))
      continue;
    if (best != NULL && g_hash_table_size (best) > 8 && coverage (pairs, best) < LEG_SAYS_OTHER)
      inspection->facts->oddities |= MUGAI_BIT (MUGAI_ODDITY_LEGS_DIFFER);
    if (*text == '\0')
      continue;
    g_clear_pointer (&best, g_hash_table_unref);
    best = g_steal_pointer (&pairs);
    chosen = i;
  }
  for (guint i = 0; i < n; i++)
    if (i != chosen)
      silence_leg (inspection, g_ptr_array_index (alternative->children, i));
}

/* Innermost first, so that an outer choice compares what the inner one left. */
void mugai_body_choose_legs (MugaiInspection *inspection) {
  for (guint i = inspection->leaves->len; i > 0; i--) {
    const MugaiLeaf *leaf = g_ptr_array_index (inspection->leaves, i - 1);
    if (is_multipart (leaf->entity, "alternative") && leaf->entity->children->len > 1)
      choose_leg (inspection, leaf->entity);
  }
}

/* ---- the new body ---- */

/* A nested message begins with who wrote it and when, as mail clients print a forwarded one. */
static void append_nested_head (GString *body, const MugaiEntity *message) {
  static const char *const names[] = { "From", "Date", "To", "Subject" };
  if (message->children == NULL || message->children->len == 0)
    return;
  const MugaiEntity *root = g_ptr_array_index (message->children, 0);
  g_string_append (body, "\n---------- 添付されていたメール / attached message ----------\n");
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    const MugaiMailField *field = mugai_mail_field (root, names[i]);
    if (field == NULL)
      continue;
    g_autofree char *value = mugai_header_decode_text (field->raw, field->raw_bytes, NULL, NULL);
    g_string_append_printf (body, "%s: %s\n", names[i], value);
  }
  g_string_append_c (body, '\n');
}

char *mugai_body_text (const MugaiInspection *inspection, const MugaiDecision *decision) {
  GString *body = g_string_new (NULL);
  for (guint i = 0; i < inspection->leaves->len; i++) {
    const MugaiLeaf *leaf = g_ptr_array_index (inspection->leaves, i);
    const MugaiPartDecision *part = g_ptr_array_index (decision->parts, leaf->part);
    if (leaf->entity->kind == MUGAI_ENTITY_MESSAGE && part->action != MUGAI_PART_REMOVE)
      append_nested_head (body, leaf->entity);
    if (part->action != MUGAI_PART_TEXT || leaf->text == NULL)
      continue;
    if (body->len > 0 && !g_str_has_suffix (body->str, "\n\n"))
      g_string_append_c (body, '\n');
    g_string_append (body, leaf->text);
    if (body->len > 0 && body->str[body->len - 1] != '\n')
      g_string_append_c (body, '\n');
  }
  return g_string_free (body, FALSE);
}
