/* SPDX-License-Identifier: GPL-2.0-only
 *
 * fuzz-header: hostile fields give safe text, and what we write we read back.
 *
 * The first byte picks the reader. Each result is checked to be safe, written, checked line by line, and read again.
 */
#include "mugai/mail/header.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void check_safe (const char *text) {
  g_assert_true (g_utf8_validate (text, -1, NULL));
  for (const char *at = text; *at != '\0'; at = g_utf8_next_char (at)) {
    gunichar c = g_utf8_get_char (at);
    g_assert_true (c >= 0x20 && !(c >= 0x7F && c < 0xA0) && c != 0x2028 && c != 0x2029);
    g_assert_false (c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E)
                    || (c >= 0x2066 && c <= 0x2069));
  }
}

/* One field: printable ASCII, every line end is CRLF and goes on with a blank, no line is too long or blank. */
static void check_field (const GString *out, gsize longest) {
  g_assert_cmpuint (strlen (out->str), ==, out->len);
  g_assert_true (g_str_has_suffix (out->str, "\r\n"));
  g_auto (GStrv) lines = g_strsplit (out->str, "\r\n", -1);
  guint n = g_strv_length (lines) - 1;
  for (guint i = 0; i < n; i++) {
    g_assert_cmpuint (strlen (lines[i]), <=, longest);
    g_assert_true ((i == 0) == (lines[i][0] != ' '));
    g_assert_cmpuint (strspn (lines[i], " "), <, strlen (lines[i]));
    for (const char *at = lines[i]; *at != '\0'; at++)
      g_assert_true (*at >= 0x20 && *at <= 0x7E);
  }
}

static const char *body_of (const GString *out, gsize *length) {
  const char *body = strchr (out->str, ':') + 1;
  *length = out->len - (gsize) (body - out->str);
  return body;
}

static void try_text (const char *bytes, gsize length) {
  guint odd = 0;
  g_autofree char *text = mugai_header_decode_text (bytes, length, NULL, &odd);
  check_safe (text);
  g_autoptr (GString) out = g_string_new (NULL);
  mugai_header_write_text (out, "Subject", text);
  check_field (out, 76);
  gsize body_length;
  const char *body = body_of (out, &body_length);
  guint odd_again = 0;
  g_autofree char *again = mugai_header_decode_text (body, body_length, NULL, &odd_again);
  g_assert_cmpstr (again, ==, text);
  g_assert_cmpuint (odd_again, ==, 0);
}

static void try_addresses (const char *bytes, gsize length) {
  guint odd = 0;
  g_autoptr (GPtrArray) addresses = mugai_header_parse_addresses (bytes, length, NULL, &odd);
  g_assert_cmpuint (addresses->len, <=, MUGAI_HEADER_MAX_ADDRESSES);
  for (guint i = 0; i < addresses->len; i++) {
    const MugaiHeaderAddress *entry = g_ptr_array_index (addresses, i);
    check_safe (entry->name);
    check_safe (entry->address);
  }
  g_autoptr (GString) out = g_string_new (NULL);
  mugai_header_write_addresses (out, "To", addresses);
  if (out->len == 0) {
    g_assert_cmpuint (addresses->len, ==, 0);
    return;
  }
  check_field (out, 330);
  gsize body_length;
  const char *body = body_of (out, &body_length);
  guint odd_again = 0;
  g_autoptr (GPtrArray) again = mugai_header_parse_addresses (body, body_length, NULL, &odd_again);
  g_assert_cmpuint (again->len, ==, addresses->len);
  g_assert_cmpuint (odd_again & ~(guint) MUGAI_HEADER_ODD_LIMIT, ==, 0);
  for (guint i = 0; i < again->len; i++) {
    const MugaiHeaderAddress *a = g_ptr_array_index (addresses, i), *b = g_ptr_array_index (again, i);
    if (*b->address != '\0') {
      g_assert_cmpstr (a->address, ==, b->address);
      g_assert_cmpstr (a->name, ==, b->name);
    } else if (odd_again == 0 && *a->address == '\0')
      g_assert_cmpstr (a->name, ==, b->name);
  }
}

static void try_file_name (const char *field, const char *parameter, const char *name) {
  if (strlen (name) > 1000) /* the writer cuts longer ones */
    return;
  g_autoptr (GString) out = g_string_new (NULL);
  mugai_header_write_parameterised (out, field, "attachment", parameter, name);
  check_field (out, 76);
  gsize body_length;
  const char *body = body_of (out, &body_length);
  g_autoptr (MugaiHeaderParameterised) again = mugai_header_parse_parameterised (body, body_length, NULL);
  g_assert_cmpstr (mugai_header_parameter (again, parameter), ==, name);
  g_assert_cmpuint (again->odd, ==, 0);
}

static void try_parameters (const char *bytes, gsize length) {
  g_autoptr (MugaiHeaderParameterised) header = mugai_header_parse_parameterised (bytes, length, NULL);
  check_safe (header->value);
  g_assert_cmpuint (header->parameters->len, <=, MUGAI_HEADER_MAX_PARAMETERS);
  for (guint i = 0; i < header->parameters->len; i++) {
    const MugaiHeaderParameter *parameter = g_ptr_array_index (header->parameters, i);
    check_safe (parameter->name);
    check_safe (parameter->value);
  }
  for (guint i = 0; i < header->names->len; i++) {
    const char *name = g_ptr_array_index (header->names, i);
    check_safe (name);
    try_file_name ("Content-Disposition", "filename", name);
    try_file_name ("Content-Type", "name", name);
  }
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  if (size == 0)
    return 0;
  const char *bytes = (const char *) data + 1;
  switch (data[0] % 3) {
  case 0:
    try_text (bytes, size - 1);
    break;
  case 1:
    try_addresses (bytes, size - 1);
    break;
  default:
    try_parameters (bytes, size - 1);
  }
  return 0;
}
