/* SPDX-License-Identifier: GPL-2.0-only
 *
 * audit/month: a month's figures from the index, and what is unlike the weeks before.
 *
 * A day is unlike when it lies more than three standard deviations above the mean of the 28 days before it (of those that had mail, at least
 * seven), and at least ten above it: few mails vary much by chance.
 */
#include <math.h>
#include <string.h>

#include "search.h"

#define WINDOW_DAYS 28
#define MIN_DAYS 7
#define MIN_ABOVE 10.0
#define SIGMAS 3.0

static const char *const series[] = { "total", "held", "refused", "tempfailed", "infected" };

/* The month's lines are one run of numbers: find_run () says which. */
#define IN_MONTH "seq BETWEEN CAST (?1 AS INTEGER) AND CAST (?2 AS INTEGER)"

static const struct {
  const char *name, *sql;
} figures[] = {
  { "directions", "SELECT direction AS name, count (*) AS n FROM lines WHERE " IN_MONTH
                  " AND kind = 'record' GROUP BY direction ORDER BY n DESC" },
  { "verdicts", "SELECT verdict AS name, count (*) AS n FROM lines WHERE " IN_MONTH
                " AND kind = 'record' GROUP BY verdict ORDER BY n DESC" },
  { "senders", "SELECT sender AS name, count (*) AS n FROM lines WHERE " IN_MONTH
               " AND kind = 'record' GROUP BY sender ORDER BY n DESC LIMIT 20" },
  { "rules",
    "SELECT rule AS name, count (*) AS n FROM rules WHERE " IN_MONTH " GROUP BY rule ORDER BY n DESC LIMIT 1000" },
  { "clauses", "SELECT clause AS name, count (*) AS n FROM rules WHERE " IN_MONTH
               " AND clause <> '' GROUP BY clause ORDER BY n DESC" },
  { "exceptions", "SELECT e.value AS name, count (*) AS n FROM lines, json_each (lines.exceptions) e WHERE " IN_MONTH
                  " AND exceptions IS NOT NULL GROUP BY e.value ORDER BY n DESC" },
  { "approvers", "SELECT actor AS name, count (*) AS n FROM lines WHERE " IN_MONTH
                 " AND kind = 'release-approve' GROUP BY actor ORDER BY n DESC" },
  { "failures", "SELECT failure AS name, count (*) AS n FROM lines WHERE " IN_MONTH
                " AND failure IS NOT NULL GROUP BY failure ORDER BY n DESC" },
  { "acts", "SELECT kind AS name, count (*) AS n FROM lines WHERE " IN_MONTH
            " AND kind <> 'record' GROUP BY kind ORDER BY n DESC" },
};

static double number_at (json_t *object, const char *key) {
  return json_number_value (json_object_get (object, key));
}

/* Is day @at unlike those before it? */
static void look_at_day (json_t *days, size_t at, const char *name, json_t *anomalies) {
  double sum = 0, squares = 0;
  size_t n = 0;
  json_t *day = json_array_get (days, at);

  for (size_t i = at > WINDOW_DAYS ? at - WINDOW_DAYS : 0; i < at; i++, n++) {
    double value = number_at (json_array_get (days, i), name);
    sum += value;
    squares += value * value;
  }
  if (n < MIN_DAYS)
    return;
  double mean = sum / (double) n;
  double deviation = sqrt (MAX (squares / (double) n - mean * mean, 0));
  double value = number_at (day, name);
  if (value <= mean + SIGMAS * deviation || value < mean + MIN_ABOVE)
    return;
  json_array_append_new (anomalies, json_pack ("{s:O, s:s, s:f, s:f}", "day", json_object_get (day, "day"), "what",
                                               name, "count", value, "mean_before", mean));
}

static json_t *find_anomalies (json_t *days, const char *month) {
  json_t *anomalies = json_array ();
  json_t *day;
  size_t i;

  json_array_foreach (days, i, day) {
    if (!g_str_has_prefix (json_string_value (json_object_get (day, "day")), month))
      continue;
    for (gsize j = 0; j < G_N_ELEMENTS (series); j++)
      look_at_day (days, i, series[j], anomalies);
  }
  return anomalies;
}

typedef struct {
  char *first, *last; /* numbers, as text */
} Run;

static void run_clear (Run *run) {
  g_free (run->first);
  g_free (run->last);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Run, run_clear)

