/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/calendar: iCalendar (RFC 5545, RFC 5546) and vCalendar 1.0 into events.
 *
 * Open components are counted, so nothing recurses. Two passes over the lines: time zones may follow the events that use them. Fields of alarms and of components not known are passed over. Pure; any thread.
 */
#include "mugai/mail/calendar.h"

#include <stdlib.h>
#include <string.h>

#include "mugai/base/unicode.h"

#include "calendar-zone.h"
#include "content-line.h"

#define MAX_ZONE_BYTES 100u

typedef struct {
  GString *out;
  CalendarZones *zones;
  char *method;
  guint depth;       /* open components */
  MugaiEvent *event; /* the one being read, or NULL */
  guint event_depth;
  char *duration; /* of the event: may stand before its start */
  guint n_events;
} Calendar;

static gboolean is_event_kind (const char *name) {
  static const char *const kinds[] = { "VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", NULL };
  return g_strv_contains (kinds, name);
}

/* ---- values ---- */

static int number_at (const char *text, guint at, guint digits) {
  int number = 0;
  for (guint i = 0; i < digits; i++)
    number = number * 10 + text[at + i] - '0';
  return number;
}

/* DATE or DATE-TIME (3.3.4, 3.3.5); anything else leaves year 0. */
static void read_time (const Calendar *calendar, const ContentLine *line, MugaiEventTime *time) {
  const char *value = line->value;
  if (time->year > 0 || strspn (value, "0123456789") != 8)
    return;
  gboolean clock = value[8] == 'T' && strspn (value + 9, "0123456789") == 6;
  if (!clock && value[8] != '\0')
    return;
  time->year = number_at (value, 0, 4);
  time->month = number_at (value, 4, 2);
  time->day = number_at (value, 6, 2);
  time->date_only = !clock;
  time->hour = clock ? number_at (value, 9, 2) : 0;
  time->minute = clock ? number_at (value, 11, 2) : 0;
  time->utc = clock && value[15] == 'Z';
  const char *zone = content_line_parameter (line, "TZID");
  time->zone = zone != NULL && clock ? mugai_unicode_make_safe (zone, -1, MAX_ZONE_BYTES) : NULL;
  calendar_zones_resolve (calendar->zones, time);
}

static guint number_before (const char **at, char unit) {
  char *end = NULL;
  guint64 number = g_ascii_strtoull (*at, &end, 10);
  if (end == *at || *end != unit)
    return 0;
  *at = end + 1;
  return (guint) MIN (number, 100000);
}

/* "PT1H30M", "P1D", "P2W" (3.3.6) from @start into @end. */
static void read_duration (const char *value, const MugaiEventTime *start, MugaiEventTime *end) {
  if (start->year == 0 || end->year > 0 || *value != 'P')
    return;
  const char *at = value + 1;
  guint minutes = number_before (&at, 'W') * 7 * 24 * 60;
  minutes += number_before (&at, 'D') * 24 * 60;
  if (*at == 'T') {
    at++;
    minutes += number_before (&at, 'H') * 60;
    minutes += number_before (&at, 'M');
  }
  g_autoptr (GDateTime) from =
      g_date_time_new_utc (start->year, start->month, start->day, start->hour, start->minute, 0);
  g_autoptr (GDateTime) to = from != NULL ? g_date_time_add_minutes (from, (int) minutes) : NULL;
  if (to == NULL || minutes == 0)
    return;
  g_date_time_get_ymd (to, &end->year, &end->month, &end->day);
  end->hour = g_date_time_get_hour (to);
  end->minute = g_date_time_get_minute (to);
  end->date_only = start->date_only;
}

static const char *answer_words (const char *answer) {
  static const struct {
    const char *answer, *words;
  } answers[] = { { "ACCEPTED", "承諾 / accepted" },
                  { "DECLINED", "辞退 / declined" },
                  { "TENTATIVE", "仮承諾 / tentative" },
                  { "DELEGATED", "代理 / delegated" } };
  for (guint i = 0; answer != NULL && i < G_N_ELEMENTS (answers); i++)
    if (g_ascii_strcasecmp (answer, answers[i].answer) == 0)
      return answers[i].words;
  return NULL;
}

/* "CN <address>（承諾）" */
static char *person_words (const ContentLine *line) {
  g_autofree char *value = content_line_field (line, G_MAXUINT, MUGAI_CALENDAR_MAX_VALUE_BYTES);
  const char *address = g_ascii_strncasecmp (value, "mailto:", 7) == 0 ? value + 7 : value;
  const char *given = content_line_parameter (line, "CN");
  g_autofree char *name = mugai_unicode_make_safe (given, -1, MUGAI_CALENDAR_MAX_VALUE_BYTES);
  const char *answer = answer_words (content_line_parameter (line, "PARTSTAT"));
  GString *out = g_string_new (NULL);
  if (*g_strstrip (name) != '\0' && !g_str_equal (name, address))
    g_string_append_printf (out, "%s <%s>", name, address);
  else
    g_string_append (out, address);
  if (answer != NULL)
    g_string_append_printf (out, "（%s）", answer);
  return g_string_free (out, FALSE);
}

