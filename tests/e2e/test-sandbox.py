#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The sandbox as installed, with three users: forbidden acts inside real idle workers of a running mugaid, and every scan fixture through it. TAP.

usage: test-sandbox.py BUILD_DIR

All is done twice: with the running kernel's Landlock, and with that of Debian 12's kernel (ABI 2). An act has failed when the worker was
killed for it, or was told EACCES or EPERM and nothing was changed. What one scenario may not do, a worker of another does not live to see: each act has a worker of its own.
"""
import contextlib
import errno
import os
import pathlib
import pwd
import re
import shutil
import subprocess
import sys
import tempfile

import inject
from relay import EICAR, TOP, Relay, Skip, children, run_scenarios, wait_for
from samples import CITIZEN, STAFF

sys.dont_write_bytecode = True
sys.path.insert(0, str(TOP / "tests/scan"))
import fixtures  # noqa: E402

DEBIAN_12_ABI = 2
SCAN_USER = "mugai-scan"
A_MAIL = 12  # fixtures in one mail
AT_FDCWD, O_CREAT_WRONLY, PROT_READ_EXEC, PRIVATE_ANONYMOUS = -100, 0o101, 5, 0x22
OPENAT, SOCKET, CONNECT, EXECVE, CLONE, PTRACE, KILL, MOUNT, CHMOD, BPF, URING, KEYCTL, MMAP, TRUNCATE, MPROTECT, MKDIR, RMDIR, GETPID = (
    257, 41, 42, 59, 56, 101, 62, 165, 90, 321, 425, 250, 9, 76, 10, 83, 84, 39)


class Sandboxed(Relay):
    def __init__(self, build, abi, **options):
        self.abi = abi
        self.outside = pathlib.Path(tempfile.mkdtemp(prefix="mugai-outside-"))
        self.secret = self.outside / "secret"
        self.secret.write_text("secret")
        for path, mode in ((self.outside, 0o777), (self.secret, 0o666)):
            path.chmod(mode)  # file permissions are not what is to stop a worker
        environment = {"LD_PRELOAD": str(build / "tests/landlock-cap.so"), "MUGAI_TEST_LANDLOCK_ABI": str(abi)} if abi else {}
        super().__init__(build, environment=environment, **options)

        os.chown(self.secret, pwd.getpwnam(SCAN_USER).pw_uid, -1)  # neither are owners

    def zygote(self):
        return next(g["pid"] for g in self.mugaid.status()["generations"] if g["state"] == "serving")

    def close(self, keep=False):
        super().close(keep)
        shutil.rmtree(self.outside, ignore_errors=True)

    def worker(self):
        """An idle worker, of scan_user, that has entered its sandbox."""
        def find():
            return [pid for pid in children(self.zygote()) if "Seccomp:\t2" in pathlib.Path(f"/proc/{pid}/status").read_text()]
        return wait_for(find, 20, "a worker in its sandbox")[0]


def acts(relay):
    """(name, system call, arguments) of what must fail."""
    secret, new = bytes(relay.secret) + b"\0", bytes(relay.outside / "new") + b"\0"
    master = relay.mugaid.process.pid
    return [("open to read", OPENAT, AT_FDCWD, secret, 0, 0),
            ("open to write", OPENAT, AT_FDCWD, secret, 1, 0),
            ("create", OPENAT, AT_FDCWD, new, O_CREAT_WRONLY, 0o600),
            ("make a folder", MKDIR, bytes(relay.outside / "folder") + b"\0", 0o700),
            ("socket", SOCKET, 2, 1, 0),
            ("connect", CONNECT, 0, b"\2\0\0\x19\x7f\0\0\1" + bytes(8), 16),
            ("execve", EXECVE, b"/bin/true\0", 0, 0),
            ("fork", CLONE, 17, 0, 0, 0, 0),
            ("ptrace", PTRACE, 16, master, 0, 0),
            ("kill", KILL, master, 0),
            ("mount", MOUNT, b"none\0", b".\0", b"tmpfs\0", 0, 0),
            ("chmod outside its scratch", CHMOD, secret, 0o600),
            ("truncate outside its scratch", TRUNCATE, secret, 0),
            ("bpf", BPF, 0, bytes(128), 128),
            ("io_uring", URING, 1, bytes(128)),
            ("keyctl", KEYCTL, 0, -3, 0),
            ("executable mapping", MMAP, 0, 4096, PROT_READ_EXEC, PRIVATE_ANONYMOUS, -1, 0)]


MAY_ALL = ("open to read", "open to write", "create", "make a folder", "socket", "chmod outside its scratch", "truncate outside its scratch",
           "executable mapping")


def refused(result):
    return result in ("killed by SIGSYS", -errno.EACCES, -errno.EPERM)


def facts_of(pid):
    return dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)


def control(relay):
    """A plain process of the same user may do what needs no more than files and memory: else the test would prove nothing."""
    plain = subprocess.Popen(["sleep", "600"], user=SCAN_USER, group=SCAN_USER, extra_groups=[])
    try:
        wait_for(lambda: "nanosleep" in pathlib.Path(f"/proc/{plain.pid}/wchan").read_text(), 10, "a plain process at rest")
        answers = {act: inject.call(plain.pid, number, *arguments) for act, number, *arguments in acts(relay) if act in MAY_ALL}
    finally:
        plain.kill()
        plain.wait()
    failed = {act: answer for act, answer in answers.items() if isinstance(answer, str) or answer < 0}
    assert not failed, failed
    for path in relay.outside.iterdir():
        path.rmdir() if path.is_dir() else path.unlink() if path != relay.secret else None
    relay.secret.write_text("secret")
    relay.secret.chmod(0o666)


def forbidden_acts(relay, name):
    """Every forbidden act fails inside a real worker"""
    if not inject.possible():
        raise Skip("needs root on x86-64")
    facts = facts_of(relay.worker())
    assert facts["Uid"].split()[0] == str(pwd.getpwnam(SCAN_USER).pw_uid) and relay.mugaid.status()["separation"]
    assert facts["NoNewPrivs"] == "1" and int(facts["CapEff"], 16) == int(facts["CapPrm"], 16) == 0
    assert (relay.abi is not None) == ("landlock-cap.so" in pathlib.Path(f"/proc/{relay.worker()}/maps").read_text())
    control(relay)
    # The instrument works: calls that a worker needs do succeed from inside.
    pid = relay.worker()
    assert inject.call(pid, GETPID) == pid
    assert inject.call(pid, MKDIR, b"probe\0", 0o700) == 0 and inject.call(pid, RMDIR, b"probe\0") == 0
    wrong = []
    for act, number, *arguments in acts(relay):
        result = inject.call(relay.worker(), number, *arguments)
        print(f"#   {name}: {act}: {result if isinstance(result, str) else 'E' if result >= 0 else os.strerror(-result)}", flush=True)
        if not refused(result):
            wrong.append((act, result))
    assert not wrong, wrong
    assert relay.secret.read_text() == "secret" and relay.secret.stat().st_mode & 0o777 == 0o666
    assert [path.name for path in relay.outside.iterdir()] == ["secret"]


def mail_of(group):
    """The fixtures of the group as attachments of one mail."""
    boundary = b"=_b"
    parts = [fixture.mail().split(b"--=_b\r\n", 2)[2].removesuffix(b"--=_b--\r\n") for fixture in group]
    head = group[0].mail().split(b"--=_b\r\n", 1)[0]
    return head + b"".join(b"--" + boundary + b"\r\n" + part for part in parts) + b"--" + boundary + b"--\r\n"


def deaths(relay):
    return re.findall(r"worker \d+ died, status \d+|worker-died.*", relay.mugaid.log.read_text(errors="replace"))


def groups():
    every = sorted((f for f in fixtures.every(EICAR.encode()) if len(f.data) < 2_000_000), key=lambda f: f.label)
    return [every[i:i + A_MAIL] for i in range(0, len(every), A_MAIL)]


def fixtures_scan(relay, name):
    """Every fixture goes through, and no worker dies of it"""
    sets = groups()
    for group in sets:
        code, text = relay.send(mail_of(group), CITIZEN, STAFF)
        assert code == 250, (code, text, [f.label for f in group])
    records = relay.mugaid.records()
    assert len(records) == len(sets), (len(records), len(sets))
    assert all(record["attempt"] == 1 and len(record["parts"]) > A_MAIL // 2 for record in records[:-1])
    died = deaths(relay)
    assert not died, died
    print(f"#   {name}: {sum(map(len, sets))} fixtures in {len(sets)} mails, 0 workers died")


def allowed():
    """The filter's own lists: (calls that mail needs, calls kept for a reason)."""
    source = (TOP / "src/worker/sandbox.c").read_text()
    lists = re.findall(r"static const int (\w+)_calls\[\] = \{(.*?)\};", source, re.S)
    found = {name: set(re.findall(r"SCMP_SYS \((\w+)\)", text)) for name, text in lists}
    return found["allowed"], found["spare"]


