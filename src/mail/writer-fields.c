/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/writer-fields: the header of the new message: known fields of the old one, each read as what it is and written
 * again from that.
 *
 * What is not in the table is dropped and counted; X-Mugai-* and Authentication-Results of strangers are among it. All stays
 * below the gate's (so Sendmail's) limit: address lists are shortened first, then the oldest trace lines go. Pure; any thread.
 */
#include <string.h>

#include "mugai/base/unicode.h"
#include "mugai/mail/mail.h"
#include "writer.h"

#define MAX_ALL_BYTES (24u * 1024)    /* of 30 KiB: MIME fields, our own and the front's still come */
#define MAX_RECEIVED 30u              /* newest ones; loops are found at 25 to 50 */
#define MAX_TEXT_BYTES 1000u          /* decoded subject and the like; clients show far less */
#define MAX_LIST_BYTES (6u * 1024)    /* one address field: about 120 addresses */
#define MAX_RESULTS_BYTES (2u * 1024) /* Authentication-Results of all relays: a line each for SPF, DKIM, DMARC, ARC */
#define MAX_IDS 30u
#define MAX_REPEATED 10u /* Delivered-To, X-Loop, Resent-* */

typedef enum {
  FIELD_TEXT,
  FIELD_TOKEN,
  FIELD_ADDRESSES,
  FIELD_DATE,
  FIELD_ID,
  FIELD_IDS,
  FIELD_URLS,
  FIELD_LIST_ID,
  FIELD_TRACE,
  FIELD_COMPACT /* a token that may be folded anywhere: Thread-Index */
} FieldKind;

typedef struct {
  const char *name;
  FieldKind kind;
  gboolean repeats;
} KnownField;

/* In the order in which they are written. */
static const KnownField known_fields[] = {
  { "Received", FIELD_TRACE, TRUE },
  { "Delivered-To", FIELD_TOKEN, TRUE },
  { "X-Loop", FIELD_TOKEN, TRUE },
  { "Resent-Date", FIELD_DATE, TRUE },
  { "Resent-From", FIELD_ADDRESSES, TRUE },
  { "Resent-Sender", FIELD_ADDRESSES, TRUE },
  { "Resent-To", FIELD_ADDRESSES, TRUE },
  { "Resent-Cc", FIELD_ADDRESSES, TRUE },
  { "Resent-Message-ID", FIELD_ID, TRUE },
  { "Date", FIELD_DATE, FALSE },
  { "From", FIELD_ADDRESSES, FALSE },
  { "Sender", FIELD_ADDRESSES, FALSE },
  { "Reply-To", FIELD_ADDRESSES, FALSE },
  { "To", FIELD_ADDRESSES, FALSE },
  { "Cc", FIELD_ADDRESSES, FALSE },
  { "Subject", FIELD_TEXT, FALSE },
  { "Message-ID", FIELD_ID, FALSE },
  { "In-Reply-To", FIELD_IDS, FALSE },
  { "References", FIELD_IDS, FALSE },
  { "List-Id", FIELD_LIST_ID, FALSE },
  { "List-Post", FIELD_URLS, FALSE },
  { "List-Help", FIELD_URLS, FALSE },
  { "List-Subscribe", FIELD_URLS, FALSE },
  { "List-Unsubscribe", FIELD_URLS, FALSE },
  { "List-Unsubscribe-Post", FIELD_TOKEN, FALSE },
  { "List-Owner", FIELD_URLS, FALSE },
  { "List-Archive", FIELD_URLS, FALSE },
  { "Auto-Submitted", FIELD_TOKEN, FALSE },
  { "Precedence", FIELD_TOKEN, FALSE },
  { "Importance", FIELD_TOKEN, FALSE },
  { "Priority", FIELD_TOKEN, FALSE },
  { "X-Priority", FIELD_TOKEN, FALSE },
  { "Sensitivity", FIELD_TOKEN, FALSE },
  { "Thread-Topic", FIELD_TEXT, FALSE },
  { "Thread-Index", FIELD_COMPACT, FALSE },
  { "Content-Language", FIELD_TOKEN, FALSE },
  { "Organization", FIELD_TEXT, FALSE },
  { "X-Auto-Response-Suppress", FIELD_TOKEN, FALSE },
};

/* ---- one field ---- */

static char *safe_text (const MugaiMailField *field, gsize max_bytes) {
  g_autofree char *text = mugai_header_decode_text (field->raw, field->raw_bytes, NULL, NULL);
  g_autofree char *safe = mugai_unicode_make_safe (text, -1, max_bytes);
  return g_strdup (g_strstrip (safe));
}

static gboolean put_line (GString *out, const char *name, const char *value) {
  if (value == NULL || *value == '\0')
    return FALSE;
  g_string_append_printf (out, "%s: %s\r\n", name, value);
  return TRUE;
}

