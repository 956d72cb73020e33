/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/calendar-zone: see calendar-zone.h. An observance (STANDARD or DAYLIGHT) begins once, or each year by a rule; of all beginnings before
 * a moment the latest counts. Local times are compared as numbers (yyyymmddhhmm): within the hour of a change that is off by one hour at most.
 */
#include "calendar-zone.h"

#include <stdlib.h>
#include <string.h>

#include "mugai/base/unicode.h"

#include "content-line.h"

#define MAX_ZONE_BYTES 100u

typedef struct {
  gint64 begins, until; /* yyyymmddhhmm, local; until 0: without end */
  guint month, weekday; /* of a yearly rule; month 0: it begins once. weekday: 1 Monday ... 7 Sunday */
  int nth;              /* 1..5, -1: the last one */
  int minutes;          /* offset from UTC */
} Observance;

typedef struct {
  GArray *observances; /* of Observance */
  gboolean unknown;    /* a rule was not understood */
} Zone;

struct CalendarZones {
  GHashTable *by_name; /* name -> Zone */
};

static void zone_free (Zone *zone) {
  g_array_unref (zone->observances);
  g_free (zone);
}

static Zone *zone_new (void) {
  Zone *zone = g_new0 (Zone, 1);
  zone->observances = g_array_new (FALSE, FALSE, sizeof (Observance));
  return zone;
}

void calendar_zones_free (CalendarZones *zones) {
  if (zones == NULL)
    return;
  g_hash_table_unref (zones->by_name);
  g_free (zones);
}

/* ---- values ---- */

/* "+0900", "-033000" [minutes]. */
static gboolean parse_offset (const char *text, int *ret_minutes) {
  const char *digits = text + (*text == '+' || *text == '-' ? 1 : 0);
  if (strspn (digits, "0123456789") < 4)
    return FALSE;
  int minutes = ((digits[0] - '0') * 10 + digits[1] - '0') * 60 + (digits[2] - '0') * 10 + digits[3] - '0';
  *ret_minutes = *text == '-' ? -minutes : minutes;
  return minutes <= 15 * 60;
}

/* "20070311T020000" as 200703110200; 0 when it is no date. */
static gint64 parse_moment (const char *text) {
  if (strspn (text, "0123456789") < 8)
    return 0;
  gint64 moment = 0;
  for (guint i = 0; i < 8; i++)
    moment = moment * 10 + text[i] - '0';
  gboolean clock = text[8] == 'T' && strspn (text + 9, "0123456789") >= 4;
  for (guint i = 9; i < 13; i++)
    moment = moment * 10 + (clock ? text[i] - '0' : 0);
  return moment;
}

static guint weekday_of (const char *code) {
  static const char *const codes[] = { "MO", "TU", "WE", "TH", "FR", "SA", "SU" };
  for (guint i = 0; i < G_N_ELEMENTS (codes); i++)
    if (g_ascii_strcasecmp (code, codes[i]) == 0)
      return i + 1;
  return 0;
}

/* "FREQ=YEARLY;BYMONTH=3;BYDAY=2SU" and nothing else. */
static gboolean parse_rule (const char *rule, Observance *observance) {
  gboolean yearly = FALSE;
  g_auto (GStrv) parts = g_strsplit (rule, ";", 16);
  for (char **part = parts; *part != NULL; part++) {
    char *value = strchr (*part, '=');
    if (value == NULL)
      continue;
    *value++ = '\0';
    if (g_ascii_strcasecmp (*part, "FREQ") == 0) {
      yearly = g_ascii_strcasecmp (value, "YEARLY") == 0;
    } else if (g_ascii_strcasecmp (*part, "BYMONTH") == 0) {
      observance->month = (guint) CLAMP (atoi (value), 0, 12);
    } else if (g_ascii_strcasecmp (*part, "BYDAY") == 0) {
      observance->nth = atoi (value);
      observance->weekday = weekday_of (value + strspn (value, "+-0123456789"));
    } else if (g_ascii_strcasecmp (*part, "UNTIL") == 0) {
      observance->until = parse_moment (value);
    } else if (g_ascii_strcasecmp (*part, "INTERVAL") != 0 || atoi (value) != 1) {
      return FALSE;
    }
  }
  return yearly && observance->month > 0 && observance->weekday > 0
         && (observance->nth == -1 || (observance->nth >= 1 && observance->nth <= 5));
}

/* ---- reading ---- */

typedef struct {
  Zone *zone; /* the one being read, or NULL */
  char *name;
  Observance now;
  gboolean in_observance, has_offset;
} Reader;

static void end_observance (Reader *reader) {
  reader->in_observance = FALSE;
  if (!reader->has_offset || reader->now.begins == 0 || reader->zone->observances->len >= CALENDAR_MAX_OBSERVANCES)
    reader->zone->unknown = TRUE;
  else
    g_array_append_val (reader->zone->observances, reader->now);
}

static void read_observance (Reader *reader, const ContentLine *line) {
  if (g_str_equal (line->name, "DTSTART"))
    reader->now.begins = parse_moment (line->value);
  else if (g_str_equal (line->name, "TZOFFSETTO"))
    reader->has_offset = parse_offset (line->value, &reader->now.minutes);
  else if (g_str_equal (line->name, "RRULE"))
    reader->zone->unknown |= !parse_rule (line->value, &reader->now);
  else if (g_str_equal (line->name, "RDATE"))
    reader->zone->unknown = TRUE;
}

