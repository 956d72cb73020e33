/* SPDX-License-Identifier: GPL-2.0-only
 *
 * scan/embedded: see embedded.h. Only the wrappings are read here: OLE packages, objects of presentations and of RTF, attachments of Outlook's
 * messages. Every length in them is the sender's and is cut to what is there.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "embedded.h"

#include "mugai/base/facts.h"

#include "flags.h"
#include "type.h"
#include "zip.h"

#define MAX_NAME_BYTES 1024u                 /* of one of them */
#define MAX_OBJECT_BYTES (32u * 1024 * 1024) /* of one object, unpacked */
#define OLE1_EMBEDDED 2u

guint64 mugai_embedded_flags (MugaiBytes content, const char *name) {
  const char *type = mugai_type_of_binary (content);
  if (!type)
    type = mugai_type_of_text (mugai_bytes_slice (content, 0, 65536));
  guint64 flags = type ? mugai_flags_of_type (type) : 0;
  return name ? flags | (mugai_flags_of_name (name) & MUGAI_FLAGS_RUNNABLE) : flags;
}

/* ---- a file as Windows' packager puts it in: label, path, then where it came from, then the bytes ---- */

static gsize skip_string (MugaiBytes bytes, gsize at, char **ret_text) {
  MugaiBytes rest = mugai_bytes_slice (bytes, at, MAX_NAME_BYTES);
  const guint8 *end = rest.length_bytes > 0 ? memchr (rest.data, 0, rest.length_bytes) : NULL;
  gsize length = end ? (gsize) (end - rest.data) : rest.length_bytes;
  if (ret_text) {
    g_autofree char *raw = g_strndup ((const char *) rest.data, length);
    *ret_text = g_utf8_make_valid (raw, -1);
  }
  return at + length + 1;
}

guint64 mugai_embedded_package (MugaiBytes native, MugaiBytes *ret_content) {
  g_autofree char *label = NULL;
  g_autofree char *path = NULL;
  gsize at = skip_string (native, 2, &label);
  at = skip_string (native, at, &path);
  at += 4; /* two words: always 0 and 3 */
  guint32 temporary_bytes = mugai_bytes_u32 (native, at);
  at += 4 + (gsize) temporary_bytes;
  guint32 length = mugai_bytes_u32 (native, at);
  *ret_content = mugai_bytes_slice (native, at + 4, length);
  if (mugai_bytes_u16 (native, 0) != 2 || length == 0) /* no package: the object's own bytes, whatever they are */
    *ret_content = native;
  else
    return mugai_embedded_flags (*ret_content, label) | mugai_embedded_flags (*ret_content, path);
  return mugai_embedded_flags (native, NULL);
}

/* ---- an object in RTF: OLE 1's header in hexadecimal ---- */

static gsize skip_counted (MugaiBytes bytes, gsize at) {
  return at + 4 + (gsize) mugai_bytes_u32 (bytes, at);
}

/* The digits up to the end of the group; blanks and control words between them are none. */
static GByteArray *read_hexadecimal (MugaiBytes text, gsize at) {
  GByteArray *out = g_byte_array_new ();
  int high = -1;
  for (; at < text.length_bytes && text.data[at] != '}' && out->len < MAX_OBJECT_BYTES; at++) {
    if (text.data[at] == '\\') {
      while (g_ascii_isalpha ((char) mugai_bytes_u8 (text, at + 1)))
        at++;
      while (g_ascii_isdigit ((char) mugai_bytes_u8 (text, at + 1)))
        at++;
      continue;
    }
    mugai_bytes_take_digit (out, &high, text.data[at]);
  }
  return out;
}

GBytes *mugai_embedded_rtf (MugaiBytes text, gsize at) {
  g_autoptr (GByteArray) object = read_hexadecimal (text, at);
  MugaiBytes bytes = { object->data ? object->data : (const guint8 *) "", object->len };
  gsize data = 8;
  for (guint i = 0; i < 3; i++) /* class, topic, item */
    data = skip_counted (bytes, data);
  guint32 length = mugai_bytes_u32 (bytes, data);
  MugaiBytes native = mugai_bytes_slice (bytes, data + 4, length);
  if (mugai_bytes_u32 (bytes, 4) != OLE1_EMBEDDED || native.length_bytes == 0)
    native = bytes;
  return g_bytes_new (native.data, native.length_bytes);
}

/* ---- an object in a presentation: a compound file, packed ---- */

GBytes *mugai_embedded_slide_object (MugaiBytes record, guint16 instance, MugaiBudget *budget) {
  if (instance == 0)
    return g_bytes_new (record.data, record.length_bytes);
  GByteArray *out = g_byte_array_new ();
  (void) mugai_inflate (mugai_bytes_slice (record, 4, record.length_bytes), FALSE,
                        (gsize) MIN (budget->unpacked_bytes, MAX_OBJECT_BYTES), budget, out);
  budget->unpacked_bytes -= MIN (out->len, budget->unpacked_bytes);
  return g_byte_array_free_to_bytes (out);
}
