/* SPDX-License-Identifier: GPL-2.0-only
 *
 * scan/pdf-crypt: see pdf-crypt.h. The dictionary is searched for its keys, not parsed; a value that is not where it should be
 * makes the file one that does not open, which is the careful answer.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "pdf-crypt.h"

#include <nettle/aes.h>
#include <nettle/arcfour.h>
#include <nettle/cbc.h>
#include <nettle/md5.h>
#include <nettle/sha2.h>

#define MAX_DICTIONARY_BYTES 4096u /* U, O, UE, OE, Perms in hexadecimal are some 500 */
#define MAX_STRING_BYTES 160u      /* O and U have 32 or 48, padded up to 127 by some */
#define MAX_HASH_ROUNDS 400u       /* of revision 6: ends by chance after 64 to some 100 */
#define MAX_HASH_BYTES 64u

static const guint8 padding[32] = { 0x28, 0xbf, 0x4e, 0x5e, 0x4e, 0x75, 0x8a, 0x41, 0x64, 0x00, 0x4e,
                                    0x56, 0xff, 0xfa, 0x01, 0x08, 0x2e, 0x2e, 0x00, 0xb6, 0xd0, 0x68,
                                    0x3e, 0x80, 0x2f, 0x0c, 0xa9, 0xfe, 0x64, 0x53, 0x69, 0x7a };

typedef struct {
  guint8 data[MAX_STRING_BYTES];
  gsize length;
} String;

typedef struct {
  guint version, revision, key_bytes;
  gint64 permissions;
  String owner, user, user_key, id;
  gboolean plain_metadata, aes, identity;
} Encryption;

/* ---- reading ---- */

static gsize skip_blanks (MugaiBytes bytes, gsize at) {
  while (at < bytes.length_bytes && (g_ascii_isspace ((char) bytes.data[at]) || bytes.data[at] == 0))
    at++;
  return at;
}

/* Where the value of /@key begins; -1: there is none. */
static gssize find_value (MugaiBytes dictionary, const char *key) {
  gsize length = strlen (key);
  for (gssize at = 0; (at = mugai_bytes_find (dictionary, (gsize) at, key, length)) >= 0; at++) {
    guint8 next = mugai_bytes_u8 (dictionary, (gsize) at + length);
    if (!g_ascii_isalnum ((char) next))
      return (gssize) skip_blanks (dictionary, (gsize) at + length);
  }
  return -1;
}

static gint64 read_number (MugaiBytes dictionary, const char *key, gint64 otherwise) {
  gssize at = find_value (dictionary, key);
  char digits[24] = { 0 };
  for (gsize i = 0;
       at >= 0 && i + 1 < sizeof digits && strchr ("+-0123456789", mugai_bytes_u8 (dictionary, (gsize) at + i)); i++)
    digits[i] = (char) mugai_bytes_u8 (dictionary, (gsize) at + i);
  return digits[0] ? g_ascii_strtoll (digits, NULL, 10) : otherwise;
}

static void put (String *string, guint8 c) {
  if (string->length < sizeof string->data)
    string->data[string->length++] = c;
}

static void read_hexadecimal (MugaiBytes bytes, gsize at, String *out) {
  int high = -1;
  for (; at < bytes.length_bytes && bytes.data[at] != '>'; at++) {
    int digit = g_ascii_xdigit_value ((char) bytes.data[at]);
    if (digit < 0)
      continue;
    if (high >= 0)
      put (out, (guint8) (high << 4 | digit));
    high = high >= 0 ? -1 : digit;
  }
}

/* One escape behind its backslash; returns where it ends. */
static gsize read_escape (MugaiBytes bytes, gsize at, String *out) {
  static const char from[] = "nrtbf", to[] = "\n\r\t\b\f";
  guint8 c = mugai_bytes_u8 (bytes, at++);
  const char *known = c ? strchr (from, c) : NULL;
  if (known) {
    put (out, (guint8) to[known - from]);
  } else if (c >= '0' && c <= '7') {
    guint value = c - '0';
    for (guint i = 0; i < 2 && mugai_bytes_u8 (bytes, at) >= '0' && mugai_bytes_u8 (bytes, at) <= '7'; i++)
      value = value << 3 | (guint) (mugai_bytes_u8 (bytes, at++) - '0');
    put (out, (guint8) value);
  } else if (c == '\r') {
    at += mugai_bytes_u8 (bytes, at) == '\n';
  } else if (c != '\n') {
    put (out, c);
  }
  return at;
}

