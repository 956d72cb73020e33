/* SPDX-License-Identifier: GPL-2.0-only
 *
 * text/links: URLs as browsers read them, and their dead form.
 *
 * Leniency is that of the WHATWG URL standard where it changes the host: tabs and newlines vanish, a
 * backslash is a slash, any number of slashes may follow the scheme, what stands before '@' is not the host,
 * a host may be percent-encoded or in Unicode. Threads: see links.h.
 */
#include "links.h"

#include <string.h>

#include "mugai/base/unicode.h"
#include "mugai/text.h"

#define MAX_DISPLAY_BYTES 2048u
#define MAX_HOST_BYTES 255u
#define MAX_SHOWN_FACTS 1000u /* as many as the facts of a message hold */

static void free_fact (gpointer data) {
  MugaiTextLink *fact = data;

  g_free (fact->host);
  g_free (fact->shown_host);
  g_free (fact);
}

void links_init (Links *self) {
  self->base = NULL;
  self->facts = g_ptr_array_new_with_free_func (free_fact);
  self->entries = g_ptr_array_new_with_free_func (g_free);
  self->numbers = g_hash_table_new (g_str_hash, g_str_equal); /* keys belong to entries */
}

void links_clear (Links *self) {
  g_free (self->base);
  g_clear_pointer (&self->facts, g_ptr_array_unref);
  g_hash_table_unref (self->numbers);
  g_ptr_array_unref (self->entries);
}

void link_target_free (LinkTarget *target) {
  if (target == NULL)
    return;
  g_free (target->host);
  g_free (target->display);
  g_free (target->note);
  g_free (target);
}

/* What a browser makes of an attribute before it parses: no blanks around, no tab or newline anywhere. */
static char *clean_href (const char *href, gsize length) {
  GString *out = g_string_sized_new (length);

  while (length > 0 && (guchar) *href <= ' ') {
    href++;
    length--;
  }
  while (length > 0 && (guchar) href[length - 1] <= ' ')
    length--;
  for (gsize i = 0; i < length; i++) {
    gsize run = i;

    while (i < length && (guchar) href[i] > ' ')
      i++;
    g_string_append_len (out, href + run, (gssize) (i - run));
    if (i < length && href[i] == ' ')
      g_string_append (out, "%20");
    else if (i < length && href[i] != '\t' && href[i] != '\n' && href[i] != '\r' && href[i] != '\0')
      g_string_append_c (out, href[i]);
  }
  return g_string_free (out, FALSE);
}

/* Length of "scheme:" without the colon, 0 when there is none. */
static gsize scheme_length (const char *url) {
  gsize i = 0;

  if (!g_ascii_isalpha (url[0]))
    return 0;
  while (g_ascii_isalnum (url[i]) || url[i] == '+' || url[i] == '-' || url[i] == '.')
    i++;
  return url[i] == ':' ? i : 0;
}

static gboolean has_scheme (const char *url, const char *scheme) {
  gsize length = strlen (scheme);

  return scheme_length (url) == length && g_ascii_strncasecmp (url, scheme, length) == 0;
}

static gboolean is_web (const char *url) {
  return has_scheme (url, "http") || has_scheme (url, "https") || has_scheme (url, "ftp") || has_scheme (url, "ws")
         || has_scheme (url, "wss");
}

static const char *skip_slashes (const char *p) {
  while (*p == '/' || *p == '\\')
    p++;
  return p;
}

/* @url without its last path segment ("http://h/a/b?c" -> "http://h/a/"), or up to the host's end for @root. */
static char *base_directory (const char *base, gboolean root) {
  const char *host = skip_slashes (base + scheme_length (base) + 1);
  gsize length = strcspn (host, "/\\?#");
  gsize path = strcspn (host, "?#");
  g_autofree char *origin = NULL;

  if (root)
    return g_strndup (base, (gsize) (host - base) + length);
  while (path > length && host[path - 1] != '/')
    path--;
  if (path > length)
    return g_strndup (base, (gsize) (host - base) + path);
  origin = g_strndup (base, (gsize) (host - base) + length);
  return g_strconcat (origin, "/", NULL);
}

