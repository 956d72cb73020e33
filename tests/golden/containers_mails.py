# SPDX-License-Identifier: GPL-2.0-only
"""Mails with containers, made here: calendars, cards, TNEF, S/MIME, reports, archives, quoted notices, newsletters.

Nothing is copied from anywhere: each function returns the bytes of one message."""
import base64
import email.message
import email.policy
import io
import struct
import zipfile

CITIZEN = "taro@mail.example.com"
STAFF = "kakari@city.example.lg.jp"
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABh6FO1AAAAABJRU5ErkJggg==")


def head(subject, sender=CITIZEN, recipient=STAFF):
    message = email.message.EmailMessage(policy=email.policy.SMTP)
    message["From"] = f"市民 太郎 <{sender}>"
    message["To"] = recipient
    message["Subject"] = subject
    message["Date"] = "Sat, 21 Nov 2026 10:00:00 +0900"
    message["Message-ID"] = "<golden-1@mail.example.com>"
    return message


def zip_of(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            member = zipfile.ZipInfo(name, (2026, 11, 21, 10, 0, 0))  # the same bytes whenever it is made
            archive.writestr(member, content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def xlsx():
    types = ('<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
             '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.'
             'spreadsheetml.sheet.main+xml"/></Types>')
    return zip_of([("[Content_Types].xml", types), ("xl/workbook.xml", "<workbook/>")])


def encrypted_zip():
    """A member with the flag of encryption: its content cannot be read without a key."""
    content = bytearray(zip_of([("secret.txt", b"x" * 40)]))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


# ---- calendars and cards ----

TOKYO = """BEGIN:VTIMEZONE
TZID:Tokyo Standard Time
BEGIN:STANDARD
DTSTART:16010101T000000
TZOFFSETFROM:+0900
TZOFFSETTO:+0900
END:STANDARD
END:VTIMEZONE
"""

INVITATION = f"""BEGIN:VCALENDAR
PRODID:-//example//JA
VERSION:2.0
METHOD:REQUEST
{TOKYO}BEGIN:VEVENT
UID:1@example
SUMMARY:予算の打ち合わせ\\, 第2回
DTSTART;TZID=Tokyo Standard Time:20261201T140000
DTEND;TZID=Tokyo Standard Time:20261201T153000
RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH;COUNT=10
LOCATION:本庁舎 3階 会議室
ORGANIZER;CN=山田 花子:mailto:hanako@mail.example.com
ATTENDEE;CN="佐藤, 次郎";PARTSTAT=ACCEPTED:mailto:jiro@mail.example.com
ATTENDEE;CN=係;PARTSTAT=NEEDS-ACTION:mailto:{STAFF}
DESCRIPTION:資料は当日配ります。\\nhttps://meet.example.com/abc に
 接続してください。
ATTACH;FMTTYPE=text/html:https://evil.example.com/payload.html
X-ALT-DESC;FMTTYPE=text/html:<script>alert(1)</script>
BEGIN:VALARM
ACTION:PROCEDURE
DESCRIPTION:run-me
ATTACH:file:///c:/windows/calc.exe
END:VALARM
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")


def calendar(text=INVITATION):
    message = head("招待: 予算の打ち合わせ")
    message.set_content("打ち合わせにご招待します。")
    message.add_alternative("<p>打ち合わせに<b>ご招待</b>します。</p>", subtype="html")
    message.add_alternative(text.encode(), maintype="text", subtype="calendar", params={"method": "REQUEST"})
    message.make_mixed()
    message.add_attachment(text.encode(), maintype="application", subtype="ics", filename="invite.ics")
    return message.as_bytes()


CARD_21 = ("BEGIN:VCARD\r\nVERSION:2.1\r\n"
           "N;CHARSET=SHIFT_JIS;ENCODING=QUOTED-PRINTABLE:" + "".join(f"={b:02X}" for b in "髙橋;一郎".encode("cp932"))
           .replace("=3B", ";") + "\r\n"
           "SOUND;X-IRMC-N;CHARSET=SHIFT_JIS;ENCODING=QUOTED-PRINTABLE:"
           + "".join(f"={b:02X}" for b in "ﾀｶﾊｼ;ｲﾁﾛｳ".encode("cp932")).replace("=3B", ";") + "\r\n"
           "TEL;CELL;VOICE:090-0000-0000\r\nEMAIL;INTERNET:ichiro@mail.example.com\r\n"
           "PHOTO;ENCODING=BASE64;TYPE=PNG:\r\n " + base64.b64encode(PNG * 20).decode() + "\r\n\r\n"
           "END:VCARD\r\n")
CARD_30 = ("BEGIN:VCARD\r\nVERSION:3.0\r\nN:鈴木;花;;;\r\nFN:鈴木 花\r\nX-PHONETIC-FIRST-NAME:はな\r\n"
           "X-PHONETIC-LAST-NAME:すずき\r\nORG:例の会社;営業部\r\nTITLE:部長\r\nTEL;TYPE=WORK,VOICE:03-0000-0000\r\n"
           "item1.ADR;TYPE=WORK:;;桜町1-2-3;例の市;例の県;100-0000;日本\r\nURL:https://evil.example.com/x\r\n"
           "END:VCARD\r\n")


def cards():
    message = head("名刺を送ります")
    message.set_content("名刺を送ります。")
    message.add_attachment(CARD_21.encode("ascii"), maintype="text", subtype="x-vcard", filename="高橋.vcf")
    message.add_attachment(CARD_30.encode(), maintype="text", subtype="vcard", filename="suzuki.vcf")
    return message.as_bytes()


# ---- TNEF (MS-OXTNEF) ----

def attribute(level, ident, data, wrong=False):
    return struct.pack("<BII", level, ident, len(data)) + data + struct.pack("<H", (sum(data) + wrong) & 0xFFFF)


def padded(data):
    return data + b"\0" * (-len(data) % 4)


def counted(data):
    return struct.pack("<II", 1, len(data)) + padded(data)


def prop(kind, ident, data):
    return struct.pack("<HH", kind, ident) + (counted(data) if kind in (0x1E, 0x1F, 0x102, 0x0D) else padded(data))


def named(kind, number, data):
    return (struct.pack("<HH", kind, 0x8000 | number & 0xFF) + b"\x02\x20\x06\0\0\0\0\0\xC0\0\0\0\0\0\0F"
            + struct.pack("<II", 0, number) + (counted(data) if kind in (0x1E, 0x1F, 0x102) else padded(data)))


def props(*items):
    return struct.pack("<I", len(items)) + b"".join(items)


def filetime(unix):
    return struct.pack("<Q", (unix + 11644473600) * 10_000_000)


def rtf(text):
    """Compressed RTF, stored ("MELA")."""
    data = (r"{\rtf1\ansi\ansicpg932\deff0{\fonttbl{\f0\fnil\fcharset128 \'82\'6c\'82\'72;}}\uc1\pard\f0 "
            + "".join(c if ord(c) < 128 else "".join(rf"\'{b:02x}" for b in c.encode("cp932")) for c in text)
            + r"\par}").encode()
    return struct.pack("<IIII", len(data) + 12, len(data), 0x414C454D, 0) + data


def packed_rtf(text):
    """Compressed RTF ("LZFu"): literals, the last word by a reference back to the first."""
    data = text.encode("ascii")
    out, position = b"", 207
    for start in range(0, len(data), 8):
        out += b"\0" + data[start:start + 8].ljust(8, b" ")
        position += 8
    out += b"\x03" + struct.pack(">H", (207 + data.index(b"word")) << 4 | 2)  # 4 bytes from there
    position += 4
    out += struct.pack(">H", position % 4096 << 4)  # a reference to itself: the end
    return struct.pack("<IIII", len(out) + 12, position, 0x75465A4C, 0) + out


def rtf_mail(packed):
    stream = struct.pack("<IH", 0x223E9F78, 1) + attribute(1, 0x00069003, props(prop(0x102, 0x1009, packed)))
    return winmail(stream)


def stored_rtf(text):
    data = text.encode("ascii")
    return struct.pack("<IIII", len(data) + 12, len(data), 0x414C454D, 0) + data


def tnef(text, files, extra=b"", attributes=b"", kind="IPM.Microsoft Mail.Note", wrong=False):
    out = struct.pack("<IH", 0x223E9F78, 1)
    out += attribute(1, 0x00069007, struct.pack("<II", 932, 0))
    out += attribute(1, 0x00078008, kind.encode() + b"\0")
    out += attribute(1, 0x00018004, "予算の件".encode("cp932") + b"\0")
    items = [prop(0x102, 0x1009, rtf(text))] if text else []
    out += attribute(1, 0x00069003, props(*items, *(extra or ())), wrong)
    out += attributes
    for name, content in files:
        out += attribute(2, 0x00069002, b"\0" * 14)
        out += attribute(2, 0x00018010, name.encode("cp932", "replace") + b"\0")
        if isinstance(content, tuple):  # an embedded message
            inner = b"\x07\x03\x02\0\0\0\0\0\xC0\0\0\0\0\0\0F" + content[0]
            out += attribute(2, 0x00069005, props(prop(0x1F, 0x3707, (name + "\0").encode("utf-16-le")),
                                                  prop(0x0D, 0x3701, inner)))
            continue
        out += attribute(2, 0x0006800F, content)
        out += attribute(2, 0x00069005, props(prop(0x1F, 0x3707, (name + "\0").encode("utf-16-le"))))
    return out


def winmail(content, body="", name="winmail.dat", subtype="ms-tnef"):
    message = head("予算の件")
    message.set_content(body)
    message.add_attachment(content, maintype="application", subtype=subtype, filename=name)
    return message.as_bytes()


def meeting_request():
    extra = (named(0x40, 0x820D, filetime(1796101200)), named(0x40, 0x820E, filetime(1796106600)),
             named(0x1F, 0x8208, "第一会議室\0".encode("utf-16-le")),
             prop(0x1F, 0x0042, "山田 花子\0".encode("utf-16-le")))
    return tnef("議題は予算です。", [], extra, kind="IPM.Microsoft Schedule.MtgReq")


# ---- S/MIME ----

def der(tag, *content):
    data = b"".join(content)
    if len(data) < 128:
        return bytes((tag, len(data))) + data
    size = (len(data).bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + len(data).to_bytes(size, "big") + data


def signed_data(entity, pieces=False):
    oid = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07"
    if pieces:  # BER: indefinite lengths, the content in pieces
        octets = b"\x24\x80" + b"".join(der(4, entity[i:i + 50]) for i in range(0, len(entity), 50)) + b"\0\0"
        inner = b"\x30\x80" + oid + b"\x01" + b"\xa0\x80" + octets + b"\0\0" + b"\0\0"
        data = b"\x30\x80" + der(2, b"\1") + der(0x31) + inner + der(0x31) + b"\0\0"
        return b"\x30\x80" + oid + b"\x02" + b"\xa0\x80" + data + b"\0\0" + b"\0\0"
    inner = der(0x30, oid + b"\x01", der(0xA0, der(4, entity)))
    return der(0x30, oid + b"\x02", der(0xA0, der(0x30, der(2, b"\1"), der(0x31), inner, der(0x31))))


def enveloped_data():
    return der(0x30, b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03", der(0xA0, der(0x30, der(2, b"\0"), der(4, b"\7" * 300))))


def inner_entity():
    part = email.message.EmailMessage(policy=email.policy.SMTP)
    part.set_content("署名された本文です。")
    part.add_attachment(xlsx(), maintype="application", subtype="octet-stream", filename="見積書.xlsx")
    return part.as_bytes()


def smime(content, kind):
    message = head("S/MIME のメール")
    message.set_content(content, maintype="application", subtype="pkcs7-mime", filename="smime.p7m",
                        params={"smime-type": kind})
    return message.as_bytes()


def signed(sender=CITIZEN, recipient=STAFF):
    return (f"From: {sender}\r\nTo: {recipient}\r\nSubject: signed\r\nDate: Sat, 21 Nov 2026 10:00:00 +0900\r\n"
            "Message-ID: <signed@mail.example.com>\r\nMIME-Version: 1.0\r\n"
            'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary="s1"\r\n'
            "\r\n--s1\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
            "署名付きの本文です。\r\n--s1\r\nContent-Type: application/pkcs7-signature; name=smime.p7s\r\n"
            "Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=smime.p7s\r\n\r\n"
            + base64.b64encode(der(0x30, b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02")).decode()
            + "\r\n--s1--\r\n").encode()


def pgp_encrypted():
    return (f"From: {CITIZEN}\r\nTo: {STAFF}\r\nSubject: pgp\r\nDate: Sat, 21 Nov 2026 10:00:00 +0900\r\n"
            "Message-ID: <pgp@mail.example.com>\r\nMIME-Version: 1.0\r\n"
            'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary="p1"\r\n\r\n'
            "--p1\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--p1\r\n"
            "Content-Type: application/octet-stream; name=encrypted.asc\r\n\r\n"
            "-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA0123456789abAQf/Zm9vYmFyYmF6cXV4\r\n-----END PGP MESSAGE-----\r\n"
            "--p1--\r\n").encode()


# ---- messages in messages, reports ----

def forwarded():
    inner = head("元のメール", "hanako@other.example.net")
    inner.set_content("元の本文です。")
    inner.add_attachment(xlsx(), maintype="application", subtype="octet-stream", filename="表.xlsx")
    message = head("Fwd: 元のメール")
    message.set_content("転送します。")
    message.add_attachment(inner)
    return message.as_bytes()


def eml_file():
    inner = head("保存したメール", "hanako@other.example.net")
    inner.set_content("保存した本文です。")
    message = head("保存したメールを送ります")
    message.set_content("添付をご覧ください。")
    message.add_attachment(inner.as_bytes(), maintype="application", subtype="octet-stream", filename="保存.eml")
    return message.as_bytes()


def delivery_report(kind="message/delivery-status"):
    return (f"From: Mail Delivery <mailer-daemon@mail.example.com>\r\nTo: {STAFF}\r\nSubject: Undelivered Mail\r\n"
            "Date: Sat, 21 Nov 2026 10:00:00 +0900\r\nMessage-ID: <dsn@mail.example.com>\r\nMIME-Version: 1.0\r\n"
            'Auto-Submitted: auto-replied\r\nContent-Type: multipart/report; report-type=delivery-status; boundary="d1"\r\n'
            "\r\n--d1\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\nI'm sorry to have to inform you.\r\n"
            f"--d1\r\nContent-Type: {kind}\r\n\r\nReporting-MTA: dns; mail.example.com\r\n"
            "Arrival-Date: Sat, 21 Nov 2026 09:59:00 +0900\r\n\r\nFinal-Recipient: rfc822; nobody@other.example.net\r\n"
            "Action: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 <nobody@other.example.net>:\r\n"
            "    User unknown, see http://help.example.com/\r\n\r\n"
            "--d1\r\nContent-Type: text/rfc822-headers\r\n\r\nReceived: from a by b; Sat, 21 Nov 2026 09:58:00 +0900\r\n"
            f"From: {STAFF}\r\nTo: nobody@other.example.net\r\nSubject: =?UTF-8?B?44GK55+l44KJ44Gb?=\r\n\r\n--d1--\r\n").encode()


def read_receipt():
    return (f"From: {CITIZEN}\r\nTo: {STAFF}\r\nSubject: Read\r\nDate: Sat, 21 Nov 2026 10:00:00 +0900\r\n"
            "Message-ID: <mdn@mail.example.com>\r\nMIME-Version: 1.0\r\n"
            'Content-Type: multipart/report; report-type=disposition-notification; boundary="m1"\r\n\r\n'
            "--m1\r\nContent-Type: text/plain\r\n\r\nYour message was displayed.\r\n--m1\r\n"
            "Content-Type: message/disposition-notification\r\n\r\nReporting-UA: pc; Mail\r\n"
            f"Final-Recipient: rfc822;{CITIZEN}\r\nOriginal-Message-ID: <a@b>\r\n"
            "Disposition: manual-action/MDN-sent-manually; displayed\r\n\r\n--m1--\r\n").encode()


def odd_message(kind):
    return (f"From: {CITIZEN}\r\nTo: {STAFF}\r\nSubject: part\r\nDate: Sat, 21 Nov 2026 10:00:00 +0900\r\n"
            f"Message-ID: <odd@mail.example.com>\r\nMIME-Version: 1.0\r\nContent-Type: {kind}\r\n\r\n"
            "Content-Type: text/plain\r\nContent-ID: <1@x>\r\n\r\npayload-text\r\n").encode()


# ---- attachments, pictures, quotations ----

def attachments(*files, body="本文です。"):
    message = head("添付があります")
    message.set_content(body)
    for name, content in files:
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()


def newsletter(images=20):
    message = head("お知らせ")
    message.set_content("お知らせです。")
    pictures = "".join(f"<p>品目{i}<img src='cid:img{i}@x'></p>" for i in range(images))
    message.add_alternative(f"<html><body><h1>お知らせです</h1>{pictures}"
                            "<img src='https://track.example.com/p.gif' width=1 height=1></body></html>", subtype="html")
    html = message.get_payload()[1]
    for i in range(images):
        html.add_related(PNG, "image", "png", cid=f"<img{i}@x>")
    return message.as_bytes()


def plain(text, *files):
    message = head("返信", "taro@mail.example.com")
    message.set_content(text)
    for name, content in files:
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()


def html(text):
    message = head("HTML の返信")
    message.set_content(text, subtype="html")
    return message.as_bytes()
