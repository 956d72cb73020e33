/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/tnef: see mugai/mail/tnef.h. Attributes of the mail (level 1) and of its files (level 2) in one pass; embedded messages are
 * streams of the same kind and wait on a list, so depth costs no stack.
 */
#include "mugai/mail/tnef.h"

#include <string.h>

#include "mugai/base/unicode.h"

#include "rtf.h"
#include "tnef-properties.h"

#define SIGNATURE 0x223e9f78u
#define EMBEDDED_ID_BYTES 16u /* an interface's id before the data of an object */

enum {
  ATT_OWNER = 0x00060000,
  ATT_DATE_START = 0x00030006,
  ATT_DATE_END = 0x00030007,
  ATT_SUBJECT = 0x00018004,
  ATT_MESSAGE_CLASS = 0x00078008,
  ATT_BODY = 0x0002800c,
  ATT_FILE_DATA = 0x0006800f,
  ATT_FILE_TITLE = 0x00018010,
  ATT_FILE_BEGIN = 0x00069002,
  ATT_PROPERTIES = 0x00069003,
  ATT_RECIPIENTS = 0x00069004,
  ATT_FILE_PROPERTIES = 0x00069005,
  ATT_CODEPAGE = 0x00069007
};

enum { /* of MAPI */
       PR_MESSAGE_CLASS = 0x001a,
       PR_SUBJECT = 0x0037,
       PR_SENT_REPRESENTING_NAME = 0x0042,
       PR_SENDER_NAME = 0x0c1a,
       PR_BODY = 0x1000,
       PR_RTF_COMPRESSED = 0x1009,
       PR_BODY_HTML = 0x1013,
       PR_DISPLAY_NAME = 0x3001,
       PR_EMAIL_ADDRESS = 0x3003,
       PR_SMTP_ADDRESS = 0x39fe,
       PR_ATTACH_DATA = 0x3701,
       PR_ATTACH_FILENAME = 0x3704,
       PR_ATTACH_LONG_FILENAME = 0x3707,
       PR_INTERNET_CPID = 0x3fde
};

enum { LID_LOCATION = 0x8208, LID_START = 0x820d, LID_END = 0x820e, LID_PATTERN = 0x8232, LID_ZONE = 0x8234 };

typedef struct {
  GBytes *bytes;
  guint depth;
} Stream;

typedef struct {
  MugaiTnef *tnef;
  GArray *streams; /* of Stream: still to be opened */
  GBytes *whole;   /* of the stream in hand */
  guint depth;
  const char *charset; /* of 8-bit texts; NULL: detected */
  MugaiTnefMessage *message;
  char *class;
  char *rtf, *html; /* until the stream's end: which text is best is known then */
  MugaiTnefFile *file;
  gsize file_bytes;
} Reader;

static void file_free (MugaiTnefFile *file) {
  g_free (file->name);
  g_clear_pointer (&file->content, g_bytes_unref);
  g_free (file);
}

static void message_free (MugaiTnefMessage *message) {
  g_free (message->subject);
  g_free (message->text);
  g_free (message->html);
  g_free (message->method);
  g_clear_pointer (&message->event, mugai_event_free);
  g_free (message);
}

void mugai_tnef_free (MugaiTnef *tnef) {
  if (tnef == NULL)
    return;
  g_clear_pointer (&tnef->messages, g_ptr_array_unref);
  g_clear_pointer (&tnef->files, g_ptr_array_unref);
  g_free (tnef);
}

static void stream_clear (Stream *stream) {
  g_clear_pointer (&stream->bytes, g_bytes_unref);
}

/* ---- values ---- */

static const char *charset_of (guint32 codepage) {
  switch (codepage) {
  case 932:
    return "cp932";
  case 50220:
  case 50221:
  case 50222:
    return "iso-2022-jp";
  case 51932:
    return "euc-jp";
  case 65001:
    return "utf-8";
  case 1252:
    return "windows-1252";
  default:
    return NULL;
  }
}

/* Replaces *@place by one safe line. */
static void set_line (char **place, char *raw, gsize max_bytes) {
  char *safe = mugai_unicode_make_safe (raw, -1, max_bytes);
  g_free (raw);
  g_free (*place);
  *place = g_strstrip (safe);
}

static void set_lines (char **place, char *raw) {
  char *safe = mugai_unicode_make_safe_lines (raw, -1, MUGAI_TNEF_MAX_TEXT_BYTES);
  g_free (raw);
  g_free (*place);
  *place = safe;
}

static MugaiEvent *event_of (Reader *reader) {
  if (reader->message->event == NULL)
    reader->message->event = mugai_event_new ("VEVENT");
  return reader->message->event;
}

