/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/style: as much of CSS as decides whether a reader sees a text, and how its blanks count.
 *
 * Declarations are read from style attributes and style sheets, cascaded by importance, specificity and
 * order, and computed down the element stack. When in doubt a text is visible: unknown selectors and
 * unknown media never hide. Threads: a Sheet is read-only once parsed, but for its work budget.
 */
#pragma once

#include <glib.h>

#include "colors.h"
#include "selectors.h"
#include "variables.h"

typedef enum {
  STYLE_DISPLAY,
  STYLE_VISIBILITY,
  STYLE_FONT_SIZE,
  STYLE_WIDTH,
  STYLE_HEIGHT,
  STYLE_MAX_WIDTH,
  STYLE_MAX_HEIGHT,
  STYLE_OVERFLOW,
  STYLE_OPACITY,
  STYLE_POSITION,
  STYLE_OFFSET,
  STYLE_MARGIN,
  STYLE_TEXT_INDENT,
  STYLE_COLOR,
  STYLE_BACKGROUND,
  STYLE_BACKGROUND_IMAGE,
  STYLE_TEXT_FILL,
  STYLE_WHITE_SPACE,
  STYLE_CLIP,
  STYLE_CLIP_PATH,
  STYLE_FILTER,
  STYLE_SPACE_ABOVE,
  STYLE_SPACE_BELOW,
  STYLE_LIST_TYPE,
  STYLE_TRANSFORM,
  STYLE_DECORATION,
  STYLE_CONTENT,
  STYLE_N_PROPERTIES
} StyleProperty;

/* Values. Most properties only say whether they vanish (zero size, far away) or not. */
enum { STYLE_NORMAL, STYLE_GONE };
#define STYLE_INVALID G_MAXUINT32 /* no such value: the declaration counts for nothing */
enum { DISPLAY_INLINE, DISPLAY_BLOCK, DISPLAY_INLINE_BLOCK, DISPLAY_TABLE, DISPLAY_NONE };
enum { SPACE_NONE, SPACE_SOME, SPACE_LINE }; /* margins: none to speak of, some, an empty line's worth */
#define LIST_NONE 'n'
#define LIST_BULLET '*'
enum { WHITE_NORMAL, WHITE_PRE, WHITE_PRE_WRAP, WHITE_PRE_LINE };

typedef struct {
  guint32 set;                       /* bit per property */
  guint32 important;                 /* likewise */
  guint32 value[STYLE_N_PROPERTIES]; /* of those that are set; the others hold anything */
} Declarations;

/* Declarations with the weight each was set with: what wins is what is heaviest, then latest. */
typedef struct {
  Declarations declared;
  guint32 weight[STYLE_N_PROPERTIES]; /* likewise */
} Cascade;

#define STYLE_WEIGHT_INLINE 0x40000000u

typedef struct {
  gboolean gone;       /* this and all below it: display none, zero size, ... */
  gboolean invisible;  /* visibility: hidden; a child may show itself again */
  gboolean tiny;       /* font-size 0 or 1px; likewise */
  gboolean far_indent; /* text-indent out of the window; likewise */
  guint32 color;
  gboolean struck;    /* a line goes through the letters: a price that was, a text that was withdrawn */
  gboolean clear;     /* the letters are not painted at all: -webkit-text-fill-color */
  guint32 background; /* what is painted behind, ancestors included */
  guint8 white_space;
  char list_type; /* '1' 'a' 'A' 'i' 'I', LIST_BULLET, LIST_NONE; 0 when no style says */
} Style;

typedef struct _Sheet Sheet;

extern const Style style_initial;

/* @variables: what var () in them asks for. */
void style_parse_declarations (const char *text, gsize length, const Variables *variables,
                               Declarations *ret_declarations);
void cascade_init (Cascade *cascade);
void cascade_apply (Cascade *cascade, const Declarations *declarations, guint32 weight);
void cascade_set_hint (Cascade *cascade, StyleProperty property, guint32 value);

/**
 * style_compute:
 * @block: the element makes a box of its own unless `display` says otherwise
 * @cell: it is part of a table, whose boxes grow with their content whatever their size says
 */
Style style_compute (const Style *parent, const Declarations *declarations, gboolean block, gboolean cell);
gboolean style_is_hidden (const Style *style, gboolean white_page);

Sheet *sheet_new (gsize work_budget);
void sheet_free (Sheet *sheet);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Sheet, sheet_free)
void sheet_parse (Sheet *sheet, const char *css, gsize length);
gboolean style_media_applies (const char *media, gsize length);
gboolean style_supports (const char *condition, gsize length);
/* Those of all its rules. */
const Variables *sheet_variables (const Sheet *sheet);
gboolean sheet_is_empty (const Sheet *sheet);
/* Some rule that we cannot match paints a background: then a white page is no certainty. */
gboolean sheet_paints_unknown (const Sheet *sheet);

/* The selectors of its rules: to ask them about an element before sheet_match (). */
Selectors *sheet_selectors (Sheet *sheet);

/**
 * sheet_match:
 * @names: the element, examined
 *
 * Adds to @cascade what the sheet's rules say about the element of @names.
 */
void sheet_match (Sheet *sheet, const StyleNames *names, SelectorAncestor ancestor, gpointer data, Cascade *cascade);
