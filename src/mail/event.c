/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mail/event: one event in words: Japanese date form with weekday, time zone always named, recurrence in a sentence.
 *
 * A time in UTC is shown in Japanese time as well, because that is when the reader has to be there. No locale, no zone data of the
 * system: both are unreachable in the sandbox. Pure; any thread.
 */
#include "mugai/mail/calendar.h"

#include <stdlib.h>
#include <string.h>

#include "mugai/base/unicode.h"

#define JAPAN_MINUTES (9 * 60)

MugaiEvent *mugai_event_new (const char *kind) {
  MugaiEvent *event = g_new0 (MugaiEvent, 1);
  event->kind = g_strdup (kind);
  event->attendees = g_ptr_array_new_with_free_func (g_free);
  return event;
}

void mugai_event_free (MugaiEvent *event) {
  if (event == NULL)
    return;
  g_free (event->kind);
  g_free (event->summary);
  g_free (event->location);
  g_free (event->description);
  g_free (event->organiser);
  g_free (event->status);
  g_free (event->recurrence);
  g_free (event->start.zone);
  g_free (event->end.zone);
  g_free (event->due.zone);
  g_clear_pointer (&event->attendees, g_ptr_array_unref);
  g_free (event);
}

/* ---- when ---- */

static const char *const japanese_days[] = { "月", "火", "水", "木", "金", "土", "日" };
static const char *const english_days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
static const char *const english_months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

static GDateTime *moment_of (const MugaiEventTime *time) {
  return time->year > 0 ? g_date_time_new_utc (time->year, time->month, time->day, time->hour, time->minute, 0) : NULL;
}

static char *date_words (GDateTime *moment, gboolean japanese) {
  int day = g_date_time_get_day_of_week (moment) - 1;
  if (japanese)
    return g_strdup_printf ("%d年%d月%d日(%s)", g_date_time_get_year (moment), g_date_time_get_month (moment),
                            g_date_time_get_day_of_month (moment), japanese_days[day]);
  return g_strdup_printf ("%s %d %s %d", english_days[day], g_date_time_get_day_of_month (moment),
                          english_months[g_date_time_get_month (moment) - 1], g_date_time_get_year (moment));
}

static gboolean same_day (GDateTime *a, GDateTime *b) {
  return g_date_time_get_year (a) == g_date_time_get_year (b)
         && g_date_time_get_day_of_year (a) == g_date_time_get_day_of_year (b);
}

/* "2026年12月1日(火) 14:00～15:30", both moments moved by @minutes. @end: nullable. */
static char *span_words (GDateTime *start, GDateTime *end, int minutes, gboolean japanese) {
  g_autoptr (GDateTime) from = g_date_time_add_minutes (start, minutes);
  g_autoptr (GDateTime) to = end != NULL ? g_date_time_add_minutes (end, minutes) : NULL;
  if (from == NULL)
    return g_strdup ("");
  g_autofree char *first = date_words (from, japanese);
  GString *out = g_string_new (first);
  g_string_append_printf (out, " %02d:%02d", g_date_time_get_hour (from), g_date_time_get_minute (from));
  if (to == NULL || g_date_time_equal (from, to))
    return g_string_free (out, FALSE);
  g_string_append (out, japanese ? "～" : " - ");
  if (!same_day (from, to)) {
    g_autofree char *last = date_words (to, japanese);
    g_string_append_printf (out, "%s ", last);
  }
  g_string_append_printf (out, "%02d:%02d", g_date_time_get_hour (to), g_date_time_get_minute (to));
  return g_string_free (out, FALSE);
}

