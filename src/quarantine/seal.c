/* SPDX-License-Identifier: GPL-2.0-only
 *
 * quarantine/seal: writing and reading a sealed blob (the form is in seal.h).
 *
 * A frame at a time is packed and encrypted, so that memory does not grow with the mail, which is mapped. What is read back
 * is handed out only when the last frame was the last one, and the sidecar's digest is that of the bytes.
 */
#include "seal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>
#include <zlib.h>
#include <zstd.h>

#include "mugai/quarantine.h"
#include "mugai/base/base.h"
#include "mugai/base/fd.h"

#include "store.h"

#define MAGIC_DEFLATE "MUGAIQ1\n" /* read; not written since */
#define MAGIC "MUGAIQ2\n"
#define MAGIC_BYTES 8u
#define N_SLOTS 2u
#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define WRAPPED_BYTES (MUGAI_KEYS_BYTES + crypto_aead_xchacha20poly1305_ietf_ABYTES)
#define SLOT_BYTES (4u + NONCE_BYTES + WRAPPED_BYTES)
#define HEAD_BYTES (MAGIC_BYTES + N_SLOTS * SLOT_BYTES)
#define STREAM_HEADER_BYTES crypto_secretstream_xchacha20poly1305_HEADERBYTES
#define FRAME_MORE_BYTES crypto_secretstream_xchacha20poly1305_ABYTES
#define LEVEL 2 /* mail is base64 of compressed files for the most part: more effort gains little */
#define PACKED_BYTES ZSTD_COMPRESSBOUND (MUGAI_SEAL_FRAME_BYTES)
G_STATIC_ASSERT (sizeof MAGIC == sizeof MAGIC_DEFLATE);

typedef struct {
  int fd;
  const char *id;
  crypto_secretstream_xchacha20poly1305_state state;
  ZSTD_CCtx *packer;
  guint8 packed[PACKED_BYTES];
  guint8 frame[4 + PACKED_BYTES + FRAME_MORE_BYTES];
} Writer;

static gboolean fail_corrupt (GError **error, const char *id, const char *words) {
  g_set_error (error, MUGAI_QUARANTINE_ERROR, MUGAI_QUARANTINE_ERROR_CORRUPT, "quarantine: blob %s: %s", id, words);
  return FALSE;
}

static void put_le32 (guint8 *at, guint32 value) {
  value = GUINT32_TO_LE (value);
  memcpy (at, &value, 4);
}

static guint32 get_le32 (const guint8 *at) {
  guint32 value;

  memcpy (&value, at, 4);
  return GUINT32_FROM_LE (value);
}

static gboolean has_magic (const guint8 *head) {
  return memcmp (head, MAGIC, MAGIC_BYTES) == 0 || memcmp (head, MAGIC_DEFLATE, MAGIC_BYTES) == 0;
}

/* ---- slots ---- */

static void fill_slot (guint8 *slot, const char *id, const guint8 *item_key, const MugaiKeys *keys) {
  guint number = mugai_keys_current (keys);

  put_le32 (slot, number);
  mugai_random (slot + 4, NONCE_BYTES);
  (void) crypto_aead_xchacha20poly1305_ietf_encrypt (slot + 4 + NONCE_BYTES, NULL, item_key, MUGAI_KEYS_BYTES,
                                                     (const guint8 *) id, strlen (id), NULL, slot + 4,
                                                     mugai_keys_get (keys, number));
}

static gboolean open_slot (const guint8 *slot, const char *id, const MugaiKeys *keys, guint8 *ret_item_key) {
  const guint8 *master = mugai_keys_get (keys, get_le32 (slot));

  return master != NULL
         && crypto_aead_xchacha20poly1305_ietf_decrypt (ret_item_key, NULL, NULL, slot + 4 + NONCE_BYTES, WRAPPED_BYTES,
                                                        (const guint8 *) id, strlen (id), slot + 4, master)
                == 0;
}

/* The newest slot that opens. */
static gboolean open_head (const guint8 *head, const char *id, const MugaiKeys *keys, guint8 *ret_item_key,
                           guint *ret_slot, GError **error) {
  const guint8 *slots = head + MAGIC_BYTES;
  guint newer = get_le32 (slots) >= get_le32 (slots + SLOT_BYTES) ? 0 : 1;

  if (!has_magic (head))
    return fail_corrupt (error, id, "not a sealed blob");
  for (guint i = 0; i < N_SLOTS; i++) {
    *ret_slot = i == 0 ? newer : 1 - newer;
    if (open_slot (slots + *ret_slot * SLOT_BYTES, id, keys, ret_item_key))
      return TRUE;
  }
  return fail_corrupt (error, id, "its key does not open: altered, destroyed, or the master key is not here");
}

