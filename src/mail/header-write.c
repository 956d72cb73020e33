/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/header-write: header fields written canonically.
 *
 * Only text that has passed mugai_unicode_make_safe () gets out, in one form for each case: plain ASCII, UTF-8 B
 * encoded words, quoted strings without backslashes, RFC 2231 sections. What needs an escape is encoded instead, as
 * readers differ on escapes. Invariant: our own readers give the same text back.
 */
#include "mugai/mail/header.h"

#include <string.h>

#include "mugai/base/unicode.h"

#define LINE_MAX_OCTETS 76u
#define WORD_OVERHEAD 12u    /* =?UTF-8?B? and ?= */
#define PHRASE_PLAIN_MAX 60u /* longer phrases are encoded, as a quoted string cannot be folded safely */
#define ADDRESS_MAX 320u     /* RFC 5321: 64 + 1 + 255; gets a line of its own when over LINE_MAX_OCTETS */
#define VALUE_MAX 255u       /* RFC 6838: 127 characters each side of the slash; in one line, as the gate wants it */
#define FILE_NAME_MAX 1024u  /* so that its sections stay under MUGAI_HEADER_MAX_PARAMETERS */

/* The message and how many octets its last line has. */
typedef struct {
  GString *out;
  gsize column;
} Line;

static void put (Line *line, const char *text, gsize length) {
  g_string_append_len (line->out, text, (gssize) length);
  line->column += length;
}

static void fold (Line *line) {
  g_string_append (line->out, "\r\n");
  line->column = 0;
}

static char *make_safe (const char *text) {
  return g_strstrip (mugai_unicode_make_safe (text, -1, 0));
}

static gboolean is_plain (const char *text) {
  for (const char *at = text; *at != '\0'; at++)
    if (*at < 0x20 || *at > 0x7E)
      return FALSE;
  return strstr (text, "=?") == NULL;
}

/* ---- encoded words ---- */

/* Bytes of @text, whole characters, that fit into a B word of @octets. At least one character. */
static gsize chunk_length (const char *text, gsize octets) {
  gsize most = octets > WORD_OVERHEAD ? (octets - WORD_OVERHEAD) / 4 * 3 : 0;
  gsize length = 0;
  while (text[length] != '\0') {
    gsize next = (gsize) (g_utf8_next_char (text + length) - text);
    if (next > most && length != 0)
      break;
    length = next;
    if (next > most)
      break;
  }
  return length;
}

static void put_word (Line *line, const char *text, gsize length) {
  g_autofree char *base64 = g_base64_encode ((const guchar *) text, length);
  g_autofree char *word = g_strconcat ("=?UTF-8?B?", base64, "?=", NULL);
  put (line, word, strlen (word));
}

#define GROUP_RESERVE 4u                   /* " :;" and a comma */
#define SMALLEST_WORD (WORD_OVERHEAD + 8u) /* one character of up to four bytes, or two kanji */

/* @text as words, folded; the caller has put the blank before the first and left room for SMALLEST_WORD. @reserve: octets kept free at each line's end. */
static void put_words (Line *line, const char *text, gsize reserve) {
  while (*text != '\0') {
    gsize length = chunk_length (text, LINE_MAX_OCTETS - line->column - reserve);
    put_word (line, text, length);
    text += length;
    if (*text != '\0') {
      fold (line);
      put (line, " ", 1);
    }
  }
}

/* ---- text ---- */

/* Folds at single blanks only. FALSE when a word is too long for that, or blanks would be left alone on a line. */
static gboolean can_fold (const char *text, gsize column) {
  for (const char *at = text; *at != '\0';) {
    gsize word = strcspn (at, " ");
    if (at != text && word == 0)
      return FALSE;
    column = at == text ? column + word : word + 1;
    if (column > LINE_MAX_OCTETS)
      return FALSE;
    at += word + (at[word] == ' ' ? 1 : 0);
  }
  return TRUE;
}

static void put_plain (Line *line, const char *text) {
  while (*text != '\0') {
    gsize word = strcspn (text, " ");
    put (line, text, word);
    text += word;
    if (*text == ' ') {
      text++;
      if (line->column + 1 + strcspn (text, " ") > LINE_MAX_OCTETS)
        fold (line);
      put (line, " ", 1);
    }
  }
}

