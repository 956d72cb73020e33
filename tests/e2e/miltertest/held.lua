-- SPDX-License-Identifier: GPL-2.0-only
-- A virus leaving us: the notice goes to its sender alone, from <>.
conn = connect (INSIDE)
mt.macro (conn, SMFIC_MAIL, "i", "HELD1")
envelope (conn, STAFF, { OUTSIDER, "<second@other.example.net>" })
send_file (conn, message)
finish (conn)
sanitised (conn, "held")
check ("the outside recipient stays", mt.eom_check (conn, MT_RCPTDELETE, OUTSIDER))
check ("the second one stays", mt.eom_check (conn, MT_RCPTDELETE, "<second@other.example.net>"))
check ("the sender is not told", mt.eom_check (conn, MT_RCPTADD, STAFF))
check ("Auto-Submitted", mt.eom_check (conn, MT_HDRADD, "Auto-Submitted"))
mt.disconnect (conn)
