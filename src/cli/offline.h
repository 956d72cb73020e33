/* SPDX-License-Identifier: GPL-2.0-only
 *
 * What the commands that look at a message without the daemon share: input, policy, signatures, one sandboxed worker.
 */
#pragma once

#include "mugai/worker.h"

/** mugai_offline_read: (transfer full): a file, or standard input for "-". */
GBytes *mugai_offline_read (const char *path, gsize max_bytes, GError **error);
/** mugai_offline_seal: a sealed memory file with @message in it; -1 and @error. */
int mugai_offline_seal (GBytes *message, GError **error);
/** mugai_offline_policy: (transfer full): @path or the default one; prints its problems; NULL when it does not load. */
MugaiPolicy *mugai_offline_policy (const char *path);
/** mugai_offline_scanner: (transfer full): says on standard error when @signatures is NULL, or a small set. */
MugaiScanner *mugai_offline_scanner (const char *signatures, GError **error);
/** mugai_offline_worker: (transfer full): one sandboxed child with a scratch folder of its own, on tmpfs where there is one;
 * @ret_scratch: (out) (transfer full): mugai_scratch_free () it behind the worker, also when there is none. */
MugaiWorker *mugai_offline_worker (MugaiScanner *scanner, char **ret_scratch, GError **error);
