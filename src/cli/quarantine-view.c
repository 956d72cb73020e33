/* SPDX-License-Identifier: GPL-2.0-only
 *
 * cli/quarantine-view: mugai quarantine list and show.
 *
 * Both read the index only. A look at an item is an act on the chain, too, before anything of it is shown. Text of senders is made safe for a terminal.
 * Of an item that was disposed of, what is left is shown: when it came, its state, and who did what.
 */
#include "quarantine.h"

#include <stdio.h>
#include <string.h>

#include "mugai/base/unicode.h"
#include "mugai/quarantine/acts.h"
#include "mugai/sanitize.h"

#include "cli.h"
#include "quarantine-words.h"
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
  row[1] = mugai_cli_local_time (item->time);
  row[2] = g_strdup_printf ("%s%s", mugai_cli_words_state (item->state), item->legal_hold ? "*" : "");
  row[3] = mugai_cli_words_why (item->scan, item->action, item->state, item->reason);
  row[4] = mugai_words_size (item->size_bytes);
  row[5] = g_strdup (item->from[0] != '\0' ? item->from : "<>");
  row[6] =
      n > 1 ? g_strdup_printf ("%s +%u", item->recipients[0], n - 1) : g_strdup (n == 1 ? item->recipients[0] : "");
  row[7] = g_strdup (item->subject);
  return row;
}

/* More than were asked for are not counted: the next page begins where this one ends. */
static void print_page (const MugaiCliQuarantine *options, const GPtrArray *items) {
  gboolean held = FALSE;

  for (guint i = 0; i < items->len; i++)
    held = held || ((const MugaiQuarantineItem *) g_ptr_array_index (items, i))->legal_hold;
  if (held)
    puts (MUGAI_CLI_WORDS ("* 保全中（廃棄されません）", "* legal hold: not disposed of"));
  if (items->len == 0)
    puts (MUGAI_CLI_WORDS ("該当するメールはありません", "no such mail"));
  if (items->len == (guint) options->limit)
    printf (MUGAI_CLI_WORDS ("続きは --offset %u で表示します\n", "more: --offset %u\n"),
            (guint) options->offset + items->len);
}

static void print_items (const MugaiCliQuarantine *options, GPtrArray *items) {
  const MugaiCliColumn columns[] = {
    { MUGAI_CLI_WORDS ("受付番号", "ID"), 0 }, { MUGAI_CLI_WORDS ("受信日時", "TIME"), 0 },
    { MUGAI_CLI_WORDS ("状態", "STATE"), 0 },  { MUGAI_CLI_WORDS ("理由（規則）", "WHY (RULE)"), 40 },
    { MUGAI_CLI_WORDS ("大きさ", "SIZE"), 0 }, { MUGAI_CLI_WORDS ("差出人", "FROM"), 32 },
    { MUGAI_CLI_WORDS ("宛先", "TO"), 32 },    { MUGAI_CLI_WORDS ("件名", "SUBJECT"), 60 }
  };
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);

  for (guint i = 0; i < items->len; i++)
    g_ptr_array_add (rows, item_row (g_ptr_array_index (items, i)));
  if (items->len > 0)
    mugai_cli_table (columns, G_N_ELEMENTS (columns), rows);
  print_page (options, items);
}

/* (transfer full): a list names people, and is an act: who asks, for what, and of whose items they may see any. NULL: not done. Of a store without a
 * keeper, a copy elsewhere: of all. */
static json_t *note_list (const MugaiCliQuarantine *options, int *ret_status) {
  json_t *more = json_object ();

  if (options->keeper_socket == NULL)
    return more;
  json_object_set_new (more, "since", mugai_json_string (options->since));
  json_object_set_new (more, "until", mugai_json_string (options->until));
  json_object_set_new (more, "text", mugai_json_string (options->text));
  json_object_set_new (more, "only", mugai_json_string (options->state));
  return mugai_cli_act (options, "quarantine list", "list", NULL, more, ret_status);
}

int mugai_cli_quarantine_list (const MugaiCliQuarantine *options, const char *none) {
  MugaiQuarantineQuery query = { .since = options->since,
                                 .until = options->until,
                                 .state = options->state,
                                 .text = options->text,
                                 .limit = (guint) options->limit,
                                 .offset = (guint) options->offset };
  int status = 0;

  if (options->state != NULL && !mugai_quarantine_is_state (options->state))
    return mugai_cli_fail (EX_USAGE, "quarantine list",
                           MUGAI_CLI_WORDS ("そのような状態はありません: %s", "no such state: %s"), options->state);
  g_autoptr (MugaiQuarantine) quarantine = mugai_cli_open_store (options, "quarantine list", &status);

  (void) none;
  if (quarantine == NULL)
    return status;
  g_autoptr (MugaiJson) answer = note_list (options, &status);
  if (answer == NULL)
    return status;
  json_t *own = json_object_get (answer, "units");
  g_autofree char *units = own != NULL ? mugai_json_line (own) : NULL;
  query.units = units;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) items = mugai_quarantine_list (quarantine, &query, &error);

  if (items == NULL)
    return mugai_cli_fail_store ("quarantine list", error);
  if (options->json)
    print_items_json (items);
  else
    print_items (options, items);
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

