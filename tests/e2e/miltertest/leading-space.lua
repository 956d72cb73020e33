-- SPDX-License-Identifier: GPL-2.0-only
-- The same mail from an MTA with SMFIP_HDR_LEADSPC and from one without.
for _, old in ipairs { false, true } do
  conn = connect (OUTSIDE, old and ALL_STEPS - LEADING_SPACE or ALL_STEPS)
  check ("LEADSPC was " .. (old and "" or "not ") .. "agreed", mt.test_option (conn, LEADING_SPACE) == not old)
  mt.macro (conn, SMFIC_MAIL, "i", old and "LEADSPC0" or "LEADSPC1")
  envelope (conn, CITIZEN, { STAFF })
  send_file (conn, message)
  finish (conn)
  sanitised (conn, old and "without LEADSPC" or "with LEADSPC")
  check ("From", mt.eom_check (conn, MT_HDRADD, "From"))
  check ("MIME-Version", mt.eom_check (conn, MT_HDRADD, "MIME-Version", (old and "" or " ") .. "1.0"))
  mt.disconnect (conn)
end
