#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs fuzz targets, two at a time, and says how often each was executed.

With a number as the seed each run reads the same inputs in the same order, as many as there is time for: from the
seeds in tests/fuzz/corpus alone, and guided by nothing that differs from run to run. So `make test` says the same of
the same commit each time. With "random" a run begins where the ones before it ended (build/fuzz keeps the inputs that
reached new code) and is guided by the values that are compared as well: that is for finding what nobody knows yet.

What they find is kept in build/fuzz and shown; the last lines are what failed, why, and the input.
"""
import argparse
import base64
import glob
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

HERE = "tests/fuzz"
KEPT = "build/fuzz"
SHOWN_MAX = 8192
ANSWER_SECONDS = 20
NO_ANSWER = 70  # libFuzzer's exit code for an input that took longer


def environment():
    env = dict(os.environ)
    env.setdefault("ASAN_OPTIONS", "detect_leaks=1:allocator_may_return_null=0")
    env.setdefault("LSAN_OPTIONS", f"suppressions={HERE}/leaks:print_suppressions=0")
    env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
    return env


def run_program(command):
    return subprocess.run(command, env=environment(), text=True, errors="replace", stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)


def inputs(args, name, scratch):
    """Where a target takes its first inputs from and what guides it."""
    folder = f"{HERE}/corpus/{name}"
    seeds = sorted(glob.glob(f"{folder}/*"))
    if args.steady:
        # Values that are compared include addresses, and the order of a folder is the file system's.
        return ["-use_cmp=0", "-reload=0", *(["-seed_inputs=" + ",".join(seeds)] if seeds else []), scratch]
    os.makedirs(f"{KEPT}/{name}", exist_ok=True)
    return [f"{KEPT}/{name}", *([folder] if seeds else [])]


def command(args, name, seconds, scratch):
    words = f"{HERE}/{name}.dict"
    return [f"{args.bin}/{name}", f"-seed={args.seed}", f"-max_total_time={seconds}", "-print_final_stats=1",
            "-verbosity=1", f"-timeout={ANSWER_SECONDS}", "-rss_limit_mb=2048", f"-artifact_prefix={KEPT}/{name}-",
            *([f"-dict={words}"] if os.path.exists(words) else []), *inputs(args, name, scratch)]


def number(pattern, text):
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0


class Result:
    def __init__(self, args, target):
        self.name, _, seconds = target.partition(":")
        self.program = f"{args.bin}/{self.name}"
        with tempfile.TemporaryDirectory(prefix="fuzz-") as scratch:
            done = run_program(command(args, self.name, args.seconds or int(seconds), scratch))
        self.status, self.text = done.returncode, done.stdout
        written = re.findall(r"Test unit written to (.+)$", self.text, re.MULTILINE)
        self.found = [path for path in dict.fromkeys(written) if "slow-unit-" not in path]
        self.executions = number(r"stat::number_of_executed_units:\s+(\d+)", self.text)
        self.stalled = self.status == NO_ANSWER and self.answers_now()
        self.failed = (self.status != 0 and not self.stalled) or self.executions == 0

    def answers_now(self):
        """A machine that stood still for a while made the input look slow: alone, and again, it is not."""
        return bool(self.found) and all(
            run_program([self.program, f"-timeout={ANSWER_SECONDS}", path]).returncode == 0 for path in self.found)

    def line(self):
        tail = ", FAILED" if self.failed else ""
        if self.stalled:
            tail += f", stopped early: the machine stood still for {ANSWER_SECONDS} s ({self.found[0]} is quick)"
        return (f"  {self.name:12} {self.executions:9} executions, {number(r'cov: ([0-9]+)', self.text):6} edges, "
                f"{number(r'corp: ([0-9]+)', self.text):5} inputs{tail}")

    def said(self):
        """The end of what a failed target said."""
        return "\n".join([line for line in self.text.splitlines() if not re.match(r"#\d+\s", line)][-60:])

    def why(self):
        if self.status < 0:
            return f"ended by {signal.Signals(-self.status).name}, from outside"
        said = re.findall(r"^.*does not hold: .*$|^SUMMARY: .*$", self.text, re.MULTILINE)
        if said:
            return "; ".join(dict.fromkeys(said))
        return f"exit code {self.status}" if self.status else "it executed nothing"

    def again(self):
        """How to run the input again, also where only this text is left."""
        for path in self.found:
            with open(path, "rb") as f:
                content = f.read()
            yield f"  again: {self.program} {path} ({len(content)} bytes)"
            if len(content) <= SHOWN_MAX:
                yield f"  base64: {base64.b64encode(content).decode()}"


def seed(text):
    if text in ("random", "0"):
        return 0
    value = int(text)
    if not 0 < value < 1 << 32:
        raise ValueError
    return value


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--seconds", type=int, help="for each target, instead of its own")
    parser.add_argument("--seed", type=seed, default=0, metavar="N|random", help="default: random, which 0 says too")
    parser.add_argument("targets", nargs="+", metavar="NAME:SECONDS")
    args = parser.parse_args()
    args.steady = args.seed != 0
    args.seed = args.seed or random.randrange(1, 1 << 32)
    print(f"fuzz: seed {args.seed}, " + ("the same inputs each time" if args.steady else f"random, on from {KEPT}"),
          flush=True)
    os.makedirs(KEPT, exist_ok=True)
    failed = []
    with ThreadPoolExecutor(2) as pool:
        for result in pool.map(lambda target: Result(args, target), args.targets):
            if result.failed:
                failed.append(result)
                print(f"== {result.name}\n{result.said()}")
            print(result.line(), flush=True)
    for result in failed:
        print("\n".join([f"FAILED {result.name}, seed {args.seed}: {result.why()}", *result.again()]))
    print(f"fuzz: {len(args.targets) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
