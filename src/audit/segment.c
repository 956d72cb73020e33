/* SPDX-License-Identifier: GPL-2.0-only
 *
 * audit/segment: the files of a chain and their lines.
 *
 * A line is at most MUGAI_AUDIT_MAX_LINE_BYTES long, so a file without line ends costs no more memory than that. The files are read,
 * not mapped: the writer may cut one short (a group taken back) while somebody reads it. What other files stand in the
 * folder is not looked at.
 */
#include "segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "mugai/base/fd.h"

#define CHUNK_BYTES (64u * 1024)
#define NAME_PATTERN "audit-dddd-dd-dd.jsonl"

gboolean mugai_audit_fail_io (GError **error, const char *what, const char *name) {
  int number = errno;
  g_set_error (error, MUGAI_AUDIT_ERROR, MUGAI_AUDIT_ERROR_IO, "audit chain: %s %s: %s", what, name,
               g_strerror (number));
  return FALSE;
}

char *mugai_audit_segment_name (const char *at) {
  return g_strdup_printf ("audit-%.10s.jsonl", at);
}

static gboolean is_segment (const char *name) {
  const char *pattern = NAME_PATTERN;

  if (strlen (name) != MUGAI_AUDIT_SEGMENT_NAME_BYTES)
    return FALSE;
  for (; *pattern != '\0'; pattern++, name++) {
    if (*pattern == 'd' && g_ascii_isdigit (*name))
      continue;
    if (*pattern != *name)
      return FALSE;
  }
  return TRUE;
}

static gint compare_names (gconstpointer a, gconstpointer b) {
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

int mugai_audit_open_directory (const char *directory, GError **error) {
  int fd = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd < 0)
    (void) mugai_audit_fail_io (error, "cannot open", directory);
  return fd;
}

