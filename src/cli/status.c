/* SPDX-License-Identifier: GPL-2.0-only
 *
 * `mugai status`: what mugaid is doing, asked of its master.
 */
#include "cli.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "mugai/base/config.h"
#include "mugai/base/control.h"
#include "mugai/base/unicode.h"

#include "words.h"

#define DEFAULT_CONFIG "/etc/mugai/mugai.yaml"

/* One line a member; what stands in objects and lists is indented below its name. */
static void print_value (const char *name, json_t *value, guint depth) {
  const char *key = NULL;
  json_t *member = NULL;
  size_t index = 0;
  if (json_is_object (value) || json_is_array (value)) {
    printf ("%*s%s%s\n", (int) (2 * depth), "", name,
            json_object_size (value) + json_array_size (value) > 0 ? ":" : ": -");
    json_object_foreach (value, key, member) print_value (key, member, depth + 1);
    json_array_foreach (value, index, member) print_value ("-", member, depth + 1);
    return;
  }
  g_autofree char *text =
      json_is_string (value) ? g_strdup (json_string_value (value)) : json_dumps (value, JSON_ENCODE_ANY);
  g_autofree char *safe = mugai_unicode_make_safe (text, -1, 500);
  printf ("%*s%s: %s\n", (int) (2 * depth), "", name, safe);
}

static int ask (const char *config_path, const char *question, gboolean as_json) {
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiConfig) config = mugai_config_load (config_path, &error);
  if (config == NULL) {
    g_printerr ("%s\n", error->message);
    return EX_CONFIG;
  }
  g_autofree char *socket_path = mugai_config_control_socket (config);
  g_autoptr (MugaiJson) request = json_pack ("{s:s}", "do", question);
  g_autoptr (MugaiJson) answer = mugai_control_ask (socket_path, request, MUGAI_CONTROL_TIMEOUT_MS, &error);
  if (answer == NULL) {
    g_printerr (MUGAI_CLI_WORDS ("mugai status: mugaid から返事がありません: %s\n",
                                 "mugai status: no answer from mugaid: %s\n"),
                error->message);
    return EX_UNAVAILABLE;
  }
  if (as_json) {
    g_autofree char *line = mugai_json_line (answer);
    puts (line);
  } else {
    print_value ("mugaid", answer, 0);
  }
  return json_is_true (json_object_get (answer, "ok")) ? EX_OK : EX_UNAVAILABLE;
}

int mugai_cli_status (int argc, char **argv) {
  g_autofree char *config = NULL;
  gboolean as_json = FALSE;
  const GOptionEntry entries[] = {
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &config, "mugai.yaml (default: " DEFAULT_CONFIG ")", "FILE" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &as_json, "one line of JSON", NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_option_context_set_summary (
      context, "Says what mugaid is doing: workers, waiting mail, generations, policy, alarms, counters.");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || argc > 1) {
    g_printerr ("mugai status: %s\n", error != NULL ? error->message : "unexpected argument");
    return EX_USAGE;
  }
  return ask (config != NULL ? config : DEFAULT_CONFIG, "status", as_json);
}
