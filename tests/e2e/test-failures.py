#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Failures on the real Postfix: things are killed, stopped and filled, and every mail still arrives once, sanitised. TAP.

usage: test-failures.py BUILD_DIR [SCENARIO...]

Each mail carries MARKER in an attachment, in a script and in a tag: it must never be seen at the sink. A sender tries again after a
4xx, as any MTA does. How the moments are chosen:
- a worker inside inspect or rebuild: strace attached to it kills it on its way into the sendmsg of its first or second reply;
- mugaid between header edits and body, the keeper between keep and answer: a tap on the socket (taps.py) sees that frame;
- everything else: SIGSTOP before, so that the mail is surely inside. Nothing here sleeps for a fixed time.
"""
import collections
import concurrent.futures
import contextlib
import email
import email.policy
import json
import os
import pathlib
import shutil
import signal
import smtplib
import subprocess
import sys
import tempfile
import threading
import time

import samples
from relay import EICAR, Mugaid, Postfix, Relay, Sink, Skip, children, run_scenarios, wait_for
from samples import CITIZEN, OUTSIDER, STAFF
from taps import KeeperTap, MilterTap

MARKER = "UNSANITISED-8f1d6c"
NUMBERS = iter(range(1, 1_000_000))
SHORT = "wait: 4s\nfirst_worker: 4s\ntotal: 14s\nstop: 10s\n"


# ---- the relay, with what failures need ----

def descendants(pid):
    found = children(pid)
    return found + [grandchild for child in found for grandchild in descendants(child)]


class FailingRelay(Relay):
    """`tap`: a MilterTap between Postfix and mugaid. `tmpfs`: {"store": "8m"}: that folder is a small disk of its own."""

    def __init__(self, build, tap=False, tmpfs=None, **options):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mugai-failures-"))
        self.folder.chmod(0o755)
        self.disks = []
        for name, size in (tmpfs or {}).items():
            self.mount(name, size)
        self.sink = Sink()
        self.mugaid = Mugaid(build, self.folder, more=options.pop("more", SHORT), **options)
        self.tap = MilterTap(self.folder / "tap.sock", self.folder / "run" / "milter.sock") if tap else None
        self.postfix = Postfix(self.folder, self.tap.name if tap else self.mugaid.socket, self.sink.port)
        self.sent = []  # every token that Postfix has taken

    def __exit__(self, kind, value, trace):
        if isinstance(value, SystemExit) and not value.code:
            kind = None  # all is well: nobody needs the log
        super().__exit__(kind, value, trace)

    def mount(self, name, size):
        path = self.folder / name
        path.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0750", "mugai-test", str(path)], capture_output=True)
        if done.returncode:
            raise Skip(f"no small disk: {done.stderr.decode().strip()}")
        self.disks.append(path)

    def close(self, keep=False):
        for pid in [self.mugaid.process.pid, *descendants(self.mugaid.process.pid)]:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGCONT)
        if self.tap:
            self.tap.close()
        super().close(keep=True)
        for path in self.disks:
            subprocess.run(["umount", "-l", str(path)])
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    # processes

    def pids(self, name):
        """Of mugaid's children by their command name; workers are the children of the zygotes."""
        status = self.mugaid.status() or wait_for(self.mugaid.status, 10, "mugai status")
        if name == "front":
            return [front["pid"] for front in status["fronts"] if front["pid"]]
        if name == "keeper":
            return [status["keeper"]["pid"]]
        zygotes = [generation["pid"] for generation in status["generations"] if generation["state"] == "serving"]
        return zygotes if name == "zygote" else [pid for zygote in zygotes for pid in children(zygote)]

    def idle_workers(self, count=3):
        wait_for(lambda: self.mugaid.status()["workers"] >= count and len(self.pids("worker")) >= count, 20, "workers")
        return self.pids("worker")

    def kill_all(self):
        """mugaid as a whole, at once: the master first, so that it restarts nothing."""
        pids = [self.mugaid.process.pid, *descendants(self.mugaid.process.pid)]
        for pid in pids:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        self.mugaid.process.wait(30)
        wait_for(lambda: not any(is_running(pid) for pid in pids), 10, "the processes' end")

    def alarms(self):
        return {alarm["code"] for alarm in self.mugaid.status()["alarms"]}

    # mail

    def mail(self, bytes_of_text=0, sender=CITIZEN, recipient=STAFF):
        """(token, message): text with the token; MARKER in script, attribute and attachment."""
        token = f"TOKEN-{next(NUMBERS):05d}-END"
        message = samples.head(f"件名 {token}", sender, recipient)
        filler = "あいうえおかきくけこ\n" * (bytes_of_text // 31)
        message.set_content(f"本文 {token}\n{filler}")
        message.add_alternative(f"<html><script>{MARKER}</script><body title='{MARKER}'><p>本文 {token}</p>"
                                f"<pre>{filler}</pre></body></html>", subtype="html")
        message.add_attachment(MARKER.encode() * 40, maintype="application", subtype="octet-stream", filename="a.bin")
        return token, message.as_bytes()

    def send(self, message, sender, recipients, **how):
        """As Relay's, but a 4xx at the greeting or at XCLIENT, while mugaid is away, is an answer like others."""
        try:
            return super().send(message, sender, recipients, **how)
        except smtplib.SMTPResponseException as problem:
            return problem.smtp_code, str(problem.smtp_error)
        except smtplib.SMTPServerDisconnected as problem:
            return 421, str(problem)
        except AssertionError as problem:
            if not isinstance(problem.args[0], tuple):
                raise
            return problem.args[0]

    def push(self, mail, tries=400, seconds=60, recipient=STAFF, **how):
        """Sends like an MTA: again after a 4xx. Returns the codes that came."""
        token, data = mail
        codes, end = [], time.monotonic() + seconds
        while len(codes) < tries and time.monotonic() < end:
            code, text = self.send(data, CITIZEN, recipient, **how)
            codes.append(code)
            if code == 250:
                self.sent.append(token)
                return codes
            assert 400 <= code < 500, (token, code, text)
            threading.Event().wait(0.1)
        raise AssertionError(f"{token}: never accepted: {codes}")

    def arrivals(self, token):
        return [message for message in list(self.sink.messages) if token in everything(message[2])]

    def check(self):
        """All that was taken arrived once, as text; nothing unsanitised; no id twice on the chain or in the index."""
        for token in self.sent:
            wait_for(lambda token=token: self.arrivals(token), 60, f"{token} at the sink")
        counted = collections.Counter()
        for _, recipients, data in list(self.sink.messages):
            text = everything(data)
            assert MARKER not in text and EICAR not in text, f"unsanitised: {data[:2000]!r}"
            assert {part.get_content_type() for part in parse(data).walk()} == {"text/plain"}, data[:500]
            counted.update(token for token in self.sent if token in text)
        assert all(counted[token] == 1 for token in self.sent), {t: counted[t] for t in self.sent if counted[t] != 1}
        ids = [record["id"] for record in self.mugaid.records()]
        assert len(ids) == len(set(ids)), "an id with two lines on the chain"
        kept = self.kept()
        assert len(kept) == len(set(kept)) and set(kept) <= set(ids), "rows and chain differ"
        verified = self.mugaid.mugai("audit", "verify", "--config", self.mugaid.config)
        assert verified.returncode == 0, (verified.stdout, verified.stderr)

    def kept(self):
        """The ids of the quarantine's rows."""
        listed = self.mugaid.mugai("quarantine", "list", "--json", "--config", self.mugaid.config)
        assert listed.returncode == 0, listed.stderr
        return [json.loads(line)["id"] for line in listed.stdout.splitlines()]

    def records_of(self, token):
        return [record for record in self.mugaid.records() if token in (record["subject"] or "")]


def is_running(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def parse(data):
    return email.message_from_bytes(data, policy=email.policy.default)


def everything(data):
    """All that a reader could find in it: as sent, and each part decoded."""
    message = parse(data)
    found = [data.decode("utf-8", "replace"), str(message["Subject"])]
    for part in message.walk():
        if not part.is_multipart():
            found.append((part.get_payload(decode=True) or b"").decode("utf-8", "replace"))
    return "\n".join(found)


class Strace:
    """Kills the traced processes on their way into their nth sendmsg."""

    def __init__(self, pids, nth):
        if shutil.which("strace") is None:
            raise Skip("strace is not installed")
        words = ["strace", "-qq", "-o", "/dev/null", "-e", "trace=sendmsg", "-e", f"inject=sendmsg:signal=SIGKILL:when={nth}"]
        for pid in pids:
            words += ["-p", str(pid)]
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        wait_for(lambda: self.process.poll() is not None or all(self.is_traced(pid) for pid in pids), 10, "strace")
        if self.process.poll() is not None:
            raise Skip(f"strace may not attach: {self.process.stderr.read().decode().strip()}")

    @staticmethod
    def is_traced(pid):
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        return "TracerPid:\t0\n" not in status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)


@contextlib.contextmanager
def stopped(pids):
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield pids
    finally:
        for pid in pids:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGCONT)


