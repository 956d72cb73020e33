/* SPDX-License-Identifier: GPL-2.0-only
 *
 * landlock: one folder and nothing else. By raw system calls: glibc has no wrappers, and Debian 12's headers know ABI 2 only, so the
 * structures of newer kernels are written out here. What the running kernel does not know is left out, never required.
 */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <gio/gio.h>
#include <linux/landlock.h>

#include "mugai/base/fd.h"

#define ACCESS_TRUNCATE (1ULL << 14)  /* ABI 3 */
#define ACCESS_IOCTL_DEV (1ULL << 15) /* ABI 5 */
#define NET_ALL 3ULL                  /* ABI 4: TCP bind and connect */
#define SCOPE_ALL 3ULL                /* ABI 6: abstract unix sockets, signals */

#define ACCESS_ABI_1 (LANDLOCK_ACCESS_FS_MAKE_SYM | (LANDLOCK_ACCESS_FS_MAKE_SYM - 1))
#define ACCESS_IN_SCRATCH                                                                                              \
  (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_DIR                          \
   | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR                      \
   | LANDLOCK_ACCESS_FS_MAKE_REG)

struct ruleset {
  guint64 files;
  guint64 net;   /* from ABI 4 */
  guint64 scope; /* from ABI 6 */
};

int landlock_abi (void) {
  long abi = syscall (SYS_landlock_create_ruleset, NULL, (size_t) 0, LANDLOCK_CREATE_RULESET_VERSION);
  return abi > 0 ? (int) abi : 0;
}

static gboolean fail (GError **error, const char *what) {
  g_set_error (error, G_IO_ERROR, (gint) g_io_error_from_errno (errno), "Landlock: %s: %s", what, g_strerror (errno));
  return FALSE;
}

static int create_ruleset (int abi, guint64 *ret_files) {
  struct ruleset ruleset = { .files = ACCESS_ABI_1 };
  size_t size = sizeof ruleset.files;

  if (abi >= 2)
    ruleset.files |= LANDLOCK_ACCESS_FS_REFER;
  if (abi >= 3)
    ruleset.files |= ACCESS_TRUNCATE;
  if (abi >= 5)
    ruleset.files |= ACCESS_IOCTL_DEV;
  if (abi >= 4) {
    ruleset.net = NET_ALL;
    size = G_STRUCT_OFFSET (struct ruleset, scope);
  }
  if (abi >= 6) {
    ruleset.scope = SCOPE_ALL;
    size = sizeof ruleset;
  }
  *ret_files = ruleset.files;
  return (int) syscall (SYS_landlock_create_ruleset, &ruleset, size, 0u);
}

gboolean landlock_restrict (const char *scratch, GError **error) {
  int abi = landlock_abi ();
  guint64 files;

  if (abi == 0)
    return TRUE;
  g_auto (MugaiFd) ruleset = create_ruleset (abi, &files);
  if (ruleset < 0)
    return fail (error, "cannot make rules");
  g_auto (MugaiFd) folder = open (scratch, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder < 0)
    return fail (error, "cannot open the scratch folder");
  struct landlock_path_beneath_attr below = { .allowed_access = (ACCESS_IN_SCRATCH | ACCESS_TRUNCATE) & files,
                                              .parent_fd = folder };
  if (syscall (SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &below, 0u) < 0)
    return fail (error, "cannot add the scratch folder");
  if (syscall (SYS_landlock_restrict_self, ruleset, 0u) < 0)
    return fail (error, "cannot restrict");
  return TRUE;
}
