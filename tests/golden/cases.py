# SPDX-License-Identifier: GPL-2.0-only
#
# The golden cases: what Japanese senders really do, and the text that must come out.
#
# Each generator is one reality; its doc string is its test's name. It yields (name, message, expected), where expected may have
# subject, sender (display name), body, contains (somewhere in the new text), name (of the first named part), names (all of
# them) and status (0: delivered). Bytes come from codecs_jp.py; the expected text is what they were made from.
"""Families of golden cases; FAMILIES lists them."""

import io
import zipfile

import codecs_jp as jp
from mails import continued, crlf, mail, percent, pieces, transfer, with_part, word

ENCODERS = {"iso-2022-jp": jp.jis, "shift_jis": jp.sjis, "euc-jp": jp.euc, "utf-8": jp.utf8}

TEXTS = {
    "plain": "令和８年度予算の件についてお知らせします",
    "row 13 and IBM": "①㈱髙橋﨑様㍻Ⅰ№℡㌔濵",
    "half-width kana": "ｱｲｳﾊﾞﾊﾟｰ｡｢ﾃｽﾄ｣",
    "second byte 5C": "申請書予算表十月能ソ噂構貼圭蚕曾箪暴禄兔",
    "ASCII": "見よ http://x.example/~u C:\\dir|",
    "mixed": "A あ①い Z",
    "JIS 22 and 5C": "あアぼボ",
    "waves": "～－∥―",
}

LABELS = {
    "iso-2022-jp": "csISO2022JP iso-2022-jp-1 ISO-2022-JP-MS cp50220 CP50221 cp50222 jis x-iso-2022-jp ISO-2022-JP-EXT",
    "shift_jis": "shift-jis SJIS x-sjis ms_kanji cp932 MS932 windows-31j csWindows31J sjis-win x-windows-31j IBM943C",
    "euc-jp": "eucjp x-euc-jp x-euc ujis cp51932 eucjp-ms eucJP-win EUC_JP Extended_UNIX_Code_Packed_Format_for_Japanese",
    "utf-8": "utf8 UTF-8 unicode-1-1-utf-8 utf8mb4 UTF-8-MAC",
}

NAMES = ["表.xls", "予算書①.xlsx", "あア.exe", "㈱髙橋﨑;10%増.zip", "一覧表（令和８年度） 最終版.xlsx",
         "第３回定例会議事録（案）について_ご確認をお願いいたします_㈱髙橋建設.docx"]


def each_text():
    for label, encode in ENCODERS.items():
        for kind, text in TEXTS.items():
            yield label, encode, kind, text


# ---- charsets ----


def bodies():
    """C3-1..5, 20: every text in every charset and transfer encoding"""
    for label, encode, kind, text in each_text():
        for encoding in ("8bit", "base64", "quoted-printable"):
            data = transfer(crlf(encode(text + "\n")), encoding)
            yield (f"{label} {encoding} {kind}",
                   mail(content_type=b"text/plain; charset=" + label.encode(), encoding=encoding, body=data),
                   {"body": text + "\n"})


def labels():
    """C2: every name of every charset"""
    for label, others in LABELS.items():
        for other in others.split():
            text = "予算①表\nｱｲｳ~\\\n"
            data = crlf(ENCODERS[label](text))
            yield (other, mail(word(other, ENCODERS[label]("能①ｱ")), b"text/plain; charset=" + other.encode(), body=data),
                   {"body": text, "subject": "能①ｱ"})


def lying_labels():
    """C1-2, C3-19: a label that is missing, unknown or another charset's (mikel/mail 1423)"""
    text = "ご確認をお願いします。①表\n令和８年度予算について\n"
    for label, encode in ENCODERS.items():
        for lie in (None, "us-ascii", "unknown-8bit", "x-unknown", "default_charset", "iso-8859-1", "windows-1252", "gb2312",
                    *ENCODERS):
            kind = b"text/plain" + (b"; charset=" + lie.encode() if lie else b"")
            yield f"{label} as {lie}", mail(content_type=kind, body=crlf(encode(text))), {"body": text}


