#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""One worker of a running mugaid serves mail after mail and does not grow. TAP.

usage: test-growth.py BUILD_DIR [MESSAGES]

By hand with 10000; 1,200 otherwise. The mails are the benign scan fixtures in turn, each with a text and a file of its own, so that neither
the verdict cache nor a repeated content hides a leak. Measured is the worker's memory of its own (Anonymous), early and at the end; the
cache of verdicts may fill meanwhile (under 2 MB), and the heap may find its shape.
"""
import concurrent.futures
import pathlib
import random
import subprocess
import sys

sys.dont_write_bytecode = True
from relay import EICAR, TOP, Relay, children, run_scenarios, wait_for
from samples import CITIZEN, STAFF

sys.path.insert(0, str(TOP / "tests/scan"))
import fixtures  # noqa: E402

MAY_GROW_MB = 4
SENDERS, BLOCK = 6, 50  # they queue for the one worker


def memory_mb(pid):
    values = {line.split(":")[0]: line.split()[1] for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]}
    return int(values["Anonymous"]) / 1024, int(values["Rss"]) / 1024


def worker_of(relay):
    zygote = next(g["pid"] for g in relay.mugaid.status()["generations"] if g["state"] == "serving")
    return wait_for(lambda: children(zygote), 20, "the worker")[0]


def mail(number, benign):
    """A fixture's mail with a text and one more file that no other mail has."""
    chance = random.Random(number)
    words = "".join(chance.choice("あいうえおかきくけこ漢字カナ、。 ") for _ in range(2000)).encode()
    own = (b"--=_b\r\nContent-Type: text/plain; charset=utf-8; name=own.txt\r\nContent-Disposition: attachment; filename=own.txt\r\n"
           b"Content-Transfer-Encoding: 8bit\r\n\r\n" + b"\r\n".join(words[i:i + 300] for i in range(0, 6000, 300)) + b"\r\n")
    message = benign[number % len(benign)].mail()
    return message.replace(b"\r\nhello\r\n", b"\r\nhello %d\r\n" % number).replace(b"--=_b--\r\n", b"--=_b\r\n".join([b"", own[7:]]) + b"--=_b--\r\n")


def no_growth(relay, total):
    """The worker's memory after all mails is what it was after the first tenth (a third in a short run)"""
    benign = [f for f in fixtures.every(EICAR.encode()) if f.scan == "clean" and not f.flags and len(f.data) < 300_000 and not f.declared.startswith("message/")]
    early = total // 10 if total >= 5000 else total // 3
    used, answers = [], set()
    with concurrent.futures.ThreadPoolExecutor(SENDERS) as pool:
        for first in range(0, total, BLOCK):
            answers.update(pool.map(lambda number: relay.send(mail(number, benign), CITIZEN, STAFF)[0], range(first, min(first + BLOCK, total))))
            pid = worker_of(relay)
            used.append((pid, *memory_mb(pid)))
    before = used[early // BLOCK]
    pid, *after = worker_of(relay), *memory_mb(worker_of(relay))
    print(f"#   {total} mails of {len(benign)} kinds; after {early}: {before[1]:.1f} MB of its own, {before[2]:.1f} in all; at the end {after[0]:.1f} and {after[1]:.1f}")
    assert answers == {250}, answers
    assert pid == before[0], f"another worker: {used}"
    assert after[0] - before[1] <= MAY_GROW_MB, used


def main():
    build, total = pathlib.Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 1200
    if b"asan" in subprocess.run(["nm", "-D", str(build / "mugaid")], capture_output=True).stdout:
        print("1..0 # SKIP a sanitizer keeps freed memory; it finds leaks by itself")
        return
    with Relay(build, workers=1, fronts=1, more="worker_messages: 100000\nwait: 20s\n") as relay:
        run_scenarios([(no_growth, relay, total)])


if __name__ == "__main__":
    main()
