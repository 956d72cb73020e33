/* SPDX-License-Identifier: GPL-2.0-only
 *
 * What each leaf says as plain text. Leaves layout of HTML to text; charsets, calendars, cards, reports and TNEF to mail.
 */
#include "inspection.h"

#include <string.h>

#include "mugai/base/unicode.h"
#include "mugai/mail/calendar.h"
#include "mugai/mail/report.h"
#include "mugai/mail/vcard.h"
#include "mugai/text.h"

/* ---- HTML ---- */

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

/* @ret_images: (nullable): pictures that are not shown. */
static char *convert_html (MugaiFacts *facts, const char *html, guint *ret_images) {
  g_autoptr (MugaiTextResult) result = NULL;
  g_autoptr (GError) error = NULL;
  if (!mugai_text_from_html (html, strlen (html), NULL, &result, &error))
    return NULL;
  note_links (facts, result->links);
  if (result->hidden_bytes > 0)
    facts->oddities |= MUGAI_BIT (MUGAI_ODDITY_HIDDEN_TEXT);
  if (result->active)
    facts->oddities |= MUGAI_BIT (MUGAI_ODDITY_ACTIVE_HTML);
  if (ret_images != NULL)
    *ret_images = result->dropped_images + result->trackers;
  return mugai_mail_cut_encoded (result->text, &facts->oddities);
}

/* ---- structured texts ---- */

/* Pictures inside cards and calendars are base64: no oddity there, they are never shown. What comes out is looked at like any text. */
static char *convert_structured (MugaiInspection *inspection, const MugaiLeaf *leaf) {
  guint64 odd = 0;
  g_autofree char *content = mugai_mail_leaf_text (leaf->entity, NULL, &odd);
  g_autofree char *words = NULL;
  inspection->facts->oddities |= odd & ~MUGAI_BIT (MUGAI_ODDITY_IN_BODY_ENCODING);
  if (content == NULL)
    return NULL;
  if (leaf->reading == MUGAI_READING_CALENDAR)
    words = mugai_calendar_to_text (content, strlen (content));
  else if (leaf->reading == MUGAI_READING_CARD)
    words = mugai_vcard_to_text (content, strlen (content));
  else
    words = mugai_report_to_text (leaf->entity->declared, content, strlen (content));
  if (words == NULL)
    return NULL;
  g_autofree char *dead = mugai_words_dead (words);
  return mugai_mail_cut_encoded (dead, &inspection->facts->oddities);
}

/* ---- a leaf ---- */

static char *convert_text (MugaiInspection *inspection, MugaiLeaf *leaf) {
  g_autofree char *hint = NULL;
  if (leaf->reading == MUGAI_READING_HTML) {
    gsize length_bytes = 0;
    const char *data = g_bytes_get_data (leaf->entity->content, &length_bytes);
    hint = mugai_text_sniff_charset (data, length_bytes);
  }
  g_autofree char *text = mugai_mail_leaf_text (leaf->entity, hint, &inspection->facts->oddities);
  if (text != NULL && leaf->reading == MUGAI_READING_HTML)
    return convert_html (inspection->facts, text, &leaf->images);
  if (text != NULL && g_str_equal (leaf->entity->declared, "text/enriched")) {
    g_autofree char *plain = mugai_text_from_enriched (text);
    return mugai_mail_cut_encoded (plain, &inspection->facts->oddities);
  }
  return g_steal_pointer (&text);
}

/* Mailers send one invitation twice: as a leg and as a file. */
static gboolean is_repeated (const MugaiInspection *inspection, guint before, const MugaiLeaf *leaf) {
  for (guint i = 0; i < before; i++) {
    const MugaiLeaf *earlier = g_ptr_array_index (inspection->leaves, i);
    if (earlier->reading == leaf->reading && earlier->text != NULL && g_str_equal (earlier->text, leaf->text))
      return TRUE;
  }
  return FALSE;
}