void mugai_header_write_text (GString *out, const char *name, const char *text) {
  g_autofree char *safe = make_safe (text);
  Line line = { out, 0 };
  put (&line, name, strlen (name));
  put (&line, ":", 1);
  gboolean short_enough = line.column + 1 + strlen (safe) <= LINE_MAX_OCTETS;
  if (is_plain (safe) && (short_enough || can_fold (safe, line.column + 1))) {
    put (&line, " ", 1);
    if (short_enough)
      put (&line, safe, strlen (safe));
    else
      put_plain (&line, safe);
  } else {
    if (line.column + 1 + SMALLEST_WORD > LINE_MAX_OCTETS)
      fold (&line);
    put (&line, " ", 1);
    put_words (&line, safe, 0);
  }
  g_string_append (out, "\r\n");
}

/* ---- addresses ---- */

static gboolean is_writable_address (const char *address) {
  gsize length = strlen (address);
  if (length == 0 || length > ADDRESS_MAX || !is_plain (address))
    return FALSE;
  return strpbrk (address, " <>()[]\",;:\\") == NULL;
}

/* Atoms of RFC 5322 with single blanks between them. */
static gboolean is_phrase (const char *text) {
  for (const char *at = text; *at != '\0'; at++)
    if (!g_ascii_isalnum (*at) && strchr ("!#$%&'*+-/=?^_`{|}~ ", *at) == NULL)
      return FALSE;
  return strstr (text, "  ") == NULL;
}

/* Starts a new line unless @length octets and a blank still fit. */
static void put_token (Line *line, const char *text, gsize length) {
  if (line->column + 1 + length > LINE_MAX_OCTETS)
    fold (line);
  put (line, " ", 1);
  put (line, text, length);
}

static void put_phrase (Line *line, const char *name, gsize reserve) {
  gboolean quotable = is_plain (name) && strpbrk (name, "\"\\") == NULL && strlen (name) <= PHRASE_PLAIN_MAX;
  if (quotable) {
    g_autofree char *token = is_phrase (name) ? g_strdup (name) : g_strconcat ("\"", name, "\"", NULL);
    put_token (line, token, strlen (token));
    return;
  }
  /* In one word where a line of its own can hold it: some readers keep the blank between two words of a phrase. */
  gsize whole = WORD_OVERHEAD + (strlen (name) + 2) / 3 * 4;
  gsize wanted = 1 + whole + reserve <= LINE_MAX_OCTETS ? whole : SMALLEST_WORD;
  if (line->column + 1 + wanted + reserve > LINE_MAX_OCTETS)
    fold (line);
  put (line, " ", 1);
  put_words (line, name, reserve);
}

/* An address that cannot be written stays visible as part of the name. With no address left the name becomes an
 * empty group, the one form RFC 5322 has for that. Returns: FALSE when there is nothing to write. */
static gboolean put_address (Line *line, const MugaiHeaderAddress *entry, gboolean first) {
  g_autofree char *address = make_safe (entry->address);
  g_autofree char *own_name = make_safe (entry->name);
  gboolean writable = is_writable_address (address);
  const char *space = *own_name != '\0' && *address != '\0' ? " " : "";
  g_autofree char *name = writable ? g_strdup (own_name) : g_strconcat (own_name, space, address, NULL);
  if (!writable && *name == '\0')
    return FALSE;
  if (!first)
    put (line, ",", 1);
  if (*name != '\0')
    put_phrase (line, name, writable ? 2 : GROUP_RESERVE);
  if (!writable) {
    gboolean word = line->out->len >= 2 && memcmp (line->out->str + line->out->len - 2, "?=", 2) == 0;
    put (line, word ? " :;" : ":;", word ? 3 : 2); /* RFC 2047 5: a blank behind an encoded word */
    return TRUE;
  }
  g_autofree char *token = g_strconcat ("<", address, ">", NULL);
  gsize room = strlen (token) + 1; /* and the comma */
  if (line->column + 1 + room > LINE_MAX_OCTETS)
    fold (line);
  put (line, " ", 1);
  put (line, token, strlen (token));
  return TRUE;
}

void mugai_header_write_addresses (GString *out, const char *name, const GPtrArray *addresses) {
  gsize start = out->len;
  Line line = { out, 0 };
  put (&line, name, strlen (name));
  put (&line, ":", 1);
  gboolean first = TRUE;
  for (guint i = 0; i < addresses->len; i++)
    if (put_address (&line, g_ptr_array_index (addresses, i), first))
      first = FALSE;
  if (first)
    g_string_truncate (out, start); /* an empty address field is not allowed */
  else
    g_string_append (out, "\r\n");
}

