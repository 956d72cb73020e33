/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/tokenizer: the WHATWG tokenizer over one buffer.
 *
 * The standard's states are places in this code: as the whole input is at hand, most of them become one scan
 * for the byte that ends them. What differs from the standard: a doctype gives no name or identifiers, and
 * parse errors are not told. Invariant: each call moves `position` on or returns TOKEN_EOF.
 */
#include "tokenizer.h"

#include <string.h>

#include "entities.h"

#define REPLACEMENT "\xEF\xBF\xBD"

/* What ends a run of text before the tag does, by mode: '&' in data, '&' NUL in RCDATA, NUL in the others. */
enum { STOP_AMPERSAND = 1 << 0, STOP_NUL = 1 << 1 };

/* What the numbers 128 to 159 mean: windows-1252, as every sender means them; 0: the control itself. */
static const guint16 windows_1252[32] = {
  0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
  0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
  0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178,
};

void tokenizer_init (Tokenizer *self, const char *html, gsize length, guint max_attributes) {
  memset (self, 0, sizeof *self);
  self->position = html;
  self->end = html + length;
  self->max_attributes = max_attributes;
  self->scratch = g_string_sized_new (1024);
  self->last_start = g_string_new (NULL);
  self->attributes = g_array_new (FALSE, FALSE, sizeof (TokenAttribute));
}

void tokenizer_clear (Tokenizer *self) {
  g_string_free (self->scratch, TRUE);
  g_string_free (self->last_start, TRUE);
  g_array_unref (self->attributes);
}

static gboolean is_space (char byte) {
  return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\f';
}

static gboolean ends_tag_name (char byte) {
  return is_space (byte) || byte == '/' || byte == '>';
}

static gboolean starts_with (const char *text, const char *end, const char *lower_case) {
  gsize length = strlen (lower_case);

  return (gsize) (end - text) >= length && g_ascii_strncasecmp (text, lower_case, length) == 0;
}

/* Raw content: where does it end? */

static gboolean is_appropriate_end_tag (const Tokenizer *self, const char *less) {
  const GString *name = self->last_start;
  gsize left = (gsize) (self->end - less);

  if (name->len == 0 || left < name->len + 3 || less[1] != '/')
    return FALSE;
  return g_ascii_strncasecmp (less + 2, name->str, name->len) == 0 && ends_tag_name (less[2 + name->len]);
}

static const char *find_end_tag (const Tokenizer *self) {
  const char *p = self->position;

  while ((p = memchr (p, '<', (gsize) (self->end - p))) != NULL) {
    if (is_appropriate_end_tag (self, p))
      return p;
    p++;
  }
  return self->end;
}

/* Length of "script" and what ends a tag name behind it, at @text: 0 when it is something else. */
static gsize script_word (const Tokenizer *self, const char *text) {
  if (!starts_with (text, self->end, "script") || text + 6 >= self->end || !ends_tag_name (text[6]))
    return 0;
  return 7;
}

typedef enum { SCRIPT_PLAIN, SCRIPT_ESCAPED, SCRIPT_DOUBLE_ESCAPED } ScriptState;

/* A script: "<!--" escapes it, "<script" in there escapes it twice, and then "</script" only once undoes that. */
static const char *find_script_end (const Tokenizer *self) {
  ScriptState state = SCRIPT_PLAIN;
  guint dashes = 0;

  for (const char *p = self->position; p < self->end; p++) {
    gsize word;

    if (state != SCRIPT_PLAIN && *p == '-') {
      dashes++;
      continue;
    }
    if (state != SCRIPT_PLAIN && *p == '>' && dashes >= 2)
      state = SCRIPT_PLAIN;
    dashes = 0;
    if (*p != '<')
      continue;
    if (state != SCRIPT_DOUBLE_ESCAPED && is_appropriate_end_tag (self, p))
      return p;
    if (state == SCRIPT_PLAIN && starts_with (p, self->end, "<!--")) {
      state = SCRIPT_ESCAPED;
      dashes = 2;
      p += 3;
    } else if (state == SCRIPT_ESCAPED && (word = script_word (self, p + 1)) > 0) {
      state = SCRIPT_DOUBLE_ESCAPED;
      p += word;
    } else if (state == SCRIPT_DOUBLE_ESCAPED && p + 1 < self->end && p[1] == '/'
               && (word = script_word (self, p + 2)) > 0) {
      state = SCRIPT_ESCAPED;
      p += 1 + word;
    }
  }
  return self->end;
}

