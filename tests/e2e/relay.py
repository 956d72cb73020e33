# SPDX-License-Identifier: GPL-2.0-only
"""A relay for tests: a private Postfix, a mugaid behind it and an SMTP sink, all on loopback and in one folder.

Postfix runs from its own configuration and queue; outside clients and logins are played by XCLIENT.
"""
import contextlib
import json
import os
import pathlib
import pwd
import shutil
import signal
import smtplib
import socket
import socketserver
import subprocess
import tempfile
import threading
import time

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
OUTSIDE = "203.0.113.5"
INSIDE = "10.1.2.3"
EICAR = "X5O!P%@AP[4\\PZX54(P^)7CC)7}" + "$EICAR-STANDARD-ANTIVIRUS" + "-TEST-FILE!$H+H*"


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition, seconds=30, what="condition"):
    """Polls until condition() is true and returns its value; an assertion when the time is over."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.02)


def children(pid):
    try:
        return [int(word) for path in pathlib.Path(f"/proc/{pid}/task").glob("*/children") for word in path.read_text().split()]
    except OSError:
        return []


class SinkHandler(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        self.say("220 sink ESMTP")
        sender, recipients = None, []
        while line := self.rfile.readline():
            verb = line.strip().upper()
            if verb.startswith(b"EHLO"):
                self.say("250-sink\r\n250-8BITMIME\r\n250 SMTPUTF8")
            elif verb.startswith(b"MAIL FROM:"):
                sender, recipients = line.strip()[10:].split()[0].decode("utf-8", "replace"), []
                self.say("250 ok")
            elif verb.startswith(b"RCPT TO:"):
                path = line.strip()[8:].decode("utf-8", "replace")  # a quoted local part may hold blanks; parameters stand behind it
                recipients.append(path[:path.rindex(">") + 1])
                self.say("250 ok")
            elif verb == b"DATA":
                self.say("354 go on")
                self.server.messages.append((sender, recipients, self.read_data()))
                self.say("250 kept")
            elif verb == b"QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")

    def read_data(self):
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)


class Sink(socketserver.ThreadingTCPServer):
    """Takes every mail and keeps it: (envelope sender, recipients, bytes)."""
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), SinkHandler)
        self.messages = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self):
        return self.server_address[1]


MAIN_CF = """compatibility_level = 3.6
queue_directory = {queue}
data_directory = {data}
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {log}
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = relay.city.example.lg.jp
mydestination =
local_recipient_maps =
mynetworks = 127.0.0.0/8 203.0.113.0/24 10.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_authorized_xclient_hosts = 127.0.0.1
relayhost = [127.0.0.1]:{sink}
smtp_host_lookup = native
disable_dns_lookups = yes
message_size_limit = 52428800
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
smtpd_milters = {milter}
non_smtpd_milters = {milter}
milter_default_action = tempfail
milter_protocol = 6
milter_content_timeout = 300s
smtpd_client_connection_rate_limit = 0
notify_classes =
"""

MASTER_CF = """{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    def __init__(self, folder, milter, sink_port):
        self.port = free_port()
        self.etc, self.log = folder / "postfix", folder / "maillog"
        for name in ("postfix", "queue", "data"):
            (folder / name).mkdir()
        postfix = pwd.getpwnam("postfix")
        os.chown(folder / "data", postfix.pw_uid, postfix.pw_gid)
        (self.etc / "main.cf").write_text(MAIN_CF.format(queue=folder / "queue", data=folder / "data", log=self.log,
                                                         folder=folder, sink=sink_port, milter=milter))
        (self.etc / "master.cf").write_text(MASTER_CF.format(port=f"127.0.0.1:{self.port}"))
        self.command("start")

    def command(self, *words):
        done = subprocess.run(["postfix", "-c", str(self.etc), *words], capture_output=True, text=True)
        if done.returncode and words[0] == "start":
            raise AssertionError(f"postfix {words}: {done.stdout}{done.stderr}{self.log.read_text() if self.log.exists() else ''}")

    def flush(self):
        subprocess.run(["postqueue", "-c", str(self.etc), "-f"], capture_output=True)

    def queue(self):
        done = subprocess.run(["postqueue", "-c", str(self.etc), "-j"], capture_output=True, text=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def stop(self):
        self.command("abort")


CONFIG = """milter_socket: {socket}
milter_socket_mode: "0666"
runtime_directory: {run}
policy: {policy}
signatures: {signatures}
store: {store}
audit: {audit}
fronts: {fronts}
workers: {workers}
{users}{more}"""


class Mugaid:
    """mugaid with a folder of its own. `more` is further lines of mugai.yaml, `environment` further variables."""

    def __init__(self, build, folder, policy=None, more="", workers=3, fronts=2, environment=None, signatures=None):
        self.build, self.folder = pathlib.Path(build), folder
        self.environment = {**os.environ, **(environment or {})}
        self.config, self.log = folder / "mugai.yaml", folder / "mugaid.log"
        self.store, self.audit, self.run = folder / "store", folder / "audit", folder / "run"
        self.signatures = signatures or make_signatures(folder / "signatures")
        self.socket = f"unix:{folder / 'run' / 'milter.sock'}"
        users = ""
        if os.getuid() == 0:
            subprocess.run([str(TOP / "packaging/users")], check=True)
            users = "user: mugai\nkeeper_user: mugai-keep\nscan_user: mugai-scan\n"
        for path in (self.store, self.audit, self.run):
            path.mkdir(exist_ok=True)
        if os.getuid() == 0:
            keeper = pwd.getpwnam("mugai-keep")
            os.chown(self.store, keeper.pw_uid, keeper.pw_gid)
            os.chown(self.audit, keeper.pw_uid, keeper.pw_gid)
        self.config.write_text(CONFIG.format(socket=self.socket, run=self.run, policy=policy or TOP / "policy/default.yaml",
                                             signatures=self.signatures, store=self.store, audit=self.audit, users=users,
                                             workers=workers, fronts=fronts, more=more))
        self.process = None
        self.start()

    def start(self):
        with open(self.log, "a") as log:
            self.process = subprocess.Popen([str(self.build / "mugaid"), "--foreground", "--config", str(self.config)],
                                            stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=self.environment)
        try:
            wait_for(self.is_ready, 60 if self.signatures.parent == self.folder else 600, "mugaid ready")
        except AssertionError:
            print(self.log.read_text())
            raise

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"mugaid ended with {self.process.returncode}:\n{self.log.read_text()}")
        status = self.status()
        return bool(status) and status["state"] == "running" and status["generation"] > 0 \
            and all(front["ready"] for front in status["fronts"])

    def mugai(self, *words, **more):
        return subprocess.run([str(self.build / "mugai"), *map(str, words)], capture_output=True, stdin=subprocess.DEVNULL, **more)

    def mugai_as(self, user, *words, **more):
        """The same, run by another user, to whom the build's folders may be closed."""
        program = self.folder / "mugai"
        if not program.exists():
            shutil.copy(self.build / "mugai", program)
        return subprocess.run([str(program), *map(str, words)], capture_output=True, stdin=subprocess.DEVNULL, user=user, **more)

    def status(self):
        done = self.mugai("status", "--json", "--config", self.config)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def lines(self, kind):
        """The lines of the audit chain of that kind, oldest first."""
        lines = []
        for segment in sorted(self.audit.glob("*.jsonl")):
            lines += [json.loads(line) for line in segment.read_text().splitlines()]
        return [line for line in lines if line["kind"] == kind]

    def records(self):
        return [line["body"] for line in self.lines("record")]

    def stop(self, how=signal.SIGTERM, seconds=90):
        if self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(seconds)
        reports = [line for line in self.log.read_text(errors="replace").splitlines() if "Sanitizer" in line or "runtime error:" in line]
        assert not reports, reports[:5]


def make_signatures(folder):
    """One signature: the EICAR test string, as a body pattern. Built here, never stored whole."""
    folder.mkdir(exist_ok=True)
    (folder / "test.ndb").write_text(f"Eicar-Test-Signature:0:*:{EICAR.encode().hex()}\n")
    return folder


class Relay:
    """The whole way: MTA -> mugaid -> MTA -> sink."""

    def __init__(self, build, **options):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mugai-e2e-"))
        self.folder.chmod(0o755)
        self.sink = Sink()
        self.mugaid = Mugaid(build, self.folder, **options)
        self.postfix = Postfix(self.folder, self.mugaid.socket, self.sink.port)

    def send(self, message, sender, recipients, client=OUTSIDE, login=None, size=None):
        """Sends by SMTP as that client. Returns (code, text) of the last reply; refused recipients do not raise."""
        recipients = [recipients] if isinstance(recipients, str) else recipients
        with smtplib.SMTP("127.0.0.1", self.postfix.port, timeout=200) as smtp:
            smtp.ehlo("client.example.com")
            words = f"ADDR={client} NAME=client.example.com" + (f" LOGIN={login}" if login else "")
            code, text = smtp.docmd("XCLIENT", words)
            assert code == 220, (code, text)
            smtp.ehlo("client.example.com")
            code, text = smtp.mail(sender, [f"SIZE={size}"] if size else [])
            if code != 250:
                return code, text.decode()
            accepted = 0
            for recipient in recipients:
                code, text = smtp.rcpt(recipient)
                accepted += code == 250
            if not accepted:
                return code, text.decode()
            code, text = smtp.data(message)
            return code, text.decode()

    def next_mail(self, before, seconds=60):
        wait_for(lambda: len(self.sink.messages) > before, seconds, "a mail at the sink")
        return self.sink.messages[before]

    def close(self, keep=False):
        self.postfix.stop()
        self.mugaid.stop()
        self.sink.shutdown()
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        failed = kind is not None and not (kind is SystemExit and not value.code)
        if failed:
            print("\n".join("# " + line for line in self.mugaid.log.read_text().splitlines()[-40:]))
        self.close(keep=failed and "MUGAI_KEEP" in os.environ)


class Skip(Exception):
    """A scenario that this machine cannot play; the TAP line gives the reason."""


def run_scenarios(scenarios):
    """Runs each (function, *arguments) as one TAP line; exits non-zero when one failed."""
    failures = 0
    for number, (scenario, *arguments) in enumerate(scenarios, 1):
        name = scenario.__doc__.splitlines()[0]
        try:
            scenario(*arguments)
            print(f"ok {number} - {name}", flush=True)
        except Skip as reason:
            print(f"ok {number} - {name} # SKIP {reason}", flush=True)
        except Exception as problem:  # a failed assertion or a broken set-up: the line says which
            failures += 1
            print(f"not ok {number} - {name}\n# {type(problem).__name__}: {problem}", flush=True)
    print(f"1..{len(scenarios)}")
    raise SystemExit(1 if failures else 0)
