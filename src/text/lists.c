/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/lists: markers of list items, as <ol start type reversed> and <li value> ask for them.
 */
#include "lists.h"

#include <string.h>

#include "style.h"

static gboolean read_integer (const AttributeValue *value, gint64 *ret_number) {
  char copy[16] = { 0 };
  char *end;

  if (value->text == NULL)
    return FALSE;
  memcpy (copy, value->text, MIN (value->length, sizeof copy - 1));
  *ret_number = CLAMP (g_ascii_strtoll (copy, &end, 10), G_MININT32, G_MAXINT32);
  return end != copy;
}

List list_begin (const Attributes *attributes, gboolean ordered, char css_type) {
  List list = { .ordered = ordered, .type = '1', .step = 1, .next = 1 };
  const AttributeValue *type = &attributes->values[ATTRIBUTE_TYPE];

  (void) read_integer (&attributes->values[ATTRIBUTE_START], &list.next);
  if (attributes->values[ATTRIBUTE_REVERSED].text != NULL)
    list.step = -1;
  if (type->length == 1 && strchr ("1aAiI", *type->text) != NULL)
    list.type = *type->text;
  if (css_type != '\0')
    list.type = css_type;
  return list;
}

static void letters (gint64 number, char first, char out[FLOW_FRAME_BYTES]) {
  char reversed[16];
  guint n = 0;

  for (; number > 0 && n < sizeof reversed; number = (number - 1) / 26)
    reversed[n++] = (char) (first + (number - 1) % 26);
  for (guint i = 0; i < n; i++)
    out[i] = reversed[n - 1 - i];
  out[n] = '\0';
}

static void roman (gint64 number, gboolean upper, char out[FLOW_FRAME_BYTES]) {
  static const struct {
    gint64 value;
    const char *text;
  } parts[] = { { 1000, "m" }, { 900, "cm" }, { 500, "d" }, { 400, "cd" }, { 100, "c" }, { 90, "xc" }, { 50, "l" },
                { 40, "xl" },  { 10, "x" },   { 9, "ix" },  { 5, "v" },    { 4, "iv" },  { 1, "i" } };

  out[0] = '\0';
  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++) {
    for (; number >= parts[i].value; number -= parts[i].value)
      g_strlcat (out, parts[i].text, FLOW_FRAME_BYTES);
  }
  for (char *p = out; upper && *p != '\0'; p++)
    *p = g_ascii_toupper (*p);
}

static void write_number (gint64 number, char type, char out[FLOW_FRAME_BYTES]) {
  if ((type == 'a' || type == 'A') && number > 0)
    letters (number, type, out);
  else if ((type == 'i' || type == 'I') && number > 0 && number < 4000)
    roman (number, type == 'I', out);
  else
    g_snprintf (out, FLOW_FRAME_BYTES, "%" G_GINT64_FORMAT, number);
}

void list_marker (List *list, const Attributes *attributes, char css_type, char marker[FLOW_FRAME_BYTES],
                  char indent[FLOW_FRAME_BYTES]) {
  char type = css_type != '\0' ? css_type : list == NULL || !list->ordered ? LIST_BULLET : list->type;

  if (list != NULL && type != LIST_NONE && type != LIST_BULLET) {
    (void) read_integer (&attributes->values[ATTRIBUTE_VALUE], &list->next);
    write_number (list->next, type, marker);
    g_strlcat (marker, ". ", FLOW_FRAME_BYTES);
    list->next += list->step;
  } else
    g_strlcpy (marker, type == LIST_NONE ? "" : "* ", FLOW_FRAME_BYTES);
  memset (indent, ' ', strlen (marker));
  indent[strlen (marker)] = '\0';
}
