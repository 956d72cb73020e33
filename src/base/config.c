/* SPDX-License-Identifier: GPL-2.0-only
 *
 * base/config: reads mugai.yaml: one flat mapping of known keys to plain values.
 *
 * libfyaml hands out events with their places; this file keeps the table of keys, reads each value by its type and
 * range, and collects every mistake before it gives up. Tags, anchors, aliases, duplicate and unknown keys are
 * mistakes. Invariant: a configuration that was handed out is complete and in range. Threads: any.
 */
#include "mugai/base/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>

#include <gio/gio.h>
#include <libfyaml.h>

#include "mugai/base/fd.h"
#include "mugai/base/unicode.h"

#define MAX_FILE_BYTES (1024u * 1024) /* ours is two pages; more is another file by mistake */
#define MAX_MISTAKES 50u
#define MAX_SHOWN_BYTES 160u       /* of a source line or a value in a message */
#define MAX_SOCKET_PATH_BYTES 107u /* sockaddr_un */
#define OUR_SOCKET_NAME_BYTES 16u  /* room for the names below the runtime folder */
#define MAX_WORD_BYTES 40u         /* longer ones are near to nothing */

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
  { "stop", TYPE_DURATION, AT (stop_ms), "30s", 1000, 600000,
    "SIGTERM: sessions in hand get so long to finish", "停止時に処理中のセッションを待つ時間" },
};
/* clang-format on */

typedef struct {
  const char *path;
  char *folder;
  char **lines;
  GString *mistakes;
  guint n_mistakes;
  gboolean seen[G_N_ELEMENTS (keys)];
  struct fy_mark marks[G_N_ELEMENTS (keys)]; /* of the values that were given */
  MugaiConfig *config;
} Reading;

/* ---- mistakes ---- */

/* "file:line:column: error: ...", the line, and a caret below the place. @line and @column count from 0. */
G_GNUC_PRINTF (4, 5)
static void add_mistake (Reading *reading, int line, int column, const char *format, ...) {
  va_list arguments;

  if (reading->n_mistakes++ >= MAX_MISTAKES)
    return;
  va_start (arguments, format);
  g_autofree char *words = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_string_append_printf (reading->mistakes, "%s%s:%d:%d: error: %s", reading->mistakes->len > 0 ? "\n" : "",
                          reading->path, line + 1, column + 1, words);

  gboolean there = line >= 0 && (guint) line < g_strv_length (reading->lines);
  if (!there)
    return;
  const char *source = reading->lines[line];
  g_autofree char *safe = mugai_unicode_make_safe (source, -1, MAX_SHOWN_BYTES);
  glong characters = g_utf8_strlen (source, -1);
  const char *place = g_utf8_offset_to_pointer (source, CLAMP (column, 0, characters));
  gsize columns = mugai_unicode_columns (source, place - source);
  g_string_append_printf (reading->mistakes, "\n%5d | %s\n      | %*s^", line + 1, safe,
                          (int) MIN (columns, MAX_SHOWN_BYTES), "");
}

/* Levenshtein distance of two short words. */
static guint distance (const char *a, const char *b) {
  gsize length_a = strlen (a), length_b = strlen (b);
  guint row[MAX_WORD_BYTES + 1];

  if (length_a > MAX_WORD_BYTES || length_b > MAX_WORD_BYTES)
    return G_MAXUINT;
  for (gsize j = 0; j <= length_b; j++)
    row[j] = (guint) j;
  for (gsize i = 1; i <= length_a; i++) {
    guint diagonal = row[0];
    row[0] = (guint) i;
    for (gsize j = 1; j <= length_b; j++) {
      guint above = row[j];
      guint replaced = diagonal + (a[i - 1] != b[j - 1]);
      row[j] = MIN (MIN (above, row[j - 1]) + 1, replaced);
      diagonal = above;
    }
  }
  return row[length_b];
}

static const char *nearest_key (const char *word) {
  const char *nearest = NULL;
  guint best = (guint) strlen (word) / 2 + 1;

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++) {
    guint apart = distance (word, keys[i].name);
    if (apart < best) {
      best = apart;
      nearest = keys[i].name;
    }
  }
  return nearest;
}

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