/* A FILETIME: 100 ns since 1601, UTC. */
static void set_time (MugaiEventTime *time, TnefCursor value) {
  gint64 seconds = (gint64) (tnef_u64 (&value) / 10000000u) - G_GINT64_CONSTANT (11644473600);
  g_autoptr (GDateTime) moment = value.broken ? NULL : g_date_time_new_from_unix_utc (seconds);
  if (moment == NULL)
    return;
  g_date_time_get_ymd (moment, &time->year, &time->month, &time->day);
  time->hour = g_date_time_get_hour (moment);
  time->minute = g_date_time_get_minute (moment);
  time->utc = TRUE;
}

/* ---- files ---- */

static void add_file_content (Reader *reader, TnefCursor data) {
  MugaiTnef *tnef = reader->tnef;
  if (reader->file == NULL || data.length == 0)
    return;
  reader->file_bytes += data.length;
  if (reader->file_bytes > MUGAI_TNEF_MAX_FILE_BYTES) {
    tnef->over_limit = TRUE;
    return;
  }
  gsize offset = (gsize) (data.data - (const guint8 *) g_bytes_get_data (reader->whole, NULL));
  g_clear_pointer (&reader->file->content, g_bytes_unref);
  reader->file->content = g_bytes_new_from_bytes (reader->whole, offset, data.length);
}

/* An embedded message is a stream like ours: opened later; its wrapper is no file of its own. */
static gboolean take_embedded (Reader *reader, TnefCursor data) {
  (void) tnef_slice (&data, EMBEDDED_ID_BYTES);
  TnefCursor inner = tnef_slice (&data, data.length - data.at);
  TnefCursor look = inner;
  if (tnef_u32 (&look) != SIGNATURE)
    return FALSE;
  if (reader->depth + 1 >= MUGAI_TNEF_MAX_DEPTH
      || reader->tnef->messages->len + reader->streams->len >= MUGAI_TNEF_MAX_MESSAGES) {
    reader->tnef->over_limit = TRUE;
    return FALSE;
  }
  gsize offset = (gsize) (inner.data - (const guint8 *) g_bytes_get_data (reader->whole, NULL));
  Stream stream = { g_bytes_new_from_bytes (reader->whole, offset, inner.length), reader->depth + 1 };
  g_array_append_val (reader->streams, stream);
  return TRUE;
}

static void begin_file (Reader *reader) {
  if (reader->tnef->files->len >= MUGAI_TNEF_MAX_FILES) {
    reader->tnef->over_limit = TRUE;
    reader->file = NULL;
    return;
  }
  reader->file = g_new0 (MugaiTnefFile, 1);
  reader->file->name = g_strdup ("");
  g_ptr_array_add (reader->tnef->files, reader->file);
}

static void read_file_property (Reader *reader, const TnefProperty *property) {
  MugaiTnefFile *file = reader->file;
  if (property->named)
    return;
  if (property->id == PR_ATTACH_LONG_FILENAME
      || (*file->name == '\0' && (property->id == PR_ATTACH_FILENAME || property->id == PR_DISPLAY_NAME)))
    set_line (&file->name, tnef_text (property, reader->charset), MUGAI_TNEF_MAX_NAME_BYTES);
  if (property->id != PR_ATTACH_DATA || property->value.length == 0)
    return;
  if (property->type == TNEF_OBJECT && take_embedded (reader, property->value)) {
    g_ptr_array_remove (reader->tnef->files, file);
    reader->file = NULL;
    return;
  }
  TnefCursor data = property->value;
  if (property->type == TNEF_OBJECT)
    (void) tnef_slice (&data, EMBEDDED_ID_BYTES);
  add_file_content (reader, tnef_slice (&data, data.length - data.at));
}

static void read_file_properties (Reader *reader, TnefCursor value) {
  TnefProperties properties;
  TnefProperty property;
  tnef_properties_init (&properties, value);
  while (reader->file != NULL && tnef_properties_next (&properties, &property))
    read_file_property (reader, &property);
  reader->tnef->damaged |= properties.cursor.broken;
}

/* ---- the mail ---- */

static void read_named_property (Reader *reader, const TnefProperty *property) {
  const gsize max = MUGAI_CALENDAR_MAX_VALUE_BYTES;
  if (property->id == LID_START && property->type == TNEF_SYSTIME)
    set_time (&event_of (reader)->start, property->value);
  else if (property->id == LID_END && property->type == TNEF_SYSTIME)
    set_time (&event_of (reader)->end, property->value);
  else if (property->id == LID_LOCATION)
    set_line (&event_of (reader)->location, tnef_text (property, reader->charset), max);
  else if (property->id == LID_PATTERN)
    set_line (&event_of (reader)->recurrence, tnef_text (property, reader->charset), max);
}

