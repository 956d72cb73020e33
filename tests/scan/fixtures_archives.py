# SPDX-License-Identifier: GPL-2.0-only
"""Archives: members, names, locks, lies, bombs, nesting; each format with something bad in it, something infected, something plain."""
import make_archive as a
import make_binary as b
import make_office as o
import make_pdf as p
import make_text as t
from fixture import Fixture, Member

PE = "application/x-executable-pe"
NAME = "予算資料.txt"


def openable(kind, make, detected, name, carried=""):
    """Formats whose members we list: @make (files) gives the archive."""
    text = t.JAPANESE.encode() * 3
    yield Fixture(f"{kind} plain", name, make({"a.txt": text, "b.png": b.png()}), detected, carried,
                  members={"1": Member("a.txt", "text/plain"), "2": Member("b.png", "image/png")})
    yield Fixture(f"{kind} program", name, make({"a.exe": b.pe()}), detected, carried, members={"1": Member("a.exe", PE, "executable")})
    yield Fixture(f"{kind} hidden program", name, make({"a.pdf": b.pe()}), detected, carried, members={"1": Member("a.pdf", PE, "executable type-mismatch")})
    yield Fixture(f"{kind} macro", name, make({"a.docm": o.with_vba("docm")}), detected, carried, members={"1": Member("a.docm", o.MEDIA["docm"], "macro")})


def infected(kind, make, detected, name, eicar, carried=""):
    yield Fixture(f"{kind} infected", name, make({"a.txt": eicar}), detected, carried, "infected", members={"1": Member("a.txt", "text/plain", "", "infected")})


def by_bytes(make):
    return lambda files: make({name.encode(): data for name, data in files.items()})


def formats(eicar):
    made = [
        ("zip", by_bytes(a.simple_zip), "application/zip", "a.zip", ""), ("tar", a.tar, "application/x-tar", "a.tar", ""),
        ("lzh", by_bytes(a.lzh), "application/x-lzh", "a.lzh", ""), ("cab", by_bytes(a.cab), "application/vnd.ms-cab-compressed", "a.cab", ""),
        ("7z", a.seven, "application/x-7z-compressed", "a.7z", ""), ("iso", a.iso, "application/x-disk-image", "a.iso", "executable"),
        ("jlha", a.jlha, "application/x-lzh", "a.lzh", ""), ("gcab", a.cabinet, "application/vnd.ms-cab-compressed", "a.cab", ""),
    ]
    for kind, make, detected, name, carried in made:
        yield from openable(kind, make, detected, name, carried)
        yield from infected(kind, make, detected, name, eicar, carried)
        named = make({NAME: b"text"}) if kind not in ("lzh", "cab", "jlha", "gcab", "iso") else None
        yield Fixture(f"{kind} Japanese name", name, named, detected, carried, members={"1": Member(NAME, "text/plain")})
    for label, make in (("lzh", a.lzh), ("cab", a.cab)):
        yield Fixture(f"{label} name in CP932", f"a.{label}", make({"予算①資料.txt".encode("cp932"): b"text"}), {"lzh": "application/x-lzh", "cab": "application/vnd.ms-cab-compressed"}[label],
                      members={"1": Member("予算①資料.txt", "text/plain")})
    yield Fixture("tar name in CP932", "a.tar", a.tar({NAME: b"text"}, encoding="cp932"), "application/x-tar", members={"1": Member(NAME, "text/plain")})
    yield Fixture("tar name in pax", "a.tar", a.tar({"長い" * 60 + ".txt": b"text"}, mode=a.tarfile.PAX_FORMAT), "application/x-tar", members={"1": Member("長い" * 60 + ".txt", "text/plain")})
    for extension, pack in a.PACKERS.items():
        kind = {"gz": "application/gzip", "bz2": "application/x-bzip2", "xz": "application/x-xz"}[extension]
        yield Fixture(f"{extension} plain", f"報告.csv.{extension}", pack(t.CSV.encode() * 9), kind, members={"1": Member("報告.csv")})
        yield Fixture(f"{extension} program", f"a.exe.{extension}", pack(b.pe()), kind, members={"1": Member("a.exe", PE, "executable")})
        yield Fixture(f"{extension} infected", f"a.txt.{extension}", pack(eicar), kind, "", "infected", members={"1": Member("a.txt", "text/plain", "", "infected")})
        yield Fixture(f"tar.{extension}", f"a.tar.{extension}", pack(a.tar({"a.exe": b.pe(), "b.txt": b"text"})), kind,
                      members={"1": Member("a.tar", "application/x-tar"), "1/1": Member("a.exe", PE, "executable"), "1/2": Member("b.txt", "text/plain")})
        yield Fixture(f"{extension} truncated", f"a.txt.{extension}", pack(bytes(range(256)) * 99)[:60], kind, "malformed", "unparsable")
    yield Fixture("tgz", "a.tgz", a.gz(a.tar({"a.txt": b"text"})), "application/gzip", members={"1": Member("a.tar", "application/x-tar"), "1/1": Member("a.txt", "text/plain")})
    yield Fixture("zstd", "a.txt.zst", a.zst(t.JAPANESE.encode() * 9), "application/zstd", members={"1": Member("a.txt", "text/plain")})
    yield Fixture("compress", "a.txt.Z", a.compress_z(t.JAPANESE.encode() * 9), "application/x-compress", members={"1": Member("a.txt", "text/plain")})
    yield Fixture("arj", "a.arj", a.arj({"a.txt": b"text"}), "application/x-arj", "unsupported-format", "not-scanned")
    yield Fixture("ace", "a.ace", b"\x12\x34\x31\0\0\0\x90**ACE**\x14\x14\2\0" + b"\0" * 60, "application/x-ace-compressed", "unsupported-format", "not-scanned")
    yield Fixture("alz", "a.alz", b"ALZ\1\x0a\0\0\0BLZ\1" + b"\0" * 60, "application/x-alz-compressed", "unsupported-format", "not-scanned")
    yield Fixture("egg", "a.egg", b"EGGA\0\1" + b"\0" * 60, "application/x-egg", "unsupported-format", "not-scanned")


