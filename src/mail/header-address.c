/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/header-address: address lists, as RFC 5322 has them and as people write them.
 *
 * One pass, no recursion: a list is cut at commas outside quotes, comments, angles and encoded words; each entry is
 * then understood by itself. What is odd is noted, and no text is lost: what is no address becomes a name.
 */
#include "mugai/mail/header.h"

#include <string.h>

#include "header-words.h"

#define OPEN_COMMENTS_TRIED 16u /* each costs a look at the rest: bounded */

/* The entry being read. */
typedef struct {
  GString *phrase;   /* quoted strings opened, comments left out */
  GString *full;     /* the same with the comments */
  GString *comments; /* their text alone */
  GString *written;  /* as written but for comments: the address, when there are no angles */
  GString *angle;    /* between < and > */
  gboolean has_angle;
  gboolean has_at; /* an @ in written, outside quotes and encoded words */
  gboolean has_word;
} Entry;

typedef struct {
  const char *at;
  const char *end;
  const char *last_semicolon; /* in the whole text */
  GPtrArray *addresses;
  const char *hint;
  guint odd;
  Entry entry;
  char *group;       /* display name of the group being read, or NULL */
  guint group_start; /* addresses before it */
  guint open_comments;
  gboolean no_closing_quote; /* a search failed: none is made again, which keeps this linear */
  gboolean no_closing_angle;
  MugaiHeaderWordScan scan;
} Reader;

static void address_free (gpointer data) {
  MugaiHeaderAddress *address = data;
  g_free (address->name);
  g_free (address->address);
  g_free (address);
}

static void entry_init (Entry *entry) {
  *entry = (Entry){ g_string_new (NULL),
                    g_string_new (NULL),
                    g_string_new (NULL),
                    g_string_new (NULL),
                    g_string_new (NULL),
                    FALSE,
                    FALSE,
                    FALSE };
}

static void entry_reset (Entry *entry) {
  g_string_truncate (entry->phrase, 0);
  g_string_truncate (entry->full, 0);
  g_string_truncate (entry->comments, 0);
  g_string_truncate (entry->written, 0);
  g_string_truncate (entry->angle, 0);
  entry->has_angle = entry->has_at = entry->has_word = FALSE;
}

static void entry_clear (Entry *entry) {
  g_string_free (entry->phrase, TRUE);
  g_string_free (entry->full, TRUE);
  g_string_free (entry->comments, TRUE);
  g_string_free (entry->written, TRUE);
  g_string_free (entry->angle, TRUE);
}

static gboolean is_all_blank (const char *text) {
  return text[strspn (text, " \t\r\n")] == '\0';
}

/* ---- one entry ---- */

static char *decode_name (Reader *reader, const char *text) {
  g_autofree char *decoded = mugai_header_decode_words (text, strlen (text), reader->hint, &reader->odd);
  return mugai_header_finish (mugai_header_cut_injected (decoded, &reader->odd), MUGAI_HEADER_MAX_VALUE_BYTES,
                              &reader->odd);
}

static gboolean is_address_char (guchar c) {
  return g_ascii_isalnum ((char) c) || (c != '\0' && strchr ("!#$%&'*+/=?^_`{|}~.-", c) != NULL);
}

/* "a..b"@docomo.ne.jp is a..b@docomo.ne.jp (RFC 5321 4.1.2), and only the latter can be written without quotes. NULL: @address is
 * not of this kind, or what is quoted is more than dots and letters. */
static char *without_quotes (const char *address) {
  const char *stop = *address == '"' ? strchr (address + 1, '"') : NULL;
  if (stop == NULL || stop == address + 1 || stop[1] != '@')
    return NULL;
  for (const char *at = address + 1; at < stop; at++)
    if (!is_address_char ((guchar) *at))
      return NULL;
  return g_strdup_printf ("%.*s%s", (int) (stop - address - 1), address + 1, stop + 1);
}