/* The rule's own words are for who writes policies; a reviewer gets its name and the clause it stands on. */
static void print_rules (json_t *record) {
  json_t *reason;
  size_t i;

  json_array_foreach (json_object_get (record, "reasons"), i, reason) {
    const char *words = MUGAI_CLI_WORDS (text_at (reason, "clause"), text_at (reason, "because"));
    g_autofree char *text = g_strdup_printf ("%s%s%s", text_at (reason, "rule"), words[0] != '\0' ? ": " : "", words);
    print_field (i == 0 ? MUGAI_CLI_WORDS ("規則", "Rule") : "", text);
  }
}

static void print_recipients (json_t *record) {
  json_t *recipient;
  size_t i;

  json_array_foreach (json_object_get (record, "recipients"), i, recipient) {
    g_autofree char *text = g_strdup_printf (MUGAI_CLI_WORDS ("%s（%s）", "%s (%s)"), text_at (recipient, "address"),
                                             mugai_cli_words_mail_action (text_at (recipient, "action")));
    print_field (i == 0 ? MUGAI_CLI_WORDS ("宛先", "To") : "", text);
  }
}

static char **part_row (json_t *part) {
  char **row = g_new0 (char *, 8);
  const MugaiPart kind = { .detected = (char *) text_at (part, "detected"),
                           .declared = (char *) text_at (part, "declared") };
  g_autofree char *flags = mugai_cli_words_flags (json_object_get (part, "flags"));
  const char *signature = text_at (part, "signature");
  const char *name = json_string_value (json_array_get (json_object_get (part, "names"), 0));

  row[0] = g_strdup (text_at (part, "path"));
  row[1] = g_strdup (mugai_cli_words_part_action (text_at (part, "action")));
  row[2] = g_strdup (text_at (part, "rule"));
  row[3] = g_strdup_printf ("%s%s%s", mugai_cli_words_scan (text_at (part, "scan")), signature[0] != '\0' ? " " : "",
                            signature);
  row[4] = g_strdup (mugai_words_type (&kind, mugai_cli_japanese ()));
  row[5] = mugai_words_size ((guint64) json_integer_value (json_object_get (part, "size_bytes")));
  row[6] = g_strdup_printf ("%s%s%s", name != NULL ? name : "", name != NULL && flags[0] != '\0' ? " / " : "", flags);
  return row;
}

/* What only holds others together is no news to a reviewer. */
static gboolean is_container (json_t *part) {
  return g_str_has_prefix (text_at (part, "detected"), "multipart/");
}

static void print_parts (json_t *record) {
  const MugaiCliColumn columns[] = {
    { MUGAI_CLI_WORDS ("部分", "PART"), 20 }, { MUGAI_CLI_WORDS ("処理", "DONE"), 0 },
    { MUGAI_CLI_WORDS ("規則", "RULE"), 24 }, { MUGAI_CLI_WORDS ("検査", "SCAN"), 40 },
    { MUGAI_CLI_WORDS ("種類", "KIND"), 40 }, { MUGAI_CLI_WORDS ("大きさ", "SIZE"), 0 },
    { MUGAI_CLI_WORDS ("名前", "NAME"), 80 }
  };
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  json_t *part;
  size_t i;

  json_array_foreach (json_object_get (record, "parts"), i, part) {
    if (!is_container (part))
      g_ptr_array_add (rows, part_row (part));
  }
  putchar ('\n');
  mugai_cli_table (columns, G_N_ELEMENTS (columns), rows);
  putchar ('\n');
}

/* ID, when, state and class: what is left when all else was disposed of. */
static void print_item (const MugaiQuarantineItem *item) {
  g_autofree char *time = mugai_cli_local_time (item->time);
  g_autofree char *why = mugai_cli_words_why (item->scan, item->action, item->state, item->reason);

  print_field (MUGAI_CLI_WORDS ("受付番号", "ID"), item->id);
  print_field (MUGAI_CLI_WORDS ("受信日時", "Time"), time);
  print_field (MUGAI_CLI_WORDS ("状態", "State"), mugai_cli_words_state (item->state));
  if (item->legal_hold)
    print_field ("", MUGAI_CLI_WORDS ("保全中（廃棄されません）", "legal hold: not disposed of"));
  if (item->kept_until_s > 0) {
    g_autoptr (GDateTime) end = g_date_time_new_from_unix_local (item->kept_until_s);
    g_autofree char *day = g_date_time_format (end, MUGAI_CLI_WORDS ("%Y-%m-%d まで保存", "kept until %Y-%m-%d"));
    print_field ("", day);
  }
  print_field (MUGAI_CLI_WORDS ("区分", "Class"), mugai_cli_words_class (item->item_class));
  print_field (MUGAI_CLI_WORDS ("理由", "Why"), why);
  print_field (MUGAI_CLI_WORDS ("方向", "Direction"), mugai_cli_words_direction (item->direction));
}

