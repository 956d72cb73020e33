#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""CPU of all of mugaid's processes against raw libclamav on the same mails and signatures, in turn, in one run.

usage: ratio.py BUILD_DIR [ROUNDS]
"""
import os
import pathlib
import random
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
import samples  # noqa: E402
from relay import Relay  # noqa: E402
from samples import CITIZEN, STAFF  # noqa: E402

TICK = os.sysconf("SC_CLK_TCK")


def family(pid):
    """The processes below pid, itself included, and the CPU [ms] of each with that of its ended children."""
    todo, total = [pid], 0.0
    while todo:
        here = todo.pop()
        try:
            fields = pathlib.Path(f"/proc/{here}/stat").read_text().rsplit(")", 1)[1].split()
            todo += [int(child) for child in pathlib.Path(f"/proc/{here}/task/{here}/children").read_text().split()]
        except FileNotFoundError:
            continue
        total += sum(map(int, fields[11:15])) * 1000 / TICK
    return total


def add_signatures(folder, count):
    """A made set beside the test's own: hashes of nothing that exists, so that matching has something to do."""
    source = random.Random(7)
    lines = (f"{source.getrandbits(128):032x}:{source.randrange(1000, 1000000)}:Made.{i}\n" for i in range(count))
    (folder / "made.hdb").write_text("".join(lines))
    lines = (f"Made.Pattern.{i}:0:*:{source.getrandbits(160):040x}\n" for i in range(count // 10))
    (folder / "made.ndb").write_text("".join(lines))


def main(build, rounds):
    with Relay(build, workers=2) as relay:
        add_signatures(relay.mugaid.signatures, 200_000)
        relay.mugaid.stop()
        relay.mugaid.start()
        mails = [samples.newsletter(), samples.japanese(), samples.spreadsheet(), samples.large(200_000), samples.large(2_000_000)]
        paths = []
        for number, mail in enumerate(mails):
            paths.append(relay.folder / f"bench-{number}.eml")
            paths[-1].write_bytes(mail)
        ratios = []
        for _ in range(rounds):
            before = family(relay.mugaid.process.pid)
            for _ in range(10):
                for mail in mails:
                    code, text = relay.send(mail, CITIZEN, STAFF)
                    assert code == 250, (code, text)
            ours = family(relay.mugaid.process.pid) - before
            raw = float(subprocess.run([f"{build}/tests/raw-scan", relay.mugaid.signatures, "10", *paths], capture_output=True,
                                       text=True, check=True).stdout)
            ratios.append(ours / raw)
            print(f"mugaid {ours:.0f} ms, raw libclamav {raw:.0f} ms, {10 * len(mails)} mails: ratio {ours / raw:.2f}", flush=True)
        print(f"median ratio {statistics.median(ratios):.2f} (min {min(ratios):.2f}, max {max(ratios):.2f})")


main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 5)