static const char *find_cdata_end (const Tokenizer *self) {
  const char *p = self->position;

  while ((p = memchr (p, ']', (gsize) (self->end - p))) != NULL) {
    if (starts_with (p, self->end, "]]>"))
      return p;
    p++;
  }
  return self->end;
}

void tokenizer_set_mode (Tokenizer *self, TokenizerMode mode) {
  self->mode = mode;
  switch (mode) {
  case TOKENIZER_DATA:
    self->raw_end = NULL;
    break;
  case TOKENIZER_RCDATA:
  case TOKENIZER_RAWTEXT:
    self->raw_end = find_end_tag (self);
    break;
  case TOKENIZER_SCRIPT:
    self->raw_end = find_script_end (self);
    break;
  case TOKENIZER_CDATA:
    self->raw_end = find_cdata_end (self);
    break;
  case TOKENIZER_PLAINTEXT:
  default:
    self->raw_end = self->end;
    break;
  }
}

/* Character references */

static gunichar reference_value (guint32 number) {
  if (number == 0 || number > 0x10FFFF || (number >= 0xD800 && number <= 0xDFFF))
    return 0xFFFD;
  if (number >= 0x80 && number < 0xA0 && windows_1252[number - 0x80] != 0)
    return windows_1252[number - 0x80];
  return number;
}

/* "&#..." at the position: moves past it and leaves the character in @self, or does nothing. */
static gboolean read_numeric_reference (Tokenizer *self, gsize *ret_length) {
  const char *p = self->position + 2;
  gboolean hexadecimal = p < self->end && (*p == 'x' || *p == 'X');
  guint32 number = 0;
  const char *digits;

  p += hexadecimal ? 1 : 0;
  digits = p;
  for (; p < self->end && (hexadecimal ? g_ascii_isxdigit (*p) : g_ascii_isdigit (*p)); p++) {
    if (number <= 0x10FFFF)
      number = number * (hexadecimal ? 16 : 10) + (guint32) g_ascii_xdigit_value (*p);
  }
  if (p == digits)
    return FALSE;
  if (p < self->end && *p == ';')
    p++;
  *ret_length = (gsize) g_unichar_to_utf8 (reference_value (number), self->character);
  self->position = p;
  return TRUE;
}

/* A reference at the position ('&'): its text, with the position moved past it, or "&" alone. In an attribute
 * a name without semicolon counts only when no letter, digit or '=' follows: ?a=1&copy=2 stays as it is. */
static const char *read_reference (Tokenizer *self, gboolean in_attribute, gsize *ret_length) {
  const char *after = self->position + 1;
  const char *text;
  gsize matched = 0;

  if (after < self->end && *after == '#' && read_numeric_reference (self, ret_length))
    return self->character;
  text = entities_match (after, (gsize) (self->end - after), &matched);
  if (text != NULL && in_attribute && after[matched - 1] != ';' && after + matched < self->end
      && (after[matched] == '=' || g_ascii_isalnum (after[matched])))
    text = NULL;
  if (text == NULL) {
    self->position++;
    *ret_length = 1;
    return "&";
  }
  self->position = after + matched;
  *ret_length = strlen (text);
  return text;
}

/* Tags */

/* Appends lower case, with U+FFFD for NUL. */
static void append_name (GString *out, const char *text, const char *end) {
  gsize at = out->len;

  g_string_set_size (out, at + (gsize) (end - text));
  for (; text < end && *text != '\0'; text++)
    out->str[at++] = (char) (*text + ((guint) (*text - 'A') < 26 ? 'a' - 'A' : 0));
  g_string_truncate (out, at);
  for (; text < end; text++) {
    if (*text == '\0')
      g_string_append (out, REPLACEMENT);
    else
      g_string_append_c (out, g_ascii_tolower (*text));
  }
}

static const char *skip_spaces (const char *p, const char *end) {
  while (p < end && is_space (*p))
    p++;
  return p;
}

/* The first @byte at @p or @end. */
static const char *find_byte (const char *p, const char *end, char byte) {
  const char *found = memchr (p, byte, (gsize) (end - p));

  return found != NULL ? found : end;
}

