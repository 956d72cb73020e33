/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/reader-part: what the header of a part says about it: type, charset, names, disposition, and what is odd about that.
 *
 * Reads and notes only; what becomes of the body is decided in reader.c. One thread a message.
 */
#include <string.h>

#include "mugai/base/unicode.h"
#include "mugai/mail/mail.h"
#include "reader.h"

#define MAX_LABEL_BYTES 100u /* a charset's or disposition's name; real ones are under 30 */

gboolean mugai_reader_same_value (const MugaiMailField *a, const MugaiMailField *b) {
  return a->raw_bytes == b->raw_bytes && memcmp (a->raw, b->raw, a->raw_bytes) == 0;
}

void mugai_reader_check_duplicates (Reader *reader, const GPtrArray *fields, gboolean message_root) {
  static const char *const once[] = { "mime-version", "from", "subject", "date",    "message-id",
                                      "to",           "cc",   "sender",  "reply-to" };
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < fields->len; i++) {
    MugaiMailField *field = g_ptr_array_index (fields, i);
    g_autofree char *name = g_ascii_strdown (field->name, -1);
    gboolean counts = g_str_has_prefix (name, "content-");
    for (guint n = 0; !counts && message_root && n < G_N_ELEMENTS (once); n++)
      counts = g_str_equal (name, once[n]);
    if (!counts)
      continue;
    /* The same said twice is read alike by all. */
    const MugaiMailField *before = g_hash_table_lookup (seen, name);
    if (before != NULL && !mugai_reader_same_value (before, field))
      mugai_reader_set_odd (reader, MUGAI_ODDITY_DUPLICATE_HEADER);
    if (before == NULL)
      g_hash_table_insert (seen, g_steal_pointer (&name), field);
  }
}

static gboolean is_media_type (const char *value) {
  const char *slash = strchr (value, '/');
  if (slash == NULL || slash == value || slash[1] == '\0' || strlen (value) > 200)
    return FALSE;
  for (const char *p = value; *p != '\0'; p++)
    if (p != slash && !g_ascii_isalnum (*p) && strchr ("!#$&^_.+-", *p) == NULL)
      return FALSE;
  return TRUE;
}

/* A parameter's oddities into those of the message and the part. */
static void note_header_odd (Reader *reader, MugaiEntity *entity, guint odd) {
  static const struct {
    guint bit;
    MugaiOddity oddity;
  } map[] = { { MUGAI_HEADER_ODD_RAW_8BIT, MUGAI_ODDITY_RAW_8BIT_HEADER },
              { MUGAI_HEADER_ODD_CONTROL, MUGAI_ODDITY_HEADER_CONTROL },
              { MUGAI_HEADER_ODD_DUPLICATE_PARAMETER, MUGAI_ODDITY_BAD_PARAMETER },
              { MUGAI_HEADER_ODD_SYNTAX, MUGAI_ODDITY_BAD_PARAMETER },
              { MUGAI_HEADER_ODD_LIMIT, MUGAI_ODDITY_HEADER_LIMIT },
              { MUGAI_HEADER_ODD_REFUSED_CHARSET, MUGAI_ODDITY_REFUSED_CHARSET } };
  for (guint i = 0; i < G_N_ELEMENTS (map); i++)
    if ((odd & map[i].bit) != 0)
      mugai_reader_set_odd (reader, map[i].oddity);
  if ((odd & (MUGAI_HEADER_ODD_CONFLICTING_NAME | MUGAI_HEADER_ODD_NAME_SYNTAX)) != 0)
    entity->flags |= MUGAI_BIT (MUGAI_FLAG_NAME_CONFLICT);
  if ((odd & MUGAI_HEADER_ODD_BIDI) != 0)
    entity->flags |= MUGAI_BIT (MUGAI_FLAG_BIDI_NAME);
}

/* Nothing of a Content-Disposition but names depends on its parameters, and every reading of a name is a candidate: broken ones
 * make the name doubtful, not the message. */
static void note_disposition_odd (Reader *reader, MugaiEntity *entity, guint odd) {
  const guint doubtful = MUGAI_HEADER_ODD_SYNTAX | MUGAI_HEADER_ODD_DUPLICATE_PARAMETER;
  if ((odd & doubtful) != 0)
    entity->flags |= MUGAI_BIT (MUGAI_FLAG_NAME_CONFLICT);
  note_header_odd (reader, entity, odd & ~doubtful);
}

