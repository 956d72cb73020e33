/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/raw: the end of raw content, as the WHATWG standard finds it. Linear: each byte is looked at a few times.
 */
#include "raw.h"

#include <string.h>

gboolean raw_ends_tag_name (char byte) {
  return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\f' || byte == '/' || byte == '>';
}

static gboolean is_end_tag (const char *less, const char *end, Slice name) {
  if (name.length == 0 || (gsize) (end - less) < name.length + 3 || less[1] != '/')
    return FALSE;
  return g_ascii_strncasecmp (less + 2, name.text, name.length) == 0 && raw_ends_tag_name (less[2 + name.length]);
}

/* By its slash: in what stands in titles, styles and text areas slashes are fewer than '<'. */
const char *raw_find_end_tag (const char *text, const char *end, Slice name) {
  const char *slash = text;

  while ((slash = memchr (slash, '/', (gsize) (end - slash))) != NULL) {
    if (slash > text && slash[-1] == '<' && is_end_tag (slash - 1, end, name))
      return slash - 1;
    slash++;
  }
  return end;
}

/* Length of "script" and what ends a tag name behind it, at @text: 0 when it is something else. */
static gsize script_word (const char *text, const char *end) {
  if (!text_begins (text, end, "script") || text + 6 >= end || !raw_ends_tag_name (text[6]))
    return 0;
  return 7;
}

typedef enum { SCRIPT_PLAIN, SCRIPT_ESCAPED, SCRIPT_DOUBLE_ESCAPED } ScriptState;

/* A script: "<!--" escapes it, "<script" in there escapes it twice, and then "</script" only once undoes that. */
const char *raw_find_script_end (const char *text, const char *end, Slice name) {
  ScriptState state = SCRIPT_PLAIN;
  guint dashes = 0;

  for (const char *p = text; p < end; p++) {
    gsize word;

    if (state != SCRIPT_PLAIN && *p == '-') {
      dashes++;
      continue;
    }
    if (state != SCRIPT_PLAIN && *p == '>' && dashes >= 2)
      state = SCRIPT_PLAIN;
    dashes = 0;
    if (*p != '<')
      continue;
    if (state != SCRIPT_DOUBLE_ESCAPED && is_end_tag (p, end, name))
      return p;
    if (state == SCRIPT_PLAIN && text_begins (p, end, "<!--")) {
      state = SCRIPT_ESCAPED;
      dashes = 2;
      p += 3;
    } else if (state == SCRIPT_ESCAPED && (word = script_word (p + 1, end)) > 0) {
      state = SCRIPT_DOUBLE_ESCAPED;
      p += word;
    } else if (state == SCRIPT_DOUBLE_ESCAPED && p + 1 < end && p[1] == '/' && (word = script_word (p + 2, end)) > 0) {
      state = SCRIPT_ESCAPED;
      p += 1 + word;
    }
  }
  return end;
}

const char *raw_find_cdata_end (const char *text, const char *end) {
  while ((text = memchr (text, ']', (gsize) (end - text))) != NULL) {
    if (text_begins (text, end, "]]>"))
      return text;
    text++;
  }
  return end;
}
