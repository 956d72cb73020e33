/* SPDX-License-Identifier: GPL-2.0-only
 *
 * The header facts, read for evidence of forwarding: values by name, addresses out of values. Only fields of the message itself
 * are facts: what stands in an attached mail or in the text is quoted, and proves nothing. Any thread.
 */
#include "mugai/flow.h"

#include <string.h>

#include "forwarding.h"

const char *flow_next_value (const Case *c, const char *name, guint *at) {
  while (c->facts && c->facts->headers && *at < c->facts->headers->len) {
    const MugaiHeaderFact *header = g_ptr_array_index (c->facts->headers, (*at)++);
    if (g_ascii_strcasecmp (header->name, name) == 0)
      return header->value ? header->value : "";
  }
  return NULL;
}

const char *flow_first_value (const Case *c, const char *name) {
  guint at = 0;
  return flow_next_value (c, name, &at);
}

gboolean flow_has_any (const Case *c, const char *const *names) {
  for (; *names; names++)
    if (flow_first_value (c, *names))
      return TRUE;
  return FALSE;
}

/* RFC 5322: comments and blanks may stand before a value. */
static const char *skip_comments (const char *value) {
  guint depth = 0;
  for (; *value; value++) {
    if (*value == '\\' && depth > 0 && value[1])
      value++;
    else if (*value == '(')
      depth++;
    else if (*value == ')' && depth > 0)
      depth--;
    else if (depth == 0 && !strchr (" \t\r\n", *value))
      break;
  }
  return value;
}

gboolean flow_value_says (const char *value, const char *word) {
  gsize length = strlen (word);
  value = skip_comments (value);
  return g_ascii_strncasecmp (value, word, length) == 0 && (!value[length] || strchr (" \t\r\n;(,", value[length]));
}

gboolean flow_any_says (const Case *c, const char *name, const char *word) {
  guint at = 0;
  for (const char *value; (value = flow_next_value (c, name, &at));)
    if (flow_value_says (value, word))
      return TRUE;
  return FALSE;
}

char *flow_address_in (const char *value) {
  const char *open = strrchr (value, '<'), *close = open ? strchr (open, '>') : NULL;
  g_autofree char *text = close ? g_strndup (open + 1, (gsize) (close - open - 1)) : g_strdup (value);
  return flow_address_strip (text);
}

/* "<mailto:staff@city.example.lg.jp>" (List-Post), "mailing list staff@city.example.lg.jp" (ezmlm's Delivered-To), "<a@b> archive/1" too. */
char *flow_our_address_in (const Case *c, const char *value) {
  g_autofree char *given = flow_address_in (value);
  const char *last = strrchr (given, ' '), *bare = last && *given != '"' ? last + 1 : given;
  g_autofree char *address = g_strdup (g_ascii_strncasecmp (bare, "mailto:", 7) == 0 ? bare + 7 : bare);
  if (!strchr (address, '@') || !mugai_flow_address_inside (c->organisation, address))
    return NULL;
  return g_steal_pointer (&address);
}

/* "... by mx.city.example.lg.jp (x for y) with ESMTP id 1 for <user@city.example.lg.jp>; date": the first "for" with an address. */
char *flow_received_for (const Case *c, const char *value) {
  for (const char *place = strstr (value, "for"); place; place = strstr (place + 1, "for")) {
    const char *next = place + 3;
    if (place == value || !g_ascii_isspace (place[-1]) || !*next || !strchr (" \t\r\n<", *next))
      continue;
    next += strspn (next, " \t\r\n<");
    g_autofree char *address = g_strndup (next, strcspn (next, ">; \t\r\n)"));
    if (strchr (address, '@') && mugai_flow_address_inside (c->organisation, address))
      return g_steal_pointer (&address);
  }
  return NULL;
}
