#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Each fixture inside a mail, through `mugai sanitize --record`: the record must say exactly what is expected. TAP.

usage: test-fixtures.py MUGAI [--only TEXT] [--keep FOLDER]
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import fixtures  # noqa: E402

EICAR = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + "EICAR-STANDARD" + "-ANTIVIRUS-" + "TEST-FILE!$H+H*"


def make_signatures(folder):
    folder.mkdir()
    (folder / "test.ndb").write_text("Test.Eicar:0:*:" + EICAR.encode().hex() + "\n")
    return folder


def run(mugai, folder, index, fixture, signatures):
    mail, record = folder / f"{index}.eml", folder / f"{index}{'s' if signatures else 'n'}.json"
    mail.write_bytes(fixture.mail())
    command = [mugai, "sanitize", "--client", "203.0.113.9", "--from", "yamada@example.com", "--to", "kikaku@city.example.lg.jp", "--record", str(record)]
    command += ["--signatures", str(signatures)] if signatures else []
    done = subprocess.run([*command, str(mail)], capture_output=True, env={**os.environ, "LC_ALL": "C.UTF-8"}, timeout=120)
    if done.returncode not in (0, 20, 21):
        return [f"exit {done.returncode}: {done.stderr.decode(errors='replace')[-300:]}"]
    return list(fixture.faults(json.loads(record.read_text()), bool(signatures)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("mugai")
    parser.add_argument("--only", default="")
    parser.add_argument("--keep")
    options = parser.parse_args()
    every = [f for f in fixtures.every(EICAR.encode()) if options.only in f.label]
    labels = [f.label for f in every]
    assert len(set(labels)) == len(labels), [label for label in labels if labels.count(label) > 1]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(options.keep or name)
        folder.mkdir(exist_ok=True)
        signatures = make_signatures(pathlib.Path(name) / "signatures")
        # All with signatures; each fifth once more without.
        work = [(i, f, signatures) for i, f in enumerate(every)] + [(i, f, None) for i, f in enumerate(every) if i % 5 == 0]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            results = list(pool.map(lambda job: run(options.mugai, folder, *job), work))
    bad = 0
    for n, ((_, fixture, signed), faults) in enumerate(zip(work, results), 1):
        bad += bool(faults)
        print(f"{'not ok' if faults else 'ok'} {n} - {fixture.label}{'' if signed else ' (no signatures)'}")
        for fault in faults:
            print(f"#   {fault}")
    print(f"1..{len(work)}")
    print(f"# {len(every)} fixtures, {len(work) - bad} of {len(work)} runs right")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
