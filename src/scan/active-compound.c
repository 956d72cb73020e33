/* SPDX-License-Identifier: GPL-2.0-only
 *
 * scan/active-compound: what compound files (old Office, MSI, messages) can do.
 *
 * Record lists are stepped through, never followed by pointers in them; what the tables do not hold is malformed.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "active.h"

#include "mugai/base/facts.h"

#include "embedded.h"
#include "flags.h"
#include "ole.h"

#define MAX_STREAM_BYTES (64u * 1024 * 1024) /* of a compound file */
#define MAX_INNER 64u                        /* files in one compound file that are looked at as documents */
#define MAX_FIELD_UNITS 256u                 /* of a field's instruction in a document's text */

#define BIT(name) MUGAI_BIT (MUGAI_FLAG_##name)

#define BIFF_BOUNDSHEET 0x0085u
#define BIFF_FILEPASS 0x002fu
#define BIFF_SHEET_MACRO 1u

/* The workbook's globals: sheets of Excel 4's macro kind, and the record that says all that follows is encrypted. */
static guint64 flags_of_workbook (MugaiBytes bytes) {
  guint64 flags = 0;
  for (gsize at = 0; at + 4 <= bytes.length_bytes;) {
    guint16 id = mugai_bytes_u16 (bytes, at), length = mugai_bytes_u16 (bytes, at + 2);
    if (id == BIFF_FILEPASS)
      flags |= BIT (ENCRYPTED);
    if (id == BIFF_BOUNDSHEET && mugai_bytes_u8 (bytes, at + 4 + 5) == BIFF_SHEET_MACRO)
      flags |= BIT (MACRO);
    at += 4 + (gsize) length;
  }
  return flags;
}

#define PPT_VBA_INFO_ATOM 0x0400u
#define PPT_OLE_OBJECT 0x1011u
#define PPT_CRYPT_SESSION 0x2f14u

/* Records nest; going into a container is stepping over its header only. */
static guint64 flags_of_presentation (MugaiBytes bytes, MugaiBudget *budget, GPtrArray *inner) {
  guint64 flags = 0;
  for (gsize at = 0; at + 8 <= bytes.length_bytes;) {
    guint16 version = mugai_bytes_u16 (bytes, at), type = mugai_bytes_u16 (bytes, at + 2);
    guint32 length = mugai_bytes_u32 (bytes, at + 4);
    if (type == PPT_VBA_INFO_ATOM && mugai_bytes_u32 (bytes, at + 12) != 0)
      flags |= BIT (MACRO);
    if (type == PPT_OLE_OBJECT) {
      flags |= BIT (EMBEDDED_OBJECT);
      if (inner->len < MAX_INNER)
        g_ptr_array_add (inner, mugai_embedded_slide_object (mugai_bytes_slice (bytes, at + 8, length),
                                                             (guint16) (version >> 4), budget));
    }
    if (type == PPT_CRYPT_SESSION)
      flags |= BIT (ENCRYPTED);
    at += 8 + ((version & 0xf) == 0xf ? 0 : (gsize) length);
  }
  return flags;
}

static guint64 flags_of_stream (const MugaiOle *ole, const char *name, guint64 (*look) (MugaiBytes)) {
  const MugaiOleEntry *entry = mugai_ole_find (ole, name, 2);
  if (!entry)
    return 0;
  g_autoptr (GByteArray) stream = mugai_ole_read (ole, entry, MAX_STREAM_BYTES);
  return look ((MugaiBytes){ stream->data, stream->len });
}

#define WORD_FIB_ENCRYPTED 0x0100u

#define WORD_FIELD_BEGIN 0x13u

/* The instruction of the field that begins at @at, in characters of @width bytes. */
static guint64 flags_of_word_field (MugaiBytes stream, gsize at, gsize width) {
  guint8 text[MAX_FIELD_UNITS];
  gsize length = 0;
  for (gsize from = at + width; length < sizeof text && from < stream.length_bytes; from += width) {
    guint8 c = stream.data[from];
    if (c >= WORD_FIELD_BEGIN && c <= 0x15)
      break;
    text[length++] = c;
  }
  return mugai_active_field ((MugaiBytes){ text, length });
}

static guint64 flags_of_word (MugaiBytes stream) {
  guint64 flags = mugai_bytes_u16 (stream, 10) & WORD_FIB_ENCRYPTED ? BIT (ENCRYPTED) : 0;
  for (gsize at = 0; at < stream.length_bytes; at++) {
    const guint8 *mark = memchr (stream.data + at, WORD_FIELD_BEGIN, stream.length_bytes - at);
    if (!mark)
      break;
    at = (gsize) (mark - stream.data);
    flags |= flags_of_word_field (stream, at, mugai_bytes_u8 (stream, at + 1) == 0 ? 2 : 1);
  }
  return flags;
}

#define PPT_ENCRYPTED_TOKEN 0xf3d1c4dfu

static guint64 flags_of_current_user (MugaiBytes stream) {
  return mugai_bytes_u32 (stream, 12) == PPT_ENCRYPTED_TOKEN ? BIT (ENCRYPTED) : 0;
}

/* ---- files in it ---- */

