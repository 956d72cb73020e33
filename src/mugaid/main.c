/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mugaid: the daemon's door: options, the relay administrator's file, then the master's loop.
 */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "master.h"

#define DEFAULT_CONFIG "/etc/mugai/mugai.yaml"
#define EXIT_USAGE 64
#define EXIT_CONFIG 78

static const char usage[] = "Usage: mugaid [--config FILE] [--foreground]\n"
                            "       mugaid [--config FILE] --check\n"
                            "\n"
                            "The daemon of mugai: a milter that turns mail into plain, harmless text.\n"
                            "\n"
                            "  --config FILE   the relay administrator's file (default " DEFAULT_CONFIG ")\n"
                            "  --foreground    stay in the foreground and log to standard error; it always does\n"
                            "  --check         read configuration and policy, say what is wrong, and end\n"
                            "  --help-config   every key of the file, with default and range\n"
                            "  --version\n"
                            "  --help\n"
                            "\n"
                            "SIGHUP loads policy and signatures again; SIGTERM finishes the mails in hand and ends.\n";

typedef struct {
  const char *config;
  gboolean check;
} Options;

/* What only prints and ends. */
static gboolean is_question (const char *argument) {
  if (g_str_equal (argument, "--help")) {
    (void) fputs (usage, stdout);
  } else if (g_str_equal (argument, "--version")) {
    (void) puts ("mugaid " MUGAI_VERSION);
  } else if (g_str_equal (argument, "--help-config")) {
    g_autofree char *text = mugai_config_describe ();
    (void) fputs (text, stdout);
  } else {
    return FALSE;
  }
  return TRUE;
}

static gboolean parse (int argc, char **argv, Options *options) {
  for (int i = 1; i < argc; i++) {
    if (g_str_equal (argv[i], "--config") && i + 1 < argc)
      options->config = argv[++i];
    else if (g_str_has_prefix (argv[i], "--config="))
      options->config = argv[i] + strlen ("--config=");
    else if (g_str_equal (argv[i], "--check"))
      options->check = TRUE;
    else if (!g_str_equal (argv[i], "--foreground")) {
      g_printerr ("mugaid: what is \"%s\"? See mugaid --help.\n", argv[i]);
      return FALSE;
    }
  }
  return TRUE;
}

static int check_policy (const MugaiConfig *config) {
  GPtrArray *problems = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiPolicy) policy = mugai_policy_load (config->policy, FALSE, &problems, &error);

  for (guint i = 0; problems != NULL && i < problems->len; i++) {
    g_autofree char *text = mugai_policy_problem_format (problems->pdata[i]);
    g_printerr ("%s%s", text, g_str_has_suffix (text, "\n") ? "" : "\n");
  }
  g_clear_pointer (&problems, g_ptr_array_unref);
  if (policy == NULL) {
    g_printerr ("mugaid: %s\n", error->message);
    return EXIT_CONFIG;
  }
  g_print ("%s and policy \"%s\" are good\n", config->file, mugai_policy_name (policy));
  return 0;
}

int main (int argc, char **argv) {
  Options options = { .config = DEFAULT_CONFIG };
  g_autoptr (GError) error = NULL;

  (void) setlocale (LC_ALL, "");
  for (int i = 1; i < argc; i++) {
    if (is_question (argv[i]))
      return 0;
  }
  if (!parse (argc, argv, &options))
    return EXIT_USAGE;
  g_autoptr (MugaiConfig) config = mugai_config_load (options.config, &error);
  if (config == NULL) {
    g_printerr ("%s\n", error->message);
    return EXIT_CONFIG;
  }
  return options.check ? check_policy (config) : master_run (g_steal_pointer (&config));
}
