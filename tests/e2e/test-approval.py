#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Outgoing mail that waits, on the real Postfix: for a superior's approval, or for its time; recalled or sent, each step on the chain. TAP.

usage: test-approval.py BUILD_DIR
"""
import importlib.util
import os
import pathlib
import shutil
import socket
import sys
import tempfile

import samples
from relay import TOP, Relay, free_port, run_scenarios, wait_for
from samples import COLLEAGUE, OUTSIDER, STAFF

spec = importlib.util.spec_from_file_location("release", TOP / "tests/e2e/test-release.py")
release = importlib.util.module_from_spec(spec)
spec.loader.exec_module(release)
as_user, good, chain, state, verified = release.as_user, release.good, release.chain, release.state, release.verified

SENDER, CHIEF, DEPUTY, OTHER, STRANGER = range(20011, 20016)
ACCOUNTS = f"""{SENDER} reviewer,approver * mail={STAFF}
{CHIEF} approver @city.example.lg.jp mail={COLLEAGUE}
{DEPUTY} approver @city.example.lg.jp mail=dairi@city.example.lg.jp
{OTHER} reviewer,approver * mail=other@city.example.lg.jp
"""
RULES = f"""
  - id: attachment-leaves
    on: message
    when: {{direction: outbound, attachments: {{over: 0}}}}
    then: {{action: approve, approvers: [{COLLEAGUE}, dairi@city.example.lg.jp]}}
    ja: 庁外へ添付ファイルを送るには、上司の承認が要ります。
    en: A file that leaves needs the approval of a superior.
  - id: words
    on: message
    when: {{direction: outbound, subject: "*confidential*"}}
    then: approve
    ja: 件名に「confidential」があるため、承認が要ります。
    en: The subject says confidential, so it needs an approval.
  - id: my-number
    on: message
    when: {{direction: outbound, my-number: true}}
    then: approve
    ja: 個人番号と見られる数字があるため、承認が要ります。
    en: There seems to be an individual number in it, so it needs an approval.
  - id: late
    on: message
    when: {{direction: outbound, subject: "*slow*"}}
    then: {{action: delay, for: 1h}}
    ja: 一時間後に送ります。
    en: It is sent in an hour.
  - id: soon
    on: message
    when: {{direction: outbound, subject: "*soon*"}}
    then: {{action: delay, for: 2s}}
    ja: 二秒後に送ります。
    en: It is sent in two seconds.
"""
NUMBER = iter(range(1000))


def letter(subject, attachment=False, to=OUTSIDER, text="Good day.\n"):
    message = samples.head(subject, STAFF, to)
    message.set_content(text)
    if attachment:
        message.add_attachment("a,b\n1,2\n", subtype="csv", filename="list.csv")
    message.replace_header("Message-ID", f"<approval{next(NUMBER)}@city.example.lg.jp>")
    return message.as_bytes()


def submit(relay, message, to=OUTSIDER):
    """By an inside sender; the item's id, what notice came to whom."""
    before = len(relay.sink.messages)
    assert relay.send(message, STAFF, to, client="10.1.2.3")[0] == 250
    sender, recipients, notice = relay.next_mail(before)
    record = relay.mugaid.records()[-1]
    assert record["action"] == "hold" and sender == "<>" and b"X-Mugai-Notice: held" in notice, (record["action"], sender, record["reasons"])
    return record["quarantine_id"], sorted(recipients)


def refused(done, words):
    assert done.returncode == 77 and words in done.stderr, (done.returncode, done.stdout, done.stderr)


def steps(relay, item):
    return [(line["kind"], line["actor"]) for line in chain(relay) if line["body"].get("item") == item]


