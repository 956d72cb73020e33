/* SPDX-License-Identifier: GPL-2.0-only
 *
 * scan/pdf: active content of PDF by its names, wherever a reader could find them.
 *
 * No cross-reference table is trusted: the whole file is read for names, with #-escapes undone, and every object
 * stream is inflated and read too. In the packed data of other streams only long names count, as a short one turns up
 * there by chance. Recovering readers do the same, so what they could find is seen.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "active.h"

#include "mugai/base/facts.h"

#include "embedded.h"
#include "pdf-crypt.h"
#include "type.h"
#include "zip.h"

#define MAX_OBJECT_STREAM_BYTES (32u * 1024 * 1024) /* one, unpacked; real ones hold 100 to 200 objects */
#define MAX_NAME_BYTES 40u                          /* of names we know; longer ones are none of them */
#define SURE_NAME_BYTES 6u                          /* from this length a name in packed data is no accident */
#define MAX_DICTIONARY_BYTES 8192u                  /* how far before "stream" its dictionary is looked for */
#define MAX_STRING_BYTES 65536u                     /* of a literal string; titles and addresses are short */
#define MAX_FILTERS 4u
#define MAX_ACTIONS 64u /* OpenAction and AA references followed */

#define BIT(name) MUGAI_BIT (MUGAI_FLAG_##name)

static const struct {
  const char *name;
  guint64 flags;
} names[] = {
  { "JavaScript", BIT (ACTIVE_CONTENT) },
  { "JS", BIT (ACTIVE_CONTENT) },
  { "Launch", BIT (ACTIVE_CONTENT) },
  { "SubmitForm", BIT (ACTIVE_CONTENT) | BIT (EXTERNAL_REFERENCE) },
  { "ImportData", BIT (ACTIVE_CONTENT) | BIT (EXTERNAL_REFERENCE) },
  { "RichMedia", BIT (ACTIVE_CONTENT) },
  { "RichMediaContent", BIT (ACTIVE_CONTENT) },
  { "XFA", BIT (ACTIVE_CONTENT) },
  { "AA", BIT (ACTIVE_CONTENT) },
  { "Rendition", BIT (ACTIVE_CONTENT) },
  { "Movie", BIT (ACTIVE_CONTENT) },
  { "3DD", BIT (ACTIVE_CONTENT) },
  { "OnInstantiate", BIT (ACTIVE_CONTENT) },
  { "EmbeddedFile", BIT (EMBEDDED_OBJECT) | BIT (ACTIVE_CONTENT) },
  { "EmbeddedFiles", BIT (EMBEDDED_OBJECT) | BIT (ACTIVE_CONTENT) },
  { "FileAttachment", BIT (EMBEDDED_OBJECT) | BIT (ACTIVE_CONTENT) },
  { "GoToE", BIT (EMBEDDED_OBJECT) | BIT (ACTIVE_CONTENT) },
  { "GoToR", BIT (EXTERNAL_REFERENCE) },
  { "EF", BIT (EMBEDDED_OBJECT) | BIT (ACTIVE_CONTENT) },
};

typedef struct {
  guint64 flags;
  MugaiBudget *budget;
  GArray *actions; /* of guint: objects that OpenAction refers to */
  guint harmless;  /* of those: were found to be a place to open at */
  MugaiBytes file;
  gsize encrypt_at; /* behind the last name Encrypt; 0: none */
  MugaiPdfKey key;
} Reading;

static gboolean is_blank (guint8 c) {
  return c == 0 || c == '\t' || c == '\n' || c == '\f' || c == '\r' || c == ' ';
}

static gboolean is_delimiter (guint8 c) {
  return is_blank (c) || strchr ("()<>[]{}/%", c) != NULL;
}

static gsize skip_blanks (MugaiBytes bytes, gsize at) {
  while (at < bytes.length_bytes && is_blank (bytes.data[at]))
    at++;
  return at;
}

/* The name at @at (behind its slash), escapes undone; returns where it ends. */
static gsize read_name (MugaiBytes bytes, gsize at, char name[MAX_NAME_BYTES + 1]) {
  guint length = 0;
  while (at < bytes.length_bytes && !is_delimiter (bytes.data[at])) {
    guint8 c = bytes.data[at++];
    int high = g_ascii_xdigit_value ((char) mugai_bytes_u8 (bytes, at));
    int low = g_ascii_xdigit_value ((char) mugai_bytes_u8 (bytes, at + 1));
    if (c == '#' && high >= 0 && low >= 0) {
      c = (guint8) (high << 4 | low);
      at += 2;
    }
    if (length < MAX_NAME_BYTES)
      name[length++] = (char) c;
  }
  name[length] = 0;
  return at;
}

