/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/reader-gmime: GMime as the second reader. Its leaves must lie where ours lie; where they do not, other
 * programs see another message too, and what GMime saw becomes views for the scanner.
 *
 * GMime 3.2.13 overflows its stack on nested address groups and loops when it writes hostile parameters
 * (issue 165). So it never sees a message over our limits, address-like lines are counted first wherever they stand, and
 * nothing of it is called that encodes or writes. One thread a message.
 */
#include <string.h>

#include <gmime/gmime.h>

#include "encoding.h"
#include "reader.h"

/* Colons of one address field, anywhere in the bytes. GMime recurses once for each: 6,000 fit a stack of 1 MiB. */
#define MAX_COLONS 64u
/* GMime decodes encoded words in the square of their number, field by field (7,000 take 0.4 s); a real field has under 100. */
#define MAX_WORD_WORK (50u * 1000 * 1000)
#define MAX_COMMAS 50000u /* of all address fields together, forwarded ones too: 3 µs each */
#define MAX_WALK 4096u    /* objects of GMime's tree; ours is limited to fewer parts */

static void unref_object (gpointer *object) {
  g_clear_object (object);
}
#define AUTO_OBJECT __attribute__ ((cleanup (unref_object))) gpointer

void mugai_reader_gmime_init (void) {
  g_mime_init ();
}

/* ---- before GMime ---- */

/* A field with its continuations, wherever it stands. */
typedef struct {
  gsize end;
  guint colons, commas, words;
} FieldShape;

static FieldShape look_at_field (const char *data, gsize length_bytes, gsize at) {
  FieldShape shape = { .end = at };
  gboolean more = TRUE;
  while (more && at < length_bytes) {
    const char *lf = memchr (data + at, '\n', length_bytes - at);
    gsize next = lf != NULL ? (gsize) (lf - data) + 1 : length_bytes;
    for (gsize i = at; i < next; i++) {
      shape.colons += data[i] == ':' ? 1 : 0;
      shape.commas += data[i] == ',' ? 1 : 0;
      shape.words += data[i] == '=' && i + 1 < next && data[i + 1] == '?' ? 1 : 0;
    }
    at = next;
    more = at < length_bytes && (data[at] == ' ' || data[at] == '\t');
  }
  shape.end = at;
  return shape;
}

/* Looks at every line, whatever part it is in: what GMime takes for a header need not be one to us. */
static gboolean has_dangerous_field (const char *data, gsize length_bytes) {
  gsize at = 0;
  guint64 word_work = 0, commas = 0;
  while (at < length_bytes) {
    const char *lf = memchr (data + at, '\n', length_bytes - at);
    gsize next = lf != NULL ? (gsize) (lf - data) + 1 : length_bytes;
    gsize name_length = mugai_reader_parse_name (data + at, MIN (next - at, READER_MAX_FIELD_NAME + 2));
    if (name_length > 0 && name_length < 40) {
      g_autofree char *name = g_strndup (data + at, name_length);
      FieldShape shape = look_at_field (data, length_bytes, at);
      word_work += (guint64) shape.words * shape.words;
      gboolean addresses = mugai_reader_is_address_field (name);
      commas += addresses ? shape.commas : 0;
      if ((addresses && shape.colons > MAX_COLONS) || word_work > MAX_WORD_WORK || commas > MAX_COMMAS)
        return TRUE;
      next = shape.end;
    }
    at = next;
  }
  return FALSE;
}

/* ---- leaves ---- */

typedef struct {
  gint64 start, end;
} Leaf;

/* Not compared: empty leaves (GMime leaves some out), and text/rfc822-headers, which GMime opens as a message. */
static void add_leaf (GArray *leaves, GMimeObject *object) {
  GMimeDataWrapper *content = GMIME_IS_PART (object) ? g_mime_part_get_content (GMIME_PART (object)) : NULL;
  GMimeStream *stream = content != NULL ? g_mime_data_wrapper_get_stream (content) : NULL;
  Leaf leaf = { stream != NULL ? stream->bound_start : 0, stream != NULL ? stream->bound_end : 0 };
  GMimeContentType *type = g_mime_object_get_content_type (object);
  if (leaf.end > leaf.start && !g_mime_content_type_is_type (type, "text", "rfc822-headers"))
    g_array_append_val (leaves, leaf);
}

/* Children of a multipart onto the list, last first. */
static void push_children (GPtrArray *todo, GMimeMultipart *multipart) {
  for (int i = g_mime_multipart_get_count (multipart) - 1; i >= 0 && todo->len < MAX_WALK; i--)
    g_ptr_array_add (todo, g_mime_multipart_get_part (multipart, i));
}

/* Returns: (transfer full): leaves in reading order. */
static GArray *gmime_leaves (GMimeMessage *message) {
  GArray *leaves = g_array_new (FALSE, FALSE, sizeof (Leaf));
  g_autoptr (GPtrArray) todo = g_ptr_array_new ();
  GMimeObject *root = g_mime_message_get_mime_part (message);
  if (root != NULL)
    g_ptr_array_add (todo, root);
  for (guint n = 0; todo->len > 0 && n < MAX_WALK; n++) {
    GMimeObject *object = g_ptr_array_steal_index (todo, todo->len - 1);
    GMimeContentType *type = g_mime_object_get_content_type (object);
    if (GMIME_IS_MULTIPART (object)) {
      push_children (todo, GMIME_MULTIPART (object));
    } else if (GMIME_IS_MESSAGE_PART (object) && g_mime_content_type_is_type (type, "message", "*")) {
      GMimeMessage *inner = g_mime_message_part_get_message (GMIME_MESSAGE_PART (object));
      GMimeObject *part = inner != NULL ? g_mime_message_get_mime_part (inner) : NULL;
      if (part != NULL)
        g_ptr_array_add (todo, part);
      else
        add_leaf (leaves, object);
    } else {
      add_leaf (leaves, object);
    }
  }
  return leaves;
}

