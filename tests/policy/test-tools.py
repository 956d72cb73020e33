#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What an officer does with a policy: explain a mail, run cases, compare, replay, install and go back, format; with --json and in both languages. TAP.

usage: test-tools.py MUGAI
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import jsonschema
import yaml

mugai = os.path.abspath(sys.argv[1])
shipped = pathlib.Path(__file__).parents[2] / "policy"
policies = sorted(path for path in shipped.glob("*.yaml") if path.name != "clauses.yaml")
results = []
MAIL = b"""From: =?utf-8?q?=E4=BD=90=E8=97=A4?= <sato@vendor.example.co.jp>
To: kakari@city.example.lg.jp
Subject: mitsumori
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=x

--x
Content-Type: text/plain

hello
--x
Content-Type: application/pdf; name=a.pdf
Content-Transfer-Encoding: base64
Content-Disposition: attachment; filename=a.pdf

JVBERi0xLjQKMSAwIG9iago8PCAvVHlwZSAvQ2F0YWxvZyA+PgplbmRvYmoKdHJhaWxlcgo8PCAvUm9vdCAxIDAgUiA+PgolJUVPRgo=
--x--
"""
VENDOR = """exceptions:
  - id: vendor-pdf
    rule: ceiling
    to: parts
    scope:
      from: vendor.example.co.jp
      client: 192.0.2.25
    parts:
      part-type: application/pdf
    reason: 工事図面の受け渡しのため
    requested_by: 建設課 山田
    approved_by: 情報政策課長 佐藤
    until: 2099-03-31
"""


def run(*arguments, language="C", stdin=None, cwd=None):
    done = subprocess.run([mugai, *map(str, arguments)], capture_output=True, timeout=120, input=stdin, cwd=cwd,
                          env={**os.environ, "LC_ALL": language})
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def check(name, fault):
    results.append(not fault)
    print(f"{'ok' if not fault else 'not ok'} {len(results)} - {name}")
    if fault:
        print("# " + str(fault).replace("\n", "\n# "))


def with_vendor(folder):
    shutil.copytree(shipped, folder, dirs_exist_ok=True)
    text = (folder / "default.yaml").read_text().replace("\nexceptions: []", "\n" + VENDOR)
    (folder / "vendor.yaml").write_text(text)
    return folder / "vendor.yaml"


def explain(folder):
    (folder / "m.eml").write_bytes(MAIL)
    envelope = ["--from", "sato@vendor.example.co.jp", "--client", "192.0.2.25", "--to", "kakari@city.example.lg.jp", folder / "m.eml"]
    status, out, err = run("policy", "explain", "--json", "--policy", folder / "default.yaml", *envelope)
    told = json.loads(out) if status == 0 else {}
    rules = {rule["id"]: rule["result"] for rule in told.get("rules", [])}
    actions = [part["action"] for part in told.get("parts", [])]
    check("explain tells each rule and the parts before and after",
          None if (told.get("rule"), rules.get("relay"), actions[-1:]) == ("ceiling", "no", ["remove"]) else out + err)
    status, out, err = run("policy", "explain", "--json", "--policy", folder / "vendor.yaml", *envelope)
    told = json.loads(out) if status == 0 else {}
    check("explain names the exception that lets the vendor's PDF pass",
          None if (told.get("exceptions"), told["parts"][-1]["action"], told["parts"][-1]["rule"]) ==
          (["vendor-pdf"], "keep", "vendor-pdf") else out + err)
    status, out, err = run("policy", "explain", "--policy", folder / "default.yaml", *envelope, language="ja_JP.UTF-8")
    check("explain speaks Japanese", None if "判定: deliver" in out and "取り除く" in out else out + err)


def cases(folder):
    for policy in policies:
        status, out, err = run("policy", "test", shipped / "tests" / policy.name)
        check(f"the cases of {policy.name} pass", None if status == 0 and " 0 passed," not in out else out + err)
    (folder / "c.yaml").write_text('- name: wrong\n  facts: {direction: relay, from: a@example.com, recipient: b@example.net}\n'
                                   '  expect: {action: deliver}\n'
                                   '- name: mail\n  mail: m.eml\n  facts: {client: 203.0.113.5, from: a@example.com, recipient: k@city.example.lg.jp}\n'
                                   '  expect: {action: deliver, ceiling: text, parts: [{path: "2", action: remove}]}\n'
                                   '- name: typo\n  facts: {directoin: relay}\n  expect: {action: refuse}\n')
    status, out, err = run("policy", "test", "--json", "--policy", folder / "default.yaml", folder / "c.yaml")
    told = [(case["name"], case["result"]) for case in json.loads(out)["cases"]]
    check("a wrong case and a wrong fact fail, a mail is inspected",
          None if status == 1 and told == [("wrong", "failed"), ("mail", "passed"), ("typo", "failed")] else out + err)
    (folder / "tests" / "bad.yaml").write_text("- {name: x, facts: {direction: relay, from: a@example.com, recipient: b@example.net}, expect: {action: deliver}}\n")
    shutil.copy(folder / "default.yaml", folder / "bad.yaml")
    status, out, err = run("policy", "check", folder / "bad.yaml")
    check("a policy whose own cases fail does not load", None if status == 78 and "bad.yaml:1:1: error: case" in out else out + err)
    (folder / "tests" / "bad.yaml").unlink()


