/* SPDX-License-Identifier: GPL-2.0-only
 *
 * base/config: reads mugai.yaml: one flat mapping of known keys to plain values.
 *
 * base/yaml makes the tree and refuses what no file of ours may hold; this file keeps the table of keys, reads each value
 * by its type and range, and every mistake is named before it gives up. Invariant: a configuration that was handed out is
 * complete and in range. Threads: any.
 */
#include "mugai/base/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>

#include <gio/gio.h>

#include "mugai/base/base.h"
#include "mugai/base/fd.h"
#include "mugai/base/yaml.h"

#define MAX_FILE_BYTES (1024u * 1024) /* ours is two pages; more is another file by mistake */
#define MAX_SOCKET_PATH_BYTES 107u    /* sockaddr_un */
#define OUR_SOCKET_NAME_BYTES 16u     /* room for the names below the runtime folder */

G_DEFINE_QUARK (mugai - config - error - quark, mugai_config_error)

typedef enum {
  TYPE_TEXT,
  TYPE_PATH,     /* relative to the file's folder */
  TYPE_SOCKET,   /* as libmilter writes it */
  TYPE_NUMBER,   /* guint */
  TYPE_MODE,     /* guint, written in octal */
  TYPE_DURATION, /* guint [ms] */
  TYPE_SIZE      /* guint64 [bytes] */
} Type;

typedef struct {
  const char *name;
  Type type;
  gsize offset;
  const char *standard; /* the default, as it would be written */
  guint64 min, max;     /* of numbers; for text: a max of 0 says that "" is allowed */
  const char *en, *ja;
} Key;

#define AT(field) offsetof (MugaiConfig, field)
#define MAY_BE_EMPTY 0, 0
#define NOT_EMPTY 1, 1
#define MIB (G_GUINT64_CONSTANT (1) << 20)
#define GIB (G_GUINT64_CONSTANT (1) << 30)

