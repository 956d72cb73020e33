/* SPDX-License-Identifier: GPL-2.0-only
 *
 * base/json: strict JSON between our processes: see mugai/base/json.h.
 *
 * Jansson parses (its nesting is limited to 2,048 levels, \u0000 is refused); here stand the type and
 * bound checks. Invariant: a ret_ argument is written only on success. Threads: any.
 */
#include "mugai/base/json.h"

#include <string.h>

G_DEFINE_QUARK (mugai - json - error - quark, mugai_json_error)

json_t *mugai_json_string (const char *text) {
  if (text == NULL)
    return json_null ();
  if (g_utf8_validate (text, -1, NULL))
    return json_string_nocheck (text);

  g_autofree char *repaired = g_utf8_make_valid (text, -1);
  return json_string_nocheck (repaired);
}

json_t *mugai_json_strv (const char *const *strings) {
  json_t *array = json_array ();

  for (gsize i = 0; strings != NULL && strings[i] != NULL; i++)
    json_array_append_new (array, mugai_json_string (strings[i]));
  return array;
}

static int append_chunk (const char *chunk, size_t length_bytes, void *line) {
  g_string_append_len (line, chunk, (gssize) length_bytes);
  return 0;
}

char *mugai_json_line (const json_t *value) {
  GString *line = g_string_new (NULL);

  /* Members keep the order they were put in: that is Jansson's only order since 2.8. */
  if (json_dump_callback (value, append_chunk, line, JSON_COMPACT | JSON_ENCODE_ANY) != 0)
    g_error ("a value of ours cannot be written as JSON");
  return g_string_free (line, FALSE);
}

json_t *mugai_json_parse (const char *text, gsize length_bytes, GError **error) {
  json_error_t cause;

  if (length_bytes > MUGAI_JSON_MAX_BYTES) {
    g_set_error (error, MUGAI_JSON_ERROR, MUGAI_JSON_ERROR_SYNTAX,
                 "JSON of %" G_GSIZE_FORMAT " bytes is over the limit", length_bytes);
    return NULL;
  }
  json_t *value = json_loadb (text, length_bytes, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &cause);
  if (value == NULL) {
    /* Jansson quotes the input in its text; ours goes to logs, so only the place is given. */
    g_set_error (error, MUGAI_JSON_ERROR, MUGAI_JSON_ERROR_SYNTAX, "no JSON at line %d, column %d (cause %d)",
                 cause.line, cause.column, (int) json_error_code (&cause));
  }
  return value;
}

gboolean mugai_json_fail_shape (GError **error, const char *key, const char *wanted) {
  g_set_error (error, MUGAI_JSON_ERROR, MUGAI_JSON_ERROR_SHAPE, "member \"%s\" is not %s", key, wanted);
  return FALSE;
}

gboolean mugai_json_check_members (json_t *object, gsize n_members, const char *what, GError **error) {
  if (json_is_object (object) && json_object_size (object) == n_members)
    return TRUE;
  return mugai_json_fail_shape (error, what, "an object with exactly its members");
}

gboolean mugai_json_get_string (json_t *object, const char *key, gsize max_bytes, char **ret_text, GError **error) {
  json_t *value = json_object_get (object, key);

  if (json_is_null (value)) {
    *ret_text = NULL;
    return TRUE;
  }
  if (!json_is_string (value) || json_string_length (value) > max_bytes)
    return mugai_json_fail_shape (error, key, "a string within its limit");
  *ret_text = g_strdup (json_string_value (value));
  return TRUE;
}

gboolean mugai_json_get_name (json_t *object, const char *key, int (*from_name) (const char *name), int *ret_value,
                              GError **error) {
  const char *name = json_string_value (json_object_get (object, key));
  int value = name == NULL ? -1 : from_name (name);

  if (value < 0)
    return mugai_json_fail_shape (error, key, "a name of its list");
  *ret_value = value;
  return TRUE;
}

gboolean mugai_json_get_int (json_t *object, const char *key, gint64 min, gint64 max, gint64 *ret_value,
                             GError **error) {
  json_t *value = json_object_get (object, key);

  if (!json_is_integer (value) || json_integer_value (value) < min || json_integer_value (value) > max)
    return mugai_json_fail_shape (error, key, "an integer within its bounds");
  *ret_value = json_integer_value (value);
  return TRUE;
}

gboolean mugai_json_get_bool (json_t *object, const char *key, gboolean *ret_value, GError **error) {
  json_t *value = json_object_get (object, key);

  if (!json_is_boolean (value))
    return mugai_json_fail_shape (error, key, "true or false");
  *ret_value = json_is_true (value);
  return TRUE;
}

gboolean mugai_json_get_array (json_t *object, const char *key, gsize max_items, json_t **ret_array, GError **error) {
  json_t *value = json_object_get (object, key);

  if (!json_is_array (value) || json_array_size (value) > max_items)
    return mugai_json_fail_shape (error, key, "an array within its limit");
  *ret_array = value;
  return TRUE;
}

gboolean mugai_json_get_strv (json_t *object, const char *key, gsize max_items, gsize max_bytes, char ***ret_strings,
                              GError **error) {
  json_t *array = NULL, *item;
  size_t i;

  if (!mugai_json_get_array (object, key, max_items, &array, error))
    return FALSE;
  json_array_foreach (array, i, item) {
    if (!json_is_string (item) || json_string_length (item) > max_bytes)
      return mugai_json_fail_shape (error, key, "an array of strings within their limit");
  }
  *ret_strings = g_new0 (char *, json_array_size (array) + 1);
  json_array_foreach (array, i, item) (*ret_strings)[i] = g_strdup (json_string_value (item));
  return TRUE;
}
