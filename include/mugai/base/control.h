/* SPDX-License-Identifier: GPL-2.0-only
 *
 * base/control: one JSON question, one JSON answer over a unix socket (SOCK_SEQPACKET): how `mugai status` asks the master.
 *
 * The client waits with a limit; the server never waits for a client. Questions the master knows:
 *   {"do": "status"}                          anyone who may open the socket
 *   {"do": "reload", "what": "policy"|"signatures"|"all"}   root, or the user that mugaid runs as
 *   {"do": "acknowledge", "alarm": id|"all"}  likewise
 *   {"do": "close-exception", "exception": id, "report": text, "approved_by": name}   likewise
 * Those of root may have "sudo_uid": whom it stands for; it is written beside root on the chain.
 * Every answer has "ok"; with false also "error", words for people.
 */
#pragma once

#include "mugai/base/json.h"

#define MUGAI_CONTROL_MAX_BYTES                                                                                        \
  (160u * 1024) /* one datagram either way: below the default send buffer of a unix socket */
#define MUGAI_CONTROL_TIMEOUT_MS 5000

/**
 * mugai_control_ask:
 *
 * Connects to @socket_path, asks, waits at most @timeout_ms. Returns: (transfer full): the answer, an object with "ok" (TRUE or FALSE); NULL and @error when there
 * is none: G_IO_ERROR_NOT_FOUND / _CONNECTION_REFUSED (not running), _PERMISSION_DENIED, _TIMED_OUT, or MUGAI_JSON_ERROR. Any thread.
 */
json_t *mugai_control_ask (const char *socket_path, json_t *request, int timeout_ms, GError **error);

/** mugai_control_listen: a bound, listening, non-blocking SOCK_SEQPACKET socket that replaces a stale name; -1 and @error. */
int mugai_control_listen (const char *socket_path, guint mode, GError **error);

/** MugaiControlAnswer: (transfer full): the answer; @uid: of the process that asks, from the kernel. */
typedef json_t *(*MugaiControlAnswer) (json_t *request, guint uid, gpointer data);

/** mugai_control_serve: @client_fd, accepted and readable: reads one question, answers without waiting. The caller closes it then. */
void mugai_control_serve (int client_fd, MugaiControlAnswer answer, gpointer data);