static void read_literal (MugaiBytes bytes, gsize at, String *out) {
  guint depth = 1;
  while (at < bytes.length_bytes) {
    guint8 c = bytes.data[at++];
    if (c == '\\') {
      at = read_escape (bytes, at, out);
      continue;
    }
    depth += c == '(';
    depth -= c == ')';
    if (depth == 0)
      return;
    put (out, c);
  }
}

static void read_string_at (MugaiBytes bytes, gsize at, String *out) {
  at = skip_blanks (bytes, at);
  if (mugai_bytes_u8 (bytes, at) == '<')
    read_hexadecimal (bytes, at + 1, out);
  else if (mugai_bytes_u8 (bytes, at) == '(')
    read_literal (bytes, at + 1, out);
}

static void read_string (MugaiBytes dictionary, const char *key, String *out) {
  gssize at = find_value (dictionary, key);
  if (at >= 0)
    read_string_at (dictionary, (gsize) at, out);
}

/* The value at @at: a dictionary, or a reference to the last object of that number. */
static MugaiBytes find_dictionary (MugaiBytes file, gsize at) {
  at = skip_blanks (file, at);
  if (MUGAI_BYTES_AT (file, at, "<<"))
    return mugai_bytes_slice (file, at, MAX_DICTIONARY_BYTES);
  char digits[12] = { 0 };
  for (gsize i = 0; i + 1 < sizeof digits && g_ascii_isdigit ((char) mugai_bytes_u8 (file, at + i)); i++)
    digits[i] = (char) file.data[at + i];
  g_autofree char *head = g_strdup_printf ("%s 0 obj", digits);
  gssize found = -1;
  for (gssize from = 0; digits[0] && (from = mugai_bytes_find (file, (gsize) from, head, strlen (head))) >= 0; from++)
    found = from == 0 || !g_ascii_isdigit ((char) file.data[from - 1]) ? from : found;
  MugaiBytes object =
      mugai_bytes_slice (file, found < 0 ? file.length_bytes : (gsize) found + strlen (head), MAX_DICTIONARY_BYTES);
  gssize end = MUGAI_BYTES_FIND (object, 0, "endobj");
  return end < 0 ? object : mugai_bytes_slice (object, 0, (gsize) end);
}

/* The first string of the last ID in the file: "/ID [<...> <...>]" in a trailer or in a stream of references. */
static void read_id (MugaiBytes file, String *out) {
  for (gssize at = 0; (at = MUGAI_BYTES_FIND (file, (gsize) at, "/ID")) >= 0; at++) {
    gsize value = skip_blanks (file, (gsize) at + 3);
    if (mugai_bytes_u8 (file, value) != '[')
      continue;
    String id = { .length = 0 };
    read_string_at (file, value + 1, &id);
    *out = id;
  }
}

/* The cipher of streams, by its crypt filter: /StmF /StdCF, /CF << /StdCF << /CFM /AESV2 ... */
static void read_filters (MugaiBytes dictionary, Encryption *encryption) {
  gssize method = find_value (dictionary, "/CFM");
  gssize streams = find_value (dictionary, "/StmF");
  encryption->aes = method >= 0 && MUGAI_BYTES_AT (dictionary, (gsize) method, "/AESV");
  encryption->identity = streams < 0 || MUGAI_BYTES_AT (dictionary, (gsize) streams, "/Identity");
  if (method >= 0 && encryption->version == 4)
    encryption->key_bytes = 16;
}

static gboolean read_encryption (MugaiBytes file, gsize at, Encryption *encryption) {
  MugaiBytes dictionary = find_dictionary (file, at);
  gssize filter = find_value (dictionary, "/Filter");
  if (filter < 0 || !MUGAI_BYTES_AT (dictionary, (gsize) filter, "/Standard"))
    return FALSE;
  encryption->version = (guint) CLAMP (read_number (dictionary, "/V", 0), 0, 100);
  encryption->revision = (guint) CLAMP (read_number (dictionary, "/R", 0), 0, 100);
  encryption->permissions = read_number (dictionary, "/P", 0);
  gint64 bits = read_number (dictionary, "/Length", 40);
  encryption->key_bytes = encryption->version == 1 ? 5 : bits >= 40 && bits <= 128 ? (guint) bits / 8 : 5;
  gssize metadata = find_value (dictionary, "/EncryptMetadata");
  encryption->plain_metadata = metadata >= 0 && MUGAI_BYTES_AT (dictionary, (gsize) metadata, "false");
  if (encryption->version >= 4)
    read_filters (dictionary, encryption);
  read_string (dictionary, "/O", &encryption->owner);
  read_string (dictionary, "/U", &encryption->user);
  read_string (dictionary, "/UE", &encryption->user_key);
  read_id (file, &encryption->id);
  return encryption->owner.length >= 32 && encryption->user.length >= 32;
}

