# SPDX-License-Identifier: GPL-2.0-only
"""What any mail reader, however careless, might get out of a message: the oracle of tests/attacks.

readings (message) yields (how, bytes) for everything that some reader could decode: Python's two parsers, and naive readers of
our own that split at any boundary-like line, take the first or the last of two fields, go on after padding, skip strangers,
honour uuencode, yEnc, BinHex, ascii85 and data: URIs in text, decompress, and read UTF-7 and UTF-16. Shares no code with mugai.
"""
import base64
import binascii
import collections
import email
import email.header
import email.policy
import io
import quopri
import re
import urllib.parse
import zipfile
import zlib

MAX_DEPTH = 3
MAX_READINGS = 250


# ---- decoders that never give up ----

def base64_readings(data):
    """As careless readers decode it: strangers skipped, going on after padding or stopping there, each line for itself."""
    def decode(digits):
        digits = digits[:len(digits) - (1 if len(digits) % 4 == 1 else 0)]
        try:
            return base64.b64decode(digits + b"=" * (-len(digits) % 4))
        except (binascii.Error, ValueError):
            return b""
    kept = re.sub(rb"[^A-Za-z0-9+/=]", b"", data)
    yield "base64 on", b"".join(decode(piece) for piece in re.split(rb"=+", kept) if piece)
    yield "base64 first", decode(kept.split(b"=")[0])
    yield "base64 no padding", decode(kept.replace(b"=", b""))
    yield "base64 lines", b"".join(decode(re.sub(rb"[^A-Za-z0-9+/]", b"", line)) for line in data.splitlines())
    yield "base64 url", decode(re.sub(rb"[^A-Za-z0-9+/]", b"", data.replace(b"-", b"+").replace(b"_", b"/")))
    for run in re.findall(rb"(?:[A-Za-z0-9+/]{4,}[=\s>|]*){1,}", data):
        digits = re.sub(rb"[^A-Za-z0-9+/]", b"", run)
        if len(digits) >= 16:
            for start in range(4):
                yield f"base64 run+{start}", decode(digits[start:])