/* clang-format off */
static const Key keys[] = {
  { "milter_socket", TYPE_SOCKET, AT (milter_socket), "unix:/run/mugai/milter.sock", NOT_EMPTY,
    "where the MTA finds us: unix:/path, inet:port@host or inet6:port@host", "MTA が接続するソケット" },
  { "milter_socket_group", TYPE_TEXT, AT (milter_socket_group), "", MAY_BE_EMPTY,
    "group that may connect to a unix milter socket (the MTA's); \"\": not changed", "milter ソケットに接続できるグループ" },
  { "milter_socket_mode", TYPE_MODE, AT (milter_socket_mode), "0660", 0, 0777,
    "permissions of a unix milter socket, octal", "milter ソケットのパーミッション（8 進）" },
  { "runtime_directory", TYPE_PATH, AT (runtime_directory), "/run/mugai", NOT_EMPTY,
    "our own sockets, scratch folders, status", "内部ソケット、作業領域、状態を置くフォルダ" },
  { "policy", TYPE_PATH, AT (policy), "/etc/mugai/policy/default.yaml", NOT_EMPTY,
    "policy file of the security staff", "セキュリティ担当者のポリシーファイル" },
  { "signatures", TYPE_PATH, AT (signatures), "/var/lib/clamav", MAY_BE_EMPTY,
    "folder of the ClamAV signatures; \"\": none, then the policy's row scanner-missing holds", "ClamAV 定義ファイルのフォルダ" },
  { "signatures_alarm", TYPE_DURATION, AT (signatures_alarm_ms), "24h", 60000, 1000 * 3600000u,
    "an alarm when the newest signatures are older", "定義ファイルがこれより古いと警報を出す" },
  { "store", TYPE_PATH, AT (store), "/var/lib/mugai/quarantine", NOT_EMPTY,
    "quarantine: originals and their index", "隔離領域（原本と索引）" },
  { "audit", TYPE_PATH, AT (audit), "/var/lib/mugai/audit", NOT_EMPTY,
    "audit chain, one file a day", "監査記録（1 日 1 ファイル）" },
  { "keys", TYPE_PATH, AT (keys), "", MAY_BE_EMPTY,
    "folder of the master and signing keys, never backed up with the store; \"\": the store's path with .keys at its end", "鍵を置くフォルダ（隔離領域と一緒にバックアップしない）" },
  { "accounts", TYPE_PATH, AT (accounts), "/etc/mugai/accounts", MAY_BE_EMPTY,
    "who may ask for and approve releases: lines of LOGIN ROLE[,ROLE] UNIT", "解除の申請と承認ができる人の一覧" },
  { "release_listener", TYPE_TEXT, AT (release_listener), "127.0.0.1:10027", NOT_EMPTY,
    "ADDRESS:PORT of the MTA's listener for releases, with milter_macro_daemon_name=mugai-release", "解除したメールを受け取る MTA の待ち受け" },
  { "kept_normal", TYPE_NUMBER, AT (kept_normal_days), "90", 1, 36500,
    "days an item is kept", "隔離したメールの保存日数" },
  { "kept_high", TYPE_NUMBER, AT (kept_high_days), "180", 1, 36500,
    "days an item is kept that could not be looked into whole", "検査しきれなかったメールの保存日数" },
  { "kept_infected", TYPE_NUMBER, AT (kept_infected_days), "30", 1, 36500,
    "days an infected item is kept", "感染したメールの保存日数" },
  { "kept_audit", TYPE_NUMBER, AT (kept_audit_days), "400", 1, 36500,
    "days the audit chain is kept", "監査記録の保存日数" },
  { "kept_backup", TYPE_NUMBER, AT (kept_backup_days), "35", 1, 36500,
    "days backups of the store are kept; a replaced master key is destroyed after them", "隔離領域のバックアップの保存日数" },
  { "user", TYPE_TEXT, AT (user), "mugai", MAY_BE_EMPTY,
    "user of the fronts; \"\": the one that started us", "フロントの実行ユーザー" },
  { "keeper_user", TYPE_TEXT, AT (keeper_user), "mugai-keep", MAY_BE_EMPTY,
    "user of the keeper, owner of store and audit; \"\": the one that started us", "キーパーの実行ユーザー" },
  { "scan_user", TYPE_TEXT, AT (scan_user), "mugai-scan", MAY_BE_EMPTY,
    "user of zygote and workers; \"\": the one that started us", "検査プロセスの実行ユーザー" },
  { "alarm_hook", TYPE_PATH, AT (alarm_hook), "", MAY_BE_EMPTY,
    "program run for each alarm; \"\": none", "警報時に実行するプログラム" },
  { "fronts", TYPE_NUMBER, AT (fronts), "2", 1, 64,
    "front processes that share the milter socket", "フロントのプロセス数" },
  { "workers", TYPE_NUMBER, AT (workers), "8", 1, 256,
    "sandboxed workers, each for one mail at a time", "検査ワーカーの数" },
  { "worker_messages", TYPE_NUMBER, AT (worker_messages), "100", 1, 100000,
    "mails a worker serves before it is replaced", "ワーカーを入れ替えるまでの通数" },
  { "worker_cached", TYPE_NUMBER, AT (worker_cached), "8192", 0, 1000000,
    "objects found clean that a worker remembers, 128 bytes each; 0: none, all is scanned anew", "ワーカーが覚える検査済みデータの数" },
  { "wait", TYPE_DURATION, AT (wait_ms), "5s", 100, 60000,
    "a mail waits so long for an idle worker, then 4xx", "空きワーカーを待つ時間" },
  { "first_worker", TYPE_DURATION, AT (first_worker_ms), "25s", 1000, 600000,
    "time for the first worker of a mail", "最初のワーカーに与える時間" },
  { "total", TYPE_DURATION, AT (total_ms), "60s", 2000, 1200000,
    "from end-of-message to answer", "メール受信完了から応答までの時間" },
  { "max_sessions", TYPE_NUMBER, AT (max_sessions), "200", 1, 10000,
    "SMTP sessions in one front; over it 451 4.3.2", "フロント 1 つあたりの同時セッション数" },
  { "max_spool", TYPE_SIZE, AT (max_spool_bytes), "1GiB", MIB, 1024 * GIB,
    "bytes spooled in one front, all sessions together; over it 451 4.3.2", "フロント 1 つが保持する受信データの合計" },
  { "max_waiting", TYPE_NUMBER, AT (max_waiting), "100", 1, 10000,
    "mails waiting for a worker in one front; over it 451 4.3.2", "ワーカー待ちメールの上限" },
  { "scratch", TYPE_SIZE, AT (scratch_bytes), "512MiB", MIB, 64 * GIB,
    "scratch folder of one worker", "ワーカー 1 つの作業領域" },
  { "worker_memory", TYPE_SIZE, AT (worker_memory_bytes), "1GiB", 64 * MIB, 64 * GIB,
    "memory of one worker beyond the loaded signatures", "ワーカー 1 つのメモリ（定義ファイル分を除く）" },
  { "read_depth", TYPE_NUMBER, AT (read_depth), "16", 2, 16,
    "mails and multiparts inside each other; beyond it the mail is not fully read, and ambiguous", "入れ子の深さの上限" },
  { "read_parts", TYPE_NUMBER, AT (read_parts), "500", 10, 2000,
    "parts of one mail; what is beyond it is not read", "1 通の部品の数の上限" },
  { "read_headers", TYPE_NUMBER, AT (read_headers), "1000", 50, 1000,
    "header fields of one mail or part; what is beyond it is not read", "ヘッダーの数の上限" },
  { "read_header", TYPE_SIZE, AT (read_header_bytes), "256KiB", 16 * 1024, 256 * 1024,
    "header of one mail or part; what is beyond it is not read", "ヘッダー全体の大きさの上限" },
  { "read_decoded", TYPE_SIZE, AT (read_decoded_bytes), "200MiB", MIB, 200 * MIB,
    "all parts of a mail together, decoded; what is beyond it is not read", "展開した部品の合計の上限" },
  { "stop", TYPE_DURATION, AT (stop_ms), "30s", 1000, 600000,
    "SIGTERM: sessions in hand get so long to finish", "停止時に処理中のセッションを待つ時間" },
};
/* clang-format on */

