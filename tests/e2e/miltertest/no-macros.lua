-- SPDX-License-Identifier: GPL-2.0-only
-- An MTA that sends no macro at all: no {i}, no j, no {auth_authen}.
conn = connect (OUTSIDE)
envelope (conn, CITIZEN, { STAFF })
send_file (conn, message)
finish (conn)
sanitised (conn, "no macros")
mt.disconnect (conn)
