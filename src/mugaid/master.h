/* SPDX-License-Identifier: GPL-2.0-only
 *
 * master: what mugaid's own process knows: its children, its policy, its generations, its alarms.
 *
 * Single-threaded for ever: it forks fronts that go on with libmilter's state, so no file here may start a thread (no GMainLoop
 * signal source, no GDBus). It touches no mail and never waits for a child.
 */
#pragma once

#include <sys/types.h>

#include "mugai/base/config.h"
#include "mugai/milter.h"
#include "mugai/policy.h"

#define MASTER_MAX_ALARMS 100u
#define MASTER_MAX_CLIENTS 16u
#define MASTER_RETRY_MIN_US (100 * G_TIME_SPAN_MILLISECOND)
#define MASTER_RETRY_MAX_US (10 * G_TIME_SPAN_SECOND)
#define MASTER_STEADY_US (30 * G_TIME_SPAN_SECOND) /* a child that lived so long is restarted at once */

/* One child process that is restarted when it ends. */
typedef struct {
  pid_t pid;         /* 0: not running */
  int control_fd;    /* our end; -1 when not running */
  gint64 started_us; /* monotonic */
  gint64 restart_at_us;
  gint64 retry_us;
  guint restarts;
} Child;

typedef struct {
  Child child;
  guint index;
  gboolean ready;
  gboolean policy_due, generation_due; /* still to be told: its socket was full */
  json_t *report;                      /* its last {"counters": ...}, or NULL */
} Front;

typedef struct {
  guint number;
  pid_t pid;
  int control_fd, take_fd, put_fd; /* the pool's ends: kept for fronts that start later */
  gboolean ready;
  guint workers;
  char *version;
  gint64 time_s;
  guint signatures;
  gint64 kill_at_us; /* when stopping; 0: not */
} Generation;

typedef struct {
  char *id, *code, *text;
  gint64 first_us, last_us; /* since 1970 */
  gint64 told_us;           /* monotonic: when journal and hook heard of it */
  guint count;
} Alarm;

typedef enum {
  MASTER_RUNNING,
  MASTER_STOP_FRONTS,
  MASTER_STOP_GENERATIONS,
  MASTER_STOP_KEEPER,
  MASTER_DONE
} MasterState;

typedef struct {
  char *name; /* "" : stay as we are */
  uid_t uid;
  gid_t gid;
} User;

typedef struct {
  MugaiConfig *config;
  User user, keeper_user, scan_user;
  gboolean separated; /* three users, none of them us */
  MasterState state;
  gint64 state_until_us; /* monotonic: the children of this state are killed then */
  int signal_fd, control_listen_fd, keeper_listen_fd;
  char *keeper_socket, *control_socket, *scratch;
  MugaiPolicy *policy;
  int policy_fd; /* sealed bundle */
  gint64 policy_loaded_us;
  Child keeper;
  GPtrArray *fronts;      /* of Front */
  GPtrArray *generations; /* of Generation: all that run; serving and next point into it */
  Generation *serving, *next;
  guint last_generation;
  gboolean generation_wanted; /* another reload came while one was loading */
  gint64 generation_at_us, generation_retry_us;
  gint64 old_told_s; /* since 1970: the last alarm about old signatures; 0: none about the serving set */
  GArray *clients;   /* of int: control connections */
  GPtrArray *alarms;
  GPtrArray *acts;          /* of Act (alarm.c): not given to a process yet */
  pid_t acts_pid;           /* the process that writes acts now; 0: none */
  json_t *emergencies;      /* exceptions.c; NULL: not read yet */
  gint64 exceptions_due_us; /* monotonic: looked at again */
  json_t *totals;           /* counters of fronts that have ended */
  gint64 started_us;
  guint errands;
  gboolean announced; /* READY=1 was sent */
} Master;

/* ---- master.c ---- */
int master_run (MugaiConfig *config);
/** master_log: one line an event, to standard error with a journal priority (0-7). */
void master_log (int priority, const char *format, ...) G_GNUC_PRINTF (2, 3);
void master_reload_signatures (Master *master);
/** master_send: never waits; FALSE: not sent. Takes @message. */
gboolean master_send (int fd, json_t *message, const int *fds, guint n_fds);

/* ---- policy.c ---- */
/** policy_load: checks first; FALSE keeps the old one. A second one is an act of @actor, with the difference. */
gboolean policy_load (Master *master, const char *actor, GError **error);
/** policy_body: (transfer full): {"policy","version"} */
json_t *policy_body (const Master *master);

/* ---- exceptions.c ---- */
/** exceptions_look: opens what is new, raises the alarms of the day. Needs a policy. */
void exceptions_look (Master *master);
/** exceptions_tick: the same, once a day. */
void exceptions_tick (Master *master);
/** exceptions_open: (transfer full): items without report and approval. */
json_t *exceptions_open (const Master *master);
/** exceptions_close: NULL when done, else why not. */
const char *exceptions_close (Master *master, const char *id, const char *report, const char *approved_by,
                              const char *actor);

/* ---- children.c ---- */
gboolean user_find (User *user, const char *name, GError **error);
/** user_become: for ever. */
gboolean user_become (const User *user);
/** children_fork: a child in its own process group with default signals, as @user, and only @keep_fds (and 0-2) open; NULL: all that are not the master's own. */
pid_t children_fork (Master *master, const User *user, const int *keep_fds, guint n_keep_fds);
void children_start_keeper (Master *master);
void children_start_front (Master *master, Front *front);
/** children_end: the child is gone: when it may start again. */
void children_end (Child *child);
void children_tell_front (Master *master, Front *front);
void children_hear_front (Master *master, Front *front);
void children_hear_keeper (Master *master); /* its alarms */

/* ---- credentials.c ---- */
#define CREDENTIALS_MAX 64u /* master keys that are given so: one a month is 5 years */
/** credentials_open: (transfer full): descriptors of the master keys that came as credentials; the environment says which is which. */
GArray *credentials_open (void);
void credentials_close (GArray *fds);

/* ---- generation.c ---- */
void generation_start (Master *master);
void generation_hear (Master *master, Generation *generation);
void generation_ended (Master *master, Generation *generation, int status);
void generation_stop (Master *master, Generation *generation, gint64 within_us);
/** generation_check_age: the alarm "signatures-old" when the serving set is older at @now_s [since 1970] than mugai.yaml allows; again each hour while it is. */
void generation_check_age (Master *master, gint64 now_s);

/* ---- alarm.c ---- */
/** alarm_raise: the one way to ask for a person. @code: [a-z-]+ */
void alarm_raise (Master *master, const char *code, const char *text);
guint alarm_acknowledge (Master *master, const char *id);
void alarm_free (Alarm *alarm);
void act_free (gpointer act);
/** alarm_clear: what it asked for is done. */
void alarm_clear (Master *master, const char *code);
/** alarm_log_act: an act onto the audit chain, in order, by a process of its own: the keeper may be slow. Takes @body. */
void alarm_log_act (Master *master, const char *kind, const char *actor, json_t *body);
/** alarm_send_acts: those that no process could be had for before. */
void alarm_send_acts (Master *master);

/* ---- status.c ---- */
/** status_actor: (transfer full): who asked, for the audit chain; @request (nullable) may name whom root stands for. */
char *status_actor (guint uid, json_t *request);
json_t *status_answer (json_t *request, guint uid, gpointer data);
void status_add_totals (Master *master, const Front *front);