static void add_address (Reader *reader, const char *name, const char *address) {
  g_autofree char *safe_name = decode_name (reader, name);
  g_autofree char *bare = without_quotes (address);
  g_autofree char *safe_address =
      mugai_header_finish (bare != NULL ? bare : address, MUGAI_HEADER_MAX_VALUE_BYTES, &reader->odd);
  if (*safe_name == '\0' && *safe_address == '\0')
    return;
  if (reader->addresses->len >= MUGAI_HEADER_MAX_ADDRESSES) {
    reader->odd |= MUGAI_HEADER_ODD_LIMIT;
    reader->at = reader->end;
    return;
  }
  MugaiHeaderAddress *entry = g_new0 (MugaiHeaderAddress, 1);
  entry->name = g_steal_pointer (&safe_name);
  entry->address = g_steal_pointer (&safe_address);
  g_ptr_array_add (reader->addresses, entry);
}

/* Appends [@at, @end) without blanks and comments; quoted strings as they are. */
static void append_bare (GString *out, const char *at, const char *end) {
  gboolean comments = TRUE, quotes = TRUE;
  while (at < end) {
    const char *stop = NULL;
    if (*at == '"' && quotes) {
      stop = mugai_header_quoted_end (at, end);
      quotes = stop != NULL;
      if (stop != NULL)
        g_string_append_len (out, at, stop + 1 - at);
    } else if (*at == '(' && comments) {
      stop = mugai_header_comment_end (at, end);
      comments = stop != NULL;
    }
    if (stop == NULL && !mugai_header_is_blank (*at))
      g_string_append_c (out, *at);
    at = stop != NULL ? stop + 1 : at + 1;
  }
}

/* <@relay1,@relay2:user@host>: the route is obsolete and ignored. */
static const char *skip_route (const char *address) {
  const char *colon = *address == '@' ? strchr (address, ':') : NULL;
  return colon != NULL ? colon + 1 : address;
}

static void flush_angle_entry (Reader *reader) {
  Entry *entry = &reader->entry;
  g_autoptr (GString) bare = g_string_new (NULL);
  append_bare (bare, entry->angle->str, entry->angle->str + entry->angle->len);
  add_address (reader, is_all_blank (entry->phrase->str) ? entry->comments->str : entry->full->str,
               skip_route (bare->str));
}

/* Blanks around dots and @ are allowed by the obsolete syntax; any other blank inside means that the angles are
 * missing ("Taro taro@example.jp"), and the last word with an @ is the address. Returns: where it starts. */
static gsize find_bare_address (const char *written) {
  if (*written == '"')
    return 0;
  const char *start = written, *last_at = strrchr (written, '@');
  for (const char *at = written; *at != '\0'; at++) {
    if (!mugai_header_is_blank (*at))
      continue;
    const char *next = at + strspn (at, " \t\r\n");
    gboolean joint = at > written && (at[-1] == '.' || at[-1] == '@');
    if (!joint && *next != '.' && *next != '@' && *next != '\0')
      start = last_at != NULL && next <= last_at ? next : start;
    at = next - 1;
  }
  return (gsize) (start - written);
}

static void flush_bare_entry (Reader *reader) {
  Entry *entry = &reader->entry;
  g_strstrip (entry->written->str);
  entry->written->len = strlen (entry->written->str);
  const char *written = entry->written->str;
  gboolean atom = !entry->has_word && *written != '"' && strpbrk (written, " \t\r\n") == NULL;
  if (!entry->has_at && (!atom || !g_str_is_ascii (written))) {
    add_address (reader, is_all_blank (entry->phrase->str) ? entry->comments->str : entry->full->str, "");
    return;
  }
  gsize start = find_bare_address (written);
  g_autofree char *before = g_strndup (written, start);
  g_autoptr (GString) bare = g_string_new (NULL);
  append_bare (bare, written + start, written + entry->written->len);
  if (start != 0)
    reader->odd |= MUGAI_HEADER_ODD_SYNTAX;
  add_address (reader, start != 0 ? before : entry->comments->str, bare->str);
}

