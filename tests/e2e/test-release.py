#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Releases on the real Postfix: who may, what arrives, and what the state says when the MTA does not take it. TAP.

usage: test-release.py BUILD_DIR
"""
import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import re
import smtplib
import socket
import subprocess
import sys
import threading
import time

import samples
from relay import OUTSIDE, Relay, Skip, children, free_port, run_scenarios, wait_for
from samples import CITIZEN, STAFF

REVIEWER, APPROVER, APPROVER2, ADMINISTRATOR, AUDITOR, OTHER_UNIT, NOBODY = range(20001, 20008)
ACCOUNTS = f"""# login role units
{REVIEWER} reviewer @city.example.lg.jp
{APPROVER} reviewer,approver *
{APPROVER2} approver *
{ADMINISTRATOR} administrator *
{AUDITOR} auditor *
{OTHER_UNIT} reviewer,approver @gikai.city.example.lg.jp
"""
LISTENER = """
127.0.0.1:{port} inet n - n - - smtpd
  -o milter_macro_daemon_name=mugai-release
  -o local_header_rewrite_clients=
  -o smtpd_client_restrictions=permit_mynetworks,reject
"""


def as_user(relay, uid, *words):
    """mugai quarantine as that person: root's sudo of that user."""
    environment = {key: value for key, value in os.environ.items() if key != "SUDO_UID"}
    if uid is not None:
        environment["SUDO_UID"] = str(uid)
    return relay.mugaid.mugai("quarantine", *words, "--config", relay.mugaid.config, env=environment)


def good(done):
    assert done.returncode == 0, (done.args, done.returncode, done.stdout, done.stderr)
    return done.stdout.decode()


def hold(relay, data=None, recipients=STAFF):
    """A mail that leaves its original in the quarantine; its id."""
    before = len(relay.sink.messages)
    code, text = relay.send(data if data is not None else samples.spreadsheet(), CITIZEN, recipients)
    assert code == 250, (code, text)
    relay.next_mail(before)
    record = relay.mugaid.records()[-1]
    assert record["quarantine_id"], record
    return record["quarantine_id"]


def clean():
    """A mail with HTML, so that it is changed, and nothing that could not be looked into."""
    return (f"From: {CITIZEN}\r\nTo: {STAFF}\r\nSubject: hello\r\nMessage-ID: <release-test@example.com>\r\nMIME-Version: 1.0\r\n"
            "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
            "<p>こんにちは</p>\r\n.dot at the start\r\n..two\r\nunsubscribe\r\n").encode()


def approve(relay, item, form="original"):
    good(as_user(relay, REVIEWER, "request", item, "--as", form, "--reason", "業務に必要"))
    good(as_user(relay, APPROVER2, "approve", item, "--reason", "確認済み"))


def state(relay, item):
    done = relay.mugaid.mugai("quarantine", "list", "--store", relay.mugaid.store, "--json", "--limit", "500")  # also while no act can be recorded
    return json.loads(next(line for line in good(done).splitlines() if item in line))["state"]


def history(relay, item):
    return good(as_user(relay, None, "show", item))


def chain(relay):
    text = "".join(path.read_text() for path in sorted(relay.mugaid.audit.glob("*.jsonl")))
    return [json.loads(line) for line in text.splitlines()]


def verified(relay):
    done = relay.mugaid.mugai("audit", "verify", "--config", relay.mugaid.config)
    assert done.returncode == 0, (done.stdout, done.stderr)


def as_original(relay):
    """as original: byte for byte below the trace, not caught again, to the approved recipient alone, once"""
    item = hold(relay, clean())
    original = good(as_user(relay, None, "export", item)).encode()
    approve(relay, item)
    before = len(relay.sink.messages)
    good(as_user(relay, APPROVER, "release", item))
    sender, recipients, data = relay.next_mail(before)
    assert sender == f"<{CITIZEN}>" and recipients == [f"<{STAFF}>"], (sender, recipients)
    assert data.endswith(original), (original, data)
    trace = data[:-len(original)]
    assert re.fullmatch(rb"(Received:[^\r]*\r\n([ \t][^\r]*\r\n)*)*", trace), trace
    assert state(relay, item) == "done" and "queued as" in history(relay, item)
    again = as_user(relay, APPROVER, "release", item)
    assert again.returncode != 0, again.stdout
    verified(relay)


