-- SPDX-License-Identifier: GPL-2.0-only
-- A bounce from outside: MAIL FROM:<>
conn = connect (OUTSIDE)
mt.macro (conn, SMFIC_MAIL, "i", "EMPTY1")
envelope (conn, "<>", { STAFF })
send_file (conn, message)
finish (conn)
sanitised (conn, "empty sender")
mt.disconnect (conn)
