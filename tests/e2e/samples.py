# SPDX-License-Identifier: GPL-2.0-only
"""The sample mails of tests and demo, made here: newsletter, Japanese in ISO-2022-JP, spreadsheet, EICAR ..."""
import base64
import email.message
import email.policy
import io
import zipfile

from relay import EICAR

CITIZEN = "taro@mail.example.com"
STAFF = "kakari@city.example.lg.jp"
COLLEAGUE = "kacho@city.example.lg.jp"
OUTSIDER = "hanako@other.example.net"


def head(subject, sender, recipient, name=None):
    message = email.message.EmailMessage(policy=email.policy.SMTP)
    message["From"] = f"{name} <{sender}>" if name else sender
    message["To"] = recipient
    message["Subject"] = subject
    message["Date"] = "Sat, 21 Nov 2026 10:00:00 +0900"
    message["Message-ID"] = f"<{abs(hash((subject, sender))) % 10**12}@mail.example.com>"
    return message


def newsletter(sender=CITIZEN, recipient=STAFF):
    message = head("11月のお知らせ", sender, recipient, "市民の会")
    message.set_content("本文は HTML をご覧ください。")
    message.add_alternative(
        "<html><head><style>.pre{display:none}</style><script>steal()</script></head><body>"
        "<div class='pre'>隠れた前置き</div><h1>11月のお知らせ</h1><p>市民会館の<b>催し</b>は次のとおりです。</p>"
        "<table border=1><tr><th>日</th><th>催し</th></tr><tr><td>3日</td><td>音楽会</td></tr></table>"
        "<p><a href='https://events.example.com/a?id=1'>申込みはこちら</a></p>"
        "<img src='https://track.example.com/p.gif' width=1 height=1></body></html>", subtype="html")
    return message.as_bytes()


def japanese(sender=CITIZEN, recipient=STAFF):
    """ISO-2022-JP as Japanese mailers write it, with NEC row 13 and IBM extension characters."""
    def jis(text):
        out = bytearray()
        for character in text:
            if ord(character) < 128:
                out += character.encode()
                continue
            lead, trail = character.encode("cp932")
            if lead in (0xFA, 0xFB, 0xFC):  # IBM extension: NEC's copy of it, rows 89 to 92
                lead, trail = {"髙": (0xEE, 0xE0), "﨑": (0xED, 0x95)}[character]
            row = (lead - (0x71 if lead < 0xA0 else 0xB1)) * 2 + 1
            if trail >= 0x9F:
                row, column = row + 1, trail - 0x7E
            else:
                column = trail - (0x20 if trail >= 0x80 else 0x1F)
            out += b"\x1b$B" + bytes((row, column)) + b"\x1b(B"
        return bytes(out)
    body = "①申請書は㈱予算の髙橋まで\r\n表も能力も十分です\r\n"
    subject = base64.b64encode(jis("①申請の件")).decode()
    return (f"From: {sender}\r\nTo: {recipient}\r\nSubject: =?ISO-2022-JP?B?{subject}?=\r\n"
            "Date: Sat, 21 Nov 2026 10:00:00 +0900\r\nMessage-ID: <jis1@mail.example.com>\r\nMIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=ISO-2022-JP\r\nContent-Transfer-Encoding: 7bit\r\n\r\n").encode() + jis(body)


def spreadsheet_bytes():
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as book:
        def add(name, text):  # one time for all, so that the same bytes come out each time
            book.writestr(zipfile.ZipInfo(name, (2026, 11, 21, 10, 0, 0)), text, zipfile.ZIP_DEFLATED)
        add("[Content_Types].xml", '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/'
                      'content-types"><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-'
                      'officedocument.spreadsheetml.sheet.main+xml"/></Types>')
        add("xl/workbook.xml", '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>')
    return memory.getvalue()


def spreadsheet(sender=CITIZEN, recipient=STAFF):
    message = head("予算書の送付", sender, recipient)
    message.set_content("予算書をお送りします。ご確認ください。")
    message.add_attachment(spreadsheet_bytes(), maintype="application",
                           subtype="vnd.openxmlformats-officedocument.spreadsheetml.sheet", filename="予算書①.xlsx")
    return message.as_bytes()


def eicar(sender, recipient):
    message = head("請求書", sender, recipient)
    message.set_content("請求書を添付します。")
    message.add_attachment(EICAR.encode(), maintype="application", subtype="octet-stream", filename="seikyu.com")
    return message.as_bytes()


def forwarded():
    message = head("Re: 相談", CITIZEN, STAFF)
    message["Auto-Submitted"] = "auto-forwarded"
    message.set_content("転送されたメールです。")
    return message.as_bytes()


def large(bytes_of_text, sender=CITIZEN, recipient=STAFF):
    message = head("写真", sender, recipient)
    message.set_content("写真です。\n" + ("あいうえおかきくけこ" * 7 + "\n") * (bytes_of_text // 140))
    return message.as_bytes()


def internal():
    message = head("会議資料", STAFF, COLLEAGUE)
    message.set_content("資料です。")
    message.add_attachment(spreadsheet_bytes(), maintype="application",
                           subtype="vnd.openxmlformats-officedocument.spreadsheetml.sheet", filename="資料.xlsx")
    return message.as_bytes()


def structured(sender=CITIZEN, recipient=STAFF):
    """mixed( related( alternative( stub, HTML ), logo ), a forwarded mail with a table and a spreadsheet )."""
    inner = head("元のメール", OUTSIDER, sender)
    inner.set_content("<p>中のメールの<b>本文</b>です。</p><script>inner()</script>", subtype="html")
    inner.add_attachment(spreadsheet_bytes(), maintype="application", subtype="octet-stream", filename="内訳.xlsx")
    message = head("転送します", sender, recipient)
    message.set_content("HTML 表示をオンにしてください。")
    message.add_alternative("<p>会議は<b>3日の10時</b>から、第2会議室です。</p><img src='cid:logo@mail.example.com' alt='市章'>",
                            subtype="html")
    message.get_payload()[1].add_related(b"\x89PNG\r\n\x1a\n" + bytes(40), "image", "png", cid="<logo@mail.example.com>",
                                         filename="logo.png")
    message.add_attachment(inner)
    return message.as_bytes()


def ambiguous(sender=CITIZEN, recipient=STAFF):
    """Two boundaries: two readers see two different mails."""
    return (f"From: {sender}\r\nTo: {recipient}\r\nSubject: two\r\nDate: Sat, 21 Nov 2026 10:00:00 +0900\r\n"
            "Message-ID: <two@mail.example.com>\r\nMIME-Version: 1.0\r\n"
            "Content-Type: multipart/mixed; boundary=a; boundary=b\r\n\r\n"
            "--a\r\nContent-Type: text/plain\r\n\r\none\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>two\r\n--b--\r\n--a--\r\n"
            ).encode()
