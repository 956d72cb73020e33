#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""No growth and nothing lost over many messages in one worker's life: a mix of all fixtures through tests/scan/leaks. TAP.

usage: test-leaks.py LEAKS POLICY [--messages N] [--every N]     in a build with AddressSanitizer also what LeakSanitizer reports
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import importlib  # noqa: E402

import fixtures  # noqa: E402

test_fixtures = importlib.import_module("test-fixtures")
MAX_MAIL_BYTES = 300_000  # bombs have a test of their own
LEAK_BYTES = 2000


def run(options, folder, mails, messages, leak_bytes):
    command = [options.leaks, str(folder / "signatures"), options.policy, str(messages), str(leak_bytes), *map(str, mails)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", env={**os.environ, "LC_ALL": "C.UTF-8", "G_SLICE": "always-malloc"})
    return done.returncode == 0, done.stdout.strip() + done.stderr[-3000:]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("leaks")
    parser.add_argument("policy")
    parser.add_argument("--messages", type=int, default=900)
    parser.add_argument("--every", type=int, default=5)
    options = parser.parse_args()
    bad = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        test_fixtures.make_signatures(folder / "signatures")
        mails = []
        for i, fixture in enumerate(fixtures.every(test_fixtures.EICAR.encode())):
            data = fixture.mail()
            if i % options.every == 0 and len(data) <= MAX_MAIL_BYTES:
                mails.append(folder / f"{i}.eml")
                mails[-1].write_bytes(data)
        for number, (label, messages, leak_bytes, wanted) in enumerate((
                (f"{options.messages} messages leave nothing", options.messages, 0, True),
                ("what is lost with each message is seen", 3 * len(mails), LEAK_BYTES, False)), 1):
            fine, said = run(options, folder, mails, messages, leak_bytes)
            bad += fine != wanted
            print(f"{'ok' if fine == wanted else 'not ok'} {number} - {label}")
            print(*(f"# {line}" for line in said.splitlines()[: 60 if fine != wanted else 1]), sep="\n", flush=True)
    print("1..2")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
