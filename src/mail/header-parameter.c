/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/header-parameter: Content-Type and Content-Disposition, with RFC 2231 and what senders write instead.
 *
 * Two steps: a scan cuts the field into raw sections ("filename*1*" = bytes), then sections of one name are
 * sorted, joined as bytes and decoded once, so that a character cut by a section's end survives. A file name is kept in
 * every reading that some mail program may have: the first readings are the likely ones, the rest comes last.
 */
#include "mugai/mail/header.h"

#include <string.h>

#include "mugai/base/unicode.h"

#include "charset-labels.h"
#include "header-value.h"
#include "header-words.h"

#define SECTION_DIGITS_MAX 4u
#define OPEN_COMMENTS_TRIED 16u

/* One "attribute=value" as written. */
typedef struct {
  char *base;  /* lower case, without * and section */
  int section; /* -1: none */
  gboolean extended;
  gboolean used;  /* already joined to another */
  char *value;    /* quoted pairs resolved */
  char *verbatim; /* (nullable): another reading: backslashes kept, junk behind the quotes kept, cut at a blank */
} Section;

/* File names by credibility. */
typedef enum { RANK_FILENAME_EXTENDED, RANK_FILENAME, RANK_NAME_EXTENDED, RANK_NAME, RANK_OTHER, N_RANKS } Rank;

typedef struct {
  const char *at;
  const char *end;
  guint odd;
  guint open_comments;
  gboolean no_closing_quote;
  MugaiHeaderWordScan scan;
  GPtrArray *sections;
} Scanner;

typedef struct {
  MugaiHeaderParameterised *header;
  GPtrArray *ranks[N_RANKS];
  const char *hint;
} Builder;

static void section_free (gpointer data) {
  Section *section = data;
  g_free (section->base);
  g_free (section->value);
  g_free (section->verbatim);
  g_free (section);
}

static gboolean is_file_name (const char *base) {
  return strcmp (base, "filename") == 0 || strcmp (base, "name") == 0;
}

/* ---- scanning ---- */

/* Blanks and comments. */
static void skip_space (Scanner *scanner) {
  while (scanner->at < scanner->end) {
    const char *stop = NULL;
    if (*scanner->at == '(' && scanner->open_comments < OPEN_COMMENTS_TRIED) {
      stop = mugai_header_comment_end (scanner->at, scanner->end);
      scanner->open_comments += stop == NULL ? 1 : 0;
    }
    if (stop == NULL && !mugai_header_is_blank (*scanner->at))
      return;
    scanner->at = stop != NULL ? stop + 1 : scanner->at + 1;
  }
}

static gboolean is_token (const char *at, const char *end) {
  if (at == end)
    return FALSE;
  for (; at < end; at++)
    if ((guint8) *at <= 0x20 || (guint8) *at >= 0x7F || strchr ("()<>@,;:\\\"[]?=", *at) != NULL)
      return FALSE;
  return TRUE;
}

/* "text/plain" or "attachment" before the first ';'. Anything else there is syntax; a value that no reader can agree
 * on is "". */
static char *read_value_head (Scanner *scanner) {
  skip_space (scanner);
  const char *start = scanner->at;
  while (scanner->at < scanner->end && strchr ("; \t\r\n(", *scanner->at) == NULL)
    scanner->at++;
  const char *stop = scanner->at;
  skip_space (scanner);
  if (scanner->at < scanner->end && *scanner->at != ';')
    scanner->odd |= MUGAI_HEADER_ODD_SYNTAX;
  const char *slash = memchr (start, '/', (gsize) (stop - start));
  gboolean good = slash == NULL ? is_token (start, stop) : is_token (start, slash) && is_token (slash + 1, stop);
  if (slash != NULL && memchr (slash + 1, '/', (gsize) (stop - slash - 1)) != NULL)
    good = FALSE;
  if (good)
    return g_ascii_strdown (start, stop - start);
  scanner->odd |= MUGAI_HEADER_ODD_SYNTAX;
  return g_strdup ("");
}