static gsize read_number (MugaiBytes bytes, gsize at, guint *ret_number) {
  guint64 value = 0;
  while (at < bytes.length_bytes && g_ascii_isdigit ((char) bytes.data[at]) && value < G_MAXUINT / 16)
    value = value * 10 + (bytes.data[at++] - '0');
  *ret_number = (guint) value;
  return at;
}

/* TRUE when the value at @at is a destination (where to open), or a dictionary that only goes there. */
static gboolean is_destination (MugaiBytes bytes, gsize at) {
  at = skip_blanks (bytes, at);
  if (mugai_bytes_u8 (bytes, at) == '[' || mugai_bytes_u8 (bytes, at) == '(')
    return TRUE;
  if (!MUGAI_BYTES_AT (bytes, at, "<<"))
    return FALSE;
  for (gsize end = MIN (bytes.length_bytes, at + 512); at < end; at++) {
    char name[MAX_NAME_BYTES + 1];
    if (bytes.data[at] != '/')
      continue;
    gsize next = read_name (bytes, at + 1, name);
    if (!g_str_equal (name, "S"))
      continue;
    next = skip_blanks (bytes, next);
    if (mugai_bytes_u8 (bytes, next) != '/')
      return FALSE;
    (void) read_name (bytes, next + 1, name);
    return g_str_equal (name, "GoTo");
  }
  return FALSE;
}

/* OpenAction is harmless as a destination, and every second program writes one; as an action it acts. */
static void judge_open_action (Reading *reading, MugaiBytes bytes, gsize at) {
  at = skip_blanks (bytes, at);
  if (g_ascii_isdigit ((char) mugai_bytes_u8 (bytes, at)) && reading->actions->len < MAX_ACTIONS) {
    guint number;
    (void) read_number (bytes, at, &number);
    g_array_append_val (reading->actions, number);
    return;
  }
  if (!is_destination (bytes, at))
    reading->flags |= BIT (ACTIVE_CONTENT);
}

static void judge_name (Reading *reading, MugaiBytes bytes, const char *name, gsize after, gboolean packed) {
  if (packed && strlen (name) < SURE_NAME_BYTES)
    return;
  if (g_str_equal (name, "OpenAction"))
    judge_open_action (reading, bytes, after);
  if (!packed && g_str_equal (name, "Encrypt") && bytes.data >= reading->file.data
      && bytes.data < reading->file.data + reading->file.length_bytes)
    reading->encrypt_at = (gsize) (bytes.data - reading->file.data) + after;
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    if (g_str_equal (name, names[i].name))
      reading->flags |= names[i].flags;
  }
}

static void read_names (Reading *reading, MugaiBytes bytes, gboolean packed) {
  for (gsize at = 0; at < bytes.length_bytes;) {
    const guint8 *slash = memchr (bytes.data + at, '/', bytes.length_bytes - at);
    if (!slash)
      return;
    char name[MAX_NAME_BYTES + 1];
    at = read_name (bytes, (gsize) (slash - bytes.data) + 1, name);
    judge_name (reading, bytes, name, at, packed);
  }
}

/* Behind the string that begins at @at; 0 where it has no end, or could hold an object that a table points into: then it is read like anything else. */
static gsize skip_string (MugaiBytes bytes, gsize at) {
  guint depth = 0;
  gsize start = at, end = MIN (bytes.length_bytes, at + MAX_STRING_BYTES);
  for (; at < end; at++) {
    guint8 c = bytes.data[at];
    if (c == '\\')
      at++;
    else if (c == '(')
      depth++;
    else if (c == ')' && --depth == 0)
      return MUGAI_BYTES_FIND (mugai_bytes_slice (bytes, start, at - start), 0, "obj") >= 0 ? 0 : at + 1;
  }
  return 0;
}

static gsize skip_comment (MugaiBytes bytes, gsize at) {
  while (at < bytes.length_bytes && bytes.data[at] != '\n' && bytes.data[at] != '\r')
    at++;
  return at;
}

/* The same of what is known to be objects: an address like (https://example.com/JS/) is no name. */
static void read_objects (Reading *reading, MugaiBytes bytes, gboolean packed) {
  gsize plain = 0;
  for (gsize at = 0; at < bytes.length_bytes;) {
    gsize next = bytes.data[at] == '(' ? skip_string (bytes, at) : 0;
    if (next > 0) {
      read_names (reading, mugai_bytes_slice (bytes, plain, at - plain), packed);
      plain = next;
    } else if (bytes.data[at] == '%') {
      next = skip_comment (bytes, at); /* what looks like a string in it is none; its names are read all the same */
    }
    at = next > 0 ? next : at + 1;
  }
  read_names (reading, mugai_bytes_slice (bytes, plain, bytes.length_bytes), packed);
}

