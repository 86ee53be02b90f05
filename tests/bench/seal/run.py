#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What sealing and opening a tip costs, beside libsodium's primitives and two other implementations of age.

JSON lines go to standard output, a table of the same figures to standard error. No pass or fail. Without Go or cargo,
or where their packages cannot be had, this says so and leaves those rows out.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys

HERE = os.path.abspath(os.path.dirname(__file__))
TOP = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
sys.path.insert(0, os.path.dirname(HERE))

from show import say, table  # noqa: E402

OTHERS = ("Go's filippo.io/age", "Rust's age crate")


def built(what, tool, argv, cwd, program, **env):
    """The program, or None when it cannot be built here, which is said."""
    if not shutil.which(tool):
        say(f"left out: {what}: no {tool} here")
        return None
    say(f"building {what} …")
    done = subprocess.run(argv, cwd=cwd, env={**os.environ, **env}, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        say(f"left out: {what}: {tool} failed:\n{done.stdout[-600:]}")
        return None
    return program


def programs(args):
    """All programs that measure, ours first."""
    go, rust = os.path.join(args.state, "bench-seal-go"), os.path.join(args.state, "rust")
    copied = os.path.join(args.state, "rust-source")  # cargo writes a lock file beside the source
    shutil.rmtree(copied, ignore_errors=True)
    shutil.copytree(os.path.join(HERE, "rust"), copied)
    found = [args.program,
             built(OTHERS[0], "go", ["go", "build", "-mod=readonly", "-o", go, "."], os.path.join(HERE, "go"), go),
             built(OTHERS[1], "cargo", ["cargo", "build", "--release", "--quiet", "--target-dir", rust], copied,
                   os.path.join(rust, "release", "bench-seal"))]
    return [program for program in found if program]


def measured(program, folder):
    done = subprocess.run([program, folder], stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL, check=True,
                          timeout=120)
    return [json.loads(line) for line in done.stdout.splitlines()]


def of_rounds(rounds):
    """Of each figure the round with the median CPU, so that what belongs together stays together."""
    return [sorted(same, key=lambda line: line["cpu_us"])[len(same) // 2] for same in zip(*rounds)]


def show(lines):
    say("\nlibsodium's primitives, CPU us")
    table(["primitive", "us"], [[p["name"], f"{p['cpu_us']:.2f}"] for p in lines if p["figure"] == "primitive"])
    own = [line for line in lines if line.get("by") == "tipline"]
    say("\nOurs beside the sum of the primitives that it needs, CPU us; 4 KiB, 4 stanzas (a tip's: 2 keys and 2 fill)")
    table(["operation", "ours", "primitives", "ratio"],
          [[o["name"], f"{o['cpu_us']:.1f}", f"{o['floor_us']:.1f}", f"{o['ratio']:.2f}"] for o in own])
    others = {(line["by"], line["name"]): line["cpu_us"] for line in lines if line.get("by") in OTHERS}
    if not others:
        return
    say("\nAn age file of 4 KiB to 4 keys, CPU us")
    by = [name for name in OTHERS if any(key[0] == name for key in others)]
    table(["operation", "ours", *by],
          [[o["name"], f"{o['cpu_us']:.1f}", *(f"{others[name, o['name']]:.1f}" for name in by)]
           for o in own if any(key[1] == o["name"] for key in others)])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True, help="our own program that measures")
    parser.add_argument("--rounds", type=int, default=5, help="each program runs so often, in turn (5)")
    parser.add_argument("--state", default=os.path.join(TOP, "build", "bench-seal"))
    args = parser.parse_args()
    args.program = os.path.abspath(args.program)
    os.makedirs(args.state, exist_ok=True)
    found = {program: [] for program in programs(args)}
    for number in range(args.rounds):
        say(f"round {number + 1} of {args.rounds} …")
        for program, rounds in found.items():
            rounds.append(measured(program, args.state))
    lines = [line for rounds in found.values() for line in of_rounds(rounds)]
    for line in lines:
        print(json.dumps(line, separators=(",", ":")))
    show(lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
