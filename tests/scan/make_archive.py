# SPDX-License-Identifier: GPL-2.0-only
"""Archives made byte by byte, with whatever lies their headers are to tell; and by the tools of the system, where there are any."""
import bz2
import gzip
import io
import lzma
import os
import pathlib
import shutil
import struct
import subprocess
import tarfile
import tempfile
import zlib


def member(name, data=b"", flags=0, method=0, local_name=None, extra=b"", size=None, crc=None, packed=None, local_flags=None):
    return dict(name=name, data=data, flags=flags, method=method, local_name=local_name, extra=extra, size=size, crc=crc, packed=packed,
                local_flags=local_flags)


def deflate(data):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def raw_zip(members, prefix=b"", comment=b"", hidden=(), directory_count=None):
    """Members with names as bytes; @hidden: local entries that the directory does not name."""
    out, directory = bytearray(prefix), b""
    for m in [*members, *hidden]:
        name = m["name"] if isinstance(m["name"], bytes) else m["name"].encode()
        local = name if m["local_name"] is None else m["local_name"]
        packed = m["packed"] if m["packed"] is not None else deflate(m["data"]) if m["method"] == 8 else m["data"]
        crc = zlib.crc32(m["data"]) if m["crc"] is None else m["crc"]
        size = len(m["data"]) if m["size"] is None else m["size"]
        flags = m["flags"] if m["local_flags"] is None else m["local_flags"]
        at = len(out) - len(prefix)
        out += b"PK\3\4" + struct.pack("<HHHHHIIIHH", 20, flags, m["method"], 0x4800, 0x5b75, crc, len(packed), size, len(local), 0)
        out += local + packed
        if any(m is h for h in hidden):
            continue
        directory += b"PK\1\2" + struct.pack("<HHHHHHIIIHHHHHII", 20, 20, m["flags"], m["method"], 0x4800, 0x5b75, crc, len(packed), size,
                                              len(name), len(m["extra"]), 0, 0, 0, 0, at) + name + m["extra"]
    count = len(members) if directory_count is None else directory_count
    end = b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), len(out) - len(prefix), len(comment)) + comment
    return bytes(out) + directory + end


def simple_zip(files):
    return raw_zip([member(name, data, method=8 if len(data) > 64 else 0) for name, data in files.items()])


def unicode_path(plain, name):
    value = b"\1" + struct.pack("<I", zlib.crc32(plain)) + name.encode()
    return struct.pack("<HH", 0x7075, len(value)) + value


def zip_crypto(name, data, password=b"mugai"):
    """PKWARE's old cipher (APPNOTE 6.1)."""
    table = []
    for i in range(256):
        for _ in range(8):
            i = i >> 1 ^ (0xEDB88320 if i & 1 else 0)
        table.append(i)
    keys = [0x12345678, 0x23456789, 0x34567890]

    def update(byte):
        keys[0] = keys[0] >> 8 ^ table[(keys[0] ^ byte) & 255]
        keys[1] = ((keys[1] + (keys[0] & 255)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = keys[2] >> 8 ^ table[(keys[2] ^ keys[1] >> 24) & 255]

    for byte in password:
        update(byte)
    out = bytearray()
    for byte in b"\1\2\3\4\5\6\7\x08\x09\x0a\x0b" + bytes([zlib.crc32(data) >> 24]) + data:
        temp = keys[2] | 2
        out.append(byte ^ (temp * (temp ^ 1) >> 8 & 255))
        update(byte)
    return raw_zip([member(name, data, flags=1, packed=bytes(out))])


def aes_zip(name, data):
    """WinZip's AE-2: recognised by method 99; the content here is noise."""
    extra = struct.pack("<HHHHBH", 0x9901, 7, 2, 0x4541, 3, 8)
    return raw_zip([member(name, data, flags=1, method=99, extra=extra, packed=os.urandom(len(data) + 28), crc=0)])


def overlapping_zip(count=300, size=100_000):
    """One kernel of data that every entry of the directory points to."""
    packed, crc = deflate(b"\0" * size), zlib.crc32(b"\0" * size)
    local = b"PK\3\4" + struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 0, crc, len(packed), size, 1, 0) + b"a" + packed
    directory = b"".join(b"PK\1\2" + struct.pack("<HHHHHHIIIHHHHHII", 20, 20, 0, 8, 0, 0, crc, len(packed), size, 1, 0, 0, 0, 0, 0, 0) + b"a" for _ in range(count))
    return local + directory + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), len(local), 0)


def tar(files, mode=tarfile.GNU_FORMAT, encoding="utf-8"):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=mode, encoding=encoding) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def gz(data):
    return gzip.compress(data, mtime=0)


def lzh(files, level=0):
    """Stored members (-lh0-) under headers of level 0: what archives of the nineties look like."""
    out = b""
    for name, data in files.items():
        crc = 0
        for byte in data:
            crc ^= byte
            for _ in range(8):
                crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
        head = b"-lh0-" + struct.pack("<IIIBB", len(data), len(data), 0x5B754800, 0x20, level) + bytes([len(name)]) + name + struct.pack("<H", crc)
        out += bytes([len(head), sum(head) & 255]) + head + data
    return out + b"\0"