/* ---- streams ---- */

typedef enum { FILTER_FLATE, FILTER_HEXADECIMAL, FILTER_ASCII85, FILTER_OTHER } Filter;

typedef struct {
  gboolean objects; /* an object stream */
  gboolean file;    /* an embedded file */
  Filter filters[MAX_FILTERS];
  guint n_filters;
  guint first;              /* offset of its first object */
  guint number, generation; /* of the stream itself */
} StreamKind;

static void add_filter (StreamKind *kind, const char *name) {
  static const struct {
    const char *name;
    Filter filter;
  } known[] = {
    { "FlateDecode", FILTER_FLATE },
    { "Fl", FILTER_FLATE },
    { "ASCIIHexDecode", FILTER_HEXADECIMAL },
    { "AHx", FILTER_HEXADECIMAL },
    { "ASCII85Decode", FILTER_ASCII85 },
    { "A85", FILTER_ASCII85 },
    { "LZWDecode", FILTER_OTHER },
    { "LZW", FILTER_OTHER },
    { "RunLengthDecode", FILTER_OTHER },
    { "RL", FILTER_OTHER },
    { "Crypt", FILTER_OTHER },
    { "Predictor", FILTER_OTHER },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (known) && kind->n_filters < MAX_FILTERS; i++) {
    if (g_str_equal (name, known[i].name))
      kind->filters[kind->n_filters++] = known[i].filter;
  }
}

static StreamKind read_dictionary (MugaiBytes dictionary) {
  StreamKind kind = { 0 };
  for (gsize at = 0; at < dictionary.length_bytes; at++) {
    char name[MAX_NAME_BYTES + 1];
    if (dictionary.data[at] != '/')
      continue;
    gsize after = read_name (dictionary, at + 1, name);
    kind.objects |= g_str_equal (name, "ObjStm");
    kind.file |= g_str_equal (name, "EmbeddedFile");
    if (g_str_equal (name, "First"))
      (void) read_number (dictionary, skip_blanks (dictionary, after), &kind.first);
    add_filter (&kind, name);
  }
  return kind;
}

static gsize back_over (MugaiBytes text, gsize at, gboolean digits) {
  while (at > 0 && (digits ? g_ascii_isdigit ((char) text.data[at - 1]) : is_blank (text.data[at - 1])))
    at--;
  return at;
}

/* "12 0 obj << ...": the numbers that stand before the last of these words. */
static void read_object_number (MugaiBytes text, StreamKind *kind) {
  gssize last = -1;
  for (gssize at = 0; (at = MUGAI_BYTES_FIND (text, (gsize) at, "obj")) >= 0; at++)
    last = at;
  if (last < 0)
    return;
  gsize generation_at = back_over (text, back_over (text, (gsize) last, FALSE), TRUE);
  gsize number_at = back_over (text, back_over (text, generation_at, FALSE), TRUE);
  (void) read_number (text, generation_at, &kind->generation);
  (void) read_number (text, number_at, &kind->number);
}

static GByteArray *decode_hexadecimal (MugaiBytes data) {
  GByteArray *out = g_byte_array_new ();
  int high = -1;
  for (gsize at = 0; at < data.length_bytes && data.data[at] != '>'; at++)
    mugai_bytes_take_digit (out, &high, data.data[at]);
  return out;
}

static GByteArray *decode_ascii85 (MugaiBytes data) {
  GByteArray *out = g_byte_array_new ();
  guint64 value = 0;
  guint n = 0;
  for (gsize at = 0; at < data.length_bytes && data.data[at] != '~'; at++) {
    guint8 c = data.data[at];
    if (c == 'z' && n == 0) {
      g_byte_array_append (out, (const guint8 *) "\0\0\0\0", 4);
      continue;
    }
    if (c < '!' || c > 'u')
      continue;
    value = value * 85 + (c - '!');
    if (++n < 5)
      continue;
    const guint8 four[] = { (guint8) (value >> 24), (guint8) (value >> 16), (guint8) (value >> 8), (guint8) value };
    g_byte_array_append (out, four, 4);
    value = n = 0;
  }
  for (guint i = n; i > 0 && i < 5; i++)
    value = value * 85 + 84;
  for (guint i = 0; i + 1 < n; i++) {
    guint8 c = (guint8) (value >> (24 - 8 * i));
    g_byte_array_append (out, &c, 1);
  }
  return out;
}

