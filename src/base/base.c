/* SPDX-License-Identifier: GPL-2.0-only
 *
 * base: identifiers, digests, time, durable files: see mugai/base/base.h.
 *
 * Leaves text to unicode.c, descriptors to fd.c. Invariant: nothing here depends on a locale; times
 * come from the caller, except in mugai_id_new (). Threads: any.
 */
#include "mugai/base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <gio/gio.h>
#include <nettle/sha2.h>

#include "mugai/base/fd.h"

#define ID_TIME_CHARACTERS 10 /* 48 bits of time in base 32; the first character holds three of them */
#define ID_RANDOM_BYTES 10

static const char id_alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; /* Crockford: no I, L, O, U */

void mugai_random (void *buffer, gsize length_bytes) {
  guint8 *at = buffer;

  while (length_bytes > 0) {
    ssize_t got = getrandom (at, length_bytes, 0);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      g_error ("getrandom: %s", g_strerror (errno));
    at += got;
    length_bytes -= (gsize) got;
  }
}

void mugai_leave_no_core (void) {
  static const struct rlimit none = { 0, 0 };

  (void) setrlimit (RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__ /* whose search for leaks looks at its own process as a debugger does */
  (void) prctl (PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

char *mugai_id_new (void) {
  guint64 time_ms = (guint64) (g_get_real_time () / 1000);
  guint8 random[ID_RANDOM_BYTES];
  char *id = g_malloc0 (MUGAI_ID_LENGTH + 1);

  for (int i = ID_TIME_CHARACTERS - 1; i >= 0; i--, time_ms >>= 5)
    id[i] = id_alphabet[time_ms & 31];

  /* 80 bits are 16 characters, none of them shared with the time. */
  mugai_random (random, sizeof random);
  guint32 bits = 0, n_bits = 0;
  for (gsize i = 0, out = ID_TIME_CHARACTERS; i < sizeof random; i++) {
    bits = (bits << 8 | random[i]) & 0xFFF;
    for (n_bits += 8; n_bits >= 5; n_bits -= 5)
      id[out++] = id_alphabet[bits >> (n_bits - 5) & 31];
  }
  return id;
}

gboolean mugai_id_is_valid (const char *id) {
  if (id == NULL || strlen (id) != MUGAI_ID_LENGTH || id[0] > '7')
    return FALSE;
  return strspn (id, id_alphabet) == MUGAI_ID_LENGTH;
}

char *mugai_sha256_hex (const void *data, gsize length_bytes) {
  static const char digits[] = "0123456789abcdef";
  struct sha256_ctx context;
  guint8 digest[SHA256_DIGEST_SIZE];
  char *hex = g_malloc0 (MUGAI_SHA256_HEX_LENGTH + 1);

  sha256_init (&context);
  if (length_bytes > 0)
    sha256_update (&context, length_bytes, data);
  sha256_digest (&context, sizeof digest, digest);
  for (gsize i = 0; i < sizeof digest; i++) {
    hex[2 * i] = digits[digest[i] >> 4];
    hex[2 * i + 1] = digits[digest[i] & 15];
  }
  return hex;
}

gboolean mugai_sha256_is_valid (const char *hex) {
  return hex != NULL && strlen (hex) == MUGAI_SHA256_HEX_LENGTH
         && strspn (hex, "0123456789abcdef") == MUGAI_SHA256_HEX_LENGTH;
}

/* Splits @unix_us into local calendar time and milliseconds; rounds down before 1970 too. */
static struct tm local_time (gint64 unix_us, int *ret_ms) {
  gint64 seconds = unix_us / G_USEC_PER_SEC, rest_us = unix_us % G_USEC_PER_SEC;
  struct tm local = { 0 };

  if (rest_us < 0) {
    seconds--;
    rest_us += G_USEC_PER_SEC;
  }
  time_t moment = (time_t) seconds;
  (void) localtime_r (&moment, &local);
  *ret_ms = (int) (rest_us / 1000);
  return local;
}

char *mugai_time_rfc3339 (gint64 unix_us) {
  int ms;
  struct tm local = local_time (unix_us, &ms);
  long offset_min = local.tm_gmtoff / 60;
  long absolute_min = ABS (offset_min);

  return g_strdup_printf ("%04d-%02d-%02dT%02d:%02d:%02d.%03d%c%02ld:%02ld", local.tm_year + 1900, local.tm_mon + 1,
                          local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec, ms, offset_min < 0 ? '-' : '+',
                          absolute_min / 60, absolute_min % 60);
}

char *mugai_time_rfc5322 (gint64 unix_us) {
  static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
  static const char months[][4] = {
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
  };
  int ms;
  struct tm local = local_time (unix_us, &ms);
  long offset_min = local.tm_gmtoff / 60;
  long absolute_min = ABS (offset_min);

  return g_strdup_printf ("%s, %d %s %04d %02d:%02d:%02d %c%02ld%02ld", days[local.tm_wday], local.tm_mday,
                          months[local.tm_mon], local.tm_year + 1900, local.tm_hour, local.tm_min, local.tm_sec,
                          offset_min < 0 ? '-' : '+', absolute_min / 60, absolute_min % 60);
}

static gboolean fail_errno (GError **error, const char *what, const char *name) {
  int number = errno;
  g_set_error (error, G_IO_ERROR, (gint) g_io_error_from_errno (number), "%s %s: %s", what, name, g_strerror (number));
  return FALSE;
}

/* Writes and syncs the temporary file, so that the rename never shows a half-written one. */
static gboolean write_temporary (int directory_fd, const char *temporary, const void *data, gsize length_bytes,
                                 guint mode, GError **error) {
  g_auto (MugaiFd) fd = openat (directory_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

  if (fd < 0)
    return fail_errno (error, "cannot create", temporary);
  if (!mugai_fd_write_all (fd, data, length_bytes, error))
    return FALSE;
  if (fchmod (fd, (mode_t) mode) < 0) /* not the open's mode: the umask must not change it */
    return fail_errno (error, "cannot set the mode of", temporary);
  if (fdatasync (fd) < 0)
    return fail_errno (error, "cannot sync", temporary);
  if (close (mugai_fd_steal (&fd)) < 0)
    return fail_errno (error, "cannot close", temporary);
  return TRUE;
}

gboolean mugai_file_write_durable (int directory_fd, const char *name, const void *data, gsize length_bytes, guint mode,
                                   GError **error) {
  g_return_val_if_fail (strchr (name, '/') == NULL, FALSE);

  g_autofree char *id = mugai_id_new ();
  g_autofree char *temporary = g_strconcat (".new-", id, NULL);

  if (!write_temporary (directory_fd, temporary, data, length_bytes, mode, error)) {
    g_prefix_error (error, "%s: ", name);
    (void) unlinkat (directory_fd, temporary, 0);
    return FALSE;
  }
  if (renameat (directory_fd, temporary, directory_fd, name) < 0) {
    (void) fail_errno (error, "cannot rename to", name);
    (void) unlinkat (directory_fd, temporary, 0);
    return FALSE;
  }
  /* From here the new file is in place; an error says only that it might not survive a power cut. */
  if (fsync (directory_fd) < 0)
    return fail_errno (error, "cannot sync the folder of", name);
  return TRUE;
}