static void flush_entry (Reader *reader) {
  if (reader->entry.has_angle)
    flush_angle_entry (reader);
  else
    flush_bare_entry (reader);
  entry_reset (&reader->entry);
}

/* ---- tokens; each moves reader->at on ---- */

static void append_text (Entry *entry, const char *at, gsize length) {
  g_string_append_len (entry->phrase, at, (gssize) length);
  g_string_append_len (entry->full, at, (gssize) length);
  g_string_append_len (entry->written, at, (gssize) length);
}

static void read_quoted (Reader *reader) {
  const char *stop = reader->no_closing_quote ? NULL : mugai_header_quoted_end (reader->at, reader->end);
  if (stop == NULL) { /* read on as if it were not there: the address behind it counts */
    reader->no_closing_quote = TRUE;
    reader->odd |= MUGAI_HEADER_ODD_SYNTAX;
    reader->at++;
    return;
  }
  gsize old = reader->entry.phrase->len;
  mugai_header_append_unescaped (reader->entry.phrase, reader->at + 1, stop);
  g_string_append (reader->entry.full, reader->entry.phrase->str + old);
  g_string_append_len (reader->entry.written, reader->at, stop + 1 - reader->at);
  reader->at = stop + 1;
}

static void read_comment (Reader *reader) {
  Entry *entry = &reader->entry;
  gboolean try = reader->open_comments < OPEN_COMMENTS_TRIED;
  const char *stop = try ? mugai_header_comment_end (reader->at, reader->end) : NULL;
  if (stop == NULL) {
    reader->open_comments++;
    reader->odd |= MUGAI_HEADER_ODD_SYNTAX;
    append_text (entry, reader->at++, 1);
    return;
  }
  if (entry->comments->len != 0)
    g_string_append_c (entry->comments, ' ');
  mugai_header_append_unescaped (entry->comments, reader->at + 1, stop);
  g_string_append_c (entry->full, '(');
  mugai_header_append_unescaped (entry->full, reader->at + 1, stop);
  g_string_append_c (entry->full, ')');
  g_string_append_c (entry->written, ' ');
  reader->at = stop + 1;
}

static const char *find_angle_end (const char *at, const char *end) {
  gboolean quotes = TRUE;
  for (; at < end && *at != '>'; at++) {
    const char *stop = *at == '"' && quotes ? mugai_header_quoted_end (at, end) : NULL;
    quotes = quotes && (*at != '"' || stop != NULL);
    at = stop != NULL ? stop : at;
  }
  return at < end ? at : NULL;
}

static void read_angle (Reader *reader) {
  if (reader->entry.has_angle) { /* a second address without a comma: both are shown */
    reader->odd |= MUGAI_HEADER_ODD_SYNTAX;
    flush_entry (reader);
    if (reader->at == reader->end)
      return;
  }
  const char *start = reader->at + 1;
  const char *stop = reader->no_closing_angle ? NULL : find_angle_end (start, reader->end);
  reader->at = stop != NULL ? stop + 1 : reader->end;
  if (stop == NULL) {
    reader->no_closing_angle = TRUE;
    reader->odd |= MUGAI_HEADER_ODD_SYNTAX;
    stop = memchr (start, ',', (gsize) (reader->end - start));
    stop = stop != NULL ? stop : reader->end;
    reader->at = stop;
  }
  reader->entry.has_angle = TRUE;
  g_string_append_len (reader->entry.angle, start, stop - start);
}

static void close_group (Reader *reader) {
  flush_entry (reader);
  if (reader->addresses->len == reader->group_start)
    add_address (reader, reader->group, "");
  g_clear_pointer (&reader->group, g_free);
}

/* A group starts only where a ';' can end it; else the colon is text ("Re: someone <a@b>"). Groups do not nest. */
static void read_colon (Reader *reader) {
  Entry *entry = &reader->entry;
  gboolean opens = reader->group == NULL && !entry->has_angle && !entry->has_at && reader->at < reader->last_semicolon;
  if (opens) {
    reader->group = g_strdup (entry->full->str);
    reader->group_start = reader->addresses->len;
    entry_reset (entry);
  } else {
    reader->odd |= reader->group != NULL ? MUGAI_HEADER_ODD_LIMIT : MUGAI_HEADER_ODD_SYNTAX;
    append_text (entry, reader->at, 1);
  }
  reader->at++;
}

