#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
#
# Golden cases of HTML bodies, by category (the files in cases/): what a reader of the text must find, must not find,
# in which order and on which lines. Usage: test-cases.py DRIVER MUGAI [CATEGORY|-v]. Cases with a charset go through
# `mugai text`, the others through the driver. tests/bench/text-table.py runs the same cases through other tools.
import importlib.util
import pathlib
import re
import subprocess
import sys
import unicodedata

HERE = pathlib.Path(__file__).resolve().parent


def load():
    """All cases: dicts with category, name, html (str or bytes) and assertions."""
    found = []
    for path in sorted((HERE / "cases").glob("*.py")):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for row in module.CASES:
            category, name, html, *checks = row
            found.append({"category": category, "name": name, "html": html, **(checks[0] if checks else {})})
    return found


def columns(text):
    """Display columns, ambiguous ones as narrow, emoji sequences as one wide character."""
    text = re.sub("\u200d.", "", text)
    total = 0
    for c in text:
        if unicodedata.combining(c) or unicodedata.category(c) in ("Mn", "Cf") or 0xFE00 <= ord(c) <= 0xFE0F \
           or 0x1F3FB <= ord(c) <= 0x1F3FF:
            continue
        total += 2 if unicodedata.east_asian_width(c) in "WF" else 1
    return total


def plain(text):
    """Dead and live links are one to a case: the same cases judge tools that print live ones."""
    return re.sub("hxxp", "http", text)


def squeezed(text):
    return re.sub(r"\s+", "", plain(text))


def judge(case, text):
    """What is wrong with @text, as sentences; an empty list when nothing is."""
    wrong = []
    flat, tight = plain(text), squeezed(text)
    lines = flat.split("\n")
    for wanted in case.get("has", ()):
        if squeezed(wanted) not in tight:
            wrong.append("lacks %r" % wanted)
    for unwanted in case.get("lacks", ()):
        if squeezed(unwanted) in tight:
            wrong.append("has %r" % unwanted)
    at = 0
    for wanted in case.get("order", ()):
        found = tight.find(squeezed(wanted), at)
        if found < 0:
            wrong.append("%r is not there in order" % wanted)
            break
        at = found + len(squeezed(wanted))
    for wanted in case.get("line", ()):  # all of these words on one line, in order
        if not any(re.search(".*?".join(re.escape(w) for w in wanted), line) for line in lines):
            wrong.append("no line with %r" % (wanted,))
    for wanted in case.get("exact", ()):  # a whole line, blanks at its end aside
        if wanted not in [line.rstrip() for line in lines]:
            wrong.append("no line %r" % wanted)
    for first, second in case.get("apart", ()):  # never on one line
        if any(first in line and second in line for line in lines):
            wrong.append("%r and %r on one line" % (first, second))
    for word, count in case.get("times", ()):
        if tight.count(squeezed(word)) != count:
            wrong.append("%r %d times, not %d" % (word, tight.count(squeezed(word)), count))
    for pattern in case.get("never", ()):
        if re.search(pattern, text, re.M):
            wrong.append("matches %s" % pattern)
    for pattern in case.get("match", ()):
        if not re.search(pattern, flat, re.M):
            wrong.append("does not match %s" % pattern)
    limit = case.get("columns")
    if limit and max(map(columns, lines)) > limit:
        wrong.append("a line of %d columns" % max(map(columns, lines)))
    if "is" in case and text.strip("\n") != case["is"].strip("\n"):
        wrong.append("is %r, not %r" % (text, case["is"]))
    if re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]", text):
        wrong.append("has a control character")
    return wrong


class Product:
    def __init__(self, driver, mugai):
        self.mugai = mugai
        self.process = subprocess.Popen([driver], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def convert(self, case):
        html, width = case["html"], case.get("width", 76)
        if "charset" in case:
            label = ["--charset", case["charset"]] if case["charset"] else []
            run = subprocess.run([self.mugai, "text", "--width", str(width), *label, "-"], input=html,
                                 stdout=subprocess.PIPE, timeout=60, check=True)
            return run.stdout.decode()
        data = html if isinstance(html, bytes) else html.encode("utf-8", "surrogateescape")
        self.process.stdin.write(b"%d %d %d\n" % (width, case.get("links", 0), len(data)) + data)
        self.process.stdin.flush()
        length, hidden, trackers = map(int, self.process.stdout.readline().split())
        self.hidden, self.trackers = hidden, trackers
        return self.process.stdout.read(length).decode()


def main():
    product = Product(sys.argv[1], sys.argv[2])
    only = sys.argv[3] if len(sys.argv) > 3 else None
    cases = [c for c in load() if only in (None, "-v", c["category"], c["name"])]
    print("1..%d" % len(cases))
    failed = 0
    for number, case in enumerate(cases, 1):
        text = product.convert(case)
        wrong = judge(case, text)
        if "charset" not in case and case["category"] == "hidden" and product.hidden == 0:
            wrong.append("hidden text is not counted")
        if "charset" not in case and case["category"] == "overhide" and product.hidden > 0 and not case.get("some"):
            wrong.append("counts %d visible bytes as hidden" % product.hidden)
        failed += bool(wrong)
        print("%sok %d %s/%s" % ("not " if wrong else "", number, case["category"], case["name"]))
        for sentence in wrong:
            print("# " + ascii(sentence)[:300] if len(sentence) > 300 else "# " + sentence)
        if (wrong and len(text) < 2000) or only == case["name"]:
            print("\n".join("#   " + line for line in text.split("\n")))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
