/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Unit tests of base/json: strictness of the parser, checks of the readers.
 */
#include "mugai/base/json.h"

#include <string.h>

static json_t *parse (const char *text, GError **error) {
  return mugai_json_parse (text, strlen (text), error);
}

static void test_line (void) {
  g_autoptr (MugaiJson) object = json_object ();
  const char *const names[] = { "a\"\n", "\xE3\x81\x82", NULL };

  json_object_set_new (object, "z", mugai_json_string (NULL));
  json_object_set_new (object, "a", mugai_json_strv (names));
  json_object_set_new (object, "m", mugai_json_strv (NULL));
  json_object_set_new (object, "bad", mugai_json_string ("\xFF"));
  g_autofree char *line = mugai_json_line (object);
  g_assert_cmpstr (line, ==, "{\"z\":null,\"a\":[\"a\\\"\\n\",\"\xE3\x81\x82\"],\"m\":[],\"bad\":\"\xEF\xBF\xBD\"}");
  g_autoptr (MugaiJson) again = parse (line, NULL);
  g_assert_true (json_equal (object, again));
}

static void test_syntax (void) {
  static const char *const bad[] = { "",           "{",           "{\"a\":1,\"a\":2}", "{} x",
                                     "{\"a\":01}", "\"\\u0000\"", "\"\xFF\"",          "{a:1}",
                                     "[1,]",       "nan",         "\"a\nb\"" };
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;
    g_assert_null (parse (bad[i], &error));
    g_assert_error (error, MUGAI_JSON_ERROR, MUGAI_JSON_ERROR_SYNTAX);
  }
  g_autofree char *deep = g_strnfill (100000, '[');
  g_assert_null (parse (deep, NULL));
  g_autofree char *large = g_strnfill (MUGAI_JSON_MAX_BYTES + 1, ' ');
  g_assert_null (mugai_json_parse (large, MUGAI_JSON_MAX_BYTES + 1, NULL));
}

#define OBJECT                                                                                                         \
  "{\"text\":\"abc\",\"null\":null,\"int\":5,\"real\":5.0,\"yes\":true,\"no\":false,\"array\":[1,2],"                  \
  "\"strings\":[\"a\",\"bc\"],\"mixed\":[\"a\",null]}"

static void test_get (void) {
  g_autoptr (MugaiJson) object = parse (OBJECT, NULL);
  g_autofree char *text = NULL, *null = g_strdup ("x");
  gint64 number = 0;
  gboolean yes = FALSE, no = TRUE;
  json_t *array = NULL;
  g_auto (GStrv) strings = NULL;

  g_assert_true (mugai_json_get_string (object, "text", 3, &text, NULL));
  g_assert_cmpstr (text, ==, "abc");
  g_clear_pointer (&null, g_free);
  g_assert_true (mugai_json_get_string (object, "null", 3, &null, NULL) && null == NULL);
  g_assert_true (mugai_json_get_int (object, "int", 5, 5, &number, NULL) && number == 5);
  g_assert_true (mugai_json_get_bool (object, "yes", &yes, NULL) && yes);
  g_assert_true (mugai_json_get_bool (object, "no", &no, NULL) && !no);
  g_assert_true (mugai_json_get_array (object, "array", 2, &array, NULL) && json_array_size (array) == 2);
  g_assert_true (mugai_json_get_strv (object, "strings", 2, 2, &strings, NULL));
  g_assert_cmpstr (strings[1], ==, "bc");
  g_assert_null (strings[2]);
}

static void test_shape (void) {
  g_autoptr (MugaiJson) object = parse (OBJECT, NULL), list = parse ("[]", NULL);
  char *text = NULL, **strings = NULL;
  gint64 number = 7;
  gboolean flag = TRUE;
  json_t *array = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_false (mugai_json_get_string (object, "text", 2, &text, &error));
  g_assert_error (error, MUGAI_JSON_ERROR, MUGAI_JSON_ERROR_SHAPE);
  g_assert_nonnull (strstr (error->message, "\"text\""));
  g_assert_false (mugai_json_get_string (object, "int", 9, &text, NULL));
  g_assert_false (mugai_json_get_string (object, "missing", 9, &text, NULL));
  g_assert_false (mugai_json_get_string (list, "text", 9, &text, NULL));
  g_assert_false (mugai_json_get_int (object, "int", 6, 9, &number, NULL));
  g_assert_false (mugai_json_get_int (object, "int", 0, 4, &number, NULL));
  g_assert_false (mugai_json_get_int (object, "real", 0, 9, &number, NULL));
  g_assert_false (mugai_json_get_int (object, "yes", 0, 9, &number, NULL));
  g_assert_false (mugai_json_get_bool (object, "int", &flag, NULL));
  g_assert_false (mugai_json_get_bool (object, "null", &flag, NULL));
  g_assert_false (mugai_json_get_array (object, "array", 1, &array, NULL));
  g_assert_false (mugai_json_get_array (object, "text", 9, &array, NULL));
  g_assert_false (mugai_json_get_strv (object, "mixed", 9, 9, &strings, NULL));
  g_assert_false (mugai_json_get_strv (object, "strings", 9, 1, &strings, NULL));
  g_assert_false (mugai_json_get_strv (object, "strings", 1, 9, &strings, NULL));
  g_assert_true (text == NULL && strings == NULL && array == NULL && number == 7 && flag);
}

int main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/json/line", test_line);
  g_test_add_func ("/json/syntax", test_syntax);
  g_test_add_func ("/json/get", test_get);
  g_test_add_func ("/json/shape", test_shape);
  return g_test_run ();
}
