/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/reader: a message into a tree of entities with strictly decoded content.
 *
 * Our own walk finds the structure, because each place where readers differ has to be seen and named. GMime
 * reads the same bytes afterwards (reader-gmime.c) and must find the same leaves. Entities that still have to
 * be opened stand on a list, so depth costs no stack. Nothing fails on hostile input: it becomes an oddity and,
 * where content has no single reading, an undecodable leaf with views. One thread a message.
 */
#include <string.h>

#include "mugai/mail/charset.h"
#include "mugai/mail/mail.h"
#include "limits.h"
#include "reader.h"
#include "smime.h"

#define MAX_MESSAGE_BYTES                                                                                              \
  (1024u * 1024 * 1024) /* offsets and GLib's arrays stay far from their ends; MTAs stop at 50 MB */

G_DEFINE_QUARK (mugai - mail - error - quark, mugai_mail_error)

/* An entity that still has to be opened. */
typedef struct {
  MugaiEntity *entity;
  GBytes *bytes; /* header and body */
  const char *default_type;
  gboolean message_root;
  gboolean opaque; /* over the limit of parts: not to be opened */
} Pending;

/* ---- entities ---- */

void mugai_reader_set_odd (Reader *reader, MugaiOddity oddity) {
  reader->mail->oddities |= MUGAI_BIT (oddity);
}

static void entity_free (MugaiEntity *entity) {
  g_free (entity->path);
  g_free (entity->declared);
  g_free (entity->charset);
  g_free (entity->disposition);
  g_free (entity->content_id);
  g_strfreev (entity->names);
  g_clear_pointer (&entity->content, g_bytes_unref);
  g_clear_pointer (&entity->views, g_ptr_array_unref);
  g_clear_pointer (&entity->children, g_ptr_array_unref);
  g_clear_pointer (&entity->fields, g_ptr_array_unref);
  g_free ((ReaderEntity *) entity);
}

static void pending_clear (Pending *pending) {
  g_clear_pointer (&pending->bytes, g_bytes_unref);
}

/* IMAP numbering; a multipart that is a message's root has no number there: 0. */
static char *entity_path (const MugaiEntity *parent, guint index, gboolean message_root, gboolean multipart) {
  guint number = message_root ? (multipart ? 0 : 1) : index + 1;
  if (parent == NULL)
    return g_strdup_printf ("%u", number);
  const char *above = parent->path;
  gsize length = strlen (above);
  /* Parts of a root multipart are numbered beside its 0, not below it. */
  if (g_str_equal (above, "0"))
    return g_strdup_printf ("%u", number);
  if (parent->kind == MUGAI_ENTITY_MULTIPART && length > 2 && g_str_has_suffix (above, ".0"))
    length -= 2;
  return g_strdup_printf ("%.*s.%u", (int) length, above, number);
}

/* Path is set when it is opened: only then its kind is known. */
static MugaiEntity *entity_new (Reader *reader, MugaiEntity *parent) {
  ReaderEntity *entity = g_new0 (ReaderEntity, 1);
  entity->entity.parent = parent;
  entity->entity.depth = parent != NULL ? parent->depth + 1 : 0;
  entity->entity.views = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  reader->n_entities++;
  if (parent != NULL)
    g_ptr_array_add (parent->children, entity);
  return &entity->entity;
}

static guint index_in_parent (const MugaiEntity *entity) {
  guint index = 0;
  if (entity->parent != NULL)
    (void) g_ptr_array_find (entity->parent->children, entity, &index);
  return index;
}

static void push (Reader *reader, MugaiEntity *entity, GBytes *bytes, gboolean message_root, const char *default_type,
                  gboolean opaque) {
  Pending pending = { entity, bytes, default_type, message_root, opaque };
  g_array_append_val (reader->pending, pending);
}

/* Where a body lies in the message as received, when it does. */
static void note_place (const Reader *reader, MugaiEntity *entity, GBytes *body) {
  gsize whole_length, length;
  const char *whole = g_bytes_get_data (reader->mail->bytes, &whole_length);
  const char *data = g_bytes_get_data (body, &length);
  ReaderEntity *place = (ReaderEntity *) entity;
  place->in_message = length > 0 && data >= whole && data + length <= whole + whole_length;
  if (place->in_message) {
    place->raw_start = (gsize) (data - whole);
    place->raw_end = place->raw_start + length;
  }
}

/* ---- leaves ---- */