static MugaiHeaderParameterised *parse_parameterised (const GPtrArray *fields, const char *name) {
  const MugaiMailField *field = mugai_reader_header_field (fields, name);
  return field != NULL ? mugai_header_parse_parameterised (field->raw, field->raw_bytes, NULL) : NULL;
}

/* Cut in the middle when too long: its end is what policy looks at. */
static char *bounded_name (const char *name) {
  gsize length = strlen (name);
  if (length <= MUGAI_FACTS_MAX_NAME_BYTES)
    return g_strdup (name);
  const char *tail = name + length - MUGAI_FACTS_MAX_NAME_BYTES / 4;
  while ((*tail & 0xC0) == 0x80)
    tail++;
  g_autofree char *head = mugai_unicode_make_safe (name, -1, MUGAI_FACTS_MAX_NAME_BYTES / 2);
  return g_strconcat (head, tail, NULL);
}

static void add_names (GPtrArray *names, const MugaiHeaderParameterised *header) {
  for (guint i = 0; header != NULL && i < header->names->len && names->len < MUGAI_FACTS_MAX_NAMES; i++) {
    g_autofree char *name = bounded_name (g_ptr_array_index (header->names, i));
    gboolean known = *name == '\0';
    for (guint n = 0; !known && n < names->len; n++)
      known = g_str_equal (name, g_ptr_array_index (names, n));
    if (!known)
      g_ptr_array_add (names, g_steal_pointer (&name));
  }
}

static void read_disposition (Reader *reader, MugaiEntity *entity, const GPtrArray *fields,
                              const MugaiHeaderParameterised *type) {
  g_autoptr (MugaiHeaderParameterised) disposition = parse_parameterised (fields, "content-disposition");
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  add_names (names, disposition);
  add_names (names, type);
  if (disposition != NULL && type != NULL && disposition->names->len > 0 && type->names->len > 0
      && !g_str_equal (g_ptr_array_index (disposition->names, 0), g_ptr_array_index (type->names, 0)))
    entity->flags |= MUGAI_BIT (MUGAI_FLAG_NAME_CONFLICT);
  g_ptr_array_add (names, NULL);
  entity->names = (char **) g_ptr_array_free (g_steal_pointer (&names), FALSE);
  if (disposition != NULL)
    note_disposition_odd (reader, entity, disposition->odd);
  entity->disposition = mugai_unicode_make_safe (disposition != NULL ? disposition->value : "", -1, MAX_LABEL_BYTES);
}

static char *read_content_id (const GPtrArray *fields) {
  const MugaiMailField *field = mugai_reader_header_field (fields, "content-id");
  if (field == NULL)
    return NULL;
  g_autofree char *text = mugai_header_decode_text (field->raw, field->raw_bytes, NULL, NULL);
  g_autofree char *safe = mugai_unicode_make_safe (text, -1, MUGAI_FACTS_MAX_NAME_BYTES);
  g_strstrip (safe);
  gsize length = strlen (safe);
  if (length >= 2 && safe[0] == '<' && safe[length - 1] == '>')
    return g_strndup (safe + 1, length - 2);
  return g_steal_pointer (&safe);
}

/* Reads type, charset, names ... of an entity. Returns: (transfer full): its Content-Type, or NULL. */
MugaiHeaderParameterised *mugai_reader_part_header (Reader *reader, MugaiEntity *entity, const GPtrArray *fields,
                                                    const char *default_type) {
  MugaiHeaderParameterised *type = parse_parameterised (fields, "content-type");
  if (type != NULL)
    note_header_odd (reader, entity, type->odd);
  if (type != NULL && is_media_type (type->value)) {
    entity->declared = g_strdup (type->value);
  } else {
    entity->declared = g_strdup (default_type);
    /* "Content-Type: text" of old programs is read as text/plain by all. */
    if (type != NULL && !g_str_equal (type->value, "text"))
      mugai_reader_set_odd (reader, MUGAI_ODDITY_BAD_PARAMETER);
  }
  if (type != NULL) {
    const char *format = mugai_header_parameter (type, "format"), *delsp = mugai_header_parameter (type, "delsp");
    const char *charset = mugai_header_parameter (type, "charset");
    entity->charset = charset != NULL ? mugai_unicode_make_safe (charset, -1, MAX_LABEL_BYTES) : NULL;
    entity->flowed = format != NULL && g_ascii_strcasecmp (format, "flowed") == 0;
    entity->delsp = entity->flowed && delsp != NULL && g_ascii_strcasecmp (delsp, "yes") == 0;
  }
  read_disposition (reader, entity, fields, type);
  entity->content_id = read_content_id (fields);
  return type;
}
