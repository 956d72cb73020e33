/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Where the shipped policies are: beside the sources, or where MUGAI_SOURCE says.
 */
#pragma once

#include <glib.h>

static inline char *policy_path (const char *name) {
  const char *source = g_getenv ("MUGAI_SOURCE");
  g_autofree char *here = g_path_get_dirname (__FILE__);
  return source ? g_build_filename (source, "policy", name, NULL)
                : g_build_filename (here, "..", "..", "..", "policy", name, NULL);
}