static gboolean has_name_ending (const MugaiEntity *entity, const char *const *endings) {
  for (char **name = entity->names; *name != NULL; name++) {
    g_autofree char *lower = g_ascii_strdown (*name, -1);
    for (const char *const *ending = endings; *ending != NULL; ending++)
      if (g_str_has_suffix (lower, *ending))
        return TRUE;
  }
  return FALSE;
}

/* A saved message is opened as one: it begins with header fields, and one of them is of mail. */
static gboolean is_saved_message (const Reader *reader, const MugaiEntity *entity) {
  static const char *const endings[] = { ".eml", ".mht", ".mhtml", ".nws", NULL };
  static const char *const wanted[] = { "from",         "received",   "subject",    "mime-version",
                                        "content-type", "message-id", "return-path" };
  if (entity->undecodable || !has_name_ending (entity, endings))
    return FALSE;
  ReaderHeader header;
  mugai_reader_header (&header, g_bytes_get_data (entity->content, NULL), g_bytes_get_size (entity->content), TRUE,
                       &reader->limits);
  gboolean found = FALSE;
  for (guint i = 0; !found && i < G_N_ELEMENTS (wanted); i++)
    found = mugai_reader_header_field (header.fields, wanted[i]) != NULL;
  mugai_reader_header_clear (&header);
  return found;
}

/* Encoded files within a text, and unmarked base64: views for the scanner; in a body also an oddity. */
static void look_into_text (Reader *reader, MugaiEntity *entity, ReaderEncoding encoding) {
  gsize length;
  const char *data = g_bytes_get_data (entity->content, &length);
  gboolean plain = g_str_equal (entity->declared, "text/plain");
  gboolean body = plain && !g_str_equal (entity->disposition, "attachment") && *entity->names == NULL;
  /* Nobody looks for text encodings in what was encoded as a file. */
  gboolean text = g_str_has_prefix (entity->declared, "text/") || encoding == READER_ENCODING_IDENTITY;
  if (!text || g_str_equal (entity->declared, "text/html") || length == 0)
    return;
  g_autoptr (GPtrArray) blocks = mugai_encoding_find_in_body (data, length);
  for (guint i = 0; i < blocks->len; i++) {
    const MugaiInBody *block = g_ptr_array_index (blocks, i);
    reader->decoded_bytes += g_bytes_get_size (block->decoded);
    if (reader->decoded_bytes > reader->limits.max_decoded_bytes) {
      mugai_reader_set_odd (reader, MUGAI_ODDITY_DECODED_LIMIT);
      return;
    }
    if (body && block->kind != MUGAI_IN_BODY_ARMOUR)
      mugai_reader_set_odd (reader, MUGAI_ODDITY_IN_BODY_ENCODING);
  }
  mugai_encoding_add_blocks (entity->views, entity->content, blocks);
  if (body && g_strstr_len (data, (gssize) length, "-----BEGIN PGP MESSAGE-----") != NULL)
    mugai_reader_set_odd (reader, MUGAI_ODDITY_ENCRYPTED_MESSAGE);
}

static void note_type (Reader *reader, const MugaiEntity *entity) {
  static const struct {
    const char *type;
    MugaiOddity oddity;
  } map[] = { { "message/partial", MUGAI_ODDITY_PARTIAL },
              { "message/external-body", MUGAI_ODDITY_EXTERNAL_BODY },
              { "multipart/signed", MUGAI_ODDITY_SIGNED_MESSAGE },
              { "multipart/encrypted", MUGAI_ODDITY_ENCRYPTED_MESSAGE },
              { "application/pgp-encrypted", MUGAI_ODDITY_ENCRYPTED_MESSAGE } };
  for (guint i = 0; i < G_N_ELEMENTS (map); i++)
    if (g_str_equal (entity->declared, map[i].type))
      mugai_reader_set_odd (reader, map[i].oddity);
}

static gboolean is_smime (const MugaiEntity *entity) {
  static const char *const endings[] = { ".p7m", NULL };
  return g_str_equal (entity->declared, "application/pkcs7-mime")
         || g_str_equal (entity->declared, "application/x-pkcs7-mime") || has_name_ending (entity, endings);
}

/* ---- containers ---- */

static void push_parts (Reader *reader, MugaiEntity *entity, GBytes *body, const ReaderSplit *split) {
  gboolean digest = g_str_equal (entity->declared, "multipart/digest");
  gboolean cut = (split->oddities & MUGAI_BIT (MUGAI_ODDITY_PART_LIMIT)) != 0;
  for (guint i = 0; i < split->parts->len; i++)
    (void) entity_new (reader, entity);
  for (guint i = split->parts->len; i > 0; i--) {
    ReaderRange range = g_array_index (split->parts, ReaderRange, i - 1);
    GBytes *bytes = g_bytes_new_from_bytes (body, range.start, range.end - range.start);
    push (reader, g_ptr_array_index (entity->children, i - 1), bytes, FALSE, digest ? "message/rfc822" : "text/plain",
          cut && i == split->parts->len);
  }
}

