/* SPDX-License-Identifier: GPL-2.0-only
 *
 * quarantine/seal: a blob on disk: compressed, encrypted, with its own description at its end.
 *
 *     "MUGAIQ2\n"  2 slots of 76 bytes: {master's number LE32, nonce 24, the item's key wrapped 48}, one of them may be zeros
 *     stream header 24   frames: {length LE32, ciphertext}: the message, then the sidecar
 *
 * Each frame holds up to MUGAI_SEAL_FRAME_BYTES, packed by itself (Zstandard, RFC 8878). In "MUGAIQ1\n" each of the
 * two parts was one stream of deflate cut into frames; those are read still. The sidecar is {"sha256","size_bytes",
 * "record"}: with it the index can be made again from the blobs alone. Frames are of libsodium's secretstream: one
 * missing, doubled or moved is seen; PUSH ends the message, FINAL the blob. The id goes into the wrapping: a blob under
 * another's name does not open.
 */
#pragma once

#include "mugai/base/json.h"

#include "keys.h"

#define MUGAI_SEAL_FRAME_BYTES (256u * 1024)             /* repeats are found within one frame */
#define MUGAI_SEAL_MAX_SIDECAR_BYTES (64u * 1024 * 1024) /* a record is at most 48 MiB */

/** mugai_seal_write: @from_fd is sealed, @record one line of JSON. Not synced. */
gboolean mugai_seal_write (int from_fd, int to_fd, const char *id, const char *record, const MugaiKeys *keys,
                           char **ret_sha256, guint64 *ret_size_bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** mugai_seal_read: @ret_sidecar (nullable), @ret_master (nullable): number of the newest master that wraps it. CORRUPT: any byte is not as written. */
GBytes *mugai_seal_read (int fd, const char *id, const MugaiKeys *keys, json_t **ret_sidecar, guint *ret_master,
                         GError **error);
/** mugai_seal_rewrap: the item's key under the current master too; of the two slots the older one goes. Synced; the content is not touched. */
gboolean mugai_seal_rewrap (int fd, const char *id, const MugaiKeys *keys, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** mugai_seal_destroy: both slots overwritten and synced: nobody opens it again. */
gboolean mugai_seal_destroy (int fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** mugai_seal_is_sealed: FALSE: a plain blob of the first schema. */
gboolean mugai_seal_is_sealed (int fd);
