/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Exceptions as the master watches over them. An emergency exception was let in by one person: an alarm, and an open item (on the
 * chain, and in a file beside the store, so that a restart forgets none) until what was done is reported and somebody else approved.
 * Once a day: which are open, which end soon, which have ended and still stand in the policy.
 */
#include "master.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "mugai/base/base.h"
#include "mugai/base/fd.h"
#include "mugai/base/unicode.h"
#include "mugai/policy/tools.h"

#define FILE_NAME "emergencies.json"
#define MAX_FILE_BYTES (4u * 1024 * 1024)
#define MAX_ITEMS 1000u /* remembered; closed ones are forgotten first */
#define LOOK_AGAIN_US (24 * 60 * 60 * (gint64) G_TIME_SPAN_SECOND)
#define SOON_US (14 * LOOK_AGAIN_US) /* as `mugai policy check` warns */
#define MAX_SHOWN 50u                /* in one answer of `mugai status` */
#define MAX_NAMED 8u                 /* in one alarm */

static const char *text_at (json_t *object, const char *key) {
  const char *text = json_string_value (json_object_get (object, key));
  return text != NULL ? text : "";
}

/* ---- the file ---- */

static void write_items (const Master *master) {
  g_autoptr (GError) error = NULL;
  g_autofree char *line = mugai_json_line (master->emergencies);
  g_auto (MugaiFd) fd = open (master->config->store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd < 0 || !mugai_file_write_durable (fd, FILE_NAME, line, strlen (line), 0600, &error))
    master_log (3, "%s/%s is not written: %s", master->config->store, FILE_NAME,
                error != NULL ? error->message : g_strerror (errno));
}

/* Damaged or missing: items of this policy are opened once more, which asks too often rather than never. */
static void read_items (Master *master) {
  g_autofree char *path = g_build_filename (master->config->store, FILE_NAME, NULL), *text = NULL;
  gsize size = 0;

  if (g_file_get_contents (path, &text, &size, NULL) && size <= MAX_FILE_BYTES)
    master->emergencies = json_loadb (text, size, JSON_REJECT_DUPLICATES, NULL);
  if (json_is_array (master->emergencies))
    return;
  json_decref (master->emergencies);
  master->emergencies = json_array ();
}

/* ---- items ---- */

static json_t *find_item (const Master *master, json_t *exception) {
  json_t *item;
  size_t i;

  json_array_foreach (master->emergencies, i, item) {
    if (strcmp (text_at (item, "id"), text_at (exception, "id")) == 0
        && strcmp (text_at (item, "until"), text_at (exception, "until")) == 0)
      return item;
  }
  return NULL;
}

static void forget_one (Master *master) {
  json_t *item;
  size_t i;

  json_array_foreach (master->emergencies, i, item) {
    if (json_is_true (json_object_get (item, "open")))
      continue;
    json_array_remove (master->emergencies, i);
    return;
  }
}

static void open_item (Master *master, json_t *exception) {
  g_autoptr (MugaiJson) item = json_pack ("{s:b}", "open", 1);
  static const char *const members[] = { "id", "rule", "until", "reason", "approved_by" };

  for (gsize i = 0; i < G_N_ELEMENTS (members); i++)
    json_object_set (item, members[i], json_object_get (exception, members[i]));
  g_autofree char *opened = mugai_time_rfc3339 (g_get_real_time ());
  json_object_set_new (item, "opened", json_string (opened));
  json_object_set_new (item, "version", json_string (mugai_policy_version (master->policy)));
  if (json_array_size (master->emergencies) >= MAX_ITEMS)
    forget_one (master);
  json_array_append (master->emergencies, item);
  json_t *body = policy_body (master);
  json_object_set_new (body, "exception", json_deep_copy (item));
  alarm_log_act (master, "exception-open", "mugaid", body);
}

/* ---- looking ---- */

typedef struct {
  GString *names;
  guint n;
} Named;

static void name_one (Named *named, json_t *exception) {
  if (named->n++ < MAX_NAMED)
    g_string_append_printf (named->names, "%s%s (%s)", named->n > 1 ? ", " : "", text_at (exception, "id"),
                            text_at (exception, "until"));
}

static void raise_named (Master *master, const char *code, const char *words, Named *named) {
  g_autofree char *names = g_string_free (named->names, FALSE);
  g_autofree char *more = named->n > MAX_NAMED ? g_strdup_printf (" and %u more", named->n - MAX_NAMED) : g_strdup ("");
  g_autofree char *text = g_strdup_printf ("%s: %s%s", words, names, more);

  if (named->n > 0)
    alarm_raise (master, code, text);
}

