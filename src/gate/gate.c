/* SPDX-License-Identifier: GPL-2.0-only
 *
 * gate: recogniser of the language that rebuilt mail is written in: see mugai/gate.h.
 *
 * It never mends and never guesses: a byte that the grammar does not foresee ends it. Lines are checked in
 * cursor.c, fields in field.c, bodies in body.c, decoders are in decode.c. One pass, no recursion. Threads: any.
 *
 * The language of rebuilt mail (ABNF of RFC 5234, but every string is case-sensitive; CRLF is the only line end;
 * no byte over %x7E anywhere; no NUL; each line <= 998 octets, all fields <= 30 KiB, one field <= 20 KiB).
 *
 * message       = *field "MIME-Version: 1.0" CRLF ( text-head CRLF [ body ] / mixed )
 *
 * field         = name ":" [ SP *( WSP / VCHAR ) ] *( CRLF WSP *( WSP / VCHAR ) ) CRLF
 *                    ; a continuation line has at least one VCHAR in it (never blank only)
 * name          = exactly (this case!) one of, each at most once:
 *                   From Sender Reply-To To Cc Subject Date Message-ID In-Reply-To References
 *                   List-Id List-Post List-Help List-Subscribe List-Unsubscribe List-Unsubscribe-Post List-Owner List-Archive
 *                   Auto-Submitted Precedence Importance Priority X-Priority Sensitivity Thread-Topic Thread-Index
 *                   Content-Language Organization X-Auto-Response-Suppress X-Mugai-Id X-Mugai-Action X-Mugai-Notice
 *                 or, any number of times:
 *                   Received Delivered-To X-Loop Authentication-Results
 *                   Resent-From Resent-Sender Resent-To Resent-Cc Resent-Date Resent-Message-ID
 *                   "X-Mugai-" 1*40( ALPHA / DIGIT / "-" )     ; not another case of a name above
 * word          = "=?UTF-8?B?" base64-quantum(s), canonically padded, 1 byte or more "?="      ; <= 75 octets
 *                    ; EVERY "=?" in a field begins a word; before a word: WSP; behind it: WSP or CRLF.
 *                    ; each word alone decodes to safe-text without TAB and LF (so a character is never split over two words).
 *                    ; So: a raw "=?" in a Message-ID, References, Received or List-Unsubscribe URL must be dropped or encoded.
 *
 * text-head     = "Content-Type: text/plain; charset=utf-8" CRLF
 *                 ( "Content-Transfer-Encoding: base64" / "Content-Transfer-Encoding: quoted-printable" ) CRLF
 * body          = base64 / qp       ; as the head says; decodes to safe-text, and to no file that mail programs open: no line of it
 *                    ; begins with "=ybegin " or, where a uu-line follows, with "begin" and a blank (both in any case)
 * uu-line       = %x21-60 *( %x20-60 )       ; with n = its first octet - 32, modulo 64, not 0: 4 * ceil (n / 3) octets behind that one,
 *                    ; or 1 more, or up to 2 less
 * mixed         = "Content-Type: multipart/mixed;" CRLF " boundary=" DQUOTE B DQUOTE CRLF
 *                 CRLF
 *                 "--" B CRLF text-head CRLF body
 *                 1*( "--" B CRLF part-head CRLF base64 )
 *                 "--" B "--" CRLF            ; and that is the end: no preamble, no epilogue
 *                    ; no Content-Transfer-Encoding beside multipart/mixed. Only under the ceilings parts and untouched.
 * B             = "=_mugai-" 32( DIGIT / %x61-66 )      ; cannot occur in strict base64 or quoted-printable
 * part-head     = "Content-Type: " type "/" subtype [ sep name ] CRLF
 *                 "Content-Transfer-Encoding: base64" CRLF
 *                 "Content-Disposition: attachment" [ sep filename ] CRLF
 *                    ; name and filename: both or neither; both decode to the same string: safe-text of 1..1024 bytes, no TAB or LF,
 *                    ; no "/" and no "\" (the writer puts "_" for them); every line of a part-head <= 76 octets where it holds a parameter
 * type          = subtype = token of a-z 0-9 ! # $ & ^ _ . + -, begins with a letter or digit, <= 127; type is not multipart and
 *                 not message (such a part is written as application/octet-stream)
 * sep           = ";" ( SP / CRLF SP )
 * name          = "name=" DQUOTE ( ascii / word *( ( SP / CRLF SP ) word ) ) DQUOTE      ; here words stand directly within the quotes
 * filename      = "filename=" DQUOTE ascii DQUOTE
 *               / "filename*=UTF-8''" 1*pct
 *               / "filename*0*=UTF-8''" 1*pct *( sep "filename*" n "*=" 1*pct )            ; n = 1, 2, 3 ... no leading zero, <= 99
 * ascii         = 1*( %x20-7E but DQUOTE and "\" ), without "=?"       ; a name with those, or too long for its line, uses the other form
 * pct           = ALPHA / DIGIT / one of - . _ ~ ! # $ & + ^ ` { | }  / "%" 2( upper-case HEXDIG )
 * base64        = *( 76b64 CRLF ) 4*76b64 CRLF / CRLF       ; canonical: all lines full but the last, '=' only at the very end, unused bits 0;
 *                                                             ; a single empty line for empty content
 * qp            = 1*( *( literal / "=" 2(upper-case HEXDIG) ) [ "=" ] CRLF )   ; lines <= 76 octets with the soft break's "=";
 *                    ; literal = TAB / %x20-7E but "="; no literal blank or TAB at a line's end (nor before a soft break's CRLF: "blank =" CRLF is fine);
 *                    ; never =0D, =0A; the last line has no soft break. The last CRLF before "--" B belongs to the delimiter.
 * safe-text     = valid UTF-8 without C0 (TAB, LF, CRLF may stay in bodies; a CR only before LF), DEL, C1, U+2028, U+2029,
 *                 bidi controls (U+061C 200E 200F 202A-202E 2066-2069), tags (U+E0000-E007F), noncharacters
 *                    ; all that mugai_unicode_make_safe_lines () drops: run it last
 *
 * Each listed SHA-256 appears exactly as often as listed, over the decoded content of the parts.
 */