@contextlib.contextmanager
def in_background(function, *arguments, **more):
    """The future of the call; its result is asked for at the end, so that a failure is not lost."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        future = pool.submit(function, *arguments, **more)
        yield future
        future.result(120)


def wait_in_hand(relay, milliseconds=100):
    wait_for(lambda: relay.mugaid.status()["oldest_ms"] >= milliseconds, 20, "a mail in a front's hand")


# ---- workers ----

MARKS = {}


def mark_log(relay):
    MARKS[relay] = len(relay.mugaid.log.read_text())


def log_since(relay):
    return relay.mugaid.log.read_text()[MARKS.get(relay, 0):]


def killed_in(relay, nth):
    """One worker dies on its nth reply of a mail; the others are not traced, and one of them takes the mail over."""
    victim = relay.idle_workers()[0]
    mark_log(relay)
    with Strace([victim], nth):
        # The pool is a queue: the traced worker's turn comes within as many mails as there are workers.
        for _ in range(6):
            mail = relay.mail()
            relay.push(mail, tries=1)
            if not is_running(victim):
                return relay.records_of(mail[0])
    raise AssertionError("the traced worker was never used")


def killed_in_inspect(relay):
    """a worker killed inside inspect: another one does it, within the same transaction"""
    record, = killed_in(relay, 1)
    assert record["attempt"] == 2 and record["action"] == "deliver", (record["attempt"], record["action"])
    assert "attempt=1 worker:" in log_since(relay) and "worker-died" in relay.alarms()
    relay.check()


def killed_in_rebuild(relay):
    """a worker killed inside rebuild: another one does it all again, within the same transaction"""
    record, = killed_in(relay, 2)
    assert record["attempt"] == 2 and record["action"] == "deliver", (record["attempt"], record["action"])
    relay.check()


def hung_worker(relay):
    """a worker that hangs past its deadline is killed; the second one delivers"""
    workers = relay.idle_workers()
    mail = relay.mail()
    mark_log(relay)
    with stopped(workers), in_background(relay.push, mail, tries=1):
        wait_for(lambda: "attempt=1 worker:" in log_since(relay), 20, "the first deadline")
        for pid in workers:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGCONT)
    record, = relay.records_of(mail[0])
    assert record["attempt"] == 2 and record["action"] == "deliver", (record["attempt"], record["action"])
    relay.check()


def hung_stays_dead(relay):
    """two workers that hang: each is killed by its parent and replaced, and the mail is held whole"""
    workers = relay.idle_workers()
    before = len(relay.sink.messages)
    with stopped(workers), in_background(relay.send, relay.mail()[1], CITIZEN, STAFF):
        wait_for(lambda: sum(not is_running(pid) for pid in workers) == 2, 40, "two hung workers' deaths")
    assert len(relay.idle_workers()) == 3
    assert relay.mugaid.records()[-1]["action"] == "hold"
    assert relay.mugaid.records()[-1]["id"] in everything(relay.next_mail(before)[2])
    relay.check()


def killed_twice(relay):
    """a mail that kills its worker twice is held whole; the recipient has a notice; the original is the one that came"""
    mail = token, data = relay.mail()
    before = len(relay.sink.messages)
    with Strace(relay.idle_workers(), 1):
        code, text = relay.send(data, CITIZEN, STAFF)
    assert code == 250, (code, text)
    sender, recipients, notice = relay.next_mail(before)
    record = relay.mugaid.records()[-1]
    assert record["action"] == "hold" and record["attempt"] == 2, (record["action"], record["attempt"])
    assert record["quarantine_id"] == record["id"] and record["id"] in everything(notice)
    assert sender == "<>" and recipients == [f"<{STAFF}>"], (sender, recipients)
    assert token not in everything(notice).replace(f"件名 {token}", ""), "the unread text is in the notice"
    original = relay.folder / f"{token}.eml"
    done = relay.mugaid.mugai("quarantine", "export", record["id"], "--output", original, "--config", relay.mugaid.config)
    assert done.returncode == 0, done.stderr
    assert data in original.read_bytes() or data.rstrip() in original.read_bytes(), "the original is not what was sent"
    assert len(mail) == 2
    relay.check()


# ---- front, zygote, keeper ----

def stopped_front(relay):
    """one front stopped: mail flows through the other; what the stopped one had in hand goes on when it goes on"""
    fronts = relay.pids("front")
    for front in fronts:
        with stopped([front]), concurrent.futures.ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda _: relay.push(relay.mail(), tries=1, seconds=30), range(6)))
    relay.check()


def stopped_front_in_hand(relay):
    """one front stopped with mails in hand: those wait and arrive, the others pass at once"""
    fronts = relay.pids("front")
    workers = relay.idle_workers()
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        with stopped(workers):
            # Two of three workers: those that a stopped front holds nobody else can have.
            first = [pool.submit(relay.push, relay.mail()) for _ in range(2)]
            wait_in_hand(relay)
            os.kill(fronts[0], signal.SIGSTOP)
        try:
            second = [pool.submit(relay.push, relay.mail(), 1) for _ in range(4)]
            for future in second:
                future.result(30)
        finally:
            os.kill(fronts[0], signal.SIGCONT)
        for future in first:
            future.result(60)
    relay.check()


def killed_front(relay):
    """a front killed with mails in hand: the MTA is told 4xx, tries again, and a new front is there"""
    fronts, workers = relay.pids("front"), relay.idle_workers()
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        with stopped(workers):
            pushed = [pool.submit(relay.push, relay.mail()) for _ in range(6)]
            wait_in_hand(relay)
            for front in fronts:
                os.kill(front, signal.SIGKILL)
        codes = [future.result(60) for future in pushed]
    assert any(len(tried) > 1 for tried in codes), codes
    wait_for(relay.mugaid.is_ready, 20, "two fronts again")
    assert not set(fronts) & set(relay.pids("front"))
    relay.check()


def killed_zygote(relay):
    """the zygote killed with a mail in a worker's hand: a new generation loads, the mail is delivered"""
    generation = relay.mugaid.status()["generation"]
    workers, (zygote,) = relay.idle_workers(), relay.pids("zygote")
    with stopped(workers), in_background(relay.push, relay.mail()):
        wait_in_hand(relay)
        os.kill(zygote, signal.SIGKILL)
    relay.push(relay.mail())
    wait_for(lambda: relay.mugaid.status()["generation"] > generation, 30, "a new generation")
    assert "zygote-died" in relay.alarms() and not any(is_running(pid) for pid in workers)
    relay.check()


