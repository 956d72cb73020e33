/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Fills a quarantine with items of a past year, for store-year.py: usage: store-fill FOLDER ITEMS. Written by the room's own code,
 * sealed as the keeper does it, in groups of 64, but not synced. store-fill FOLDER expire: disposes of what is due, as the keeper does.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "mugai/base/base.h"
#include "mugai/base/fd.h"
#include "mugai/quarantine.h"
#include "mugai/quarantine/acts.h"

#define GROUP 64u
#define YEAR_MS (G_GINT64_CONSTANT (365) * 86400 * 1000)

/* Filling is not what is measured: nothing waits for the disk here. */
int fsync (int fd) {
  (void) fd;
  return 0;
}

int fdatasync (int fd) {
  (void) fd;
  return 0;
}

static void make_id (char id[MUGAI_ID_LENGTH + 1], gint64 ms) {
  static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

  for (guint i = 10; i > 0; i--, ms >>= 5)
    id[i - 1] = alphabet[ms & 31];
  for (guint i = 10; i < MUGAI_ID_LENGTH; i++)
    id[i] = alphabet[g_random_int_range (0, 32)];
  id[MUGAI_ID_LENGTH] = '\0';
}

static void put_one (MugaiQuarantine *store, guint n, gint64 ms) {
  char id[MUGAI_ID_LENGTH + 1];
  g_autofree char *at = mugai_time_rfc3339 (ms * 1000), *subject = g_strdup_printf ("件名 %u 予算について", n);
  g_autofree char *to = g_strdup_printf ("staff%u@city.example.lg.jp", n % 3000);
  g_autofree char *text = g_strdup_printf ("Subject: %s\r\n\r\n%*s%u\r\n", subject, 3000 + (int) (n % 4000), "x", n);
  g_auto (MugaiFd) fd = mugai_fd_new_memory ("fill", NULL);
  g_autoptr (GError) error = NULL;

  make_id (id, ms);
  g_autoptr (MugaiJson) record =
      json_pack ("{s:s, s:s, s:s, s:s, s:s, s:{s:s}, s:[{s:s, s:s}], s:[{s:s}], s:[{s:s, s:s, s:s}]}", "id", id, "time",
                 at, "subject", subject, "direction", "inbound", "action", "hold", "envelope", "from",
                 "someone@example.com", "recipients", "address", to, "action", "hold", "reasons", "rule", "macro",
                 "parts", "path", "1", "scan", n % 50 == 0 ? "infected" : "clean", "sha256", "00");
  if (!mugai_fd_write_all (fd, text, strlen (text), &error) || !mugai_fd_seal (fd, &error)
      || !mugai_quarantine_put (store, id, fd, record, &error))
    g_error ("%s", error->message);
}

static void expire_one (MugaiQuarantine *store, const char *id, gint64 now_us) {
  const MugaiActor keeper = { .name = (char *) "keeper", .roles = MUGAI_ROLE_KEEPER };
  g_autofree char *act_id = mugai_id_new ();
  g_autoptr (MugaiJson) body = json_pack ("{s:s, s:s, s:s}", "act_id", act_id, "item", id, "reason", "retention");
  json_t *line = NULL, *answer = NULL;
  g_autoptr (GError) error = NULL;

  if (!mugai_quarantine_act (store, "expire", &keeper, body, now_us, &line, &answer, &error))
    g_error ("%s", error->message);
  json_decref (line);
  json_decref (answer);
}

static guint expire_group (MugaiQuarantine *store) {
  const MugaiRetention retention = MUGAI_RETENTION_DEFAULT;
  gint64 now_us = g_get_real_time ();
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) ids = mugai_quarantine_due (store, &retention, now_us, GROUP, &error);

  if (ids == NULL || !mugai_quarantine_begin (store, &error))
    g_error ("%s", error->message);
  for (char **id = ids; *id != NULL; id++)
    expire_one (store, *id, now_us);
  if (!mugai_quarantine_commit (store, &error) || !mugai_quarantine_destroy_disposed (store, &error))
    g_error ("%s", error->message);
  return g_strv_length (ids);
}

static void expire (MugaiQuarantine *store) {
  guint all = 0, n;

  while ((n = expire_group (store)) > 0)
    all += n;
  g_print ("%u items disposed of\n", all);
}

int main (int argc, char **argv) {
  g_autoptr (GError) error = NULL;
  guint items = argc == 3 ? (guint) strtoul (argv[2], NULL, 10) : 0;
  gint64 end_ms = g_get_real_time () / 1000;

  gboolean ending = argc == 3 && strcmp (argv[2], "expire") == 0;

  if ((items == 0 && !ending) || g_mkdir_with_parents (argv[1], 0700) < 0)
    g_error ("usage: store-fill FOLDER ITEMS");
  g_autoptr (MugaiQuarantine) store = mugai_quarantine_open (argv[1], FALSE, &error);
  if (store == NULL)
    g_error ("%s", error->message);
  if (ending)
    expire (store);
  for (guint n = 0; n < items; n++) {
    if (n % GROUP == 0 && !mugai_quarantine_begin (store, &error))
      g_error ("%s", error->message);
    put_one (store, n, end_ms - YEAR_MS + YEAR_MS / items * n);
    if ((n % GROUP == GROUP - 1 || n + 1 == items) && !mugai_quarantine_commit (store, &error))
      g_error ("%s", error->message);
  }
  return 0;
}
