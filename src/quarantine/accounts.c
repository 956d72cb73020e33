/* SPDX-License-Identifier: GPL-2.0-only
 *
 * quarantine/accounts: the account file: which login has which roles, for whose mail.
 *
 * The login itself is proven elsewhere (the keeper asks the kernel). A file with any mistake in it counts as none: half of the rights that
 * somebody wrote down would be a surprise either way.
 */
#include "mugai/quarantine/acts.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

#include "mugai/base/fd.h"
#include "mugai/base/unicode.h"

typedef struct {
  char *login; /* a name or a number */
  MugaiRoles roles;
  char **units;
  char **addresses; /* whose mail box: who sent a mail does not approve it */
} Account;

struct MugaiAccounts {
  GPtrArray *list; /* of Account */
};

static const struct {
  const char *name;
  MugaiRoles role;
} roles[] = {
  { "reviewer", MUGAI_ROLE_REVIEWER },
  { "approver", MUGAI_ROLE_APPROVER },
  { "administrator", MUGAI_ROLE_ADMINISTRATOR },
  { "auditor", MUGAI_ROLE_AUDITOR },
  { "root", MUGAI_ROLE_ROOT },
  { "front", MUGAI_ROLE_FRONT },
  { "keeper", MUGAI_ROLE_KEEPER },
  { "clerk", MUGAI_ROLE_CLERK },
};
#define MAIL_PREFIX "mail="
#define N_FILE_ROLES 4u /* the others are nobody's to give */

static void account_free (gpointer data) {
  Account *account = data;

  g_free (account->login);
  g_strfreev (account->units);
  g_strfreev (account->addresses);
  g_free (account);
}

void mugai_accounts_free (MugaiAccounts *accounts) {
  if (accounts == NULL)
    return;
  g_ptr_array_unref (accounts->list);
  g_free (accounts);
}

char *mugai_quarantine_role_names (MugaiRoles given) {
  GString *names = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (roles); i++)
    if ((given & roles[i].role) != 0)
      g_string_append_printf (names, "%s%s", names->len > 0 ? "," : "", roles[i].name);
  return g_string_free (names, FALSE);
}

/* ---- the file ---- */

static gboolean fail (GError **error, const char *name, guint line, const char *words, const char *given) {
  g_autofree char *safe = mugai_unicode_make_safe (given, -1, 100);

  g_set_error (error, MUGAI_QUARANTINE_ERROR, MUGAI_QUARANTINE_ERROR_IO, "%s:%u: error: %s%s%s", name, line, words,
               safe[0] != '\0' ? ": " : "", safe);
  return FALSE;
}

static MugaiRoles read_roles (const char *text) {
  g_auto (GStrv) words = g_strsplit (text, ",", -1);
  MugaiRoles given = MUGAI_ROLE_NONE;

  for (char **word = words; *word != NULL; word++) {
    MugaiRoles role = MUGAI_ROLE_NONE;
    for (gsize i = 0; i < N_FILE_ROLES; i++)
      role |= strcmp (*word, roles[i].name) == 0 ? roles[i].role : MUGAI_ROLE_NONE;
    if (role == MUGAI_ROLE_NONE)
      return MUGAI_ROLE_NONE;
    given |= role;
  }
  return given;
}