static void read_body_property (Reader *reader, const TnefProperty *property) {
  if (property->id == PR_BODY) {
    set_lines (&reader->message->text, tnef_text (property, reader->charset));
  } else if (property->id == PR_BODY_HTML) {
    g_free (reader->html);
    reader->html = tnef_text (property, reader->charset);
  } else if (property->id == PR_RTF_COMPRESSED) {
    GString *rtf = tnef_unpack_rtf (property->value, MUGAI_TNEF_MAX_TEXT_BYTES);
    reader->tnef->damaged |= rtf == NULL;
    if (rtf == NULL)
      return;
    g_free (reader->rtf);
    reader->rtf = rtf_to_text (rtf->str, rtf->len, reader->charset);
    g_string_free (rtf, TRUE);
  }
}

static void read_property (Reader *reader, const TnefProperty *property) {
  const gsize max = MUGAI_CALENDAR_MAX_VALUE_BYTES;
  TnefCursor value = property->value;
  if (property->named) {
    read_named_property (reader, property);
    return;
  }
  switch (property->id) {
  case PR_INTERNET_CPID: {
    const char *charset = charset_of (tnef_u32 (&value));
    reader->charset = charset != NULL ? charset : reader->charset;
    break;
  }
  case PR_MESSAGE_CLASS:
    set_line (&reader->class, tnef_text (property, reader->charset), max);
    break;
  case PR_SUBJECT:
    set_line (&reader->message->subject, tnef_text (property, reader->charset), max);
    break;
  case PR_SENT_REPRESENTING_NAME:
    set_line (&event_of (reader)->organiser, tnef_text (property, reader->charset), max);
    break;
  default:
    read_body_property (reader, property);
    break;
  }
}

static void read_properties (Reader *reader, TnefCursor value) {
  TnefProperties properties;
  TnefProperty property;
  tnef_properties_init (&properties, value);
  while (tnef_properties_next (&properties, &property))
    read_property (reader, &property);
  reader->tnef->damaged |= properties.cursor.broken;
}

/* One row a recipient, each a list of properties. */
static void read_recipients (Reader *reader, TnefCursor value) {
  guint32 n_rows = tnef_u32 (&value);
  for (guint32 i = 0; i < n_rows && !value.broken && value.at < value.length; i++) {
    TnefProperties row;
    TnefProperty property;
    g_autofree char *name = g_strdup (""), *address = g_strdup ("");
    tnef_properties_init (&row, value);
    while (tnef_properties_next (&row, &property)) {
      if (property.named)
        continue;
      if (property.id == PR_DISPLAY_NAME)
        set_line (&name, tnef_text (&property, reader->charset), MUGAI_CALENDAR_MAX_VALUE_BYTES);
      else if (property.id == PR_SMTP_ADDRESS || (property.id == PR_EMAIL_ADDRESS && *address == '\0'))
        set_line (&address, tnef_text (&property, reader->charset), MUGAI_CALENDAR_MAX_VALUE_BYTES);
    }
    value = row.cursor;
    MugaiEvent *event = event_of (reader);
    if (event->n_attendees++ < MUGAI_CALENDAR_MAX_ATTENDEES)
      g_ptr_array_add (event->attendees,
                       *address != '\0' ? g_strdup_printf ("%s <%s>", name, address) : g_strdup (name));
  }
  reader->tnef->damaged |= value.broken;
}

static void read_attribute (Reader *reader, guint32 id, TnefCursor value) {
  TnefCursor first = value;
  switch (id) {
  case ATT_CODEPAGE:
    reader->charset = charset_of (tnef_u32 (&first));
    break;
  case ATT_MESSAGE_CLASS:
    set_line (&reader->class, tnef_bytes_text (value, reader->charset), MUGAI_CALENDAR_MAX_VALUE_BYTES);
    break;
  case ATT_SUBJECT:
    set_line (&reader->message->subject, tnef_bytes_text (value, reader->charset), MUGAI_CALENDAR_MAX_VALUE_BYTES);
    break;
  case ATT_BODY:
    set_lines (&reader->message->text, tnef_bytes_text (value, reader->charset));
    break;
  case ATT_PROPERTIES:
    read_properties (reader, value);
    break;
  case ATT_RECIPIENTS:
    read_recipients (reader, value);
    break;
  case ATT_FILE_BEGIN:
    begin_file (reader);
    break;
  case ATT_FILE_DATA:
    add_file_content (reader, value);
    break;
  case ATT_FILE_TITLE:
    if (reader->file != NULL && *reader->file->name == '\0')
      set_line (&reader->file->name, tnef_bytes_text (value, reader->charset), MUGAI_TNEF_MAX_NAME_BYTES);
    break;
  case ATT_FILE_PROPERTIES:
    read_file_properties (reader, value);
    break;
  default:
    break;
  }
}

