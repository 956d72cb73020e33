#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Memory of one loaded engine, of eight workers on it, and of a reload under load; by hand, with a goal for each figure.

usage: scan-memory.py BUILD_DIR [--signatures N] [--seconds S]

The set is made (see made_set.py). What a process costs is its Pss out of smaps_rollup: pages shared by n processes count 1/n in each, so
that the sum over zygote and workers is what they cost together.
"""
import argparse
import os
import pathlib
import random
import signal
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
import samples  # noqa: E402
from made_set import FULL, make_set  # noqa: E402
from relay import Relay, children, wait_for  # noqa: E402
from samples import CITIZEN, STAFF  # noqa: E402

WORKERS, SENDERS = 8, 4


def field(pid, *names):
    """Sum of these lines of smaps_rollup in MB; 0 for a process that has just ended."""
    try:
        lines = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    except OSError:
        return 0.0
    values = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    return sum(values[name] for name in names) / 1024


def zygotes(relay):
    return [pid for pid in children(relay.mugaid.process.pid) if pathlib.Path(f"/proc/{pid}/comm").read_text() == "mugai-zygote\n"]


def together(relay):
    total = 0.0
    for zygote in zygotes(relay):
        total += field(zygote, "Pss") + sum(field(pid, "Pss") for pid in children(zygote))
    return total


class Load:
    """Senders that never rest; `answers` counts SMTP codes."""

    def __init__(self, relay):
        self.relay, self.answers, self.stop = relay, {}, threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(i,)) for i in range(SENDERS)]

    def run(self, number):
        count = 0
        while not self.stop.is_set():
            message = samples.head(f"load {number}-{count}", CITIZEN, STAFF)
            message.set_content("本文です。\n" * 300)
            message.add_attachment(random.Random(count).randbytes(60_000), maintype="application", subtype="octet-stream", filename="a.bin")
            code, _ = self.relay.send(message.as_bytes(), CITIZEN, STAFF)
            self.answers[code] = self.answers.get(code, 0) + 1
            count += 1

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()


def reload_under_load(relay, load):
    """(peak in MB, what it was before, seconds): SIGHUP, until the old generation has gone."""
    before, old = together(relay), zygotes(relay)
    relay.mugaid.process.send_signal(signal.SIGHUP)
    begin, peak = time.monotonic(), before
    wait_for(lambda: len(zygotes(relay)) > 1, 60, "the new generation's zygote")
    while set(old) & set(zygotes(relay)):
        peak = max(peak, together(relay))
        assert time.monotonic() - begin < 900, "the old generation stays"
        time.sleep(0.05)
    return peak, before, time.monotonic() - begin


def judge(label, figure, limit, unit):
    print(f"{'ok' if figure <= limit else 'MISSED'}: {label}: {figure:.2f} {unit}, goal {limit} {unit}", flush=True)
    return figure <= limit


def measure(build, total, seconds):
    with tempfile.TemporaryDirectory(prefix="mugai-set-") as name:
        more = "wait: 20s\n" if os.getloadavg()[0] > 4 else ""
        print(f"making {total:,} signatures; load average {os.getloadavg()[0]:.1f}", flush=True)
        made = pathlib.Path(name)
        made.chmod(0o755)
        make_set(made, total)
        with Relay(build, workers=WORKERS, signatures=made, more=more + "first_worker: 120s\ntotal: 300s\n") as relay:
            zygote = zygotes(relay)[0]
            wait_for(lambda: len(children(zygote)) == WORKERS, 60, "workers")
            engine = field(zygote, "Anonymous", "Pss_File")
            print(f"engine {engine:.0f} MB; with {WORKERS} idle workers {together(relay):.0f} MB", flush=True)
            with Load(relay) as load:
                time.sleep(seconds)
                working = max(together(relay) for _ in range(5))
                peak, before, took = reload_under_load(relay, load)
                time.sleep(seconds)
            after = together(relay)
            print(f"under load {working:.0f} MB; reload: before {before:.0f}, peak {peak:.0f}, after {after:.0f} MB, {took:.0f} s; answers {load.answers}")
            good = [judge(f"engine and {WORKERS} workers under load, beyond the engine", working - engine, 40, "MB"),
                    judge("peak of a reload under load", peak / engine, 2.1, "engines"),
                    judge("after the reload, beyond before", after - before, 40, "MB"),
                    judge("mails not taken at once", sum(n for code, n in load.answers.items() if code != 250), 0, "mails")]
            return all(good)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--signatures", type=int, default=FULL)
    parser.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args()
    sys.exit(0 if measure(options.build.resolve(), options.signatures, options.seconds) else 1)
