/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Notices by mail box. A mail box is any address of ours that a held mail names, so a stranger can make many: the table is bounded, and what
 * does not fit is told one by one as before, which loses nobody anything.
 */
#include "mugai/flow/notices.h"

#include "flow.h"

typedef struct {
  gint64 begin_us; /* of the day in hand */
  guint sent[MUGAI_N_NOTICE_KINDS], claimed[MUGAI_N_NOTICE_KINDS];
  gint64 claim_us;          /* of the last claim */
  guint64 withheld;         /* not told yet */
  gint64 withheld_begin_us; /* of the day in which the first of those came */
  GPtrArray *ids;           /* of char* */
} Box;

struct MugaiNotices {
  GHashTable *boxes; /* address, folded -> Box */
};

static const guint max_sent[MUGAI_N_NOTICE_KINDS] = {
  [MUGAI_NOTICE_HELD_MAIL] = MUGAI_NOTICE_MAX_HELD, [MUGAI_NOTICE_FORWARDED_MAIL] = MUGAI_NOTICE_MAX_FORWARDED
};

static void box_free (gpointer data) {
  Box *box = data;
  g_ptr_array_unref (box->ids);
  g_free (box);
}

MugaiNotices *mugai_notices_new (void) {
  MugaiNotices *notices = g_new0 (MugaiNotices, 1);
  notices->boxes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, box_free);
  return notices;
}

void mugai_notices_free (MugaiNotices *notices) {
  if (!notices)
    return;
  g_hash_table_unref (notices->boxes);
  g_free (notices);
}

/* ---- boxes ---- */

static gboolean is_over (gint64 begin_us, gint64 now_us, gint64 seconds) {
  return now_us - begin_us >= seconds * G_USEC_PER_SEC;
}

static gboolean is_idle (gpointer key, gpointer value, gpointer now) {
  const Box *box = value;
  (void) key;
  return box->withheld == 0 && is_over (box->begin_us, *(const gint64 *) now, MUGAI_NOTICE_DAY_S);
}

static void begin_day (Box *box, gint64 now_us) {
  box->begin_us = now_us;
  for (guint i = 0; i < MUGAI_N_NOTICE_KINDS; i++)
    box->sent[i] = 0;
}

/* NULL: no room for one more. */
static Box *get_box (MugaiNotices *notices, const char *address, gint64 now_us) {
  g_autofree char *bare = flow_address_strip (address);
  g_autofree char *key = g_utf8_strdown (bare, -1);
  Box *box = g_hash_table_lookup (notices->boxes, key);
  if (!box && g_hash_table_size (notices->boxes) >= MUGAI_NOTICE_MAX_BOXES)
    (void) g_hash_table_foreach_remove (notices->boxes, is_idle, &now_us);
  if (!box && g_hash_table_size (notices->boxes) < MUGAI_NOTICE_MAX_BOXES) {
    box = g_new0 (Box, 1);
    box->ids = g_ptr_array_new_with_free_func (g_free);
    box->begin_us = now_us;
    g_hash_table_insert (notices->boxes, g_steal_pointer (&key), box);
  }
  if (box && is_over (box->begin_us, now_us, MUGAI_NOTICE_DAY_S))
    begin_day (box, now_us);
  return box;
}

static void forget_late_claims (Box *box, gint64 now_us) {
  if (!is_over (box->claim_us, now_us, MUGAI_NOTICE_CLAIM_S))
    return;
  for (guint i = 0; i < MUGAI_N_NOTICE_KINDS; i++)
    box->claimed[i] = 0;
}

/* ---- what happened ---- */

gboolean mugai_notices_claim (MugaiNotices *notices, const char *address, MugaiNoticeKind kind, gint64 now_us) {
  Box *box = get_box (notices, address, now_us);
  if (!box)
    return TRUE;
  forget_late_claims (box, now_us);
  if (box->sent[kind] + box->claimed[kind] >= max_sent[kind])
    return FALSE;
  box->claimed[kind]++;
  box->claim_us = now_us;
  return TRUE;
}

void mugai_notices_sent (MugaiNotices *notices, const char *address, MugaiNoticeKind kind, gint64 at_us) {
  Box *box = get_box (notices, address, at_us);
  if (!box)
    return;
  box->sent[kind]++;
  if (box->claimed[kind] > 0)
    box->claimed[kind]--;
}

void mugai_notices_withheld (MugaiNotices *notices, const char *address, const char *id, gint64 at_us) {
  Box *box = get_box (notices, address, at_us);
  if (!box)
    return;
  if (box->withheld++ == 0)
    box->withheld_begin_us = box->begin_us;
  if (box->ids->len < MUGAI_NOTICE_MAX_IDS)
    g_ptr_array_add (box->ids, g_strdup (id));
}

/* What came while the digest was on its way is the beginning of the next. */
void mugai_notices_told (MugaiNotices *notices, const char *address, guint64 count) {
  g_autofree char *bare = flow_address_strip (address);
  g_autofree char *key = g_utf8_strdown (bare, -1);
  Box *box = g_hash_table_lookup (notices->boxes, key);
  if (!box)
    return;
  box->withheld -= MIN (count, box->withheld);
  g_ptr_array_remove_range (box->ids, 0, (guint) MIN (count, box->ids->len));
  box->withheld_begin_us = box->begin_us;
}

gboolean mugai_notices_due (const MugaiNotices *notices, gint64 now_us, MugaiNoticeDigest *ret_digest) {
  GHashTableIter iter;
  gpointer key, value;
  g_hash_table_iter_init (&iter, notices->boxes);
  while (g_hash_table_iter_next (&iter, &key, &value)) {
    const Box *box = value;
    if (box->withheld == 0 || !is_over (box->withheld_begin_us, now_us, MUGAI_NOTICE_DAY_S))
      continue;
    *ret_digest = (MugaiNoticeDigest){ .box = key, .count = box->withheld, .ids = box->ids };
    return TRUE;
  }
  return FALSE;
}
