# SPDX-License-Identifier: GPL-2.0-only
"""Classes that a set of mails written from the contracts alone found wrong: each with the harmless twin that must stay so."""
import base64
import gzip
import hashlib
import struct
import zlib

import make_archive as a
import make_binary as b
import make_office as o
import make_pdf as p
import make_text as t
from fixture import Fixture, Member

PE = "application/x-executable-pe"
OOXML_RELATION = [o.relation("package", "embeddings/a.bin")]


def packaged(name, data):
    """An Ole10Native stream as Windows' packager writes it."""
    path = b"C:\\" + name
    body = struct.pack("<H", 2) + name + b"\0" + path + b"\0" + struct.pack("<HHI", 0, 3, len(path) + 1) + path + b"\0" + struct.pack("<I", len(data)) + data
    return struct.pack("<I", len(body)) + body


def files_in_documents(eicar):
    wrapped = o.Cfb().add("\1Ole10Native", packaged(b"a.exe", b.pe())).bytes()
    scripted = o.Cfb().add("\1Ole10Native", packaged(b"a.vbs", t.VBS)).bytes()
    for kind, folder in (("docx", "word"), ("xlsx", "xl"), ("pptx", "ppt")):
        for label, data, more in (("packaged program", wrapped, "executable"), ("packaged script", scripted, "script"), ("program", b.pe(), "executable"), ("table", o.ooxml("xlsx"), "")):
            inner = {folder + "/embeddings/a.bin": data}
            yield Fixture(f"{kind} with a {label}", f"a.{kind}", o.ooxml(kind, inner, OOXML_RELATION), o.MEDIA[kind], "embedded-object " + more)
    yield Fixture("doc with a packaged program", "a.doc", o.doc().add("ObjectPool|_1234567890|\1Ole10Native", packaged(b"a.exe", b.pe())).bytes(), "application/msword", "embedded-object executable")
    yield Fixture("doc with a packaged text", "a.doc", o.doc().add("ObjectPool|_1234567890|\1Ole10Native", packaged(b"a.txt", b"text")).bytes(), "application/msword", "embedded-object")
    macro = zlib.compress(o.Cfb().add("VBA|dir", b"x" * 50).bytes())
    slides = o.ppt_record(0x10, 0x1011, struct.pack("<I", 5000) + macro)
    yield Fixture("ppt with packed macros", "a.ppt", o.Cfb().add("PowerPoint Document", slides + b"\0" * 5000).add("Current User", b"\0" * 40).bytes(), "application/vnd.ms-powerpoint", "embedded-object macro")
    for label, name, data, flags in (("program", "a.exe", b.pe(), "executable"), ("script by its name", "a.js", b"x = 1", "script"), ("text", "a.txt", b"text", "")):
        attached = o.msg().add("__attach_version1.0_#00000000|__substg1.0_37010102", data).add("__attach_version1.0_#00000000|__substg1.0_3707001F", name.encode("utf-16-le"))
        yield Fixture(f"outlook message with a {label}", "転送.msg", attached.bytes(), "application/vnd.ms-outlook", flags)
    for label, data, flags in (("program", b.pe(), "executable"), ("text", b"text", "")):
        for packing, packer in (("", lambda d: d), ("/Filter /FlateDecode", zlib.compress)):
            more = {9: "<< /Type /Filespec /F (a.bin) /EF << /F 10 0 R >> >>", 10: p.stream(packer(data), "/Type /EmbeddedFile " + packing)}
            yield Fixture(f"pdf with a {label}{' packed' if packing else ''}", "a.pdf", p.pdf("/Names << /EmbeddedFiles << /Names [(a) 9 0 R] >> >>", more=more), "application/pdf", "embedded-object active-content " + flags)
    header = struct.pack("<III", 0x501, 2, 8) + b"Package\0" + struct.pack("<II", 0, 0)
    native = packaged(b"a.exe", b.pe())[4:]
    digits = (header + struct.pack("<I", len(native)) + native).hex()
    yield Fixture("rtf with a packaged program", "a.rtf", o.rtf("{\\object\\objemb{\\*\\objdata " + digits + "}}"), "application/rtf", "embedded-object active-content executable")


