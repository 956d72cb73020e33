#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Each sample mail through the real Postfix: delivered harmless, held or refused as the policy says. TAP.

usage: test-postfix.py BUILD_DIR
"""
import email
import email.policy
import hashlib
import json
import os
import pathlib
import shutil
import signal
import socket
import sys
import tempfile

import samples
from relay import INSIDE, TOP, Mugaid, Relay, run_scenarios, wait_for
from samples import CITIZEN, COLLEAGUE, OUTSIDER, STAFF

REVIEWERS = "mail-review@city.example.lg.jp"


def parse(data):
    return email.message_from_bytes(data, policy=email.policy.default)


def only_text(data):
    message = parse(data)
    kinds = {part.get_content_type() for part in message.walk()}
    assert kinds == {"text/plain"}, kinds
    return message, message.get_content()


def deliver(relay, data, sender, recipients, **how):
    before = len(relay.sink.messages)
    code, text = relay.send(data, sender, recipients, **how)
    assert code == 250, (code, text)
    return relay.next_mail(before)


def last_record(relay):
    return relay.mugaid.records()[-1]


def newsletter(relay):
    """an HTML newsletter arrives as text, with nothing active and nothing hidden"""
    _, _, data = deliver(relay, samples.newsletter(), CITIZEN, STAFF)
    message, text = only_text(data)
    assert message["Subject"] == "11月のお知らせ"
    assert "音楽会" in text and "催し" in text and "申込みはこちら" in text
    assert "隠れた前置き" not in text and "steal" not in text and "track.example.com" not in text
    assert b"<b>" not in data and "https://events" not in text


def japanese(relay):
    """ISO-2022-JP with vendor characters arrives readable, every character"""
    _, _, data = deliver(relay, samples.japanese(), CITIZEN, STAFF)
    message, text = only_text(data)
    assert message["Subject"] == "①申請の件", message["Subject"]
    assert "①申請書は㈱予算の髙橋まで" in text and "表も能力も十分です" in text, text


def spreadsheet(relay):
    """a spreadsheet stays in quarantine; the notice names it; the exported part has the recorded SHA-256"""
    _, _, data = deliver(relay, samples.spreadsheet(), CITIZEN, STAFF)
    _, text = only_text(data)
    record = last_record(relay)
    assert "予算書をお送りします" in text and "予算書①.xlsx" in text and record["quarantine_id"] in text, text
    part = next(part for part in record["parts"] if "予算書①.xlsx" in part["names"])
    exported = relay.mugaid.mugai("quarantine", "export", record["quarantine_id"], "--part", part["path"], "--config", relay.mugaid.config)
    assert exported.returncode == 0, exported.stderr
    digest = hashlib.sha256(exported.stdout).hexdigest()
    assert digest == part["sha256"] == hashlib.sha256(samples.spreadsheet_bytes()).hexdigest()


def what_the_gate_saw(relay):
    """what the sink got is what the gate approved, below the MTA's own trace"""
    _, _, data = deliver(relay, samples.spreadsheet(), CITIZEN, STAFF)
    record = last_record(relay)
    header, body = data.split(b"\r\n\r\n", 1)
    fields = header.split(b"\r\n")
    mails = [b"\r\n".join(fields[start:]) + b"\r\n\r\n" + body for start in range(len(fields))]
    candidates = {hashlib.sha256(mail[:len(mail) - cut]).hexdigest() for mail in mails for cut in (0, 2)}
    assert record["out"]["sha256"] in candidates, (record["out"], data[:900])


def eicar_inbound(relay):
    """a virus from outside never arrives; the text does, with a notice"""
    _, _, data = deliver(relay, samples.eicar(CITIZEN, STAFF), CITIZEN, STAFF)
    _, text = only_text(data)
    assert "請求書を添付します" in text and "ウイルス" in text, text
    assert any(part["scan"] == "infected" for part in last_record(relay)["parts"])


def eicar_outbound(relay):
    """a virus leaving us is held: nobody outside gets it, the sender is told"""
    sender, recipients, data = deliver(relay, samples.eicar(STAFF, OUTSIDER), STAFF, OUTSIDER, client=INSIDE)
    assert sender == "<>" and recipients == [f"<{STAFF}>"], (sender, recipients)
    message, text = only_text(data)
    assert message["Auto-Submitted"] == "auto-generated" and "隔離" in message["Subject"]
    assert last_record(relay)["action"] == "hold" and last_record(relay)["quarantine_id"] in text


def auto_forward(relay):
    """an automatic forward is held, and no bounce goes to the citizen"""
    sender, recipients, _ = deliver(relay, samples.forwarded(), CITIZEN, OUTSIDER, client=INSIDE)
    assert sender == "<>" and OUTSIDER not in str(recipients) and CITIZEN not in str(recipients), recipients
    record = last_record(relay)
    assert record["action"] == "hold" and record["reasons"][0]["rule"] == "auto-forward", record["reasons"]


