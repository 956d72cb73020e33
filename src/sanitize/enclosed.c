/* SPDX-License-Identifier: GPL-2.0-only
 *
 * enclosed: a mail that lies in an archive, as what it is to whoever unpacks and opens it: its leaves are members with paths of their own
 * ("1.2/3.1"), scanned like attachments; what makes one of them bad is said of the mail, too. Its limits are the message's.
 */
#include "inspection.h"

#define CUT_ODDITIES                                                                                                   \
  (MUGAI_BIT (MUGAI_ODDITY_PART_LIMIT) | MUGAI_BIT (MUGAI_ODDITY_NESTING_LIMIT)                                        \
   | MUGAI_BIT (MUGAI_ODDITY_DECODED_LIMIT) | MUGAI_BIT (MUGAI_ODDITY_HEADER_LIMIT))

static void tell_mail (MugaiPart *mail, const MugaiPart *leaf) {
  const guint64 outward =
      MUGAI_BIT (MUGAI_FLAG_ENCRYPTED) | MUGAI_BIT (MUGAI_FLAG_BOMB) | MUGAI_BIT (MUGAI_FLAG_TOO_DEEP);
  mail->flags |= leaf->flags & outward;
  if (leaf->scan >= mail->scan || leaf->scan >= MUGAI_SCAN_NOT_SCANNED)
    return;
  mail->scan = leaf->scan;
  g_free (mail->signature);
  mail->signature = g_strdup (leaf->signature);
}

static void inspect_leaf (MugaiScanner *scanner, MugaiPart *mail, const MugaiEntity *entity, GPtrArray *members) {
  MugaiPart *part = mugai_new_part (entity);
  g_free (part->path);
  part->path = g_strdup_printf ("%s.%s", mail->path, entity->path);
  part->role = MUGAI_ROLE_MEMBER;
  g_ptr_array_add (members, part);
  mugai_scan_part (scanner, part, entity->content, members);
  mugai_scan_views (entity, scanner, part);
  if (entity->undecodable)
    part->flags |= MUGAI_BIT (MUGAI_FLAG_MALFORMED);
  tell_mail (mail, part);
}

void mugai_enclosed_inspect (MugaiScanner *scanner, MugaiPart *mail, GBytes *content, GPtrArray *members) {
  g_autoptr (MugaiMail) parsed = mugai_mail_parse (content, NULL, NULL);
  if (parsed == NULL) {
    mail->flags |= MUGAI_BIT (MUGAI_FLAG_MALFORMED);
    mail->scan = MIN (mail->scan, MUGAI_SCAN_UNPARSABLE);
    return;
  }
  if (parsed->oddities & CUT_ODDITIES)
    mail->scan = MIN (mail->scan, MUGAI_SCAN_OVER_LIMIT);
  for (guint i = 0; i < parsed->entities->len && members->len < MUGAI_FACTS_MAX_PARTS; i++) {
    const MugaiEntity *entity = g_ptr_array_index (parsed->entities, i);
    if (entity->kind == MUGAI_ENTITY_LEAF)
      inspect_leaf (scanner, mail, entity, members);
  }
}