def as_attachment_and_text(relay):
    """as attachment the original is inside one of ours; as text nothing but text comes"""
    import email
    import email.policy
    item = hold(relay, clean())
    original = good(as_user(relay, None, "export", item)).encode()
    approve(relay, item, "attachment")
    before = len(relay.sink.messages)
    good(as_user(relay, APPROVER, "release", item))
    data = relay.next_mail(before)[2]
    assert original in data and b"message/rfc822" in data and b"<release-test@example.com>" in data.split(b"\r\n\r\n")[0], data
    item = hold(relay)  # the spreadsheet
    good(as_user(relay, REVIEWER, "request", item, "--as", "text", "--reason", "x"))
    good(as_user(relay, APPROVER, "approve", item, "--reason", "x"))
    second = as_user(relay, APPROVER2, "approve", item, "--reason", "x")
    before = len(relay.sink.messages)
    good(as_user(relay, APPROVER, "release", item))
    message = email.message_from_bytes(relay.next_mail(before)[2], policy=email.policy.default)
    assert {part.get_content_type() for part in message.walk()} == {"text/plain"}, second.stderr
    assert "予算書をお送りします" in message.get_content()


def twenty_at_once(relay):
    """twenty releases of one item at once deliver it once"""
    item = hold(relay, clean())
    approve(relay, item)
    before, results = len(relay.sink.messages), []
    threads = [threading.Thread(target=lambda: results.append(as_user(relay, APPROVER, "release", item).returncode)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_for(lambda: state(relay, item) == "done", 30, "done")
    wait_for(lambda: not relay.postfix.queue(), 30, "an empty queue")
    assert results.count(0) == 1, results
    assert len(relay.sink.messages) == before + 1, len(relay.sink.messages) - before
    assert sum(line["kind"] == "release-redeem" and line["body"].get("item") == item for line in chain(relay)) == 1


def smtp_release(relay, recipient, data, sender=CITIZEN):
    with smtplib.SMTP("127.0.0.1", relay.release_port, timeout=60) as smtp:
        smtp.ehlo("x")
        smtp.mail(sender)
        smtp.rcpt(recipient)
        return smtp.data(data)[0]


def forger(relay):
    """who knows everything but the token gets nothing through, by any door"""
    item = hold(relay, clean())
    original = good(as_user(relay, None, "export", item)).encode()
    approve(relay, item)
    before = len(relay.sink.messages)
    for token in (None, "", "0" * 64, item, hashlib.sha256(original).hexdigest()):
        data = original if token is None else f"X-Mugai-Release: {token}\r\n".encode() + original
        assert smtp_release(relay, STAFF, data) == 550
    # through the common listener the field is a stranger's, and goes with the rest
    relay.send(b"X-Mugai-Release: " + b"0" * 64 + b"\r\n" + original, CITIZEN, STAFF, client=OUTSIDE)
    delivered = relay.next_mail(before)[2]
    assert len(relay.sink.messages) == before + 1 and b"X-Mugai-Release" not in delivered and b"<p>" not in delivered
    assert state(relay, item) == "approved"


def bound_token(relay):
    """a true token is bound to its recipient and its bytes, and good once"""
    item = hold(relay, clean())
    original = good(as_user(relay, None, "export", item)).encode()
    approve(relay, item)
    answer = ask_keeper(relay, "release-queue", {"item": item, "sha256": hashlib.sha256(original).hexdigest()}, APPROVER)
    field = f"X-Mugai-Release: {answer['tokens'][0]['token']}\r\n".encode()
    before = len(relay.sink.messages)
    assert smtp_release(relay, "other@city.example.lg.jp", field + original) == 550
    assert smtp_release(relay, STAFF, field + original + b"more\r\n") == 550
    assert len(relay.sink.messages) == before
    assert smtp_release(relay, STAFF, field + original) == 250
    assert smtp_release(relay, STAFF, field + original) == 550
    assert field.split()[1].decode() not in relay.postfix.log.read_text() + relay.mugaid.log.read_text()
    # nobody told the keeper what became of it: not said to be done, and not sent again unasked
    assert state(relay, item) == "queued" and "redeemed" in history(relay, item)
    assert as_user(relay, APPROVER, "release", item).returncode != 0
    relay.next_mail(before)


def ask_keeper(relay, kind, body, uid):
    """Speaks the keeper's protocol itself, to see what the command line does not show."""
    import array
    words = dict(body, act_id=new_id(), sudo_uid=str(uid), origin="test")
    memory = os.memfd_create("body", os.MFD_ALLOW_SEALING)
    os.write(memory, json.dumps(words).encode())
    import fcntl
    fcntl.fcntl(memory, 1033, 15)  # F_ADD_SEALS: all four
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
        client.connect(str(relay.mugaid.run / "keeper.sock"))
        client.sendmsg([json.dumps({"kind": kind, "actor": ""}).encode()],
                       [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [memory]))])
        answer = json.loads(client.recv(1 << 17))
    os.close(memory)
    return answer


