/* SPDX-License-Identifier: GPL-2.0-only
 *
 * keeper/counters: the counters of sent mail beside the chain they come from.
 *
 * A mail is counted when its record's line is synced, and a keeper that starts counts the lines of the longest window
 * again: so a counter is never ahead of what was answered, and after a death behind it by nothing. Who is stopped may
 * have been so for longer: that list is a file, with the time up to which it is right, and the chain's acts from then on.
 */
#include "counters.h"

#include <errno.h>
#include <string.h>

#include <glib/gstdio.h>

#include "mugai/audit.h"
#include "mugai/flow/counters.h"
#include "mugai/flow/echoes.h"

#include "notices.h"

#define STOPPED_FILE "flow-stopped.json"
#define MAX_FILE_BYTES (8u * 1024 * 1024)                   /* 10,000 keys of 400 bytes, with room */
#define SLACK_US (G_GINT64_CONSTANT (300) * G_USEC_PER_SEC) /* clocks are set */
#define MAX_LISTED 100u                                     /* one datagram of 64 KiB */

struct MugaiKeeperCounters {
  MugaiCounters *counters;
  MugaiEchoes *echoes;
  MugaiNotices *notices;
  GHashTable *since; /* key -> gint64: what the file says; owned by it */
  char *path;
};

void mugai_keeper_counters_free (MugaiKeeperCounters *self) {
  if (self == NULL)
    return;
  mugai_counters_free (self->counters);
  mugai_echoes_free (self->echoes);
  mugai_notices_free (self->notices);
  g_hash_table_unref (self->since);
  g_free (self->path);
  g_free (self);
}

/* ---- the file of those stopped ---- */

/* A file that is lost or late only makes the next start read more of the chain. */
static void write_file (const MugaiKeeperCounters *self, gint64 at_us) {
  g_autoptr (MugaiJson) object = json_object ();
  json_t *stopped = json_object ();
  GHashTableIter iter;
  gpointer key, since;
  g_autoptr (GError) error = NULL;

  g_hash_table_iter_init (&iter, self->since);
  while (g_hash_table_iter_next (&iter, &key, &since))
    json_object_set_new (stopped, key, json_integer (*(gint64 *) since));
  json_object_set_new (object, "at_us", json_integer (at_us));
  json_object_set_new (object, "stopped", stopped);
  g_autofree char *text = mugai_json_line (object);
  if (!g_file_set_contents_full (self->path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                                 0600, &error))
    g_debug ("%s", error->message);
}

static void set_stopped (MugaiKeeperCounters *self, const char *key, gint64 at_us) {
  if (g_hash_table_contains (self->since, key) || !mugai_counters_stop (self->counters, key, at_us))
    return;
  gint64 *since = g_new (gint64, 1);
  *since = at_us;
  g_hash_table_insert (self->since, g_strdup (key), since);
}

/* Up to when it is right; 0: there is none, so the whole chain is read. */
static gint64 read_file (MugaiKeeperCounters *self) {
  g_autofree char *text = NULL;
  gsize length_bytes = 0;
  const char *key;
  json_t *since;

  if (!g_file_get_contents (self->path, &text, &length_bytes, NULL) || length_bytes > MAX_FILE_BYTES)
    return 0;
  g_autoptr (MugaiJson) object = mugai_json_parse (text, length_bytes, NULL);
  gint64 at_us = json_integer_value (json_object_get (object, "at_us"));
  if (at_us <= 0)
    return 0;
  json_object_foreach (json_object_get (object, "stopped"), key, since)
      set_stopped (self, key, json_integer_value (since));
  return at_us;
}

/* ---- lines ---- */

static gboolean is_sent (const char *action) {
  return g_strcmp0 (action, "deliver") == 0 || g_strcmp0 (action, "hold") == 0;
}

static const char *text_of (json_t *object, const char *name) {
  const char *text = json_string_value (json_object_get (object, name));
  return text != NULL ? text : "";
}

/* (transfer container): addresses of the recipients that it was sent to; of @direction, or all with NULL. */
static GPtrArray *sent_to (json_t *body, const char *direction) {
  json_t *recipients = json_object_get (body, "recipients");
  GPtrArray *to = g_ptr_array_new ();
  for (size_t i = 0; i < json_array_size (recipients); i++) {
    json_t *recipient = json_array_get (recipients, i);
    if (is_sent (text_of (recipient, "action"))
        && (direction == NULL || strcmp (text_of (recipient, "direction"), direction) == 0))
      g_ptr_array_add (to, (gpointer) text_of (recipient, "address"));
  }
  g_ptr_array_add (to, NULL);
  return to;
}

