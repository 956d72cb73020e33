#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The house's walls: floors, faces that compile alone, a decide that calls nothing, SPDX lines. TAP.

usage: test-structure.py SOURCE_DIR BUILD_DIR CC
"""
import pathlib
import re
import shlex
import subprocess
import sys

source, build, compiler = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), shlex.split(sys.argv[3])
results = []


def check(name, faults):
    faults = list(faults)
    results.append(not faults)
    print(f"{'ok' if not faults else 'not ok'} {len(results)} - {name}")
    for fault in faults:
        print(f"# {fault}")


def floor_table():
    text = (source / "src/meson.build").read_text()
    return {name: int(floor) for name, floor in re.findall(r"^  \['(\w+)', (\d+), ", text, re.M)}


floors = floor_table()


def room_of_include(path):
    return path.split("/")[1].removesuffix(".h")


def upward_includes():
    for file in sorted((source / "src").rglob("*.[ch]")):
        room = file.relative_to(source / "src").parts[0]
        for include in re.findall(r'^#include "(mugai/[^"]+)"', file.read_text(), re.M):
            other = room_of_include(include)
            if other not in floors:
                yield f"{file.relative_to(source)}: {include} belongs to no room"
            elif other != room and floors[other] >= floors[room]:
                yield f"{file.relative_to(source)}: room {room} (floor {floors[room]}) includes {include} (floor {floors[other]})"


def upward_faces():
    for file in sorted((source / "include/mugai").rglob("*.h")):
        room = room_of_include(str(file.relative_to(source / "include")))
        for include in re.findall(r'^#include "(mugai/[^"]+)"', file.read_text(), re.M):
            other = room_of_include(include)
            if other != room and floors[other] >= floors[room]:
                yield f"{file.relative_to(source)}: floor {floors[room]} includes {include} (floor {floors[other]})"


def private_includes():
    for file in sorted((source / "src").rglob("*.[ch]")):
        for include in re.findall(r'^#include "([^"]+)"', file.read_text(), re.M):
            made = build / "src" / file.parent.relative_to(source / "src") / include  # by the room's meson.build
            if not include.startswith("mugai/") and not (file.parent / include).exists() and not made.exists():
                yield f"{file.relative_to(source)}: {include} is neither a face nor in this room"


def faces_not_alone():
    flags = subprocess.run(["pkg-config", "--cflags", "gio-unix-2.0", "jansson"], capture_output=True, text=True, check=True).stdout
    for file in sorted((source / "include/mugai").rglob("*.h")):
        run = subprocess.run([*compiler, "-std=gnu17", "-D_GNU_SOURCE", "-fsyntax-only", "-x", "c", f"-I{source / 'include'}",
                              *shlex.split(flags), str(file)], capture_output=True, text=True)
        if run.returncode:
            yield f"{file.name}: {run.stderr.splitlines()[0]}"


# What a pure function may call: memory, strings, arrays, numbers. Everything else is named here or refused.
PURE = re.compile(r"""^( mugai_\w+ | g_(malloc|free|realloc|strdup|strndup|strconcat|strv|str|ptr_array|string|array|hash|ascii|utf8|unichar
    |slice|direct|int64|memdup|bytes|clear|steal|new|pattern|assert|return_if|list|slist|unicode|set_error|error|propagate|prefix|quark)\w*
    | g_snprintf | (__)?(mem|str)\w*(_chk)? | json_\w+ | __stack_chk_fail | _GLOBAL_OFFSET_TABLE_ | bsearch | qsort | qsort_r
    | __(asan|ubsan|sanitizer)\w* | __isoc99_\w*sscanf | isdigit | inet_pton | g_hostname_to_ascii )$""", re.X)
IMPURE = re.compile(r"^(g_(get_|date_time_new_now|date_time_new_local|time_zone|file|open|getenv|setenv|random|uuid|log|message|warning|printerr|spawn|io)"
                    r"|time$|clock|localtime|gmtime|getenv|setlocale|strcoll|strftime|fopen|open|read|write|socket|connect|printf|syslog)")


def defined(path):
    run = subprocess.run(["nm", "--defined-only", str(path)], capture_output=True, text=True, check=True)
    return [line.split()[-1] for line in run.stdout.splitlines()]


def impure_calls():
    nouns = ("decide", "match", "judge-parts", "notify", "waiting", "early", "sieve", "condition", "matcher", "vocabulary")
    objects = [path for path in build.rglob("*.o") if path.name in {f"policy_{noun}.c.o" for noun in nouns}]
    if len(objects) != len(nouns):
        yield f"{', '.join(nouns)} make {len(nouns)} objects, not {len(objects)}"
    own = {name for path in objects for name in defined(path)}
    for path in objects:
        run = subprocess.run(["nm", "-u", str(path)], capture_output=True, text=True, check=True)
        for line in run.stdout.splitlines():
            name = line.split()[-1]
            if name not in own and (IMPURE.match(name) or not PURE.match(name)):
                yield f"{path.name} calls {name}"


def gate_calls_gmime():
    for path in build.rglob("*.o"):
        if "mugai-gate.a.p" in str(path):
            run = subprocess.run(["nm", "-u", str(path)], capture_output=True, text=True, check=True)
            yield from (f"{path.name}: {line.split()[-1]}" for line in run.stdout.splitlines() if "g_mime" in line or "regex" in line)


def files_without_spdx():
    for folder, patterns in (("src", ("*.c", "*.h")), ("include", ("*.h",)), ("tests", ("*.c", "*.h", "*.py", "*.sh")), ("packaging", ("*.sh",))):
        for pattern in patterns:
            for file in sorted((source / folder).rglob(pattern)):
                if "SPDX-License-Identifier: GPL-2.0-only" not in file.read_text()[:400]:
                    yield str(file.relative_to(source))


def badly_formatted():
    files = sorted(str(path) for folder in ("src", "include", "tests") for path in (source / folder).rglob("*.[ch]"))
    run = subprocess.run(["clang-format", "--dry-run", "-Werror", *files], capture_output=True, text=True)
    return {line.split(":")[0] for line in run.stderr.splitlines() if "error:" in line}


check("the floor table has rooms", [] if len(floors) >= 14 else ["src/meson.build: table not read"])
check("rooms include faces of lower floors only", upward_includes())
check("faces include faces of lower floors only", upward_faces())
check("what is private to a room stays there", private_includes())
check("each face compiles alone", faces_not_alone())
check("decide calls no clock, locale, environment, file or network", impure_calls())
check("the gate links neither GMime nor regular expressions", gate_calls_gmime())
check("every file has its SPDX line", files_without_spdx())
check("formatting is clang-format's", badly_formatted())
print(f"1..{len(results)}")
sys.exit(0 if all(results) else 1)
