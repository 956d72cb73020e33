/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/tags: look-up of element names in the table of tags.h. Constant data; threads: any.
 */
#include "tags.h"

#include <string.h>

#define TAG_NAME(id, name, kind) { name, sizeof name - 1, kind },
static const struct {
  const char *name;
  guint length;
  guint kind;
} tags[] = { TAGS (TAG_NAME){ "", 0, 0 } };
#undef TAG_NAME

Tag tag_from_name (const char *name, gsize length) {
  guint low = 0, high = TAG_OTHER;

  while (low < high) {
    guint middle = (low + high) / 2;
    int order = *tags[middle].name - *name; /* nearly always enough; neither name is empty */

    if (order == 0)
      order = memcmp (tags[middle].name, name, MIN (length, tags[middle].length));

    if (order == 0 && tags[middle].length == length)
      return (Tag) middle;
    if (order < 0 || (order == 0 && tags[middle].length < length))
      low = middle + 1;
    else
      high = middle;
  }
  return TAG_OTHER;
}

guint tag_kind (Tag tag) {
  return tags[tag].kind;
}
