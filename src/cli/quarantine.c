/* SPDX-License-Identifier: GPL-2.0-only
 *
 * cli/quarantine: mugai quarantine list, show and export.
 *
 * list and show read the index only. export hands out the original as received, or one part of it; a part is taken out by a
 * sandboxed worker, and is handed out only when it has the SHA-256 of the record. An export is an act on the audit
 * chain, before the first byte leaves. Hostile bytes never go to a terminal.
 */
#include "mugai/quarantine.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include <glib/gstdio.h>

#include "mugai/base/base.h"
#include "mugai/base/config.h"
#include "mugai/base/fd.h"
#include "mugai/base/unicode.h"
#include "mugai/keeper.h"
#include "mugai/worker.h"

#include "cli.h"
#include "words.h"

#define DEFAULT_CONFIG "/etc/mugai/mugai.yaml"
#define DEFAULT_ITEMS 50
#define EXTRACT_S 60 /* a person waits */
#define EXTRACT_CPU_S 60u
#define EXTRACT_SCRATCH_BYTES (512u * 1024 * 1024)
#define KEEPER_WAIT_MS 2000
#define NO_LOGIN_UID 4294967295u

#if defined(__SANITIZE_ADDRESS__)
#define EXTRACT_MEMORY_BYTES 0 /* its shadow is larger than any limit */
#else
#define EXTRACT_MEMORY_BYTES (G_GUINT64_CONSTANT (2) * 1024 * 1024 * 1024)
#endif

typedef struct {
  char *config, *store, *since, *text, *part, *output;
  char *keeper_socket; /* NULL: no configuration, so no keeper to tell */
  int limit;
  gboolean json;
} Options;

static void options_clear (Options *options) {
  g_free (options->config);
  g_free (options->store);
  g_free (options->since);
  g_free (options->text);
  g_free (options->part);
  g_free (options->output);
  g_free (options->keeper_socket);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static void print_usage (FILE *out) {
  fputs (MUGAI_CLI_WORDS ("使い方:\n"
                          "  mugai quarantine list [--since 日時] [--text 文字列] [--limit 件数] [--json]\n"
                          "  mugai quarantine show ID [--json]\n"
                          "  mugai quarantine export ID [--part PATH] [-o FILE]\n\n"
                          "共通: --config FILE（既定 " DEFAULT_CONFIG "）または --store DIR\n"
                          "export は監査記録に残ります\n",
                          "Usage:\n"
                          "  mugai quarantine list [--since TIME] [--text TEXT] [--limit N] [--json]\n"
                          "  mugai quarantine show ID [--json]\n"
                          "  mugai quarantine export ID [--part PATH] [-o FILE]\n\n"
                          "All: --config FILE (default " DEFAULT_CONFIG ") or --store DIR\n"
                          "An export is put on the audit chain.\n"),
         out);
}

static gboolean parse (Options *options, int *argc, char ***argv, const char *name, GError **error) {
  const GOptionEntry entries[] = {
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &options->config, "mugai.yaml (" DEFAULT_CONFIG ")", "FILE" },
    { "store", 0, 0, G_OPTION_ARG_FILENAME, &options->store,
      MUGAI_CLI_WORDS ("隔離領域のフォルダ", "folder of the quarantine"), "DIR" },
    { "since", 0, 0, G_OPTION_ARG_FILENAME, &options->since,
      MUGAI_CLI_WORDS ("この日時以降（2026-11-21T09 など）", "from then on (2026-11-21T09, ...)"), "TIME" },
    { "text", 0, 0, G_OPTION_ARG_FILENAME, &options->text,
      MUGAI_CLI_WORDS ("アドレス、件名、ID に含まれる文字列", "in an address, the subject, an id"), "TEXT" },
    { "limit", 0, 0, G_OPTION_ARG_INT, &options->limit, MUGAI_CLI_WORDS ("件数", "how many"), "N" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &options->json, MUGAI_CLI_WORDS ("JSON で出力", "JSON for programs"), NULL },
    { "part", 0, 0, G_OPTION_ARG_FILENAME, &options->part,
      MUGAI_CLI_WORDS ("取り出す部分（1.2 など）", "the part to take out (1.2, ...)"), "PATH" },
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &options->output, MUGAI_CLI_WORDS ("出力ファイル", "file to write"),
      "FILE" },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new (strcmp (name, "list") == 0 ? NULL : "ID");
  g_autofree char *program = g_strdup_printf ("mugai quarantine %s", name);

  g_set_prgname (program);
  g_option_context_add_main_entries (context, entries, NULL);
  return g_option_context_parse (context, argc, argv, error);
}

