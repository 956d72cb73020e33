/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/variables: names to values, and values for names. Bounded: so many names, so much text for one block.
 */
#include "variables.h"

#include <string.h>

#include "slices.h"

#define MAX_VARIABLES 256u
#define MAX_VALUE_BYTES 64u /* "none", "0", a colour: longer ones hide nothing */
#define MAX_ROUNDS 4u       /* of values that ask for others */
#define GROWTH_BYTES 256u

static const char undefined[] = "unset"; /* what browsers make of a variable without a value */
static const char unknown[] = "revert";  /* ours for one of two values: it may stand for anything */

struct _Variables {
  const Variables *outer;
  GHashTable *values; /* name -> value; "revert" when there are two */
};

Variables *variables_new (const Variables *outer) {
  Variables *self = g_new0 (Variables, 1);

  self->outer = outer;
  self->values = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void variables_free (Variables *self) {
  if (self == NULL)
    return;
  g_hash_table_unref (self->values);
  g_free (self);
}

/* The first "var(" in @text, or NULL. By its bracket: there are few, and memchr () is much faster than memmem (). */
static const char *find_call (const char *text, const char *end) {
  const char *start = text;
  const char *bracket;

  for (; (bracket = memchr (text, '(', (gsize) (end - text))) != NULL; text = bracket + 1) {
    if (bracket - start >= 3 && g_ascii_strncasecmp (bracket - 3, "var", 3) == 0)
      return bracket - 3;
  }
  return NULL;
}

gboolean variables_are_used (const char *css, gsize length) {
  return find_call (css, css + length) != NULL;
}

static void set_value (Variables *self, Slice name, Slice value) {
  g_autofree char *key = g_strndup (name.text, name.length);
  const char *old = g_hash_table_lookup (self->values, key);
  gboolean known = value.length <= MAX_VALUE_BYTES;

  if (g_hash_table_size (self->values) >= MAX_VARIABLES)
    return;
  if (old != NULL && (strlen (old) != value.length || memcmp (old, value.text, value.length) != 0))
    known = FALSE;
  g_hash_table_insert (self->values, g_steal_pointer (&key),
                       known ? g_strndup (value.text, value.length) : g_strdup (unknown));
}

void variables_collect (Variables *self, const char *text, gsize length) {
  const char *end = text + length;

  while (text < end) {
    const char *stop = memchr (text, ';', (gsize) (end - text));
    const char *colon;
    Slice name;

    stop = stop != NULL ? stop : end;
    colon = memchr (text, ':', (gsize) (stop - text));
    name = slice_trim (text, colon != NULL ? colon : text);
    if (name.length > 2 && memcmp (name.text, "--", 2) == 0)
      set_value (self, name, slice_trim (colon + 1, stop));
    text = stop + 1;
  }
}

static const char *find_value (const Variables *self, Slice name) {
  g_autofree char *key = g_strndup (name.text, name.length);
  const char *value = NULL;

  for (; self != NULL && value == NULL; self = self->outer)
    value = g_hash_table_lookup (self->values, key);
  return value;
}

static const char *closing_bracket (const char *p, const char *end) {
  guint depth = 1;

  for (; p < end; p++) {
    depth += *p == '(' ? 1 : 0;
    if (*p == ')' && --depth == 0)
      return p;
  }
  return end;
}

/* "--name" or "--name, what else": what is between the brackets of a var (). */
static void append_value (const Variables *self, Slice inside, GString *out) {
  const char *end = inside.text + inside.length;
  const char *comma = memchr (inside.text, ',', inside.length);
  const char *value = find_value (self, slice_trim (inside.text, comma != NULL ? comma : end));

  if (value != NULL)
    g_string_append (out, value);
  else if (comma != NULL)
    g_string_append_len (out, comma + 1, end - comma - 1);
  else
    g_string_append (out, undefined);
}

static GString *resolve_once (const Variables *self, const char *text, gsize length, gsize limit) {
  GString *out = g_string_sized_new (length);
  const char *end = text + length;

  while (text < end && out->len <= limit) {
    const char *call = find_call (text, end);
    const char *close;

    g_string_append_len (out, text, (call != NULL ? call : end) - text);
    if (call == NULL)
      break;
    close = closing_bracket (call + 4, end);
    append_value (self, slice_trim (call + 4, close), out);
    text = MIN (close + 1, end);
  }
  return out;
}

char *variables_resolve (const Variables *self, const char *text, gsize length, gsize *ret_length) {
  gsize limit = 4 * length + GROWTH_BYTES;
  GString *out = resolve_once (self, text, length, limit);

  for (guint round = 1; round < MAX_ROUNDS && out->len <= limit && variables_are_used (out->str, out->len); round++) {
    g_autoptr (GString) before = out;

    out = resolve_once (self, before->str, before->len, limit);
  }
  *ret_length = out->len;
  return g_string_free (out, out->len > limit);
}
