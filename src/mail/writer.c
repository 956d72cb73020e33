/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/writer: the canonical message: text/plain in UTF-8, and parts named by the decision, in the language of the gate.
 *
 * Everything is generated from decoded content. Nothing here can fail: text is made safe once more, a media type or a name
 * that does not fit is replaced. Pure but for the boundary's random digits; any thread.
 */
#include <string.h>

#include "mugai/base/base.h"
#include "mugai/base/unicode.h"
#include "mugai/mail/mail.h"
#include "encoding.h"
#include "writer.h"

#define LINE_OCTETS 76u
#define TEXT_COLUMNS 76u
#define MAX_FILE_NAME_BYTES 255u /* what file systems take */
#define MAX_TYPE_PART 127u       /* RFC 6838 */
#define FALLBACK_TYPE "application/octet-stream"

/* ---- transfer encodings ---- */

/* Full lines of 76, CRLF; one empty line for nothing. */
static void put_base64 (GString *out, const void *data, gsize length) {
  const guint per_line = LINE_OCTETS / 4 * 3;
  const guchar *bytes = data;
  if (length == 0)
    g_string_append (out, "\r\n");
  for (gsize at = 0; at < length; at += per_line) {
    g_autofree char *line = g_base64_encode (bytes + at, MIN (per_line, length - at));
    g_string_append (out, line);
    g_string_append (out, "\r\n");
  }
}

typedef struct {
  GString *out;
  gsize column;
} QpLine;

static void qp_put (QpLine *line, const char *piece, gsize length) {
  if (line->column + length > LINE_OCTETS - 1) { /* one for a soft break's "=" */
    g_string_append (line->out, "=\r\n");
    line->column = 0;
  }
  g_string_append_len (line->out, piece, (gssize) length);
  line->column += length;
}

/* Blanks at a line's end, "From " and "." at its start are what transports tamper with. */
static gboolean qp_is_literal (const char *line, gsize i, gsize length) {
  guchar c = (guchar) line[i];
  if (c == ' ' || c == '\t')
    return i + 1 < length;
  if (i == 0 && (c == '.' || (c == 'F' && length >= 5 && memcmp (line, "From ", 5) == 0)))
    return FALSE;
  return c > 0x20 && c < 0x7F && c != '=';
}

static void put_qp_line (GString *out, const char *text, gsize length) {
  QpLine line = { out, 0 };
  for (gsize i = 0; i < length; i++) {
    char escaped[4];
    if (qp_is_literal (text, i, length)) {
      qp_put (&line, text + i, 1);
    } else {
      g_snprintf (escaped, sizeof escaped, "=%02X", (guint) (guchar) text[i]);
      qp_put (&line, escaped, 3);
    }
  }
  g_string_append (out, "\r\n");
}

/* @text: lines ended by CRLF. */
static void put_quoted_printable (GString *out, const char *text, gsize length) {
  if (length == 0)
    g_string_append (out, "\r\n");
  for (gsize at = 0; at < length;) {
    const char *cr = g_strstr_len (text + at, (gssize) (length - at), "\r\n");
    gsize end = cr != NULL ? (gsize) (cr - text) : length;
    put_qp_line (out, text + at, end - at);
    at = end + 2;
  }
}

/* Bytes that quoted-printable takes, nearly: to choose by. */
static gsize quoted_printable_cost (const char *text, gsize length) {
  gsize cost = 0;
  for (gsize i = 0; i < length; i++)
    cost += text[i] == '=' || (guchar) text[i] >= 0x7F ? 3 : 1;
  return cost + cost / LINE_OCTETS * 3;
}

/* ---- text ---- */

/* Folded and safe, lines ended by CRLF, the last one too. */
static char *text_lines (const char *text) {
  g_autofree char *safe = mugai_unicode_make_safe_lines (text, -1, 0);
  g_autofree char *folded = mugai_unicode_fold (safe, TEXT_COLUMNS, FALSE);
  /* Folding may bring an encoded block's first line to a line's start, joining texts may bring two halves together. */
  g_autofree char *cut = mugai_mail_cut_encoded (folded, NULL);
  GString *out = g_string_sized_new (strlen (cut) + 64);
  for (const char *p = cut; *p != '\0'; p++) {
    if (*p == '\n')
      g_string_append_c (out, '\r');
    g_string_append_c (out, *p);
  }
  if (out->len > 0 && out->str[out->len - 1] != '\n')
    g_string_append (out, "\r\n");
  return g_string_free (out, FALSE);
}

