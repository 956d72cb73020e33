/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/attributes: sorts a tag's attributes into the ones that count; of two alike the first.
 */
#include "attributes.h"

#include <string.h>

#define ATTRIBUTE_ROW(id, name) { name, sizeof name - 1 },
static const struct {
  const char *name;
  guint length;
} names[] = { ATTRIBUTE_NAMES (ATTRIBUTE_ROW) };
#undef ATTRIBUTE_ROW

static gint find_name (const char *name, gsize length) {
  gint low = 0, high = ATTRIBUTE_N;

  while (low < high) {
    gint middle = (low + high) / 2;
    int order = *names[middle].name - *name; /* nearly always enough; neither name is empty */

    if (order == 0)
      order = memcmp (names[middle].name, name, MIN (length, names[middle].length));

    if (order == 0 && names[middle].length == length)
      return middle;
    if (order < 0 || (order == 0 && names[middle].length < length))
      low = middle + 1;
    else
      high = middle;
  }
  return -1;
}

void attributes_read (Attributes *self, const Tokenizer *tokenizer) {
  memset (self->values, 0, sizeof self->values);
  self->has_handler = FALSE;
  for (guint i = 0; i < tokenizer->attributes->len; i++) {
    const TokenAttribute *attribute = &g_array_index (tokenizer->attributes, TokenAttribute, i);
    const char *name = tokenizer->scratch->str + attribute->name;
    gint index = find_name (name, attribute->name_length);

    self->has_handler |= attribute->name_length > 2 && name[0] == 'o' && name[1] == 'n';
    if (index >= 0 && self->values[index].text == NULL)
      self->values[index] = (AttributeValue){ tokenizer->scratch->str + attribute->value, attribute->value_length };
  }
}

guint32 attributes_number (const AttributeValue *value, guint32 otherwise) {
  guint32 number = 0;
  gsize i = 0;

  while (i < value->length && g_ascii_isspace (value->text[i]))
    i++;
  if (value->text == NULL || i == value->length || !g_ascii_isdigit (value->text[i]))
    return otherwise;
  for (; i < value->length && g_ascii_isdigit (value->text[i]) && number < 1000000; i++)
    number = number * 10 + (guint32) (value->text[i] - '0');
  return number;
}

gboolean attributes_is (const AttributeValue *value, const char *word) {
  return value->text != NULL && value->length == strlen (word)
         && g_ascii_strncasecmp (value->text, word, value->length) == 0;
}
