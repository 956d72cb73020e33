/* SPDX-License-Identifier: GPL-2.0-only
 *
 * `mugai doctor`: what of this machine does not fit together: Postfix's limits, ours and the scanner's; what Postfix does when mugai is away;
 * users, folders, space and signatures. It only looks. Exit 1: at least one fault, which means mail that is lost, refused or not looked at.
 */
#include "cli.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "mugai/base/config.h"
#include "mugai/base/json.h"
#include "mugai/base/unicode.h"
#include "mugai/policy.h"
#include "mugai/scan.h"

#include "offline.h"
#include "words.h"

#define NAME "doctor"
#define DEFAULT_CONFIG "/etc/mugai/mugai.yaml"
#define EXIT_FAULT 1
#define MIN_FREE_BYTES (G_GUINT64_CONSTANT (1) << 30) /* a day of a city's mail, and time to act */
#define SMALLEST_TIMEOUT_S 60u                        /* of the MTA for one answer: our progress comes each 10 s */

typedef struct {
  json_t *findings; /* {"code", "level": "ok"|"warning"|"fault", "text"} */
  const MugaiConfig *config;
  const char *postfix; /* (nullable): its configuration folder */
  guint faults;
} Doctor;

G_GNUC_PRINTF (4, 5) static void find (Doctor *doctor, const char *code, const char *level, const char *format, ...) {
  va_list arguments;

  va_start (arguments, format);
  g_autofree char *words = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_autofree char *safe = mugai_unicode_make_safe (words, -1, 2000);
  doctor->faults += strcmp (level, "fault") == 0 ? 1 : 0;
  json_array_append_new (doctor->findings,
                         json_pack ("{s:s, s:s, s:o}", "code", code, "level", level, "text", mugai_json_string (safe)));
}

/* ---- Postfix ---- */

/* (transfer full) (nullable): the value of one parameter; NULL: no postconf, or it failed. */
static char *postconf (const Doctor *doctor, const char *parameter) {
  const char *with_folder[] = { "postconf", "-c", doctor->postfix, "-x", "-h", parameter, NULL };
  const char *plain[] = { "postconf", "-x", "-h", parameter, NULL };
  char *out = NULL;
  int status = 0;

  if (!g_spawn_sync (NULL, (char **) (doctor->postfix != NULL ? with_folder : plain), NULL,
                     G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &out, NULL, &status, NULL)
      || status != 0) {
    g_free (out);
    return NULL;
  }
  return g_strstrip (out);
}

/* "300s", "5m"; Postfix's times have a unit, seconds without one. */
static guint64 seconds_of (const char *text) {
  char *end = NULL;
  guint64 value = g_ascii_strtoull (text, &end, 10);

  return *end == 'm' ? value * 60 : *end == 'h' ? value * 3600 : *end == 'd' ? value * 86400 : value;
}

static void check_default_action (Doctor *doctor) {
  g_autofree char *action = postconf (doctor, "milter_default_action");

  if (action == NULL)
    return;
  gboolean good = strcmp (action, "tempfail") == 0 || strcmp (action, "reject") == 0;
  find (doctor, "milter-default-action", good ? "ok" : "fault",
        good ? MUGAI_CLI_WORDS ("Postfix: milter_default_action = %s", "Postfix: milter_default_action = %s")
             : MUGAI_CLI_WORDS (
                 "Postfix: milter_default_action = %s：mugai が止まると、検査せずに通します。tempfail に"
                 "してください",
                 "Postfix: milter_default_action = %s: while mugai is away mail passes as it is. Set it to "
                 "tempfail"),
        action);
}

static void check_timeout (Doctor *doctor, const char *parameter, guint64 least_s) {
  g_autofree char *text = postconf (doctor, parameter);

  if (text == NULL)
    return;
  gboolean good = seconds_of (text) >= least_s;
  find (doctor, "milter-timeout", good ? "ok" : "fault",
        good ? "Postfix: %s = %s"
             : MUGAI_CLI_WORDS ("Postfix: %s = %s：短すぎます。mugai が答える前に打ち切られます",
                                "Postfix: %s = %s: too short, it gives up before mugai answers"),
        parameter, text);
}