GPtrArray *mugai_audit_segments (int directory_fd, GError **error) {
  /* A descriptor of its own: the caller's keeps its place, and closedir () closes what it was given. */
  g_auto (MugaiFd) fd = openat (directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *folder = fd >= 0 ? fdopendir (fd) : NULL;
  struct dirent *entry;

  if (folder == NULL) {
    (void) mugai_audit_fail_io (error, "cannot read", "folder");
    return NULL;
  }
  (void) mugai_fd_steal (&fd);
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  while ((entry = readdir (folder)) != NULL) {
    if (is_segment (entry->d_name))
      g_ptr_array_add (names, g_strdup (entry->d_name));
  }
  (void) closedir (folder);
  g_ptr_array_sort (names, compare_names);
  return names;
}

/* ---- reading ---- */

gboolean mugai_audit_reader_open (MugaiAuditReader *reader, int directory_fd, const char *name, gboolean backwards,
                                  GError **error) {
  struct stat status;

  *reader = (MugaiAuditReader){ .fd = -1, .name = name, .buffer = g_byte_array_new () };
  reader->fd = openat (directory_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (reader->fd < 0 || fstat (reader->fd, &status) < 0)
    return mugai_audit_fail_io (error, "cannot open", name);
  if (backwards)
    reader->position = (guint64) status.st_size;
  return TRUE;
}

void mugai_audit_reader_clear (MugaiAuditReader *reader) {
  if (reader->buffer == NULL)
    return;
  g_byte_array_unref (reader->buffer);
  mugai_fd_close (reader->fd);
  *reader = (MugaiAuditReader){ .fd = -1 };
}

static gboolean fail_long (const MugaiAuditReader *reader, GError **error) {
  g_set_error (error, MUGAI_AUDIT_ERROR, MUGAI_AUDIT_ERROR_BROKEN, "audit chain: %s has a line over %u bytes",
               reader->name, MUGAI_AUDIT_MAX_LINE_BYTES);
  return FALSE;
}

/* Reads one more chunk behind what is there; sets at_end when there is none. */
static gboolean read_on (MugaiAuditReader *reader, GError **error) {
  if (reader->start > 0) {
    g_byte_array_remove_range (reader->buffer, 0, (guint) reader->start);
    reader->end -= reader->start;
    reader->start = 0;
  }
  if (reader->end > MUGAI_AUDIT_MAX_LINE_BYTES)
    return fail_long (reader, error);
  /* As much again as a long line already has: then reading it stays linear. */
  gsize chunk_bytes = MAX (CHUNK_BYTES, reader->end);
  g_byte_array_set_size (reader->buffer, (guint) (reader->end + chunk_bytes));
  ssize_t got;
  do
    got = read (reader->fd, reader->buffer->data + reader->end, chunk_bytes);
  while (got < 0 && errno == EINTR);
  g_byte_array_set_size (reader->buffer, (guint) (reader->end + (gsize) MAX (got, 0)));
  if (got < 0)
    return mugai_audit_fail_io (error, "cannot read", reader->name);
  reader->end += (gsize) got;
  reader->at_end = got == 0;
  return TRUE;
}

gboolean mugai_audit_reader_next (MugaiAuditReader *reader, const char **ret_line, gsize *ret_length_bytes,
                                  gboolean *ret_whole, GError **error) {
  gsize searched = 0;

  for (;;) {
    const char *line = (const char *) reader->buffer->data + reader->start;
    gsize there = reader->end - reader->start;
    const char *line_end = there > searched ? memchr (line + searched, '\n', there - searched) : NULL;
    if (line_end != NULL) {
      *ret_line = line;
      *ret_length_bytes = (gsize) (line_end - line);
      *ret_whole = TRUE;
      reader->start += *ret_length_bytes + 1;
      return TRUE;
    }
    if (reader->at_end) {
      *ret_line = there > 0 ? line : NULL;
      *ret_length_bytes = there;
      *ret_whole = FALSE;
      reader->start = reader->end;
      return TRUE;
    }
    searched = there;
    if (!read_on (reader, error))
      return FALSE;
  }
}

/* Puts the chunk before the buffer's first byte in front of it. */
static gboolean read_back (MugaiAuditReader *reader, GError **error) {
  if (reader->end > MUGAI_AUDIT_MAX_LINE_BYTES)
    return fail_long (reader, error);
  gsize chunk_bytes = (gsize) MIN (MAX (CHUNK_BYTES, reader->end), reader->position);
  g_autofree guint8 *chunk = g_malloc (chunk_bytes);
  gsize done = 0;
  while (done < chunk_bytes) {
    ssize_t got = pread (reader->fd, chunk + done, chunk_bytes - done, (off_t) (reader->position - chunk_bytes + done));
    if (got < 0 && errno == EINTR)
      continue;
    if (got == 0)
      errno = EIO; /* it became shorter under us */
    if (got <= 0)
      return mugai_audit_fail_io (error, "cannot read", reader->name);
    done += (gsize) got;
  }
  g_byte_array_set_size (reader->buffer, (guint) reader->end);
  g_byte_array_prepend (reader->buffer, chunk, (guint) chunk_bytes);
  reader->position -= chunk_bytes;
  reader->end += chunk_bytes;
  return TRUE;
}

/* Moves end to behind the last line end before @before; FALSE with @error NULL: there is none in the whole file. */
static gboolean find_back (MugaiAuditReader *reader, gsize before, gsize *ret_at, GError **error) {
  gsize searched = 0; /* bytes before @before that hold none */

  for (;;) {
    const guint8 *data = reader->buffer->data;
    const guint8 *found = before > searched ? memrchr (data, '\n', before - searched) : NULL;
    if (found != NULL) {
      *ret_at = (gsize) (found - data);
      return TRUE;
    }
    if (reader->position == 0)
      return FALSE;
    searched = before;
    gsize had = reader->end;
    if (!read_back (reader, error))
      return FALSE;
    before += reader->end - had;
  }
}

/* Leaves out what stands behind the last line end. */
static gboolean drop_torn (MugaiAuditReader *reader, GError **error) {
  GError *cause = NULL;
  gsize at = 0;

  reader->at_end = TRUE;
  if (find_back (reader, reader->end, &at, &cause)) {
    reader->end = at + 1;
    reader->whole_bytes = reader->position + reader->end;
    return TRUE;
  }
  reader->end = 0;
  reader->whole_bytes = 0;
  if (cause == NULL)
    return TRUE;
  g_propagate_error (error, cause);
  return FALSE;
}

gboolean mugai_audit_reader_previous (MugaiAuditReader *reader, const char **ret_line, gsize *ret_length_bytes,
                                      GError **error) {
  GError *cause = NULL;
  gsize at = 0;

  *ret_line = NULL;
  *ret_length_bytes = 0;
  if (!reader->at_end && !drop_torn (reader, error))
    return FALSE;
  if (reader->end == 0 && reader->position == 0)
    return TRUE;
  if (reader->end == 0 && !read_back (reader, error))
    return FALSE;
  gsize last = reader->end - 1; /* its own line end */
  gsize had = reader->end;
  gsize begin = 0;
  if (find_back (reader, last, &at, &cause))
    begin = at + 1;
  if (cause != NULL) {
    g_propagate_error (error, cause);
    return FALSE;
  }
  last += reader->end - had;
  *ret_line = (const char *) reader->buffer->data + begin;
  *ret_length_bytes = last - begin;
  reader->end = begin;
  return TRUE;
}
