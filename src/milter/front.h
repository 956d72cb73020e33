/* SPDX-License-Identifier: GPL-2.0-only
 *
 * What the callbacks of one front share: options, the policy and generation in force, counters, spooled bytes.
 * Locks are pthread locks and counters g_atomic_int_*: several libmilter threads, one control thread, one progress thread.
 */
#pragma once

#include <pthread.h>

#include <libmilter/mfapi.h>

#include "mugai/milter.h"
#include "mugai/policy.h"
#include "mugai/worker.h"

typedef struct {
  gint refs;
  guint number; /* 0: none */
  int take_fd, put_fd;
  char *signatures; /* version; NULL: none loaded */
  gint64 time_s;
} MugaiGeneration;

void mugai_generation_unref (MugaiGeneration *generation);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiGeneration, mugai_generation_unref)

typedef struct {
  const MugaiConfig *config;
  guint index;
  int control_fd;
  char *keeper_socket;
  pthread_mutex_t lock; /* of the next three */
  MugaiPolicy *policy;
  MugaiGeneration *generation; /* never NULL */
  guint64 spool_bytes;
  gint sessions, in_hand, stopping; /* atomic; in_hand: mails between MAIL and their answer */
  gint counters[16];                /* atomic; see MUGAI_FRONT_COUNTERS */
} MugaiFront;

#define MUGAI_COUNTER_MEMBER(name) MUGAI_COUNTER_##name,
typedef enum { MUGAI_FRONT_COUNTERS (MUGAI_COUNTER_MEMBER) MUGAI_N_COUNTERS } MugaiCounter;
#define mugai_front_count(front, name, n) ((void) g_atomic_int_add (&(front)->counters[MUGAI_COUNTER_##name], (n)))

/** The one front of this process: libmilter's callbacks have no other way to it. */
extern MugaiFront mugai_front;

/** (transfer full): what is in force now. */
MugaiPolicy *mugai_front_policy (MugaiFront *front);
MugaiGeneration *mugai_front_generation (MugaiFront *front);
/** TRUE when @generation is still the one in force. */
gboolean mugai_front_is_current (MugaiFront *front, const MugaiGeneration *generation);
/** Reserves (or with negative @bytes gives back) room for spooled mail; FALSE: over config->max_spool_bytes. */
gboolean mugai_front_reserve (MugaiFront *front, gint64 bytes);
/** Tells the master: an alarm. @code: [a-z-]+. */
void mugai_front_alarm (MugaiFront *front, const char *code, const char *text);
/** One line to standard error (the journal). */
void mugai_front_log (const char *format, ...) G_GNUC_PRINTF (1, 2);