/* Ours, as far as they lie in the message's own bytes: what we opened out of decoded content is one leaf there. */
static GArray *our_leaves (const MugaiMail *mail) {
  GArray *leaves = g_array_new (FALSE, FALSE, sizeof (Leaf));
  for (guint i = 0; i < mail->entities->len; i++) {
    const ReaderEntity *entity = g_ptr_array_index (mail->entities, i);
    const MugaiEntity *parent = entity->entity.parent;
    gboolean saved =
        entity->entity.kind == MUGAI_ENTITY_MESSAGE && !g_str_has_prefix (entity->entity.declared, "message/");
    gboolean skip = FALSE;
    for (; parent != NULL && !skip; parent = parent->parent)
      skip = parent->kind == MUGAI_ENTITY_MESSAGE && !g_str_has_prefix (parent->declared, "message/");
    if (skip || (entity->entity.kind != MUGAI_ENTITY_LEAF && !saved))
      continue;
    Leaf leaf = { (gint64) entity->raw_start, (gint64) entity->raw_end };
    if (entity->in_message && !g_str_equal (entity->entity.declared, "text/rfc822-headers"))
      g_array_append_val (leaves, leaf);
  }
  return leaves;
}

/* The line end in front of a boundary belongs to the delimiter; readers differ in whether they cut it off. */
static gboolean same_leaf (const Leaf *a, const Leaf *b) {
  return a->start == b->start && ABS (a->end - b->end) <= 2;
}

static gboolean same_leaves (const GArray *ours, const GArray *theirs) {
  if (ours->len != theirs->len)
    return FALSE;
  for (guint i = 0; i < ours->len; i++)
    if (!same_leaf (&g_array_index (ours, Leaf, i), &g_array_index (theirs, Leaf, i)))
      return FALSE;
  return TRUE;
}

/* What GMime saw as a leaf and we did not: its bytes, and what base64 and quoted-printable make of them. */
static void add_their_view (MugaiMail *mail, const Leaf *leaf) {
  gsize size = g_bytes_get_size (mail->bytes);
  if (leaf->start < 0 || (gsize) leaf->end > size)
    return;
  g_autoptr (GBytes) raw = g_bytes_new_from_bytes (mail->bytes, (gsize) leaf->start, (gsize) (leaf->end - leaf->start));
  const char *data = g_bytes_get_data (raw, NULL);
  g_autoptr (MugaiDecoded) base64 = mugai_encoding_base64 (data, g_bytes_get_size (raw));
  g_autoptr (MugaiDecoded) quoted = mugai_encoding_quoted_printable (data, g_bytes_get_size (raw));
  GPtrArray *views = mail->root->views;
  mugai_encoding_add_view (views, mail->root->content, g_bytes_ref (raw));
  mugai_encoding_add_view (views, mail->root->content, g_bytes_ref (base64->content));
  mugai_encoding_add_view (views, mail->root->content, g_bytes_ref (quoted->content));
}

static void note_difference (MugaiMail *mail, const GArray *ours, const GArray *theirs) {
  mail->oddities |= MUGAI_BIT (MUGAI_ODDITY_PARSER_DIFFERS);
  for (guint i = 0; i < theirs->len; i++) {
    const Leaf *leaf = &g_array_index (theirs, Leaf, i);
    gboolean known = FALSE;
    for (guint n = 0; !known && n < ours->len; n++)
      known = same_leaf (leaf, &g_array_index (ours, Leaf, n));
    if (!known)
      add_their_view (mail, leaf);
  }
}

static gsize skip_mbox_line (const char *data, gsize length) {
  if (length < 5 || memcmp (data, "From ", 5) != 0)
    return 0;
  const char *lf = memchr (data, '\n', length);
  return lf != NULL ? (gsize) (lf - data) + 1 : 0;
}

void mugai_reader_compare (MugaiMail *mail) {
  const guint64 limits = MUGAI_BIT (MUGAI_ODDITY_HEADER_LIMIT) | MUGAI_BIT (MUGAI_ODDITY_NESTING_LIMIT)
                         | MUGAI_BIT (MUGAI_ODDITY_PART_LIMIT);
  gsize length;
  const char *data = g_bytes_get_data (mail->bytes, &length);
  if ((mail->oddities & limits) != 0 || length == 0)
    return;
  if (has_dangerous_field (data, length)) {
    mail->oddities |= MUGAI_BIT (MUGAI_ODDITY_HEADER_LIMIT);
    return;
  }
  AUTO_OBJECT stream = g_mime_stream_mem_new_with_buffer (data, length);
  g_mime_stream_set_bounds (stream, (gint64) skip_mbox_line (data, length), (gint64) length);
  AUTO_OBJECT parser = g_mime_parser_new_with_stream (stream);
  g_mime_parser_set_persist_stream (parser, TRUE);
  AUTO_OBJECT message = g_mime_parser_construct_message (parser, NULL);
  if (message == NULL) {
    mail->oddities |= MUGAI_BIT (MUGAI_ODDITY_PARSER_DIFFERS);
    return;
  }
  g_autoptr (GArray) ours = our_leaves (mail);
  g_autoptr (GArray) theirs = gmime_leaves (message);
  if (!same_leaves (ours, theirs))
    note_difference (mail, ours, theirs);
}
