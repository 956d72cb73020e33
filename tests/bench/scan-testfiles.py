#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Debian's clamav-testfiles: what mugai opened and found, beside clamscan with every alert on and the same signatures.

usage: scan-testfiles.py MUGAI [FOLDER]
"""
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile

mugai = sys.argv[1]
folder = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else "/usr/share/clamav-testfiles")
ALERTS = ["--alert-broken", "--alert-encrypted", "--alert-exceeds-max", "--alert-macros", "--alert-phishing-ssl", "--heuristic-scan-precedence"]

with tempfile.TemporaryDirectory() as name:
    signatures = pathlib.Path(name)
    program = (folder / "clam.exe").read_bytes()
    (signatures / "test.hdb").write_text(f"{hashlib.md5(program).hexdigest()}:{len(program)}:Clam.Test\n")
    files = sorted(folder.iterdir())
    run = subprocess.run(["clamscan", "--no-summary", *ALERTS, "-d", str(signatures / "test.hdb"), *map(str, files)], capture_output=True, text=True)
    said = {pathlib.Path(line.split(": ")[0]).name: line.split(": ", 1)[1] for line in run.stdout.splitlines() if ": " in line}
    both = ours_only = theirs_only = 0
    for file in files:
        done = subprocess.run([mugai, "scan", "--json", "--signatures", str(signatures), str(file)], capture_output=True, text=True)
        parts = json.loads(done.stdout)["parts"] if done.stdout else []
        worst = next((p for p in parts if p["scan"] == "infected"), parts[0] if parts else {"scan": "none", "signature": None, "detected": "-"})
        ours, theirs = worst["scan"] != "clean", "FOUND" in said.get(file.name, "")
        both, ours_only, theirs_only = both + (ours and theirs), ours_only + (ours and not theirs), theirs_only + (theirs and not ours)
        print(f"{file.name:24} {parts[0]['detected'] if parts else '-':42} {len(parts):3} parts  {worst['scan']:11} | {said.get(file.name, '-')}")
    print(f"{len(files)} files: both find {both}, only mugai {ours_only}, only clamscan {theirs_only}")