def locks(eicar):
    secret = t.JAPANESE.encode()
    sealed = Member(NAME, None, "encrypted", "encrypted")
    yield Fixture("zip crypto", "a.zip", a.zip_crypto(NAME.encode("cp932"), secret), "application/zip", "encrypted", "encrypted", members={"1": sealed})
    yield Fixture("zip aes", "a.zip", a.aes_zip(NAME.encode("cp932"), secret), "application/zip", "encrypted", "encrypted", members={"1": sealed})
    yield Fixture("zip crypto program", "a.zip", a.zip_crypto(b"a.exe", b.pe()), "application/zip", "encrypted", "encrypted", members={"1": Member("a.exe", None, "encrypted executable", "encrypted")})
    half = a.raw_zip([a.member(b"a.txt", b"text"), a.member(b"b.txt", b"x" * 40, flags=1)])
    yield Fixture("zip half encrypted", "a.zip", half, "application/zip", "encrypted", "encrypted", members={"1": Member("a.txt", "text/plain"), "2": Member("b.txt", None, "encrypted", "encrypted")})
    nested = a.simple_zip({b"inner.zip": a.zip_crypto(b"a.txt", secret)})
    yield Fixture("zip in zip encrypted", "a.zip", nested, "application/zip", "encrypted", "encrypted",
                  members={"1": Member("inner.zip", "application/zip", "encrypted", "encrypted"), "1/1": Member("a.txt", None, "encrypted", "encrypted")})
    lie = a.raw_zip([a.member(b"a.txt", b"text", flags=1, local_flags=0)])
    yield Fixture("zip lock only in directory", "a.zip", lie, "application/zip", "encrypted malformed", "encrypted")
    seven = "application/x-7z-compressed"
    yield Fixture("7z encrypted", "a.7z", a.seven({"a.txt": secret}, "-psecret"), seven, "encrypted unsupported-format", "encrypted", members={"1": Member("a.txt", None, "encrypted unsupported-format", "encrypted")})
    yield Fixture("7z headers encrypted", "a.7z", a.seven({"a.txt": secret}, "-psecret", "-mhe=on"), seven, "encrypted unsupported-format", "encrypted", members={})
    for label, rest, flags, scan in (("without its list", b"\0" * 24 + b"x" * 5000, "malformed", "unparsable"), ("empty", bytes.fromhex("8d9bd50f") + b"\0" * 20, "", "clean")):
        yield Fixture(f"7z {label}", "a.7z", b"7z\xbc\xaf'\x1c\0\4" + rest, seven, flags, scan, members={})
    mail = b"From: a@example.com\r\nTo: b@example.com\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\n\r\nhi\r\n--q\r\n" \
        b"Content-Type: application/octet-stream\r\n\r\n%s\r\n--q--\r\n"
    text = Member(None, "text/plain")
    yield Fixture("zip of a mail with a program", "a.zip", a.simple_zip({b"m.eml": mail % (b"MZ" + b"\0" * 90)}), "application/zip",
                  members={"1": Member("m.eml", "message/rfc822"), "1.1": text, "1.2": Member(None, "application/x-executable-pe", "executable")})
    yield Fixture("zip of a mail with a virus", "a.zip", a.simple_zip({b"m.eml": mail % eicar}), "application/zip", "", "infected",
                  members={"1": Member("m.eml", "message/rfc822", "", "infected"), "1.1": text, "1.2": Member(None, "text/plain", "", "infected")})
    yield Fixture("7z in zip encrypted", "a.zip", a.simple_zip({b"a.7z": a.seven({"a.txt": secret}, "-psecret") or b""}), "application/zip", "encrypted", "encrypted")
    rar = "application/vnd.rar"
    listed = Member("shiryo.txt", None, "unsupported-format", "not-scanned")
    locked = Member("shiryo.txt", None, "encrypted unsupported-format", "encrypted")
    for version, make in (("4", a.rar4), ("5", a.rar5)):
        yield Fixture(f"rar{version}", "a.rar", make(), rar, "unsupported-format", "not-scanned", members={"1": listed})
        yield Fixture(f"rar{version} program", "a.rar", make(b"a.exe", b.pe()), rar, "unsupported-format", "not-scanned", members={"1": Member("a.exe", None, "executable unsupported-format", "not-scanned")})
        yield Fixture(f"rar{version} encrypted", "a.rar", make(file_encrypted=True), rar, "encrypted unsupported-format", "encrypted", members={"1": locked})
        yield Fixture(f"rar{version} headers encrypted", "a.rar", make(headers_encrypted=True), rar, "encrypted unsupported-format", "encrypted", members={})
        yield Fixture(f"rar{version} named zip", "a.zip", make(), rar, "unsupported-format type-mismatch", "not-scanned")
    yield Fixture("smime encrypted", "smime.p7m", bytes.fromhex("3080 06092a864886f70d010703 a080 3080 0201 00".replace(" ", "")) + b"\0" * 80, "application/pkcs7-mime", "encrypted", "encrypted", declared="application/pkcs7-mime")