/* Joins and takes "./" and "../" off the front of @relative; those further in stay as they are. */
static char *resolve_path (const char *base, const char *relative) {
  g_autofree char *directory = base_directory (base, FALSE);
  gsize root = (gsize) (skip_slashes (directory + scheme_length (directory) + 1) - directory);
  gsize length = strlen (directory);

  root += strcspn (directory + root, "/");
  for (;;) {
    if (g_str_has_prefix (relative, "./"))
      relative += 2;
    else if (g_str_has_prefix (relative, "../")) {
      relative += 3;
      for (length -= length > root + 1 ? 1 : 0; length > root + 1 && directory[length - 1] != '/';)
        length--;
    } else
      break;
  }
  directory[length] = '\0';
  return g_strconcat (directory, relative, NULL);
}

static char *resolve (const Links *self, const char *url) {
  const char *base = self->base;

  if (scheme_length (url) > 0)
    return g_strdup (url);
  if ((url[0] == '/' || url[0] == '\\') && (url[1] == '/' || url[1] == '\\'))
    return g_strdup_printf ("%.*s://%s", base != NULL ? (int) scheme_length (base) : 5, base != NULL ? base : "https",
                            skip_slashes (url));
  if (base == NULL)
    return g_strdup (url);
  if (url[0] == '/' || url[0] == '\\') {
    g_autofree char *origin = base_directory (base, TRUE);

    return g_strconcat (origin, url, NULL);
  }
  if (url[0] == '?')
    return g_strdup_printf ("%.*s%s", (int) strcspn (base, "?#"), base, url);
  return resolve_path (base, url);
}

void links_set_base (Links *self, const char *href, gsize length) {
  g_autofree char *url = clean_href (href, length);

  if (self->base == NULL && length <= MAX_DISPLAY_BYTES && is_web (url))
    self->base = g_steal_pointer (&url);
}

/* One part of an IPv4 address, decimal, 0x or 0 in front (WHATWG URL 3.5). -1: it is no number. */
static gint64 ipv4_number (const char *part) {
  guint base = 10;
  char *end;
  guint64 number;

  if (g_ascii_strncasecmp (part, "0x", 2) == 0) {
    base = 16;
    part += 2;
  } else if (part[0] == '0' && part[1] != '\0') {
    base = 8;
    part++;
  }
  if (*part == '\0')
    return base == 16 ? 0 : -1;
  if (!g_ascii_isxdigit (*part))
    return -1;
  number = g_ascii_strtoull (part, &end, base);
  return *end != '\0' || number > G_MAXUINT32 ? -1 : (gint64) number;
}

/* "0x7f.1", "2130706433": what browsers make of a host whose parts are all numbers. NULL when it is none such. */
static char *ipv4_host (const char *host) {
  g_auto (GStrv) parts = g_ascii_isdigit (*host) ? g_strsplit (host, ".", 6) : NULL;
  guint n = parts != NULL ? g_strv_length (parts) : 0;
  guint64 address = 0;

  n -= n > 1 && *parts[n - 1] == '\0' ? 1 : 0;
  if (n == 0 || n > 4)
    return NULL;
  for (guint i = 0; i < n; i++) {
    gint64 number = ipv4_number (parts[i]);
    gint64 limit = i < n - 1 ? 256 : (gint64) 1 << 8 * (5 - n);

    if (number < 0 || number >= limit)
      return NULL;
    address |= (guint64) number << (i < n - 1 ? 8 * (3 - i) : 0);
  }
  return g_strdup_printf ("%u.%u.%u.%u", (guint) (address >> 24 & 255), (guint) (address >> 16 & 255),
                          (guint) (address >> 8 & 255), (guint) (address & 255));
}

/* Host as the network knows it: percent signs decoded, lower case, punycode, four decimal numbers. */
static char *normalize_host (const char *host, gsize length) {
  g_autofree char *raw = g_strndup (host, MIN (length, MAX_HOST_BYTES));
  g_autofree char *decoded = g_uri_unescape_string (raw, NULL);
  g_autofree char *safe = mugai_unicode_make_safe (decoded != NULL ? decoded : raw, -1, 0);
  char *ascii = NULL;

  if (g_hostname_is_non_ascii (safe))
    ascii = g_hostname_to_ascii (safe);
  if (ascii == NULL)
    ascii = ipv4_host (safe);
  return ascii != NULL ? ascii : g_ascii_strdown (safe, -1);
}

