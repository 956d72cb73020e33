/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/smime: see smime.h. A cursor over BER: definite and indefinite lengths, octet strings whole or in pieces. Each step checks
 * what is left; nothing recurses.
 */
#include "smime.h"

#include <string.h>

#define TAG_INTEGER 0x02u
#define TAG_OCTETS 0x04u
#define TAG_OID 0x06u
#define TAG_SEQUENCE 0x30u
#define TAG_SET 0x31u
#define TAG_EXPLICIT_0 0xa0u
#define CONSTRUCTED 0x20u

typedef struct {
  const guint8 *at, *end;
} Ber;

typedef struct {
  guint8 tag;
  gboolean indefinite;
  gsize length;
} Element;

static gboolean read_element (Ber *ber, Element *ret) {
  if (ber->end - ber->at < 2)
    return FALSE;
  ret->tag = *ber->at++;
  guint8 first = *ber->at++;
  ret->indefinite = first == 0x80;
  ret->length = first;
  if ((ret->tag & 0x1f) == 0x1f)
    return FALSE; /* long tags do not occur in CMS */
  if (first > 0x80) {
    guint n = first & 0x7fu;
    if (n > 8 || (gsize) (ber->end - ber->at) < n)
      return FALSE;
    ret->length = 0;
    for (guint i = 0; i < n; i++)
      ret->length = ret->length << 8 | *ber->at++;
  }
  if (ret->indefinite)
    ret->length = 0;
  return ret->length <= (gsize) (ber->end - ber->at) && (!ret->indefinite || (ret->tag & CONSTRUCTED));
}

static gboolean is_end_mark (const Element *element) {
  return element->tag == 0 && element->length == 0 && !element->indefinite;
}

static gboolean enter (Ber *ber, guint8 tag) {
  Element element;
  return read_element (ber, &element) && element.tag == tag;
}

/* Steps over one element, whatever is in it. */
static gboolean skip (Ber *ber, guint8 tag) {
  Element element;
  if (!read_element (ber, &element) || element.tag != tag)
    return FALSE;
  ber->at += element.length;
  for (guint open = element.indefinite ? 1 : 0; open > 0;) {
    if (open > SMIME_MAX_DEPTH || !read_element (ber, &element))
      return FALSE;
    ber->at += element.length;
    if (is_end_mark (&element))
      open--;
    else if (element.indefinite)
      open++;
  }
  return TRUE;
}

static gboolean read_signed_data_oid (Ber *ber) {
  static const guint8 oid[] = { TAG_OID, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02 };
  if ((gsize) (ber->end - ber->at) < sizeof oid || memcmp (ber->at, oid, sizeof oid) != 0)
    return FALSE;
  ber->at += sizeof oid;
  return TRUE;
}

/* An octet string in pieces: the pieces may be constructed once more, so only their bytes count. */
static GBytes *join_pieces (Ber *ber, const Element *whole) {
  GByteArray *bytes = g_byte_array_new ();
  const guint8 *end = whole->indefinite ? ber->end : ber->at + whole->length;
  guint open = whole->indefinite ? 1 : 0, n = 0;
  gboolean good = TRUE;
  while (good && ber->at < end && (open > 0 || !whole->indefinite)) {
    Element piece;
    good = n++ < SMIME_MAX_CHUNKS && read_element (ber, &piece);
    if (!good)
      break;
    if (is_end_mark (&piece) && open > 0) {
      open--;
    } else if (piece.tag == TAG_OCTETS) {
      g_byte_array_append (bytes, ber->at, (guint) piece.length);
      ber->at += piece.length;
    } else {
      good = piece.tag == (TAG_OCTETS | CONSTRUCTED) && open < SMIME_MAX_DEPTH;
      open += piece.indefinite ? 1 : 0;
    }
  }
  if (good && open == 0)
    return g_byte_array_free_to_bytes (bytes);
  g_byte_array_unref (bytes);
  return NULL;
}

GBytes *mugai_smime_signed_content (GBytes *cms) {
  gsize length;
  const guint8 *data = g_bytes_get_data (cms, &length);
  Ber ber = { data, data + length };
  Element content;
  if (length > G_MAXUINT32 / 2 || !enter (&ber, TAG_SEQUENCE) || !read_signed_data_oid (&ber)
      || !enter (&ber, TAG_EXPLICIT_0) || !enter (&ber, TAG_SEQUENCE) || !skip (&ber, TAG_INTEGER)
      || !skip (&ber, TAG_SET) || !enter (&ber, TAG_SEQUENCE) || !skip (&ber, TAG_OID) || !enter (&ber, TAG_EXPLICIT_0)
      || !read_element (&ber, &content))
    return NULL;
  if (content.tag == TAG_OCTETS)
    return g_bytes_new_from_bytes (cms, (gsize) (ber.at - data), content.length);
  return content.tag == (TAG_OCTETS | CONSTRUCTED) ? join_pieces (&ber, &content) : NULL;
}
