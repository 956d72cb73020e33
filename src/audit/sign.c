/* SPDX-License-Identifier: GPL-2.0-only
 *
 * audit/sign: making and checking signed statements about the chain (sign.h says which).
 *
 * The secret key stands in the keeper's folder of keys, in memory that is locked and left out of core files. A chain that has a public key
 * and lost its secret one is not signed anew by another: that would be how a forger begins.
 */
#include "sign.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <sodium.h>

#include "mugai/base/fd.h"

#include "segment.h"

#define SECRET_NAME "audit.key"
#define MAX_STATEMENT_BYTES 65536u
#define HEAD_READS 3u /* the keeper writes it within some nanoseconds, once a group */

struct MugaiAuditSigner {
  guint8 *secret; /* sodium_malloc */
  char public_hex[2 * crypto_sign_PUBLICKEYBYTES + 1];
};

static char *signed_text (const char *kind, guint64 seq, const char *hash) {
  return g_strdup_printf ("mugai %s\n%" G_GUINT64_FORMAT "\n%s\n", kind, seq, hash);
}

/* ---- keys ---- */

static gboolean fail (GError **error, const char *words) {
  g_set_error (error, MUGAI_AUDIT_ERROR, MUGAI_AUDIT_ERROR_IO, "audit chain: signing key: %s", words);
  return FALSE;
}

