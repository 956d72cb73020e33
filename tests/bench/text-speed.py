#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""HTML to text in process against html-to-text (npm) with a warm JIT, in turn, in one run, on the same files, by CPU time.

Usage: text-speed.py TEXT_SPEED NODE_DIR FILE...; NODE_DIR holds node_modules. The median of five turns each counts.
"""
import re
import statistics
import subprocess
import sys

NODE = """
const {compile} = require('html-to-text');
const fs = require('fs');
const convert = compile({wordwrap: 76});
const documents = process.argv.slice(1).map(f => fs.readFileSync(f, 'utf8'));
const bytes = documents.reduce((n, d) => n + Buffer.byteLength(d), 0);
let best = Infinity;
for (const began = Date.now(); Date.now() - began < 4000;) {
  const start = process.cpuUsage();
  for (const d of documents) { try { convert(d); } catch (e) {} }
  const used = process.cpuUsage(start);
  best = Math.min(best, (used.user + used.system) / 1e3);
}
console.log(`${documents.length} documents: ${(bytes / 1e3 / best).toFixed(1)} MB/s, ${(best / documents.length).toFixed(4)} ms per document`);
"""


def main():
    speed, node_dir, files = sys.argv[1], sys.argv[2], sys.argv[3:]
    ours, theirs = [], []
    for _ in range(5):
        for command, rates in (([speed], ours), (["node", "-e", NODE], theirs)):
            done = subprocess.run(command + files, stdout=subprocess.PIPE, cwd=node_dir if rates is theirs else None, check=True)
            line = done.stdout.decode().strip()
            print(line)
            rates.append(float(re.search(r"([0-9.]+) MB/s", line).group(1)))
    print("ours %.1f MB/s, html-to-text %.1f MB/s: %.1f times" % (
        statistics.median(ours), statistics.median(theirs), statistics.median(ours) / statistics.median(theirs)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