/* Fills in store and keeper_socket from the configuration, where it is needed or asked for. */
static gboolean find_store (Options *options, GError **error) {
  if (options->store != NULL && options->config == NULL)
    return TRUE;
  g_autoptr (MugaiConfig) config =
      mugai_config_load (options->config != NULL ? options->config : DEFAULT_CONFIG, error);
  if (config == NULL)
    return FALSE;
  if (options->store == NULL)
    options->store = g_strdup (config->store);
  options->keeper_socket = mugai_config_keeper_socket (config);
  return TRUE;
}

static int fail_store (const char *name, const GError *error) {
  gboolean unknown = g_error_matches (error, MUGAI_QUARANTINE_ERROR, MUGAI_QUARANTINE_ERROR_NOT_FOUND);
  gboolean corrupt = g_error_matches (error, MUGAI_QUARANTINE_ERROR, MUGAI_QUARANTINE_ERROR_CORRUPT);

  return mugai_cli_fail (unknown ? EX_NOINPUT : corrupt ? EX_DATAERR : EX_IOERR, name, "%s", error->message);
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
  row[2] = g_strdup (item->action);
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
                                     { MUGAI_CLI_WORDS ("処理", "ACTION"), 0 },
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

static int list (MugaiQuarantine *quarantine, const Options *options) {
  MugaiQuarantineQuery query = { .since = options->since, .text = options->text, .limit = (guint) options->limit };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) items = mugai_quarantine_list (quarantine, &query, &error);

  if (items == NULL)
    return fail_store ("quarantine list", error);
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

static int show (MugaiQuarantine *quarantine, const Options *options, const char *id) {
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiJson) record = mugai_quarantine_record (quarantine, id, &error);

  if (record == NULL)
    return fail_store ("quarantine show", error);
  if (!options->json) {
    print_record (record);
    return 0;
  }
  g_autofree char *text = mugai_json_line (record);
  puts (text);
  return 0;
}

/* ---- export ---- */

/* (transfer full): who does this: the login's user where the kernel knows it, else who called sudo, else our own. */
char *mugai_cli_actor (void) {
  g_autofree char *text = NULL;
  guint64 uid = NO_LOGIN_UID;
  const char *sudo = g_getenv ("SUDO_UID");

  if (g_file_get_contents ("/proc/self/loginuid", &text, NULL, NULL))
    uid = g_ascii_strtoull (text, NULL, 10);
  if (uid == NO_LOGIN_UID && getuid () == 0 && sudo != NULL)
    uid = g_ascii_strtoull (sudo, NULL, 10);
  if (uid == NO_LOGIN_UID)
    uid = getuid ();
  const struct passwd *user = getpwuid ((uid_t) uid);
  return g_strdup_printf ("uid:%" G_GUINT64_FORMAT "%s%s", uid, user != NULL ? ":" : "",
                          user != NULL ? user->pw_name : "");
}