def untyped():
    """No MIME at all: raw header and body of the same charset"""
    for label, encode, kind, text in each_text():
        if kind == "half-width kana" and label != "iso-2022-jp" and label != "utf-8":
            continue  # as many bytes that are kanji in the other charset: nobody can tell three letters
        raw = b"From: x@example.com\r\nSubject: " + encode(text) + b"\r\n\r\n" + crlf(encode(text + "\n"))
        yield f"{label} {kind}", raw, {"subject": text, "body": text + "\n"}


def variants():
    """JIS C 6226 and JIS-Roman (jconv 2), SO kana, NEC's IBM codes, unclosed JIS, stripped ESC (zammad 4680), BOM"""
    for kind, text in TEXTS.items():
        for name, label, encode in (("JIS78", "iso-2022-jp", jp.jis78), ("SO", "cp50222", jp.jis_so),
                                    ("NEC", "shift_jis", jp.sjis_nec),
                                    ("unclosed", "iso-2022-jp", lambda t: jp.jis(t, close=False))):
            yield (f"{name} {kind}", mail(word(label, encode(text)), b"text/plain; charset=" + label.encode(),
                                          body=encode(text) + b"\r\n"), {"subject": text, "body": text + "\n"})
    jis8 = jp.jis("予算") + "ﾖｻﾝ".encode("cp932") + jp.jis("の件\n")
    for label in (b"iso-2022-jp", b"us-ascii", None):
        kind = b"text/plain" + (b"; charset=" + label if label else b"")
        yield f"JIS8 as {label}", mail(content_type=kind, body=crlf(jis8)), {"body": "予算ﾖｻﾝの件\n"}
    text = "令和８年度予算の件\nよろしくお願いします\n"
    stripped = crlf(jp.jis(text).replace(b"\x1b", b""))
    yield "stripped ESC", mail(content_type=b"text/plain; charset=iso-2022-jp", body=stripped), {"body": text}
    price = "Price $B100 (B) and $BUY it (B)\n"
    yield "dollars", mail(content_type=b"text/plain; charset=iso-2022-jp", body=crlf(price.encode())), {"body": price}
    for label in (b"utf-8", b"iso-2022-jp", b"shift_jis", b"us-ascii"):
        yield (f"BOM as {label.decode()}", mail(content_type=b"text/plain; charset=" + label, body=jp.utf8_bom(text).replace(
            b"\n", b"\r\n")), {"body": text})


def supplements():
    """JIS X 0212 in EUC and JIS, JIS X 0213, ISO-2022-JP-2"""
    extra = "予算の件です丂丄丅鷗侔\n"
    for label in ("euc-jp", "eucjp-ms"):
        yield label, mail(content_type=b"text/plain; charset=" + label.encode(), body=crlf(extra.encode("euc_jp"))), {
            "body": extra}
    for label, codec, text in (("iso-2022-jp-1", "iso2022_jp_1", extra), ("iso-2022-jp-2", "iso2022_jp_2", "予算é한국简\n")):
        yield label, mail(content_type=b"text/plain; charset=" + label.encode(), body=crlf(text.encode(codec))), {
            "body": text}
    plane_1 = bytes(byte & 0x7F for byte in "予算①か゚".encode("euc_jis_2004"))  # Python 3.11.2's own codec can't write か゚
    yield "iso-2022-jp-2004", mail(content_type=b"text/plain; charset=iso-2022-jp-2004", body=b"\x1b$(Q" + plane_1 + b"\x1b(B\r\n"), {
        "body": "予算①か゚\n"}


def emoji():
    """C3-17, C1-7: carriers' emoji become Unicode, unknown ones 〓, neighbours stay"""
    for name, code, expected in (("docomo", b"\xf8\x9f", "☀"), ("docomo clock", b"\xf9\xc4", "⌚"), ("nobody's", b"\xf0\x40", "〓")):
        body = jp.sjis("あ") + code + jp.sjis("い鄧﨑\r\n")
        yield name, mail(content_type=b"text/plain; charset=shift_jis", body=body), {"body": f"あ{expected}い鄧﨑\n"}