/* "filename*12*" to base, section and extended. */
static Section *section_new (const char *attribute, gsize length) {
  Section *section = g_new0 (Section, 1);
  section->section = -1;
  if (length > 1 && attribute[length - 1] == '*') {
    section->extended = TRUE;
    length--;
  }
  gsize digits = 0;
  while (digits < length && g_ascii_isdigit (attribute[length - 1 - digits]))
    digits++;
  if (digits != 0 && digits <= SECTION_DIGITS_MAX && digits + 1 < length && attribute[length - 1 - digits] == '*') {
    section->section = (int) g_ascii_strtoull (attribute + length - digits, NULL, 10);
    length -= digits + 1;
  }
  /* "na\x05me" counts as name: some reader drops the control, as we do. The oddity is noted by the caller. */
  g_autofree char *written = g_ascii_strdown (attribute, (gssize) length);
  section->base = g_strstrip (mugai_unicode_make_safe (written, -1, 0));
  return section;
}

/* The value's text behind its closing quote up to the ';' should be blank; some readers take it as part of the name. */
static void read_behind_quotes (Scanner *scanner, Section *section) {
  skip_space (scanner);
  const char *start = scanner->at;
  if (start == scanner->end || *start == ';')
    return;
  scanner->odd |= MUGAI_HEADER_ODD_SYNTAX;
  if (!is_file_name (section->base))
    return;
  while (scanner->at < scanner->end && *scanner->at != ';')
    scanner->at++;
  g_free (section->verbatim);
  g_autofree char *rest = g_strndup (start, (gsize) (scanner->at - start));
  section->verbatim = g_strconcat (section->value, "\"", rest, NULL);
  gsize length = strlen (section->verbatim);
  if (section->verbatim[length - 1] == '"')
    section->verbatim[length - 1] = '\0';
}

static void read_quoted_value (Scanner *scanner, Section *section, const char *stop) {
  GString *value = g_string_new (NULL);
  const char *start = scanner->at + 1;
  mugai_header_append_unescaped (value, start, stop);
  if (memchr (start, '\\', (gsize) (stop - start)) != NULL)
    section->verbatim = g_strndup (start, (gsize) (stop - start));
  section->value = g_string_free (value, FALSE);
  scanner->at = stop + 1;
  read_behind_quotes (scanner, section);
}

/* Moves to the end of an unquoted value: of a file name the ';' alone, as blanks and parentheses in it are common. */
static void skip_unquoted (Scanner *scanner, gboolean file_name) {
  while (scanner->at < scanner->end && *scanner->at != ';') {
    MugaiHeaderWord word;
    if (*scanner->at == '=' && mugai_header_find_word (scanner->at, scanner->end, &scanner->scan, &word)) {
      scanner->at += word.length;
      continue;
    }
    if (!file_name && (mugai_header_is_blank (*scanner->at) || *scanner->at == '('))
      return;
    scanner->at++;
  }
}

static void read_unquoted_value (Scanner *scanner, Section *section) {
  const char *start = scanner->at;
  skip_unquoted (scanner, is_file_name (section->base));
  section->value = g_strchomp (g_strndup (start, (gsize) (scanner->at - start)));
  char *blank = strpbrk (section->value, " \t\r\n");
  if (blank != NULL) {
    section->verbatim = g_strndup (section->value, (gsize) (blank - section->value));
    if (strstr (section->value, "=?") == NULL) /* "name=a b charset=c": another reader's next parameter */
      scanner->odd |= strchr (blank, '=') != NULL ? MUGAI_HEADER_ODD_SYNTAX : MUGAI_HEADER_ODD_NAME_SYNTAX;
  }
  skip_space (scanner);
  if (scanner->at < scanner->end && *scanner->at != ';')
    scanner->odd |= MUGAI_HEADER_ODD_SYNTAX;
}

static void read_parameter_value (Scanner *scanner, Section *section) {
  skip_space (scanner);
  if (scanner->at == scanner->end || *scanner->at != '"') {
    read_unquoted_value (scanner, section);
    return;
  }
  const char *stop = scanner->no_closing_quote ? NULL : mugai_header_quoted_end (scanner->at, scanner->end);
  if (stop != NULL) {
    read_quoted_value (scanner, section, stop);
    return;
  }
  scanner->no_closing_quote = TRUE;
  scanner->odd |= MUGAI_HEADER_ODD_SYNTAX;
  scanner->at++;
  read_unquoted_value (scanner, section);
}