def new_id():
    digits, value = "0123456789ABCDEFGHJKMNPQRSTVWXYZ", (int(time.time() * 1000) << 80) | int.from_bytes(os.urandom(10), "big")
    return "".join(digits[(value >> 5 * i) & 31] for i in range(25, -1, -1))


class FakeMta:
    """Answers as told at one step: a dead, refusing or postponing MTA in the listener's place."""

    def __init__(self, port, step, reply):
        self.socket = socket.create_server(("127.0.0.1", port))
        self.step, self.reply = step, reply
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            client = self.socket.accept()[0]
            with client, client.makefile("rwb", 0) as stream:
                stream.write(b"220 fake\r\n")
                for line in stream:
                    verb = line.split()[0].upper().decode()
                    if verb == self.step:
                        if self.reply is None:
                            return
                        stream.write(self.reply.encode() + b"\r\n")
                    else:
                        stream.write(b"354 go\r\n" if verb == "DATA" else b"250 ok\r\n")

    def close(self):
        self.socket.close()


def mta_says_no(relay):
    """a dead MTA, a 4xx and a 5xx each end in failed, with the reply kept; then it can be sent"""
    item = hold(relay, clean())
    approve(relay, item)
    port = free_port()
    elsewhere = through(relay, port, "elsewhere.yaml")
    cases = [(None, None, "no answer"), ("RCPT", "452 4.2.2 mail box full", "452 4.2.2"), ("MAIL", "550 5.1.8 no", "550 5.1.8"),
             ("DATA", None, "no answer")]
    for step, reply, words in cases:
        fake = FakeMta(port, step, reply) if step else None
        done = relay.mugaid.mugai("quarantine", "release", item, "--config", elsewhere, env=dict(os.environ, SUDO_UID=str(APPROVER)))
        if fake:
            fake.close()
        assert done.returncode == 75 and words in done.stdout.decode(), (done.returncode, done.stdout, done.stderr)
        assert state(relay, item) == "failed" and words in history(relay, item)
    before = len(relay.sink.messages)
    good(as_user(relay, APPROVER, "release", item))
    relay.next_mail(before)
    assert state(relay, item) == "done"


class SlowMta:
    """Takes a mail, and says so only when it is told to."""

    def __init__(self, port):
        self.socket = socket.create_server(("127.0.0.1", port))
        self.has_it, self.answer, self.mails = threading.Event(), threading.Event(), 0
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                client = self.socket.accept()[0]
                with client, client.makefile("rwb", 0) as stream:
                    stream.write(b"220 slow\r\n")
                    data = False
                    for line in stream:
                        if data and line == b".\r\n":
                            self.mails, data = self.mails + 1, False
                            self.has_it.set()
                            self.answer.wait(60)
                            stream.write(b"250 2.0.0 taken\r\n")
                        elif not data:
                            data = line.upper().startswith(b"DATA")
                            stream.write(b"354 go\r\n" if data else b"250 ok\r\n")


class DribblingMta:
    """The real listener seen through a wire that lets a byte a second back: from the greeting on, or from the mail's end on."""

    def __init__(self, port, target, from_end):
        self.socket, self.target, self.from_end, self.over = socket.create_server(("127.0.0.1", port)), target, from_end, threading.Event()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            client = self.socket.accept()[0]
            with client, socket.create_connection(("127.0.0.1", self.target)) as real:
                self.slow = threading.Event()
                if not self.from_end:
                    self.slow.set()
                back = threading.Thread(target=self.give_back, args=(real, client), daemon=True)
                back.start()
                while data := client.recv(65536):
                    if data.endswith(b"\r\n.\r\n"):
                        self.slow.set()
                    real.sendall(data)

    def give_back(self, real, client):
        with contextlib.suppress(OSError):
            while data := real.recv(65536):
                for at in range(len(data)) if self.slow.is_set() else []:
                    client.sendall(data[at:at + 1])
                    self.over.wait(1)
                if not self.slow.is_set():
                    client.sendall(data)

    def close(self):
        self.over.set()
        self.socket.close()


def through(relay, port, name):
    """A configuration that releases by another listener."""
    path = relay.folder / name
    path.write_text(relay.mugaid.config.read_text().replace(f"release_listener: 127.0.0.1:{relay.release_port}", f"release_listener: 127.0.0.1:{port}"))
    return path


