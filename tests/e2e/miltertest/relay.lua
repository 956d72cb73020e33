-- SPDX-License-Identifier: GPL-2.0-only
-- Outside to outside: that recipient is refused, the other one gets the mail.
conn = connect (OUTSIDE)
mt.macro (conn, SMFIC_MAIL, "i", "RELAY1")
envelope (conn, CITIZEN, { STAFF })
must ("rcptto", mt.rcptto (conn, OUTSIDER))
expect (conn, "an outside recipient", REPLY)
must ("rcptto", mt.rcptto (conn, "<@city.example.lg.jp:hanako@other.example.net>"))
expect (conn, "a source route", REPLY)
must ("rcptto", mt.rcptto (conn, "<hanako%other.example.net@city.example.lg.jp>"))
send_file (conn, message)
finish (conn)
sanitised (conn, "what is left")
mt.disconnect (conn)
