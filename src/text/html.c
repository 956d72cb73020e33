/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/html: one document from bytes to text.
 *
 * Cleans the input, reads the style sheets in a first pass, runs the tokens through build.c and adds the list of
 * links. Memory is a small multiple of the input. Threads: any, no global state.
 */
#include "html.h"

#include <string.h>

#define OUTPUT_FACTOR 4u
#define USUAL_DEPTH 64u /* elements that there is room for at first: all 512 would be pages of their own each time */
#define OUTPUT_EXTRA (64u * 1024)
#define LOOK_AHEAD_BYTES (1024u * 1024) /* of a whole document: no mail has more than one reversed list */
#define OUTPUT_RESERVE 512u             /* for the words that say where it was cut */

static gboolean is_css (const AttributeValue *type) {
  return type->length == 0 || attributes_is (type, "text/css");
}

/* In pages of the old kind classes and ids are equal whatever their case. */
static gboolean is_of_old_kind (Slice doctype) {
  return slice_contains (doctype, "transitional") && !slice_contains (doctype, "xhtml")
         && !slice_contains (doctype, "http://");
}

/* Reads no further than @last: where the last style element begins. */
static void collect_styles (Html *self, const char *html, gsize length, const char *last) {
  Tokenizer tokenizer;
  Token token;
  guint inert = 0; /* elements around whose styles are not the page's */
  const char *before = html;
  g_autoptr (GString) css = g_string_new (NULL);

  tokenizer_init (&tokenizer, html, length, self->attributes.max);
  for (tokenizer_next (&tokenizer, &token); token.type != TOKEN_EOF; tokenizer_next (&tokenizer, &token)) {
    Tag tag = token.type == TOKEN_START_TAG || token.type == TOKEN_END_TAG ? tag_of (&token) : TAG_OTHER;
    gboolean start = token.type == TOKEN_START_TAG;

    if (token.type == TOKEN_DOCTYPE)
      selectors_set_exact_case (sheet_selectors (self->sheet),
                                !is_of_old_kind ((Slice){ before, (gsize) (tokenizer.position - before) }));
    before = tokenizer.position;
    if (token.type != TOKEN_START_TAG && tokenizer.position > last)
      break;
    if (tag == TAG_SVG || tag == TAG_MATH)
      inert = start ? inert + !token.self_closing : inert - (inert > 0);
    if (tag == TAG_TEMPLATE)
      inert = start ? inert + 1 : inert - (inert > 0);
    if (!start || inert > 0)
      continue;
    if (tag == TAG_STYLE) {
      Attributes attributes = { .max = self->attributes.max };

      attributes_read (&attributes, &tokenizer);
      tokenizer_set_mode (&tokenizer, TOKENIZER_RAWTEXT);
      if (is_css (&attributes.values[ATTRIBUTE_TYPE])
          && style_media_applies (attributes.values[ATTRIBUTE_MEDIA].text, attributes.values[ATTRIBUTE_MEDIA].length)) {
        g_string_append_len (css, tokenizer.position, tokenizer.raw_end - tokenizer.position);
        g_string_append_c (css, '\n');
      }
    } else if (tag == TAG_SCRIPT)
      tokenizer_set_mode (&tokenizer, TOKENIZER_SCRIPT);
    else if (tag == TAG_PLAINTEXT)
      break;
    else if ((tag_kind (tag) & KIND_RAWTEXT) != 0)
      tokenizer_set_mode (&tokenizer, TOKENIZER_RAWTEXT);
    else if ((tag_kind (tag) & KIND_RCDATA) != 0)
      tokenizer_set_mode (&tokenizer, TOKENIZER_RCDATA);
  }
  tokenizer_clear (&tokenizer);
  sheet_parse (self->sheet, css->str, css->len);
}

#define BLOCK_BYTES 64u

/* Does "<st" begin in these bytes? All of them are compared, without a branch, so that the compiler compares many at once. */
static gboolean block_has_mark (const char *block) {
  guint8 found = 0;

  for (guint i = 0; i < BLOCK_BYTES; i++)
    found |=
        (guint8) (block[i] == '<') & (guint8) ((block[i + 1] | 0x20) == 's') & (guint8) ((block[i + 2] | 0x20) == 't');
  return found != 0;
}

