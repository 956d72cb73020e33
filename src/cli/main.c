/* SPDX-License-Identifier: GPL-2.0-only
 *
 * mugai: the command line. Finds the sub-command and hands it the rest of the line.
 */
#include "cli.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include <glib.h>

static const struct {
  const char *name;
  int (*run) (int argc, char **argv);
  const char *help;
} commands[] = {
  { "sanitize", mugai_cli_sanitize, "sanitise one message, as the milter would" },
  { "text", mugai_cli_text, "HTML to plain text" },
  { "scan", mugai_cli_scan, "what a file or mail really is" },
  { "policy", mugai_cli_policy, "check, explain, test, compare and load policies" },
  { "quarantine", mugai_cli_quarantine, "held and changed mail: look, release, keep, dispose of" },
  { "flow", mugai_cli_flow, "counters of sent mail; stop and resume senders" },
  { "audit", mugai_cli_audit, "the record: show, search, verify, report" },
  { "doctor", mugai_cli_doctor, "what of this machine does not fit together" },
  { "status", mugai_cli_status, "what mugaid is doing" },
};

static void print_help (FILE *out) {
  fputs ("usage: mugai COMMAND [OPTION...]\n\ncommands:\n", out);
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    fprintf (out, "  %-11s %s\n", commands[i].name, commands[i].help);
  fputs ("\n`mugai COMMAND --help` says more.\n", out);
}

int main (int argc, char **argv) {
  setlocale (LC_ALL, "");
  if (argc < 2) {
    print_help (stderr);
    return EX_USAGE;
  }
  if (strcmp (argv[1], "--help") == 0 || strcmp (argv[1], "-h") == 0 || strcmp (argv[1], "help") == 0) {
    print_help (stdout);
    return EX_OK;
  }
  if (strcmp (argv[1], "--version") == 0) {
    puts ("mugai " MUGAI_VERSION);
    return EX_OK;
  }
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (strcmp (argv[1], commands[i].name) == 0) {
      g_autofree char *program = g_strconcat ("mugai ", argv[1], NULL);
      g_set_prgname (program);
      argv[1] = program;
      return commands[i].run (argc - 1, argv + 1);
    }
  fprintf (stderr, "mugai: unknown command. `mugai --help` lists them.\n");
  return EX_USAGE;
}