def approved_by_superior(relay):
    """held, told to sender and approvers; not approved by its sender nor by who is no approver; then it goes as it was, once"""
    message = letter("list of names", attachment=True)
    item, told = submit(relay, message, [OUTSIDER, "jiro@other.example.net"])
    assert told == sorted(f"<{address}>" for address in (STAFF, COLLEAGUE, "dairi@city.example.lg.jp")), told
    assert state(relay, item) == "requested"
    before = len(relay.sink.messages)
    refused(as_user(relay, SENDER, "approve", item, "--reason", "mine"), b"who sent the mail")
    refused(as_user(relay, OTHER, "approve", item, "--reason", "me"), b"none of them")
    refused(as_user(relay, STRANGER, "approve", item, "--reason", "me"), b"not for the role")
    for uid in (SENDER, OTHER, None):
        assert as_user(relay, uid, "release", item).returncode == 77, uid
    assert len(relay.sink.messages) == before, "nothing has left"
    good(as_user(relay, DEPUTY, "approve", item, "--reason", "課長不在のため代理"))
    wait_for(lambda: len(relay.sink.messages) == before + 2, 60, "both recipients' mails")
    got = relay.sink.messages[before:]
    assert sorted(to for _, tos, _ in got for to in tos) == sorted(f"<{to}>" for to in (OUTSIDER, "jiro@other.example.net")), got
    assert all(sender == f"<{STAFF}>" and data.endswith(message) for sender, _, data in got), got
    assert state(relay, item) == "done"
    assert as_user(relay, CHIEF, "approve", item, "--reason", "again").returncode == 77
    kinds = [kind for kind, _ in steps(relay, item)]
    assert kinds.count("act-refused") >= 6 and [kind for kind in kinds if kind != "act-refused"] == [
        "release-approve", "release-queue", "release-redeem", "release-result", "release-redeem", "release-result"], kinds
    assert ("release-approve", f"uid:{DEPUTY}") in steps(relay, item)
    verified(relay)


def refused_by_superior(relay):
    """what the approver refuses is not sent; nor is what nobody decides on"""
    item, told = submit(relay, letter("confidential"))
    assert told == [f"<{STAFF}>"], told
    before = len(relay.sink.messages)
    good(as_user(relay, CHIEF, "refuse", item, "--reason", "宛先が違う"))
    assert state(relay, item) == "refused"
    assert as_user(relay, OTHER, "release", item).returncode == 77
    waiting, _ = submit(relay, letter("confidential too"))
    before = len(relay.sink.messages)
    good(relay.mugaid.mugai("flow", "send-due", "--config", relay.mugaid.config))
    assert state(relay, waiting) == "requested" and len(relay.sink.messages) == before


def recalled(relay):
    """its sender, and nobody else without a role, takes back what waits; then nobody can release it"""
    for subject, before_state in (("confidential, my mistake", "requested"), ("slow, wrong address", "delayed")):
        item, _ = submit(relay, letter(subject))
        before = len(relay.sink.messages)
        assert state(relay, item) == before_state
        refused(recall(relay, STRANGER, item), b"did not send it")
        good(recall(relay, SENDER, item))
        assert state(relay, item) == "recalled"
        refused(recall(relay, SENDER, item), b"too late")
        assert as_user(relay, CHIEF, "approve", item, "--reason", "x").returncode == 77
        refused(as_user(relay, OTHER, "request", item, "--reason", "x"), b"recalled")
        assert as_user(relay, OTHER, "release", item).returncode == 77
        assert len(relay.sink.messages) == before
        line = next(line for line in chain(relay) if line["kind"] == "recall" and line["body"]["item"] == item)
        assert line["actor"] == f"uid:{SENDER}" and line["body"]["before"] == before_state and line["body"]["reason"] == "宛先の誤り", line
    verified(relay)


def recall(relay, uid, item):
    environment = dict(os.environ, SUDO_UID=str(uid))
    return relay.mugaid.mugai("flow", "recall", item, "--reason", "宛先の誤り", "--config", relay.mugaid.config, env=environment)


def my_number(relay):
    """an individual number in the text waits for an approval, whatever way it is written; other long numbers do not"""
    for number in ("123456789018", "1234-5678-9018", "１２３４　５６７８　９０１８"):
        submit(relay, letter("number", text=f"番号は{number}です。\n"))
        assert relay.mugaid.records()[-1]["reasons"][0]["rule"] == "my-number", number
    for number in ("123456789012", "1234-5678-9018-3456", "0123456789018", "1234-56789018"):
        before = len(relay.sink.messages)
        assert relay.send(letter("number", text=f"番号は{number}です。\n"), STAFF, OUTSIDER, client="10.1.2.3")[0] == 250
        relay.next_mail(before)
        assert relay.mugaid.records()[-1]["action"] == "deliver", number


