# SPDX-License-Identifier: GPL-2.0-only
"""What a fixture is: one attachment, and what the record must say of it, exactly: type, flags, verdict, members."""
import base64
import urllib.parse


class Fixture:
    def __init__(self, label, name, data, detected, flags="", scan="clean", declared="application/octet-stream", members=None, around="mixed"):
        self.around = around
        self.label, self.name, self.data, self.declared = label, name, data, declared
        self.detected = {detected} if isinstance(detected, str) else set(detected)
        self.flags, self.scan, self.members = set(flags.split()), scan, members

    def verdict(self, scanned):
        """Without signatures nothing is clean and nothing infected."""
        return self.scan if scanned or self.scan not in ("clean", "infected") else "not-scanned"

    def mail(self):
        name = f"; filename*=UTF-8''{urllib.parse.quote(self.name.encode('utf-8', 'surrogateescape'), safe='')}" if self.name else ""
        body = base64.encodebytes(self.data).replace(b"\n", b"\r\n")
        head = ("From: =?UTF-8?B?5bGx55Sw?= <yamada@example.com>\r\nTo: kikaku@city.example.lg.jp\r\nSubject: test\r\nDate: Sat, 21 Nov 2026 09:00:00 +0900\r\n"
                "Message-ID: <1@example.com>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/@; boundary=\"=_b\"\r\n\r\n"
                "--=_b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\nhello\r\n"
                f"--=_b\r\nContent-Type: {self.declared}\r\nContent-Disposition: attachment{name}\r\nContent-Transfer-Encoding: base64\r\n\r\n")
        return head.replace("@; b", self.around + "; b").encode() + body + b"--=_b--\r\n"

    def faults(self, record, scanned):
        """Lines on what the record says otherwise."""
        parts = {part["path"]: part for part in record["parts"]}
        part = parts.get("2")
        if part is None:
            yield f"no part 2 in {sorted(parts)}"
            return
        yield from compare("2", part, self.detected, self.flags, self.verdict(scanned))
        if self.members is None:
            return
        below = {path.removeprefix("2/"): p for path, p in parts.items() if path.startswith("2/")}
        if set(below) != set(self.members):
            yield f"members {sorted(below)}, not {sorted(self.members)}"
        for path in set(below) & set(self.members):
            yield from self.members[path].faults_of("2/" + path, below[path], scanned)


class Member:
    def __init__(self, name, detected=None, flags="", scan="clean"):
        self.name, self.detected, self.flags, self.scan = name, detected, set(flags.split()), scan

    def faults_of(self, path, part, scanned):
        verdict = self.scan if scanned or self.scan not in ("clean", "infected") else "not-scanned"
        detected = {self.detected} if self.detected else {part["detected"]}
        yield from compare(path, part, detected, self.flags, verdict)
        if self.name is not None and (not part["names"] or part["names"][0] != self.name):
            yield f"{path}: names {part['names']}, not {self.name!r}"


def compare(path, part, detected, flags, scan):
    if part["detected"] not in detected:
        yield f"{path}: detected {part['detected']}, not {' or '.join(sorted(detected))}"
    got = set(part["flags"])
    if got - flags:
        yield f"{path}: flags too many: {' '.join(sorted(got - flags))}"
    if flags - got:
        yield f"{path}: flags missing: {' '.join(sorted(flags - got))}"
    if part["scan"] != scan:
        yield f"{path}: scan {part['scan']} ({part['signature']}), not {scan}"
