#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
#
# The golden cases of tests/unit/text through other converters: cases passed by category, as a table.
# Usage: text-table.py DRIVER MUGAI [TOOL...]; tools: w3m elinks lynx (Debian packages), html-to-text (npm: name the
# folder that holds node_modules in NODE_DIR). Whatever is not installed is left out. What only we are asked for is
# not held against the others: dead links and their warnings, counts, and which words stand for pictures and fields.
import collections
import importlib.util
import os
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
TIMEOUT_S = 5
spec = importlib.util.spec_from_file_location("cases", HERE.parent / "unit" / "text" / "test-cases.py")
golden = importlib.util.module_from_spec(spec)
spec.loader.exec_module(golden)

NODE = """
const {convert} = require('html-to-text');
const html = require('fs').readFileSync(0, 'utf8');
process.stdout.write(convert(html, {wordwrap: +process.argv[1], tables: true, selectors: [
  {selector: 'table', format: 'dataTable'}, {selector: 'img', options: {linkBrackets: false}}, {selector: 'h1', options: {uppercase: false}},
  {selector: 'h2', options: {uppercase: false}}, {selector: 'h3', options: {uppercase: false}}]}));
"""


def command(tool, width, charset):
    if tool == "w3m":
        return ["w3m", "-dump", "-T", "text/html", "-I", charset, "-O", "UTF-8", "-cols", str(width + 2),
                "-o", "display_link_number=1"]
    if tool == "elinks":
        return ["elinks", "-dump", "-dump-width", str(width + 2), "-dump-charset", "utf-8",
                "-eval", 'set document.codepage.assume = "%s"' % charset]
    if tool == "lynx":
        return ["lynx", "-dump", "-stdin", "-force_html", "-width=%d" % (width + 2), "-display_charset=utf-8",
                "-assume_charset=" + charset]
    return ["node", "-e", NODE, str(width)]


def run(tool, case):
    html = case["html"] if isinstance(case["html"], bytes) else case["html"].encode("utf-8", "surrogateescape")
    charset = case.get("charset", "utf-8") or "utf-8"
    try:
        done = subprocess.run(command(tool, case.get("width", 76), charset), input=html, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, timeout=TIMEOUT_S, cwd=os.environ.get("NODE_DIR", "."))
    except subprocess.TimeoutExpired:
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


def neutral(case):
    """The case without what is our own wording."""
    case = {k: v for k, v in case.items() if k != "is"} | ({"order": list(golden_order(case))} if "is" in case else {})
    case["never"] = [p for p in case.get("never", ()) if "http" not in p and "ftp" not in p]
    case["match"] = [p for p in case.get("match", ()) if "異なる" not in p and not p.startswith("^")]
    return case


def golden_order(case):
    return [w for w in re.split(r"\s+|［[^］]*］|[（）]|^[*>0-9.]+ ", case["is"]) if w]


def main():
    product = golden.Product(sys.argv[1], sys.argv[2])
    wanted = sys.argv[3:] or ["w3m", "elinks", "lynx", "html-to-text"]
    tools = [t for t in wanted if (shutil.which(t) if t != "html-to-text" else os.environ.get("NODE_DIR"))]
    passed = collections.defaultdict(collections.Counter)
    total = collections.Counter()
    for case in golden.load():
        total[case["category"]] += 1
        passed["mugai"][case["category"]] += not golden.judge(case, product.convert(case))
        for tool in tools:
            text = run(tool, case)
            passed[tool][case["category"]] += text is not None and not golden.judge(neutral(case), text)
    names = ["mugai"] + tools
    print("| category | n | %s |" % " | ".join(names))
    print("|---|---|%s" % ("---|" * len(names)))
    for category in sorted(total):
        print("| %s | %d | %s |" % (category, total[category], " | ".join(str(passed[n][category]) for n in names)))
    print("| all | %d | %s |" % (sum(total.values()), " | ".join(str(sum(passed[n].values())) for n in names)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
