/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/reader-header: a header block, line by line, into fields; and the checks on raw lines that have to
 * come before any library sees the message (limits, NUL, bare CR and LF, nested address groups).
 *
 * Reads as Postfix and Python do where lines are no header: the block ends there. Every such place is an
 * oddity, because others go on. Linear time. Any thread.
 */
#include <string.h>

#include "reader.h"

#define MAX_LINE_BYTES 998u /* RFC 5322 2.1.1, without CRLF */

static void field_free (MugaiMailField *field) {
  g_free (field->name);
  g_free (field->raw);
  g_free (field);
}

void mugai_reader_header_clear (ReaderHeader *header) {
  g_clear_pointer (&header->fields, g_ptr_array_unref);
}

const MugaiMailField *mugai_reader_header_field (const GPtrArray *fields, const char *name) {
  for (guint i = 0; fields != NULL && i < fields->len; i++) {
    const MugaiMailField *field = g_ptr_array_index (fields, i);
    if (g_ascii_strcasecmp (field->name, name) == 0)
      return field;
  }
  return NULL;
}

/* ---- checks ---- */

gboolean mugai_reader_is_address_field (const char *name) {
  static const char *const names[] = { "from",
                                       "sender",
                                       "reply-to",
                                       "to",
                                       "cc",
                                       "bcc",
                                       "resent-from",
                                       "resent-to",
                                       "resent-cc",
                                       "resent-bcc",
                                       "resent-sender",
                                       "resent-reply-to",
                                       "return-path",
                                       "disposition-notification-to",
                                       "mail-followup-to",
                                       "mail-reply-to",
                                       "errors-to" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_ascii_strcasecmp (name, names[i]) == 0)
      return TRUE;
  return FALSE;
}

/* Quotes, comments and angle brackets are left out of account only while they are closed again: what a parser
 * counts in the worst case is what matters. */
guint mugai_reader_group_colons (const char *raw, gsize length_bytes) {
  guint open = 0, most = 0;
  gboolean quoted = FALSE, angle = FALSE;
  for (gsize i = 0; i < length_bytes; i++) {
    char c = raw[i];
    if (quoted) {
      if (c == '\\')
        i++;
      quoted = c != '"';
    } else if (c == '"') {
      quoted = TRUE;
    } else if (c == '<' || c == '>') {
      angle = c == '<';
    } else if (c == ':' && !angle) {
      most = MAX (most, ++open);
    } else if (c == ';' && open > 0) {
      open--;
    } else if (c == ',') {
      angle = FALSE;
    }
  }
  return most;
}

/* A message whose first line ends in LF alone is a local file, and a CRLF in it is read alike by all; the other way round, and
 * with a CR inside a line, readers differ. CRs that only repeat before an LF, or a last one cut off, are no line ends to anyone;
 * where such a line is a header or delimiter line, that is noted there. */
guint64 mugai_reader_line_oddities (const char *data, gsize length_bytes) {
  guint64 oddities = 0;
  gboolean bare_cr = FALSE, bare_lf = FALSE, crlf_style = FALSE;
  if (memchr (data, '\0', length_bytes) != NULL)
    oddities |= MUGAI_BIT (MUGAI_ODDITY_NUL);
  for (gsize at = 0; at < length_bytes;) {
    const char *start = data + at;
    const char *lf = memchr (start, '\n', length_bytes - at);
    gsize length = lf != NULL ? (gsize) (lf - start) : length_bytes - at;
    gboolean cr = length > 0 && start[length - 1] == '\r';
    crlf_style = at == 0 ? cr : crlf_style;
    bare_lf = bare_lf || (lf != NULL && !cr);
    gsize text = length;
    while (text > 0 && start[text - 1] == '\r')
      text--;
    bare_cr = bare_cr || memchr (start, '\r', text) != NULL;
    if (text > MAX_LINE_BYTES)
      oddities |= MUGAI_BIT (MUGAI_ODDITY_LONG_LINE);
    at += length + 1;
  }
  if (bare_cr || (crlf_style && bare_lf))
    oddities |= MUGAI_BIT (MUGAI_ODDITY_BARE_CR_LF);
  return oddities;
}

/* ---- fields ---- */

/* A field as long as its lines go: offsets into the block. */
typedef struct {
  gsize name_end, value_start, end;
  gboolean odd; /* blank before the colon */
} FieldLine;

static gboolean parse_field_line (const char *line, gsize length, FieldLine *ret) {
  gsize i = 0;
  while (i < length && line[i] > 0x20 && line[i] < 0x7F && line[i] != ':')
    i++;
  ret->name_end = i;
  while (i < length && (line[i] == ' ' || line[i] == '\t'))
    i++;
  if (ret->name_end == 0 || ret->name_end > READER_MAX_FIELD_NAME || i >= length || line[i] != ':')
    return FALSE;
  ret->odd = i != ret->name_end;
  ret->value_start = i + 1;
  return TRUE;
}

gsize mugai_reader_parse_name (const char *line, gsize length_bytes) {
  FieldLine parsed;
  if (memchr (line, ':', length_bytes) == NULL) /* so with most lines of a mail: base64 */
    return 0;
  return parse_field_line (line, length_bytes, &parsed) ? parsed.name_end : 0;
}