/* The path of a unix socket as Postfix's programs, chrooted in the queue folder or not, may mean it. */
static gboolean is_our_socket (const Doctor *doctor, const char *milter, const char *queue) {
  const char *ours = strchr (doctor->config->milter_socket, ':'), *theirs = strchr (milter, ':');
  gboolean is_unix = g_str_has_prefix (milter, "unix:") && !g_str_has_prefix (doctor->config->milter_socket, "inet");

  if (ours == NULL || theirs == NULL || !is_unix)
    return g_ascii_strcasecmp (milter, doctor->config->milter_socket) == 0;
  g_autofree char *inside = g_build_filename (queue != NULL ? queue : "", theirs + 1, NULL);
  return strcmp (theirs + 1, ours + 1) == 0 || strcmp (inside, ours + 1) == 0;
}

static void check_milters (Doctor *doctor, const char *parameter, const char *level) {
  g_autofree char *text = postconf (doctor, parameter);
  g_autofree char *queue = postconf (doctor, "queue_directory");
  gboolean there = FALSE;

  if (text == NULL)
    return;
  g_auto (GStrv) milters = g_strsplit_set (text, ", \t\n{}", -1);
  for (char **milter = milters; *milter != NULL; milter++)
    there = there || (**milter != '\0' && is_our_socket (doctor, *milter, queue));
  find (doctor, "milters", there ? "ok" : level,
        there ? "Postfix: %s = %s"
              : MUGAI_CLI_WORDS ("Postfix: %s = %s：mugai のソケット（%s）がありません。このメールは検査されません",
                                 "Postfix: %s = %s: mugai's socket (%s) is not there, so this mail is not looked at"),
        parameter, text, doctor->config->milter_socket);
}

static void check_sizes (Doctor *doctor, const MugaiPolicy *policy) {
  g_autofree char *text = postconf (doctor, "message_size_limit");
  guint64 ours = 0, theirs = text != NULL ? g_ascii_strtoull (text, NULL, 10) : 0;

  for (guint i = 0; i < MUGAI_N_DIRECTIONS; i++)
    if (i != MUGAI_DIRECTION_RELAY)
      ours = MAX (ours, mugai_policy_max_size (policy, (MugaiDirection) i));
  gboolean seen = ours <= MUGAI_SCAN_MAX_FILE_BYTES;
  find (doctor, "scan-limit", seen ? "ok" : "fault",
        seen ? MUGAI_CLI_WORDS ("上限 %" G_GUINT64_FORMAT " バイトまでのメールは、すべて検査できます（%u バイトまで）",
                                "mail up to our limit of %" G_GUINT64_FORMAT " bytes can be scanned whole (up to %u)")
             : MUGAI_CLI_WORDS ("方針の上限（%" G_GUINT64_FORMAT " バイト）が、検査できる大きさ（%u）を超えています",
                                "the policy's limit (%" G_GUINT64_FORMAT " bytes) is above what can be scanned (%u)"),
        ours, MUGAI_SCAN_MAX_FILE_BYTES);
  if (text == NULL)
    return;
  gboolean fits = theirs == 0 || theirs >= ours;
  find (doctor, "size-limit", fits ? "ok" : "warning",
        fits ? MUGAI_CLI_WORDS ("Postfix: message_size_limit = %s（方針の上限 %" G_GUINT64_FORMAT "）",
                                "Postfix: message_size_limit = %s (the policy's: %" G_GUINT64_FORMAT ")")
             : MUGAI_CLI_WORDS ("Postfix: message_size_limit = %s は方針の上限（%" G_GUINT64_FORMAT
                                "）より小さく、先に断ります。理由と記録は残りません",
                                "Postfix: message_size_limit = %s is below the policy's %" G_GUINT64_FORMAT
                                ": Postfix refuses first, without our words and record"),
        text, ours);
}

