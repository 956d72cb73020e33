/* SPDX-License-Identifier: GPL-2.0-only
 *
 * credentials: master keys that came as systemd credentials (LoadCredential=mugai-master-0001.key:PATH), handed over to the keeper.
 *
 * systemd gives them to root alone, in memory that is never swapped out, and the keeper is not root. So they are opened before it drops
 * to its user, and it reads them by their descriptors: no copy of a key is ever put into a file.
 */
#include "master.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "mugai/base/fd.h"
#include "mugai/quarantine.h"

/* The number in mugai-master-NNNN.key; 0: another one. */
static guint number_of (const char *name) {
  guint number = 0;
  int end = 0;

  return sscanf (name, "mugai-master-%4u.key%n", &number, &end) == 1 && end > 0 && name[end] == '\0' ? number : 0;
}

GArray *credentials_open (void) {
  const char *folder = g_getenv ("CREDENTIALS_DIRECTORY"), *name;
  g_autoptr (GDir) directory = folder != NULL ? g_dir_open (folder, 0, NULL) : NULL;
  g_autoptr (GString) list = g_string_new (NULL);
  GArray *fds = g_array_new (FALSE, FALSE, sizeof (int));

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL) {
    guint number = number_of (name);
    g_autofree char *path = g_build_filename (folder, name, NULL);
    int fd = number > 0 && fds->len < CREDENTIALS_MAX ? open (path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) : -1;
    if (fd < 0)
      continue;
    g_string_append_printf (list, "%s%u=%d", list->len > 0 ? " " : "", number, fd);
    g_array_append_val (fds, fd);
  }
  if (fds->len > 0)
    (void) g_setenv (MUGAI_KEYS_VARIABLE, list->str, TRUE);
  return fds;
}

void credentials_close (GArray *fds) {
  for (guint i = 0; i < fds->len; i++)
    mugai_fd_close (g_array_index (fds, int, i));
  g_array_unref (fds);
  g_unsetenv (MUGAI_KEYS_VARIABLE);
}
