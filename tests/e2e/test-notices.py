#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Our own notices on the real Postfix: so many a day, the rest as one digest; and one that comes by again is known for ours. TAP.

usage: test-notices.py BUILD_DIR
"""
import email
import email.policy
import importlib.util
import os
import pathlib
import shutil
import signal
import sys
import tempfile

import samples
from relay import OUTSIDE, TOP, Relay, free_port, run_scenarios, wait_for
from samples import CITIZEN, COLLEAGUE, OUTSIDER, STAFF

spec = importlib.util.spec_from_file_location("release", TOP / "tests/e2e/test-release.py")
release = importlib.util.module_from_spec(spec)
spec.loader.exec_module(release)
INSIDE, MAX_HELD = "10.1.2.3", 20  # MUGAI_NOTICE_MAX_HELD
NUMBER = iter(range(1000))


def forwarded(box=STAFF):
    """A citizen's mail that @box's rule sends on to an outside mail box."""
    message = samples.head(f"letter {next(NUMBER)}", CITIZEN, box)
    message.set_content("Good day.\n")
    message.replace_header("Message-ID", f"<notices{next(NUMBER)}@mail.example.com>")
    return f"Delivered-To: {box}\r\n".encode() + message.as_bytes(policy=email.policy.SMTP)


def ambiguous(to):
    """Held whole: two boundaries."""
    return (f"From: {CITIZEN}\r\nTo: {to}\r\nSubject: odd {next(NUMBER)}\r\nDate: Sat, 21 Nov 2026 10:00:00 +0900\r\n"
            f"Message-ID: <odd{next(NUMBER)}@mail.example.com>\r\nMIME-Version: 1.0\r\n"
            "Content-Type: multipart/mixed; boundary=a; boundary=b\r\n\r\n--a\r\n\r\none\r\n--a--\r\n--b\r\n\r\ntwo\r\n--b--\r\n").encode()


def send(relay, message, sender, to, client=INSIDE):
    """Accepted; its record."""
    code, text = relay.send(message, sender, to, client=client)
    assert code == 250, (code, text)
    return relay.mugaid.records()[-1]


def as_keeper(relay, *words):
    environment = {key: value for key, value in os.environ.items() if key != "SUDO_UID"}
    done = relay.mugaid.mugai_as("mugai-keep", *words, "--config", relay.mugaid.config, env=environment)
    assert done.returncode == 0, (done.stdout, done.stderr)


def parsed(data):
    return email.message_from_bytes(data, policy=email.policy.default)


def settled(relay):
    """All mails, when Postfix has none left: one sent now has arrived, too."""
    before = len(relay.sink.messages)
    send(relay, samples.internal(), STAFF, COLLEAGUE)
    wait_for(lambda: any(COLLEAGUE in str(to) for _, to, _ in relay.sink.messages[before:]), 60, "the last mail")
    wait_for(lambda: not relay.postfix.queue(), 60, "an empty queue")
    return relay.sink.messages[:]


def get_notice(relay, box):
    before = len(relay.sink.messages)
    record = send(relay, ambiguous(box), CITIZEN, box, OUTSIDE)
    assert record["action"] == "hold" and record["notices"]["sent"] == [box], record.get("notices")
    sender, recipients, notice = relay.next_mail(before)
    assert sender == "<>" and recipients == [f"<{box}>"] and b"X-Mugai-Mark: " in notice
    return notice


def kill_keeper(relay):
    """What it knew is on the chain, where the next one finds it."""
    keeper = relay.mugaid.status()["keeper"]["pid"]
    os.kill(keeper, signal.SIGKILL)
    wait_for(lambda: (relay.mugaid.status() or {}).get("keeper", {}).get("pid") not in (keeper, 0, None), 60, "another keeper")


def once_a_day(relay):
    """a forwarding mail box is told once a day; the rest is one digest, also after kill -9; the mails are all kept"""
    before = len(relay.sink.messages)
    first = send(relay, forwarded(), CITIZEN, OUTSIDER)
    _, told, notice = relay.next_mail(before)
    assert told == [f"<{STAFF}>"] and first["reasons"][0]["rule"] == "auto-forward", (told, first["reasons"])
    others = [send(relay, forwarded(), CITIZEN, OUTSIDER) for _ in range(3)]
    kill_keeper(relay)
    others.append(send(relay, forwarded(), CITIZEN, OUTSIDER))
    assert all(record["notices"] == {"forwarded": True, "sent": [], "withheld": [STAFF]} for record in others), others
    assert all(record["quarantine_id"] == record["id"] and record["action"] == "hold" for record in others)
    assert sorted(to for _, to, _ in settled(relay)[before:]) == [[f"<{COLLEAGUE}>"], [f"<{STAFF}>"]]
    before = len(relay.sink.messages)
    as_keeper(relay, "flow", "send-due")  # the day is not over
    as_keeper(relay, "flow", "digest")
    sender, told, digest = relay.next_mail(before)
    text = parsed(digest).get_content()
    assert sender == "<>" and told == [f"<{STAFF}>"] and parsed(digest)["X-Mugai-Notice"] == "digest", digest
    assert all(record["id"] in text and record["subject"] in text for record in others) and first["id"] not in text, text
    assert "まとめて" in text and "summary" in text and f"{len(others)} mails held" in parsed(digest)["Subject"], text
    as_keeper(relay, "flow", "digest")
    assert len(settled(relay)) == before + 2, "one digest"
    kill_keeper(relay)
    as_keeper(relay, "flow", "digest")
    again = send(relay, forwarded(), CITIZEN, OUTSIDER)
    assert again["notices"]["withheld"] == [STAFF] and len(settled(relay)) == before + 3, again["notices"]


def limit_of_held(relay):
    """held mails: so many notices a day to one mail box, none of them to another's cost"""
    box, before = "many@city.example.lg.jp", len(relay.sink.messages)
    for _ in range(MAX_HELD):
        assert send(relay, ambiguous(box), CITIZEN, box, OUTSIDE)["notices"]["sent"] == [box]
    both = send(relay, ambiguous(box), CITIZEN, [box, COLLEAGUE], OUTSIDE)
    assert both["notices"] == {"forwarded": False, "sent": [COLLEAGUE], "withheld": [box]}, both["notices"]
    told = [to for _, tos, _ in settled(relay)[before:] for to in tos]
    assert told.count(f"<{box}>") == MAX_HELD and told.count(f"<{COLLEAGUE}>") == 2, told