def differences(folder):
    status, out, err = run("policy", "diff", "--json", folder / "default.yaml", folder / "vendor.yaml")
    changes = json.loads(out)["changes"]
    check("diff names the new exception, and that it lets more pass",
          None if [(c["section"], c["kind"], c["name"], c["weaker"]) for c in changes] == [("exceptions", "added", "vendor-pdf", True)] else out + err)
    status, out, err = run("policy", "diff", folder / "default.yaml", folder / "default.yaml", language="ja_JP.UTF-8")
    check("diff of the same says so", None if status == 0 and "違いはありません" in out else out + err)
    status, out, err = run("policy", "diff", folder / "default.yaml", folder / "beta.yaml", language="ja_JP.UTF-8")
    check("diff from α to β says that the ceiling rises", None if "inbound の上限を text から untouched へ（緩くなる）" in out else out + err)


def installing(folder):
    home = folder / "etc"
    shutil.copytree(shipped, home / "policy")
    (home / "mugai.yaml").write_text("policy: policy/default.yaml\nruntime_directory: run\nstore: store\naudit: audit\nsignatures: \"\"\n"
                                     "user: \"\"\nkeeper_user: \"\"\nscan_user: \"\"\n")
    config = ["--config", home / "mugai.yaml"]
    before = (home / "policy/default.yaml").read_text()
    status, out, err = run("policy", "load", *config, folder / "vendor.yaml", stdin=b"n\n")
    check("load asks, and changes nothing without a yes", None if status == 1 and (home / "policy/default.yaml").read_text() == before else out + err)
    status, out, err = run("policy", "load", "--yes", *config, folder / "vendor.yaml")
    check("load installs", None if status == 0 and "vendor-pdf" in (home / "policy/default.yaml").read_text() else out + err)
    status, out, err = run("policy", "rollback", "--json", *config)
    versions = {one["version"]: one["serving"] for one in json.loads(out)}
    old = [version for version, serving in versions.items() if not serving]
    check("both versions are kept, one serves", None if len(versions) == 2 and len(old) == 1 else out + err)
    status, out, err = run("policy", "rollback", "--yes", *config, old[0][:12])
    check("rollback by hash brings the old text back", None if status == 0 and (home / "policy/default.yaml").read_text() == before else out + err)
    (folder / "broken.yaml").write_text(before.replace("direction: relay", "direction: realy"))
    status, out, err = run("policy", "load", "--yes", *config, folder / "broken.yaml")
    check("a broken policy is not installed", None if status == 78 and (home / "policy/default.yaml").read_text() == before else out + err)
    status, out, err = run("policy", "shadow", "--yes", *config, folder / "beta.yaml")
    (folder / "m.eml").write_bytes(MAIL)
    sanitized = run("sanitize", "--policy", home / "policy/default.yaml", "--from", "a@example.com", "--client", "192.0.2.1", "--to",
                    "kakari@city.example.lg.jp", "--record", folder / "r.json", folder / "m.eml")
    record = json.loads((folder / "r.json").read_text())
    check("a policy that is tried changes nothing, and is on the record",
          None if status == 0 and sanitized[0] == 0 and record["ceiling"] == "text" and record["would"]
          and record["would"][0].get("policy") else out + err + sanitized[2] + str(record.get("would")))
    status, out, err = run("policy", "shadow", "--off", *config)
    check("and stops being tried", None if status == 0 and not list((home / "policy").glob("*.shadow/policy.yaml")) else out + err)


class Yaml12(yaml.SafeLoader):
    """The core schema of YAML 1.2, as mugai and editors read it: "on" is a word, a date is a text."""
    yaml_implicit_resolvers = {}


Yaml12.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(true|false)$"), list("tf"))
Yaml12.add_implicit_resolver("tag:yaml.org,2002:int", re.compile("^-?[0-9]+$"), list("-0123456789"))