def killed_master(relay):
    """the master killed and started again while its zygote is still ending: mail goes on, also when that one has cleared away"""
    zygote, = relay.pids("zygote")
    with stopped(relay.idle_workers()):
        relay.mugaid.process.kill()
        relay.mugaid.process.wait(10)
        relay.mugaid.start()
    wait_for(lambda: not is_running(zygote), 60, "the old zygote's end")
    for worker in relay.idle_workers():  # so that new ones have to find their folders
        os.kill(worker, signal.SIGKILL)
    for _ in range(3):
        relay.push(relay.mail(), tries=1)
    relay.check()


def keeper_before_keep(relay):
    """the keeper killed before it kept: the front asks the next one; one row, no 4xx"""
    keeper, = relay.pids("keeper")
    mail = relay.mail()
    with stopped([keeper]), in_background(relay.push, mail, tries=1):
        wait_in_hand(relay)
        os.kill(keeper, signal.SIGKILL)
    assert len(relay.records_of(mail[0])) == 1
    relay.check()


def keeper_before_answer(relay):
    """the keeper killed between keep and answer: the front asks again with the same id; one line, one row"""
    mail = relay.mail()
    tap = KeeperTap(relay.mugaid.run / "keeper.sock")
    before, = relay.pids("keeper")
    os.kill(before, signal.SIGKILL)  # and with it the fronts' connections from before the tap
    wait_for(lambda: relay.pids("keeper")[0] not in (before, 0), 20, "a keeper behind the tap")
    keeper, = relay.pids("keeper")

    def lose(answer):
        tap.hook = None
        assert json.loads(answer)["ok"] is True
        os.kill(keeper, signal.SIGKILL)
        return False
    try:
        tap.hook = lose
        relay.push(mail, tries=1)
        assert tap.lost == 1 and len(tap.answers) >= 2, (tap.lost, tap.answers)
    finally:
        tap.close()
    record, = relay.records_of(mail[0])
    assert relay.kept().count(record["id"]) == 1
    wait_for(lambda: relay.pids("keeper") != [keeper] and relay.pids("keeper") != [0], 20, "the next keeper")
    relay.check()


