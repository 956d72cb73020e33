/* SPDX-License-Identifier: GPL-2.0-only
 *
 * audit/line: one line of the chain.
 *
 * The hash is of the exact bytes of the line up to its `,"hash":"`, and what follows has a fixed length: so no byte of a
 * line can change without being seen, and nobody needs a canonical form of JSON to check it: sha256sum is enough.
 */
#include "line.h"

#include <string.h>

#define HASH_MEMBER ",\"hash\":\""
#define HASH_MEMBER_BYTES (sizeof HASH_MEMBER - 1)
#define TAIL_BYTES (HASH_MEMBER_BYTES + MUGAI_SHA256_HEX_LENGTH + 2) /* ... "} */

static const char *const members[] = { "seq", "prev", "kind", "at", "actor", "body", "hash" };

const char *mugai_audit_first_prev (void) {
  return "0000000000000000000000000000000000000000000000000000000000000000";
}

void mugai_audit_line_clear (MugaiAuditLine *line) {
  json_decref (line->json);
  memset (line, 0, sizeof *line);
}

char *mugai_audit_line_make (guint64 seq, const char *prev, const char *kind, const char *at, const char *actor,
                             json_t *body, char ret_hash[MUGAI_SHA256_HEX_LENGTH + 1]) {
  g_autoptr (MugaiJson) object = json_object ();

  json_object_set_new (object, "seq", json_integer ((json_int_t) seq));
  json_object_set_new (object, "prev", mugai_json_string (prev));
  json_object_set_new (object, "kind", mugai_json_string (kind));
  json_object_set_new (object, "at", mugai_json_string (at));
  json_object_set_new (object, "actor", mugai_json_string (actor));
  json_object_set (object, "body", body);

  g_autofree char *text = mugai_json_line (object);
  gsize length = strlen (text) - 1; /* without the closing brace: the hash comes before it */
  if (length + TAIL_BYTES > MUGAI_AUDIT_MAX_LINE_BYTES)
    return NULL;
  g_autofree char *hash = mugai_sha256_hex (text, length);
  memcpy (ret_hash, hash, MUGAI_SHA256_HEX_LENGTH + 1);
  text[length] = '\0';
  return g_strconcat (text, HASH_MEMBER, hash, "\"}", NULL);
}

/* The last member's bytes are the hash of all before them. */
static gboolean has_own_hash (const char *text, gsize length_bytes, char ret_hash[MUGAI_SHA256_HEX_LENGTH + 1]) {
  if (length_bytes <= TAIL_BYTES)
    return FALSE;
  const char *tail = text + length_bytes - TAIL_BYTES;
  const char *end = text + length_bytes - 2;
  if (memcmp (tail, HASH_MEMBER, HASH_MEMBER_BYTES) != 0 || memcmp (end, "\"}", 2) != 0)
    return FALSE;
  g_autofree char *hash = mugai_sha256_hex (text, length_bytes - TAIL_BYTES);
  memcpy (ret_hash, hash, MUGAI_SHA256_HEX_LENGTH + 1);
  return memcmp (hash, tail + HASH_MEMBER_BYTES, MUGAI_SHA256_HEX_LENGTH) == 0;
}

/* These members in this order, and of these types. */
static gboolean has_shape (json_t *json) {
  gsize n = 0;
  const char *key;
  json_t *value;

  if (!json_is_object (json) || json_object_size (json) != G_N_ELEMENTS (members))
    return FALSE;
  json_object_foreach (json, key, value) {
    gboolean fits = n == 0 ? json_is_integer (value) : n == 5 ? json_is_object (value) : json_is_string (value);
    if (strcmp (key, members[n++]) != 0 || !fits)
      return FALSE;
  }
  return json_integer_value (json_object_get (json, "seq")) > 0
         && mugai_sha256_is_valid (json_string_value (json_object_get (json, "prev")));
}

gboolean mugai_audit_line_check (const char *text, gsize length_bytes, MugaiAuditLine *ret_line,
                                 const char **ret_fault) {
  char hash[MUGAI_SHA256_HEX_LENGTH + 1];

  if (!has_own_hash (text, length_bytes, hash)) {
    *ret_fault = "altered: the line does not have the hash that it carries";
    return FALSE;
  }
  g_autoptr (MugaiJson) json = json_loadb (text, length_bytes, JSON_REJECT_DUPLICATES, NULL);
  if (json == NULL || !has_shape (json)) {
    *ret_fault = "altered: the line is not of the form that mugai writes";
    return FALSE;
  }
  ret_line->seq = (guint64) json_integer_value (json_object_get (json, "seq"));
  memcpy (ret_line->prev, json_string_value (json_object_get (json, "prev")), sizeof ret_line->prev);
  memcpy (ret_line->hash, hash, sizeof ret_line->hash);
  ret_line->json = g_steal_pointer (&json);
  return TRUE;
}
