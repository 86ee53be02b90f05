#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs fuzz targets, two at a time, and says how often each was executed.

What they find is kept in build/fuzz and shown; inputs that reach new code are kept there too, for the next run. The
last lines are what failed, why, and the input.
"""
import argparse
import base64
import glob
import os
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

HERE = "tests/fuzz"
KEPT = "build/fuzz"
SHOWN_MAX = 8192


def command(args, name, seconds):
    found, seeds, words = f"{KEPT}/{name}", f"{HERE}/corpus/{name}", f"{HERE}/{name}.dict"
    os.makedirs(found, exist_ok=True)
    return [f"{args.bin}/{name}", f"-max_total_time={seconds}", "-print_final_stats=1", "-verbosity=1", "-timeout=20",
            "-rss_limit_mb=2048", f"-artifact_prefix={KEPT}/{name}-",
            *([f"-dict={words}"] if os.path.exists(words) else []), found, *([seeds] if os.path.isdir(seeds) else [])]


def number(pattern, text):
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0


def run(args, target):
    name, _, seconds = target.partition(":")
    env = dict(os.environ)
    env.setdefault("ASAN_OPTIONS", "detect_leaks=1:allocator_may_return_null=0")
    env.setdefault("LSAN_OPTIONS", f"suppressions={HERE}/leaks:print_suppressions=0")
    env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
    before = set(glob.glob(f"{KEPT}/{name}-*"))
    done = subprocess.run(command(args, name, args.seconds or int(seconds)), env=env, text=True, errors="replace",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    found = sorted(set(glob.glob(f"{KEPT}/{name}-*")) - before)
    return name, done.returncode, done.stdout, found


def show(name, text):
    """The end of what a failed target said."""
    print(f"== {name}")
    print("\n".join([line for line in text.splitlines() if not re.match(r"#\d+\s", line)][-60:]))


def why(status, text):
    if status < 0:
        return f"ended by {signal.Signals(-status).name}, from outside"
    said = re.findall(r"^.*does not hold: .*$|^SUMMARY: .*$", text, re.MULTILINE)
    if said:
        return "; ".join(dict.fromkeys(said))
    return f"exit code {status}" if status else "it executed nothing"


def again(args, name, found):
    """How to run the input again, also where only this text is left."""
    for path in found:
        with open(path, "rb") as f:
            content = f.read()
        yield f"  again: {args.bin}/{name} {path} ({len(content)} bytes)"
        if len(content) <= SHOWN_MAX:
            yield f"  base64: {base64.b64encode(content).decode()}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--seconds", type=int, help="for each target, instead of its own")
    parser.add_argument("targets", nargs="+", metavar="NAME:SECONDS")
    args = parser.parse_args()
    failed = []
    with ThreadPoolExecutor(2) as pool:
        for name, status, text, found in pool.map(lambda t: run(args, t), args.targets):
            executions = number(r"stat::number_of_executed_units:\s+(\d+)", text)
            bad = status != 0 or executions == 0
            if bad:
                show(name, text)
                failed += [f"FAILED {name}: {why(status, text)}", *again(args, name, found)]
            print(f"  {name:12} {executions:9} executions, {number(r'cov: ([0-9]+)', text):6} edges, "
                  f"{number(r'corp: ([0-9]+)', text):5} inputs{', FAILED' if bad else ''}", flush=True)
    print("".join(line + "\n" for line in failed), end="")
    bad = sum(line.startswith("FAILED ") for line in failed)
    print(f"fuzz: {len(args.targets) - bad} passed, {bad} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