def names(eicar):
    zip_type = "application/zip"
    for label, raw, flags, extra, shown in (
        ("CP932", "予算①資料.txt".encode("cp932"), 0, b"", "予算①資料.txt"), ("UTF-8 flag", NAME.encode(), 0x800, b"", NAME), ("UTF-8 without flag", NAME.encode(), 0, b"", NAME),
        ("Info-ZIP", b"yosan.txt", 0, a.unicode_path(b"yosan.txt", NAME), NAME), ("NFD", "か\u3099.txt".encode(), 0x800, b"", "が.txt"), ("backslash", "資料\\a.txt".encode("cp932"), 0, b"", "資料/a.txt"),
        ("folder", "資料/予算.txt".encode("cp932"), 0, b"", "資料/予算.txt"), ("half-width", "ﾖｻﾝ.txt".encode("cp932"), 0, b"", "ﾖｻﾝ.txt"),
        ("kanji with backslash byte", "表示.txt".encode("cp932"), 0, b"", "表示.txt"),
    ):
        yield Fixture(f"zip name {label}", "資料.zip", a.raw_zip([a.member(raw, b"text", flags=flags, extra=extra)]), zip_type, members={"1": Member(shown, "text/plain")})
    for label, name in (("up", b"../../etc/passwd.txt"), ("root", b"/etc/x.txt"), ("drive", b"C:/x.txt"), ("windows up", b"..\\..\\x.txt")):
        yield Fixture(f"zip path {label}", "a.zip", a.raw_zip([a.member(name, b"text")]), zip_type, members={"1": Member(name.decode().replace("\\", "/"), "text/plain")})
    conflict = a.raw_zip([a.member(b"good.txt", b"text", local_name=b"evil.exe")])
    yield Fixture("zip two names", "a.zip", conflict, zip_type, "malformed", members={"1": Member("good.txt", "text/plain", "executable name-conflict type-mismatch")})
    stale = a.raw_zip([a.member(b"yosan.txt", b"text", extra=a.unicode_path(b"other.txt", "x.exe"))])
    yield Fixture("zip stale Info-ZIP name", "a.zip", stale, zip_type, members={"1": Member("yosan.txt", "text/plain")})
    yield Fixture("zip bidi", "a.zip", a.raw_zip([a.member("x\u202efdp.exe".encode(), b.pe())]), zip_type, members={"1": Member(None, PE, "bidi-name executable")})
    yield Fixture("zip double extension", "a.zip", a.simple_zip({"請求書.pdf.exe".encode("cp932"): b.pe()}), zip_type, members={"1": Member("請求書.pdf.exe", PE, "double-extension executable")})
    yield Fixture("zip hidden entry", "a.zip", a.raw_zip([a.member(b"a.txt", b"text")], hidden=[a.member(b"b.exe", b.pe())]), zip_type, "ambiguous")
    yield Fixture("zip same name twice", "a.zip", a.raw_zip([a.member(b"a.txt", b"text"), a.member(b"a.txt", b"other")]), zip_type, "ambiguous")
    yield Fixture("zip bad crc", "a.zip", a.raw_zip([a.member(b"a.txt", b"text", crc=1)]), zip_type, "malformed", "unparsable", members={"1": Member("a.txt", None, "malformed", "unparsable")})
    yield Fixture("zip bad size", "a.zip", a.raw_zip([a.member(b"a.txt", b"text" * 30, method=8, size=5)]), zip_type, "malformed", "unparsable")
    yield Fixture("zip odd method", "a.zip", a.raw_zip([a.member(b"a.txt", b"text", method=97)]), zip_type, "unsupported-format", "not-scanned",
                  members={"1": Member("a.txt", None, "unsupported-format", "not-scanned")})
    for method, label in ((12, "bzip2"), (14, "lzma")):
        packed = a.bz2.compress(b"text" * 30)
        if method == 14:
            packed = b"\x09\x14\5\0" + b"\x5d\0\0\1\0" + a.lzma.compress(b"text" * 30, a.lzma.FORMAT_RAW, filters=[{"id": a.lzma.FILTER_LZMA1, "dict_size": 1 << 16}])
        flags = 2 if method == 14 else 0
        yield Fixture(f"zip method {label}", "a.zip", a.raw_zip([a.member(b"a.txt", b"text" * 30, method=method, flags=flags, packed=packed)]), zip_type, members={"1": Member("a.txt", "text/plain")})
    greedy = b"\x09\x14\5\0\x5d\xff\xff\xff\xff" + b"\0" * 60
    yield Fixture("zip lzma with a dictionary of 4 GiB", "a.zip", a.raw_zip([a.member(b"a.txt", b"text" * 30, method=14, flags=2, packed=greedy)]), zip_type, "", "over-limit", members={"1": Member("a.txt", None, "", "over-limit")})
    yield Fixture("zip truncated", "a.zip", a.simple_zip({b"a.txt": b"text" * 50, b"b.txt": b"x" * 50})[:90], zip_type, "malformed", "unparsable")
    yield Fixture("zip empty", "a.zip", a.raw_zip([]), zip_type, members={})
    yield Fixture("zip comment", "a.zip", a.raw_zip([a.member(b"a.txt", b"text")], comment="説明".encode("cp932")), zip_type, members={"1": Member("a.txt", "text/plain")})
    joined = {"1": Member("a.exe", PE, "executable")}
    for label, front, detected in (("jpeg", b.jpeg(), "image/jpeg"), ("pdf", p.pdf(), "application/pdf"), ("gif", b.gif(), "image/gif"), ("png", b.png(), "image/png")):
        yield Fixture(f"polyglot {label} and zip", f"a.{ {'jpeg': 'jpg'}.get(label, label)}", a.raw_zip([a.member(b"a.exe", b.pe())], prefix=front), detected, "ambiguous", members=joined)
    yield Fixture("zip with bytes before", "a.zip", a.raw_zip([a.member(b"a.exe", b.pe())], prefix=b"\x01\x02\x03\x04" * 8), zip_type, "ambiguous", members=joined)