/* DTEND of whole days is the day after the last one. */
static char *days_words (GDateTime *start, GDateTime *end, gboolean japanese) {
  g_autofree char *first = date_words (start, japanese);
  g_autoptr (GDateTime) last = end != NULL ? g_date_time_add_days (end, -1) : NULL;
  if (last == NULL || g_date_time_compare (last, start) <= 0)
    return g_strdup_printf (japanese ? "%s 終日" : "%s, all day", first);
  g_autofree char *until = date_words (last, japanese);
  return g_strdup_printf (japanese ? "%s～%s 終日" : "%s - %s, all day", first, until);
}

static char *offset_words (int minutes) {
  return g_strdup_printf ("UTC%c%02d:%02d", minutes < 0 ? '-' : '+', ABS (minutes) / 60, ABS (minutes) % 60);
}

static char *zone_words (const MugaiEventTime *time, gboolean japanese) {
  if (time->utc)
    return g_strdup ("UTC");
  g_autofree char *offset = time->has_offset ? offset_words (time->offset_minutes) : NULL;
  if (time->zone != NULL && offset != NULL)
    return g_strdup_printf ("%s, %s", time->zone, offset);
  if (time->zone != NULL || offset != NULL)
    return g_strdup (time->zone != NULL ? time->zone : offset);
  return g_strdup (japanese ? "時間帯の指定なし" : "no time zone given");
}

static char *when_words (const MugaiEventTime *start, const MugaiEventTime *end, gboolean japanese) {
  g_autoptr (GDateTime) from = moment_of (start);
  g_autoptr (GDateTime) to = moment_of (end);
  if (from == NULL)
    return g_strdup ("");
  if (start->date_only)
    return days_words (from, to, japanese);
  g_autofree char *span = span_words (from, to, 0, japanese);
  g_autofree char *zone = zone_words (start, japanese);
  int offset = start->utc ? 0 : start->offset_minutes;
  if ((!start->utc && !start->has_offset) || offset == JAPAN_MINUTES)
    return g_strdup_printf (japanese ? "%s（%s）" : "%s (%s)", span, zone);
  g_autofree char *local = span_words (from, to, JAPAN_MINUTES - offset, japanese);
  return g_strdup_printf (japanese ? "%s（日本時間）＝ %s（%s）" : "%s (Japan) = %s (%s)", local, span, zone);
}

/* ---- recurrence (RFC 5545 3.3.10) ---- */

static char *rule_part (const char *rule, const char *name) {
  g_auto (GStrv) parts = g_strsplit (rule, ";", 64);
  for (char **part = parts; *part != NULL; part++) {
    char *equals = strchr (*part, '=');
    if (equals == NULL)
      continue;
    *equals = '\0';
    if (g_ascii_strcasecmp (g_strstrip (*part), name) == 0)
      return g_ascii_strup (equals + 1, -1);
  }
  return NULL;
}

static int day_index (const char *code) {
  static const char *const codes[] = { "MO", "TU", "WE", "TH", "FR", "SA", "SU" };
  for (guint i = 0; i < G_N_ELEMENTS (codes); i++)
    if (g_str_has_suffix (code, codes[i]))
      return (int) i;
  return -1;
}

/* "2TU" is the second Tuesday, "-1FR" the last Friday. */
static void append_days (GString *out, const char *list, gboolean japanese) {
  g_auto (GStrv) days = g_strsplit (list, ",", 16);
  for (char **day = days; *day != NULL; day++) {
    int index = day_index (*day);
    int nth = (int) g_ascii_strtoll (*day, NULL, 10);
    if (index < 0)
      continue;
    if (day != days)
      g_string_append (out, japanese ? "・" : ", ");
    if (nth < 0)
      g_string_append (out, japanese ? "最終" : "last ");
    else if (nth > 0)
      g_string_append_printf (out, japanese ? "第%d" : "%d. ", nth);
    g_string_append (out, japanese ? japanese_days[index] : english_days[index]);
    if (japanese)
      g_string_append (out, "曜日");
  }
}