def neighbours():
    """Mail from China, Taiwan, Korea and the West keeps its own charset"""
    texts = {"gb2312": "关于会议的通知，请查收", "gbk": "關於會議的通知", "gb18030": "关于会议的通知", "big5": "關於會議的通知，請查收", "euc-kr": "회의에 관한 안내입니다",
             "koi8-r": "Привет, мир", "windows-1251": "Привет, мир", "iso-8859-1": "Grüße aus Köln, très bien", "iso-8859-15":
             "Café 10 €", "iso-8859-7": "Καλημέρα", "tis-620": "สวัสดี", "windows-1255": "שלום עולם"}
    for label, text in texts.items():
        data = text.encode(label)
        yield label, mail(word(label, data), b"text/plain; charset=" + label.encode(), body=data + b"\r\n"), {
            "subject": text, "body": text + "\n"}


def one_bad_character():
    """One bad character costs one character; a cut end costs the end"""
    bad = {"iso-2022-jp": b"\x1b$B\x7f!\x1b(B", "shift_jis": b"\xff", "euc-jp": b"\xff", "utf-8": b"\xff"}
    for label, encode in ENCODERS.items():
        kind = b"text/plain; charset=" + label.encode()
        body = encode("予算の件") + bad[label] + encode("について続く") + b"\r\n"
        yield label, mail(content_type=kind, body=body), {"contains": "について続く"}
        yield f"{label} cut", mail(content_type=kind, body=encode("予算の件\n表").replace(b"\n", b"\r\n")[:-1]), {
            "contains": "予算の件"}


# ---- headers ----


def split_words():
    """C1-1, C3-7, 8: words cut between characters, inside them, inside an escape, inside a quantum (rspamd 1669, 1293, vmime 103, 7, node-imap 360)"""
    for label, encode, kind, text in each_text():
        data = encode(text)
        for encoding in "BQ":
            whole = [word(label, encode(piece), encoding) for piece in pieces(text, 4)]
            yield f"{label} {encoding} {kind} whole", mail(b"\r\n ".join(whole)), {"subject": text}
            for length in (7, 11):
                cut = [word(label, piece, encoding) for piece in pieces(data, length)]
                yield f"{label} {encoding} {kind} cut at {length}", mail(b"\r\n\t".join(cut)), {"subject": text}
        stream = word(label, data).split(b"?")[3]
        cut = [b"=?%s?B?%s?=" % (label.encode(), piece) for piece in pieces(stream, 30)]
        yield f"{label} {kind} stream", mail(b" ".join(cut)), {"subject": text}


def liberal_words():
    """C3-9: quoted, glued, unpadded, raw blanks, language, lower case, blanks inside (sisimai 327, postal-mime 68, mail-mime-parser 50, 128)"""
    for label, encode, kind, text in each_text():
        if kind not in ("mixed", "half-width kana"):
            continue
        data, name = encode(text), label.encode()
        forms = {
            "quoted": (b'"' + word(label, data) + b'"', f'"{text}"'),
            "glued": (b"Re:" + word(label, data) + b"[1]", f"Re:{text}[1]"),
            "words glued": (word(label, data) + word("utf-8", jp.utf8("①")), text + "①"),
            "unpadded": (word(label, data, pad=False), text),
            "raw blanks": (b"=?%s?Q?%s?=" % (name, word(label, data, "Q").split(b"?")[3].replace(b"_", b" ")), text),
            "language": (word(label + "*ja", data), text),
            "upper case": (word(label.upper() + "*JA-JP", data), text),
            "lower case": (b"=?%s?b?%s" % (name, word(label, data).split(b"?", 3)[3]), text),
            "blanks inside": (b"=? %s ? B ?%s" % (name, word(label, data).split(b"?", 3)[3]), text),
            "three charsets": (word(label, data) + b" " + word("utf-8", "①続".encode()) + b"\r\n " + word(
                "iso-2022-jp", jp.jis("③終")), text + "①続③終"),
            "cut off": (b"A " + word(label, data)[:-2], f"A {text}"),
            "text beside": (b"A " + word(label, data) + b" B", f"A {text} B"),
        }
        for form, (raw, expected) in forms.items():
            yield f"{label} {kind} {form}", mail(raw), {"subject": expected}


