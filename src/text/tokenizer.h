/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/tokenizer: HTML as the WHATWG standard cuts it into tokens.
 *
 * Pulls tokens out of one buffer that it does not copy: what it tells points into it, and only names with capitals
 * and values with references are copied; those live until the next token. It builds nothing: the caller says when
 * an element's content is raw (tokenizer_set_mode) and whether foreign content makes CDATA possible.
 * Linear time: no byte is looked at more than a few times. Threads: one tokenizer, one thread.
 */
#pragma once

#include <glib.h>

#include "slices.h"

typedef enum {
  TOKENIZER_DATA,
  TOKENIZER_RCDATA,
  TOKENIZER_RAWTEXT,
  TOKENIZER_SCRIPT,
  TOKENIZER_PLAINTEXT,
  TOKENIZER_CDATA
} TokenizerMode;

typedef enum { TOKEN_EOF, TOKEN_TEXT, TOKEN_START_TAG, TOKEN_END_TAG, TOKEN_COMMENT, TOKEN_DOCTYPE } TokenType;

/* Names are lower-case; of two alike the first one counts. */
typedef struct {
  Slice name;
  Slice value;
} TokenAttribute;

typedef struct {
  TokenType type;
  const char *text; /* of a text or comment; a tag's lower-case name. Not NUL-terminated */
  gsize length;
  guint64 hash; /* of a tag's name */
  gboolean self_closing;
} Token;

typedef struct {
  const char *position;
  const char *end;
  const char *raw_end; /* where the raw content now read ends; NULL in data mode */
  Landmark less;
  Landmark ampersand;
  Landmark nul;
  TokenizerMode mode;
  gboolean foreign; /* the caller is inside svg or math: <![CDATA[ is one */
  Slice last_start; /* the last start tag as it was written: only its end tag ends raw content */
  TokenAttribute *attributes;
  guint n_attributes;
  guint n_allocated;
  guint max_attributes;
  GStringChunk *decoded; /* names and values of the current tag that do not stand in the input as they are */
  char character[8];     /* a numeric reference, decoded */
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