# ---- the whole ----

def killed_amid_answer(relay, wanted, name):
    mail = relay.mail(bytes_of_text=400_000)
    seen = []

    def hook(command, data):
        if command != wanted or seen:
            return not seen  # nothing passes after that frame
        seen.append(command)
        threading.Thread(target=relay.kill_all, daemon=True).start()
        return True
    relay.tap.hook = hook
    try:
        code, text = relay.send(mail[1], CITIZEN, STAFF)
    finally:
        relay.tap.hook = None
    assert seen and 400 <= code < 500, (name, seen, code, text)
    wait_for(lambda: relay.mugaid.process.poll() is not None, 30, "mugaid's end")
    code, text = relay.send(mail[1], CITIZEN, STAFF)
    assert 400 <= code < 500, ("without mugaid", code, text)
    relay.mugaid.start()
    relay.push(mail)
    relay.check()


def killed_amid_header(relay):
    """mugaid killed after its first header edit: 4xx; nothing half-edited goes on; delivered by the next try"""
    killed_amid_answer(relay, "m", "first deletion")


def killed_between_fields(relay):
    """mugaid killed when the old fields are off and the first new one is on: likewise"""
    killed_amid_answer(relay, "h", "first addition")


def killed_amid_body(relay):
    """mugaid killed between the first and the last piece of the new body: likewise"""
    killed_amid_answer(relay, "b", "first piece of the body")


