/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Texts against lists of texts: folded once a message, looked up by hash, globs one by one. Texts are compared after NFKC and case
 * folding, domains as A-labels, so that no way of writing a name slips past a rule. Pure; any thread.
 */
#include "matcher.h"

#include <arpa/inet.h>
#include <string.h>

/* ---- texts ---- */

char *text_fold (const char *text) {
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  g_autofree char *plain = g_utf8_normalize (valid, -1, G_NORMALIZE_ALL_COMPOSE);
  return g_utf8_casefold (plain ? plain : valid, -1);
}

char *domain_fold (const char *domain) {
  g_autofree char *copy = g_strdup (domain);
  gsize length = strlen (copy);
  if (length > 0 && copy[length - 1] == '.')
    copy[length - 1] = '\0';
  if (g_str_is_ascii (copy))
    return g_ascii_strdown (copy, -1);
  g_autofree char *ascii = g_utf8_validate (copy, -1, NULL) ? g_hostname_to_ascii (copy) : NULL;
  return ascii ? g_ascii_strdown (ascii, -1) : text_fold (copy);
}

/* * any run, ? one character; both folded. Only the last * is ever retried: time is length × length at worst. */
static gboolean glob_matches (const char *glob, const char *text) {
  const char *star = NULL, *retry = NULL;
  while (*text) {
    if (*glob == '*') {
      star = ++glob;
      retry = text;
    } else if (*glob == '?') {
      glob++;
      text = g_utf8_next_char (text);
    } else if (*glob == *text) {
      glob++;
      text++;
    } else if (star) {
      retry = g_utf8_next_char (retry);
      glob = star;
      text = retry;
    } else {
      return FALSE;
    }
  }
  while (*glob == '*')
    glob++;
  return *glob == '\0';
}

/* Most globs end, or have in their middle, something that the text has not: found without going through it step by step. */
static gboolean may_match (const char *glob, gsize glob_bytes, const char *text, gsize text_bytes, gboolean *ret_sure) {
  const char *last = strrchr (glob, '*');
  *ret_sure = FALSE;
  if (!last || strchr (glob, '?'))
    return TRUE;
  gsize tail = glob_bytes - (gsize) (last + 1 - glob);
  if (tail > text_bytes || memcmp (text + text_bytes - tail, last + 1, tail) != 0)
    return FALSE;
  if (glob[0] != '*' || tail > 0 || last == glob || memchr (glob + 1, '*', (gsize) (last - glob - 1)))
    return TRUE;
  *ret_sure = TRUE; /* "*word*" */
  return memmem (text, text_bytes, glob + 1, (gsize) (last - glob - 1)) != NULL;
}

static gboolean any_glob (const Matcher *matcher, const char *folded) {
  gsize text_bytes = matcher->globs->len ? strlen (folded) : 0;
  gboolean sure;
  for (guint i = 0; i < matcher->globs->len; i++) {
    const char *glob = g_ptr_array_index (matcher->globs, i);
    if (may_match (glob, strlen (glob), folded, text_bytes, &sure) && (sure || glob_matches (glob, folded)))
      return TRUE;
  }
  return FALSE;
}

/* ---- what is compared ---- */

static void folded_free (Folded *folded) {
  g_free (folded->whole);
  g_free (folded->domain);
  g_clear_pointer (&folded->groups, g_hash_table_unref);
  g_free (folded);
}

void cache_init (Cache *cache) {
  GHashTable **tables[] = { &cache->texts, &cache->domains, &cache->addresses, &cache->networks };
  for (gsize i = 0; i < G_N_ELEMENTS (tables); i++)
    *tables[i] = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) folded_free);
}

void cache_clear (Cache *cache) {
  g_hash_table_unref (cache->texts);
  g_hash_table_unref (cache->domains);
  g_hash_table_unref (cache->addresses);
  g_hash_table_unref (cache->networks);
}

static gboolean address_parse (const char *text, guint8 address[16], gboolean *ret_v4);

static Folded *fold_address_text (const char *text) {
  Folded *folded = g_new0 (Folded, 1);
  const char *at = strrchr (text, '@');
  g_autofree char *local_raw = g_strndup (text, at ? (gsize) (at - text) : strlen (text));
  g_autofree char *local = text_fold (local_raw);
  folded->domain = at ? domain_fold (at + 1) : NULL;
  folded->whole = at ? g_strconcat (local, "@", folded->domain, NULL) : g_strdup (local);
  return folded;
}

static Folded *fold (MugaiFactType type, const char *text) {
  gboolean v4;
  if (type == MUGAI_FACT_ADDRESS)
    return fold_address_text (text);
  Folded *folded = g_new0 (Folded, 1);
  if (type == MUGAI_FACT_NETWORK)
    folded->is_network = address_parse (text, folded->address, &v4);
  else
    folded->whole = type == MUGAI_FACT_HOST ? domain_fold (text) : text_fold (text);
  return folded;
}

static gboolean is_exactly (const Matcher *matcher, const char *text) {
  if (matcher->only)
    return strcmp (matcher->only, text) == 0;
  return g_hash_table_size (matcher->exact) > 0 && g_hash_table_contains (matcher->exact, text);
}

/* Is @domain listed, or below a domain written with a dot before it? */
static gboolean domain_matches (const Matcher *matcher, const char *domain) {
  if (is_exactly (matcher, domain))
    return TRUE;
  if (g_hash_table_size (matcher->below) == 0)
    return FALSE;
  for (const char *dot = strchr (domain, '.'); dot; dot = strchr (dot + 1, '.'))
    if (g_hash_table_contains (matcher->below, dot + 1))
      return TRUE;
  return FALSE;
}

