# SPDX-License-Identifier: GPL-2.0-only
"""Hostile messages of every family, made here, each with a payload that no reader of the delivered mail may get.

A case says what must become of it: "clean" (has one reading for everybody: delivered, with its text, without the payload), "held"
(readers differ: nothing of it is delivered), "safe" (either, but never the payload) and "control" (a legitimate mail: delivered).
"""
import base64
import binascii
import collections
import gzip
import io
import struct
import tarfile
import zipfile
import zlib

# name: family/variant; text: what a person must still be able to read where it is delivered; marks: bytes nobody may get
Case = collections.namedtuple("Case", "name data expect text marks")

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}" + b"$EICAR-STANDARD-ANTIVIRUS" + b"-TEST-FILE!$H+H*"
MARK = b"Q7payload" + b"Zk93Vx41"  # in one piece only here and in what is decoded
PROGRAM = b"MZ\x90\x00\x03" + MARK + b"\x00\xff" + EICAR + b"\r\n" + MARK
TEXT = "会議の資料をお送りします。Plain words of the sender."
HEAD = (b"From: =?UTF-8?B?5bGx55Sw?= <yamada@example.com>\r\nTo: kakari@city.example.lg.jp\r\nSubject: case\r\n"
        b"Date: Sat, 21 Nov 2026 10:00:00 +0900\r\nMessage-ID: <case@example.com>\r\nMIME-Version: 1.0\r\n")
B = b"b0undary"
FAMILIES = {}


def family(function):
    FAMILIES[function.__name__] = function
    return function


def b64(data, width=76):
    text = base64.b64encode(data)
    return b"\r\n".join(text[i:i + width] for i in range(0, len(text), width))


def qp(data):
    return b"=\r\n".join(b"".join(b"=%02X" % c for c in data[i:i + 24]) for i in range(0, len(data), 24))


def uu(data, name=b"evil.exe"):
    lines = [binascii.b2a_uu(data[i:i + 45]).rstrip(b"\n") for i in range(0, len(data), 45)]
    return b"begin 644 " + name + b"\r\n" + b"\r\n".join(lines) + b"\r\n`\r\nend\r\n"


TEXT_PART = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64((TEXT + "\r\n").encode())


def attachment(data=PROGRAM, kind=b"application/octet-stream", extra=b"", name=b"evil.exe", encode=b64):
    return (b"Content-Type: " + kind + b"\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"" + name
            + b"\"\r\n" + extra + b"\r\n" + encode(data))


def mixed(*parts, head=HEAD, boundary=B, kind=b"multipart/mixed", more=b"", end=b"--\r\n", type_line=None):
    line = type_line or b"Content-Type: " + kind + b"; boundary=\"" + boundary + b"\"" + more + b"\r\n"
    body = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts)
    return head + line + b"\r\n" + body + b"--" + boundary + end


def single(body, kind=b"text/plain; charset=utf-8", encoding=None, head=HEAD, extra=b""):
    lines = b"Content-Type: " + kind + b"\r\n" + (b"Content-Transfer-Encoding: " + encoding + b"\r\n" if encoding else b"") + extra
    return head + lines + b"\r\n" + body


def zipped(*files, **how):
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", how.get("method", zipfile.ZIP_DEFLATED)) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return memory.getvalue()


def text_line():
    return (TEXT + "\r\n").encode()


# ---- structure ----

@family
def duplicate_headers():
    evil, plain = b"Content-Type: multipart/mixed; boundary=\"" + B + b"\"\r\n", b"Content-Type: text/plain; charset=utf-8\r\n"
    body = b"--" + B + b"\r\n" + TEXT_PART + b"\r\n--" + B + b"\r\n" + attachment() + b"\r\n--" + B + b"--\r\n"
    other = b"--other\r\n" + TEXT_PART + b"\r\n--other--\r\n"
    yield "type-plain-first", HEAD + plain + evil + b"\r\n" + body, "held"
    yield "type-plain-last", HEAD + evil + plain + b"\r\n" + body, "held"
    yield "two-boundaries-two-fields", HEAD + b"Content-Type: multipart/mixed; boundary=other\r\n" + evil + b"\r\n" + other + body, "held"
    yield "type-case", HEAD + plain + evil.replace(b"Content-Type", b"CONTENT-type") + b"\r\n" + body, "held"
    for first, second in ((b"7bit", b"base64"), (b"base64", b"7bit"), (b"quoted-printable", b"base64"), (b"base64", b"x-uuencode")):
        part = (b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: " + first + b"\r\nContent-Transfer-Encoding: "
                + second + b"\r\n\r\n" + b64(PROGRAM))
        yield f"encoding-{first.decode()}-{second.decode()}", mixed(TEXT_PART, part), "held"
        yield (f"root-encoding-{first.decode()}-{second.decode()}",
               single(b64(PROGRAM), b"text/plain", first, extra=b"Content-Transfer-Encoding: " + second + b"\r\n"), "held")
    for one, two in ((b"inline", b"attachment; filename=evil.exe"), (b"attachment; filename=a.txt", b"attachment; filename=evil.exe")):
        part = (b"Content-Type: application/octet-stream\r\nContent-Disposition: " + one + b"\r\nContent-Disposition: " + two
                + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64(PROGRAM))
        yield f"disposition-{one[:6].decode()}", mixed(TEXT_PART, part), "held"
    yield "mime-version", HEAD + b"MIME-Version: 2.0\r\n" + evil + b"\r\n" + body, "held"
    yield "from", HEAD + b"From: boss@city.example.lg.jp\r\n" + evil + b"\r\n" + body, "held"
    yield "subject", HEAD + b"Subject: other " + MARK + b"\r\n" + plain + b"\r\n" + text_line(), "held"
    yield "in-part-type", mixed(TEXT_PART, b"Content-Type: text/plain\r\n" + attachment()), "held"


@family
def boundaries():
    def with_type(line, boundary=B, parts=(TEXT_PART, None), end=b"--\r\n"):
        return mixed(*(part or attachment() for part in parts), type_line=line, boundary=boundary, end=end)
    t = b"Content-Type: multipart/mixed; "
    decoy = b"--decoy\r\n" + TEXT_PART + b"\r\n--decoy--\r\n"

    def both(line):
        return HEAD + line + b"\r\n" + decoy + mixed(TEXT_PART, attachment(), head=b"", type_line=b"")[2:]
    yield "two-first-real", both(t + b"boundary=\"" + B + b"\"; boundary=decoy\r\n"), "held"
    yield "two-last-real", both(t + b"boundary=decoy; boundary=\"" + B + b"\"\r\n"), "held"
    yield "rfc2231", with_type(t + b"boundary*=us-ascii''" + B + b"\r\n"), "held"
    yield "rfc2231-sections", with_type(t + b"boundary*0=b0un; boundary*1=dary\r\n"), "held"
    yield "rfc2231-and-plain", both(t + b"boundary=decoy; boundary*0=b0un; boundary*1=dary\r\n"), "held"
    yield "encoded-word", with_type(t + b"boundary=\"=?us-ascii?Q?b0undary?=\"\r\n"), "held"
    yield "comment", with_type(t + b"boundary=(x)\"" + B + b"\"\r\n"), "held"
    yield "comment-before", with_type(t + b"(c)boundary=\"" + B + b"\"\r\n"), "held"
    yield "comment-hides-decoy", both(t + b"(boundary=decoy) boundary=\"" + B + b"\"\r\n"), "held"
    yield "quoted-pair", with_type(t + b"boundary=\"b\\0undary\"\r\n"), "held"
    yield "blank-in-quotes", with_type(t + b"boundary=\" " + B + b"\"\r\n"), "held"
    yield "blank-unquoted", with_type(t + b"boundary=b0 undary\r\n", boundary=b"b0 undary"), "held"
    yield "trailing-blank", with_type(t + b"boundary=\"" + B + b" \"\r\n"), "held"
    yield "empty", with_type(t + b"boundary=\"\"\r\n", boundary=b""), "held"
    yield "missing", with_type(t + b"charset=utf-8\r\n"), "held"
    yield "single-quotes", with_type(t + b"boundary='" + B + b"'\r\n"), "held"
    yield "over-70", with_type(t + b"boundary=\"" + B * 12 + b"\"\r\n", boundary=B * 12), "held"
    yield "folded-in-value", with_type(t + b"boundary=\"b0un\r\n dary\"\r\n"), "held"
    yield "no-close", with_type(t + b"boundary=\"" + B + b"\"\r\n", end=b"\r\n"), "held"
    yield "closed-early", mixed(TEXT_PART) + b"--" + B + b"\r\n" + attachment() + b"\r\n--" + B + b"--\r\n", "held"
    yield "in-disposition", HEAD + b"Content-Type: multipart/mixed\r\nContent-Disposition: inline; boundary=" + B + b"\r\n\r\n--" + B \
        + b"\r\n" + attachment() + b"\r\n--" + B + b"--\r\n", "held"
    yield "prefix", mixed(TEXT_PART + b"\r\n--" + B + b"x\r\n" + attachment(), TEXT_PART), "held"
    yield "nul", with_type(t + b"boundary=\"b0un\0dary\"\r\n"), "held"
    yield "case", with_type(t + b"boundary=\"B0UNDARY\"\r\n"), "held"
    yield "same-nested", mixed(TEXT_PART, b"Content-Type: multipart/mixed; boundary=\"" + B + b"\"\r\n\r\n--" + B + b"\r\n" + attachment()
                               + b"\r\n--" + B + b"--"), "held"
    yield "preamble", HEAD + t + b"boundary=\"" + B + b"\"\r\n\r\n" + attachment() + b"\r\n--" + B + b"\r\n" + TEXT_PART + b"\r\n--" + B + b"--\r\n", "held"
    yield "epilogue", mixed(TEXT_PART) + attachment() + b"\r\n", "held"
    yield "tab-behind", mixed(TEXT_PART, attachment()).replace(b"--" + B + b"\r\nContent-Type: app", b"--" + B + b"\t \r\nContent-Type: app"), "safe"
    yield "junk-behind", mixed(TEXT_PART, attachment()).replace(b"--" + B + b"\r\nContent-Type: app", b"--" + B + b" junk\r\nContent-Type: app"), "held"
    yield "semicolon-missing", with_type(b"Content-Type: multipart/mixed boundary=\"" + B + b"\"\r\n"), "held"
    yield "blank-before-equals", with_type(t + b"boundary =\"" + B + b"\"\r\n"), "safe"
    yield "upper-case-name", with_type(t + b"BOUNDARY=\"" + B + b"\"\r\n"), "clean"
    yield "unknown-subtype", mixed(TEXT_PART, attachment(), kind=b"multipart/x-strange"), "safe"
    yield "empty-subtype", mixed(TEXT_PART, attachment(), kind=b"multipart/"), "held"
    yield "no-mime-version", mixed(TEXT_PART, attachment(), head=HEAD.replace(b"MIME-Version: 1.0\r\n", b"")), "safe"


