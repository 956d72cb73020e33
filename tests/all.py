#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Builds mugai as released, with clang, and under sanitizers; runs every test of each; closes with one line of totals.

usage: tests/all.py [--keep] [STAGE ...]     stages: plain clang sanitize thread end-to-end
"""
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import time

top = pathlib.Path(__file__).resolve().parent.parent
builds = pathlib.Path(os.environ.get("MUGAI_BUILDS", top))
passed = failed = skipped = 0


def say(text):
    print(f"== {text}", flush=True)


def count(ok, name):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    if not ok:
        print(f"FAILED: {name}", flush=True)


def shared_corpus():
    """Real messages beside the checkout, where a developer has them; tests that read them skip without."""
    folder = top.parent / "shared"
    return {"MUGAI_SHARED": str(folder)} if (folder / "corpus").is_dir() else {}


environment = {**os.environ, "LC_ALL": "C.UTF-8", "G_SLICE": "always-malloc", **shared_corpus(),
               "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=1:allocator_may_return_null=1",
               "LSAN_OPTIONS": f"suppressions={top}/tests/leak-sanitizer.supp:print_suppressions=0",
               "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1", "TSAN_OPTIONS": f"halt_on_error=1:suppressions={top}/tests/thread-sanitizer.supp"}


def run(command, **more):
    return subprocess.run(command, cwd=top, env={**environment, **more}, stdin=subprocess.DEVNULL)


def build(name, *options, **more):
    folder = builds / f"build-{name}"
    setup = ["meson", "setup", str(folder), str(top), *options]
    if (folder / "build.ninja").exists():
        setup = ["meson", "setup", "--reconfigure", str(folder), str(top), *options]
    done = subprocess.run(setup, cwd=top, env={**environment, **more}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    ok = done.returncode == 0 and run(["ninja", "-C", str(folder), "--quiet"]).returncode == 0
    if done.returncode:
        print(done.stdout)
    count(ok, f"build {name} without a warning")
    return folder if ok else None


def meson_tests(folder, *options):
    """One count for each test program; TAP sub-tests are printed by meson's log on failure."""
    global skipped
    if folder is None:
        return
    run(["meson", "test", "-C", str(folder), "--no-rebuild", "--print-errorlogs", "--num-processes", "2", *options])
    log = folder / "meson-logs/testlog.json"
    for line in log.read_text().splitlines():
        result = json.loads(line)
        if result["result"] == "SKIP":
            skipped += 1
        else:
            count(result["result"] in ("OK", "EXPECTEDFAIL"), f"{folder.name}: {result['name']}")


def plain():
    meson_tests(build("plain", "-Dwerror=true"))


def clang():
    folder = build("clang", "-Dwerror=true", CC="clang")
    if folder is not None:
        meson_tests(folder, "--suite", "fuzz")


def sanitize():
    """Units, and mugaid itself behind a real Postfix, under address and undefined sanitizers."""
    folder = build("sanitize", "-Dwerror=true", "-Db_sanitize=address,undefined", "-Db_lundef=false")
    meson_tests(folder, "--timeout-multiplier", "4")
    scenarios(folder, "test-postfix.py", "test-miltertest.py", "test-failures.py", "test-release.py", "test-approval.py")


def thread():
    """What runs in threads: the front in all milter scenarios, the keeper's client, and what both stand on."""
    folder = build("thread", "-Dwerror=true", "-Db_sanitize=thread", "-Db_lundef=false")
    meson_tests(folder, "--timeout-multiplier", "4", "keeper-keeper", "base-fd")
    scenarios(folder, "test-miltertest.py")


def scenarios(folder, *names):
    """Real MTAs on loopback, two scripts at a time: most of it is waiting. Each scenario prints its own TAP line."""
    if folder is None:
        return
    if os.getuid() == 0:
        run(["packaging/users"])  # once, before two scripts ask for them at the same time
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for name, done in zip(names, pool.map(lambda name: run_script(folder, name), names)):
            tally(f"{name} with {folder.name}", done)


def run_script(folder, name):
    return subprocess.run([sys.executable, str(top / "tests/e2e" / name), str(folder)], cwd=top, env=environment,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)


def tally(title, done):
    global passed, failed, skipped
    say(title)
    print(done.stdout, end="", flush=True)
    lines = done.stdout.splitlines()
    ok = sum(line.startswith("ok ") and "# SKIP" not in line for line in lines)
    bad = sum(line.startswith("not ok ") for line in lines)
    skip = sum(line.startswith("ok ") and "# SKIP" in line for line in lines)
    if done.returncode and not bad:
        bad = 1
    passed, failed, skipped = passed + ok, failed + bad, skipped + skip


def end_to_end():
    scenarios(builds / "build-plain", *(script.name for script in sorted((top / "tests/e2e").glob("test-*.py"))))


stages = {"plain": plain, "clang": clang, "sanitize": sanitize, "thread": thread, "end-to-end": end_to_end}
wanted = [name for name in sys.argv[1:] if name in stages] or list(stages)
for name in wanted:
    begin = time.monotonic()
    say(name)
    stages[name]()
    say(f"{name}: {time.monotonic() - begin:.0f} s")
print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
sys.exit(1 if failed or not passed else 0)
