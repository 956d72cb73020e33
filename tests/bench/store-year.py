#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""A year of a city: a chain of records and a quarantine of items, then the time and memory of list, search, verify, report.

usage: nice -n 19 store-year.py BUILD_DIR FOLDER [RECORDS [ITEMS]]     (5,000,000 and 200,000; the chain takes about 1 KiB a record)
"""
import ctypes
import ctypes.util
import datetime
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import time

CHECKPOINT_LINES = 1000


class Signer:
    """The keeper's key, played by libsodium itself."""

    def __init__(self):
        self.sodium = ctypes.CDLL(ctypes.util.find_library("sodium"))
        self.public, self.secret = ctypes.create_string_buffer(32), ctypes.create_string_buffer(64)
        self.sodium.crypto_sign_keypair(self.public, self.secret)

    def sign(self, kind, seq, head):
        text = f"mugai {kind}\n{seq}\n{head}\n".encode()
        signature = ctypes.create_string_buffer(64)
        self.sodium.crypto_sign_detached(signature, None, text, ctypes.c_ulonglong(len(text)), self.secret)
        return f'{{"seq":{seq},"head":"{head}","key":"{self.public.raw.hex()}","signature":"{signature.raw.hex()}"}}'


def body(n, at):
    verdict = "infected" if n % 5000 == 0 else "clean"
    action = "hold" if n % 25 == 0 else "refuse" if n % 40 == 1 else "deliver"
    digest = hashlib.sha256(b"%d" % n).hexdigest()
    return (f'{{"record_version":1,"id":"01K{n:023d}","time":"{at}","queue_id":"Q{n:09X}","message_id":"<{n}@example.com>",'
            f'"subject":"件名 {n % 9973} 予算について","from_header":{{"name":"x","address":"a{n % 70001}@example.com"}},"direction":"inbound",'
            f'"envelope":{{"client":"203.0.113.5","helo":"h","auth":"","from":"a{n % 70001}@example.com","size_bytes":3000}},'
            f'"recipients":[{{"address":"staff{n % 3000}@city.example.lg.jp","direction":"inbound","action":"{action}","rule":"r{n % 30}"}}],'
            f'"action":"{action}","changed":true,"reasons":[{{"rule":"r{n % 30}","clause":"5.2({n % 13})","because":"x"}}],"exceptions":[],'
            f'"parts":[{{"path":"1","sha256":"{digest}","scan":"{verdict}","action":"text","rule":"body"}}],'
            f'"signatures":{{"version":"1","age_s":{n % 86400},"generation":1}}}}')


def make_chain(folder, records):
    folder.mkdir(parents=True)
    signer, prev, seq = Signer(), "0" * 64, 0
    first = datetime.datetime.now(datetime.timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0) - datetime.timedelta(days=364)
    a_day = (records + 364) // 365
    (folder / "audit.pub").write_text(signer.public.raw.hex())
    for day in range(365):
        date = first + datetime.timedelta(days=day)
        with open(folder / f"audit-{date:%Y-%m-%d}.jsonl", "wb", buffering=1 << 20) as out:
            for n in range(day * a_day, min((day + 1) * a_day, records)):
                at = f"{date:%Y-%m-%d}T{(n % a_day) * 24 // a_day:02d}:{n % 60:02d}:{n * 7 % 60:02d}.000+00:00"
                lines = []
                if n % a_day == 0 or seq % CHECKPOINT_LINES == 0:
                    lines.append(("checkpoint", "keeper", signer.sign("checkpoint", seq, prev)))
                lines.append(("record", "mugaid", body(n, at)))
                for kind, actor, text in lines:
                    seq += 1
                    line = f'{{"seq":{seq},"prev":"{prev}","kind":"{kind}","at":"{at}","actor":"{actor}","body":{text}'.encode()
                    prev = hashlib.sha256(line).hexdigest()
                    out.write(line + b',"hash":"' + prev.encode() + b'"}\n')
    (folder / "head.json").write_text(signer.sign("head", seq, prev) + "\n")
    return seq


def timed(name, *words):
    before = time.monotonic()
    child = subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    took = time.monotonic() - before
    child.returncode = os.waitstatus_to_exitcode(status)
    done = subprocess.CompletedProcess(words, child.returncode, output)
    # The processor's time says more than the clock's on a machine that does other things, too.
    print(f"{name:32} {took:9.3f} s  {usage.ru_utime + usage.ru_stime:9.3f} s CPU  {usage.ru_maxrss // 1024:5} MiB  exit {child.returncode}  "
          f"{output.count(bytes([10]))} lines", flush=True)
    return done


def main():
    build, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    records = int(sys.argv[3]) if len(sys.argv) > 3 else 5_000_000
    items = int(sys.argv[4]) if len(sys.argv) > 4 else 200_000
    mugai, audit, store = build / "mugai", folder / "audit", folder / "store"
    before = time.monotonic()
    if not audit.exists():
        print(f"{make_chain(audit, records)} lines made in {time.monotonic() - before:.0f} s", flush=True)
    if not store.exists():
        timed("fill the quarantine", build / "tests/store-fill", store, items)
    month = sorted(audit.glob("audit-*.jsonl"))[180].name[6:13]
    timed("audit search --rebuild", mugai, "audit", "search", audit, "--rebuild", "--limit", "1")
    probe = records // 2
    searches = {"address": f"a{probe % 70001}@example.com", "subject": f"件名 {probe % 9973}", "queue-id": f"Q{probe:09X}", "message-id": f"<{probe}@example.com>",
                "id": f"01K{probe:023d}", "sha256": hashlib.sha256(b"%d" % probe).hexdigest(), "rule": "r7", "verdict": "infected", "action": "refuse",
                "actor": "keeper", "since": month + "-10"}
    timed("start alone (audit --help)", mugai, "audit", "--help")
    for option, value in searches.items():
        timed(f"audit search --{option}", mugai, "audit", "search", audit, f"--{option}", value, "--json")
    timed("audit search, no such subject", mugai, "audit", "search", audit, "--subject", "no such subject", "--json")
    timed("audit report --month", mugai, "audit", "report", audit, "--month", month)
    timed("audit verify", mugai, "audit", "verify", audit, "--key", audit / "audit.pub")
    timed("quarantine list", mugai, "quarantine", "list", "--store", store, "--json")
    timed("quarantine list --text", mugai, "quarantine", "list", "--store", store, "--text", "staff77@", "--json")
    timed("quarantine list, no such text", mugai, "quarantine", "list", "--store", store, "--text", "no such text", "--json")
    timed("quarantine verify", mugai, "quarantine", "verify", "--store", store)
    print(timed("quarantine: expire", build / "tests/store-fill", store, "expire").stdout.decode(), end="")


if __name__ == "__main__":
    main()