static void end_zone (Reader *reader, CalendarZones *zones) {
  if (reader->name != NULL && g_hash_table_size (zones->by_name) < MUGAI_CALENDAR_MAX_ZONES)
    g_hash_table_insert (zones->by_name, g_steal_pointer (&reader->name), g_steal_pointer (&reader->zone));
  g_clear_pointer (&reader->name, g_free);
  g_clear_pointer (&reader->zone, zone_free);
}

static gboolean is_observance (const char *value) {
  return g_ascii_strcasecmp (value, "STANDARD") == 0 || g_ascii_strcasecmp (value, "DAYLIGHT") == 0;
}

static void read_line (Reader *reader, CalendarZones *zones, const ContentLine *line) {
  gboolean begin = g_str_equal (line->name, "BEGIN"), end = g_str_equal (line->name, "END");
  if (begin && g_ascii_strcasecmp (line->value, "VTIMEZONE") == 0) {
    g_clear_pointer (&reader->zone, zone_free);
    reader->zone = zone_new ();
  } else if (reader->zone == NULL) {
    return;
  } else if (end && g_ascii_strcasecmp (line->value, "VTIMEZONE") == 0) {
    end_zone (reader, zones);
  } else if (begin && is_observance (line->value)) {
    reader->now = (Observance){ 0 };
    reader->in_observance = TRUE;
    reader->has_offset = FALSE;
  } else if (end && reader->in_observance && is_observance (line->value)) {
    end_observance (reader);
  } else if (reader->in_observance) {
    read_observance (reader, line);
  } else if (g_str_equal (line->name, "TZID")) {
    g_free (reader->name);
    reader->name = content_line_field (line, G_MAXUINT, MAX_ZONE_BYTES);
  }
}

CalendarZones *calendar_zones_read (const char *text, gsize length_bytes) {
  CalendarZones *zones = g_new0 (CalendarZones, 1);
  zones->by_name = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) zone_free);
  Reader reader = { 0 };
  ContentReader lines;
  content_reader_init (&lines, text, length_bytes);
  for (ContentLine line; content_reader_next (&lines, &line); content_line_clear (&line))
    read_line (&reader, zones, &line);
  g_clear_pointer (&reader.zone, zone_free);
  g_free (reader.name);
  return zones;
}

/* ---- asking ---- */

/* The beginning by the rule in @year; 0: none. */
static gint64 yearly_moment (const Observance *observance, int year) {
  if (year < 1 || year > 9999)
    return 0;
  guint days = g_date_get_days_in_month ((GDateMonth) observance->month, (GDateYear) year);
  g_autoptr (GDate) first = g_date_new_dmy (1, (GDateMonth) observance->month, (GDateYear) year);
  guint day = 1 + (observance->weekday + 7 - (guint) g_date_get_weekday (first)) % 7;
  if (observance->nth > 0)
    day += 7 * ((guint) observance->nth - 1);
  while (observance->nth < 0 && day + 7 <= days)
    day += 7;
  if (day > days)
    return 0;
  return ((gint64) year * 10000 + observance->month * 100 + day) * 10000 + observance->begins % 10000;
}

/* The latest beginning at or before @moment; 0: none. */
static gint64 latest_beginning (const Observance *observance, gint64 moment) {
  int year = (int) (moment / 100000000);
  gint64 latest = observance->begins <= moment ? observance->begins : 0;
  for (int back = 0; observance->month > 0 && back < 2; back++) {
    gint64 yearly = yearly_moment (observance, year - back);
    if (yearly <= moment && yearly >= observance->begins && (observance->until == 0 || yearly <= observance->until))
      latest = MAX (latest, yearly);
  }
  return latest;
}

static gboolean find_offset (const Zone *zone, gint64 moment, int *ret_minutes) {
  gint64 latest = 0;
  for (guint i = 0; !zone->unknown && i < zone->observances->len; i++) {
    const Observance *observance = &g_array_index (zone->observances, Observance, i);
    gint64 begins = latest_beginning (observance, moment);
    if (begins <= latest)
      continue;
    latest = begins;
    *ret_minutes = observance->minutes;
  }
  return latest > 0;
}

/* Calendars from Japan often leave their zone out, or name it in Windows' words. */
static gboolean is_japan (const char *name) {
  static const char *const japan[] = { "Asia/Tokyo", "Tokyo Standard Time", "Japan", "JST", "Japan Standard Time" };
  for (guint i = 0; i < G_N_ELEMENTS (japan); i++)
    if (g_ascii_strcasecmp (name, japan[i]) == 0)
      return TRUE;
  return strstr (name, "Osaka, Sapporo, Tokyo") != NULL || strstr (name, "大阪、札幌、東京") != NULL
         || g_str_has_suffix (name, "/Asia/Tokyo");
}

void calendar_zones_resolve (const CalendarZones *zones, MugaiEventTime *time) {
  if (time->utc || time->zone == NULL)
    return;
  const Zone *zone = g_hash_table_lookup (zones->by_name, time->zone);
  gint64 moment =
      ((gint64) time->year * 10000 + time->month * 100 + time->day) * 10000 + time->hour * 100 + time->minute;
  if (zone != NULL) {
    time->has_offset = find_offset (zone, moment, &time->offset_minutes);
  } else if (is_japan (time->zone)) {
    time->has_offset = TRUE;
    time->offset_minutes = 9 * 60;
  }
}
