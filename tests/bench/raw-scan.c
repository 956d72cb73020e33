/* SPDX-License-Identifier: GPL-2.0-only
 *
 * The baseline of all figures: raw libclamav, in one process, on the same mails and signatures as mugaid. Prints the CPU time of the
 * scans alone [ms].
 *
 * usage: raw-scan SIGNATURES ROUNDS MAIL...
 */
#include <clamav.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double cpu_ms (void) {
  struct timespec now;
  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double) now.tv_sec * 1000 + (double) now.tv_nsec / 1e6;
}

static void scan (struct cl_engine *engine, const char *path) {
  struct cl_scan_options options = { .parse = ~0u,
                                     .heuristic = CL_SCAN_HEURISTIC_EXCEEDS_MAX | CL_SCAN_HEURISTIC_ENCRYPTED_ARCHIVE
                                                  | CL_SCAN_HEURISTIC_ENCRYPTED_DOC };
  const char *name = NULL;
  unsigned long scanned = 0;
  (void) cl_scanfile (path, &name, &scanned, engine, &options);
}

int main (int argc, char **argv) {
  unsigned signatures = 0;
  if (argc < 4 || cl_init (CL_INIT_DEFAULT) != CL_SUCCESS)
    return 64;
  struct cl_engine *engine = cl_engine_new ();
  if (engine == NULL || cl_load (argv[1], engine, &signatures, CL_DB_STDOPT) != CL_SUCCESS
      || cl_engine_set_num (engine, CL_ENGINE_DISABLE_CACHE, 1) != CL_SUCCESS
      || cl_engine_compile (engine) != CL_SUCCESS)
    return 1;
  double start = cpu_ms ();
  for (int round = atoi (argv[2]); round > 0; round--)
    for (int i = 3; i < argc; i++)
      scan (engine, argv[i]);
  printf ("%.1f\n", cpu_ms () - start);
  cl_engine_free (engine);
  return 0;
}
