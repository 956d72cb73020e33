/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Fuzzer of the gate: it never crashes, and what it accepts satisfies a second, much cruder check that shares no
 * code with it. The first byte of the input chooses the ceiling; the rest is the message. Under the ceiling parts the
 * digests of all base64 blocks in it are listed, so that the fuzzer can get through without inventing a SHA-256.
 */
#include "mugai/gate.h"

#include <stdlib.h>
#include <string.h>

#include "mugai/base/base.h"

int LLVMFuzzerTestOneInput (const guint8 *data, size_t length_bytes);

static void demand (gboolean holds, const char *what) {
  if (holds)
    return;
  g_printerr ("accepted, but %s\n", what);
  abort ();
}

/* Blocks between an empty line and "--", decoded by GLib: what kept parts could be. */
static GPtrArray *list_digests (const char *mail) {
  GPtrArray *digests = g_ptr_array_new_with_free_func (g_free);

  for (const char *at = strstr (mail, "attachment"); at != NULL; at = strstr (at + 1, "attachment")) {
    const char *start = strstr (at, "\r\n\r\n");
    const char *end = start == NULL ? NULL : strstr (start + 4, "--");
    if (end == NULL)
      break;
    g_autofree char *block = g_strndup (start + 4, (gsize) (end - start - 4));
    gsize decoded_bytes = 0;
    g_autofree guchar *decoded = g_base64_decode (block, &decoded_bytes);
    g_ptr_array_add (digests, mugai_sha256_hex (decoded, decoded_bytes));
  }
  g_ptr_array_add (digests, NULL);
  return digests;
}

static void check_accepted (const char *mail, gsize length_bytes, MugaiCeiling ceiling, const MugaiGateResult *result) {
  gsize column = 0;

  for (gsize i = 0; i < length_bytes; i++) {
    demand (mail[i] != '\0', "it has a NUL");
    demand ((guint8) mail[i] < 0x80, "it has a byte over 0x7F");
    demand (mail[i] != '\r' || (i + 1 < length_bytes && mail[i + 1] == '\n'), "it has a bare CR");
    demand (mail[i] != '\n' || (i > 0 && mail[i - 1] == '\r'), "it has a bare LF");
    column = mail[i] == '\n' ? 0 : column + 1;
    demand (column <= 999, "a line is too long");
  }
  demand (length_bytes == 0 || mail[length_bytes - 1] == '\n', "it does not end in a line end");
  demand (result->body_offset >= 4 && result->body_offset <= length_bytes, "its body is not in it");
  demand (memcmp (mail + result->body_offset - 4, "\r\n\r\n", 4) == 0, "its body does not follow an empty line");
  demand (strstr (mail, "\r\n\r\n") + 4 == mail + result->body_offset, "its body is not where a reader finds it");
  if (ceiling != MUGAI_CEILING_TEXT)
    return;
  g_autofree char *lower = g_ascii_strdown (mail, (gssize) result->body_offset); /* a body may talk of it */
  demand (strstr (lower, "\ncontent-type: multipart") == NULL, "it is multipart under the ceiling text");
  demand (strstr (lower, "\ncontent-disposition") == NULL, "it has a part under the ceiling text");
}

int LLVMFuzzerTestOneInput (const guint8 *data, size_t length_bytes) {
  if (length_bytes == 0)
    return 0;
  gsize mail_bytes = length_bytes - 1;
  MugaiCeiling ceiling = (MugaiCeiling) (data[0] % MUGAI_N_CEILINGS);
  g_autofree char *mail = g_strndup ((const char *) data + 1, mail_bytes); /* stops at a NUL, is padded behind it */
  g_autofree char *exact = g_malloc (MAX (mail_bytes, 1));                 /* no byte to spare behind it */
  memcpy (exact, data + 1, mail_bytes);

  g_autoptr (GPtrArray) digests = list_digests (mail);
  MugaiGateExpect expect = { .ceiling = ceiling };
  if (ceiling != MUGAI_CEILING_TEXT)
    expect.kept_sha256 = (const char *const *) digests->pdata;
  MugaiGateResult result = { 0 };
  g_autoptr (GError) error = NULL;
  gboolean accepted = mugai_gate_check (exact, mail_bytes, &expect, &result, &error);
  demand (accepted == (error == NULL), "result and error disagree");
  if (accepted) {
    demand (memcmp (mail, exact, mail_bytes) == 0, "it has a NUL");
    check_accepted (mail, mail_bytes, ceiling, &result);
  }
  return 0;
}