static const char *wanted (Type type) {
  switch (type) {
  case TYPE_NUMBER:
    return "a whole number";
  case TYPE_MODE:
    return "an octal number such as 0660";
  case TYPE_DURATION:
    return "a duration with its unit: 500ms, 5s, 2min, 1h";
  case TYPE_SIZE:
    return "a size with its unit: 512KiB, 20MiB, 1GiB";
  default:
    return "a text";
  }
}

static void store_number (Reading *reading, const Key *key, guint64 value) {
  char *place = (char *) reading->config + key->offset;

  if (key->type == TYPE_SIZE)
    *(guint64 *) (void *) place = value;
  else
    *(guint *) (void *) place = (guint) value;
}

static void take_number (Reading *reading, const Key *key, const char *text, const struct fy_mark *mark) {
  guint64 value = 0;

  if (!read_number (key, text, &value)) {
    g_autofree char *safe = mugai_unicode_make_safe (text, -1, MAX_SHOWN_BYTES);
    add_mistake (reading, mark->line, mark->column, "%s: \"%s\" is not %s", key->name, safe, wanted (key->type));
    return;
  }
  if (value < key->min || value > key->max) {
    g_autofree char *min = write_number (key, key->min), *max = write_number (key, key->max);
    add_mistake (reading, mark->line, mark->column, "%s: %s is out of range: %s to %s", key->name, text, min, max);
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

static void take_text (Reading *reading, const Key *key, const char *text, const struct fy_mark *mark) {
  char **place = (char **) (void *) ((char *) reading->config + key->offset);
  char *value;

  if (text[0] == '\0' && key->max != 0) {
    add_mistake (reading, mark->line, mark->column, "%s: must not be empty", key->name);
    return;
  }
  value = key->type == TYPE_PATH     ? resolve (reading, text)
          : key->type == TYPE_SOCKET ? resolve_socket (reading, text)
                                     : g_strdup (text);
  if (value == NULL) {
    add_mistake (reading, mark->line, mark->column,
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

static void take_value (Reading *reading, const Key *key, const char *text, const struct fy_mark *mark) {
  if (is_number (key->type))
    take_number (reading, key, text, mark);
  else
    take_text (reading, key, text, mark);
}

static void take_defaults (Reading *reading) {
  static const struct fy_mark nowhere = { 0 };

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    take_value (reading, &keys[i], keys[i].standard, &nowhere);
}

/* What no single key can say. */
static void check_together (Reading *reading) {
  const MugaiConfig *config = reading->config;
  int line = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++) {
    if (reading->seen[i] && keys[i].type == TYPE_DURATION)
      line = reading->marks[i].line;
  }
  if (config->wait_ms + config->first_worker_ms >= config->total_ms)
    add_mistake (reading, line, 0, "wait and first_worker together leave nothing of total for a second worker");
  if (strlen (config->runtime_directory) + OUR_SOCKET_NAME_BYTES > MAX_SOCKET_PATH_BYTES)
    add_mistake (reading, 0, 0, "runtime_directory: longer than %u bytes: sockets could not be made in it",
                 MAX_SOCKET_PATH_BYTES - OUR_SOCKET_NAME_BYTES);
}

/* ---- events ---- */

/* Tags and anchors say things that this file has no use for: they are refused, not skipped. */
static gboolean has_decoration (Reading *reading, struct fy_token *anchor, struct fy_token *tag) {
  struct fy_token *token = anchor != NULL ? anchor : tag;

  if (token == NULL)
    return FALSE;
  const struct fy_mark *mark = fy_token_start_mark (token);
  add_mistake (reading, mark != NULL ? mark->line : 0, mark != NULL ? mark->column : 0,
               anchor != NULL ? "anchors are not allowed" : "tags are not allowed");
  return TRUE;
}

static char *token_text (struct fy_token *token) {
  size_t length = 0;
  const char *text = token != NULL ? fy_token_get_text (token, &length) : NULL;

  return text != NULL ? g_strndup (text, length) : g_strdup ("");
}

/* The row of a key; NULL and a mistake when there is none, or when it was there before. */
static const Key *find_key (Reading *reading, const char *name, const struct fy_mark *mark) {
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++) {
    if (strcmp (keys[i].name, name) != 0)
      continue;
    if (reading->seen[i]) {
      add_mistake (reading, mark->line, mark->column, "duplicate key \"%s\"", name);
      return NULL;
    }
    reading->seen[i] = TRUE;
    return &keys[i];
  }
  g_autofree char *safe = mugai_unicode_make_safe (name, -1, MAX_SHOWN_BYTES);
  const char *near = nearest_key (name);
  if (near != NULL)
    add_mistake (reading, mark->line, mark->column, "unknown key \"%s\"; did you mean \"%s\"?", safe, near);
  else
    add_mistake (reading, mark->line, mark->column, "unknown key \"%s\"", safe);
  return NULL;
}

typedef struct {
  gboolean in_mapping, want_value, had_document;
  guint skipping; /* depth inside a value that is no scalar */
  const Key *key; /* of the value that comes; NULL: it is skipped */
} Place;

static gboolean is_quoted (struct fy_token *token) {
  return token != NULL && fy_token_scalar_style (token) != FYSS_PLAIN;
}

/* Where a scalar begins for people: libfyaml's mark of a quoted one stands behind the quote. */
static struct fy_mark scalar_mark (struct fy_token *token) {
  const struct fy_mark *mark = token != NULL ? fy_token_start_mark (token) : NULL;
  struct fy_mark place = { 0 };

  if (mark == NULL)
    return place;
  place = *mark;
  enum fy_scalar_style style = fy_token_scalar_style (token);
  if ((style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED) && place.column > 0)
    place.column--;
  return place;
}

static void take_scalar (Reading *reading, Place *place, struct fy_event *event) {
  struct fy_token *token = event->scalar.value;
  struct fy_mark mark = scalar_mark (token);
  gboolean decorated = has_decoration (reading, event->scalar.anchor, event->scalar.tag);
  g_autofree char *text = token_text (token);

  if (!place->want_value) {
    place->key = decorated ? NULL : find_key (reading, text, &mark);
    if (place->key != NULL)
      reading->marks[place->key - keys] = mark;
    place->want_value = TRUE;
    return;
  }
  place->want_value = FALSE;
  if (place->key == NULL || decorated)
    return;
  if (text[0] == '\0' && !is_quoted (token)) {
    mark = reading->marks[place->key - keys]; /* of the key: an empty value stands nowhere */
    add_mistake (reading, mark.line, mark.column, "%s: no value; write \"\" for none", place->key->name);
    return;
  }
  reading->marks[place->key - keys] = mark;
  take_value (reading, place->key, text, &mark);
}

/* A list, a mapping or an alias where a plain value belongs. */
static void refuse_structure (Reading *reading, Place *place, struct fy_token *token, const char *what) {
  const struct fy_mark *mark = token != NULL ? fy_token_start_mark (token) : NULL;
  const char *name = place->want_value && place->key != NULL ? place->key->name : NULL;

  add_mistake (reading, mark != NULL ? mark->line : 0, mark != NULL ? mark->column : 0, "%s%s%s not allowed here",
               name != NULL ? name : "", name != NULL ? ": " : "", what);
  place->want_value = place->in_mapping && !place->want_value;
  place->key = NULL;
}

static void start_structure (Reading *reading, Place *place, struct fy_event *event) {
  gboolean mapping = event->type == FYET_MAPPING_START;
  struct fy_token *token = mapping ? event->mapping_start.mapping_start : event->sequence_start.sequence_start;
  struct fy_token *anchor = mapping ? event->mapping_start.anchor : event->sequence_start.anchor;
  struct fy_token *tag = mapping ? event->mapping_start.tag : event->sequence_start.tag;

  if (place->skipping > 0) {
    place->skipping++;
    return;
  }
  (void) has_decoration (reading, anchor, tag);
  if (mapping && !place->in_mapping) {
    place->in_mapping = TRUE;
    return;
  }
  refuse_structure (reading, place, token, mapping ? "a mapping is" : "a list is");
  place->skipping = 1;
}

static void take_event (Reading *reading, Place *place, struct fy_event *event) {
  switch (event->type) {
  case FYET_DOCUMENT_START:
    if (place->had_document)
      refuse_structure (reading, place, event->document_start.document_start, "a second document is");
    place->had_document = TRUE;
    break;
  case FYET_MAPPING_START:
  case FYET_SEQUENCE_START:
    start_structure (reading, place, event);
    break;
  case FYET_MAPPING_END:
  case FYET_SEQUENCE_END:
    if (place->skipping > 0)
      place->skipping--;
    else
      place->in_mapping = FALSE;
    break;
  case FYET_ALIAS:
    if (place->skipping == 0)
      refuse_structure (reading, place, event->alias.anchor, "an alias is");
    break;
  case FYET_SCALAR:
    if (place->skipping > 0)
      break;
    if (place->in_mapping)
      take_scalar (reading, place, event);
    else if (event->scalar.value != NULL && fy_token_get_text_length (event->scalar.value) > 0)
      refuse_structure (reading, place, event->scalar.value, "text without a key is");
    break;
  default:
    break;
  }
}

static void take_syntax_errors (Reading *reading, struct fy_diag *diag) {
  void *at = NULL;
  struct fy_diag_error *mistake;

  while ((mistake = fy_diag_errors_iterate (diag, &at)) != NULL) {
    g_autofree char *safe = mugai_unicode_make_safe (mistake->msg, -1, MAX_SHOWN_BYTES);
    add_mistake (reading, MAX (mistake->line - 1, 0), MAX (mistake->column - 1, 0), "%s", safe);
  }
}

static void read_events (Reading *reading, const char *text, gsize length_bytes) {
  struct fy_diag_cfg diag_cfg;
  fy_diag_cfg_default (&diag_cfg);
  diag_cfg.fp = NULL;
  diag_cfg.colorize = false;
  struct fy_diag *diag = fy_diag_create (&diag_cfg);
  fy_diag_set_collect_errors (diag, true);
  struct fy_parse_cfg parse_cfg = { .flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_JSON_NONE, .diag = diag };
  struct fy_parser *parser = fy_parser_create (&parse_cfg);
  struct fy_event *event;
  Place place = { 0 };

  if (parser == NULL || fy_parser_set_string (parser, text, length_bytes) != 0)
    g_error ("libfyaml cannot be set up");
  while ((event = fy_parser_parse (parser)) != NULL) {
    take_event (reading, &place, event);
    fy_parser_event_free (parser, event);
  }
  take_syntax_errors (reading, diag);
  if (fy_parser_get_stream_error (parser) && reading->n_mistakes == 0)
    add_mistake (reading, 0, 0, "no YAML");
  fy_parser_destroy (parser);
  fy_diag_destroy (diag);
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

static void read_text (Reading *reading, const char *text, gsize length_bytes) {
  if (!g_utf8_validate (text, (gssize) length_bytes, NULL)) {
    add_mistake (reading, 0, 0, "not UTF-8");
    return;
  }
  take_defaults (reading);
  read_events (reading, text, length_bytes);
  if (reading->n_mistakes == 0)
    check_together (reading);
}

MugaiConfig *mugai_config_load (const char *path, GError **error) {
  g_autoptr (GBytes) bytes = read_file (path, error);
  if (bytes == NULL)
    return NULL;

  gsize length_bytes = 0;
  const char *text = g_bytes_get_data (bytes, &length_bytes);
  g_autofree char *absolute = g_canonicalize_filename (path, NULL);
  g_autofree char *folder = g_path_get_dirname (absolute);
  g_autofree char *copy = g_strndup (text != NULL ? text : "", length_bytes);
  g_auto (GStrv) lines = g_strsplit (copy, "\n", -1);
  g_autoptr (GString) mistakes = g_string_new (NULL);
  g_autoptr (MugaiConfig) config = g_new0 (MugaiConfig, 1);
  Reading reading = { .path = path, .folder = folder, .lines = lines, .mistakes = mistakes, .config = config };

  config->file = g_strdup (absolute);
  read_text (&reading, copy, length_bytes);
  if (reading.n_mistakes == 0)
    return g_steal_pointer (&config);
  if (reading.n_mistakes > MAX_MISTAKES)
    g_string_append_printf (mistakes, "\n%s: and %u more", path, reading.n_mistakes - MAX_MISTAKES);
  g_set_error_literal (error, MUGAI_CONFIG_ERROR, MUGAI_CONFIG_ERROR_INVALID, mistakes->str);
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