/* Up to and with the last "<style": the first pass need not read further. 0: there is none. */
static gsize styles_end (const char *html, gsize length) {
  for (gsize end = length; end >= 6;) {
    gsize start = end > BLOCK_BYTES + 5 ? end - BLOCK_BYTES - 5 : 0;

    if (start == 0 || block_has_mark (html + start))
      for (gsize i = end; i >= start + 6; i--)
        if (html[i - 6] == '<' && g_ascii_strncasecmp (html + i - 6, "<style", 6) == 0)
          return i;
    end = start > 0 ? start + 5 : 0;
  }
  return 0;
}

static void html_init (Html *self, const char *html, gsize length, const MugaiTextOptions *options) {
  Element root = { .tag = TAG_HTML, .previous = -1, .style = style_initial };
  gsize last_style;

  memset (self, 0, sizeof *self);
  self->options = *options;
  self->result = g_new0 (MugaiTextResult, 1);
  self->attributes.max = MUGAI_TEXT_MAX_ATTRIBUTES;
  tokenizer_init (&self->tokenizer, html, length, MUGAI_TEXT_MAX_ATTRIBUTES);
  flow_init (&self->flow, options->width, length * OUTPUT_FACTOR + OUTPUT_EXTRA - OUTPUT_RESERVE);
  links_init (&self->links);
  self->look_ahead = LOOK_AHEAD_BYTES;
  self->sheet = sheet_new (8 * length + 1000000);
  self->stack = g_array_sized_new (FALSE, FALSE, sizeof (Element), USUAL_DEPTH);
  self->names = g_array_new (FALSE, FALSE, sizeof (StyleNames));
  self->pending = g_array_new (FALSE, FALSE, sizeof (Element));
  self->shown = g_string_new (NULL);
  for (guint i = 0; i < TAG_N; i++)
    self->last[i] = -1;
  g_array_append_val (self->stack, root);
  last_style = styles_end (html, length);
  if (last_style > 0)
    collect_styles (self, html, length, html + last_style);
  self->white_page = !sheet_paints_unknown (self->sheet);
  self->html_style = style_initial;
  if (!sheet_is_empty (self->sheet)) {
    g_array_append_vals (self->names, &(StyleNames){ 0 }, 1); /* of body */
    build_page (self);
  }
}

static void html_clear (Html *self) {
  tokenizer_clear (&self->tokenizer);
  flow_clear (&self->flow);
  links_clear (&self->links);
  sheet_free (self->sheet);
  g_array_unref (self->stack);
  g_array_unref (self->names);
  g_array_unref (self->pending);
  g_string_free (self->shown, TRUE);
  link_target_free (self->link);
  mugai_text_result_free (self->result);
}

static void convert (Html *self) {
  do {
    self->tokenizer.foreign = stack_in_foreign (self);
    tokenizer_next (&self->tokenizer, &self->token);
    if (self->token.type == TOKEN_TEXT)
      build_text (self);
    else if (self->token.type == TOKEN_START_TAG)
      build_start_tag (self);
    else if (self->token.type == TOKEN_END_TAG)
      build_end_tag (self);
  } while (self->token.type != TOKEN_EOF);
  stack_pop_to (self, 1);
  anchor_end (self);
  element_end_paragraph (self, 0);
}

static void write_link_list (Html *self) {
  if (self->links.entries->len == 0)
    return;
  flow_block (&self->flow, 1);
  flow_line (&self->flow, "リンク先:", FALSE);
  for (guint i = 0; i < self->links.entries->len && !self->flow.truncated; i++) {
    g_autofree char *line = g_strdup_printf ("[%u] %s", i + 1, (char *) g_ptr_array_index (self->links.entries, i));

    flow_line (&self->flow, line, FALSE);
  }
}

static MugaiTextResult *finish (Html *self) {
  MugaiTextResult *result = self->result;

  write_link_list (self);
  result->truncated = self->flow.truncated;
  if (result->truncated)
    g_string_append (self->flow.out, "\n［長すぎるため、ここから先は省略しました / cut here: too long］\n");
  result->hidden_bytes += self->flow.padding_bytes;
  links_make_dead (&self->links, self->flow.out->str);
  result->text = g_string_free (g_steal_pointer (&self->flow.out), FALSE);
  result->links = g_steal_pointer (&self->links.facts);
  self->result = NULL;
  return result;
}

