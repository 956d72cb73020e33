#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Debian's miltertest against the real mugaid: what an MTA sees of odd connections, and what the record says. TAP.

usage: test-miltertest.py BUILD_DIR

Each scenario is a script in miltertest/ that checks what it can see; the tap in between shows the rest (CHGFROM, order,
replies before the end of the message), and the audit chain is read afterwards.
"""
import email
import email.policy
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import samples
from relay import Mugaid, run_scenarios, wait_for
from samples import CITIZEN, COLLEAGUE, OUTSIDER, STAFF
from taps import MilterTap

RECORDED = 300  # MUGAI_REFUSALS_RECORDED
SCRIPTS = pathlib.Path(__file__).resolve().parent / "miltertest"


class Bench:
    """mugaid, a tap before it, and the files that the scripts send."""

    def __init__(self, build):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mugai-miltertest-"))
        self.folder.chmod(0o755)
        self.mugaid = Mugaid(build, self.folder)
        self.tap = MilterTap(self.folder / "tap.sock", self.folder / "run" / "milter.sock", body_bytes=1000)

    def file(self, name, data):
        path = self.folder / name
        path.write_bytes(data)
        return path

    def run(self, script, **defines):
        """Runs one script; returns the records that it left, oldest first."""
        before = len(self.mugaid.records())
        self.tap.clear()
        words = ["miltertest", "-s", str(SCRIPTS / "main.lua"), "-D", f"script={script}", "-D", f"dir={SCRIPTS}",
                 "-D", f"socket={self.tap.name}"]
        for name, value in defines.items():
            words += ["-D", f"{name}={value}"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, (done.returncode, done.stdout + done.stderr)
        records = self.mugaid.records()
        ids = [record["id"] for record in records]
        assert len(ids) == len(set(ids)), "one id, two records"
        return records[before:]

    def bodies(self):
        """The new bodies, one a mail: replbody frames that follow each other belong together."""
        found, open_body = [], False
        for name, data in self.tap.edits():
            if name != "replbody":
                open_body = False
                continue
            if not open_body:
                found.append(b"")
            found[-1] += data
            open_body = True
        return found

    def mail(self):
        """The only new mail of this run, parsed."""
        header = "".join(f"{name}:{value}\n" for name, value in self.added())
        body, = self.bodies()
        return email.message_from_bytes(header.encode() + b"\n" + body, policy=email.policy.default)

    def added(self):
        return [(words[0], words[1]) for _, words in self.tap.edits("addheader")]

    def replies(self):
        return [data.rstrip(b"\0").decode() for command, data in self.tap.seen if command == "y"]

    def close(self):
        self.tap.close()
        self.mugaid.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def several(bench):
    """three mails on one connection: three bodies, three records, nothing of one in another"""
    records = bench.run("several", message=bench.file("a.eml", samples.newsletter()),
                        other=bench.file("b.eml", samples.spreadsheet()))
    assert [record["queue_id"] for record in records] == ["SEVERAL1", "SEVERAL2", "SEVERAL3"], records
    assert all(record["action"] == "deliver" and record["changed"] for record in records)
    assert not bench.tap.edits("addrcpt") and not bench.tap.edits("delrcpt") and not bench.tap.edits("chgfrom")
    first, second, third = bench.bodies()
    assert records[0]["out"]["sha256"] != records[1]["out"]["sha256"] and first != second
    texts = [email.message_from_bytes(b"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n" + body,
                                      policy=email.policy.default).get_content() for body in (first, second, third)]
    assert "音楽会" in texts[0] and "音楽会" not in texts[1] and "音楽会" in texts[2], texts
    assert records[1]["quarantine_id"] in texts[1]


def abort(bench):
    """ABORT mid-message: no record of it, no memory kept, and the next mail knows nothing of it"""
    record, = bench.run("abort", message=bench.file("a.eml", samples.newsletter()))
    assert record["queue_id"] == "ABORTED4" and [r["address"] for r in record["recipients"]] == [STAFF], record["recipients"]
    assert record["subject"] == "11月のお知らせ"
    assert not any("ABORTED" in value for _, value in bench.added()) and b"ABORTED" not in bench.bodies()[0]
    wait_for(lambda: bench.mugaid.status()["counters"]["spool_bytes"] == 0, 10, "the spooled bytes to be given back")


def recipients(bench):
    """two recipients: one decision for both; one of them outside makes an inside mail outbound"""
    inbound, outbound = bench.run("recipients", message=bench.file("a.eml", samples.newsletter()),
                                  plain=bench.file("b.eml", samples.internal()))
    assert [r["address"] for r in inbound["recipients"]] == [STAFF, COLLEAGUE] and inbound["direction"] == "inbound"
    assert not bench.tap.edits("addrcpt") and not bench.tap.edits("delrcpt")
    assert [r["action"] for r in inbound["recipients"]] == ["deliver", "deliver"], inbound["recipients"]
    assert outbound["direction"] == "outbound" and len(outbound["recipients"]) == 2, outbound
    assert {r["direction"] for r in outbound["recipients"]} == {"internal", "outbound"}, outbound["recipients"]


def empty_sender(bench):
    """an empty sender from outside is a mail like any other, and recorded as empty"""
    record, = bench.run("empty-sender", message=bench.file("a.eml", samples.newsletter()))
    assert record["envelope"]["from"] == "" and record["direction"] == "inbound" and record["changed"], record["envelope"]
    assert not bench.tap.edits("chgfrom")


def no_macros(bench):
    """no macro at all, neither {i} nor j: sanitised and recorded, the queue id empty"""
    record, = bench.run("no-macros", message=bench.file("a.eml", samples.newsletter()))
    assert record["queue_id"] == "" and record["action"] == "deliver" and record["changed"], record["queue_id"]
    assert not any(command == "D" for command, _ in bench.tap.requests), "the script sent macros"


def leading_space(bench):
    """an MTA without SMFIP_HDR_LEADSPC gets the same fields, without a second blank"""
    new, old = bench.run("leading-space", message=bench.file("a.eml", samples.newsletter()))
    added = bench.added()
    half = len(added) // 2
    assert [name for name, _ in added[:half]] == [name for name, _ in added[half:]], added
    own = {"Date"}  # of ours when the mail has none
    for (name, with_space), (_, without) in zip(added[:half], added[half:]):
        assert with_space.startswith(" ") and not without.startswith(" "), (name, with_space, without)
        assert name in own or with_space[1:] == without or new["id"] in with_space, (name, with_space, without)
    sizes = [record["envelope"]["size_bytes"] for record in (new, old)]
    assert sizes == [len(samples.newsletter())] * 2, sizes
    assert new["parts"][0]["sha256"] == old["parts"][0]["sha256"] and new["subject"] == old["subject"] == "11月のお知らせ"


def relay(bench):
    """outside to outside is refused at RCPT with 550 5.7.1; who is left gets the mail"""
    *refused, record = bench.run("relay", message=bench.file("a.eml", samples.newsletter()))
    replies = bench.replies()
    assert len(refused) == len(replies) and all(r["action"] == "refuse" and len(r["recipients"]) == 1 for r in refused), refused
    assert all(r["id"] in reply for r, reply in zip(refused, replies)), replies
    assert len(replies) >= 2 and all(re.match(r"550 5\.7\.1 .*mugai [0-9A-Z]{26}", reply) for reply in replies), replies
    addresses = [r["address"] for r in record["recipients"]]
    assert STAFF in addresses and not any(address.endswith("other.example.net") for address in addresses), addresses
    assert not any("%" in address and r["action"] == "deliver" and r["direction"] == "relay"
                   for address, r in zip(addresses, record["recipients"]))


def login(bench):
    """who has logged in is one of ours, by either MTA's macros at their stages; who has not may relay nothing"""
    sendmail, postfix, nobody = bench.run("login")
    assert [r["queue_id"] for r in (sendmail, postfix)] == ["SENDMAIL1", "POSTFIX1"], (sendmail["queue_id"], postfix["queue_id"])
    for record in (sendmail, postfix):
        assert (record["direction"], record["action"], record["changed"]) == ("outbound", "deliver", False), record["reasons"]
        assert record["envelope"]["auth"] == "kakari" and record["facts"]["authenticated"], record["envelope"]
    assert nobody["action"] == "refuse" and nobody["reasons"][0]["rule"] == "relay" and nobody["envelope"]["auth"] == "", nobody


