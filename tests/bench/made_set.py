# SPDX-License-Identifier: GPL-2.0-only
"""A set of signatures shaped like the official one, which cannot be had everywhere.

Of N signatures (4,130,000) 45 % MD5 of files (.hdb), 10 % SHA-256 of files (.hsb), 45 % MD5 of PE sections (.mdb), all random; 100,000 body
patterns of 24 to 64 random bytes (.ndb) and 30,000 logical ones of two such patterns (.ldb: 85 % PE, 5 % any, 5 % text, 5 % mail), each in
proportion to N.
"""
import random

FULL = 4_130_000
OFFICIAL = 8_700_000  # main, daily and bytecode as clamscan counts them (2024, github.com/Cisco-Talos/clamav/issues/1370)
TARGETS = [1] * 17 + [0, 7, 4]  # PE, any, text, mail


def make_set(folder, total):
    folder.mkdir(exist_ok=True)
    chance = random.Random(20261121)
    plain = total - total * 130_000 // FULL
    for suffix, share, size in (("hdb", 45, 16), ("hsb", 10, 32), ("mdb", 45, 16)):
        with open(folder / f"made.{suffix}", "w") as out:
            for i in range(plain * share // 100):
                digest, length = chance.randbytes(size).hex(), chance.randrange(1000, 5_000_000)
                out.write(f"{length}:{digest}:Made.{suffix}-{i}\n" if suffix == "mdb" else f"{digest}:{length}:Made.{suffix}-{i}\n")
    with open(folder / "made.ndb", "w") as out:
        for i in range(total * 100_000 // FULL):
            out.write(f"Made.ndb-{i}:{TARGETS[i % 20]}:*:{chance.randbytes(chance.randrange(24, 65)).hex()}\n")
    with open(folder / "made.ldb", "w") as out:
        for i in range(total * 30_000 // FULL):
            out.write(f"Made.ldb-{i};Engine:51-255,Target:{TARGETS[i % 20]};0&1;{chance.randbytes(24).hex()};{chance.randbytes(32).hex()}\n")