/* Text beside the parts, as it is and with what is encoded in it. */
static void add_hidden_view (MugaiEntity *entity, GBytes *body, ReaderRange range) {
  if (range.end <= range.start)
    return;
  gsize length = range.end - range.start;
  GBytes *hidden = g_bytes_new_from_bytes (body, range.start, length);
  g_autoptr (GPtrArray) blocks = mugai_encoding_find_in_body (g_bytes_get_data (hidden, NULL), length);
  mugai_encoding_add_blocks (entity->views, entity->content, blocks);
  mugai_encoding_add_view (entity->views, entity->content, hidden);
}

/* FALSE when there is no delimiter in @body. */
static gboolean open_multipart_body (Reader *reader, MugaiEntity *entity, GBytes *body, const char *boundary) {
  ReaderSplit split;
  guint room = reader->limits.max_parts - MIN (reader->n_entities, reader->limits.max_parts);
  mugai_reader_split (&split, g_bytes_get_data (body, NULL), g_bytes_get_size (body), boundary, room);
  gboolean found = split.parts->len > 0;
  if (found) {
    entity->kind = MUGAI_ENTITY_MULTIPART;
    entity->content = g_bytes_ref (body);
    entity->children = g_ptr_array_new ();
    reader->mail->oddities |= split.oddities;
    if ((split.oddities & MUGAI_BIT (MUGAI_ODDITY_HIDDEN_TEXT_IN_MULTIPART)) != 0) {
      add_hidden_view (entity, body, split.preamble);
      add_hidden_view (entity, body, split.epilogue);
    }
    push_parts (reader, entity, body, &split);
  }
  mugai_reader_split_clear (&split);
  return found;
}

/* An outer boundary that is also ours (or the beginning of ours) cuts us where no reader can tell whose line it is. */
static gboolean boundary_collides (const MugaiEntity *entity, GHashTable *boundaries, const char *boundary) {
  for (const MugaiEntity *above = entity->parent; above != NULL; above = above->parent) {
    const char *other = g_hash_table_lookup (boundaries, above);
    if (other != NULL && g_str_equal (boundary, other))
      return TRUE;
  }
  return FALSE;
}

static void open_multipart (Reader *reader, MugaiEntity *entity, GBytes *body, ReaderEncoding encoding,
                            const char *boundary) {
  gboolean encoded = encoding != READER_ENCODING_IDENTITY;
  if (encoded)
    mugai_reader_set_odd (reader, MUGAI_ODDITY_ENCODED_CONTAINER);
  if (boundary != NULL && open_multipart_body (reader, entity, body, boundary)) {
    g_autoptr (MugaiDecoded) decoded = mugai_reader_decode (encoding, body);
    if (decoded != NULL)
      mugai_encoding_add_view (entity->views, entity->content, g_bytes_ref (decoded->content));
    return;
  }
  g_autoptr (MugaiDecoded) decoded = mugai_reader_decode (encoding, body);
  if (decoded != NULL && boundary != NULL && open_multipart_body (reader, entity, decoded->content, boundary))
    return;
  mugai_reader_set_odd (reader, MUGAI_ODDITY_BAD_BOUNDARY);
  mugai_reader_fill_unknown (entity, body);
  entity->flags |= MUGAI_BIT (MUGAI_FLAG_MALFORMED);
}

/* @content: the nested message, decoded. */
static void open_message (Reader *reader, MugaiEntity *entity, GBytes *content) {
  entity->kind = MUGAI_ENTITY_MESSAGE;
  entity->children = g_ptr_array_new ();
  MugaiEntity *child = entity_new (reader, entity);
  push (reader, child, g_bytes_ref (content), TRUE, "text/plain", FALSE);
}

static gboolean may_nest (Reader *reader, const MugaiEntity *entity) {
  if (entity->depth >= reader->limits.max_depth) {
    mugai_reader_set_odd (reader, MUGAI_ODDITY_NESTING_LIMIT);
    return FALSE;
  }
  if (reader->n_entities >= reader->limits.max_parts) {
    mugai_reader_set_odd (reader, MUGAI_ODDITY_PART_LIMIT);
    return FALSE;
  }
  return TRUE;
}