def killed_amid_body_local(relay):
    """the same for a mail of sendmail(1) that is held: Postfix keeps it and tries again by itself; nobody outside gets it"""
    before, seen = len(relay.sink.messages), []

    def hook(command, _):
        if command != "b" or seen:
            return not seen
        seen.append(command)
        threading.Thread(target=relay.kill_all, daemon=True).start()
        return True
    relay.tap.hook = hook
    # From this very machine, so from inside: only a held mail has its body replaced.
    subprocess.run(["/usr/sbin/sendmail", "-C", str(relay.postfix.etc), "-f", STAFF, OUTSIDER], input=samples.eicar(STAFF, OUTSIDER),
                   check=True)
    wait_for(lambda: seen and relay.mugaid.process.poll() is not None, 30, "mugaid's end")
    relay.tap.hook = None
    assert len(relay.sink.messages) == before
    relay.mugaid.start()

    def arrived():
        relay.postfix.flush()
        return len(relay.sink.messages) > before
    wait_for(arrived, 60, "the notice, by Postfix's own next try")
    sender, recipients, notice = relay.sink.messages[before]
    assert sender == "<>" and recipients == [f"<{STAFF}>"], (sender, recipients)
    assert relay.mugaid.records()[-1]["id"] in everything(notice)
    relay.check()
    assert len(relay.sink.messages) == before + 1 and not relay.postfix.queue(), relay.postfix.queue()


def restarted_in_flight(relay):
    """restart with mails in flight: those in hand are finished, the others wait; none is lost, none comes twice"""
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        pushed = [pool.submit(relay.push, relay.mail(bytes_of_text=20_000)) for _ in range(24)]
        wait_for(lambda: len(relay.sent) >= 4, 30, "the first mails")
        relay.mugaid.stop()
        assert relay.mugaid.process.returncode == 0, relay.mugaid.process.returncode
        relay.mugaid.start()
        for future in pushed:
            future.result(90)
    relay.check()


