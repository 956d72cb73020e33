#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""`mugai scan` as a person calls it: tree, JSON, standard input, mail, passwords, exit codes. TAP.

usage: test-command.py MUGAI
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import make_archive as a  # noqa: E402
import make_binary as b  # noqa: E402
import make_office as o  # noqa: E402
import make_text as t  # noqa: E402

mugai = sys.argv[1]
results = []
EICAR = ("X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + "EICAR-STANDARD" + "-ANTIVIRUS-" + "TEST-FILE!$H+H*").encode()


def check(name, ok, seen=""):
    results.append(bool(ok))
    print(f"{'ok' if ok else 'not ok'} {len(results)} - {name}")
    if not ok:
        print(f"#   {seen!r}")


def scan(*arguments, data=None, password=None, locale="C.UTF-8"):
    command, descriptors = [mugai, "scan", *map(str, arguments)], ()
    if password is not None:
        read_end, write_end = os.pipe()
        os.write(write_end, password.encode())
        os.close(write_end)
        command, descriptors = command + ["--password-fd", str(read_end)], (read_end,)
    run = subprocess.run(command, input=data, capture_output=True, pass_fds=descriptors, env={**os.environ, "LC_ALL": locale}, timeout=60)
    for descriptor in descriptors:
        os.close(descriptor)
    return run


def parts(run):
    return {part["path"]: part for part in json.loads(run.stdout)["parts"]}


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    nested = folder / "資料.zip"
    nested.write_bytes(a.simple_zip({b"x.tar.gz": a.gz(a.tar({"y.docm": o.with_vba("docm"), "z.exe": b.pe()}))}))
    run = scan(nested)
    lines = run.stdout.decode().splitlines()
    check("a tree: one line a part, deeper ones further in", run.returncode == 0 and len(lines) == 5 and lines[4].startswith("      1/1/1/2  z.exe"), lines)
    check("flags stand on the line", "[macro]" in lines[3] and "[executable]" in lines[4], lines)
    found = parts(scan("--json", nested))
    check("JSON for programs", found["1/1/1/2"]["flags"] == ["executable"] and found["1/1/1/2"]["detected"] == "application/x-executable-pe", found)
    found = parts(scan("--json", "-", data=nested.read_bytes()))
    check("standard input has no name", found["1"]["names"] == [] and len(found) == 5, found)
    check("Japanese where asked for", "未検査" in scan(nested, locale="ja_JP.UTF-8").stdout.decode() or "ja_JP.utf8" not in subprocess.run(["locale", "-a"], capture_output=True, text=True).stdout)

    mail = folder / "mail.eml"
    mail.write_bytes(t.MAIL.replace(b"\r\n\r\nhello", b'\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\n\r\nhello\r\n--q\r\n'
                                    b'Content-Disposition: attachment; filename=a.exe\r\n\r\nMZ\0\0\r\n--q--'))
    found = parts(scan("--json", mail))
    check("a mail is taken apart", set(found) >= {"1", "2"} and "executable" in found["2"]["flags"], found)

    signatures = folder / "signatures"
    signatures.mkdir()
    (signatures / "test.ndb").write_text("Test.Eicar:0:*:" + EICAR.hex() + "\n")
    sick, fine = folder / "sick.zip", folder / "fine.txt"
    sick.write_bytes(a.simple_zip({b"a.txt": EICAR}))
    fine.write_text("hello\n")
    run = scan("--signatures", signatures, "--json", sick)
    check("infected: exit 1, and named", run.returncode == 1 and parts(run)["1/1"]["signature"].startswith("Test.Eicar"), run.stdout)
    run = scan("--signatures", signatures, "--json", fine)
    check("clean: exit 0", run.returncode == 0 and parts(run)["1"]["scan"] == "clean", run.stdout)

    # ---- passwords ----
    locked = {"crypto": folder / "crypto.zip", "aes": folder / "aes.zip"}
    locked["crypto"].write_bytes(a.zip_crypto("予算.txt".encode("cp932"), t.JAPANESE.encode(), b"himitsu"))
    aes = a.by_tool(["7zz", "a", "-tzip", "-mem=AES256", "-phimitsu", "out.zip", "a.exe"], {"a.exe": b.pe()}, "out.zip")
    for kind, path in locked.items():
        if kind == "aes" and aes is None:
            continue
        if kind == "aes":
            path.write_bytes(aes)
        check(f"{kind}: locked, and listed by name", parts(scan("--json", path))["1/1"]["scan"] == "encrypted")
        run = scan("--json", path, password="himitsu\n")
        inner = parts(run)["1/1"]
        check(f"{kind}: opens with its password", inner["detected"] in ("text/plain", "application/x-executable-pe") and "encrypted" not in inner["flags"], inner)
        check(f"{kind}: stays locked with another", parts(scan("--json", path, password="wrong"))["1/1"]["scan"] == "encrypted")
        check(f"{kind}: the password is not said", b"himitsu" not in run.stdout + run.stderr)
    locked["crypto"].write_bytes(a.zip_crypto(b"a.txt", EICAR, b"himitsu"))
    run = scan("--signatures", signatures, "--json", locked["crypto"], password="himitsu")
    check("what was locked is scanned when it opens", run.returncode == 1 and parts(run)["1/1"]["scan"] == "infected", run.stdout)

    check("no file: 66", scan(folder / "none").returncode == 66)
    check("no argument: 64", scan().returncode == 64)
    check("signatures that are not there: 78", scan("--signatures", folder / "none", fine).returncode == 78)
    check("help: 0", scan("--help").returncode == 0)

print(f"1..{len(results)}")
sys.exit(0 if all(results) else 1)
