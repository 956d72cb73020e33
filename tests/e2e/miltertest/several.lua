-- SPDX-License-Identifier: GPL-2.0-only
-- Three mails on one connection: each is sanitised for itself.
conn = connect (OUTSIDE)
for number = 1, 3 do
  mt.macro (conn, SMFIC_MAIL, "i", "SEVERAL" .. number)
  envelope (conn, CITIZEN, { STAFF })
  send_file (conn, number == 2 and other or message)
  finish (conn)
  sanitised (conn, "mail " .. number)
end
mt.disconnect (conn)
