/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/tags: look-up of element names in the table of tags.h. Constant data; threads: any.
 */
#include "tags.h"

#include "names.h"

#define TAG_NAME(id, name, kind) name,
static const char *const names[] = { TAGS (TAG_NAME) };
#undef TAG_NAME
static NameList list = { names, G_N_ELEMENTS (names) };

#define TAG_KIND(id, name, kind) kind,
static const guint kinds[TAG_N] = { TAGS (TAG_KIND) };
#undef TAG_KIND

Tag tag_of (const Token *token) {
  gint number = name_find (&list, (Slice){ token->text, token->length });

  return number >= 0 ? (Tag) number : TAG_OTHER;
}

guint tag_kind (Tag tag) {
  return kinds[tag];
}
