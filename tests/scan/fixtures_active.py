# SPDX-License-Identifier: GPL-2.0-only
"""What documents can do: macros, objects, actions, references elsewhere, locks; and the harmless documents that look like them."""
import zlib

import make_archive as a
import make_binary as b
import make_office as o
import make_pdf as p
import make_text as t
from fixture import Fixture

WORD = "word/_rels/document.xml.rels"


def office(eicar):
    for kind in ("docm", "xlsm", "pptm", "dotm", "xlam", "xlsb"):
        yield Fixture(f"vba {kind}", f"a.{kind}", o.with_vba(kind), o.MEDIA[kind], "macro")
    for kind in ("docx", "xlsx", "pptx"):
        yield Fixture(f"vba in {kind}", f"a.{kind}", o.with_vba(kind), o.MEDIA[kind], "macro")
        macro = {"docx": "docm", "xlsx": "xlsm", "pptx": "pptm"}[kind]
        yield Fixture(f"vba {macro} named {kind}", f"a.{kind}", o.with_vba(macro), o.MEDIA[macro], "macro type-mismatch")
        yield Fixture(f"{kind} declared generic", f"議事録.{kind}", o.ooxml(kind), o.MEDIA[kind])
        yield Fixture(f"{kind} declared zip", f"議事録.{kind}", o.ooxml(kind), o.MEDIA[kind], declared="application/zip")
        folder, part = o.MAIN[kind][0].split("/")
        link = [o.relation("hyperlink", "https://example.com/", True)]
        yield Fixture(f"{kind} hyperlink", f"a.{kind}", o.ooxml(kind, relations=link), o.MEDIA[kind])
        yield Fixture(f"{kind} picture", f"a.{kind}", o.ooxml(kind, {folder + "/media/image1.png": b.png()}, [o.relation("image", "media/image1.png")]), o.MEDIA[kind])
        ole = {folder + "/embeddings/oleObject1.bin": o.Cfb().add("\1Ole10Native", b"\0" * 40).bytes()}
        yield Fixture(f"{kind} ole object", f"a.{kind}", o.ooxml(kind, ole, [o.relation("oleObject", "embeddings/oleObject1.bin")]), o.MEDIA[kind], "embedded-object")
        inner = {folder + "/embeddings/sheet.xlsm": o.with_vba("xlsm")}
        yield Fixture(f"{kind} embedded vba", f"a.{kind}", o.ooxml(kind, inner, [o.relation("package", "embeddings/sheet.xlsm")]), o.MEDIA[kind], "embedded-object macro")
        yield Fixture(f"{kind} linked object", f"a.{kind}", o.ooxml(kind, relations=[o.relation("oleObject", "http://example.com/x.html!", True)]), o.MEDIA[kind], "external-reference")
        yield Fixture(f"{kind} linked picture", f"a.{kind}", o.ooxml(kind, relations=[o.relation("image", "http://example.com/x.png", True)]), o.MEDIA[kind], "external-reference")
        active = {folder + "/activeX/activeX1.xml": "<ocx/>", folder + "/activeX/activeX1.bin": b"\0" * 30}
        yield Fixture(f"{kind} activex", f"a.{kind}", o.ooxml(kind, active, [o.relation("control", "activeX/activeX1.xml")]), o.MEDIA[kind], "active-content embedded-object")
        yield Fixture(f"{kind} encrypted", f"a.{kind}", o.encrypted_office().bytes(), "application/x-ole-storage", "encrypted", "encrypted")
        yield Fixture(f"{kind} infected", f"a.{kind}", o.ooxml(kind, {folder + "/media/x.bin": eicar}), o.MEDIA[kind], "", "infected")
        yield Fixture(f"{kind} truncated", f"a.{kind}", o.ooxml(kind)[:-60], "application/zip", "malformed type-mismatch", "unparsable")
    for label, target, flags in (("remote", "https://example.com/t.dotm", "external-reference"), ("share", "file:///\\\\example.com\\t\\t.dotm", "external-reference"),
                                 ("local", "file:///C:\\Users\\a\\AppData\\Roaming\\Microsoft\\Templates\\t.dotm", "")):
        settings = {"word/settings.xml": "<w:settings/>", "word/_rels/settings.xml.rels": o.rels(o.relation("attachedTemplate", target, True))}
        yield Fixture(f"docx template {label}", "a.docx", o.ooxml("docx", settings), o.MEDIA["docx"], flags)
    hidden = {"word/_rels/settings.xml.rels": o.rels(o.relation("attachedTemplate", "https://example.com/t.dotm", True)).replace("External", "&#69;xternal")}
    yield Fixture("docx template escaped", "a.docx", o.ooxml("docx", hidden), o.MEDIA["docx"], "external-reference")
    frame = {"word/webSettings.xml": "<w:webSettings/>", "word/_rels/webSettings.xml.rels": o.rels(o.relation("frame", "http://example.com/", True))}
    yield Fixture("docx frame", "a.docx", o.ooxml("docx", frame), o.MEDIA["docx"], "external-reference")
    chart = {"ppt/charts/chart1.xml": "<c:chartSpace/>", "ppt/charts/_rels/chart1.xml.rels": o.rels(o.relation("package", "../embeddings/Microsoft_Excel_Worksheet.xlsx")),
             "ppt/embeddings/Microsoft_Excel_Worksheet.xlsx": o.ooxml("xlsx")}
    yield Fixture("pptx chart", "a.pptx", o.ooxml("pptx", chart, [o.relation("chart", "charts/chart1.xml")]), o.MEDIA["pptx"])
    chart["ppt/embeddings/Microsoft_Excel_Worksheet.xlsx"] = o.with_vba("xlsm")
    yield Fixture("pptx chart with vba", "a.pptx", o.ooxml("pptx", chart, [o.relation("chart", "charts/chart1.xml")]), o.MEDIA["pptx"], "macro")
    chunk = {"word/afchunk.rtf": o.rtf()}
    yield Fixture("docx alt chunk", "a.docx", o.ooxml("docx", chunk, [o.relation("aFChunk", "afchunk.rtf")]), o.MEDIA["docx"], "embedded-object")
    field = "<w:p><w:r><w:instrText>{}</w:instrText></w:r></w:p>"
    yield Fixture("docx dde", "a.docx", o.ooxml("docx", body=field.format(' DDEAUTO c:\\\\windows\\\\system32\\\\cmd.exe "/k calc" ')), o.MEDIA["docx"], "active-content")
    split = "<w:p><w:r><w:instrText> DD</w:instrText></w:r><w:r><w:instrText>E c:\\\\cmd.exe </w:instrText></w:r></w:p>"
    yield Fixture("docx dde split", "a.docx", o.ooxml("docx", body=split), o.MEDIA["docx"], "active-content")
    simple = '<w:p><w:fldSimple w:instr=" DDEAUTO cmd "><w:r><w:t>x</w:t></w:r></w:fldSimple></w:p>'
    yield Fixture("docx dde simple", "a.docx", o.ooxml("docx", body=simple), o.MEDIA["docx"], "active-content")
    yield Fixture("docx include", "a.docx", o.ooxml("docx", body=field.format(' INCLUDEPICTURE "http://example.com/a.png" \\d ')), o.MEDIA["docx"], "external-reference")
    for ok in ("PAGE", "TOC \\o &quot;1-3&quot;", "HYPERLINK &quot;https://example.com/&quot;", "DATE \\@ &quot;gggge年&quot;", "MERGEFIELD 住所", "SEQ 表"):
        yield Fixture(f"docx field {ok.split()[0]}", "a.docx", o.ooxml("docx", body=field.format(f" {ok} ")), o.MEDIA["docx"])
    yield Fixture("docx text on dde", "a.docx", o.ooxml("docx", body="<w:p><w:r><w:t>DDE と DDEAUTO は使わないこと</w:t></w:r></w:p>"), o.MEDIA["docx"])
    link = {"xl/externalLinks/externalLink1.xml": '<externalLink><ddeLink ddeService="cmd" ddeTopic="/c calc"/></externalLink>'}
    yield Fixture("xlsx dde", "a.xlsx", o.ooxml("xlsx", link), o.MEDIA["xlsx"], "active-content")
    book = {"xl/externalLinks/externalLink1.xml": "<externalLink/>",
            "xl/externalLinks/_rels/externalLink1.xml.rels": o.rels(o.relation("externalLinkPath", "http://example.com/b.xlsx", True))}
    yield Fixture("xlsx linked book", "a.xlsx", o.ooxml("xlsx", book), o.MEDIA["xlsx"], "external-reference")
    four = {"xl/macrosheets/sheet1.xml": "<xm:macrosheet xmlns:xm='http://schemas.microsoft.com/office/excel/2006/main'/>"}
    override = '<Override PartName="/xl/macrosheets/sheet1.xml" ContentType="application/vnd.ms-excel.macrosheet+xml"/>'
    yield Fixture("xlsx excel 4", "a.xlsx", o.ooxml("xlsx", four, [o.relation("http://schemas.microsoft.com/office/2006/relationships/xlMacrosheet", "macrosheets/sheet1.xml")], override), o.MEDIA["xlsx"], "macro")
    moved = {"xl/worksheets/s9.xml": "<x/>"}
    yield Fixture("xlsx excel 4 elsewhere", "a.xlsx", o.ooxml("xlsx", moved, (), override.replace("macrosheets/sheet1", "worksheets/s9")), o.MEDIA["xlsx"], "macro")


