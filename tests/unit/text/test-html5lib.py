#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs the tokenizer tests of html5lib through a small driver (tokenizer-driver.c beside this file) and says
# how many pass. Usage: test-html5lib.py DRIVER, with MUGAI_SHARED naming the folder that holds corpus/html5lib;
# without it the test is skipped (exit 77). Compared: all tokens, but of a doctype only that it is there.
import glob
import json
import os
import re
import subprocess
import sys

STATES = {
    "Data state": "0", "RCDATA state": "1", "RAWTEXT state": "2",
    "Script data state": "3", "PLAINTEXT state": "4", "CDATA section state": "5",
}


def unescape(text):
    return re.sub(r"\\u([0-9a-fA-F]{4})", lambda m: chr(int(m.group(1), 16)), text)


def deep(value, double):
    if not double:
        return value
    if isinstance(value, str):
        return unescape(value)
    if isinstance(value, list):
        return [deep(v, True) for v in value]
    if isinstance(value, dict):
        return {deep(k, True): deep(v, True) for k, v in value.items()}
    return value


def normalized(tokens):
    out = []
    for token in tokens:
        if token[0] == "DOCTYPE":
            token = ["DOCTYPE"]
        if token[0] == "EndTag":
            token = token[:2]
        if token[0] == "Character" and out and out[-1][0] == "Character":
            out[-1] = ["Character", out[-1][1] + token[1]]
        else:
            out.append(list(token))
    return out


def cases():
    root = os.path.join(os.environ["MUGAI_SHARED"], "corpus", "html5lib", "tokenizer")
    for path in sorted(glob.glob(os.path.join(root, "*.test"))):
        with open(path, encoding="utf-8") as handle:
            tests = json.load(handle)
        for test in tests.get("tests", []):
            for state in test.get("initialStates", ["Data state"]):
                yield os.path.basename(path), test, state


def has_surrogate(value):
    return any(0xD800 <= ord(c) <= 0xDFFF for c in json.dumps(value, ensure_ascii=False))


def main():
    if not os.environ.get("MUGAI_SHARED") or len(sys.argv) < 2:
        print("1..0 # SKIP MUGAI_SHARED or the driver is missing")
        return 77
    passed = skipped = 0
    failures = []
    process = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for name, test, state in cases():
        double = test.get("doubleEscaped", False)
        text, wanted = deep(test["input"], double), normalized(deep(test["output"], double))
        if has_surrogate(text) or has_surrogate(wanted):
            skipped += 1  # no UTF-8 text holds a lone surrogate
            continue
        data = text.replace("\r\n", "\n").replace("\r", "\n").encode()
        head = "%s %d %s\n" % (STATES[state], len(data), test.get("lastStartTag", "") or "-")
        process.stdin.write(head.encode() + data)
        process.stdin.flush()
        got = normalized(json.loads(process.stdout.readline()))
        if got == wanted:
            passed += 1
        else:
            failures.append((name, test["description"], state, text, wanted, got))
    for failure in failures[:40]:
        print("#", *failure)
    print("# %d passed, %d failed, %d skipped" % (passed, len(failures), skipped))
    print("1..1")
    print("%sok 1 html5lib tokenizer" % ("not " if failures else ""))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
