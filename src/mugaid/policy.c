/* SPDX-License-Identifier: GPL-2.0-only
 *
 * The serving policy as the master keeps it: loaded, handed to the fronts, and each change of it on the audit chain: who loaded which
 * version when, and what it changes. A policy that does not load leaves the old one serving.
 */
#include "master.h"

#include <string.h>

#include "mugai/base/fd.h"
#include "mugai/base/unicode.h"
#include "mugai/policy/tools.h"

/* Of the difference on the chain: what people read; the whole is in the versions kept beside the policy. */
#define MAX_CHANGES 200u
#define MAX_CHANGE_BYTES 500u

static int bundle_to_fd (const MugaiPolicy *policy, GError **error) {
  g_autoptr (GBytes) bundle = mugai_policy_to_bytes (policy);
  g_auto (MugaiFd) fd = mugai_fd_new_memory ("mugai-policy", error);

  if (fd < 0 || !mugai_fd_write_all (fd, g_bytes_get_data (bundle, NULL), g_bytes_get_size (bundle), error)
      || !mugai_fd_seal (fd, error))
    return -1;
  return mugai_fd_steal (&fd);
}

static void print_problems (const GPtrArray *problems) {
  for (guint i = 0; problems != NULL && i < problems->len; i++) {
    g_autofree char *text = mugai_policy_problem_format (problems->pdata[i]);
    g_printerr ("%s%s", text, g_str_has_suffix (text, "\n") ? "" : "\n");
  }
}

static void tell_fronts (Master *master) {
  for (guint i = 0; i < master->fronts->len; i++) {
    Front *front = master->fronts->pdata[i];
    front->policy_due = TRUE;
    children_tell_front (master, front);
  }
}

json_t *policy_body (const Master *master) {
  return json_pack ("{s:s, s:s}", "policy", mugai_policy_name (master->policy), "version",
                    mugai_policy_version (master->policy));
}

/* (transfer full): one line of the difference, no longer than people read. */
static json_t *short_change (json_t *change) {
  g_autofree char *name =
      mugai_unicode_make_safe (json_string_value (json_object_get (change, "name")), -1, MAX_CHANGE_BYTES);
  g_autofree char *words =
      mugai_unicode_make_safe (json_string_value (json_object_get (change, "words")), -1, MAX_CHANGE_BYTES);

  return json_pack ("{s:O, s:O, s:o, s:O, s:o}", "section", json_object_get (change, "section"), "kind",
                    json_object_get (change, "kind"), "name", mugai_json_string (name), "weaker",
                    json_object_get (change, "weaker"), "words", mugai_json_string (words));
}

static void log_load (Master *master, const MugaiPolicy *before, const char *actor) {
  g_autoptr (MugaiJson) changes = mugai_policy_diff (before, master->policy, FALSE);
  json_t *body = policy_body (master), *list = json_array ();
  size_t n = json_array_size (changes);

  for (size_t i = 0; i < MIN (n, MAX_CHANGES); i++)
    json_array_append_new (list, short_change (json_array_get (changes, i)));
  json_object_set_new (body, "before", json_string (mugai_policy_version (before)));
  json_object_set_new (body, "changes", list);
  json_object_set_new (body, "more_changes", json_integer ((json_int_t) (n - MIN (n, MAX_CHANGES))));
  alarm_log_act (master, "policy-load", actor, body);
}

gboolean policy_load (Master *master, const char *actor, GError **error) {
  GPtrArray *problems = NULL;
  g_autoptr (MugaiPolicy) policy = mugai_policy_load (master->config->policy, FALSE, &problems, error);
  g_autoptr (MugaiPolicy) before = NULL;

  print_problems (problems);
  g_clear_pointer (&problems, g_ptr_array_unref);
  int fd = policy != NULL ? bundle_to_fd (policy, error) : -1;
  if (fd < 0) {
    g_prefix_error (error, "policy %s is not loaded: ", master->config->policy);
    return FALSE;
  }
  mugai_fd_close (master->policy_fd);
  master->policy_fd = fd;
  before = g_steal_pointer (&master->policy);
  master->policy = g_steal_pointer (&policy);
  master->policy_loaded_us = g_get_real_time ();
  master_log (5, "policy \"%s\" version %s", mugai_policy_name (master->policy), mugai_policy_version (master->policy));
  tell_fronts (master);
  if (before == NULL)
    return TRUE;
  log_load (master, before, actor);
  if (strcmp (mugai_policy_version (before), mugai_policy_version (master->policy)) != 0)
    exceptions_look (master);
  return TRUE;
}
