/* SPDX-License-Identifier: GPL-2.0-only
 *
 * alarm: one function for everything that a person must look at: the list in `mugai status` until acknowledged; and, at most once in
 * TELL_AGAIN_US for one code, the journal with a fixed message id, the audit chain and the administrator's hook program.
 *
 * The telling is done by an errand: a short-lived process, as the fronts' user, because journal, keeper and hook may all be slow.
 */
#include "master.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <systemd/sd-journal.h>

#include "mugai/base/base.h"
#include "mugai/base/unicode.h"
#include "mugai/keeper.h"

#define TELL_AGAIN_US (5 * 60 * G_TIME_SPAN_SECOND)
#define MAX_TEXT_BYTES 1000u
#define MAX_ERRANDS 16u
#define MAX_ACTS 1000u /* that wait for an errand */
#define ERRAND_S 60u   /* then SIGALRM ends it, the hook program too */
#define MESSAGE_ID "b7f1c5f0a34e4f6d9a3c1d2e8f607a51"

void alarm_free (Alarm *alarm) {
  g_free (alarm->id);
  g_free (alarm->code);
  g_free (alarm->text);
  g_free (alarm);
}

static gboolean code_is_valid (const char *code) {
  gsize length = strlen (code);
  return length > 0 && length <= 40 && strspn (code, "abcdefghijklmnopqrstuvwxyz-") == length;
}

/* Returns the child's pid as fork () does; -1 also when too many are out already. */
static pid_t start_errand (Master *master) {
  if (master->errands >= MAX_ERRANDS)
    return -1;
  pid_t pid = children_fork (master, &master->user, (int[]){ -1 }, 0);
  if (pid == 0) {
    (void) prctl (PR_SET_NAME, "mugai-errand");
    (void) alarm (ERRAND_S);
  } else if (pid > 0) {
    master->errands++;
  }
  return pid;
}

static void log_act (const Master *master, const char *kind, const char *actor, json_t *body) {
  g_autoptr (GError) error = NULL;

  if (!mugai_keeper_log_act (master->keeper_socket, kind, actor, body, ERRAND_S * 1000 / 2, &error))
    master_log (3, "act \"%s\" is not on the audit chain: %s", kind, error->message);
}

static G_NORETURN void tell (const Master *master, const Alarm *about) {
  g_autoptr (MugaiJson) body = json_object ();
  const char *hook = master->config->alarm_hook;

  (void) sd_journal_send ("MESSAGE=mugai alarm %s: %s", about->code, about->text, "MESSAGE_ID=" MESSAGE_ID,
                          "PRIORITY=2", "SYSLOG_IDENTIFIER=mugaid", "MUGAI_ALARM=%s", about->code, "MUGAI_ALARM_ID=%s",
                          about->id, NULL);
  json_object_set_new (body, "code", json_string (about->code));
  json_object_set_new (body, "text", mugai_json_string (about->text));
  json_object_set_new (body, "alarm", json_string (about->id));
  log_act (master, "alarm", "mugaid", body);
  if (*hook == '\0')
    _exit (0);
  (void) g_setenv ("MUGAI_ALARM_CODE", about->code, TRUE);
  (void) g_setenv ("MUGAI_ALARM_ID", about->id, TRUE);
  (void) g_setenv ("MUGAI_ALARM_TEXT", about->text, TRUE);
  (void) execl (hook, hook, about->code, about->text, (char *) NULL);
  master_log (3, "alarm hook %s cannot be started: %s", hook, g_strerror (errno));
  _exit (1);
}

static Alarm *find_code (const Master *master, const char *code) {
  for (guint i = 0; i < master->alarms->len; i++) {
    Alarm *known = master->alarms->pdata[i];
    if (g_str_equal (known->code, code))
      return known;
  }
  return NULL;
}

static Alarm *add (Master *master, const char *code) {
  if (master->alarms->len >= MASTER_MAX_ALARMS)
    g_ptr_array_remove_index (master->alarms, 0);
  Alarm *added = g_new0 (Alarm, 1);
  added->id = mugai_id_new ();
  added->code = g_strdup (code);
  added->first_us = g_get_real_time ();
  g_ptr_array_add (master->alarms, added);
  return added;
}

void alarm_raise (Master *master, const char *code, const char *text) {
  if (!code_is_valid (code))
    code = "other";
  Alarm *raised = find_code (master, code);
  if (raised == NULL)
    raised = add (master, code);
  g_free (raised->text);
  raised->text = mugai_unicode_make_safe (text, -1, MAX_TEXT_BYTES);
  raised->last_us = g_get_real_time ();
  raised->count++;

  gint64 now_us = g_get_monotonic_time ();
  if (raised->told_us != 0 && now_us - raised->told_us < TELL_AGAIN_US)
    return;
  raised->told_us = now_us;
  master_log (2, "alarm %s: %s", raised->code, raised->text);
  if (start_errand (master) == 0)
    tell (master, raised);
}

guint alarm_acknowledge (Master *master, const char *id) {
  guint n = 0;

  for (guint i = master->alarms->len; i > 0; i--) {
    const Alarm *known = master->alarms->pdata[i - 1];
    if (!g_str_equal (id, "all") && !g_str_equal (id, known->id))
      continue;
    g_ptr_array_remove_index (master->alarms, i - 1);
    n++;
  }
  return n;
}

void alarm_clear (Master *master, const char *code) {
  Alarm *known = find_code (master, code);

  if (known != NULL)
    g_ptr_array_remove (master->alarms, known);
}

/* ---- acts ---- */

typedef struct {
  char *kind, *actor;
  json_t *body;
} Act;

void act_free (gpointer data) {
  Act *act = data;

  g_free (act->kind);
  g_free (act->actor);
  json_decref (act->body);
  g_free (act);
}

void alarm_send_acts (Master *master) {
  if (master->acts->len == 0 || master->acts_pid != 0) /* one at a time: in order */
    return;
  pid_t pid = start_errand (master);
  if (pid < 0)
    return; /* the next turn of the loop */
  for (guint i = 0; pid == 0 && i < master->acts->len; i++) {
    const Act *act = master->acts->pdata[i];
    log_act (master, act->kind, act->actor, act->body);
  }
  if (pid == 0)
    _exit (0);
  master->acts_pid = pid;
  g_ptr_array_set_size (master->acts, 0);
}

void alarm_log_act (Master *master, const char *kind, const char *actor, json_t *body) {
  Act *act = g_new0 (Act, 1);

  act->kind = g_strdup (kind);
  act->actor = g_strdup (actor);
  act->body = body;
  if (master->acts->len >= MAX_ACTS) {
    const Act *lost = master->acts->pdata[0];
    master_log (3, "act \"%s\" is not on the audit chain: too many wait", lost->kind);
    g_ptr_array_remove_index (master->acts, 0);
  }
  g_ptr_array_add (master->acts, act);
  alarm_send_acts (master);
}