@family
def base64_tricks():
    digits = base64.b64encode(PROGRAM)

    def part(body, encoding=b"base64", kind=b"application/octet-stream"):
        return mixed(TEXT_PART, b"Content-Type: " + kind + b"\r\nContent-Disposition: attachment; filename=a.bin\r\nContent-Transfer-Encoding: "
                     + encoding + b"\r\n\r\n" + body)
    chunks = b"".join(base64.b64encode(PROGRAM[i:i + 4]) for i in range(0, len(PROGRAM), 4))
    yield "chunked", part(chunks), "held"
    yield "chunked-lines", part(b"\r\n".join(base64.b64encode(PROGRAM[i:i + 4]) for i in range(0, len(PROGRAM), 4))), "held"
    yield "behind-padding", part(base64.b64encode(b"hello") + digits), "held"
    for name, stranger in (("dot", b"."), ("dash", b"-"), ("star", b"*"), ("high", b"\xff"), ("nul", b"\0"), ("at", b"@"), ("percent", b"%")):
        yield f"stranger-{name}", part(stranger.join(digits[i:i + 5] for i in range(0, len(digits), 5))), "held"
    yield "equals-inside", part(digits[:8] + b"=" + digits[8:]), "held"
    yield "equals-first", part(b"=" + digits), "held"
    yield "padding-many", part(digits.rstrip(b"=") + b"===="), "held"
    yield "junk-line", part(b"This is no base64!\r\n" + b64(PROGRAM)), "held"
    yield "junk-behind", part(b64(PROGRAM) + b"\r\n\r\nList footer -- unsubscribe"), "held"
    yield "url-safe", part(base64.urlsafe_b64encode(PROGRAM)), "held"
    yield "one-over", part(base64.b64encode(PROGRAM + b"ab").rstrip(b"=")[:-2] + b"A"), "held"
    yield "one-line", part(digits), "clean"
    yield "short-lines", part(b"\r\n".join(digits[i:i + 4] for i in range(0, len(digits), 4))), "clean"
    yield "blanks", part(b" ".join(digits[i:i + 8] for i in range(0, len(digits), 8))), "safe"
    yield "unused-bits", part(base64.b64encode(b"x" + PROGRAM[:1])[:-2] + b"9="), "safe"
    yield "no-padding", part(base64.b64encode(PROGRAM + b"a").rstrip(b"=")), "held"
    for encoding in (b"BASE64", b"Base64 "):
        yield f"name-{encoding.decode().strip()}", part(b64(PROGRAM), encoding), "clean"
    for encoding in (b"\"base64\"", b"base64;", b"base64 (c)", b"(c) base64", b"base-64", b"b64", b"x-base64", b"base64, 7bit", b"7bit base64", b"=?us-ascii?Q?base64?="):
        yield f"encoding-{encoding.decode()}", part(b64(PROGRAM), encoding), "held"
    yield "on-multipart", HEAD + b"Content-Type: multipart/mixed; boundary=" + B + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" \
        + b64(mixed(TEXT_PART, attachment(), head=b"", type_line=b"")), "held"
    yield "labelled-multipart-not-encoded", mixed(TEXT_PART, attachment(), head=HEAD + b"Content-Transfer-Encoding: base64\r\n"), "held"
    yield "text-body-unlabelled", single(b64(PROGRAM), b"text/plain"), "safe"
    yield "text-body-8bit", single(text_line() + b"\r\n" + b64(PROGRAM) + b"\r\n", encoding=b"8bit"), "clean"
    yield "in-quotes", single(text_line() + b"\r\n" + b"".join(b"> " + line + b"\r\n" for line in b64(PROGRAM).split(b"\r\n"))), "clean"
    yield "indented", single(text_line() + b"\r\n" + b"".join(b"    " + line + b"\r\n" for line in b64(PROGRAM).split(b"\r\n"))), "clean"
    yield "narrow", single(text_line() + b"\r\n" + b64(PROGRAM, 20) + b"\r\n"), "clean"
    yield "narrow-8", single(text_line() + b"\r\n" + b64(PROGRAM, 8) + b"\r\n"), "clean"
    yield "words", single(text_line() + b"\r\n" + b64(PROGRAM, 12).replace(b"\r\n", b" ") + b"\r\n"), "clean"


@family
def quoted_printable():
    def part(body, encoding=b"quoted-printable"):
        return mixed(TEXT_PART, b"Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=a.bin\r\n"
                     b"Content-Transfer-Encoding: " + encoding + b"\r\n\r\n" + body)
    yield "strict", part(qp(PROGRAM)), "clean"
    yield "lower", part(qp(PROGRAM).lower()), "clean"
    yield "bad-escape", part(b"=ZZ" + qp(PROGRAM)), "safe"
    yield "half-escape", part(b"=4\r\n" + qp(PROGRAM)), "held"
    yield "double-equals", part(qp(PROGRAM).replace(b"=51", b"==51")), "held"
    yield "blank-in-escape", part(qp(PROGRAM).replace(b"=51", b"= 51")), "held"
    yield "soft-break-blanks", part(qp(PROGRAM).replace(b"=\r\n", b"=  \r\n")), "safe"
    yield "control", part(qp(PROGRAM) + b"=\x01"), "held"
    yield "ends-in-equals", part(qp(PROGRAM) + b"="), "safe"
    yield "name-qp", part(qp(PROGRAM), b"quoted_printable"), "held"
    yield "name-comment", part(qp(PROGRAM), b"quoted-printable (x)"), "held"
    yield "unlabelled-text", single(text_line() + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + qp(PROGRAM) + b"\r\n"), "clean"
    yield "html-script", single(b"<p>" + TEXT.encode("utf-8").replace(b"=", b"=3D") + b"</p><scr=\r\nipt>" + MARK + b"</scr=\r\nipt>", b"text/html; charset=utf-8",
                                b"quoted-printable"), "clean"
    yield "on-multipart", HEAD + b"Content-Type: multipart/mixed; boundary=" + B + b"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" \
        + qp(mixed(TEXT_PART, attachment(), head=b"", type_line=b"")), "held"
    yield "long-line", part(b"".join(b"=%02X" % c for c in PROGRAM)), "clean"


@family
def header_syntax():
    evil = b"Content-Type: multipart/mixed; boundary=\"" + B + b"\"\r\n"
    body = b"--" + B + b"\r\n" + TEXT_PART + b"\r\n--" + B + b"\r\n" + attachment() + b"\r\n--" + B + b"--\r\n"

    def head(line, expect="held"):
        return HEAD + line + b"\r\n" + body, expect
    yield "blank-before-colon", *head(evil.replace(b"Type:", b"Type :"))
    yield "tab-before-colon", *head(evil.replace(b"Type:", b"Type\t:"))
    yield "no-name-line", *head(b"just some words\r\n" + evil)
    yield "leading-blank", b" X: y\r\n" + HEAD + evil + b"\r\n" + body, "held"
    yield "blank-line-of-spaces", *head(b"X-A: b\r\n   \r\n" + evil)
    yield "nul-in-name", *head(evil.replace(b"Content-Type", b"Content\0-Type"))
    yield "nul-in-value", *head(evil.replace(b"mixed", b"mi\0xed"))
    yield "control-in-name", *head(b"X\x01Y: z\r\n" + evil)
    yield "high-in-name", *head(b"X\xe3\x81Y: z\r\n" + evil)
    yield "empty-name", *head(b": z\r\n" + evil)
    yield "unclosed-comment", *head(evil.replace(b"multipart", b"(multipart"))
    yield "unclosed-quote", *head(evil.replace(B + b"\"", B))
    yield "nested-comments", *head(evil.replace(b"mixed;", b"mixed (a(b(c)d)e);"), "safe")
    yield "no-slash", *head(evil.replace(b"multipart/mixed", b"multipart"))
    yield "two-slashes", *head(evil.replace(b"multipart/mixed", b"multipart/mixed/x"))
    yield "quoted-type", *head(evil.replace(b"multipart/mixed", b"\"multipart/mixed\""))
    yield "blank-in-type", *head(evil.replace(b"multipart/mixed", b"multipart / mixed"), "safe")
    yield "encoded-type", *head(evil.replace(b"multipart/mixed", b"=?us-ascii?Q?multipart/mixed?="))
    yield "upper-type", *head(evil.replace(b"multipart/mixed", b"MULTIPART/MIXED"), "clean")
    yield "fold-in-name", *head(evil.replace(b"Content-Type:", b"Content-\r\n Type:"))
    yield "fold-behind-colon", *head(evil.replace(b"Type: ", b"Type:\r\n "), "clean")
    yield "fold-many", *head(evil.replace(b"mixed; ", b"mixed;\r\n\t\r\n "), "held")
    yield "cr-fold", *head(evil.replace(b"mixed; ", b"mixed;\r "))
    yield "lf-lines", (HEAD + evil + b"\r\n" + body).replace(b"\r\n", b"\n"), "safe"
    yield "mbox-from", b"From evil Mon Jan 1 00:00:00 2026\r\n" + HEAD + evil + b"\r\n" + body, "safe"
    yield "mbox-quoted", b">From evil Mon Jan 1 00:00:00 2026\r\n" + HEAD + evil + b"\r\n" + body, "held"
    yield "bom", b"\xef\xbb\xbf" + HEAD + evil + b"\r\n" + body, "held"
    yield "empty-first-line", b"\r\n" + HEAD + evil + b"\r\n" + body, "safe"
    yield "long-header-line", *head(b"X-Long: " + b"a" * 5000 + b"\r\n" + evil, "safe")
    yield "part-header-broken", mixed(TEXT_PART, b"broken line\r\n" + attachment()), "held"
    yield "part-header-leading-blank", mixed(TEXT_PART, b" X: y\r\n" + attachment()), "held"
    yield "part-no-header", mixed(TEXT_PART, b"\r\n" + attachment()), "safe"
    yield "many-semicolons", *head(evil.replace(b"; b", b";;;; b"), "safe")
    yield "parameter-without-value", *head(evil.replace(b"; b", b"; x; b"), "safe")
    yield "parameter-comma", *head(evil.replace(b"; b", b", b"))


