/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/writer-values: structured header values read by hand and written again in one form.
 *
 * A value passes only as what it claims to be: a date that is one, ids with the characters of ids. So nothing rides
 * on a field that mail clients need for threading and sorting. Linear time. Pure; any thread.
 */
#include <string.h>

#include "writer.h"

#define MAX_ID_BYTES 500u     /* Exchange writes about 120; one must fit a line of 998 */
#define MAX_URL_BYTES 900u    /* likewise */
#define MAX_TRACE_BYTES 1500u /* of one Received; real ones stay under 600 */
#define MAX_TRACE_TOKEN 200u
#define MAX_TOKEN_FIELD 200u
#define LINE_OCTETS 76u

/* ---- dates ---- */

typedef struct {
  const char *at;
} Cursor;

/* Blanks and comments (nested ones by counting). */
static void skip_blanks (Cursor *cursor) {
  guint depth = 0;
  for (;; cursor->at++) {
    char c = *cursor->at;
    if (c == '(')
      depth++;
    else if (c == ')' && depth > 0)
      depth--;
    else if (c == '\0' || (depth == 0 && !g_ascii_isspace (c)))
      return;
  }
}

static int read_number (Cursor *cursor, guint min_digits, guint max_digits, guint *ret_digits) {
  int value = 0;
  guint n = 0;
  skip_blanks (cursor);
  for (; n < max_digits && g_ascii_isdigit (*cursor->at); n++)
    value = value * 10 + (*cursor->at++ - '0');
  if (ret_digits != NULL)
    *ret_digits = n;
  return n >= min_digits && !g_ascii_isdigit (*cursor->at) ? value : -1;
}

static int read_month (Cursor *cursor) {
  static const char months[] = "janfebmaraprmayjunjulaugsepoctnovdec";
  skip_blanks (cursor);
  g_autofree char *name = g_ascii_strdown (cursor->at, (gssize) strnlen (cursor->at, 3));
  const char *found = strlen (name) == 3 ? strstr (months, name) : NULL;
  if (found == NULL || (found - months) % 3 != 0)
    return -1;
  while (g_ascii_isalpha (*cursor->at)) /* "September" in full */
    cursor->at++;
  return (int) (found - months) / 3 + 1;
}

static gboolean read_char (Cursor *cursor, char c) {
  skip_blanks (cursor);
  if (*cursor->at != c)
    return FALSE;
  cursor->at++;
  return TRUE;
}

/* Offset from UTC [minutes] into @ret. Names of zones that RFC 5322 4.3 lists; unknown ones mean -0000. */
static gboolean read_zone (Cursor *cursor, int *ret) {
  static const struct {
    const char *name;
    int minutes;
  } zones[] = { { "ut", 0 },     { "utc", 0 },    { "gmt", 0 },    { "est", -300 }, { "edt", -240 }, { "cst", -360 },
                { "cdt", -300 }, { "mst", -420 }, { "mdt", -360 }, { "pst", -480 }, { "pdt", -420 }, { "jst", 540 } };
  skip_blanks (cursor);
  *ret = 0;
  if (*cursor->at == '+' || *cursor->at == '-') {
    int sign = *cursor->at++ == '-' ? -1 : 1;
    int value = read_number (cursor, 4, 4, NULL);
    *ret = sign * (value / 100 * 60 + value % 100);
    return value >= 0 && value / 100 <= 14 && value % 100 < 60;
  }
  for (guint i = 0; i < G_N_ELEMENTS (zones); i++)
    if (g_ascii_strncasecmp (cursor->at, zones[i].name, strlen (zones[i].name)) == 0
        && !g_ascii_isalnum (cursor->at[strlen (zones[i].name)]))
      *ret = zones[i].minutes;
  return TRUE;
}

static void skip_weekday (Cursor *cursor) {
  skip_blanks (cursor);
  Cursor ahead = *cursor;
  while (g_ascii_isalpha (*ahead.at))
    ahead.at++;
  skip_blanks (&ahead);
  if (ahead.at != cursor->at && (*ahead.at == ',' || g_ascii_isdigit (*ahead.at)))
    cursor->at = ahead.at + (*ahead.at == ',' ? 1 : 0);
}

static int full_year (int year, guint digits) {
  if (digits == 2)
    return year + (year < 50 ? 2000 : 1900);
  return digits == 3 ? year + 1900 : year;
}

