/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/calendar: invitations and other calendar files as text that people read: what, when, where, who.
 *
 * Written from decoded fields, Japanese labels with English ones beside them. What would be active (alarms, attachments, HTML
 * descriptions) is never shown. Pure; any thread after mugai_mail_charset_init ().
 */
#pragma once

#include <glib.h>

/* Limits: what is over one is counted in the text, or cut with "…". */
#define MUGAI_CALENDAR_MAX_BYTES                                                                                       \
  (4u * 1024 * 1024)                         /* of a file that is looked at; a year of one office is under 1 MiB */
#define MUGAI_CALENDAR_MAX_EVENTS 20u        /* shown; an invitation has one, a timetable a dozen */
#define MUGAI_CALENDAR_MAX_ATTENDEES 20u     /* shown by name, of one event */
#define MUGAI_CALENDAR_MAX_VALUE_BYTES 1000u /* subject, place, a name */
#define MUGAI_CALENDAR_MAX_DESCRIPTION_BYTES 8000u /* invitations carry joining instructions of some 2,000 */
#define MUGAI_CALENDAR_MAX_ZONES 64u               /* VTIMEZONEs of one file */

typedef struct {
  int year, month, day, hour, minute; /* year 0: none */
  gboolean date_only;
  gboolean utc;
  int offset_minutes; /* from UTC, where has_offset */
  gboolean has_offset;
  char *zone; /* (nullable): its name as the sender writes it */
} MugaiEventTime;

/* One event, whatever it came from (iCalendar, TNEF). Texts are safe; NULL: not said. */
typedef struct {
  char *kind; /* "VEVENT", "VTODO", ... */
  char *summary, *location, *description, *organiser, *status, *recurrence;
  MugaiEventTime start, end, due;
  GPtrArray *attendees; /* of char*, at most MUGAI_CALENDAR_MAX_ATTENDEES */
  guint n_attendees;    /* all of them */
  guint n_attachments, sequence;
} MugaiEvent;

MugaiEvent *mugai_event_new (const char *kind);
void mugai_event_free (MugaiEvent *event);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiEvent, mugai_event_free)
/** mugai_event_append: the event in words to the end of @out. @method: (nullable): "REQUEST", "CANCEL", ... */
void mugai_event_append (GString *out, const MugaiEvent *event, const char *method);

/**
 * mugai_calendar_to_text:
 * @text: a text/calendar file, decoded to UTF-8
 *
 * Returns: (transfer full) (nullable): its events in words; NULL when there is none in it.
 */
char *mugai_calendar_to_text (const char *text, gsize length_bytes);
