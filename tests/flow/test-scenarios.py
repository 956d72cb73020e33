#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Who may send what to whom, as a table: each row is one envelope and header, judged by `mugai sanitize`. TAP, a line a group.

usage: test-scenarios.py BUILD_DIR [TABLE]...      all tables beside this file by default

A table (*.scenarios) is made of lines:
    = title                    a group begins; defaults are those at the top of the file
    @ key=value && ...         defaults of this group: client, auth, helo, from, to, size, and "Name: value" header fields
    what || changes || outcome the row; `to` may come several times, "Name:" alone takes a default field away
    # ...                      remark
The outcome: exit status, then words: a direction, rule ids (the deciding rule), evidence (ev:a,b exactly; ev: none),
"offline" (Postfix mends such a mail before a milter sees it), rcpt:ACTION,... (each recipient), tell:ADDRESS (whom the notice goes to), because:TEXT (in the deciding reason, _ for blank).
`policy=NAME` among the defaults takes NAME.yaml beside the tables instead of the shipped policy.
"""
import concurrent.futures
import email
import email.policy
import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
DIRECTIONS = ("inbound", "outbound", "internal", "relay")


class Row:
    def __init__(self, group, what, given, outcome):
        self.group, self.what, self.outcome = group, what, outcome.split()
        self.options, self.fields, self.to = {}, [], []
        for item, is_default in given:
            self.take(item, is_default)

    def take(self, item, is_default):
        name, _, value = item.partition(":")
        if is_field(item):
            if not is_default:
                self.fields = [field for field in self.fields if field[0].lower() != name.lower() or not field[2]]
            if value.strip() or not is_default:
                self.fields += [(name, value, is_default)] if value.strip() else []
            return
        key, _, value = item.partition("=")
        if key == "to":
            if not is_default and any(default for _, default in self.to):
                self.to = []
            self.to.append((value, is_default))
        else:
            assert key in ("client", "auth", "helo", "from", "size", "policy", "body", "many"), (self.what, item)
            self.options[key] = value

    def message(self):
        present = {name.lower() for name, _, _ in self.fields}
        fields = [f"{name}:{value}" for name, value, _ in self.fields]
        first = self.to[0][0] if self.to else "nobody@city.example.lg.jp"
        for name, value in (("From", "Kakari <kakari@city.example.lg.jp>"), ("To", first if "@" in first else "x@city.example.lg.jp"),
                            ("Subject", "letter"), ("Date", "Sat, 21 Nov 2026 10:00:00 +0900"), ("Message-ID", "<1@mail.example.com>")):
            if name.lower() not in present:
                fields.append(f"{name}: {value}")
        if "many" in self.options:  # so many outside addresses in Cc
            fields.append("Cc: " + ",\n ".join(f"p{i}@example.org" for i in range(int(self.options["many"]))))
        body = self.options.get("body", "Good day.").replace("\\n", "\n")
        text = ("\n".join(fields).replace("\\n", "\n").replace("\\t", "\t") + "\n\n" + body + "\n").replace("\n", "\r\n").encode()
        if "size" in self.options:
            missing = int(self.options["size"]) - len(text)
            line = b"x" * 70 + b"\r\n"
            text += line * (missing // len(line))
            text += b"y" * (int(self.options["size"]) - len(text))
        return text

    def run(self, mugai):
        words = [mugai, "sanitize"]
        if "policy" in self.options:
            words += ["--policy", str(HERE / (self.options["policy"] + ".yaml"))]
        for key in ("client", "auth", "helo", "from"):
            if key in self.options:
                words += [f"--{key}={self.options[key]}"]
        words += [f"--to={address}" for address, _ in self.to]
        with tempfile.NamedTemporaryFile(suffix=".json") as record:
            done = subprocess.run(words + ["--record", record.name, "-"], input=self.message(), capture_output=True, timeout=120)
            text = record.read()
        assert text, f"exit {done.returncode} without a record: {done.stderr.decode()}"
        return done.returncode, json.loads(text), done.stdout

    def problems(self, mugai):
        status, record, mail = self.run(mugai)
        reason = record["reasons"][0]
        found = []

        def want(name, is_so, got):
            if not is_so:
                found.append(f"{name}: got {got}")

        for word in self.outcome:
            key, colon, value = word.partition(":")
            if word.isdigit():
                want(f"exit {word}", status == int(word), f"{status} ({reason['rule']}: {reason['because']})")
            elif word == "offline":
                continue
            elif word in DIRECTIONS:
                want(word, record["direction"] == word, record["direction"])
            elif key == "ev":
                seen = sorted(record["facts"]["forwarding"])
                want(word, seen == sorted(filter(None, value.split(","))), ",".join(seen))
            elif key == "rcpt":
                got = ",".join(recipient["action"] for recipient in record["recipients"])
                want(word, got == value, got)
            elif key == "tell":
                to = email.message_from_bytes(mail, policy=email.policy.default)["To"]
                got = [address.addr_spec for address in to.addresses] if to else []
                want(word, got == [value], got)
            elif key == "because":
                text = reason["because"] + " " + (record["reply"] or "")
                want(word, value.replace("_", " ") in text, text)
            else:
                want(word, reason["rule"] == word, reason["rule"])
        if status == 20:
            want("a refusal with its code", (record["reply"] or "").startswith("55") and not mail, record["reply"])
        return [f"{self.group}: {self.what}: {problem}" for problem in found]


def is_field(item):
    """"Name: value" and not "key=value"."""
    return item[:1].isupper() and ":" in item and "=" not in item.partition(":")[0]


def key_of(item):
    return item.partition(":" if is_field(item) else "=")[0]


def read_table(path):
    """Groups in order: (title, rows)."""
    groups, top, defaults, title = [], {}, {}, ""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("= "):
            title = line[2:]
            groups.append((title, []))
            defaults = dict(top)
        elif line.startswith("@ "):
            for item in line[2:].split(" && "):
                (defaults if groups else top)[key_of(item)] = item
        else:
            columns = [column.strip() for column in line.split(" || ")]
            assert len(columns) == 3, f"{path.name}:{number}: three columns"
            given = [(item, True) for item in defaults.values()]
            given += [(item.strip(), False) for item in columns[1].split(" && ") if item.strip() not in ("", "-")]
            groups[-1][1].append(Row(title, columns[0], given, columns[2]))
    return groups


def main():
    mugai = str(pathlib.Path(sys.argv[1]) / "mugai")
    paths = [pathlib.Path(word) for word in sys.argv[2:]] or sorted(HERE.glob("*.scenarios"))
    groups = [group for path in paths for group in read_table(path)]
    failed = rows_in_all = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for number, (title, rows) in enumerate(groups, 1):
            problems = [problem for one in pool.map(lambda row: row.problems(mugai), rows) for problem in one]
            failed += bool(problems)
            rows_in_all += len(rows)
            print(f"{'not ok' if problems else 'ok'} {number} - {title} ({len(rows)} rows)", flush=True)
            for problem in problems:
                print(f"# {problem}", flush=True)
    print(f"# {rows_in_all} rows\n1..{len(groups)}")
    raise SystemExit(1 if failed else 0)


if __name__ == "__main__":
    main()