/* ---- the end of a stream ---- */

static const char *method_of (const char *class) {
  static const struct {
    const char *mark, *method;
  } known[] = { { "MtgReq", "REQUEST" },          { "Meeting.Request", "REQUEST" }, { "MtgCncl", "CANCEL" },
                { "Meeting.Canceled", "CANCEL" }, { "MtgResp", "REPLY" },           { "Meeting.Resp", "REPLY" },
                { "IPM.Appointment", "PUBLISH" } };
  for (guint i = 0; class != NULL && i < G_N_ELEMENTS (known); i++)
    if (strstr (class, known[i].mark) != NULL)
      return known[i].method;
  return NULL;
}

/* Outlook leaves out the plain body where it has written RTF or HTML. */
static void finish_texts (Reader *reader) {
  MugaiTnefMessage *message = reader->message;
  gboolean empty = message->text == NULL || strspn (message->text, " \t\n") == strlen (message->text);
  if (empty && reader->html != NULL)
    message->html = g_steal_pointer (&reader->html);
  else if (empty && reader->rtf != NULL)
    set_lines (&message->text, g_steal_pointer (&reader->rtf));
  g_clear_pointer (&reader->html, g_free);
  g_clear_pointer (&reader->rtf, g_free);
}

/* Sender and recipients stand in every mail: only a meeting's class makes an event of them. */
static void finish_event (Reader *reader) {
  MugaiTnefMessage *message = reader->message;
  const char *method = method_of (reader->class);
  if (method == NULL || message->event == NULL) {
    g_clear_pointer (&message->event, mugai_event_free);
    return;
  }
  message->method = g_strdup (method);
  message->event->summary = g_strdup (message->subject);
  if (message->event->recurrence != NULL && *message->event->recurrence == '\0')
    g_clear_pointer (&message->event->recurrence, g_free);
}

static void read_stream (Reader *reader, const Stream *stream) {
  gsize length;
  const guint8 *data = g_bytes_get_data (stream->bytes, &length);
  TnefCursor cursor = { data, length, 0, FALSE };
  reader->whole = stream->bytes;
  reader->depth = stream->depth;
  reader->charset = NULL;
  reader->file = NULL;
  reader->message = g_new0 (MugaiTnefMessage, 1);
  reader->message->depth = stream->depth;
  g_ptr_array_add (reader->tnef->messages, reader->message);
  (void) tnef_slice (&cursor, 6);
  for (guint n = 0; cursor.at < cursor.length && !cursor.broken; n++) {
    if (n >= MUGAI_TNEF_MAX_ATTRIBUTES) {
      reader->tnef->over_limit = TRUE;
      break;
    }
    (void) tnef_slice (&cursor, 1); /* level: the id says as much */
    guint32 id = tnef_u32 (&cursor), size = tnef_u32 (&cursor);
    TnefCursor value = tnef_slice (&cursor, size);
    guint16 sum = 0, said = tnef_u16 (&cursor);
    for (gsize i = 0; i < value.length; i++)
      sum = (guint16) (sum + value.data[i]);
    reader->tnef->damaged |= sum != said;
    read_attribute (reader, id, value);
  }
  reader->tnef->damaged |= cursor.broken;
  finish_texts (reader);
  finish_event (reader);
  g_clear_pointer (&reader->class, g_free);
}

static gboolean is_tnef (GBytes *content) {
  gsize length;
  const guint8 *data = g_bytes_get_data (content, &length);
  TnefCursor cursor = { data, length, 0, FALSE };
  return length >= 6 && tnef_u32 (&cursor) == SIGNATURE;
}

MugaiTnef *mugai_tnef_open (GBytes *content) {
  if (!is_tnef (content))
    return NULL;
  Reader reader = { .tnef = g_new0 (MugaiTnef, 1) };
  reader.tnef->messages = g_ptr_array_new_with_free_func ((GDestroyNotify) message_free);
  reader.tnef->files = g_ptr_array_new_with_free_func ((GDestroyNotify) file_free);
  reader.streams = g_array_new (FALSE, FALSE, sizeof (Stream));
  g_array_set_clear_func (reader.streams, (GDestroyNotify) stream_clear);
  Stream first = { g_bytes_ref (content), 0 };
  g_array_append_val (reader.streams, first);
  for (guint i = 0; i < reader.streams->len; i++) {
    Stream stream = g_array_index (reader.streams, Stream, i); /* the array may move */
    read_stream (&reader, &stream);
  }
  g_array_unref (reader.streams);
  for (guint i = 0; i < reader.tnef->files->len; i++) {
    MugaiTnefFile *file = g_ptr_array_index (reader.tnef->files, i);
    if (file->content == NULL)
      file->content = g_bytes_new_static ("", 0);
  }
  return reader.tnef;
}