static void keep_section (Scanner *scanner, Section *section, gsize attribute_length) {
  if (attribute_length > MUGAI_HEADER_MAX_PARAMETER_NAME || scanner->sections->len >= MUGAI_HEADER_MAX_PARAMETERS) {
    scanner->odd |= MUGAI_HEADER_ODD_LIMIT;
    section_free (section);
    return;
  }
  g_ptr_array_add (scanner->sections, section);
}

static void read_parameter (Scanner *scanner) {
  const char *start = scanner->at;
  while (scanner->at < scanner->end && strchr ("=; \t\r\n", *scanner->at) == NULL)
    scanner->at++;
  gsize length = (gsize) (scanner->at - start);
  skip_space (scanner);
  if (length == 0 || scanner->at == scanner->end || *scanner->at != '=') {
    scanner->odd |= MUGAI_HEADER_ODD_SYNTAX;
    scanner->at += length == 0 ? 1 : 0; /* a stray '=' */
    return;
  }
  if (!is_token (start, start + length))
    scanner->odd |= MUGAI_HEADER_ODD_SYNTAX;
  scanner->at++;
  Section *section = section_new (start, length);
  read_parameter_value (scanner, section);
  keep_section (scanner, section, length);
}

/* Returns: the bare value. */
static char *scan (Scanner *scanner, const char *text, const char *end) {
  *scanner = (Scanner){ .at = text, .end = end, .sections = g_ptr_array_new_with_free_func (section_free) };
  char *value = read_value_head (scanner);
  gboolean multipart = g_str_has_prefix (value, "multipart/"); /* where a reader that stops at ";;" finds no boundary */
  guint semicolons = 1;
  for (;;) {
    skip_space (scanner);
    if (scanner->at >= scanner->end)
      return value;
    if (*scanner->at == ';') {
      scanner->odd |= semicolons++ > 1 && multipart ? MUGAI_HEADER_ODD_SYNTAX : 0;
      scanner->at++;
      continue;
    }
    semicolons = 1;
    read_parameter (scanner);
  }
}

/* ---- sections of one name ---- */

/* @sections in order. */
static char *join_sections (GPtrArray *sections, const char *hint, guint *odd) {
  MugaiHeaderValue decoder;
  mugai_header_value_init (&decoder, hint, odd);
  for (guint i = 0; i < sections->len; i++) {
    const Section *section = g_ptr_array_index (sections, i);
    const char *value =
        i == 0 && section->extended ? mugai_header_value_take_charset (&decoder, section->value) : section->value;
    mugai_header_value_add (&decoder, value, section->extended);
  }
  return mugai_header_value_end (&decoder);
}

static int compare_sections (gconstpointer a, gconstpointer b) {
  const Section *const *left = a, *const *right = b;
  return (*left)->section - (*right)->section;
}

/* All sections of @first's name, sorted; each number once. */
static GPtrArray *collect_sections (GPtrArray *all, const Section *first, guint *odd) {
  GPtrArray *mine = g_ptr_array_new ();
  for (guint i = 0; i < all->len; i++) {
    Section *section = g_ptr_array_index (all, i);
    if (section->section < 0 || section->used || strcmp (section->base, first->base) != 0)
      continue;
    section->used = TRUE;
    g_ptr_array_add (mine, section);
  }
  g_ptr_array_sort (mine, compare_sections);
  for (guint i = 0; i < mine->len; i++) {
    const Section *section = g_ptr_array_index (mine, i);
    if (section->section < (int) i) {
      *odd |= MUGAI_HEADER_ODD_DUPLICATE_PARAMETER;
      g_ptr_array_remove_index (mine, i--);
    } else if (section->section > (int) i)
      *odd |= MUGAI_HEADER_ODD_SYNTAX; /* a gap: what is there is joined all the same */
  }
  return mine;
}

/* ---- building the result ---- */

static gboolean holds (GPtrArray *names, const char *name) {
  for (guint i = 0; i < names->len; i++)
    if (strcmp (g_ptr_array_index (names, i), name) == 0)
      return TRUE;
  return FALSE;
}

static void add_name (GPtrArray *names, char *name) {
  if (*name == '\0' || holds (names, name))
    g_free (name);
  else
    g_ptr_array_add (names, name);
}