/* ---- writing ---- */

static gboolean write_frame (Writer *writer, const guint8 *data, gsize length_bytes, guint8 tag, GError **error) {
  unsigned long long sealed_bytes = 0;
  size_t packed_bytes =
      ZSTD_compressCCtx (writer->packer, writer->packed, sizeof writer->packed, data, length_bytes, LEVEL);

  if (ZSTD_isError (packed_bytes))
    g_error ("ZSTD_compressCCtx: %s", ZSTD_getErrorName (packed_bytes)); /* there is room for the worst: no memory */
  (void) crypto_secretstream_xchacha20poly1305_push (&writer->state, writer->frame + 4, &sealed_bytes, writer->packed,
                                                     packed_bytes, NULL, 0, tag);
  sodium_memzero (writer->packed, packed_bytes);
  put_le32 (writer->frame, (guint32) sealed_bytes);
  return mugai_fd_write_all (writer->fd, writer->frame, 4 + (gsize) sealed_bytes, NULL)
         || mugai_quarantine_fail_errno (error, "cannot write", writer->id);
}

/* One part of the blob: its last frame, which may be an empty one, has @last_tag. */
static gboolean write_part (Writer *writer, const void *data, gsize length_bytes, guint8 last_tag, GError **error) {
  const guint8 *at = data;
  gsize now;

  do {
    now = MIN (length_bytes, MUGAI_SEAL_FRAME_BYTES);
    if (!write_frame (writer, at, now, now == length_bytes ? last_tag : 0, error))
      return FALSE;
    at += now;
    length_bytes -= now;
  } while (length_bytes > 0);
  return TRUE;
}

static gboolean write_head (Writer *writer, const MugaiKeys *keys, GError **error) {
  guint8 head[HEAD_BYTES + STREAM_HEADER_BYTES] = MAGIC;
  guint8 item_key[MUGAI_KEYS_BYTES];

  crypto_secretstream_xchacha20poly1305_keygen (item_key);
  fill_slot (head + MAGIC_BYTES, writer->id, item_key, keys);
  (void) crypto_secretstream_xchacha20poly1305_init_push (&writer->state, head + HEAD_BYTES, item_key);
  sodium_memzero (item_key, sizeof item_key);
  return mugai_fd_write_all (writer->fd, head, sizeof head, NULL)
         || mugai_quarantine_fail_errno (error, "cannot write", writer->id);
}

/* (transfer full): NULL and @error. */
static GBytes *map_message (int from_fd, const char *id, GError **error) {
  g_autoptr (GError) cause = NULL;
  g_autoptr (GBytes) message = mugai_fd_map (from_fd, &cause);

  if (message != NULL && g_bytes_get_size (message) <= MUGAI_QUARANTINE_MAX_BLOB_BYTES)
    return g_steal_pointer (&message);
  g_set_error (error, MUGAI_QUARANTINE_ERROR, MUGAI_QUARANTINE_ERROR_IO, "quarantine: the original of %s: %s", id,
               cause != NULL ? cause->message : "too long");
  return NULL;
}

gboolean mugai_seal_write (int from_fd, int to_fd, const char *id, const char *record, const MugaiKeys *keys,
                           char **ret_sha256, guint64 *ret_size_bytes, GError **error) {
  g_autoptr (GBytes) message = map_message (from_fd, id, error);
  gsize size_bytes = 0;

  if (message == NULL)
    return FALSE;
  const void *data = g_bytes_get_data (message, &size_bytes);
  g_autofree char *sha256 = mugai_sha256_hex (data, size_bytes);
  g_autofree char *sidecar = g_strdup_printf ("{\"sha256\":\"%s\",\"size_bytes\":%" G_GSIZE_FORMAT ",\"record\":%s}",
                                              sha256, size_bytes, record);
  /* Not locked memory: that costs more than all else here. It is wiped, and the keeper leaves no core file. */
  Writer *writer = g_new (Writer, 1);
  writer->fd = to_fd;
  writer->id = id;
  writer->packer = ZSTD_createCCtx ();
  gboolean done =
      write_head (writer, keys, error)
      && write_part (writer, data, size_bytes, crypto_secretstream_xchacha20poly1305_TAG_PUSH, error)
      && write_part (writer, sidecar, strlen (sidecar), crypto_secretstream_xchacha20poly1305_TAG_FINAL, error);
  (void) ZSTD_freeCCtx (writer->packer);
  sodium_memzero (&writer->state, sizeof writer->state);
  g_free (writer);
  *ret_sha256 = done ? g_steal_pointer (&sha256) : NULL;
  *ret_size_bytes = size_bytes;
  return done;
}