def legacy(eicar):
    doc, xls, ppt = "application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint"
    yield Fixture("doc vba", "a.doc", o.doc(vba=True).bytes(), doc, "macro")
    yield Fixture("xls vba", "a.xls", o.xls(vba=True).bytes(), xls, "macro")
    yield Fixture("ppt vba", "a.ppt", o.ppt(vba=True).bytes(), ppt, "macro")
    yield Fixture("xls excel 4", "a.xls", o.xls(sheets=(("Sheet1", 0), ("Macro1", 1))).bytes(), xls, "macro")
    yield Fixture("xls chart", "a.xls", o.xls(sheets=(("Sheet1", 0), ("Chart1", 2))).bytes(), xls)
    yield Fixture("doc encrypted", "a.doc", o.doc(encrypted=True).bytes(), doc, "encrypted", "encrypted")
    yield Fixture("xls encrypted", "a.xls", o.xls(encrypted=True).bytes(), xls, "encrypted", "encrypted")
    yield Fixture("ppt encrypted", "a.ppt", o.ppt(encrypted=True).bytes(), ppt, "encrypted", "encrypted")
    yield Fixture("doc ole object", "a.doc", o.doc().add("ObjectPool|_1234567890|\1Ole10Native", b"\0" * 30).bytes(), doc, "embedded-object")
    yield Fixture("doc equation", "a.doc", o.doc().add("ObjectPool|_1234567890|Equation Native", b"\0" * 30).bytes(), doc, "embedded-object")
    yield Fixture("xls ole object", "a.xls", o.xls().add("MBD0001F3AB|\1Ole10Native", b"\0" * 30).bytes(), xls, "embedded-object")
    yield Fixture("ppt ole object", "a.ppt", o.ppt(ole=True).bytes(), ppt, "embedded-object")
    yield Fixture("doc dde", "a.doc", o.doc("\x13 DDEAUTO c:\\\\windows\\\\system32\\\\cmd.exe \x14x\x15").bytes(), doc, "active-content")
    yield Fixture("doc field", "a.doc", o.doc("\x13 PAGE \x141\x15 DDE は使わない").bytes(), doc)
    yield Fixture("doc named docx", "a.docx", o.doc().bytes(), doc, "type-mismatch")
    yield Fixture("doc truncated", "a.doc", o.doc().bytes()[:700], {"application/x-ole-storage", doc}, "malformed", "unparsable")
    yield Fixture("xls with a chart's sheet names in Japanese", "a.xls", o.xls().add("\5DocumentSummaryInformation", b"\xfe\xff\0\0").bytes(), xls)
    yield Fixture("doc infected", "a.doc", o.doc().add("Data", eicar * 80).bytes(), doc, "", "infected")
    yield Fixture("rtf object", "a.rtf", o.rtf("{\\object\\objemb{\\*\\objclass Package}{\\*\\objdata 0105}}"), "application/rtf", "active-content embedded-object")
    yield Fixture("rtf object as doc", "a.doc", o.rtf("{\\object\\objemb{\\*\\objdata 0105}}"), "application/rtf", "active-content embedded-object type-mismatch")
    yield Fixture("rtf template", "a.rtf", o.rtf("{\\*\\template http://example.com/t.dotm}"), "application/rtf", "external-reference")
    yield Fixture("rtf template local", "a.rtf", o.rtf("{\\*\\template C:\\\\Templates\\\\t.dotx}"), "application/rtf")
    yield Fixture("rtf dde", "a.rtf", o.rtf("{\\field{\\*\\fldinst { DDEAUTO cmd \"/c calc\" }}{\\fldrslt x}}"), "application/rtf", "active-content")
    yield Fixture("rtf picture", "a.rtf", o.rtf("{\\pict\\pngblip 89504e47}"), "application/rtf")
    yield Fixture("rtf field", "a.rtf", o.rtf("{\\field{\\*\\fldinst { HYPERLINK \"https://example.com/\" }}{\\fldrslt x}}"), "application/rtf")
    yield Fixture("slk macro", "a.slk", b"ID;P\r\nO;E\r\nNN;NAuto_open;ER1C1;KOut Flank;F\r\nC;X1;Y1;K0;EEXEC(\"calc\")\r\nE\r\n", {"text/plain", "application/x-sylk"}, "macro")
    yield Fixture("slk plain", "a.slk", b"ID;PWXL;N;E\r\nC;Y1;X1;K\"a\"\r\nE\r\n", {"text/plain", "application/x-sylk"})
    for kind in ("odt", "ods", "odp"):
        media = o.ODF + o.ODF_KIND[kind]
        basic = {"Basic/script-lc.xml": "<x/>", "Basic/Standard/script-lb.xml": "<x/>", "Basic/Standard/Module1.xml": "<script:module>Sub Main</script:module>"}
        yield Fixture(f"{kind} basic", f"a.{kind}", o.odf(kind, basic), media, "macro")
        empty = {"Basic/script-lc.xml": "<x/>", "Basic/Standard/script-lb.xml": "<x/>"}
        yield Fixture(f"{kind} basic empty", f"a.{kind}", o.odf(kind, empty), media)
        yield Fixture(f"{kind} python", f"a.{kind}", o.odf(kind, {"Scripts/python/m.py": "x=1"}), media, "macro")
        lock = '<manifest:file-entry manifest:full-path="content.xml"><manifest:encryption-data manifest:checksum="x"/></manifest:file-entry>'
        yield Fixture(f"{kind} encrypted", f"a.{kind}", o.odf(kind, {"content.xml": "\x93noise"}, manifest=lock), media, "encrypted", "encrypted")
        yield Fixture(f"{kind} linked picture", f"a.{kind}", o.odf(kind, content='<draw:image xlink:href="http://example.com/a.png"/>'), media, "external-reference")
        yield Fixture(f"{kind} picture", f"a.{kind}", o.odf(kind, {"Pictures/1.png": b.png()}, '<draw:image xlink:href="Pictures/1.png"/>'), media)
        yield Fixture(f"{kind} link", f"a.{kind}", o.odf(kind, content='<text:a xlink:href="https://example.com/">x</text:a>'), media)
        yield Fixture(f"{kind} object", f"a.{kind}", o.odf(kind, {"Object 1/content.xml": "<x/>"}, '<draw:object xlink:href="./Object 1"/>'), media, "embedded-object")
        graph = {"Object 1/content.xml": "<office:document-content><office:body><office:chart><chart:chart/></office:chart></office:body></office:document-content>", "ObjectReplacements/Object 1": b.png()}
        yield Fixture(f"{kind} chart", f"a.{kind}", o.odf(kind, graph, '<draw:object xlink:href="./Object 1"/>'), media)
        yield Fixture(f"{kind} event", f"a.{kind}", o.odf(kind, content='<script:event-listener xlink:href="vnd.sun.star.script:a?language=Basic"/>'), media, "active-content")
    for label, content, flags in (("script", "<script>x()</script>", "active-content"), ("handler", '<p onclick="x()">a</p>', "active-content"),
                                  ("frame", '<iframe src="https://example.com/"></iframe>', "external-reference"), ("javascript link", '<a href="javascript:x()">a</a>', "active-content"),
                                  ("object", '<object data="x"></object>', "active-content embedded-object"), ("handler by slash", '<svg/onload=x()>', "active-content")):
        yield Fixture(f"html {label}", "a.html", t.HTML.replace(b"<p>", content.encode() + b"<p>"), "text/html", flags)
        if label in ("script", "handler", "javascript link"):
            yield Fixture(f"svg {label}", "a.svg", t.SVG.replace(b"<rect", content.encode() + b"<rect"), "image/svg+xml", flags)
    yield Fixture("html on handlers", "a.html", t.HTML.replace(b"<p>", b"<p>one onset = 1, once = 2 "), "text/html")
    yield Fixture("html script in UTF-16", "a.html", t.HTML.replace(b"<p>", b"<script>x()</script><p>").decode().encode("utf-16"), "text/html", "active-content")
    yield Fixture("svg foreign", "a.svg", t.SVG.replace(b"<rect", b"<foreignObject><p>x</p></foreignObject><rect"), "image/svg+xml", "active-content embedded-object")
    part = b"--b\r\nContent-Location: file:///C:/a/editdata.mso\r\nContent-Transfer-Encoding: base64\r\n\r\nQWN0aXZlTWltZQAAAfAEAAAA\r\n\r\n--b--"
    page = b'MIME-Version: 1.0\nContent-Type: multipart/related; boundary="p"\n\n--p\nContent-Type: text/html\n\n<html><body>%s</body></html>\n--p--\n'
    for label, inside, flags in (("plain", b"hello", ""), ("script", b"<script>x()</script>", "active-content")):
        yield Fixture(f"mht {label}", "", page % inside, "application/x-mimearchive", flags)
    chrome = b"From: <Saved by Blink>\r\nSnapshot-Content-Location: https://example.com/\r\nSubject: x\r\nDate: Sat, 21 Nov 2026 00:00:00 +0000\r\n"
    yield Fixture("mht chrome", "", chrome + (page % b"hello"), "application/x-mimearchive")
    yield Fixture("mht macro", "a.doc", t.MHT.replace(b"--b--", part), "application/x-mimearchive", "macro type-mismatch")
    yield Fixture("activemime", "editdata.mso", b"ActiveMime\0\0\1\xf0\4\0\0\0", "application/x-activemime", "macro")