def is_utf8(name):
    try:
        return bool(name.decode())
    except UnicodeDecodeError:
        return False


def cab(files):
    """One folder of stored blocks (MS-CAB)."""
    body = b"".join(files.values())
    entries, offset = b"", 0
    for name, data in files.items():
        utf = 0x80 if not name.isascii() and is_utf8(name) else 0
        entries += struct.pack("<IIHHHH", len(data), offset, 0, 0x5B75, 0x4800, 0x20 | utf) + name + b"\0"
        offset += len(data)
    files_at = 36 + 8
    data_at = files_at + len(entries)
    blocks = b"".join(struct.pack("<IHH", 0, len(body[i:i + 32768]), len(body[i:i + 32768])) + body[i:i + 32768] for i in range(0, len(body), 32768))
    n_blocks = (len(body) + 32767) // 32768
    head = b"MSCF" + struct.pack("<IIIIIBBHHHHH", 0, data_at + len(blocks), 0, files_at, 0, 3, 1, 1, len(files), 0, 0x1234, 0)
    return head + struct.pack("<IHH", data_at, n_blocks, 0) + entries + blocks


# ---- RAR: headers only, as nobody may write the format ----

def rar4_block(kind, flags, data=b""):
    body = struct.pack("<BHH", kind, flags, 7 + len(data)) + data
    return struct.pack("<H", zlib.crc32(body) & 0xFFFF) + body


def rar4(name=b"shiryo.txt", data=b"stored", file_encrypted=False, headers_encrypted=False):
    out = b"Rar!\x1a\7\0" + rar4_block(0x73, 0x0080 if headers_encrypted else 0, b"\0" * 6)
    if headers_encrypted:
        return out + os.urandom(8) + os.urandom(64)
    head = struct.pack("<IIBIIBBHI", len(data), len(data), 2, zlib.crc32(data), 0x5B754800, 29, 0x30, len(name), 0x20) + name
    flags = 0x8000 | (0x0404 if file_encrypted else 0)
    if file_encrypted:
        head += b"saltsalt"
    return out + rar4_block(0x74, flags, head) + data + rar4_block(0x7B, 0x4000)


def vint(value):
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def rar5_block(kind, flags, body=b"", extra=b"", data=b""):
    inner = vint(kind) + vint(flags | (1 if extra else 0) | (2 if data else 0))
    inner += (vint(len(extra)) if extra else b"") + (vint(len(data)) if data else b"") + body + extra
    sized = vint(len(inner)) + inner
    return struct.pack("<I", zlib.crc32(sized)) + sized + data


def rar5(name=b"shiryo.txt", data=b"stored", file_encrypted=False, headers_encrypted=False):
    out = b"Rar!\x1a\7\1\0"
    if headers_encrypted:
        return out + rar5_block(4, 0, vint(0) + vint(0) + bytes([15]) + os.urandom(16)) + os.urandom(80)
    out += rar5_block(1, 0, vint(0))
    extra = b""
    if file_encrypted:
        record = vint(1) + vint(0) + vint(0) + bytes([15]) + os.urandom(32)
        extra = vint(len(record)) + record
    body = vint(4) + vint(len(data)) + vint(0x20) + struct.pack("<I", zlib.crc32(data)) + vint(0) + vint(1) + vint(len(name)) + name
    return out + rar5_block(2, 0, body, extra, data) + rar5_block(5, 0, vint(0))


# ---- by the system's tools ----

def by_tool(command, files, output):
    """@output as the tool in @command made it of @files; None where there is no such tool."""
    if not shutil.which(command[0]):
        return None
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            path = pathlib.Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        run = subprocess.run([*command], cwd=folder, capture_output=True, env={**os.environ, "LC_ALL": "C.UTF-8"})
        result = pathlib.Path(folder) / output
        if not result.exists():
            raise RuntimeError(f"{command}: {run.stdout} {run.stderr}")
        return result.read_bytes()


def seven(files, *options):
    return by_tool(["7zz", "a", "-bd", *options, "out.7z", *files], files, "out.7z")


def iso(files):
    return by_tool(["genisoimage", "-quiet", "-J", "-r", "-o", "out.iso", *files], files, "out.iso")


def arj(files):
    return by_tool(["arj", "a", "out.arj", *files], files, "out.arj")


def jlha(files):
    return by_tool(["jlha", "a", "out.lzh", *files], files, "out.lzh")


def cabinet(files):
    return by_tool(["gcab", "-c", "-z", "out.cab", *files], files, "out.cab")


def compress_z(data):
    return by_tool(["compress", "-f", "in.txt"], {"in.txt": data}, "in.txt.Z")


def zst(data):
    return by_tool(["zstd", "-q", "in.txt"], {"in.txt": data}, "in.txt.zst")


PACKERS = {"gz": gz, "bz2": bz2.compress, "xz": lzma.compress}