def structured(relay):
    """alternative in related in mixed, and a forwarded mail in it: one text each, nothing else; every leaf on the record"""
    _, _, data = deliver(relay, samples.structured(), CITIZEN, STAFF)
    _, text = only_text(data)
    assert "3日の10時" in text and "第2会議室" in text and "HTML 表示をオン" not in text, text
    assert "元のメール" in text and "中のメールの本文です" in text and "inner()" not in text and "内訳.xlsx" in text, text
    actions = {part["path"]: part["action"] for part in last_record(relay)["parts"]}
    sheet = next(part for part in last_record(relay)["parts"] if "内訳.xlsx" in part["names"])
    assert sheet["action"] == "remove" and sheet["path"].count(".") >= 1 and "keep" not in actions.values(), actions


def held_inbound(relay):
    """held on its way in: the inside recipients get the notice from <>, the sender nothing"""
    sender, recipients, data = deliver(relay, samples.ambiguous(), CITIZEN, [STAFF, COLLEAGUE])
    assert sender == "<>" and sorted(recipients) == sorted([f"<{STAFF}>", f"<{COLLEAGUE}>"]), (sender, recipients)
    message, text = only_text(data)
    assert CITIZEN in text and "two" in text and CITIZEN not in str(message["From"]), text


def held_internal(relay):
    """held between colleagues: the recipients get the notice from <>"""
    sender, recipients, data = deliver(relay, samples.eicar(STAFF, COLLEAGUE), STAFF, COLLEAGUE, client=INSIDE)
    assert sender == "<>" and recipients == [f"<{COLLEAGUE}>"], (sender, recipients)
    assert last_record(relay)["quarantine_id"] in only_text(data)[1]


def held_authenticated(relay):
    """held on its way out, sender logged in from anywhere: that sender alone is told"""
    sender, recipients, _ = deliver(relay, samples.eicar(STAFF, OUTSIDER), STAFF, [OUTSIDER, COLLEAGUE], login="kakari")
    assert sender == "<>" and recipients == [f"<{STAFF}>"], (sender, recipients)


def held_nobody_inside(relay):
    """held on its way out, nobody inside known: the reviewers' address is told"""
    sender, recipients, _ = deliver(relay, samples.eicar(CITIZEN, OUTSIDER), CITIZEN, OUTSIDER, client=INSIDE)
    assert sender == "<>" and recipients == [f"<{REVIEWERS}>"], (sender, recipients)


def alarm_told(relay, heard):
    """an alarm runs the administrator's hook, stands in status until acknowledged, and is on the audit chain"""
    front = relay.mugaid.status()["fronts"][0]["pid"]
    os.kill(front, signal.SIGKILL)
    wait_for(lambda: heard.exists() and "front-died" in heard.read_text(), 30, "the hook")
    alarm = next(alarm for alarm in relay.mugaid.status()["alarms"] if alarm["code"] == "front-died")
    wait_for(lambda: alarm["id"] in "".join(path.read_text() for path in relay.mugaid.audit.glob("*.jsonl")), 30, "the chain")
    done = relay.mugaid.mugai("status", "--acknowledge", alarm["id"], "--config", relay.mugaid.config)
    assert done.returncode == 0, done.stderr
    assert "front-died" not in str(relay.mugaid.status()["alarms"])


def relay_refused(relay):
    """outside to outside is refused at RCPT, each with a record of its own that the reply names"""
    code, text = relay.send(samples.newsletter(CITIZEN, OUTSIDER), CITIZEN, [OUTSIDER, "second@other.example.net"])
    assert code in (550, 554) and "5.7.1" in text, (code, text)
    first, second = relay.mugaid.records()[-2:]
    assert second["id"] in text and [r["address"] for r in second["recipients"]] == ["second@other.example.net"], second
    assert first["action"] == "refuse" and first["reasons"][0]["rule"] == "relay" and first["direction"] == "relay", first


def size_claimed(relay):
    """an over-size mail is refused at MAIL by its SIZE="""
    code, text = relay.send(b"", CITIZEN, STAFF, size=45_000_000)
    assert code == 552 and "5.3.4" in text and "MiB" in text, (code, text)
    record = last_record(relay)
    assert record["reasons"][0]["rule"] == "over-size" and record["envelope"]["size_bytes"] == 45_000_000, record


def size_counted(relay):
    """an over-size mail without SIZE= is refused at the counted byte, and the text names the limit"""
    code, text = relay.send(samples.large(23_000_000), CITIZEN, STAFF)
    assert code == 552 and "5.3.4" in text and "MiB" in text, (code, text)