static char *safe_display (const char *text) {
  return mugai_unicode_make_safe (text, -1, MAX_DISPLAY_BYTES);
}

/* http, https, ftp: the host found as a browser finds it, the scheme made dead. */
static void read_web_target (LinkTarget *target, const char *url) {
  gsize scheme = scheme_length (url);
  const char *authority = skip_slashes (url + scheme + 1);
  gsize length = strcspn (authority, "/\\?#");
  const char *at = g_strrstr_len (authority, (gssize) length, "@");
  const char *host = at != NULL ? at + 1 : authority;
  gsize host_length = length - (gsize) (host - authority);
  const char *colon = host_length > 0 && *host != '[' ? memchr (host, ':', host_length) : NULL;
  gsize name_length = colon != NULL ? (gsize) (colon - host) : host_length;
  g_autofree char *dead = g_ascii_strdown (url, (gssize) scheme);
  g_autofree char *rest = g_strdup (authority + length);
  g_autofree char *whole = NULL;
  g_autofree char *unicode = NULL;

  for (char *p = rest; *p != '\0' && *p != '?' && *p != '#'; p++)
    *p = *p == '\\' ? '/' : *p;
  if (g_str_has_prefix (dead, "http"))
    memcpy (dead, "hxxp", 4);
  g_free (target->host);
  target->host = normalize_host (host, name_length);
  whole = g_strdup_printf ("%s://%s%.*s%s", dead, target->host, (int) (host_length - name_length), host + name_length,
                           rest);
  target->display = safe_display (whole);
  unicode = strstr (target->host, "xn--") != NULL ? g_hostname_to_unicode (target->host) : NULL;
  if (unicode != NULL && strcmp (unicode, target->host) != 0)
    target->note = mugai_unicode_make_safe (unicode, -1, MAX_HOST_BYTES);
  else if (at != NULL)
    target->note = g_strdup ("「@」より前は宛先ではありません");
}

static void read_mail_target (LinkTarget *target, const char *url) {
  g_autofree char *raw = g_strndup (url + strlen ("mailto:"), strcspn (url + strlen ("mailto:"), "?"));
  g_autofree char *address = g_uri_unescape_string (raw, NULL);

  target->display = safe_display (address != NULL && g_utf8_validate (address, -1, NULL) ? address : raw);
}

LinkTarget *links_resolve (const Links *self, const char *href, gsize length) {
  LinkTarget *target = g_new0 (LinkTarget, 1);
  gboolean huge = length > 4 * MAX_DISPLAY_BYTES;
  g_autofree char *clean = clean_href (href, huge ? 4 * MAX_DISPLAY_BYTES : length);
  g_autofree char *url = NULL;

  if (huge) /* the cut may have gone through a character */
  {
    g_autofree char *valid = g_utf8_make_valid (clean, -1);

    g_free (clean);
    clean = g_steal_pointer (&valid);
  }
  target->host = g_strdup ("");
  if (clean[0] == '\0' || clean[0] == '#')
    return target;
  target->kind = LINK_TARGET;
  url = resolve (self, clean);
  if (has_scheme (url, "javascript") || has_scheme (url, "data") || has_scheme (url, "vbscript")
      || has_scheme (url, "livescript") || has_scheme (url, "mocha"))
    target->kind = LINK_SCRIPT;
  else if (is_web (url))
    read_web_target (target, url);
  else if (has_scheme (url, "mailto"))
    read_mail_target (target, url);
  if (target->display == NULL)
    target->display = target->kind == LINK_SCRIPT ? g_strdup ("") : safe_display (url);
  return target;
}

/* What the text shows */

static gboolean is_host_byte (char byte) {
  return g_ascii_isalnum (byte) || byte == '-' || byte == '.' || byte == '_' || (guchar) byte >= 0x80;
}