@family
def file_names():
    def named(disposition, kind=b"application/octet-stream"):
        return mixed(TEXT_PART, b"Content-Type: " + kind + b"\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: " + disposition
                     + b"\r\n\r\n" + b64(PROGRAM))
    yield "plain", named(b"attachment; filename=\"evil.exe\""), "clean"
    yield "double-extension", named(b"attachment; filename=\"report.pdf.exe\""), "clean"
    yield "many-blanks", named(b"attachment; filename=\"report.pdf" + b" " * 60 + b".exe\""), "clean"
    yield "rlo", named(b"attachment; filename*=UTF-8''report%E2%80%AEfdp.exe"), "clean"
    yield "rlo-word", named(b"attachment; filename=\"=?UTF-8?B?" + base64.b64encode("report\u202efdp.exe".encode()) + b"?=\""), "clean"
    yield "two-names", named(b"attachment; filename=\"a.txt\"", b"application/octet-stream; name=\"evil.exe\""), "clean"
    yield "name-and-star", named(b"attachment; filename=\"a.txt\"; filename*=UTF-8''evil.exe"), "clean"
    yield "sections", named(b"attachment; filename*0=\"evil\"; filename*1=\".exe\""), "clean"
    yield "sections-reversed", named(b"attachment; filename*1=\".exe\"; filename*0=\"evil\""), "clean"
    yield "sections-gap", named(b"attachment; filename*0=\"a.txt\"; filename*2=\".exe\""), "clean"
    yield "unquoted", named(b"attachment; filename=my evil.exe"), "clean"
    yield "unquoted-word", named(b"attachment; filename==?UTF-8?B?ZXZpbC5leGU=?="), "clean"
    yield "words", named(b"attachment; filename=\"=?UTF-8?B?ZXZpbA==?=\r\n =?UTF-8?B?LmV4ZQ==?=\""), "clean"
    yield "nul", named(b"attachment; filename*=UTF-8''a.txt%00.exe"), "clean"
    yield "crlf", named(b"attachment; filename*=UTF-8''a%0D%0AX-Injected:%20" + MARK + b"%0D%0A%0D%0Aevil.exe"), "clean", (EICAR,)
    yield "crlf-word", named(b"attachment; filename=\"=?UTF-8?B?" + base64.b64encode(b"a\r\nX-Injected: yes\r\n\r\n.exe") + b"?=\""), "clean"
    yield "path", named(b"attachment; filename=\"../../../etc/evil.exe\""), "clean"
    yield "windows-path", named(b"attachment; filename=\"C:\\\\Windows\\\\evil.exe\""), "clean"
    yield "device", named(b"attachment; filename=\"CON.txt\""), "clean"
    yield "trailing-dots", named(b"attachment; filename=\"evil.exe. . .\""), "clean"
    yield "stream", named(b"attachment; filename=\"a.txt::$DATA\""), "clean"
    yield "long", named(b"attachment; filename=\"" + b"a" * 300 + b".exe\""), "clean"
    yield "empty", named(b"attachment; filename=\"\""), "clean"
    yield "none", named(b"attachment"), "clean"
    yield "raw-sjis", named(b"attachment; filename=\"" + "予算表.exe".encode("cp932") + b"\""), "clean"
    yield "raw-utf8", named(b"attachment; filename=\"" + "予算表.exe".encode() + b"\""), "clean"
    yield "raw-jis", named(b"attachment; filename=\"" + "あア表.exe".encode("iso-2022-jp") + b"\""), "clean"
    yield "inline", named(b"inline; filename=\"evil.exe\""), "clean"
    yield "text-type", named(b"attachment; filename=\"evil.exe\"", b"text/plain"), "clean"
    yield "text-type-inline", named(b"inline; filename=\"evil.exe\"", b"text/plain; name=evil.exe"), "clean"
    yield "text-type-no-name", mixed(TEXT_PART, b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64(PROGRAM)), "safe"
    yield "html-in-name", named(b"attachment; filename=\"<script>alert(1)</script>.txt\""), "clean"
    yield "full-width", named(b"attachment; filename*=UTF-8''" + b"".join(b"%%%02X" % c for c in "ｅｖｉｌ．ｅｘｅ".encode())), "clean"
    yield "zero-width", named(b"attachment; filename*=UTF-8''evil.e%E2%80%8Bxe"), "clean"
    yield "com-in-text", named(b"attachment; filename=\"www.example.com\"", b"text/plain"), "clean"
    yield "other-charset", named(b"attachment; filename*=iso-2022-jp'ja'%1B%24B%24%22%1B%28B.exe"), "clean"
    yield "double-quotes", named(b"attachment; filename=\"a.txt\".exe\""), "clean"
    yield "unclosed-quote", named(b"attachment; filename=\"evil.exe"), "clean"


# ---- content ----

