/* SPDX-License-Identifier: GPL-2.0-only
 *
 * cli/quarantine-view: mugai quarantine list and show.
 *
 * Both read the index only. A look at an item is an act on the chain, too, before anything of it is shown. Text of senders is made safe for a terminal.
 */
#include "quarantine.h"

#include <stdio.h>
#include <string.h>

#include "mugai/base/unicode.h"
#include "mugai/quarantine/acts.h"

#include "cli.h"
#include "words.h"

/* ---- list ---- */

static json_t *item_object (const MugaiQuarantineItem *item) {
  json_t *object = json_object ();

  json_object_set_new (object, "id", mugai_json_string (item->id));
  json_object_set_new (object, "time", mugai_json_string (item->time));
  json_object_set_new (object, "from", mugai_json_string (item->from));
  json_object_set_new (object, "recipients", mugai_json_strv ((const char *const *) item->recipients));
  json_object_set_new (object, "subject", mugai_json_string (item->subject));
  json_object_set_new (object, "direction", mugai_json_string (item->direction));
  json_object_set_new (object, "action", mugai_json_string (item->action));
  json_object_set_new (object, "reason", mugai_json_string (item->reason));
  json_object_set_new (object, "class", mugai_json_string (item->item_class));
  json_object_set_new (object, "legal_hold", json_boolean (item->legal_hold));
  json_object_set_new (object, "kept_until_s", json_integer (item->kept_until_s));
  json_object_set_new (object, "state", mugai_json_string (item->state));
  json_object_set_new (object, "sha256", mugai_json_string (item->sha256));
  json_object_set_new (object, "size_bytes", json_integer ((json_int_t) item->size_bytes));
  json_object_set_new (object, "n_parts", json_integer (item->n_parts));
  return object;
}

/* One object a line: a program reads it without waiting for the end. */
static void print_items_json (GPtrArray *items) {
  for (guint i = 0; i < items->len; i++) {
    g_autoptr (MugaiJson) object = item_object (g_ptr_array_index (items, i));
    g_autofree char *text = mugai_json_line (object);
    puts (text);
  }
}

static char **item_row (const MugaiQuarantineItem *item) {
  char **row = g_new0 (char *, 9);
  guint n = g_strv_length (item->recipients);

  row[0] = g_strdup (item->id);
  row[1] = g_strdup (item->time);
  row[2] = g_strdup_printf ("%s%s", item->state, item->legal_hold ? "*" : "");
  row[3] = g_strdup (item->reason);
  row[4] = g_strdup_printf ("%" G_GUINT64_FORMAT, item->size_bytes);
  row[5] = g_strdup (item->from[0] != '\0' ? item->from : "<>");
  row[6] =
      n > 1 ? g_strdup_printf ("%s +%u", item->recipients[0], n - 1) : g_strdup (n == 1 ? item->recipients[0] : "");
  row[7] = g_strdup (item->subject);
  return row;
}

static void print_items (GPtrArray *items) {
  const MugaiCliColumn columns[] = { { "ID", 0 },
                                     { MUGAI_CLI_WORDS ("日時", "TIME"), 0 },
                                     { MUGAI_CLI_WORDS ("状態", "STATE"), 0 },
                                     { MUGAI_CLI_WORDS ("規則", "RULE"), 24 },
                                     { MUGAI_CLI_WORDS ("サイズ", "BYTES"), 0 },
                                     { MUGAI_CLI_WORDS ("差出人", "FROM"), 32 },
                                     { MUGAI_CLI_WORDS ("宛先", "TO"), 32 },
                                     { MUGAI_CLI_WORDS ("件名", "SUBJECT"), 60 } };
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);

  for (guint i = 0; i < items->len; i++)
    g_ptr_array_add (rows, item_row (g_ptr_array_index (items, i)));
  mugai_cli_table (columns, G_N_ELEMENTS (columns), rows);
}

int mugai_cli_quarantine_list (const MugaiCliQuarantine *options, const char *none) {
  MugaiQuarantineQuery query = { .since = options->since,
                                 .until = options->until,
                                 .state = options->state,
                                 .text = options->text,
                                 .limit = (guint) options->limit,
                                 .offset = (guint) options->offset };
  int status = 0;
  g_autoptr (MugaiQuarantine) quarantine = mugai_cli_open_store (options, "quarantine list", &status);

  (void) none;
  if (quarantine == NULL)
    return status;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) items = mugai_quarantine_list (quarantine, &query, &error);

  if (items == NULL)
    return mugai_cli_fail_store ("quarantine list", error);
  if (options->json)
    print_items_json (items);
  else
    print_items (items);
  return 0;
}

/* ---- show ---- */

static const char *text_at (json_t *object, const char *key) {
  const char *text = json_string_value (json_object_get (object, key));

  return text != NULL ? text : "";
}

static void print_field (const char *label, const char *text) {
  g_autofree char *safe = mugai_unicode_make_safe (text, -1, 0);

  printf ("%s%*s%s\n", label, (int) (14 - MIN (mugai_unicode_columns (label, -1), 13)), "", safe);
}

static void print_reasons (json_t *record) {
  json_t *reason;
  size_t i;

  json_array_foreach (json_object_get (record, "reasons"), i, reason) {
    g_autofree char *text = g_strdup_printf ("%s: %s", text_at (reason, "rule"), text_at (reason, "because"));
    print_field (i == 0 ? MUGAI_CLI_WORDS ("理由", "Why") : "", text);
  }
}

static void print_recipients (json_t *record) {
  json_t *recipient;
  size_t i;

  json_array_foreach (json_object_get (record, "recipients"), i, recipient) {
    g_autofree char *text = g_strdup_printf ("%s (%s)", text_at (recipient, "address"), text_at (recipient, "action"));
    print_field (i == 0 ? MUGAI_CLI_WORDS ("宛先", "To") : "", text);
  }
}