def dribbling(relay):
    """an MTA that sends a byte a second is given up after a known time: failed where it had nothing, unknown where it may have the mail"""
    item, port = hold(relay, clean()), free_port()
    approve(relay, item)
    config = through(relay, port, "dribbling.yaml")
    for from_end, words, wanted in ((False, "its time is over", "failed"), (True, "redeemed", "queued")):
        before, mta = len(relay.sink.messages), DribblingMta(port, relay.release_port, from_end)
        started = time.monotonic()
        done = relay.mugaid.mugai("quarantine", "release", item, "--timeout", "4", "--config", config, env=dict(os.environ, SUDO_UID=str(APPROVER)))
        took = time.monotonic() - started
        mta.close()
        assert done.returncode == 75 and b"its time is over" in done.stdout and 3 < took < 30, (done, took)
        assert state(relay, item) == wanted and words in history(relay, item), history(relay, item)
    relay.next_mail(before)
    assert b"--again" in done.stderr and as_user(relay, APPROVER, "release", item).returncode == 77
    wait_for(lambda: not relay.postfix.queue(), 30, "an empty queue")
    assert len(relay.sink.messages) == before + 1


@contextlib.contextmanager
def full_disk(relay):
    """The keeper can write nothing: a file limit of no bytes, which its own user may set."""
    def limit(size):
        subprocess.run(["prlimit", "--pid", str(relay.mugaid.status()["keeper"]["pid"]), f"--fsize={size}:"], check=True, user="mugai-keep",
                       group="mugai-keep", extra_groups=[])
    limit(0)
    try:
        yield
    finally:
        limit("unlimited")


def slow_and_full(relay):
    """a slow MTA gets a mail once; a disk that is full before, or while the MTA answers, ends in a state that claims nothing untrue"""
    item = hold(relay, clean())
    approve(relay, item)
    before = len(relay.sink.messages)
    with full_disk(relay):
        done = as_user(relay, APPROVER, "release", item)
        assert done.returncode in (75, 77) and state(relay, item) == "approved", (done.returncode, done.stderr)
    port = free_port()
    elsewhere = through(relay, port, "slow.yaml")
    slow = SlowMta(port)
    release = subprocess.Popen([str(relay.mugaid.build / "mugai"), "quarantine", "release", item, "--config", str(elsewhere)], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, env=dict(os.environ, SUDO_UID=str(APPROVER)))
    assert slow.has_it.wait(60)
    for words in (["release", item], ["release", item, "--again"], ["delete", item, "--reason", "x"]):
        done = as_user(relay, ADMINISTRATOR if words[0] == "delete" else APPROVER2, *words)
        assert done.returncode != 0, (words, done.stdout)
    assert state(relay, item) == "queued"
    with full_disk(relay):
        slow.answer.set()
        output = release.communicate(timeout=60)
        assert release.returncode == 75, (release.returncode, output)
        assert state(relay, item) == "queued", "not done, for it was not recorded; not failed, for it was taken"
    assert as_user(relay, APPROVER, "release", item).returncode != 0 and slow.mails == 1 and len(relay.sink.messages) == before
    slow.socket.close()
    other = hold(relay, clean())
    approve(relay, other)  # the disk has room again: so has the keeper
    verified(relay)


def head_missing(relay):
    """a signed chain whose head has gone when mugaid starts is an alarm and a line; one that is there is none"""
    relay.mugaid.stop()
    (relay.mugaid.audit / "head.json").unlink()
    relay.mugaid.start()
    wait_for(lambda: "audit-head-missing" in [alarm["code"] for alarm in relay.mugaid.status()["alarms"]], 30, "the alarm")
    lines = [line for line in chain(relay) if line["kind"] == "head-missing"]
    assert len(lines) == 1 and lines[0]["actor"] == "keeper", lines
    relay.mugaid.stop()
    relay.mugaid.start()
    assert len([line for line in chain(relay) if line["kind"] == "head-missing"]) == 1
    verified(relay)


