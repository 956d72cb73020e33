/* SPDX-License-Identifier: GPL-2.0-only
 *
 * base/facts-json: facts over the border of the sandbox.
 *
 * mugai_facts_from_json () reads what a worker sent that a hostile message may have taken over. Two kinds of check:
 * what has a form (digest, path, name of a list, number) is refused when it has another one; what is a sender's
 * text is made safe and cut to its limit here once more, whatever the worker did with it. A worker can so lie
 * about its message, but not reach anything behind the border. Every member must be there, and no other. Threads: any.
 */
#include "mugai/base/facts.h"

#include <string.h>

#include "mugai/base/base.h"
#include "mugai/base/unicode.h"

#define MAX_TEXT_BYTES (64u * 1024) /* of any one string on the wire; then it is cut to its own limit */
#define MAX_COMPONENT_DIGITS 5      /* of a path: more than MUGAI_FACTS_MAX_PARTS never comes */
#define N_PART_MEMBERS 10
#define N_LINK_MEMBERS 3
#define N_HEADER_MEMBERS 2
#define N_FACTS_MEMBERS 11

/* ---- to JSON ---- */

static json_t *set_to_json (guint64 set, guint n_values, const char *(*name_of) (guint value)) {
  json_t *array = json_array ();

  for (guint i = 0; i < n_values; i++) {
    if (set & MUGAI_BIT (i))
      json_array_append_new (array, json_string (name_of (i)));
  }
  return array;
}

static const char *flag_name (guint value) {
  return mugai_flag_name ((MugaiFlag) value);
}

static const char *oddity_name (guint value) {
  return mugai_oddity_name ((MugaiOddity) value);
}

static json_t *part_to_json (const MugaiPart *part) {
  json_t *object = json_object ();

  json_object_set_new (object, "path", mugai_json_string (part->path));
  json_object_set_new (object, "declared", mugai_json_string (part->declared));
  json_object_set_new (object, "detected", mugai_json_string (part->detected));
  json_object_set_new (object, "names", mugai_json_strv ((const char *const *) part->names));
  json_object_set_new (object, "size_bytes", json_integer ((json_int_t) part->size_bytes));
  json_object_set_new (object, "sha256", mugai_json_string (part->sha256));
  json_object_set_new (object, "role", json_string (mugai_role_name (part->role)));
  json_object_set_new (object, "scan", json_string (mugai_scan_name (part->scan)));
  json_object_set_new (object, "signature", mugai_json_string (part->signature));
  json_object_set_new (object, "flags", set_to_json (part->flags, MUGAI_N_FLAGS, flag_name));
  return object;
}

static json_t *header_to_json (const MugaiHeaderFact *header) {
  json_t *object = json_object ();

  json_object_set_new (object, "name", mugai_json_string (header->name));
  json_object_set_new (object, "value", mugai_json_string (header->value));
  return object;
}

static json_t *link_to_json (const MugaiLinkFact *link) {
  json_t *object = json_object ();

  json_object_set_new (object, "host", mugai_json_string (link->host));
  json_object_set_new (object, "shown_host", mugai_json_string (link->shown_host));
  json_object_set_new (object, "mismatch", json_boolean (link->mismatch));
  return object;
}

json_t *mugai_facts_to_json (const MugaiFacts *facts) {
  json_t *object = json_object ();
  json_t *headers = json_array (), *parts = json_array (), *links = json_array ();

  for (guint i = 0; i < facts->headers->len; i++)
    json_array_append_new (headers, header_to_json (g_ptr_array_index (facts->headers, i)));
  for (guint i = 0; i < facts->parts->len; i++)
    json_array_append_new (parts, part_to_json (g_ptr_array_index (facts->parts, i)));
  for (guint i = 0; i < facts->links->len; i++)
    json_array_append_new (links, link_to_json (g_ptr_array_index (facts->links, i)));

  json_object_set_new (object, "subject", mugai_json_string (facts->subject));
  json_object_set_new (object, "message_id", mugai_json_string (facts->message_id));
  json_object_set_new (object, "from_name", mugai_json_string (facts->from_name));
  json_object_set_new (object, "from_address", mugai_json_string (facts->from_address));
  json_object_set_new (object, "shown_addresses", mugai_json_strv ((const char *const *) facts->shown_addresses));
  json_object_set_new (object, "headers", headers);
  json_object_set_new (object, "dropped_headers", json_integer ((json_int_t) facts->dropped_headers));
  json_object_set_new (object, "oddities", set_to_json (facts->oddities, MUGAI_N_ODDITIES, oddity_name));
  json_object_set_new (object, "parts", parts);
  json_object_set_new (object, "links", links);
  json_object_set_new (object, "signatures_version", mugai_json_string (facts->signatures_version));
  return object;
}

/* ---- from JSON: the border ---- */

