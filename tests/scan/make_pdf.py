# SPDX-License-Identifier: GPL-2.0-only
"""PDF files made byte by byte: plain, active, with object streams, and encrypted after ISO 32000 (RC4 and AES)."""
import hashlib
import zlib

PAD = bytes.fromhex("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a")
FILE_ID = bytes(range(16))


def build(objects, trailer="/Root 1 0 R"):
    out = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
    at = {}
    for number, body in objects.items():
        at[number] = len(out)
        out += b"%d 0 obj\n" % number + (body if isinstance(body, bytes) else body.encode()) + b"\nendobj\n"
    start, size = len(out), max(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n" % size
    for number in range(1, size):
        out += b"%010d 00000 %s \n" % (at.get(number, 0), b"n" if number in at else b"f")
    return out + f"trailer\n<< /Size {size} {trailer} >>\nstartxref\n{start}\n%%EOF\n".encode("latin-1")


def stream(data, extra=""):
    return f"<< /Length {len(data)} {extra} >>\nstream\n".encode() + data + b"\nendstream"


def pdf(catalog="", page="", more=None, trailer="/Root 1 0 R"):
    text = zlib.compress(b"BT /F1 12 Tf 72 720 Td (plain) Tj ET")
    objects = {
        1: f"<< /Type /Catalog /Pages 2 0 R {catalog} >>",
        2: "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        3: f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> {page} >>",
        4: stream(text, "/Filter /FlateDecode"),
        5: "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    }
    objects.update(more or {})
    return build(objects, trailer)


def object_stream(bodies, filters="/Filter /FlateDecode", packer=zlib.compress):
    """The objects of @bodies (number: text) in one object stream."""
    head, data = "", ""
    for number, body in bodies.items():
        head += f"{number} {len(data)} "
        data += body + " "
    return stream(packer((head + data).encode()), f"/Type /ObjStm /N {len(bodies)} /First {len(head)} {filters}")


def rc4(key, data):
    state = list(range(256))
    j = 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) & 255
        state[i], state[j] = state[j], state[i]
    out, i, j = bytearray(), 0, 0
    for byte in data:
        i = (i + 1) & 255
        j = (j + state[i]) & 255
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) & 255])
    return bytes(out)


def standard_rc4(user=b"", owner=b"owner", revision=3, length=16, permissions=-44):
    """O, U and the file key of the standard handler, revisions 2 and 3 (algorithms 2 to 5)."""
    rounds, n = (50, length) if revision >= 3 else (0, 5)
    digest = hashlib.md5((owner + PAD)[:32]).digest()
    for _ in range(rounds):
        digest = hashlib.md5(digest[:n]).digest()
    o = (user + PAD)[:32]
    for i in range(20 if revision >= 3 else 1):
        o = rc4(bytes(b ^ i for b in digest[:n]), o)
    digest = hashlib.md5((user + PAD)[:32] + o + (permissions & 0xFFFFFFFF).to_bytes(4, "little") + FILE_ID).digest()
    for _ in range(rounds):
        digest = hashlib.md5(digest[:n]).digest()
    key = digest[:n]
    if revision == 2:
        return o, rc4(key, PAD), key
    u = hashlib.md5(PAD + FILE_ID).digest()
    for i in range(20):
        u = rc4(bytes(b ^ i for b in key), u)
    return o, u + b"\0" * 16, key


def object_key(key, number):
    return hashlib.md5(key + number.to_bytes(3, "little") + b"\0\0").digest()[:min(16, len(key) + 5)]


def encrypted(user=b"", revision=3, hidden=None):
    """Encrypted with RC4; @hidden: objects in an encrypted object stream (8)."""
    o, u, key = standard_rc4(user, revision=revision)
    v, bits = (1, 40) if revision == 2 else (2, 128)
    more = {7: f"<< /Filter /Standard /V {v} /R {revision} /Length {bits} /P -44 /O <{o.hex()}> /U <{u.hex()}> >>"}
    if hidden:
        more[8] = object_stream(hidden, packer=lambda data: rc4(object_key(key, 8), zlib.compress(data)))
    return pdf(more=more, trailer=f"/Root 1 0 R /Encrypt 7 0 R /ID [<{FILE_ID.hex()}> <{FILE_ID.hex()}>]")