static gboolean make_key (const char *keys_folder, int directory_fd, GError **error) {
  guint8 public[crypto_sign_PUBLICKEYBYTES];
  char hex[2 * sizeof public + 1];
  guint8 *secret = sodium_malloc (crypto_sign_SECRETKEYBYTES);
  g_autoptr (GError) cause = NULL;

  if (secret == NULL || g_mkdir_with_parents (keys_folder, 0700) < 0)
    return fail (error, g_strerror (errno));
  g_auto (MugaiFd) folder_fd = open (keys_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  (void) crypto_sign_keypair (public, secret);
  (void) sodium_bin2hex (hex, sizeof hex, public, sizeof public);
  gboolean written =
      folder_fd >= 0
      && mugai_file_write_durable (folder_fd, SECRET_NAME, secret, crypto_sign_SECRETKEYBYTES, 0400, &cause)
      && mugai_file_write_durable (directory_fd, MUGAI_AUDIT_PUBLIC_NAME, hex, strlen (hex), 0644, &cause);
  sodium_free (secret);
  return written || fail (error, cause != NULL ? cause->message : keys_folder);
}

static gboolean read_secret (MugaiAuditSigner *signer, const char *path, gboolean *ret_there, GError **error) {
  g_auto (MugaiFd) fd = open (path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  struct stat status;

  *ret_there = fd >= 0 || errno != ENOENT;
  if (fd < 0)
    return errno == ENOENT || fail (error, g_strerror (errno));
  if (fstat (fd, &status) < 0 || (status.st_mode & 077) != 0)
    return fail (error, "others may read it: chmod 0400");
  if (read (fd, signer->secret, crypto_sign_SECRETKEYBYTES) != crypto_sign_SECRETKEYBYTES)
    return fail (error, "too short");
  guint8 public[crypto_sign_PUBLICKEYBYTES];
  (void) crypto_sign_ed25519_sk_to_pk (public, signer->secret);
  (void) sodium_bin2hex (signer->public_hex, sizeof signer->public_hex, public, sizeof public);
  return TRUE;
}

/* The public half lies beside the chain, so that a copy of the folder can be looked at; trust comes from one kept elsewhere. */
static gboolean check_public (const MugaiAuditSigner *signer, int directory_fd, GError **error) {
  g_autofree char *key = NULL;
  g_autoptr (GError) cause = NULL;

  if (mugai_audit_read_public (directory_fd, MUGAI_AUDIT_PUBLIC_NAME, &key, NULL))
    return strcmp (key, signer->public_hex) == 0 || fail (error, "the chain's " MUGAI_AUDIT_PUBLIC_NAME " is another");
  return mugai_file_write_durable (directory_fd, MUGAI_AUDIT_PUBLIC_NAME, signer->public_hex,
                                   strlen (signer->public_hex), 0644, &cause)
         || fail (error, cause->message);
}

MugaiAuditSigner *mugai_audit_signer_open (const char *keys_folder, int directory_fd, GError **error) {
  g_autofree char *path = g_build_filename (keys_folder, SECRET_NAME, NULL);
  MugaiAuditSigner *signer = g_new0 (MugaiAuditSigner, 1);
  gboolean there = FALSE;
  gboolean good = sodium_init () >= 0 && (signer->secret = sodium_malloc (crypto_sign_SECRETKEYBYTES)) != NULL
                  && read_secret (signer, path, &there, error);

  if (good && !there) {
    good = faccessat (directory_fd, MUGAI_AUDIT_PUBLIC_NAME, F_OK, 0) != 0
               ? make_key (keys_folder, directory_fd, error) && read_secret (signer, path, &there, error)
               : fail (error, "it is lost: this chain was signed, and goes on only with its own key");
  }
  if (good && check_public (signer, directory_fd, error))
    return signer;
  if (error != NULL && *error == NULL)
    (void) fail (error, "no locked memory");
  mugai_audit_signer_close (signer);
  return NULL;
}

void mugai_audit_signer_close (MugaiAuditSigner *signer) {
  if (signer == NULL)
    return;
  sodium_free (signer->secret);
  g_free (signer);
}

/* ---- statements ---- */

json_t *mugai_audit_sign (const MugaiAuditSigner *signer, const char *kind, guint64 seq, const char *hash) {
  g_autofree char *text = signed_text (kind, seq, hash);
  guint8 signature[crypto_sign_BYTES];
  char hex[2 * sizeof signature + 1];
  json_t *statement = json_object ();

  (void) crypto_sign_detached (signature, NULL, (const guint8 *) text, strlen (text), signer->secret);
  (void) sodium_bin2hex (hex, sizeof hex, signature, sizeof signature);
  json_object_set_new (statement, "seq", json_integer ((json_int_t) seq));
  json_object_set_new (statement, "head", json_string (hash));
  json_object_set_new (statement, "key", json_string (signer->public_hex));
  json_object_set_new (statement, "signature", json_string (hex));
  return statement;
}

/* A key of its own for each purpose, so that no MAC can ever stand for another, nor for a signature. */
char *mugai_audit_signer_mac (const MugaiAuditSigner *signer, const char *purpose, const char *text) {
  guint8 key[crypto_generichash_KEYBYTES], mac[crypto_generichash_BYTES];
  char hex[2 * sizeof mac + 1];

  (void) crypto_generichash (key, sizeof key, (const guint8 *) purpose, strlen (purpose), signer->secret,
                             crypto_sign_SEEDBYTES);
  (void) crypto_generichash (mac, sizeof mac, (const guint8 *) text, strlen (text), key, sizeof key);
  sodium_memzero (key, sizeof key);
  return g_strdup (sodium_bin2hex (hex, sizeof hex, mac, sizeof mac));
}

gboolean mugai_audit_mac_is_same (const char *mac, const char *other) {
  return strlen (mac) == strlen (other) && sodium_memcmp (mac, other, strlen (mac)) == 0;
}

gboolean mugai_audit_read_public (int directory_fd, const char *name, char **ret_key, GError **error) {
  g_auto (MugaiFd) fd = openat (directory_fd, name, O_RDONLY | O_CLOEXEC);
  char text[2 * crypto_sign_PUBLICKEYBYTES + 2] = "";
  ssize_t got = fd >= 0 ? read (fd, text, sizeof text - 1) : -1;

  if (got < 0)
    return mugai_audit_fail_io (error, "cannot read the public key", name);
  g_strchomp (text);
  if (!mugai_sha256_is_valid (text)) { /* of the same length and letters */
    errno = EINVAL;
    return mugai_audit_fail_io (error, "not a public key of 64 hexadecimal digits:", name);
  }
  *ret_key = g_strdup (text);
  return TRUE;
}

gboolean mugai_audit_check_signature (json_t *statement, const char *kind, const char *key, guint64 *ret_seq,
                                      char ret_hash[MUGAI_SHA256_HEX_LENGTH + 1]) {
  const char *hash = json_string_value (json_object_get (statement, "head"));
  const char *hex = json_string_value (json_object_get (statement, "signature"));
  json_int_t seq = json_integer_value (json_object_get (statement, "seq"));
  guint8 signature[crypto_sign_BYTES], public[crypto_sign_PUBLICKEYBYTES];

  if (sodium_init () < 0 || seq < 0 || !mugai_sha256_is_valid (hash) || hex == NULL
      || strlen (hex) != MUGAI_AUDIT_SIGNATURE_HEX || strspn (hex, "0123456789abcdef") != MUGAI_AUDIT_SIGNATURE_HEX
      || sodium_hex2bin (signature, sizeof signature, hex, strlen (hex), NULL, NULL, NULL) != 0
      || sodium_hex2bin (public, sizeof public, key, strlen (key), NULL, NULL, NULL) != 0)
    return FALSE;
  g_autofree char *text = signed_text (kind, (guint64) seq, hash);
  if (crypto_sign_verify_detached (signature, (const guint8 *) text, strlen (text), public) != 0)
    return FALSE;
  *ret_seq = (guint64) seq;
  memcpy (ret_hash, hash, MUGAI_SHA256_HEX_LENGTH + 1);
  return TRUE;
}

json_t *mugai_audit_read_statement (int directory_fd, const char *name, gboolean *ret_there) {
  g_auto (MugaiFd) fd = openat (directory_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  g_autoptr (GBytes) bytes = fd >= 0 ? mugai_fd_read_all (fd, MAX_STATEMENT_BYTES, NULL) : NULL;
  gsize length_bytes = 0;

  *ret_there = fd >= 0 || errno != ENOENT;
  const char *text = bytes != NULL ? g_bytes_get_data (bytes, &length_bytes) : NULL;
  json_t *statement = text != NULL ? json_loadb (text, length_bytes, JSON_REJECT_DUPLICATES, NULL) : NULL;
  /* Not only the members that are signed: a byte changed anywhere in it is a change. */
  g_autofree char *again = statement != NULL ? mugai_json_line (statement) : NULL;
  if (again != NULL && strlen (again) + 1 == length_bytes && memcmp (again, text, length_bytes - 1) == 0
      && text[length_bytes - 1] == '\n')
    return statement;
  json_decref (statement);
  return NULL;
}

json_t *mugai_audit_read_head (int directory_fd, const char *key, guint64 *ret_seq,
                               char ret_hash[MUGAI_SHA256_HEX_LENGTH + 1], gboolean *ret_there) {
  for (guint i = 0; i < HEAD_READS; i++) {
    g_autoptr (MugaiJson) head = mugai_audit_read_statement (directory_fd, MUGAI_AUDIT_HEAD_NAME, ret_there);
    if (head != NULL && mugai_audit_check_signature (head, "head", key, ret_seq, ret_hash))
      return g_steal_pointer (&head);
  }
  return NULL;
}

json_t *mugai_audit_head (const char *directory, GError **error) {
  g_auto (MugaiFd) fd = mugai_audit_open_directory (directory, error);
  g_autofree char *key = NULL;
  char hash[MUGAI_SHA256_HEX_LENGTH + 1];
  guint64 seq = 0;
  gboolean there = FALSE;

  if (fd < 0 || !mugai_audit_read_public (fd, MUGAI_AUDIT_PUBLIC_NAME, &key, error))
    return NULL;
  json_t *head = mugai_audit_read_head (fd, key, &seq, hash, &there);
  if (head == NULL)
    g_set_error (error, MUGAI_AUDIT_ERROR, MUGAI_AUDIT_ERROR_BROKEN, "audit chain: " MUGAI_AUDIT_HEAD_NAME ": %s",
                 there ? "not what the keeper signed" : "missing");
  return head;
}
