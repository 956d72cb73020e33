/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/names: hashing of names and the look-up in lists of known ones: open addressing, linear probing.
 */
#include "names.h"

#include <string.h>

guint64 name_hash (const char *text, gsize length) {
  guint64 hash = NAME_HASH_START;

  for (gsize i = 0; i < length; i++) {
    guchar byte = (guchar) text[i];

    hash = name_hash_byte (hash, byte + ((guint) (byte - 'A') < 26 ? 'a' - 'A' : 0));
  }
  return hash == 0 ? 1 : hash;
}

guint64 name_hash_exact (const char *text, gsize length) {
  guint64 hash = NAME_HASH_START;

  for (gsize i = 0; i < length; i++)
    hash = name_hash_byte (hash, (guchar) text[i]);
  return hash == 0 ? 1 : hash;
}

static guint32 first_letter (Slice name) {
  return 1u << (*name.text & 31);
}

static void make (NameList *list) {
  g_assert (list->count <= NAMES_SLOTS / 2 && list->count <= G_MAXUINT8);
  for (guint i = 0; i < list->count; i++) {
    Slice name = { list->names[i], strlen (list->names[i]) };
    guint slot = (guint) (name_hash (name.text, name.length) % NAMES_SLOTS);

    g_assert (name.length <= NAMES_LONGEST_BYTES);
    list->firsts[name.length] |= first_letter (name);
    while (list->slots[slot] != 0)
      slot = (slot + 1) % NAMES_SLOTS;
    list->slots[slot] = (guint8) (i + 1);
  }
}

static void make_once (NameList *list) {
  if (g_once_init_enter (&list->made)) {
    make (list);
    g_once_init_leave (&list->made, 1);
  }
}

gint name_find (NameList *list, Slice name, guint64 hash) {
  make_once (list);
  for (guint slot = (guint) (hash % NAMES_SLOTS); list->slots[slot] != 0; slot = (slot + 1) % NAMES_SLOTS) {
    if (slice_is (name, list->names[list->slots[slot] - 1]))
      return list->slots[slot] - 1;
  }
  return -1;
}

gint name_find_rare (NameList *list, Slice name) {
  make_once (list);
  if (name.length == 0 || name.length > NAMES_LONGEST_BYTES || (list->firsts[name.length] & first_letter (name)) == 0)
    return -1;
  return name_find (list, name, name_hash (name.text, name.length));
}
