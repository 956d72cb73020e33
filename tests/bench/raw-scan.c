/* SPDX-License-Identifier: GPL-2.0-only
 *
 * The baseline of all figures: raw libclamav, in one process, on the same mails and signatures as mugaid. Reads paths, one a line, and
 * prints the CPU time of each scan [ms], so that whoever asks can take turns mail by mail on a machine whose speed drifts.
 *
 * usage: raw-scan SIGNATURES
 */
#include <clamav.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

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

int main (int argc, char **argv) {
  unsigned signatures = 0;
  char path[4096];
  if (argc != 2 || cl_init (CL_INIT_DEFAULT) != CL_SUCCESS)
    return 64;
  struct cl_engine *engine = cl_engine_new ();
  if (engine == NULL || cl_load (argv[1], engine, &signatures, CL_DB_STDOPT) != CL_SUCCESS
      || cl_engine_set_num (engine, CL_ENGINE_DISABLE_CACHE, 1) != CL_SUCCESS
      || cl_engine_compile (engine) != CL_SUCCESS)
    return 1;
  while (fgets (path, sizeof path, stdin) != NULL) {
    path[strcspn (path, "\n")] = '\0';
    double start = cpu_ms ();
    scan (engine, path);
    printf ("%.3f\n", cpu_ms () - start);
    fflush (stdout);
  }
  cl_engine_free (engine);
  return 0;
}