static gboolean is_blank_line (const char *line, gsize length) {
  for (gsize i = 0; i < length; i++)
    if (line[i] != ' ' && line[i] != '\t')
      return FALSE;
  return TRUE;
}

typedef struct {
  ReaderHeader *header;
  const MugaiMailLimits *limits;
  MugaiMailField *last;
  GString *value;      /* of last */
  gboolean blank_fold; /* the line before was one of blanks only */
} HeaderState;

static void set_odd (HeaderState *state, MugaiOddity oddity) {
  state->header->oddities |= MUGAI_BIT (oddity);
}

static void finish_field (HeaderState *state) {
  if (state->last == NULL)
    return;
  MugaiMailField *field = g_steal_pointer (&state->last);
  for (gsize i = 0; i < state->value->len; i++)
    if (state->value->str[i] == '\0')
      state->value->str[i] = '?';
  field->raw_bytes = state->value->len;
  field->raw = g_string_free (g_steal_pointer (&state->value), FALSE);
  if (mugai_reader_is_address_field (field->name)
      && mugai_reader_group_colons (field->raw, field->raw_bytes) > READER_MAX_GROUP_COLONS)
    set_odd (state, MUGAI_ODDITY_HEADER_LIMIT);
  for (gsize i = 0; i < field->raw_bytes; i++)
    if ((guchar) field->raw[i] >= 0x80) {
      set_odd (state, MUGAI_ODDITY_RAW_8BIT_HEADER);
      break;
    }
  g_ptr_array_add (state->header->fields, field);
}

static void append_value (HeaderState *state, const char *text, gsize length) {
  gsize room = state->limits->max_field_bytes - MIN (state->value->len, state->limits->max_field_bytes);
  if (length > room)
    set_odd (state, MUGAI_ODDITY_HEADER_LIMIT);
  g_string_append_len (state->value, text, (gssize) MIN (length, room));
}

static void begin_field (HeaderState *state, const char *line, gsize length, const FieldLine *parsed) {
  finish_field (state);
  if (parsed->odd)
    set_odd (state, MUGAI_ODDITY_BAD_HEADER);
  state->last = g_new0 (MugaiMailField, 1);
  state->last->name = g_strndup (line, parsed->name_end);
  state->value = g_string_new (NULL);
  append_value (state, line + parsed->value_start, length - parsed->value_start);
}

/* A continuation keeps its line end as LF: decoders unfold. */
static void continue_field (HeaderState *state, const char *line, gsize length) {
  if (state->blank_fold)
    set_odd (state, MUGAI_ODDITY_BAD_HEADER); /* some readers end the header at a line of blanks */
  if (state->last == NULL) {
    set_odd (state, MUGAI_ODDITY_BAD_HEADER); /* the first line of all begins with a blank */
    return;
  }
  append_value (state, "\n", 1);
  append_value (state, line, length);
}

/* Returns FALSE when the header ends at this line, which is then the body's first. */
static gboolean header_line (HeaderState *state, const char *line, gsize length, gboolean first) {
  FieldLine parsed;
  if (length > 0 && (line[0] == ' ' || line[0] == '\t')) {
    gboolean blank = is_blank_line (line, length);
    if (!blank || state->last != NULL)
      continue_field (state, line, length);
    state->blank_fold = blank;
    return TRUE;
  }
  if (state->blank_fold)
    set_odd (state, MUGAI_ODDITY_BAD_HEADER);
  state->blank_fold = FALSE;
  if (first && length > 5 && memcmp (line, "From ", 5) == 0)
    return TRUE; /* an mbox's separator */
  if (!parse_field_line (line, length, &parsed)) {
    set_odd (state, MUGAI_ODDITY_BAD_HEADER);
    return FALSE;
  }
  begin_field (state, line, length, &parsed);
  return TRUE;
}

/* Over the limit nothing is kept any more, but the body has to be found. */
static gboolean check_limits (HeaderState *state, gsize header_bytes) {
  if (state->header->over_limit)
    return FALSE;
  if (header_bytes <= state->limits->max_header_bytes && state->header->fields->len < state->limits->max_headers)
    return TRUE;
  state->header->over_limit = TRUE;
  set_odd (state, MUGAI_ODDITY_HEADER_LIMIT);
  return FALSE;
}

void mugai_reader_header (ReaderHeader *header, const char *data, gsize length_bytes, gboolean first,
                          const MugaiMailLimits *limits) {
  memset (header, 0, sizeof *header);
  header->fields = g_ptr_array_new_with_free_func ((GDestroyNotify) field_free);
  HeaderState state = { header, limits, NULL, NULL, FALSE };
  gsize at = 0;
  while (at < length_bytes) {
    const char *line = data + at;
    const char *lf = memchr (line, '\n', length_bytes - at);
    gsize length = lf != NULL ? (gsize) (lf - line) : length_bytes - at;
    gsize next = at + length + (lf != NULL ? 1 : 0);
    if (length > 0 && line[length - 1] == '\r')
      length--;
    if (length > 0 && line[length - 1] == '\r')
      set_odd (&state, MUGAI_ODDITY_BARE_CR_LF);
    if (length == 0) {
      at = next;
      break;
    }
    if (check_limits (&state, next) && !header_line (&state, line, length, first && at == 0))
      break;
    at = next;
  }
  finish_field (&state);
  header->body_offset = at;
}