static Rank rank_of (const char *base, gboolean extended) {
  if (strcmp (base, "filename") == 0)
    return extended ? RANK_FILENAME_EXTENDED : RANK_FILENAME;
  return extended ? RANK_NAME_EXTENDED : RANK_NAME;
}

/* Some other reader's view of a name: its oddities are not the sender's. */
static void add_other_reading (Builder *builder, const char *raw, gsize length) {
  guint ignored = 0;
  g_autofree char *text = mugai_header_to_utf8 (raw, length, builder->hint, &ignored);
  g_autofree char *decoded = mugai_header_decode_words (text, strlen (text), builder->hint, &ignored);
  g_autofree char *name = mugai_header_finish (decoded, MUGAI_HEADER_MAX_VALUE_BYTES, &ignored);
  if (strchr (name, '.') != NULL
      || strstr (name, "\xEF\xBF\xBD") == NULL) /* debris without an extension says nothing */
    add_name (builder->ranks[RANK_OTHER], g_steal_pointer (&name));
}

/* A percent-coded plain name, as web browsers write and read it; some put RFC 2231 without its star. */
static void add_percent_reading (Builder *builder, const char *value) {
  guint ignored = 0;
  if (strchr (value, '%') == NULL)
    return;
  MugaiHeaderValue decoder;
  mugai_header_value_init (&decoder, builder->hint, &ignored);
  gsize label_length = strcspn (value, "'");
  g_autofree char *label = g_strndup (value, label_length);
  gboolean starless = strchr (value + label_length, '\'') != NULL && mugai_charset_find_codec (label) != NULL;
  mugai_header_value_add (&decoder, starless ? mugai_header_value_take_charset (&decoder, value) : value, TRUE);
  g_autofree char *text = mugai_header_value_end (&decoder);
  add_name (builder->ranks[RANK_OTHER], mugai_header_finish (text, MUGAI_HEADER_MAX_VALUE_BYTES, &ignored));
}

static void add_parameter (Builder *builder, const Section *first, const char *joined, gboolean extended) {
  MugaiHeaderParameterised *header = builder->header;
  gboolean file_name = is_file_name (first->base);
  g_autofree char *decoded = file_name && !extended
                                 ? mugai_header_decode_words (joined, strlen (joined), builder->hint, &header->odd)
                                 : g_strdup (joined);
  if (!file_name && strstr (joined, "=?") != NULL && strstr (joined, "?=") != NULL)
    header->odd |= MUGAI_HEADER_ODD_SYNTAX; /* an encoded word where none may be: readers differ */
  MugaiHeaderParameter *parameter = g_new0 (MugaiHeaderParameter, 1);
  parameter->name = g_strdup (first->base);
  parameter->value = mugai_header_finish (decoded, MUGAI_HEADER_MAX_VALUE_BYTES, &header->odd);
  g_ptr_array_add (header->parameters, parameter);
  if (!file_name)
    return;
  add_name (builder->ranks[rank_of (first->base, extended)], g_strdup (parameter->value));
  if (first->verbatim != NULL)
    add_other_reading (builder, first->verbatim, strlen (first->verbatim));
  if (!extended)
    add_percent_reading (builder, joined);
}

static void build_parameters (Builder *builder, GPtrArray *sections) {
  guint *odd = &builder->header->odd;
  for (guint i = 0; i < sections->len; i++) {
    Section *section = g_ptr_array_index (sections, i);
    if (section->used)
      continue;
    guint own = 0;
    g_autoptr (GPtrArray) mine = NULL;
    if (section->section >= 0)
      mine = collect_sections (sections, section, &own);
    else {
      mine = g_ptr_array_new ();
      g_ptr_array_add (mine, section);
    }
    const Section *first = g_ptr_array_index (mine, 0);
    gboolean extended = FALSE;
    for (guint k = 0; k < mine->len; k++)
      extended = extended || ((const Section *) g_ptr_array_index (mine, k))->extended;
    g_autofree char *joined =
        extended || mine->len > 1 ? join_sections (mine, builder->hint, &own) : g_strdup (first->value);
    if (is_file_name (first->base) && (own & MUGAI_HEADER_ODD_SYNTAX) != 0)
      own = (own & ~(guint) MUGAI_HEADER_ODD_SYNTAX) | MUGAI_HEADER_ODD_NAME_SYNTAX;
    *odd |= own;
    add_parameter (builder, first, joined, extended);
  }
}

