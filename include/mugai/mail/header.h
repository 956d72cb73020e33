/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/header: strict and liberal reading of header fields, and writing them canonically.
 *
 * Our own RFC 2047 and RFC 2231 decoding (GMime 3.2.13 loses text). Input is the raw field body as received,
 * folded or not, any bytes. Output is UTF-8; whatever is shown has passed mugai_unicode_make_safe ().
 * Pure functions; any thread after mugai_mail_charset_init ().
 */
#pragma once

#include <glib.h>

/* Limits: the default and its reason; settable by MugaiMailLimits (mail/mail.h). */
#define MUGAI_HEADER_MAX_PARAMETER_NAME 40u /* GMime loops at 72 (issue 165); real ones are under 20 */
#define MUGAI_HEADER_MAX_PARAMETERS 64u     /* RFC 2231 continuations of one long name: about 10 */
#define MUGAI_HEADER_MAX_VALUE_BYTES 8192u  /* decoded value of one parameter or address list entry */
#define MUGAI_HEADER_MAX_GROUP_DEPTH 1u     /* RFC 5322: groups do not nest; GMime overflows its stack */
#define MUGAI_HEADER_MAX_ADDRESSES 1000u    /* above: read no further, oddity header-limit */

/* What was odd about a field; a bit set. */
typedef enum {
  MUGAI_HEADER_ODD_RAW_8BIT = 1 << 0, /* bytes over 0x7F outside UTF-8 encoded words */
  MUGAI_HEADER_ODD_CONTROL = 1 << 1,  /* NUL, ESC out of ISO-2022-JP, CR or LF inside a decoded word */
  MUGAI_HEADER_ODD_BAD_WORD = 1 << 2, /* an encoded word that does not decode strictly */
  MUGAI_HEADER_ODD_DUPLICATE_PARAMETER = 1 << 3,
  MUGAI_HEADER_ODD_CONFLICTING_NAME = 1 << 4, /* two candidate names differ */
  MUGAI_HEADER_ODD_SYNTAX = 1 << 5,           /* unbalanced quotes or comments, stray ; or =, tspecials */
  MUGAI_HEADER_ODD_LIMIT = 1 << 6,
  MUGAI_HEADER_ODD_BIDI = 1 << 7, /* bidirectional or invisible characters were in it */
  MUGAI_HEADER_ODD_REFUSED_CHARSET = 1 << 8,
  MUGAI_HEADER_ODD_NAME_SYNTAX =
      1 << 9 /* a file name written against the rules, and nothing else touched by that: its readings are
                                           all among the names */
} MugaiHeaderOdd;

/**
 * mugai_header_decode_text:
 * @raw: unstructured field body as received
 * @hint: (nullable): charset for raw 8-bit or raw JIS bytes, before detection
 * @ret_odd: (out) (optional): MugaiHeaderOdd bits, or-ed in
 *
 * RFC 2047 unstructured decoding, liberal in what is accepted: adjacent words (joined as bytes when a
 * character is split between two words of one charset), glued words, missing padding, language suffix, blanks in Q text, raw 8-bit.
 *
 * Returns: (transfer full): one safe line.
 */
char *mugai_header_decode_text (const char *raw, gsize length_bytes, const char *hint, guint *ret_odd);

typedef struct {
  char *name;    /* display name, decoded and safe; "" when none */
  char *address; /* addr-spec, safe, as written (local part's case kept); "" for an empty group or <> */
} MugaiHeaderAddress;

/**
 * mugai_header_parse_addresses:
 *
 * An address list (RFC 5322 3.4 with obsolete forms): groups flattened, comments as names where no phrase
 * is, invalid local parts tolerated (a..b@docomo.ne.jp). Never recursive.
 *
 * Returns: (transfer full): of MugaiHeaderAddress; empty when there is none.
 */
GPtrArray *mugai_header_parse_addresses (const char *raw, gsize length_bytes, const char *hint, guint *ret_odd);

typedef struct {
  char *value; /* the bare value before the first ';': lower case, e.g. "text/plain", "attachment"; "" when unusable */
  GPtrArray *parameters; /* of MugaiHeaderParameter, in order, RFC 2231 continuations joined */
  GPtrArray *names;      /* of char*: every candidate of a file name (filename*, filename, name*, name in that order of
                           credibility, each decoded liberally and also as other readers would), safe, no duplicates */
  guint odd;             /* MugaiHeaderOdd bits */
} MugaiHeaderParameterised;

typedef struct {
  char *name;  /* lower case, without * and section numbers */
  char *value; /* decoded and safe */
} MugaiHeaderParameter;

/**
 * mugai_header_parse_parameterised:
 * @raw: body of Content-Type or Content-Disposition
 *
 * RFC 2045 5.1, RFC 2231 and what senders really write: encoded words inside quotes or bare, raw JIS, Shift_JIS and EUC
 * in quoted strings (escape-aware: 表, 予, あ, ア survive), unquoted names with blanks, split mid-character.
 *
 * Returns: (transfer full): never NULL.
 */
MugaiHeaderParameterised *mugai_header_parse_parameterised (const char *raw, gsize length_bytes, const char *hint);
/** Returns: (nullable): the first parameter of @name, or NULL. */
const char *mugai_header_parameter (const MugaiHeaderParameterised *header, const char *name);
void mugai_header_parameterised_free (MugaiHeaderParameterised *header);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiHeaderParameterised, mugai_header_parameterised_free)

/**
 * mugai_header_write_text:
 * @out: the message being written
 * @name: field name, printable ASCII
 * @text: UTF-8; made safe here
 *
 * Appends "Name: text CRLF": as it is when printable ASCII and no "=?" in it, else UTF-8 B encoded words (RFC 2047, never
 * split inside a character), folded so that no line exceeds 76 octets.
 */
void mugai_header_write_text (GString *out, const char *name, const char *text);

/** mugai_header_write_addresses: as mugai_header_write_text () for a list of MugaiHeaderAddress: phrases encoded or quoted, addresses in
 * angle brackets; an address that is not printable ASCII without blanks, brackets, quotes, commas is left out and its text put in the phrase. */
void mugai_header_write_addresses (GString *out, const char *name, const GPtrArray *addresses);

/**
 * mugai_header_write_parameterised:
 * @name: "Content-Type" or "Content-Disposition"; @value: e.g. "application/pdf" or "attachment"
 * @parameter: "name" or "filename"
 * @file_name: (nullable): UTF-8, made safe here; with NULL the value alone is written
 *
 * ASCII names as a quoted string. Other names: for "filename" RFC 2231 filename*=UTF-8''...; for "name" a quoted B encoded
 * word; both decode to the same string. Lines of at most 76 octets, but for a long value, which is never folded.
 */
void mugai_header_write_parameterised (GString *out, const char *name, const char *value, const char *parameter,
                                       const char *file_name);

/** mugai_header_shorten_name: (transfer full): @file_name safe and in at most @max_bytes (over 8), its extension kept: what it opens with is what counts. */
char *mugai_header_shorten_name (const char *file_name, gsize max_bytes);

/** mugai_header_name_imitates: TRUE when a display name shows an addr-spec that is not @address; a full-width ＠ shows one as well. */
gboolean mugai_header_name_imitates (const char *name, const char *address);