typedef struct {
  char *folder;
  MugaiYamlProblems problems;
  const MugaiYamlNode *given[G_N_ELEMENTS (keys)]; /* values by their keys; NULL: the default stands */
  MugaiConfig *config;
} Reading;

/* ---- values ---- */

typedef struct {
  const char *suffix;
  guint64 factor;
} Unit;

static const Unit duration_units[] = { { "ms", 1 }, { "s", 1000 }, { "min", 60000 }, { "h", 3600000 }, { NULL, 0 } };
static const Unit size_units[] = { { "B", 1 }, { "KiB", 1024 }, { "MiB", MIB }, { "GiB", GIB }, { NULL, 0 } };
static const Unit no_units[] = { { "", 1 }, { NULL, 0 } };

static const Unit *units_of (Type type) {
  return type == TYPE_DURATION ? duration_units : type == TYPE_SIZE ? size_units : no_units;
}

static gboolean read_number (const Key *key, const char *text, guint64 *ret_value) {
  char *end = NULL;

  if (!g_ascii_isdigit (text[0]))
    return FALSE;
  errno = 0;
  guint64 number = g_ascii_strtoull (text, &end, key->type == TYPE_MODE ? 8 : 10);
  if (errno != 0)
    return FALSE;
  for (const Unit *unit = units_of (key->type); unit->suffix != NULL; unit++) {
    if (strcmp (end, unit->suffix) == 0 && number <= G_MAXUINT64 / unit->factor) {
      *ret_value = number * unit->factor;
      return TRUE;
    }
  }
  return FALSE;
}

static char *write_number (const Key *key, guint64 value) {
  const Unit *best = units_of (key->type);

  if (key->type == TYPE_MODE)
    return g_strdup_printf ("%04" G_GINT64_MODIFIER "o", value);
  for (const Unit *unit = best; unit->suffix != NULL; unit++) {
    if (value >= unit->factor && value % unit->factor == 0)
      best = unit;
  }
  return g_strdup_printf ("%" G_GUINT64_FORMAT "%s", value / best->factor, best->suffix);
}

