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

#define IN_MONTH "at >= ?1 AND at < ?1 || '~'"

static const struct {
  const char *name, *sql;
} figures[] = {
  { "directions", "SELECT direction AS name, count (*) AS n FROM lines WHERE " IN_MONTH
                  " AND kind = 'record' GROUP BY direction ORDER BY n DESC" },
  { "verdicts", "SELECT verdict AS name, count (*) AS n FROM lines WHERE " IN_MONTH
                " AND kind = 'record' GROUP BY verdict ORDER BY n DESC" },
  { "senders", "SELECT sender AS name, count (*) AS n FROM lines WHERE " IN_MONTH
               " AND kind = 'record' GROUP BY sender ORDER BY n DESC LIMIT 20" },
  { "rules", "SELECT r.rule AS name, count (*) AS n FROM lines JOIN rules r USING (seq) WHERE " IN_MONTH
             " GROUP BY r.rule ORDER BY n DESC LIMIT 50" },
  { "clauses", "SELECT r.clause AS name, count (*) AS n FROM lines JOIN rules r USING (seq) WHERE " IN_MONTH
               " AND r.clause <> '' GROUP BY r.clause ORDER BY n DESC" },
  { "exceptions", "SELECT exceptions AS name, count (*) AS n FROM lines WHERE " IN_MONTH
                  " AND exceptions IS NOT NULL GROUP BY exceptions ORDER BY n DESC" },
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

static json_t *read_days (MugaiAuditSearch *search, const char *month, GError **error) {
  g_autofree char *first = g_strconcat (month, "-01T00:00:00Z", NULL);
  g_autoptr (GDateTime) begin = g_date_time_new_from_iso8601 (first, NULL);
  g_autoptr (GDateTime) before = begin != NULL ? g_date_time_add_days (begin, -WINDOW_DAYS) : NULL;
  g_autofree char *from = before != NULL ? g_date_time_format (before, "%Y-%m-%d") : NULL;

  if (from == NULL || strlen (month) != 7) {
    g_set_error (error, MUGAI_AUDIT_ERROR, MUGAI_AUDIT_ERROR_IO, "audit report: a month is YYYY-MM");
    return NULL;
  }
  return mugai_audit_search_rows (
      search,
      "SELECT substr (at, 1, 10) AS day, count (*) AS total, sum (action = 'deliver') AS delivered,"
      " sum (action = 'hold') AS held, sum (action = 'refuse') AS refused, sum (action = 'tempfail') AS tempfailed,"
      " sum (verdict = 'infected') AS infected, max (age_s) AS signature_age_s FROM lines"
      " WHERE kind = 'record' AND at >= ?1 AND at < ?2 || '~' GROUP BY day ORDER BY day",
      from, month, error);
}

json_t *mugai_audit_search_month (MugaiAuditSearch *search, const char *month, GError **error) {
  g_autoptr (MugaiJson) report = json_object ();
  g_autoptr (MugaiJson) all = read_days (search, month, error);
  json_t *day;
  size_t i;

  if (all == NULL)
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
    json_t *rows = mugai_audit_search_rows (search, figures[j].sql, month, NULL, error);
    if (rows == NULL)
      return NULL;
    json_object_set_new (report, figures[j].name, rows);
  }
  json_object_set_new (report, "anomalies", find_anomalies (all, month));
  return g_steal_pointer (&report);
}