#define STRIDE_WORDS 4

/* Past the ASCII bytes from @html on, many at a time: most of a mail's HTML is that. */
static const char *skip_ascii (const char *html, const char *end) {
  guint64 words[STRIDE_WORDS];

  for (; end - html >= (gssize) sizeof words; html += sizeof words) {
    guint64 all = 0;

    memcpy (words, html, sizeof words);
    for (guint i = 0; i < STRIDE_WORDS; i++)
      all |= words[i];
    if ((all & G_GUINT64_CONSTANT (0x8080808080808080)) != 0)
      break;
  }
  while (html < end && (guchar) *html < 0x80)
    html++;
  return html;
}

static gboolean is_utf8 (const char *html, gsize length) {
  const char *end = html + length;

  for (html = skip_ascii (html, end); html < end; html = skip_ascii (html, end)) {
    const char *run = html;

    while (html < end && (guchar) *html >= 0x80)
      html++;
    if (!g_utf8_validate (run, html - run, NULL))
      return FALSE;
  }
  return TRUE;
}

/* Valid UTF-8 with LF line ends. NULL when @html is that already. */
static char *normalize (const char *html, gsize length, gsize *ret_length) {
  GString *out;

  if (memchr (html, '\r', length) == NULL && is_utf8 (html, length))
    return NULL;
  out = g_string_sized_new (length + 16);
  for (gsize i = 0; i < length;) {
    gsize run = i;

    while (run < length && html[run] != '\r' && (guchar) html[run] < 0x80)
      run++;
    g_string_append_len (out, html + i, (gssize) (run - i));
    i = run;
    if (i < length && html[i] == '\r') {
      g_string_append_c (out, '\n');
      i += i + 1 < length && html[i + 1] == '\n' ? 2 : 1;
    } else if (i < length) {
      gunichar code = g_utf8_get_char_validated (html + i, (gssize) MIN (length - i, 6));
      gsize bytes =
          code == (gunichar) -1 || code == (gunichar) -2 ? 1 : (gsize) (g_utf8_next_char (html + i) - (html + i));

      if (code == (gunichar) -1 || code == (gunichar) -2)
        g_string_append (out, "\xEF\xBF\xBD");
      else
        g_string_append_len (out, html + i, (gssize) bytes);
      i += bytes;
    }
  }
  *ret_length = out->len;
  return g_string_free (out, FALSE);
}

gboolean mugai_text_from_html (const char *html, gsize length_bytes, const MugaiTextOptions *options,
                               MugaiTextResult **ret_result, GError **error) {
  MugaiTextOptions own = options != NULL ? *options : (MugaiTextOptions){ 0 };
  g_autofree char *clean = NULL;
  Html self;

  own.width = MAX (own.width == 0 ? MUGAI_TEXT_DEFAULT_WIDTH : own.width, 20);
  own.max_input_bytes = own.max_input_bytes == 0 ? MUGAI_TEXT_MAX_INPUT_BYTES : own.max_input_bytes;
  if (length_bytes > own.max_input_bytes) {
    g_set_error (error, MUGAI_TEXT_ERROR, MUGAI_TEXT_ERROR_TOO_LARGE,
                 "HTML of %" G_GSIZE_FORMAT " bytes is over the limit of %" G_GSIZE_FORMAT, length_bytes,
                 own.max_input_bytes);
    return FALSE;
  }
  if (length_bytes >= 3 && memcmp (html, "\xEF\xBB\xBF", 3) == 0) {
    html += 3;
    length_bytes -= 3;
  }
  clean = normalize (html, length_bytes, &length_bytes);
  html_init (&self, clean != NULL ? clean : html, length_bytes, &own);
  convert (&self);
  *ret_result = finish (&self);
  html_clear (&self);
  return TRUE;
}

void mugai_text_result_free (MugaiTextResult *result) {
  if (result == NULL)
    return;
  g_free (result->text);
  g_clear_pointer (&result->links, g_ptr_array_unref);
  g_free (result);
}

G_DEFINE_QUARK (mugai - text - error - quark, mugai_text_error)