def uu_readings(data):
    """Lines of uuencode that follow each other, with a first line or without one; empty lines between are looked over."""
    out = b""
    for line in re.split(rb"\r\n|\n|\r", data):
        line = line.lstrip(b"> ") if line[:1] in b"> " else line
        if len(line) < 2:
            continue
        if abs(len(line) - 1 - (((line[0] - 32) & 63) + 2) // 3 * 4) > 3:
            if out:
                yield "uuencode", out
            out = b""
            continue
        length = (line[0] - 32) & 63
        bits = b"".join(bytes([(c - 32) & 63]) for c in line[1:])
        bits += b"\0" * (-len(bits) % 4)
        plain = b"".join(bytes([(bits[i] << 2 | bits[i + 1] >> 4) & 255, (bits[i + 1] << 4 | bits[i + 2] >> 2) & 255,
                                (bits[i + 2] << 6 | bits[i + 3]) & 255]) for i in range(0, len(bits), 4))
        out += plain[:length]
    yield "uuencode", out
    xx = b"+-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    if b"begin" in data:
        translated = bytes.maketrans(xx, bytes(range(32, 96)))
        yield "xxencode", next(uu_readings_plain(data.translate(translated)))[1]


def uu_readings_plain(data):
    out = b""
    for line in data.splitlines():
        if len(line) < 2:
            continue
        try:
            out += binascii.a2b_uu(line)
        except binascii.Error:
            pass
    yield "uu", out


def yenc_readings(data):
    match = re.search(rb"=ybegin [^\r\n]*\r?\n(?:=ypart[^\r\n]*\r?\n)?(.*?)(?:\r?\n=yend|$)", data, re.S)
    if match:
        out, escaped = bytearray(), False
        for c in match[1]:
            if c in b"\r\n":
                continue
            if c == 61 and not escaped:
                escaped = True
                continue
            out.append((c - 42 - (64 if escaped else 0)) & 255)
            escaped = False
        yield "yEnc", bytes(out)


def binhex_readings(data):
    alphabet = b"!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr"
    for match in re.finditer(rb":([!-r\s]{20,}):", data):
        bits, n, out = 0, 0, bytearray()
        for c in match[1]:
            value = alphabet.find(c)
            if value < 0:
                continue
            bits, n = bits << 6 | value, n + 6
            if n >= 8:
                n -= 8
                out.append(bits >> n & 255)
                bits &= (1 << n) - 1
        yield "BinHex", re.sub(rb"(.)\x90([\x01-\xff])", lambda m: m[1] * m[2][0], bytes(out), flags=re.S)


def ascii85_readings(data):
    for match in re.finditer(rb"<~(.*?)~>", data, re.S):
        try:
            yield "ascii85", base64.a85decode(b"<~" + match[1] + b"~>", adobe=True)
        except ValueError:
            pass


def compressed_readings(data):
    for at in [m.start() for m in re.finditer(rb"\x1f\x8b\x08", data)][:3]:
        try:
            yield "gzip", zlib.decompressobj(31).decompress(data[at:], 1 << 20)
        except zlib.error:
            pass
    if b"PK\x03\x04" in data:
        try:
            with zipfile.ZipFile(io.BytesIO(data[data.index(b"PK\x03\x04"):])) as archive:
                for name in archive.namelist()[:20]:
                    yield f"zip {name}", archive.read(name)[:1 << 20]
        except Exception:  # broken on purpose
            pass


def charset_readings(data):
    if b"+" in data:
        try:
            yield "UTF-7", data.decode("utf-7", "ignore").encode()
        except (UnicodeError, ValueError):
            pass
    for name in ("utf-16-le", "utf-16-be", "cp500", "utf-8"):
        yield name, data.decode(name, "ignore").encode("utf-8", "ignore")
    if re.search(rb"&#|&[a-z]+;", data):
        import html
        yield "entities", html.unescape(data.decode("utf-8", "ignore")).encode("utf-8", "ignore")
    # what is not seen, is not there; what looks the same, is the same
    text = data.decode("utf-8", "ignore")
    thin = re.sub("[\u200b-\u200f\u2060-\u2064\ufeff\u00ad\u180e\ufe00-\ufe0f\U000e0000-\U000e007f]", "", text)
    yield "thin", thin.encode("utf-8", "ignore")
    import unicodedata
    yield "NFKC", unicodedata.normalize("NFKC", thin).encode("utf-8", "ignore")
    tags = "".join(chr(ord(c) - 0xE0000) for c in text if 0xE0020 <= ord(c) <= 0xE007E)
    yield "tags", tags.encode()


def text_readings(data):
    yield "as is", data
    yield from base64_readings(data)
    try:
        yield "quoted-printable", quopri.decodestring(data)
    except ValueError:
        pass
    yield "joined", re.sub(rb"[ \t]*\r?\n[ \t>|]*", b"", data)
    for reader in (uu_readings, yenc_readings, binhex_readings, ascii85_readings, compressed_readings, charset_readings):
        yield from reader(data)
    if re.search(rb"%[0-9a-fA-F]{2}", data):
        yield "percent", urllib.parse.unquote_to_bytes(data)


# ---- messages ----

def python_readings(data):
    for name, policy in (("compat32", email.policy.compat32), ("default", email.policy.default)):
        try:
            message = email.message_from_bytes(data, policy=policy)
            for part in message.walk():
                for field, value in part.items():
                    yield f"{name} field {field}", str(value).encode("utf-8", "surrogateescape")
                if part.get_filename():
                    yield f"{name} file name", part.get_filename().encode("utf-8", "surrogateescape")
                payload = part.get_payload(decode=True)
                if payload:
                    yield f"{name} {part.get_content_type()}", payload
        except Exception as fault:  # a parser that falls over reads nothing
            yield f"{name} failed {type(fault).__name__}", b""


def split_header(data):
    for end in (rb"\r?\n\r?\n", rb"\r\r|\n\n|\r\n\r\n", rb"\n[ \t]*\r?\n"):
        match = re.search(end, data)
        if match:
            yield data[:match.start()], data[match.end():]


def field_values(header, name):
    unfolded = re.sub(rb"\r?\n[ \t]+", b" ", header)
    return re.findall(rb"(?im)^" + name + rb"[ \t]*:[ \t]*([^\r\n]*)", unfolded)


def boundaries(data):
    for match in re.finditer(rb"""(?i)boundary\s*(?:\*\d*\*?)?\s*=\s*(?:"([^"\r\n]*)"|'([^'\r\n]*)'|([^\s;"]+))""", data):
        yield next((group for group in match.groups() if group is not None), b"")
    for line in re.findall(rb"(?m)^--([^\s].{3,75}?)(?:--)?[ \t]*\r?$", data):
        yield line


def naive_parts(data):
    """Any way to cut a message up that anybody could think of."""
    for header, body in split_header(data):
        yield header, body
    for boundary in set(boundaries(data)):
        for piece in re.split(rb"(?m)^--" + re.escape(boundary), data)[1:]:
            for header, body in split_header(piece):
                yield header, body
            yield b"", piece
    for match in re.finditer(rb"(?im)^Content-Transfer-Encoding\s*:\s*[^\r\n]*", data):
        for _, body in split_header(data[match.start():]):
            yield match[0], body


def readings(data, most=MAX_READINGS):
    """Yields (how, bytes), the likely ones first; the caller looks for its marker in each."""
    seen, todo, count = set(), collections.deque([("raw", data, 0)]), 0
    while todo and count < most:
        how, piece, level = todo.popleft()
        if not piece or piece in seen:
            continue
        seen.add(piece)
        count += 1
        yield how, piece
        if level < 2:
            for name, result in python_readings(piece):
                todo.append((f"{how} > {name}", result, level + 1))
            for _, body in naive_parts(piece):
                todo.append((f"{how} > part", body, level + 1))
        if level < MAX_DEPTH:
            for name, result in text_readings(piece):
                if name.startswith("base64 run"):
                    if len(seen) < MAX_READINGS and result not in seen:
                        seen.add(result)
                        yield f"{how} > {name}", result
                elif result:
                    todo.append((f"{how} > {name}", result, level + 1))


def header_fields(data):
    """Names of all fields that any reader could see in the header: at every kind of line end, and behind decoded words."""
    names = set()
    header = re.split(rb"\r?\n\r?\n", data, maxsplit=1)[0]
    decoded = [header]
    for match in re.finditer(rb"=\?([^?]+)\?([bBqQ])\?([^?]*)\?=", header):
        try:
            raw = base64.b64decode(match[3]) if match[2] in b"bB" else quopri.decodestring(match[3].replace(b"_", b" "))
            decoded.append(b"\n" + raw if re.search(rb"[\r\n]", raw) or "\u2028" in raw.decode("utf-8", "ignore") else b"")
        except ValueError:
            pass
    for text in decoded:
        text = text.decode("utf-8", "ignore").replace("\u2028", "\n").replace("\u2029", "\n").replace("\x85", "\n")
        for line in re.split(r"[\r\n\x0b\x0c]", text):
            match = re.match(r"([!-9;-~]+)[ \t]*:", line)
            if match:
                names.add(match[1].lower())
    return names