/* Endings of file names that look like a domain. */
static gboolean looks_like_file (const char *last_label) {
  static const char *const endings[] = { "pdf", "txt", "doc",  "docx", "xls",  "xlsx", "ppt", "pptx",
                                         "zip", "htm", "html", "jpg",  "jpeg", "png",  "gif", "csv",
                                         "php", "exe", "js",   "eml",  "lzh",  "mp4" };

  for (gsize i = 0; i < G_N_ELEMENTS (endings); i++) {
    if (g_ascii_strcasecmp (last_label, endings[i]) == 0)
      return TRUE;
  }
  return FALSE;
}

/* Whether @text is all a domain name (a path may follow): "www.example.jp/x". */
static gboolean looks_like_domain (const char *text, gsize length) {
  g_autofree char *name = g_strndup (text, length);
  const char *dot = strrchr (name, '.');

  if (dot == NULL || dot == name || strstr (name, "..") != NULL || strlen (dot) < 3 || looks_like_file (dot + 1))
    return FALSE;
  for (const char *p = dot + 1; *p != '\0'; p++) {
    if (!g_ascii_isalpha (*p) && (guchar) *p < 0x80)
      return g_str_has_prefix (dot + 1, "xn--");
  }
  for (const char *p = name; p < dot; p++) {
    if ((guchar) *p >= 0xE0 && g_str_has_prefix (p, "\xE3\x80\x82")) /* 。: a sentence */
      return FALSE;
  }
  return TRUE;
}

char *links_shown_host (const char *shown) {
  const char *scheme = strstr (shown, "://");
  const char *www = scheme == NULL ? strstr (shown, "www.") : NULL;
  const char *start = shown;
  gsize length = 0;

  while (g_ascii_isspace (*start))
    start++;
  if (scheme != NULL) {
    const char *at;

    start = scheme + 3;
    at = memchr (start, '@', strcspn (start, "/?# \n"));
    start = at != NULL ? at + 1 : start;
  } else if (www != NULL && (www == shown || !is_host_byte (www[-1])))
    start = www;
  while (is_host_byte (start[length]))
    length++;
  while (length > 0 && start[length - 1] == '.')
    length--;
  if (length == 0 || length > MAX_HOST_BYTES)
    return NULL;
  if (scheme == NULL && (start[length] == '@' || (start != www && strpbrk (start + length, " \n\xC2") != NULL)))
    return NULL;
  return scheme != NULL || looks_like_domain (start, length) ? normalize_host (start, length) : NULL;
}

static const char *without_www (const char *host) {
  return g_str_has_prefix (host, "www.") ? host + 4 : host;
}

gboolean links_differ (const LinkTarget *target, const char *shown_host) {
  return strcmp (without_www (target->host), without_www (shown_host)) != 0;
}

gboolean links_record (Links *self, const LinkTarget *target, const char *shown) {
  MugaiTextLink *fact = g_new0 (MugaiTextLink, 1);

  fact->host = g_strdup (target->host);
  fact->shown_host = links_shown_host (shown);
  fact->mismatch = fact->shown_host != NULL && *fact->host != '\0' && links_differ (target, fact->shown_host);
  g_ptr_array_add (self->facts, fact);
  return fact->mismatch;
}

/* The shown text is the target itself, but for the scheme and a slash at the end. */
gboolean links_shows_target (const LinkTarget *target, const char *shown) {
  const char *wanted = target->display;
  g_autofree char *copy = g_strdup (shown);
  const char *scheme;
  gsize length;

  g_strstrip (copy);
  if (strcmp (copy, wanted) == 0)
    return TRUE;
  if ((scheme = strstr (wanted, "://")) == NULL)
    return FALSE;
  wanted = scheme + 3;
  length = strlen (wanted);
  length -= length > 0 && wanted[length - 1] == '/' ? 1 : 0;
  scheme = strstr (copy, "://");
  scheme = scheme != NULL && scheme - copy <= 5 ? scheme + 3 : copy;
  if (g_ascii_strncasecmp (scheme, wanted, length) != 0)
    return FALSE;
  return scheme[length] == '\0' || (scheme[length] == '/' && scheme[length + 1] == '\0');
}

