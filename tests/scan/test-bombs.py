#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Bombs end within their budget: under a second of CPU and 64 MB of memory of their own, and are over-limit. TAP.

usage: test-bombs.py MUGAI

A plain text file, scanned the same way, is what the process costs by itself; it is taken off.
"""
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import zlib

sys.dont_write_bytecode = True
import json  # noqa: E402

import make_archive as a  # noqa: E402
import make_office as o  # noqa: E402

MAX_CPU_S, MAX_MEMORY_MB = 1.0, 64
mugai = sys.argv[1]
sanitized = b"asan" in subprocess.run(["nm", "-D", mugai], capture_output=True).stdout  # shadow memory has its own measure


def zeros(megabytes, level=9):
    packer = zlib.compressobj(level, zlib.DEFLATED, -15)
    block = b"\0" * (1 << 20)
    return b"".join(packer.compress(block) for _ in range(megabytes)) + packer.flush()


def zero_member(name, megabytes):
    crc = 0
    for _ in range(megabytes):
        crc = zlib.crc32(b"\0" * (1 << 20), crc)
    return a.member(name, b"", method=8, packed=zeros(megabytes), size=megabytes << 20, crc=crc)


def forty_two(levels, width):
    inner = a.raw_zip([zero_member(b"0", 200)])
    for level in range(levels):
        inner = a.raw_zip([a.member(b"%d.zip" % i, inner, method=8) for i in range(width)])
    return inner


def quine_like():
    data = b"x"
    for level in range(40):
        data = a.gz(data)
    return data


def bombs():
    yield "flat, 400 MB", "a.zip", a.raw_zip([zero_member(b"a.txt", 400)])
    yield "ten of 60 MB", "a.zip", a.raw_zip([zero_member(b"%d.txt" % i, 60) for i in range(10)])
    yield "overlapping, 20,000 names", "a.zip", a.overlapping_zip(20_000, 4_000_000)
    yield "42 style, 4 levels of 16", "a.zip", forty_two(4, 16)
    yield "2,000 members of 1 MB", "a.zip", a.raw_zip([zero_member(b"%d.txt" % i, 1) for i in range(2000)])
    yield "gzip of 300 MB", "a.gz", a.PACKERS["gz"](b"\0" * 300_000_000)
    yield "bzip2 of 100 MB", "a.bz2", a.bz2.compress(b"\0" * 100_000_000)
    yield "xz of 100 MB", "a.xz", a.lzma.compress(b"\0" * 100_000_000, preset=0)
    yield "gzip 40 deep", "a.gz", quine_like()
    yield "docx with 100 MB of XML", "a.docx", o.ooxml("docx", {"word/big.xml": b" " * 100_000_000})
    yield "100,000 parts", "a.eml", many_parts(100_000)
    yield "tar.gz of 100 MB", "a.tgz", a.gz(a.tar({"a.txt": b"\0" * 100_000_000}))


def many_parts(count):
    """A mail of that many parts: cut at the limit, and no part has a scan of its own."""
    head = b"From: a@example.com\r\nTo: b@example.com\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    return head + b"--b\r\n\r\nxxxxxxxxxxxxxxx\r\n" * count + b"--b--\r\n"


def run(path, signatures):
    """CPU seconds and megabytes of the command and its child, and what it said."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.dup2(write_end, 1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        os.execv(mugai, [mugai, "scan", "--json", "--signatures", str(signatures), str(path)])
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        said = pipe.read()
    _, _, usage = os.wait4(pid, 0)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, said


def main():
    bad = number = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        signatures = folder / "signatures"
        signatures.mkdir()
        (signatures / "test.ndb").write_text("Test.None:0:*:" + b"nothing holds this line".hex() + "\n")
        plain = folder / "plain.txt"
        plain.write_text("hello\n")
        base_cpu, base_memory, _ = run(plain, signatures)
        for label, file, data in bombs():
            number += 1
            path = folder / file
            path.write_bytes(data)
            cpu, memory, said = run(path, signatures)
            parts = json.loads(said)["parts"] if said else []
            verdict = parts[file == "a.eml"]["scan"] if parts else "none"  # of a mail, the first leaf
            cpu, memory = cpu - base_cpu, memory - base_memory - len(data) / 2**20
            ok = verdict == "over-limit" and (sanitized or (cpu < MAX_CPU_S and memory < MAX_MEMORY_MB))
            bad += not ok
            print(f"{'ok' if ok else 'not ok'} {number} - {label}: {verdict}, {len(data):,} bytes, CPU {cpu:.2f} s, memory {memory:.0f} MB, {len(parts)} parts", flush=True)
    print(f"1..{number}")
    return 1 if bad else 0


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.exit(main())