static void check_postfix (Doctor *doctor) {
  g_autofree char *version = postconf (doctor, "mail_version");

  if (version == NULL) {
    find (doctor, "postfix", "warning", "%s",
          MUGAI_CLI_WORDS ("postconf が使えないため、Postfix の設定は見ていません",
                           "no postconf here, so Postfix's settings were not looked at"));
    return;
  }
  check_default_action (doctor);
  check_timeout (doctor, "milter_content_timeout", MAX (SMALLEST_TIMEOUT_S, doctor->config->total_ms / 1000));
  check_timeout (doctor, "milter_command_timeout", 5);
  check_milters (doctor, "smtpd_milters", "fault");
  check_milters (doctor, "non_smtpd_milters", "warning");
}

/* ---- this machine ---- */

static void check_folder (Doctor *doctor, const char *path, gboolean secret) {
  struct stat status;
  struct statvfs space;

  if (stat (path, &status) != 0 || !S_ISDIR (status.st_mode)) {
    find (doctor, "folder", "fault",
          MUGAI_CLI_WORDS ("%s：フォルダーがないか、見られません", "%s: no such folder, or not to be seen"), path);
    return;
  }
  gboolean open = (status.st_mode & (secret ? 077 : 02)) != 0;
  find (doctor, "permissions", open ? "fault" : "ok",
        open ? MUGAI_CLI_WORDS ("%s：ほかの利用者に開いています（%04o）", "%s: open to other users (%04o)")
             : "%s: %04o",
        path, (guint) (status.st_mode & 07777));
  if (secret || statvfs (path, &space) != 0)
    return;
  guint64 free_bytes = (guint64) space.f_bavail * space.f_frsize;
  find (doctor, "space", free_bytes < MIN_FREE_BYTES ? "fault" : "ok",
        MUGAI_CLI_WORDS ("%s：空き %" G_GUINT64_FORMAT " MiB", "%s: %" G_GUINT64_FORMAT " MiB free"), path,
        free_bytes >> 20);
}

/* Too old is what the policy calls stale: from then on mail is put off. */
static void check_signatures (Doctor *doctor, gint64 stale_after_s) {
  const char *path = doctor->config->signatures;
  g_autoptr (GDir) folder = *path != '\0' ? g_dir_open (path, 0, NULL) : NULL;
  gint64 newest_s = 0;
  const char *name;

  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL) {
    g_autofree char *file = g_build_filename (path, name, NULL);
    struct stat status;
    if (stat (file, &status) == 0 && S_ISREG (status.st_mode))
      newest_s = MAX (newest_s, (gint64) status.st_mtime);
  }
  if (newest_s == 0) {
    find (doctor, "signatures", "fault", MUGAI_CLI_WORDS ("ウイルス定義がありません：%s", "no virus signatures: %s"),
          path);
    return;
  }
  gint64 age_s = g_get_real_time () / G_USEC_PER_SEC - newest_s;
  find (doctor, "signatures", age_s >= stale_after_s ? "fault" : "ok",
        MUGAI_CLI_WORDS ("ウイルス定義：%s、更新から %" G_GINT64_FORMAT " 時間（方針の stale_after は %" G_GINT64_FORMAT
                         " 時間）",
                         "virus signatures: %s, %" G_GINT64_FORMAT " h old (the policy's stale_after: %" G_GINT64_FORMAT
                         " h)"),
        path, age_s / 3600, stale_after_s / 3600);
}

