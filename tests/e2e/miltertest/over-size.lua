-- SPDX-License-Identifier: GPL-2.0-only
-- Over-size by SIZE= at MAIL, then at the counted byte (answered at the end); the connection goes on with an ordinary mail.
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
for sent = #chunk, 24 * 1024 * 1024, #chunk do
  must ("body", mt.bodystring (conn, chunk))
  expect (conn, "body", SMFIR_CONTINUE)
end
finish (conn)
expect (conn, "the counted byte", REPLY)
mt.macro (conn, SMFIC_MAIL, "i", "SIZE2")
envelope (conn, CITIZEN, { STAFF })
send_file (conn, message)
finish (conn)
sanitised (conn, "the mail after it")
mt.disconnect (conn)