static GByteArray *inflate_stream (Reading *reading, MugaiBytes data) {
  GByteArray *out = g_byte_array_new ();
  gsize most = (gsize) MIN (reading->budget->unpacked_bytes, MAX_OBJECT_STREAM_BYTES);
  MugaiZipRead outcome = mugai_inflate (data, FALSE, most, reading->budget, out);
  reading->budget->unpacked_bytes -= MIN (out->len, reading->budget->unpacked_bytes);
  if (outcome == MUGAI_ZIP_READ_BOMB)
    reading->flags |= BIT (BOMB);
  return out;
}

/* (transfer full): the stream's data, decrypted where the file opens, and through its filters in their order. */
static GByteArray *decode_stream (Reading *reading, MugaiBytes data, const StreamKind *kind) {
  GByteArray *now = g_byte_array_new ();
  if (reading->key.opens)
    now = (g_byte_array_unref (now), mugai_pdf_crypt_decrypt (&reading->key, kind->number, kind->generation, data));
  else
    g_byte_array_append (now, data.data, (guint) MIN (data.length_bytes, G_MAXUINT / 2));
  for (guint i = 0; i < kind->n_filters; i++) {
    MugaiBytes view = { now->data ? now->data : (const guint8 *) "", now->len };
    GByteArray *next = NULL;
    if (kind->filters[i] == FILTER_FLATE)
      next = inflate_stream (reading, view);
    else if (kind->filters[i] == FILTER_HEXADECIMAL)
      next = decode_hexadecimal (view);
    else if (kind->filters[i] == FILTER_ASCII85)
      next = decode_ascii85 (view);
    else
      reading->flags |= BIT (UNSUPPORTED_FORMAT); /* nobody writes those on object streams but to hide them */
    if (next) {
      g_byte_array_unref (now);
      now = next;
    }
  }
  return now;
}

/* Is one of the objects that OpenAction names in here, and only a destination? The stream begins with pairs: number, offset. */
static void find_actions (Reading *reading, MugaiBytes objects, guint first) {
  for (gsize at = 0; at < first && at < objects.length_bytes;) {
    guint number, offset;
    gsize start = skip_blanks (objects, at);
    gsize next = read_number (objects, start, &number);
    if (next == start)
      return;
    at = read_number (objects, skip_blanks (objects, next), &offset);
    for (guint i = 0; i < reading->actions->len; i++) {
      if (g_array_index (reading->actions, guint, i) == number && is_destination (objects, (gsize) first + offset))
        reading->harmless++;
    }
  }
}

static int compare_offsets (const void *a, const void *b) {
  const guint *x = a, *y = b;
  return *x < *y ? -1 : *x > *y;
}

/* Object by object, as the pairs in front say where each begins: none can hide in another's string. */
static void read_packed_objects (Reading *reading, MugaiBytes objects, guint first) {
  g_autoptr (GArray) starts = g_array_new (FALSE, FALSE, sizeof (guint));
  for (gsize at = 0; at < first && at < objects.length_bytes;) {
    guint number, offset;
    gsize start = skip_blanks (objects, at);
    gsize next = read_number (objects, start, &number);
    if (next == start)
      break;
    at = read_number (objects, skip_blanks (objects, next), &offset);
    offset = (guint) MIN ((guint64) first + offset, objects.length_bytes);
    g_array_append_val (starts, offset);
  }
  g_array_sort (starts, compare_offsets);
  gsize from = 0;
  for (guint i = 0; i <= starts->len; i++) {
    gsize to = i < starts->len ? g_array_index (starts, guint, i) : objects.length_bytes;
    read_objects (reading, mugai_bytes_slice (objects, from, to - from), FALSE);
    from = to;
  }
}

static void read_object_stream (Reading *reading, MugaiBytes data, const StreamKind *kind, gboolean actions_only) {
  g_autoptr (GByteArray) out = decode_stream (reading, data, kind);
  MugaiBytes objects = { out->data ? out->data : (const guint8 *) "", out->len };
  if (actions_only)
    find_actions (reading, objects, kind->first);
  else
    read_packed_objects (reading, objects, kind->first);
}

/* A file in the file: what it is counts as what the document is. */
static void read_embedded_file (Reading *reading, MugaiBytes data, const StreamKind *kind) {
  g_autoptr (GByteArray) out = decode_stream (reading, data, kind);
  g_autoptr (GBytes) content = g_byte_array_free_to_bytes (g_steal_pointer (&out));
  reading->flags |= mugai_embedded_flags (mugai_bytes_of (content), NULL);
  reading->flags |= mugai_active_documents (content, reading->budget) & ~BIT (MALFORMED);
}

