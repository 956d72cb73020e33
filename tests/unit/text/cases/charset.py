# SPDX-License-Identifier: GPL-2.0-only
#
# Bytes: what the charset says, what the document says of itself, and what it really is. Through `mugai text`.
JA = "髙橋様 見積書①㈱～お知らせ"


def jis(text):
    """CP50220 as Windows writes it: JIS pairs with NEC row 13 and the IBM extensions, by arithmetic from CP932."""
    out, mode = b"", b"B"
    for c in text:
        raw = c.encode("cp932")
        if len(raw) == 1 and raw[0] < 0x80:
            wanted, data = b"(B", raw
        elif len(raw) == 1:
            wanted, data = b"(I", bytes([raw[0] - 0x80])
        else:
            lead, trail = raw
            if lead >= 0xFA:  # IBM extension: the NEC-selected copy in rows 89 to 92
                index = (lead - 0xFA) * 188 + trail - (0x41 if trail > 0x7F else 0x40)
                index -= 28  # the copy leaves out what row 13 and others have
                row, cell = 89 + index // 94, index % 94 + 1
                data = bytes([row + 32, cell + 32])
            else:
                base = (lead - (0x81 if lead < 0xA0 else 0xC1)) * 2 + 0x21
                if trail >= 0x9F:
                    data = bytes([base + 1, trail - 0x7E])
                else:
                    data = bytes([base, trail - (0x20 if trail > 0x7F else 0x1F)])
            wanted = b"$B"
        if wanted != mode:
            out += b"\x1b" + wanted
            mode = wanted
        out += data
    return out + (b"\x1b(B" if mode != b"(B" else b"")


def page(text, charset=None):
    meta = "<meta charset='%s'>" % charset if charset else ""
    return "<html><head>%s<title>t</title></head><body><p>%s</p></body></html>" % (meta, text)


def case(name, data, label, wanted=JA, **more):
    return ("charset", name, data, {"charset": label, "has": [wanted], "never": ["\ufffd", "\x1b"], **more})


CASES = [
    case("utf-7-is-none", page("mail text").encode(), "utf-7", "mail text"),
    case("utf-16-no-mark", page(JA).encode("utf-16-be"), None),
    case("utf-16-no-mark-little", page(JA).encode("utf-16-le"), "utf-16"),
    case("utf-8", page(JA).encode(), "utf-8"),
    case("utf-8-unlabelled", page(JA).encode(), None),
    case("utf-8-bom", b"\xef\xbb\xbf" + page(JA).encode(), None),
    case("utf-8-bom-over-meta", b"\xef\xbb\xbf" + page(JA, "shift_jis").encode(), None),
    case("cp932", page(JA).encode("cp932"), "shift_jis"),
    case("cp932-x-sjis", page(JA).encode("cp932"), "x-sjis"),
    case("cp932-windows-31j", page(JA).encode("cp932"), "Windows-31J"),
    case("cp932-meta", page(JA, "Shift_JIS").encode("cp932"), None),
    case("cp932-unlabelled", page(JA * 3).encode("cp932"), None),
    case("cp932-backslash", page("C:\\Temp ~user 表示ソ").encode("cp932"), "shift_jis", "C:\\Temp ~user 表示ソ"),
    case("euc-jp", page("見積書のお知らせです").encode("euc-jp"), "euc-jp", "見積書のお知らせです"),
    case("euc-jp-nec", "<p>".encode() + b"\xad\xa1\xad\xea \xb8\xab\xc0\xd1" + b"</p>", "euc-jp", "①㈱ 見積"),
    case("euc-jp-meta", page("見積書のお知らせです", "euc-jp").encode("euc-jp"), None, "見積書のお知らせです"),
    case("euc-jp-unlabelled", page("見積書のお知らせです。ご確認をお願いいたします。").encode("euc-jp"), None,
         "見積書のお知らせです。ご確認をお願いいたします。"),
    case("jis", b"<p>" + jis("見積書のお知らせ") + b"</p>", "iso-2022-jp", "見積書のお知らせ"),
    case("jis-row-13", b"<p>" + jis("①②㈱№㍻") + jis("と続く") + b"</p>", "iso-2022-jp", "①②㈱№㍻と続く"),
    case("jis-ibm", b"<p>" + b"\x1b$B\x7c\x62\x1b(B" + jis("橋様") + b"</p>", "iso-2022-jp", "髙橋様"),
    case("jis-half-width-kana", b"<p>" + jis("ｱｲｳ") + b" abc</p>", "iso-2022-jp", "ｱｲｳ abc"),
    case("jis-less-in-pair", b"<p>" + jis("試験時間は<b>一時間</b>です") + b"</p>", "iso-2022-jp", "試験時間は一時間です"),
    case("jis-roman", b"<p>\x1b(J~\\x\x1b(B" + jis("語") + b"</p>", "iso-2022-jp", "~\\x語"),
    case("jis-unlabelled", b"<p>" + jis("見積書のお知らせ") + b"</p>", None, "見積書のお知らせ"),
    case("jis-cp50220", b"<p>" + jis("見積書①") + b"</p>", "cp50220", "見積書①"),
    case("mislabelled-utf-8", page(JA).encode(), "iso-2022-jp"),
    case("mislabelled-ascii", page(JA).encode("cp932"), "us-ascii"),
    case("latin-1-is-1252", "<p>\x93quoted\x94 \x80 5 caf\xe9</p>".encode("latin-1"), "iso-8859-1", "“quoted” € 5 café"),
    case("windows-1252", "<p>naïve – “x”</p>".encode("cp1252"), "windows-1252", "naïve – “x”"),
    case("meta-http-equiv", ("<meta http-equiv=Content-Type content='text/html; charset=Shift_JIS'><p>" + JA).encode("cp932"), None),
    case("meta-after-comment", ("<!-- <meta charset=utf-16> --><meta charset=shift_jis><p>" + JA).encode("cp932"), None),
    case("header-over-meta", page(JA, "euc-jp").encode("cp932"), "shift_jis"),
    case("utf-16-bom", b"\xff\xfe" + page(JA).encode("utf-16-le"), None),
    case("utf-16-bom-big", b"\xfe\xff" + page(JA).encode("utf-16-be"), None),
    case("gb", page("简体中文通知").encode("gb18030"), "gb2312", "简体中文通知"),
    case("big5", page("繁體中文通知").encode("big5"), "big5", "繁體中文通知"),
    case("euc-kr", page("한국어 알림").encode("cp949"), "euc-kr", "한국어 알림"),
    case("koi8-r", page("Привет мир").encode("koi8-r"), "koi8-r", "Привет мир"),
    ("charset", "one-bad-byte", b"<p>" + "前の文".encode() + b"\xff" + "後の文</p>".encode(),
     {"charset": "utf-8", "has": ["前の文", "後の文"]}),
    ("charset", "cut-character", "<p>文章</p><p>末尾".encode()[:-1], {"charset": "utf-8", "has": ["文章", "末"]}),
    ("charset", "unknown-label", page(JA).encode(), {"charset": "x-no-such", "has": [JA]}),
    ("charset", "cp932-broken-pair", b"<p>" + "前".encode("cp932") + b"\x81" + "<b>後</b>".encode("cp932") + b"</p>",
     {"charset": "shift_jis", "has": ["前", "後"]}),
]