#include "mugai/gate.h"

#include <string.h>

#include "mugai/base/base.h"

#include "body.h"
#include "cursor.h"
#include "field.h"

#define BOUNDARY_HEAD "=_mugai-"
#define BOUNDARY_DIGITS 32

G_DEFINE_QUARK (mugai - gate - error - quark, mugai_gate_error)

/* Digest -> how often it must still come. */
static GHashTable *count_expected (const char *const *digests) {
  GHashTable *counts = g_hash_table_new (g_str_hash, g_str_equal);

  for (gsize i = 0; digests != NULL && digests[i] != NULL; i++) {
    guint count = GPOINTER_TO_UINT (g_hash_table_lookup (counts, digests[i]));
    g_hash_table_insert (counts, (gpointer) digests[i], GUINT_TO_POINTER (count + 1));
  }
  return counts;
}

/* The line behind text-head's Content-Type. */
static gboolean check_text_encoding (GateCursor *cursor, gboolean *ret_base64) {
  *ret_base64 = gate_cursor_is (cursor, "Content-Transfer-Encoding: base64");
  if (*ret_base64 || gate_cursor_is (cursor, "Content-Transfer-Encoding: quoted-printable"))
    return gate_cursor_advance (cursor);
  return gate_cursor_fail (cursor, MUGAI_GATE_ERROR_GRAMMAR, 0,
                           "\"Content-Transfer-Encoding: \" and base64 or quoted-printable");
}

/* The empty line behind a head. */
static gboolean check_head_end (GateCursor *cursor) {
  if (cursor->line != NULL && cursor->line_bytes == 0)
    return gate_cursor_advance (cursor);
  return gate_cursor_fail (cursor, MUGAI_GATE_ERROR_GRAMMAR, 0, "an empty line behind the header");
}

/* The header's empty line; notes where the body begins. */
static gboolean check_header_end (GateCursor *cursor, MugaiGateResult *result) {
  if (!check_head_end (cursor))
    return FALSE;
  if (cursor->line_offset > MUGAI_GATE_MAX_HEADER_BYTES)
    return gate_cursor_fail (cursor, MUGAI_GATE_ERROR_SIZE, 0, "the header's end (30 KiB)");
  result->body_offset = cursor->line_offset;
  return TRUE;
}

static gboolean check_text_message (GateCursor *cursor, MugaiGateResult *result) {
  gboolean base64;

  if (!check_text_encoding (cursor, &base64) || !check_header_end (cursor, result))
    return FALSE;
  result->n_fields += 2;
  if (cursor->line == NULL) /* an empty body */
    return TRUE;
  if (!gate_body_text (cursor, base64))
    return FALSE;
  return cursor->line == NULL || gate_cursor_fail (cursor, MUGAI_GATE_ERROR_GRAMMAR, 0, "the end of the message");
}

/* Takes the boundary's line; (transfer full): "--" and the boundary. */
static char *take_delimiter (GateCursor *cursor) {
  const char *head = " boundary=\"" BOUNDARY_HEAD;
  const char *digits = cursor->line == NULL ? NULL : cursor->line + strlen (head);
  gboolean well_formed = gate_cursor_begins (cursor, head) && cursor->line_bytes == strlen (head) + BOUNDARY_DIGITS + 1
                         && digits[BOUNDARY_DIGITS] == '"';

  for (gsize i = 0; well_formed && i < BOUNDARY_DIGITS; i++)
    well_formed = g_ascii_isdigit (digits[i]) || (digits[i] >= 'a' && digits[i] <= 'f');
  if (!well_formed) {
    (void) gate_cursor_fail (cursor, MUGAI_GATE_ERROR_GRAMMAR, 0,
                             " boundary=\"=_mugai-...\" with 32 lower-case hexadecimal digits");
    return NULL;
  }
  g_autofree char *delimiter = g_strdup_printf ("--" BOUNDARY_HEAD "%.*s", BOUNDARY_DIGITS, digits);
  return gate_cursor_advance (cursor) ? g_steal_pointer (&delimiter) : NULL;
}