static void print_record (json_t *record) {
  json_t *envelope = json_object_get (record, "envelope");

  print_field (MUGAI_CLI_WORDS ("接続元", "Client"), text_at (envelope, "client"));
  print_field (MUGAI_CLI_WORDS ("差出人", "From"), text_at (envelope, "from"));
  print_recipients (record);
  print_field (MUGAI_CLI_WORDS ("件名", "Subject"), text_at (record, "subject"));
  print_field (MUGAI_CLI_WORDS ("メールの ID", "Message-ID"), text_at (record, "message_id"));
  print_field (MUGAI_CLI_WORDS ("キュー ID", "Queue id"), text_at (record, "queue_id"));
  print_rules (record);
  print_field (MUGAI_CLI_WORDS ("ポリシー", "Policy"), text_at (json_object_get (record, "policy"), "name"));
  print_parts (record);
}

static void print_act (json_t *act, gboolean first) {
  g_autoptr (MugaiJson) body = json_loads (text_at (act, "body"), 0, NULL);
  g_autofree char *time = mugai_cli_local_time (text_at (act, "at")),
                  *person = mugai_cli_words_person (text_at (act, "actor"));
  g_autofree char *roles = mugai_cli_words_roles (text_at (body, "role"));
  g_autofree char *text =
      g_strdup_printf (MUGAI_CLI_WORDS ("%s %s %s（%s）%s", "%s %s %s (%s) %s"), time,
                       mugai_cli_words_act_kind (text_at (act, "kind")), person, roles, text_at (body, "reason"));

  print_field (first ? MUGAI_CLI_WORDS ("経過", "History") : "", text);
}

/* What became of it: releases with their recipients and what the MTA said, and every act. */
static void print_history (MugaiQuarantine *quarantine, const char *id) {
  g_autoptr (MugaiJson) releases = mugai_quarantine_releases (quarantine, id, NULL);
  g_autoptr (MugaiJson) acts = mugai_quarantine_history (quarantine, id, NULL);
  json_t *release, *row;
  size_t i, j;

  json_array_foreach (releases, i, release) {
    json_array_foreach (json_object_get (release, "recipients"), j, row) {
      g_autofree char *text = g_strdup_printf ("%s: %s %s", text_at (row, "address"),
                                               mugai_cli_words_state (text_at (row, "state")), text_at (row, "reply"));
      print_field (MUGAI_CLI_WORDS ("解除", "Release"), text);
    }
  }
  json_array_foreach (acts, i, row) print_act (row, i == 0);
}

/* A look into an item is an act; at a store without a keeper, a copy elsewhere, nobody could write it down. */
static gboolean note_view (const MugaiCliQuarantine *options, const char *id, int *ret_status) {
  if (options->keeper_socket == NULL)
    return TRUE;
  g_autoptr (MugaiJson) answer = mugai_cli_act (options, "quarantine show", "view", id, NULL, ret_status);
  return answer != NULL;
}

/* (transfer full): NULL and @error: there is none. */
static MugaiQuarantineItem *find_item (MugaiQuarantine *quarantine, const char *id, GError **error) {
  const MugaiQuarantineQuery query = { .id = id, .limit = 1 };
  g_autoptr (GPtrArray) items = mugai_quarantine_list (quarantine, &query, error);

  if (items == NULL)
    return NULL;
  if (items->len > 0)
    return g_ptr_array_steal_index (items, 0);
  g_set_error (error, MUGAI_QUARANTINE_ERROR, MUGAI_QUARANTINE_ERROR_NOT_FOUND, "%s", id);
  return NULL;
}

/* @record: (nullable): it was disposed of. */
static void print_json (const MugaiQuarantineItem *item, json_t *record) {
  g_autoptr (MugaiJson) object = record != NULL ? json_incref (record) : item_object (item);
  g_autofree char *text = mugai_json_line (object);

  puts (text);
}

int mugai_cli_quarantine_show (const MugaiCliQuarantine *options, const char *id) {
  g_autoptr (GError) error = NULL, gone = NULL;
  int status = 0;
  g_autoptr (MugaiQuarantine) quarantine = mugai_cli_open_store (options, "quarantine show", &status);
  if (quarantine == NULL)
    return status;
  g_autoptr (MugaiQuarantineItem) item = find_item (quarantine, id, &error);

  if (item == NULL)
    return mugai_cli_fail_store ("quarantine show", error);
  if (!note_view (options, id, &status))
    return status;
  g_autoptr (MugaiJson) record = mugai_quarantine_record (quarantine, id, &gone);
  if (record == NULL && !g_error_matches (gone, MUGAI_QUARANTINE_ERROR, MUGAI_QUARANTINE_ERROR_NOT_FOUND))
    return mugai_cli_fail_store ("quarantine show", gone);
  if (options->json) {
    print_json (item, record);
    return 0;
  }
  print_item (item);
  if (record != NULL)
    print_record (record);
  print_history (quarantine, id);
  return 0;
}
