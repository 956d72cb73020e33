#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Changing the serving policy: real Postfix, mugaid, the tools an officer uses. TAP.

usage: test-reload.py BUILD_DIR

Two policies that differ in a header they add show which one decided a mail; its record has to name the same.
"""
import concurrent.futures
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from relay import INSIDE, TOP, Relay, run_scenarios, wait_for

RELOADS = 100
CITIZEN, STAFF = "shimin@example.com", "kakari@city.example.lg.jp"
MARK = """  - id: mark
    on: message
    when: {direction: inbound}
    then:
      add_header: {name: X-Mugai-Turn, value: %s}
    ja: 試験の印
    en: mark of the test
"""
EMERGENCY = """exceptions:
  - id: saigai
    rule: look-alike
    scope: {recipient: x@gmai.com}
    reason: 災害対応
    approved_by: 当直
    since: %s
    until: %s
    emergency: true
"""


def policies(folder):
    """The shipped policy in a folder of its own, and two that mark mails, beside it."""
    shutil.copytree(TOP / "policy", folder / "policy")
    text = (folder / "policy" / "default.yaml").read_text()
    for turn in ("a", "b"):
        (folder / "policy" / f"{turn}.yaml").write_text(text.replace("\nrules:\n", "\nrules:\n" + MARK % turn, 1))
    return folder / "policy"


def lines(relay, *kinds):
    """Lines of the audit chain of these kinds, oldest first."""
    found = []
    for segment in sorted(relay.mugaid.audit.glob("*.jsonl")):
        found += [json.loads(line) for line in segment.read_text().splitlines() if line.endswith("}")]
    return [line for line in found if line["kind"] in kinds]


def ask(relay, **question):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as asking:
        asking.connect(str(next(relay.mugaid.run.glob("control*"))))
        asking.send(json.dumps(question).encode())
        return json.loads(asking.recv(200000))


def tool(relay, *words, plain=False):
    environment = {**os.environ, "LC_ALL": "C"}
    return subprocess.run([str(relay.mugaid.build / "mugai"), "policy", *map(str, words), *([] if plain else ["--config", str(relay.mugaid.config)])],
                          capture_output=True, text=True, stdin=subprocess.DEVNULL, env=environment)


def version(relay):
    return relay.mugaid.status()["policy"]["version"]


def mail(number):
    return (f"From: {CITIZEN}\r\nTo: {STAFF}\r\nSubject: turn {number}\r\nMessage-ID: <{number}@example.com>\r\n\r\n"
            f"mail {number}\r\n").encode()


def reloaded_often(relay, policy):
    """100 reloads under load: no mail lost, none told to try later, each record names the policy that decided it"""
    installed = policy / "default.yaml"
    texts = {turn: (policy / f"{turn}.yaml").read_text() for turn in ("a", "b")}
    over, codes = threading.Event(), []

    def push(worker):
        number = 0
        while not over.is_set():
            number += 1
            codes.append(relay.send(mail(f"{worker}-{number}"), CITIZEN, STAFF))

    versions = {}
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        pushing = [pool.submit(push, worker) for worker in range(3)]
        try:
            for turn in range(RELOADS):
                name = "ab"[turn % 2]
                new = policy / "new.part"
                new.write_text(texts[name])
                new.replace(installed)
                answer = ask(relay, do="reload", what="policy")
                assert answer["ok"], answer
                versions[answer["policy"]] = name
                wait_for(lambda: all(front["policy"] == answer["policy"] for front in relay.mugaid.status()["fronts"])
                         if turn % 10 == 0 else True, 30, "the fronts' policy")
        finally:
            over.set()
        for worker in pushing:
            worker.result(60)
    assert len(versions) == 2 and len(codes) > 20, (versions, len(codes))
    assert all(code == 250 for code, _ in codes), [one for one in codes if one[0] != 250][:5]
    wait_for(lambda: len(relay.sink.messages) >= len(codes), 60, "all mails at the sink")
    assert len(relay.sink.messages) == len(codes), (len(relay.sink.messages), len(codes))
    records = {record["subject"]: record for record in relay.mugaid.records()}
    seen = set()
    for _, _, data in relay.sink.messages:
        head = dict(line.split(": ", 1) for line in data.decode().split("\r\n\r\n")[0].replace("\r\n ", " ").split("\r\n")
                    if ": " in line)
        name = versions[records[head["Subject"]]["policy"]["version"]]
        assert head["X-Mugai-Turn"] == name, (head, name)
        seen.add(name)
    assert seen == {"a", "b"}, seen
    print(f"# {RELOADS} reloads, {len(codes)} mails")


def chain_of_loads(relay, _):
    """each load is on the chain: by whom, from which version to which, and what it changes"""
    wait_for(lambda: len(lines(relay, "policy-load")) >= RELOADS, 60, "the acts on the chain")
    loads = lines(relay, "policy-load")
    assert len(loads) == RELOADS, len(loads)
    serving = lines(relay, "start")[0]["body"]["version"]
    for load in loads:
        body = load["body"]
        assert load["actor"] not in ("", "mugaid"), load
        assert body["before"] == serving, (body["before"], serving)
        assert [change["name"] for change in body["changes"]] == ["mark"] and body["more_changes"] == 0, body
        serving = body["version"]
    relay.mugaid.process.send_signal(signal.SIGHUP)
    wait_for(lambda: len(lines(relay, "policy-load")) == RELOADS + 1, 30, "SIGHUP's act")
    again = lines(relay, "policy-load")[-1]
    assert again["body"]["changes"] == [] and again["actor"] == loads[0]["actor"], again


def own_cases_refuse(relay, policy):
    """a policy whose own cases fail is not loaded: the old one serves on, its file untouched"""
    before, text = version(relay), (policy / "default.yaml").read_text()
    (policy / "bad.yaml").write_text((policy / "a.yaml").read_text())
    (policy / "tests" / "bad.yaml").write_text("- name: 届くはずのないメール\n  facts: {direction: inbound}\n"
                                               "  expect: {action: refuse}\n")
    done = tool(relay, "load", policy / "bad.yaml", "--yes")
    assert done.returncode == 78, (done.returncode, done.stdout, done.stderr)
    assert "届くはずのないメール" in done.stderr + done.stdout, done.stderr
    assert version(relay) == before and (policy / "default.yaml").read_text() == text


def loaded_and_rolled_back(relay, policy):
    """load shows the difference and installs; rollback HASH goes back; mails are decided by what serves"""
    start = version(relay)
    done = tool(relay, "load", policy / "a.yaml", "--yes")
    assert done.returncode == 0, (done.stdout, done.stderr)
    first = version(relay)
    assert first != start, (first, done.stdout)
    assert first[:12] in tool(relay, "check", policy / "a.yaml", plain=True).stdout  # a draft's version is the installed one's
    done = tool(relay, "load", policy / "b.yaml", "--yes")
    assert done.returncode == 0 and "mark" in done.stdout, (done.stdout, done.stderr)
    assert version(relay) != first
    done = tool(relay, "rollback", first[:12], "--yes")
    assert done.returncode == 0 and version(relay) == first, (done.stdout, done.stderr)
    before = len(relay.sink.messages)
    sent = relay.send(mail("rolled-back"), CITIZEN, STAFF)
    assert sent[0] == 250, sent
    _, _, data = relay.next_mail(before)
    assert b"X-Mugai-Turn: a" in data, data
    record = next(one for one in relay.mugaid.records() if one["subject"] == "turn rolled-back")
    assert record["policy"]["version"] == first, (record["policy"], first)
    done = tool(relay, "rollback", "0123456789ab", "--yes")
    assert done.returncode == 66 and version(relay) == first, done


def tried_beside(relay, _):
    """a policy tried beside the serving one changes nothing; shadow says how many mails, and how, would have fared differently"""
    done = tool(relay, "shadow", TOP / "policy/beta.yaml", "--yes")
    assert done.returncode == 0, (done.stdout, done.stderr)

    def tried():
        return (json.loads(tool(relay, "shadow", "--since", "1h", "--json").stdout) or [{"mails": 0}])[0]

    def reached():  # both fronts: each has its own connection from Postfix
        for _ in range(4):
            assert relay.send(mail("first"), CITIZEN, STAFF)[0] == 250
        return tried()["mails"] >= 4

    wait_for(reached, 30, "the fronts to try it")
    start = tried()
    assert relay.send(mail("tried-inside"), STAFF, STAFF, client=INSIDE)[0] == 250
    assert relay.send(mail("tried"), CITIZEN, STAFF)[0] == 250
    end = tried()
    assert (end["mails"] - start["mails"], end["differ"] - start["differ"]) == (2, 1), (start, end)
    assert [(row["part"], row["was"], row["is"]) for row in end["changes"]] == [(True, "text", "keep")], end
    record = next(one for one in relay.mugaid.records() if one["subject"] == "turn tried")
    assert end["changes"][0]["latest"] == record["id"] and record["ceiling"] == "text", (end, record["ceiling"])
    assert record["policy"]["version"] != end["policy"] and tool(relay, "shadow", "--off").returncode == 0, end


def emergency(relay, policy):
    """an emergency exception: alarm and open item until another person's approval is on the chain, over restarts"""
    def alarms():
        return {alarm["code"] for alarm in relay.mugaid.status()["alarms"]}

    def open_items():
        return [one["id"] for one in json.loads(tool(relay, "exceptions", "--json").stdout) if one.get("open")]

    def moment(hours):  # in the city's zone
        return time.strftime("%Y-%m-%dT%H:%M", time.gmtime(time.time() + (hours + 9) * 3600))

    text = (policy / "a.yaml").read_text().replace("\nexceptions: []\n", "\n" + EMERGENCY % (moment(-1), moment(24)))
    (policy / "urgent.yaml").write_text(text)
    done = tool(relay, "load", policy / "urgent.yaml", "--yes")
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert "emergency-exception" in alarms() and open_items() == ["saigai"], (alarms(), open_items())
    assert "--close saigai" in tool(relay, "exceptions").stdout
    wait_for(lambda: lines(relay, "exception-open"), 30, "the open item on the chain")
    relay.mugaid.stop()
    relay.mugaid.start()
    wait_for(lambda: "emergency-exception" in alarms(), 30, "the alarm after a restart")
    assert open_items() == ["saigai"] and len(lines(relay, "exception-open")) == 1

    assert tool(relay, "exceptions", "--close", "saigai").returncode == 64
    same = tool(relay, "exceptions", "--close", "saigai", "--report", "済", "--approved-by", " 当直 ")
    assert same.returncode == 77 and "another person" in same.stderr, same
    assert tool(relay, "exceptions", "--close", "nothing", "--report", "x", "--approved-by", "y").returncode == 77
    assert open_items() == ["saigai"] and not lines(relay, "exception-close")
    done = tool(relay, "exceptions", "--close", "saigai", "--report", "救援物資の連絡3通", "--approved-by", "情報政策課長")
    assert done.returncode == 0, done.stderr
    assert open_items() == [] and "emergency-exception" not in alarms()
    closed = wait_for(lambda: lines(relay, "exception-close"), 30, "report and approval on the chain")[0]
    assert closed["body"]["report"] == "救援物資の連絡3通" and closed["body"]["approved_by"] == "情報政策課長", closed
    assert closed["body"]["exception"]["id"] == "saigai" and closed["actor"] not in ("", "mugaid"), closed

    relay.mugaid.stop()
    relay.mugaid.start()
    assert open_items() == [] and "emergency-exception" not in alarms()