def credentials(relay):
    """a master key that only root may read, as systemd gives it, opens what it sealed; no copy of it is made"""
    keys, given = pathlib.Path(f"{relay.mugaid.store}.keys"), relay.folder / "credentials"
    item = hold(relay, clean())
    original = good(as_user(relay, None, "export", item))
    relay.mugaid.stop()
    given.mkdir(mode=0o500)
    moved = sorted(keys.glob("master-*.key"))
    for path in moved:
        (given / f"mugai-{path.name}").write_bytes(path.read_bytes())
        (given / f"mugai-{path.name}").chmod(0o400)
        path.unlink()
    relay.mugaid.environment["CREDENTIALS_DIRECTORY"] = str(given)
    relay.mugaid.start()
    second = hold(relay, clean())
    assert not list(keys.glob("master-*.key")), "the keeper made a key of its own"
    environment = dict(os.environ, CREDENTIALS_DIRECTORY=str(given))
    for each in (item, second):
        done = relay.mugaid.mugai("quarantine", "export", each, "--config", relay.mugaid.config, env=environment)
        assert done.returncode == 0, done.stderr
    assert relay.mugaid.mugai("quarantine", "export", item, "--config", relay.mugaid.config, env=environment).stdout.decode() == original
    assert relay.mugaid.mugai("quarantine", "export", item, "--config", relay.mugaid.config).returncode != 0, "it opens without the key"
    relay.mugaid.stop()
    del relay.mugaid.environment["CREDENTIALS_DIRECTORY"]
    keeper = keys.stat()
    for path in moved:
        path.write_bytes((given / f"mugai-{path.name}").read_bytes())
        path.chmod(0o400)
        os.chown(path, keeper.st_uid, keeper.st_gid)
    relay.mugaid.start()


def people_only(relay):
    """a stop of mail is an administrator's act, by the kernel's word; nobody but the service writes lines about the service"""
    def flow(uid, *words):
        environment = {key: value for key, value in os.environ.items() if key != "SUDO_UID"}
        return relay.mugaid.mugai("flow", *words, "--config", relay.mugaid.config, env=dict(environment, SUDO_UID=str(uid)))
    key = "outbound:sender:nobody@city.example.lg.jp"
    for uid in (REVIEWER, APPROVER, AUDITOR, NOBODY):
        assert flow(uid, "stop", key, "--reason", "x").returncode == (77 if uid != NOBODY else 0), uid  # root without an account keeps the machine going
    assert flow(ADMINISTRATOR, "resume", key, "--reason", "調査済み").returncode == 0
    acts = [(line["kind"], line["actor"].split(":")[1]) for line in chain(relay) if line["kind"].startswith("flow-")]
    assert acts == [("flow-stop", str(NOBODY)), ("flow-resume", str(ADMINISTRATOR))], acts
    refused = [line for line in chain(relay) if line["kind"] == "act-refused" and line["body"]["act"] == "flow-stop"]
    assert len(refused) == 3, refused
    before = len(chain(relay))
    body = os.memfd_create("body", os.MFD_ALLOW_SEALING)
    os.write(body, b'{"act_id":"01KAAAAAAAAAAAAAAAAAAAAAAA"}')
    fcntl.fcntl(body, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL)
    # The second act has the id of the first, as when an answer was lost: what was refused is refused again.
    for kind, actor in (("policy-load", "mugaid"), ("flow-stop", "mugaid"), ("release-approve", "uid:1:x"), ("act-refused", "mugaid")):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
            client.settimeout(30)
            client.connect(str(relay.mugaid.run / "keeper.sock"))
            socket.send_fds(client, [json.dumps({"kind": kind, "actor": actor}).encode()], [body])
            assert not json.loads(client.recv(65536))["ok"], kind
    written = chain(relay)[before:]
    assert all(line["kind"] == "act-refused" and line["actor"].startswith("uid:") for line in written), written


def standing(relay):
    """the month's report names the clauses of the standards, and how often the rules that serve them were used"""
    month = chain(relay)[-1]["at"][:7]
    done = relay.mugaid.mugai("audit", "report", "--month", month, "--json", "--config", relay.mugaid.config)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert any(row["n"] > 0 for row in report["coverage"]) and any(row["n"] == 0 for row in report["coverage"]), report["coverage"]
    assert report["exceptions_standing"] == [] and report["organisation"], report
    start = next(line for line in chain(relay) if line["kind"] == "start")
    assert start["body"]["config_sha256"] == hashlib.sha256(relay.mugaid.config.read_bytes()).hexdigest(), start


def scanned_again(relay):
    """what today's signatures find is not let through, though it was approved"""
    late = relay.folder / "signatures" / "late.ndb"
    item = hold(relay, clean().replace(b"unsubscribe", b"unsubscribe-late-signature"))
    approve(relay, item)
    late.write_text("Late-Test:0:*:" + b"unsubscribe-late-signature".hex() + "\n")
    number = relay.mugaid.status()["generation"]
    relay.mugaid.process.send_signal(1)
    wait_for(lambda: relay.mugaid.status()["generation"] > number, 60, "the new signatures")
    wait_for(lambda: relay.mugaid.is_ready(), 60, "ready")
    wait_for(lambda: chain(relay)[-1]["kind"] == "signatures-load", 30, "the change of signatures on the chain")
    assert chain(relay)[-1]["body"]["generation"] > number, chain(relay)[-1]
    before = len(relay.sink.messages)
    done = as_user(relay, APPROVER, "release", item)
    assert done.returncode == 75 and b"nfected" in done.stdout, (done.stdout, done.stderr)
    assert state(relay, item) == "failed" and len(relay.sink.messages) == before
    late.unlink()