def raw_headers():
    """C1-8, C3-10: raw bytes in Subject and From, each header for itself"""
    short = ["予定", "表", "能", "申請", "日本", "テスト", "会議", "髙橋", "①", "至急", "東京都"]
    for label, encode in ENCODERS.items():
        for text in short:
            yield f"{label} {text}", mail(encode(text), sender=encode(text) + b" <a@example.com>"), {"subject": text,
                                                                                                      "sender": text}
        other = "shift_jis" if label != "shift_jis" else "euc-jp"
        yield (f"{label} beside {other}", mail(encode("会議のお知らせ"), b"text/plain; charset=" + other.encode(),
                                               body=crlf(ENCODERS[other]("本文です。\n"))),
               {"subject": "会議のお知らせ", "body": "本文です。\n"})


def senders():
    """C3-18, 28: display names in every form"""
    for label, encode in ENCODERS.items():
        for text in ("山田太郎", "ソフト㈱ 髙橋", "十表能"):
            data = encode(text)
            forms = {"word": word(label, data), "quoted word": b'"' + word(label, data) + b'"', "raw": data,
                     "raw quoted": b'"' + data + b'"', "split": b"\r\n ".join(word(label, encode(c)) for c in text)}
            for form, raw in forms.items():
                yield f"{label} {form} {text}", mail(sender=raw + b" <a..b@docomo.ne.jp>"), {"sender": text}
            yield f"{label} glued {text}", mail(sender=word(label, data) + b"<a@example.com>"), {"sender": text}
            yield f"{label} comment {text}", mail(sender=b"a@example.com (" + word(label, data) + b")"), {"sender": text}


# ---- file names ----


def file_names():
    """C1-8..10, C3-11..13: RFC 2231 whole and continued, encoded words, raw bytes, both parameters (mail-api 114)"""
    for label, encode in ENCODERS.items():
        for text in NAMES:
            data, name = encode(text), label.encode()
            forms = {
                "2231": (b"attachment; filename*=" + name + b"''" + percent(data), b"application/octet-stream"),
                "2231 sections": (b"attachment" + continued(b"filename", label, data, 15), b"application/octet-stream"),
                "2231 reversed": (b"attachment" + continued(b"filename", label, data, 15, True), b"application/octet-stream"),
                "2231 in type": (b"attachment", b"application/octet-stream" + continued(b"name", label, data, 15)),
                "word": (b'attachment; filename="' + word(label, data) + b'"', b"application/octet-stream"),
                "Q word": (b'attachment; filename="' + word(label, data, "Q") + b'"', b"application/octet-stream"),
                "bare word": (b"attachment; filename=" + word(label, data), b"application/octet-stream"),
                "folded words": (b'attachment;\r\n\tfilename="' + b"\r\n\t".join(word(label, p) for p in pieces(data, 9))
                                 + b'"', b"application/octet-stream"),
                "word in type": (None, b'application/octet-stream; name="' + word(label, data) + b'"'),
                "raw": (b'attachment; filename="' + data + b'"; size=3', b"application/octet-stream"),
                "raw in type": (b"attachment", b'application/octet-stream; name="' + data + b'"'),
                "old and new": (b'attachment; filename="file.xls"; filename*=' + name + b"''" + percent(data),
                                b'application/octet-stream; name="' + word(label, data) + b'"'),
            }
            for form, (disposition, part_type) in forms.items():
                yield f"{label} {form} {text[:12]}", with_part(disposition, part_type), {"name": text, "body": "hello\n"}
    # macOS: か and a voice mark; 神 (U+FA19) of a name stays
    apart = percent("か\u3099き\u3099\uFA19.pdf".encode())
    yield "C3-16 NFD", with_part(b"attachment; filename*=utf-8''" + apart, b"application/octet-stream"), {"name": "がぎ\uFA19.pdf"}


