/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/reader-multipart: the boundary of a multipart, and its body cut at the delimiter lines.
 *
 * Strict: a delimiter is "--boundary" with nothing but blanks behind it. Everything that another reader could
 * take for one, or for the parameter, is bad-boundary. Linear time. Any thread.
 */
#include <string.h>

#include "encoding.h"
#include "reader.h"

#define MAX_QUIET_TEXT_BYTES 1024u /* of a preamble: "This is a multi-part message in MIME format." in any language */
#define MAX_EPILOGUE_BYTES 1024u   /* of an epilogue: a mailing list's footer */

#define MAX_LONGER_LINES                                                                                               \
  16u /* of nested boundaries that begin with this one: one for the delimiter and one for its end, for each */

/* ---- the parameter ---- */

static gboolean is_boundary_char (guchar c) {
  return g_ascii_isalnum ((char) c) || (c != '\0' && strchr ("'()+_,-./:=? ", c) != NULL);
}

/* Where senders go beyond bchars but no reader differs (quoted "{", "!", "#", "@" ...). */
static gboolean is_tolerated_boundary_char (guchar c) {
  return is_boundary_char (c) || (c != '\0' && strchr ("!#$%&*@[]^`{|}~<>;", c) != NULL);
}

/* Counts "boundary" followed by '=' or '*' behind a ';', outside quotes; @ret_value: what follows the first '='. */
static guint count_boundaries (const char *raw, gsize length, gboolean *ret_encoded, const char **ret_value) {
  guint n = 0;
  gboolean quoted = FALSE;
  for (gsize i = 0; i < length; i++) {
    if (quoted && raw[i] == '\\') {
      i++;
    } else if (raw[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && raw[i] == ';') {
      gsize j = i + 1;
      while (j < length && (g_ascii_isspace (raw[j])))
        j++;
      if (length - j < 8 || g_ascii_strncasecmp (raw + j, "boundary", 8) != 0)
        continue;
      for (j += 8; j < length && g_ascii_isspace (raw[j]); j++)
        ;
      if (j >= length || (raw[j] != '=' && raw[j] != '*'))
        continue;
      n++;
      *ret_encoded = *ret_encoded || raw[j] == '*';
      if (*ret_value == NULL)
        *ret_value = raw + j + 1;
    }
  }
  return n;
}

/* A line end and one blank: unfolds to the blank for everybody. */
static gboolean is_plain_fold (const char *lf, const char *end) {
  return lf + 2 < end && lf[1] == ' ' && !g_ascii_isspace (lf[2]) && !g_ascii_isspace (lf[-1]);
}

/* The value as written: quoted-pairs, comments and blanks without quotes are read differently by different readers. */
static gboolean value_is_plain (const char *value, const char *end) {
  while (value < end && g_ascii_isspace (*value))
    value++;
  if (value < end && *value == '"') {
    for (value++; value < end && *value != '"'; value++)
      if (*value == '\\' || (*value == '\n' && !is_plain_fold (value, end)))
        return FALSE;
    if (value == end)
      return FALSE;
    for (value++; value < end && g_ascii_isspace (*value); value++)
      ;
    return value == end || *value == ';';
  }
  while (value < end && !g_ascii_isspace (*value) && *value != ';') {
    if (strchr ("()\"\\,", *value) != NULL)
      return FALSE;
    value++;
  }
  while (value < end && g_ascii_isspace (*value))
    value++;
  return value == end || *value == ';';
}

char *mugai_reader_boundary (const MugaiHeaderParameterised *type, const char *raw, gsize raw_bytes,
                             guint64 *oddities) {
  gboolean encoded = FALSE;
  const char *value = NULL;
  guint n = count_boundaries (raw, raw_bytes, &encoded, &value);
  const char *boundary = mugai_header_parameter (type, "boundary");
  gsize length = boundary != NULL ? strlen (boundary) : 0;
  gboolean bad = n != 1 || encoded || length == 0 || length > MUGAI_MAIL_MAX_BOUNDARY_BYTES
                 || !value_is_plain (value, raw + raw_bytes);
  for (gsize i = 0; i < length; i++)
    bad = bad || !is_tolerated_boundary_char ((guchar) boundary[i]);
  if (length > 0 && (boundary[length - 1] == ' ' || boundary[0] == ' ' || g_str_has_prefix (boundary, "=?")))
    bad = TRUE;
  if (bad)
    *oddities |= MUGAI_BIT (MUGAI_ODDITY_BAD_BOUNDARY);
  return length > 0 ? g_strchomp (g_strdup (boundary)) : NULL;
}

/* ---- the body ---- */

typedef enum { NO_DELIMITER, DELIMITER, CLOSE_DELIMITER, ODD_DELIMITER } Delimiter;

static Delimiter classify_line (const char *line, gsize length, const char *boundary, gsize boundary_length) {
  if (length < 2 + boundary_length || line[0] != '-' || line[1] != '-'
      || memcmp (line + 2, boundary, boundary_length) != 0)
    return NO_DELIMITER;
  const char *rest = line + 2 + boundary_length;
  const char *end = line + length;
  gboolean close = end - rest >= 2 && rest[0] == '-' && rest[1] == '-';
  if (close)
    rest += 2;
  while (rest < end && (*rest == ' ' || *rest == '\t'))
    rest++;
  if (rest < end)
    return ODD_DELIMITER;
  return close ? CLOSE_DELIMITER : DELIMITER;
}

/* A preamble or epilogue that nobody misses: short prose without anything that looks like MIME or encoded data. */
static gboolean is_quiet (const char *data, gsize length, gsize max_bytes) {
  gsize start = 0;
  while (start < length && g_ascii_isspace (data[start]))
    start++;
  while (length > start && g_ascii_isspace (data[length - 1]))
    length--;
  if (length == start)
    return TRUE;
  if (length - start > max_bytes)
    return FALSE;
  g_autofree char *text = g_ascii_strdown (data + start, (gssize) (length - start));
  if (strstr (text, "content-") != NULL || g_str_has_prefix (text, "--") || strstr (text, "\n--") != NULL)
    return FALSE;
  g_autoptr (GPtrArray) blocks = mugai_encoding_find_in_body (data + start, length - start);
  return blocks->len == 0;
}

/* Eudora's nested boundaries begin with the outer one ("B" and "B.REL"). RFC 2046 allows reading them as the outer one, nobody
 * does: let pass where the longer one is declared in the same body. */
static gboolean is_declared_longer (const char *data, gsize length_bytes, const char *line, gsize length) {
  while (length > 0 && (line[length - 1] == ' ' || line[length - 1] == '\t'))
    length--;
  if (length > 4 && line[length - 1] == '-' && line[length - 2] == '-')
    length -= 2;
  if (length < 3 || length > 2 + MUGAI_MAIL_MAX_BOUNDARY_BYTES)
    return FALSE;
  g_autofree char *quoted = g_strdup_printf ("boundary=\"%.*s\"", (int) length - 2, line + 2);
  if (memmem (data, length_bytes, quoted, strlen (quoted)) != NULL)
    return TRUE;
  g_autofree char *bare = g_strdup_printf ("boundary=%.*s", (int) length - 2, line + 2);
  const char *found = memmem (data, length_bytes, bare, strlen (bare));
  const char *behind = found != NULL ? found + strlen (bare) : data + length_bytes;
  return behind < data + length_bytes && strchr (";\r\n \t", *behind) != NULL && *behind != '\0';
}

typedef struct {
  ReaderSplit *split;
  gsize part_start; /* of the part being read */
  gboolean in_part, closed;
  guint max_parts;
  guint n_longer;         /* lines looked up as longer boundaries: each costs a search ... */
  const char *known_line; /* ... but not the one that was found last */
  gsize known_length;
} SplitState;

static void end_part (SplitState *state, gsize end) {
  ReaderRange range = { state->part_start, MAX (end, state->part_start) };
  if (state->in_part)
    g_array_append_val (state->split->parts, range);
  else if (!state->closed)
    state->split->preamble.end = range.end;
  state->in_part = FALSE;
}

/* A line that only begins as a delimiter: nothing more than content where a nested multipart declares it. */
static Delimiter check_odd_line (SplitState *state, const char *data, gsize length_bytes, const char *line,
                                 gsize length) {
  if (state->closed)
    return ODD_DELIMITER;
  if (state->known_line != NULL && length == state->known_length && memcmp (line, state->known_line, length) == 0)
    return NO_DELIMITER;
  if (state->n_longer >= MAX_LONGER_LINES || (state->split->oddities & MUGAI_BIT (MUGAI_ODDITY_BAD_BOUNDARY)) != 0)
    return ODD_DELIMITER; /* what is bad already gets no better by searching */
  state->n_longer++;
  if (!is_declared_longer (data, length_bytes, line, length))
    return ODD_DELIMITER;
  state->known_line = line;
  state->known_length = length;
  return NO_DELIMITER;
}

/* @before: where the part ends when this line is a delimiter: before the line end in front of it. */
static void split_line (SplitState *state, Delimiter kind, gsize before, gsize next) {
  /* A closing delimiter twice over closes nothing more. */
  if (state->closed && kind == CLOSE_DELIMITER && before <= state->part_start + 2) {
    state->part_start = next;
    return;
  }
  if (kind == ODD_DELIMITER || (state->closed && kind != NO_DELIMITER))
    state->split->oddities |= MUGAI_BIT (MUGAI_ODDITY_BAD_BOUNDARY);
  if (state->closed || kind == NO_DELIMITER || kind == ODD_DELIMITER)
    return;
  if (kind == DELIMITER && state->in_part && state->split->parts->len + 1 >= state->max_parts) {
    state->split->oddities |= MUGAI_BIT (MUGAI_ODDITY_PART_LIMIT);
    return; /* the part in hand goes on to the end */
  }
  end_part (state, before);
  state->part_start = next;
  state->in_part = kind == DELIMITER;
  state->closed = kind == CLOSE_DELIMITER;
}

static void finish_split (SplitState *state, const char *data, gsize length_bytes) {
  ReaderSplit *split = state->split;
  if (!state->closed) {
    split->oddities |= MUGAI_BIT (MUGAI_ODDITY_UNCLOSED_MULTIPART);
    end_part (state, length_bytes);
  } else {
    split->epilogue = (ReaderRange){ state->part_start, length_bytes };
  }
  if (!is_quiet (data + split->preamble.start, split->preamble.end - split->preamble.start, MAX_QUIET_TEXT_BYTES)
      || !is_quiet (data + split->epilogue.start, split->epilogue.end - split->epilogue.start, MAX_EPILOGUE_BYTES))
    split->oddities |= MUGAI_BIT (MUGAI_ODDITY_HIDDEN_TEXT_IN_MULTIPART);
}

void mugai_reader_split (ReaderSplit *split, const char *data, gsize length_bytes, const char *boundary,
                         guint max_parts) {
  memset (split, 0, sizeof *split);
  data = data != NULL ? data : ""; /* an empty GBytes has none */
  split->parts = g_array_new (FALSE, FALSE, sizeof (ReaderRange));
  SplitState state = { .split = split, .max_parts = MAX (max_parts, 1) };
  gsize boundary_length = strlen (boundary), before = 0;
  for (gsize at = 0; at < length_bytes;) {
    const char *line = data + at;
    const char *lf = memchr (line, '\n', length_bytes - at);
    gsize length = lf != NULL ? (gsize) (lf - line) : length_bytes - at;
    gsize next = at + length + (lf != NULL ? 1 : 0);
    if (length > 0 && line[length - 1] == '\r')
      length--;
    Delimiter kind = classify_line (line, length, boundary, boundary_length);
    if (kind == ODD_DELIMITER)
      kind = check_odd_line (&state, data, length_bytes, line, length);
    split_line (&state, kind, before, next);
    before = at + length;
    at = next;
  }
  finish_split (&state, data, length_bytes);
}

void mugai_reader_split_clear (ReaderSplit *split) {
  g_clear_pointer (&split->parts, g_array_unref);
}