def separation(relay):
    """role by act: who may, who may not; who sees whose mail; never both sides; two for what could not be looked into"""
    allowed = {
        "request": {REVIEWER, APPROVER, APPROVER2}, "approve": {APPROVER, APPROVER2}, "refuse": {APPROVER, APPROVER2},
        "release": {REVIEWER, APPROVER, APPROVER2}, "export": {APPROVER, APPROVER2, ADMINISTRATOR, None},
        "show": {REVIEWER, APPROVER, APPROVER2, ADMINISTRATOR, AUDITOR, None}, "hold": {APPROVER, APPROVER2, ADMINISTRATOR, None},
        "extend": {APPROVER, APPROVER2, ADMINISTRATOR, None}, "delete": {ADMINISTRATOR},
    }
    item = hold(relay, clean())
    for uid in (REVIEWER, AUDITOR, OTHER_UNIT, None):
        assert (item in good(as_user(relay, uid, "list"))) == (uid != OTHER_UNIT), uid
    assert {line["actor"].split(":")[1] for line in chain(relay) if line["kind"] == "list"} >= {str(REVIEWER), str(OTHER_UNIT), "0"}
    for act, who in allowed.items():
        for uid in (REVIEWER, APPROVER, APPROVER2, ADMINISTRATOR, AUDITOR, OTHER_UNIT, NOBODY, 0, None):
            words = [act, item] + ([] if act in ("show", "export", "release") else ["--reason", "t"]) + (["--days", "400"] if act == "extend" else [])
            probe = as_user(relay, uid, *words)
            may = uid in who or (uid in (0, NOBODY) and None in who)  # root without an account, whatever uid it says
            refused = probe.returncode == 77 and (b"not for the role" in probe.stderr or b"another unit" in probe.stderr)
            assert refused != may, (act, uid, probe.returncode, probe.stdout, probe.stderr)
            if act == "hold" and may:
                as_user(relay, ADMINISTRATOR, "hold", item, "--end", "--reason", "t")
            if act == "request" and may:
                as_user(relay, APPROVER2 if uid != APPROVER2 else APPROVER, "refuse", item, "--reason", "t")
        if act == "request":
            good(as_user(relay, REVIEWER, "request", item, "--reason", "t"))
    assert state(relay, item) == "deleted"
    item = hold(relay, clean())
    good(as_user(relay, APPROVER, "request", item, "--reason", "mine"))
    for act in ("approve", "refuse"):
        own = as_user(relay, APPROVER, act, item, "--reason", "mine too")
        assert own.returncode == 77 and b"who asked" in own.stderr, own.stderr
    assert as_user(relay, APPROVER2, "release", item).returncode == 77
    refusals = [line for line in chain(relay) if line["kind"] == "act-refused"]
    assert any(line["body"]["act"] == "release-approve" and line["actor"].startswith(f"uid:{APPROVER}") for line in refusals)


def as_login(relay, login, sudo_uid, *words):
    """mugai quarantine by who logged in as @login, whatever SUDO_UID says."""
    command = ["sh", "-c", "echo $0 > /proc/self/loginuid && exec \"$@\"", str(login), str(relay.mugaid.build / "mugai"), "quarantine", *words, "--config",
               str(relay.mugaid.config)]
    return subprocess.run(command, capture_output=True, env=dict(os.environ, SUDO_UID=str(sudo_uid)))


def one_login(relay):
    """the kernel's login uid is the person, whatever SUDO_UID says: the same login cannot be both sides, and root's own login approves nothing"""
    probe = subprocess.run(["sh", "-c", "echo 1 > /proc/self/loginuid"], capture_output=True)
    if probe.returncode != 0:
        raise Skip("no login uid can be set here")
    item = hold(relay, clean())
    good(as_login(relay, APPROVER, REVIEWER, "request", item, "--reason", "x"))
    assert chain(relay)[-1]["actor"].startswith(f"uid:{APPROVER}")
    own = as_login(relay, APPROVER, APPROVER2, "approve", item, "--reason", "x")
    assert own.returncode == 77 and b"who asked" in own.stderr, own.stderr
    for nobody in (0, NOBODY, AUDITOR):
        done = as_login(relay, nobody, APPROVER2, "approve", item, "--reason", "x")
        assert done.returncode == 77 and b"not for the role" in done.stderr, (nobody, done.stderr)
    good(as_login(relay, APPROVER2, REVIEWER, "approve", item, "--reason", "x"))