static char **part_row (json_t *part) {
  char **row = g_new0 (char *, 8);
  g_autofree char *flags = mugai_json_line (json_object_get (part, "flags"));

  row[0] = g_strdup (text_at (part, "path"));
  row[1] = g_strdup (text_at (part, "action"));
  row[2] = g_strdup (text_at (part, "rule"));
  row[3] = g_strdup_printf ("%s%s%s", text_at (part, "scan"), text_at (part, "signature")[0] != '\0' ? " " : "",
                            text_at (part, "signature"));
  row[4] = g_strdup (text_at (part, "detected"));
  row[5] = g_strdup_printf ("%" JSON_INTEGER_FORMAT, json_integer_value (json_object_get (part, "size_bytes")));
  const char *name = json_string_value (json_array_get (json_object_get (part, "names"), 0));
  row[6] = g_strdup_printf ("%s %s", name != NULL ? name : "", strcmp (flags, "[]") != 0 ? flags : "");
  return row;
}

static void print_parts (json_t *record) {
  const MugaiCliColumn columns[] = {
    { MUGAI_CLI_WORDS ("部分", "PART"), 20 }, { MUGAI_CLI_WORDS ("処理", "ACTION"), 0 },
    { MUGAI_CLI_WORDS ("規則", "RULE"), 24 }, { MUGAI_CLI_WORDS ("検査", "SCAN"), 32 },
    { MUGAI_CLI_WORDS ("種類", "TYPE"), 40 }, { MUGAI_CLI_WORDS ("サイズ", "BYTES"), 0 },
    { MUGAI_CLI_WORDS ("名前", "NAME"), 60 }
  };
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  json_t *part;
  size_t i;

  json_array_foreach (json_object_get (record, "parts"), i, part) g_ptr_array_add (rows, part_row (part));
  putchar ('\n');
  mugai_cli_table (columns, G_N_ELEMENTS (columns), rows);
}

static void print_record (json_t *record) {
  json_t *envelope = json_object_get (record, "envelope");

  print_field ("ID", text_at (record, "id"));
  print_field (MUGAI_CLI_WORDS ("日時", "Time"), text_at (record, "time"));
  print_field (MUGAI_CLI_WORDS ("方向", "Direction"), text_at (record, "direction"));
  print_field (MUGAI_CLI_WORDS ("処理", "Action"), text_at (record, "action"));
  print_field (MUGAI_CLI_WORDS ("接続元", "Client"), text_at (envelope, "client"));
  print_field (MUGAI_CLI_WORDS ("差出人", "From"), text_at (envelope, "from"));
  print_recipients (record);
  print_field (MUGAI_CLI_WORDS ("件名", "Subject"), text_at (record, "subject"));
  print_field ("Message-ID", text_at (record, "message_id"));
  print_field (MUGAI_CLI_WORDS ("キュー ID", "Queue id"), text_at (record, "queue_id"));
  print_reasons (record);
  print_field (MUGAI_CLI_WORDS ("ポリシー", "Policy"), text_at (json_object_get (record, "policy"), "name"));
  print_parts (record);
}

/* What became of it: releases with their recipients and what the MTA said, and every act. */
static void print_history (MugaiQuarantine *quarantine, const char *id) {
  g_autoptr (MugaiJson) releases = mugai_quarantine_releases (quarantine, id, NULL);
  g_autoptr (MugaiJson) acts = mugai_quarantine_history (quarantine, id, NULL);
  json_t *release, *row;
  size_t i, j;

  json_array_foreach (releases, i, release) {
    json_array_foreach (json_object_get (release, "recipients"), j, row) {
      g_autofree char *text =
          g_strdup_printf ("%s: %s %s", text_at (row, "address"), text_at (row, "state"), text_at (row, "reply"));
      print_field (MUGAI_CLI_WORDS ("解除", "Release"), text);
    }
  }
  json_array_foreach (acts, i, row) {
    g_autoptr (MugaiJson) body = json_loads (text_at (row, "body"), 0, NULL);
    g_autofree char *text = g_strdup_printf ("%s %s %s (%s) %s", text_at (row, "at"), text_at (row, "kind"),
                                             text_at (row, "actor"), text_at (body, "role"), text_at (body, "reason"));
    print_field (i == 0 ? MUGAI_CLI_WORDS ("経過", "History") : "", text);
  }
}

/* A look into an item is an act; at a store without a keeper, a copy elsewhere, nobody could write it down. */
static gboolean note_view (const MugaiCliQuarantine *options, const char *id, int *ret_status) {
  if (options->keeper_socket == NULL)
    return TRUE;
  g_autoptr (MugaiJson) answer = mugai_cli_act (options, "quarantine show", "view", id, NULL, ret_status);
  return answer != NULL;
}

int mugai_cli_quarantine_show (const MugaiCliQuarantine *options, const char *id) {
  g_autoptr (GError) error = NULL;
  int status = 0;
  g_autoptr (MugaiQuarantine) quarantine = mugai_cli_open_store (options, "quarantine show", &status);
  if (quarantine == NULL)
    return status;
  g_autoptr (MugaiJson) record = mugai_quarantine_record (quarantine, id, &error);

  if (record == NULL)
    return mugai_cli_fail_store ("quarantine show", error);
  if (!note_view (options, id, &status))
    return status;
  if (!options->json) {
    print_record (record);
    print_history (quarantine, id);
    return 0;
  }
  g_autofree char *text = mugai_json_line (record);
  puts (text);
  return 0;
}