static gboolean read_line (MugaiAccounts *accounts, const char *name, guint number, char *line, GError **error) {
  char *comment = strchr (line, '#');
  g_autoptr (GPtrArray) words = g_ptr_array_new ();

  if (comment != NULL)
    *comment = '\0';
  g_auto (GStrv) pieces = g_strsplit_set (line, " \t\r", -1);
  for (char **piece = pieces; *piece != NULL; piece++)
    if (**piece != '\0')
      g_ptr_array_add (words, *piece);
  if (words->len == 0)
    return TRUE;
  if (words->len < 3)
    return fail (error, name, number, "write LOGIN ROLE[,ROLE...] UNIT...", "");
  MugaiRoles given = read_roles (words->pdata[1]);
  if (given == MUGAI_ROLE_NONE)
    return fail (error, name, number, "roles are reviewer, approver, administrator, auditor", words->pdata[1]);
  Account *account = g_new0 (Account, 1);
  account->login = g_strdup (words->pdata[0]);
  account->roles = given;
  account->units = g_new0 (char *, words->len);
  account->addresses = g_new0 (char *, words->len);
  g_ptr_array_add (accounts->list, account);
  guint n_units = 0, n_addresses = 0;
  for (guint i = 2; i < words->len; i++) {
    const char *unit = words->pdata[i];
    if (g_str_has_prefix (unit, MAIL_PREFIX) && strchr (unit, '@') != NULL) {
      account->addresses[n_addresses++] = g_ascii_strdown (unit + strlen (MAIL_PREFIX), -1);
      continue;
    }
    if (strcmp (unit, "*") != 0 && strchr (unit, '@') == NULL)
      return fail (error, name, number, "a unit is *, @domain or an address", unit);
    account->units[n_units++] = g_ascii_strdown (unit, -1);
  }
  if (n_units == 0)
    return fail (error, name, number, "a unit is missing: *, @domain or an address", "");
  for (guint i = 0; i + 1 < accounts->list->len; i++)
    if (strcmp (((Account *) accounts->list->pdata[i])->login, account->login) == 0)
      return fail (error, name, number, "this login is there twice", account->login);
  return accounts->list->len <= MUGAI_ACCOUNTS_MAX || fail (error, name, number, "too many accounts", "");
}

MugaiAccounts *mugai_accounts_parse (const char *text, const char *name, GError **error) {
  g_autoptr (MugaiAccounts) accounts = g_new0 (MugaiAccounts, 1);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  accounts->list = g_ptr_array_new_with_free_func (account_free);
  for (guint i = 0; lines[i] != NULL; i++)
    if (!read_line (accounts, name, i + 1, lines[i], error))
      return NULL;
  return g_steal_pointer (&accounts);
}

MugaiAccounts *mugai_accounts_load (const char *path, GError **error) {
  g_auto (MugaiFd) fd = open (path, O_RDONLY | O_CLOEXEC);
  struct stat status;

  if (fd < 0 && errno == ENOENT)
    return mugai_accounts_parse ("", path, error);
  if (fd < 0 || fstat (fd, &status) < 0) {
    (void) fail (error, path, 0, "cannot be read", g_strerror (errno));
    return NULL;
  }
  /* Whoever may write it may approve: root, or the very user the keeper is. */
  if ((status.st_mode & 022) != 0 || (status.st_uid != 0 && status.st_uid != geteuid ())) {
    (void) fail (error, path, 0, "not the administrator's alone: chown root, chmod go-w", "");
    return NULL;
  }
  g_autoptr (GBytes) bytes = mugai_fd_read_all (fd, MUGAI_ACCOUNTS_MAX_BYTES, error);
  if (bytes == NULL)
    return NULL;
  gsize length_bytes = 0;
  const char *data = g_bytes_get_data (bytes, &length_bytes);
  g_autofree char *text = g_strndup (data, length_bytes);
  return mugai_accounts_parse (text, path, error);
}

/* ---- a person ---- */

MugaiActor *mugai_actor_new (const MugaiAccounts *accounts, guint uid, gboolean is_root) {
  const struct passwd *user = getpwuid ((uid_t) uid);
  g_autofree char *number = g_strdup_printf ("%u", uid);
  MugaiActor *actor = g_new0 (MugaiActor, 1);

  actor->name = g_strdup_printf ("uid:%u%s%s", uid, user != NULL ? ":" : "", user != NULL ? user->pw_name : "");
  actor->roles = is_root ? MUGAI_ROLE_ROOT : MUGAI_ROLE_FRONT;
  for (guint i = 0; uid != 0 && i < accounts->list->len; i++) {
    const Account *account = accounts->list->pdata[i];
    if (strcmp (account->login, number) != 0 && (user == NULL || strcmp (account->login, user->pw_name) != 0))
      continue;
    actor->roles = account->roles;
    actor->units = g_strdupv (account->units);
    actor->addresses = g_strdupv (account->addresses);
  }
  return actor;
}

void mugai_actor_free (MugaiActor *actor) {
  if (actor == NULL)
    return;
  g_free (actor->name);
  g_strfreev (actor->units);
  g_strfreev (actor->addresses);
  g_free (actor);
}