def stops_with_mail_in_hand(relay):
    """SIGTERM with a mail in a worker's hand: it is finished first, without a 4xx"""
    workers = relay.idle_workers()
    with in_background(relay.push, relay.mail(), tries=1):
        with stopped(workers):
            wait_in_hand(relay)
            relay.mugaid.process.send_signal(signal.SIGTERM)
            wait_for(lambda: "stopping" in relay.mugaid.log.read_text(), 10, "the order to stop")
    relay.mugaid.process.wait(60)
    assert relay.mugaid.process.returncode == 0, relay.mugaid.process.returncode
    relay.mugaid.start()
    relay.check()


def reloaded_under_load(relay):
    """SIGHUP under load: policy and signatures are loaded again, no mail gets a 4xx"""
    generation = relay.mugaid.status()["generation"]
    policy = relay.folder / "policy" / "default.yaml"
    old = relay.mugaid.status()["policy"]["version"]
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        pushed = [pool.submit(relay.push, relay.mail(), 1) for _ in range(60)]
        for turn in range(1, 4):
            policy.write_text(policy.read_text() + f"# turn {turn}\n")
            relay.mugaid.process.send_signal(signal.SIGHUP)
            wait_for(lambda: relay.mugaid.status()["generation"] >= generation + turn, 30, "the next generation")
        codes = [future.result(60) for future in pushed]
    assert all(tried == [250] for tried in codes), codes
    assert relay.mugaid.status()["policy"]["version"] != old
    relay.push(relay.mail())
    last = relay.mugaid.records()[-1]
    assert last["policy"]["version"] == relay.mugaid.status()["policy"]["version"], last["policy"]
    assert last["signatures"]["generation"] == relay.mugaid.status()["generation"], last["signatures"]
    wait_for(lambda: len(relay.mugaid.status()["generations"]) == 1, 30, "the old generations' end")
    relay.check()


def broken_signatures(relay):
    """a signature set that does not load never serves: the old one goes on, with an alarm"""
    status = relay.mugaid.status()
    broken = relay.mugaid.signatures / "broken.ndb"
    broken.write_text("this is: not: a signature\n")
    try:
        relay.mugaid.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "signatures-not-loaded" in relay.alarms(), 30, "the alarm")
        relay.push(relay.mail(), tries=1)
        assert relay.mugaid.status()["generation"] == status["generation"]
        assert relay.mugaid.records()[-1]["signatures"]["generation"] == status["generation"]
    finally:
        broken.unlink()
    relay.mugaid.process.send_signal(signal.SIGHUP)
    wait_for(lambda: relay.mugaid.status()["generation"] > status["generation"], 30, "the mended set")
    relay.check()


def old_signatures(relay):
    """signatures older than signatures_alarm raise an alarm that says how old; a fresh set ends it; mail is scanned all the while"""
    old = time.time() - 30 * 3600
    for path in relay.mugaid.signatures.iterdir():
        os.utime(path, (old, old))
    status = relay.mugaid.status()
    assert "signatures-old" not in relay.alarms()
    relay.mugaid.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "signatures-old" in relay.alarms(), 30, "the alarm")
    text = next(alarm["text"] for alarm in relay.mugaid.status()["alarms"] if alarm["code"] == "signatures-old")
    assert "30 h" in text, text
    relay.push(relay.mail(), tries=1)
    assert relay.mugaid.records()[-1]["signatures"]["age_s"] >= 30 * 3600 - 5
    for path in relay.mugaid.signatures.iterdir():
        os.utime(path)
    relay.mugaid.process.send_signal(signal.SIGHUP)
    wait_for(lambda: relay.mugaid.status()["generation"] >= status["generation"] + 2, 30, "the fresh set")
    assert relay.mugaid.mugai("status", "--config", relay.mugaid.config, "--acknowledge", "all").returncode == 0
    assert "signatures-old" not in relay.alarms()
    relay.check()


def broken_policy(relay):
    """a policy that does not load never serves: the old one goes on, with an alarm"""
    policy = relay.folder / "policy" / "default.yaml"
    good, version = policy.read_text(), relay.mugaid.status()["policy"]["version"]
    policy.write_text(good + "rulez: []\n")
    try:
        relay.mugaid.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "policy-not-loaded" in relay.alarms(), 30, "the alarm")
        relay.push(relay.mail(), tries=1)
        assert relay.mugaid.records()[-1]["policy"]["version"] == version
    finally:
        policy.write_text(good)
    relay.check()


# ---- disks ----

