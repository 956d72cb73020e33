/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/reader: what the files of the reader share: one message being read.
 *
 *     reader.c            the worklist: entity by entity, headers, kind, content
 *     reader-part.c       what a part's header says about it
 *     reader-content.c    a body decoded into content and views
 *     reader-header.c     a header block into fields, and what is odd about its lines
 *     reader-multipart.c  a body into parts by its boundary
 *     reader-gmime.c      the second reader, whose leaves must be ours
 *
 * One thread a message. No recursion: an entity that still has to be opened stands on a list.
 */
#pragma once

#include "mugai/mail/mail.h"

#include "encoding.h"

/* A second look at address fields: colons that open a group within a group. RFC 5322 has none; GMime overflows its
 * stack at some thousands. Unquoted titles in real mail ("Re: A: B: x") stay below. */
#define READER_MAX_GROUP_COLONS 8u
#define READER_MAX_FIELD_NAME 200u /* characters; the longest registered name has 41 */

/* An entity and where its body lies in the message as received. */
typedef struct {
  MugaiEntity entity;  /* first: a MugaiEntity * is a ReaderEntity * */
  gboolean in_message; /* FALSE: inside decoded content, no raw place of its own */
  gsize raw_start, raw_end;
} ReaderEntity;

/* One message being read. */
typedef struct {
  MugaiMail *mail;
  MugaiMailLimits limits;
  GArray *pending; /* of Pending, next one last */
  guint n_entities;
  gsize decoded_bytes;
} Reader;

/** mugai_reader_set_odd: notes @oddity of the message. */
void mugai_reader_set_odd (Reader *reader, MugaiOddity oddity);

/* ---- reader-part.c ---- */

/** mugai_reader_same_value: TRUE when two fields say the same, byte for byte. */
gboolean mugai_reader_same_value (const MugaiMailField *a, const MugaiMailField *b);
/** mugai_reader_check_duplicates: notes fields that may stand only once; @message_root: those of mail, too. */
void mugai_reader_check_duplicates (Reader *reader, const GPtrArray *fields, gboolean message_root);
/** mugai_reader_part_header: (transfer full) (nullable): the Content-Type, after filling type, charset, names ... of @entity. */
MugaiHeaderParameterised *mugai_reader_part_header (Reader *reader, MugaiEntity *entity, const GPtrArray *fields,
                                                    const char *default_type);

/* ---- reader-content.c ---- */

typedef enum {
  READER_ENCODING_IDENTITY,
  READER_ENCODING_BASE64,
  READER_ENCODING_QUOTED_PRINTABLE,
  READER_ENCODING_UUENCODE, /* older than RFC 2045, but what decodes cleanly is read alike by those who know it */
  READER_ENCODING_UNKNOWN
} ReaderEncoding;

/** mugai_reader_encoding: the Content-Transfer-Encoding; @ret_guess: what an unknown one probably means. */
ReaderEncoding mugai_reader_encoding (Reader *reader, const GPtrArray *fields, ReaderEncoding *ret_guess);
/** mugai_reader_decode: (transfer full) (nullable): NULL for what is not base64 or quoted-printable. */
MugaiDecoded *mugai_reader_decode (ReaderEncoding encoding, GBytes *body);
/** mugai_reader_fill_unknown: content is @body as it is, undecodable; each known reading is a view. */
void mugai_reader_fill_unknown (MugaiEntity *entity, GBytes *body);
/** mugai_reader_fill_uuencode: content is the one block in @body; anything more is of unknown encoding. */
void mugai_reader_fill_uuencode (Reader *reader, MugaiEntity *entity, GBytes *body);
/** mugai_reader_fill_decoded: content is @body decoded strictly, or undecodable with views. */
void mugai_reader_fill_decoded (Reader *reader, MugaiEntity *entity, GBytes *body, ReaderEncoding encoding);
/** mugai_reader_make_opaque: not to be opened: content is the raw rest. */
void mugai_reader_make_opaque (MugaiEntity *entity, GBytes *body);
/** mugai_reader_spend: counts @entity's content; FALSE and an opaque leaf when all decoded content is over its limit. */
gboolean mugai_reader_spend (Reader *reader, MugaiEntity *entity, GBytes *body);

/* ---- reader-header.c ---- */

typedef struct {
  GPtrArray *fields; /* of MugaiMailField */
  gsize body_offset; /* in the entity's bytes */
  guint64 oddities;
  gboolean over_limit; /* fields are missing: the entity cannot be judged */
} ReaderHeader;

/** mugai_reader_header: reads the header block at the start of @data; @first: the message itself, where an mbox line may precede. */
void mugai_reader_header (ReaderHeader *header, const char *data, gsize length_bytes, gboolean first,
                          const MugaiMailLimits *limits);
void mugai_reader_header_clear (ReaderHeader *header);
/** mugai_reader_header_field: (transfer none) (nullable): the first of @name. */
const MugaiMailField *mugai_reader_header_field (const GPtrArray *fields, const char *name);
/** mugai_reader_is_address_field: TRUE for fields that hold an address list. */
gboolean mugai_reader_is_address_field (const char *name);
/** mugai_reader_group_colons: group openings in an address field that no ';' has closed, at their highest. */
guint mugai_reader_group_colons (const char *raw, gsize length_bytes);
/** mugai_reader_parse_name: length of the field name that @line begins with (a blank before the colon is let pass), or 0. */
gsize mugai_reader_parse_name (const char *line, gsize length_bytes);
/** mugai_reader_line_oddities: NUL, bare CR or LF, long lines, over the whole message. */
guint64 mugai_reader_line_oddities (const char *data, gsize length_bytes);

/* ---- reader-multipart.c ---- */

typedef struct {
  gsize start, end;
} ReaderRange;

typedef struct {
  GArray *parts; /* of ReaderRange */
  ReaderRange preamble, epilogue;
  guint64 oddities;
} ReaderSplit;

/** mugai_reader_split: cuts @data at the delimiter lines of @boundary; at most @max_parts, the last one then being all the rest. */
void mugai_reader_split (ReaderSplit *split, const char *data, gsize length_bytes, const char *boundary,
                         guint max_parts);
void mugai_reader_split_clear (ReaderSplit *split);
/** mugai_reader_boundary: (transfer full) (nullable): boundary of a multipart; @oddities (inout): bad-boundary. */
char *mugai_reader_boundary (const MugaiHeaderParameterised *type, const char *raw, gsize raw_bytes, guint64 *oddities);

/* ---- reader-gmime.c ---- */

/** mugai_reader_compare: reads @mail once more with GMime; where leaves differ: oddity parser-differs, and GMime's leaves as views of the root. */
void mugai_reader_compare (MugaiMail *mail);
void mugai_reader_gmime_init (void);
