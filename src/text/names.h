/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/names: lists of known names (tags, attributes, properties), searched by length and last letter; and names as
 * hashes.
 *
 * A list's index is made at its first use and is constant from then on. Threads: any.
 */
#pragma once

#include <glib.h>

#include "slices.h"

#define NAMES_MAX 255u
#define NAMES_LONGEST_BYTES 31u /* of a name in a list */
#define NAMES_LETTERS 32u

/* Numbers of names count from 1; 0: none. */
typedef struct {
  const char *const *names; /* lower case */
  guint count;
  gsize made;
  guint8 first[NAMES_LONGEST_BYTES + 1][NAMES_LETTERS]; /* of the names so long and with that last letter */
  guint8 next[NAMES_MAX + 1];                           /* the one after it, by number */
} NameList;

/* The place of @name in @list, whatever its case, or -1. */
gint name_find (NameList *list, Slice name);

/* A name's hash (FNV-1a) is never 0. */
guint64 name_hash (const char *text, gsize length);       /* whatever the case */
guint64 name_hash_exact (const char *text, gsize length); /* as it stands there */