def fill(folder):
    path = folder / "filler"
    with open(path, "wb", buffering=0) as filler:
        for size in (65536, 4096, 512, 1):
            with contextlib.suppress(OSError):
                while filler.write(b"\0" * size) == size:
                    pass
    return path


def send_until_refused(relay, limit=60):
    """Mails until one gets a 4xx: a page may still have had room. That one is returned, still to be sent."""
    for _ in range(limit):
        mail = relay.mail()
        code, text = relay.send(mail[1], CITIZEN, STAFF)
        if code != 250:
            assert 400 <= code < 500, (code, text)
            return mail
        relay.sent.append(mail[0])
    raise AssertionError("the disk is full and every mail is taken")


def full(build, name, size):
    with FailingRelay(build, tmpfs={name: size}) as relay:
        relay.push(relay.mail(), tries=1)
        filler = fill(relay.folder / name)
        mail = send_until_refused(relay)
        assert not relay.arrivals(mail[0]) and "keeper-failed" in relay.alarms()
        filler.unlink()
        relay.push(mail)
        relay.push(relay.mail(), tries=1)
        relay.check()


def store_full(build):
    """quarantine disk full: 4xx and an alarm, nothing passes unkept; with space again, it goes on by itself"""
    full(build, "store", "4m")


def audit_full(build):
    """audit disk full: 4xx and an alarm, nothing passes unrecorded; with space again, it goes on by itself"""
    full(build, "audit", "1m")


def audit_read_only(build):
    """audit not writable: 4xx and an alarm, nothing passes unrecorded; writable again, it goes on by itself"""
    with FailingRelay(build, tmpfs={"audit": "4m"}) as relay:
        relay.push(relay.mail(), tries=1)
        keeper, = relay.pids("keeper")

        def remount(how):
            subprocess.run(["mount", "-o", f"remount,{how}", str(relay.mugaid.audit)], check=True)
        # The keeper holds the segment open for writing: it dies, and its heir finds the disk read-only.
        with stopped([relay.mugaid.process.pid]):
            os.kill(keeper, signal.SIGKILL)
            wait_for(lambda: not is_running(keeper), 10, "the keeper's end")
            remount("ro")
        mail = relay.mail()
        code, text = relay.send(mail[1], CITIZEN, STAFF)
        assert 400 <= code < 500, (code, text)
        assert not relay.arrivals(mail[0])
        wait_for(lambda: "keeper-failed" in relay.alarms(), 10, "the alarm")
        remount("rw")
        relay.push(mail)
        relay.check()


# ---- all ----

def with_own_policy(build):
    """A relay whose policy the test may write."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mugai-policy-"))
    folder.chmod(0o755)
    shutil.copytree(pathlib.Path(__file__).resolve().parent.parent.parent / "policy", folder / "policy")
    return folder


def timed(scenario):
    """The same scenario; says how long it took, failed or not."""
    def run(*arguments):
        started = time.monotonic()
        try:
            scenario(*arguments)
        finally:
            print(f"# {scenario.__name__}: {time.monotonic() - started:.1f} s", flush=True)
    run.__doc__ = scenario.__doc__
    return run


def main(build, names):
    policy = with_own_policy(build)
    on_relay = [killed_in_inspect, killed_in_rebuild, hung_worker, hung_stays_dead, killed_twice, stopped_front,
                stopped_front_in_hand, killed_front, killed_zygote, killed_master, keeper_before_keep, keeper_before_answer, killed_amid_header,
                killed_between_fields, killed_amid_body, killed_amid_body_local, reloaded_under_load, broken_signatures, old_signatures,
                broken_policy, stops_with_mail_in_hand, restarted_in_flight]
    alone = [store_full, audit_full, audit_read_only]
    wanted = lambda scenario: not names or scenario.__name__ in names
    with FailingRelay(build, tap=True, policy=policy / "policy" / "default.yaml") as relay:
        (relay.folder / "policy").symlink_to(policy / "policy")
        try:
            run_scenarios([(timed(s), relay) for s in on_relay if wanted(s)] + [(timed(s), build) for s in alone if wanted(s)])
        finally:
            shutil.rmtree(policy, ignore_errors=True)


if __name__ == "__main__":
    if os.getuid() != 0:
        print("1..0 # SKIP Postfix of one's own and signals to other users' processes need root")
        raise SystemExit(0)
    main(pathlib.Path(sys.argv[1]), sys.argv[2:])