/* ---- keys ---- */

static void md5 (const guint8 *data, gsize length, guint8 out[MD5_DIGEST_SIZE]) {
  struct md5_ctx context;
  md5_init (&context);
  md5_update (&context, length, data);
  md5_digest (&context, MD5_DIGEST_SIZE, out);
}

static void rc4 (const guint8 *key, gsize key_bytes, const guint8 *data, gsize length, guint8 *out) {
  struct arcfour_ctx context;
  arcfour_set_key (&context, key_bytes, key);
  arcfour_crypt (&context, length, out, data);
}

static void sha (guint bits, const guint8 *data, gsize length, guint8 out[MAX_HASH_BYTES]) {
  union {
    struct sha256_ctx sha256;
    struct sha512_ctx sha512;
  } context;
  if (bits == 256) {
    sha256_init (&context.sha256);
    sha256_update (&context.sha256, length, data);
    sha256_digest (&context.sha256, SHA256_DIGEST_SIZE, out);
  } else if (bits == 384) {
    sha384_init (&context.sha512);
    sha384_update (&context.sha512, length, data);
    sha384_digest (&context.sha512, SHA384_DIGEST_SIZE, out);
  } else {
    sha512_init (&context.sha512);
    sha512_update (&context.sha512, length, data);
    sha512_digest (&context.sha512, SHA512_DIGEST_SIZE, out);
  }
}

/* Algorithms 2, 4 and 5: the key of the empty password, and whether it is the one. */
static gboolean open_with_md5 (const Encryption *e, MugaiPdfKey *key) {
  struct md5_ctx context;
  guint8 digest[MD5_DIGEST_SIZE], expected[32];
  guint32 permissions = GUINT32_TO_LE ((guint32) e->permissions);
  md5_init (&context);
  md5_update (&context, 32, padding);
  md5_update (&context, 32, e->owner.data);
  md5_update (&context, 4, (const guint8 *) &permissions);
  md5_update (&context, e->id.length, e->id.data);
  if (e->revision >= 4 && e->plain_metadata)
    md5_update (&context, 4, (const guint8 *) "\xff\xff\xff\xff");
  md5_digest (&context, sizeof digest, digest);
  for (guint i = 0; e->revision >= 3 && i < 50; i++)
    md5 (digest, e->key_bytes, digest);
  memcpy (key->key, digest, e->key_bytes);
  key->key_bytes = e->key_bytes;
  if (e->revision == 2) {
    rc4 (key->key, key->key_bytes, padding, 32, expected);
    return memcmp (expected, e->user.data, 32) == 0;
  }
  md5_init (&context);
  md5_update (&context, 32, padding);
  md5_update (&context, e->id.length, e->id.data);
  md5_digest (&context, MD5_DIGEST_SIZE, expected);
  for (guint i = 0; i < 20; i++) {
    guint8 turned[32];
    for (guint k = 0; k < key->key_bytes; k++)
      turned[k] = key->key[k] ^ (guint8) i;
    rc4 (turned, key->key_bytes, expected, MD5_DIGEST_SIZE, expected);
  }
  return memcmp (expected, e->user.data, MD5_DIGEST_SIZE) == 0;
}

/* Algorithm 2.B of revision 6 for the empty password; revision 5 is its first line. */
static void hash_salt (guint revision, const guint8 salt[8], guint8 out[MAX_HASH_BYTES]) {
  sha (256, salt, 8, out);
  gsize length = SHA256_DIGEST_SIZE;
  guint8 last = 0;
  for (guint i = 0; revision >= 6 && (i < 64 || last > i - 32) && i < MAX_HASH_ROUNDS; i++) {
    guint8 repeated[64 * MAX_HASH_BYTES];
    for (guint k = 0; k < 64; k++)
      memcpy (repeated + k * length, out, length);
    struct CBC_CTX (struct aes128_ctx, AES_BLOCK_SIZE) cipher;
    aes128_set_encrypt_key (&cipher.ctx, out);
    CBC_SET_IV (&cipher, out + 16);
    CBC_ENCRYPT (&cipher, aes128_encrypt, 64 * length, repeated, repeated);
    guint sum = 0;
    for (guint k = 0; k < 16; k++)
      sum += repeated[k];
    last = repeated[64 * length - 1];
    guint bits = 256 + 128 * (sum % 3);
    sha (bits, repeated, 64 * length, out);
    length = bits / 8;
  }
}