static void note_echo (MugaiKeeperCounters *self, json_t *body, gint64 at_us) {
  const char *direction = text_of (body, "direction"), *from = text_of (json_object_get (body, "envelope"), "from");
  g_autoptr (GPtrArray) to = sent_to (body, direction);
  if (strcmp (direction, "inbound") == 0)
    mugai_echoes_came_in (self->echoes, text_of (body, "message_id"), from, (const char *const *) to->pdata, at_us);
  if (strcmp (direction, "outbound") == 0)
    mugai_echoes_went_out (self->echoes, from, (const char *const *) to->pdata, at_us);
}

/* What was refused or put off was not sent, or nobody would ever come under a limit again. */
static void count_record (MugaiKeeperCounters *self, json_t *body, gint64 at_us) {
  if (!is_sent (text_of (body, "action")))
    return;
  g_autoptr (GPtrArray) rates = mugai_rates_from_json (json_object_get (json_object_get (body, "facts"), "rates"));
  g_autoptr (GPtrArray) to = sent_to (body, NULL);
  for (guint i = 0; rates != NULL && i < rates->len; i++)
    mugai_counters_add (self->counters, g_ptr_array_index (rates, i), to->len - 1, at_us);
  note_echo (self, body, at_us);
}

static const char *act_key (json_t *body) {
  const char *key = json_string_value (json_object_get (body, "key"));
  return key != NULL && *key != '\0' && strlen (key) <= MUGAI_RATE_MAX_KEY_BYTES ? key : NULL;
}

void mugai_keeper_counters_note (MugaiKeeperCounters *self, const char *kind, json_t *body, gint64 at_us) {
  gboolean stop = strcmp (kind, MUGAI_KEEPER_ACT_STOP) == 0, resume = strcmp (kind, MUGAI_KEEPER_ACT_RESUME) == 0;
  const char *key = act_key (body);

  mugai_keeper_notices_note (self->notices, kind, body, at_us);
  if (strcmp (kind, MUGAI_KEEPER_KIND_RECORD) == 0)
    count_record (self, body, at_us);
  if ((!stop && !resume) || key == NULL)
    return;
  if (stop)
    set_stopped (self, key, at_us);
  if (resume) {
    mugai_counters_resume (self->counters, key);
    (void) g_hash_table_remove (self->since, key);
  }
  write_file (self, at_us);
}

/* ---- from the chain ---- */

typedef struct {
  MugaiKeeperCounters *self;
  GPtrArray *lines; /* of json_t: newest first, only what counts */
  gint64 counts_from_us, acts_from_us;
} Look;

static gint64 line_time_us (json_t *line) {
  const char *at = json_string_value (json_object_get (line, "at"));
  g_autoptr (GDateTime) time = at != NULL ? g_date_time_new_from_iso8601 (at, NULL) : NULL;

  return time != NULL ? g_date_time_to_unix (time) * G_USEC_PER_SEC + g_date_time_get_microsecond (time) : 0;
}

/* Of a record only what is counted: a day's records whole would be gigabytes. */
static json_t *cut_line (json_t *line, const char *kind) {
  json_t *body = json_object_get (line, "body"), *cut = json_object (), *less = json_object (), *facts = json_object ();
  json_object_set_new (cut, "kind", json_string (kind));
  json_object_set (cut, "at", json_object_get (line, "at"));
  json_object_set_new (facts, "rates", json_deep_copy (json_object_get (json_object_get (body, "facts"), "rates")));
  json_object_set_new (less, "facts", facts);
  json_object_set (less, "direction", json_object_get (body, "direction"));
  json_object_set (less, "message_id", json_object_get (body, "message_id"));
  json_object_set (less, "envelope", json_object_get (body, "envelope"));
  json_object_set (less, "action", json_object_get (body, "action"));
  json_object_set (less, "recipients", json_object_get (body, "recipients"));
  static const char *const members[] = { "key", "id", "notices", "box", "count" };
  for (gsize i = 0; i < G_N_ELEMENTS (members); i++)
    json_object_set (less, members[i], json_object_get (body, members[i]));
  json_object_set_new (cut, "body", less);
  return cut;
}

static gboolean is_act_of_ours (const char *kind) {
  return g_strcmp0 (kind, MUGAI_KEEPER_ACT_STOP) == 0 || g_strcmp0 (kind, MUGAI_KEEPER_ACT_RESUME) == 0
         || g_strcmp0 (kind, MUGAI_KEEPER_ACT_DIGEST) == 0;
}

static gboolean look_at_line (json_t *line, gpointer data) {
  Look *look = data;
  const char *kind = json_string_value (json_object_get (line, "kind"));
  gint64 at_us = line_time_us (line);
  gboolean record = g_strcmp0 (kind, MUGAI_KEEPER_KIND_RECORD) == 0;

  if (at_us < look->counts_from_us && at_us < look->acts_from_us)
    return FALSE;
  if (record ? at_us >= look->counts_from_us : is_act_of_ours (kind))
    g_ptr_array_add (look->lines, cut_line (line, kind));
  return TRUE;
}