def internal(relay):
    """an internal mail passes byte for byte below the trace header"""
    data = samples.internal()
    _, _, got = deliver(relay, data, STAFF, COLLEAGUE, client=INSIDE)
    assert data.rstrip(b"\r\n") in got, got[:500]
    record = last_record(relay)
    assert record["action"] == "deliver" and record["changed"] is False and record["quarantine_id"] is None


def quarantine_lists(relay):
    """mugai quarantine list and show, mugai audit verify tell the same story"""
    listed = relay.mugaid.mugai("quarantine", "list", "--json", "--config", relay.mugaid.config)
    assert listed.returncode == 0, listed.stderr
    assert "予算書の送付" in listed.stdout.decode()
    record = next(r for r in relay.mugaid.records() if r["quarantine_id"])
    shown = relay.mugaid.mugai("quarantine", "show", record["quarantine_id"], "--json", "--config", relay.mugaid.config)
    assert json.loads(shown.stdout)["id"] == record["id"], shown.stderr
    verified = relay.mugaid.mugai("audit", "verify", "--config", relay.mugaid.config)
    assert verified.returncode == 0, (verified.stdout, verified.stderr)


def every_mail_logged(relay):
    """one log line a mail with id, queue id and time by stage"""
    record = last_record(relay)
    line = next(line for line in relay.mugaid.log.read_text().splitlines() if record["id"] in line)
    assert f"queue={record['queue_id']}" in line and "inspect=" in line and "keep=" in line, line


def stops_cleanly(relay):
    """SIGTERM ends every process and the socket is gone"""
    relay.mugaid.stop()
    assert relay.mugaid.process.returncode == 0, relay.mugaid.process.returncode
    assert not (relay.mugaid.run / "milter.sock").exists()


def tells_systemd(build):
    """Type=notify: READY once a mail can come, RELOADING and READY around SIGHUP, STOPPING at SIGTERM"""
    with tempfile.TemporaryDirectory(prefix="mugai-notify-") as name, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as service:
        os.chmod(name, 0o755)
        service.bind(f"{name}/notify")
        service.settimeout(30)
        daemon = Mugaid(build, pathlib.Path(name), environment={"NOTIFY_SOCKET": f"{name}/notify"})
        assert service.recv(4096).decode().startswith("READY=1")
        daemon.process.send_signal(signal.SIGHUP)
        assert service.recv(4096).decode().startswith("RELOADING=1") and service.recv(4096) == b"READY=1"
        daemon.stop()
        assert service.recv(4096) == b"STOPPING=1"


def without_reviewers(folder):
    """The shipped policy, but with nobody to tell."""
    shutil.copytree(TOP / "policy", folder, dirs_exist_ok=True)
    policy = folder / "default.yaml"
    lines = policy.read_text().splitlines(keepends=True)
    policy.write_text("".join(line for line in lines if not line.lstrip().startswith("reviewers:")))
    return policy


def held_nobody_at_all(build):
    """to be held, but nobody inside to tell and no reviewers in the policy: refused, on the record, nothing goes anywhere"""
    with tempfile.TemporaryDirectory(prefix="mugai-policy-") as name, \
            Relay(build, policy=without_reviewers(pathlib.Path(name) / "policy")) as relay:
        code, text = relay.send(samples.eicar(CITIZEN, OUTSIDER), CITIZEN, OUTSIDER, client=INSIDE)
        record = last_record(relay)
        assert code == 550 and "5.7." in text and record["id"] in text, (code, text)
        assert record["action"] == "refuse" and [reason["rule"] for reason in record["reasons"]][:2] == ["auto-forward", "infected"]
        assert not relay.sink.messages


def write_hook(folder):
    """The administrator's hook: it runs as the fronts' user, who must be able to write there."""
    folder.chmod(0o777)
    hook = folder / "hook"
    hook.write_text(f'#!/bin/sh\necho "$MUGAI_ALARM_CODE $1 $2" >> {folder / "heard"}\n')
    hook.chmod(0o755)
    return f"alarm_hook: {hook}\n"


def main(build):
    with tempfile.TemporaryDirectory(prefix="mugai-hook-") as name, \
            Relay(build, more=write_hook(pathlib.Path(name))) as relay:
        one_relay = [(scenario, relay) for scenario in (
            newsletter, japanese, spreadsheet, structured, what_the_gate_saw, eicar_inbound, eicar_outbound, auto_forward,
            held_inbound, held_internal, held_authenticated, held_nobody_inside, relay_refused, size_claimed, size_counted,
            internal, quarantine_lists, every_mail_logged)]
        run_scenarios(one_relay + [(alarm_told, relay, pathlib.Path(name) / "heard"), (stops_cleanly, relay),
                                   (held_nobody_at_all, build), (tells_systemd, build)])


if __name__ == "__main__":
    main(sys.argv[1])
