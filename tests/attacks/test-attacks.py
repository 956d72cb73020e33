#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Hostile messages of every family through mugai, judged by effect: no reader of what is delivered gets the payload, no field that
the sender injected stands in its header, only text/plain is delivered, and what has one reading for everybody arrives. TAP.

usage: test-attacks.py MUGAI|BATCH [--batch] [--only WORD] [--mutants N --seed N]
"""
import argparse
import collections
import email
import email.policy
import pathlib
import random
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "property"))

import families  # noqa: E402
import readers  # noqa: E402
import sanitizer  # noqa: E402

GATE = {"from", "sender", "reply-to", "to", "cc", "subject", "date", "message-id", "in-reply-to", "references", "list-id", "list-post",
        "list-help", "list-subscribe", "list-unsubscribe", "list-unsubscribe-post", "list-owner", "list-archive", "auto-submitted",
        "precedence", "importance", "priority", "x-priority", "sensitivity", "thread-topic", "thread-index", "content-language",
        "organization", "x-auto-response-suppress", "received", "delivered-to", "x-loop", "mime-version", "content-type",
        "content-transfer-encoding", "x-mugai-id", "x-mugai-action", "x-mugai-notice"}


UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\U000e0000-\U000e007f]")


def body_text(mail):
    message = email.message_from_bytes(mail, policy=email.policy.default)
    return re.sub(r"\s+", "", message.get_content())


def structure_faults(mail):
    message = email.message_from_bytes(mail, policy=email.policy.strict)
    if message.get_content_type() != "text/plain" or message.is_multipart():
        yield f"delivered as {message.get_content_type()}"
    if message.get_content_charset() != "utf-8":
        yield f"delivered in {message.get_content_charset()}"
    if UNSEEN.search(message.get_content().replace("\r\n", "\n")) or any(UNSEEN.search(str(value)) for value in message.values()):
        yield "controls in what is delivered"
    if message.get_filename():
        yield "delivered with a file name"
    for name in message.keys():
        if name.lower() not in GATE:
            yield f"field {name} is delivered"
    if len(message.get_all("Content-Type", [])) != 1 or len(message.get_all("MIME-Version", [])) != 1:
        yield "Content-Type or MIME-Version not exactly once"
    injected = {name for name in readers.header_fields(mail) if "injected" in name or name in ("bcc", "resent-bcc")}
    if injected:
        yield f"injected {injected}"
    if re.search(rb"[\x00\x80-\xff]|(?<!\r)\n|\r(?!\n)", mail):
        yield "not plain ASCII lines"


def leaks(case, outcome):
    """A notice in the place of a held mail says only what we say, the subject and the sender: fewer readings will do."""
    for how, piece in readers.readings(outcome.mail, readers.MAX_READINGS if outcome.exit == 0 else 60):
        for mark in case.marks:
            if mark in piece:
                yield f"payload read by: {how}"
                return


def judge(case, outcome):
    """What is wrong, in words; nothing when all is well."""
    if outcome.exit not in (0, 20, 21):
        yield f"exit {outcome.exit}"
        return
    if outcome.seconds > 30:
        yield f"took {outcome.seconds:.0f} s"
    if outcome.mail:
        yield from structure_faults(outcome.mail)
        yield from leaks(case, outcome)
    oddities = ", ".join(outcome.record["oddities"])
    if case.expect == "held" and outcome.exit == 0:
        yield f"delivered, though readers differ ({oddities})"
    if case.expect in ("clean", "control", "empty") and outcome.exit != 0:
        yield f"not delivered ({oddities})"
    elif case.expect in ("clean", "control") and re.sub(r"\s+", "", case.text) not in body_text(outcome.mail):
        yield f"the text is lost ({oddities})"


PROGRAM = families.PROGRAM[:60]  # more than a mutation copies into a single line


def mutants(given, run):
    """Seeded mutations of each message. Nobody knows what one means: only what is delivered is judged, and a payload counts where its
    binary comes out of it, because a mutation can make words of a script."""
    import importlib.util
    spec = importlib.util.spec_from_file_location("properties", HERE.parent / "property/test-property.py")
    properties = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(properties)
    counts, faults = collections.Counter(), 0
    for case in families.cases():
        if len(case.data) > 200000 or given.only not in case.name:
            continue
        for number in range(given.mutants):
            rng = random.Random(f"{given.seed} {case.name} {number}")
            mutant = case._replace(data=properties.mutate(rng, case.data, families.PROGRAM), marks=(PROGRAM,), expect="mutant")
            outcome = run(mutant.data)
            counts[outcome.exit] += 1
            for fault in judge(mutant, outcome):
                faults += 1
                print(f"# {case.name} mutant {number}: {fault}", flush=True)
                if given.show:
                    pathlib.Path(given.show).mkdir(exist_ok=True)
                    (pathlib.Path(given.show) / f"{case.name.replace('/', '-')}-{number}.eml").write_bytes(mutant.data)
    print(f"# mutants: {sum(counts.values())}, by exit {dict(counts)}")
    print(f"{'not ok' if faults else 'ok'} 1 - mutants of each message, {faults} faults\n1..1")
    return 1 if faults or not counts else 0


def main():
    options = argparse.ArgumentParser()
    options.add_argument("program")
    options.add_argument("--batch", action="store_true")
    options.add_argument("--only", default="")
    options.add_argument("--verbose", action="store_true")
    options.add_argument("--mutants", type=int, default=0, metavar="N", help="instead: N seeded mutations of each message")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--show", help="write mutants with faults to this folder")
    given = options.parse_args()
    run = (sanitizer.Batch if given.batch else sanitizer.Command)(given.program)
    if given.mutants:
        return mutants(given, run)
    number = failed = 0
    counts = collections.Counter()
    for case in families.cases():
        if given.only not in case.name:
            continue
        number += 1
        outcome = run(case.data)
        faults = list(judge(case, outcome))
        failed += bool(faults)
        result = {0: "delivered", 21: "held", 20: "refused"}.get(outcome.exit, "failed")
        counts[(case.expect, result)] += 1
        print(f"{'not ok' if faults else 'ok'} {number} - {case.name}: {case.expect}, {result}")
        if given.verbose and outcome.record:
            print("#   " + ", ".join(outcome.record["oddities"]))
        for fault in faults:
            print(f"#   {fault}")
    run.close()
    for (expect, result), n in sorted(counts.items()):
        print(f"# {expect}: {n} {result}")
    print(f"# {number} messages, {failed} with faults")
    print(f"1..{number}")
    return 1 if failed or not number else 0


if __name__ == "__main__":
    sys.exit(main())
