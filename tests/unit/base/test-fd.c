/* SPDX-License-Identifier: GPL-2.0-only
 *
 * Unit tests of base/fd: sealing, whole reads and writes, descriptors over a socket.
 */
#include "mugai/base/fd.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include <gio/gio.h>

static int memory_with (const char *text) {
  g_autoptr (GError) error = NULL;
  int fd = mugai_fd_new_memory ("test", &error);

  g_assert_no_error (error);
  g_assert_true (mugai_fd_write_all (fd, text, strlen (text), &error));
  g_assert_cmpint (fcntl (fd, F_GETFD) & FD_CLOEXEC, ==, FD_CLOEXEC);
  return fd;
}

static guint count_open (void) {
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;
  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static void test_seal (void) {
  g_autoptr (GError) error = NULL;
  g_auto (MugaiFd) fd = memory_with ("hello");

  g_assert_false (mugai_fd_is_sealed (fd));
  g_assert_null (mugai_fd_map (fd, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  g_clear_error (&error);

  g_assert_true (mugai_fd_seal (fd, &error));
  g_assert_true (mugai_fd_is_sealed (fd));
  g_assert_cmpint (mugai_fd_size (fd), ==, 5);
  g_assert_false (mugai_fd_write_all (fd, "x", 1, NULL));
  g_assert_cmpint (ftruncate (fd, 1), ==, -1);
  g_autoptr (GBytes) bytes = mugai_fd_map (fd, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), "hello", 5);
}

static void test_map_empty (void) {
  g_auto (MugaiFd) fd = memory_with ("");
  g_assert_true (mugai_fd_seal (fd, NULL));
  g_autoptr (GBytes) bytes = mugai_fd_map (fd, NULL);
  g_assert_cmpuint (g_bytes_get_size (bytes), ==, 0);
}

static void test_not_memory (void) {
  g_auto (MugaiFd) fd = open ("/dev/null", O_RDWR | O_CLOEXEC);
  g_assert_false (mugai_fd_is_sealed (fd));
  g_assert_false (mugai_fd_seal (fd, NULL));
  g_assert_null (mugai_fd_map (fd, NULL));
  g_assert_cmpint (mugai_fd_size (fd), ==, -1);
  g_assert_cmpint (mugai_fd_size (-1), ==, -1);
}

static void test_read_all (void) {
  g_autoptr (GError) error = NULL;
  g_autofree char *text = g_strnfill (200000, 'x');
  g_auto (MugaiFd) fd = memory_with (text);

  lseek (fd, 0, SEEK_SET);
  g_autoptr (GBytes) whole = mugai_fd_read_all (fd, 200000, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (whole), ==, 200000);
  lseek (fd, 0, SEEK_SET);
  g_assert_null (mugai_fd_read_all (fd, 199999, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE);
}

static void make_pair (int *pair) {
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
}

static void close_pair (int *pair) {
  mugai_fd_close (pair[0]);
  mugai_fd_close (pair[1]);
}

static void test_pass (void) {
  int pair[2], received[MUGAI_FD_MAX_PASSED];
  guint n = 99, before = count_open ();
  char buffer[16];
  make_pair (pair);
  int sent[MUGAI_FD_MAX_PASSED];
  for (int i = 0; i < MUGAI_FD_MAX_PASSED; i++)
    sent[i] = memory_with ("x");

  g_assert_true (mugai_fd_send (pair[0], "abc", 3, sent, MUGAI_FD_MAX_PASSED, NULL));
  g_assert_true (mugai_fd_send (pair[0], "d", 1, NULL, 0, NULL));
  g_assert_cmpint (mugai_fd_receive (pair[1], buffer, sizeof buffer, received, &n, 1000, NULL), ==, 3);
  g_assert_cmpuint (n, ==, MUGAI_FD_MAX_PASSED);
  for (guint i = 0; i < n; i++) {
    g_assert_cmpint (mugai_fd_size (received[i]), ==, 1);
    g_assert_cmpint (fcntl (received[i], F_GETFD) & FD_CLOEXEC, ==, FD_CLOEXEC);
    close (received[i]);
    close (sent[i]);
  }
  g_assert_cmpint (mugai_fd_receive (pair[1], buffer, sizeof buffer, received, &n, -1, NULL), ==, 1);
  g_assert_cmpuint (n, ==, 0);
  g_assert_cmpint (received[0], ==, -1);
  close_pair (pair);
  g_assert_cmpuint (count_open (), ==, before);
}

/* Sends @n descriptors past mugai_fd_send (), as an enemy would. */
static void send_raw (int socket, const char *text, guint n) {
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE (sizeof (int) * 16)];
  } control = { 0 };
  struct iovec part = { .iov_base = (void *) text, .iov_len = strlen (text) };
  struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes };
  message.msg_controllen = CMSG_SPACE (sizeof (int) * n);
  struct cmsghdr *header = CMSG_FIRSTHDR (&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN (sizeof (int) * n);
  for (guint i = 0; i < n; i++)
    memcpy (CMSG_DATA (header) + i * sizeof (int), &(int){ 0 }, sizeof (int));
  g_assert_cmpint (sendmsg (socket, &message, MSG_NOSIGNAL), ==, (gssize) strlen (text));
}

static void test_refused (void) {
  static const struct {
    const char *text;
    guint n_fds;
  } cases[] = { { "x", 5 }, { "x", 16 }, { "far too long for it", 2 }, { "", 1 } };
  int pair[2], received[MUGAI_FD_MAX_PASSED];
  char buffer[4];
  guint n, before = count_open ();
  make_pair (pair);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    send_raw (pair[0], cases[i].text, cases[i].n_fds);
    g_assert_cmpint (mugai_fd_receive (pair[1], buffer, sizeof buffer, received, &n, 1000, &error), ==, -1);
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
    g_assert_cmpuint (n, ==, 0);
    g_assert_cmpint (received[0], ==, -1);
  }
  close_pair (pair);
  g_assert_cmpuint (count_open (), ==, before); /* what was refused is closed */
}

static void test_end_and_time (void) {
  int pair[2], received[MUGAI_FD_MAX_PASSED];
  char buffer[4];
  guint n;
  g_autoptr (GError) error = NULL;
  make_pair (pair);

  gint64 start_us = g_get_monotonic_time ();
  g_assert_cmpint (mugai_fd_receive (pair[1], buffer, sizeof buffer, received, &n, 50, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpint (g_get_monotonic_time () - start_us, >=, 49000);
  close (mugai_fd_steal (&pair[0]));
  g_assert_cmpint (mugai_fd_receive (pair[1], buffer, sizeof buffer, received, &n, 50, NULL), ==, 0);
  g_assert_false (mugai_fd_send (pair[1], "x", 1, NULL, 0, NULL)); /* and no SIGPIPE */
  close_pair (pair);
}

int main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/fd/seal", test_seal);
  g_test_add_func ("/fd/map-empty", test_map_empty);
  g_test_add_func ("/fd/not-memory", test_not_memory);
  g_test_add_func ("/fd/read-all", test_read_all);
  g_test_add_func ("/fd/pass", test_pass);
  g_test_add_func ("/fd/refused", test_refused);
  g_test_add_func ("/fd/end-and-time", test_end_and_time);
  return g_test_run ();
}
