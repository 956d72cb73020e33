#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""mugai quarantine and mugai audit without a daemon: help, tables, hostile text, offline copies. TAP.

usage: test-cli.py MUGAI STORE_FILL
"""
import datetime
import hashlib
import json
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unicodedata
import zoneinfo

MUGAI, FILL = sys.argv[1], sys.argv[2]
QUARANTINE = "list show request approve refuse release delete hold extend export disposals verify backup restore rotate-key recall send-due digest".split()
AUDIT = "show search verify report checkpoint policy".split()
HOSTILE = "x\x1b[2J\x07\r\n\u202eevil\u0085<b>"


def mugai(*words, lang="C.UTF-8", zone="UTC"):
    return subprocess.run([MUGAI, *map(str, words)], capture_output=True, stdin=subprocess.DEVNULL, env={"LC_ALL": lang, "PATH": "/usr/bin", "TZ": zone})


def columns(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def safe(output):
    """No control character but the line's end, and nothing that turns the direction of text."""
    text = output.decode()
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text), repr(text)
    return text


def helps(folder):
    """--help on each sub-command prints to standard output and exits 0"""
    for command, names in (("quarantine", QUARANTINE), ("audit", AUDIT)):
        for name in [None, *names]:
            done = mugai(command, *([name] if name else []), "--help")
            assert done.returncode == 0 and done.stdout and not done.stderr, (command, name, done)
            japanese = mugai(command, *([name] if name else []), "--help", lang="ja_JP.UTF-8").stdout.decode()  # whether the locale is installed or not
            assert "?" not in japanese and "使い方:" in japanese and "Usage" not in japanese, japanese
            asked = re.findall(r"^  (?:-., )?--([a-z-]+)", japanese, re.M)
            assert asked == re.findall(r"^  (?:-., )?--([a-z-]+)", done.stdout.decode(), re.M) and (bool(asked) == bool(name)), asked
    approve = mugai("quarantine", "approve", "--help").stdout.decode()
    assert "--reason" in approve and "--days" not in approve and "--offset" not in approve, approve
    assert mugai("quarantine", "approve", "--days", "3", "X").returncode == 64


def tables(folder):
    """tables line up where characters are two columns wide; hostile text moves nothing"""
    store = folder / "store"
    subprocess.run([FILL, str(store), "3"], check=True)
    with sqlite3.connect(store / "index.sqlite") as index:
        index.execute("UPDATE items SET subject = ?, sender = ?, reason = '全角の規則' WHERE id = (SELECT max(id) FROM items)", (HOSTILE, HOSTILE))
    index.close()
    for lang in ("C.UTF-8", "ja_JP.UTF-8"):
        done = mugai("quarantine", "list", "--store", store, lang=lang)
        assert done.returncode == 0, done.stderr
        lines = safe(done.stdout).splitlines()
        assert len(lines) == 4, lines
        starts = {columns(line[:line.index("someone@")]) for line in lines if "someone@" in line}
        assert len(starts) == 1, lines
    item = json.loads(mugai("quarantine", "list", "--store", store, "--json").stdout.splitlines()[0])
    assert item["state"] == "held" and item["class"] in ("normal", "infected")
    safe(mugai("quarantine", "show", item["id"], "--store", store).stdout)
    one = mugai("quarantine", "list", "--store", store, "--limit", "1", "--offset", "1").stdout.decode()
    assert item["id"] not in one and len(one.splitlines()) == 3  # heading, item, where the next page begins