/* The plain form beside the extended one is what RFC 2231 writers do for old readers; any other pair is a duplicate. */
static void note_duplicates (GPtrArray *sections, guint *odd) {
  for (guint i = 0; i < sections->len; i++)
    for (guint k = i + 1; k < sections->len; k++) {
      const Section *a = g_ptr_array_index (sections, i), *b = g_ptr_array_index (sections, k);
      if (strcmp (a->base, b->base) != 0 || (a->section >= 0 && b->section >= 0))
        continue;
      if (a->extended == b->extended && strcmp (a->value, b->value) == 0)
        continue; /* said twice */
      gboolean a_plain = a->section < 0 && !a->extended, b_plain = b->section < 0 && !b->extended;
      if (!is_file_name (a->base) || a_plain == b_plain)
        *odd |= MUGAI_HEADER_ODD_DUPLICATE_PARAMETER;
    }
}

/* What a reader sees that knows nothing of Shift_JIS or JIS and takes their bytes 0x22 and 0x5C for syntax. */
static void add_naive_readings (Builder *builder, const char *raw, gsize length) {
  Scanner scanner;
  g_autofree char *copy = g_strndup (raw != NULL ? raw : "", length);
  g_free (scan (&scanner, copy, copy + strlen (copy)));
  for (guint i = 0; i < scanner.sections->len; i++) {
    const Section *section = g_ptr_array_index (scanner.sections, i);
    if (section->section < 0 && !section->extended && is_file_name (section->base))
      add_other_reading (builder, section->value, strlen (section->value));
  }
  g_ptr_array_unref (scanner.sections);
}

/* Moves the ranks into one list. Only the likely readings can conflict. */
static void merge_names (Builder *builder) {
  GPtrArray *names = builder->header->names;
  for (guint rank = 0; rank < N_RANKS; rank++) {
    if (rank == RANK_OTHER && names->len > 1)
      builder->header->odd |= MUGAI_HEADER_ODD_CONFLICTING_NAME;
    GPtrArray *from = builder->ranks[rank];
    for (guint i = 0; i < from->len; i++)
      add_name (names, mugai_unicode_join_voice_marks (g_ptr_array_index (from, i)));
    g_ptr_array_unref (from);
  }
}

static void parameter_free (gpointer data) {
  MugaiHeaderParameter *parameter = data;
  g_free (parameter->name);
  g_free (parameter->value);
  g_free (parameter);
}

MugaiHeaderParameterised *mugai_header_parse_parameterised (const char *raw, gsize length_bytes, const char *hint) {
  MugaiHeaderParameterised *header = g_new0 (MugaiHeaderParameterised, 1);
  header->parameters = g_ptr_array_new_with_free_func (parameter_free);
  header->names = g_ptr_array_new_with_free_func (g_free);
  Builder builder = { .header = header, .hint = hint };
  for (guint rank = 0; rank < N_RANKS; rank++)
    builder.ranks[rank] = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *text = mugai_header_to_utf8 (raw, length_bytes, hint, &header->odd);
  Scanner scanner;
  header->value = scan (&scanner, text, text + strlen (text));
  header->odd |= scanner.odd;
  note_duplicates (scanner.sections, &header->odd);
  build_parameters (&builder, scanner.sections);
  g_ptr_array_unref (scanner.sections);
  if (!g_str_is_ascii (text) && length_bytes <= MUGAI_HEADER_MAX_VALUE_BYTES)
    add_naive_readings (&builder, raw, length_bytes);
  merge_names (&builder);
  return header;
}

const char *mugai_header_parameter (const MugaiHeaderParameterised *header, const char *name) {
  for (guint i = 0; i < header->parameters->len; i++) {
    const MugaiHeaderParameter *parameter = g_ptr_array_index (header->parameters, i);
    if (g_ascii_strcasecmp (parameter->name, name) == 0)
      return parameter->value;
  }
  return NULL;
}

void mugai_header_parameterised_free (MugaiHeaderParameterised *header) {
  if (header == NULL)
    return;
  g_free (header->value);
  g_ptr_array_unref (header->parameters);
  g_ptr_array_unref (header->names);
  g_free (header);
}
