#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""CPU of all of mugaid's processes a mail against raw libclamav on the same mails and signatures, in turn, in one run.

Two mugaids stand side by side, with the workers' memory of clean objects off (`worker_cached: 0`) and on; each round plays the
mails to both, by two connections and the milter protocol (Postfix is not counted), and gives the same files to libclamav, whose
temporary files lie in memory as the workers' do. The first round only warms up. Without a folder of mails a few are made.
"""
import argparse
import collections
import os
import pathlib
import random
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
import relay  # noqa: E402
import samples  # noqa: E402

TICK = os.sysconf("SC_CLK_TCK")
CONNECTIONS = 2
CHUNK = 65535


# ---- the MTA's side of the milter protocol ----


class Session:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(120)  # longer than mugaid takes for any mail
        self.socket.connect(path)
        self.put(b"O", struct.pack("!III", 6, 0x1FF, 0))
        assert self.take()[0] == b"O"
        self.put(b"D", b"C{daemon_name}\0smtpd\0")
        self.ask(b"C", b"client.example.com\0" + b"4" + struct.pack("!H", 25) + relay.OUTSIDE.encode() + b"\0")
        self.ask(b"H", b"client.example.com\0")

    def put(self, command, data=b""):
        self.socket.sendall(struct.pack("!I", len(data) + 1) + command + data)

    def exactly(self, count):
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            assert piece, "mugaid hung up"
            data += piece
        return data

    def take(self):
        body = self.exactly(struct.unpack("!I", self.exactly(4))[0])
        return body[:1], body[1:]

    def ask(self, command, data=b""):
        self.put(command, data)
        answer = self.take()
        assert answer[0] == b"c", (command, answer)

    def send(self, mail, sender, recipient):
        """One mail; the commands of the final answer, its verdict last."""
        head, _, body = mail.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n").partition(b"\r\n\r\n")
        self.put(b"D", b"Mi\0bench\0")
        self.ask(b"M", b"<" + sender.encode() + b">\0")
        self.ask(b"R", b"<" + recipient.encode() + b">\0")
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
        self.socket.close()


def play(path, mails):
    """All mails by CONNECTIONS sessions; how often each verdict came."""
    verdicts = collections.Counter()

    def run(share):
        session = Session(path)
        for mail in share:
            verdicts[session.send(mail, samples.CITIZEN, samples.STAFF).decode()] += 1
        session.close()

    threads = [threading.Thread(target=run, args=(mails[i::CONNECTIONS],)) for i in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(verdicts.values()) == len(mails), verdicts
    return verdicts


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


def add_signatures(folder, count):
    """A made set beside the test's own: hashes of nothing that exists, so that matching has something to do."""
    source = random.Random(7)
    lines = (f"{source.getrandbits(128):032x}:{source.randrange(1000, 1000000)}:Made.{i}\n" for i in range(count))
    (folder / "made.hdb").write_text("".join(lines))
    lines = (f"Made.Pattern.{i}:0:*:{source.getrandbits(160):040x}\n" for i in range(count // 10))
    (folder / "made.ndb").write_text("".join(lines))


def start(options, folder, cached):
    """A mugaid in a folder of its own."""
    folder.mkdir()
    folder.chmod(0o755)
    return relay.Mugaid(options.build, folder, policy=options.policy, workers=CONNECTIONS, more=f"worker_cached: {cached}\n")


def measure(options, mugaids, mails, paths, signatures):
    """One round: {name: CPU by kind} and what libclamav took [ms]."""
    costs = {}
    for name, mugaid in mugaids.items():
        before = cpu_by_kind(mugaid.process.pid)
        verdicts = play(mugaid.socket.removeprefix("unix:"), mails)
        after = cpu_by_kind(mugaid.process.pid)
        costs[name] = {kind: after[kind] - before[kind] for kind in sorted(after)}
        assert not verdicts["t"], f"{verdicts['t']} mails were put off"
    raw = subprocess.run([f"{options.build}/tests/raw-scan", signatures, "1", *paths], capture_output=True, text=True,
                         check=True, env={**os.environ, "TMPDIR": options.memory}).stdout
    return costs, float(raw)


def run(options, folder):
    signatures = pathlib.Path(options.signatures) if options.signatures else folder / "signatures"
    if not options.signatures:
        relay.make_signatures(signatures)
        add_signatures(signatures, 200_000)
    relay.make_signatures = lambda _: signatures.resolve()
    paths = sorted(pathlib.Path(options.mails).glob("*.eml")) if options.mails else []
    made = [] if options.mails else [samples.newsletter(), samples.japanese(), samples.spreadsheet(), samples.large(200_000),
                                     samples.large(2_000_000)]
    for number, mail in enumerate(made):
        paths.append(folder / f"bench-{number}.eml")
        paths[-1].write_bytes(mail)
    mails = [path.read_bytes() for path in paths]
    mugaids = {"cache off": start(options, folder / "off", 0), "cache on": start(options, folder / "on", 8192)}
    ratios = collections.defaultdict(list)
    try:
        for number in range(options.rounds + 1):
            costs, raw = measure(options, mugaids, mails, paths, signatures)
            for name, kinds in costs.items() if number > 0 else ():
                ours = sum(kinds.values())
                ratios[name].append(ours / raw)
                split = ", ".join(f"{kind} {cost / len(mails):.2f}" for kind, cost in kinds.items() if cost)
                print(f"{name}: {ours / len(mails):.2f} ms a mail ({split}), raw libclamav {raw / len(mails):.2f}:"
                      f" ratio {ours / raw:.2f}", flush=True)
    finally:
        for mugaid in mugaids.values():
            mugaid.stop()
    for name, values in ratios.items():
        print(f"{name}: {len(mails)} mails, {len(values)} rounds: ratio least {min(values):.2f},"
              f" median {statistics.median(values):.2f}, most {max(values):.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", help="build folder, with mugaid, mugai and tests/raw-scan")
    parser.add_argument("rounds", nargs="?", type=int, default=5)
    parser.add_argument("--mails", help="folder of *.eml")
    parser.add_argument("--signatures", help="folder of ClamAV signatures")
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