/* A sender's text: safe, one line, at most @max_bytes. Replaces what *@ret_text held. */
static gboolean read_text_or_null (json_t *object, const char *key, gsize max_bytes, char **ret_text, GError **error) {
  g_autofree char *raw = NULL;

  if (!mugai_json_get_string (object, key, MAX_TEXT_BYTES, &raw, error))
    return FALSE;
  g_free (*ret_text);
  *ret_text = raw == NULL ? NULL : mugai_unicode_make_safe (raw, -1, max_bytes);
  return TRUE;
}

static gboolean read_text (json_t *object, const char *key, gsize max_bytes, char **ret_text, GError **error) {
  if (!read_text_or_null (object, key, max_bytes, ret_text, error))
    return FALSE;
  return *ret_text != NULL || mugai_json_fail_shape (error, key, "a string");
}

static gboolean read_texts (json_t *object, const char *key, gsize max_items, gsize max_bytes, char ***ret_texts,
                            GError **error) {
  g_auto (GStrv) raw = NULL;

  if (!mugai_json_get_strv (object, key, max_items, MAX_TEXT_BYTES, &raw, error))
    return FALSE;
  for (gsize i = 0; raw[i] != NULL; i++) {
    char *safe = mugai_unicode_make_safe (raw[i], -1, max_bytes);
    g_free (raw[i]);
    raw[i] = safe;
  }
  g_strfreev (*ret_texts);
  *ret_texts = g_steal_pointer (&raw);
  return TRUE;
}

static gboolean read_set (json_t *object, const char *key, guint n_values, int (*from_name) (const char *),
                          guint64 *ret_set, GError **error) {
  json_t *array = NULL, *item;
  size_t i;
  guint64 set = 0;

  if (!mugai_json_get_array (object, key, n_values, &array, error))
    return FALSE;
  json_array_foreach (array, i, item) {
    int value = json_is_string (item) ? from_name (json_string_value (item)) : -1;
    if (value < 0 || (set & MUGAI_BIT (value)) != 0)
      return mugai_json_fail_shape (error, key, "a set of names of its list");
    set |= MUGAI_BIT (value);
  }
  *ret_set = set;
  return TRUE;
}

/* Numbers of 1 to 5 digits, without leading zero, between them one dot or slash each: "0", "2.1", "2.1/3". */
static gboolean path_is_valid (const char *path) {
  gsize digits = 0;

  for (const char *at = path; *at != '\0'; at++) {
    if (g_ascii_isdigit (*at)) {
      if (++digits > MAX_COMPONENT_DIGITS || (digits == 2 && at[-1] == '0'))
        return FALSE;
    } else if ((*at == '.' || *at == '/') && digits > 0) {
      digits = 0;
    } else {
      return FALSE;
    }
  }
  return digits > 0;
}

static gboolean read_path (json_t *object, MugaiPart *part, GHashTable *seen, GError **error) {
  g_autofree char *path = NULL;

  if (!mugai_json_get_string (object, "path", MUGAI_FACTS_MAX_PATH_BYTES, &path, error))
    return FALSE;
  if (path == NULL || !path_is_valid (path))
    return mugai_json_fail_shape (error, "path", "a path");
  g_free (part->path);
  part->path = g_steal_pointer (&path);
  /* The table borrows the path: the part is in the list before anybody looks again. */
  return g_hash_table_add (seen, part->path) || mugai_json_fail_shape (error, "path", "the only one of its kind");
}

static gboolean read_sha256 (json_t *object, MugaiPart *part, GError **error) {
  g_autofree char *sha256 = NULL;

  if (!mugai_json_get_string (object, "sha256", MUGAI_SHA256_HEX_LENGTH, &sha256, error))
    return FALSE;
  if (!mugai_sha256_is_valid (sha256))
    return mugai_json_fail_shape (error, "sha256", "a SHA-256 in lower-case hexadecimal");
  g_free (part->sha256);
  part->sha256 = g_steal_pointer (&sha256);
  return TRUE;
}

static gboolean read_part (json_t *object, MugaiPart *part, GHashTable *seen, GError **error) {
  gint64 size_bytes;
  int role, scan;

  if (!mugai_json_check_members (object, N_PART_MEMBERS, "parts", error) || !read_path (object, part, seen, error)
      || !read_text (object, "declared", MUGAI_FACTS_MAX_TYPE_BYTES, &part->declared, error)
      || !read_text (object, "detected", MUGAI_FACTS_MAX_TYPE_BYTES, &part->detected, error)
      || !read_texts (object, "names", MUGAI_FACTS_MAX_NAMES, MUGAI_FACTS_MAX_NAME_BYTES, &part->names, error)
      || !mugai_json_get_int (object, "size_bytes", 0, G_MAXINT64, &size_bytes, error)
      || !read_sha256 (object, part, error) || !mugai_json_get_name (object, "role", mugai_role_from_name, &role, error)
      || !mugai_json_get_name (object, "scan", mugai_scan_from_name, &scan, error)
      || !read_text_or_null (object, "signature", MUGAI_FACTS_MAX_SIGNATURE_BYTES, &part->signature, error)
      || !read_set (object, "flags", MUGAI_N_FLAGS, mugai_flag_from_name, &part->flags, error))
    return FALSE;
  part->size_bytes = (guint64) size_bytes;
  part->role = (MugaiRole) role;
  part->scan = (MugaiScan) scan;
  return TRUE;
}