static void check_users (Doctor *doctor) {
  const char *users[] = { doctor->config->user, doctor->config->keeper_user, doctor->config->scan_user };

  for (gsize i = 0; i < G_N_ELEMENTS (users); i++) {
    gboolean named = *users[i] != '\0';
    gboolean there = named && getpwnam (users[i]) != NULL;
    if (named)
      find (doctor, "user", there ? "ok" : "fault",
            there ? MUGAI_CLI_WORDS ("利用者 %s", "user %s")
                  : MUGAI_CLI_WORDS ("利用者 %s がありません", "there is no user %s"),
            users[i]);
  }
  if (*users[0] == '\0' || g_str_equal (users[0], users[1]) || g_str_equal (users[0], users[2]))
    find (doctor, "separation", "warning", "%s",
          MUGAI_CLI_WORDS ("利用者が分離されていません", "users are not separated"));
}

static void check_machine (Doctor *doctor, const MugaiPolicy *policy) {
  const MugaiConfig *config = doctor->config;
  g_autofree char *keys = *config->keys != '\0' ? g_strdup (config->keys) : g_strconcat (config->store, ".keys", NULL);

  check_users (doctor);
  check_folder (doctor, config->store, FALSE);
  check_folder (doctor, config->audit, FALSE);
  check_folder (doctor, keys, TRUE);
  check_signatures (doctor, mugai_policy_stale_after_s (policy));
}

/* ---- the command ---- */

static void print (const Doctor *doctor) {
  json_t *finding;
  size_t i;

  json_array_foreach (doctor->findings, i, finding) {
    const char *level = json_string_value (json_object_get (finding, "level"));
    const char *mark = strcmp (level, "fault") == 0     ? MUGAI_CLI_WORDS ("異常", "FAULT  ")
                       : strcmp (level, "warning") == 0 ? MUGAI_CLI_WORDS ("注意", "warning")
                                                        : MUGAI_CLI_WORDS ("正常", "ok     ");
    printf ("%s  %s\n", mark, json_string_value (json_object_get (finding, "text")));
  }
}

int mugai_cli_doctor (int argc, char **argv) {
  g_autofree char *path = NULL, *postfix = NULL;
  gboolean json = FALSE;
  const GOptionEntry entries[] = {
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &path, "mugai.yaml (" DEFAULT_CONFIG ")", "FILE" },
    { "postfix", 0, 0, G_OPTION_ARG_FILENAME, &postfix,
      MUGAI_CLI_WORDS ("Postfix の設定フォルダー", "Postfix's configuration folder"), "DIR" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, MUGAI_CLI_WORDS ("JSON で出力", "JSON for programs"), NULL },
    G_OPTION_ENTRY_NULL,
  };
  const char *words = MUGAI_CLI_WORDS ("設定の食い違いと、足りないものを調べます。",
                                       "Looks for what does not fit together, and what is missing.");
  g_autoptr (GError) error = NULL;

  if (!mugai_cli_parse ("mugai doctor", NULL, words, entries, &argc, &argv, &error) || argc > 1)
    return mugai_cli_fail (EX_USAGE, NAME, "%s",
                           error != NULL ? error->message
                                         : MUGAI_CLI_WORDS ("引数が正しくありません", "wrong arguments"));
  g_autoptr (MugaiConfig) config = mugai_config_load (path != NULL ? path : DEFAULT_CONFIG, &error);
  if (config == NULL)
    return mugai_cli_fail (EX_CONFIG, NAME, "%s", error->message);
  g_autoptr (MugaiPolicy) policy = mugai_offline_policy (config->policy);
  if (policy == NULL)
    return EX_CONFIG;
  g_autoptr (MugaiJson) findings = json_array ();
  Doctor doctor = { .findings = findings, .config = config, .postfix = postfix };
  check_postfix (&doctor);
  check_sizes (&doctor, policy);
  check_machine (&doctor, policy);
  if (json) {
    g_autofree char *text = mugai_json_line (findings);
    puts (text);
  } else {
    print (&doctor);
  }
  return doctor.faults > 0 ? EXIT_FAULT : 0;
}
