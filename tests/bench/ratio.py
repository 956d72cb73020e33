#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""CPU of all of mugaid's processes a mail against raw libclamav on the same mails and signatures, in turn, in one run.

Two mugaids stand side by side, with the workers' memory of clean objects off (`worker_cached: 0`) and on. Each mail goes to both by
the milter protocol (Postfix is not counted) and to libclamav, whose temporary files lie in memory as the workers' do, before the next
mail does: the machine's speed drifts, and so each is paired with its baseline. The first round only warms up. Without a folder of
mails a few are made, without signatures a set shaped like the official one (see made_set.py).
"""
import argparse
import collections
import concurrent.futures
import itertools
import os
import pathlib
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
import relay  # noqa: E402
import samples  # noqa: E402
from made_set import OFFICIAL, make_set  # noqa: E402

TICK = os.sysconf("SC_CLK_TCK")
CHUNK = 65535
BUFFER = 4096  # as Postfix has it: what needs no answer is sent when that is full or an answer is wanted
# Steps of the milter protocol, as Postfix offers them: those that need not be answered, and those that need not be sent.
OFFERED = 0x0FFFFF
QUIET = {b"C": 0x1000, b"H": 0x2000, b"L": 0x80, b"N": 0x40000, b"B": 0x80000}
NO_DATA = 0x200


# ---- the MTA's side of the milter protocol ----


class Session:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(120)  # longer than mugaid takes for any mail
        self.socket.connect(path)
        self.waiting = b""
        self.put(b"O", struct.pack("!III", 6, 0x1FF, OFFERED))
        answer = self.take()
        assert answer[0] == b"O"
        self.agreed = struct.unpack("!III", answer[1][:12])[2]
        self.put(b"D", b"C{daemon_name}\0smtpd\0")
        self.ask(b"C", b"client.example.com\0" + b"4" + struct.pack("!H", 25) + relay.OUTSIDE.encode() + b"\0")
        self.ask(b"H", b"client.example.com\0")

    def put(self, command, data=b""):
        self.waiting += struct.pack("!I", len(data) + 1) + command + data
        if len(self.waiting) > BUFFER:
            self.flush()

    def flush(self):
        self.socket.sendall(self.waiting)
        self.waiting = b""

    def exactly(self, count):
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            assert piece, "mugaid hung up"
            data += piece
        return data

    def take(self):
        self.flush()
        body = self.exactly(struct.unpack("!I", self.exactly(4))[0])
        return body[:1], body[1:]

    def ask(self, command, data=b""):
        self.put(command, data)
        if self.agreed & QUIET.get(command, 0):
            return
        answer = self.take()
        assert answer[0] == b"c", (command, answer)

    def send(self, mail, sender, recipient):
        """One mail; the commands of the final answer, its verdict last."""
        head, _, body = mail.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n").partition(b"\r\n\r\n")
        self.put(b"D", b"Mi\0bench\0")
        self.ask(b"M", b"<" + sender.encode() + b">\0")
        self.ask(b"R", b"<" + recipient.encode() + b">\0")
        if not self.agreed & NO_DATA:
            self.ask(b"T")
        for line in head.replace(b"\r\n ", b"\n ").replace(b"\r\n\t", b"\n\t").split(b"\r\n"):
            name, _, value = line.partition(b":")
            self.ask(b"L", name + b"\0" + value.removeprefix(b" ") + b"\0")
        self.ask(b"N")
        for start in range(0, len(body), CHUNK):
            self.ask(b"B", body[start:start + CHUNK])
        self.put(b"E")
        answer = b""
        while answer not in (b"a", b"c", b"d", b"r", b"t", b"y"):
            answer = self.take()[0]
        return answer

    def close(self):
        self.put(b"Q")
        self.flush()
        self.socket.close()


class Raw:
    """libclamav alone, in as many processes of its own as there are connections."""

    def __init__(self, options, signatures):
        pairs = [socket.socketpair() for _ in range(options.connections)]
        theirs = [there.fileno() for _, there in pairs]
        self.process = subprocess.Popen([f"{options.build}/tests/raw-scan", signatures, *map(str, theirs)], pass_fds=theirs,
                                        env={**os.environ, "TMPDIR": options.memory})
        self.ends = [here.makefile("rw") for here, _ in pairs]
        for here, there in pairs:
            here.close()
            there.close()

    @staticmethod
    def scan(end, path):
        """CPU [ms]"""
        end.write(f"{path}\n")
        end.flush()
        return float(end.readline())

    def close(self):
        for end in self.ends:
            end.close()
        self.process.wait()


# ---- what it costs ----


def cpu_by_kind(pid):
    """CPU [ms] of the processes below pid by name; that of ended children stands with the kind of their parent's children."""
    total, todo = collections.Counter(), [pid]
    while todo:
        here = todo.pop()
        try:
            text = pathlib.Path(f"/proc/{here}/stat").read_text()
            todo += [int(child) for child in pathlib.Path(f"/proc/{here}/task/{here}/children").read_text().split()]
        except FileNotFoundError:
            continue
        name, fields = text[text.index("(") + 1:text.rindex(")")].removeprefix("mugai-"), text.rsplit(")", 1)[1].split()
        total[name] += sum(map(int, fields[11:13])) * 1000 / TICK
        total["worker" if name == "zygote" else "other"] += sum(map(int, fields[13:15])) * 1000 / TICK
    return total


