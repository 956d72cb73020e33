/* SPDX-License-Identifier: GPL-2.0-only
 *
 * `mugai status`: what mugaid is doing, asked of its master.
 */
#include "cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "mugai/base/config.h"
#include "mugai/base/control.h"
#include "mugai/base/unicode.h"

#include "words.h"

#define DEFAULT_CONFIG "/etc/mugai/mugai.yaml"
#define LABEL_COLUMNS 14u

static gint64 number (json_t *object, const char *key) {
  return json_integer_value (json_object_get (object, key));
}

/* For a terminal: made safe, at most @max_bytes. */
static char *text (json_t *object, const char *key, gsize max_bytes) {
  const char *value = json_string_value (json_object_get (object, key));
  return mugai_unicode_make_safe (value != NULL ? value : "-", -1, max_bytes);
}

/* The first @bytes of a time or a hash: to the second, or enough to tell two versions apart. */
static char *beginning (json_t *object, const char *key, gsize bytes) {
  const char *value = json_string_value (json_object_get (object, key));
  g_autofree char *cut = g_strndup (value != NULL ? value : "-", bytes);
  return mugai_unicode_make_safe (cut, -1, bytes + 1);
}

#define TIME_BYTES strlen ("2026-11-21T16:11:01")
#define VERSION_BYTES 12u

/* One line: a label in its column of @LABEL_COLUMNS, then the words. */
static void G_GNUC_PRINTF (2, 3) print_line (const char *label, const char *format, ...) {
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *words = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  gsize columns = mugai_unicode_columns (label, -1);
  printf ("%s%*s%s\n", label, (int) (LABEL_COLUMNS - MIN (columns, LABEL_COLUMNS)), "", words);
}

static void print_head (json_t *answer) {
  g_autofree char *version = text (answer, "version", 40), *state = text (answer, "state", 40);
  g_autofree char *started = beginning (answer, "started", TIME_BYTES);
  print_line ("mugaid",
              MUGAI_CLI_WORDS ("%s  %s（pid %" G_GINT64_FORMAT "、起動 %s）",
                               "%s  %s (pid %" G_GINT64_FORMAT ", started %s)"),
              version, state, number (answer, "pid"), started);
  if (!json_is_true (json_object_get (answer, "separation")))
    print_line (MUGAI_CLI_WORDS ("注意", "note"), "%s",
                MUGAI_CLI_WORDS ("利用者の分離がありません（一般利用者として起動されています）",
                                 "no separation of users: started by an ordinary user"));
}

static void print_mail (json_t *answer) {
  json_t *counters = json_object_get (answer, "counters");
  print_line (MUGAI_CLI_WORDS ("待ち", "waiting"),
              MUGAI_CLI_WORDS ("%" G_GINT64_FORMAT " 通、最も古いもの %.1f 秒、接続 %" G_GINT64_FORMAT,
                               "%" G_GINT64_FORMAT " mails, oldest %.1f s, %" G_GINT64_FORMAT " connections"),
              number (answer, "waiting"), (double) number (answer, "oldest_ms") / 1000.0,
              number (counters, "sessions"));
  print_line (MUGAI_CLI_WORDS ("起動から", "since start"),
              MUGAI_CLI_WORDS ("受信 %" G_GINT64_FORMAT "、配送 %" G_GINT64_FORMAT "（書き直し %" G_GINT64_FORMAT
                               "）、保留 %" G_GINT64_FORMAT "、拒否 %" G_GINT64_FORMAT
                               "、一時的な失敗 %" G_GINT64_FORMAT "、故障 %" G_GINT64_FORMAT,
                               "%" G_GINT64_FORMAT " mails: %" G_GINT64_FORMAT " delivered (%" G_GINT64_FORMAT
                               " rewritten), %" G_GINT64_FORMAT " held, %" G_GINT64_FORMAT " refused, %" G_GINT64_FORMAT
                               " told to try later, %" G_GINT64_FORMAT " failures"),
              number (counters, "messages"), number (counters, "delivered"), number (counters, "changed"),
              number (counters, "held"), number (counters, "refused"), number (counters, "tempfailed"),
              number (counters, "failures"));
}

static void print_generations (json_t *answer) {
  size_t index;
  json_t *generation;
  json_array_foreach (json_object_get (answer, "generations"), index, generation) {
    g_autofree char *state = text (generation, "state", 20), *version = text (generation, "version", 100);
    g_autofree char *time = beginning (generation, "time", TIME_BYTES);
    print_line (MUGAI_CLI_WORDS ("ウイルス定義", "signatures"),
                MUGAI_CLI_WORDS ("世代 %" G_GINT64_FORMAT " (%s): %s、%s、ワーカー %" G_GINT64_FORMAT,
                                 "generation %" G_GINT64_FORMAT " (%s): %s, of %s, %" G_GINT64_FORMAT " workers"),
                number (generation, "generation"), state, version, time, number (generation, "workers"));
  }
}

static void print_policy (json_t *answer) {
  json_t *policy = json_object_get (answer, "policy");
  g_autofree char *name = text (policy, "name", 200), *version = beginning (policy, "version", VERSION_BYTES);
  g_autofree char *loaded = beginning (policy, "loaded", TIME_BYTES);
  print_line (MUGAI_CLI_WORDS ("ポリシー", "policy"),
              MUGAI_CLI_WORDS ("%s  版 %s、読込み %s", "%s  version %s, loaded %s"), name, version, loaded);
}