static gboolean put_words (GString *out, const char *name, const char *value) {
  if (value == NULL)
    return FALSE;
  g_auto (GStrv) words = g_strsplit (value, " ", -1);
  g_autoptr (GPtrArray) tokens = g_ptr_array_new ();
  for (char **word = words; *word != NULL; word++)
    if (**word != '\0')
      g_ptr_array_add (tokens, *word);
  return mugai_writer_put_tokens (out, name, tokens, "");
}

/* Where a name shows an address that is not the sender's, mail programs that hide addresses would show that one alone. */
static void show_address (MugaiHeaderAddress *address) {
  if (!mugai_header_name_imitates (address->name, address->address))
    return;
  const char *real = *address->address != '\0' ? address->address : "?";
  char *shown = g_strdup_printf ("%s (%s)", address->name, real);
  g_free (address->name);
  address->name = shown;
}

static gboolean put_addresses (GString *out, const char *name, const MugaiMailField *field) {
  g_autoptr (GPtrArray) list = mugai_header_parse_addresses (field->raw, field->raw_bytes, NULL, NULL);
  gsize bytes = 0;
  guint n = 0;
  for (; n < list->len && bytes < MAX_LIST_BYTES; n++) {
    MugaiHeaderAddress *address = g_ptr_array_index (list, n);
    char *name_cut = mugai_unicode_make_safe (address->name, -1, MAX_TEXT_BYTES);
    g_free (address->name);
    address->name = name_cut;
    char *address_cut = mugai_unicode_make_safe (address->address, -1, MAX_TEXT_BYTES);
    g_free (address->address);
    address->address = address_cut;
    show_address (address);
    bytes += (strlen (address->name) + strlen (address->address)) * 4 / 3 + 20;
  }
  gboolean cut = n < list->len;
  if (cut)
    g_ptr_array_set_size (list, (int) n);
  gsize start = out->len;
  mugai_header_write_addresses (out, name, list);
  if (out->len == start)
    return FALSE;
  if (cut) {
    g_string_truncate (out, out->len - 2);
    g_string_append (out, "\r\n (...)\r\n");
  }
  return TRUE;
}

static gboolean put_ids (GString *out, const char *name, const char *text, guint max) {
  g_autoptr (GPtrArray) ids = mugai_writer_message_ids (text, max);
  return mugai_writer_put_tokens (out, name, ids, "");
}

/* A phrase in anything but ASCII goes; the id is what clients file by. */
static gboolean put_list_id (GString *out, const char *name, const char *text) {
  g_autofree char *token = mugai_writer_token (text);
  if (token != NULL)
    return put_words (out, name, token);
  const char *open = strrchr (text, '<');
  g_autofree char *id = open != NULL ? mugai_writer_token (open) : NULL;
  return id != NULL && strchr (id, ' ') == NULL && put_line (out, name, id);
}

static gboolean put_compact (GString *out, const char *name, const char *text) {
  g_autoptr (GString) compact = g_string_new (NULL);
  for (const char *p = text; *p != '\0'; p++) {
    if (*p == ' ')
      continue;
    if (!g_ascii_isalnum (*p) && strchr ("+/=", *p) == NULL)
      return FALSE;
    g_string_append_c (compact, *p);
  }
  return compact->len <= 900 && put_line (out, name, compact->str);
}

static gboolean put_urls (GString *out, const char *name, const char *text) {
  g_autoptr (GPtrArray) urls = mugai_writer_urls (text);
  return mugai_writer_put_tokens (out, name, urls, ",");
}

/* FALSE when the field is not what its name says: then it is dropped. */
static gboolean put_field (GString *out, const KnownField *known, const MugaiMailField *field) {
  if (known->kind == FIELD_ADDRESSES)
    return put_addresses (out, known->name, field);
  g_autofree char *text = safe_text (field, known->kind == FIELD_TEXT ? MAX_TEXT_BYTES : 0);
  g_autofree char *value = NULL;
  switch (known->kind) {
  case FIELD_TEXT:
    mugai_header_write_text (out, known->name, text);
    return TRUE;
  case FIELD_TOKEN:
    value = mugai_writer_token (text);
    return put_words (out, known->name, value);
  case FIELD_DATE:
    value = mugai_writer_date (text);
    return put_line (out, known->name, value);
  case FIELD_ID:
    return put_ids (out, known->name, text, 1);
  case FIELD_IDS:
    return put_ids (out, known->name, text, MAX_IDS);
  case FIELD_URLS:
    return put_urls (out, known->name, text);
  case FIELD_LIST_ID:
    return put_list_id (out, known->name, text);
  case FIELD_TRACE:
    value = mugai_writer_trace (text);
    return put_words (out, known->name, value);
  case FIELD_COMPACT:
    return put_compact (out, known->name, text);
  case FIELD_ADDRESSES:
    break;
  }
  return FALSE;
}

/* ---- all of them ---- */