def pdf(eicar):
    kind = "application/pdf"
    for label, catalog, flags in (
        ("javascript", "/Names << /JavaScript << /Names [(a) << /S /JavaScript /JS (app.alert(1)) >>] >> >>", "active-content"),
        ("open action", "/OpenAction << /S /JavaScript /JS (x) >>", "active-content"), ("launch", "/OpenAction << /S /Launch /F (cmd.exe) >>", "active-content"),
        ("xfa", "/AcroForm << /Fields [] /XFA 9 0 R >>", "active-content"),
        ("attachment", "/Names << /EmbeddedFiles << /Names [(a.exe) << /Type /Filespec /EF << /F 9 0 R >> >>] >> >>", "active-content embedded-object"),
        ("submit", "/OpenAction << /S /SubmitForm /F (http://example.com/) >>", "active-content external-reference"),
        ("open place", "/OpenAction [3 0 R /Fit]", ""), ("open goto", "/OpenAction << /S /GoTo /D [3 0 R /Fit] >>", ""), ("open object", "/OpenAction 9 0 R", "active-content"),
        ("form", "/AcroForm << /Fields [] /NeedAppearances true >>", ""), ("outline", "/Outlines 9 0 R /PageMode /UseOutlines", ""), ("lang", "/Lang (ja-JP) /MarkInfo << /Marked true >>", ""),
    ):
        yield Fixture(f"pdf {label}", "a.pdf", p.pdf(catalog, more={9: "<< /S /JavaScript /JS (x) >>"} if label == "open object" else {9: "<< >>"}), kind, flags)
    yield Fixture("pdf link", "a.pdf", p.pdf(page="/Annots [<< /Type /Annot /Subtype /Link /A << /S /URI /URI (https://example.com/) >> >>]"), kind)
    yield Fixture("pdf page action", "a.pdf", p.pdf(page="/AA << /O << /S /JavaScript /JS (x) >> >>"), kind, "active-content")
    yield Fixture("pdf rich media", "a.pdf", p.pdf(page="/Annots [<< /Subtype /RichMedia >>]"), kind, "active-content")
    yield Fixture("pdf file annotation", "a.pdf", p.pdf(page="/Annots [<< /Subtype /FileAttachment /FS << /EF << /F 9 0 R >> >> >>]"), kind, "active-content embedded-object")
    yield Fixture("pdf remote goto", "a.pdf", p.pdf(page="/Annots [<< /A << /S /GoToR /F (\\\\\\\\example.com\\\\a) >> >>]"), kind, "external-reference")
    for label, bodies, flags in (("javascript", {10: "<< /S /JavaScript /JS (x) >>"}, "active-content"), ("launch", {10: "<< /S /Launch /F (x) >>"}, "active-content"), ("harmless", {10: "<< /Type /Outlines >>"}, "")):
        yield Fixture(f"pdf object stream {label}", "a.pdf", p.pdf(more={8: p.object_stream(bodies)}), kind, flags)
        yield Fixture(f"pdf encrypted openly, object stream {label}", "a.pdf", p.encrypted(hidden=bodies), kind, flags)
    import binascii
    hexed = lambda data: binascii.hexlify(data) + b">"  # noqa: E731
    yield Fixture("pdf object stream in hexadecimal", "a.pdf", p.pdf(more={8: p.object_stream({10: "<< /S /JavaScript /JS (x) >>"}, "/Filter [/ASCIIHexDecode /FlateDecode]", lambda d: hexed(zlib.compress(d)))}), kind, "active-content")
    yield Fixture("pdf object stream plain", "a.pdf", p.pdf(more={8: p.object_stream({10: "<< /S /JavaScript /JS (x) >>"}, "", lambda d: d)}), kind, "active-content")
    for revision in (2, 3):
        yield Fixture(f"pdf user password R{revision}", "a.pdf", p.encrypted(b"secret", revision), kind, "encrypted", "encrypted")
        yield Fixture(f"pdf owner password only R{revision}", "a.pdf", p.encrypted(b"", revision), kind)
    for bits, more in (("128", ("--use-aes=y",)), ("256", ()), ("256", ("--force-R5",))):
        for user in ("", "secret"):
            source = {"in.pdf": p.pdf("/OpenAction << /S /JavaScript /JS (x) >>")}
            data = a.by_tool(["qpdf", "--encrypt", user, "owner", bits, *more, "--", "--object-streams=generate", "in.pdf", "out.pdf"], source, "out.pdf")
            label = f"pdf {'user' if user else 'owner'} password AES-{bits}{''.join(more[:1])}"
            # Its actions lie in encrypted object streams: seen only where anyone could open it.
            yield Fixture(label, "a.pdf", data, kind, "encrypted active-content" if user else "active-content", "encrypted" if user else "clean")
    yield Fixture("pdf escaped", "a.pdf", p.pdf("/OpenAction << /S /J#61vaScript /J#53 (x) >>"), kind, "active-content", "infected")  # by libclamav's own heuristic
    yield Fixture("pdf escaped in part", "a.pdf", p.pdf("/OpenAction << /S /Laun#63h /F (x) >>"), kind, "active-content", "infected")
    yield Fixture("pdf infected", "a.pdf", p.pdf(more={9: p.stream(eicar)}), kind, "", "infected")
    yield Fixture("pdf junk before", "a.pdf", b"\r\n\r\n" + p.pdf(), kind)
    yield Fixture("pdf linear text", "a.pdf", p.pdf(more={9: p.stream(b"(JavaScript and Launch as words)")}), kind)
    yield Fixture("pdf names as the page's text", "a.pdf", p.pdf(more={9: p.stream(b"BT (/JavaScript and /OpenAction) Tj ET")}), kind)
    hidden = b"BT ( 10 0 obj << /S /JavaScript /JS [x] >> endobj ) Tj ET"
    yield Fixture("pdf action in the page's text", "a.pdf", p.pdf(more={9: p.stream(hidden)}), kind, "active-content")


def every(eicar):
    yield from office(eicar)
    yield from legacy(eicar)
    yield from pdf(eicar)
