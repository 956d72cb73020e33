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
#include "names.h"
#include "raw.h"

#define REPLACEMENT "\xEF\xBF\xBD"
#define DECODED_BYTES 256u   /* at a time: few values need it */
#define FIRST_ATTRIBUTES 16u /* room for so many; more when a tag has more */

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
  self->less = (Landmark){ .byte = '<' };
  self->ampersand = (Landmark){ .byte = '&' };
  self->nul = (Landmark){ .byte = '\0' };
}

void tokenizer_clear (Tokenizer *self) {
  g_free (self->attributes);
  g_clear_pointer (&self->decoded, g_string_chunk_free);
}

static gboolean is_space (char byte) {
  return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\f';
}

/* The first @byte at @p or @end. */
static const char *find_byte (const char *p, const char *end, char byte) {
  const char *found = memchr (p, byte, (gsize) (end - p));

  return found != NULL ? found : end;
}

static const char *next_byte (Tokenizer *self, Landmark *landmark) {
  return landmark_next (landmark, self->position, self->end);
}

void tokenizer_set_mode (Tokenizer *self, TokenizerMode mode) {
  self->mode = mode;
  switch (mode) {
  case TOKENIZER_DATA:
    self->raw_end = NULL;
    break;
  case TOKENIZER_RCDATA:
  case TOKENIZER_RAWTEXT:
    self->raw_end = raw_find_end_tag (self->position, self->end, self->last_start);
    break;
  case TOKENIZER_SCRIPT:
    self->raw_end = raw_find_script_end (self->position, self->end, self->last_start);
    break;
  case TOKENIZER_CDATA:
    self->raw_end = raw_find_cdata_end (self->position, self->end);
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

/* Holds @text until the next tag. */
static Slice keep (Tokenizer *self, const GString *text) {
  if (self->decoded == NULL)
    self->decoded = g_string_chunk_new (DECODED_BYTES);
  return (Slice){ g_string_chunk_insert_len (self->decoded, text->str, (gssize) text->len), text->len };
}

/* In lower case, with U+FFFD for NUL. */
static Slice lower_name (Tokenizer *self, Slice name) {
  g_autoptr (GString) lower = g_string_sized_new (name.length);

  for (gsize i = 0; i < name.length; i++) {
    if (name.text[i] == '\0')
      g_string_append (lower, REPLACEMENT);
    else
      g_string_append_c (lower, g_ascii_tolower (name.text[i]));
  }
  return keep (self, lower);
}

enum { NAME_ENDS = 1 << 0, NAME_EQUALS = 1 << 1, NAME_CHANGES = 1 << 2 };

static const guint8 name_class[256] = {
  [' '] = NAME_ENDS, ['\n'] = NAME_ENDS,  ['\t'] = NAME_ENDS,    ['\f'] = NAME_ENDS,           ['/'] = NAME_ENDS,
  ['>'] = NAME_ENDS, ['='] = NAME_EQUALS, ['\0'] = NAME_CHANGES, ['A' ... 'Z'] = NAME_CHANGES,
};

/* The name at the position, which goes behind it; a byte of the classes @stop ends it, but for the first one. */
static Slice read_name (Tokenizer *self, guint8 stop) {
  const char *p = self->position;
  Slice name = { p, 0 };
  guint8 classes = 0;

  do
    classes |= name_class[(guchar) *p++];
  while (p < self->end && (name_class[(guchar) *p] & stop) == 0);
  name.length = (gsize) (p - self->position);
  self->position = p;
  return (classes & NAME_CHANGES) != 0 ? lower_name (self, name) : name;
}

static const char *skip_spaces (const char *p, const char *end) {
  while (p < end && is_space (*p))
    p++;
  return p;
}

/* The value from the position to @stop with its references resolved; none reaches over a quote, a blank or '>'. */
static Slice decode_value (Tokenizer *self, const char *stop) {
  g_autoptr (GString) value = g_string_sized_new ((gsize) (stop - self->position));

  while (self->position < stop) {
    const char *p = MIN (MIN (next_byte (self, &self->ampersand), next_byte (self, &self->nul)), stop);
    gsize length = strlen (REPLACEMENT);
    const char *text = REPLACEMENT;

    g_string_append_len (value, self->position, p - self->position);
    self->position = p;
    if (p == stop)
      break;
    if (*p == '&')
      text = read_reference (self, TRUE, &length);
    else
      self->position++;
    g_string_append_len (value, text, (gssize) length);
  }
  return keep (self, value);
}

/* The value from the position up to @stop, which it goes to: nearly always as it stands there. */
static Slice read_value (Tokenizer *self, const char *stop) {
  Slice value = { self->position, (gsize) (stop - self->position) };

  if (next_byte (self, &self->ampersand) < stop || next_byte (self, &self->nul) < stop)
    return decode_value (self, stop);
  self->position = stop;
  return value;
}

static Slice read_attribute_value (Tokenizer *self) {
  const char *stop;
  char quote;
  Slice value;

  self->position = skip_spaces (self->position, self->end);
  if (self->position == self->end || *self->position == '>')
    return (Slice){ self->position, 0 };
  quote = *self->position;
  if (quote != '"' && quote != '\'') {
    for (stop = self->position; stop < self->end && !is_space (*stop) && *stop != '>'; stop++)
      ;
    return read_value (self, stop);
  }
  self->position++;
  value = read_value (self, find_byte (self->position, self->end, quote));
  if (self->position < self->end)
    self->position++;
  return value;
}

/* Beyond max_attributes they are read and dropped. */
static void add_attribute (Tokenizer *self, const TokenAttribute *attribute) {
  if (self->n_attributes == self->max_attributes)
    return;
  if (self->n_attributes == self->n_allocated) {
    self->n_allocated = MAX (FIRST_ATTRIBUTES, 2 * self->n_allocated);
    self->attributes = g_renew (TokenAttribute, self->attributes, self->n_allocated);
  }
  self->attributes[self->n_attributes++] = *attribute;
}

static void read_attribute (Tokenizer *self) {
  TokenAttribute attribute;
  const char *after;

  attribute.name = read_name (self, NAME_ENDS | NAME_EQUALS); /* a leading '=' belongs to it */
  attribute.value = (Slice){ self->position, 0 };
  after = skip_spaces (self->position, self->end);
  if (after < self->end && *after == '=') {
    self->position = after + 1;
    attribute.value = read_attribute_value (self);
  }
  add_attribute (self, &attribute);
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
  Slice name;
  Slice written = { self->position + (type == TOKEN_END_TAG ? 2 : 1), 0 };

  self->n_attributes = 0;
  if (self->decoded != NULL)
    g_string_chunk_clear (self->decoded);
  self->position = written.text;
  name = read_name (self, NAME_ENDS);
  written.length = (gsize) (self->position - written.text);
  if (!read_attributes (self, token))
    return;
  token->type = type;
  token->text = name.text;
  token->length = name.length;
  token->hash = name_hash_exact (name.text, name.length);
  if (type == TOKEN_START_TAG)
    self->last_start = written;
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

  if (text_begins (text, self->end, ">") || text_begins (text, self->end, "->")) {
    self->position = text + (*text == '>' ? 1 : 2);
    set_comment (token, text, text);
    return;
  }
  while ((p = memchr (p, '-', (gsize) (self->end - p))) != NULL) {
    gboolean closes = text_begins (p, self->end, "-->");

    if (closes || text_begins (p, self->end, "--!>")) {
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

  if (text_begins (p, self->end, "<!--"))
    read_comment (self, token);
  else if (text_begins (p, self->end, "<!doctype")) {
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

/* Text up to @limit or the next of the bytes that @stop names; at such a byte, what it stands for. */
static void read_text (Tokenizer *self, Token *token, const char *limit, guint8 stop) {
  const char *p = limit;

  if ((stop & STOP_AMPERSAND) != 0)
    p = MIN (p, next_byte (self, &self->ampersand));
  if ((stop & STOP_NUL) != 0)
    p = MIN (p, next_byte (self, &self->nul));
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
      read_text (self, token, next_byte (self, &self->less), STOP_AMPERSAND);
      return;
    }
    if (read_markup (self, token))
      return;
  }
}