@family
def archives():
    inner = zipped(("evil.exe", PROGRAM))
    yield "zip", mixed(TEXT_PART, attachment(inner, b"application/zip", name=b"a.zip")), "clean"
    yield "zip-stored", mixed(TEXT_PART, attachment(zipped(("evil.exe", PROGRAM), method=zipfile.ZIP_STORED), b"application/zip", name=b"a.zip")), "clean"
    nested = inner
    for depth in range(1, 13):
        nested = zipped((f"level{depth}.zip", nested))
        if depth in (2, 5, 12):
            yield f"nested-{depth}", mixed(TEXT_PART, attachment(nested, b"application/zip", name=b"a.zip")), "clean"
    yield "bomb", mixed(TEXT_PART, attachment(zipped(("zeros", b"\0" * (60 << 20)), ("evil.exe", PROGRAM)), b"application/zip", name=b"b.zip")), "clean"
    yield "many-members", mixed(TEXT_PART, attachment(zipped(*((f"f{i}", b"x") for i in range(3000)), ("evil.exe", PROGRAM)), b"application/zip",
                                                      name=b"m.zip")), "clean"
    for name, change in (("no-end", lambda z: z[:-22]), ("prefixed", lambda z: b"\x89PNG\r\n" + z), ("suffixed", lambda z: z + b"junk" * 20),
                         ("cut", lambda z: z[:len(z) // 2]), ("local-name-differs", lambda z: z.replace(b"evil.exe", b"good.txt", 1)),
                         ("encrypted-flag", lambda z: z[:6] + b"\x01" + z[7:])):
        yield name, mixed(TEXT_PART, attachment(change(inner), b"application/zip", name=b"a.zip")), "clean"
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w:gz") as tar:
        info = tarfile.TarInfo("../../evil.exe")
        info.size = len(PROGRAM)
        tar.addfile(info, io.BytesIO(PROGRAM))
    yield "tar-gz", mixed(TEXT_PART, attachment(memory.getvalue(), b"application/gzip", name=b"a.tgz")), "clean"
    yield "gz", mixed(TEXT_PART, attachment(gzip.compress(PROGRAM), b"application/gzip", name=b"evil.exe.gz")), "clean"
    yield "gz-two", mixed(TEXT_PART, attachment(gzip.compress(b"hello") + gzip.compress(PROGRAM), b"application/gzip", name=b"e.gz")), "clean"
    import bz2
    import lzma
    yield "bz2", mixed(TEXT_PART, attachment(bz2.compress(PROGRAM), b"application/x-bzip2", name=b"evil.bz2")), "clean"
    yield "xz", mixed(TEXT_PART, attachment(lzma.compress(PROGRAM), b"application/x-xz", name=b"evil.xz")), "clean"
    for magic, kind, name in ((b"Rar!\x1a\x07\x00", b"application/x-rar", b"a.rar"), (b"7z\xbc\xaf\x27\x1c", b"application/x-7z-compressed", b"a.7z"),
                              (b"\x00\x00-lh5-", b"application/x-lzh", b"a.lzh"), (b"MSCF\0\0\0\0", b"application/vnd.ms-cab-compressed", b"a.cab"),
                              (b"ALZ\x01", b"application/octet-stream", b"a.alz"), (b"\x60\xea", b"application/x-arj", b"a.arj"),
                              (b"\x1f\x9d", b"application/x-compress", b"a.Z"), (b"KDMV", b"application/octet-stream", b"a.vmdk")):
        yield f"magic-{name.decode()}", mixed(TEXT_PART, attachment(magic + PROGRAM, kind, name=name)), "clean"
    yield "iso", mixed(TEXT_PART, attachment(b"\0" * 32769 + b"CD001" + PROGRAM, b"application/octet-stream", name=b"a.iso")), "clean"
    yield "labelled-as-image", mixed(TEXT_PART, attachment(inner, b"image/png", name=b"a.png")), "clean"
    yield "labelled-as-text", mixed(TEXT_PART, attachment(inner, b"text/plain", name=b"a.txt")), "clean"
    yield "as-text-body", mixed(TEXT_PART, b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64(inner)), "safe"
    yield "only-part", single(b64(inner), b"application/zip", b"base64"), "safe"
    yield "zip-password", mixed(TEXT_PART, attachment(inner[:6] + b"\x09\x08" + inner[8:], b"application/zip", name=b"a.zip")), "clean"
    yield "split", mixed(TEXT_PART, attachment(inner[:80], b"application/zip", name=b"a.z01"), attachment(inner[80:], b"application/zip", name=b"a.z02")), "clean"


@family
def html():
    m, t = MARK.decode(), TEXT

    def page(body, kind=b"text/html; charset=utf-8", encode="utf-8"):
        return single(b64(body.encode(encode)), kind, b"base64")
    yield "script", page(f"<p>{t}</p><script>{m}</script>"), "clean"
    yield "script-upper", page(f"<p>{t}</p><SCRIPT >{m}</SCRIPT\n>"), "clean"
    yield "script-unclosed", page(f"<p>{t}</p><script>{m}"), "clean"
    yield "script-nested", page(f"<p>{t}</p><scr<script></script>ipt>/*<script>{m}</script>*/</p>"), "clean"
    yield "script-escaped-end", page(f"<p>{t}</p><script><!--<script>{m}</script>--></script>"), "clean"
    yield "style", page(f"<style>p{{background:url('//{m}')}}</style><p>{t}</p>"), "clean"
    yield "comment", page(f"<p>{t}</p><!-- {m} --><!--[if mso]>{m}<![endif]-->"), "clean"
    yield "comment-odd-end", page(f"<p>{t}</p><!-->{'x'}--><!-- {m} --!>"), "clean"
    yield "event", page(f"<p onclick=\"{m}\">{t}</p><img src=x onerror={m}>"), "clean"
    yield "javascript-link", page(f"<p>{t}</p><a href=\"javascript:{m}\">here</a>"), "clean"
    yield "javascript-split", page(f"<p>{t}</p><a href=\"java\tscr&#10;ipt&colon;{m}\">here</a>"), "clean"
    yield "data-uri", page(f"<p>{t}</p><img src=\"data:image/png;base64,{base64.b64encode(PROGRAM).decode()}\">"), "clean"
    yield "data-link", page(f"<p>{t}</p><a href=\"data:text/html;base64,{base64.b64encode(PROGRAM).decode()}\">open</a>"), "clean"
    yield "data-in-text", page(f"<p>{t}</p><p>data:application/octet-stream;base64,{base64.b64encode(PROGRAM).decode()}</p>"), "clean"
    yield "base64-in-pre", page(f"<p>{t}</p><pre>{base64.encodebytes(PROGRAM).decode()}</pre>"), "clean"
    yield "base64-in-cells", page(f"<p>{t}</p>" + "<br>".join(base64.encodebytes(PROGRAM).decode().split())), "clean"
    yield "uu-in-pre", page(f"<p>{t}</p><pre>{uu(PROGRAM).decode()}</pre>"), "clean"
    yield "display-none", page(f"<p>{t}</p><div style=\"display:none\">{m}</div>"), "clean"
    yield "display-none-class", page(f"<style>.h{{display:none}}</style><p>{t}</p><div class=h>{m}</div>"), "clean"
    yield "white-on-white", page(f"<p>{t}</p><font color=\"#ffffff\" style=\"color:white;background:white\">{m}</font>"), "safe"
    yield "zero-size", page(f"<p>{t}</p><span style=\"font-size:0\">{m}</span>"), "clean"
    yield "off-screen", page(f"<p>{t}</p><div style=\"position:absolute;left:-9999px\">{m}</div>"), "clean"
    yield "object", page(f"<p>{t}</p><object data=\"{m}\"><param name=x value=\"{m}\"></object><embed src=\"{m}\">"), "clean"
    yield "iframe-srcdoc", page(f"<p>{t}</p><iframe srcdoc=\"&lt;script&gt;{m}&lt;/script&gt;\"></iframe>"), "clean"
    yield "form", page(f"<p>{t}</p><form action=\"http://x.example/{m}\"><input type=hidden value=\"{m}\"><textarea hidden>{m}</textarea></form>"), "clean"
    yield "svg", page(f"<p>{t}</p><svg><script>{m}</script><foreignObject><script>{m}</script></foreignObject></svg>"), "clean"
    yield "math", page(f"<p>{t}</p><math><annotation-xml encoding=\"text/html\"><script>{m}</script></annotation-xml></math>"), "clean"
    yield "template", page(f"<p>{t}</p><template>{m}</template><noscript><style>{m}</style></noscript>"), "clean"
    yield "meta-refresh", page(f"<meta http-equiv=refresh content=\"0;url=http://x.example/{m}\"><p>{t}</p>"), "clean"
    yield "base", page(f"<base href=\"http://x.example/{m}/\"><p>{t}</p>"), "clean"
    yield "link-css", page(f"<link rel=stylesheet href=\"http://x.example/{m}.css\"><p>{t}</p>"), "clean"
    yield "xml-island", page(f"<p>{t}</p><xml id=x><script>{m}</script></xml>"), "clean"
    yield "cdata", page(f"<p>{t}</p><![CDATA[<script>{m}</script>]]>"), "safe", ()
    yield "processing", page(f"<p>{t}</p><?php {m} ?>"), "clean"
    yield "title", page(f"<html><head><title>{m}</title></head><body><p>{t}</p>"), "safe"
    yield "attributes-unclosed", page(f"<p>{t}</p><img src=\"{m}"), "clean"
    yield "nul-in-tag", page(f"<p>{t}</p><scr\0ipt>{m}</script>"), "held"
    yield "utf7", single(b"+ADw-script+AD4-" + MARK + b"+ADw-/script+AD4-", b"text/html; charset=utf-7"), "held"
    yield "utf16", single(b64(f"<p>{t}</p><script>{m}</script>".encode("utf-16")), b"text/html; charset=utf-16", b"base64"), "held"
    yield "meta-charset-utf7", single(b"<meta charset=utf-7><p>" + TEXT.encode() + b"</p>+ADw-script+AD4-" + MARK + b"+ADw-/script+AD4-", b"text/html"), "held"
    yield "as-plain", single(f"<p>{t}</p><script>{m}</script>".encode(), b"text/plain; charset=utf-8"), "safe", ()
    yield "as-octets", mixed(TEXT_PART, b"Content-Type: application/octet-stream\r\n\r\n<html><script>" + MARK + b"</script>"), "clean"
    yield "attached", mixed(TEXT_PART, attachment(b"<html><script>" + MARK + b"</script>", b"text/html", name=b"a.html")), "clean"
    yield "alternative-differs", mixed(TEXT_PART, b"Content-Type: text/html; charset=utf-8\r\n\r\n<p>" + TEXT.encode() + b"</p><script>" + MARK
                                       + b"</script>", kind=b"multipart/alternative"), "clean"
    yield "related-image", mixed(b"Content-Type: text/html; charset=utf-8\r\n\r\n<p>" + TEXT.encode() + b"</p><img src=cid:x>",
                                 attachment(PROGRAM, b"image/png", b"Content-ID: <x>\r\n", name=b"x.png"), kind=b"multipart/related"), "clean"
    yield "split-over-parts", mixed(b"Content-Type: text/html; charset=utf-8\r\n\r\n<p>" + TEXT.encode() + b"</p><script>",
                                    b"Content-Type: text/html; charset=utf-8\r\n\r\n" + b"</script><p>x</p><script>" + MARK + b"</script>"), "clean"
    yield "tag-characters", page(f"<p>{t}" + "".join(chr(0xE0000 + c) for c in MARK) + "</p>"), "clean"


@family
def legacy_encodings():
    def body(data, kind=b"text/plain; charset=utf-8"):
        return single(text_line() + b"\r\n" + data + b"\r\n", kind)

    def yenc(data):
        out = b""
        for c in data:
            value = (c + 42) & 255
            out += b"=" + bytes([(value + 64) & 255]) if value in (0, 10, 13, 61) else bytes([value])
        return b"=ybegin line=128 size=%d name=evil.exe\r\n" % len(data) + out + b"\r\n=yend size=%d\r\n" % len(data)

    def binhex(data):
        alphabet = b"!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr"
        packed = b"\x08evil.exe\0APPLMACS\0\0" + struct.pack(">II", len(data), 0) + b"\0\0" + data.replace(b"\x90", b"\x90\0") + b"\0\0\0\0"
        bits = "".join(f"{c:08b}" for c in packed)
        bits += "0" * (-len(bits) % 6)
        text = b":" + bytes(alphabet[int(bits[i:i + 6], 2)] for i in range(0, len(bits), 6)) + b":"
        return b"(This file must be converted with BinHex 4.0)\r\n\r\n" + b"\r\n".join(text[i:i + 64] for i in range(0, len(text), 64)) + b"\r\n"
    plain = uu(PROGRAM)
    yield "uu", body(plain), "clean"
    yield "uu-no-begin", body(b"\r\n".join(uu(PROGRAM * 3).split(b"\r\n")[1:])), "clean"
    yield "uu-no-end", body(plain.replace(b"end\r\n", b"")), "clean"
    yield "uu-blank-begin", body(b"begin  644  evil.exe\r\n" + plain.split(b"\r\n", 1)[1]), "clean"
    yield "uu-odd-mode", body(b"begin 0 evil.exe\r\n" + plain.split(b"\r\n", 1)[1]), "clean"
    yield "uu-upper", body(b"BEGIN 644 evil.exe\r\n" + plain.split(b"\r\n", 1)[1]), "clean"
    yield "uu-blanks-not-quotes", body(plain.replace(b"`", b" ")), "clean"
    yield "uu-quoted", body(b"".join(b"> " + line + b"\r\n" for line in plain.split(b"\r\n"))), "clean"
    yield "uu-indented", body(b"".join(b"  " + line + b"\r\n" for line in plain.split(b"\r\n"))), "clean"
    yield "uu-two", body(uu(b"hello") + plain), "clean"
    yield "uu-first-line", single(plain, b"text/plain"), "safe"
    yield "uu-check-characters", body(b"\r\n".join(line + b"x" * (line[:1] == b"M") for line in plain.split(b"\r\n"))), "clean"
    escapes = "".join(f"={byte:02X}" for byte in PROGRAM)
    yield "quoted-printable", body("=\r\n".join(escapes[i:i + 72] for i in range(0, len(escapes), 72)).encode()), "clean"
    yield "ascii85-btoa", body(b"xbtoa Begin\r\n" + base64.a85encode(PROGRAM, wrapcol=70).replace(b"\n", b"\r\n") + b"\r\nxbtoa End N 9 9 E 0 S 0 R 0"), "clean"
    yield "base64-behind-words", body(b"Your key: " + base64.b64encode(PROGRAM) + b" (keep it)"), "clean"
    yield "uu-base64", body(b"begin-base64 644 evil.exe\r\n" + b64(PROGRAM) + b"\r\n====\r\n"), "clean"
    yield "uu-in-unknown-type", mixed(TEXT_PART, b"Content-Type: application/x-unknown\r\n\r\n" + plain), "clean"
    yield "uu-encoding", mixed(TEXT_PART, b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\n" + plain), "safe"
    yield "uu-flowed", body(plain.replace(b"\r\n", b" \r\n"), b"text/plain; charset=utf-8; format=flowed"), "clean"
    xx = bytes.maketrans(bytes(range(32, 97)), b"+-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+")
    yield "xx", body(b"begin 644 evil.exe\r\n" + b"\r\n".join(line.translate(xx) for line in plain.split(b"\r\n")[1:-2]) + b"\r\nend\r\n"), "clean"
    yield "yenc", body(yenc(PROGRAM), b"text/plain; charset=iso-8859-1").replace(text_line(), b"Plain words of the sender.\r\n"), "safe"
    yield "yenc-no-end", single(b"Plain words\r\n" + yenc(PROGRAM).split(b"=yend")[0], b"text/plain; charset=iso-8859-1"), "safe"
    yield "yenc-ascii-only", body(yenc(MARK * 3)), "safe"
    yield "binhex", body(binhex(PROGRAM)), "clean"
    yield "binhex-no-banner", body(binhex(PROGRAM).split(b"\r\n\r\n", 1)[1]), "clean"
    yield "binhex-attachment", mixed(TEXT_PART, b"Content-Type: application/mac-binhex40; name=a.hqx\r\n\r\n" + binhex(PROGRAM)), "clean"
    short = [binascii.b2a_uu(PROGRAM[i:i + 21]).rstrip(b"\n") for i in range(0, len(PROGRAM), 21)]
    fold = "会議の資料です。".encode() * 5 + b"begin 644 evil.exe\r\n" + b"\r\n".join(short) + b"\r\n`\r\nend"
    for shift in range(4):
        yield f"uu-begin-folded-{shift}", body(b"x" * shift * 2 + fold), "safe"
    lines = plain.split(b"\r\n")
    yield "uu-over-parts", mixed(TEXT_PART, *(b"Content-Type: text/plain\r\n\r\n" + line for line in lines)), "safe"
    yield "uu-begin-in-other-part", mixed(TEXT_PART, b"Content-Type: text/plain\r\n\r\nbegin 644 evil.exe", b"Content-Type: text/plain\r\n\r\n" + b"\r\n".join(short)), "safe"
    yield "base64-over-parts", mixed(TEXT_PART, *(b"Content-Type: text/plain\r\n\r\n" + line for line in b64(PROGRAM, 48).split(b"\r\n"))), "safe"
    yield "apple-double", mixed(TEXT_PART, b"Content-Type: multipart/appledouble; boundary=ad\r\n\r\n--ad\r\nContent-Type: application/applefile\r\n"
                                b"Content-Transfer-Encoding: base64\r\n\r\n" + b64(b"\x00\x05\x16\x07" + PROGRAM) + b"\r\n--ad\r\n" + attachment()
                                + b"\r\n--ad--"), "clean"
    yield "apple-single", mixed(TEXT_PART, attachment(b"\x00\x05\x16\x00" + PROGRAM, b"application/applefile")), "clean"
    yield "gzip64", mixed(TEXT_PART, b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: x-gzip64\r\n\r\n" + b64(gzip.compress(PROGRAM))), "held"
    yield "ascii85", body(base64.a85encode(PROGRAM, adobe=True, wrapcol=70).replace(b"\n", b"\r\n")), "clean"
    yield "ascii85-bare", body(base64.a85encode(PROGRAM, wrapcol=70).replace(b"\n", b"\r\n")), "safe"
    yield "base85-git", body(b"GIT binary patch\r\nliteral 99\r\n" + b"\r\n".join(b"z" + base64.b85encode(PROGRAM[i:i + 52]) for i in range(0, len(PROGRAM), 52))), "safe"
    yield "hexadecimal", body(b"\r\n".join(PROGRAM.hex().encode()[i:i + 72] for i in range(0, len(PROGRAM) * 2, 72))), "safe"
    yield "shell-archive", body(b"#!/bin/sh\r\nsed 's/^X//' << 'SHAR' > evil\r\n" + b"".join(b"X" + line + b"\r\n" for line in plain.split(b"\r\n")) + b"SHAR\r\n"), "clean"
    yield "pem", body(b"-----BEGIN CERTIFICATE-----\r\n" + b64(PROGRAM, 64) + b"\r\n-----END CERTIFICATE-----"), "clean"
    yield "mime-in-body", body(b"--x\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64(PROGRAM) + b"\r\n--x--"), "clean"
    yield "mime-in-body-short", body(b"Content-Transfer-Encoding: base64\r\n\r\n" + b64(MARK)), "clean"


@family
def containers():
    inner = mixed(TEXT_PART, attachment(), boundary=b"inner")
    yield "rfc822", mixed(TEXT_PART, b"Content-Type: message/rfc822\r\n\r\n" + inner), "clean"
    yield "rfc822-base64", mixed(TEXT_PART, b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64(inner)), "held"
    yield "rfc822-qp", mixed(TEXT_PART, b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + qp(inner)), "held"
    deep = inner
    for level in range(1, 40):
        deep = HEAD + b"Content-Type: message/rfc822\r\n\r\n" + deep
        if level in (3, 39):
            yield f"rfc822-deep-{level}", deep, "clean" if level == 3 else "held"
    yield "rfc822-ambiguous-inside", mixed(TEXT_PART, b"Content-Type: message/rfc822\r\n\r\n" + HEAD + b"Content-Type: text/plain\r\n" + inner[len(HEAD):]), "held"
    yield "eml", mixed(TEXT_PART, attachment(inner, b"application/octet-stream", name=b"mail.eml")), "clean"
    yield "mhtml", mixed(TEXT_PART, attachment(inner.replace(b"multipart/mixed", b"multipart/related"), b"application/x-mimearchive", name=b"a.mht")), "clean"
    yield "partial", HEAD + b"Content-Type: message/partial; id=\"a@b\"; number=1; total=2\r\n\r\n" + inner, "safe"
    yield "partial-in-part", mixed(TEXT_PART, b"Content-Type: message/partial; id=\"a@b\"; number=2; total=2\r\n\r\n" + inner), "safe"
    yield "external-body", mixed(TEXT_PART, b"Content-Type: message/external-body; access-type=URL; URL=\"http://x.example/" + MARK
                                 + b"\"\r\n\r\nContent-Type: application/octet-stream\r\n\r\n"), "safe"
    yield "tnef", mixed(TEXT_PART, attachment(b"\x78\x9f\x3e\x22\x01\x00" + PROGRAM, b"application/ms-tnef", name=b"winmail.dat")), "clean"
    yield "smime-signed-opaque", single(b64(b"\x30\x82\x01\x00\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02" + PROGRAM),
                                        b"application/pkcs7-mime; smime-type=signed-data; name=smime.p7m", b"base64"), "safe"
    yield "smime-encrypted", single(b64(b"\x30\x82\x01\x00" + PROGRAM), b"application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", b"base64"), "safe"
    yield "signed", mixed(TEXT_PART, attachment(b"\x30\x82" + PROGRAM, b"application/pkcs7-signature", name=b"smime.p7s"), kind=b"multipart/signed",
                          more=b"; protocol=\"application/pkcs7-signature\"; micalg=sha-256"), "clean"
    yield "pgp-encrypted", mixed(b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1", attachment(PROGRAM, b"application/octet-stream", name=b"e.asc"),
                                 kind=b"multipart/encrypted"), "safe"
    yield "calendar", mixed(TEXT_PART, b"Content-Type: text/calendar; method=REQUEST; charset=utf-8\r\n\r\nBEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:meet\r\n"
                            b"ATTACH;ENCODING=BASE64;VALUE=BINARY:" + base64.b64encode(PROGRAM) + b"\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"), "clean"
    folded = base64.b64encode(PROGRAM)
    yield "calendar-folded", mixed(TEXT_PART, b"Content-Type: text/calendar; charset=utf-8\r\n\r\nBEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:meet\r\nATTACH;ENCODING=BASE64:"
                                   + b"\r\n ".join(folded[i:i + 60] for i in range(0, len(folded), 60)) + b"\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"), "clean"
    yield "calendar-description", mixed(TEXT_PART, b"Content-Type: text/calendar; charset=utf-8\r\n\r\nBEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:meet\r\nDTSTART:20261121T010000Z\r\n"
                                        b"DESCRIPTION:words\\n\\n" + folded + b"\r\nX-ALT-DESC;FMTTYPE=text/html:<script>" + MARK + b"</script>\r\n"
                                        b"END:VEVENT\r\nEND:VCALENDAR\r\n"), "clean"
    yield "vcard", mixed(TEXT_PART, b"Content-Type: text/vcard; charset=utf-8\r\n\r\nBEGIN:VCARD\r\nVERSION:3.0\r\nFN:Taro\r\nPHOTO;ENCODING=b;TYPE=JPEG:"
                         + b"\r\n ".join(folded[i:i + 60] for i in range(0, len(folded), 60)) + b"\r\nEND:VCARD\r\n"), "clean"
    yield "vcard-note", mixed(TEXT_PART, b"Content-Type: text/vcard; charset=utf-8\r\n\r\nBEGIN:VCARD\r\nVERSION:3.0\r\nFN:Taro\r\nNOTE:" + folded + b"\r\nEND:VCARD\r\n"), "clean"
    yield "dsn-diagnostic", mixed(TEXT_PART, b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x.example\r\n\r\nFinal-Recipient: rfc822; a@b\r\nAction: failed\r\n"
                                  b"Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 " + folded, kind=b"multipart/report", more=b"; report-type=delivery-status"), "clean"
    yield "dsn", mixed(TEXT_PART, b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x.example\r\n\r\nFinal-Recipient: rfc822; a@b\r\nAction: failed\r\nStatus: 5.1.1",
                       b"Content-Type: message/rfc822\r\n\r\n" + inner, kind=b"multipart/report", more=b"; report-type=delivery-status"), "clean"
    yield "rfc822-headers", mixed(TEXT_PART, b"Content-Type: text/rfc822-headers\r\n\r\nSubject: x\r\nX-A: " + folded[:60] + b"\r\n", kind=b"multipart/report"), "safe"
    yield "digest", mixed(b"\r\n" + single(text_line()), b"\r\n" + inner, kind=b"multipart/digest"), "safe"
    yield "parallel", mixed(TEXT_PART, attachment(), kind=b"multipart/parallel"), "clean"
    yield "form-data", mixed(TEXT_PART, attachment(), kind=b"multipart/form-data"), "clean"
    yield "alternative-payload-first", mixed(attachment(), TEXT_PART, kind=b"multipart/alternative"), "clean"
    yield "alternative-payload-only", mixed(TEXT_PART, b"Content-Type: application/x-evil\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64(PROGRAM), kind=b"multipart/alternative"), "clean"
    yield "message-http", mixed(TEXT_PART, b"Content-Type: message/http\r\n\r\nHTTP/1.1 200 OK\r\nContent-Encoding: x\r\n\r\n" + MARK), "clean"
    yield "global", mixed(TEXT_PART, b"Content-Type: message/global\r\n\r\n" + inner), "clean"
    yield "xml-body", mixed(TEXT_PART, b"Content-Type: text/xml\r\n\r\n<?xml version=\"1.0\"?><x>" + MARK + b"</x>"), "clean"
    yield "rtf", mixed(TEXT_PART, b"Content-Type: text/rtf\r\n\r\n{\\rtf1 {\\object\\objdata " + PROGRAM.hex().encode() + b"}}"), "clean"
    yield "enriched", mixed(TEXT_PART, b"Content-Type: text/enriched\r\n\r\n<param>" + MARK + b"</param>words"), "safe", ()


@family
def charsets():
    def body(data, charset, encoding=b"base64", kind=b"text/plain"):
        return single(b64(data) if encoding == b"base64" else data, kind + b"; charset=" + charset, encoding)
    m = MARK.decode()
    text = "Plain words. " + m
    for charset, codec in ((b"utf-7", "utf-7"), (b"utf-16", "utf-16"), (b"utf-16le", "utf-16-le"), (b"utf-16be", "utf-16-be"), (b"utf-32", "utf-32"),
                           (b"cp500", "cp500"), (b"ibm037", "cp037"), (b"hz-gb-2312", "hz"), (b"iso-2022-kr", "iso2022_kr")):
        yield charset.decode(), body(text.encode(codec), charset), "held"
    yield "iso-2022-cn", body(b"Plain\x1b$)A\x0e" + MARK, b"iso-2022-cn"), "held"
    yield "utf-7-quoted", body(text.encode("utf-7"), b"\"UTF-7\"", b"7bit"), "held"
    yield "unicode-1-1-utf-7", body(text.encode("utf-7"), b"unicode-1-1-utf-7", b"7bit"), "held"
    yield "utf7-html-link", body(b"<p>x</p>+ADw-script+AD4-" + MARK, b"utf-7", b"7bit", b"text/html"), "held"
    yield "utf7-in-meta", body(b"<html><meta charset=utf-7><p>x</p>+ADw-script+AD4-" + MARK, b"us-ascii", kind=b"text/html"), "held"
    hidden = base64.b64encode(PROGRAM).decode()
    yield "zero-width-in-base64", single((TEXT + "\r\n" + "\u200b".join(hidden[i:i + 6] for i in range(0, len(hidden), 6))).encode(), encoding=b"8bit"), "safe"
    yield "soft-hyphen-in-base64", single((TEXT + "\r\n" + "\u00ad".join(hidden[i:i + 6] for i in range(0, len(hidden), 6))).encode(), encoding=b"8bit"), "safe"
    yield "joiner-in-base64", single((TEXT + "\r\n" + "\u2060".join(hidden[i:i + 6] for i in range(0, len(hidden), 6))).encode(), encoding=b"8bit"), "safe"
    yield "variation-in-base64", single((TEXT + "\r\n" + "\ufe0f".join(hidden[i:i + 6] for i in range(0, len(hidden), 6))).encode(), encoding=b"8bit"), "safe"
    yield "full-width-base64", single((TEXT + "\r\n" + "".join(chr(ord(c) + 0xFEE0) for c in hidden)).encode(), encoding=b"8bit"), "safe"
    yield "full-width-base64-lines", single((TEXT + "\r\n" + "\r\n".join("".join(chr(ord(c) + 0xFEE0) for c in hidden[i:i + 38]) for i in range(0, len(hidden), 38))).encode(),
                                            encoding=b"8bit"), "safe"
    wide = uu(PROGRAM).decode()
    yield "full-width-uu", single((TEXT + "\r\n" + "".join(chr(ord(c) + 0xFEE0) if " " < c < "\x7f" else c for c in wide)).encode(), encoding=b"8bit"), "safe"
    yield "mathematical-base64", single((TEXT + "\r\n" + "".join(chr(0x1D670 + ord(c) - 65) if "A" <= c <= "Z" else chr(0x1D68A + ord(c) - 97) if "a" <= c <= "z" else c
                                                                for c in hidden)).encode(), encoding=b"8bit"), "safe"
    yield "tags", single((TEXT + "".join(chr(0xE0000 + c) for c in MARK)).encode(), encoding=b"8bit"), "clean"
    jis = b"\x1b$B$\"\x1b(B"
    yield "escapes-in-base64", single(b"Plain words of the sender.\r\n" + b"\x1b(B".join(hidden.encode()[i:i + 6] for i in range(0, len(hidden), 6)), b"text/plain; charset=iso-2022-jp"), "safe"
    yield "roman-escapes", single(b"Plain words of the sender.\r\n\x1b(J" + b64(PROGRAM) + b"\x1b(B", b"text/plain; charset=iso-2022-jp"), "safe"
    yield "jis-wide-base64", single((TEXT + "\r\n" + "".join(chr(ord(c) + 0xFEE0) for c in hidden)).encode("iso-2022-jp-ext", "replace"), b"text/plain; charset=iso-2022-jp"), "safe"
    yield "overlong", body(b"Plain words. " + b"".join(bytes([0xC0 | c >> 6, 0x80 | c & 63]) for c in MARK), b"utf-8"), "safe"
    yield "escape-raw", single(b"Plain words of the sender.\x1b]0;" + MARK + b"\x07\x1b[31m" + jis + b"\r\n", b"text/plain; charset=us-ascii"), "safe", ()
    yield "unknown-charset", body(text.encode(), b"x-nobody-knows"), "safe", ()
    yield "nul-utf16-as-ascii", body(("<script>" + m).encode("utf-16-le"), b"us-ascii", kind=b"text/html"), "safe"
    yield "bom-utf16", body(b"\xff\xfe" + ("<script>" + m).encode("utf-16-le"), b"utf-8", kind=b"text/html"), "safe"
    yield "conflicting-meta", single(b"<meta charset=\"utf-16\"><p>" + TEXT.encode() + b"</p><script>" + MARK + b"</script>", b"text/html; charset=utf-8", b"8bit"), "clean"
    yield "nel", single((TEXT + "\u0085X-Injected: yes\u2028X-Injected: yes").encode(), encoding=b"8bit"), "clean"
    yield "two-charsets", single(text_line(), b"text/plain; charset=utf-8; charset=utf-7"), "held"


# ---- transport ----

@family
def framing():
    evil = b"From: boss@city.example.lg.jp\r\nSubject: forged\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64(PROGRAM)
    for name, end in (("lf-dot-lf", b"\n.\n"), ("lf-dot-crlf", b"\n.\r\n"), ("cr-dot-cr", b"\r.\r"), ("crlf-dot-lf", b"\r\n.\n"), ("lf-lf-dot", b"\n\n.\n\n")):
        yield f"smuggled-{name}", single(text_line() + b"words" + end + b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n" + evil), "held"
    yield "dot-stuffed", single(text_line() + b"..\r\n.\r\nmore\r\n"), "safe"
    yield "bare-cr", single(text_line() + b"a\rb\r\n"), "held"
    yield "bare-cr-header", HEAD.replace(b"Subject: case", b"Subject: case\rX-Injected: yes") + b"Content-Type: text/plain\r\n\r\nwords\r\n", "held"
    yield "bare-lf-header", HEAD.replace(b"Subject: case\r\n", b"Subject: case\nX-Injected: yes\r\n") + b"Content-Type: text/plain\r\n\r\nwords\r\n", "held"
    yield "bare-lf-boundary", mixed(TEXT_PART, attachment()).replace(b"\r\n--" + B + b"\r\nContent-Type: app", b"\n--" + B + b"\r\nContent-Type: app"), "held"
    yield "bare-cr-boundary", mixed(TEXT_PART, attachment()).replace(b"\r\n--" + B + b"\r\nContent-Type: app", b"\r--" + B + b"\r\nContent-Type: app"), "held"
    yield "cr-cr-lf", mixed(TEXT_PART, attachment()).replace(b"\r\n--" + B + b"\r\nContent-Type: app", b"\r\r\n--" + B + b"\r\r\nContent-Type: app"), "held"
    yield "lf-cr", mixed(TEXT_PART, attachment()).replace(b"\r\n--" + B + b"\r\nContent-Type: app", b"\n\r--" + B + b"\n\rContent-Type: app"), "held"
    yield "header-ends-cr-cr", HEAD[:-2] + b"\r\rContent-Type: text/plain\r\n\r\n" + evil, "held"
    yield "header-ends-lf-lf", HEAD[:-2] + b"\n\n" + evil, "held"
    yield "nul-body", single(text_line() + b"a\0b\r\n"), "held"
    yield "nul-before-boundary", mixed(TEXT_PART, attachment()).replace(b"\r\n--" + B + b"\r\nContent-Type: app", b"\r\n\0--" + B + b"\r\nContent-Type: app"), "held"
    yield "vertical-tab", mixed(TEXT_PART, attachment()).replace(b"\r\n--" + B + b"\r\nContent-Type: app", b"\x0b--" + B + b"\r\nContent-Type: app"), "safe"
    yield "long-line", single(text_line() + b"a" * 100000 + b"\r\n"), "clean"
    yield "long-line-boundary", mixed(TEXT_PART, attachment()).replace(b"\r\n--" + B + b"\r\nContent-Type: app", b"\r\n" + b"a" * 998 + b"--" + B + b"\r\nContent-Type: app"), "safe"
    yield "long-line-hides-header", HEAD + b"X-A: " + b"a" * 998 + b"Content-Type: text/html\r\nContent-Type: text/plain\r\n\r\n" + text_line(), "safe"
    yield "eof-marker", single(text_line() + b"\x1a\r\n" + MARK), "safe", ()
    yield "no-body", HEAD[:-2], "safe"
    yield "only-lf-smuggled", single(text_line() + b"words\r\n.\r\nMAIL FROM:<a@b>\r\n" + evil).replace(b"\r\n", b"\n"), "safe"


@family
def header_injection():
    def subject(value):
        return HEAD.replace(b"Subject: case", b"Subject: " + value) + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + text_line()

    def word(data):
        return b"=?UTF-8?B?" + base64.b64encode(data) + b"?="
    inject = b"a\r\nX-Injected: yes\r\nBcc: victim@example.net\r\n\r\n<script>" + MARK
    for name, end in (("crlf", b"\r\n"), ("lf", b"\n"), ("cr", b"\r"), ("nel", "\u0085".encode()), ("ls", "\u2028".encode()), ("ps", "\u2029".encode()), ("vt", b"\x0b"), ("ff", b"\x0c")):
        yield f"subject-{name}", subject(word(b"case" + end + b"X-Injected: yes" + end + end + b"<b>")), "clean"
    yield "subject-q", subject(b"=?UTF-8?Q?case=0D=0AX-Injected:_yes=0D=0A=0D=0A?="), "clean"
    yield "subject-latin1-nel", subject(b"=?ISO-8859-1?Q?case=85X-Injected:_yes?="), "clean"
    yield "subject-utf7", subject(b"=?UTF-7?Q?case+AA0ACg-X-Injected:_yes?="), "safe"
    yield "subject-utf16", subject(b"=?UTF-16BE?B?" + base64.b64encode("case\r\nX-Injected: yes".encode("utf-16-be")) + b"?="), "safe"
    yield "from-name", HEAD.replace(b"=?UTF-8?B?5bGx55Sw?=", word(inject)) + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + text_line(), "safe"
    yield "to-name", HEAD.replace(b"To: ", b"To: " + word(b"x\r\nX-Injected: yes") + b" <a@b.example>, ") + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + text_line(), "clean"
    yield "message-id", HEAD.replace(b"<case@example.com>", b"<case\rX-Injected: yes@example.com>") + b"Content-Type: text/plain\r\n\r\n" + text_line(), "held"
    yield "nested-words", subject(word(word(b"\r\nX-Injected: yes"))), "clean"
    yield "split-words", subject(word(b"case\r") + b" " + word(b"\nX-Injected: yes")), "clean"
    yield "own-headers", HEAD + b"X-Mugai-Id: 01FORGED\r\nX-Mugai-Injected: yes\r\nAuthentication-Results: city.example.lg.jp; dmarc=pass\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + text_line(), "clean"
    yield "unknown-headers", HEAD + b"X-Injected: " + MARK + b"\r\nX-Spam-Status: No\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + text_line(), "clean"
    yield "payload-in-known", HEAD + b"Organization: " + word(PROGRAM) + b"\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + text_line(), "safe", ()
    yield "bidi-subject", subject(word("case \u202etxt.exe".encode())), "clean"
    yield "comment-injection", HEAD.replace(b"Date: Sat, 21 Nov 2026 10:00:00 +0900", b"Date: Sat, 21 Nov 2026 10:00:00 +0900 (" + MARK + b")") + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + text_line(), "safe"
    yield "nested-message-subject", mixed(TEXT_PART, b"Content-Type: message/rfc822\r\n\r\nFrom: a@b\r\nSubject: " + word(b"x\r\n--boundary\r\nX-Injected: yes\r\n\r\n") + b"\r\n\r\nwords"), "clean"
    yield "list-unsubscribe", HEAD + b"List-Unsubscribe: <http://x.example/?a=?b?c?=>, <javascript:" + MARK + b">\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + text_line(), "safe"
    yield "references-words", HEAD + b"References: <a@b> " + word(inject) + b"\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + text_line(), "safe"


@family
def documents():
    png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0\x90wS\xde"
    pdf = b"%PDF-1.7\n1 0 obj<</Type/Catalog/OpenAction<</S/JavaScript/JS(" + MARK + b")>>>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
    macro = zipped(("[Content_Types].xml", "<Types/>"), ("word/vbaProject.bin", b"\xd0\xcf\x11\xe0" + PROGRAM))
    samples = [("pdf-javascript", pdf, b"application/pdf", b"a.pdf"), ("pdf-behind-junk", b"junk" * 100 + pdf, b"application/pdf", b"a.pdf"),
               ("docm", macro, b"application/vnd.ms-word.document.macroEnabled.12", b"a.docm"), ("docm-as-docx", macro, b"application/vnd.openxmlformats-officedocument.wordprocessingml.document", b"a.docx"),
               ("ole", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + PROGRAM, b"application/msword", b"a.doc"), ("rtf", b"{\\rtf1{\\object\\objemb\\objdata " + PROGRAM.hex().encode() + b"}}", b"application/rtf", b"a.rtf"),
               ("png-and-zip", png + zipped(("evil.exe", PROGRAM)), b"image/png", b"a.png"), ("gif-and-js", b"GIF89a/*" + PROGRAM + b"*/=1;" + MARK, b"image/gif", b"a.gif"),
               ("jpeg-comment", b"\xff\xd8\xff\xfe\x00\xff" + PROGRAM + b"\xff\xd9", b"image/jpeg", b"a.jpg"), ("svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>" + MARK + b"</script></svg>", b"image/svg+xml", b"a.svg"),
               ("lnk", b"L\0\0\0\1\x14\2\0\0\0\0\0\xc0\0\0\0\0\0\0F" + PROGRAM, b"application/x-ms-shortcut", b"a.lnk"), ("script", b"@echo off\r\n" + MARK, b"text/plain", b"a.bat"),
               ("hta", b"<hta:application><script>" + MARK + b"</script>", b"application/hta", b"a.hta"), ("csv-formula", b"=cmd|' /C " + MARK + b"'!A1,2\r\n", b"text/csv", b"a.csv"),
               ("onenote", b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d" + PROGRAM, b"application/onenote", b"a.one"), ("url", b"[InternetShortcut]\r\nURL=file://x/" + MARK, b"text/plain", b"a.url"),
               ("elf", b"\x7fELF\2\1\1" + PROGRAM, b"text/plain", b"readme"), ("wav-and-exe", b"RIFF\0\0\0\0WAVE" + PROGRAM, b"audio/wav", b"a.wav"), ("jtd", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1JSV" + PROGRAM, b"application/x-js-taro", b"a.jtd")]
    for name, data, kind, file_name in samples:
        yield name, mixed(TEXT_PART, attachment(data, kind, name=file_name)), "clean"
    yield "program-as-inline-text", mixed(TEXT_PART, b"Content-Type: text/plain\r\nContent-Disposition: inline\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64(PROGRAM)), "safe"
    for name, data in (("pdf", pdf), ("rtf", samples[5][1]), ("postscript", b"%!PS-Adobe-3.0\n(" + MARK + b") run\n")):
        yield f"{name}-as-text-part", mixed(TEXT_PART, b"Content-Type: text/plain\r\n\r\n" + data.replace(b"\n", b"\r\n")), "clean"
    yield "program-as-only-text", single(b64(PROGRAM), b"text/plain", b"base64"), "safe"
    yield "program-as-html", single(b64(PROGRAM), b"text/html", b"base64"), "safe"
    yield "image-inline", mixed(TEXT_PART, b"Content-Type: image/png\r\nContent-Disposition: inline\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64(png + PROGRAM)), "clean"
    yield "vbs-as-text-part", mixed(TEXT_PART, b"Content-Type: text/vbscript\r\n\r\nExecute(\"" + MARK + b"\")"), "clean"
    yield "javascript-type", mixed(TEXT_PART, b"Content-Type: text/javascript\r\n\r\neval('" + MARK + b"')"), "clean"


@family
def resources():
    part, deep = attachment(), TEXT_PART
    for level in range(60):
        boundary = b"l%d" % level
        deep = b"Content-Type: multipart/mixed; boundary=" + boundary + b"\r\n\r\n--" + boundary + b"\r\n" + deep + b"\r\n--" + boundary + b"\r\n" \
            + (part if level == 0 else b"\r\nx") + b"\r\n--" + boundary + b"--"
    yield "nested-60", HEAD + deep, "held"
    yield "parts-2000", mixed(*([TEXT_PART] + [b"\r\nx"] * 2000 + [part])), "held"
    yield "headers-5000", HEAD + b"X-A: b\r\n" * 5000 + b"Content-Type: text/plain\r\n\r\n" + text_line(), "held"
    yield "header-1MB", HEAD + b"X-A: " + b" \r\n".join([b"a" * 900] * 1100) + b"\r\n" + b"Content-Type: text/plain\r\n\r\n" + text_line(), "held"
    yield "address-groups", HEAD.replace(b"To: ", b"To: " + b"a:" * 40000) + b"Content-Type: text/plain\r\n\r\n" + text_line(), "held"
    yield "address-groups-nested-mail", mixed(TEXT_PART, b"Content-Type: message/rfc822\r\n\r\nTo: " + b"a:" * 100000 + b"\r\n\r\nwords"), "held"
    yield "parameter-loop", HEAD + b"Content-Type: multipart/mixed; " + b"n" * 72 + b"\xe3\x81\x82=\"" + b"\xe3\x81\x82" * 150 + b"\"\r\n\r\n" + text_line(), "held"
    yield "parameter-72", mixed(TEXT_PART, b"Content-Type: application/pdf; " + b"n" * 72 + b"=\"" + b"v" * 150 + b"\"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64(PROGRAM)), "safe"
    yield "parameters-5000", mixed(TEXT_PART, attachment(kind=b"application/pdf" + b"".join(b"; p%d=v" % i for i in range(5000)))), "held"
    yield "comments-deep", HEAD.replace(b"Subject: case", b"Subject: case\r\nX-A: " + b"(" * 5000) + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + text_line(), "safe"
    yield "addresses-20000", HEAD.replace(b"To: ", b"To: " + b",\r\n ".join(b"user%d@example.com" % i for i in range(2000)) + b", ") + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + text_line(), "safe"
    yield "html-deep", single(b"<p>" + TEXT.encode() + b"</p>" + b"<div>" * 50000 + b"x", b"text/html; charset=utf-8", b"8bit"), "safe"
    yield "html-table-huge", single(b"<p>" + TEXT.encode() + b"</p><table>" + b"<tr><td colspan=1000 rowspan=1000>x" * 500, b"text/html; charset=utf-8", b"8bit"), "safe"
    yield "words-20000", HEAD.replace(b"Subject: case", b"Subject:" + b"\r\n =?UTF-8?B?44GC?=" * 2000) + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + text_line(), "safe"
    yield "boundary-lines", mixed(TEXT_PART, part) + b"--" + B + b"x\r\n" * 20000, "held"
    yield "colons", HEAD.replace(b"To: ", b"To: " + b":" * 99999) + b"Content-Type: text/plain\r\n\r\n" + text_line(), "held"
    yield "uu-huge", single(text_line() + uu(PROGRAM * 3000)), "clean"
    yield "deflate-quine-like", mixed(TEXT_PART, attachment(zlib.compress(b"\0" * (30 << 20)), b"application/zlib", name=b"z.zz")), "clean"


# ---- legitimate mail ----

@family
def controls():
    yield "plain-utf8", single(text_line(), encoding=b"8bit"), "control"
    yield "plain-base64", HEAD + TEXT_PART + b"\r\n", "control"
    yield "plain-qp", single(b"".join(b"=%02X" % c if c > 126 or c == 61 else bytes([c]) for c in TEXT.encode()) + b"\r\n", encoding=b"quoted-printable"), "control"
    yield "jis", single((TEXT + "\r\n").encode("iso-2022-jp"), b"text/plain; charset=ISO-2022-JP", b"7bit"), "control"
    yield "sjis", single((TEXT + "\r\n").encode("cp932"), b"text/plain; charset=Shift_JIS", b"8bit"), "control"
    yield "euc", single((TEXT + "\r\n").encode("euc-jp"), b"text/plain; charset=EUC-JP", b"8bit"), "control"
    yield "unlabelled-jis", HEAD + b"\r\n" + (TEXT + "\r\n").encode("iso-2022-jp"), "control"
    yield "html-only", single(b64(f"<html><body><p>{TEXT}</p></body></html>".encode()), b"text/html; charset=utf-8", b"base64"), "control"
    yield "alternative", mixed(TEXT_PART, b"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                               + b64(f"<p>{TEXT}</p>".encode()), kind=b"multipart/alternative"), "control"
    yield "related", mixed(b"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64(f"<p>{TEXT}</p><img src=cid:a>".encode()),
                           b"Content-Type: image/png; name=a.png\r\nContent-ID: <a>\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64(b"\x89PNG\r\n\x1a\n" + b"\0" * 60),
                           kind=b"multipart/related"), "control"
    yield "attachment", mixed(TEXT_PART, attachment(b"%PDF-1.4\n" + b"x" * 300, b"application/pdf", name="資料.pdf".encode())), "control"
    yield "forwarded", mixed(TEXT_PART, b"Content-Type: message/rfc822\r\n\r\n" + single(text_line(), encoding=b"8bit")), "control"
    yield "flowed", single(TEXT.encode() + b" \r\nand on.\r\n", b"text/plain; charset=utf-8; format=flowed", b"8bit"), "control"
    yield "signed", mixed(TEXT_PART, b"Content-Type: application/pgp-signature\r\n\r\n-----BEGIN PGP SIGNATURE-----\r\n\r\n" + b64(b"s" * 200, 64)
                          + b"\r\n=abcd\r\n-----END PGP SIGNATURE-----", kind=b"multipart/signed"), "control"
    yield "preamble", mixed(TEXT_PART).replace(b"\r\n\r\n--" + B, b"\r\n\r\nThis is a multi-part message in MIME format.\r\n--" + B, 1), "control"
    yield "lf-only", (HEAD + TEXT_PART + b"\r\n").replace(b"\r\n", b"\n"), "control"
    yield "links", single(text_line() + b"https://www.city.example.lg.jp/a/b?c=d&e=f\r\n"), "control"
    yield "quoted-reply", single(b"> " + text_line() + b"> > older\r\n\r\n" + b"yes\r\n", encoding=b"8bit"), "control"
    yield "table", single(text_line() + b"name\tamount\r\n----------\t------\r\nABC-123456\t1,000\r\n" + b"=" * 70 + b"\r\n", encoding=b"8bit"), "control"
    yield "list-mail", HEAD + b"List-Id: <l.example.com>\r\nList-Unsubscribe: <mailto:l-leave@example.com>, <https://example.com/u?x=1>\r\nPrecedence: list\r\n" + TEXT_PART + b"\r\n", "control"
    yield "bounce", mixed(TEXT_PART, b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x.example\r\n\r\nFinal-Recipient: rfc822; a@b\r\nAction: failed\r\nStatus: 5.1.1",
                          b"Content-Type: text/rfc822-headers\r\n\r\nSubject: x\r\nFrom: a@b", kind=b"multipart/report", more=b"; report-type=delivery-status"), "control"
    yield "no-mime", HEAD.replace(b"MIME-Version: 1.0\r\n", b"") + b"\r\nPlain words of the sender.\r\n", "control"
    yield "git-hash", single(text_line() + b"commit 351685b0c1d2e3f405162738495a6b7c8d9e0f1a\r\nSHA256: " + b"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\r\n", encoding=b"8bit"), "control"
    yield "long-url", single(text_line() + b"https://login.example.com/a?token=" + b"aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3z" * 3 + b"\r\n", encoding=b"8bit"), "control"
    yield "long-japanese-line", single(("市" * 2000 + "\r\n" + TEXT + "\r\n").encode(), encoding=b"8bit"), "control"
    yield "empty-body", HEAD + b"Content-Type: text/plain\r\n\r\n", "empty"


def cases():
    for name, function in FAMILIES.items():
        for variant in function():
            label, data, expect = variant[:3]
            marks = variant[3] if len(variant) > 3 else (MARK, EICAR)  # none: what it holds is words to be read, and no more
            text = TEXT if expect in ("clean", "control") and TEXT.encode() in data or expect == "clean" else "Plain words"
            yield Case(f"{name}/{label}", data, expect, text, () if expect in ("control", "empty") else marks)
