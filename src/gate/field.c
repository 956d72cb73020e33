/* SPDX-License-Identifier: GPL-2.0-only
 *
 * gate/field: the rules `field` and `part-head` of the grammar: see field.h and gate.c.
 *
 * Nothing is interpreted but encoded words and file names, because only these say something that is not
 * to be seen in the bytes themselves.
 */
#include "field.h"

#include <string.h>

#include "decode.h"

#define MANY_PREFIX "X-Mugai-"
#define MAX_MUGAI_SUFFIX_BYTES 40u
#define MAX_TYPE_BYTES 127u /* RFC 6838 4.2 */
#define MAX_PARAMETER_LINE_BYTES 76u
#define MAX_SECTION 99u
#define FOLD '\n' /* stands for "CRLF SP" in an unfolded part head */

/* Each at most once; the number of the entry is a bit of a guint64. */
static const char *const once_names[] = { "From",
                                          "Sender",
                                          "Reply-To",
                                          "To",
                                          "Cc",
                                          "Subject",
                                          "Date",
                                          "Message-ID",
                                          "In-Reply-To",
                                          "References",
                                          "List-Id",
                                          "List-Post",
                                          "List-Help",
                                          "List-Subscribe",
                                          "List-Unsubscribe",
                                          "List-Unsubscribe-Post",
                                          "List-Owner",
                                          "List-Archive",
                                          "Auto-Submitted",
                                          "Precedence",
                                          "Importance",
                                          "Priority",
                                          "X-Priority",
                                          "Sensitivity",
                                          "Thread-Topic",
                                          "Thread-Index",
                                          "Content-Language",
                                          "Organization",
                                          "X-Auto-Response-Suppress",
                                          "X-Mugai-Id",
                                          "X-Mugai-Action",
                                          "X-Mugai-Notice" };
G_STATIC_ASSERT (G_N_ELEMENTS (once_names) <= 64);

static const char *const many_names[] = { "Received",    "Delivered-To",     "X-Loop",    "Authentication-Results",
                                          "Resent-From", "Resent-Sender",    "Resent-To", "Resent-Cc",
                                          "Resent-Date", "Resent-Message-ID" };

static gboolean is_blank (char character) {
  return character == ' ' || character == '\t';
}

static gboolean name_is (const GateCursor *cursor, gsize name_bytes, const char *name) {
  return strlen (name) == name_bytes && memcmp (cursor->line, name, name_bytes) == 0;
}

static gboolean is_mugai_name (const GateCursor *cursor, gsize name_bytes) {
  const gsize prefix = strlen (MANY_PREFIX);

  if (name_bytes <= prefix || name_bytes > prefix + MAX_MUGAI_SUFFIX_BYTES || !gate_cursor_begins (cursor, MANY_PREFIX))
    return FALSE;
  for (gsize i = prefix; i < name_bytes; i++) {
    if (!g_ascii_isalnum (cursor->line[i]) && cursor->line[i] != '-')
      return FALSE;
  }
  /* To a mail client "X-Mugai-ID" is X-Mugai-Id once more. */
  for (gsize i = 0; i < G_N_ELEMENTS (once_names); i++) {
    if (strlen (once_names[i]) == name_bytes && g_ascii_strncasecmp (once_names[i], cursor->line, name_bytes) == 0)
      return FALSE;
  }
  return TRUE;
}

/* The field's name must be in the lists; @seen holds those of once_names that were already there. */
static gboolean check_name (const GateCursor *cursor, gsize name_bytes, guint64 *seen) {
  for (gsize i = 0; i < G_N_ELEMENTS (once_names); i++) {
    if (!name_is (cursor, name_bytes, once_names[i]))
      continue;
    if (*seen & MUGAI_BIT (i))
      return gate_cursor_fail (cursor, MUGAI_GATE_ERROR_GRAMMAR, 0, "a field that was not there before");
    *seen |= MUGAI_BIT (i);
    return TRUE;
  }
  for (gsize i = 0; i < G_N_ELEMENTS (many_names); i++) {
    if (name_is (cursor, name_bytes, many_names[i]))
      return TRUE;
  }
  return is_mugai_name (cursor, name_bytes)
         || gate_cursor_fail (cursor, MUGAI_GATE_ERROR_GRAMMAR, 0, "a known field or \"MIME-Version: 1.0\"");
}

/* Every "=?" of the current line begins a word that stands alone between blanks. */
static gboolean check_words (const GateCursor *cursor) {
  g_autoptr (GString) decoded = g_string_new (NULL);
  const char *line = cursor->line;
  gsize length = cursor->line_bytes;

  for (gsize i = 0; i + 1 < length; i++) {
    if (line[i] != '=' || line[i + 1] != '?')
      continue;
    gsize word = gate_word (line + i, length - i, decoded);
    if (word == 0)
      return gate_cursor_fail (cursor, MUGAI_GATE_ERROR_GRAMMAR, i, "an encoded word =?UTF-8?B?...?= of safe text");
    if (i == 0 || !is_blank (line[i - 1]) || (i + word < length && !is_blank (line[i + word])))
      return gate_cursor_fail (cursor, MUGAI_GATE_ERROR_GRAMMAR, i, "blanks around an encoded word");
    i += word - 1;
  }
  return TRUE;
}