def archives():
    """C3-15, 16: names inside ZIP files, whatever the flag says (libarchive 2798, 1281, libzip 212)"""
    for text in ("表示①.txt", "申請/能力.doc", "㈱髙橋.txt"):
        for form, data in (("CP932", jp.sjis(text)), ("UTF-8", text.encode())):
            memory = io.BytesIO()
            with zipfile.ZipFile(memory, "w") as archive:
                archive.writestr("?" * len(data), b"abc")
            packed = memory.getvalue().replace(b"?" * len(data), data)
            yield f"{form} {text}", with_part(b'attachment; filename="a.zip"', b"application/zip", packed), {
                "names": ["a.zip", text]}


# ---- bodies ----


def html():
    """C3-19, 23: HTML with a meta that lies or is all there is; '<' inside JIS pairs"""
    page = ('<html><head><meta http-equiv="Content-Type" content="text/html; charset=%s"></head>'
            "<body><p>令和８年度予算①の件＜＞について手引き</p></body></html>")
    for label, encode in ENCODERS.items():
        for declared, meta in ((label, label), (label, "utf-8"), (None, label), ("us-ascii", label), ("utf-8", label)):
            kind = b"text/html" + (b"; charset=" + declared.encode() if declared else b"")
            yield (f"{label} {declared} {meta}", mail(content_type=kind, body=encode(page % meta) + b"\r\n"),
                   {"contains": "令和８年度予算①の件＜＞について手引き"})


def flowed():
    """C3-21: format=flowed, DelSp, quotes"""
    for label, encode in ENCODERS.items():
        kind = b"text/plain; format=flowed; charset=" + label.encode()
        yield f"{label} delsp", mail(content_type=kind + b"; delsp=yes", body=crlf(encode("これは長い行で \nあって続く。\nつぎの行\n"))), {
            "body": "これは長い行であって続く。\nつぎの行\n"}
        yield label, mail(content_type=kind, body=crlf(encode("long line \ncontinues 行\n> 引用 \n> 続き\n"))), {
            "body": "long line continues 行\n> 引用 続き\n"}


def long_lines():
    """C3-22: a line over 998 octets is folded at 76 columns, with kinsoku"""
    for label, encode in ENCODERS.items():
        body = encode("市民の皆様へ、" * 200 + "\n")
        yield label, mail(content_type=b"text/plain; charset=" + label.encode(), encoding="base64",
                          body=transfer(crlf(body), "base64")), {"folded": "市民の皆様へ、" * 200}


def parameters():
    """Content-Type as it should not be written, and reads alike all the same"""
    text = "令和８年度予算①の件\n"
    for label, encode in ENCODERS.items():
        name = label.encode()
        for kind in (b"text/plain; charset='%s'", b"text/plain;; charset=%s", b"text/plain; charset=%s;",
                     b'text/plain; charset = "%s"', b"text; charset=%s", b"text/plain; charset=%s (Japanese)",
                     b"TEXT/PLAIN;CHARSET=%s", b'text/plain; charset=" %s "', b"text/plain\r\n ;charset=%s",
                     b"text/plain; charset*=us-ascii''%s"):
            yield (kind % name).decode(), mail(content_type=kind % name, body=crlf(encode(text))), {"body": text}


def nested():
    """C3-25: a forwarded mail's subject and sender are read like the outer one's"""
    for label, encode in ENCODERS.items():
        inner = (b"From: " + word(label, encode("山田①")) + b" <y@example.com>\r\nSubject: " + word(label, encode("転送㈱"))
                 + b"\r\nContent-Type: text/plain; charset=" + label.encode() + b"\r\n\r\n" + encode("中の本文\n"))
        body = b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + crlf(inner) + b"--b--\r\n"
        for wanted in ("山田①", "転送㈱", "中の本文"):
            yield f"{label} {wanted}", mail(content_type=b'multipart/mixed; boundary="b"', body=body), {"contains": wanted}


FAMILIES = [bodies, labels, lying_labels, untyped, variants, supplements, emoji, neighbours, one_bad_character, split_words,
            liberal_words, raw_headers, senders, file_names, archives, html, flowed, long_lines, parameters, nested]