static gboolean is_message_type (const char *declared) {
  return g_str_equal (declared, "message/rfc822") || g_str_equal (declared, "message/global")
         || g_str_equal (declared, "message/news") || g_str_equal (declared, "message/rfc2822");
}

/* ---- opening ---- */

/* Signed in one piece, S/MIME hides its content from nobody: it is opened. Anything else could not be inspected. */
static void open_smime (Reader *reader, MugaiEntity *entity) {
  g_autoptr (GBytes) content = entity->undecodable ? NULL : mugai_smime_signed_content (entity->content);
  mugai_reader_set_odd (reader, content != NULL ? MUGAI_ODDITY_SIGNED_MESSAGE : MUGAI_ODDITY_ENCRYPTED_MESSAGE);
  if (content != NULL && may_nest (reader, entity))
    open_message (reader, entity, content);
}

static void open_leaf (Reader *reader, MugaiEntity *entity, GBytes *body, ReaderEncoding encoding) {
  if (encoding == READER_ENCODING_UNKNOWN)
    mugai_reader_fill_unknown (entity, body);
  else if (encoding == READER_ENCODING_UUENCODE)
    mugai_reader_fill_uuencode (reader, entity, body);
  else
    mugai_reader_fill_decoded (reader, entity, body, encoding);
  if (!mugai_reader_spend (reader, entity, body))
    return;
  if (entity->undecodable)
    entity->flags |= MUGAI_BIT (MUGAI_FLAG_AMBIGUOUS);
  if (is_smime (entity))
    open_smime (reader, entity);
  else if (entity->undecodable)
    return;
  else if (is_saved_message (reader, entity) && may_nest (reader, entity))
    open_message (reader, entity, entity->content);
  else
    look_into_text (reader, entity, encoding);
}

static void open_message_part (Reader *reader, MugaiEntity *entity, GBytes *body, ReaderEncoding encoding,
                               ReaderEncoding guess) {
  if (encoding != READER_ENCODING_IDENTITY)
    mugai_reader_set_odd (reader, MUGAI_ODDITY_ENCODED_CONTAINER);
  mugai_reader_fill_decoded (reader, entity, body, encoding == READER_ENCODING_UNKNOWN ? guess : encoding);
  if (encoding != READER_ENCODING_IDENTITY)
    mugai_encoding_add_view (entity->views, entity->content, g_bytes_ref (body));
  /* Not decoded, its bytes are counted where they become leaves. */
  if (encoding == READER_ENCODING_IDENTITY || mugai_reader_spend (reader, entity, body))
    open_message (reader, entity, entity->content);
}

static void open_body (Reader *reader, MugaiEntity *entity, const ReaderHeader *header, GBytes *body,
                       GHashTable *boundaries, const MugaiHeaderParameterised *type) {
  ReaderEncoding guess, encoding = mugai_reader_encoding (reader, header->fields, &guess);
  gboolean multipart = g_str_has_prefix (entity->declared, "multipart/");
  gboolean container = multipart || is_message_type (entity->declared);
  if (container && !may_nest (reader, entity)) {
    mugai_reader_make_opaque (entity, body);
  } else if (multipart) {
    const MugaiMailField *field = mugai_reader_header_field (header->fields, "content-type");
    g_autofree char *boundary = mugai_reader_boundary (type, field->raw, field->raw_bytes, &reader->mail->oddities);
    if (boundary != NULL && boundary_collides (entity, boundaries, boundary))
      mugai_reader_set_odd (reader, MUGAI_ODDITY_BAD_BOUNDARY);
    open_multipart (reader, entity, body, encoding == READER_ENCODING_UNKNOWN ? guess : encoding, boundary);
    if (boundary != NULL)
      g_hash_table_insert (boundaries, entity, g_steal_pointer (&boundary));
  } else if (container) {
    open_message_part (reader, entity, body, encoding, guess);
  } else {
    open_leaf (reader, entity, body, encoding);
  }
}

