#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Leaves in = verdicts out, and what is delivered says what the test's own model expects, over any number of messages.

Half of the messages are made from a model (model.py) and must arrive exactly so. The other half are mutants of those, of
tests/corpus/mail and of $MUGAI_SHARED/corpus where it is: nobody knows what they mean, but whatever is delivered must be canonical, account
for every leaf that Python's parser finds, say all of the text that Python reads without a defect, and carry nothing of an attachment.

usage: test-property.py BATCH [--messages N] [--seed N] [--seconds N]
"""
import argparse
import collections
import email
import email.policy
import os
import pathlib
import random
import re
import signal
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import model  # noqa: E402
import sanitizer  # noqa: E402

FIELDS = {"from", "sender", "reply-to", "to", "cc", "subject", "date", "message-id", "in-reply-to", "references", "list-id", "list-post",
          "list-help", "list-subscribe", "list-unsubscribe", "list-unsubscribe-post", "list-owner", "list-archive", "auto-submitted", "precedence",
          "importance", "priority", "x-priority", "sensitivity", "thread-topic", "thread-index", "content-language", "organization",
          "x-auto-response-suppress", "x-mugai-id", "x-mugai-action", "x-mugai-notice", "mime-version", "content-type", "content-transfer-encoding"}
MANY = {"received", "delivered-to", "x-loop", "resent-from", "resent-sender", "resent-to", "resent-cc", "resent-date", "resent-message-id",
        "authentication-results"}
NOTICE = "======【メール無害化のお知らせ】======"
UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\U000e0000-\U000e007f]")
NESTED = "---------- 添付されていたメール / attached message ----------"


def leaves_of(record):
    return [part for part in record["parts"] if "/" not in part["path"] and not part["declared"].startswith("multipart/")
            and part["declared"] not in ("message/rfc822", "message/global", "message/news", "message/rfc2822")]


def check_record(record):
    """Leaves in = verdicts out."""
    paths = [part["path"] for part in record["parts"]]
    assert len(paths) == len(set(paths)), "a path twice"
    assert all(part["action"] in ("keep", "text", "remove", "replace") for part in record["parts"]), "a part without a verdict"
    assert record["reasons"], "no reason"
    if record["action"] == "deliver":
        assert all(part["action"] != "keep" for part in leaves_of(record)), "a part is kept under the ceiling text"


def check_canonical(mail):
    """Returns the message as Python's strict parser reads it; anything else but one text/plain is an assertion."""
    assert not re.search(rb"[\x00\x80-\xff]|(?<!\r)\n|\r(?!\n)", mail), "not lines of ASCII"
    message = email.message_from_bytes(mail, policy=email.policy.default.clone(raise_on_defect=True))
    names = [name.lower() for name in message.keys()]
    assert set(names) <= FIELDS | MANY, f"fields {set(names) - FIELDS - MANY}"
    assert all(names.count(name) == 1 for name in names if name not in MANY), "a field twice"
    assert message.get_content_type() == "text/plain" and message.get_content_charset() == "utf-8" and not message.get_filename()
    text = message.get_content()
    assert not message.defects and not UNSEEN.search(text), "controls in the text"
    return message, text.replace("\r\n", "\n")


def dead(text):
    """HTML becomes text whose URLs are dead; text that was plain keeps them. For this test both are one."""
    return text.replace("https://", "hxxps://")


def check_made(outcome, expected):
    assert outcome.exit == 0, f"{outcome.exit}: {outcome.record and outcome.record['oddities']}"
    message, text = check_canonical(outcome.mail)
    leaves = leaves_of(outcome.record)
    assert len(leaves) == expected.leaves, f"{len(leaves)} leaves, not {expected.leaves}"
    body, _, notice = text.partition("\n" + NOTICE + "\n")
    body = re.sub(re.escape(NESTED) + r"\n(?:.+\n)*\n", "", body)
    said, wanted = dead(model.squeeze(body)), dead("".join(model.squeeze(text) for text in expected.texts))
    assert said == wanted, f"says {said!r} instead of {wanted!r}"
    listed = model.squeeze(notice)
    for name in expected.names:
        assert model.squeeze(name) in listed, f"{name} is not in the notice"
    assert b"PAYLOAD" not in text.encode(), "content of an attachment"
    assert model.squeeze(str(message["Subject"])) == model.squeeze(expected.subject), f"subject {message['Subject']!r}"
    assert message["From"].addresses[0].addr_spec == "yamada@example.com"


