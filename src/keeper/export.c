/* SPDX-License-Identifier: GPL-2.0-only
 *
 * keeper/export: the chain's lines to the system's log (journald and syslog both listen there).
 *
 * Number and hash leave the machine with the log: so the chain can be compared later with what a log host holds, and a chain that was
 * made anew from some line on does not have those hashes. A log that is away or full stops no mail.
 */
#include "export.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "mugai/base/fd.h"
#include "mugai/base/unicode.h"

#define LOG_SOCKET "/dev/log"
#define PRIORITY (10 * 8 + 6) /* authpriv.info: not for everybody's eyes */
#define MAX_MEMBER_BYTES 200u

struct MugaiExport {
  int fd;
  guint64 lost;
};

MugaiExport *mugai_export_new (void) {
  MugaiExport *export = g_new0 (MugaiExport, 1);

  export->fd = -1;
  return export;
}

void mugai_export_free (MugaiExport *export) {
  if (export == NULL)
    return;
  mugai_fd_close (export->fd);
  g_free (export);
}

static gboolean try_send (MugaiExport *export, const char *text) {
  struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = LOG_SOCKET };

  if (export->fd < 0) {
    export->fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (export->fd < 0 || connect (export->fd, (struct sockaddr *) &address, sizeof address) < 0) {
      mugai_fd_close (mugai_fd_steal (&export->fd));
      return FALSE;
    }
  }
  if (send (export->fd, text, strlen (text), MSG_NOSIGNAL) >= 0)
    return TRUE;
  mugai_fd_close (mugai_fd_steal (&export->fd));
  return FALSE;
}

static char *member (json_t *body, const char *key) {
  return mugai_unicode_make_safe (json_string_value (json_object_get (body, key)), -1, MAX_MEMBER_BYTES);
}

void mugai_export_line (MugaiExport *export, guint64 seq, const char *hash, const char *kind, const char *actor,
                        json_t *body) {
  gboolean record = strcmp (kind, "record") == 0;
  g_autofree char *id = member (body, record ? "id" : "act_id"), *action = member (body, "action");
  g_autofree char *item = member (body, "item"), *who = mugai_unicode_make_safe (actor, -1, MAX_MEMBER_BYTES);
  g_autofree char *text = g_strdup_printf ("<%d>mugai-audit: seq=%" G_GUINT64_FORMAT
                                           " hash=%s kind=%s actor=%s id=%s%s%s%s%s lost=%" G_GUINT64_FORMAT,
                                           PRIORITY, seq, hash, kind, who, id, action[0] != '\0' ? " action=" : "",
                                           action, item[0] != '\0' ? " item=" : "", item, export->lost);

  if (!try_send (export, text))
    export->lost++;
}
