-- SPDX-License-Identifier: GPL-2.0-only
-- A client that tries outside recipients on and on; then it sends one mail that is right.
conn = connect (OUTSIDE)
mt.macro (conn, SMFIC_MAIL, "i", "STUBBORN1")
envelope (conn, CITIZEN, { STAFF })
for i = 1, tonumber (tries) do
  must ("rcptto", mt.rcptto (conn, "<u" .. i .. "@other.example.net>"))
  expect (conn, "recipient " .. i, REPLY)
end
send_file (conn, message)
finish (conn)
sanitised (conn, "what is left")
mt.disconnect (conn)