# ---- mutants: the model is Python's reading of them, where it has no doubt ----

def python_leaves(data):
    """(leaf, ancestors are all multipart/mixed) of a message that Python reads without a defect; None where it has one."""
    leaves = []

    def visit(part, plain):
        if part.get_content_type() == "message/delivery-status" or not part.is_multipart():
            leaves.append((part, plain))
            return
        inside = plain and part.get_content_type() == "multipart/mixed"
        for child in part.get_payload():
            visit(child, inside)
    try:
        message = email.message_from_bytes(data, policy=email.policy.default)
        visit(message, True)
        for part in message.walk():
            for name in ("content-type", "content-disposition", "content-transfer-encoding"):
                values = part.get_all(name, [])
                if len(values) > 1 or (values and values[0].defects):
                    return None
            if not part.is_multipart():
                part.get_payload(decode=True)
            if part.defects:
                return None
    except Exception:  # a parser that falls over knows nothing
        return None
    return leaves


def sure_lines(leaf):
    """Lines of a text that every reader reads alike."""
    if leaf.get_content_type() != "text/plain" or leaf.get_content_disposition() == "attachment" or leaf.get_filename():
        return
    charset = (leaf.get_content_charset() or "us-ascii").lower()
    if charset not in ("utf-8", "us-ascii") or leaf.get_param("format"):
        return
    data = leaf.get_payload(decode=True) or b""
    try:
        text = data.decode(charset)
    except UnicodeError:
        return
    if UNSEEN.search(text) or "\x1b" in text or "=?" in text or "~{" in text or re.search("=[0-9A-Fa-f]{2}", text):
        return
    yield from (line for line in (model.squeeze(line) for line in text.split("\n")) if len(line) > 8)


def check_mutant(data, outcome):
    leaves = python_leaves(data)
    if outcome.exit != 0:
        return "held, though Python reads it without a defect" if leaves is not None else "held, and Python sees a defect"
    _, text = check_canonical(outcome.mail)
    if leaves is None:
        return "delivered, though Python sees a defect"
    mine = leaves_of(outcome.record)
    opened = any(part["declared"] not in ("message/rfc822",) and any(other["path"].startswith(part["path"] + ".") for other in outcome.record["parts"])
                 for part in outcome.record["parts"] if not part["declared"].startswith("multipart/"))
    if not opened:
        mine = [part for part in mine if part["size_bytes"]]  # Python takes two delimiters in a row for one: no empty part between
        leaves = [(leaf, plain) for leaf, plain in leaves if leaf.is_multipart() or leaf.get_payload(decode=True)]
        assert len(mine) == len(leaves), f"{len(mine)} leaves, Python finds {len(leaves)}"
    said, cut = model.squeeze(text), "in-body-encoding" in outcome.record["oddities"] or "encoded data removed" in text
    words = b"".join(leaf.get_payload(decode=True) or b"" for leaf, _ in leaves if leaf.get_content_maintype() == "text")
    for leaf, plain in leaves:
        if plain and not cut and not opened:
            for line in sure_lines(leaf):
                assert line in said, f"line {line!r} is lost"
        content = leaf.get_payload(decode=True) or b""
        if leaf.get_content_disposition() == "attachment" and b"PAYLOAD" in content and b"PAYLOAD" not in words:
            assert b"PAYLOAD" not in text.encode(), "content of an attachment"
    return "delivered, and compared with Python's reading"


TOKENS = [b"\r\n", b"\n", b"\r", b"\0", b"=", b"==", b"--", b";", b":", b"\"", b"=?UTF-8?B?44GC?=", b"Content-Type: text/html\r\n", b"Content-Type: text/plain\r\n",
          b"Content-Transfer-Encoding: base64\r\n", b"Content-Transfer-Encoding: quoted-printable\r\n", b"Content-Disposition: attachment\r\n", b"\x1b$B", b"\x1b(B",
          b"boundary=", b"charset=utf-7", b"charset=utf-8", b"filename*0*=", b"begin 644 a\r\n", b"multipart/mixed", b"message/rfc822", b"\xff", b"\xe3\x81", b" ", b"\t", b"("]


