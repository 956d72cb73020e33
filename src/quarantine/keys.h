/* SPDX-License-Identifier: GPL-2.0-only
 *
 * quarantine/keys: the master keys, which wrap the key of each item.
 */
#pragma once

#include <glib.h>

#define MUGAI_KEYS_BYTES 32u

typedef struct MugaiKeys MugaiKeys;

/** mugai_keys_open: all keys in @folder and among systemd's credentials; @may_make: a first one is made where there is none. */
MugaiKeys *mugai_keys_open (const char *folder, gboolean may_make, GError **error);
void mugai_keys_close (MugaiKeys *keys);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiKeys, mugai_keys_close)
/** mugai_keys_current: number of the key that wraps what comes; mugai_keys_oldest: of the oldest that is there. */
guint mugai_keys_current (const MugaiKeys *keys);
guint mugai_keys_oldest (const MugaiKeys *keys);
/** mugai_keys_get: (transfer none) (nullable): MUGAI_KEYS_BYTES. */
const guint8 *mugai_keys_get (const MugaiKeys *keys, guint number);
/** mugai_keys_rotate: makes the next key, which is the current one from then on. */
gboolean mugai_keys_rotate (MugaiKeys *keys, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** mugai_keys_forget: overwrites and removes key @number when its successor was made before @made_before_s [s since 1970]. */
gboolean mugai_keys_forget (MugaiKeys *keys, guint number, gint64 made_before_s, gboolean *ret_forgotten,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
