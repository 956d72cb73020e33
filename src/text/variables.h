/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/variables: custom properties of style sheets (--gone: none) and what var (--gone) stands for.
 *
 * Without scopes: a name that a sheet gives two values is unknown, and so is one that only another element's style
 * gives; a declaration that asks for it says nothing, and the text shows. Threads: read-only once filled.
 */
#pragma once

#include <glib.h>

typedef struct _Variables Variables;

/* @outer: (nullable): asked for what is not here; must outlive the result. */
Variables *variables_new (const Variables *outer);
void variables_free (Variables *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Variables, variables_free)

gboolean variables_are_used (const char *css, gsize length);
/* Notes the custom properties among the declarations in @text. */
void variables_collect (Variables *self, const char *text, gsize length);
/* @text with values for each var (); NULL when that is too long. */
char *variables_resolve (const Variables *self, const char *text, gsize length, gsize *ret_length);
