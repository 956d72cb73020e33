#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
#
# Golden cases: Japanese mail through `mugai sanitize`, read again with Python's email package; wrong characters must be 0.
#
# One TAP test for each family of cases.py. The delivered mail is judged, and the record where the mail does not say it (names of
# parts that were taken out). usage: test-golden.py MUGAI [FAMILY...]
"""Runs the golden cases."""

import json
import os
import re
import subprocess
import sys
import tempfile
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes, policy
from email.header import decode_header, make_header

from cases import FAMILIES

WORKERS = 2
MAX_SHOWN = 10  # wrong ones of a family


def columns(line):
    return sum(2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in line)


def sanitize(program, folder, number, message):
    record = os.path.join(folder, str(number))
    done = subprocess.run(
        [program, "sanitize", "--direction", "inbound", "--from", "x@example.com", "--to", "a@city.example.lg.jp",
         "--record", record, "-"], input=message, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False, timeout=60)
    with open(record, encoding="utf-8") as file:
        return done.returncode, done.stdout, json.load(file)


def check_folded(body, expected):
    lines = body.rstrip("\n").split("\n")
    # a 、 or 。 may hang two columns over; none may begin a line
    good = "".join(lines) == expected and all(columns(line) <= 78 and line[0] not in "、。" for line in lines)
    return expected if good else body


def readings(out, record, expected):
    """What came out, under the names of what was expected."""
    mail = message_from_bytes(out, policy=policy.default)
    raw = message_from_bytes(out)
    text = mail.get_content().replace("\r\n", "\n")
    body = re.split(r"\n?^======【メール無害化のお知らせ】======$", text, maxsplit=1, flags=re.M)[0]
    names = [part["names"][0] for part in record["parts"] if part["names"]]
    got = {
        "subject": str(mail["Subject"]),
        "sender": str(make_header(decode_header(raw["From"]))).rsplit(" <", 1)[0].strip('"'),
        "body": body,
        "contains": expected.get("contains") if expected.get("contains", "") in text else text,
        "folded": check_folded(body, expected["folded"]) if "folded" in expected else None,
        "name": names[0] if names else None,
        "names": names,
    }
    return {key: got[key] for key in expected}


def try_case(program, folder, number, case):
    """None when right, else what is wrong."""
    name, message, expected = case
    status, out, record = sanitize(program, folder, number, message)
    if status != 0:
        return f"{name}: not delivered ({status}), {record['oddities']}"
    got = readings(out, record, expected)
    if "subject" in expected and record["subject"] != expected["subject"]:
        got["subject"] = record["subject"]
    wrong = [f"{key} is {got[key]!r}, not {expected[key]!r}" for key in expected if got[key] != expected[key]]
    return f"{name}: {'; '.join(wrong)}" if wrong else None


def run_family(program, folder, family):
    cases = list(family())
    with ThreadPoolExecutor(WORKERS) as pool:
        results = pool.map(lambda item: try_case(program, folder, *item), enumerate(cases))
        return len(cases), [result for result in results if result]


def main():
    program, wanted = sys.argv[1], sys.argv[2:]
    families = [family for family in FAMILIES if not wanted or family.__name__ in wanted]
    print(f"1..{len(families)}")
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for number, family in enumerate(families, 1):
            count, wrong = run_family(program, folder, family)
            title = (family.__doc__ or family.__name__).replace("#", "")
            print(f"{'not ok' if wrong else 'ok'} {number} - {title} ({count} cases)", flush=True)
            for line in wrong[:MAX_SHOWN]:
                print(f"# {line}")
            failed += bool(wrong)
    return 1 if failed else 0


sys.exit(main())