def calls_used(relay, name):
    """Every call that the filter allows is used by some fixture, or kept for a reason that stands beside it"""
    if not shutil.which("strace"):
        raise Skip("no strace")
    trace = relay.folder / "trace"
    pids = [relay.zygote(), *children(relay.zygote())]
    tracer = subprocess.Popen(["strace", "-f", "-qq", "-s", "0", "-o", str(trace), *(word for pid in pids for word in ("-p", str(pid)))])
    wait_for(lambda: all(facts_of(pid)["TracerPid"] == str(tracer.pid) for pid in pids), 20, "the tracer")
    for group in groups():
        relay.send(mail_of(group), CITIZEN, STAFF)
    tracer.terminate()
    tracer.wait(30)
    inside, used = set(map(str, pids[1:])), {}
    for line in trace.read_text(errors="replace").splitlines():
        pid, _, text = line.partition(" ")
        call = re.match(r" *(\w+)\(", text)
        if call and pid in inside:
            used[call[1]] = used.get(call[1], 0) + 1
        elif text.lstrip().startswith("seccomp(SECCOMP_SET_MODE_FILTER") and text.rstrip().endswith("= 0"):
            inside.add(pid)
    needed, spare = allowed()
    print("#   " + ", ".join(f"{call} {count}" for call, count in sorted(used.items(), key=lambda item: -item[1])))
    print("#   spare and not used: " + " ".join(sorted(spare - set(used))))
    assert not needed - set(used), f"allowed and never used: {sorted(needed - set(used))}"


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    if b"asan" in subprocess.run(["nm", "-D", str(build / "mugaid")], capture_output=True).stdout:
        print("1..0 # SKIP a sanitizer's run-time needs a wider sandbox")
        return
    with contextlib.ExitStack() as stack:
        relays = [(stack.enter_context(Sandboxed(build, abi)), f"Landlock ABI {abi}" if abi else "this kernel's Landlock") for abi in (None, DEBIAN_12_ABI)]
        run_scenarios([(scenario, *relay) for relay in relays for scenario in (fixtures_scan, forbidden_acts)] + [(calls_used, *relays[0])])


if __name__ == "__main__":
    main()