static void replay (MugaiKeeperCounters *self, GPtrArray *lines) {
  for (guint i = lines->len; i > 0; i--) {
    json_t *line = g_ptr_array_index (lines, i - 1);
    const char *kind = json_string_value (json_object_get (line, "kind"));
    mugai_keeper_counters_note (self, kind, json_object_get (line, "body"), line_time_us (line));
  }
}

MugaiKeeperCounters *mugai_keeper_counters_new (const char *audit, const char *store, GError **error) {
  g_autoptr (MugaiKeeperCounters) self = g_new0 (MugaiKeeperCounters, 1);
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func ((GDestroyNotify) json_decref);
  gint64 now_us = g_get_real_time ();

  self->counters = mugai_counters_new ();
  self->echoes = mugai_echoes_new ();
  self->notices = mugai_notices_new ();
  self->since = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->path = g_build_filename (store, STOPPED_FILE, NULL);
  Look look = { .self = self, .lines = lines };
  look.counts_from_us = now_us - (gint64) MAX (MUGAI_RATE_MAX_WINDOW_S, MUGAI_NOTICE_REPLAY_S) * G_USEC_PER_SEC;
  look.acts_from_us = read_file (self) - SLACK_US;
  if (!mugai_audit_each_back (audit, look_at_line, &look, error))
    return NULL;
  replay (self, lines);
  write_file (self, now_us);
  return g_steal_pointer (&self);
}

/* ---- questions ---- */

gboolean mugai_keeper_counters_is_question (const char *kind) {
  static const char *const kinds[] = { MUGAI_KEEPER_ASK_RATES, MUGAI_KEEPER_ASK_COUNTERS, MUGAI_KEEPER_ASK_NOTICES,
                                       MUGAI_KEEPER_ASK_DIGEST, MUGAI_KEEPER_ASK_MARK };
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (strcmp (kind, kinds[i]) == 0)
      return TRUE;
  return FALSE;
}

/* "to" is the one outside recipient, if there is one only. */
static void answer_echo (const MugaiKeeperCounters *self, json_t *body, gint64 now_us, json_t *answer) {
  const char *to[] = { json_string_value (json_object_get (body, "to")), NULL };
  json_object_set_new (answer, "message_id_seen",
                       json_boolean (mugai_echoes_knows_id (self->echoes, text_of (body, "message_id"), now_us)));
  json_object_set_new (answer, "mail_box_echo",
                       json_boolean (mugai_echoes_is_echo (self->echoes, text_of (body, "from"), to, now_us)));
}

static json_t *answer_rates (const MugaiKeeperCounters *self, json_t *body, gint64 now_us, GError **error) {
  g_autoptr (GPtrArray) rates = mugai_rates_from_json (json_object_get (body, "rates"));
  gint64 recipients = 0;
  if (rates == NULL || !mugai_json_get_int (body, "recipients", 0, G_MAXINT32, &recipients, error)) {
    if (error != NULL && *error == NULL)
      g_set_error (error, MUGAI_KEEPER_ERROR, MUGAI_KEEPER_ERROR_FAILED, "request refused: rates");
    return NULL;
  }
  json_t *answer = json_object (), *exceeded = json_array (), *stopped = json_array ();
  for (guint i = 0; i < rates->len; i++) {
    const MugaiRate *rate = g_ptr_array_index (rates, i);
    json_array_append_new (exceeded,
                           json_boolean (mugai_counters_exceeds (self->counters, rate, (guint) recipients, now_us)));
    json_array_append_new (stopped, json_boolean (mugai_counters_is_stopped (self->counters, rate->key)));
  }
  json_object_set_new (answer, "ok", json_true ());
  json_object_set_new (answer, "exceeded", exceeded);
  json_object_set_new (answer, "stopped", stopped);
  answer_echo (self, body, now_us, answer);
  return answer;
}

json_t *mugai_keeper_counters_answer (MugaiKeeperCounters *self, const MugaiKeeperRequest *request, gint64 now_us,
                                      GError **error) {
  if (strcmp (request->kind, MUGAI_KEEPER_ASK_RATES) == 0)
    return answer_rates (self, request->body, now_us, error);
  if (strcmp (request->kind, MUGAI_KEEPER_ASK_COUNTERS) != 0)
    return mugai_keeper_notices_answer (self->notices, request, now_us, error);
  json_t *answer = json_object ();
  json_object_set_new (answer, "ok", json_true ());
  json_object_set_new (answer, "keys", json_integer (mugai_counters_size (self->counters)));
  json_object_set_new (answer, "counters", mugai_counters_list (self->counters, now_us, MAX_LISTED));
  return answer;
}