static gboolean line_is_blank (const GateCursor *cursor) {
  for (gsize i = 0; i < cursor->line_bytes; i++) {
    if (!is_blank (cursor->line[i]))
      return FALSE;
  }
  return TRUE;
}

/* The first line is the current one, its name is checked. */
static gboolean check_value (GateCursor *cursor, gsize name_bytes) {
  gsize start = cursor->line_offset;

  if (cursor->line_bytes > name_bytes + 1 && cursor->line[name_bytes + 1] != ' ')
    return gate_cursor_fail (cursor, MUGAI_GATE_ERROR_GRAMMAR, name_bytes + 1, "a space behind the colon");
  do {
    if (cursor->next_offset - start > MUGAI_GATE_MAX_FIELD_BYTES)
      return gate_cursor_fail (cursor, MUGAI_GATE_ERROR_SIZE, 0, "the field's end (20 KiB)");
    if (!check_words (cursor) || !gate_cursor_advance (cursor))
      return FALSE;
    if (cursor->line == NULL || cursor->line_bytes == 0 || !is_blank (cursor->line[0]))
      return TRUE;
  } while (!line_is_blank (cursor));
  return gate_cursor_fail (cursor, MUGAI_GATE_ERROR_GRAMMAR, 0, "a continuation line that is not blank");
}

gboolean gate_fields (GateCursor *cursor, guint *ret_n_fields) {
  guint64 seen = 0;

  for (*ret_n_fields = 0; !gate_cursor_is (cursor, "MIME-Version: 1.0"); ++*ret_n_fields) {
    const char *colon = cursor->line == NULL ? NULL : memchr (cursor->line, ':', cursor->line_bytes);
    if (colon == NULL)
      return gate_cursor_fail (cursor, MUGAI_GATE_ERROR_GRAMMAR, 0, "a header field or \"MIME-Version: 1.0\"");
    gsize name_bytes = (gsize) (colon - cursor->line);
    if (!check_name (cursor, name_bytes, &seen) || !check_value (cursor, name_bytes))
      return FALSE;
    if (cursor->line_offset > MUGAI_GATE_MAX_HEADER_BYTES)
      return gate_cursor_fail (cursor, MUGAI_GATE_ERROR_SIZE, 0, "the header's end (30 KiB)");
  }
  return TRUE;
}

/* ---- part-head ---- */

/* Takes the field at the cursor as one string, FOLD for each "CRLF SP". */
static GString *unfold (GateCursor *cursor) {
  g_autoptr (GString) field = g_string_new_len (cursor->line, (gssize) cursor->line_bytes);

  /* A long media type may fill the first line; no line with a parameter may be long. */
  if (cursor->line_bytes > MAX_PARAMETER_LINE_BYTES && strchr (field->str, '=') != NULL) {
    (void) gate_cursor_fail (cursor, MUGAI_GATE_ERROR_GRAMMAR, MAX_PARAMETER_LINE_BYTES, "a line of at most 76 octets");
    return NULL;
  }
  for (;;) {
    if (!gate_cursor_advance (cursor))
      return NULL;
    if (cursor->line == NULL || cursor->line_bytes == 0 || cursor->line[0] != ' ')
      return g_steal_pointer (&field);
    if (cursor->line_bytes > MAX_PARAMETER_LINE_BYTES || field->len > MUGAI_GATE_MAX_FIELD_BYTES) {
      (void) gate_cursor_fail (cursor, MUGAI_GATE_ERROR_GRAMMAR, 0, "a line of at most 76 octets, the field's end");
      return NULL;
    }
    g_string_append_c (field, FOLD);
    g_string_append_len (field, cursor->line + 1, (gssize) cursor->line_bytes - 1);
  }
}

static gboolean take (const char **at, const char *text) {
  if (!g_str_has_prefix (*at, text))
    return FALSE;
  *at += strlen (text);
  return TRUE;
}

/* The blank of a separator: SP or CRLF SP. */
static gboolean take_blank (const char **at) {
  if (**at != ' ' && **at != FOLD)
    return FALSE;
  ++*at;
  return TRUE;
}

static gboolean take_token (const char **at, gsize *ret_bytes) {
  const gsize length = strspn (*at, "abcdefghijklmnopqrstuvwxyz0123456789!#$&^_.+-");

  if (length == 0 || length > MAX_TYPE_BYTES || !g_ascii_isalnum (**at))
    return FALSE;
  *at += length;
  *ret_bytes = length;
  return TRUE;
}

/* type "/" subtype; not a type that is a container to other readers. */
static gboolean take_type (const char **at) {
  const char *start = *at;
  gsize type_bytes = 0, subtype_bytes;

  if (g_str_has_prefix (start, "multipart/") || g_str_has_prefix (start, "message/"))
    return FALSE;
  return take_token (at, &type_bytes) && take (at, "/") && take_token (at, &subtype_bytes);
}

