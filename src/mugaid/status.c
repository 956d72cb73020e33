/* SPDX-License-Identifier: GPL-2.0-only
 *
 * status: answers on the control socket: what is running, how it goes, what is wrong; reload and acknowledge.
 */
#include "master.h"

#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "mugai/base/base.h"

#define X(member) #member,
static const char *const counter_names[] = { MUGAI_FRONT_COUNTERS (X) };
#undef X

/* These say how it is now; they mean nothing once the front has gone. */
static gboolean is_gauge (const char *name) {
  static const char *const gauges[] = { "sessions", "waiting", "oldest_ms", "spool_bytes", NULL };
  return g_strv_contains (gauges, name);
}

static gint64 counter (json_t *counters, const char *name) {
  gint64 value = 0;
  return mugai_json_get_int (counters, name, 0, G_MAXINT64 / 1024, &value, NULL) ? value : 0;
}

void status_add_totals (Master *master, const Front *front) {
  json_t *counters = json_object_get (front->report, "counters");

  for (gsize i = 0; counters != NULL && i < G_N_ELEMENTS (counter_names); i++) {
    const char *name = counter_names[i];
    if (!is_gauge (name))
      json_object_set_new (master->totals, name,
                           json_integer (counter (master->totals, name) + counter (counters, name)));
  }
}

/* Sum of all fronts, those that have ended included; the age is the oldest's. */
static json_t *sum_counters (const Master *master) {
  json_t *sum = json_object ();

  for (gsize i = 0; i < G_N_ELEMENTS (counter_names); i++) {
    const char *name = counter_names[i];
    gint64 value = counter (master->totals, name);
    for (guint j = 0; j < master->fronts->len; j++) {
      json_t *counters = json_object_get (((const Front *) master->fronts->pdata[j])->report, "counters");
      gint64 one = counters != NULL ? counter (counters, name) : 0;
      value = g_str_equal (name, "oldest_ms") ? MAX (value, one) : value + one;
    }
    json_object_set_new (sum, name, json_integer (value));
  }
  return sum;
}

static void set_time (json_t *object, const char *key, gint64 unix_us) {
  g_autofree char *text = unix_us > 0 ? mugai_time_rfc3339 (unix_us) : NULL;
  json_object_set_new (object, key, mugai_json_string (text));
}

static json_t *describe_fronts (const Master *master) {
  json_t *list = json_array ();

  for (guint i = 0; i < master->fronts->len; i++) {
    const Front *front = master->fronts->pdata[i];
    json_t *object = json_object ();
    json_object_set_new (object, "front", json_integer (front->index));
    json_object_set_new (object, "pid", json_integer (front->child.pid));
    json_object_set_new (object, "ready", json_boolean (front->ready));
    json_object_set_new (object, "restarts", json_integer (front->child.restarts));
    json_object_set (object, "generation", json_object_get (front->report, "generation"));
    json_object_set (object, "policy", json_object_get (front->report, "policy"));
    json_object_set (object, "counters", json_object_get (front->report, "counters"));
    json_array_append_new (list, object);
  }
  return list;
}

static const char *generation_state (const Master *master, const Generation *generation) {
  if (generation == master->serving)
    return "serving";
  return generation == master->next ? "loading" : "ending";
}

static json_t *describe_generations (const Master *master) {
  json_t *list = json_array ();

  for (guint i = 0; i < master->generations->len; i++) {
    const Generation *generation = master->generations->pdata[i];
    json_t *object = json_object ();
    json_object_set_new (object, "generation", json_integer (generation->number));
    json_object_set_new (object, "pid", json_integer (generation->pid));
    json_object_set_new (object, "state", json_string (generation_state (master, generation)));
    json_object_set_new (object, "workers", json_integer (generation->workers));
    json_object_set_new (object, "version", mugai_json_string (generation->version));
    json_object_set_new (object, "signatures", json_integer (generation->signatures));
    set_time (object, "time", generation->time_s * G_USEC_PER_SEC);
    json_array_append_new (list, object);
  }
  return list;
}

static json_t *describe_alarms (const Master *master) {
  json_t *list = json_array ();

  for (guint i = 0; i < master->alarms->len; i++) {
    const Alarm *known = master->alarms->pdata[i];
    json_t *object = json_object ();
    json_object_set_new (object, "id", json_string (known->id));
    json_object_set_new (object, "code", json_string (known->code));
    json_object_set_new (object, "text", mugai_json_string (known->text));
    json_object_set_new (object, "count", json_integer (known->count));
    set_time (object, "first", known->first_us);
    set_time (object, "last", known->last_us);
    json_array_append_new (list, object);
  }
  return list;
}

