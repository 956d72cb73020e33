/* SPDX-License-Identifier: GPL-2.0-only
 *
 * scan/flags: what a part's type, declaration and names say together: executable, script, double extension, mismatch.
 *
 * Pure tables; any thread.
 */
#pragma once

#include "mugai/base/facts.h"

/** mugai_flags_of_part: set of MugaiFlag from @part's detected and declared type and all its names. */
guint64 mugai_flags_of_part (const MugaiPart *part);
#define MUGAI_FLAGS_RUNNABLE (MUGAI_BIT (MUGAI_FLAG_EXECUTABLE) | MUGAI_BIT (MUGAI_FLAG_SCRIPT))
/** mugai_flags_of_type, _of_name: the pieces of it that one detected type, or one name, says alone. */
guint64 mugai_flags_of_type (const char *type);
guint64 mugai_flags_of_name (const char *name);
/** mugai_flags_of_raw_name: bidi-name and the like, which the safe form of a name no longer shows. @name is UTF-8. */
guint64 mugai_flags_of_raw_name (const char *name);
/** mugai_flags_extension: (transfer full): what a system would take for the extension: lower case, "" when none. */
char *mugai_flags_extension (const char *name);
/** mugai_flags_is_archive: TRUE for types whose members the archive walker lists. */
gboolean mugai_flags_is_archive (const char *type);