def readable(folder):
    """a reviewer reads the mail's time where they are, to the minute, and words, not names of types, kinds or states; programs get what is stored"""
    store = folder / "store"
    item = json.loads(mugai("quarantine", "list", "--store", store, "--json").stdout.splitlines()[-1])
    recorded = datetime.datetime.fromisoformat(item["time"])
    for zone in [zone for zone in ("Asia/Tokyo", "UTC") if (pathlib.Path("/usr/share/zoneinfo") / zone).exists()]:
        local = recorded.astimezone(zoneinfo.ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")
        for words in (["list"], ["show", item["id"]]):
            text = mugai("quarantine", *words, "--store", store, lang="ja_JP.UTF-8", zone=zone).stdout.decode()
            assert local in text and "保管中" in text and not re.search(r"held|clean|infected|multipart|text/|T\d\d:|\+0\d:", text), text
        assert json.loads(mugai("quarantine", "list", "--store", store, "--json", zone=zone).stdout.splitlines()[-1])["time"] == item["time"]
    for words, status, ja, en in ((["show", "nonsense"], 66, "ありません", "no such item"), (["list", "--state", "x"], 64, "状態", "no such state"),
                                  (["list", "--bad"], 64, "オプション", "--bad"), (["show"], 64, "引数", "wrong arguments")):
        for lang, wanted in (("ja_JP.UTF-8", ja), ("C.UTF-8", en)):
            done = mugai("quarantine", *words, "--store", store, lang=lang)
            assert done.returncode == status and wanted in done.stderr.decode() and not done.stdout, (words, lang, done)
    assert "該当するメールはありません" in mugai("quarantine", "list", "--store", store, "--text", "nobody@", lang="ja_JP.UTF-8").stdout.decode()
    assert "--offset 2" in mugai("quarantine", "list", "--store", store, "--limit", "2").stdout.decode()


def offline(folder):
    """a store without a keeper is verified and looked at; nothing is taken out or done"""
    store = folder / "store"
    item = json.loads(mugai("quarantine", "list", "--store", store, "--json").stdout.splitlines()[-1])["id"]
    assert mugai("quarantine", "verify", "--store", store).returncode == 1  # the row that was changed above
    assert mugai("quarantine", "verify", "--store", store, "--repair").returncode == 0
    assert mugai("quarantine", "verify", "--store", store).returncode == 0
    for words in (["export", item], ["request", item], ["delete", item], ["rotate-key"]):
        done = mugai("quarantine", *words, "--store", store)
        assert done.returncode == 78 and not done.stdout, (words, done)


def completion(folder):
    """the shell completes every verb, each verb's own options, and the words that an option knows"""
    script = pathlib.Path(__file__).resolve().parents[2] / "packaging" / "completion" / "mugai"

    def offers(*words):
        code = f'source {script}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _mugai; printf "%s\\n" "${{COMPREPLY[@]}}"'
        environment = {"PATH": f"{pathlib.Path(MUGAI).resolve().parent}:/usr/bin:/bin", "LC_ALL": "ja_JP.UTF-8"}
        return subprocess.run(["bash", "-c", code, "bash", *words], capture_output=True, text=True, env=environment, cwd=folder).stdout.split()

    assert set(QUARANTINE) == set(offers("mugai", "quarantine", "")) and set(AUDIT) == set(offers("mugai", "audit", ""))
    assert {"quarantine", "audit", "policy", "status"} <= set(offers("mugai", ""))
    assert offers("mugai", "quarantine", "approve", "--") == ["--config", "--store", "--keys", "--json", "--reason"]
    assert offers("mugai", "quarantine", "list", "--state", "re") == ["requested", "refused", "recalled"]
    assert offers("mugai", "audit", "report", "--format", "") == ["text", "csv", "html", "json"]


def make_chain(audit, lines):
    audit.mkdir()
    prev = "0" * 64
    with open(audit / "audit-2026-11-21.jsonl", "w") as out:
        for n, (kind, body, *at) in enumerate(lines, 1):
            text = json.dumps({"seq": n, "prev": prev, "kind": kind, "at": at[0] if at else f"2026-11-21T09:{n:02d}:00.000+09:00", "actor": "mugaid",
                               "body": body}, ensure_ascii=False, separators=(",", ":"))[:-1]
            prev = hashlib.sha256(text.encode()).hexdigest()
            out.write(f'{text},"hash":"{prev}"}}\n')


def record(n, subject, sender="a@example.com"):
    return ("record", {"id": f"01K{n:023d}", "action": "hold", "subject": subject, "envelope": {"from": sender}, "direction": "inbound",
                       "recipients": [{"address": "hana@city.example.lg.jp"}], "reasons": [{"rule": "macro", "clause": "5.5(1)"}]})


def chain(folder):
    """search, report in all forms, and verify say the same of a chain, whatever senders wrote in it"""
    audit = folder / "audit"
    make_chain(audit, [record(1, "予算"), record(2, HOSTILE, "=cmd|'x'!A1<script>@example.com"), record(3, "議会 BUDGET")])
    assert mugai("audit", "verify", audit).returncode == 0
    for option, value, wanted in (("--subject", "budget", 1), ("--address", "hana@city.example.lg.jp", 3), ("--rule", "macro", 3),
                                  ("--subject", "議", 1), ("--subject", "会 b", 1), ("--subject", "t", 1), ("--subject", "会b", 0), ("--until", "2026-11-21T09:02", 2),
                                  ("--until", "2026-11-20", 0), ("--since", "2026-11-21T09:02", 2), ("--id", f"01K{1:023d}", 1), ("--subject", "none", 0)):
        done = mugai("audit", "search", audit, option, value, "--json")
        assert done.returncode == 0 and len(done.stdout.splitlines()) == wanted, (option, value, done)
    # All that is asked for must fit, whichever of it the index begins with.
    for words, wanted in ((("--subject", "budget", "--rule", "macro"), 1), (("--subject", "budget", "--address", "@example.com"), 1),
                          (("--rule", "macro", "--since", "2026-11-21T09:03"), 1), (("--rule", "other", "--subject", "budget"), 0),
                          (("--id", f"01K{3:023d}", "--subject", "budget", "--address", "hana@city.example.lg.jp", "--rule", "macro"), 1),
                          (("--address", "@city.example.lg.jp", "--limit", "2"), 2), (("--address", "@city.example.lg.jp", "--offset", "2"), 1)):
        done = mugai("audit", "search", audit, *words, "--json")
        assert done.returncode == 0 and len(done.stdout.splitlines()) == wanted, (words, done)
    shown = safe(mugai("audit", "show", audit, lang="ja_JP.UTF-8").stdout)
    assert "2026-11-21 00:03" in shown and "メールの判定" in shown and "record" not in shown, shown
    for name in ("show", "search"):
        assert len(safe(mugai("audit", name, audit).stdout).splitlines()) == 4
    for lang in ("C.UTF-8", "ja_JP.UTF-8"):
        text = safe(mugai("audit", "report", audit, "--month", "2026-11", lang=lang).stdout)
        assert "macro" in text and "5.5(1)" in text, text
        page = mugai("audit", "report", audit, "--month", "2026-11", "--format", "html", lang=lang).stdout.decode()
        assert "<script" not in page and "<svg" in page and "&lt;script&gt;" in page
    sheet = mugai("audit", "report", audit, "--month", "2026-11", "--format", "csv").stdout.decode()
    assert '"senders","\'=cmd' in sheet, sheet
    report = json.loads(mugai("audit", "report", audit, "--month", "2026-11", "--json").stdout)
    assert report["totals"]["total"] == 3 and report["totals"]["held"] == 3
    assert mugai("audit", "report", audit, "--month", "2026-13").returncode == 64
    assert mugai("audit", "policy", audit, lang="ja_JP.UTF-8").stdout.decode().count("記録が取得できない場合") == 2


def anchor(folder):
    """an anchor from paper proves that the line it names is the same; a chain cut before it, or made anew, is told"""
    audit = folder / "anchored"
    make_chain(audit, [record(n, "x") for n in range(1, 4)])
    lines = (audit / "audit-2026-11-21.jsonl").read_text().splitlines()
    digits = json.loads(lines[1])["hash"][:32]
    typed = "2:" + "-".join(digits[i:i + 4] for i in range(0, 32, 4))
    assert mugai("audit", "verify", audit, "--anchor", typed).returncode == 0
    assert mugai("audit", "verify", audit, "--anchor", typed.upper()).returncode == 0
    assert mugai("audit", "verify", audit, "--anchor", "2:" + digits[:15]).returncode not in (0, 1), "too short to prove anything"
    (audit / "audit-2026-11-21.jsonl").write_text(lines[0] + "\n")
    assert mugai("audit", "verify", audit, "--anchor", typed).returncode == 1
    shutil.rmtree(audit)
    make_chain(audit, [record(n, "y") for n in range(1, 4)])
    assert mugai("audit", "verify", audit).returncode == 0 and mugai("audit", "verify", audit, "--anchor", typed).returncode == 1


def unlike(folder):
    """a day unlike the weeks before stands in the report; an even month has none"""
    audit = folder / "unlike"
    days = [(day, 60 if day == 15 else 20) for day in range(1, 21)]
    make_chain(audit, [(*record(day * 100 + n, "x"), f"2026-10-{day:02d}T10:00:00.000+09:00") for day, many in days for n in range(many)])
    report = json.loads(mugai("audit", "report", audit, "--month", "2026-10", "--json").stdout)
    assert {(each["day"], each["what"]) for each in report["anomalies"]} == {("2026-10-15", "total"), ("2026-10-15", "held")}, report["anomalies"]


def main():
    folder, failures = pathlib.Path(tempfile.mkdtemp(prefix="mugai-cli-")), 0
    scenarios = [helps, tables, readable, offline, completion, chain, anchor, unlike]
    for number, scenario in enumerate(scenarios, 1):
        try:
            scenario(folder)
            print(f"ok {number} - {scenario.__doc__}", flush=True)
        except Exception as problem:
            failures += 1
            print(f"not ok {number} - {scenario.__doc__}\n# {type(problem).__name__}: {problem}", flush=True)
    print(f"1..{len(scenarios)}")
    shutil.rmtree(folder)
    raise SystemExit(1 if failures else 0)


main()