/* ---- parameters ---- */

static gboolean is_value (const char *value) {
  if (*value == '\0' || strlen (value) > VALUE_MAX)
    return FALSE;
  for (const char *at = value; *at != '\0'; at++)
    if (!g_ascii_isalnum (*at) && strchr ("!#$&^_.+-/", *at) == NULL)
      return FALSE;
  return TRUE;
}

static void append_percent_coded (GString *out, const char *at, gsize length) {
  for (gsize i = 0; i < length; i++)
    if (g_ascii_isalnum (at[i]) || strchr (".-_", at[i]) != NULL)
      g_string_append_c (out, at[i]);
    else
      g_string_append_printf (out, "%%%02X", (guint8) at[i]);
}

/* One section: as many whole characters as fit. Returns: bytes of @text used. */
static gsize fill_section (GString *section, const char *text) {
  gsize used = 0;
  while (text[used] != '\0') {
    gsize length = (gsize) (g_utf8_next_char (text + used) - (text + used));
    gsize old = section->len;
    append_percent_coded (section, text + used, length);
    if (section->len + 1 > LINE_MAX_OCTETS && used != 0) { /* 1: the ';' */
      g_string_truncate (section, old);
      break;
    }
    used += length;
  }
  return used;
}

static void put_extended (GString *out, const char *parameter, const char *text) {
  g_autoptr (GString) section = g_string_new (NULL);
  g_string_printf (section, " %s*=UTF-8''", parameter);
  if (fill_section (section, text) == strlen (text)) {
    g_string_append_printf (out, ";\r\n%s", section->str);
    return;
  }
  for (guint n = 0; *text != '\0'; n++) {
    g_string_printf (section, " %s*%u*=%s", parameter, n, n == 0 ? "UTF-8''" : "");
    text += fill_section (section, text);
    g_string_append_printf (out, ";\r\n%s", section->str);
  }
}

static void put_quoted_words (GString *out, const char *parameter, const char *text) {
  Line line = { out, 0 };
  g_string_append (out, ";\r\n");
  put (&line, " ", 1);
  put (&line, parameter, strlen (parameter));
  put (&line, "=\"", 2);
  put_words (&line, text, 2); /* the closing quote, and a ';' */
  put (&line, "\"", 1);
}

#define EXTENSION_MAX_BYTES 32u /* ".docx", and two of them; what is longer is no extension */

char *mugai_header_shorten_name (const char *file_name, gsize max_bytes) {
  g_autofree char *safe = make_safe (file_name);
  gsize length = strlen (safe);
  if (length <= max_bytes)
    return g_steal_pointer (&safe);
  const char *dot = strrchr (safe, '.');
  const char *extension = dot != NULL && strlen (dot) <= MIN (EXTENSION_MAX_BYTES, max_bytes / 2) ? dot : "";
  g_autofree char *head = mugai_unicode_make_safe (safe, -1, max_bytes - strlen (extension));
  return g_strconcat (head, extension, NULL);
}

static void put_file_name (GString *out, const char *parameter, const char *file_name) {
  g_autofree char *safe = mugai_header_shorten_name (file_name, FILE_NAME_MAX);
  gboolean quotable =
      is_plain (safe) && strpbrk (safe, "\"\\%") == NULL && strlen (parameter) + strlen (safe) + 5 <= LINE_MAX_OCTETS;
  if (*safe == '\0')
    return;
  if (quotable)
    g_string_append_printf (out, ";\r\n %s=\"%s\"", parameter, safe);
  else if (strcmp (parameter, "name") == 0)
    put_quoted_words (out, parameter, safe);
  else
    put_extended (out, parameter, safe);
}

void mugai_header_write_parameterised (GString *out, const char *name, const char *value, const char *parameter,
                                       const char *file_name) {
  const char *fallback = g_ascii_strcasecmp (name, "Content-Type") == 0 ? "application/octet-stream" : "attachment";
  const char *good = is_value (value) ? value : fallback;
  g_string_append_printf (out, "%s: %s", name,
                          good); /* "Content-Type: " and VALUE_MAX: longer than 76, but never split */
  if (file_name != NULL)
    put_file_name (out, parameter, file_name);
  g_string_append (out, "\r\n");
}