static json_t *describe_policy (const Master *master) {
  json_t *object = json_object ();

  json_object_set_new (object, "file", mugai_json_string (master->config->policy));
  json_object_set_new (object, "name", mugai_json_string (mugai_policy_name (master->policy)));
  json_object_set_new (object, "version", mugai_json_string (mugai_policy_version (master->policy)));
  set_time (object, "loaded", master->policy_loaded_us);
  return object;
}

static json_t *answer_status (const Master *master) {
  json_t *answer = json_object (), *keeper = json_object (), *counters = sum_counters (master);

  json_object_set_new (answer, "ok", json_true ());
  json_object_set_new (answer, "version", json_string (MUGAI_VERSION));
  json_object_set_new (answer, "pid", json_integer (getpid ()));
  set_time (answer, "started", master->started_us);
  json_object_set_new (answer, "state", json_string (master->state == MASTER_RUNNING ? "running" : "stopping"));
  json_object_set_new (answer, "separation", json_boolean (master->separated));
  json_object_set_new (answer, "workers", json_integer (master->serving != NULL ? master->serving->workers : 0));
  json_object_set (answer, "waiting", json_object_get (counters, "waiting"));
  json_object_set (answer, "oldest_ms", json_object_get (counters, "oldest_ms"));
  json_object_set_new (answer, "generation", json_integer (master->serving != NULL ? master->serving->number : 0));
  json_object_set_new (answer, "generations", describe_generations (master));
  json_object_set_new (answer, "policy", describe_policy (master));
  json_object_set_new (answer, "counters", counters);
  json_object_set_new (answer, "fronts", describe_fronts (master));
  json_object_set_new (keeper, "pid", json_integer (master->keeper.pid));
  json_object_set_new (keeper, "restarts", json_integer (master->keeper.restarts));
  json_object_set_new (answer, "keeper", keeper);
  json_object_set_new (answer, "alarms", describe_alarms (master));
  return answer;
}

static json_t *refuse (const char *words) {
  json_t *answer = json_object ();

  json_object_set_new (answer, "ok", json_false ());
  json_object_set_new (answer, "error", mugai_json_string (words));
  return answer;
}

/* The name of who asked, for the audit chain. */
static char *actor (guint uid) {
  const struct passwd *entry = getpwuid (uid);
  return entry != NULL ? g_strdup (entry->pw_name) : g_strdup_printf ("uid %u", uid);
}

static json_t *answer_reload (Master *master, const char *what) {
  gboolean all = g_str_equal (what, "all");
  g_autoptr (GError) error = NULL;

  if (!all && !g_str_equal (what, "policy") && !g_str_equal (what, "signatures"))
    return refuse ("\"what\" is policy, signatures or all");
  if (all || g_str_equal (what, "signatures"))
    master_reload_signatures (master);
  if ((all || g_str_equal (what, "policy")) && !master_load_policy (master, &error))
    return refuse (error->message);
  return json_pack ("{s:b, s:s}", "ok", 1, "policy", mugai_policy_version (master->policy));
}

static json_t *answer_acknowledge (Master *master, const char *id, guint uid) {
  g_autofree char *who = actor (uid);
  guint n = alarm_acknowledge (master, id);

  if (n == 0)
    return refuse ("no such alarm");
  alarm_log_act (master, "acknowledge", who, json_pack ("{s:s, s:i}", "alarm", id, "alarms", (int) n));
  return json_pack ("{s:b, s:i}", "ok", 1, "acknowledged", (int) n);
}

json_t *status_answer (json_t *request, guint uid, gpointer data) {
  Master *master = data;
  g_autofree char *what = NULL, *argument = NULL;
  gboolean may_act = uid == 0 || uid == geteuid () || uid == master->user.uid;

  if (!mugai_json_get_string (request, "do", 32, &what, NULL) || what == NULL)
    return refuse ("no question");
  if (g_str_equal (what, "status"))
    return answer_status (master);
  if (!may_act)
    return refuse ("only root and the user of mugaid may do this");
  if (g_str_equal (what, "reload") && mugai_json_get_string (request, "what", 32, &argument, NULL) && argument != NULL)
    return answer_reload (master, argument);
  if (g_str_equal (what, "acknowledge") && mugai_json_get_string (request, "alarm", 64, &argument, NULL)
      && argument != NULL)
    return answer_acknowledge (master, argument, uid);
  return refuse ("unknown question");
}
