/* SPDX-License-Identifier: GPL-2.0-only
 *
 * base/config: mugai.yaml, the relay administrator's file. One row a key in src/base/config.c: name, type, unit, default, min, max, help.
 *
 * One flat mapping, every key optional. Keys have no unit in their name, their values do: `wait: 5s`, `max_spool: 1GiB`, `milter_socket_mode: 0660`;
 * otherwise a key is called as its field below (first_worker, total, stop, scratch, worker_memory, read_header, read_decoded for the other fields with a unit). Immutable after loading.
 */
#pragma once

#include <glib.h>

typedef struct {
  char *file;                /* where it was read from */
  char *sha256;              /* of its bytes: the chain says with which one the service started */
  char *milter_socket;       /* "unix:/path" or "inet:port@host", as libmilter writes it */
  char *milter_socket_group; /* "" : not changed */
  guint milter_socket_mode;
  char *runtime_directory; /* sockets of our own, scratch, status */
  char *policy;            /* policy file */
  char *signatures;        /* folder; "" : none (then every mail is a failure row scanner-missing) */
  guint
      signatures_alarm_ms; /* 24 h: an alarm when the newest of them is older (what happens to mail then is the policy's) */
  char *store;             /* quarantine */
  char *audit;             /* chain */
  char *keys;              /* "": beside the store */
  char *accounts;          /* who may do what with the quarantine; "" or not there: nobody */
  char *release_listener; /* "127.0.0.1:10027" */
  guint kept_normal_days, kept_high_days, kept_infected_days, kept_audit_days, kept_backup_days;
  char *user, *keeper_user, *scan_user; /* "" : the one that started us */
  char *alarm_hook;                     /* program, or "" */
  guint fronts, workers;
  guint worker_messages;                      /* recycled after so many */
  guint worker_cached;                        /* clean objects each remembers; 0: none */
  guint wait_ms, first_worker_ms, total_ms;   /* 5 s, 25 s, 60 s */
  guint max_sessions;                         /* of one front */
  guint64 max_spool_bytes;                    /* of one front, all sessions together */
  guint max_waiting;                          /* mails waiting for a worker in one front */
  guint64 scratch_bytes;                      /* of one worker's scratch folder */
  guint64 worker_memory_bytes;                /* of one worker, beyond the engine */
  guint read_depth, read_parts, read_headers; /* limits of reading a mail: a stricter house may lower them */
  guint64 read_header_bytes, read_decoded_bytes;
  guint stop_ms; /* SIGTERM: sessions in hand get so long */
} MugaiConfig;

typedef enum { MUGAI_CONFIG_ERROR_READ, MUGAI_CONFIG_ERROR_INVALID } MugaiConfigError;
#define MUGAI_CONFIG_ERROR (mugai_config_error_quark ())
GQuark mugai_config_error_quark (void);

/** mugai_config_load: @path; relative paths in it are relative to its folder. @error holds every mistake, one "file:line:column: error: ..." block each. */
MugaiConfig *mugai_config_load (const char *path, GError **error);
void mugai_config_free (MugaiConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MugaiConfig, mugai_config_free)
/** mugai_config_describe: (transfer full): every key with default, range and help, for `mugaid --help-config` and the manual. */
char *mugai_config_describe (void);
/** Sockets below the runtime folder: (transfer full). */
char *mugai_config_keeper_socket (const MugaiConfig *config);
char *mugai_config_control_socket (const MugaiConfig *config);