def delayed(relay):
    """a delay ends by itself: sent once, as it was, and not before; a reviewer cannot shorten it; then it is too late to recall"""
    slow, _ = submit(relay, letter("slow"))
    message = letter("soon")
    item, told = submit(relay, message)
    before = len(relay.sink.messages)
    assert told == [f"<{STAFF}>"], told
    refused(as_user(relay, OTHER, "release", slow), b"may still recall")

    def sent():
        good(as_keeper(relay, "flow", "send-due"))
        return state(relay, item) == "done"

    wait_for(sent, 60, "the end of the delay")
    sender, recipients, data = relay.next_mail(before)
    assert sender == f"<{STAFF}>" and recipients == [f"<{OUTSIDER}>"] and data.endswith(message), (sender, recipients, data)
    assert sent() and len(relay.sink.messages) == before + 1 and state(relay, slow) == "delayed"
    refused(recall(relay, SENDER, item), b"too late")
    other, _ = submit(relay, letter("confidential"))  # what a person has to decide on is not the timer's
    for act in ("approve", "release", "recall"):
        assert as_keeper(relay, "quarantine", act, other, "--reason", "x").returncode == 77, act
    verified(relay)


def as_keeper(relay, *words):
    """As the timer does: the keeper's user, and no person behind it."""
    environment = {key: value for key, value in os.environ.items() if key != "SUDO_UID"}
    return relay.mugaid.mugai_as("mugai-keep", *words, "--config", relay.mugaid.config, env=environment)


def held_fast(relay):
    """a rule that holds is stronger than one that only waits: no release is opened for it"""
    message = letter("confidential").replace(b"Message-ID", b"Delivered-To: kacho@city.example.lg.jp\r\nMessage-ID", 1)
    item, _ = submit(relay, message)
    assert state(relay, item) == "held" and "awaits" not in relay.mugaid.records()[-1]
    virus = samples.eicar(STAFF, OUTSIDER)
    item, _ = submit(relay, virus)
    assert state(relay, item) == "held"
    assert as_user(relay, CHIEF, "approve", item, "--reason", "x").returncode == 77


def policy(folder):
    shutil.copytree(TOP / "policy", folder, ignore=shutil.ignore_patterns("tests"))  # its cases are of the shipped rules
    path = folder / "default.yaml"
    text = path.read_text()
    mark = "  # 読む道具によって中身が変わるメール"
    assert mark in text
    path.write_text(text.replace(mark, RULES + "\n" + mark, 1))
    for part in [folder, *folder.rglob("*")]:
        part.chmod(0o755 if part.is_dir() else 0o644)
    return path


def main():
    if shutil.which("postfix") is None:
        print("1..0 # SKIP postfix is not installed")
        return
    if os.geteuid() != 0:
        print("1..0 # SKIP root plays the people and the MTA")
        return
    if pathlib.Path("/proc/self/loginuid").read_text().strip() not in ("4294967295", ""):
        print("1..0 # SKIP this session has a login uid: nobody else can be played")
        return
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mugai-approval-"))
    folder.chmod(0o755)
    port = free_port()
    try:
        relay = Relay(sys.argv[1], policy=policy(folder / "policy"), more=f"release_listener: 127.0.0.1:{port}\naccounts: accounts\n")
        relay.release_port = port
        (relay.folder / "accounts").write_text(ACCOUNTS)
        with open(relay.postfix.etc / "master.cf", "a") as services:
            services.write(release.LISTENER.format(port=port))
        relay.postfix.command("reload")
        wait_for(lambda: not socket.socket().connect_ex(("127.0.0.1", port)), 30, "the release listener")
        with relay:
            scenarios = [approved_by_superior, refused_by_superior, recalled, my_number, delayed, held_fast]
            chosen = [each for each in scenarios if len(sys.argv) < 3 or each.__name__ in sys.argv[2:]]
            run_scenarios([(each, relay) for each in chosen])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
