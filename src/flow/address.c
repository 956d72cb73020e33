/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Is an address ours, and only ours? RFC 5321 gives an address more than one way to name a next host (source routes,
 * quoted local parts), and old MTAs give more (percent, bang, nested @). Whatever host an MTA could be talked into
 * must be ours, or the address is outside. Loops go over a string that each round makes shorter. Any thread.
 */
#include "mugai/flow.h"

#include <string.h>

#include "flow.h"

#define MAX_ADDRESS_BYTES 1024u /* RFC 5321: 256; more is nobody's address */
#define MAX_ROUNDS 32u          /* routing signs in one local part; more is a trick */

/* ---- domains ---- */

/* Lower-case A-label form without one final dot; NULL: no domain name. */
static char *domain_canonical (const char *text) {
  g_autofree char *domain = g_strdup (text);
  gsize length = strlen (domain);
  if (length > 0 && domain[length - 1] == '.')
    domain[--length] = '\0';
  if (length == 0 || length > 253 || !g_utf8_validate (domain, -1, NULL))
    return NULL;
  g_autofree char *ascii = g_str_is_ascii (domain) ? g_strdup (domain) : g_hostname_to_ascii (domain);
  if (!ascii)
    return NULL;
  g_auto (GStrv) labels = g_strsplit (ascii, ".", -1);
  for (char **label = labels; *label; label++)
    if (!**label || strlen (*label) > 63
        || strspn (*label, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != strlen (*label))
      return NULL;
  return g_ascii_strdown (ascii, -1);
}

gboolean flow_domain_is_ours (const MugaiOrganisation *organisation, const char *text) {
  g_autofree char *domain = domain_canonical (text);
  if (!domain)
    return FALSE;
  for (char **ours = organisation->domains; ours && *ours; ours++)
    if ((*ours)[0] == '.' ? g_str_has_suffix (domain, *ours) : strcmp (domain, *ours) == 0)
      return TRUE;
  return FALSE;
}

/* Could an MTA take this for a host to send to? An IP literal too, and whatever it might mend into one ("host;", "host,x"). */
static gboolean names_a_host (const char *text) {
  for (; *text; text++)
    if (g_ascii_isalnum (*text) || (guchar) *text >= 0x80)
      return TRUE;
  return FALSE;
}

/* ---- local parts ---- */

/* The text behind quotes and backslashes; FALSE: unbalanced. */
static gboolean unquote (const char *local, char **ret_plain) {
  g_autoptr (GString) plain = g_string_new (NULL);
  gboolean quoted = FALSE;
  for (const char *p = local; *p; p++) {
    if (*p == '"')
      quoted = !quoted;
    else if (*p == '\\' && !p[1])
      return FALSE;
    else if (*p == '\\')
      g_string_append_c (plain, *++p);
    else
      g_string_append_c (plain, *p);
  }
  if (quoted)
    return FALSE;
  *ret_plain = g_string_free (g_steal_pointer (&plain), FALSE);
  return TRUE;
}

/* The last @ outside quotes; NULL: none. */
static char *last_at (char *address) {
  gboolean quoted = FALSE;
  char *at = NULL;
  for (char *p = address; *p; p++) {
    if (*p == '\\' && p[1])
      p++;
    else if (*p == '"')
      quoted = !quoted;
    else if (*p == '@' && !quoted)
      at = p;
  }
  return at;
}

/* "@a,@b:rest": TRUE when each host is ours; *@rest then points behind the route. No route: nothing happens. */
static gboolean take_route (const MugaiOrganisation *organisation, char **rest) {
  if (**rest != '@')
    return TRUE;
  char *colon = strchr (*rest, ':');
  if (!colon)
    return FALSE;
  g_autofree char *route = g_strndup (*rest, (gsize) (colon - *rest));
  g_auto (GStrv) hosts = g_strsplit (route, ",", -1);
  for (char **host = hosts; *host; host++) {
    const char *name = g_strstrip (*host);
    if (*name && (*name != '@' || !flow_domain_is_ours (organisation, name + 1))) /* RFC 822 allows empty ones */
      return FALSE;
  }
  *rest = colon + 1;
  return TRUE;
}

/* Each host that "host!user" or "host::user" would be handed to; *@rest then points at what is left. */
static gboolean take_bangs (const MugaiOrganisation *organisation, char **rest) {
  for (;;) {
    char *bang = strchr (*rest, '!'), *colons = strstr (*rest, "::");
    char *end = bang && (!colons || bang < colons) ? bang : colons;
    if (!end)
      return TRUE;
    char *next = end + (*end == '!' ? 1 : 2);
    g_autofree char *host = g_strndup (*rest, (gsize) (end - *rest));
    if (!*next) /* "hello!": nobody behind it, so nothing to route */
      return TRUE;
    if (*host && names_a_host (host) && !flow_domain_is_ours (organisation, host))
      return FALSE;
    *rest = next;
  }
}

/* Takes the last "%host" or "@host" off. FALSE: it leads outside; *ret_more: there was one. */
static gboolean take_suffix (const MugaiOrganisation *organisation, char *local, gboolean *ret_more) {
  char *percent = strrchr (local, '%'), *at = strrchr (local, '@');
  char *sign = at && (!percent || at > percent) ? at : percent;
  *ret_more = sign != NULL;
  if (!sign)
    return TRUE;
  gboolean leads = sign > local && names_a_host (sign + 1);
  if (leads && !flow_domain_is_ours (organisation, sign + 1))
    return FALSE;
  *sign = '\0';
  return TRUE;
}

/* Full-width signs (U+FF05, U+FF20 ...) as the ASCII ones that an MTA for UTF-8 addresses may make of them. */
static char *fold_width (const char *text) {
  char *folded = g_utf8_validate (text, -1, NULL) ? g_utf8_normalize (text, -1, G_NORMALIZE_ALL_COMPOSE) : NULL;
  return folded ? folded : g_strdup (text);
}

/* Whatever the local part could be read as leads nowhere but to us. */
static gboolean local_stays (const MugaiOrganisation *organisation, const char *local) {
  g_autofree char *given = NULL;
  gboolean more = TRUE;
  if (!unquote (local, &given))
    return FALSE;
  g_autofree char *plain = fold_width (given);
  char *rest = plain;
  for (guint i = 0; more; i++) {
    if (i >= MAX_ROUNDS || !take_route (organisation, &rest) || !take_bangs (organisation, &rest)
        || !take_suffix (organisation, rest, &more))
      return FALSE;
  }
  return TRUE;
}

/* ---- addresses ---- */

static gboolean has_controls (const char *text) {
  for (const char *p = text; *p; p++)
    if ((guchar) *p < ' ' || *p == 0x7f)
      return TRUE;
  return FALSE;
}

char *flow_address_strip (const char *address) {
  g_autofree char *copy = g_strdup (address ? address : "");
  char *text = g_strstrip (copy);
  gsize length = strlen (text);
  if (length >= 2 && text[0] == '<' && text[length - 1] == '>') {
    text[length - 1] = '\0';
    text++;
  }
  return g_strdup (g_strstrip (text));
}

gboolean mugai_flow_address_inside (const MugaiOrganisation *organisation, const char *address) {
  g_autofree char *text = flow_address_strip (address);
  char *rest = text;
  if (!*text || strlen (text) > MAX_ADDRESS_BYTES || has_controls (text) || !take_route (organisation, &rest) || !*rest)
    return FALSE;
  char *at = last_at (rest);
  if (at == rest)
    return FALSE;
  /* Without a domain the MTA puts its own behind it: ours, unless the local part leads somewhere. */
  if (at && !flow_domain_is_ours (organisation, at + 1))
    return FALSE;
  if (at)
    *at = '\0';
  return local_stays (organisation, rest);
}
