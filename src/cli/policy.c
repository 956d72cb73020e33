/* SPDX-License-Identifier: GPL-2.0-only
 *
 * `mugai policy check`: every mistake of a policy in one run, with its place and what to write instead.
 */
#include "cli.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "mugai/policy.h"

#include "words.h"

static int print_problems (const GPtrArray *problems) {
  guint errors = 0;
  for (guint i = 0; i < problems->len; i++) {
    const MugaiPolicyProblem *problem = g_ptr_array_index (problems, i);
    g_autofree char *text = mugai_policy_problem_format (problem);
    puts (text);
    errors += problem->warning ? 0 : 1;
  }
  return errors > 0 ? EX_CONFIG : EX_OK;
}

static int check (const char *path) {
  g_autoptr (GPtrArray) problems = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiPolicy) policy = mugai_policy_load (path, mugai_cli_japanese (), &problems, &error);
  int status = problems != NULL ? print_problems (problems) : EX_OK;
  if (policy == NULL) {
    g_printerr ("mugai policy check: %s: %s\n", path, error->message);
    return EX_CONFIG;
  }
  printf (MUGAI_CLI_WORDS ("%s: 誤りはありません（%s、版 %.12s）\n", "%s: no errors (%s, version %.12s)\n"), path,
          mugai_policy_name (policy), mugai_policy_version (policy));
  return status;
}

static void print_help (FILE *out) {
  fputs ("usage: mugai policy check FILE\n\n  check FILE   every mistake, with file:line:column\n", out);
}

int mugai_cli_policy (int argc, char **argv) {
  if (argc >= 2 && (strcmp (argv[1], "--help") == 0 || (argc >= 3 && strcmp (argv[2], "--help") == 0))) {
    print_help (stdout);
    return EX_OK;
  }
  if (argc == 3 && strcmp (argv[1], "check") == 0)
    return check (argv[2]);
  print_help (stderr);
  return EX_USAGE;
}