static const char *wanted (Type type, gboolean japanese) {
  switch (type) {
  case TYPE_NUMBER:
    return japanese ? "数" : "a whole number";
  case TYPE_MODE:
    return japanese ? "0660 のような八進数" : "an octal number such as 0660";
  case TYPE_DURATION:
    return japanese ? "500ms、5s、2min、1h のような単位つきの時間" : "a duration with its unit: 500ms, 5s, 2min, 1h";
  case TYPE_SIZE:
    return japanese ? "512KiB、20MiB、1GiB のような単位つきの大きさ" : "a size with its unit: 512KiB, 20MiB, 1GiB";
  default:
    return japanese ? "文" : "a text";
  }
}

static void store_number (Reading *reading, const Key *key, guint64 value) {
  char *place = (char *) reading->config + key->offset;

  if (key->type == TYPE_SIZE)
    *(guint64 *) (void *) place = value;
  else
    *(guint *) (void *) place = (guint) value;
}

static void take_number (Reading *reading, const Key *key, const char *text, const MugaiYamlNode *node) {
  guint64 value = 0;

  if (!read_number (key, text, &value)) {
    mugai_yaml_problem_at (&reading->problems, node, "%s：「%s」ではなく、%s と書いてください", "%s: \"%s\" is not %s",
                           key->name, text, wanted (key->type, reading->problems.japanese));
    return;
  }
  if (value < key->min || value > key->max) {
    g_autofree char *min = write_number (key, key->min), *max = write_number (key, key->max);
    mugai_yaml_problem_at (&reading->problems, node, "%s：%s は範囲の外です（%s から %s まで）",
                           "%s: %s is out of range: %s to %s", key->name, text, min, max);
    return;
  }
  store_number (reading, key, value);
}

/* Relative paths are the file's neighbours, so that a test or a demonstration can be moved as a whole. */
static char *resolve (const Reading *reading, const char *path) {
  return path[0] == '\0' ? g_strdup ("") : g_canonicalize_filename (path, reading->folder);
}

/* Returns: (transfer full): the socket with an absolute path; NULL: not one that libmilter knows. */
static char *resolve_socket (const Reading *reading, const char *text) {
  gsize prefix_bytes = g_str_has_prefix (text, "unix:") ? 5 : g_str_has_prefix (text, "local:") ? 6 : 0;

  if (prefix_bytes > 0 && text[prefix_bytes] != '\0') {
    g_autofree char *path = resolve (reading, text + prefix_bytes);
    return strlen (path) > MAX_SOCKET_PATH_BYTES ? NULL : g_strconcat ("unix:", path, NULL);
  }
  gsize inet_bytes = g_str_has_prefix (text, "inet:") ? 5 : g_str_has_prefix (text, "inet6:") ? 6 : 0;
  if (inet_bytes == 0)
    return NULL;
  char *end = NULL;
  guint64 port = g_ascii_strtoull (text + inet_bytes, &end, 10);
  gboolean whole = g_ascii_isdigit (text[inet_bytes]) && (*end == '\0' || (*end == '@' && end[1] != '\0'));
  return whole && port >= 1 && port <= 65535 ? g_strdup (text) : NULL;
}

static void take_text (Reading *reading, const Key *key, const char *text, const MugaiYamlNode *node) {
  char **place = (char **) (void *) ((char *) reading->config + key->offset);
  char *value;

  if (text[0] == '\0' && key->max != 0) {
    mugai_yaml_problem_at (&reading->problems, node, "%s：空にはできません", "%s: must not be empty", key->name);
    return;
  }
  value = key->type == TYPE_PATH     ? resolve (reading, text)
          : key->type == TYPE_SOCKET ? resolve_socket (reading, text)
                                     : g_strdup (text);
  if (value == NULL) {
    mugai_yaml_problem_at (&reading->problems, node,
                           "%s：unix:/path（%uバイトまで）、inet:port@host、inet6:port@host のどれかで書いてください",
                           "%s: write unix:/path (at most %u bytes), inet:port@host or inet6:port@host", key->name,
                           MAX_SOCKET_PATH_BYTES);
    return;
  }
  g_free (*place);
  *place = value;
}

