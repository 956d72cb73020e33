/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/names: look-up of known names, and hashing. Few names share a length and a last letter, so most that are none
 * of the list cost one look and no comparison.
 */
#include "names.h"

#include <string.h>

#define HASH_START G_GUINT64_CONSTANT (14695981039346656037)
#define HASH_FACTOR G_GUINT64_CONSTANT (1099511628211)

guint64 name_hash (const char *text, gsize length) {
  guint64 hash = HASH_START;

  for (gsize i = 0; i < length; i++) {
    guchar byte = (guchar) text[i];

    byte += (guint) (byte - 'A') < 26 ? 'a' - 'A' : 0;
    hash = (hash ^ byte) * HASH_FACTOR;
  }
  return hash == 0 ? 1 : hash;
}

guint64 name_hash_exact (const char *text, gsize length) {
  guint64 hash = HASH_START;

  for (gsize i = 0; i < length; i++)
    hash = (hash ^ (guchar) text[i]) * HASH_FACTOR;
  return hash == 0 ? 1 : hash;
}

static void make (NameList *list) {
  g_assert (list->count <= NAMES_MAX);
  for (guint i = 0; i < list->count; i++) {
    gsize length = strlen (list->names[i]);
    guint8 *first;

    g_assert (length > 0 && length <= NAMES_LONGEST_BYTES);
    first = &list->first[length][(guchar) list->names[i][length - 1] % NAMES_LETTERS];
    list->next[i + 1] = *first;
    *first = (guint8) (i + 1);
  }
}

gint name_find (NameList *list, Slice name) {
  guint8 number;

  if (g_once_init_enter (&list->made)) {
    make (list);
    g_once_init_leave (&list->made, 1);
  }
  if (name.length == 0 || name.length > NAMES_LONGEST_BYTES)
    return -1;
  number = list->first[name.length][(guchar) name.text[name.length - 1] % NAMES_LETTERS];
  while (number != 0 && memcmp (name.text, list->names[number - 1], name.length) != 0
         && !slice_is (name, list->names[number - 1]))
    number = list->next[number];
  return (gint) number - 1;
}