static gboolean open_with_sha (const Encryption *e, MugaiPdfKey *key) {
  guint8 digest[MAX_HASH_BYTES];
  if (e->user.length < 48 || e->user_key.length < 32)
    return FALSE;
  hash_salt (e->revision, e->user.data + 32, digest);
  if (memcmp (digest, e->user.data, 32) != 0)
    return FALSE;
  hash_salt (e->revision, e->user.data + 40, digest);
  struct CBC_CTX (struct aes256_ctx, AES_BLOCK_SIZE) cipher;
  aes256_set_decrypt_key (&cipher.ctx, digest);
  memset (cipher.iv, 0, sizeof cipher.iv);
  CBC_DECRYPT (&cipher, aes256_decrypt, 32, key->key, e->user_key.data);
  key->key_bytes = 32;
  key->plain_key = TRUE;
  return TRUE;
}

MugaiPdfKey mugai_pdf_crypt_open (MugaiBytes file, gsize at) {
  MugaiPdfKey key = { 0 };
  Encryption encryption = { 0 };
  if (!read_encryption (file, at, &encryption))
    return key;
  if (encryption.revision >= 2 && encryption.revision <= 4 && encryption.version <= 4)
    key.opens = open_with_md5 (&encryption, &key);
  else if ((encryption.revision == 5 || encryption.revision == 6) && encryption.version == 5)
    key.opens = open_with_sha (&encryption, &key);
  if (encryption.version < 4)
    key.streams = MUGAI_PDF_CIPHER_RC4;
  else if (!encryption.identity)
    key.streams = encryption.aes ? MUGAI_PDF_CIPHER_AES : MUGAI_PDF_CIPHER_RC4;
  return key;
}

/* ---- streams ---- */

static GByteArray *decrypt_aes (const guint8 *key, gsize key_bytes, MugaiBytes data) {
  GByteArray *out = g_byte_array_new ();
  gsize length =
      data.length_bytes >= 2 * AES_BLOCK_SIZE ? (data.length_bytes / AES_BLOCK_SIZE - 1) * AES_BLOCK_SIZE : 0;
  g_byte_array_set_size (out, (guint) length);
  if (length == 0)
    return out;
  if (key_bytes == 32) {
    struct CBC_CTX (struct aes256_ctx, AES_BLOCK_SIZE) cipher;
    aes256_set_decrypt_key (&cipher.ctx, key);
    CBC_SET_IV (&cipher, data.data);
    CBC_DECRYPT (&cipher, aes256_decrypt, length, out->data, data.data + AES_BLOCK_SIZE);
  } else {
    struct CBC_CTX (struct aes128_ctx, AES_BLOCK_SIZE) cipher;
    aes128_set_decrypt_key (&cipher.ctx, key);
    CBC_SET_IV (&cipher, data.data);
    CBC_DECRYPT (&cipher, aes128_decrypt, length, out->data, data.data + AES_BLOCK_SIZE);
  }
  return out; /* what pads the last block does no harm to a search */
}

GByteArray *mugai_pdf_crypt_decrypt (const MugaiPdfKey *key, guint number, guint generation, MugaiBytes data) {
  guint8 own[32] = { 0 };
  gsize own_bytes = key->key_bytes;
  memcpy (own, key->key, sizeof own);
  if (!key->plain_key) {
    guint8 seed[32 + 9];
    memcpy (seed, key->key, key->key_bytes);
    const guint8 object[] = { (guint8) number,
                              (guint8) (number >> 8),
                              (guint8) (number >> 16),
                              (guint8) generation,
                              (guint8) (generation >> 8),
                              's',
                              'A',
                              'l',
                              'T' };
    gboolean aes = key->streams == MUGAI_PDF_CIPHER_AES;
    memcpy (seed + key->key_bytes, object, sizeof object);
    md5 (seed, key->key_bytes + (aes ? 9 : 5), own);
    own_bytes = MIN (16, key->key_bytes + 5);
  }
  if (key->streams == MUGAI_PDF_CIPHER_AES)
    return decrypt_aes (own, own_bytes, data);
  GByteArray *out = g_byte_array_new ();
  g_byte_array_append (out, data.data, (guint) data.length_bytes);
  if (key->streams == MUGAI_PDF_CIPHER_RC4 && out->len > 0)
    rc4 (own, own_bytes, out->data, out->len, out->data);
  return out;
}
