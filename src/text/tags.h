/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/tags: the elements that make a difference to the text, and what kind each is.
 *
 * One row per element, sorted by name: the enum, the names and the kinds come from it. Constant data.
 */
#pragma once

#include <glib.h>

#include "tokenizer.h"

typedef enum {
  KIND_BLOCK = 1 << 0,      /* a box of its own: the paragraph ends before and after it */
  KIND_MARGIN = 1 << 1,     /* and an empty line stands around it */
  KIND_VOID = 1 << 2,       /* has no content and no end tag */
  KIND_FORMATTING = 1 << 3, /* goes on in the next block until it is closed (WHATWG: formatting elements) */
  KIND_CLOSES_P = 1 << 4,
  KIND_SCOPE = 1 << 5,  /* no end tag reaches out of it, but that of what it is in a table */
  KIND_SILENT = 1 << 6, /* its content is no text for the reader, and no hiding of text either */
  KIND_RAWTEXT = 1 << 7,
  KIND_RCDATA = 1 << 8,
  KIND_BREAKS_OUT = 1 << 9, /* its start tag ends svg and math */
  KIND_HEADING = 1 << 10,
  KIND_CELL = 1 << 11,       /* boxes of a table: their size is that of the content */
  KIND_IMPLIED_END = 1 << 12 /* may be closed by the end of what it is in */
} TagKind;

#define B KIND_BLOCK | KIND_CLOSES_P
#define BM KIND_BLOCK | KIND_CLOSES_P | KIND_MARGIN
#define OUT KIND_BREAKS_OUT