/* ---- networks ---- */

static gboolean address_parse (const char *text, guint8 address[16], gboolean *ret_v4) {
  struct in_addr v4;
  if (inet_pton (AF_INET, text, &v4) == 1) {
    memset (address, 0, 10);
    address[10] = address[11] = 0xff;
    memcpy (address + 12, &v4, 4);
    *ret_v4 = TRUE;
    return TRUE;
  }
  *ret_v4 = FALSE;
  if (g_ascii_strncasecmp (text, "IPv6:", 5) == 0)
    text += 5;
  return inet_pton (AF_INET6, text, address) == 1;
}

static gboolean bits_equal (const guint8 *a, const guint8 *b, guint bits) {
  if (memcmp (a, b, bits / 8) != 0)
    return FALSE;
  return bits % 8 == 0 || ((a[bits / 8] ^ b[bits / 8]) >> (8 - bits % 8)) == 0;
}

gboolean network_parse (const char *text, Network *network) {
  g_auto (GStrv) halves = g_strsplit (text, "/", 3);
  guint n = g_strv_length (halves);
  gboolean v4;
  guint64 prefix;
  if (n < 1 || n > 2 || !address_parse (halves[0], network->address, &v4))
    return FALSE;
  prefix = v4 ? 32 : 128;
  if (n == 2 && !g_ascii_string_to_unsigned (halves[1], 10, 0, prefix, &prefix, NULL))
    return FALSE;
  network->prefix = (guint) prefix + (v4 ? 96 : 0);
  for (guint bit = network->prefix; bit < 128; bit++)
    if (network->address[bit / 8] & (0x80 >> (bit % 8)))
      return FALSE;
  return TRUE;
}

gboolean network_has (const Network *network, const Folded *folded) {
  return folded->is_network && bits_equal (folded->address, network->address, network->prefix);
}

static gboolean network_matches (const Matcher *matcher, const Folded *folded) {
  for (guint i = 0; i < matcher->networks->len; i++)
    if (network_has (g_ptr_array_index (matcher->networks, i), folded))
      return TRUE;
  return FALSE;
}

static gboolean folded_matches (const Matcher *matcher, const Folded *folded) {
  switch (matcher->type) {
  case MUGAI_FACT_NETWORK:
    return network_matches (matcher, folded);
  case MUGAI_FACT_HOST:
    return domain_matches (matcher, folded->whole) || any_glob (matcher, folded->whole);
  case MUGAI_FACT_ADDRESS:
    return is_exactly (matcher, folded->whole) || (folded->domain && domain_matches (matcher, folded->domain))
           || any_glob (matcher, folded->whole);
  default:
    return is_exactly (matcher, folded->whole) || any_glob (matcher, folded->whole);
  }
}

gboolean group_matches (const Matcher *group, Folded *folded) {
  if (!folded->groups)
    folded->groups = g_hash_table_new (NULL, NULL);
  gint known = GPOINTER_TO_INT (g_hash_table_lookup (folded->groups, group));
  if (!known) {
    known = folded_matches (group, folded) ? 2 : 1;
    g_hash_table_insert (folded->groups, (gpointer) group, GINT_TO_POINTER (known));
  }
  return known == 2;
}

/* By its own items, or by a group that it names. */
static gboolean all_match (const Matcher *matcher, Folded *folded) {
  gboolean matches = folded_matches (matcher, folded);
  for (guint i = 0; !matches && matcher->groups && i < matcher->groups->len; i++)
    matches = group_matches (g_ptr_array_index (matcher->groups, i), folded);
  return matches;
}

static GHashTable *table_of (Cache *cache, MugaiFactType type) {
  return type == MUGAI_FACT_NETWORK   ? cache->networks
         : type == MUGAI_FACT_HOST    ? cache->domains
         : type == MUGAI_FACT_ADDRESS ? cache->addresses
                                      : cache->texts;
}

Folded *cache_fold (Cache *cache, MugaiFactType type, const char *text) {
  GHashTable *table = table_of (cache, type);
  Folded *folded = g_hash_table_lookup (table, text);
  if (!folded) {
    folded = fold (type, text);
    g_hash_table_insert (table, (gpointer) text, folded);
  }
  return folded;
}

Folded *cache_fold_header (Cache *cache, const MugaiHeaderFact *header) {
  Folded *folded = g_hash_table_lookup (cache->texts, header);
  if (!folded) {
    g_autofree char *line = g_strconcat (header->name, ": ", header->value, NULL);
    folded = fold (MUGAI_FACT_TEXT, line);
    g_hash_table_insert (cache->texts, (gpointer) header, folded);
  }
  return folded;
}

gboolean matcher_matches (const Matcher *matcher, const char *text, Cache *cache) {
  if (!text)
    return FALSE;
  if (cache)
    return all_match (matcher, cache_fold (cache, matcher->type, text));
  Folded *folded = fold (matcher->type, text);
  gboolean matches = all_match (matcher, folded);
  folded_free (folded);
  return matches;
}

gboolean matcher_matches_header (const Matcher *matcher, const MugaiHeaderFact *header, Cache *cache) {
  if (cache)
    return all_match (matcher, cache_fold_header (cache, header));
  g_autofree char *line = g_strconcat (header->name, ": ", header->value, NULL);
  return matcher_matches (matcher, line, NULL);
}