def documents(eicar):
    kind = "application/pdf"
    links = "/Annots [<< /Subtype /Link /A << /S /URI /URI (https://example.com/JavaScript/Launch/AA) >> >>]"
    yield Fixture("pdf link that reads like actions", "a.pdf", p.pdf(page=links), kind)
    yield Fixture("pdf link in an object stream", "a.pdf", p.pdf(more={8: p.object_stream({10: "<< /S /URI /URI (https://example.com/JS/AA) >>", 11: "(/JavaScript)"})}), kind)
    yield Fixture("pdf action in another's string", "a.pdf", p.pdf(more={9: "( 10 0 obj << /S /JavaScript /JS [x] >> endobj )"}), kind, "active-content")
    yield Fixture("pdf action behind a comment's bracket", "a.pdf", p.pdf().replace(b"/Type /Catalog", b"/Type /Catalog % (\n /OpenAction << /S /JavaScript /JS (x) >> % )\n"), kind, "active-content")
    yield Fixture("pdf film", "a.pdf", p.pdf(page="/Annots [<< /Subtype /Movie /Movie << /F (a.avi) >> >>]"), kind, "active-content")
    yield Fixture("pdf of nothing", "a.pdf", b"%PDF-1.7\n", kind, "malformed", "unparsable")
    yield Fixture("pdf behind a page", "a.pdf", b"<html><script>x()</script></html>\n" + p.pdf(), kind, "ambiguous active-content")
    web = '<connections><connection id="1"><webPr url="http://example.com/"/></connection></connections>'
    own = '<connections><connection id="1"><dbPr connection="Provider=Microsoft.Mashup.OleDb.1;Data Source=$Workbook$"/></connection></connections>'
    for label, text, flags in (("web", web, "external-reference"), ("itself", own, "")):
        yield Fixture(f"xlsx connected to {label}", "a.xlsx", o.ooxml("xlsx", {"xl/connections.xml": text}), o.MEDIA["xlsx"], flags)
    for label, action, flags in (("program", "program", "active-content"), ("next slide", "hlinkshowjump?jump=nextslide", "")):
        slide = {"ppt/slides/slide1.xml": f'<p:sld><a:hlinkClick action="ppaction://{action}"/></p:sld>'}
        yield Fixture(f"pptx button: {label}", "a.pptx", o.ooxml("pptx", slide), o.MEDIA["pptx"], flags)
    yield Fixture("docx picture that unpacks for ever", "a.docx", o.ooxml("docx", {"word/media/a.png": b"\0" * 30_000_000}), o.MEDIA["docx"], "bomb", "over-limit")
    flat = "<?xml version='1.0'?><office:document xmlns:office='urn:x'>{}<office:body><text:p>x</text:p></office:body></office:document>"
    code = "<office:scripts><ooo:module><ooo:source-code>Sub Main</ooo:source-code></ooo:module></office:scripts>"
    for label, inside, flags in (("plain", "", ""), ("basic", code, "macro")):
        yield Fixture(f"fodt {label}", "a.fodt", flat.format(inside).encode(), "application/vnd.oasis.opendocument.text-flat-xml", flags)


def markup(eicar):
    for label, content, flags in (("script in references", '<a href="&#106;ava&Tab;script:x()">a</a>', "active-content"), ("script in hexadecimal", "<a href='&#x6A;avascript:x()'>a</a>", "active-content"),
                                  ("going elsewhere", '<meta http-equiv="refresh" content="0; URL=http://example.com/">', "external-reference"), ("character set", '<meta http-equiv="Content-Type" content="text/html">', ""),
                                  ("references", "<p>A&amp;B &#12354; &lt;script&gt;</p>", "")):
        yield Fixture(f"html {label}", "a.html", t.HTML.replace(b"<p>", content.encode() + b"<p>"), "text/html", flags)
    for label, content, flags in (("link", '<a href="https://example.com/"><text>x</text></a>', ""), ("picture elsewhere", '<image href="https://example.com/a.png"/>', "external-reference"),
                                  ("handler set later", '<set attributeName="onclick" to="x()"/>', "active-content")):
        yield Fixture(f"svg {label}", "a.svg", t.SVG.replace(b"<rect", content.encode() + b"<rect"), "image/svg+xml", flags)
    yield Fixture("gif that is a script", "a.gif", b"GIF89a=1;/*" + b"x" * 30 + b"*/alert(1)", "image/gif", "malformed", "unparsable")
    yield Fixture("png that is an archive, too", "a.png", b.png() + a.rar5(), "image/png", "ambiguous")