#define MSG_ATTACHED_BYTES "__substg1.0_37010102"
#define MSG_ATTACHED_NAME "__substg1.0_3707"
#define MSG_ATTACHED_SHORT_NAME "__substg1.0_3704"
#define WIDE_TEXT "001F"

static GBytes *read_stream (const MugaiOle *ole, const MugaiOleEntry *entry) {
  return g_byte_array_free_to_bytes (mugai_ole_read (ole, entry, MAX_STREAM_BYTES));
}

static guint64 flags_of_attached_name (const MugaiOle *ole, const MugaiOleEntry *entry) {
  g_autoptr (GByteArray) raw = mugai_ole_read (ole, entry, 2 * MUGAI_FACTS_MAX_NAME_BYTES);
  MugaiBytes bytes = { raw->data, raw->len };
  g_autofree gunichar2 *units = g_new0 (gunichar2, raw->len / 2 + 1);
  for (gsize i = 0; i < raw->len / 2; i++)
    units[i] = mugai_bytes_u16 (bytes, i * 2);
  g_autofree char *name = g_str_has_suffix (entry->name, WIDE_TEXT) ? g_utf16_to_utf8 (units, -1, NULL, NULL, NULL)
                                                                    : g_strndup ((const char *) raw->data, raw->len);
  g_autofree char *valid = name ? g_utf8_make_valid (name, -1) : NULL;
  return valid ? mugai_flags_of_name (valid) & MUGAI_FLAGS_RUNNABLE : 0;
}

/* Packages (Ole10Native) and what is attached to a message of Outlook; the directory is a flat list, so those of messages in it, too. */
static guint64 flags_of_files (const MugaiOle *ole, GPtrArray *inner) {
  guint64 flags = 0;
  for (guint i = 0; i < mugai_ole_n_entries (ole); i++) {
    const MugaiOleEntry *entry = mugai_ole_entry (ole, i);
    if (entry->kind != 2)
      continue;
    gboolean package = g_str_equal (entry->name, "\001Ole10Native");
    if (g_str_has_prefix (entry->name, MSG_ATTACHED_NAME) || g_str_has_prefix (entry->name, MSG_ATTACHED_SHORT_NAME))
      flags |= flags_of_attached_name (ole, entry);
    if ((!package && !g_str_equal (entry->name, MSG_ATTACHED_BYTES)) || inner->len >= MAX_INNER)
      continue;
    g_autoptr (GBytes) content = read_stream (ole, entry);
    MugaiBytes file = mugai_bytes_of (content);
    if (package)
      flags |= mugai_embedded_package (mugai_bytes_slice (file, 4, file.length_bytes), &file);
    g_ptr_array_add (inner, g_bytes_new (file.data, file.length_bytes));
  }
  return flags;
}

static guint64 flags_of_slides (const MugaiOle *ole, MugaiBudget *budget, GPtrArray *inner) {
  const MugaiOleEntry *entry = mugai_ole_find (ole, "PowerPoint Document", 2);
  if (!entry)
    return 0;
  g_autoptr (GByteArray) stream = mugai_ole_read (ole, entry, MAX_STREAM_BYTES);
  return flags_of_presentation ((MugaiBytes){ stream->data, stream->len }, budget, inner);
}

guint64 mugai_active_compound (MugaiBytes bytes, MugaiBudget *budget, GPtrArray *inner) {
  g_autoptr (MugaiOle) ole = mugai_ole_open (bytes);
  if (!ole)
    return BIT (MALFORMED);
  guint64 flags = 0;
  if (mugai_ole_find (ole, "_VBA_PROJECT", 0) || mugai_ole_find (ole, "_VBA_PROJECT_CUR", 0)
      || mugai_ole_find (ole, "VBA", 1) || mugai_ole_find (ole, "Macros", 1))
    flags |= BIT (MACRO);
  if (mugai_ole_find (ole, "EncryptedPackage", 2) || mugai_ole_find (ole, "EncryptionInfo", 2)
      || mugai_ole_find (ole, "EncryptedSummary", 2))
    flags |= BIT (ENCRYPTED);
  if (mugai_ole_find (ole, "\001Ole10Native", 2) || mugai_ole_find (ole, "Equation Native", 2)
      || mugai_ole_find_prefix (ole, "MBD0") || mugai_ole_find (ole, "\003OCXDATA", 2)
      || (mugai_ole_find (ole, "ObjectPool", 1) && mugai_ole_find_prefix (ole, "_1")))
    flags |= BIT (EMBEDDED_OBJECT);
  if (mugai_ole_find (ole, "\003OCXDATA", 2) || mugai_ole_find (ole, "\003OCXNAME", 2))
    flags |= BIT (ACTIVE_CONTENT);
  flags |= flags_of_stream (ole, "Workbook", flags_of_workbook);
  flags |= flags_of_stream (ole, "Book", flags_of_workbook);
  flags |= flags_of_stream (ole, "WordDocument", flags_of_word);
  flags |= flags_of_slides (ole, budget, inner);
  flags |= flags_of_stream (ole, "Current User", flags_of_current_user);
  flags |= flags_of_files (ole, inner);
  return flags;
}
