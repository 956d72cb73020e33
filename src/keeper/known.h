/* SPDX-License-Identifier: GPL-2.0-only
 *
 * keeper/known: which ids the chain has: the newest in memory, older ones by looking.
 */
#pragma once

#include <glib.h>

typedef struct MugaiKnown MugaiKnown;

/** mugai_known_new: (transfer full): remembers the newest lines of the chain in @directory. */
MugaiKnown *mugai_known_new (const char *directory, GError **error);
void mugai_known_free (MugaiKnown *known);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiKnown, mugai_known_free)
/** mugai_known_add: @id is on the chain now. */
void mugai_known_add (MugaiKnown *known, const char *id, gint64 at_us);
/** mugai_known_has: is @id on the chain? */
gboolean mugai_known_has (MugaiKnown *known, const char *id, gboolean *ret_has, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
