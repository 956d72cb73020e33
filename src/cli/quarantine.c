/* SPDX-License-Identifier: GPL-2.0-only
 *
 * cli/quarantine: mugai quarantine: the table of its commands, and list, show and export.
 *
 * list and show read the index only; a look at an item is on the chain, too. export hands out the original as received, or one part of it; a part is taken out by a
 * sandboxed worker, and is handed out only when it has the SHA-256 of the record. An export is an act on the audit
 * chain, before the first byte leaves. Hostile bytes never go to a terminal.
 */
#include "mugai/quarantine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include <glib/gstdio.h>

#include "mugai/base/base.h"
#include "mugai/base/fd.h"
#include "mugai/base/unicode.h"
#include "mugai/worker.h"

#include "mugai/quarantine/acts.h"

#include "cli.h"
#include "offline.h"
#include "quarantine.h"
#include "words.h"

#define DEFAULT_ITEMS 50
#define EXTRACT_S 60 /* a person waits */
#define EXTRACT_CPU_S 60u
#define EXTRACT_SCRATCH_BYTES (512u * 1024 * 1024)

#if defined(__SANITIZE_ADDRESS__)
#define EXTRACT_MEMORY_BYTES 0 /* its shadow is larger than any limit */
#else
#define EXTRACT_MEMORY_BYTES (G_GUINT64_CONSTANT (2) * 1024 * 1024 * 1024)
#endif

static void options_clear (MugaiCliQuarantine *options) {
  char **texts[] = { &options->config_path, &options->store, &options->keys,         &options->since,  &options->until,
                     &options->text,        &options->state, &options->part,         &options->output, &options->reason,
                     &options->form,        &options->month, &options->keeper_socket };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (*texts[i]);
  g_strfreev (options->to);
  mugai_config_free (options->config);
}
typedef MugaiCliQuarantine Options;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (MugaiCliQuarantine, options_clear)

/* Fills in store and keeper from the configuration, where it is needed or asked for. */
static gboolean find_store (MugaiCliQuarantine *options, GError **error) {
  if (options->store != NULL && options->config_path == NULL)
    return TRUE;
  options->config =
      mugai_config_load (options->config_path != NULL ? options->config_path : MUGAI_CLI_DEFAULT_CONFIG, error);
  if (options->config == NULL)
    return FALSE;
  if (options->store == NULL)
    options->store = g_strdup (options->config->store);
  if (options->keys == NULL && options->config->keys[0] != '\0')
    options->keys = g_strdup (options->config->keys);
  options->keeper_socket = mugai_config_keeper_socket (options->config);
  return TRUE;
}

int mugai_cli_fail_store (const char *name, const GError *error) {
  gboolean unknown = g_error_matches (error, MUGAI_QUARANTINE_ERROR, MUGAI_QUARANTINE_ERROR_NOT_FOUND);
  gboolean corrupt = g_error_matches (error, MUGAI_QUARANTINE_ERROR, MUGAI_QUARANTINE_ERROR_CORRUPT);

  return mugai_cli_fail (unknown ? EX_NOINPUT : corrupt ? EX_DATAERR : EX_IOERR, name, "%s", error->message);
}

MugaiQuarantine *mugai_cli_open_store (const MugaiCliQuarantine *options, const char *name, int *ret_status) {
  g_autoptr (GError) error = NULL;
  MugaiQuarantine *quarantine = mugai_quarantine_open_with_keys (options->store, options->keys, TRUE, &error);

  if (quarantine == NULL)
    *ret_status = mugai_cli_fail (EX_IOERR, name, "%s", error->message);
  return quarantine;
}

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