/* ---- reading ---- */

typedef struct {
  const guint8 *at, *end;
  crypto_secretstream_xchacha20poly1305_state state;
  const char *id;
  gboolean deflated; /* a part is one stream over its frames, as it was before MUGAIQ2 */
} Reader;

/* Inflates @plain into @out. */
static gboolean inflate_frame (z_stream *stream, guint8 *plain, gsize length_bytes, GByteArray *out, gsize max_bytes) {
  guint8 buffer[16384];

  stream->next_in = plain;
  stream->avail_in = (uInt) length_bytes;
  for (;;) {
    stream->next_out = buffer;
    stream->avail_out = sizeof buffer;
    int result = inflate (stream, Z_NO_FLUSH);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
      return FALSE;
    gsize got = sizeof buffer - stream->avail_out;
    if (out->len + got > max_bytes)
      return FALSE;
    g_byte_array_append (out, buffer, (guint) got);
    if (result == Z_STREAM_END)
      return stream->avail_in == 0;
    if (got == 0 || (stream->avail_in == 0 && stream->avail_out > 0))
      return stream->avail_in == 0;
  }
}

/* The same for a frame that is packed by itself. */
static gboolean unpack_frame (const guint8 *packed, gsize length_bytes, GByteArray *out, gsize max_bytes) {
  unsigned long long size_bytes = ZSTD_getFrameContentSize (packed, length_bytes); /* an error is a huge one */
  guint before = out->len;

  if (size_bytes > MUGAI_SEAL_FRAME_BYTES || before + size_bytes > max_bytes)
    return FALSE;
  g_byte_array_set_size (out, before + (guint) size_bytes);
  return ZSTD_decompress (out->data + before, (size_t) size_bytes, packed, length_bytes) == size_bytes;
}

/* One part: frames up to the one with @last_tag. (transfer full) */
static GBytes *read_part (Reader *reader, guint8 last_tag, gsize max_bytes, GError **error) {
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autofree guint8 *plain = g_malloc (PACKED_BYTES);
  z_stream stream = { 0 };
  guint8 tag = 0;
  gboolean good = inflateInit (&stream) == Z_OK;

  while (good && tag != last_tag) {
    guint32 sealed_bytes = reader->end - reader->at >= 4 ? get_le32 (reader->at) : 0;
    unsigned long long length_bytes = 0;
    good = sealed_bytes >= FRAME_MORE_BYTES && sealed_bytes <= PACKED_BYTES + FRAME_MORE_BYTES
           && (gsize) (reader->end - reader->at) - 4 >= sealed_bytes
           && crypto_secretstream_xchacha20poly1305_pull (&reader->state, plain, &length_bytes, &tag, reader->at + 4,
                                                          sealed_bytes, NULL, 0)
                  == 0
           && (tag == 0 || tag == last_tag)
           && (reader->deflated ? inflate_frame (&stream, plain, (gsize) length_bytes, out, max_bytes)
                                : unpack_frame (plain, (gsize) length_bytes, out, max_bytes));
    reader->at += good ? 4 + sealed_bytes : 0;
  }
  (void) inflateEnd (&stream);
  if (good)
    return g_byte_array_free_to_bytes (g_steal_pointer (&out));
  (void) fail_corrupt (error, reader->id, "altered: a frame is not as it was written");
  return NULL;
}

static json_t *read_sidecar (Reader *reader, GBytes *message, GError **error) {
  g_autoptr (GBytes) bytes =
      read_part (reader, crypto_secretstream_xchacha20poly1305_TAG_FINAL, MUGAI_SEAL_MAX_SIDECAR_BYTES, error);
  if (bytes == NULL)
    return NULL;
  gsize length_bytes = 0, message_bytes = 0;
  const char *text = g_bytes_get_data (bytes, &length_bytes);
  const void *data = g_bytes_get_data (message, &message_bytes);
  g_autoptr (MugaiJson) sidecar = json_loadb (text, length_bytes, JSON_REJECT_DUPLICATES, NULL);
  g_autofree char *sha256 = mugai_sha256_hex (data, message_bytes);
  if (g_strcmp0 (json_string_value (json_object_get (sidecar, "sha256")), sha256) == 0 && reader->at == reader->end)
    return g_steal_pointer (&sidecar);
  (void) fail_corrupt (error, reader->id, "altered: not what its sidecar says");
  return NULL;
}