static const struct {
  const char *name;
  const char *each_ja, *unit_ja, *each_en, *unit_en;
} frequencies[] = {
  { "DAILY", "毎日", "日", "every day", "days" },         { "WEEKLY", "毎週", "週間", "every week", "weeks" },
  { "MONTHLY", "毎月", "か月", "every month", "months" }, { "YEARLY", "毎年", "年", "every year", "years" },
  { "HOURLY", "毎時", "時間", "every hour", "hours" },    { "MINUTELY", "毎分", "分", "every minute", "minutes" },
};

static void append_end (GString *out, const char *rule, gboolean japanese) {
  g_autofree char *count = rule_part (rule, "COUNT");
  g_autofree char *until = rule_part (rule, "UNTIL");
  if (count != NULL)
    g_string_append_printf (out, japanese ? "、全%d回" : ", %d times", atoi (count));
  else if (until != NULL && strspn (until, "0123456789") >= 8)
    g_string_append_printf (out, japanese ? "、%.4s年%d月%d日まで" : ", until %.4s-%02d-%02d", until,
                            (until[4] - '0') * 10 + until[5] - '0', (until[6] - '0') * 10 + until[7] - '0');
}

/* Parts that the words above do not say are shown as they are: never a rule that says less than it does. */
static void append_other_parts (GString *out, const char *rule) {
  static const char *const said[] = { "FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "WKST" };
  g_auto (GStrv) parts = g_strsplit (rule, ";", 64);
  for (char **part = parts; *part != NULL; part++) {
    gboolean known = **part == '\0';
    for (guint i = 0; !known && i < G_N_ELEMENTS (said); i++)
      known = g_ascii_strncasecmp (*part, said[i], strlen (said[i])) == 0 && (*part)[strlen (said[i])] == '=';
    if (!known)
      g_string_append_printf (out, " [%s]", *part);
  }
}

static char *recurrence_words (const char *rule, gboolean japanese) {
  g_autofree char *frequency = rule_part (rule, "FREQ");
  g_autofree char *interval = rule_part (rule, "INTERVAL");
  g_autofree char *days = rule_part (rule, "BYDAY");
  g_autofree char *month_days = rule_part (rule, "BYMONTHDAY");
  g_autofree char *months = rule_part (rule, "BYMONTH");
  int every = interval != NULL ? CLAMP (atoi (interval), 1, 9999) : 1;
  GString *out = g_string_new (NULL);
  for (guint i = 0; frequency != NULL && i < G_N_ELEMENTS (frequencies); i++) {
    if (!g_str_equal (frequency, frequencies[i].name))
      continue;
    if (every == 1)
      g_string_append (out, japanese ? frequencies[i].each_ja : frequencies[i].each_en);
    else
      g_string_append_printf (out, japanese ? "%d%sごと" : "every %d %s", every,
                              japanese ? frequencies[i].unit_ja : frequencies[i].unit_en);
  }
  if (out->len == 0) {
    g_string_append (out, rule);
    return g_string_free (out, FALSE);
  }
  if (months != NULL)
    g_string_append_printf (out, japanese ? " %s月" : ", month %s", months);
  if (month_days != NULL)
    g_string_append_printf (out, japanese ? " %s日" : ", day %s", month_days);
  if (days != NULL) {
    g_string_append (out, japanese ? " " : " on ");
    append_days (out, days, japanese);
  }
  append_end (out, rule, japanese);
  append_other_parts (out, rule);
  return g_string_free (out, FALSE);
}

/* ---- the whole ---- */

static const struct {
  const char *method, *ja, *en;
} methods[] = {
  { "REQUEST", "会議への招待", "Invitation" },
  { "CANCEL", "予定の取り消し", "Cancelled" },
  { "REPLY", "招待への返事", "Reply to an invitation" },
  { "COUNTER", "日時などの変更の提案", "Counter-proposal" },
  { "DECLINECOUNTER", "変更の提案への断り", "Counter-proposal declined" },
  { "ADD", "予定の追加", "Additional dates" },
  { "REFRESH", "最新の予定の問い合わせ", "Request for the latest version" },
  { "PUBLISH", "予定のお知らせ", "Calendar entry" },
};

static const struct {
  const char *kind, *ja, *en;
} kinds[] = {
  { "VTODO", "作業（ToDo）", "Task" },
  { "VJOURNAL", "日誌", "Journal entry" },
  { "VFREEBUSY", "空き時間情報", "Free/busy information" },
};

static void append_title (GString *out, const MugaiEvent *event, const char *method) {
  const char *ja = "予定", *en = "Event";
  gboolean cancelled = event->status != NULL && g_ascii_strcasecmp (event->status, "CANCELLED") == 0;
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (event->kind, kinds[i].kind)) {
      ja = kinds[i].ja;
      en = kinds[i].en;
    }
  for (guint i = 0; method != NULL && i < G_N_ELEMENTS (methods); i++)
    if (g_ascii_strcasecmp (method, methods[i].method) == 0) {
      ja = methods[i].ja;
      en = methods[i].en;
    }
  if (cancelled) {
    ja = "予定の取り消し";
    en = "Cancelled";
  } else if (event->sequence > 0 && method != NULL && g_ascii_strcasecmp (method, "REQUEST") == 0) {
    ja = "会議への招待の変更";
    en = "Updated invitation";
  }
  g_string_append_printf (out, "---------- %s / %s ----------\n", ja, en);
}

