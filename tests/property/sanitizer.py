# SPDX-License-Identifier: GPL-2.0-only
"""Two ways to have a message sanitised: `mugai sanitize` (a sandboxed process each) and the batch driver (many per process)."""
import collections
import json
import os
import pathlib
import select
import struct
import subprocess
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
POLICY = TOP / "policy/default.yaml"
STAFF = "kakari@city.example.lg.jp"

# exit: as of `mugai sanitize`; record: the decision's record (None: a process died); mail: what would be delivered
Outcome = collections.namedtuple("Outcome", "exit record mail seconds")
EXITS = {"deliver": 0, "refuse": 20, "hold": 21, "tempfail": 75}


class Batch:
    """The driver; started again behind a message that kills or stalls it, which is then an outcome of its own."""

    def __init__(self, program, policy=POLICY, seconds=30):
        self.command, self.seconds, self.process = [str(program), str(policy)], seconds, None

    def start(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def read(self, length, end):
        data = b""
        while len(data) < length:
            if not select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))[0]:
                raise TimeoutError
            piece = os.read(self.process.stdout.fileno(), length - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data

    def block(self, end):
        return self.read(struct.unpack(">I", self.read(4, end))[0], end)

    def __call__(self, message):
        if self.process is None:
            self.start()
        begin = time.monotonic()
        try:
            self.process.stdin.write(struct.pack(">I", len(message)) + message)
            self.process.stdin.flush()
            record = json.loads(self.block(begin + self.seconds))
            mail = self.block(begin + self.seconds)
        except (TimeoutError, EOFError, BrokenPipeError) as fault:
            self.process.kill()
            status = self.process.wait()
            self.process = None
            late = isinstance(fault, TimeoutError)
            return Outcome("late" if late else f"died {status}", None, b"", time.monotonic() - begin)
        return Outcome(EXITS[record["action"]], record, mail, time.monotonic() - begin)

    def close(self):
        if self.process is not None:
            self.process.stdin.close()
            self.process.wait()
            self.process = None


class Command:
    """`mugai sanitize --record`, as the contract says."""

    def __init__(self, program, policy=POLICY, *options):
        self.command = [str(program), "sanitize", "--policy", str(policy), "--direction", "inbound", "--client", "203.0.113.5",
                        "--from", "sender@example.com", "--to", STAFF, *options]

    def __call__(self, message):
        begin = time.monotonic()
        with tempfile.NamedTemporaryFile() as record:
            done = subprocess.run([*self.command, "--record", record.name, "-"], input=message, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE)
            text = record.read()
        return Outcome(done.returncode, json.loads(text) if text else None, done.stdout, time.monotonic() - begin)

    def close(self):
        pass
