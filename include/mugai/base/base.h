/* SPDX-License-Identifier: GPL-2.0-only
 *
 * base: what every room may use: identifiers, digests, time, durable files. The other nouns have headers
 * beside this one: fd.h, json.h, unicode.h, facts.h.
 *
 * Any thread.
 */
#pragma once

#include <glib.h>

#define MUGAI_ID_LENGTH 26 /* characters of Crockford's base 32: 48 bits of time [ms], 80 random bits (ULID) */

/** mugai_id_new: (transfer full): a new identifier; sorts by time; from getrandom. */
char *mugai_id_new (void);
/** mugai_id_is_valid: TRUE when @id (nullable) has the form that mugai_id_new () makes. */
gboolean mugai_id_is_valid (const char *id);

#define MUGAI_SHA256_HEX_LENGTH 64

/** mugai_sha256_hex: (transfer full): lower-case hexadecimal SHA-256 of the bytes. */
char *mugai_sha256_hex (const void *data, gsize length_bytes);
/** mugai_sha256_is_valid: TRUE when @hex (nullable) is 64 lower-case hexadecimal digits. */
gboolean mugai_sha256_is_valid (const char *hex);

/** mugai_random: fills from getrandom; never fails (aborts when the kernel has none). */
void mugai_random (void *buffer, gsize length_bytes);

/** mugai_leave_no_core: for a process with keys, tokens or mails in its memory: no core file, and no debugger of the same user. Not undone; kept over
 * a fork, not over an exec. */
void mugai_leave_no_core (void);

/** mugai_time_rfc3339: (transfer full): @unix_us [µs since 1970] in local time with offset, millisecond precision. */
char *mugai_time_rfc3339 (gint64 unix_us);
/** mugai_time_rfc5322: (transfer full): the same moment as a Date field body, independent of locale. */
char *mugai_time_rfc5322 (gint64 unix_us);

/**
 * mugai_file_write_durable:
 * @directory_fd: folder
 * @name: file name in it; replaced atomically when it exists
 *
 * Temporary file, write, fdatasync, rename, fsync of the folder: after TRUE the file survives a power cut.
 * With FALSE the old file, if any, is untouched and no temporary one is left.
 */
gboolean mugai_file_write_durable (int directory_fd, const char *name, const void *data, gsize length_bytes, guint mode,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
