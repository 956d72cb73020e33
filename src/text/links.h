/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/links: where links really go, written so that nobody can click it by mistake.
 *
 * Reads a href as browsers do, resolves it against the base, and keeps the list for the end of the text and
 * the facts for the policy. Knows nothing of elements or lines. Threads: one Links, one thread.
 */
#pragma once

#include <glib.h>

typedef enum {
  LINK_NOWHERE, /* empty, or a place in the same page */
  LINK_TARGET,
  LINK_SCRIPT /* javascript:, data:, vbscript:: named, never shown */
} LinkKind;

typedef struct {
  LinkKind kind;
  char *host;    /* lower case ASCII, "" for none */
  char *display; /* the dead form, safe to print */
  char *note;    /* (nullable): what else to say of it: the Unicode form, a user name before the host */
} LinkTarget;

typedef struct {
  char *base;          /* (nullable) */
  GPtrArray *facts;    /* of MugaiTextLink */
  GPtrArray *entries;  /* of char *: the list's lines without their number */
  GHashTable *numbers; /* line -> number */
} Links;

void links_init (Links *self);
void links_clear (Links *self);
void links_set_base (Links *self, const char *href, gsize length); /* the first one counts */
LinkTarget *links_resolve (const Links *self, const char *href, gsize length);
void link_target_free (LinkTarget *target);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LinkTarget, link_target_free)

/* Records the fact; TRUE when @shown (the link's visible text) shows another host than it goes to. */
gboolean links_record (Links *self, const LinkTarget *target, const char *shown);
/* The host that @shown shows, or NULL. */
char *links_shown_host (const char *shown);
/* @shown_host is another than the target's, beyond a leading "www.". */
gboolean links_differ (const LinkTarget *target, const char *shown_host);
gboolean links_shows_target (const LinkTarget *target, const char *shown);
/* The target's number in the list; one line has one number. */
guint links_number (Links *self, const LinkTarget *target, const char *warning);

/* Makes each URL in running text dead in place; with @self (nullable) its host becomes a fact. */
void links_make_dead (Links *self, char *text);
