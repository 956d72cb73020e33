-- SPDX-License-Identifier: GPL-2.0-only
-- Who has logged in, as MTAs say it: Sendmail with the queue id at MAIL, Postfix the queue id at the end only; and one who has not.
local function mail (name, login, early)
  conn = connect (OUTSIDE)
  local said = {}
  if login then
    said = { "{auth_authen}", login, "{auth_type}", "PLAIN" }
  end
  if early then
    said[#said + 1] = "i"
    said[#said + 1] = name
  end
  if #said > 0 then
    mt.macro (conn, SMFIC_MAIL, table.unpack (said))
  end
  must ("mailfrom", mt.mailfrom (conn, STAFF))
  expect (conn, "mailfrom", SMFIR_CONTINUE)
  must ("rcptto", mt.rcptto (conn, OUTSIDER))
  if not login then
    expect (conn, "an outside recipient", REPLY)
    mt.disconnect (conn)
    return
  end
  expect (conn, "an outside recipient of one who has logged in", SMFIR_CONTINUE)
  field (conn, "From", STAFF)
  field (conn, "To", OUTSIDER)
  field (conn, "Subject", name)
  must ("eoh", mt.eoh (conn))
  expect (conn, "eoh", SMFIR_CONTINUE)
  must ("body", mt.bodystring (conn, "Good day.\r\n"))
  expect (conn, "body", SMFIR_CONTINUE)
  finish (conn, not early and name or nil)
  accepted (conn, name)
  mt.disconnect (conn)
end
mail ("SENDMAIL1", "kakari", true)
mail ("POSTFIX1", "kakari", false)
mail ("NOBODY1", nil, true)