GBytes *mugai_seal_read (int fd, const char *id, const MugaiKeys *keys, json_t **ret_sidecar, guint *ret_master,
                         GError **error) {
  g_autoptr (GError) cause = NULL;
  g_autoptr (GBytes) blob = mugai_fd_read_all (fd, MUGAI_QUARANTINE_MAX_BLOB_BYTES + (64u << 20), &cause);
  gsize length_bytes = 0;
  const guint8 *data = blob != NULL ? g_bytes_get_data (blob, &length_bytes) : NULL;
  guint8 item_key[MUGAI_KEYS_BYTES];
  guint slot = 0;

  if (blob == NULL) {
    g_set_error (error, MUGAI_QUARANTINE_ERROR, MUGAI_QUARANTINE_ERROR_IO, "quarantine: %s: %s", id, cause->message);
    return NULL;
  }
  if (length_bytes < HEAD_BYTES + STREAM_HEADER_BYTES) {
    (void) fail_corrupt (error, id, "too short");
    return NULL;
  }
  if (!open_head (data, id, keys, item_key, &slot, error))
    return NULL;
  Reader reader = { .at = data + HEAD_BYTES + STREAM_HEADER_BYTES,
                    .end = data + length_bytes,
                    .id = id,
                    .deflated = memcmp (data, MAGIC_DEFLATE, MAGIC_BYTES) == 0 };
  int begun = crypto_secretstream_xchacha20poly1305_init_pull (&reader.state, data + HEAD_BYTES, item_key);
  sodium_memzero (item_key, sizeof item_key);
  g_autoptr (GBytes) message = begun == 0 ? read_part (&reader, crypto_secretstream_xchacha20poly1305_TAG_PUSH,
                                                       MUGAI_QUARANTINE_MAX_BLOB_BYTES, error)
                                          : NULL;
  if (begun != 0)
    (void) fail_corrupt (error, id, "altered: no stream begins");
  g_autoptr (MugaiJson) sidecar = message != NULL ? read_sidecar (&reader, message, error) : NULL;
  sodium_memzero (&reader.state, sizeof reader.state);
  if (sidecar == NULL)
    return NULL;
  if (ret_master != NULL)
    *ret_master = get_le32 (data + MAGIC_BYTES + slot * SLOT_BYTES);
  if (ret_sidecar != NULL)
    *ret_sidecar = g_steal_pointer (&sidecar);
  return g_steal_pointer (&message);
}

/* ---- keys of blobs that are there ---- */

gboolean mugai_seal_is_sealed (int fd) {
  guint8 magic[MAGIC_BYTES];

  return pread (fd, magic, sizeof magic, 0) == (ssize_t) sizeof magic && has_magic (magic);
}

gboolean mugai_seal_rewrap (int fd, const char *id, const MugaiKeys *keys, GError **error) {
  guint8 head[HEAD_BYTES], item_key[MUGAI_KEYS_BYTES], wrapped[SLOT_BYTES];
  guint slot = 0;

  if (pread (fd, head, sizeof head, 0) != (ssize_t) sizeof head)
    return fail_corrupt (error, id, "too short");
  if (!open_head (head, id, keys, item_key, &slot, error))
    return FALSE;
  gboolean due = get_le32 (head + MAGIC_BYTES + slot * SLOT_BYTES) != mugai_keys_current (keys);
  fill_slot (wrapped, id, item_key, keys);
  sodium_memzero (item_key, sizeof item_key);
  if (!due)
    return TRUE;
  /* Into the other slot: whenever the power goes, one of the two is whole. */
  off_t place = (off_t) (MAGIC_BYTES + (1 - slot) * SLOT_BYTES);
  if (pwrite (fd, wrapped, sizeof wrapped, place) != (ssize_t) sizeof wrapped || fdatasync (fd) < 0)
    return mugai_quarantine_fail_errno (error, "cannot write the key of", id);
  return TRUE;
}

gboolean mugai_seal_destroy (int fd, GError **error) {
  static const guint8 zeros[N_SLOTS * SLOT_BYTES];

  if (pwrite (fd, zeros, sizeof zeros, MAGIC_BYTES) == (ssize_t) sizeof zeros && fdatasync (fd) == 0)
    return TRUE;
  return mugai_quarantine_fail_errno (error, "cannot destroy", "a key");
}