def relays_and_limits(relay, policy):
    """Authentication-Results of a relay that the policy trusts stay, others' do not; limits of mugai.yaml reach the worker"""
    text = (policy / "a.yaml").read_text()
    (policy / "trusting.yaml").write_text(text.replace("organisation:\n", "organisation:\n  trusted_relays: [gw.city.example.lg.jp]\n", 1))
    results = ("Authentication-Results: gw.city.example.lg.jp; spf=pass smtp.mailfrom=example.com\r\n"
               "Authentication-Results: mx.evil.example; dkim=pass\r\n").encode()
    for name, kept in (("a", False), ("trusting", True)):
        done = tool(relay, "load", policy / f"{name}.yaml", "--yes")
        assert done.returncode == 0, (done.stdout, done.stderr)
        before = len(relay.sink.messages)
        assert relay.send(results + mail(name), CITIZEN, STAFF)[0] == 250
        _, _, data = relay.next_mail(before)
        assert (b"gw.city.example.lg.jp; spf=pass" in data) == kept and b"evil" not in data, (name, data)

    inner = b"".join(b"--b\r\n\r\npart %d\r\n" % i for i in range(12)) + b"--b--\r\n"
    many = (b"From: a@example.com\r\nSubject: parts\r\nMIME-Version: 1.0\r\n"
            b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + inner)
    assert relay.send(many, CITIZEN, STAFF)[0] == 250
    assert relay.mugaid.records()[-1]["action"] == "deliver"
    relay.mugaid.stop()
    relay.mugaid.config.write_text(relay.mugaid.config.read_text() + "read_parts: 10\n")
    relay.mugaid.start()
    relay.send(many.replace(b": parts", b": too many"), CITIZEN, STAFF)
    record = next(one for one in relay.mugaid.records() if one["subject"] == "too many")
    assert record["action"] == "hold" and len(record["parts"]) <= 10, record