static gboolean read_parts (json_t *object, MugaiFacts *facts, GError **error) {
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  json_t *array = NULL, *item;
  size_t i;

  if (!mugai_json_get_array (object, "parts", MUGAI_FACTS_MAX_PARTS, &array, error))
    return FALSE;
  json_array_foreach (array, i, item) {
    MugaiPart *part = mugai_part_new ();
    g_ptr_array_add (facts->parts, part);
    if (!read_part (item, part, seen, error)) {
      g_prefix_error (error, "part %" G_GSIZE_FORMAT ": ", (gsize) i);
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean field_name_is_valid (const char *name) {
  gsize length = strlen (name);
  return length > 0 && length <= MUGAI_FACTS_MAX_FIELD_NAME_BYTES
         && strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

static gboolean read_header (json_t *object, MugaiHeaderFact *header, GError **error) {
  if (!mugai_json_check_members (object, N_HEADER_MEMBERS, "headers", error)
      || !mugai_json_get_string (object, "name", MUGAI_FACTS_MAX_FIELD_NAME_BYTES, &header->name, error)
      || !read_text (object, "value", MUGAI_FACTS_MAX_HEADER_BYTES, &header->value, error))
    return FALSE;
  return (header->name != NULL && field_name_is_valid (header->name))
         || mugai_json_fail_shape (error, "name", "a header field's name in lower case");
}

static gboolean read_headers (json_t *object, MugaiFacts *facts, GError **error) {
  json_t *array = NULL, *item;
  size_t i;

  if (!mugai_json_get_array (object, "headers", MUGAI_FACTS_MAX_HEADERS, &array, error))
    return FALSE;
  json_array_foreach (array, i, item) {
    MugaiHeaderFact *header = g_new0 (MugaiHeaderFact, 1);
    g_ptr_array_add (facts->headers, header);
    if (!read_header (item, header, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean read_links (json_t *object, MugaiFacts *facts, GError **error) {
  json_t *array = NULL, *item;
  size_t i;

  if (!mugai_json_get_array (object, "links", MUGAI_FACTS_MAX_LINKS, &array, error))
    return FALSE;
  json_array_foreach (array, i, item) {
    MugaiLinkFact *link = g_new0 (MugaiLinkFact, 1);
    g_ptr_array_add (facts->links, link);
    if (!mugai_json_check_members (item, N_LINK_MEMBERS, "links", error)
        || !read_text (item, "host", MUGAI_FACTS_MAX_HOST_BYTES, &link->host, error)
        || !read_text_or_null (item, "shown_host", MUGAI_FACTS_MAX_HOST_BYTES, &link->shown_host, error)
        || !mugai_json_get_bool (item, "mismatch", &link->mismatch, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean read_facts (json_t *json, MugaiFacts *facts, GError **error) {
  gint64 dropped = 0;

  if (!mugai_json_check_members (json, N_FACTS_MEMBERS, "facts", error)
      || !read_text (json, "subject", MUGAI_FACTS_MAX_HEADER_BYTES, &facts->subject, error)
      || !read_text (json, "message_id", MUGAI_FACTS_MAX_HEADER_BYTES, &facts->message_id, error)
      || !read_text (json, "from_name", MUGAI_FACTS_MAX_HEADER_BYTES, &facts->from_name, error)
      || !read_text (json, "from_address", MUGAI_FACTS_MAX_HEADER_BYTES, &facts->from_address, error)
      || !read_texts (json, "shown_addresses", MUGAI_FACTS_MAX_ADDRESSES, MUGAI_FACTS_MAX_HEADER_BYTES,
                      &facts->shown_addresses, error)
      || !read_headers (json, facts, error)
      || !mugai_json_get_int (json, "dropped_headers", 0, G_MAXUINT32, &dropped, error)
      || !read_set (json, "oddities", MUGAI_N_ODDITIES, mugai_oddity_from_name, &facts->oddities, error)
      || !read_parts (json, facts, error) || !read_links (json, facts, error)
      || !read_text_or_null (json, "signatures_version", MUGAI_FACTS_MAX_SIGNATURE_BYTES, &facts->signatures_version,
                             error))
    return FALSE;
  facts->dropped_headers = (guint) dropped;
  return TRUE;
}

MugaiFacts *mugai_facts_from_json (json_t *json, GError **error) {
  g_autoptr (MugaiFacts) facts = mugai_facts_new ();

  if (read_facts (json, facts, error))
    return g_steal_pointer (&facts);
  g_prefix_error (error, "facts: ");
  return NULL;
}
