/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/sniff: the charset an HTML document says it has (WHATWG: byte order mark, then prescan).
 *
 * Looks at the first 1,024 bytes only. A hint for the caller, who knows the MIME header. Threads: any.
 */
#include "mugai/text.h"

#include <string.h>

#include "attributes.h"
#include "tags.h"
#include "tokenizer.h"

#define PRESCAN_BYTES 1024u

/* "text/html; charset=x": the x, in quotes or not. */
static char *charset_of_content (const AttributeValue *content) {
  g_autofree char *text = g_ascii_strdown (content->text, (gssize) content->length);
  const char *p = text;

  while ((p = strstr (p, "charset")) != NULL) {
    p += strlen ("charset");
    p += strspn (p, " \t\n\f\r");
    if (*p != '=')
      continue;
    p++;
    p += strspn (p, " \t\n\f\r");
    if (*p == '"' || *p == '\'') {
      const char *close = strchr (p + 1, *p);

      return close != NULL ? g_strndup (p + 1, (gsize) (close - p - 1)) : NULL;
    }
    return g_strndup (p, strcspn (p, " \t\n\f\r;"));
  }
  return NULL;
}

static char *attribute_copy (const Tokenizer *tokenizer, const char *wanted) {
  for (guint i = 0; i < tokenizer->n_attributes; i++) {
    const TokenAttribute *attribute = &tokenizer->attributes[i];

    if (slice_is (attribute->name, wanted))
      return g_strndup (attribute->value.text, attribute->value.length);
  }
  return NULL;
}

static char *charset_of_meta (const Tokenizer *tokenizer) {
  g_autofree char *charset = attribute_copy (tokenizer, "charset");
  g_autofree char *equiv = attribute_copy (tokenizer, "http-equiv");
  g_autofree char *content = attribute_copy (tokenizer, "content");

  if (charset != NULL)
    return g_strstrip (g_ascii_strdown (charset, -1));
  if (equiv == NULL || content == NULL || g_ascii_strcasecmp (equiv, "content-type") != 0)
    return NULL;
  return charset_of_content (&(AttributeValue){ content, strlen (content) });
}

/* UTF-16 cannot be what an ASCII-compatible meta says in earnest. */
static char *settle (char *label) {
  if (label == NULL || *label == '\0') {
    g_free (label);
    return NULL;
  }
  if (g_str_has_prefix (label, "utf-16")) {
    g_free (label);
    return g_strdup ("utf-8");
  }
  return label;
}

char *mugai_text_sniff_charset (const char *html, gsize length_bytes) {
  Tokenizer tokenizer;
  Token token;
  char *label = NULL;

  if (length_bytes >= 3 && memcmp (html, "\xEF\xBB\xBF", 3) == 0)
    return g_strdup ("utf-8");
  if (length_bytes >= 2 && memcmp (html, "\xFE\xFF", 2) == 0)
    return g_strdup ("utf-16be");
  if (length_bytes >= 2 && memcmp (html, "\xFF\xFE", 2) == 0)
    return g_strdup ("utf-16le");
  tokenizer_init (&tokenizer, html, MIN (length_bytes, PRESCAN_BYTES), MUGAI_TEXT_MAX_ATTRIBUTES);
  do {
    tokenizer_next (&tokenizer, &token);
    if (token.type == TOKEN_START_TAG && tag_of (&token) == TAG_META)
      label = settle (charset_of_meta (&tokenizer));
  } while (label == NULL && token.type != TOKEN_EOF);
  tokenizer_clear (&tokenizer);
  return label;
}
