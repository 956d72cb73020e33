/* SPDX-License-Identifier: GPL-2.0-only
 *
 * sandbox: the walls one by one: see mugai_sandbox_enter () in mugai/worker.h.
 */
#pragma once

#include "mugai/worker.h"

/* Sanitizers reserve terabytes of addresses, read /proc, and report on standard error: limits and filter make room for that. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANDBOX_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANDBOX_SANITIZER 1
#endif
#endif
#ifndef SANDBOX_SANITIZER
#define SANDBOX_SANITIZER 0
#endif

/** landlock_restrict: no file but below @scratch, as far as the kernel can; TRUE also where it has no Landlock. */
gboolean landlock_restrict (const char *scratch, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** landlock_abi: 0: the kernel has none. */
int landlock_abi (void);
