/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/anchors: the link that is now open: what it has shown, and the mark behind it.
 *
 * Where it goes is for links.c; here it meets the text. See html.h for threads.
 */
#include "html.h"

#include <string.h>

#define MAX_SHOWN_BYTES 4096u

static void number_link (Html *self, const char *warning) {
  g_autofree char *mark = NULL;

  if (self->options.links == MUGAI_TEXT_LINKS_NONE && warning == NULL)
    return;
  if (self->options.links != MUGAI_TEXT_LINKS_LIST)
    mark = g_strdup_printf ("<%s>%s", self->link->display, warning != NULL ? warning : "");
  else
    mark = g_strdup_printf ("[%u]", links_number (&self->links, self->link, warning));
  flow_mark (&self->flow, mark);
}

static gboolean shows_words (const Html *self) {
  return strspn (self->shown->str, " \t\n\f\r") < self->shown->len;
}

/* Writes the link's mark behind what it has shown so far. */
void anchor_mark (Html *self) {
  g_autofree char *shown_host = NULL;
  g_autofree char *warning = NULL;
  gboolean space = self->flow.space;

  if (self->link == NULL || self->link_marked || (!shows_words (self) && !self->link_image))
    return;
  self->link_marked = TRUE;
  self->flow.space = FALSE;
  shown_host = links_shown_host (self->shown->str);
  if (self->link->kind == LINK_SCRIPT)
    flow_mark (&self->flow, "［スクリプトのリンク: 削除］");
  else if (links_shows_target (self->link, self->shown->str) && self->link_start <= self->flow.paragraph->len
           && self->link->note == NULL) {
    g_string_truncate (self->flow.paragraph, self->link_start);
    g_string_append (self->flow.paragraph, self->link->display);
  } else {
    if (shown_host != NULL && *self->link->host != '\0' && links_differ (self->link, shown_host))
      warning = g_strdup_printf ("※表示（%s）と異なるリンク先です / not the site shown", shown_host);
    number_link (self, warning);
  }
  self->flow.space = space;
}

void anchor_end (Html *self) {
  if (self->link == NULL)
    return;
  if (self->link_bare_image && !self->link_image && !shows_words (self)) {
    flow_literal (&self->flow, "［画像］");
    self->link_image = TRUE;
  }
  anchor_mark (self);
  if (shows_words (self) || self->link_image)
    (void) links_record (&self->links, self->link, self->shown->str);
  g_clear_pointer (&self->link, link_target_free);
}

void anchor_begin (Html *self, const AttributeValue *href) {
  anchor_end (self);
  if (href->text == NULL)
    return;
  self->link = links_resolve (&self->links, href->text, href->length);
  if (self->link->kind == LINK_NOWHERE) {
    g_clear_pointer (&self->link, link_target_free);
    return;
  }
  self->result->active |= self->link->kind == LINK_SCRIPT;
  self->link_depth = (gint) self->stack->len;
  self->link_marked = FALSE;
  self->link_image = self->link_bare_image = FALSE;
  if (self->flow.space)
    flow_literal (&self->flow, "");
  self->link_start = self->flow.paragraph->len;
  g_string_truncate (self->shown, 0);
}

void anchor_show (Html *self, const char *text, gsize length) {
  if (self->link != NULL && self->shown->len + length <= MAX_SHOWN_BYTES)
    g_string_append_len (self->shown, text, (gssize) length);
}
