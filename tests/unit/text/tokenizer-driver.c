/* SPDX-License-Identifier: GPL-2.0-only
 *
 * tokenizer-driver: the tokenizer on a pipe, for test-html5lib.py.
 *
 * Reads "MODE LENGTH LAST-START-TAG\n" and LENGTH bytes, again and again; answers each with one line, the
 * tokens as JSON in the form of the html5lib tests.
 */
#include <stdio.h>
#include <string.h>

#include "tokenizer.h"

#define REPLACEMENT "\xEF\xBF\xBD"

static void print_string (const char *text, gsize length, gboolean replace_nul) {
  putchar ('"');
  for (gsize i = 0; i < length; i++) {
    if (text[i] == '\0' && replace_nul)
      fputs (REPLACEMENT, stdout);
    else if ((guchar) text[i] < 0x20 || text[i] == '"' || text[i] == '\\')
      printf ("\\u%04x", (guchar) text[i]);
    else
      putchar (text[i]);
  }
  putchar ('"');
}

static gboolean is_first (const Tokenizer *tokenizer, guint index) {
  const Slice *own = &tokenizer->attributes[index].name;

  for (guint i = 0; i < index; i++) {
    const Slice *other = &tokenizer->attributes[i].name;

    if (other->length == own->length && memcmp (other->text, own->text, own->length) == 0)
      return FALSE;
  }
  return TRUE;
}

static void print_start_tag (const Tokenizer *tokenizer, const Token *token) {
  const char *comma = "";

  fputs ("[\"StartTag\",", stdout);
  print_string (token->text, token->length, FALSE);
  fputs (",{", stdout);
  for (guint i = 0; i < tokenizer->n_attributes; i++) {
    const TokenAttribute *attribute = &tokenizer->attributes[i];

    if (!is_first (tokenizer, i))
      continue;
    fputs (comma, stdout);
    print_string (attribute->name.text, attribute->name.length, FALSE);
    putchar (':');
    print_string (attribute->value.text, attribute->value.length, FALSE);
    comma = ",";
  }
  fputs (token->self_closing ? "},true]" : "}]", stdout);
}

static void print_token (const Tokenizer *tokenizer, const Token *token) {
  if (token->type == TOKEN_START_TAG) {
    print_start_tag (tokenizer, token);
    return;
  }
  if (token->type == TOKEN_DOCTYPE) {
    fputs ("[\"DOCTYPE\"]", stdout);
    return;
  }
  fputs (token->type == TOKEN_TEXT      ? "[\"Character\","
         : token->type == TOKEN_COMMENT ? "[\"Comment\","
                                        : "[\"EndTag\",",
         stdout);
  print_string (token->text, token->length, token->type == TOKEN_COMMENT);
  putchar (']');
}

static void run (const char *html, gsize length, guint mode, const char *last_start) {
  Tokenizer tokenizer;
  Token token;
  const char *comma = "";

  tokenizer_init (&tokenizer, html, length, 1000);
  if (strcmp (last_start, "-") != 0)
    tokenizer.last_start = (Slice){ last_start, strlen (last_start) };
  tokenizer_set_mode (&tokenizer, (TokenizerMode) mode);
  putchar ('[');
  for (tokenizer_next (&tokenizer, &token); token.type != TOKEN_EOF; tokenizer_next (&tokenizer, &token)) {
    fputs (comma, stdout);
    print_token (&tokenizer, &token);
    comma = ",";
  }
  fputs ("]\n", stdout);
  fflush (stdout);
  tokenizer_clear (&tokenizer);
}

int main (void) {
  guint mode;
  unsigned long length;
  char last_start[64];

  while (scanf ("%u %lu %63[^\n]", &mode, &length, last_start) == 3 && getchar () == '\n') {
    g_autofree char *html = g_malloc (length + 1);

    if (fread (html, 1, length, stdin) != length)
      return 1;
    run (html, length, mode, last_start);
  }
  return 0;
}