/* TRUE: on the chain, or there is no keeper at work; then standard error says that it is not on the record. */
static gboolean log_export (const Options *options, const char *id, GBytes *content, GError **error) {
  g_autofree char *actor = mugai_cli_actor ();
  g_autofree char *sha256 = mugai_sha256_hex (g_bytes_get_data (content, NULL), g_bytes_get_size (content));
  g_autoptr (MugaiJson) body = json_object ();
  g_autoptr (GError) cause = NULL;

  json_object_set_new (body, "quarantine_id", mugai_json_string (id));
  json_object_set_new (body, "part", mugai_json_string (options->part));
  json_object_set_new (body, "sha256", mugai_json_string (sha256));
  json_object_set_new (body, "size_bytes", json_integer ((json_int_t) g_bytes_get_size (content)));
  json_object_set_new (body, "output", mugai_json_string (options->output));
  if (options->keeper_socket != NULL
      && mugai_keeper_log_act (options->keeper_socket, "export", actor, body, KEEPER_WAIT_MS, &cause))
    return TRUE;
  if (cause != NULL && !g_error_matches (cause, MUGAI_KEEPER_ERROR, MUGAI_KEEPER_ERROR_GONE)) {
    g_propagate_error (error, g_steal_pointer (&cause));
    return FALSE;
  }
  (void) mugai_cli_fail (0, "quarantine export", "%s",
                         MUGAI_CLI_WORDS ("警告: keeper に接続できないため、監査記録に残りません",
                                          "warning: no keeper: this export is not on the audit chain"));
  return TRUE;
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

static int make_message_fd (GBytes *message, GError **error) {
  g_auto (MugaiFd) fd = mugai_fd_new_memory ("mugai-export", error);

  if (fd < 0 || !mugai_fd_write_all (fd, g_bytes_get_data (message, NULL), g_bytes_get_size (message), error)
      || !mugai_fd_seal (fd, error))
    return -1;
  return mugai_fd_steal (&fd);
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
  g_autofree char *scratch = g_dir_make_tmp ("mugai-export-XXXXXX", error);
  if (scratch == NULL)
    return NULL;
  const MugaiSandboxOptions sandbox = { .scratch = scratch,
                                        .scratch_bytes = EXTRACT_SCRATCH_BYTES,
                                        .memory_bytes = EXTRACT_MEMORY_BYTES,
                                        .cpu_s = EXTRACT_CPU_S };
  GBytes *content = NULL;
  g_auto (MugaiFd) message_fd = make_message_fd (message, error);
  g_autoptr (MugaiScanner) scanner = message_fd >= 0 ? mugai_scanner_new (NULL, scratch, NULL, error) : NULL;
  MugaiWorker *worker = scanner != NULL ? mugai_worker_spawn (scanner, &sandbox, error) : NULL;

  if (worker != NULL)
    content = extract_in (worker, message_fd, path, error);
  mugai_worker_close (worker);
  (void) g_rmdir (scratch);
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

static int export_item (MugaiQuarantine *quarantine, const Options *options, const char *id) {
  g_autoptr (GError) error = NULL;

  if ((options->output == NULL || strcmp (options->output, "-") == 0) && isatty (STDOUT_FILENO))
    return mugai_cli_fail (EX_USAGE, "quarantine export", "%s",
                           MUGAI_CLI_WORDS ("原本は端末に出力できません。-o FILE を指定してください",
                                            "not to a terminal: say -o FILE"));
  g_autoptr (GBytes) message = mugai_quarantine_original (quarantine, id, &error);
  if (message == NULL)
    return fail_store ("quarantine export", error);
  g_autoptr (GBytes) content =
      options->part != NULL ? take_part (quarantine, id, message, options->part, &error) : g_bytes_ref (message);
  if (content == NULL)
    return fail_store ("quarantine export", error);
  if (!log_export (options, id, content, &error))
    return mugai_cli_fail (EX_TEMPFAIL, "quarantine export", "%s", error->message);
  return write_output (options->output, content);
}

/* ---- the command ---- */

static int run (const char *name, int argc, char **argv) {
  g_auto (Options) options = { .limit = DEFAULT_ITEMS };
  g_autoptr (GError) error = NULL;
  gboolean listing = strcmp (name, "list") == 0;

  if (!parse (&options, &argc, &argv, name, &error))
    return mugai_cli_fail (EX_USAGE, "quarantine", "%s", error->message);
  if (options.limit < 1 || argc != (listing ? 1 : 2))
    return mugai_cli_fail (EX_USAGE, "quarantine", "%s", MUGAI_CLI_WORDS ("引数が正しくありません", "wrong arguments"));
  if (!find_store (&options, &error))
    return mugai_cli_fail (EX_CONFIG, "quarantine", "%s", error->message);
  g_autoptr (MugaiQuarantine) quarantine = mugai_quarantine_open (options.store, TRUE, &error);
  if (quarantine == NULL)
    return mugai_cli_fail (EX_IOERR, "quarantine", "%s", error->message);
  if (listing)
    return list (quarantine, &options);
  return strcmp (name, "show") == 0 ? show (quarantine, &options, argv[1])
                                    : export_item (quarantine, &options, argv[1]);
}

int mugai_cli_quarantine (int argc, char **argv) {
  const char *name = argc > 1 ? argv[1] : NULL;

  if (g_strcmp0 (name, "--help") == 0 || g_strcmp0 (name, "-h") == 0) {
    print_usage (stdout);
    return 0;
  }
  if (g_strcmp0 (name, "list") == 0 || g_strcmp0 (name, "show") == 0 || g_strcmp0 (name, "export") == 0)
    return run (name, argc - 1, argv + 1);
  print_usage (stderr);
  return EX_USAGE;
}