/* Live URLs in text */

/* Where the scheme before the "://" at @colon begins, when it is one that mail readers make a link of. */
static char *live_scheme (char *text, char *colon) {
  static const char *const schemes[] = { "http", "https", "ftp",    "ftps", "sftp", "file", "smb",
                                         "nfs",  "ldap",  "telnet", "ssh",  "ws",   "wss",  "gopher" };

  for (gsize i = 0; i < G_N_ELEMENTS (schemes); i++) {
    gsize length = strlen (schemes[i]);

    if ((gsize) (colon - text) >= length && g_ascii_strncasecmp (colon - length, schemes[i], length) == 0)
      return colon - length;
  }
  return NULL;
}

/* "http:host" and "http:\\host": browsers, and readers that make links of any scheme they know, need no slashes. */
static char *live_bare_scheme (char *text, char *colon) {
  static const char *const schemes[] = { "http", "https", "ftp" };
  gboolean goes_on = colon[1] == '/' || colon[1] == '\\' || g_ascii_isalnum (colon[1]) || (guchar) colon[1] >= 0x80;

  for (gsize i = 0; goes_on && i < G_N_ELEMENTS (schemes); i++) {
    char *scheme = colon - strlen (schemes[i]);

    if (scheme >= text && g_ascii_strncasecmp (scheme, schemes[i], strlen (schemes[i])) == 0
        && (scheme == text || !g_ascii_isalnum (scheme[-1])))
      return scheme;
  }
  return NULL;
}

/* http -> hxxp, ftp -> fxp, file -> fxle, smb -> sxb: same length, same case, nothing that a reader would make a link of. */
static void kill_scheme (char *scheme) {
  gboolean http = g_ascii_tolower (*scheme) == 'h';

  scheme[1] = g_ascii_isupper (scheme[1]) ? 'X' : 'x';
  if (http)
    scheme[2] = g_ascii_isupper (scheme[2]) ? 'X' : 'x';
}

static void record_shown (Links *self, const char *authority) {
  gsize length = strcspn (authority, "/\\?#<>\" \t\n");
  const char *at = g_strrstr_len (authority, (gssize) MIN (length, MAX_DISPLAY_BYTES), "@");
  const char *host = at != NULL ? at + 1 : authority;
  gsize host_length = 0;
  MugaiTextLink *fact;

  while (is_host_byte (host[host_length]))
    host_length++;
  if (host_length == 0 || host_length > MAX_HOST_BYTES || self->facts->len >= MAX_SHOWN_FACTS)
    return;
  fact = g_new0 (MugaiTextLink, 1);
  fact->host = normalize_host (host, host_length);
  fact->shown_host = g_strdup (fact->host);
  g_ptr_array_add (self->facts, fact);
}

void links_make_dead (Links *self, char *text) {
  char *from = text;
  char *colon;

  while ((colon = strchr (from, ':')) != NULL) {
    gboolean slashes = colon[1] == '/' && colon[2] == '/';
    char *scheme = slashes ? live_scheme (from, colon) : live_bare_scheme (from, colon);

    from = colon + 1;
    if (scheme == NULL)
      continue;
    from += strspn (from, "/\\");
    kill_scheme (scheme);
    if (self != NULL)
      record_shown (self, from);
  }
}

void mugai_text_make_dead (char *text) {
  links_make_dead (NULL, text);
}

guint links_number (Links *self, const LinkTarget *target, const char *warning) {
  gboolean noted = target->note != NULL;
  g_autofree char *line = g_strconcat (target->display, noted ? "（" : "", noted ? target->note : "", noted ? "）" : "",
                                       warning != NULL ? " " : "", warning, NULL);
  guint number = GPOINTER_TO_UINT (g_hash_table_lookup (self->numbers, line));

  if (number > 0)
    return number;
  g_ptr_array_add (self->entries, line);
  number = self->entries->len;
  g_hash_table_insert (self->numbers, line, GUINT_TO_POINTER (number));
  (void) g_steal_pointer (&line);
  return number;
}