static void put_text (GString *out, const char *text) {
  g_autofree char *lines = text_lines (text);
  gsize length = strlen (lines);
  gboolean base64 = length > 0 && quoted_printable_cost (lines, length) > length / 3 * 4 + length / 57 * 2 + 4;
  g_string_append (out, "Content-Type: text/plain; charset=utf-8\r\n");
  g_string_append_printf (out, "Content-Transfer-Encoding: %s\r\n\r\n", base64 ? "base64" : "quoted-printable");
  if (base64)
    put_base64 (out, lines, length);
  else
    put_quoted_printable (out, lines, length);
}

/* ---- parts ---- */

static gboolean is_type_part (const char *text, gsize length) {
  if (length == 0 || length > MAX_TYPE_PART || !g_ascii_isalnum (text[0]))
    return FALSE;
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isdigit (text[i]) && !g_ascii_islower (text[i]) && strchr ("!#$&^_.+-", text[i]) == NULL)
      return FALSE;
  return TRUE;
}

/* A part never is a container again: what is inside it would be read once more by the client. */
static char *part_type (const char *media_type) {
  g_autofree char *lower = g_ascii_strdown (media_type != NULL ? media_type : "", -1);
  const char *slash = strchr (lower, '/');
  if (slash == NULL || !is_type_part (lower, (gsize) (slash - lower)) || !is_type_part (slash + 1, strlen (slash + 1))
      || g_str_has_prefix (lower, "multipart/") || g_str_has_prefix (lower, "message/"))
    return g_strdup (FALLBACK_TYPE);
  return g_steal_pointer (&lower);
}

/* No path, nothing that a header writer would strip; NULL when nothing is left. */
static char *part_name (const char *file_name) {
  if (file_name == NULL)
    return NULL;
  g_autofree char *safe = mugai_header_shorten_name (file_name, MAX_FILE_NAME_BYTES);
  g_strdelimit (safe, "/\\", '_');
  g_strstrip (safe);
  return *safe != '\0' ? g_steal_pointer (&safe) : NULL;
}

static void put_part (GString *out, const MugaiMailKeptPart *part) {
  gsize length;
  const void *data = g_bytes_get_data (part->content, &length);
  g_autofree char *type = part_type (part->media_type);
  g_autofree char *name = part_name (part->file_name);
  mugai_header_write_parameterised (out, "Content-Type", type, "name", name);
  g_string_append (out, "Content-Transfer-Encoding: base64\r\n");
  mugai_header_write_parameterised (out, "Content-Disposition", "attachment", "filename", name);
  g_string_append (out, "\r\n");
  put_base64 (out, data, length);
}

static char *new_boundary (void) {
  guint8 random[16];
  GString *boundary = g_string_new ("=_mugai-");
  mugai_random (random, sizeof random);
  for (guint i = 0; i < sizeof random; i++)
    g_string_append_printf (boundary, "%02x", random[i]);
  return g_string_free (boundary, FALSE);
}

static void put_mixed (GString *out, const MugaiMailDraft *draft) {
  g_autofree char *boundary = new_boundary ();
  g_string_append_printf (out, "Content-Type: multipart/mixed;\r\n boundary=\"%s\"\r\n\r\n", boundary);
  g_string_append_printf (out, "--%s\r\n", boundary);
  put_text (out, draft->text);
  for (guint i = 0; i < draft->kept->len; i++) {
    g_string_append_printf (out, "--%s\r\n", boundary);
    put_part (out, g_ptr_array_index (draft->kept, i));
  }
  g_string_append_printf (out, "--%s--\r\n", boundary);
}

GBytes *mugai_mail_write (const MugaiMailDraft *draft) {
  GString *out = g_string_new_len (draft->header->str, (gssize) draft->header->len);
  g_string_append (out, "MIME-Version: 1.0\r\n");
  if (draft->kept != NULL && draft->kept->len > 0)
    put_mixed (out, draft);
  else
    put_text (out, draft->text);
  return g_string_free_to_bytes (out);
}
