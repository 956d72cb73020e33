/* SPDX-License-Identifier: GPL-2.0-only
 *
 * scan/budget: what one message may cost: members, unpacked bytes, time.
 *
 * Counted over all archives of the message, so that many small bombs are one. Header only; one process.
 */
#pragma once

#include <glib.h>

typedef struct {
  guint members;          /* left */
  guint64 unpacked_bytes; /* left */
  gint64 deadline_us;     /* on the monotonic clock */
  guint max_ratio;        /* of one member */
  guint64 max_file_bytes; /* one member */
  gboolean cut;           /* a look ended at a limit before its end: the caller resets it, and says over-limit */
} MugaiBudget;

#define MUGAI_BUDGET_RATIO_FROM_BYTES                                                                                  \
  (10u * 1024 * 1024) /* text and drawings of real mail pack 100:1, but stay small */

#define MUGAI_BUDGET_SURE_FROM_BYTES                                                                                   \
  (24u * 1024 * 1024) /* from here the ratio holds for what was read so far: no need to wait for the rest */

/** mugai_budget_late: TRUE when the time is up; what the caller leaves out then counts as cut. */
static inline gboolean mugai_budget_late (MugaiBudget *budget) {
  gboolean late = g_get_monotonic_time () > budget->deadline_us;
  budget->cut |= late;
  return late;
}

/** mugai_budget_is_bomb: TRUE when so many bytes out of so few are no document. */
static inline gboolean mugai_budget_is_bomb (const MugaiBudget *budget, guint64 packed_bytes, guint64 unpacked_bytes) {
  return unpacked_bytes > MUGAI_BUDGET_RATIO_FROM_BYTES && unpacked_bytes / budget->max_ratio > MAX (packed_bytes, 1);
}

/** mugai_budget_is_bomb_already: likewise, in the middle of it: @read_bytes of the packed ones gave @unpacked_bytes. */
static inline gboolean mugai_budget_is_bomb_already (const MugaiBudget *budget, guint64 read_bytes,
                                                     guint64 unpacked_bytes) {
  return unpacked_bytes > MUGAI_BUDGET_SURE_FROM_BYTES && unpacked_bytes / budget->max_ratio > MAX (read_bytes, 1);
}
