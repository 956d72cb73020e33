# SPDX-License-Identifier: GPL-2.0-only
"""Taps on mugaid's sockets: a test sees each frame that passes, and may end the connection at exactly that one.

MilterTap stands between an MTA (Postfix, miltertest) and the milter socket; KeeperTap between the fronts and the keeper.
So "killed between the first header edit and the end of the body" or "killed between keep and answer" is a moment that the
test chooses, not one that it has to hit.
"""
import array
import contextlib
import ctypes
import os
import pwd
import socket
import struct
import threading

EDITS = {"h": "addheader", "i": "insheader", "m": "chgheader", "b": "replbody", "+": "addrcpt", "2": "addrcpt", "-": "delrcpt",
         "e": "chgfrom"}


class MilterTap:
    """A milter socket at `path` in front of the one at `target`.

    `seen` holds (command, data) of what the milter said, `requests` of what the MTA said. `hook (command, data)`, when set, is
    asked before each frame of the milter's passes; False ends the connection there.
    """

    def __init__(self, path, target, body_bytes=65536):
        self.path, self.target, self.body_bytes = str(path), str(target), body_bytes
        self.seen, self.requests, self.hook = [], [], None
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(self.path)
        os.chmod(self.path, 0o666)
        self.server.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    @property
    def name(self):
        return f"unix:{self.path}"

    def accept(self):
        while True:
            try:
                near, _ = self.server.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            try:
                far.connect(self.target)
            except OSError:
                near.close()
                far.close()
                continue
            threading.Thread(target=self.pump, args=(near, far, self.saw_request), daemon=True).start()
            threading.Thread(target=self.pump, args=(far, near, self.saw_answer), daemon=True).start()

    def saw_request(self, command, data):
        if command != "B":  # body chunks would only fill memory
            self.requests.append((command, data))
        return True

    def saw_answer(self, command, data):
        self.seen.append((command, data))
        hook = self.hook
        return hook is None or hook(command, data)

    @staticmethod
    def read_exactly(source, length):
        data = bytearray()
        while len(data) < length:
            piece = source.recv(length - len(data))
            if not piece:
                return None
            data += piece
        return bytes(data)

    def pump(self, source, sink, saw):
        """Frame by frame: 4 bytes of length, a command, its data. `saw` says whether this frame still passes."""
        try:
            while head := self.read_exactly(source, 4):
                frame = self.read_exactly(source, struct.unpack("!I", head)[0])
                if frame is None:
                    break
                if not saw(chr(frame[0]), frame[1:]):
                    break
                sink.sendall(self.in_pieces(frame) if frame[0] == ord("b") else head + frame)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def in_pieces(self, frame):
        """The same body in frames of at most body_bytes: miltertest has room for 1,024 and does not look."""
        pieces = [frame[at:at + self.body_bytes] for at in range(1, len(frame), self.body_bytes)] or [b""]
        return b"".join(struct.pack("!I", len(piece) + 1) + b"b" + piece for piece in pieces)

    def edits(self, kind=None):
        """The milter's edits so far as (name, arguments), without the body's bytes."""
        found = []
        for command, data in list(self.seen):
            name = EDITS.get(command)
            if not name or (kind is not None and name != kind):
                continue
            if name == "replbody":
                found.append((name, data))
                continue
            index = [struct.unpack("!I", data[:4])[0]] if command in "mi" else []
            found.append((name, index + data[4 * len(index):].decode("utf-8", "replace").split("\0")))
        return found

    def clear(self):
        self.seen.clear()
        self.requests.clear()

    def close(self):
        self.server.close()


@contextlib.contextmanager
def as_front():
    """This thread alone (raw system calls) is the fronts' user for a moment: the keeper takes records from nobody else."""
    libc, user = ctypes.CDLL(None), pwd.getpwnam("mugai") if os.geteuid() == 0 else None
    if user:
        libc.syscall(119, -1, user.pw_gid, -1)  # setresgid, setresuid of x86-64
        libc.syscall(117, -1, user.pw_uid, -1)
    try:
        yield
    finally:
        if user:
            libc.syscall(117, -1, 0, -1)
            libc.syscall(119, -1, 0, -1)


class KeeperTap:
    """In the keeper's place at `path`: passes requests with their descriptors. `hook (answer)` False: the answer is lost."""

    def __init__(self, path):
        self.path, self.real = str(path), f"{path}.real"
        self.answers, self.hook, self.lost = [], None, 0
        os.rename(self.path, self.real)
        self.server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.server.bind(self.path)
        os.chmod(self.path, 0o666)
        self.server.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(near,), daemon=True).start()

    def serve(self, near):
        far = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with as_front():
                far.connect(self.real)
            while True:
                data, fds, _, _ = socket.recv_fds(near, 1 << 17, 8)
                if not data:
                    break
                ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
                far.sendmsg([data], ancillary)
                for fd in fds:
                    os.close(fd)
                answer = far.recv(1 << 17)
                if not answer:
                    break
                self.answers.append(answer)
                if self.hook is not None and not self.hook(answer):
                    self.lost += 1
                    break
                near.sendall(answer)
        except OSError:
            pass
        finally:
            near.close()
            far.close()

    def close(self):
        self.server.close()
        os.rename(self.real, self.path)