/* Calls for each piece of the file: text between streams, and streams with what their dictionary says. */
static void walk (Reading *reading, MugaiBytes bytes, gboolean actions_only) {
  gsize text = 0;
  while (text < bytes.length_bytes && !mugai_budget_late (reading->budget)) {
    gssize keyword = MUGAI_BYTES_FIND (bytes, text, "stream");
    gsize stop = keyword < 0 ? bytes.length_bytes : (gsize) keyword;
    if (!actions_only)
      read_objects (reading, mugai_bytes_slice (bytes, text, stop - text), FALSE);
    if (keyword < 0)
      return;
    gsize dictionary = stop - text > MAX_DICTIONARY_BYTES ? stop - MAX_DICTIONARY_BYTES : text;
    StreamKind kind = read_dictionary (mugai_bytes_slice (bytes, dictionary, stop - dictionary));
    gsize data = stop + 6;
    data += mugai_bytes_u8 (bytes, data) == '\r';
    data += mugai_bytes_u8 (bytes, data) == '\n';
    gssize end = MUGAI_BYTES_FIND (bytes, data, "endstream");
    gsize data_end = end < 0 ? bytes.length_bytes : (gsize) end;
    MugaiBytes stream = mugai_bytes_slice (bytes, data, data_end - data);
    if (kind.objects || kind.file)
      read_object_number (mugai_bytes_slice (bytes, dictionary, stop - dictionary), &kind);
    if (kind.objects)
      read_object_stream (reading, stream, &kind, actions_only);
    if (kind.file && !actions_only)
      read_embedded_file (reading, stream, &kind);
    if (!actions_only && kind.n_filters > 0)
      read_names (reading, stream, TRUE);
    else if (!actions_only)
      read_objects (reading, stream, TRUE); /* a page as it stands: (/JavaScript) in it is what it shows */
    text = data_end + 9;
  }
}

/* Objects that stand in the file itself: "12 0 obj". */
static void find_plain_actions (Reading *reading, MugaiBytes bytes) {
  for (guint i = 0; i < reading->actions->len; i++) {
    g_autofree char *head = g_strdup_printf ("%u 0 obj", g_array_index (reading->actions, guint, i));
    gssize at = 0;
    gboolean found = FALSE, harmless = TRUE;
    while ((at = mugai_bytes_find (bytes, (gsize) at, head, strlen (head))) >= 0) {
      gboolean whole = at == 0 || !g_ascii_isdigit ((char) bytes.data[at - 1]);
      if (whole) {
        found = TRUE;
        harmless = harmless && is_destination (bytes, (gsize) at + strlen (head));
      }
      at += (gssize) strlen (head);
    }
    if (found && harmless)
      reading->harmless++;
    else if (found)
      reading->flags |= BIT (ACTIVE_CONTENT);
  }
}

/* What stands before the header is junk that readers skip, unless another program reads it; without a single object there is nothing to show. */
static guint64 flags_of_frame (MugaiBytes bytes) {
  gssize header = MUGAI_BYTES_FIND (bytes, 0, "%PDF-");
  MugaiBytes before = mugai_bytes_slice (bytes, 0, (gsize) MAX (header, 0));
  const char *other = before.length_bytes > 0 ? mugai_type_of_binary (before) : NULL;
  if (!other && before.length_bytes > 0)
    other = mugai_type_of_text (before);
  guint64 flags = other ? BIT (AMBIGUOUS) : 0;
  if (other && g_str_equal (other, "text/html"))
    flags |= mugai_active_markup (before, FALSE);
  return MUGAI_BYTES_FIND (bytes, 0, "obj") >= 0 ? flags : flags | BIT (MALFORMED);
}

guint64 mugai_pdf_flags (MugaiBytes bytes, MugaiBudget *budget) {
  g_autoptr (GArray) actions = g_array_new (FALSE, FALSE, sizeof (guint));
  Reading reading = { .budget = budget, .actions = actions, .file = bytes };
  reading.flags = flags_of_frame (bytes);
  walk (&reading, bytes, FALSE);
  if (reading.encrypt_at > 0) {
    reading.key = mugai_pdf_crypt_open (bytes, reading.encrypt_at);
    if (reading.key.opens)
      walk (&reading, bytes, FALSE); /* once more: what the object streams hold is readable now */
    else
      reading.flags |= BIT (ENCRYPTED);
  }
  if (actions->len > 0) {
    find_plain_actions (&reading, bytes);
    walk (&reading, bytes, TRUE);
    if (reading.harmless < actions->len)
      reading.flags |= BIT (ACTIVE_CONTENT);
  }
  return reading.flags;
}