/* Head and body of a kept part, the delimiter before it taken. */
static gboolean check_part (GateCursor *cursor, GHashTable *expected) {
  g_autoptr (GString) content = g_string_new (NULL);

  if (!gate_part_head (cursor) || !check_head_end (cursor))
    return FALSE;
  GateCursor start = *cursor;
  if (!gate_body_base64 (cursor, content))
    return FALSE;
  g_autofree char *sha256 = mugai_sha256_hex (content->str, content->len);
  gpointer known = NULL, count = NULL;
  if (!g_hash_table_lookup_extended (expected, sha256, &known, &count) || GPOINTER_TO_UINT (count) == 0)
    return gate_cursor_fail (&start, MUGAI_GATE_ERROR_PART, 0, "the content of a listed part that was not there yet");
  g_hash_table_insert (expected, known, GUINT_TO_POINTER (GPOINTER_TO_UINT (count) - 1));
  return TRUE;
}

/* Behind text-entity: the kept parts and the closing delimiter. */
static gboolean check_parts (GateCursor *cursor, const char *delimiter, GHashTable *expected) {
  g_autofree char *closing = g_strconcat (delimiter, "--", NULL);

  do {
    if (!gate_cursor_expect (cursor, delimiter) || !check_part (cursor, expected))
      return FALSE;
  } while (!gate_cursor_is (cursor, closing));
  if (!gate_cursor_advance (cursor))
    return FALSE;
  return cursor->line == NULL || gate_cursor_fail (cursor, MUGAI_GATE_ERROR_GRAMMAR, 0, "the end of the message");
}

static gboolean check_mixed_message (GateCursor *cursor, GHashTable *expected, MugaiGateResult *result) {
  g_autofree char *delimiter = take_delimiter (cursor);
  gboolean base64;

  if (delimiter == NULL || !check_header_end (cursor, result))
    return FALSE;
  result->n_fields += 1;
  return gate_cursor_expect (cursor, delimiter)
         && gate_cursor_expect (cursor, "Content-Type: text/plain; charset=utf-8")
         && check_text_encoding (cursor, &base64) && check_head_end (cursor) && gate_body_text (cursor, base64)
         && check_parts (cursor, delimiter, expected);
}

/* MIME-Version and what follows. */
static gboolean check_entity (GateCursor *cursor, MugaiCeiling ceiling, GHashTable *expected, MugaiGateResult *result) {
  if (!gate_cursor_expect (cursor, "MIME-Version: 1.0"))
    return FALSE;
  result->n_fields += 1;
  if (gate_cursor_is (cursor, "Content-Type: text/plain; charset=utf-8"))
    return gate_cursor_advance (cursor) && check_text_message (cursor, result);
  if (ceiling == MUGAI_CEILING_TEXT)
    return gate_cursor_fail (cursor, MUGAI_GATE_ERROR_GRAMMAR, 0,
                             "\"Content-Type: text/plain; charset=utf-8\" (the ceiling is text)");
  if (!gate_cursor_is (cursor, "Content-Type: multipart/mixed;"))
    return gate_cursor_fail (cursor, MUGAI_GATE_ERROR_GRAMMAR, 0,
                             "\"Content-Type: text/plain; charset=utf-8\" or \"Content-Type: multipart/mixed;\"");
  return gate_cursor_advance (cursor) && check_mixed_message (cursor, expected, result);
}

static gboolean check_none_missing (const GateCursor *cursor, GHashTable *expected) {
  GHashTableIter iter;
  gpointer sha256, count;

  g_hash_table_iter_init (&iter, expected);
  while (g_hash_table_iter_next (&iter, &sha256, &count)) {
    if (GPOINTER_TO_UINT (count) == 0)
      continue;
    g_autofree char *wanted = g_strdup_printf ("a part with SHA-256 %s, which is missing", (const char *) sha256);
    return gate_cursor_fail (cursor, MUGAI_GATE_ERROR_PART, 0, wanted);
  }
  return TRUE;
}

gboolean mugai_gate_check (const char *mail, gsize length_bytes, const MugaiGateExpect *expect,
                           MugaiGateResult *ret_result, GError **error) {
  g_autoptr (GHashTable) expected = count_expected (expect->kept_sha256);
  gsize max_bytes = expect->max_bytes != 0 ? expect->max_bytes : MUGAI_GATE_MAX_BYTES;
  MugaiGateResult result = { 0 };
  GateCursor cursor;

  if (length_bytes > max_bytes) {
    g_set_error (error, MUGAI_GATE_ERROR, MUGAI_GATE_ERROR_SIZE,
                 "byte %" G_GSIZE_FORMAT ": expected the end of the message (its limit)", max_bytes);
    return FALSE;
  }
  if (!gate_cursor_init (&cursor, mail, length_bytes, error) || !gate_fields (&cursor, &result.n_fields)
      || !check_entity (&cursor, expect->ceiling, expected, &result) || !check_none_missing (&cursor, expected))
    return FALSE;
  if (ret_result != NULL)
    *ret_result = result;
  return TRUE;
}
