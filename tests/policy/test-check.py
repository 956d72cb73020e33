#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Broken policies: each is sound.yaml with one thing (or several) wrong; `mugai policy check` has to name the place and say what to write.
The answers in Japanese and English stand in check.golden, for people to read. TAP.

usage: test-check.py MUGAI [--write]
"""
import datetime
import os
import pathlib
import re
import subprocess
import sys
import tempfile

mugai, here = os.path.abspath(sys.argv[1]), pathlib.Path(__file__).parent
sound = (here / "sound.yaml").read_text()


def swap(*pairs):
    text = sound
    for old, new in pairs:
        assert text.count(old) >= 1, old
        text = text.replace(old, new, 1)
    return text.encode()


CASES = {
    "typo-section": swap(("ceilings:", "cielings:")),
    "typo-key": swap(("    clause: 北九州市 5.2(12)①", "    cluase: 北九州市 5.2(12)①")),
    "typo-fact": swap(("      recipient: group", "      recipeint: group")),
    "unknown-fact": swap(("      recipient: group:webmail", "      spam-score: 5")),
    "typo-word": swap(("direction: relay", "direction: realy")),
    "other-products-word": swap(("then: approve", "then: quarantine")),
    "typo-rule-in-exception": swap(("rule: webmail", "rule: webmial")),
    "typo-group": swap(("group:webmail", "group:webmai")),
    "unknown-group": swap(("group:webmail", "group:suppliers")),
    "type-list-for-text": swap(("name: 例の市役所", "name: [例の市役所]")),
    "type-text-for-mapping": swap(("limits:\n  inbound: {max_size: 20MiB}", "limits:\n  inbound: 20MiB")),
    "type-text-for-list": swap(("rules:\n", "rules: none\nrulez:\n")),
    "type-number": swap(("code: 552", "code: five")),
    "type-boolean": swap(("part-scan: infected", "scanned: yes\n      part-scan: infected")),
    "unit-missing": swap(("inbound: {max_size: 20MiB}", "inbound: {max_size: 20}")),
    "unit-decimal": swap(("inbound: {max_size: 20MiB}", "inbound: {max_size: 20MB}")),
    "unit-full-width": swap(("inbound: {max_size: 20MiB}", "inbound: {max_size: ２０ＭｉＢ}")),
    "unit-age": swap(("72h", "3日")),
    "out-of-range": swap(("72h", "90d")),
    "duplicate-key": swap(("    then: approve", "    then: approve\n    then: hold")),
    "duplicate-id": swap(("id: over-size", "id: relay")),
    "cyclic-include-itself": swap(("policy: 試験用", "policy: 試験用\ninclude: policy.yaml")),
    "cyclic-include-two": swap(("policy: 試験用", "policy: 試験用\ninclude: [other.yaml]")),
    "include-outside": swap(("policy: 試験用", "policy: 試験用\ninclude: ../secret.yaml")),
    "include-not-there": swap(("policy: 試験用", "policy: 試験用\ninclude: nowhere.yaml")),
    "date-no-day": swap(("2099-03-31", "2099-02-30")),
    "date-slashes": swap(("2099-03-31", "2099/3/31")),
    "date-full-width": swap(("2099-03-31", "２０９９-０３-３１")),
    "date-missing": swap(("    until: 2099-03-31\n", "")),
    "date-past": swap(("2099-03-31", "2020-03-31")),
    "same-person": swap(("requested_by: 建設課 山田", "requested_by: 情報政策課長 佐藤")),
    "emergency-too-long": swap(("    until: 2099-03-31", "    emergency: true\n    since: 2099-03-01T09:00\n    until: 2099-03-31")),
    "emergency-no-start": swap(("    until: 2099-03-31", "    emergency: true\n    until: 2099-03-31")),
    "tab": swap(("  domains:", "\tdomains:")),
    "tabs-and-more": swap(("  domains:", "\tdomains:"), ("\n    then: approve", "\n\t\tthen: approve"), ("direction: relay", "direction: realy")),
    "full-width-colon": swap(("  name: 例の市役所", "  name：例の市役所")),
    "full-width-colons": swap(("  inbound: text", "  inbound： text"), ("    then: refuse", "    then： refuse"), ("code: 552", "code: 250")),
    "full-width-blank": swap(("  inbound: text", "　　inbound: text")),
    "full-width-hyphen": swap(("  - id: webmail", "  － id: webmail")),
    "full-width-digits": swap(("10.0.0.0/8", "１０.0.0.0/8")),
    "no-blank-after-colon": swap(("  inbound: text", "  inbound:text")),
    "shift-jis": sound.encode("cp932", "replace"),
    "utf-16": sound.encode("utf-16"),
    "nul": swap(("time_zone", "time\0zone")),
    "byte-order-mark": b"\xef\xbb\xbf" + swap(("direction: relay", "direction: realy")),
    "crlf": swap(("direction: relay", "direction: realy")).replace(b"\n", b"\r\n"),
    "ten-megabytes": sound.encode() + b"# 0123456789012345678901234567890123456789\n" * 240000,
    "deep-nesting": swap(("      direction: relay", "      not: " + "{not: " * 30 + "{direction: relay}" + "}" * 30)),
    "deep-brackets": swap(("name: 例の市役所", "name: " + "[" * 100000)),
    "deep-conditions": swap(("      direction: relay", "      not: " + "{not: " * 10 + "{direction: relay}" + "}" * 10)),
    "anchor-and-alias": swap(("name: 例の市役所", "name: &city 例の市役所"), ("policy: 試験用", "policy: *city")),
    "tag": swap(("code: 552", "code: !!int 552")),
    "merge-key": swap(("    then: approve", "    <<: {then: hold}\n    then: approve")),
    "two-documents": swap(("ceilings:", "---\nceilings:")),
    "unclosed-bracket": swap(("domains: [city.example.lg.jp]", "domains: [city.example.lg.jp")),
    "unclosed-quote": swap(('"+09:00"', '"+09:00')),
    "bad-indentation": swap(("    then: approve", "   then: approve")),
    "empty": b"",
    "comment-only": "# まだ何も書いていません\n".encode(),
    "failure-accept": swap(("worker-died-twice: hold", "worker-died-twice: accept")),
    "monitor-on-infected": swap(("      part-scan: infected\n    then: hold", "      part-scan: infected\n    monitor: true\n    then: hold")),
    "part-fact-on-message": swap(("recipient: group:webmail", "part-name: \"*.exe\"")),
    "reply-japanese": swap(("text: Message is larger than {limit}", "text: 大きすぎます")),
    "reply-wrong-class": swap(("enhanced: 5.3.4", "enhanced: 4.3.4")),
    "copy-to-outside": swap(("then: approve", "then: {add_recipient: boss@example.com}")),
    "foreign-reviewers": swap(("review@city.example.lg.jp", "review@example.com")),
    "domain-with-at": swap(("domains: [city.example.lg.jp]", "domains: ['@city.example.lg.jp']")),
    "nothing-after-key": swap(("    when:\n      direction: relay\n", "    when:\n")),
    "bracket-in-condition": swap(("      direction: relay\n", "      direction: [relay\n")),
    "mail-words": swap(("      direction: relay\n", "      sender: a@example.com\n")),
    "network-bits": swap(("10.0.0.0/8", "10.0.0.1/8")),
    "many-at-once": swap(("ceilings:", "cielings:"), ("direction: relay", "direction: realy"), ("2099-03-31", "2099-02-30"),
                         ("72h", "72"), ("then: approve", "then: drop"), ("10.0.0.0/8", "10.0.0.0/99")),
    # sound, but worth a word
    "warn-never-matches": swap(("      direction: outbound\n", "      direction: outbound\n      all:\n        - direction: inbound\n")),
    "warn-shadowed": swap(("  - id: webmail", "  - id: all-relay\n    on: message\n    when: {direction: relay, client-inside: true}\n    then: hold\n    ja: 甲\n    en: a\n  - id: webmail")),
    "warn-weakened": swap(("  - id: over-size", "  - id: open\n    on: message\n    when: {direction: [inbound, outbound]}\n    then: deliver\n    ja: 通す\n    en: pass\n  - id: over-size")),
    "warn-infected-removed": swap(("      part-scan: infected", "      part-scan: unparsable")),
    "warn-keeps-infected":
                           swap(("  - id: infected\n", "  - id: all-pdf\n    on: part\n    when: {direction: outbound, part-type: application/pdf, part-scan: [clean, infected]}\n    then: keep\n    ja: 通す\n    en: pass\n  - id: infected\n")),
    "warn-vain-keep": swap(("  - id: infected\n", "  - id: keep-text\n    on: part\n    when: {direction: inbound, part-type: text/plain}\n    then: keep\n    ja: 通す\n    en: pass\n  - id: infected\n")),
    "warn-late-end": swap(("2099-03-31", "2088-03-31")),
    "warn-sender-scope": swap(("    rule: webmail\n    scope:\n      client: 10.1.2.3", "    rule: ceiling\n    to: parts\n    parts: {part-type: application/pdf}\n    scope:\n      from: vendor.example.co.jp")),
    "warn-monitored-clause": swap(("    then: approve", "    monitor: true\n    then: approve")),
    "warn-unused-group": swap(("  webmail: [mail", "  unused: [x.example.com]\n  webmail: [mail")),
    "warn-empty-group": swap(("webmail: [mail.example.com, mail.example.net]", "webmail: []")),
}
OTHER = "include: policy.yaml\n"



def fiscal_year():
    """The year of the next 31 March that lies at least 31 days ahead: cases write 2099 for it."""
    today = datetime.date.today()
    return str(today.year + (today > datetime.date(today.year, 2, 28)))


YEAR = fiscal_year()


def timeless(text):
    """An answer as it stands in check.golden, whatever the year; what a message gives as an example stays."""
    kept = re.sub("(instance |or |例えば |なら )2027-", r"\1EXAMPLE-", text)
    return kept.replace(YEAR, "2099").replace("EXAMPLE-", "2027-")


def answer(name, content, language):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "policy.yaml").write_bytes(content.replace(b"2099", YEAR.encode()))
        (folder / "other.yaml").write_text(OTHER)
        run = subprocess.run([mugai, "policy", "check", "policy.yaml"], cwd=folder, capture_output=True, timeout=60,
                             env={**os.environ, "LC_ALL": language})
        out = timeless(run.stdout.decode().replace(str(folder), "FOLDER"))
        lines = [line for line in out.splitlines() if "version" not in line and "、版 " not in line]
        return run.returncode, "\n".join(line[:300] for line in lines[:40]) + "\n"


def golden_text(answers):
    return "".join(f"==== {name} [{language}] exit {status}\n{text}" for (name, language), (status, text) in answers.items())


answers = {(name, language): answer(name, content, language) for name, content in CASES.items() for language in ("ja_JP.UTF-8", "C")}
golden = here / "check.golden"
if "--write" in sys.argv:
    golden.write_text(golden_text(answers))
    sys.exit(0)
expected = golden.read_text()
blocks = dict(zip(answers, ("==== " + block for block in expected.split("==== ")[1:])))
good = True
for number, (key, (status, text)) in enumerate(answers.items(), 1):
    name, language = key
    block = f"==== {name} [{language}] exit {status}\n{text}"
    faults = []
    if status != (0 if name.startswith("warn-") or name == "date-past" else 78):
        faults.append(f"exit {status}")
    if blocks.get(key) != block:
        faults.append("answers otherwise than check.golden")
    if "\n" not in text.strip() and not name.startswith("warn-") and name not in ("empty", "comment-only", "ten-megabytes", "utf-16"):
        faults.append("shows no line")
    print(f"{'not ok' if faults else 'ok'} {number} - {name} {language}")
    for fault in faults:
        print(f"# {fault}\n# " + block.replace("\n", "\n# "))
    good &= not faults
print(f"1..{len(answers)}")
sys.exit(0 if good else 1)