def comes_by_again(relay):
    """a notice that a mail box sends on inside passes as it is, marks of its way and all"""
    notice = get_notice(relay, "again@city.example.lg.jp")
    before = len(relay.sink.messages)
    travelled = b"Delivered-To: again@city.example.lg.jp\r\nX-Sieve: x\r\n" + notice
    record = send(relay, travelled, "<>", COLLEAGUE)
    assert record["reasons"][0]["rule"] == "own-notice" and not record["changed"] and record["action"] == "deliver", record["reasons"]
    _, _, got = relay.next_mail(before)
    assert got.endswith(notice), got


def never_leaves(relay):
    """a notice that a mail box sends on to outside stays here, and makes no notice of its own"""
    notice = get_notice(relay, "leaks@city.example.lg.jp")
    before = len(relay.sink.messages)
    record = send(relay, notice, "leaks@city.example.lg.jp", OUTSIDER)
    assert record["action"] == "hold" and record["reasons"][0]["rule"] == "own-notice" and record["quarantine_id"], record
    assert record["notices"]["withheld"] == ["leaks@city.example.lg.jp"], record["notices"]
    mixed = send(relay, notice, "<>", [OUTSIDER, STAFF])
    assert [r["action"] for r in mixed["recipients"]] == ["hold", "deliver"], mixed["recipients"]
    assert sorted(to for _, to, _ in settled(relay)[before:]) == [[f"<{COLLEAGUE}>"], [f"<{STAFF}>"]]


def forged(relay):
    """a mark on another body, another header, a mark of nobody, two marks, a true one from outside: they count for nothing"""
    notice, other = (get_notice(relay, f"forged{i}@city.example.lg.jp") for i in range(2))
    head, body = notice.split(b"\r\n\r\n", 1)
    mark = next(line for line in head.split(b"\r\n") if line.startswith(b"X-Mugai-Mark: "))
    other_mark = next(line for line in other.split(b"\r\n") if line.startswith(b"X-Mugai-Mark: "))
    subject = next(line for line in head.split(b"\r\n") if line.startswith(b"Subject: "))
    for what, forgery in (("body", head + b"\r\n\r\n" + body.replace(b"\r\n", b"AA==\r\n", 1)),
                          ("subject", notice.replace(subject, b"Subject: pay here", 1)),
                          ("reply-to", b"Reply-To: evil@mail.example.com\r\n" + notice),
                          ("another's", notice.replace(mark, other_mark)),
                          ("invented", notice.replace(mark, b"X-Mugai-Mark: " + b"0" * 64)),
                          ("two", mark + b"\r\n" + notice),
                          ("one more part", notice.replace(b"MIME-Version: 1.0", b"MIME-Version: 1.0\r\nContent-Type: text/html", 1))):
        before = len(relay.sink.messages)
        record = send(relay, forgery, CITIZEN, STAFF, OUTSIDE)
        rules = [reason["rule"] for reason in record["reasons"]]
        assert "own-notice" not in rules and record["changed"], (what, rules)
        _, _, got = relay.next_mail(before)
        assert mark not in got or record["action"] == "hold", what
        before = len(relay.sink.messages)
        inside = send(relay, forgery, STAFF, COLLEAGUE)
        assert "own-notice" not in [reason["rule"] for reason in inside["reasons"]], what
        relay.next_mail(before)
    record = send(relay, b"X-Note: <script>\r\n" + notice, CITIZEN, STAFF, OUTSIDE)  # a true one, with a stranger's words before it
    assert record["ceiling"] == "text" and record["changed"] and "own-notice" not in [reason["rule"] for reason in record["reasons"]], record["reasons"]


def policy_for_all(folder):
    """The shipped policy where the keeper's user can read it, too: the checkout may be closed to others."""
    folder.chmod(0o755)
    return shutil.copytree(TOP / "policy", folder / "policy") / "default.yaml"


def main():
    if shutil.which("postfix") is None or os.geteuid() != 0:
        print("1..0 # SKIP it needs postfix, and root to run it")
        return
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="mugai-notices-") as folder, \
            Relay(sys.argv[1], policy=policy_for_all(pathlib.Path(folder)), more=f"release_listener: 127.0.0.1:{port}\n") as relay:
        with open(relay.postfix.etc / "master.cf", "a") as services:
            services.write(release.LISTENER.format(port=port))
        relay.postfix.command("reload")
        run_scenarios([(scenario, relay) for scenario in (once_a_day, limit_of_held, comes_by_again, never_leaves, forged)])


if __name__ == "__main__":
    main()
