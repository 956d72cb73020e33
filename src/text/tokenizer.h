/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/tokenizer: HTML as the WHATWG standard cuts it into tokens.
 *
 * Pulls tokens out of one buffer that it does not copy: text and comments point into it, a tag's name and
 * attributes into a scratch buffer that lives until the next token. It builds nothing: the caller says when
 * an element's content is raw (tokenizer_set_mode) and whether foreign content makes CDATA possible.
 * Linear time: no byte is looked at more than a few times. Threads: one tokenizer, one thread.
 */
#pragma once

#include <glib.h>

typedef enum {
  TOKENIZER_DATA,
  TOKENIZER_RCDATA,
  TOKENIZER_RAWTEXT,
  TOKENIZER_SCRIPT,
  TOKENIZER_PLAINTEXT,
  TOKENIZER_CDATA
} TokenizerMode;

typedef enum { TOKEN_EOF, TOKEN_TEXT, TOKEN_START_TAG, TOKEN_END_TAG, TOKEN_COMMENT, TOKEN_DOCTYPE } TokenType;

/* Offsets into the tokenizer's scratch buffer. Names are lower-case; of two alike the first one counts. */
typedef struct {
  gsize name;
  gsize name_length;
  gsize value;
  gsize value_length;
} TokenAttribute;

typedef struct {
  TokenType type;
  const char *text; /* of a text or comment; a tag's lower-case name. Not NUL-terminated */
  gsize length;
  gboolean self_closing;
} Token;

typedef struct {
  const char *position;
  const char *end;
  const char *raw_end;   /* where the raw content now read ends; NULL in data mode */
  const char *next_less; /* in data mode: the first '<' at or behind the position, or the end; stale when before it */
  TokenizerMode mode;
  gboolean foreign; /* the caller is inside svg or math: <![CDATA[ is one */
  guint max_attributes;
  GString *scratch;    /* name and attributes of the current tag */
  GString *last_start; /* name of the last start tag: only its end tag ends raw content */
  GArray *attributes;  /* of TokenAttribute */
  char character[8];   /* a numeric reference, decoded */
} Tokenizer;

/**
 * tokenizer_init:
 * @html: valid UTF-8 with LF line ends; must outlive the tokenizer
 */
void tokenizer_init (Tokenizer *self, const char *html, gsize length, guint max_attributes);
void tokenizer_clear (Tokenizer *self);

/* Says how the content from here on is to be read; raw modes end by themselves at the matching end tag. */
void tokenizer_set_mode (Tokenizer *self, TokenizerMode mode);

/* Reads the next token; after the last one TOKEN_EOF, again and again. */
void tokenizer_next (Tokenizer *self, Token *token);