def mutate(rng, data, other):
    data = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randint(0, len(data))
        head = data.find(b"\n\r\n") if rng.random() < 0.5 else -1  # half of them in the header, where structure is
        if head > 0:
            at = rng.randint(0, head)
        way = rng.randrange(7)
        if way == 0 and data:
            data[min(at, len(data) - 1)] = rng.randrange(256)
        elif way == 1:
            del data[at:at + rng.randint(1, 40)]
        elif way == 2:
            data[at:at] = rng.choice(TOKENS)
        elif way == 3:
            start = rng.randint(0, len(other))
            data[at:at] = other[start:start + rng.randint(1, 200)]
        elif way == 4:
            lines = bytes(data).split(b"\n")
            line = rng.randrange(len(lines))
            lines[line:line + 1] = [lines[line]] * 2 if rng.random() < 0.5 else []
            data = bytearray(b"\n".join(lines))
        elif way == 5:
            lines = bytes(data).split(b"\n")
            a, b = rng.randrange(len(lines)), rng.randrange(len(lines))
            lines[a], lines[b] = lines[b], lines[a]
            data = bytearray(b"\n".join(lines))
        else:
            start = rng.randint(0, len(data))
            data[at:at] = data[start:start + rng.randint(1, 100)]
    return bytes(data)


def seeds():
    folders = [HERE.parent / "corpus/mail"]
    if os.environ.get("MUGAI_SHARED"):
        folders += [pathlib.Path(os.environ["MUGAI_SHARED"]) / "corpus" / name for name in ("rspamd", "stalwart")]
    files = sorted(path for folder in folders if folder.is_dir() for path in folder.iterdir() if path.is_file())
    return [data for data in (path.read_bytes() for path in files) if len(data) < 40000]


def main():
    options = argparse.ArgumentParser()
    options.add_argument("program")
    options.add_argument("--messages", type=int, default=3000)
    options.add_argument("--seed", type=int, default=20261121)
    options.add_argument("--seconds", type=float, default=0, help="stop after so long, whatever the number")
    options.add_argument("--show", help="write failing messages to this folder")
    given = options.parse_args()
    run, corpus, counts, faults = sanitizer.Batch(given.program), seeds(), collections.Counter(), 0
    begin = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: setattr(given, "messages", 0))  # stop, and say what was seen
    for number in range(given.messages):
        if number >= given.messages or given.seconds and time.monotonic() - begin > given.seconds:
            break
        if number and number % 10000 == 0:
            print(f"# {number} messages, {faults} faults, {time.monotonic() - begin:.0f} s", flush=True)
        rng = random.Random(given.seed * 1_000_003 + number)  # each can be made again alone
        data, expected = model.make(rng)
        made = number % 2 == 0
        if not made:
            source = rng.choice(corpus) if corpus and rng.random() < 0.4 else data
            data = mutate(rng, source, data)
        outcome = run(data)
        try:
            assert outcome.record is not None, f"process {outcome.exit}"
            assert outcome.exit in (0, 20, 21), f"exit {outcome.exit}: {outcome.record['reasons']}"
            check_record(outcome.record)
            if made:
                check_made(outcome, expected)
            else:
                counts["mutants " + check_mutant(data, outcome)] += 1
        except (AssertionError, Exception) as fault:
            faults += 1
            counts["faults"] += 1
            if faults <= 20:
                print(f"# message {number}: {type(fault).__name__}: {str(fault)[:900]}", flush=True)
                if given.show:
                    pathlib.Path(given.show).mkdir(exist_ok=True)
                    (pathlib.Path(given.show) / f"{number}.eml").write_bytes(data)
        counts[("made" if made else "mutants") + " " + (outcome.record["action"] if outcome.record else outcome.exit)] += 1
        counts["messages"] += 1
    run.close()
    for name, n in sorted(counts.items()):
        print(f"# {name}: {n}")
    print(f"{'not ok' if faults or not counts['messages'] else 'ok'} 1 - {counts['messages']} messages, {faults} faults, {time.monotonic() - begin:.0f} s\n1..1")
    return 1 if faults or not counts["messages"] else 0


if __name__ == "__main__":
    sys.exit(main())