#define TAGS(X)                                                                                                        \
  X (A, "a", KIND_FORMATTING)                                                                                          \
  X (ADDRESS, "address", B)                                                                                            \
  X (APPLET, "applet", KIND_SCOPE)                                                                                     \
  X (AREA, "area", KIND_VOID)                                                                                          \
  X (ARTICLE, "article", B)                                                                                            \
  X (ASIDE, "aside", B)                                                                                                \
  X (AUDIO, "audio", KIND_SILENT)                                                                                      \
  X (B, "b", KIND_FORMATTING | OUT)                                                                                    \
  X (BASE, "base", KIND_VOID)                                                                                          \
  X (BASEFONT, "basefont", KIND_VOID)                                                                                  \
  X (BDO, "bdo", 0)                                                                                                    \
  X (BGSOUND, "bgsound", KIND_VOID)                                                                                    \
  X (BIG, "big", KIND_FORMATTING | OUT)                                                                                \
  X (BLOCKQUOTE, "blockquote", BM | OUT)                                                                               \
  X (BODY, "body", KIND_BLOCK | OUT)                                                                                   \
  X (BR, "br", KIND_VOID | OUT)                                                                                        \
  X (BUTTON, "button", 0)                                                                                              \
  X (CAPTION, "caption", KIND_BLOCK | KIND_SCOPE)                                                                      \
  X (CENTER, "center", B | OUT)                                                                                        \
  X (CODE, "code", KIND_FORMATTING | OUT)                                                                              \
  X (COL, "col", KIND_VOID)                                                                                            \
  X (COLGROUP, "colgroup", 0)                                                                                          \
  X (DATALIST, "datalist", KIND_SILENT)                                                                                \
  X (DD, "dd", B | OUT | KIND_IMPLIED_END)                                                                             \
  X (DEL, "del", 0)                                                                                                    \
  X (DESC, "desc", 0)                                                                                                  \
  X (DETAILS, "details", B)                                                                                            \
  X (DIALOG, "dialog", B)                                                                                              \
  X (DIR, "dir", BM)                                                                                                   \
  X (DIV, "div", B | OUT)                                                                                              \
  X (DL, "dl", BM | OUT)                                                                                               \
  X (DT, "dt", B | OUT | KIND_IMPLIED_END)                                                                             \
  X (EM, "em", KIND_FORMATTING | OUT)                                                                                  \
  X (EMBED, "embed", KIND_VOID | OUT)                                                                                  \
  X (FIELDSET, "fieldset", BM)                                                                                         \
  X (FIGCAPTION, "figcaption", B)                                                                                      \
  X (FIGURE, "figure", BM)                                                                                             \
  X (FONT, "font", KIND_FORMATTING)                                                                                    \
  X (FOOTER, "footer", B)                                                                                              \
  X (FOREIGNOBJECT, "foreignobject", KIND_SCOPE)                                                                       \
  X (FORM, "form", B)                                                                                                  \
  X (FRAME, "frame", KIND_VOID)                                                                                        \
  X (FRAMESET, "frameset", KIND_SILENT)                                                                                \
  X (H1, "h1", BM | KIND_HEADING | OUT)                                                                                \
  X (H2, "h2", BM | KIND_HEADING | OUT)                                                                                \
  X (H3, "h3", BM | KIND_HEADING | OUT)                                                                                \
  X (H4, "h4", BM | KIND_HEADING | OUT)                                                                                \
  X (H5, "h5", BM | KIND_HEADING | OUT)                                                                                \
  X (H6, "h6", BM | KIND_HEADING | OUT)                                                                                \
  X (HEAD, "head", OUT)                                                                                                \
  X (HEADER, "header", B)                                                                                              \
  X (HGROUP, "hgroup", B)                                                                                              \
  X (HR, "hr", KIND_VOID | KIND_CLOSES_P | OUT)                                                                        \
  X (HTML, "html", 0)                                                                                                  \
  X (I, "i", KIND_FORMATTING | OUT)                                                                                    \
  X (IFRAME, "iframe", KIND_RAWTEXT | KIND_SILENT)                                                                     \
  X (IMAGE, "image", KIND_VOID)                                                                                        \
  X (IMG, "img", KIND_VOID | OUT)                                                                                      \
  X (INPUT, "input", KIND_VOID)                                                                                        \
  X (KEYGEN, "keygen", KIND_VOID)                                                                                      \
  X (LABEL, "label", 0)                                                                                                \
  X (LEGEND, "legend", KIND_BLOCK)                                                                                     \
  X (LI, "li", B | OUT | KIND_IMPLIED_END)                                                                             \
  X (LINK, "link", KIND_VOID)                                                                                          \
  X (LISTING, "listing", BM | OUT)                                                                                     \
  X (MAIN, "main", B)                                                                                                  \
  X (MARQUEE, "marquee", KIND_BLOCK | KIND_SCOPE)                                                                      \
  X (MATH, "math", 0)                                                                                                  \
  X (MENU, "menu", BM | OUT)                                                                                           \
  X (META, "meta", KIND_VOID | OUT)                                                                                    \
  X (NAV, "nav", B)                                                                                                    \
  X (NOBR, "nobr", KIND_FORMATTING | OUT)                                                                              \
  X (NOEMBED, "noembed", KIND_RAWTEXT | KIND_SILENT)                                                                   \
  X (NOFRAMES, "noframes", KIND_RAWTEXT | KIND_SILENT)                                                                 \
  X (NOSCRIPT, "noscript", 0)                                                                                          \
  X (OBJECT, "object", KIND_SCOPE)                                                                                     \
  X (OL, "ol", BM | OUT)                                                                                               \
  X (OPTGROUP, "optgroup", KIND_IMPLIED_END)                                                                           \
  X (OPTION, "option", KIND_IMPLIED_END)                                                                               \
  X (P, "p", BM | OUT | KIND_IMPLIED_END)                                                                              \
  X (PARAM, "param", KIND_VOID)                                                                                        \
  X (PLAINTEXT, "plaintext", B)                                                                                        \
  X (PRE, "pre", BM | OUT)                                                                                             \
  X (Q, "q", 0)                                                                                                        \
  X (RB, "rb", KIND_IMPLIED_END)                                                                                       \
  X (RP, "rp", KIND_SILENT | KIND_IMPLIED_END)                                                                         \
  X (RT, "rt", KIND_IMPLIED_END)                                                                                       \
  X (RTC, "rtc", KIND_IMPLIED_END)                                                                                     \
  X (RUBY, "ruby", OUT)                                                                                                \
  X (S, "s", KIND_FORMATTING | OUT)                                                                                    \
  X (SCRIPT, "script", KIND_SILENT)                                                                                    \
  X (SEARCH, "search", B)                                                                                              \
  X (SECTION, "section", B)                                                                                            \
  X (SELECT, "select", 0)                                                                                              \
  X (SMALL, "small", KIND_FORMATTING | OUT)                                                                            \
  X (SOURCE, "source", KIND_VOID)                                                                                      \
  X (SPAN, "span", OUT)                                                                                                \
  X (STRIKE, "strike", KIND_FORMATTING | OUT)                                                                          \
  X (STRONG, "strong", KIND_FORMATTING | OUT)                                                                          \
  X (STYLE, "style", KIND_RAWTEXT | KIND_SILENT)                                                                       \
  X (SUB, "sub", OUT)                                                                                                  \
  X (SUMMARY, "summary", B)                                                                                            \
  X (SUP, "sup", OUT)                                                                                                  \
  X (SVG, "svg", 0)                                                                                                    \
  X (TABLE, "table", KIND_BLOCK | KIND_SCOPE | KIND_CELL | OUT)                                                        \
  X (TBODY, "tbody", KIND_CELL)                                                                                        \
  X (TD, "td", KIND_BLOCK | KIND_SCOPE | KIND_CELL)                                                                    \
  X (TEMPLATE, "template", KIND_SILENT | KIND_SCOPE)                                                                   \
  X (TEXTAREA, "textarea", KIND_RCDATA)                                                                                \
  X (TFOOT, "tfoot", KIND_CELL)                                                                                        \
  X (TH, "th", KIND_BLOCK | KIND_SCOPE | KIND_CELL)                                                                    \
  X (THEAD, "thead", KIND_CELL)                                                                                        \
  X (TITLE, "title", KIND_RCDATA | KIND_SILENT)                                                                        \
  X (TR, "tr", KIND_BLOCK | KIND_CELL)                                                                                 \
  X (TRACK, "track", KIND_VOID)                                                                                        \
  X (TT, "tt", KIND_FORMATTING | OUT)                                                                                  \
  X (U, "u", KIND_FORMATTING | OUT)                                                                                    \
  X (UL, "ul", BM | OUT)                                                                                               \
  X (VAR, "var", OUT)                                                                                                  \
  X (VIDEO, "video", KIND_SILENT)                                                                                      \
  X (WBR, "wbr", KIND_VOID)                                                                                            \
  X (XMP, "xmp", BM | KIND_RAWTEXT)

#define TAG_ENUM(id, name, kind) TAG_##id,
typedef enum { TAGS (TAG_ENUM) TAG_OTHER, TAG_N } Tag;
#undef TAG_ENUM

/* The element whose start or end tag it is, or TAG_OTHER. */
Tag tag_of (const Token *token);
guint tag_kind (Tag tag);