char *mugai_writer_date (const char *text) {
  static const char *const weekdays[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
  static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
  Cursor cursor = { text };
  guint year_digits;
  int second = 0, zone;
  skip_weekday (&cursor);
  int day = read_number (&cursor, 1, 2, NULL);
  int month = read_month (&cursor);
  int year = read_number (&cursor, 2, 4, &year_digits);
  int hour = read_number (&cursor, 1, 2, NULL);
  int minute = read_char (&cursor, ':') ? read_number (&cursor, 2, 2, NULL) : -1;
  if (minute >= 0 && read_char (&cursor, ':'))
    second = read_number (&cursor, 1, 2, NULL);
  if (day < 1 || month < 1 || year < 0 || hour < 0 || minute < 0 || second < 0 || second > 60
      || !read_zone (&cursor, &zone))
    return NULL;
  year = full_year (year, year_digits);
  g_autoptr (GDateTime) date = g_date_time_new_utc (year, month, day, hour, minute, MIN (second, 59));
  if (date == NULL || year < 1970)
    return NULL;
  return g_strdup_printf ("%s, %d %s %04d %02d:%02d:%02d %c%02d%02d", weekdays[g_date_time_get_day_of_week (date) - 1],
                          day, months[month - 1], year, hour, minute, second, zone < 0 ? '-' : '+', ABS (zone) / 60,
                          ABS (zone) % 60);
}

/* ---- message ids ---- */

static gboolean is_id_char (guchar c) {
  return g_ascii_isalnum ((char) c) || (c != '\0' && strchr ("!#$%&'*+-/=?^_`{|}~.@:[],", c) != NULL);
}

/* Length of the id at @text ("<…>"), or 0. */
static gsize id_length (const char *text) {
  gsize i = 1;
  guint ats = 0;
  for (; is_id_char ((guchar) text[i]) && i < MAX_ID_BYTES; i++)
    ats += text[i] == '@' ? 1 : 0;
  if (text[i] != '>' || i < 3 || ats > 1)
    return 0;
  gboolean word = g_strstr_len (text, (gssize) i, "=?") != NULL; /* nothing that a client might decode */
  return word ? 0 : i + 1;
}

GPtrArray *mugai_writer_message_ids (const char *text, guint max) {
  GPtrArray *ids = g_ptr_array_new_with_free_func (g_free);
  for (const char *p = strchr (text, '<'); p != NULL; p = strchr (p + 1, '<')) {
    gsize length = id_length (p);
    if (length > 0)
      g_ptr_array_add (ids, g_strndup (p, length));
  }
  /* RFC 5322 3.6.4: the first and the newest ids matter. */
  if (ids->len > max)
    g_ptr_array_remove_range (ids, 1, ids->len - max);
  return ids;
}

/* ---- URLs of List-* ---- */

static gboolean is_url_char (guchar c) {
  return g_ascii_isalnum ((char) c) || (c != '\0' && strchr ("-._~:/?#[]@!$&'()*+,;=%", c) != NULL);
}

static gsize url_length (const char *text) {
  gsize i = 1;
  while (i < MAX_URL_BYTES && is_url_char ((guchar) text[i]))
    i++;
  if (text[i] != '>' || g_strstr_len (text, (gssize) i, "=?") != NULL)
    return 0;
  if (g_ascii_strncasecmp (text + 1, "https:", 6) != 0 && g_ascii_strncasecmp (text + 1, "http:", 5) != 0
      && g_ascii_strncasecmp (text + 1, "mailto:", 7) != 0)
    return 0;
  return i + 1;
}

GPtrArray *mugai_writer_urls (const char *text) {
  GPtrArray *urls = g_ptr_array_new_with_free_func (g_free);
  for (const char *p = strchr (text, '<'); p != NULL && urls->len < 8; p = strchr (p + 1, '<')) {
    gsize length = url_length (p);
    if (length > 0)
      g_ptr_array_add (urls, g_strndup (p, length));
  }
  return urls;
}

/* ---- trace lines and tokens ---- */

static gboolean is_trace_char (guchar c) {
  return g_ascii_isalnum ((char) c) || (c != '\0' && strchr (" .-_:;@<>()[]+=/,", c) != NULL);
}

char *mugai_writer_trace (const char *text) {
  const char *semicolon = strrchr (text, ';');
  g_autofree char *date = semicolon != NULL ? mugai_writer_date (semicolon + 1) : NULL;
  if (date == NULL || (gsize) (semicolon - text) > MAX_TRACE_BYTES)
    return NULL;
  g_autoptr (GString) out = g_string_new (NULL);
  gsize token = 0;
  for (const char *p = text; p < semicolon; p++) {
    gboolean blank = g_ascii_isspace (*p);
    if (((guchar) *p & 0xC0) == 0x80)
      continue; /* one "?" for a character */
    token = blank ? 0 : token + 1;
    if (token > MAX_TRACE_TOKEN || (blank && out->len > 0 && out->str[out->len - 1] == ' '))
      continue;
    g_string_append_c (out, blank ? ' ' : is_trace_char ((guchar) *p) ? *p : '?');
  }
  if (strstr (out->str, "=?") != NULL)
    return NULL;
  return g_strdup_printf ("%s; %s", g_strstrip (out->str), date);
}

char *mugai_writer_token (const char *text) {
  gsize length = strlen (text);
  if (length == 0 || length > MAX_TOKEN_FIELD || strstr (text, "=?") != NULL)
    return NULL;
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isalnum (text[i]) && strchr (" -._,;=()/+@:<>", text[i]) == NULL)
      return NULL;
  return g_strdup (text);
}

gboolean mugai_writer_put_tokens (GString *out, const char *name, const GPtrArray *tokens, const char *separator) {
  if (tokens->len == 0)
    return FALSE;
  g_string_append_printf (out, "%s:", name);
  gsize column = strlen (name) + 1;
  for (guint i = 0; i < tokens->len; i++) {
    const char *token = g_ptr_array_index (tokens, i);
    gsize length = strlen (token) + strlen (separator) + 1;
    if (column + length > LINE_OCTETS && column > strlen (name) + 1) {
      g_string_append (out, "\r\n");
      column = 0;
    }
    g_string_append_printf (out, " %s%s", token, i + 1 < tokens->len ? separator : "");
    column += length;
  }
  g_string_append (out, "\r\n");
  return TRUE;
}