static void open_entity (Reader *reader, Pending *pending, GHashTable *boundaries) {
  MugaiEntity *entity = pending->entity;
  gsize length;
  const char *data = g_bytes_get_data (pending->bytes, &length);
  ReaderHeader header;
  mugai_reader_header (&header, data, length, pending->message_root, &reader->limits);
  reader->mail->oddities |= header.oddities;
  mugai_reader_check_duplicates (reader, header.fields, pending->message_root);
  g_autoptr (MugaiHeaderParameterised) type =
      mugai_reader_part_header (reader, entity, header.fields, pending->default_type);
  g_autoptr (GBytes) body = g_bytes_new_from_bytes (pending->bytes, header.body_offset, length - header.body_offset);
  entity->path = entity_path (entity->parent, index_in_parent (entity), pending->message_root,
                              g_str_has_prefix (entity->declared, "multipart/"));
  g_ptr_array_add (reader->mail->entities, entity);
  note_type (reader, entity);
  note_place (reader, entity, body);
  if (pending->opaque || header.over_limit)
    mugai_reader_make_opaque (entity, pending->opaque ? pending->bytes : body);
  else
    open_body (reader, entity, &header, body, boundaries, type);
  if (pending->message_root)
    entity->fields = g_steal_pointer (&header.fields);
  mugai_reader_header_clear (&header);
}

/* LF alone behind a header in CRLF, in a message that is one text: no reader finds another structure in it, so it is not
 * ambiguous. A dot on a line of its own may end the message for a relay. */
static gboolean lines_are_harmless (const MugaiMail *mail) {
  const ReaderEntity *root = (const ReaderEntity *) mail->root;
  gsize length;
  const char *data = g_bytes_get_data (mail->bytes, &length);
  if (mail->root->kind != MUGAI_ENTITY_LEAF || !root->in_message || !g_str_equal (mail->root->declared, "text/plain"))
    return FALSE;
  for (gsize i = 0; i < length; i++) {
    if (data[i] == '\r' && (i + 1 == length || data[i + 1] != '\n'))
      return FALSE;
    if (data[i] == '\n' && i < root->raw_start && (i == 0 || data[i - 1] != '\r'))
      return FALSE;
    if (data[i] == '.' && i > 0 && data[i - 1] == '\n' && i + 1 < length
        && (data[i + 1] == '\r' || data[i + 1] == '\n'))
      return FALSE;
  }
  return TRUE;
}

/* ---- the face ---- */

void mugai_mail_init (void) {
  static gsize once = 0;
  if (!g_once_init_enter (&once))
    return;
  mugai_reader_gmime_init ();
  mugai_mail_charset_init ();
  g_once_init_leave (&once, 1);
}

void mugai_mail_free (MugaiMail *mail) {
  if (mail == NULL)
    return;
  g_clear_pointer (&mail->entities, g_ptr_array_unref);
  g_clear_pointer (&mail->bytes, g_bytes_unref);
  g_free (mail);
}

static MugaiMail *mail_new (GBytes *bytes) {
  MugaiMail *mail = g_new0 (MugaiMail, 1);
  mail->bytes = g_bytes_ref (bytes);
  /* The list owns them all, so that a deep tree is freed without recursion. */
  mail->entities = g_ptr_array_new_with_free_func ((GDestroyNotify) entity_free);
  return mail;
}

MugaiMail *mugai_mail_parse (GBytes *bytes, const MugaiMailLimits *limits, GError **error) {
  gsize length = g_bytes_get_size (bytes);
  if (length > MAX_MESSAGE_BYTES) {
    g_set_error (error, MUGAI_MAIL_ERROR, MUGAI_MAIL_ERROR_LIMIT, "message of %" G_GSIZE_FORMAT " bytes", length);
    return NULL;
  }
  mugai_mail_init ();
  Reader reader = { .mail = mail_new (bytes), .limits = mugai_mail_limits_resolve (limits) };
  g_autoptr (GHashTable) boundaries = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  reader.pending = g_array_new (FALSE, FALSE, sizeof (Pending));
  if (length > 0)
    reader.mail->oddities |= mugai_reader_line_oddities (g_bytes_get_data (bytes, NULL), length);
  reader.mail->root = entity_new (&reader, NULL);
  push (&reader, reader.mail->root, g_bytes_ref (bytes), TRUE, "text/plain", FALSE);
  while (reader.pending->len > 0) {
    Pending pending = g_array_index (reader.pending, Pending, reader.pending->len - 1);
    g_array_set_size (reader.pending, reader.pending->len - 1);
    open_entity (&reader, &pending, boundaries);
    pending_clear (&pending);
  }
  g_array_unref (reader.pending);
  if ((reader.mail->oddities & MUGAI_BIT (MUGAI_ODDITY_BARE_CR_LF)) != 0 && lines_are_harmless (reader.mail))
    reader.mail->oddities &= ~MUGAI_BIT (MUGAI_ODDITY_BARE_CR_LF);
  mugai_reader_compare (reader.mail);
  return reader.mail;
}

const MugaiMailField *mugai_mail_field (const MugaiEntity *message_root, const char *name) {
  return mugai_reader_header_field (message_root->fields, name);
}
