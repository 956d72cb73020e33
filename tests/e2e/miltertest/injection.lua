-- SPDX-License-Identifier: GPL-2.0-only
-- Header fields that try to become more than one, and to come back.
conn = connect (OUTSIDE)
mt.macro (conn, SMFIC_MAIL, "i", "INJECT1")
envelope (conn, CITIZEN, { STAFF })
field (conn, "From", "=?UTF-8?B?VGFybw0KWC1FdmlsOiAx?= <taro@mail.example.com>")  -- Taro CR LF X-Evil: 1
field (conn, "To", "kakari@city.example.lg.jp\n X-Evil: 2")
field (conn, "Subject", "=?UTF-8?Q?one=0D=0AX-Evil:_3=0D=0A=0D=0A<script>EVIL-BODY</script>?=")
field (conn, "Subject", "two\rX-Evil: 4")
field (conn, "X-Evil", "5")
field (conn, "Bcc", "evil@other.example.net")
field (conn, "Reply-To", "a@mail.example.com,\r\n\tb@mail.example.com")
field (conn, "Message-ID", "<a\r\n X-Evil: 6@b>")
field (conn, "Content-Type", "multipart/mixed; boundary=\"b\"")
field (conn, "MIME-Version", "1.0")
field (conn, "x-evil", "7")
must ("eoh", mt.eoh (conn))
must ("body", mt.bodystring (conn, "--b\r\nContent-Type: text/plain\r\n\r\nHELLO\r\n--b\r\nContent-Type: application/x-evil\r\n" ..
  "Content-Disposition: attachment; filename*=UTF-8''a%0D%0AX-Evil:%208%0D%0A.exe\r\n\r\nEVIL-PART\r\n--b--\r\n"))
finish (conn)
accepted (conn, "injection")
for _, name in ipairs { "X-Evil", "x-evil", "Bcc" } do
  check (name .. " stays", mt.eom_check (conn, MT_HDRDELETE, name))
  check (name .. " comes back", not mt.eom_check (conn, MT_HDRADD, name))
end
mt.disconnect (conn)