def archives(eicar):
    hidden = a.member(b"h.exe", b.pe())
    listed = a.raw_zip([a.member(b"a.txt", b"text")], hidden=[hidden])
    yield Fixture("zip with a program no directory names", "a.zip", listed, "application/zip", "ambiguous", members={"1": Member("a.txt", "text/plain"), "2": Member("h.exe", PE, "executable")})
    crowd = a.raw_zip([a.member(b"%d.txt" % i, b"text") for i in range(1200)])
    yield Fixture("zip of 1,200 members", "a.zip", crowd, "application/zip", "bomb", "over-limit")
    yield Fixture("gzip 40 deep", "a.gz", deep_gzip(), "application/gzip", "too-deep", "over-limit")
    yield Fixture("lzma", "a.txt.lzma", b"\x5d\0\0\x80\0" + b"\xff" * 8 + b"\0" * 40, {"application/x-lzma"}, "unsupported-format", "not-scanned")
    yield Fixture("squashfs", "a.img", b"hsqs" + b"\0" * 200, "application/x-disk-image", "executable unsupported-format", "not-scanned")
    for label, bits, flags, verdict in (("plain", 0, "unsupported-format", "not-scanned"), ("garbled", 1, "unsupported-format encrypted", "encrypted")):
        yield Fixture(f"arj {label}", "a.arj", arj(bits), "application/x-arj", flags, verdict)
    for label, head in (("for a password", b"\xc3\x0d\x04\x09\x03\x08" + b"s" * 8 + b"\x60"), ("for a key", b"\x84\x0c\x03" + b"k" * 8 + b"\x01\0\0")):
        yield Fixture(f"pgp {label}", "a.gpg", head + b"\xd2\x20\x01" + b"\x99" * 31, "application/pgp-encrypted", "encrypted", "encrypted")
    yield Fixture("bytes that begin like pgp", "a.dat", b"\xc3\x0d\x09\x09" + hashlib.sha512(b"x").digest() * 4, "application/octet-stream")


def deep_gzip():
    data = b"text"
    for _ in range(40):
        data = gzip.compress(data)
    return data


def arj(bits):
    def header(kind, name, size):
        body = bytes([30, 11, 1, 0, bits, 0, kind, 0]) + struct.pack("<IIII", 0, size, size, 0) + b"\0" * 6 + name + b"\0\0"
        return b"\x60\xea" + struct.pack("<H", len(body)) + body + struct.pack("<IH", zlib.crc32(body), 0)
    return header(2, b"a.arj", 0) + header(0, b"a.txt", 4) + b"text" + b"\x60\xea\0\0"


def names(eicar):
    yield Fixture("name with wide blanks", "請求書.pdf\u3000\u3000.exe", b.pe(), PE, "executable double-extension")
    yield Fixture("name with a wide point", "請求書.pdf．exe", b.pe(), PE, "executable double-extension")
    for label, mark in (("right-to-left mark", "\u200f"), ("arabic mark", "\u061c")):
        yield Fixture(f"name with a {label}", f"請求書{mark}fdp.exe", b.pe(), PE, "executable bidi-name")
    yield Fixture("script by declaration", "", b"x = 1;", "text/plain", "script", declared="application/javascript")
    yield Fixture("table", "一覧.csv", t.CSV.encode("cp932"), "text/csv", declared="text/csv")
    yield Fixture("table with tabs", "一覧.tsv", t.CSV.replace(",", "\t").encode(), "text/tab-separated-values")
    yield Fixture("prose named table", "一覧.csv", "文章です\r\n".encode(), "text/plain")
    yield Fixture("json by name", "a.json", b'{"a": 1}', "application/json", declared="application/json")
    yield Fixture("office relations in a plain zip", "a.zip", a.simple_zip({b"_rels/.rels": b"<Relationships/>"}), "application/zip", members={"1": Member("_rels/.rels", "text/plain")})


def signed(eicar):
    """What libclamav passes over in a signed mail is no second reading."""
    cms = bytes.fromhex("3080 06092a864886f70d010702 a080 3080 020101 310f 300d 0609608648016503040201 0500 3080 06092a864886f70d010701 0000") + b"\x31\x82\0\x08" + b"\x30\x06\x02\x01\x01\x02\x01\x01" + b"\0" * 6
    yield Fixture("signature of a signed mail", "smime.p7s", cms, "application/pkcs7-signature", declared="application/pkcs7-signature", around='signed; protocol="application/pkcs7-signature"; micalg=sha-256')
    armour = b"-----BEGIN PGP SIGNATURE-----\n\n" + base64.b64encode(b"x" * 60) + b"\n-----END PGP SIGNATURE-----\n"
    yield Fixture("signature in PGP", "signature.asc", armour, "application/pgp-signature", declared="application/pgp-signature", around='signed; protocol="application/pgp-signature"; micalg=pgp-sha256')


def every(eicar):
    for group in (files_in_documents, documents, markup, archives, names, signed):
        yield from group(eicar)
