-- SPDX-License-Identifier: GPL-2.0-only
-- What every scenario needs: a connection, a mail on it, and checks that say what was wrong.
-- main.lua loads it first.

OUTSIDE, INSIDE = "203.0.113.5", "10.1.2.3"
CITIZEN, STAFF, COLLEAGUE, OUTSIDER =
  "<taro@mail.example.com>", "<kakari@city.example.lg.jp>", "<kacho@city.example.lg.jp>", "<hanako@other.example.net>"
ALL_ACTIONS, ALL_STEPS, LEADING_SPACE = 0x1FF, 0x1FFFFF, 0x100000
REPLY = string.byte ("y")  -- SMFIR_REPLYCODE

function must (what, problem)
  if problem ~= nil then error (what .. ": " .. problem, 2) end
end

function check (what, true_value)
  if not true_value then error (what, 2) end
end

function expect (conn, what, wanted)
  local got = mt.getreply (conn)
  if got ~= wanted then error (string.format ("%s: reply %d, not %d", what, got, wanted), 2) end
end

-- steps: what the MTA offers; without LEADING_SPACE it is an old one
function connect (client, steps)
  mt.set_timeout (60)
  local conn = mt.connect (socket, 40, 0.05)
  if conn == nil then error ("connect", 2) end
  -- its manual has these two the other way round
  must ("negotiate", mt.negotiate (conn, 6, steps or ALL_STEPS, ALL_ACTIONS))
  must ("conninfo", mt.conninfo (conn, "client.example.com", client))
  expect (conn, "conninfo", SMFIR_CONTINUE)
  must ("helo", mt.helo (conn, "client.example.com"))
  expect (conn, "helo", SMFIR_CONTINUE)
  return conn
end

function envelope (conn, sender, recipients)
  must ("mailfrom", mt.mailfrom (conn, sender))
  expect (conn, "mailfrom", SMFIR_CONTINUE)
  for _, recipient in ipairs (recipients) do
    must ("rcptto", mt.rcptto (conn, recipient))
    expect (conn, "rcptto", SMFIR_CONTINUE)
  end
end

function field (conn, name, value)
  must ("header " .. name, mt.header (conn, name, value))
  expect (conn, "header " .. name, SMFIR_CONTINUE)
end

-- The file's header fields and body. With LEADING_SPACE agreed, miltertest itself puts the blank before a value.
function send_file (conn, path)
  local file = assert (io.open (path, "rb"))
  local text = file:read ("*a"):gsub ("\r\n", "\n")
  file:close ()
  local head, body = text:match ("^(.-\n)\n(.*)$")
  head = head:gsub ("\n([ \t])", "\1%1")  -- keeps folded fields in one piece
  for line in head:gmatch ("([^\n]+)\n") do
    local name, value = line:match ("^([^:]+): ?(.*)$")
    field (conn, name, (value:gsub ("\1", "\n")))
  end
  must ("eoh", mt.eoh (conn))
  expect (conn, "eoh", SMFIR_CONTINUE)
  body = body:gsub ("\n", "\r\n")
  for at = 1, #body, 30000 do
    must ("body", mt.bodystring (conn, body:sub (at, at + 29999)))
    expect (conn, "body", SMFIR_CONTINUE)
  end
end

function finish (conn, queue_id)
  if queue_id then mt.macro (conn, SMFIC_BODYEOB or string.byte ("E"), "i", queue_id) end
  must ("eom", mt.eom (conn))
end

function accepted (conn, what)
  local got = mt.getreply (conn)
  if got ~= SMFIR_CONTINUE and got ~= SMFIR_ACCEPT then error (string.format ("%s: reply %d", what, got), 2) end
end

function sanitised (conn, what)
  accepted (conn, what)
  check (what .. ": the body was not replaced", mt.eom_check (conn, MT_BODYCHANGE))
  check (what .. ": Content-Type was not deleted", mt.eom_check (conn, MT_HDRDELETE, "Content-Type"))
  check (what .. ": Content-Type was not added", mt.eom_check (conn, MT_HDRADD, "Content-Type"))
  check (what .. ": the MTA's own quarantine was asked for", not mt.eom_check (conn, MT_QUARANTINE))
end
