/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/reader-content: a leaf's body into its content: by its Content-Transfer-Encoding, strictly, with the views of those who read
 * it otherwise, within the limit of all decoded bytes.
 *
 * Never fails: what has no single reading is undecodable, raw, with views. One thread a message.
 */
#include <string.h>

#include "mugai/mail/mail.h"
#include "encoding.h"
#include "reader.h"

static ReaderEncoding encoding_from_name (const char *name) {
  static const struct {
    const char *name;
    ReaderEncoding encoding;
  } known[] = { { "7bit", READER_ENCODING_IDENTITY },
                { "8bit", READER_ENCODING_IDENTITY },
                { "binary", READER_ENCODING_IDENTITY },
                { "base64", READER_ENCODING_BASE64 },
                { "quoted-printable", READER_ENCODING_QUOTED_PRINTABLE },
                { "x-uuencode", READER_ENCODING_UUENCODE },
                { "x-uue", READER_ENCODING_UUENCODE },
                { "uuencode", READER_ENCODING_UUENCODE },
                /* slips that no reader takes for an encoding */
                { "", READER_ENCODING_IDENTITY },
                { "7-bit", READER_ENCODING_IDENTITY },
                { "8-bit", READER_ENCODING_IDENTITY },
                { "7bits", READER_ENCODING_IDENTITY },
                { "8bits", READER_ENCODING_IDENTITY },
                { "7 bit", READER_ENCODING_IDENTITY },
                { "8 bit", READER_ENCODING_IDENTITY },
                { "none", READER_ENCODING_IDENTITY } };
  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    if (g_str_equal (name, known[i].name))
      return known[i].encoding;
  return READER_ENCODING_UNKNOWN;
}

/* Another field of @field's name that says something else. */
static gboolean is_contradicted (const GPtrArray *fields, const MugaiMailField *field) {
  for (guint i = 0; i < fields->len; i++) {
    const MugaiMailField *other = g_ptr_array_index (fields, i);
    if (g_ascii_strcasecmp (other->name, field->name) == 0 && !mugai_reader_same_value (other, field))
      return TRUE;
  }
  return FALSE;
}

/* Comments, quotes and parameters in this field are read by some and not by others: so not known, but guessed at for @ret_guess.
 * Nor can anyone know which of two such fields counts. */
ReaderEncoding mugai_reader_encoding (Reader *reader, const GPtrArray *fields, ReaderEncoding *ret_guess) {
  const MugaiMailField *field = mugai_reader_header_field (fields, "content-transfer-encoding");
  *ret_guess = READER_ENCODING_IDENTITY;
  if (field == NULL)
    return READER_ENCODING_IDENTITY;
  g_autofree char *value = g_ascii_strdown (field->raw, (gssize) field->raw_bytes);
  g_strstrip (value);
  ReaderEncoding encoding = encoding_from_name (value);
  *ret_guess = encoding;
  if (is_contradicted (fields, field))
    return READER_ENCODING_UNKNOWN; /* duplicate-header is noted */
  if (encoding != READER_ENCODING_UNKNOWN)
    return encoding;
  mugai_reader_set_odd (reader, MUGAI_ODDITY_UNKNOWN_ENCODING);
  if (strstr (value, "base64") != NULL || strstr (value, "gzip64") != NULL)
    *ret_guess = READER_ENCODING_BASE64;
  else if (strstr (value, "quoted") != NULL)
    *ret_guess = READER_ENCODING_QUOTED_PRINTABLE;
  return encoding;
}

MugaiDecoded *mugai_reader_decode (ReaderEncoding encoding, GBytes *body) {
  gsize length;
  const char *data = g_bytes_get_data (body, &length);
  if (encoding == READER_ENCODING_BASE64)
    return mugai_encoding_base64 (data, length);
  if (encoding == READER_ENCODING_QUOTED_PRINTABLE)
    return mugai_encoding_quoted_printable (data, length);
  return NULL;
}

