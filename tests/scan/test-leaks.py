#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""No growth and nothing lost over many messages in one worker's life: a mix of all fixtures through tests/scan/leaks, bytes in use and LeakSanitizer. TAP.

usage: test-leaks.py LEAKS POLICY [--messages N] [--every N]
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
TOP = pathlib.Path(__file__).resolve().parents[2]


def leak_sanitizer(program):
    """LeakSanitizer as a library to be loaded before; None where the program has one of its own, or there is none."""
    if b"asan" in subprocess.run(["nm", "-D", program], capture_output=True).stdout:
        return None
    path = subprocess.run(["gcc", "-print-file-name=liblsan.so"], capture_output=True, text=True).stdout.strip()
    return path if os.path.isabs(path) else None


def run(options, folder, mails, messages, leak_bytes, library):
    command = [options.leaks, str(folder / "signatures"), options.policy, str(messages), str(leak_bytes), *map(str, mails)]
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "G_SLICE": "always-malloc"}
    if library:
        environment |= {"LD_PRELOAD": library, "LSAN_OPTIONS": f"suppressions={TOP}/tests/leak-sanitizer.supp:print_suppressions=0"}
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", env=environment)
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
        library = leak_sanitizer(options.leaks)
        number = 0
        for label, messages, leak_bytes, loaded, wanted in (
                (f"{options.messages} messages leave nothing", options.messages, 0, None, True),
                ("what is lost with each message is counted", 3 * len(mails), LEAK_BYTES, None, False),
                (f"{options.messages} messages: LeakSanitizer finds nothing", options.messages, 0, library, True),
                ("LeakSanitizer finds what is lost", 3 * len(mails), LEAK_BYTES, library, False)):
            if number >= 2 and not library:  # the sanitizer's own build has said both already
                continue
            number += 1
            fine, said = run(options, folder, mails, messages, leak_bytes, loaded)
            bad += fine != wanted
            print(f"{'ok' if fine == wanted else 'not ok'} {number} - {label}")
            print(*(f"# {line}" for line in said.splitlines()[: 60 if fine != wanted else 1]), sep="\n", flush=True)
    print(f"1..{number}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