static gboolean take_ascii (const char **at, GString *out) {
  gsize length = 0;

  while ((*at)[length] >= ' ' && (*at)[length] <= '~' && (*at)[length] != '"' && (*at)[length] != '\\')
    length++;
  g_string_append_len (out, *at, (gssize) length);
  *at += length;
  return length > 0 && strstr (out->str, "=?") == NULL;
}

static gboolean take_words (const char **at, GString *out) {
  do {
    gsize word = gate_word (*at, strlen (*at), out);
    if (word == 0)
      return FALSE;
    *at += word;
  } while (take_blank (at));
  return TRUE;
}

static gboolean take_pct (const char **at, GString *out) {
  const char *start = *at;

  for (;; ++*at) {
    char character = **at;
    if (g_ascii_isalnum (character) || (character != '\0' && strchr ("-._~!#$&+^`{|}", character) != NULL)) {
      g_string_append_c (out, character);
    } else if (character == '%') {
      int byte = (*at)[1] == '\0' ? -1 : gate_hex ((*at)[1], (*at)[2]);
      if (byte < 0)
        return FALSE;
      g_string_append_c (out, (char) byte);
      *at += 2;
    } else {
      return *at > start;
    }
  }
}

/* name = ... of Content-Type, to the end of the field. */
static gboolean take_name (const char *at, GString *out) {
  if (!take (&at, "name=\""))
    return FALSE;
  gboolean taken = g_str_has_prefix (at, "=?") ? take_words (&at, out) : take_ascii (&at, out);
  return taken && g_str_equal (at, "\"");
}

/* The further sections of a long name: filename*1*=..., filename*2*=... */
static gboolean take_sections (const char *at, GString *out) {
  for (guint n = 1; *at != '\0'; n++) {
    g_autofree char *key = g_strdup_printf ("filename*%u*=", n);
    if (n > MAX_SECTION || !take (&at, ";") || !take_blank (&at) || !take (&at, key) || !take_pct (&at, out))
      return FALSE;
  }
  return TRUE;
}

static gboolean take_filename (const char *at, GString *out) {
  if (take (&at, "filename=\""))
    return take_ascii (&at, out) && g_str_equal (at, "\"");
  if (take (&at, "filename*=UTF-8''"))
    return take_pct (&at, out) && *at == '\0';
  if (take (&at, "filename*0*=UTF-8''"))
    return take_pct (&at, out) && take_sections (at, out);
  return FALSE;
}

static gboolean name_is_safe (const GString *name) {
  gsize at;

  return name->len > 0 && name->len <= MUGAI_FACTS_MAX_NAME_BYTES && strpbrk (name->str, "/\\") == NULL
         && gate_is_safe (name->str, name->len, FALSE, &at);
}

gboolean gate_part_head (GateCursor *cursor) {
  g_autoptr (GString) name = g_string_new (NULL), filename = g_string_new (NULL);
  GateCursor start = *cursor; /* errors in an unfolded field name its first line */
  const char *at;

  if (!gate_cursor_begins (cursor, "Content-Type: "))
    return gate_cursor_fail (cursor, MUGAI_GATE_ERROR_GRAMMAR, 0, "\"Content-Type: \" and a media type");
  g_autoptr (GString) type = unfold (cursor);
  if (type == NULL)
    return FALSE;
  at = type->str;
  if (!take (&at, "Content-Type: ") || !take_type (&at))
    return gate_cursor_fail (&start, MUGAI_GATE_ERROR_GRAMMAR, 0, "a lower-case media type, no container's");
  gboolean named = take (&at, ";");
  if (named ? !(take_blank (&at) && take_name (at, name)) : *at != '\0')
    return gate_cursor_fail (&start, MUGAI_GATE_ERROR_GRAMMAR, 0, "name=\"...\" and the field's end");

  if (!gate_cursor_expect (cursor, "Content-Transfer-Encoding: base64"))
    return FALSE;
  start = *cursor;
  if (!gate_cursor_begins (cursor, "Content-Disposition: attachment"))
    return gate_cursor_fail (cursor, MUGAI_GATE_ERROR_GRAMMAR, 0, "\"Content-Disposition: attachment\"");
  g_autoptr (GString) disposition = unfold (cursor);
  if (disposition == NULL)
    return FALSE;
  at = disposition->str + strlen ("Content-Disposition: attachment");
  if (named ? !(take (&at, ";") && take_blank (&at) && take_filename (at, filename)) : *at != '\0')
    return gate_cursor_fail (&start, MUGAI_GATE_ERROR_GRAMMAR, 0, "filename where there is a name, and only there");
  if (named && (!name_is_safe (name) || !g_string_equal (name, filename)))
    return gate_cursor_fail (&start, MUGAI_GATE_ERROR_GRAMMAR, 0, "name and filename that say the same safe text");
  return TRUE;
}
