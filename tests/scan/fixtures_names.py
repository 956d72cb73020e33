# SPDX-License-Identifier: GPL-2.0-only
"""Names that lie and names that only look odd; text in every Japanese charset, which is never anything else."""
import make_archive as a
import make_binary as b
import make_office as o
import make_pdf as p
import make_text as t
from fixture import Fixture, Member

PE = "application/x-executable-pe"


def every(eicar):
    for label, name, flags in (
        ("double", "請求書.pdf.exe", "double-extension"), ("double with blanks", "請求書.pdf" + " " * 40 + ".exe", "double-extension"),
        ("double scr", "写真.jpg.scr", "double-extension"), ("double three", "a.tar.pdf.exe", "double-extension"),
        ("bidi", "請求書\u202efdp.exe", "bidi-name"), ("bidi isolate", "請求書\u2067fdp.exe", "bidi-name"),
        ("trailing dot", "請求書.exe.", ""), ("trailing blank", "請求書.exe ", ""), ("upper case", "SETUP.EXE", ""), ("full-width", "請求書．ｅｘｅ", ""),
        ("pif", "a.pif", ""), ("cpl", "a.cpl", ""), ("no extension", "請求書", ""), ("plain dot", "v1.2.exe", ""), ("dated", "2026.11.21 報告.exe", ""),
    ):
        yield Fixture(f"name {label} pe", name, b.pe(), PE, "executable " + flags)
    for label, name, flags in (
        ("txt in disguise", "a.txt", "executable type-mismatch"), ("docx in disguise", "a.docx", "executable type-mismatch"),
        ("xlsx in disguise", "a.xlsx", "executable type-mismatch"), ("zip in disguise", "a.zip", "executable type-mismatch"),
        ("jtd in disguise", "a.jtd", "executable type-mismatch"), ("png in disguise", "a.png", "executable type-mismatch"),
    ):
        yield Fixture(f"name {label} pe", name, b.pe(), PE, flags)
        yield Fixture(f"name {label} elf", name, b.elf(), "application/x-elf", flags)
        yield Fixture(f"name {label} lnk", name, b.lnk(), "application/x-lnk", flags)
    # By the name alone: content that reads as text, yet a program runs it.
    for extension, flags in {"js": "script", "jse": "script", "vbs": "script", "vbe": "script", "ps1": "script", "cmd": "script", "hta": "executable type-mismatch",
                             "wsh": "script", "sct": "script", "scf": "executable", "inf": "executable", "jnlp": "executable", "settingcontent-ms": "executable",
                             "library-ms": "executable", "search-ms": "executable", "appref-ms": "executable", "iqy": "external-reference", "rdp": "executable",
                             "pl": "script", "rb": "script", "lua": "script", "ahk": "script"}.items():
        yield Fixture(f"name .{extension} text", f"a.{extension}", b"text that says nothing\r\n", "text/plain", flags)
        yield Fixture(f"name .pdf.{extension} text", f"a.pdf.{extension}", b"text that says nothing\r\n", "text/plain", flags + ("" if extension == "iqy" else " double-extension"))
    for name in ("報告書 (1).pdf", "令和8年度.11月分.pdf", "様式第1号.ver2.0.pdf", "a.b.c.pdf", "【重要】予算①.pdf", "ﾊﾝｶｸ.pdf", "か\u3099き\u3099.pdf", "a'b.pdf", "会議資料(案).PDF"):
        yield Fixture(f"benign name {name}", name, p.pdf(), "application/pdf", declared="application/pdf")
    for name in ("議事録.v2.docx", "11.20会議.docx", "資料.docx.docx"):
        yield Fixture(f"benign name {name}", name, o.ooxml("docx"), o.MEDIA["docx"])
    yield Fixture("double html", "請求書.pdf.html", t.HTML, "text/html", "double-extension")
    yield Fixture("double svg", "図.png.svg", t.SVG, "image/svg+xml", "double-extension")
    # ---- text stays text ----
    for charset in ("utf-8", "utf-8-sig", "cp932", "euc_jp", "iso2022_jp", "utf-16"):
        plain = t.PLAIN if charset in ("euc_jp", "iso2022_jp") else t.JAPANESE
        table = t.CSV
        yield Fixture(f"text {charset}", "お知らせ.txt", (plain * 4).encode(charset), "text/plain")
        yield Fixture(f"text {charset} declared", "お知らせ.txt", (plain * 4).encode(charset), "text/plain", declared="text/plain")
        yield Fixture(f"csv {charset}", "一覧.csv", (table * 6).encode(charset), {"text/plain", "text/csv"}, declared="text/csv")
        yield Fixture(f"csv {charset} declared Excel", "一覧.csv", (table * 6).encode(charset), {"text/plain", "text/csv"}, declared="application/vnd.ms-excel")
    yield Fixture("text half-width", "a.txt", "ﾊﾝｶｸｶﾅﾉﾌﾞﾝｼｮｳ ﾃﾞｽ\r\n".encode("cp932") * 5, "text/plain")
    yield Fixture("text short", "a.txt", b"a", "text/plain")
    yield Fixture("text empty", "a.txt", b"", {"application/x-empty", "text/plain", "inode/x-empty"})
    yield Fixture("text MZ", "a.txt", b"MZ is how a program begins, but this is a letter.\r\n" * 3, "text/plain")
    yield Fixture("text on scripts", "a.txt", "PowerShell と VBScript の研修について。<script> タグの説明。\r\n".encode(), "text/plain")
    yield Fixture("csv with minus", "一覧.csv", "番号,差額\r\n1,-100\r\n2,=SUM(A1:A2)\r\n".encode("cp932"), {"text/plain", "text/csv"})
    yield Fixture("csv DDE", "一覧.csv", "番号,差額\r\n1,=cmd|'/c calc'!A0\r\n".encode("cp932"), {"text/plain", "text/csv"}, "active-content")
    yield Fixture("json", "a.json", b'{"a": [1, 2]}', {"application/json", "text/plain"})
    half = b"\0\5\x16\7\0\2\0\0Mac OS X        " + b"\0" * 60
    yield Fixture("macintosh half", "._報告.pdf", half, "application/applefile")
    zipped = a.simple_zip({"報告.pdf".encode(): p.pdf(), "__MACOSX/._報告.pdf".encode(): half})
    yield Fixture("macintosh zip", "報告.zip", zipped, "application/zip", members={"1": Member("報告.pdf", "application/pdf"), "2": Member("__MACOSX/._報告.pdf", "application/applefile")})
    yield Fixture("headers of a mail", None, t.MAIL, "message/rfc822", declared="text/rfc822-headers")
    # ---- scripts whose names hide them ----
    for label, data in (("vbs", t.VBS), ("jscript", t.JSCRIPT), ("powershell", t.POWERSHELL)):
        yield Fixture(f"script {label}", f"a.{ {'vbs': 'vbs', 'jscript': 'js', 'powershell': 'ps1'}[label]}", data,
                      {"text/plain", "text/vbscript", "text/javascript", "text/x-powershell", "application/x-windows-script"}, "script")
