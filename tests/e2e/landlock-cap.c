/* SPDX-License-Identifier: GPL-2.0-only
 *
 * An older kernel's Landlock on a newer kernel, for test-sandbox.py: loaded before the C library (LD_PRELOAD), it answers the question
 * for the Landlock ABI with at most MUGAI_TEST_LANDLOCK_ABI. Every other call goes through untouched. The product has no such switch.
 */
#include <dlfcn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/syscall.h>

#define ASKS_FOR_VERSION 1L /* LANDLOCK_CREATE_RULESET_VERSION */

long syscall (long number, ...);

long syscall (long number, ...) {
  static long (*next) (long, ...);
  long a[6];
  va_list list;

  va_start (list, number);
  for (int i = 0; i < 6; i++)
    a[i] = va_arg (list, long);
  va_end (list);
  if (next == NULL)
    next = (long (*) (long, ...)) dlsym (RTLD_NEXT, "syscall");
  long result = next (number, a[0], a[1], a[2], a[3], a[4], a[5]);
  const char *cap = getenv ("MUGAI_TEST_LANDLOCK_ABI");
  if (number == SYS_landlock_create_ruleset && a[2] == ASKS_FOR_VERSION && cap != NULL && result > atol (cap))
    return atol (cap);
  return result;
}
