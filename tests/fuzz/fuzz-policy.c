/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Fuzzer of the policy loader: whatever the file, it ends, with a policy or with mistakes that have a place and a
 * text. A policy that loads decides on an empty mail and comes back from its bundle as the same version.
 * Run it with -detect_leaks=0: libfyaml 0.7.12 loses 1 KiB of its own on some broken quoted scalars.
 */
#include "mugai/policy.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, size_t length_bytes);

static GBytes *bundle_of (const guint8 *data, size_t length_bytes) {
  GByteArray *bundle = g_byte_array_new ();
  g_autofree char *head = g_strdup_printf ("mugai-policy-bundle 1\n%zu p.yaml\n", length_bytes);
  g_byte_array_append (bundle, (const guint8 *) head, (guint) strlen (head));
  g_byte_array_append (bundle, data, (guint) length_bytes);
  return g_byte_array_free_to_bytes (bundle);
}

static void try_bundle (GBytes *bundle) {
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiPolicy) policy = mugai_policy_load_bytes (bundle, &error);
  if ((policy == NULL) != (error != NULL))
    abort ();
  if (policy == NULL)
    return;
  g_autoptr (MugaiEnvelope) envelope = mugai_envelope_new ();
  g_autoptr (MugaiFacts) facts = mugai_facts_new ();
  g_autoptr (MugaiDecision) decision = mugai_policy_decide (policy, envelope, facts);
  g_autoptr (GBytes) again = mugai_policy_to_bytes (policy);
  g_autoptr (MugaiPolicy) same = mugai_policy_load_bytes (again, NULL);
  if (same == NULL || strcmp (mugai_policy_version (policy), mugai_policy_version (same)) != 0
      || decision->reasons->len == 0)
    abort ();
}

int LLVMFuzzerTestOneInput (const guint8 *data, size_t length_bytes) {
  if (length_bytes > 256 * 1024)
    return 0;
  g_autoptr (GBytes) file = bundle_of (data, length_bytes), raw = g_bytes_new (data, length_bytes);
  try_bundle (file);
  try_bundle (raw);
  return 0;
}
