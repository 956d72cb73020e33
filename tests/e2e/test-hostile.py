#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Messages that crash, loop or exhaust mail libraries, through the real Postfix: the message ends in quarantine, other mail goes on. TAP.

usage: test-hostile.py BUILD_DIR

GMime 3.2.13 overflows its stack on nested address groups (100 kB of "a:" suffice, in an attached message as well), loops for ever over a
parameter with a name of 72 characters when it writes it, and needs seconds for 100,000 parts.
"""
import concurrent.futures
import email
import email.policy
import json
import pathlib
import sys
import time

import samples
from relay import Relay, run_scenarios, wait_for
from samples import CITIZEN, STAFF

MARKER = b"UNSANITISED-8f1d6c"
HEAD = f"From: {CITIZEN}\r\nTo: {STAFF}\r\nSubject: hostile {{}}\r\nMIME-Version: 1.0\r\n"
ATTACHED = ("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n{}\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
            "{}\r\n\r\nwords\r\n--b--\r\n")


def folded(text, width=900):
    return "\r\n ".join(text[i:i + width] for i in range(0, len(text), width))


def hostile():
    """name: (header and body, must it be held whole?)"""
    marker = MARKER.decode()
    nested = f"Content-Type: text/plain\r\n\r\n{marker}"
    for level in range(400):
        nested = f"Content-Type: multipart/mixed; boundary=n{level}\r\n\r\n--n{level}\r\n{nested}\r\n--n{level}--"
    return {
        "address groups": "Cc: " + folded("a:" * 25000) + f"\r\n\r\n{marker}\r\n",
        "address groups in an attached message": ATTACHED.format(marker, "To: " + folded("a:" * 100000)),
        "address groups in a message in a message": ATTACHED.format(marker, "Content-Type: message/rfc822\r\n\r\nFrom: " + folded("a:" * 100000)),
        "endless parameter": "Content-Type: multipart/mixed; " + "n" * 72 + "=\"" + "\u3042" * 150 + f"\"\r\n\r\n{marker}\r\n",
        "endless parameter in an attached message": ATTACHED.format(marker, "Content-Type: multipart/mixed; " + "n" * 70 + "\u3042=\"" + "\u3042" * 150 + "\""),
        "parts within parts": nested + "\r\n",
        "100,000 parts": "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + f"--b\r\n\r\n{marker}\r\n" * 100000 + "--b--\r\n",
        "60,000 parameters": ATTACHED.format(marker, "Content-Type: text/plain" + "".join(f";\r\n p{i}*0*=a''b" for i in range(60000))),
    }


def text_of(mail):
    return email.message_from_bytes(mail, policy=email.policy.default).get_content()


def send(relay, name):
    return relay.send((HEAD.format(name) + hostile()[name]).encode("utf-8"), CITIZEN, STAFF)


def held(relay, name):
    """one hostile message at a time ends in quarantine, and the next mail arrives"""
    before, begin = len(relay.sink.messages), time.monotonic()
    code, text = send(relay, name)
    assert code == 250, (code, text)
    _, _, mail = relay.next_mail(before)
    took = time.monotonic() - begin
    assert took < 60, f"{took:.0f} s"
    assert MARKER not in mail and MARKER.decode() not in text_of(mail), "the message itself was delivered"
    record = relay.mugaid.records()[-1]
    assert record["action"] == "hold" and record["quarantine_id"] in text_of(mail), record["action"]
    original = relay.folder / "original.eml"
    done = relay.mugaid.mugai("quarantine", "export", record["quarantine_id"], "--output", original, "--config", relay.mugaid.config)
    assert done.returncode == 0 and MARKER in original.read_bytes(), done.stderr
    original.unlink()
    code, text = relay.send(samples.japanese(), CITIZEN, STAFF)
    assert code == 250, (code, text)
    _, _, mail = relay.next_mail(before + 1)
    assert "①申請書は㈱予算の髙橋まで" in text_of(mail)


def burst(relay):
    """hostile messages in a crowd: each ordinary mail among them arrives, and all workers are there again"""
    before = len(relay.sink.messages)
    names, ordinary = list(hostile()), 12
    with concurrent.futures.ThreadPoolExecutor(8) as senders:
        jobs = [senders.submit(send, relay, name) for name in names]
        jobs += [senders.submit(relay.send, samples.japanese(), CITIZEN, STAFF) for _ in range(ordinary)]
        answers = [job.result() for job in jobs]
    assert all(code in (250, 451) for code, _ in answers), answers
    accepted = sum(code == 250 for code, _ in answers)
    assert all(code == 250 for code, _ in answers[len(names):]) or accepted > 0
    wait_for(lambda: len(relay.sink.messages) >= before + accepted, 120, f"{accepted} mails at the sink")
    mails = [mail for _, _, mail in relay.sink.messages[before:]]
    assert not any(MARKER in mail or MARKER.decode() in text_of(mail) for mail in mails)
    arrived = sum("①申請書は㈱予算の髙橋まで" in text_of(mail) for mail in mails)
    assert arrived == sum(code == 250 for code, _ in answers[len(names):]), arrived
    status = relay.mugaid.status()
    assert status["state"] == "running" and all(front["ready"] for front in status["fronts"]), json.dumps(status)


def scenario(function, relay, name):
    def run():
        function(relay, name)
    run.__doc__ = f"{name}: held, exported as it came; the next mail arrives"
    return (run,)


def main():
    with Relay(pathlib.Path(sys.argv[1])) as relay:
        try:
            run_scenarios([scenario(held, relay, name) for name in hostile()] + [(burst, relay)])
        except SystemExit as end:
            if end.code:
                raise
    return 0


sys.exit(main())