static void append_line (GString *out, const char *label, const char *value) {
  if (value != NULL && *value != '\0')
    g_string_append_printf (out, "%s: %s\n", label, value);
}

static void append_when (GString *out, const char *label_ja, const char *label_en, const MugaiEventTime *start,
                         const MugaiEventTime *end) {
  g_autofree char *ja = when_words (start, end, TRUE);
  g_autofree char *en = when_words (start, end, FALSE);
  append_line (out, label_ja, ja);
  append_line (out, label_en, en);
}

static const char *status_words (const char *status) {
  if (g_ascii_strcasecmp (status, "TENTATIVE") == 0)
    return "仮の予定 / tentative";
  if (g_ascii_strcasecmp (status, "CONFIRMED") == 0)
    return "確定 / confirmed";
  if (g_ascii_strcasecmp (status, "CANCELLED") == 0)
    return "取り消し / cancelled";
  return status;
}

void mugai_event_append (GString *out, const MugaiEvent *event, const char *method) {
  static const MugaiEventTime none = { 0 };
  append_title (out, event, method);
  append_line (out, "件名 (What)", event->summary);
  append_when (out, "日時", "When", &event->start, &event->end);
  append_when (out, "期限", "Due", &event->due, &none);
  if (event->recurrence != NULL) {
    g_autofree char *ja = recurrence_words (event->recurrence, TRUE);
    g_autofree char *en = recurrence_words (event->recurrence, FALSE);
    append_line (out, "繰り返し", ja);
    append_line (out, "Repeats", g_str_equal (ja, en) ? NULL : en);
  }
  append_line (out, "場所 (Where)", event->location);
  append_line (out, "主催者 (Organiser)", event->organiser);
  for (guint i = 0; i < event->attendees->len; i++)
    append_line (out, "出席者 (Attendee)", g_ptr_array_index (event->attendees, i));
  if (event->n_attendees > event->attendees->len)
    g_string_append_printf (out, "ほか %u 人 / and %u more\n", event->n_attendees - event->attendees->len,
                            event->n_attendees - event->attendees->len);
  if (event->status != NULL)
    append_line (out, "状態 (Status)", status_words (event->status));
  if (event->n_attachments > 0)
    g_string_append_printf (out, "添付 (Attachments): %u 件は表示していません / %u not shown\n", event->n_attachments,
                            event->n_attachments);
  if (event->description != NULL && *event->description != '\0')
    g_string_append_printf (out, "\n%s\n", event->description);
}
