/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Fuzz target: any bytes as a message. Invariants: reading ends and does not crash; each entity has path and content; what the
 * writer makes of all its texts and named leaves is a sentence of the gate's language, part for part.
 */
#include <stdio.h>
#include <stdlib.h>

#include "mugai/base/base.h"
#include "mugai/gate.h"
#include "mugai/mail/mail.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* A leaf as a kept part; what the decision would list goes into @digests. */
static void keep_leaf (const MugaiEntity *entity, GArray *kept, GPtrArray *digests) {
  gsize length;
  const void *data = g_bytes_get_data (entity->content, &length);
  MugaiMailKeptPart part = { entity->declared, entity->names[0], entity->content };
  g_array_append_val (kept, part);
  g_ptr_array_add (digests, mugai_sha256_hex (data, length));
}

static void check_written (const MugaiMailDraft *draft, const GPtrArray *digests) {
  const MugaiGateExpect expect = { draft->kept->len > 0 ? MUGAI_CEILING_PARTS : MUGAI_CEILING_TEXT,
                                   (const char *const *) digests->pdata, 0 };
  g_autoptr (GBytes) written = mugai_mail_write (draft);
  g_autoptr (GError) error = NULL;
  MugaiGateResult result;
  gsize length;
  const char *text = g_bytes_get_data (written, &length);
  if (mugai_gate_check (text, length, &expect, &result, &error))
    return;
  fprintf (stderr, "gate: %s\n%.*s\n", error->message, (int) MIN (length, 4000), text);
  abort ();
}

static void rebuild (const MugaiMail *mail) {
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GArray) kept = g_array_new (FALSE, FALSE, sizeof (MugaiMailKeptPart));
  g_autoptr (GPtrArray) digests = g_ptr_array_new_with_free_func (g_free), parts = g_ptr_array_new ();
  guint64 oddities = 0;
  for (guint i = 0; i < mail->entities->len; i++) {
    const MugaiEntity *entity = g_ptr_array_index (mail->entities, i);
    if (entity->path == NULL || entity->content == NULL || entity->names == NULL)
      abort ();
    if (entity->kind != MUGAI_ENTITY_LEAF)
      continue;
    g_autofree char *leaf = mugai_mail_leaf_text (entity, NULL, &oddities);
    if (leaf != NULL)
      g_string_append (text, leaf);
    if (entity->names[0] != NULL)
      keep_leaf (entity, kept, digests);
  }
  g_ptr_array_add (digests, NULL);
  for (guint i = 0; i < kept->len; i++)
    g_ptr_array_add (parts, &g_array_index (kept, MugaiMailKeptPart, i));
  guint dropped;
  GString *header = mugai_mail_write_fields (mail, "[tag]", &dropped);
  const MugaiMailDraft draft = { header, text->str, parts };
  check_written (&draft, digests);
  g_string_free (header, TRUE);
}

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size) {
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (MugaiMail) mail = mugai_mail_parse (bytes, NULL, NULL);
  if (mail == NULL)
    return 0;
  g_autoptr (MugaiFacts) facts = mugai_facts_new ();
  mugai_mail_fill_facts (mail, facts);
  rebuild (mail);
  return 0;
}
