/* SPDX-License-Identifier: GPL-2.0-only
 *
 * cli: the sub-commands of mugai. Each is a main () of its own: argv[0] is the sub-command's name, the result the exit
 * status. --help on each prints to standard output and gives 0.
 */
#pragma once

#include <glib.h>
#include <sysexits.h> /* EX_USAGE 64, EX_DATAERR 65, EX_NOINPUT 66, EX_CANTCREAT 73, EX_IOERR 74, EX_TEMPFAIL 75, EX_CONFIG 78 */

int mugai_cli_sanitize (int argc, char **argv);
int mugai_cli_text (int argc, char **argv);
int mugai_cli_scan (int argc, char **argv);
int mugai_cli_policy (int argc, char **argv);
int mugai_cli_quarantine (int argc, char **argv);
int mugai_cli_flow (int argc, char **argv);
int mugai_cli_audit (int argc, char **argv);
int mugai_cli_status (int argc, char **argv);
int mugai_cli_doctor (int argc, char **argv);

/** mugai_cli_actor: (transfer full): who sits at the keyboard, for the audit chain: "uid:1000:yamada". */
char *mugai_cli_actor (void);
