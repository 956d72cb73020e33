#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Each sample mail through the real Postfix: delivered harmless, held or refused as the policy says. TAP.

usage: test-postfix.py BUILD_DIR
"""
import email
import email.policy
import hashlib
import json
import sys

import samples
from relay import INSIDE, OUTSIDE, Relay, run_scenarios
from samples import CITIZEN, COLLEAGUE, OUTSIDER, STAFF


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


def relay_refused(relay):
    """outside to outside is refused at RCPT"""
    code, text = relay.send(samples.newsletter(CITIZEN, OUTSIDER), CITIZEN, OUTSIDER)
    assert code in (550, 554) and "5.7.1" in text, (code, text)


def size_claimed(relay):
    """an over-size mail is refused at MAIL by its SIZE="""
    code, text = relay.send(b"", CITIZEN, STAFF, size=45_000_000)
    assert code == 552 and "5.3.4" in text and "MiB" in text, (code, text)


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


if __name__ == "__main__":
    with Relay(sys.argv[1]) as relay_in_hand:
        run_scenarios([(scenario, relay_in_hand) for scenario in (
            newsletter, japanese, spreadsheet, what_the_gate_saw, eicar_inbound, eicar_outbound, auto_forward, relay_refused,
            size_claimed, size_counted, internal, quarantine_lists, every_mail_logged, stops_cleanly)])