def editors(schema, conditions, actions):
    """What an editor would underline with our schema."""
    def faults(text):
        return [error.message[:200] for error in jsonschema.Draft202012Validator(schema).iter_errors(yaml.load(text, Yaml12))]

    jsonschema.Draft202012Validator.check_schema(schema)
    check("an editor finds nothing wrong with what is shipped", [(path.name, faults(path.read_text())) for path in policies
                                                                 if faults(path.read_text())])
    base = (shipped / "minimal.yaml").read_text()
    rule = base + "  - id: tried\n    on: message\n    when: {%s}\n    %s\n    ja: x\n    en: x\n"
    wrong = [(text, faults(text)) for text in [rule % (condition, "then: hold") for condition in conditions]
             + [rule % ("direction: inbound", action) for action in actions] if faults(text)]
    check("nor with any condition or action of the vocabulary", wrong)
    missed = [old for old, new in (("policy:", "polcy:"), ("level: text", "level: txt"), ("direction: relay", "direction: realy"),
                                   ("code: 550", "code: 250"), ("max_size: 20MiB", "max_size: 20"), ("enhanced: 5.7.1", "enhanced: 5"))
              if not faults((shipped / "default.yaml").read_text().replace(old, new, 1))]
    check("but with a typo", missed)


def texts(folder):
    for policy in policies:
        text = policy.read_text()
        status, out, err = run("policy", "format", policy)
        again = run("policy", "format", "-", stdin=out.encode())[1]
        comments = [line.strip() for line in text.splitlines() if line.strip().startswith("#")]
        kept = [line.strip() for line in out.splitlines() if line.strip().startswith("#")]
        check(f"format of {policy.name} keeps comments and is stable", None if status == 0 and again == out and comments == kept else err + out[:300])
    loose = "policy:   x\nrules:\n# first\n- id:  a\n  on: message\n\n\n  then:\n      action: hold\n# last\n"
    status, out, err = run("policy", "format", "-", stdin=loose.encode())
    check("format settles indentation and blanks",
          None if out == "policy: x\nrules:\n  # first\n  - id: a\n    on: message\n\n    then:\n      action: hold\n# last\n" else out + err)
    words = json.loads(run("policy", "vocabulary", "--json")[1])
    base = (shipped / "minimal.yaml").read_text()
    wrong = []
    for condition in words["conditions"]:
        rule = (f"  - id: tried\n    on: {'part' if condition['of_part'] else 'message'}\n    when: {{{condition['example']}}}\n"
                "    then: hold\n    ja: x\n    en: x\n")
        (folder / "v.yaml").write_text(base + rule)
        status, out, _ = run("policy", "check", folder / "v.yaml")
        if status:
            wrong.append(condition["name"] + out)
    check("every condition's example loads", wrong)
    wrong = []
    for action in words["actions"]:
        rule = f"  - id: tried\n    on: {'part' if action['type'] == 'part' else 'message'}\n    {action['example']}\n    ja: x\n    en: x\n"
        (folder / "v.yaml").write_text(base + rule)
        status, out, _ = run("policy", "check", folder / "v.yaml")
        if status:
            wrong.append(action["name"] + out)
    check("every action's example loads", wrong)
    schema = json.loads(run("policy", "schema", "--json")[1])
    sections = {"policy", "include", "organisation", "ceilings", "limits", "rates", "groups", "organisations", "rules", "exceptions",
                "notices", "failures"}
    check("the schema has every section", None if set(schema["properties"]) == sections else set(schema["properties"]) ^ sections)
    names = set(schema["$defs"]["condition"]["properties"]) - {"all", "any", "not"}
    check("the schema has every condition", None if names == {c["name"] for c in words["conditions"]} else names)
    editors(schema, [condition["example"] for condition in words["conditions"] if not condition["of_part"]],
            [action["example"] for action in words["actions"] if action["type"] != "part"])
    told = json.loads(run("policy", "coverage", "--json", "--policy", shipped / "alpha-files.yaml", "--audit", folder / "none")[1])
    lacking = [rule["id"] for clause in told for rule in clause["rules"] if not rule["there"] and not rule["id"].startswith(("gikai", "hospital"))]
    check("coverage: the rules of every clause are in the shipped policy", lacking)


with tempfile.TemporaryDirectory() as name:
    place = pathlib.Path(name)
    with_vendor(place)
    for part in (explain, cases, differences, installing, texts):
        part(place)
print(f"1..{len(results)}")
sys.exit(0 if all(results) else 1)
