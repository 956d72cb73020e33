/* SPDX-License-Identifier: GPL-2.0-only
 *
 * The baseline of all figures: raw libclamav, in one process, on the same mails and signatures as mugaid. Reads paths, one a line, and
 * prints the CPU time of each scan [ms], so that whoever asks can take turns mail by mail on a machine whose speed drifts. One process on
 * the same loaded signatures for each descriptor.
 *
 * usage: raw-scan SIGNATURES FD...
 */
#include <clamav.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double cpu_ms (void) {
  struct timespec now;
  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double) now.tv_sec * 1000 + (double) now.tv_nsec / 1e6;
}

static void scan (struct cl_engine *engine, const char *path) {
  struct cl_scan_options options = { .general = CL_SCAN_GENERAL_HEURISTICS,
                                     .parse = ~0u,
                                     .heuristic = CL_SCAN_HEURISTIC_EXCEEDS_MAX | CL_SCAN_HEURISTIC_ENCRYPTED_ARCHIVE
                                                  | CL_SCAN_HEURISTIC_ENCRYPTED_DOC };
  const char *name = NULL;
  unsigned long scanned = 0;
  (void) cl_scanfile (path, &name, &scanned, engine, &options);
}

static void serve (struct cl_engine *engine, int fd) {
  char path[4096];
  FILE *in = fdopen (fd, "r");
  while (fgets (path, sizeof path, in) != NULL) {
    path[strcspn (path, "\n")] = '\0';
    double start = cpu_ms ();
    scan (engine, path);
    if (dprintf (fd, "%.3f\n", cpu_ms () - start) < 0)
      break;
  }
}

int main (int argc, char **argv) {
  unsigned signatures = 0;
  if (argc < 3 || cl_init (CL_INIT_DEFAULT) != CL_SUCCESS)
    return 64;
  struct cl_engine *engine = cl_engine_new ();
  if (engine == NULL || cl_load (argv[1], engine, &signatures, CL_DB_STDOPT) != CL_SUCCESS
      || cl_engine_set_num (engine, CL_ENGINE_DISABLE_CACHE, 1) != CL_SUCCESS
      || cl_engine_compile (engine) != CL_SUCCESS)
    return 1;
  for (int i = 2; i < argc; i++) {
    if (fork () == 0) {
      for (int other = 2; other < argc; other++)
        if (other != i)
          close (atoi (argv[other]));
      serve (engine, atoi (argv[i]));
      _exit (0);
    }
    close (atoi (argv[i]));
  }
  while (wait (NULL) > 0)
    ;
  return 0;
}