static void set_once (char **place, char *text) {
  if (*place == NULL)
    *place = text;
  else
    g_free (text);
}

/* ---- lines of an event ---- */

static void read_field (Calendar *calendar, MugaiEvent *event, const ContentLine *line) {
  const gsize max = MUGAI_CALENDAR_MAX_VALUE_BYTES;
  const char *name = line->name;
  if (g_str_equal (name, "DTSTART"))
    read_time (calendar, line, &event->start);
  else if (g_str_equal (name, "DTEND"))
    read_time (calendar, line, &event->end);
  else if (g_str_equal (name, "DUE"))
    read_time (calendar, line, &event->due);
  else if (g_str_equal (name, "DURATION"))
    set_once (&calendar->duration, g_strndup (line->value, 40));
  else if (g_str_equal (name, "SUMMARY"))
    set_once (&event->summary, content_line_field (line, G_MAXUINT, max));
  else if (g_str_equal (name, "LOCATION"))
    set_once (&event->location, content_line_field (line, G_MAXUINT, max));
  else if (g_str_equal (name, "DESCRIPTION"))
    set_once (&event->description, content_line_text (line, MUGAI_CALENDAR_MAX_DESCRIPTION_BYTES));
  else if (g_str_equal (name, "STATUS"))
    set_once (&event->status, content_line_field (line, G_MAXUINT, max));
  else if (g_str_equal (name, "RRULE"))
    set_once (&event->recurrence, content_line_field (line, G_MAXUINT, max));
  else if (g_str_equal (name, "ORGANIZER"))
    set_once (&event->organiser, person_words (line));
  else if (g_str_equal (name, "SEQUENCE"))
    event->sequence = (guint) CLAMP (atoi (line->value), 0, 1000000);
  else if (g_str_equal (name, "ATTACH"))
    event->n_attachments++;
  else if (g_str_equal (name, "ATTENDEE") && event->n_attendees++ < MUGAI_CALENDAR_MAX_ATTENDEES)
    g_ptr_array_add (event->attendees, person_words (line));
}

static void begin_component (Calendar *calendar, const char *value) {
  g_autofree char *name = g_ascii_strup (value, (gssize) strnlen (value, 40));
  (void) g_strstrip (name);
  if (calendar->event == NULL && is_event_kind (name)) {
    calendar->event = mugai_event_new (name);
    calendar->event_depth = calendar->depth;
  }
  calendar->depth++;
}

static void end_component (Calendar *calendar) {
  if (calendar->depth > 0)
    calendar->depth--;
  if (calendar->event == NULL || calendar->depth != calendar->event_depth)
    return;
  if (calendar->duration != NULL)
    read_duration (calendar->duration, &calendar->event->start, &calendar->event->end);
  g_clear_pointer (&calendar->duration, g_free);
  if (calendar->n_events++ < MUGAI_CALENDAR_MAX_EVENTS) {
    if (calendar->out->len > 0)
      g_string_append_c (calendar->out, '\n');
    mugai_event_append (calendar->out, calendar->event, calendar->method);
  }
  g_clear_pointer (&calendar->event, mugai_event_free);
}

static void read_line (Calendar *calendar, const ContentLine *line) {
  if (g_str_equal (line->name, "BEGIN"))
    begin_component (calendar, line->value);
  else if (g_str_equal (line->name, "END"))
    end_component (calendar);
  else if (calendar->event != NULL && calendar->depth == calendar->event_depth + 1)
    read_field (calendar, calendar->event, line);
  else if (calendar->event == NULL && g_str_equal (line->name, "METHOD"))
    set_once (&calendar->method, content_line_field (line, G_MAXUINT, 40));
}

char *mugai_calendar_to_text (const char *text, gsize length_bytes) {
  gsize length = MIN (length_bytes, MUGAI_CALENDAR_MAX_BYTES);
  g_autoptr (CalendarZones) zones = calendar_zones_read (text, length);
  Calendar calendar = { .out = g_string_new (NULL), .zones = zones };
  ContentReader reader;
  content_reader_init (&reader, text, length);
  for (ContentLine line; content_reader_next (&reader, &line); content_line_clear (&line))
    read_line (&calendar, &line);
  while (calendar.event != NULL) /* END is missing: what was read is shown */
    end_component (&calendar);
  if (calendar.n_events > MUGAI_CALENDAR_MAX_EVENTS)
    g_string_append_printf (calendar.out, "\nほか %u 件の予定 / and %u more entries\n",
                            calendar.n_events - MUGAI_CALENDAR_MAX_EVENTS,
                            calendar.n_events - MUGAI_CALENDAR_MAX_EVENTS);
  if (length < length_bytes)
    g_string_append (calendar.out, "\n（長いため、残りは表示していません / the rest is not shown）\n");
  g_free (calendar.method);
  gboolean none = calendar.n_events == 0;
  char *result = g_string_free (calendar.out, none);
  return none ? NULL : result;
}