/* The lines from @from to the end of @month: each segment says what times it holds, so only those at the ends are looked into. */
static gboolean find_run (MugaiAuditSearch *search, const char *from, const char *month, Run *ret_run, GError **error) {
  g_autoptr (MugaiJson) first = mugai_audit_search_rows (search,
                                                         "SELECT CAST (seq AS TEXT) AS n FROM lines WHERE seq >= "
                                                         "(SELECT min (first_seq) FROM segments WHERE last_at >= ?1)"
                                                         " AND at >= ?1 ORDER BY seq LIMIT 1",
                                                         from, NULL, error);
  g_autoptr (MugaiJson) last =
      first == NULL ? NULL
                    : mugai_audit_search_rows (
                        search,
                        "SELECT CAST (seq AS TEXT) AS n FROM lines WHERE seq <= (SELECT max (last_seq) FROM"
                        " segments WHERE first_at < ?1 || '~') AND at < ?1 || '~' ORDER BY seq DESC LIMIT 1",
                        month, NULL, error);
  const char *begin = json_string_value (json_object_get (json_array_get (first, 0), "n"));
  const char *end = json_string_value (json_object_get (json_array_get (last, 0), "n"));

  if (last == NULL)
    return FALSE;
  ret_run->first = g_strdup (begin != NULL && end != NULL ? begin : "1"); /* nothing in it: an empty run */
  ret_run->last = g_strdup (begin != NULL && end != NULL ? end : "0");
  return TRUE;
}

static json_t *read_days (MugaiAuditSearch *search, const char *month, GError **error) {
  g_autofree char *first = g_strconcat (month, "-01T00:00:00Z", NULL);
  g_autoptr (GDateTime) begin = g_date_time_new_from_iso8601 (first, NULL);
  g_autoptr (GDateTime) before = begin != NULL ? g_date_time_add_days (begin, -WINDOW_DAYS) : NULL;
  g_autofree char *from = before != NULL ? g_date_time_format (before, "%Y-%m-%d") : NULL;
  g_auto (Run) run = { 0 };

  if (from == NULL || strlen (month) != 7) {
    g_set_error (error, MUGAI_AUDIT_ERROR, MUGAI_AUDIT_ERROR_IO, "audit report: a month is YYYY-MM");
    return NULL;
  }
  if (!find_run (search, from, month, &run, error))
    return NULL;
  return mugai_audit_search_rows (
      search,
      "SELECT substr (at, 1, 10) AS day, count (*) AS total, sum (action = 'deliver') AS delivered,"
      " sum (action = 'hold') AS held, sum (action = 'refuse') AS refused, sum (action = 'tempfail') AS tempfailed,"
      " sum (verdict = 'infected') AS infected, max (age_s) AS signature_age_s FROM lines"
      " WHERE kind = 'record' AND " IN_MONTH " GROUP BY day ORDER BY day",
      run.first, run.last, error);
}

json_t *mugai_audit_search_month (MugaiAuditSearch *search, const char *month, GError **error) {
  g_autoptr (MugaiJson) report = json_object ();
  g_autoptr (MugaiJson) all = read_days (search, month, error);
  json_t *day;
  size_t i;

  g_auto (Run) run = { 0 };

  if (all == NULL || !find_run (search, month, month, &run, error))
    return NULL;
  json_t *days = json_array (), *totals = json_object ();
  json_object_set_new (report, "month", json_string (month));
  json_object_set_new (report, "days", days);
  json_object_set_new (report, "totals", totals);
  gint64 age_s = 0;
  json_array_foreach (all, i, day) {
    const char *key;
    json_t *value;
    if (!g_str_has_prefix (json_string_value (json_object_get (day, "day")), month))
      continue;
    json_array_append (days, day);
    json_object_foreach (day, key, value) {
      if (json_is_integer (value) && strcmp (key, "signature_age_s") != 0)
        json_object_set_new (totals, key,
                             json_integer (json_integer_value (json_object_get (totals, key))
                                           + json_integer_value (value)));
    }
    age_s = MAX (age_s, json_integer_value (json_object_get (day, "signature_age_s")));
  }
  json_object_set_new (report, "signature_age_s", json_integer (age_s));
  for (gsize j = 0; j < G_N_ELEMENTS (figures); j++) {
    json_t *rows = mugai_audit_search_rows (search, figures[j].sql, run.first, run.last, error);
    if (rows == NULL)
      return NULL;
    json_object_set_new (report, figures[j].name, rows);
  }
  json_object_set_new (report, "anomalies", find_anomalies (all, month));
  return g_steal_pointer (&report);
}