def ends(relay, policy):
    """exceptions are reported before their end and after it"""
    def alarm(code):
        return next((one["text"] for one in relay.mugaid.status()["alarms"] if one["code"] == code), "")

    soon = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 3 * 86400))
    one = "  - {id: %s, rule: look-alike, scope: {client: 192.0.2.1}, reason: x, approved_by: y, until: %s}\n"
    text = (policy / "a.yaml").read_text().replace("\nexceptions: []\n", "\nexceptions:\n" + one % ("near", soon)
                                                   + one % ("past", "2026-01-31") + one % ("far", "2099-03-31"))
    (policy / "ends.yaml").write_text(text)
    done = tool(relay, "load", policy / "ends.yaml", "--yes")
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert f"near ({soon})" in alarm("exception-ends-soon") and "far" not in alarm("exception-ends-soon")
    assert "past (2026-01-31)" in alarm("exception-ended") and "near" not in alarm("exception-ended")


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mugai-reload-"))
    folder.chmod(0o755)
    try:
        policy = policies(folder)
        with Relay(build, policy=policy / "default.yaml") as relay:
            run_scenarios([(scenario, relay, policy) for scenario in (reloaded_often, chain_of_loads, own_cases_refuse,
                                                                     loaded_and_rolled_back, tried_beside, emergency,
                                                                     relays_and_limits, ends)])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


main()