static gboolean is_number (Type type) {
  return type == TYPE_NUMBER || type == TYPE_MODE || type == TYPE_DURATION || type == TYPE_SIZE;
}

static void take_value (Reading *reading, const Key *key, const char *text, const MugaiYamlNode *node) {
  if (is_number (key->type))
    take_number (reading, key, text, node);
  else
    take_text (reading, key, text, node);
}

static void take_defaults (Reading *reading) {
  static const MugaiYamlNode nowhere = { 0 };

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    take_value (reading, &keys[i], keys[i].standard, &nowhere);
}

/* What no single key can say. */
static void check_together (Reading *reading, const MugaiYamlFile *file) {
  const MugaiConfig *config = reading->config;
  guint line = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++) {
    if (reading->given[i] != NULL && keys[i].type == TYPE_DURATION)
      line = MAX (line, reading->given[i]->line);
  }
  if (config->wait_ms + config->first_worker_ms >= config->total_ms)
    mugai_yaml_problem_add (&reading->problems, file, MAX (line, 1), 1,
                            "wait と first_worker の合計で total を使い切り、二番目のワーカーの時間が残りません%s",
                            "wait and first_worker together leave nothing of total for a second worker%s", "");
  if (strlen (config->runtime_directory) + OUR_SOCKET_NAME_BYTES > MAX_SOCKET_PATH_BYTES)
    mugai_yaml_problem_add (&reading->problems, file, 1, 1,
                            "runtime_directory：%uバイトより長く、その中にソケットを作れません",
                            "runtime_directory: longer than %u bytes: sockets could not be made in it",
                            MAX_SOCKET_PATH_BYTES - OUR_SOCKET_NAME_BYTES);
}

/* ---- the tree ---- */

static const Key *find_key (Reading *reading, const MugaiYamlNode *node) {
  const char *words[G_N_ELEMENTS (keys) + 1] = { NULL };

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++) {
    if (strcmp (keys[i].name, node->text) == 0)
      return &keys[i];
    words[i] = keys[i].name;
  }
  const char *near = mugai_yaml_nearest_word (node->text, words);
  if (near != NULL)
    mugai_yaml_problem_at (&reading->problems, node, "「%s」というキーはありません。もしかして「%s」ですか。",
                           "unknown key \"%s\"; did you mean \"%s\"?", node->text, near);
  else
    mugai_yaml_problem_at (&reading->problems, node, "「%s」というキーはありません。", "unknown key \"%s\"",
                           node->text);
  return NULL;
}

static void take_entry (Reading *reading, const MugaiYamlNode *name, const MugaiYamlNode *value) {
  const Key *key = name->kind == MUGAI_YAML_SCALAR && strcmp (name->text, "<<") != 0 ? find_key (reading, name) : NULL;

  if (key == NULL || reading->given[key - keys] != NULL)
    return; /* twice: the reader of the file has said so */
  reading->given[key - keys] = value;
  if (value->kind != MUGAI_YAML_SCALAR)
    mugai_yaml_problem_at (&reading->problems, value, "%s：値を一つだけ書きます（一覧や入れ子は書けません）",
                           "%s: one value, a list or mapping is not allowed here", key->name);
  else if (value->text[0] == '\0' && value->plain)
    mugai_yaml_problem_at (&reading->problems, name, "%s：値がありません。無しなら \"\" と書いてください",
                           "%s: no value; write \"\" for none", key->name);
  else
    take_value (reading, key, value->text, value);
}

static void take_root (Reading *reading, const MugaiYamlNode *root) {
  if (root == NULL || (root->kind == MUGAI_YAML_SCALAR && root->text[0] == '\0'))
    return;
  if (root->kind != MUGAI_YAML_MAPPING) {
    mugai_yaml_problem_at (&reading->problems, root, "「キー: 値」を並べます。ほかの形は書けません",
                           "not allowed here: write \"key: value\", one a line");
    return;
  }
  for (guint i = 0; i < root->keys->len && i < root->values->len; i++)
    take_entry (reading, g_ptr_array_index (root->keys, i), g_ptr_array_index (root->values, i));
}