static void add_views (MugaiEntity *entity, MugaiDecoded *decoded) {
  for (guint i = 0; i < decoded->views->len; i++)
    mugai_encoding_add_view (entity->views, entity->content, g_bytes_ref (g_ptr_array_index (decoded->views, i)));
}

/* A body that readers do not decode alike: raw, with what each decoding would give beside it. */
void mugai_reader_fill_unknown (MugaiEntity *entity, GBytes *body) {
  gsize length;
  const char *data = g_bytes_get_data (body, &length);
  entity->content = g_bytes_ref (body);
  entity->undecodable = TRUE;
  for (ReaderEncoding encoding = READER_ENCODING_BASE64; encoding <= READER_ENCODING_QUOTED_PRINTABLE; encoding++) {
    g_autoptr (MugaiDecoded) decoded = mugai_reader_decode (encoding, body);
    mugai_encoding_add_view (entity->views, entity->content, g_bytes_ref (decoded->content));
    add_views (entity, decoded);
  }
  g_autoptr (GPtrArray) blocks = mugai_encoding_find_in_body (data, length);
  mugai_encoding_add_blocks (entity->views, entity->content, blocks);
}

/* One block and nothing else decodes as such; the text of it stays a view. Anything more is of unknown encoding. */
void mugai_reader_fill_uuencode (Reader *reader, MugaiEntity *entity, GBytes *body) {
  gsize length;
  const char *data = g_bytes_get_data (body, &length);
  g_autoptr (GPtrArray) blocks = mugai_encoding_find_in_body (data, length);
  const MugaiInBody *block = blocks->len == 1 ? g_ptr_array_index (blocks, 0) : NULL;
  gboolean alone = block != NULL && block->kind == MUGAI_IN_BODY_UUENCODE;
  for (gsize i = 0; alone && i < length; i++)
    alone = (i >= block->start && i < block->end) || g_ascii_isspace (data[i]);
  if (!alone) {
    mugai_reader_set_odd (reader, MUGAI_ODDITY_UNKNOWN_ENCODING);
    mugai_reader_fill_unknown (entity, body);
    return;
  }
  entity->content = g_bytes_ref (block->decoded);
  mugai_encoding_add_view (entity->views, entity->content, g_bytes_ref (body));
}

void mugai_reader_fill_decoded (Reader *reader, MugaiEntity *entity, GBytes *body, ReaderEncoding encoding) {
  g_autoptr (MugaiDecoded) decoded = mugai_reader_decode (encoding, body);
  if (decoded == NULL) {
    entity->content = g_bytes_ref (body);
    return;
  }
  entity->content = g_bytes_ref (decoded->content);
  entity->undecodable = !decoded->strict;
  if (decoded->odd)
    mugai_reader_set_odd (reader, encoding == READER_ENCODING_BASE64 ? MUGAI_ODDITY_BAD_BASE64
                                                                     : MUGAI_ODDITY_BAD_QUOTED_PRINTABLE);
  if (!decoded->strict) {
    add_views (entity, decoded);
    mugai_encoding_add_view (entity->views, entity->content, g_bytes_ref (body));
  }
}

/* Not to be opened: content is the raw rest. */
void mugai_reader_make_opaque (MugaiEntity *entity, GBytes *body) {
  g_clear_pointer (&entity->content, g_bytes_unref);
  entity->kind = MUGAI_ENTITY_LEAF;
  entity->content = g_bytes_ref (body);
  entity->undecodable = TRUE;
  entity->flags |= MUGAI_BIT (MUGAI_FLAG_MALFORMED);
}

/* FALSE and an opaque leaf when all decoded content together is over its limit. */
gboolean mugai_reader_spend (Reader *reader, MugaiEntity *entity, GBytes *body) {
  reader->decoded_bytes += g_bytes_get_size (entity->content);
  if (reader->decoded_bytes <= reader->limits.max_decoded_bytes)
    return TRUE;
  mugai_reader_set_odd (reader, MUGAI_ODDITY_DECODED_LIMIT);
  mugai_reader_make_opaque (entity, body);
  g_ptr_array_set_size (entity->views, 0);
  return FALSE;
}