static void print_processes (json_t *answer) {
  size_t index;
  json_t *front;
  json_t *keeper = json_object_get (answer, "keeper");
  json_array_foreach (json_object_get (answer, "fronts"), index, front)
      print_line (MUGAI_CLI_WORDS ("フロント", "front"),
                  MUGAI_CLI_WORDS ("%" G_GINT64_FORMAT "  pid %" G_GINT64_FORMAT "、再起動 %" G_GINT64_FORMAT " 回%s",
                                   "%" G_GINT64_FORMAT "  pid %" G_GINT64_FORMAT ", %" G_GINT64_FORMAT " restarts%s"),
                  number (front, "front"), number (front, "pid"), number (front, "restarts"),
                  json_is_true (json_object_get (front, "ready")) ? "" : MUGAI_CLI_WORDS ("、準備中", ", not ready"));
  print_line (MUGAI_CLI_WORDS ("キーパー", "keeper"),
              MUGAI_CLI_WORDS ("pid %" G_GINT64_FORMAT "、再起動 %" G_GINT64_FORMAT " 回",
                               "pid %" G_GINT64_FORMAT ", %" G_GINT64_FORMAT " restarts"),
              number (keeper, "pid"), number (keeper, "restarts"));
}

static void print_alarms (json_t *answer) {
  size_t index;
  json_t *alarm, *alarms = json_object_get (answer, "alarms");
  if (json_array_size (alarms) == 0)
    print_line (MUGAI_CLI_WORDS ("警報", "alarms"), "%s", MUGAI_CLI_WORDS ("なし", "none"));
  json_array_foreach (alarms, index, alarm) {
    g_autofree char *id = text (alarm, "id", 40), *code = text (alarm, "code", 40),
                    *last = beginning (alarm, "last", TIME_BYTES);
    g_autofree char *words = text (alarm, "text", 500);
    print_line (MUGAI_CLI_WORDS ("警報", "alarm"),
                MUGAI_CLI_WORDS ("%s  %s  %" G_GINT64_FORMAT " 回、最後 %s  %s",
                                 "%s  %s  %" G_GINT64_FORMAT " times, last %s  %s"),
                id, code, number (alarm, "count"), last, words);
  }
}

static void print_status (json_t *answer) {
  print_head (answer);
  print_mail (answer);
  print_policy (answer);
  print_generations (answer);
  print_processes (answer);
  print_alarms (answer);
}

static int print_answer (json_t *answer, gboolean as_json) {
  gboolean ok = json_is_true (json_object_get (answer, "ok"));
  if (as_json) {
    g_autofree char *line = mugai_json_line (answer);
    puts (line);
  } else if (!ok) {
    g_autofree char *words = text (answer, "error", 1000);
    g_printerr ("mugai status: %s\n", words);
  } else if (json_object_get (answer, "acknowledged") != NULL) {
    printf (MUGAI_CLI_WORDS ("警報を %" G_GINT64_FORMAT " 件、確認済みにしました。\n",
                             "%" G_GINT64_FORMAT " alarms acknowledged.\n"),
            number (answer, "acknowledged"));
  } else {
    print_status (answer);
  }
  return ok ? EX_OK : EX_UNAVAILABLE;
}

/* @request: (transfer full) */
static int ask (const char *config_path, json_t *question, gboolean as_json) {
  g_autoptr (MugaiJson) request = question;
  g_autoptr (GError) error = NULL;
  g_autoptr (MugaiConfig) config = mugai_config_load (config_path, &error);
  if (config == NULL) {
    g_printerr ("%s\n", error->message);
    return EX_CONFIG;
  }
  g_autofree char *socket_path = mugai_config_control_socket (config);
  g_autoptr (MugaiJson) answer = mugai_control_ask (socket_path, request, MUGAI_CONTROL_TIMEOUT_MS, &error);
  if (answer == NULL) {
    g_printerr (MUGAI_CLI_WORDS ("mugai status: mugaid から返事がありません: %s\n",
                                 "mugai status: no answer from mugaid: %s\n"),
                error->message);
    return EX_UNAVAILABLE;
  }
  return print_answer (answer, as_json);
}

int mugai_cli_status (int argc, char **argv) {
  g_autofree char *config = NULL, *acknowledge = NULL;
  gboolean as_json = FALSE;
  const GOptionEntry entries[] = {
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &config, "mugai.yaml (" DEFAULT_CONFIG ")", "FILE" },
    { "acknowledge", 0, 0, G_OPTION_ARG_STRING, &acknowledge,
      MUGAI_CLI_WORDS ("この警報を確認した、と監査記録に残す",
                       "a person has seen this alarm; it goes on the audit chain"),
      "ID|all" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &as_json, MUGAI_CLI_WORDS ("JSON一行で出力", "one line of JSON"), NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GError) error = NULL;
  const char *words =
      MUGAI_CLI_WORDS ("mugaid の様子：検査の手、待っているメール、ウイルス定義、ポリシー、警報、通数。",
                       "Says what mugaid is doing: workers, waiting mail, generations, policy, alarms, counters.");
  if (!mugai_cli_parse ("mugai status", NULL, words, entries, &argc, &argv, &error) || argc > 1) {
    g_printerr ("mugai status: %s\n", error != NULL ? error->message : "unexpected argument");
    return EX_USAGE;
  }
  json_t *question = acknowledge != NULL
                         ? json_pack ("{s:s, s:o}", "do", "acknowledge", "alarm", mugai_json_string (acknowledge))
                         : json_pack ("{s:s}", "do", "status");
  return ask (config != NULL ? config : DEFAULT_CONFIG, question, as_json);
}