/* ---- the whole ---- */

static GBytes *read_file (const char *path, GError **error) {
  g_auto (MugaiFd) fd = open (path, O_RDONLY | O_CLOEXEC);

  if (fd < 0) {
    g_set_error (error, MUGAI_CONFIG_ERROR, MUGAI_CONFIG_ERROR_READ, "%s: %s", path, g_strerror (errno));
    return NULL;
  }
  g_autoptr (GError) cause = NULL;
  GBytes *bytes = mugai_fd_read_all (fd, MAX_FILE_BYTES, &cause);
  if (bytes == NULL)
    g_set_error (error, MUGAI_CONFIG_ERROR, MUGAI_CONFIG_ERROR_READ, "%s: %s", path, cause->message);
  return bytes;
}

static void set_mistakes (MugaiYamlProblems *problems, const char *path, GError **error) {
  g_autoptr (GString) text = g_string_new (NULL);

  mugai_yaml_problems_sort (problems);
  for (guint i = 0; i < problems->list->len; i++) {
    g_autofree char *one = mugai_yaml_problem_format (g_ptr_array_index (problems->list, i));
    g_string_append_printf (text, "%s%s", i > 0 ? "\n" : "", one);
  }
  if (problems->errors > problems->list->len)
    g_string_append_printf (text, "\n%s: and %u more", path, problems->errors - problems->list->len);
  g_set_error_literal (error, MUGAI_CONFIG_ERROR, MUGAI_CONFIG_ERROR_INVALID, text->str);
}

MugaiConfig *mugai_config_load (const char *path, GError **error) {
  g_autoptr (GBytes) bytes = read_file (path, error);
  if (bytes == NULL)
    return NULL;

  gsize length_bytes = 0;
  const char *data = g_bytes_get_data (bytes, &length_bytes);
  g_autofree char *text = g_malloc0 (length_bytes + 1);
  memcpy (text, data != NULL ? data : "", length_bytes);
  g_autofree char *absolute = g_canonicalize_filename (path, NULL);
  g_autofree char *folder = g_path_get_dirname (absolute);
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) mugai_yaml_problem_free);
  g_autoptr (MugaiConfig) config = g_new0 (MugaiConfig, 1);
  Reading reading = { .folder = folder, .problems = { .list = list }, .config = config };

  config->file = g_strdup (absolute);
  config->sha256 = mugai_sha256_hex (data != NULL ? data : "", length_bytes);
  take_defaults (&reading);
  g_autoptr (MugaiYamlFile) file = mugai_yaml_parse (path, text, length_bytes, &reading.problems);
  take_root (&reading, file->root);
  if (reading.problems.errors == 0)
    check_together (&reading, file);
  if (reading.problems.errors == 0)
    return g_steal_pointer (&config);
  set_mistakes (&reading.problems, path, error);
  return NULL;
}

void mugai_config_free (MugaiConfig *config) {
  if (config == NULL)
    return;
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++) {
    if (!is_number (keys[i].type))
      g_free (*(char **) (void *) ((char *) config + keys[i].offset));
  }
  g_free (config->file);
  g_free (config->sha256);
  g_free (config);
}

char *mugai_config_describe (void) {
  GString *text = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++) {
    const Key *key = &keys[i];
    gboolean number = is_number (key->type);
    g_string_append_printf (text, "%s: %s%s%s", key->name, number ? "" : "\"", key->standard, number ? "" : "\"");
    if (number) {
      g_autofree char *min = write_number (key, key->min), *max = write_number (key, key->max);
      g_string_append_printf (text, "  (%s .. %s)", min, max);
    }
    g_string_append_printf (text, "\n    %s\n    %s\n", key->en, key->ja);
  }
  return g_string_free (text, FALSE);
}

char *mugai_config_keeper_socket (const MugaiConfig *config) {
  return g_build_filename (config->runtime_directory, "keeper.sock", NULL);
}

char *mugai_config_control_socket (const MugaiConfig *config) {
  return g_build_filename (config->runtime_directory, "control.sock", NULL);
}
