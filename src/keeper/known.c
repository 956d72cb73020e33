/* SPDX-License-Identifier: GPL-2.0-only
 *
 * keeper/known: which ids the chain has.
 *
 * A front repeats a request within a minute of its first try, so the ids of the last hour in memory answer for nearly all.
 * An id says when it was made: one from before what is remembered is looked for on the chain itself, newest line
 * first, back to shortly before its birth. So the answer is right for every id, and quick for those that happen.
 */
#include "known.h"

#include <string.h>

#include "mugai/audit.h"
#include "mugai/base/base.h"

#define MAX_REMEMBERED 100000u /* about 10 MiB */
#define REMEMBERED_US (G_GINT64_CONSTANT (3600) * G_USEC_PER_SEC)
#define SLACK_US (G_GINT64_CONSTANT (300) * G_USEC_PER_SEC) /* clocks of fronts and keeper are one, but may be set */

struct MugaiKnown {
  char *directory;
  GHashTable *ids;    /* owns them */
  GQueue *order;      /* of Entry, oldest first */
  gint64 complete_us; /* every line from then on is remembered */
};

typedef struct {
  const char *id; /* the table's */
  gint64 at_us;
} Entry;

static gint64 id_time_us (const char *id) {
  static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  gint64 ms = 0;

  for (guint i = 0; i < 10; i++)
    ms = ms << 5 | (strchr (alphabet, id[i]) - alphabet);
  return ms * 1000;
}

/* When a line was written; 0: unreadable, so older than anything. */
static gint64 line_time_us (json_t *line) {
  const char *at = json_string_value (json_object_get (line, "at"));
  g_autoptr (GDateTime) time = at != NULL ? g_date_time_new_from_iso8601 (at, NULL) : NULL;

  return time != NULL ? g_date_time_to_unix (time) * G_USEC_PER_SEC + g_date_time_get_microsecond (time) : 0;
}

/* (transfer none) (nullable): of a record or of an act. */
static const char *line_id (json_t *line) {
  json_t *body = json_object_get (line, "body");
  const char *id = json_string_value (json_object_get (body, "id"));

  if (g_strcmp0 (json_string_value (json_object_get (line, "kind")), "record") != 0)
    id = json_string_value (json_object_get (body, "act_id"));
  return mugai_id_is_valid (id) ? id : NULL;
}

/* Newest first, so each one goes to the queue's old end. */
static gboolean remember_line (json_t *line, gpointer data) {
  MugaiKnown *known = data;
  gint64 at_us = line_time_us (line);
  const char *id = line_id (line);

  if (at_us < known->complete_us || g_hash_table_size (known->ids) >= MAX_REMEMBERED) {
    known->complete_us = MAX (known->complete_us, at_us + 1000);
    return FALSE;
  }
  if (id == NULL || g_hash_table_contains (known->ids, id))
    return TRUE;
  Entry *entry = g_new (Entry, 1);
  char *copy = g_strdup (id);
  g_hash_table_add (known->ids, copy);
  *entry = (Entry){ copy, at_us };
  g_queue_push_head (known->order, entry);
  return TRUE;
}

MugaiKnown *mugai_known_new (const char *directory, GError **error) {
  g_autoptr (MugaiKnown) known = g_new0 (MugaiKnown, 1);

  known->directory = g_strdup (directory);
  known->ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  known->order = g_queue_new ();
  known->complete_us = g_get_real_time () - REMEMBERED_US;
  if (!mugai_audit_each_back (directory, remember_line, known, error))
    return NULL;
  return g_steal_pointer (&known);
}

void mugai_known_free (MugaiKnown *known) {
  if (known == NULL)
    return;
  g_queue_free_full (known->order, g_free);
  g_hash_table_unref (known->ids);
  g_free (known->directory);
  g_free (known);
}

void mugai_known_add (MugaiKnown *known, const char *id, gint64 at_us) {
  if (g_hash_table_contains (known->ids, id))
    return;
  Entry *entry = g_new (Entry, 1);
  char *copy = g_strdup (id);
  g_hash_table_add (known->ids, copy);
  *entry = (Entry){ copy, at_us };
  g_queue_push_tail (known->order, entry);
  if (g_queue_get_length (known->order) <= MAX_REMEMBERED)
    return;
  Entry *oldest = g_queue_pop_head (known->order);
  known->complete_us = MAX (known->complete_us, oldest->at_us + 1000);
  g_hash_table_remove (known->ids, oldest->id);
  g_free (oldest);
}

typedef struct {
  const char *id;
  gint64 born_us;
  gboolean found;
} Look;

static gboolean look_at_line (json_t *line, gpointer data) {
  Look *look = data;

  look->found = g_strcmp0 (line_id (line), look->id) == 0;
  return !look->found && line_time_us (line) >= look->born_us - SLACK_US;
}

gboolean mugai_known_has (MugaiKnown *known, const char *id, gboolean *ret_has, GError **error) {
  Look look = { .id = id, .born_us = id_time_us (id) };

  *ret_has = g_hash_table_contains (known->ids, id);
  if (*ret_has || look.born_us >= known->complete_us + SLACK_US)
    return TRUE;
  if (!mugai_audit_each_back (known->directory, look_at_line, &look, error))
    return FALSE;
  *ret_has = look.found;
  return TRUE;
}