/* The value from the position up to @stop, which it goes to; no reference reaches over a quote, a blank or '>'. */
static void read_value (Tokenizer *self, const char *stop) {
  while (self->position < stop) {
    const char *p = find_byte (self->position, find_byte (self->position, stop, '&'), '\0');
    gsize length;
    const char *text;

    g_string_append_len (self->scratch, self->position, p - self->position);
    self->position = p;
    if (p == stop)
      return;
    if (*p == '\0') {
      g_string_append (self->scratch, REPLACEMENT);
      self->position++;
      continue;
    }
    text = read_reference (self, TRUE, &length);
    g_string_append_len (self->scratch, text, (gssize) length);
  }
}

static void read_attribute_value (Tokenizer *self) {
  const char *stop;
  char quote;

  self->position = skip_spaces (self->position, self->end);
  if (self->position == self->end || *self->position == '>')
    return;
  quote = *self->position;
  if (quote != '"' && quote != '\'') {
    for (stop = self->position; stop < self->end && !is_space (*stop) && *stop != '>'; stop++)
      ;
    read_value (self, stop);
    return;
  }
  self->position++;
  read_value (self, find_byte (self->position, self->end, quote));
  if (self->position < self->end)
    self->position++;
}

static void read_attribute (Tokenizer *self) {
  TokenAttribute attribute = { .name = self->scratch->len };
  const char *p = self->position + 1; /* a leading '=' belongs to the name */
  const char *after;

  while (p < self->end && !ends_tag_name (*p) && *p != '=')
    p++;
  append_name (self->scratch, self->position, p);
  attribute.name_length = self->scratch->len - attribute.name;
  attribute.value = self->scratch->len;
  after = skip_spaces (p, self->end);
  self->position = p;
  if (after < self->end && *after == '=') {
    self->position = after + 1;
    read_attribute_value (self);
  }
  attribute.value_length = self->scratch->len - attribute.value;
  if (self->attributes->len < self->max_attributes)
    g_array_append_val (self->attributes, attribute);
  else
    g_string_truncate (self->scratch, attribute.name);
}

/* The rest of a tag after its name. FALSE: the input ended inside it, and the tag never was. */
static gboolean read_attributes (Tokenizer *self, Token *token) {
  while (self->position < self->end) {
    char byte = *self->position;

    if (byte == '>') {
      self->position++;
      return TRUE;
    }
    if (byte == '/') {
      self->position++;
      token->self_closing = self->position < self->end && *self->position == '>';
    } else if (is_space (byte))
      self->position++;
    else
      read_attribute (self);
  }
  return FALSE;
}

static void read_tag (Tokenizer *self, Token *token, TokenType type) {
  const char *name = self->position + (type == TOKEN_END_TAG ? 2 : 1);
  const char *p = name;
  gsize name_length;

  while (p < self->end && !ends_tag_name (*p))
    p++;
  g_string_truncate (self->scratch, 0);
  g_array_set_size (self->attributes, 0);
  append_name (self->scratch, name, p);
  name_length = self->scratch->len;
  self->position = p;
  if (!read_attributes (self, token))
    return;
  token->type = type;
  token->text = self->scratch->str;
  token->length = name_length;
  if (type == TOKEN_START_TAG) {
    g_string_truncate (self->last_start, 0);
    g_string_append_len (self->last_start, token->text, (gssize) name_length);
  }
}

/* Comments and other declarations */

static void set_comment (Token *token, const char *text, const char *end) {
  token->type = TOKEN_COMMENT;
  token->text = text;
  token->length = (gsize) (end - text);
}

/* At the end of the input what looks like the beginning of "-->" is not content. */
static const char *unfinished_comment_end (const char *text, const char *end) {
  if (end - text >= 3 && memcmp (end - 3, "--!", 3) == 0)
    return end - 3;
  for (guint i = 0; i < 2 && end > text && end[-1] == '-'; i++)
    end--;
  return end;
}

static void read_comment (Tokenizer *self, Token *token) {
  const char *text = self->position + 4;
  const char *p = text;

  if (starts_with (text, self->end, ">") || starts_with (text, self->end, "->")) {
    self->position = text + (*text == '>' ? 1 : 2);
    set_comment (token, text, text);
    return;
  }
  while ((p = memchr (p, '-', (gsize) (self->end - p))) != NULL) {
    gboolean closes = starts_with (p, self->end, "-->");

    if (closes || starts_with (p, self->end, "--!>")) {
      self->position = p + (closes ? 3 : 4);
      set_comment (token, text, p);
      return;
    }
    p++;
  }
  self->position = self->end;
  set_comment (token, text, unfinished_comment_end (text, self->end));
}

