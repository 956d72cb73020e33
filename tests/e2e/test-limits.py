#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The named limits of a front on the real Postfix: over each the sender is told 451 4.3.2, and is served once there is room. TAP.

usage: test-limits.py BUILD_DIR
"""
import os
import signal
import smtplib
import sys
import threading

import samples
from relay import OUTSIDE, Relay, run_scenarios, wait_for
from samples import CITIZEN, STAFF


def busy(code, text):
    return code == 451 and "4.3.2" in text


def begin(relay):
    """A connection with a mail begun."""
    smtp = smtplib.SMTP("127.0.0.1", relay.postfix.port, timeout=60)
    smtp.ehlo("client.example.com")
    assert smtp.docmd("XCLIENT", f"ADDR={OUTSIDE} NAME=client.example.com")[0] == 220
    smtp.ehlo("client.example.com")
    assert smtp.mail(CITIZEN)[0] == 250
    return smtp


def arrives(relay):
    before = len(relay.sink.messages)
    code, text = relay.send(samples.newsletter(), CITIZEN, STAFF)
    assert code == 250, (code, text)
    relay.next_mail(before)


def sessions(relay):
    """max_sessions: one session more is told to try later; served when another has gone"""
    with begin(relay), begin(relay):
        code, text = relay.send(samples.newsletter(), CITIZEN, STAFF)
        assert busy(code, text), (code, text)
    wait_for(lambda: relay.mugaid.status()["counters"]["sessions"] == 0, 20, "the sessions' end")
    arrives(relay)


def spool(relay):
    """max_spool: bytes beyond what one front may hold are told to try later; the next small mail is served"""
    code, text = relay.send(samples.large(6_000_000), CITIZEN, STAFF)
    assert busy(code, text), (code, text)
    wait_for(lambda: relay.mugaid.status()["counters"]["spool_bytes"] == 0, 20, "an empty spool")
    arrives(relay)


def waiting(relay):
    """max_waiting: with every worker at work and one mail waiting, the next is told to try later; all others arrive"""
    before, replies = len(relay.sink.messages), []
    worker = only_worker(relay)
    os.kill(worker, signal.SIGSTOP)
    try:
        senders = [threading.Thread(target=lambda: replies.append(relay.send(samples.newsletter(), CITIZEN, STAFF))) for _ in range(3)]
        for sender in senders[:2]:
            sender.start()
        wait_for(lambda: relay.mugaid.status()["counters"]["waiting"] >= 1, 20, "a waiting mail")
        senders[2].start()
        wait_for(lambda: replies, 20, "the third one's answer")
        assert busy(*replies[0]), replies
    finally:
        os.kill(worker, signal.SIGCONT)
    for sender in senders:
        sender.join(60)
    assert sorted(code for code, _ in replies) == [250, 250, 451], replies
    wait_for(lambda: len(relay.sink.messages) == before + 2, 30, "the two others")


def only_worker(relay):
    zygote = relay.mugaid.status()["generations"][-1]["pid"]
    children = lambda: open(f"/proc/{zygote}/task/{zygote}/children").read().split()
    wait_for(lambda: len(children()) == 1, 20, "one worker")
    return int(children()[0])


def with_one_front(build):
    """As one list, because each limit needs a mugaid of its own."""
    def on(scenario, more):
        def run():
            with Relay(build, more=more, workers=1, fronts=1) as relay:
                scenario(relay)
        run.__doc__ = scenario.__doc__
        return (run,)
    return [on(sessions, "max_sessions: 2\n"), on(spool, "max_spool: 4MiB\n"), on(waiting, "max_waiting: 1\nwait: 30s\n")]


if __name__ == "__main__":
    run_scenarios(with_one_front(sys.argv[1]))