static void look_at_ends (Master *master, json_t *exceptions, gint64 now_us) {
  Named soon = { .names = g_string_new (NULL) }, ended = { .names = g_string_new (NULL) };
  json_t *one;
  size_t i;

  json_array_foreach (exceptions, i, one) {
    gint64 left_us = json_integer_value (json_object_get (one, "until_us")) - now_us;
    if (left_us <= 0)
      name_one (&ended, one);
    else if (left_us < SOON_US && !json_is_true (json_object_get (one, "emergency")))
      name_one (&soon, one);
  }
  raise_named (master, "exception-ends-soon", "exceptions that end within 14 days", &soon);
  raise_named (master, "exception-ended", "exceptions that have ended and no longer hold, but stand in the policy",
               &ended);
}

static void look_at_emergencies (Master *master, json_t *exceptions) {
  Named open = { .names = g_string_new (NULL) };
  json_t *one;
  size_t i;

  json_array_foreach (exceptions, i, one) {
    if (json_is_true (json_object_get (one, "emergency")) && find_item (master, one) == NULL)
      open_item (master, one);
  }
  json_array_foreach (master->emergencies, i, one) {
    if (json_is_true (json_object_get (one, "open")))
      name_one (&open, one);
  }
  raise_named (master, "emergency-exception", "emergency exceptions without report and approval", &open);
}

void exceptions_look (Master *master) {
  gint64 now_us = g_get_real_time ();
  g_autoptr (MugaiJson) list = mugai_policy_list (master->policy, now_us);
  json_t *exceptions = json_object_get (list, "exceptions");

  if (master->emergencies == NULL)
    read_items (master);
  size_t before = json_array_size (master->emergencies);
  master->exceptions_due_us = g_get_monotonic_time () + LOOK_AGAIN_US;
  look_at_emergencies (master, exceptions);
  look_at_ends (master, exceptions, now_us);
  if (json_array_size (master->emergencies) != before)
    write_items (master);
}

void exceptions_tick (Master *master) {
  if (master->announced && g_get_monotonic_time () >= master->exceptions_due_us)
    exceptions_look (master);
}

/* ---- closing ---- */

json_t *exceptions_open (const Master *master) {
  json_t *list = json_array (), *item;
  size_t i;

  json_array_foreach (master->emergencies, i, item) {
    if (json_is_true (json_object_get (item, "open")) && json_array_size (list) < MAX_SHOWN)
      json_array_append (list, item);
  }
  return list;
}

/* By one person it came in: by another it is approved. */
static gboolean is_same_person (const char *a, const char *b) {
  g_autofree char *one = g_utf8_normalize (a, -1, G_NORMALIZE_ALL_COMPOSE);
  g_autofree char *other = g_utf8_normalize (b, -1, G_NORMALIZE_ALL_COMPOSE);
  g_autofree char *one_folded = g_utf8_casefold (one != NULL ? one : a, -1);
  g_autofree char *other_folded = g_utf8_casefold (other != NULL ? other : b, -1);

  return strcmp (g_strstrip (one_folded), g_strstrip (other_folded)) == 0;
}

const char *exceptions_close (Master *master, const char *id, const char *report, const char *approved_by,
                              const char *actor) {
  gboolean found = FALSE;
  json_t *item;
  size_t i;

  json_array_foreach (master->emergencies, i, item) {
    if (!json_is_true (json_object_get (item, "open")) || strcmp (text_at (item, "id"), id) != 0)
      continue;
    if (is_same_person (text_at (item, "approved_by"), approved_by))
      return "the approval has to come from another person than the one who let the exception in";
    found = TRUE;
    json_object_set_new (item, "open", json_false ());
    json_t *body = policy_body (master);
    json_object_set_new (body, "exception", json_deep_copy (item));
    json_object_set_new (body, "report", mugai_json_string (report));
    json_object_set_new (body, "approved_by", mugai_json_string (approved_by));
    alarm_log_act (master, "exception-close", actor, body);
  }
  if (!found)
    return "no emergency exception of that id is open";
  write_items (master);
  g_autoptr (MugaiJson) open = exceptions_open (master);
  if (json_array_size (open) == 0)
    alarm_clear (master, "emergency-exception");
  else
    exceptions_look (master); /* the alarm names those that are left */
  return NULL;
}
