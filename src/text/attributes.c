/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/attributes: sorts a tag's attributes into the ones that count; of two alike the first.
 */
#include "attributes.h"

#include <string.h>

#include "names.h"

#define ATTRIBUTE_NAME(id, name) name,
static const char *const names[] = { ATTRIBUTE_NAMES (ATTRIBUTE_NAME) };
#undef ATTRIBUTE_NAME
G_STATIC_ASSERT (ATTRIBUTE_N <= 32);
static NameList list = { names, G_N_ELEMENTS (names) };

void attributes_read (Attributes *self, const Tokenizer *tokenizer) {
  for (; self->present != 0; self->present &= self->present - 1) /* most tags have two or three */
    self->values[__builtin_ctz (self->present)] = (AttributeValue){ NULL, 0 };
  self->has_handler = FALSE;
  for (guint i = 0; i < tokenizer->n_attributes; i++) {
    const TokenAttribute *attribute = &tokenizer->attributes[i];
    const char *name = attribute->name.text;
    gint index = name_find (&list, attribute->name);

    self->has_handler |= attribute->name.length > 2 && name[0] == 'o' && name[1] == 'n';
    if (index < 0 || (self->present >> index & 1) != 0)
      continue;
    self->values[index] = (AttributeValue){ attribute->value.text, attribute->value.length };
    self->present |= 1u << index;
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
