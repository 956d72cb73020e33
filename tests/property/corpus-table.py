#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What becomes of real public messages: delivered, held with which oddity, refused. Printed as a table, and of those that Python's
strict policy reads without a defect the share that is delivered (goal: 98 %), the others by name.

usage: corpus-table.py BATCH [FOLDER...] [--check]     --check: fail below the goal; without folders those of $MUGAI_SHARED, or skipped
"""
import collections
import email
import email.policy
import os
import pathlib
import sys

from sanitizer import Batch

GOAL = 0.98
strict = email.policy.default.clone(raise_on_defect=True)


def defect(data):
    """None where Python's strict policy reads all of the message without complaint: structure, header fields, contents."""
    try:
        message = email.message_from_bytes(data, policy=strict)
        for part in message.walk():
            for name, value in part.items():
                faults = getattr(value, "defects", ())
                if faults:
                    return f"{name}: {type(faults[0]).__name__}"
            if part.defects:
                return type(part.defects[0]).__name__
            if not part.is_multipart() and part.get_content_maintype() != "message":
                part.get_payload(decode=True)
                if part.get_content_maintype() == "text":
                    part.get_content()
            if part.defects:
                return type(part.defects[0]).__name__
    except Exception as fault:  # strict: whatever it dislikes, it raises
        return f"{type(fault).__name__}"
    return None


def why(record):
    if record is None:
        return "process died"
    return ", ".join(record["oddities"])


def main():
    check = "--check" in sys.argv
    program, *folders = [argument for argument in sys.argv[1:] if argument != "--check"]
    shared = os.environ.get("MUGAI_SHARED")
    if not folders and not shared:
        return 77
    folders = folders or [f"{shared}/corpus/{name}" for name in ("rspamd", "stalwart")]
    batch = Batch(program)
    table, readable, others = collections.Counter(), collections.Counter(), []
    for folder in folders:
        for file in sorted(path for path in pathlib.Path(folder).iterdir() if path.is_file()):
            data = file.read_bytes()
            outcome = batch(data)
            action = outcome.record["action"] if outcome.record else outcome.exit
            rule = outcome.record["reasons"][0]["rule"] if outcome.record and outcome.record["reasons"] else ""
            complaint = defect(data)
            table[action] += 1
            # A fragment of a mail (message/partial) is not to be delivered by anyone's reading: RFC 2046 5.2.2, rule not-whole.
            if rule != "not-whole":
                readable[(complaint is None, action)] += 1
            if action != "deliver":
                others.append((complaint is None, f"{pathlib.Path(folder).name}/{file.name}", action, rule, why(outcome.record), complaint or ""))
    batch.close()
    print(f"{sum(table.values())} messages: " + ", ".join(f"{n} {name}" for name, n in table.most_common()))
    for clean in (True, False):
        print("\n" + ("Read without a defect by Python's strict policy" if clean else "With a defect") + ":")
        for is_clean, name, action, rule, oddities, complaint in others:
            if is_clean == clean:
                print(f"  {name}: {action} by {rule}: {oddities}{' | ' + complaint if complaint else ''}")
    total = sum(n for (clean, _), n in readable.items() if clean)
    share = readable[(True, "deliver")] / total if total else 1.0
    print(f"\n{readable[(True, 'deliver')]} of {total} messages without a defect are delivered: {share:.1%} (goal {GOAL:.0%})")
    return 1 if check and share < GOAL else 0


sys.exit(main())
