/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/names: names as hashes, and lists of known names (tags, attributes, properties) that are searched by them.
 *
 * A list's index is made at its first use and is constant from then on. Threads: any.
 */
#pragma once

#include <glib.h>

#include "slices.h"

#define NAMES_SLOTS 512u        /* at least twice the names of the longest list */
#define NAMES_LONGEST_BYTES 31u /* of a name in a list */

typedef struct {
  const char *const *names; /* lower case */
  guint count;              /* at most 255 */
  gsize made;
  guint32 firsts[NAMES_LONGEST_BYTES + 1]; /* first letters of the names so long, a bit for each */
  guint8 slots[NAMES_SLOTS];               /* number of a name, from 1; 0: none */
} NameList;

#define NAME_HASH_START G_GUINT64_CONSTANT (14695981039346656037)

/* The hash of a name is that of its bytes, one after another, in lower case (FNV-1a); 0 is the hash of none. */
static inline guint64 name_hash_byte (guint64 hash, guchar lower_case) {
  return (hash ^ lower_case) * G_GUINT64_CONSTANT (1099511628211);
}

guint64 name_hash (const char *text, gsize length);       /* whatever the case */
guint64 name_hash_exact (const char *text, gsize length); /* as it stands there */

/* The number of @name in @list from 0, whatever its case, or -1. @hash: name_hash () of it. */
gint name_find (NameList *list, Slice name, guint64 hash);
/* The same without a hash at hand: most names are told to be none by their length and first letter. */
gint name_find_rare (NameList *list, Slice name);
