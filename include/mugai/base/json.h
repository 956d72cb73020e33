/* SPDX-License-Identifier: GPL-2.0-only
 *
 * base/json: Jansson with automatic clean-up, and readers that check type and bounds in one step.
 *
 * Everything that crosses a process border is read through these. Any thread; a value is not shared.
 */
#pragma once

#include <glib.h>
#include <jansson.h>

typedef json_t MugaiJson;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiJson, json_decref)

#define MUGAI_JSON_MAX_BYTES (16u * 1024 * 1024) /* facts of 10,000 parts with long names: about 8 MiB */

/** mugai_json_string: (transfer full): a JSON string, or null when @text is NULL; text that is no UTF-8 is repaired, never refused. */
json_t *mugai_json_string (const char *text);
/** mugai_json_strv: (transfer full): an array of strings; empty when @strings is NULL. */
json_t *mugai_json_strv (const char *const *strings);
/** mugai_json_line: (transfer full): one line, compact, members in the order they were put, UTF-8 as it is, no line end. */
char *mugai_json_line (const json_t *value);
/** mugai_json_parse: (transfer full): strict; duplicate keys and anything after the value are errors (MUGAI_JSON_ERROR_SYNTAX). */
json_t *mugai_json_parse (const char *text, gsize length_bytes, GError **error);

/**
 * mugai_json_get_*:
 * @object: an object
 * @key: its member
 *
 * FALSE and @error (MUGAI_JSON_ERROR_SHAPE, names the key) when the member is missing, of another type, or out of
 * bounds. _string: at most @max_bytes; null gives NULL.
 */
gboolean mugai_json_get_string (json_t *object, const char *key, gsize max_bytes, char **ret_text, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
gboolean mugai_json_get_int (json_t *object, const char *key, gint64 min, gint64 max, gint64 *ret_value, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
gboolean mugai_json_get_bool (json_t *object, const char *key, gboolean *ret_value, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
/** _name: the value that @from_name gives for the string; a name that it does not know (below 0) is an error. */
gboolean mugai_json_get_name (json_t *object, const char *key, int (*from_name) (const char *name), int *ret_value,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** _array: (transfer none): at most @max_items. */
gboolean mugai_json_get_array (json_t *object, const char *key, gsize max_items, json_t **ret_array, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
/** _strv: (transfer full): array of non-null strings; free with g_strfreev (). */
gboolean mugai_json_get_strv (json_t *object, const char *key, gsize max_items, gsize max_bytes, char ***ret_strings,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * mugai_json_check_members: an object of @n_members members, called @what in @error. Where every member is read by name, the count alone
 * tells that there is no other.
 */
gboolean mugai_json_check_members (json_t *object, gsize n_members, const char *what, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
/** mugai_json_fail_shape: sets @error: the member @key is not @wanted. Returns FALSE, for a reader's last line. */
gboolean mugai_json_fail_shape (GError **error, const char *key, const char *wanted);

typedef enum {
  MUGAI_JSON_ERROR_SYNTAX, /* not JSON: a broken peer or file; treat as hostile */
  MUGAI_JSON_ERROR_SHAPE   /* JSON, but not what was agreed: likewise */
} MugaiJsonError;
#define MUGAI_JSON_ERROR (mugai_json_error_quark ())
GQuark mugai_json_error_quark (void);