static void read_bogus_comment (Tokenizer *self, Token *token, const char *text) {
  const char *close = memchr (text, '>', (gsize) (self->end - text));

  set_comment (token, text, close != NULL ? close : self->end);
  self->position = close != NULL ? close + 1 : self->end;
}

/* "<!": comment, doctype, CDATA or nonsense. FALSE: no token yet (CDATA begins). */
static gboolean read_declaration (Tokenizer *self, Token *token) {
  const char *p = self->position;

  if (starts_with (p, self->end, "<!--"))
    read_comment (self, token);
  else if (starts_with (p, self->end, "<!doctype")) {
    read_bogus_comment (self, token, p + 9); /* any '>' ends it, also one in quotes */
    token->type = TOKEN_DOCTYPE;
  } else if (self->foreign && (gsize) (self->end - p) >= 9 && memcmp (p, "<![CDATA[", 9) == 0) {
    self->position += 9;
    tokenizer_set_mode (self, TOKENIZER_CDATA);
    return FALSE;
  } else
    read_bogus_comment (self, token, p + 2);
  return TRUE;
}

static void take_text (Tokenizer *self, Token *token, gsize length) {
  token->type = TOKEN_TEXT;
  token->text = self->position;
  token->length = length;
  self->position += length;
}

/* '<' in data. FALSE: nothing to tell, read on. */
static gboolean read_markup (Tokenizer *self, Token *token) {
  const char *p = self->position;
  char next = p + 1 < self->end ? p[1] : ' ';

  if (g_ascii_isalpha (next))
    read_tag (self, token, TOKEN_START_TAG);
  else if (next == '!')
    return read_declaration (self, token);
  else if (next == '?')
    read_bogus_comment (self, token, p + 1);
  else if (next != '/')
    take_text (self, token, 1);
  else if (p + 2 == self->end)
    take_text (self, token, 2);
  else if (g_ascii_isalpha (p[2]))
    read_tag (self, token, TOKEN_END_TAG);
  else if (p[2] == '>') {
    self->position += 3;
    return FALSE;
  } else
    read_bogus_comment (self, token, p + 2);
  return TRUE;
}

/* Text up to @limit or the next byte of the classes @stop; at such a byte, what it stands for. */
static void read_text (Tokenizer *self, Token *token, const char *limit, guint8 stop) {
  const char *p = (stop & STOP_AMPERSAND) != 0 ? find_byte (self->position, limit, '&') : limit;

  if ((stop & STOP_NUL) != 0)
    p = find_byte (self->position, p, '\0');
  if (p > self->position) {
    take_text (self, token, (gsize) (p - self->position));
    return;
  }
  token->type = TOKEN_TEXT;
  if (*p == '&') {
    token->text = read_reference (self, FALSE, &token->length);
    return;
  }
  token->text = REPLACEMENT;
  token->length = strlen (REPLACEMENT);
  self->position++;
}

static void leave_raw_content (Tokenizer *self) {
  if (self->mode == TOKENIZER_CDATA && self->position < self->end)
    self->position += 3;
  tokenizer_set_mode (self, TOKENIZER_DATA);
}

static void read_raw (Tokenizer *self, Token *token) {
  guint8 stop = self->mode == TOKENIZER_RCDATA  ? STOP_AMPERSAND | STOP_NUL
                : self->mode == TOKENIZER_CDATA ? 0
                                                : STOP_NUL;

  read_text (self, token, self->raw_end, stop);
}

void tokenizer_next (Tokenizer *self, Token *token) {
  memset (token, 0, sizeof *token);
  for (;;) {
    if (self->raw_end != NULL && self->position < self->raw_end) {
      read_raw (self, token);
      return;
    }
    if (self->raw_end != NULL)
      leave_raw_content (self);
    if (self->position >= self->end)
      return;
    if (*self->position != '<') {
      /* Kept, so that a text of many references is searched only once. */
      if (self->next_less < self->position)
        self->next_less = find_byte (self->position, self->end, '<');
      read_text (self, token, self->next_less, STOP_AMPERSAND);
      return;
    }
    if (read_markup (self, token))
      return;
  }
}
