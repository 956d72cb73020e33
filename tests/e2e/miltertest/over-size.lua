-- SPDX-License-Identifier: GPL-2.0-only
-- Over-size by SIZE= at MAIL, then at the counted byte; the connection goes on with an ordinary mail.
conn = connect (OUTSIDE)
must ("mailfrom", mt.mailfrom (conn, CITIZEN, "SIZE=45000000"))
expect (conn, "SIZE=45000000", REPLY)
must ("abort", mt.abort (conn))
must ("mailfrom", mt.mailfrom (conn, CITIZEN, "SIZE=18446744073709551615"))
expect (conn, "SIZE= beyond any number", REPLY)
must ("abort", mt.abort (conn))
envelope (conn, CITIZEN, { STAFF })
field (conn, "Subject", "large")
must ("eoh", mt.eoh (conn))
line = string.rep ("x", 70) .. "\r\n"
chunk = string.rep (line, 400)
sent, stopped = 0, false
while sent < 24 * 1024 * 1024 and not stopped do
  must ("body", mt.bodystring (conn, chunk))
  sent = sent + #chunk
  stopped = mt.getreply (conn) ~= SMFIR_CONTINUE
end
expect (conn, "the counted byte", REPLY)
check ("refused too early or too late: " .. sent, sent > 20 * 1024 * 1024 - 2 * #chunk and sent < 20 * 1024 * 1024 + 2 * #chunk)
must ("abort", mt.abort (conn))
mt.macro (conn, SMFIC_MAIL, "i", "SIZE2")
envelope (conn, CITIZEN, { STAFF })
send_file (conn, message)
finish (conn)
sanitised (conn, "the mail after it")
mt.disconnect (conn)