def infected(relay):
    """an infected mail is not released by anybody, and taken out by an administrator only"""
    item = hold(relay, samples.eicar(CITIZEN, STAFF))
    done = as_user(relay, APPROVER, "request", item, "--reason", "x")
    assert done.returncode == 77 and b"nfected" in done.stderr
    assert as_user(relay, APPROVER, "export", item).returncode == 77
    good(as_user(relay, ADMINISTRATOR, "export", item))


def disposal(relay):
    """what is deleted has no key any more, in the store and in a restored backup after rotation; the record of it stays"""
    item, kept = hold(relay, clean()), hold(relay, clean())
    backup = relay.folder / "backup"
    good(as_user(relay, None, "backup", backup))
    good(as_user(relay, ADMINISTRATOR, "delete", item, "--reason", "保存期間の満了、部長承認"))
    assert as_user(relay, None, "export", item).returncode != 0
    assert not list(relay.mugaid.store.rglob(item))
    month = good(as_user(relay, None, "disposals"))
    assert item in month and "部長承認" in month
    held = as_user(relay, None, "hold", kept, "--reason", "証拠")
    good(held)
    assert as_user(relay, ADMINISTRATOR, "delete", kept, "--reason", "x").returncode == 77
    good(as_user(relay, None, "verify"))
    # The backup of before still holds it: a restore beside the chain disposes of it again, before anybody could look.
    config, old = relay.folder / "restore.yaml", relay.folder / "old"
    config.write_text(re.sub(r"(?m)^store: .*$", f"store: {old}", relay.mugaid.config.read_text()))
    assert list(backup.rglob(item)), "the backup of before the disposal"
    good(relay.mugaid.mugai("quarantine", "restore", backup, "--config", config, "--keys", f"{relay.mugaid.store}.keys"))
    listed = [json.loads(line) for line in good(relay.mugaid.mugai("quarantine", "list", "--store", old, "--json", "--limit", "500")).splitlines()]
    assert {each["id"]: each["state"] for each in listed}[item] == "deleted" and not list(old.rglob(item)) and list(old.rglob(kept))
    good(as_user(relay, None, "backup", backup))
    assert not list(backup.rglob(item)) and list(backup.rglob(kept))
    restored = relay.folder / "restored"
    good(relay.mugaid.mugai("quarantine", "restore", backup, "--store", restored, "--keys", f"{relay.mugaid.store}.keys"))
    good(as_user(relay, None, "rotate-key"))
    wait_for(lambda: kept_master(relay, kept) == 2, 60, "wrapped by the new key")
    good(as_user(relay, None, "verify"))
    good(as_user(relay, None, "export", kept))


def kept_master(relay, item):
    import sqlite3
    with contextlib.closing(sqlite3.connect(f"file:{relay.mugaid.store}/index.sqlite?mode=ro", uri=True)) as index:
        return index.execute("SELECT master FROM items WHERE id = ?", (item,)).fetchone()[0]


def no_keeper(relay):
    """without a keeper nothing is taken out, and nothing is done unrecorded"""
    item = hold(relay, clean())
    lonely = relay.folder / "lonely.yaml"
    lonely.write_text(relay.mugaid.config.read_text().replace(f"runtime_directory: {relay.mugaid.run}", f"runtime_directory: {relay.folder}/none"))
    for words in (["export", item], ["request", item, "--reason", "x"], ["delete", item, "--reason", "x"]):
        done = relay.mugaid.mugai("quarantine", *words, "--config", lonely)
        assert done.returncode == 75 and done.stdout == b"", (words, done.returncode, done.stdout, done.stderr)
    done = relay.mugaid.mugai("quarantine", "export", item, "--store", relay.mugaid.store)
    assert done.returncode == 78 and done.stdout == b""


MAX_REGION = 1 << 32  # what is larger is a sanitizer's shadow, which holds nothing of what it shadows


def regions(pid):
    """Each readable piece of a process' memory, as root sees it: its bytes and its flags."""
    found, place = [], None
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if match := re.match(r"([0-9a-f]+)-([0-9a-f]+) (r)?", line):
            place = match
        elif line.startswith("VmFlags:") and place[3] and int(place[2], 16) - int(place[1], 16) < MAX_REGION:
            found.append((int(place[1], 16), int(place[2], 16), line.split()[1:]))
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for start, end, flags in found:
            with contextlib.suppress(OSError):  # [vvar] and the like
                memory.seek(start)
                yield memory.read(end - start), flags