static void convert_leaf (MugaiInspection *inspection, guint index) {
  MugaiLeaf *leaf = g_ptr_array_index (inspection->leaves, index);
  MugaiPart *part = mugai_leaf_part (inspection, leaf);
  gboolean structured = leaf->reading == MUGAI_READING_CALENDAR || leaf->reading == MUGAI_READING_CARD
                        || leaf->reading == MUGAI_READING_REPORT;
  leaf->text = structured ? convert_structured (inspection, leaf) : convert_text (inspection, leaf);
  if (leaf->text == NULL) {
    part->role = MUGAI_ROLE_ATTACHMENT; /* not readable as text: it stays in quarantine, and the notice says so */
  } else if (structured && is_repeated (inspection, index, leaf)) {
    part->role = MUGAI_ROLE_ALTERNATE;
    g_clear_pointer (&leaf->text, g_free);
  }
}

void mugai_body_convert (MugaiInspection *inspection) {
  for (guint i = 0; i < inspection->leaves->len; i++)
    if (mugai_leaf_part (inspection, g_ptr_array_index (inspection->leaves, i))->role == MUGAI_ROLE_BODY)
      convert_leaf (inspection, i);
}

/* ---- winmail.dat ---- */

static char *all_bodies (const MugaiInspection *inspection) {
  GString *all = g_string_new (NULL);
  for (guint i = 0; i < inspection->leaves->len; i++) {
    const MugaiLeaf *leaf = g_ptr_array_index (inspection->leaves, i);
    if (leaf->text != NULL && mugai_leaf_part (inspection, leaf)->role == MUGAI_ROLE_BODY)
      g_string_append_printf (all, "%s\n", leaf->text);
  }
  return g_string_free (all, FALSE);
}

static void append_tnef_message (MugaiInspection *inspection, GString *out, const MugaiTnefMessage *message,
                                 const char *bodies) {
  g_autofree char *html = message->html != NULL ? convert_html (inspection->facts, message->html, NULL) : NULL;
  g_autofree char *text = message->text != NULL ? mugai_words_dead (message->text) : NULL;
  const char *body = html != NULL ? html : text;
  if (out->len > 0)
    g_string_append_c (out, '\n');
  if (message->depth > 0)
    g_string_append_printf (out, "---------- 添付されていたメール / attached message ----------\nSubject: %s\n\n",
                            message->subject != NULL ? message->subject : "");
  if (message->event != NULL)
    mugai_event_append (out, message->event, message->method);
  if (body == NULL || (message->depth == 0 && mugai_body_says_the_same (bodies, body)))
    return;
  if (out->len > 0 && message->event != NULL)
    g_string_append_c (out, '\n');
  g_string_append_printf (out, "%s%s", body, g_str_has_suffix (body, "\n") ? "" : "\n");
}

static void convert_tnef (MugaiInspection *inspection, MugaiLeaf *leaf, const char *bodies) {
  GString *out = g_string_new (NULL);
  for (guint i = 0; i < leaf->tnef->messages->len; i++)
    append_tnef_message (inspection, out, g_ptr_array_index (leaf->tnef->messages, i), bodies);
  g_autofree char *safe = mugai_unicode_make_safe_lines (out->str, (gssize) out->len, 0);
  g_autofree char *dead = mugai_words_dead (safe);
  leaf->text = mugai_mail_cut_encoded (dead, &inspection->facts->oddities);
  g_string_free (out, TRUE);
}

void mugai_body_convert_tnef (MugaiInspection *inspection) {
  g_autofree char *bodies = NULL;
  for (guint i = 0; i < inspection->leaves->len; i++) {
    MugaiLeaf *leaf = g_ptr_array_index (inspection->leaves, i);
    if (leaf->reading != MUGAI_READING_TNEF)
      continue;
    if (bodies == NULL)
      bodies = all_bodies (inspection);
    convert_tnef (inspection, leaf, bodies);
  }
}