static int list (const Options *options, const char *none) {
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
static gboolean note_view (const Options *options, const char *id, int *ret_status) {
  if (options->keeper_socket == NULL)
    return TRUE;
  g_autoptr (MugaiJson) answer = mugai_cli_act (options, "quarantine show", "view", id, NULL, ret_status);
  return answer != NULL;
}

static int show (const Options *options, const char *id) {
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

/* ---- export ---- */

/* On the chain before the first byte leaves; not allowed, or no keeper: nothing leaves. */
static gboolean log_export (const Options *options, const char *id, GBytes *content, int *ret_status) {
  g_autofree char *sha256 = mugai_sha256_hex (g_bytes_get_data (content, NULL), g_bytes_get_size (content));
  json_t *body = json_object ();

  json_object_set_new (body, "quarantine_id", mugai_json_string (id));
  json_object_set_new (body, "part", mugai_json_string (options->part));
  json_object_set_new (body, "sha256", mugai_json_string (sha256));
  json_object_set_new (body, "size_bytes", json_integer ((json_int_t) g_bytes_get_size (content)));
  json_object_set_new (body, "output", mugai_json_string (options->output));
  g_autoptr (MugaiJson) answer = mugai_cli_act (options, "quarantine export", "export", id, body, ret_status);
  return answer != NULL;
}

/* (transfer full): what the record says the part's bytes are; NULL: no such part. */
static char *find_part_sha256 (json_t *record, const char *path) {
  json_t *part;
  size_t i;

  json_array_foreach (json_object_get (record, "parts"), i, part) {
    if (strcmp (text_at (part, "path"), path) == 0)
      return g_strdup (text_at (part, "sha256"));
  }
  return NULL;
}

static GBytes *extract_in (MugaiWorker *worker, int message_fd, const char *path, GError **error) {
  MugaiSteps *steps = mugai_worker_steps (worker, g_get_monotonic_time () + EXTRACT_S * G_USEC_PER_SEC);
  g_autoptr (MugaiFacts) facts = NULL;
  g_autofree char *words = NULL;

  if (!steps->inspect (steps->self, message_fd, &facts, &words, error))
    return NULL;
  if (facts != NULL)
    return mugai_worker_extract (worker, path, error);
  g_set_error (error, MUGAI_QUARANTINE_ERROR, MUGAI_QUARANTINE_ERROR_CORRUPT, "the message cannot be read: %s", words);
  return NULL;
}

/* The sender's bytes are read by a sandboxed child, never here. */
static GBytes *extract_part (GBytes *message, const char *path, GError **error) {
  char *scratch = mugai_scratch_new (NULL, error);
  if (scratch == NULL)
    return NULL;
  const MugaiSandboxOptions sandbox = { .scratch = scratch,
                                        .scratch_bytes = EXTRACT_SCRATCH_BYTES,
                                        .memory_bytes = EXTRACT_MEMORY_BYTES,
                                        .cpu_s = EXTRACT_CPU_S };
  GBytes *content = NULL;
  g_auto (MugaiFd) message_fd = mugai_offline_seal (message, error);
  g_autoptr (MugaiScanner) scanner = message_fd >= 0 ? mugai_scanner_new (NULL, scratch, NULL, error) : NULL;
  MugaiWorker *worker = scanner != NULL ? mugai_worker_spawn (scanner, &sandbox, error) : NULL;

  if (worker != NULL)
    content = extract_in (worker, message_fd, path, error);
  mugai_worker_close (worker);
  mugai_scratch_free (scratch);
  return content;
}

/* (transfer full): the part, with the very SHA-256 that the record has for it. */
static GBytes *take_part (MugaiQuarantine *quarantine, const char *id, GBytes *message, const char *path,
                          GError **error) {
  g_autoptr (MugaiJson) record = mugai_quarantine_record (quarantine, id, error);
  g_autofree char *wanted = record != NULL ? find_part_sha256 (record, path) : NULL;

  if (record == NULL)
    return NULL;
  if (wanted == NULL) {
    g_set_error (error, MUGAI_QUARANTINE_ERROR, MUGAI_QUARANTINE_ERROR_NOT_FOUND, "no part %s in %s", path, id);
    return NULL;
  }
  g_autoptr (GBytes) content = extract_part (message, path, error);
  if (content == NULL)
    return NULL;
  g_autofree char *sha256 = mugai_sha256_hex (g_bytes_get_data (content, NULL), g_bytes_get_size (content));
  if (strcmp (sha256, wanted) == 0)
    return g_steal_pointer (&content);
  g_set_error (error, MUGAI_QUARANTINE_ERROR, MUGAI_QUARANTINE_ERROR_CORRUPT,
               "part %s of %s is not the one on the record: SHA-256 %s, not %s", path, id, sha256, wanted);
  return NULL;
}

static int write_output (const char *output, GBytes *content) {
  g_autoptr (GError) error = NULL;
  gboolean to_file = output != NULL && strcmp (output, "-") != 0;
  g_auto (MugaiFd) file_fd = to_file ? open (output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;

  if (to_file && file_fd < 0)
    return mugai_cli_fail (EX_CANTCREAT, "quarantine export", "%s: %s", output, g_strerror (errno));
  gsize length_bytes = 0;
  const void *data = g_bytes_get_data (content, &length_bytes);
  if (mugai_fd_write_all (to_file ? file_fd : STDOUT_FILENO, data, length_bytes, &error))
    return 0;
  if (to_file)
    (void) g_unlink (output);
  return mugai_cli_fail (EX_IOERR, "quarantine export", "%s", error->message);
}

static int export_item (const Options *options, const char *id) {
  g_autoptr (GError) error = NULL;
  int status = 0;

  if ((options->output == NULL || strcmp (options->output, "-") == 0) && isatty (STDOUT_FILENO))
    return mugai_cli_fail (EX_USAGE, "quarantine export", "%s",
                           MUGAI_CLI_WORDS ("原本は端末に出力できません。-o FILE を指定してください",
                                            "not to a terminal: say -o FILE"));
  g_autoptr (MugaiQuarantine) quarantine = mugai_cli_open_store (options, "quarantine export", &status);
  if (quarantine == NULL)
    return status;
  g_autoptr (GBytes) message = mugai_quarantine_original (quarantine, id, &error);
  if (message == NULL)
    return mugai_cli_fail_store ("quarantine export", error);
  g_autoptr (GBytes) content =
      options->part != NULL ? take_part (quarantine, id, message, options->part, &error) : g_bytes_ref (message);
  if (content == NULL)
    return mugai_cli_fail_store ("quarantine export", error);
  if (!log_export (options, id, content, &status))
    return status;
  return write_output (options->output, content);
}

/* ---- the commands ---- */

static const struct {
  const char *name, *argument; /* NULL: none */
  int (*run) (const MugaiCliQuarantine *options, const char *argument);
  const char *ja, *en;
} commands[] = {
  { "list", NULL, list, "一覧を表示します", "lists items, newest first" },
  { "show", "ID", show, "1 件の記録と経過を表示します", "one item: its record and history" },
  { "request", "ID", mugai_cli_quarantine_request, "解除を申請します", "asks for a release" },
  { "approve", "ID", mugai_cli_quarantine_approve, "申請を承認します（申請者とは別の人）",
    "approves it: not who asked; for class high two" },
  { "refuse", "ID", mugai_cli_quarantine_refuse, "申請を却下します", "refuses it" },
  { "release", "ID", mugai_cli_quarantine_release, "承認されたメールを送ります", "sends what was approved" },
  { "recall", "ID", mugai_cli_quarantine_recall, "送信を取り消します（差出人）",
    "the sender takes a waiting mail back" },
  { "send-due", NULL, mugai_cli_quarantine_send_due, "待ち時間が過ぎたメールを送ります",
    "sends what a delay has let go (a timer does)" },
  { "delete", "ID", mugai_cli_quarantine_delete, "廃棄し、鍵を破壊します", "disposes of it: its key is destroyed" },
  { "hold", "ID", mugai_cli_quarantine_hold, "保全します（--end で終了）", "legal hold (--end ends it)" },
  { "extend", "ID", mugai_cli_quarantine_extend, "保存期間を延長します", "keeps it longer: --days from now" },
  { "export", "ID", export_item, "原本または部分を取り出します", "takes out the original or a part" },
  { "disposals", NULL, mugai_cli_quarantine_disposals, "廃棄の一覧（--month）", "what was disposed of in a --month" },
  { "verify", NULL, mugai_cli_quarantine_verify, "すべての項目を検証します（--repair で索引を修復）",
    "proves every item (--repair mends the index)" },
  { "backup", "DIR", mugai_cli_quarantine_backup, "DIR へバックアップします", "backs up to DIR" },
  { "restore", "DIR", mugai_cli_quarantine_restore, "DIR から空の隔離領域へ復元します",
    "restores DIR into an empty store" },
  { "rotate-key", NULL, mugai_cli_quarantine_rotate, "マスター鍵を切り替えます", "a new master key" },
};

static void print_usage (FILE *out) {
  fputs (MUGAI_CLI_WORDS ("使い方:\n", "Usage:\n"), out);
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    fprintf (out, "  mugai quarantine %-10s %-3s  %s\n", commands[i].name,
             commands[i].argument != NULL ? commands[i].argument : "",
             MUGAI_CLI_WORDS (commands[i].ja, commands[i].en));
  fputs (MUGAI_CLI_WORDS (
             "\n共通: --config FILE（既定 " MUGAI_CLI_DEFAULT_CONFIG "）または --store DIR\n"
             "表示と取り出しを含め、行ったことは監査記録に残ります。記録できないときは行いません\n",
             "\nAll: --config FILE (default " MUGAI_CLI_DEFAULT_CONFIG ") or --store DIR\n"
             "Every act, a look and an export too, is put on the audit chain; what cannot be recorded is not done.\n"),
         out);
}

static gboolean parse (Options *options, int *argc, char ***argv, const char *name, const char *argument,
                       GError **error) {
  const GOptionEntry entries[] = {
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &options->config_path, "mugai.yaml (" MUGAI_CLI_DEFAULT_CONFIG ")",
      "FILE" },
    { "store", 0, 0, G_OPTION_ARG_FILENAME, &options->store,
      MUGAI_CLI_WORDS ("隔離領域のフォルダ", "folder of the quarantine"), "DIR" },
    { "keys", 0, 0, G_OPTION_ARG_FILENAME, &options->keys, MUGAI_CLI_WORDS ("鍵のフォルダ", "folder of the keys"),
      "DIR" },
    { "since", 0, 0, G_OPTION_ARG_FILENAME, &options->since,
      MUGAI_CLI_WORDS ("この日時以降（2026-11-21T09 など）", "from then on (2026-11-21T09, ...)"), "TIME" },
    { "until", 0, 0, G_OPTION_ARG_FILENAME, &options->until, MUGAI_CLI_WORDS ("この日時まで", "until then"), "TIME" },
    { "text", 0, 0, G_OPTION_ARG_FILENAME, &options->text,
      MUGAI_CLI_WORDS ("アドレス、件名、ID に含まれる文字列", "in an address, the subject, an id"), "TEXT" },
    { "state", 0, 0, G_OPTION_ARG_FILENAME, &options->state,
      MUGAI_CLI_WORDS ("この状態だけ",
                       "held, requested, approved, queued, failed, done, refused, delayed, recalled, deleted, expired"),
      "STATE" },
    { "limit", 0, 0, G_OPTION_ARG_INT, &options->limit, MUGAI_CLI_WORDS ("件数", "how many"), "N" },
    { "offset", 0, 0, G_OPTION_ARG_INT, &options->offset, MUGAI_CLI_WORDS ("読み飛ばす件数", "skip so many"), "N" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &options->json, MUGAI_CLI_WORDS ("JSON で出力", "JSON for programs"), NULL },
    { "part", 0, 0, G_OPTION_ARG_FILENAME, &options->part,
      MUGAI_CLI_WORDS ("取り出す部分（1.2 など）", "the part to take out (1.2, ...)"), "PATH" },
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &options->output, MUGAI_CLI_WORDS ("出力ファイル", "file to write"),
      "FILE" },
    { "reason", 0, 0, G_OPTION_ARG_FILENAME, &options->reason, MUGAI_CLI_WORDS ("理由", "why"), "TEXT" },
    { "to", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->to,
      MUGAI_CLI_WORDS ("この宛先だけ（既定は全員）", "only to this recipient (all)"), "ADDR" },
    { "as", 0, 0, G_OPTION_ARG_FILENAME, &options->form,
      MUGAI_CLI_WORDS ("original、attachment、text のいずれか", "original, attachment or text"), "FORM" },
    { "days", 0, 0, G_OPTION_ARG_INT, &options->days, MUGAI_CLI_WORDS ("日数", "days from now"), "N" },
    { "month", 0, 0, G_OPTION_ARG_FILENAME, &options->month, MUGAI_CLI_WORDS ("月", "the month"), "YYYY-MM" },
    { "repair", 0, 0, G_OPTION_ARG_NONE, &options->repair,
      MUGAI_CLI_WORDS ("索引を修復", "mend the index from the blobs"), NULL },
    { "again", 0, 0, G_OPTION_ARG_NONE, &options->again,
      MUGAI_CLI_WORDS ("結果が不明なものも再送", "send again what may have arrived"), NULL },
    { "end", 0, 0, G_OPTION_ARG_NONE, &options->end, MUGAI_CLI_WORDS ("保全を終了", "end the legal hold"), NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new (argument);
  g_autofree char *program = g_strdup_printf ("mugai quarantine %s", name);

  g_set_prgname (program);
  g_option_context_add_main_entries (context, entries, NULL);
  return g_option_context_parse (context, argc, argv, error);
}

static int run (gsize which, int argc, char **argv) {
  g_auto (MugaiCliQuarantine) options = { .limit = DEFAULT_ITEMS };
  g_autoptr (GError) error = NULL;
  const char *argument = commands[which].argument;

  if (!parse (&options, &argc, &argv, commands[which].name, argument, &error))
    return mugai_cli_fail (EX_USAGE, "quarantine", "%s", error->message);
  if (options.limit < 1 || options.offset < 0 || argc != (argument == NULL ? 1 : 2))
    return mugai_cli_fail (EX_USAGE, "quarantine", "%s", MUGAI_CLI_WORDS ("引数が正しくありません", "wrong arguments"));
  if (!find_store (&options, &error))
    return mugai_cli_fail (EX_CONFIG, "quarantine", "%s", error->message);
  return commands[which].run (&options, argument != NULL ? argv[1] : NULL);
}

int mugai_cli_quarantine (int argc, char **argv) {
  const char *name = argc > 1 ? argv[1] : NULL;

  if (g_strcmp0 (name, "--help") == 0 || g_strcmp0 (name, "-h") == 0) {
    print_usage (stdout);
    return 0;
  }
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    if (g_strcmp0 (name, commands[i].name) == 0)
      return run (i, argc - 1, argv + 1);
  print_usage (stderr);
  return EX_USAGE;
}