def over_size(bench):
    """over-size: 552 5.3.4 with the limit's name at MAIL and at the counted byte, and the connection goes on"""
    records = bench.run("over-size", message=bench.file("a.eml", samples.newsletter()))
    replies = bench.replies()
    assert len(replies) == 3 and all(re.match(r"552 5\.3\.4 [ -~]*20 ?MiB", reply) for reply in replies), replies
    assert all(record["envelope"]["size_bytes"] > 0 for record in records), records
    assert 20 << 20 < records[-2]["envelope"]["size_bytes"] < (20 << 20) + 30_000, "not counted up to the limit and no further"
    assert records[-1]["queue_id"] == "SIZE2" and records[-1]["action"] == "deliver", records
    wait_for(lambda: bench.mugaid.status()["counters"]["spool_bytes"] == 0, 10, "the spooled bytes to be given back")


def held(bench):
    """a held mail: sender <>, every outside recipient off, the inside sender on, the notice in its place"""
    record, = bench.run("held", message=bench.file("a.eml", samples.eicar(STAFF, OUTSIDER)))
    assert record["action"] == "hold" and record["quarantine_id"] == record["id"], record["action"]
    names = [name for name, _ in bench.tap.edits()]
    assert bench.tap.edits("chgfrom")[0][1][0] == "<>", bench.tap.edits("chgfrom")
    assert names.count("chgfrom") == 1 and names.count("delrcpt") == 2 and names.count("addrcpt") == 1, names
    assert names.index("replbody") > max(names.index("addheader"), names.index("chgfrom")), names
    assert all(name == "replbody" for name in names[names.index("replbody"):]), "an edit after the body has begun"
    notice = bench.mail()
    assert notice["Auto-Submitted"] == "auto-generated" and record["id"] in notice.get_content(), notice.as_string()
    assert "EICAR" not in notice.get_content()


