# SPDX-License-Identifier: GPL-2.0-only
"""A private Sendmail from Debian's packages, unpacked and never installed (packaging/deps --test), open as a relay: what is refused is
refused by mugai. Clients are told apart by the loopback address they come from: 127.0.1.x is inside by policy(), 127.0.2.x outside."""
import os
import pathlib
import re
import shutil
import smtplib
import subprocess

from relay import TOP, free_port, wait_for

UNPACKED = pathlib.Path(os.environ.get("MUGAI_UNPACKED", "/var/cache/mugai-tests"))
INSIDE, OUTSIDE = "127.0.1.1", "127.0.2.1"

MC = """divert(-1)
divert(0)dnl
include(`{cf}/m4/cf.m4')dnl
OSTYPE(`linux')dnl
define(`confDOMAIN_NAME', `relay.city.example.lg.jp')dnl
define(`confSERVICE_SWITCH_FILE', `{folder}/service.switch')dnl
define(`QUEUE_DIR', `{folder}/queue')dnl
define(`STATUS_FILE', `{folder}/statistics')dnl
define(`confPID_FILE', `{folder}/pid')dnl
define(`confDONT_PROBE_INTERFACES', `true')dnl
define(`confTO_IDENT', `0')dnl
define(`confQUEUE_LA', `10000')dnl
define(`confREFUSE_LA', `10000')dnl
define(`confPRIVACY_FLAGS', `goaway')dnl
define(`ALIAS_FILE', `')dnl
define(`confMAX_MESSAGE_SIZE', `52428800')dnl
FEATURE(`promiscuous_relay')dnl
FEATURE(`accept_unresolvable_domains')dnl
FEATURE(`accept_unqualified_senders')dnl
FEATURE(`nocanonify')dnl
FEATURE(`no_default_msa')dnl
define(`SMART_HOST', `relay:[127.0.0.1]')dnl
define(`RELAY_MAILER_ARGS', `TCP $h {sink}')dnl
DAEMON_OPTIONS(`Name=MTA, Addr=127.0.0.1, Port={port}')dnl
INPUT_MAIL_FILTER(`mugai', `S={milter}, F=T, T=C:1m;S:1m;R:2m;E:5m')dnl
MAILER(smtp)dnl
"""

MSP = """divert(-1)
divert(0)dnl
include(`{cf}/m4/cf.m4')dnl
OSTYPE(`linux')dnl
define(`confDOMAIN_NAME', `relay.city.example.lg.jp')dnl
define(`confSERVICE_SWITCH_FILE', `{folder}/service.switch')dnl
define(`MSP_QUEUE_DIR', `{queue}')dnl
define(`MSP_STATUS_FILE', `{folder}/msp-statistics')dnl
define(`confPID_FILE', `{folder}/msp-pid')dnl
define(`confRUN_AS_USER', `mail:mail')dnl
define(`confTRUSTED_USER', `mail')dnl
define(`confUSE_MSP', `True')dnl
define(`confDONT_PROBE_INTERFACES', `true')dnl
define(`confTO_IDENT', `0')dnl
define(`confDIRECT_SUBMISSION_MODIFIERS', `C')dnl
define(`RELAY_MAILER_ARGS', `TCP $h {port}')dnl
FEATURE(`nocanonify')dnl
FEATURE(`msp', `[127.0.0.1]', `')dnl
"""


def policy(folder):
    """The shipped policy with inside networks that loopback can play."""
    text = (TOP / "policy/default.yaml").read_text()
    text, n = re.subn(r"  networks:\n(    - .*\n)+", "  networks:\n    - 127.0.0.1/32\n    - 127.0.1.0/24\n", text)
    assert n == 1
    shutil.copytree(TOP / "policy", folder / "policy", dirs_exist_ok=True)
    path = folder / "policy/loopback.yaml"
    path.write_text(text)
    for part in (folder / "policy").rglob("*"):
        part.chmod(0o755 if part.is_dir() else 0o644)
    return path


class Sendmail:
    def __init__(self, folder, milter, sink_port):
        binary = UNPACKED / "usr/libexec/sendmail/sendmail"
        self.port, self.folder = free_port(), folder / "sendmail"
        for name in ("", "queue"):
            (self.folder / name).mkdir(mode=0o755)
        (self.folder / "queue").chmod(0o700)
        (self.folder / "service.switch").write_text("hosts files\naliases files\n")
        self.binary = self.folder / "sendmail"
        shutil.copy(binary, self.binary)  # without its group: a set-gid program would not look for libraries there
        self.binary.chmod(0o755)
        folders = [str(path) for path in (UNPACKED / "usr/lib").glob("*-linux-gnu")] + [str(path) for path in (UNPACKED / "lib").glob("*-linux-gnu")]
        self.environment = {**os.environ, "LD_LIBRARY_PATH": ":".join(folders)}
        cf = UNPACKED / "usr/share/sendmail/cf"
        made = subprocess.run([str(UNPACKED / "usr/bin/m4"), f"-D_CF_DIR_={cf}/", "-"], env=self.environment, capture_output=True, text=True,
                              input=MC.format(cf=cf, folder=self.folder, port=self.port, milter=milter, sink=sink_port), check=True)
        self.config = self.folder / "sendmail.cf"
        self.config.write_text(made.stdout)
        self.log = open(self.folder / "log", "w+")
        # with a host name without a dot it sleeps a minute before it listens: so it gets a name of its own
        start = f"hostname relay.city.example.lg.jp && exec '{self.binary}' -C '{self.config}' -bD -q1s"
        self.process = subprocess.Popen(["unshare", "--uts", "sh", "-c", start], env=self.environment,
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        wait_for(self.answers, 60, "Sendmail's banner")

    def answers(self):
        if self.process.poll() is not None:
            self.log.seek(0)
            raise AssertionError(f"Sendmail ended with {self.process.returncode}: {self.log.read()}")
        try:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=5):
                return True
        except OSError:
            return False

    def submit(self, sender, to, text):
        """By sendmail(1): a mail submission program of its own, which hands on to the daemon by SMTP, as Debian sets it up."""
        queue, config = self.folder / "msp-queue", self.folder / "submit.cf"
        if not config.exists():
            queue.mkdir(mode=0o700)
            shutil.chown(queue, "mail", "mail")  # it drops root, or refuses to start
            cf = UNPACKED / "usr/share/sendmail/cf"
            made = subprocess.run([str(UNPACKED / "usr/bin/m4"), f"-D_CF_DIR_={cf}/", "-"], env=self.environment, capture_output=True, text=True,
                                  input=MSP.format(cf=cf, folder=self.folder, port=self.port, queue=queue), check=True)
            config.write_text(made.stdout)
        words = f"hostname relay.city.example.lg.jp && exec '{self.binary}' -Ac -C '{config}' -f '{sender}' -- '{to}'"
        return subprocess.run(["unshare", "--uts", "sh", "-c", words], env=self.environment, input=text.encode(), capture_output=True, timeout=120)

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()
