#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""mugai doctor on a real Postfix: a sound relay has no fault, and each thing that is spoiled is named. TAP.

usage: test-doctor.py BUILD_DIR
"""
import json
import os
import shutil
import subprocess
import sys
import time

from relay import TOP, Relay, run_scenarios


def doctor(relay, *words, **more):
    done = relay.mugaid.mugai("doctor", "--config", relay.mugaid.config, "--postfix", relay.postfix.etc, *words, **more)
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout.decode()


def found(relay, level):
    code, text = doctor(relay, "--json")
    findings = json.loads(text)
    assert (code == 1) == any(finding["level"] == "fault" for finding in findings), (code, findings)
    return {finding["code"] for finding in findings if finding["level"] == level}


def sound(relay):
    """a sound relay: no fault, in both languages"""
    assert not found(relay, "fault"), doctor(relay)
    for language, word in (("ja_JP.UTF-8", "正常"), ("C", "ok ")):
        code, text = doctor(relay, env=dict(os.environ, LC_ALL=language))
        assert code == 0 and word in text, (code, text)


def spoiled(relay):
    """each fault is found, and only it, and is gone when it is mended"""
    def postconf(setting):
        subprocess.run(["postconf", "-c", str(relay.postfix.etc), "-e", setting], check=True)

    def value(name):
        return subprocess.run(["postconf", "-c", str(relay.postfix.etc), "-h", name], check=True, capture_output=True, text=True).stdout.strip()

    usual = found(relay, "warning")
    for name, wrong, code, level in (("milter_default_action", "accept", "milter-default-action", "fault"),
                                     ("milter_content_timeout", "20s", "milter-timeout", "fault"),
                                     ("smtpd_milters", "unix:/elsewhere.sock", "milters", "fault"),
                                     ("message_size_limit", "1000000", "size-limit", "warning")):
        before = value(name)
        postconf(f"{name}={wrong}")
        assert found(relay, level) - (usual if level == "warning" else set()) == {code}, (name, doctor(relay))
        postconf(f"{name}={before}")
    old = relay.mugaid.signatures / "test.ndb"
    os.utime(old, (0, 1_000_000_000))
    assert found(relay, "fault") == {"signatures"}, doctor(relay)
    os.utime(old)
    relay.mugaid.store.chmod(0o777)
    assert found(relay, "fault") == {"permissions"}, doctor(relay)
    relay.mugaid.store.chmod(0o700)
    assert not found(relay, "fault"), doctor(relay)


def stale(relay):
    """signatures are too old when the policy says so: its stale_after, not a number of doctor's own"""
    policy = relay.folder / "policy"
    shutil.copytree(TOP / "policy", policy)
    default = policy / "default.yaml"
    default.write_text(default.read_text().replace("stale_after: 72h", "stale_after: 24h"))
    strict = relay.folder / "strict.yaml"
    strict.write_text(relay.mugaid.config.read_text().replace(str(TOP / "policy"), str(policy)))
    old = relay.mugaid.signatures / "test.ndb"
    a_day_and_more = time.time() - 30 * 3600
    os.utime(old, (a_day_and_more, a_day_and_more))
    assert not found(relay, "fault"), doctor(relay)
    done = relay.mugaid.mugai("doctor", "--config", strict, "--postfix", relay.postfix.etc, "--json")
    faults = [finding for finding in json.loads(done.stdout) if finding["level"] == "fault"]
    assert [fault["code"] for fault in faults] == ["signatures"] and "24 h" in faults[0]["text"], faults
    os.utime(old)


if __name__ == "__main__":
    if shutil.which("postfix") is None or os.geteuid() != 0:
        print("1..0 # SKIP it needs postfix, and root to run it")
        raise SystemExit(0)
    with Relay(sys.argv[1]) as the_relay:
        run_scenarios([(sound, the_relay), (spoiled, the_relay), (stale, the_relay)])