def start(options, folder, cached):
    """A mugaid in a folder of its own."""
    folder.mkdir()
    folder.chmod(0o755)
    return relay.Mugaid(options.build, folder, policy=options.policy, workers=options.connections, more=f"worker_cached: {cached}\n")


def deliver(session, path):
    assert session.send(path.read_bytes(), samples.CITIZEN, samples.STAFF) != b"t", f"{path} was put off"


def measure(mugaids, raw, paths):
    """One round, mail by mail: {name: CPU by kind} and what libclamav took [ms]."""
    before = {name: cpu_by_kind(mugaid.process.pid) for name, mugaid in mugaids.items()}
    sessions = {name: [Session(mugaid.socket.removeprefix("unix:")) for _ in raw.ends] for name, mugaid in mugaids.items()}
    scanned = 0.0
    with concurrent.futures.ThreadPoolExecutor(len(raw.ends)) as threads:
        for at in range(0, len(paths), len(raw.ends)):
            at_once = paths[at:at + len(raw.ends)]
            for those in sessions.values():
                list(threads.map(deliver, those, at_once))
            scanned += sum(threads.map(Raw.scan, raw.ends, at_once))
    for session in itertools.chain(*sessions.values()):
        session.close()
    after = {name: cpu_by_kind(mugaid.process.pid) for name, mugaid in mugaids.items()}
    return {name: after[name] - before[name] for name in mugaids}, scanned


def collect_mails(options, folder):
    if options.mails:
        return sorted(pathlib.Path(options.mails).resolve().glob("*.eml"))
    made = [samples.newsletter(), samples.japanese(), samples.spreadsheet(), samples.large(200_000), samples.large(2_000_000)]
    for number, mail in enumerate(made):
        (folder / f"bench-{number}.eml").write_bytes(mail)
    return sorted(folder.glob("bench-*.eml"))


def run(options, folder):
    signatures = pathlib.Path(options.signatures or folder / "signatures").resolve()
    if not options.signatures:
        make_set(signatures, options.made)
        relay.make_signatures(signatures)
        signatures.chmod(0o755)
    relay.make_signatures = lambda _: signatures
    paths = collect_mails(options, folder)
    raw = Raw(options, signatures)
    mugaids = {"cache off": start(options, folder / "off", 0), "cache on": start(options, folder / "on", 8192)}
    ratios = collections.defaultdict(list)
    try:
        for number in range(options.rounds + 1):
            costs, scanned = measure(mugaids, raw, paths)
            for name, kinds in costs.items() if number > 0 else ():
                ratios[name].append(kinds.total() / scanned)
                split = ", ".join(f"{kind} {cost / len(paths):.2f}" for kind, cost in sorted(kinds.items()) if cost)
                print(f"{name}: {kinds.total() / len(paths):.2f} ms a mail ({split}), raw libclamav {scanned / len(paths):.2f}:"
                      f" ratio {ratios[name][-1]:.2f}", flush=True)
    finally:
        for mugaid in mugaids.values():
            mugaid.stop()
        raw.close()
    for name, values in ratios.items():
        print(f"{name}: {len(paths)} mails, {len(values)} rounds: ratio least {min(values):.2f},"
              f" median {statistics.median(values):.2f}, most {max(values):.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", help="build folder, with mugaid, mugai and tests/raw-scan")
    parser.add_argument("rounds", nargs="?", type=int, default=5)
    parser.add_argument("--connections", type=int, default=1, help="mails at once (default: 1)")
    parser.add_argument("--mails", help="folder of *.eml")
    parser.add_argument("--signatures", help="folder of ClamAV signatures")
    parser.add_argument("--made", type=int, default=OFFICIAL, help="signatures to make where no folder is given (default: %(default)s)")
    parser.add_argument("--policy", help="policy file (default: the one shipped)")
    parser.add_argument("--memory", default="/dev/shm", help="folder in memory for libclamav's temporary files (default: %(default)s)")
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mugai-bench-"))
    folder.chmod(0o755)
    try:
        run(options, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


main()