def assert_closed(pid):
    """No core file, and nobody but root looks in."""
    limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
    assert re.search(r"Max core file size +0 +0 ", limits), (pid, limits)
    assert os.stat(f"/proc/{pid}/mem").st_uid == 0, (pid, "another process of its user could read its memory")


def service(pid):
    return [pid] + [below for child in children(pid) for below in service(child)]


def secrets_in_memory(relay, keys):
    """Keys are in the keeper alone, in memory that no core file and no swap gets; nobody of the same user looks in."""
    keeper, master = relay.mugaid.status()["keeper"]["pid"], relay.mugaid.process.pid
    for pid in service(master):
        places = [flags for content, flags in regions(pid) if any(key in content or key.hex().encode() in content for key in keys)]
        assert bool(places) == (pid == keeper), (pid, keeper, places)
        locked = {"lo"} - {"lo" for _ in re.findall("lib[at]san", pathlib.Path(f"/proc/{pid}/maps").read_text())}  # they make mlock () do nothing
        assert all({"dd"} | locked <= set(flags) for flags in places), places  # not dumped, not swapped out
        if pathlib.Path(f"/proc/{pid}/comm").read_text().strip() in ("mugai-keeper", "mugai-front"):
            assert_closed(pid)
    user = pathlib.Path(f"/proc/{keeper}/status").read_text().split("Uid:\t")[1].split()[0]
    peek = subprocess.run(["head", "-c", "1", f"/proc/{keeper}/mem"], capture_output=True, user=int(user), extra_groups=[])
    assert b"denied" in peek.stderr, peek


def secrets_of_command(relay, keys):
    """A command that holds keys and a whole mail is closed likewise: looked at while it waits for somebody to take the mail."""
    item, pipe = hold(relay, clean()), relay.folder / "pipe"
    os.mkfifo(pipe)
    command = subprocess.Popen([str(relay.mugaid.build / "mugai"), "quarantine", "export", item, "-o", str(pipe), "--config", str(relay.mugaid.config)])
    wait_for(lambda: any(line["kind"] == "export" and line["body"]["item"] == item for line in chain(relay)), 30, "the export's line")
    assert_closed(command.pid)
    for content, flags in regions(command.pid):
        assert "dd" in flags or not any(key in content for key in keys), flags
    assert b"Subject: hello" in pipe.read_bytes() and command.wait(30) == 0


def secrets(relay):
    """no key or token in any log, on the chain, in the index or the process list, nor where a core file or a debugger would find it"""
    keys = [path.read_bytes() for path in pathlib.Path(f"{relay.mugaid.store}.keys").glob("*.key")]
    assert len(keys) >= 2
    places = [relay.mugaid.log, relay.postfix.log, *relay.mugaid.audit.glob("*"), *relay.mugaid.store.glob("index.sqlite*")]
    text = b"".join(path.read_bytes() for path in places if path.is_file())
    text += subprocess.run(["ps", "axeww"], capture_output=True).stdout
    for key in keys:
        assert key not in text and key.hex().encode() not in text
    for mail in relay.sink.messages:
        for token in re.findall(rb"X-Mugai-Release: *([0-9a-f]{64})", mail[2]):
            assert token == b"0" * 64, mail
    assert b"hello" not in b"".join(path.read_bytes() for path in relay.mugaid.store.rglob("01*") if path.is_file())
    secrets_in_memory(relay, keys)
    secrets_of_command(relay, keys)


def main():
    if os.geteuid() != 0:
        print("1..0 # SKIP root plays the people and the MTA")
        return
    if pathlib.Path("/proc/self/loginuid").read_text().strip() not in ("4294967295", ""):
        print("1..0 # SKIP this session has a login uid: nobody else can be played")
        return
    port = free_port()
    relay = Relay(sys.argv[1], more=f"release_listener: 127.0.0.1:{port}\naccounts: accounts\n")
    relay.release_port = port
    (relay.folder / "accounts").write_text(ACCOUNTS)
    with open(relay.postfix.etc / "master.cf", "a") as services:
        services.write(LISTENER.format(port=port))
    relay.postfix.command("reload")
    wait_for(lambda: not socket.socket().connect_ex(("127.0.0.1", port)), 30, "the release listener")
    with relay:
        scenarios = [as_original, as_attachment_and_text, twenty_at_once, forger, bound_token, mta_says_no, dribbling, separation, one_login, infected, disposal,
                     no_keeper, scanned_again, slow_and_full, people_only, standing, head_missing, credentials, secrets]
        chosen = [each for each in scenarios if len(sys.argv) < 3 or each.__name__ in sys.argv[2:]]
        run_scenarios([(each, relay) for each in chosen])


if __name__ == "__main__":
    main()
