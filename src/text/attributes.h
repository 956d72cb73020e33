/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/attributes: the attributes of one start tag that mean something to the text, by name.
 *
 * Values point into the tokenizer and live until its next token. One pass, whatever their number.
 */
#pragma once

#include <glib.h>

#include "tokenizer.h"

#define ATTRIBUTE_NAMES(X)                                                                                             \
  X (ALT, "alt")                                                                                                       \
  X (BACKGROUND, "background")                                                                                         \
  X (BGCOLOR, "bgcolor")                                                                                               \
  X (BORDER, "border")                                                                                                 \
  X (CHECKED, "checked")                                                                                               \
  X (CLASS, "class")                                                                                                   \
  X (COLOR, "color")                                                                                                   \
  X (COLSPAN, "colspan")                                                                                               \
  X (FACE, "face")                                                                                                     \
  X (HEIGHT, "height")                                                                                                 \
  X (HIDDEN, "hidden")                                                                                                 \
  X (HREF, "href")                                                                                                     \
  X (HTTP_EQUIV, "http-equiv")                                                                                         \
  X (ID, "id")                                                                                                         \
  X (MEDIA, "media")                                                                                                   \
  X (OPEN, "open")                                                                                                     \
  X (PLACEHOLDER, "placeholder")                                                                                       \
  X (REVERSED, "reversed")                                                                                             \
  X (ROLE, "role")                                                                                                     \
  X (ROWSPAN, "rowspan")                                                                                               \
  X (SCOPE, "scope")                                                                                                   \
  X (SIZE, "size")                                                                                                     \
  X (START, "start")                                                                                                   \
  X (STYLE, "style")                                                                                                   \
  X (TEXT, "text")                                                                                                     \
  X (TITLE, "title")                                                                                                   \
  X (TYPE, "type")                                                                                                     \
  X (VALUE, "value")                                                                                                   \
  X (WIDTH, "width")                                                                                                   \
  X (WRAP, "wrap")                                                                                                     \
  X (XLINK_HREF, "xlink:href")

#define ATTRIBUTE_ENUM(id, name) ATTRIBUTE_##id,
typedef enum { ATTRIBUTE_NAMES (ATTRIBUTE_ENUM) ATTRIBUTE_N } AttributeName;
#undef ATTRIBUTE_ENUM

typedef struct {
  const char *text; /* NULL: not there */
  gsize length;
} AttributeValue;

typedef struct {
  guint max;            /* attributes of one tag */
  gboolean has_handler; /* onclick, onload, ... */
  guint32 present;      /* a bit for each of the values that are there */
  AttributeValue values[ATTRIBUTE_N];
} Attributes;

void attributes_read (Attributes *self, const Tokenizer *tokenizer);
/* A number without sign at the start of the value, at most 1,000,000 or so; else @otherwise. */
guint32 attributes_number (const AttributeValue *value, guint32 otherwise);
/* Whether it is @word, whatever the case. */
gboolean attributes_is (const AttributeValue *value, const char *word);
