/* SPDX-License-Identifier: GPL-2.0-only
 *
 * scan/bytes: a view of hostile bytes with bounds in every reader.
 *
 * A read behind the end gives 0 and never touches memory; the callers check lengths where it matters
 * what was there. Pure; any thread.
 */
#pragma once

#include <glib.h>
#include <string.h>

typedef struct {
  const guint8 *data;
  gsize length_bytes;
} MugaiBytes;

static inline MugaiBytes mugai_bytes_of (GBytes *content) {
  MugaiBytes bytes;
  bytes.data = g_bytes_get_data (content, &bytes.length_bytes);
  if (!bytes.data)
    bytes.data = (const guint8 *) ""; /* never NULL: memcpy () and strndup () of nothing want a pointer too */
  return bytes;
}

/** mugai_bytes_slice: what lies at @offset, cut to what is there. */
static inline MugaiBytes mugai_bytes_slice (MugaiBytes bytes, gsize offset, gsize length_bytes) {
  if (offset >= bytes.length_bytes)
    return (MugaiBytes){ (const guint8 *) "", 0 };
  return (MugaiBytes){ bytes.data + offset, MIN (length_bytes, bytes.length_bytes - offset) };
}

static inline gboolean mugai_bytes_at (MugaiBytes bytes, gsize offset, const void *magic, gsize magic_bytes) {
  return offset <= bytes.length_bytes && magic_bytes <= bytes.length_bytes - offset
         && memcmp (bytes.data + offset, magic, magic_bytes) == 0;
}

static inline guint8 mugai_bytes_u8 (MugaiBytes bytes, gsize offset) {
  return offset < bytes.length_bytes ? bytes.data[offset] : 0;
}

static inline guint16 mugai_bytes_u16 (MugaiBytes bytes, gsize offset) {
  return (guint16) (mugai_bytes_u8 (bytes, offset) | mugai_bytes_u8 (bytes, offset + 1) << 8);
}

static inline guint32 mugai_bytes_u32 (MugaiBytes bytes, gsize offset) {
  return (guint32) mugai_bytes_u16 (bytes, offset) | (guint32) mugai_bytes_u16 (bytes, offset + 2) << 16;
}

static inline guint64 mugai_bytes_u64 (MugaiBytes bytes, gsize offset) {
  return (guint64) mugai_bytes_u32 (bytes, offset) | (guint64) mugai_bytes_u32 (bytes, offset + 4) << 32;
}

/**
 * mugai_bytes_take_digit: @c as one digit of hexadecimal pairs; each second one adds a byte to @out. What is no digit is passed over.
 * @high: the first of a pair, -1: none (so to begin with).
 */
static inline void mugai_bytes_take_digit (GByteArray *out, int *high, guint8 c) {
  int digit = g_ascii_xdigit_value ((char) c);
  if (digit < 0)
    return;
  guint8 byte = (guint8) (MAX (*high, 0) << 4 | digit);
  if (*high >= 0)
    g_byte_array_append (out, &byte, 1);
  *high = *high >= 0 ? -1 : digit;
}

/** mugai_bytes_find: offset of @needle at or behind @from; -1 when it is not there. Linear (glibc's two-way search). */
static inline gssize mugai_bytes_find (MugaiBytes bytes, gsize from, const void *needle, gsize needle_bytes) {
  if (from >= bytes.length_bytes)
    return -1;
  const guint8 *start = bytes.data + from;
  const guint8 *hit = start != NULL ? memmem (start, bytes.length_bytes - from, needle, needle_bytes) : NULL;
  return hit ? hit - bytes.data : -1;
}

#define MUGAI_BYTES_AT(bytes, offset, literal) mugai_bytes_at (bytes, offset, literal, sizeof (literal) - 1)
#define MUGAI_BYTES_FIND(bytes, from, literal) mugai_bytes_find (bytes, from, literal, sizeof (literal) - 1)

/** mugai_bytes_find_nocase: as _find, ASCII letters in any case; @needle is lower case and short: time is length times needle. */
static inline gssize mugai_bytes_find_nocase (MugaiBytes bytes, gsize from, const char *needle) {
  gsize length = strlen (needle);
  for (gsize at = from; at < bytes.length_bytes && bytes.length_bytes - at >= length; at++) {
    if (g_ascii_tolower ((char) bytes.data[at]) == needle[0]
        && g_ascii_strncasecmp ((const char *) bytes.data + at, needle, length) == 0)
      return (gssize) at;
  }
  return -1;
}