static void read_separator (Reader *reader) {
  gboolean semicolon = *reader->at++ == ';';
  if (semicolon && reader->group != NULL) {
    close_group (reader);
    return;
  }
  if (semicolon) /* Outlook's list separator, leaked */
    reader->odd |= MUGAI_HEADER_ODD_SYNTAX;
  flush_entry (reader);
}

/* An encoded word is one token here, even where its Q text holds what the grammar forbids. */
static gboolean read_word (Reader *reader) {
  MugaiHeaderWord word;
  if (*reader->at != '=' || !mugai_header_find_word (reader->at, reader->end, &reader->scan, &word))
    return FALSE;
  for (gsize i = 0; i < word.text_length; i++)
    if (strchr ("<>,\"", word.text[i]) != NULL)
      reader->odd |= MUGAI_HEADER_ODD_SYNTAX;
  reader->entry.has_word = TRUE;
  append_text (&reader->entry, reader->at, word.length);
  reader->at += word.length;
  return TRUE;
}

static void read_character (Reader *reader) {
  if (*reader->at == '@')
    reader->entry.has_at = TRUE;
  if (*reader->at == '>' || *reader->at == ')')
    reader->odd |= MUGAI_HEADER_ODD_SYNTAX;
  append_text (&reader->entry, reader->at++, 1);
}

static void read_token (Reader *reader) {
  switch (*reader->at) {
  case '"':
    read_quoted (reader);
    break;
  case '(':
    read_comment (reader);
    break;
  case '<':
    read_angle (reader);
    break;
  case ':':
    read_colon (reader);
    break;
  case ',':
  case ';':
    read_separator (reader);
    break;
  default:
    if (!read_word (reader))
      read_character (reader);
  }
}

GPtrArray *mugai_header_parse_addresses (const char *raw, gsize length_bytes, const char *hint, guint *ret_odd) {
  Reader reader = { .hint = hint, .addresses = g_ptr_array_new_with_free_func (address_free) };
  g_autofree char *text = mugai_header_to_utf8 (raw, length_bytes, hint, &reader.odd);
  reader.at = text;
  reader.end = text + strlen (text);
  reader.last_semicolon = strrchr (text, ';');
  if (reader.last_semicolon == NULL)
    reader.last_semicolon = text;
  entry_init (&reader.entry);
  while (reader.at < reader.end)
    read_token (&reader);
  if (reader.group != NULL)
    close_group (&reader);
  else
    flush_entry (&reader);
  entry_clear (&reader.entry);
  if (ret_odd != NULL)
    *ret_odd |= reader.odd;
  return reader.addresses;
}

/* ---- imitation ---- */

gboolean mugai_header_name_imitates (const char *name, const char *address) {
  g_autofree char *folded = g_utf8_normalize (name, -1, G_NORMALIZE_NFKC);
  g_autofree char *lower = g_utf8_strdown (folded != NULL ? folded : name, -1);
  g_autofree char *own = g_ascii_strdown (address, -1);
  for (const char *at = strchr (lower, '@'); at != NULL; at = strchr (at + 1, '@')) {
    const char *start = at, *end = at + 1;
    while (start > lower && is_address_char ((guchar) start[-1]))
      start--;
    while (g_ascii_isalnum (*end) || *end == '-' || *end == '.')
      end++;
    while (start < at && *start == '\'') /* 'a@b' via list */
      start++;
    while (end > at + 1 && end[-1] == '.')
      end--;
    g_autofree char *shown = g_strndup (start, (gsize) (end - start));
    if (start < at && memchr (at, '.', (gsize) (end - at)) != NULL && !g_str_equal (shown, own))
      return TRUE;
  }
  return FALSE;
}