def injection(bench):
    """header injection: nothing that was sent comes back as a field of its own, every field sent is taken off"""
    record, = bench.run("injection")
    deleted = [words for name, words in bench.tap.edits("chgheader")]
    sent = [command for command, _ in bench.tap.requests if command == "L"]
    assert len(deleted) == len(sent) == 11, (len(deleted), len(sent))
    assert all(words[2] == "" for words in deleted), "a field was changed in place"
    subjects = [index for index, name, *_ in deleted if name.lower() == "subject"]
    assert subjects == [2, 1], f"the last of a name first: {subjects}"
    for name, value in bench.added():
        assert name.lower() not in ("x-evil", "bcc") and re.fullmatch(r"[A-Za-z-]+", name), name
        assert "\r" not in value and not re.search(r"\n(?![ \t])", value), (name, value)
    message = bench.mail()
    assert "x-evil" not in [name.lower() for name in message.keys()], message.keys()
    assert {part.get_content_type() for part in message.walk()} == {"text/plain"}
    assert "EVIL-PART" not in message.as_string() and "EVIL-PART" not in message.get_content()
    assert record["action"] in ("deliver", "hold") and record["changed"], record


def stubborn(bench):
    """a client that tries outside recipients on and on: so many records, then one line with the count; each is refused"""
    tries = RECORDED + 60
    *refused, record = bench.run("stubborn", message=bench.file("a.eml", samples.newsletter()), tries=tries)
    earlier = [r for r in bench.mugaid.records() if r["action"] == "refuse" and r["reasons"][0]["rule"] == "relay" and r not in refused]
    assert RECORDED - len(earlier) <= len(refused) <= RECORDED and record["action"] == "deliver", (len(refused), len(earlier))
    replies = bench.replies()
    assert len(replies) == tries and all(re.match(r"550 5\.7\.1 .*mugai [0-9A-Z]{26}", reply) for reply in replies)
    bench.mugaid.stop()
    lines = [line["body"] for line in bench.mugaid.lines("refusals")]
    assert sum(line["count"] for line in lines) == tries - len(refused), lines
    assert all(line["rule"] == "relay" and line["client"] == refused[0]["envelope"]["client"] for line in lines), lines
    assert all(line["id"] in "".join(replies) and len(line["samples"]) == 5 for line in lines), lines


if __name__ == "__main__":
    if shutil.which("miltertest") is None:
        print("1..0 # SKIP miltertest is not installed")
        raise SystemExit(0)
    bench_in_hand = Bench(sys.argv[1])
    try:
        run_scenarios([(scenario, bench_in_hand) for scenario in (
            several, abort, recipients, empty_sender, no_macros, leading_space, relay, login, over_size, held, injection, stubborn)])
    finally:
        bench_in_hand.close()