def bombs(eicar):
    zip_type = "application/zip"
    flat = a.raw_zip([a.member(b"a.txt", b"\0" * 30_000_000, method=8)])
    yield Fixture("bomb flat", "a.zip", flat, zip_type, "bomb", "over-limit", members={"1": Member("a.txt", None, "bomb", "over-limit")})
    yield Fixture("bomb overlapping", "a.zip", a.overlapping_zip(), zip_type, "ambiguous bomb", "over-limit")
    yield Fixture("bomb gzip", "a.txt.gz", a.gz(b"\0" * 30_000_000), "application/gzip", "bomb", "over-limit", members={"1": Member("a.txt", None, "bomb", "over-limit")})
    yield Fixture("bomb bzip2", "a.txt.bz2", a.bz2.compress(b"\0" * 30_000_000), "application/x-bzip2", "bomb", "over-limit")
    yield Fixture("bomb docx", "a.docx", o.ooxml("docx", {"word/media/a.xml": b"\0" * 30_000_000}), o.MEDIA["docx"], "bomb", "over-limit")
    deep = b"text"
    for level in range(12):
        deep = a.raw_zip([a.member(b"%d.zip" % level if level else b"a.txt", deep, method=8)])
    yield Fixture("nested too deep", "a.zip", deep, zip_type, "too-deep", "over-limit")
    fine = a.raw_zip([a.member(b"a.txt", b"text")])
    for level in range(3):
        fine = a.raw_zip([a.member(b"%d.zip" % level, fine, method=8)])
    yield Fixture("nested four", "a.zip", fine, zip_type, members={"1": Member("2.zip", zip_type), "1/1": Member("1.zip", zip_type), "1/1/1": Member("0.zip", zip_type), "1/1/1/1": Member("a.txt", "text/plain")})
    mixed = a.simple_zip({b"a.tar.gz": a.gz(a.tar({"b.zip": a.simple_zip({b"c.exe": b.pe()})}))})
    yield Fixture("nested formats", "a.zip", mixed, zip_type, members={"1": Member("a.tar.gz", "application/gzip"), "1/1": Member("a.tar", "application/x-tar"),
                  "1/1/1": Member("b.zip", zip_type), "1/1/1/1": Member("c.exe", PE, "executable")})
    many = a.raw_zip([a.member(b"%d.txt" % i, b"text") for i in range(500)])
    yield Fixture("many members", "a.zip", many, zip_type)
    yield Fixture("packs well", "a.zip", a.raw_zip([a.member(b"a.csv", b"1,2,3,4,5\r\n" * 400_000, method=8)]), zip_type)


def every(eicar):
    for group in (formats, locks, names, bombs):
        yield from group(eicar)