/* Writes the occurrences of one name within @room. Returns: how many were written. */
static guint put_known (GString *out, const KnownField *known, const GPtrArray *fields, gsize room) {
  guint written = 0;
  guint max = known->kind == FIELD_TRACE ? MAX_RECEIVED : known->repeats ? MAX_REPEATED : 1;
  g_autoptr (GString) line = g_string_new (NULL);
  for (guint i = 0; i < fields->len && written < max; i++) {
    const MugaiMailField *field = g_ptr_array_index (fields, i);
    if (g_ascii_strcasecmp (field->name, known->name) != 0)
      continue;
    g_string_truncate (line, 0);
    if (!put_field (line, known, field))
      continue;
    if (line->len > room)
      break;
    g_string_append_len (out, line->str, (gssize) line->len);
    room -= line->len;
    written++;
  }
  return written;
}

/* ---- what relays found out ---- */

/* RFC 8601 2.2: "authserv-id [version]; results"; ids compare without case. */
static gboolean is_of_relay (const char *results, const char *const *relays) {
  gsize length = strcspn (results, "; ");
  for (; relays != NULL && *relays != NULL; relays++)
    if (length != 0 && strlen (*relays) == length && g_ascii_strncasecmp (results, *relays, length) == 0)
      return TRUE;
  return FALSE;
}

guint mugai_mail_write_results (GString *out, const MugaiMail *mail, const char *const *relays) {
  guint written = 0;
  gsize start = out->len;
  const GPtrArray *fields = mail->root->fields;
  for (guint i = 0; fields != NULL && i < fields->len && written < MAX_REPEATED; i++) {
    const MugaiMailField *field = g_ptr_array_index (fields, i);
    if (g_ascii_strcasecmp (field->name, "Authentication-Results") != 0)
      continue;
    g_autofree char *text = safe_text (field, 0);
    gboolean good = is_of_relay (text, relays) && g_str_is_ascii (text) && strstr (text, "=?") == NULL;
    g_autoptr (GString) line = g_string_new (NULL);
    if (!good || !put_words (line, "Authentication-Results", text) || out->len - start + line->len > MAX_RESULTS_BYTES)
      continue;
    g_string_append_len (out, line->str, (gssize) line->len);
    written++;
  }
  return written;
}

/* The tag and a subject that may be missing. */
static void put_subject (GString *out, const MugaiMailField *field, const char *tag) {
  g_autofree char *text = field != NULL ? safe_text (field, MAX_TEXT_BYTES) : g_strdup ("");
  g_autofree char *tagged = g_strdup_printf ("%s%s%s", tag, *text != '\0' ? " " : "", text);
  mugai_header_write_text (out, "Subject", tagged);
}

static const MugaiMailField *first_field (const GPtrArray *fields, const char *name) {
  for (guint i = 0; i < fields->len; i++) {
    const MugaiMailField *field = g_ptr_array_index (fields, i);
    if (g_ascii_strcasecmp (field->name, name) == 0)
      return field;
  }
  return NULL;
}

/* Fields that describe the body and are written afresh: not counted as dropped. */
static guint count_countable (const GPtrArray *fields) {
  guint n = 0;
  for (guint i = 0; i < fields->len; i++) {
    const MugaiMailField *field = g_ptr_array_index (fields, i);
    gboolean body = g_ascii_strcasecmp (field->name, "mime-version") == 0
                    || g_ascii_strcasecmp (field->name, "content-type") == 0
                    || g_ascii_strcasecmp (field->name, "content-transfer-encoding") == 0
                    || g_ascii_strcasecmp (field->name, "content-disposition") == 0;
    n += body ? 0 : 1;
  }
  return n;
}

GString *mugai_mail_write_fields (const MugaiMail *mail, const char *subject_tag, guint *ret_dropped) {
  g_autoptr (GPtrArray) none = g_ptr_array_new ();
  const GPtrArray *fields = mail != NULL && mail->root->fields != NULL ? mail->root->fields : none;
  g_autoptr (GString) trace = g_string_new (NULL);
  GString *rest = g_string_new (NULL);
  guint written = 0;
  /* Trace lines come first in the message but last in the budget. */
  for (guint i = 1; i < G_N_ELEMENTS (known_fields); i++) {
    const KnownField *known = &known_fields[i];
    if (subject_tag != NULL && g_str_equal (known->name, "Subject")) {
      const MugaiMailField *subject = first_field (fields, "Subject");
      put_subject (rest, subject, subject_tag);
      written += subject != NULL ? 1 : 0;
    } else {
      written += put_known (rest, known, fields, MAX_ALL_BYTES - MIN (rest->len, MAX_ALL_BYTES));
    }
  }
  written += put_known (trace, &known_fields[0], fields, MAX_ALL_BYTES - MIN (rest->len, MAX_ALL_BYTES));
  g_string_prepend_len (rest, trace->str, (gssize) trace->len);
  guint countable = count_countable (fields);
  if (ret_dropped != NULL)
    *ret_dropped = countable - MIN (written, countable);
  return rest;
}
